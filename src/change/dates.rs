//! Committer dates of new commits. Walks over history rely on a commit not being much older than its ancestors, so what
//! enters must keep to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;

/// By how much an ancestor that was let in may be newer; in seconds.
const TOLERATED: i64 = 24 * 60 * 60;

/// How far each new commit is dated before the newest of its ancestors, in seconds. Dates after `latest` (seconds since
/// 1970) do not count: they mislead no walk, and one of them would make everything after it look old.
pub(super) fn behind(repo: &Repo, commits: &[Oid], latest: i64) -> Result<BTreeMap<Oid, i64>> {
    if in_order(repo, commits)? {
        return Ok(BTreeMap::new());
    }
    let new: HashSet<Oid> = commits.iter().copied().collect();
    let mut earliest = i64::MAX;
    for id in commits {
        earliest = earliest.min(repo.node(*id)?.time);
    }
    let mut newest: HashMap<Oid, i64> = HashMap::new();
    let mut behind = BTreeMap::new();
    let mut stack = commits.to_vec();
    while let Some(id) = stack.last().copied() {
        let node = repo.node(id)?;
        // What was let in before kept to the rule, so below a commit that is older than all new ones by what is
        // tolerated nothing is newer than any of them. Everything above it counts, or dates could go back a day with
        // every push, and any way behind a commit from the future.
        let matters = new.contains(&id) || node.time > earliest.saturating_sub(TOLERATED);
        let parents = if matters { node.parents.as_slice() } else { &[] };
        // Parents first; what has been seen through another child is done.
        let open = parents.iter().find(|parent| !newest.contains_key(*parent));
        if let (false, Some(parent)) = (newest.contains_key(&id), open) {
            stack.push(*parent);
            continue;
        }
        stack.pop();
        let ancestors = parents.iter().filter_map(|parent| newest.get(parent)).max().copied().unwrap_or(i64::MIN);
        if new.contains(&id) && node.time < ancestors {
            behind.insert(id, ancestors.saturating_sub(node.time));
        }
        let own = if node.time > latest { i64::MIN } else { node.time };
        newest.insert(id, ancestors.max(own));
    }
    Ok(behind)
}

/// Whether each commit is at least as new as all that is below its parents, where that is known already.
fn in_order(repo: &Repo, commits: &[Oid]) -> Result<bool> {
    for id in commits {
        let node = repo.node(*id)?;
        for parent in &node.parents {
            if repo.node(*parent)?.newest > node.time {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
