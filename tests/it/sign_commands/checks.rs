//! `refgate attest`.

use super::{Scene, next, printable, refused, shell};
use crate::corpus::process;
use crate::support::Said;

const PASSING: &str = "<testsuite><testcase classname='a' name='one'/></testsuite>\n";
const FAILING: &str = "<testsuite><testcase classname='a' name='one'><failure/></testcase></testsuite>\n";

/// A task whose approval is signed and that waits for the check `tests`.
fn scene() -> Scene {
    let scene = Scene::new(1, "[checks]\nrequired = [\"tests\"]\n");
    scene.task("t1", "src/a.rs", "fn a() {}\n");
    let said = scene.as_("alice", &["approve", "t1", "--yes"]);
    assert!(shell(&scene, &next(&said)).ok, "{}{}", said.stdout, said.stderr);
    scene
}

fn attest(scene: &Scene, junit: &str, more: &[&str]) -> Said {
    let file = scene.path("report.xml");
    fs_err::write(&file, junit).unwrap();
    let file = file.display().to_string();
    let said = scene.as_("ci", &[&["attest", "--check", "tests", "--junit", &file], more].concat());
    printable(&said);
    said
}

#[test]
fn a_passed_check_lets_its_tree_in_and_no_other() {
    let scene = scene();
    refused(&scene.promote("t1"), "the check tests has no result for the tree");
    // The result for another tree says nothing.
    let other = attest(&scene, PASSING, &["--rev", "HEAD^", "--push"]);
    assert!(other.ok && other.stdout.contains("pushed refs/refgate/checks/"), "{}{}", other.stdout, other.stderr);
    refused(&scene.promote("t1"), "the check tests has no result for the tree");
    let said = attest(&scene, PASSING, &[]);
    assert!(said.stdout.contains("tests PASSED for the tree") && !said.stdout.contains("note:"), "{}", said.stdout);
    let pushed = shell(&scene, &next(&said));
    assert!(pushed.ok, "{}", pushed.stderr);
    scene.promote("t1").must();
    // What was said stands on the server, with the report.
    let name = next(&said).split(' ').next_back().unwrap().to_owned();
    let listed = Said::new(process::git(&scene.server, &["ls-tree", "-r", "--name-only", &name]).output().unwrap());
    assert_eq!(listed.must(), "artifacts/report.xml\nenvelope.json");
    let other = scene.as_("ci", &["attest", "--check", "lint", "--result", "passed"]);
    assert!(other.stdout.contains("does not ask for this check"), "{}{}", other.stdout, other.stderr);
}

#[test]
fn a_failed_check_counts_until_another_run_names_it() {
    let scene = scene();
    let failed = attest(&scene, FAILING, &["--push"]);
    assert!(failed.ok && failed.stdout.contains("tests FAILED"), "{}{}", failed.stdout, failed.stderr);
    refused(&scene.promote("t1"), "the check tests failed for the tree");
    assert!(attest(&scene, PASSING, &["--push"]).ok);
    refused(&scene.promote("t1"), "the check tests failed for the tree");
    let name = failed.stdout.trim().rsplit('/').next().unwrap().to_owned();
    refused(&attest(&scene, PASSING, &["--supersede", "nothing"]), "32 hex digits");
    assert!(attest(&scene, PASSING, &["--push", "--supersede", &name]).ok);
    scene.promote("t1").must();
}

/// A step has checks of its own, beside those of every promotion.
#[test]
fn a_step_of_a_chain_goes_through_with_its_own_check() {
    let chain = "[branches]\nprotected = [\"staging\"]\n[[promotion]]\nfrom = [\"main\"]\ninto = [\"staging\"]\n\
                 checks = [\"tests\"]\n";
    let scene = Scene::new(1, chain);
    refused(&scene.push(&["origin/main:refs/heads/staging"]), "the check tests has no result for the tree");
    assert!(attest(&scene, PASSING, &["--rev", "origin/main", "--push"]).ok);
    scene.push(&["origin/main:refs/heads/staging"]).must();
    scene.task("t1", "src/a.rs", "fn a() {}\n");
    let said = scene.as_("alice", &["approve", "t1", "--yes"]);
    assert!(shell(&scene, &next(&said)).ok, "{}{}", said.stdout, said.stderr);
    scene.promote("t1").must();
    refused(&scene.push(&["autoTest/t1:staging"]), "the check tests has no result for the tree");
    assert!(attest(&scene, PASSING, &["--push"]).ok);
    scene.push(&["origin/main:refs/heads/staging"]).must();
}

#[test]
fn nobody_can_change_a_byte_of_a_result() {
    let scene = scene();
    assert!(attest(&scene, FAILING, &[]).ok);
    let name = scene.only_ref("checks");
    let envelope = scene.sandbox.git(["show", &format!("{name}:envelope.json")]).must() + "\n";
    let report = scene.sandbox.git(["rev-parse", &format!("{name}:artifacts")]).must();
    let push = |text: &str, artifacts: &str, to: &str| {
        fs_err::write(scene.path("envelope.json"), text).unwrap();
        let file = scene.path("envelope.json").display().to_string();
        let blob = scene.sandbox.git(["hash-object", "-w", &file]).must();
        let listing = format!("printf '100644 blob {blob}\\tenvelope.json\\n040000 tree {artifacts}\\tartifacts\\n'");
        let tree = shell(&scene, &format!("{listing} | git mktree")).must();
        let commit = scene.sandbox.commit_tree(&tree, &[]);
        scene.push(&[&format!("{commit}:{to}")])
    };
    for at in (0..envelope.len()).step_by(97).chain([0, 1, envelope.len() - 2]) {
        let mut bytes = envelope.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        refused(&push(&altered, &report, &name), "the check statement does not count");
    }
    refused(&push(&format!("{envelope}\n"), &report, &name), "the check statement does not count");
    // The report is the one that was signed for, and the place is its own.
    fs_err::write(scene.path("other.xml"), PASSING).unwrap();
    let file = scene.path("other.xml").display().to_string();
    let blob = scene.sandbox.git(["hash-object", "-w", &file]).must();
    let artifacts = shell(&scene, &format!("printf '100644 blob {blob}\\treport.xml\\n' | git mktree")).must();
    refused(&push(&envelope, &artifacts, &name), "retains other artifacts than it lists");
    let elsewhere = format!("{}{}", &name[..name.len() - 32], "0".repeat(32));
    refused(&push(&envelope, &report, &elsewhere), "belongs at refs/refgate/checks/");
    push(&envelope, &report, &name).must();
}

#[test]
fn nothing_but_a_report_of_a_pass_is_one() {
    let scene = scene();
    let none = |said: &Said, about: &str| {
        refused(said, about);
        assert!(scene.refs("checks").is_empty());
    };
    none(&attest(&scene, "", &[]), "is empty");
    none(&attest(&scene, "<testsuite>", &[]), "is no XML");
    none(&attest(&scene, "<testsuite/>", &[]), "no test that ran");
    none(&attest(&scene, FAILING, &["--result", "passed"]), "--result says PASSED, and the reports say FAILED");
    none(&attest(&scene, FAILING, &["--allow-empty", "--result", "warned"]), "the reports say FAILED");
    none(&attest(&scene, PASSING, &["--rev", "HEAD:README.md"]), "--rev names no commit");
    none(&attest(&scene, PASSING, &["--junit", "missing.xml"]), "missing.xml");
    none(&scene.as_("ci", &["attest", "--check", "tests"]), "there is no result");
    none(&scene.as_("ci", &["attest", "--check", "a/b", "--result", "passed"]), "is no name of a check");
    for who in ["alice", "stranger"] {
        none(&scene.as_(who, &["attest", "--check", "tests", "--result", "passed"]), "the signature would not count");
    }
    // What was checked is what is committed.
    scene.sandbox.write(&[("src/a.rs", "fn b() {}\n")]);
    none(&attest(&scene, PASSING, &[]), "src/a.rs is not as it was committed");
    scene.sandbox.git(["add", "-A"]).must();
    none(&attest(&scene, PASSING, &[]), "src/a.rs is not as it was committed");
    scene.sandbox.git(["reset", "-q", "--hard"]).must();
    // What nobody tracks, reports among it, is no part of the tree.
    scene.sandbox.write(&[("report.xml", PASSING)]);
    assert!(scene.as_("ci", &["attest", "--check", "tests", "--junit", "report.xml"]).ok);
}

#[test]
fn reports_of_analysers_are_read_to_a_level() {
    let scene = scene();
    let result = |level: &str| format!("{{\"ruleId\":\"R1\",\"level\":\"{level}\"}}");
    let attest = |results: &str, fail_on: &str| {
        let log =
            format!("{{\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{{}}}},\"results\":[{results}]}}]}}");
        fs_err::write(scene.path("a.sarif"), log).unwrap();
        let file = scene.path("a.sarif").display().to_string();
        scene.as_("ci", &["attest", "--check", "tests", "--sarif", &file, "--fail-on", fail_on])
    };
    for (results, fail_on, expected) in [
        (result("error"), "error", "FAILED"),
        (result("warning"), "error", "WARNED"),
        (result("warning"), "warning", "FAILED"),
        (result("note"), "note", "FAILED"),
        (String::new(), "note", "PASSED"),
    ] {
        let said = attest(&results, fail_on);
        assert!(said.stdout.contains(&format!("tests {expected}")), "{}{}", said.stdout, said.stderr);
    }
    refused(&attest(&result("fatal"), "error"), "level \"fatal\"");
    refused(&scene.as_("ci", &["attest", "--check", "tests", "--sarif", "a.sarif"]), "--fail-on");
}

/// The page says how to verify a result without refgate, and this runs what it says.
#[test]
fn the_recipe_of_the_page_verifies_a_result() {
    let scene = scene();
    assert!(attest(&scene, PASSING, &[]).ok);
    let page = fs_err::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md")).unwrap();
    let recipe = page.split("```sh\n").find(|block| block.contains("DSSEv1")).unwrap().split("```").next().unwrap();
    assert_eq!(recipe.lines().count(), 4, "{recipe}");
    let verify = |envelope: &str| {
        let script = format!("set -e\nREF={}\n{envelope}\n{recipe}", scene.only_ref("checks"));
        shell(&scene, &script)
    };
    let said = verify("");
    assert!(
        said.ok && said.stdout.contains("Good \"check.v1@refgate\" signature for ci@example.com"),
        "{}",
        said.stderr
    );
    let payload = fs_err::read_to_string(scene.at("payload.json")).unwrap();
    assert!(payload.contains("\"result\": \"PASSED\"") && payload.contains("\"gitTree\""), "{payload}");
    // The same lines say no when the payload is another.
    let forge = "git() { command git \"$@\" | sed 's/\"payload\": \"ewo/\"payload\": \"ewp/'; }";
    let said = verify(forge);
    assert!(!said.ok, "{}{}", said.stdout, said.stderr);
}
