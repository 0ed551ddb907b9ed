//! The ways into a protected branch, and which of them a change that is not there yet aims at.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::super::content::remerge;
use super::super::task::At;
use super::super::{ChangeSet, Need, Target, Task, Way, WayKind};
use super::Loader;
use crate::error::Result;
use crate::oid::Oid;
use crate::policy::Class;
use crate::refs::RefUpdate;

impl Loader<'_> {
    /// The protected branch that a new commit on another branch aims at: the trusted one where the commit's history
    /// began there, else the first by name that holds the commit where it began, else the trusted one all the same. Of a
    /// chain only those branches count that take tasks, as far as it is for one of these that the commit is made.
    pub(super) fn aim(&self, new: Oid, class: Class) -> Result<Option<&Target>> {
        let for_all = !matches!(class, Class::Task | Class::Branch);
        let takes = |target: &&Target| for_all || !self.policy.takes_steps(target.name.as_bstr());
        let trunk = self.protected.iter().find(|target| target.name == self.policy.trunk);
        let open: Vec<&Target> = trunk.into_iter().chain(&self.protected).filter(takes).collect();
        let first = open.first().copied().or(trunk);
        if self.protected.len() < 2 || open.is_empty() {
            return Ok(trunk);
        }
        let inside: HashSet<Oid> = self.repo.range(&[new], &self.protected_tips())?.into_iter().collect();
        let Some(began) = self.repo.first_parent_outside(new, &inside)? else { return Ok(first) };
        for target in open {
            if self.is_contained(began, std::iter::once(target))? {
                return Ok(Some(target));
            }
        }
        Ok(first)
    }

    /// The branches that the server holds and that explain the new tip: it is theirs, or the merge of theirs.
    pub(super) fn ways(&self, update: &RefUpdate, target: &Target, new: Oid) -> Result<Vec<Way>> {
        let mut ways = self.sources(update, new);
        if let [ours, theirs] = self.repo.node(new)?.parents.as_slice() {
            let sources = self.sources(update, *theirs);
            if *ours == target.tip && !sources.is_empty() {
                let merge = remerge(self.repo, new, *ours, *theirs)?;
                ways.extend(sources.into_iter().map(|way| Way { merge: Some(merge.clone()), ..way }));
            }
        }
        // What a chain takes is judged as its step alone, whatever else anybody puts at the same tip.
        match self.steps(update, &ways) {
            steps if steps.is_empty() => self.plausible(ways),
            steps => Ok(steps),
        }
    }

    /// How a protected branch of a chain may be created: at the tip of a branch that it takes from.
    pub(super) fn beginnings(&self, update: &RefUpdate, new: Oid) -> Vec<Way> {
        self.steps(update, &self.sources(update, new))
    }

    /// Whether another protected branch vouches for all of a commit at which this one would begin. What goes on along a
    /// chain without being judged again must have been judged whole: then it stands at a tip.
    pub(super) fn may_begin(&self, update: &RefUpdate, new: Oid) -> Result<bool> {
        let name = update.name.as_bstr();
        let others = || self.protected.iter().filter(|other| other.name != name);
        if self.policy.takes_steps(name) {
            return Ok(!self.beginnings(update, new).is_empty());
        }
        if self.policy.is_source(name) {
            return Ok(others().any(|other| other.tip == new));
        }
        self.is_contained(new, others())
    }

    /// The steps of a chain among the ways. Those that need the same checks are one: any number of branches may stand
    /// at a tip.
    fn steps(&self, update: &RefUpdate, ways: &[Way]) -> Vec<Way> {
        let mut seen = BTreeSet::new();
        let new = |way: &&Way| {
            let from = way.step_from();
            from.is_some() && seen.insert((self.policy.checks_into(update.name.as_bstr(), from), way.merge.is_some()))
        };
        ways.iter().filter(new).cloned().collect()
    }

    /// Anybody can put any number of branches at a tip. Of the tasks among them only those count that have a trace in
    /// it; where none has, one is enough to say so.
    fn plausible(&self, ways: Vec<Way>) -> Result<Vec<Way>> {
        let mut kept = Vec::new();
        let mut bare = None;
        let mut plain = BTreeMap::new();
        for way in ways {
            let Some(task) = &way.task else {
                // A hotfix of documentation alone is documentation, which anybody may bring.
                if way.kind == WayKind::Hotfix {
                    plain.entry(WayKind::Branch).or_insert(Way { kind: WayKind::Branch, ..way.clone() });
                }
                plain.entry(way.kind).or_insert(way);
                continue;
            };
            let folder: BString = bstr::concat([self.policy.trace.as_bytes(), b"/", task.as_slice()]).into();
            match self.repo.find(self.repo.node(way.tip)?.tree, folder.as_bstr())? {
                Some(_) => kept.push(way),
                None => bare = bare.or(Some(way)),
            }
        }
        if kept.is_empty() {
            kept.extend(bare);
        }
        kept.extend(plain.into_values());
        Ok(kept)
    }

    pub(super) fn sources(&self, update: &RefUpdate, tip: Oid) -> Vec<Way> {
        let branches = self.push.refs.iter().filter(|(name, _)| name.starts_with(b"refs/heads/"));
        branches
            .filter(|(name, value)| **value == tip && **name != update.name)
            .map(|(name, _)| {
                let task = self.policy.task_of(name.as_bstr()).map(ToOwned::to_owned);
                let kind = match &task {
                    Some(_) => WayKind::Task,
                    None if self.policy.is_step(name.as_bstr(), update.name.as_bstr()) => WayKind::Step,
                    None if self.policy.classify(name.as_bstr()) == Class::Emergency => WayKind::Hotfix,
                    None => WayKind::Branch,
                };
                Way { kind, source: name.clone(), task, tip, merge: None }
            })
            .collect()
    }

    pub(super) fn by_way(
        &self,
        mut set: ChangeSet,
        way: Way,
        target: &Target,
        needs: &BTreeSet<Need>,
    ) -> Result<ChangeSet> {
        let (base, commits) = self.base(way.tip, Some(target))?;
        set.base = base;
        if let (Some(name), true) = (&way.task, needs.contains(&Need::Task)) {
            let at = At { name: name.as_bstr(), tip: way.tip, target: Some(target), commits: &commits, old_tip: None };
            set.task = Some(Rc::new(Task::load(self.repo, self.policy, &at)?));
            set.finished = self.finished(name.as_bstr(), target, &set.content)?;
        }
        set.way = Some(way);
        Ok(set)
    }
}
