//! `refgate task`: the way of a task with real repositories and a guarded server, what is said on it, and what is not
//! done.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use refgate::digest::sha256;
use refgate::oid::Oid;
use refgate::statement::approval::{self, SignedApproval};
use refgate::statement::namespace;
use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

mod places;
mod told;

const FOLDER: &str = ".ai-stack-trace/t1";
const APPROVAL: &str = ".ai-stack-trace/t1/contract/approval.md";
const STATUS: &str = ".ai-stack-trace/t1/final/status.json";

/// A guarded server that holds main, and a clone of it.
fn scene() -> Sandbox {
    with_policy("")
}

fn with_policy(policy: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("src/a.rs", "one\n"), ("README.md", "# One\n")]);
    if !policy.is_empty() {
        sandbox.write(&[("refgate.toml", &format!("version = 1\n{policy}"))]);
    }
    sandbox.commit("base");
    sandbox.push(["main"]).must();
    sandbox
}

/// A task in a clone, and the person who works on it.
struct Person<'a> {
    sandbox: &'a Sandbox,
    /// Where the person stands.
    folder: PathBuf,
}

impl<'a> Person<'a> {
    fn of(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, folder: sandbox.path().join("client") }
    }

    /// Runs the program here; the exit status and what it said.
    fn run(&self, args: &[&str]) -> (i32, Said) {
        let mut command = process::command(REFGATE);
        let output =
            command.env("HOME", self.sandbox.path().join("home")).current_dir(&self.folder).args(args).output();
        let output = output.unwrap();
        (output.status.code().unwrap(), Said::new(output))
    }

    fn task(&self, args: &[&str]) -> Said {
        self.run(&[&["task"], args].concat()).1
    }

    fn refused(&self, args: &[&str], why: &str) {
        let (code, said) = self.run(&[&["task"], args].concat());
        assert_eq!(code, 2, "{args:?}: {}", said.stdout);
        assert!(said.stderr.contains(why), "{args:?} must be refused by \"{why}\": {}", said.stderr);
        assert!(said.stderr.trim_end().contains('\n'), "{args:?} does not say what to do: {}", said.stderr);
    }

    fn git(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.folder, args.iter().copied()).must()
    }

    fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A", ":/"]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn top(&self) -> PathBuf {
        PathBuf::from(self.git(&["rev-parse", "--show-toplevel"]))
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.top().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
    }

    fn read(&self, path: &str) -> String {
        fs_err::read_to_string(self.top().join(path)).unwrap()
    }

    /// Fills the template in, as a person would.
    fn approve(&self, path: &str) {
        let text = self
            .read(path)
            .replace("Runtime code changes:\n  - <path-in-backticks-or-NONE>", "Runtime code changes:\n  - `src/**`");
        let text = text.replace("<path-in-backticks-or-NONE>", "NONE").replace("<YYYY-MM-DD>", "2023-11-14");
        self.write(&[(path, &text.replace("<name>", "Dana Reviewer"))]);
    }

    fn audit(&self, folder: &str) {
        for artifact in ["codex/audit", "claude/review", "gemini/audit"] {
            self.write(&[(&format!("{folder}/{artifact}/report.md"), "# Report\n\nVerdict: PASS\n")]);
        }
    }

    /// Everything up to the status, each step committed.
    fn work(&self) -> String {
        let told = self.task(&["start", "t1"]).must();
        self.approve(APPROVAL);
        self.commit("Begin t1");
        self.write(&[("src/b.rs", "two\n")]);
        fs_err::rename(self.top().join("src/a.rs"), self.top().join("src/c.rs")).unwrap();
        self.commit("Work");
        self.audit(FOLDER);
        self.commit("Audits");
        told
    }

    /// The answer of `task status` as JSON, held against its schema and its exit status.
    fn status(&self, args: &[&str]) -> Value {
        let (code, said) = self.run(&[&["task", "status", "--format", "json"], args].concat());
        let value: Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}{}", said.stdout, said.stderr));
        let schema =
            fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/task-status.json")).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}: {value}");
        assert_eq!(code, i32::from(value["missing"] != 0), "{value}");
        assert_eq!(serde_json::to_string(&value).unwrap() + "\n", said.stdout, "the keys are sorted");
        assert_eq!(value["promotion"].is_string(), value["missing"] == 0 && value["promoted"] == false, "{value}");
        if value["promotion"].is_string() {
            let (target, branch) = (value["target"].as_str().unwrap(), value["branch"].as_str().unwrap());
            let (code, said) = self.run(&["check", "--ref", target, "--head", branch]);
            assert_eq!(code, 0, "nothing is missing, but: {}", said.stdout);
        }
        value
    }

    /// What is missing: step, and rule or the beginning of what is wrong.
    fn missing(&self) -> Vec<(String, String)> {
        let status = self.status(&[]);
        let items = status["items"].as_array().unwrap().iter().filter(|item| item["severity"] == "enforce");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let what = |item: &Value| text(&item["rule"]).or(text(&item["what"])).unwrap();
        items.map(|item| (text(&item["step"]).unwrap(), what(item))).collect()
    }

    /// What is missing, each kind of it once.
    #[track_caller]
    fn lacks(&self, expected: &[(&str, &str)]) {
        let mut missing = self.missing();
        missing.dedup();
        let told = missing.iter().map(|(step, what)| (step.as_str(), what.as_str()));
        let fits = told.zip(expected).all(|((step, what), (due, about))| step == *due && what.starts_with(about));
        assert!(fits && missing.len() == expected.len(), "{missing:#?}, not {expected:#?}");
    }

    /// Runs the command that `task status` prints for the first thing that is missing.
    fn mend(&self) {
        let status = self.status(&[]);
        let first = status["items"].as_array().unwrap().iter().find(|item| item["severity"] == "enforce");
        self.shell(first.unwrap()["mend"].as_str().unwrap()).must();
    }

    fn promote(&self) -> Said {
        let status = self.status(&[]);
        self.shell(status["promotion"].as_str().unwrap_or_else(|| panic!("{status}")))
    }

    fn shell(&self, command: &str) -> Said {
        let path = format!("{}:{}", Path::new(REFGATE).parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut shell = process::command("sh");
        shell.env("PATH", path).env("GIT_EDITOR", "sh -c 'echo words > \"$1\"' sh");
        Said::new(shell.current_dir(&self.folder).args(["-c", command]).output().unwrap())
    }

    fn check(&self) -> Value {
        let (_, said) = self.run(&["check", "--ref", "main", "--head", "autoTest/t1", "--format", "json"]);
        serde_json::from_str(&said.stdout).unwrap()
    }
}

#[test]
fn a_task_goes_from_its_start_to_its_promotion() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    let base = sandbox.rev("main");
    let told = person.task(&["start", "t1"]).must();
    assert!(
        told.contains("Switched to the new branch autoTest/t1") && told.contains("where origin/main stands"),
        "{told}"
    );
    assert_eq!(sandbox.git(["symbolic-ref", "HEAD"]).must(), "refs/heads/autoTest/t1");
    assert!(
        !sandbox.git(["rev-parse", "--verify", "-q", "autoTest/t1@{upstream}"]).ok,
        "main is no upstream of a task"
    );
    assert_eq!(person.read(&format!("{FOLDER}/contract/APPROVED")), format!("APPROVED:t1:{base}\n"));
    assert!(!person.top().join(FOLDER).join("final").exists());

    person.write(&[("src/a.rs", "two\n")]);
    person.commit("Begin, and work");
    let early = sandbox.push(["autoTest/t1"]);
    assert!(!early.ok && early.stderr.contains("out-of-scope"), "the template approves nothing: {}", early.stderr);
    person.approve(APPROVAL);
    person.audit(FOLDER);
    person.commit("Approval and audits");
    let told = person.task(&["finish", "--tests-run", "make test", "--warning", "slow"]).must();
    for line in told.lines().filter(|line| line.trim_start().starts_with("git ")) {
        person.shell(line).must();
    }
    person.lacks(&[("push", "origin does not hold autoTest/t1 yet")]);
    person.mend();
    person.lacks(&[]);
    assert_eq!(person.check()["decision"], "accept");
    let human = person.task(&["status"]).must();
    assert!(human.contains("nothing is missing") && human.contains("git push origin autoTest/t1:main"), "{human}");
    person.promote().must();
    let server = sandbox.path().join("server.git");
    assert_eq!(sandbox.git_in(&server, ["rev-parse", "main"]).must(), sandbox.rev("HEAD"));
    assert_eq!(person.status(&[])["promoted"], true);
    assert!(person.task(&["status"]).must().contains("promoted already"));
    person.refused(&["finish"], "is promoted already");
    sandbox.git(["switch", "-q", "--detach", "origin/main"]).must();
    sandbox.git(["branch", "-q", "-D", "autoTest/t1"]).must();
    sandbox.push([":autoTest/t1"]).must();
    person.refused(&["start", "T1"], "is finished on refs/heads/main already");
}

#[test]
fn what_is_finished_is_held_to_every_byte() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.work();
    let work = sandbox.rev("HEAD~");
    person.task(&["finish"]).must();
    let text = person.read(STATUS);
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{status:#}\n"), text, "sorted keys, LF");
    let keys: Vec<&String> = status.as_object().unwrap().keys().collect();
    let all = ["artifacts", "base", "branch", "commitSha", "filesChanged", "schema", "status", "task", "tree"];
    assert_eq!(keys, all, "no time, no host");
    assert_eq!(
        status["filesChanged"],
        serde_json::json!(["src/a.rs", "src/b.rs", "src/c.rs"]),
        "both sides of a rename"
    );
    assert_eq!(status["commitSha"], work.as_str(), "the audits changed nothing outside the trace");
    assert_eq!(status["base"], sandbox.rev("main").as_str());
    let report = sandbox.rev(&format!("HEAD:{FOLDER}/codex/audit/report.md"));
    assert_eq!(status["artifacts"]["codex/audit/report.md"], report.as_str());
    assert_eq!(status["artifacts"].as_object().unwrap().len(), 8, "{status}");
    person.task(&["finish"]).must();
    assert_eq!(person.read(STATUS), text, "the same again");
    let finished = person.commit("Finish t1");
    sandbox.push(["autoTest/t1"]).must();
    assert_eq!(person.check()["decision"], "accept");
    person.task(&["finish"]).must();
    assert_eq!(person.git(&["status", "--porcelain"]), "", "the same after the commit");

    let report = format!("{FOLDER}/codex/audit/report.md");
    let more = format!("{FOLDER}/codex/audit/more.md");
    let marker = format!("{FOLDER}/contract/APPROVED");
    let field = |field: &str, value: Value| {
        let mut status = status.clone();
        status[field] = value;
        format!("{status:#}\n")
    };
    let approval = person.read(APPROVAL).replace("Dana", "Dave");
    let short = format!("APPROVED:t1:{}\n", &sandbox.rev("main")[..12]);
    let oid = Value::from(report.len().to_string().repeat(40)[..40].to_owned());
    let changes: Vec<(&str, String)> = vec![
        ("src/b.rs", "three\n".into()),
        ("src/d.rs", "new\n".into()),
        (&report, "# Another\n".into()),
        (&more, "# More\n".into()),
        (APPROVAL, approval),
        (&marker, short),
        (STATUS, field("tree", oid.clone())),
        (STATUS, field("base", oid.clone())),
        (STATUS, field("commitSha", oid)),
        (STATUS, field("branch", "autoTest/t2".into())),
        (STATUS, field("status", "DONE".into())),
        (STATUS, field("filesChanged", serde_json::json!(["src/b.rs"]))),
        (STATUS, field("artifacts", serde_json::json!({}))),
        (STATUS, text.replace("\"task\"", "\"task\": \"t1\", \"task\"")),
        (".ai-stack-trace/t1/final/FAILED.md", "no\n".into()),
    ];
    for (path, text) in changes {
        person.write(&[(path, &text)]);
        person.commit("Afterwards");
        let (rules, verdict) = (["status-contradicted", "status-invalid"], person.check());
        let findings = verdict["updates"][0]["findings"].as_array().unwrap();
        let found = findings.iter().any(|finding| rules.iter().any(|rule| finding["rule"] == *rule));
        assert!(found && verdict["decision"] == "refuse", "{path}: {text}: {verdict}");
        assert!(person.missing().iter().any(|(step, what)| step == "status" && what != "artifact-missing"), "{path}");
        sandbox.git(["reset", "-q", "--hard", &finished]).must();
    }
    person.write(&[("src/b.rs", "three\n")]);
    person.commit("Afterwards");
    sandbox.push(["autoTest/t1"]).must();
    let refused = sandbox.push(["autoTest/t1:main"]);
    assert!(!refused.ok && refused.stderr.contains("status-contradicted"), "{}", refused.stderr);
    person.lacks(&[("status", "status-contradicted")]);
    person.task(&["finish"]).must();
    person.commit("Finish t1 again");
    sandbox.push(["autoTest/t1"]).must();
    person.promote().must();
}

#[test]
fn start_refuses_what_could_never_be_promoted_and_overwrites_nothing() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    for name in ["a/b", ".a", "a..b", "a.lock", "autoTest/x", ""] {
        person.refused(&["start", name], "is no name of a task");
    }
    person.refused(&["start", "t1", "--base", "nowhere"], "names no object here");
    person.refused(&["start", "t1", "--base", "main^{tree}"], "--base names no commit");
    person.write(&[("src/a.rs", "local\n")]);
    let ahead = person.commit("Not pushed");
    person
        .refused(&["start", "t1", "--base", "HEAD"], &format!("no protected branch of origin holds {}", &ahead[..12]));
    // `main` is the server's, whatever stands here; and what Git cannot carry along stays.
    person.write(&[("src/a.rs", "changed\n")]);
    person.refused(&["start", "t1", "--base", "main"], "Your local changes");
    assert_eq!(sandbox.git(["symbolic-ref", "HEAD"]).must(), "refs/heads/main");
    assert!(!person.top().join(FOLDER).exists());
    person.git(&["reset", "-q", "--hard", "origin/main"]);

    person.write(&[(".ai-stack-trace/t1/notes", "mine\n")]);
    person.refused(&["start", "t1"], "stands in the work tree already");
    assert_eq!(person.read(".ai-stack-trace/t1/notes"), "mine\n");
    fs_err::remove_dir_all(person.top().join(".ai-stack-trace")).unwrap();
    fs_err::os::unix::fs::symlink("../elsewhere", person.top().join(".ai-stack-trace")).unwrap();
    person.refused(&["start", "t1"], "stands where a folder must be");
    assert!(!sandbox.path().join("elsewhere").exists());
    fs_err::remove_file(person.top().join(".ai-stack-trace")).unwrap();
    assert_eq!(sandbox.git(["symbolic-ref", "HEAD"]).must(), "refs/heads/main");

    // What can be carried comes along, and a hook that fails afterwards changes nothing of it.
    let hook = person.top().join(".git/hooks/post-checkout");
    fs_err::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    fs_err::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    person.write(&[("src/new.rs", "mine\n"), ("README.md", "# Mine\n")]);
    person.task(&["start", "t1"]).must();
    assert_eq!(person.read("README.md"), "# Mine\n");
    fs_err::remove_file(hook).unwrap();
    person.refused(&["start", "t1"], "this repository holds the branch autoTest/t1 already");
    person.commit("All of it");
    person.approve(APPROVAL);
    person.refused(&["start", "T1"], "this repository holds the branch autoTest/t1 already");
    person.git(&["push", "-q", "origin", "HEAD~:refs/heads/autoTest/t2"]);
    person.refused(&["start", "t2"], "origin holds the branch autoTest/t2 already");
    person.refused(&["start", "T2"], "origin holds the branch autoTest/t2 already");
    person.git(&["update-ref", "refs/remotes/origin/AUTOTEST/x", "HEAD"]);
    person.refused(&["start", "t3"], "origin would refuse autoTest/t3 (ref-collision)");
}

#[test]
fn finish_refuses_until_all_else_is_done() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.task(&["start", "t1"]).must();
    person.refused(&["finish"], "the branch has no commit of its own yet");
    person.approve(APPROVAL);
    person.commit("Begin t1");
    person.write(&[("src/b.rs", "two\n")]);
    person.refused(&["finish"], "not committed: src/b.rs");
    person.commit("Work");
    person.refused(&["finish"], ".ai-stack-trace/t1/codex/audit/, ");
    person.audit(FOLDER);
    person.refused(&["finish"], &format!("not committed: {FOLDER}/claude/review/report.md and 2 more"));
    person.commit("Audits");
    person.write(&[(".ai-stack-trace/t1/final/failed.MD", "no\n")]);
    person.refused(&["finish"], "final/FAILED.md reports a failure");
    fs_err::remove_file(person.top().join(FOLDER).join("final/failed.MD")).unwrap();
    person.git(&["switch", "-q", "main"]);
    person.refused(&["finish", "t1"], "autoTest/t1 is not checked out here");
    person.refused(&["finish", "t2"], "autoTest/t2 is not checked out here");
    person.git(&["switch", "-q", "autoTest/t1"]);
    assert!(!person.top().join(STATUS).exists());
    // What no JSON can name, and what no reader would take for a path below the folder.
    let odd = person.top().join("src").join(std::ffi::OsStr::from_bytes(b"\xff.rs"));
    fs_err::write(odd, "x\n").unwrap();
    person.commit("A name in no encoding");
    person.refused(&["finish"], r#""src/\377.rs" is not UTF-8"#);
    person.git(&["reset", "-q", "--hard", "HEAD~"]);
    person.write(&[(".ai-stack-trace/t1/codex/audit/a\\b.md", "x\n")]);
    person.commit("A name with a backslash");
    person.refused(&["finish"], "the status would not hold: the field `artifacts`");
    person.git(&["reset", "-q", "--hard", "HEAD~"]);
    // A link in its place is replaced, and what it leads to stays.
    fs_err::create_dir_all(person.top().join(FOLDER).join("final")).unwrap();
    fs_err::os::unix::fs::symlink("../../../README.md", person.top().join(STATUS)).unwrap();
    person.task(&["finish", "t1"]).must();
    assert_eq!(person.read("README.md"), "# One\n");
    assert!(person.read(STATUS).contains("SUCCESS"));
    person.commit("Finish t1");
    person.lacks(&[("push", "origin does not hold")]);
}

#[test]
fn names_and_artifacts_are_the_policy_s() {
    let policy = "repository = \"example\"\n[branches]\ntask = \"work/\"\n[trace]\nfolder = \".trace\"\n\
                  artifacts = [\"plan/plan.md\", \"final/\", \"contract/approval.md\"]\n";
    let sandbox = with_policy(policy);
    let person = Person::of(&sandbox);
    let told = person.task(&["start", "t1", "--base", "main"]).must();
    assert!(told.contains("work/t1") && told.contains("artifacts: plan/plan.md, final/"), "{told}");
    let approval = ".trace/t1/contract/approval.md";
    assert!(person.read(approval).contains("\nRepository: example\n"));
    assert_eq!(person.read(".trace/t1/plan/.gitkeep"), "");
    person.approve(approval);
    person.write(&[("src/b.rs", "two\n")]);
    person.commit("Work");
    person.lacks(&[("artifacts", "artifact-missing"), ("status", "artifact-missing"), ("push", "origin")]);
    person.write(&[(".trace/t1/plan/plan.md", "a plan\n"), (".trace/t1/final/report.md", "done\n")]);
    person.refused(&["finish"], "not committed: .trace/t1/final/report.md");
    person.commit("Plan");
    person.task(&["finish"]).must();
    person.commit("Finish t1");
    sandbox.push(["work/t1"]).must();
    person.promote().must();
}

#[test]
fn what_cannot_be_judged_is_undecided() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.work();
    sandbox.push(["autoTest/t1"]).must();
    let url = format!("file://{}", sandbox.path().join("server.git").display());
    sandbox.git_in(sandbox.path(), ["clone", "-q", "--depth", "1", "--no-single-branch", &url, "shallow"]).must();
    let shallow = Person { sandbox: &sandbox, folder: sandbox.path().join("shallow") };
    shallow.refused(&["status", "t1"], "--unshallow");
}
