//! An installation: everything is looked at first, then prepared, and only then put in place, the hooks last.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::config::{self, Change, Edit};
use super::record::{
    HOOK_MODE, Key, Record, Wrote, beside, digest_of, encode, give, prepare, put, same_file, shown, sync,
};
use super::shim::{Gate, Next, Seen, Shim, Standing, passed, standing};
use super::{Place, Target};
use crate::digest::sha256;
use crate::error::{Error, Result};

/// What an installation is about to do in one repository.
#[derive(Debug)]
pub struct Plan {
    common_dir: PathBuf,
    /// What the record will hold.
    pub record: Record,
    known: Record,
    writes: Vec<Write>,
    kept: Vec<PathBuf>,
}

#[derive(Debug)]
struct Write {
    path: PathBuf,
    content: Vec<u8>,
    mode: u32,
    what: What,
}

/// How a write meets what stands there.
#[derive(Debug)]
enum What {
    /// In its place.
    Over,
    /// After it was renamed to stand beside.
    Beside,
    /// In its place, under Git's lock, if it still reads so.
    Config(Vec<u8>),
}

/// What is known of a file before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It is ours, recorded or not: taking back removes it.
    Ours,
    /// It is somebody else's: taking back restores it.
    Theirs,
}

impl Plan {
    /// Starts from what is recorded.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn new(common_dir: &Path) -> Result<Self> {
        let known = Record::load(common_dir)?;
        Ok(Self {
            common_dir: common_dir.to_owned(),
            record: known.clone(),
            known,
            writes: Vec::new(),
            kept: Vec::new(),
        })
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.record == self.known
    }

    /// What will be written, in this order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.writes.iter().map(|write| write.path.as_path())
    }

    /// What is already right.
    pub fn kept(&self) -> Vec<&Path> {
        self.kept.iter().map(PathBuf::as_path).collect()
    }

    /// Plans a hook that judges. A hook of somebody else stays, and runs after it; which one is returned.
    ///
    /// # Errors
    /// There is a folder in its place, or there is no name left for the hook that stands there.
    pub fn hook(&mut self, target: &Target, gate: Gate, program: &Path, options: Vec<bstr::BString>) -> Result<Next> {
        let path = target.folder().join(gate.name());
        let there = standing(&path)?;
        let name = self.name(&path)?;
        let other = beside(&path);
        let kept = fs_err::symlink_metadata(&other).is_ok();
        let recorded = self.record.file(&name).is_some_and(|wrote| wrote.beside);
        let foreign = matches!(there, Standing::Foreign { .. });
        // An installation that was killed between the two steps left the same hook under both names.
        let half_done = foreign && kept && recorded && same_file(&path, &other)?;
        if foreign && kept && !half_done {
            return Err(Error::usage(format!(
                "{} is a hook that refgate did not write, and the name {} that it would get is taken",
                shown(&path),
                shown(&other)
            ))
            .help("move one of the two away, and install again"));
        }
        let chained = matches!(&there, Standing::Ours(Seen { next: Some(next), .. }) if *next == other);
        let stays = foreign || kept && (recorded || chained);
        let next = match target {
            Target::Before { shared, .. } => match standing(&shared.join(gate.name()))? {
                Standing::Foreign { .. } => Next::At(shared.join(gate.name())),
                _ => Next::Nothing,
            },
            _ if !stays => Next::Nothing,
            Target::Husky(_) => Next::Husky,
            Target::Here(_) => Next::Beside,
        };
        let text = Shim { gate, program, options, next: next.clone() }.text();
        let what = if foreign { What::Beside } else { What::Over };
        let before = Wrote { path: name, sha256: sha256(&text), before: None, mode: Some(HOOK_MODE), beside: stays };
        let same = !foreign && holds(&path, &text, Some(HOOK_MODE))?;
        self.enter(before);
        self.push(Write { path, content: text.into(), mode: HOOK_MODE, what }, same);
        Ok(next)
    }

    /// Plans to have a shared folder's hooks run from the repository's own folder. The value that `core.hooksPath`
    /// must get for that, if it has another.
    ///
    /// # Errors
    /// The shared folder cannot be read.
    pub fn before_shared(&mut self, place: &Place) -> Result<Option<String>> {
        let Target::Before { own, shared } = place.target() else { return Ok(None) };
        let names = match fs_err::read_dir(&shared) {
            Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut hooks: Vec<_> = names.into_iter().filter(|name| is_hook(&shared.join(name), name)).collect();
        hooks.sort();
        for name in hooks {
            let path = own.join(&name);
            let gate = matches!(standing(&path)?, Standing::Ours(Seen { program: Some(_), .. }));
            if !gate && !self.writes.iter().any(|write| write.path == path) {
                self.file_with(&path, &passed(&shared.join(&name)), HOOK_MODE, Before::Ours)?;
            }
        }
        let value = place.own_value();
        let value = value.to_str().ok_or_else(|| not_text(&value))?;
        Ok((place.hooks != own).then(|| value.to_owned()))
    }

    /// Plans a file.
    ///
    /// # Errors
    /// What is there is no file or cannot be read.
    pub fn file(&mut self, path: &Path, content: &[u8], before: Before) -> Result<()> {
        self.file_with(path, content, 0o644, before)
    }

    fn file_with(&mut self, path: &Path, content: &[u8], mode: u32, before: Before) -> Result<()> {
        let name = self.name(path)?;
        let same = holds(path, content, (mode == HOOK_MODE).then_some(mode))?;
        let mut wrote = Wrote { path: name, sha256: sha256(content), before: None, mode: None, beside: false };
        if mode == HOOK_MODE {
            wrote.mode = Some(mode);
        }
        match self.record.file(&wrote.path) {
            Some(known) => (wrote.before, wrote.mode) = (known.before.clone(), known.mode),
            None if before == Before::Theirs && same => {
                // It was there before us, so it stays.
                self.kept.push(path.to_owned());
                return Ok(());
            }
            None if before == Before::Theirs && fs_err::symlink_metadata(path).is_ok() => {
                wrote.before = Some(encode(&fs_err::read(path)?));
                wrote.mode = Some(fs_err::metadata(path)?.permissions().mode() & 0o7777);
            }
            None => {}
        }
        self.enter(wrote);
        self.push(Write { path: path.to_owned(), content: content.to_owned(), mode, what: What::Over }, same);
        Ok(())
    }

    /// Records a file that is ours already, as it stands.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn adopt(&mut self, path: &Path) -> Result<()> {
        let wrote = Wrote { path: self.name(path)?, sha256: digest_of(path)?, before: None, mode: None, beside: false };
        if self.record.file(&wrote.path).is_none() {
            self.enter(wrote);
        }
        Ok(())
    }

    /// Whether the record names the file.
    ///
    /// # Errors
    /// It cannot name it.
    pub fn knows(&mut self, path: &Path) -> Result<bool> {
        let name = self.name(path)?;
        Ok(self.record.file(&name).is_some())
    }

    /// Records a folder that an older refgate made.
    ///
    /// # Errors
    /// The record cannot name it.
    pub fn adopt_folder(&mut self, path: &Path) -> Result<()> {
        let name = self.name(path)?;
        self.record.folders.push(name);
        Ok(())
    }

    /// Records a hook of ours that no record names: one of an older refgate, or of a record that was lost.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn adopt_hook(&mut self, path: &Path) -> Result<()> {
        let name = self.name(path)?;
        let Standing::Ours(Seen { next, program, version, .. }) = standing(path)? else { return Ok(()) };
        if (program.is_some() || version < 2) && self.record.file(&name).is_none() {
            let beside = next.is_some_and(|next| next == beside(path));
            let sha256 = digest_of(path)?;
            self.enter(Wrote { path: name, sha256, before: None, mode: Some(HOOK_MODE), beside });
        }
        Ok(())
    }

    /// Plans keys of one configuration file, all of them at once.
    ///
    /// # Errors
    /// The file is a link, or read-only, or Git cannot change it.
    pub fn config(&mut self, path: &Path, changes: &[Change]) -> Result<()> {
        let name = self.name(path)?;
        let Edit { before, after, mode, keys } = config::edit(path, changes)?;
        let mut wrote = Wrote {
            path: name.clone(),
            sha256: sha256(&after),
            before: Some(encode(&before)),
            mode: Some(mode),
            beside: false,
        };
        if let Some(known) = self.record.file(&name) {
            // Where somebody else changed it in between, only the keys can be taken back.
            wrote.before = known.before.clone().filter(|_| known.sha256 == sha256(&before));
        }
        self.enter(wrote);
        for key in keys {
            let same = |known: &&mut Key| known.path == name && known.name == key.name && known.added == key.added;
            match self.record.keys.iter_mut().find(same) {
                Some(known) => known.sha256 = key.sha256,
                None => self.record.keys.push(Key { path: name.clone(), ..key }),
            }
        }
        self.push(Write { path: path.to_owned(), content: after, mode, what: What::Config(before) }, false);
        Ok(())
    }

    /// Does what is planned. Where it fails and nothing was installed before, everything is as it was; where something
    /// was, each hook and file is the old or the new one, and doing it again goes on.
    ///
    /// # Errors
    /// Something cannot be written.
    pub fn apply(mut self) -> Result<()> {
        let done = self.carry_out();
        if done.is_err()
            && self.known.is_empty()
            && let Err(error) = self.record.undo(&self.common_dir)
        {
            let help = format!("and it could not be taken back: {}; run refgate uninstall", error.message);
            return done.map_err(|first| first.help(help));
        }
        done
    }

    fn carry_out(&mut self) -> Result<()> {
        let missing: Vec<PathBuf> = self.missing_folders();
        for folder in &missing {
            let name = self.name(folder)?;
            fs_err::create_dir(folder)?;
            give(folder, &fs_err::metadata(&self.common_dir)?)?;
            self.record.folders.push(name);
        }
        let prepared = self.writes.iter().map(|write| prepare(&write.path, &write.content, write.mode));
        let prepared = prepared.collect::<Result<Vec<_>>>()?;
        if self.record != self.known {
            self.record.save(&self.common_dir)?;
        }
        for (write, file) in self.writes.iter().zip(prepared) {
            match &write.what {
                What::Over => {}
                What::Beside => set_beside(&write.path)?,
                What::Config(before) => {
                    config::replace(&write.path, before, &write.content, write.mode)?;
                    continue;
                }
            }
            put(file, &write.path)?;
        }
        let folders: BTreeSet<_> = self.writes.iter().filter_map(|write| write.path.parent()).collect();
        folders.into_iter().try_for_each(sync)
    }

    fn missing_folders(&self) -> Vec<PathBuf> {
        let folders = self.writes.iter().filter_map(|write| write.path.parent());
        let mut missing: Vec<PathBuf> = folders
            .flat_map(|folder| folder.ancestors().take_while(|path| fs_err::symlink_metadata(path).is_err()))
            .map(Path::to_owned)
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }

    fn enter(&mut self, wrote: Wrote) {
        match self.record.file(&wrote.path) {
            Some(known) => *known = wrote,
            None => self.record.files.push(wrote),
        }
    }

    fn push(&mut self, write: Write, same: bool) {
        if same {
            self.kept.push(write.path);
        } else {
            self.writes.push(write);
        }
    }

    /// The path as the record holds it: it outlives a move of the repository where it can.
    fn name(&self, path: &Path) -> Result<String> {
        let inner = path.strip_prefix(&self.common_dir).unwrap_or(path);
        inner.to_str().map(str::to_owned).ok_or_else(|| not_text(path))
    }
}

fn not_text(path: &Path) -> Error {
    Error::usage(format!("{} is not UTF-8, and refgate's record could not name it", shown(path)))
        .help("install in a folder whose name is UTF-8")
}

/// Whether the file is there with this content, and with this mode if one is given.
fn holds(path: &Path, content: &[u8], mode: Option<u32>) -> Result<bool> {
    match fs_err::symlink_metadata(path) {
        Ok(found) if found.is_file() => {
            let right = mode.is_none_or(|mode| found.permissions().mode() & 0o777 == mode);
            Ok(right && fs_err::read(path)? == content)
        }
        Ok(_) => Err(Error::usage(format!("{} is no file", shown(path))).help("move it away, and install again")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Gives the hook its second name. It keeps the first until ours takes it, so that there is always one.
fn set_beside(hook: &Path) -> Result<()> {
    let other = beside(hook);
    match fs_err::hard_link(hook, &other) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && same_file(hook, &other)? => Ok(()),
        // Not every file system has links, and none may be made to somebody else's file.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Ok(fs_err::rename(hook, &other)?),
        other => Ok(other?),
    }
}

/// Whether Git would run this file of a shared folder.
fn is_hook(path: &Path, name: &OsStr) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    name.as_encoded_bytes().iter().all(plain)
        && fs_err::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
