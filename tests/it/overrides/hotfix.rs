//! Hotfixes: from the refusal to the statement that lets one in, and to the task that takes it up.

use super::{POLICY, Scene, refused};

/// A fix on an emergency branch that the server holds.
fn fix(scene: &Scene) -> String {
    scene.sandbox.git(["checkout", "-q", "-b", "hotfix/now", "origin/main"]).must();
    scene.sandbox.write(&[("src/a.rs", "fn a() {}\n")]);
    let fixed = scene.sandbox.commit("fix");
    assert!(scene.push_by("alice", &["origin", "hotfix/now"]).ok);
    fixed
}

fn status(scene: &Scene, task: &str) -> String {
    scene.sandbox.git(["fetch", "-q", "origin", "+refs/refgate/*:refs/refgate/*"]).must();
    scene.sandbox.git(["fetch", "-q", "origin"]).must();
    let said = scene.sandbox.refgate(["task", "status", task]);
    assert!(!said.stdout.is_empty(), "{}", said.stderr);
    said.stdout
}

#[test]
fn a_hotfix_enters_once_with_its_own_label_and_stays_open_until_a_task_takes_it_up() {
    let scene = Scene::new(POLICY);
    let fixed = fix(&scene);
    refused(&scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]), "hotfix/now enters main as a hotfix");
    let id = scene.signed_by("bob", &[]);
    assert_eq!(scene.statement()["label"], "hotfix:ai-gated");
    assert_eq!(scene.statement()["findings"].as_array().unwrap().len(), 1);
    assert!(!status(&scene, "t1").contains("taken up by no task"), "it is not in yet");
    let accepted = scene.push_with("alice", &id);
    assert!(accepted.ok && accepted.stderr.contains("by bob: site down"), "{}", accepted.stderr);
    assert_eq!(scene.on_server(&["rev-parse", "main"]), fixed);

    // Once is once, wherever main is put.
    assert!(scene.push_by("alice", &["origin", "HEAD:refs/heads/topic"]).ok);
    scene.on_server(&["update-ref", "refs/heads/main", &format!("{fixed}~1")]);
    scene.on_server(&["update-ref", "-d", &format!("refs/refgate/overrides/{id}")]);
    refused(&scene.push_with("alice", &id), "it was used before");
    scene.on_server(&["update-ref", "refs/heads/main", &fixed]);

    // Its follow-up shows in the status of every task, until one that is promoted names it.
    let told = status(&scene, "t1");
    assert!(told.contains("on origin/main (by bob: site down) is taken up by no task yet"), "{told}");
    assert!(told.contains(&format!("Settles: {id}")) && told.contains("(reported only)"), "{told}");
    scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t1", "origin/main"]).must();
    scene.sandbox.write(&[("src/a.rs", "fn a() { done() }\n")]);
    scene.sandbox.write_trace("t1", &fixed, &["src/a.rs"]);
    let approval = scene.client().join(".ai-stack-trace/t1/contract/approval.md");
    let text = fs_err::read_to_string(&approval).unwrap().replacen("Task: t1", &format!("Task: t1\nSettles: {id}"), 1);
    fs_err::write(&approval, text).unwrap();
    scene.sandbox.commit("t1");
    assert!(!status(&scene, "t1").contains("taken up by no task"), "its own task takes it up");
    assert!(status(&scene, "t2").contains("taken up by no task"), "not for others");
    let said = scene.push_by("alice", &["origin", "autoTest/t1"]);
    assert!(said.ok, "{}", said.stderr);
    let said = scene.push_by("alice", &["origin", "autoTest/t1:main"]);
    assert!(said.ok, "{}", said.stderr);
    assert!(!status(&scene, "t2").contains("taken up by no task"), "it is settled");
}

#[test]
fn the_label_of_other_overrides_lets_no_hotfix_in_nor_its_own_anything_else() {
    let scene = Scene::new(&format!("{POLICY}[checks]\nrequired = [\"tests\"]\n"));
    let fixed = fix(&scene);
    let refusal = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
    refused(&refusal, "--others");
    let command = refusal.hint();
    scene.request(&command);
    let own = scene.statement();
    let file = scene.path("request.json");
    let relabelled = own.to_string().replace("hotfix:ai-gated", "override:ai-gated");
    fs_err::write(&file, relabelled).unwrap();
    scene.sign("bob", &["--unseen"]).must();
    refused(&scene.push_with("alice", &scene.id()), "its label is not hotfix:ai-gated");
    // Its own label waives provenance and scope, and the check stays required.
    let hotfix = scene.signed_by("bob", &[]);
    refused(&scene.push_with("alice", &hotfix), "the check tests has no result");
    // The server's own policy, which asks for the check, is seen by nobody else.
    let policy = scene.path("policy").display().to_string();
    let ask = |more: &[&str]| scene.sandbox.refgate(command.iter().map(String::as_str).chain(more.iter().copied()));
    let theirs = "whoever runs the server has its policy: --policy FILE";
    let blind = ask(&["--others"]);
    assert!(!blind.ok && blind.stderr.contains("as far as can be seen from here"), "{}", blind.stderr);
    assert!(blind.stderr.contains(theirs), "{}", blind.stderr);
    let noted = ask(&["--output", "noted.json"]).must();
    assert!(noted.contains("note: the server judges by another policy") && noted.contains(theirs), "{noted}");
    let seeing = ask(&["--output", "seeing.json", "--policy", &policy]).must();
    assert!(!seeing.contains("note:"), "{seeing}");
    let others = ["--others", "--policy", &policy].map(str::to_owned);
    scene.request(&command.iter().cloned().chain(others).collect::<Vec<_>>());
    assert_eq!(scene.statement()["label"], "override:ai-gated");
    scene.sign("bob", &["--policy", &policy]).must();
    let [hotfix, others] = [hotfix, scene.id()].map(|id| format!("refs/refgate/overrides/{id}"));
    let both = scene.push_by("alice", &["--atomic", "origin", "HEAD:refs/heads/main", &hotfix, &others]);
    assert!(both.ok, "{}", both.stderr);
    assert_eq!(scene.on_server(&["rev-parse", "main"]), fixed);
}
