//! `refgate install client` and chained hooks: what runs, in which order, with what.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

/// Writes its name, its arguments and its input to `log`, and ends with what `code` holds.
const NOISY: &str =
    "#!/bin/sh\n{ echo \"$0 $*\"; cat; } >>\"$LOG\"\nexit \"$(cat \"$LOG.code\" 2>/dev/null || echo 0)\"\n";

fn write(path: &Path, text: &str, mode: u32) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A clone of a bare server that nobody guards, both holding one commit on main.
struct Scene {
    sandbox: Sandbox,
    client: PathBuf,
    log: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.path().join("x.git");
        let mut init = process::command("git");
        Said::new(init.args(["init", "-q", "--bare", "-b", "main"]).arg(&server).output().unwrap()).must();
        sandbox.clone(server.to_str().unwrap());
        sandbox.write(&[("src/a.rs", "one\n")]);
        sandbox.commit("base");
        sandbox.push(["main"]).must();
        sandbox.git(["switch", "-q", "-c", "work"]).must();
        let (client, log) = (sandbox.path().join("client"), sandbox.path().join("log"));
        Self { sandbox, client, log }
    }

    fn hook(&self, name: &str) -> PathBuf {
        self.client.join(".git/hooks").join(name)
    }

    fn in_client(&self, program: &str, args: &[&str]) -> Said {
        let mut command = process::command(program);
        Said::new(command.current_dir(&self.client).env("LOG", &self.log).args(args).output().unwrap())
    }

    /// What the hooks wrote since the last time.
    fn logged(&self) -> String {
        let text = fs_err::read_to_string(&self.log).unwrap_or_default();
        let _ = fs_err::remove_file(&self.log);
        text
    }

    fn ends_with(&self, code: &str) {
        fs_err::write(self.sandbox.path().join("log.code"), code).unwrap();
    }
}

#[test]
fn the_client_hooks_refuse_what_the_server_would() {
    let scene = Scene::new();
    let said = scene.sandbox.refgate(["install", "client"]).must();
    assert!(said.contains("pre-commit") && said.contains("pre-push"), "{said}");
    scene.sandbox.write(&[("refgate.toml", "version = 1\n")]);
    scene.in_client("git", &["add", "-A"]).must();
    let commit = scene.in_client("git", &["commit", "-q", "-m", "x"]);
    assert!(!commit.ok && commit.stderr.contains("policy-changed"), "{}", commit.stderr);
    scene.in_client("git", &["commit", "-q", "--no-verify", "-m", "x"]).must();
    let push = scene.in_client("git", &["push", "origin", "HEAD:topic"]);
    assert!(!push.ok && push.stderr.contains("policy-changed"), "{}", push.stderr);
    // In a hook's own environment the command still means the repository that it is told.
    let mut command = process::command(REFGATE);
    command.current_dir(&scene.client).env("GIT_DIR", "/nowhere").env("GIT_INDEX_FILE", "x").args(["uninstall"]);
    Said::new(command.output().unwrap()).must();
    scene.in_client("git", &["push", "origin", "HEAD:topic"]).must();
}

#[test]
fn a_hook_that_stood_there_runs_afterwards_with_the_same_arguments_and_input() {
    let scene = Scene::new();
    for name in ["pre-commit", "pre-push"] {
        write(&scene.hook(name), NOISY, 0o755);
    }
    let said = scene.sandbox.refgate(["install", "client"]).must();
    assert!(said.contains("pre-push.before-refgate, the hook that stood there, runs after it"), "{said}");
    scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]).must();
    assert_eq!(scene.logged(), ".git/hooks/pre-commit.before-refgate \n");
    let server = scene.sandbox.path().join("x.git").display().to_string();
    let tip = scene.sandbox.rev("HEAD");
    scene.in_client("git", &["push", "origin", "HEAD:topic"]).must();
    let zero = "0".repeat(40);
    let expected = format!(".git/hooks/pre-push.before-refgate origin {server}\nHEAD {tip} refs/heads/topic {zero}\n");
    assert_eq!(scene.logged(), expected);

    // Its answer counts.
    scene.ends_with("7");
    assert!(!scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]).ok);
    let mut hook = process::command(scene.hook("pre-push"));
    hook.current_dir(&scene.client).env("LOG", &scene.log).args(["origin", &server]);
    assert_eq!(process::run(&mut hook, b"").unwrap().status.code(), Some(7));
    assert_eq!(scene.logged().lines().count(), 2);

    // What is refused before it does not reach it.
    scene.sandbox.write(&[("refgate.toml", "version = 1\n")]);
    scene.in_client("git", &["add", "-A"]).must();
    assert!(!scene.in_client("git", &["commit", "-q", "-m", "x"]).ok);
    assert_eq!(scene.logged(), "");
}

#[test]
fn a_chained_hook_that_git_would_not_run_is_passed_over_and_a_missing_one_refuses() {
    let scene = Scene::new();
    write(&scene.hook("pre-commit"), "#!/bin/sh\nexit 1\n", 0o644);
    scene.sandbox.refgate(["install", "client"]).must();
    scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]).must();
    fs_err::remove_file(scene.hook("pre-commit.before-refgate")).unwrap();
    let said = scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]);
    assert!(!said.ok && said.stderr.contains("pre-commit.before-refgate, the hook that ran here before, is missing"));
    assert_eq!(said.stderr.lines().filter(|line| line.starts_with("refgate: ")).count(), 1 + 1, "{}", said.stderr);
}

#[test]
fn a_missing_program_refuses_with_one_sentence() {
    let scene = Scene::new();
    let program = scene.sandbox.path().join("it's gone/refgate");
    fs_err::create_dir_all(program.parent().unwrap()).unwrap();
    fs_err::copy(REFGATE, &program).unwrap();
    let mut install = process::command(&program);
    Said::new(install.current_dir(&scene.client).args(["install", "client"]).output().unwrap()).must();
    scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]).must();
    fs_err::remove_file(&program).unwrap();
    for (args, words) in [
        (&["commit", "-q", "--allow-empty", "-m", "x"][..], "or commit with --no-verify"),
        (&["push", "origin", "HEAD:topic"], "or push with --no-verify"),
    ] {
        let said = scene.in_client("git", args);
        let ours: Vec<_> = said.stderr.lines().filter(|line| line.starts_with("refgate: ")).collect();
        assert!(!said.ok && ours.len() == 1 && ours[0].ends_with(words), "{}", said.stderr);
    }
}

#[test]
fn hooks_of_a_shared_folder_still_run_by_their_own_names() {
    let scene = Scene::new();
    let (config, shared) = (scene.sandbox.path().join("gitconfig"), scene.sandbox.path().join("all hooks"));
    for name in ["pre-commit", "commit-msg", "pre-push"] {
        write(&shared.join(name), NOISY, 0o755);
    }
    fs_err::write(&config, format!("[core]\n\thooksPath = {}\n", shared.display())).unwrap();
    let run = |program: &str, args: &[&str]| {
        let mut command = process::command(program);
        command.current_dir(&scene.client).env("LOG", &scene.log).env("GIT_CONFIG_GLOBAL", &config);
        Said::new(command.args(args).output().unwrap())
    };
    let said = run(REFGATE, &["install", "client"]).must();
    assert!(said.contains("core.hooksPath") && said.contains("not this repository's alone"), "{said}");
    run("git", &["commit", "-q", "--allow-empty", "-m", "x"]).must();
    let logged = scene.logged();
    for name in ["pre-commit", "commit-msg"] {
        assert!(logged.contains(&format!("{}/{name} ", shared.display())), "{logged}");
    }
    run("git", &["push", "origin", "HEAD:topic"]).must();
    assert!(scene.logged().contains("refs/heads/topic"));
    scene.sandbox.write(&[("refgate.toml", "version = 1\n")]);
    run("git", &["add", "-A"]).must();
    assert!(!run("git", &["commit", "-q", "-m", "x"]).ok);
    assert_eq!(scene.logged(), "");
    // A hook that the others give up is no longer run here either; one that they add comes with the next installation.
    fs_err::remove_file(shared.join("commit-msg")).unwrap();
    write(&shared.join("post-commit"), NOISY, 0o755);
    run(REFGATE, &["install", "client"]).must();
    scene.in_client("git", &["rm", "-q", "--cached", "refgate.toml"]).must();
    run("git", &["commit", "-q", "--allow-empty", "-m", "x"]).must();
    assert!(scene.logged().contains("/post-commit "));
}

#[test]
fn under_husky_the_judge_is_a_hook_of_husky_s() {
    let scene = Scene::new();
    let husky = scene.client.join(".husky");
    // What husky 9 does, in short.
    let runner = "#!/bin/sh\nn=$(basename \"$0\")\ns=$(dirname \"$(dirname \"$0\")\")/$n\n\
                  [ ! -f \"$s\" ] && exit 0\nsh -e \"$s\" \"$@\"\nexit $?\n";
    write(&husky.join("_/h"), runner, 0o644);
    for name in ["pre-commit", "pre-push", "commit-msg"] {
        write(&husky.join("_").join(name), "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n", 0o755);
    }
    write(&husky.join("pre-commit"), "echo user >>\"$LOG\"\nfalse\necho not reached >>\"$LOG\"\n", 0o644);
    scene.in_client("git", &["config", "core.hooksPath", ".husky/_"]).must();
    let said = scene.sandbox.refgate(["install", "client"]).must();
    assert!(said.contains(".husky is in the work tree: do not commit these hooks"), "{said}");
    assert!(!scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]).ok, "sh -e ends at false");
    assert_eq!(scene.logged(), "user\n");
    scene.sandbox.write(&[("refgate.toml", "version = 1\n")]);
    scene.in_client("git", &["add", "refgate.toml"]).must();
    let said = scene.in_client("git", &["commit", "-q", "-m", "x"]);
    assert!(!said.ok && said.stderr.contains("policy-changed"), "{}", said.stderr);
    assert_eq!(scene.logged(), "");
}

#[test]
fn pushes_to_other_remotes_go_when_one_is_named() {
    let scene = Scene::new();
    let other = scene.sandbox.path().join("other.git");
    let mut init = process::command("git");
    Said::new(init.args(["init", "-q", "--bare"]).arg(&other).output().unwrap()).must();
    scene.in_client("git", &["remote", "add", "other", other.to_str().unwrap()]).must();
    assert!(scene.sandbox.refgate(["install", "client", "--remote", "nobody"]).stderr.contains("is no remote"));
    scene.sandbox.refgate(["install", "client", "--remote", "origin"]).must();
    scene.sandbox.write(&[("refgate.toml", "version = 1\n")]);
    scene.in_client("git", &["add", "-A"]).must();
    scene.in_client("git", &["commit", "-q", "--no-verify", "-m", "x"]).must();
    scene.in_client("git", &["push", "other", "HEAD:topic"]).must();
    scene.in_client("git", &["push", other.to_str().unwrap(), "HEAD:again"]).must();
    let origin = scene.sandbox.path().join("x.git");
    for to in ["origin", origin.to_str().unwrap()] {
        assert!(!scene.in_client("git", &["push", to, "HEAD:topic"]).ok, "{to}");
    }
    // Installing again keeps what was said.
    assert!(scene.sandbox.refgate(["install", "client"]).must().starts_with("Nothing to change"));
}

#[test]
fn the_policy_file_of_the_client_hooks_is_kept_by_its_whole_path() {
    let scene = Scene::new();
    fs_err::write(scene.client.join("it's mine"), "version = 1\n[rules]\npolicy-changed = \"evaluate\"\n").unwrap();
    scene.sandbox.refgate(["install", "client", "--policy", "it's mine"]).must();
    scene.sandbox.write(&[("src/b.rs", "x\n")]);
    scene.in_client("git", &["add", "src"]).must();
    scene.in_client("git", &["commit", "-q", "-m", "x"]).must();
    fs_err::write(scene.client.join("it's mine"), "version = 9\n").unwrap();
    let said = scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]);
    assert!(!said.ok && said.stderr.contains("it's mine"), "{}", said.stderr);
}

/// Hooks as lefthook, pre-commit and git-lfs write them, in short; their program only says that it was called.
#[test]
fn hooks_of_well_known_tools_run_after_ours() {
    let scene = Scene::new();
    let tools = scene.sandbox.path().join("tools");
    write(&tools.join("tool"), "#!/bin/sh\n{ echo \"$*\"; cat; } >>\"$LOG\"\n", 0o755);
    let tool = tools.join("tool").display().to_string();
    let lefthook = format!(
        "#!/bin/sh\nif [ \"$LEFTHOOK\" = \"0\" ]; then exit 0; fi\ncall_lefthook()\n{{\n  if test -x '{tool}'\n  then\n    \
         '{tool}' \"$@\"\n  else\n    echo missing\n  fi\n}}\ncall_lefthook run \"pre-commit\" \"$@\"\n"
    );
    let pre_commit = format!(
        "#!/usr/bin/env bash\nARGS=(hook-impl --hook-type=pre-commit)\nHERE=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\n\
         ARGS+=(--hook-dir \"$HERE\" -- \"$@\")\nexec '{tool}' \"${{ARGS[@]}}\"\n"
    );
    let lfs = format!("#!/bin/sh\ncommand -v '{tool}' >/dev/null 2>&1 || exit 2\n'{tool}' lfs pre-push \"$@\"\n");
    write(&scene.hook("pre-push"), &lfs, 0o755);
    for (text, words) in [(lefthook, "run pre-commit\n"), (pre_commit, "hook-impl --hook-type=pre-commit --hook-dir ")]
    {
        write(&scene.hook("pre-commit"), &text, 0o755);
        scene.sandbox.refgate(["install", "client"]).must();
        scene.in_client("git", &["commit", "-q", "--allow-empty", "-m", "x"]).must();
        let logged = scene.logged();
        assert!(logged.starts_with(words), "{logged}");
        scene.sandbox.refgate(["uninstall"]).must();
    }
    scene.sandbox.refgate(["install", "client"]).must();
    scene.in_client("git", &["push", "-q", "origin", "HEAD:topic"]).must();
    let logged = scene.logged();
    assert!(logged.starts_with("lfs pre-push origin ") && logged.contains(" refs/heads/topic "), "{logged}");
}
