//! Scores any `pre-receive` hook against the corpus: every case is pushed for real at a bare server that the hook
//! guards, and what the hook decides is compared with what is due.
//!
//! `tests/score HOOK [--prepare PROGRAM]`. PROGRAM, if given, is run before each push with the server's Git directory
//! and, where the case has one, a policy file.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr, clippy::indexing_slicing)]
#![allow(unreachable_pub, reason = "the corpus is a module of two programs")]

#[allow(dead_code, reason = "the integration test uses the rest")]
mod corpus;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use corpus::{Fallible, Loaded, case::Case, case::Decision, process, run};

/// What came of one case.
enum Mark {
    Right,
    WronglyAccepted,
    WronglyRefused,
    Broken(String),
}

fn main() -> ExitCode {
    let words = std::env::args_os().skip(1).collect::<Vec<_>>();
    let (hook, prepare) = match words.as_slice() {
        [hook] => (PathBuf::from(hook), None),
        [hook, flag, program] if flag == "--prepare" => (PathBuf::from(hook), Some(PathBuf::from(program))),
        _ => {
            eprintln!("usage: tests/score HOOK [--prepare PROGRAM]");
            return ExitCode::from(2);
        }
    };
    match score(&hook, prepare.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn score(hook: &Path, prepare: Option<&Path>) -> Fallible<()> {
    let hook = fs_err::canonicalize(hook).map_err(|error| error.to_string())?;
    let prepare = prepare.map(fs_err::canonicalize).transpose().map_err(|error| error.to_string())?;
    let cases = corpus::load_all().into_iter().collect::<Fallible<Vec<_>>>()?;
    let marks = run::in_parallel(&cases, |loaded| mark(&loaded.case, &hook, prepare.as_deref()));

    let mut areas = BTreeMap::<&str, (usize, usize)>::new();
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    for (loaded, mark) in cases.iter().zip(marks) {
        let (right, all) = areas.entry(&loaded.area).or_default();
        *all += 1;
        let line = |loaded: &Loaded| format!("  {}: {}", loaded.file, loaded.case.summary);
        match mark {
            Mark::Right => *right += 1,
            Mark::WronglyAccepted => lists[0].push(line(loaded)),
            Mark::WronglyRefused => lists[1].push(line(loaded)),
            Mark::Broken(error) => lists[2].push(format!("  {}: {error}", loaded.file)),
        }
    }
    for (heading, list) in ["wrongly accepted:", "wrongly refused:", "could not be played:"].iter().zip(&lists) {
        if !list.is_empty() {
            println!("{heading}\n{}\n", list.join("\n"));
        }
    }
    for (area, (right, all)) in &areas {
        println!("{area:<12} {right:>4} right, {:>4} wrong", all - right);
    }
    let right: usize = areas.values().map(|(right, _)| right).sum();
    println!(
        "score: {right} of {} right ({} wrongly accepted, {} wrongly refused)",
        cases.len(),
        lists[0].len(),
        lists[1].len()
    );
    if lists[2].is_empty() { Ok(()) } else { Err(format!("{} cases could not be played", lists[2].len())) }
}

fn mark(case: &Case, hook: &Path, prepare: Option<&Path>) -> Mark {
    let played = tempfile::tempdir().map_err(|error| error.to_string()).and_then(|folder| {
        let ready = |git_dir: &Path, policy: Option<&Path>, _: &Case| match prepare {
            Some(program) => process::must(process::command(program).arg(git_dir).args(policy), b"").map(|_| ()),
            None => Ok(()),
        };
        run::play(case, folder.path(), &run::quoted(hook), &ready, false)
    });
    match played {
        Err(error) => Mark::Broken(error),
        // A hook that Git should have started but did not has not been tested at all.
        Ok(played) if case.expect.stock != (played.route == run::Route::Pushed) => {
            Mark::Broken(format!("`stock = {}` is wrong: {:?} {}", case.expect.stock, played.route, played.stderr))
        }
        // A case that Git itself denies cannot tell whether the hook is right to accept.
        Ok(played) if case.expect.decision == Decision::Accept && played.status == 0 && !played.denied.is_empty() => {
            Mark::Broken(format!("Git denied: {}", played.denied.join("; ")))
        }
        Ok(played) if case.expect.decision.fits_status(played.status) => Mark::Right,
        Ok(_) if case.expect.decision == Decision::Accept => Mark::WronglyRefused,
        Ok(_) => Mark::WronglyAccepted,
    }
}
