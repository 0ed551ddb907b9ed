//! `refgate check`: the verdict that the server would give, before pushing.

use bstr::{BStr, BString, ByteSlice};

use super::answer::{Answer, Told};
use super::client::{View, branch};
use crate::change::{Certificate, Push};
use crate::cli::Check;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::git::{ObjectKind, Repo};
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::refs::{RefMap, RefUpdate};
use crate::report::human::shell_word;

pub(super) mod with_overrides;

/// Judges what is staged, and tells everything: the commit that it would become is nowhere to be named.
pub(super) const STAGED: &str = "refgate check --staged --format json";

/// Runs the command.
pub fn run(args: &Check, env: &Env, now: jiff::Timestamp) -> u8 {
    let answer = Answer::person(args.format, env);
    let limit = |seconds| answer.limit(seconds, None);
    let told = judged(args, None, env, now, &limit).map_or_else(Told::from, |judged| judged.told);
    answer.claim().write(&told)
}

/// A verdict, and what it rests on.
pub(super) struct Judged {
    pub(super) repo: Repo,
    pub(super) policy: Policy,
    pub(super) told: Told,
}

/// Judges the update; `old` is the value that its ref is said to have on the server, and `limit` hears how many seconds
/// that may take.
pub(super) fn judged(
    args: &Check,
    old: Option<Oid>,
    env: &Env,
    now: jiff::Timestamp,
    limit: &dyn Fn(u64),
) -> Result<Judged> {
    let (repo, View { mut refs, policy, remote }) = View::open(&args.seen, env)?;
    limit(policy.limits.seconds);
    let name = match &args.name {
        Some(name) => branch(name),
        None => repo.head()?.ok_or_else(|| {
            Error::usage("HEAD is detached, so there is no current branch")
                .help("name the ref: refgate check --ref <branch>")
        })?,
    };
    let new = if args.staged { repo.staged_commit(env)? } else { head(&repo, &args.head, remote.as_ref())? };
    if let Some(base) = &args.base {
        let (kind, tip) = repo.peel(repo.resolve(base)?)?;
        if kind != ObjectKind::Commit {
            return Err(Error::usage("--base names no commit"));
        }
        let target = if policy.is_protected(name.as_bstr()) { name.clone() } else { policy.trunk.clone() };
        refs.insert(target, tip);
    }
    match old {
        Some(zero) if zero.is_zero() => _ = refs.remove(&name),
        Some(old) => _ = refs.insert(name.clone(), old),
        None => {}
    }
    let mut notes = Vec::new();
    match &remote {
        None => notes.push("there is no remote: judged as if this repository were the server".to_owned()),
        Some(remote) if refs.is_empty() => {
            let remote = shell_word(remote);
            notes.push(format!("nothing was fetched from {remote} yet, so it is taken for empty: git fetch {remote}"));
        }
        Some(_) => {}
    }
    let server = remote.as_ref().map_or("the repository".to_owned(), |remote| shell_word(remote));
    let update = if policy.is_protected(name.as_bstr()) && refs.get(&name) == Some(&new) {
        if args.base.is_some() {
            return Err(Error::usage("--base and the new value are one commit, so there is nothing to judge")
                .help("name the tip that the branch had before: refgate check --base <REV>"));
        }
        notes.push(format!("there is nothing to push: {server} was last seen to hold this very commit there"));
        RefUpdate { name, old: new, new }
    } else {
        if policy.is_protected(name.as_bstr())
            && let Some(task) = push_first(&policy, &repo.refs()?, &mut refs, new, branch(&args.head).as_bstr())
        {
            let task = shell_word(task.strip_prefix(b"refs/heads/").unwrap_or(&task));
            notes.push(format!("as if {task} were pushed first: git push {server} {task}"));
        }
        update(&mut refs, &policy, name, new)
    };
    let bootstrap = refs.is_empty();
    let (overrides, asked) = with_overrides::find(args, &repo, &policy, &update)?;
    notes.extend(asked);
    for made in &overrides {
        refs.remove(&made.name);
    }
    let updates = std::iter::once(update).chain(overrides).collect();
    let mut push = Push::new(refs, updates, bootstrap).by(args.actor.clone());
    // With an event it is CI that judges, where no server of yours does: nothing is left for later.
    push = match args.event {
        Some(_) => push.certified(Certificate::Unseen),
        None => push.preview(),
    };
    if args.staged {
        push = push.drafting(new);
    }
    let mut verdict = judge(&repo, &policy, &push, args.at.unwrap_or(now));
    verdict.again = args.staged.then(|| STAGED.to_owned());
    Ok(Judged { repo, policy, told: Told { notes, ..Told::from(verdict) } })
}

/// The object that a person means: a branch that nobody has checked out here is the remote's.
pub(super) fn head(repo: &Repo, revision: &str, remote: Option<&BString>) -> Result<Oid> {
    let Some(remote) = remote else { return repo.resolve(revision) };
    let theirs = || repo.resolve(&format!("refs/remotes/{remote}/{revision}")).ok();
    repo.resolve(revision).or_else(|error| theirs().ok_or(error))
}

/// A promotion takes up what the server holds, and a task branch gets there by a push that it allows. One that only
/// the clone has at `new` is therefore taken as pushed: its name, or `None` where nothing had to be assumed.
pub(super) fn push_first(
    policy: &Policy,
    local: &RefMap,
    refs: &mut RefMap,
    new: Oid,
    named: &BStr,
) -> Option<BString> {
    let at_new = |refs: &RefMap| -> Vec<BString> {
        let tasks = refs.iter().filter(|(name, value)| **value == new && policy.task_of(name.as_bstr()).is_some());
        tasks.map(|(name, _)| name.clone()).collect()
    };
    if !at_new(refs).is_empty() {
        return None;
    }
    let tasks = at_new(local);
    let task = tasks.iter().find(|task| *task == named).or(tasks.first())?.clone();
    refs.insert(task.clone(), new);
    Some(task)
}

/// The update that a push would ask for. A branch that the server holds at this very value is judged as a new one, so
/// that the answer says something.
pub(super) fn update(refs: &mut RefMap, policy: &Policy, name: BString, new: Oid) -> RefUpdate {
    if refs.get(&name) == Some(&new) && !policy.is_protected(name.as_bstr()) {
        refs.remove(&name);
    }
    let old = refs.get(&name).copied().unwrap_or(Oid::zero(new.format()));
    RefUpdate { name, old, new }
}
