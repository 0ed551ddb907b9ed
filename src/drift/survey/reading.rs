//! How much of the sources is read: all of it, or what a change can be seen in.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::held::{Both, Look};
use super::reach::search::Search;
use super::reach::{self, MOST_NAMES, MOST_ROUNDS, Reach, last};
use super::side::Side;
use crate::drift::compare::{Fields, Known, added};
use crate::drift::config::{Declares, Held};
use crate::drift::path::FieldPath;
use crate::drift::resolve::Declared;
use crate::error::Result;

/// How much of a source is read.
enum Reading {
    Nothing,
    /// The types that the change can be seen in.
    Some(Reach),
    Whole,
}

/// The fields that a contract must know and does not, by type and path.
pub(super) fn drifting<'f>(
    all: impl Iterator<Item = (&'f Declared, &'f Declares)>,
    known: &Known<'_>,
) -> HashSet<(&'f str, &'f FieldPath)> {
    let drifting = all.flat_map(|(declared, source)| added(&declared.fields, source, known));
    drifting.map(|field| (&*field.ty, &field.path)).collect()
}

/// The sources of a contract, and by what is known how much of them is read.
pub(super) struct Sources<'l, 'a> {
    pub(super) held: &'l Held,
    pub(super) base: Option<&'l Side<'a>>,
    pub(super) head: &'l Side<'a>,
    pub(super) changed: &'l BTreeSet<BString>,
    /// All of them.
    pub(super) whole: bool,
}

impl<'l> Sources<'l, '_> {
    /// What each of them declares.
    pub(super) fn read(&self) -> Result<Vec<Both<'l>>> {
        self.held.sources.iter().map(|source| self.source(source)).collect()
    }

    fn source(&self, source: &'l Declares) -> Result<Both<'l>> {
        let reading = self.reading(source)?;
        if let (Reading::Some(reach), Some(base)) = (&reading, self.base)
            && let Some(both) = self.partly(source, base, reach)?
        {
            return Ok(both);
        }
        let of = |side: &Side<'_>| match reading {
            Reading::Nothing => Ok(Declared::default()),
            _ => side.declared(source, &side.files(source)?, &|_, _| true),
        };
        let head = Rc::new(of(self.head)?);
        // Where nothing was touched, both states are one.
        let base = match self.base.filter(|_| !self.changed.is_empty()) {
            Some(base) => Rc::new(of(base)?),
            None if self.base.is_some() => Rc::clone(&head),
            None => Rc::default(),
        };
        Ok(Both { source, base, head, is_blind: false })
    }

    /// How much of a source is read. The files of a description are few and belong together, so one of them brings all;
    /// of program code those types are enough that the change can be seen in.
    fn reading(&self, source: &Declares) -> Result<Reading> {
        let Some(base) = self.base.filter(|_| !self.whole) else { return Ok(Reading::Whole) };
        let is_touched = self.changed.iter().any(|path| source.files.has(path));
        let may = |path: &BString| source.language.may_hold(path.as_bstr()) || source.language.may_lead(path.as_bstr());
        if !is_touched && !self.changed.iter().any(may) {
            return Ok(Reading::Nothing);
        }
        if !source.language.is_code() {
            return Ok(Reading::Whole);
        }
        Ok(reach::of_change(source, base, self.head, self.changed)?.map_or(Reading::Whole, Reading::Some))
    }

    /// The types of a source that a change can be seen in, before it and after it, as reading everything would find them.
    /// `None` where that takes reading everything.
    fn partly(&self, source: &'l Declares, base: &Side<'_>, reach: &Reach) -> Result<Option<Both<'l>>> {
        let own = |path: &&BString| source.files.has(path);
        let mut files: BTreeSet<BString> = self.changed.iter().chain(&reach.mentioning).filter(own).cloned().collect();
        let mut searched: BTreeSet<String> = BTreeSet::new();
        for _ in 0..MOST_ROUNDS {
            let of = |side: &Side<'_>| {
                side.declared(source, &side.present(files.iter())?, &|file, definition| reach.has(file, definition))
            };
            let [old, new] = [of(base)?, of(self.head)?];
            // A name that only all files together can explain may be declared in one that was not read.
            let sought = old.sought.iter().chain(&new.sought).map(|name| last(name));
            let sought = sought.filter(|name| !reach.knows(name) && !searched.contains(*name));
            let sought: BTreeSet<String> = sought.map(str::to_owned).collect();
            if sought.is_empty() {
                let is_blind = self.is_blind(source, &old, &new)?;
                return Ok(Some(Both { source, base: Rc::new(old), head: Rc::new(new), is_blind }));
            }
            if searched.len() + sought.len() > MOST_NAMES {
                return Ok(None);
            }
            searched.extend(sought.iter().cloned());
            let is_left = |path: &[u8]| source.files.has(path) && !files.contains(path.as_bstr());
            files.extend(Search::of_names(sought).run(self.head, source.language, &is_left)?);
        }
        Ok(None)
    }

    /// Whether a type has a part that cannot be read and that other types may have had before, or have still: how often it
    /// is told only reading everything can say.
    fn is_blind(&self, source: &Declares, old: &Declared, new: &Declared) -> Result<bool> {
        for blind in &new.unread {
            let was_there = !self.changed.contains(&blind.file) && old.unread.contains(blind);
            if !was_there && !self.head.is_of_file(source.language, blind)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Look<'_, '_> {
    /// Whether any field has come that the contract does not know, or any is gone: it may stand in another file.
    pub(super) fn is_moved(&self, sources: &[Both<'_>]) -> bool {
        let base = Fields::of(sources.iter().flat_map(|both| &both.base.fields));
        let head = Fields::of(sources.iter().flat_map(|both| &both.head.fields));
        let [old_known, known] = self.known;
        let old_drift = drifting(sources.iter().map(|both| (&*both.base, both.source)), old_known);
        let new_drift = drifting(sources.iter().map(|both| (&*both.head, both.source)), known);
        sources.iter().any(|both| both.is_blind)
            || base.iter().any(|field| head.get(&field.ty, &field.path).is_none())
            || !new_drift.is_subset(&old_drift)
    }

    /// Everything that all sources declare in one state.
    pub(super) fn whole(&self, side: &Side<'_>) -> Result<Vec<Declared>> {
        let of = |source: &Declares| side.declared(source, &side.files(source)?, &|_, _| true);
        self.held.sources.iter().map(of).collect()
    }
}
