//! Mapping tables of Java: what they are made of, what is put into them by their names, and where more than that may be.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::super::jvm::tables::{Put, fills, is_reader, put};
use super::super::tree::{self, Finder, MAX_STEPS, field, part, parts, said};
use super::sites::{Reader, callee};
use crate::drift::shape::Module;

/// A table as code names it.
struct Table<'t> {
    name: &'t str,
    /// Where the name stands, with what it is a member of.
    node: Node<'t>,
    /// What is named is a part of the table: `TABLE[0]`, `TABLE.length`.
    is_part: bool,
}

/// What the nodes of a file do with tables.
pub(super) struct Tables<'t> {
    text: &'t str,
    /// The names of collections that nobody can change, and are nothing else in this file.
    fixed: BTreeSet<&'t str>,
}

impl<'t> Tables<'t> {
    pub(super) fn new(text: &'t str, root: Node<'t>) -> Self {
        let mut fixed: BTreeMap<&str, bool> = BTreeMap::new();
        tree::walk(root, |node| {
            if let ("variable_declarator" | "formal_parameter", Some(name)) = (node.kind(), field(node, "name")) {
                let is_fixed = field(node, "value").is_some_and(|value| is_fixed(text, value));
                fixed.entry(said(text, name)).and_modify(|all| *all &= is_fixed).or_insert(is_fixed);
            }
            true
        });
        Self { text, fixed: fixed.into_iter().filter(|(_, fixed)| *fixed).map(|(name, _)| name).collect() }
    }

    /// What a node does with tables. Those that it only reads are claimed: any other use of their names may change them.
    pub(super) fn read(&self, finder: &mut Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>) {
        for name in ["name", "field", "key"].into_iter().filter_map(|name| field(node, name)) {
            finder.claim(name);
        }
        match node.kind() {
            "variable_declarator" => {
                if let (Some(name), Some(value)) = (field(node, "name"), field(node, "value")) {
                    finder.table(module, said(self.text, name), value);
                }
            }
            "assignment_expression" => self.set(finder, module, node),
            "method_invocation" => self.called(finder, module, node),
            "object_creation_expression" | "explicit_constructor_invocation" | "enum_constant" => {
                self.given(finder, node);
            }
            "array_access" => field(node, "array").into_iter().for_each(|of| self.claim(finder, of)),
            "enhanced_for_statement" => field(node, "value").into_iter().for_each(|of| self.claim(finder, of)),
            "binary_expression" | "instanceof_expression" => {
                parts(node).into_iter().for_each(|of| self.claim(finder, of))
            }
            "method_reference" => {
                if let [of, .., method] = parts(node).as_slice() {
                    finder.claim(*method);
                    if is_reader(said(self.text, *method)) {
                        self.claim(finder, *of);
                    }
                }
            }
            "field_access" => {
                let name = field(node, "field").map_or("", |name| said(self.text, name));
                finder.used(module, name, node);
                field(node, "object").into_iter().for_each(|of| self.claim(finder, of));
            }
            "identifier" if !self.fixed.contains(said(self.text, node)) => {
                finder.used(module, said(self.text, node), node);
            }
            // Names of parameters.
            "lambda_expression" => field(node, "parameters").into_iter().for_each(|name| finder.claim(name)),
            "inferred_parameters" | "labeled_statement" | "break_statement" | "continue_statement" => {
                parts(node).into_iter().for_each(|name| finder.claim(name));
            }
            _ => {}
        }
    }

    /// What a node names as a table, or as a part of one.
    fn table(&self, finder: &Finder<'_, Reader<'t>>, node: Node<'t>) -> Option<Table<'t>> {
        let (mut node, mut is_part) = (node, false);
        for _ in 0..MAX_STEPS {
            let name = match node.kind() {
                "identifier" => said(self.text, node),
                "field_access" => field(node, "field").map_or("", |name| said(self.text, name)),
                _ => "",
            };
            if finder.is_table(name) {
                return Some(Table { name, node, is_part });
            }
            is_part |= matches!(node.kind(), "array_access" | "field_access");
            node = match node.kind() {
                "array_access" => field(node, "array")?,
                "field_access" => field(node, "object")?,
                "cast_expression" => field(node, "value")?,
                "parenthesized_expression" => *parts(node).first()?,
                _ => return None,
            };
        }
        None
    }

    fn claim(&self, finder: &mut Finder<'_, Reader<'t>>, node: Node<'t>) {
        if let Some(table) = self.table(finder, node) {
            finder.claim(table.node);
        }
    }

    fn set(&self, finder: &mut Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>) {
        let (Some(left), Some(value)) = (field(node, "left"), field(node, "right")) else { return };
        let Some(table) = self.table(finder, left) else { return };
        match (part(node, "=").is_some(), table.is_part) {
            (true, true) => finder.table_value(module, table.name, value),
            (true, false) => finder.table(module, table.name, value),
            (false, _) => finder.used(module, table.name, table.node),
        }
        finder.claim(table.node);
    }

    /// Claims the tables that a call is given, but for those that it fills.
    fn given(&self, finder: &mut Finder<'_, Reader<'t>>, call: Node<'t>) {
        let name = field(call, "name").map_or("", |name| said(self.text, name));
        let arguments = field(call, "arguments").map_or_else(Vec::new, parts);
        for (place, argument) in arguments.iter().enumerate() {
            if !fills(name, place, arguments.len()) {
                self.claim(finder, *argument);
            }
        }
    }

    /// `TABLE.put("a", "b")`, and any other method that is called on a table.
    fn called(&self, finder: &mut Finder<'_, Reader<'t>>, module: &mut Module, call: Node<'t>) {
        self.given(finder, call);
        let arguments = field(call, "arguments").map_or_else(Vec::new, parts);
        let Some(table) = field(call, "object").and_then(|of| self.table(finder, of)) else { return };
        let method = field(call, "name").map_or("", |name| said(self.text, name));
        match put(method, arguments.len()) {
            Some(Put::Value(place)) => {
                arguments.get(place).into_iter().for_each(|value| finder.table_value(module, table.name, *value));
            }
            Some(Put::All(place)) => {
                arguments.get(place).into_iter().for_each(|all| finder.table(module, table.name, *all));
            }
            None if table.is_part || is_reader(method) => {}
            None => finder.used(module, table.name, table.node),
        }
        finder.claim(table.node);
    }
}

/// Collections that are made of what others hold.
pub(super) const COPIES: [&str; 8] =
    ["ArrayList", "ConcurrentHashMap", "HashMap", "HashSet", "LinkedHashMap", "LinkedHashSet", "LinkedList", "TreeMap"];

/// Whether a value is a collection that nobody can change.
fn is_fixed(text: &str, value: Node<'_>) -> bool {
    let made = if value.kind() == "method_invocation" { callee(text, value) } else { String::new() };
    matches!(
        made.as_str(),
        "Map.of"
            | "Map.ofEntries"
            | "Map.copyOf"
            | "List.of"
            | "List.copyOf"
            | "Set.of"
            | "Set.copyOf"
            | "Collections.unmodifiableMap"
            | "Collections.unmodifiableList"
            | "Collections.singletonMap"
            | "ImmutableMap.of"
            | "ImmutableMap.ofEntries"
            | "ImmutableMap.copyOf"
            | "ImmutableList.of"
            | "ImmutableSet.of"
    )
}
