//! Where the demo happens: a temporary folder with a guarded server and a clone, and git processes that see nothing of
//! the person's or the machine's configuration. The folder goes away with the [`Place`], whatever happens.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bstr::ByteSlice as _;

use super::scenes::{Act, Scene, Step};
use super::trace;
use crate::error::{Error, Result};
use crate::escape;

/// The server, the clone, and how to reach them.
pub(super) struct Place {
    /// What git calls itself, `git version 2.47.3`.
    pub(super) git_version: String,
    folder: tempfile::TempDir,
    /// The folder's path, absolute and without symbolic links.
    path: PathBuf,
}

/// What became of a push.
#[derive(Debug)]
pub(super) struct Pushed {
    /// Whether git reported success.
    pub(super) accepted: bool,
    /// The lines of the server's hook.
    pub(super) answer: Vec<String>,
    /// What the person is shown.
    pub(super) told: Vec<String>,
    /// Everything else that git said.
    pub(super) git: String,
}

impl Place {
    pub(super) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("refgate-demo-").tempdir()?;
        let path = fs_err::canonicalize(folder.path())?;
        let mut place = Self { git_version: String::new(), folder, path };
        place.git_version = place.run(place.git(&place.path).arg("--version"))?;
        // Without templates no hook of the machine's is copied; without maintenance nothing outlives the demo.
        let server = place.path.join("server.git");
        place.run(place.git(&place.path).args(["init", "-q", "--template=", "--bare", "-b", "main"]).arg(&server))?;
        place.run(place.git(&server).args(["config", "receive.autogc", "false"]))?;
        let program = std::env::current_exe()?;
        let actor = format!("env:{PUSHER}");
        place.run(place.command(&program).args(["install", "server", "--actor", &actor, "--repo"]).arg(&server))?;
        let clone = place.clone_dir();
        place.run(
            place
                .git(&place.path)
                .args(["clone", "-q", "--template=", "-c", "maintenance.auto=false", "-c", "gc.auto=0"])
                .args([&server, &clone]),
        )?;
        place.run(place.git(&clone).args(["symbolic-ref", "HEAD", "refs/heads/main"]))?;
        place.people(&server)?;
        Ok(place)
    }

    /// Makes the keys of two people, and writes the policy that says what each of them may sign.
    fn people(&self, server: &Path) -> Result<()> {
        let mut signers = String::new();
        for name in ["dana", "robin"] {
            let key = self.path.join(name);
            self.run(
                self.command("ssh-keygen".as_ref()).args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&key),
            )?;
            signers += &format!("{name} {}", fs_err::read_to_string(key.with_extension("pub"))?);
        }
        self.run(self.git(&self.clone_dir()).args(["config", "user.signingKey"]).arg(self.path.join("dana")))?;
        let word = fs_err::read_to_string(server.join("refgate/server.toml"))?;
        let id = word.lines().find(|line| line.starts_with("repository_id")).unwrap_or_default();
        self.write("refgate.toml", &format!("version = 1\n{id}\n\n{ROLES}"))?;
        self.write(".refgate/allowed_signers", &signers)
    }

    /// The one of them who does not push signs what lets a hotfix in.
    fn sign(&self, branch: &str) -> Result<()> {
        let (program, request) = (std::env::current_exe()?, self.path.join("override.json"));
        let mut ask = self.command(&program);
        ask.args(["override", "request", "--ref", "main", "--pusher", "dana", "--head", branch, "--output"]);
        self.run(ask.arg(&request).current_dir(self.clone_dir()))?;
        let mut sign = self.command(&program);
        sign.args([
            "override",
            "sign",
            "--principal",
            "robin",
            "--yes",
            "--expires",
            "2h",
            "--reason",
            "nobody can pay",
        ]);
        sign.arg("--key").arg(self.path.join("robin")).arg(&request);
        self.run(sign.current_dir(self.clone_dir())).map(drop)
    }

    /// Removes the folder and says when that fails.
    pub(super) fn close(self) -> Result<()> {
        Ok(self.folder.close()?)
    }

    /// Brings the clone to where the scene's push begins.
    pub(super) fn prepare(&self, scene: &Scene) -> Result<()> {
        scene.steps.iter().try_for_each(|step| self.step(step))
    }

    /// What the scene does, in the clone.
    pub(super) fn act(&self, act: Act) -> Result<Pushed> {
        match act {
            Act::Push(args) => self.push(args),
            Act::Refgate(args) => self.refgate(args),
        }
    }

    fn push(&self, args: &[&str]) -> Result<Pushed> {
        let output = self.output(self.git(&self.clone_dir()).arg("push").args(args))?;
        let (mut answer, mut git) = (Vec::new(), String::new());
        for line in output.stderr.lines().map(|line| line.to_str_lossy()) {
            match line.strip_prefix("remote:") {
                // Git pads the lines, to wipe a progress meter that may stand there.
                Some(line) => answer.push(line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
                None => git.extend([line.as_ref(), "\n"]),
            }
        }
        Ok(Pushed { accepted: output.status.success(), told: answer.clone(), answer, git })
    }

    fn refgate(&self, args: &[&str]) -> Result<Pushed> {
        let program = std::env::current_exe()?;
        let output = self.output(self.command(&program).current_dir(self.clone_dir()).args(args))?;
        let told: Vec<String> = output.stdout.lines().flat_map(|line| folded(&line.to_str_lossy())).collect();
        // The server's lines stand below their heading, further in.
        let below = told.iter().skip_while(|line| !line.ends_with(" answered")).skip(1);
        let answer =
            below.map_while(|line| line.strip_prefix("    ").map(str::to_owned).or(line.is_empty().then(String::new)));
        let (answer, git) = (answer.collect(), output.stderr.to_str_lossy().into_owned());
        Ok(Pushed { accepted: output.status.success(), answer, told, git })
    }

    fn step(&self, step: &Step) -> Result<()> {
        match *step {
            Step::Git(args) => self.git_in_clone(args).map(drop),
            Step::Write(path, text) => self.write(path, text),
            Step::Link(path, target) => {
                let path = self.clone_dir().join(path);
                fs_err::remove_file(&path)?;
                Ok(fs_err::os::unix::fs::symlink(target, path)?)
            }
            Step::Index(path, text) => self.index(path, text),
            Step::Approve(task) => {
                let base = self.git_in_clone(&["merge-base", "HEAD", "origin/main"])?;
                trace::approval(task, &base).iter().try_for_each(|(path, text)| self.write(path, text))
            }
            Step::Sign(branch) => self.sign(branch),
            Step::Finish(task) => trace::reports(task).iter().try_for_each(|(path, text)| self.write(path, text)),
            Step::Commit(message) => {
                self.git_in_clone(&["add", "--all"])?;
                self.git_in_clone(&["commit", "-q", "-m", message]).map(drop)
            }
        }
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.clone_dir().join(path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        Ok(fs_err::write(path, text)?)
    }

    fn index(&self, path: &str, text: &str) -> Result<()> {
        let blob = self.path.join("blob");
        fs_err::write(&blob, text)?;
        let oid = self.run(self.git(&self.clone_dir()).args(["hash-object", "-w", "--no-filters"]).arg(&blob))?;
        self.git_in_clone(&["update-index", "--add", "--cacheinfo", &format!("100644,{oid},{path}")]).map(drop)
    }

    fn clone_dir(&self) -> PathBuf {
        self.path.join("clone")
    }

    fn git_in_clone(&self, args: &[&str]) -> Result<String> {
        self.run(self.git(&self.clone_dir()).args(args))
    }

    /// Runs a command that must succeed; what it wrote to standard output.
    fn run(&self, command: &mut Command) -> Result<String> {
        let output = self.output(command)?;
        if output.status.success() {
            return Ok(output.stdout.trim_end().to_str_lossy().into_owned());
        }
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| escape::quote_path(word.as_encoded_bytes())).collect();
        let said = escape::escape(output.stderr.trim_end());
        Err(Error::undecided(format!("{} failed: {said}", words.join(" ")))
            .help("the demo needs git 2.28 or newer, and room where temporary files go (TMPDIR)"))
    }

    fn output(&self, command: &mut Command) -> Result<Output> {
        command.stdin(Stdio::null()).output().map_err(|error| {
            let program = escape::quote_path(command.get_program().as_encoded_bytes());
            Error::undecided(format!("{program} cannot be started: {error}")).help(
                "the demo makes real pushes: install git (https://git-scm.com) and OpenSSH, and put them on the PATH",
            )
        })
    }

    fn git(&self, folder: &Path) -> Command {
        let mut command = self.command("git".as_ref());
        command.current_dir(folder);
        command
    }

    /// A process that inherits no word of Git's or refgate's from whoever started the demo, be it a hook. Identity and
    /// date are fixed, so that the transcript is the same everywhere.
    #[expect(clippy::disallowed_methods, reason = "the demo shows stock git at work; nothing is decided here")]
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let ours =
            |name: &OsStr| [&b"GIT_"[..], b"REFGATE_"].iter().any(|mark| name.as_encoded_bytes().starts_with(mark));
        for name in std::env::vars_os().map(|(name, _)| name).filter(|name| ours(name)) {
            command.env_remove(name);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Demo").env(format!("GIT_{who}_EMAIL"), "demo@example.com");
            command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
        }
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("HOME", &self.path)
            .env("LC_ALL", "C")
            .env(PUSHER, "dana");
        command
    }
}

/// What says who pushes, as a forge would.
const PUSHER: &str = "DEMO_PUSHER";

/// What the two people may sign.
const ROLES: &str =
    "[roles]\npresence = \"any\"\noverride = { principals = [\"robin\"] }\nrollback = { principals = [\"dana\"] }\n";

/// The widest line of a program's that stands in the transcript.
const WIDTH: usize = 96;

/// A line as a terminal would break it.
fn folded(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (index, word) in line.split(' ').enumerate() {
        match lines.last_mut() {
            Some(last) if index == 0 => last.push_str(word),
            Some(last) if last.len() + 1 + word.len() <= WIDTH => last.extend([" ", word]),
            _ => lines.push(format!("          {word}")),
        }
    }
    lines
}
