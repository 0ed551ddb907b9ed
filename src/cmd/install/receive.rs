//! What a repository that receives pushes needs beside the hook: Git's own checks, push options and a limit for what
//! comes in, and one index over all packs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use bstr::ByteSlice as _;

use super::random;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::{Setting, answer, settings as configured};
use crate::install::{Change, Place, Plan};
use crate::policy::load::{FOLDER, SIGNERS};

/// What Git takes in one push where nobody said anything.
const DEFAULT_SIZE: u64 = 1 << 30;
const SIZE: &str = "receive.maxInputSize";

/// What must be set, and what there is to say.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) changes: Vec<Change>,
    pub(super) lines: Vec<String>,
}

/// Compares the configuration, as the receiving process reads it, with what a gate needs. `signers` says that the gate's
/// folder has them.
pub(super) fn settings(place: &Place, max_input_size: Option<u64>, signers: bool) -> Result<Settings> {
    let mut all = Settings::default();
    for (key, general) in
        [("receive.fsckObjects", Some("transfer.fsckObjects")), ("receive.advertisePushOptions", None)]
    {
        let mut values = configured(&mut place.git(), key, "bool")?;
        if let Some(general) = general.filter(|_| values.is_empty()) {
            values =
                configured(&mut place.git(), general, "bool")?.into_iter().filter(|is| is.value == "true").collect();
        }
        match values.last() {
            Some(is) if is.value == "true" => all.lines.push(format!("kept     {key} = true")),
            is => all.change(place, key, "true".to_owned(), is, "")?,
        }
    }
    all.nonce_seed(place)?;
    if signers {
        all.signers(place)?;
    }
    all.size(place, max_input_size)?;
    Ok(all)
}

impl Settings {
    fn nonce_seed(&mut self, place: &Place) -> Result<()> {
        let key = "receive.certNonceSeed";
        let values = configured(&mut place.git(), key, "")?;
        match values.last() {
            Some(is) if !is.value.is_empty() => self.lines.push(format!("kept     {key} (a secret)")),
            is => {
                may_set(place, key, is)?;
                self.changes.push(Change::Set(key.to_owned(), random(32)?));
                self.lines
                    .push(format!("set      {key} (a new secret; Git signs the nonces of signed pushes with it)"));
            }
        }
        Ok(())
    }

    /// Git looks at the signature of a push before the gate does, and tells the pusher of an error where nobody named the
    /// signers to it. It runs in the repository's own folder.
    fn signers(&mut self, place: &Place) -> Result<()> {
        let key = "gpg.ssh.allowedSignersFile";
        let values = configured(&mut place.git(), key, "")?;
        match values.last() {
            Some(is) if !is.value.is_empty() => {
                self.lines.push(format!("kept     {key} = {}", escape::escape(&is.value)))
            }
            is => {
                let note = "; Git's own look at signed pushes, which decides nothing";
                self.change(place, key, format!("{FOLDER}/{SIGNERS}"), is, note)?;
            }
        }
        Ok(())
    }

    fn size(&mut self, place: &Place, asked: Option<u64>) -> Result<()> {
        let values = configured(&mut place.git(), SIZE, "int")?;
        let is = values.last();
        let now = is.map_or(Ok(0), |is| is.value.to_str_lossy().parse::<i64>()).unwrap_or(0).max(0).unsigned_abs();
        let wanted = asked.unwrap_or(if is.is_some() { now } else { DEFAULT_SIZE });
        if wanted == 0 {
            self.lines.push("no limit for the size of a push".to_owned());
        }
        if wanted == now {
            if wanted != 0 {
                self.lines.push(format!("kept     {SIZE} = {}", written(now)));
            }
            return Ok(());
        }
        let note = "; Git refuses a bigger push, as a first import may be: \"pack exceeds maximum allowed size\". \
                    To change it: refgate install server --repo DIR --max-input-size 4g";
        self.change(place, SIZE, written(wanted), is, if wanted == 0 { "" } else { note })
    }

    fn change(&mut self, place: &Place, key: &str, to: String, is: Option<&Setting>, note: &str) -> Result<()> {
        may_set(place, key, is)?;
        let was = is.map(|is| format!(" (was {})", escape::escape(&is.value))).unwrap_or_default();
        self.lines.push(format!("set      {key} = {to}{was}{note}"));
        self.changes.push(Change::Set(key.to_owned(), to));
        Ok(())
    }
}

/// What the repository's own file says wins, but over files that it includes or that a work tree has.
fn may_set(place: &Place, key: &str, is: Option<&Setting>) -> Result<()> {
    let Some(is) = is.filter(|is| is.is_of_repository()) else { return Ok(()) };
    let origin = is.origin.strip_prefix(b"file:").unwrap_or(&is.origin);
    let file = place.folder.join(Path::new(OsStr::from_bytes(origin)));
    if fs_err::canonicalize(&file)? == fs_err::canonicalize(place.common_dir.join("config"))? {
        return Ok(());
    }
    Err(Error::usage(format!("{key} is {} in {}", escape::escape(&is.value), super::shown(&file)))
        .help("refgate does not change a file that the repository's configuration includes: take the key out there"))
}

fn written(size: u64) -> String {
    let units = [(1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")];
    let unit = units.iter().find(|(bytes, _)| size != 0 && size.is_multiple_of(*bytes));
    unit.map_or_else(|| size.to_string(), |(bytes, unit)| format!("{}{unit}", size / bytes))
}

/// One index over all packs, where there are packs and none: with many packs every hook would start slowly.
pub(super) fn index_packs(plan: &mut Plan, place: &Place) -> Result<Option<String>> {
    let packs = place.common_dir.join("objects/pack");
    let index = packs.join("multi-pack-index");
    let names: Vec<_> = match fs_err::read_dir(&packs) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?,
        Err(_) => return Ok(None),
    };
    if !names.iter().any(|name| name.extension() == Some(OsStr::new("pack"))) {
        return Ok(None);
    }
    if names.iter().any(|name| name.file_name().is_some_and(|name| name.as_bytes().starts_with(b"multi-pack-index"))) {
        return Ok(Some("kept     the multi-pack-index".to_owned()));
    }
    // It makes things fast and nothing else, so the gate does not wait for it.
    if let Err(error) = answer(place.git().args(["multi-pack-index", "write"])) {
        return Ok(Some(format!("no multi-pack-index, the gate starts slower without: {}", error.message)));
    }
    plan.adopt(&index)?;
    Ok(Some(format!("wrote    {} (the gate starts fast with many packs)", super::shown(&index))))
}
