//! YAML 1.2 (core schema) with places.
//!
//! Anchors, aliases and merge keys are followed, to a bound. What readers of YAML take differently is refused: directives,
//! several documents, tags of one's own, keys that are no scalars, duplicate keys.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::escape::one_line;

use super::places::Places;
use super::{Entry, MAX_DEPTH, Node, Unread, Value, object, offset, too_deep};

mod scalar;

/// What anchors and aliases may add to a document: nodes, and bytes of texts that are not as they are written.
const MAX_COPIED: usize = 1 << 18;

/// Reads one YAML document. One without any content is `null`.
///
/// # Errors
///
/// What is wrong and where.
pub fn read(text: &str) -> Result<Node<'_>, Unread> {
    let odd = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{feff}';
    if let Some((at, _)) = text.char_indices().find(|(_, c)| odd(*c)) {
        return Err(Unread::new(offset(at), "YAML has no control characters and no byte order mark; remove this one"));
    }
    let mut builder = Builder::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let at = offset(builder.places.byte(error.marker().index()));
                return Err(Unread::new(at, format!("the YAML does not parse: {}", one_line(error.info()))));
            }
        }
    }
    Ok(builder.root.unwrap_or(Node { at: 0, value: Value::Null }))
}

/// A node and what a copy of it costs.
#[derive(Clone)]
struct Sized<'a> {
    node: Node<'a>,
    cost: usize,
}

/// A collection that is not at its end.
struct Frame<'a> {
    at: u32,
    anchor: usize,
    cost: usize,
    parts: Parts<'a>,
}

enum Parts<'a> {
    Sequence(Vec<Node<'a>>),
    Mapping { entries: Vec<Entry<'a>>, merged: Option<Node<'a>>, key: Option<Key<'a>> },
}

enum Key<'a> {
    Name(Cow<'a, str>, u32),
    /// `<<`.
    Merge,
}

struct Builder<'a> {
    places: Places<'a>,
    text: &'a str,
    open: Vec<Frame<'a>>,
    anchors: BTreeMap<usize, Sized<'a>>,
    copied: usize,
    documents: usize,
    root: Option<Node<'a>>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let places = Places::new(text);
        Self { places, text, open: Vec::new(), anchors: BTreeMap::new(), copied: 0, documents: 0, root: None }
    }

    fn take(&mut self, event: Event<'a>, span: Span) -> Result<(), Unread> {
        let at = offset(self.places.byte(span.start.index()));
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), at),
            Event::SequenceStart(anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), "tag:yaml.org,2002:seq", Parts::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                let parts = Parts::Mapping { entries: Vec::new(), merged: None, key: None };
                self.begin(at, anchor, tag.as_deref(), "tag:yaml.org,2002:map", parts)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn document(&mut self, at: u32) -> Result<(), Unread> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Unread::new(at, "the file has several YAML documents; keep one in a file"));
        }
        let before = usize::try_from(at).ok().and_then(|at| self.text.get(..at)).unwrap_or_default();
        if before.lines().any(|line| line.starts_with('%')) {
            return Err(Unread::new(0, "YAML directives change what the file means; leave them out"));
        }
        Ok(())
    }

    fn begin(&mut self, at: u32, anchor: usize, tag: Option<&Tag>, fits: &str, parts: Parts<'a>) -> Result<(), Unread> {
        if tag.is_some_and(|tag| name(tag) != fits) {
            return Err(odd_tag(at));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(at));
        }
        if let Some(Frame { parts: Parts::Mapping { key: None, .. }, .. }) = self.open.last() {
            return Err(odd_key(at));
        }
        self.open.push(Frame { at, anchor, cost: 1, parts });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unread> {
        let Some(Frame { at, anchor, cost, parts }) = self.open.pop() else { return Ok(()) };
        let value = match parts {
            Parts::Sequence(items) => Value::Array(items),
            Parts::Mapping { entries, merged: None, .. } => object(entries)?,
            Parts::Mapping { entries, merged: Some(merged), .. } => merge(entries, merged)?,
        };
        self.put(Sized { node: Node { at, value }, cost }, anchor)
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: u32,
    ) -> Result<(), Unread> {
        let is_plain = style == ScalarStyle::Plain;
        let cost = 1 + if let Cow::Owned(text) = &text { text.len() } else { 0 };
        if let Some(Frame { parts: Parts::Mapping { entries: _, merged, key: key @ None }, cost: sum, .. }) =
            self.open.last_mut()
        {
            if anchor > 0 || tag.is_some() || (is_plain && text.is_empty()) {
                return Err(odd_key(at));
            }
            *key = Some(match is_plain && text == "<<" {
                true if merged.is_some() => return Err(Unread::new(at, "the key \"<<\" stands twice; write it once")),
                true => Key::Merge,
                false => Key::Name(text, at),
            });
            *sum += cost;
            return Ok(());
        }
        let value = match tag {
            None if is_plain => scalar::plain(text),
            None => Value::String(text),
            Some(tag) => scalar::tagged(text, &name(tag)).ok_or_else(|| odd_tag(at))?,
        };
        self.put(Sized { node: Node { at, value }, cost }, anchor)
    }

    fn alias(&mut self, anchor: usize, at: u32) -> Result<(), Unread> {
        if let Some(Frame { parts: Parts::Mapping { key: None, .. }, .. }) = self.open.last() {
            return Err(odd_key(at));
        }
        let Some(cost) = self.anchors.get(&anchor).map(|target| target.cost) else {
            return Err(Unread::new(at, "an alias of what it lies in; write it out"));
        };
        self.copy(cost, at)?;
        let Some(target) = self.anchors.get(&anchor).cloned() else { return Ok(()) };
        if self.open.len() + depth(&target.node) > MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.put(target, 0)
    }

    /// Counts what is about to be copied.
    fn copy(&mut self, cost: usize, at: u32) -> Result<(), Unread> {
        self.copied += cost;
        if self.copied > MAX_COPIED {
            return Err(Unread::new(at, "anchors and aliases make too much of the file; write it out"));
        }
        Ok(())
    }

    /// Takes a value that is whole into what it lies in.
    fn put(&mut self, whole: Sized<'a>, anchor: usize) -> Result<(), Unread> {
        let at = whole.node.at;
        if anchor > 0 {
            self.copy(whole.cost, at)?;
            self.anchors.insert(anchor, whole.clone());
        }
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(whole.node);
            return Ok(());
        };
        frame.cost += whole.cost;
        match &mut frame.parts {
            Parts::Sequence(items) => items.push(whole.node),
            Parts::Mapping { entries, merged, key } => match key.take() {
                Some(Key::Name(key, at)) => entries.push(Entry { key, at, node: whole.node }),
                Some(Key::Merge) => *merged = Some(whole.node),
                None => return Err(odd_key(at)),
            },
        }
        Ok(())
    }
}

/// Adds the members of mappings that a merge key names; own members win, then those of earlier mappings.
fn merge<'a>(own: Vec<Entry<'a>>, merged: Node<'a>) -> Result<Value<'a>, Unread> {
    let at = merged.at;
    let sources = match merged.value {
        Value::Array(items) => items,
        value => vec![Node { at, value }],
    };
    let Value::Object(mut entries) = object(own)? else { return Ok(Value::Null) };
    let mut seen: BTreeSet<String> = entries.iter().map(|entry| entry.key.to_string()).collect();
    for source in sources {
        let Value::Object(more) = source.value else {
            return Err(Unread::new(source.at, "the key \"<<\" takes a mapping or a list of mappings"));
        };
        entries.extend(more.into_iter().filter(|entry| seen.insert(entry.key.to_string())));
    }
    Ok(Value::Object(entries))
}

/// How many collections lie in one another; a copy is made only of what has a bounded depth.
fn depth(node: &Node<'_>) -> usize {
    match &node.value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.iter().map(|entry| depth(&entry.node)).max().unwrap_or(0),
        _ => 0,
    }
}

fn name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

fn odd_tag(at: u32) -> Unread {
    Unread::new(at, "the tag is none of YAML's own that fits here; leave it out")
}

fn odd_key(at: u32) -> Unread {
    Unread::new(at, "a key is a plain or quoted text without tag, anchor or alias")
}
