//! What the gate does when the machine fails it: every call that it makes into the system fails once, in every way that
//! matters. The right answer or a clear refusal is all that may come out; nothing may turn a refusal into an acceptance.
//!
//! `REFGATE_TEST_FAULTS=all` sweeps every call with every error (several minutes); without it the calls that read are
//! swept with the errors that each can have. `REFGATE_TEST_WITHOUT_STRACE=1` leaves the sweeps out where a sandbox
//! forbids `ptrace`, and says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::corpus::{process, server};
use crate::support::{REFGATE, Sandbox};

const ZERO: &str = "0000000000000000000000000000000000000000";

/// A guarded server in the middle of a push: the new objects are in a quarantine, and the hook is about to run.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: PathBuf,
    quarantine: PathBuf,
    base: String,
    new: String,
}

/// A push and what is due: the rule that refuses it, or `None`.
pub(crate) struct Ask {
    pub(crate) lines: String,
    pub(crate) due: Option<&'static str>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        sandbox.write(&[("README.md", "# One\n")]);
        let base = sandbox.commit("base");
        sandbox.push(["main"]).must();
        sandbox.push(["main:refs/heads/topic"]).must();
        // `topic` is packed, and `main` is loose again.
        let git = |args: &[&str]| process::must(&mut process::git(&server, args), b"").unwrap();
        git(&["pack-refs", "--all"]);
        fs_err::write(server.join("refs/heads/main"), format!("{base}\n")).unwrap();
        // Only the server's floor refuses a direct push.
        fs_err::write(server.join("refgate/policy.toml"), "version = 1\n[rules]\ndirect-push = \"off\"\n").unwrap();
        let word = fs_err::read_to_string(server.join("refgate/server.toml")).unwrap();
        let word = word.split("[floor]").next().unwrap().to_owned() + "[floor]\ndirect-push = \"enforce\"\n";
        fs_err::write(server.join("refgate/server.toml"), word).unwrap();
        sandbox.write(&[("src/a.rs", "one\n")]);
        let new = sandbox.commit("new");
        let quarantine = server.join("objects/tmp_objdir-incoming-test");
        fs_err::create_dir_all(quarantine.join("pack")).unwrap();
        let pack = server::pack(&sandbox.path().join("client/.git"), format!("{new}\n^{base}\n").as_bytes()).unwrap();
        let mut unpack = process::git(&server, &["unpack-objects", "-q"]);
        unpack.env("GIT_OBJECT_DIRECTORY", &quarantine).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", server.join("objects"));
        process::must(&mut unpack, &pack).unwrap();
        Self { sandbox, server, quarantine, base, new }
    }

    /// Held up by the server's floor.
    pub(crate) fn direct(&self) -> Ask {
        Ask { lines: format!("{} {} refs/heads/main\n", self.base, self.new), due: Some("direct-push") }
    }

    /// Held up by a packed ref.
    fn spelling(&self) -> Ask {
        Ask { lines: format!("{ZERO} {} refs/heads/Topic\n", self.new), due: Some("ref-collision") }
    }

    pub(crate) fn task(&self) -> Ask {
        Ask { lines: format!("{ZERO} {} refs/heads/autoTest/t1\n", self.new), due: None }
    }

    fn asks(&self) -> [Ask; 3] {
        [self.direct(), self.spelling(), self.task()]
    }

    /// The environment that Git starts the hook in.
    pub(crate) fn at_home(&self, command: &mut Command) {
        command.current_dir(&self.server).env("GIT_DIR", ".").env("GIT_QUARANTINE_PATH", &self.quarantine);
        command.env("GIT_OBJECT_DIRECTORY", &self.quarantine);
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.server.join("objects"));
    }

    /// The hook behind `words`, a command that starts another one.
    pub(crate) fn behind(&self, words: &[&str], stdin: &str) -> Output {
        let mut command = process::command(words.first().unwrap_or(&REFGATE));
        self.at_home(&mut command);
        if let Some((_, rest)) = words.split_first() {
            command.args(rest).arg(REFGATE);
        }
        process::run(command.args(["hook", "pre-receive"]), stdin.as_bytes()).unwrap()
    }

    /// The hook in a shell that has set something up first; `$0` is the program.
    pub(crate) fn shell(&self, script: &str, stdin: &str) -> Output {
        let mut command = process::command("sh");
        self.at_home(&mut command);
        process::run(command.args(["-c", script, REFGATE]), stdin.as_bytes()).unwrap()
    }

    /// Every file of the server outside the quarantine, which Git removes as a whole.
    fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        let mut folders = vec![self.server.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path != self.quarantine && path.is_dir() {
                    folders.push(path.clone());
                }
                files.insert(path);
            }
        }
        files
    }
}

/// The right answer, or a clear refusal. `mute` when the failure may have kept the answer from being written.
#[track_caller]
pub(crate) fn right_or_refused(ask: &Ask, output: &Output, mute: bool, context: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let context = format!("{context}\n{}{said}", ask.lines);
    match (output.status.code(), ask.due) {
        (Some(0), None) => {}
        (Some(0), Some(_)) => panic!("accepted what is to be refused: {context}"),
        (Some(1), Some(rule)) => assert!(mute || said.contains(rule), "refused for another reason: {context}"),
        (Some(1), None) => panic!("a refusal that says the push is wrong, which it is not: {context}"),
        (Some(2), _) => {
            let clear = said.contains("UNDECIDED") && said.lines().count() > 2 && !said.contains("fault in refgate");
            assert!(mute || clear, "no clear sentence: {context}");
        }
        // The loader's own word that it could not read a library.
        (Some(127), _) => assert!(said.contains("shared"), "{context}"),
        // Git takes a killed hook for a refusal.
        (None, _) => {}
        (Some(_), _) => panic!("an exit status that means nothing: {context}"),
    }
}

#[track_caller]
pub(crate) fn right(ask: &Ask, output: &Output) {
    let code = ask.due.map_or(0, |_| 1);
    assert_eq!(output.status.code(), Some(code), "{}{output:?}", ask.lines);
    right_or_refused(ask, output, false, "");
}

// ---- each call fails once ------------------------------------------------------------------------------------------

/// Whether sweeps can run. Where they cannot, the test fails unless somebody said that this is known.
#[track_caller]
pub(crate) fn can_trace() -> bool {
    let traced = process::command("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    if traced.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let left_out = std::env::var_os("REFGATE_TEST_WITHOUT_STRACE").is_some();
    assert!(left_out, "strace is missing or may not trace; REFGATE_TEST_WITHOUT_STRACE=1 leaves the fault sweeps out");
    eprintln!("NOT TESTED: no call was made to fail, for REFGATE_TEST_WITHOUT_STRACE is set");
    false
}

/// The calls of a group, and the errors that each of them is made to fail with.
const QUICK: &[(&str, &[&str])] = &[
    ("openat", &["EIO", "ENOENT"]),
    ("statx,newfstatat,getdents64,read,pread64,readlink", &["EIO"]),
    ("mkdir,write,unlinkat", &["ENOSPC"]),
    ("clone3,clone", &["EAGAIN"]),
];
const ALL: &[(&str, &[&str])] = &[
    ("openat,statx,newfstatat,readlink", &["EIO", "EACCES", "ENOENT", "EMFILE", "ENOMEM", "ELOOP"]),
    ("getdents64,read,pread64,lseek,fcntl,close,getcwd", &["EIO", "EINTR", "EBADF"]),
    ("mmap,brk,mprotect", &["ENOMEM"]),
    ("mkdir,write,unlinkat", &["ENOSPC", "EROFS", "EIO"]),
    ("clone3,clone,futex,sched_getaffinity,getrandom,prlimit64", &["EAGAIN", "ENOSYS"]),
];

/// Lets the first, the second, ... call of `call` fail in the way of `fault`, until there are no more of them.
fn sweep(scene: &Scene, ask: &Ask, call: &str, fault: &str) -> usize {
    let log = scene.sandbox.path().join("strace.log");
    for number in 1.. {
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{fault}:when={number}"));
        let log_name = log.display().to_string();
        let words = ["strace", "-f", "--seccomp-bpf", "-o", &log_name, "-e", &trace, "-e", &inject];
        let output = scene.behind(&words, &ask.lines);
        let log = fs_err::read_to_string(&log).unwrap_or_default();
        let Some(hit) = log.lines().find(|line| line.contains("(INJECTED)")) else {
            right(ask, &output);
            return number - 1;
        };
        // An answer is not written where the write is what fails.
        right_or_refused(ask, &output, hit.contains(" write("), &format!("{fault}, number {number}: {hit}"));
    }
    0
}

fn sweep_all(ask: impl Fn(&Scene) -> Ask) {
    if !can_trace() {
        return;
    }
    let scene = Scene::new();
    let (ask, before) = (ask(&scene), scene.files());
    let groups = if std::env::var_os("REFGATE_TEST_FAULTS").is_some_and(|how| how == "all") { ALL } else { QUICK };
    for (calls, errors) in groups {
        for (call, error) in calls.split(',').flat_map(|call| errors.iter().map(move |error| (call, error))) {
            let swept = sweep(&scene, &ask, call, &format!("error={error}"));
            eprintln!("{swept} of {call} with {error}");
            assert!(swept > 20 || call != "openat", "hardly a call was made to fail");
        }
    }
    assert_eq!(scene.files(), before, "something is left in the server");
}

#[test]
fn no_failing_call_lets_a_push_in_that_the_server_s_own_word_refuses() {
    sweep_all(Scene::direct);
}

#[test]
fn no_failing_call_lets_a_push_in_that_a_packed_ref_refuses() {
    sweep_all(Scene::spelling);
}

#[test]
fn no_failing_call_makes_a_good_push_a_bad_one() {
    sweep_all(Scene::task);
}

/// What fails for good rather than once: a file that is there and cannot be read, or is not there any more.
#[test]
fn a_file_that_cannot_be_read_is_not_taken_for_one_that_is_not_there() {
    if !can_trace() {
        return;
    }
    let scene = Scene::new();
    let log = scene.sandbox.path().join("strace.log").display().to_string();
    let files = [
        "refgate/server.toml",
        "refgate/policy.toml",
        "refgate",
        "packed-refs",
        "refs",
        "refs/heads",
        "config",
        "HEAD",
    ];
    for file in files.into_iter().chain(["objects", "objects/pack", "objects/info/alternates", "shallow"]) {
        for error in ["EIO", "EACCES"] {
            let path = scene.server.join(file).display().to_string();
            let inject = format!("inject=%file:error={error}");
            for ask in scene.asks() {
                let words = ["strace", "-f", "-o", &log, "-P", &path, "-e", "trace=%file", "-e", &inject];
                let output = scene.behind(&words, &ask.lines);
                right_or_refused(&ask, &output, false, &format!("{error} for all of {file}"));
            }
        }
    }
}

#[test]
fn a_gate_without_its_own_word_judges_nothing() {
    let scene = Scene::new();
    fs_err::remove_file(scene.server.join("refgate/server.toml")).unwrap();
    for ask in scene.asks() {
        let output = scene.behind(&[], &ask.lines);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("refgate/server.toml is missing"), "{said}");
    }
}

// ---- the process ends where it stands ------------------------------------------------------------------------------

/// Real pushes through a hook that is killed at one of its calls: nothing moves, and nothing stays.
#[test]
fn a_hook_that_is_killed_refuses_and_leaves_nothing() {
    if !can_trace() {
        return;
    }
    let scene = Scene::new();
    fs_err::remove_dir_all(&scene.quarantine).unwrap();
    let before = scene.files();
    let refs =
        || process::must(&mut process::git(&scene.server, &["for-each-ref", "refs/heads", "refs/tags"]), b"").unwrap();
    let held = refs();
    let hook = scene.server.join("hooks/pre-receive");
    let calls = "openat,read,mmap,statx,write,unlinkat,exit_group";
    let mut killed = 0;
    for number in [1, 20, 40, 60, 80, 100, 120, 140, 160] {
        for signal in ["SIGKILL", "SIGTERM"] {
            let script = format!(
                "#!/bin/sh\nexec strace -f -o /dev/null -e trace={calls} -e inject={calls}:signal={signal}:when={number} \
                 '{REFGATE}' hook pre-receive\n"
            );
            fs_err::write(&hook, script).unwrap();
            server::make_executable(&hook).unwrap();
            let said = scene.sandbox.push(["HEAD:refs/heads/main"]);
            assert!(!said.ok, "{signal} at {number}: {}", said.stderr);
            let said = scene.sandbox.push(["HEAD:refs/heads/autoTest/t1"]);
            if said.ok {
                // The hook was done before.
                process::must(&mut process::git(&scene.server, &["update-ref", "-d", "refs/heads/autoTest/t1"]), b"")
                    .unwrap();
                continue;
            }
            killed += 1;
            assert!(said.stderr.contains("pre-receive hook declined"), "{}", said.stderr);
            assert_eq!(refs(), held, "{signal} at {number}");
            if killed == number {
                assert_eq!(scene.files(), before, "{signal} at {number}");
            }
        }
    }
    assert!(killed > 4, "only {killed} hooks were killed");
}

#[test]
fn a_hook_that_is_terminated_at_any_moment_accepts_nothing_that_is_to_be_refused() {
    let scene = Scene::new();
    let ask = scene.direct();
    for delay in [0, 1, 2, 4, 8, 16, 32, 64] {
        let mut command = process::command(REFGATE);
        scene.at_home(&mut command);
        let mut child = piped(&mut command);
        write_and_close(&mut child, &ask.lines);
        std::thread::sleep(Duration::from_millis(delay));
        process::command("kill").args(["-TERM", &child.id().to_string()]).output().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success(), "{output:?}");
    }
}

fn piped(command: &mut Command) -> std::process::Child {
    let command = command.args(["hook", "pre-receive"]).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn write_and_close(child: &mut std::process::Child, text: &str) {
    use std::io::Write as _;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
}

// ---- little is left of the machine ---------------------------------------------------------------------------------

#[test]
fn closed_and_broken_streams_change_no_decision() {
    let scene = Scene::new();
    for ask in scene.asks() {
        for format in ["human", "json"] {
            for streams in [">&-", "2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full"] {
                let output =
                    scene.shell(&format!("exec \"$0\" hook pre-receive --format {format} {streams}"), &ask.lines);
                assert_eq!(output.status.code(), Some(ask.due.map_or(0, |_| 1)), "{streams}: {output:?}");
            }
        }
        let output = scene.shell("exec \"$0\" hook pre-receive <&-", &ask.lines);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no ref update arrived"), "{output:?}");
        let output = scene.shell("exec \"$0\" hook pre-receive </", &ask.lines);
        assert_eq!(output.status.code(), Some(2), "a folder as standard input: {output:?}");
    }
}

#[test]
fn a_reader_that_is_gone_changes_no_decision() {
    let scene = Scene::new();
    for ask in scene.asks() {
        for format in ["human", "json"] {
            let mut command = process::command(REFGATE);
            scene.at_home(&mut command);
            command.args(["hook", "pre-receive", "--format", format]).stdin(Stdio::piped());
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop((child.stdout.take(), child.stderr.take()));
            write_and_close(&mut child, &ask.lines);
            assert_eq!(child.wait().unwrap().code(), Some(ask.due.map_or(0, |_| 1)), "{format}: {}", ask.lines);
        }
    }
}

#[test]
fn neither_home_nor_path_nor_an_absolute_folder_is_needed() {
    let scene = Scene::new();
    for ask in scene.asks() {
        for (folder, git_dir) in [(scene.server.clone(), "."), (scene.sandbox.path().to_owned(), "server.git")] {
            let mut command = Command::new(REFGATE);
            scene.at_home(command.env_clear());
            command.current_dir(folder).env("GIT_DIR", git_dir).args(["hook", "pre-receive"]);
            right(&ask, &process::run(&mut command, ask.lines.as_bytes()).unwrap());
        }
    }
}

#[test]
fn little_memory_few_files_and_no_room_are_answered_or_refused() {
    let scene = Scene::new();
    for ask in scene.asks() {
        for (limit, enough) in [
            // What it allocates; a debug build's own code is larger than that.
            ("-d 65536", true),
            ("-d 8192", false),
            ("-d 2048", false),
            ("-v 32768", false),
            ("-v 20000", false),
            ("-n 12", false),
            ("-n 8", false),
            ("-n 5", false),
            ("-n 3", false),
            ("-f 0", false),
            ("-s 256", false),
        ] {
            let output = scene.shell(&format!("ulimit {limit}; exec \"$0\" hook pre-receive"), &ask.lines);
            if enough {
                right(&ask, &output);
            } else {
                assert!(ask.due.is_none() || !output.status.success(), "ulimit {limit}: {output:?}");
            }
        }
    }
}

#[test]
fn ten_thousand_refs_are_judged_in_64_megabytes() {
    use std::fmt::Write as _;
    let scene = Scene::new();
    // A debug build takes its time.
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n[limits]\nseconds = 600\n").unwrap();
    let lines = |count| {
        (0..count).fold(String::new(), |mut lines, number| {
            let _ = writeln!(lines, "{ZERO} {} refs/heads/n/{number}", scene.base);
            lines
        })
    };
    // What it allocates; a debug build's own code is larger than that.
    let script = "ulimit -d 65536; exec \"$0\" hook pre-receive";
    let good = Ask { lines: lines(10_000), due: None };
    right(&good, &scene.shell(script, &good.lines));
    let bad = Ask { lines: lines(1_000) + &scene.spelling().lines, due: Some("ref-collision") };
    right(&bad, &scene.shell(script, &bad.lines));
}

#[test]
fn a_stream_that_stalls_is_given_up_and_one_without_an_end_is_refused() {
    let scene = Scene::new();
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n[limits]\nseconds = 1\n").unwrap();
    let mut command = process::command(REFGATE);
    scene.at_home(&mut command);
    let mut child = piped(&mut command);
    let kept_open = child.stdin.take();
    let began = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "it waited for {:?}", began.elapsed());
    drop(kept_open);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("no decision was reached within 1 seconds"), "{said}");
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n").unwrap();
    let endless = scene.shell("exec \"$0\" hook pre-receive </dev/zero", "");
    let said = String::from_utf8_lossy(&endless.stderr);
    assert!(endless.status.code() == Some(1) && said.contains("push fewer refs at once"), "{said}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_not_an_empty_one() {
    let scene = Scene::new();
    let config: &Path = &scene.server.join("config");
    fs_err::remove_file(config).unwrap();
    // A folder can be opened and not be read, for root too.
    fs_err::create_dir(config).unwrap();
    for ask in scene.asks() {
        let output = scene.behind(&[], &ask.lines);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        right_or_refused(&ask, &output, false, "");
    }
}
