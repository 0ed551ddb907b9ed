//! Methods of this file that only read what they are called on, so that a mapping table may be asked by them:
//! `func (m FieldMap) Get(key string) string { return m[key] }`.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::super::tree::{self, field, fields, part, parts, said};
use super::File;

/// Methods that only read, by the types that have them, and the types of variables at the file's top.
#[derive(Default)]
pub(super) struct Readers<'t> {
    methods: BTreeMap<(&'t str, &'t str), bool>,
    types: BTreeMap<&'t str, Option<&'t str>>,
}

impl<'t> Readers<'t> {
    pub(super) fn of(file: &File<'t>, root: Node<'t>) -> Self {
        let mut readers = Self::default();
        for top in parts(root) {
            match top.kind() {
                "method_declaration" => readers.method(file.text, top),
                "var_declaration" => tree::walk(top, |node| readers.variable(file, node)),
                _ => {}
            }
        }
        readers
    }

    /// Whether a method of a variable's type leaves the variable as it is.
    pub(super) fn is_reader(&self, variable: &str, method: &str) -> bool {
        let ty = self.types.get(variable).copied().flatten();
        ty.is_some_and(|ty| self.methods.get(&(ty, method)).copied().unwrap_or_default())
    }

    fn method(&mut self, text: &'t str, method: Node<'t>) {
        let receiver = field(method, "receiver").and_then(|list| parts(list).first().copied());
        let ty = receiver.and_then(|receiver| field(receiver, "type")).map_or("", |ty| said(text, ty));
        let name = receiver.map_or_else(Vec::new, |receiver| fields(receiver, "name"));
        let only_reads = match (field(method, "body"), name.first()) {
            (Some(body), Some(name)) => only_reads(text, body, said(text, *name)),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let method = field(method, "name").map_or("", |name| said(text, name));
        self.methods.entry((ty, method)).and_modify(|known| *known &= only_reads).or_insert(only_reads);
    }

    /// Takes down the type of a variable, by its own words or those of its literal; nothing within functions.
    fn variable(&mut self, file: &File<'t>, node: Node<'t>) -> bool {
        if node.kind() != "var_spec" {
            return node.kind() != "func_literal";
        }
        let values = field(node, "value").map_or_else(Vec::new, parts);
        for (place, name) in fields(node, "name").into_iter().enumerate() {
            let literal = values.get(place).filter(|value| value.kind() == "composite_literal");
            let ty = field(node, "type").or_else(|| field(*literal?, "type"));
            let ty = ty.map(|ty| said(file.text, ty)).filter(|ty| file.types.contains_key(ty));
            self.types.entry(said(file.text, name)).and_modify(|known| *known = None).or_insert(ty);
        }
        false
    }
}

/// Whether all that is done with a name is to look something up in it, to go through it or to ask how long it is.
fn only_reads(text: &str, body: Node<'_>, name: &str) -> bool {
    let is_it = |node: &Node<'_>| node.kind() == "identifier" && said(text, *node) == name;
    let looks_up = |node: &Node<'_>| {
        node.kind() == "index_expression" && field(*node, "operand").is_some_and(|operand| is_it(&operand))
    };
    // `m[k]`, and what is a part of that: `m[k][0]`, `(m[k]).path`.
    let is_of_it = |node: &Node<'_>| {
        let mut node = *node;
        while !looks_up(&node) {
            let inner = field(node, "operand").or_else(|| parts(node).first().copied());
            let is_part = matches!(
                node.kind(),
                "index_expression"
                    | "selector_expression"
                    | "slice_expression"
                    | "parenthesized_expression"
                    | "unary_expression"
            );
            let Some(inner) = inner.filter(|_| is_part) else { return false };
            node = inner;
        }
        true
    };
    let (mut uses, mut reads, mut writes) = (0, 0, false);
    tree::walk(body, |node| {
        uses += usize::from(is_it(&node));
        let operand = || parts(node).first().copied();
        match node.kind() {
            "index_expression" => reads += usize::from(looks_up(&node)),
            "range_clause" => {
                reads += usize::from(field(node, "right").is_some_and(|right| is_it(&right)));
                writes |= field(node, "left").map_or_else(Vec::new, parts).iter().any(is_of_it);
            }
            "call_expression" if field(node, "function").is_some_and(|function| said(text, function) == "len") => {
                let given = field(node, "arguments").map_or_else(Vec::new, parts);
                reads += given.iter().filter(|given| is_it(given)).count();
            }
            "assignment_statement" | "receive_statement" => {
                writes |= field(node, "left").map_or_else(Vec::new, parts).iter().any(is_of_it);
            }
            "inc_statement" | "dec_statement" => writes |= operand().is_some_and(|operand| is_of_it(&operand)),
            "unary_expression" if part(node, "&").is_some() => {
                writes |= field(node, "operand").is_some_and(|operand| is_of_it(&operand));
            }
            _ => {}
        }
        true
    });
    uses == reads && !writes
}
