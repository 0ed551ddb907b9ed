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

/// Every so many bytes the lines of a large file are counted.
const STEP: usize = 1024;

/// How many lines end before every [`STEP`]th byte of a text, and where the one begins that it stands in: enough to say of a
/// few places on which lines they are, and far less than where each line begins.
pub(super) struct LineCounts(Vec<(usize, usize)>);

impl LineCounts {
    pub(super) fn of(text: &[u8]) -> Self {
        let (mut count, mut start, mut at) = (0, 0, 0);
        let before = |step: &[u8]| {
            let before = (count, start);
            count += feeds(step);
            start = last_start(step).map_or(start, |begin| at + begin);
            at += step.len();
            before
        };
        Self(text.chunks(STEP).map(before).collect())
    }

    /// The line, 1-based, and the column in bytes, 1-based, of a place in that text.
    pub(super) fn place(&self, text: &[u8], at: usize) -> (u32, u32) {
        let before = text.get(..at).unwrap_or(text);
        let step = before.len().saturating_sub(1) / STEP;
        let (counted, start) = self.0.get(step).copied().unwrap_or_default();
        let rest = before.get(step * STEP..).unwrap_or_default();
        let start = last_start(rest).map_or(start, |begin| step * STEP + begin);
        (short(counted + feeds(rest) + 1), short((at - start).saturating_add(1)))
    }
}

/// Where the last line begins that begins behind a line's end in a text.
fn last_start(text: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', text).map(|feed| feed + 1)
}

fn feeds(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// An offset in the form that findings have. Files are never larger than 64 MiB.
pub(super) fn short(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counted_lines_are_those_that_begin(line in 0..3 * STEP, more in "[a\n]{0,200}", at in 0..5 * STEP) {
            let text = format!("{more}{}\n{more}", "x".repeat(line));
            prop_assert_eq!(LineCounts::of(text.as_bytes()).place(text.as_bytes(), at), Lines::of(&text).place(at));
        }
    }

    #[test]
    fn a_place_on_the_border_of_a_step_or_beyond_the_end_has_a_line() {
        for text in [String::new(), "\n".repeat(STEP), "\n".repeat(2 * STEP), "x".repeat(STEP)] {
            for at in [0, 1, STEP - 1, STEP, STEP + 1, 2 * STEP - 1, 2 * STEP, 2 * STEP + 1, usize::MAX] {
                let place = LineCounts::of(text.as_bytes()).place(text.as_bytes(), at);
                assert_eq!(place, Lines::of(&text).place(at), "{at}");
            }
        }
    }
}
