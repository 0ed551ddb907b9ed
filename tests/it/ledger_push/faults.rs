//! Every call that the gate makes on the ledger's files fails once, in each way that matters, or writes less than it says:
//! what is accepted is recorded, what was recorded stays, and the next push finds a whole ledger.

use crate::corpus::process;
use crate::faults::{Ask, Scene, can_trace, right, right_or_refused};
use crate::support::REFGATE;

/// How each call is made to fail.
const CALLS: &[(&str, &[&str])] = &[
    ("openat", &["error=EIO", "error=EACCES", "error=EROFS", "error=ENOSPC"]),
    ("flock", &["error=EIO"]),
    ("getdents64", &["error=EIO"]),
    ("read", &["error=EIO"]),
    ("write", &["error=ENOSPC", "error=EIO", "error=EROFS", "retval=1", "retval=100"]),
    ("fdatasync", &["error=EIO", "error=ENOSPC", "error=EROFS"]),
];
/// The same where half a record is put aside first.
const REPAIRING: &[(&str, &[&str])] = &[
    ("write", &["error=ENOSPC"]),
    ("rename,renameat,renameat2", &["error=EIO", "error=EROFS"]),
    ("ftruncate", &["error=EIO", "error=EROFS"]),
    ("fdatasync", &["error=EIO"]),
    ("fsync", &["error=EIO"]),
];

const TORN: &str = "{\"event\":\"accepted\",\"pend";

impl Scene {
    fn text(&self) -> String {
        fs_err::read_to_string(self.server.join("refgate/ledger/00000001.jsonl")).unwrap()
    }

    /// Puts the ledger there as it was, and a torn end behind it.
    fn ledger_is(&self, text: &str) {
        let folder = self.server.join("refgate/ledger");
        fs_err::remove_dir_all(&folder).unwrap();
        fs_err::create_dir(&folder).unwrap();
        fs_err::write(folder.join("00000001.jsonl"), text).unwrap();
    }

    #[track_caller]
    pub(super) fn is_intact(&self, said: &str, context: &str) {
        let mut verify = process::command(REFGATE);
        verify.args(["ledger", "verify", "--repo"]).arg(&self.server);
        if let Some((_, receipt)) = said.split_once("refgate: receipt ") {
            verify.args(["--receipt", receipt.split_whitespace().next().unwrap()]);
        }
        let output = verify.output().unwrap();
        assert!(output.status.success(), "{context}\n{said}\n{output:?}");
    }

    /// What holds after every push, however it went.
    #[track_caller]
    fn holds(&self, before: &str, ask: &Ask, output: &std::process::Output, context: &str) {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let text = self.text();
        let kept = text.starts_with(before);
        assert!(kept, "{context}: a record is lost\n{text}");
        let name = ask.lines.trim().rsplit(' ').next().unwrap();
        let recorded = |event: &str| {
            let lines = text.strip_prefix(before).unwrap_or_default().lines();
            lines.into_iter().any(|line| line.contains(&format!("\"event\":\"{event}\"")) && line.contains(name))
        };
        if output.status.success() {
            assert!(recorded("accepted"), "{context}: accepted and not recorded\n{text}");
        }
        if said.contains("refgate: receipt ") {
            let event = ["accepted", "refused", "undecided"][output.status.code().unwrap() as usize];
            assert!(recorded(event), "{context}: a receipt of nothing\n{text}");
        }
        self.is_intact(&said, context);
    }
}

/// How often a call failed.
fn sweep(scene: &Scene, ask: &Ask, whole: &str, torn: &str, (call, fault): (&str, &str)) -> usize {
    let log = scene.sandbox.path().join("strace.log").display().to_string();
    let at = |name: &str| scene.server.join("refgate/ledger").join(name).display().to_string();
    let count = whole.lines().count() + 1;
    let paths =
        [at("").trim_end_matches('/').to_owned(), at("lock"), at("00000001.jsonl"), at(&format!("torn-{count}"))];
    for number in 1.. {
        scene.ledger_is(&format!("{whole}{torn}"));
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{fault}:when={number}"));
        let mut words = vec!["strace", "-f", "-o", &log, "-e", &trace, "-e", &inject];
        words.extend(paths.iter().flat_map(|path| ["-P", path.as_str()]));
        let output = scene.behind(&words, &ask.lines);
        let log = fs_err::read_to_string(&log).unwrap_or_default();
        let hit = log.lines().find(|line| line.contains("(INJECTED)"));
        let context = format!("{fault}, number {number}: {hit:?}");
        right_or_refused(ask, &output, false, &context);
        scene.holds(whole, ask, &output, &context);
        if hit.is_none() {
            right(ask, &output);
            return number - 1;
        }
        let next = scene.behind(&[], &ask.lines);
        right(ask, &next);
        scene.holds(whole, ask, &next, &format!("after {context}"));
    }
    0
}

fn sweep_all(ask: impl Fn(&Scene) -> Ask, calls: &[(&str, &[&str])], torn: &str) {
    if !can_trace() {
        return;
    }
    let scene = Scene::new();
    let (ask, whole) = (ask(&scene), scene.text());
    for (call, faults) in calls {
        for fault in *faults {
            let swept = sweep(&scene, &ask, &whole, torn, (call, fault));
            eprintln!("{swept} of {call} with {fault}");
            assert!(swept > 0, "no {call} failed");
        }
    }
}

#[test]
fn whatever_fails_a_good_push_is_recorded_or_not_let_in() {
    sweep_all(Scene::task, CALLS, "");
}

#[test]
fn whatever_fails_a_bad_push_is_refused() {
    let first = CALLS.iter().map(|(calls, faults)| (*calls, &faults[..1])).collect::<Vec<_>>();
    sweep_all(Scene::direct, &first, "");
}

#[test]
fn whatever_fails_while_half_a_record_is_put_aside_nothing_is_lost() {
    sweep_all(Scene::task, REPAIRING, TORN);
}

/// The disk is full in the middle of a record, and what was written of it cannot be taken back either.
#[test]
fn half_a_record_that_stays_there_is_put_aside_by_the_next_push() {
    if !can_trace() {
        return;
    }
    let scene = Scene::new();
    let (ask, whole) = (scene.task(), scene.text());
    let blocks = whole.len() / 512 + 1;
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec strace -f -o /dev/null -e trace=ftruncate -e inject=ftruncate:error=EIO \"$0\" \
         hook pre-receive"
    );
    let output = scene.shell(&script, &ask.lines);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = scene.text();
    assert!(text.len() > whole.len() && text.starts_with(&whole) && !text.ends_with('\n'), "{text}");
    scene.is_intact("", "half a record");
    right(&ask, &scene.behind(&[], &ask.lines));
    assert!(scene.text().contains("\"event\":\"repaired\""));
    scene.is_intact("", "repaired");
    // A record that was written whole and may not last is taken back, and where it cannot be, nobody was told of it.
    scene.ledger_is(&whole);
    let faults = ["fdatasync", "ftruncate"].map(|call| format!("inject={call}:error=EIO"));
    let words =
        ["strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync,ftruncate", "-e", &faults[0], "-e", &faults[1]];
    let output = scene.behind(&words, &ask.lines);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("refgate: receipt"), "{output:?}");
    scene.holds(&whole, &ask, &output, "neither synced nor taken back");
    right(&ask, &scene.behind(&[], &ask.lines));
    scene.is_intact("", "after that");
}
