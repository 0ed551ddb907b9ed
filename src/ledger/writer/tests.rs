use std::io::{Error, ErrorKind, Result};

use super::*;
use crate::ledger::record::Found;
use crate::ledger::tests::{MAIN, Place, at, decided, moved, update};
use crate::ledger::verify::{Known, verify};

/// A file that fails.
#[derive(Default)]
struct Failing {
    bytes: Vec<u8>,
    /// Writes fail behind so many bytes.
    room: Option<usize>,
    syncs: bool,
    cuts: bool,
}

impl Sink for Failing {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let room = self.room.unwrap_or(usize::MAX).saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        if room < bytes.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<()> {
        if self.syncs { Ok(()) } else { Err(Error::other("the disk has gone")) }
    }

    fn length(&self) -> Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn cut(&mut self, length: u64) -> Result<()> {
        if !self.cuts {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        self.bytes.truncate(usize::try_from(length).unwrap());
        Ok(())
    }
}

/// What a writer would append to the ledger, and what stands there.
fn queued(place: &Place) -> (Vec<u8>, Vec<u8>) {
    let mut writer = place.ledger.lock(at(5)).unwrap();
    writer.decide(decided(Decision::Accept, vec![moved(MAIN, 1, 2)])).unwrap();
    writer.apply(&[moved(MAIN, 1, 2)]).unwrap().unwrap();
    (fs_err::read(place.segment(1)).unwrap(), writer.parts.pop().unwrap().bytes)
}

#[track_caller]
fn goes_on(place: &Place) {
    place.decide(9, decided(Decision::Refuse, Vec::new()));
    let found = verify(&place.ledger.read(&[]).unwrap(), &Known::default()).unwrap();
    assert_eq!((&found.problems[..], &found.warnings[..]), (&[][..], &[][..]));
}

#[test]
fn wherever_a_write_fails_the_answer_is_an_error_and_the_ledger_is_whole() {
    let place = Place::begun();
    let (there, batch) = queued(&place);
    let length = there.len() as u64;
    for written in 0..batch.len() {
        for cuts in [true, false] {
            let room = Some(there.len() + written);
            let mut file = Failing { bytes: there.clone(), room, syncs: true, cuts };
            assert!(append_to(&mut file, length, &batch).is_err());
            assert_eq!(file.bytes.len(), if cuts { there.len() } else { there.len() + written });
            // A place here and there is enough to see how it goes on: half a record, a whole one and the start of the next.
            if !cuts && written % 41 == 0 {
                let place = Place::begun();
                fs_err::write(place.segment(1), &file.bytes).unwrap();
                goes_on(&place);
            }
        }
    }
}

#[test]
fn what_may_not_last_is_taken_back() {
    let place = Place::begun();
    let (there, batch) = queued(&place);
    let mut file = Failing { bytes: there.clone(), cuts: true, ..Failing::default() };
    assert!(append_to(&mut file, there.len() as u64, &batch).is_err());
    assert_eq!(file.bytes, there);
    // Where not even that is possible, the records stay, and nobody believes that they were answered.
    let mut file = Failing { bytes: there.clone(), ..Failing::default() };
    assert!(append_to(&mut file, there.len() as u64, &batch).is_err());
    fs_err::write(place.segment(1), &file.bytes).unwrap();
    goes_on(&place);
    let length = there.len() as u64;
    let mut file = Failing { bytes: there, syncs: true, ..Failing::default() };
    append_to(&mut file, length, &batch).unwrap();
    // Somebody else's bytes are in between.
    assert!(append_to(&mut file, length, &batch).is_err());
}

#[test]
fn a_folder_that_cannot_be_made_or_read_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("file"), b"").unwrap();
    assert!(Ledger::open(&folder.path().join("file/ledger")).lock(at(0)).is_err());
    let place = Place::begun();
    fs_err::create_dir(place.segment(2)).unwrap();
    assert!(place.ledger.lock(at(0)).is_err());
}

#[test]
fn a_ledger_that_somebody_else_writes_is_not_appended_to() {
    let place = Place::begun();
    let mut writer = place.ledger.lock(at(1)).unwrap();
    writer.decide(decided(Decision::Refuse, Vec::new())).unwrap();
    let there = fs_err::read(place.segment(1)).unwrap();
    fs_err::write(place.segment(1), [&there[..], b"{"].concat()).unwrap();
    let error = writer.commit().unwrap_err();
    assert!(error.message.contains("does not ask for its lock"), "{error}");
    fs_err::write(place.segment(1), &there).unwrap();
    goes_on(&place);
}

#[test]
fn thirty_two_at_once_lose_nothing() {
    let place = Place::begun();
    let ledger = place.ledger.clone().sealed_at(20_000);
    let mut receipts = std::thread::scope(|scope| {
        let threads = (0..32).map(|thread: i64| {
            let ledger = &ledger;
            scope.spawn(move || {
                let mut receipts = Vec::new();
                for push in 0..8 {
                    let mut writer = ledger.lock(at(push)).unwrap();
                    let name = format!("refs/heads/{thread}-{push}");
                    receipts.push(writer.decide(decided(Decision::Accept, vec![moved(&name, 0, 2)])).unwrap());
                    writer.commit().unwrap();
                    let mut writer = ledger.lock(at(push)).unwrap();
                    receipts.push(writer.apply(&[moved(&name, 0, 2)]).unwrap().unwrap());
                    writer.commit().unwrap();
                }
                receipts
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    receipts.sort_by_key(|receipt| receipt.sequence);
    receipts.dedup();
    assert_eq!(receipts.len(), 32 * 8 * 2);
    let receipts = receipts.into_iter().map(|receipt| ("a pusher".to_owned(), receipt)).collect();
    let reader = place.ledger.read(&[]).unwrap();
    assert!(reader.segments.len() > 3);
    let found = verify(&reader, &Known { receipts, refs: None, mirrored: false }).unwrap();
    assert_eq!((&found.problems[..], found.exit_code()), (&[][..], 0));
    assert_eq!(place.ledger.lock(at(99)).unwrap().pending(), []);
}

#[test]
fn a_push_that_is_too_large_is_recorded_without_what_was_found_and_never_half() {
    let place = Place::begun();
    let found = |length| Found {
        rule: "path-name".into(),
        severity: "enforce".into(),
        fingerprint: "0f".repeat(32),
        message: "m".repeat(length),
        path: None,
        waived: None,
    };
    let push = |decision, updates: usize, findings, length| {
        let name = |number| format!("refs/heads/{number:060000}");
        let mut push = decided(decision, (0..updates).map(|number| moved(&name(number), 0, 2)).collect());
        for update in &mut push.updates {
            update.findings = vec![found(length); findings];
            update.counts = [("path-name".to_owned(), findings as u64)].into();
        }
        push
    };
    let kept = |push| {
        place.decide(1, push);
        let Event::Decided(decided) = place
            .records()
            .into_iter()
            .rev()
            .find_map(|record| match record.event {
                event @ Event::Decided(_) => Some(event),
                _ => None,
            })
            .unwrap()
        else {
            panic!()
        };
        let findings = decided.updates.first().map_or(0, |update| update.findings.len());
        (findings, decided.updates.len(), decided.omitted)
    };
    assert_eq!(kept(push(Decision::Refuse, 2, 100, 10)), (100, 2, 0));
    assert_eq!(kept(push(Decision::Refuse, 2, 100, 5000)), (10, 2, 0));
    assert_eq!(kept(push(Decision::Accept, 2, 100, 100_000)), (0, 2, 0));
    assert_eq!(kept(push(Decision::Refuse, 300, 0, 0)), (0, 17, 283));
    assert_eq!(kept(push(Decision::Undecided, 300, 100, 10)), (0, 17, 283));
    let mut writer = place.ledger.lock(at(3)).unwrap();
    let error = writer.decide(push(Decision::Accept, 300, 0, 0)).unwrap_err();
    assert!(error.message.contains("too large to be recorded"), "{error}");
    drop(writer);
    goes_on(&place);
}

/// However many refs stand before it, by whatever names.
#[test]
fn the_protected_branch_that_was_asked_for_is_never_left_out_of_a_refusal() {
    let place = Place::begun();
    let asked = |name: &str, class: &str, old| Update { class: class.into(), ..update(moved(name, old, 2)) };
    let others = (0..9000).map(|number| asked(&format!("refs/heads/a{number:060}"), "branch", 1));
    let made_up = (0..9000).map(|number| asked(&format!("refs/heads/r{number}"), "protected", 0));
    let updates: Vec<Update> = others.chain(made_up).chain([asked(MAIN, "protected", 1)]).collect();
    let all = updates.len();
    place.decide(1, Decided { updates, ..decided(Decision::Refuse, Vec::new()) });
    let record = place.records().pop().unwrap();
    assert!((LARGE_RECORD - 1000..=LARGE_RECORD).contains(&record.render().len()), "{}", record.render().len());
    let Event::Decided(kept) = record.event else { panic!() };
    assert_eq!(
        (kept.updates[0].moved.clone(), kept.updates.len() as u64 + kept.omitted),
        (moved(MAIN, 1, 2), all as u64)
    );
    assert!(kept.updates.iter().all(|update| update.class == "protected"), "{}", kept.updates.len());
    goes_on(&place);
}
