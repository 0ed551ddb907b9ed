//! One judge behind every door: the same update gets the same JSON, byte for byte, from `check`, pre-push, pre-receive
//! and update; and what is staged gets the findings that it will have as a commit.

use std::path::Path;

use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Sandbox};

const ZERO: &str = "0000000000000000000000000000000000000000";
const AT: &str = "2030-01-01T00:00:00Z";

/// A guarded server that holds main, a finished task, an unfinished one and a topic, and a client that knows it all.
struct Scene {
    sandbox: Sandbox,
    server: String,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server().display().to_string();
        sandbox.clone(&format!("file://{server}"));
        sandbox.write(&[("src/a.rs", "one\n"), ("README.md", "# One\n")]);
        let base = sandbox.commit("base");
        sandbox.push(["main"]).must();
        for (branch, path) in [("autoTest/t1", "src/t1.rs"), ("autoTest/t2", "src/t2.rs"), ("topic", "src/c.rs")] {
            sandbox.git(["checkout", "-q", "-b", branch, &base]).must();
            sandbox.write(&[(path, "two\n")]);
            if branch == "autoTest/t1" {
                sandbox.write_trace("t1", &base, &[path]);
            }
            sandbox.commit(branch);
            sandbox.push([branch]).must();
        }
        sandbox.git(["fetch", "-q"]).must();
        sandbox.git(["remote", "set-head", "origin", "main"]).must();
        Self { sandbox, server }
    }

    fn in_server(&self, args: &[&str], stdin: &str) -> String {
        let mut command = process::command(REFGATE);
        command.current_dir(&self.server).env("GIT_DIR", ".").args(args).args(["--format", "json", "--at", AT]);
        String::from_utf8(process::run(&mut command, stdin.as_bytes()).unwrap().stdout).unwrap()
    }

    fn in_client(&self, args: &[&str], stdin: &str) -> String {
        let mut command = process::command(REFGATE);
        command.current_dir(self.sandbox.path().join("client")).args(args).args(["--format", "json", "--at", AT]);
        String::from_utf8(process::run(&mut command, stdin.as_bytes()).unwrap().stdout).unwrap()
    }

    fn tip(&self, branch: &str) -> String {
        self.sandbox.rev(&format!("origin/{branch}"))
    }
}

#[test]
fn every_entry_gives_the_same_bytes() {
    let scene = Scene::new();
    let main = scene.tip("main");
    let orphan = scene.sandbox.commit_tree(&scene.sandbox.rev("main^{tree}"), &[]);
    scene.sandbox.git(["push", "-q", "origin", &format!("{orphan}:refs/heads/orphan")]).must();
    scene.sandbox.git(["fetch", "-q"]).must();
    let cases = [
        ("refs/heads/main", &main, scene.tip("topic"), "refuse"),
        ("refs/heads/main", &main, scene.tip("autoTest/t1"), "accept"),
        ("refs/heads/main", &main, scene.tip("autoTest/t2"), "refuse"),
        ("refs/heads/main", &main, orphan.clone(), "refuse"),
        ("refs/heads/autoTest/t3", &ZERO.to_owned(), scene.tip("topic"), "accept"),
        ("refs/heads/autoTest/t4", &ZERO.to_owned(), orphan.clone(), "refuse"),
        ("refs/heads/hotfix/x", &ZERO.to_owned(), main.clone(), "accept"),
        ("refs/heads/release/9", &ZERO.to_owned(), scene.tip("topic"), "refuse"),
        ("refs/heads/TOPIC", &ZERO.to_owned(), main.clone(), "refuse"),
    ];
    for (name, old, new, decision) in cases {
        let received = scene.in_server(&["hook", "pre-receive"], &format!("{old} {new} {name}\n"));
        let verdict: Value = serde_json::from_str(&received).unwrap();
        assert_eq!(verdict["decision"], decision, "{name} to {new}: {received}");
        let line = format!("refs/heads/x {new} {name} {old}\n");
        let url = format!("file://{}", scene.server);
        assert_eq!(scene.in_client(&["hook", "pre-push", "origin", &url], &line), received, "pre-push of {name}");
        assert_eq!(scene.in_client(&["hook", "pre-push", &url, &url], &line), received, "pre-push by URL of {name}");
        assert_eq!(scene.in_client(&["check", "--ref", name, "--head", &new], ""), received, "check of {name}");
        assert_eq!(scene.in_server(&["check", "--ref", name, "--head", &new], ""), received, "check at the server");
        assert_eq!(scene.in_server(&["hook", "update", name, old, &new], ""), received, "update of {name}");
    }
}

#[test]
fn what_is_staged_is_judged_like_the_commit_that_it_becomes() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sandbox.git(["checkout", "-q", "autoTest/t1"]).must();
    sandbox.write(&[("lib/stray.rs", "x\n"), ("refgate.toml", "version = 1\n")]);
    sandbox.git(["add", "-A"]).must();
    // The work tree is not what is judged.
    sandbox.write(&[("src/unstaged.rs", "x\n")]);
    let found = |json: &str| -> Vec<(String, String, String)> {
        let verdict: Value = serde_json::from_str(json).unwrap();
        let findings = verdict["updates"][0]["findings"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        findings.iter().map(|f| (text(&f["rule"]), text(&f["path"]), text(&f["fingerprint"]))).collect()
    };
    let staged = found(&scene.in_client(&["check", "--staged"], ""));
    let rules: Vec<&str> = staged.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert_eq!(rules, ["out-of-scope", "out-of-scope", "policy-changed"]);
    assert_eq!(found(&scene.in_client(&["hook", "pre-commit"], "")), staged);
    sandbox.git(["commit", "-q", "-m", "stray"]).must();
    assert_eq!(found(&scene.in_client(&["check"], "")), staged);
}

#[test]
fn a_commit_of_named_paths_is_judged_by_the_index_that_git_made_for_it() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sandbox.git(["checkout", "-q", "autoTest/t1"]).must();
    let hook = sandbox.path().join("client/.git/hooks/pre-commit");
    fs_err::create_dir_all(hook.parent().unwrap()).unwrap();
    fs_err::write(&hook, format!("#!/bin/sh\nexec '{REFGATE}' hook pre-commit\n")).unwrap();
    make_executable(&hook);
    sandbox.write(&[("lib/stray.rs", "x\n"), ("src/t1.rs", "three\n")]);
    sandbox.git(["add", "lib/stray.rs"]).must();
    // `commit PATH` leaves the staged stray file out; `commit -a` takes it in.
    let named = sandbox.git(["commit", "-q", "-m", "named", "src/t1.rs"]);
    assert!(named.ok, "{}", named.stderr);
    sandbox.write(&[("src/t1.rs", "four\n")]);
    let all = sandbox.git(["commit", "-q", "-a", "-m", "all"]);
    assert!(!all.ok && all.stderr.contains("out-of-scope"), "{}", all.stderr);
}

#[test]
fn a_task_branch_that_only_the_clone_has_is_taken_as_pushed_first() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sandbox.git(["checkout", "-q", "-b", "autoTest/t5", &scene.tip("main")]).must();
    sandbox.write(&[("src/t5.rs", "five\n")]);
    sandbox.write_trace("t5", &scene.tip("main"), &["src/t5.rs"]);
    sandbox.commit("t5");
    let check = ["check", "--ref", "main", "--head", "autoTest/t5"];
    let said = sandbox.refgate(check).must();
    let note = "\n  as if autoTest/t5 were pushed first: git push origin autoTest/t5";
    assert!(said.starts_with("refgate: accepted") && said.contains(note), "{said}");
    let before = scene.in_client(&check, "");
    sandbox.push(["autoTest/t5"]).must();
    let said = sandbox.refgate(check).must();
    assert!(!said.contains("as if"), "{said}");
    assert_eq!(scene.in_client(&check, ""), before, "the push changes nothing of the verdict");
    // What is no task branch is not taken as pushed.
    sandbox.git(["checkout", "-q", "-b", "local", &scene.tip("main")]).must();
    sandbox.write(&[("src/local.rs", "x\n")]);
    sandbox.commit("local");
    assert!(!sandbox.refgate(["check", "--ref", "main"]).ok);
}

#[test]
fn an_amended_commit_is_judged_in_the_place_of_the_one_that_it_replaces() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sandbox.git(["checkout", "-q", "autoTest/t1"]).must();
    sandbox.write(&[("lib/stray.rs", "x\n")]);
    sandbox.commit("stray");
    // The stray file is in the history now: another commit on top does not take it out, amending does.
    sandbox.git(["rm", "-q", "lib/stray.rs"]).must();
    let said = sandbox.refgate(["hook", "pre-commit"]);
    assert!(said.ok && said.stderr.contains("git commit --amend only"), "{}", said.stderr);
    assert!(!sandbox.refgate(["check", "--staged"]).ok);
    // What is still staged wrong passes neither way.
    sandbox.write(&[("lib/other.rs", "x\n")]);
    sandbox.git(["add", "lib/other.rs"]).must();
    assert!(!sandbox.refgate(["hook", "pre-commit"]).ok);
}

#[test]
fn the_samples_of_the_trace_s_page_hold_when_they_are_copied() {
    let page = include_str!("../../docs/trace.md");
    let sample = |language: &str| {
        let from = page.split_once(&format!("```{language}\n")).unwrap().1;
        from.split_once("```\n").unwrap().0
    };
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let base = scene.tip("main");
    sandbox.git(["checkout", "-q", "-b", "autoTest/login", &base]).must();
    sandbox.write_trace("login", &base, &[]);
    sandbox.write(&[
        ("src/login/form.rs", "form\n"),
        ("docs/login.md", "# Login\n"),
        (".ai-stack-trace/login/contract/approval.md", sample("markdown")),
        (".ai-stack-trace/login/final/status.json", sample("json")),
    ]);
    sandbox.commit("login");
    let said = sandbox.refgate(["check", "--ref", "main"]);
    assert!(said.ok, "{}", said.stdout);
    let mut command = process::command("sh");
    command.current_dir(sandbox.path().join("client")).args(["-c", sample("sh")]);
    assert_eq!(process::must(&mut command, b"").unwrap(), b"docs/login.md\nsrc/login/form.rs\n");
}

#[test]
fn client_hooks_judge_by_the_policy_that_they_are_given() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let policy = sandbox.path().join("policy.toml");
    fs_err::write(&policy, "version = 1\n[rules]\nout-of-scope = \"evaluate\"\n").unwrap();
    let policy = policy.display().to_string();
    sandbox.git(["checkout", "-q", "autoTest/t1"]).must();
    sandbox.write(&[("lib/stray.rs", "x\n")]);
    sandbox.git(["add", "-A"]).must();
    assert!(!sandbox.refgate(["hook", "pre-commit"]).ok);
    let said = sandbox.refgate(["hook", "pre-commit", "--policy", &policy]);
    assert!(said.ok && said.stderr.contains("(reported only)"), "{}", said.stderr);
    let line = format!("x {} refs/heads/autoTest/t1 {}\n", sandbox.commit("stray"), scene.tip("autoTest/t1"));
    let push = ["hook", "pre-push", "origin", "x"];
    let decision = |json: String| serde_json::from_str::<Value>(&json).unwrap()["decision"].clone();
    assert_eq!(decision(scene.in_client(&push, &line)), "refuse");
    assert_eq!(decision(scene.in_client(&[&push[..], &["--policy", &policy]].concat(), &line)), "accept");
}

#[test]
fn a_push_to_an_unknown_url_is_undecided_and_says_what_to_do() {
    let scene = Scene::new();
    let line = format!("refs/heads/x {} refs/heads/x {ZERO}\n", scene.tip("main"));
    let answer: Value =
        serde_json::from_str(&scene.in_client(&["hook", "pre-push", "/nowhere", "/nowhere"], &line)).unwrap();
    assert_eq!(answer["decision"], "undecided");
    assert!(answer["problem"]["help"].as_str().unwrap().contains("git remote add"), "{answer}");
}

#[test]
fn a_remote_that_moved_on_is_undecided_until_it_is_fetched() {
    let scene = Scene::new();
    let line = format!("refs/heads/x {} refs/heads/topic {}\n", scene.tip("main"), "1".repeat(40));
    let answer: Value = serde_json::from_str(&scene.in_client(&["hook", "pre-push", "origin", "x"], &line)).unwrap();
    assert_eq!(answer["decision"], "undecided");
    assert!(answer["problem"]["help"].as_str().unwrap().contains("git fetch origin"), "{answer}");
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
