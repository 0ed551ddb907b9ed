//! `refgate drift`: what code and contract say of each other. [`check`](mod@check) judges by the rules of drift alone,
//! the others show what these rules go by; this file knows which state is looked at, and how it is judged.

mod ack;
mod baseline;
mod check;
mod contract;
mod explain;
mod fields;
mod sync;

use std::path::Path;

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;

use super::check as push;
use super::client::{View, branch};
use crate::change::Push;
use crate::change::drift::Stored;
use crate::cli;
use crate::drift::acknowledgement;
use crate::drift::config::{Config, Mode};
use crate::drift::path::FieldPath;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::{Finding, Severity, Verdict};
use crate::git::Repo;
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::refs::{RefMap, RefUpdate};
use crate::report::json;
use crate::rule::Family;
use crate::rules;

pub use ack::run as ack;
pub use baseline::run as baseline;
pub use check::run as check;
pub use contract::run as contract;
pub use explain::run as explain;
pub use fields::run as fields;
pub use sync::run as sync;

/// A baseline where no file can be: Git takes no such name.
const NO_BASELINE: &[u8] = b"\0";

/// One state of the files, and what it is held against.
struct State {
    repo: Repo,
    policy: Policy,
    config: Config,
    /// What the server was last seen to hold.
    refs: RefMap,
    commit: Oid,
    /// The commit is not made yet.
    staged: bool,
    /// The branch that the state is of, if any.
    branch: Option<BString>,
}

impl State {
    /// The state of `rev`; without one, of what is staged where people work.
    fn open(seen: &cli::Seen, rev: Option<&str>, env: &Env) -> Result<Self> {
        let (repo, View { refs, policy, remote }) = View::open(seen, env)?;
        let Some(config) = policy.drift.clone() else {
            return Err(Error::usage(
                "the policy that judges here has no [drift], so nothing is held against a contract",
            )
            .help("refgate init --print shows how to write one; --policy refgate.toml tries one that the trusted branch does not have yet"));
        };
        let staged = rev.is_none() && repo.has_work_tree();
        let head = repo.head()?;
        let (commit, branch) = match rev {
            _ if staged => (repo.staged_commit(env)?, head),
            None => (commit(&repo, "HEAD", None)?, head),
            Some(rev) => {
                let (named, oid) = (branch(rev), commit(&repo, rev, remote.as_ref())?);
                let is_branch = refs.contains_key(&named) || repo.refs()?.contains_key(&named);
                let is_head = || repo.resolve("HEAD").is_ok_and(|head| head == oid);
                (oid, if is_branch { Some(named) } else { head.filter(|_| is_head()) })
            }
        };
        Ok(Self { repo, policy, config, refs, commit, staged, branch })
    }

    /// The state that is asked for.
    fn of(asked: &cli::drift::State, env: &Env) -> Result<Self> {
        let state = Self::open(&asked.seen, asked.rev.as_deref(), env)?;
        if asked.staged && !state.staged {
            return Err(Error::usage("nothing is staged in a bare repository").help("leave --staged out"));
        }
        Ok(state)
    }

    /// The files.
    fn tree(&self) -> Result<Stored<'_>> {
        Ok(Stored::new(&self.repo, self.repo.commit(self.commit)?.tree, &self.policy))
    }

    /// What the state is, for people.
    fn name(&self) -> String {
        if self.staged { "what is staged".to_owned() } else { self.commit.short().to_string() }
    }

    /// What is wrong with the state by itself, whatever a change did and a baseline excuses. What `refs` hold tells which
    /// field is one of before under another name, and nothing else.
    fn standing(&self, mut policy: Policy, refs: RefMap, now: Timestamp) -> Result<Vec<Finding>> {
        if let Some(config) = &mut policy.drift {
            config.mode = Mode::Absolute;
            config.baseline = NO_BASELINE.into();
        }
        let name = unprotected(&policy)?;
        let update = RefUpdate { name, old: Oid::zero(self.commit.format()), new: self.commit };
        let verdict = judge(&self.repo, &policy, &Push::new(refs, vec![update], false).preview(), now);
        if let Some(problem) = verdict.first_problem() {
            return Err(problem.clone());
        }
        Ok(verdict.updates.into_iter().flat_map(|update| update.findings).filter(is_drift).collect())
    }

    /// The server as if it held this state and nothing else.
    fn alone(&self) -> RefMap {
        RefMap::from([(self.policy.trunk.clone(), self.commit)])
    }

    /// What the server holds, where that was seen.
    fn held(&self) -> RefMap {
        if self.refs.contains_key(&self.policy.trunk) { self.refs.clone() } else { self.alone() }
    }

    /// The policy with every rule of drift in force, and no other.
    fn drift_alone(&self) -> Policy {
        let mut policy = self.policy.clone();
        policy.floor.clear();
        for rule in rules::ALL {
            let severity = if rule.family == Family::Drift { Severity::Enforce } else { Severity::Off };
            policy.rules.insert(rule.id.to_owned(), severity);
        }
        policy
    }
}

fn commit(repo: &Repo, rev: &str, remote: Option<&BString>) -> Result<Oid> {
    match repo.peel(push::head(repo, rev, remote)?)? {
        (crate::git::ObjectKind::Commit, commit) => Ok(commit),
        _ => Err(Error::usage(format!("{} names no commit", escape::quote_path(rev.as_bytes())))
            .help("name a branch or a commit")),
    }
}

/// A branch that moves as it likes: whatever stands on it is judged by what it holds.
fn unprotected(policy: &Policy) -> Result<BString> {
    let names = ["detached-head".to_owned(), format!("{}detached-head", policy.task_prefix)];
    let mut names = names.iter().map(|name| branch(name));
    names.find(|name| !policy.is_protected(name.as_bstr())).ok_or_else(|| {
        Error::undecided("the policy protects branches of every name").help("take `**` out of branches.protected")
    })
}

fn is_drift(finding: &Finding) -> bool {
    rules::find(finding.rule).is_some_and(|rule| rule.family == Family::Drift)
}

/// Leaves what the rules of drift found, and decides anew.
fn leave_drift(verdict: &mut Verdict) {
    for update in &mut verdict.updates {
        update.findings.retain(is_drift);
    }
    if verdict.problem.is_none() {
        let findings = verdict.updates.iter().flat_map(|update| &update.findings);
        let problems = verdict.updates.iter().filter_map(|update| update.problem.as_ref());
        verdict.decision = crate::engine::decide(findings, problems);
    }
}

/// The field that a person names.
fn field(text: &str) -> Result<(String, FieldPath)> {
    acknowledgement::field(text).map_err(|reason| {
        let shown = escape::quote_path(text.as_bytes());
        Error::usage(format!("{shown} names no field: {}", escape::one_line(&reason)))
            .help("write its type and path, as in `order.total`; behind a type with a dot in it comes `#`")
    })
}

/// A text file of the work tree; `None` where there is none. What stands behind a link is not read.
fn work_file(top: &Path, path: &str) -> Result<Option<String>> {
    let place = top.join(path);
    match fs_err::symlink_metadata(&place) {
        Ok(found) if found.is_file() => Ok(Some(fs_err::read_to_string(place)?)),
        Ok(_) => {
            Err(Error::usage(format!("{} is no plain file", escape::quote_path(path.as_bytes()))).help("move it away"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A number of things.
fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A place for people.
fn place(file: &[u8], line: u32, column: u32) -> String {
    let column = if column == 0 { String::new() } else { format!(":{column}") };
    format!("{}:{line}{column}", escape::quote_path(file))
}

/// A file for machines: escaped where it is not UTF-8, and then its bytes.
fn file(path: &BString) -> (String, Option<String>) {
    json::text(path)
}
