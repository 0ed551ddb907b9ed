//! `refgate replay`: pasts that are known to the commit, told as the gate would have judged them then.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

/// A client with a clock that a test can set, and perhaps a server.
pub(crate) struct Past {
    sandbox: Sandbox,
    clock: Cell<i64>,
}

/// After the date of the approvals that the corpus writes.
const START: i64 = 1_794_600_000;

impl Past {
    fn new() -> Self {
        let past = Self { sandbox: Sandbox::new(), clock: Cell::new(START) };
        fs_err::create_dir(past.client()).unwrap();
        past.git(&["init", "-q", "-b", "main", "."]);
        past
    }

    /// One with a base, and a server that guards it.
    fn guarded() -> Self {
        let past = Self::new();
        let server = past.sandbox.server();
        past.git(&["remote", "add", "origin", &format!("file://{}", server.display())]);
        past.commit("base", &[("src/a.rs", "one\n"), ("README.md", "# One\n")]);
        past.git(&["push", "-q", "origin", "main"]);
        past
    }

    /// Some weeks of a team that tasks and straight pushes alike come from.
    pub(crate) fn long() -> Self {
        let past = Self::new();
        past.commit("base", &[("src/a.rs", "one\n"), ("README.md", "# One\n")]);
        for number in 0..24_i64 {
            past.clock.set(past.clock.get() + 86_400 + number % 5 * 40_000);
            let (task, file) = (format!("t{number}"), format!("src/part{}.rs", number % 7));
            if number % 3 == 0 {
                past.task(&task, &file);
                past.merge(&["-m", &format!("Merge branch 'autoTest/{task}'"), &format!("autoTest/{task}")]);
            } else {
                past.commit(&format!("Mend the {number}th thing that was found"), &[(&file, &format!("{number}\n"))]);
            }
        }
        past
    }

    pub(crate) fn folder(&self) -> &Path {
        self.sandbox.path()
    }

    fn client(&self) -> PathBuf {
        self.sandbox.path().join("client")
    }

    fn try_git(&self, args: &[&str]) -> Said {
        let mut command = process::command("git");
        let date = format!("{} +0000", self.clock.get());
        command.env("HOME", self.sandbox.path().join("home")).current_dir(self.client()).args(args);
        Said::new(command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).output().unwrap())
    }

    fn git(&self, args: &[&str]) -> String {
        self.try_git(args).must()
    }

    /// Commits these files, a minute after the last commit.
    fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        self.clock.set(self.clock.get() + 60);
        self.sandbox.write(files);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A task's branch, with work in two commits, of which the second finishes it.
    fn task(&self, task: &str, file: &str) -> String {
        let base = self.git(&["rev-parse", "HEAD"]);
        self.git(&["switch", "-q", "-c", &format!("autoTest/{task}")]);
        self.commit(&format!("Work on {task}"), &[(file, "changed\n")]);
        self.sandbox.write_trace(task, &base, &[file]);
        let tip = self.commit(&format!("Finish {task}"), &[]);
        self.git(&["switch", "-q", "main"]);
        tip
    }

    fn merge(&self, args: &[&str]) -> String {
        self.clock.set(self.clock.get() + 60);
        self.git(&[&["merge", "-q", "--no-ff"], args].concat());
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn run(&self, args: &[&str]) -> (i32, Said) {
        self.run_in(&self.client(), args)
    }

    fn run_in(&self, folder: &Path, args: &[&str]) -> (i32, Said) {
        let mut command = process::command(REFGATE);
        let output = command.env("HOME", self.sandbox.path().join("home")).current_dir(folder).args(args).output();
        let output = output.unwrap();
        (output.status.code().unwrap(), Said::new(output))
    }

    /// The replay of main, which holds to its schema; its exit status says whether all could be told.
    fn replay(&self, args: &[&str]) -> Value {
        let (code, said) = self.run(&[&["replay", "main", "--format", "json"], args].concat());
        let value = valid(&said);
        assert_eq!(code == 2, value["undecided"] != json!(0), "{value}");
        value
    }
}

fn valid(said: &Said) -> Value {
    let value: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}{}", said.stdout, said.stderr));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/replay.json");
    let schema: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {value}");
    // A map of serde_json's is sorted.
    assert_eq!(refgate::report::json::line(&value), said.stdout);
    assert!(said.stdout.is_ascii() && said.stdout.ends_with('\n') && said.stdout.lines().count() == 1);
    value
}

/// Of each step: decision, what was assumed, how many commits, the source.
fn told(replay: &Value) -> Vec<(&str, &str, u64, Option<&str>)> {
    let steps = replay["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map(|text| text.to_owned().leak() as &str);
    steps
        .map(|step| {
            let source = text(&step["source"]).map(|source| source.trim_start_matches("refs/heads/"));
            let (decision, assumed) = (text(&step["decision"]).unwrap(), text(&step["assumed"]).unwrap());
            (decision, assumed, step["commits"].as_u64().unwrap(), source)
        })
        .collect()
}

fn rules(step: &Value) -> Vec<&str> {
    step["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn what_a_real_server_let_in_and_refused_is_told_alike() {
    let past = Past::guarded();
    let push = |what: &str| past.try_git(&["push", "-q", "origin", what]);
    past.task("t1", "src/a.rs");
    push("autoTest/t1").must();
    past.git(&["merge", "-q", "--ff-only", "autoTest/t1"]);
    push("main").must();
    past.task("t2", "src/b.rs");
    push("autoTest/t2").must();
    past.merge(&["autoTest/t2"]);
    push("main").must();
    let direct = past.commit("Straight in", &[("src/c.rs", "x\n"), ("a\\b", "x\n")]);
    let refused = push("main");
    assert!(!refused.ok && refused.stderr.contains("direct-push"), "{}", refused.stderr);
    let (_, check) = past.run(&["check", "--ref", "main", "--format", "json"]);
    let check: Value = serde_json::from_str(&check.stdout).unwrap();
    // As it was before there was a gate.
    let server = past.sandbox.path().join("server.git");
    let client = past.client();
    past.sandbox.git_in(&server, ["fetch", "-q", client.to_str().unwrap(), "main:main"]).must();
    past.git(&["fetch", "-q", "origin"]);
    past.git(&["remote", "set-head", "origin", "--auto"]);

    let replay = past.replay(&[]);
    assert_eq!(
        told(&replay),
        [
            ("accept", "nothing", 1, None),
            ("accept", "fast-forward", 2, Some("autoTest/t1")),
            ("accept", "trace", 1, Some("autoTest/t2")),
            ("refuse", "nothing", 1, None),
        ],
        "{replay}"
    );
    let last = &replay["steps"][3];
    assert_eq!((&last["new"], &last["findings"]), (&json!(direct), &check["updates"][0]["findings"]));
    assert!(rules(last).contains(&"direct-push") && rules(last).contains(&"path-name"), "{last}");
    assert_eq!(replay["steps"][1]["task"], "t1");
    assert_eq!((&replay["from"], &replay["to"]), (&Value::Null, &json!(direct)));
    assert_eq!((&replay["accepted"], &replay["refused"], &replay["undecided"]), (&json!(3), &json!(1), &json!(0)));
}

#[test]
fn every_step_of_a_past_without_a_gate_gets_the_findings_of_a_check() {
    let past = Past::new();
    past.commit("base", &[("src/a.rs", "one\n"), ("docs/a.md", "one\n")]);
    let mut values = vec![past.git(&["rev-parse", "HEAD"])];
    for number in 0..70 {
        let (path, text) = (format!("src/{}.rs", number % 7), format!("{number}\n"));
        if number % 20 == 3 {
            // A clock that is behind.
            past.clock.set(past.clock.get() - 80_000);
        }
        values.push(past.commit("Straight in", &[(&path, &text), ("Docs/A.md", &text)]));
    }
    let replay = past.replay(&[]);
    let steps = replay["steps"].as_array().unwrap();
    assert_eq!(steps.len(), values.len());
    for (pair, step) in values.windows(2).zip(&steps[1..]).step_by(7) {
        let date = past.git(&["show", "-s", "--format=%cI", &pair[1]]);
        let args =
            ["check", "--ref", "main", "--base", &pair[0], "--head", &pair[1], "--at", &date, "--format", "json"];
        let check: Value = serde_json::from_str(&past.run(&args).1.stdout).unwrap();
        assert_eq!((&step["old"], &step["new"]), (&json!(pair[0]), &json!(pair[1])));
        assert_eq!((&step["findings"], &step["decision"]), (&check["updates"][0]["findings"], &check["decision"]));
    }
    let collide = steps.iter().filter(|step| rules(step).contains(&"path-collision")).count();
    assert_eq!(collide, 1);
}

#[test]
fn merges_are_named_by_the_trace_else_by_the_message_and_are_held_against_the_same_merge() {
    let past = Past::new();
    past.commit("base", &[("src/a.rs", "one\n")]);
    past.git(&["switch", "-q", "-c", "topic"]);
    past.commit("Guide", &[("docs/guide.md", "x\n")]);
    past.git(&["switch", "-q", "main"]);
    past.merge(&["topic"]);
    past.task("t1", "src/a.rs");
    past.merge(&["-m", "whatever", "autoTest/t1"]);
    // An evil one: the merge brings what neither side has.
    past.task("t2", "src/b.rs");
    past.git(&["merge", "-q", "--no-ff", "--no-commit", "autoTest/t2"]);
    past.commit("Merge branch 'autoTest/t2'", &[("src/evil.rs", "x\n")]);
    // Nobody says of what, and an octopus.
    past.git(&["switch", "-q", "-c", "one"]);
    past.commit("one", &[("docs/one.md", "x\n")]);
    past.git(&["switch", "-q", "-c", "two", "main"]);
    past.commit("two", &[("docs/two.md", "x\n")]);
    past.git(&["switch", "-q", "main"]);
    past.merge(&["-m", "merged", "one"]);
    past.git(&["switch", "-q", "-c", "three", "main"]);
    past.commit("three", &[("docs/three.md", "x\n")]);
    past.git(&["switch", "-q", "main"]);
    past.commit("so that it is one", &[]);
    past.merge(&["-m", "three sides", "two", "three"]);
    let replay = past.replay(&[]);
    assert_eq!(
        told(&replay),
        [
            ("accept", "nothing", 1, None),
            ("accept", "message", 1, Some("topic")),
            ("accept", "trace", 1, Some("autoTest/t1")),
            ("refuse", "trace", 1, Some("autoTest/t2")),
            ("refuse", "nothing", 1, None),
            ("refuse", "nothing", 1, None),
            ("refuse", "nothing", 1, None),
        ],
        "{replay}"
    );
    let steps = &replay["steps"];
    assert!(rules(&steps[3]).contains(&"merge-not-clean"), "{}", steps[3]);
    assert_eq!(rules(&steps[4]), ["direct-push"], "{replay}");
    assert_eq!(rules(&steps[6]), ["direct-push", "octopus"], "{replay}");
}

#[test]
fn a_task_that_took_up_main_hides_no_value_that_main_had() {
    let past = Past::new();
    let base = past.commit("base", &[("src/a.rs", "one\n")]);
    past.git(&["switch", "-q", "-c", "autoTest/t1"]);
    past.commit("Work", &[("src/a.rs", "two\n")]);
    past.git(&["switch", "-q", "main"]);
    let other = past.commit("Straight in", &[("src/b.rs", "x\n")]);
    past.git(&["switch", "-q", "autoTest/t1"]);
    past.merge(&["main"]);
    past.sandbox.write_trace("t1", &base, &["src/a.rs"]);
    let tip = past.commit("Finish t1", &[]);
    past.git(&["switch", "-q", "main"]);
    past.git(&["merge", "-q", "--ff-only", "autoTest/t1"]);
    let replay = past.replay(&[]);
    let expected = [
        ("accept", "nothing", 1, None),
        ("refuse", "nothing", 1, None),
        ("accept", "fast-forward", 2, Some("autoTest/t1")),
    ];
    let (steps, seen) = (&replay["steps"], told(&replay));
    assert_eq!((seen[0], seen[1]), (expected[0], expected[1]), "{replay}");
    assert_eq!((&steps[1]["new"], &steps[2]["old"], &steps[2]["new"]), (&json!(other), &json!(other), &json!(tip)));
    assert_eq!((seen[2].1, seen[2].2, seen[2].3), (expected[2].1, expected[2].2, expected[2].3), "{replay}");
    assert!(!rules(&steps[2]).contains(&"direct-push"), "{replay}");
}

#[test]
fn a_span_is_named_by_values_and_by_dates_and_only_by_what_the_branch_was() {
    let past = Past::new();
    let values: Vec<String> = (0..5)
        .map(|day| {
            past.clock.set(START + day * 86_400);
            past.commit("Straight in", &[("src/a.rs", &day.to_string())])
        })
        .collect();
    let news = |args: &[&str]| {
        let replay = past.replay(args);
        let steps = replay["steps"].as_array().unwrap().clone();
        steps.iter().map(|step| step["new"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let day = |day: i64| past.git(&["show", "-s", "--format=%cs", &values[usize::try_from(day).unwrap()]]);
    assert_eq!(news(&[]), values);
    assert_eq!(news(&["--since", &values[1]]), values[2..]);
    assert_eq!(news(&["--since", "main~2", "--until", "main~1"]), values[3..4]);
    assert_eq!(news(&["--since", &day(1), "--until", &day(3)]), values[1..4]);
    assert_eq!(news(&["--since", "2030-01-01T00:00:00Z"]), Vec::<String>::new());
    let never = past.git(&["commit-tree", "-m", "elsewhere", "main^{tree}"]);
    for args in [["--since", &never], ["--until", &never], ["--until", "2001-01-01"], ["--since", "nothing"]] {
        let (code, said) = past.run(&[&["replay", "main"], &args[..]].concat());
        assert!(
            code == 2 && said.stdout.is_empty() && said.stderr.starts_with("refgate: "),
            "{args:?}: {}",
            said.stderr
        );
    }
    let (code, said) = past.run(&["replay", "nothing"]);
    assert!(code == 2 && said.stderr.contains("no branch that is known here"), "{}", said.stderr);
    // What a branch no longer holds is not in its past.
    past.git(&["reset", "-q", "--hard", "HEAD~2"]);
    assert_eq!(news(&[]), values[..3]);
}

#[test]
fn another_branch_is_judged_from_where_it_left_the_trusted_one_as_if_it_were_protected() {
    let past = Past::new();
    past.commit("base", &[("src/a.rs", "one\n")]);
    let left = past.commit("more", &[("src/a.rs", "two\n")]);
    past.git(&["switch", "-q", "-c", "develop"]);
    let own = past.commit("Straight in", &[("src/b.rs", "x\n")]);
    past.git(&["switch", "-q", "main"]);
    past.commit("later", &[("src/a.rs", "three\n")]);
    let (code, said) = past.run(&["replay", "develop", "--format", "json", "--exit-code"]);
    let replay = valid(&said);
    assert_eq!((code, &replay["from"], &replay["to"]), (1, &json!(left), &json!(own)));
    assert_eq!(rules(&replay["steps"][0]), ["direct-push"]);
    assert!(replay["notes"][0].as_str().unwrap().contains("as if the policy protected the branch"), "{replay}");
}

#[test]
fn the_policy_of_today_judges_and_says_what_to_begin_with() {
    let past = Past::new();
    past.commit("base", &[("src/a.rs", "one\n")]);
    past.commit("One", &[("src/a.rs", "two\n")]);
    past.commit("Two", &[("a\\b", "x\n"), ("src/a.rs", "three\n")]);
    let (code, said) = past.run(&["replay", "main"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines[0], "refgate: replay of main: 3 steps from 2026-11-13 to 2026-11-13");
    assert!(lines.contains(&"  1 would be accepted, 2 refused, 0 undecided"), "{}", said.stdout);
    assert!(lines.contains(&"        2  direct-push (1 by it alone)"), "{}", said.stdout);
    assert!(lines.contains(&"  direct-push = \"evaluate\"") && lines.contains(&"  [rules]"), "{}", said.stdout);
    let (code, with) = past.run(&["replay", "main", "--exit-code"]);
    assert_eq!((code, &with.stdout), (1, &said.stdout));
    past.sandbox
        .write(&[("tried.toml", "version = 1\n[rules]\ndirect-push = \"evaluate\"\npath-name = \"evaluate\"\n")]);
    let replay = past.replay(&["--policy", "tried.toml", "--exit-code"]);
    assert_eq!((&replay["accepted"], &replay["refused"]), (&json!(3), &json!(0)), "{replay}");
    let rule = json!({"alone": 0, "lowers": true, "refused": 0, "reported": 2, "rule": "direct-push"});
    assert!(replay["rules"].as_array().unwrap().contains(&rule), "{replay}");
}

#[test]
fn what_a_shallow_clone_lacks_leaves_its_steps_undecided() {
    let past = Past::new();
    for number in 0..6 {
        past.commit("Straight in", &[("src/a.rs", &number.to_string())]);
    }
    let url = format!("file://{}", past.client().display());
    for depth in ["1", "3"] {
        let shallow = past.sandbox.path().join(format!("shallow{depth}"));
        past.git(&["clone", "-q", "--depth", depth, &url, shallow.to_str().unwrap()]);
        let (code, said) = past.run_in(&shallow, &["replay", "main"]);
        assert_eq!(code, 2, "{}", said.stdout);
        assert!((said.stdout + &said.stderr).contains("history is cut off"));
    }
}

#[test]
fn whatever_people_call_themselves_and_their_files_stays_text() {
    let past = Past::new();
    past.commit("base", &[("src/a.rs", "one\n")]);
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>\u{1b}]0;x\u{7}";
    let path = "src/<svg onload=alert(1)>\u{1b}[31m.rs";
    past.sandbox.write(&[(path, "x\n")]);
    past.git(&["add", "-A"]);
    past.git(&["commit", "-q", "--author", "&amp;\u{1b}[2J\u{202e} <a@example.com>", "-m", evil]);
    past.git(&["switch", "-q", "-c", "<b>"]);
    past.commit("work", &[("src/b.rs", "x\n")]);
    past.git(&["switch", "-q", "main"]);
    past.merge(&["<b>"]);
    let (_, human) = past.run(&["replay", "main"]);
    assert!(human.stdout.bytes().all(|byte| byte == b'\n' || (0x20..=0x7e).contains(&byte)), "{}", human.stdout);
    let (code, html) = past.run(&["replay", "main", "--format", "html"]);
    assert_eq!(code, 0);
    for markup in
        ["<script", "<img", "<svg onload", "<b>&lt;", "<b><", "onerror=alert(1)>", "\u{1b}", "\u{202e}", "://"]
    {
        assert!(!html.stdout.contains(markup), "{markup:?}: {}", html.stdout);
    }
    assert!(
        html.stdout.contains("&lt;script&gt;alert(1)")
            && html.stdout.contains("&lt;svg onload")
            && html.stdout.contains("<bdi>&amp;amp;\\u{1b}[2J\\u{202e}</bdi>"),
        "{}",
        html.stdout
    );
    assert!(html.stdout.contains("from <bdi>&lt;b&gt;</bdi>"), "{}", html.stdout);
    assert_eq!(html.stdout.matches("<details>").count(), html.stdout.matches("</details>").count());
    assert_eq!(past.replay(&[])["refused"], 2);
}
