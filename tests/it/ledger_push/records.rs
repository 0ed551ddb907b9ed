//! What each push leaves, and what shows of refs that moved past the gate.

use super::*;

#[test]
fn each_push_leaves_the_records_that_are_due_and_a_receipt() {
    let scene = Scene::new();
    assert_eq!(scene.events(), ["opened", "accepted", "applied"]);
    assert_eq!(scene.mirrored(), (1, scene.text()));
    let refused = scene.push("refs/heads/main");
    scene.on_server(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let undecided = scene.push("refs/heads/alias");
    let accepted = scene.push("refs/heads/topic");
    assert!(!refused.ok && !undecided.ok && accepted.ok, "{}", accepted.stderr);
    let due = ["opened", "accepted", "applied", "refused", "undecided", "accepted", "applied"];
    assert_eq!(scene.events(), due);
    let receipts = [&refused, &undecided, &accepted].map(receipt);
    for (receipt, (number, event)) in receipts.iter().zip([(4, "refused"), (5, "undecided"), (6, "accepted")]) {
        assert!(receipt.starts_with(&format!("{number}:")), "{receipt}");
        let shown = scene.ledger(&["show", receipt]).1.must();
        assert!(shown.starts_with(&format!("receipt  {receipt}\nevent    {event}\n")), "{shown}");
    }
    let applied = scene.record("applied", "refs/heads/topic");
    assert_eq!((&applied["decision"], &applied["observed"]), (&6.into(), &Value::Null));
    assert_eq!(applied["updates"][0]["new"], scene.sandbox.rev("HEAD").as_str());
    assert_eq!(scene.records()[6]["pending"], Value::Array(Vec::new()));
    // One commit for each push that was let in, and nothing twice.
    assert_eq!(scene.mirrored(), (2, scene.text()));
    scene.verifies(&receipts);
    let mut other = receipts[1].clone().into_bytes();
    let last = other.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let (code, _) = scene.ledger(&["verify", "--receipt", &String::from_utf8(other).unwrap()]);
    assert_eq!(code, Some(1), "a receipt that nobody was given");
    // A clone that fetched the mirror vouches for it.
    scene.sandbox.git(["fetch", "-q", "origin", &format!("{MIRROR}:{MIRROR}")]).must();
    let client = scene.sandbox.path().join("client").display().to_string();
    let (code, said) = scene.ledger(&["verify", "--mirror", &client]);
    assert_eq!(code, Some(0), "{}{}", said.stdout, said.stderr);
}

#[test]
fn a_ref_that_moved_behind_the_gate_s_back_is_found() {
    let scene = Scene::new();
    assert!(scene.push("refs/heads/topic").ok);
    let (old, new) = (scene.on_server(&["rev-parse", "main"]), scene.sandbox.rev("HEAD"));
    for (name, there, found) in [
        ("refs/heads/main", Some(&old), "refs/heads/main went from"),
        ("refs/heads/topic", Some(&new), "refs/heads/topic went from"),
        ("refs/heads/fresh", None, "a branch, a tag or a statement that no decision is about"),
        ("refs/tags/v1", None, "a branch, a tag or a statement that no decision is about"),
    ] {
        let other = if there == Some(&new) { &old } else { &new };
        scene.on_server(&["update-ref", name, other]);
        scene.is_damaged(found);
        match there {
            Some(there) => scene.on_server(&["update-ref", name, there]),
            None => scene.on_server(&["update-ref", "-d", name]),
        };
        scene.verifies(&[]);
    }
    scene.on_server(&["update-ref", "-d", "refs/heads/topic"]);
    scene.is_damaged("refs/heads/topic went from");
}

#[test]
fn nobody_pushes_to_the_mirror() {
    let scene = Scene::new();
    fs_err::remove_file(scene.server.join("hooks/post-receive")).unwrap();
    let tip = scene.on_server(&["rev-parse", MIRROR]);
    let (force, create, delete) = (format!("+HEAD:{MIRROR}"), format!("HEAD:{MIRROR}"), format!(":{MIRROR}"));
    for spec in [&force, &delete] {
        let said = scene.sandbox.push([spec.as_str()]);
        assert!(!said.ok && words(&said).contains("server-ref at refs/refgate/ledger"), "{}", said.stderr);
        assert_eq!(scene.on_server(&["rev-parse", MIRROR]), tip);
    }
    // One commit on, as if the server had written it.
    scene.sandbox.git(["fetch", "-q", "origin", &format!("{MIRROR}:refs/mirror")]).must();
    let tree = scene.sandbox.rev("refs/mirror^{tree}");
    let child = scene.sandbox.commit_tree(&tree, &[&tip]);
    let said = scene.sandbox.push([format!("{child}:{MIRROR}").as_str()]);
    assert!(!said.ok && words(&said).contains("server-ref"), "{}", said.stderr);
    scene.on_server(&["update-ref", "-d", MIRROR]);
    let said = scene.sandbox.push([create.as_str()]);
    assert!(!said.ok && words(&said).contains("server-ref at refs/refgate/ledger"), "{}", said.stderr);
    assert!(scene.on_server(&["for-each-ref", MIRROR]).is_empty());
    assert_eq!(scene.events()[3..], ["refused", "refused", "refused", "refused"]);
}
