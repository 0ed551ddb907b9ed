//! Committer dates of new commits. Walks over history rely on a commit not being much older than its ancestors, so what
//! enters must keep to it.

use std::collections::{BTreeMap, HashMap};

use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;

/// How far each new commit is dated before the newest of its ancestors, in seconds, as far as these are new too or
/// parents of new ones. Dates after `latest` (seconds since 1970) do not count: they mislead no walk, and one of them
/// would make everything after it look old.
pub(super) fn behind(repo: &Repo, commits: &[Oid], latest: i64) -> Result<BTreeMap<Oid, i64>> {
    let mut newest: HashMap<Oid, Option<i64>> = commits.iter().map(|id| (*id, None)).collect();
    let mut behind = BTreeMap::new();
    let counted = |time: i64| if time > latest { i64::MIN } else { time };
    for start in commits {
        let mut stack = vec![*start];
        while let Some(id) = stack.last().copied() {
            let node = repo.node(id)?;
            // Parents first; what has been seen through another child is done.
            let open = node.parents.iter().find(|parent| matches!(newest.get(parent), Some(None)));
            if let (Some(None), Some(parent)) = (newest.get(&id), open) {
                stack.push(*parent);
                continue;
            }
            stack.pop();
            if newest.get(&id).copied().flatten().is_some() {
                continue;
            }
            let mut ancestors = i64::MIN;
            for parent in &node.parents {
                let time = match newest.get(parent).copied().flatten() {
                    Some(known) => known,
                    None => counted(repo.node(*parent)?.time),
                };
                ancestors = ancestors.max(time);
            }
            if node.time < ancestors {
                behind.insert(id, ancestors.saturating_sub(node.time));
            }
            newest.insert(id, Some(ancestors.max(counted(node.time))));
        }
    }
    Ok(behind)
}
