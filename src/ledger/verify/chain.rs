//! What records say of each other, followed from the first to the last.

use std::collections::BTreeMap;

use super::refs::Refs;
use super::{Kind, Known, Line, MOST_PROBLEMS, Report};
use crate::finding::Decision;
use crate::ledger::receipt::{Hash, Receipt};
use crate::ledger::record::{Decided, Event, Moved, Outcome, Record, Reserved, Sealed, Settled};
use crate::ledger::settle;

/// The clock may have been put right by so much, and one push may have waited for another.
const CLOCK: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// How far the records were followed.
pub(super) struct Chain<'a> {
    known: &'a Known<'a>,
    report: Report,
    /// Where the receipts lie, sorted by number, and how many are passed.
    receipts: Vec<&'a (String, Receipt)>,
    passed: usize,
    latest: Option<jiff::Timestamp>,
    /// What the record before left pending; `None` where it cannot be read.
    pending: Option<Vec<u64>>,
    /// The accepted decisions that somebody may still speak of.
    open: BTreeMap<u64, Decided>,
    /// Every override that was used: for which update, and by which decision it was applied.
    overrides: BTreeMap<String, (Moved, Option<u64>)>,
    refs: Refs,
    segment: Segment,
}

/// How far the segment was followed.
#[derive(Default)]
struct Segment {
    number: u64,
    first: u64,
    bytes: u64,
    count: u64,
    sealed: bool,
}

impl<'a> Chain<'a> {
    pub(super) fn new(known: &'a Known<'a>) -> Self {
        let mut receipts: Vec<_> = known.receipts.iter().collect();
        receipts.sort_by_key(|(_, receipt)| receipt.sequence);
        let report = Report {
            first: 0,
            last: Receipt::NONE,
            records: 0,
            problems: Vec::new(),
            more: 0,
            warnings: Vec::new(),
            unknown: Vec::new(),
            hashes: Vec::new(),
        };
        Self {
            known,
            report,
            receipts,
            passed: 0,
            latest: None,
            pending: None,
            open: BTreeMap::new(),
            overrides: BTreeMap::new(),
            refs: Refs::default(),
            segment: Segment::default(),
        }
    }

    fn problem(&mut self, sequence: u64, message: String) {
        self.report.problem(Kind::Ledger, sequence, message);
    }

    /// A segment begins.
    pub(super) fn begin(&mut self, number: u64) {
        let last = self.report.last.sequence;
        if self.report.records > 0 && !self.segment.sealed {
            self.problem(
                last,
                format!("segment {} ends without being sealed, and there is another one", self.segment.number),
            );
        }
        self.segment = Segment { number, ..Segment::default() };
    }

    /// A segment ends, with so many bytes behind its last line feed.
    pub(super) fn end(&mut self, torn: u64, is_last: bool) {
        if torn > 0 && is_last {
            let what = "an append that was not finished, which the next push puts aside";
            self.report.warnings.push(format!("the ledger ends with {torn} bytes of {what}"));
        } else if torn > 0 {
            let number = self.segment.number;
            self.problem(self.report.last.sequence, format!("segment {number} ends within a record"));
        }
    }

    /// The rest of a segment is no lines.
    pub(super) fn broken(&mut self, why: &str) {
        self.problem(
            self.report.last.sequence + 1,
            format!("{why}; the rest of segment {} was not read", self.segment.number),
        );
    }

    /// The next line.
    pub(super) fn line(&mut self, line: Line) {
        let begins = self.report.records == 0;
        let expected = if begins { None } else { Some(self.report.last) };
        let sequence = match &line.record {
            Ok(record) => record.sequence,
            Err(_) => expected.map_or(1, |last| last.sequence.saturating_add(1)),
        };
        self.report.records += 1;
        if begins {
            self.report.first = sequence;
        }
        match line.record {
            Ok(record) => {
                self.link(&record, expected);
                self.seal(&record);
                self.clock(&record);
                self.pending = Some(self.outcomes(record));
            }
            Err(why) => {
                self.problem(sequence, why);
                self.pending = None;
            }
        }
        self.segment.bytes += line.bytes;
        self.segment.count += 1;
        self.report.last = Receipt { sequence, hash: line.hash };
        // Behind a gap nobody can tell which record stands where.
        if self.known.mirrored && sequence.checked_sub(self.report.first) == Some(self.report.hashes.len() as u64) {
            self.report.hashes.push(line.hash);
        }
        self.receipts();
    }

    /// The record follows the one before it.
    fn link(&mut self, record: &Record, before: Option<Receipt>) {
        let (sequence, is_opened) = (record.sequence, matches!(record.event, Event::Opened(_)));
        match before {
            Some(last) if last.sequence.checked_add(1) != Some(sequence) => {
                self.problem(
                    sequence,
                    format!("record {sequence} stands where {} belongs", last.sequence.saturating_add(1)),
                );
            }
            Some(last) if last.hash != record.previous => {
                let before = last.sequence;
                let what = "is not the one that this record followed when it was written";
                self.problem(sequence, format!("record {before} {what}: one of the two was changed"));
            }
            None if self.segment.number == 1 && sequence > 1 => {
                self.problem(sequence, format!("the first segment begins with record {sequence}"));
            }
            None if sequence == 1 && (record.previous != Hash::ZERO || !is_opened) => {
                self.problem(1, "the first record does not begin a ledger".to_owned());
            }
            Some(_) if is_opened => self.problem(sequence, "a ledger begins within a ledger".to_owned()),
            _ => {}
        }
    }

    /// Nothing follows a seal in its segment, and it says what the segment holds.
    fn seal(&mut self, record: &Record) {
        let sequence = record.sequence;
        if self.segment.count == 0 {
            self.segment.first = sequence;
        }
        if self.segment.sealed {
            self.problem(
                sequence,
                format!("record {sequence} stands behind the seal of segment {}", self.segment.number),
            );
        }
        let Event::Sealed(sealed) = &record.event else { return };
        self.segment.sealed = true;
        let Segment { number, first, bytes, count, .. } = self.segment;
        if *sealed != (Sealed { bytes, count, first, last: sequence.saturating_sub(1) }) {
            self.problem(sequence, format!("the seal of segment {number} says something else than what it holds"));
        }
    }

    fn clock(&mut self, record: &Record) {
        if let Some(latest) = self.latest.filter(|latest| latest.duration_since(record.time) > CLOCK) {
            let (sequence, time) = (record.sequence, record.time);
            if self.report.warnings.len() < MOST_PROBLEMS {
                self.report
                    .warnings
                    .push(format!("the clock was set back: record {sequence} is of {time}, after one of {latest}"));
            }
        }
        self.latest = self.latest.max(Some(record.time));
    }

    /// What the record says of decisions before it; which of them it leaves pending.
    fn outcomes(&mut self, record: Record) -> Vec<u64> {
        let sequence = record.sequence;
        if let Some(mut pending) = self.pending.take() {
            let was = pending.clone();
            settle::numbers(&mut pending, sequence, &record.event);
            if pending != record.pending {
                self.problem(
                    sequence,
                    format!("record {sequence} says of other decisions that they are pending than it follows"),
                );
            }
            if let Event::Applied(outcome) | Event::Lapsed(outcome) = &record.event
                && !was.contains(&outcome.decision)
            {
                self.problem(
                    sequence,
                    format!("record {sequence} is the outcome of {}, which awaits none", outcome.decision),
                );
            }
        }
        // Of what was settled, the records right behind may still speak.
        let about = match &record.event {
            Event::Settled(settled) => settled.decision,
            Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => outcome.decision,
            _ => 0,
        };
        match record.event {
            Event::Opened(opened) => self.refs.open(&opened),
            Event::Decided(decided) if decided.decision == Decision::Accept => self.accepted(sequence, decided),
            Event::Applied(outcome) => {
                self.known_updates(sequence, &outcome);
                self.refs.applied(&outcome);
            }
            Event::Lapsed(outcome) | Event::RolledBack(outcome) => self.known_updates(sequence, &outcome),
            Event::Reserved(reserved) => self.reserved(sequence, &reserved),
            Event::Settled(settled) => self.settled(sequence, &settled),
            Event::Decided(_) | Event::Repaired(_) | Event::Sealed(_) => {}
        }
        if self.open.len() > record.pending.len() + 1 {
            self.open.retain(|number, _| record.pending.contains(number) || *number == about);
        }
        record.pending
    }

    fn accepted(&mut self, sequence: u64, decided: Decided) {
        for update in &decided.updates {
            if let Some(message) = self.refs.accepted(sequence, &update.moved) {
                self.report.problem(Kind::Ref, sequence, message);
            }
        }
        for used in &decided.overrides {
            let entry = self.overrides.get(&used.id);
            let wrong = match entry {
                Some((_, Some(applied))) => Some(format!("was used already, in decision {applied}")),
                Some((moved, None)) if *moved != used.moved => Some("was used for another update before".to_owned()),
                _ => None,
            };
            if let Some(wrong) = wrong {
                let id = crate::escape::excerpt(&used.id);
                self.problem(sequence, format!("override {id} {wrong}"));
            } else if entry.is_none() {
                self.overrides.insert(used.id.clone(), (used.moved.clone(), None));
            }
        }
        if !decided.updates.is_empty() {
            self.open.insert(sequence, decided);
        }
    }

    /// What is said of a decision is about what was decided.
    fn known_updates(&mut self, sequence: u64, outcome: &Outcome) {
        let Some(decided) = self.open.get(&outcome.decision) else { return };
        let known = |moved: &Moved| decided.updates.iter().any(|update| update.moved == *moved);
        if !outcome.updates.iter().all(known) {
            self.problem(
                sequence,
                format!("record {sequence} speaks of refs that decision {} is not about", outcome.decision),
            );
        }
    }

    fn reserved(&mut self, sequence: u64, reserved: &Reserved) {
        let Some(decided) = self.open.get(&reserved.decision) else { return };
        if !decided.overrides.iter().any(|used| used.id == reserved.id && used.moved == reserved.moved) {
            self.problem(
                sequence,
                format!("decision {} did not use the override of record {sequence}", reserved.decision),
            );
        }
    }

    fn settled(&mut self, sequence: u64, settled: &Settled) {
        if let Some(decided) = self.open.get(&settled.decision)
            && !decided.overrides.iter().any(|used| used.id == settled.id)
        {
            self.problem(
                sequence,
                format!("decision {} did not use the override of record {sequence}", settled.decision),
            );
        }
        let Some((_, applied)) = self.overrides.get_mut(&settled.id).filter(|_| settled.applied) else { return };
        if let Some(before) = applied.replace(settled.decision) {
            let (id, decision) = (crate::escape::excerpt(&settled.id), settled.decision);
            self.problem(sequence, format!("override {id} was used twice, in decisions {before} and {decision}"));
        }
    }

    /// The receipts of the record that was just read.
    fn receipts(&mut self) {
        let last = self.report.last;
        while let Some((from, receipt)) = self.receipts.get(self.passed).copied() {
            if receipt.sequence > last.sequence {
                return;
            }
            self.passed += 1;
            if receipt.sequence < last.sequence {
                self.missing(from, *receipt);
            } else if receipt.hash != last.hash {
                let what = "is not the one that is there: it or one before it was changed";
                let message = format!("the record {} that {from} knows {what}", last.sequence);
                self.report.problem(Kind::Witness, last.sequence, message);
            }
        }
    }

    fn missing(&mut self, from: &str, receipt: Receipt) {
        if receipt.sequence < self.report.first {
            let first = self.report.first;
            let what =
                format!("the record {} that {from} knows is not here: record {first} is the first", receipt.sequence);
            self.report.unknown.push(what);
        } else {
            let message = format!("the record {} that {from} knows is gone", receipt.sequence);
            self.report.problem(Kind::Witness, receipt.sequence, message);
        }
    }

    pub(super) fn finish(mut self) -> Report {
        let last = self.report.last.sequence;
        for (from, receipt) in self.receipts.split_off(self.passed.min(self.receipts.len())) {
            let message = format!("the ledger ends with record {last}, but {from} knows record {}", receipt.sequence);
            self.report.problem(Kind::Witness, last, message);
        }
        if self.report.first > 1 {
            let before = self.report.first - 1;
            self.report
                .warnings
                .push(format!("records 1 to {before} are not here; --archive names where they were moved to"));
        }
        if let Some(refs) = self.known.refs {
            for message in self.refs.compare(refs, self.report.first == 1) {
                self.report.problem(Kind::Ref, last, message);
            }
        }
        self.report
    }
}
