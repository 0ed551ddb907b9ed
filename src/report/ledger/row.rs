//! What is kept of one decision: bounded, whatever the record holds.

use std::collections::BTreeMap;

use super::{MESSAGE, NAME, REASON, cut, name};
use crate::finding::Decision;
use crate::ledger::Receipt;
use crate::ledger::record::{Decided, Found, Moved, Problem, Update, Used};
use crate::oid::Oid;

/// How many refs and findings of one decision are kept.
const REFS: usize = 5;
const FINDINGS: usize = 10;

/// What became of a decision, or of the use of an override.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing becomes of it: it was not accepted, or it asked for nothing.
    None,
    /// Nobody knows yet.
    Pending,
    /// Refs moved; the override was used.
    Applied,
    /// They did not; the override was not used.
    Lapsed,
}

impl State {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Lapsed => "lapsed",
        }
    }
}

/// A decision.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its record.
    pub receipt: Receipt,
    /// When it was made.
    pub time: jiff::Timestamp,
    /// The answer.
    pub decision: Decision,
    /// What became of it.
    pub state: State,
    /// Who pushed.
    pub actor: Option<String>,
    /// Why the push as a whole could not be judged.
    pub problem: Option<String>,
    /// The first of its refs.
    pub moves: Vec<Move>,
    /// How many more refs there are.
    pub left_out: usize,
    /// Whether it is a rollback, or a hotfix.
    pub(super) rolls_back: bool,
    pub(super) fixes_hot: bool,
}

/// A ref that was asked to move.
#[derive(Clone, Debug)]
pub struct Move {
    /// Its name.
    pub name: String,
    /// The value before.
    pub old: Oid,
    /// The value after.
    pub new: Oid,
    /// The way in, where it has a name.
    pub way: Option<String>,
    /// Why it could not be judged.
    pub problem: Option<String>,
    /// The first of what was found.
    pub findings: Vec<Line>,
    /// How many more findings there are.
    pub more: usize,
}

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Line {
    /// The rule.
    pub rule: String,
    /// Whether it refuses, is only reported, or was waived by an override.
    pub weight: Weight,
    /// The path that it is about.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// What a finding does to the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It refuses.
    Refuses,
    /// It is only reported.
    Reports,
    /// An override waives it.
    Waived,
}

impl Weight {
    fn of(found: &Found) -> Self {
        match (&found.waived, found.severity.as_str()) {
            (Some(_), _) => Self::Waived,
            (None, "enforce") => Self::Refuses,
            (None, _) => Self::Reports,
        }
    }
}

/// An override that a push brought.
#[derive(Clone, Debug)]
pub struct Use {
    /// The push's record.
    pub receipt: Receipt,
    /// When that was.
    pub time: jiff::Timestamp,
    /// Who pushed.
    pub actor: Option<String>,
    /// The statement's name.
    pub id: String,
    /// Who signed it.
    pub principal: String,
    /// Why.
    pub reason: String,
    /// The update that it is for.
    pub moved: Move,
    /// What became of it.
    pub state: State,
}

/// A rollback or a hotfix.
#[derive(Clone, Debug)]
pub struct Special {
    /// Its record.
    pub receipt: Receipt,
    /// When that was.
    pub time: jiff::Timestamp,
    /// Who pushed.
    pub actor: Option<String>,
    /// The ref, and the way in.
    pub moved: Move,
    /// What became of it.
    pub state: State,
}

impl Row {
    pub(super) fn of(receipt: Receipt, time: jiff::Timestamp, decided: &Decided) -> Self {
        let mut room = FINDINGS;
        let moves: Vec<Move> = decided.updates.iter().take(REFS).map(|update| Move::of(update, &mut room)).collect();
        let omitted = usize::try_from(decided.omitted).unwrap_or(usize::MAX);
        let awaits = decided.decision == Decision::Accept && !decided.updates.is_empty();
        let goes = |way: &str| decided.updates.iter().any(|update| update.way.as_deref() == Some(way));
        Self {
            receipt,
            time,
            decision: decided.decision,
            state: if awaits { State::Pending } else { State::None },
            actor: decided.actor.as_deref().map(|actor| cut(actor, NAME)),
            problem: decided.problem.as_ref().map(message),
            left_out: decided.updates.len().saturating_sub(moves.len()).saturating_add(omitted),
            moves,
            rolls_back: goes("rollback"),
            fixes_hot: goes("hotfix"),
        }
    }

    /// Why it could not be judged.
    pub(super) fn cause(&self) -> Option<&str> {
        let first = self.moves.iter().find_map(|moved| moved.problem.as_deref());
        self.problem.as_deref().or(first)
    }
}

impl Move {
    fn plain(moved: &Moved) -> Self {
        let Moved { name: full, old, new } = moved;
        Self { name: name(full), old: *old, new: *new, way: None, problem: None, findings: Vec::new(), more: 0 }
    }

    /// `room` is how many more findings the decision has room for.
    fn of(update: &Update, room: &mut usize) -> Self {
        // What refuses comes first in a record.
        let findings: Vec<Line> = update.findings.iter().take(*room).map(Line::of).collect();
        *room -= findings.len();
        let all = update.counts.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        Self {
            way: update.way.as_deref().map(|way| cut(way, NAME)),
            problem: update.problem.as_ref().map(message),
            more: usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(findings.len()),
            findings,
            ..Self::plain(&update.moved)
        }
    }
}

impl Line {
    fn of(found: &Found) -> Self {
        Self {
            rule: cut(&found.rule, NAME),
            weight: Weight::of(found),
            path: found.path.as_ref().map(|path| name(path)),
            message: cut(&found.message, MESSAGE),
        }
    }
}

impl Use {
    pub(super) fn of(row: &Row, used: &Used) -> Self {
        Self {
            receipt: row.receipt,
            time: row.time,
            actor: row.actor.clone(),
            id: cut(&used.id, NAME),
            principal: cut(&used.principal, NAME),
            reason: cut(&used.justification, REASON),
            moved: Move::plain(&used.moved),
            state: row.state,
        }
    }
}

impl Special {
    pub(super) fn of(row: &Row, decided: &Decided) -> Vec<Self> {
        let ways = decided.updates.iter().filter(|update| {
            decided.decision == Decision::Accept && matches!(update.way.as_deref(), Some("rollback" | "hotfix"))
        });
        let special = |update: &Update| Self {
            receipt: row.receipt,
            time: row.time,
            actor: row.actor.clone(),
            moved: Move { way: update.way.clone(), ..Move::plain(&update.moved) },
            state: row.state,
        };
        ways.take(REFS).map(special).collect()
    }
}

fn message(problem: &Problem) -> String {
    cut(&problem.message, MESSAGE)
}

/// How each rule bore on a decision: refused it, refused it alone, only reported, was waived; each 0 or 1.
pub(super) fn rules(decided: &Decided) -> BTreeMap<&str, [usize; 4]> {
    let mut rules: BTreeMap<&str, [bool; 3]> = BTreeMap::new();
    for update in &decided.updates {
        for found in &update.findings {
            let [refuses, reports, waived] = rules.entry(&found.rule).or_default();
            *match Weight::of(found) {
                Weight::Refuses => refuses,
                Weight::Reports => reports,
                Weight::Waived => waived,
            } = true;
        }
        // Of a rule whose findings are all left out of the record, only the answer tells how heavy it was.
        for rule in update.counts.keys().filter(|rule| !update.findings.iter().any(|found| found.rule == **rule)) {
            let [refuses, reports, _] = rules.entry(rule).or_default();
            *if decided.decision == Decision::Refuse { refuses } else { reports } = true;
        }
    }
    let alone = rules.values().filter(|[refuses, ..]| *refuses).count() == 1;
    let counts = |[refuses, reports, waived]: [bool; 3]| {
        [refuses, refuses && alone, reports && !refuses, waived].map(usize::from)
    };
    rules.into_iter().map(|(rule, seen)| (rule, counts(seen))).collect()
}
