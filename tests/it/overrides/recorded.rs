//! What the ledger keeps of an override: the very bytes that were signed, and what became of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::{POLICY, Scene, make_executable};
use crate::corpus::process;

fn records(scene: &Scene) -> Vec<Value> {
    let text = fs_err::read_to_string(scene.server.join("refgate/ledger/00000001.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn blob(scene: &Scene, name: &str) -> Vec<u8> {
    process::must(&mut process::git(&scene.server, &["cat-file", "blob", name]), b"").unwrap()
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().unwrap()).unwrap()
}

fn verifies(scene: &Scene) {
    let mut verify = process::command(crate::support::REFGATE);
    let output = verify.args(["ledger", "verify", "--repo"]).arg(&scene.server).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_ledger_keeps_the_bytes_of_each_override_and_what_became_of_it() {
    let scene = Scene::new(&POLICY.replace("\"alice\"] }", "\"alice\"], threshold = 2 }"));
    let new = scene.direct();
    let id = scene.signed_by("bob", &[]);
    scene.sign("carol", &[]).must();
    let before = records(&scene).len();
    let pushed = scene.push_with("alice", &id);
    assert!(pushed.ok, "{}", pushed.stderr);
    let records = records(&scene);
    let records = &records[before..];
    let events: Vec<&str> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["accepted", "override-reserved", "applied", "override-settled"]);
    let [accepted, reserved, _, settled] = records else { panic!("{records:?}") };
    assert_eq!(accepted["actor"], "alice");
    let used = &accepted["overrides"][0];
    assert_eq!(
        (&used["id"], &used["ref"], &used["new"]),
        (&Value::from(id.as_str()), &"refs/heads/main".into(), &new.into())
    );
    assert_eq!(used["justification"], "site down");
    let place = format!("refs/refgate/overrides/{id}");
    let statement = blob(&scene, &format!("{place}:statement.json"));
    assert_eq!(statement, fs_err::read(scene.path("request.json")).unwrap());
    assert_eq!(bytes(&used["statement"]), statement);
    let listed = scene.on_server(&["ls-tree", "--name-only", &place]);
    let mut signatures: Vec<Vec<u8>> = listed
        .lines()
        .filter(|name| name.ends_with(".sig"))
        .map(|name| blob(&scene, &format!("{place}:{name}")))
        .collect();
    let mut kept: Vec<Vec<u8>> = used["signatures"].as_array().unwrap().iter().map(bytes).collect();
    signatures.sort();
    kept.sort();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept, signatures);
    for record in [reserved, settled] {
        assert_eq!((&record["id"], &record["decision"]), (&id.as_str().into(), &accepted["sequence"]));
    }
    assert_eq!(settled["applied"], true);
    verifies(&scene);
}

#[test]
fn an_override_whose_push_did_not_get_through_is_settled_and_may_be_used_again() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    let hook = scene.server.join("hooks/update");
    fs_err::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    make_executable(&hook);
    assert!(!scene.push_with("alice", &id).ok);
    fs_err::remove_file(&hook).unwrap();
    let again = scene.push_with("alice", &id);
    assert!(again.ok, "{}", again.stderr);
    let records = records(&scene);
    let settled: Vec<&Value> = records.iter().filter(|record| record["event"] == "override-settled").collect();
    let applied: Vec<&Value> = settled.iter().map(|record| &record["applied"]).collect();
    assert_eq!(applied, [&Value::Bool(false), &Value::Bool(true)], "{records:?}");
    assert_eq!(records.iter().filter(|record| record["event"] == "override-reserved").count(), 2);
    verifies(&scene);
}
