//! `[[notify]]`: who is told of which pushes, that no push waits for it, and that nothing is lost.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{REFGATE, Said, Scene};
use crate::corpus::process;

const POLICY: &str = "[roles]\npresence = \"any\"\nrollback = { principals = [\"bob@example.com\"] }\n\
                      override = { principals = [\"bob@example.com\", \"alice\"] }\n";
const ALL: &str = "\"promotion\", \"refusal\", \"override\", \"rollback\"";

impl Scene {
    /// A script that is told of what `on` says.
    fn tells(&self, name: &str, on: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        let script = format!("#!/bin/sh\ncd '{}'\n{script}\n", self.sandbox.path().display());
        fs_err::write(&path, script).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.notify(&format!("on = [{on}]\ncommand = [\"{}\", \"an argument\"]", path.display()));
        path
    }

    fn notify(&self, table: &str) {
        let file = self.server.join("refgate/server.toml");
        let text = fs_err::read_to_string(&file).unwrap();
        fs_err::write(&file, text.replace("[floor]\n", &format!("[[notify]]\n{table}\n[floor]\n"))).unwrap();
    }

    /// A push that the gate refuses.
    #[track_caller]
    fn refused(&self) -> Said {
        self.sandbox.git(["checkout", "-q", "-B", "direct", "origin/main"]).must();
        self.sandbox.write(&[("src/direct.rs", "direct\n")]);
        self.sandbox.commit("direct");
        let said = self.sandbox.push(["direct:main"]);
        assert!(!said.ok && said.stderr.contains("direct-push"), "{}", said.stderr);
        said
    }

    fn log(&self) -> String {
        fs_err::read_to_string(self.server.join("refgate/notify/failures.log")).unwrap_or_default()
    }

    fn by_hand(&self, args: &[&str]) -> (i32, Said) {
        let server = self.server.display().to_string();
        self.run_in(self.sandbox.path(), &[&["notify", "--repo", &server], args].concat())
    }

    /// What was written to a file, line by line, once so many lines are there.
    #[track_caller]
    fn lines(&self, file: &str, count: usize) -> Vec<Value> {
        let text = || fs_err::read_to_string(self.path(file)).unwrap_or_default();
        until(|| text().lines().count() >= count, || format!("{file}: {}\n{}", text(), self.log()));
        text().lines().map(event).collect()
    }
}

/// Waits for what another process does.
#[track_caller]
fn until(done: impl Fn() -> bool, else_: impl Fn() -> String) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came: {}", else_());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An event, held against its schema.
#[track_caller]
fn event(line: &str) -> Value {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/notify.json");
    let schema: Value = serde_json::from_str(&fs_err::read_to_string(schema).unwrap()).unwrap();
    let value: Value = serde_json::from_str(line).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {value}");
    assert_eq!(serde_json::to_string(&value).unwrap(), line, "the keys are sorted, and all is ASCII");
    value
}

fn of<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

/// What this process has open.
fn open_files() -> impl Iterator<Item = PathBuf> {
    fs_err::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs_err::read_link(entry.unwrap().path()).ok())
}

fn receipt(said: &Said) -> String {
    let words = said.stderr.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ");
    words.split_once("refgate: receipt ").unwrap().1.split(' ').next().unwrap().to_owned()
}

#[test]
fn each_kind_of_event_comes_from_the_ledger_and_holds_no_statement() {
    let scene = Scene::new(POLICY);
    // Before anybody asked to be told.
    scene.task("t0", "src/z.rs", "z\n");
    scene.sandbox.push(["autoTest/t0:main"]).must();
    let mut install = process::command(REFGATE);
    install.args(["install", "server", "--actor", "env:FORGE_USER", "--repo"]).arg(&scene.server);
    Said::new(install.output().unwrap()).must();
    scene.tells("all", ALL, "cat >> told");
    scene.tells("some", "\"rollback\"", "cat >> some.told");
    scene.sandbox.git(["fetch", "-q"]).must();

    scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t1", "origin/main"]).must();
    scene.sandbox.write(&[("src/b.rs", "b\n")]);
    scene.sandbox.write_trace("t1", &scene.main(), &["src/b.rs"]);
    fs_err::remove_dir_all(scene.client().join(".ai-stack-trace/t1/gemini")).unwrap();
    let tip = scene.sandbox.commit("t1 without its second audit");
    scene.shell("FORGE_USER=alice git push -q origin autoTest/t1").must();
    let refused = scene.shell("FORGE_USER=alice git push -q origin autoTest/t1:main");
    assert!(!refused.ok);
    let (request, key) = (scene.path("r.json").display().to_string(), scene.path("bob").display().to_string());
    let ask = ["override", "request", "--ref", "main", "--head", &tip, "--pusher", "alice", "--output", &request];
    let sign =
        ["override", "sign", &request, "--principal", "bob@example.com", "--key", &key, "--yes", "--reason", "now"];
    for args in [&ask[..], &sign[..]] {
        let (code, said) = scene.run_in(&scene.client(), args);
        assert_eq!(code, 0, "{args:?}: {}{}", said.stdout, said.stderr);
    }
    let before = scene.main();
    scene.promoted(&["t1"], 0, &["promoted"]);
    let (code, said) = scene.run_in(&scene.client(), &["rollback", "--reason", "no login", "--key", &key]);
    assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);

    let told = scene.lines("told", 4);
    let kinds: Vec<&str> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["refusal", "promotion", "override", "rollback"]);
    let refusal = of(&told, "refusal")[0];
    assert_eq!((&refusal["receipt"], &refusal["actor"]), (&receipt(&refused).into(), &"alice".into()));
    assert_eq!(refusal["updates"][0]["rules"]["artifact-missing"], 1);
    let promotion = of(&told, "promotion")[0];
    let moved = &promotion["updates"][0];
    assert_eq!((&moved["ref"], &moved["old"], &moved["new"]), (&"refs/heads/main".into(), &before.into(), &tip.into()));
    assert_eq!((&moved["way"], &moved["task"]), (&"task".into(), &"t1".into()));
    assert_eq!(promotion["updates"].as_array().unwrap().len(), 1, "the statement's own ref is no promotion");
    let waived = of(&told, "override")[0];
    assert_eq!(
        (&waived["overrides"][0]["principal"], &waived["receipt"]),
        (&"bob@example.com".into(), &promotion["receipt"])
    );
    assert!(waived["overrides"][0]["justification"].as_str().unwrap().starts_with("now"));
    let back = of(&told, "rollback")[0];
    assert_eq!((&back["updates"][0]["way"], &back["updates"][0]["new"]), (&"rollback".into(), &scene.main().into()));
    assert_eq!(scene.lines("some.told", 1), std::slice::from_ref(back));
    let text = fs_err::read_to_string(scene.path("told")).unwrap();
    for secret in ["signature", "SSH", "payload", "statement"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(scene.log(), "");
    // The record that is named is the one that stands there.
    let record = &back["record"];
    let place = format!("{}:{}", record["sequence"], record["hash"].as_str().unwrap());
    let server = scene.server.display().to_string();
    let (code, said) = scene.run_in(&scene.client(), &["ledger", "show", &place, "--repo", &server]);
    assert!(code == 0 && said.stdout.contains("event    rolled-back"), "{}{}", said.stdout, said.stderr);
}

#[test]
fn no_push_waits_for_whoever_is_told_and_the_pusher_has_no_word_in_it() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    let script = "cut -d ' ' -f 6 /proc/$$/stat > session; env > env; readlink /proc/$PPID/fd/* > files\n\
                  printf '%s\\n' \"$@\" > args; cat > body; sleep 25; touch slept";
    scene.tells("slow", "\"promotion\", \"refusal\"", script);
    let begun = Instant::now();
    scene.sandbox.git(["config", "receive.advertisePushOptions", "true"]).must();
    scene.sandbox.git(["checkout", "-q", "-B", "direct", "origin/main"]).must();
    scene.sandbox.write(&[("src/direct.rs", "direct\n")]);
    scene.sandbox.commit("$(touch pwned)");
    let name = "HEAD:refs/heads/main";
    let hostile = "HEAD:refs/heads/x\";touch${IFS}pwned;'$(touch${IFS}pwned)`touch${IFS}pwned`";
    let said = scene.sandbox.git(["push", "-o", "$(touch pwned)", "origin", name, hostile]);
    assert!(!said.ok && said.stderr.contains("direct-push"), "{}", said.stderr);
    scene.promoted(&["t1"], 0, &["promoted"]);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    until(|| scene.path("body").exists() && !scene.path("slept").exists(), || scene.log());
    let read = |name: &str| fs_err::read_to_string(scene.path(name)).unwrap();
    until(|| read("body").ends_with('\n'), || scene.log());
    let own = fs_err::read_to_string("/proc/self/stat").unwrap();
    assert_ne!(Some(read("session").trim()), own.rsplit(") ").next().unwrap().split(' ').nth(3));
    // Whoever runs the tests may have left files open to all of them.
    let ours: BTreeSet<PathBuf> = open_files().collect();
    let held =
        read("files").lines().map(PathBuf::from).filter(|file| !file.is_absolute() && !ours.contains(file)).count();
    assert_eq!(held, 0, "{}", read("files"));
    assert_eq!(read("args"), "an argument\n");
    let env = read("env");
    assert!(!env.contains("GIT_") && !env.contains("pwned"), "{env}");
    let event = event(read("body").trim_end());
    let refs: Vec<&str> = event["updates"].as_array().unwrap().iter().map(|one| one["ref"].as_str().unwrap()).collect();
    assert!(refs.iter().any(|name| name.contains("'$(touch${IFS}pwned)`")), "{refs:?}");
    for folder in [scene.sandbox.path(), &scene.server, &scene.client()] {
        assert!(!folder.join("pwned").exists());
    }
}

#[test]
fn what_fails_is_noted_keeps_nobody_else_from_being_told_and_can_be_told_again() {
    let scene = Scene::new("");
    let broken = scene.tells("broken", "\"refusal\"", "echo 'no room' >&2; exit 7");
    scene.tells("works", "\"refusal\"", "cat >> told");
    scene.notify("on = [\"refusal\"]\ncommand = [\"/no/such/program\"]");
    let said = scene.refused();
    assert!(!said.stderr.contains("no room") && !said.stderr.contains("no/such"), "{}", said.stderr);
    assert_eq!(scene.lines("told", 1)[0]["receipt"], receipt(&said).as_str());
    until(|| scene.log().lines().count() == 2, || scene.log());
    let log = scene.log();
    assert!(log.contains(&format!("{} record ", broken.display())) && log.contains("; no room"), "{log}");
    assert!(log.contains("/no/such/program cannot be started"), "{log}");
    let doctor = |word: &str| {
        let (_, said) = scene.run_in(&scene.client(), &["doctor", "--server", &scene.server.display().to_string()]);
        assert!(said.stdout.contains(word), "{word}: {}", said.stdout);
    };
    doctor("notify-failed");
    doctor("2 times, last: ");
    doctor("notify-no-program");
    let number = receipt(&said);
    let number = number.split(':').next().unwrap();
    fs_err::write(&broken, format!("#!/bin/sh\ncat >> '{}'\n", scene.path("mended").display())).unwrap();
    let (code, said) = scene.by_hand(&["--from", number]);
    assert_eq!(code, 1, "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("told of 1\n") && said.stdout.contains("told of 0, not of 1"), "{}", said.stdout);
    let told = scene.lines("told", 2);
    assert_eq!((told.len(), &told[0]), (2, &told[1]), "told once more, in the same words");
    assert_eq!(scene.lines("mended", 1), told[..1]);
    // Nothing is new.
    let (code, said) = scene.by_hand(&[]);
    assert!(code == 0 && said.stdout.matches("told of 0\n").count() == 3, "{}{}", said.stdout, said.stderr);
}

#[test]
fn whoever_is_killed_while_telling_is_followed_by_one_who_goes_on() {
    let scene = Scene::new("");
    scene.tells("all", ALL, "test -e killed || { touch killed; kill -9 $PPID; exit 1; }\ncat >> told");
    let first = receipt(&scene.refused());
    until(|| scene.path("killed").exists(), || scene.log());
    std::thread::sleep(Duration::from_millis(300));
    assert!(!scene.path("told").exists());
    let second = receipt(&scene.refused());
    let told = scene.lines("told", 2);
    let receipts: Vec<&str> = told.iter().map(|event| event["receipt"].as_str().unwrap()).collect();
    assert_eq!(receipts, [first, second]);
    assert_eq!(scene.log(), "");
}

#[test]
fn of_many_pushes_at_once_each_is_told_once() {
    let scene = Scene::new("");
    scene.tells("all", ALL, "cat >> told");
    let _ = scene.refused();
    scene.sandbox.git(["config", "--unset", "remote.origin.fetch"]).must();
    let client = &scene.client();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut push = process::command("git");
                push.current_dir(client).args(["push", "-q", "origin", "HEAD:refs/heads/main"]);
                assert!(!push.output().unwrap().status.success());
            });
        }
    });
    let told = scene.lines("told", 7);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(scene.lines("told", 7).len(), 7);
    let numbers: Vec<u64> = told.iter().map(|event| event["record"]["sequence"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
}

#[test]
fn the_clock_s_own_answer_is_told_too() {
    let scene = Scene::new("");
    scene.tells("all", ALL, "cat >> told");
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n[limits]\nseconds = 1\n").unwrap();
    let mut hook = process::command(REFGATE);
    hook.args(["hook", "pre-receive", "--guarded"]).current_dir(&scene.server).env("GIT_DIR", ".");
    // Nobody ever says what is pushed.
    let mut hook = hook.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let held = hook.stdin.take();
    assert_eq!(hook.wait().unwrap().code(), Some(2));
    drop(held);
    let told = scene.lines("told", 1);
    assert_eq!((&told[0]["event"], &told[0]["decision"]), (&"refusal".into(), &"undecided".into()));
    assert_eq!(told[0]["problem"], "no decision was reached within 1 seconds");
}

// ---- webhooks -------------------------------------------------------------------------------------------------------

/// A post that came: its headers, in lowercase, and its body.
struct Post {
    head: Vec<String>,
    body: String,
}

impl Post {
    fn header(&self, name: &str) -> &str {
        let begin = format!("{name}: ");
        self.head.iter().find_map(|line| line.strip_prefix(&begin)).unwrap_or_else(|| panic!("{name}: {:?}", self.head))
    }
}

/// Takes posts and answers them with these statuses.
fn listen(listener: TcpListener, answers: &'static [u16]) -> std::thread::JoinHandle<Vec<Post>> {
    std::thread::spawn(move || {
        let take = |status: &u16| {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut reader = BufReader::new(stream);
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim_end().to_owned();
                if line.is_empty() {
                    break;
                }
                head.push(match line.split_once(": ") {
                    Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
                    None => line,
                });
            }
            let mut post = Post { head, body: String::new() };
            let length: u64 = post.header("content-length").parse().unwrap();
            reader.by_ref().take(length).read_to_string(&mut post.body).unwrap();
            let answer = format!("HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            post
        };
        answers.iter().map(take).collect()
    })
}

/// The signature by another program.
fn signed(secret: &[u8], text: &str) -> String {
    let key: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut openssl = process::command("openssl");
    openssl.args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{key}"), "-binary"]);
    format!("v1,{}", STANDARD.encode(process::must(&mut openssl, text.as_bytes()).unwrap()))
}

#[test]
fn a_webhook_is_posted_to_signed_and_tried_again() {
    let scene = Scene::new("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Neither an error nor a way elsewhere is an answer that counts.
    let posts = listen(listener, &[500, 302, 204]);
    let (secret, file) = ([9; 32], scene.path("secret"));
    fs_err::write(&file, format!("whsec_{}\n", STANDARD.encode(secret))).unwrap();
    fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = format!("http://127.0.0.1:{port}/hook?key=\\\\\\\"");
    scene.notify(&format!("on = [\"refusal\"]\nurl = \"{url}\"\nsecret_file = \"{}\"", file.display()));
    let said = scene.refused();
    let posts = posts.join().unwrap();
    for post in &posts {
        assert_eq!(post.head[0], "POST /hook?key=\\\" HTTP/1.1", "{:?}", post.head);
        let (id, time) = (post.header("webhook-id"), post.header("webhook-timestamp"));
        let due = signed(&secret, &format!("{id}.{time}.{}", post.body));
        assert_eq!(post.header("webhook-signature"), due);
        assert_eq!((post.header("content-type"), id), ("application/json", posts[0].header("webhook-id")));
        assert_eq!(post.body, posts[0].body);
        let age = jiff::Timestamp::now().as_second() - time.parse::<i64>().unwrap();
        assert!((-1..60).contains(&age), "{age}");
    }
    let event = event(posts[0].body.trim_end());
    assert_eq!((&event["event"], &event["receipt"]), (&"refusal".into(), &receipt(&said).into()));
    assert_eq!(event["record"]["hash"], posts[0].header("webhook-id"));
    assert_eq!(scene.log(), "");
}

#[test]
fn without_its_secret_or_an_answer_nothing_is_told_and_that_is_noted() {
    let scene = Scene::new("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let secret = scene.path("secret");
    let table = |host: &str| {
        format!("on = [\"refusal\"]\nurl = \"http://{host}/token-in-the-path\"\nsecret_file = \"{}\"", secret.display())
    };
    scene.notify(&table(&address.to_string()));
    let _ = scene.refused();
    until(|| scene.log().contains("cannot be opened"), || scene.log());
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nothing is sent that is not signed");
    fs_err::write(&secret, STANDARD.encode([9; 32])).unwrap();
    drop(listener);
    let said = scene.refused();
    until(|| scene.log().contains("curl ended with"), || scene.log());
    let log = scene.log();
    assert!(!log.contains("token-in-the-path") && !log.contains(&STANDARD.encode([9; 32])), "{log}");
    assert!(log.contains(&format!(" record {}: ", receipt(&said).split(':').next().unwrap())), "{log}");
    let doctor = |word: &str| {
        let (_, said) = scene.run_in(&scene.client(), &["doctor", "--server", &scene.server.display().to_string()]);
        assert!(said.stdout.contains(word), "{word}: {}", said.stdout);
    };
    fs_err::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    doctor("notify-secret-open");
    fs_err::write(&secret, "short").unwrap();
    doctor("notify-no-secret");
}

#[test]
fn whatever_is_wrong_with_telling_the_answer_is_the_same() {
    let scene = Scene::new("");
    scene.tells("all", ALL, "cat >> told");
    // A file stands where the folder would be.
    fs_err::write(scene.server.join("refgate/notify"), "").unwrap();
    let _ = scene.refused();
    scene.task("t1", "src/b.rs", "b\n");
    scene.promoted(&["t1"], 0, &["promoted"]);
    fs_err::remove_file(scene.server.join("refgate/notify")).unwrap();
    // A ledger that is another than the one that was told of.
    let _ = scene.refused();
    scene.lines("told", 1);
    let folder = fs_err::read_dir(scene.server.join("refgate/notify")).unwrap();
    let folder = folder.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    fs_err::write(folder.join("told"), format!("1:{}\n", "ab".repeat(32))).unwrap();
    let _ = scene.refused();
    until(|| scene.log().contains("does not hold"), || scene.log());
    let _ = scene.refused();
    assert_eq!(scene.lines("told", 2).len(), 2);
    let text = fs_err::read_to_string(scene.server.join("refgate/server.toml")).unwrap();
    fs_err::write(scene.server.join("refgate/server.toml"), text.replace("command =", "commands =")).unwrap();
    let said = scene.sandbox.push(["direct:refs/heads/topic"]);
    assert!(!said.ok && said.stderr.contains("UNDECIDED"), "{}", said.stderr);
    let (code, said) = scene.by_hand(&[]);
    assert!(code == 2 && said.stderr.contains("server.toml:"), "{}", said.stderr);
    let (code, said) = scene.run_in(&scene.client(), &["notify"]);
    assert!(code == 2 && said.stderr.contains("no gate is installed here"), "{}", said.stderr);
}
