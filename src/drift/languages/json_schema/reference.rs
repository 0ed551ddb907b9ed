//! Where a `$ref` leads: to a type of this file, into one, or to another file.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};

use crate::drift::document::Node;
use crate::drift::languages::Language;
use crate::drift::shape::{Import, Shape, Unread};
use crate::escape::excerpt;

use super::{Schemas, WHOLE};

/// How many references into schemas that are no types may lie in one another.
const MAX_FOLLOWED_DEPTH: usize = 16;
/// How many schemas such references may lead through in one file.
const MAX_FOLLOWED: usize = 1 << 18;

impl<'n> Schemas<'n> {
    /// What a reference says of a value; `None` when it leads to a schema that says nothing.
    pub(super) fn reference(&mut self, node: Node<'n>) -> Option<Shape> {
        let at = node.at;
        let Some(text) = node.text() else { return Some(Shape::unread(at, "`$ref` is a text")) };
        let (document, fragment) = text.split_once('#').unwrap_or((text, ""));
        if document.is_empty() && self.embedded > 0 {
            let reason = "a reference in a schema with its own `$id` is relative to that; define the schema apart";
            return Some(Shape::unread(at, reason));
        }
        let address = address(self.base(), document);
        let is_own = document.is_empty() || self.base().is_some_and(|base| base.trim_end_matches('#') == address);
        if is_own {
            return self.local(fragment, at);
        }
        match self.anchors.get(&address).or_else(|| self.anchors.get(document)) {
            Some(name) if fragment.is_empty() => Some(Shape::exactly(name, at)),
            _ => Some(self.foreign(text, &address, fragment, at)),
        }
    }

    fn local(&mut self, fragment: &str, at: u32) -> Option<Shape> {
        if fragment.is_empty() {
            let whole = self.whole.as_ref().map(|name| Shape::exactly(name, at));
            return Some(whole.unwrap_or_else(|| Shape::unread(at, "the file as a whole is no schema")));
        }
        if !fragment.starts_with('/') {
            let name = self.anchors.get(&format!("#{fragment}"));
            let reason = || format!("no type of this file has the anchor \"{}\"", excerpt(fragment));
            return Some(name.map_or_else(|| Shape::unread(at, reason()), |name| Shape::exactly(name, at)));
        }
        let Some(steps) = pointer(fragment) else {
            return Some(Shape::unread(at, "the reference is no pointer into this file"));
        };
        match type_name(&steps).filter(|name| self.names.contains(name)) {
            Some(name) => Some(Shape::exactly(&name, at)),
            None => self.follow(&steps, at),
        }
    }

    /// Reads the schema that a pointer leads to, which has no name, as if it stood here.
    fn follow(&mut self, steps: &[String], at: u32) -> Option<Shape> {
        let Some(target) = self.target(steps) else {
            return Some(Shape::unread(at, "the reference leads nowhere in this file"));
        };
        if let Err(unread) = self.enter(target) {
            return Some(Shape::Unread(Unread { at, ..unread }));
        }
        let shape = self.says(target);
        self.leave();
        shape
    }

    /// Follows a reference to what has no name; [`Self::leave`] is the way back.
    pub(in crate::drift::languages) fn enter(&mut self, target: Node<'n>) -> Result<(), Unread> {
        if self.following.iter().any(|other| other.is(target)) || self.following.len() == MAX_FOLLOWED_DEPTH {
            let reason = "the reference leads in a circle; define the schema apart, so that it has a name";
            return Err(Unread::new(target.at, reason));
        }
        self.following.push(target);
        self.followed += target.entries().count();
        if self.is_too_much() {
            self.following.pop();
            return Err(too_much(target.at));
        }
        Ok(())
    }

    pub(in crate::drift::languages) fn leave(&mut self) {
        self.following.pop();
    }

    /// What a pointer from the file's top leads to.
    pub(in crate::drift::languages) fn target(&mut self, steps: &[String]) -> Option<Node<'n>> {
        let mut node = self.root;
        for (place, step) in steps.iter().enumerate() {
            node = if node.is_array() {
                let index = step.parse().ok()?;
                self.followed += node.items().take(index).count();
                node.items().nth(index)?
            } else {
                self.member(steps.get(..place).unwrap_or_default(), node, step)?
            };
        }
        Some(node)
    }

    /// A member of what a pointer leads to. Its members are gone through once, whatever points at them.
    fn member(&mut self, way: &[String], node: Node<'n>, name: &str) -> Option<Node<'n>> {
        if let Some(members) = self.members.get(way) {
            return members.get(name).copied();
        }
        self.followed += node.entries().count();
        if self.followed > MAX_FOLLOWED {
            return node.get(name);
        }
        let mut members = HashMap::new();
        for entry in node.entries() {
            members.entry(entry.key).or_insert(entry.node);
        }
        let found = members.get(name).copied();
        self.members.insert(way.to_vec(), members);
        found
    }

    /// Counts a schema on the way of references to what has no name; whether that were too many.
    pub(in crate::drift::languages) fn is_too_much(&mut self) -> bool {
        self.followed += usize::from(!self.following.is_empty());
        self.followed > MAX_FOLLOWED
    }

    fn foreign(&mut self, text: &str, address: &str, fragment: &str, at: u32) -> Shape {
        let name = match pointer(fragment) {
            _ if fragment.is_empty() => Some(WHOLE.to_owned()),
            Some(steps) => type_name(&steps),
            None => None,
        };
        let Some(name) = name else {
            return Shape::unread(at, "a reference into another file leads to one of its named schemas");
        };
        let relative = match (has_scheme(address), self.base().filter(|base| has_scheme(base))) {
            (false, _) => Some(address).filter(|address| !address.starts_with('/')),
            (true, Some(base)) => address.strip_prefix(folder(base)),
            (true, None) => None,
        };
        let path = relative.and_then(decoded).and_then(|relative| beside(self.path, &relative));
        let Some(path) = path else {
            let reason = format!("the schema \"{}\" is not in this repository; keep a copy here", excerpt(text));
            return Shape::unread(at, reason);
        };
        if Language::of_code(path.as_bstr()).is_some() {
            return Shape::unread(at, "a reference leads to program code: give the schema a file of its own");
        }
        let import = || Import { local: Some(text.to_owned()), name: Some(name), from: candidates(path) };
        self.imports.entry(text.to_owned()).or_insert_with(import);
        Shape::exactly(text, at)
    }
}

pub(in crate::drift::languages) fn too_much(at: u32) -> Unread {
    Unread::new(at, "references lead through too many schemas that have no name; define them apart")
}

/// The steps of a JSON pointer in a fragment (RFC 6901, chapter 6); `None` for what is none.
pub(in crate::drift::languages) fn pointer(fragment: &str) -> Option<Vec<String>> {
    let steps = fragment.strip_prefix('/')?.split('/');
    steps.map(|step| Some(decoded(step)?.replace("~1", "/").replace("~0", "~"))).collect()
}

/// The name of the type that a pointer leads to, if it leads to where types are defined.
fn type_name(steps: &[String]) -> Option<String> {
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let (first, nested) = match steps.as_slice() {
        ["components", "schemas", name, nested @ ..] | ["$defs" | "definitions", name, nested @ ..] => (name, nested),
        // Files that are nothing but schemas by name, as descriptions of interfaces refer to them.
        [name] => (name, [].as_slice()),
        _ => return None,
    };
    let mut name = (*first).to_owned();
    for pair in nested.chunks(2) {
        let ["$defs" | "definitions", key] = pair else { return None };
        name = format!("{name}.{key}");
    }
    Some(name)
}

/// A text without its percent signs.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// What a reference comes to in a file with that address (RFC 3986, chapter 5.2, but for dots).
pub(super) fn address(base: Option<&str>, reference: &str) -> String {
    let reference = reference.trim_end_matches('#');
    match base {
        Some(base) if has_scheme(base) && !has_scheme(reference) => match reference.strip_prefix('/') {
            Some(rest) => {
                let host = base.split_inclusive('/').take(3).collect::<String>();
                format!("{host}{rest}")
            }
            None => format!("{}{}", folder(base), reference.strip_prefix("./").unwrap_or(reference)),
        },
        _ => reference.to_owned(),
    }
}

/// An address up to its last slash.
fn folder(address: &str) -> &str {
    address.rfind('/').and_then(|end| address.get(..=end)).unwrap_or_default()
}

fn has_scheme(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The file at `relative` beside another; `None` when that leads out of the repository.
fn beside(path: &BStr, relative: &str) -> Option<BString> {
    let mut steps: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    steps.pop();
    for step in relative.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()?),
            name => steps.push(name.as_bytes()),
        }
    }
    (!steps.is_empty()).then(|| bstr::join("/", steps).into())
}

/// Names of addresses often have no ending; the files do.
fn candidates(path: BString) -> Vec<BString> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if name.contains(&b'.') {
        return vec![path];
    }
    let ends = ["", ".json", ".schema.json", ".yaml", ".yml"];
    ends.iter().map(|end| [path.as_bytes(), end.as_bytes()].concat().into()).collect()
}
