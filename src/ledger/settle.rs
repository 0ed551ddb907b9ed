//! What became of accepted pushes. The hook that accepts one never learns it, so the next writer looks.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use super::record::{Decided, Event, Moved, Outcome, Record, Settled};
use crate::error::Result;
use crate::finding::Decision;
use crate::ledger::damaged;
use crate::oid::Oid;

/// How long a push whose refs stand where they were may still be on its way.
const UNDER_WAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// The most decisions that are waited for: each of them is read back by every writer.
pub(super) const MOST_PENDING: usize = 256;

/// An accepted decision whose outcome is not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub sequence: u64,
    /// When it was made.
    pub time: jiff::Timestamp,
    /// What was decided.
    pub decided: Decided,
}

/// Whether something has to become of this.
fn awaits(event: &Event) -> bool {
    matches!(event, Event::Decided(decided) if decided.decision == Decision::Accept && !decided.updates.is_empty())
}

/// The pending numbers after an event.
pub(super) fn numbers(pending: &mut Vec<u64>, sequence: u64, event: &Event) {
    match event {
        Event::Applied(outcome) | Event::Lapsed(outcome) => pending.retain(|number| *number != outcome.decision),
        event if awaits(event) => pending.push(sequence),
        _ => {}
    }
}

/// The pending decisions after a record.
pub(super) fn follow(pending: &mut Vec<Open>, record: &Record) {
    pending.retain(|open| record.pending.contains(&open.sequence));
    pending.extend(open(record));
}

fn open(record: &Record) -> Option<Open> {
    match &record.event {
        Event::Decided(decided) if awaits(&record.event) => {
            Some(Open { sequence: record.sequence, time: record.time, decided: decided.clone() })
        }
        _ => None,
    }
}

/// The pending decisions after the last record, oldest first: it and those before it, as far back as is needed.
///
/// # Errors
/// One of them cannot be read, or is no decision that awaits anything.
pub(super) fn read(
    last: &Record,
    before: Option<Record>,
    earlier: &mut dyn FnMut() -> Result<Option<Record>>,
) -> Result<Vec<Open>> {
    let mut sought: Vec<u64> = last.pending.clone();
    let mut found = Vec::new();
    let (mut at, mut next) = (Some(last.clone()), before);
    while let Some(wanted) = sought.last().copied() {
        let record = at.ok_or_else(|| damaged(format!("record {wanted}, which is pending, is not there")))?;
        if record.sequence == wanted {
            let decision = open(&record);
            found.push(decision.ok_or_else(|| damaged(format!("record {wanted} is pending and was not accepted")))?);
            sought.pop();
        } else if record.sequence < wanted {
            return Err(damaged(format!("record {wanted}, which is pending, is not there")));
        }
        at = match next.take() {
            Some(record) => Some(record),
            None => earlier()?,
        };
    }
    found.reverse();
    Ok(found)
}

/// Where a ref stands, seen from an update of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Moved,
    Waiting,
    Elsewhere,
}

/// What shows, by the refs as they stand, of the pending decisions. Of several that ask for the same update the newest
/// is taken for the one that made it: it is the one that an override may have been used for again.
pub(super) fn observed(pending: &[Open], now: jiff::Timestamp, held: &dyn Fn(&BStr) -> Option<Oid>) -> Vec<Event> {
    // Where a ref stood before the updates that newer decisions made.
    let mut before: BTreeMap<&BString, Oid> = BTreeMap::new();
    let mut outcomes = Vec::new();
    let surplus = pending.len().saturating_sub(MOST_PENDING);
    for (place, open) in pending.iter().enumerate().rev() {
        let asked = open.decided.updates.iter().map(|update| &update.moved);
        let states: Vec<(&Moved, State)> = asked.map(|moved| (moved, state(moved, &before, held))).collect();
        let moved = states.iter().filter(|(_, state)| *state == State::Moved).map(|(moved, _)| *moved);
        before.extend(moved.clone().map(|moved| (&moved.name, moved.old)));
        let waits = states.iter().any(|(_, state)| *state == State::Waiting);
        if waits && now.duration_since(open.time) < UNDER_WAY && place >= surplus {
            continue;
        }
        outcomes.push(outcome(open, moved.cloned().collect(), true));
    }
    outcomes.into_iter().rev().flatten().collect()
}

fn state(moved: &Moved, before: &BTreeMap<&BString, Oid>, held: &dyn Fn(&BStr) -> Option<Oid>) -> State {
    let past = before.get(&moved.name).copied();
    let value = past.or_else(|| held(moved.name.as_bstr())).unwrap_or(Oid::zero(moved.new.format()));
    if value == moved.new {
        State::Moved
    } else if value == moved.old && past.is_none() {
        State::Waiting
    } else {
        State::Elsewhere
    }
}

/// What `post-receive` says: each update is the newest pending decision's that accepted it. Others that accepted it too
/// were in vain.
pub(super) fn told(pending: &[Open], moved: &[Moved]) -> Vec<Event> {
    let mut left: Vec<&Moved> = moved.iter().collect();
    let mut outcomes = Vec::new();
    for open in pending.iter().rev() {
        let accepts = |moved: &Moved| open.decided.updates.iter().any(|update| update.moved == *moved);
        if !moved.iter().any(accepts) {
            continue;
        }
        let (made, others) = left.into_iter().partition::<Vec<_>, _>(|moved| accepts(moved));
        left = others;
        outcomes.push(outcome(open, made.into_iter().cloned().collect(), false));
    }
    outcomes.into_iter().rev().flatten().collect()
}

/// The events that say what became of a decision: of its refs, of its overrides, and that it was a rollback.
fn outcome(open: &Open, moved: Vec<Moved>, observed: bool) -> Vec<Event> {
    let decision = open.sequence;
    let decided = &open.decided;
    let settled = decided
        .overrides
        .iter()
        .map(|used| Event::Settled(Settled { decision, id: used.id.clone(), applied: moved.contains(&used.moved) }));
    let settled: Vec<Event> = settled.collect();
    let back = decided.updates.iter().filter(|update| update.way.as_deref() == Some(ROLLBACK));
    let back: Vec<Moved> = back.map(|update| update.moved.clone()).filter(|update| moved.contains(update)).collect();
    let first = if moved.is_empty() {
        let updates = decided.updates.iter().map(|update| update.moved.clone()).collect();
        Event::Lapsed(Outcome { decision, observed, updates })
    } else {
        Event::Applied(Outcome { decision, observed, updates: moved })
    };
    let back = (!back.is_empty()).then_some(Event::RolledBack(Outcome { decision, observed, updates: back }));
    [first].into_iter().chain(settled).chain(back).collect()
}

/// The way in of a rollback.
const ROLLBACK: &str = "rollback";
