//! Mapping tables of Kotlin: what they are made of, what is put into them by their names, and where more than that may be.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::super::jvm::tables::{Put, fills, hides, is_reader, leaves, put};
use super::super::tree::{self, Finder, Reader as _, Value, field, part, parts, said};
use super::calls::{arguments, call, compared, dotted, last, plain};
use super::reach::{Seen, reached};
use super::scopes::{Scope, is_with};
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
    /// A call gives it back: `TABLE.also { … }`.
    is_back: bool,
    /// A cast may give it methods to change it.
    is_cast: bool,
}

/// What the nodes of a file do to tables.
pub(super) struct Tables<'t> {
    text: &'t str,
    /// The names of collections that have no methods to change them, and are nothing else in this file.
    fixed: BTreeSet<&'t str>,
    seen: Seen,
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
        Self { text, fixed: fixed.map(|(name, _)| name).collect(), seen: Seen::default() }
    }

    /// What a node does to tables. A table that is handed on as a value is read where it is written.
    pub(super) fn read(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        match node.kind() {
            "property_declaration" => self.declared(finder, module, node),
            "class_parameter" | "function_value_parameters" => self.given(finder, module, node),
            "assignment" => self.set(finder, module, node),
            "value_argument" if part(node, "=").is_some() => self.held(finder, module, node),
            // `import com.acme.paths as TABLE`
            "import" => self.imported(finder, module, node),
            // `rows.forEach(TABLE::put)`
            "navigation_expression" | "callable_reference" if part(node, "::").is_some() => {
                self.referred(finder, module, node);
            }
            // `::TABLE.isInitialized`
            "navigation_expression" => {
                if let [of, name] = parts(node).as_slice()
                    && plain(self.text, *name) == "isInitialized"
                {
                    finder.excuse(*of);
                }
            }
            // `TABLE["a"]++`
            "unary_expression" if part(node, "++").or_else(|| part(node, "--")).is_some() => {
                parts(node).into_iter().for_each(|of| self.changed(finder, module, of));
            }
            _ => {}
        }
        if let "call_expression" | "infix_expression" | "binary_expression" = node.kind() {
            self.called(finder, module, node);
        }
    }

    /// `rows.forEach(TABLE::put)`, and `::TABLE`, by which anybody may set it.
    fn referred(&self, finder: &Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        let inner = parts(node);
        let Some(name) = inner.last().map(|name| plain(self.text, *name)) else { return };
        finder.used(module, name, node);
        if let [of, _, ..] = inner.as_slice()
            && !reads(finder, name)
        {
            self.changed(finder, module, *of);
        }
    }

    /// What a node names as a table, or as a part of one. Whatever the depth: what is not found here is not looked at again.
    fn table(&self, finder: &Finder<'_, Reader<'_>>, node: Node<'t>) -> Option<Table<'t>> {
        let (mut node, mut is_part, mut is_back, mut is_cast) = (node, false, false, false);
        loop {
            let inside = parts(node);
            let name = match (node.kind(), inside.as_slice()) {
                ("identifier", _) => plain(self.text, node),
                ("navigation_expression", [_, name]) => plain(self.text, *name),
                // `TABLE::put`
                ("user_type", [.., name]) => plain(self.text, *name),
                _ => "",
            };
            if finder.is_table(name) {
                return Some(Table { name, node, is_part, is_back, is_cast });
            }
            is_part |= matches!(node.kind(), "index_expression" | "navigation_expression");
            is_cast |= node.kind() == "as_expression";
            node = match node.kind() {
                // What is a member of a table there is looked at by itself.
                "navigation_expression" if part(node, "::").is_some() => return None,
                // `TABLE!!` is an unary expression too.
                "index_expression"
                | "navigation_expression"
                | "parenthesized_expression"
                | "as_expression"
                | "unary_expression" => *inside.first()?,
                "labeled_expression" | "annotated_expression" => *inside.last()?,
                // Once: what calls are made of is looked at for each of them.
                "call_expression" if !is_back => {
                    is_back = true;
                    self.gives_back(node)?
                }
                _ => return None,
            };
        }
    }

    /// What a call gives back as it is: `TABLE.also { … }`, `requireNotNull(TABLE)`.
    fn gives_back(&self, call: Node<'t>) -> Option<Node<'t>> {
        let callee = *parts(call).first()?;
        match (callee.kind(), parts(callee).as_slice()) {
            ("navigation_expression", [of, method]) => {
                matches!(plain(self.text, *method), "also" | "apply").then_some(*of)
            }
            ("identifier", _) => matches!(plain(self.text, callee), "requireNotNull" | "checkNotNull")
                .then(|| arguments(call).first().copied())
                .flatten(),
            _ => None,
        }
    }

    /// What is done to a table is not known, wherever it is reached by its name.
    fn changed(&self, finder: &Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        self.chosen(finder, module, node);
        self.reached(finder, module, node, "");
    }

    /// A table, or one of several values that it may be: `(TABLE ?: others)["a"] = "b"`.
    fn chosen(&self, finder: &Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        if let Some(table) = self.table(finder, node) {
            return finder.used(module, table.name, table.node);
        }
        let core = core(node);
        let is_choice = match core.kind() {
            "if_expression" | "when_expression" | "try_expression" => true,
            "binary_expression" => part(core, "?:").is_some(),
            "call_expression" => self.gives_back(core).is_some(),
            _ => false,
        };
        if is_choice {
            hides(&finder.sites.tables, said(self.text, core)).for_each(|name| finder.used(module, name, node));
        }
    }

    /// A table by its own name in what a method is called on: `listOf(TABLE).first()`.
    fn reached(&self, finder: &Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>, method: &str) {
        // An entry sets the table's value.
        let is_entry = method == "setValue";
        let table = reached(self.text, &finder.sites.tables, node, is_entry, &self.seen);
        table.into_iter().for_each(|name| finder.used(module, name, node));
    }

    /// A name that an import gives to something else.
    fn imported(&self, finder: &Finder<'_, Reader<'_>>, module: &mut Module, import: Node<'t>) {
        let path = part(import, "qualified_identifier").map_or_else(Vec::new, parts);
        if let (Some(alias), Some(name)) = (part(import, "identifier"), path.last())
            && plain(self.text, alias) != plain(self.text, *name)
        {
            finder.used(module, plain(self.text, alias), alias);
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
        // What is given to such a variable is put into the table.
        if let (Some(_), Some(delegate)) = (part(node, "var"), part(node, "property_delegate")) {
            parts(delegate).into_iter().for_each(|of| self.changed(finder, module, of));
        }
        if let (Some(name), Some(value)) = (name, held.or(value.filter(|_| part(node, "=").is_some()))) {
            self.whole(finder, module, plain(self.text, name), inside(finder, self.text, value));
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
        let Some(table) = self.table(finder, left) else { return self.changed(finder, module, left) };
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
    }

    /// `TABLE.put("a", "b")`, any other method that is called on a table, and what fills one that it is given.
    fn called(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, node: Node<'t>) {
        let Some(call) = call(self.text, node) else { return };
        self.filled(finder, module, node, &call.name);
        let of = match (node.kind(), parts(node).as_slice()) {
            ("infix_expression", [of, ..]) => Some(*of),
            ("binary_expression", _) => field(node, "left").and_then(compared).and_then(|callee| receiver(callee)),
            (_, [callee, ..]) => receiver(*callee),
            _ => None,
        };
        let (Some(of), method) = (of, last(&call.name)) else { return };
        let Some(table) = self.table(finder, of) else {
            if !reads(finder, method) {
                self.chosen(finder, module, of);
            }
            if !leaves(method) || !finder.reader.strings.library.has_method(method) {
                self.reached(finder, module, of, method);
            }
            return;
        };
        match put(method, call.arguments.len()) {
            Some(Put::Value(place)) => {
                call.arguments.get(place).into_iter().for_each(|value| finder.table_value(module, table.name, *value));
            }
            Some(Put::All(place)) => {
                call.arguments.get(place).into_iter().for_each(|all| self.whole(finder, module, table.name, *all));
            }
            None if table.is_part || reads(finder, method) || self.is_fixed(&table) => {}
            // `TABLE to others`
            None if node.kind() == "infix_expression" && method == "to" => {}
            None if !table.is_back && method != "with" && only_reads(finder, method, node) => {}
            None => finder.used(module, table.name, table.node),
        }
    }

    /// A function that is known to fill what it is given, and `with(TABLE) { … }`, by any name that an import gives it.
    fn filled(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, call: Node<'t>, name: &str) {
        // `with(TABLE)` is a call of its own within what the block follows.
        let inner = parts(call).first().copied().filter(|inner| inner.kind() == "call_expression");
        let inner =
            inner.and_then(|inner| Some((dotted(self.text, *parts(inner).first()?), part(inner, "value_arguments")?)));
        if let Some((name, given)) = inner
            && finder.reader.meanings(&name).iter().any(|name| is_with(name))
            && only_reads(finder, "with", call)
        {
            finder.excuse(given);
        }
        let meanings = finder.reader.meanings(name);
        let given = part(call, "value_arguments");
        let list = given.map_or_else(Vec::new, parts);
        let is_with = meanings.iter().any(|name| is_with(name));
        let is_excused = given.is_some_and(|given| finder.is_excused(given));
        let only_reads = is_excused || is_with && only_reads(finder, "with", call);
        for (place, argument) in list.iter().enumerate() {
            // One with a name may be any of them.
            let is_first = part(*argument, "=").is_some();
            let is_filled = |name: &String| {
                fills(last(name), place, list.len()) || is_first && fills(last(name), 0, list.len().max(2))
            };
            if is_with && place == 0 && !only_reads || meanings.iter().any(is_filled) {
                parts(*argument).last().into_iter().for_each(|value| self.changed(finder, module, *value));
            }
        }
    }

    /// `Mapper(TABLE = mapOf(…))`
    fn held(&self, finder: &mut Finder<'_, Reader<'_>>, module: &mut Module, argument: Node<'t>) {
        let inner = parts(argument);
        let [name, value] = inner.as_slice() else { return };
        let name = plain(self.text, *name);
        match self.table(finder, *value) {
            // The table by its own name is read where that is.
            Some(table) if table.name == name && !table.is_part => {}
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
        table.node.kind() == "identifier" && !table.is_cast && self.fixed.contains(table.name)
    }
}

/// Whether the block that a function of Kotlin's own gets only reads the table that it has.
fn only_reads(finder: &Finder<'_, Reader<'_>>, function: &str, call: Node<'_>) -> bool {
    let library = &finder.reader.strings.library;
    let is_own = if function == "with" { library.has(function) } else { library.has_method(function) };
    is_own && Scope::of(function, call).is_some_and(|scope| scope.only_reads(finder.reader.strings))
}

/// Whether a method that the library has only reads what it is called on.
fn reads(finder: &Finder<'_, Reader<'_>>, method: &str) -> bool {
    is_reader(method) && finder.reader.strings.library.has_method(method)
}

/// What a callee is called on.
fn receiver(callee: Node<'_>) -> Option<Node<'_>> {
    match parts(callee).as_slice() {
        [of, _] if callee.kind() == "navigation_expression" => Some(*of),
        _ => None,
    }
}

/// A value without what stands around it, and what it is a part of.
fn core(mut node: Node<'_>) -> Node<'_> {
    loop {
        let inside = parts(node);
        let inner = match node.kind() {
            "navigation_expression" if part(node, "::").is_some() => None,
            "index_expression"
            | "navigation_expression"
            | "parenthesized_expression"
            | "as_expression"
            | "unary_expression" => inside.first(),
            "labeled_expression" | "annotated_expression" => inside.last(),
            _ => None,
        };
        match inner {
            Some(inner) => node = *inner,
            None => return node,
        }
    }
}

/// Whether a value is a collection that has no methods to change it.
fn is_fixed(text: &str, value: Node<'_>) -> bool {
    let maker = parts(value).first().copied().filter(|_| value.kind() == "call_expression");
    matches!(
        maker.map_or("", |maker| said(text, maker)),
        "mapOf"
            | "buildMap"
            | "emptyMap"
            | "listOf"
            | "listOfNotNull"
            | "setOf"
            | "persistentMapOf"
            | "persistentListOf"
    )
}

/// What a delegate or a getter gives, as far as it is one value.
fn inside<'t>(finder: &Finder<'_, Reader<'_>>, text: &str, value: Node<'t>) -> Node<'t> {
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
                    maker @ ("lazy" | "run") if finder.reader.strings.library.has(maker) => *lambda,
                    _ => return inner,
                }
            }
            _ => return inner,
        };
    }
}
