//! Two to thirty-two pushes at the same moment to a real server: to refs of their own, to one ref, and with one override.
//! Nobody is let in without a record, one of those who want the same wins, the others read why they did not, and an
//! override counts once.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::corpus::process;
use crate::servers::must;
use crate::support::{Said, Sandbox};

const CROWDS: [usize; 3] = [2, 8, 32];

const POLICY: &str = "version = 1\n[roles]\npresence = \"any\"\noverride = { principals = [\"bob\"] }\n";

/// What is said to those who came too late, by the gate, by the server's Git or by the own one.
const TOO_LATE: [&str; 10] = [
    "was moved by another push meanwhile",
    "was made by another push meanwhile",
    "stale-update",
    "server-ref",
    "used by another push just now",
    "it was used before",
    "cannot lock ref",
    "fetch first",
    "non-fast-forward",
    "already exists",
];

/// A server that took one push of alice's, whom its transport names.
pub(crate) struct Crowd<'a> {
    sandbox: &'a Sandbox,
    repository: &'a Path,
    /// What anybody was told.
    receipts: Vec<String>,
}

/// Tells it all to a guarded server whose `origin` is alice's. `owned` gives the repository back to its account.
pub(crate) fn tell(sandbox: &Sandbox, refgate: &Path, repository: &Path, owned: &dyn Fn()) {
    // Pushes at the same time must not wait for each other in the client.
    sandbox.git(["config", "--unset", "remote.origin.fetch"]).must();
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("base");
    sandbox.push(["main"]).must();
    let signers = ["alice", "bob"].map(|name| {
        let key = sandbox.path().join(format!("signs-{name}"));
        must(process::command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
        format!("{name} {}", fs_err::read_to_string(key.with_extension("pub")).unwrap())
    });
    let file = |name: &str, text: &str| {
        let path = sandbox.path().join(name);
        fs_err::write(&path, text).unwrap();
        path
    };
    let mut install = process::command(refgate);
    install
        .args(["install", "server", "--repo"])
        .arg(repository)
        .arg("--signers")
        .arg(file("signers", &signers.concat()));
    must(install.arg("--policy").arg(file("policy", POLICY)));
    owned();
    let mut crowd = Crowd { sandbox, repository, receipts: Vec::new() };
    for count in CROWDS {
        crowd.aim_at_refs_of_their_own(count);
        crowd.aim_at_one_ref(count);
        crowd.with_one_override(count);
    }
    crowd.at_the_end();
}

fn words(said: &Said) -> String {
    said.stderr.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ")
}

fn receipt(said: &Said) -> Option<String> {
    Some(words(said).split_once("refgate: receipt ")?.1.split(' ').next()?.to_owned())
}

impl Crowd<'_> {
    fn at_once(&mut self, pushes: &[Vec<String>]) -> Vec<Said> {
        let said = self.sandbox.push_at_once(pushes);
        for said in &said {
            // Who came when all was done already is asked nothing.
            let told = receipt(said).is_some() || said.stderr.contains("Everything up-to-date");
            assert!(!said.ok || told, "let in without a receipt: {}", said.stderr);
            self.receipts.extend(receipt(said));
        }
        said
    }

    fn records(&self) -> Vec<Value> {
        let text = fs_err::read_to_string(self.repository.join("refgate/ledger/00000001.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn on_server(&self, args: &[&str]) -> String {
        must(&mut process::git(self.repository, args)).trim_end().to_owned()
    }

    /// The record that a pusher holds the receipt of.
    fn record(&self, said: &Said) -> Value {
        let receipt = receipt(said).unwrap();
        let number: u64 = receipt.split(':').next().unwrap().parse().unwrap();
        self.records().into_iter().find(|record| record["sequence"] == number).unwrap()
    }

    /// How often the ledger says that an update was applied.
    fn applied(&self, name: &str, new: &str) -> usize {
        let moved = |record: &Value| {
            let updates = record["updates"].as_array().into_iter().flatten();
            record["event"] == "applied" && updates.clone().any(|update| update["ref"] == name && update["new"] == new)
        };
        self.records().iter().filter(|record| moved(record)).count()
    }

    /// Who was not let in, or too late, reads which ref it is about and what became of it.
    #[track_caller]
    fn lost(said: &Said, short: &str) {
        let text = words(said);
        let told = text.contains("rejected]") && text.contains(&format!("-> {short} "));
        assert!(told && TOO_LATE.iter().any(|late| text.contains(late)), "no usable word for {short}: {}", said.stderr);
    }

    fn aim_at_refs_of_their_own(&mut self, count: usize) {
        let names: Vec<String> = (0..count).map(|number| format!("refs/heads/own/{count}/{number}")).collect();
        let head = self.sandbox.rev("HEAD");
        let said = self.at_once(&names.iter().map(|name| vec![format!("HEAD:{name}")]).collect::<Vec<_>>());
        for (name, said) in names.iter().zip(&said) {
            assert!(said.ok, "{}", said.stderr);
            let record = self.record(said);
            assert_eq!((&record["event"], &record["updates"][0]["ref"]), (&"accepted".into(), &name.as_str().into()));
            assert_eq!(self.applied(name, &head), 1, "{name}");
        }
    }

    fn aim_at_one_ref(&mut self, count: usize) {
        let (short, tree) = (format!("one/{count}"), self.sandbox.rev("HEAD^{tree}"));
        let name = format!("refs/heads/{short}");
        let parent = self.sandbox.rev("HEAD");
        let commit =
            |number: usize| self.sandbox.git(["commit-tree", "-m", &number.to_string(), "-p", &parent, &tree]).must();
        let commits: Vec<String> = (0..count).map(commit).collect();
        let said = self.at_once(&commits.iter().map(|commit| vec![format!("{commit}:{name}")]).collect::<Vec<_>>());
        let won: Vec<&String> =
            commits.iter().zip(&said).filter(|(_, said)| said.ok).map(|(commit, _)| commit).collect();
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(self.on_server(&["rev-parse", &name]), *won[0]);
        for (commit, said) in commits.iter().zip(&said) {
            assert_eq!(self.applied(&name, commit), usize::from(said.ok), "{commit}");
            if !said.ok {
                Self::lost(said, &short);
            }
        }
    }

    fn with_one_override(&mut self, count: usize) {
        self.sandbox.write(&[("src/a.rs", &format!("fn of_{count}() {{}}\n"))]);
        let new = self.sandbox.commit("direct");
        let refused = self.sandbox.push(["HEAD:refs/heads/main"]);
        self.receipts.extend(receipt(&refused));
        let file = self.sandbox.path().join(format!("request-{count}.json"));
        let shown = file.display().to_string();
        let asked = refused.hint();
        self.sandbox.git(["fetch", "-q", "origin", "+refs/heads/main:refs/remotes/origin/main"]).must();
        self.sandbox.refgate(asked.iter().map(String::as_str).chain(["--output", &shown])).must();
        let key = self.sandbox.path().join("signs-bob").display().to_string();
        let sign = ["override", "sign", &shown, "--principal", "bob", "--key", &key, "--reason", "site down", "--yes"];
        self.sandbox.refgate(sign).must();
        let statement: Value = serde_json::from_slice(&fs_err::read(&file).unwrap()).unwrap();
        let id = statement["statementId"].as_str().unwrap();
        let push = vec!["HEAD:refs/heads/main".to_owned(), format!("refs/refgate/overrides/{id}")];
        let said = self.at_once(&vec![push; count]);
        assert_eq!(self.on_server(&["rev-parse", "main"]), new);
        let won = said.iter().filter(|said| words(said).contains("HEAD -> main") && said.ok).count();
        assert!(won <= 1, "{won} pushes moved main from one place");
        for said in said.iter().filter(|said| !said.ok) {
            let text = words(said);
            assert!(TOO_LATE.iter().any(|late| text.contains(late)), "no usable word: {}", said.stderr);
        }
        // The next push looks what became of those that were let in.
        self.sandbox.push([format!("HEAD:refs/heads/after/{count}").as_str()]).must();
        let records = self.records();
        let settled = records.iter().filter(|record| record["event"] == "override-settled" && record["id"] == id);
        let applied = settled.filter(|record| record["applied"] == true).count();
        assert_eq!((applied, self.applied("refs/heads/main", &new)), (1, 1), "the override is used up once");
    }

    fn at_the_end(&mut self) {
        let distinct: BTreeSet<&String> = self.receipts.iter().collect();
        assert_eq!(distinct.len(), self.receipts.len(), "two pushes hold one receipt");
        let mut verify = process::command(crate::support::REFGATE);
        verify.args(["ledger", "verify", "--repo"]).arg(self.repository);
        verify.args(self.receipts.iter().flat_map(|receipt| ["--receipt", receipt]));
        must(&mut verify);
        let text = fs_err::read_to_string(self.repository.join("refgate/ledger/00000001.jsonl")).unwrap();
        let commits = self.on_server(&["rev-list", "--reverse", "refs/refgate/ledger"]);
        let mirrored =
            |commit: &str| must(&mut process::git(self.repository, &["show", &format!("{commit}:records.jsonl")]));
        assert_eq!(commits.lines().map(mirrored).collect::<String>(), text, "the mirror is not the ledger");
    }
}
