//! The entries of a tree, as gix reads them and only where Git reads the same.

use gix::objs::TreeRefIter;
use gix::objs::tree::EntryRef;

use super::repo::Repo;
use crate::error::{Error, Result};
use crate::oid::Oid;

/// Goes through the entries of one tree.
pub(super) struct Entries<'r, 'b> {
    repo: &'r Repo,
    tree: Oid,
    bytes: &'b [u8],
    rest: TreeRefIter<'b>,
}

impl<'r, 'b> Entries<'r, 'b> {
    /// The entries in `bytes`, which `tree` ends with.
    pub(super) fn new(repo: &'r Repo, tree: Oid, bytes: &'b [u8]) -> Self {
        Self { repo, tree, bytes, rest: TreeRefIter::from_bytes(bytes, repo.gix.object_hash()) }
    }

    /// Where in the bytes the next entry begins.
    pub(super) fn offset(&self) -> usize {
        self.rest.offset_to_next_entry(self.bytes)
    }

    /// gix keeps `040000` and `140000` as one number, a folder; Git takes the second for a submodule.
    fn check_mode(&self, entry: &EntryRef<'_>, start: usize) -> Result<()> {
        let raw = self.bytes.get(start..).unwrap_or_default();
        if !entry.mode.is_tree() || raw.starts_with(b"40000 ") || raw.starts_with(b"040000 ") {
            return Ok(());
        }
        let digits = raw.iter().take_while(|byte| **byte != b' ');
        let mode = digits.fold(0u32, |mode, digit| mode << 3 | u32::from(digit.wrapping_sub(b'0') & 7));
        if mode & 0o170_000 == 0o040_000 {
            return Ok(());
        }
        Err(Error::malformed(format!("the tree {} has an entry of the mode {mode:o}", self.tree))
            .help("no Git tool writes such a tree; git fsck names it, and the commit must be made again"))
    }
}

impl<'b> Iterator for Entries<'_, 'b> {
    type Item = Result<EntryRef<'b>>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.offset();
        let entry = self.rest.next()?.map_err(|error| self.repo.unreadable(self.tree, "tree", &error));
        Some(entry.and_then(|entry| self.check_mode(&entry, start).map(|()| entry)))
    }
}
