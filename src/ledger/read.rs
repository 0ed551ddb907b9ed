//! Reading records while somebody may be writing more of them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::folder::{self, Backwards};
use super::receipt::{Hash, Receipt};
use super::record::Record;
use super::settle::{self, Open};
use super::writer::LOCK;
use super::{Ledger, RECORD_BYTES, damaged};
use crate::error::Result;

/// So many bytes before a record that is sought are read through.
const NEAR: u64 = 64 * 1024;

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub record: Record,
    /// Its one line, without the line feed.
    pub line: Vec<u8>,
}

impl Entry {
    fn parse(line: Vec<u8>) -> Result<Self> {
        Ok(Self { record: Record::parse(&line)?, line })
    }

    /// Its number and hash.
    pub fn receipt(&self) -> Receipt {
        self.record.receipt(&self.line)
    }
}

/// The segments of a ledger as they stood when it was opened; what is appended later does not show.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) segments: Vec<Segment>,
}

/// A file of records.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub number: u64,
    pub path: PathBuf,
    /// Where it ended.
    pub end: u64,
}

impl Segment {
    fn open(number: u64, path: PathBuf) -> Result<Self> {
        let end = fs_err::metadata(&path)?.len();
        Ok(Self { number, path, end })
    }

    fn first(&self) -> Result<Option<u64>> {
        let mut lines = Forward::new(self, 0)?;
        lines.next().transpose().map(|entry| entry.map(|entry| entry.record.sequence))
    }

    /// A place where a line begins, at or shortly before the record of this number: records stand in order, so half of
    /// what is left is left out with each that is read.
    fn near(&self, sequence: u64) -> Result<u64> {
        let (mut low, mut high) = (0, self.end);
        while high - low > NEAR {
            let middle = low + (high - low) / 2;
            let mut lines = Forward::new(self, middle)?;
            // What is left of the line that the middle is in.
            let whole = lines.line(&mut Vec::new())?;
            let at = lines.at;
            match lines.next().transpose()? {
                Some(entry) if whole && at < high && entry.record.sequence <= sequence => low = at,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

impl Ledger {
    /// Opens the ledger for reading, with the segments that were moved to other folders.
    ///
    /// # Errors
    /// A folder or a file cannot be read.
    pub fn read(&self, archives: &[PathBuf]) -> Result<Reader> {
        let mut found = BTreeMap::new();
        for archive in archives {
            // One that is not there holds no segment, but it was named.
            fs_err::read_dir(archive)?;
        }
        for place in archives.iter().chain([&self.folder]) {
            found.extend(folder::segments(place)?.into_iter().map(|number| (number, folder::segment(place, number))));
        }
        let segments = found.into_iter().map(|(number, path)| Segment::open(number, path));
        Ok(Reader { segments: segments.collect::<Result<_>>()? })
    }

    /// Looks while no writer writes, so that what is seen of the ledger and of other things is from one moment. Whoever
    /// may not take the lock looks all the same.
    pub fn quiet<T>(&self, look: impl FnOnce() -> T) -> T {
        let lock = fs_err::File::open(self.folder.join(LOCK)).ok();
        let lock = lock.filter(|lock| lock.file().lock_shared().is_ok());
        let seen = look();
        drop(lock);
        seen
    }

    /// The accepted decisions that await their outcome, as the last record says. No writer is waited for: what was
    /// answered is there.
    ///
    /// # Errors
    /// The last records cannot be read, or what is pending is not there.
    pub fn pending(&self) -> Result<Vec<Open>> {
        let mut back = self.read(&[])?.newest_first()?;
        let Some(last) = back.next().transpose()? else { return Ok(Vec::new()) };
        let before = back.next().transpose()?;
        settle::read(&last, before, &mut || back.next().transpose()).map(|(pending, _)| pending)
    }

    /// The lines of the records from one to another, each with its line feed, as far as they fit into so many bytes, but
    /// always one; and the last of them. What a mirror lacks: what others append meanwhile is not among them, for it may
    /// yet be taken back.
    ///
    /// # Errors
    /// As [`Reader::from`].
    pub fn between(&self, first: u64, last: u64, most: usize) -> Result<(Vec<u8>, Receipt)> {
        let (mut text, mut end) = (Vec::new(), Receipt::NONE);
        for entry in self.read(&[])?.from(first)? {
            let entry = entry?;
            let fits = text.is_empty() || text.len() + entry.line.len() < most;
            if entry.record.sequence > last || !fits {
                break;
            }
            end = entry.receipt();
            text.extend(entry.line);
            text.push(b'\n');
        }
        Ok((text, end))
    }
}

impl Reader {
    /// Whether there is no segment at all.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The records from the last one.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn newest_first(&self) -> Result<Newest> {
        let mut newest = Newest::new(self.segments.clone())?;
        // Somebody is writing it, or was killed while doing so.
        newest.torn()?;
        Ok(newest)
    }

    /// The place of the last record.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn last(&self) -> Result<Receipt> {
        let last = self.newest_first()?.next().transpose()?;
        Ok(last.map_or(Receipt::NONE, |entry| entry.receipt()))
    }

    /// The records from this number on, or from the first one that is there.
    ///
    /// # Errors
    /// A file cannot be read, or what stands on the way is no record.
    pub fn from(&self, sequence: u64) -> Result<Oldest> {
        let mut segments = Vec::new();
        let mut current = None;
        for segment in self.segments.iter().rev() {
            if segment.first()?.is_some_and(|first| first <= sequence) {
                current = Some(Forward::new(segment, segment.near(sequence)?)?);
                break;
            }
            segments.push(segment.clone());
        }
        Ok(Oldest { segments, current, sequence })
    }

    /// The record of this number, found without reading all that stand before it.
    ///
    /// # Errors
    /// As [`Reader::from`].
    pub fn find(&self, sequence: u64) -> Result<Option<Entry>> {
        let first = self.from(sequence)?.next().transpose()?;
        Ok(first.filter(|entry| entry.record.sequence == sequence))
    }

    /// The records whose hash begins with these hex digits, newest first.
    ///
    /// # Errors
    /// As [`Reader::newest_first`], or a record cannot be read.
    pub fn hashed(&self, prefix: &str) -> Result<Vec<Entry>> {
        let named = |entry: &Result<Entry>| match entry {
            Ok(entry) => Hash::of(&entry.line).to_string().starts_with(prefix),
            Err(_) => true,
        };
        self.newest_first()?.filter(named).collect()
    }
}

/// The records of all segments, from the last one; after an error there are no more.
#[derive(Debug)]
pub struct Newest {
    segments: Vec<Segment>,
    back: Option<Backwards>,
}

impl Newest {
    pub(super) fn new(segments: Vec<Segment>) -> Result<Self> {
        let mut newest = Self { segments, back: None };
        newest.before()?;
        Ok(newest)
    }

    fn before(&mut self) -> Result<bool> {
        self.back = None;
        let Some(Segment { path, end, .. }) = self.segments.pop() else { return Ok(false) };
        self.back = Some(Backwards::new(fs_err::File::open(path)?, end));
        Ok(true)
    }

    /// Takes what stands behind the last line feed of the segment that is read.
    pub(super) fn torn(&mut self) -> Result<Vec<u8>> {
        self.back.as_mut().map_or(Ok(Vec::new()), Backwards::torn)
    }

    /// Where what was not read of the segment ends.
    pub(super) fn end(&self) -> u64 {
        self.back.as_ref().map_or(0, Backwards::end)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let Some(back) = &mut self.back else { return Ok(None) };
            if let Some(line) = back.line()? {
                return Ok(Some(line));
            }
            if self.before()? && !self.torn()?.is_empty() {
                return Err(damaged("a segment before the last one ends within a record"));
            }
        }
    }
}

impl Iterator for Newest {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.line().transpose()?.and_then(Entry::parse);
        if entry.is_err() {
            (self.segments, self.back) = (Vec::new(), None);
        }
        Some(entry)
    }
}

/// The records of all segments from one on; after an error there are no more.
#[derive(Debug)]
pub struct Oldest {
    /// The last one first.
    segments: Vec<Segment>,
    current: Option<Forward>,
    sequence: u64,
}

impl Iterator for Oldest {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.current.as_mut().and_then(Iterator::next) {
                Some(Ok(entry)) if entry.record.sequence < self.sequence => {}
                Some(Ok(entry)) => return Some(Ok(entry)),
                Some(Err(error)) => {
                    (self.segments, self.current) = (Vec::new(), None);
                    return Some(Err(error));
                }
                None => match Forward::new(&self.segments.pop()?, 0) {
                    Ok(next) => self.current = Some(next),
                    Err(error) => {
                        self.segments.clear();
                        return Some(Err(error));
                    }
                },
            }
        }
    }
}

/// The lines of one file in order; what stands behind its last line feed is left out.
#[derive(Debug)]
pub(super) struct Forward {
    reader: BufReader<std::io::Take<fs_err::File>>,
    /// Where the next line begins.
    pub at: u64,
}

impl Forward {
    /// From `at`, where a line begins, to where the segment ended.
    pub(super) fn new(segment: &Segment, at: u64) -> Result<Self> {
        let mut file = fs_err::File::open(&segment.path)?;
        file.seek(SeekFrom::Start(at))?;
        Ok(Self { reader: BufReader::with_capacity(256 * 1024, file.take(segment.end.saturating_sub(at))), at })
    }

    /// Puts the next line into `line`, without its line feed; whether there was one. What is left in `line` otherwise is
    /// the unfinished rest.
    pub(super) fn line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        (&mut self.reader).take(RECORD_BYTES as u64 + 2).read_until(b'\n', line)?;
        if line.pop_if(|last| *last == b'\n').is_none() {
            return if line.len() > RECORD_BYTES + 1 {
                Err(damaged(format!("a line is longer than {RECORD_BYTES} bytes")))
            } else {
                Ok(false)
            };
        }
        self.at += line.len() as u64 + 1;
        Ok(true)
    }
}

impl Iterator for Forward {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.line(&mut line) {
            Ok(true) => Some(Entry::parse(line)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// The number of the first record in a segment.
pub(super) fn first_of(path: &Path) -> Result<u64> {
    let first = Segment::open(0, path.to_owned())?.first()?;
    first.ok_or_else(|| damaged("a segment holds no record"))
}

/// Follows a ledger as it grows, over the ends of segments.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    number: u64,
    at: u64,
}

impl Follower {
    /// Begins where the reader ends.
    ///
    /// # Errors
    /// The last segment cannot be read.
    pub fn after(ledger: &Ledger, reader: &Reader) -> Result<Self> {
        let mut newest = Newest::new(reader.segments.clone())?;
        newest.torn()?;
        let number = reader.segments.last().map_or(1, |segment| segment.number);
        Ok(Self { folder: ledger.folder.clone(), number, at: newest.end() })
    }

    /// What has been appended since the last call.
    ///
    /// # Errors
    /// A file cannot be read, or what is there is no record.
    pub fn more(&mut self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        loop {
            let path = folder::segment(&self.folder, self.number);
            if path.try_exists()? {
                let mut lines = Forward::new(&Segment::open(self.number, path)?, self.at)?;
                while let Some(entry) = lines.next().transpose()? {
                    entries.push(entry);
                    self.at = lines.at;
                }
            }
            // The segment that comes after is made when the one before is complete.
            let next = folder::segments(&self.folder)?.into_iter().find(|number| *number > self.number);
            let Some(next) = next.filter(|_| self.is_read_out()) else { return Ok(entries) };
            (self.number, self.at) = (next, 0);
        }
    }

    /// Whether nothing is left of the segment: it may have been moved away.
    fn is_read_out(&self) -> bool {
        fs_err::metadata(folder::segment(&self.folder, self.number)).map_or(true, |file| file.len() <= self.at)
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::Decision;
    use crate::ledger::tests::{MAIN, Place, at, decided, moved};

    #[test]
    fn every_record_is_found_among_many_of_any_length() {
        let place = Place::begun();
        let ledger = place.ledger.clone().sealed_at(1024 * 1024);
        for number in 0u8..120 {
            let mut writer = ledger.lock(at(i64::from(number))).unwrap();
            let long = "x".repeat(usize::from(number % 7) * usize::from(number) * 40);
            let name = format!("refs/heads/{long}{number}");
            let updates = vec![moved(MAIN, 1, 2), moved(&name, 1, 2)];
            for _ in 0..3 {
                writer.decide(decided(Decision::Refuse, updates.clone())).unwrap();
            }
            writer.commit().unwrap();
        }
        let reader = ledger.read(&[]).unwrap();
        let last = reader.last().unwrap();
        assert!(reader.segments.len() > 1 && last.sequence > 360, "{last}");
        for number in 1..=last.sequence {
            assert_eq!(reader.find(number).unwrap().unwrap().record.sequence, number);
        }
        assert_eq!(reader.find(last.sequence + 1).unwrap(), None);
        let all: Vec<u64> = reader.from(0).unwrap().map(|entry| entry.unwrap().record.sequence).collect();
        assert_eq!(all, (1..=last.sequence).collect::<Vec<_>>());
        assert_eq!(reader.from(200).unwrap().count() as u64, last.sequence - 199);
    }
}
