//! The facts of a push, loaded once and complete, so that rules can be pure. A change set knows what happened to one
//! ref; it holds no opinion on it.

mod content;
mod dates;
pub(crate) mod drift;
mod load;
mod retained;
mod rollback;
pub mod signed;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

pub use load::load;
pub(crate) use retained::owned_changes;
pub use retained::{Files, Retained};
pub use rollback::{Claim, Rollback, Stood};
pub use task::{is_finished, is_required};

use crate::drift::survey::Survey;
use crate::entry::{Entry, Mode};
use crate::fold::fold;
use crate::git::ObjectKind;
use crate::oid::Oid;
use crate::path::{Budget, prefixes};
use crate::policy::Class;
use crate::refs::{Action, RefMap, RefUpdate};
use crate::sign::{Key, Signer};

/// What all updates of a push have in common.
#[derive(Clone, Debug)]
pub struct Push {
    /// The refs that the server holds before the push.
    pub refs: RefMap,
    /// Everything that the push asks for.
    pub updates: Vec<RefUpdate>,
    /// The server is empty and its one-time bootstrap is unused.
    pub bootstrap: bool,
    /// Who pushes, where the server knows.
    pub actor: Option<String>,
    /// The push is still to be made, and the server will judge it.
    pub preview: bool,
    /// What the server knows of the overrides in the push that were seen before, by name.
    pub spent: BTreeMap<String, Spent>,
    /// The push certificate that came with it.
    pub certificate: Certificate,
    /// The commit that Git is about to make, which nobody can have signed yet.
    pub draft: Option<Oid>,
    /// What stands after the push when it creates anything: the refs held and not deleted, and the created ones.
    names: BTreeSet<BString>,
    spellings: BTreeMap<Vec<u8>, BTreeSet<BString>>,
}

impl Push {
    /// A push of `updates` to a server that holds `refs`.
    pub fn new(refs: RefMap, updates: Vec<RefUpdate>, bootstrap: bool) -> Self {
        let by = |action| updates.iter().filter(move |update| update.action() == action).map(|update| &update.name);
        let mut names = BTreeSet::new();
        let mut spellings: BTreeMap<Vec<u8>, BTreeSet<BString>> = BTreeMap::new();
        if by(Action::Create).next().is_some() {
            // A ref that the same push deletes makes room: that is how a spelling is corrected.
            let deleted: BTreeSet<&BString> = by(Action::Delete).collect();
            names.extend(refs.keys().filter(|name| !deleted.contains(name)).chain(by(Action::Create)).cloned());
            for prefix in names.iter().flat_map(|name| prefixes(name.as_bstr())) {
                spellings.entry(fold(prefix).into_owned()).or_default().insert(prefix.to_owned());
            }
        }
        let (certificate, draft, spent) = (Certificate::Absent, None, BTreeMap::new());
        Self { refs, updates, bootstrap, actor: None, preview: false, spent, certificate, draft, names, spellings }
    }

    /// Says who pushes.
    #[must_use]
    pub fn by(self, actor: Option<String>) -> Self {
        Self { actor, ..self }
    }

    /// Whether the push is still to be made: who pushes, which repository it goes to and what was used up there is not
    /// known then, and is taken as the statements say.
    pub fn is_draft(&self) -> bool {
        self.preview
    }

    /// Says that the push is still to be made: only the server will see who signs it, and who pushes.
    #[must_use]
    pub fn preview(self) -> Self {
        Self { preview: true, certificate: Certificate::Unseen, ..self }
    }

    /// Says which overrides of the push were seen before.
    #[must_use]
    pub fn after(self, spent: BTreeMap<String, Spent>) -> Self {
        Self { spent, ..self }
    }

    /// Says what is known of the push certificate.
    #[must_use]
    pub fn certified(self, certificate: Certificate) -> Self {
        Self { certificate, ..self }
    }

    /// Says that this commit is not made yet.
    #[must_use]
    pub fn drafting(self, commit: Oid) -> Self {
        Self { draft: Some(commit), ..self }
    }

    /// A ref, held or created by the same push, that cannot stand beside `name`: one is a folder of the other.
    pub fn in_the_way(&self, name: &BStr) -> Option<&BStr> {
        let above = prefixes(name).filter(|prefix| *prefix != name).find_map(|prefix| self.names.get(prefix));
        let below: BString = bstr::concat([name.as_bytes(), b"/"]).into();
        let below_it = || self.names.range(below.clone()..).next().filter(|other| other.starts_with(&below));
        above.or_else(below_it).map(|other| other.as_bstr())
    }

    /// Another spelling of a created ref's name or of one of its folders, among the refs that the server holds and
    /// those that the push creates.
    pub fn other_spelling(&self, name: &BStr) -> Option<&BStr> {
        prefixes(name).find_map(|prefix| {
            let known = self.spellings.get(fold(prefix).as_ref())?;
            known.iter().find(|other| *other != prefix).map(|other| other.as_bstr())
        })
    }
}

/// An override that a push has used, or was about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The ref that it was used on.
    pub name: BString,
    /// The value that the ref had before.
    pub old: Oid,
    /// The value that the ref got.
    pub new: Oid,
    /// Whether the ref is known to have moved; else the push may have ended between the answer and the update.
    pub settled: bool,
}

/// What is known of the certificate of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// The push is not signed.
    #[default]
    Absent,
    /// The push is signed, and that counts for nothing: the reason, one sentence.
    Refused(String),
    /// The push is signed, fresh, and about this very push to this repository.
    Valid(Signer),
    /// The push is still to be made: only the server will see whether it is signed.
    Unseen,
}

impl Certificate {
    /// All that there is to know of it, in one line.
    pub fn facts(&self) -> String {
        match self {
            Self::Absent => "absent".to_owned(),
            Self::Unseen => "unseen".to_owned(),
            Self::Refused(reason) => format!("refused: {reason}"),
            Self::Valid(Signer { key, principals, presence, verification }) => {
                format!("valid: {} {principals:?} {presence} {verification}", key.fingerprint())
            }
        }
    }
}

/// Facts that cost something to load; a rule names the ones it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// `base`, `commits` and `touched`.
    Content,
    /// `collisions`.
    Collisions,
    /// `task`.
    Task,
    /// `frozen`.
    Frozen,
    /// `documents`.
    Documents,
    /// `signatures`, where the policy asks for some.
    Signatures,
    /// `drift`, where the policy holds something against a contract.
    Drift,
}

/// One way to look at one ref update. A promotion that several task branches could explain has one for each.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The update itself.
    pub update: RefUpdate,
    /// The kind of ref.
    pub class: Class,
    /// The value that the server holds now; what the update claims may differ.
    pub held: Option<Oid>,
    /// What the new value finally names, tags peeled; `None` for a deletion.
    pub object: Option<(ObjectKind, Oid)>,
    /// Whether the new value is itself an annotated tag.
    pub annotated: bool,
    /// How the new commit relates to the old one.
    pub relation: Relation,
    /// Whether a protected branch contains the new commit already; for a protected branch, another one at which it may
    /// begin.
    pub contained: bool,
    /// Whether this is the first push of the trusted ref into an empty server, with the bootstrap unused.
    pub bootstrap: bool,
    /// The rules that the trusted ref would begin or go on with, as far as the change brings them: the policy, the
    /// signers, the revocations, by path.
    pub new_rules: Rc<BTreeMap<BString, File>>,
    /// The protected branch that the change aims at.
    pub target: Option<Target>,
    /// How the change came to a protected branch.
    pub way: Option<Way>,
    /// What a commit that brings back what stood there before says and does.
    pub rollback: Option<Rc<Rollback>>,
    /// Where the change begins: the first commit on the tip's first-parent chain that the target contains.
    pub base: Option<Oid>,
    /// The commits and paths of the change.
    pub content: Rc<Content>,
    /// The trace of the task that the change belongs to.
    pub task: Option<Rc<Task>>,
    /// The protected branch on which the change's task is finished already.
    pub finished: Option<BString>,
    /// Paths of the change that lie in the trace folder of a task that is finished on a protected branch.
    pub frozen: Rc<BTreeSet<BString>>,
    /// What stands behind the new value of one of refgate's own refs.
    pub statement: Option<Rc<Retained>>,
    /// What an override is held against: the other updates of its push.
    pub companions: Rc<Companions>,
    /// The tree whose results of checks are asked for, where documents were: the new commit's, or the one that comes back.
    pub tree: Option<Oid>,
    /// The signed documents that bear on the change.
    pub documents: Rc<Vec<Retained>>,
    /// Who signed the new commits and the tag.
    pub signatures: Rc<signed::Signatures>,
    /// What the change does to code and contract; `None` where it touches neither.
    pub drift: Option<Rc<Survey>>,
    /// The contracts, of those that the change maps to, that some file of the task's trace names beside the approval.
    pub cites: Rc<BTreeSet<BString>>,
}

/// What the updates that travel with an override are.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    /// The root tree of each new commit, by ref.
    pub trees: BTreeMap<BString, Oid>,
    /// The tasks that each update can belong to, by ref.
    pub tasks: BTreeMap<BString, BTreeSet<BString>>,
    /// The keys that signed any of the new commits.
    pub signed_by: BTreeSet<Key>,
}

/// How a new commit relates to the old value of its ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// There is no old or no new commit.
    None,
    /// The old commit is an ancestor of the new one, or the same.
    FastForward,
    /// It is not.
    Diverged,
}

/// A protected branch and the tip it had before the push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The full ref name.
    pub name: BString,
    /// The old tip.
    pub tip: Oid,
}

/// What a protected branch moves by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayKind {
    /// The promotion of a task.
    Task,
    /// What a branch of no task brings: documentation.
    Branch,
    /// The step of a chain: what stands on another protected branch.
    Step,
    /// What an emergency branch brings, without provenance and scope.
    Hotfix,
    /// A commit that brings back what stood there before.
    Rollback,
}

impl WayKind {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Branch => "branch",
            Self::Step => "step",
            Self::Hotfix => "hotfix",
            Self::Rollback => "rollback",
        }
    }

    /// Whether what it takes up was judged when it came to a protected branch.
    pub const fn was_judged(self) -> bool {
        matches!(self, Self::Step | Self::Rollback)
    }
}

/// A branch that the server holds and whose tip a protected branch would take up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it is.
    pub kind: WayKind,
    /// The full name of the branch; of a rollback the protected branch itself.
    pub source: BString,
    /// The task that the branch is for.
    pub task: Option<BString>,
    /// The branch's tip.
    pub tip: Oid,
    /// The merge that takes it up; `None` for a fast forward.
    pub merge: Option<Remerge>,
}

impl Way {
    /// The protected branch that a step of a chain takes from.
    pub fn step_from(&self) -> Option<&BStr> {
        (self.kind == WayKind::Step).then(|| self.source.as_bstr())
    }
}

/// A merge commit held against the same merge made afresh.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Remerge {
    /// Paths that the sides disagree on.
    pub conflicts: BTreeSet<BString>,
    /// Paths where the commit is not what the merge gives.
    pub differs: BTreeSet<BString>,
}

impl Remerge {
    /// Whether the commit is exactly the clean merge.
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty() && self.differs.is_empty()
    }
}

/// The commits and paths of a change.
#[derive(Clone, Debug)]
pub struct Content {
    /// How many commits were looked at one by one.
    pub commits: usize,
    /// Whether the net change was looked at: what a branch adds to itself is judged by its commits alone.
    pub has_net: bool,
    /// The trees of the net change.
    pub(crate) net: Option<(Option<Oid>, Oid)>,
    /// Every path that the net change or any single commit touches, both sides of each rename.
    pub touched: BTreeMap<BString, Touch>,
    /// Those commits that are dated before an ancestor, with the difference in seconds.
    pub behind: BTreeMap<Oid, i64>,
    /// The newest of those commits that merges more than two.
    pub octopus: Option<Oid>,
    /// Added paths that another path of the new tree equals where case or normalisation does not count.
    pub collisions: BTreeMap<BString, BString>,
    pub(crate) budget: Budget,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            commits: 0,
            has_net: false,
            net: None,
            touched: BTreeMap::new(),
            behind: BTreeMap::new(),
            octopus: None,
            collisions: BTreeMap::new(),
            budget: Budget::new(content::MAX_PATHS),
        }
    }
}

/// What happened to one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// The net change of the path, when there is one.
    pub net: Option<(Option<Entry>, Option<Entry>)>,
    /// The newest single commit that touches it.
    pub commit: Option<Oid>,
    /// Every mode that the change gives it, in the end or on the way.
    pub modes: BTreeSet<Mode>,
    /// Every mode that the change finds it with.
    pub old_modes: BTreeSet<Mode>,
    /// Whether some view of the change adds it.
    pub added: bool,
}

/// The trace of one task, as it stands at the task's tip.
#[derive(Clone, Debug)]
pub struct Task {
    /// The task's name: the branch's, less the prefix.
    pub name: BString,
    /// The task branch's short name.
    pub branch: BString,
    /// What stands at the folder's own place when it is no folder.
    pub not_a_folder: Option<Mode>,
    /// Every entry of the task's folder, by path below it.
    pub entries: BTreeMap<BString, Entry>,
    /// The files that rules read, by path below the folder.
    pub files: BTreeMap<BString, File>,
    /// The paths that the task changes in the end, outside the trace folder.
    pub net: BTreeSet<BString>,
    /// The tip's tree without the trace folder.
    pub tree: Oid,
    /// Commits of the task, the tip among them, whose tree without the trace folder equals the tip's.
    pub settled: BTreeSet<Oid>,
    /// Audit and review artifacts of the branch's old tip that the new tip drops or rewrites.
    pub rewritten: BTreeSet<BString>,
}

/// What is in a place where a rule wants to read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// Its content.
    Content(Vec<u8>),
    /// Something that is no regular file.
    NotAFile(Mode),
    /// It is larger than `limits.blob_bytes`.
    TooLarge,
}

impl ChangeSet {
    /// The commit that the change ends in, as far as the task is concerned: the task branch's tip.
    pub fn tip(&self) -> Option<Oid> {
        match (&self.way, self.object) {
            (Some(way), _) => Some(way.tip),
            (None, Some((ObjectKind::Commit, oid))) => Some(oid),
            _ => None,
        }
    }
}
