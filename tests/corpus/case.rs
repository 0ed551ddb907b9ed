//! The file format of a case. Unknown keys are errors, so that a misspelt expectation cannot pass for a met one.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One case: a server, a push, and the verdict that is due.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// One sentence: who does what, and what must happen.
    pub(crate) summary: String,
    /// The line of the published list of hard cases that this file covers ("refs 6", "hole 3").
    pub(crate) hard_case: Option<String>,
    #[serde(default)]
    pub(crate) object_format: Format,
    /// The server's policy; without it the server gets the default one.
    pub(crate) policy: Option<String>,
    /// Leaves the one-time bootstrap token in place, as on a server that has no refs yet.
    #[serde(default)]
    pub(crate) bootstrap: bool,
    #[serde(default)]
    pub(crate) server: ServerKind,
    /// Labels of commits that the client claims are shallow: their parents are not sent.
    #[serde(default)]
    pub(crate) shallow: Vec<String>,
    /// Files put into the server's Git directory before the push, such as `info/grafts`.
    #[serde(default)]
    pub(crate) server_files: BTreeMap<String, String>,
    /// The hook's standard input, word for word, instead of a push.
    pub(crate) stdin: Option<String>,
    #[serde(default, rename = "commit")]
    pub(crate) commits: Vec<Commit>,
    #[serde(default, rename = "generate")]
    pub(crate) generators: Vec<Generate>,
    #[serde(default, rename = "tag")]
    pub(crate) tags: Vec<Tag>,
    #[serde(default, rename = "ref")]
    pub(crate) refs: Vec<Ref>,
    #[serde(default, rename = "push")]
    pub(crate) pushes: Vec<Push>,
    pub(crate) expect: Expect,
}

/// The hash that names the repository's objects.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Sha1,
    Sha256,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    pub(crate) fn zero(self) -> String {
        "0".repeat(if self == Self::Sha1 { 40 } else { 64 })
    }
}

/// The shape of the repository that receives.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ServerKind {
    #[default]
    Bare,
    /// A repository with a work tree and an index, `main` checked out.
    NonBare,
    Reftable,
    /// The objects lie in another repository, named by `objects/info/alternates`.
    Alternates,
    /// The push names the repository through a symbolic link.
    Symlink,
}

/// A commit, made from its first parent's tree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commit {
    pub(crate) id: String,
    /// Labels; without it the commit before this one in the file, or none for the first.
    pub(crate) parents: Option<Vec<String>>,
    /// Applied last. Keys are paths, decoded by `spell::decode`.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Entry>,
    /// Start from this commit's tree instead of the first parent's.
    pub(crate) tree: Option<String>,
    /// Start from the clean merge of the two parents.
    #[serde(default)]
    pub(crate) merge: bool,
    pub(crate) message: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) committer: Option<String>,
    pub(crate) date: Option<u64>,
    /// The key of `fixtures/keys` that signs it.
    pub(crate) signed: Option<String>,
    pub(crate) trace: Option<Trace>,
}

/// What stands at a path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    Text(String),
    Spec(Spec),
}

/// Anything but a plain text file. Exactly one of the contents is given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) text: Option<String>,
    pub(crate) symlink: Option<String>,
    pub(crate) gitlink: Option<String>,
    pub(crate) base64: Option<String>,
    pub(crate) repeat: Option<String>,
    #[serde(default)]
    pub(crate) times: usize,
    #[serde(default)]
    pub(crate) delete: bool,
    /// The same content with another mode; octal, as Git writes it.
    pub(crate) mode: Option<String>,
}

/// Writes a complete and correct trace folder; `files` may then overwrite parts of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trace {
    pub(crate) task: String,
    /// The commit that `APPROVED` names.
    pub(crate) base: String,
    pub(crate) runtime: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) schema: Vec<String>,
    #[serde(default)]
    pub(crate) backfill: Vec<String>,
    #[serde(default)]
    pub(crate) documentation: Vec<String>,
    #[serde(default)]
    pub(crate) not_approved: Vec<String>,
    /// Without it: what really differs from `base`, outside the folder.
    pub(crate) files_changed: Option<Vec<String>>,
    pub(crate) commit_sha: Option<String>,
    pub(crate) branch: Option<String>,
    /// Prefixes, below the task's folder, of what is left out.
    #[serde(default)]
    pub(crate) omit: Vec<String>,
}

impl Trace {
    /// A trace with every part, for a task whose base is given elsewhere.
    pub(crate) fn complete(task: &str) -> Self {
        Self {
            task: task.into(),
            base: String::new(),
            runtime: None,
            schema: Vec::new(),
            backfill: Vec::new(),
            documentation: Vec::new(),
            not_approved: Vec::new(),
            files_changed: None,
            commit_sha: None,
            branch: None,
            omit: Vec::new(),
        }
    }
}

/// Many files at once. `{i}` in the path and the text is the number of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Generate {
    pub(crate) commit: String,
    #[serde(default = "one")]
    pub(crate) count: usize,
    pub(crate) path: String,
    pub(crate) text: String,
    /// Puts the files this many folders deeper.
    #[serde(default)]
    pub(crate) depth: usize,
}

/// An annotated tag object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) id: String,
    /// A commit, `tree:LABEL`, `blob:LABEL:path`, or an earlier tag's id.
    pub(crate) target: String,
    pub(crate) name: Option<String>,
    /// The key of `fixtures/keys` that signs it.
    pub(crate) signed: Option<String>,
}

/// A ref that the server holds before the push.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ref {
    pub(crate) name: String,
    pub(crate) target: String,
}

/// One command of the push.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    #[serde(rename = "ref")]
    pub(crate) name: String,
    /// A target; empty for a deletion.
    pub(crate) new: Option<String>,
    #[serde(default)]
    pub(crate) delete: bool,
    /// What the client claims that the server holds; without it the truth.
    pub(crate) old: Option<String>,
    pub(crate) raw_old: Option<String>,
    pub(crate) raw_new: Option<String>,
    /// The command this many times, with `{i}` in the name counting up.
    #[serde(default = "one")]
    pub(crate) times: usize,
}

fn one() -> usize {
    1
}

/// The verdict that is due.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) decision: Decision,
    /// The set of rules that refuse; exact, but for those in `may`.
    #[serde(default)]
    pub(crate) rules: Vec<String>,
    /// Rules that may refuse besides, where the text leaves open how much of a bad push is reported.
    #[serde(default)]
    pub(crate) may: Vec<String>,
    /// Words of the reason why no rule could look at the push or at one of its refs.
    pub(crate) problem: Option<String>,
    /// The exact set of rules that only report.
    pub(crate) evaluate: Option<Vec<String>>,
    /// The exact set of paths that refusing findings name.
    pub(crate) paths: Option<Vec<String>>,
    #[serde(default, rename = "update")]
    pub(crate) updates: Vec<ExpectUpdate>,
    /// False when Git itself stops the push before the hook, so that the hook must be fed directly.
    #[serde(default = "yes")]
    pub(crate) stock: bool,
}

fn yes() -> bool {
    true
}

/// What the hook is to say.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    Accept,
    Refuse,
    Undecided,
    /// Refused or undecided; for input so broken that either answer is right.
    Blocked,
}

/// What must be said about one ref.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectUpdate {
    #[serde(rename = "ref")]
    pub(crate) name: String,
    pub(crate) class: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) commits: Option<u64>,
}
