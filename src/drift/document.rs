//! A JSON or YAML file as a tree that knows where each of its parts stands.
//!
//! Owns what such a file may be at all: one spelling of each key, bounded depth, nothing that two readers take
//! differently. Must not know what the document means. Numbers keep no value: no schema's fields depend on one.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::escape::excerpt;

use super::shape::Unread;

mod json;
#[cfg(feature = "openapi")]
mod places;
#[cfg(feature = "openapi")]
mod yaml;

#[cfg(test)]
mod tests;

pub use json::read as json;
#[cfg(feature = "openapi")]
pub use yaml::read as yaml;

/// The deepest nesting; a value that is no array and no object has depth 0.
pub const MAX_DEPTH: usize = 128;

/// Below this many keys, comparing each with each is faster than hashing them.
const FEW: usize = 12;

/// A value and where it begins, in bytes from the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// Where: an array's or object's bracket in JSON, a string's quote.
    pub at: u32,
    /// What.
    pub value: Value<'a>,
}

/// What a document is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number,
    /// A text.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Node<'a>>),
    /// Members in the order of the file, each key once.
    Object(Vec<Entry<'a>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name. YAML's keys that are no texts are what they are written as: `200`.
    pub key: Cow<'a, str>,
    /// Where the name begins: its quote, where it has one.
    pub at: u32,
    /// What stands behind it.
    pub node: Node<'a>,
}

impl<'a> Node<'a> {
    /// The value behind a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The member with a key.
    pub fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The members; of anything but an object none.
    pub fn entries(&self) -> &[Entry<'a>] {
        if let Value::Object(entries) = &self.value { entries } else { &[] }
    }

    /// The items; of anything but an array none.
    pub fn items(&self) -> &[Self] {
        if let Value::Array(items) = &self.value { items } else { &[] }
    }

    /// The text; of anything else none.
    pub fn text(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// Whether it has members.
    pub fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }
}

/// Reads a file as its name ends, and one that ends otherwise as what its first character says: JSON or YAML.
///
/// # Errors
///
/// What is wrong, and where.
pub fn read<'a>(path: &[u8], text: &'a str) -> Result<Node<'a>, Unread> {
    let is_yaml = match path.rsplit(|byte| *byte == b'.').next() {
        Some(b"json") => false,
        Some(b"yaml" | b"yml") => true,
        _ => !text.trim_start().starts_with(['{', '[']),
    };
    if !is_yaml {
        return json(text);
    }
    #[cfg(feature = "openapi")]
    return yaml(text);
    #[cfg(not(feature = "openapi"))]
    return Err(Unread::new(0, "this refgate was built without YAML"));
}

/// An offset as shapes have it; files are far smaller than what does not fit.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Members as the value that they make.
fn object<'a>(entries: Vec<Entry<'a>>) -> Result<Value<'a>, Unread> {
    match twice(&entries) {
        Some(entry) => {
            let key = excerpt(&entry.key);
            Err(Unread::new(entry.at, format!("the key \"{key}\" stands twice; write it once")))
        }
        None => Ok(Value::Object(entries)),
    }
}

/// The first member whose key another one before it has.
fn twice<'n, 'a>(entries: &'n [Entry<'a>]) -> Option<&'n Entry<'a>> {
    if entries.len() <= FEW {
        let before = |index: usize, key: &str| entries.iter().take(index).any(|entry| entry.key == key);
        return entries.iter().enumerate().find(|(index, entry)| before(*index, &entry.key)).map(|(_, entry)| entry);
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().find(|entry| !seen.insert(entry.key.as_ref()))
}

fn too_deep(at: u32) -> Unread {
    Unread::new(at, format!("nested deeper than {MAX_DEPTH} levels; write it flatter"))
}
