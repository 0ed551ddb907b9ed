//! Signed pushes, through a real receive-pack: whose signature counts, for which push, and how often. Git's own word on
//! them is shown beside the gate's: it says `G` for keys that are unknown, expired or revoked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::corpus::sign::sign_with;
use crate::corpus::{process, run};
use crate::support::{REFGATE, Said, Sandbox};

mod wire;

use wire::{Client, Mode};

/// Everybody with a key, and what the server's signers say of it.
const PEOPLE: [(&str, &str); 7] = [
    ("alice", "alice@example.com"),
    ("bob", "bob@example.com"),
    ("expired", "expired@example.com valid-before=\"20200101Z\""),
    ("early", "early@example.com valid-after=\"29990101Z\""),
    ("files", "files@example.com namespaces=\"file\""),
    ("gone", "gone@example.com"),
    ("team", "*@team.example.com"),
];

/// A guarded server that remembers what its hook was told, and a client with keys.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
}

impl Scene {
    /// `actor` says who pushes, `policy` is the server's own; `main` is there already.
    fn new(actor: &str, policy: &str) -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        let scene = Self { sandbox, server };
        let mut signers = String::new();
        for (name, line) in PEOPLE {
            signers += &format!("{line} {}\n", scene.make_key(name));
        }
        let both = scene.make_key("both");
        signers += &format!("one@example.com {both}\ntwo@example.com {both}\n");
        scene.make_key("stranger");
        scene.file("signers", &signers);
        scene.file("policy", &format!("version = 1\n{policy}"));
        let gone = fs_err::read_to_string(scene.path("gone.pub")).unwrap();
        fs_err::write(scene.server.join("refgate/revoked"), &gone).unwrap();
        let mut install = process::command(REFGATE);
        install.args(["install", "server", "--actor", "none", "--signers"]).arg(scene.path("signers"));
        Said::new(install.arg("--repo").arg(&scene.server).output().unwrap()).must();
        // What Git itself needs to say what it thinks of a signature, beside the signers, which it was told of.
        let revoked = scene.server.join("refgate/revoked").display().to_string();
        scene.config(&["gpg.ssh.revocationFile", &revoked]);
        scene.sandbox.write(&[("README.md", "# One\n")]);
        scene.sandbox.commit("first");
        scene.sandbox.push(["main"]).must();
        let mut install = process::command(REFGATE);
        install.args(["install", "server", "--actor", actor, "--policy"]).arg(scene.path("policy"));
        Said::new(install.arg("--repo").arg(&scene.server).output().unwrap()).must();
        scene.listen();
        scene
    }

    /// The hook that keeps what it was told, and then asks the gate.
    fn listen(&self) {
        let hook = self.server.join("hooks/pre-receive");
        let gate = run::quoted(Path::new(REFGATE));
        let text =
            format!("#!/bin/sh\nenv -0 >heard.env\ncat >heard.in\nexec {gate} hook pre-receive --guarded <heard.in\n");
        fs_err::write(hook, text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs_err::write(self.path(name), text).unwrap();
    }

    /// Makes a key; its public half.
    fn make_key(&self, name: &str) -> String {
        let mut keygen = process::command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(self.path(name));
        Said::new(keygen.output().unwrap()).must();
        fs_err::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
    }

    fn config(&self, args: &[&str]) {
        Said::new(process::git(&self.server, &[&["config"][..], args].concat()).output().unwrap()).must();
    }

    /// Git in the client, which signs with the key of `who`.
    fn git_as(&self, who: &str, args: &[&str]) -> Said {
        let key = format!("user.signingKey={}", self.path(who).display());
        self.sandbox.git(["-c", "gpg.format=ssh", "-c", &key].into_iter().chain(args.iter().copied()))
    }

    fn push_as(&self, who: &str, args: &[&str]) -> Said {
        self.git_as(who, &[&["push", "--signed", "origin"][..], args].concat())
    }

    /// A new commit on the branch that is checked out.
    fn commit(&self) -> String {
        self.sandbox.commit("more")
    }

    /// What the hook was told in its environment.
    fn heard(&self) -> BTreeMap<String, String> {
        let text = fs_err::read(self.server.join("heard.env")).unwrap();
        let lines = text.split(|byte| *byte == 0).map(|line| String::from_utf8_lossy(line).into_owned());
        lines.filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }

    /// Gives the hook once more what it was told, with these arguments.
    fn again(&self, args: &[&str]) -> Said {
        Said::new(self.retold(args).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap())
    }

    fn retold(&self, args: &[&str]) -> Command {
        let mut command = process::command(REFGATE);
        let told = self.heard().into_iter().filter(|(name, _)| name.starts_with("GIT_PUSH_"));
        command.current_dir(&self.server).env("GIT_DIR", ".").envs(told).args(["hook", "pre-receive"]).args(args);
        command.stdin(fs_err::File::open(self.server.join("heard.in")).unwrap().into_parts().0);
        command
    }

    fn delete(&self, name: &str) {
        Said::new(process::git(&self.server, &["update-ref", "-d", name]).output().unwrap()).must();
    }

    /// Takes away the note that a certificate with this stamp was used.
    fn forget(&self, stamp: i64) {
        for note in fs_err::read_dir(self.server.join("refgate/certificates")).unwrap() {
            let note = note.unwrap().path();
            if note.file_name().unwrap().to_string_lossy().starts_with(&format!("{stamp}-")) {
                fs_err::remove_file(note).unwrap();
            }
        }
    }

    /// A client that writes certificates by hand and signs them with the key of `who`.
    fn client(&self, who: &str) -> Client {
        Client { server: self.server.clone(), store: self.path("client/.git"), key: self.path(who) }
    }
}

#[track_caller]
fn refused(said: &Said, about: &str) {
    let words = said.stderr.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ");
    assert!(!said.ok && words.contains(about), "expected `{about}`:\n{}", said.stderr);
}

#[test]
fn whoever_signed_the_push_is_the_pusher() {
    let scene = Scene::new("push-certificate", "");
    let said = scene.sandbox.push(["main:topic"]);
    refused(&said, "UNDECIDED");
    refused(&said, "nobody can tell who pushes: the push certificate is missing");
    refused(&said, "git push --signed");
    for (who, branch) in [("alice", "one"), ("bob", "two")] {
        let said = scene.push_as(who, &[&format!("main:{branch}")]);
        assert!(said.ok && said.pushed_by() == Some(format!("{who}@example.com")), "{}", said.stderr);
        assert!(!said.stderr.contains("allowedSignersFile"), "Git was told of the signers: {}", said.stderr);
    }
    let said = scene.push_as("alice", &["main:refs/foo/x"]);
    refused(&said, "REFUSED: refs/foo/x (pushed by alice@example.com)");
    let notes = fs_err::read_dir(scene.server.join("refgate/certificates")).unwrap().count();
    assert_eq!(notes, 2, "accepted pushes use their certificates up, and no others do");
    // A deletion is signed too, and brings no pack.
    assert!(scene.push_as("alice", &[":one"]).ok);
}

#[test]
fn git_says_good_of_keys_that_do_not_count_and_the_gate_does_not() {
    let scene = Scene::new("push-certificate", "");
    for (who, git, reason) in [
        ("stranger", "G", "is no key of anybody"),
        ("expired", "G", "the key was valid until 2020-01-01T00:00:00Z"),
        ("early", "G", "the key is valid from 2999-01-01T00:00:00Z on"),
        ("files", "B", "does not let the key sign in the namespace \"git\""),
        ("gone", "G", "the key is revoked by revoked"),
        ("team", "G", "is a key of nobody: its principals are patterns and no names"),
        ("both", "G", "speaks for one@example.com or two@example.com, and nobody can tell for whom here"),
    ] {
        let said = scene.push_as(who, &["main:topic"]);
        assert_eq!(scene.heard()["GIT_PUSH_CERT_STATUS"], git, "{who}: {}", said.stderr);
        refused(&said, "REFUSED");
        refused(&said, "the push certificate does not count");
        refused(&said, reason);
    }
    let said = scene.push_as("alice", &["main:topic"]);
    assert!(said.ok && scene.heard()["GIT_PUSH_CERT_STATUS"] == "G", "{}", said.stderr);
}

#[test]
fn a_certificate_is_about_this_push_and_no_other() {
    let scene = Scene::new("push-certificate", "");
    let tip = scene.commit();
    let (client, zero) = (scene.client("alice"), "0".repeat(40));
    let line = |name: &str| format!("{zero} {tip} {name}\n");
    let here = format!("file://{}", scene.server.display());
    let write = |pushee: &str, nonce: &str, options: &str, commands: &str| {
        format!("certificate version 0.1\npusher x 1 +0000\npushee {pushee}\n{nonce}{options}\n{commands}")
    };
    let good = |nonce: &str| write(&here, &format!("nonce {nonce}\n"), "", &line("refs/heads/a"));
    let elsewhere = here.replace("server.git", "elsewhere.git");
    let mut wrong = Vec::new();
    let mut due = |about: &str, said: Said| {
        let words = said.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        if said.ok
            || !words.contains(about)
            || scene.sandbox.git(["ls-remote", "--exit-code", "origin", "refs/heads/a"]).ok
        {
            wrong.push(format!("expected `{about}`, but: {}\n{}", said.stdout, said.stderr));
        }
    };
    let push = |certificate: &dyn Fn(&str) -> String| client.push(Mode::Session, certificate, "", &[]);
    due("is for file://", push(&|nonce| good(nonce).replace(&here, &elsewhere)));
    due("it has no nonce", push(&|nonce| good(nonce).replace(&format!("nonce {nonce}\n"), "")));
    due(
        "Git says BAD",
        push(&|nonce| good(nonce).replace(nonce, "1795324283-d39db2fd56e36912f3db5dd07e996d75edb080af")),
    );
    due("it has no pushee", push(&|nonce| good(nonce).replace(&format!("pushee {here}\n"), "")));
    due("writes no header `nonce` there", push(&|nonce| good(nonce).replace("\n\n", &format!("\nnonce {nonce}\n\n"))));
    due("other options", push(&|nonce| good(nonce).replace("\n\n", "\npush-option a=b\n\n")));
    due("other options", client.push(Mode::Session, &good, "", &["a=b"]));
    // What nobody signed comes beside what somebody did, and Git takes both.
    due("other updates", client.push(Mode::Session, &good, &line("refs/heads/b"), &[]));
    due("the signature does not fit", client.push_altered(&good, &|text| text.replace("pusher x", "pusher y")));
    due("is signed with OpenPGP", client.push_altered(&good, &|text| text.replace("SSH SIGNATURE", "PGP SIGNATURE")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let said = client.push(Mode::Session, &good, "", &[]);
    assert!(said.ok, "the same by the book is accepted: {}{}", said.stdout, said.stderr);
}

#[test]
fn the_server_can_be_called_by_other_names() {
    let scene = Scene::new("push-certificate", "");
    let file = scene.server.join("refgate/server.toml");
    let text = fs_err::read_to_string(&file).unwrap();
    let called = |urls: &str| fs_err::write(&file, text.replace("urls = []", &format!("urls = [{urls}]"))).unwrap();
    called("\"https://git.example.com/project.git\"");
    refused(&scene.push_as("alice", &["main:topic"]), "which is not this repository");
    called("\"https://git.example.com/project.git\", \"server.git\"");
    scene.push_as("alice", &["main:topic"]).must();
    // Installing again keeps the names.
    let mut again = process::command(REFGATE);
    again.args(["install", "server", "--actor", "none", "--repo"]).arg(&scene.server);
    Said::new(again.output().unwrap()).must();
    let text = fs_err::read_to_string(&file).unwrap();
    assert!(text.contains("urls = [\"https://git.example.com/project.git\", \"server.git\"]"), "{text}");
}

#[test]
fn a_certificate_counts_once() {
    let scene = Scene::new("push-certificate", "");
    scene.commit();
    scene.push_as("alice", &["main:topic"]).must();
    // The ref is as it was before the push, and the same push comes again.
    scene.delete("refs/heads/topic");
    refused(&scene.again(&[]), "it was used for a push before");
    // Eight at once: nobody has seen it yet.
    fs_err::remove_dir_all(scene.server.join("refgate/certificates")).unwrap();
    let start = |_| scene.retold(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let all: Vec<_> = (0..8).map(start).collect();
    let said: Vec<_> = all.into_iter().map(|hook| Said::new(hook.wait_with_output().unwrap())).collect();
    assert_eq!(said.iter().filter(|said| said.ok).count(), 1);
    for said in said.iter().filter(|said| !said.ok) {
        refused(said, "it was used for a push before");
    }
}

#[test]
fn a_certificate_that_cannot_be_noted_is_not_taken() {
    let scene = Scene::new("push-certificate", "");
    fs_err::write(scene.server.join("refgate/certificates"), "in the way").unwrap();
    refused(&scene.push_as("alice", &["main:topic"]), "not known whether it was used before");
    fs_err::remove_file(scene.server.join("refgate/certificates")).unwrap();
    scene.push_as("alice", &["main:topic"]).must();
}

#[test]
fn a_nonce_is_good_for_an_hour_and_forgotten_after_a_day() {
    let scene = Scene::new("push-certificate", "");
    scene.commit();
    scene.push_as("alice", &["main:topic"]).must();
    scene.delete("refs/heads/topic");
    let notes = scene.server.join("refgate/certificates");
    let stamp: i64 = scene.heard()["GIT_PUSH_CERT_NONCE"].split('-').next().unwrap().parse().unwrap();
    let at = |seconds: i64| jiff::Timestamp::from_second(stamp + seconds).unwrap().to_string();
    for far in [3_601, -3_601, 86_400] {
        refused(&scene.again(&["--at", &at(far)]), "seconds away from the server's clock");
    }
    scene.forget(stamp);
    let old = [(stamp - 80_000, true), (stamp - 100_000, false), (stamp + 100_000, true)];
    let note = |stamp: i64| notes.join(format!("{stamp}-00"));
    for (stamp, _) in old {
        fs_err::write(note(stamp), "").unwrap();
    }
    assert!(scene.again(&["--at", &at(3_600)]).ok);
    for (stamp, kept) in old {
        assert_eq!(note(stamp).exists(), kept, "{stamp}");
    }
}

/// Over HTTP each request is another process of the server, which knows the nonces of the others by the secret alone.
#[test]
fn a_nonce_of_an_earlier_process_counts_for_a_while() {
    let scene = Scene::new("push-certificate", "");
    let tip = scene.commit();
    let line = format!("{} {tip} refs/heads/a\n", "0".repeat(40));
    let here = scene.server.display();
    let write =
        |nonce: &str| format!("certificate version 0.1\npusher x 1 +0000\npushee {here}\nnonce {nonce}\n\n{line}");
    let said = scene.client("alice").push(Mode::Requests, &write, "", &[]);
    assert!(said.ok, "{}{}", said.stdout, said.stderr);
    assert_eq!(scene.heard()["GIT_PUSH_CERT_NONCE_STATUS"], "SLOP");
    scene.delete("refs/heads/a");
    refused(&scene.again(&[]), "it was used for a push before");
    let late = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3_700);
    refused(&scene.again(&["--at", &late.to_string()]), "seconds away from the server's clock");
}

#[test]
fn without_a_seed_no_push_can_be_signed() {
    let scene = Scene::new("push-certificate", "");
    scene.config(&["--unset", "receive.certNonceSeed"]);
    let said = scene.push_as("alice", &["main:topic"]);
    assert!(!said.ok && said.stderr.contains("does not support --signed push"), "{}", said.stderr);
    // A client that signs all the same brings no nonce of this server.
    let line = format!("{} {} refs/heads/a\n", "0".repeat(40), scene.sandbox.rev("HEAD"));
    let here = scene.server.display();
    let write = |_: &str| format!("certificate version 0.1\npusher x 1 +0000\npushee {here}\nnonce 1-a\n\n{line}");
    let said = scene.client("alice").push(Mode::Session, &write, "", &[]);
    assert!(!said.ok, "{}{}", said.stdout, said.stderr);
}

#[test]
fn a_policy_asks_for_signed_pushes_where_it_says_so() {
    let policy = "[[signatures]]\nrefs = [\"signed/*\", \"refs/tags/**\"]\npush = true\n\
                  [[signatures]]\nrefs = [\"signed/bob\"]\npush = true\nsigners = [\"bob@example.com\"]\n";
    let scene = Scene::new("none", policy);
    scene.sandbox.push(["main:topic"]).must();
    refused(&scene.sandbox.push(["main:signed/a"]), "refs/heads/signed/a: the push is not signed");
    refused(&scene.sandbox.push(["main:other", "main:refs/tags/t"]), "refs/tags/t: the push is not signed");
    // Elsewhere a certificate is looked at all the same, and nothing hangs on it.
    assert!(scene.push_as("stranger", &["main:other"]).ok);
    refused(&scene.push_as("stranger", &["main:signed/a"]), "push-unsigned");
    assert!(scene.push_as("alice", &["main:signed/a"]).ok);
    refused(&scene.push_as("alice", &["main:signed/bob"]), "who is none of the signers");
    assert!(scene.push_as("bob", &["main:signed/bob"]).ok);
    refused(&scene.sandbox.push([":signed/a"]), "the push is not signed");
    // Before the push nobody can know.
    scene.sandbox.git(["fetch", "-q"]).must();
    scene.sandbox.refgate(["check", "--ref", "signed/a", "--policy", scene.path("policy").to_str().unwrap()]).must();
}

#[test]
fn a_policy_asks_for_signed_commits_and_tags_where_it_says_so() {
    let policy = "[tags]\nrelease = [\"r*\"]\n[[signatures]]\nrefs = [\"signed/*\"]\ncommits = true\n\
                  [[signatures]]\nrefs = [\"refs/tags/v*\"]\ntags = true\n";
    let scene = Scene::new("none", policy);
    let git = |who: &str, args: &[&str]| scene.git_as(who, args).must();
    let file = scene.path("policy").display().to_string();
    let check = || scene.sandbox.refgate(["check", "--policy", &file]);
    scene.sandbox.git(["checkout", "-q", "-b", "signed/a"]).must();
    git("alice", &["commit", "-q", "-S", "--allow-empty", "-m", "signed"]);
    // The signers are in the server's folder, so the clone takes a signature for what it says.
    check().must();
    scene.sandbox.push(["signed/a"]).must();
    // Git writes mergetag headers and encodings; both are signed along.
    git("bob", &["tag", "-s", "-m", "t", "side", "main"]);
    git("alice", &["-c", "i18n.commitEncoding=latin1", "merge", "-q", "-S", "--no-ff", "-m", "caf\u{e9}", "side"]);
    git("alice", &["-c", "i18n.commitEncoding=latin1", "commit", "-q", "-S", "--allow-empty", "-m", "caf\u{e9}"]);
    scene.sandbox.push(["signed/a"]).must();
    for (who, reason) in [
        ("stranger", "is no key of anybody"),
        ("expired", "the key was valid until"),
        ("gone", "the key is revoked"),
        ("files", "does not let the key sign in the namespace \"git\""),
    ] {
        git(who, &["commit", "-q", "-S", "--allow-empty", "-m", who]);
        let short = scene.sandbox.rev("HEAD")[..12].to_owned();
        let said = scene.sandbox.push(["signed/a"]);
        refused(&said, &format!("commit {short} has a signature that does not count: "));
        refused(&said, reason);
        scene.sandbox.git(["reset", "-q", "--hard", "HEAD^"]).must();
    }
    let bare = scene.commit();
    let said = check();
    assert!(!said.ok && said.stdout.contains("commit-unsigned"), "{}{}", said.stdout, said.stderr);
    refused(&scene.sandbox.push(["signed/a"]), &format!("commit {} is not signed", &bare[..12]));
    // The commit that is about to be made cannot be signed yet.
    scene.sandbox.git(["reset", "-q", "--hard", "origin/signed/a"]).must();
    scene.sandbox.write(&[("new.txt", "new\n")]);
    scene.sandbox.git(["add", "-A"]).must();
    scene.sandbox.refgate(["check", "--staged", "--policy", &file]).must();

    git("alice", &["tag", "-s", "-m", "one", "v1", "main"]);
    scene.sandbox.push(["v1"]).must();
    refused(&scene.sandbox.push(["v1:refs/tags/v2"]), "refs/tags/v2 is the tag v1, signed under that name");
    git("alice", &["tag", "v3", "main"]);
    refused(&scene.sandbox.push(["v3"]), "refs/tags/v3 is a lightweight tag");
    git("alice", &["tag", "-a", "-m", "four", "v4", "main"]);
    refused(&scene.sandbox.push(["v4"]), "refs/tags/v4 is not signed");
    git("stranger", &["tag", "-s", "-m", "five", "v5", "main"]);
    refused(&scene.sandbox.push(["v5"]), "is no key of anybody");
}

/// The signature of a certificate that was written by hand.
fn armor(key: &Path, payload: &str) -> String {
    sign_with(key, payload.as_bytes()).unwrap()
}
