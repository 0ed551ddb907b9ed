//! The server that the model is held against: pushes are answered by the hook's own functions in this process, or by a
//! real `git push` to a real hook.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use refgate::cmd::hook::{Arrival, Clock, Late, applied, decide};
use refgate::env::Env;
use refgate::finding;
use refgate::git::Repo;
use refgate::ledger::record::{Decided, Event, Record};
use refgate::ledger::{Ledger, Receipt, verify};
use refgate::oid::Oid;
use refgate::policy::load::for_server;
use refgate::refs::{RefMap, RefUpdate};
use refgate::rules;

use super::objects::{Objects, PEOPLE, REPOSITORY, line};
use super::state::{Decision, Model, Object, Push, RULES, Update, Verdict};
use crate::corpus::build::{Built, Update as Line};
use crate::corpus::case::Format;
use crate::corpus::spell::Names;
use crate::corpus::{process, server, wire};
use crate::support::REFGATE;

/// How a push reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    InProcess,
    Git,
}

/// What becomes of a push that is let in.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    /// Places of updates that another hook refuses, or that are never made.
    pub(super) held_up: BTreeSet<usize>,
    /// `post-receive` is told.
    pub(super) told: bool,
}

pub(super) struct World {
    folder: tempfile::TempDir,
    route: Route,
    start: jiff::Timestamp,
    objects: Objects,
    receipts: Vec<(String, Receipt)>,
}

struct Free;

impl Clock for Free {
    fn limit(&mut self, _: u64, _: Option<Late>) {}
    fn claim(&mut self) {}
}

/// What differs, in words.
pub(super) type Differs = Result<(), String>;

impl World {
    pub(super) fn new(model: &Model, route: Route) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git_dir = folder.path().join("server.git");
        server::init(&git_dir, Format::Sha1, false).unwrap();
        let settings = "[receive]\n\tautogc = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
        let config = fs_err::read_to_string(git_dir.join("config")).unwrap() + settings;
        fs_err::write(git_dir.join("config"), config).unwrap();
        let store = folder.path().join("store.git");
        if route == Route::Git {
            server::init(&store, Format::Sha1, false).unwrap();
        }
        let start = jiff::Timestamp::now();
        let objects = Objects::new(if route == Route::Git { &store } else { &git_dir }, start);
        let mut world = Self { folder, route, start, objects, receipts: Vec::new() };
        for (name, object) in &model.refs {
            let (name, oid) = (world.name(model, name), world.oid(model, Some(*object)));
            match route {
                Route::InProcess => world.set(&name, oid),
                Route::Git => {
                    let mut push = process::git(&store, &["push", "-q"]);
                    push.arg(&git_dir).arg(format!("{oid}:{name}"));
                    process::must(&mut push, b"").unwrap();
                }
            }
        }
        let gate = git_dir.join("refgate");
        fs_err::create_dir(&gate).unwrap();
        let word = format!(
            "version = 1\ntrusted_ref = \"refs/heads/main\"\nrepository_id = \"{REPOSITORY}\"\nactor = \"env:FORGE_USER\"\n"
        );
        fs_err::write(gate.join("server.toml"), word).unwrap();
        fs_err::write(gate.join("policy.toml"), RULES).unwrap();
        fs_err::write(gate.join("allowed_signers"), PEOPLE.map(line).concat()).unwrap();
        world.hooks();
        let repo = world.repo();
        world.objects.policy = for_server(&repo, &repo.refs().unwrap(), &rules::ids()).unwrap().digest();
        world
    }

    fn hooks(&self) {
        let own = "#!/bin/sh\nexec '".to_owned() + REFGATE + "' hook ";
        let held_up = self.folder.path().join("held-up");
        let told = self.folder.path().join("told");
        let update = format!("#!/bin/sh\n! grep -qxF \"$1\" '{}'\n", held_up.display());
        let post = format!("#!/bin/sh\ntest -e '{}' || exit 0\nexec '{REFGATE}' hook post-receive\n", told.display());
        for (name, text) in
            [("pre-receive", own + "pre-receive --guarded\n"), ("update", update), ("post-receive", post)]
        {
            let path = self.git_dir().join("hooks").join(name);
            fs_err::write(&path, text).unwrap();
            server::make_executable(&path).unwrap();
        }
    }

    fn git_dir(&self) -> PathBuf {
        self.folder.path().join("server.git")
    }

    fn env(&self) -> Env {
        Env { git_dir: Some(self.git_dir().into_os_string()), ..Env::default() }
    }

    fn repo(&self) -> Repo {
        Repo::open_hook(&self.env()).unwrap()
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.git_dir().join("refgate/ledger"))
    }

    fn name(&mut self, model: &Model, name: &str) -> String {
        match name.strip_prefix("statement ") {
            Some(number) => self.objects.statement(model, number.parse().unwrap()).name.clone(),
            None => format!("refs/heads/{name}"),
        }
    }

    fn oid(&mut self, model: &Model, object: Option<Object>) -> Oid {
        match object {
            None => Objects::zero(),
            Some(Object::Commit(id)) => self.objects.commit(model, id),
            Some(Object::Statement(number)) => self.objects.statement(model, number).oid,
        }
    }

    fn real(&mut self, model: &Model, update: &Update) -> RefUpdate {
        let name = self.name(model, &update.name).into();
        RefUpdate { name, old: self.oid(model, update.old), new: self.oid(model, update.new) }
    }

    /// Moves a ref the way Git keeps loose ones.
    fn set(&self, name: &str, value: Oid) {
        let path = self.git_dir().join(name);
        if value.is_zero() {
            return fs_err::remove_file(path).unwrap();
        }
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, format!("{value}\n")).unwrap();
    }

    fn now(&self, model: &Model) -> jiff::Timestamp {
        self.start + jiff::SignedDuration::from_mins(model.minutes)
    }

    /// Pushes; what was decided, and what became of it, must be what the model says.
    pub(super) fn push(&mut self, model: &Model, push: &Push, verdict: &Verdict, fate: &Fate) -> Differs {
        let updates: Vec<RefUpdate> = push.updates.iter().map(|update| self.real(model, update)).collect();
        match self.route {
            Route::InProcess => self.in_process(model, push, &updates, fate)?,
            Route::Git => self.by_git(model, push, &updates, fate),
        }
        let newest =
            self.ledger().read(&[]).and_then(|reader| reader.newest_first()).map_err(|error| error.to_string())?;
        let decided = newest.filter_map(Result::ok).find_map(|entry| match entry.record.event {
            Event::Decided(decided) => Some(decided),
            _ => None,
        });
        let decided = decided.ok_or("nothing was recorded")?;
        // What was not judged has no findings, and says nothing of them.
        let judged = decided.updates.iter().filter(|_| decided.problem.is_none());
        for update in judged {
            let open = update.findings.iter().filter(|found| found.waived.is_none());
            let found = open.map(|found| (found.rule.clone(), found.fingerprint.clone())).collect();
            let moved = (update.moved.name.to_string(), update.moved.old, update.moved.new);
            self.objects.seen.insert(moved, found);
        }
        compare(&decided, push, &updates, verdict)
    }

    /// As Git does around the hook: only what is let in moves.
    fn in_process(&mut self, model: &Model, push: &Push, updates: &[RefUpdate], fate: &Fate) -> Differs {
        let (env, now) = (self.env(), self.now(model));
        let identity = |_: &_| push.actor.map(OsString::from);
        let arrival = Arrival { env: &env, identity: &identity, now, guarded: true };
        let told = decide(&arrival, &mut Free, |_| Ok(updates.to_vec()));
        let receipt = told.receipt.ok_or_else(|| format!("no receipt: {:?} {:?}", told.notes, told.verdict.problem))?;
        self.receipts.push(("a pusher".to_owned(), receipt));
        if told.verdict.decision != finding::Decision::Accept {
            return Ok(());
        }
        let mut moved = String::new();
        for (place, update) in updates.iter().enumerate().filter(|(place, _)| !fate.held_up.contains(place)) {
            assert_eq!(
                self.repo().refs().unwrap().get(&update.name).copied().unwrap_or(Objects::zero()),
                update.old,
                "{place}"
            );
            self.set(&update.name.to_string(), update.new);
            moved.push_str(&format!("{} {} {}\n", update.old, update.new, update.name));
        }
        if fate.told && !moved.is_empty() {
            applied(&self.repo(), moved.as_bytes(), now).map_err(|error| format!("post-receive: {error}"))?;
        }
        Ok(())
    }

    fn by_git(&self, model: &Model, push: &Push, updates: &[RefUpdate], fate: &Fate) {
        let name = |place: &usize| format!("{}\n", updates[*place].name);
        let held_up: String = fate.held_up.iter().map(name).collect();
        fs_err::write(self.folder.path().join("held-up"), held_up).unwrap();
        let told = self.folder.path().join("told");
        match fate.told {
            true => fs_err::write(&told, "").unwrap(),
            false => _ = fs_err::remove_file(&told),
        }
        let store = self.folder.path().join("store.git");
        let honest = push.updates.iter().all(|update| model.refs.get(&update.name).copied() == update.old);
        if !honest {
            // Git says what the server holds, so whoever claims anything else speaks the protocol.
            let lines = updates.iter().map(|update| Line {
                old: update.old.to_string(),
                new: update.new.to_string(),
                name: update.name.to_vec(),
            });
            let built = Built {
                store,
                format: Format::Sha1,
                names: Names::default(),
                refs: self.held().into_iter().map(|(name, oid)| (name.into_bytes(), oid)).collect(),
                updates: lines.collect(),
                shallow: Vec::new(),
            };
            let pack = wire::pack_for(&built).unwrap();
            let actor: Vec<(&str, &str)> = push.actor.iter().map(|actor| ("FORGE_USER", *actor)).collect();
            wire::push_as(&self.git_dir(), &built, pack.as_deref(), &actor).unwrap();
            return;
        }
        let mut git = process::git(&store, &["push", "-q"]);
        git.arg(self.git_dir());
        for update in updates {
            let new = if update.new.is_zero() { String::new() } else { update.new.to_string() };
            git.arg(format!("+{new}:{}", update.name));
        }
        if let Some(actor) = push.actor {
            git.env("FORGE_USER", actor);
        }
        process::run(&mut git, b"").unwrap();
    }

    /// The refs as Git itself lists them, less the ledger's mirror.
    fn held(&self) -> BTreeMap<String, String> {
        let mut list = process::git(&self.git_dir(), &["for-each-ref", "--format=%(refname) %(objectname)"]);
        let text = String::from_utf8(process::must(&mut list, b"").unwrap()).unwrap();
        let all = text.lines().filter_map(|line| line.split_once(' '));
        let all = all.map(|(name, oid)| (name.to_owned(), oid.to_owned()));
        all.filter(|(name, _)| name != refgate::ledger::MIRROR).collect()
    }

    /// The refs stand where the model says.
    pub(super) fn stands(&mut self, model: &Model) -> Differs {
        if self.route == Route::InProcess {
            return Ok(());
        }
        self.stands_by_git(model)
    }

    fn stands_by_git(&mut self, model: &Model) -> Differs {
        let refs: Vec<_> = model.refs.iter().map(|(name, object)| (name.clone(), *object)).collect();
        let due =
            refs.iter().map(|(name, object)| (self.name(model, name), self.oid(model, Some(*object)).to_string()));
        let (due, held): (BTreeMap<String, String>, _) = (due.collect(), self.held());
        if due == held { Ok(()) } else { Err(format!("the refs are {held:#?}\nand must be {due:#?}")) }
    }

    /// The ledger verifies, and says what the model remembers.
    pub(super) fn ends(&mut self, model: &Model, all_known: bool) -> Differs {
        self.stands_by_git(model)?;
        let refs: RefMap = self.repo().refs().unwrap();
        let reader = self.ledger().read(&[]).unwrap();
        let known = verify::Known { receipts: self.receipts.clone(), refs: Some(&refs), mirrored: false };
        let report = verify::verify(&reader, &known).unwrap();
        if report.exit_code() != 0 {
            return Err(format!("the ledger does not verify: {:?} {:?}", report.problems, report.unknown));
        }
        let records: Vec<Record> = reader.from(1).unwrap().map(|entry| entry.unwrap().record).collect();
        self.remembers(model, &records, all_known)
    }

    fn remembers(&mut self, model: &Model, records: &[Record], all_known: bool) -> Differs {
        let decided: Vec<(u64, &Decided)> = records
            .iter()
            .filter_map(|record| match &record.event {
                Event::Decided(decided) => Some((record.sequence, decided)),
                _ => None,
            })
            .collect();
        if decided.len() != model.past.len() {
            return Err(format!("{} decisions are recorded of {} pushes", decided.len(), model.past.len()));
        }
        let mut used = BTreeSet::new();
        for ((sequence, decided), past) in decided.into_iter().zip(&model.past) {
            let updates: Vec<RefUpdate> = past.push.updates.iter().map(|update| self.real(model, update)).collect();
            compare(decided, &past.push, &updates, &past.verdict).map_err(|why| format!("record {sequence}: {why}"))?;
            let of = |record: &&Record| match &record.event {
                Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => {
                    outcome.decision == sequence
                }
                Event::Settled(settled) => settled.decision == sequence,
                _ => false,
            };
            let outcomes: Vec<&Event> = records.iter().filter(of).map(|record| &record.event).collect();
            let moved = |events: &str| -> Vec<BTreeSet<String>> {
                let outcome = outcomes.iter().filter_map(|event| match event {
                    Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome)
                        if event.name() == events =>
                    {
                        Some(outcome.updates.iter().map(|moved| moved.name.to_string()).collect())
                    }
                    _ => None,
                });
                outcome.collect()
            };
            let landed: BTreeSet<String> = past.landed.iter().map(|place| updates[*place].name.to_string()).collect();
            let accepted = past.verdict.decision == Decision::Accept;
            let (applied, lapsed) = (moved("applied"), moved("lapsed"));
            let open = applied.is_empty() && lapsed.is_empty() && !all_known;
            let due = match (accepted, landed.is_empty()) {
                (false, _) => applied.is_empty() && lapsed.is_empty(),
                (true, true) => applied.is_empty() && (lapsed.len() == 1 || open),
                (true, false) => {
                    lapsed.is_empty() && (applied == [landed.clone()] || open && landed.len() < updates.len())
                }
            };
            let back = past.landed.iter().filter(|place| past.verdict.updates[**place].rollback).count();
            let due = due && (moved("rolled-back").len() == back || open);
            if !due {
                return Err(format!("record {sequence}: {landed:?} moved, and the ledger says {outcomes:#?}"));
            }
            for event in &outcomes {
                if let Event::Settled(settled) = event
                    && settled.applied
                    && !used.insert(settled.id.clone())
                {
                    return Err(format!("the override {} was used twice", settled.id));
                }
            }
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// What was decided is what the model says: the answer, and on each update how often which rule refuses or is waived.
fn compare(decided: &Decided, push: &Push, updates: &[RefUpdate], verdict: &Verdict) -> Differs {
    let decision = match decided.decision {
        finding::Decision::Accept => Decision::Accept,
        finding::Decision::Refuse => Decision::Refuse,
        finding::Decision::Undecided => Decision::Undecided,
    };
    // Git sorts what it pushes.
    let asked = |update: &&refgate::ledger::record::Update, due: &RefUpdate| {
        update.moved.name == due.name && update.moved.old == due.old && update.moved.new == due.new
    };
    let mut wrong = Vec::new();
    if decision != verdict.decision {
        wrong.push(format!("it is {decision:?} ({:?}) and must be {:?}", decided.problem, verdict.decision));
    }
    if decided.actor.as_deref() != push.actor {
        wrong.push(format!("{:?} pushed, not {:?}", push.actor, decided.actor));
    }
    if decided.updates.len() != updates.len() {
        wrong.push(format!("recorded is {:?}, pushed was {updates:?}", decided.updates));
    }
    for (due, judged) in updates.iter().zip(&verdict.updates) {
        let Some(update) = decided.updates.iter().find(|update| asked(update, due)) else {
            wrong.push(format!("{due:?} is not recorded"));
            continue;
        };
        let count = |waived: bool| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            let found = update.findings.iter().filter(|found| found.severity == "enforce");
            found
                .filter(|found| found.waived.is_some() == waived)
                .for_each(|found| *counts.entry(&found.rule).or_default() += 1);
            counts
        };
        for (what, found, due) in
            [("refuses", count(false), &judged.refusing), ("is waived", count(true), &judged.waived)]
        {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            due.iter().for_each(|(rule, _)| *counts.entry(rule).or_default() += 1);
            if counts != found {
                let said: Vec<_> =
                    update.findings.iter().map(|found| (&found.rule, &found.message, &found.path)).collect();
                wrong.push(format!("on {} {what} {found:?}, and must {due:?}: {said:?}", update.moved.name));
            }
        }
        if (update.way.as_deref() == Some("rollback")) != judged.rollback {
            wrong.push(format!("the way of {} is {:?}, rollback: {}", update.moved.name, update.way, judged.rollback));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
