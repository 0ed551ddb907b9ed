//! JSON (RFC 8259) with places.
//!
//! Most of a document is brackets, keys and plain texts, which are taken here as they stand; what takes more looking
//! at (numbers, escapes, and what is no value at all) is the library's, whose words every refusal has.

use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::ByteSlice;
use jiter::{Jiter, JiterError, Peek};
use memchr::memmem;

use super::{Document, MAX_DEPTH, Node, Part, Text, Unread, Value, offset, too_deep};

/// Reads one JSON document.
///
/// # Errors
///
/// What is wrong and where, for all that RFC 8259 refuses, and for duplicate keys at any depth, lone surrogates, a byte
/// order mark, UTF-16, numbers beyond a double, and more than [`MAX_DEPTH`] levels.
pub fn read(text: &str) -> Result<Document<'_>, Unread> {
    let mut reader = Reader::new(text)?;
    reader.value(0)?;
    reader.end()
}

/// Shorter texts, in bytes, are read before a thread would be there.
const WORTH_A_THREAD: usize = 256 << 10;
/// In how many parts a longer one is read: few enough to be worth their beginning, and enough for no thread to wait long
/// for the other.
const PARTS: usize = 8;
/// The place of nothing.
const NOWHERE: u32 = u32::MAX;

/// Reads one JSON document and what is made of each of its items, as soon as it is read: what was kept of it makes room
/// for the next, and memory that is touched for the first time costs more than reading. Of a document that is no list it is
/// said where it begins.
///
/// # Errors
///
/// As [`read`].
pub fn items<T: Send>(text: &str, make: impl Fn(Node<'_>) -> T + Sync) -> Result<Result<Vec<T>, u32>, Unread> {
    items_of(text, WORTH_A_THREAD, make)
}

/// As [`items`], by two threads where the text is so long.
///
/// They take turns at parts that begin where an item seems to begin. Whoever reads the part before finds out whether one
/// does: then all that lies behind it is read as it should be, for nothing before an item says how it is read; else what
/// came before is read on to the end, and the parts behind it were read in vain.
pub(super) fn items_of<T: Send>(
    text: &str,
    long: usize,
    make: impl Fn(Node<'_>) -> T + Sync,
) -> Result<Result<Vec<T>, u32>, Unread> {
    let mut reader = Reader::new(text)?;
    if reader.next() != Some(b'[') {
        reader.value(0)?;
        return Ok(Err(reader.end()?.root().at));
    }
    let first = reader.behind();
    let parts = if text.len() < long { Vec::new() } else { reader.parts() };
    if parts.len() < 2 {
        return reader.each(first, NOWHERE, &make).map(|(items, _)| Ok(items));
    }
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut read = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(begin) = parts.get(turn) else { return read };
            let until = parts.get(turn + 1).map_or(NOWHERE, |next| offset(*next));
            let part = Reader::from(text, *begin).each(Some(b'{'), until, &make);
            if part.as_ref().is_ok_and(|(_, met)| !met) {
                next.store(parts.len(), Ordering::Relaxed);
            }
            read.push((turn, part));
        }
    };
    let mut read = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, take_turns);
        let mut read = take_turns();
        if let Ok(thread) = thread {
            let ended = |_| Unread::new(0, "a thread of refgate's own ended early; please report it");
            read.extend(thread.join().map_err(ended)?);
        }
        Ok(read)
    })?;
    read.sort_unstable_by_key(|(turn, _)| *turn);
    let mut items = Vec::new();
    for (_, part) in read {
        let (own, met) = part?;
        items.extend(own);
        if !met {
            break;
        }
    }
    Ok(Ok(items))
}

struct Reader<'a> {
    rest: &'a [u8],
    document: Document<'a>,
    /// The names of the members so far of all objects that are not at their end.
    names: Vec<Part>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, Unread> {
        if text.starts_with('\u{feff}') || text.bytes().take(4).any(|byte| byte == 0) {
            let reason = "the file begins with a byte order mark or is UTF-16; save it as UTF-8 without a mark";
            return Err(Unread::new(0, reason));
        }
        Ok(Self::from(text, 0))
    }

    /// A reader of what stands behind an offset.
    fn from(text: &'a str, at: usize) -> Self {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        Self { rest, document: Document::new(text), names: Vec::new() }
    }

    /// Nothing comes behind the document.
    fn end(mut self) -> Result<Document<'a>, Unread> {
        match self.next() {
            None => Ok(self.document),
            Some(_) => Err(self.no("trailing characters")),
        }
    }

    /// Where what comes next begins.
    fn at(&self) -> u32 {
        offset(self.document.text.len().saturating_sub(self.rest.len()))
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// What comes next behind white space.
    fn next(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
            self.skip(spaces(rest));
        }
        self.rest.first().copied()
    }

    /// What comes behind the mark that comes next.
    fn behind(&mut self) -> Option<u8> {
        self.skip(1);
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<(), Unread> {
        match self.next() {
            Some(b'[' | b'{') if depth == MAX_DEPTH => Err(too_deep(self.at())),
            Some(b'[') => self.array(depth + 1),
            Some(b'{') => self.object(depth + 1),
            Some(b'"') => self.string(),
            _ => self.other(),
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Unread> {
        let place = self.document.push(Part { at: self.at(), value: Value::Array(0) });
        let first = self.behind();
        self.list(first, depth, NOWHERE, |_| ())?;
        self.document.close(place);
        Ok(())
    }

    /// The items of a list from this one on; something is done whenever one is read. Whether one begins at `until` is
    /// returned, which is not read then.
    fn list(
        &mut self,
        first: Option<u8>,
        depth: usize,
        until: u32,
        mut then: impl FnMut(&mut Document<'a>),
    ) -> Result<bool, Unread> {
        let mut next = first;
        while next != Some(b']') {
            if next.is_none() {
                return Err(self.no("EOF while parsing a list"));
            }
            if self.at() == until {
                return Ok(true);
            }
            self.value(depth)?;
            then(&mut self.document);
            next = self.step(b']', "expected `,` or `]`", "EOF while parsing a list")?;
        }
        self.skip(1);
        Ok(false)
    }

    /// What is made of each item of the document from this one on, up to one that begins at `until`; and whether one does.
    fn each<T>(
        mut self,
        first: Option<u8>,
        until: u32,
        make: impl Fn(Node<'_>) -> T,
    ) -> Result<(Vec<T>, bool), Unread> {
        let mut items = Vec::new();
        let met = self.list(first, 1, until, |document| {
            items.push(make(document.root()));
            document.clear();
        })?;
        if !met {
            self.end()?;
        }
        Ok((items, met))
    }

    /// Where the first item begins, and in each further part of the text the first that seems to be one: where a line
    /// begins as the one of the first item does.
    fn parts(&self) -> Vec<usize> {
        let text = self.document.text.as_bytes();
        let first = text.len().saturating_sub(self.rest.len());
        let line =
            text.get(..first).and_then(|before| before.rfind_byte(b'\n')).filter(|_| self.rest.starts_with(b"{"));
        let Some(begin) = line.and_then(|line| text.get(line..=first)) else { return Vec::new() };
        let finder = memmem::Finder::new(begin);
        let mut parts = vec![first];
        for part in 1..PARTS {
            let from = (text.len() / PARTS * part).max(parts.last().map_or(0, |last| last + 1));
            let found = text.get(from..).and_then(|rest| finder.find(rest));
            parts.extend(found.map(|found| from + found + begin.len() - 1));
        }
        parts
    }

    fn object(&mut self, depth: usize) -> Result<(), Unread> {
        let place = self.document.push(Part { at: self.at(), value: Value::Object(0) });
        let own = self.names.len();
        let mut next = self.behind();
        while next != Some(b'}') {
            match next {
                Some(b'"') => self.string()?,
                Some(_) => return Err(self.no("key must be a string")),
                None => return Err(self.no("EOF while parsing an object")),
            }
            self.names.extend(self.document.parts.last());
            match self.next() {
                Some(b':') => self.skip(1),
                Some(_) => return Err(self.no("expected `:`")),
                None => return Err(self.no("EOF while parsing an object")),
            }
            self.value(depth)?;
            next = self.step(b'}', "expected `,` or `}`", "EOF while parsing an object")?;
        }
        self.skip(1);
        self.document.once(self.names.get(own..).unwrap_or_default())?;
        self.names.truncate(own);
        self.document.close(place);
        Ok(())
    }

    /// What comes behind an item or member: the first byte of the next one, or the bracket at the end.
    fn step(&mut self, end: u8, neither: &str, nothing: &str) -> Result<Option<u8>, Unread> {
        match self.next() {
            Some(b',') => match self.behind() {
                Some(byte) if byte == end => Err(self.no("trailing comma")),
                None => Err(self.no("EOF while parsing a value")),
                next => Ok(next),
            },
            Some(byte) if byte == end => Ok(Some(end)),
            Some(_) => Err(self.no(neither)),
            None => Err(self.no(nothing)),
        }
    }

    /// The string whose quote comes next: a value, or the name of a member.
    fn string(&mut self) -> Result<(), Unread> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let len = plain(inner);
        if inner.get(len) != Some(&b'"') {
            return self.spelt();
        }
        self.document.push(Part { at: self.at(), value: Value::String(Text::InFile(offset(len))) });
        self.skip(len + 2);
        Ok(())
    }

    /// A string with escapes, or none at all.
    #[cold]
    fn spelt(&mut self) -> Result<(), Unread> {
        let mut tokens = self.tokens();
        let text = tokens.next_str().map(str::to_owned).map_err(|error| self.problem(&error))?;
        let value = self.document.spelt(text.into());
        self.document.push(Part { at: self.at(), value });
        self.skip(tokens.current_index());
        Ok(())
    }

    /// A value that is no string, list or object, or no value at all.
    fn other(&mut self) -> Result<(), Unread> {
        let mut tokens = self.tokens();
        let first = tokens.peek().map_err(|error| self.problem(&error))?;
        let value = match first {
            Peek::Null => tokens.known_null().map(|()| Value::Null),
            Peek::True | Peek::False => tokens.known_bool(first).map(Value::Bool),
            _ => match tokens.known_number_bytes(first).map(is_finite) {
                Ok(false) => return Err(Unread::new(self.at(), "a number beyond a double")),
                read => read.map(|_| Value::Number),
            },
        };
        let value = value.map_err(|error| self.problem(&error))?;
        self.document.push(Part { at: self.at(), value });
        self.skip(tokens.current_index());
        Ok(())
    }

    /// The library's reader of what comes next.
    fn tokens(&self) -> Jiter<'a> {
        Jiter::new(self.rest)
    }

    fn problem(&self, error: &JiterError) -> Unread {
        let behind = self.rest.len().saturating_sub(error.index);
        let at = offset(self.document.text.len().saturating_sub(behind));
        Unread::new(at, format!("the JSON does not parse: {}", error.error_type))
    }

    /// What is wrong with what comes next.
    fn no(&self, what: &str) -> Unread {
        Unread::new(self.at(), format!("the JSON does not parse: {what}"))
    }
}

/// Eight bytes that are the same.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The place of the lowest bit of eight bytes in a word, by bytes; 8 where there is none.
fn lowest(word: u64) -> usize {
    usize::try_from(word.trailing_zeros() / 8).unwrap_or_default()
}

/// How many of the next eight bytes are spaces before anything else: most white space is before the lines of a file that
/// is indented.
fn spaces(text: &[u8]) -> usize {
    text.first_chunk().map_or(0, |next| lowest(u64::from_le_bytes(*next) ^ eight(b' ')))
}

/// How many bytes come before the first that is a quote, a backslash or a control character.
fn plain(text: &[u8]) -> usize {
    // A byte from which `less` is taken sets its highest bit if it was smaller, and so may those behind it, which do not
    // count.
    let below = |word: u64, less: u8| word.wrapping_sub(eight(less)) & !word & eight(0x80);
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().map(|word| u64::from_le_bytes(*word)).enumerate() {
        let end = below(word, 0x20) | below(word ^ eight(b'"'), 1) | below(word ^ eight(b'\\'), 1);
        if end != 0 {
            return index * 8 + lowest(end);
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..=0x1f);
    words.len() * 8 + rest.iter().take_while(is_plain).count()
}

/// Whether a double can hold the number.
fn is_finite(number: &[u8]) -> bool {
    // Few numbers are long or have an exponent; the others are not computed.
    let short = number.len() < 300 && !number.iter().any(|byte| byte.eq_ignore_ascii_case(&b'e'));
    short || std::str::from_utf8(number).is_ok_and(|text| text.parse().is_ok_and(f64::is_finite))
}
