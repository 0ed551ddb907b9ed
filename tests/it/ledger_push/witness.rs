//! A ledger that was cut back or exchanged, and mirrors that say something else than the ledger.

use super::*;

/// A commit of a mirror, written by hand: records, what it says of its end, the signature.
struct Forged {
    records: String,
    head: String,
    signature: Option<String>,
    more: Option<&'static str>,
}

impl Scene {
    fn blob(&self, text: &str) -> String {
        let mut hash = process::git(&self.server, &["hash-object", "-w", "--stdin"]);
        String::from_utf8(process::must(&mut hash, text.as_bytes()).unwrap()).unwrap().trim().to_owned()
    }

    /// The mirror as it stands, commit by commit.
    fn commits(&self) -> Vec<Forged> {
        let show = |commit: &str, name: &str| {
            let output =
                process::git(&self.server, &["cat-file", "blob", &format!("{commit}:{name}")]).output().unwrap();
            output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
        };
        let commits = self.on_server(&["rev-list", "--reverse", MIRROR]);
        let read = |commit: &str| Forged {
            records: show(commit, "records.jsonl").unwrap(),
            head: show(commit, "head.json").unwrap(),
            signature: show(commit, "head.json.sig"),
            more: None,
        };
        commits.lines().map(read).collect()
    }

    /// Writes the mirror anew.
    fn forge(&self, commits: &[Forged]) {
        let mut parent: Option<String> = None;
        for commit in commits {
            let mut tree = format!("100644 blob {}\thead.json\n", self.blob(&commit.head));
            let signature = commit.signature.as_ref();
            tree +=
                &signature.map(|text| format!("100644 blob {}\thead.json.sig\n", self.blob(text))).unwrap_or_default();
            tree += &format!("100644 blob {}\trecords.jsonl\n", self.blob(&commit.records));
            tree += &commit.more.map(|name| format!("100644 blob {}\t{name}\n", self.blob("x"))).unwrap_or_default();
            let tree = process::must(&mut process::git(&self.server, &["mktree"]), tree.as_bytes()).unwrap();
            let tree = String::from_utf8(tree).unwrap();
            let mut args = vec!["commit-tree", "-m", "x", tree.trim()];
            args.extend(parent.iter().flat_map(|parent| ["-p", parent]));
            parent = Some(self.on_server(&args));
        }
        self.on_server(&["update-ref", MIRROR, &parent.unwrap()]);
    }

    /// The kinds of what does not hold, in JSON; people are told the same.
    fn kinds(&self, args: &[&str]) -> Vec<String> {
        let (code, said) = self.ledger(&[&["verify", "--format", "json"], args].concat());
        let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.stderr));
        let problems = report["problems"].as_array().unwrap();
        let kinds: Vec<String> = problems.iter().map(|problem| problem["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(code, Some(i32::from(!kinds.is_empty())), "{}", said.stdout);
        let (_, human) = self.ledger(&[&["verify"], args].concat());
        kinds.iter().for_each(|kind| assert!(human.stdout.contains(&format!("({kind})")), "{}", human.stdout));
        kinds
    }

    fn copy(&self, to: &str) -> PathBuf {
        let copy = self.server.join("refgate").join(to);
        fs_err::create_dir(&copy).unwrap();
        for name in ["lock", "00000001.jsonl"] {
            fs_err::copy(self.folder().join(name), copy.join(name)).unwrap();
        }
        copy
    }

    fn put_there(&self, copy: &Path) {
        fs_err::remove_dir_all(self.folder()).unwrap();
        fs_err::rename(copy, self.folder()).unwrap();
    }
}

// ---- at every push --------------------------------------------------------------------------------------------------

#[test]
fn a_ledger_that_was_cut_back_takes_no_push_until_it_is_whole_again() {
    let scene = Scene::new();
    let old = scene.copy("old");
    assert!(scene.push("refs/heads/topic").ok);
    let whole = scene.copy("whole");
    let knows =
        ["the ledger was cut back or exchanged", "refs/refgate/ledger knows record 5", "puts refgate/ledger back"];
    // An older copy of it; its last line alone; all but its last line.
    scene.put_there(&old);
    let text = fs_err::read_to_string(whole.join("00000001.jsonl")).unwrap();
    let shorter: String = text.split_inclusive('\n').take(4).collect();
    for cut in [scene.text(), shorter] {
        fs_err::write(scene.segment(), &cut).unwrap();
        scene.held_up(&knows);
        scene.refused_unrecorded();
        assert_eq!(scene.text(), cut, "nothing is added to it");
        scene.is_damaged("the mirror here knows record 5");
    }
    scene.put_there(&whole);
    assert!(scene.push("refs/heads/other").ok);
    scene.verifies(&[]);
    assert_eq!(scene.mirrored(), (3, scene.text()));
}

#[test]
fn an_older_ledger_that_went_on_is_not_the_one_that_the_mirror_knows() {
    let scene = Scene::new();
    let old = scene.copy("old");
    assert!(scene.push("refs/heads/topic").ok);
    let (whole, tip) = (scene.copy("whole"), scene.on_server(&["rev-parse", MIRROR]));
    // An administrator goes on from the older copy, longer than the other was, and then puts the ref back.
    scene.put_there(&old);
    scene.on_server(&["update-ref", MIRROR, &format!("{tip}~1")]);
    for name in ["refs/heads/b", "refs/heads/c"] {
        assert!(scene.push(name).ok);
    }
    scene.on_server(&["update-ref", MIRROR, &tip]);
    scene.held_up(&["its record 5 is not the one that refs/refgate/ledger knows"]);
    scene.refused_unrecorded();
    scene.is_damaged("the record 5 that the mirror here knows is not the one that is there");
    scene.put_there(&whole);
    for name in ["refs/heads/b", "refs/heads/c"] {
        scene.on_server(&["update-ref", "-d", name]);
    }
    assert!(scene.push("refs/heads/other").ok);
    scene.verifies(&[]);
}

#[test]
fn a_mirror_that_lags_behind_holds_nobody_up_and_one_that_is_none_does() {
    let scene = Scene::new();
    let back = scene.instead("post-receive", "#!/bin/sh\n");
    for number in 0..3 {
        assert!(!scene.push("refs/heads/main").ok);
        assert!(scene.push(&format!("refs/heads/t{number}")).ok);
    }
    back();
    assert!(scene.push("refs/heads/topic").ok);
    assert_eq!(scene.mirrored(), (2, scene.text()));
    let tip = scene.on_server(&["rev-parse", MIRROR]);
    scene.on_server(&["update-ref", MIRROR, "main"]);
    scene.held_up(&["refs/refgate/ledger is no mirror of a ledger"]);
    scene.on_server(&["update-ref", MIRROR, &tip]);
    assert!(scene.push("refs/heads/other").ok);
    scene.verifies(&[]);
}

// ---- verify ---------------------------------------------------------------------------------------------------------

#[test]
fn a_mirror_that_says_something_else_is_told_by_how_it_does() {
    let scene = Scene::new();
    assert!(scene.push("refs/heads/topic").ok);
    assert!(!scene.push("refs/heads/main").ok);
    assert!(scene.push("refs/heads/other").ok);
    let whole = scene.on_server(&["rev-parse", MIRROR]);
    scene.forge(&scene.commits());
    assert_eq!(scene.kinds(&[]), [""; 0]);
    let said = scene.ledger(&["verify"]).1.stdout;
    assert!(said.contains("the mirror here: records 1 to 8 in 3 commits, not signed"), "{said}");

    type Change = fn(&mut Vec<Forged>);
    let changes: [(&str, Change, &[&str]); 10] = [
        (
            "a record",
            |commits| commits[1].records = commits[1].records.replacen("topic", "tOpic", 1),
            &["mirror-record"],
        ),
        ("no record", |commits| commits[1].records = commits[1].records.replacen('{', "{ ", 1), &["mirror-record"]),
        ("a gap", |commits| commits[2].records = lines(&commits[2].records, &[1, 2]), &["mirror-gap"]),
        ("a gap of a commit", |commits| drop(commits.remove(1)), &["mirror-gap"]),
        ("the order", |commits| commits[2].records = lines(&commits[2].records, &[1, 0, 2]), &["mirror-order"]),
        ("twice", |commits| commits[2].records = lines(&commits[2].records, &[0, 1, 1, 2]), &["mirror-order"]),
        ("half a line", |commits| commits[2].records += "{", &["mirror-commit"]),
        ("the head", |commits| commits[1].head = commits[0].head.clone(), &["mirror-head"]),
        ("no head", |commits| commits[1].head = "{}\n".into(), &["mirror-head"]),
        ("a file", |commits| commits[1].more = Some("zoo"), &["mirror-commit"]),
    ];
    for (what, change, due) in changes {
        scene.on_server(&["update-ref", MIRROR, &whole]);
        let mut commits = scene.commits();
        change(&mut commits);
        scene.forge(&commits);
        assert_eq!(scene.kinds(&[]), due, "{what}");
    }
    // Two parents; and a clone's mirror is looked at in the same way.
    let tree = scene.on_server(&["rev-parse", &format!("{whole}^{{tree}}")]);
    let parent = format!("{whole}~1");
    let merge = scene.on_server(&["commit-tree", "-m", "x", "-p", &parent, "-p", "main", &tree]);
    scene.on_server(&["update-ref", MIRROR, &merge]);
    assert_eq!(scene.kinds(&[]), ["mirror-commit"]);
    scene.sandbox.git(["fetch", "-q", "origin", &format!("{MIRROR}:{MIRROR}")]).must();
    scene.on_server(&["update-ref", MIRROR, &whole]);
    assert_eq!(scene.kinds(&[]), [""; 0]);
    let client = scene.sandbox.path().join("client").display().to_string();
    assert_eq!(scene.kinds(&["--mirror", &client]), ["mirror-commit"]);
    // All of a ledger that is gone.
    fs_err::remove_dir_all(scene.folder()).unwrap();
    assert_eq!(scene.kinds(&[]), ["witness"]);
}

fn lines(text: &str, order: &[usize]) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    order.iter().map(|place| lines[*place]).collect()
}

#[test]
fn the_mirror_is_signed_by_the_key_that_the_policy_or_the_auditor_names() {
    let scene = Scene::new();
    let path = |name: &str| scene.sandbox.path().join(name).display().to_string();
    for name in ["server", "stranger"] {
        let mut keygen = process::command("ssh-keygen");
        Said::new(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &path(name)]).output().unwrap()).must();
        let public = fs_err::read_to_string(path(&format!("{name}.pub"))).unwrap();
        let line = format!("{name} namespaces=\"ledger.v1@refgate\" {public}");
        fs_err::write(path(&format!("{name}.allowed")), line).unwrap();
    }
    let (server, stranger) = (path("server.allowed"), path("stranger.allowed"));
    let due = |file: &str, due: &[&str]| assert_eq!(scene.kinds(&["--allowed-signers", file]), due);
    due(&server, &["mirror-signature"]);
    // A mirror that is not there is signed by nobody.
    let whole = scene.on_server(&["rev-parse", MIRROR]);
    scene.on_server(&["update-ref", "-d", MIRROR]);
    let (code, said) = scene.ledger(&["verify", "--allowed-signers", &server]);
    assert!(code == Some(2) && said.stdout.contains("cannot say: whose key signed the mirror"), "{}", said.stdout);
    assert_eq!(scene.kinds(&[]), [""; 0]);
    scene.on_server(&["update-ref", MIRROR, &whole]);
    let toml = scene.server.join("refgate/server.toml");
    let text = fs_err::read_to_string(&toml).unwrap();
    fs_err::write(&toml, text.replace("\n[ledger]\n", &format!("\n[ledger]\nkey = {:?}\n", path("server")))).unwrap();
    assert!(scene.push("refs/heads/topic").ok);
    // Whoever names nobody is told that nobody knows; a file says whose it must be, the first commit being older than it.
    assert_eq!(scene.kinds(&[]), [""; 0]);
    assert!(scene.ledger(&["verify"]).1.stdout.contains("note: the mirror here is signed, and nobody says by whom"));
    due(&server, &[]);
    assert!(scene.ledger(&["verify", "--allowed-signers", &server]).1.stdout.contains("1 of them signed"));
    due(&stranger, &["mirror-signature"]);
    // The policy's role does the same.
    let policy = |who: &str| format!("version = 1\n[roles]\nledger = {{ principals = [\"{who}\"] }}\n");
    fs_err::write(scene.server.join("refgate/policy.toml"), policy("server")).unwrap();
    let (code, said) = scene.ledger(&["verify"]);
    assert!(code == Some(2) && said.stdout.contains("whether the right key signed the mirror here"), "{}", said.stdout);
    let both = fs_err::read_to_string(&server).unwrap() + &fs_err::read_to_string(&stranger).unwrap();
    fs_err::write(scene.server.join("refgate/allowed_signers"), both).unwrap();
    fs_err::write(scene.server.join("refgate/policy.toml"), policy("server")).unwrap();
    assert_eq!(scene.kinds(&[]), [""; 0]);
    fs_err::write(scene.server.join("refgate/policy.toml"), policy("stranger")).unwrap();
    assert_eq!(scene.kinds(&[]), ["mirror-signature"]);
    fs_err::write(scene.server.join("refgate/policy.toml"), policy("server")).unwrap();
    // A stranger's signature, another document's, none any more, and a key that was revoked.
    let whole = scene.on_server(&["rev-parse", MIRROR]);
    let signature = |text: &str, key: &str| {
        let mut sign = process::command("ssh-keygen");
        let output =
            process::run(sign.args(["-Y", "sign", "-n", "ledger.v1@refgate", "-f", &path(key)]), text.as_bytes());
        Some(String::from_utf8(output.unwrap().stdout).unwrap())
    };
    let mut commits = scene.commits();
    commits[1].signature = signature(&commits[1].head, "server");
    scene.forge(&commits);
    assert_eq!(scene.kinds(&[]), [""; 0]);
    commits[1].signature = signature(&commits[1].head, "stranger");
    scene.forge(&commits);
    assert_eq!(scene.kinds(&[]), ["mirror-signature"]);
    commits[1].signature = signature(&commits[0].head, "server");
    scene.forge(&commits);
    assert_eq!(scene.kinds(&[]), ["mirror-signature"]);
    commits[1].signature = None;
    commits[0].signature = signature(&commits[0].head, "server");
    scene.forge(&commits);
    assert_eq!(scene.kinds(&[]), ["mirror-signature"]);
    scene.on_server(&["update-ref", MIRROR, &whole]);
    fs_err::copy(path("server.pub"), scene.server.join("refgate/revoked")).unwrap();
    assert_eq!(scene.kinds(&[]), ["mirror-signature"]);
    due(&server, &["mirror-signature"]);
}
