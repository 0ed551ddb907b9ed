//! `refgate doctor`: a sound place has nothing to mend; each way around the gate is found, and the command that doctor
//! names mends it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

/// A guarded server with a commit, as `install server` leaves it, and what doctor says of it from the start: who may log
/// in to this machine's account is not this test's to choose.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
    sshd: PathBuf,
    from_the_start: BTreeSet<String>,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        sandbox.write(&[("README.md", "# One\n")]);
        sandbox.commit("first");
        sandbox.push(["main"]).must();
        let signers = sandbox.path().join("signers");
        let key = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keys/alice.pub")).unwrap();
        fs_err::write(&signers, format!("alice@example.com {key}")).unwrap();
        let sshd = sandbox.path().join("sshd_config");
        fs_err::write(&sshd, "AcceptEnv LANG LC_* GIT_PROTOCOL\n").unwrap();
        let mut scene = Self { sandbox, server, sshd, from_the_start: BTreeSet::new() };
        scene.install(&["--signers", signers.to_str().unwrap()]);
        scene.from_the_start = scene.ids();
        let out_of_reach = ["account-open", "network-file-system", "other-account"];
        let due = scene.from_the_start.iter().all(|id| out_of_reach.contains(&id.as_str()));
        assert!(due, "{:?}", scene.complaints());
        scene
    }

    fn install(&self, args: &[&str]) {
        let mut command = process::command(REFGATE);
        command.args(["install", "server", "--repo"]).arg(&self.server).args(args);
        Said::new(command.output().unwrap()).must();
    }

    fn doctor(&self, args: &[&str]) -> Said {
        let mut command = process::command(REFGATE);
        command.arg("doctor").arg("--server").arg(&self.server).arg("--sshd-config").arg(&self.sshd).args(args);
        Said::new(command.output().unwrap())
    }

    fn complaints(&self) -> Vec<Value> {
        let said = self.doctor(&["--format", "json"]);
        let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.stderr));
        assert_eq!(report["schema"], "refgate.doctor/1");
        report["repositories"][0]["complaints"].as_array().unwrap().clone()
    }

    fn ids(&self) -> BTreeSet<String> {
        self.complaints().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    fn config(&self, args: &[&str]) {
        let mut command = process::command("git");
        command.arg("--git-dir").arg(&self.server).arg("config").args(args);
        Said::new(command.output().unwrap()).must();
    }

    /// The one new complaint, after `spoil`.
    fn spoilt(&self, id: &str, spoil: impl FnOnce(&Self)) -> Value {
        spoil(self);
        let complaints = self.complaints();
        let new: Vec<_> =
            complaints.iter().filter(|one| !self.from_the_start.contains(one["id"].as_str().unwrap())).collect();
        let ids: BTreeSet<_> = new.iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [id].into(), "{complaints:#?}");
        new[0].clone()
    }

    /// `spoil` is found as `id`, and running what doctor says mends it.
    fn mended(&self, id: &str, spoil: impl FnOnce(&Self)) {
        let complaint = self.spoilt(id, spoil);
        let mend = complaint["mend"].as_str().unwrap();
        let bin = Path::new(REFGATE).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut sh = process::command("sh");
        sh.env("PATH", path).env("HOME", self.sandbox.path().join("home")).args(["-c", mend]);
        Said::new(sh.output().unwrap()).must();
        assert_eq!(self.ids(), self.from_the_start, "after {mend}");
    }
}

#[test]
fn a_sound_server_has_nothing_to_mend_and_says_so() {
    let scene = Scene::new();
    let said = scene.doctor(&[]);
    assert_eq!(said.ok, !scene.from_the_start.contains("account-open"), "{}", said.stdout);
    assert!(said.stdout.contains("server.git (server)\n"), "{}", said.stdout);
    assert!(said.stdout.trim_end().ends_with(" in 1 repository"), "{}", said.stdout);
}

#[test]
fn a_hook_that_git_does_not_run_is_found_and_mended() {
    let scene = Scene::new();
    let hook = scene.server.join("hooks/pre-receive");
    let mode = |mode| fs_err::set_permissions(&hook, std::fs::Permissions::from_mode(mode)).unwrap();
    scene.mended("hook-missing", |_| fs_err::remove_file(&hook).unwrap());
    scene.mended("hook-not-executable", |_| mode(0o644));
    scene.mended("files-writable", |_| mode(0o777));
    scene.mended("shim-old", |_| {
        let text = fs_err::read_to_string(&hook).unwrap().replacen("# refgate shim 2", "# refgate shim 1", 1);
        fs_err::write(&hook, text).unwrap();
    });
    scene.mended("program-missing", |_| {
        let text = fs_err::read_to_string(&hook).unwrap();
        let line = text.lines().find(|line| line.starts_with("refgate='")).unwrap();
        fs_err::write(&hook, text.replacen(line, "refgate='/nowhere/refgate'", 1)).unwrap();
    });
    scene.mended("hook-foreign", |_| fs_err::write(&hook, "#!/bin/sh\n# refgate hook pre-receive\nexit 0\n").unwrap());
}

#[test]
fn a_wrapper_of_the_administrator_s_own_is_no_foreign_hook() {
    let scene = Scene::new();
    let text = "#!/bin/sh\n/opt/refgate hook pre-receive || exit\n";
    fs_err::write(scene.server.join("hooks/pre-receive"), text).unwrap();
    assert_eq!(scene.ids(), scene.from_the_start);
}

#[test]
fn another_hooks_path_is_found() {
    let scene = Scene::new();
    let complaint = scene.spoilt("hooks-path", |scene| scene.config(&["core.hooksPath", "/nowhere"]));
    assert!(complaint["what"].as_str().unwrap().contains("core.hooksPath (local) is /nowhere"), "{complaint}");
    assert_eq!(complaint["weight"], "problem");
}

#[test]
fn what_git_itself_must_do_is_found_and_mended() {
    let scene = Scene::new();
    scene.mended("fsck-off", |scene| scene.config(&["receive.fsckObjects", "false"]));
    scene.mended("fsck-weakened", |scene| scene.config(&["receive.fsck.missingEmail", "ignore"]));
    scene.mended("push-options-off", |scene| scene.config(&["--unset", "receive.advertisePushOptions"]));
    scene.mended("no-nonce-seed", |scene| scene.config(&["--unset", "receive.certNonceSeed"]));
    scene.mended("size-unlimited", |scene| scene.config(&["--unset", "receive.maxInputSize"]));
    scene.mended("files-writable", |scene| scene.config(&["core.sharedRepository", "group"]));
    scene.mended("no-multi-pack-index", |scene| {
        for args in [&["config", "core.multiPackIndex", "false"][..], &["repack", "-adq"]] {
            let mut command = process::command("git");
            command.arg("--git-dir").arg(&scene.server).args(args);
            Said::new(command.output().unwrap()).must();
        }
        scene.config(&["--unset", "core.multiPackIndex"]);
        let _ = fs_err::remove_file(scene.server.join("objects/pack/multi-pack-index"));
    });
}

#[test]
fn whoever_can_write_the_files_is_found() {
    let scene = Scene::new();
    for name in ["refs/heads", "objects", "refgate/server.toml", "config", "."] {
        scene.mended("files-writable", |scene| {
            let path = scene.server.join(name);
            let mode = fs_err::metadata(&path).unwrap().permissions().mode();
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode | 0o022)).unwrap();
        });
    }
}

#[test]
fn an_installation_that_decides_nothing_is_found() {
    let scene = Scene::new();
    let file = scene.server.join("refgate/server.toml");
    let policy = scene.server.join("refgate/policy.toml");
    let complaint = scene.spoilt("policy-invalid", |_| fs_err::write(&policy, "version = 9\n").unwrap());
    assert!(complaint["what"].as_str().unwrap().contains("policy.toml:1:11"), "{complaint}");
    fs_err::remove_file(&policy).unwrap();
    scene.mended("bootstrap-left", |scene| fs_err::write(scene.server.join("refgate/bootstrap"), "").unwrap());
    scene.mended("trusted-ref", |_| {
        let text = fs_err::read_to_string(&file).unwrap().replace("refs/heads/main", "refs/heads/gone");
        fs_err::write(&file, text).unwrap();
    });
    let text = fs_err::read_to_string(&file).unwrap();
    scene.spoilt("server-file", |_| fs_err::write(&file, "version = 2\n").unwrap());
    fs_err::write(&file, text).unwrap();
    let signers = scene.server.join("refgate/allowed_signers");
    scene.spoilt("no-signers", |_| fs_err::write(&signers, "# nobody\n\n").unwrap());
}

#[test]
fn roles_that_any_key_fills_or_that_nothing_can_come_of_are_found() {
    let scene = Scene::new();
    let policy = scene.server.join("refgate/policy.toml");
    let role =
        |more: &str| format!("version = 1\n[roles]\n{more}override = {{ principals = [\"alice@example.com\"] }}\n");
    let complaint = scene.spoilt("override-without-actor", |_| fs_err::write(&policy, role("")).unwrap());
    assert!(complaint["mend"].as_str().unwrap().ends_with("--actor SOURCE"), "{complaint}");
    scene.install(&["--actor", "ssh"]);
    scene.spoilt("software-keys", |_| fs_err::write(&policy, role("presence = \"any\"\n")).unwrap());
    fs_err::write(&policy, role("")).unwrap();
    assert!(scene.ids().is_disjoint(&["software-keys".to_owned(), "override-without-actor".to_owned()].into()));
}

#[test]
fn variables_that_a_client_may_bring_are_found() {
    let scene = Scene::new();
    for (pattern, name) in [("GIT_*", "GIT_ALTERNATE"), ("*", "GIT_ALTERNATE"), ("REFGATE_ACTOR", "REFGATE_ACTOR")] {
        let complaint = scene.spoilt("environment-accepted", |scene| {
            fs_err::write(&scene.sshd, format!("Match User git\n\tAcceptEnv LANG {pattern}\n")).unwrap();
        });
        let what = complaint["what"].as_str().unwrap();
        assert!(what.contains("sshd_config:2: AcceptEnv ") && what.contains(name), "{what}");
    }
    // A forge's own variable counts as soon as it is what names the pusher.
    fs_err::write(&scene.sshd, "AcceptEnv FORGE_*\n").unwrap();
    assert_eq!(scene.ids(), scene.from_the_start);
    scene.install(&["--actor", "env:FORGE_USER"]);
    assert!(scene.ids().contains("environment-accepted"));
}

#[test]
fn a_gate_that_waits_for_signed_pushes_can_get_them() {
    let mut scene = Scene::new();
    scene.install(&["--actor", "push-certificate"]);
    let urls = scene.spoilt("no-urls", |_| {});
    assert_eq!(urls["weight"], "advice");
    let file = scene.server.join("refgate/server.toml");
    let text = fs_err::read_to_string(&file).unwrap();
    fs_err::write(&file, text.replace("urls = []", "urls = [\"https://git.example.com/project.git\"]")).unwrap();
    scene.from_the_start = scene.ids();
    assert!(!scene.from_the_start.contains("no-urls"));
    let unset = |scene: &Scene| scene.config(&["--unset", "receive.certNonceSeed"]);
    scene.mended("no-nonce-seed", unset);
    assert_eq!(scene.spoilt("no-nonce-seed", unset)["weight"], "problem");
}

#[test]
fn every_repository_below_a_root_is_looked_at() {
    let scene = Scene::new();
    let root = scene.sandbox.path().join("root");
    for name in ["group/a.git", "b.git"] {
        let mut command = process::command("git");
        command.args(["init", "-q", "--bare"]).arg(root.join(name));
        Said::new(command.output().unwrap()).must();
    }
    let mut command = process::command(REFGATE);
    command.args(["doctor", "--format", "json", "--server"]).arg(&root).arg("--sshd-config").arg(&scene.sshd);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let repositories = report["repositories"].as_array().unwrap();
    assert_eq!(repositories.len(), 2, "{report}");
    for one in repositories {
        let ids: Vec<_> = one["complaints"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        for id in ["not-installed", "hook-missing", "fsck-off", "size-unlimited"] {
            assert!(ids.contains(&id), "{id}: {one}");
        }
    }
    let mut nothing = process::command(REFGATE);
    nothing.args(["doctor", "--server"]).arg(scene.sandbox.path().join("home"));
    assert_eq!(nothing.output().unwrap().status.code(), Some(2));
}

#[test]
fn a_clone_s_hooks_and_its_remotes_are_looked_at() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let ids = || {
        let said = sandbox.refgate(["doctor", "--format", "json"]);
        let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.stderr));
        let complaints = report["repositories"][0]["complaints"].as_array().unwrap().clone();
        complaints.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    sandbox.git(["fetch", "-q"]).must();
    assert_eq!(ids(), ["hook-missing", "hook-missing", "remote-path", "witness-missing"]);
    sandbox.refgate(["install", "client"]).must();
    assert_eq!(ids(), ["remote-path"]);
    sandbox.git(["remote", "set-url", "origin", "ssh://host/a.git"]).must();
    assert_eq!(ids(), Vec::<String>::new());
    sandbox.git(["config", "core.hooksPath", "elsewhere"]).must();
    assert_eq!(ids(), ["hooks-path", "hooks-path"]);
}
