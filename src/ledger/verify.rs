//! Whether a ledger is what its writers left: every line, the chain through them, what they say of each other, and what
//! others remember of it.
//!
//! Two threads read, parse and hash the segments in turn; what records say of each other is followed in order by the
//! thread that asked.

use std::sync::mpsc::{Receiver, sync_channel};

use super::read::{Forward, Reader, Segment};
use super::receipt::{Hash, Receipt};
use super::record::Record;
use crate::error::Result;
use crate::refs::RefMap;

mod chain;
pub mod mirror;
mod refs;

use chain::Chain;

/// The most problems that are told.
const MOST_PROBLEMS: usize = 100;

/// What others remember of the ledger.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// Receipts that pushers kept, and the ends of mirrors, each with a word on where it is from.
    pub receipts: Vec<(String, Receipt)>,
    /// The refs as they stand now.
    pub refs: Option<&'a RefMap>,
    /// Whether mirrors will be held against what is read: then the hash of every record is kept.
    pub mirrored: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number of the first record that is there.
    pub first: u64,
    /// The last record.
    pub last: Receipt,
    /// How many records were read.
    pub records: u64,
    /// What cannot be, if only refgate wrote.
    pub problems: Vec<Problem>,
    /// How many more of these there are.
    pub more: u64,
    /// What may be and should be looked at.
    pub warnings: Vec<String>,
    /// What was asked and cannot be said from what is there.
    pub unknown: Vec<String>,
    /// The hash of every record, in order, where mirrors will be held against it.
    pub hashes: Vec<Hash>,
}

/// In what way something cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The ledger contradicts itself.
    Ledger,
    /// A ref went where no decision let it.
    Ref,
    /// A receipt or the end of a mirror knows another ledger.
    Witness,
    /// A record of a mirror is not the ledger's of that number.
    MirrorRecord,
    /// A mirror leaves records out.
    MirrorGap,
    /// A mirror has records twice, or not in their order.
    MirrorOrder,
    /// What a commit of a mirror says of its end is not what it holds.
    MirrorHead,
    /// The end of a mirror is not signed by whom it must be.
    MirrorSignature,
    /// A commit of a mirror is none that the gate makes.
    MirrorCommit,
}

impl Kind {
    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Ref => "ref",
            Self::Witness => "witness",
            Self::MirrorRecord => "mirror-record",
            Self::MirrorGap => "mirror-gap",
            Self::MirrorOrder => "mirror-order",
            Self::MirrorHead => "mirror-head",
            Self::MirrorSignature => "mirror-signature",
            Self::MirrorCommit => "mirror-commit",
        }
    }
}

/// What cannot be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// In what way.
    pub kind: Kind,
    /// The record where it shows; 0 where it is none.
    pub sequence: u64,
    /// What it is, in printable ASCII.
    pub message: String,
}

impl Report {
    fn problem(&mut self, kind: Kind, sequence: u64, message: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { kind, sequence, message });
        } else {
            self.more += 1;
        }
    }

    /// The hash of a record; `None` where the ledger does not have it, or not in its place.
    fn hash(&self, sequence: u64) -> Option<Hash> {
        let place = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.hashes.get(place).copied()
    }

    /// 0 intact, 1 damaged, 2 cannot be said.
    pub const fn exit_code(&self) -> u8 {
        match (self.problems.is_empty(), self.unknown.is_empty()) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 0,
        }
    }

    /// The same as a word.
    pub const fn word(&self) -> &'static str {
        match self.exit_code() {
            0 => "intact",
            1 => "damaged",
            _ => "unknown",
        }
    }
}

/// One line, read and hashed; what it says, or why it says nothing.
struct Line {
    hash: Hash,
    bytes: u64,
    record: std::result::Result<Record, String>,
}

/// What a reading thread hands over.
enum Piece {
    Lines(Vec<Line>),
    /// The segment ends, with so many bytes behind its last line feed.
    End(u64),
    /// The rest of the segment is no lines.
    Broken(String),
}

/// So many lines are handed over at once.
const LINES: usize = 512;

/// Verifies all that the reader sees.
///
/// # Errors
/// A file cannot be read.
pub fn verify(reader: &Reader, known: &Known<'_>) -> Result<Report> {
    verify_each(reader, known, &mut |_, _| {})
}

/// As [`verify`], and hands over every record that can be read, in the order in which they stand.
///
/// # Errors
/// A file cannot be read.
pub fn verify_each(reader: &Reader, known: &Known<'_>, each: &mut dyn FnMut(Receipt, &Record)) -> Result<Report> {
    let mut chain = Chain::new(known);
    std::thread::scope(|scope| -> Result<()> {
        let readers = [0, 1].map(|first| {
            let (sender, receiver) = sync_channel(8);
            let segments = reader.segments.iter().skip(first).step_by(2);
            scope.spawn(move || {
                for segment in segments {
                    // Where nobody listens any more, an error has been told.
                    let sent = scan(segment, &mut |piece| sender.send(Ok(piece)).is_ok());
                    if sent.map_err(|error| sender.send(Err(error))).is_err() {
                        return;
                    }
                }
            });
            receiver
        });
        for (segment, receiver) in reader.segments.iter().zip(readers.iter().cycle()) {
            follow(
                &mut chain,
                segment,
                reader.segments.last().is_some_and(|last| last.number == segment.number),
                receiver,
                each,
            )?;
        }
        Ok(())
    })?;
    Ok(chain.finish())
}

fn follow(
    chain: &mut Chain<'_>,
    segment: &Segment,
    is_last: bool,
    receiver: &Receiver<Result<Piece>>,
    each: &mut dyn FnMut(Receipt, &Record),
) -> Result<()> {
    chain.begin(segment.number);
    // A thread that ended has said why.
    while let Ok(piece) = receiver.recv() {
        match piece? {
            Piece::Lines(lines) => {
                for line in lines {
                    if let Ok(record) = &line.record {
                        each(Receipt { sequence: record.sequence, hash: line.hash }, record);
                    }
                    chain.line(line);
                }
            }
            Piece::End(torn) => {
                chain.end(torn, is_last);
                return Ok(());
            }
            Piece::Broken(why) => {
                chain.broken(&why);
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads a segment; `put` says whether anybody listens.
fn scan(segment: &Segment, put: &mut dyn FnMut(Piece) -> bool) -> Result<()> {
    let mut file = Forward::new(segment, 0)?;
    let (mut line, mut lines) = (Vec::new(), Vec::with_capacity(LINES));
    loop {
        let there = match file.line(&mut line) {
            Ok(there) => there,
            Err(error) if error.message.starts_with("the ledger is damaged") => {
                put(Piece::Lines(lines));
                put(Piece::Broken(why(&error)));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if !there {
            put(Piece::Lines(lines));
            put(Piece::End(line.len() as u64));
            return Ok(());
        }
        lines.push(Line {
            hash: Hash::of(&line),
            bytes: line.len() as u64 + 1,
            record: Record::parse(&line).map_err(|error| why(&error)),
        });
        if lines.len() == LINES && !put(Piece::Lines(std::mem::replace(&mut lines, Vec::with_capacity(LINES)))) {
            return Ok(());
        }
    }
}

fn why(error: &crate::error::Error) -> String {
    error.message.strip_prefix("the ledger is damaged: ").unwrap_or(&error.message).to_owned()
}

#[cfg(test)]
mod tests;
