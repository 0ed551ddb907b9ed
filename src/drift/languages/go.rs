//! Go: structs by their tags, as `encoding/json` and its relatives read them.
//!
//! Which tag names the fields is found out for each definition: `json` if anything in it has one, then `yaml`, `bson` and
//! so on, and the rules of `encoding/json` where there is none. Where tags of `json` stand in what embeds it, or in what it
//! embeds, these rules hold for it as well (`crate::drift::resolve`). Build constraints are not looked at: a file counts whatever
//! system it is for. Where the package of an import stands is found out elsewhere (`crate::drift::packages`).

mod constants;
mod pairs;
mod patches;
mod readers;
mod sites;
mod tables;
mod tags;
mod types;
mod writers;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};
use tree_sitter::Node;

use super::Source;
use super::tree::{self, at, field, fields, parts, said};
use crate::drift::packages::{is_standard, name_in};
use crate::drift::shape::{Definition, Import, Kind, Module, Other, Package, Shape, Unread, Written};
use tags::{KEYS, Key};

pub(super) fn read(source: &Source<'_>) -> Module {
    let tree = match tree::parse(&tree_sitter_go::LANGUAGE.into(), source.text) {
        Ok(tree) => tree,
        Err(unread) => return Module { unread: vec![unread], ..Module::default() },
    };
    let mut file = File::new(source.text, tree.root_node());
    let (imports, guessed) = file.imports(source.path);
    let package = Package { name: name_in(source.text).to_owned(), guessed, ..Package::default() };
    let mut module = Module { imports, package, is_leveled: true, ..Module::default() };
    module.written.extend(file.written());
    module.package.written.extend(file.written_by_key());
    file.specs.iter().for_each(|spec| file.declare(*spec, &mut module));
    module.package.shadow = module.definitions.iter().find(|one| types::is_shadow(one)).map(|one| {
        let reason = format!("{} is the name of a type of Go's own: give this one another", tree::quoted(&one.name));
        Unread::new(one.at, reason)
    });
    if !source.sites.is_empty() {
        file.locals = locals(source.text, tree.root_node());
        sites::read(&file, source.sites, tree.root_node(), &mut module);
    }
    module
}

/// What a file says at its top, before any type is read.
struct File<'t> {
    text: &'t str,
    /// Types and aliases.
    specs: Vec<Node<'t>>,
    /// Names of types, with what they stand for.
    types: BTreeMap<&'t str, Node<'t>>,
    /// Names of types that functions declare for themselves.
    locals: BTreeSet<&'t str>,
    /// Types that have constants.
    listed: BTreeSet<&'t str>,
    /// What types spell by themselves: methods like `MarshalJSON` and `MarshalText`.
    methods: BTreeMap<(&'t str, &'static str), u32>,
    /// Packages by what the file calls them,
    packages: BTreeMap<String, String>,
    /// and those of them that it gives names to.
    named: BTreeMap<String, String>,
    /// Packages without a name of the file's, by those that are taken from their paths: they may have others.
    guessed: Vec<(String, String)>,
    /// Packages whose names are used without a dot.
    dotted: Vec<String>,
    /// How much was written out for fields that share one type.
    written: Cell<usize>,
}

impl<'t> File<'t> {
    fn new(text: &'t str, root: Node<'t>) -> Self {
        let (packages, named, types) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (listed, methods, guessed) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
        let (specs, dotted, written, locals) = (Vec::new(), Vec::new(), Cell::default(), BTreeSet::new());
        let mut file = Self { text, specs, types, locals, listed, methods, packages, named, guessed, dotted, written };
        for top in parts(root) {
            match top.kind() {
                "import_declaration" => file.import(top),
                "type_declaration" => file.specs.extend(parts(top)),
                "const_declaration" => parts(top).into_iter().for_each(|spec| file.constant(spec)),
                "method_declaration" => file.method(top),
                _ => {}
            }
        }
        for spec in &file.specs {
            if let (Some(name), Some(ty)) = (field(*spec, "name"), field(*spec, "type")) {
                file.types.insert(said(text, name), ty);
            }
        }
        file.aliased();
        file.guess();
        file
    }

    /// A method of an alias is one of the type that it stands for.
    fn aliased(&mut self) {
        let aliases = self.specs.iter().filter(|spec| spec.kind() == "type_alias").filter_map(|spec| {
            let ty = writers::bare(field(*spec, "type")?);
            let ty = Some(ty).filter(|ty| ty.kind() == "type_identifier")?;
            Some((said(self.text, field(*spec, "name")?), said(self.text, ty)))
        });
        let aliases: BTreeMap<&str, &str> = aliases.collect();
        let own = self.methods.clone().into_iter().map(|((name, method), at)| {
            let mut name = name;
            for _ in 0..tree::MAX_STEPS {
                name = aliases.get(name).copied().unwrap_or(name);
            }
            ((name, method), at)
        });
        own.for_each(|(method, at)| _ = self.methods.insert(method, at));
    }

    fn import(&mut self, declaration: Node<'t>) {
        let list = tree::part(declaration, "import_spec_list").unwrap_or(declaration);
        for spec in parts(list) {
            let Some(path) = field(spec, "path").and_then(|path| tags::unquote(said(self.text, path))) else {
                continue;
            };
            match field(spec, "name").map(|name| said(self.text, name)) {
                Some(".") => self.dotted.push(path),
                Some(name) => _ = self.packages.insert(name.to_owned(), path),
                // Go's own packages are called as their paths say.
                None if is_standard(&path) => _ = self.packages.insert(package_name(&path), path),
                None => self.guessed.push((package_name(&path), path)),
            }
        }
    }

    /// What the names of packages mean that the file does not give itself.
    fn guess(&mut self) {
        self.named = self.packages.clone();
        for (name, path) in &self.guessed {
            self.packages.entry(name.clone()).or_insert_with(|| path.clone());
        }
    }

    /// `A Status = "a"` and `A = Status("a")`.
    fn constant(&mut self, spec: Node<'t>) {
        let called = |value: Node<'t>| field(value, "function").or_else(|| field(value, "type"));
        match (field(spec, "type"), field(spec, "value")) {
            (Some(ty), _) => _ = self.listed.insert(said(self.text, ty)),
            (None, Some(values)) => {
                self.listed.extend(parts(values).into_iter().filter_map(called).map(|ty| said(self.text, ty)));
            }
            (None, None) => {}
        }
    }

    fn method(&mut self, method: Node<'t>) {
        let name = field(method, "name").map_or("", |name| said(self.text, name));
        let Some(name) = writer(name) else { return };
        let receiver = field(method, "receiver").and_then(|list| parts(list).first().copied());
        let Some(mut ty) = receiver.and_then(|receiver| field(receiver, "type")) else { return };
        // `*Order`, `(Order)` and `Page[T]` are one step away from the name.
        for _ in 0..4 {
            let next = if ty.kind() == "generic_type" { field(ty, "type") } else { parts(ty).first().copied() };
            let Some(next) = next else { break };
            ty = next;
        }
        self.methods.insert((said(self.text, ty), name), at(method));
    }

    /// The types of the package's other files that this one writes out, with the methods that do.
    fn writers(&self) -> impl Iterator<Item = (&'static str, Written)> {
        let others = self.methods.iter().filter(|((ty, _), _)| !self.types.contains_key(ty));
        others.map(|((ty, method), at)| {
            let reason = format!("{} writes itself in {method}", tree::quoted(ty));
            let kind = if *method == "MarshalText" { Kind::String } else { Kind::Unknown };
            (*method, Written { name: (*ty).to_owned(), at: *at, reason, kind })
        })
    }

    /// Those that are written whatever their tags are,
    fn written(&self) -> impl Iterator<Item = Written> {
        let always = |method: &str| matches!(method, "MarshalJSON" | "MarshalText");
        self.writers().filter(move |(method, _)| always(method)).map(|(_, written)| written)
    }

    /// and those that are where they have the tags of a key.
    fn written_by_key(&self) -> impl Iterator<Item = (&'static str, Written)> {
        let [_, others @ ..] = &KEYS;
        self.writers()
            .filter_map(|(method, written)| Some((others.iter().find(|key| key.writer == method)?.name, written)))
    }

    /// A definition; one whose tags are none of `json` as it is by these, and as `json` would write it.
    fn declare(&self, spec: Node<'t>, module: &mut Module) {
        let [json, ..] = &KEYS;
        let key = field(spec, "type").and_then(|ty| tags::key_of(self.text, ty));
        let mut definition = self.definition(spec, key.unwrap_or(json));
        if let Some(writer) = self.writer(spec) {
            definition.shape = writers::marked(definition.shape, definition.at, &writer);
            module.package.writers.insert(definition.at, writer);
        }
        match key.map(|key| key.name) {
            Some(name) if name == json.name => _ = module.package.json.insert(definition.at),
            Some(key) => {
                let other = Other { key, json: self.definition(spec, json) };
                module.package.others.insert(definition.at, other);
            }
            None => {}
        }
        module.definitions.push(definition);
    }

    fn definition(&self, spec: Node<'t>, key: &Key) -> Definition {
        let name = field(spec, "name").unwrap_or(spec);
        let known = said(self.text, name);
        let parameters = field(spec, "type_parameters").map_or_else(Vec::new, |list| self.parameters(list));
        let shape = match field(spec, "type") {
            Some(ty) => types::Types { file: self, parameters: &parameters, key: *key }.shape(ty, 0),
            None => Shape::Opaque,
        };
        let alias = spec.kind() == "type_alias";
        let writes = |method| !alias && self.methods.contains_key(&(known, method));
        let shape = match shape {
            Shape::Object(_) | Shape::All(_) if writes("MarshalJSON") => {
                Shape::unread(at(name), format!("{} writes its own JSON in MarshalJSON", tree::quoted(known)))
            }
            Shape::Object(_) | Shape::All(_) if writes(key.writer) => {
                Shape::unread(at(name), format!("{} writes itself in {}", tree::quoted(known), key.writer))
            }
            _ if writes("MarshalJSON") => Shape::Opaque,
            _ if writes("MarshalText") => Shape::Scalar { kind: Kind::String, enumerated: self.listed.contains(known) },
            Shape::Scalar { kind: kind @ (Kind::String | Kind::Number), .. }
                if !alias && self.listed.contains(known) =>
            {
                Shape::enumerated(kind)
            }
            // It has the fields of the other type and is not that type.
            shape @ Shape::Named { .. } if !alias => Shape::All(vec![shape]),
            shape => shape,
        };
        Definition { name: known.to_owned(), at: at(name), shape, case: None }
    }

    fn parameters(&self, list: Node<'t>) -> Vec<&'t str> {
        let names = parts(list).into_iter().flat_map(|declaration| fields(declaration, "name"));
        names.map(|name| said(self.text, name)).collect()
    }

    /// The other files of the package, and other packages.
    fn imports(&self, path: &BStr) -> (Vec<Import>, BTreeSet<usize>) {
        let folder = path.rfind_byte(b'/').and_then(|end| path.get(..=end)).unwrap_or_default();
        let own = Import { local: None, name: None, from: vec![own(folder)] };
        let named = self.named.iter().map(|(name, package)| Import::package(Some(name.clone()), package));
        let dotted = self.dotted.iter().map(|package| Import::package(None, package));
        let mut imports: Vec<Import> = std::iter::once(own).chain(named).chain(dotted).collect();
        let told = imports.len();
        imports.extend(self.guessed.iter().map(|(name, package)| Import::package(Some(name.clone()), package)));
        let guessed = (told..imports.len()).collect();
        (imports, guessed)
    }
}

/// The method that a type is written by, by one of its names.
fn writer(method: &str) -> Option<&'static str> {
    match method {
        "MarshalJSONTo" => Some("MarshalJSON"),
        "MarshalBSONValue" => Some("MarshalBSON"),
        "MarshalText" | "AppendText" => Some("MarshalText"),
        _ => KEYS.iter().map(|key| key.writer).find(|writer| *writer == method && !writer.is_empty()),
    }
}

/// The names of types that are declared within functions.
fn locals<'t>(text: &'t str, root: Node<'t>) -> BTreeSet<&'t str> {
    let mut locals = BTreeSet::new();
    for top in parts(root).into_iter().filter(|top| top.kind() != "type_declaration") {
        tree::walk(top, |node| {
            if matches!(node.kind(), "type_spec" | "type_alias") {
                locals.extend(field(node, "name").map(|name| said(text, name)));
            }
            true
        });
    }
    locals
}

/// The folder of a file, as imports spell it.
fn own(folder: &[u8]) -> BString {
    if folder.is_empty() { "/".into() } else { folder.into() }
}

/// What a package is most likely called by those who import it: the last step of its path, without marks of versions.
fn package_name(path: &str) -> String {
    let version =
        |step: &&str| step.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let mut steps = path.rsplit('/').skip_while(version);
    let last = steps.next().unwrap_or(path);
    let last = last.split_once(".v").map_or(last, |(name, _)| name);
    let last = last.strip_prefix("go-").or_else(|| last.strip_suffix("-go")).unwrap_or(last);
    last.to_owned()
}

#[cfg(test)]
mod tests;
