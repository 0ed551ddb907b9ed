//! `refgate drift check`: the judge, and of its findings those of drift.

use bstr::ByteSlice as _;
use jiff::Timestamp;

use super::{State, leave_drift, push, unprotected};
use crate::change::Push;
use crate::cli::drift::{Check, Mode as Asked};
use crate::cmd::answer::{Answer, Told};
use crate::drift::config::Mode;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Verdict;
use crate::judge::judge;
use crate::report::human::shell_word;

/// Runs the command.
pub fn run(args: &Check, env: &Env, now: Timestamp) -> u8 {
    let answer = Answer::person(args.format, env);
    let told = judged(args, env, now, &|seconds| answer.limit(seconds, None)).unwrap_or_else(Told::from);
    answer.claim().write(&told)
}

fn judged(args: &Check, env: &Env, now: Timestamp, limit: &dyn Fn(u64)) -> Result<Told> {
    let state = State::of(&args.state, env)?;
    limit(state.policy.limits.seconds);
    let mode = match args.mode {
        Some(Asked::Introduced) => Mode::Introduced,
        Some(Asked::Absolute) => Mode::Absolute,
        None => state.config.mode,
    };
    let verdict = verdict(&state, mode, args.base.as_deref(), args.at.unwrap_or(now))?;
    let words = [
        args.state.rev.as_ref().map(|rev| format!(" {}", shell_word(rev.as_bytes()))),
        args.mode.map(|_| format!(" --mode {}", mode.name())),
        args.base.as_ref().map(|base| format!(" --base {}", shell_word(base.as_bytes()))),
    ];
    let words: String = words.into_iter().flatten().collect();
    let verdict = Verdict { again: Some(format!("refgate drift check{words} --format json")), ..verdict };
    let mut notes = vec![format!("drift alone, mode {}, of {}", mode.name(), state.name())];
    if state.branch.is_none() {
        notes.push("this is the tip of no branch, so no approval counts: refgate drift check BRANCH".to_owned());
    }
    Ok(Told { notes, ..Told::from(verdict) })
}

/// The verdict on the state, as the push that would bring it: what the rules of drift find, and nothing else.
pub(super) fn verdict(state: &State, mode: Mode, base: Option<&str>, now: Timestamp) -> Result<Verdict> {
    let mut policy = state.policy.clone();
    if let Some(config) = &mut policy.drift {
        config.mode = mode;
    }
    let mut refs = state.refs.clone();
    if let Some(base) = base {
        let own = state.branch.as_ref().filter(|name| policy.is_protected(name.as_bstr()));
        refs.insert(own.unwrap_or(&policy.trunk).clone(), super::commit(&state.repo, base, None)?);
    }
    let is_empty = !refs.keys().any(|name| name.starts_with(b"refs/heads/"));
    if !is_empty && !refs.contains_key(&policy.trunk) {
        let shown = escape::quote_path(&policy.trunk);
        return Err(Error::undecided(format!(
            "the trusted ref {shown} was not seen, so there is nothing to compare with"
        ))
        .help("git fetch, or name the base: refgate drift check --base REV"));
    }
    let name = match &state.branch {
        // Nothing is there yet: all that is to come is new.
        _ if is_empty => policy.trunk.clone(),
        Some(name) if !policy.is_protected(name.as_bstr()) => name.clone(),
        // A protected branch that moves forward may be a promotion, and its task has an approval.
        Some(name) => match refs.get(name).copied() {
            Some(held) if held != state.commit && state.repo.is_ancestor(held, state.commit)? => name.clone(),
            _ => unprotected(&policy)?,
        },
        None => unprotected(&policy)?,
    };
    if policy.is_protected(name.as_bstr()) {
        // A task that only the clone has yet is taken as pushed.
        let _ = push::push_first(&policy, &state.repo.refs()?, &mut refs, state.commit, name.as_bstr());
    }
    let update = push::update(&mut refs, &policy, name, state.commit);
    let mut asked = Push::new(refs, vec![update], is_empty).preview();
    if state.staged {
        asked = asked.drafting(state.commit);
    }
    let mut verdict = judge(&state.repo, &policy, &asked, now);
    leave_drift(&mut verdict);
    // Judged as a branch that moves as it likes, and told by its own name.
    if let (Some(own), [update]) = (&state.branch, verdict.updates.as_mut_slice()) {
        update.name.clone_from(own);
    }
    Ok(verdict)
}
