//! Who pushes: the one source that the installation names, and nothing else.

use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

/// A guarded server that believes `source`, and a client with one commit.
fn scene(source: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let server = sandbox.server().display().to_string();
    install(&sandbox, source).must();
    sandbox.clone(&format!("file://{server}"));
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
    sandbox
}

fn install(sandbox: &Sandbox, source: &str) -> Said {
    let mut command = process::command(REFGATE);
    command.args(["install", "server", "--actor", source, "--repo"]).arg(sandbox.server());
    Said::new(command.output().unwrap())
}

/// A push over a path: the hook inherits the client's environment, as it inherits a web server's.
fn push(sandbox: &Sandbox, variables: &[(&str, &str)], what: &str) -> Said {
    let mut command = process::command("git");
    command.current_dir(sandbox.path().join("client")).args(["push", "origin", what]);
    Said::new(command.envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn the_named_source_is_believed_and_said_and_no_other_is() {
    for (source, variable) in [
        ("remote-user", "REMOTE_USER"),
        ("gitolite", "GL_USER"),
        ("ssh", "REFGATE_ACTOR"),
        ("env:FORGE_USER", "FORGE_USER"),
    ] {
        let sandbox = scene(source);
        for variables in [&[][..], &[(variable, "")], &[("USER", "alice")], &[("LOGNAME", "x"), (variable, "a\u{7}b")]]
        {
            let said = push(&sandbox, variables, "main");
            let told = said.stderr.contains("UNDECIDED") && said.stderr.contains(&format!("{variable} "));
            assert!(!said.ok && told, "{source} {variables:?}: {}", said.stderr);
        }
        let known = push(&sandbox, &[(variable, "alice")], "main");
        assert!(known.ok && known.stderr.contains("accepted: refs/heads/main (pushed by alice)"), "{}", known.stderr);
        let refused = push(&sandbox, &[(variable, "bob"), ("USER", "alice")], "main:refs/foo/x");
        assert!(!refused.ok && refused.stderr.contains("REFUSED: refs/foo/x (pushed by bob)"), "{}", refused.stderr);
    }
}

#[test]
fn without_a_source_nobody_is_named() {
    let sandbox = scene("none");
    let said = push(&sandbox, &[("REMOTE_USER", "alice"), ("REFGATE_ACTOR", "alice")], "main");
    assert!(said.ok && !said.stderr.contains("alice"), "{}", said.stderr);
}

#[test]
fn the_verdict_says_who_pushed() {
    let sandbox = scene("ssh");
    let mut command = process::command(REFGATE);
    command.current_dir(sandbox.server()).env("GIT_DIR", ".").env("REFGATE_ACTOR", "Alice L\u{ed}ddell");
    command.args(["hook", "pre-receive", "--format", "json"]);
    let (zero, tip) = ("0".repeat(40), sandbox.rev("HEAD"));
    let output = process::run(&mut command, format!("{zero} {tip} refs/foo/x\n").as_bytes()).unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["actor"], "Alice L\u{ed}ddell", "{verdict}");
}

#[test]
fn installing_again_keeps_the_source_and_can_change_it() {
    let sandbox = scene("gitolite");
    let file = sandbox.server().join("refgate/server.toml");
    let line = || {
        let text = fs_err::read_to_string(&file).unwrap();
        text.lines().find(|line| line.starts_with("actor = ")).unwrap().to_owned()
    };
    assert_eq!(line(), "actor = \"gitolite\"");
    let mut again = process::command(REFGATE);
    again.args(["install", "server", "--repo"]).arg(sandbox.server());
    let said = Said::new(again.output().unwrap()).must();
    assert!(said.contains("actor: gitolite (whom GL_USER names"), "{said}");
    assert_eq!(line(), "actor = \"gitolite\"");
    install(&sandbox, "remote-user").must();
    assert_eq!(line(), "actor = \"remote-user\"");
    for source in ["env:GIT_PUSH_OPTION_0", "env:HTTP_USER", "REMOTE_USER", ""] {
        let said = install(&sandbox, source);
        assert!(!said.ok && said.stderr.contains("--actor"), "{source}: {}", said.stderr);
        assert_eq!(line(), "actor = \"remote-user\"");
    }
}
