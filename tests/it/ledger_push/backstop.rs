//! The hook `reference-transaction`: what moves refs past the gate is held up, and nothing else is.

use super::*;

impl Scene {
    /// With the backstop, `release/1` protected beside main, and a policy that lets direct pushes in.
    fn backed(reftable: bool) -> Self {
        let scene = Self::on(|sandbox| if reftable { reftable_server(sandbox) } else { sandbox.server() });
        let policy = "version = 1\n[branches]\nprotected = [\"main\", \"release/*\"]\n[rules]\ndirect-push = \"off\"\n";
        fs_err::write(scene.server.join("refgate/policy.toml"), policy).unwrap();
        scene.install(&["--reference-transaction"]);
        scene
    }

    fn install(&self, more: &[&str]) -> String {
        let mut install = process::command(REFGATE);
        install.args(["install", "server", "--repo"]).arg(&self.server).args(more);
        Said::new(install.output().unwrap()).must()
    }

    fn tries(&self, args: &[&str], stdin: &str) -> Said {
        Said::new(process::run(&mut process::git(&self.server, args), stdin.as_bytes()).unwrap())
    }

    #[track_caller]
    fn stays(&self, args: &[&str], stdin: &str, about: &str) {
        let before = self.refs();
        let said = self.tries(args, stdin);
        assert!(!said.ok && said.stderr.contains(about), "{args:?} {stdin}: {}", said.stderr);
        assert_eq!(self.refs(), before, "{args:?} {stdin}");
    }

    fn value(&self, name: &str) -> String {
        self.on_server(&["rev-parse", name])
    }
}

fn reftable_server(sandbox: &Sandbox) -> PathBuf {
    let server = sandbox.path().join("server.git");
    let mut init = process::command("git");
    init.args(["init", "-q", "--bare", "--ref-format=reftable", "-b", "main"]).arg(&server);
    Said::new(init.output().unwrap()).must();
    let mut install = process::command(REFGATE);
    Said::new(install.args(["install", "server", "--repo"]).arg(&server).output().unwrap()).must();
    server
}

/// The ways past the gate that Git itself offers.
fn is_held_up(scene: &Scene) {
    let old = scene.value("main");
    let other = scene.value("topic");
    let main = "refs/heads/main";
    let about = "refs/heads/main stays where it is";
    for args in [
        vec!["update-ref", main, &other],
        vec!["update-ref", main, &other, &old],
        vec!["update-ref", "HEAD", &other],
        vec!["update-ref", "-d", main],
        vec!["update-ref", "-d", main, &old],
        vec!["update-ref", "--no-deref", main, &other],
        vec!["branch", "-f", "main", &other],
        vec!["branch", "-D", "main"],
        vec!["symbolic-ref", main, "refs/heads/topic"],
        vec!["fetch", "-q", "--update-head-ok", ".", "+refs/heads/topic:refs/heads/main"],
    ] {
        scene.stays(&args, "", about);
    }
    let all = format!("start\ncreate refs/heads/new {other}\nupdate {main} {other}\nprepare\ncommit\n");
    scene.stays(&["update-ref", "--stdin"], &all, about);
    scene.stays(&["update-ref", "refs/heads/release/1", &other], "", "refs/heads/release/1 stays where it is");
    scene.stays(&["update-ref", "refs/heads/main/x", &other], "", "");
    // What is refgate's own.
    scene.stays(&["update-ref", "refs/refgate/approvals/t1/x", &other], "", "refs/refgate/approvals/t1/x stays");
    let mirror = scene.value(MIRROR);
    let before = format!("{mirror}~1");
    let child = scene.on_server(&["commit-tree", "-m", "x", "-p", &mirror, &format!("{mirror}^{{tree}}")]);
    for args in [
        vec!["update-ref", "-d", MIRROR],
        vec!["update-ref", MIRROR, &other],
        vec!["update-ref", MIRROR, &before],
        vec!["update-ref", MIRROR, &child],
    ] {
        scene.stays(&args, "", "refs/refgate/ledger");
    }
    assert_eq!(scene.value(MIRROR), mirror);
    // Nothing moves, so nothing is asked.
    scene.tries(&["update-ref", main, &old], "").must();
    scene.tries(&["update-ref", main, &old, &old], "").must();
}

#[test]
fn protected_refs_are_moved_by_pushes_alone_and_others_as_ever() {
    let scene = Scene::backed(false);
    assert!(scene.push("refs/heads/topic").ok);
    is_held_up(&scene);
    // Git gives a branch another name by deleting both, where refs are files.
    scene.stays(&["branch", "-m", "main", "elsewhere"], "", "refs/heads/main stays where it is");
    scene.tries(&["branch", "spare", "topic"], "").must();
    assert!(!scene.tries(&["branch", "-M", "spare", "main"], "").ok);
    scene.tries(&["update-ref", "-d", "refs/heads/spare"], "").must();
    // Packed, packed and loose, packed and stale: Git takes loose files away, which is no deletion.
    let refs = scene.refs();
    scene.tries(&["pack-refs", "--all"], "").must();
    assert!(!scene.server.join("refs/heads/main").exists(), "the loose file is gone");
    assert_eq!(scene.refs(), refs);
    is_held_up(&scene);
    let said = scene.push("refs/heads/main");
    assert!(said.ok, "{}", said.stderr);
    assert!(scene.server.join("refs/heads/main").exists());
    scene.tries(&["update-ref", "refs/heads/topic", "main~1"], "").must();
    is_held_up(&scene);
    scene.tries(&["gc", "-q", "--prune=now"], "").must();
    assert!(!scene.server.join("refs/heads/main").exists());
    is_held_up(&scene);
    assert_eq!(scene.mirrored(), (3, scene.text()));
    // What the gate does not guard.
    let place = scene.sandbox.path().join("tree").display().to_string();
    for args in [
        vec!["update-ref", "refs/heads/free", "main"],
        vec!["update-ref", "refs/heads/free", "main~1"],
        vec!["update-ref", "-d", "refs/heads/free"],
        vec!["tag", "v1", "main"],
        vec!["update-ref", "refs/keep-around/1", "main"],
        vec!["worktree", "add", "-q", "-b", "free", &place, "main"],
        vec!["branch", "-m", "free", "freed"],
        vec!["symbolic-ref", "HEAD", "refs/heads/topic"],
        vec!["reflog", "expire", "--all", "--expire=now"],
        vec!["worktree", "remove", &place],
        vec!["branch", "-D", "freed"],
    ] {
        scene.tries(&args, "").must();
        if args[0] == "worktree" && args[1] == "add" {
            // From another work tree, and under the names that refs have there.
            for name in ["refs/heads/main", "main-worktree/refs/heads/main", "worktrees/tree/refs/heads/main"] {
                let mut git = process::command("git");
                git.current_dir(&place).args(["update-ref", name, "topic"]);
                let said = Said::new(git.output().unwrap());
                assert!(
                    !said.ok && said.stderr.contains("refs/heads/main stays where it is"),
                    "{name}: {}",
                    said.stderr
                );
            }
        }
    }
    scene.stays(&["update-ref", "refs/heads/MAIN", "topic"], "", "refs/heads/MAIN stays where it is");
}

#[test]
fn a_repository_in_reftable_format_is_backed_alike() {
    let scene = Scene::backed(true);
    assert!(scene.push("refs/heads/topic").ok);
    is_held_up(&scene);
    scene.tries(&["pack-refs", "--all"], "").must();
    scene.tries(&["gc", "-q"], "").must();
    is_held_up(&scene);
    assert!(scene.push("refs/heads/main").ok);
    assert_eq!(scene.mirrored(), (3, scene.text()));
}

#[test]
fn what_the_gate_let_in_goes_through_once() {
    let scene = Scene::backed(false);
    let atomic = |args: &[&str]| {
        let all = [&["push", "--atomic", "origin"], args].concat();
        scene.sandbox.git(all)
    };
    // One by one, and all at once; a refused push moves nothing.
    let said = scene.sandbox.push(["HEAD:refs/heads/main", "HEAD:refs/heads/topic"]);
    assert!(said.ok, "{}", said.stderr);
    scene.sandbox.write(&[("src/b.rs", "two\n")]);
    let new = scene.sandbox.commit("two");
    let said = atomic(&["HEAD:refs/heads/main", "HEAD:refs/heads/topic", "HEAD:refs/heads/other"]);
    assert!(said.ok, "{}", said.stderr);
    for name in ["main", "topic", "other"] {
        assert_eq!(scene.value(name), new);
    }
    assert!(!atomic(&["+HEAD~1:refs/heads/main", "HEAD:refs/heads/third"]).ok);
    let said = scene.sandbox.push([":refs/heads/other"]);
    assert!(said.ok, "{}", said.stderr);
    // Neither again nor back.
    let before = format!("{new}~1");
    scene.stays(&["update-ref", "refs/heads/main", &before], "", "no push that was let in takes it from");
    scene.verifies(&[]);
    assert_eq!(scene.mirrored().1, scene.text());
}

#[test]
fn a_push_that_ends_between_its_answer_and_its_refs_can_be_finished_and_nothing_else() {
    for signal in ["TERM", "KILL"] {
        let scene = Scene::backed(false);
        let (old, new) = (scene.value("main"), scene.sandbox.rev("HEAD"));
        // receive-pack ends while the refs are locked.
        let back = scene.instead("reference-transaction", &format!("#!/bin/sh\nkill -{signal} $PPID\nexit 1\n"));
        assert!(!scene.push("refs/heads/main").ok);
        back();
        assert_eq!(scene.value("main"), old);
        for lock in ["refs/heads/main.lock", "HEAD.lock"] {
            // Git leaves it where it is killed, and says so to whoever comes next.
            let _ = fs_err::remove_file(scene.server.join(lock));
        }
        assert_eq!(scene.events()[3..], ["accepted"]);
        scene.verifies(&[]);
        let other = scene.on_server(&["commit-tree", "-m", "x", "-p", &old, &format!("{old}^{{tree}}")]);
        scene.stays(&["update-ref", "refs/heads/main", &other], "", "no push that was let in");
        scene.stays(&["update-ref", "-d", "refs/heads/main"], "", "no push that was let in");
        // It was judged, and is what the decision says.
        scene.tries(&["update-ref", "refs/heads/main", &new, &old], "").must();
        assert!(scene.push("refs/heads/topic").ok);
        let applied = scene.records().into_iter().rfind(|record| is(record, "applied", "refs/heads/main")).unwrap();
        assert_eq!((&applied["decision"], &applied["observed"]), (&4.into(), &true.into()));
        scene.stays(&["update-ref", "refs/heads/main", &old], "", "no push that was let in");
        scene.verifies(&[]);
    }
}

#[test]
fn where_the_gate_cannot_say_nothing_guarded_moves() {
    let scene = Scene::backed(false);
    assert!(scene.push("refs/heads/topic").ok);
    let text = scene.text();
    fs_err::write(scene.segment(), text.replacen("{\"", "{ \"", 9)).unwrap();
    scene.stays(&["update-ref", "refs/heads/main", "topic"], "", "the ledger is damaged");
    fs_err::write(scene.segment(), &text).unwrap();
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = \n").unwrap();
    scene.stays(&["update-ref", "refs/heads/main", "topic"], "", "policy.toml");
    // Whether it is protected nobody knows, but no policy could protect a tag.
    scene.stays(&["update-ref", "refs/heads/free", "topic"], "", "policy.toml");
    scene.tries(&["tag", "v1", "topic"], "").must();
    fs_err::rename(scene.server.join("refgate"), scene.server.join("gone")).unwrap();
    scene.stays(&["update-ref", "refs/heads/free", "topic"], "", "the gate of this repository is damaged");
    scene.tries(&["tag", "v2", "topic"], "").must();
}

#[test]
fn it_is_installed_where_it_is_asked_for_stays_and_is_taken_back() {
    let scene = Scene::new();
    let hook = scene.server.join("hooks/reference-transaction");
    assert!(!hook.exists(), "nobody asked for it");
    // One that stands there already runs afterwards, with the same lines, and comes back.
    let log = scene.sandbox.path().join("log");
    let own = format!("#!/bin/sh\nprintf '%s ' \"$1\" >>'{0}'; cat >>'{0}'\n", log.display());
    put_hook(&hook, own.as_bytes());
    scene.install(&["--reference-transaction"]);
    assert_ne!(fs_err::read(&hook).unwrap(), own.as_bytes());
    scene.stays(&["update-ref", "-d", "refs/heads/main"], "", "refs/heads/main stays where it is");
    scene.tries(&["tag", "v1", "main"], "").must();
    let (old, zero) = (scene.value("main"), "0".repeat(40));
    let said = fs_err::read_to_string(&log).unwrap();
    assert!(said.contains(&format!("prepared {zero} {old} refs/tags/v1\n")), "{said}");
    assert!(!said.contains(&format!("prepared {zero} {zero} refs/heads/main")), "{said}");
    let shim = fs_err::read(&hook).unwrap();
    fs_err::write(&hook, [&shim[..], b"\n"].concat()).unwrap();
    scene.install(&[]);
    assert_eq!(fs_err::read(&hook).unwrap(), shim, "it is renewed");
    let mut uninstall = process::command(REFGATE);
    Said::new(uninstall.args(["uninstall", "--repo"]).arg(&scene.server).output().unwrap()).must();
    assert_eq!(fs_err::read(&hook).unwrap(), own.as_bytes());
    scene.tries(&["update-ref", "refs/heads/main", &old], "").must();
}
