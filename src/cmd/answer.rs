//! Telling a verdict, once, whatever happens meanwhile.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use crate::cli::Format;
use crate::env::Env;
use crate::error::Error;
use crate::finding::{Decision, Verdict};
use crate::judge::without_judging;
use crate::ledger::Receipt;
use crate::report::{human, json};

/// Where the reader of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Behind a hook: text goes to standard error, without colour.
    Hook,
    /// At a terminal or in a script: text goes to standard output.
    Person,
}

/// How to answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Text or JSON.
    pub format: Format,
    /// Who reads it.
    pub reader: Reader,
    /// `NO_COLOR` is set.
    pub no_color: bool,
}

/// What there is to tell.
#[derive(Debug)]
pub struct Told {
    /// The verdict.
    pub verdict: Verdict,
    /// What a person must know to read it; whoever reads JSON asked for the verdict alone.
    pub notes: Vec<String>,
    /// The ledger's record of it.
    pub receipt: Option<Receipt>,
}

impl From<Verdict> for Told {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, notes: Vec::new(), receipt: None }
    }
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        without_judging(error).into()
    }
}

/// Set by whoever answers first: the judge, or the clock.
static ANSWERED: AtomicBool = AtomicBool::new(false);
/// Set once the answer is being written.
static TELLING: AtomicBool = AtomicBool::new(false);
/// The exit code of the answer that is being given; undecided until there is one.
static CODE: AtomicU8 = AtomicU8::new(Decision::Undecided.exit_code());
/// How long an answer may take to write once the time is up: whoever does not read it must not keep the process alive.
const GRACE: Duration = Duration::from_secs(5);
/// How long saying at least that there is no answer may take, where an answer could not be given in that time.
const LAST_WORD: Duration = Duration::from_millis(200);

/// The right to answer. Only one is ever handed out in a process.
#[must_use]
#[derive(Debug)]
pub struct Claimed(Answer);

impl Answer {
    /// An answer to whoever started a hook.
    pub fn hook(format: Format, env: &Env) -> Self {
        Self { format, reader: Reader::Hook, no_color: env.no_color }
    }

    /// An answer to whoever typed a command.
    pub fn person(format: Format, env: &Env) -> Self {
        Self { format, reader: Reader::Person, no_color: env.no_color }
    }

    /// Takes the right to answer. When the clock has answered already this never returns: what the answer would have
    /// brought about must not happen any more, and the process is about to end.
    pub fn claim(self) -> Claimed {
        alone(&ANSWERED);
        Claimed(self)
    }

    /// Ends the process with "undecided" if no answer was given after `seconds`: no repository, however made, can keep
    /// a server busy for longer. An answer that is being given then has a short time left to be read. `record` writes the
    /// clock's own answer down.
    pub fn limit(self, seconds: u64, record: Option<Box<dyn FnOnce(Told) -> Told + Send>>) {
        let error = Error::undecided(format!("no decision was reached within {seconds} seconds"))
            .help("push fewer commits at once, or have limits.seconds raised in the policy");
        let bare = error.clone();
        let late = move || {
            let told = Told::from(error);
            let told = match record {
                Some(record) => record(told),
                None => told,
            };
            Claimed(self).write(&told);
        };
        watch(seconds, late, move || _ = Claimed(self).write(&Told::from(bare)));
    }
}

/// As [`Answer::limit`], for a command of a person's that tells no verdict: its time ends with this error.
pub(super) fn limit(seconds: u64, error: Error) {
    let late = move || {
        alone(&TELLING);
        let _ = writeln!(std::io::stderr(), "refgate: {error}");
    };
    watch(seconds, late, || ());
}

/// Takes the right to answer, as [`Answer::claim`] does, for a command that tells no verdict and ends with this code.
pub(super) fn claim(code: u8) {
    alone(&ANSWERED);
    alone(&TELLING);
    CODE.store(code, Ordering::SeqCst);
}

/// Goes on only where nobody has yet.
fn alone(flag: &AtomicBool) {
    if flag.swap(true, Ordering::SeqCst) {
        loop {
            std::thread::park();
        }
    }
}

/// Ends the process after `seconds`, with what `late` says where nobody has answered by then. What holds the answer up,
/// as a ledger does whose lock others keep, is left behind, and `bare` says what there is to say without it.
#[expect(clippy::exit, reason = "whatever keeps the main thread busy knows no deadline")]
fn watch(seconds: u64, late: impl FnOnce() + Send + 'static, bare: impl FnOnce() + Send + 'static) {
    let watch = move || {
        std::thread::sleep(Duration::from_secs(seconds));
        match ANSWERED.swap(true, Ordering::SeqCst) {
            false => within(GRACE, late),
            true => std::thread::sleep(GRACE),
        }
        if !TELLING.load(Ordering::SeqCst) {
            within(LAST_WORD, bare);
        }
        std::process::exit(CODE.load(Ordering::SeqCst).into());
    };
    // Without the thread the work is only unbounded; with an error here the gate would be shut for good.
    let _ = std::thread::Builder::new().name("limit".into()).spawn(watch);
}

/// Does something on a thread of its own, and waits for it no longer than this.
fn within(time: Duration, work: impl FnOnce() + Send + 'static) {
    let (done, wait) = std::sync::mpsc::channel();
    let work = move || {
        work();
        let _ = done.send(());
    };
    // Without the thread there is no answer, and the exit code says enough.
    let _ = std::thread::Builder::new().name("answer".into()).spawn(work);
    let _ = wait.recv_timeout(time);
}

impl Claimed {
    /// Tells the verdict and returns the exit code that goes with it. An answer that cannot be written changes no
    /// decision: Git reads the exit code.
    pub fn write(self, told: &Told) -> u8 {
        let Answer { format, reader, no_color } = self.0;
        let code = told.verdict.decision.exit_code();
        alone(&TELLING);
        CODE.store(code, Ordering::SeqCst);
        // The verdict is the same wherever it is reached; only the server's ledger has a receipt for it.
        let receipt = told.receipt.map(|receipt| format!("refgate: receipt {receipt}\n")).unwrap_or_default();
        let text = |colour| human::render(&told.verdict, &told.notes, colour) + &receipt;
        let _ = match (format, reader) {
            (Format::Json, _) => std::io::stdout()
                .write_all(json::render(&told.verdict).as_bytes())
                .and_then(|()| std::io::stderr().write_all(receipt.as_bytes())),
            (Format::Human, Reader::Hook) => std::io::stderr().write_all(text(human::Colour::No).as_bytes()),
            (Format::Human, Reader::Person) => {
                let mut out = std::io::stdout();
                let colour = if out.is_terminal() && !no_color { human::Colour::Yes } else { human::Colour::No };
                out.write_all(text(colour).as_bytes())
            }
        };
        code
    }
}
