//! The odd places that a repository, an index and a hook can be in.

use refgate::oid::Oid;
use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

/// A guarded server with main and a complete, unpromoted task, and a client that has fetched both.
fn scene() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let server = sandbox.server().display().to_string();
    sandbox.clone(&format!("file://{server}"));
    sandbox.write(&[("src/a.rs", "one\n"), ("README.md", "# One\n")]);
    let base = sandbox.commit("base");
    sandbox.push(["main"]).must();
    sandbox.git(["checkout", "-q", "-b", "autoTest/t1"]).must();
    sandbox.write(&[("src/t1.rs", "two\n")]);
    sandbox.write_trace("t1", &base, &["src/t1.rs"]);
    sandbox.commit("task");
    sandbox.push(["autoTest/t1"]).must();
    sandbox.git(["fetch", "-q"]).must();
    (sandbox, server)
}

/// `refgate check --format json` in a folder beside the client.
fn check(sandbox: &Sandbox, folder: &str, args: &[&str]) -> Value {
    let mut command = process::command(REFGATE);
    command.current_dir(sandbox.path().join(folder)).args(["check", "--format", "json"]).args(args);
    serde_json::from_slice(&process::run(&mut command, b"").unwrap().stdout).unwrap()
}

fn git(sandbox: &Sandbox, args: &[&str]) -> Said {
    let mut command = process::command("git");
    Said::new(command.current_dir(sandbox.path()).args(args).output().unwrap())
}

#[test]
fn a_shallow_clone_is_undecided_and_says_how_to_deepen_it() {
    let (sandbox, server) = scene();
    let url = format!("file://{server}");
    git(&sandbox, &["clone", "-q", "--depth", "1", "--no-single-branch", &url, "shallow"]).must();
    let verdict = check(&sandbox, "shallow", &["--ref", "main", "--head", "origin/autoTest/t1"]);
    assert_eq!(verdict["decision"], "undecided", "{verdict}");
    assert!(verdict["updates"][0]["problem"]["help"].as_str().unwrap().contains("--unshallow"), "{verdict}");
}

#[test]
fn a_partial_clone_is_undecided_and_says_so() {
    let (sandbox, server) = scene();
    git(&sandbox, &["--git-dir", &server, "config", "uploadpack.allowFilter", "true"]).must();
    let url = format!("file://{server}");
    git(&sandbox, &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "partial"]).must();
    let verdict = check(&sandbox, "partial", &["--ref", "main", "--head", "origin/autoTest/t1"]);
    assert_eq!(verdict["decision"], "undecided", "{verdict}");
    assert!(verdict["updates"][0]["problem"]["help"].as_str().unwrap().contains("partial clone"), "{verdict}");
}

#[test]
fn an_extension_that_nobody_knows_is_undecided() {
    let (sandbox, _) = scene();
    let args = ["--ref", "main", "--head", "autoTest/t1"];
    let config = sandbox.path().join("client/.git/config");
    let text = fs_err::read_to_string(&config).unwrap();
    let with = |version: u8, extension: &str| {
        let more = format!("[core]\n\trepositoryFormatVersion = {version}\n[extensions]\n\t{extension} = true\n");
        fs_err::write(&config, format!("{text}{more}")).unwrap();
        check(&sandbox, "client", &args)
    };
    let unknown = with(1, "frobNicate");
    assert_eq!(unknown["decision"], "undecided", "{unknown}");
    assert!(unknown["problem"]["message"].as_str().unwrap().to_lowercase().contains("frobnicate"), "{unknown}");
    // Git heeds extensions from version 1 on, and these change nothing that is read here.
    assert_eq!(with(0, "frobNicate")["decision"], "accept");
    assert_eq!(with(1, "relativeWorktrees")["decision"], "accept");
}

#[test]
fn a_linked_worktree_and_a_symlink_lead_to_the_same_verdict() {
    let (sandbox, _) = scene();
    let args = ["--ref", "main", "--head", "autoTest/t1"];
    let plain = check(&sandbox, "client", &args);
    assert_eq!(plain["decision"], "accept", "{plain}");
    sandbox.git(["worktree", "add", "-q", "--detach", "../linked", "main"]).must();
    std::os::unix::fs::symlink("client", sandbox.path().join("symlink")).unwrap();
    for folder in ["linked", "symlink", "client/src"] {
        assert_eq!(check(&sandbox, folder, &args), plain, "{folder}");
    }
}

#[test]
fn a_linked_worktree_has_an_index_of_its_own() {
    let (sandbox, _) = scene();
    sandbox.git(["worktree", "add", "-q", "-b", "topic", "../linked", "main"]).must();
    fs_err::write(sandbox.path().join("linked/refgate.toml"), "version = 1\n").unwrap();
    git(&sandbox, &["-C", "linked", "add", "refgate.toml"]).must();
    let verdict = check(&sandbox, "linked", &["--staged"]);
    assert_eq!(verdict["updates"][0]["ref"], "refs/heads/topic");
    assert_eq!(verdict["updates"][0]["findings"][0]["rule"], "policy-changed", "{verdict}");
    assert_eq!(check(&sandbox, "client", &["--staged"])["decision"], "accept");
}

#[test]
fn the_first_commit_of_a_repository_and_one_on_no_branch_can_be_judged() {
    let sandbox = Sandbox::new();
    sandbox.clone("file:///nowhere");
    sandbox.write(&[("src/a.rs", "one\n")]);
    sandbox.git(["add", "-A"]).must();
    let first = sandbox.refgate(["hook", "pre-commit"]);
    assert!(first.ok, "{}", first.stderr);
    sandbox.git(["symbolic-ref", "HEAD", "refs/heads/trunk"]).must();
    sandbox.git(["remote", "remove", "origin"]).must();
    let alone = sandbox.refgate(["hook", "pre-commit"]);
    assert!(alone.ok, "{}", alone.stderr);
    sandbox.commit("first");
    sandbox.git(["checkout", "-q", "--detach"]).must();
    sandbox.write(&[("aux.rs", "x\n")]);
    sandbox.git(["add", "-A"]).must();
    let detached = sandbox.refgate(["hook", "pre-commit"]);
    assert!(!detached.ok && detached.stderr.contains("path-name"), "{}", detached.stderr);
}

#[test]
fn an_index_with_conflicts_is_undecided_and_one_that_concludes_a_merge_is_judged_as_that_merge() {
    let (sandbox, _) = scene();
    sandbox.git(["checkout", "-q", "-b", "other", "main"]).must();
    sandbox.write(&[("src/t1.rs", "three\n")]);
    sandbox.commit("other");
    assert!(!sandbox.git(["merge", "-q", "autoTest/t1"]).ok);
    let conflict = sandbox.refgate(["hook", "pre-commit"]);
    assert!(!conflict.ok && conflict.stderr.contains("is not merged yet"), "{}", conflict.stderr);
    sandbox.write(&[("src/t1.rs", "four\n")]);
    sandbox.git(["add", "-A"]).must();
    let verdict = check(&sandbox, "client", &["--staged"]);
    assert_eq!((&verdict["decision"], &verdict["updates"][0]["commits"]), (&"accept".into(), &3.into()), "{verdict}");
}

#[test]
fn sparse_and_split_indexes_give_the_tree_that_git_would_write() {
    for setup in [
        &["sparse-checkout", "set", "--cone", "--sparse-index", "src"][..],
        &["update-index", "--split-index"],
        &["update-index", "--untracked-cache"],
    ] {
        let (sandbox, _) = scene();
        sandbox.git(["checkout", "-q", "main"]).must();
        sandbox.write(&[("docs/a.md", "a\n"), ("src/deep/b.rs", "b\n")]);
        sandbox.commit("more");
        sandbox.git(setup.iter().copied()).must();
        sandbox.write(&[("src/c.rs", "c\n")]);
        sandbox.git(["add", "src/c.rs"]).must();
        let repo = refgate::git::Repo::discover(&sandbox.path().join("client"), &Default::default()).unwrap();
        let staged = repo.staged_commit(&Default::default()).unwrap();
        let tree = repo.commit(staged).unwrap().tree.to_string();
        assert_eq!(tree, sandbox.git(["write-tree"]).must(), "{setup:?}");
    }
}

#[test]
fn a_reader_of_many_blobs_reads_what_asking_for_each_reads() {
    let (sandbox, _) = scene();
    let lines =
        |version: usize| (0..2_000).map(|line| format!("{} of {line}\n", line % (version + 2))).collect::<String>();
    for version in 0..6 {
        sandbox.write(&[("src/grows.rs", &lines(version).repeat(version)), ("src/loose.rs", &lines(version))]);
        sandbox.commit("more");
        if version == 4 {
            sandbox.git(["repack", "-q", "-a", "-d", "-f", "--depth=50"]).must();
        }
    }
    let all = sandbox.git(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]).must();
    let repo = refgate::git::Repo::discover(&sandbox.path().join("client"), &Default::default()).unwrap();
    let oids: Vec<Oid> =
        all.lines().chain(["12".repeat(20).as_str()]).filter_map(|hex| Oid::from_hex(hex.as_bytes())).collect();
    let mut kinds = [0; 3];
    for limit in [0, 10, 5_000, 30_000, 1 << 20] {
        let blobs = repo.blobs(limit).unwrap();
        for oid in &oids {
            let (mut own, mut due) = (vec![1], Vec::new());
            let [read, asked] = [blobs.read_into(*oid, &mut own), repo.blob_into(*oid, limit, &mut due)];
            assert_eq!(read.as_ref().ok(), asked.as_ref().ok(), "{oid} {limit}");
            assert!(read.as_ref().ok() != Some(&true) || own == due, "{oid} {limit}");
            kinds[read.map_or(2, usize::from)] += 1;
        }
    }
    // Too large, read, and no blob or not there.
    assert!(kinds.iter().all(|count| *count > 5), "{kinds:?}");
}

#[test]
fn a_hook_without_input_home_and_path_refuses_or_decides_and_never_breaks() {
    let (_sandbox, server) = scene();
    let bare = |stdin: std::process::Stdio| {
        let mut command = std::process::Command::new(REFGATE);
        command.env_clear().env("GIT_DIR", ".").current_dir(&server).args(["hook", "pre-receive"]).stdin(stdin);
        command.output().unwrap()
    };
    let nothing = bare(std::process::Stdio::null());
    assert_eq!(nothing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nothing.stderr).starts_with("refgate: REFUSED"), "{nothing:?}");
}

#[test]
fn a_damaged_policy_leaves_every_push_undecided_with_its_place() {
    let (sandbox, server) = scene();
    fs_err::write(format!("{server}/refgate/policy.toml"), "version = 1\n[rules]\nno-such-rule = \"off\"\n").unwrap();
    let said = sandbox.push(["main:refs/heads/new"]);
    assert!(!said.ok && said.stderr.contains("policy.toml:3:1"), "{}", said.stderr);
}

#[test]
fn a_decision_that_takes_too_long_is_given_up_undecided() {
    use std::fmt::Write as _;
    let (sandbox, server) = scene();
    fs_err::write(format!("{server}/refgate/policy.toml"), "version = 1\n[limits]\nseconds = 1\n").unwrap();
    let (zero, tip) = ("0".repeat(40), sandbox.rev("autoTest/t1"));
    let mut lines = String::new();
    for number in 0..20_000 {
        let _ = writeln!(lines, "{zero} {tip} refs/heads/n{number}");
    }
    let mut command = process::command(REFGATE);
    command.env("GIT_DIR", ".").current_dir(&server).args(["hook", "pre-receive", "--format", "json"]);
    let output = process::run(&mut command, lines.as_bytes()).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["decision"], "undecided");
    assert_eq!(verdict["problem"]["message"], "no decision was reached within 1 seconds");
}

#[test]
fn a_time_can_be_named_and_an_approval_from_the_future_does_not_hold() {
    let (sandbox, _) = scene();
    let args = |at: &'static str| ["--ref", "main", "--head", "origin/autoTest/t1", "--at", at];
    assert_eq!(check(&sandbox, "client", &args("2030-01-01T00:00:00Z"))["decision"], "accept");
    let early = check(&sandbox, "client", &args("2001-01-01T00:00:00Z"));
    assert_eq!(early["updates"][0]["findings"][0]["rule"], "approval-invalid", "{early}");
}

#[test]
fn what_there_is_no_question_about_is_a_usage_error_with_a_way_on() {
    let (sandbox, _) = scene();
    sandbox.git(["checkout", "-q", "main"]).must();
    let nothing = sandbox.refgate(["check", "--base", "main"]);
    assert!(!nothing.ok && nothing.stdout.contains("--base <REV>"), "{}{}", nothing.stdout, nothing.stderr);
    let base = sandbox.refgate(["check", "--base", "main~0", "--head", "autoTest/t1"]);
    assert!(base.ok, "{}{}", base.stdout, base.stderr);
    assert!(!sandbox.refgate(["check", "--head", "no-such-revision"]).ok);
    assert!(!sandbox.refgate(["explain", "no-such-rule"]).ok);
}

#[test]
fn a_branch_that_the_server_has_already_is_accepted_with_nothing_to_push() {
    let (sandbox, _) = scene();
    sandbox.git(["checkout", "-q", "main"]).must();
    let said = sandbox.refgate(["check"]).must();
    assert!(said.starts_with("refgate: accepted") && said.contains("there is nothing to push: origin"), "{said}");
    let verdict = check(&sandbox, "client", &[]);
    assert_eq!(verdict["decision"], "accept", "{verdict}");
    assert_eq!(verdict["updates"][0]["old"], verdict["updates"][0]["new"], "{verdict}");
}

#[test]
fn a_head_that_only_the_remote_has_can_be_named_by_its_branch() {
    let (sandbox, _) = scene();
    sandbox.git(["checkout", "-q", "main"]).must();
    sandbox.git(["branch", "-q", "-D", "autoTest/t1"]).must();
    let named = check(&sandbox, "client", &["--ref", "main", "--head", "autoTest/t1"]);
    assert_eq!(named["decision"], "accept", "{named}");
    assert_eq!(named, check(&sandbox, "client", &["--ref", "main", "--head", "origin/autoTest/t1"]));
}

#[test]
fn of_several_remotes_the_branch_s_own_counts_then_origin_then_none() {
    let (sandbox, server) = scene();
    let what = |args: &[&str]| {
        let args = [&["--ref", "main", "--head", "autoTest/t1"], args].concat();
        check(&sandbox, "client", &args)
    };
    sandbox.git(["remote", "add", "empty", "file:///nowhere"]).must();
    // The server holds the task's branch, so the promotion passes; the other remote holds nothing to promote into.
    let origin = what(&[]);
    assert_eq!(origin["decision"], "accept", "{origin}");
    assert_eq!(what(&["--remote", "origin"]), origin);
    let empty = what(&["--remote", "empty"]);
    assert_ne!(empty["input"], origin["input"], "{empty}");
    sandbox.git(["config", "branch.autoTest/t1.remote", "empty"]).must();
    assert_eq!(what(&[]), empty);
    sandbox.git(["config", "--unset", "branch.autoTest/t1.remote"]).must();
    sandbox.git(["remote", "rename", "origin", "upstream"]).must();
    let several = what(&[]);
    let message = several["problem"]["message"].as_str().unwrap();
    assert!(message.contains("empty, upstream"), "{several}");
    assert_eq!(what(&["--remote", "upstream"]), origin);
    assert_eq!(what(&["--remote", &format!("file://{server}")]), origin);
}

#[test]
fn a_clone_that_cannot_tell_the_trusted_ref_is_undecided_until_it_is_named() {
    let (sandbox, _) = scene();
    sandbox.push(["main:refs/heads/master"]).must();
    sandbox.git(["fetch", "-q"]).must();
    let args = ["--ref", "main", "--head", "autoTest/t1"];
    // Newer versions of git learn the remote's HEAD when they fetch.
    let _ = sandbox.git(["remote", "set-head", "origin", "--delete"]);
    let open = check(&sandbox, "client", &args);
    assert_eq!(open["decision"], "undecided", "{open}");
    let help = open["problem"]["help"].as_str().unwrap();
    assert!(help.contains("git remote set-head origin --auto") && help.contains("--trunk"), "{open}");
    for trunk in ["main", "refs/heads/main"] {
        assert_eq!(check(&sandbox, "client", &[&args[..], &["--trunk", trunk]].concat())["decision"], "accept");
    }
    assert_eq!(check(&sandbox, "client", &[&args[..], &["--trunk", "no-such"]].concat())["decision"], "undecided");
    sandbox.git(["remote", "set-head", "origin", "--auto"]).must();
    assert_eq!(check(&sandbox, "client", &args)["decision"], "accept");
}

#[test]
fn a_repository_beside_the_current_folder_can_be_checked() {
    let (sandbox, _) = scene();
    let args = ["--repo", "../server.git", "--ref", "main", "--head", "autoTest/t1"];
    assert_eq!(check(&sandbox, "client", &args)["decision"], "accept");
}

#[test]
fn an_answer_that_nobody_reads_keeps_no_process_alive() {
    use std::fmt::Write as _;
    use std::io::Write as _;
    let (sandbox, server) = scene();
    fs_err::write(format!("{server}/refgate/policy.toml"), "version = 1\n[limits]\nseconds = 2\n").unwrap();
    let (zero, tip) = ("0".repeat(40), sandbox.rev("main"));
    let mut lines = String::new();
    for number in 0..300 {
        // Enough to fill a pipe: each is refused with some hundred bytes.
        let _ = writeln!(lines, "{zero} {tip} refs/nowhere/n{number}");
    }
    let mut command = process::command(REFGATE);
    command.env("GIT_DIR", ".").current_dir(&server).args(["hook", "pre-receive", "--format", "json"]);
    let (stdin, unread) = (std::process::Stdio::piped(), std::process::Stdio::piped());
    let mut child = command.stdin(stdin).stdout(unread).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    // The pipe's other end stays open, in `child`, and is never read.
    for _ in 0..300 {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(1), "the exit code is the refusal's");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    child.kill().unwrap();
    panic!("still alive after 30 seconds");
}
