//! The files of a ledger: numbered segments, and their lines from the end.

use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{RECORD_BYTES, damaged};
use crate::error::Result;

const EXTENSION: &str = ".jsonl";
const DIGITS: usize = 8;

/// The file of a segment.
pub(super) fn segment(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:0DIGITS$}{EXTENSION}"))
}

/// The numbers of the segments that are there, in order; none where there is no folder.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn segments(folder: &Path) -> Result<Vec<u64>> {
    let entries = match fs_err::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(EXTENSION));
        let number = digits.and_then(|digits| digits.parse().ok().filter(|number| spelled(*number) == digits));
        numbers.extend(number.filter(|number| (1..u64::from(u32::MAX)).contains(number)));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn spelled(number: u64) -> String {
    format!("{number:0DIGITS$}")
}

/// How much is read at first; the next blocks are twice as long each.
const BLOCK: u64 = 16 * 1024;

/// The lines of a file from its end.
#[derive(Debug)]
pub(super) struct Backwards {
    file: fs_err::File,
    /// What was read and not handed out: the bytes of the file from `start` on.
    held: Vec<u8>,
    start: u64,
    block: u64,
}

impl Backwards {
    /// Begins at `end`, which is behind a line feed or where there may be something unfinished before it.
    pub(super) const fn new(file: fs_err::File, end: u64) -> Self {
        Self { file, held: Vec::new(), start: end, block: BLOCK }
    }

    /// Where what was not handed out ends.
    pub(super) const fn end(&self) -> u64 {
        self.start + self.held.len() as u64
    }

    /// Takes what stands behind the last line feed: an append that was never answered.
    ///
    /// # Errors
    /// The file cannot be read, or no append is as long as this.
    pub(super) fn torn(&mut self) -> Result<Vec<u8>> {
        let end = self.line_feed(0)?;
        Ok(self.held.split_off(end.map_or(0, |at| at + 1)))
    }

    /// The next line, without its line feed; the end of what was not handed out must be behind one.
    ///
    /// # Errors
    /// The file cannot be read, or a line is longer than any record.
    pub(super) fn line(&mut self) -> Result<Option<Vec<u8>>> {
        if self.end() == 0 {
            return Ok(None);
        }
        let before = self.line_feed(1)?;
        let mut line = self.held.split_off(before.map_or(0, |at| at + 1));
        line.pop();
        Ok(Some(line))
    }

    /// The last line feed but `skipped` of what is held, after more of the file is read where there is none.
    fn line_feed(&mut self, skipped: usize) -> Result<Option<usize>> {
        loop {
            let sought = self.held.get(..self.held.len().saturating_sub(skipped)).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', sought) {
                return Ok(Some(at));
            }
            if self.start == 0 {
                return Ok(None);
            }
            if self.held.len() > 2 * RECORD_BYTES {
                return Err(damaged(format!("a line is longer than {RECORD_BYTES} bytes")));
            }
            self.read_block()?;
        }
    }

    fn read_block(&mut self) -> Result<()> {
        let length = self.block.min(self.start);
        let from = self.start - length;
        self.file.seek(SeekFrom::Start(from))?;
        let mut block = Vec::with_capacity(self.held.len() + usize::try_from(length).unwrap_or_default());
        (&mut self.file).take(length).read_to_end(&mut block)?;
        if block.len() as u64 != length {
            return Err(damaged("a file grew shorter while it was read"));
        }
        block.append(&mut self.held);
        self.held = block;
        self.start = from;
        self.block = (self.block * 2).min(RECORD_BYTES as u64);
        Ok(())
    }
}

/// Makes a name in a folder as lasting as what stands behind it.
pub(super) fn sync(folder: &Path) -> std::io::Result<()> {
    fs_err::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_from_the_end_whatever_their_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let lines: Vec<Vec<u8>> = [0, 1, 10, 16_383, 16_384, 100_000, 3].map(|length| vec![b'x'; length]).to_vec();
        let mut text = lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect::<Vec<u8>>();
        text.extend(b"torn");
        fs_err::write(&path, &text).unwrap();
        let mut back = Backwards::new(fs_err::File::open(&path).unwrap(), text.len() as u64);
        assert_eq!(back.torn().unwrap(), b"torn");
        assert_eq!(back.end(), text.len() as u64 - 4);
        for line in lines.iter().rev() {
            assert_eq!(back.line().unwrap().as_ref(), Some(line));
        }
        assert_eq!(back.line().unwrap(), None);
    }

    #[test]
    fn a_file_without_a_line_feed_is_torn_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        fs_err::write(&path, vec![b'x'; 50_000]).unwrap();
        let mut back = Backwards::new(fs_err::File::open(&path).unwrap(), 50_000);
        assert_eq!((back.torn().unwrap().len(), back.end()), (50_000, 0));
        assert_eq!(back.line().unwrap(), None);
    }

    #[test]
    fn only_numbered_files_are_segments() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(segments(&folder.path().join("none")).unwrap(), [0u64; 0]);
        for name in
            ["00000002.jsonl", "00000001.jsonl", "100000000.jsonl", "00000000.jsonl", "1.jsonl", "lock", "torn-3"]
        {
            fs_err::write(folder.path().join(name), b"").unwrap();
        }
        assert_eq!(segments(folder.path()).unwrap(), [1, 2, 100_000_000]);
        assert_eq!(segment(folder.path(), 7), folder.path().join("00000007.jsonl"));
    }
}
