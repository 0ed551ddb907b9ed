//! Overrides, from the refusal to the push that one person waives for another, through a real receive-pack; and every
//! way to use one again, elsewhere, or without the right to.

mod asked;
mod hotfix;
mod recorded;

use std::path::{Path, PathBuf};

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

pub(crate) const POLICY: &str =
    "version = 1\n[roles]\npresence = \"any\"\noverride = { principals = [\"bob\", \"carol\", \"alice\"] }\n";

/// A guarded server that knows who pushes, and a client in which alice and bob work, each with a key.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: PathBuf,
}

impl Scene {
    pub(crate) fn new(policy: &str) -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        let scene = Self { sandbox, server };
        let people = ["alice", "bob", "carol"].map(|name| format!("{name} {}\n", scene.make_key(name)));
        scene.make_key("stranger");
        fs_err::write(scene.path("signers"), people.concat()).unwrap();
        fs_err::write(scene.path("policy"), policy).unwrap();
        scene.sandbox.write(&[("README.md", "# One\n"), (".refgate/allowed_signers", &people.concat())]);
        scene.sandbox.commit("first");
        scene.sandbox.push(["main"]).must();
        let mut install = process::command(REFGATE);
        install.args(["install", "server", "--actor", "env:FORGE_USER", "--repo"]).arg(&scene.server);
        install.arg("--signers").arg(scene.path("signers")).arg("--policy").arg(scene.path("policy"));
        Said::new(install.output().unwrap()).must();
        scene.sandbox.git(["fetch", "-q", "origin"]).must();
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    fn client(&self) -> PathBuf {
        self.path("client")
    }

    fn make_key(&self, name: &str) -> String {
        let mut keygen = process::command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(self.path(name));
        Said::new(keygen.output().unwrap()).must();
        fs_err::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
    }

    pub(crate) fn push_by(&self, who: &str, args: &[&str]) -> Said {
        let mut git = process::command("git");
        git.current_dir(self.client()).arg("push").args(args);
        Said::new(git.env("HOME", self.path("home")).env("FORGE_USER", who).output().unwrap())
    }

    pub(crate) fn on_server(&self, args: &[&str]) -> String {
        Said::new(process::git(&self.server, args).output().unwrap()).must()
    }

    /// A commit on main that nobody promotes.
    pub(crate) fn direct(&self) -> String {
        self.sandbox.write(&[("src/a.rs", "fn a() {}\n")]);
        self.sandbox.commit("direct")
    }

    /// Alice is refused, asks, and `signer` signs: the id.
    pub(crate) fn signed_by(&self, signer: &str, more: &[&str]) -> String {
        let refused = self.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
        assert!(!refused.ok);
        self.request(&refused.hint());
        self.sign(signer, more).must();
        self.id()
    }

    fn request(&self, command: &[String]) {
        let file = self.path("request.json");
        let _ = fs_err::remove_file(&file);
        for number in ["", ".2"] {
            let _ = fs_err::remove_file(self.path(&format!("request.json{number}.sig")));
        }
        let output = file.display().to_string();
        let words = command.iter().map(String::as_str).chain(["--output", &output]);
        self.sandbox.refgate(words).must();
    }

    fn sign(&self, signer: &str, more: &[&str]) -> Said {
        let (file, key) = (self.path("request.json").display().to_string(), self.path(signer).display().to_string());
        let words = ["override", "sign", &file, "--principal", signer, "--key", &key, "--yes"];
        // Whoever signs second signs the same.
        let first = !self.path("request.json.sig").exists();
        let reason = if first { &["--reason", "site down"][..] } else { &[] };
        self.sandbox.refgate(words.into_iter().chain(reason.iter().copied()).chain(more.iter().copied()))
    }

    fn statement(&self) -> serde_json::Value {
        serde_json::from_slice(&fs_err::read(self.path("request.json")).unwrap()).unwrap()
    }

    fn id(&self) -> String {
        self.statement()["statementId"].as_str().unwrap().to_owned()
    }

    /// The push that the signing prints.
    pub(crate) fn push_with(&self, who: &str, id: &str) -> Said {
        let statement = format!("refs/refgate/overrides/{id}");
        self.push_by(who, &["--atomic", "origin", "HEAD:refs/heads/main", &statement])
    }
}

#[track_caller]
fn refused(said: &Said, about: &str) {
    let words: Vec<&str> = said.stderr.split_whitespace().filter(|word| *word != "remote:").collect();
    let text = words.join(" ");
    assert!(!said.ok && text.contains(about), "expected `{about}`: {}", said.stderr);
}

#[test]
fn one_person_is_refused_another_signs_and_the_push_goes_through_once() {
    let scene = Scene::new(POLICY);
    let new = scene.direct();
    let evidence = scene.path("outage.txt");
    fs_err::write(&evidence, "503 since ten\n").unwrap();
    let id = scene.signed_by("bob", &["--artifact", &evidence.display().to_string()]);
    let listed = scene.sandbox.refgate(["override", "list"]).must();
    assert!(listed.starts_with(&id) && listed.contains("by bob: site down"), "{listed}");
    let accepted = scene.push_with("alice", &id);
    assert!(accepted.ok && accepted.stderr.contains("waived"), "{}", accepted.stderr);
    assert!(accepted.stderr.contains("by bob: site down"), "{}", accepted.stderr);
    assert_eq!(scene.on_server(&["rev-parse", "main"]), new);
    let kept = scene.on_server(&["show", &format!("refs/refgate/overrides/{id}:artifacts/outage.txt")]);
    assert_eq!(kept, "503 since ten");
    let used = scene.server.join("refgate/overrides/used").join(&id);
    assert!(used.exists());

    // Set back by an administrator, even without its ref, it is used up.
    scene.on_server(&["update-ref", "refs/heads/main", &format!("{new}~1")]);
    refused(&scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]), "direct-push");
    scene.on_server(&["update-ref", "-d", &format!("refs/refgate/overrides/{id}")]);
    refused(&scene.push_with("alice", &id), "it was used before");
    // An earlier release noted it before there was a record.
    let reserved = scene.server.join("refgate/overrides/reserved");
    fs_err::create_dir(&reserved).unwrap();
    fs_err::rename(&used, reserved.join(&id)).unwrap();
    refused(&scene.push_with("alice", &id), "it was used before");
}

/// Nobody says that the refs moved: the next push sees it, and notes the override.
#[test]
fn an_override_that_was_used_unseen_is_used_up_by_the_next_push() {
    let scene = Scene::new(POLICY);
    let new = scene.direct();
    let id = scene.signed_by("bob", &[]);
    fs_err::remove_file(scene.server.join("hooks/post-receive")).unwrap();
    assert!(scene.push_with("alice", &id).ok);
    let used = scene.server.join("refgate/overrides/used").join(&id);
    assert!(!used.exists());
    assert!(scene.push_by("alice", &["origin", "HEAD:refs/heads/topic"]).ok);
    assert!(used.exists());
    scene.on_server(&["update-ref", "-d", &format!("refs/refgate/overrides/{id}")]);
    scene.on_server(&["update-ref", "refs/heads/main", &format!("{new}~1")]);
    refused(&scene.push_with("alice", &id), "it was used before");
}

/// The very commands of the page.
#[test]
fn anybody_verifies_an_override_without_refgate() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/signatures.md")).unwrap();
    let (_, recipe) = page.split_once("```sh\ngit show refs/refgate/overrides/$id:statement.json").unwrap();
    let recipe =
        format!("set -e\ngit show refs/refgate/overrides/$id:statement.json{}", recipe.split("```").next().unwrap());
    fs_err::copy(scene.path("signers"), scene.path("client/allowed_signers")).unwrap();
    let run = |text: &str| {
        let mut shell = process::command("sh");
        Said::new(shell.current_dir(scene.client()).env("id", &id).args(["-c", text]).output().unwrap())
    };
    let said = run(&recipe.replace("bob@example.com", "bob"));
    assert!(said.ok && said.stdout.contains("Good \"override.v1@refgate\" signature for bob"), "{}", said.stderr);
    assert!(!run(&recipe.replace("bob@example.com", "carol")).ok);
    assert!(!run(&recipe.replace("bob@example.com", "bob").replace("override.v1", "approval.v1")).ok);
}

#[test]
fn a_push_that_was_answered_and_did_not_get_through_can_be_made_again() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    // A hook of somebody else's, after the gate, lets the push down.
    let hook = scene.server.join("hooks/update");
    fs_err::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    make_executable(&hook);
    assert!(!scene.push_with("alice", &id).ok);
    assert!(!scene.server.join("refgate/overrides").exists(), "the ledger alone remembers it");
    fs_err::remove_file(&hook).unwrap();
    let again = scene.push_with("alice", &id);
    assert!(again.ok, "{}", again.stderr);
}

#[test]
fn nobody_waives_for_themselves() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("alice", &[]);
    refused(&scene.push_with("alice", &id), "who pushes cannot let the own push in");
    // Nor under another name with the same key.
    let both = format!("{}alice2 {}", fs_err::read_to_string(scene.path("signers")).unwrap(), {
        fs_err::read_to_string(scene.path("alice.pub")).unwrap()
    });
    fs_err::write(scene.server.join("refgate/allowed_signers"), both).unwrap();
    let policy = fs_err::read_to_string(scene.path("policy")).unwrap().replace("\"alice\"", "\"alice2\"");
    fs_err::write(scene.server.join("refgate/policy.toml"), policy).unwrap();
    let refusal = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
    scene.request(&refusal.hint());
    let (file, key) = (scene.path("request.json").display().to_string(), scene.path("alice").display().to_string());
    let words = ["override", "sign", &file, "--principal", "alice2", "--key", &key, "--yes", "--reason", "x"];
    scene.sandbox.refgate(words).must();
    refused(&scene.push_with("alice", &scene.id()), "is a key of alice, who pushes");
}

#[test]
fn whoever_signed_the_change_cannot_waive_for_it() {
    let scene = Scene::new(POLICY);
    scene.sandbox.write(&[("src/a.rs", "fn a() {}\n")]);
    scene.sandbox.git(["add", "-A"]).must();
    let key = format!("user.signingKey={}", scene.path("bob").display());
    scene.sandbox.git(["-c", "gpg.format=ssh", "-c", &key, "commit", "-q", "-S", "-m", "signed"]).must();
    let id = scene.signed_by("bob", &[]);
    refused(&scene.push_with("alice", &id), "signed the change as well");
    // Nor with another of their keys.
    let signers = scene.server.join("refgate/allowed_signers");
    let second = format!("{}bob {}\n", fs_err::read_to_string(&signers).unwrap(), scene.make_key("bob2"));
    fs_err::write(&signers, second).unwrap();
    fs_err::copy(scene.path("bob2"), scene.path("bob")).unwrap();
    fs_err::copy(scene.path("bob2.pub"), scene.path("bob.pub")).unwrap();
    let id = scene.signed_by("bob", &[]);
    refused(&scene.push_with("alice", &id), "a key of who signed it, signed the change as well");
    let id = scene.signed_by("carol", &[]);
    assert!(scene.push_with("alice", &id).ok);
}

#[test]
fn an_override_fits_one_push_by_one_person() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    let statement = format!("refs/refgate/overrides/{id}");
    refused(&scene.push_with("carol", &id), "it is for a push by alice, and carol pushes");
    refused(&scene.push_by("", &["--atomic", "origin", "HEAD:refs/heads/main", &statement]), "FORGE_USER");
    refused(
        &scene.push_by("alice", &["--atomic", "origin", "HEAD:refs/heads/release/1", &statement]),
        "which this push does not move",
    );
    refused(&scene.push_by("alice", &["origin", &statement]), "which this push does not move");
    // Among many refs others could move this one back and forth, between the answer and its turn.
    refused(
        &scene.push_by("alice", &["--atomic", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/topic", &statement]),
        "refs/heads/topic comes along",
    );
    // The same tree in another commit.
    scene.sandbox.git(["commit", "-q", "--amend", "-m", "the same again"]).must();
    refused(&scene.push_with("alice", &id), "it is for a move from");
}

#[test]
fn an_override_for_another_repository_or_policy_does_not_count() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    let server = scene.server.join("refgate/server.toml");
    let own = fs_err::read_to_string(&server).unwrap();
    let repository = scene.statement()["repository"].as_str().unwrap().to_owned();
    fs_err::write(&server, own.replace(&repository, "another")).unwrap();
    refused(&scene.push_with("alice", &id), "it is for another repository");
    fs_err::write(&server, &own).unwrap();
    let policy = scene.server.join("refgate/policy.toml");
    fs_err::write(&policy, format!("{POLICY}[overrides]\nhours = 23\n")).unwrap();
    refused(&scene.push_with("alice", &id), "under another policy");
    fs_err::write(&policy, POLICY).unwrap();
    assert!(scene.push_with("alice", &id).ok);
}

#[test]
fn keys_that_are_unknown_revoked_or_of_no_role_waive_nothing() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let refusal = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
    scene.request(&refusal.hint());
    let (file, key) = (scene.path("request.json").display().to_string(), scene.path("stranger").display().to_string());
    let words = ["override", "sign", &file, "--principal", "bob", "--key", &key, "--yes", "--reason", "x"];
    scene.sandbox.refgate(words).must();
    refused(&scene.push_with("alice", &scene.id()), "is the key of nobody in the role");
    let id = scene.signed_by("bob", &[]);
    fs_err::copy(scene.path("bob.pub"), scene.server.join("refgate/revoked")).unwrap();
    refused(&scene.push_with("alice", &id), "revoked");
    fs_err::write(scene.server.join("refgate/revoked"), "").unwrap();
    refused(&scene.push_with("alice", &id), "UNDECIDED");
    fs_err::remove_file(scene.server.join("refgate/revoked")).unwrap();
    assert!(scene.push_with("alice", &id).ok);
}

#[test]
fn where_the_role_asks_for_a_hardware_key_no_other_waives() {
    let scene = Scene::new(&POLICY.replace("presence = \"any\"\n", ""));
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    refused(&scene.push_with("alice", &id), "is no hardware key");
}

/// A hardware key in software: what its token says of who was there is in the signature, and counts.
#[test]
fn a_hardware_key_waives_when_somebody_touched_it() {
    for (presence, flags, due) in [
        ("", 0, Err("nobody touched the hardware key")),
        ("", 1, Ok(())),
        ("presence = \"verified\"\n", 1, Err("did not verify its user")),
        ("presence = \"verified\"\n", 5, Ok(())),
    ] {
        let scene = Scene::new(&POLICY.replace("presence = \"any\"\n", presence));
        let (line, _) = crate::signatures::in_token("", b"", 0);
        let signers = scene.server.join("refgate/allowed_signers");
        let known = fs_err::read_to_string(&signers).unwrap();
        fs_err::write(&signers, format!("{known}bob {line}\n")).unwrap();
        scene.direct();
        let refusal = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
        scene.request(&refusal.hint());
        let mut statement = scene.statement();
        let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap();
        statement["principal"] = "bob".into();
        statement["justification"] = "site down".into();
        statement["issuedAt"] = now.to_string().into();
        statement["expiresAt"] = (now + jiff::SignedDuration::from_hours(1)).to_string().into();
        let json = serde_json::to_string_pretty(&statement).unwrap() + "\n";
        fs_err::write(scene.path("request.json"), &json).unwrap();
        let (_, signature) = crate::signatures::in_token("override.v1@refgate", json.as_bytes(), flags);
        fs_err::write(scene.path("request.json.sig"), signature).unwrap();
        scene.sandbox.refgate(["override", "import", &scene.path("request.json").display().to_string()]).must();
        let pushed = scene.push_with("alice", &scene.id());
        match due {
            Ok(()) => assert!(pushed.ok, "{presence} {flags}: {}", pushed.stderr),
            Err(about) => refused(&pushed, about),
        }
    }
}

#[test]
fn where_two_people_are_wanted_two_sign_the_same_bytes() {
    let scene = Scene::new(&POLICY.replace("\"alice\"] }", "\"alice\"], threshold = 2 }"));
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    refused(&scene.push_with("alice", &id), "1 of the 2 people");
    scene.sign("bob", &[]).must();
    refused(&scene.push_with("alice", &id), "1 of the 2 people");
    fs_err::remove_file(scene.path("request.json.2.sig")).unwrap();
    scene.sign("carol", &[]).must();
    let accepted = scene.push_with("alice", &id);
    assert!(accepted.ok, "{}", accepted.stderr);
}

#[test]
fn no_byte_of_a_pushed_override_can_be_another() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &[]);
    let json = fs_err::read_to_string(scene.path("request.json")).unwrap();
    for (from, to) in [("site down", "site  down"), ("\"schema\"", " \"schema\""), ("bob", "carol")] {
        let blob = hash(&scene, json.replace(from, to).as_bytes());
        let signature = scene.sandbox.rev(&format!("refs/refgate/overrides/{id}:statement.json.sig"));
        let listing = format!("100644 blob {blob}\tstatement.json\n100644 blob {signature}\tstatement.json.sig\n");
        let tree = feed(&scene, &["mktree"], listing.as_bytes());
        let commit = scene.sandbox.commit_tree(&tree, &[]);
        let update = format!("{commit}:refs/refgate/overrides/{id}");
        let push = scene.push_by("alice", &["--atomic", "origin", "HEAD:refs/heads/main", &update]);
        refused(&push, "the override does not count");
    }
    // More files, a history, or another object are no override either.
    let tree = scene.sandbox.rev(&format!("refs/refgate/overrides/{id}^{{tree}}"));
    let child = scene.sandbox.commit_tree(&tree, &["HEAD"]);
    let update = format!("{child}:refs/refgate/overrides/{id}");
    refused(&scene.push_by("alice", &["--atomic", "origin", "HEAD:refs/heads/main", &update]), "with parents");
}

#[test]
fn what_protects_the_rest_cannot_be_asked_for() {
    let scene = Scene::new(POLICY);
    scene.sandbox.write(&[("refgate.toml", "version = 1\n")]);
    scene.sandbox.commit("rules");
    let refusal = scene.push_by("alice", &["origin", "HEAD:refs/heads/main"]);
    refused(&refusal, "policy-changed");
    assert!(!refusal.stderr.contains("override request --ref"), "{}", refusal.stderr);
    let request = ["override", "request", "--ref", "main", "--pusher", "alice", "--repository", "x"];
    let said = scene.sandbox.refgate(request);
    refused(&said, "policy-changed cannot be waived");
}

/// Where no server of ours judges, CI does, and leaves nothing for later.
#[test]
fn in_ci_a_label_asks_for_overrides_and_lets_nothing_through_by_itself() {
    let scene = Scene::new(POLICY);
    scene.direct();
    let id = scene.signed_by("bob", &["--expires", "1h"]);
    let repository = scene.statement()["repository"].as_str().unwrap().to_owned();
    let (policy, event) = (scene.path("ci.toml"), scene.path("event.json"));
    fs_err::write(
        &policy,
        POLICY.replace("version = 1\n", &format!("version = 1\nrepository_id = \"{repository}\"\n")),
    )
    .unwrap();
    let check = |label: &str, more: &[&str]| {
        fs_err::write(&event, format!(r#"{{"pull_request": {{"labels": [{{"name": "{label}"}}]}}}}"#)).unwrap();
        let (policy, event) = (policy.display().to_string(), event.display().to_string());
        let words = ["check", "--ref", "main", "--policy", &policy, "--event", &event];
        scene.sandbox.refgate(words.into_iter().chain(more.iter().copied()))
    };
    let told = |said: &Said, about: &str| {
        let text = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!said.ok && text.contains(about), "expected `{about}`: {} {}", said.stdout, said.stderr);
    };
    let asked = check("override:ai-gated", &["--actor", "alice"]);
    assert!(asked.ok && asked.stdout.contains("by bob: site down"), "{} {}", asked.stdout, asked.stderr);
    told(&check("another", &["--actor", "alice"]), "direct-push");
    assert!(!check("another", &["--actor", "alice"]).stdout.contains("override"), "nobody asked for it");
    told(&check("override:ai-gated", &["--actor", "carol"]), "it is for a push by alice");
    told(&check("override:ai-gated", &["--actor", "alice", "--at", "2999-01-01T00:00:00Z"]), "expired at");
    let nobody = check("override:ai-gated", &[]);
    assert!(!nobody.ok && nobody.stderr.contains("--actor"), "{}", nobody.stderr);
    scene.sandbox.git(["update-ref", "-d", &format!("refs/refgate/overrides/{id}")]).must();
    told(&check("override:ai-gated", &["--actor", "alice"]), "asks for an override");
    // Whoever pushes cannot let the own push in, here neither.
    scene.signed_by("alice", &[]);
    told(&check("override:ai-gated", &["--actor", "alice"]), "cannot let the own push in");
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn hash(scene: &Scene, content: &[u8]) -> String {
    feed(scene, &["hash-object", "-w", "--stdin"], content)
}

fn feed(scene: &Scene, args: &[&str], content: &[u8]) -> String {
    let file = scene.path("input");
    fs_err::write(&file, content).unwrap();
    let mut git = process::command("git");
    git.current_dir(scene.client()).args(args);
    Said::new(git.stdin(std::fs::File::open(&file).unwrap()).output().unwrap()).must()
}
