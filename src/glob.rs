//! The one glob language of approvals and policy: patterns checked when they are read, paths matched as raw bytes.
//!
//! Owns what a pattern may say and what it means. Must not know where patterns or paths come from, nor what a
//! match permits.

mod expand;
mod tokens;

use std::fmt;
use std::str::FromStr;

use tokens::Alternative;

use crate::escape;

/// The longest pattern, in bytes: the longest path that common systems open.
pub const MAX_PATTERN: usize = 4096;

/// The most alternatives that one pattern may stand for once its braces are written out.
pub const MAX_ALTERNATIVES: usize = 256;

/// A pattern over repository paths: case-sensitive, over raw bytes, the full path or nothing.
///
/// `*` is any run of bytes without `/`, `**` a run of whole segments (or, glued to other bytes, any run of bytes),
/// a trailing `/` the whole folder, `{a,b}` a choice; `?`, `[` and `]` are themselves, for they occur in real paths.
#[derive(Clone, Debug)]
pub struct Glob {
    pattern: String,
    alternatives: Vec<Alternative>,
    folders: Vec<Alternative>,
}

/// Why a pattern is refused, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// Nothing between the quotes.
    #[error("the pattern is empty; write a path, or `folder/**` for everything in a folder")]
    Empty,
    /// More than [`MAX_PATTERN`] bytes.
    #[error("the pattern is longer than {MAX_PATTERN} bytes; write several shorter ones")]
    TooLong,
    /// White space at either end, which nobody sees.
    #[error("the pattern begins or ends with white space; write it without")]
    OuterSpace,
    /// A path in Git never begins with a slash.
    #[error(
        "the pattern begins with `/` and could match nothing; write it from the top of the repository, without `/`"
    )]
    LeadingSlash,
    /// `a//b`, or an empty alternative that leaves one.
    #[error(
        "the pattern has an empty segment, as in `a//b`; write one `/` between names, and `folder/**` for a folder"
    )]
    EmptySegment,
    /// `.` or `..` as a segment.
    #[error("the pattern has a `.` or `..` segment, which no path in Git has; write the path from the top, without it")]
    DotSegment,
    /// `.git` as a segment, in any case.
    #[error("the pattern has a `.git` segment, which no path in a tree may have; leave it out")]
    GitSegment,
    /// A backslash is an escape to some readers and a separator to others.
    #[error("the pattern has a backslash; write `/` between names, and `?`, `[`, `]` as they are")]
    Backslash,
    /// Control characters, and format characters that show nothing.
    #[error("the pattern has a control or invisible character; write it with visible characters only")]
    Invisible,
    /// A choice that is never closed or never opened.
    #[error("the braces of the pattern do not pair; write `{{a,b}}` for a choice, or one pattern for each")]
    UnbalancedBraces,
    /// Three or more stars in a row.
    #[error("the pattern has more than two `*` in a row; write `*` within a name or `**` across folders")]
    TooManyStars,
    /// More than [`MAX_ALTERNATIVES`] once written out.
    #[error("the braces of the pattern stand for more than {MAX_ALTERNATIVES} paths; write fewer choices, or `*`")]
    TooManyAlternatives,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// A [`GlobError`] for a pattern that can match nothing, or that a person and this reader could take differently.
    pub fn parse(pattern: &str) -> Result<Self, GlobError> {
        check_text(pattern)?;
        let whole_folder = if pattern.ends_with('/') { "**" } else { "" };
        let plain = expand::expand(&format!("{pattern}{whole_folder}"))?;
        let compile = |plain: &str| Alternative::compile(plain);
        let alternatives = plain.iter().map(|plain| compile(plain)).collect::<Result<Vec<_>, _>>()?;
        // As far as a name is written out: a star would name every file beside the folder too.
        let above = |plain: &'_ str| plain.match_indices('/').map(|(end, _)| end).collect::<Vec<_>>();
        let folders = plain.iter().flat_map(|plain| above(plain).into_iter().filter_map(|end| plain.get(..end)));
        let named = |folder: &&str| !folder.rsplit('/').next().unwrap_or_default().contains('*');
        let folders = folders.filter(named).map(compile).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { pattern: pattern.to_owned(), alternatives, folders })
    }

    /// Whether the path stands where the pattern names a folder on the way to what it covers.
    pub fn leads_on_from(&self, path: &[u8]) -> bool {
        self.folders.iter().any(|folder| folder.matches(path))
    }

    /// Whether the pattern covers this path, from its first byte to its last.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.alternatives.iter().any(|alternative| alternative.matches(path))
    }

    /// Whether the pattern spells this path out, without a star.
    pub fn names(&self, path: &[u8]) -> bool {
        self.alternatives.iter().any(|alternative| alternative.is(path))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// How many brace-free patterns this one stands for: a measure of what matching it costs.
    pub fn alternatives(&self) -> usize {
        self.alternatives.len()
    }
}

/// What can be told from the text before braces are written out.
fn check_text(pattern: &str) -> Result<(), GlobError> {
    if pattern.is_empty() {
        return Err(GlobError::Empty);
    }
    if pattern.len() > MAX_PATTERN {
        return Err(GlobError::TooLong);
    }
    if pattern.chars().any(escape::is_hidden) {
        return Err(GlobError::Invisible);
    }
    if pattern.trim() != pattern {
        return Err(GlobError::OuterSpace);
    }
    if pattern.contains('\\') {
        return Err(GlobError::Backslash);
    }
    Ok(())
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Glob {}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(pattern: &str) -> Result<Self, GlobError> {
        Self::parse(pattern)
    }
}

/// Patterns in the order they were written; the empty set covers nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobSet {
    globs: Vec<Glob>,
}

impl GlobSet {
    /// Whether any pattern covers the path.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.first_match(path).is_some()
    }

    /// The first pattern, in the order written, that covers the path.
    pub fn first_match(&self, path: &[u8]) -> Option<&Glob> {
        self.globs.iter().find(|glob| glob.matches(path))
    }

    /// Whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    /// The patterns, in the order written.
    pub fn iter(&self) -> std::slice::Iter<'_, Glob> {
        self.globs.iter()
    }
}

impl FromIterator<Glob> for GlobSet {
    fn from_iter<I: IntoIterator<Item = Glob>>(globs: I) -> Self {
        Self { globs: globs.into_iter().collect() }
    }
}

impl<'a> IntoIterator for &'a GlobSet {
    type Item = &'a Glob;
    type IntoIter = std::slice::Iter<'a, Glob>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
