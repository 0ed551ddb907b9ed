//! `Key: value` lines, outside the sections and under `HUMAN APPROVAL`.

use super::outline::TextLine;
use super::{Approval, Approver, Line, Problem};
use crate::escape::excerpt;

/// Takes a line outside the sections for one of the keys, when it is one.
pub(super) fn read_key(approval: &mut Approval, line: &TextLine) {
    let Some((key, value)) = key_value(line) else { return };
    if key == "settles" {
        return read_settled(approval, line.line, &value);
    }
    let slot = match key.as_str() {
        "task" => &mut approval.task,
        "repository" => &mut approval.repository,
        "base sha" => &mut approval.base,
        "date" => &mut approval.date,
        _ => return,
    };
    match slot {
        None => *slot = Some(Line { line: line.line, value }),
        Some(first) if first.value == value => {}
        Some(first) => {
            let message =
                format!("`{}:` is \"{}\" here and something else in line {}", key, excerpt(&value), first.line);
            approval.problems.push(Problem::new(line.line, message, "keep one of the two lines"));
        }
    }
}

/// The names of the statements that let hotfixes in, which the task takes up.
fn read_settled(approval: &mut Approval, line: u32, value: &str) {
    for id in value.split(',').map(str::trim) {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() == 32 && id.bytes().all(hex) {
            approval.settles.push(Line { line, value: id.to_owned() });
        } else {
            let message = format!("`settles:` names \"{}\", which is no statement", excerpt(id));
            let help = "write the 32 hex digits that refgate task status shows, with a comma between two";
            approval.problems.push(Problem::new(line, message, help));
        }
    }
}

/// Takes a line under `HUMAN APPROVAL` for the approver's name, when it is one.
pub(super) fn read_name(approval: &mut Approval, line: &TextLine) {
    let Some((key, value)) = key_value(line) else { return };
    if !["name", "approver", "approved by"].contains(&key.as_str()) || is_blank(&value) {
        return;
    }
    match &approval.approver {
        Some(Approver::Named(first)) if first.value != value => {
            let message =
                format!("the approver is \"{}\" here and somebody else in line {}", excerpt(&value), first.line);
            approval.problems.push(Problem::new(line.line, message, "name one approver"));
        }
        Some(Approver::Named(_)) => {}
        _ => approval.approver = Some(Approver::Named(Line { line: line.line, value })),
    }
}

/// Lower-cased key and trimmed value. What is struck through is said no longer.
fn key_value(line: &TextLine) -> Option<(String, String)> {
    let (key, value) = line.text.split_once(':').filter(|_| !line.struck)?;
    Some((normal(key), value.trim().to_owned()))
}

/// Without case and surrounding white space, and with single spaces within.
pub(super) fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// Nothing, the template's line to write on, or a placeholder.
fn is_blank(name: &str) -> bool {
    !name.contains(char::is_alphanumeric) || (name.starts_with('<') && name.ends_with('>'))
}
