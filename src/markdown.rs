//! Which bytes may be read as Markdown at all: text that shows what it holds, of a depth that stays cheap. Must not know
//! what any page means.

use crate::escape::is_hidden;

/// The deepest nesting of lists and quotes. Markdown readers take time by lines times depth.
const MAX_NESTING: usize = 64;

/// Why bytes are not read as Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// 1-based.
    pub line: u32,
    /// What is there, to follow the name of the page: `has the character U+202E, ...`.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

/// The text, less a byte order mark; or what forbids reading it.
///
/// # Errors
/// When it is no UTF-8, holds characters that hide or reorder text, or nests deeper than readers stay fast.
pub fn readable(bytes: &[u8]) -> Result<&str, Unreadable> {
    let refuse = |line, what: String, help| Err(Unreadable { line, what, help });
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = line_of(bytes, error.valid_up_to());
            return refuse(line, "is no UTF-8".to_owned(), "save it as UTF-8");
        }
    };
    let is_plain = bytes.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b' '..=b'~'));
    let mut odd = text.char_indices().filter(|_| !is_plain);
    if let Some((at, c)) = odd.find(|(at, c)| is_deceptive(text, *at, *c)) {
        let what = format!("has the character U+{:04X}, which hides or reorders text", u32::from(c));
        return refuse(line_of(bytes, at), what, "remove it, and end lines by LF or CRLF");
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.lines().position(|line| nesting(line) > MAX_NESTING) {
        let line = u32::try_from(at).map_or(u32::MAX, |at| at.saturating_add(1));
        return refuse(line, format!("nests lists or quotes deeper than {MAX_NESTING} levels"), "write them flat");
    }
    Ok(text)
}

fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let feeds = bytes.iter().take(offset).filter(|byte| **byte == b'\n').count();
    u32::try_from(feeds).map_or(u32::MAX, |feeds| feeds.saturating_add(1))
}

/// What is hidden, other than tab, line ends and a byte order mark at the beginning.
fn is_deceptive(text: &str, at: usize, c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\r' => !text.get(at..).is_some_and(|rest| rest.starts_with("\r\n")),
        '\u{feff}' => at > 0,
        c => is_hidden(c),
    }
}

/// No fewer levels than a line can open or continue: a list needs a marker or two columns for each, a quote a `>`.
fn nesting(line: &str) -> usize {
    let mut levels = 0;
    let mut columns = 0;
    let mut bytes = line.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4,
            b'>' => {
                levels += 1;
                bytes.next_if_eq(&b' ');
            }
            b'0'..=b'9' => {}
            b'-' | b'*' | b'+' | b'.' | b')' if matches!(bytes.peek(), None | Some(b' ' | b'\t')) => {
                levels += 1;
                // This one belongs to the marker.
                bytes.next();
            }
            _ => break,
        }
    }
    levels + columns / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_read_less_its_mark() {
        assert_eq!(readable(b"\xef\xbb\xbf# A\r\n\t- b\n").unwrap(), "# A\r\n\t- b\n");
        assert!(readable("-".repeat(500).as_bytes()).is_ok());
        assert!(readable(format!("{}x", "- ".repeat(64)).as_bytes()).is_ok());
    }

    #[test]
    fn text_that_hides_what_it_holds_is_refused_with_its_line() {
        for hostile in
            ["\n\0", "\n\x1b[2J", "\na\rb", "\n\u{202e}x", "\n\u{2066}x", "\n\u{85}", "\n\u{200b}", "\n\u{feff}"]
        {
            assert_eq!(readable(hostile.as_bytes()).unwrap_err().line, 2, "{hostile:?}");
        }
        assert_eq!(readable(b"\n\n\xff").unwrap_err().line, 3);
    }

    #[test]
    fn depth_is_refused_before_anything_is_read() {
        for deep in ["- ".repeat(100_000), "> ".repeat(100_000), ">".repeat(65), "1. ".repeat(65), " ".repeat(200)] {
            assert!(readable(format!("{deep}x").as_bytes()).is_err());
            assert!(readable(format!("\u{feff}{deep}x").as_bytes()).is_err(), "a byte order mark hides the depth");
        }
    }
}
