//! What is signed for a promotion and travels with it: results of checks and overrides.

use super::*;

#[test]
fn a_merge_needs_results_for_its_own_tree_and_they_travel_with_it() {
    let policy = "[roles]\ncheck = { principals = [\"ci@example.com\"] }\n[checks]\nrequired = [\"tests\"]\n";
    let scene = Scene::new(policy);
    let one = scene.task("t1", "src/b.rs", "b\n");
    let two = scene.task("t2", "src/c.rs", "c\n");
    scene.promoted(&["t1"], 1, &["[x]  checks", "the check tests has no result", &format!("{one} has it")]);
    scene.attest(&one);
    scene.attest(&two);
    scene.promoted(&["t1"], 0, &["[ok] checks     tests has a result", "promoted"]);
    assert_eq!(scene.on_server(&["for-each-ref", "refs/refgate/checks"]).lines().count(), 1, "this one alone");

    // The tree of the merge is another than that of the task.
    let tree = scene.sandbox.git(["merge-tree", "--write-tree", &one, &two]).must();
    let words = ["[x]  checks", &*format!("the tree is {tree}: refgate promote t2 --dry-run makes the merge")];
    scene.promoted(&["t2"], 1, &words);
    let dry = scene.json(&["t2", "--dry-run"], 1);
    assert_eq!((&dry[0]["outcome"], &dry[0]["tree"]), (&"missing".into(), &tree.as_str().into()));
    let merge = dry[0]["new"].as_str().unwrap().to_owned();
    assert_eq!(scene.sandbox.rev(&format!("{merge}^{{tree}}")), tree, "CI can check it out");
    scene.attest(&merge);
    let told = scene.json(&["t2"], 0);
    assert_eq!(
        (&told[0]["outcome"], told[0]["statements"].as_array().unwrap().len()),
        (&"promoted".into(), 1),
        "{told:?}"
    );
    assert_eq!(scene.on_server(&["rev-parse", "main^{tree}"]), tree);
    let held = scene.on_server(&["for-each-ref", "--format=%(refname)", &format!("refs/refgate/checks/{tree}")]);
    assert_eq!(held, told[0]["statements"][0].as_str().unwrap());
}

#[test]
fn a_result_that_does_not_count_is_not_pushed() {
    let policy = "[roles]\ncheck = { principals = [\"ci@example.com\"] }\n[checks]\nrequired = [\"tests\"]\n";
    let scene = Scene::new(policy);
    let tip = scene.task("t1", "src/b.rs", "b\n");
    scene.attest(&tip);
    // Somebody puts a second one beside it that is none.
    let tree = scene.sandbox.rev(&format!("{tip}^{{tree}}"));
    let forged = scene.sandbox.commit_tree(&tree, &[]);
    let name = format!("refs/refgate/checks/{tree}/tests/{}", "0f".repeat(16));
    scene.sandbox.git(["update-ref", &name, &forged]).must();
    let main = scene.main();
    scene.promoted(&["t1"], 1, &["statement-invalid"]);
    assert_eq!(scene.main(), main);
    scene.sandbox.git(["update-ref", "-d", &name]).must();
    scene.promoted(&["t1"], 0, &["promoted"]);
}

#[test]
fn an_override_travels_with_the_promotion_that_it_is_for() {
    let policy = "[roles]\npresence = \"any\"\noverride = { principals = [\"bob@example.com\", \"alice\"] }\n";
    let scene = Scene::new(policy);
    let other = scene.task("t0", "src/z.rs", "z\n");
    let mut install = process::command(REFGATE);
    install.args(["install", "server", "--actor", "env:FORGE_USER", "--repo"]).arg(&scene.server);
    Said::new(install.output().unwrap()).must();
    scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t1", "origin/main"]).must();
    scene.sandbox.write(&[("src/b.rs", "b\n")]);
    scene.sandbox.write_trace("t1", &scene.main(), &["src/b.rs"]);
    fs_err::remove_dir_all(scene.client().join(".ai-stack-trace/t1/gemini")).unwrap();
    let one = scene.sandbox.commit("t1 without its second audit");
    let push = "FORGE_USER=alice git push -q origin";
    scene.shell(&format!("{push} autoTest/t1")).must();
    scene.sandbox.git(["checkout", "-q", "main"]).must();
    scene.promoted(&["t1"], 1, &["[x]  artifacts", "artifact-missing"]);
    let sign = |head: &str| {
        let request = scene.path("request.json").display().to_string();
        let _ = (fs_err::remove_file(&request), fs_err::remove_file(format!("{request}.sig")));
        let ask = ["override", "request", "--ref", "main", "--head", head, "--pusher", "alice", "--output", &request];
        let key = scene.path("bob").display().to_string();
        let sign =
            ["override", "sign", &request, "--principal", "bob@example.com", "--key", &key, "--yes", "--reason", "now"];
        for args in [&ask[..], &sign[..]] {
            let (code, said) = scene.run_in(&scene.client(), args);
            assert_eq!(code, 0, "{args:?}: {}{}", said.stdout, said.stderr);
        }
    };
    sign(&one);
    let told = scene.json(&["t1", "--dry-run"], 0);
    assert_eq!(told[0]["statements"].as_array().unwrap().len(), 1, "{told:?}");
    assert!(told[0]["waived"][0].as_str().unwrap().starts_with("artifact-missing at "), "{told:?}");
    // Main moves: the fast forward that bob let in is none any more, and the merge is another commit.
    scene.shell(&format!("{push} {other}:main")).must();
    scene.promoted(&["t1"], 1, &["artifact-missing"]);
    let dry = scene.json(&["t1", "--dry-run"], 1);
    sign(dry[0]["new"].as_str().unwrap());
    scene.promoted(&["t1"], 0, &["[ok] artifacts  waived: artifact-missing at ", "promoted"]);
    assert_eq!(scene.main(), dry[0]["new"].as_str().unwrap(), "the very commit that was signed for");
    assert_eq!(scene.on_server(&["for-each-ref", "refs/refgate/overrides"]).lines().count(), 1);
}
