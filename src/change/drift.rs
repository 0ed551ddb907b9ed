//! The drift of a change, as facts: what the survey says of the states before and after.

use std::cell::RefCell;
use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice};

use super::Task;
use crate::drift::config::Mode;
use crate::drift::survey::{Blob, Survey, Tree, survey};
use crate::entry::Mode as EntryMode;
use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;
use crate::path::Budget;
use crate::policy::Policy;

/// More files than any repository holds against contracts.
const MOST_FILES: usize = 1_500_000;

/// A tree of the repository, as drift looks at it.
pub(crate) struct Stored<'r> {
    repo: &'r Repo,
    root: Oid,
    limit: u64,
    /// Every plain file, and every link and submodule, once that was asked for.
    files: RefCell<Option<[Vec<BString>; 2]>>,
}

impl<'r> Stored<'r> {
    pub(crate) fn new(repo: &'r Repo, root: Oid, policy: &Policy) -> Self {
        Self { repo, root, limit: policy.limits.blob_bytes, files: RefCell::default() }
    }

    /// Goes through the tree once, whatever is asked of it.
    fn with_all<T>(&self, ask: impl FnOnce(&[Vec<BString>; 2]) -> T) -> Result<T> {
        let mut files = self.files.borrow_mut();
        if let Some(all) = &*files {
            return Ok(ask(all));
        }
        let [mut plain, mut odd] = [Vec::new(), Vec::new()];
        let mut budget = Budget::new(MOST_FILES);
        self.repo.diff(None, Some(self.root), &mut |path, _, new| {
            if let Some(entry) = new {
                budget.spend(path, "the repository holds")?;
                if entry.mode.is_file() { plain.push(path.to_owned()) } else { odd.push(path.to_owned()) }
            }
            Ok(())
        })?;
        Ok(ask(files.insert([plain, odd])))
    }
}

impl Tree for Stored<'_> {
    fn blob(&self, path: &BStr) -> Result<Option<Blob>> {
        let Some(entry) = self.repo.find(self.root, path)?.filter(|entry| entry.mode.is_file()) else {
            return Ok(None);
        };
        Ok(Some(Blob { oid: entry.oid, bytes: self.repo.blob(entry.oid, self.limit)? }))
    }

    fn list(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        self.with_all(|[plain, _]| plain.iter().filter(|path| wanted(path)).cloned().collect())
    }

    fn odd(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        self.with_all(|[_, odd]| odd.iter().filter(|path| wanted(path)).cloned().collect())
    }

    fn folder(&self, folder: &BStr) -> Result<Vec<BString>> {
        let path = folder.strip_suffix(b"/").unwrap_or(folder).as_bstr();
        let tree = match path.is_empty() {
            true => Some(self.root),
            false => {
                self.repo.find(self.root, path)?.filter(|entry| entry.mode == EntryMode::Tree).map(|entry| entry.oid)
            }
        };
        let entries = tree.map(|tree| self.repo.tree(tree)).transpose()?.unwrap_or_default();
        let files = entries.into_iter().filter(|(_, entry)| entry.mode.is_file());
        Ok(files.map(|(name, _)| bstr::concat([folder.as_bytes(), name.as_slice()]).into()).collect())
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
