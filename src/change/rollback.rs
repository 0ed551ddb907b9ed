//! Rollbacks: one commit on top of a protected branch that brings back the tree of an earlier commit of it. The commit says
//! so itself, in a line that its signature covers: for which branch, and to which commit.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice};

use super::task::unfinished_then;
use super::{Target, Way, WayKind};
use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;
use crate::path::Budget;
use crate::policy::Policy;
use crate::sign::object::{Signed, Unsigned};

/// What a commit that says that it is a rollback says and does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// What it says; `None` where that cannot be read, or is said twice.
    pub claim: Option<Claim>,
    /// The signature on it, and what that covers.
    pub signed: std::result::Result<Signed, Unsigned>,
}

/// What a rollback says, held against the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The branch that it is for, in full.
    pub branch: BString,
    /// The commit whose tree comes back.
    pub to: Oid,
    /// Whether the branch stood there.
    pub stood: Stood,
    /// The tree of that commit, where the branch may have stood there.
    pub tree: Option<Oid>,
    /// Paths that stand otherwise than they must.
    pub differs: BTreeSet<BString>,
    /// The tree is exactly the one that it must be.
    pub is_exact: bool,
}

/// Whether a branch stood at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stood {
    /// The commit is on the branch's first-parent chain, below its tip.
    Before,
    /// It stands there now, so there is nothing to bring back.
    Now,
    /// The commit is not on that chain.
    Never,
    /// The commit is on that chain and lies within a task that was finished later.
    Within(BString),
}

/// How far back a branch is looked through, in commits of its first-parent chain.
const FARTHEST: usize = 100_000;
/// More paths than stay as they are in any real repository.
const MOST_PATHS: usize = 1_500_000;

impl Rollback {
    /// What the line begins with that makes a commit a rollback; a space, a full ref name, a space and a full object name
    /// follow.
    pub const LINE: &str = "Refgate-Rollback:";

    /// The tree that brings a branch with this tip back to a commit: that commit's, but for what stays as it is.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn tree(repo: &Repo, policy: &Policy, tip: Oid, to: Oid) -> Result<Oid> {
        let stays = |path: &bstr::BStr| policy.stays(path);
        repo.tree_but_for(repo.node(to)?.tree, repo.node(tip)?.tree, &stays)
    }

    /// The last commit below its tip at which a branch can have stood, with a tree of which `fits` says so too; `None` where
    /// there is none.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn before(repo: &Repo, policy: &Policy, tip: Oid, fits: &dyn Fn(Oid) -> bool) -> Result<Option<Oid>> {
        let mut at = tip;
        for _ in 0..FARTHEST {
            let Some(parent) = repo.node(at)?.parents.first().copied() else { return Ok(None) };
            if fits(repo.node(parent)?.tree) && unfinished_then(repo, policy, parent, tip)?.is_none() {
                return Ok(Some(parent));
            }
            at = parent;
        }
        Ok(None)
    }

    /// Reads a commit on top of a protected branch; `None` where it does not say that it is a rollback.
    ///
    /// # Errors
    /// An object cannot be read.
    pub(super) fn load(repo: &Repo, policy: &Policy, target: &Target, new: Oid) -> Result<Option<Self>> {
        let node = repo.node(new)?;
        if node.parents != [target.tip] {
            return Ok(None);
        }
        // A larger one is no rollback, and so refused like any other direct push.
        let Some(bytes) = repo.raw(new, policy.limits.blob_bytes)? else { return Ok(None) };
        let (_, message) = bytes.split_once_str("\n\n").unwrap_or_default();
        let said: Vec<&[u8]> = message.lines().filter_map(|line| line.strip_prefix(Self::LINE.as_bytes())).collect();
        let claim = match said.as_slice() {
            [] => return Ok(None),
            [one] => match read(one) {
                Some((branch, to)) if to.format() == repo.format() => {
                    Some(Claim::load(repo, policy, target, branch, to, node.tree)?)
                }
                _ => None,
            },
            _ => None,
        };
        Ok(Some(Self { claim, signed: Signed::commit(&bytes, repo.format()) }))
    }
}

fn read(said: &[u8]) -> Option<(BString, Oid)> {
    let (branch, to) = said.strip_prefix(b" ")?.split_once_str(" ")?;
    Some((branch.into(), Oid::from_hex(to)?))
}

impl Claim {
    fn load(repo: &Repo, policy: &Policy, target: &Target, branch: BString, to: Oid, tree: Oid) -> Result<Self> {
        let stood = stood(repo, policy, target, to)?;
        let (mut differs, mut is_exact, mut back) = (BTreeSet::new(), false, None);
        // Of what the branch never held nothing is read: it may be anything, or not there at all.
        if stood != Stood::Never {
            let due = Rollback::tree(repo, policy, target.tip, to)?;
            let mut budget = Budget::new(MOST_PATHS);
            repo.diff(Some(due), Some(tree), &mut |path, _, _| {
                budget.spend(path, "the rollback differs at")?;
                differs.insert(path.to_owned());
                Ok(())
            })?;
            is_exact = due == tree;
            back = Some(repo.node(to)?.tree);
        }
        Ok(Self { branch, to, stood, tree: back, differs, is_exact })
    }
}

fn stood(repo: &Repo, policy: &Policy, target: &Target, to: Oid) -> Result<Stood> {
    if to == target.tip {
        return Ok(Stood::Now);
    }
    let mut at = target.tip;
    for _ in 0..FARTHEST {
        match repo.node(at)?.parents.first() {
            Some(parent) if *parent == to => {
                return Ok(unfinished_then(repo, policy, to, target.tip)?.map_or(Stood::Before, Stood::Within));
            }
            Some(parent) => at = *parent,
            None => break,
        }
    }
    Ok(Stood::Never)
}

impl Way {
    /// The way of a rollback.
    pub(super) fn back(target: &Target, new: Oid) -> Self {
        Self { kind: WayKind::Rollback, source: target.name.clone(), task: None, tip: new, merge: None }
    }
}
