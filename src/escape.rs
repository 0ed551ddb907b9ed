//! Hostile bytes as printable ASCII. What is pushed ends up on somebody's terminal, and a pipe does not show whether
//! one is behind it, so everything is escaped always. Must not know who prints, or where.

/// Writes bytes as printable ASCII, 0x20 to 0x7e: others, and `"` and `\`, as a C string in Git's way (`\n`, `\303`).
pub fn escape(bytes: &[u8]) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if bytes.iter().all(is_plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match named(*byte) {
            Some(letter) => text.extend(['\\', letter]),
            None if (0x20..=0x7e).contains(byte) => text.push(char::from(*byte)),
            None => {
                text.push('\\');
                text.extend([byte >> 6, byte >> 3 & 7, byte & 7].map(|digit| char::from(b'0' + digit)));
            }
        }
    }
    text
}

/// A path as Git prints it with `core.quotePath`: as it is when nothing needs escaping, else escaped in double quotes.
pub fn quote_path(bytes: &[u8]) -> String {
    let escaped = escape(bytes);
    if escaped.as_bytes() == bytes { escaped } else { format!("\"{escaped}\"") }
}

/// A message of some library as one line of printable ASCII: white space becomes a single space, and what is not
/// printable is escaped; quotes and backslashes stay as they are.
pub fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for word in message.split_whitespace() {
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(word);
    }
    printable(&line)
}

/// A text with what is not printable ASCII escaped; quotes and backslashes stay as they are.
pub fn printable(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => shown.push(c),
            _ => shown.push_str(&escape(c.encode_utf8(&mut [0; 4]).as_bytes())),
        }
    }
    shown
}

/// A line that is to be copied: as [`printable`], but letters and digits stay, whatever script they are of.
pub fn copied(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            _ if c.is_alphanumeric() && !is_hidden(c) => shown.push(c),
            _ => shown.push_str(&printable(c.encode_utf8(&mut [0; 4]))),
        }
    }
    shown
}

/// The most characters of somebody else's text in one message.
const EXCERPT: usize = 80;

/// The beginning of a text, at most 80 characters of printable ASCII.
pub fn excerpt(text: &str) -> String {
    // Cut before it is escaped too: that never makes it shorter, and the text may be a megabyte.
    let beginning: String = text.chars().take(EXCERPT).collect();
    escape(beginning.as_bytes()).chars().take(EXCERPT).collect()
}

/// Control characters, line separators, and the format characters that a terminal or a browser shows as nothing or
/// uses to reorder what follows: with one of them, a reviewer sees something else than what is there.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        // Letters and marks that are shown as nothing; not the variation selectors, which emoji and names in Han
        // characters need.
        || matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
}

/// The letter that follows the backslash, for bytes that have one: the table of Git's `quote.c`.
const fn named(byte: u8) -> Option<char> {
    Some(match byte {
        0x07 => 'a',
        0x08 => 'b',
        b'\t' => 't',
        b'\n' => 'n',
        0x0b => 'v',
        0x0c => 'f',
        b'\r' => 'r',
        b'"' => '"',
        b'\\' => '\\',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_printable(text: &str) -> bool {
        text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
    }

    #[test]
    fn every_byte_comes_out_printable_and_no_two_alike() {
        let all: Vec<String> = (0..=255u8).map(|byte| escape(&[byte])).collect();
        assert!(all.iter().all(|text| is_printable(text)));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 256);
    }

    #[test]
    fn letters_that_show_nothing_are_hidden_and_those_that_show_are_not() {
        for c in "\u{34f}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200b}\u{2800}\u{3164}\u{ffa0}\u{e0041}\u{1d173}".chars() {
            assert!(is_hidden(c), "U+{:04X}", u32::from(c));
        }
        for c in "a \u{e9}\u{1100}\u{1161}\u{2801}\u{3165}\u{fe0f}\u{1f600}\u{e0100}".chars() {
            assert!(!is_hidden(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn letters_of_a_line_to_be_copied_stay() {
        assert_eq!(
            copied("- `gr\u{f6}\u{df}e.\u{6f22}2`: \u{2014}\u{202e}\u{3164}\u{1b}[2J"),
            "- `gr\u{f6}\u{df}e.\u{6f22}2`: \\342\\200\\224\\342\\200\\256\\343\\205\\244\\033[2J"
        );
        assert_eq!(copied("a \\ \"b\""), "a \\ \"b\"");
    }

    #[test]
    fn bytes_are_written_as_git_writes_them() {
        assert_eq!(escape("a\"b\\c\t\n\u{e9}".as_bytes()), r#"a\"b\\c\t\n\303\251"#);
        assert_eq!(escape(b"\x07\x08\x0b\x0c\r\x1b[2J\x7f\0"), r"\a\b\v\f\r\033[2J\177\000");
    }

    #[test]
    fn a_path_is_quoted_only_when_it_must_be() {
        assert_eq!(quote_path(b"src/a b.ts"), "src/a b.ts");
        assert_eq!(quote_path("caf\u{e9}".as_bytes()), r#""caf\303\251""#);
        assert_eq!(quote_path(b"a\\b"), r#""a\\b""#);
        assert_eq!(quote_path(b"\"a\""), r#""\"a\"""#);
    }

    proptest! {
        #[test]
        fn nothing_but_printable_ascii_ever_comes_out(bytes in any::<Vec<u8>>()) {
            prop_assert!(is_printable(&escape(&bytes)) && is_printable(&quote_path(&bytes)));
        }
    }

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(excerpt("a\u{e9}\n"), r"a\303\251\n");
        assert_eq!(excerpt(&"\u{e9}".repeat(1000)).len(), EXCERPT);
        assert_eq!(excerpt(&"a".repeat(1000)), "a".repeat(EXCERPT));
    }
}
