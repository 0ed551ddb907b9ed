//! One long story of good and bad pushes at one server that starts empty. Every push names the rule that must refuse
//! it, and the pusher must be able to read that name. All failures are reported together.

use crate::support::{Said, Sandbox};

/// Tells the story through the sandbox's client, whose `origin` is the server.
pub(crate) fn tell(sandbox: &Sandbox) {
    tell_as(sandbox, None);
}

/// As [`tell`], to a server that knows who pushes: after every push the pusher reads it.
pub(crate) fn tell_as(sandbox: &Sandbox, actor: Option<&str>) {
    let mut teller = Teller { sandbox, actor, told: 0, wrong: Vec::new() };
    teller.first_push();
    teller.task_branch();
    teller.protected_branch();
    teller.documentation();
    teller.tags();
    teller.namespaces();
    teller.paths();
    teller.merges();
    let Teller { told, wrong, .. } = teller;
    assert!(wrong.is_empty(), "{} of {told} pushes went wrong:\n\n{}", wrong.len(), wrong.join("\n"));
    assert!(told >= 24, "only {told} pushes were told");
    eprintln!("{told} pushes, all as they must be");
}

struct Teller<'a> {
    sandbox: &'a Sandbox,
    actor: Option<&'a str>,
    told: usize,
    wrong: Vec<String>,
}

impl Teller<'_> {
    fn accepted(&mut self, what: &str, args: &[&str]) {
        let said = self.push(args);
        if !said.ok {
            self.wrong.push(format!("{what}: must be accepted, but:\n{}", said.stderr));
        }
    }

    fn refused(&mut self, what: &str, rule: &str, args: &[&str]) {
        let said = self.push(args);
        if said.ok {
            self.wrong.push(format!("{what}: must be refused by {rule}, but was accepted"));
        } else if !said.stderr.contains(rule) {
            self.wrong.push(format!("{what}: the pusher does not read {rule}:\n{}", said.stderr));
        }
    }

    fn push(&mut self, args: &[&str]) -> Said {
        self.told += 1;
        let said = self.sandbox.push(args.iter().copied());
        let seen = said.pushed_by();
        if seen.as_deref() != self.actor {
            self.wrong.push(format!("{args:?}: {seen:?} pushed, not {:?}:\n{}", self.actor, said.stderr));
        }
        said
    }

    /// The client's branch `name` at `from`, checked out.
    fn branch(&self, name: &str, from: &str) {
        self.sandbox.git(["checkout", "-q", "-f", "-B", name, from]).must();
    }

    fn first_push(&mut self) {
        self.sandbox.write(&[("README.md", "# Example\n"), ("src/a.rs", "fn a() {}\n"), ("docs/guide.md", "guide\n")]);
        self.sandbox.commit("Start");
        self.accepted("the first push of main", &["main"]);
        self.sandbox.write(&[("src/a.rs", "fn a() { direct() }\n")]);
        self.sandbox.commit("Direct");
        self.refused("a direct push", "direct-push", &["main"]);
        self.sandbox.git(["reset", "-q", "--hard", "origin/main"]).must();
    }

    fn task_branch(&mut self) {
        let base = self.sandbox.rev("main");
        self.branch("autoTest/t1", "main");
        self.sandbox.write(&[("src/a.rs", "fn a() { task() }\n")]);
        self.sandbox.commit("Work");
        self.accepted("an unfinished task branch", &["autoTest/t1"]);
        self.refused("promotion without a trace", "artifact-missing", &["autoTest/t1:main"]);
        self.sandbox.write_trace("t1", &base, &["src/a.rs"]);
        self.sandbox.write(&[("tools/x.sh", "echo\n")]);
        self.sandbox.commit("Finish, with a stray file");
        self.refused("a change outside the scope", "out-of-scope", &["autoTest/t1"]);
        self.sandbox.git(["reset", "-q", "--hard", "HEAD~"]).must();
        self.sandbox.write_trace("t1", &base, &["src/a.rs"]);
        self.sandbox.commit("Finish");
        self.refused("a promotion of what the server does not hold yet", "direct-push", &["autoTest/t1:main"]);
        self.refused(
            "branch and promotion in one push",
            "direct-push",
            &["autoTest/t1:autoTest/t1", "autoTest/t1:main"],
        );
        self.accepted("the finished task branch", &["autoTest/t1"]);
        self.accepted("its promotion", &["autoTest/t1:main"]);
        self.branch("main", "autoTest/t1");
    }

    fn protected_branch(&mut self) {
        self.refused("a rewind of main", "protected-rewind", &["--force", "main~1:main"]);
        self.refused("the deletion of main", "protected-deletion", &[":main"]);
        self.refused(
            "a release branch at a new commit",
            "protected-creation",
            &[&format!("{}:refs/heads/release/1", {
                let tree = self.sandbox.rev("main^{tree}");
                self.sandbox.commit_tree(&tree, &["main"])
            })],
        );
        self.accepted("a release branch at a commit of main", &["main:refs/heads/release/1"]);
    }

    fn documentation(&mut self) {
        self.branch("fix-typo", "main");
        self.sandbox.write(&[("docs/guide.md", "a better guide\n")]);
        self.sandbox.commit("Reword the guide");
        self.refused("documentation straight to main", "direct-push", &["fix-typo:main"]);
        self.accepted("documentation on a branch", &["fix-typo"]);
        self.accepted("documentation from that branch", &["fix-typo:main"]);
        self.branch("main", "fix-typo");
    }

    fn tags(&mut self) {
        self.sandbox.git(["tag", "v1", "main"]).must();
        self.accepted("a release tag on main", &["v1"]);
        self.refused("the tag moved", "tag-moved", &["--force", "main~1:refs/tags/v1"]);
        self.refused("the tag deleted", "tag-moved", &[":refs/tags/v1"]);
        let tree = self.sandbox.rev("main^{tree}");
        let stray = self.sandbox.commit_tree(&tree, &["main"]);
        self.refused("a release tag on a stray commit", "release-tag", &[&format!("{stray}:refs/tags/v2")]);
    }

    fn namespaces(&mut self) {
        let old = self.sandbox.rev("main~1");
        self.refused("a replacement", "replace-ref", &[&format!("main:refs/replace/{old}")]);
        self.refused("an unknown namespace", "unknown-namespace", &["main:refs/foo/bar"]);
        self.refused("the server's own refs", "server-ref", &["+main:refs/refgate/ledger"]);
        self.refused("MAIN beside main", "ref-collision", &["main:refs/heads/MAIN"]);
        self.refused("a task that is no task", "ref-name", &["main:refs/heads/autoTest/-x"]);
    }

    fn paths(&mut self) {
        self.branch("topic", "main");
        self.sandbox.write(&[("src/con.rs", "// a device name\n")]);
        self.sandbox.commit("Device");
        self.refused("a device name", "path-name", &["topic"]);
        self.branch("topic", "main");
        self.sandbox.write(&[("Readme.md", "# Twice\n")]);
        self.sandbox.commit("Twice");
        self.refused("README.md beside Readme.md", "path-collision", &["topic"]);
        self.branch("autoTest/t2", "main");
        self.sandbox.write(&[(".ai-stack-trace/t1/codex/audit/report.md", "rewritten\n")]);
        self.sandbox.commit("Rewrite history");
        self.refused("a finished trace rewritten", "trace-frozen", &["autoTest/t2"]);
        self.branch("topic", "main");
        self.sandbox.write(&[(".refgate/allowed_signers", "me ssh-ed25519 AAAA\n")]);
        self.sandbox.commit("Signers");
        self.refused("the signers", "policy-changed", &["topic"]);
    }

    fn merges(&mut self) {
        let base = self.sandbox.rev("main");
        self.branch("autoTest/t3", "main");
        self.sandbox.write(&[("src/b.rs", "fn b() {}\n")]);
        self.sandbox.write_trace("t3", &base, &["src/b.rs"]);
        let tip = self.sandbox.commit("Task three");
        self.accepted("another task", &["autoTest/t3"]);
        let tree = self.sandbox.rev("autoTest/t3^{tree}");
        let ours = self.sandbox.commit_tree(&self.sandbox.rev("main^{tree}"), &[&base, &tip]);
        self.refused("a merge that drops the task", "merge-not-clean", &[&format!("{ours}:main")]);
        let clean = self.sandbox.commit_tree(&tree, &[&base, &tip]);
        self.accepted("the clean merge", &[&format!("{clean}:main")]);
    }
}
