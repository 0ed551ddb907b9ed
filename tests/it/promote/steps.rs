//! `refgate promote BRANCH`: the steps of a chain.

use super::Scene;

const POLICY: &str = "[branches]\nprotected = [\"develop\", \"live\"]\n\
                      [[promotion]]\nfrom = [\"develop\"]\ninto = [\"main\"]\nchecks = [\"tests\"]\n\
                      [[promotion]]\nfrom = [\"main\"]\ninto = [\"live\"]\n\
                      [roles]\npresence = \"any\"\ncheck = { principals = [\"ci@example.com\"] }\n\
                      rollback = { principals = [\"bob@example.com\"] }\n";

/// Tasks go to develop, what is checked there to main, and main to live.
fn chain() -> Scene {
    let scene = Scene::new(POLICY);
    scene.sandbox.push(["main:refs/heads/develop"]).must();
    scene.sandbox.push(["main:refs/heads/live"]).must();
    scene.task_at("origin/develop", "t1", "src/b.rs", "b\n");
    scene.promoted(&["t1"], 0, &["promoted: origin/develop from"]);
    scene
}

impl Scene {
    fn tip(&self, branch: &str) -> String {
        self.on_server(&["rev-parse", branch])
    }
}

#[test]
fn a_step_needs_its_checks_for_that_tree_and_takes_them_along() {
    let scene = chain();
    let (main, develop, before) = (scene.tip("main"), scene.tip("develop"), scene.own());
    let text = scene.promoted(
        &["develop"],
        1,
        &["refgate: develop for origin/main: 1 thing is missing", "[x]  checks", "check-missing"],
    );
    assert!(text.contains("[ok] merge      a fast forward of origin/main") && !text.contains("] contract"), "{text}");
    let json = scene.json(&["develop", "--dry-run"], 1);
    assert_eq!((&json[0]["task"], &json[0]["source"]), (&serde_json::Value::Null, &"refs/heads/develop".into()));
    assert_eq!((&json[0]["target"], &json[0]["tip"]), (&"refs/heads/main".into(), &develop.as_str().into()));
    scene.attest("origin/develop");
    let dry = scene.promoted(
        &["develop", "--into", "main", "--dry-run"],
        0,
        &["[ok] checks     tests has a result", "dry run"],
    );
    assert!(dry.contains(&format!("git push --atomic origin {develop}:refs/heads/main ")), "{dry}");
    assert_eq!((scene.tip("main"), scene.own()), (main.clone(), before.clone()));
    // What the branch of that name here holds is nobody's business.
    scene.sandbox.git(["branch", "-q", "develop", "main"]).must();
    let words = [&*format!("promoted: origin/main from {} to {}", &main[..12], &develop[..12]), "receipt "];
    scene.promoted(&["develop"], 0, &words);
    scene.sandbox.git(["branch", "-q", "-D", "develop"]).must();
    assert_eq!((scene.tip("main"), scene.own()), (develop, before));
    assert_eq!(scene.on_server(&["for-each-ref", "refs/refgate/checks"]).lines().count(), 1);
    scene.promoted(&["refs/heads/develop"], 0, &["promoted already"]);
    scene.promoted(&["main"], 0, &["refgate: main for origin/live: nothing is missing", "promoted: origin/live"]);
    assert_eq!(scene.tip("live"), scene.tip("main"));
}

#[test]
fn where_the_later_branch_has_commits_of_its_own_the_merge_is_made_and_checked() {
    let scene = chain();
    scene.attest("origin/main");
    scene.attest("origin/develop");
    scene.promoted(&["develop"], 0, &["promoted"]);
    let bob = scene.path("bob").display().to_string();
    let (code, said) = scene.run_in(&scene.client(), &["rollback", "--reason", "why", "--key", &bob]);
    assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);
    scene.task_at("origin/develop", "t2", "src/c.rs", "c\n");
    scene.promoted(&["t2"], 0, &["promoted: origin/develop"]);
    let words = ["a clean merge into origin/main", "refgate promote develop --into main --dry-run makes the merge"];
    scene.promoted(&["develop"], 1, &words);
    let dry = scene.json(&["develop", "--dry-run"], 1);
    scene.attest(dry[0]["new"].as_str().unwrap());
    let (main, develop) = (scene.tip("main"), scene.tip("develop"));
    scene.promoted(&["develop", "--ff"], 1, &["[x]  merge"]);
    scene.promoted(&["develop"], 0, &["promoted"]);
    assert_eq!(scene.parents("main"), [main, develop]);
    assert_eq!(scene.on_server(&["show", "-s", "--format=%s", "main"]), "Merge develop into main");
    assert_eq!(scene.on_server(&["show", "main:src/c.rs"]), "c");
}

#[test]
fn what_conflicts_is_told_with_what_to_do() {
    let scene = chain();
    scene.attest("origin/main");
    scene.attest("origin/develop");
    scene.promoted(&["develop"], 0, &["promoted"]);
    let bob = scene.path("bob").display().to_string();
    let (code, said) = scene.run_in(&scene.client(), &["rollback", "--reason", "why", "--key", &bob]);
    assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);
    scene.task_at("origin/develop", "t2", "src/b.rs", "other\n");
    scene.promoted(&["t2"], 0, &["promoted: origin/develop"]);
    let words = ["origin/main and origin/develop conflict here", "a task takes origin/main up", "src/b.rs"];
    scene.promoted(&["develop"], 1, &words);
}

#[test]
fn whatever_is_ready_goes_on_where_checks_decide_and_nowhere_else() {
    let scene = chain();
    let first = scene.tip("live");
    let text = scene.promoted(
        &["--ready"],
        0,
        &["develop into main: lacks 1 thing\n  checks     the check tests has no result"],
    );
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.ends_with("\n  what mends it: refgate promote develop --into main --dry-run\n"), "{text}");
    scene.attest("origin/develop");
    assert!(scene.json(&["--ready", "--into", "live"], 0).is_empty());
    let done = scene.json(&["--ready", "--into", "main"], 0);
    assert_eq!(
        (done.len(), &done[0]["outcome"], &done[0]["source"]),
        (1, &"promoted".into(), &"refs/heads/develop".into())
    );
    assert_eq!(scene.tip("main"), scene.tip("develop"));
    assert_eq!(scene.promoted(&["--ready"], 0, &[]), "");
    assert_eq!(scene.tip("live"), first, "no check decides that");
}

#[test]
fn a_name_that_could_mean_two_things_means_neither() {
    let scene = chain();
    scene.task_at("origin/develop", "develop", "src/c.rs", "c\n");
    scene.promoted(&["develop"], 2, &["there is a task of that name", "refs/heads/develop means the branch"]);
    scene.promoted(&["autoTest/develop", "--dry-run"], 0, &["refgate: task develop for origin/develop"]);
    scene.promoted(&["refs/heads/develop", "--dry-run"], 1, &["refgate: develop for origin/main"]);
    scene.promoted(&["refs/heads/develop", "--into", "live"], 2, &["live takes nothing from develop", "[[promotion]]"]);
    scene.promoted(&["main", "--into", "main"], 2, &["main takes nothing from main"]);
    scene.promoted(&["live"], 1, &["there is no branch autoTest/live"]);
    let (code, said) = scene.run_in(&scene.server, &["promote", "develop"]);
    assert_eq!(code, 2, "{}", said.stdout);
}

#[test]
fn a_rollback_along_a_chain_ends_where_the_branch_stood_and_not_where_its_source_did() {
    let scene = chain();
    let first = scene.tip("main");
    scene.attest("origin/develop");
    scene.promoted(&["develop"], 0, &["promoted: origin/main"]);
    let stood = scene.tip("main");
    scene.task_at("origin/develop", "t2", "src/c.rs", "c\n");
    scene.promoted(&["t2"], 0, &[]);
    let passed = scene.tip("develop");
    scene.task_at("origin/develop", "t3", "src/d.rs", "d\n");
    scene.promoted(&["t3"], 0, &[]);
    scene.attest("origin/develop");
    scene.promoted(&["develop"], 0, &["promoted: origin/main"]);
    let key = scene.path("bob").display().to_string();
    let back = |args: &[&str]| {
        let args = [&["rollback", "--reason", "it broke", "--key", &key], args].concat();
        let (code, said) = scene.run_in(&scene.client(), &args);
        (code, said.stdout + &said.stderr)
    };
    for never in [&passed, &first] {
        let (code, said) = back(&["--to", never]);
        assert!(code == 1 && said.contains("check-missing") && said.contains("no result for the tree"), "{said}");
    }
    let (code, said) = back(&[]);
    assert!(code == 0 && said.contains(&format!("and back to {}", &stood[..12])), "{said}");
    assert_eq!(scene.on_server(&["ls-tree", "--name-only", "main", "src/"]), "src/a.rs\nsrc/b.rs");
}
