//! What a repository shows of how its team works: branches, paths, tasks, workflows. It proposes nothing that it has
//! not seen, and it must not know how a policy is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::drift::{self, Drift};
use crate::env::Env;
use crate::error::Result;
use crate::escape::quote_path;
use crate::git::{Repo, uncommitted};
use crate::glob::Glob;
use crate::oid::Oid;
use crate::policy::load::client_trunk;
use crate::policy::parse::{Known, built_in};
use crate::policy::{CI, PathKind, Policy};
use crate::refs::RefMap;
use crate::rules;

/// Branches that live as long as the project, by the names that teams give them.
const LONG_LIVED: &[&str] = &[
    "dev",
    "develop",
    "development",
    "integration",
    "live",
    "main",
    "master",
    "preprod",
    "prod",
    "production",
    "qa",
    "stable",
    "stage",
    "staging",
    "trunk",
    "uat",
];
/// Folders of such branches.
const FAMILIES: &[&str] =
    &["env/*", "environments/*", "maint/*", "maintenance/*", "releases/*", "stable/*", "support/*"];
/// Folders whose branches are tasks by name.
const TASKS: &[&str] = &["task/", "tasks/", "autotest/"];
/// The largest file that tells CI or a hook what to run that is read, in bytes.
const MAX_CALLER: u64 = 1024 * 1024;
/// How many examples are shown.
const SHOWN: usize = 3;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The tree that was looked at, where there was a repository.
    pub(super) tree: Option<Oid>,
    /// The default branch, in full.
    pub(super) trunk: BString,
    /// Long-lived branches that the default does not protect: names, and patterns of families.
    pub(super) protected: BTreeSet<String>,
    /// Branches that the default protects already.
    pub(super) covered: Seen,
    /// Schema files.
    pub(super) schema: Seen,
    /// Backfill scripts.
    pub(super) backfill: Seen,
    /// The tasks in the trace folder.
    pub(super) tasks: BTreeSet<BString>,
    /// CI and hook files that call refgate and that nobody owns yet.
    pub(super) callers: BTreeSet<String>,
    /// The folders of other branches, with how many each holds.
    pub(super) prefixes: BTreeMap<String, usize>,
    /// The field contract, and what may declare its fields.
    pub(super) drift: Drift,
    /// The folder that task branches are in, where it is not the default and there is evidence.
    pub(super) task_prefix: Option<String>,
}

/// A number of things, and the first few of them, escaped.
#[derive(Debug, Default)]
pub(super) struct Seen {
    count: usize,
    examples: Vec<String>,
}

impl Seen {
    fn add(&mut self, name: &[u8]) {
        self.count += 1;
        if self.examples.len() < SHOWN {
            self.examples.push(quote_path(name));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// `3, like a, b, c`, or `none`.
    pub(super) fn line(&self) -> String {
        match self.examples.as_slice() {
            [] => "none".into(),
            examples => format!("{}, like {}", self.count, examples.join(", ")),
        }
    }
}

impl Found {
    /// What is known outside of any repository.
    pub(super) fn nothing() -> Self {
        Self { trunk: "refs/heads/main".into(), ..Self::default() }
    }

    /// The default branch's short name, escaped.
    pub(super) fn trunk_name(&self) -> String {
        quote_path(self.trunk.strip_prefix(b"refs/heads/").unwrap_or(&self.trunk))
    }

    /// The folders of branches, the fullest first.
    pub(super) fn prefix_line(&self) -> String {
        let mut prefixes: Vec<_> = self.prefixes.iter().collect();
        prefixes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let shown = prefixes.iter().take(2 * SHOWN).map(|(prefix, count)| format!("{prefix} ({count})"));
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Everything in a few lines for a person.
    pub(super) fn lines(&self) -> [(&'static str, String); 8] {
        let list = |set: &BTreeSet<String>, what: &str| {
            let names: Vec<_> = set.iter().map(|name| quote_path(name.as_bytes())).collect();
            if names.is_empty() { "none".to_owned() } else { format!("{} ({what})", names.join(", ")) }
        };
        let folders = match (&self.task_prefix, self.prefix_line()) {
            (_, none) if none.is_empty() => "none".to_owned(),
            (None, folders) => folders,
            (Some(prefix), folders) => format!("{folders}; {prefix} is written into branches.task"),
        };
        [
            ("default branch", format!("{} (always protected)", self.trunk_name())),
            ("long-lived", list(&self.protected, "written into branches.protected")),
            ("other folders", folders),
            ("schema files", self.schema.line()),
            ("backfill scripts", self.backfill.line()),
            ("field contract", self.drift.line()),
            ("tasks with trace", self.tasks.len().to_string()),
            ("calls refgate", list(&self.callers, "written into paths.owned")),
        ]
    }
}

/// Looks at a repository. `bare` says that it is a server's: there `HEAD` names the default branch, while in a work
/// tree it names the branch that somebody works on.
pub(super) fn at(repo: &Repo, env: &Env, bare: bool) -> Result<Found> {
    let refs = repo.refs()?;
    let trunk = trunk(repo, &refs, bare)?;
    let ids = rules::ids();
    let policy = built_in(Known { rules: &ids, trunk: trunk.as_bstr() })?;
    let tree = tree(repo, env, &refs)?;
    let mut found = Found { tree: Some(tree), trunk, ..Found::default() };
    paths(repo, &policy, tree, &mut found)?;
    found.drift = drift::at(repo, &policy, tree)?;
    branches(&policy, &all_branches(repo, &refs), &mut found);
    Ok(found)
}

/// The files of the work tree at `top` that Git does not ignore and that the tree does not have.
pub(super) fn unseen(repo: &Repo, tree: Oid, top: &Path) -> Result<Vec<BString>> {
    let mut found = Vec::new();
    for file in uncommitted(top, None)? {
        // Behind a slash stands another repository.
        if repo.find(tree, file.path.strip_suffix(b"/").unwrap_or(&file.path).into())?.is_none() {
            found.push(file.path);
        }
    }
    Ok(found)
}

fn trunk(repo: &Repo, refs: &RefMap, bare: bool) -> Result<BString> {
    let remotes = repo.remotes();
    let only = remotes.first().filter(|_| remotes.len() == 1);
    if let Some(remote) = remotes.iter().find(|name| *name == "origin").or(only) {
        let folder = format!("refs/remotes/{remote}/");
        let branch =
            |name: &BString| Some(bstr::concat([b"refs/heads/", name.strip_prefix(folder.as_bytes())?]).into());
        let tracked: RefMap = refs.iter().filter_map(|(name, value)| Some((branch(name)?, *value))).collect();
        let head = repo.symbolic_ref(format!("{folder}HEAD").as_bytes().as_bstr())?;
        if !tracked.is_empty() {
            return Ok(client_trunk(head.as_ref().and_then(branch), &tracked));
        }
    }
    let head = repo.head()?;
    Ok(match head {
        Some(head) if bare || refs.is_empty() => head,
        _ => client_trunk(None, refs),
    })
}

/// The tree to look at: `HEAD`'s, and before the first commit what is staged for it.
fn tree(repo: &Repo, env: &Env, refs: &RefMap) -> Result<Oid> {
    let commit = match repo.head()? {
        None => repo.resolve("HEAD")?,
        Some(name) => match refs.get(&name) {
            Some(tip) => *tip,
            None => repo.staged_commit(env)?,
        },
    };
    Ok(repo.commit(commit)?.tree)
}

fn paths(repo: &Repo, policy: &Policy, tree: Oid, found: &mut Found) -> Result<()> {
    let callers: Vec<Glob> = CI.iter().filter_map(|pattern| Glob::parse(pattern).ok()).collect();
    let mut candidates = Vec::new();
    repo.diff(None, Some(tree), &mut |path, _, entry| {
        match policy.kind_of(path) {
            PathKind::Schema => found.schema.add(path),
            PathKind::Backfill => found.backfill.add(path),
            PathKind::Documentation | PathKind::Runtime => {}
        }
        if let Some((task, _)) = policy.in_trace(path).and_then(|rest| rest.split_once_str("/")) {
            found.tasks.insert(task.into());
        }
        let entry = entry.filter(|entry| entry.mode.is_file());
        if let Some(entry) = entry.filter(|_| callers.iter().any(|glob| glob.matches(path)) && !policy.is_owned(path)) {
            candidates.push((path.to_owned(), entry.oid));
        }
        Ok(())
    })?;
    for (path, oid) in candidates {
        let calls = repo.blob(oid, MAX_CALLER)?.is_some_and(|text| text.contains_str("refgate"));
        // A path that no pattern can name cannot be proposed as one.
        let named = path.to_str().ok().filter(|text| Glob::parse(text).is_ok_and(|glob| glob.matches(&path)));
        found.callers.extend(named.filter(|_| calls).map(ToOwned::to_owned));
    }
    Ok(())
}

/// The short names of all branches, here and as last seen on the remotes.
fn all_branches(repo: &Repo, refs: &RefMap) -> BTreeSet<BString> {
    let mut folders: Vec<BString> =
        repo.remotes().iter().map(|remote| format!("refs/remotes/{remote}/").into()).collect();
    folders.push("refs/heads/".into());
    let short =
        |name: &BString| folders.iter().find_map(|folder| name.strip_prefix(folder.as_slice()).map(BString::from));
    refs.keys().filter_map(short).collect()
}

fn branches(policy: &Policy, branches: &BTreeSet<BString>, found: &mut Found) {
    let trunk = policy.trunk.strip_prefix(b"refs/heads/").unwrap_or_default();
    let families: Vec<Glob> = FAMILIES.iter().filter_map(|pattern| Glob::parse(pattern).ok()).collect();
    let mut tasks = BTreeSet::new();
    for name in branches.iter().filter(|name| *name != trunk) {
        let family = families.iter().find(|glob| glob.matches(name));
        if policy.protected.matches(name) {
            found.covered.add(name);
        } else if let Some(known) = LONG_LIVED.iter().find(|known| known.as_bytes() == name.as_slice()) {
            found.protected.insert((*known).to_owned());
        } else if let Some(family) = family {
            found.protected.insert(family.as_str().to_owned());
        } else if let Some((prefix, task)) = folder(name.as_bstr()) {
            // A branch named after a task whose trace is there is that task's; that beats any guess by name.
            if found.tasks.contains(task) || TASKS.contains(&prefix.to_ascii_lowercase().as_str()) {
                tasks.insert(prefix.clone());
            }
            *found.prefixes.entry(prefix).or_default() += 1;
        }
    }
    tasks.remove(&policy.emergency_prefix);
    if !found.prefixes.contains_key(&policy.task_prefix) {
        found.task_prefix = tasks.into_iter().max_by_key(|prefix| found.prefixes.get(prefix).copied());
    }
}

/// The folder of a branch, as far as a policy can name it, and what follows.
fn folder(name: &BStr) -> Option<(String, &BStr)> {
    let (folder, rest) = name.split_once_str("/")?;
    let folder = folder.to_str().ok()?;
    let plain = folder.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    plain.then(|| (format!("{folder}/"), rest.as_bstr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], tasks: &[&str]) -> Found {
        let mut found = Found { tasks: tasks.iter().map(|task| BString::from(*task)).collect(), ..Found::nothing() };
        branches(&super::super::default_policy(), &names.iter().map(|name| BString::from(*name)).collect(), &mut found);
        found
    }

    #[test]
    fn every_pattern_of_this_file_is_one() {
        for pattern in FAMILIES.iter().chain(CI) {
            assert!(Glob::parse(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn long_lived_branches_are_proposed_and_the_default_branch_is_not() {
        let found = found(&["main", "develop", "staging", "release/1", "stable/2.x", "developer-notes"], &[]);
        assert_eq!(found.protected.iter().collect::<Vec<_>>(), ["develop", "stable/*", "staging"]);
        assert_eq!(found.covered.line(), "1, like release/1");
    }

    #[test]
    fn a_task_prefix_is_proposed_on_evidence_only() {
        assert_eq!(found(&["feature/a", "feature/b"], &[]).task_prefix, None);
        assert_eq!(found(&["feature/a", "feature/b"], &["b"]).task_prefix.as_deref(), Some("feature/"));
        assert_eq!(found(&["task/a"], &[]).task_prefix.as_deref(), Some("task/"));
        assert_eq!(found(&["task/a", "autoTest/b"], &[]).task_prefix, None, "the default is in use");
        assert_eq!(found(&["hotfix/a"], &["a"]).task_prefix, None);
    }
}
