//! `refgate promote` and `refgate rollback` against real guarded servers: what they push, what they say is missing, and what
//! they leave alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

mod notify;
mod places;
mod rollback;
mod statements;
mod steps;

const PASSING: &str = "<testsuite><testcase classname='a' name='one'/></testsuite>\n";

/// A guarded server that holds main, a clone of it, and keys of people whom the policy may name.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
}

impl Scene {
    fn new(policy: &str) -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        let scene = Self { sandbox, server };
        scene.sandbox.write(&[("README.md", "# One\n"), ("src/a.rs", "one\ntwo\nthree\n")]);
        if !policy.is_empty() {
            let people = [("ci", "ci@example.com"), ("bob", "bob@example.com"), ("alice", "alice")];
            let people = people.map(|(key, name)| format!("{name} {}\n", scene.make_key(key)));
            let text = fs_err::read_to_string(scene.server.join("refgate/server.toml")).unwrap();
            let id = text.lines().find(|line| line.starts_with("repository_id")).unwrap();
            scene.sandbox.write(&[
                ("refgate.toml", &format!("version = 1\n{id}\n{policy}")),
                (".refgate/allowed_signers", &people.concat()),
            ]);
        }
        scene.sandbox.commit("first");
        scene.sandbox.push(["main"]).must();
        scene
    }

    fn make_key(&self, name: &str) -> String {
        let mut keygen = process::command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(self.path(name));
        Said::new(keygen.output().unwrap()).must();
        fs_err::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    fn client(&self) -> PathBuf {
        self.path("client")
    }

    /// A finished task that changes `path` and begins where main was last seen; pushed.
    fn task(&self, name: &str, path: &str, text: &str) -> String {
        self.task_at("origin/main", name, path, text)
    }

    fn task_at(&self, base: &str, name: &str, path: &str, text: &str) -> String {
        let branch = format!("autoTest/{name}");
        let base = self.sandbox.rev(base);
        self.sandbox.git(["checkout", "-q", "-b", &branch, &base]).must();
        self.sandbox.write(&[(path, text)]);
        self.sandbox.write_trace(name, &base, &[path]);
        let tip = self.sandbox.commit(name);
        self.sandbox.push([&*branch]).must();
        self.sandbox.git(["checkout", "-q", "main"]).must();
        tip
    }

    /// The program in a folder; the exit status and what it said.
    fn run_in(&self, folder: &Path, args: &[&str]) -> (i32, Said) {
        let mut command = process::command(REFGATE);
        command.env("HOME", self.path("home")).env("FORGE_USER", "alice").current_dir(folder).args(args);
        let output = command.output().unwrap();
        let (code, said) = (output.status.code().unwrap(), Said::new(output));
        let odd = |byte: u8| !(0x20..=0x7e).contains(&byte) && byte != b'\n';
        assert!(!said.stdout.bytes().chain(said.stderr.bytes()).any(odd), "{:?}{:?}", said.stdout, said.stderr);
        (code, said)
    }

    fn promote(&self, args: &[&str]) -> (i32, Said) {
        self.run_in(&self.client(), &[&["promote"], args].concat())
    }

    /// Promotes and expects an exit status and words.
    #[track_caller]
    fn promoted(&self, args: &[&str], code: i32, words: &[&str]) -> String {
        let (found, said) = self.promote(args);
        assert_eq!(found, code, "{args:?}: {}{}", said.stdout, said.stderr);
        let text = format!("{}{}", said.stdout, said.stderr);
        for word in words {
            assert!(text.contains(word), "{args:?} does not say {word:?}:\n{text}");
        }
        text
    }

    /// The answer as JSON, held against its schema.
    #[track_caller]
    fn json(&self, args: &[&str], code: i32) -> Vec<Value> {
        let (found, said) = self.promote(&[args, &["--format", "json"]].concat());
        assert_eq!(found, code, "{args:?}: {}{}", said.stdout, said.stderr);
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/promotion.json");
        let schema: Value = serde_json::from_str(&fs_err::read_to_string(schema).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let read = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}: {value}");
            assert_eq!(serde_json::to_string(&value).unwrap(), line, "the keys are sorted");
            value
        };
        said.stdout.lines().map(read).collect()
    }

    fn on_server(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.server, args.iter().copied()).must()
    }

    fn main(&self) -> String {
        self.on_server(&["rev-parse", "main"])
    }

    fn parents(&self, rev: &str) -> Vec<String> {
        let parents = self.on_server(&["show", "-s", "--format=%P", rev]);
        parents.split_whitespace().map(str::to_owned).collect()
    }

    /// What must stay as it is in a clone: branches, `HEAD`, index and work tree.
    fn own(&self) -> (String, String, String, Vec<u8>) {
        let refs = self.sandbox.git(["for-each-ref", "refs/heads", "refs/tags", "refs/stash"]).must();
        let head = fs_err::read_to_string(self.client().join(".git/HEAD")).unwrap();
        let status = self.sandbox.git(["--no-optional-locks", "status", "--porcelain"]).must();
        (refs, head, status, fs_err::read(self.client().join(".git/index")).unwrap())
    }

    /// Lets a program run in the client between what `git push` learns of the server and what it sends.
    fn meanwhile(&self, script: &str) {
        let hook = self.client().join(".git/hooks/pre-push");
        fs_err::create_dir_all(hook.parent().unwrap()).unwrap();
        fs_err::write(&hook, format!("#!/bin/sh\nrm -f \"$0\"\nunset GIT_DIR GIT_PREFIX\n{script}\n")).unwrap();
        fs_err::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn shell(&self, script: &str) -> Said {
        let mut shell = process::command("sh");
        shell.env("HOME", self.path("home")).current_dir(self.client());
        Said::new(shell.args(["-c", script]).output().unwrap())
    }

    /// CI signs a result for a commit's tree; nothing of it is pushed.
    fn attest(&self, rev: &str) {
        fs_err::write(self.path("report.xml"), PASSING).unwrap();
        let (report, key) = (self.path("report.xml").display().to_string(), self.path("ci").display().to_string());
        let args = ["attest", "--check", "tests", "--rev", rev, "--junit", &report, "--key", &key];
        let (code, said) = self.run_in(&self.client(), &args);
        assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);
        assert!(!said.stdout.contains("note:"), "{}", said.stdout);
    }
}

#[test]
fn a_task_that_lacks_nothing_is_promoted_and_nothing_else_is_touched() {
    let scene = Scene::new("");
    let tip = scene.task("t1", "src/b.rs", "b\n");
    scene.sandbox.write(&[("src/a.rs", "not committed\n"), ("stray", "new\n")]);
    scene.sandbox.git(["add", "stray"]).must();
    let before = scene.own();
    let rows = ["contract", "scope", "merge", "change", "artifacts", "status", "push"].map(|row| format!("[ok] {row}"));
    let mut words: Vec<&str> = rows.iter().map(String::as_str).collect();
    words.extend([
        "a fast forward of origin/main",
        "  origin answered\n    refgate: accepted",
        "refgate: promoted: origin/main from",
    ]);
    let text = scene.promoted(&["t1"], 0, &words);
    assert!(!text.contains("[x]") && !text.contains("[ok] checks") && !text.contains("[ok] drift"), "{text}");
    assert_eq!((scene.main(), scene.own()), (tip, before));
    scene.promoted(&["t1"], 0, &["promoted already"]);
    assert_eq!(scene.json(&["t1"], 0)[0]["outcome"], "already");
}

#[test]
fn where_main_has_moved_the_clean_merge_is_made_as_the_person_would_make_it() {
    let scene = Scene::new("");
    let one = scene.task("t1", "src/b.rs", "b\n");
    let two = scene.task("t2", "src/a.rs", "one\ntwo\nthree\nfour\n");
    // A merge that changes one file on both sides has blobs and trees that nobody had.
    let three = scene.task("t3", "src/a.rs", "zero\none\ntwo\nthree\n");
    scene.promoted(&["t2"], 0, &["promoted"]);
    scene.promoted(
        &["t3", "--ff"],
        1,
        &["[x]  merge", "holds a commit that the task does not", "git merge origin/main"],
    );
    let before = scene.own();
    let tree = scene.sandbox.git(["merge-tree", "--write-tree", &two, &three]).must();
    scene.promoted(&["t3"], 0, &["a clean merge into origin/main", &tree, "promoted"]);
    assert_eq!(scene.parents("main"), [two, three]);
    assert_eq!(scene.on_server(&["rev-parse", "main^{tree}"]), tree);
    assert_eq!(scene.on_server(&["show", "main:src/a.rs"]), "zero\none\ntwo\nthree\nfour");
    let who = scene.sandbox.git(["var", "GIT_COMMITTER_IDENT"]).must();
    let made = scene.on_server(&["show", "-s", "--format=%cn <%ce>%n%s", "main"]);
    assert!(who.starts_with(made.lines().next().unwrap()), "{made}");
    assert_eq!(made.lines().last(), Some("Merge autoTest/t3 into main"));
    assert_eq!(scene.own(), before);
    scene.promoted(&["t1", "--merge"], 0, &["a clean merge"]);
    assert_eq!(scene.parents("main").get(1), Some(&one));
}

#[test]
fn a_merge_is_made_where_a_fast_forward_would_do_if_that_is_asked_for() {
    let scene = Scene::new("");
    let base = scene.main();
    let tip = scene.task("t1", "src/b.rs", "b\n");
    scene.promoted(&["t1", "--merge"], 0, &["a clean merge", "promoted"]);
    assert_eq!(scene.parents("main"), [base, tip.clone()]);
    assert_eq!(scene.on_server(&["rev-parse", "main^{tree}"]), scene.sandbox.rev(&format!("{tip}^{{tree}}")));
}

#[test]
fn a_task_that_took_main_up_is_merged_so_that_main_stays_a_chain_of_what_it_was() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    scene.task("t2", "src/c.rs", "c\n");
    scene.promoted(&["t1"], 0, &[]);
    scene.sandbox.git(["checkout", "-q", "autoTest/t2"]).must();
    scene.sandbox.git(["merge", "-q", "--no-edit", "origin/main"]).must();
    scene.sandbox.push(["autoTest/t2"]).must();
    let (main, tip) = (scene.main(), scene.sandbox.rev("HEAD"));
    let forward = scene.json(&["t2", "--ff", "--dry-run"], 0);
    assert_eq!((&forward[0]["merge"], &forward[0]["new"]), (&false.into(), &tip.as_str().into()));
    let merged = scene.json(&["t2"], 0);
    assert_eq!((&merged[0]["merge"], &merged[0]["tree"]), (&true.into(), &forward[0]["tree"]), "one tree, one result");
    assert_eq!(scene.parents("main"), [main, tip]);
}

#[test]
fn a_person_who_signs_commits_signs_the_merge() {
    let scene = Scene::new(
        "[roles]\ncheck = { principals = [\"ci@example.com\"] }\n[[signatures]]\nrefs = [\"main\"]\ncommits = true\n",
    );
    let key = scene.path("bob").display().to_string();
    for (name, value) in [("gpg.format", "ssh"), ("user.signingKey", &*key)] {
        scene.sandbox.git(["config", name, value]).must();
    }
    scene.sandbox.git(["config", "commit.gpgSign", "true"]).must();
    scene.task("t1", "src/b.rs", "b\n");
    scene.sandbox.git(["config", "--unset", "commit.gpgSign"]).must();
    // A dry run asks nobody to sign.
    let dry = scene.json(&["t1", "--merge", "--dry-run"], 0);
    let raw = |rev: &str| scene.sandbox.git(["cat-file", "-p", rev]).must();
    assert!(!raw(dry[0]["new"].as_str().unwrap()).contains("gpgsig"), "{dry:?}");
    scene.promoted(&["t1", "--merge"], 0, &["promoted"]);
    assert!(raw("origin/main").contains("gpgsig"), "the policy asks for it");
    // With a key that nobody knows, the judge says so before anything is pushed.
    scene.make_key("stranger");
    scene.sandbox.git(["config", "commit.gpgSign", "true"]).must();
    scene.task("t2", "src/c.rs", "c\n");
    scene.sandbox.git(["config", "user.signingKey", &scene.path("stranger").display().to_string()]).must();
    let main = scene.main();
    scene.promoted(&["t2", "--merge"], 1, &["commit-unsigned"]);
    // Where Git cannot sign it says so in few words.
    scene.sandbox.git(["config", "user.signingKey", "/nowhere.pub"]).must();
    scene.promoted(&["t2", "--merge"], 2, &["/nowhere.pub", "Git signs here and could not: ", "(ssh-add -L)"]);
    assert_eq!(scene.main(), main);
}

#[test]
fn a_conflict_is_refused_with_what_to_do() {
    let scene = Scene::new("");
    scene.task("t1", "src/a.rs", "mine\n");
    scene.task("t2", "src/a.rs", "yours\n");
    scene.promoted(&["t1"], 0, &[]);
    let (main, before) = (scene.main(), scene.own());
    let words = ["src/a.rs", "origin/main and the task conflict here (merge-not-clean)", "git merge origin/main"];
    scene.promoted(&["t2"], 1, &words);
    scene.promoted(&["t2", "--dry-run"], 1, &words);
    let told = scene.json(&["t2"], 1);
    assert_eq!(
        (&told[0]["outcome"], &told[0]["new"], &told[0]["merge"]),
        (&"missing".into(), &Value::Null, &Value::Null)
    );
    assert_eq!((scene.main(), scene.own()), (main, before));
}

#[test]
fn an_octopus_has_no_way_in_and_none_is_made() {
    let scene = Scene::new("");
    let one = scene.task("t1", "src/b.rs", "b\n");
    let two = scene.task("t2", "src/c.rs", "c\n");
    let base = scene.main();
    let half = scene.sandbox.git(["merge-tree", "--write-tree", &one, &two]).must();
    let octopus = scene.sandbox.commit_tree(&half, &[&base, &one, &two]);
    let said = scene.sandbox.push([&*format!("{octopus}:main")]);
    assert!(!said.ok && said.stderr.contains("direct-push"), "{}", said.stderr);
    scene.promoted(&["--ready", "--merge"], 0, &["t1: promoted", "t2: promoted"]);
    assert_eq!(scene.parents("main").len(), 2);
    assert_eq!(scene.parents("main^").len(), 2);
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_would_be_pushed() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    scene.task("t2", "src/c.rs", "c\n");
    let server = || scene.on_server(&["for-each-ref"]);
    let clone = || {
        // What the server's ledger says is fetched with the rest.
        let refs = scene.sandbox.git(["for-each-ref"]).must();
        refs.lines().filter(|line| !line.ends_with("refs/refgate/ledger")).map(str::to_owned).collect::<Vec<_>>()
    };
    for args in [&["t1", "--dry-run"][..], &["t1", "--dry-run", "--merge"]] {
        let before = (scene.own(), server(), clone());
        let text = scene.promoted(args, 0, &["nothing is missing", "dry run, nothing was pushed"]);
        assert_eq!((scene.own(), server(), clone()), before);
        let push = text.lines().find_map(|line| line.trim().strip_prefix("do    ")).unwrap();
        if args.contains(&"--merge") {
            scene.shell(push).must();
        }
    }
    assert_eq!(scene.parents("main").len(), 2, "what it prints does it");
    let before = server();
    let told = scene.json(&["--ready", "--dry-run"], 0);
    assert_eq!((told.len(), &told[0]["task"], &told[0]["outcome"]), (1, &"t2".into(), &"ready".into()));
    scene.promoted(&["--ready", "--dry-run"], 0, &["t2: lacks nothing: git push --atomic origin "]);
    assert_eq!(server(), before);
}

#[test]
fn whatever_is_ready_is_promoted_and_what_lacks_something_is_told() {
    let scene = Scene::new("");
    let one = scene.task("t1", "src/b.rs", "b\n");
    scene.sandbox.git(["push", "-q", "origin", "origin/main:refs/heads/release/1"]).must();
    scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t2", "origin/main"]).must();
    scene.sandbox.write(&[("src/c.rs", "c\n")]);
    scene.sandbox.commit("Begin t2");
    scene.sandbox.push(["autoTest/t2"]).must();
    scene.sandbox.git(["checkout", "-q", "main"]).must();
    let three = scene.task("t3", "src/d.rs", "d\n");
    // What the branches here hold beside is nobody's business.
    scene.sandbox.git(["branch", "-q", "-f", "autoTest/t3", "main"]).must();
    assert!(scene.json(&["--ready", "--into", "release/1"], 0).is_empty(), "they aim at main");
    let before = scene.own();
    let text =
        scene.promoted(&["--ready", "--into", "main"], 0, &["t1: promoted: origin/main from", "t2: lacks 7 things\n"]);
    let lines: Vec<&str> = text.lines().collect();
    let [_, _, contract, _, artifacts, _, command, third] = lines.as_slice() else { panic!("{text}") };
    assert!(contract.starts_with("  contract   ") && contract.ends_with("contract/APPROVED; and 1 more"), "{text}");
    assert!(artifacts.starts_with("  artifacts  ") && artifacts.ends_with("; and 2 more"), "{text}");
    assert!(third.starts_with("t3: promoted"), "{text}");
    // The command says of each what mends it, and the target and all else is as it was asked for.
    let (_, command) = command.split_once("  what mends it: refgate promote ").unwrap();
    assert_eq!(command, "t2 --into main --dry-run");
    let words: Vec<&str> = command.split(' ').collect();
    scene.promoted(&words, 1, &["7 things are missing", "mend  "]);
    assert_eq!((scene.parents("main"), scene.own()), (vec![one, three], before));
    let again = scene.json(&["--ready"], 0);
    assert_eq!((again.len(), &again[0]["task"], &again[0]["outcome"]), (1, &"t2".into(), &"missing".into()));
    scene.promoted(&["--ready", "t1"], 2, &["cannot be used with"]);
}

#[test]
fn another_promoter_may_be_faster_between_the_looking_and_the_pushing() {
    let scene = Scene::new("");
    scene.task("t1", "src/b.rs", "b\n");
    let two = scene.task("t2", "src/c.rs", "c\n");
    let three = scene.task("t3", "src/d.rs", "d\n");
    let url = format!("file://{}", scene.server.display());
    let other = scene.path("other");
    scene.sandbox.git_in(scene.sandbox.path(), ["clone", "-q", &url, "other"]).must();
    let faster = |task: &str| {
        scene.meanwhile(&format!("cd '{}' && '{REFGATE}' promote {task} >/dev/null", other.display()));
    };
    faster("t2");
    scene.promoted(&["t1"], 1, &["another process was faster: origin/main has moved meanwhile", "run it again"]);
    assert_eq!(scene.main(), two);
    scene.promoted(&["t1"], 0, &["promoted"]);
    // In a timer's job that is no failure, and the next run looks again.
    faster("t3");
    let told = scene.json(&["--ready"], 0);
    assert_eq!(told[0]["outcome"], "overtaken", "{told:?}");
    assert_eq!(scene.parents("main").get(1), Some(&three));
    // The same promotion, made by somebody else meanwhile, is made.
    scene.sandbox.git(["fetch", "-q"]).must();
    let four = scene.task("t4", "src/e.rs", "e\n");
    faster("t4");
    scene.promoted(&["t4"], 0, &["another process was faster, and promoted it"]);
    assert_eq!(scene.main(), four);
}

#[test]
fn what_the_policy_does_not_ask_for_gets_no_tick() {
    let scene = Scene::new("[rules]\nartifact-missing = \"evaluate\"\nout-of-scope = \"evaluate\"\n");
    scene.sandbox.git(["checkout", "-q", "-b", "autoTest/t1", "origin/main"]).must();
    scene.sandbox.write(&[("src/b.rs", "b\n")]);
    scene.sandbox.write_trace("t1", &scene.main(), &["src/b.rs"]);
    fs_err::remove_dir_all(scene.client().join(".ai-stack-trace/t1/gemini")).unwrap();
    scene.sandbox.commit("t1 without its second audit");
    scene.sandbox.push(["autoTest/t1"]).must();
    let text = scene.promoted(&["t1"], 0, &["artifact-missing) (reported only)", "promoted"]);
    assert!(!text.contains("every audit") && !text.contains("[ok] checks"), "{text}");
}
