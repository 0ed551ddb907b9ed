//! The trace of a task, as it stands at the task's tip, and the finished tasks that nobody may touch again.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

use super::{Content, File, Target, Task, Touch};
use crate::entry::{Entry, Mode};
use crate::error::Result;
use crate::fold::fold;
use crate::git::Repo;
use crate::oid::Oid;
use crate::path::Budget;
use crate::policy::Policy;
use crate::statement::approval;
use crate::statement::place::is_signature_of;

/// Where a task stands, as far as loading its trace needs to know.
pub(super) struct At<'a> {
    /// The task's name.
    pub(super) name: &'a BStr,
    /// The task branch's tip.
    pub(super) tip: Oid,
    /// The branch that the task aims at.
    pub(super) target: Option<&'a Target>,
    /// The commits of the task: those of the tip that the target does not contain, newest first, and the base.
    pub(super) commits: &'a [Oid],
    /// The task branch's old tip, when it is the task branch that moves.
    pub(super) old_tip: Option<Oid>,
}

impl Task {
    pub(super) fn load(repo: &Repo, policy: &Policy, at: &At<'_>) -> Result<Self> {
        let root = repo.node(at.tip)?.tree;
        let folder = folder(policy, at.name);
        let entry = repo.find(root, folder.as_bstr())?;
        let entries = match entry {
            Some(entry) if entry.mode == Mode::Tree => list(repo, entry.oid)?,
            _ => BTreeMap::new(),
        };
        let tree = repo.tree_without(root, policy.trace.as_str().into())?;
        let mut settled = BTreeSet::new();
        for id in at.commits {
            if repo.tree_without(repo.node(*id)?.tree, policy.trace.as_str().into())? == tree {
                settled.insert(*id);
            }
        }
        Ok(Self {
            name: at.name.to_owned(),
            branch: format!("{}{}", policy.task_prefix, at.name).into(),
            not_a_folder: entry.map(|entry| entry.mode).filter(|mode| *mode != Mode::Tree),
            files: read(repo, policy, &entries)?,
            net: net(repo, policy, at, root)?,
            rewritten: rewritten(repo, policy, at, folder.as_bstr(), &entries)?,
            entries,
            tree,
            settled,
        })
    }
}

fn folder(policy: &Policy, task: &BStr) -> BString {
    let mut folder = BString::from(policy.trace.as_str());
    folder.push(b'/');
    folder.extend_from_slice(task);
    folder
}

fn list(repo: &Repo, tree: Oid) -> Result<BTreeMap<BString, Entry>> {
    let mut entries = BTreeMap::new();
    let mut budget = Budget::new(MAX_ENTRIES);
    repo.diff(None, Some(tree), &mut |path, _, new| {
        budget.spend(path, "a trace folder holds")?;
        entries.extend(new.map(|entry| (path.to_owned(), entry)));
        Ok(())
    })?;
    Ok(entries)
}

/// The files that rules read, beside the signatures on the approval. Of everything else they only ask whether it is
/// there.
const READ: [&str; 4] = ["contract/APPROVED", "contract/approval.md", approval::FILE, "final/status.json"];
/// More entries than any real trace has.
const MAX_ENTRIES: usize = 100_000;

fn read(repo: &Repo, policy: &Policy, entries: &BTreeMap<BString, Entry>) -> Result<BTreeMap<BString, File>> {
    let mut files = BTreeMap::new();
    let sealed = |path: &BString| path.to_str().is_ok_and(|path| is_signature_of(approval::FILE, path));
    for (path, entry) in entries.iter().filter(|(path, _)| READ.iter().any(|read| path == read) || sealed(path)) {
        files.insert(path.clone(), file(repo, *entry, policy.limits.blob_bytes)?);
    }
    Ok(files)
}

/// What a rule can read at an entry.
pub(super) fn file(repo: &Repo, entry: Entry, limit: u64) -> Result<File> {
    Ok(match entry.mode {
        mode if !mode.is_file() => File::NotAFile(mode),
        _ => repo.blob(entry.oid, limit)?.map_or(File::TooLarge, File::Content),
    })
}

/// The paths that the task changes in the end: from what it last took up of its target to its tip.
fn net(repo: &Repo, policy: &Policy, at: &At<'_>, root: Oid) -> Result<BTreeSet<BString>> {
    let mut paths = BTreeSet::new();
    let common = at.target.map(|target| repo.common_tree(target.tip, at.tip)).transpose()?.flatten();
    if let Some(common) = common {
        repo.diff(Some(common), Some(root), &mut |path, _, _| {
            if policy.in_trace(path).is_none() {
                paths.insert(path.to_owned());
            }
            Ok(())
        })?;
    }
    Ok(paths)
}

/// Whether a path below a task's folder is one of the artifacts that the policy requires, or lies in the folder of one.
pub fn is_required(policy: &Policy, path: &BStr) -> bool {
    policy.artifacts.iter().any(|name| match name.ends_with('/') {
        true => path.starts_with(name.as_bytes()),
        false => path == name.as_str(),
    })
}

/// Artifacts in the folders of audits and reviews that stood at the branch's old tip and no longer stand as they were.
/// What begins with a dot is none, and often only keeps an empty folder.
fn rewritten(
    repo: &Repo,
    policy: &Policy,
    at: &At<'_>,
    folder: &BStr,
    entries: &BTreeMap<BString, Entry>,
) -> Result<BTreeSet<BString>> {
    let Some(old_tip) = at.old_tip else { return Ok(BTreeSet::new()) };
    let old = repo.find(repo.node(old_tip)?.tree, folder)?.filter(|entry| entry.mode == Mode::Tree);
    let Some(old) = old else { return Ok(BTreeSet::new()) };
    let kept = |path: &BStr| {
        let mut names = policy.artifacts.iter().filter(|name| name.ends_with('/'));
        let inside = names.find_map(|name| path.strip_prefix(name.as_bytes()));
        inside.is_some_and(|rest| !rest.split_str("/").any(|part| part.starts_with(b".")))
    };
    let gone = list(repo, old.oid)?
        .into_iter()
        .filter(|(path, entry)| kept(path.as_bstr()) && entries.get(path) != Some(entry))
        .map(|(path, _)| bstr::concat([folder.as_bytes(), b"/", path.as_bytes()]).into());
    Ok(gone.collect())
}

/// The paths of a change that lie in the folder of a task that is finished on one of the protected `tips`, in any
/// spelling of folder and task. A path that a change only brings along, as it stands on that tip, is no change of it:
/// that is how finished work reaches the next protected branch.
pub(super) fn frozen(repo: &Repo, policy: &Policy, content: &Content, tips: &[Oid]) -> Result<BTreeSet<BString>> {
    let mut touched: BTreeMap<Vec<u8>, Vec<(&BString, &Touch)>> = BTreeMap::new();
    for (path, touch) in &content.touched {
        let mut parts = path.splitn(3, |byte| *byte == b'/');
        if let (Some(top), Some(task)) = (parts.next(), parts.next())
            && fold(top) == fold(policy.trace.as_bytes())
        {
            touched.entry(fold(task).into_owned()).or_default().push((path, touch));
        }
    }
    let mut frozen = BTreeSet::new();
    if touched.is_empty() {
        return Ok(frozen);
    }
    for tip in tips {
        let root = repo.node(*tip)?.tree;
        for name in finished_tasks(repo, policy, *tip, &|name| touched.contains_key(name))? {
            for (path, touch) in touched.get(&name).into_iter().flatten() {
                let brought_along = match touch.net {
                    Some((_, new)) if touch.commit.is_none() => new == repo.find(root, path.as_bstr())?,
                    _ => false,
                };
                if !brought_along {
                    frozen.insert((*path).clone());
                }
            }
        }
    }
    Ok(frozen)
}

/// Whether the task is finished on a protected branch's tip, in any spelling of its name.
///
/// # Errors
/// The tip cannot be read.
pub fn is_finished(repo: &Repo, policy: &Policy, task: &BStr, tip: Oid) -> Result<bool> {
    Ok(!finished_tasks(repo, policy, tip, &|name| name == fold(task).as_ref())?.is_empty())
}

/// The folded names of the finished tasks on a tip, of those that are `wanted`.
fn finished_tasks(repo: &Repo, policy: &Policy, tip: Oid, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>> {
    let trace = repo.find(repo.node(tip)?.tree, policy.trace.as_str().into())?;
    let Some(trace) = trace.filter(|entry| entry.mode == Mode::Tree) else { return Ok(Vec::new()) };
    let mut finished = Vec::new();
    for (name, entry) in repo.tree(trace.oid)? {
        let name = fold(&name).into_owned();
        let folder = entry.mode == Mode::Tree && wanted(&name);
        if folder && repo.find(entry.oid, "final/status.json".into())?.is_some() {
            finished.push(name);
        }
    }
    Ok(finished)
}

/// A task that was at work at one commit and is finished at a later one.
pub(super) fn unfinished_then(repo: &Repo, policy: &Policy, then: Oid, now: Oid) -> Result<Option<BString>> {
    let trace = repo.find(repo.node(then)?.tree, policy.trace.as_str().into())?;
    let Some(trace) = trace.filter(|entry| entry.mode == Mode::Tree) else { return Ok(None) };
    let mut open = BTreeMap::new();
    for (name, entry) in repo.tree(trace.oid)? {
        if entry.mode == Mode::Tree && repo.find(entry.oid, "final/status.json".into())?.is_none() {
            open.insert(fold(&name).into_owned(), name);
        }
    }
    let finished = match open.is_empty() {
        true => Vec::new(),
        false => finished_tasks(repo, policy, now, &|name| open.contains_key(name))?,
    };
    Ok(finished.first().and_then(|name| open.remove(name)))
}
