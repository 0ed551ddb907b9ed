//! One server of some shape, a client with work for it, and what three pushes with stock git came to.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::gits::Git;
use super::outcome::{Outcome, Seen, first_words};
use crate::corpus::case::Trace;
use crate::corpus::{process, trace};
use crate::support::REFGATE;

/// How the server and the client are made before a row gives the server its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Sha1,
    Sha256,
    Reftable,
}

impl Kind {
    fn init(self) -> &'static [&'static str] {
        match self {
            Self::Sha1 => &[],
            Self::Sha256 => &["--object-format=sha256"],
            Self::Reftable => &["--ref-format=reftable"],
        }
    }
}

/// A server whose `main` is at `base`, and a client with `direct` (code on `main` that nobody approved) and
/// `autoTest/t1` (a finished task), neither pushed yet.
pub(super) struct World<'g> {
    pub(super) git: &'g Git,
    /// Where everything stands.
    pub(super) folder: PathBuf,
    /// The server's Git directory.
    pub(super) server: PathBuf,
    /// What the client calls the server.
    pub(super) url: PathBuf,
    pub(super) client: PathBuf,
    /// What stands between `git` and `push`, and between `push` and the server.
    pub(super) options: Vec<OsString>,
    pub(super) arguments: Vec<&'static str>,
    /// Further refs that go with the task's branch.
    pub(super) beside: Vec<&'static str>,
    /// The environment of the pushes.
    pub(super) env: Vec<(&'static str, OsString)>,
}

impl<'g> World<'g> {
    /// Makes both ends in `folder`, the slow way.
    ///
    /// # Errors
    /// Git's own words, when it cannot make a repository of this kind.
    pub(super) fn make(git: &'g Git, folder: &Path, kind: Kind) -> Result<Self, String> {
        let world = Self::at(git, folder);
        let server = world.server.as_os_str();
        let init = [&["init", "-q", "--bare", "-b", "main"], kind.init()].concat();
        let made = git.run(folder, init.iter().map(OsStr::new).chain([server]));
        if !made.status.success() {
            return Err(first_words(&String::from_utf8_lossy(&made.stderr)));
        }
        world.in_server(&["config", "receive.autogc", "false"]);
        world.in_server(&["config", "gc.auto", "0"]);
        world.install();
        fs_err::create_dir(&world.client).unwrap();
        world.in_client(&[&["init", "-q", "-b", "main"], kind.init()].concat());
        world.write(&[("README.md", "# One\n")]);
        world.commit("first");
        world.write(&[("src/a.rs", "one\n")]);
        world.commit("base");
        let base = world.in_client(&["rev-parse", "HEAD"]);
        world.in_client(&["push", "-q", "../server.git", "main"]);
        world.in_client(&["checkout", "-q", "-b", "direct"]);
        world.write(&[("src/a.rs", "direct\n")]);
        world.commit("direct");
        world.in_client(&["checkout", "-q", "-b", "autoTest/t1", "main"]);
        world.write(&[("src/t1.rs", "two\n")]);
        for (path, text) in trace::files(&Trace::complete("t1"), &base, &["src/t1.rs".into()], None) {
            world.write(&[(&path, &text)]);
        }
        world.commit("task");
        world.in_client(&["checkout", "-q", "main"]);
        Ok(world)
    }

    /// Both ends as [`World::make`] left them in `template`, copied to `folder`.
    pub(super) fn copy(git: &'g Git, template: &Path, folder: &Path) -> Self {
        process::must(process::command("cp").arg("-R").arg(template.join(".")).arg(folder), b"").unwrap();
        Self::at(git, folder)
    }

    fn at(git: &'g Git, folder: &Path) -> Self {
        Self {
            git,
            folder: folder.to_owned(),
            server: folder.join("server.git"),
            url: "../server.git".into(),
            client: folder.join("client"),
            options: Vec::new(),
            arguments: Vec::new(),
            beside: Vec::new(),
            env: Vec::new(),
        }
    }

    /// Git in the server; its standard output.
    pub(super) fn in_server(&self, args: &[&str]) -> String {
        self.git.must(&self.server, args)
    }

    /// Git in the client; its standard output.
    pub(super) fn in_client(&self, args: &[&str]) -> String {
        self.git.must(&self.client, args)
    }

    /// Git in the folder around both; its standard output.
    pub(super) fn git(&self, args: &[&str]) -> String {
        self.git.must(&self.folder, args)
    }

    /// Makes the server that the client pushes to from now on: a clone of the first one, with a gate of its own.
    pub(super) fn clone_server(&mut self, name: &str, args: &[&str]) {
        let from = format!("file://{}", self.server.display());
        self.git(&[&["clone", "-q"], args, &[from.as_str(), name]].concat());
        self.serve(name);
        self.install();
    }

    /// From now on the client pushes to the repository that stands at `name`.
    pub(super) fn serve(&mut self, name: impl AsRef<OsStr>) {
        self.server = self.folder.join(name.as_ref());
        self.url = Path::new("..").join(name.as_ref());
    }

    /// The client is from now on a clone of the first one, with the same three branches.
    pub(super) fn clone_client(&mut self, args: &[&str]) {
        self.in_client(&["config", "uploadpack.allowFilter", "true"]);
        let from = format!("file://{}", self.client.display());
        self.git(&[&["clone", "-q", "-b", "main"], args, &[from.as_str(), "clone"]].concat());
        self.client = self.folder.join("clone");
        for branch in ["direct", "autoTest/t1"] {
            self.in_client(&["branch", "-q", "--no-track", branch, &format!("origin/{branch}")]);
        }
    }

    /// Puts the gate in front of the server.
    pub(super) fn install(&self) {
        let mut command = self.git.command(REFGATE);
        process::must(command.args(["install", "server", "--repo"]).arg(&self.server), b"").unwrap();
    }

    /// Git in the server, with a standard input.
    pub(super) fn feed(&self, args: &[&str], stdin: &[u8]) {
        process::must(self.git.command("git").current_dir(&self.server).args(args), stdin).unwrap();
    }

    /// A shell in the server whose `git` is this Git.
    pub(super) fn shell(&self, script: &str) {
        process::must(self.git.command("/bin/sh").current_dir(&self.server).args(["-ec", script]), b"").unwrap();
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.client.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
    }

    fn commit(&self, message: &str) {
        self.in_client(&["add", "-A"]);
        self.in_client(&["commit", "-q", "-m", message]);
    }

    /// Pushes what must be refused, then what must be accepted twice over.
    pub(super) fn play(&self) -> Seen {
        let task = [&["autoTest/t1"][..], &self.beside].concat();
        Seen {
            direct: self.push(&["direct:main"]),
            task: self.push(&task),
            promotion: self.push(&["autoTest/t1:main"]),
        }
    }

    fn push(&self, refs: &[&str]) -> Outcome {
        let mut command: Command = self.git.command("git");
        command.current_dir(&self.client).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.args(&self.options).arg("push").args(&self.arguments).arg(&self.url).args(refs);
        let output = process::run(&mut command, b"").unwrap();
        Outcome::read(output.status.success(), &String::from_utf8_lossy(&output.stderr), &self.folder)
    }
}
