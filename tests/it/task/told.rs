//! What `task status` and `finish` tell: every requirement in its order, and the command that mends it.

use super::*;

#[test]
fn status_shows_what_is_missing_in_the_order_in_which_it_is_done() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    let none = person.status(&["t1"]);
    assert_eq!((&none["items"][0]["mend"], &none["base"]), (&"refgate task start t1".into(), &Value::Null), "{none}");
    person.refused(&["status"], "no branch of a task is checked out");
    person.shell(none["items"][0]["mend"].as_str().unwrap()).must();
    let unpushed = ("push", "origin does not hold autoTest/t1 yet");
    let begin = ("start", "origin/main holds every commit of the branch already");
    let keep = "not committed: claude/review/.gitkeep, codex/audit/.gitkeep, gemini/audit/.gitkeep";
    let contract = "not committed: contract/APPROVED, contract/approval.md";
    person.lacks(&[begin, ("contract", contract), ("artifacts", keep), unpushed]);
    person.mend();

    let (artifacts, status) = (("artifacts", "artifact-missing"), ("status", "artifact-missing"));
    person.lacks(&[("scope", "approval-invalid"), artifacts, status, unpushed]);
    person.write(&[("src/b.rs", "two\n"), ("src/aux.rs", "x\n")]);
    person.commit("Work, under a name that is a device's");
    let (invalid, outside) = (("scope", "approval-invalid"), ("scope", "out-of-scope"));
    person.lacks(&[invalid, outside, ("change", "path-name"), artifacts, status, unpushed]);
    person.git(&["rm", "-q", ":/src/aux.rs"]);
    person.git(&["commit", "-q", "--amend", "--no-edit"]);

    // What is not committed may be mended already, so nothing but this is said of it.
    person.approve(APPROVAL);
    person.lacks(&[("contract", "not committed: contract/approval.md"), outside, artifacts, status, unpushed]);
    person.mend();
    person.lacks(&[artifacts, status, unpushed]);
    person.audit(FOLDER);
    let reports = "not committed: claude/review/report.md, codex/audit/report.md, gemini/audit/report.md";
    person.lacks(&[("artifacts", reports), status, unpushed]);
    person.mend();
    person.lacks(&[status, unpushed]);
    person.mend();
    person.lacks(&[("status", "not committed: final/status.json"), unpushed]);
    person.mend();
    person.lacks(&[unpushed]);
    assert_eq!(person.check()["decision"], "accept", "check takes a task as pushed");
    person.mend();
    person.lacks(&[]);

    // Meanwhile main moves on.
    person.git(&["switch", "-q", "-c", "words", "main"]);
    person.write(&[("README.md", "# Two\n")]);
    person.commit("Words");
    person.git(&["push", "-q", "origin", "words", "--"]);
    person.git(&["push", "-q", "origin", "words:main"]);
    let aside = person.status(&["t1"]);
    assert_eq!(aside["items"][1]["mend"], "git switch autoTest/t1 && git merge origin/main", "{aside}");
    person.shell("git switch autoTest/t1 && git merge origin/main").must();
    person.lacks(&[("status", "status-contradicted"), ("push", "origin lacks 2 commits of autoTest/t1")]);
    person.mend();
    person.mend();
    person.mend();
    person.lacks(&[]);
    person.promote().must();
}

#[test]
fn a_signature_and_a_check_that_the_policy_asks_for_have_their_steps() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    let key = sandbox.path().join("dana");
    let keygen = |args: &[&str]| Said::new(process::command("ssh-keygen").args(args).output().unwrap()).must();
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key.to_str().unwrap()]);
    let public = fs_err::read_to_string(key.with_extension("pub")).unwrap();
    let own: toml::Table = fs_err::read_to_string(server.join("refgate/server.toml")).unwrap().parse().unwrap();
    let id = own["repository_id"].as_str().unwrap();
    let policy = format!(
        "version = 1\nrepository_id = \"{id}\"\n[roles.approve]\nprincipals = [\"dana@example.com\"]\n\
         [roles.check]\nprincipals = [\"ci@example.com\"]\n[checks]\nrequired = [\"tests\"]\n"
    );
    let signers = format!("dana@example.com namespaces=\"{}\" {public}", namespace::APPROVAL);
    sandbox.write(&[("src/a.rs", "one\n"), ("refgate.toml", &policy), (".refgate/allowed_signers", &signers)]);
    let base = sandbox.commit("base");
    sandbox.push(["main"]).must();
    let person = Person::of(&sandbox);
    let told = person.work();
    assert!(
        told.contains("\n  3. a person of the approve role signs it: refgate approve t1, and commits that\n  4. "),
        "{told}"
    );
    let (status, unpushed) = (("status", "artifact-missing"), ("push", "origin does not hold"));
    let check = ("checks", "check-missing");
    person.lacks(&[("signature", "approval-signature"), status, unpushed, check]);
    let told = person.task(&["status"]).stdout;
    assert!(told.contains("refgate approve t1") && told.contains("refgate attest --check tests"), "{told}");

    let digest = |file: &str| sha256(person.read(&format!("{FOLDER}/{file}")).as_bytes());
    let now = jiff::Timestamp::now();
    let approval = SignedApproval {
        acknowledgements: Vec::new(),
        approval: digest("contract/approval.md"),
        approved: digest("contract/APPROVED"),
        base: Oid::from_hex(base.as_bytes()).unwrap(),
        expires_at: now.checked_add(jiff::SignedDuration::from_hours(24)).unwrap(),
        issued_at: now,
        repository: id.to_owned(),
        schema: approval::SCHEMA.to_owned(),
        task: "t1".to_owned(),
    };
    person.write(&[(&format!("{FOLDER}/{}", approval::FILE), &approval.to_json())]);
    let file = person.top().join(FOLDER).join(approval::FILE);
    keygen(&["-q", "-Y", "sign", "-n", namespace::APPROVAL, "-f", key.to_str().unwrap(), file.to_str().unwrap()]);
    let signed = "not committed: contract/approval.json, contract/approval.json.sig";
    person.lacks(&[("signature", signed), status, unpushed, check]);
    person.mend();
    person.lacks(&[status, unpushed, check]);
    person.mend();
    person.mend();
    person.mend();
    person.lacks(&[check]);
}

#[test]
fn what_keeps_a_folder_may_go_once_a_report_is_there() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.work();
    sandbox.push(["autoTest/t1"]).must();
    let reported = || person.status(&[])["items"].to_string().contains("review-rewritten");
    person.git(&["rm", "-q", ".ai-stack-trace/t1/codex/audit/.gitkeep"]);
    person.commit("Only the report");
    assert!(!reported());
    person.git(&["rm", "-q", ".ai-stack-trace/t1/codex/audit/report.md"]);
    person.commit("Not even that");
    assert!(reported());
}

#[test]
fn a_branch_that_the_server_holds_otherwise_is_named_with_the_way_out() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.work();
    person.task(&["finish"]).must();
    let finished = person.commit("Finish t1");
    sandbox.push(["autoTest/t1"]).must();
    person.git(&["reset", "-q", "--hard", "HEAD~"]);
    person
        .lacks(&[("merge", "origin/autoTest/t1 is a commit ahead of the branch here"), ("status", "artifact-missing")]);
    person.mend();
    assert_eq!(sandbox.rev("HEAD"), finished);
    person.git(&["commit", "-q", "--amend", "-m", "Finish, in other words"]);
    person.lacks(&[("push", "origin/autoTest/t1 holds other commits than autoTest/t1")]);
    assert!(person.status(&[])["items"].to_string().contains("git push --force-with-lease origin autoTest/t1"));
    // What only the server has is judged too.
    person.git(&["switch", "-q", "--detach", "main"]);
    person.git(&["branch", "-q", "-D", "autoTest/t1"]);
    assert_eq!(person.status(&["t1"])["tip"], finished.as_str());
    person.shell(person.status(&["t1"])["promotion"].as_str().unwrap()).must();
}

#[test]
fn an_artifact_that_git_ignores_is_named_with_the_command_that_adds_it() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    fs_err::write(sandbox.path().join("client/.git/info/exclude"), "*.md\nfinal/\n").unwrap();
    let told = person.task(&["start", "t1"]).must();
    assert!(told.contains("git add --force :/.ai-stack-trace/t1"), "{told}");
    person.approve(APPROVAL);
    person.git(&["add", "--force", FOLDER]);
    person.write(&[("src/b.rs", "two\n")]);
    person.commit("Begin, and work");
    person.audit(FOLDER);
    for _ in 0..3 {
        person.lacks(&[("artifacts", "artifact-missing"), ("status", "artifact-missing"), ("push", "origin")]);
        person.mend();
    }
    let told = person.task(&["finish"]).must();
    for line in told.lines().filter(|line| line.trim_start().starts_with("git ")) {
        person.shell(line).must();
    }
    person.lacks(&[("push", "origin")]);
}

#[test]
fn what_is_told_stays_short_and_what_is_to_be_typed_can_be() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.work();
    person.task(&["finish"]).must();
    person.commit("Finish t1");
    person.git(&["rm", "-q", "-r", ".ai-stack-trace/t1/contract"]);
    for number in 0..25 {
        person.write(&[(&format!("lib/{number}.rs"), "x\n")]);
    }
    person.commit("No contract");
    let status = person.status(&[]);
    let mend = |rule: &str, path: &str| {
        let mut items = status["items"].as_array().unwrap().iter();
        let item = items.find(|item| item["rule"] == rule && item["path"] == path);
        item.unwrap_or_else(|| panic!("{rule} {path}: {status}"))["mend"].as_str().unwrap().to_owned()
    };
    let marker = ".ai-stack-trace/t1/contract/APPROVED";
    fs_err::create_dir(person.top().join(".ai-stack-trace/t1/contract")).unwrap();
    person.shell(mend("artifact-missing", marker).split(", ").next().unwrap()).must();
    assert_eq!(person.read(marker), format!("APPROVED:t1:{}\n", sandbox.rev("origin/main")));
    assert!(mend("artifact-missing", APPROVAL).contains("the line Task: t1"), "{status}");

    // With an approval each path is a finding of its own, and they are mended in one way.
    person.git(&["checkout", "-q", "HEAD~", "--", ".ai-stack-trace/t1/contract"]);
    person.commit("The contract again");
    for number in 0..7 {
        person.write(&[(&format!("{FOLDER}/logs/{number}.txt"), "x\n")]);
    }
    let (code, said) = person.run(&["task", "status"]);
    assert_eq!(code, 1);
    assert!(said.stdout.contains("task t1 for origin/main: 30 things are missing"), "{}", said.stdout);
    let all = "... and 5 more of out-of-scope; see all of them with\n          refgate task status t1 --format json\n";
    assert!(said.stdout.contains(all), "{}", said.stdout);
    assert!(
        said.stdout.contains("not committed: logs/0.txt, ") && said.stdout.contains(" and 2 more"),
        "{}",
        said.stdout
    );
    assert_eq!(said.stdout.matches("the path is not in the approved scope").count(), 1, "{}", said.stdout);
    assert_eq!(said.stdout.matches("    at    lib/").count(), 20, "{}", said.stdout);
    person.git(&["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/topic"]);
    let (_, said) = person.run(&["promote", "t1", "--merge"]);
    let all = "see all of them with\n          refgate promote t1 --merge --dry-run --format json\n";
    assert!(said.stdout.contains(all), "{}{}", said.stdout, said.stderr);
}

#[test]
fn what_takes_too_long_is_given_up_with_what_to_do() {
    let sandbox = scene();
    let person = Person::of(&sandbox);
    person.work();
    let policy = sandbox.path().join("policy");
    fs_err::write(&policy, "version = 1\n[limits]\nseconds = 1\n").unwrap();
    let policy = policy.display().to_string();
    let status = ["task", "status", "--policy", &policy];
    // Git compares a file that has a new date by this filter.
    person.git(&["config", "filter.slow.clean", "sleep 20; cat"]);
    fs_err::write(sandbox.path().join("client/.git/info/attributes"), "*.md filter=slow\n").unwrap();
    person.write(&[(APPROVAL, &person.read(APPROVAL))]);
    let file = fs_err::File::options().append(true).open(person.top().join(APPROVAL)).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let (code, said) = person.run(&status);
    assert_eq!((code, &*said.stdout), (2, ""), "{}", said.stderr);
    assert!(said.stderr.contains("nothing could be said within 2 seconds"), "{}", said.stderr);
    assert!(said.stderr.contains("limits.seconds") && said.stderr.contains("--policy FILE"), "{}", said.stderr);
}
