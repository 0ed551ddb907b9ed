//! The ways into a protected branch other than a task's into the trusted one.

use std::collections::BTreeSet;
use std::rc::Rc;

use bstr::BString;

use super::{COMMIT, Facts, NEW, OLD, oid};
use crate::change::{Claim, Rollback, Stood, Way, WayKind};
use crate::sign::object::Signed;

/// A way by a fast forward to [`NEW`].
pub(super) fn way(kind: WayKind, source: BString, task: Option<BString>) -> Way {
    Way { kind, source, task, tip: oid(NEW), merge: None }
}

impl Facts {
    /// `main` moved forward to the tip of a branch that is no task's.
    pub(crate) fn promotion_of_branch(branch: &str) -> Self {
        Self::branch_push("main").by(WayKind::Branch, branch)
    }

    /// A protected branch moved forward to the tip of a task's branch.
    pub(crate) fn promotion_into(task: &str, into: &str) -> Self {
        let mut facts = Self::promotion(task);
        facts.change.update.name = format!("refs/heads/{into}").into();
        facts.refs.insert(facts.change.update.name.clone(), oid(OLD));
        facts
    }

    /// A protected branch moved forward to the tip of another one.
    pub(crate) fn step(from: &str, into: &str) -> Self {
        let all = |policy: &mut crate::policy::Policy| {
            policy.protected = [from, into].iter().map(|name| name.parse().unwrap()).collect();
        };
        Self::branch_push(into).under(all).by(WayKind::Step, from)
    }

    /// `main` moved forward to the tip of an emergency branch.
    pub(crate) fn hotfix(name: &str) -> Self {
        Self::branch_push("main").by(WayKind::Hotfix, &format!("hotfix/{name}"))
    }

    /// `main` moved forward by a commit that says that it brings back where the branch stood, and does, but for this.
    pub(crate) fn rollback(change: impl FnOnce(&mut Rollback)) -> Self {
        let mut facts = Self::branch_push("main").by(WayKind::Rollback, "main");
        facts.refs.insert("refs/heads/main".into(), oid(OLD));
        let claim = Claim {
            branch: "refs/heads/main".into(),
            to: oid(OLD),
            stood: Stood::Before,
            tree: Some(oid(OLD)),
            differs: BTreeSet::new(),
            is_exact: true,
        };
        let signed = Signed { payload: b"tree".to_vec(), signature: b"-----BEGIN SSH SIGNATURE-----".to_vec() };
        let mut rollback = Rollback { claim: Some(claim), signed: Ok(signed) };
        change(&mut rollback);
        facts.change.rollback = Some(Rc::new(rollback));
        facts
    }

    /// One of the new commits merges more than two.
    pub(crate) fn octopus(mut self) -> Self {
        self.content.octopus = Some(oid(COMMIT));
        self
    }

    fn by(mut self, kind: WayKind, branch: &str) -> Self {
        let source = BString::from(format!("refs/heads/{branch}"));
        self.refs.insert(source.clone(), oid(NEW));
        self.change.way = Some(way(kind, source, None));
        self
    }
}
