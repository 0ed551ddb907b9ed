//! What a record says. How it is written stands in `wire`.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};
use sha2::{Digest as _, Sha256};

use super::receipt::{Hash, Receipt};
use super::{MIRROR, wire};
use crate::error::Result;
use crate::finding::{Decision, Verdict};
use crate::oid::{ObjectFormat, Oid};
use crate::refs::RefMap;
use crate::report::json;

/// One record of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number: from 1, without a gap.
    pub sequence: u64,
    /// The hash of the record before it.
    pub previous: Hash,
    /// When it was judged or seen.
    pub time: jiff::Timestamp,
    /// The version of the program that wrote it.
    pub tool: String,
    /// The accepted decisions of which nobody knows yet, after this record, whether they were applied.
    pub pending: Vec<u64>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The ledger begins.
    Opened(Opened),
    /// A push was answered: `accepted`, `refused` or `undecided`.
    Decided(Decided),
    /// An override lets a push in and is kept for it.
    Reserved(Reserved),
    /// What became of a reserved override.
    Settled(Settled),
    /// The refs of an accepted push moved.
    Applied(Outcome),
    /// The refs of an accepted push did not move.
    Lapsed(Outcome),
    /// What was applied took a protected branch to a state that it had before.
    RolledBack(Outcome),
    /// An append that was never answered was cut off.
    Repaired(Repaired),
    /// The last record of its segment.
    Sealed(Sealed),
}

impl Event {
    /// The word in the record.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::Decided(Decided { decision: Decision::Accept, .. }) => "accepted",
            Self::Decided(Decided { decision: Decision::Refuse, .. }) => "refused",
            Self::Decided(Decided { decision: Decision::Undecided, .. }) => "undecided",
            Self::Reserved(_) => "override-reserved",
            Self::Settled(_) => "override-settled",
            Self::Applied(_) => "applied",
            Self::Lapsed(_) => "lapsed",
            Self::RolledBack(_) => "rolled-back",
            Self::Repaired(_) => "repaired",
            Self::Sealed(_) => "sealed",
        }
    }
}

/// How the repository stood when the ledger began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// How objects are named.
    pub format: ObjectFormat,
    /// What the server calls the repository.
    pub repository: Option<String>,
    /// The protected refs and their values.
    pub protected: RefMap,
    /// How many refs there were that only pushes move: [`is_pushed`].
    pub count: u64,
    /// SHA-256, hex, over them: [`digest_of`].
    pub digest: String,
}

impl Opened {
    /// How these refs stand.
    pub fn of(
        format: ObjectFormat,
        repository: Option<String>,
        refs: &RefMap,
        is_protected: impl Fn(&BStr) -> bool,
    ) -> Self {
        let protected = refs.iter().filter(|(name, _)| is_protected(name.as_bstr()));
        let protected = protected.map(|(name, value)| (name.clone(), *value)).collect();
        let (count, digest) = digest_of(refs);
        Self { format, repository, protected, count, digest }
    }
}

/// Whether a ref moves by pushes alone. Servers write others themselves: merge requests, what must not be collected, and
/// the ledger's own mirror.
pub fn is_pushed(name: &BStr) -> bool {
    [&b"refs/heads/"[..], b"refs/tags/", b"refs/refgate/"].iter().any(|folder| name.starts_with(folder))
        && name != MIRROR
}

/// How many refs move by pushes alone, and SHA-256, hex, over their names and values: `<oid> SP <name> LF` each, sorted
/// by name.
pub fn digest_of(refs: &RefMap) -> (u64, String) {
    let (mut count, mut digest) = (0, Sha256::new());
    for (name, value) in refs.iter().filter(|(name, _)| is_pushed(name.as_bstr())) {
        count += 1;
        digest.update(format!("{value} "));
        digest.update(name);
        digest.update(b"\n");
    }
    (count, Hash::from(digest).to_string())
}

/// What was decided of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The answer.
    pub decision: Decision,
    /// Who pushed, where the server knows.
    pub actor: Option<String>,
    /// SHA-256, hex, over what was judged.
    pub input: Option<String>,
    /// SHA-256, hex, of the policy that judged.
    pub policy: Option<String>,
    /// Why the push as a whole could not be judged.
    pub problem: Option<Problem>,
    /// Whether it used the server's one-time bootstrap.
    pub bootstrap: bool,
    /// The overrides that it rests on.
    pub overrides: Vec<Used>,
    /// What was asked.
    pub updates: Vec<Update>,
    /// How many updates were left out of a push that was too large to be recorded, and not accepted.
    pub omitted: u64,
}

/// Why something could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What happened.
    pub message: String,
    /// What to do next.
    pub help: String,
}

/// One ref that was asked to move, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The ref and its two values.
    pub moved: Moved,
    /// The kind of ref, as the policy sees it.
    pub class: String,
    /// The task that the change belongs to.
    pub task: Option<String>,
    /// The branch that a protected branch takes up.
    pub source: Option<String>,
    /// The way in, where it has a name: `promotion`, `rollback`, `hotfix`.
    pub way: Option<String>,
    /// Why the update could not be judged.
    pub problem: Option<Problem>,
    /// How many findings each rule has.
    pub counts: BTreeMap<String, u64>,
    /// The first of them.
    pub findings: Vec<Found>,
}

/// A ref and its two values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The full ref name.
    pub name: BString,
    /// The value before.
    pub old: Oid,
    /// The value after.
    pub new: Oid,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule's id.
    pub rule: String,
    /// What it does to the push.
    pub severity: String,
    /// The finding's digest.
    pub fingerprint: String,
    /// What is wrong.
    pub message: String,
    /// The path that it is about.
    pub path: Option<BString>,
    /// The override that waives it.
    pub waived: Option<String>,
}

/// An override that a push uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The statement's name.
    pub id: String,
    /// Who signed it.
    pub principal: String,
    /// Why.
    pub justification: String,
    /// The update that it is for.
    pub moved: Moved,
    /// The statement's very bytes.
    pub statement: Vec<u8>,
    /// Its signatures' very bytes.
    pub signatures: Vec<Vec<u8>>,
}

/// An override that is kept for a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The decision that used it.
    pub decision: u64,
    /// The statement's name.
    pub id: String,
    /// The update that it is for.
    pub moved: Moved,
}

/// What became of an override that was kept for a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The decision that used it.
    pub decision: u64,
    /// The statement's name.
    pub id: String,
    /// Whether its update was made.
    pub applied: bool,
}

/// What became of an accepted push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The decision.
    pub decision: u64,
    /// A later push saw it; `post-receive` did not say so.
    pub observed: bool,
    /// The refs that moved, or of a lapsed one those that did not.
    pub updates: Vec<Moved>,
}

/// The end of an append that was never answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// How many bytes were cut off.
    pub bytes: u64,
    /// Their SHA-256, hex.
    pub digest: String,
    /// The file beside the segments that holds them.
    pub file: String,
}

/// What a segment holds before its last record, which says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Bytes.
    pub bytes: u64,
    /// Records.
    pub count: u64,
    /// The number of the first.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
}

/// The very bytes of an override and of its signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The statement.
    pub statement: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<Vec<u8>>,
}

/// The most findings on one update that a record holds.
pub const MOST_FINDINGS: usize = 100;

impl Decided {
    /// The record of a verdict. `evidence` has the bytes of each override that the verdict rests on, by its id.
    pub fn of(verdict: &Verdict, evidence: &BTreeMap<String, Evidence>) -> Self {
        let problem =
            |error: &crate::error::Error| Problem { message: error.message.clone(), help: error.help.clone() };
        let used = |used: &crate::finding::Override| {
            let Evidence { statement, signatures } = evidence.get(&used.id).cloned().unwrap_or_default();
            Used {
                id: used.id.clone(),
                principal: used.principal.clone(),
                justification: used.justification.clone(),
                moved: Moved { name: used.name.clone(), old: used.old, new: used.new },
                statement,
                signatures,
            }
        };
        let update = |update: &crate::finding::UpdateVerdict| Update {
            moved: Moved { name: update.name.clone(), old: update.old, new: update.new },
            class: update.class.to_owned(),
            task: update.task.as_ref().map(|task| json::text(task).0),
            source: update.source.as_ref().map(|source| json::text(source).0),
            way: update.way.map(str::to_owned),
            problem: update.problem.as_ref().map(problem),
            counts: counts(&update.findings),
            findings: update.findings.iter().take(MOST_FINDINGS).map(found).collect(),
        };
        Self {
            decision: verdict.decision,
            actor: verdict.actor.clone(),
            input: verdict.input.clone(),
            policy: verdict.policy.clone(),
            problem: verdict.problem.as_ref().map(problem),
            bootstrap: verdict.bootstrap,
            overrides: verdict.overrides.iter().map(used).collect(),
            updates: verdict.updates.iter().map(update).collect(),
            omitted: 0,
        }
    }
}

fn counts(findings: &[crate::finding::Finding]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.rule.to_owned()).or_default() += 1;
    }
    counts
}

fn found(finding: &crate::finding::Finding) -> Found {
    Found {
        rule: finding.rule.to_owned(),
        severity: finding.severity.name().to_owned(),
        fingerprint: finding.fingerprint.clone(),
        message: finding.words.message.clone(),
        path: finding.path.clone(),
        waived: finding.waived.clone(),
    }
}

impl Record {
    /// The record as its one line, without the line feed.
    pub fn render(&self) -> Vec<u8> {
        wire::render(self)
    }

    /// Reads a line, without its line feed.
    ///
    /// # Errors
    /// It is not the one spelling of a record.
    pub fn parse(line: &[u8]) -> Result<Self> {
        wire::parse(line)
    }

    /// The record's receipt, which a look at its line gives.
    pub fn receipt(&self, line: &[u8]) -> Receipt {
        Receipt { sequence: self.sequence, hash: Hash::of(line) }
    }
}
