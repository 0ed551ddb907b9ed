//! The model's commits and statements as Git objects, signed in this process: thousands of them, without a process each.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use gix::objs::{Kind, Write as _};
use refgate::digest::sha256;
use refgate::oid::{ObjectFormat, Oid};
use refgate::statement::approval::SignedApproval;
use refgate::statement::check::{Bound, Check, Outcome, Tests};
use refgate::statement::dsse::{Envelope, IN_TOTO, Sealed};
use refgate::statement::namespace;
use refgate::statement::place::Place;
use refgate::statement::policy_change::{self, Change, PolicyChange};
use refgate::statement::waiver::{Override, Waived};
use refgate::statement::withdrawal::Withdrawal;
use sha2::{Digest as _, Sha256, Sha512};

use super::graph::{Blob, Id, POLICY, Person, Tree, trace_of};
use super::state::{Model, Statement, Waiver};
use crate::corpus::case::Trace;
use crate::corpus::{trace, tree};
use crate::signatures::forge::{armor, sshsig, strings};

pub(super) const REPOSITORY: &str = "model";
/// Everybody with a key that the server knows.
pub(super) const PEOPLE: [Person; 6] = ["alice", "bob", "carol", "ci", "dave", "erin"];

/// What was made of a statement.
pub(super) struct Made {
    pub(super) name: String,
    pub(super) oid: Oid,
}

/// The objects of a model, in a repository.
pub(super) struct Objects {
    repo: gix::Repository,
    start: jiff::Timestamp,
    pub(super) policy: String,
    commits: HashMap<Id, Oid>,
    trees: HashMap<Tree, Oid>,
    statements: HashMap<usize, Made>,
    /// Rule and fingerprint of what was found on an update: ref, old and new value.
    pub(super) seen: HashMap<(String, Oid, Oid), Vec<(String, String)>>,
}

fn key(person: Person) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(person).into())
}

fn public(person: Person) -> Vec<u8> {
    strings(&[b"ssh-ed25519", key(person).verifying_key().as_bytes()])
}

/// The person's line in a file of signers.
pub(super) fn line(person: Person) -> String {
    format!("{person} ssh-ed25519 {}\n", STANDARD.encode(public(person)))
}

fn seal(person: Person, namespace: &str, message: &[u8]) -> String {
    let digest = Sha512::digest(message);
    let signed = [&b"SSHSIG"[..], &strings(&[namespace.as_bytes(), b"", b"sha512", &digest])].concat();
    let signature = strings(&[b"ssh-ed25519", &key(person).sign(&signed).to_bytes()]);
    let parts = [public(person), namespace.into(), Vec::new(), b"sha512".to_vec(), signature];
    armor(&sshsig(1, &parts))
}

fn id_of(statement: usize) -> String {
    format!("{:032x}", statement + 1)
}

impl Objects {
    pub(super) fn new(git_dir: &Path, start: jiff::Timestamp) -> Self {
        let repo = gix::open_opts(git_dir, gix::open::Options::isolated()).unwrap();
        let (commits, trees, statements) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { repo, start, policy: String::new(), commits, trees, statements, seen: HashMap::new() }
    }

    pub(super) fn zero() -> Oid {
        Oid::zero(ObjectFormat::Sha1)
    }

    fn write(&self, kind: Kind, bytes: &[u8]) -> gix::ObjectId {
        self.repo.objects.write_buf(kind, bytes).unwrap()
    }

    fn minutes(&self, minutes: i64) -> jiff::Timestamp {
        let start = refgate::statement::now(self.start);
        start + jiff::SignedDuration::from_mins(minutes)
    }

    /// When something with this number was written: all of it in the hour before the beginning.
    fn moment(&self, number: u32) -> jiff::Timestamp {
        assert!(number < 3600, "a sequence is as long as that");
        self.minutes(-60) + jiff::SignedDuration::from_secs(number.into())
    }

    pub(super) fn commit(&mut self, model: &Model, id: Id) -> Oid {
        if let Some(oid) = self.commits.get(&id) {
            return *oid;
        }
        let commit = model.graph.get(id);
        let tree = self.tree(model, &commit.tree);
        let mut text = format!("tree {tree}\n");
        for parent in &commit.parents {
            text.push_str(&format!("parent {}\n", self.commit(model, *parent)));
        }
        let who = format!("Model <model@example.com> {} +0000", 1_700_000_000 + id * 60);
        text.push_str(&format!("author {who}\ncommitter {who}\n"));
        let mut message = format!("\n{id}\n");
        if let Some(back) = &commit.back {
            let to = self.commit(model, back.to);
            message.push_str(&format!("\nRefgate-Rollback: refs/heads/{} {to}\n", back.branch));
            if let Some(by) = back.by {
                let armored = seal(by, "git", format!("{text}{message}").as_bytes());
                text.push_str(&format!("gpgsig {}\n", armored.trim_end().replace('\n', "\n ")));
            }
        }
        let oid = self.write(Kind::Commit, format!("{text}{message}").as_bytes());
        let oid = Oid::from_bytes(oid.as_bytes()).unwrap();
        self.commits.insert(id, oid);
        oid
    }

    fn tree(&mut self, model: &Model, tree: &Tree) -> Oid {
        if let Some(oid) = self.trees.get(tree) {
            return *oid;
        }
        let files: Vec<(String, Vec<u8>)> =
            tree.iter().map(|(path, blob)| (path.clone(), self.bytes(model, path, blob))).collect();
        let oid = self.write_tree(&files);
        self.trees.insert(tree.clone(), oid);
        oid
    }

    fn write_tree(&self, files: &[(String, Vec<u8>)]) -> Oid {
        let mut written = tree::Tree::default();
        for (path, bytes) in files {
            let parts: Vec<Vec<u8>> = path.split('/').map(|part| part.as_bytes().to_vec()).collect();
            let leaf = tree::Node::Leaf { mode: "100644".into(), oid: self.write(Kind::Blob, bytes) };
            written.insert(&parts, leaf);
        }
        Oid::from_bytes(written.write(&*self.repo.objects).unwrap().as_bytes()).unwrap()
    }

    fn bytes(&mut self, model: &Model, path: &str, blob: &Blob) -> Vec<u8> {
        let task = trace_of(path).unwrap_or_default();
        match blob {
            Blob::Text(number) if path == POLICY => format!("version = 1\n# {number}\n"),
            Blob::Text(number) => {
                (0..4).map(|row| sha256(format!("{path} {number} {row}").as_bytes()) + "\n").collect()
            }
            Blob::Marker(base) => format!("APPROVED:{task}:{}\n", self.commit(model, *base)),
            Blob::Approval { base, wide, number } => {
                let globs: &[&str] =
                    if *wide { &["src/**", "lib/**", "docs/**", ".github/**", POLICY] } else { &["src/**"] };
                let globs = globs.iter().map(|glob| (*glob).to_owned()).collect();
                let trace = Trace { runtime: Some(globs), ..Trace::complete(task) };
                let base = self.commit(model, *base).to_string();
                let files = trace::files(&trace, &base, &[], None);
                let (_, text) = files.into_iter().find(|(path, _)| path.ends_with("approval.md")).unwrap();
                format!("{text}\nRound {number}\n")
            }
            Blob::Signed { base, of, number, .. } => {
                let folder = |file: &str| format!("{}contract/{file}", trace::folder(task));
                let [marker, approval] = of.as_slice() else { panic!("two files are signed") };
                let digest = |bytes: &[u8]| sha256(bytes);
                let statement = SignedApproval {
                    acknowledgements: Vec::new(),
                    approval: digest(&self.bytes(model, &folder("approval.md"), approval)),
                    approved: digest(&self.bytes(model, &folder("APPROVED"), marker)),
                    base: self.commit(model, *base),
                    expires_at: self.minutes(60 * 24 * 10),
                    issued_at: self.moment(*number),
                    repository: REPOSITORY.into(),
                    schema: refgate::statement::approval::SCHEMA.into(),
                    task: task.into(),
                };
                statement.to_json()
            }
            Blob::Seal(signed) => {
                let Blob::Signed { by, .. } = **signed else { panic!("nothing else is sealed") };
                seal(by, namespace::APPROVAL, &self.bytes(model, path.strip_suffix(".sig").unwrap(), signed))
            }
            Blob::Status { success, files, number } => serde_json::json!({
                "status": if *success { "SUCCESS" } else { "FAILED" },
                "task": task, "branch": format!("autoTest/{task}"), "timestamp": "2026-11-02T10:00:00.000Z",
                "filesChanged": files, "testsRun": [format!("make test {number}")], "warnings": [],
            })
            .to_string(),
        }
        .into_bytes()
    }

    pub(super) fn statement(&mut self, model: &Model, number: usize) -> &Made {
        if !self.statements.contains_key(&number) {
            let id = id_of(number);
            let statement = &model.statements[number];
            let (place, files) = match statement {
                Statement::Override(waiver) => (Place::Override { id: id.clone() }, self.waiver(model, waiver, &id)),
                Statement::Check { check, tree, failed, supersedes, by } => {
                    let tree = self.tree(model, tree);
                    let result = Check {
                        check: (*check).into(),
                        tree,
                        outcome: if *failed { Outcome::Failed } else { Outcome::Passed },
                        tests: Tests::default(),
                        bound: Bound {
                            artifacts: BTreeMap::new(),
                            issued_at: self.minutes(-1),
                            repository: REPOSITORY.into(),
                            statement_id: id.clone(),
                            supersedes: supersedes.iter().map(|number| id_of(*number)).collect(),
                        },
                    };
                    (Place::Check { tree, check: (*check).into(), id: id.clone() }, vec![enveloped(&result, by)])
                }
                Statement::Withdrawal { task, approval, number, by } => {
                    let path = format!("{}contract/approval.json", trace::folder(task));
                    let approval = sha256(&self.bytes(model, &path, approval));
                    let statement = Withdrawal {
                        approval: approval.clone(),
                        issued_at: self.moment(*number),
                        justification: "by mistake".into(),
                        repository: REPOSITORY.into(),
                        schema: refgate::statement::withdrawal::SCHEMA.into(),
                        statement_id: id.clone(),
                        task: task.clone(),
                    };
                    (
                        Place::Withdrawal { approval, id: id.clone() },
                        signed(statement.to_json(), by, namespace::APPROVAL),
                    )
                }
                Statement::Rules { old, new, branch, tip, by } => {
                    let mut file = |blob: &Option<Blob>| {
                        let bytes = blob.as_ref().map(|blob| self.bytes(model, POLICY, blob))?;
                        let oid = Oid::from_bytes(self.write(Kind::Blob, &bytes).as_bytes()).unwrap();
                        Some(policy_change::File { mode: "100644".into(), oid })
                    };
                    let change = Change { old: file(old), new: file(new) };
                    let statement = PolicyChange {
                        changes: [(POLICY.to_owned(), change)].into(),
                        expires_at: self.minutes(60 * 24 * 10),
                        issued_at: self.minutes(-1),
                        justification: "agreed".into(),
                        repository: REPOSITORY.into(),
                        schema: policy_change::SCHEMA.into(),
                        statement_id: id.clone(),
                        target: format!("refs/heads/{branch}"),
                        target_oid: self.commit(model, *tip),
                    };
                    let key = policy_change::key(&statement.changes);
                    (Place::PolicyChange { key, id: id.clone() }, signed(statement.to_json(), by, namespace::POLICY))
                }
            };
            let tree = self.write_tree(&files);
            let who = "Model <model@example.com> 1700000000 +0000";
            let oid =
                self.write(Kind::Commit, format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n{id}\n").as_bytes());
            let oid = Oid::from_bytes(oid.as_bytes()).unwrap();
            self.statements.insert(number, Made { name: place.name().to_string(), oid });
        }
        &self.statements[&number]
    }

    fn waiver(&mut self, model: &Model, waiver: &Waiver, id: &str) -> Vec<(String, Vec<u8>)> {
        let new = waiver.update.commit().unwrap();
        let (name, new_oid) = (format!("refs/heads/{}", waiver.update.name), self.commit(model, new));
        let old_oid = match waiver.update.old {
            Some(super::state::Object::Commit(old)) => self.commit(model, old),
            _ => Self::zero(),
        };
        let rules: Vec<&str> = waiver.findings.iter().map(|(rule, _)| *rule).collect();
        let seen = self.seen.get(&(name.clone(), old_oid, new_oid)).cloned().unwrap_or_default();
        let findings = seen.into_iter().filter(|(rule, _)| rules.contains(&rule.as_str()));
        let findings = findings.map(|(rule, fingerprint)| Waived { fingerprint, message: String::new(), rule });
        let (issued, expires) = if waiver.expired { (-180, -60) } else { (-30, 23 * 60) };
        let statement = Override {
            artifacts: BTreeMap::new(),
            expires_at: Some(self.minutes(expires)),
            findings: findings.collect(),
            issued_at: Some(self.minutes(issued)),
            justification: "site down".into(),
            label: if waiver.hotfix { "hotfix:ai-gated" } else { "override:ai-gated" }.into(),
            new_oid,
            new_tree: Some(self.tree(model, model.graph.tree(new))),
            object_format: "sha1".into(),
            old_oid,
            policy_digest: self.policy.clone(),
            principal: waiver.by.into(),
            pusher: waiver.pusher.into(),
            name,
            repository: REPOSITORY.into(),
            schema: refgate::statement::waiver::SCHEMA.into(),
            statement_id: id.into(),
            task: None,
        };
        signed(statement.to_json(), waiver.by, namespace::OVERRIDE)
    }
}

fn signed(text: String, by: Person, namespace: &str) -> Vec<(String, Vec<u8>)> {
    let armored = seal(by, namespace, text.as_bytes()).into_bytes();
    vec![("statement.json".into(), text.into_bytes()), ("statement.json.sig".into(), armored)]
}

fn enveloped(result: &Check, by: Person) -> (String, Vec<u8>) {
    let payload = result.to_json().into_bytes();
    let mut envelope = Envelope { payload, payload_type: IN_TOTO.into(), signatures: Vec::new() };
    let keyid = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(public(by))));
    envelope.signatures.push(Sealed { keyid, armored: seal(by, namespace::CHECK, &envelope.signed()) });
    ("envelope.json".into(), envelope.to_json().into_bytes())
}
