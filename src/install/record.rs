//! The record of what installations changed in a repository, kept in its own folder, and taking all of it back.

use std::io::{ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::config;
use super::shim::{BESIDE, Standing, standing};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::escape;

/// The record's file in the repository's own folder.
pub const RECORD: &str = "refgate-installed.toml";
const VERSION: u32 = 1;

/// Everything that refgate changed in one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// The policy file that the client hooks were told to judge by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The remotes that pre-push judges; all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remotes: Vec<String>,
    /// The folders that were made, outer ones first.
    #[serde(default)]
    pub(super) folders: Vec<String>,
    #[serde(default)]
    pub(super) files: Vec<Wrote>,
    #[serde(default)]
    pub(super) keys: Vec<Key>,
}

/// A file that was written, and what stood there before: nothing, these bytes, or what stands beside it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wrote {
    /// From the repository's own folder where it is in there, or else absolute.
    pub(super) path: String,
    /// Of what was written.
    pub(super) sha256: String,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) beside: bool,
}

/// A key that was set in a configuration file, for when somebody else has changed the file since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) path: String,
    pub(super) name: String,
    /// Of the value that was set; it may be a secret.
    pub(super) sha256: String,
    /// The value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) was: Option<String>,
    /// The value, where it was added beside others: it alone is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) added: Option<String>,
}

/// What taking back did.
#[derive(Debug, Default)]
pub struct Undone {
    /// What is as it was before.
    pub restored: Vec<String>,
    /// What somebody changed since, and so keeps.
    pub kept: Vec<String>,
    /// Hooks that somebody changed since: what they do now is unknown, and they still run.
    pub left: Vec<PathBuf>,
}

impl Record {
    /// Reads the record; an empty one where nothing was recorded.
    ///
    /// # Errors
    /// It cannot be read, or a newer refgate wrote it.
    pub fn load(common_dir: &Path) -> Result<Self> {
        let path = common_dir.join(RECORD);
        let bad = |what: &str| {
            Error::usage(format!("{} cannot be understood: {what}", shown(&path)))
                .help("use the refgate that wrote it, or move the file away: what stands here is then kept")
        };
        match fs_err::read_to_string(&path) {
            Ok(text) => {
                let record: Self = toml::from_str(&text).map_err(|error| bad(&escape::one_line(error.message())))?;
                if record.version == VERSION { Ok(record) } else { Err(bad("it has another version")) }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self { version: VERSION, ..Self::default() }),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether anything is recorded.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.files.is_empty() && self.keys.is_empty()
    }

    pub(super) fn save(&self, common_dir: &Path) -> Result<()> {
        let body = toml::to_string(self).map_err(|error| Error::usage(escape::one_line(&error.to_string())))?;
        let text =
            format!("# What refgate install changed here. refgate uninstall takes it back by this file.\n{body}");
        // It holds what the configuration held, which may be a secret.
        write(&common_dir.join(RECORD), text.as_bytes(), 0o600)
    }

    /// The entry of a file.
    pub(super) fn file(&mut self, path: &str) -> Option<&mut Wrote> {
        self.files.iter_mut().find(|wrote| wrote.path == path)
    }

    /// Takes everything back: the configuration, the files, the folders that are empty then, and at last the record.
    ///
    /// # Errors
    /// Something cannot be written. What was taken back by then stays so; doing it again goes on.
    pub fn undo(mut self, common_dir: &Path) -> Result<Undone> {
        let mut done = Undone::default();
        let (configs, files): (Vec<_>, Vec<_>) = std::mem::take(&mut self.files)
            .into_iter()
            .partition(|wrote| self.keys.iter().any(|key| key.path == wrote.path));
        // The other hooks of a shared folder are in force again before the hooks before them go.
        for wrote in configs.iter().rev() {
            let keys: Vec<Key> = self.keys.iter().filter(|key| key.path == wrote.path).cloned().collect();
            let path = common_dir.join(&wrote.path);
            if config::restore(&path, wrote, &keys)? {
                done.restored.push(format!("restored {}", shown(&path)));
            }
        }
        self.keys.clear();
        for wrote in files.into_iter().rev() {
            if !take_back(&common_dir.join(&wrote.path), &wrote, &mut done)? {
                self.files.push(wrote);
            }
        }
        for folder in std::mem::take(&mut self.folders).into_iter().rev() {
            let path = common_dir.join(&folder);
            match fs_err::remove_dir(&path) {
                Ok(()) => done.restored.push(format!("removed  {}", shown(&path))),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                    done.kept.push(format!("kept     {} (it holds {})", shown(&path), entries(&path)?));
                    if !self.files.is_empty() {
                        self.folders.insert(0, folder);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        if self.is_empty() {
            remove(&common_dir.join(RECORD))?;
        } else {
            self.save(common_dir)?;
        }
        Ok(done)
    }
}

/// Puts back what stood at `path`. `false` where it is a hook that somebody changed since.
fn take_back(path: &Path, wrote: &Wrote, done: &mut Undone) -> Result<bool> {
    let beside = beside(path);
    let kept = wrote.beside && fs_err::symlink_metadata(&beside).is_ok();
    let there = fs_err::symlink_metadata(path).is_ok();
    if there && !is_ours(path, wrote)? {
        if wrote.beside && (!kept || same_file(path, &beside)?) {
            // The installation ended before it put a hook of ours there.
            remove(&beside)?;
            return Ok(true);
        }
        let is_hook = wrote.beside || wrote.mode == Some(HOOK_MODE);
        if is_hook {
            done.left.push(path.to_owned());
        } else {
            done.kept.push(format!("kept     {} (it was changed since)", shown(path)));
        }
        return Ok(!is_hook);
    }
    if kept {
        fs_err::rename(&beside, path)?;
        done.restored.push(format!("restored {}", shown(path)));
    } else if let Some(before) = &wrote.before {
        write(path, &decode(before)?, wrote.mode.unwrap_or(0o644))?;
        done.restored.push(format!("restored {}", shown(path)));
    } else if there {
        remove(path)?;
        done.restored.push(format!("removed  {}", shown(path)));
    }
    Ok(true)
}

/// The mode of every hook that is written.
pub(super) const HOOK_MODE: u32 = 0o755;

fn is_ours(path: &Path, wrote: &Wrote) -> Result<bool> {
    if fs_err::symlink_metadata(path)?.is_file() && digest_of(path)? == wrote.sha256 {
        return Ok(true);
    }
    // An older refgate may have installed again since, without a record.
    let hook = wrote.mode == Some(HOOK_MODE);
    Ok(hook && matches!(standing(path)?, Standing::Ours(seen) if seen.version < 2))
}

/// Where a hook goes that stands at `hook`.
pub(super) fn beside(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(BESIDE);
    name.into()
}

pub(super) fn same_file(one: &Path, other: &Path) -> Result<bool> {
    let key = |path: &Path| fs_err::symlink_metadata(path).map(|found| (found.dev(), found.ino()));
    Ok(key(one)? == key(other)?)
}

pub(super) fn digest_of(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs_err::File::open(path)?;
    let mut block = [0; 65536];
    loop {
        match std::io::Read::read(&mut file, &mut block)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(block.get(..read).unwrap_or_default()),
        }
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>> {
    BASE64.decode(text).map_err(|error| Error::usage(format!("{RECORD} is damaged: {error}")))
}

/// A new file with this content, beside the place where it will go.
pub(super) fn prepare(path: &Path, content: &[u8], mode: u32) -> Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".refgate-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    let model = fs_err::metadata(path).or_else(|_| fs_err::metadata(folder))?;
    give(file.path(), &model)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// When root installs, what is written belongs to whoever owns what stood there, or the folder: the account that
/// receives the pushes must be able to use the bootstrap up, and to change its own configuration.
pub(super) fn give(path: &Path, model: &std::fs::Metadata) -> Result<()> {
    let made = fs_err::symlink_metadata(path)?;
    if (made.uid(), made.gid()) == (model.uid(), model.gid()) {
        return Ok(());
    }
    match fs_err::os::unix::fs::lchown(path, Some(model.uid()), Some(model.gid())) {
        // Only root may give a file away; with anybody else it stays as Git would have made it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        done => Ok(done?),
    }
}

/// Writes a file as a whole or not at all.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    put(prepare(path, content, mode)?, path)?;
    sync(path.parent().unwrap_or(Path::new(".")))
}

/// Brings a prepared file to its place; it stays there for good once the folder is synced.
pub(super) fn put(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map_err(|error| Error::usage(format!("{} cannot be written: {}", shown(path), error.error)))?;
    Ok(())
}

pub(super) fn sync(folder: &Path) -> Result<()> {
    Ok(fs_err::File::open(folder)?.sync_all()?)
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn entries(folder: &Path) -> Result<String> {
    let names = fs_err::read_dir(folder)?.map(|entry| Ok(escape::quote_path(entry?.file_name().as_bytes())));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names.join(", "))
}

pub(super) fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_bytes())
}
