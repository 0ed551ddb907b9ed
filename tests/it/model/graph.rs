//! History as the model sees it: commits that hold files by path. Ranges, bases and merges are spelled out over whole
//! sets, the way one would explain them.

use std::collections::{BTreeMap, BTreeSet};

/// A commit, by its number.
pub(super) type Id = usize;
/// Somebody with a key.
pub(super) type Person = &'static str;
/// What stands at each path.
pub(super) type Tree = BTreeMap<String, Blob>;

/// What stands at a path, as far as it matters. Two that differ have no line in common, or so little that a merge of
/// the two is left out of the test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Blob {
    Text(u32),
    /// `contract/APPROVED` for a task that begins there.
    Marker(Id),
    /// `contract/approval.md`; the wide one lists more than `src/`.
    Approval {
        base: Id,
        wide: bool,
        number: u32,
    },
    /// `contract/approval.json`, with what it was signed for.
    Signed {
        base: Id,
        of: Vec<Self>,
        by: Person,
        number: u32,
    },
    /// The signature beside it.
    Seal(Box<Self>),
    /// `final/status.json`.
    Status {
        success: bool,
        files: BTreeSet<String>,
        number: u32,
    },
}

/// What a commit says of itself when it is a rollback.
#[derive(Clone, Debug)]
pub(super) struct Back {
    pub(super) branch: String,
    pub(super) to: Id,
    pub(super) by: Option<Person>,
}

#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) parents: Vec<Id>,
    pub(super) tree: Tree,
    pub(super) back: Option<Back>,
}

/// The result of a merge; a path that conflicts holds our side.
pub(super) struct Merged {
    pub(super) tree: Tree,
    pub(super) conflicts: BTreeSet<String>,
}

/// A path and what stood and stands there.
pub(super) type Changes = BTreeMap<String, (Option<Blob>, Option<Blob>)>;

#[derive(Default)]
pub(super) struct Graph {
    commits: Vec<Commit>,
    /// Of each commit all that it reaches, itself too.
    reach: Vec<BTreeSet<Id>>,
}

impl Graph {
    pub(super) fn add(&mut self, parents: &[Id], tree: Tree, back: Option<Back>) -> Id {
        let id = self.commits.len();
        let mut reach: BTreeSet<Id> = parents.iter().flat_map(|parent| self.reach[*parent].clone()).collect();
        reach.insert(id);
        self.reach.push(reach);
        self.commits.push(Commit { parents: parents.to_vec(), tree, back });
        id
    }

    pub(super) fn get(&self, id: Id) -> &Commit {
        &self.commits[id]
    }

    pub(super) fn tree(&self, id: Id) -> &Tree {
        &self.commits[id].tree
    }

    pub(super) fn holds(&self, tip: Id, id: Id) -> bool {
        self.reach[tip].contains(&id)
    }

    pub(super) fn range(&self, tip: Id, hidden: impl IntoIterator<Item = Id>) -> BTreeSet<Id> {
        let mut range = self.reach[tip].clone();
        for hidden in hidden {
            range.retain(|id| !self.holds(hidden, *id));
        }
        range
    }

    pub(super) fn first_parents(&self, tip: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(Some(tip), |id| self.commits[*id].parents.first().copied())
    }

    /// Where what is beyond `hidden` begins.
    pub(super) fn began(&self, tip: Id, hidden: impl IntoIterator<Item = Id>) -> Option<Id> {
        let range = self.range(tip, hidden);
        self.first_parents(tip).find(|id| !range.contains(id))
    }

    /// The tree that two commits have in common; `None` where several come into question, which the model leaves out.
    pub(super) fn common(&self, a: Id, b: Id) -> Option<&Tree> {
        let shared: BTreeSet<Id> = self.reach[a].intersection(&self.reach[b]).copied().collect();
        let best: Vec<Id> = shared
            .iter()
            .filter(|id| !shared.iter().any(|other| other != *id && self.holds(*other, **id)))
            .copied()
            .collect();
        match best.as_slice() {
            [only] => Some(self.tree(*only)),
            _ => None,
        }
    }

    /// `None` where both sides change what is made of several lines.
    pub(super) fn merge(&self, ours: Id, theirs: Id) -> Option<Merged> {
        let base = self.common(ours, theirs)?;
        let (ours, theirs) = (self.tree(ours), self.tree(theirs));
        let mut merged = Merged { tree: ours.clone(), conflicts: BTreeSet::new() };
        for (path, (was, now)) in changes(base, theirs) {
            let here = ours.get(&path);
            if here == was.as_ref() {
                put(&mut merged.tree, &path, now);
            } else if here != now.as_ref() {
                let simple = |blob: Option<&Blob>| matches!(blob, None | Some(Blob::Text(_)));
                if !simple(was.as_ref()) || !simple(here) || !simple(now.as_ref()) {
                    return None;
                }
                merged.conflicts.insert(path);
            }
        }
        Some(merged)
    }
}

pub(super) fn put(tree: &mut Tree, path: &str, blob: Option<Blob>) {
    match blob {
        Some(blob) => tree.insert(path.to_owned(), blob),
        None => tree.remove(path),
    };
}

pub(super) fn changes(old: &Tree, new: &Tree) -> Changes {
    let paths = old.keys().chain(new.keys());
    let differing = paths.filter(|path| old.get(*path) != new.get(*path));
    differing.map(|path| (path.clone(), (old.get(path).cloned(), new.get(path).cloned()))).collect()
}

/// The task whose trace a path lies in.
pub(super) fn trace_of(path: &str) -> Option<&str> {
    path.strip_prefix(".ai-stack-trace/")?.split('/').next()
}

pub(super) fn in_trace(task: &str, file: &str) -> String {
    format!(".ai-stack-trace/{task}/{file}")
}

pub(super) fn is_finished(tree: &Tree, task: &str) -> bool {
    tree.contains_key(&in_trace(task, "final/status.json"))
}

/// What a rollback leaves as it is.
pub(super) fn stays(path: &str) -> bool {
    trace_of(path).is_some() || path == POLICY || path == WORKFLOW
}

pub(super) const POLICY: &str = "refgate.toml";
pub(super) const WORKFLOW: &str = ".github/workflows/ci.yml";
