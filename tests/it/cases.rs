//! Plays every case of the corpus: the real push and the judge in this process must both give the verdict that is due,
//! and the same one, and the refs must have moved exactly when it says so.

use std::collections::BTreeSet;
use std::path::Path;

use refgate::change::Push;
use refgate::env::Env;
use refgate::git::Repo;
use refgate::judge::{judge, without_judging};
use refgate::policy::load::{for_server, server_folder};
use refgate::refs::parse_receive;
use refgate::report::json;
use refgate::rules;
use serde_json::Value;

use crate::corpus::build::Update;
use crate::corpus::case::{Case, Decision};
use crate::corpus::run::{self, Played, Route};
use crate::corpus::{self, Fallible, Loaded, expect, process, spell};

const REFGATE: &str = env!("CARGO_BIN_EXE_refgate");

/// Fewer cases than this, and some were lost.
const AT_LEAST: usize = 150;

#[test]
fn every_case_gets_its_verdict() {
    let loaded = corpus::load_all();
    let broken = loaded.iter().filter_map(|case| case.as_ref().err().cloned()).collect::<Vec<_>>();
    assert!(broken.is_empty(), "{} case files do not parse:\n{}", broken.len(), broken.join("\n"));

    // One area alone, to work on it: `REFGATE_TEST_CASES=fixtures/cases/drift`.
    let wanted = std::env::var("REFGATE_TEST_CASES").unwrap_or_default();
    let cases = loaded.into_iter().flatten().filter(|case| case.file.starts_with(&wanted)).collect::<Vec<_>>();
    let results = run::in_parallel(&cases, check);
    let fed = results.iter().filter(|result| matches!(result, Ok(Route::FedDirectly))).count();
    eprintln!("{} cases, {fed} of them fed to the hook directly", cases.len());
    let failures = results.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(failures.is_empty(), "{} of {} cases failed:\n\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn the_corpus_is_large_and_every_summary_is_its_own() {
    let cases = corpus::load_all().into_iter().collect::<Fallible<Vec<_>>>().unwrap();
    assert!(cases.len() >= AT_LEAST, "{} cases, expected at least {AT_LEAST}", cases.len());
    let summaries = cases.iter().map(|loaded| &loaded.case.summary).collect::<BTreeSet<_>>();
    assert_eq!(summaries.len(), cases.len(), "two cases have the same summary");
}

#[test]
fn every_case_says_which_rules_refuse() {
    for loaded in corpus::load_all().into_iter().flatten() {
        let expect = &loaded.case.expect;
        let must = expect.decision == Decision::Refuse && loaded.case.stdin.is_none();
        assert!(
            !must || !expect.rules.is_empty() || !expect.may.is_empty() || expect.problem.is_some(),
            "{}: refuse, but by which rule?",
            loaded.file
        );
        assert!(expect.decision != Decision::Accept || expect.rules.is_empty(), "{}: accept, yet rules", loaded.file);
    }
}

fn check(loaded: &Loaded) -> Result<Route, String> {
    let Loaded { file, case, .. } = loaded;
    let wrong = match judge_both_ways(case) {
        Ok((route, wrong)) if wrong.is_empty() => return Ok(route),
        Ok((_, wrong)) => wrong,
        Err(error) => vec![error],
    };
    Err(format!("{file}\n  {}\n    {}\n", case.summary, wrong.join("\n    ")))
}

fn judge_both_ways(case: &Case) -> Fallible<(Route, Vec<String>)> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let hook = format!("{} hook pre-receive --format json", run::quoted(Path::new(REFGATE)));
    let played = run::play(case, folder.path(), &hook, &install, true)?;
    let verdict: Value = serde_json::from_str(&played.said)
        .map_err(|error| format!("no verdict ({error}); exit status {}, it said: {}", played.status, played.stderr))?;

    let mut wrong = expect::differences(&case.expect, &played.built, &verdict);
    wrong.extend(status_differences(&verdict, &played));
    wrong.extend(move_differences(case.expect.decision, &played));
    if case.expect.stock != (played.route == Route::Pushed) {
        wrong.push(format!("stock: says {}, but {:?}", case.expect.stock, played.route));
    }
    // The receiving process alone knows what the client claims to be shallow, and raw input is no list of updates.
    if let Some(copy) = played.copy.as_ref().filter(|_| case.shallow.is_empty() && case.stdin.is_none()) {
        let second = judge_in_process(copy, &played.built.updates).map_err(|error| error.to_string())?;
        if second != played.said {
            wrong.push(format!("in process, the verdict differs:\n{second}\nthe hook's was:\n{}", played.said));
        }
    }
    Ok((played.route, wrong))
}

/// What `refgate` needs to guard a server.
fn install(git_dir: &Path, policy: Option<&Path>, case: &Case) -> Fallible<()> {
    let mut command = process::command(REFGATE);
    command.args(["install", "server", "--repo"]).arg(git_dir);
    if let Some(policy) = policy {
        command.arg("--policy").arg(policy);
    }
    process::must(&mut command, b"")?;
    // The installation lets Git refuse damaged objects before the hook runs; here the hook itself must.
    process::must(&mut process::git(git_dir, &["config", "receive.fsckObjects", "false"]), b"")?;
    if case.bootstrap {
        return Ok(());
    }
    match fs_err::remove_file(git_dir.join("refgate/bootstrap")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Judges the updates in this process, against a server that already has the objects: the verdict's very bytes.
fn judge_in_process(server: &Path, updates: &[Update]) -> Result<String, refgate::error::Error> {
    let repo = Repo::discover(server, &Env::default())?;
    let input = updates.iter().flat_map(Update::line).collect::<Vec<_>>();
    let updates = match parse_receive(&input, repo.format()) {
        Ok(updates) => updates,
        Err(error) => return Ok(json::render(&without_judging(error))),
    };
    let refs = repo.refs()?;
    let policy = match for_server(&repo, &refs, &rules::ids()) {
        Ok(policy) => policy,
        Err(error) => return Ok(json::render(&without_judging(error))),
    };
    let bootstrap = server_folder(&repo).join("bootstrap").is_file();
    let push = Push::new(refs, updates, bootstrap);
    Ok(json::render(&judge(&repo, &policy, &push, jiff::Timestamp::now())))
}

fn status_differences(verdict: &Value, played: &Played) -> Option<String> {
    let due = match verdict["decision"].as_str() {
        Some("accept") => 0,
        Some("refuse") => 1,
        _ => 2,
    };
    (played.status != due).then(|| format!("exit status: expected {due}, got {}", played.status))
}

fn move_differences(decision: Decision, played: &Played) -> Vec<String> {
    let mut wrong = Vec::new();
    if played.route == Route::FedDirectly {
        return wrong;
    }
    for moved in &played.moved {
        let due = if decision == Decision::Accept { &moved.wanted } else { &moved.before };
        if moved.after != *due {
            let name = spell::encode(&moved.name);
            wrong.push(format!("{name}: expected to stand at {due}, stands at {}", moved.after));
        }
    }
    if decision == Decision::Accept && !played.denied.is_empty() {
        wrong.push(format!("Git denied: {}", played.denied.join("; ")));
    }
    wrong
}
