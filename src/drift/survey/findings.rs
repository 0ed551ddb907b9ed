//! From what is gone and what has come to drift, with what belongs together taken together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bstr::BString;

use super::held::{Both, Look};
use super::listed::Lists;
use super::{Condition, Drift, Standing, Stood};
use crate::drift::acknowledgement::write_field;
use crate::drift::compare::{Fields, Nearest, stands};
use crate::drift::contract::Entry;
use crate::drift::path::FieldPath;
use crate::drift::rename::{self, Evidence, Item, Neighbour, Paired, Written};
use crate::drift::resolve::Field;
use crate::error::Result;

/// What was found on one contract.
#[derive(Default)]
pub(super) struct Findings {
    /// What the mode asks for.
    pub(super) drifts: Vec<Arc<Drift>>,
    /// Everything.
    pub(super) standing: Vec<Standing>,
}

impl Findings {
    pub(super) fn stands(&mut self, drift: &Drift) {
        self.standing.extend(drift.standing());
    }
}

impl Look<'_, '_> {
    pub(super) fn added(&self, field: &Field) -> Drift {
        Drift {
            condition: Condition::Added { kind: field.kind_name(), beside: None },
            ty: field.ty.to_string(),
            path: Some(field.path.clone()),
            contract: self.held.path.clone(),
            contract_line: None,
            code: None,
            nearest: Nearest::None,
            stood: Stood::default(),
        }
    }

    pub(super) fn removed(&self, entry: &Entry, from_both: bool) -> Drift {
        Drift {
            condition: Condition::Removed { from_both, candidates: Vec::new(), other: None },
            ty: entry.ty.clone(),
            path: Some(entry.path.clone()),
            contract: self.held.path.clone(),
            contract_line: Some(entry.line),
            code: None,
            nearest: Nearest::None,
            stood: Stood::default(),
        }
    }
}

/// All that renames are found by.
pub(super) struct Pairing<'p, 'l, 'a> {
    pub(super) look: &'p Look<'l, 'a>,
    /// Entries behind which nothing stands; whether the contract lost them too.
    pub(super) gone: &'p [(&'p Entry, bool)],
    /// Entries that one type has lost and another of its name has still, in that file.
    pub(super) lost: &'p [(&'p Entry, BString)],
    /// Fields that have come; whether the contract does not know them.
    pub(super) come: &'p [(&'p Field, bool)],
    /// All fields after and before.
    pub(super) all: &'p Fields<'p>,
    pub(super) base: &'p Fields<'p>,
    /// Types of the contract that no source declares.
    pub(super) orphans: &'p [&'p str],
    pub(super) sources: &'p [Both<'p>],
}

impl Pairing<'_, '_, '_> {
    /// Writes down what was found, and returns the orphaned types that are known again under another name.
    pub(super) fn pair(&self, findings: &mut Findings) -> Result<BTreeSet<String>> {
        if self.gone.is_empty() && self.come.is_empty() && self.orphans.is_empty() {
            return Ok(BTreeSet::new());
        }
        let types = self.types();
        for (before, after) in &types {
            self.renamed_type(findings, before, after)?;
        }
        // Where nothing is gone, nothing has another name.
        let paired = if self.gone.is_empty() { Paired::default() } else { self.renames(&types) };
        let mut left: BTreeSet<usize> = (0..self.gone.len()).collect();
        let mut right: BTreeSet<usize> = (0..self.come.len()).collect();
        for (before, after, evidence) in paired.pairs {
            left.remove(&before);
            right.remove(&after);
            // The type's own finding says it.
            if evidence == Evidence::Type {
                continue;
            }
            let Some(((entry, _), (field, unlisted))) = self.gone.get(before).zip(self.come.get(after)) else {
                continue;
            };
            let to = (field.ty.to_string(), Some(field.path.clone()));
            let mut drift = self.look.removed(entry, false);
            drift.condition = Condition::Renamed { to, evidence, listed: !unlisted };
            drift.stood = Stood { own: self.was_gone(entry), new: self.had_come(field) };
            drift.code = Some(self.look.head.place(&field.file, field.at)?);
            findings.stands(&drift);
            findings.drifts.push(Arc::new(drift));
        }
        let lost: HashMap<*const Entry, &BString> =
            self.lost.iter().map(|(entry, file)| (std::ptr::from_ref(*entry), file)).collect();
        for index in left {
            let Some((entry, from_both)) = self.gone.get(index) else { continue };
            let mut drift = self.look.removed(entry, *from_both);
            let likely = paired.candidates.get(&index).into_iter().flatten().filter_map(|come| self.come.get(*come));
            let candidates = likely.map(|(field, _)| write_field(&field.ty, &field.path)).collect();
            let other = lost.get(&std::ptr::from_ref(*entry)).map(|file| (*file).clone());
            drift.condition = Condition::Removed { from_both: *from_both, candidates, other };
            drift.stood.own = self.was_gone(entry);
            if let (Some(field), Some(base)) = (self.base.get(&entry.ty, &entry.path), self.look.base) {
                drift.code = Some(base.place(&field.file, field.at)?);
            }
            findings.drifts.push(Arc::new(drift));
        }
        let lists = Lists::of(self.look.contract().filter(|_| !right.is_empty()));
        for index in right {
            let Some((field, true)) = self.come.get(index) else { continue };
            let [_, known] = self.look.known;
            let mut drift = self.look.added(field);
            drift.nearest = known.nearest(&field.ty, &field.path);
            drift.contract_line = lists.line(&field.ty);
            drift.stood.own = self.had_come(field);
            if let Condition::Added { beside, .. } = &mut drift.condition {
                *beside = lists.first(&field.ty);
            }
            drift.code = Some(self.look.head.place(&field.file, field.at)?);
            findings.drifts.push(Arc::new(drift));
        }
        let kept: BTreeSet<&str> = self.orphans.iter().copied().collect();
        Ok(types.into_keys().filter(|ty| kept.contains(ty.as_str())).collect())
    }

    /// What of the gone is one of those that have come, under another name.
    fn renames(&self, types: &BTreeMap<String, String>) -> Paired {
        let before: BTreeMap<&str, &str> = types.iter().map(|(old, new)| (new.as_str(), old.as_str())).collect();
        // Neighbours are compared within one parent alone, and where the code had what is gone.
        let had = self.gone.iter().filter(|(entry, _)| self.base.get(&entry.ty, &entry.path).is_some());
        let parents: HashSet<(&str, &str)> =
            had.map(|(entry, _)| (now(types, &entry.ty), entry.path.above())).collect();
        let old = Neighbours::of(
            self.base.iter().filter(|field| parents.contains(&(now(types, &field.ty), field.path.above()))),
            |field| self.all.get(now(types, &field.ty), &field.path).is_some(),
        );
        let new = Neighbours::of(
            self.all.iter().filter(|field| parents.contains(&(&*field.ty, field.path.above()))),
            |field| self.base.get(before.get(&*field.ty).copied().unwrap_or(&field.ty), &field.path).is_some(),
        );
        let gone: Vec<Item<'_>> = self.gone.iter().map(|(entry, _)| self.gone_item(entry, &old)).collect();
        let come: Vec<Item<'_>> = self.come.iter().map(|(field, _)| item(field, &new)).collect();
        rename::pair(&gone, &come, &self.written(), types)
    }

    /// Types that went, with those that came in their place.
    fn types(&self) -> BTreeMap<String, String> {
        let declared: BTreeSet<&str> = self.all.types().collect();
        let mut gone: BTreeMap<&str, BTreeSet<&FieldPath>> = BTreeMap::new();
        for (entry, _) in self.gone.iter().filter(|(entry, _)| !declared.contains(entry.ty.as_str())) {
            gone.entry(&entry.ty).or_default().insert(&entry.path);
        }
        let contract = self.look.contract().into_iter().flat_map(|contract| &contract.entries);
        let orphans: BTreeSet<&str> = self.orphans.iter().copied().collect();
        for entry in contract.filter(|entry| orphans.contains(entry.ty.as_str())) {
            gone.entry(&entry.ty).or_default().insert(&entry.path);
        }
        let mut come: BTreeMap<&str, BTreeSet<&FieldPath>> = BTreeMap::new();
        for (field, _) in self.come.iter().filter(|(field, _)| self.base.of_type(&field.ty).is_empty()) {
            come.entry(&field.ty).or_default().insert(&field.path);
        }
        rename::types(&gone, &come)
    }

    fn renamed_type(&self, findings: &mut Findings, before: &str, after: &str) -> Result<()> {
        let found = self.sources.iter().find_map(|both| both.head.types.get(after));
        let code = found.map(|(file, at)| self.look.head.place(file, *at)).transpose()?;
        let mut entries =
            self.look.contract().into_iter().chain(self.look.old_contract()).flat_map(|contract| &contract.entries);
        let [_, known] = self.look.known;
        let has = |ty: &str| !self.base.of_type(ty).is_empty();
        let had_other_name = self.look.base.is_some() && has(after) && !has(before);
        let drift = Drift {
            condition: Condition::Renamed {
                to: (after.to_owned(), None),
                evidence: Evidence::Type,
                listed: known.has_type(after),
            },
            ty: before.to_owned(),
            path: None,
            contract: self.look.held.path.clone(),
            contract_line: entries.find(|entry| entry.ty == before).map(|entry| entry.line),
            code,
            nearest: Nearest::None,
            stood: Stood { own: had_other_name, new: had_other_name },
        };
        findings.stands(&drift);
        findings.drifts.push(Arc::new(drift));
        Ok(())
    }

    /// Whether nothing stood behind an entry before the change already.
    fn was_gone(&self, entry: &Entry) -> bool {
        let [old, _] = self.look.known;
        // A contract that was not there lists from now on what was not there either.
        let was_listed = self.look.old_contract().is_none() || old.lists(&entry.ty, &entry.path);
        self.look.base.is_some() && was_listed && !stands(entry, self.base)
    }

    /// Whether a field was there before the change, and not in the contract.
    fn had_come(&self, field: &Field) -> bool {
        let [old, _] = self.look.known;
        self.look.base.is_some() && self.base.get(&field.ty, &field.path).is_some_and(|field| !old.has(field))
    }

    /// The renames that the contract or a migration says.
    fn written(&self) -> Vec<Written> {
        let contract = self.look.contract().into_iter().flat_map(|contract| &contract.retired);
        let mut written: Vec<Written> =
            contract.map(|retired| (retired.ty.clone(), retired.from.clone(), retired.to.clone())).collect();
        for renamed in self.sources.iter().flat_map(|both| both.head.renames.iter().map(move |renamed| (both, renamed)))
        {
            let (both, renamed) = renamed;
            let ty = both.source.names.get(&renamed.table).unwrap_or(&renamed.table).clone();
            written.push((ty, FieldPath::of(&renamed.from), FieldPath::of(&renamed.to)));
        }
        written
    }

    /// A gone entry, with what the code said of its field before.
    fn gone_item<'n>(&'n self, entry: &'n Entry, neighbours: &Neighbours<'n>) -> Item<'n> {
        match self.base.get(&entry.ty, &entry.path) {
            Some(field) => item(field, neighbours),
            None => Item { ty: &entry.ty, path: entry.path.clone(), kind: None, identity: None, neighbours: None },
        }
    }
}

/// What a type is called after the change.
fn now<'t>(types: &'t BTreeMap<String, String>, ty: &'t str) -> &'t str {
    types.get(ty).map_or(ty, String::as_str)
}

fn item<'n>(field: &'n Field, neighbours: &Neighbours<'n>) -> Item<'n> {
    Item {
        ty: &field.ty,
        path: field.path.clone(),
        kind: Some((field.kind, field.enumerated)),
        identity: field.identity,
        neighbours: neighbours.of_field(field),
    }
}

/// For each field what stays before and after it in its parent, in the order of the file.
struct Neighbours<'f>(HashMap<(&'f str, &'f FieldPath), [Neighbour<'f>; 2]>);

impl<'f> Neighbours<'f> {
    /// Of all fields of some parents; `stays` says which are there before the change and after it.
    fn of(fields: impl Iterator<Item = &'f Field>, stays: impl Fn(&Field) -> bool) -> Self {
        let mut ordered: Vec<&'f Field> = fields.collect();
        ordered.sort_by_cached_key(|field| (&*field.ty, field.path.above(), &field.file, field.at));
        let mut beside = HashMap::new();
        let parent = |field: &'f Field| (&*field.ty, field.path.above());
        for siblings in ordered.chunk_by(|a, b| parent(a) == parent(b)) {
            let before = nearest(siblings.iter().copied(), &stays);
            let after = nearest(siblings.iter().rev().copied(), &stays);
            for ((field, before), after) in siblings.iter().zip(before).zip(after.into_iter().rev()) {
                beside.insert((&*field.ty, &field.path), [before, after]);
            }
        }
        Self(beside)
    }

    fn of_field(&self, field: &Field) -> Option<[Neighbour<'f>; 2]> {
        self.0.get(&(&*field.ty, &field.path)).copied()
    }
}

/// For each field the last one above it that stays.
fn nearest<'f>(siblings: impl Iterator<Item = &'f Field>, stays: impl Fn(&Field) -> bool) -> Vec<Neighbour<'f>> {
    let mut last = Neighbour { name: None, steps: 0 };
    let mut found = Vec::new();
    for field in siblings {
        last.steps = last.steps.saturating_add(1);
        found.push(last);
        if stays(field) {
            last = Neighbour { name: Some(field.path.name()), steps: 0 };
        }
    }
    found
}
