//! JSON Schema, draft 4 to 2020-12, in JSON or YAML.
//!
//! The schemas of `$defs` and `definitions` are types by their keys, nested ones by dotted keys, and the file itself is one
//! by its title, where that is a single word, or else by the file's name. All that several keywords say of one value is
//! taken together: `allOf` never takes a member away that another part of the schema has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::{BStr, ByteSlice};

use crate::drift::document::{self, Node};
use crate::drift::shape::{Definition, Import, Module, Shape, Unread};

use super::Source;

mod keywords;
mod object;
pub(super) mod reference;

#[cfg(test)]
mod tests;

/// What every reference to a file as a whole calls the type that it is.
const WHOLE: &str = "#";

/// What stands at the top of a file and describes no value.
const NOTES: [&str; 11] = [
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$comment",
    "$vocabulary",
    "title",
    "description",
    "$defs",
    "definitions",
    "version",
];

pub(super) fn read(source: &Source<'_>) -> Module {
    let document = match document::read(source.path, source.text) {
        Ok(document) => document,
        Err(problem) => return Module { unread: vec![problem], ..Module::default() },
    };
    let root = document.root();
    if !root.is_object() {
        return Module::unread(root.at, "this is no object, and so no schema that has fields");
    }
    let mut schemas = Schemas::new(source.path, root);
    let content = root.entries().find(|entry| !NOTES.contains(&entry.key) && !entry.key.starts_with("x-"));
    if content.is_some() {
        schemas.add_whole(root);
    }
    schemas.add_nested(root, "");
    let mut module = schemas.finish();
    let is_silent = module.definitions.first().is_some_and(|whole| whole.shape == Shape::Opaque);
    // Anything may lie in a file that is no schema by itself.
    let reason = "nothing at the top of this file says what a value has: no `type`, `properties`, `$ref` or the like";
    let unread = content.filter(|_| is_silent).map(|content| Unread::new(content.at, reason));
    module.unread.extend(unread);
    module
}

/// The schemas of one file that are types, and how references find them.
pub(super) struct Schemas<'n> {
    path: &'n BStr,
    root: Node<'n>,
    /// The types, in the order in which they were found.
    found: Vec<(String, u32, Node<'n>)>,
    /// Their names.
    names: BTreeSet<String>,
    /// The types by `$anchor`, by `$id` as it is written, and by the address that the `$id` comes to.
    anchors: BTreeMap<String, String>,
    /// The name of the type that the file as a whole is.
    whole: Option<String>,
    imports: BTreeMap<String, Import>,
    /// References into schemas that are no types of their own, which are being followed.
    following: Vec<Node<'n>>,
    /// How many steps all of them took.
    followed: usize,
    /// The members of what pointers lead through, by the way there.
    members: HashMap<Vec<String>, HashMap<&'n str, Node<'n>>>,
    /// How many schemas with an `$id` of their own lie around.
    embedded: usize,
}

impl<'n> Schemas<'n> {
    pub(super) fn new(path: &'n BStr, root: Node<'n>) -> Self {
        Self {
            path,
            root,
            found: Vec::new(),
            names: BTreeSet::new(),
            anchors: BTreeMap::new(),
            whole: None,
            imports: BTreeMap::new(),
            following: Vec::new(),
            followed: 0,
            members: HashMap::new(),
            embedded: 0,
        }
    }

    /// The file as a whole is a schema.
    pub(super) fn add_whole(&mut self, root: Node<'n>) {
        let title = root.get("title").filter(|title| title.text().is_some_and(is_word));
        let (name, at) = match title.and_then(|title| Some((title.text()?, title.at))) {
            Some((title, at)) => (title.to_owned(), at),
            None => (stem(self.path), root.at),
        };
        self.whole = Some(name.clone());
        self.found.push((name, at, root));
    }

    /// A schema is a type of this name, and so are those that it defines.
    pub(super) fn add(&mut self, name: &str, at: u32, node: Node<'n>) {
        self.found.push((name.to_owned(), at, node));
        self.names.insert(name.to_owned());
        for (key, value) in node.entries().map(|entry| (entry.key, entry.node.text())) {
            match (key, value) {
                ("$anchor" | "$dynamicAnchor", Some(anchor)) => {
                    drop(self.anchors.insert(format!("#{anchor}"), name.to_owned()))
                }
                ("$id" | "id", Some(id)) if key == "$id" || id.starts_with('#') => {
                    let address = reference::address(self.base(), id);
                    self.anchors.extend([(id.to_owned(), name.to_owned()), (address, name.to_owned())]);
                }
                _ => {}
            }
        }
        self.add_nested(node, name);
    }

    /// Adds what a schema defines for itself; `owner` is its name, or nothing at the top.
    pub(super) fn add_nested(&mut self, node: Node<'n>, owner: &str) {
        for key in ["$defs", "definitions"] {
            let Some(defined) = node.get(key) else { continue };
            for entry in defined.entries() {
                let name = if owner.is_empty() { entry.key.to_string() } else { format!("{owner}.{}", entry.key) };
                self.add(&name, entry.at, entry.node);
            }
        }
    }

    /// The address that the file gives itself.
    fn base(&self) -> Option<&'n str> {
        self.root.get("$id").or_else(|| self.root.get("id"))?.text()
    }

    /// Reads a shape of a schema that is no type of its own; nothing is known of one that says nothing.
    pub(super) fn shape(&mut self, node: Node<'n>) -> Shape {
        self.says(node).unwrap_or(Shape::Opaque)
    }

    /// All types, and what else the caller found in the file.
    pub(super) fn finish(self) -> Module {
        self.finish_with(Vec::new())
    }

    /// As [`Self::finish`], with more types.
    pub(super) fn finish_with(mut self, more: Vec<Definition>) -> Module {
        let mut module = Module::default();
        for (name, at, node) in std::mem::take(&mut self.found) {
            let shape = self.shape(node);
            module.definitions.push(Definition { name, at, shape, case: None });
        }
        module.definitions.extend(more);
        module.imports = self.imports.into_values().collect();
        if let Some(whole) = self.whole {
            let from = vec![self.path.into()];
            module.imports.push(Import { local: Some(WHOLE.to_owned()), name: Some(whole), from });
        }
        module
    }
}

/// Whether a title can be a name: people write sentences there too.
fn is_word(title: &str) -> bool {
    !title.is_empty() && title.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

/// What a file is called: `order` for `schemas/order.schema.json`.
fn stem(path: &BStr) -> String {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let ends: [&[u8]; 4] = [b".json", b".yaml", b".yml", b".jsonschema"];
    let name = ends.iter().find_map(|end| name.strip_suffix(*end)).unwrap_or(name);
    name.strip_suffix(b".schema").unwrap_or(name).to_str_lossy().into_owned()
}
