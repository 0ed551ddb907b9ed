//! Types of one name: each with its own fields, so that one of them cannot stand for what another has lost.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use bstr::BString;

use super::FieldPath;
use super::lookup::{Found, Lookup};

/// One of several types of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The file that declares it.
    pub file: BString,
    /// Where in it its name stands, in bytes.
    pub at: u32,
    /// Its fields.
    pub fields: BTreeSet<FieldPath>,
}

/// What was noted of each so far.
#[derive(Default)]
pub(super) struct Apart<'a> {
    units: BTreeMap<&'a str, Vec<(Found<'a>, Unit)>>,
    /// The one that is being read: its name, and which of those.
    now: Option<(&'a str, usize)>,
}

impl<'a> Apart<'a> {
    /// A definition begins. Where one name has one definition there is nothing to tell apart.
    pub(super) fn begin(&mut self, found: &Found<'a>, lookup: &Lookup<'a>) {
        let name = found.definition.name.as_str();
        let all = lookup.names.get(name).map(Vec::as_slice).unwrap_or_default();
        if all.len() < 2 || all.iter().all(|one| one.module.is_shared) {
            return;
        }
        let units = self.units.entry(name).or_default();
        let is_part =
            |(one, _): &(Found<'a>, Unit)| one.is(found) || (one.module.is_merged && ptr::eq(one.module, found.module));
        let place = units.iter().position(is_part).unwrap_or(units.len());
        if place == units.len() {
            let (file, at) = (found.file.into(), found.definition.at);
            units.push((*found, Unit { file, at, fields: BTreeSet::new() }));
        }
        self.now = Some((name, place));
    }

    pub(super) fn note(&mut self, path: &FieldPath) {
        let Some((name, place)) = self.now else { return };
        if let Some((_, unit)) = self.units.get_mut(name).and_then(|units| units.get_mut(place)) {
            unit.fields.insert(path.clone());
        }
    }

    pub(super) fn end(&mut self) {
        self.now = None;
    }

    /// The types whose names others have too.
    pub(super) fn several(self) -> BTreeMap<String, Vec<Unit>> {
        let several = self.units.into_iter().filter(|(_, units)| units.len() > 1);
        several.map(|(name, units)| (name.to_owned(), units.into_iter().map(|(_, unit)| unit).collect())).collect()
    }
}
