//! JSON (RFC 8259) with places.

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
    let mut reader = Reader { text, tokens: Jiter::new(text.as_bytes()) };
    let node = reader.value(0)?;
    reader.tokens.finish().map_err(|error| reader.problem(&error))?;
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    tokens: Jiter<'a>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, Unread> {
        let next = self.tokens.peek();
        let next = next.map_err(|error| self.problem(&error))?;
        self.known(next, depth)
    }

    /// The value whose first byte is known and comes next.
    fn known(&mut self, first: Peek, depth: usize) -> Result<Node<'a>, Unread> {
        let start = self.tokens.current_index();
        let at = offset(start);
        let value = match first {
            Peek::Array | Peek::Object if depth == MAX_DEPTH => return Err(too_deep(at)),
            Peek::Array => self.array(depth + 1)?,
            Peek::Object => self.object(depth + 1)?,
            Peek::String => {
                let read = self.tokens.known_bytes().map(<[u8]>::len);
                let length = read.map_err(|error| self.problem(&error))?;
                Value::String(self.string(start, length)?)
            }
            Peek::Null => {
                self.tokens.known_null().map_err(|error| self.problem(&error))?;
                Value::Null
            }
            // What is no value at all gets the message for it here.
            Peek::True | Peek::False => {
                Value::Bool(self.tokens.known_bool(first).map_err(|error| self.problem(&error))?)
            }
            _ => self.number(first, at)?,
        };
        Ok(Node { at, value })
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Unread> {
        let mut items = Vec::new();
        let mut next = self.tokens.known_array().map_err(|error| self.problem(&error))?;
        while let Some(first) = next {
            items.push(self.known(first, depth)?);
            next = self.tokens.array_step().map_err(|error| self.problem(&error))?;
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Unread> {
        let mut entries = Vec::new();
        // The reader is behind the colon when it gives the key, so the key's place is looked for before.
        let mut start = self.quote(self.tokens.current_index() + 1);
        let mut length = self.tokens.next_object_bytes().map(|key| key.map(<[u8]>::len));
        while let Some(length_of_key) = length.map_err(|error| self.problem(&error))? {
            let key = self.string(start, length_of_key)?;
            entries.push(Entry { key, at: offset(start), node: self.value(depth)? });
            start = self.quote(self.tokens.current_index());
            length = self.tokens.next_key_bytes().map(|key| key.map(<[u8]>::len));
        }
        object(entries)
    }

    /// Where a key begins, when white space and a comma are all that may stand before it.
    fn quote(&self, from: usize) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',')).count()
    }

    /// The string whose quote stands at `start`, and that is `length` bytes long as it is written.
    fn string(&self, start: usize, length: usize) -> Result<Cow<'a, str>, Unread> {
        let inner = self.text.get(start + 1..start + 1 + length).unwrap_or_default();
        if !inner.contains('\\') {
            return Ok(Cow::Borrowed(inner));
        }
        let quoted = self.text.get(start..start + length + 2).unwrap_or_default();
        let mut tokens = Jiter::new(quoted.as_bytes());
        let decoded = tokens.next_str().map(str::to_owned);
        decoded.map(Cow::Owned).map_err(|error| unread(start + error.index, &error))
    }

    fn number(&mut self, first: Peek, at: u32) -> Result<Value<'a>, Unread> {
        let finite = self.tokens.known_number_bytes(first).map(is_finite);
        match finite {
            Ok(true) => Ok(Value::Number),
            Ok(false) => Err(Unread::new(at, "a number beyond a double")),
            Err(error) => Err(self.problem(&error)),
        }
    }

    fn problem(&self, error: &JiterError) -> Unread {
        unread(error.index.min(self.text.len()), error)
    }
}

/// Whether a double can hold the number.
fn is_finite(number: &[u8]) -> bool {
    // Few numbers are long or have an exponent; the others are not computed.
    let short = number.len() < 300 && !number.iter().any(|byte| byte.eq_ignore_ascii_case(&b'e'));
    short || std::str::from_utf8(number).is_ok_and(|text| text.parse().is_ok_and(f64::is_finite))
}

fn unread(at: usize, error: &JiterError) -> Unread {
    Unread::new(offset(at), format!("the JSON does not parse: {}", error.error_type))
}
