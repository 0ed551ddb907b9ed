//! Committer dates of new commits. Walks over history rely on a commit not being much older than its ancestors, so what
//! enters must keep to it.

use std::collections::{BTreeMap, HashMap};

use super::Dates;
use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;

impl Dates {
    /// Looks at new commits: how far each is dated before the newest of its ancestors, as far as these are new too or
    /// parents of new ones.
    pub(super) fn load(repo: &Repo, commits: &[Oid]) -> Result<Self> {
        let mut newest: HashMap<Oid, Option<i64>> = commits.iter().map(|id| (*id, None)).collect();
        let mut behind = BTreeMap::new();
        for start in commits {
            let mut stack = vec![*start];
            while let Some(id) = stack.last().copied() {
                let node = repo.node(id)?;
                if newest.get(&id).copied().flatten().is_some() {
                    stack.pop();
                    continue;
                }
                let open = node.parents.iter().find(|parent| matches!(newest.get(parent), Some(None)));
                if let Some(parent) = open {
                    stack.push(*parent);
                    continue;
                }
                let mut ancestors = i64::MIN;
                for parent in &node.parents {
                    let known = newest.get(parent).copied().flatten();
                    ancestors = ancestors.max(known.map_or_else(|| repo.node(*parent).map(|node| node.time), Ok)?);
                }
                if node.time < ancestors {
                    behind.insert(id, ancestors.saturating_sub(node.time));
                }
                newest.insert(id, Some(ancestors.max(node.time)));
                stack.pop();
            }
        }
        let mut latest = None;
        for id in commits {
            let time = repo.node(*id)?.time;
            latest = latest.max(Some((time, *id)));
        }
        Ok(Self { behind, latest })
    }
}
