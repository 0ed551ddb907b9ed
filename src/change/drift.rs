//! The drift of a change, as facts: what the survey says of the states before and after.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::{BStr, BString, ByteSlice};

use super::Task;
use crate::drift::config::Mode;
use crate::drift::survey::{Blob, Survey, Tree, survey};
use crate::entry::{Entry, Mode as EntryMode};
use crate::error::{Error, Result};
use crate::git::{Blobs, Repo};
use crate::oid::Oid;
use crate::path::Budget;
use crate::policy::Policy;

/// More files than any repository holds against contracts.
const MOST_FILES: usize = 1_500_000;
/// The most bytes that are searched at once: a small pack can hold any number of them.
const MOST_BYTES: usize = 1 << 30;
/// Fewer blobs than this are not worth a second thread.
const WORTH_A_THREAD: usize = 256;

/// Files and what they hold, in the order of the tree.
type Listing = Vec<(BString, Oid)>;

/// A tree of the repository, as drift looks at it.
pub(crate) struct Stored<'r> {
    repo: &'r Repo,
    root: Oid,
    limit: u64,
    /// Every plain file, and every link and submodule, once that was asked for.
    files: RefCell<Option<[Listing; 2]>>,
}

impl<'r> Stored<'r> {
    pub(crate) fn new(repo: &'r Repo, root: Oid, policy: &Policy) -> Self {
        Self { repo, root, limit: policy.limits.blob_bytes, files: RefCell::default() }
    }

    /// Goes through the tree once, whatever is asked of it.
    fn with_all<T>(&self, ask: impl FnOnce(&[Listing; 2]) -> T) -> Result<T> {
        let mut files = self.files.borrow_mut();
        if let Some(all) = &*files {
            return Ok(ask(all));
        }
        let [mut plain, mut odd] = [Vec::new(), Vec::new()];
        let mut budget = Budget::new(MOST_FILES);
        self.repo.diff(None, Some(self.root), &mut |path, _, new| {
            if let Some(entry) = new {
                budget.spend(path, "the repository holds")?;
                let list = if entry.mode.is_file() { &mut plain } else { &mut odd };
                list.push((path.to_owned(), entry.oid));
            }
            Ok(())
        })?;
        Ok(ask(files.insert([plain, odd])))
    }
}

/// What blobs are searched for, by more than one thread.
struct Pass<'p> {
    limit: u64,
    is_true: &'p (dyn Fn(&[u8]) -> bool + Sync),
    read: AtomicUsize,
}

impl Pass<'_> {
    /// Those of some blobs of whose bytes it is true, and those that are too large.
    fn over(&self, reader: &Blobs, blobs: &[Oid]) -> Result<HashSet<Oid>> {
        let (mut found, mut bytes) = (HashSet::new(), Vec::new());
        for oid in blobs {
            let fits = reader.read_into(*oid, &mut bytes)?;
            if self.read.fetch_add(bytes.len(), Ordering::Relaxed) > MOST_BYTES {
                let message = format!("the files that a change may be seen in have more than {MOST_BYTES} bytes");
                return Err(Error::undecided(message).help("exclude in the policy's [drift] what declares no fields"));
            }
            if !fits || (self.is_true)(&bytes) {
                found.insert(*oid);
            }
        }
        Ok(found)
    }

    /// The same on two threads where there are many.
    fn over_many(&self, repo: &Repo, blobs: &[Oid]) -> Result<HashSet<Oid>> {
        let mine = repo.blobs(self.limit)?;
        if blobs.len() < WORTH_A_THREAD {
            return self.over(&mine, blobs);
        }
        let (first, second) = blobs.split_at(blobs.len() / 2);
        let other = repo.blobs(self.limit)?;
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().spawn_scoped(scope, move || self.over(&other, second));
            let mut found = self.over(&mine, first)?;
            found.extend(match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(found)) => found?,
                Ok(Err(_)) => {
                    let error = Error::undecided("a thread of refgate's own ended early");
                    return Err(error.help("please report it"));
                }
                // No room for a thread; slower is still right.
                Err(_) => self.over(&mine, second)?,
            });
            Ok(found)
        })
    }
}

/// The files that are wanted.
fn wanted_of<'f>(
    files: &'f [(BString, Oid)],
    wanted: &'f dyn Fn(&[u8]) -> bool,
) -> impl Iterator<Item = &'f (BString, Oid)> {
    files.iter().filter(|(path, _)| wanted(path))
}

impl Tree for Stored<'_> {
    fn blob(&self, path: &BStr) -> Result<Option<Blob>> {
        let Some(entry) = self.repo.find(self.root, path)?.filter(|entry| entry.mode.is_file()) else {
            return Ok(None);
        };
        Ok(Some(Blob { oid: entry.oid, bytes: self.repo.blob(entry.oid, self.limit)? }))
    }

    fn is_odd(&self, path: &BStr) -> Result<bool> {
        let entry = self.repo.find(self.root, path)?;
        Ok(entry.is_some_and(|entry| !entry.mode.is_file() && entry.mode != EntryMode::Tree))
    }

    fn list(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        self.with_all(|[plain, _]| wanted_of(plain, wanted).map(|(path, _)| path.clone()).collect())
    }

    fn odd(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        self.with_all(|[_, odd]| wanted_of(odd, wanted).map(|(path, _)| path.clone()).collect())
    }

    fn search(&self, wanted: &dyn Fn(&[u8]) -> bool, is_true: &(dyn Fn(&[u8]) -> bool + Sync)) -> Result<Vec<BString>> {
        let mut files: Vec<(BString, Oid)> = self.with_all(|[plain, _]| wanted_of(plain, wanted).cloned().collect())?;
        // One file may stand at any number of paths.
        let mut seen = HashSet::new();
        let blobs: Vec<Oid> = files.iter().map(|(_, oid)| *oid).filter(|oid| seen.insert(*oid)).collect();
        let pass = Pass { limit: self.limit, is_true, read: AtomicUsize::new(0) };
        let found = pass.over_many(self.repo, &blobs)?;
        files.retain(|(_, oid)| found.contains(oid));
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }

    fn folder(&self, folder: &BStr) -> Result<Vec<BString>> {
        self.inside(folder, |entry| entry.mode.is_file())
    }

    fn others(&self, folder: &BStr) -> Result<Vec<BString>> {
        self.inside(folder, |entry| !entry.mode.is_file())
    }
}

impl Stored<'_> {
    /// Those entries of a folder that are wanted.
    fn inside(&self, folder: &BStr, wanted: impl Fn(&Entry) -> bool) -> Result<Vec<BString>> {
        let path = folder.strip_suffix(b"/").unwrap_or(folder).as_bstr();
        let tree = match path.is_empty() {
            true => Some(self.root),
            false => {
                self.repo.find(self.root, path)?.filter(|entry| entry.mode == EntryMode::Tree).map(|entry| entry.oid)
            }
        };
        let entries = tree.map(|tree| self.repo.tree(tree)).transpose()?.unwrap_or_default();
        let wanted = entries.into_iter().filter(|(_, entry)| wanted(entry));
        Ok(wanted.map(|(name, _)| bstr::concat([folder.as_bytes(), name.as_slice()]).into()).collect())
    }
}

/// Looks at the drift between two trees. `None` where the policy holds nothing against a contract, or nothing of the
/// change could bring any.
///
/// # Errors
/// Something cannot be read.
pub(crate) fn between(
    repo: &Repo,
    policy: &Policy,
    old: Option<Oid>,
    new: Oid,
    mode: Option<Mode>,
) -> Result<Option<Survey>> {
    let Some(config) = &policy.drift else { return Ok(None) };
    let mode = mode.unwrap_or(config.mode);
    let mut changed = BTreeSet::new();
    if let Some(old) = old {
        let mut budget = Budget::new(MOST_FILES);
        repo.diff(Some(old), Some(new), &mut |path, _, _| {
            if config.concerns(path) {
                budget.spend(path, "the change touches")?;
                changed.insert(path.to_owned());
            }
            Ok(())
        })?;
        if changed.is_empty() && mode == Mode::Introduced {
            return Ok(None);
        }
    }
    let before = old.map(|old| Stored::new(repo, old, policy));
    let before = before.as_ref().map(|tree| tree as &dyn Tree);
    survey(config, mode, before, &Stored::new(repo, new, policy), &changed).map(Some)
}

/// The contracts, of those that the change maps to, that a file of the trace names. The approval is asked by itself.
pub(super) fn cited(repo: &Repo, policy: &Policy, survey: &Survey, task: &Task) -> Result<BTreeSet<BString>> {
    let mut wanted: Vec<&BString> =
        survey.contracts.iter().filter(|contract| contract.mapped).map(|contract| &contract.path).collect();
    let mut cited = BTreeSet::new();
    for (path, entry) in task.entries.iter().filter(|(_, entry)| entry.mode.is_file()) {
        if wanted.is_empty() {
            break;
        }
        if path.starts_with(b"contract/") {
            continue;
        }
        let bytes = repo.blob(entry.oid, policy.limits.blob_bytes)?.unwrap_or_default();
        wanted.retain(|contract| {
            let found = memchr::memmem::find(&bytes, contract).is_some();
            if found {
                cited.insert((*contract).clone());
            }
            !found
        });
    }
    Ok(cited)
}
