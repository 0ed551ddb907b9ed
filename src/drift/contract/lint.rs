//! What the contract says twice, differently, or not at all.

use std::collections::{HashMap, HashSet};

use super::{Contract, Entry, Form, MAX_PATTERNS, Target};
use crate::drift::problem::Problem;
use crate::escape::excerpt;

impl Contract {
    /// For each entry, whether an earlier one of the same place says the same in the same words of the text.
    pub fn repeats(&self, text: &str) -> Vec<bool> {
        let mut seen = HashSet::new();
        let words = |entry: &Entry| text.get(entry.span.start as usize..entry.span.end as usize).map(str::trim);
        self.entries.iter().map(|entry| !seen.insert((place(entry), key(entry), words(entry)))).collect()
    }
}

/// Adds the problems that only show in the whole.
pub(super) fn check(contract: &mut Contract) {
    let mut problems = Vec::new();
    patterns(contract, &mut problems);
    fields(contract, &mut problems);
    sections(contract, &mut problems);
    retired(contract, &mut problems);
    contract.problems.append(&mut problems);
}

/// Takes the patterns away that are too many.
fn patterns(contract: &mut Contract, problems: &mut Vec<Problem>) {
    let (mut left, mut first) = (MAX_PATTERNS, None);
    contract.entries.retain(|entry| match left.checked_sub(1) {
        _ if !entry.path.is_pattern() => true,
        Some(fewer) => {
            left = fewer;
            true
        }
        None => {
            first.get_or_insert(entry.line);
            false
        }
    });
    if let Some(line) = first {
        let message = format!("the contract has more than {MAX_PATTERNS} patterns, and none counts from here on");
        problems.push(Problem::new(line, message, "list the fields; or write one pattern that stands for several"));
    }
}

/// The same field twice in one place, or in two that disagree.
fn fields(contract: &Contract, problems: &mut Vec<Problem>) {
    let mut entries: Vec<&Entry> = contract.entries.iter().collect();
    entries.sort_by(|a, b| key(a).cmp(&key(b)));
    for same in entries.chunk_by(|a, b| key(a) == key(b)).filter(|same| same.len() > 1) {
        repeated(same, problems);
    }
}

/// What tells a field from others.
fn key(entry: &Entry) -> (&str, &super::FieldPath, Option<&str>) {
    (&entry.ty, &entry.path, entry.route.as_deref())
}

/// Looks at the entries of one field, in the order of the text.
fn repeated(entries: &[&Entry], problems: &mut Vec<Problem>) {
    let mut stated: Option<&Entry> = None;
    let mut placed = HashMap::new();
    for entry in entries {
        let told = || format!("`{}` of `{}`", excerpt(&entry.path.to_string()), excerpt(&entry.ty));
        if let Some(line) = placed.insert(place(entry), entry.line) {
            let message = format!("{} stands here twice, first in line {line}", told());
            let help = "remove one of them; or it belongs to another type, whose heading is missing";
            problems.push(Problem::new(entry.line, message, help).at(entry.column));
        }
        match stated {
            Some(other) if disagree(&other.target, &entry.target) => {
                let message = format!("{} is mapped to something else than in line {}", told(), other.line);
                problems.push(Problem::new(entry.line, message, "let both say the same").at(entry.column));
            }
            Some(other) if other.target != Target::Unstated => {}
            _ => stated = Some(entry),
        }
    }
}

/// The list or table that an entry stands in: a type's section, else the table, else all lists without one.
fn place(entry: &Entry) -> (Option<usize>, u32) {
    match (entry.section, &entry.form) {
        (None, Form::Row { table, .. }) => (None, *table),
        (section, _) => (section, 0),
    }
}

fn disagree(one: &Target, other: &Target) -> bool {
    one != other && *one != Target::Unstated && *other != Target::Unstated
}

/// A type twice under one heading, and a type without fields in any of its sections.
fn sections(contract: &Contract, problems: &mut Vec<Problem>) {
    let mut seen = HashMap::new();
    let own = contract.sections.iter().filter(|section| section.settled).map(|section| section.ty.as_str());
    let listed: HashSet<&str> = own.collect();
    for section in &contract.sections {
        let ty = || excerpt(&section.ty);
        if let Some(line) = seen.insert((section.ty.as_str(), section.parent), section.line) {
            let message = format!("the type `{}` has a section in line {line} already, under the same heading", ty());
            problems.push(Problem::new(section.line, message, "make one section of both"));
        }
        if !listed.contains(section.ty.as_str()) {
            let message = format!("the type `{}` lists no fields", ty());
            problems.push(Problem::new(
                section.line,
                message,
                "list its fields; or write the heading without backticks, and a folder with a slash at its end",
            ));
        }
    }
}

/// A name that is retired and listed, or retired for two others.
fn retired(contract: &Contract, problems: &mut Vec<Problem>) {
    if contract.retired.is_empty() {
        return;
    }
    let listed: HashSet<(&str, &super::FieldPath)> =
        contract.entries.iter().map(|entry| (entry.ty.as_str(), &entry.path)).collect();
    let mut seen = HashMap::new();
    for retired in &contract.retired {
        let key = (retired.ty.as_str(), &retired.from);
        let path = || excerpt(&retired.from.to_string());
        if listed.contains(&key) {
            let message = format!("`{}` is retired here and listed as a field", path());
            problems.push(Problem::new(retired.line, message, "remove one of them"));
        }
        if let Some((line, to)) = seen.insert(key, (retired.line, &retired.to))
            && *to != retired.to
        {
            let message = format!("`{}` became another field in line {line}", path());
            problems.push(Problem::new(retired.line, message, "let both say the same"));
        }
    }
}
