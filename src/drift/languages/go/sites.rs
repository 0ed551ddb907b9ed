//! The places of a Go file that write into a contract.
//!
//! The keys of `Order{Total: x}` are names of Go; they are turned into those on the wire where the file declares the type
//! as well, and stay as they are where it does not.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::super::tree::{self, Constants, Entry, Finder, MAX_STEPS, Value, at, field, fields, parts, said};
use super::constants::{constants, folded, is_type, numbers};
use super::readers::Readers;
use super::tags::{self, Key, Tag, unquote};
use super::{File, patches, tables, types};
use crate::drift::shape::{Module, Sites};

pub(super) fn read<'t>(file: &File<'t>, sites: &Sites, root: Node<'t>, module: &mut Module) {
    let (untyped, paired) = (RefCell::default(), RefCell::default());
    let constants = constants(file, root);
    let is_strange = !sites.functions.is_empty() && is_strange(file, &constants, root);
    let reader = Reader {
        file,
        sites,
        constants,
        is_strange,
        structures: structures(file.text, root),
        readers: Readers::of(file, root),
        numbers: numbers(file.text, root),
        untyped,
        paired,
    };
    let (text, mut finder) = (file.text, Finder::new(sites, reader));
    let aliases = patches::read(&finder, module, root);
    tree::walk(root, |node| {
        // Before the names of what is called are claimed: methods of a table are looked at as well.
        tables::read(&mut finder, module, node, text);
        if let Some((callee, arguments)) = call(node) {
            let (name, head) = dotted(text, callee);
            aliases.call(&finder, module, (&name, callee), node, &arguments);
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
                if kind == "literal_value" && node.parent().is_some_and(|whole| whole.kind() == "composite_literal") {
                    return true;
                }
                if finder.reader.paired.borrow().contains(&node.start_byte()) {
                    return true;
                }
                // Items without a type have that of their list, which was read before them.
                _ = finder.reader.items(node);
                let names = finder.reader.ty(node).map_or_else(Vec::new, |ty| finder.reader.names(ty));
                let declared = names.iter().copied().find(|name| sites.types.contains(*name));
                finder.object(module, node, declared);
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

/// Whether a package has another name than its path says: each that is imported is used by its name, or Go refuses the file.
fn is_strange(file: &File<'_>, constants: &Constants<'_>, root: Node<'_>) -> bool {
    let mut unused: BTreeSet<&str> = file.guessed.iter().map(|(name, _)| name.as_str()).collect();
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

/// The file's structs by their first byte, with what becomes of their fields.
fn structures<'t>(text: &'t str, root: Node<'t>) -> BTreeMap<usize, Wires<'t>> {
    let (mut structures, [json, ..]) = (BTreeMap::new(), &tags::KEYS);
    // All that a definition is made of goes by one key.
    let (mut end, mut key) = (0, json);
    tree::walk(root, |node| {
        if matches!(node.kind(), "type_spec" | "type_alias" | "struct_type") && node.start_byte() >= end {
            (end, key) = (node.end_byte(), tags::key_of(text, node).unwrap_or(json));
        }
        if node.kind() == "struct_type" {
            structures.insert(node.start_byte(), wires(text, node, key));
        }
        true
    });
    structures
}

/// The fields of a struct in their order, with what becomes of them.
type Wires<'t> = Vec<(&'t str, Wire)>;

/// What becomes of a field.
pub(super) enum Wire {
    /// It has this name on the wire.
    Name(String),
    /// Its own fields stand there in its place.
    Fields,
    /// It never gets there, or nothing is known of that.
    None,
}

fn wires<'t>(text: &'t str, structure: Node<'t>, key: &Key) -> Wires<'t> {
    let mut wires = Vec::new();
    for declaration in tree::part(structure, "field_declaration_list").map_or_else(Vec::new, parts) {
        let tag = field(declaration, "tag").and_then(|tag| unquote(said(text, tag)));
        let value = tag.and_then(|tag| key.value(&tag));
        let tag = value.map(|value| Tag::new(&value)).unwrap_or_default();
        for name in fields(declaration, "name") {
            let name = said(text, name);
            let shows = name.starts_with(char::is_uppercase) && !tag.skipped;
            let inlines = !key.inline.is_empty() && tag.has(key.inline);
            wires.push(match shows {
                true if inlines => (name, Wire::Fields),
                true => (name, Wire::Name(types::wire(name, key, &tag))),
                false => (name, Wire::None),
            });
        }
        if let Some(ty) = field(declaration, "type").filter(|_| fields(declaration, "name").is_empty()) {
            let name = type_name(text, ty);
            let brings = key.promotes || !key.inline.is_empty() && tag.has(key.inline);
            wires.push(match tag.name.is_empty() {
                _ if tag.skipped => (name, Wire::None),
                true if brings => (name, Wire::Fields),
                _ if !name.starts_with(char::is_uppercase) => (name, Wire::None),
                _ => (name, Wire::Name(types::wire(name, key, &tag))),
            });
        }
    }
    wires
}

fn is_list(ty: Node<'_>) -> bool {
    matches!(ty.kind(), "slice_type" | "array_type" | "implicit_length_array_type")
}

pub(super) struct Reader<'f, 't> {
    pub(super) file: &'f File<'t>,
    sites: &'f Sites,
    constants: Constants<'t>,
    /// A package has a name that nobody knows here.
    is_strange: bool,
    structures: BTreeMap<usize, Wires<'t>>,
    /// The types of literals that leave them out, by their first byte.
    untyped: RefCell<BTreeMap<usize, Node<'t>>>,
    /// Methods of this file that only read.
    pub(super) readers: Readers<'t>,
    /// Constants that are numbers.
    numbers: BTreeSet<&'t str>,
    /// The pairs of documents that were read, by their first byte.
    paired: RefCell<BTreeSet<usize>>,
}

impl<'t> Reader<'_, 't> {
    /// What a type is called, by itself and by each type of this file that it stands for.
    fn names(&self, ty: Node<'t>) -> Vec<&'t str> {
        let mut names = Vec::new();
        self.underlying(ty, |name| names.push(name));
        names
    }

    /// What a type is made of; `None` where this file does not say it, or says it twice.
    fn underlying(&self, ty: Node<'t>, mut named: impl FnMut(&'t str)) -> Option<Node<'t>> {
        let mut ty = ty;
        for _ in 0..MAX_STEPS {
            ty = match ty.kind() {
                "type_identifier" => {
                    let name = said(self.file.text, ty);
                    named(name);
                    *self.file.types.get(name).filter(|_| !self.file.locals.contains(name))?
                }
                "qualified_type" => {
                    named(type_name(self.file.text, ty));
                    return None;
                }
                "generic_type" => field(ty, "type")?,
                "parenthesized_type" => *parts(ty).first()?,
                _ => return Some(ty),
            };
        }
        None
    }

    /// What the type of a literal is made of.
    pub(super) fn made_of(&self, ty: Node<'t>) -> Option<Node<'t>> {
        self.underlying(ty, |_| ())
    }

    /// The fields of a literal's type, if it is a struct of this file.
    pub(super) fn structure(&self, literal: Node<'t>) -> Option<&Wires<'t>> {
        let ty = self.made_of(self.ty(literal)?)?;
        self.structures.get(&ty.start_byte()).filter(|_| ty.kind() == "struct_type")
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
        let item = self
            .ty(literal)
            .and_then(|ty| self.made_of(ty))
            .and_then(|ty| field(ty, "element").or_else(|| field(ty, "value")));
        let item = item.and_then(|ty| if ty.kind() == "pointer_type" { parts(ty).first().copied() } else { Some(ty) });
        for literal in items.iter().map(|item| field(*item, "value").unwrap_or(*item)) {
            let inner = parts(literal).first().copied().filter(|inner| inner.kind() == "literal_value");
            if let (Some(inner), Some(item)) = (inner, item) {
                self.untyped.borrow_mut().insert(inner.start_byte(), item);
            }
        }
        Some(items)
    }

    /// The entries of a literal. A key that may be the name of a struct's field, which another file says how to call on the
    /// wire, is `None`: so is one that never gets there.
    fn entries(&self, literal: Node<'t>, elements: &[Node<'t>], depth: usize) -> Vec<(Option<Entry<'t>>, Node<'t>)> {
        let key = |element: Node<'t>| field(element, "key").map(|key| parts(key).first().copied().unwrap_or(key));
        let ty = self.ty(literal);
        let made_of = ty.and_then(|ty| self.made_of(ty));
        let is_declared = ty.is_some_and(|ty| self.names(ty).iter().any(|name| self.sites.types.contains(*name)));
        let is_foreign = ty.is_some_and(|ty| ty.kind() == "qualified_type");
        // A struct of another package shows no fields in lower case, and has no other keys than names.
        let is_map = made_of.is_some_and(|ty| ty.kind() == "map_type")
            || is_foreign && ty.is_some_and(|ty| matches!(type_name(self.file.text, ty), "M" | "H" | "Map"))
            || elements.iter().filter_map(|element| key(*element)).any(|key| {
                key.kind() != "identifier" || is_foreign && said(self.file.text, key).starts_with(char::is_lowercase)
            });
        let mut inlined = Vec::new();
        let entries = elements.iter().filter_map(|element| {
            let (key, value) = (key(*element)?, field(*element, "value")?);
            let name = said(self.file.text, key);
            let known = match self.structure(literal) {
                Some(wires) => match wires.iter().find(|(field, _)| *field == name).map(|(_, wire)| wire) {
                    Some(Wire::Name(name)) => Some(Some(name.clone())),
                    Some(Wire::Fields) if depth < MAX_STEPS => {
                        let inner = tree::Reader::core(self, value);
                        let elements = self.items(inner).unwrap_or_default();
                        inlined.extend(self.entries(inner, &elements, depth + 1));
                        None
                    }
                    _ => None,
                },
                None if is_map => Some(self.folded(key)),
                None if is_declared && ty.is_some_and(|ty| self.is_local(ty)) => Some(None),
                None if is_declared => None,
                None => self.folded(key).map(Some),
            };
            Some((known.map(|key_text| Entry { key: key_text, at: at(key), value: Some(value) }), value))
        });
        let mut entries: Vec<_> = entries.collect();
        entries.append(&mut inlined);
        entries
    }

    /// Takes down that a literal is a pair of a document.
    pub(super) fn claim_pair(&self, pair: Node<'t>) {
        self.paired.borrow_mut().insert(pair.start_byte());
    }

    /// Whether a name means a variable of the function around it.
    pub(super) fn is_shadowed(&self, name: Node<'t>) -> bool {
        !self.constants.is_plain_at(said(self.file.text, name), name.start_byte())
    }

    /// Whether a name is that of a type of this file, and of nothing else.
    pub(super) fn is_type(&self, name: &str) -> bool {
        is_type(self.file, &self.constants, name)
    }

    pub(super) fn folded(&self, node: Node<'t>) -> Option<String> {
        folded(self.file, &self.constants, node, 0)
    }

    /// Whether a type may be another one of the same name, within a function.
    fn is_local(&self, ty: Node<'t>) -> bool {
        self.names(ty).iter().any(|name| self.file.locals.contains(name))
    }
}

impl<'t> tree::Reader<'t> for Reader<'_, 't> {
    /// A function of a package is called by the package's name.
    fn meanings(&self, callee: &str) -> Vec<String> {
        let is_package = |name: &str| {
            self.file.packages.contains_key(name) || self.is_strange && name != "?" && !self.constants.knows(name)
        };
        let member = callee.split_once('.').filter(|(package, _)| is_package(package));
        // A method of a type, by each of the type's names.
        let of_type = callee.split_once('.').filter(|(ty, _)| self.is_type(ty)).into_iter().flat_map(|(ty, name)| {
            let names = self.file.types.get(ty).map_or_else(Vec::new, |ty| self.names(*ty));
            names.into_iter().map(move |ty| format!("{ty}.{name}"))
        });
        let own = std::iter::once(callee).chain(member.map(|(_, name)| name)).map(str::to_owned);
        own.chain(of_type).collect()
    }

    fn string(&self, node: Node<'t>) -> Option<String> {
        self.folded(node)
    }

    fn core(&self, node: Node<'t>) -> Node<'t> {
        // `&Order{…}` and `{…}` within another literal are one step away.
        let inner = match node.kind() {
            "literal_element" | "variadic_argument" => parts(node).first().copied().unwrap_or(node),
            _ => node,
        };
        field(inner, "operand").filter(|_| inner.kind() == "unary_expression").unwrap_or(inner)
    }

    fn value(&self, node: Node<'t>) -> Value<'t> {
        let inner = self.core(node);
        let ty = self.ty(inner).and_then(|ty| self.made_of(ty));
        let Some(elements) = self.items(inner) else { return Value::Other };
        if self.ty(inner).is_some_and(|ty| self.is_paired(ty)) {
            return Value::Object(self.pairs(&elements));
        }
        if ty.is_some_and(is_list) || elements.iter().any(|element| element.kind() == "literal_element") {
            return Value::List(elements.iter().map(|element| field(*element, "value").unwrap_or(*element)).collect());
        }
        Value::Object(self.entries(inner, &elements, 0).into_iter().filter_map(|(entry, _)| entry).collect())
    }

    fn nameless(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let inner = self.core(node);
        if self.ty(inner).is_some_and(|ty| self.is_paired(ty)) {
            return Vec::new();
        }
        let elements = self.items(inner).unwrap_or_default();
        let nameless = self.entries(inner, &elements, 0).into_iter().filter(|(entry, _)| entry.is_none());
        nameless.map(|(_, value)| value).collect()
    }

    fn is_number(&self, node: Node<'t>) -> bool {
        match node.kind() {
            "identifier" => {
                let name = said(self.file.text, node);
                self.numbers.contains(name) && self.constants.is_plain_at(name, node.start_byte())
            }
            kind => matches!(kind, "int_literal" | "float_literal" | "rune_literal"),
        }
    }
}
