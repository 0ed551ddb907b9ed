//! Walks over history: which commits are new, where two lines meet.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::repo::{Repo, from_gix, one_line, to_gix};
use crate::error::{Error, Result};
use crate::oid::Oid;

/// Clocks of honest people differ, by a day at the most: the rule `commit-date` keeps others off. Two ends may be off.
pub(super) const CLOCK_SKEW: i64 = 3 * 24 * 60 * 60;
/// How many further hidden commits are looked at once all that is left is hidden and older, for histories from before
/// the gate; git's own walk has the same (`SLOP` in revision.c, 5).
const SLOP: usize = 256;

/// What walks and comparisons need of a commit. Each commit is read once in the life of a [`Repo`].
#[derive(Clone, Debug)]
pub struct Node {
    /// The root tree.
    pub tree: Oid,
    /// The parents, in order.
    pub parents: Vec<Oid>,
    /// The committer's date, seconds since 1970, as the commit claims.
    pub time: i64,
    /// Neither the commit nor an ancestor that could mislead a walk is dated later; `i64::MAX` where nobody looked.
    pub newest: i64,
    rank: Rank,
}

impl Node {
    /// The same commit with its place in a stretch of history that was numbered ([`Repo::number`]).
    pub(super) fn numbered(self, number: u32, newest: i64) -> Self {
        Self { newest, rank: Rank { generation: number, time: self.time }, ..self }
    }
}

/// The order of the walk: by generation number where the commit-graph knows it (a commit's is always greater than its
/// parents', and commits outside the graph are above all in it), then by the date that the commit claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    generation: u32,
    time: i64,
}

const OUTSIDE_GRAPH: u32 = u32::MAX;
/// In a handle that numbered a stretch of history: whatever is below it. No commit-graph says 0.
pub(super) const BELOW: u32 = 0;

#[derive(Default)]
struct Seen {
    hidden: bool,
    /// Still to be popped from the queue, counting each time it was pushed.
    queued: u32,
}

impl Repo {
    /// The tree and the parents of a commit.
    ///
    /// # Errors
    /// The commit cannot be read, or a shallow clone cut its parents off: then nobody can say what is new.
    pub fn node(&self, oid: Oid) -> Result<Arc<Node>> {
        if let Some(node) = self.nodes.borrow().get(&oid) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(self.read_node(oid)?);
        self.nodes.borrow_mut().insert(oid, Arc::clone(&node));
        Ok(node)
    }

    fn read_node(&self, oid: Oid) -> Result<Node> {
        if self.shallow_commits()?.contains(&oid) {
            return Err(Error::undecided(format!("history is cut off at commit {oid}")).help(self.missing_help()));
        }
        if let Some(newest) = self.below {
            let commit = self.commit(oid)?;
            let rank = Rank { generation: BELOW, time: commit.time };
            return Ok(Node { tree: commit.tree, parents: commit.parents, time: commit.time, newest, rank });
        }
        let in_graph = self.commit_graph().and_then(|graph| Some((graph, graph.commit_by_id(to_gix(oid))?)));
        if let Some((graph, commit)) = in_graph {
            let generation = commit.generation();
            let parents: Option<Vec<Oid>> =
                commit.iter_parents().map(|position| Oid::from_bytes(graph.id_at(position.ok()?).as_bytes())).collect();
            // A graph that cannot be read in this place only costs speed: the object itself is the truth.
            let tree = Oid::from_bytes(commit.root_tree_id().as_bytes());
            if let (Some(tree), Some(parents), 1..) = (tree, parents, generation) {
                let time = i64::try_from(commit.committer_timestamp()).unwrap_or(i64::MAX);
                return Ok(Node { tree, parents, time, newest: i64::MAX, rank: Rank { generation, time } });
            }
        }
        let commit = self.commit(oid)?;
        Ok(Node {
            tree: commit.tree,
            parents: commit.parents,
            time: commit.time,
            newest: i64::MAX,
            rank: Rank { generation: OUTSIDE_GRAPH, time: commit.time },
        })
    }

    /// The commits that are reachable from `tips` and from none of `hidden`, children before parents.
    ///
    /// With a commit-graph the answer is exact. Without one it can hold a commit too many where committer dates run
    /// backwards by days over many commits, as in git, which the rule `commit-date` keeps off protected branches; never
    /// one too few, whatever dates the adversary writes.
    ///
    /// # Errors
    /// A commit cannot be read, or time runs out.
    pub fn range(&self, tips: &[Oid], hidden: &[Oid]) -> Result<Vec<Oid>> {
        let mut walk = Range { repo: self, seen: HashMap::new(), queue: BinaryHeap::new(), shown: 0 };
        for tip in hidden {
            walk.reach(*tip, true)?;
        }
        for tip in tips {
            walk.reach(*tip, false)?;
        }
        walk.run()
    }

    /// Whether `ancestor` is `descendant` or one of its ancestors.
    ///
    /// # Errors
    /// A commit cannot be read.
    pub fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Result<bool> {
        Ok(ancestor == descendant || self.merge_bases(ancestor, descendant)?.contains(&ancestor))
    }

    /// The best common ancestors of two commits: none for unrelated histories, several after a criss-cross.
    ///
    /// # Errors
    /// A commit cannot be read.
    pub fn merge_bases(&self, a: Oid, b: Oid) -> Result<Vec<Oid>> {
        // One contains the other: the common case, and our own walk has read these commits already.
        for (inner, outer) in [(a, b), (b, a)] {
            if self.range(&[inner], &[outer])?.is_empty() {
                return Ok(vec![inner]);
            }
        }
        let mut graph = gix::revwalk::Graph::new(&self.gix.objects, self.commit_graph());
        let bases = gix::revision::plumbing::merge_base(to_gix(a), &[to_gix(b)], &mut graph).map_err(|error| {
            Error::undecided(format!("the merge base of {a} and {b} cannot be found: {}", one_line(&error)))
                .help(self.missing_help())
        })?;
        let mut bases = bases.iter().flatten().map(|id| from_gix(id)).collect::<Result<Vec<_>>>()?;
        bases.sort();
        if bases.len() > 1 {
            // Where dates run backwards gix leaves bases in that another one contains.
            let all = bases.clone();
            let mut best = Vec::new();
            for base in bases {
                let others: Vec<Oid> = all.iter().copied().filter(|other| *other != base).collect();
                if !self.range(&[base], &others)?.is_empty() {
                    best.push(base);
                }
            }
            return Ok(best);
        }
        Ok(bases)
    }

    /// The first commit of `tip`'s first-parent chain that is not in `inside`; `None` when the chain ends before.
    ///
    /// # Errors
    /// A commit cannot be read.
    pub fn first_parent_outside(&self, tip: Oid, inside: &HashSet<Oid>) -> Result<Option<Oid>> {
        let mut at = tip;
        while inside.contains(&at) {
            match self.node(at)?.parents.first() {
                Some(parent) => at = *parent,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

struct Range<'r> {
    repo: &'r Repo,
    seen: HashMap<Oid, Seen>,
    queue: BinaryHeap<(Rank, Oid)>,
    /// Queue entries that are not hidden.
    shown: usize,
}

impl Range<'_> {
    fn run(mut self) -> Result<Vec<Oid>> {
        let mut found = Vec::new();
        let mut lowest: Option<Rank> = None;
        let mut slop = SLOP;
        while let Some((rank, oid)) = self.queue.pop() {
            if self.shown == 0 && !worth_going_on(rank, lowest, &mut slop) {
                break;
            }
            let hidden = self.popped(oid);
            if !hidden {
                found.push(oid);
                lowest = Some(lowest.map_or(rank, |lowest| lowest.min(rank)));
                slop = SLOP;
            }
            for parent in &self.repo.node(oid)?.parents {
                self.reach(*parent, hidden)?;
            }
        }
        found.retain(|oid| self.seen.get(oid).is_some_and(|seen| !seen.hidden));
        Ok(found)
    }

    /// Notes that a commit is reachable, from a hidden tip or not. Only news is queued: at most twice a commit.
    fn reach(&mut self, oid: Oid, hidden: bool) -> Result<()> {
        let known = self.seen.contains_key(&oid);
        let seen = self.seen.entry(oid).or_default();
        if known && (seen.hidden || !hidden) {
            return Ok(());
        }
        if hidden {
            // What still waits in the queue as shown is hidden from now on.
            self.shown -= seen.queued as usize;
        } else {
            self.shown += 1;
        }
        seen.hidden = hidden;
        seen.queued += 1;
        let rank = self.repo.node(oid)?.rank;
        self.queue.push((rank, oid));
        Ok(())
    }

    /// Books one entry of the queue out and says whether its commit is hidden by now.
    fn popped(&mut self, oid: Oid) -> bool {
        let Some(seen) = self.seen.get_mut(&oid) else { return false };
        seen.queued -= 1;
        if !seen.hidden {
            self.shown -= 1;
        }
        seen.hidden
    }
}

/// Only hidden commits are left: can one of them still reach a commit that was found?
fn worth_going_on(rank: Rank, lowest: Option<Rank>, slop: &mut usize) -> bool {
    let Some(lowest) = lowest else { return false };
    let below = rank.generation == BELOW && lowest.generation == BELOW;
    if rank.generation != OUTSIDE_GRAPH && !below {
        // Exact: a commit of a lower generation reaches only lower ones.
        return lowest.generation != OUTSIDE_GRAPH && rank.generation > lowest.generation;
    }
    if (lowest.generation != OUTSIDE_GRAPH && !below) || rank.time > lowest.time.saturating_sub(CLOCK_SKEW) {
        return true;
    }
    *slop = slop.saturating_sub(1);
    *slop > 0
}
