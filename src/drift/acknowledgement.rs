//! Acknowledgements: what people wrote down about a divergence that they mean.
//!
//! In code it is a comment that begins with the words DRIFT ACKNOWLEDGEMENT; in the contract and in an approval an item
//! of the section "Drift acknowledgements". One acknowledgement covers one divergence of each field that it lists.
//!
//! Owns the reading and the form. Must not know whether anybody signed, nor what diverges.

mod code;
mod list;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use super::contract::names::{is_nothing, is_route, marked, shown};
use super::contract::reader::is_acknowledgements;
use super::page::{self, Block, Item};
use super::path::FieldPath;
use super::problem::{Lines, Problem, short};
use crate::escape::excerpt;
use crate::markdown;

pub use code::in_code;
pub use list::in_list;

/// What a comment that acknowledges begins with.
const TITLE: &str = "DRIFT ACKNOWLEDGEMENT";

/// An acknowledgement. Whether it may count is what [`Acknowledgement::validate`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// What is meant.
    pub divergence: Divergence,
    /// The fields that it is meant for, each by type and path.
    pub fields: Vec<(String, FieldPath)>,
    /// The contract that is diverged from, where a comment in code names it; lists stand for their own contract.
    pub contract: Option<String>,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub approved_by: Option<String>,
    /// Since when.
    pub date: Option<Date>,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where it stands.
    pub at: u32,
    /// The line of that, 1-based.
    pub line: u32,
    /// Whether it is a comment in code.
    pub in_code: bool,
    /// What its own text has wrong.
    flaws: Vec<Problem>,
}

/// What a field may do that the contract does not say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Divergence {
    /// It is in the code only.
    Added,
    /// It is in the contract only.
    Removed,
    /// It has another name in the code.
    Renamed {
        /// That name, below the same type.
        to: FieldPath,
    },
    /// Code maps to a path that the contract does not know.
    NonCanonical,
    /// Any drift of the field: a comment at the code that diverges.
    Unspecified,
}

impl Divergence {
    /// The word for it in a list; none for what only a comment can say.
    pub const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Added => Some("added"),
            Self::Removed => Some("removed"),
            Self::Renamed { .. } => Some("renamed"),
            Self::NonCanonical => Some("noncanonical"),
            Self::Unspecified => None,
        }
    }
}

impl Acknowledgement {
    /// How much its own text has wrong.
    pub fn flaws(&self) -> usize {
        self.flaws.len()
    }

    /// What keeps it from counting: nothing, if it is whole, current, and about this contract and fields that are known.
    pub fn validate(&self, known: &dyn Fn(&str, &FieldPath) -> bool, contract: &str, today: Date) -> Vec<Problem> {
        let mut problems = self.flaws.clone();
        let mut say = |message: String, help: &str| problems.push(Problem::new(self.line, message, help));
        for (ty, path) in &self.fields {
            let named = || excerpt(&write_field(ty, path));
            // A pattern of the contract goes as it stands there.
            let goes = self.divergence == Divergence::Removed && known(ty, path);
            if (ty.contains('*') || path.is_pattern()) && !goes {
                say(format!("the acknowledgement is for the pattern `{}`", named()), "list each field");
            } else if !known(ty, path) {
                say(
                    format!("the acknowledgement is for `{}`, which nothing declares", named()),
                    "write the field as the finding does; behind a type with a dot in it comes `#`",
                );
            }
        }
        if let Some(other) = self.contract.as_ref().filter(|other| *other != contract) {
            let message = format!("the acknowledgement is for another contract, `{}`", excerpt(other));
            say(message, "name the contract of the policy, by its path from the top of the repository");
        }
        if self.date.is_some_and(|date| date > today) {
            say("the acknowledgement is dated in the future".to_owned(), "date it by the day on which it was given");
        }
        if self.expires.is_some_and(|expires| expires < today) {
            say("the acknowledgement has expired".to_owned(), "mend the drift, or have it approved again");
        }
        problems
    }
}

/// A field by type and path: `order.total`, or `type#path` where the type has more than one step; `#path` is a path that
/// code writes without a type.
///
/// # Errors
/// It names none, and why.
pub fn field(text: &str) -> Result<(String, FieldPath), String> {
    let text = text.trim();
    let (ty, path) = match text.split_once('#') {
        Some((ty, path)) => (ty.trim().to_owned(), FieldPath::parse(path.trim())?),
        None => {
            let path = FieldPath::parse(text)?;
            let (ty, path) = path.split_type().ok_or("it has no type in front")?;
            (ty.to_owned(), path)
        }
    };
    let is_name = !ty.contains(|c: char| c.is_whitespace() || "`;,".contains(c));
    if is_name || is_route(&ty) { Ok((ty, path)) } else { Err("it has no type in front".to_owned()) }
}

/// A field as programs read it, `Type.a.b[]`, whatever dots the type's name has; without a type the path alone.
pub fn dotted(ty: &str, path: &FieldPath) -> String {
    if ty.is_empty() { path.to_string() } else { format!("{ty}.{path}") }
}

/// A field in one word, as findings name it and [`field`] reads it.
pub fn write_field(ty: &str, path: &FieldPath) -> String {
    let path_text = path.text();
    if ty.is_empty() {
        return format!("#{path_text}");
    }
    let is_plain =
        |text: &str, more: &[u8]| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || more.contains(&c));
    // Most names are; a bracket beside them is of `[]`, and no path of so few bytes has too many steps.
    if path_text.len() < 64 && !path_text.starts_with('[') && is_plain(ty, b"") && is_plain(&path_text, b".[]") {
        return [ty, ".", &path_text].concat();
    }
    let dot = if path_text.starts_with('[') { "" } else { "." };
    let short = format!("{ty}{dot}{path_text}");
    match field(&short) {
        Ok((own, below)) if own == ty && below == *path => short,
        _ => format!("{ty}#{path_text}"),
    }
}

/// What a person says when acknowledging.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// The type.
    pub ty: &'a str,
    /// The path below it.
    pub path: &'a FieldPath,
    /// The contract that is diverged from.
    pub contract: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// The day on which it is given.
    pub today: Date,
}

/// An acknowledgement to paste, whole but for the reason, and for the approver, whom only a person can name.
pub fn paste(divergence: &Divergence, ty: &str, path: &FieldPath, contract: &str, today: Date) -> String {
    draft(divergence, &Draft { ty, path, contract, reason: "(why this is meant)", expires: None, today })
}

/// An acknowledgement without its approver. What no list can say becomes a comment.
pub fn draft(divergence: &Divergence, given: &Draft<'_>) -> String {
    let Draft { ty, path, contract, reason, expires, today } = given;
    let name = write_field(ty, path);
    let Some(word) = divergence.word() else {
        let expires = expires.map(|day| format!(" * Expires: {day}\n")).unwrap_or_default();
        return format!(
            "/**\n * {TITLE}\n * This mapping intentionally diverges from:\n *   {contract}\n * Fields: {name}\n \
             * Reason:\n * - {reason}\n * Approved by:\n * Date: {today}\n{expires} */\n"
        );
    };
    let to = match divergence {
        Divergence::Renamed { to } => format!(" \u{2192} `{}`", write_field(ty, to)),
        _ => String::new(),
    };
    let expires = expires.map(|day| format!("; expires {day}")).unwrap_or_default();
    format!("- {word} `{name}`{to}: {reason}; approved by ; {today}{expires}\n")
}

/// An approval with one more item under its heading for acknowledgements; `None` where the page cannot be read.
pub fn with_item(page: &str, item: &str) -> Option<String> {
    let text = markdown::readable(page.as_bytes()).ok()?;
    let mark = page.get(..page.len().checked_sub(text.len())?)?;
    let mut own: Option<u8> = None;
    let (mut end, mut approver) = (None, None);
    for block in page::blocks(text) {
        let Block::Heading { level, runs, range } = block else { continue };
        match own {
            Some(above) if level <= above && end.is_none() => end = Some(range.start),
            None if is_acknowledgements(&shown(&runs)) => own = Some(level),
            _ => {}
        }
        if shown(&runs).trim().eq_ignore_ascii_case("human approval") {
            approver.get_or_insert(range.start);
        }
    }
    let at = if own.is_some() { end } else { approver }.unwrap_or(text.len());
    let (before, after) = text.split_at_checked(at)?;
    let before = before.trim_end();
    let is_list = before.lines().next_back().is_some_and(|line| line.starts_with("- "));
    let head = if own.is_some() { "" } else { "## DRIFT ACKNOWLEDGEMENTS\n\n" };
    let open = if own.is_some() && is_list { "\n" } else { "\n\n" };
    let close = if after.is_empty() { "" } else { "\n" };
    Some(format!("{mark}{before}{open}{head}{item}{close}{after}"))
}

/// The acknowledgements of an approval or of any other page with a section for them, and what of that section is none.
pub fn in_approval(bytes: &[u8]) -> (Vec<Acknowledgement>, Vec<Problem>) {
    let text = match markdown::readable(bytes) {
        Ok(text) => text,
        Err(flaw) => {
            let message = format!("the page {}", flaw.what);
            return (Vec::new(), vec![Problem::new(flaw.line, message, flaw.help)]);
        }
    };
    let mark = bytes.len().saturating_sub(text.len());
    let lines = Lines::of(text);
    let (mut given, mut problems) = (Vec::new(), Vec::new());
    let mut section = None;
    for block in page::blocks(text) {
        match block {
            Block::Heading { level, runs, .. } => {
                if is_acknowledgements(&shown(&runs)) {
                    section = Some(level);
                } else if section.is_some_and(|own| level <= own) {
                    section = None;
                }
            }
            Block::Item(item) if section.is_some() && !item.nested => {
                let at = item.runs.first().map_or(item.range.start, |run| run.at);
                let (line, _) = lines.place(at);
                if is_nothing(&shown(&item.runs)) {
                    continue;
                }
                match in_item(&item, short(at.saturating_add(mark)), line) {
                    Ok(acknowledgement) => given.push(acknowledgement),
                    Err(problem) => problems.push(problem),
                }
            }
            _ => {}
        }
    }
    (given, problems)
}

/// Reads an item of a page.
///
/// # Errors
/// When it acknowledges nothing.
pub(in crate::drift) fn in_item(item: &Item, at: u32, line: u32) -> Result<Acknowledgement, Problem> {
    if item.withdrawn {
        let message = "the acknowledgement is struck out, or its box is not ticked";
        return Err(Problem::new(line, message, "write it without strokes and box, or take it away"));
    }
    in_list(&marked(&item.runs), at, line)
}

/// Whether text that is not read as one speaks of a last day: it would be lost, and the acknowledgement live on.
fn speaks_of_end(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let says_so = ["expir", "until", "valid to", "ends on"].iter().any(|words| lower.contains(words));
    says_so && lower.char_indices().any(|(at, _)| lower.get(at..at + 10).is_some_and(|part| day(part).is_some()))
}

/// A day, written `2026-11-21` and in no other way.
fn day(text: &str) -> Option<Date> {
    let written = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if text.len() == 10 && written { text.parse().ok() } else { None }
}

/// Whether a name was left for somebody to fill in.
fn is_placeholder(name: &str) -> bool {
    let name = name.trim().trim_matches(['`', '*', '_', '.', ',', '"', '\'']).trim();
    let bracketed = name.starts_with(['<', '[', '{', '(']);
    let lower = name.to_ascii_lowercase();
    bracketed
        || !name.chars().any(char::is_alphabetic)
        || matches!(
            lower.as_str(),
            "name"
                | "your name"
                | "todo"
                | "tbd"
                | "tba"
                | "fixme"
                | "xxx"
                | "n/a"
                | "none"
                | "nobody"
                | "someone"
                | "somebody"
                | "unknown"
                | "approver"
                | "pending"
                | "a signer of the policy"
                | "me"
                | "self"
        )
}
