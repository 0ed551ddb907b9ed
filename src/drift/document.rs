//! A JSON or YAML file as values that know where each of them stands.
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

#[cfg(test)]
use json::items_of as json_items_of;
pub use json::{items as json_items, read as json};
#[cfg(feature = "openapi")]
pub use yaml::read as yaml;

/// The deepest nesting; a value that is no array and no object has depth 0.
pub const MAX_DEPTH: usize = 128;

/// Up to so many keys, comparing each with each is faster than hashing them: most differ in length.
const FEW: usize = 32;

/// A document: its values in the order of the file, each before what lies in it, and the name of a member before its
/// value. They are one list: so they are made without a piece of memory for each, and walked in their order.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    parts: Vec<Part>,
    /// The texts that the file spells otherwise.
    spelt: Vec<Cow<'a, str>>,
}

/// A value or the name of a member.
#[derive(Clone, Copy, Debug)]
struct Part {
    at: u32,
    value: Value,
}

/// What a document is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number,
    /// A text: [`Node::text`].
    String(Text),
    /// A list ([`Node::items`]), with the number of parts in it, however deep.
    Array(u32),
    /// Members in the order of the file, each key once ([`Node::entries`]), likewise.
    Object(u32),
}

/// Where a text is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// In the file right behind its quote, so many bytes.
    InFile(u32),
    /// Among those that the file spells otherwise.
    Spelt(u32),
}

/// A value of a document and where it begins, in bytes from the beginning of the file.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    /// Where: an array's or object's bracket in JSON, a string's quote.
    pub at: u32,
    /// What.
    pub value: Value,
    inside: &'d [Part],
    document: &'d Document<'d>,
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    /// Its name. YAML's keys that are no texts are what they are written as: `200`.
    pub key: &'d str,
    /// Where the name begins: its quote, where it has one.
    pub at: u32,
    /// What stands behind it.
    pub node: Node<'d>,
}

impl<'a> Document<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, parts: Vec::new(), spelt: Vec::new() }
    }

    /// The value that all others lie in; `null` where there is none.
    pub fn root(&self) -> Node<'_> {
        self.node(0)
    }

    /// The value at a place.
    fn node(&self, place: usize) -> Node<'_> {
        let nothing = Node { at: 0, value: Value::Null, inside: &[], document: self };
        let own = self.parts.get(place..).and_then(|parts| each(parts).next());
        own.and_then(|own| Node::of(own, self)).unwrap_or(nothing)
    }

    fn text(&self, part: Part) -> Option<&str> {
        match part.value {
            Value::String(Text::InFile(len)) => {
                let start = usize::try_from(part.at).ok()? + 1;
                self.text.get(start..start + usize::try_from(len).ok()?)
            }
            Value::String(Text::Spelt(place)) => self.spelt.get(usize::try_from(place).ok()?).map(|text| &**text),
            _ => None,
        }
    }

    /// Forgets all values.
    fn clear(&mut self) {
        self.parts.clear();
        self.spelt.clear();
    }

    /// Adds a part and says its place; in an array or object lies all that is added before it is closed.
    fn push(&mut self, part: Part) -> usize {
        self.parts.push(part);
        self.parts.len() - 1
    }

    /// Keeps a text that is not what stands behind its quote.
    fn spelt(&mut self, text: Cow<'a, str>) -> Value {
        self.spelt.push(text);
        Value::String(Text::Spelt(offset(self.spelt.len() - 1)))
    }

    /// Ends the array or object at a place.
    fn close(&mut self, place: usize) {
        let inside = offset(self.parts.len().saturating_sub(place + 1));
        if let Some(Part { value: Value::Array(count) | Value::Object(count), .. }) = self.parts.get_mut(place) {
            *count = inside;
        }
    }

    /// Refuses an object with two members of one name.
    fn once(&self, names: &[Part]) -> Result<(), Unread> {
        let twice = if names.len() <= FEW {
            let until = (0..names.len()).filter_map(|last| names.get(..=last)?.split_last());
            let mut twice = until.filter(|(name, before)| before.iter().any(|one| self.is_same(*one, **name)));
            twice.next().map(|(name, _)| name)
        } else {
            let mut seen = HashSet::new();
            names.iter().find(|name| !seen.insert(self.text(**name)))
        };
        let Some(name) = twice else { return Ok(()) };
        let key = excerpt(self.text(*name).unwrap_or_default());
        Err(Unread::new(name.at, format!("the key \"{key}\" stands twice; write it once")))
    }

    /// Whether two texts are the same.
    fn is_same(&self, one: Part, other: Part) -> bool {
        match (one.value, other.value) {
            (Value::String(Text::InFile(one)), Value::String(Text::InFile(other))) if one != other => false,
            _ => self.text(one) == self.text(other),
        }
    }
}

impl Part {
    /// How many parts it is with all that lies in it.
    fn size(self) -> usize {
        let inside = if let Value::Array(count) | Value::Object(count) = self.value { count } else { 0 };
        usize::try_from(inside).map_or(usize::MAX, |inside| inside.saturating_add(1))
    }
}

/// Takes parts that stand beside each other apart, each with all that lies in it.
fn each(mut parts: &[Part]) -> impl Iterator<Item = &[Part]> {
    std::iter::from_fn(move || {
        let (one, others) = parts.split_at_checked(parts.first()?.size())?;
        parts = others;
        Some(one)
    })
}

impl<'d> Node<'d> {
    fn of(parts: &'d [Part], document: &'d Document<'d>) -> Option<Self> {
        let (Part { at, value }, inside) = parts.split_first()?;
        Some(Self { at: *at, value: *value, inside, document })
    }

    /// The value behind a key.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entry(key).map(|entry| entry.node)
    }

    /// The member with a key.
    pub fn entry(self, key: &str) -> Option<Entry<'d>> {
        self.entries().find(|entry| entry.key == key)
    }

    /// The members; of anything but an object none.
    pub fn entries(self) -> impl Iterator<Item = Entry<'d>> {
        let mut parts = each(if self.is_object() { self.inside } else { &[] });
        std::iter::from_fn(move || {
            let (name, value) = (parts.next()?.first()?, parts.next()?);
            Some(Entry { key: self.document.text(*name)?, at: name.at, node: Self::of(value, self.document)? })
        })
    }

    /// The items; of anything but an array none.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let parts = each(if self.is_array() { self.inside } else { &[] });
        parts.filter_map(move |item| Self::of(item, self.document))
    }

    /// The text; of anything else none.
    pub fn text(self) -> Option<&'d str> {
        self.document.text(Part { at: self.at, value: self.value })
    }

    /// Whether it has members.
    pub const fn is_object(self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// Whether it has items.
    pub const fn is_array(self) -> bool {
        matches!(self.value, Value::Array(_))
    }

    /// Whether it is that very value, and not another one that says the same.
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.inside.as_ptr(), other.inside.as_ptr())
    }
}

/// Documents are alike that say the same at the same places.
impl PartialEq for Document<'_> {
    fn eq(&self, other: &Self) -> bool {
        let is_alike = |(own, others): (&Part, &Part)| {
            let is_same = match (self.text(*own), other.text(*others)) {
                (None, None) => own.value == others.value,
                (own, others) => own == others,
            };
            own.at == others.at && is_same
        };
        self.parts.len() == other.parts.len() && self.parts.iter().zip(&other.parts).all(is_alike)
    }
}

/// Reads a file as its name ends, and one that ends otherwise as what its first character says: JSON or YAML.
///
/// # Errors
///
/// What is wrong, and where.
pub fn read<'a>(path: &[u8], text: &'a str) -> Result<Document<'a>, Unread> {
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

fn too_deep(at: u32) -> Unread {
    Unread::new(at, format!("nested deeper than {MAX_DEPTH} levels; write it flatter"))
}
