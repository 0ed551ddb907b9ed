//! What the contract says twice, differently, or not at all.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};

use super::{Contract, Entry, Form, Target};
use crate::drift::problem::Problem;
use crate::escape::excerpt;

/// Adds the problems that only show in the whole.
pub(super) fn check(contract: &mut Contract) {
    let mut problems = Vec::new();
    fields(contract, &mut problems);
    sections(contract, &mut problems);
    retired(contract, &mut problems);
    contract.problems.append(&mut problems);
}

/// The same field twice in one place, or in two that disagree.
fn fields(contract: &Contract, problems: &mut Vec<Problem>) {
    let mut stated: HashMap<(&str, &super::FieldPath, Option<&str>), &Entry> = HashMap::new();
    let mut placed = HashMap::new();
    for entry in &contract.entries {
        let key = (entry.ty.as_str(), &entry.path, entry.route.as_deref());
        let told = || format!("`{}` of `{}`", excerpt(&entry.path.to_string()), excerpt(&entry.ty));
        if let Some(line) = placed.insert((key, place(entry)), entry.line) {
            let message = format!("{} stands here twice, first in line {line}", told());
            let help = "remove one of them; or it belongs to another type, whose heading is missing";
            problems.push(Problem::new(entry.line, message, help).at(entry.column));
        }
        match stated.entry(key) {
            Slot::Vacant(slot) => drop(slot.insert(entry)),
            Slot::Occupied(slot) if disagree(&slot.get().target, &entry.target) => {
                let line = slot.get().line;
                let message = format!("{} is mapped to something else than in line {line}", told());
                problems.push(Problem::new(entry.line, message, "let both say the same").at(entry.column));
            }
            Slot::Occupied(mut slot) if slot.get().target == Target::Unstated => drop(slot.insert(entry)),
            Slot::Occupied(_) => {}
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
                "list its fields, or write the heading without backticks",
            ));
        }
    }
}

/// A name that is retired and listed, or retired for two others.
fn retired(contract: &Contract, problems: &mut Vec<Problem>) {
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
