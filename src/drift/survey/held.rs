//! One contract and what is held against it, in two states.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::findings::{Findings, Pairing};
use super::given;
use super::lent;
use super::reading::{Sources, drifting};
use super::side::Side;
use super::{ADDED, Contracted, Place, REMOVED, Spoken, Standing, Survey};
use crate::drift::compare::{Fields, Known, added, removed, stands};
use crate::drift::config::{Config, Declares, Held, Mode};
use crate::drift::contract::{Contract, Entry};
use crate::drift::extract::beside;
use crate::drift::path::FieldPath;
use crate::drift::resolve::{Declared, Field};
use crate::error::Result;

/// Why what stands at the place of a file is not read.
pub(super) const ODD: &str = "a link or a submodule stands in the place of a file";

/// Shorter contracts, in bytes, are read before a thread would be there.
const WORTH_A_THREAD: usize = 8 << 10;

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
    /// The contract before and after, and its entries.
    pub(super) contracts: [Option<&'l Contract>; 2],
    pub(super) known: [&'l Known<'l>; 2],
}

/// What one source declares, as far as it was looked at.
pub(super) struct Both<'l> {
    pub(super) source: &'l Declares,
    pub(super) base: Rc<Declared>,
    pub(super) head: Rc<Declared>,
    /// Of types that could not be read not all is known that can be told of them.
    pub(super) is_blind: bool,
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
    let borrowers = match base {
        Some(base) if !everything && !contract_changed => lent::borrowers(held, base, head, changed)?,
        _ => Vec::new(),
    };
    if !is_held && borrowers.is_empty() && !changed.iter().any(|path| held.may_be_read(path)) {
        survey.contracts.push(contracted);
        return Ok(());
    }
    let full = everything || contract_changed || given::any_new(held, base, head, &touched)?;
    let sources = Sources { held, base, head, changed, whole: full };
    let (kept, mut read) = contracts(held, base, head, || sources.read())?;
    let [before, after] = kept.each_ref().map(Option::as_deref);
    let known = Known::of(after);
    // A contract that did not change is one for both states.
    let is_one = before.map(std::ptr::from_ref) == after.map(std::ptr::from_ref);
    let other = (!is_one).then(|| Known::of(before));
    contracted.complete = full;
    let (contracts, known) = ([before, after], [other.as_ref().unwrap_or(&known), &known]);
    let mut look = Look { config, held, mode, base, head, changed, full, whole: full, contracts, known };
    contracted.missing = is_held && look.is_missing()?;
    look.problems(&mut contracted);
    if !look.whole && look.is_moved(&read) {
        look.whole = true;
        read = Sources { whole: true, ..sources }.read()?;
    }
    let mut findings = Findings::default();
    look.fields(&mut contracted, &mut findings, &read)?;
    let mapping: Vec<BString> = touched.iter().cloned().chain(borrowers).collect();
    look.mappings(survey, &mut findings, &read, &mapping)?;
    look.unread(survey, &read)?;
    look.odd(survey)?;
    let anything = full || !findings.drifts.is_empty();
    survey.standing.append(&mut findings.standing.into_iter().collect());
    survey.drifts.extend(findings.drifts);
    survey.contracts.push(contracted);
    given::collect(survey, &look, &touched, anything)?;
    survey.spoken.extend(read.into_iter().flat_map(|both| [both.head, both.base]).map(Spoken::Code));
    survey.spoken.extend(kept.into_iter().flatten().map(Spoken::Contract));
    Ok(())
}

/// The contract in two states, `None` where it is not there, with what is done meanwhile: sources and contract are read
/// without each other, so a large contract is read by a thread of its own.
fn contracts<T>(
    held: &Held,
    base: Option<&Side<'_>>,
    head: &Side<'_>,
    meanwhile: impl FnOnce() -> Result<T>,
) -> Result<([Option<Rc<Contract>>; 2], T)> {
    let path = held.path.as_bstr();
    let [before, after] = [base.map(|base| base.blob(path)).transpose()?.flatten(), head.blob(path)?];
    // What did not change is one contract.
    let is_one = before.zip(after).is_some_and(|(before, after)| before.oid == after.oid);
    let blobs = [before.filter(|_| !is_one), after];
    let read = || blobs.map(|blob| blob.map(|blob| Contract::parse(blob.read(), &held.columns)));
    let is_large = blobs.iter().flatten().any(|blob| blob.read().len() >= WORTH_A_THREAD);
    let (done, read) = if is_large { beside(meanwhile, read)? } else { (meanwhile(), read()) };
    let [before, after] = read.map(|contract| contract.map(Rc::new));
    Ok(([if is_one { after.clone() } else { before }, after], done?))
}

impl<'l> Look<'l, '_> {
    pub(super) fn contract(&self) -> Option<&'l Contract> {
        self.contracts[1]
    }

    pub(super) fn old_contract(&self) -> Option<&'l Contract> {
        self.contracts[0]
    }

    /// Whether only what the change adds is asked for.
    pub(super) fn introduced(&self) -> bool {
        self.mode == Mode::Introduced && self.base.is_some()
    }

    /// What stands of a field, as acknowledgements have it.
    fn standing(&self, ty: &str, path: &FieldPath, what: &'static str) -> Standing {
        Standing { ty: ty.to_owned(), path: path.clone(), contract: self.held.path.clone(), what, file: None }
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

    fn fields(&self, contracted: &mut Contracted, findings: &mut Findings, sources: &[Both<'_>]) -> Result<()> {
        let [old_known, known] = self.known;
        let head = Fields::of(sources.iter().flat_map(|both| &both.head.fields));
        let is_one = sources.iter().all(|both| Rc::ptr_eq(&both.base, &both.head));
        let other = (!is_one).then(|| Fields::of(sources.iter().flat_map(|both| &both.base.fields)));
        let base = other.as_ref().unwrap_or(&head);
        let before = sources.iter().filter(|_| self.introduced()).map(|both| (&*both.base, both.source));
        let old_drift = drifting(before, old_known);
        let mut come: Vec<(&Field, bool)> = Vec::new();
        let mut seen = HashSet::new();
        for both in sources {
            for field in added(&both.head.fields, both.source, known) {
                let key = (&*field.ty, &field.path);
                findings.standing.push(self.standing(&field.ty, &field.path, ADDED));
                if !old_drift.contains(&key) && seen.insert(key) {
                    come.push((field, true));
                }
            }
        }
        if self.base.is_some() && !is_one {
            let new =
                |field: &&Field| base.get(&field.ty, &field.path).is_none() && known.lists(&field.ty, &field.path);
            come.extend(head.iter().filter(new).map(|field| (field, false)));
        }
        let declared = |ty: &str| sources.iter().any(|both| both.head.types.contains_key(ty));
        let was_declared = |ty: &str| sources.iter().any(|both| both.base.types.contains_key(ty));
        let mut gone = self.gone((base, &head), &|ty| declared(ty) || was_declared(ty), findings);
        let lost = self.lost(sources);
        for (entry, _) in &lost {
            findings.standing.push(self.standing(&entry.ty, &entry.path, REMOVED));
            gone.push((*entry, false));
        }
        self.orphans(contracted, &declared, &was_declared);
        let orphans: Vec<&str> = contracted.orphans.iter().map(|(ty, _)| ty.as_str()).collect();
        let pairing =
            Pairing { look: self, gone: &gone, lost: &lost, come: &come, all: &head, base, orphans: &orphans, sources };
        let renamed_types = pairing.pair(findings)?;
        contracted.orphans.retain(|(ty, _)| !renamed_types.contains(ty));
        Ok(())
    }

    /// The entries behind which nothing stands any more; with each, whether the change takes it out of the contract too.
    fn gone<'c>(
        &'c self,
        (base, all): (&Fields<'_>, &Fields<'_>),
        declares: &dyn Fn(&str) -> bool,
        findings: &mut Findings,
    ) -> Vec<(&'c Entry, bool)> {
        let [old_known, known] = self.known;
        let mut gone: Vec<(&Entry, bool)> = Vec::new();
        if let Some(contract) = self.contract() {
            for entry in removed(contract, all, declares) {
                let had = stands(entry, base);
                let was = old_known.lists(&entry.ty, &entry.path) && !had;
                let seen = self.whole || had;
                if seen {
                    findings.standing.push(self.standing(&entry.ty, &entry.path, REMOVED));
                }
                if seen && !(self.introduced() && was) {
                    gone.push((entry, false));
                }
            }
        }
        if self.base.is_some() && self.changed.contains(&self.held.path) {
            let mut seen = BTreeSet::new();
            for entry in self.old_contract().into_iter().flat_map(|contract| &contract.entries) {
                let listed = known.lists(&entry.ty, &entry.path);
                if !listed && stands(entry, base) && !stands(entry, all) && seen.insert((&entry.ty, &entry.path)) {
                    findings.standing.push(self.standing(&entry.ty, &entry.path, REMOVED));
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
        let [before, _] = self.known;
        let mut seen = BTreeSet::new();
        let entries = self.contract().map(|contract| contract.entries.as_slice()).unwrap_or_default();
        for entry in entries.chunk_by(|entry, next| entry.ty == next.ty).filter_map(<[Entry]>::first) {
            let ty = entry.ty.as_str();
            // A type that the change takes away is told by its fields.
            let told = self.introduced() && before.has_type(ty);
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
            survey.blind(place, ODD);
        }
        Ok(())
    }
}
