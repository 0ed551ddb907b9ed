//! `refgate hook NAME`: the same judge behind each of Git's hooks. They differ only in where the updates come from.
//! [`receive`] is the server's side, [`ledger`] what it writes down; this file has the hooks of a clone.

use std::io::{Read as _, Write as _};
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::answer::{Answer, Told};
use super::check;
use super::client::{Asked, View};
use crate::change::Push;
use crate::cli::{Hook, HookName};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::finding::{Decision, Verdict};
use crate::git::Repo;
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::refs::{RefMap, parse_push, parse_receive, parse_update};

mod certificate;
mod hint;
mod ledger;
pub(crate) mod mirror;
mod receive;
mod single_use;
mod transaction;

pub use ledger::{Late, applied};
pub use receive::{Arrival, Clock, decide};

/// Ten thousand refs take one megabyte; nobody pushes as much as this.
const MAX_INPUT: u64 = 64 * 1024 * 1024;
/// The file that lets the first push in.
pub const BOOTSTRAP: &str = "bootstrap";

/// Runs the hook.
pub fn run(args: &Hook, env: &Env, now: jiff::Timestamp) -> u8 {
    let answer = Answer::hook(args.format, env);
    let now = args.at.unwrap_or(now);
    if let HookName::PrePush { remote, only, .. } = &args.name
        && !only.is_empty()
        && is_elsewhere(remote, only, env)
    {
        return Decision::Accept.exit_code();
    }
    let judged = match &args.name {
        HookName::PreCommit { policy } => pre_commit(policy.as_deref(), env, answer, now),
        HookName::PrePush { remote, policy, .. } => pre_push(remote, policy.as_deref(), env, answer, now),
        HookName::PreReceive { guarded } => {
            return receive::run(env, answer, now, *guarded, |repo| parse_receive(&input()?, repo.format()));
        }
        HookName::Update { name, old, new } => {
            return receive::run(env, answer, now, false, |repo| {
                let name = name.as_encoded_bytes();
                parse_update(name, old.as_bytes(), new.as_bytes(), repo.format()).map(|update| vec![update])
            });
        }
        HookName::PostReceive => return post_receive(env, now),
        HookName::ReferenceTransaction { state } => return transaction::run(env, state),
    };
    answer.claim().write(&judged.unwrap_or_else(Told::from))
}

/// The refs have moved: whatever happens here, the hook must not fail, and what is not written down now the next push
/// sees.
fn post_receive(env: &Env, now: jiff::Timestamp) -> u8 {
    let done = Repo::open_hook(env).and_then(|repo| ledger::applied(&repo, &input()?, now));
    if let Err(error) = done {
        let _ = writeln!(std::io::stderr(), "refgate: {error}");
    }
    0
}

fn input() -> Result<Vec<u8>> {
    let mut input = Vec::new();
    std::io::stdin().take(MAX_INPUT + 1).read_to_end(&mut input)?;
    if input.len() as u64 > MAX_INPUT {
        return Err(
            Error::malformed(format!("more than {MAX_INPUT} bytes of ref updates")).help("push fewer refs at once")
        );
    }
    Ok(input)
}

/// Whether a push goes to none of these remotes, by name or by URL. Where that cannot be found out, it is judged.
fn is_elsewhere(remote: &str, only: &[String], env: &Env) -> bool {
    let Ok(repo) = Repo::open_hook(env) else { return false };
    let name = repo.remotes().into_iter().find(|name| name == remote).or_else(|| repo.remote_for_url(remote));
    !only.iter().any(|only| only == remote || name.as_ref().is_some_and(|name| name == only.as_str()))
}

fn pre_push(remote: &str, policy: Option<&Path>, env: &Env, answer: Answer, now: jiff::Timestamp) -> Result<Told> {
    let repo = Repo::open_hook(env)?;
    let View { mut refs, policy, .. } = View::take(&repo, Asked { remote: Some(remote), trunk: None, policy })?;
    answer.limit(policy.limits.seconds, None);
    let updates = parse_push(&input()?, repo.format())?;
    for update in &updates {
        // The remote has just said where its refs are; that beats what was last fetched.
        if update.old.is_zero() {
            refs.remove(&update.name);
        } else {
            let moved = |error: Error| Error { help: format!("the remote has moved: git fetch {remote}"), ..error };
            repo.kind(update.old).map_err(moved)?;
            refs.insert(update.name.clone(), update.old);
        }
    }
    let bootstrap = refs.is_empty();
    Ok(Told::from(judge(&repo, &policy, &Push::new(refs, updates, bootstrap).preview(), now)))
}

fn pre_commit(policy: Option<&Path>, env: &Env, answer: Answer, now: jiff::Timestamp) -> Result<Told> {
    let repo = Repo::open_hook(env)?;
    let View { refs, policy, .. } = View::take(&repo, Asked { policy, ..Asked::default() })?;
    answer.limit(policy.limits.seconds, None);
    // A commit on no branch goes nowhere yet; as a branch of its own it meets the rules for what any branch may hold.
    let name = repo.head()?.unwrap_or_else(|| BString::from("refs/heads/detached-head"));
    let judge = |new| {
        let mut refs = refs.clone();
        let update = check::update(&mut refs, &policy, name.clone(), new);
        let bootstrap = refs.is_empty();
        let push = Push::new(refs, vec![update], bootstrap).preview().drafting(new);
        Verdict { again: Some(check::STAGED.to_owned()), ..judge(&repo, &policy, &push, now) }
    };
    let verdict = judge(repo.staged_commit(env)?);
    let refused = verdict.decision == Decision::Refuse;
    // Where that cannot be found out, the refusal stands.
    let amended = refused.then(|| amended(&repo, &policy, &refs, env, &judge)).and_then(|found| found.ok().flatten());
    Ok(amended.unwrap_or(Told::from(verdict)))
}

/// Git does not tell the hook that it amends. When what is staged passes in `HEAD`'s place, the commit may go on: where
/// it is not meant so, the server refuses it. `None` when it does not pass, or when `HEAD` is promoted already and so
/// is nobody's to amend.
fn amended(
    repo: &Repo,
    policy: &Policy,
    refs: &RefMap,
    env: &Env,
    judge: &dyn Fn(Oid) -> Verdict,
) -> Result<Option<Told>> {
    let Some(new) = repo.staged_amend(env)? else { return Ok(None) };
    let head = repo.resolve("HEAD")?;
    for (_, tip) in refs.iter().filter(|(name, _)| policy.is_protected(name.as_bstr())) {
        if repo.is_ancestor(head, *tip)? {
            return Ok(None);
        }
    }
    let verdict = judge(new);
    let note = "this holds for git commit --amend only: as a commit of its own the server would refuse it";
    let passes = verdict.decision == Decision::Accept;
    Ok(passes.then(|| Told { notes: vec![note.to_owned()], ..Told::from(verdict) }))
}
