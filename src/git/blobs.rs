//! Many blobs, each read once.

use gix::objs::FindExt;

use super::odb;
use super::repo::{Repo, to_gix};
use crate::error::Result;
use crate::oid::Oid;

/// Deltas take more room than the blob that they come to: so many times the limit.
const ROOM: u64 = 4;

/// A reader of blobs up to a limit that keeps none, for a thread of its own.
///
/// To ask how large a packed object is takes following the deltas that it is made of, which reading it does once more. So
/// blobs are read right away, from a store that takes only so much memory for any of them. What that store has not, or
/// cannot read, is asked for in the ordinary way, size first.
pub struct Blobs {
    repo: Repo,
    bounded: gix::odb::Handle,
    limit: u64,
}

impl Repo {
    /// A reader of many blobs of at most `limit` bytes each.
    ///
    /// # Errors
    /// The object store cannot be opened.
    pub fn blobs(&self, limit: u64) -> Result<Blobs> {
        let room = usize::try_from(limit.saturating_mul(ROOM)).unwrap_or(usize::MAX);
        let place = self.gix.objects.store_ref().path();
        let bounded = odb::at(place, self.gix.object_hash(), Some(room))?;
        Ok(Blobs { repo: self.fork_to_pass(), bounded, limit })
    }
}

impl Blobs {
    /// Reads a blob into a buffer; whether it is no larger than the limit.
    ///
    /// # Errors
    /// It is missing, unreadable or no blob.
    pub fn read_into(&self, oid: Oid, buffer: &mut Vec<u8>) -> Result<bool> {
        buffer.clear();
        let size = self.bounded.find_blob(&to_gix(oid), buffer).map(|blob| blob.data.len());
        match size.map(u64::try_from) {
            Ok(Ok(size)) => Ok(size <= self.limit),
            _ => self.repo.blob_into(oid, self.limit, buffer),
        }
    }
}
