//! Where Git looks for the hooks of a repository, and which folder an installation may write.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::BStr;

use crate::error::{Error, Result};
use crate::escape;
use crate::git::{Setting, answer, configured, settings};

/// The folder, in the repository's own, that stands before a shared one.
pub const OWN_FOLDER: &str = "refgate-hooks";

/// A repository as Git sees it from one place.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where Git runs the hooks: the top of the work tree, or the repository's own folder.
    pub folder: PathBuf,
    /// The repository's own folder, shared between linked worktrees.
    pub common_dir: PathBuf,
    /// Where Git looks for hooks.
    pub hooks: PathBuf,
    /// Every value of `core.hooksPath`, expanded, the one in effect last.
    pub settings: Vec<Setting>,
    /// Whether pushes arrive here: Git then runs in the repository's own folder.
    server: bool,
}

/// The folder that the hooks go into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one where Git looks; it is the repository's alone.
    Here(PathBuf),
    /// The one whose hooks husky runs: the folder above the one where Git looks, which husky writes anew.
    Husky(PathBuf),
    /// One of the repository's own before a shared one, which stays as it is.
    Before {
        /// The repository's own.
        own: PathBuf,
        /// The shared one.
        shared: PathBuf,
    },
}

impl Target {
    /// The folder to write.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Here(folder) | Self::Husky(folder) | Self::Before { own: folder, .. } => folder,
        }
    }
}

impl Place {
    /// The repository at or above `dir`, as whoever works in it sees it.
    ///
    /// # Errors
    /// There is none, Git does not trust its owner, or `dir` is inside its own folder.
    pub fn client(dir: &Path) -> Result<Self> {
        let dir = fs_err::canonicalize(dir)?;
        let ask = |what: &str| answer(configured(&dir).args(["rev-parse", "--path-format=absolute", what]));
        let common_dir = ask("--git-common-dir").map_err(|error| Error {
            help: "run refgate inside a repository, or name one with --repo DIR".into(),
            ..error
        })?;
        let common_dir = path(common_dir.as_ref());
        let folder = match (ask("--is-inside-work-tree")?.as_slice(), ask("--is-bare-repository")?.as_slice()) {
            (b"true", _) => path(ask("--show-toplevel")?.as_ref()),
            (_, b"true") => path(ask("--absolute-git-dir")?.as_ref()),
            _ => {
                let shown = escape::quote_path(dir.as_os_str().as_bytes());
                return Err(Error::usage(format!("{shown} is inside a repository's own folder"))
                    .help("name the work tree: --repo DIR"));
            }
        };
        Self::look(folder, common_dir, false)
    }

    /// The repository whose own folder is `common_dir`, as the process that receives pushes sees it. That one runs in
    /// this folder, so a relative `core.hooksPath` counts from here even where there is a work tree.
    ///
    /// # Errors
    /// Git cannot read the configuration.
    pub fn server(common_dir: &Path) -> Result<Self> {
        let folder = fs_err::canonicalize(common_dir)?;
        Self::look(folder.clone(), folder, true)
    }

    fn look(folder: PathBuf, common_dir: PathBuf, server: bool) -> Result<Self> {
        let mut place = Self { folder, common_dir, hooks: PathBuf::new(), settings: Vec::new(), server };
        let hooks = answer(place.git().args(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]))?;
        place.hooks = path(hooks.as_ref());
        place.settings = settings(&mut place.git(), "core.hooksPath", "path")?;
        Ok(place)
    }

    /// A git process in this place that reads all configuration.
    pub fn git(&self) -> Command {
        let mut git = configured(&self.folder);
        if self.server {
            git.args(["--git-dir", "."]);
        }
        git
    }

    /// The user id that owns the repository, where it is not the one of whoever asks: then Git reads another account's
    /// configuration than it will read when a push arrives.
    pub fn other_owner(&self) -> Option<u32> {
        let owner = fs_err::metadata(&self.common_dir).ok()?.uid();
        // Linux gives a process's own entry to the account that it runs as.
        let asking = fs_err::metadata("/proc/self").ok()?.uid();
        (owner != asking).then_some(owner)
    }

    /// The value of `core.hooksPath` in effect, and who set it; `None` where Git looks in `hooks`.
    pub fn setting(&self) -> Option<&Setting> {
        self.settings.last()
    }

    /// The folder that stands before a shared one where there is need.
    pub fn own_folder(&self) -> PathBuf {
        self.common_dir.join(OWN_FOLDER)
    }

    /// What an installation sets `core.hooksPath` to, to have [`Place::own_folder`]. A bare server is often moved, and
    /// a relative path moves with it.
    pub fn own_value(&self) -> PathBuf {
        if self.server && self.common_dir.file_name() != Some(OsStr::new(".git")) {
            PathBuf::from(OWN_FOLDER)
        } else {
            self.own_folder()
        }
    }

    /// Where an installation goes.
    pub fn target(&self) -> Target {
        let own = self.own_folder();
        // What would hold without an installation of ours, be it of before the repository was moved.
        let ours = |setting: &&Setting| {
            setting.is_of_repository() && self.resolve(setting).file_name() == Some(OsStr::new(OWN_FOLDER))
        };
        let beneath = self.settings.iter().rev().find(|setting| !ours(setting));
        let hooks = beneath.map_or_else(|| self.common_dir.join("hooks"), |setting| self.resolve(setting));
        let chosen_here = beneath.is_some_and(Setting::is_of_repository);
        let husky = hooks.file_name() == Some(OsStr::new("_")) && hooks.join("h").is_file();
        if let Some(folder) = hooks.parent().filter(|_| husky) {
            return Target::Husky(folder.to_owned());
        }
        if chosen_here || self.holds(&hooks) { Target::Here(hooks) } else { Target::Before { own, shared: hooks } }
    }

    fn resolve(&self, setting: &Setting) -> PathBuf {
        self.folder.join(path(setting.value.as_ref()))
    }

    /// Whether the folder is this repository's alone: links resolved, it lies in it. What is not there yet, is.
    fn holds(&self, hooks: &Path) -> bool {
        let real = hooks.ancestors().find_map(|path| fs_err::canonicalize(path).ok()).unwrap_or_default();
        [&self.common_dir, &self.folder]
            .into_iter()
            .any(|folder| fs_err::canonicalize(folder).is_ok_and(|folder| real.starts_with(folder)))
    }
}

fn path(bytes: &BStr) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
