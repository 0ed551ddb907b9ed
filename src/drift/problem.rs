//! What is wrong with a text that people write, and what to write instead.

/// The most problems of one text that are told one by one.
pub const MAX_PROBLEMS: usize = 200;

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes; `None` when the whole line is meant.
    pub column: Option<u32>,
    /// What is wrong, one sentence of printable ASCII without a full stop.
    pub message: String,
    /// What to do, likewise.
    pub help: String,
}

impl Problem {
    pub(super) fn new(line: u32, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { line, column: None, message: message.into(), help: help.into() }
    }

    /// What it is, wherever it stands.
    pub fn what(&self) -> String {
        without_lines(&self.message)
    }

    #[must_use]
    pub(super) const fn at(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }
}

/// Puts the problems of one text into order, at most [`MAX_PROBLEMS`] and one that says so.
pub(super) fn settle(problems: &mut Vec<Problem>) {
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.len() > MAX_PROBLEMS {
        problems.truncate(MAX_PROBLEMS);
        let line = problems.last().map_or(1, |problem| problem.line);
        problems.push(Problem::new(line, "more is wrong below than is told here", "mend these first"));
    }
}

/// A message without the numbers of other lines that it names, which move.
pub fn without_lines(message: &str) -> String {
    let mut before = "";
    let words = message.split(' ').map(|word| {
        let number = std::mem::replace(&mut before, word) == "line";
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
        if number && rest.len() < word.len() { format!("N{rest}") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where lines begin.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: impl AsRef<[u8]>) -> Self {
        let feeds = memchr::memchr_iter(b'\n', text.as_ref()).map(|at| at.saturating_add(1));
        Self { starts: std::iter::once(0).chain(feeds).collect() }
    }

    /// The line, 1-based, and the column in bytes, 1-based.
    pub(super) fn place(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (short(line), short(at.saturating_sub(start).saturating_add(1)))
    }

    /// Where a line begins, by its number.
    pub(super) fn start(&self, line: u32) -> u32 {
        let place = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        short(self.starts.get(place).copied().unwrap_or_default())
    }

    /// The lines that a stretch touches, from the first one's beginning to the last one's end, line end included.
    pub(super) fn whole(&self, range: std::ops::Range<usize>, len: usize) -> std::ops::Range<usize> {
        let first = self.starts.partition_point(|start| *start <= range.start).saturating_sub(1);
        let last = range.end.max(range.start.saturating_add(1)).saturating_sub(1);
        let next = self.starts.partition_point(|start| *start <= last);
        self.starts.get(first).copied().unwrap_or_default()..self.starts.get(next).copied().unwrap_or(len)
    }
}

/// An offset in the form that findings have. Files are never larger than 64 MiB.
pub(super) fn short(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
