//! One contract and what is held against it, in two states.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::findings::{Findings, Pairing};
use super::given;
use super::reach;
use super::side::Side;
use super::{Contracted, Place, Survey};
use crate::drift::compare::{Fields, Known, added, index, removed, stands};
use crate::drift::config::{Config, Declares, Held, Mode};
use crate::drift::contract::{Contract, Entry};
use crate::drift::path::FieldPath;
use crate::drift::resolve::{Declared, Field};
use crate::error::Result;

/// What a look at one contract goes by.
pub(super) struct Look<'l, 'a> {
    pub(super) config: &'l Config,
    pub(super) held: &'l Held,
    pub(super) mode: Mode,
    pub(super) base: Option<&'l Side<'a>>,
    pub(super) head: &'l Side<'a>,
    pub(super) changed: &'l BTreeSet<BString>,
    /// Every file is looked at, and not those alone that the change touches.
    pub(super) full: bool,
    /// All sources are read whole.
    pub(super) whole: bool,
    /// The contract before and after.
    pub(super) contracts: [Option<Rc<Contract>>; 2],
}

/// What one source declares, as far as it was looked at.
pub(super) struct Both<'l> {
    pub(super) source: &'l Declares,
    pub(super) base: Rc<Declared>,
    pub(super) head: Rc<Declared>,
}

pub(super) fn look(
    survey: &mut Survey,
    config: &Config,
    held: &Held,
    mode: Mode,
    (base, head): (Option<&Side<'_>>, &Side<'_>),
    changed: &BTreeSet<BString>,
) -> Result<()> {
    let contract_changed = changed.contains(&held.path);
    let touched: Vec<BString> = changed.iter().filter(|path| held.concerns(path)).cloned().collect();
    let mapped = touched.iter().any(|path| held.mappings.iter().any(|maps| maps.files.has(path)));
    let mut contracted =
        Contracted { path: held.path.clone(), changed: contract_changed, mapped, ..Contracted::default() };
    let everything = mode == Mode::Absolute || base.is_none() || changed.contains(&config.baseline);
    let is_held = everything || contract_changed || !touched.is_empty();
    if !is_held && !changed.iter().any(|path| held.may_be_read(path)) {
        survey.contracts.push(contracted);
        return Ok(());
    }
    let contracts = [base.map(|base| base.contract(held)).transpose()?.flatten(), head.contract(held)?];
    let full = everything || contract_changed || given::any_new(held, base, head, &touched)?;
    contracted.complete = full;
    let mut look = Look { config, held, mode, base, head, changed, full, whole: full, contracts };
    contracted.missing = is_held && look.is_missing()?;
    look.problems(&mut contracted);
    let mut sources = look.sources()?;
    if !look.whole && look.is_moved(&sources) {
        look.whole = true;
        sources = look.sources()?;
    }
    let mut findings = Findings::default();
    look.fields(survey, &mut contracted, &mut findings, &sources)?;
    look.mappings(survey, &mut findings, &sources, &touched)?;
    look.unread(survey, &sources)?;
    look.odd(survey)?;
    let anything = full || !findings.drifts.is_empty();
    survey.standing.extend(findings.standing);
    survey.drifts.extend(findings.drifts);
    survey.contracts.push(contracted);
    given::collect(survey, &look, &touched, anything)
}

/// The fields that a contract must know and does not, by type and path.
fn drifting<'f>(
    all: impl Iterator<Item = (&'f Declared, &'f Declares)>,
    known: &Known<'_>,
) -> HashSet<(&'f str, &'f FieldPath)> {
    let mut keys = HashSet::new();
    for (declared, source) in all {
        keys.extend(added(&declared.fields, source, known).map(|field| (field.ty.as_str(), &field.path)));
    }
    keys
}

impl<'l> Look<'l, '_> {
    pub(super) fn contract(&self) -> Option<&Contract> {
        self.contracts[1].as_deref()
    }

    pub(super) fn old_contract(&self) -> Option<&Contract> {
        self.contracts[0].as_deref()
    }

    /// Whether only what the change adds is asked for.
    pub(super) fn introduced(&self) -> bool {
        self.mode == Mode::Introduced && self.base.is_some()
    }

    fn is_missing(&self) -> Result<bool> {
        Ok(self.contract().is_none() || self.head.is_too_large(self.held.path.as_bstr())?)
    }

    /// What is wrong with the contract: all of it, or what the change adds.
    fn problems(&self, contracted: &mut Contracted) {
        let mut old: HashMap<(String, &str), usize> = HashMap::new();
        let before = self.old_contract().filter(|_| self.introduced()).into_iter();
        for problem in before.flat_map(|old| &old.problems) {
            *old.entry((problem.what(), &problem.help)).or_default() += 1;
        }
        for problem in self.contract().into_iter().flat_map(|contract| &contract.problems) {
            match old.get_mut(&(problem.what(), problem.help.as_str())) {
                Some(left) if *left > 0 => *left -= 1,
                _ => contracted.problems.push(problem.clone()),
            }
        }
    }

    fn sources(&self) -> Result<Vec<Both<'l>>> {
        let both = |source: &'l Declares| {
            let files = self.reading(source)?;
            let of = |side: &Side<'_>| match &files {
                Reading::Nothing => Ok(Declared::default()),
                Reading::Touched => {
                    let touched = self.changed.iter().filter(|path| source.files.has(path));
                    side.declared(source, &side.present(touched)?)
                }
                Reading::Whole => side.declared(source, &side.files(source)?),
            };
            let head = Rc::new(of(self.head)?);
            // Where nothing was touched, both states are one.
            let base = match self.base.filter(|_| !self.changed.is_empty()) {
                Some(base) => Rc::new(of(base)?),
                None if self.base.is_some() => Rc::clone(&head),
                None => Rc::default(),
            };
            Ok(Both { source, base, head })
        };
        self.held.sources.iter().map(both).collect()
    }

    /// How much of a source is read. The files of a description are few and belong together, so one of them brings all;
    /// of program code those are enough that the change touches, unless it can be seen in others.
    fn reading(&self, source: &Declares) -> Result<Reading> {
        let Some(base) = self.base.filter(|_| !self.whole) else { return Ok(Reading::Whole) };
        let is_touched = self.changed.iter().any(|path| source.files.has(path));
        if !is_touched && !self.changed.iter().any(|path| source.language.may_hold(path.as_bstr())) {
            return Ok(Reading::Nothing);
        }
        let far = !source.language.is_code() || reach::is_seen_elsewhere(source, base, self.head, self.changed)?;
        Ok(match (far, is_touched) {
            (true, _) => Reading::Whole,
            (false, true) => Reading::Touched,
            (false, false) => Reading::Nothing,
        })
    }

    /// Whether any field has come that the contract does not know, or any is gone: it may stand in another file.
    fn is_moved(&self, sources: &[Both<'_>]) -> bool {
        let base = index(sources.iter().flat_map(|both| &both.base.fields));
        let head = index(sources.iter().flat_map(|both| &both.head.fields));
        let (known, old_known) = (Known::of(self.contract()), Known::of(self.old_contract()));
        let old_drift = drifting(sources.iter().map(|both| (&*both.base, both.source)), &old_known);
        let new_drift = drifting(sources.iter().map(|both| (&*both.head, both.source)), &known);
        base.keys().any(|key| !head.contains_key(key)) || !new_drift.is_subset(&old_drift)
    }

    /// Everything that all sources declare after the change.
    pub(super) fn whole(&self) -> Result<Vec<Declared>> {
        self.held.sources.iter().map(|source| self.head.declared(source, &self.head.files(source)?)).collect()
    }

    fn fields(
        &self,
        survey: &mut Survey,
        contracted: &mut Contracted,
        findings: &mut Findings,
        sources: &[Both<'_>],
    ) -> Result<()> {
        let (known, old_known) = (Known::of(self.contract()), Known::of(self.old_contract()));
        let base = index(sources.iter().flat_map(|both| &both.base.fields));
        let head = index(sources.iter().flat_map(|both| &both.head.fields));
        let old_drift = drifting(sources.iter().map(|both| (&*both.base, both.source)), &old_known);
        let mut come: Vec<(&Field, bool)> = Vec::new();
        let mut seen = HashSet::new();
        for both in sources {
            for field in added(&both.head.fields, both.source, &known) {
                let key = (field.ty.as_str(), &field.path);
                findings.stands(&self.added(field, None));
                if !(self.introduced() && old_drift.contains(&key)) && seen.insert(key) {
                    come.push((field, true));
                }
            }
        }
        if self.base.is_some() {
            let new = |((ty, path), _): &(&(&str, &FieldPath), &&Field)| {
                !base.contains_key(&(*ty, *path)) && known.entry(ty, path).is_some()
            };
            come.extend(head.iter().filter(new).map(|(_, field)| (*field, false)));
        }
        let declared = |ty: &str| sources.iter().any(|both| both.head.types.contains_key(ty));
        let was_declared = |ty: &str| sources.iter().any(|both| both.base.types.contains_key(ty));
        let gone = self.gone((&base, &head), (&known, &old_known), &|ty| declared(ty) || was_declared(ty), findings);
        self.orphans(contracted, &declared, &was_declared);
        let orphans: Vec<&str> = contracted.orphans.iter().map(|(ty, _)| ty.as_str()).collect();
        let pairing = Pairing {
            look: self,
            gone: &gone,
            come: &come,
            all: &head,
            base: &base,
            known: &known,
            orphans: &orphans,
            sources,
        };
        let renamed_types = pairing.pair(findings)?;
        contracted.orphans.retain(|(ty, _)| !renamed_types.contains(ty));
        survey.known.extend(head.keys().chain(base.keys()).map(|(ty, path)| ((*ty).to_owned(), (*path).clone())));
        for entry in [self.contract(), self.old_contract()].into_iter().flatten().flat_map(|contract| &contract.entries)
        {
            survey.known.insert((entry.ty.clone(), entry.path.clone()));
        }
        Ok(())
    }

    /// The entries behind which nothing stands any more; with each, whether the change takes it out of the contract too.
    fn gone<'c>(
        &'c self,
        (base, all): (&Fields<'_>, &Fields<'_>),
        (known, old_known): (&Known<'_>, &Known<'_>),
        declares: &dyn Fn(&str) -> bool,
        findings: &mut Findings,
    ) -> Vec<(&'c Entry, bool)> {
        let mut gone: Vec<(&Entry, bool)> = Vec::new();
        if let Some(contract) = self.contract() {
            for entry in removed(contract, all, declares) {
                let had = stands(entry, base);
                let was = old_known.entry(&entry.ty, &entry.path).is_some() && !had;
                let seen = self.whole || had;
                if seen {
                    findings.stands(&self.removed(entry, false));
                }
                if seen && !(self.introduced() && was) {
                    gone.push((entry, false));
                }
            }
        }
        if self.base.is_some() && self.changed.contains(&self.held.path) {
            let mut seen = BTreeSet::new();
            for entry in self.old_contract().into_iter().flat_map(|contract| &contract.entries) {
                let listed = known.entry(&entry.ty, &entry.path).is_some();
                if !listed && stands(entry, base) && !stands(entry, all) && seen.insert((&entry.ty, &entry.path)) {
                    findings.stands(&self.removed(entry, true));
                    gone.push((entry, true));
                }
            }
        }
        gone
    }

    /// Sections for types that no source declares.
    fn orphans(&self, contracted: &mut Contracted, declared: &dyn Fn(&str) -> bool, was: &dyn Fn(&str) -> bool) {
        if !self.full || self.held.sources.is_empty() {
            return;
        }
        let old = self.old_contract().into_iter().flat_map(|old| &old.entries);
        let had: HashSet<&str> = old.map(|entry| entry.ty.as_str()).collect();
        let mut seen = BTreeSet::new();
        for entry in self.contract().into_iter().flat_map(|contract| &contract.entries) {
            let ty = entry.ty.as_str();
            // A type that the change takes away is told by its fields.
            let told = self.introduced() && had.contains(ty);
            if !declared(ty) && !was(ty) && !told && seen.insert(ty) {
                contracted.orphans.push((ty.to_owned(), entry.line));
            }
        }
    }

    /// What could not be read of the sources: all, or what the change adds.
    fn unread(&self, survey: &mut Survey, sources: &[Both<'_>]) -> Result<()> {
        for both in sources {
            let mut old: HashMap<(&BString, &str), usize> = HashMap::new();
            for blind in both.base.unread.iter().filter(|_| self.introduced()) {
                *old.entry((&blind.file, &blind.reason)).or_default() += 1;
            }
            for blind in &both.head.unread {
                match old.get_mut(&(&blind.file, blind.reason.as_str())) {
                    Some(left) if *left > 0 => *left -= 1,
                    _ => survey.blind(self.head.place(&blind.file, blind.at)?, &blind.reason),
                }
            }
        }
        Ok(())
    }

    /// Links and submodules in the place of sources and mapping files: what they lead to nobody reads.
    fn odd(&self, survey: &mut Survey) -> Result<()> {
        let introduced = self.introduced();
        let mut gone = false;
        for path in self.changed.iter().filter(|path| introduced && self.held.concerns(path)) {
            gone = gone || self.head.present(std::iter::once(path))?.is_empty();
        }
        if introduced && !gone {
            return Ok(());
        }
        let wanted = |path: &[u8]| self.held.concerns(path) && (!introduced || self.changed.contains(path.as_bstr()));
        for file in self.head.odd(&wanted)? {
            let place = Place { file, line: 1, column: 0 };
            survey.blind(place, "a link or a submodule stands in the place of a file");
        }
        Ok(())
    }
}

/// How much of a source is read.
enum Reading {
    Nothing,
    /// The files that the change touches.
    Touched,
    Whole,
}
