//! A place of its own for one test: an empty home, a client repository with a fixed clock, and the program under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::corpus::case::Trace;
use crate::corpus::{process, trace};

/// The program under test.
pub(crate) const REFGATE: &str = env!("CARGO_BIN_EXE_refgate");

/// A temporary folder with a home, a client, and perhaps a server.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    ssh: Option<String>,
    commits: std::cell::Cell<u64>,
}

/// What a command did and said.
#[must_use]
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { ok: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The standard output of a command that must have succeeded.
    pub(crate) fn must(self) -> String {
        assert!(self.ok, "failed: {}", self.stderr);
        self.stdout.trim_end().to_owned()
    }

    /// Who pushed, in the gate's own words, as they came through Git.
    pub(crate) fn pushed_by(&self) -> Option<String> {
        let words = self.stderr.split_whitespace().filter(|word| *word != "remote:").collect::<Vec<_>>().join(" ");
        let (name, _) = words.split_once("(pushed by ")?.1.split_once(')')?;
        Some(name.to_owned())
    }

    /// The command that a refusal prints for those who want an override, as words.
    pub(crate) fn hint(&self) -> Vec<String> {
        let words: Vec<String> =
            self.stderr.split_whitespace().filter(|word| *word != "remote:").map(str::to_owned).collect();
        let start = words.windows(3).position(|words| words == ["refgate", "override", "request"]);
        let start = start.unwrap_or_else(|| panic!("no command in {}", self.stderr));
        words[start + 1..start + 13].to_vec()
    }

    /// That the push went wrong before the gate could say anything.
    pub(crate) fn never_reached_the_gate(&self) {
        assert!(!self.ok && !self.stderr.contains("refgate: "), "the gate was asked: {}", self.stderr);
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("home")).unwrap();
        Self { folder, ssh: None, commits: std::cell::Cell::new(0) }
    }

    /// From now on Git reaches servers with this command.
    pub(crate) fn use_ssh(&mut self, command: String) {
        self.ssh = Some(command);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new bare server that `refgate` guards; its path.
    pub(crate) fn server(&self) -> PathBuf {
        let server = self.path().join("server.git");
        guarded_server(&server, Path::new(REFGATE));
        server
    }

    /// Makes the client, which pushes to `url`.
    pub(crate) fn clone(&self, url: &str) {
        let client = self.client();
        fs_err::create_dir(&client).unwrap();
        self.git(["init", "-q", "-b", "main", "."]).must();
        self.git(["remote", "add", "origin", url]).must();
    }

    fn client(&self) -> PathBuf {
        self.path().join("client")
    }

    /// Git in the client.
    pub(crate) fn git<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Said {
        self.git_in(&self.client(), args)
    }

    /// Git in another folder, with the same home, keys and clock.
    pub(crate) fn git_in<'a>(&self, folder: &Path, args: impl IntoIterator<Item = &'a str>) -> Said {
        let mut command = self.command("git");
        Said::new(command.current_dir(folder).args(args).output().unwrap())
    }

    /// `git push origin` from the client.
    pub(crate) fn push<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Said {
        self.git(["push", "origin"].into_iter().chain(args))
    }

    /// Starts as many pushes from the client as there are lists of what to push, then waits for all of them.
    pub(crate) fn push_at_once(&self, pushes: &[Vec<String>]) -> Vec<Said> {
        let started: Vec<_> = pushes
            .iter()
            .map(|specs| {
                let mut git = self.command("git");
                git.current_dir(self.client()).args(["push", "origin"]).args(specs);
                git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        started.into_iter().map(|push| Said::new(push.wait_with_output().unwrap())).collect()
    }

    /// The program under test, in the client.
    pub(crate) fn refgate<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Said {
        Said::new(self.command(REFGATE).current_dir(self.client()).args(args).output().unwrap())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = process::command(program);
        let date = format!("{} +0000", 1_700_000_000 + self.commits.get() * 60);
        command.env("HOME", self.path().join("home")).env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        if let Some(ssh) = &self.ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        command
    }

    /// Writes files in the client's work tree.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.client().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
    }

    /// Commits everything in the work tree; the new commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.commits.set(self.commits.get() + 1);
        self.git(["add", "-A"]).must();
        self.git(["commit", "-q", "--allow-empty", "-m", message]).must();
        self.rev("HEAD")
    }

    pub(crate) fn rev(&self, name: &str) -> String {
        self.git(["rev-parse", name]).must()
    }

    /// A commit that the client holds but no branch does: `tree` with the given parents.
    pub(crate) fn commit_tree(&self, tree: &str, parents: &[&str]) -> String {
        let mut args = vec!["commit-tree", "-m", "by hand", tree];
        args.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        self.git(args).must()
    }

    /// Writes a task's complete trace folder for what it changed since `base`.
    pub(crate) fn write_trace(&self, task: &str, base: &str, changed: &[&str]) {
        let trace = Trace::complete(task);
        let changed = changed.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        for (path, text) in trace::files(&trace, base, &changed, None) {
            self.write(&[(&path, &text)]);
        }
    }
}

/// Makes a bare repository and lets `refgate` guard it.
pub(crate) fn guarded_server(server: &Path, refgate: &Path) {
    Said::new(process::command("git").args(["init", "-q", "--bare", "-b", "main"]).arg(server).output().unwrap())
        .must();
    let mut install = process::command(refgate);
    Said::new(install.args(["install", "server", "--repo"]).arg(server).output().unwrap()).must();
}

/// Lets the gate of a server believe one source of who pushes.
pub(crate) fn believe(server: &Path, refgate: &Path, source: &str) {
    let mut install = process::command(refgate);
    Said::new(install.args(["install", "server", "--actor", source, "--repo"]).arg(server).output().unwrap()).must();
}
