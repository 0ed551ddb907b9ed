//! The places of a Go file that write into a contract.
//!
//! The keys of `Order{Total: x}` are names of Go; they are turned into those on the wire where the file declares the type
//! as well, and stay as they are where it does not.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tree_sitter::Node;

use super::super::tree::{self, Constants, Entry, Finder, MAX_DEPTH, MAX_STEPS, Value, at, field, fields, parts, said};
use super::tags::{self, unquote};
use super::{File, tables};
use crate::drift::shape::{Module, Sites};

pub(super) fn read<'t>(file: &File<'t>, sites: &Sites, root: Node<'t>, module: &mut Module) {
    let untyped = RefCell::default();
    let constants = constants(file.text, root);
    let is_strange = !sites.functions.is_empty() && is_strange(file, &constants, root);
    let reader = Reader { file, constants, is_strange, wires: wires(file), untyped };
    let mut finder = Finder::new(sites, reader);
    let text = file.text;
    tree::walk(root, |node| {
        // Before the names of what is called are claimed: methods of a table are looked at as well.
        tables::read(&mut finder, module, node, text);
        if let Some((callee, arguments)) = call(node) {
            let (name, head) = dotted(text, callee);
            finder.call(module, &name, node, &arguments);
            finder.claim(callee);
            finder.claim(head);
        }
        match node.kind() {
            "identifier" | "selector_expression" | "type_instantiation_expression" => {
                let (name, head) = dotted(text, node);
                finder.handed_on(module, &name, node);
                // Of `mapping.Map` the first part begins where all of it does.
                finder.claim(head);
            }
            kind @ ("composite_literal" | "literal_value") => {
                let ty = finder.reader.ty(node);
                if kind == "literal_value" && ty.is_none() {
                    return true;
                }
                // Items without a type have that of their list, which was read before them.
                _ = finder.reader.items(node);
                let ty = ty.filter(|ty| ty.kind() != "map_type").map(|ty| type_name(text, ty));
                finder.object(module, node, ty);
            }
            _ => names(node).into_iter().for_each(|name| finder.claim(name)),
        }
        true
    });
}

/// What a node calls, and with which arguments. With type arguments the parser takes a call for a conversion.
fn call(node: Node<'_>) -> Option<(Node<'_>, Vec<Node<'_>>)> {
    match node.kind() {
        "call_expression" => Some((field(node, "function")?, field(node, "arguments").map_or_else(Vec::new, parts))),
        "type_conversion_expression" => Some((field(node, "type")?, vec![field(node, "operand")?])),
        _ => None,
    }
}

/// A name with its dots, whatever stands around its steps, and the first of these: `pkg.Map` of `(pkg . Map)[T]`.
pub(super) fn dotted<'t>(text: &str, node: Node<'t>) -> (String, Node<'t>) {
    let (mut steps, mut inner) = (Vec::new(), node);
    for _ in 0..MAX_STEPS {
        let (step, next) = match inner.kind() {
            "identifier" | "type_identifier" | "package_identifier" => {
                steps.push(said(text, inner));
                return (tree::dotted(&steps), inner);
            }
            "selector_expression" => (field(inner, "field"), field(inner, "operand")),
            "qualified_type" => (field(inner, "name"), field(inner, "package")),
            "generic_type" | "type_instantiation_expression" => (None, field(inner, "type")),
            "index_expression" if steps.is_empty() => (None, field(inner, "operand")),
            "parenthesized_expression" | "parenthesized_type" | "pointer_type" => (None, parts(inner).first().copied()),
            "unary_expression" => (None, field(inner, "operand")),
            _ => break,
        };
        steps.extend(step.map(|step| said(text, step)));
        let Some(next) = next else { break };
        inner = next;
    }
    steps.push("?");
    (tree::dotted(&steps), inner)
}

/// The names that a node gives to what it declares or sets, which are no uses of what has the name.
fn names(node: Node<'_>) -> Vec<Node<'_>> {
    match node.kind() {
        "function_declaration"
        | "parameter_declaration"
        | "variadic_parameter_declaration"
        | "var_spec"
        | "const_spec" => fields(node, "name"),
        "short_var_declaration" | "range_clause" | "receive_statement" => {
            field(node, "left").map_or_else(Vec::new, parts)
        }
        "type_switch_statement" => field(node, "alias").map_or_else(Vec::new, parts),
        // The name of a field.
        "keyed_element" => field(node, "key").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn type_name<'a>(text: &'a str, ty: Node<'_>) -> &'a str {
    let name = said(text, ty);
    last(name.split('[').next().unwrap_or(name))
}

/// Constants at the file's top, less the names that anything else is called by.
fn constants<'t>(text: &'t str, root: Node<'t>) -> Constants<'t> {
    let mut constants = Constants::default();
    for top in parts(root) {
        for spec in if top.kind() == "const_declaration" { parts(top) } else { Vec::new() } {
            let mut values = field(spec, "value").map_or_else(Vec::new, parts).into_iter();
            for name in fields(spec, "name") {
                constants.add(said(text, name), values.next().and_then(|value| unquote(said(text, value))));
            }
        }
    }
    for top in parts(root).into_iter().filter(|top| top.kind() != "const_declaration") {
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
            names.into_iter().for_each(|name| constants.shadow(said(text, name)));
            true
        });
    }
    constants
}

/// Whether a package has another name than its path says: each that is imported is used by its name, or Go refuses the file.
fn is_strange(file: &File<'_>, constants: &Constants<'_>, root: Node<'_>) -> bool {
    let mut unused = file.guessed.clone();
    tree::walk(root, |node| {
        let of = match node.kind() {
            "selector_expression" => field(node, "operand"),
            "qualified_type" => field(node, "package"),
            _ => None,
        };
        if let Some(name) = of.map(|of| said(file.text, of)).filter(|name| !constants.knows(name)) {
            unused.remove(name);
        }
        true
    });
    !unused.is_empty()
}

/// What the fields of the file's structs are called on the wire; `None` for those that never get there.
fn wires<'t>(file: &File<'t>) -> BTreeMap<(&'t str, &'t str), Option<String>> {
    let mut wires = BTreeMap::new();
    for (ty, node) in file.types.iter().filter(|(_, node)| node.kind() == "struct_type") {
        let declarations = tree::part(*node, "field_declaration_list").map_or_else(Vec::new, parts);
        for declaration in declarations {
            let tag = field(declaration, "tag").and_then(|tag| unquote(said(file.text, tag)));
            let value = tags::KEYS.iter().find_map(|key| tags::lookup(tag.as_deref()?, key.name));
            let tag = value.map(|value| tags::Tag::new(&value));
            let is_skipped = tag.as_ref().is_some_and(|tag| tag.skipped);
            let wire = tag.map(|tag| tag.name).filter(|name| !name.is_empty());
            for name in fields(declaration, "name") {
                let name = said(file.text, name);
                let shows = name.starts_with(char::is_uppercase) && !is_skipped;
                wires.insert((*ty, name), shows.then(|| wire.clone().unwrap_or_else(|| name.to_owned())));
            }
        }
    }
    wires
}

fn is_list(ty: Node<'_>) -> bool {
    matches!(ty.kind(), "slice_type" | "array_type" | "implicit_length_array_type")
}

pub(super) struct Reader<'f, 't> {
    pub(super) file: &'f File<'t>,
    constants: Constants<'t>,
    /// A package has a name that nobody knows here.
    is_strange: bool,
    wires: BTreeMap<(&'t str, &'t str), Option<String>>,
    /// The types of literals that leave them out, by their first byte.
    untyped: RefCell<BTreeMap<usize, Node<'t>>>,
}

impl<'t> Reader<'_, 't> {
    fn folded(&self, node: Node<'t>, depth: usize) -> Option<String> {
        let text = said(self.file.text, node);
        match node.kind() {
            "interpreted_string_literal" | "raw_string_literal" => unquote(text),
            "identifier" => self.constants.get(text),
            "literal_element" | "parenthesized_expression" if depth < MAX_DEPTH => {
                self.folded(*parts(node).first()?, depth + 1)
            }
            "binary_expression" if depth < MAX_DEPTH && said(self.file.text, field(node, "operator")?) == "+" => {
                let left = self.folded(field(node, "left")?, depth + 1)?;
                Some(left + &self.folded(field(node, "right")?, depth + 1)?)
            }
            _ => None,
        }
    }

    /// The type of a literal.
    fn ty(&self, literal: Node<'t>) -> Option<Node<'t>> {
        field(literal, "type").or_else(|| self.untyped.borrow().get(&literal.start_byte()).copied())
    }

    /// What stands between the braces of a literal. Items without a type have that of the list or the map.
    fn items(&self, literal: Node<'t>) -> Option<Vec<Node<'t>>> {
        let body = match literal.kind() {
            "composite_literal" => field(literal, "body")?,
            "literal_value" => literal,
            _ => return None,
        };
        let items = parts(body);
        let item = self.ty(literal).and_then(|ty| field(ty, "element").or_else(|| field(ty, "value")));
        let item = item.and_then(|ty| if ty.kind() == "pointer_type" { parts(ty).first().copied() } else { Some(ty) });
        for literal in items.iter().map(|item| field(*item, "value").unwrap_or(*item)) {
            let inner = parts(literal).first().copied().filter(|inner| inner.kind() == "literal_value");
            if let (Some(inner), Some(item)) = (inner, item) {
                self.untyped.borrow_mut().insert(inner.start_byte(), item);
            }
        }
        Some(items)
    }

    fn entry(&self, node: Node<'t>, ty: Option<Node<'t>>) -> Option<Entry<'t>> {
        let (key, value) = (field(node, "key")?, field(node, "value")?);
        let inner = parts(key).first().copied().unwrap_or(key);
        let name = ty.map(|ty| type_name(self.file.text, ty));
        let key = match (name, inner.kind()) {
            // What a field of another file's type is called on the wire, that file says: it is held as a source.
            (Some(ty), "identifier") => Some(self.wires.get(&(ty, said(self.file.text, inner)))?.clone()?),
            _ => self.folded(inner, 0),
        };
        Some(Entry { key, at: at(inner), value: Some(value) })
    }
}

impl<'t> tree::Reader<'t> for Reader<'_, 't> {
    /// A function of a package is called by the package's name.
    fn meanings(&self, callee: &str) -> Vec<String> {
        let is_package = |name: &str| {
            self.file.packages.contains_key(name) || self.is_strange && name != "?" && !self.constants.knows(name)
        };
        let member = callee.split_once('.').filter(|(package, _)| is_package(package));
        std::iter::once(callee).chain(member.map(|(_, name)| name)).map(str::to_owned).collect()
    }

    fn string(&self, node: Node<'t>) -> Option<String> {
        self.folded(node, 0)
    }

    fn core(&self, node: Node<'t>) -> Node<'t> {
        // `&Order{…}` and `{…}` within another literal are one step away.
        let inner = match node.kind() {
            "literal_element" => parts(node).first().copied().unwrap_or(node),
            _ => node,
        };
        field(inner, "operand").filter(|_| inner.kind() == "unary_expression").unwrap_or(inner)
    }

    fn value(&self, node: Node<'t>) -> Value<'t> {
        let inner = self.core(node);
        let ty = self.ty(inner);
        let Some(elements) = self.items(inner) else { return Value::Other };
        if ty.is_some_and(is_list) || elements.iter().any(|element| element.kind() == "literal_element") {
            return Value::List(elements);
        }
        let named = ty.filter(|ty| ty.kind() != "map_type");
        Value::Object(elements.into_iter().filter_map(|element| self.entry(element, named)).collect())
    }

    fn is_number(&self, node: Node<'t>) -> bool {
        matches!(node.kind(), "int_literal" | "float_literal" | "rune_literal")
    }
}
