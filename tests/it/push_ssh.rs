//! The story, told over SSH: a real `sshd`, an account of its own whose shell is `git-shell`, repositories that this
//! account owns, a key for each person, stock `git push`. Here nothing that the pusher sets on the own side can disarm
//! the hook, or make the gate see somebody else.

use crate::at_once;
use crate::servers::{Account, left_out, program_for_all, take_push_options};
use crate::sshd::{Sshd, person};
use crate::story;
use crate::support::{Sandbox, believe, guarded_server};

/// What the installation guide tells administrators to write.
const GUIDE: &str = include_str!("../../install/README.md");
const PERMIT: &str = "PermitUserEnvironment REFGATE_ACTOR";

#[test]
fn the_story_over_ssh() {
    if left_out(&["sshd"]) {
        return;
    }
    let mut sandbox = Sandbox::new();
    let server = Server::start(&sandbox, PERMIT);
    sandbox.use_ssh(server.sshd.client("alice", ""));
    sandbox.clone(&server.url);
    story::tell_as(&sandbox, Some("alice"));
}

#[test]
fn many_at_once_over_ssh() {
    if left_out(&["sshd"]) {
        return;
    }
    let mut sandbox = Sandbox::new();
    // As many may be on their way in; sshd drops connections from ten on otherwise.
    let server = Server::start(&sandbox, &format!("{PERMIT}\nMaxStartups 64"));
    sandbox.use_ssh(server.sshd.client("alice", ""));
    sandbox.clone(&server.url);
    let (refgate, repository) = (sandbox.path().join("bin/refgate"), sandbox.path().join("server.git"));
    at_once::tell(&sandbox, &refgate, &repository, &|| Account::git().owns(&repository));
}

#[test]
fn each_key_names_its_person_whatever_the_client_sends() {
    if left_out(&["sshd"]) {
        return;
    }
    let mut sandbox = Sandbox::new();
    // The worst configuration: the client may send the very variable. The key's own value still wins.
    let server = Server::start(&sandbox, &format!("{PERMIT}\nAcceptEnv REFGATE_* GIT_PUSH_* USER LOGNAME"));
    sandbox.clone(&server.url);
    for (key, other, target) in [("alice", "bob", "main"), ("bob", "alice", "bobs"), ("alice", "bob", "hers")] {
        for options in [
            format!("-o SetEnv=REFGATE_ACTOR={other}"),
            format!("-o SetEnv='USER={other} LOGNAME={other}'"),
            format!("-o SetEnv=GIT_PUSH_OPTION_0=REFGATE_ACTOR={other}"),
        ] {
            sandbox.use_ssh(server.sshd.client(key, &options));
            sandbox.write(&[("README.md", &format!("# {key} {options}\n"))]);
            sandbox.commit("Work");
            let option = format!("REFGATE_ACTOR={other}");
            let said = sandbox.push(["-o", &option, &format!("HEAD:refs/heads/{target}")]);
            // Only the first push of main is let in. Who pushed is said of a refused push too.
            assert!(said.ok || said.stderr.contains("direct-push"), "{key} {options}: {}", said.stderr);
            assert_eq!(said.pushed_by().as_deref(), Some(key), "{options}: {}", said.stderr);
        }
    }
    // A key without the option names itself there, which the guide warns of; so what was tried above is a real attempt.
    sandbox.use_ssh(server.sshd.client("nobody", "-o SetEnv=REFGATE_ACTOR=mallory"));
    assert_eq!(sandbox.push(["main:refs/foo/x"]).pushed_by().as_deref(), Some("mallory"));
    let refs = sandbox.git(["ls-remote", "--heads", "origin"]).must();
    assert_eq!(refs.lines().count(), 3, "{refs}");
}

#[test]
fn a_key_that_names_nobody_pushes_nothing() {
    if left_out(&["sshd"]) {
        return;
    }
    let mut sandbox = Sandbox::new();
    let server = Server::start(&sandbox, PERMIT);
    sandbox.clone(&server.url);
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
    for options in ["", "-o SetEnv=REFGATE_ACTOR=alice"] {
        sandbox.use_ssh(server.sshd.client("nobody", options));
        let said = sandbox.push(["main"]);
        let told = said.stderr.contains("UNDECIDED") && said.stderr.contains("REFGATE_ACTOR is not set");
        assert!(!said.ok && told, "{options}: {}", said.stderr);
    }
    sandbox.use_ssh(server.sshd.client("stranger", ""));
    sandbox.push(["main"]).never_reached_the_gate();
    sandbox.use_ssh(server.sshd.client("alice", ""));
    sandbox.push(["main"]).must();
}

#[test]
fn without_the_permission_in_sshd_the_keys_name_nobody() {
    if left_out(&["sshd"]) {
        return;
    }
    let mut sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "PermitUserEnvironment no");
    sandbox.use_ssh(server.sshd.client("alice", ""));
    sandbox.clone(&server.url);
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
    let said = sandbox.push(["main"]);
    assert!(!said.ok && said.stderr.contains("REFGATE_ACTOR is not set"), "{}", said.stderr);
}

/// A guarded repository of an account whose keys are: alice's, bob's, and one that names nobody. A stranger has a key
/// too, which the server does not know.
struct Server {
    sshd: Sshd,
    url: String,
}

impl Server {
    fn start(sandbox: &Sandbox, config: &str) -> Self {
        let folder = sandbox.path();
        let account = Account::git();
        let refgate = program_for_all(folder);
        let repository = folder.join("server.git");
        guarded_server(&repository, &refgate);
        believe(&repository, &refgate, "ssh");
        take_push_options(&repository);
        account.owns(&repository);
        let line = r#"restrict,environment="REFGATE_ACTOR=alice" ssh-ed25519 "#;
        assert!(GUIDE.contains(line) && GUIDE.contains(PERMIT), "the guide no longer says what is tested here");
        let options = |name: &str| line.replace("alice", name).replace("ssh-ed25519 ", "");
        let keys = [options("alice"), options("bob"), "restrict ".into()]
            .iter()
            .zip(["alice", "bob", "nobody"])
            .map(|(options, name)| format!("{options}{}\n", person(folder, name)))
            .collect::<String>();
        person(folder, "stranger");
        let file = folder.join("ssh/authorized_keys");
        fs_err::write(&file, keys).unwrap();
        let sshd = Sshd::start(folder, &account, &file, "", config);
        let url = sshd.url(&repository.display().to_string());
        Self { sshd, url }
    }
}
