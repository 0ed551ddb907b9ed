//! What real pushes leave in a server's ledger and on its mirror, and what becomes of a push that the ledger cannot
//! hold, or that ends before its answer is given.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::corpus::{process, server};
use crate::faults::can_trace;
use crate::support::{REFGATE, Said, Sandbox};

const MIRROR: &str = "refs/refgate/ledger";

/// A guarded server that took one push, and a client with a commit that may become a branch and not main.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        // Pushes at the same time must not wait for each other in the client.
        sandbox.git(["config", "--unset", "remote.origin.fetch"]).must();
        sandbox.write(&[("README.md", "# One\n")]);
        sandbox.commit("base");
        sandbox.push(["main"]).must();
        sandbox.write(&[("src/a.rs", "one\n")]);
        sandbox.commit("new");
        Self { sandbox, server }
    }

    fn folder(&self) -> PathBuf {
        self.server.join("refgate/ledger")
    }

    fn segment(&self) -> PathBuf {
        self.folder().join("00000001.jsonl")
    }

    fn text(&self) -> String {
        fs_err::read_to_string(self.segment()).unwrap()
    }

    fn records(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn events(&self) -> Vec<String> {
        self.records().iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect()
    }

    /// The one record of this kind on this ref.
    #[track_caller]
    fn record(&self, event: &str, name: &str) -> Value {
        let records = self.records().into_iter();
        let mut found: Vec<Value> = records.filter(|record| is(record, event, name)).collect();
        assert_eq!(found.len(), 1, "{event} {name}: {}", self.text());
        found.pop().unwrap()
    }

    fn on_server(&self, args: &[&str]) -> String {
        Said::new(process::git(&self.server, args).output().unwrap()).must()
    }

    /// All refs but the mirror.
    fn refs(&self) -> String {
        let all = self.on_server(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        all.lines().filter(|line| !line.starts_with(MIRROR)).fold(String::new(), |refs, line| refs + line + "\n")
    }

    /// What the mirror holds, and in how many commits.
    fn mirrored(&self) -> (usize, String) {
        let commits = self.on_server(&["rev-list", "--reverse", MIRROR]);
        let records = commits.lines().map(|commit| {
            let mut show = process::git(&self.server, &["cat-file", "blob", &format!("{commit}:records.jsonl")]);
            String::from_utf8(process::must(&mut show, b"").unwrap()).unwrap()
        });
        (commits.lines().count(), records.collect())
    }

    fn ledger(&self, args: &[&str]) -> (Option<i32>, Said) {
        let (name, rest) = args.split_first().unwrap();
        let mut command = process::command(REFGATE);
        let output = command.args(["ledger", name, "--repo"]).arg(&self.server).args(rest).output().unwrap();
        (output.status.code(), Said::new(output))
    }

    #[track_caller]
    fn verifies(&self, receipts: &[String]) {
        let args: Vec<&str> = receipts.iter().flat_map(|receipt| ["--receipt", receipt]).collect();
        let (code, said) = self.ledger(&[&["verify"], args.as_slice()].concat());
        assert_eq!(code, Some(0), "{}{}\n{}", said.stdout, said.stderr, self.text());
    }

    #[track_caller]
    fn is_damaged(&self, about: &str) {
        let (code, said) = self.ledger(&["verify"]);
        assert!(code == Some(1) && said.stdout.contains(about), "expected `{about}`: {}{}", said.stdout, said.stderr);
    }

    fn push(&self, name: &str) -> Said {
        self.sandbox.push([format!("HEAD:{name}").as_str()])
    }

    /// A push that the gate would let in, and that is not, for this reason; nothing moves.
    #[track_caller]
    fn held_up(&self, about: &[&str]) {
        let before = self.refs();
        let said = self.push("refs/heads/held-up");
        let text = words(&said);
        assert!(!said.ok && text.contains("UNDECIDED"), "{}", said.stderr);
        about.iter().for_each(|about| assert!(text.contains(about), "expected `{about}`: {}", said.stderr));
        assert_eq!(self.refs(), before);
    }

    /// A push that the gate refuses, whatever else is wrong.
    #[track_caller]
    fn refused_unrecorded(&self) {
        let before = self.refs();
        let said = self.push("refs/heads/main");
        let text = words(&said);
        assert!(!said.ok && text.contains("REFUSED") && text.contains("direct-push"), "{}", said.stderr);
        assert!(text.contains("this answer is not in the ledger: "), "{}", said.stderr);
        assert!(!text.contains("refgate: receipt"), "{}", said.stderr);
        assert_eq!(self.refs(), before);
    }

    /// Puts a script in the hook's place; what it returns puts the hook back.
    fn instead(&self, hook: &str, script: &str) -> impl FnOnce() + use<> {
        let path = self.server.join("hooks").join(hook);
        let before = fs_err::read(&path).unwrap();
        put_hook(&path, script.as_bytes());
        move || put_hook(&path, &before)
    }
}

fn put_hook(path: &Path, text: &[u8]) {
    fs_err::write(path, text).unwrap();
    server::make_executable(path).unwrap();
}

fn is(record: &Value, event: &str, name: &str) -> bool {
    let updates = record["updates"].as_array().map(Vec::as_slice).unwrap_or_default();
    record["event"] == event && updates.iter().any(|update| update["ref"] == name)
}

fn words(said: &Said) -> String {
    said.stderr.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ")
}

fn receipt(said: &Said) -> String {
    let text = words(said);
    let (_, rest) = text.split_once("refgate: receipt ").unwrap_or_else(|| panic!("no receipt: {}", said.stderr));
    rest.split(' ').next().unwrap().to_owned()
}

#[test]
fn each_push_leaves_the_records_that_are_due_and_a_receipt() {
    let scene = Scene::new();
    assert_eq!(scene.events(), ["opened", "accepted", "applied"]);
    assert_eq!(scene.mirrored(), (1, scene.text()));
    let refused = scene.push("refs/heads/main");
    scene.on_server(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let undecided = scene.push("refs/heads/alias");
    let accepted = scene.push("refs/heads/topic");
    assert!(!refused.ok && !undecided.ok && accepted.ok, "{}", accepted.stderr);
    let due = ["opened", "accepted", "applied", "refused", "undecided", "accepted", "applied"];
    assert_eq!(scene.events(), due);
    let receipts = [&refused, &undecided, &accepted].map(receipt);
    for (receipt, (number, event)) in receipts.iter().zip([(4, "refused"), (5, "undecided"), (6, "accepted")]) {
        assert!(receipt.starts_with(&format!("{number}:")), "{receipt}");
        let shown = scene.ledger(&["show", receipt]).1.must();
        assert!(shown.starts_with(&format!("receipt  {receipt}\nevent    {event}\n")), "{shown}");
    }
    let applied = scene.record("applied", "refs/heads/topic");
    assert_eq!((&applied["decision"], &applied["observed"]), (&6.into(), &Value::Null));
    assert_eq!(applied["updates"][0]["new"], scene.sandbox.rev("HEAD").as_str());
    assert_eq!(scene.records()[6]["pending"], Value::Array(Vec::new()));
    // One commit for each push that was let in, and nothing twice.
    assert_eq!(scene.mirrored(), (2, scene.text()));
    scene.verifies(&receipts);
    let mut other = receipts[1].clone().into_bytes();
    let last = other.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let (code, _) = scene.ledger(&["verify", "--receipt", &String::from_utf8(other).unwrap()]);
    assert_eq!(code, Some(1), "a receipt that nobody was given");
    // A clone that fetched the mirror vouches for it.
    scene.sandbox.git(["fetch", "-q", "origin", &format!("{MIRROR}:{MIRROR}")]).must();
    let client = scene.sandbox.path().join("client").display().to_string();
    let (code, said) = scene.ledger(&["verify", "--mirror", &client]);
    assert_eq!(code, Some(0), "{}{}", said.stdout, said.stderr);
}

// ---- what cannot be written down ------------------------------------------------------------------------------------

#[test]
fn without_a_place_for_the_ledger_nothing_is_let_in() {
    let scene = Scene::new();
    let aside = scene.server.join("refgate/aside");
    fs_err::rename(scene.folder(), &aside).unwrap();
    fs_err::write(scene.folder(), "").unwrap();
    scene.held_up(&["the decision cannot be recorded"]);
    scene.refused_unrecorded();
    fs_err::remove_file(scene.folder()).unwrap();
    fs_err::rename(&aside, scene.folder()).unwrap();
    let before = scene.text();
    // A folder is nothing to append to, for root neither.
    let whole = scene.folder().join("whole");
    fs_err::rename(scene.segment(), &whole).unwrap();
    fs_err::create_dir(scene.segment()).unwrap();
    scene.held_up(&["00000001.jsonl"]);
    scene.refused_unrecorded();
    fs_err::remove_dir(scene.segment()).unwrap();
    fs_err::rename(&whole, scene.segment()).unwrap();
    assert_eq!(scene.text(), before);
    assert!(scene.push("refs/heads/topic").ok);
    scene.verifies(&[]);
}

#[test]
fn where_there_is_no_room_for_the_record_nothing_is_let_in_and_half_a_record_is_taken_back() {
    let scene = Scene::new();
    let before = scene.text();
    // No byte of the record fits, or some do.
    for blocks in [1, before.len() / 512 + 1] {
        let script =
            format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f {blocks}\nexec '{REFGATE}' hook pre-receive --guarded\n");
        let back = scene.instead("pre-receive", &script);
        scene.held_up(&["the decision cannot be recorded"]);
        assert_eq!(scene.text(), before, "{blocks}");
        scene.refused_unrecorded();
        assert_eq!(scene.text(), before, "{blocks}");
        back();
        // Killed by the system where it goes too far, rather than told.
        let back = scene.instead("pre-receive", &script.replace("trap '' XFSZ\n", ""));
        let refs = scene.refs();
        let said = scene.push("refs/heads/held-up");
        assert!(!said.ok && said.stderr.contains("pre-receive hook declined"), "{}", said.stderr);
        assert_eq!(scene.refs(), refs);
        back();
        assert!(scene.push("refs/heads/topic").ok);
        scene.verifies(&[]);
        // As it was, for the next round.
        scene.on_server(&["update-ref", "-d", "refs/heads/topic"]);
        scene.on_server(&["update-ref", MIRROR, &scene.on_server(&["rev-list", "--max-parents=0", MIRROR])]);
        fs_err::write(scene.segment(), &before).unwrap();
        for torn in fs_err::read_dir(scene.folder()).unwrap().map(|entry| entry.unwrap().path()) {
            if torn.file_name().is_some_and(|name| name.to_string_lossy().starts_with("torn-")) {
                fs_err::remove_file(torn).unwrap();
            }
        }
    }
}

#[test]
fn what_was_edited_is_added_to_by_nobody() {
    let scene = Scene::new();
    let whole = scene.text();
    let lines: Vec<&str> = whole.lines().collect();
    let spaced = lines[2].replacen("{\"", "{ \"", 1);
    let other = lines[1].replacen("\"bootstrap\":true,", "", 1);
    assert_ne!(other, lines[1]);
    for edited in [[lines[0], lines[1], &spaced], [lines[0], &other, lines[2]], [lines[0], lines[1], "{}"]] {
        let text = edited.join("\n") + "\n";
        fs_err::write(scene.segment(), &text).unwrap();
        scene.held_up(&["the ledger is damaged", "refgate ledger verify"]);
        scene.refused_unrecorded();
        assert_eq!(scene.text(), text);
        assert_eq!(scene.ledger(&["verify"]).0, Some(1));
    }
    fs_err::write(scene.segment(), &whole).unwrap();
    assert!(scene.push("refs/heads/topic").ok);
    scene.verifies(&[]);
}

#[test]
fn a_torn_end_is_put_aside_and_the_push_goes_on() {
    let scene = Scene::new();
    let torn = "{\"event\":\"accepted\",\"pend";
    fs_err::write(scene.segment(), scene.text() + torn).unwrap();
    let said = scene.push("refs/heads/topic");
    assert!(said.ok, "{}", said.stderr);
    assert_eq!(scene.events(), ["opened", "accepted", "applied", "repaired", "accepted", "applied"]);
    let record = scene.records()[3].clone();
    assert_eq!(record["bytes"], torn.len());
    assert_eq!(fs_err::read_to_string(scene.folder().join("torn-4")).unwrap(), torn);
    scene.verifies(&[receipt(&said)]);
    assert_eq!(scene.mirrored(), (2, scene.text()));
}

#[test]
fn a_ledger_that_is_gone_does_not_begin_again_while_its_mirror_is_there() {
    let scene = Scene::new();
    let aside = scene.server.join("refgate/aside");
    fs_err::rename(scene.folder(), &aside).unwrap();
    for _ in 0..2 {
        scene.held_up(&["the ledger is gone, and refs/refgate/ledger says that there was one"]);
        scene.refused_unrecorded();
    }
    assert!(!scene.segment().exists());
    scene.is_damaged("the mirror here");
    fs_err::remove_dir_all(scene.folder()).unwrap();
    fs_err::rename(&aside, scene.folder()).unwrap();
    assert!(scene.push("refs/heads/topic").ok);
    scene.verifies(&[]);
}

// ---- what ends before its answer is given ---------------------------------------------------------------------------

/// Dies once the record is written, at the sync or at the very end: nothing moves, and what was written down has lapsed.
#[test]
fn an_answer_that_nobody_heard_lapses() {
    if !can_trace() {
        return;
    }
    for (call, later) in [("exit_group", false), ("exit_group", true), ("fdatasync", false), ("fdatasync", true)] {
        let scene = Scene::new();
        let refs = scene.refs();
        let script = format!(
            "#!/bin/sh\nexec strace -o /dev/null -e trace={call} -e inject={call}:signal=SIGKILL:when=1 \
             '{REFGATE}' hook pre-receive --guarded\n"
        );
        let back = scene.instead("pre-receive", &script);
        let said = scene.push("refs/heads/topic");
        assert!(!said.ok && said.stderr.contains("pre-receive hook declined"), "{}", said.stderr);
        assert_eq!(scene.refs(), refs);
        back();
        assert_eq!(scene.events(), ["opened", "accepted", "applied", "accepted"]);
        scene.verifies(&[]);
        if later {
            // Nobody made it within the hour.
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(61);
            let script = format!("#!/bin/sh\nexec '{REFGATE}' hook --at {at} pre-receive --guarded\n");
            let back = scene.instead("pre-receive", &script);
            let said = scene.push("refs/heads/other");
            assert!(said.ok, "{}", said.stderr);
            back();
            assert_eq!(scene.events()[4..], ["lapsed", "accepted", "applied"]);
            assert_eq!(scene.record("lapsed", "refs/heads/topic")["observed"], true);
        } else {
            // The same again is another decision, and the one that moved the ref.
            let said = scene.push("refs/heads/topic");
            assert!(said.ok, "{}", said.stderr);
            assert_eq!(scene.events()[4..], ["accepted", "lapsed", "applied"]);
            assert_eq!(scene.record("applied", "refs/heads/topic")["decision"], 5);
        }
        assert_eq!(scene.record("lapsed", "refs/heads/topic")["decision"], 4);
        assert_eq!(scene.records().last().unwrap()["pending"], Value::Array(Vec::new()));
        scene.verifies(&[]);
        assert_eq!(scene.mirrored().1, scene.text());
    }
}

#[test]
fn without_post_receive_the_next_push_sees_what_moved() {
    let scene = Scene::new();
    let hook = scene.server.join("hooks/post-receive");
    let text = fs_err::read(&hook).unwrap();
    fs_err::remove_file(&hook).unwrap();
    let first = scene.push("refs/heads/topic");
    assert!(first.ok, "{}", first.stderr);
    assert_eq!(scene.events()[3..], ["accepted"]);
    scene.verifies(&[receipt(&first)]);
    // A refusal too is an occasion to look.
    assert!(!scene.push("refs/heads/main").ok);
    assert_eq!(scene.events()[3..], ["accepted", "applied", "refused"]);
    let applied = scene.record("applied", "refs/heads/topic");
    assert_eq!((&applied["decision"], &applied["observed"]), (&4.into(), &true.into()));
    assert_eq!(scene.mirrored().0, 1);
    put_hook(&hook, &text);
    let second = scene.push("refs/heads/other");
    assert!(second.ok, "{}", second.stderr);
    assert_eq!(scene.mirrored(), (2, scene.text()));
    scene.verifies(&[receipt(&first), receipt(&second)]);
}

/// Another hook says no after the gate said yes.
#[test]
fn what_the_next_hook_refuses_lapses() {
    let scene = Scene::new();
    let hook = scene.server.join("hooks/update");
    put_hook(&hook, b"#!/bin/sh\ntest \"$1\" != refs/heads/topic\n");
    assert!(!scene.push("refs/heads/topic").ok);
    let both = scene.sandbox.push(["HEAD:refs/heads/topic", "HEAD:refs/heads/other"]);
    assert!(!both.ok && both.stderr.contains(" HEAD -> other"), "{}", both.stderr);
    // What moved of the second push is applied; the first still may be on its way.
    let applied = scene.record("applied", "refs/heads/other");
    assert_eq!((&applied["decision"], applied["updates"].as_array().unwrap().len()), (&5.into(), 1));
    assert_eq!(scene.records().last().unwrap()["pending"], serde_json::json!([4]));
    scene.verifies(&[]);
}

// ---- many at once ---------------------------------------------------------------------------------------------------

/// Starts all of the pushes, then waits for all of them.
fn at_once(scene: &Scene, specs: &[String]) -> Vec<Said> {
    let pushes: Vec<_> = specs
        .iter()
        .map(|spec| {
            let mut git = process::command("git");
            git.current_dir(scene.sandbox.path().join("client")).args(["push", "origin", spec]);
            git.env("HOME", scene.sandbox.path().join("home")).stdout(Stdio::piped()).stderr(Stdio::piped());
            git.spawn().unwrap()
        })
        .collect();
    pushes.into_iter().map(|push| Said::new(push.wait_with_output().unwrap())).collect()
}

/// Whatever happened, the ledger says it, and so does its mirror.
fn holds_all(scene: &Scene, said: &[Said]) {
    let receipts: Vec<String> = said.iter().map(receipt).collect();
    assert_eq!(receipts.iter().collect::<BTreeSet<_>>().len(), said.len());
    // Of what was under way when others looked, the next push tells.
    assert!(scene.push("refs/heads/last").ok);
    scene.verifies(&receipts);
    assert_eq!(scene.records().last().unwrap()["pending"], Value::Array(Vec::new()), "{}", scene.text());
    assert_eq!(scene.mirrored().1, scene.text());
}

#[test]
fn pushes_at_once_to_different_refs_are_all_recorded() {
    for count in [2, 8, 16] {
        let scene = Scene::new();
        let names: Vec<String> = (0..count).map(|number| format!("refs/heads/c/{number}")).collect();
        let said = at_once(&scene, &names.iter().map(|name| format!("HEAD:{name}")).collect::<Vec<_>>());
        for (name, said) in names.iter().zip(&said) {
            assert!(said.ok && !said.stderr.contains("does not move"), "{}", said.stderr);
            let (decided, applied) = (scene.record("accepted", name), scene.record("applied", name));
            assert_eq!(decided["sequence"], applied["decision"]);
            assert!(receipt(said).starts_with(&format!("{}:", decided["sequence"])), "{}", said.stderr);
        }
        assert_eq!(scene.mirrored().1, scene.text(), "the mirror lags behind");
        holds_all(&scene, &said);
    }
}

#[test]
fn of_pushes_at_once_to_one_ref_one_is_applied() {
    let scene = Scene::new();
    let name = "refs/heads/c/one";
    let tree = scene.sandbox.rev("HEAD^{tree}");
    let parent = scene.sandbox.rev("HEAD~1");
    let commits: Vec<String> = (0..8)
        .map(|number| scene.sandbox.git(["commit-tree", "-m", &number.to_string(), "-p", &parent, &tree]).must())
        .collect();
    let said = at_once(&scene, &commits.iter().map(|commit| format!("{commit}:{name}")).collect::<Vec<_>>());
    let won: Vec<&String> = commits.iter().zip(&said).filter(|(_, said)| said.ok).map(|(commit, _)| commit).collect();
    assert_eq!(won.len(), 1);
    let applied = scene.record("applied", name);
    assert_eq!(applied["updates"][0]["new"], won[0].as_str());
    assert_eq!(scene.on_server(&["rev-parse", name]), *won[0]);
    holds_all(&scene, &said);
    // Each answer is there; whatever was accepted and did not move has lapsed.
    let count = |event| scene.records().iter().filter(|record| is(record, event, name)).count();
    let answers = ["accepted", "refused", "undecided"].map(count);
    let unjudged = scene.records().iter().filter(|record| record["updates"] == serde_json::json!([])).count();
    assert_eq!(answers.iter().sum::<usize>() + unjudged, 8, "{}", scene.text());
    assert_eq!(count("lapsed"), answers[0] - 1);
}

// ---- behind its back ------------------------------------------------------------------------------------------------

#[test]
fn a_ref_that_moved_behind_the_gate_s_back_is_found() {
    let scene = Scene::new();
    assert!(scene.push("refs/heads/topic").ok);
    let (old, new) = (scene.on_server(&["rev-parse", "main"]), scene.sandbox.rev("HEAD"));
    for (name, there, found) in [
        ("refs/heads/main", Some(&old), "refs/heads/main went from"),
        ("refs/heads/topic", Some(&new), "refs/heads/topic went from"),
        ("refs/heads/fresh", None, "a branch, a tag or a statement that no decision is about"),
        ("refs/tags/v1", None, "a branch, a tag or a statement that no decision is about"),
    ] {
        let other = if there == Some(&new) { &old } else { &new };
        scene.on_server(&["update-ref", name, other]);
        scene.is_damaged(found);
        match there {
            Some(there) => scene.on_server(&["update-ref", name, there]),
            None => scene.on_server(&["update-ref", "-d", name]),
        };
        scene.verifies(&[]);
    }
    scene.on_server(&["update-ref", "-d", "refs/heads/topic"]);
    scene.is_damaged("refs/heads/topic went from");
}

#[test]
fn nobody_pushes_to_the_mirror() {
    let scene = Scene::new();
    fs_err::remove_file(scene.server.join("hooks/post-receive")).unwrap();
    let tip = scene.on_server(&["rev-parse", MIRROR]);
    let (force, create, delete) = (format!("+HEAD:{MIRROR}"), format!("HEAD:{MIRROR}"), format!(":{MIRROR}"));
    for spec in [&force, &delete] {
        let said = scene.sandbox.push([spec.as_str()]);
        assert!(!said.ok && words(&said).contains("server-ref at refs/refgate/ledger"), "{}", said.stderr);
        assert_eq!(scene.on_server(&["rev-parse", MIRROR]), tip);
    }
    // One commit on, as if the server had written it.
    scene.sandbox.git(["fetch", "-q", "origin", &format!("{MIRROR}:refs/mirror")]).must();
    let tree = scene.sandbox.rev("refs/mirror^{tree}");
    let child = scene.sandbox.commit_tree(&tree, &[&tip]);
    let said = scene.sandbox.push([format!("{child}:{MIRROR}").as_str()]);
    assert!(!said.ok && words(&said).contains("server-ref"), "{}", said.stderr);
    scene.on_server(&["update-ref", "-d", MIRROR]);
    let said = scene.sandbox.push([create.as_str()]);
    assert!(!said.ok && words(&said).contains("server-ref at refs/refgate/ledger"), "{}", said.stderr);
    assert!(scene.on_server(&["for-each-ref", MIRROR]).is_empty());
    assert_eq!(scene.events()[3..], ["refused", "refused", "refused", "refused"]);
}
