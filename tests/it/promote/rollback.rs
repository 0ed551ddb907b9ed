//! `refgate rollback`: what comes back, what stays, and who may.

use super::{REFGATE, Said, Scene};
use crate::corpus::process;

const POLICY: &str = "[roles]\nrollback = { principals = [\"bob@example.com\"] }\n";

/// Bob works in a clone of a server where he may roll back, and a task was promoted.
fn scene() -> Scene {
    let scene = Scene::new(POLICY);
    scene.signs("bob");
    scene.task("t1", "src/a.rs", "broken\n");
    scene.promoted(&["t1"], 0, &[]);
    scene
}

impl Scene {
    fn signs(&self, who: &str) {
        self.sandbox.git(["config", "user.signingKey", &self.path(who).display().to_string()]).must();
    }

    #[track_caller]
    fn rolled(&self, args: &[&str], code: i32, words: &[&str]) -> String {
        let args = [&["rollback", "--reason", "nobody can log in"], args].concat();
        let (found, said) = self.run_in(&self.client(), &args);
        let text = format!("{}{}", said.stdout, said.stderr);
        assert_eq!(found, code, "{args:?}: {text}");
        for word in words {
            assert!(text.contains(word), "{args:?} does not say {word:?}:\n{text}");
        }
        text
    }

    fn file(&self, path: &str) -> String {
        self.on_server(&["show", &format!("main:{path}")])
    }
}

#[test]
fn what_stood_there_comes_back_and_the_trace_stays() {
    let scene = scene();
    let (first, tip, before) = (scene.sandbox.rev("main"), scene.main(), scene.own());
    let words =
        ["brought back: src/a.rs", "left as it is: .ai-stack-trace/t1/", "refgate: rolled back: refs/heads/main from"];
    scene.rolled(&[], 0, &words);
    assert_eq!((scene.parents("main"), scene.own()), (vec![tip.clone()], before));
    assert_eq!(scene.file("src/a.rs"), "one\ntwo\nthree");
    assert!(scene.file(".ai-stack-trace/t1/final/status.json").contains("SUCCESS"));
    let message = scene.on_server(&["show", "-s", "--format=%B", "main"]);
    let said =
        format!("Roll main back to {}\n\nnobody can log in\n\nRefgate-Rollback: refs/heads/main {first}", &first[..12]);
    assert_eq!(message.trim_end(), said);
    // A rollback is taken back by a rollback.
    scene.rolled(&[], 0, &["brought back: src/a.rs"]);
    assert_eq!(scene.file("src/a.rs"), "broken");
    assert_eq!(
        scene.on_server(&["rev-parse", "main^{tree}"]),
        scene.on_server(&["rev-parse", &format!("{tip}^{{tree}}")])
    );
    scene.rolled(&["--to", &first], 0, &["src/a.rs"]);
    assert_eq!(scene.file("src/a.rs"), "one\ntwo\nthree");
}

#[test]
fn nobody_else_may_and_nothing_else_comes_back() {
    let scene = scene();
    let main = scene.main();
    let none = |args: &[&str], code: i32, words: &[&str]| {
        scene.rolled(args, code, words);
        assert_eq!(scene.main(), main);
    };
    none(&["--to", "origin/main"], 2, &["stands as it did"]);
    none(&["--branch", "topic"], 2, &["holds no protected branch refs/heads/topic"]);
    none(&["--to", "HEAD:README.md"], 2, &["--to names no commit"]);
    none(&["--to", "nothing"], 2, &["names no object"]);
    none(&["--remote", "elsewhere"], 2, &["is no remote"]);
    let line = format!("why\nRefgate-Rollback: refs/heads/main {main}");
    for reason in ["", " \n", "a\u{202e}b", &line] {
        let (code, said) = scene.run_in(&scene.client(), &["rollback", "--reason", reason]);
        assert!(code == 2 && said.stderr.contains("the reason is empty"), "{}", said.stderr);
    }
    // What was never on main.
    scene.sandbox.git(["checkout", "-q", "-b", "aside", "main"]).must();
    scene.sandbox.write(&[("src/a.rs", "aside\n")]);
    scene.sandbox.commit("aside");
    none(&["--to", "aside"], 1, &["rollback-invalid", "stood"]);
    let alice = scene.path("alice").display().to_string();
    none(&["--key", &alice], 1, &["rollback-invalid", "not signed by a person of the role"]);
    none(&["--key", "/no/such/key"], 2, &["/no/such/key"]);
    scene.sandbox.git(["config", "--unset", "user.signingKey"]).must();
    none(&[], 2, &["a person of the role rollback signs it"]);
    let bob = scene.path("bob").display().to_string();
    scene.rolled(&["--key", &bob], 0, &["rolled back"]);
}

#[test]
fn a_dry_run_leaves_a_signed_commit_and_the_command_and_a_faster_process_is_told() {
    let scene = scene();
    let (main, before) = (scene.main(), scene.own());
    let text = scene.rolled(&["--dry-run"], 0, &["dry run, nothing was pushed"]);
    assert_eq!((scene.main(), scene.own()), (main.clone(), before));
    let push = text.lines().find_map(|line| line.trim().strip_prefix("do    ")).unwrap();
    let other = scene.path("other");
    let url = format!("file://{}", scene.server.display());
    scene.sandbox.git_in(scene.sandbox.path(), ["clone", "-q", &url, "other"]).must();
    scene.task("t2", "src/c.rs", "c\n");
    scene.meanwhile(&format!("cd '{}' && '{REFGATE}' promote t2 >/dev/null", other.display()));
    scene.rolled(&[], 1, &["another process was faster"]);
    assert_ne!(scene.main(), main);
    // What the dry run signed was for the branch as it stood.
    assert!(!scene.shell(push).ok);
    scene.rolled(&["--to", "main"], 0, &["src/c.rs", "rolled back"]);
    assert_eq!(scene.file("src/a.rs"), "one\ntwo\nthree");
}

#[test]
fn without_the_role_the_server_refuses_and_a_bare_clone_will_do() {
    let scene = scene();
    scene
        .sandbox
        .git_in(
            scene.sandbox.path(),
            ["clone", "-q", "--bare", &format!("file://{}", scene.server.display()), "bare.git"],
        )
        .must();
    let bare = scene.path("bare.git");
    let key = scene.path("bob").display().to_string();
    let args = ["rollback", "--reason", "why", "--key", &key];
    // An administrator's policy that names nobody; the clone sees the one that stands on main.
    let policy = scene.path("policy");
    fs_err::write(&policy, "version = 1\n").unwrap();
    let mut install = process::command(REFGATE);
    install.args(["install", "server", "--repo"]).arg(&scene.server).arg("--policy").arg(&policy);
    Said::new(install.output().unwrap()).must();
    let main = scene.main();
    let (code, said) = scene.run_in(&bare, &args);
    assert!(code == 1 && said.stdout.contains("      rollback-invalid\n"), "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("did not take it, nothing moved"), "{}", said.stdout);
    assert_eq!(scene.main(), main);
    fs_err::remove_file(scene.server.join("refgate/policy.toml")).unwrap();
    let (code, said) = scene.run_in(&bare, &args);
    assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(scene.parents("main"), [main]);
}

/// The receipt that a push was answered with.
fn receipt(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ");
    let (_, rest) = words.rsplit_once("receipt ").unwrap_or_else(|| panic!("no receipt: {text}"));
    rest.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_receipt_of_a_promotion_says_where_to() {
    let scene = Scene::new(POLICY);
    scene.signs("bob");
    scene.task("t1", "src/a.rs", "good\n");
    let json = scene.json(&["t1"], 0);
    let good = format!("{}:{}", json[0]["receipt"]["sequence"], json[0]["receipt"]["hash"].as_str().unwrap());
    let stood = scene.main();
    scene.task("t2", "src/a.rs", "broken\n");
    let broken = receipt(&scene.promoted(&["t2"], 0, &["promoted"]));
    scene.task("t3", "src/c.rs", "c\n");
    scene.promoted(&["t3"], 0, &["promoted"]);
    let refused = scene.sandbox.push(["--force", "autoTest/t3~1:main"]);
    assert!(!refused.ok);
    scene.sandbox.push(["main:refs/heads/topic"]).must();
    let aside = scene.sandbox.push(["autoTest/t3:refs/heads/topic"]);
    let main = scene.main();
    let none = |to: &str, words: &[&str]| {
        scene.rolled(&["--to", to], 2, words);
        assert_eq!(scene.main(), main);
    };
    none(&receipt(&refused.stderr), &["is of a push that was not let in"]);
    none(&receipt(&aside.stderr), &["is of a push that did not move refs/heads/main", "--branch names another"]);
    let (number, hash) = good.split_once(':').unwrap();
    none(&format!("{number}:{}", "ab".repeat(32)), &["is not the one that the receipt names", "refgate ledger verify"]);
    none(&format!("{}:{hash}", number.parse::<u64>().unwrap() + 1), &["is not the one that the receipt names"]);
    none(&format!("99999:{hash}"), &["the mirror of the ledger ends with record ", "before 99999"]);
    none(&format!("0{number}:{hash}"), &["names no object"]);
    let applied = format!("{}:", number.parse::<u64>().unwrap() + 1);
    let text = fs_err::read_to_string(scene.server.join("refgate/ledger/00000001.jsonl")).unwrap();
    let line =
        text.lines().find(|line| line.contains(&format!("\"sequence\":{},", applied.trim_end_matches(':')))).unwrap();
    none(&format!("{applied}{}", refgate::ledger::Hash::of(line.as_bytes())), &["is no decision on a push"]);
    scene.rolled(&["--to", &good, "--dry-run"], 0, &["back to", "dry run, nothing was pushed"]);

    let text = scene.rolled(&["--to", &good], 0, &["brought back: src/a.rs", "rolled back", "receipt "]);
    assert!(text.contains(&format!("back to {}", &stood[..12])), "{text}");
    assert_eq!(scene.file("src/a.rs"), "good");
    // A rollback has a receipt, too, and so has what it took back.
    scene.rolled(&["--to", &broken], 0, &["rolled back"]);
    assert_eq!(scene.file("src/a.rs"), "broken");
    scene.rolled(&["--to", &receipt(&text)], 0, &["rolled back"]);
    assert_eq!(scene.file("src/a.rs"), "good");
}

#[test]
fn a_push_that_was_let_in_and_moved_nothing_is_no_place_to_go_back_to() {
    let scene = scene();
    let hook = scene.server.join("hooks/reference-transaction");
    fs_err::write(&hook, "#!/bin/sh\ntest \"$1\" != prepared || ! grep -q refs/heads/main\n").unwrap();
    fs_err::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let tip = scene.task("t2", "src/c.rs", "c\n");
    let said = scene.sandbox.push(["autoTest/t2:main"]);
    assert!(!said.ok, "{}", said.stderr);
    let lost = receipt(&said.stderr);
    fs_err::remove_file(&hook).unwrap();
    scene.sandbox.push(["main:refs/heads/topic"]).must();
    scene.rolled(&["--to", &lost], 2, &["does not say yet what became of the push"]);
    // The same push once more is another decision; the first one was in vain.
    scene.sandbox.push([format!("{tip}:main").as_str()]).must();
    scene.rolled(&["--to", &lost], 2, &["was let in and never reached refs/heads/main"]);
}

#[test]
fn without_the_mirror_a_receipt_says_nothing() {
    let scene = scene();
    let hash = "ab".repeat(32);
    fs_err::remove_file(scene.server.join("hooks/post-receive")).unwrap();
    process::must(&mut process::git(&scene.server, &["update-ref", "-d", "refs/refgate/ledger"]), b"").unwrap();
    let _ = scene.sandbox.git(["update-ref", "-d", "refs/refgate/ledger"]);
    scene.rolled(
        &["--to", &format!("2:{hash}")],
        2,
        &["the server's ledger is not mirrored here", "--to takes a commit too"],
    );
    // What somebody put in its place is none either.
    scene.sandbox.git(["update-ref", "refs/refgate/ledger", "main"]).must();
    scene.rolled(&["--to", &format!("2:{hash}")], 2, &["refs/refgate/ledger is no mirror of a ledger"]);
}
