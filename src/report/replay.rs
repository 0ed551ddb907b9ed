//! A branch's past as it was judged, and what all of it comes to. How that is told stands in a file for each format.

pub mod html;
pub mod human;
pub mod json;

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;

use crate::error::Error;
use crate::finding::{Decision, Finding};
use crate::oid::Oid;

/// How many of the most frequent are told.
const MOST: usize = 10;

/// A branch's past, judged.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The full ref name.
    pub name: BString,
    /// SHA-256, hex, of the policy that judged.
    pub policy: String,
    /// The value before the first step; `None` where the first step begins the branch.
    pub from: Option<Oid>,
    /// The value after the last step.
    pub to: Option<Oid>,
    /// What a person must know to read it.
    pub notes: Vec<String>,
    /// The rules whose severity no policy lowers.
    pub kept: BTreeSet<&'static str>,
    /// Oldest first.
    pub steps: Vec<Step>,
}

/// One push, as far as it can still be told from what it left.
#[derive(Clone, Debug)]
pub struct Step {
    /// The branch's value before.
    pub old: Option<Oid>,
    /// The branch's value after.
    pub new: Oid,
    /// The committer's date of that value, seconds since 1970.
    pub time: i64,
    /// Who wrote that commit.
    pub author: BString,
    /// The first line of its message.
    pub subject: BString,
    /// How many values of the branch's first-parent chain the step covers.
    pub commits: usize,
    /// The branch that was taken up.
    pub source: Option<BString>,
    /// What that is known from.
    pub assumed: Assumed,
    /// The task that the step was judged as.
    pub task: Option<BString>,
    /// What the gate would have said.
    pub decision: Decision,
    /// What was found, the first of it.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub left_out: usize,
    /// All findings by rule.
    pub rules: BTreeMap<&'static str, Counts>,
    /// Why the step could not be judged.
    pub problem: Option<Error>,
}

/// What is known of how a step came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// Nothing: taken for a push of its own, straight to the branch.
    Nothing,
    /// A merge that brings the trace of the task whose branch it is taken to have merged.
    Trace,
    /// A merge whose message names the branch.
    Message,
    /// A run of commits that ends a task's trace: taken for the fast forward to the task's branch.
    FastForward,
}

impl Assumed {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Trace => "trace",
            Self::Message => "message",
            Self::FastForward => "fast-forward",
        }
    }
}

/// How often a rule found something in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that refuse.
    pub refusing: usize,
    /// Findings that are only reported.
    pub reported: usize,
}

/// What all steps come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Steps that the gate would have let in.
    pub accepted: usize,
    /// Steps that it would have refused.
    pub refused: usize,
    /// Steps that could not be judged.
    pub undecided: usize,
    /// Rules that found something, those that refuse most steps first.
    pub rules: Vec<RuleSummary>,
    /// Authors of refused steps, most first.
    pub people: Vec<(BString, usize)>,
    /// Paths of findings that refuse, with the number of steps, most first.
    pub paths: Vec<(BString, usize)>,
}

/// What one rule comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSummary {
    /// The rule's id.
    pub rule: &'static str,
    /// Steps that it refuses.
    pub refused: usize,
    /// Steps that no other rule refuses.
    pub alone: usize,
    /// Steps in which it only reports.
    pub reported: usize,
    /// Whether a policy can try it out with the severity `evaluate`.
    pub lowers: bool,
}

impl Replay {
    /// Counts.
    pub fn summary(&self) -> Summary {
        let count = |decision| self.steps.iter().filter(|step| step.decision == decision).count();
        let mut rules: BTreeMap<&'static str, RuleSummary> = BTreeMap::new();
        let (mut people, mut paths) = (BTreeMap::new(), BTreeMap::new());
        for step in &self.steps {
            let refusing = step.rules.values().filter(|counts| counts.refusing > 0).count();
            for (rule, counts) in &step.rules {
                let lowers = !self.kept.contains(rule);
                let none = RuleSummary { rule, refused: 0, alone: 0, reported: 0, lowers };
                let sum = rules.entry(rule).or_insert(none);
                sum.refused += usize::from(counts.refusing > 0);
                sum.alone += usize::from(counts.refusing > 0 && refusing == 1);
                sum.reported += usize::from(counts.refusing == 0 && counts.reported > 0);
            }
            if step.decision == Decision::Refuse {
                *people.entry(step.author.clone()).or_default() += 1;
                let places =
                    step.findings.iter().filter(|finding| finding.refuses()).filter_map(|one| one.path.as_ref());
                places
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .for_each(|path| *paths.entry(path.clone()).or_default() += 1);
            }
        }
        let mut rules: Vec<RuleSummary> = rules.into_values().collect();
        rules.sort_by_key(|sum| (std::cmp::Reverse((sum.refused, sum.reported)), sum.rule));
        Summary {
            accepted: count(Decision::Accept),
            refused: count(Decision::Refuse),
            undecided: count(Decision::Undecided),
            rules,
            people: most(people),
            paths: most(paths),
        }
    }
}

impl Summary {
    /// The rules to begin with in `evaluate`, so that nothing of what was usual is refused.
    pub fn start_with(&self) -> impl Iterator<Item = &RuleSummary> {
        self.rules.iter().filter(|sum| sum.refused > 0 && sum.lowers)
    }

    /// The rules that refuse whatever a policy says.
    pub fn fixed(&self) -> impl Iterator<Item = &RuleSummary> {
        self.rules.iter().filter(|sum| sum.refused > 0 && !sum.lowers)
    }
}

fn most(counts: BTreeMap<BString, usize>) -> Vec<(BString, usize)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    counts.truncate(MOST);
    counts
}

/// A day of the calendar, in UTC.
pub(super) fn day(time: i64) -> String {
    let time = jiff::Timestamp::from_second(time);
    time.map_or_else(|_| "??????????".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

/// A branch's short name.
pub(super) fn short(name: &BString) -> &[u8] {
    name.strip_prefix(b"refs/heads/").unwrap_or(name)
}

#[cfg(test)]
mod tests;
