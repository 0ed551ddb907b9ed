//! What a promotion would push, and what it lacks: the same judge, with the same update, as the server will ask. Must not
//! know how it is told.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use crate::change::{ChangeSet, Need, Push, Target, load, owned_changes};
use crate::cli::promote::Promote;
use crate::cmd::check::with_overrides;
use crate::cmd::client::branch;
use crate::cmd::person::setting;
use crate::cmd::task::survey::{Item, Step, behind, findings, item, not_pushed, since};
use crate::cmd::task::{Work, follow_up};
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::{Finding, Severity};
use crate::git::{Signing, commit, remote};
use crate::oid::Oid;
use crate::refs::{RefMap, RefUpdate};
use crate::report::human::shell_word;
use crate::statement::place::Place;
use crate::statement::policy_change;

/// What is to become of a task, or of a branch of a chain.
#[derive(Debug)]
pub(super) struct Plan {
    /// The protected branch as it stands.
    pub(super) target: Target,
    /// Its tip; `None` where there is no branch.
    pub(super) tip: Option<Oid>,
    /// The target holds the task already, and nothing is to be done.
    pub(super) promoted: bool,
    /// What would be pushed; `None` where nothing can be.
    pub(super) next: Option<Next>,
    /// What is missing, in the order of the steps.
    pub(super) items: Vec<Item>,
    /// What an override waives, and a sentence on that.
    pub(super) waived: Vec<(Item, String)>,
}

/// What would be pushed.
#[derive(Clone, Debug)]
pub(super) struct Next {
    /// The commit that the target would move to.
    pub(super) new: Oid,
    /// Its tree.
    pub(super) tree: Oid,
    /// It is a merge commit, and no fast forward.
    pub(super) merge: bool,
    /// Nobody has signed it, and nobody could have.
    draft: bool,
    /// It stands in the repository, and not in memory only.
    pub(super) made: bool,
    /// The statements that were made here and that the server does not hold.
    pub(super) statements: Vec<RefUpdate>,
}

impl Plan {
    /// Looks at a task as the server holds it. With `--ready` nobody asks what the branch of that name here holds.
    pub(super) fn make(work: &Work, args: &Promote, now: jiff::Timestamp) -> Result<Self> {
        if let Some(into) = &work.step {
            return Self::step(work, args, into, now);
        }
        let held = work.refs.get(&work.refname()).copied();
        let local = work.repo.refs()?.get(&work.refname()).copied().filter(|_| !args.ready);
        let Some(tip) = held.or(local) else {
            let what = format!("there is no branch {}", work.shell_branch());
            let item = Item::new(Step::Start, what, format!("refgate task start {}", work.name));
            let target = target(work, args, None)?;
            return Ok(Self { items: vec![item], ..Self::new(target, None) });
        };
        let set = work.facts(tip, now)?;
        let target = target(work, args, set.target.as_ref())?;
        let aimed = set.target.as_ref().is_some_and(|aim| aim.name == target.name);
        let mut plan = Self::new(target, Some(tip));
        plan.promoted = match aimed {
            true => set.content.touched.is_empty() && set.finished.is_some(),
            // Of many tasks those that aim elsewhere are none of this branch's business.
            false => args.ready || (set.base != Some(tip) && work.repo.is_ancestor(tip, plan.target.tip)?),
        };
        if plan.promoted {
            let since = local.map(|local| since(work, &plan.target, local)).transpose()?;
            plan.items.extend(since.flatten());
            return Ok(plan);
        }
        plan.items.extend(follow_up::items(work, Some(tip))?);
        if let Some(local) = local.filter(|local| held != Some(*local) && set.finished.is_none()) {
            let unpushed = not_pushed(work, &work.facts(local, now)?, local)?;
            plan.items.extend(unpushed.filter(|item| item.step == Step::Push));
        }
        if set.base == Some(tip) {
            let what = format!("{} holds every commit of the branch already", work.tracking(&plan.target.name));
            plan.items.push(Item::new(Step::Start, what, "commit the work on the task's branch, and push it"));
        } else {
            plan.look(work, args, Some(&set), tip, now)?;
        }
        plan.items.sort_by(|a, b| (a.step, b.severity).cmp(&(b.step, a.severity)));
        Ok(plan)
    }

    /// Looks at a step of a chain, from the tip at which the server holds its source.
    fn step(work: &Work, args: &Promote, into: &BString, now: jiff::Timestamp) -> Result<Self> {
        let target = held(work, into.clone(), &work.refname())?;
        let source = held(work, work.refname(), &work.policy.trunk)?;
        let mut plan = Self::new(target, Some(source.tip));
        plan.promoted = work.repo.is_ancestor(source.tip, plan.target.tip)?;
        if !plan.promoted {
            plan.look(work, args, None, source.tip, now)?;
            plan.items.sort_by(|a, b| (a.step, b.severity).cmp(&(b.step, a.severity)));
        }
        Ok(plan)
    }

    fn new(target: Target, tip: Option<Oid>) -> Self {
        Self { target, tip, promoted: false, next: None, items: Vec::new(), waived: Vec::new() }
    }

    /// Whether something keeps the task from being promoted.
    pub(super) fn lacks_anything(&self) -> bool {
        self.missing().next().is_some()
    }

    /// What keeps it from that.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.severity == Severity::Enforce)
    }

    /// Finds out what would be pushed, and what the gate says of it. `set` is what a task changes; of a step that is what
    /// the push does.
    fn look(
        &mut self,
        work: &Work,
        args: &Promote,
        set: Option<&ChangeSet>,
        tip: Oid,
        now: jiff::Timestamp,
    ) -> Result<()> {
        let forward = work.repo.is_ancestor(self.target.tip, tip)?;
        if args.ff && !forward {
            self.items.extend(behind(work, tip, &self.target)?);
        }
        // Where the task has taken the target up by a merge, a fast forward would lead the first-parent chain along the
        // task, and off the commits at which the target stood.
        let plain = !args.merge && forward && (args.ff || straight(work, self.target.tip, tip)?);
        let mut next = match plain {
            true => Next::forward(tip, work.repo.commit(tip)?.tree),
            false => {
                let merged = work.repo.merge(self.target.tip, tip)?;
                self.items.extend(merged.conflicts.iter().map(|path| conflict(work, &self.target, path)));
                if !merged.conflicts.is_empty() {
                    return Ok(());
                }
                Next::merged(work, &self.target, tip, merged.tree)?
            }
        };
        let own = if set.is_none() { Some(next.facts(work, &self.target, now)?) } else { None };
        let Some(set) = set.or(own.as_ref()) else { return Ok(()) };
        next.statements = statements(work, &self.target, set, &next)?;
        // Whatever else stands at the tip must not fare better or worse in the task's place.
        let mut refs = work.refs.clone();
        refs.retain(|name, value| *value != tip || work.policy.is_protected(name.as_bstr()));
        refs.insert(work.refname(), tip);
        for found in findings(work, next.push(&self.target, refs), now)? {
            match &found.waived {
                Some(id) => self.waived.push((item(work, set, &found, &[]), waived(&found, id))),
                None => self.items.push(lacking(work, set, &found, args, &next, tip)),
            }
        }
        self.next = Some(next);
        Ok(())
    }

    /// Makes the commit that is to be pushed, where it is none yet; in a dry run nobody signs it.
    pub(super) fn commit(&mut self, work: &Work, args: &Promote) -> Result<()> {
        let draft = self.next.as_mut().filter(|next| !next.made && !args.ff);
        let (Some(next), Some(tip)) = (draft, self.tip) else { return Ok(()) };
        work.repo.keep(next.tree)?;
        let asked = work.policy.signatures_on(self.target.name.as_bstr()).any(|on| on.commits);
        let usual = setting(&work.repo, "commit.gpgSign", "bool")?.is_some_and(|value| value == "true");
        let short = self.target.name.strip_prefix(b"refs/heads/").unwrap_or(&self.target.name);
        let message = format!("Merge {} into {}\n", work.branch, escape::escape(short));
        let signing = match (args.dry_run, asked, usual) {
            (true, _, _) | (false, false, false) => Signing::Never,
            (false, true, _) => Signing::Ssh(None),
            (false, false, true) => Signing::AsConfigured,
        };
        next.new = commit(&args.seen.repo, next.tree, &[self.target.tip, tip], &message, signing)?;
        (next.draft, next.made) = (args.dry_run, true);
        Ok(())
    }

    /// Judges the very push that is about to be made.
    pub(super) fn judge(&mut self, work: &Work, now: jiff::Timestamp) -> Result<()> {
        let (Some(next), Some(tip)) = (&self.next, self.tip) else { return Ok(()) };
        let set = match work.step {
            Some(_) => next.facts(work, &self.target, now)?,
            None => work.facts(tip, now)?,
        };
        let found = findings(work, next.push(&self.target, work.refs.clone()), now)?;
        let known = |item: &Item| self.items.contains(item);
        let items = found.iter().filter(|found| found.refuses()).map(|found| item(work, &set, found, &[]));
        let new: Vec<Item> = items.filter(|item| !known(item)).collect();
        self.items.extend(new);
        Ok(())
    }
}

impl Next {
    fn forward(tip: Oid, tree: Oid) -> Self {
        Self { new: tip, tree, merge: false, draft: false, made: true, statements: Vec::new() }
    }

    /// The merge, for which somebody may have signed an override already: then it is that very commit.
    fn merged(work: &Work, target: &Target, tip: Oid, tree: Oid) -> Result<Self> {
        let mut signed = None;
        for (_, statement) in with_overrides::all(&work.repo, &work.policy, &work.refs)? {
            let new = statement.new_oid;
            let is_about = target.name == statement.name.as_str() && statement.old_oid == target.tip && !new.is_zero();
            // What is not here cannot be pushed.
            if let (true, Ok(found)) = (is_about, work.repo.commit(new))
                && (found.tree, found.parents.as_slice()) == (tree, &[target.tip, tip])
            {
                signed = signed.or(Some(new));
            }
        }
        let new = signed.map_or_else(|| work.repo.merge_commit(target.tip, tip), Ok)?;
        let made = signed.is_some();
        Ok(Self { new, tree, merge: true, draft: !made, made, statements: Vec::new() })
    }

    /// The push, to a server that holds `refs`.
    fn push(&self, target: &Target, mut refs: RefMap) -> Push {
        for statement in &self.statements {
            refs.remove(&statement.name);
        }
        let move_on = RefUpdate { name: target.name.clone(), old: target.tip, new: self.new };
        let updates = std::iter::once(move_on).chain(self.statements.iter().cloned()).collect();
        let push = Push::new(refs, updates, false).preview();
        if self.draft { push.drafting(self.new) } else { push }
    }

    /// What the push changes.
    fn facts(&self, work: &Work, target: &Target, now: jiff::Timestamp) -> Result<ChangeSet> {
        let needs = |_| BTreeSet::from([Need::Content]);
        let push = self.push(target, work.refs.clone());
        let mut loaded = load(&work.repo, &work.policy, &push, &needs, now)?;
        let sets = loaded.next().transpose()?.unwrap_or_default();
        sets.into_iter().next().ok_or_else(|| Error::undecided("there is nothing to judge"))
    }

    /// What git push is told.
    pub(super) fn refspecs(&self, target: &Target) -> Vec<BString> {
        let spec = |new: Oid, name: &BString| bstr::concat([new.to_string().as_bytes(), b":", name]).into();
        let statements = self.statements.iter().map(|statement| spec(statement.new, &statement.name));
        std::iter::once(spec(self.new, &target.name)).chain(statements).collect()
    }
}

/// Whether the first-parent chain of a commit leads back to another one.
fn straight(work: &Work, from: Oid, tip: Oid) -> Result<bool> {
    let inside = work.repo.range(&[tip], &[from])?.into_iter().collect();
    Ok(work.repo.first_parent_outside(tip, &inside)? == Some(from))
}

/// The protected branch that is meant: the one that is named, the one that the task aims at, or the trusted one.
fn target(work: &Work, args: &Promote, aim: Option<&Target>) -> Result<Target> {
    let name = match (&args.into, aim) {
        (Some(name), _) => branch(name),
        (None, Some(aim)) => aim.name.clone(),
        (None, None) => work.policy.trunk.clone(),
    };
    let shown = escape::quote_path(&name);
    if !work.policy.is_protected(name.as_bstr()) {
        return Err(Error::usage(format!("{shown} is no protected branch, so nothing is promoted into it"))
            .help("--into names one that the policy protects"));
    }
    held(work, name, &work.policy.trunk)
}

/// A branch as the server holds it; `first` is the branch at whose tip it would begin.
fn held(work: &Work, name: BString, first: &BString) -> Result<Target> {
    let shown = escape::quote_path(&name);
    let Some(tip) = work.refs.get(&name) else {
        let (server, from, to) = (work.server(), work.tracking(first), shell_word(&name));
        return Err(Error::undecided(format!("{server} does not hold {shown}"))
            .help(format!("its first commit is pushed by hand: git push {server} {from}:{to}")));
    };
    Ok(Target { tip: work.repo.peel(*tip)?.1, name })
}

/// The checks that are asked for.
pub(super) fn checks<'w>(work: &'w Work, target: &Target) -> BTreeSet<&'w str> {
    let from = work.step.is_some().then(|| work.refname());
    work.policy.checks_into(target.name.as_bstr(), from.as_ref().map(|from| from.as_bstr()))
}

/// The statements here that bear on the push and that the server does not hold.
fn statements(work: &Work, target: &Target, set: &ChangeSet, next: &Next) -> Result<Vec<RefUpdate>> {
    let update = RefUpdate { name: target.name.clone(), old: target.tip, new: next.new };
    let checks = checks(work, target);
    let mut prefixes: Vec<String> = checks.into_iter().map(|check| Place::checks(next.tree, check)).collect();
    let changes = owned_changes(&work.policy, &set.content);
    if !changes.is_empty() {
        prefixes.push(Place::policy_changes(&policy_change::key(&changes)));
    }
    let here = |prefix: &String| {
        let prefix = BString::from(prefix.as_str());
        let found = work.refs.range(prefix.clone()..).take_while(move |(name, _)| name.starts_with(&prefix));
        found.map(|(name, new)| RefUpdate { name: name.clone(), old: Oid::zero(new.format()), new: *new })
    };
    let mut found: Vec<RefUpdate> = prefixes.iter().flat_map(here).collect();
    found.retain(|update| Place::parse(update.name.as_bstr()).is_some());
    found.extend(with_overrides::fitting(&work.repo, &work.policy, &work.refs, &update)?);
    let (Some(name), false) = (&work.remote, found.is_empty()) else { return Ok(Vec::new()) };
    let patterns = found.iter().map(|update| update.name.as_slice());
    let held = remote::listed(work.repo.common_dir(), name.as_bstr(), patterns)?;
    found.retain(|update| !held.contains_key(&update.name));
    Ok(found)
}

fn conflict(work: &Work, target: &Target, path: &BString) -> Item {
    let main = work.tracking(&target.name);
    let branch = work.shell_branch();
    let (mend, other) = match work.step {
        None => (
            format!(
                "git switch {branch} && git merge {main}, resolve and commit, refgate task finish, commit that, and push {branch}"
            ),
            "the task".to_owned(),
        ),
        Some(_) => {
            let source = work.tracking(work.branch.as_bytes());
            (
                format!("a task takes {main} up (git merge {main}) and is promoted into {branch}; then run it again"),
                source,
            )
        }
    };
    let what = format!("{main} and {other} conflict here");
    Item { rule: Some("merge-not-clean"), path: Some(path.clone()), ..Item::new(Step::Merge, what, mend) }
}

fn waived(found: &Finding, id: &str) -> String {
    let path = found.path.as_ref().map(|path| format!(" at {}", escape::quote_path(path))).unwrap_or_default();
    format!("{}{path}, by the override {id}", found.rule)
}

/// What the gate found, with the tree that a check must have seen: a merge has one of its own.
fn lacking(work: &Work, set: &ChangeSet, found: &Finding, args: &Promote, next: &Next, tip: Oid) -> Item {
    let mut item = item(work, set, found, &[]);
    if found.rule == "check-missing" {
        let tree = next.tree;
        let commit = match (next.merge, next.made) {
            (false, _) => format!("{tip} has it"),
            (true, true) => format!("{} has it", next.new),
            (true, false) => {
                let how = if args.merge { " --merge" } else { "" };
                let step = work.step.as_ref().map(|into| into.strip_prefix(b"refs/heads/").unwrap_or(into));
                let into = step.or(args.into.as_ref().map(|into| into.as_bytes()));
                let into = into.map(|into| format!(" --into {}", shell_word(into)));
                let into = into.unwrap_or_default();
                format!("refgate promote {}{how}{into} --dry-run makes the merge and names its commit", work.name)
            }
        };
        item.mend = format!("{}\nthe tree is {tree}: {commit}", item.mend);
    }
    item
}
