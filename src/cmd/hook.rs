//! `refgate hook NAME`: the same judge behind each of Git's hooks. They differ only in where the updates come from.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::answer::{Answer, Told};
use super::check;
use super::client::{Asked, View};
use crate::actor::ActorSource;
use crate::change::{Push, Spent};
use crate::cli::{Hook, HookName};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::{Decision, Verdict};
use crate::git::Repo;
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::policy::load::{damaged, for_server, server_folder};
use crate::refs::{RefMap, RefUpdate, parse_push, parse_receive, parse_update};
use crate::rules;

mod certificate;
mod hint;
mod single_use;

use certificate::{Presented, Reservation};
use single_use::Notes;

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
            receive(env, answer, now, *guarded, |repo| parse_receive(&input()?, repo.format()))
        }
        HookName::Update { name, old, new } => receive(env, answer, now, false, |repo| {
            let name = name.as_encoded_bytes();
            parse_update(name, old.as_bytes(), new.as_bytes(), repo.format()).map(|update| vec![update])
        }),
    };
    let claimed = answer.claim();
    // Only an answer that is given may use anything up.
    claimed.write(&judged.and_then(Judged::settle).unwrap_or_else(Told::from))
}

/// What was judged, and what accepting it uses up: the one-time bootstrap, the push certificate.
struct Judged {
    told: Told,
    token: Option<PathBuf>,
    reservation: Option<Reservation>,
    overrides: Option<(Notes, BTreeMap<String, Spent>)>,
}

impl From<Told> for Judged {
    fn from(told: Told) -> Self {
        Self { told, token: None, reservation: None, overrides: None }
    }
}

impl Judged {
    fn settle(self) -> Result<Told> {
        self.reservation.map_or(Ok(()), |reservation| reservation.make())?;
        self.token.map_or(Ok(()), |token| use_up(&token))?;
        if let Some((notes, known)) = self.overrides {
            notes.reserve(&self.told.verdict.overrides, &known)?;
        }
        Ok(self.told)
    }
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

fn receive(
    env: &Env,
    answer: Answer,
    now: jiff::Timestamp,
    guarded: bool,
    updates: impl FnOnce(&Repo) -> Result<Vec<RefUpdate>>,
) -> Result<Judged> {
    if let Some(namespace) = &env.namespace {
        // Git keeps these refs below refs/namespaces/ and tells the hook their short names: others would be judged.
        let shown = escape::quote_path(namespace.as_encoded_bytes());
        return Err(Error::undecided(format!("the push goes to the namespace {shown} of this repository")).help(
            "refgate judges no namespaces: give each of them a repository of its own (alternates share objects)",
        ));
    }
    let repo = Repo::open_hook(env)?;
    if guarded && !server_folder(&repo).try_exists()? {
        return Err(damaged());
    }
    let refs = repo.refs()?;
    let policy = for_server(&repo, &refs, &rules::ids())?;
    // Before the input is read: whoever holds the other end open must not keep the process alive.
    answer.limit(policy.limits.seconds);
    let updates = updates(&repo)?;
    let Presented { certificate, reservation } = certificate::present(&repo, &policy, env, &updates, now)?;
    let named = match &policy.actor {
        ActorSource::PushCertificate => certificate::signer(&certificate)?,
        source => Env::identity(source),
    };
    let actor = policy.actor.actor(named)?;
    let names = updates.iter().map(|update| &update.name).chain([&policy.trunk]);
    // What stands outside refs/ is no branch, and the rules say so.
    for name in names.filter(|name| name.starts_with(b"refs/") && !refs.contains_key(*name)) {
        direct(&repo, name)?;
    }
    let token = server_folder(&repo).join(BOOTSTRAP);
    let notes = Notes::of(&repo);
    notes.settle(&refs)?;
    let spent = notes.on(&updates, now)?;
    let push = Push::new(refs, updates, token.is_file()).by(actor).certified(certificate).after(spent.clone());
    let verdict = judge(&repo, &policy, &push, now);
    let accepted = verdict.decision == Decision::Accept;
    let spends = verdict.bootstrap && accepted;
    let reservation = reservation.filter(|_| accepted);
    let overrides = accepted.then_some((notes, spent));
    let told = Told { notes: hint::on(&policy, &push, &verdict), verdict };
    Ok(Judged { told, token: Some(token).filter(|_| spends), reservation, overrides })
}

/// What a push calls by the name of a symbolic ref is another ref, with other rules; so is what stands behind a link of
/// the file system, which the list of refs leaves out.
fn direct(repo: &Repo, name: &BString) -> Result<()> {
    let Some(other) = repo.unlisted(name.as_bstr())? else { return Ok(()) };
    let message = format!("{} is {other}, so a push to it would move what has another name", escape::quote_path(name));
    Err(Error::undecided(message).help(
        "push to the branch itself; the trusted ref must be one: refgate install server --repo DIR --trusted-ref BRANCH",
    ))
}

/// Takes the bootstrap away before the answer is written. Of two first pushes at once, one finds it gone and is
/// refused.
fn use_up(token: &Path) -> Result<()> {
    let gone = fs_err::remove_file(token).and_then(|()| match token.parent() {
        Some(folder) => fs_err::File::open(folder)?.sync_all(),
        None => Ok(()),
    });
    gone.map_err(|error| {
        Error::undecided(format!("the one-time bootstrap cannot be used up: {error}"))
            .help("another first push was faster, or the hook's user may not write in the gate's folder")
    })
}

/// Whether a push goes to none of these remotes, by name or by URL. Where that cannot be found out, it is judged.
fn is_elsewhere(remote: &str, only: &[String], env: &Env) -> bool {
    let Ok(repo) = Repo::open_hook(env) else { return false };
    let name = repo.remotes().into_iter().find(|name| name == remote).or_else(|| repo.remote_for_url(remote));
    !only.iter().any(|only| only == remote || name.as_ref().is_some_and(|name| name == only.as_str()))
}

fn pre_push(remote: &str, policy: Option<&Path>, env: &Env, answer: Answer, now: jiff::Timestamp) -> Result<Judged> {
    let repo = Repo::open_hook(env)?;
    let View { mut refs, policy, .. } = View::take(&repo, Asked { remote: Some(remote), trunk: None, policy })?;
    answer.limit(policy.limits.seconds);
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
    Ok(Told::from(judge(&repo, &policy, &Push::new(refs, updates, bootstrap).preview(), now)).into())
}

fn pre_commit(policy: Option<&Path>, env: &Env, answer: Answer, now: jiff::Timestamp) -> Result<Judged> {
    let repo = Repo::open_hook(env)?;
    let View { refs, policy, .. } = View::take(&repo, Asked { policy, ..Asked::default() })?;
    answer.limit(policy.limits.seconds);
    // A commit on no branch goes nowhere yet; as a branch of its own it meets the rules for what any branch may hold.
    let name = repo.head()?.unwrap_or_else(|| BString::from("refs/heads/detached-head"));
    let judge = |new| {
        let mut refs = refs.clone();
        let update = check::update(&mut refs, &policy, name.clone(), new);
        let bootstrap = refs.is_empty();
        let push = Push::new(refs, vec![update], bootstrap).preview().drafting(new);
        judge(&repo, &policy, &push, now)
    };
    let verdict = judge(repo.staged_commit(env)?);
    let refused = verdict.decision == Decision::Refuse;
    // Where that cannot be found out, the refusal stands.
    let amended = refused.then(|| amended(&repo, &policy, &refs, env, &judge)).and_then(|found| found.ok().flatten());
    Ok(amended.unwrap_or(Told::from(verdict)).into())
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
    Ok(passes.then(|| Told { verdict, notes: vec![note.to_owned()] }))
}
