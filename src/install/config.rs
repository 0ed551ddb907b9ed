//! Changing a configuration file of Git's as Git does, all of the changes at once or none of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::record::{Key, Wrote, decode, prepare, put, remove, shown};
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::git::{answer, configured, found};

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The key has this value and no other.
    Set(String, String),
    /// The key has this value beside those that it has.
    Add(String, String),
}

/// What is to be set in one file.
pub(super) struct Edit {
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    pub(super) mode: u32,
    /// What to take back where somebody else changes the file; the paths are still empty.
    pub(super) keys: Vec<Key>,
}

/// Works out how the file will read. Nothing is changed yet.
///
/// # Errors
/// The file is a link, or read-only, or Git cannot change it.
pub(super) fn edit(path: &Path, changes: &[Change]) -> Result<Edit> {
    let found = fs_err::symlink_metadata(path)?;
    let wrong = |what: &str, help: &str| Err(Error::usage(format!("{} {what}", shown(path))).help(help));
    if !found.is_file() {
        return wrong("is a link, so other repositories may have it too", "make it a file of this repository's own");
    }
    let mode = found.permissions().mode() & 0o7777;
    if mode & 0o222 == 0 {
        return wrong("is read-only, and refgate must set something there", "make it writable for the installation");
    }
    let before = fs_err::read(path)?;
    let copy = copy(path, &before)?;
    let mut keys = Vec::new();
    for change in changes {
        let (how, name, value) = match change {
            Change::Set(name, value) => ("--replace-all", name, value),
            Change::Add(name, value) => ("--add", name, value),
        };
        let (was, added) = match change {
            Change::Set(..) => (value_in(copy.path(), name)?, None),
            Change::Add(..) => (None, Some(value.clone())),
        };
        let sha256 = sha256(value.as_bytes());
        keys.push(Key { path: String::new(), name: name.clone(), sha256, was, added });
        answer(git(copy.path()).args([how, name, value]))?;
    }
    Ok(Edit { before, after: fs_err::read(copy.path())?, mode, keys })
}

/// A file beside the real one, where a path that it includes still leads to the same place, for git to change.
fn copy(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let copy = tempfile::Builder::new().prefix(".refgate-").tempfile_in(folder)?;
    fs_err::write(copy.path(), content)?;
    Ok(copy)
}

fn git(file: &Path) -> std::process::Command {
    let mut git = configured(file.parent().unwrap_or(Path::new(".")));
    git.args(["config", "--file"]).arg(file);
    git
}

/// The pattern of git config that one value alone fits. What it means to a pattern stands in brackets; Git's own way to say
/// so is younger than the oldest Git that we know.
fn exactly(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:_-@ ".contains(c) || !c.is_ascii();
    let pieces = value.chars().map(|c| match c {
        c if plain(c) => c.to_string(),
        '^' | '\\' => format!("\\{c}"),
        c => format!("[{c}]"),
    });
    format!("^{}$", pieces.collect::<String>())
}

fn value_in(file: &Path, name: &str) -> Result<Option<String>> {
    let value: Option<BString> = found(git(file).args(["--get", name]))?;
    value.map(|value| value.to_str().map(str::to_owned).map_err(|_| not_text(file))).transpose()
}

fn not_text(path: &Path) -> Error {
    Error::usage(format!("{} holds something that is not UTF-8, and refgate could not restore it", shown(path)))
        .help("write it as UTF-8")
}

/// Writes the file under the lock that Git takes, if it still reads as it did.
pub(super) fn replace(path: &Path, before: &[u8], after: &[u8], mode: u32) -> Result<()> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    if let Err(error) = fs_err::OpenOptions::new().write(true).create_new(true).open(&lock) {
        return Err(Error::usage(format!("{} cannot be locked: {error}", shown(path)))
            .help("another process is changing the configuration; do it again"));
    }
    let written = || {
        if fs_err::read(path)? != before {
            return Err(Error::usage(format!("{} changed meanwhile", shown(path))).help("do it again"));
        }
        put(prepare(path, after, mode)?, path)
    };
    let written = written();
    remove(&lock)?;
    written
}

/// Puts back what the file held before, byte for byte where nobody else changed it, or else key by key. Whether
/// anything was changed.
pub(super) fn restore(path: &Path, wrote: &Wrote, keys: &[Key]) -> Result<bool> {
    let now = fs_err::read(path)?;
    let mode = fs_err::metadata(path)?.permissions().mode() & 0o7777;
    if let Some(before) = wrote.before.as_deref().filter(|_| sha256(&now) == wrote.sha256) {
        replace(path, &now, &decode(before)?, wrote.mode.unwrap_or(mode))?;
        return Ok(true);
    }
    let copy = copy(path, &now)?;
    for key in keys.iter().rev() {
        if let Some(added) = &key.added {
            let only = exactly(added);
            if found(git(copy.path()).args(["--get-all", &key.name, &only]))?.is_some() {
                answer(git(copy.path()).args(["--unset-all", &key.name, &only]))?;
            }
            continue;
        }
        let value = value_in(copy.path(), &key.name)?;
        if value.is_none_or(|value| sha256(value.as_bytes()) != key.sha256) {
            continue;
        }
        match &key.was {
            Some(was) => answer(git(copy.path()).args(["--replace-all", &key.name, was]))?,
            None => answer(git(copy.path()).args(["--unset-all", &key.name]))?,
        };
    }
    let after = fs_err::read(copy.path())?;
    if after != now {
        replace(path, &now, &after, mode)?;
    }
    Ok(after != now)
}
