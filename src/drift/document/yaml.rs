//! YAML 1.2 (core schema) with places.
//!
//! Anchors, aliases and merge keys are followed, to a bound. What readers of YAML take differently is refused: directives,
//! several documents, tags of one's own, keys that are no scalars, duplicate keys.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::escape::one_line;

use super::places::Places;
use super::{Document, MAX_DEPTH, Part, Unread, Value, each, offset, too_deep};

mod scalar;

/// What anchors and aliases may add to a document: nodes, and bytes of texts that are not as they are written.
const MAX_COPIED: usize = 1 << 18;

/// Reads one YAML document. One without any content is `null`.
///
/// # Errors
///
/// What is wrong and where.
pub fn read(text: &str) -> Result<Document<'_>, Unread> {
    let odd = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{feff}';
    if let Some((at, _)) = text.char_indices().find(|(_, c)| odd(*c)) {
        return Err(Unread::new(offset(at), "YAML has no control characters and no byte order mark; remove this one"));
    }
    // Of YAML 1.1 and 1.2 only one takes these for the end of a line, and so of a comment.
    if let Some((at, _)) = text.char_indices().find(|(_, c)| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')) {
        return Err(Unread::new(offset(at), "readers of YAML differ on whether this character ends a line; remove it"));
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
    Ok(builder.document)
}

/// A value that has an anchor, and what a copy of it costs.
struct Anchored {
    parts: Vec<Part>,
    cost: usize,
}

/// A collection that is not at its end.
struct Frame {
    place: usize,
    anchor: usize,
    cost: usize,
    next: Next,
    /// Where the value of `<<` is, once that came.
    merged: Option<usize>,
}

/// What comes next in a collection.
#[derive(PartialEq)]
enum Next {
    Item,
    Key,
    Value,
}

struct Builder<'a> {
    places: Places<'a>,
    text: &'a str,
    document: Document<'a>,
    open: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    copied: usize,
    documents: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let (places, document) = (Places::new(text), Document::new(text));
        Self { places, text, document, open: Vec::new(), anchors: BTreeMap::new(), copied: 0, documents: 0 }
    }

    fn take(&mut self, event: Event<'a>, span: Span) -> Result<(), Unread> {
        let at = offset(self.places.byte(span.start.index()));
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), at),
            Event::SequenceStart(anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), "tag:yaml.org,2002:seq", Value::Array(0))
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), "tag:yaml.org,2002:map", Value::Object(0))
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

    fn begin(&mut self, at: u32, anchor: usize, tag: Option<&Tag>, fits: &str, value: Value) -> Result<(), Unread> {
        if tag.is_some_and(|tag| name(tag) != fits) {
            return Err(odd_tag(at));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(at));
        }
        if self.wants_key() {
            return Err(odd_key(at));
        }
        let next = if matches!(value, Value::Object(_)) { Next::Key } else { Next::Item };
        let place = self.document.push(Part { at, value });
        self.open.push(Frame { place, anchor, cost: 1, next, merged: None });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unread> {
        let Some(Frame { place, anchor, cost, next, merged }) = self.open.pop() else { return Ok(()) };
        let merged = merged.map(|at| self.take_out(at));
        if next != Next::Item {
            let inside = self.document.parts.get(place + 1..).unwrap_or_default();
            let names: Vec<Part> = each(inside).step_by(2).filter_map(<[Part]>::first).copied().collect();
            self.document.once(&names)?;
        }
        self.document.close(place);
        if let Some(merged) = merged {
            self.merge(place, &merged)?;
        }
        self.whole(place, cost, anchor)
    }

    /// Whether what comes next is the key of a member.
    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.next == Next::Key)
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
        if let Some(frame) = self.open.last_mut().filter(|frame| frame.next == Next::Key) {
            if anchor > 0 || tag.is_some() || (is_plain && text.is_empty()) {
                return Err(odd_key(at));
            }
            if !is_plain || text != "<<" {
                let value = self.document.spelt(text);
                self.document.push(Part { at, value });
            } else if frame.merged.replace(self.document.parts.len()).is_some() {
                return Err(Unread::new(at, "the key \"<<\" stands twice; write it once"));
            }
            frame.next = Next::Value;
            frame.cost += cost;
            return Ok(());
        }
        let value = match tag {
            None if is_plain => scalar::plain(&text),
            None => None,
            Some(tag) => scalar::tagged(&text, &name(tag)).ok_or_else(|| odd_tag(at))?,
        };
        let value = value.unwrap_or_else(|| self.document.spelt(text));
        let place = self.document.push(Part { at, value });
        self.whole(place, cost, anchor)
    }

    fn alias(&mut self, anchor: usize, at: u32) -> Result<(), Unread> {
        if self.wants_key() {
            return Err(odd_key(at));
        }
        let Some(cost) = self.anchors.get(&anchor).map(|target| target.cost) else {
            return Err(Unread::new(at, "an alias of what it lies in; write it out"));
        };
        self.copy(cost, at)?;
        let parts = self.anchors.get(&anchor).map(|target| target.parts.as_slice()).unwrap_or_default();
        if self.open.len() + depth(parts) > MAX_DEPTH {
            return Err(too_deep(at));
        }
        let place = self.document.parts.len();
        self.document.parts.extend_from_slice(parts);
        self.whole(place, cost, 0)
    }

    /// Counts what is about to be copied.
    fn copy(&mut self, cost: usize, at: u32) -> Result<(), Unread> {
        self.copied += cost;
        if self.copied > MAX_COPIED {
            return Err(Unread::new(at, "anchors and aliases make too much of the file; write it out"));
        }
        Ok(())
    }

    /// A value is whole, the last one so far.
    fn whole(&mut self, place: usize, cost: usize, anchor: usize) -> Result<(), Unread> {
        if anchor > 0 {
            self.copy(cost, self.document.node(place).at)?;
            let parts = self.document.parts.get(place..).unwrap_or_default().to_vec();
            self.anchors.insert(anchor, Anchored { parts, cost });
        }
        if let Some(frame) = self.open.last_mut() {
            frame.cost += cost;
            if frame.next == Next::Value {
                frame.next = Next::Key;
            }
        }
        Ok(())
    }

    /// Takes a value out of an object.
    fn take_out(&mut self, place: usize) -> Vec<Part> {
        let parts = &mut self.document.parts;
        let end = parts.get(place).map_or(place, |part| place + part.size());
        parts.drain(place..end).collect()
    }

    /// Adds the members of mappings that a merge key names; own members win, then those of earlier mappings.
    fn merge(&mut self, place: usize, merged: &[Part]) -> Result<(), Unread> {
        let own = self.document.node(place).entries();
        let mut seen: BTreeSet<String> = own.map(|entry| entry.key.to_owned()).collect();
        let sources = match merged {
            [Part { value: Value::Array(_), .. }, items @ ..] => items,
            one => one,
        };
        for source in each(sources) {
            let [Part { at, value }, members @ ..] = source else { continue };
            if !matches!(value, Value::Object(_)) {
                return Err(Unread::new(*at, "the key \"<<\" takes a mapping or a list of mappings"));
            }
            let mut members = each(members);
            while let (Some([name]), Some(value)) = (members.next(), members.next()) {
                if self.document.text(*name).is_some_and(|name| seen.insert(name.to_owned())) {
                    self.document.parts.push(*name);
                    self.document.parts.extend_from_slice(value);
                }
            }
        }
        self.document.close(place);
        Ok(())
    }
}

/// How many collections lie in one another; a copy is made only of what has a bounded depth.
fn depth(parts: &[Part]) -> usize {
    let of = |one: &[Part]| match one {
        [Part { value: Value::Array(_) | Value::Object(_), .. }, inside @ ..] => 1 + depth(inside),
        _ => 0,
    };
    each(parts).map(of).max().unwrap_or(0)
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
