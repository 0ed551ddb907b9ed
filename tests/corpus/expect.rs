//! Compares a verdict with the one that is due. Every difference is one line, so that a failing case explains itself.

use std::collections::BTreeSet;

use base64::Engine;
use serde_json::Value;

use super::build::Built;
use super::case::{Decision, Expect};
use super::spell;

impl Decision {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Undecided => "undecided",
            Self::Blocked => "refuse or undecided",
        }
    }

    /// Whether a verdict's word is the due one.
    pub(crate) fn fits(self, word: &str) -> bool {
        match self {
            Self::Blocked => word == "refuse" || word == "undecided",
            _ => word == self.name(),
        }
    }

    /// Whether a hook's exit status lets the push through as is due.
    pub(crate) fn fits_status(self, status: i32) -> bool {
        (status == 0) == (self == Self::Accept)
    }
}

/// The differences between what is due and the verdict.
pub(crate) fn differences(expect: &Expect, built: &Built, verdict: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let word = verdict["decision"].as_str().unwrap_or("(none)");
    if !expect.decision.fits(word) {
        wrong.push(format!("decision: expected {}, got {word}{}", expect.decision.name(), problem(verdict)));
    }
    let enforced = findings(verdict, "enforce");
    if expect.decision != Decision::Blocked {
        compare_rules(&mut wrong, expect, enforced.iter().map(|finding| text(&finding["rule"])).collect());
    }
    if let Some(due) = &expect.problem {
        let said = std::iter::once(verdict).chain(updates(verdict)).map(|place| text(&place["problem"]["message"]));
        let said = said.collect::<Vec<_>>().join("\n");
        if !said.contains(due) {
            wrong.push(format!("problem: expected one with {due:?}, got {said:?}"));
        }
    }
    if let Some(due) = &expect.evaluate {
        let reported = findings(verdict, "evaluate");
        compare(&mut wrong, "evaluate", due, reported.iter().map(|finding| text(&finding["rule"])));
    }
    if let Some(due) = &expect.paths {
        let due = due.iter().map(|path| spell::decode(path).unwrap_or_default()).collect::<BTreeSet<_>>();
        let got = enforced.iter().filter_map(|finding| path(finding)).collect::<BTreeSet<_>>();
        if due != got {
            let show = |set: &BTreeSet<Vec<u8>>| set.iter().map(|path| spell::encode(path)).collect::<Vec<_>>();
            wrong.push(format!("paths: expected {:?}, got {:?}", show(&due), show(&got)));
        }
    }
    for due in &expect.updates {
        let Some(update) = updates(verdict).iter().find(|update| update["ref"] == due.name) else {
            wrong.push(format!("{}: not in the verdict", due.name));
            continue;
        };
        let mut field = |key: &str, due: Option<Value>| {
            if let Some(value) = due.filter(|value| update[key] != *value) {
                wrong.push(format!("{}: {key}: expected {value}, got {}", text(&update["ref"]), update[key]));
            }
        };
        field("class", due.class.clone().map(Value::from));
        field("commits", due.commits.map(Value::from));
        field("base", due.base.as_ref().map(|label| Value::from(built.names.oid(label).unwrap_or(label))));
    }
    if !wrong.is_empty() {
        wrong.extend(enforced.iter().map(|finding| format!("  found {}", one_line(finding))));
    }
    wrong
}

fn problem(verdict: &Value) -> String {
    verdict["problem"]["message"].as_str().map_or_else(String::new, |message| format!(" ({message})"))
}

fn updates(verdict: &Value) -> &[Value] {
    verdict["updates"].as_array().map_or(&[], Vec::as_slice)
}

fn findings<'a>(verdict: &'a Value, severity: &str) -> Vec<&'a Value> {
    let all = updates(verdict).iter().filter_map(|update| update["findings"].as_array()).flatten();
    all.filter(|finding| finding["severity"] == severity).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("(none)").to_owned()
}

/// A finding's path as bytes; `path_bytes` stands beside a path that is not UTF-8.
fn path(finding: &Value) -> Option<Vec<u8>> {
    match finding["path_bytes"].as_str() {
        Some(encoded) => base64::engine::general_purpose::STANDARD.decode(encoded).ok(),
        None => finding["path"].as_str().map(|path| path.as_bytes().to_vec()),
    }
}

fn one_line(finding: &Value) -> String {
    let place = path(finding).map_or_else(String::new, |path| format!(" at {}", spell::encode(&path)));
    format!("{}{place}: {}", text(&finding["rule"]), text(&finding["message"]))
}

/// Every rule of `rules`, perhaps some of `may`, none else; and at least one when the push is refused.
fn compare_rules(wrong: &mut Vec<String>, expect: &Expect, got: BTreeSet<String>) {
    let due = expect.rules.iter().cloned().collect::<BTreeSet<_>>();
    let may = expect.may.iter().cloned().collect::<BTreeSet<_>>();
    let none = expect.decision == Decision::Refuse && expect.problem.is_none() && got.is_empty();
    if none || !due.is_subset(&got) || got.iter().any(|rule| !due.contains(rule) && !may.contains(rule)) {
        let besides = if may.is_empty() { String::new() } else { format!(" and perhaps {may:?}") };
        wrong.push(format!("rules: expected {due:?}{besides}, got {got:?}"));
    }
}

fn compare(wrong: &mut Vec<String>, what: &str, due: &[String], got: impl Iterator<Item = String>) {
    let (due, got) = (due.iter().cloned().collect::<BTreeSet<_>>(), got.collect::<BTreeSet<_>>());
    if due != got {
        wrong.push(format!("{what}: expected {due:?}, got {got:?}"));
    }
}
