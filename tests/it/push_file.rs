//! The story, told over `file://` with stock `git push`.

use crate::story;
use crate::support::Sandbox;

#[test]
fn the_story_over_file_urls() {
    let sandbox = Sandbox::new();
    let url = format!("file://{}", sandbox.server().display());
    sandbox.clone(&url);
    story::tell(&sandbox);
}

#[test]
fn a_refusal_leaves_no_ref_and_no_object_behind() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("README.md", "# one\n")]);
    sandbox.commit("first");
    sandbox.push(["main"]).must();
    sandbox.write(&[("README.md", "# two\n")]);
    let second = sandbox.commit("second");
    let said = sandbox.push(["main"]);
    assert!(!said.ok && said.stderr.contains("direct-push"), "{}", said.stderr);
    let server = server.display().to_string();
    assert!(!sandbox.git(["--git-dir", &server, "cat-file", "-e", &second]).ok, "the refused commit is still there");
}

#[test]
fn check_foretells_what_the_hook_will_say() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("src/a.rs", "one\n")]);
    sandbox.commit("first");
    sandbox.push(["main"]).must();
    sandbox.git(["checkout", "-q", "-b", "autoTest/t1"]).must();
    sandbox.write(&[("src/a.rs", "two\n")]);
    let head = sandbox.commit("second");
    sandbox.push(["autoTest/t1"]).must();
    let server = server.display().to_string();
    let args = ["check", "--repo", &server, "--ref", "refs/heads/main", "--head", &head, "--format", "json"];
    let check = sandbox.refgate(args);
    let push = sandbox.push(["autoTest/t1:main"]);
    assert!(!check.ok && check.stdout.contains("artifact-missing"), "{}{}", check.stdout, check.stderr);
    assert!(!push.ok && push.stderr.contains("artifact-missing"), "{}", push.stderr);
}
