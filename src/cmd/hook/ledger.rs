//! What a server writes down of each push before it answers, and what became of it afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bstr::{BStr, BString, ByteSlice as _};

use super::mirror;
use super::receive::{Gate, Settled};
use super::single_use::{Index, SingleUse};
use crate::change::{Push, Retained};
use crate::cmd::answer::Told;
use crate::cmd::notify::Outbox;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::{Decision, Verdict};
use crate::git::Repo;
use crate::ledger::record::{Decided, Evidence, Moved, Opened, Update, digest_of};
use crate::ledger::{FOLDER, Ledger, MIRROR, Receipt, Writer};
use crate::oid::Oid;
use crate::policy::Policy;
use crate::policy::load::{self, server_folder};
use crate::refs::{RefMap, RefUpdate, parse_receive};
use crate::rules;
use crate::statement::place::{Place, STATEMENT, is_signature_of};

/// The ledger of the repository that a push goes to.
#[derive(Clone)]
pub(super) struct Book {
    ledger: Ledger,
    used: Index,
    /// Who is told of it afterwards.
    outbox: Option<Outbox>,
    now: jiff::Timestamp,
    /// What the mirror knew before the push was judged.
    mirrored: Result<Option<Receipt>>,
    /// What an answer without a verdict is about: the judge's thread learns it, and the clock's may need it.
    asked: Arc<Mutex<Asked>>,
}

/// Who asks for what, as far as that is known.
#[derive(Default)]
struct Asked {
    actor: Option<String>,
    updates: Vec<Update>,
}

/// What the clock does with an answer that it gives in the judge's stead.
pub type Late = Box<dyn FnOnce(Told) -> Told + Send>;

impl Book {
    /// `None` where no gate is installed, so that there is no place for one.
    ///
    /// # Errors
    /// That cannot be found out: a decision that might have to be recorded must not go ahead.
    pub(super) fn of(repo: &Repo, now: jiff::Timestamp) -> Result<Option<Self>> {
        let folder = server_folder(repo);
        let ledger = Ledger::open(&folder.join(FOLDER));
        let used = Index::of(&folder);
        let open =
            || Self { ledger, used, outbox: Outbox::of_hook(repo), now, mirrored: Ok(None), asked: Arc::default() };
        Ok(folder.try_exists()?.then(open))
    }

    /// The same, held against the mirror as it stood when the refs were read: the ledger only grows, and the mirror gets
    /// what stands there already.
    pub(super) fn held_against(self, gate: Option<&Gate<'_>>) -> Self {
        Self { mirrored: gate.map_or(Ok(None), |gate| mirror::end(gate.repo, &gate.refs)), ..self }
    }

    /// Notes who pushes, before anything is decided.
    pub(super) fn asked_by(&self, actor: Option<&str>) {
        self.asked().actor = actor.map(str::to_owned);
    }

    /// Notes what is asked for, before anything is decided.
    pub(super) fn asked_for(&self, policy: &Policy, updates: &[RefUpdate]) {
        let update = |RefUpdate { name, old, new }: &RefUpdate| Update {
            moved: Moved { name: name.clone(), old: *old, new: *new },
            class: policy.classify(name.as_bstr()).name().to_owned(),
            task: None,
            source: None,
            way: None,
            problem: None,
            counts: BTreeMap::new(),
            findings: Vec::new(),
        };
        self.asked().updates = updates.iter().map(update).collect();
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is written down of a verdict. One that could not even begin to judge names nobody and no ref; the record does.
    fn decided(&self, verdict: &Verdict, evidence: &BTreeMap<String, Evidence>) -> Decided {
        let decided = Decided::of(verdict, evidence);
        if decided.problem.is_none() {
            return decided;
        }
        let asked = self.asked();
        Decided { actor: asked.actor.clone(), updates: asked.updates.clone(), ..decided }
    }

    /// Writes an answer down. An acceptance that cannot be written down is none; what lets nothing in stands, and says
    /// so. `gate` is what was judged by, where that could be read.
    pub(super) fn record(&self, settled: Settled, gate: Option<&Gate<'_>>) -> Told {
        let Settled { told, evidence, overrides } = settled;
        let asked = self.decided(&told.verdict, &evidence);
        match self.write(asked.clone(), gate, overrides.as_ref()) {
            Err(error) if told.verdict.decision == Decision::Accept => {
                // What cannot be accepted after all is an answer too, and so is written down.
                let told = Told::from(error);
                let answer = Decided::of(&told.verdict, &BTreeMap::new());
                let Decided { actor, input, policy, updates, .. } = asked;
                noted(told, self.write(Decided { actor, input, policy, updates, ..answer }, gate, None))
            }
            written => noted(told, written),
        }
    }

    /// `overrides`: what an acceptance rests on beyond the refs.
    fn write(
        &self,
        decided: Decided,
        gate: Option<&Gate<'_>>,
        overrides: Option<&SingleUse>,
    ) -> Result<Option<Receipt>> {
        let mut writer = self.ledger.lock(self.now)?;
        if let Some(outbox) = &self.outbox {
            outbox.begin(writer.held(), self.now);
        }
        if writer.is_new() {
            // A ledger begins with the refs as they are, and only the policy says which of them are protected.
            let Some(gate) = gate else { return Ok(None) };
            if gate.refs.contains_key(MIRROR.as_bytes().as_bstr()) {
                return Err(lost());
            }
            writer.open(opened(gate))?;
        } else if let Some(known) = self.mirrored.clone()? {
            self.ledger.reaches(known)?;
        }
        if let Some(overrides) = overrides {
            overrides.holds(writer.pending())?;
        }
        let accepts = decided.decision == Decision::Accept;
        if let (Some(gate), true) = (gate, accepts || !writer.pending().is_empty()) {
            let refs = settle(&mut writer, gate.repo)?;
            if accepts {
                still_there(&refs, &decided)?;
            }
        }
        let receipt = writer.decide(decided)?;
        self.commit(writer)?;
        Ok(Some(receipt))
    }

    /// Writes down what is queued. An override is noted as used before the decision that reserves it is settled: there is no
    /// moment at which neither says so, and where the second fails, it is used and pending.
    fn commit(&self, writer: Writer) -> Result<Receipt> {
        self.used.note(writer.settled())?;
        writer.commit()
    }

    /// Has those told who want to know. Whatever is told stands in the ledger by now.
    pub(super) fn tell(&self) {
        if let Some(outbox) = &self.outbox {
            outbox.start(self.now);
        }
    }

    /// For the clock's answer: the refs are not looked at then.
    pub(super) fn late(&self) -> Late {
        let book = self.clone();
        Box::new(move |told| {
            let decided = book.decided(&told.verdict, &BTreeMap::new());
            let told = noted(told, book.write(decided, None, None));
            book.tell();
            told
        })
    }
}

fn noted(told: Told, written: Result<Option<Receipt>>) -> Told {
    match written {
        Ok(receipt) => Told { receipt, ..told },
        Err(error) if told.verdict.decision == Decision::Accept => error.into(),
        Err(error) => {
            let note = format!("this answer is not in the ledger: {}", error.message);
            Told { notes: told.notes.into_iter().chain([note]).collect(), ..told }
        }
    }
}

/// A ledger that begins again would hide all that it held before.
fn lost() -> Error {
    Error::undecided(format!("the ledger is gone, and {MIRROR} says that there was one")).help(
        "an administrator puts refgate/ledger back from a backup, or, knowing what that hides, deletes the ref to begin anew",
    )
}

fn opened(gate: &Gate<'_>) -> Opened {
    let Gate { repo, refs, policy } = gate;
    let protected = refs.iter().filter(|(name, _)| policy.is_protected(name.as_bstr()));
    let (count, digest) = digest_of(refs);
    Opened {
        format: repo.format(),
        repository: policy.repository_id.clone(),
        protected: protected.map(|(name, value)| (name.clone(), *value)).collect(),
        count,
        digest,
    }
}

/// Looks what became of the pushes that were accepted. The refs, which it returns, are read under the ledger's lock:
/// those of an earlier moment could belie what another push has written down since.
fn settle(writer: &mut Writer, repo: &Repo) -> Result<RefMap> {
    let refs: RefMap = repo.refs()?;
    writer.settle(&|name: &BStr| refs.get(name).copied())?;
    Ok(refs)
}

/// A push that was judged while another one moved its ref cannot get through any more. Accepted, it would stand in the
/// ledger as if the ref had gone back without a decision.
fn still_there(refs: &RefMap, decided: &Decided) -> Result<()> {
    for Moved { name, old, .. } in decided.updates.iter().map(|update| &update.moved) {
        if refs.get(name).copied().unwrap_or(Oid::zero(old.format())) != *old {
            let message = format!("{} was moved by another push meanwhile", escape::quote_path(name));
            return Err(Error::undecided(message).help("fetch what is there now, and push again"));
        }
    }
    Ok(())
}

/// The very bytes of the overrides that a verdict rests on.
///
/// # Errors
/// They cannot be read any more, so that the record would not show what the verdict rests on.
pub(super) fn evidence(
    repo: &Repo,
    policy: &Policy,
    push: &Push,
    verdict: &Verdict,
) -> Result<BTreeMap<String, Evidence>> {
    let mut evidence = BTreeMap::new();
    for used in &verdict.overrides {
        let place = Place::Override { id: used.id.clone() }.name();
        let unshown = || Error::undecided(format!("the override {} cannot be recorded: its bytes are gone", used.id));
        let update = push.updates.iter().find(|update| update.name == place).ok_or_else(unshown)?;
        let files = Retained::load(repo, policy, place.as_bstr(), update.new)?.files;
        let mut files = files.map_err(|_| unshown())?;
        let statement = files.top.remove(STATEMENT.as_bytes().as_bstr()).ok_or_else(unshown)?;
        let is_signature = |name: &BString| name.to_str().is_ok_and(|name| is_signature_of(STATEMENT, name));
        let signatures = files.top.into_iter().filter(|(name, _)| is_signature(name));
        let signatures = signatures.map(|(_, bytes)| bytes).collect();
        evidence.insert(used.id.clone(), Evidence { statement, signatures });
    }
    Ok(evidence)
}

/// Writes down what `post-receive` is told: which refs moved.
///
/// # Errors
/// The lines or the ledger cannot be read or written. Nothing is undone by that: the next push sees what moved.
pub fn applied(repo: &Repo, input: &[u8], now: jiff::Timestamp) -> Result<()> {
    let Some(book) = Book::of(repo, now)? else { return Ok(()) };
    let updates = parse_receive(input, repo.format())?;
    let moved: Vec<Moved> =
        updates.into_iter().map(|update| Moved { name: update.name, old: update.old, new: update.new }).collect();
    let mut writer = book.ledger.lock(now)?;
    writer.apply(&moved)?;
    settle(&mut writer, repo)?;
    let last = book.commit(writer)?;
    book.tell();
    let server = load::server(&server_folder(repo), &rules::ids())?;
    mirror::bring_up(repo, &book.ledger, last, server.as_ref(), now)
}
