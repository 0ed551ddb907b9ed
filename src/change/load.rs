//! From ref updates to change sets. What a range, a base and a way into a protected branch are is decided here, once,
//! from the server's old refs and from objects; the push's own claims are only compared.

mod ways;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

use super::dates::behind;
use super::retained::bearing_on;
use super::signed::Signatures;
use super::task::{At, file, frozen, is_finished};
use super::{ChangeSet, Companions, Content, File, Need, Push, Relation, Retained, Rollback, Target, Task, Way};
use crate::entry::Mode;
use crate::error::Result;
use crate::git::{ObjectKind, Repo};
use crate::oid::Oid;
use crate::policy::load::{MAX_POLICY, REVOKED, SIGNERS};
use crate::policy::signatures::Signatures as Asked;
use crate::policy::{Class, POLICY_FILE, POLICY_FOLDER, Policy};
use crate::refs::{Action, RefUpdate};
use crate::statement::place::Place;

/// Loads the facts that rules need: for each update, in order, every way to look at it, or why it cannot be judged.
/// `needs` says which facts the rules for a class of refs read. What one update takes in memory can be given back before
/// the next is looked at: a push has any number of them.
///
/// # Errors
/// The protected branches themselves cannot be read: then nothing can be judged.
pub fn load<'a>(
    repo: &'a Repo,
    policy: &'a Policy,
    push: &'a Push,
    needs: &'a dyn Fn(Class) -> BTreeSet<Need>,
    now: jiff::Timestamp,
) -> Result<impl Iterator<Item = Result<Vec<ChangeSet>>> + 'a> {
    let mut protected = Vec::new();
    for (name, value) in push.refs.iter().filter(|(name, _)| policy.is_protected(name.as_bstr())) {
        if let (ObjectKind::Commit, tip) = repo.peel(*value)? {
            protected.push(Target { name: name.clone(), tip });
        }
    }
    let loader = Loader { repo, policy, push, protected, now, known: OnceCell::new() };
    Ok(push.updates.iter().map(move |update| loader.update(update, needs)))
}

struct Loader<'a> {
    repo: &'a Repo,
    policy: &'a Policy,
    push: &'a Push,
    /// Every protected branch with its old tip.
    protected: Vec<Target>,
    now: jiff::Timestamp,
    /// What every override of the push is held against, once that was asked for.
    known: OnceCell<Rc<Companions>>,
}

/// Clocks of honest people differ by a day at the most; in seconds.
const CLOCK_SKEW: i64 = 24 * 60 * 60;

impl Loader<'_> {
    fn update(&self, update: &RefUpdate, needs: &dyn Fn(Class) -> BTreeSet<Need>) -> Result<Vec<ChangeSet>> {
        let mut set = self.frame(update)?;
        let stale = set.held.unwrap_or_else(|| Oid::zero(update.old.format())) != update.old;
        let Some((ObjectKind::Commit, new)) = set.object else { return Ok(vec![set]) };
        if stale || update.action() == Action::Keep {
            return Ok(vec![set]);
        }
        let needs = needs(set.class);
        match set.class {
            Class::Refgate => Ok(vec![self.document(set)?]),
            Class::Notes | Class::Unknown => Ok(vec![set]),
            Class::Tag => {
                set.contained = self.is_contained(new, self.protected.iter())?;
                if !set.contained {
                    return Ok(vec![self.unprotected(set, new, &needs)?]);
                }
                self.signatures(&mut set, &[], &needs)?;
                Ok(vec![set])
            }
            Class::Protected => {
                set.relation = self.relation(update, new)?;
                self.protected(set, new, &needs)
            }
            Class::Task | Class::Emergency | Class::Branch => {
                set.relation = self.relation(update, new)?;
                Ok(vec![self.unprotected(set, new, &needs)?])
            }
        }
    }

    /// What is known of every update, whatever becomes of it.
    fn frame(&self, update: &RefUpdate) -> Result<ChangeSet> {
        let class = self.policy.classify(update.name.as_bstr());
        let (mut object, mut annotated) = (None, false);
        if !update.new.is_zero() {
            annotated = self.repo.kind(update.new)? == ObjectKind::Tag;
            object = Some(self.repo.peel(update.new)?);
        }
        let target = match (class, object) {
            (Class::Protected, _) => self.protected.iter().find(|target| target.name == update.name),
            (_, Some((ObjectKind::Commit, new))) if class.is_branch() || class == Class::Tag => self.aim(new, class)?,
            _ => None,
        };
        Ok(ChangeSet {
            update: update.clone(),
            class,
            held: self.push.refs.get(&update.name).copied(),
            object,
            annotated,
            relation: Relation::None,
            contained: false,
            bootstrap: false,
            new_rules: Rc::default(),
            target: target.cloned(),
            way: None,
            rollback: None,
            base: None,
            content: Rc::default(),
            task: None,
            finished: None,
            frozen: Rc::default(),
            statement: None,
            companions: Rc::default(),
            tree: None,
            documents: Rc::default(),
            signatures: Rc::default(),
            drift: None,
            cites: Rc::default(),
        })
    }

    /// One of refgate's own refs: what stands behind it, and for an override what it is held against.
    fn document(&self, mut set: ChangeSet) -> Result<ChangeSet> {
        if set.update.action() != Action::Create {
            return Ok(set);
        }
        let name = set.update.name.as_bstr();
        if let Some(place) = Place::parse(name) {
            set.statement = Some(Rc::new(Retained::load(self.repo, self.policy, name, set.update.new)?));
            if matches!(place, Place::Override { .. }) {
                set.companions = match self.known.get() {
                    Some(known) => known.clone(),
                    None => {
                        let found = Rc::new(self.companions()?);
                        self.known.get_or_init(|| found).clone()
                    }
                };
            }
        }
        Ok(set)
    }

    fn companions(&self) -> Result<Companions> {
        let mut companions = Companions::default();
        let (mut commits, mut tags) = (Vec::new(), Vec::new());
        for update in self.push.updates.iter().filter(|update| !update.new.is_zero()) {
            let name = update.name.as_bstr();
            let class = self.policy.classify(name);
            if class == Class::Refgate {
                continue;
            }
            let (ObjectKind::Commit, new) = self.repo.peel(update.new)? else { continue };
            let node = self.repo.node(new)?;
            // What stands on another protected branch already is part of the change all the same.
            let hidden = match self.push.refs.get(&update.name).copied() {
                Some(held) => vec![self.repo.peel(held)?.1],
                None => self.protected_tips(),
            };
            commits.extend(self.repo.range(&[new], &hidden)?);
            if self.repo.kind(update.new)? == ObjectKind::Tag {
                tags.push(update.new);
            }
            companions.trees.insert(update.name.clone(), node.tree);
            let mut tasks = BTreeSet::from_iter(self.policy.task_of(name).map(ToOwned::to_owned));
            if class == Class::Protected {
                let merged = node.parents.get(1).copied();
                let sources = [Some(new), merged].into_iter().flatten().flat_map(|tip| self.sources(update, tip));
                tasks.extend(sources.filter_map(|way| way.task));
            }
            companions.tasks.insert(update.name.clone(), tasks);
        }
        companions.signed_by = Signatures::load(self.repo, self.policy, &commits, None, self.now)?.keys;
        for tag in tags {
            companions.signed_by.extend(Signatures::load(self.repo, self.policy, &[], Some(tag), self.now)?.keys);
        }
        Ok(companions)
    }

    fn relation(&self, update: &RefUpdate, new: Oid) -> Result<Relation> {
        if update.old.is_zero() {
            return Ok(Relation::None);
        }
        let (ObjectKind::Commit, old) = self.repo.peel(update.old)? else { return Ok(Relation::Diverged) };
        Ok(if self.repo.is_ancestor(old, new)? { Relation::FastForward } else { Relation::Diverged })
    }

    fn is_contained<'t>(&self, commit: Oid, tips: impl Iterator<Item = &'t Target>) -> Result<bool> {
        let tips: Vec<Oid> = tips.map(|target| target.tip).collect();
        Ok(!tips.is_empty() && (tips.contains(&commit) || self.repo.range(&[commit], &tips)?.is_empty()))
    }

    /// A protected branch: created where another one already is, or moved by one of the ways in. Whatever else happens to
    /// it is refused, and still looked at whole: a policy may only report that it was refused.
    fn protected(&self, mut set: ChangeSet, new: Oid, needs: &BTreeSet<Need>) -> Result<Vec<ChangeSet>> {
        let name = set.update.name.clone();
        set.bootstrap = self.push.bootstrap && self.push.refs.is_empty() && name == self.policy.trunk;
        if let (Some(target), Relation::FastForward) = (&set.target, set.relation) {
            set.rollback = Rollback::load(self.repo, self.policy, target, new)?.map(Rc::new);
        }
        let ways = match (&set.target, set.relation) {
            // What says that it is a rollback is judged as one, whatever else anybody puts at its tip.
            (Some(target), _) if set.rollback.is_some() => vec![Way::back(target, new)],
            (Some(target), Relation::FastForward) => self.ways(&set.update, target, new)?,
            (Some(_), _) => Vec::new(),
            (None, _) => {
                set.contained = self.may_begin(&set.update, new)?;
                self.beginnings(&set.update, new)
            }
        };
        let was_judged = !ways.is_empty() && ways.iter().all(|way| way.kind.was_judged());
        // The history that a team begins with is not gone through commit by commit: it may be very long, and nothing
        // before the gate was held to its rules.
        let commits = match set.contained || set.bootstrap {
            true => Vec::new(),
            false => self.repo.range(&[new], &self.protected_tips())?,
        };
        self.signatures(&mut set, &commits, needs)?;
        let mut content = Content::default();
        if needs.contains(&Need::Content) && !set.contained {
            let old = match (&set.target, self.aim(new, Class::Protected)?) {
                (Some(target), _) => Some(self.repo.node(target.tip)?.tree),
                (None, Some(other)) => self.repo.common_tree(other.tip, new)?,
                (None, None) => None,
            };
            content.add_net(self.repo, old, self.repo.node(new)?.tree)?;
            if !was_judged {
                self.drift(&mut set, old, new, needs)?;
            }
            if !set.bootstrap {
                self.add_commits(&mut content, &commits)?;
            }
        }
        self.finish_content(&mut set, content, new, needs)?;
        if name == self.policy.trunk {
            set.new_rules = Rc::new(self.new_rules(&set, new)?);
        }
        let Some(target) = set.target.clone() else { return self.created(set, ways, new, needs) };
        if ways.is_empty() {
            set.base = self.base(new, Some(&target))?.0;
            return Ok(vec![self.with_documents(set, new, needs)?]);
        }
        let by_way = |way| self.with_documents(self.by_way(set.clone(), way, &target, needs)?, new, needs);
        ways.into_iter().map(by_way).collect()
    }

    /// A protected branch that is not there yet. One of a chain needs what every step to it needs.
    fn created(&self, set: ChangeSet, ways: Vec<Way>, new: Oid, needs: &BTreeSet<Need>) -> Result<Vec<ChangeSet>> {
        if ways.is_empty() {
            return Ok(vec![set]);
        }
        let by_way =
            |way| self.with_documents(ChangeSet { way: Some(way), base: Some(new), ..set.clone() }, new, needs);
        ways.into_iter().map(by_way).collect()
    }

    /// The files that would say from then on what is allowed and whose keys are whose: those that the change touches,
    /// and in a first push those that are there.
    fn new_rules(&self, set: &ChangeSet, new: Oid) -> Result<BTreeMap<BString, File>> {
        let root = self.repo.node(new)?.tree;
        let mut rules = BTreeMap::new();
        for path in [POLICY_FILE.to_owned(), format!("{POLICY_FOLDER}/{SIGNERS}"), format!("{POLICY_FOLDER}/{REVOKED}")]
        {
            let path = BString::from(path);
            if (set.bootstrap || set.content.touched.contains_key(&path))
                && let Some(entry) = self.repo.find(root, path.as_bstr())?
            {
                let plain = entry.mode == Mode::File;
                let limit = self.policy.limits.blob_bytes.min(MAX_POLICY);
                rules.insert(path, if plain { file(self.repo, entry, limit)? } else { File::NotAFile(entry.mode) });
            }
        }
        Ok(rules)
    }

    fn with_documents(&self, mut set: ChangeSet, new: Oid, needs: &BTreeSet<Need>) -> Result<ChangeSet> {
        if let (Some(survey), Some(task)) = (&set.drift, &set.task) {
            set.cites = Rc::new(super::drift::cited(self.repo, self.policy, survey, task)?);
        }
        if needs.contains(&Need::Documents) {
            set.tree = match &set.rollback {
                None => Some(self.repo.node(new)?.tree),
                // What comes back had its results when it was promoted. Only on a branch of a chain must that be shown: such
                // a branch has the commits of the branches before it, and nothing else tells at which of these it stood.
                Some(rollback) if self.policy.takes_steps(set.update.name.as_bstr()) => {
                    rollback.claim.as_ref().and_then(|claim| claim.tree)
                }
                Some(_) => None,
            };
            let tree = set.tree.filter(|_| set.class == Class::Protected);
            let checks = self.policy.checks_into(set.update.name.as_bstr(), set.way.as_ref().and_then(Way::step_from));
            let checks = tree.map(|tree| (tree, checks));
            let (content, task) = (&set.content, set.task.as_deref());
            set.documents = Rc::new(bearing_on(self.repo, self.policy, self.push, content, checks, task)?);
        }
        Ok(set)
    }

    /// Any other branch. What the branch itself already held is not judged again, except on a task branch: there the
    /// whole task is one change from its base.
    fn unprotected(&self, mut set: ChangeSet, new: Oid, needs: &BTreeSet<Need>) -> Result<ChangeSet> {
        let went_on_from = set.held.filter(|_| set.relation == Relation::FastForward && set.class != Class::Task);
        let mut hidden = self.protected_tips();
        hidden.extend(went_on_from);
        let commits = self.repo.range(&[new], &hidden)?;
        self.signatures(&mut set, &commits, needs)?;
        let mut content = Content::default();
        if needs.contains(&Need::Content) {
            if went_on_from.is_none() {
                let common = set.target.as_ref().map(|target| self.repo.common_tree(target.tip, new));
                content.add_net(self.repo, common.transpose()?.flatten(), self.repo.node(new)?.tree)?;
            }
            self.add_commits(&mut content, &commits)?;
        }
        self.finish_content(&mut set, content, new, needs)?;
        if self.policy.drift.is_some()
            && set.class.is_branch()
            && let Some(target) = &set.target
        {
            let common = self.repo.common_tree(target.tip, new)?;
            self.drift(&mut set, common, new, needs)?;
        }
        let (base, commits) = self.base(new, set.target.as_ref())?;
        set.base = base;
        let name = set.update.name.clone();
        let task = self.policy.task_of(name.as_bstr()).filter(|_| set.class == Class::Task);
        if let (Some(name), true) = (task, needs.contains(&Need::Task)) {
            let at = At { name, tip: new, target: set.target.as_ref(), commits: &commits, old_tip: set.held };
            set.task = Some(Rc::new(Task::load(self.repo, self.policy, &at)?));
            if let Some(target) = &set.target {
                set.finished = self.finished(name, target, &set.content)?;
            }
        }
        self.with_documents(set, new, needs)
    }

    /// The protected branch where the task is finished already: the one that it aims at, or any, where the change is
    /// more than bringing along what stands there.
    fn finished(&self, task: &BStr, target: &Target, content: &Content) -> Result<Option<BString>> {
        let is_new = content.touched.values().any(|touch| touch.commit.is_some());
        let others = self.protected.iter().filter(|other| is_new && other.name != target.name);
        for branch in std::iter::once(target).chain(others) {
            if is_finished(self.repo, self.policy, task, branch.tip)? {
                return Ok(Some(branch.name.clone()));
            }
        }
        Ok(None)
    }

    /// Who signed the new commits and the tag, where the policy asks for that on the ref.
    fn signatures(&self, set: &mut ChangeSet, commits: &[Oid], needs: &BTreeSet<Need>) -> Result<()> {
        if !needs.contains(&Need::Signatures) {
            return Ok(());
        }
        let asks = |what: fn(&Asked) -> bool| self.policy.signatures_on(set.update.name.as_bstr()).any(what);
        let tag = set.annotated && asks(|on| on.tags);
        let commits = match (set.class, set.held, set.object) {
            _ if !asks(|on| on.commits) => Vec::new(),
            (Class::Protected, Some(held), Some((ObjectKind::Commit, new))) => {
                // Another protected branch vouches for its commits only where the same was asked of them there.
                let asked = |target: &&Target| {
                    self.policy.signatures_on(target.name.as_bstr()).any(|on| on.commits)
                        && target.name != set.update.name
                };
                let mut hidden = vec![self.repo.peel(held)?.1];
                hidden.extend(self.protected.iter().filter(asked).map(|target| target.tip));
                self.repo.range(&[new], &hidden)?
            }
            _ => commits.to_vec(),
        };
        // What Git is about to make nobody can have signed yet.
        let made: Vec<Oid> = commits.into_iter().filter(|commit| self.push.draft != Some(*commit)).collect();
        let tag = Some(set.update.new).filter(|_| tag);
        set.signatures = Rc::new(Signatures::load(self.repo, self.policy, &made, tag, self.now)?);
        Ok(())
    }

    /// What the change does to code and contract, from the tree that it has in common with its target.
    fn drift(&self, set: &mut ChangeSet, old: Option<Oid>, new: Oid, needs: &BTreeSet<Need>) -> Result<()> {
        if needs.contains(&Need::Drift) {
            let survey = super::drift::between(self.repo, self.policy, old, self.repo.node(new)?.tree, None)?;
            set.drift = survey.map(Rc::new);
        }
        Ok(())
    }

    fn add_commits(&self, content: &mut Content, commits: &[Oid]) -> Result<()> {
        let latest = self.now.as_second().saturating_add(CLOCK_SKEW);
        content.behind = behind(self.repo, commits, latest)?;
        content.add_commits(self.repo, commits)
    }

    fn finish_content(
        &self,
        set: &mut ChangeSet,
        mut content: Content,
        new: Oid,
        needs: &BTreeSet<Need>,
    ) -> Result<()> {
        if needs.contains(&Need::Collisions) {
            content.find_collisions(self.repo, self.repo.node(new)?.tree)?;
        }
        if needs.contains(&Need::Frozen) {
            set.frozen = Rc::new(frozen(self.repo, self.policy, &content, &self.protected_tips())?);
        }
        set.content = Rc::new(content);
        Ok(())
    }

    /// The base of a change that ends in `tip`: the first commit on its first-parent chain that the target contains.
    /// With it the commits of the change, newest first, the base last.
    fn base(&self, tip: Oid, target: Option<&Target>) -> Result<(Option<Oid>, Vec<Oid>)> {
        let mut commits = self.repo.range(&[tip], target.map(|target| target.tip).as_slice())?;
        let inside: HashSet<Oid> = commits.iter().copied().collect();
        let base = self.repo.first_parent_outside(tip, &inside)?;
        commits.extend(base);
        Ok((base, commits))
    }

    fn protected_tips(&self) -> Vec<Oid> {
        self.protected.iter().map(|target| target.tip).collect()
    }
}
