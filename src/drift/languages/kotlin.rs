//! Kotlin: the properties of classes, by the names that kotlinx.serialization, Moshi, Gson and Jackson give them.
//!
//! A property counts when it has a field, or an annotation names it: one with only a getter, one that is delegated, and
//! those of objects and companions do not. A property whose type is not written has it from a literal, or is unread. A sealed type has its own
//! members only; its subtypes count by their own names. A value class is what it wraps.

mod calls;
mod library;
mod lines;
mod members;
mod reach;
mod scopes;
mod sites;
mod strings;
mod tables;
mod types;

use tree_sitter::Node;

use super::Source;
use super::jvm::parameters::Parameters;
use super::jvm::{Imported, Names, Package};
use super::tree::{self, MAX_DEPTH, at, field, part, parts, said};
use crate::drift::shape::{Definition, Import, Module, Unread};
use strings::Strings;
use types::Types;

pub(super) fn read(source: &Source<'_>) -> Module {
    let language = tree_sitter_kotlin_ng::LANGUAGE.into();
    let tree = tree::parse(&language, source.text);
    let tree = match tree.or_else(|_| tree::parse(&language, &lines::spread(source.text))) {
        Ok(tree) => tree,
        Err(unread) => return Module { unread: vec![unread], ..Module::default() },
    };
    let root = tree.root_node();
    let mut names = Names::new(types::GIVEN);
    let mut module = Module { imports: imports(source, root, &mut names), ..Module::default() };
    let strings = Strings::new(source.text, &names, root);
    let mut reader = Reader { text: source.text, strings: &strings, names: &names, module: &mut module };
    parts(root).into_iter().for_each(|node| reader.declaration(node, "", &Parameters::default(), 0));
    tree::walk(root, |node| {
        let is_annotation = |node: &Node<'_>| {
            part(*node, "modifiers").is_some_and(|words| said(source.text, words).contains("annotation"))
        };
        let name = Some(node).filter(|node| node.kind() == "class_declaration").filter(is_annotation);
        let name = name.and_then(|node| field(node, "name"));
        let unread = name.and_then(|name| Some(Unread::new(at(name), names.doubles(said(source.text, name))?)));
        module.unread.extend(unread);
        true
    });
    if !source.sites.is_empty() {
        sites::read(&strings, source.sites, root, &mut module);
    }
    module
}

struct Reader<'a> {
    text: &'a str,
    strings: &'a Strings<'a>,
    names: &'a Names<'a>,
    module: &'a mut Module,
}

impl<'a> Reader<'a> {
    /// A type, and those within it. `parameters` are those of the types around it.
    fn declaration(&mut self, node: Node<'a>, outer: &str, parameters: &Parameters<'a>, depth: usize) {
        if depth >= MAX_DEPTH {
            self.module.unread.push(Unread::new(at(node), "the class nests too deep"));
            return;
        }
        let name = field(node, if node.kind() == "type_alias" { "type" } else { "name" });
        let own = name.map_or("", |name| said(self.text, name).trim_matches('`'));
        let full = if outer.is_empty() { own.to_owned() } else { format!("{outer}.{own}") };
        let own = part(node, "type_parameters").map_or_else(Vec::new, parts).into_iter();
        let own = own.filter_map(|parameter| part(parameter, "identifier").map(|name| said(self.text, name)));
        let inner = parameters.within(own.collect());
        let types = Types { text: self.text, strings: self.strings, names: self.names, parameters: &inner };
        let place = at(name.unwrap_or(node));
        // What a companion holds is known as if it stood in the class itself.
        let scope = if node.kind() == "companion_object" { outer } else { &full };
        match node.kind() {
            "type_alias" => {
                let shape = parts(node).last().map(|ty| types.shape(*ty));
                let definition = shape.map(|shape| Definition { name: full, at: place, shape, case: None });
                self.module.definitions.extend(definition);
                return;
            }
            "class_declaration" => {
                if let Some((shape, case)) = members::read(&types, node) {
                    self.module.definitions.push(Definition { name: full.clone(), at: place, shape, case });
                }
            }
            "object_declaration" | "companion_object" => {}
            kind => {
                if !DECLARED.contains(&kind) && has_type(said(self.text, node)) {
                    self.module.unread.push(Unread::new(place, LOST));
                }
                return;
            }
        }
        for member in body(node) {
            self.declaration(member, scope, &inner, depth + 1);
        }
    }
}

/// What is no type, and none of the statements that a script has.
const DECLARED: [&str; 8] = [
    "anonymous_initializer",
    "enum_entry",
    "file_annotation",
    "function_declaration",
    "import",
    "package_header",
    "property_declaration",
    "secondary_constructor",
];
/// Why a type is not one to the grammar: it may take an annotation with arguments for a call, and what follows for its lambda.
const LOST: &str = "the parser does not know this type for one: write `()` behind the name of a class, and each annotation on a \
                    line of its own";

/// Whether a statement may be a type that the grammar takes for something else.
fn has_type(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| matches!(word, "class" | "interface" | "object"))
}

/// What the braces of a type hold.
fn body(node: Node<'_>) -> Vec<Node<'_>> {
    part(node, "class_body").or_else(|| part(node, "enum_class_body")).map_or_else(Vec::new, parts)
}

fn imports(source: &Source<'_>, root: Node<'_>, names: &mut Names<'_>) -> Vec<Import> {
    tree::walk(root, |node| {
        let name = match node.kind() {
            "class_declaration" | "object_declaration" => field(node, "name"),
            "type_alias" => field(node, "type"),
            _ => None,
        };
        name.into_iter().for_each(|name| names.declare(said(source.text, name).trim_matches('`')));
        true
    });
    let nodes = parts(root);
    let path = |node: Node<'_>| {
        let steps = parts(part(node, "qualified_identifier")?);
        Some(steps.into_iter().map(|step| calls::plain(source.text, step)).collect::<Vec<_>>().join("."))
    };
    let package = nodes.iter().find(|node| node.kind() == "package_header").and_then(|node| path(*node));
    let package = package.unwrap_or_default();
    let imports = nodes.iter().filter(|node| node.kind() == "import").filter_map(|node| {
        let alias = part(*node, "identifier").map(|alias| said(source.text, alias).trim_matches('`').to_owned());
        Some(Imported { path: path(*node)?, all: part(*node, "*").is_some(), alias })
    });
    let imports = imports.collect::<Vec<_>>();
    names.bring(&package, &imports);
    names.import(&Package::new(source.path, &package), &imports, None)
}

#[cfg(test)]
mod tests;
