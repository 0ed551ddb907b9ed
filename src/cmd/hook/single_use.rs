//! That an override counts once: a file in the gate's folder for each, written before the answer and kept for ever.
//!
//! `overrides/reserved/<id>` says that a push was let in with it; whether its ref then moved, nobody knows yet. The next
//! push looks: once the ref is not where it was, the file goes to `overrides/used/`. A push that was answered and did
//! not get through (another hook, a lost connection) can so be made again, and one that did cannot.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use serde::{Deserialize, Serialize};

use crate::change::Spent;
use crate::error::{Error, Result};
use crate::finding::Override;
use crate::git::Repo;
use crate::oid::Oid;
use crate::policy::load::server_folder;
use crate::refs::{RefMap, RefUpdate};
use crate::statement::place::Place;

/// How long a push that was answered and did not get through can be made again. Longer, and nobody remembers which
/// update it was, while whoever cleans up after it may have put the ref back to where it was.
const AGAIN_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

const FOLDER: &str = "overrides";
const RESERVED: &str = "reserved";
const USED: &str = "used";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    new: Oid,
    old: Oid,
    #[serde(rename = "ref")]
    name: String,
}

/// What the gate's folder knows of overrides.
pub(super) struct Notes {
    folder: PathBuf,
}

impl Notes {
    pub(super) fn of(repo: &Repo) -> Self {
        Self { folder: server_folder(repo).join(FOLDER) }
    }

    fn path(&self, state: &str, id: &str) -> PathBuf {
        self.folder.join(state).join(id)
    }

    /// Moves every reservation whose ref is not where it was to the used ones.
    ///
    /// # Errors
    /// The folder cannot be read or written: then an override could count twice.
    pub(super) fn settle(&self, refs: &RefMap) -> Result<()> {
        let entries = match fs_err::read_dir(self.folder.join(RESERVED)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unwritable(&error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unwritable(&error))?;
            let name = entry.file_name();
            // What was being written when the machine stopped is no note.
            let Some(id) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let stands = self.read(id).is_some_and(|note| {
                let held = refs.get(BString::from(note.name).as_bstr()).copied();
                // A push that got its override's ref through is not made again, wherever the other ref is by now.
                let landed = Place::Override { id: id.to_owned() }.name();
                held.unwrap_or(Oid::zero(note.old.format())) == note.old && !refs.contains_key(&landed)
            });
            if !stands {
                self.rename(id).map_err(|error| unwritable(&error))?;
            }
        }
        Ok(())
    }

    fn rename(&self, id: &str) -> std::io::Result<()> {
        fs_err::create_dir_all(self.folder.join(USED))?;
        match fs_err::rename(self.path(RESERVED, id), self.path(USED, id)) {
            // Another push has just done so.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        }?;
        sync(&self.folder.join(USED))
    }

    /// What is known of the overrides that the updates bring.
    ///
    /// # Errors
    /// As [`Notes::settle`].
    pub(super) fn on(&self, updates: &[RefUpdate], now: jiff::Timestamp) -> Result<BTreeMap<String, Spent>> {
        let mut spent = BTreeMap::new();
        for update in updates {
            let Some(Place::Override { id }) = Place::parse(update.name.as_bstr()) else { continue };
            let there = |state| self.path(state, &id).try_exists().map_err(|error| unwritable(&error));
            // In this order: another push may be moving the note from the one to the other.
            let (reserved, used) = (there(RESERVED)?, there(USED)?);
            if !used && !reserved {
                continue;
            }
            // A note that cannot be read is one all the same.
            let note = self.read(&id).filter(|_| !used && self.is_fresh(&id, now));
            let spent_on = note.map_or_else(
                || Spent { name: BString::default(), old: update.old, new: update.new, settled: true },
                |note| Spent { name: note.name.into(), old: note.old, new: note.new, settled: false },
            );
            spent.insert(id, spent_on);
        }
        Ok(spent)
    }

    /// Whether the note was made so recently that its push may be made again by whoever lost the connection.
    fn is_fresh(&self, id: &str, now: jiff::Timestamp) -> bool {
        let made = fs_err::metadata(self.path(RESERVED, id)).and_then(|note| note.modified()).ok();
        made.and_then(|made| jiff::Timestamp::try_from(made).ok())
            .is_some_and(|made| now.duration_since(made) < AGAIN_WITHIN)
    }

    fn read(&self, id: &str) -> Option<Note> {
        serde_json::from_slice(&fs_err::read(self.path(RESERVED, id)).ok()?).ok()
    }

    /// Notes, before the answer is given, that these overrides let their push in. Of two pushes at once that bring one
    /// override, one finds it noted and is refused.
    ///
    /// # Errors
    /// Another push was faster, or nothing can be written.
    pub(super) fn reserve(&self, overrides: &[Override], known: &BTreeMap<String, Spent>) -> Result<()> {
        for used in overrides.iter().filter(|used| !known.contains_key(&used.id)) {
            self.write(used).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Error::malformed("the override was used by another push just now")
                    .help("an override counts once: ask for a new one with refgate override request"),
                _ => unwritable(&error),
            })?;
        }
        Ok(())
    }

    fn write(&self, used: &Override) -> std::io::Result<()> {
        let folder = self.folder.join(RESERVED);
        fs_err::create_dir_all(&folder)?;
        let name = String::from_utf8(used.name.to_vec()).map_err(|_| ErrorKind::InvalidInput)?;
        let note = serde_json::to_vec(&Note { new: used.new, old: used.old, name })?;
        // Whole or not at all, and never over another.
        let mut file = tempfile::Builder::new().prefix(".note-").tempfile_in(&folder)?;
        file.write_all(&note)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(folder.join(&used.id)).map_err(|error| error.error)?;
        if self.path(USED, &used.id).try_exists()? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        sync(&folder)?;
        sync(&self.folder)
    }
}

fn sync(folder: &Path) -> std::io::Result<()> {
    fs_err::File::open(folder)?.sync_all()
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::undecided(format!("whether an override was used before cannot be noted: {error}"))
        .help("the hook's user must be able to read and write in the gate's folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(byte: u8) -> Oid {
        Oid::from_bytes(&[byte; 20]).unwrap()
    }

    fn used(id: &str) -> Override {
        Override {
            id: id.into(),
            principal: "bob".into(),
            justification: "x".into(),
            name: "refs/heads/main".into(),
            old: oid(1),
            new: oid(2),
        }
    }

    fn held(byte: u8) -> RefMap {
        [("refs/heads/main".into(), oid(byte))].into()
    }

    const ID: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

    fn push() -> Vec<RefUpdate> {
        let name = format!("refs/refgate/overrides/{ID}");
        vec![RefUpdate { name: name.into(), old: Oid::zero(oid(1).format()), new: oid(9) }]
    }

    #[test]
    fn a_reservation_stands_until_its_ref_has_moved_and_is_used_for_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes { folder: folder.path().join(FOLDER) };
        assert_eq!(notes.on(&push(), jiff::Timestamp::now()).unwrap(), BTreeMap::new());
        notes.settle(&held(1)).unwrap();
        notes.reserve(&[used(ID)], &BTreeMap::new()).unwrap();
        notes.settle(&held(1)).unwrap();
        let due = Spent { name: "refs/heads/main".into(), old: oid(1), new: oid(2), settled: false };
        assert_eq!(notes.on(&push(), jiff::Timestamp::now()).unwrap()[ID], due);
        notes.settle(&held(2)).unwrap();
        assert!(notes.on(&push(), jiff::Timestamp::now()).unwrap()[ID].settled);
        // Set back, it stays used.
        notes.settle(&held(1)).unwrap();
        assert!(notes.on(&push(), jiff::Timestamp::now()).unwrap()[ID].settled);
    }

    #[test]
    fn a_reservation_is_used_once_its_own_ref_is_there_and_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes { folder: folder.path().join(FOLDER) };
        let now = jiff::Timestamp::now();
        notes.reserve(&[used(ID)], &BTreeMap::new()).unwrap();
        let later = now + AGAIN_WITHIN + jiff::SignedDuration::from_secs(5);
        assert!(notes.on(&push(), later).unwrap()[ID].settled);
        assert!(!notes.on(&push(), now).unwrap()[ID].settled);
        let mut refs = held(1);
        refs.insert(format!("refs/refgate/overrides/{ID}").into(), oid(9));
        notes.settle(&refs).unwrap();
        assert!(notes.on(&push(), now).unwrap()[ID].settled);
    }

    #[test]
    fn of_two_pushes_at_once_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes { folder: folder.path().join(FOLDER) };
        notes.reserve(&[used(ID)], &BTreeMap::new()).unwrap();
        let error = notes.reserve(&[used(ID)], &BTreeMap::new()).unwrap_err();
        assert!(error.message.contains("another push just now"), "{error}");
        // The same push again has seen the note, and the rules let it through.
        notes.reserve(&[used(ID)], &notes.on(&push(), jiff::Timestamp::now()).unwrap()).unwrap();
    }

    #[test]
    fn a_note_that_cannot_be_read_counts_as_used() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes { folder: folder.path().join(FOLDER) };
        notes.reserve(&[used(ID)], &BTreeMap::new()).unwrap();
        fs_err::write(notes.path(RESERVED, ID), b"{").unwrap();
        assert!(notes.on(&push(), jiff::Timestamp::now()).unwrap()[ID].settled);
        fs_err::write(notes.path(RESERVED, ".note-x"), b"").unwrap();
        notes.settle(&held(1)).unwrap();
        assert!(notes.path(USED, ID).exists() && notes.path(RESERVED, ".note-x").exists());
    }

    #[test]
    fn what_cannot_be_written_lets_nothing_in() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes { folder: folder.path().join("file/overrides") };
        fs_err::write(folder.path().join("file"), b"").unwrap();
        assert!(notes.reserve(&[used(ID)], &BTreeMap::new()).is_err());
        assert!(notes.settle(&held(1)).is_err());
    }
}
