//! The ledger: what was decided of each push and what became of it, in a chain of records that cannot be changed
//! without a trace.
//!
//! `<git dir>/refgate/ledger/` holds segments (`00000001.jsonl` ...) of one canonical JSON record a line; each record
//! names the SHA-256 of the line before it. All writing is done under one lock, in one write and one fsync, before the
//! answer is given. Owns the records, their files and their verification. Must not know Git, the policy or who asks.

mod folder;
mod reach;
pub mod read;
pub mod receipt;
pub mod record;
mod settle;
pub mod verify;
mod wire;
pub mod writer;

use std::path::{Path, PathBuf};

pub use read::{Entry, Reader};
pub use receipt::{Hash, Head, Receipt};
pub use record::{Event, Record};
pub use settle::Open;
pub use writer::Writer;

use crate::error::Error;

/// The name of the ledger's folder in the gate's own.
pub const FOLDER: &str = "ledger";

/// The ref that clones fetch the ledger's mirror by. The server alone writes it.
pub const MIRROR: &str = "refs/refgate/ledger";

/// A segment is sealed once it holds so many bytes.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// The most bytes of one record. A push of a hundred thousand refs fits.
pub const RECORD_BYTES: usize = 16 * 1024 * 1024;

/// The ledger of a repository.
#[derive(Clone, Debug)]
pub struct Ledger {
    folder: PathBuf,
    segment_bytes: u64,
}

impl Ledger {
    /// The ledger in this folder, which the first append makes.
    pub fn open(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), segment_bytes: SEGMENT_BYTES }
    }

    /// The same with smaller segments.
    #[must_use]
    pub fn sealed_at(self, bytes: u64) -> Self {
        Self { segment_bytes: bytes, ..self }
    }
}

/// What is there is not what a writer left.
fn damaged(what: impl std::fmt::Display) -> Error {
    Error::undecided(format!("the ledger is damaged: {what}"))
        .help("an administrator finds out what happened to it: refgate ledger verify --repo DIR")
}

/// What was decided cannot be written down, so it does not count.
fn unwritable(error: &std::io::Error) -> Error {
    Error::undecided(format!("the decision cannot be recorded: {error}"))
        .help("the hook's user must be able to write in the gate's folder, and the disk must have room")
}

#[cfg(test)]
mod tests;
