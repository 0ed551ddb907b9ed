//! Where things stand in a file, and how a file of an edition is read.

use prost_types::SourceCodeInfo;
use prost_types::source_code_info::Location;

/// What an edition is for the parser, which knows proto2 and proto3 only: fields without labels.
const PROTO3: &str = "syntax=\"proto3\";";

/// A file's text, in which `edition = "…";` is replaced by a syntax that the parser knows.
pub(super) struct Text {
    readable: String,
    /// The offsets at which lines begin.
    lines: Vec<usize>,
    /// What was replaced, in the original.
    edition: Option<(usize, usize)>,
}

impl Text {
    pub(super) fn new(original: &str) -> Self {
        let edition = edition(original);
        let readable = edition
            .and_then(|(start, end)| Some(format!("{}{PROTO3}{}", original.get(..start)?, original.get(end..)?)));
        // A byte order mark is no token of the parser; three spaces keep every place.
        let readable = readable.unwrap_or_else(|| original.to_owned());
        let readable = match readable.strip_prefix('\u{feff}') {
            Some(rest) => format!("   {rest}"),
            None => readable,
        };
        let breaks = readable.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self { readable, lines, edition }
    }

    pub(super) fn readable(&self) -> &str {
        &self.readable
    }

    /// A place of the readable text in the original.
    pub(super) fn original(&self, at: usize) -> u32 {
        let at = match self.edition {
            Some((start, end)) if at >= start + PROTO3.len() => at - PROTO3.len() + (end - start),
            Some((start, _)) => at.min(start),
            None => at,
        };
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

/// The bytes of the first statement where that one names an edition. Everything before it must be space and comments.
fn edition(text: &str) -> Option<(usize, usize)> {
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        rest = if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n')?.1
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/")?.1
        } else {
            break;
        };
    }
    let start = text.len() - rest.len();
    let value = rest.strip_prefix("edition")?.trim_start().strip_prefix('=')?.trim_start();
    let mark = value.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
    let (year, rest) = value.strip_prefix(mark)?.split_once(mark)?;
    let after = rest.trim_start().strip_prefix(';')?;
    // Later editions may change what fields look like.
    matches!(year, "2023" | "2024").then_some((start, text.len() - after.len()))
}

/// Where the parts of a file stand.
pub(super) struct Places {
    /// By path.
    locations: Vec<(Vec<i32>, u32)>,
}

impl Places {
    pub(super) fn new(text: &Text, info: Option<&SourceCodeInfo>) -> Self {
        let locations = info.into_iter().flat_map(|info| &info.location);
        let mut locations: Vec<_> = locations.map(|location| (location.path.clone(), offset(text, location))).collect();
        locations.sort_unstable();
        Self { locations }
    }

    /// Where a part begins; where nothing is known of it, what it is a part of.
    pub(super) fn at(&self, path: &[i32], part: i32) -> u32 {
        let whole = path.iter().chain([&part]).copied().collect::<Vec<_>>();
        let first = self.locations.partition_point(|(other, _)| *other < whole);
        let found = self.locations.get(first).filter(|(other, _)| *other == whole);
        let around = || {
            let first = self.locations.partition_point(|(other, _)| other.as_slice() < path);
            self.locations.get(first)
        };
        found.or_else(around).map_or(0, |(_, at)| *at)
    }

    /// Where the last of several places of a part begins.
    pub(super) fn last_at(&self, path: &[i32], part: i32) -> u32 {
        let whole = path.iter().chain([&part]).copied().collect::<Vec<_>>();
        let after = self.locations.partition_point(|(other, _)| *other <= whole);
        let last = after.checked_sub(1).and_then(|last| self.locations.get(last));
        last.filter(|(other, _)| *other == whole).map_or_else(|| self.at(path, part), |(_, at)| *at)
    }
}

fn offset(text: &Text, location: &Location) -> u32 {
    let number = |index: usize| location.span.get(index).and_then(|number| usize::try_from(*number).ok());
    let line = number(0).and_then(|line| text.lines.get(line));
    text.original(line.copied().unwrap_or(0) + number(1).unwrap_or(0))
}
