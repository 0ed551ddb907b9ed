//! Measures refgate against git in the same run, as ratios of whole processes, and writes docs/performance.md.
//!
//! `benches/run` builds what is needed and starts this; it says there what can be asked for.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr, clippy::indexing_slicing)]
#![allow(unreachable_pub, reason = "the corpus is a module of several programs")]

#[allow(dead_code, reason = "only its processes are used")]
#[path = "../tests/corpus/mod.rs"]
mod corpus;
mod drift;
mod instructions;
#[path = "ledger_rows.rs"]
mod ledger;
mod measure;
mod peers;
mod report;
mod repos;
mod signatures;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use corpus::Fallible;
use measure::Job;
use repos::{Pair, Push, Size, branches, history, merges};

/// One line of the table: what is measured, against what, and what it must reach.
pub(crate) struct Row {
    work: String,
    yardstick: String,
    ours: Job,
    theirs: Job,
    /// The ratio that is to be reached; `None` where the figure is only told.
    goal: Option<f64>,
    /// What is to be reached in time, whatever the yardstick takes.
    limit: Option<Limit>,
    /// Bytes that the process may hold at once.
    memory: Option<u64>,
    pairs: usize,
}

/// A goal in time.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// At most so much in all.
    Whole(std::time::Duration),
    /// At most so much more than the yardstick.
    Beyond(std::time::Duration),
}

/// What was asked for.
struct Asked {
    refgate: PathBuf,
    tiny: bool,
    with_peers: bool,
    instructions: bool,
    only: Option<String>,
}

const FULL: Size = Size { paths: [100_000, 1_000_000], commits: 10_000, merging: 900, refs: 10_000 };
const TINY: Size = Size { paths: [300, 600], commits: 20, merging: 9, refs: 20 };

fn main() -> ExitCode {
    let asked = match Asked::read(std::env::args().skip(1)) {
        Some(asked) => asked,
        None => {
            eprintln!("usage: benches/run [--tiny] [--with-peers] [--only WORD], or tests/instructions");
            return ExitCode::from(2);
        }
    };
    let done = if asked.instructions { instructions::compare(&asked.refgate) } else { run(&asked) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let refgate = fs_err::canonicalize(words.next()?).ok()?;
        let mut asked = Self { refgate, tiny: false, with_peers: false, instructions: false, only: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--tiny" => asked.tiny = true,
                "--instructions" => asked.instructions = true,
                "--with-peers" => asked.with_peers = true,
                "--only" => asked.only = Some(words.next()?),
                _ => return None,
            }
        }
        Some(asked)
    }
}

fn run(asked: &Asked) -> Fallible<()> {
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    // The large repositories are kept for the next run.
    let folder = match asked.tiny {
        true => temporary.path().to_owned(),
        false => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench"),
    };
    let mut rows = signatures::rows(asked)?;
    if asked.only.as_deref().is_none_or(|word| "ledger".contains(word)) {
        rows.extend(ledger::rows(asked, &folder.join("ledger"))?);
    }
    // They need no repositories, which take minutes to make.
    let alone = asked.only.as_ref().is_some_and(|word| rows.iter().any(|row| row.work.contains(word)));
    if !alone {
        if asked.only.as_deref() != Some("drift") {
            rows.splice(0..0, self::rows(asked, &folder)?);
        }
        rows.extend(drift::rows(asked, &folder.join("drift"))?);
    }
    if asked.with_peers {
        let work = folder.join("middling/work");
        rows.extend(peers::rows(&temporary.path().join("peers"), &work, &hook(asked, "pre-commit", &work))?);
    }
    let wanted = |row: &&Row| asked.only.as_ref().is_none_or(|word| row.work.contains(word));
    let mut lines = Vec::new();
    for row in rows.iter().filter(wanted) {
        let measured = report::measure(row, if asked.tiny { 1 } else { row.pairs })?;
        println!("{measured}");
        lines.push(measured);
    }
    if asked.tiny || asked.only.is_some() {
        return Ok(());
    }
    lines.push(report::size(&asked.refgate)?);
    report::write(&lines, asked.with_peers)
}

fn hook(asked: &Asked, name: &str, folder: &Path) -> Job {
    Job::new(&asked.refgate, &["hook", name], folder)
}

fn rows(asked: &Asked, folder: &Path) -> Fallible<Vec<Row>> {
    let size = if asked.tiny { TINY } else { FULL };
    let [paths, many] = size.paths;
    let (middling, large) = (Pair::make(&folder.join("middling"), paths)?, Pair::make(&folder.join("large"), many)?);
    let one = middling.push("one", &history("one", 1, paths))?;
    let long = middling.push("long", &history("long", size.commits, paths))?;
    let merging = middling.push("merging", &merges("merging", size.merging, paths))?;
    let broad = middling.push("broad", &branches("broad", size.refs, paths))?;
    let wide = large.push("wide", &history("wide", 1, many))?;
    let work = middling.staged(10, paths)?;
    let receives = |pair: &Pair, push: &Push| {
        push.sees(hook(asked, "pre-receive", &pair.server), &pair.server).input(&push.updates)
    };
    let git = |pair: &Pair, push: &Push, args: &[&str]| {
        push.sees(Job::new("git", args, &pair.server), &pair.server).input(&push.tips)
    };
    let range = |pair: &Pair, name| -> Fallible<String> {
        Ok(format!("{}..{}", pair.base(), repos::git(&pair.client, &["rev-parse", name], "")?))
    };
    let (from, to) = (large.base(), repos::git(&large.client, &["rev-parse", "wide"], "")?);
    let past = ["replay", "long", "--since", middling.base(), "--format", "json"];
    let script = peers::shell_hook(folder)?;
    let shell = |pair: &Pair, push: &Push| {
        push.sees(Job::new("sh", &[&script], &pair.server), &pair.server).input(&push.updates)
    };
    let row = |work: String, yardstick: &str, [ours, theirs]: [Job; 2], goal, pairs| Row {
        work,
        yardstick: yardstick.to_owned(),
        ours,
        theirs,
        goal,
        limit: None,
        memory: None,
        pairs,
    };
    let staged = ["diff", "--cached", "--name-only"];
    Ok(vec![
        row(
            format!("pre-receive of 1 commit that touches nothing guarded, {paths} paths: the start"),
            "git rev-parse HEAD",
            [receives(&middling, &one), git(&middling, &one, &["rev-parse", "HEAD"])],
            Some(2.0),
            101,
        ),
        row(
            format!("pre-receive of 1 commit into {many} paths"),
            "git diff-tree -r --raw",
            [receives(&large, &wide), git(&large, &wide, &["diff-tree", "-r", "--raw", from, &to])],
            Some(2.0),
            101,
        ),
        Row {
            memory: Some(256_000_000),
            ..row(
                format!("pre-receive of {} commits, {paths} paths", size.commits),
                "git log --raw -r",
                [
                    receives(&middling, &long),
                    git(&middling, &long, &["log", "--raw", "-r", &range(&middling, "long")?]),
                ],
                Some(1.0),
                9,
            )
        },
        Row {
            memory: Some(256_000_000),
            ..row(
                format!("replay of {} commits, {paths} paths", size.commits),
                "git log --raw -r",
                [
                    Job::new(&asked.refgate, &past, &middling.client),
                    Job::new("git", &["log", "--raw", "-r", &range(&middling, "long")?], &middling.client),
                ],
                Some(1.0),
                9,
            )
        },
        row(
            format!("pre-receive of {} commits, a third of them merges", size.merging),
            "git log --raw -r --remerge-diff",
            [
                receives(&middling, &merging),
                git(&middling, &merging, &["log", "--raw", "-r", "--remerge-diff", &range(&middling, "merging")?]),
            ],
            None,
            9,
        ),
        row(
            format!("pre-receive of {} new branches in one push, one commit each", size.refs),
            "git log --raw -r --stdin of the same commits",
            [receives(&middling, &broad), git(&middling, &broad, &["log", "--raw", "-r", "--stdin", "^main"])],
            None,
            9,
        ),
        row(
            format!("pre-commit of 10 staged files, {paths} paths"),
            "git diff --cached --name-only",
            [hook(asked, "pre-commit", &work), Job::new("git", &staged, &work)],
            Some(1.5),
            51,
        ),
        row(
            "pre-receive of 1 commit".to_owned(),
            "a pre-receive in sh: rev-list, diff-tree, cat-file",
            [receives(&middling, &one), shell(&middling, &one)],
            Some(1.0),
            51,
        ),
    ])
}
