//! Rollbacks as a person makes one with Git alone, through a real receive-pack.

use std::path::{Path, PathBuf};

use crate::corpus::process;
use crate::support::{Said, Sandbox};

/// A guarded server on which a task was promoted, and a client in which carol may roll back.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        let scene = Self { sandbox, server };
        let mut keygen = process::command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "carol", "-f"]).arg(scene.sandbox.path().join("carol"));
        Said::new(keygen.output().unwrap()).must();
        let key = fs_err::read_to_string(scene.sandbox.path().join("carol.pub")).unwrap();
        scene.sandbox.write(&[
            ("README.md", "# One\n"),
            ("src/a.rs", "fn a() {}\n"),
            (".github/workflows/ci.yml", "on: push\n"),
            ("refgate.toml", "version = 1\n[roles]\nrollback = { principals = [\"carol\"] }\n"),
            (".refgate/allowed_signers", &format!("carol {key}")),
        ]);
        scene.sandbox.commit("first");
        scene.sandbox.push(["main"]).must();
        let base = scene.sandbox.rev("main");
        scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t1"]).must();
        scene.sandbox.write(&[("src/a.rs", "fn a() { broken() }\n"), ("src/new.rs", "new\n")]);
        scene.sandbox.write_trace("t1", &base, &["src/a.rs", "src/new.rs"]);
        scene.sandbox.commit("t1");
        scene.sandbox.push(["autoTest/t1"]).must();
        scene.sandbox.push(["autoTest/t1:main"]).must();
        scene
    }

    /// The very commands of the page.
    fn roll_back(&self) -> Said {
        let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/promotion.md")).unwrap();
        let (_, recipe) = page.split_once("```sh\nto=").unwrap();
        let recipe = format!("set -e\nto={}", recipe.split("```").next().unwrap());
        let mut shell = process::command("sh");
        shell.env("HOME", self.sandbox.path().join("home")).current_dir(self.sandbox.path().join("client"));
        Said::new(shell.args(["-c", &recipe]).output().unwrap())
    }

    fn sign_with(&self, key: &str) {
        let key = self.sandbox.path().join(key).display().to_string();
        self.sandbox.git(["config", "gpg.format", "ssh"]).must();
        self.sandbox.git(["config", "user.signingKey", &key]).must();
    }

    fn on_server(&self, what: &str) -> String {
        Said::new(process::git(&self.server, &["show", what]).output().unwrap()).must()
    }
}

#[test]
fn what_git_alone_makes_brings_back_what_stood_there_and_again_what_came_after() {
    let scene = Scene::new();
    scene.sign_with("carol");
    let said = scene.roll_back();
    assert!(said.ok, "{}", said.stderr);
    assert_eq!(scene.on_server("main:src/a.rs"), "fn a() {}");
    assert!(scene.on_server("main:.ai-stack-trace/t1/final/status.json").contains("SUCCESS"));
    let there =
        Said::new(process::git(&scene.server, &["ls-tree", "-r", "--name-only", "main", "src"]).output().unwrap());
    assert_eq!(there.must(), "src/a.rs");

    let said = scene.roll_back();
    assert!(said.ok, "{}", said.stderr);
    assert_eq!(scene.on_server("main:src/a.rs"), "fn a() { broken() }");
    assert_eq!(scene.on_server("main:src/new.rs"), "new");
}

#[test]
fn the_verdict_says_that_it_is_a_rollback_and_where_to() {
    let scene = Scene::new();
    scene.sign_with("carol");
    let to = scene.sandbox.rev("origin/main~1");
    let message = format!("Back\n\nRefgate-Rollback: refs/heads/main {to}");
    scene.sandbox.git(["checkout", "-q", "--detach", "origin/main"]).must();
    scene.sandbox.git(["checkout", &to, "--", "src/a.rs"]).must();
    scene.sandbox.git(["commit", "-q", "-S", "-m", &message]).must();
    let check = || scene.sandbox.refgate(["check", "--ref", "refs/heads/main", "--format", "json"]).stdout;
    let half: serde_json::Value = serde_json::from_str(&check()).unwrap();
    assert_eq!(half["updates"][0]["findings"][0]["path"], "src/new.rs");
    scene.sandbox.git(["rm", "-q", "src/new.rs"]).must();
    scene.sandbox.git(["commit", "-q", "-S", "--amend", "-m", &message]).must();
    let whole: serde_json::Value = serde_json::from_str(&check()).unwrap();
    assert_eq!((whole["decision"].as_str(), whole["updates"][0]["way"].as_str()), (Some("accept"), Some("rollback")));
    assert_eq!(whole["updates"][0]["restores"].as_str(), Some(to.as_str()));
    assert!(whole["updates"][0]["source"].is_null() && whole["updates"][0]["task"].is_null());
}

#[test]
fn nobody_else_rolls_back_and_nobody_with_a_key_that_was_revoked() {
    let scene = Scene::new();
    let mut keygen = process::command("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "mallory", "-f"]).arg(scene.sandbox.path().join("mallory"));
    Said::new(keygen.output().unwrap()).must();
    scene.sign_with("mallory");
    let said = scene.roll_back();
    assert!(!said.ok && said.stderr.contains("rollback-invalid"), "{}", said.stderr);
    scene.sign_with("carol");
    fs_err::copy(scene.sandbox.path().join("carol.pub"), scene.server.join("refgate/revoked")).unwrap();
    let said = scene.roll_back();
    assert!(!said.ok && said.stderr.contains("revoked"), "{}", said.stderr);
    fs_err::remove_file(scene.server.join("refgate/revoked")).unwrap();
    let said = scene.roll_back();
    assert!(said.ok, "{}", said.stderr);
}
