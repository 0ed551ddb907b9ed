//! The model's second half: what must be found on a branch that moves.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Blob, Changes, Id, POLICY, Tree, changes, in_trace, is_finished, put, stays, trace_of};
use super::state::{
    APPROVER, CI, Findings, MAIN, Model, Object, PROTECTED, Push, ROLLER, RULER, Statement, checks_of, source_of,
};

/// What a change does: in the end, and whether any of its commits does it.
#[derive(Default)]
struct Touched(BTreeMap<String, Touch>);

#[derive(Default)]
struct Touch {
    net: Option<(Option<Blob>, Option<Blob>)>,
    commit: bool,
}

impl Touched {
    fn net(&mut self, old: &Tree, new: &Tree) {
        for (path, sides) in changes(old, new) {
            self.0.entry(path).or_default().net = Some(sides);
        }
    }

    fn paths(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Task,
    Branch,
    Step,
    Hotfix,
}

/// A branch at whose tip a protected branch arrives.
#[derive(Clone)]
struct Way {
    kind: Kind,
    name: String,
    tip: Id,
    merge: bool,
}

impl Way {
    fn task(&self) -> Option<&str> {
        self.name.strip_prefix("autoTest/").filter(|_| self.kind == Kind::Task)
    }
}

impl Model {
    fn tips(&self) -> Vec<Id> {
        self.protected().map(|(_, tip)| tip).collect()
    }

    /// The protected branch that a change aims at: main wherever it can be.
    fn aim(&self, new: Id, emergency: bool) -> Option<&'static str> {
        self.tip(MAIN)?;
        if !emergency {
            return Some(MAIN);
        }
        let Some(began) = self.graph.began(new, self.tips()) else { return Some(MAIN) };
        let order = std::iter::once(MAIN).chain(PROTECTED);
        let found = order.into_iter().find(|name| self.tip(name).is_some_and(|tip| self.graph.holds(tip, began)));
        Some(found.unwrap_or(MAIN))
    }

    fn add_commits(&self, touched: &mut Touched, commits: &BTreeSet<Id>) -> Option<()> {
        for id in commits {
            let commit = self.graph.get(*id);
            let mut paths: BTreeSet<String> = BTreeSet::new();
            let before = match commit.parents.as_slice() {
                [] => Tree::new(),
                [parent] => self.graph.tree(*parent).clone(),
                [ours, theirs, ..] => {
                    let merged = self.graph.merge(*ours, *theirs)?;
                    paths.extend(merged.conflicts);
                    merged.tree
                }
            };
            paths.extend(changes(&before, &commit.tree).into_keys());
            paths.into_iter().for_each(|path| touched.0.entry(path).or_default().commit = true);
        }
        Some(())
    }

    fn frozen(&self, touched: &Touched) -> BTreeSet<String> {
        let mut frozen = BTreeSet::new();
        for (path, touch) in &touched.0 {
            let Some(task) = trace_of(path) else { continue };
            for tree in self.tips().into_iter().map(|tip| self.graph.tree(tip)).filter(|tree| is_finished(tree, task)) {
                let brought_along = match &touch.net {
                    Some((_, new)) if !touch.commit => new.as_ref() == tree.get(path),
                    _ => false,
                };
                if !brought_along {
                    frozen.insert(path.clone());
                }
            }
        }
        frozen
    }

    /// What is asked of every branch, however it moves.
    fn always(&self, push: &Push, touched: &Touched, frozen: &BTreeSet<String>, target: Option<&str>) -> Findings {
        let mut found: Findings = frozen.iter().map(|path| ("trace-frozen", path.clone())).collect();
        if let Some(touch) = touched.0.get(POLICY) {
            let signed = self.statements(push).any(|(_, statement, _)| match statement {
                Statement::Rules { old, new, branch, tip, by } => {
                    let there = target == Some(branch) && self.tip(branch) == Some(*tip);
                    *by == RULER && there && touch.net.as_ref() == Some(&(old.clone(), new.clone()))
                }
                _ => false,
            });
            if !signed {
                found.insert(("policy-changed", POLICY.to_owned()));
            }
        }
        found
    }

    fn foreign(touched: &Touched, frozen: &BTreeSet<String>, own: Option<&str>) -> Findings {
        let paths = touched.paths().filter(|path| !frozen.contains(*path));
        let foreign = paths.filter(|path| trace_of(path).is_some_and(|task| Some(task) != own));
        foreign.map(|path| ("trace-foreign", path.clone())).collect()
    }

    fn unlisted(touched: &Touched, tree: &Tree, task: &str) -> Findings {
        let paths: Vec<&String> = touched.paths().filter(|path| trace_of(path).is_none()).collect();
        let wide = match tree.get(&in_trace(task, "contract/approval.md")) {
            Some(Blob::Approval { wide, .. }) => *wide,
            _ if paths.is_empty() => return Findings::new(),
            _ => return [("out-of-scope", "no scope".to_owned())].into(),
        };
        let outside = paths.into_iter().filter(|path| !wide && !path.starts_with("src/"));
        outside.map(|path| ("out-of-scope", path.clone())).collect()
    }

    fn finished(&self, task: &str, target: &str, touched: &Touched) -> bool {
        let is_new = touched.0.values().any(|touch| touch.commit);
        let mut branches = self.protected().filter(|(name, _)| *name == target || is_new);
        branches.any(|(_, tip)| is_finished(self.graph.tree(tip), task)) && !touched.0.is_empty()
    }

    /// A branch that is not protected.
    pub(super) fn move_branch(&self, push: &Push, name: &str, new: Id) -> Option<Findings> {
        let task = name.strip_prefix("autoTest/");
        let target = self.aim(new, name.starts_with("hotfix/"));
        let went_on = self.tip(name).filter(|held| task.is_none() && self.graph.holds(new, *held));
        let commits = self.graph.range(new, self.tips().into_iter().chain(went_on));
        let mut touched = Touched::default();
        if went_on.is_none() {
            let tip = self.tip(target?)?;
            touched.net(self.graph.common(tip, new)?, self.graph.tree(new));
        }
        self.add_commits(&mut touched, &commits)?;
        let frozen = self.frozen(&touched);
        let mut found = self.always(push, &touched, &frozen, target);
        if let Some(task) = task {
            found.extend(Self::foreign(&touched, &frozen, Some(task)));
            if self.graph.tree(new).contains_key(&in_trace(task, "contract/approval.md")) {
                found.extend(Self::unlisted(&touched, self.graph.tree(new), task));
            }
            if self.finished(task, target?, &touched) {
                found.insert(("task-finished", String::new()));
            }
        }
        Some(found)
    }

    /// A protected branch; and whether it is a rollback.
    pub(super) fn move_protected(&self, push: &Push, name: &str, new: Id) -> Option<(Findings, bool)> {
        let Some(held) = self.tip(name) else { return Some((self.creation(push, name, new)?, false)) };
        let mut touched = Touched::default();
        touched.net(self.graph.tree(held), self.graph.tree(new));
        self.add_commits(&mut touched, &self.graph.range(new, self.tips()))?;
        let frozen = self.frozen(&touched);
        let mut found = self.always(push, &touched, &frozen, Some(name));
        if !self.graph.holds(new, held) {
            found.insert(("protected-rewind", String::new()));
            return Some((found, false));
        }
        let commit = self.graph.get(new);
        if commit.back.is_some() && commit.parents == [held] {
            found.extend(self.rollback(push, name, held, new));
            return Some((found, true));
        }
        let ways = self.ways(name, held, new)?;
        if ways.is_empty() {
            found.insert(("direct-push", String::new()));
            found.extend(self.checks(push, name, new));
            return Some((found, false));
        }
        let mut judged = Vec::new();
        for way in &ways {
            let mut own = found.clone();
            own.extend(self.by_way(push, name, held, new, way, (&touched, &frozen))?);
            judged.push((way, own));
        }
        let best =
            judged.into_iter().min_by_key(|(way, found)| (!found.is_empty(), way.kind == Kind::Branch, found.len()));
        best.map(|(_, found)| (found, false))
    }

    fn creation(&self, push: &Push, name: &str, new: Id) -> Option<Findings> {
        if source_of(name).is_some_and(|source| self.tip(source) == Some(new)) {
            return Some(self.checks(push, name, new));
        }
        let mut touched = Touched::default();
        let aim = self.aim(new, true)?;
        touched.net(self.graph.common(self.tip(aim)?, new)?, self.graph.tree(new));
        self.add_commits(&mut touched, &self.graph.range(new, self.tips()))?;
        let frozen = self.frozen(&touched);
        let mut found = self.always(push, &touched, &frozen, None);
        found.insert(("protected-creation", String::new()));
        Some(found)
    }

    /// The checks that lack a result for the tree.
    pub(super) fn checks(&self, push: &Push, name: &str, new: Id) -> Findings {
        let tree = self.graph.tree(new);
        let lacks = |wanted: &str| {
            let results: Vec<_> = self
                .statements(push)
                .filter_map(|(id, statement, _)| match statement {
                    Statement::Check { check, tree: of, failed, supersedes, by }
                        if *check == wanted && of == tree && *by == CI =>
                    {
                        Some((id, *failed, supersedes))
                    }
                    _ => None,
                })
                .collect();
            let stands = |id: usize| !results.iter().any(|(_, _, supersedes)| supersedes.contains(&id));
            let mut standing = results.iter().filter(|(id, ..)| stands(*id)).peekable();
            standing.peek().is_none() || standing.any(|(_, failed, _)| *failed)
        };
        checks_of(name)
            .iter()
            .filter(|check| lacks(check))
            .map(|check| ("check-missing", (*check).to_owned()))
            .collect()
    }

    fn rollback(&self, push: &Push, name: &str, held: Id, new: Id) -> Findings {
        let mut found = Findings::new();
        let commit = self.graph.get(new);
        let Some(back) = &commit.back else { return found };
        let mut add = |what: &str| _ = found.insert(("rollback-invalid", what.to_owned()));
        if back.by != Some(ROLLER) {
            add("signature");
        }
        let stood = self.graph.first_parents(held).any(|id| id == back.to);
        let then = self.graph.tree(back.to);
        let began = |task: &str| then.keys().any(|path| trace_of(path) == Some(task));
        let now = self.graph.tree(held);
        let within = now
            .keys()
            .filter_map(|path| trace_of(path))
            .any(|task| is_finished(now, task) && !is_finished(then, task) && began(task));
        if back.branch != name {
            add("branch");
        } else if back.to == held || !stood || within {
            add("commit");
        }
        if stood {
            let differs: Changes = changes(&due(then, now), &commit.tree);
            differs.keys().for_each(|path| add(path));
        }
        // Of the commits of a chain, checks tell at which the branch stood.
        if stood && source_of(name).is_some() {
            found.extend(self.checks(push, name, back.to));
        }
        found
    }

    fn ways(&self, name: &str, held: Id, new: Id) -> Option<Vec<Way>> {
        let mut ways = self.sources(name, new, false);
        if let [ours, theirs] = self.graph.get(new).parents.as_slice()
            && *ours == held
        {
            ways.extend(self.sources(name, *theirs, true));
        }
        let mut steps: Vec<Way> = Vec::new();
        for way in ways.iter().filter(|way| way.kind == Kind::Step) {
            if !steps.iter().any(|step| step.merge == way.merge) {
                steps.push(way.clone());
            }
        }
        if !steps.is_empty() {
            return Some(steps);
        }
        let (tasks, others): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(|way| way.kind == Kind::Task);
        let traced = |way: &Way| {
            let tree = self.graph.tree(way.tip);
            way.task().is_some_and(|task| tree.keys().any(|path| trace_of(path) == Some(task)))
        };
        let (mut kept, bare): (Vec<Way>, Vec<Way>) = tasks.into_iter().partition(traced);
        if kept.is_empty() {
            kept.extend(bare.into_iter().next());
        }
        let mut plain: BTreeMap<Kind, Way> = BTreeMap::new();
        for way in others {
            if way.kind == Kind::Hotfix {
                plain.entry(Kind::Branch).or_insert(Way { kind: Kind::Branch, ..way.clone() });
            }
            plain.entry(way.kind).or_insert(way);
        }
        kept.extend(plain.into_values());
        Some(kept)
    }

    fn sources(&self, into: &str, tip: Id, merge: bool) -> Vec<Way> {
        let at = self.refs.iter().filter(|(name, object)| **object == Object::Commit(tip) && *name != into);
        at.map(|(name, _)| {
            let kind = match name.as_str() {
                name if name.starts_with("autoTest/") => Kind::Task,
                name if source_of(into) == Some(name) => Kind::Step,
                name if name.starts_with("hotfix/") => Kind::Hotfix,
                _ => Kind::Branch,
            };
            Way { kind, name: name.clone(), tip, merge }
        })
        .collect()
    }

    fn by_way(
        &self,
        push: &Push,
        name: &str,
        held: Id,
        new: Id,
        way: &Way,
        (touched, frozen): (&Touched, &BTreeSet<String>),
    ) -> Option<Findings> {
        let mut found = self.checks(push, name, new);
        if way.merge {
            let merged = self.graph.merge(held, way.tip)?;
            let differs = changes(&merged.tree, self.graph.tree(new)).into_keys().chain(merged.conflicts);
            found.extend(differs.map(|path| ("merge-not-clean", path)));
        }
        let chain = source_of(name).is_some();
        let documentation = touched.paths().all(|path| path.starts_with("docs/"));
        match way.kind {
            Kind::Step => {}
            Kind::Hotfix => {
                found.insert(("emergency-label", String::new()));
                found.extend(Self::foreign(touched, frozen, None));
            }
            Kind::Branch if chain => _ = found.insert(("chain-skipped", String::new())),
            Kind::Branch => {
                let first = touched.paths().find(|path| !path.starts_with("docs/"));
                found.extend(first.map(|path| ("direct-push", path.clone())));
            }
            Kind::Task => {
                let task = way.task()?;
                if chain {
                    found.insert(("chain-skipped", String::new()));
                }
                found.extend(Self::foreign(touched, frozen, Some(task)));
                if self.finished(task, name, touched) {
                    found.insert(("task-finished", String::new()));
                }
                if !documentation {
                    found.extend(Self::unlisted(touched, self.graph.tree(way.tip), task));
                    found.extend(self.provenance(push, held, way.tip, task)?);
                }
            }
        }
        Some(found)
    }

    /// What a task's trace lacks.
    fn provenance(&self, push: &Push, target: Id, tip: Id, task: &str) -> Option<Findings> {
        let (tree, mut found) = (self.graph.tree(tip), Findings::new());
        let mut add = |rule, what: &str| _ = found.insert((rule, what.to_owned()));
        let at = |file: &str| tree.get(&in_trace(task, file));
        let base = self.graph.began(tip, [target]);
        for artifact in [
            "contract/APPROVED",
            "contract/approval.md",
            "codex/audit/",
            "claude/review/",
            "gemini/audit/",
            "final/status.json",
        ] {
            if !tree.keys().any(|path| path.starts_with(&in_trace(task, artifact))) {
                add("artifact-missing", artifact);
            }
        }
        if let Some(Blob::Marker(marked)) = at("contract/APPROVED")
            && Some(*marked) != base
        {
            add("approved-marker", "");
        }
        if let Some(Blob::Approval { base: named, .. }) = at("contract/approval.md")
            && Some(*named) != base
        {
            add("approval-invalid", "");
        }
        if let Some(Blob::Status { success, files, .. }) = at("final/status.json") {
            let changed = changes(self.graph.common(target, tip)?, tree);
            let changed: BTreeSet<String> = changed.into_keys().filter(|path| trace_of(path).is_none()).collect();
            if !success {
                add("status-invalid", "");
            }
            if *files != changed {
                add("status-contradicted", "");
            }
        }
        let signed = at("contract/approval.json").is_some_and(|signed| self.approves(push, signed, task, base, tree));
        if !signed {
            add("approval-signature", "");
        }
        Some(found)
    }

    fn approves(&self, push: &Push, signed: &Blob, task: &str, base: Option<Id>, tree: &Tree) -> bool {
        let Blob::Signed { base: from, of, by, number } = signed else { return false };
        let files = ["contract/APPROVED", "contract/approval.md"].map(|file| tree.get(&in_trace(task, file)).cloned());
        let same = files.into_iter().collect::<Option<Vec<Blob>>>().as_ref() == Some(of);
        let sealed =
            tree.get(&in_trace(task, "contract/approval.json.sig")) == Some(&Blob::Seal(Box::new(signed.clone())));
        let withdrawn = self.statements(push).any(|(_, statement, _)| match statement {
            Statement::Withdrawal { task: of, approval, number: at, .. } => {
                approval == signed || (of == task && at >= number)
            }
            _ => false,
        });
        *by == APPROVER && Some(*from) == base && same && sealed && !withdrawn
    }
}

/// The tree that brings a branch back to what stood there.
pub(super) fn due(then: &Tree, now: &Tree) -> Tree {
    let mut tree = then.clone();
    for (path, (_, now)) in changes(then, now).into_iter().filter(|(path, _)| stays(path)) {
        put(&mut tree, &path, now);
    }
    tree
}
