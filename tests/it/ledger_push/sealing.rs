//! The push that finds a segment full, seals it and begins the next one: each of its calls on the ledger's files fails once,
//! writes less than it says, or is its last. What was recorded stays, the chain goes on over the seal, and the next push works.

use std::path::PathBuf;

use refgate::ledger::{Entry, Event, Hash, Ledger, Receipt, SEGMENT_BYTES};

use crate::faults::{Ask, Scene, can_trace, right, right_or_refused};

/// As many bytes as a record is about to have.
const FILLER: usize = 1_000_000;
/// How each call is made to fail.
const CALLS: &[(&str, &[&str])] = &[
    ("openat", &["error=EACCES", "error=ENOSPC"]),
    ("flock", &["error=EIO"]),
    ("getdents64", &["error=EIO"]),
    ("read", &["error=EIO"]),
    ("write", &["error=ENOSPC", "error=EIO", "error=EROFS", "retval=1", "retval=100"]),
    ("fdatasync", &["error=EIO", "error=ENOSPC", "error=EROFS"]),
    ("fsync", &["error=EIO", "error=ENOSPC"]),
];
/// The hook ends before the first, the second, ... of these; those that stand together are one to the program.
const LAST_CALLS: [&str; 5] = ["openat", "flock", "write", "fsync", "fdatasync"];

/// A server whose segment is full, and how the ledger ends.
struct Full {
    scene: Scene,
    length: u64,
    end: Receipt,
}

impl Full {
    fn new() -> Self {
        let scene = Scene::new();
        let end = Ledger::open(&scene.server.join("refgate/ledger")).read(&[]).unwrap().last().unwrap();
        let mut full = Self { scene, length: 0, end };
        let mut text = fs_err::read_to_string(full.segment(1)).unwrap();
        // What is pending would be looked for behind the filler.
        assert!(text.trim_end().rsplit('\n').next().unwrap().contains("\"pending\":[]"), "{text}");
        while (text.len() as u64) < SEGMENT_BYTES {
            full.fill(&mut text, FILLER);
        }
        (0..10).for_each(|_| full.fill(&mut text, 1));
        fs_err::write(full.segment(1), &text).unwrap();
        full.length = text.len() as u64;
        full
    }

    fn fill(&mut self, text: &mut String, length: usize) {
        let Receipt { sequence, hash } = self.end;
        let (sequence, message) = (sequence + 1, "x".repeat(length));
        let line = format!(
            "{{\"event\":\"undecided\",\"pending\":[],\"previous\":\"{hash}\",\"problem\":{{\"help\":\"\",\"message\":\"{message}\"}},\
             \"schema\":\"refgate.ledger/1\",\"sequence\":{sequence},\"time\":\"2026-01-01T00:00:00Z\",\"tool\":\"0.1.0\",\
             \"updates\":[]}}"
        );
        self.end = Receipt { sequence, hash: Hash::of(line.as_bytes()) };
        text.push_str(&line);
        text.push('\n');
    }

    fn folder(&self) -> PathBuf {
        self.scene.server.join("refgate/ledger")
    }

    fn segment(&self, number: u32) -> PathBuf {
        self.folder().join(format!("{number:08}.jsonl"))
    }

    /// As before the push: nobody writes into what stands there.
    fn again(&self) {
        for entry in fs_err::read_dir(self.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path != self.segment(1) {
                fs_err::remove_file(path).unwrap();
            }
        }
        fs_err::OpenOptions::new().write(true).open(self.segment(1)).unwrap().set_len(self.length).unwrap();
    }

    /// What stands behind the full segment's last record, each record held against the one before it.
    #[track_caller]
    fn added(&self, context: &str) -> Vec<Entry> {
        assert!(fs_err::metadata(self.segment(1)).unwrap().len() >= self.length, "{context}: a record is lost");
        let reader = Ledger::open(&self.folder()).read(&[]).unwrap();
        let back = reader.newest_first().unwrap().map(|entry| entry.unwrap());
        let mut added: Vec<Entry> = back.take_while(|entry| entry.receipt() != self.end).collect();
        added.reverse();
        let mut last = self.end;
        for entry in &added {
            let follows = entry.record.previous == last.hash && entry.record.sequence == last.sequence + 1;
            assert!(follows, "{context}: the chain breaks at {entry:?}");
            last = entry.receipt();
        }
        if let Some(first) = added.first() {
            let Event::Sealed(sealed) = &first.record.event else { panic!("{context}: not sealed: {first:?}") };
            let count = self.end.sequence;
            assert_eq!((sealed.bytes, sealed.count), (self.length, count), "{context}");
            let end = self.length + first.line.len() as u64 + 1;
            assert_eq!(fs_err::metadata(self.segment(1)).unwrap().len(), end, "{context}: behind the seal");
        }
        added
    }

    /// What holds after every push, however it ended.
    #[track_caller]
    fn holds(&self, ask: &Ask, output: &std::process::Output, context: &str) {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let added = self.added(&format!("{context}\n{said}"));
        let name = ask.lines.trim().rsplit(' ').next().unwrap();
        let is = |entry: &&Entry, event: &str| {
            entry.record.event.name() == event && String::from_utf8_lossy(&entry.line).contains(name)
        };
        if output.status.success() {
            assert!(added.iter().any(|entry| is(&entry, "accepted")), "{context}: accepted and not recorded\n{said}");
        }
        if let Some((_, receipt)) = said.split_once("refgate: receipt ") {
            let receipt: Receipt = receipt.split_whitespace().next().unwrap().parse().unwrap();
            assert!(added.iter().any(|entry| entry.receipt() == receipt), "{context}: a receipt of nothing\n{said}");
        }
    }

    /// The push with something done to one of its calls; whether that call was made.
    fn push(&self, ask: &Ask, inject: &str, call: &str, happened: &str) -> bool {
        self.again();
        let log = self.scene.sandbox.path().join("strace.log").display().to_string();
        let trace = format!("trace={call}");
        let mut words = vec!["strace", "-f", "-o", &log, "-e", &trace, "-e", inject];
        let paths = [self.folder(), self.folder().join("lock"), self.segment(1), self.segment(2)];
        let paths = paths.map(|path| path.display().to_string());
        words.extend(paths.iter().flat_map(|path| ["-P", path.as_str()]));
        let output = self.scene.behind(&words, &ask.lines);
        let log = fs_err::read_to_string(&log).unwrap_or_default();
        let hit = log.lines().find(|line| line.contains(happened));
        let context = format!("{inject}: {hit:?}");
        right_or_refused(ask, &output, false, &context);
        self.holds(ask, &output, &context);
        let next = if hit.is_some() { self.scene.behind(&[], &ask.lines) } else { output };
        right(ask, &next);
        self.holds(ask, &next, &format!("after {context}"));
        assert!(self.segment(2).exists(), "{context}");
        hit.is_some()
    }

    /// Does something to the first, the second, ... of these calls.
    fn sweep(&self, ask: &Ask, call: &str, what: &str, happened: &str) {
        let inject = |number: &usize| format!("inject={call}:{what}:when={number}");
        let swept = (1..).take_while(|number| self.push(ask, &inject(number), call, happened)).count();
        eprintln!("{swept} of {call} with {what}");
        assert!(swept > 0, "{what}: no {call}");
    }
}

#[test]
fn whatever_fails_while_a_segment_is_sealed_nothing_is_lost() {
    if !can_trace() {
        return;
    }
    let full = Full::new();
    let ask = full.scene.task();
    for (call, faults) in CALLS {
        faults.iter().for_each(|fault| full.sweep(&ask, call, fault, "(INJECTED)"));
    }
    // What may not last, the seal or the first record behind it, cannot be taken back either: nobody was told of it.
    for number in 1..=2 {
        full.again();
        let sync = format!("inject=fdatasync:error=EIO:when={number}");
        let words = ["strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync,ftruncate", "-e", &sync];
        let words = words.into_iter().chain(["-e", "inject=ftruncate:error=EIO"]).collect::<Vec<_>>();
        let output = full.scene.behind(&words, &ask.lines);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        full.holds(&ask, &output, "not taken back");
        right(&ask, &full.scene.behind(&[], &ask.lines));
        full.added("after that");
    }
    full.scene.is_intact("", "at the end");
}

#[test]
fn the_push_that_seals_a_segment_may_end_anywhere() {
    if !can_trace() {
        return;
    }
    let full = Full::new();
    let ask = full.scene.task();
    LAST_CALLS.iter().for_each(|call| full.sweep(&ask, call, "signal=SIGKILL", "killed by SIGKILL"));
    full.scene.is_intact("", "at the end");
}
