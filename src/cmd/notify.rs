//! `refgate notify`: tells whom `server.toml` names what the ledger says. The hooks only start it, as a process of its own
//! that nothing waits for, after they have answered; what it delivers it reads from the ledger, from where each recipient
//! was told last. So no decision depends on it, and nothing is lost when it is killed. [`event`] makes the messages, [`post`]
//! delivers one, [`place`] remembers.

mod event;
pub(super) mod place;
pub(super) mod post;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::rules::print;
use crate::cli::notify::Notify as Args;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::ledger::{FOLDER, Ledger, Receipt};
use crate::policy::load::{server, server_folder};
use crate::policy::server::Notify;
use crate::rules;
use event::Teller;
use place::{Failures, Last, Place};

/// What is waited before an event is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];
/// How long a process goes on; the next one takes up what is left.
const LONGEST: Duration = Duration::from_mins(10);

/// Who is told what becomes of pushes to a repository.
#[derive(Clone)]
pub(super) struct Outbox {
    common_dir: PathBuf,
    ledger: Ledger,
    repository: String,
    recipients: Vec<(Notify, Place)>,
    failures: Failures,
}

impl Outbox {
    /// What `server.toml` says.
    ///
    /// # Errors
    /// It cannot be read, or there is none.
    fn of(repo: &Repo) -> Result<Self> {
        let gate = server_folder(repo);
        let none = || Error::usage("no gate is installed here").help("--repo names the server's repository");
        let server = server(&gate, &rules::ids())?.ok_or_else(none)?;
        let recipients = server.notify.into_iter().map(|one| {
            let place = Place::of(&gate, &one.to);
            (one, place)
        });
        Ok(Self {
            common_dir: repo.common_dir().to_owned(),
            ledger: Ledger::open(&gate.join(FOLDER)),
            repository: server.repository_id,
            recipients: recipients.collect(),
            failures: Failures::of(&gate),
        })
    }

    /// The same for a hook; `None` where nobody is to be told. Where `server.toml` cannot be read nothing is decided either,
    /// and nobody knows whom to tell.
    pub(super) fn of_hook(repo: &Repo) -> Option<Self> {
        Self::of(repo).ok().filter(|outbox| !outbox.recipients.is_empty())
    }

    /// Notes where those begin who were told nothing yet: after the last record of the ledger, whose lock is held.
    pub(super) fn begin(&self, last: Receipt, now: jiff::Timestamp) {
        for (one, place) in &self.recipients {
            if let Err(error) = place.begin(last) {
                self.failures.note(now, &one.to.label(), None, &format!("what is to be told cannot be noted: {error}"));
            }
        }
    }

    /// Starts the process that tells; it has nothing of the hook's, whose end Git waits for.
    pub(super) fn start(&self, now: jiff::Timestamp) {
        let started = std::env::current_exe().and_then(|program| {
            let mut process = process(&program);
            process.args(["notify", "--detached", "--repo"]).arg(&self.common_dir).current_dir(&self.common_dir);
            process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        });
        if let Err(error) = started {
            self.failures.note(now, "refgate", None, &format!("refgate notify cannot be started: {error}"));
        }
    }
}

/// A process that is given none of a hook's words.
#[expect(clippy::disallowed_methods, reason = "whoever is told is told by a program; no decision waits for it")]
fn process(program: &std::path::Path) -> Command {
    let mut process = Command::new(program);
    process.env_clear().envs(Env::lasting());
    process
}

/// Runs the command; the exit status.
///
/// # Errors
/// There is no gate here, or nobody to tell.
pub fn run(args: &Args, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    if args.detached {
        // Whoever ends the session of a push must not end this.
        let _ = rustix::process::setsid();
    }
    let outbox = Outbox::of(&Repo::discover(&args.repo, env)?)?;
    if outbox.recipients.is_empty() {
        return Err(
            Error::usage("server.toml names nobody to tell").help("docs/notify.md says how [[notify]] is written")
        );
    }
    let clock = Clock { now, begun: Instant::now() };
    let passes = std::thread::scope(|scope| {
        let passes: Vec<_> = outbox
            .recipients
            .iter()
            .map(|(to, place)| scope.spawn(|| Pass { outbox: &outbox, to, place, clock }.run(args.from)))
            .collect();
        passes.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut code = 0;
    for ((one, _), pass) in outbox.recipients.iter().zip(passes) {
        let label = one.to.label();
        let told = match pass.unwrap_or_else(|_| Err(Error::undecided("the thread that told it ended"))) {
            Ok(Told { failed: 0, told }) => format!("{label}: told of {told}\n"),
            Ok(Told { failed, told }) => {
                code = 1.max(code);
                format!("{label}: told of {told}, not of {failed}: {}\n", outbox.failures.shown())
            }
            Err(error) => {
                outbox.failures.note(clock.now(), &label, None, &error.message);
                code = 2;
                format!("{label}: {}\n", error.message)
            }
        };
        if !args.detached {
            print(&told)?;
        }
    }
    Ok(code)
}

/// The time, by the one look at the clock that a process takes.
#[derive(Clone, Copy)]
struct Clock {
    now: jiff::Timestamp,
    begun: Instant,
}

impl Clock {
    fn now(self) -> jiff::Timestamp {
        self.now.checked_add(self.begun.elapsed()).unwrap_or(self.now)
    }
}

/// What became of the events for one recipient.
#[derive(Default)]
struct Told {
    told: u64,
    failed: u64,
}

/// One recipient, who is told what happened since.
struct Pass<'a> {
    outbox: &'a Outbox,
    to: &'a Notify,
    place: &'a Place,
    clock: Clock,
}

impl Pass<'_> {
    fn run(&self, from: Option<u64>) -> Result<Told> {
        let mut told = Told::default();
        // Who waits now sees what is in the ledger now.
        let Some(_turn) = self.place.turn()? else {
            let busy = || Error::undecided("it is being told, and another process waits to go on").help("run it again");
            return if from.is_some() { Err(busy()) } else { Ok(told) };
        };
        let begun = Instant::now();
        // What is being appended may yet be taken back.
        let reader = self.outbox.ledger.quiet(|| self.outbox.ledger.read(&[]))?;
        let after =
            match from.map_or_else(|| self.place.told(&reader), |from| Ok(Last::Record(from.saturating_sub(1))))? {
                Last::Record(number) => number,
                last => {
                    if last == Last::Lost {
                        let why = "the ledger does not hold what was told last; what comes from now on is told";
                        self.outbox.failures.note(self.clock.now(), &self.to.to.label(), None, why);
                        told.failed += 1;
                    }
                    return self.place.advance(reader.last()?).map(|()| told);
                }
            };
        let teller = Teller { reader: &reader, repository: &self.outbox.repository, on: &self.to.on };
        let mut is_down = false;
        for entry in reader.from(after + 1)? {
            let entry = entry?;
            if let Some(event) = teller.event(&entry)? {
                if begun.elapsed() > LONGEST {
                    break;
                }
                match event.and_then(|event| self.deliver(&event, is_down)) {
                    Ok(()) => (told.told, is_down) = (told.told + 1, false),
                    Err(why) => {
                        let to = self.to.to.label();
                        self.outbox.failures.note(self.clock.now(), &to, Some(entry.receipt()), &why);
                        (told.failed, is_down) = (told.failed + 1, true);
                    }
                }
            }
            self.place.advance(entry.receipt())?;
        }
        Ok(told)
    }

    /// Tries several times; once only where the event before did not get through.
    fn deliver(&self, event: &event::Event, is_down: bool) -> std::result::Result<(), String> {
        let mut pauses = PAUSES.iter().filter(|_| !is_down);
        loop {
            let Err(why) = post::deliver(&self.to.to, event, self.clock.now()) else { return Ok(()) };
            let Some(pause) = pauses.next() else { return Err(why) };
            std::thread::sleep(*pause);
        }
    }
}
