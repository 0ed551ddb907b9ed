//! The places of a Java file that write into a contract. A constructor's arguments have no names, and the steps of a
//! builder are checked by its class: neither is a site.

use tree_sitter::Node;

use super::super::tree::{self, Entry, Finder, MAX_DEPTH, MAX_STEPS, Value, at, field, part, parts, said};
use super::strings::Strings;
use super::tables::{COPIES, Tables};
use crate::drift::shape::{Module, Sites};

pub(super) fn read<'t>(strings: Strings<'t>, sites: &Sites, root: Node<'t>, module: &mut Module) {
    let text = strings.text;
    let mut finder = Finder::new(sites, Reader { strings });
    let tables = (!sites.tables.is_empty()).then(|| Tables::new(text));
    tree::walk(root, |node| {
        tables.iter().for_each(|tables| tables.read(&mut finder, module, node));
        match node.kind() {
            "method_invocation" => {
                let arguments = field(node, "arguments").map_or_else(Vec::new, parts);
                finder.call(module, &callee(text, node), node, &arguments);
                finder.object(module, node, None);
            }
            "object_creation_expression" => finder.object(module, node, None),
            // `rows.forEach(Mapping::map)`
            "method_reference" => finder.handed_on(module, &dotted(text, node), node),
            "import_declaration" | "package_declaration" => return false,
            _ => {}
        }
        true
    });
    tree::tidy(module);
}

/// What a call calls, with its receiver.
pub(super) fn callee(text: &str, call: Node<'_>) -> String {
    let name = field(call, "name").map_or("", |name| said(text, name));
    match field(call, "object") {
        // `Order.super.map()`
        _ if part(call, "super").is_some() => format!("this.{name}"),
        Some(object) => format!("{}.{name}", dotted(text, object)),
        None => name.to_owned(),
    }
}

/// A name with its dots, whatever stands around its steps; what is no name is `?`, and what the code around is part of `this`.
pub(super) fn dotted(text: &str, node: Node<'_>) -> String {
    let (mut steps, mut inner) = (Vec::new(), node);
    for _ in 0..MAX_STEPS {
        let inside = parts(inner);
        inner = match (inner.kind(), inside.as_slice()) {
            ("identifier" | "type_identifier" | "this" | "super", _) => {
                steps.push(own(said(text, inner)));
                return tree::dotted(&steps);
            }
            ("field_access" | "scoped_identifier" | "scoped_type_identifier" | "method_reference", [of, .., name]) => {
                steps.push(own(said(text, *name)));
                // `Order.this`
                if steps.last() == Some(&"this") {
                    return tree::dotted(&steps);
                }
                *of
            }
            ("parenthesized_expression", [only]) | ("generic_type", [only, ..]) => *only,
            _ => break,
        };
    }
    steps.push("?");
    tree::dotted(&steps)
}

/// A step of a name, where what the code around is part of has one word.
fn own(step: &str) -> &str {
    if step == "super" { "this" } else { step }
}

pub(super) struct Reader<'t> {
    strings: Strings<'t>,
}

impl<'t> Reader<'t> {
    fn entry(&self, key: Node<'t>, value: Option<Node<'t>>) -> Entry<'t> {
        Entry { key: self.strings.fold(key), at: at(key), value }
    }

    fn unknown(node: Node<'t>) -> Entry<'t> {
        Entry { key: None, at: at(node), value: None }
    }

    /// `entry("a", b)`, and anything else that takes two and is called an entry.
    fn pair(&self, node: Node<'t>) -> Entry<'t> {
        let text = said(self.strings.text, field(node, "name").or_else(|| field(node, "type")).unwrap_or(node));
        match field(node, "arguments").map_or_else(Vec::new, parts).as_slice() {
            [key, value] if text.to_ascii_lowercase().contains("entry") || text == "of" => {
                self.entry(*key, Some(*value))
            }
            _ => Self::unknown(node),
        }
    }

    fn read(&self, node: Node<'t>, depth: usize) -> Value<'t> {
        let text = self.strings.text;
        let arguments = field(node, "arguments").map_or_else(Vec::new, parts);
        let inner = |node| if depth < MAX_DEPTH { self.read(node, depth + 1) } else { Value::Other };
        match node.kind() {
            "parenthesized_expression" => parts(node).first().map_or(Value::Other, |node| inner(*node)),
            "cast_expression" => field(node, "value").map_or(Value::Other, inner),
            "array_initializer" => Value::List(parts(node)),
            "array_creation_expression" => field(node, "value").map_or(Value::Other, |list| Value::List(parts(list))),
            "object_creation_expression" => self.created(node, &arguments, depth),
            "method_invocation" => match (callee(text, node).as_str(), arguments.as_slice()) {
                ("Map.of" | "ImmutableMap.of" | "ImmutableSortedMap.of", list) => {
                    let pairs = list.chunks(2);
                    Value::Object(
                        pairs.filter_map(|pair| Some(self.entry(*pair.first()?, pair.get(1).copied()))).collect(),
                    )
                }
                ("Map.ofEntries" | "ImmutableMap.ofEntries", list) => {
                    Value::Object(list.iter().map(|entry| self.pair(*entry)).collect())
                }
                ("List.of" | "Set.of" | "Arrays.asList" | "ImmutableList.of" | "ImmutableSet.of", _) => {
                    Value::List(arguments)
                }
                ("Map.copyOf" | "ImmutableMap.copyOf" | "Collections.unmodifiableMap", [copied]) => inner(*copied),
                ("List.copyOf" | "Collections.unmodifiableList", [copied]) => inner(*copied),
                ("Collections.singletonMap", [key, value]) => Value::Object(vec![self.entry(*key, Some(*value))]),
                ("?.build" | "?.buildOrThrow", []) => self.built(node),
                _ => Value::Other,
            },
            _ => Value::Other,
        }
    }

    /// `new HashMap<>(…)` and `new HashMap<>() {{ put("a", b); }}`.
    fn created(&self, node: Node<'t>, arguments: &[Node<'t>], depth: usize) -> Value<'t> {
        let ty = field(node, "type").map_or("", |ty| said(self.strings.text, ty));
        let ty = ty.split('<').next().unwrap_or(ty).rsplit('.').next().unwrap_or_default().trim();
        if !COPIES.contains(&ty) {
            return Value::Other;
        }
        if !ty.ends_with("Map") {
            return match arguments {
                // What the braces of `new ArrayList<>() {{ … }}` do is not looked at.
                _ if part(node, "class_body").is_some() => Value::Other,
                [] => Value::List(Vec::new()),
                [copied] if depth < MAX_DEPTH => self.read(*copied, depth + 1),
                _ => Value::Other,
            };
        }
        let mut entries = match arguments.first() {
            Some(copied) if depth < MAX_DEPTH && arguments.len() == 1 => match self.read(*copied, depth + 1) {
                Value::Object(entries) => entries,
                // A capacity.
                _ if copied.kind().ends_with("integer_literal") => Vec::new(),
                _ => return Value::Other,
            },
            _ => Vec::new(),
        };
        let blocks = part(node, "class_body").map_or_else(Vec::new, parts);
        for statement in blocks.into_iter().flat_map(parts) {
            let call = parts(statement).first().copied().filter(|call| call.kind() == "method_invocation");
            let called = call.map_or("", |call| field(call, "name").map_or("", |name| said(self.strings.text, name)));
            let arguments = call.and_then(|call| field(call, "arguments")).map_or_else(Vec::new, parts);
            entries.push(match arguments.as_slice() {
                [key, value] if called == "put" && is_plain(*key) => self.entry(*key, Some(*value)),
                _ => Self::unknown(statement),
            });
        }
        Value::Object(entries)
    }

    /// `builder().put("a", b).build()`.
    fn built(&self, node: Node<'t>) -> Value<'t> {
        let (mut entries, mut next) = (Vec::new(), field(node, "object"));
        while let Some(call) = next.filter(|call| call.kind() == "method_invocation") {
            let arguments = field(call, "arguments").map_or_else(Vec::new, parts);
            match (field(call, "name").map_or("", |name| said(self.strings.text, name)), arguments.as_slice()) {
                ("put", [key, value]) => entries.push(self.entry(*key, Some(*value))),
                ("builder", []) if callee(self.strings.text, call).ends_with("Map.builder") => {
                    entries.reverse();
                    return Value::Object(entries);
                }
                ("builder", _) => return Value::Other,
                _ => entries.push(Self::unknown(call)),
            }
            next = field(call, "object");
        }
        Value::Other
    }
}

/// Whether a key can do nothing to the map that is made around it: no call, and no block.
fn is_plain(key: Node<'_>) -> bool {
    let mut is_plain = true;
    tree::walk(key, |node| {
        let kind = node.kind();
        is_plain &= !node.is_named()
            || kind.ends_with("_literal")
            || kind.starts_with("string_")
            || kind.ends_with("_comment")
            || matches!(
                kind,
                "binary_expression"
                    | "cast_expression"
                    | "escape_sequence"
                    | "false"
                    | "field_access"
                    | "identifier"
                    | "parenthesized_expression"
                    | "this"
                    | "true"
            )
            || kind.ends_with("type_identifier")
            || kind.ends_with("_type");
        is_plain
    });
    is_plain
}

impl<'t> tree::Reader<'t> for Reader<'t> {
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
        node.kind().ends_with("integer_literal") || node.kind().ends_with("floating_point_literal")
    }
}
