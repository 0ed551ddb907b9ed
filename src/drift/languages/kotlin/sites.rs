//! The places of a Kotlin file that write into a contract.
//!
//! The named arguments of `Order(total = x)` are names of Kotlin, and are sites as they stand.

use tree_sitter::Node;

use super::super::jvm::tables::holds;
use super::super::tree::{self, Entry, Finder, MAX_DEPTH, Value, at, field, part, parts, said};
use super::calls::{arguments, call, compared, dotted, last, plain};
use super::strings::Strings;
use super::tables::Tables;
use crate::drift::shape::{Module, Sites};

pub(super) fn read<'t>(strings: &Strings<'t>, sites: &Sites, root: Node<'t>, module: &mut Module) {
    let text = strings.text;
    let mut finder = Finder::new(sites, Reader { strings });
    let tables = (!sites.tables.is_empty()).then(|| Tables::new(text, root));
    tree::walk(root, |node| {
        tables.iter().for_each(|tables| tables.read(&mut finder, module, node));
        if let Some(call) = call(text, node) {
            finder.call(module, &call.name, node, &call.arguments);
            // What is called is no comparison.
            field(node, "left").and_then(compared).into_iter().for_each(|callee| finder.claim(callee));
        }
        match node.kind() {
            "call_expression" => {
                let meanings = strings.names.meanings(&callee(text, node));
                let ty = meanings.iter().map(|name| last(name)).find(|name| sites.types.contains(*name));
                finder.object(module, node, ty);
            }
            // `rows.forEach(::map)`, `Mapping::map`
            "callable_reference" => finder.handed_on(module, &dotted(text, node), node),
            "navigation_expression" if part(node, "::").is_some() => {
                finder.handed_on(module, &dotted(text, node), node);
            }
            // `mapField<String, …`, where it is no call for the parser.
            "binary_expression" => {
                compared(node).into_iter().for_each(|callee| finder.handed_on(module, &dotted(text, callee), callee));
            }
            // `import com.acme.mapField as other`
            "import" if part(node, "as").is_some() => {
                let path = part(node, "qualified_identifier").map_or_else(Vec::new, parts);
                let path = path.into_iter().map(|step| plain(text, step)).collect::<Vec<_>>().join(".");
                finder.handed_on(module, &path, node);
                finder.handed_on(module, last(&path), node);
                return false;
            }
            "import" | "package_header" | "user_type" => return false,
            _ => {}
        }
        true
    });
    tree::tidy(module);
}

fn callee(text: &str, call: Node<'_>) -> String {
    parts(call).first().map_or_else(String::new, |callee| dotted(text, *callee))
}

pub(super) struct Reader<'a> {
    pub(super) strings: &'a Strings<'a>,
}

impl Reader<'_> {
    /// `"a" to b`, `Pair("a", b)`.
    fn pair<'t>(&self, node: Node<'t>) -> Entry<'t> {
        let text = self.strings.text;
        let (key, value) = match (node.kind(), parts(node).as_slice()) {
            ("infix_expression", [key, to, value])
                if said(text, *to) == "to" && self.strings.library.has_infix("to") =>
            {
                (*key, *value)
            }
            ("call_expression", _) if callee(text, node) == "Pair" && self.strings.library.has("Pair") => {
                match arguments(node).as_slice() {
                    [key, value] => (*key, *value),
                    _ => return Entry { key: None, at: at(node), value: None },
                }
            }
            _ => return Entry { key: None, at: at(node), value: None },
        };
        Entry { key: self.strings.fold(key), at: at(key), value: Some(value) }
    }

    fn read<'t>(&self, node: Node<'t>, depth: usize) -> Value<'t> {
        let text = self.strings.text;
        match node.kind() {
            "parenthesized_expression" | "as_expression" if depth < MAX_DEPTH => {
                parts(node).first().map_or(Value::Other, |inner| self.read(*inner, depth + 1))
            }
            "collection_literal" => Value::List(parts(node)),
            "call_expression" => match callee(text, node).as_str() {
                // What the file itself calls so makes what it likes.
                name if name.starts_with(char::is_lowercase) && !self.strings.library.has(name) => Value::Other,
                "mapOf" | "mutableMapOf" | "hashMapOf" | "linkedMapOf" | "sortedMapOf" | "persistentMapOf" => {
                    Value::Object(arguments(node).into_iter().map(|pair| self.pair(pair)).collect())
                }
                "buildMap" => self.built(node, depth),
                // `buildMap(2) { … }` is what a call gives, and that is called.
                "?" if parts(node).first().is_some_and(|inner| callee(text, *inner) == "buildMap")
                    && self.strings.library.has("buildMap") =>
                {
                    self.built(node, depth)
                }
                "emptyMap" => Value::Object(Vec::new()),
                "listOf" | "setOf" | "mutableListOf" | "mutableSetOf" | "arrayOf" | "listOfNotNull"
                | "persistentListOf" => Value::List(arguments(node)),
                name if last(name).starts_with(char::is_uppercase) => self.constructed(node),
                _ => Value::Other,
            },
            _ => Value::Other,
        }
    }

    /// `buildMap { put("a", b) }`: each statement of the block puts something into it, or nobody knows what it does.
    fn built<'t>(&self, node: Node<'t>, depth: usize) -> Value<'t> {
        let lambda = part(node, "annotated_lambda").and_then(|lambda| part(lambda, "lambda_literal"));
        let Some(lambda) = lambda.filter(|_| depth < MAX_DEPTH) else { return Value::Other };
        let mut entries = Vec::new();
        for statement in parts(lambda) {
            match self.is_plain(statement).then(|| self.put(statement, depth)).flatten() {
                Some(put) => entries.extend(put),
                None => entries.push(Entry { key: None, at: at(statement), value: None }),
            }
        }
        Value::Object(entries)
    }

    /// Whether a statement has nothing in it that may do more to the map around it, which is `this` in keys as well.
    fn is_plain(&self, statement: Node<'_>) -> bool {
        let text = self.strings.text;
        let left = field(statement, "left").map(|left| left.id());
        let mut is_plain = true;
        tree::walk(statement, |node| {
            is_plain &= match node.kind() {
                "call_expression" if node.id() == statement.id() => true,
                "call_expression" => self.strings.library.has(&callee(text, node)) && holds(&callee(text, node)),
                "infix_expression" => parts(node).get(1).is_some_and(|method| said(text, *method) == "to"),
                "binary_expression" => part(node, "+").is_some(),
                "index_expression" | "assignment" => node.id() == statement.id() || Some(node.id()) == left,
                "character_literal"
                | "escape_sequence"
                | "float_literal"
                | "identifier"
                | "interpolation"
                | "multiline_string_literal"
                | "navigation_expression"
                | "number_literal"
                | "parenthesized_expression"
                | "string_content"
                | "string_literal"
                | "this_expression"
                | "type_arguments"
                | "value_argument"
                | "value_arguments"
                | "line_comment"
                | "block_comment" => true,
                _ => !node.is_named(),
            };
            is_plain
        });
        is_plain
    }

    /// What a statement puts into the map that is built around it.
    fn put<'t>(&self, statement: Node<'t>, depth: usize) -> Option<Vec<Entry<'t>>> {
        let text = self.strings.text;
        let entry = |key: Node<'t>, value| vec![Entry { key: self.strings.fold(key), at: at(key), value: Some(value) }];
        let is_this = |node: Node<'t>| said(text, node) == "this";
        match statement.kind() {
            "call_expression" if part(statement, "annotated_lambda").is_none() => {
                let name = callee(text, statement);
                match (name.strip_prefix("this.").unwrap_or(&name), arguments(statement).as_slice()) {
                    ("put" | "set", [key, value]) => Some(entry(*key, *value)),
                    ("putAll", [all]) => match self.read(*all, depth + 1) {
                        Value::Object(entries) => Some(entries),
                        _ => None,
                    },
                    _ => None,
                }
            }
            "assignment" => {
                let (left, value) = (field(statement, "left")?, field(statement, "right")?);
                match parts(left).as_slice() {
                    [of, key] if left.kind() == "index_expression" && is_this(*of) => {
                        part(statement, "=").map(|_| entry(*key, value))
                    }
                    _ if is_this(left) => part(statement, "+=").map(|_| vec![self.pair(value)]),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `Order(total = x)`; arguments without names have no keys.
    fn constructed<'t>(&self, node: Node<'t>) -> Value<'t> {
        let list = part(node, "value_arguments").map_or_else(Vec::new, parts);
        let entries = list.into_iter().filter_map(|argument| {
            let [name, value] = parts(argument).try_into().ok()?;
            let key = said(self.strings.text, name).trim_matches('`').to_owned();
            part(argument, "=").map(|_| Entry { key: Some(key), at: at(name), value: Some(value) })
        });
        Value::Object(entries.collect())
    }
}

impl<'t> tree::Reader<'t> for Reader<'_> {
    const CLASSES: bool = true;

    fn meanings(&self, callee: &str) -> Vec<String> {
        self.strings.names.meanings(callee)
    }

    fn string(&self, node: Node<'t>) -> Option<String> {
        self.strings.fold(node)
    }

    fn value(&self, node: Node<'t>) -> Value<'t> {
        self.read(node, 0)
    }

    fn is_number(&self, node: Node<'t>) -> bool {
        matches!(node.kind(), "number_literal" | "float_literal")
    }
}
