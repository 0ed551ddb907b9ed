//! What became of accepted pushes. The hook that accepts one never learns it, so the next writer looks.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use super::read::Entry;
use super::record::{Decided, Event, Moved, Outcome, Record, Settled};
use crate::error::Result;
use crate::finding::Decision;
use crate::ledger::{RECORD_BYTES, damaged};
use crate::oid::Oid;

/// How long a push whose refs stand where they were may still be on its way.
const UNDER_WAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// The most decisions that are waited for: each of them is read back by every writer.
pub(super) const MOST_PENDING: usize = 256;

/// A decision with a longer record is waited for only as long as it and the newer ones of its kind take no more than one
/// record may.
const LONG: usize = 64 * 1024;

/// An accepted decision whose outcome is not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub sequence: u64,
    /// When it was made.
    pub time: jiff::Timestamp,
    /// What was decided.
    pub decided: Decided,
    /// How long its record is.
    pub bytes: usize,
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
pub(super) fn follow(pending: &mut Vec<Open>, record: &Record, bytes: usize) {
    pending.retain(|open| record.pending.contains(&open.sequence));
    pending.extend(open(record, bytes));
}

fn open(record: &Record, bytes: usize) -> Option<Open> {
    match &record.event {
        Event::Decided(decided) if awaits(&record.event) => {
            Some(Open { sequence: record.sequence, time: record.time, decided: decided.clone(), bytes })
        }
        _ => None,
    }
}

/// What was applied since the oldest pending decision, each with its decision: what a ref had before that, a pending
/// decision may have given it.
pub(super) type Since = Vec<(u64, Moved)>;

/// What an event says was applied.
pub(super) fn applied(event: &Event) -> impl Iterator<Item = (u64, Moved)> {
    let outcome = match event {
        Event::Applied(outcome) => Some(outcome),
        _ => None,
    };
    outcome.into_iter().flat_map(|outcome| outcome.updates.iter().map(|moved| (outcome.decision, moved.clone())))
}

/// What an event says of an override.
pub(super) fn settled(event: Event) -> Option<Settled> {
    match event {
        Event::Settled(settled) => Some(settled),
        _ => None,
    }
}

/// The pending decisions after the last record, oldest first: it and those before it, as far back as is needed.
///
/// # Errors
/// One of them cannot be read, or is no decision that awaits anything.
pub(super) fn read(
    last: &Entry,
    before: Option<Entry>,
    earlier: &mut dyn FnMut() -> Result<Option<Entry>>,
) -> Result<(Vec<Open>, Since)> {
    let mut sought: Vec<u64> = last.record.pending.clone();
    let (mut found, mut since) = (Vec::new(), Since::new());
    let (mut at, mut next) = (Some(last.clone()), before);
    while let Some(wanted) = sought.last().copied() {
        let entry = at.ok_or_else(|| damaged(format!("record {wanted}, which is pending, is not there")))?;
        let Entry { record, line } = &entry;
        if record.sequence == wanted {
            let decision = open(record, line.len());
            found.push(decision.ok_or_else(|| damaged(format!("record {wanted} is pending and was not accepted")))?);
            sought.pop();
        } else if record.sequence < wanted {
            return Err(damaged(format!("record {wanted}, which is pending, is not there")));
        }
        since.extend(applied(&record.event));
        at = match next.take() {
            Some(entry) => Some(entry),
            None => earlier()?,
        };
    }
    found.reverse();
    Ok((found, since))
}

/// Where a ref stands, seen from an update of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Moved,
    Waiting,
    Elsewhere,
}

/// What shows, by the refs as they stand and by what is known of newer decisions, of the pending ones. Of several that
/// ask for the same update the newest is taken for the one that made it: it is the one that an override may have been
/// used for again.
pub(super) fn observed(
    pending: &[Open],
    since: &[(u64, Moved)],
    now: jiff::Timestamp,
    held: &dyn Fn(&BStr) -> Option<Oid>,
) -> Vec<Event> {
    let mut newer = Newer::than_all(since);
    let mut outcomes = Vec::new();
    let surplus = pending.len().saturating_sub(MOST_PENDING);
    let mut long = 0;
    for (place, open) in pending.iter().enumerate().rev() {
        let before = newer.than(open.sequence);
        let asked = open.decided.updates.iter().map(|update| &update.moved);
        let states: Vec<(&Moved, State)> = asked.map(|moved| (moved, state(moved, before, held))).collect();
        let moved = states.iter().filter(|(_, state)| *state == State::Moved).map(|(moved, _)| *moved);
        before.extend(moved.clone().map(|moved| (&moved.name, moved.old)));
        let waits = states.iter().any(|(_, state)| *state == State::Waiting);
        let is_long = open.bytes > LONG;
        long += if waits && is_long { open.bytes } else { 0 };
        let has_room = place >= surplus && (!is_long || long <= RECORD_BYTES);
        if waits && now.duration_since(open.time) < UNDER_WAY && has_room {
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

/// What `post-receive` says: each update is the newest pending decision's that accepted it, but for one that a newer
/// decision is known to have made. Others that accepted it too were in vain, or had made it before; where their other
/// refs must be looked at for that, [`observed`] tells.
pub(super) fn told(pending: &[Open], since: &[(u64, Moved)], moved: &[Moved]) -> Vec<Event> {
    let mut left: Vec<&Moved> = moved.iter().collect();
    let mut newer = Newer::than_all(since);
    let mut outcomes = Vec::new();
    for open in pending.iter().rev() {
        let before = newer.than(open.sequence);
        let asked: Vec<&Moved> = open.decided.updates.iter().map(|update| &update.moved).collect();
        if !moved.iter().any(|moved| asked.contains(&moved)) {
            continue;
        }
        let again = |moved: &Moved| since.iter().any(|(by, other)| *by > open.sequence && other == moved);
        let (made, others) = left.into_iter().partition::<Vec<_>, _>(|moved| asked.contains(moved) && !again(moved));
        left = others;
        if made.is_empty() && asked.iter().any(|moved| !before.contains_key(&moved.name)) {
            continue;
        }
        let known = asked.into_iter().filter(|moved| before.get(&moved.name) == Some(&moved.new));
        let earlier: Vec<&Moved> = known.filter(|moved| !made.contains(moved)).collect();
        before.extend(made.iter().map(|moved| (&moved.name, moved.old)));
        outcomes.push(outcome(open, made.into_iter().chain(earlier).cloned().collect(), false));
    }
    outcomes.into_iter().rev().flatten().collect()
}

/// Where refs stood before the updates that newer decisions made, for ever older ones.
struct Newer<'a> {
    known: Vec<&'a (u64, Moved)>,
    before: BTreeMap<&'a BString, Oid>,
}

impl<'a> Newer<'a> {
    fn than_all(since: &'a [(u64, Moved)]) -> Self {
        let mut known: Vec<&(u64, Moved)> = since.iter().collect();
        known.sort_by_key(|(decision, _)| *decision);
        Self { known, before: BTreeMap::new() }
    }

    fn than(&mut self, decision: u64) -> &mut BTreeMap<&'a BString, Oid> {
        while let Some((_, moved)) = self.known.pop_if(|(by, _)| *by > decision) {
            self.before.insert(&moved.name, moved.old);
        }
        &mut self.before
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{MAIN, Place, at, decided, holds, moved};

    const A: &str = "refs/heads/a";

    fn outcomes(place: &Place) -> Vec<(&'static str, u64, Vec<Moved>)> {
        let told = place.records().into_iter().filter_map(|record| match &record.event {
            Event::Applied(outcome) | Event::Lapsed(outcome) => {
                Some((record.event.name(), outcome.decision, outcome.updates.clone()))
            }
            _ => None,
        });
        told.collect()
    }

    fn looks(place: &Place, second: i64, told: &[Moved], refs: &[(&str, u8)]) {
        let mut writer = place.ledger.lock(at(second)).unwrap();
        writer.apply(told).unwrap();
        writer.settle(&holds(refs)).unwrap();
        writer.commit().unwrap();
    }

    /// One of its refs did not move, or not yet, and meanwhile another push moved the other one on.
    #[test]
    fn what_a_push_moved_is_known_after_others_moved_it_on() {
        for told in [&[moved(MAIN, 2, 5)][..], &[]] {
            let place = Place::begun();
            place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2), moved(A, 3, 4)]));
            place.decide(2, decided(Decision::Accept, vec![moved(MAIN, 2, 5)]));
            for (second, told) in [(3, told), (4, &[]), (3700, &[])] {
                looks(&place, second, told, &[(MAIN, 5), (A, 3)]);
            }
            let due = [("applied", 3, vec![moved(MAIN, 2, 5)]), ("applied", 2, vec![moved(MAIN, 1, 2)])];
            assert_eq!(outcomes(&place), due);
        }
    }

    /// The same update twice, with the way back between, and one that waits for another ref all the while.
    #[test]
    fn what_is_made_again_was_not_in_vain_before() {
        let place = Place::begun();
        place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2), moved(A, 3, 4)]));
        place.decide(2, decided(Decision::Accept, vec![moved(MAIN, 2, 1)]));
        looks(&place, 3, &[moved(MAIN, 2, 1)], &[(MAIN, 1), (A, 3)]);
        place.decide(4, decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
        looks(&place, 5, &[moved(MAIN, 1, 2)], &[(MAIN, 2), (A, 3)]);
        looks(&place, 3700, &[], &[(MAIN, 2), (A, 3)]);
        let due = [
            ("applied", 3, vec![moved(MAIN, 2, 1)]),
            ("applied", 5, vec![moved(MAIN, 1, 2)]),
            ("applied", 2, vec![moved(MAIN, 1, 2)]),
        ];
        assert_eq!(outcomes(&place), due);
    }

    /// Each of them is read back by every writer, so few long ones are waited for; short ones do not give way to them.
    #[test]
    fn of_what_is_pending_the_oldest_long_records_are_given_up() {
        let place = Place::begun();
        place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
        for (second, name) in [(2, "b"), (3, "c"), (4, "d")] {
            let long = name.repeat(RECORD_BYTES * 2 / 5);
            place.decide(second, decided(Decision::Accept, vec![moved(A, 3, 4), moved(&long, 0, 1)]));
        }
        looks(&place, 5, &[], &[(MAIN, 1), (A, 3)]);
        let lapsed: Vec<_> = outcomes(&place).into_iter().map(|(event, decision, _)| (event, decision)).collect();
        assert_eq!(lapsed, [("lapsed", 3)]);
        let pending: Vec<u64> = place.ledger.pending().unwrap().iter().map(|open| open.sequence).collect();
        assert_eq!(pending, [2, 4, 5]);
    }

    /// Somebody saw what a push made before its own `post-receive` said so.
    #[test]
    fn what_was_seen_already_is_nobody_else_s() {
        let place = Place::begun();
        place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2), moved(A, 3, 4)]));
        place.decide(2, decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
        looks(&place, 3, &[], &[(MAIN, 2), (A, 3)]);
        looks(&place, 4, &[moved(MAIN, 1, 2)], &[(MAIN, 2), (A, 3)]);
        looks(&place, 3700, &[], &[(MAIN, 2), (A, 3)]);
        let due = [("applied", 3, vec![moved(MAIN, 1, 2)]), ("lapsed", 2, vec![moved(MAIN, 1, 2), moved(A, 3, 4)])];
        assert_eq!(outcomes(&place), due);
    }
}
