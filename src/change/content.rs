//! What a change does to paths: the net change and each commit, taken from tree objects alone.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;

use bstr::{BStr, BString, ByteSlice};

use super::{Content, Remerge, Touch};
use crate::entry::{Entry, Mode};
use crate::error::{Error, Result};
use crate::fold::fold;
use crate::git::Repo;
use crate::oid::Oid;
use crate::path::prefixes;

/// More paths than any real change has; a tree of a few hundred bytes can claim a hundred million.
pub(super) const MAX_PATHS: usize = 1_500_000;
/// From this many commits on a second thread pays for its start and its caches.
const WORTH_A_THREAD: usize = 64;
/// What the main thread has by default, in bytes: trees may be nested deep.
const STACK: usize = 8 * 1024 * 1024;

impl Content {
    /// Adds the net change from the tree `old` (`None`: the empty tree) to the tree `new`.
    pub(super) fn add_net(&mut self, repo: &Repo, old: Option<Oid>, new: Oid) -> Result<()> {
        self.has_net = true;
        self.net = Some((old, new));
        repo.diff(old, Some(new), &mut |path, old, new| {
            let touch = self.note(path, None, old, new)?;
            touch.net = Some((old, new));
            Ok(())
        })
    }

    /// Adds what each commit does by itself, newest first. The older half of many is looked at by a second thread; what
    /// comes out, errors included, is what one thread would have found.
    pub(super) fn add_commits(&mut self, repo: &Repo, commits: &[Oid]) -> Result<()> {
        if commits.len() < WORTH_A_THREAD {
            return self.add_each(repo, commits);
        }
        let (newer, older) = commits.split_at(commits.len() / 2);
        let other = repo.fork();
        std::thread::scope(|scope| {
            let work = move || {
                let mut content = Self::default();
                let result = content.add_each(&other, older);
                (content, result)
            };
            let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            self.add_each(repo, newer)?;
            match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok((content, result))) => self.absorb(content).and(result),
                Ok(Err(_)) => Err(Error::undecided("a thread of refgate's own ended early").help("please report it")),
                // No room for a thread; slower is still right.
                Err(_) => self.add_each(repo, older),
            }
        })
    }

    fn add_each(&mut self, repo: &Repo, commits: &[Oid]) -> Result<()> {
        commits.iter().try_for_each(|id| self.add_commit(repo, *id))
    }

    /// Takes in what older commits do.
    fn absorb(&mut self, older: Self) -> Result<()> {
        self.commits += older.commits;
        self.octopus = self.octopus.or(older.octopus);
        for (path, theirs) in older.touched {
            let touch = self.touch(path)?;
            touch.commit = touch.commit.or(theirs.commit);
            touch.old_modes.extend(theirs.old_modes);
            touch.modes.extend(theirs.modes);
            touch.added |= theirs.added;
        }
        Ok(())
    }

    /// Adds what one commit does by itself: against its parent, or for a merge against the same merge made afresh,
    /// so that taking up the other side is no change and anything smuggled into the merge is.
    fn add_commit(&mut self, repo: &Repo, id: Oid) -> Result<()> {
        self.commits += 1;
        let commit = repo.node(id)?;
        match commit.parents.as_slice() {
            [] => self.add_diff(repo, id, None, commit.tree),
            [parent] => {
                let parent = Some(repo.node(*parent)?.tree);
                if self.net == Some((parent, commit.tree)) {
                    // The net change is what this commit does, path by path, and was looked at.
                    self.touched.values_mut().filter(|touch| touch.net.is_some()).for_each(|touch| {
                        touch.commit = touch.commit.or(Some(id));
                    });
                    return Ok(());
                }
                self.add_diff(repo, id, parent, commit.tree)
            }
            [ours, theirs] => {
                let merged = repo.merge(*ours, *theirs)?;
                for path in &merged.conflicts {
                    // Whoever resolved the conflict decided what stands there.
                    self.note(path.as_bstr(), Some(id), None, None)?;
                }
                self.add_diff(repo, id, Some(merged.tree), commit.tree)
            }
            // There is no agreed merge of three and more: everything that differs from any side counts.
            sides => {
                self.octopus = self.octopus.or(Some(id));
                sides.iter().try_for_each(|side| self.add_diff(repo, id, Some(repo.node(*side)?.tree), commit.tree))
            }
        }
    }

    fn add_diff(&mut self, repo: &Repo, id: Oid, old: Option<Oid>, new: Oid) -> Result<()> {
        repo.diff(old, Some(new), &mut |path, old, new| self.note(path, Some(id), old, new).map(|_| ()))
    }

    fn note(&mut self, path: &BStr, commit: Option<Oid>, old: Option<Entry>, new: Option<Entry>) -> Result<&mut Touch> {
        let touch = self.touch(path.to_owned())?;
        touch.commit = touch.commit.or(commit);
        touch.old_modes.extend(old.map(|entry| entry.mode));
        touch.modes.extend(new.map(|entry| entry.mode));
        touch.added |= old.is_none() && new.is_some();
        Ok(touch)
    }

    fn touch(&mut self, path: BString) -> Result<&mut Touch> {
        match self.touched.entry(path) {
            Place::Occupied(touch) => Ok(touch.into_mut()),
            Place::Vacant(place) => {
                self.budget.spend(place.key().as_bstr(), "the change touches")?;
                Ok(place.insert(Touch::default()))
            }
        }
    }

    /// Finds the added paths of which the new tree has another spelling. Each folder is read and folded once.
    pub(super) fn find_collisions(&mut self, repo: &Repo, tree: Oid) -> Result<()> {
        let mut folders: BTreeMap<BString, Folder> = BTreeMap::new();
        let added: Vec<BString> =
            self.touched.iter().filter(|(_, touch)| touch.added).map(|(path, _)| path.clone()).collect();
        for path in added {
            for prefix in prefixes(path.as_bstr()) {
                let (parent, name) = match prefix.rfind_byte(b'/') {
                    Some(slash) => {
                        (prefix.get(..slash).unwrap_or_default(), prefix.get(slash + 1..).unwrap_or_default())
                    }
                    None => (&b""[..], prefix.as_bytes()),
                };
                if !folders.contains_key(parent.as_bstr()) {
                    folders.insert(parent.into(), Folder::read(repo, tree, parent.as_bstr())?);
                }
                let other = folders.get(parent.as_bstr()).and_then(|folder| folder.other(name.as_bstr()));
                if let Some(other) = other {
                    let mut whole = BString::from(parent);
                    if !whole.is_empty() {
                        whole.push(b'/');
                    }
                    whole.extend_from_slice(other);
                    self.collisions.insert(path.clone(), whole);
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The names in one folder, by their folded spelling.
struct Folder(BTreeMap<Vec<u8>, Vec<BString>>);

impl Folder {
    fn read(repo: &Repo, tree: Oid, path: &BStr) -> Result<Self> {
        let tree = match path.is_empty() {
            true => Some(tree),
            false => repo.find(tree, path)?.filter(|entry| entry.mode == Mode::Tree).map(|entry| entry.oid),
        };
        let mut names: BTreeMap<Vec<u8>, Vec<BString>> = BTreeMap::new();
        for (name, _) in tree.map(|tree| repo.tree(tree)).transpose()?.unwrap_or_default() {
            names.entry(fold(&name).into_owned()).or_default().push(name);
        }
        Ok(Self(names))
    }

    fn other(&self, name: &BStr) -> Option<&BString> {
        self.0.get(fold(name).as_ref())?.iter().find(|other| *other != name)
    }
}

/// Holds the two-parent merge `id` against the same merge made afresh.
pub(super) fn remerge(repo: &Repo, id: Oid, ours: Oid, theirs: Oid) -> Result<Remerge> {
    let merged = repo.merge(ours, theirs)?;
    let mut differs = std::collections::BTreeSet::new();
    repo.diff(Some(merged.tree), Some(repo.node(id)?.tree), &mut |path, _, _| {
        differs.insert(path.to_owned());
        Ok(())
    })?;
    Ok(Remerge { conflicts: merged.conflicts, differs })
}
