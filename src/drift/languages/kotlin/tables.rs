//! Mapping tables of Kotlin: what they are made of, what is put into them by their names, and where more than that may be.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::super::jvm::tables::{Put, fills, is_reader, put};
use super::super::tree::{self, Finder, MAX_STEPS, Reader as _, Value, field, part, parts, said};
use super::calls::{arguments, dotted, plain};
use super::sites::Reader;
use crate::drift::shape::Module;

/// Collections that are empty where they are made of nothing.
const COLLECTIONS: [&str; 8] =
    ["ArrayList", "ConcurrentHashMap", "HashMap", "HashSet", "LinkedHashMap", "LinkedHashSet", "LinkedList", "TreeMap"];

/// A table as code names it.
struct Table<'t> {
    name: &'t str,
    /// Where the name stands, with what it is a member of.
    node: Node<'t>,
    /// What is named is a part of the table: `TABLE["a"]`, `TABLE.entries`.
    is_part: bool,
}

/// What the nodes of a file do with tables.
pub(super) struct Tables<'t> {
    text: &'t str,
    /// The names of collections that have no methods to change them, and are nothing else in this file.
    fixed: BTreeSet<&'t str>,
}

impl<'t> Tables<'t> {
    pub(super) fn new(text: &'t str, root: Node<'t>) -> Self {
        // How often each name is declared, and how often as such a collection.
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        tree::walk(root, |node| {
            if let "variable_declaration" | "parameter" | "class_parameter" | "catch_block" = node.kind()
                && let Some(name) = part(node, "identifier")
            {
                counts.entry(plain(text, name)).or_default().0 += 1;
            }
            if node.kind() == "property_declaration"
                && let Some(name) = part(node, "variable_declaration").and_then(|variable| part(variable, "identifier"))
                && parts(node).last().is_some_and(|value| is_fixed(text, *value))
            {
                counts.entry(plain(text, name)).or_default().1 += 1;
            }
            true
        });
        let fixed = counts.into_iter().filter(|(_, (declared, fixed))| declared == fixed);
        Self { text, fixed: fixed.map(|(name, _)| name).collect() }
    }

    /// What a node does with tables. Those that it only reads are claimed: any other use of their names may change them.
    pub(super) fn read(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        names(node).into_iter().for_each(|name| finder.claim(name));
        match node.kind() {
            "property_declaration" => self.declared(finder, module, node),
            "class_parameter" | "function_value_parameters" => self.given(finder, module, node),
            "assignment" => self.set(finder, module, node),
            "call_expression" => self.called(finder, module, node),
            "constructor_invocation" | "constructor_delegation_call" | "enum_entry" => self.handed(finder, node, ""),
            "value_argument" if part(node, "=").is_some() => self.held(finder, module, node),
            // What `TABLE ?: …` is may be the table itself.
            "binary_expression" if part(node, "?:").is_some() => {}
            "index_expression" | "interpolation" | "spread_expression" | "binary_expression" | "in_expression"
            | "range_test" | "for_statement" => parts(node).into_iter().for_each(|of| self.claim(finder, of)),
            // A collection without methods to change it may get them.
            "as_expression" => {
                if let Some(table) = self.table(finder, node) {
                    finder.used(module, table.name, table.node);
                    finder.claim(table.node);
                }
            }
            "navigation_expression" => {
                finder.used(module, last(&dotted(self.text, node)), node);
                if let [of, name] = parts(node).as_slice()
                    && (part(node, "::").is_none() || is_reader(plain(self.text, *name)))
                {
                    self.claim(finder, *of);
                }
            }
            "identifier" if !self.fixed.contains(plain(self.text, node)) => {
                finder.used(module, plain(self.text, node), node);
            }
            _ => {}
        }
    }

    /// What a node names as a table, or as a part of one.
    fn table(&self, finder: &Finder<'_, Reader<'_>>, node: Node<'t>) -> Option<Table<'t>> {
        let (mut node, mut is_part) = (node, false);
        for _ in 0..MAX_STEPS {
            let inside = parts(node);
            let name = match (node.kind(), inside.as_slice()) {
                ("identifier", _) => plain(self.text, node),
                ("navigation_expression", [_, name]) => plain(self.text, *name),
                _ => "",
            };
            if finder.is_table(name) {
                return Some(Table { name, node, is_part });
            }
            is_part |= matches!(node.kind(), "index_expression" | "navigation_expression");
            node = match node.kind() {
                // `TABLE!!` is an unary expression too.
                "index_expression"
                | "navigation_expression"
                | "parenthesized_expression"
                | "as_expression"
                | "unary_expression" => *inside.first()?,
                _ => return None,
            };
        }
        None
    }

    fn claim(&self, finder: &mut Finder<'_, Reader<'_>>, node: Node<'t>) {
        if let Some(table) = self.table(finder, node) {
            finder.claim(table.node);
        }
    }

    /// Claims a table that is neither a part of one, `TABLE::put`, nor cast, which may give it methods to change it.
    fn claim_whole(&self, finder: &mut Finder<'_, Reader<'_>>, node: Node<'t>) {
        if node.kind() != "as_expression"
            && let Some(table) = self.table(finder, node).filter(|table| !table.is_part)
        {
            finder.claim(table.node);
        }
    }

    fn declared(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        let several = part(node, "multi_variable_declaration").map_or_else(Vec::new, parts);
        for name in several.into_iter().filter_map(|variable| part(variable, "identifier")) {
            finder.used(module, plain(self.text, name), name);
        }
        let name = part(node, "variable_declaration").and_then(|variable| part(variable, "identifier"));
        let value = parts(node).into_iter().rfind(|part| !matches!(part.kind(), "getter" | "setter"));
        // `val TABLE by lazy { mapOf(…) }`, `val TABLE get() = mapOf(…)`
        let held = part(node, "property_delegate").or_else(|| part(node, "getter"));
        if let (Some(name), Some(value)) = (name, held.or(value.filter(|_| part(node, "=").is_some()))) {
            self.whole(finder, module, plain(self.text, name), inside(self.text, value));
        }
    }

    /// `class Mapper(val TABLE: Map<String, String> = mapOf(…))`
    fn given(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        let inner = parts(node);
        if let (Some(name), Some(value)) =
            (part(node, "identifier"), inner.last().filter(|_| part(node, "=").is_some()))
        {
            self.whole(finder, module, plain(self.text, name), *value);
        }
        for pair in inner.windows(2) {
            if let [parameter, value] = pair
                && let Some(name) = part(*parameter, "identifier").filter(|_| parameter.kind() == "parameter")
                && !matches!(value.kind(), "parameter" | "parameter_modifiers")
            {
                self.whole(finder, module, plain(self.text, name), *value);
            }
        }
    }

    fn set(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        let (Some(left), Some(value)) = (field(node, "left"), field(node, "right")) else { return };
        let Some(table) = self.table(finder, left) else { return };
        if part(node, "=").is_some() {
            match table.is_part {
                true => finder.table_value(module, table.name, value),
                false => self.whole(finder, module, table.name, value),
            }
        } else if part(node, "+=").is_some() && !table.is_part {
            match (finder.reader.value(value), parts(value).as_slice()) {
                (Value::Object(_) | Value::List(_), _) => self.whole(finder, module, table.name, value),
                // `TABLE += "a" to "b"`
                (Value::Other, [_, _, pair]) if value.kind() == "infix_expression" => {
                    finder.table_value(module, table.name, *pair);
                }
                (Value::Other, _) => finder.table_value(module, table.name, value),
            }
        } else if part(node, "-=").is_none() {
            finder.used(module, table.name, table.node);
        }
        finder.claim(table.node);
    }

    /// Claims the tables that a call is given, but for those that it fills, as what follows `with` in braces may.
    fn handed(&self, finder: &mut Finder<'_, Reader<'_>>, call: Node<'t>, function: &str) {
        let arguments = part(call, "value_arguments").map_or_else(Vec::new, parts);
        for (place, argument) in arguments.iter().enumerate() {
            if !matches!(function, "with" | "kotlin.with") && !fills(last(function), place, arguments.len()) {
                parts(*argument).last().into_iter().for_each(|value| self.claim_whole(finder, *value));
            }
        }
    }

    /// `TABLE.put("a", "b")`, and any other method that is called on a table.
    fn called(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, call: Node<'t>) {
        let Some(callee) = parts(call).first().copied() else { return };
        if callee.kind() == "identifier" {
            finder.claim(callee);
        }
        self.handed(finder, call, &dotted(self.text, callee));
        let inner = if callee.kind() == "navigation_expression" { parts(callee) } else { Vec::new() };
        let [of, method] = inner.as_slice() else { return };
        let Some(table) = self.table(finder, *of) else { return };
        let (method, arguments) = (plain(self.text, *method), arguments(call));
        match put(method, arguments.len()) {
            Some(Put::Value(place)) => {
                arguments.get(place).into_iter().for_each(|value| finder.table_value(module, table.name, *value));
            }
            Some(Put::All(place)) => {
                arguments.get(place).into_iter().for_each(|all| self.whole(finder, module, table.name, *all));
            }
            None if table.is_part || is_reader(method) || self.is_fixed(&table) => {}
            None => finder.used(module, table.name, table.node),
        }
        finder.claim(table.node);
    }

    /// `Mapper(TABLE = mapOf(…))`
    fn held(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, argument: Node<'t>) {
        let inner = parts(argument);
        let [name, value] = inner.as_slice() else { return };
        let name = plain(self.text, *name);
        match self.table(finder, *value) {
            // The table by its own name is read where that is.
            Some(table) if table.name == name && !table.is_part => finder.claim(table.node),
            // A member that has a table's name may be another thing.
            _ if matches!(value.kind(), "string_literal" | "number_literal" | "float_literal") => {}
            _ if matches!(said(self.text, *value), "null" | "true" | "false") => {}
            _ => self.whole(finder, module, name, *value),
        }
    }

    /// What a table is made of. What a class makes of the arguments of its constructor is known where each has a name.
    fn whole(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, name: &str, value: Node<'t>) {
        let class = parts(value).first().map(|callee| dotted(self.text, *callee)).unwrap_or_default();
        let class = last(&class);
        if value.kind() == "call_expression" && class.starts_with(char::is_uppercase) {
            let list = part(value, "value_arguments").map_or_else(Vec::new, parts);
            let is_named = list.iter().all(|argument| part(*argument, "=").is_some());
            let is_empty = list.is_empty() && COLLECTIONS.contains(&class);
            if !is_named || list.is_empty() && !is_empty {
                return finder.table_value(module, name, value);
            }
        }
        finder.table(module, name, value);
    }

    fn is_fixed(&self, table: &Table<'t>) -> bool {
        table.node.kind() == "identifier" && self.fixed.contains(table.name)
    }
}

/// The names that a node gives to what it declares, or calls members by.
fn names(node: Node<'_>) -> Vec<Node<'_>> {
    let inner = parts(node);
    match (node.kind(), inner.as_slice()) {
        ("variable_declaration" | "parameter" | "class_parameter" | "catch_block" | "enum_entry" | "setter", _) => {
            part(node, "identifier").into_iter().collect()
        }
        ("function_declaration" | "class_declaration" | "object_declaration", _) => {
            field(node, "name").into_iter().collect()
        }
        ("navigation_expression" | "callable_reference", [_, name]) | ("infix_expression", [_, name, _]) => vec![*name],
        ("value_argument", [name, _]) if part(node, "=").is_some() => vec![*name],
        _ => Vec::new(),
    }
}

/// Whether a value is a collection that has no methods to change it.
fn is_fixed(text: &str, value: Node<'_>) -> bool {
    let maker = parts(value).first().copied().filter(|_| value.kind() == "call_expression");
    matches!(
        maker.map_or("", |maker| said(text, maker)),
        "mapOf" | "emptyMap" | "listOf" | "listOfNotNull" | "setOf" | "persistentMapOf" | "persistentListOf"
    )
}

/// What a delegate or a getter gives, as far as it is one value.
fn inside<'t>(text: &str, value: Node<'t>) -> Node<'t> {
    let mut inner = value;
    loop {
        let steps = parts(inner);
        inner = match (inner.kind(), steps.as_slice()) {
            ("property_delegate" | "getter" | "function_body" | "annotated_lambda", [.., last]) => *last,
            ("lambda_literal", [only]) => *only,
            // `lazy(LazyThreadSafetyMode.NONE) { … }`
            ("call_expression", [maker, lambda]) if lambda.kind() == "annotated_lambda" => {
                let maker =
                    parts(*maker).first().copied().filter(|_| maker.kind() == "call_expression").unwrap_or(*maker);
                match said(text, maker) {
                    "lazy" | "run" => *lambda,
                    _ => return inner,
                }
            }
            _ => return inner,
        };
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
