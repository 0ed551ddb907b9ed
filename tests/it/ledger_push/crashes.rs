//! Every point at which a push with an override can end: in the hook before each call that leaves something behind, between
//! the answer and the refs, between the refs and the hook after them, and in that. The refs moved only where it was
//! decided, the ledger holds, the override lets one push in, and the next push goes through.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::corpus::process;
use crate::corpus::server::make_executable;
use crate::faults::can_trace;
use crate::overrides::{POLICY, Scene};
use crate::support::{REFGATE, Said, Sandbox};

/// The calls that leave something behind, or tell somebody something; those that stand together are one to the program.
const CALLS: [&str; 8] = [
    "mkdir",
    "link,linkat,rename,renameat,renameat2",
    "unlink,unlinkat",
    "flock",
    "write",
    "fsync",
    "fdatasync",
    "exit_group",
];

/// A push that only an override lets in, and the server before it.
struct Point {
    scene: Scene,
    id: String,
    old: String,
    new: String,
    saved: PathBuf,
}

impl Point {
    fn new() -> Self {
        let scene = Scene::new(POLICY);
        let old = scene.on_server(&["rev-parse", "main"]);
        let new = scene.direct();
        let id = scene.signed_by("bob", &[]);
        let saved = scene.path("saved.git");
        copy(&scene.server, &saved);
        Self { scene, id, old, new, saved }
    }

    /// As before the push.
    fn again(&self) {
        fs_err::remove_dir_all(&self.scene.server).unwrap();
        copy(&self.saved, &self.scene.server);
    }

    fn hook(&self, name: &str, script: &str) -> impl FnOnce() + use<> {
        let path = self.scene.server.join("hooks").join(name);
        let before = fs_err::read(&path).ok();
        fs_err::write(&path, script).unwrap();
        make_executable(&path).unwrap();
        move || match before {
            Some(before) => fs_err::write(&path, before).unwrap(),
            None => fs_err::remove_file(&path).unwrap(),
        }
    }

    fn push(&self) -> Said {
        self.scene.push_with("alice", &self.id)
    }

    fn main(&self) -> String {
        self.scene.on_server(&["rev-parse", "main"])
    }

    /// What holds at every moment.
    #[track_caller]
    fn holds(&self, context: &str) -> Vec<Value> {
        let mut verify = process::command(REFGATE);
        let output = verify.args(["ledger", "verify", "--repo"]).arg(&self.scene.server).output().unwrap();
        let records = records(&self.scene.server);
        assert!(output.status.success(), "{context}: {output:?}\n{records:#?}");
        let used = |record: &&Value| record["event"] == "override-settled" && record["applied"] == true;
        assert!(records.iter().filter(used).count() <= 1, "{context}: {records:#?}");
        let rests = |record: &Value| record["event"] == "accepted" && record["overrides"][0]["id"] == self.id.as_str();
        assert!(!self.is_used() || records.iter().any(rests), "{context}: used without a record: {records:#?}");
        if self.main() != self.old {
            let moved = records.iter().any(|record| decides(record, "accepted", &self.new));
            assert!(moved && self.main() == self.new, "{context}: {records:#?}");
        }
        records
    }

    fn is_used(&self) -> bool {
        self.scene.server.join("refgate/overrides/used").join(&self.id).exists()
    }

    /// The same push once more where it did not get through, and then another one: all is settled.
    #[track_caller]
    fn goes_on(&self, context: &str) {
        self.holds(context);
        if self.main() == self.old {
            let said = self.push();
            assert!(said.ok, "{context}: {}", said.stderr);
        }
        let other = self.scene.push_by("carol", &["origin", "HEAD~1:refs/heads/other"]);
        assert!(other.ok, "{context}: {}", other.stderr);
        let records = self.holds(context);
        assert_eq!(self.main(), self.new, "{context}");
        let applied = records.iter().filter(|record| decides(record, "applied", &self.new)).count();
        let used = |record: &&Value| record["event"] == "override-settled" && record["applied"] == true;
        assert_eq!((applied, records.iter().filter(used).count()), (1, 1), "{context}: {records:#?}");
        assert_eq!(records.last().unwrap()["pending"], Value::Array(Vec::new()), "{context}: {records:#?}");
        assert!(self.is_used(), "{context}: the override could be used again");
        let mirrored = mirrored(&self.scene);
        assert_eq!(mirrored, text(&self.scene.server), "{context}");
    }
}

fn copy(from: &Path, to: &Path) {
    let mut copy = process::command("cp");
    Said::new(copy.arg("-a").arg(from).arg(to).output().unwrap()).must();
}

fn text(server: &Path) -> String {
    fs_err::read_to_string(server.join("refgate/ledger/00000001.jsonl")).unwrap_or_default()
}

fn records(server: &Path) -> Vec<Value> {
    text(server).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn decides(record: &Value, event: &str, new: &str) -> bool {
    let updates = record["updates"].as_array().map(Vec::as_slice).unwrap_or_default();
    record["event"] == event && updates.iter().any(|update| update["ref"] == "refs/heads/main" && update["new"] == new)
}

fn mirrored(scene: &Scene) -> String {
    let commits = scene.on_server(&["rev-list", "--reverse", "refs/refgate/ledger"]);
    let show = |commit: &str| scene.on_server(&["cat-file", "blob", &format!("{commit}:records.jsonl")]) + "\n";
    commits.lines().map(show).collect()
}

/// The hook, killed before the call of this number.
fn killed(hook: &str, calls: &str, number: usize, log: &Path) -> String {
    format!(
        "#!/bin/sh\nexec strace -o '{}' -e trace={calls} -e inject={calls}:signal=SIGKILL:when={number} '{REFGATE}' hook {hook}\n",
        log.display()
    )
}

/// Lets the hook be killed before the first, the second, ... of its calls of each kind: `push` says whether it was. How often
/// that was so, by kind.
fn at_each(calls: &[&'static str], mut push: impl FnMut(&str, usize) -> bool) -> BTreeMap<&'static str, usize> {
    let count = |call| (call, (1..).take_while(|number| push(call, *number)).count());
    calls.iter().copied().map(count).collect()
}

#[test]
fn the_hook_before_the_refs_may_end_anywhere() {
    if !can_trace() {
        return;
    }
    let point = Point::new();
    let log = point.scene.path("log");
    let killed = at_each(&CALLS, |call, number| {
        point.again();
        let back = point.hook("pre-receive", &killed("pre-receive --guarded", call, number, &log));
        let said = point.push();
        back();
        let context = format!("at {call} {number}: {}", said.stderr);
        if !was_killed(&log) {
            assert!(said.ok, "{context}");
            return false;
        }
        assert!(!said.ok && point.main() == point.old, "{context}");
        point.goes_on(&context);
        true
    });
    for call in ["mkdir", "flock", "fdatasync", "write", "exit_group"] {
        assert!(killed[call] > 0, "no hook was killed at {call}: {killed:?}");
    }
}

#[test]
fn the_hook_after_the_refs_may_end_anywhere() {
    if !can_trace() {
        return;
    }
    let point = Point::new();
    let log = point.scene.path("log");
    // Of the mirror's own calls, those that start git and that wait for it.
    let calls = ["mkdir", "flock", "write", "fsync", "fdatasync", "clone,clone3,vfork", "wait4,waitid", "exit_group"];
    let killed = at_each(&calls, |call, number| {
        point.again();
        let back = point.hook("post-receive", &killed("post-receive", call, number, &log));
        let said = point.push();
        back();
        assert!(said.ok, "a push that was made is told so: {}", said.stderr);
        let was_killed = was_killed(&log);
        if was_killed {
            point.goes_on(&format!("at {call} {number}: {}", said.stderr));
        }
        was_killed
    });
    assert!(killed.values().all(|count| *count > 0), "{killed:?}");
}

/// Nobody said what became of the push that used the override, so the next one settles that.
#[test]
fn the_hook_that_settles_for_another_push_may_end_anywhere() {
    if !can_trace() {
        return;
    }
    let point = Point::new();
    let log = point.scene.path("log");
    let killed = at_each(&CALLS, |call, number| {
        point.again();
        fs_err::remove_file(point.scene.server.join("hooks/post-receive")).unwrap();
        assert!(point.push().ok && !point.is_used());
        let _ = point.hook("post-receive", &format!("#!/bin/sh\nexec '{REFGATE}' hook post-receive\n"));
        let back = point.hook("pre-receive", &killed("pre-receive --guarded", call, number, &log));
        let said = point.scene.push_by("carol", &["origin", "HEAD~1:refs/heads/another"]);
        back();
        let was_killed = was_killed(&log);
        let context = format!("at {call} {number}: {}", said.stderr);
        assert_eq!(said.ok, !was_killed, "{context}");
        point.holds(&context);
        let again = point.scene.push_by("carol", &["origin", "HEAD~1:refs/heads/another"]);
        assert!(again.ok, "{context}: {}", again.stderr);
        point.goes_on(&context);
        // Set back by an administrator, with all that could tell: it was used.
        point.scene.on_server(&["update-ref", "-d", &format!("refs/refgate/overrides/{}", point.id)]);
        point.scene.on_server(&["update-ref", "refs/heads/main", &point.old]);
        let again = point.push();
        assert!(!again.ok && again.stderr.contains("it was used before"), "{context}: {}", again.stderr);
        was_killed
    });
    for call in ["mkdir", "flock", "write", "fsync", "fdatasync", "exit_group"] {
        assert!(killed[call] > 0, "no hook was killed at {call}: {killed:?}");
    }
}

fn was_killed(log: &Path) -> bool {
    fs_err::read_to_string(log).unwrap().contains("killed by SIGKILL")
}

#[test]
fn git_may_end_between_the_answer_the_refs_and_what_comes_after() {
    let point = Point::new();
    let answered = format!("#!/bin/sh\n'{REFGATE}' hook pre-receive --guarded\nkill -9 $PPID\n");
    let at = |state: &str| format!("#!/bin/sh\ntest $1 != {state} || kill -9 $PPID\ncat >/dev/null\n");
    let after = "#!/bin/sh\nkill -9 $PPID\n".to_owned();
    let done = format!("#!/bin/sh\n'{REFGATE}' hook post-receive\nkill -9 $PPID\n");
    for (hook, script, moved) in [
        ("pre-receive", answered, false),
        ("reference-transaction", at("prepared"), false),
        ("reference-transaction", at("committed"), true),
        ("post-receive", after, true),
        ("post-receive", done, true),
    ] {
        point.again();
        let back = point.hook(hook, &script);
        let said = point.push();
        back();
        assert!(!said.ok, "{hook}: {}", said.stderr);
        assert_eq!(point.main() == point.new, moved, "{script}");
        assert!(point.holds(&script).iter().any(|record| decides(record, "accepted", &point.new)), "{script}");
        // Git, killed, leaves its locks, and says so to whoever comes next.
        let refs = ["refs/heads/main".to_owned(), "HEAD".to_owned(), format!("refs/refgate/overrides/{}", point.id)];
        for name in refs {
            let _ = fs_err::remove_file(point.scene.server.join(format!("{name}.lock")));
        }
        point.goes_on(&script);
    }
}

/// The first push of an empty repository uses the bootstrap up before it is answered: it is gone, and never there twice.
#[test]
fn a_first_push_that_is_cut_off_is_made_again_by_an_administrator_at_the_most() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    let saved = sandbox.path().join("saved.git");
    copy(&server, &saved);
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.commit("base");
    let hook = server.join("hooks/pre-receive");
    let token = server.join("refgate/bootstrap");
    let log = sandbox.path().join("log");
    let (mut kept, mut gone) = (0, 0);
    at_each(&["unlink,unlinkat", "flock", "fsync", "fdatasync", "write", "exit_group"], |call, number| {
        fs_err::remove_dir_all(&server).unwrap();
        copy(&saved, &server);
        let shim = fs_err::read(&hook).unwrap();
        fs_err::write(&hook, killed("pre-receive --guarded", call, number, &log)).unwrap();
        let said = sandbox.push(["main"]);
        fs_err::write(&hook, shim).unwrap();
        let context = format!("at {call} {number}: {}", said.stderr);
        if !was_killed(&log) {
            assert!(said.ok && !token.exists(), "{context}");
            return false;
        }
        assert!(!said.ok, "{context}");
        if token.exists() {
            kept += 1;
        } else {
            gone += 1;
            let refused = sandbox.push(["main"]);
            assert!(!refused.ok && refused.stderr.contains("REFUSED"), "{context}: {}", refused.stderr);
            let mut install = process::command(REFGATE);
            Said::new(install.args(["install", "server", "--repo"]).arg(&server).output().unwrap()).must();
        }
        let said = sandbox.push(["main"]);
        assert!(said.ok, "{context}: {}", said.stderr);
        let mut verify = process::command(REFGATE);
        let output = verify.args(["ledger", "verify", "--repo"]).arg(&server).output().unwrap();
        assert!(output.status.success(), "{context}: {output:?}");
        true
    });
    assert!(kept > 0 && gone > 3, "{kept} {gone}");
}
