//! Many pushes at once.

use std::collections::BTreeSet;
use std::process::Stdio;

use super::*;

/// Starts all of the pushes, then waits for all of them.
fn at_once(scene: &Scene, specs: &[String]) -> Vec<Said> {
    let pushes: Vec<_> = specs
        .iter()
        .map(|spec| {
            let mut git = process::command("git");
            git.current_dir(scene.sandbox.path().join("client")).args(["push", "origin", spec]);
            git.env("HOME", scene.sandbox.path().join("home")).stdout(Stdio::piped()).stderr(Stdio::piped());
            git.spawn().unwrap()
        })
        .collect();
    pushes.into_iter().map(|push| Said::new(push.wait_with_output().unwrap())).collect()
}

/// Whatever happened, the ledger says it, and so does its mirror.
fn holds_all(scene: &Scene, said: &[Said]) {
    let receipts: Vec<String> = said.iter().map(receipt).collect();
    assert_eq!(receipts.iter().collect::<BTreeSet<_>>().len(), said.len());
    // Of what was under way when others looked, the next push tells.
    assert!(scene.push("refs/heads/last").ok);
    scene.verifies(&receipts);
    assert_eq!(scene.records().last().unwrap()["pending"], Value::Array(Vec::new()), "{}", scene.text());
    assert_eq!(scene.mirrored().1, scene.text());
}

#[test]
fn pushes_at_once_to_different_refs_are_all_recorded() {
    for count in [2, 8, 16] {
        let scene = Scene::new();
        let names: Vec<String> = (0..count).map(|number| format!("refs/heads/c/{number}")).collect();
        let said = at_once(&scene, &names.iter().map(|name| format!("HEAD:{name}")).collect::<Vec<_>>());
        for (name, said) in names.iter().zip(&said) {
            assert!(said.ok && !said.stderr.contains("does not move"), "{}", said.stderr);
            let (decided, applied) = (scene.record("accepted", name), scene.record("applied", name));
            assert_eq!(decided["sequence"], applied["decision"]);
            assert!(receipt(said).starts_with(&format!("{}:", decided["sequence"])), "{}", said.stderr);
        }
        assert_eq!(scene.mirrored().1, scene.text(), "the mirror lags behind");
        holds_all(&scene, &said);
    }
}

#[test]
fn of_pushes_at_once_to_one_ref_one_is_applied() {
    let scene = Scene::new();
    let name = "refs/heads/c/one";
    let tree = scene.sandbox.rev("HEAD^{tree}");
    let parent = scene.sandbox.rev("HEAD~1");
    let commits: Vec<String> = (0..8)
        .map(|number| scene.sandbox.git(["commit-tree", "-m", &number.to_string(), "-p", &parent, &tree]).must())
        .collect();
    let said = at_once(&scene, &commits.iter().map(|commit| format!("{commit}:{name}")).collect::<Vec<_>>());
    let won: Vec<&String> = commits.iter().zip(&said).filter(|(_, said)| said.ok).map(|(commit, _)| commit).collect();
    assert_eq!(won.len(), 1);
    let applied = scene.record("applied", name);
    assert_eq!(applied["updates"][0]["new"], won[0].as_str());
    assert_eq!(scene.on_server(&["rev-parse", name]), *won[0]);
    holds_all(&scene, &said);
    // Each answer is there; whatever was accepted and did not move has lapsed.
    let count = |event| scene.records().iter().filter(|record| is(record, event, name)).count();
    let answers = ["accepted", "refused", "undecided"].map(count);
    let unjudged = scene.records().iter().filter(|record| record["updates"] == serde_json::json!([])).count();
    assert_eq!(answers.iter().sum::<usize>() + unjudged, 8, "{}", scene.text());
    assert_eq!(count("lapsed"), answers[0] - 1);
}
