//! Acknowledgements as comments in code: a title and lines that each begin with a key.

use super::{Acknowledgement, Divergence, TITLE, field, speaks_of_end};
use crate::drift::comment::{self, Comment, Line};
use crate::drift::problem::{Problem, short};
use crate::escape::excerpt;

/// What all titles begin with.
const TITLES: &str = "DRIFT ACKNOWLEDG";

/// What a line of the comment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Contract,
    Fields,
    Reason,
    Approver,
    Date,
    Expires,
}

/// The acknowledgements in the comments of a file in any language, and those comments that acknowledge nothing.
pub fn in_code(text: &str) -> (Vec<Acknowledgement>, Vec<Problem>) {
    let mut given = Vec::new();
    let mut problems = Vec::new();
    for comment in comment::titled(text, TITLES, is_title) {
        match read(&comment) {
            Ok(acknowledgement) => given.push(acknowledgement),
            Err(problem) => problems.push(problem),
        }
    }
    (given, problems)
}

fn is_title(line: &str) -> bool {
    let line = line.trim_end_matches([':', ' ']);
    line == TITLE || line == "DRIFT ACKNOWLEDGMENT"
}

fn read(comment: &Comment<'_>) -> Result<Acknowledgement, Problem> {
    let mut reader = Reader {
        out: Acknowledgement {
            divergence: Divergence::Unspecified,
            fields: Vec::new(),
            contract: None,
            reason: String::new(),
            approved_by: None,
            date: None,
            expires: None,
            at: short(comment.title.at),
            line: comment.title.line,
            in_code: true,
            flaws: Vec::new(),
        },
        key: None,
        seen: Vec::new(),
    };
    comment.lines.iter().for_each(|line| reader.line(line));
    let mut out = reader.out;
    if out.fields.is_empty() {
        let help = "add `Fields:` and the fields with their types, as in `order.userId, order.cart`";
        return Err(Problem::new(out.line, "the acknowledgement lists no fields", help));
    }
    if comment.cut {
        out.flaw("the comment is too long to be read to its end", "split it");
    }
    if out.contract.is_none() {
        out.flaw(
            "the acknowledgement names no contract",
            "add `This mapping intentionally diverges from:` and its path",
        );
    }
    out.check();
    Ok(out)
}

struct Reader {
    out: Acknowledgement,
    /// The key that lines without one belong to.
    key: Option<Key>,
    seen: Vec<Key>,
}

impl Reader {
    fn line(&mut self, line: &Line<'_>) {
        let text = line.text;
        let key = key_of(text);
        if !matches!(key, Some((Ok(Key::Expires) | Err(_), _))) && is_lost_end(text) {
            self.out.lost_end();
        }
        match key {
            Some((Ok(key), value)) => {
                if self.seen.contains(&key) {
                    let problem =
                        Problem::new(line.line, "the acknowledgement has this key twice", "leave one of them");
                    self.out.flaws.push(problem);
                }
                self.seen.push(key);
                self.key = Some(key);
                if !value.is_empty() {
                    self.value(key, value, line.line);
                }
            }
            Some((Err(name), _)) => {
                let message = format!("the acknowledgement has an unknown key `{}`", excerpt(name));
                let help = "the keys are Fields, Reason, Approved by, Date and Expires; begin other lines with a dash";
                self.out.flaws.push(Problem::new(line.line, message, help));
                self.key = None;
            }
            None if text.is_empty() => {
                // A blank line ends values of one line; lists and reasons go on.
                self.key = self.key.filter(|key| matches!(key, Key::Fields | Key::Reason) || !self.has(*key));
            }
            None => {
                if let Some(key) = self.key {
                    self.value(key, text, line.line);
                }
            }
        }
    }

    fn has(&self, key: Key) -> bool {
        match key {
            Key::Contract => self.out.contract.is_some(),
            Key::Fields => !self.out.fields.is_empty(),
            Key::Reason => !self.out.reason.is_empty(),
            Key::Approver => self.out.approved_by.is_some(),
            Key::Date => self.out.date.is_some(),
            Key::Expires => self.out.expires.is_some(),
        }
    }

    fn value(&mut self, key: Key, value: &str, line: u32) {
        match key {
            Key::Fields => self.fields(value, line),
            Key::Reason => {
                if !self.out.reason.is_empty() {
                    self.out.reason.push(' ');
                }
                self.out.reason.push_str(value.trim_start_matches(['-', '*', ' ']));
            }
            Key::Contract => {
                let path = value.trim_matches(['`', ' ', '-', '*']);
                let path = path.strip_prefix("./").unwrap_or(path);
                if self.out.contract.replace(path.to_owned()).is_some() {
                    let message = "the acknowledgement names two contracts";
                    self.out.flaws.push(Problem::new(line, message, "write one comment for each"));
                }
                self.key = None;
            }
            // These have one line: what follows without a key is prose.
            Key::Approver => {
                self.out.approver(value);
                self.key = None;
            }
            Key::Date => {
                self.out.dated(value);
                self.key = None;
            }
            Key::Expires => {
                self.out.expiry(value);
                self.key = None;
            }
        }
    }

    fn fields(&mut self, value: &str, line: u32) {
        let value = value.strip_prefix("- ").or_else(|| value.strip_prefix("* ")).unwrap_or(value);
        for name in value.split(',').map(|name| name.trim().trim_matches('`')).filter(|name| !name.is_empty()) {
            match field(name) {
                Ok(field) => self.out.fields.push(field),
                Err(reason) => {
                    let message = format!("the acknowledgement lists `{}`, which is no field: {reason}", excerpt(name));
                    let help = "write its type and path, as in `order.total`";
                    self.out.flaws.push(Problem::new(line, message, help));
                }
            }
        }
    }
}

/// Whether a line that is no key for the last day speaks of one.
fn is_lost_end(text: &str) -> bool {
    let words = text.trim_start_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    words.split_once(':').is_some_and(|(name, _)| name.starts_with("expir")) || speaks_of_end(text)
}

/// The key that a line begins with, or the words that look like one, and the value behind.
fn key_of(text: &str) -> Option<(Result<Key, &str>, &str)> {
    let lower = text.to_ascii_lowercase();
    let Some((name, value)) = text.split_once(':') else {
        // The one key whose loss would let an acknowledgement live on.
        return lower.starts_with("expir").then_some((Err(text), ""));
    };
    let (name, value) = (name.trim(), value.trim());
    let words = name.split_whitespace().count();
    let is_words = name.starts_with(|c: char| c.is_alphabetic())
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_'));
    let key = match name.to_ascii_lowercase().as_str() {
        "fields" | "field" => Key::Fields,
        "reason" | "reasons" => Key::Reason,
        "approved by" | "approved-by" => Key::Approver,
        "date" => Key::Date,
        "expires" => Key::Expires,
        other if other.ends_with("diverges from") => Key::Contract,
        _ if is_words && words <= 3 => return Some((Err(name), value)),
        _ => return None,
    };
    Some((Ok(key), value))
}
