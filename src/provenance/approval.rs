//! The approval of a task, `contract/approval.md`: what a person who reads the rendered page would say it allows.
//!
//! Owns the reading of that page and of every ambiguity in it, each a problem. Must not know the task judged, its base
//! or its paths, nor what a problem leads to.

mod guard;
mod header;
mod outline;
mod reader;
mod scope;
#[cfg(test)]
mod tests;
mod wording;

use crate::glob::Glob;

/// The largest approval in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The most brace-free patterns that all globs of one approval may stand for.
pub const MAX_PATTERNS: usize = 16_384;

/// The most problems that are told one by one.
pub const MAX_PROBLEMS: usize = 100;

/// What the approval says. It stands only when there are no [`problems`](Approval::problems).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// The `Task:` line, as written.
    pub task: Option<Line<String>>,
    /// The `Repository:` line, as written.
    pub repository: Option<Line<String>>,
    /// The `Base SHA:` line, as written.
    pub base: Option<Line<String>>,
    /// The `Date:` line outside the sections, as written.
    pub date: Option<Line<String>>,
    /// The statements of hotfixes that the `Settles:` lines outside the sections name.
    pub settles: Vec<Line<String>>,
    /// The section `APPROVED SCOPE`; `None` when there is none.
    pub scope: Option<Scope>,
    /// The globs under `EXPLICITLY NOT APPROVED`.
    pub not_approved: Vec<Line<Glob>>,
    /// The section `HUMAN APPROVAL`; `None` when there is none.
    pub approver: Option<Approver>,
    /// All that is ambiguous or wrong, in the order of the lines, at most [`MAX_PROBLEMS`] and one that says so.
    pub problems: Vec<Problem>,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<T> {
    /// 1-based.
    pub line: u32,
    /// What stands there.
    pub value: T,
}

/// The approved scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The section's heading, 1-based.
    pub line: u32,
    /// The globs, in the order written; none when nothing is approved.
    pub entries: Vec<Entry>,
    /// Items that look as if they were meant to approve a path, and do not: not wrong, but worth a word to whoever
    /// wonders why the path is out of scope.
    pub hints: Vec<Problem>,
}

/// One approved path or glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it covers.
    pub glob: Glob,
    /// The group that it stands under.
    pub heading: Heading,
    /// 1-based.
    pub line: u32,
}

/// The four groups of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heading {
    /// `Schema changes`.
    Schema,
    /// `Runtime code changes`.
    Runtime,
    /// `Backfill scripts`.
    Backfill,
    /// `Documentation-only changes`.
    Documentation,
}

impl Heading {
    /// All groups, in the template's order.
    pub const ALL: [Self; 4] = [Self::Schema, Self::Runtime, Self::Backfill, Self::Documentation];

    /// The group's label as the template writes it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Schema => "Schema changes",
            Self::Runtime => "Runtime code changes",
            Self::Backfill => "Backfill scripts",
            Self::Documentation => "Documentation-only changes",
        }
    }
}

/// The approver that `HUMAN APPROVAL` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approver {
    /// The `Name:` line, as written.
    Named(Line<String>),
    /// The section stands, and its name is absent, blank or a placeholder.
    Unnamed {
        /// The section's heading, 1-based.
        line: u32,
    },
}

/// Something ambiguous or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// 1-based.
    pub line: u32,
    /// What is wrong, in printable ASCII.
    pub message: String,
    /// What to write, in printable ASCII.
    pub help: String,
}

impl Problem {
    fn new(line: u32, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { line, message: message.into(), help: help.into() }
    }
}

impl Approval {
    /// Reads the approval. What cannot be read approves nothing and is a problem; so this never fails.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = match guard::readable(bytes) {
            Ok(text) => text,
            Err(problem) => return Self { problems: vec![problem], ..Self::default() },
        };
        // The reader of Markdown makes two spaces of a CRLF inside code, and one of an LF.
        let text = text.replace("\r\n", "\n");
        let mut approval = reader::read(&outline::Outline::of(&text));
        approval.problems.sort_by_key(|problem| problem.line);
        if let Some(next) = approval.problems.get(MAX_PROBLEMS).map(|problem| problem.line) {
            approval.problems.truncate(MAX_PROBLEMS);
            let message = format!("there are more than {MAX_PROBLEMS} problems");
            approval.problems.push(Problem::new(next, message, "mend those above first"));
        }
        approval
    }
}
