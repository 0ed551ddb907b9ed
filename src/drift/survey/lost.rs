//! Types of one name: what one of them loses while another still has it.

use std::collections::{BTreeMap, HashMap};

use bstr::BString;

use super::held::{Both, Look};
use crate::drift::contract::{Contract, Entry};
use crate::drift::resolve::{Declared, Unit};

impl Look<'_, '_> {
    /// What the change takes from one of several types of a name. Without this a second type of the name, which nothing
    /// uses, could stand for what the first has lost.
    pub(super) fn lost<'c>(&'c self, sources: &[Both<'_>]) -> Vec<(&'c Entry, BString)> {
        let mut lost: BTreeMap<(&str, String), (&'c Entry, BString)> = BTreeMap::new();
        if self.base.is_none() {
            return Vec::new();
        }
        let contracts = [self.contract(), self.old_contract()];
        let mut entries: HashMap<&str, Vec<&'c Entry>> = HashMap::new();
        for entry in contracts.into_iter().flatten().flat_map(|contract: &'c Contract| &contract.entries) {
            entries.entry(entry.ty.as_str()).or_default().push(entry);
        }
        // Descriptions may lay one type out over several files.
        for both in sources.iter().filter(|both| both.source.language.is_code()) {
            for (ty, now) in &both.head.apart {
                let Some(entries) = entries.get(ty.as_str()) else { continue };
                let before = units(&both.base, ty);
                for (entry, other) in in_one(entries, &before, now) {
                    lost.entry((entry.ty.as_str(), entry.path.to_string())).or_insert((entry, other));
                }
            }
        }
        lost.into_values().collect()
    }
}

/// The types of one name in one state.
fn units(declared: &Declared, ty: &str) -> Vec<Unit> {
    if let Some(units) = declared.apart.get(ty) {
        return units.clone();
    }
    let Some((file, at)) = declared.types.get(ty) else { return Vec::new() };
    let fields = declared.fields.iter().filter(|field| &*field.ty == ty).map(|field| field.path.clone()).collect();
    vec![Unit { file: file.clone(), at: *at, fields }]
}

fn by_file(units: &[Unit]) -> BTreeMap<&BString, Vec<&Unit>> {
    let mut files: BTreeMap<&BString, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        files.entry(&unit.file).or_default().push(unit);
    }
    files
}

fn has(unit: &Unit, entry: &Entry) -> bool {
    let covered = || entry.path.is_pattern() && unit.fields.iter().any(|path| entry.path.covers(path));
    unit.fields.contains(&entry.path) || covered()
}

/// The entries that types of one name have lost. A type is the one of its file; one that is in no file of before may be
/// one that was moved, if it has all that the moved one had.
fn in_one<'c>(entries: &[&'c Entry], before: &[Unit], now: &[Unit]) -> Vec<(&'c Entry, BString)> {
    let mut lost = Vec::new();
    let still = |entry: &Entry| now.iter().find(|unit| has(unit, entry));
    let (before, files) = (by_file(before), by_file(now));
    for (file, units) in before {
        let had = |entry: &&&Entry| units.iter().all(|unit| has(unit, entry));
        let due: Vec<&'c Entry> = entries.iter().filter(had).copied().collect();
        let here = files.get(file).map(Vec::as_slice).unwrap_or_default();
        let lacking: Vec<&'c Entry> = if here.is_empty() {
            let due: Vec<&'c Entry> = due.into_iter().filter(|entry| still(entry).is_some()).collect();
            let lacks = |unit: &Unit| due.iter().filter(|entry| !has(unit, entry)).copied().collect::<Vec<_>>();
            now.iter().map(lacks).min_by_key(Vec::len).unwrap_or_default()
        } else {
            due.into_iter().filter(|entry| here.iter().any(|unit| !has(unit, entry))).collect()
        };
        lost.extend(lacking.into_iter().filter_map(|entry| Some((entry, still(entry)?.file.clone()))));
    }
    lost
}
