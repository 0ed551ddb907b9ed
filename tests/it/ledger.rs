//! `refgate ledger` on ledgers as the gate leaves them and as somebody with an editor does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use refgate::finding::Decision;
use refgate::ledger::record::{Decided, Moved, Opened, Update};
use refgate::ledger::{Head, Ledger, Receipt};
use refgate::oid::{ObjectFormat, Oid};
use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

const MAIN: &str = "refs/heads/main";

/// A bare repository whose main was pushed twice, and one refused push between.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
    tips: Vec<String>,
    receipts: Vec<Receipt>,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.path().join("server.git");
        Said::new(process::command("git").args(["init", "-q", "--bare", "-b", "main"]).arg(&server).output().unwrap())
            .must();
        sandbox.clone(&format!("file://{}", server.display()));
        let mut scene = Self { sandbox, server, tips: Vec::new(), receipts: Vec::new() };
        let mut old = "0".repeat(40);
        for (second, name) in ["first", "second"].iter().enumerate() {
            let new = scene.sandbox.commit(name);
            let minute = second as i64 * 60;
            scene.decide(minute, Decision::Refuse, &old, &new);
            scene.decide(minute + 10, Decision::Accept, &old, &new);
            scene.sandbox.push(["main"]).must();
            let mut writer = scene.ledger().lock(at(minute + 20)).unwrap();
            scene.receipts.push(writer.apply(&[moved(&old, &new)]).unwrap().unwrap());
            writer.commit().unwrap();
            scene.tips.push(new.clone());
            old = new;
        }
        scene
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.server.join("refgate/ledger"))
    }

    fn segment(&self) -> PathBuf {
        self.server.join("refgate/ledger/00000001.jsonl")
    }

    fn decide(&mut self, second: i64, decision: Decision, old: &str, new: &str) {
        let mut writer = self.ledger().lock(at(second)).unwrap();
        if writer.is_new() {
            writer.open(Opened::of(ObjectFormat::Sha1, Some("shop".into()), &BTreeMap::new(), |_| true)).unwrap();
        }
        let refused = decision == Decision::Refuse;
        let update = Update {
            moved: moved(old, new),
            class: "protected".into(),
            task: Some("t1".into()),
            source: Some("refs/heads/autoTest/t1".into()),
            way: None,
            problem: None,
            counts: if refused { [("direct-push".to_owned(), 2)].into() } else { BTreeMap::new() },
            findings: Vec::new(),
        };
        let decided = Decided {
            decision,
            actor: Some(if refused { "=mallory,\u{1b}[2J" } else { "alice" }.into()),
            input: None,
            policy: Some("cd".repeat(32)),
            problem: None,
            bootstrap: false,
            overrides: Vec::new(),
            updates: vec![update],
            omitted: 0,
        };
        self.receipts.push(writer.decide(decided).unwrap());
        writer.commit().unwrap();
    }

    fn run(&self, args: &[&str]) -> (i32, Said) {
        let (name, rest) = args.split_first().unwrap();
        let mut command = process::command(REFGATE);
        command.args(["ledger", name, "--repo"]).arg(&self.server).args(rest);
        let output = command.output().unwrap();
        (output.status.code().unwrap(), Said::new(output))
    }

    fn says(&self, args: &[&str]) -> String {
        let (code, said) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {}{}", said.stdout, said.stderr);
        assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
        said.stdout
    }

    /// The numbers of the records that `log` lists.
    fn log(&self, args: &[&str]) -> Vec<u64> {
        let text = self.says(&[&["log", "--format", "json"], args].concat());
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_u64().unwrap()).collect()
    }
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn moved(old: &str, new: &str) -> Moved {
    let oid = |hex: &str| Oid::from_hex(hex.as_bytes()).unwrap();
    Moved { name: MAIN.into(), old: oid(old), new: oid(new) }
}

#[test]
fn log_lists_newest_first_and_filters() {
    let scene = Scene::new();
    assert_eq!(scene.log(&[]), [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(scene.log(&["-n", "2"]), [7, 6]);
    assert_eq!(scene.log(&["--decision", "refused"]), [5, 2]);
    assert_eq!(scene.log(&["--decision", "accepted", "--decision", "applied"]), [7, 6, 4, 3]);
    assert_eq!(scene.log(&["--actor", "alice"]), [6, 3]);
    assert_eq!(scene.log(&["--rule", "direct-push", "--task", "t1"]), [5, 2]);
    assert_eq!(scene.log(&["--ref", "refs/heads/m*"]), [7, 6, 5, 4, 3, 2]);
    assert_eq!(scene.log(&["--ref", "refs/tags/*"]), [0; 0]);
    assert_eq!(scene.log(&["--since", &at(60).to_string(), "--until", &at(70).to_string()]), [6, 5]);
    let (day, before, after) = ("2027-01-15", "2027-01-14", "2027-01-16");
    assert_eq!(scene.log(&["--since", day, "--until", day]), scene.log(&[]), "a day alone is the whole of it");
    assert_eq!((scene.log(&["--since", after]), scene.log(&["--until", before])), (vec![], vec![]));
    assert_eq!(scene.log(&["--task", "t2"]), [0; 0]);
    let text = scene.says(&["log", "-n", "3"]);
    let (new, old) = (&scene.tips[1][..12], &scene.tips[0][..12]);
    let expected = format!(
        "     7  2027-01-15 08:01:20Z  applied    decision 6\n        refs/heads/main  {old} -> {new}\n     \
         6  2027-01-15 08:01:10Z  accepted   alice\n        refs/heads/main  {old} -> {new}\n     \
         5  2027-01-15 08:01:00Z  refused    =mallory,\\033[2J\n        refs/heads/main  {old} -> {new}  (direct-push 2)\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn show_finds_a_record_by_number_hash_and_receipt() {
    let scene = Scene::new();
    let receipt = scene.receipts[1];
    let whole = scene.says(&["show", "3"]);
    assert!(whole.starts_with(&format!("receipt  {receipt}\nevent    accepted\n")), "{whole}");
    for named in [receipt.to_string(), receipt.hash.to_string(), receipt.hash.to_string()[..9].to_owned()] {
        assert_eq!(scene.says(&["show", &named]), whole);
    }
    assert!(scene.says(&["show", "3", "--format", "json"]).starts_with("{\"actor\":\"alice\","));
    let wrong = format!("4:{}", receipt.hash);
    for named in ["8", "0", "zzz", "aaaaaaaaaa", &wrong] {
        assert_eq!(scene.run(&["show", named]).0, 2, "{named}");
    }
}

#[test]
fn export_writes_lines_and_tables() {
    let scene = Scene::new();
    let whole = fs_err::read_to_string(scene.segment()).unwrap();
    assert_eq!(scene.says(&["export"]), whole);
    let some: Vec<&str> = whole.lines().skip(1).take(2).collect();
    assert_eq!(scene.says(&["export", "--from", "2", "--to", "3"]), some.join("\n") + "\n");
    let table = scene.says(&["export", "--format", "csv", "--to", "3"]);
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert_eq!((rows.len(), rows[4]), (5, ""));
    assert!(rows.iter().take(4).all(|row| row.matches(',').count() >= 13), "{table}");
    assert!(rows[3].starts_with(&format!("3,{},2027-01-15T08:00:10Z,accepted,,alice,{MAIN},", scene.receipts[1].hash)));
    assert!(rows[2].contains("\"'=mallory,\\033[2J\"") && rows[2].ends_with(",direct-push:2,"), "{}", rows[2]);
}

#[test]
fn tail_follows_what_is_appended() {
    let mut scene = Scene::new();
    assert_eq!(scene.says(&["tail", "-n", "1"]), scene.says(&["log", "-n", "1"]));
    let mut command = process::command(REFGATE);
    command.args(["ledger", "tail", "-f", "-n", "1", "--format", "json", "--repo"]).arg(&scene.server);
    let mut tail = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["sequence"].clone();
    assert_eq!(next(), 7);
    // Over the end of a segment too.
    let mut writer = scene.ledger().sealed_at(1).lock(at(200)).unwrap();
    writer.settle(&|_| None).unwrap();
    writer.commit().unwrap();
    scene.decide(201, Decision::Refuse, &scene.tips[1].clone(), &scene.tips[0].clone());
    assert_eq!((next(), next()), (8.into(), 9.into()));
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert!(scene.server.join("refgate/ledger/00000002.jsonl").is_file());
}

/// What `verify` answers in JSON, which fits its schema.
fn verified(scene: &Scene, args: &[&str]) -> (i32, String) {
    let (code, said) = scene.run(&[&["verify", "--format", "json"], args].concat());
    let schema = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/ledger-report.json"));
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema.unwrap()).unwrap()).unwrap();
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}{}", said.stdout, said.stderr));
    let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{report}");
    let (human, text) = scene.run(&[&["verify"], args].concat());
    assert_eq!(human, code);
    let result = ["intact", "damaged", "unknown"][usize::try_from(code).unwrap()];
    assert_eq!(report["result"], result);
    (code, text.stdout)
}

/// Puts the ledger and its end behind the ref that mirrors it.
fn mirror(scene: &Scene, head: &str) {
    let blob = process::command("sh")
        .args(["-c", "printf %s \"$1\" | git hash-object -w --stdin", "sh", head])
        .current_dir(&scene.server)
        .output()
        .unwrap();
    let blob = Said::new(blob).must();
    let script = format!(
        "records=$(git hash-object -w refgate/ledger/00000001.jsonl) && \
         tree=$(printf '100644 blob {blob}\\thead.json\\n100644 blob %s\\trecords.jsonl\\n' $records | git mktree) && \
         git update-ref refs/refgate/ledger $(git commit-tree -m x $tree)"
    );
    let made = process::command("sh").args(["-c", &script]).current_dir(&scene.server).output().unwrap();
    Said::new(made).must();
}

#[test]
fn verify_holds_the_ledger_against_receipts_mirrors_and_refs() {
    let scene = Scene::new();
    let receipts: Vec<String> = scene.receipts.iter().map(ToString::to_string).collect();
    let args: Vec<&str> = receipts.iter().flat_map(|receipt| ["--receipt", receipt]).collect();
    let (code, text) = verified(&scene, &args);
    assert_eq!((code, text), (0, format!("refgate: INTACT: 7 records, 1 to 7\nreceipt {}\n", receipts[5])));
    let head = Head { receipt: scene.receipts[5], repository: Some("shop".into()) };
    mirror(&scene, &head.render());
    assert_eq!(verified(&scene, &[]).0, 0);

    let whole = fs_err::read_to_string(scene.segment()).unwrap();
    let spoil = |text: String| fs_err::write(scene.segment(), text).unwrap();
    spoil(whole.lines().take(6).map(|line| line.to_owned() + "\n").collect());
    let (code, text) = verified(&scene, &[]);
    assert!(code == 1 && text.contains("the ledger ends with record 6, but the mirror here knows record 7"), "{text}");
    spoil(whole.replace("alice", "malice"));
    let (code, text) = verified(&scene, &[]);
    assert!(code == 1 && text.contains("one of the two was changed"), "{text}");
    spoil(whole.clone());
    Said::new(
        process::command("git").args(["update-ref", MAIN, &scene.tips[0]]).current_dir(&scene.server).output().unwrap(),
    )
    .must();
    let (code, text) = verified(&scene, &[]);
    assert!(code == 1 && text.contains("refs/heads/main went from") && text.contains("without a decision"), "{text}");
}

#[test]
fn verify_says_when_it_cannot_say() {
    let scene = Scene::new();
    let empty = Sandbox::new();
    Said::new(process::command("git").args(["init", "-q", "x"]).current_dir(empty.path()).output().unwrap()).must();
    let clone = empty.path().join("x").display().to_string();
    let (code, said) = scene.run(&["verify", "--mirror", &clone]);
    assert!(code == 2 && said.stderr.contains("the mirror is not there"), "{}", said.stderr);
    mirror(&scene, "{}");
    let (code, text) = verified(&scene, &[]);
    assert!(code == 1 && text.contains("says of its end cannot be read (mirror-head)"), "{text}");
    for name in ["log", "verify", "export", "tail"] {
        let mut command = process::command(REFGATE);
        let output = command.args(["ledger", name, "--repo"]).arg(empty.path().join("x")).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = Said::new(output);
        assert!(said.stderr.contains("there is no ledger in this repository"), "{name}: {}", said.stderr);
    }
}
