//! The words of a verdict: what a rule found, how heavy it is, and what was decided of the push.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use bstr::BString;

use crate::error::Error;
use crate::oid::Oid;

/// What a finding does to the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule does not run.
    Off,
    /// The finding is reported and refuses nothing.
    Evaluate,
    /// The finding refuses the push.
    Enforce,
}

impl Severity {
    /// The word used in the policy and in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Evaluate => "evaluate",
            Self::Enforce => "enforce",
        }
    }
}

/// The answer to a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Every update may go ahead (exit 0).
    Accept,
    /// At least one update is refused, and with it the push (exit 1).
    Refuse,
    /// Nothing is refused, but something could not be judged (exit 2).
    Undecided,
}

impl Decision {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Undecided => "undecided",
        }
    }

    /// The exit code of a process that decided so.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Accept => 0,
            Self::Refuse => 1,
            Self::Undecided => 2,
        }
    }
}

/// One thing that a rule found, complete with what the rule says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's permanent id.
    pub rule: &'static str,
    /// The rule's title.
    pub name: &'static str,
    /// Why the rule exists, one sentence.
    pub why: &'static str,
    /// After policy and floor.
    pub severity: Severity,
    /// What is wrong, and what mends it.
    pub words: Words,
    /// The path that it is about, raw bytes.
    pub path: Option<BString>,
    /// 1-based line in the file at `path`.
    pub line: Option<u32>,
    /// 1-based byte column in that line.
    pub column: Option<u32>,
    /// SHA-256, hex, of rule, ref, path and the rule's stable key: the same finding in a later push has the same one.
    pub fingerprint: String,
    /// The override that waives it: the statement's name. A waived finding refuses nothing.
    pub waived: Option<String>,
    /// The line of a drift baseline that excuses it, where one can.
    pub baseline: Option<String>,
}

/// What a finding says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What is wrong, one sentence without a full stop; names in it are escaped already.
    pub message: String,
    /// The command or edit that mends it.
    pub help: String,
    /// The field, where code and contract diverge.
    pub field: Option<Field>,
}

/// What a finding says, written when it is first read: of a thousand findings people are shown twenty.
#[derive(Clone)]
pub struct Words(Arc<LazyLock<Said, Box<dyn FnOnce() -> Said + Send>>>);

impl Words {
    /// Words about no field.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        let said = Said { message: message.into(), help: help.into(), field: None };
        Self::later(|| said)
    }

    /// Words that this writes. It sees what it holds and nothing else, so that it does not matter when they are read.
    pub fn later(write: impl FnOnce() -> Said + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(write))))
    }
}

impl Deref for Words {
    type Target = Said;

    fn deref(&self) -> &Said {
        &self.0
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Words {}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Said::fmt(self, f)
    }
}

/// A field on which code and contract diverge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The type and the path, `Type.a.b[]`.
    pub field: String,
    /// Of a rename, the field before.
    pub from: Option<String>,
    /// Of a rename, the field after.
    pub to: Option<String>,
    /// The contract.
    pub contract: BString,
    /// Where it speaks of the field.
    pub contract_line: Option<u32>,
}

impl Finding {
    /// Whether it refuses the push.
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Enforce && self.waived.is_none()
    }
}

/// What was decided of one ref update.
#[derive(Clone, Debug)]
pub struct UpdateVerdict {
    /// The full ref name.
    pub name: BString,
    /// The value before.
    pub old: Oid,
    /// The value after.
    pub new: Oid,
    /// The kind of ref, as the policy sees it.
    pub class: &'static str,
    /// Where the change begins, when it has a beginning.
    pub base: Option<Oid>,
    /// How many commits were judged one by one.
    pub commits: usize,
    /// Sorted by severity, rule, path, line, column, field and message.
    pub findings: Vec<Finding>,
    /// The branch that the server held and that a protected branch takes up.
    pub source: Option<BString>,
    /// The task that the change belongs to.
    pub task: Option<BString>,
    /// What the protected branch moves by.
    pub way: Option<&'static str>,
    /// The commit that a rollback says to bring back.
    pub restores: Option<Oid>,
    /// Why the update could not be judged.
    pub problem: Option<Error>,
}

/// What was decided of a push.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The answer.
    pub decision: Decision,
    /// Who pushes, where the server knows.
    pub actor: Option<String>,
    /// SHA-256, hex, over everything that was judged; `None` when the judging did not get that far.
    pub input: Option<String>,
    /// SHA-256, hex, of the policy that judged.
    pub policy: Option<String>,
    /// Why the push as a whole could not be judged.
    pub problem: Option<Error>,
    /// The overrides that the decision rests on.
    pub overrides: Vec<Override>,
    /// One for each update, in the order of the push.
    pub updates: Vec<UpdateVerdict>,
    /// Accepting the push uses up the server's one-time bootstrap.
    pub bootstrap: bool,
    /// The command that judges this again, where it is not a ref and a commit that can be named.
    pub again: Option<String>,
}

impl Verdict {
    /// Why the push, or else the first of its updates that could not, was not judged.
    pub fn first_problem(&self) -> Option<&Error> {
        self.problem.as_ref().or_else(|| self.updates.iter().find_map(|update| update.problem.as_ref()))
    }
}

/// An override that a push uses, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The statement's name.
    pub id: String,
    /// Who signed it.
    pub principal: String,
    /// Why.
    pub justification: String,
    /// The ref that it is for.
    pub name: BString,
    /// The ref's value before.
    pub old: Oid,
    /// The ref's value after.
    pub new: Oid,
}
