//! The one function that every entry calls: ref updates in, verdict out.

use bstr::ByteSlice;
use sha2::{Digest, Sha256};

use crate::change::{self, ChangeSet, Push, WayKind};
use crate::digest::hex;
use crate::engine;
use crate::error::{Error, Kind};
use crate::finding::{Decision, Finding, UpdateVerdict, Verdict};
use crate::git::Repo;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::refs::RefUpdate;
use crate::statement::place::{Place, STATEMENT};
use crate::statement::waiver::Override;

/// Judges a push. Nothing outside the arguments is asked: same repository, policy, push and time, same verdict.
pub fn judge(repo: &Repo, policy: &Policy, push: &Push, now: jiff::Timestamp) -> Verdict {
    let verdict = decide(repo, policy, push, now);
    if verdict.problem.is_some() {
        return verdict;
    }
    Verdict { input: Some(input(repo, policy, push)), policy: Some(policy.digest()), ..verdict }
}

/// The same without the digests of what was judged by what, for whoever judges thousands of pushes by one policy.
pub fn decide(repo: &Repo, policy: &Policy, push: &Push, now: jiff::Timestamp) -> Verdict {
    let needs = |class| engine::needs(policy, class);
    let loaded = match change::load(repo, policy, push, &needs, now) {
        Ok(loaded) => loaded,
        Err(error) => return without_judging(error),
    };
    let mut updates = Vec::new();
    let mut overrides = Vec::new();
    let mut bootstrap = false;
    for (update, sets) in push.updates.iter().zip(loaded) {
        let judged = sets.map(|sets| {
            let best = engine::run(policy, push, &sets, now);
            best.map(|(set, findings)| (set.clone(), findings))
        });
        bootstrap |= matches!(&judged, Ok(Some((set, _))) if set.bootstrap);
        if let Ok(Some((set, findings))) = &judged
            && !findings.iter().any(Finding::refuses)
        {
            overrides.extend(stated(set));
        }
        updates.push(match judged {
            Ok(Some((set, findings))) => verdict_on(&set, findings),
            Ok(None) => undecided(policy, update, Error::undecided("there is nothing to judge")),
            Err(error) => undecided(policy, update, error),
        });
    }
    let overrides = engine::waive(&mut updates, &overrides);
    let findings = updates.iter().flat_map(|update| &update.findings);
    let problems = updates.iter().filter_map(|update| update.problem.as_ref());
    let decision = engine::decide(findings, problems);
    let actor = push.actor.clone();
    Verdict { decision, actor, input: None, policy: None, problem: None, overrides, updates, bootstrap, again: None }
}

/// The verdict on a push of which not even the judging could begin.
pub fn without_judging(error: Error) -> Verdict {
    let decision = match error.kind {
        Kind::Malformed => Decision::Refuse,
        Kind::Undecided | Kind::Usage => Decision::Undecided,
    };
    Verdict {
        decision,
        actor: None,
        input: None,
        policy: None,
        problem: Some(error),
        overrides: Vec::new(),
        updates: Vec::new(),
        bootstrap: false,
        again: None,
    }
}

/// What an override says, where one stands behind the update's ref. Whether it holds is the rules' business.
fn stated(set: &ChangeSet) -> Option<Override> {
    let Some(Place::Override { .. }) = Place::parse(set.update.name.as_bstr()) else { return None };
    let files = set.statement.as_ref()?.files.as_ref().ok()?;
    Override::parse(files.top.get(STATEMENT.as_bytes().as_bstr())?).ok()
}

fn verdict_on(set: &ChangeSet, findings: Vec<Finding>) -> UpdateVerdict {
    UpdateVerdict {
        name: set.update.name.clone(),
        old: set.update.old,
        new: set.update.new,
        class: set.class.name(),
        base: set.base,
        commits: set.content.commits,
        findings,
        problem: None,
        source: set.way.as_ref().filter(|way| way.kind != WayKind::Rollback).map(|way| way.source.clone()),
        task: set.task.as_ref().map(|task| task.name.clone()),
        way: set.way.as_ref().map(|way| way.kind.name()),
        restores: set.rollback.as_ref().and_then(|rollback| rollback.claim.as_ref()).map(|claim| claim.to),
    }
}

fn undecided(policy: &Policy, update: &RefUpdate, problem: Error) -> UpdateVerdict {
    UpdateVerdict {
        name: update.name.clone(),
        old: update.old,
        new: update.new,
        class: policy.classify(update.name.as_slice().into()).name(),
        base: None,
        commits: 0,
        findings: Vec::new(),
        problem: Some(problem),
        source: None,
        task: None,
        way: None,
        restores: None,
    }
}

/// SHA-256, hex, over what the verdict rests on beside the objects that these name: object format, policy, every update
/// with the value that the server holds and the ref that is in its way, every protected branch's old tip, the branches
/// at the places of a protected branch's new tip, the push certificate where one is asked for, and whether a first push is
/// awaited. The clock is not part of it.
fn input(repo: &Repo, policy: &Policy, push: &Push) -> String {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(b"refgate.input/1");
    part(repo.format().name().as_bytes());
    policy.trust.digests.iter().for_each(|digest| part(digest.as_bytes()));
    let with_statements = push.updates.iter().any(|update| Place::parse(update.name.as_bstr()).is_some());
    // What statements are held against, and a clone does not know.
    if with_statements || !policy.signing.roles.is_empty() {
        part(policy.repository_id.as_deref().unwrap_or_default().as_bytes());
    }
    if with_statements {
        part(push.actor.as_deref().unwrap_or_default().as_bytes());
        push.spent.iter().for_each(|(id, spent)| part(format!("{id} {spent:?}").as_bytes()));
    }
    let asks = |update: &RefUpdate| policy.signatures_on(update.name.as_bstr()).any(|table| table.push);
    if with_statements || push.updates.iter().any(asks) {
        part(push.certificate.facts().as_bytes());
    }
    part(policy.digest().as_bytes());
    part(&[u8::from(push.bootstrap), u8::from(push.refs.is_empty()), u8::from(push.refs.contains_key(&policy.trunk))]);
    let documents = [&b"refs/refgate/checks/"[..], b"refs/refgate/policy/", b"refs/refgate/withdrawals/"];
    for (name, value) in push.refs.iter().filter(|(name, _)| documents.iter().any(|folder| name.starts_with(folder))) {
        part(name);
        part(value.as_bytes());
    }
    for update in &push.updates {
        let name = update.name.as_bstr();
        part(name);
        part(update.old.as_bytes());
        part(update.new.as_bytes());
        part(push.refs.get(name).map(Oid::as_bytes).unwrap_or_default());
        part(push.other_spelling(name).or(push.in_the_way(name)).unwrap_or_default());
        if policy.is_protected(name) {
            let parents = repo.node(update.new).map(|node| node.parents.clone()).unwrap_or_default();
            let tips = push.refs.iter().filter(|(_, value)| **value == update.new || parents.contains(value));
            for (name, value) in tips.filter(|(name, _)| name.starts_with(b"refs/heads/")) {
                part(name);
                part(value.as_bytes());
            }
        }
    }
    for (name, value) in push.refs.iter().filter(|(name, _)| policy.is_protected(name.as_bstr())) {
        part(name);
        part(value.as_bytes());
    }
    hex(&digest.finalize())
}
