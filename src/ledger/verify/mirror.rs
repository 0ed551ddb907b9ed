//! A mirror, commit by commit, against the ledger that was read: each of its records by number and bytes, and what each
//! commit says of its own end. Where commits come from and whose key a signature is, others say.

use std::collections::BTreeMap;

use super::{Kind, Report};
use crate::ledger::receipt::{Hash, Head, Receipt};
use crate::ledger::record::Record;

/// A commit of a mirror, as it was read.
#[derive(Clone, Debug)]
pub struct Commit {
    /// What messages call it.
    pub name: String,
    /// In what way it is none that the gate makes.
    pub flaw: Option<String>,
    /// Its records, one a line.
    pub records: Vec<u8>,
    /// What it says of its end.
    pub head: Option<Vec<u8>>,
    /// Whose the signature on that is, or why it counts for nothing; `None` where there is none.
    pub signed: Option<std::result::Result<(), String>>,
}

/// How far a mirror was followed.
#[derive(Debug)]
pub struct Mirror<'a> {
    report: &'a mut Report,
    from: &'a str,
    seen: Seen,
    /// The numbers that are missing so far: the first of each gap, and the last.
    gaps: BTreeMap<u64, u64>,
    /// Whether it was told that one is not signed.
    unsigned: bool,
}

/// What a mirror holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many commits.
    pub commits: u64,
    /// The number of the first record.
    pub first: u64,
    /// The last record.
    pub last: Receipt,
    /// How many commits have a signature.
    pub signatures: u64,
}

/// What a mirror turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What messages call it.
    pub place: String,
    /// What is in it.
    pub seen: Seen,
    /// Whether its signatures were looked at.
    pub judged: bool,
}

impl<'a> Mirror<'a> {
    /// Begins before the first commit. `from` is what messages call the mirror.
    pub const fn new(report: &'a mut Report, from: &'a str) -> Self {
        let seen = Seen { commits: 0, first: 0, last: Receipt::NONE, signatures: 0 };
        Self { report, from, seen, gaps: BTreeMap::new(), unsigned: false }
    }

    fn problem(&mut self, kind: Kind, sequence: u64, what: &str) {
        let message = format!("{}: {what}", self.from);
        self.report.problem(kind, sequence, message);
    }

    /// The next commit, oldest first.
    pub fn commit(&mut self, commit: &Commit) {
        self.seen.commits += 1;
        if let Some(flaw) = &commit.flaw {
            self.problem(Kind::MirrorCommit, self.seen.last.sequence, &format!("commit {} {flaw}", commit.name));
        }
        for line in commit.records.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => self.record(&commit.name, line),
                None => {
                    let what = format!("the records of commit {} end within a line", commit.name);
                    self.problem(Kind::MirrorCommit, self.seen.last.sequence, &what);
                }
            }
        }
        self.head(commit);
        self.signature(commit);
    }

    /// A record. What is the ledger's own of that number need not be read.
    fn record(&mut self, commit: &str, line: &[u8]) {
        let hash = Hash::of(line);
        let begins = self.seen.last == Receipt::NONE;
        let expected = self.seen.last.sequence.saturating_add(1);
        if !begins && self.report.hash(expected) == Some(hash) {
            self.seen.last = Receipt { sequence: expected, hash };
            return;
        }
        let record = match Record::parse(line) {
            Ok(record) => record,
            Err(error) => {
                let what = format!("record {expected} in commit {commit} is none: {}", super::why(&error));
                self.problem(Kind::MirrorRecord, expected, &what);
                self.seen.last = Receipt { sequence: expected, hash };
                return;
            }
        };
        let sequence = record.sequence;
        if begins {
            self.seen.first = sequence;
        } else if sequence < expected {
            self.before(commit, sequence);
        } else if sequence > expected {
            self.gaps.insert(expected, sequence - 1);
        }
        let follows = sequence == expected && !begins;
        match self.report.hash(sequence) {
            Some(other) if other != hash => {
                let what = format!("record {sequence} in commit {commit} says something else than the ledger's");
                self.problem(Kind::MirrorRecord, sequence, &what);
            }
            None if follows && record.previous != self.seen.last.hash => {
                let what = format!("record {sequence} in commit {commit} does not follow the one before it");
                self.problem(Kind::MirrorRecord, sequence, &what);
            }
            _ => {}
        }
        if sequence >= expected || begins {
            self.seen.last = Receipt { sequence, hash };
        }
    }

    /// A record behind one of a higher number.
    fn before(&mut self, commit: &str, sequence: u64) {
        let gap = self.gaps.range(..=sequence).next_back().map(|(first, last)| (*first, *last));
        let what = match gap.filter(|(_, last)| sequence <= *last) {
            Some((first, last)) => {
                self.gaps.remove(&first);
                if first < sequence {
                    self.gaps.insert(first, sequence - 1);
                }
                if sequence < last {
                    self.gaps.insert(sequence + 1, last);
                }
                format!("record {sequence} in commit {commit} stands behind record {}", self.seen.last.sequence)
            }
            None => format!("record {sequence} stands there once more in commit {commit}"),
        };
        self.problem(Kind::MirrorOrder, sequence, &what);
    }

    /// What the commit says of its end is what it ends with.
    fn head(&mut self, commit: &Commit) {
        let Commit { name, head, .. } = commit;
        let last = self.seen.last;
        let what = match head.as_deref().map(Head::parse) {
            None => format!("commit {name} does not say where it ends"),
            Some(None) => format!("what commit {name} says of its end cannot be read"),
            Some(Some(head)) if head.receipt != last => {
                format!("commit {name} says that it ends with {}, and it ends with {last}", head.receipt)
            }
            Some(Some(_)) => return,
        };
        self.problem(Kind::MirrorHead, last.sequence, &what);
    }

    /// A server that has a key signs every end from then on.
    fn signature(&mut self, commit: &Commit) {
        let last = self.seen.last.sequence;
        match &commit.signed {
            Some(judged) => {
                self.seen.signatures += 1;
                if let Err(why) = judged {
                    let what = format!("the signature in commit {} does not count: {why}", commit.name);
                    self.problem(Kind::MirrorSignature, last, &what);
                }
            }
            None if self.seen.signatures > 0 && !self.unsigned => {
                self.unsigned = true;
                let what = format!("commit {} is not signed, and others before it are", commit.name);
                self.problem(Kind::MirrorSignature, last, &what);
            }
            None => {}
        }
    }

    /// What it holds. `due`: whether it must be signed.
    pub fn finish(mut self, due: bool) -> Seen {
        for (first, last) in std::mem::take(&mut self.gaps) {
            self.problem(Kind::MirrorGap, first, &format!("records {first} to {last} are left out"));
        }
        if due && self.seen.signatures == 0 {
            self.problem(Kind::MirrorSignature, self.seen.last.sequence, "nobody signed it");
        }
        if self.seen.first > 1 {
            let before = self.seen.first - 1;
            self.report.warnings.push(format!("{}: records 1 to {before} are not in it", self.from));
        }
        self.seen
    }
}
