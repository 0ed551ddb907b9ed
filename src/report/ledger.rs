//! What a ledger comes to, taken in record by record: of a million of them little more is kept than of a thousand. How
//! that is told stands in a file for each format.

pub mod html;
pub mod human;
pub mod json;
mod row;
mod tally;

use std::collections::{BTreeMap, VecDeque};

pub use row::{Line, Move, Row, Special, State, Use};
pub use tally::Tally;

use crate::finding::Decision;
use crate::ledger::record::{Decided, Event, Record};
use crate::ledger::verify::Report;
use crate::ledger::verify::mirror::Held;
use crate::ledger::{Hash, Receipt};
use crate::report::html::Timeline;

/// How many of the newest decisions are kept, and of uses of overrides, of rollbacks and hotfixes.
const ROWS: usize = 100;
const SPECIAL: usize = 100;
/// The gate waits for at most 256 decisions; a forged ledger may name any number.
const MOST_OPEN: usize = 512;
/// How many names a list has.
pub const NAMES: usize = 50;

/// A ledger, summed up, with what people must know to read it.
#[derive(Debug)]
pub struct Told {
    /// What the repository's folder is called.
    pub name: String,
    /// When this was told.
    pub now: jiff::Timestamp,
    /// The options that chose decisions, as they are typed: all but the kinds, and the kinds.
    pub asked: (Vec<String>, Vec<String>),
    /// What the ledger was held against beside the refs: each with a word on where it is from.
    pub against: Vec<(String, Receipt)>,
    /// Whether it holds.
    pub verified: Report,
    /// The mirrors that it was held against, record by record.
    pub mirrors: Vec<Held>,
    /// What it comes to.
    pub overview: Overview,
}

/// What the chosen decisions come to.
#[derive(Debug)]
pub struct Overview {
    /// What the server calls the repository.
    pub repository: Option<String>,
    /// How many were accepted, refused, undecided.
    pub decisions: [usize; 3],
    /// Of those accepted: how many were applied, and how many lapsed.
    pub applied: usize,
    /// See there.
    pub lapsed: usize,
    /// Rollbacks that were applied.
    pub rollbacks: usize,
    /// Hotfixes that were applied.
    pub hotfixes: usize,
    /// Appends that were cut off and put aside, in the whole ledger.
    pub repaired: usize,
    /// When the first and the last of them were made.
    pub span: Option<(jiff::Timestamp, jiff::Timestamp)>,
    /// All of them over time.
    pub time: Timeline,
    /// By rule: pushes that it refused, that it alone refused, in which it only reported, in which it was waived.
    pub rules: Tally<4>,
    /// By who pushed: all, accepted, refused, undecided.
    pub actors: Tally<4>,
    /// By ref: the same.
    pub refs: Tally<4>,
    /// Why pushes were undecided.
    pub causes: Tally<1>,
    /// The newest decisions.
    pub rows: Latest<Row>,
    /// The newest uses of overrides.
    pub uses: Latest<Use>,
    /// The newest rollbacks and hotfixes.
    pub specials: Latest<Special>,
    /// What is pending after the last record, as far as it was chosen.
    pub pending: Vec<Row>,
    open: BTreeMap<u64, Open>,
    last_pending: Vec<u64>,
}

/// A decision of which something may yet become.
#[derive(Debug)]
struct Open {
    row: Row,
    /// It counts once one of the kinds that were asked for becomes of it.
    waiting: Option<Decided>,
}

/// Whether a record is one that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// By its kind.
    pub kind: bool,
    /// By everything else.
    pub rest: bool,
}

/// The newest of many.
#[derive(Debug)]
pub struct Latest<T> {
    most: usize,
    /// How many there were.
    pub seen: usize,
    kept: VecDeque<T>,
}

impl<T> Latest<T> {
    const fn new(most: usize) -> Self {
        Self { most, seen: 0, kept: VecDeque::new() }
    }

    fn push(&mut self, one: T) {
        self.seen += 1;
        if self.kept.len() >= self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(one);
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().rev()
    }

    /// How many are not kept.
    pub fn left_out(&self) -> usize {
        self.seen.saturating_sub(self.kept.len())
    }
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            repository: None,
            decisions: [0; 3],
            applied: 0,
            lapsed: 0,
            rollbacks: 0,
            hotfixes: 0,
            repaired: 0,
            span: None,
            time: Timeline::default(),
            rules: Tally::default(),
            actors: Tally::default(),
            refs: Tally::default(),
            causes: Tally::default(),
            rows: Latest::new(ROWS),
            uses: Latest::new(SPECIAL),
            specials: Latest::new(SPECIAL),
            pending: Vec::new(),
            open: BTreeMap::new(),
            last_pending: Vec::new(),
        }
    }
}

impl Overview {
    /// Takes in the next record.
    pub fn take(&mut self, receipt: Receipt, record: &Record, chosen: Choice) {
        match &record.event {
            Event::Opened(opened) => self.repository = opened.repository.as_deref().map(|name| cut(name, NAME)),
            Event::Decided(decided) if chosen.rest => self.decided(receipt, record.time, decided, chosen.kind),
            Event::Applied(outcome) => self.became(outcome.decision, State::Applied, chosen.kind),
            Event::Lapsed(outcome) => self.became(outcome.decision, State::Lapsed, chosen.kind),
            Event::RolledBack(outcome) if chosen.kind => self.enter_late(outcome.decision),
            Event::Reserved(reserved) if chosen.kind => self.enter_late(reserved.decision),
            Event::Settled(settled) => {
                if chosen.kind {
                    self.enter_late(settled.decision);
                }
                let (id, state) =
                    (cut(&settled.id, NAME), if settled.applied { State::Applied } else { State::Lapsed });
                let uses = self.uses.kept.iter_mut();
                uses.filter(|used| used.receipt.sequence == settled.decision && used.id == id)
                    .for_each(|used| used.state = state);
            }
            Event::Repaired(_) => self.repaired += 1,
            Event::Decided(_) | Event::RolledBack(_) | Event::Reserved(_) | Event::Sealed(_) => {}
        }
        // Of what was settled, the records right behind may still speak.
        if self.open.len() > record.pending.len() + 1 {
            let about = about(&record.event);
            self.open.retain(|number, _| record.pending.contains(number) || Some(*number) == about);
        }
        if self.open.len() > MOST_OPEN {
            self.open.pop_first();
        }
        self.last_pending.clone_from(&record.pending);
    }

    /// There are no more records.
    pub fn finish(&mut self) {
        let open = std::mem::take(&mut self.open).into_iter();
        let pending = open.filter(|(number, open)| open.waiting.is_none() && self.last_pending.contains(number));
        self.pending = pending.map(|(_, open)| open.row).collect();
    }

    fn decided(&mut self, receipt: Receipt, time: jiff::Timestamp, decided: &Decided, counts: bool) {
        let row = Row::of(receipt, time, decided);
        if counts {
            self.enter(&row, decided);
        }
        if row.state == State::Pending {
            self.open.insert(receipt.sequence, Open { row, waiting: (!counts).then(|| decided.clone()) });
        }
    }

    /// What became of an accepted decision.
    fn became(&mut self, decision: u64, state: State, counts: bool) {
        if counts {
            self.enter_late(decision);
        }
        let Some(open) = self.open.get_mut(&decision).filter(|open| open.row.state == State::Pending) else { return };
        open.row.state = state;
        if open.waiting.is_none() {
            let row = open.row.clone();
            self.settle(&row);
        }
    }

    fn enter_late(&mut self, decision: u64) {
        let Some(open) = self.open.get_mut(&decision) else { return };
        let Some(decided) = open.waiting.take() else { return };
        let row = open.row.clone();
        self.enter(&row, &decided);
        self.settle(&row);
    }

    fn enter(&mut self, row: &Row, decided: &Decided) {
        let [accepted, refused, undecided] = &mut self.decisions;
        let (sum, counts) = match decided.decision {
            Decision::Accept => (accepted, [1, 1, 0, 0]),
            Decision::Refuse => (refused, [1, 0, 1, 0]),
            Decision::Undecided => (undecided, [1, 0, 0, 1]),
        };
        *sum += 1;
        let (first, last) = self.span.unwrap_or((row.time, row.time));
        self.span = Some((first.min(row.time), last.max(row.time)));
        self.time.add(row.time.as_second(), decided.decision);
        self.actors.add(row.actor.as_deref().unwrap_or(NOBODY), counts);
        for update in &decided.updates {
            self.refs.add(&name(&update.moved.name), counts);
        }
        row::rules(decided).into_iter().for_each(|(rule, counts)| self.rules.add(&cut(rule, NAME), counts));
        if let Some(cause) = row.cause().filter(|_| decided.decision == Decision::Undecided) {
            self.causes.add(cause, [1]);
        }
        decided.overrides.iter().for_each(|used| self.uses.push(Use::of(row, used)));
        Special::of(row, decided).into_iter().for_each(|special| self.specials.push(special));
        self.rows.push(row.clone());
    }

    /// Tells all that is kept of a decision what became of it.
    fn settle(&mut self, row: &Row) {
        match row.state {
            State::Applied => self.applied += 1,
            State::Lapsed => self.lapsed += 1,
            State::None | State::Pending => return,
        }
        let sequence = row.receipt.sequence;
        let same = |receipt: &Receipt| receipt.sequence == sequence;
        self.rows.kept.iter_mut().rev().filter(|one| same(&one.receipt)).take(1).for_each(|one| one.state = row.state);
        for special in self.specials.kept.iter_mut().rev().filter(|one| same(&one.receipt)) {
            special.state = row.state;
        }
        if row.state == State::Applied {
            self.rollbacks += usize::from(row.rolls_back);
            self.hotfixes += usize::from(row.fixes_hot);
        }
    }
}

/// The decision that a record is about.
const fn about(event: &Event) -> Option<u64> {
    match event {
        Event::Settled(settled) => Some(settled.decision),
        Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => Some(outcome.decision),
        _ => None,
    }
}

/// What stands for a pusher whom the server does not know.
pub const NOBODY: &str = "(not known)";

/// The most characters of a name, of a message, of a reason.
const NAME: usize = 120;
const MESSAGE: usize = 240;
const REASON: usize = 1_000;

/// The beginning of a text that may be a megabyte; what is left out is counted and told apart by its digest.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let digest: String = Hash::of(text.as_bytes()).to_string().chars().take(12).collect();
    format!("{}... ({} bytes, sha256 {digest})", text.get(..end).unwrap_or_default(), text.len())
}

/// A name as text.
fn name(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => cut(text, NAME),
        Err(_) => cut(&crate::escape::escape(bytes), NAME),
    }
}

#[cfg(test)]
mod tests;
