//! JSON (RFC 8259) with places.
//!
//! Most of a document is brackets, keys and plain texts, which are taken here as they stand; what takes more looking
//! at (numbers, escapes, and what is no value at all) is the library's, whose words every refusal has.

use std::borrow::Cow;

use jiter::{Jiter, JiterError, Peek};

use super::{Entry, MAX_DEPTH, Node, Unread, Value, object, offset, too_deep};

/// Reads one JSON document.
///
/// # Errors
///
/// What is wrong and where, for all that RFC 8259 refuses, and for duplicate keys at any depth, lone surrogates, a byte
/// order mark, UTF-16, numbers beyond a double, and more than [`MAX_DEPTH`] levels.
pub fn read(text: &str) -> Result<Node<'_>, Unread> {
    if text.starts_with('\u{feff}') || text.bytes().take(4).any(|byte| byte == 0) {
        let reason = "the file begins with a byte order mark or is UTF-16; save it as UTF-8 without a mark";
        return Err(Unread::new(0, reason));
    }
    let mut reader = Reader { text, at: 0, items: Vec::new(), entries: Vec::new() };
    let node = reader.value(0)?;
    match reader.next() {
        None => Ok(node),
        Some(_) => Err(reader.no("trailing characters")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The items and members so far of all that is not at its end. What is gets a list of its own, no longer than it must
    /// be: most have one or two, and memory that is taken and not used costs more than reading.
    items: Vec<Node<'a>>,
    entries: Vec<Entry<'a>>,
}

impl<'a> Reader<'a> {
    /// What comes next behind white space.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// What comes behind the mark that comes next.
    fn behind(&mut self) -> Option<u8> {
        self.at += 1;
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Unread> {
        let first = self.next();
        let at = offset(self.at);
        let value = match first {
            Some(b'[' | b'{') if depth == MAX_DEPTH => return Err(too_deep(at)),
            Some(b'[') => self.array(depth + 1)?,
            Some(b'{') => self.object(depth + 1)?,
            Some(b'"') => Value::String(self.string()?),
            _ => self.other()?,
        };
        Ok(Node { at, value })
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Unread> {
        let own = self.items.len();
        let mut next = self.behind();
        while next != Some(b']') {
            if next.is_none() {
                return Err(self.no("EOF while parsing a list"));
            }
            let item = self.value(depth)?;
            self.items.push(item);
            next = self.step(b']', "expected `,` or `]`", "EOF while parsing a list")?;
        }
        self.at += 1;
        Ok(Value::Array(self.items.split_off(own)))
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Unread> {
        let own = self.entries.len();
        let mut next = self.behind();
        while next != Some(b'}') {
            let at = offset(self.at);
            let key = match next {
                Some(b'"') => self.string()?,
                Some(_) => return Err(self.no("key must be a string")),
                None => return Err(self.no("EOF while parsing an object")),
            };
            match self.next() {
                Some(b':') => self.at += 1,
                Some(_) => return Err(self.no("expected `:`")),
                None => return Err(self.no("EOF while parsing an object")),
            }
            let node = self.value(depth)?;
            self.entries.push(Entry { key, at, node });
            next = self.step(b'}', "expected `,` or `}`", "EOF while parsing an object")?;
        }
        self.at += 1;
        object(self.entries.split_off(own))
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

    /// The string whose quote comes next.
    fn string(&mut self) -> Result<Cow<'a, str>, Unread> {
        let inner = self.text.get(self.at + 1..).unwrap_or_default();
        let end = inner.bytes().position(|byte| matches!(byte, b'"' | b'\\' | ..=0x1f));
        if let Some((plain, rest)) = end.and_then(|end| inner.split_at_checked(end))
            && rest.starts_with('"')
        {
            self.at += plain.len() + 2;
            return Ok(Cow::Borrowed(plain));
        }
        let mut tokens = self.tokens();
        let decoded = tokens.next_str().map(str::to_owned).map_err(|error| self.problem(&error))?;
        self.at += tokens.current_index();
        Ok(Cow::Owned(decoded))
    }

    /// A value that is no string, list or object, or no value at all.
    fn other(&mut self) -> Result<Value<'a>, Unread> {
        let mut tokens = self.tokens();
        let first = tokens.peek().map_err(|error| self.problem(&error))?;
        let value = match first {
            Peek::Null => tokens.known_null().map(|()| Value::Null),
            Peek::True | Peek::False => tokens.known_bool(first).map(Value::Bool),
            _ => match tokens.known_number_bytes(first).map(is_finite) {
                Ok(false) => return Err(Unread::new(offset(self.at), "a number beyond a double")),
                read => read.map(|_| Value::Number),
            },
        };
        let value = value.map_err(|error| self.problem(&error))?;
        self.at += tokens.current_index();
        Ok(value)
    }

    /// The library's reader of what comes next.
    fn tokens(&self) -> Jiter<'a> {
        Jiter::new(self.text.as_bytes().get(self.at..).unwrap_or_default())
    }

    fn problem(&self, error: &JiterError) -> Unread {
        let at = self.at.saturating_add(error.index).min(self.text.len());
        Unread::new(offset(at), format!("the JSON does not parse: {}", error.error_type))
    }

    /// What is wrong with what comes next.
    fn no(&self, what: &str) -> Unread {
        Unread::new(offset(self.at), format!("the JSON does not parse: {what}"))
    }
}

/// Whether a double can hold the number.
fn is_finite(number: &[u8]) -> bool {
    // Few numbers are long or have an exponent; the others are not computed.
    let short = number.len() < 300 && !number.iter().any(|byte| byte.eq_ignore_ascii_case(&b'e'));
    short || std::str::from_utf8(number).is_ok_and(|text| text.parse().is_ok_and(f64::is_finite))
}
