//! Constants of a Go file: texts, which paths are put together of, and numbers, which are none.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::tree::{self, Constants, MAX_DEPTH, field, fields, parts, said};
use super::File;
use super::tags::unquote;

/// Constants at the file's top; what a function declares by their names, it has itself.
pub(super) fn constants<'t>(file: &File<'t>, root: Node<'t>) -> Constants<'t> {
    let text = file.text;
    let mut constants = Constants::default();
    for top in parts(root) {
        for spec in if top.kind() == "const_declaration" { parts(top) } else { Vec::new() } {
            let mut values = field(spec, "value").map_or_else(Vec::new, parts).into_iter();
            for name in fields(spec, "name") {
                let value = values.next().and_then(|value| folded(file, &constants, value, 0));
                constants.add(said(text, name), value);
            }
        }
    }
    for top in parts(root).into_iter().filter(|top| top.kind() != "const_declaration") {
        // `func string(…)` is no type of Go's own any more.
        if top.kind() == "function_declaration" {
            field(top, "name").into_iter().for_each(|name| constants.shadow(said(text, name)));
        }
        tree::walk(top, |node| {
            let names = match node.kind() {
                "const_spec" | "var_spec" | "parameter_declaration" | "variadic_parameter_declaration" => {
                    fields(node, "name")
                }
                "short_var_declaration" | "range_clause" | "receive_statement" => {
                    field(node, "left").map_or_else(Vec::new, parts)
                }
                "type_switch_statement" => field(node, "alias").map_or_else(Vec::new, parts),
                _ => Vec::new(),
            };
            for name in names.into_iter().map(|name| said(text, name)) {
                // What a function has by the name it has alone.
                match top.kind() {
                    "function_declaration" | "method_declaration" => constants.shadow_in(name, top.byte_range()),
                    _ => constants.shadow(name),
                }
            }
            true
        });
    }
    constants
}

/// Whether a name is that of a type of this file, and of nothing else.
pub(super) fn is_type(file: &File<'_>, constants: &Constants<'_>, name: &str) -> bool {
    file.types.contains_key(name) && !constants.knows(name)
}

/// The longest text that is put together: constants which are each twice the one before would be without end.
const MOST_FOLDED: usize = 1 << 10;

/// The string that an expression is.
pub(super) fn folded<'t>(file: &File<'t>, constants: &Constants<'t>, node: Node<'t>, depth: usize) -> Option<String> {
    if depth >= MAX_DEPTH {
        return None;
    }
    let inner = |node| folded(file, constants, node, depth + 1);
    let text = said(file.text, node);
    match node.kind() {
        "interpreted_string_literal" | "raw_string_literal" => unquote(text),
        "identifier" => constants.get_at(text, node.start_byte()),
        "literal_element" | "parenthesized_expression" => inner(*parts(node).first()?),
        "binary_expression" if said(file.text, field(node, "operator")?) == "+" => {
            let text = inner(field(node, "left")?)? + &inner(field(node, "right")?)?;
            (text.len() <= MOST_FOLDED).then_some(text)
        }
        // A conversion to a type of text.
        "call_expression" => {
            let name = said(file.text, field(node, "function")?);
            let given = parts(field(node, "arguments")?);
            let [text] = given.as_slice() else { return None };
            let is_text = is_type(file, constants, name) || name == "string" && !constants.knows(name);
            if is_text { inner(*text) } else { None }
        }
        _ => None,
    }
}

/// The names of constants that are numbers: written ones, and those that `iota` counts.
pub(super) fn numbers<'t>(text: &'t str, root: Node<'t>) -> BTreeSet<&'t str> {
    let mut numbers = BTreeSet::new();
    for group in parts(root).into_iter().filter(|top| top.kind() == "const_declaration") {
        // Without a value of its own a constant has that of the one before.
        let mut counts = false;
        for spec in parts(group) {
            if let Some(values) = field(spec, "value") {
                counts = parts(values).into_iter().all(|value| is_number(value, 0));
            }
            numbers.extend(fields(spec, "name").into_iter().filter(|_| counts).map(|name| said(text, name)));
        }
    }
    numbers
}

fn is_number(value: Node<'_>, depth: usize) -> bool {
    match value.kind() {
        "int_literal" | "float_literal" | "rune_literal" | "iota" => true,
        "binary_expression" | "unary_expression" | "parenthesized_expression" if depth < tree::MAX_STEPS => {
            parts(value).into_iter().all(|part| is_number(part, depth + 1))
        }
        _ => false,
    }
}
