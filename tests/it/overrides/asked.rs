//! What is asked for before anybody signs: where it stands, and what it is worth.

use super::{POLICY, REFGATE, Said, Scene, process};

/// Whoever goes on with `git add -A` takes no request along.
#[test]
fn a_request_stands_where_no_commit_takes_it_up() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let command = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]).hint();
    for folder in [scene.client(), scene.client().join("src")] {
        let mut request = process::command(REFGATE);
        request.env("HOME", scene.path("home")).current_dir(&folder).args(&command);
        let said = Said::new(request.output().unwrap()).must();
        assert_eq!(scene.sandbox.git(["status", "--porcelain", "--ignored"]).must(), "");
        // What it prints can be typed where it was printed.
        let (_, next) = said.split_once("\n  refgate override sign ").unwrap();
        let file = next.split(' ').next().unwrap();
        let mut sign = process::command(REFGATE);
        sign.env("HOME", scene.path("home")).current_dir(&folder).args(["override", "sign", file, "--yes"]);
        sign.args(["--principal", "bob", "--reason", "site down", "--key"]).arg(scene.path("bob"));
        Said::new(sign.output().unwrap()).must();
        assert_eq!(scene.sandbox.git(["status", "--porcelain", "--ignored"]).must(), "");
    }
    assert_eq!(fs_err::read_dir(scene.client().join(".git/refgate-overrides")).unwrap().count(), 4);
}

/// A request is written by whoever wants it signed: what it says of itself is nobody's word.
#[test]
fn a_request_that_is_filled_in_already_is_signed_in_the_signer_s_words() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let refusal = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
    scene.request(&refusal.hint());
    let mut forged = scene.statement();
    forged["justification"] = "a typo".into();
    forged["principal"] = "bob".into();
    forged["issuedAt"] = "2026-01-01T00:00:00Z".into();
    forged["expiresAt"] = "2099-01-01T00:00:00Z".into();
    forged["findings"][0]["message"] = "a typo in README.md".into();
    fs_err::write(scene.path("request.json"), serde_json::to_string_pretty(&forged).unwrap() + "\n").unwrap();
    let shown = scene.sign("bob", &[]).must();
    assert!(shown.contains("because: site down") && !shown.contains("typo"), "{shown}");
    let signed = scene.statement();
    assert_eq!(signed["justification"], "site down");
    assert!(!signed.to_string().contains("2099") && !signed.to_string().contains("typo"), "{signed}");
    assert!(scene.push_with("alice", &scene.id()).ok);
}
