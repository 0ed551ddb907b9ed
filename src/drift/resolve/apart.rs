//! Types of one name: each with its own fields, so that one of them cannot stand for what another has lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ptr;

use bstr::BString;

use super::FieldPath;
use super::lookup::{Found, Lookup};
use crate::drift::shape::{Definition, Module};

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
    units: BTreeMap<&'a str, Vec<Unit>>,
    /// Which of its name's units a definition is, or all of a module that is merged.
    places: HashMap<(*const Module, Option<*const Definition>), HashMap<&'a str, usize>>,
    /// The one that is being read: its name, and which of those.
    now: Option<(&'a str, usize)>,
}

impl<'a> Apart<'a> {
    /// A definition begins. Where one name has one definition there is nothing to tell apart.
    pub(super) fn begin(&mut self, found: &Found<'a>, lookup: &Lookup<'a>) {
        let name = found.definition.name.as_str();
        let count = lookup.names.get(name).map_or(0, Vec::len);
        // All files of a source are of one language.
        if count < 2 || found.module.is_shared {
            return;
        }
        let units = self.units.entry(name).or_default();
        let definition = (!found.module.is_merged).then_some(ptr::from_ref(found.definition));
        let places = self.places.entry((ptr::from_ref(found.module), definition)).or_default();
        let place = *places.entry(name).or_insert(units.len());
        if place == units.len() {
            units.push(Unit { file: found.file.into(), at: found.definition.at, fields: BTreeSet::new() });
        }
        self.now = Some((name, place));
    }

    pub(super) fn note(&mut self, path: &FieldPath) {
        let Some((name, place)) = self.now else { return };
        if let Some(unit) = self.units.get_mut(name).and_then(|units| units.get_mut(place)) {
            unit.fields.insert(path.clone());
        }
    }

    pub(super) fn end(&mut self) {
        self.now = None;
    }

    /// The types whose names others have too.
    pub(super) fn several(self) -> BTreeMap<String, Vec<Unit>> {
        let several = self.units.into_iter().filter(|(_, units)| units.len() > 1);
        several.map(|(name, units)| (name.to_owned(), units)).collect()
    }
}
