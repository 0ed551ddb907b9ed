//! What stands in one list item or one cell: paths, routes, the words for "no target", and prose behind a dash.
//!
//! Owns the spelling. Must not know sections or columns.

use crate::drift::page::{Kind, Run};
use crate::drift::path::FieldPath;

/// The words that mean that there is no field on this side, in lower case.
const NOTHING: [&str; 8] = ["n/a", "none", "-", "\u{2013}", "\u{2014}", "calculated", "not sent", "(discarded)"];

/// What may stand between several names in one cell.
const BETWEEN: [&str; 8] = ["", ",", ";", "+", "/", "&", "and", ", and"];

/// The longest route. Routes are copied to each field of a row, so a bound keeps that cheap.
const MAX_ROUTE: usize = 512;

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/// A path, or a route, or a path behind a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) route: Option<String>,
    pub(super) path: Option<FieldPath>,
    /// Where the path stands, or the route where there is no path.
    pub(super) at: usize,
    pub(super) len: usize,
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing at all.
    Blank,
    /// A word for "no field".
    Nothing,
    /// One name or several.
    Names(Vec<Named>),
    /// Words, where a name was looked for; and why they are none.
    Words { at: usize, reason: String },
}

/// What a list item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A path in backticks, alone or before prose.
    Field { name: Result<Named, String>, at: usize, alone: bool },
    /// `old` → `new`.
    Renamed { from: Result<Named, String>, to: Result<Named, String>, at: usize },
    /// A word for "no field".
    Nothing,
    /// Anything else.
    Prose,
}

/// Reads `METHOD /route`, `METHOD /route path`, `METHOD /route#path` or a path.
pub(super) fn named(text: &str, at: usize) -> Result<Named, String> {
    let trimmed = text.trim();
    let lead = text.len().saturating_sub(text.trim_start().len());
    let (route, rest) = split_route(trimmed);
    let start = trimmed.len().saturating_sub(rest.len()).saturating_add(lead).saturating_add(at);
    if rest.is_empty() && route.is_some() {
        return Ok(Named { route, path: None, at: at.saturating_add(lead), len: trimmed.len() });
    }
    // In a JSON pointer anything goes, even what is words with a slash in front.
    if rest.starts_with('/') && rest.contains(|c: char| c.is_whitespace() || c.is_control() || "`|\\".contains(c)) {
        return Err("a JSON pointer has no white space here".to_owned());
    }
    let path = FieldPath::parse(rest)?;
    Ok(Named { route, path: Some(path), at: start, len: rest.len() })
}

/// The route that a text begins with, and the rest.
pub(in crate::drift) fn split_route(text: &str) -> (Option<String>, &str) {
    let Some((route, behind)) = begins(text) else { return (None, text) };
    let (place, below) = word(behind.trim_start());
    if is_place(place) && !below.trim_start().is_empty() {
        return (Some(format!("{route} {place}")), below_route(below));
    }
    (Some(route), below_route(behind))
}

/// The route that a text says, whatever it says behind it.
pub(super) fn route_of(text: &str) -> Option<String> {
    if is_route(text) { Some(text.to_owned()) } else { begins(text).map(|(route, _)| route) }
}

/// `METHOD /route`, and what stands behind it.
fn begins(text: &str) -> Option<(String, &str)> {
    let (method, rest) = text.split_once(' ')?;
    let (route, behind) = word(rest.trim_start());
    let is_one = METHODS.contains(&method) && route.starts_with('/') && route.len() <= MAX_ROUTE;
    is_one.then(|| (format!("{method} {route}"), behind))
}

/// A text up to its first `#` or white space, and the rest.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| c == '#' || c.is_whitespace()).unwrap_or(text.len()))
}

fn below_route(text: &str) -> &str {
    text.strip_prefix('#').unwrap_or(text).trim_start()
}

/// Whether a text is a route and nothing else: `POST /orders`, or what an operation of OpenAPI takes or gives elsewhere
/// than in its body, `POST /orders 200`, `GET /orders query`.
pub(in crate::drift) fn is_route(text: &str) -> bool {
    match split_route(text) {
        (Some(_), "") => true,
        (Some(route), place) => {
            is_place(place) && text.strip_prefix(&*route).is_some_and(|rest| !rest.starts_with('#'))
        }
        (None, _) => false,
    }
}

/// Whether a word behind a route is a status of HTTP, or a place of parameters.
fn is_place(word: &str) -> bool {
    let is_status = |status: &[u8]| match status {
        [b'1'..=b'5', rest @ ..] => rest == b"XX" || (rest.len() == 2 && rest.iter().all(u8::is_ascii_digit)),
        _ => false,
    };
    matches!(word, "query" | "header" | "cookie" | "default") || is_status(word.as_bytes())
}

/// Whether a text is one of the words for "no field".
pub(in crate::drift) fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The text that is shown.
pub(in crate::drift) fn shown(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}

/// The text that is shown, code in backticks.
pub(in crate::drift) fn marked(runs: &[Run]) -> String {
    let piece = |run: &Run| match run.kind {
        Kind::Code | Kind::OddCode => format!("`{}`", run.text),
        Kind::Text | Kind::Dressed => run.text.clone(),
    };
    runs.iter().map(piece).collect()
}

/// Whether text behind a name is set off from it: by a dash, a colon, a parenthesis.
pub(in crate::drift) fn is_aside(tail: &str) -> bool {
    let tail = tail.trim_start();
    tail.is_empty() || (tail.starts_with(['\u{2014}', '\u{2013}', '-', ':', '(']) && after_arrow(tail).is_none())
}

fn after_arrow(text: &str) -> Option<&str> {
    ["\u{2192}", "->", "=>"].into_iter().find_map(|arrow| text.trim_start().strip_prefix(arrow))
}

/// What a list item says.
pub(super) fn item(runs: &[Run]) -> Shape {
    let runs = skip_blank(runs);
    let Some((first, behind)) = runs.split_first() else { return Shape::Prose };
    if first.kind != Kind::Code {
        return if is_nothing(&shown(runs)) { Shape::Nothing } else { Shape::Prose };
    }
    if behind.is_empty() && is_nothing(&first.text) {
        return Shape::Nothing;
    }
    if behind.is_empty() {
        return Shape::Field { name: named(&first.text, first.at), at: first.at, alone: true };
    }
    let text_end = behind.iter().position(|run| run.kind != Kind::Text).unwrap_or(behind.len());
    let (text, rest) = behind.split_at(text_end);
    let between = shown(text);
    if let (Some(""), Some((second, after))) = (after_arrow(&between).map(str::trim), rest.split_first())
        && second.kind == Kind::Code
        && is_aside(&marked(after))
    {
        return Shape::Renamed { from: named(&first.text, first.at), to: named(&second.text, second.at), at: first.at };
    }
    let tail = marked(behind);
    if !is_aside(&tail) {
        return Shape::Prose;
    }
    Shape::Field { name: named(&first.text, first.at), at: first.at, alone: tail.trim().is_empty() }
}

fn skip_blank(runs: &[Run]) -> &[Run] {
    let start = runs.iter().position(|run| run.kind != Kind::Text || !run.text.trim().is_empty());
    runs.get(start.unwrap_or(runs.len())..).unwrap_or_default()
}

/// What a cell holds.
pub(super) fn cell(source: &str, runs: &[Run]) -> Cell {
    let runs = skip_blank(runs);
    let Some(first) = runs.first() else { return Cell::Blank };
    if is_nothing(&shown(runs)) {
        return Cell::Nothing;
    }
    let words = |at, reason: &str| Cell::Words { at, reason: reason.to_owned() };
    if let Some(odd) = runs.iter().find(|run| run.kind == Kind::OddCode) {
        return words(odd.at, "a path is not struck out");
    }
    let read = if runs.iter().any(|run| run.kind == Kind::Code) { codes(runs) } else { plain(source, runs) };
    match read {
        Ok(names) => Cell::Names(names),
        Err((at, reason)) => Cell::Words { at: if at == 0 { first.at } else { at }, reason },
    }
}

/// Names in backticks.
fn codes(runs: &[Run]) -> Result<Vec<Named>, (usize, String)> {
    let mut names = Vec::new();
    let mut between = String::new();
    let last = runs.iter().rposition(|run| run.kind == Kind::Code).unwrap_or_default();
    for run in runs.iter().take(last.saturating_add(1)) {
        if run.kind != Kind::Code {
            between.push_str(&run.text);
            continue;
        }
        let text = std::mem::take(&mut between);
        let (route, text) = match text.trim() {
            text if !names.is_empty() => (None, text),
            text if is_route(text) => (Some(text.to_owned()), ""),
            text => split_route(text),
        };
        if !BETWEEN.contains(&text) || (names.is_empty() && !text.is_empty()) {
            return Err((run.at, "between paths stand commas, nothing else".to_owned()));
        }
        let mut name = named(&run.text, run.at).map_err(|reason| (run.at, reason))?;
        name.route = name.route.or(route);
        names.push(name);
    }
    let tail = runs.get(last.saturating_add(1)..).unwrap_or_default();
    if is_aside(&shown(tail)) {
        Ok(names)
    } else {
        Err((
            tail.first().map_or(0, |run| run.at),
            "behind a path in backticks comes a dash before anything else".to_owned(),
        ))
    }
}

/// One name without backticks: all of the cell, as it stands in the source.
fn plain(source: &str, runs: &[Run]) -> Result<Vec<Named>, (usize, String)> {
    let mut text = String::new();
    let mut end = None;
    for run in runs {
        let follows = end.is_none_or(|end| run.at == end || source.get(end..run.at) == Some("\\"));
        let is_bold = run.bold && end.is_none() && !is_starred(source, run.at);
        if run.kind != Kind::Text || !follows || is_bold {
            return Err((run.at, "a path with marks of Markdown in it stands in backticks".to_owned()));
        }
        text.push_str(&run.text);
        end = Some(run.end);
    }
    let at = runs.first().map_or(0, |run| run.at);
    let mut name = named(&text, at).map_err(|reason| (at, reason))?;
    let written = end.unwrap_or(at).saturating_sub(at);
    if written > text.len() {
        // With backslashes in it, the text does not tell where in it the path begins and ends.
        (name.at, name.len) = (at, written);
    }
    Ok(vec![name])
}

/// Whether what stands there is bold by stars: underscores belong to names.
fn is_starred(source: &str, at: usize) -> bool {
    source.get(..at).is_some_and(|before| before.ends_with("**"))
}
