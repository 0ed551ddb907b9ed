//! Lines of words, as OpenSSH splits its files of keys.

/// A line without its end. A carriage return within it would hide what follows, for editors show two lines where OpenSSH
/// reads one; so would a NUL, where C ends.
pub(super) fn clean(line: &[u8]) -> Result<&[u8], &'static str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        true => Err("a control character stands in it"),
        false => Ok(skip_blanks(line)),
    }
}

/// The first word, and what follows it and its blanks.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let (word, rest) = split_at_blank(text);
    (word, skip_blanks(rest))
}

/// The first word, and all that follows it.
pub(super) fn split_at_blank(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(is_blank).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or_default()
}

/// The text from its first byte that is no blank.
pub(super) fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    text.get(blanks..).unwrap_or_default()
}

/// What separates words.
pub(super) const fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
