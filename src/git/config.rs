//! Git's configuration as Git itself reads it, the user's and the system's included, and git processes that see it.
//! For installing and for looking at an installation only: no decision rests on configuration.

use std::path::Path;
use std::process::Command;

use bstr::{BString, ByteSlice as _};

use super::repo::command;
use crate::error::{Error, Result};
use crate::escape;

/// One value of a key, and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// The file, as `file:PATH`; a relative path counts from where git ran.
    pub origin: BString,
    /// The value.
    pub value: BString,
}

impl Setting {
    /// Whether the repository itself says so, and not the account or the machine.
    pub fn is_of_repository(&self) -> bool {
        ["local", "worktree"].contains(&self.scope.as_str())
    }
}

/// A git process in `folder` that reads all configuration; no variable leads it to another repository.
#[expect(clippy::disallowed_methods, reason = "the isolated one does not see what is configured")]
pub fn configured(folder: &Path) -> Command {
    let mut git = Command::new("git");
    for (name, _) in command(folder).get_envs().filter(|(_, value)| value.is_none()) {
        git.env_remove(name);
    }
    git.env("LC_ALL", "C").current_dir(folder);
    git
}

/// What a git process wrote to standard output, without the last line's end.
///
/// # Errors
/// It cannot be started, or fails.
pub fn answer(git: &mut Command) -> Result<BString> {
    found(git)?.ok_or_else(|| Error::usage("git has no answer"))
}

/// As [`answer`]; `None` where git says by exit status 1 and no word that there is nothing.
///
/// # Errors
/// As [`answer`].
pub fn found(git: &mut Command) -> Result<Option<BString>> {
    let output = git.output().map_err(|error| {
        Error::usage(format!("git cannot be started: {error}")).help("install git, and put it on the PATH")
    })?;
    match output.status.code() {
        Some(0) => Ok(Some(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout).into())),
        Some(1) if output.stdout.is_empty() && output.stderr.is_empty() => Ok(None),
        _ => Err(Error::usage(format!("git failed: {}", escape::one_line(&output.stderr.to_str_lossy())))),
    }
}

/// Every value of `key`, the one in effect last, as `git` (see [`configured`]) sees it. `kind` is one of git's types:
/// `path`, `bool`, `int`; empty for the value as it is written.
///
/// # Errors
/// Git fails: a value is not of that kind, or a file of the configuration is damaged.
pub fn settings(git: &mut Command, key: &str, kind: &str) -> Result<Vec<Setting>> {
    git.args(["config", "-z", "--show-scope", "--show-origin"]);
    if !kind.is_empty() {
        git.arg(format!("--type={kind}"));
    }
    let out = found(git.args(["--get-all", key]))?.unwrap_or_default();
    let mut fields = out.split(|byte| *byte == 0);
    let mut settings = Vec::new();
    while let (Some(scope), Some(origin), Some(value)) = (fields.next(), fields.next(), fields.next()) {
        let scope = scope.to_str_lossy().into_owned();
        settings.push(Setting { scope, origin: origin.into(), value: value.into() });
    }
    Ok(settings)
}
