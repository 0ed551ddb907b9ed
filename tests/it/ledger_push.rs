//! What real pushes leave in a server's ledger and on its mirror, and what becomes of a push that the ledger cannot
//! hold, or that ends before its answer is given.

mod asked;
mod at_once;
mod backstop;
mod crashes;
mod faults;
mod records;
mod sealing;
mod unanswered;
mod unwritable;
mod witness;

use std::path::{Path, PathBuf};

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
        Self::on(Sandbox::server)
    }

    fn on(server: impl FnOnce(&Sandbox) -> PathBuf) -> Self {
        let sandbox = Sandbox::new();
        let server = server(&sandbox);
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
