//! The story, told to gitolite as Debian ships it: its own account, its forced command for each key behind a real
//! `sshd`, its repositories, its `update` hook beside our `pre-receive`. Its administrator gives keys and rights by a
//! push, as administrators do.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::servers::{Account, left_out, must, program, program_for_all, take_push_options};
use crate::sshd::{Sshd, person};
use crate::story;
use crate::support::{Said, Sandbox};

const RIGHTS: &str = "repo gitolite-admin\n    RW+ = admin\n\nrepo project\n    RW+ = alice bob\n    R   = carol\n";

#[test]
fn the_story_told_to_gitolite() {
    let Some((mut sandbox, server)) = scene() else { return };
    sandbox.use_ssh(server.sshd.client("alice", ""));
    story::tell_as(&sandbox, Some("alice"));
}

#[test]
fn gitolite_names_the_pusher_whatever_the_client_sends() {
    let Some((mut sandbox, server)) = scene() else { return };
    first_commit(&sandbox);
    for (key, other) in [("alice", "bob"), ("bob", "alice")] {
        for options in ["", &format!("-o SetEnv=GL_USER={other}"), &format!("-o SetEnv='USER={other} LOGNAME={other}'")]
        {
            sandbox.use_ssh(server.sshd.client(key, options));
            let said = sandbox.push(["-o", &format!("GL_USER={other}"), "main:refs/foo/x"]);
            assert!(!said.ok && said.stderr.contains("unknown-namespace"), "{key} {options}: {}", said.stderr);
            assert_eq!(said.pushed_by().as_deref(), Some(key), "{options}: {}", said.stderr);
        }
    }
}

#[test]
fn who_may_not_write_does_not_reach_the_gate() {
    let Some((mut sandbox, server)) = scene() else { return };
    first_commit(&sandbox);
    for key in ["carol", "stranger"] {
        sandbox.use_ssh(server.sshd.client(key, ""));
        sandbox.push(["main"]).never_reached_the_gate();
    }
    assert!(server.repository.join("refgate/bootstrap").is_file(), "something has used the bootstrap up");
    sandbox.use_ssh(server.sshd.client("bob", ""));
    assert_eq!(sandbox.push(["main"]).pushed_by().as_deref(), Some("bob"));
}

#[test]
fn a_push_past_gitolite_is_not_let_in() {
    let Some((sandbox, server)) = scene() else { return };
    first_commit(&sandbox);
    let client = sandbox.path().join("client");
    server.account.owns(&client);
    let mut git = server.command(&program("git", "git"));
    let said = Said::new(git.arg("-C").arg(&client).arg("push").arg(&server.repository).arg("main").output().unwrap());
    let told = said.stderr.contains("UNDECIDED") && said.stderr.contains("GL_USER is not set");
    assert!(!said.ok && told, "{}", said.stderr);
}

#[test]
fn the_gate_stays_when_gitolite_sets_up_again() {
    let Some((mut sandbox, server)) = scene() else { return };
    let hooks = server.repository.join("hooks");
    let shim = fs_err::read(hooks.join("pre-receive")).unwrap();
    for args in [&["setup"][..], &["setup", "--hooks-only"], &["compile"]] {
        must(server.gitolite().args(args));
        assert_eq!(fs_err::read(hooks.join("pre-receive")).unwrap(), shim, "gitolite {args:?}");
        assert!(fs_err::symlink_metadata(hooks.join("update")).unwrap().is_symlink(), "gitolite's own hook is gone");
    }
    // Ours leaves gitolite's alone, and keeps what it was told, when it is installed again.
    must(server.command(&server.refgate).args(["install", "server", "--repo"]).arg(&server.repository));
    assert!(fs_err::symlink_metadata(hooks.join("update")).unwrap().is_symlink(), "gitolite's own hook is gone");
    first_commit(&sandbox);
    sandbox.use_ssh(server.sshd.client("bob", ""));
    sandbox.push(["main"]).must();
    sandbox.commit("direct");
    let said = sandbox.push(["main"]);
    assert!(!said.ok && said.stderr.contains("direct-push"), "{}", said.stderr);
    assert_eq!(said.pushed_by().as_deref(), Some("bob"));
}

fn first_commit(sandbox: &Sandbox) {
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
}

/// gitolite with everything that is its own in the sandbox, and the gate in front of its repository `project`.
struct Gitolite {
    account: Account,
    sshd: Sshd,
    home: PathBuf,
    repository: PathBuf,
    refgate: PathBuf,
}

/// The server, and a client of `project` without a key yet; nothing when it is left out.
fn scene() -> Option<(Sandbox, Gitolite)> {
    if left_out(&["gitolite3", "sshd"]) {
        return None;
    }
    let mut sandbox = Sandbox::new();
    let server = Gitolite::start(sandbox.path());
    sandbox.use_ssh(server.sshd.client("admin", ""));
    server.give_keys_and_rights(&sandbox);
    let mut install = server.command(&server.refgate);
    install.args(["install", "server", "--trusted-ref", "main", "--actor", "gitolite", "--repo"]);
    must(install.arg(&server.repository));
    take_push_options(&server.repository);
    server.account.owns(&server.home);
    sandbox.clone(&server.sshd.url("/project"));
    Some((sandbox, server))
}

impl Gitolite {
    fn start(sandbox: &Path) -> Self {
        let account = Account::with_a_shell();
        let refgate = program_for_all(sandbox);
        let home = sandbox.join("gitolite");
        fs_err::create_dir(&home).unwrap();
        fs_err::write(home.join("admin.pub"), person(sandbox, "admin") + "\n").unwrap();
        account.owns(&home);
        must(gitolite(&account, &home).args(["setup", "-pk"]).arg(home.join("admin.pub")));
        let keys = home.join(".ssh/authorized_keys");
        // gitolite finds everything by its home, which is the sandbox's and not the account's.
        let environment = format!("HOME={}", home.display());
        let accept = "AcceptEnv GL_* USER LOGNAME";
        let sshd = Sshd::start(sandbox, &account, &keys, &environment, accept);
        Self { account, sshd, repository: home.join("repositories/project.git"), home, refgate }
    }

    /// The administrator's push.
    fn give_keys_and_rights(&self, sandbox: &Sandbox) {
        let admin = sandbox.path().join("admin");
        let folder = admin.display().to_string();
        let url = self.sshd.url("/gitolite-admin");
        sandbox.git_in(sandbox.path(), ["clone", "-q", &url, &folder]).must();
        for name in ["alice", "bob", "carol"] {
            let line = person(sandbox.path(), name) + "\n";
            fs_err::write(admin.join("keydir").join(format!("{name}.pub")), line).unwrap();
        }
        person(sandbox.path(), "stranger");
        fs_err::write(admin.join("conf/gitolite.conf"), RIGHTS).unwrap();
        for args in [&["add", "-A"][..], &["commit", "-q", "-m", "Keys and rights"], &["push", "-q", "origin", "HEAD"]]
        {
            sandbox.git_in(&admin, args.iter().copied()).must();
        }
    }

    /// A command of gitolite's account.
    fn command(&self, program: &Path) -> Command {
        let mut command = self.account.command(program);
        command.env("HOME", &self.home);
        command
    }

    fn gitolite(&self) -> Command {
        gitolite(&self.account, &self.home)
    }
}

fn gitolite(account: &Account, home: &Path) -> Command {
    let mut command = account.command(&program("gitolite", "gitolite3"));
    command.env("HOME", home).env("USER", account.name).current_dir(home);
    command
}
