//! `refgate policy sign`.

use super::{Scene, next, printable, refused, shell};
use crate::support::Said;

/// Begins a task that changes the rules, with its approval signed by as many people as that takes.
fn change(scene: &Scene, name: &str, edit: &dyn Fn(&str) -> String, people: &[&str]) {
    scene.sandbox.git(["fetch", "-q"]).must();
    let policy = scene.sandbox.git(["show", "origin/main:refgate.toml"]).must() + "\n";
    scene.task(name, "refgate.toml", &edit(&policy));
    for who in people {
        let said = scene.as_(who, &["approve", name, "--yes"]);
        assert!(said.ok, "{}{}", said.stdout, said.stderr);
    }
    scene.sandbox.commit("approved");
}

fn stricter(policy: &str) -> String {
    format!("{policy}[checks]\nrequired = [\"tests\"]\n")
}

fn looser(policy: &str) -> String {
    policy.replace("[checks]\nrequired = [\"tests\"]\n", "")
}

fn sign(scene: &Scene, who: &str, more: &[&str]) -> Said {
    let said = scene.as_(who, &[&["policy", "sign", "--yes"], more].concat());
    printable(&said);
    said
}

#[test]
fn a_signed_change_of_the_rules_is_let_in_and_no_way_back() {
    let scene = Scene::new(1, "");
    change(&scene, "t1", &stricter, &["alice"]);
    refused(&scene.push(&["autoTest/t1"]), "only the policy role may change this path");
    let reason = ["--reason", "tests from now on"];
    refused(&sign(&scene, "carol", &reason), "the signature would not count");
    assert!(scene.refs("policy").is_empty());
    refused(&scene.as_("alice", &["policy", "sign", "--reason", "x"]), "nobody is at a terminal");
    refused(&sign(&scene, "alice", &["--reason", "x\u{202e}"]), "--reason");
    refused(
        &sign(&scene, "alice", &["--reason", "x", "--head", "origin/main"]),
        "no file that the policy owns differs",
    );
    let said = sign(&scene, "alice", &reason);
    for shown in
        ["refgate.toml changes\n", "    +[checks]\n    +required = [\"tests\"]\n", "reason: tests from now on\n"]
    {
        assert!(said.stdout.contains(shown), "{shown}:\n{}{}", said.stdout, said.stderr);
    }
    let name = scene.only_ref("policy");
    assert_eq!(next(&said), format!("git push --atomic origin autoTest/t1 {name}"));
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}", pushed.stderr);
    scene.sandbox.push(["autoTest/t1:main"]).must();

    // The way back is another change, and the old word on this one says nothing of it.
    scene.sandbox.git(["fetch", "-q"]).must();
    change(&scene, "t2", &looser, &["alice"]);
    refused(&scene.push(&["autoTest/t2"]), "only the policy role may change this path");
    let file = format!("{}:statement.json", name);
    let (_, id) = name.rsplit_once('/').unwrap();
    assert!(scene.sandbox.git(["show", &file]).must().contains(id));
    let replayed = format!("{name}:refs/refgate/policy/{}/{id}", "0".repeat(64));
    refused(&scene.push(&["autoTest/t2", &replayed]), "belongs at refs/refgate/policy/");

    // Taken back with the role's word, the change is not made again on the old one, which the server still holds.
    let back = sign(&scene, "alice", &["--reason", "not yet"]);
    let pushed = shell(&scene, &next(&back));
    assert!(pushed.ok, "{}", pushed.stderr);
    let passed = scene.as_("ci", &["attest", "--check", "tests", "--result", "passed", "--push"]);
    assert!(passed.ok, "{}{}", passed.stdout, passed.stderr);
    scene.sandbox.push(["autoTest/t2:main"]).must();
    scene.sandbox.git(["fetch", "-q"]).must();
    change(&scene, "t3", &stricter, &["alice"]);
    refused(&scene.push(&["autoTest/t3"]), "only the policy role may change this path");
}

#[test]
fn two_people_sign_where_the_role_wants_two() {
    let scene = Scene::new(2, "");
    change(&scene, "t1", &stricter, &["alice", "bob"]);
    let said = sign(&scene, "alice", &["--reason", "tests from now on"]);
    assert!(said.stdout.contains("note: 1 of the 2 people"), "{}{}", said.stdout, said.stderr);
    let name = scene.only_ref("policy");
    refused(&shell(&scene, &next(&said)), "1 of the 2 people");
    refused(&sign(&scene, "alice", &["--add", &name]), "has signed this statement already");
    refused(&sign(&scene, "carol", &["--add", &name]), "the signature would not count");
    refused(&sign(&scene, "bob", &["--add", "refs/heads/main"]), "is no ref of a statement on the rules");
    refused(&sign(&scene, "bob", &["--add", &name, "--head", "origin/main"]), "no file that the policy owns differs");
    assert_eq!(scene.only_ref("policy"), name);
    let said = sign(&scene, "bob", &["--add", &name]);
    assert!(!said.stdout.contains("note:"), "{}{}", said.stdout, said.stderr);
    assert_eq!(scene.only_ref("policy"), name);
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}", pushed.stderr);
    scene.sandbox.push(["autoTest/t1:main"]).must();
}

/// Each push of a branch that the server holds is judged by its commits: so the change goes to a branch of its own.
#[test]
fn what_is_printed_is_accepted_from_any_branch() {
    let scene = Scene::new(1, "");
    scene.sandbox.git(["checkout", "-q", "-b", "topic"]).must();
    scene.sandbox.write(&[("README.md", "# Two\n")]);
    scene.sandbox.commit("more");
    scene.sandbox.push(["topic"]).must();
    scene.sandbox.write(&[(".refgate/note", "one\n")]);
    scene.sandbox.commit("rules");
    let said = sign(&scene, "alice", &["--reason", "x"]);
    assert!(next(&said).starts_with("git push --atomic origin topic:refs/heads/topic-rules refs/"), "{}", said.stdout);
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}", pushed.stderr);
}

#[test]
fn new_and_vanished_files_are_shown_whole_and_escaped() {
    let scene = Scene::new(1, "");
    scene.sandbox.git(["checkout", "-q", "-b", "topic"]).must();
    scene.sandbox.write(&[(".refgate/caf\u{e9}", "one\u{1b}[2J\n\u{202e}two\n"), (".gitattributes", "* -diff\n")]);
    scene.sandbox.git(["rm", "-q", ".refgate/allowed_signers"]).must();
    scene.sandbox.commit("strange");
    let said = sign(&scene, "alice", &["--reason", "x"]);
    for shown in [
        ".refgate/allowed_signers goes away\n    -alice@example.com ssh-ed25519 ",
        "\".refgate/caf\\303\\251\" is new, 100644\n    +one\\033[2J\n    +\\342\\200\\256two\n",
    ] {
        assert!(said.stdout.contains(shown), "{shown}:\n{}{}", said.stdout, said.stderr);
    }
}

/// A signature names the branch that the rules change on, so each step of a chain needs its own.
#[test]
fn a_change_of_the_rules_is_signed_for_each_step_of_a_chain() {
    let chain = "[branches]\nprotected = [\"staging\"]\n[[promotion]]\nfrom = [\"main\"]\ninto = [\"staging\"]\n";
    let scene = Scene::new(1, chain);
    scene.push(&["origin/main:refs/heads/staging"]).must();
    change(&scene, "t1", &|policy| format!("{policy}[limits]\nseconds = 31\n"), &["alice"]);
    let said = sign(&scene, "alice", &["--reason", "slow disks"]);
    assert!(shell(&scene, &next(&said)).ok, "{}{}", said.stdout, said.stderr);
    scene.push(&["autoTest/t1:main"]).must();
    scene.sandbox.git(["fetch", "-q"]).must();
    refused(&scene.push(&["origin/main:staging"]), "only the policy role may change this path");
    let step = |into: &str| sign(&scene, "alice", &["--reason", "and there", "--head", "origin/main", "--into", into]);
    refused(&step("topic"), "--into names no protected branch");
    let said = step("staging");
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}{}{}", said.stdout, said.stderr, pushed.stderr);
}
