//! What can go wrong outside the rules, and the exit code that each kind of it has.

use std::fmt;

/// Why a command, or a whole decision, stopped. Every error says what happened and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// What happened, one sentence without a full stop.
    pub message: String,
    /// What to do next; empty where there is nothing to say.
    pub help: String,
}

/// The three ways to stop without a verdict of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was asked is malformed: the push is refused (exit 1).
    Malformed,
    /// The facts could not be had: nothing is decided (exit 2, which Git treats as a refusal too).
    Undecided,
    /// The command line or the installation is wrong (exit 2).
    Usage,
}

/// The result of everything that can stop.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` without help yet.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: String::new() }
    }

    /// The input of a hook is not what Git writes.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, message)
    }

    /// A fact could not be had.
    pub fn undecided(message: impl Into<String>) -> Self {
        Self::new(Kind::Undecided, message)
    }

    /// The command line or the installation is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n  {}", self.help) }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    /// `fs_err` has already put the path into the message.
    fn from(error: std::io::Error) -> Self {
        Self::undecided(error.to_string())
    }
}
