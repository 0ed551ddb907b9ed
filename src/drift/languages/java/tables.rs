//! Mapping tables of Java: what they are made of, what is put into them by their names, and where more than that may be.

use tree_sitter::Node;

use super::super::jvm::tables::{Put, fills, hides, is_reader, leaves, put};
use super::super::tree::{Finder, field, part, parts, said};
use super::reach::{Seen, reached};
use super::sites::Reader;
use crate::drift::shape::Module;

/// A table as code names it.
struct Table<'t> {
    name: &'t str,
    /// Where the name stands, with what it is a member of.
    node: Node<'t>,
    /// What is named is a part of the table: `TABLE[0]`, `TABLE.length`.
    is_part: bool,
}

/// What the nodes of a file do to tables.
pub(super) struct Tables<'t> {
    text: &'t str,
    seen: Seen,
}

impl<'t> Tables<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, seen: Seen::default() }
    }

    /// What a node does to tables. A table that is handed on as a value is read where it is written.
    pub(super) fn read(&self, finder: &mut Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>) {
        match node.kind() {
            "variable_declarator" => {
                if let (Some(name), Some(value)) = (field(node, "name"), field(node, "value")) {
                    finder.table(module, said(self.text, name), value);
                }
            }
            "assignment_expression" => self.set(finder, module, node),
            "method_invocation" => self.called(finder, module, node),
            // `rows.forEach(TABLE::put)`
            "method_reference" => {
                if let [of, .., method] = parts(node).as_slice()
                    && !is_reader(said(self.text, *method))
                {
                    self.changed(finder, module, *of);
                }
            }
            _ => {}
        }
    }

    /// What a node names as a table, or as a part of one. Whatever the depth: what is not found here is not looked at again.
    fn table(&self, finder: &Finder<'_, Reader<'t>>, node: Node<'t>) -> Option<Table<'t>> {
        let (mut node, mut is_part, mut is_back) = (node, false, false);
        loop {
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
                // Once: what calls are made of is looked at for each of them.
                "method_invocation" if !is_back && self.gives_back(node) => {
                    is_back = true;
                    *parts(field(node, "arguments")?).first()?
                }
                _ => return None,
            };
        }
    }

    /// `Objects.requireNonNull(TABLE)`, and its like.
    fn gives_back(&self, call: Node<'t>) -> bool {
        let name = field(call, "name").filter(|_| call.kind() == "method_invocation");
        name.is_some_and(|name| said(self.text, name).starts_with("requireNonNull"))
    }

    /// What is done to a table is not known, wherever it is reached by its name.
    fn changed(&self, finder: &Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>) {
        self.chosen(finder, module, node);
        self.reached(finder, module, node, "");
    }

    /// A table by its own name in what a method is called on: `List.of(TABLE).get(0)`.
    fn reached(&self, finder: &Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>, method: &str) {
        // An entry sets the table's value.
        let is_entry = method == "setValue";
        let table = reached(self.text, &finder.sites.tables, node, is_entry, &self.seen);
        table.into_iter().for_each(|name| finder.used(module, name, node));
    }

    /// A table, or one of several values that it may be: `(late ? TABLE : others).put("a", "b")`.
    fn chosen(&self, finder: &Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>) {
        if let Some(table) = self.table(finder, node) {
            return finder.used(module, table.name, table.node);
        }
        let core = self.core(node);
        let is_choice = matches!(core.kind(), "ternary_expression" | "switch_expression" | "assignment_expression");
        if is_choice || self.gives_back(core) {
            hides(&finder.sites.tables, said(self.text, core)).for_each(|name| finder.used(module, name, node));
        }
    }

    /// A value without the parentheses and casts around it, and the array or object that it is a part of.
    fn core(&self, mut node: Node<'t>) -> Node<'t> {
        loop {
            let inner = match node.kind() {
                "array_access" => field(node, "array"),
                "field_access" => field(node, "object"),
                "cast_expression" => field(node, "value"),
                "parenthesized_expression" => parts(node).first().copied(),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => return node,
            }
        }
    }

    fn set(&self, finder: &mut Finder<'_, Reader<'t>>, module: &mut Module, node: Node<'t>) {
        let (Some(left), Some(value)) = (field(node, "left"), field(node, "right")) else { return };
        let Some(table) = self.table(finder, left) else { return self.changed(finder, module, left) };
        match (part(node, "=").is_some(), table.is_part) {
            (true, true) => finder.table_value(module, table.name, value),
            (true, false) => finder.table(module, table.name, value),
            (false, _) => finder.used(module, table.name, table.node),
        }
    }

    /// `TABLE.put("a", "b")`, any other method that is called on a table, and what fills one that it is given.
    fn called(&self, finder: &mut Finder<'_, Reader<'t>>, module: &mut Module, call: Node<'t>) {
        let arguments = field(call, "arguments").map_or_else(Vec::new, parts);
        let method = field(call, "name").map_or("", |name| said(self.text, name));
        for (place, argument) in arguments.iter().enumerate() {
            if fills(method, place, arguments.len()) {
                self.changed(finder, module, *argument);
            }
        }
        let Some(of) = field(call, "object") else { return };
        let Some(table) = self.table(finder, of) else {
            if !is_reader(method) {
                self.chosen(finder, module, of);
            }
            if !leaves(method) {
                self.reached(finder, module, of, method);
            }
            return;
        };
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
    }
}

/// Collections that are made of what others hold.
pub(super) const COPIES: [&str; 8] =
    ["ArrayList", "ConcurrentHashMap", "HashMap", "HashSet", "LinkedHashMap", "LinkedHashSet", "LinkedList", "TreeMap"];
