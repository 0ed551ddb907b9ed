//! `refgate approve`.

use super::{Scene, next, printable, refused, shell};
use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

const APPROVE: [&str; 3] = ["approve", "t1", "--yes"];
const JSON: &str = ".ai-stack-trace/t1/contract/approval.json";
const PAGE: &str = ".ai-stack-trace/t1/contract/approval.md";

fn scene(threshold: usize) -> Scene {
    let scene = Scene::new(threshold, "");
    scene.task("t1", "src/a.rs", "fn a() {}\n");
    scene
}

#[test]
fn a_signed_approval_lets_its_task_in() {
    let scene = scene(1);
    refused(&scene.promote("t1"), "the approval is not signed");
    let said = scene.as_("alice", &APPROVE);
    printable(&said);
    for shown in
        ["Runtime code changes\n    src/a.rs", "marker APPROVED:t1:", "signed by SHA256:", "So far it changes 1"]
    {
        assert!(said.stdout.contains(shown), "{shown}:\n{}{}", said.stdout, said.stderr);
    }
    assert!(!said.stdout.contains("note:"), "{}", said.stdout);
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}", pushed.stderr);
    // After its days are over it would be too late.
    let late = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 30 + 1)).to_string();
    let check = |at: &str| scene.sandbox.refgate(["check", "--ref", "main", "--at", at]);
    let said = check(&late);
    assert!(!said.ok && said.stdout.contains("the signed approval expired at"), "{}", said.stdout);
    scene.promote("t1").must();
}

#[test]
fn what_is_changed_after_signing_is_not_approved() {
    let scene = scene(1);
    let said = scene.as_("bob", &["approve", "t1", "--yes", "--days", "1"]);
    assert!(shell(&scene, &next(&said)).ok);
    let page = fs_err::read_to_string(scene.at(PAGE)).unwrap();
    scene.sandbox.write(&[(PAGE, &page.replace("`src/a.rs`", "`src/**`"))]);
    scene.sandbox.commit("wider");
    refused(&scene.promote("t1"), "is for another contract/approval.md: it was changed after it was signed");
    // Signed anew it is an approval again, and the old signature is gone.
    let said = scene.as_("alice", &APPROVE);
    assert!(said.stdout.contains("What was signed before is replaced"), "{}{}", said.stdout, said.stderr);
    assert!(shell(&scene, &next(&said)).ok);
    // Every byte of it is signed.
    let json = fs_err::read_to_string(scene.at(JSON)).unwrap();
    scene.sandbox.write(&[(JSON, &json.replace("\"acknowledgements\": []", "\"acknowledgements\": [\"all\"]"))]);
    scene.sandbox.commit("more");
    refused(&scene.promote("t1"), "the signature on the approval does not count");
    scene.sandbox.write(&[(JSON, &json)]);
    scene.sandbox.commit("as it was");
    scene.promote("t1").must();
}

#[test]
fn an_approval_can_be_taken_back() {
    let scene = scene(2);
    assert!(shell(&scene, &next(&scene.as_("alice", &APPROVE))).ok);
    assert!(shell(&scene, &next(&scene.as_("bob", &APPROVE))).ok);
    let withdraw = ["approve", "t1", "--withdraw", "--reason", "the plan changed", "--yes"];
    refused(&scene.as_("carol", &withdraw), "the signature would not count");
    assert!(scene.refs("withdrawals").is_empty());
    refused(&scene.sandbox.refgate(["approve", "t1", "--withdraw"]), "--reason");
    // One person is enough, however many it takes to approve.
    let said = scene.as_("bob", &withdraw);
    printable(&said);
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}", pushed.stderr);
    refused(&scene.promote("t1"), "the approval was withdrawn");
}

#[test]
fn two_keys_of_one_person_are_one_person() {
    let scene = scene(2);
    let first = scene.as_("alice", &APPROVE);
    assert!(
        first.stdout.contains("note: 1 of the 2 people that the role `approve` wants have signed"),
        "{}",
        first.stdout
    );
    refused(&scene.as_("alice", &APPROVE), "has signed this approval already");
    let second = scene.as_("alice2", &APPROVE);
    assert!(second.stdout.contains("has 1 signatures already") && second.stdout.contains("1 of the 2 people"));
    assert!(shell(&scene, &next(&second)).ok);
    refused(&scene.promote("t1"), "1 of the 2 people");
    refused(&scene.as_("bob", &["approve", "t1", "--yes", "--days", "3"]), "it is signed already, until");
    let third = scene.as_("bob", &APPROVE);
    assert!(!third.stdout.contains("note:"), "{}{}", third.stdout, third.stderr);
    assert!(shell(&scene, &next(&third)).ok);
    scene.promote("t1").must();
}

#[test]
fn who_is_not_in_the_role_hears_it_at_once() {
    let scene = scene(1);
    for (who, why) in [
        ("carol", "is the key of nobody in the role"),
        ("stranger", "is the key of nobody in the role"),
        ("ci", "is the key of nobody in the role"),
    ] {
        let said = scene.as_(who, &APPROVE);
        refused(&said, why);
        refused(&said, "roles.approve");
        assert!(!scene.at(JSON).exists());
    }
    refused(&scene.sandbox.refgate(APPROVE), "there is no key to sign with");
    let alice = scene.path("alice.pub").display().to_string();
    scene.sandbox.git(["config", "user.signingKey", &alice]).must();
    assert!(scene.sandbox.refgate(APPROVE).ok, "the key that Git signs with");
    let other = ["approve", "t1", "--yes", "--repository", "another"];
    refused(&scene.as_("alice", &other), "--repository is not the id that the policy has");
}

#[test]
fn what_the_gate_would_refuse_is_not_signed() {
    let scene = scene(1);
    refused(&scene.as_("alice", &["approve", "t1"]), "nobody is at a terminal");
    refused(&scene.as_("alice", &["approve", "t1", "--yes", "--days", "31"]), "more than the policy allows");
    refused(&scene.as_("alice", &["approve", "../t1", "--yes"]), "is no name of a task");
    refused(&scene.as_("alice", &["approve", "t2", "--yes"]), "autoTest/t2 is not checked out here");
    let page = fs_err::read_to_string(scene.at(PAGE)).unwrap();
    let marker = ".ai-stack-trace/t1/contract/APPROVED";
    let line = fs_err::read_to_string(scene.at(marker)).unwrap();
    let with = |path: &str, text: &str| {
        scene.sandbox.write(&[(path, text)]);
        scene.sandbox.commit("changed");
        let said = scene.as_("alice", &APPROVE);
        printable(&said);
        assert!(!scene.at(JSON).exists());
        said
    };
    refused(&with(PAGE, &page.replace("Task: t1", "Task: t2")), "for task t2, and this is t1 (approval-invalid)");
    let open = format!("{page}\n\u{202e}\u{1b}[2J\n");
    refused(&with(PAGE, &open), "approval-invalid");
    scene.sandbox.write(&[(PAGE, &page)]);
    refused(&with(marker, "APPROVED:t1:0000000\n"), "(approved-marker)");
    refused(&with(marker, "\u{1b}[31mAPPROVED\n"), "(approved-marker)");
    scene.sandbox.write(&[(marker, &line)]);
    scene.sandbox.commit("as it was");
    // What a person has read in an editor is what is signed, or nothing is.
    scene.sandbox.write(&[(PAGE, &page.replace("`src/a.rs`", "`src/b.rs`"))]);
    refused(&scene.as_("alice", &APPROVE), "is not what was committed last");
    scene.sandbox.git(["update-index", "--assume-unchanged", PAGE]).must();
    refused(&scene.as_("alice", &APPROVE), "is not what was committed last");
    scene.sandbox.write(&[(PAGE, &page)]);
    assert!(scene.as_("alice", &APPROVE).ok);
}

#[test]
fn what_an_agent_left_in_the_work_tree_is_not_followed() {
    let scene = scene(1);
    let outside = scene.path("outside");
    fs_err::write(&outside, "mine").unwrap();
    std::os::unix::fs::symlink(&outside, scene.at(JSON)).unwrap();
    refused(&scene.as_("alice", &APPROVE), "is no plain file");
    fs_err::remove_file(scene.at(JSON)).unwrap();
    // A statement that was written beforehand, with longer dates and a signature of nobody's.
    assert!(scene.as_("alice", &APPROVE).ok);
    let json = fs_err::read_to_string(scene.at(JSON)).unwrap();
    let sig = fs_err::read_to_string(scene.at(&format!("{JSON}.sig"))).unwrap();
    scene.sandbox.write(&[
        (JSON, &json.replace("\"acknowledgements\": []", "\"acknowledgements\": [\"everything\"]")),
        (&format!("{JSON}.3.sig"), &sig),
    ]);
    let said = scene.as_("bob", &APPROVE);
    assert!(said.stdout.contains("What was signed before is replaced"), "{}{}", said.stdout, said.stderr);
    assert!(!scene.at(&format!("{JSON}.3.sig")).exists());
    assert!(!fs_err::read_to_string(scene.at(JSON)).unwrap().contains("everything"));
    assert!(shell(&scene, &next(&said)).ok);
    scene.promote("t1").must();
    assert_eq!(fs_err::read_to_string(&outside).unwrap(), "mine");
}

/// An administrator set the policy and the signers, so no clone has seen them: only the server can say what counts.
#[test]
fn where_the_signers_are_not_known_the_server_has_the_word() {
    let scene = scene(1);
    let (policy, signers) = (scene.path("policy"), scene.path("signers"));
    for (file, path) in [(&policy, "refgate.toml"), (&signers, ".refgate/allowed_signers")] {
        fs_err::write(file, scene.sandbox.git(["show", &format!("main:{path}")]).must() + "\n").unwrap();
    }
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
    sandbox.push(["main"]).must();
    let mut install = process::command(REFGATE);
    install.args(["install", "server", "--policy"]).arg(&policy).arg("--signers").arg(&signers);
    Said::new(install.arg("--repo").arg(&server).output().unwrap()).must();
    let other = Scene { sandbox, server };
    other.task("t1", "src/a.rs", "fn a() {}\n");
    let key = |who: &str| scene.path(who).display().to_string();
    let approve = |who: &str, more: &[&str]| {
        let key = key(who);
        other.sandbox.refgate(APPROVE.into_iter().chain(["--key", &key]).chain(more.iter().copied()))
    };
    refused(&approve("alice", &[]), "the policy has no repository_id");
    let text = fs_err::read_to_string(other.server.join("refgate/server.toml")).unwrap();
    let id = text.lines().find_map(|line| line.strip_prefix("repository_id = ")).unwrap().trim_matches('"').to_owned();
    for (who, more, why) in [
        ("alice", &["--repository", "another"][..], Some("the signed approval is for another repository")),
        ("stranger", &["--repository", &id], Some("is the key of nobody in the role")),
        // Beside a signature that does not count, none does.
        ("alice", &["--repository", &id, "--add"], Some("is the key of nobody in the role")),
        ("alice", &["--repository", &id], None),
    ] {
        let said = approve(who, more);
        let kept = said.stdout.contains("has 1 signatures already");
        assert_eq!(kept, more.contains(&"--add"), "{}", said.stdout);
        assert!(said.stdout.contains("only the server will say"), "{}{}", said.stdout, said.stderr);
        assert!(shell(&other, &next(&said)).ok);
        match why {
            Some(why) => refused(&other.promote("t1"), why),
            None => _ = other.promote("t1").must(),
        }
    }
}
