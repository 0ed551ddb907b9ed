//! The words of a Prisma schema. Arguments in parentheses are one token: nothing in them is a field.

use crate::drift::shape::Unread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, also one with dots: `db.Text`.
    Word,
    /// `{`
    Open,
    /// `}`
    Close,
    /// `(…)`, with all that is in it.
    Arguments,
    /// `[]`
    List,
    /// `?`
    Optional,
    /// `@`
    At,
    /// `@@`
    Whole,
    /// The end of a line, or of the file.
    Line,
    /// What stands in the settings of a generator only: `=`, a text, a list.
    Setting,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'s> {
    pub(super) mark: Kind,
    pub(super) at: u32,
    pub(super) text: &'s str,
}

/// Splits a schema into words, without its comments.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Unread> {
    let mut scanner = Scanner { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut tokens = Vec::new();
    while let Some(first) = scanner.peek() {
        let start = scanner.at;
        if let Some(mark) = scanner.token(first)? {
            let (at, text) = (offset(start), text.get(start..scanner.at).unwrap_or_default());
            tokens.push(Token { mark, at, text });
        }
    }
    tokens.push(Token { mark: Kind::Line, at: offset(text.len()), text: "" });
    Ok(tokens)
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

struct Scanner<'s> {
    text: &'s str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    /// Passes over one token, or over a space or a comment, which are none.
    fn token(&mut self, first: char) -> Result<Option<Kind>, Unread> {
        let start = self.at;
        if first.is_alphabetic() || first == '_' {
            self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
            return Ok(Some(Kind::Word));
        }
        if self.comment(start)? {
            return Ok(None);
        }
        if first == '"' {
            self.string()?;
            return Ok(Some(Kind::Setting));
        }
        self.at += first.len_utf8();
        Ok(Some(match first {
            // Prisma takes either for the end of a line.
            '\n' | '\r' => Kind::Line,
            ' ' | '\t' => return Ok(None),
            '{' => Kind::Open,
            '}' => Kind::Close,
            '?' => Kind::Optional,
            '@' if self.take("@") => Kind::Whole,
            '@' => Kind::At,
            '(' => self.group(start, '(', ')', Kind::Arguments)?,
            '[' if self.take("]") => Kind::List,
            '[' => self.group(start, '[', ']', Kind::Setting)?,
            '=' | '-' | ',' => Kind::Setting,
            digit if digit.is_ascii_digit() => Kind::Setting,
            _ => return Err(Unread::new(offset(start), "this character has no meaning in a Prisma schema")),
        }))
    }

    /// Passes over a comment, if one begins here.
    fn comment(&mut self, start: usize) -> Result<bool, Unread> {
        if self.take("//") {
            self.take_while(|c| !matches!(c, '\n' | '\r'));
            return Ok(true);
        }
        if !self.take("/*") {
            return Ok(false);
        }
        match self.rest().find("*/") {
            Some(end) => self.at += end + 2,
            None => return Err(Unread::new(offset(start), "this comment is not closed")),
        }
        Ok(true)
    }

    /// Passes over a text, which ends on its line.
    fn string(&mut self) -> Result<(), Unread> {
        let start = self.at;
        let mut escaped = false;
        for (index, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' | '\r' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.at += index + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(Unread::new(offset(start), "this text is not closed on its line"))
    }

    /// Passes over everything up to the parenthesis that closes the one at `start`.
    fn group(&mut self, start: usize, open: char, close: char, mark: Kind) -> Result<Kind, Unread> {
        let mut depth = 1_usize;
        while let Some(c) = self.peek() {
            let here = self.at;
            match c {
                '"' => self.string()?,
                '/' if self.comment(here)? => {}
                _ => {
                    self.at += c.len_utf8();
                    depth = if c == open { depth + 1 } else { depth - usize::from(c == close) };
                }
            }
            if depth == 0 {
                return Ok(mark);
            }
        }
        Err(Unread::new(offset(start), format!("this `{open}` is not closed")))
    }
}
