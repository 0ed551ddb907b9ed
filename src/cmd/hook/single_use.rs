//! That an override counts once. The ledger remembers it: the record of a push that an override let in says so, and is
//! written before the answer. While nobody knows what became of that push, the decision is pending, and the override is
//! reserved by it: the very same push may be made again, for a hook of somebody else's or a lost connection may have
//! stopped it. Before the decision is settled, `overrides/used/<id>` is made in the gate's folder and kept for ever, so that
//! nobody has to read the whole ledger for what is not pending any more.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use crate::change::Spent;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::ledger::record::Settled;
use crate::ledger::{FOLDER, Ledger, Open};
use crate::policy::load::server_folder;
use crate::refs::RefUpdate;
use crate::statement::place::Place;

/// How long a push that was answered and did not get through can be made again. Longer, and whoever cleans up after it may
/// have put the ref back to where it was.
const AGAIN_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

const OVERRIDES: &str = "overrides";
const USED: &str = "used";
/// Where overrides were noted before the ledger alone remembered who had reserved them: what stands there was used.
const RESERVED: &str = "reserved";

/// The overrides that were used and are not found among what is pending.
#[derive(Clone)]
pub(super) struct Index {
    folder: PathBuf,
}

impl Index {
    /// The one in the gate's folder.
    pub(super) fn of(gate: &Path) -> Self {
        Self { folder: gate.join(OVERRIDES) }
    }

    fn holds(&self, id: &str) -> Result<bool> {
        for state in [USED, RESERVED] {
            if self.folder.join(state).join(id).try_exists().map_err(|error| unwritable(&error))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes overrides that the ledger is about to call settled, whether their updates were made or not.
    ///
    /// # Errors
    /// They cannot be noted: then they must stay pending.
    pub(super) fn note(&self, settled: &[Settled]) -> Result<()> {
        settled.iter().try_for_each(|settled| self.write(settled)).map_err(|error| unwritable(&error))
    }

    /// That the file is there is what counts; what it says is for people.
    fn write(&self, settled: &Settled) -> std::io::Result<()> {
        let folder = self.folder.join(USED);
        if !folder.try_exists()? {
            fs_err::create_dir_all(&folder)?;
            sync(&self.folder)?;
            self.folder.parent().map_or(Ok(()), sync)?;
        }
        let mut file = match fs_err::OpenOptions::new().write(true).create_new(true).open(folder.join(&settled.id)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return sync(&folder),
            opened => opened?,
        };
        writeln!(file, "decision {}", settled.decision)?;
        file.sync_all()?;
        sync(&folder)
    }
}

/// What is known of the overrides that a push brings, which its verdict rests on.
pub(super) struct SingleUse {
    index: Index,
    brought: Vec<(String, RefUpdate)>,
    known: BTreeMap<String, Spent>,
    now: jiff::Timestamp,
}

impl SingleUse {
    /// Looks before the push is judged.
    ///
    /// # Errors
    /// The ledger or the gate's folder cannot be read, or there is none: then an override could count twice.
    pub(super) fn look(repo: &Repo, updates: &[RefUpdate], now: jiff::Timestamp) -> Result<Self> {
        let gate = server_folder(repo);
        let brought = updates.iter().filter_map(|update| match Place::parse(update.name.as_bstr()) {
            Some(Place::Override { id }) => Some((id, update.clone())),
            _ => None,
        });
        let brought: Vec<_> = brought.collect();
        let mut uses = Self { index: Index::of(&gate), brought, known: BTreeMap::new(), now };
        if !uses.brought.is_empty() {
            if !gate.try_exists()? {
                return Err(Error::undecided("no gate is installed here that could remember who used an override")
                    .help("an administrator installs one: refgate install server --repo DIR"));
            }
            // In this order: what is settled meanwhile is noted before it stops being pending.
            let pending = Ledger::open(&gate.join(FOLDER)).pending()?;
            uses.known = uses.spent(&pending)?;
        }
        Ok(uses)
    }

    /// What the verdict rests on.
    pub(super) const fn known(&self) -> &BTreeMap<String, Spent> {
        &self.known
    }

    /// Looks again, under the ledger's lock and before anything more is settled. Of two pushes at once that bring one
    /// override, the second to come here finds what the first one wrote down.
    ///
    /// # Errors
    /// What the verdict rests on does not hold any more.
    pub(super) fn holds(&self, pending: &[Open]) -> Result<()> {
        if self.spent(pending)? == self.known {
            return Ok(());
        }
        Err(Error::malformed("the override was used by another push just now")
            .help("an override counts once: ask for a new one with refgate override request"))
    }

    fn spent(&self, pending: &[Open]) -> Result<BTreeMap<String, Spent>> {
        let mut spent = BTreeMap::new();
        for (id, update) in &self.brought {
            let used = || Spent { name: BString::default(), old: update.old, new: update.new, settled: true };
            // The oldest of several: a push that is made again and again gets no more time by that.
            let uses = pending.iter().flat_map(|open| open.decided.overrides.iter().map(move |used| (open.time, used)));
            let reserved = uses.into_iter().find(|(_, used)| used.id == *id).map(|(time, by)| {
                let fresh = self.now.duration_since(time).abs() < AGAIN_WITHIN;
                let moved = by.moved.clone();
                if fresh { Spent { name: moved.name, old: moved.old, new: moved.new, settled: false } } else { used() }
            });
            let known = if self.index.holds(id)? { Some(used()) } else { reserved };
            spent.extend(known.map(|known| (id.clone(), known)));
        }
        Ok(spent)
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
    use crate::finding::Decision;
    use crate::ledger::record::{Decided, Moved, Used};
    use crate::oid::Oid;

    const ID: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

    fn oid(byte: u8) -> Oid {
        Oid::from_bytes(&[byte; 20]).unwrap()
    }

    /// A decision from this minute on that rests on the override.
    fn open(sequence: u64, minute: i64) -> Open {
        let moved = Moved { name: "refs/heads/main".into(), old: oid(1), new: oid(2) };
        let used = Used {
            id: ID.into(),
            principal: "bob".into(),
            justification: "x".into(),
            moved,
            statement: Vec::new(),
            signatures: Vec::new(),
        };
        let decided = Decided {
            decision: Decision::Accept,
            actor: None,
            input: None,
            policy: None,
            problem: None,
            bootstrap: false,
            overrides: vec![used],
            updates: Vec::new(),
            omitted: 0,
        };
        Open { sequence, time: at(minute), decided, bytes: 0 }
    }

    fn at(minute: i64) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minute)
    }

    fn uses(gate: &Path, minute: i64) -> SingleUse {
        let update =
            RefUpdate { name: Place::Override { id: ID.into() }.name(), old: Oid::zero(oid(1).format()), new: oid(9) };
        SingleUse {
            index: Index::of(gate),
            brought: vec![(ID.into(), update)],
            known: BTreeMap::new(),
            now: at(minute),
        }
    }

    fn settled() -> [Settled; 1] {
        [Settled { decision: 7, id: ID.into(), applied: false }]
    }

    #[test]
    fn what_is_pending_reserves_an_override_for_the_same_push_and_for_a_while() {
        let gate = tempfile::tempdir().unwrap();
        let spent = |minute, pending: &[Open]| uses(gate.path(), minute).spent(pending).unwrap().remove(ID);
        assert_eq!(spent(0, &[]), None);
        let due = Spent { name: "refs/heads/main".into(), old: oid(1), new: oid(2), settled: false };
        assert_eq!(spent(9, &[open(7, 0)]), Some(due));
        for (minute, pending) in [(10, &[open(7, 0)][..]), (10, &[open(7, 0), open(8, 9)]), (0, &[open(7, 10)])] {
            assert!(spent(minute, pending).unwrap().settled, "{minute}");
        }
    }

    #[test]
    fn what_was_settled_was_used_for_ever() {
        let gate = tempfile::tempdir().unwrap();
        let index = Index::of(gate.path());
        for _ in 0..2 {
            index.note(&settled()).unwrap();
            for pending in [&[][..], &[open(7, 0)]] {
                assert!(uses(gate.path(), 1).spent(pending).unwrap()[ID].settled);
            }
        }
        assert_eq!(fs_err::read(gate.path().join("overrides/used").join(ID)).unwrap(), b"decision 7\n");
    }

    #[test]
    fn a_note_of_an_earlier_release_counts_as_used() {
        let gate = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(gate.path().join("overrides/reserved")).unwrap();
        fs_err::write(gate.path().join("overrides/reserved").join(ID), b"{").unwrap();
        assert!(uses(gate.path(), 1).spent(&[]).unwrap()[ID].settled);
    }

    #[test]
    fn of_two_pushes_at_once_one_is_refused() {
        let gate = tempfile::tempdir().unwrap();
        let first = uses(gate.path(), 1);
        first.holds(&[]).unwrap();
        let error = first.holds(&[open(7, 0)]).unwrap_err();
        assert!(error.message.contains("another push just now"), "{error}");
        // The same push again has seen it, until it is settled.
        let again = SingleUse { known: first.spent(&[open(7, 0)]).unwrap(), ..uses(gate.path(), 1) };
        again.holds(&[open(7, 0)]).unwrap();
        again.index.note(&settled()).unwrap();
        assert!(again.holds(&[open(7, 0)]).is_err() && again.holds(&[]).is_err());
    }

    #[test]
    fn what_cannot_be_noted_or_asked_lets_nothing_in() {
        let folder = tempfile::tempdir().unwrap();
        let gate = folder.path().join("file");
        fs_err::write(&gate, b"").unwrap();
        assert!(Index::of(&gate).note(&settled()).is_err());
        assert!(Index::of(&gate.join("below")).holds(ID).is_err());
    }
}
