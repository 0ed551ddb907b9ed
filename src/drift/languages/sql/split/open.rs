//! A statement while it is read: its first words, and how deep in blocks of code it is.

use std::borrow::Cow;

/// A statement that has not ended yet.
#[derive(Default)]
pub(super) struct Open<'s> {
    pub(super) at: usize,
    pub(super) words: Vec<Cow<'s, str>>,
    pub(super) has_command: bool,
    /// How many blocks of a trigger or a procedure are open.
    pub(super) depth: usize,
    /// The last word was an `END`, which may be that of an `END IF`.
    pub(super) after_end: bool,
}

impl Open<'_> {
    pub(super) fn begins(&self, word: &str) -> bool {
        self.words.first().is_some_and(|first| first == word)
    }

    pub(super) fn has(&self, wanted: &[&str]) -> bool {
        self.words.iter().any(|word| wanted.contains(&word.as_ref()))
    }

    pub(super) fn is_code(&self) -> bool {
        self.has(&["CREATE"]) && self.has(&["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"])
    }

    /// Counts the blocks of a trigger, a function or a procedure: semicolons within them end no statement.
    pub(super) fn blocks(&mut self, word: &str) {
        let after_end = std::mem::take(&mut self.after_end);
        match word {
            "BEGIN" if self.is_code() => self.depth += 1,
            "CASE" if after_end => {}
            "CASE" if self.depth > 0 => self.depth += 1,
            "IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR" if after_end => self.depth += 1,
            "END" if self.depth > 0 => {
                self.depth -= 1;
                self.after_end = true;
            }
            _ => {}
        }
    }
}
