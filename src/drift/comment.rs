//! Comments that begin with a title, in any language: what stands behind `//`, `#`, `--`, between `/*` and `*/`, between
//! triple quotes, between `<!--` and `-->`.
//!
//! Owns what is one comment. Must not know what any of them says.

use memchr::memmem;

/// The most lines of one comment that are read.
const MAX_LINES: usize = 400;

/// What a line of a comment begins with, the longest first.
const LEADERS: [&str; 15] =
    ["<!--", "\"\"\"", "'''", "/**", "/*!", "///", "//!", "/*", "//", "#", "--", ";;", ";", "%", "*"];

/// What ends a comment.
const CLOSERS: [&str; 4] = ["*/", "-->", "\"\"\"", "'''"];

/// A comment from its title on.
#[derive(Debug)]
pub(super) struct Comment<'a> {
    /// The title's line, without what makes it a comment.
    pub(super) title: Line<'a>,
    /// The lines behind it.
    pub(super) lines: Vec<Line<'a>>,
    /// Whether the comment goes on beyond what is read.
    pub(super) cut: bool,
}

/// A line of a comment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// What it says, without the white space around.
    pub(super) text: &'a str,
    /// Where that stands.
    pub(super) at: usize,
    /// 1-based.
    pub(super) line: u32,
}

/// The comments that have a line which `is_title` takes, from that line on. All that it takes begins with `begin`.
pub(super) fn titled<'a>(text: &'a str, begin: &str, is_title: impl Fn(&str) -> bool) -> Vec<Comment<'a>> {
    let mut comments: Vec<Comment<'a>> = Vec::new();
    // Few files have any.
    if memmem::find(text.as_bytes(), begin.as_bytes()).is_none() {
        return comments;
    }
    let mut open: Option<&str> = None;
    let mut at = 0_usize;
    for (line, source) in (1_u32..).zip(text.split_inclusive('\n')) {
        let end = at.saturating_add(source.trim_end().len());
        at = at.saturating_add(source.len());
        // Within a block, `#` or `--` is text; only a star at the beginning of a line is not.
        let (leader, inner) = match open.filter(|kind| !is_line_comment(kind)) {
            Some(kind) => (kind, without_star(source.trim())),
            None => uncover(source.trim()),
        };
        if open.is_none() && !inner.starts_with(begin) {
            continue;
        }
        let (said, closed) = close(inner, leader);
        let piece = Line { text: said.trim_end(), at: end.saturating_sub(inner.len()), line };
        if is_title(piece.text) {
            comments.push(Comment { title: piece, lines: Vec::new(), cut: false });
            open = (!closed).then_some(leader);
            continue;
        }
        let (Some(kind), Some(comment)) = (open, comments.last_mut()) else { continue };
        comment.cut = leader == kind && comment.lines.len() >= MAX_LINES;
        if leader != kind || comment.cut {
            open = None;
            continue;
        }
        comment.lines.push(piece);
        if closed {
            open = None;
        }
    }
    comments
}

/// What a line begins with to be a comment, and the rest of it.
fn uncover(trimmed: &str) -> (&'static str, &str) {
    let found = LEADERS.into_iter().find_map(|leader| Some((leader, trimmed.strip_prefix(leader)?)));
    match found {
        Some(("*", _)) => ("*", without_star(trimmed)),
        Some((leader, rest)) => (leader, rest.trim_start()),
        None => ("", trimmed),
    }
}

/// A line of a block less the star in front, which is no part of `*/`.
fn without_star(trimmed: &str) -> &str {
    let rest = trimmed.strip_prefix('*').filter(|rest| !rest.starts_with('/'));
    rest.map_or(trimmed, str::trim_start)
}

/// A line up to where the comment ends, and whether it ends there.
fn close<'a>(text: &'a str, leader: &str) -> (&'a str, bool) {
    if is_line_comment(leader) {
        return (text, false);
    }
    let end = CLOSERS.into_iter().filter(|closer| closes(leader, closer)).filter_map(|closer| text.find(closer)).min();
    match end {
        Some(end) => (text.get(..end).unwrap_or_default(), true),
        None => (text, false),
    }
}

fn is_line_comment(leader: &str) -> bool {
    matches!(leader, "///" | "//!" | "//" | "#" | "--" | ";;" | ";" | "%")
}

/// Whether a comment of one kind can end so. What began on a line above may be of any kind.
fn closes(leader: &str, closer: &str) -> bool {
    match leader {
        "/**" | "/*!" | "/*" | "*" => closer == "*/",
        "<!--" => closer == "-->",
        "\"\"\"" | "'''" => closer == leader,
        _ => true,
    }
}

/// Whether a line of a file says something in a comment: the part of the line before it is `before`.
pub(super) fn covers(before: &str) -> bool {
    let trimmed = before.trim_start();
    // The middle of a block comment or of a text in triple quotes has nothing in front but a star or a bullet.
    let bare = trimmed.trim_matches(['*', '-', ' ', '\t', '`', '(', '<']).is_empty();
    bare || ["//", "/*", "#", "--", "<!--", "\"\"\"", "'''"].into_iter().any(|leader| before.contains(leader))
        || trimmed.starts_with(['*', ';', '%'])
}
