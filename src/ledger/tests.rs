use std::collections::BTreeMap;

use bstr::{BStr, BString};

use super::record::*;
use super::*;
use crate::finding::Decision;
use crate::oid::{ObjectFormat, Oid};

pub(super) fn oid(byte: u8) -> Oid {
    Oid::from_bytes(&[byte; 20]).unwrap()
}

pub(super) fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn moved(name: &str, old: u8, new: u8) -> Moved {
    Moved { name: name.into(), old: oid(old), new: oid(new) }
}

pub(super) fn update(moved: Moved) -> Update {
    Update {
        moved,
        class: "protected".into(),
        task: None,
        source: None,
        way: None,
        problem: None,
        counts: BTreeMap::new(),
        findings: Vec::new(),
    }
}

pub(super) fn decided(decision: Decision, updates: Vec<Moved>) -> Decided {
    Decided {
        decision,
        actor: Some("alice".into()),
        input: Some("ab".repeat(32)),
        policy: Some("cd".repeat(32)),
        problem: None,
        bootstrap: false,
        overrides: Vec::new(),
        updates: updates.into_iter().map(update).collect(),
        omitted: 0,
    }
}

pub(super) fn opened() -> Opened {
    let refs = [(MAIN.into(), oid(1)), ("refs/heads/a".into(), oid(3))].into();
    Opened::of(ObjectFormat::Sha1, Some("shop".into()), &refs, |name| name == MAIN)
}

pub(super) const MAIN: &str = "refs/heads/main";

/// A ledger in a folder of its own that has begun.
pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub ledger: Ledger,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger"));
        Self { _folder: folder, ledger }
    }

    pub(super) fn begun() -> Self {
        let place = Self::new();
        let mut writer = place.ledger.lock(at(0)).unwrap();
        writer.open(opened()).unwrap();
        writer.commit().unwrap();
        place
    }

    pub(super) fn decide(&self, second: i64, decided: Decided) -> Receipt {
        let mut writer = self.ledger.lock(at(second)).unwrap();
        let receipt = writer.decide(decided).unwrap();
        writer.commit().unwrap();
        receipt
    }

    pub(super) fn segment(&self, number: u64) -> PathBuf {
        folder::segment(&self.ledger.folder, number)
    }

    pub(super) fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for number in folder::segments(&self.ledger.folder).unwrap() {
            let text = fs_err::read(self.segment(number)).unwrap();
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                records.push(Record::parse(line.strip_suffix(b"\n").unwrap()).unwrap());
            }
        }
        records
    }

    fn records_before_torn(&self) -> u64 {
        let text = fs_err::read(self.segment(1)).unwrap();
        text.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    pub(super) fn events(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.event.name()).collect()
    }
}

pub(super) fn holds(refs: &[(&str, u8)]) -> impl Fn(&BStr) -> Option<Oid> {
    let refs: BTreeMap<BString, Oid> = refs.iter().map(|(name, value)| ((*name).into(), oid(*value))).collect();
    move |name| refs.get(name).copied()
}

/// Everything that a record can hold, once.
pub(super) fn all() -> Vec<Record> {
    let used = Used {
        id: "0f".repeat(16),
        principal: "bob".into(),
        justification: "the site is down \u{1f525}".into(),
        moved: moved(MAIN, 1, 2),
        statement: b"{}\n\xff".to_vec(),
        signatures: vec![b"sig".to_vec(), Vec::new()],
    };
    let found = Found {
        rule: "path-name".into(),
        severity: "enforce".into(),
        fingerprint: "0f".repeat(32),
        message: "the path is not UTF-8".into(),
        path: Some(b"a\xff\x1b"[..].into()),
        waived: Some("0f".repeat(16)),
    };
    let full = Update {
        task: Some("t1".into()),
        source: Some("refs/heads/autoTest/t1".into()),
        way: Some("rollback".into()),
        problem: Some(Problem { message: "an object is missing".into(), help: "push again".into() }),
        counts: [("path-name".to_owned(), 2)].into(),
        findings: vec![found.clone(), Found { path: None, waived: None, ..found }],
        ..update(Moved { name: b"refs/heads/\xff"[..].into(), old: oid(0), new: Oid::from_bytes(&[7; 32]).unwrap() })
    };
    let accepted = Decided {
        overrides: vec![used.clone()],
        problem: Some(Problem { message: "m \"\\\n".into(), help: String::new() }),
        bootstrap: true,
        updates: vec![full],
        omitted: 3,
        ..decided(Decision::Accept, Vec::new())
    };
    let bare = Decided { actor: None, input: None, policy: None, ..decided(Decision::Refuse, vec![moved(MAIN, 1, 2)]) };
    let outcome = Outcome { decision: 2, observed: true, updates: vec![moved(MAIN, 1, 2)] };
    let events = vec![
        Event::Opened(opened()),
        Event::Opened(Opened { repository: None, format: ObjectFormat::Sha256, ..opened() }),
        Event::Decided(accepted),
        Event::Decided(bare),
        Event::Decided(decided(Decision::Undecided, Vec::new())),
        Event::Reserved(Reserved { decision: 2, id: used.id.clone(), moved: used.moved }),
        Event::Settled(Settled { decision: 2, id: used.id, applied: false }),
        Event::Applied(outcome.clone()),
        Event::Lapsed(Outcome { observed: false, ..outcome.clone() }),
        Event::RolledBack(outcome),
        Event::Repaired(Repaired { bytes: 12, digest: "0a".repeat(32), file: "torn-3".into() }),
        Event::Sealed(Sealed { bytes: 67_108_864, count: 9, first: 1, last: 9 }),
    ];
    let record = |(sequence, event)| Record {
        sequence,
        previous: Hash::of(b"before"),
        time: at(1),
        tool: "0.1.0".into(),
        pending: vec![1, 2],
        event,
    };
    (1..).zip(events).map(record).collect()
}

#[test]
fn a_push_is_accepted_then_applied() {
    let place = Place::begun();
    let receipt = place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
    assert_eq!(receipt.sequence, 2);
    let mut writer = place.ledger.lock(at(2)).unwrap();
    assert_eq!(writer.pending().len(), 1);
    assert_eq!(writer.apply(&[moved(MAIN, 1, 3)]).unwrap(), None);
    let applied = writer.apply(&[moved(MAIN, 1, 2)]).unwrap().unwrap();
    assert_eq!(applied.sequence, 3);
    assert_eq!(writer.commit().unwrap(), applied);
    assert_eq!(place.events(), ["opened", "accepted", "applied"]);
    assert_eq!(place.ledger.lock(at(3)).unwrap().pending(), []);
    let records = place.records();
    assert_eq!(records[1].pending, [2]);
    assert_eq!(records[2].pending, [0; 0]);
    assert_eq!(receipt, records[1].receipt(&records[1].render()));
    assert_eq!(records[2].previous, receipt.hash);
    assert_eq!(records[0].previous, Hash::ZERO);
}

#[test]
fn what_is_not_committed_has_not_happened() {
    let place = Place::begun();
    let mut writer = place.ledger.lock(at(1)).unwrap();
    writer.decide(decided(Decision::Accept, vec![moved(MAIN, 1, 2)])).unwrap();
    drop(writer);
    assert_eq!(place.events(), ["opened"]);
}

#[test]
fn the_next_writer_sees_what_became_of_a_push() {
    let place = Place::begun();
    place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2), moved("refs/heads/a", 3, 4)]));
    let settle = |second, refs: &[(&str, u8)]| {
        let mut writer = place.ledger.lock(at(second)).unwrap();
        writer.settle(&holds(refs)).unwrap();
        writer.commit().unwrap();
        place.records().pop().unwrap().event
    };
    let waits = settle(2, &[(MAIN, 2), ("refs/heads/a", 3)]);
    assert_eq!(waits.name(), "accepted");
    let Event::Applied(outcome) = settle(3700, &[(MAIN, 2), ("refs/heads/a", 3)]) else { panic!() };
    assert_eq!(outcome, Outcome { decision: 2, observed: true, updates: vec![moved(MAIN, 1, 2)] });
    place.decide(3800, decided(Decision::Accept, vec![moved(MAIN, 2, 5)]));
    let Event::Lapsed(outcome) = settle(3801, &[(MAIN, 9)]) else { panic!() };
    assert_eq!((outcome.decision, outcome.updates), (4, vec![moved(MAIN, 2, 5)]));
}

#[test]
fn of_the_same_push_made_twice_one_was_applied() {
    for told in [true, false] {
        let place = Place::begun();
        let used = Used {
            id: "0f".repeat(16),
            principal: "bob".into(),
            justification: "x".into(),
            moved: moved(MAIN, 1, 2),
            statement: b"s".to_vec(),
            signatures: vec![b"t".to_vec()],
        };
        let push = Decided { overrides: vec![used], ..decided(Decision::Accept, vec![moved(MAIN, 1, 2)]) };
        place.decide(1, push.clone());
        place.decide(2, push);
        let mut writer = place.ledger.lock(at(3)).unwrap();
        if told {
            assert_eq!(writer.apply(&[moved(MAIN, 1, 2)]).unwrap().unwrap().sequence, 8);
        } else {
            writer.settle(&holds(&[(MAIN, 2)])).unwrap();
        }
        writer.commit().unwrap();
        let outcomes: Vec<_> = place.records().into_iter().skip(5).map(|record| record.event).collect();
        let [Event::Lapsed(lapsed), Event::Settled(no), Event::Applied(applied), Event::Settled(yes)] = &outcomes[..]
        else {
            panic!("{outcomes:?}")
        };
        assert_eq!((lapsed.decision, applied.decision, applied.observed), (2, 4, !told));
        assert_eq!((no.decision, no.applied, yes.decision, yes.applied), (2, false, 4, true));
    }
}

#[test]
fn a_push_upon_a_push_shows_that_both_were_made() {
    let place = Place::begun();
    place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
    place.decide(2, decided(Decision::Accept, vec![moved(MAIN, 2, 3)]));
    let mut writer = place.ledger.lock(at(3)).unwrap();
    writer.settle(&holds(&[(MAIN, 3)])).unwrap();
    writer.commit().unwrap();
    assert_eq!(place.events(), ["opened", "accepted", "accepted", "applied", "applied"]);
}

#[test]
fn refs_that_were_judged_one_by_one_are_told_at_once() {
    let place = Place::begun();
    for name in ["refs/heads/a", "refs/heads/b", "refs/heads/c"] {
        place.decide(1, decided(Decision::Accept, vec![moved(name, 0, 2)]));
    }
    let mut writer = place.ledger.lock(at(3)).unwrap();
    writer.apply(&[moved("refs/heads/a", 0, 2), moved("refs/heads/c", 0, 2)]).unwrap().unwrap();
    writer.commit().unwrap();
    assert_eq!(place.events()[4..], ["applied", "applied"]);
    assert_eq!(place.records().pop().unwrap().pending, [3]);
}

#[test]
fn a_rollback_is_said_so() {
    let place = Place::begun();
    let mut push = decided(Decision::Accept, vec![moved(MAIN, 1, 2)]);
    push.updates[0].way = Some("rollback".into());
    place.decide(1, push);
    let mut writer = place.ledger.lock(at(3)).unwrap();
    writer.apply(&[moved(MAIN, 1, 2)]).unwrap().unwrap();
    writer.commit().unwrap();
    assert_eq!(place.events(), ["opened", "accepted", "applied", "rolled-back"]);
}

#[test]
fn what_was_never_answered_is_put_aside_and_said_so() {
    let place = Place::begun();
    for torn in [&b"{"[..], b"\0\0\0", &[b'x'; 70_000]] {
        let before = fs_err::read(place.segment(1)).unwrap();
        fs_err::write(place.segment(1), [&before, torn].concat()).unwrap();
        let next = place.records_before_torn() + 1;
        place.decide(1, decided(Decision::Refuse, vec![moved(MAIN, 1, 2)]));
        let records = place.records();
        let Event::Repaired(repaired) = &records[records.len() - 2].event else { panic!("{records:?}") };
        assert_eq!(repaired.bytes, torn.len() as u64);
        assert_eq!(repaired.digest, Hash::of(torn).to_string());
        assert_eq!(repaired.file, format!("torn-{next}"));
        assert_eq!(fs_err::read(place.ledger.folder.join(&repaired.file)).unwrap(), torn);
        assert!(fs_err::read(place.segment(1)).unwrap().starts_with(&before));
    }
}

#[test]
fn a_repair_that_was_cut_short_is_recorded_by_the_next_writer() {
    let place = Place::begun();
    let before = fs_err::read(place.segment(1)).unwrap();
    fs_err::write(place.segment(1), [&before[..], b"{torn"].concat()).unwrap();
    drop(place.ledger.lock(at(1)).unwrap());
    assert_eq!(fs_err::read(place.segment(1)).unwrap(), before);
    place.ledger.lock(at(2)).unwrap().commit().unwrap();
    place.ledger.lock(at(2)).unwrap().commit().unwrap();
    assert_eq!(place.events(), ["opened", "repaired"]);
}

#[test]
fn a_ledger_that_was_never_begun_repairs_too() {
    let place = Place::new();
    fs_err::create_dir_all(&place.ledger.folder).unwrap();
    fs_err::write(place.segment(1), b"{").unwrap();
    drop(place.ledger.lock(at(0)).unwrap());
    let mut writer = place.ledger.lock(at(0)).unwrap();
    assert!(writer.is_new() && writer.decide(decided(Decision::Refuse, Vec::new())).is_err());
    assert_eq!(writer.open(opened()).unwrap().sequence, 1);
    assert!(writer.open(opened()).is_err());
    writer.commit().unwrap();
    assert_eq!(place.events(), ["opened", "repaired"]);
}

#[test]
fn damage_shuts_the_gate() {
    type Spoil = fn(String) -> String;
    let spoil: [(&str, Spoil); 5] = [
        ("last", |text| text.replace("\"event\":\"refused\"", "\"event\":\"accepted\"")),
        ("cut", |text| text.lines().take(1).chain(text.lines().skip(2)).map(|line| line.to_owned() + "\n").collect()),
        ("swap", |text| text.lines().rev().map(|line| line.to_owned() + "\n").collect()),
        ("empty line", |text| text + "\n"),
        ("junk", |text| text + "{}\n"),
    ];
    for (name, spoil) in spoil {
        let place = Place::begun();
        place.decide(1, decided(Decision::Refuse, vec![moved(MAIN, 1, 2)]));
        place.decide(1, decided(Decision::Refuse, vec![moved(MAIN, 1, 2)]));
        let text = fs_err::read_to_string(place.segment(1)).unwrap();
        let spoilt = spoil(text.clone());
        assert_ne!(text, spoilt);
        fs_err::write(place.segment(1), &spoilt).unwrap();
        let error = place.ledger.lock(at(2)).map(|_| ()).expect_err(name);
        assert!(error.message.starts_with("the ledger is damaged") && error.help.contains("verify"), "{name}: {error}");
        assert_eq!(fs_err::read_to_string(place.segment(1)).unwrap(), spoilt);
    }
}

#[test]
fn a_full_segment_is_sealed_and_the_next_one_goes_on() {
    let place = Place::begun();
    let small = place.ledger.clone().sealed_at(2000);
    for second in 1..=20 {
        let mut writer = small.lock(at(second)).unwrap();
        writer.decide(decided(Decision::Accept, vec![moved("refs/heads/a", 0, 1)])).unwrap();
        writer.commit().unwrap();
    }
    let numbers = folder::segments(&place.ledger.folder).unwrap();
    assert!(numbers.len() >= 3, "{numbers:?}");
    let records = place.records();
    for (before, after) in records.iter().zip(&records[1..]) {
        assert_eq!(before.receipt(&before.render()), Receipt { sequence: after.sequence - 1, hash: after.previous });
    }
    for number in &numbers[..numbers.len() - 1] {
        let text = fs_err::read_to_string(place.segment(*number)).unwrap();
        let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
        let Event::Sealed(sealed) = Record::parse(last.as_bytes()).unwrap().event else { panic!("{last}") };
        assert_eq!((sealed.bytes, sealed.count), (before.len() as u64 + 1, before.lines().count() as u64));
        assert_eq!(sealed.last + 1 - sealed.first, sealed.count);
    }
    // The pending ones are found across segments, and what was sealed by a writer that died goes on too.
    let accepted = records.iter().filter(|record| record.event.name() == "accepted").count();
    assert_eq!(small.lock(at(21)).unwrap().pending().len(), accepted);
    fs_err::remove_file(place.segment(*numbers.last().unwrap())).unwrap();
    let last = small.lock(at(22)).unwrap();
    assert_eq!(last.parts_for_tests(), vec![*numbers.last().unwrap() - 1, *numbers.last().unwrap()]);
    drop(last);
    fs_err::write(place.segment(*numbers.last().unwrap()), b"").unwrap();
    assert_eq!(small.lock(at(22)).unwrap().parts_for_tests(), vec![*numbers.last().unwrap()]);
}
