//! What is remembered of those who are told: `<gate>/notify/<recipient>/told` holds the receipt of the last record that
//! they were told of, and two locks beside it let one process tell and one wait; `<gate>/notify/failures.log` what did not
//! get through.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::escape;
use crate::ledger::{Reader, Receipt};
use crate::policy::server::Recipient;

/// The name of the folder in the gate's own.
const FOLDER: &str = "notify";
const TOLD: &str = "told";
/// The lock of whoever tells.
const TELLING: &str = "telling";
/// The lock of whoever waits for that.
const WAITING: &str = "waiting";
const FAILURES: &str = "failures.log";
/// A log of this size is put aside, in the place of the one before.
const MOST_LOGGED: u64 = 64 * 1024;
/// More of why something failed is not kept.
const LONGEST: usize = 400;

/// Where a recipient's own files are.
#[derive(Clone, Debug)]
pub(in crate::cmd) struct Place {
    folder: PathBuf,
}

/// Which record somebody was told of last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// None yet.
    None,
    /// The one of this number.
    Record(u64),
    /// One that the ledger does not hold: it is another ledger.
    Lost,
}

impl Place {
    pub(in crate::cmd) fn of(gate: &Path, recipient: &Recipient) -> Self {
        Self { folder: gate.join(FOLDER).join(recipient.id()) }
    }

    /// Says, where nothing was said yet, after which record there is something to tell.
    pub(super) fn begin(&self, last: Receipt) -> std::io::Result<()> {
        if self.folder.join(TOLD).try_exists()? {
            return Ok(());
        }
        fs_err::create_dir_all(&self.folder)?;
        match self.write(last)?.persist_noclobber(self.folder.join(TOLD)) {
            Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    }

    /// Waits until nobody else tells; `None` where somebody waits for that already. There are never more than two
    /// processes, and whoever waits looks at the ledger later than this.
    pub(super) fn turn(&self) -> Result<Option<fs_err::File>> {
        fs_err::create_dir_all(&self.folder)?;
        let open =
            |name| fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(self.folder.join(name));
        let waiting = open(WAITING)?;
        match waiting.file().try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let telling = open(TELLING)?;
        telling.file().lock()?;
        Ok(Some(telling))
    }

    /// The last record that was told of.
    pub(super) fn told(&self, reader: &Reader) -> Result<Last> {
        let text = match fs_err::read_to_string(self.folder.join(TOLD)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Last::None),
            Err(error) => return Err(error.into()),
        };
        let text = text.trim_end();
        if text == Receipt::NONE.to_string() {
            return Ok(Last::Record(0));
        }
        let receipt: Receipt = text.parse().map_err(|_| {
            Error::undecided("what it was told last cannot be read").help("take the file away: refgate/notify/*/told")
        })?;
        let found = reader.find(receipt.sequence)?.is_some_and(|entry| entry.receipt() == receipt);
        Ok(if found { Last::Record(receipt.sequence) } else { Last::Lost })
    }

    /// Notes that a record was told of.
    pub(super) fn advance(&self, to: Receipt) -> Result<()> {
        self.write(to)?.persist(self.folder.join(TOLD)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Whole or not at all: a file that takes its place then.
    fn write(&self, receipt: Receipt) -> std::io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::Builder::new().prefix(".told-").tempfile_in(&self.folder)?;
        file.write_all(format!("{receipt}\n").as_bytes())?;
        Ok(file)
    }
}

/// The log of what did not get through.
#[derive(Clone, Debug)]
pub(in crate::cmd) struct Failures {
    path: PathBuf,
}

impl Failures {
    pub(in crate::cmd) fn of(gate: &Path) -> Self {
        Self { path: gate.join(FOLDER).join(FAILURES) }
    }

    /// Adds a line: when, who was not told, of which record, and why. Where that fails nobody is left to be told.
    pub(super) fn note(&self, now: jiff::Timestamp, to: &str, record: Option<Receipt>, why: &str) {
        let record = record.map_or_else(String::new, |record| format!(" record {}", record.sequence));
        let why: String = escape::one_line(why).chars().take(LONGEST).collect();
        let _ = self.add(&format!("{now:.0} {to}{record}: {why}\n"));
    }

    fn add(&self, line: &str) -> std::io::Result<()> {
        self.path.parent().map_or(Ok(()), fs_err::create_dir_all)?;
        let mut log = fs_err::OpenOptions::new().create(true).append(true).open(&self.path)?;
        log.write_all(line.as_bytes())?;
        if log.metadata()?.len() > MOST_LOGGED {
            fs_err::rename(&self.path, self.path.with_extension("log.1"))?;
        }
        Ok(())
    }

    /// How many lines there are, and the last one; `None` where nothing failed.
    pub(in crate::cmd) fn last(&self) -> Option<(usize, String)> {
        let older = fs_err::read_to_string(self.path.with_extension("log.1")).unwrap_or_default();
        let text = older + &fs_err::read_to_string(&self.path).unwrap_or_default();
        Some((text.lines().count(), escape::one_line(text.lines().next_back()?)))
    }

    /// The log's path.
    pub(in crate::cmd) fn path(&self) -> &Path {
        &self.path
    }

    /// The same for people.
    pub(super) fn shown(&self) -> String {
        escape::quote_path(self.path.as_os_str().as_encoded_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Hash, Ledger};

    fn place(folder: &Path) -> Place {
        Place::of(folder, &Recipient::Command { program: "/x".into(), args: Vec::new() })
    }

    #[test]
    fn one_tells_and_one_waits_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let first = place.turn().unwrap().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..3 {
            let (place, tell) = (place.clone(), tell.clone());
            std::thread::spawn(move || tell.send(place.turn().unwrap().is_some()).unwrap());
        }
        // One of them waits, and the others need not.
        assert_eq!([told.recv(), told.recv()], [Ok(false), Ok(false)]);
        assert!(told.try_recv().is_err());
        drop(first);
        assert_eq!(told.recv(), Ok(true));
        assert!(place.turn().unwrap().is_some());
    }

    #[test]
    fn what_was_told_is_found_again_and_never_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let (place, ledger) = (place(folder.path()), Ledger::open(&folder.path().join("ledger")));
        let reader = ledger.read(&[]).unwrap();
        assert_eq!(place.told(&reader).unwrap(), Last::None);
        place.begin(Receipt::NONE).unwrap();
        assert_eq!(place.told(&reader).unwrap(), Last::Record(0));
        let other = Receipt { sequence: 7, hash: Hash::of(b"other") };
        place.begin(other).unwrap();
        assert_eq!(place.told(&reader).unwrap(), Last::Record(0), "it has begun already");
        place.advance(other).unwrap();
        assert_eq!(place.told(&reader).unwrap(), Last::Lost);
        fs_err::write(place.folder.join(TOLD), "seven\n").unwrap();
        assert!(place.told(&reader).is_err());
    }

    #[test]
    fn the_log_is_bounded_and_a_line_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let failures = Failures::of(folder.path());
        assert_eq!(failures.last(), None);
        let now = jiff::Timestamp::UNIX_EPOCH;
        failures.note(now, "https://x", Some(Receipt { sequence: 3, hash: Hash::ZERO }), "a\nb\u{1b}[31m");
        let (count, last) = failures.last().unwrap();
        assert_eq!(count, 1);
        assert!(last.starts_with("1970-01-01T00:00:00Z https://x record 3: a"), "{last}");
        assert!(!last.contains(['\n', '\u{1b}']), "{last:?}");
        for _ in 0..2000 {
            failures.note(now, "https://x", None, &"y".repeat(1000));
        }
        let size = |path: &Path| fs_err::metadata(path).map_or(0, |file| file.len());
        assert!(size(failures.path()) <= MOST_LOGGED);
        assert!(size(&failures.path().with_extension("log.1")) <= MOST_LOGGED + 1000);
        assert!(failures.last().unwrap().0 > 100);
    }
}
