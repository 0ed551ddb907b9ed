//! Facts made by hand, so that a test of a rule reads like a sentence:
//!
//! `Facts::task_push("t1").scope("- Runtime code changes\n  - `src/ok/**`").touch("src/okay/b.ts").refused_by(&RULE, …)`
//!
//! Object names are one byte all over: `oid(0xab)` is `abab…`. Whatever a rule says is held to what every rule
//! promises: printable ASCII, a sentence without a full stop, something to do next, and no two violations alike.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{Ctx, Rule, Violation};
use crate::change::signed::Signatures;
use crate::change::{
    Certificate, ChangeSet, Content, File, Push, Relation, Remerge, Spent, Target, Task, Touch, WayKind,
};
use crate::entry::{Entry, Mode};
use crate::escape;
use crate::git::ObjectKind;
use crate::oid::{ObjectFormat, Oid};
use crate::policy::Policy;
use crate::policy::parse::{Known, built_in};
use crate::refs::{RefMap, RefUpdate};

mod drift;
mod signing;
mod ways;

pub(crate) use drift::{MAP, added, found, mapped, removed, renamed, renamed_type, standing, unnamed};
pub(crate) use signing::signer;
use ways::way;

/// Where everything begins: the protected branch's tip before the push.
pub(crate) const OLD: u8 = 0x0a;
/// The new tip.
pub(crate) const NEW: u8 = 0x1b;
/// The one commit that touches the paths.
pub(crate) const COMMIT: u8 = 0x2c;
/// The tip's tree without the trace folder.
pub(crate) const TREE: u8 = 0x7e;
/// The blob of everything that has content.
pub(crate) const BLOB: u8 = 0xb1;
/// A name that turns a terminal against its reader: escape sequence, newline, no UTF-8, quote and backslash.
pub(crate) const HOSTILE: &[u8] = b"src/\x1b[2J\n\xff\xc3\xa9\"\\x";

/// The object name that is one byte all over.
pub(crate) fn oid(byte: u8) -> Oid {
    Oid::from_bytes(&[byte; 20]).unwrap()
}

/// One update of a push, and all that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    policy: Policy,
    refs: RefMap,
    others: Vec<RefUpdate>,
    spent: BTreeMap<String, Spent>,
    change: ChangeSet,
    task: Option<Task>,
    content: Content,
    frozen: BTreeSet<BString>,
    now: jiff::Timestamp,
    certificate: Certificate,
    signatures: Signatures,
    /// The parts of the trace that are written afresh from the facts.
    fresh: BTreeSet<&'static str>,
}

impl Facts {
    /// A fast forward of a ref from [`OLD`] to [`NEW`].
    pub(crate) fn push(name: impl Into<BString>) -> Self {
        let trunk: BString = "refs/heads/main".into();
        let policy = built_in(Known { rules: &[], trunk: trunk.as_bstr() }).unwrap();
        let update = RefUpdate { name: name.into(), old: oid(OLD), new: oid(NEW) };
        let class = policy.classify(update.name.as_bstr());
        let target = class.is_branch().then(|| Target { name: trunk.clone(), tip: oid(OLD) });
        Self {
            refs: [(trunk, oid(OLD)), (update.name.clone(), oid(OLD))].into(),
            others: Vec::new(),
            spent: BTreeMap::new(),
            change: ChangeSet {
                class,
                held: Some(oid(OLD)),
                object: Some((ObjectKind::Commit, oid(NEW))),
                annotated: false,
                relation: if class.is_branch() { Relation::FastForward } else { Relation::None },
                contained: false,
                bootstrap: false,
                new_rules: Rc::default(),
                base: target.as_ref().map(|target| target.tip),
                target,
                way: None,
                rollback: None,
                content: Rc::default(),
                task: None,
                finished: None,
                frozen: Rc::default(),
                statement: None,
                companions: Rc::default(),
                tree: Some(oid(TREE)),
                documents: Rc::default(),
                signatures: Rc::default(),
                drift: None,
                cites: Rc::default(),
                update,
            },
            policy,
            task: None,
            content: Content { has_net: true, ..Content::default() },
            frozen: BTreeSet::new(),
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
            certificate: Certificate::Absent,
            signatures: Signatures::default(),
            fresh: BTreeSet::new(),
        }
    }

    /// A branch moved forward by hand.
    pub(crate) fn branch_push(branch: &str) -> Self {
        Self::push(format!("refs/heads/{branch}"))
    }

    /// A tag made, at a commit that no protected branch contains.
    pub(crate) fn tag_push(tag: &str) -> Self {
        Self::push(format!("refs/tags/{tag}")).created()
    }

    /// A task branch moved forward; its trace is still empty.
    pub(crate) fn task_push(task: &str) -> Self {
        let mut facts = Self::branch_push(&format!("autoTest/{task}"));
        facts.task = Some(Task {
            name: task.into(),
            branch: format!("autoTest/{task}").into(),
            not_a_folder: None,
            entries: Default::default(),
            files: Default::default(),
            net: BTreeSet::new(),
            tree: oid(TREE),
            settled: [oid(NEW)].into(),
            rewritten: BTreeSet::new(),
        });
        facts
    }

    /// `main` moved forward to the tip of a task branch whose trace is complete and approves `src/**`.
    pub(crate) fn promotion(task: &str) -> Self {
        let branch = format!("refs/heads/autoTest/{task}");
        let mut facts = Self { task: Self::task_push(task).task, ..Self::branch_push("main") };
        facts.refs.insert(branch.as_str().into(), oid(NEW));
        facts.change.way = Some(way(WayKind::Task, branch.into(), Some(task.into())));
        let report = ["codex/audit/report.md", "claude/review/report.md", "gemini/audit/report.md"];
        let mut facts = report.into_iter().fold(facts, |facts, report| facts.file(report, "PASS\n"));
        facts = facts.scope("- Runtime code changes\n  - `src/**`\n").marker("").status("");
        facts.fresh = ["contract/APPROVED", "final/status.json"].into();
        facts
    }
}

/// What happens to the ref.
impl Facts {
    pub(crate) fn created(mut self) -> Self {
        self.change.update.old = Oid::zero(ObjectFormat::Sha1);
        self.change.held = None;
        self.change.relation = Relation::None;
        self.refs.remove(&self.change.update.name);
        self
    }

    pub(crate) fn deleted(mut self) -> Self {
        self.change.update.new = Oid::zero(ObjectFormat::Sha1);
        self.change.object = None;
        self.change.relation = Relation::None;
        self
    }

    pub(crate) fn kept(mut self) -> Self {
        self.change.update.new = self.change.update.old;
        self
    }

    /// The new tip does not contain the old one.
    pub(crate) fn diverged(mut self) -> Self {
        self.change.relation = Relation::Diverged;
        self
    }

    /// The server holds another value than the push claims.
    pub(crate) fn but_the_server_holds(mut self, held: Option<u8>) -> Self {
        self.change.held = held.map(oid);
        self
    }

    /// The new value names, in the end, an object of this kind.
    pub(crate) fn naming(mut self, kind: ObjectKind) -> Self {
        self.change.object = Some((kind, oid(NEW)));
        self
    }

    /// The new value is itself an annotated tag.
    pub(crate) fn annotated(mut self) -> Self {
        self.change.annotated = true;
        self
    }

    /// A protected branch contains the new commit already.
    pub(crate) fn contained(mut self) -> Self {
        self.change.contained = true;
        self
    }

    pub(crate) fn on_an_empty_server(mut self) -> Self {
        self.refs.clear();
        self
    }

    pub(crate) fn bootstrap(mut self, policy: Option<File>) -> Self {
        self.change.bootstrap = true;
        self.change.new_rules = Rc::new(policy.map(|file| ("refgate.toml".into(), file)).into_iter().collect());
        self.created().on_an_empty_server()
    }

    /// The change leaves this at the place of a file that says what is allowed from then on.
    pub(crate) fn new_rules(mut self, path: &str, file: File) -> Self {
        self.change.new_rules = Rc::new([(path.into(), file)].into());
        self
    }

    pub(crate) fn without_target(mut self) -> Self {
        self.change.target = None;
        self
    }

    pub(crate) fn base(mut self, base: Option<u8>) -> Self {
        self.change.base = base.map(oid);
        self
    }

    /// The new tip is the merge of the old one with the branch's, and differs from the clean merge so.
    pub(crate) fn by_merge(mut self, conflicts: &[&str], differs: &[&str]) -> Self {
        let paths = |paths: &[&str]| paths.iter().map(|path| BString::from(*path)).collect();
        let merge = Remerge { conflicts: paths(conflicts), differs: paths(differs) };
        self.change.way.as_mut().unwrap().merge = Some(merge);
        self
    }

    pub(crate) fn server_has(mut self, name: &str) -> Self {
        self.refs.insert(name.into(), oid(OLD));
        self
    }

    /// The same push moves this ref to the same commit.
    pub(crate) fn along_with(mut self, name: impl Into<BString>) -> Self {
        self.others.push(RefUpdate { name: name.into(), old: Oid::zero(ObjectFormat::Sha1), new: oid(NEW) });
        self
    }

    pub(crate) fn under(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self.change.class = self.policy.classify(self.change.update.name.as_bstr());
        self
    }
}

/// What happens to paths.
impl Facts {
    /// Edits a plain file.
    pub(crate) fn touch(self, path: impl Into<BString>) -> Self {
        self.set(path, Some(Mode::File), Some(Mode::File))
    }

    pub(crate) fn add(self, path: impl Into<BString>) -> Self {
        self.add_as(path, Mode::File)
    }

    pub(crate) fn add_as(self, path: impl Into<BString>, mode: Mode) -> Self {
        self.set(path, None, Some(mode))
    }

    pub(crate) fn remove(self, path: impl Into<BString>) -> Self {
        self.set(path, Some(Mode::File), None)
    }

    pub(crate) fn rename(self, from: impl Into<BString>, to: impl Into<BString>) -> Self {
        self.remove(from).add(to)
    }

    pub(crate) fn change_mode(self, path: impl Into<BString>, old: Mode, new: Mode) -> Self {
        self.set(path, Some(old), Some(new))
    }

    /// One of the change's commits is dated that many seconds before an ancestor.
    pub(crate) fn dated_behind(mut self, seconds: i64) -> Self {
        self.content.behind.insert(oid(0x31), seconds);
        self
    }

    /// The task is finished on its target.
    pub(crate) fn finished(mut self) -> Self {
        self.change.finished = Some("refs/heads/main".into());
        self
    }

    /// One commit edits the path and a later one takes that back.
    pub(crate) fn edit_and_revert(mut self, path: impl Into<BString>) -> Self {
        let touch = Touch { commit: Some(oid(COMMIT)), modes: [Mode::File].into(), ..Touch::default() };
        self.content.touched.insert(path.into(), touch);
        self
    }

    /// The net change was not looked at, as for what a branch adds to itself.
    pub(crate) fn without_net(mut self) -> Self {
        self.content.has_net = false;
        self
    }

    fn set(mut self, path: impl Into<BString>, old: Option<Mode>, new: Option<Mode>) -> Self {
        let path = path.into();
        let entry = |mode, blob| Entry { mode, oid: oid(blob) };
        if let Some(task) = self.task.as_mut().filter(|_| self.policy.in_trace(path.as_bstr()).is_none()) {
            task.net.insert(path.clone());
        }
        let touch = Touch {
            net: Some((old.map(|mode| entry(mode, OLD)), new.map(|mode| entry(mode, NEW)))),
            commit: Some(oid(COMMIT)),
            modes: new.into_iter().collect(),
            old_modes: old.into_iter().collect(),
            added: old.is_none(),
        };
        self.content.touched.insert(path, touch);
        self
    }

    pub(crate) fn colliding(mut self, path: &str, other: &str) -> Self {
        self.content.collisions.insert(path.into(), other.into());
        self
    }

    /// The path lies in the trace of a task that is finished.
    pub(crate) fn frozen(mut self, path: impl Into<BString>) -> Self {
        let path = path.into();
        self.frozen.insert(path.clone());
        self.touch(path)
    }
}

/// What stands in the task's folder.
impl Facts {
    fn task(&mut self) -> &mut Task {
        self.task.as_mut().unwrap()
    }

    /// A plain file.
    pub(crate) fn file(mut self, path: &'static str, content: impl AsRef<[u8]>) -> Self {
        self.fresh.remove(path);
        self.task().files.insert(path.into(), File::Content(content.as_ref().to_vec()));
        self.entry(path, Mode::File, oid(BLOB))
    }

    pub(crate) fn entry(mut self, path: impl Into<BString>, mode: Mode, oid: Oid) -> Self {
        self.task().entries.insert(path.into(), Entry { mode, oid });
        self
    }

    /// Something in place of a file that rules read.
    pub(crate) fn unreadable(mut self, path: &'static str, file: File) -> Self {
        let mode = if let File::NotAFile(mode) = file { mode } else { Mode::File };
        self.fresh.remove(path);
        self.task().files.insert(path.into(), file);
        self.entry(path, mode, oid(BLOB))
    }

    /// Leaves out whatever begins so.
    pub(crate) fn without(mut self, prefix: &str) -> Self {
        self.fresh.retain(|path| !path.starts_with(prefix));
        self.task().files.retain(|path, _| !path.starts_with(prefix.as_bytes()));
        self.task().entries.retain(|path, _| !path.starts_with(prefix.as_bytes()));
        self
    }

    pub(crate) fn approval(self, text: impl AsRef<[u8]>) -> Self {
        self.file("contract/approval.md", text)
    }

    /// An approval of this scope, for this task.
    pub(crate) fn scope(mut self, body: &str) -> Self {
        let name = self.task().name.to_string();
        self.approval(format!("Task: {name}\n\n## APPROVED SCOPE\n\n{body}\n"))
    }

    pub(crate) fn marker(self, line: impl AsRef<[u8]>) -> Self {
        self.file("contract/APPROVED", line)
    }

    pub(crate) fn status(self, json: impl ToString) -> Self {
        self.file("final/status.json", json.to_string())
    }

    /// The status that fits the facts, but for this.
    pub(crate) fn status_but(mut self, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        let mut status = fresh_status(self.task());
        change(&mut status);
        self.status(status)
    }

    /// A commit of the task whose content, less the trace, is the tip's.
    pub(crate) fn settled(mut self, commit: u8) -> Self {
        self.task().settled.insert(oid(commit));
        self
    }

    pub(crate) fn rewriting(mut self, path: impl Into<BString>) -> Self {
        self.task().rewritten.insert(path.into());
        self
    }
}

fn fresh_status(task: &Task) -> serde_json::Value {
    let changed: Vec<_> = task.net.iter().map(|path| path.to_str_lossy()).collect();
    let (name, branch) = (task.name.to_str_lossy(), task.branch.to_str_lossy());
    serde_json::json!({ "status": "SUCCESS", "task": name, "branch": branch, "filesChanged": changed })
}

/// What rules make of it.
impl Facts {
    /// The push and the change, for whoever judges them.
    pub(crate) fn build(mut self) -> (Policy, Push, ChangeSet, jiff::Timestamp) {
        if let Some(mut task) = self.task.take() {
            if self.fresh.contains("contract/APPROVED") {
                let base = self.change.base.map(|base| base.to_string()).unwrap_or_default();
                let line = format!("APPROVED:{}:{base}\n", task.name);
                task.files.insert("contract/APPROVED".into(), File::Content(line.into()));
            }
            if self.fresh.contains("final/status.json") {
                let status = fresh_status(&task).to_string();
                task.files.insert("final/status.json".into(), File::Content(status.into()));
            }
            self.change.task = Some(Rc::new(task));
        }
        self.content.commits = 1;
        self.change.content = Rc::new(self.content);
        self.change.frozen = Rc::new(self.frozen);
        self.change.signatures = Rc::new(self.signatures);
        let mut updates = vec![self.change.update.clone()];
        updates.extend(self.others);
        let push = Push::new(self.refs, updates, self.change.bootstrap).after(self.spent);
        let push = match self.certificate {
            Certificate::Unseen => push.preview(),
            certificate => push.certified(certificate),
        };
        (self.policy, push, self.change, self.now)
    }

    /// The violations that the engine would hear of.
    #[track_caller]
    pub(crate) fn check(&self, rule: &Rule) -> Vec<Violation> {
        let (policy, push, change, now) = self.clone().build();
        if !rule.classes.contains(&change.class) {
            return Vec::new();
        }
        let found = (rule.check)(&Ctx { policy: &policy, push: &push, change: &change, now }).unwrap();
        let mut seen = BTreeSet::new();
        for violation in &found {
            let printable = |text: &str| text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
            assert!(printable(&violation.words.message), "not printable: {violation:?}");
            // A line to be copied keeps its letters.
            let help = |line: &str| printable(line) || (line.starts_with("  ") && escape::copied(line) == line);
            assert!(violation.words.help.split('\n').all(help), "not printable: {violation:?}");
            let (message, help) = (&violation.words.message, &violation.words.help);
            assert!(!message.is_empty() && !help.is_empty(), "says nothing: {violation:?}");
            assert!(!message.ends_with('.'), "ends in a full stop: {violation:?}");
            assert!(seen.insert((&violation.path, &violation.key)), "two with one fingerprint: {violation:?}");
        }
        found
    }

    #[track_caller]
    pub(crate) fn accepted_by(&self, rule: &Rule) {
        assert_eq!(self.check(rule), []);
    }

    /// Exactly one violation, and this stands in its message.
    #[track_caller]
    pub(crate) fn refused_by(&self, rule: &Rule, about: &str) -> Violation {
        let found = self.check(rule);
        match found.as_slice() {
            [one] if one.words.message.contains(about) => one.clone(),
            _ => panic!("expected one violation with `{about}`, found {found:#?}"),
        }
    }

    /// The paths of all violations, escaped.
    #[track_caller]
    pub(crate) fn paths(&self, rule: &Rule) -> Vec<String> {
        let found = self.check(rule);
        found.iter().map(|violation| escape::escape(violation.path.as_ref().unwrap())).collect()
    }
}
