//! A stretch of history that is gone through once and numbered, for whoever then walks in it thousands of times.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::repo::Repo;
use super::walk::{BELOW, CLOCK_SKEW, Node};
use crate::error::Result;
use crate::oid::Oid;

/// How many commits below the stretch are asked for their dates.
const MOST_BELOW: usize = 100_000;

impl Repo {
    /// Numbers the commits that `chain`, a branch's values one after the other, took up since `base`. From then on a
    /// walk between two of the values is exact and looks at nothing else, with a commit-graph or without, and no commit
    /// is asked for the dates of its ancestors again.
    ///
    /// From then on this handle is for the last value and its ancestors only: a commit without a number is taken for an
    /// ancestor of `base`.
    ///
    /// # Errors
    /// A commit cannot be read.
    pub fn number(&mut self, chain: &[Oid], base: Option<Oid>) -> Result<()> {
        let Some(tip) = chain.last() else { return Ok(()) };
        let inside: HashSet<Oid> = self.range(&[*tip], base.as_slice())?.into_iter().collect();
        let below = self.newest_below(&inside)?;
        let mut numbered: HashMap<Oid, Arc<Node>> = HashMap::with_capacity(inside.len());
        let mut stack = Vec::new();
        for value in chain {
            // What an earlier value holds has its number; the rest gets one after its parents.
            stack.push(*value);
            while let Some(at) = stack.last().copied() {
                if numbered.contains_key(&at) || !inside.contains(&at) {
                    stack.pop();
                    continue;
                }
                let node = self.node(at)?;
                let done = stack.len();
                let open = |parent: &&Oid| inside.contains(*parent) && !numbered.contains_key(*parent);
                stack.extend(node.parents.iter().filter(open));
                if stack.len() == done {
                    let number = u32::try_from(numbered.len()).unwrap_or(u32::MAX).saturating_add(BELOW + 1);
                    let newest = |parent: &Oid| numbered.get(parent).map_or(below, |node| node.newest);
                    let newest = node.parents.iter().map(newest).fold(node.time, i64::max);
                    numbered.insert(at, Arc::new(Node::clone(&node).numbered(number, newest)));
                    stack.pop();
                }
            }
        }
        *self.nodes.borrow_mut() = numbered;
        self.below = Some(below);
        Ok(())
    }

    /// A date after which no ancestor of the commits `inside` is dated that is none of them: of those that are not
    /// older by far than all of these, for the others mislead no walk.
    fn newest_below(&self, inside: &HashSet<Oid>) -> Result<i64> {
        let mut earliest = i64::MAX;
        let mut open = Vec::new();
        for oid in inside {
            let node = self.node(*oid)?;
            earliest = earliest.min(node.time);
            open.extend(node.parents.iter().filter(|parent| !inside.contains(*parent)));
        }
        let (mut seen, mut newest) = (HashSet::new(), i64::MIN);
        while let Some(oid) = open.pop() {
            if !seen.insert(oid) {
                continue;
            }
            if seen.len() > MOST_BELOW {
                return Ok(i64::MAX);
            }
            let node = self.node(oid)?;
            newest = newest.max(node.time);
            if node.time > earliest.saturating_sub(CLOCK_SKEW) {
                open.extend(&node.parents);
            }
        }
        Ok(newest)
    }
}
