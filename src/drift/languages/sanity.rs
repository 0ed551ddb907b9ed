//! The array of types that `sanity schema extract` writes.
//!
//! Documents list their `attributes`, other types have a `value`. Names that begin with an underscore (`_id`, `_type`,
//! `_key`, `_ref`) are Sanity's own, whose schemas refuse them for fields: they are left out, so a reference is an object
//! without members. An item that is nothing but a named type with a `_key` is that type.

use crate::drift::document::{self, Entry, Node};
use crate::drift::shape::{Definition, Kind, Member, Module, Shape, Unread};
use crate::escape::excerpt;

use super::Source;

#[cfg(test)]
mod tests;

pub(super) fn read(source: &Source<'_>) -> Module {
    let items = match document::json_items(source.text, definition) {
        Ok(Ok(items)) => items,
        Ok(Err(at)) => return Module::unread(at, "this is no array of types, as `sanity schema extract` writes it"),
        Err(problem) => return Module { unread: vec![problem], ..Module::default() },
    };
    let mut module = Module::default();
    for item in items {
        match item {
            Ok(definition) => module.definitions.push(definition),
            Err(unread) => module.unread.push(unread),
        }
    }
    module
}

fn definition(node: Node<'_>) -> Result<Definition, Unread> {
    let name = node.get("name").ok_or_else(|| Unread::new(node.at, "this type has no `name`"))?;
    let text = name.text().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Unread::new(name.at, "the name of a type is a text"))?;
    let shape = match word(node, "type")? {
        "document" => object(node),
        "type" => match node.get("value") {
            Some(value) => shape(value).unwrap_or(Shape::Opaque),
            None => return Err(Unread::new(node.at, "this type has no `value`")),
        },
        other => return Err(unknown(node, other)),
    };
    Ok(Definition { name: text.to_owned(), at: name.at, shape, case: None })
}

/// What a value is; `None` for `null`.
fn shape(node: Node<'_>) -> Option<Shape> {
    let shape = match word(node, "type") {
        Ok("null") => return None,
        Ok("string") => scalar(node, Kind::String),
        Ok("number") => scalar(node, Kind::Number),
        Ok("boolean") => scalar(node, Kind::Boolean),
        Ok("unknown") => Shape::Opaque,
        Ok("object") => object(node),
        Ok("array") => match node.get("of") {
            Some(of) => Shape::Array(Box::new(shape(of).unwrap_or(Shape::Opaque))),
            None => Shape::unread(node.at, "this array does not say of what"),
        },
        Ok("union") => return union(node),
        Ok("inline") => match word(node, "name") {
            Ok(name) => Shape::exactly(name, node.get("name").map_or(node.at, |name| name.at)),
            Err(unread) => Shape::Unread(unread),
        },
        Ok(other) => Shape::Unread(unknown(node, other)),
        Err(unread) => Shape::Unread(unread),
    };
    Some(shape)
}

/// A literal has its `value`.
fn scalar(node: Node<'_>, kind: Kind) -> Shape {
    Shape::Scalar { kind, enumerated: node.get("value").is_some() }
}

fn union(node: Node<'_>) -> Option<Shape> {
    match node.get("of") {
        Some(of) if of.is_array() => Shape::one_of(of.items().filter_map(shape).collect()),
        Some(of) => Some(Shape::unread(of.at, "`of` of a union is an array")),
        None => Some(Shape::unread(node.at, "this union does not say of what")),
    }
}

/// The members of an object, with those of its `rest`: a type that it extends, or more members.
fn object(node: Node<'_>) -> Shape {
    let own = match node.get("attributes") {
        Some(attributes) if attributes.is_object() => {
            let fields = attributes.entries().filter(|entry| !entry.key.starts_with('_'));
            Shape::Object(fields.map(member).collect())
        }
        Some(other) => Shape::unread(other.at, "`attributes` is an object"),
        None => Shape::unread(node.at, "this object has no `attributes`"),
    };
    let Some(rest) = node.get("rest").and_then(shape) else { return own };
    if own == Shape::Object(Vec::new()) { rest } else { Shape::All(vec![rest, own]) }
}

fn member(entry: Entry<'_>) -> Member {
    let shape = match (word(entry.node, "type"), entry.node.get("value")) {
        (Ok("objectAttribute"), Some(value)) => shape(value).unwrap_or(Shape::Opaque),
        (Ok("objectAttribute"), None) => Shape::unread(entry.node.at, "this attribute has no `value`"),
        (Ok(other), _) => Shape::Unread(unknown(entry.node, other)),
        (Err(unread), _) => Shape::Unread(unread),
    };
    Member::new(entry.key, entry.at, shape)
}

/// The text behind a key.
fn word<'n>(node: Node<'n>, key: &str) -> Result<&'n str, Unread> {
    let value = node.get(key).ok_or_else(|| Unread::new(node.at, format!("there is no `{key}` here")))?;
    value.text().ok_or_else(|| Unread::new(value.at, format!("`{key}` is a text")))
}

fn unknown(node: Node<'_>, word: &str) -> Unread {
    let at = node.get("type").map_or(node.at, |word| word.at);
    Unread::new(at, format!("nothing is known of the type \"{}\"", excerpt(word)))
}
