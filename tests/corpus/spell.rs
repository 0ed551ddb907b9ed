//! How case files spell what TOML strings cannot hold: any byte in a name, and the oid of an object built earlier.

use std::collections::HashMap;

use super::Fallible;

/// Decodes `\xNN`, `\n`, `\t`, `\r` and `\\`; every other byte stands for itself.
pub(crate) fn decode(text: &str) -> Fallible<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (decoded, used) = match rest {
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'r', ..] => (b'\r', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => (hex(*high, *low).ok_or_else(|| format!("no hex digits after \\x in {text}"))?, 3),
            _ => return Err(format!("unknown escape in {text}")),
        };
        bytes.push(decoded);
        rest = &rest[used..];
    }
    Ok(bytes)
}

/// A path as its components. Slashes split before escapes are decoded, so `\x2f` puts a slash into a name.
pub(crate) fn components(path: &str) -> Fallible<Vec<Vec<u8>>> {
    path.split('/').map(decode).collect()
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Printable text for any bytes, in the same spelling as the case files.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                _ if character.is_control() => {
                    let mut buffer = [0; 4];
                    text.extend(character.encode_utf8(&mut buffer).bytes().map(|byte| format!("\\x{byte:02x}")));
                }
                _ => text.push(character),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// What `{oid:LABEL}`, `{oid7:LABEL}` and `{tree:LABEL}` stand for.
#[derive(Default)]
pub(crate) struct Names {
    oids: HashMap<String, String>,
    trees: HashMap<String, String>,
}

impl Names {
    pub(crate) fn insert(&mut self, label: &str, oid: String, tree: Option<String>) {
        self.oids.insert(label.to_owned(), oid);
        if let Some(tree) = tree {
            self.trees.insert(label.to_owned(), tree);
        }
    }

    pub(crate) fn oid(&self, label: &str) -> Fallible<&str> {
        self.oids.get(label).map(String::as_str).ok_or_else(|| format!("nothing is labelled `{label}` yet"))
    }

    pub(crate) fn tree(&self, label: &str) -> Fallible<&str> {
        self.trees.get(label).map(String::as_str).ok_or_else(|| format!("no commit is labelled `{label}` yet"))
    }

    /// Replaces the placeholders; other braces stay as they are, because contents are often JSON.
    pub(crate) fn fill(&self, text: &str) -> Fallible<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let (before, tail) = rest.split_at(start);
            filled.push_str(before);
            let inside = tail.find('}').map(|end| (&tail[1..end], &tail[end + 1..]));
            match inside.and_then(|(inside, after)| Some((inside.split_once(':')?, after))) {
                Some((("oid", label), after)) => (filled.push_str(self.oid(label)?), rest = after).1,
                Some((("oid7", label), after)) => (filled.push_str(&self.oid(label)?[..7]), rest = after).1,
                Some((("tree", label), after)) => (filled.push_str(self.tree(label)?), rest = after).1,
                _ => {
                    filled.push('{');
                    rest = &tail[1..];
                }
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_can_be_spelt_and_is_printed_back() {
        let bytes = decode("a\\x00\\xff\\n\\t\\\\é").unwrap();
        assert_eq!(bytes, b"a\0\xff\n\t\\\xc3\xa9");
        assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        assert_eq!(components("a\\x2fb/c").unwrap(), [b"a/b".to_vec(), b"c".to_vec()]);
        assert!(decode("\\q").is_err() && decode("\\x4").is_err());
    }

    #[test]
    fn placeholders_are_filled_and_json_is_left_alone() {
        let mut names = Names::default();
        names.insert("a", "0123456789".into(), Some("feed".into()));
        assert_eq!(
            names.fill(r#"{"x": {}} {oid:a} {oid7:a} {tree:a} {"#).unwrap(),
            r#"{"x": {}} 0123456789 0123456 feed {"#
        );
        assert!(names.fill("{oid:b}").is_err());
    }
}
