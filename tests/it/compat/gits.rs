//! The Gits of this machine: every `git` that stands in a folder of its own, and the world each of them runs in.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::corpus::process;

/// Names the programs to test with, `:` between them; else they are looked for.
const GITS: &str = "REFGATE_TEST_GITS";

/// One Git, that runs as a whole: client, `receive-pack`, and what a hook finds on its `PATH`.
pub(super) struct Git {
    /// `2.47.3`.
    pub(super) version: String,
    path: std::ffi::OsString,
}

impl Git {
    /// Every Git there is, each version once: those that [`GITS`] names, else those on the `PATH` and in the folders
    /// where distributions and people put them.
    pub(super) fn all() -> Vec<Self> {
        let named = std::env::var_os(GITS);
        let looked_for = || {
            let folders = std::env::var_os("PATH").unwrap_or_default();
            let usual = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from);
            let found = std::env::split_paths(&folders).chain(usual).map(|folder| folder.join("git"));
            found.filter(|path| path.is_file()).collect()
        };
        let programs: Vec<PathBuf> =
            named.as_ref().map_or_else(looked_for, |named| std::env::split_paths(named).collect());
        let mut gits: Vec<Self> = Vec::new();
        for program in programs {
            let git = Self::at(&program);
            if gits.iter().all(|known| known.version != git.version) {
                gits.push(git);
            }
        }
        assert!(!gits.is_empty(), "there is no git on this machine; {GITS} names one");
        gits
    }

    fn at(program: &Path) -> Self {
        let folder = program.parent().unwrap();
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([folder.to_owned()].into_iter().chain(std::env::split_paths(&usual))).unwrap();
        let mut git = Self { version: String::new(), path };
        let version = |args: &[&str]| {
            let said = process::must(git.command("git").args(args), b"").unwrap();
            String::from_utf8(said).unwrap().split_whitespace().nth(2).unwrap().to_owned()
        };
        // A program of one version that starts the helpers of another would fill the wrong column.
        let exec_path = process::must(git.command(program).arg("--exec-path"), b"").unwrap();
        let helper = Path::new(OsStr::from_bytes(exec_path.trim_ascii())).join("git");
        let mut helper = git.command(helper);
        let helper = String::from_utf8(process::must(helper.arg("version"), b"").unwrap()).unwrap();
        let own = version(&["version"]);
        assert_eq!(
            helper.split_whitespace().nth(2),
            Some(&*own),
            "{}: --exec-path is another Git's",
            program.display()
        );
        git.version = own;
        git
    }

    /// Whether it belongs in the column of `2.47`.
    pub(super) fn is(&self, column: &str) -> bool {
        self.version.strip_prefix(column).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// A command in an environment of its own in which `git` is this Git.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = process::command(program);
        command.env("PATH", &self.path);
        command
    }

    /// Runs this Git in a folder.
    pub(super) fn run<'a>(&self, folder: &Path, args: impl IntoIterator<Item = &'a OsStr>) -> Output {
        process::run(self.command("git").current_dir(folder).args(args), b"").unwrap()
    }

    /// The standard output of this Git in a folder, where it must succeed.
    pub(super) fn must(&self, folder: &Path, args: &[&str]) -> String {
        let mut command = self.command("git");
        let output = process::must(command.current_dir(folder).args(args), b"").unwrap();
        String::from_utf8_lossy(&output).trim_end().to_owned()
    }
}
