//! What the rows on the ledger start: a ledger of many records, appends to it, and the same bytes appended by nobody.
//!
//! `ledger make FOLDER COUNT`, `ledger append FOLDER TIMES` or `ledger sync FOLDER TIMES`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "only benches/run starts it")]

use std::io::{BufWriter, Write};
use std::path::Path;

use refgate::finding::Decision;
use refgate::ledger::record::{Decided, Found, Moved, Opened, Outcome, Sealed, Update};
use refgate::ledger::{Event, Hash, Ledger, Record, SEGMENT_BYTES};
use refgate::oid::{ObjectFormat, Oid};

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let (folder, count) = (Path::new(&words[2]), words[3].parse().unwrap());
    match words[1].as_str() {
        "make" => make(folder, count),
        "append" => append(folder, count),
        "sync" => sync(folder, count),
        other => panic!("{other} is nothing to do"),
    }
}

/// A push, as most are: a branch is made, and deleted again by the next one.
fn push(number: u64, decision: Decision) -> Decided {
    let oid = |byte| Oid::from_bytes(&[byte; 20]).unwrap();
    let (zero, one) = (oid(0), oid(0x5a));
    let (old, new) = if number.is_multiple_of(2) { (zero, one) } else { (one, zero) };
    let found = Found {
        rule: "emergency-label".into(),
        severity: "evaluate".into(),
        fingerprint: "0f".repeat(32),
        message: "the label is none of those that the policy knows".into(),
        path: None,
        waived: None,
    };
    let update = Update {
        moved: Moved { name: format!("refs/heads/autoTest/task-{}", number / 2).into(), old, new },
        class: "task".into(),
        task: Some(format!("task-{}", number / 2)),
        source: None,
        way: None,
        problem: None,
        counts: [("emergency-label".to_owned(), 1)].into(),
        findings: vec![found],
    };
    Decided {
        decision,
        actor: Some("alice@example.com".into()),
        input: Some("ab".repeat(32)),
        policy: Some("cd".repeat(32)),
        problem: None,
        bootstrap: false,
        overrides: Vec::new(),
        updates: vec![update],
        omitted: 0,
    }
}

/// A ledger without its waits for the disk.
struct Maker<'a> {
    folder: &'a Path,
    file: BufWriter<fs_err::File>,
    segment: u64,
    first: u64,
    bytes: u64,
    record: Record,
}

impl Maker<'_> {
    fn put(&mut self, pending: Vec<u64>, event: Event) {
        let Record { sequence, previous, time, tool, .. } = &self.record;
        let record =
            Record { sequence: *sequence, previous: *previous, time: *time, tool: tool.clone(), pending, event };
        let line = record.render();
        self.file.write_all(&line).unwrap();
        self.file.write_all(b"\n").unwrap();
        self.bytes += line.len() as u64 + 1;
        self.record = Record { sequence: sequence + 1, previous: Hash::of(&line), ..record };
    }

    fn seal(&mut self) {
        let last = self.record.sequence - 1;
        let sealed = Sealed { bytes: self.bytes, count: last + 1 - self.first, first: self.first, last };
        self.put(Vec::new(), Event::Sealed(sealed));
        self.file.flush().unwrap();
        self.segment += 1;
        (self.first, self.bytes) = (self.record.sequence, 0);
        self.file = segment(self.folder, self.segment);
    }
}

fn segment(folder: &Path, number: u64) -> BufWriter<fs_err::File> {
    BufWriter::new(fs_err::File::create(folder.join(format!("{number:08}.jsonl"))).unwrap())
}

fn make(folder: &Path, count: u64) {
    fs_err::create_dir_all(folder).unwrap();
    let time = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let opened = Event::Opened(Opened::of(ObjectFormat::Sha1, Some("shop".into()), &[].into(), |_| true));
    let record = Record {
        sequence: 1,
        previous: Hash::ZERO,
        time,
        tool: "0.1.0".into(),
        pending: Vec::new(),
        event: opened.clone(),
    };
    let mut maker = Maker { folder, file: segment(folder, 1), segment: 1, first: 1, bytes: 0, record };
    maker.put(Vec::new(), opened);
    // Two pushes of two records each, so that no branch is left.
    let mut number = 0;
    while maker.record.sequence + 3 <= count {
        for _ in 0..2 {
            let decision = maker.record.sequence;
            let decided = push(number, Decision::Accept);
            let updates = decided.updates.iter().map(|update| update.moved.clone()).collect();
            maker.put(vec![decision], Event::Decided(decided));
            maker.put(Vec::new(), Event::Applied(Outcome { decision, observed: false, updates }));
            number += 1;
        }
        if maker.bytes >= SEGMENT_BYTES {
            maker.seal();
        }
    }
    maker.file.flush().unwrap();
}

fn append(folder: &Path, times: u64) {
    let ledger = Ledger::open(folder);
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    for number in 0..times {
        let mut writer = ledger.lock(now).unwrap();
        writer.settle(&|_| None).unwrap();
        writer.decide(push(number, Decision::Refuse)).unwrap();
        writer.commit().unwrap();
    }
}

/// As much as an append writes, and the same wait for the disk.
fn sync(folder: &Path, times: u64) {
    let line = vec![b'x'; 800];
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(folder.join("bare")).unwrap();
    for _ in 0..times {
        file.write_all(&line).unwrap();
        file.sync_data().unwrap();
    }
}
