//! Somebody else's text inside a message of ours. Must not know what the message is about.

use crate::escape::escape;

/// The most characters of somebody else's text in one message.
const SHOWN: usize = 80;

/// The beginning of a text, at most 80 characters of printable ASCII.
pub fn excerpt(text: &str) -> String {
    // Cut before it is escaped too: that never makes it shorter, and the text may be a megabyte.
    let beginning: String = text.chars().take(SHOWN).collect();
    escape(beginning.as_bytes()).chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(excerpt("a\u{e9}\n"), r"a\303\251\n");
        assert_eq!(excerpt(&"\u{e9}".repeat(1000)).len(), SHOWN);
        assert_eq!(excerpt(&"a".repeat(1000)), "a".repeat(SHOWN));
    }
}
