//! Single objects: what kind they are, what a commit, a tree or a blob holds.

use bstr::{BStr, BString, ByteSlice};
use gix::objs::{FindExt, TagRefIter};

use super::repo::{Repo, from_gix, one_line, to_gix};
use super::tree::Entries;
use crate::entry::{Entry, Mode};
use crate::error::{Error, Result};
use crate::oid::Oid;

/// A tag that points to a tag that points … longer than this is refused rather than followed.
const MAX_TAG_DEPTH: usize = 32;

/// The four kinds of Git objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A blob.
    Blob,
    /// An annotated tag.
    Tag,
}

/// What refgate needs of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The root tree.
    pub tree: Oid,
    /// The parents, in order.
    pub parents: Vec<Oid>,
    /// The committer's date, seconds since 1970, as the commit claims.
    pub time: i64,
}

/// What a commit says of itself to people; any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// The author's name.
    pub author: BString,
    /// The first line of the message.
    pub subject: BString,
}

impl Repo {
    /// What kind of object stands behind a name.
    ///
    /// # Errors
    /// The object is missing or unreadable.
    pub fn kind(&self, oid: Oid) -> Result<ObjectKind> {
        use gix::prelude::HeaderExt as _;
        if self.nodes.borrow().contains_key(&oid) {
            // It was read before, and as a commit.
            return Ok(ObjectKind::Commit);
        }
        let header = self.gix.objects.header(to_gix(oid)).map_err(|error| self.unreadable(oid, "object", &error))?;
        Ok(match header.kind() {
            gix::objs::Kind::Commit => ObjectKind::Commit,
            gix::objs::Kind::Tree => ObjectKind::Tree,
            gix::objs::Kind::Blob => ObjectKind::Blob,
            gix::objs::Kind::Tag => ObjectKind::Tag,
        })
    }

    /// Follows annotated tags to what they finally name.
    ///
    /// # Errors
    /// An object on the way is missing or unreadable, or the chain is too long.
    pub fn peel(&self, oid: Oid) -> Result<(ObjectKind, Oid)> {
        let mut at = oid;
        let mut buffer = Vec::new();
        for _ in 0..MAX_TAG_DEPTH {
            match self.kind(at)? {
                ObjectKind::Tag => {
                    let tag: TagRefIter<'_> = self
                        .gix
                        .objects
                        .find_tag_iter(&to_gix(at), &mut buffer)
                        .map_err(|error| self.unreadable(at, "tag", &error))?;
                    let target = tag.target_id().map_err(|error| self.unreadable(at, "tag", &error))?;
                    at = from_gix(&target)?;
                }
                kind => return Ok((kind, at)),
            }
        }
        Err(Error::undecided(format!("tag {oid} points through more than {MAX_TAG_DEPTH} tags"))
            .help("tag the commit itself"))
    }

    /// The root tree of what a name finally is; `None` where that is no commit.
    ///
    /// # Errors
    /// An object on the way is missing or unreadable.
    pub fn tree_of(&self, oid: Oid) -> Result<Option<Oid>> {
        match self.peel(oid)? {
            (ObjectKind::Commit, commit) => Ok(Some(self.commit(commit)?.tree)),
            _ => Ok(None),
        }
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// It is missing, unreadable or no commit.
    pub fn commit(&self, oid: Oid) -> Result<Commit> {
        let mut buffer = Vec::new();
        let bad = |error: &dyn std::fmt::Display| self.unreadable(oid, "commit", error);
        let commit = self.gix.objects.find_commit(&to_gix(oid), &mut buffer).map_err(|error| bad(&error))?;
        let time = commit.committer().map_err(|error| bad(&error))?.seconds();
        let parents = commit.parents().map(|id| from_gix(&id)).collect::<Result<_>>()?;
        Ok(Commit { tree: from_gix(&commit.tree())?, parents, time })
    }

    /// Who wrote a commit, and its message's first line. What is not as Git writes it is empty.
    ///
    /// # Errors
    /// It is missing or unreadable.
    pub fn headline(&self, oid: Oid) -> Result<Headline> {
        let mut buffer = Vec::new();
        let found = self.gix.objects.find(&to_gix(oid), &mut buffer);
        let commit = found.map_err(|error| self.unreadable(oid, "commit", &error))?.data;
        let mut lines = commit.split(|byte| *byte == b'\n');
        let headers = lines.by_ref().take_while(|line| !line.is_empty());
        let author = headers.fold(None, |author, line| author.or(line.strip_prefix(b"author ")));
        let name = author.and_then(|author| Some(author.split_once_str(b"<")?.0.trim()));
        let subject = lines.find(|line| !line.trim().is_empty());
        Ok(Headline {
            author: name.unwrap_or_default().into(),
            subject: subject.map(ByteSlice::trim).unwrap_or_default().into(),
        })
    }

    /// The content of a blob; `None` when it is larger than `limit` bytes.
    ///
    /// # Errors
    /// It is missing, unreadable or no blob.
    pub fn blob(&self, oid: Oid, limit: u64) -> Result<Option<Vec<u8>>> {
        let mut buffer = Vec::new();
        Ok(self.blob_into(oid, limit, &mut buffer)?.then_some(buffer))
    }

    /// The same into a buffer that is used again; whether the blob is no larger than `limit` bytes.
    ///
    /// # Errors
    /// It is missing, unreadable or no blob.
    pub fn blob_into(&self, oid: Oid, limit: u64, buffer: &mut Vec<u8>) -> Result<bool> {
        use gix::prelude::HeaderExt as _;
        buffer.clear();
        let header = self.gix.objects.header(to_gix(oid)).map_err(|error| self.unreadable(oid, "blob", &error))?;
        if header.size() > limit {
            return Ok(false);
        }
        self.gix.objects.find_blob(&to_gix(oid), buffer).map_err(|error| self.unreadable(oid, "blob", &error))?;
        Ok(true)
    }

    /// A commit or an annotated tag as it is stored, which is what was signed; `None` when it is larger than `limit`
    /// bytes.
    ///
    /// # Errors
    /// It is missing or unreadable.
    pub fn raw(&self, oid: Oid, limit: u64) -> Result<Option<Vec<u8>>> {
        use gix::prelude::HeaderExt as _;
        let unreadable = |error: &dyn std::fmt::Display| self.unreadable(oid, "object", error);
        let header = self.gix.objects.header(to_gix(oid)).map_err(|error| unreadable(&error))?;
        if header.size() > limit {
            return Ok(None);
        }
        let mut buffer = Vec::new();
        self.gix.objects.find(&to_gix(oid), &mut buffer).map_err(|error| unreadable(&error))?;
        Ok(Some(buffer))
    }

    /// The entries of one tree, in Git's order.
    ///
    /// # Errors
    /// The tree is missing, unreadable or no tree.
    pub fn tree(&self, oid: Oid) -> Result<Vec<(BString, Entry)>> {
        let mut buffer = Vec::new();
        let entries = self.tree_iter(oid, &mut buffer)?;
        entries.map(|entry| entry.and_then(|entry| Ok((entry.filename.to_owned(), to_entry(&entry)?)))).collect()
    }

    /// What stands at `path` below a tree; `None` where nothing does.
    ///
    /// # Errors
    /// A tree on the way is missing or unreadable.
    pub fn find(&self, tree: Oid, path: &BStr) -> Result<Option<Entry>> {
        let mut at = Entry { mode: Mode::Tree, oid: tree };
        let mut buffer = Vec::new();
        let mut names = path.split_str("/").peekable();
        while let Some(name) = names.next() {
            if at.mode != Mode::Tree {
                return Ok(None);
            }
            let mut next = None;
            for entry in self.tree_iter(at.oid, &mut buffer)? {
                let entry = entry?;
                // In a malformed tree a file can have the name of a folder; more path leads through the folder.
                if entry.filename == name && (names.peek().is_none() || entry.mode.is_tree()) {
                    next = Some(to_entry(&entry)?);
                    break;
                }
            }
            match next {
                Some(entry) => at = entry,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The name that a root tree would have without its entry `name`: two commits with the same one differ at most
    /// below `name`.
    ///
    /// # Errors
    /// The tree is missing or unreadable.
    pub fn tree_without(&self, tree: Oid, name: &BStr) -> Result<Oid> {
        let mut buffer = Vec::new();
        let mut kept = Vec::new();
        for entry in self.tree_iter(tree, &mut buffer)? {
            let entry = entry?;
            if entry.filename != name {
                let mut mode = [0; 6];
                kept.extend_from_slice(entry.mode.as_bytes(&mut mode));
                kept.push(b' ');
                kept.extend_from_slice(entry.filename);
                kept.push(0);
                kept.extend_from_slice(entry.oid.as_bytes());
            }
        }
        let id = gix::objs::compute_hash(self.gix.object_hash(), gix::objs::Kind::Tree, &kept)
            .map_err(|error| self.unreadable(tree, "tree", &error))?;
        from_gix(&id)
    }

    pub(super) fn tree_iter<'b>(&self, oid: Oid, buffer: &'b mut Vec<u8>) -> Result<Entries<'_, 'b>> {
        Ok(Entries::new(self, oid, self.tree_bytes(oid, buffer)?))
    }

    /// A tree as it is stored.
    pub(super) fn tree_bytes<'b>(&self, oid: Oid, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        let id = to_gix(oid);
        // Git knows the empty tree without storing it.
        if id.is_empty_tree() {
            return Ok(&[]);
        }
        let found = self.gix.objects.find(&id, buffer).map_err(|error| self.unreadable(oid, "tree", &error))?;
        match found.kind {
            gix::objs::Kind::Tree => Ok(found.data),
            kind => Err(self.unreadable(oid, "tree", &format_args!("it is a {kind}"))),
        }
    }

    pub(super) fn unreadable(&self, oid: Oid, kind: &str, error: &dyn std::fmt::Display) -> Error {
        Error::undecided(format!("{kind} {oid} cannot be read: {}", one_line(error))).help(self.missing_help())
    }
}

pub(super) fn to_entry(entry: &gix::objs::tree::EntryRef<'_>) -> Result<Entry> {
    use gix::objs::tree::EntryKind;
    // gix reads entries that Git dies of.
    if entry.mode.value() == 0 || entry.filename.is_empty() {
        return Err(Error::malformed("a tree has an entry without a mode or without a name")
            .help("no Git tool writes such a tree; git fsck names it, and the commit must be made again"));
    }
    let mode = match entry.mode.kind() {
        EntryKind::Blob => Mode::File,
        EntryKind::BlobExecutable => Mode::Executable,
        EntryKind::Link => Mode::Symlink,
        EntryKind::Commit => Mode::Submodule,
        EntryKind::Tree => Mode::Tree,
    };
    Ok(Entry { mode, oid: from_gix(entry.oid)? })
}
