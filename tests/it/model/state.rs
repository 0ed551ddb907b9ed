//! The model: what the server holds, and which pushes it must let in. Written from the documentation; it knows commits,
//! people and flags, and calls nothing of the program.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Blob, Graph, Id, Person, Tree};

/// Who signs for what.
pub(super) const APPROVER: Person = "bob";
pub(super) const CI: Person = "ci";
pub(super) const ROLLER: Person = "carol";
pub(super) const RULER: Person = "carol";
pub(super) const WAIVERS: [Person; 2] = ["bob", "dave"];
pub(super) const PUSHERS: [Person; 3] = ["alice", "bob", "erin"];
pub(super) const STRANGER: Person = "mallory";

/// The same, for the server.
pub(super) const RULES: &str = "version = 1
[branches]
protected = [\"prod\", \"staging\"]
[[promotion]]
from = [\"main\"]
into = [\"staging\"]
checks = [\"e2e\"]
[[promotion]]
from = [\"staging\"]
into = [\"prod\"]
[checks]
required = [\"tests\"]
[roles]
presence = \"any\"
approve = { principals = [\"bob\"] }
check = { principals = [\"ci\"] }
rollback = { principals = [\"carol\"] }
policy = { principals = [\"carol\"] }
override = { principals = [\"bob\", \"dave\"] }
";

pub(super) const MAIN: &str = "main";
pub(super) const PROTECTED: [&str; 3] = [MAIN, "prod", "staging"];

/// Where a branch of the chain takes from.
pub(super) fn source_of(branch: &str) -> Option<&'static str> {
    match branch {
        "staging" => Some(MAIN),
        "prod" => Some("staging"),
        _ => None,
    }
}

pub(super) fn checks_of(branch: &str) -> &'static [&'static str] {
    if branch == "staging" { &["e2e", "tests"] } else { &["tests"] }
}

/// What a ref holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    Commit(Id),
    Statement(usize),
}

/// A ref is a branch by its short name, or the place of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) name: String,
    pub(super) old: Option<Object>,
    pub(super) new: Option<Object>,
}

impl Update {
    pub(super) fn is_statement(&self) -> bool {
        self.name.starts_with("statement ")
    }

    pub(super) fn commit(&self) -> Option<Id> {
        match self.new {
            Some(Object::Commit(id)) => Some(id),
            _ => None,
        }
    }
}

pub(super) fn place_of(statement: usize) -> String {
    format!("statement {statement}")
}

#[derive(Clone, Debug)]
pub(super) struct Push {
    pub(super) actor: Option<Person>,
    pub(super) updates: Vec<Update>,
}

/// A rule and what it speaks of: a path, a check, or nothing.
pub(super) type Findings = BTreeSet<(&'static str, String)>;

#[derive(Clone, Debug)]
pub(super) struct Waiver {
    pub(super) update: Update,
    pub(super) findings: Findings,
    pub(super) hotfix: bool,
    pub(super) pusher: Person,
    pub(super) by: Person,
    pub(super) expired: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Statement {
    Override(Waiver),
    Check {
        check: &'static str,
        tree: Tree,
        failed: bool,
        supersedes: BTreeSet<usize>,
        by: Person,
    },
    /// Of an approval; one that was given later is not taken back by it.
    Withdrawal {
        task: String,
        approval: Blob,
        number: u32,
        by: Person,
    },
    /// The policy role's word that the policy becomes this on a branch with that tip.
    Rules {
        old: Option<Blob>,
        new: Option<Blob>,
        branch: String,
        tip: Id,
        by: Person,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Accept,
    Refuse,
    Undecided,
}

/// What must be found on an update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) refusing: Findings,
    pub(super) waived: Findings,
    pub(super) rollback: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    pub(super) updates: Vec<Judged>,
    /// The overrides that it rests on.
    pub(super) used: Vec<usize>,
}

/// What became of an override.
#[derive(Clone, Debug)]
struct Spent {
    update: Update,
    at: i64,
    used: bool,
}

/// A push that was answered.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) push: Push,
    pub(super) verdict: Verdict,
    /// The updates that were made.
    pub(super) landed: Vec<usize>,
}

/// How long a push that did not get through may be made again, in minutes.
const AGAIN: i64 = 10;

pub(super) struct Model {
    pub(super) graph: Graph,
    pub(super) statements: Vec<Statement>,
    pub(super) refs: BTreeMap<String, Object>,
    pub(super) past: Vec<Past>,
    /// Minutes since the beginning.
    pub(super) minutes: i64,
    spent: BTreeMap<usize, Spent>,
}

impl Model {
    pub(super) fn new() -> Self {
        let paths = ["src/a.rs", "src/b.rs", "lib/x.rs", "docs/a.md", super::graph::WORKFLOW, super::graph::POLICY];
        let tree: Tree = (0..).zip(paths).map(|(number, path)| (path.to_owned(), Blob::Text(number))).collect();
        let mut graph = Graph::default();
        let first = graph.add(&[], tree, None);
        let refs = [MAIN, "staging"].map(|name| (name.to_owned(), Object::Commit(first))).into();
        Self { graph, statements: Vec::new(), refs, past: Vec::new(), minutes: 0, spent: BTreeMap::new() }
    }

    pub(super) fn tip(&self, branch: &str) -> Option<Id> {
        match self.refs.get(branch) {
            Some(Object::Commit(id)) => Some(*id),
            _ => None,
        }
    }

    pub(super) fn protected(&self) -> impl Iterator<Item = (&'static str, Id)> {
        PROTECTED.into_iter().filter_map(|name| Some((name, self.tip(name)?)))
    }

    /// What must become of a push; `None` where the model does not say.
    pub(super) fn judge(&self, push: &Push) -> Option<Verdict> {
        let undecided = Verdict { decision: Decision::Undecided, updates: Vec::new(), used: Vec::new() };
        let Some(actor) = push.actor else { return Some(undecided) };
        let mut updates = Vec::new();
        for update in &push.updates {
            updates.push(self.update(push, actor, update)?);
        }
        let mut used = Vec::new();
        for (place, update) in push.updates.iter().enumerate() {
            let Some(Object::Statement(id)) = update.new else { continue };
            let Statement::Override(waiver) = &self.statements[id] else { continue };
            if !updates[place].refusing.is_empty() {
                continue;
            }
            used.push(id);
            for (other, judged) in push.updates.iter().zip(&mut updates).filter(|(other, _)| **other == waiver.update) {
                assert!(!other.is_statement());
                let (waived, rest) =
                    judged.refusing.iter().cloned().partition::<Findings, _>(|found| waiver.findings.contains(found));
                judged.waived.extend(waived);
                judged.refusing = rest;
            }
        }
        let refused = updates.iter().any(|judged| !judged.refusing.is_empty());
        let decision = if refused { Decision::Refuse } else { Decision::Accept };
        Some(Verdict { decision, updates, used })
    }

    fn update(&self, push: &Push, actor: Person, update: &Update) -> Option<Judged> {
        let mut judged = Judged::default();
        let stale = self.refs.get(&update.name).copied() != update.old;
        if stale {
            judged.refusing.insert(("stale-update", String::new()));
        }
        if update.is_statement() {
            match (update.old, update.new) {
                (None, Some(Object::Statement(id))) if !stale => {
                    judged.refusing.extend(self.statement(push, actor, id));
                }
                _ => _ = judged.refusing.insert(("server-ref", String::new())),
            }
            return Some(judged);
        }
        let protected = PROTECTED.contains(&update.name.as_str());
        let Some(new) = update.commit() else {
            if protected {
                judged.refusing.insert(("protected-deletion", String::new()));
            }
            return Some(judged);
        };
        if !stale {
            let found = match protected {
                true => self.move_protected(push, &update.name, new)?,
                false => (self.move_branch(push, &update.name, new)?, false),
            };
            (judged.refusing, judged.rollback) = found;
        }
        Some(judged)
    }

    /// Whether a statement may stand where it is pushed to.
    fn statement(&self, push: &Push, actor: Person, id: usize) -> Option<(&'static str, String)> {
        let holds = match &self.statements[id] {
            Statement::Override(waiver) => {
                return (!self.waives(push, actor, id, waiver)).then(|| ("override-invalid", String::new()));
            }
            Statement::Check { by, .. } => *by == CI,
            Statement::Withdrawal { by, .. } => *by == APPROVER,
            Statement::Rules { by, .. } => *by == RULER,
        };
        (!holds).then(|| ("statement-invalid", String::new()))
    }

    fn waives(&self, push: &Push, actor: Person, id: usize, waiver: &Waiver) -> bool {
        let alone = push.updates.iter().all(|update| update.is_statement() || update.name == waiver.update.name);
        let fits = waiver.findings.iter().all(|(rule, _)| match waiver_of(rule) {
            Waivable::Never => false,
            Waivable::Hotfix => waiver.hotfix,
            Waivable::Override => !waiver.hotfix,
        });
        let another = waiver.by != waiver.pusher && WAIVERS.contains(&waiver.by) && actor == waiver.pusher;
        let fresh = match self.spent.get(&id) {
            None => true,
            Some(spent) => !spent.used && self.minutes - spent.at < AGAIN && spent.update == waiver.update,
        };
        alone
            && fits
            && another
            && fresh
            && !waiver.expired
            && push.updates.contains(&waiver.update)
            && !self.signed_the_change(waiver)
    }

    /// Whether who waives signed any of the commits.
    fn signed_the_change(&self, waiver: &Waiver) -> bool {
        let Some(new) = waiver.update.commit() else { return false };
        let hidden: Vec<Id> = match self.tip(&waiver.update.name) {
            Some(held) => vec![held],
            None => self.protected().map(|(_, tip)| tip).collect(),
        };
        let range = self.graph.range(new, hidden);
        range.iter().any(|id| self.graph.get(*id).back.as_ref().is_some_and(|back| back.by == Some(waiver.by)))
    }

    /// The statements that count at a push: those that are there, and those that it brings. With each whether it is there.
    pub(super) fn statements(&self, push: &Push) -> impl Iterator<Item = (usize, &Statement, bool)> {
        let held = self.refs.values().map(|object| (object, true));
        let brought = push.updates.iter().filter(|update| update.old.is_none());
        let brought: Vec<Object> = brought.filter_map(|update| update.new).collect();
        let held: Vec<(Object, bool)> = held.map(|(object, held)| (*object, held)).collect();
        let all = held.into_iter().chain(brought.into_iter().map(|object| (object, false)));
        all.filter_map(|(object, held)| match object {
            Object::Statement(id) => Some((id, &self.statements[id], held)),
            Object::Commit(_) => None,
        })
    }

    /// The push was answered, and these of its updates were made.
    pub(super) fn land(&mut self, push: &Push, verdict: &Verdict, landed: &[usize]) {
        for id in &verdict.used {
            let Statement::Override(waiver) = &self.statements[*id] else { continue };
            if verdict.decision == Decision::Accept {
                let spent = Spent { update: waiver.update.clone(), at: self.minutes, used: false };
                self.spent.entry(*id).or_insert(spent);
            }
        }
        for place in landed {
            let update = &push.updates[*place];
            match update.new {
                Some(object) => self.refs.insert(update.name.clone(), object),
                None => self.refs.remove(&update.name),
            };
        }
        for (id, spent) in &mut self.spent {
            let moved = self.refs.get(&spent.update.name).copied() != spent.update.old;
            spent.used |= moved || self.refs.contains_key(&place_of(*id));
        }
        self.past.push(Past { push: push.clone(), verdict: verdict.clone(), landed: landed.to_vec() });
    }
}

/// What lets a finding of a rule pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waivable {
    Override,
    Hotfix,
    Never,
}

pub(super) fn waiver_of(rule: &str) -> Waivable {
    match rule {
        "emergency-label" => Waivable::Hotfix,
        "stale-update" | "server-ref" | "statement-invalid" | "override-invalid" | "trace-frozen"
        | "rollback-invalid" | "approval-signature" | "protected-deletion" | "policy-changed" => Waivable::Never,
        _ => Waivable::Override,
    }
}
