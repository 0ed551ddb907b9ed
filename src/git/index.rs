//! The index as a tree: what `git commit` would record now, written to memory only.

use std::path::Path;

use bstr::{BStr, ByteSlice};
use gix::index::entry::{Flags, Mode, Stage};
use gix::index::extension::Tree as CachedTree;
use gix::objs::tree::EntryKind;

use super::repo::{Repo, from_gix, one_line, to_gix};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::oid::Oid;

impl Repo {
    /// Whether people work here: a bare repository has nothing staged.
    pub fn has_work_tree(&self) -> bool {
        self.gix.workdir().is_some()
    }

    /// The commit that `git commit` would make of the index now, on top of `HEAD` (and of `MERGE_HEAD` in a merge).
    /// It and its trees live in memory; equal indexes give equal commits.
    ///
    /// # Errors
    /// The index cannot be read, or holds unresolved conflicts.
    pub fn staged_commit(&self, env: &Env) -> Result<Oid> {
        let path = match &env.index_file {
            Some(path) => Path::new(path).to_owned(),
            None => self.gix.index_path(),
        };
        let tree = self.staged_tree(&path)?;
        let mut parents = Vec::new();
        parents.extend(self.head_commit()?.map(to_gix));
        match fs_err::read(self.gix.git_dir().join("MERGE_HEAD")) {
            Ok(heads) => parents.extend(heads.lines().filter_map(Oid::from_hex).map(to_gix)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        self.commit_of(tree, parents, "staged\n")
    }

    /// A commit in memory, the same for the same tree and parents.
    pub(super) fn commit_of(&self, tree: gix::ObjectId, parents: Vec<gix::ObjectId>, message: &str) -> Result<Oid> {
        // As new as its newest parent: the clock is nobody's business here.
        let mut newest = 0;
        for parent in &parents {
            newest = newest.max(self.commit(from_gix(parent)?)?.time);
        }
        let nobody = gix::actor::Signature {
            name: "refgate".into(),
            email: Default::default(),
            time: gix::date::Time::new(newest, 0),
        };
        let commit = gix::objs::Commit {
            tree,
            parents: parents.into_iter().collect(),
            author: nobody.clone(),
            committer: nobody,
            encoding: None,
            message: message.into(),
            extra_headers: Vec::new(),
        };
        self.write(&commit)
    }

    fn staged_tree(&self, path: &Path) -> Result<gix::ObjectId> {
        let shown = || escape::quote_path(path.as_os_str().as_encoded_bytes());
        if !path.try_exists()? {
            return Ok(gix::ObjectId::empty_tree(self.gix.object_hash()));
        }
        // The checksum guards against a torn disk, not against a person; git's own `index.skipHash` drops it too.
        let index = gix::index::File::at(path, self.gix.object_hash(), true, Default::default())
            .map_err(|error| Error::undecided(format!("the index {} cannot be read: {}", shown(), one_line(&error))))?;
        let unmerged = index.entries().iter().find(|entry| entry.stage() != Stage::Unconflicted);
        if let Some(entry) = unmerged {
            let path = escape::quote_path(entry.path(&index));
            return Err(Error::undecided(format!("{path} is not merged yet"))
                .help(format!("resolve the conflict, then git add {path}")));
        }
        let build = Build { repo: self, index: &index };
        build.tree(index.entries(), 0, index.tree())
    }

    fn write(&self, object: &dyn gix::objs::WriteTo) -> Result<Oid> {
        let id = gix::prelude::Write::write(&self.gix.objects, object)
            .map_err(|error| Error::undecided(format!("an object cannot be kept in memory: {}", one_line(&error))))?;
        from_gix(&id)
    }
}

struct Build<'a> {
    repo: &'a Repo,
    index: &'a gix::index::State,
}

impl Build<'_> {
    /// Writes the tree of `entries`, which all share their first `prefix` bytes. Where the cache-tree extension still
    /// vouches for a folder, its tree is taken as it is: a commit touches few folders of many.
    fn tree(&self, entries: &[gix::index::Entry], prefix: usize, cached: Option<&CachedTree>) -> Result<gix::ObjectId> {
        if let Some(cached) = cached
            && cached.num_entries.is_some_and(|count| count as usize == entries.len())
        {
            return Ok(cached.id);
        }
        let mut tree = gix::objs::Tree::empty();
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let path = self.name(first, prefix);
            let (name, count) = match path.find_byte(b'/') {
                // A sparse index names whole folders, with a slash at the end.
                Some(slash) if slash + 1 == path.len() => (path.get(..slash).unwrap_or(path).as_bstr(), 1),
                Some(slash) => {
                    let folder = path.get(..=slash).unwrap_or(path);
                    let count = rest.iter().take_while(|entry| self.name(entry, prefix).starts_with(folder)).count();
                    (folder.trim_end_with(|c| c == '/').as_bstr(), count)
                }
                None => (path, 1),
            };
            let (group, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            rest = after;
            if let Some(entry) = self.entry(group, name.as_bstr(), prefix, path.contains(&b'/'), cached)? {
                tree.entries.push(entry);
            }
        }
        tree.entries.sort();
        self.repo.write(&tree).map(to_gix)
    }

    fn entry(
        &self,
        group: &[gix::index::Entry],
        name: &BStr,
        prefix: usize,
        nested: bool,
        cached: Option<&CachedTree>,
    ) -> Result<Option<gix::objs::tree::Entry>> {
        let Some(first) = group.first() else { return Ok(None) };
        let (mode, oid) = if nested && first.mode != Mode::DIR {
            let child = cached.and_then(|tree| tree.children.iter().find(|child| child.name.as_slice() == name));
            let oid = self.tree(group, prefix + name.len() + 1, child)?;
            if oid == gix::ObjectId::empty_tree(self.repo.gix.object_hash()) {
                return Ok(None);
            }
            (EntryKind::Tree.into(), oid)
        } else if first.flags.contains(Flags::INTENT_TO_ADD) {
            return Ok(None);
        } else {
            let mode = first.mode.to_tree_entry_mode().ok_or_else(|| {
                let path = escape::quote_path(first.path(self.index));
                Error::undecided(format!("{path} has a mode in the index that no tree can hold"))
            })?;
            (mode, first.id)
        };
        Ok(Some(gix::objs::tree::Entry { mode, filename: name.to_owned(), oid }))
    }

    fn name<'b>(&'b self, entry: &'b gix::index::Entry, prefix: usize) -> &'b BStr {
        entry.path(self.index).get(prefix..).unwrap_or_default().as_bstr()
    }
}

impl Repo {
    /// The commit that `git commit --amend` would make of the index now: what is staged, with `HEAD`'s own parents.
    /// `None` where there is nothing to amend: no commit yet, or a merge in progress.
    ///
    /// # Errors
    /// As [`Repo::staged_commit`].
    pub fn staged_amend(&self, env: &Env) -> Result<Option<Oid>> {
        let Ok(head) = self.gix.head_id() else { return Ok(None) };
        if self.gix.git_dir().join("MERGE_HEAD").try_exists()? {
            return Ok(None);
        }
        let staged = self.staged_commit(env)?;
        let bad = |error: &dyn std::fmt::Display| self.unreadable(staged, "commit", error);
        let commit = self.gix.find_commit(to_gix(staged)).map_err(|error| bad(&error))?;
        let mut commit: gix::objs::Commit =
            commit.decode().map_err(|error| bad(&error))?.try_into().map_err(|error| bad(&error))?;
        commit.parents = self.commit(from_gix(&head)?)?.parents.into_iter().map(to_gix).collect();
        self.write(&commit).map(Some)
    }
}
