//! Strings that a Java file spells: literals, constants of the same file, and their sums.

use tree_sitter::Node;

use super::super::jvm::Names;
use super::super::tree::{Constants, MAX_DEPTH, field, fields, part, parts, said, unescape, walk};

/// The strings of one file.
pub(super) struct Strings<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a Names<'a>,
    constants: Constants<'a>,
}

impl<'a> Strings<'a> {
    /// Takes down the constants, less the names that anything else is called by.
    pub(super) fn new(text: &'a str, names: &'a Names<'a>, root: Node<'_>) -> Self {
        let mut constants = Constants::default();
        walk(root, |node| {
            constant(text, node, &mut constants);
            true
        });
        Self { text, names, constants }
    }

    /// The string that an expression is.
    pub(super) fn fold(&self, node: Node<'_>) -> Option<String> {
        self.folded(node, 0)
    }

    fn folded(&self, node: Node<'_>, depth: usize) -> Option<String> {
        let inner = |node| if depth < MAX_DEPTH { self.folded(node, depth + 1) } else { None };
        match node.kind() {
            "string_literal" => literal(said(self.text, node)),
            "identifier" => self.constants.get(said(self.text, node)),
            "field_access" if self.names.declares(said(self.text, field(node, "object")?)) => {
                self.constants.get(said(self.text, field(node, "field")?))
            }
            "parenthesized_expression" => inner(*parts(node).first()?),
            "binary_expression" if said(self.text, field(node, "operator")?) == "+" => {
                Some(inner(field(node, "left")?)? + &inner(field(node, "right")?)?)
            }
            _ => None,
        }
    }
}

/// What a literal says; text blocks are not read.
fn literal(literal: &str) -> Option<String> {
    if literal.starts_with("\"\"\"") {
        return None;
    }
    unescape(literal.strip_prefix('"')?.strip_suffix('"')?)
}

fn constant<'a>(text: &'a str, node: Node<'_>, constants: &mut Constants<'a>) {
    let name = |node: Node<'_>| field(node, "name").map(|name| said(text, name));
    match node.kind() {
        "field_declaration" | "constant_declaration" => {
            let has = |word| part(node, "modifiers").is_some_and(|modifiers| part(modifiers, word).is_some());
            let fixed = node.kind() == "constant_declaration" || (has("static") && has("final"));
            for declarator in fields(node, "declarator") {
                let value = field(declarator, "value").filter(|value| fixed && value.kind() == "string_literal");
                let value = value.and_then(|value| literal(said(text, value)));
                name(declarator).into_iter().for_each(|name| constants.add(name, value.clone()));
            }
        }
        "local_variable_declaration" => {
            fields(node, "declarator").into_iter().filter_map(name).for_each(|name| constants.shadow(name));
        }
        "formal_parameter"
        | "catch_formal_parameter"
        | "enhanced_for_statement"
        | "resource"
        | "instanceof_expression" => {
            name(node).into_iter().for_each(|name| constants.shadow(name));
        }
        "lambda_expression" | "inferred_parameters" | "type_pattern" | "record_pattern_component" => {
            let names = parts(node).into_iter().filter(|part| part.kind() == "identifier");
            names.for_each(|name| constants.shadow(said(text, name)));
        }
        "spread_parameter" => {
            part(node, "variable_declarator").and_then(name).into_iter().for_each(|name| constants.shadow(name));
        }
        _ => {}
    }
}
