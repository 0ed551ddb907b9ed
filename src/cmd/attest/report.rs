//! What a report of a tool comes to, whatever its format.

use std::collections::BTreeSet;

use crate::escape;
use crate::statement::check::Outcome;

/// More names than anybody reads of one list.
pub(super) const MOST_NAMES: usize = 500;
/// Longer names than anybody reads.
const LONGEST_NAME: usize = 200;

/// The outcome and the names that go into the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// The worst of what was found.
    pub(super) outcome: Outcome,
    /// What passed, as far as the format names it.
    pub(super) passed: BTreeSet<String>,
    /// What was found and does not fail the check.
    pub(super) warned: BTreeSet<String>,
    /// What fails the check.
    pub(super) failed: BTreeSet<String>,
}

impl Report {
    /// A report in which nothing was found yet.
    pub(super) fn new() -> Self {
        let none = BTreeSet::new;
        Self { outcome: Outcome::Passed, passed: none(), warned: none(), failed: none() }
    }

    /// Takes one thing in.
    pub(super) fn add(&mut self, outcome: Outcome, name: &str) {
        self.outcome = worse(self.outcome, outcome);
        let names = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Warned => &mut self.warned,
            Outcome::Failed => &mut self.failed,
        };
        if names.len() < MOST_NAMES {
            let cut: String = name.chars().take(LONGEST_NAME).collect();
            names.insert(escape::printable(&cut).chars().take(LONGEST_NAME).collect());
        }
    }

    /// Takes another report in.
    pub(super) fn merge(&mut self, other: Self) {
        self.outcome = worse(self.outcome, other.outcome);
        let lists =
            [(&mut self.passed, other.passed), (&mut self.warned, other.warned), (&mut self.failed, other.failed)];
        for (names, more) in lists {
            let room = MOST_NAMES.saturating_sub(names.len());
            names.extend(more.into_iter().take(room));
        }
        // What failed in one report did not pass, whatever another says.
        let (failed, warned) = (&self.failed, &self.warned);
        self.passed.retain(|name| !failed.contains(name) && !warned.contains(name));
    }
}

/// The worse of two outcomes.
pub(super) fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Failed, _) | (_, Outcome::Failed) => Outcome::Failed,
        (Outcome::Warned, _) | (_, Outcome::Warned) => Outcome::Warned,
        (Outcome::Passed, Outcome::Passed) => Outcome::Passed,
    }
}

/// The text of a report: UTF-8, with or without a mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| "is no UTF-8".to_owned())?;
    if text.trim().is_empty() { Err("is empty".to_owned()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_bounded() {
        let mut report = Report::new();
        report.add(Outcome::Passed, "a\u{1b}[2J\u{202e}b");
        assert_eq!(report.passed.first().unwrap(), r"a\033[2J\342\200\256b");
        report.add(Outcome::Failed, &"x\u{e9}".repeat(100_000));
        assert_eq!(report.failed.first().unwrap().len(), LONGEST_NAME);
        (0..2 * MOST_NAMES).for_each(|number| report.add(Outcome::Warned, &number.to_string()));
        assert_eq!((report.warned.len(), report.outcome), (MOST_NAMES, Outcome::Failed));
    }

    #[test]
    fn what_failed_once_did_not_pass() {
        let (mut one, mut other) = (Report::new(), Report::new());
        one.add(Outcome::Passed, "a");
        other.add(Outcome::Failed, "a");
        one.merge(other);
        assert_eq!((one.outcome, one.passed.len(), one.failed.len()), (Outcome::Failed, 0, 1));
    }
}
