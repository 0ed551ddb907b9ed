//! Appending, under the ledger's lock: what is queued is written at once, and lasts before anybody is told.

use std::io::Write as _;
use std::path::Path;

use bstr::BStr;

use super::folder;
use super::read::{Newest, first_of};
use super::receipt::{Hash, Receipt};
use super::record::{Decided, Event, Moved, Opened, Record, Repaired, Reserved, Sealed, Settled, Update};
use super::settle::{self, Open, Since};
use super::{Ledger, RECORD_BYTES, damaged, unwritable};
use crate::error::{Error, Result};
use crate::finding::Decision;
use crate::oid::Oid;

/// The name of the file that is locked.
pub(super) const LOCK: &str = "lock";
/// What an append that was never answered is kept as, before the number of the record that says so.
const TORN: &str = "torn-";
/// From here on a record is made shorter by its findings, and one of a push that is not let in by its updates too: whoever
/// is refused could make the ledger, and what is read of it at every push, as large as they like.
const LARGE_RECORD: usize = 1024 * 1024;
/// The class of the updates that are kept first.
const PROTECTED: &str = "protected";

/// Whoever has one is the only writer. What is queued becomes part of the ledger by [`Writer::commit`], all of it or
/// nothing; without one, nothing has happened.
#[derive(Debug)]
pub struct Writer {
    ledger: Ledger,
    _lock: fs_err::File,
    now: jiff::Timestamp,
    last: Receipt,
    held: Receipt,
    pending: Vec<Open>,
    since: Since,
    /// What is queued that settles an override.
    settled: Vec<Settled>,
    /// What was found torn before there was any record: said once the ledger begins.
    torn: Option<Repaired>,
    /// What is queued, by segment, each with the bytes that stand there already.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    segment: u64,
    length: u64,
    bytes: Vec<u8>,
}

impl Ledger {
    /// Waits for the ledger's lock, reads how the ledger stands and queues the repair of what a killed writer left.
    /// Refs that are compared with the ledger must be read after this.
    ///
    /// # Errors
    /// The ledger cannot be read or written, or is damaged.
    pub fn lock(&self, now: jiff::Timestamp) -> Result<Writer> {
        let lock = self.lock_file().map_err(|error| unwritable(&error))?;
        let mut writer = Writer {
            ledger: self.clone(),
            _lock: lock,
            now,
            last: Receipt::NONE,
            held: Receipt::NONE,
            pending: Vec::new(),
            since: Since::new(),
            settled: Vec::new(),
            torn: None,
            parts: Vec::new(),
        };
        writer.read_end()?;
        Ok(writer)
    }

    fn lock_file(&self) -> std::io::Result<fs_err::File> {
        if !self.folder.try_exists()? {
            fs_err::create_dir_all(&self.folder)?;
            self.folder.parent().map_or(Ok(()), folder::sync)?;
        }
        let path = self.folder.join(LOCK);
        let lock = fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        lock.lock()?;
        Ok(lock)
    }
}

impl Writer {
    /// Whether there is no record yet: then [`Writer::open`] comes first.
    pub const fn is_new(&self) -> bool {
        self.last.sequence == 0
    }

    /// The last record, queued ones included.
    pub const fn last(&self) -> Receipt {
        self.last
    }

    /// The last record that is written: what is queued may never be.
    pub const fn held(&self) -> Receipt {
        self.held
    }

    /// The accepted decisions of which nobody knows yet whether they were applied, oldest first.
    pub fn pending(&self) -> &[Open] {
        &self.pending
    }

    /// The overrides that are settled once this is committed: no pending decision speaks of them then.
    pub fn settled(&self) -> &[Settled] {
        &self.settled
    }

    /// Queues the first record.
    ///
    /// # Errors
    /// There is one already, or so many refs are protected that it cannot be written.
    pub fn open(&mut self, opened: Opened) -> Result<Receipt> {
        if !self.is_new() {
            return Err(Error::undecided("the ledger has begun already"));
        }
        let receipt = self.push(Event::Opened(opened))?;
        let torn = self.torn.take();
        torn.map_or(Ok(receipt), |torn| self.push(Event::Repaired(torn)).map(|_| receipt))
    }

    /// Queues a decision, and for an accepted one that its overrides are kept for it. The receipt counts after
    /// [`Writer::commit`].
    ///
    /// # Errors
    /// The ledger has not begun, or an accepted push is too large for a record.
    pub fn decide(&mut self, decided: Decided) -> Result<Receipt> {
        if self.is_new() {
            return Err(Error::undecided("the ledger has not begun"));
        }
        let decided = self.bounded(decided);
        let overrides = match decided.decision {
            Decision::Accept => decided.overrides.clone(),
            Decision::Refuse | Decision::Undecided => Vec::new(),
        };
        let receipt = self.push(Event::Decided(decided))?;
        for used in overrides {
            self.push(Event::Reserved(Reserved { decision: receipt.sequence, id: used.id, moved: used.moved }))?;
        }
        Ok(receipt)
    }

    /// Queues what became of the pending decisions, as far as it shows: `held` tells the value that a ref has now.
    ///
    /// # Errors
    /// As [`Writer::decide`].
    pub fn settle(&mut self, held: &dyn Fn(&BStr) -> Option<Oid>) -> Result<()> {
        for event in settle::observed(&self.pending, &self.since, self.now, held) {
            self.push(event)?;
        }
        Ok(())
    }

    /// Queues that the refs of one push moved, as `post-receive` was told. The receipt is that of the last `applied`
    /// record; `None` where no pending decision accepted this: somebody has seen it already, or it was never judged.
    ///
    /// # Errors
    /// As [`Writer::decide`].
    pub fn apply(&mut self, moved: &[Moved]) -> Result<Option<Receipt>> {
        let mut applied = None;
        for event in settle::told(&self.pending, &self.since, moved) {
            let is_applied = matches!(event, Event::Applied(_));
            let receipt = self.push(event)?;
            applied = if is_applied { Some(receipt) } else { applied };
        }
        Ok(applied)
    }

    /// Writes what is queued and waits until it lasts. The receipt of the last record.
    ///
    /// # Errors
    /// Something failed, so that nothing of this may be believed: the push must not go ahead.
    pub fn commit(self) -> Result<Receipt> {
        for part in self.parts.iter().filter(|part| !part.bytes.is_empty()) {
            let path = folder::segment(&self.ledger.folder, part.segment);
            append(&self.ledger.folder, &path, part).map_err(|error| unwritable(&error))?;
        }
        Ok(self.last)
    }

    #[cfg(test)]
    pub(super) fn parts_for_tests(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.segment).collect()
    }

    fn push(&mut self, event: Event) -> Result<Receipt> {
        let record = self.next(event);
        let line = record.render();
        if line.len() > RECORD_BYTES {
            return Err(Error::undecided(format!("the push is too large to be recorded in {RECORD_BYTES} bytes"))
                .help("push fewer refs at once"));
        }
        self.last = record.receipt(&line);
        settle::follow(&mut self.pending, &record, line.len());
        self.since.extend(settle::applied(&record.event));
        self.settled.extend(settle::settled(record.event));
        if let Some(part) = self.parts.last_mut() {
            part.bytes.extend(line);
            part.bytes.push(b'\n');
        }
        Ok(self.last)
    }

    fn next(&self, event: Event) -> Record {
        let sequence = self.last.sequence + 1;
        let mut pending: Vec<u64> = self.pending.iter().map(|open| open.sequence).collect();
        settle::numbers(&mut pending, sequence, &event);
        Record {
            sequence,
            previous: self.last.hash,
            time: self.now,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            pending,
            event,
        }
    }

    /// The decision with as many findings as fit, and of one that lets nothing in as many updates.
    fn bounded(&self, mut decided: Decided) -> Decided {
        let size = |decided: &Decided| self.next(Event::Decided(decided.clone())).render().len();
        if size(&decided) <= LARGE_RECORD {
            return decided;
        }
        for most in [10, 0] {
            if decided.updates.iter().all(|update| update.findings.len() <= most) {
                continue;
            }
            decided.updates.iter_mut().for_each(|update| update.findings.truncate(most));
            if size(&decided) <= LARGE_RECORD {
                return decided;
            }
        }
        if decided.decision == Decision::Accept {
            return decided;
        }
        decided.overrides.clear();
        let mut asked = std::mem::take(&mut decided.updates);
        let all = asked.len();
        // Refs that are there before those that somebody made up, and long names last.
        asked.sort_by_key(|Update { class, moved, .. }| (class != PROTECTED, moved.old.is_zero(), moved.name.len()));
        let bare = size(&decided);
        let mut room = LARGE_RECORD.saturating_sub(bare);
        let fits = |update: &Update| {
            let bytes = size(&Decided { updates: vec![update.clone()], ..decided.clone() }).saturating_sub(bare);
            // The comma before the next one.
            room.checked_sub(bytes + 1).map(|left| room = left).is_some()
        };
        let updates: Vec<Update> = asked.into_iter().take_while(fits).collect();
        Decided { omitted: (all - updates.len()) as u64, updates, ..decided }
    }

    /// Reads the last records, and what is pending after them.
    fn read_end(&mut self) -> Result<()> {
        let reader = self.ledger.read(&[])?;
        let active = reader.segments.last().map_or(1, |segment| segment.number);
        let mut back = Newest::new(reader.segments)?;
        let torn = back.torn()?;
        let length = back.end();
        let last = back.next().transpose()?;
        if let Some(last) = &last {
            self.last = last.receipt();
            self.held = self.last;
            let before = back.next().transpose()?;
            let place = Receipt { sequence: last.record.sequence.saturating_sub(1), hash: last.record.previous };
            if before.as_ref().is_some_and(|before| before.receipt() != place) {
                return Err(damaged(format!("record {} does not continue the one before it", self.last.sequence)));
            }
            (self.pending, self.since) = settle::read(last, before, &mut || back.next().transpose())?;
        }
        self.parts.push(Part { segment: active, length, bytes: Vec::new() });
        self.repair(torn)?;
        self.rotate(last.map(|last| last.record))
    }

    /// Puts aside what a killed writer left behind the last record. Where that was done and not recorded, it is now.
    fn repair(&mut self, torn: Vec<u8>) -> Result<()> {
        let file = format!("{TORN}{}", self.last.sequence + 1);
        let path = self.ledger.folder.join(&file);
        let torn = if torn.is_empty() {
            match fs_err::read(&path) {
                Ok(kept) => kept,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        } else {
            self.put_aside(&path, &torn).map_err(|error| unwritable(&error))?;
            torn
        };
        let (bytes, digest) = (torn.len() as u64, Hash::of(&torn).to_string());
        let repaired = Repaired { bytes, digest, file };
        if self.is_new() {
            self.torn = Some(repaired);
            return Ok(());
        }
        self.push(Event::Repaired(repaired)).map(drop)
    }

    fn put_aside(&self, path: &Path, torn: &[u8]) -> std::io::Result<()> {
        let folder = &self.ledger.folder;
        let mut copy = tempfile::Builder::new().prefix(".torn-").tempfile_in(folder)?;
        copy.write_all(torn)?;
        copy.as_file().sync_all()?;
        copy.persist(path).map_err(|error| error.error)?;
        folder::sync(folder)?;
        let Some(part) = self.parts.last() else { return Ok(()) };
        let segment = fs_err::OpenOptions::new().write(true).open(folder::segment(folder, part.segment))?;
        segment.set_len(part.length)?;
        segment.sync_all()
    }

    /// Seals the segment that is full, and goes on in the next one.
    fn rotate(&mut self, last: Option<Record>) -> Result<()> {
        let Some(part) = self.parts.last() else { return Ok(()) };
        let (segment, bytes) = (part.segment, part.length + part.bytes.len() as u64);
        let sealed = part.length > 0 && last.is_some_and(|last| matches!(last.event, Event::Sealed(_)));
        if !sealed {
            if bytes < self.ledger.segment_bytes || part.length == 0 {
                return Ok(());
            }
            let first = first_of(&folder::segment(&self.ledger.folder, segment))?;
            let last = self.last.sequence;
            self.push(Event::Sealed(Sealed { bytes, count: (last + 1).saturating_sub(first), first, last }))?;
        }
        self.parts.push(Part { segment: segment + 1, length: 0, bytes: Vec::new() });
        Ok(())
    }
}

/// Where an append goes.
pub(super) trait Sink {
    /// Writes all of it at the end.
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()>;
    /// Waits until it lasts.
    fn sync(&mut self) -> std::io::Result<()>;
    /// How long it is.
    fn length(&self) -> std::io::Result<u64>;
    /// Cuts the file.
    fn cut(&mut self, length: u64) -> std::io::Result<()>;
}

impl Sink for fs_err::File {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }

    fn length(&self) -> std::io::Result<u64> {
        self.metadata().map(|file| file.len())
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.set_len(length)?;
        self.sync_all()
    }
}

fn append(folder: &Path, path: &Path, part: &Part) -> std::io::Result<()> {
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    if file.metadata()?.len() != part.length {
        return Err(std::io::Error::other("the ledger was changed by somebody who does not ask for its lock"));
    }
    if part.length == 0 {
        folder::sync(folder)?;
    }
    append_to(&mut file, part.length, &part.bytes)
}

/// Appends, and takes back what an append that failed may have left. Where that fails too, the bytes are either torn
/// and put aside by the next writer, or records of something that was never answered.
pub(super) fn append_to<S: Sink>(sink: &mut S, length: u64, bytes: &[u8]) -> std::io::Result<()> {
    let whole = |sink: &S| match sink.length()?.checked_sub(length) {
        Some(written) if written == bytes.len() as u64 => Ok(()),
        _ => Err(std::io::Error::other("what was written is not as long as what was to be")),
    };
    sink.put(bytes).and_then(|()| sink.sync()).and_then(|()| whole(sink)).inspect_err(|_| _ = sink.cut(length))
}

#[cfg(test)]
mod tests;
