//! Java: the fields of classes and the components of records, by the names that Jackson, Gson and JSON-B give them.
//!
//! Fields count whether they are private or not, as they do for Gson, and for Jackson where there are getters; a getter
//! counts where an annotation names it. In a class of JPA without any annotation of JSON, `@Column` and its like give the
//! names. Members that `@JsonAnySetter` takes in have no names to read. Subtypes listed by `@JsonSubTypes` count by their
//! own names.

mod members;
mod reach;
mod sites;
mod strings;
mod tables;
mod types;

use tree_sitter::Node;

use super::Source;
use super::jvm::parameters::Parameters;
use super::jvm::{Imported, Names, Package};
use super::tree::{self, MAX_DEPTH, at, field, part, parts, said};
use crate::drift::shape::{Definition, Import, Module, Shape, Unread};
use strings::Strings;
use types::Types;

pub(super) fn read(source: &Source<'_>) -> Module {
    if let Some(place) = hidden(source.text) {
        return Module::unread(
            place,
            "a Unicode escape that Java reads before anything else: write the character itself",
        );
    }
    let tree = match tree::parse(&tree_sitter_java::LANGUAGE.into(), source.text) {
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
        let name = field(node, "name").filter(|_| node.kind() == "annotation_type_declaration");
        let unread = name.and_then(|name| Some(Unread::new(at(name), names.doubles(said(source.text, name))?)));
        module.unread.extend(unread);
        true
    });
    if !source.sites.is_empty() {
        sites::read(strings, source.sites, root, &mut module);
    }
    module
}

/// Where a Unicode escape stands for a character of the syntax, which may then end a comment or a string.
fn hidden(text: &str) -> Option<u32> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("\\u") {
        let place = from + found;
        let before = text.get(..place)?.bytes().rev().take_while(|byte| *byte == b'\\').count();
        let digits = text.get(place + 1..)?.trim_start_matches('u').get(..4).unwrap_or_default();
        if before % 2 == 0 && u32::from_str_radix(digits, 16).map_or(true, |code| code < 0x80) {
            return u32::try_from(place).ok();
        }
        from = place + 2;
    }
    None
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
        if !TYPES.contains(&node.kind()) {
            return;
        }
        let Some(name) = field(node, "name") else { return };
        if depth >= MAX_DEPTH {
            self.module.unread.push(Unread::new(at(name), "the class nests too deep"));
            return;
        }
        let own = said(self.text, name);
        let full = if outer.is_empty() { own.to_owned() } else { format!("{outer}.{own}") };
        let own = field(node, "type_parameters").map_or_else(Vec::new, parts).into_iter().filter_map(|parameter| {
            let name = parts(parameter).into_iter().find(|part| part.kind() == "type_identifier");
            name.map(|name| said(self.text, name))
        });
        let parameters = parameters.within(own.collect());
        let types = Types { text: self.text, strings: self.strings, names: self.names, parameters: &parameters };
        let (shape, case) = members::read(&types, node);
        self.module.definitions.push(Definition { name: full.clone(), at: at(name), shape, case });
        for inner in body(node) {
            self.declaration(inner, &full, &parameters, depth + 1);
        }
    }
}

const TYPES: [&str; 4] = ["class_declaration", "record_declaration", "enum_declaration", "interface_declaration"];

/// What a type's braces hold; of an enum, after its constants.
fn body(node: Node<'_>) -> Vec<Node<'_>> {
    let body = field(node, "body");
    let body = if node.kind() == "enum_declaration" {
        body.and_then(|body| part(body, "enum_body_declarations"))
    } else {
        body
    };
    body.map_or_else(Vec::new, parts)
}

fn imports<'t>(source: &Source<'_>, root: Node<'t>, names: &mut Names<'_>) -> Vec<Import> {
    tree::walk(root, |node| {
        let is_type = TYPES.contains(&node.kind()) || node.kind() == "annotation_type_declaration";
        if let Some(name) = field(node, "name").filter(|_| is_type) {
            names.declare(said(source.text, name));
        }
        true
    });
    let path = |node: Node<'t>| {
        let name = parts(node).into_iter().rfind(|part| matches!(part.kind(), "identifier" | "scoped_identifier"));
        name.map(|name| sites::dotted(source.text, name))
    };
    let nodes = parts(root);
    let package = nodes.iter().find(|node| node.kind() == "package_declaration").and_then(|node| path(*node));
    let package = package.unwrap_or_default();
    let import =
        |node: &Node<'t>| Some(Imported { path: path(*node)?, all: part(*node, "asterisk").is_some(), alias: None });
    let imports = nodes.iter().filter(|node| node.kind() == "import_declaration");
    let (members, types): (Vec<_>, Vec<_>) = imports.partition(|node| part(**node, "static").is_some());
    let types = types.into_iter().filter_map(import).collect::<Vec<_>>();
    names.bring(&package, &types);
    names.bring(&package, &members.into_iter().filter_map(import).collect::<Vec<_>>());
    names.import(&Package::new(source.path, &package), &types, Some(".java"))
}

/// An unread shape at a node.
fn unread(node: Node<'_>, reason: &str) -> Shape {
    Shape::unread(at(node), reason)
}

#[cfg(test)]
mod tests;
