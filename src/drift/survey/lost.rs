//! Types of one name: what one of them loses while another still has it.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;

use super::held::{Both, Look};
use crate::drift::config::Declares;
use crate::drift::contract::{Contract, Entry};
use crate::drift::path::FieldPath;
use crate::drift::resolve::{Declared, Unit};

impl Look<'_, '_> {
    /// What the change takes from one of several types of a name, in one source or in several. Without this a second type
    /// of the name, which nothing uses, could stand for what the first has lost.
    pub(super) fn lost<'c>(&'c self, sources: &[Both<'_>]) -> Vec<(&'c Entry, BString)> {
        let mut lost: BTreeMap<(&str, String), (&'c Entry, BString)> = BTreeMap::new();
        if self.base.is_none() {
            return Vec::new();
        }
        let contracts = [self.contract(), self.old_contract()];
        let mut entries: BTreeMap<&str, Vec<&'c Entry>> = BTreeMap::new();
        for entry in contracts.into_iter().flatten().flat_map(|contract: &'c Contract| &contract.entries) {
            entries.entry(entry.ty.as_str()).or_default().push(entry);
        }
        let is_several = |ty: &str| {
            let own = sources.iter().filter(|both| both.head.types.contains_key(ty));
            own.map(|both| if apart(&both.head, both.source, ty).is_some() { 2 } else { 1 }).sum::<usize>() > 1
        };
        entries.retain(|ty, _| is_several(ty));
        if entries.is_empty() {
            return Vec::new();
        }
        let wanted: BTreeSet<&str> = entries.keys().copied().collect();
        let of = |side: &dyn Fn(&Both<'_>) -> BTreeMap<String, Vec<Unit>>| {
            let mut all: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
            for (ty, units) in sources.iter().flat_map(side) {
                all.entry(ty).or_default().extend(units);
            }
            all
        };
        let before = of(&|both| units(&both.base, both.source, &wanted));
        let now = of(&|both| units(&both.head, both.source, &wanted));
        for (ty, entries) in &entries {
            let (Some(before), Some(now)) = (before.get(*ty), now.get(*ty)) else { continue };
            for (entry, other) in in_one(entries, before, now) {
                lost.entry((entry.ty.as_str(), entry.path.to_string())).or_insert((entry, other));
            }
        }
        lost.into_values().collect()
    }
}

/// The types of one name of a source that are not parts of one.
fn apart<'d>(declared: &'d Declared, source: &Declares, ty: &str) -> Option<&'d Vec<Unit>> {
    declared.apart.get(ty).filter(|_| !source.language.has_parts())
}

/// The types of some names in one state of a source, by name.
pub(super) fn units(declared: &Declared, source: &Declares, wanted: &BTreeSet<&str>) -> BTreeMap<String, Vec<Unit>> {
    let mut fields: BTreeMap<&str, BTreeSet<FieldPath>> = BTreeMap::new();
    for field in declared.fields.iter().filter(|field| wanted.contains(&*field.ty)) {
        fields.entry(&field.ty).or_default().insert(field.path.clone());
    }
    let of = |ty: &str| match apart(declared, source, ty) {
        Some(units) => Some((ty.to_owned(), units.clone())),
        None => {
            let (file, at) = declared.types.get(ty)?;
            let fields = fields.get(ty).cloned().unwrap_or_default();
            Some((ty.to_owned(), vec![Unit { file: file.clone(), at: *at, fields }]))
        }
    };
    wanted.iter().copied().filter_map(of).collect()
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
