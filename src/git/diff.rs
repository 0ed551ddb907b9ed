//! What differs between two trees, from the tree objects alone: no renames, no attributes, no configuration.

use bstr::{BStr, BString, ByteSlice};
use gix::objs::tree::name_order;

use super::object::to_entry;
use super::repo::Repo;
use super::tree::{Entries, Form};
use crate::entry::{Entry, Mode};
use crate::error::{Error, Result};
use crate::escape;
use crate::oid::Oid;

/// Below this many bytes of prefix a tree is still walked; real paths end at 4096.
const MAX_PREFIX: usize = 64 * 1024;
/// Folders inside folders. Each level costs stack, and the adversary chooses the depth.
const MAX_DEPTH: usize = 2048;

/// What stands on one side.
pub type Side = Option<Entry>;

/// One path that differs: never a folder, always the files below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path, raw bytes.
    pub path: BString,
    /// Before.
    pub old: Side,
    /// After.
    pub new: Side,
}

impl Repo {
    /// Calls `visit(path, old, new)` for every path that differs between two trees, in path order of the trees.
    /// `None` is the empty tree.
    ///
    /// # Errors
    /// A tree cannot be read, the trees are deeper than any real one, time runs out, or `visit` fails.
    pub fn diff(&self, old: Option<Oid>, new: Option<Oid>, visit: &mut Visit<'_>) -> Result<()> {
        if old == new {
            return Ok(());
        }
        Walk { repo: self, path: BString::default(), depth: 0, visit }.trees(old, new)
    }
}

/// Receives one differing path; the path is only lent.
pub(super) type Visit<'v> = dyn FnMut(&BStr, Side, Side) -> Result<()> + 'v;

struct Walk<'r, 'v, 'f> {
    repo: &'r Repo,
    path: BString,
    depth: usize,
    visit: &'v mut Visit<'f>,
}

/// As it stands in the tree; most entries are equal on both sides and never looked at more closely.
type Item<'b> = gix::objs::tree::EntryRef<'b>;

impl Walk<'_, '_, '_> {
    fn trees(&mut self, old: Option<Oid>, new: Option<Oid>) -> Result<()> {
        if self.depth > MAX_DEPTH || self.path.len() > MAX_PREFIX {
            return Err(Error::malformed(format!("folders are nested more than {} deep", self.depth - 1))
                .help("no file system holds such a tree; rewrite the commit without it"));
        }
        self.depth += 1;
        let gix = &self.repo.gix;
        let (mut old_buffer, mut new_buffer) = (gix.empty_reusable_buffer(), gix.empty_reusable_buffer());
        let old_bytes = old.map_or(Ok(&[][..]), |old| self.repo.tree_bytes(old, &mut old_buffer))?;
        let new_bytes = new.map_or(Ok(&[][..]), |new| self.repo.tree_bytes(new, &mut new_buffer))?;
        let (news, [head, tail]) = self.checked(new, new_bytes, alike(old_bytes, new_bytes))?;
        let cut = (old_bytes.len() + tail).saturating_sub(new_bytes.len());
        let (olds, news) = match old_bytes.get(head..cut).map(|middle| self.entries(old, middle)) {
            Some(Ok(olds)) => (olds, news),
            // An entry of the old tree goes on where one of the new begins, or the old tree is malformed.
            _ => {
                let [old_rest, new_rest] = [old_bytes, new_bytes].map(|bytes| bytes.get(head..).unwrap_or_default());
                (self.entries(old, old_rest)?, self.entries(new, new_rest)?)
            }
        };
        let mut olds = olds.into_iter().peekable();
        let mut news = news.into_iter().peekable();
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => in_tree_order(old, new),
            };
            let old = if order.is_le() { olds.next() } else { None };
            let new = if order.is_ge() { news.next() } else { None };
            self.pair(old, new)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// The entries of a tree that a change brings, each of which is looked at, less those that lie within its first and
    /// within its last bytes that are `alike`; and where in the bytes what is left begins and ends.
    fn checked<'b>(
        &self,
        tree: Option<Oid>,
        bytes: &'b [u8],
        alike: [usize; 2],
    ) -> Result<(Vec<Item<'b>>, [usize; 2])> {
        let Some(tree) = tree else { return Ok((Vec::new(), [0, 0])) };
        let (mut form, mut differing) = (Form::default(), Vec::new());
        let (mut start, mut head, mut tail) = (0, 0, bytes.len());
        let [first, last] = alike;
        let mut entries = Entries::new(self.repo, tree, bytes);
        while let Some(entry) = entries.next() {
            let (entry, end) = (entry?, entries.offset());
            form.add(&entry);
            if end <= first {
                head = end;
            } else if start >= bytes.len() - last {
                tail = tail.min(start);
            } else {
                differing.push(entry);
            }
            start = end;
        }
        if form.is_good() {
            return Ok((differing, [head, tail]));
        }
        let place = if self.path.is_empty() { "the root".to_owned() } else { escape::quote_path(&self.path) };
        Err(Error::malformed(format!("the tree at {place} is malformed: unsorted, a name twice, or a slash in a name"))
            .help("no Git tool writes such a tree; git fsck names it, and the commit must be made again"))
    }

    /// The entries in a part of a tree, or in all of it.
    fn entries<'b>(&self, tree: Option<Oid>, bytes: &'b [u8]) -> Result<Vec<Item<'b>>> {
        tree.map_or(Ok(Vec::new()), |tree| Entries::new(self.repo, tree, bytes).collect())
    }

    /// Two entries of one name, of which one may be missing. A folder and a file of one name never meet here: they are
    /// sorted apart, so they come as a removal and an addition.
    fn pair(&mut self, old: Option<Item<'_>>, new: Option<Item<'_>>) -> Result<()> {
        let Some(name) = old.or(new).map(|item| item.filename) else { return Ok(()) };
        if let (Some(old), Some(new)) = (&old, &new)
            && old.oid == new.oid
            && old.mode == new.mode
        {
            return Ok(());
        }
        let entry = |item: Option<Item<'_>>| item.map(|item| to_entry(&item)).transpose();
        let (old, new) = (entry(old)?, entry(new)?);
        if old == new {
            // The same mode, spelt otherwise.
            return Ok(());
        }
        let length = self.path.len();
        if !self.path.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
        if old.or(new).is_some_and(|entry| entry.mode == Mode::Tree) {
            self.trees(old.map(|entry| entry.oid), new.map(|entry| entry.oid))?;
        } else {
            (self.visit)(self.path.as_bstr(), old, new)?;
        }
        self.path.truncate(length);
        Ok(())
    }
}

/// How many bytes two trees have in common at their beginning and behind that at their end, at least: versions of a tree
/// mostly differ in one place.
fn alike(a: &[u8], b: &[u8]) -> [usize; 2] {
    const STRIDE: usize = 16;
    let strides = a.as_chunks::<STRIDE>().0.iter().zip(b.as_chunks::<STRIDE>().0);
    let head = strides.take_while(|(a, b)| a == b).count() * STRIDE;
    let [a, b] = [a, b].map(|tree| tree.get(head..).unwrap_or_default());
    let strides = a.as_rchunks::<STRIDE>().1.iter().rev().zip(b.as_rchunks::<STRIDE>().1.iter().rev());
    [head, strides.take_while(|(a, b)| a == b).count() * STRIDE]
}

/// Git's order of tree entries: byte order, a folder's name ending in `/`. In a malformed tree a name can go on behind a
/// slash of its own, where Git's order ends.
fn in_tree_order(a: &Item<'_>, b: &Item<'_>) -> std::cmp::Ordering {
    name_order(a.filename, a.mode.is_tree(), b.filename, b.mode.is_tree()).then_with(|| a.filename.cmp(b.filename))
}
