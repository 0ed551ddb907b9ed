//! JSON in its one spelling, read from the front: no white space, keys where they belong, each value as it is written.

use std::borrow::Cow;

use crate::report::json;

/// What is left of a line. Whatever stands there in another spelling than the writer's is not read.
#[derive(Debug)]
pub(super) struct Line<'a> {
    rest: &'a str,
}

impl<'a> Line<'a> {
    /// A line of printable ASCII, which is all that the writer writes.
    pub(super) fn new(line: &'a [u8]) -> Option<Self> {
        let printable = line.iter().fold(true, |all, byte| all & (b' '..=b'~').contains(byte));
        let rest = str::from_utf8(line).ok()?;
        printable.then_some(Self { rest })
    }

    pub(super) fn is_read(&self) -> bool {
        self.rest.is_empty()
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    /// What `read` reads between braces: all of it.
    pub(super) fn object<T>(&mut self, read: impl FnOnce(&mut Keys<'_, 'a>) -> Option<T>) -> Option<T> {
        self.eat("{")?;
        let next = if self.eat("}").is_some() { None } else { Some(self.key()?) };
        let mut keys = Keys { line: self, next };
        let value = read(&mut keys)?;
        keys.next.is_none().then_some(value)
    }

    fn key(&mut self) -> Option<&'a str> {
        let inside = self.rest.strip_prefix('"')?;
        let end = inside.bytes().position(|byte| byte == b'"')?;
        let (key, rest) = inside.split_at_checked(end)?;
        self.rest = rest.strip_prefix("\":")?;
        Some(key)
    }

    /// Keys that are names of something, sorted, each with what `read` reads; at least one.
    pub(super) fn named<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<(Cow<'a, str>, T)>> {
        let mut entries: Vec<(Cow<'a, str>, T)> = Vec::new();
        self.eat("{")?;
        loop {
            let key = self.text()?;
            if entries.last().is_some_and(|(last, _)| *last >= key) {
                return None;
            }
            self.eat(":")?;
            entries.push((key, read(self)?));
            if self.eat("}").is_some() {
                return Some(entries);
            }
            self.eat(",")?;
        }
    }

    /// As often as it stands there what `read` reads.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.eat("[")?;
        if self.eat("]").is_some() {
            return Some(items);
        }
        loop {
            items.push(read(self)?);
            if self.eat("]").is_some() {
                return Some(items);
            }
            self.eat(",")?;
        }
    }

    /// A string. One without an escape has no other spelling; any other is written again and compared.
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        let inside = self.rest.strip_prefix('"')?;
        let end = memchr::memchr2(b'"', b'\\', inside.as_bytes())?;
        let (text, rest) = inside.split_at_checked(end)?;
        if let Some(rest) = rest.strip_prefix('"') {
            self.rest = rest;
            return Some(text.into());
        }
        let mut words = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let text = words.next()?.ok()?;
        let (spelled, rest) = self.rest.split_at_checked(words.byte_offset())?;
        let mut again = Vec::with_capacity(spelled.len());
        json::write(&mut again, &text);
        self.rest = rest;
        (again == spelled.as_bytes()).then(|| text.into())
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Option<u64> {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let leading = digits.len() > 1 && digits.starts_with('0');
        digits.parse().ok().filter(|_| !leading)
    }

    pub(super) fn truth(&mut self) -> Option<bool> {
        match self.eat("true") {
            Some(()) => Some(true),
            None => self.eat("false").map(|()| false),
        }
    }
}

/// The keys of an object, which must be asked for in the order in which they are written.
pub(super) struct Keys<'l, 'a> {
    line: &'l mut Line<'a>,
    /// The one whose value comes next; `None` behind the last one.
    next: Option<&'a str>,
}

impl<'a> Keys<'_, 'a> {
    /// What `read` reads behind this key.
    pub(super) fn one<T>(&mut self, key: &str, read: impl FnOnce(&mut Line<'a>) -> Option<T>) -> Option<T> {
        self.maybe(key, read)?
    }

    /// The same where the key may be left out: then `Some(None)`.
    pub(super) fn maybe<T>(&mut self, key: &str, read: impl FnOnce(&mut Line<'a>) -> Option<T>) -> Option<Option<T>> {
        if self.next != Some(key) {
            return Some(None);
        }
        let value = read(self.line)?;
        self.next = match self.line.eat("}") {
            Some(()) => None,
            None => self.line.eat(",").and_then(|()| self.line.key()).map(Some)?,
        };
        Some(Some(value))
    }

    /// The same where what is left out is its type's least value, which is never written.
    pub(super) fn or_default<T: Default + PartialEq>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Line<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.maybe(key, read)? {
            Some(value) => Some(value).filter(|value| *value != T::default()),
            None => Some(T::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'a, T>(text: &'a str, read: impl FnOnce(&mut Line<'a>) -> Option<T>) -> Option<T> {
        let mut line = Line::new(text.as_bytes())?;
        read(&mut line).filter(|_| line.rest == " ")
    }

    #[test]
    fn a_value_has_one_spelling() {
        let number = |text: &str| read(&format!("{text} "), Line::number);
        assert_eq!([number("0"), number("18446744073709551615")], [Some(0), Some(u64::MAX)]);
        for wrong in ["", "00", "01", "-1", "+1", "1.0", "1e2", "18446744073709551616"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
        let list = |text: &str| read(&format!("{text} "), |line| line.list(Line::number));
        assert_eq!([list("[]"), list("[1,2]")], [Some(Vec::new()), Some(vec![1, 2])]);
        for wrong in ["[", "[,]", "[1,]", "[1", "[1 ,2]", "[ ]"] {
            assert_eq!(list(wrong), None, "{wrong}");
        }
        let object = |text: &str| {
            let two =
                |keys: &mut Keys<'_, '_>| Some((keys.maybe("a", Line::number)?, keys.or_default("b", Line::number)?));
            read(&format!("{text} "), |line| line.object(two))
        };
        let good = ["{}", r#"{"a":0}"#, r#"{"b":2}"#, r#"{"a":1,"b":2}"#].map(object);
        assert_eq!(good, [Some((None, 0)), Some((Some(0), 0)), Some((None, 2)), Some((Some(1), 2))]);
        for wrong in [r#"{"b":0}"#, r#"{"b":2,"a":1}"#, r#"{"a":1,}"#, r#"{,"a":1}"#, r#"{"a":1"b":2}"#, r#"{"c":1}"#] {
            assert_eq!(object(wrong), None, "{wrong}");
        }
        let named = |text: &str| read(&format!("{text} "), |line| line.named(Line::number).map(|keys| keys.len()));
        assert_eq!(named(r#"{"a":1,"b":2}"#), Some(2));
        for wrong in ["{}", r#"{"a":1,"a":2}"#, r#"{"b":1,"a":2}"#, r#"{"a":1,}"#] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_escape_has_one_spelling() {
        let text = |text: &str| read(&format!("\"{text}\" "), Line::text).map(Cow::into_owned);
        assert_eq!(text(r#"a\"\\\n\u00e9\ud83d\udd25\u0001"#).as_deref(), Some("a\"\\\n\u{e9}\u{1f525}\u{1}"));
        for wrong in [r"\/", r"\u0061", r"\u00E9", r"\u000a", r"\ud83d", r"\udd25\ud83d", r"\x", "\\", "\u{e9}", "\t"] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_string_reads_as_it_is_written(text in "(?s).{0,12}") {
            let mut written = Vec::new();
            json::write(&mut written, &text);
            written.push(b' ');
            let line = String::from_utf8(written).unwrap();
            prop_assert_eq!(read(&line, Line::text).map(Cow::into_owned), Some(text));
        }
    }
}
