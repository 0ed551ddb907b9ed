//! `refgate promote`: [`plan`] finds out what would be pushed and what it lacks, [`told`] tells that, and this file fetches
//! before and pushes after.

mod plan;
pub(super) mod told;

use std::io::Write as _;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};

use super::client::{self, View, branch};
use super::progress::Progress;
use super::rules::print;
use super::task::Work;
use crate::cli::promote::Promote;
use crate::cli::{Format, Seen};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::remote::{self, Pushed};
use crate::git::{Repo, signing_help};
use crate::ledger::Receipt;
use crate::oid::Oid;
use crate::provenance::task::is_task_name;
use crate::refs::RefUpdate;
use crate::report::human::shell_word;
use plan::Plan;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The target held the task before.
    Already,
    /// Something is missing.
    Missing,
    /// Nothing is missing, and nothing was pushed.
    Ready,
    /// The server took it.
    Promoted,
    /// Another process was faster: where the target stands now, if anywhere.
    Overtaken(Option<Oid>),
    /// The server did not take it.
    Refused,
}

/// What is promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The task of this name, else the one whose branch is checked out.
    Task(Option<String>),
    /// A protected branch, by its short name, that goes on along a chain to another one, in full.
    Step {
        /// Where it comes from.
        from: String,
        /// Where it goes.
        into: BString,
    },
}

impl Subject {
    fn of(work: &Work) -> Self {
        match &work.step {
            Some(into) => Self::Step { from: work.branch.clone(), into: into.clone() },
            None => Self::Task(Some(work.name.clone())),
        }
    }

    fn open(&self, seen: &Seen, env: &Env) -> Result<Work> {
        match self {
            Self::Task(name) => Work::open(seen, name.as_deref(), env),
            Self::Step { from, into } => Work::open_step(seen, from, into.as_bstr(), env),
        }
    }

    /// What people know it by.
    fn name(&self) -> String {
        match self {
            Self::Task(name) => name.clone().unwrap_or_default(),
            Self::Step { from, into } => {
                format!("{} into {}", escape::escape(from.as_bytes()), escape::escape(short(into)))
            }
        }
    }
}

/// A task or a branch that was looked at, and what became of it.
struct Done {
    work: Work,
    plan: Plan,
    outcome: Outcome,
    /// What was pushed, or would be, as a command.
    command: Option<String>,
    /// What the server answered, line by line.
    answer: Vec<String>,
}

impl Outcome {
    /// The word used in every output.
    const fn name(&self) -> &'static str {
        match self {
            Self::Already => "already",
            Self::Missing => "missing",
            Self::Ready => "ready",
            Self::Promoted => "promoted",
            Self::Overtaken(_) => "overtaken",
            Self::Refused => "refused",
        }
    }
}

impl Done {
    /// The commit is where it should be, or could be.
    fn is_good(&self) -> bool {
        match &self.outcome {
            Outcome::Already | Outcome::Ready | Outcome::Promoted => true,
            Outcome::Overtaken(at) => at.is_some() && *at == self.plan.next.as_ref().map(|next| next.new),
            Outcome::Missing | Outcome::Refused => false,
        }
    }
}

/// Runs the command; the exit status.
///
/// # Errors
/// Nothing could be fetched or judged, or nobody knows what became of the push.
pub fn run(args: &Promote, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let remote = remote_of(&args.seen.repo, args.seen.remote.as_deref(), env)?;
    fetch(&args.seen.repo, remote.as_bstr())?;
    if args.ready {
        return ready(args, remote.as_bstr(), env, now);
    }
    let work = meant(args, env)?.open(&args.seen, env)?;
    let done = match args.format {
        Format::Human => promoted(work, args, now, &|work, plan| print(&told::plan(work, plan, args)))?,
        Format::Json => promoted(work, args, now, &|_, _| Ok(()))?,
    };
    print(&match args.format {
        Format::Human => told::end(&done),
        Format::Json => told::json(&done, args.dry_run),
    })?;
    Ok(u8::from(!done.is_good()))
}

/// The remote that a push goes to.
pub(super) fn remote_of(folder: &Path, wanted: Option<&str>, env: &Env) -> Result<BString> {
    let repo = Repo::discover(folder, env)?;
    client::remote(&repo, wanted)?.ok_or_else(|| {
        Error::usage("there is no remote to push to").help("git remote add origin URL, or run it in a clone")
    })
}

/// Fetches what a promotion rests on, and says where the server's ledger is not the one that was here.
///
/// # Errors
/// Git cannot fetch.
pub(super) fn fetch(folder: &Path, remote: &BStr) -> Result<()> {
    if let Some(said) = remote::fetch(folder, remote)? {
        let name = escape::quote_path(remote);
        // A closed stderr is no reason to leave a promotion undone.
        let _ = writeln!(
            std::io::stderr(),
            "refgate: the ledger of {name} does not go on from the one that this clone knows: {said}\n  \
             help: keep refs/refgate/ledger as it is here, it is a witness, and ask who runs the server; there,\n        \
             refgate ledger verify --mirror FOLDER holds the ledger against a copy of this clone"
        );
    }
    Ok(())
}

/// What a person means: a protected branch that another one takes along a chain, or a task.
fn meant(args: &Promote, env: &Env) -> Result<Subject> {
    let Some(name) = &args.name else { return Ok(Subject::Task(None)) };
    let (_, View { refs, policy, .. }) = View::open(&args.seen, env)?;
    let from = branch(name);
    if !policy.is_source(from.as_bstr()) {
        return Ok(Subject::Task(Some(name.strip_prefix(&policy.task_prefix).unwrap_or(name).to_owned())));
    }
    let shown = shell_word(short(&from));
    if !name.starts_with("refs/") && refs.contains_key(&branch(&format!("{}{name}", policy.task_prefix))) {
        return Err(Error::usage(format!("{shown} is a branch of a chain, and there is a task of that name"))
            .help(format!("refs/heads/{name} means the branch, {}{name} the task", policy.task_prefix)));
    }
    let mut takers: Vec<BString> = match &args.into {
        Some(into) => vec![branch(into)],
        None => refs.keys().filter(|into| policy.is_step(from.as_bstr(), into.as_bstr())).cloned().collect(),
    };
    takers.retain(|into| policy.is_step(from.as_bstr(), into.as_bstr()) && *into != from);
    let one = takers.pop().filter(|_| takers.is_empty());
    let into = one.ok_or_else(|| match &args.into {
        Some(into) => Error::usage(format!("{} takes nothing from {shown}", shell_word(into.as_bytes())))
            .help("the policy's [[promotion]] says which branch takes from which"),
        None => Error::usage(format!("which branch takes {shown} is not clear")).help("--into names it"),
    })?;
    Ok(Subject::Step { from: short(&from).to_str_lossy().into_owned(), into })
}

fn short(name: &BString) -> &[u8] {
    name.strip_prefix(b"refs/heads/").unwrap_or(name)
}

/// Promotes whatever lacks nothing. What fails for one keeps no other from being promoted.
fn ready(args: &Promote, remote: &BStr, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let mut code = 0;
    let mut fetched = true;
    let subjects = everything(args, env)?;
    let progress = Progress::of("looked at", subjects.len());
    for subject in subjects {
        progress.step();
        if !fetched {
            fetch(&args.seen.repo, remote)?;
            fetched = true;
        }
        let done = subject.open(&args.seen, env).and_then(|work| promoted(work, args, now, &|_, _| Ok(())));
        let text = match &done {
            Ok(done) if done.outcome == Outcome::Already => continue,
            Ok(done) => {
                fetched = matches!(done.outcome, Outcome::Missing | Outcome::Ready);
                code = code.max(u8::from(done.outcome == Outcome::Refused));
                told::one(done, args)
            }
            Err(error) => {
                (fetched, code) = (false, 2);
                told::problem(&subject, error, args)
            }
        };
        progress.aside(|| print(&text))?;
    }
    Ok(code)
}

/// The tasks that the server has branches of, and the steps of chains that are decided by checks: one that needs none of
/// its own is a person's to take.
fn everything(args: &Promote, env: &Env) -> Result<Vec<Subject>> {
    let (_, View { refs, policy, .. }) = View::open(&args.seen, env)?;
    let tasks = refs.keys().filter_map(|name| policy.task_of(name.as_bstr()));
    // What stood there before the gate may have any name, and is no task.
    let tasks = tasks.map(|name| name.to_str_lossy().into_owned()).filter(|name| is_task_name(name));
    let mut all: Vec<Subject> = tasks.map(|name| Subject::Task(Some(name))).collect();
    let wanted = args.into.as_deref().map(branch);
    for into in refs.keys().filter(|into| wanted.as_ref().is_none_or(|wanted| wanted == *into)) {
        let is_step = |from: &&BString| *from != into && policy.is_checked_step(from.as_bstr(), into.as_bstr());
        let names = refs.keys().filter(is_step).filter_map(|from| short(from).to_str().ok());
        all.extend(names.map(|from| Subject::Step { from: from.to_owned(), into: into.clone() }));
    }
    Ok(all)
}

/// Looks at a task or a step and promotes it where nothing is missing. `before` hears what is about to be pushed.
fn promoted(
    work: Work,
    args: &Promote,
    now: jiff::Timestamp,
    before: &dyn Fn(&Work, &Plan) -> Result<()>,
) -> Result<Done> {
    let Some(remote) = work.remote.clone() else {
        return Err(Error::usage("this is the guarded repository itself, and promotions are pushed to it")
            .help("run it in a clone"));
    };
    let mut plan = Plan::make(&work, args, now)?;
    if args.dry_run || !plan.lacks_anything() {
        plan.commit(&work, args)?;
    }
    if !plan.lacks_anything() {
        plan.judge(&work, now)?;
    }
    before(&work, &plan)?;
    let mut done = Done { work, plan, outcome: Outcome::Missing, command: None, answer: Vec::new() };
    let plan = &done.plan;
    let Some(next) = plan.next.as_ref().filter(|_| !plan.lacks_anything()) else {
        done.outcome = if plan.promoted { Outcome::Already } else { Outcome::Missing };
        return Ok(done);
    };
    let refspecs = next.refspecs(&plan.target);
    let words: Vec<String> = refspecs.iter().map(|refspec| refspec_word(refspec)).collect();
    done.command = Some(format!("git push --atomic {} {}", shell_word(&remote), words.join(" ")));
    if args.dry_run {
        done.outcome = Outcome::Ready;
        return Ok(done);
    }
    let update = RefUpdate { name: plan.target.name.clone(), old: plan.target.tip, new: next.new };
    (done.outcome, done.answer) = push(&args.seen.repo, remote.as_bstr(), &refspecs, &update)?;
    Ok(done)
}

/// A refspec for a shell.
pub(super) fn refspec_word(refspec: &[u8]) -> String {
    let (new, name) = refspec.split_once_str(":").unwrap_or((refspec, b""));
    format!("{}:{}", escape::escape(new), shell_word(name))
}

/// Pushes, and finds out what became of it where Git does not say: a hook here, a lost connection and a process that was
/// faster look alike.
///
/// # Errors
/// Nobody knows, or nothing was pushed at all.
pub(super) fn push(
    folder: &Path,
    remote: &BStr,
    refspecs: &[BString],
    update: &RefUpdate,
) -> Result<(Outcome, Vec<String>)> {
    let Pushed { ok, rejected, answer, said } = remote::push(folder, remote, refspecs)?;
    if ok {
        return Ok((Outcome::Promoted, answer));
    }
    let unknown = |error: Error| {
        let what = format!("git push failed ({said}), and whether anything moved cannot be told: {}", error.message);
        Error::undecided(what).help("git fetch, and look")
    };
    let held = remote::listed(folder, remote, [update.name.as_slice()]).map_err(unknown)?;
    let at = held.get(&update.name).copied();
    match (at == Some(update.old), rejected) {
        (true, true) => Ok((Outcome::Refused, answer)),
        (true, false) => Err(Error::undecided(format!("git push failed, and nothing moved: {said}"))
            .help(signing_help(&said).unwrap_or("what the words above name stands in the way; then run it again"))),
        (false, false) if at == Some(update.new) => Ok((Outcome::Promoted, answer)),
        (false, _) => Ok((Outcome::Overtaken(at), answer)),
    }
}

/// The receipt in a server's answer: the gate ends it with that line.
pub(super) fn receipt_in(answer: &[String]) -> Option<Receipt> {
    answer.iter().rev().find_map(|line| line.trim().strip_prefix("refgate: receipt ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_a_line_of_its_own_and_the_last_one_counts() {
        let hash = "ab".repeat(32);
        let find = |lines: &[&str]| receipt_in(&lines.iter().map(ToString::to_string).collect::<Vec<_>>());
        let line = format!("refgate: receipt 12:{hash}");
        let found = find(&["refgate: accepted", "refgate: receipt 7:00", &line, ""]).unwrap();
        assert_eq!(found.to_string(), format!("12:{hash}"));
        let upper = hash.to_uppercase();
        for line in [
            format!("refgate: receipt +1:{hash}"),
            format!("refgate: receipt 1:{hash}0"),
            format!("a refgate: receipt 1:{hash}"),
            format!("receipt 1:{hash}"),
            format!("refgate: receipt 1:{upper}"),
        ] {
            assert_eq!(find(&[&line]), None, "{line}");
        }
        assert_eq!(find(&[&line, &line.replace("12:", "13:")]).unwrap().sequence, 13);
    }
}
