//! The server's side: a push is judged, what accepting it uses up is used up, and the answer is written down before it
//! is given.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::certificate::{self, Presented, Reservation};
use super::ledger::{Book, Late};
use super::single_use::SingleUse;
use super::{BOOTSTRAP, hint};
use crate::actor::ActorSource;
use crate::change::Push;
use crate::cmd::answer::{Answer, Claimed, Told};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Decision;
use crate::git::Repo;
use crate::judge::judge;
use crate::ledger::record::Evidence;
use crate::policy::Policy;
use crate::policy::load::{damaged, for_server, server_folder};
use crate::refs::{RefMap, RefUpdate};
use crate::rules;

/// What a push comes with, beside its updates.
pub struct Arrival<'a> {
    /// What Git says.
    pub env: &'a Env,
    /// What a source says of who pushes.
    pub identity: &'a dyn Fn(&ActorSource) -> Option<OsString>,
    /// When the push came.
    pub now: jiff::Timestamp,
    /// Whether a gate was installed here.
    pub guarded: bool,
}

/// Who answers, and by when.
pub trait Clock {
    /// So many seconds are left from here on; `late` writes the clock's own answer down.
    fn limit(&mut self, seconds: u64, late: Option<Late>);
    /// The answer is about to be given: whoever comes later never does.
    fn claim(&mut self);
}

/// The process's own clock, and what it gave the right to answer to.
struct Once(Answer, Option<Claimed>);

impl Clock for Once {
    fn limit(&mut self, seconds: u64, late: Option<Late>) {
        self.0.limit(seconds, late);
    }

    fn claim(&mut self) {
        self.1 = Some(self.0.claim());
    }
}

/// Judges a push, writes the answer down and gives it. `guarded` says that a gate was installed here.
pub(super) fn run(
    env: &Env,
    answer: Answer,
    now: jiff::Timestamp,
    guarded: bool,
    updates: impl FnOnce(&Repo) -> Result<Vec<RefUpdate>>,
) -> u8 {
    let mut once = Once(answer, None);
    let (told, book) = settle(&Arrival { env, identity: &Env::identity, now, guarded }, &mut once, updates);
    let code = once.1.unwrap_or_else(|| answer.claim()).write(&told);
    book.iter().for_each(Book::tell);
    code
}

/// Judges a push and writes the answer down; after this it may be given.
pub fn decide(
    arrival: &Arrival<'_>,
    clock: &mut dyn Clock,
    updates: impl FnOnce(&Repo) -> Result<Vec<RefUpdate>>,
) -> Told {
    settle(arrival, clock, updates).0
}

/// The answer, and the book that it stands in.
fn settle(
    arrival: &Arrival<'_>,
    clock: &mut dyn Clock,
    updates: impl FnOnce(&Repo) -> Result<Vec<RefUpdate>>,
) -> (Told, Option<Book>) {
    let opened = open(arrival.env, arrival.guarded).and_then(|repo| Ok((Book::of(&repo, arrival.now)?, repo)));
    let (book, repo) = match opened {
        Ok(opened) => opened,
        Err(error) => return (error.into(), None),
    };
    let gate = Gate::of(&repo);
    let book = book.map(|book| book.held_against(gate.as_ref().ok()));
    let judged = gate.as_ref().map_err(Error::clone).and_then(|gate| {
        // Before the input is read: whoever holds the other end open must not keep the process alive.
        clock.limit(gate.policy.limits.seconds, book.as_ref().map(Book::late));
        gate.judge(arrival, book.as_ref(), updates)
    });
    clock.claim();
    // Only an answer that is given may use anything up.
    let settled = judged.and_then(Judged::settle).unwrap_or_else(|error| Settled::from(Told::from(error)));
    let told = match &book {
        Some(book) => book.record(settled, gate.as_ref().ok()),
        None => settled.told,
    };
    (told, book)
}

fn open(env: &Env, guarded: bool) -> Result<Repo> {
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
    Ok(repo)
}

/// What a server judges by.
pub(super) struct Gate<'r> {
    pub(super) repo: &'r Repo,
    pub(super) refs: RefMap,
    pub(super) policy: Policy,
}

/// What was judged, and what accepting it uses up: the one-time bootstrap and the push certificate, which are gone before the
/// answer is written down, and overrides, which are used by its being written down.
struct Judged {
    told: Told,
    token: Option<PathBuf>,
    reservation: Option<Reservation>,
    overrides: Option<SingleUse>,
    evidence: BTreeMap<String, Evidence>,
}

/// An answer that nothing stands in the way of any more but that it must be written down.
pub(super) struct Settled {
    pub(super) told: Told,
    /// The bytes of each override that the answer rests on, by its id.
    pub(super) evidence: BTreeMap<String, Evidence>,
    /// What was known of the overrides that an acceptance brings.
    pub(super) overrides: Option<SingleUse>,
}

impl From<Told> for Settled {
    fn from(told: Told) -> Self {
        Self { told, evidence: BTreeMap::new(), overrides: None }
    }
}

impl Judged {
    fn settle(self) -> Result<Settled> {
        self.reservation.map_or(Ok(()), |reservation| reservation.make())?;
        self.token.map_or(Ok(()), |token| use_up(&token))?;
        Ok(Settled { told: self.told, evidence: self.evidence, overrides: self.overrides })
    }
}

impl<'r> Gate<'r> {
    pub(super) fn of(repo: &'r Repo) -> Result<Self> {
        let refs = repo.refs()?;
        let policy = for_server(repo, &refs, &rules::ids())?;
        Ok(Self { repo, refs, policy })
    }

    /// `book` is told who asks for what as soon as that is known: an answer that comes before the verdict says so too.
    fn judge(
        &self,
        arrival: &Arrival<'_>,
        book: Option<&Book>,
        updates: impl FnOnce(&Repo) -> Result<Vec<RefUpdate>>,
    ) -> Result<Judged> {
        let Self { repo, refs, policy } = self;
        let Arrival { env, now, .. } = *arrival;
        let told = match &policy.actor {
            ActorSource::PushCertificate => None,
            source => Some(policy.actor.actor((arrival.identity)(source))),
        };
        let asked_by = |actor: &Option<String>| book.iter().for_each(|book| book.asked_by(actor.as_deref()));
        told.iter().flatten().for_each(asked_by);
        let updates = updates(repo)?;
        book.iter().for_each(|book| book.asked_for(policy, &updates));
        let Presented { certificate, reservation } = certificate::present(repo, policy, env, &updates, now)?;
        let actor = match told {
            Some(told) => told?,
            None => policy.actor.actor(certificate::signer(&certificate)?)?,
        };
        asked_by(&actor);
        let names = updates.iter().map(|update| &update.name).chain([&policy.trunk]);
        // What stands outside refs/ is no branch, and the rules say so.
        for name in names.filter(|name| name.starts_with(b"refs/") && !refs.contains_key(*name)) {
            direct(repo, name)?;
        }
        let token = server_folder(repo).join(BOOTSTRAP);
        let overrides = SingleUse::look(repo, &updates, now)?;
        let push = Push::new(refs.clone(), updates, token.is_file());
        let push = push.by(actor).certified(certificate).after(overrides.known().clone());
        let verdict = judge(repo, policy, &push, now);
        let accepted = verdict.decision == Decision::Accept;
        let spends = verdict.bootstrap && accepted;
        let reservation = reservation.filter(|_| accepted);
        let overrides = Some(overrides).filter(|_| accepted);
        let evidence = if accepted { super::ledger::evidence(repo, policy, &push, &verdict)? } else { BTreeMap::new() };
        let told = Told { notes: hint::on(policy, &push, &verdict), verdict, receipt: None };
        Ok(Judged { told, token: Some(token).filter(|_| spends), reservation, overrides, evidence })
    }
}

/// What a push calls by the name of a symbolic ref is another ref, with other rules; so is what stands behind a link of
/// the file system, which the list of refs leaves out.
fn direct(repo: &Repo, name: &BString) -> Result<()> {
    let Some(other) = repo.unlisted(name.as_bstr())? else { return Ok(()) };
    if repo.refs()?.contains_key(name) {
        let message = format!("{} was made by another push meanwhile", escape::quote_path(name));
        return Err(Error::undecided(message).help("fetch what is there now, and push again"));
    }
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
