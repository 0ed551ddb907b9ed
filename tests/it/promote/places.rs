//! Where a promotion begins and goes: what a clone cannot know, what is not there, bare clones, odd names.

use super::*;

#[test]
fn what_the_clone_cannot_know_the_server_says() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    scene.task("t2", "src/c.rs", "c\n");
    let policy = scene.path("policy");
    fs_err::write(&policy, "version = 1\n[trace]\nartifacts = [\"audit/\"]\n").unwrap();
    let mut install = process::command(REFGATE);
    install.args(["install", "server", "--repo"]).arg(&scene.server).arg("--policy").arg(&policy);
    Said::new(install.output().unwrap()).must();
    let main = scene.main();
    let words =
        ["nothing is missing", "  origin answered\n    refgate: REFUSED", "      artifact-missing\n", "nothing moved"];
    scene.promoted(&["t1"], 1, &words);
    let told = scene.json(&["--ready"], 1);
    assert!(
        told.iter().all(|one| one["outcome"] == "refused" && !one["answer"].as_array().unwrap().is_empty()),
        "{told:?}"
    );
    assert_eq!((told.len(), scene.main()), (2, main.clone()));
    // Each of many has its own lines, with what helps.
    scene.meanwhile("echo 'not today' >&2; exit 1");
    let text = scene.promoted(&["--ready"], 2, &["t1: UNDECIDED: git push failed, and nothing moved: not today; "]);
    assert!(
        text.contains("\n  what the words above name stands in the way; then run it again\nt2: REFUSED: "),
        "{text}"
    );
    let refused = "t2: REFUSED: origin did not take it, nothing moved\n    refgate: REFUSED: refs/heads/main\n";
    assert!(text.contains(refused) && text.contains("\n      artifact-missing\n"), "{text}");
    // With the server's own policy the clone knows it, too.
    scene.promoted(&["t1", "--policy", &policy.display().to_string()], 1, &["[x]  artifacts"]);
    // A hook of the person's that refuses is told, and is no refusal of the server's.
    scene.meanwhile("echo 'not today' >&2; exit 1");
    scene.promoted(&["t1"], 2, &["git push failed, and nothing moved", "not today"]);
    assert_eq!(scene.main(), main);
}

#[test]
fn without_a_server_or_a_task_it_says_so() {
    let scene = Scene::new("");
    let tip = scene.task("t1", "src/b.rs", "b\n");
    scene.promoted(&["nothing"], 1, &["there is no branch autoTest/nothing", "refgate task start nothing"]);
    scene.promoted(&["a;b"], 2, &["is no name of a task"]);
    scene.sandbox.git(["push", "-q", "origin", "origin/main:refs/heads/autoTest/empty"]).must();
    for args in [&["empty"][..], &["empty", "--into", "main"]] {
        scene.promoted(args, 1, &["holds every commit of the branch already"]);
    }
    scene.promoted(&["t1", "--into", "topic"], 2, &["refs/heads/topic is no protected branch"]);
    scene.promoted(&["t1", "--into", "release/9"], 2, &["origin does not hold refs/heads/release/9"]);
    scene.promoted(&["t1", "--remote", "elsewhere"], 2, &["elsewhere is no remote"]);
    scene.promoted(&[], 2, &["name the task"]);
    scene.sandbox.git(["checkout", "-q", "--detach", "main"]).must();
    scene.promoted(&[], 2, &["name the task"]);
    let (code, said) = scene.run_in(&scene.server, &["promote", "t1"]);
    assert!(code == 2 && said.stderr.contains("no remote to push to"), "{}", said.stderr);
    // What is here alone is no promotion of it.
    scene.sandbox.git(["checkout", "-q", "autoTest/t1"]).must();
    scene.sandbox.write(&[("src/b.rs", "bb\n")]);
    scene.sandbox.commit("more");
    scene.promoted(&[], 1, &["[x]  push", "origin lacks a commit of autoTest/t1", "git push origin autoTest/t1"]);
    scene.sandbox.git(["branch", "-q", "-m", "autoTest/new"]).must();
    scene.promoted(&["new"], 1, &["origin does not hold autoTest/new yet"]);
    // Detached, with a name, it is a promotion as any.
    scene.sandbox.git(["checkout", "-q", "--detach", "main"]).must();
    scene.promoted(&["t1"], 0, &["promoted"]);
    assert_eq!(scene.main(), tip);
    scene.sandbox.git(["remote", "set-url", "origin", "file:///nowhere"]).must();
    scene.promoted(&["t1"], 2, &["git cannot fetch from origin"]);
    scene.sandbox.git(["remote", "remove", "origin"]).must();
    scene.promoted(&["t1"], 2, &["there is no remote to push to"]);
}

#[test]
fn a_bare_clone_will_do_and_so_will_a_branch_that_is_gone() {
    let scene = Scene::new("");
    let one = scene.task("t1", "src/b.rs", "b\n");
    let url = format!("file://{}", scene.server.display());
    let two = scene.task("t2", "src/c.rs", "c\n");
    scene.sandbox.git_in(scene.sandbox.path(), ["clone", "-q", "--bare", &url, "bare.git"]).must();
    let bare = scene.path("bare.git");
    let heads = || scene.sandbox.git_in(&bare, ["for-each-ref", "refs/heads"]).must();
    let before = heads();
    for (task, tip) in [("t1", &one), ("t2", &two)] {
        let (code, said) = scene.run_in(&bare, &["promote", task]);
        assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);
        assert!(scene.main() == *tip || scene.parents("main").contains(tip));
    }
    assert_eq!(heads(), before);
    // What the server no longer has is no task any more.
    scene.task("t3", "src/d.rs", "d\n");
    scene.on_server(&["update-ref", "-d", "refs/heads/autoTest/t3"]);
    assert!(scene.json(&["--ready"], 0).is_empty());
}

#[test]
fn names_that_a_shell_would_act_on_are_only_names() {
    let scene = Scene::new("");
    let branch = "release/$(touch${IFS}pwned)'s";
    scene.sandbox.git(["push", "-q", "origin", &format!("origin/main:refs/heads/{branch}")]).must();
    let remote = "it's;up";
    scene.sandbox.git(["remote", "rename", "origin", "plain"]).must();
    let url = format!("file://{}", scene.server.display());
    scene.shell(&format!("git config 'remote.it'\\''s;up.url' '{url}' && git remote remove plain")).must();
    // A branch from before the gate that is no task's.
    scene.on_server(&["update-ref", "refs/heads/autoTest/$(touch pwned)".replace(' ', "${IFS}").as_str(), "main"]);
    scene.sandbox.git(["fetch", "-q", remote, "+refs/heads/*:refs/remotes/origin/*"]).must();
    let base = scene.sandbox.rev("main");
    scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t1", "main"]).must();
    scene.sandbox.write(&[("src/b.rs", "b\n")]);
    scene.sandbox.write_trace("t1", &base, &["src/b.rs"]);
    let tip = scene.sandbox.commit("t1");
    scene.sandbox.git(["push", "-q", remote, "autoTest/t1"]).must();
    let text = scene.promoted(&["t1", "--into", branch, "--dry-run", "--merge"], 0, &["nothing is missing"]);
    let push = text.lines().find_map(|line| line.trim().strip_prefix("do    ")).unwrap();
    scene.shell(push).must();
    assert!(scene.parents(&format!("refs/heads/{branch}")).contains(&tip));
    assert!(scene.promote(&["--ready"]).1.must().is_empty(), "that is where it began, too");
    for folder in [scene.client(), scene.server.clone(), scene.sandbox.path().to_owned()] {
        assert!(!folder.join("pwned").exists());
    }
}

#[test]
fn a_server_that_lost_its_ledger_is_told_of_and_takes_promotions_and_rollbacks() {
    let scene = Scene::new("[roles]\nrollback = { principals = [\"bob@example.com\"] }\n");
    let saved = scene.path("saved");
    scene.task("t1", "src/b.rs", "b\n");
    scene.task("t2", "src/c.rs", "c\n");
    scene.promoted(&["t1", "--dry-run"], 0, &["dry run"]);
    // The folder and the mirror as a backup of an hour ago has them, and then they go on without what the clone knows.
    let folder = scene.server.join("refgate");
    let then = scene.on_server(&["rev-parse", "refs/refgate/ledger"]);
    process::must(process::command("cp").arg("-a").arg(&folder).arg(&saved), b"").unwrap();
    scene.promoted(&["t1"], 0, &["promoted"]);
    scene.sandbox.git(["fetch", "-q", "origin", "refs/refgate/*:refs/refgate/*"]).must();
    let known = scene.sandbox.rev("refs/refgate/ledger");
    fs_err::remove_dir_all(&folder).unwrap();
    fs_err::rename(&saved, &folder).unwrap();
    let mut moved = process::git(&scene.server, &["update-ref", "refs/refgate/ledger", &then]);
    process::must(&mut moved, b"").unwrap();
    scene.sandbox.push(["main:refs/heads/topic"]).must();
    let words = ["does not go on from the one that this clone knows", "[rejected]", "ledger verify --mirror"];
    scene.promoted(&["t2"], 0, &[&words[..], &["promoted: origin/main"]].concat());
    let key = scene.path("bob").display().to_string();
    let rollback = ["rollback", "--reason", "it was lost", "--key", &key];
    let (code, said) = scene.run_in(&scene.client(), &rollback);
    assert!(code == 0 && words.iter().all(|word| said.stderr.contains(word)), "{}{}", said.stdout, said.stderr);
    assert_eq!(scene.sandbox.rev("refs/refgate/ledger"), known, "the witness stays");
    // What decides is another matter: a statement that is not the server's stops it.
    scene.on_server(&["update-ref", "refs/refgate/checks/a", "main~1"]);
    scene.sandbox.git(["update-ref", "refs/refgate/checks/a", "origin/main"]).must();
    scene.promoted(&["t2"], 2, &["git cannot fetch from origin", "refs/refgate/checks/a"]);
}

#[test]
fn of_an_empty_server_nothing_is_ready() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    let scene = Scene { sandbox, server };
    for format in [&["--ready"][..], &["--ready", "--format", "json"]] {
        let (code, said) = scene.promote(format);
        assert_eq!((code, &*said.stdout, &*said.stderr), (0, "", ""), "{format:?}");
    }
    scene.promoted(&["t1"], 2, &["nothing is known of origin", "where it holds nothing yet, push the first branch"]);
}

#[test]
fn work_that_was_added_after_the_promotion_is_told_with_the_way_on() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    scene.promoted(&["t1"], 0, &["promoted"]);
    let text = scene.promoted(&["t1"], 0, &["promoted already"]);
    assert!(!text.contains("ahead"), "{text}");
    scene.sandbox.git(["checkout", "-q", "autoTest/t1"]).must();
    for number in ["one", "two"] {
        scene.sandbox.write(&[("src/c.rs", number)]);
        scene.sandbox.commit(number);
    }
    let way = "a task of its own does: refgate task start <task> && git cherry-pick origin/main..autoTest/t1";
    let ahead = "autoTest/t1 here is 2 commits ahead of what was promoted";
    scene.promoted(&["t1"], 0, &["promoted already", ahead, way]);
    let told = scene.json(&["t1"], 0);
    assert_eq!((&told[0]["outcome"], &told[0]["missing"]), (&"already".into(), &0.into()));
    assert_eq!(told[0]["items"][0]["what"], ahead);
    assert!(scene.json(&["--ready"], 0).is_empty(), "what the branches here hold is nobody's business there");
    let (code, said) = scene.run_in(&scene.client(), &["task", "status", "t1"]);
    assert!(code == 1 && said.stdout.contains(way) && !said.stdout.contains("git push"), "{}", said.stdout);
    // The way on is one.
    let program = Path::new(REFGATE).display();
    let next = way.split_once("refgate ").unwrap().1.replace("<task>", "t2");
    scene.shell(&format!("'{program}' {next}")).must();
    assert_eq!(scene.sandbox.git(["log", "--format=%s", "origin/main..HEAD"]).must(), "two\none");
    // The server need not have the branch any more.
    scene.on_server(&["update-ref", "-d", "refs/heads/autoTest/t1"]);
    let text = scene.promoted(&["t1"], 1, &[way]);
    assert!(!text.contains("git push"), "{text}");
}

#[test]
fn a_push_that_git_cannot_sign_is_told_with_what_to_look_at() {
    let scene = Scene::new("");
    let tip = scene.task("t1", "src/b.rs", "b\n");
    scene.make_key("bob");
    let main = scene.main();
    for (key, value) in [("push.gpgSign", "true"), ("gpg.format", "ssh"), ("user.signingKey", "/nowhere.pub")] {
        scene.sandbox.git(["config", key, value]).must();
    }
    let words = ["git push failed, and nothing moved", "Git signs here and could not: ", "(ssh-add -L)"];
    scene.promoted(&["t1"], 2, &words);
    assert_eq!(scene.main(), main);
    scene.sandbox.git(["config", "user.signingKey", &scene.path("bob").display().to_string()]).must();
    scene.promoted(&["t1"], 0, &["promoted: origin/main"]);
    assert_eq!(scene.main(), tip);
}

/// Two that fetch into one clone at once: what one finds locked by the other is there a moment later.
#[test]
fn a_fetch_that_another_process_held_up_is_made_once_more() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    let (hook, count) = (scene.client().join(".git/hooks/reference-transaction"), scene.path("count"));
    fs_err::create_dir_all(hook.parent().unwrap()).unwrap();
    let tries = || fs_err::read_to_string(&count).unwrap().lines().count();
    for (times, code, words) in [
        (2, 2, &["git cannot fetch from origin", "ref updates aborted by hook", "nothing was changed"][..]),
        (1, 0, &["promoted: origin/main"]),
    ] {
        fs_err::write(&count, "").unwrap();
        // The server's ledger is new to the clone each time.
        scene.sandbox.git(["update-ref", "-d", "refs/refgate/ledger"]).must();
        let script = format!(
            "#!/bin/sh\ntest \"$1\" = prepared && grep -q ' refs/refgate/' || exit 0\n\
             echo >>'{0}'\ntest \"$(wc -l <'{0}')\" -gt {times}\n",
            count.display()
        );
        fs_err::write(&hook, script).unwrap();
        fs_err::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        scene.promoted(&["t1"], code, words);
        assert_eq!(tries(), 2, "once more, and no oftener");
        fs_err::remove_file(&hook).unwrap();
    }
}
