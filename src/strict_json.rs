//! JSON that reads the same everywhere: one spelling of each key, bounded size and depth, UTF-8 alone.
//!
//! Owns what JSON may be accepted at all. Must not know what the document means.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::escape::excerpt;

/// The largest document in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The deepest nesting; a value that is no array and no object has depth 0.
pub const MAX_DEPTH: usize = 64;

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More than [`MAX_BYTES`].
    #[error("the file is larger than {MAX_BYTES} bytes; leave logs and data out of it")]
    TooLarge,
    /// A byte order mark, UTF-16 or UTF-32.
    #[error("the file begins with a byte order mark or is UTF-16; save it as UTF-8 without a mark")]
    Encoding,
    /// A byte sequence that is no UTF-8.
    #[error("line {line}, column {column}: the bytes are no UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// 1-based.
        line: usize,
        /// 1-based, in bytes.
        column: usize,
    },
    /// No JSON, or JSON that readers take differently.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// 1-based; 0 when there is no line at all.
        line: usize,
        /// 1-based, in bytes.
        column: usize,
        /// What is wrong, in printable ASCII.
        message: String,
    },
}

/// Reads one JSON document.
///
/// # Errors
///
/// A [`JsonError`] for all that RFC 8259 refuses, and for duplicate keys (at any depth), lone surrogates, a byte
/// order mark, other encodings, numbers beyond a double, more than [`MAX_DEPTH`] levels or [`MAX_BYTES`] bytes.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    if bytes.len() > MAX_BYTES {
        return Err(JsonError::TooLarge);
    }
    parse_bounded(bytes)
}

/// As [`parse`], for a document whose size the caller has bounded: reports of tools are larger than what people write.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_bounded(bytes: &[u8]) -> Result<Value, JsonError> {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    if marks.iter().any(|mark| bytes.starts_with(mark)) || bytes.iter().take(4).any(|byte| *byte == 0) {
        return Err(JsonError::Encoding);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    Level(0).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value)).map_err(|error| syntax(&error))
}

fn not_utf8(bytes: &[u8], at: usize) -> JsonError {
    let before = bytes.get(..at).unwrap_or(bytes);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
    JsonError::NotUtf8 { line, column }
}

fn syntax(error: &serde_json::Error) -> JsonError {
    // serde_json repeats the place at the end of its text.
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    JsonError::Syntax { line: error.line(), column: error.column(), message: message.to_owned() }
}

/// How many arrays and objects stand around the value that is read next.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.0 < MAX_DEPTH {
            Ok(Self(self.0 + 1))
        } else {
            Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels; write it flatter")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number beyond a double"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                let key = excerpt(&key);
                return Err(A::Error::custom(format_args!("the key \"{key}\" stands twice; write it once")));
            }
            object.insert(key, entries.next_value_seed(inside)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refused(text: &str, at: (usize, usize), about: &str) {
        match parse(text.as_bytes()) {
            Err(JsonError::Syntax { line, column, message }) => {
                assert!(message.contains(about), "{text}: {message}");
                assert_eq!((line, column), at, "{text}: {message}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth_and_in_any_spelling() {
        refused("{\"a\":1,\n\"a\":2}", (2, 3), "\"a\" stands twice");
        refused("{\"a\":1,\"\\u0061\":2}", (1, 15), "stands twice");
        refused("[{\"x\":{\"b\":1,\"b\":1}}]", (1, 16), "\"b\" stands twice");
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        refused("", (1, 0), "EOF");
        refused("{\"a\":NaN}", (1, 6), "expected value");
        refused("{\"a\":1}\nx", (2, 1), "trailing");
        refused("{\"a\":1,}", (1, 8), "trailing comma");
        refused("{\"a\":\"\\ud800\"}", (1, 13), "hex escape");
        refused("{\"\\udc00\":1}", (1, 8), "surrogate");
        refused("{\"a\":1e999}", (1, 10), "out of range");
        refused("{\"a\":\"\n\"}", (2, 0), "control character");
    }

    #[test]
    fn nesting_is_bounded_long_before_the_stack_is() {
        let nest = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nest(64).as_bytes()).is_ok());
        for depth in [65, 10_000] {
            assert!(parse(nest(depth).as_bytes()).unwrap_err().to_string().contains("deeper than 64"));
        }
        let objects = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
        assert!(parse(objects.as_bytes()).is_err());
    }

    #[test]
    fn other_encodings_and_sizes_are_refused() {
        assert_eq!(parse(b"\xef\xbb\xbf{}"), Err(JsonError::Encoding));
        assert_eq!(parse(b"\xff\xfe{\0}\0"), Err(JsonError::Encoding));
        assert_eq!(parse(b"{\0}\0"), Err(JsonError::Encoding));
        assert_eq!(parse(b"{\n\"\xff\":1}"), Err(JsonError::NotUtf8 { line: 2, column: 2 }));
        assert_eq!(parse(&vec![b' '; MAX_BYTES + 1]), Err(JsonError::TooLarge));
    }

    #[test]
    fn ordinary_json_is_what_it_was() {
        let text = r#"{"a":[1,-2,3.5,true,null,"\u00e9\ud83d\ude00"],"b":{}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(text in "[\\[\\]{}\":,a1\\\\u\\n -]{0,40}") {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
