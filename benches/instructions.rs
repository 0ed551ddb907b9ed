//! Counts the instructions that the judging of fixed pushes takes, under callgrind, and holds them against the figures
//! in `tests/instructions.toml`. Times differ from machine to machine and from minute to minute; counts hardly do.
//!
//! Nothing random is left but the seeds of hash maps: the repositories are the same each time, their paths have one
//! length, and the environment is our own.

use std::collections::BTreeMap;
use std::path::Path;

use crate::corpus::case::Trace;
use crate::corpus::{Context, Fallible, process, trace};
use crate::measure::Job;
use crate::repos::{Pair, Push, branches, history};

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/instructions.toml");
/// How far a count may be from its figure.
const MOST: f64 = 0.05;
/// How far, where another compiler made the binary than the one behind the figures.
const MOST_ELSEWHERE: f64 = 0.25;

/// What is kept in the repository.
#[derive(serde::Serialize, serde::Deserialize)]
struct Figures {
    compiler: String,
    pushes: BTreeMap<String, u64>,
}

/// Counts, and compares with the figures; with `REFGATE_BLESS` in the environment it renews them.
pub(crate) fn compare(refgate: &Path) -> Fallible<()> {
    let counted = Figures { compiler: compiler()?, pushes: count(refgate)? };
    if std::env::var_os("REFGATE_BLESS").is_some() {
        return bless(&counted);
    }
    let text = fs_err::read_to_string(FIGURES).map_err(|error| error.to_string())?;
    let known: Figures = toml::from_str(&text).context(|| FIGURES.to_owned())?;
    let most = if known.compiler == counted.compiler {
        MOST
    } else {
        println!("WARNING: the figures are from `{}`, and this is `{}`", known.compiler, counted.compiler);
        println!("WARNING: so only a difference of more than {:.0} % fails", MOST_ELSEWHERE * 100.0);
        MOST_ELSEWHERE
    };
    let mut wrong = Vec::new();
    for (push, now) in &counted.pushes {
        let figure = *known.pushes.get(push).ok_or_else(|| format!("{FIGURES} has no figure for {push}"))?;
        let change = *now as f64 / figure as f64 - 1.0;
        println!("{push}: {now} instructions, {:+.2} % of the figure", change * 100.0);
        if change.abs() > most {
            wrong.push(format!("{push} takes {:+.1} % of the instructions that the figure says", change * 100.0));
        }
    }
    if wrong.is_empty() && known.pushes.len() == counted.pushes.len() {
        return Ok(());
    }
    wrong
        .push("find out why (benches/run measures time); if it is meant so: REFGATE_BLESS=1 tests/instructions".into());
    Err(wrong.join("\n"))
}

fn bless(figures: &Figures) -> Fallible<()> {
    let text = toml::to_string(figures).map_err(|error| error.to_string())?;
    let head = "# How many instructions the judging of fixed pushes takes (release build, callgrind). A change of more than\n\
                # 5 % fails; REFGATE_BLESS=1 tests/instructions writes the figures anew.\n\n";
    fs_err::write(FIGURES, format!("{head}{text}")).map_err(|error| error.to_string())
}

fn compiler() -> Fallible<String> {
    let said = process::must(std::process::Command::new("rustc").arg("--version"), b"")?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

fn count(refgate: &Path) -> Fallible<BTreeMap<String, u64>> {
    // In /tmp wherever the temporary folder is: the length of a path is part of the work.
    let folder = tempfile::tempdir_in("/tmp").map_err(|error| error.to_string())?;
    let paths = 5_000;
    let pair = Pair::make(&folder.path().join("pushes"), paths)?;
    let promoting = Pair::make(&folder.path().join("promoting"), paths)?;
    let pushes = [
        ("one-commit", &pair, pair.push("one", &history("one", 1, paths))?),
        ("three-hundred-commits", &pair, pair.push("long", &history("long", 300, paths))?),
        ("two-hundred-branches", &pair, pair.push("broad", &branches("broad", 200, paths))?),
        ("promotion", &promoting, promoting.promote("t1", &trace_files("t1", promoting.base()))?),
    ];
    let count = |(name, pair, push): &(&str, &Pair, Push)| {
        let hook = Job::new(refgate, &["hook", "pre-receive", "--at", "2026-11-15T00:00:00Z"], &pair.server);
        let args = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
        let job = push.sees(hook, &pair.server).input(&push.updates).under("valgrind", &args);
        let said = job.env("PATH", "/usr/bin:/bin").env("GLIBC_TUNABLES", PLAIN).check()?;
        let counted = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        Ok(((*name).to_owned(), counted.ok_or_else(|| format!("callgrind counted nothing:\n{said}"))?))
    };
    pushes.iter().map(count).collect()
}

/// Which of glibc's copies of memcpy and the like runs depends on the processor; this leaves those of every processor.
const PLAIN: &str = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM";

/// What a complete task brings: one changed file and its trace.
fn trace_files(task: &str, base: &str) -> Vec<(String, String)> {
    let changed = "src/a000/b00/file00.rs".to_owned();
    let trace = Trace {
        task: task.into(),
        base: String::new(),
        runtime: None,
        schema: Vec::new(),
        backfill: Vec::new(),
        documentation: Vec::new(),
        not_approved: Vec::new(),
        files_changed: None,
        commit_sha: None,
        branch: None,
        omit: Vec::new(),
    };
    let mut files = trace::files(&trace, base, std::slice::from_ref(&changed), None);
    files.push((changed, "fn number() -> u32 {\n    7\n}\n".into()));
    files
}
