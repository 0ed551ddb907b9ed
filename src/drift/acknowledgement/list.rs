//! Acknowledgements as items of a list: `removed \`order.userId\`: reason; approved by NAME; 2026-11-21`.

use super::{Acknowledgement, Divergence, day, field, is_placeholder, speaks_of_end};
use crate::drift::path::FieldPath;
use crate::drift::problem::Problem;

const FORM: &str =
    "write ``- removed `order.userId`: the reason; approved by NAME; 2026-11-21``, or added, renamed, noncanonical";

/// Reads an item, as it is shown, with its code in backticks: a kind and a field, a colon, the reason, who approved it
/// and when.
///
/// # Errors
/// When it acknowledges nothing.
pub fn in_list(text: &str, at: u32, line: u32) -> Result<Acknowledgement, Problem> {
    let none = |message: &str| Problem::new(line, message, FORM);
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (divergence, fields, rest) = match word.to_ascii_lowercase().as_str() {
        "renamed" => renamed(rest).map_err(|reason| none(&reason))?,
        "removed" => listed(rest, Divergence::Removed).map_err(|reason| none(&reason))?,
        "added" => listed(rest, Divergence::Added).map_err(|reason| none(&reason))?,
        "noncanonical" | "non-canonical" => listed(rest, Divergence::NonCanonical).map_err(|reason| none(&reason))?,
        _ => return Err(none("this item acknowledges no kind of drift")),
    };
    let rest = rest.trim_start();
    let said = [":", "\u{2014}", "\u{2013}", "- "].into_iter().find_map(|mark| rest.strip_prefix(mark));
    let said = said.ok_or_else(|| none("behind the field of an acknowledgement comes a colon and the reason"))?;
    let mut acknowledgement = Acknowledgement {
        divergence,
        fields,
        contract: None,
        reason: String::new(),
        approved_by: None,
        date: None,
        expires: None,
        at,
        line,
        in_code: false,
        flaws: Vec::new(),
    };
    parts(&mut acknowledgement, said);
    acknowledgement.check();
    Ok(acknowledgement)
}

/// A name in backticks at the beginning, and the rest.
fn quoted(text: &str) -> Result<(&str, &str), String> {
    let inside = text.trim_start().strip_prefix('`').and_then(|inside| inside.split_once('`'));
    inside.ok_or_else(|| "an acknowledgement names its field in backticks".to_owned())
}

fn read(name: &str) -> Result<(String, FieldPath), String> {
    field(name).map_err(|reason| format!("the acknowledgement names no field: {reason}"))
}

type Read<'a> = (Divergence, Vec<(String, FieldPath)>, &'a str);

fn listed(text: &str, divergence: Divergence) -> Result<Read<'_>, String> {
    let (name, mut rest) = quoted(text)?;
    let mut fields = vec![read(name)?];
    while let Some(more) = rest.trim_start().strip_prefix(',') {
        let (name, after) = quoted(more)?;
        fields.push(read(name)?);
        rest = after;
    }
    Ok((divergence, fields, rest))
}

fn renamed(text: &str) -> Result<Read<'_>, String> {
    let (from, rest) = quoted(text)?;
    let rest = rest.trim_start();
    let arrow = ["\u{2192}", "->", "=>"].into_iter().find_map(|arrow| rest.strip_prefix(arrow));
    let (to, rest) = quoted(arrow.ok_or("between the two names of a renamed field comes an arrow")?)?;
    let ((ty, from), (other, to)) = (read(from)?, read(to)?);
    if ty != other || from == to {
        return Err("the two names of a renamed field are different, and of one type".to_owned());
    }
    Ok((Divergence::Renamed { to }, vec![(ty, from)], rest))
}

/// The reason, which may hold semicolons, and then who and when.
fn parts(acknowledgement: &mut Acknowledgement, said: &str) {
    let mut reason = Vec::new();
    let mut signed = false;
    for (at, part) in said.split(';').map(str::trim).enumerate() {
        let lower = part.to_ascii_lowercase();
        let behind = |words: &str| lower.starts_with(words).then(|| part.get(words.len()..).unwrap_or_default().trim());
        if behind("expires").is_none() && speaks_of_end(part) {
            acknowledgement.lost_end();
        }
        let looks_dated = part.starts_with(|c: char| c.is_ascii_digit()) && part.len() <= 10 && part.contains('-');
        if at == 0 {
            reason.push(part);
        } else if let Some(name) = behind("approved by") {
            signed = true;
            acknowledgement.approver(name.trim_start_matches(':').trim());
        } else if let Some(date) = behind("expires") {
            signed = true;
            acknowledgement.expiry(date.trim_start_matches(':').trim());
        } else if looks_dated {
            signed = true;
            acknowledgement.dated(part);
        } else if signed && !part.is_empty() {
            acknowledgement.flaw("the acknowledgement goes on behind who approved it and when", FORM);
        } else {
            reason.push(part);
        }
    }
    acknowledgement.reason = reason.join("; ").trim().trim_end_matches([';', ' ']).to_owned();
}

impl Acknowledgement {
    pub(super) fn flaw(&mut self, message: &str, help: &str) {
        self.flaws.push(Problem::new(self.line, message, help));
    }

    /// Notes a last day that stands where none is read.
    pub(super) fn lost_end(&mut self) {
        let help = "write it by itself: `; expires 2027-01-01` in a list, a line `Expires: 2027-01-01` in a comment";
        self.flaw("the acknowledgement speaks of a last day where none is read", help);
    }

    /// Takes who approved it.
    pub(super) fn approver(&mut self, name: &str) {
        if self.approved_by.is_some() {
            self.flaw("the acknowledgement says twice who approved it", "leave one name");
        }
        self.approved_by = Some(name.to_owned());
    }

    /// Takes the date.
    pub(super) fn dated(&mut self, text: &str) {
        let twice = self.date.is_some();
        self.date = day(text).or(self.date);
        if twice || day(text).is_none() {
            self.flaw("the acknowledgement has no one real day as its date", "write one, as in 2026-11-21");
        }
    }

    /// Takes the last day.
    pub(super) fn expiry(&mut self, text: &str) {
        let twice = self.expires.is_some();
        self.expires = day(text).or(self.expires);
        if twice || day(text).is_none() {
            self.flaw("the acknowledgement expires on no one real day", "write one, as in 2027-01-01");
        }
    }

    /// Adds what is missing to the flaws.
    pub(super) fn check(&mut self) {
        if self.reason.chars().all(|c| !c.is_alphanumeric()) {
            self.flaw("the acknowledgement has no reason", "say why the divergence is meant");
        }
        if self.approved_by.as_deref().is_none_or(is_placeholder) {
            self.flaw("nobody is named who approved the acknowledgement", "have somebody approve it who may");
        }
        if self.date.is_none() && !self.flaws.iter().any(|flaw| flaw.message.contains("real day as its date")) {
            self.flaw("the acknowledgement has no date", "write the day on which it was given, as in 2026-11-21");
        }
        if self.date.zip(self.expires).is_some_and(|(date, expires)| expires < date) {
            self.flaw("the acknowledgement expires before its date", "mend one of the two");
        }
    }
}
