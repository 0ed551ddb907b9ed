//! The commands that sign, against a real guarded server: what they make lets in exactly what it says.

use std::path::{Path, PathBuf};

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

mod approvals;
mod checks;
mod rules;

/// Everybody with a key, and who the signers' file says they are.
const PEOPLE: [(&str, &str); 5] = [
    ("alice", "alice@example.com"),
    ("alice2", "alice@example.com"),
    ("bob", "bob@example.com"),
    ("ci", "ci@example.com namespaces=\"check.v1@refgate\""),
    ("carol", "carol@example.com"),
];

/// A guarded server whose policy and signers stand at the trusted ref, and a client with keys.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
}

impl Scene {
    /// `policy` is what the policy says beside its roles.
    fn new(threshold: usize, policy: &str) -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        sandbox.clone(&format!("file://{}", server.display()));
        let scene = Self { sandbox, server };
        scene.make_key("stranger");
        let people: String = PEOPLE.iter().map(|(name, line)| format!("{line} {}\n", scene.make_key(name))).collect();
        let text = fs_err::read_to_string(scene.server.join("refgate/server.toml")).unwrap();
        let id = text.lines().find(|line| line.starts_with("repository_id")).unwrap().to_owned();
        let roles = format!(
            "[roles]\npresence = \"any\"\n\
             approve = {{ principals = [\"alice@example.com\", \"bob@example.com\"], threshold = {threshold} }}\n\
             policy = {{ principals = [\"alice@example.com\", \"bob@example.com\"], threshold = {threshold} }}\n\
             check = {{ principals = [\"ci@example.com\"] }}\n"
        );
        scene.sandbox.write(&[
            ("README.md", "# One\n"),
            ("refgate.toml", &format!("version = 1\n{id}\n{roles}{policy}")),
            (".refgate/allowed_signers", &people),
        ]);
        scene.sandbox.commit("first");
        scene.sandbox.push(["main"]).must();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    /// A place in the client's work tree.
    fn at(&self, path: &str) -> PathBuf {
        self.path("client").join(path)
    }

    /// Makes a key; its public half.
    fn make_key(&self, name: &str) -> String {
        let mut keygen = process::command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(self.path(name));
        Said::new(keygen.output().unwrap()).must();
        fs_err::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
    }

    /// A command of refgate's with somebody's key.
    fn as_(&self, who: &str, args: &[&str]) -> Said {
        let key = self.path(who).display().to_string();
        self.sandbox.refgate(args.iter().copied().chain(["--key", &key]))
    }

    /// Begins a task with a complete trace, which changes `path`; nothing of it is pushed yet.
    fn task(&self, name: &str, path: &str, text: &str) {
        let base = self.sandbox.rev("origin/main");
        self.sandbox.git(["checkout", "-q", "-b", &format!("autoTest/{name}"), "origin/main"]).must();
        self.sandbox.write(&[(path, text)]);
        self.sandbox.write_trace(name, &base, &[path]);
        let approval = self.at(&format!(".ai-stack-trace/{name}/contract/approval.md"));
        let scope = fs_err::read_to_string(&approval).unwrap().replace("`src/**`", &format!("`{path}`"));
        fs_err::write(approval, scope).unwrap();
        self.sandbox.commit(name);
    }

    fn push(&self, refs: &[&str]) -> Said {
        self.sandbox.push(std::iter::once("--atomic").chain(refs.iter().copied()))
    }

    /// Pushes the task's branch, and then its promotion.
    fn promote(&self, name: &str) -> Said {
        self.sandbox.push([&*format!("autoTest/{name}")]).must();
        self.sandbox.push([&*format!("autoTest/{name}:main")])
    }

    /// The refs of refgate's own in the client, below a folder.
    fn refs(&self, folder: &str) -> Vec<String> {
        let listed =
            self.sandbox.git(["for-each-ref", "--format=%(refname)", &format!("refs/refgate/{folder}/")]).must();
        listed.lines().map(ToOwned::to_owned).collect()
    }

    /// The only one of them.
    #[track_caller]
    fn only_ref(&self, folder: &str) -> String {
        let refs = self.refs(folder);
        assert_eq!(refs.len(), 1, "{refs:?}");
        refs[0].clone()
    }
}

/// The words of a refusal, as they come through Git or from the command itself.
#[track_caller]
fn refused(said: &Said, about: &str) {
    let words = said.stderr.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ");
    assert!(!said.ok && words.contains(about), "expected `{about}`:\n{}{}", said.stdout, said.stderr);
}

/// Nothing but printable ASCII and line feeds reaches the terminal.
#[track_caller]
fn printable(said: &Said) {
    let odd = |byte: u8| !(0x20..=0x7e).contains(&byte) && byte != b'\n';
    assert!(!said.stdout.bytes().chain(said.stderr.bytes()).any(odd), "{:?}{:?}", said.stdout, said.stderr);
}

/// The commands that a signing command prints for afterwards.
fn next(said: &Said) -> String {
    let (_, next) = said.stdout.split_once("next:\n").unwrap_or_else(|| panic!("{}{}", said.stdout, said.stderr));
    next.trim().to_owned()
}

/// Runs in the client what a person would copy.
fn shell(scene: &Scene, script: &str) -> Said {
    let mut shell = process::command("sh");
    let path = format!("{}:{}", Path::new(REFGATE).parent().unwrap().display(), std::env::var("PATH").unwrap());
    shell.env("PATH", path).env("HOME", scene.path("home")).current_dir(scene.path("client"));
    Said::new(shell.args(["-c", script]).output().unwrap())
}
