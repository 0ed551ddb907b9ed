//! What a person's work tree holds, and how it gets to a new branch: by the git that the person uses, with all of its
//! configuration, filters and hooks. No decision rests on any of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use bstr::BString;

use super::config::{answer, configured};
use crate::error::{Error, Result};
use crate::oid::Oid;

/// A path at which the work tree or the index holds something else than the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncommitted {
    /// From the top of the work tree.
    pub path: BString,
    /// Git passes it over unless it is told not to (gitignore(5)).
    pub ignored: bool,
}

/// The top of the work tree around `folder`.
///
/// # Errors
/// There is none.
pub fn top(folder: &Path) -> Result<PathBuf> {
    let found = answer(configured(folder).args(["rev-parse", "--path-format=absolute", "--show-toplevel"]));
    let found =
        found.map_err(|error| Error { help: "run it inside a work tree, or name one: --repo DIR".into(), ..error })?;
    Ok(PathBuf::from(OsStr::from_bytes(&found)))
}

/// What is not committed in the work tree at `top`, or in one folder of it, and then with what is ignored there.
///
/// # Errors
/// Git cannot look.
pub fn uncommitted(top: &Path, folder: Option<&str>) -> Result<Vec<Uncommitted>> {
    let mut git = configured(top);
    // Looking must not get into the way of a git that works there.
    git.env("GIT_OPTIONAL_LOCKS", "0");
    git.args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"]);
    if let Some(folder) = folder {
        git.args(["--ignored", "--", folder]);
    }
    let out = answer(&mut git)?;
    let entries = out.split(|byte| *byte == 0).filter_map(|entry| Some((entry.get(..2)?, entry.get(3..)?)));
    Ok(entries.map(|(state, path)| Uncommitted { path: path.into(), ignored: state == b"!!" }).collect())
}

/// Creates a branch, by its short name, at a commit and switches the work tree at `top` to it.
///
/// # Errors
/// Git refuses, most often for changes that it cannot carry over.
pub fn switch_to_new(top: &Path, branch: &str, commit: Oid) -> Result<()> {
    let switched = answer(configured(top).args(["switch", "--quiet", "--create", branch]).arg(commit.to_string()));
    switched
        .map(|_| ())
        .map_err(|error| Error { help: "commit the changes or git stash them, and try again".into(), ..error })
}
