//! Strings that a Kotlin file spells: literals, constants of the same file, and their sums.

use tree_sitter::Node;

use super::super::jvm::Names;
use super::super::tree::{Constants, MAX_DEPTH, field, part, parts, said, unescape, walk};
use super::calls::plain;
use super::library::Library;

/// The strings of one file.
pub(super) struct Strings<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a Names<'a>,
    pub(super) library: Library<'a>,
    constants: Constants<'a>,
}

impl<'a> Strings<'a> {
    /// Takes down the constants (`const val`), less the names that anything else is called by.
    pub(super) fn new(text: &'a str, names: &'a Names<'a>, root: Node<'_>) -> Self {
        let mut constants = Constants::default();
        walk(root, |node| {
            match node.kind() {
                "property_declaration" => {
                    let modifiers = part(node, "modifiers").map_or_else(Vec::new, parts);
                    if modifiers.iter().any(|modifier| modifier.kind() == "property_modifier") {
                        let name = part(node, "variable_declaration").and_then(|variable| part(variable, "identifier"));
                        let value = parts(node).last().and_then(|value| literal(text, *value));
                        name.into_iter().for_each(|name| constants.add(plain(text, name), value.clone()));
                        return false;
                    }
                }
                "variable_declaration" | "parameter" | "class_parameter" | "catch_block" | "setter" => {
                    part(node, "identifier").into_iter().for_each(|name| constants.shadow(plain(text, name)));
                }
                _ => {}
            }
            true
        });
        Self { text, names, library: Library::new(text, names, root), constants }
    }

    /// The string that an expression is.
    pub(super) fn fold(&self, node: Node<'_>) -> Option<String> {
        self.folded(node, 0)
    }

    fn folded(&self, node: Node<'_>, depth: usize) -> Option<String> {
        let inner = |node| if depth < MAX_DEPTH { self.folded(node, depth + 1) } else { None };
        match node.kind() {
            "string_literal" | "multiline_string_literal" => literal(self.text, node),
            "identifier" => self.constants.get(plain(self.text, node)),
            "navigation_expression" => {
                let [object, name] = parts(node).try_into().ok()?;
                let declared = self.names.declares(plain(self.text, object));
                self.constants.get(plain(self.text, name)).filter(|_| declared)
            }
            "parenthesized_expression" => inner(*parts(node).first()?),
            "binary_expression" if said(self.text, field(node, "operator")?) == "+" => {
                Some(inner(field(node, "left")?)? + &inner(field(node, "right")?)?)
            }
            _ => None,
        }
    }
}

/// What a literal without interpolation says.
fn literal(text: &str, node: Node<'_>) -> Option<String> {
    let literal = said(text, node);
    match node.kind() {
        "multiline_string_literal" => {
            let inner = literal.strip_prefix("\"\"\"")?.strip_suffix("\"\"\"")?;
            (!is_template(inner, false)).then(|| inner.to_owned())
        }
        "string_literal" => {
            let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
            if is_template(inner, true) { None } else { unescape(inner) }
        }
        _ => None,
    }
}

/// Whether a string has parts that are found out while the code runs: `$name`, `${…}`.
fn is_template(text: &str, escapes: bool) -> bool {
    let (mut dollar, mut escaped) = (false, false);
    text.chars().any(|c| {
        let found = dollar && (c.is_alphabetic() || matches!(c, '_' | '{' | '`'));
        dollar = c == '$' && !escaped;
        escaped = escapes && c == '\\' && !escaped;
        found
    })
}
