//! The places of mapping files that name paths, held against a contract.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bstr::{BString, ByteSlice};

use super::findings::Findings;
use super::held::{Both, Look};
use super::listed::Lists;
use super::side::{Side, Written};
use super::{Condition, Drift, Mapping, Place, Stood, Survey};
use crate::drift::claims;
use crate::drift::compare::{Known, Nearest};
use crate::drift::config::{Declares, Maps, Wanted};
use crate::drift::contract::{Contract, Retired};
use crate::drift::path::FieldPath;
use crate::drift::problem::Lines;
use crate::drift::resolve::{Declared, Field};
use crate::drift::shape::{IfKnown, Unread, When};
use crate::error::Result;

/// A contract as mappings see it.
struct Paths<'c> {
    known: &'c Known<'c>,
    contract: Option<&'c Contract>,
    /// Made for the first place that the contract does not know.
    lists: OnceCell<Lists<'c>>,
    retired: HashMap<(&'c str, &'c FieldPath), &'c Retired>,
    /// What is retired, by type and path, and all that it was in.
    had: HashSet<(&'c str, FieldPath)>,
}

impl<'c> Paths<'c> {
    fn of(contract: Option<&'c Contract>, known: &'c Known<'c>) -> Self {
        let all = contract.into_iter().flat_map(|contract| contract.retired.iter().rev());
        // Where a name is retired for two the first counts; the contract's own lint tells it.
        let retired: HashMap<_, _> = all.map(|retired| ((retired.ty.as_str(), &retired.from), retired)).collect();
        let paths = retired.keys().flat_map(|(ty, path)| {
            let above = std::iter::successors(Some((*path).clone()), FieldPath::parent);
            above.map(|path| (*ty, path))
        });
        let had = paths.collect();
        Self { known, contract, lists: OnceCell::new(), retired, had }
    }

    /// Where the contract speaks of a type.
    fn line(&self, ty: &str) -> Option<u32> {
        self.lists.get_or_init(|| Lists::of(self.contract)).line(ty)
    }

    fn is_canonical(&self, ty: &str, path: &FieldPath) -> bool {
        self.known.knows(ty, path) && !self.retired.contains_key(&(ty, path))
    }

    /// Whether something counts that only does so where the contract says something.
    fn says(&self, part: &IfKnown) -> bool {
        let knows = |ty: &str, member: &String| {
            let path = FieldPath::of(member);
            // What the contract had is of that type, too.
            self.known.knows(ty, &path) || self.had.contains(&(ty, path))
        };
        part.when.iter().all(|when| match when {
            When::Knows { ty, members } => members.iter().all(|member| knows(ty, member)),
            When::KnowsAny { ty, members } => members.iter().any(|member| knows(ty, member)),
            When::HasNo(ty) => !self.known.has_type(ty),
        })
    }

    /// The type and path of a mapped place, where the contract does not know it. What is said of a type that the contract
    /// has nothing on is not the contract's business.
    fn unknown(&self, ty: Option<String>, path: FieldPath) -> Option<(String, FieldPath)> {
        if let Some(ty) = ty {
            let is_other_s = !self.known.has_type(&ty);
            return (!is_other_s && !self.is_canonical(&ty, &path)).then_some((ty, path));
        }
        if let Some((ty, rest)) = path.split_type().filter(|(ty, _)| self.known.has_type(ty)) {
            return (!self.is_canonical(ty, &rest)).then(|| (ty.to_owned(), rest));
        }
        (!self.known.types_with(&path)).then(|| (String::new(), path))
    }
}

/// One state of the sources, as mapped places that the contract does not know are held against it.
struct State<'s, 'a> {
    side: &'s Side<'a>,
    /// What the sources declare, as far as that was looked at.
    declared: Vec<(&'s Declared, &'s Declares)>,
    /// Read for the first place that may name one of them.
    others: Option<Others>,
}

/// The fields that sources declare and that the contract need not know: by type and path, and by path alone.
#[derive(Default)]
struct Others {
    typed: HashSet<(String, FieldPath)>,
    untyped: HashSet<FieldPath>,
}

impl Others {
    fn add(&mut self, declared: &Declared, source: &Declares) {
        let others = declared.fields.iter().filter(|field: &&Field| !Wanted::any(&source.kinds, field));
        for field in others {
            self.typed.insert((field.ty.to_string(), field.path.clone()));
            self.untyped.insert(field.path.clone());
        }
    }

    fn have(&self, ty: &str, path: &FieldPath) -> bool {
        match ty.is_empty() {
            true => self.untyped.contains(path),
            false => self.typed.contains(&(ty.to_owned(), path.clone())),
        }
    }
}

impl Look<'_, '_> {
    pub(super) fn mappings(
        &self,
        survey: &mut Survey,
        findings: &mut Findings,
        sources: &[Both<'_>],
        touched: &[BString],
    ) -> Result<()> {
        let [old_known, known] = self.known;
        let (paths, old_paths) = (Paths::of(self.contract(), known), Paths::of(self.old_contract(), old_known));
        let files = match self.full {
            _ if self.held.mappings.is_empty() => return Ok(()),
            true => self.head.all_files(self.held)?,
            false => self.head.present(touched.iter())?,
        };
        let heads = sources.iter().map(|both| (&*both.head, both.source)).collect();
        let bases = sources.iter().map(|both| (&*both.base, both.source)).collect();
        let mut after = State { side: self.head, declared: heads, others: None };
        let mut before = self.base.map(|base| State { side: base, declared: bases, others: None });
        let mut moved: Option<HashSet<(String, FieldPath)>> = None;
        for file in &files {
            // Nothing is told twice, whichever of the file's mappings finds it.
            let mut told = BTreeSet::new();
            let mut old: Option<BTreeSet<String>> = None;
            for maps in self.maps(file) {
                for mut drift in self.unknown_places(self.head, maps, file, &paths)? {
                    if self.is_other_s(&mut after, &drift)? {
                        continue;
                    }
                    findings.stands(&drift);
                    survey.known.extend(drift.path.clone().map(|path| (drift.ty.clone(), path)));
                    let key = drift.key();
                    let stood = match &old {
                        Some(old) => old.contains(&key),
                        None => old.insert(self.keys(&mut before, file, &old_paths)?).contains(&key),
                    };
                    if (stood && self.introduced()) || !told.insert(key) {
                        continue;
                    }
                    let path = drift.path.as_ref();
                    drift.nearest = path.map(|path| paths.known.nearest(&drift.ty, path)).unwrap_or_default();
                    if moved.is_none() {
                        moved = Some(self.moved(&mut before, touched, (&old_paths, &paths))?);
                    }
                    let field = path.map(|path| (drift.ty.clone(), path.clone()));
                    let is_moved = field.is_some_and(|field| moved.iter().any(|moved| moved.contains(&field)));
                    drift.stood = Stood { own: stood || is_moved, new: false };
                    findings.drifts.push(Arc::new(drift));
                }
                self.unread_places(survey, maps, file, (&old_paths, &paths))?;
            }
        }
        Ok(())
    }

    /// The mappings that a file belongs to.
    fn maps(&self, file: &BString) -> impl Iterator<Item = &Maps> {
        self.held.mappings.iter().filter(move |maps| maps.files.has(file))
    }

    /// The drift of a file in one state, by its keys.
    fn keys(&self, state: &mut Option<State<'_, '_>>, file: &BString, paths: &Paths<'_>) -> Result<BTreeSet<String>> {
        Ok(self.drift_of(state, file, paths)?.iter().map(Drift::key).collect())
    }

    fn drift_of(&self, state: &mut Option<State<'_, '_>>, file: &BString, paths: &Paths<'_>) -> Result<Vec<Drift>> {
        let mut found = Vec::new();
        let Some(state) = state else { return Ok(found) };
        for maps in self.maps(file) {
            for drift in self.unknown_places(state.side, maps, file, paths)? {
                if !self.is_other_s(state, &drift)? {
                    found.push(drift);
                }
            }
        }
        Ok(found)
    }

    /// The fields that a file mapped to before the change, and no longer does: what maps to them now in another file is
    /// that place, moved.
    fn moved(
        &self,
        before: &mut Option<State<'_, '_>>,
        touched: &[BString],
        (old_paths, paths): (&Paths<'_>, &Paths<'_>),
    ) -> Result<HashSet<(String, FieldPath)>> {
        let mut moved = HashSet::new();
        for file in touched {
            let old = self.drift_of(before, file, old_paths)?;
            if old.is_empty() {
                continue;
            }
            let mut left = HashSet::new();
            for maps in self.maps(file) {
                left.extend(self.unknown_places(self.head, maps, file, paths)?.iter().map(Drift::key));
            }
            let gone = old.into_iter().filter(|drift| !left.contains(&drift.key()));
            moved.extend(gone.filter_map(|drift| drift.path.map(|path| (drift.ty, path))));
        }
        Ok(moved)
    }

    /// Whether a site names a field that the contract need not know. What a header claims to stand in the contract must
    /// stand there.
    fn is_other_s(&self, state: &mut State<'_, '_>, drift: &Drift) -> Result<bool> {
        let is_site = matches!(drift.condition, Condition::NonCanonical { form: Mapping::Site(_), retired: None, .. });
        let Some(path) = drift.path.as_ref().filter(|_| is_site) else { return Ok(false) };
        if let Some(others) = &state.others {
            return Ok(others.have(&drift.ty, path));
        }
        let mut others = Others::default();
        if self.whole {
            state.declared.iter().for_each(|(declared, source)| others.add(declared, source));
        } else {
            let all = self.whole(state.side)?;
            all.iter().zip(&self.held.sources).for_each(|(declared, source)| others.add(declared, source));
        }
        Ok(state.others.insert(others).have(&drift.ty, path))
    }

    /// The places of a mapping file that the contract does not know, and the file itself when it does not name it.
    fn unknown_places(&self, side: &Side<'_>, maps: &Maps, file: &BString, paths: &Paths<'_>) -> Result<Vec<Drift>> {
        let Some(bytes) = side.bytes(file.as_bstr())? else { return Ok(Vec::new()) };
        let text = bytes.to_str_lossy();
        let mut drifts = Vec::new();
        let drift = |condition, ty: String, path, code| Drift {
            condition,
            ty,
            path,
            contract: self.held.path.clone(),
            contract_line: None,
            code: Some(code),
            nearest: Nearest::None,
            stood: Stood::default(),
        };
        if maps.names_contract && !claims::names(&text, &self.held.path.to_str_lossy()) {
            let code = Place { file: file.clone(), line: 1, column: 0 };
            drifts.push(drift(Condition::Unnamed, String::new(), None, code));
        }
        for Written { ty, path: written, form, at } in side.mapped(file, &maps.sites, &|part| paths.says(part))? {
            let unknown = match FieldPath::parse(&written) {
                Ok(path) if maps.ignored.matches(path.name().as_bytes()) => None,
                Ok(path) => paths.unknown(ty, path),
                Err(_) => Some((String::new(), FieldPath::of(&written))),
            };
            let Some((ty, path)) = unknown else { continue };
            let retired = paths.retired.get(&(ty.as_str(), &path));
            let contract_line = retired.map(|retired| retired.line).or_else(|| paths.line(&ty));
            let condition = Condition::NonCanonical { form, retired: retired.map(|to| to.to.clone()), written };
            let code = side.place(file, at)?;
            drifts.push(Drift { contract_line, ..drift(condition, ty, Some(path), code) });
        }
        Ok(drifts)
    }

    /// What of a mapping file could not be read: all, or what the change adds.
    fn unread_places(
        &self,
        survey: &mut Survey,
        maps: &Maps,
        file: &BString,
        (old_paths, paths): (&Paths<'_>, &Paths<'_>),
    ) -> Result<()> {
        let of = |side: &Side<'_>, paths: &Paths<'_>| -> Result<Vec<Unread>> {
            let Some(bytes) = side.bytes(file.as_bstr())? else { return Ok(Vec::new()) };
            let mut unread = Vec::new();
            if let Some(code) = side.code(file, &maps.sites)? {
                let known = code.if_known.iter().filter(|part| paths.says(part)).flat_map(|part| &part.unread);
                let mut seen = HashSet::new();
                let all = code.unread.iter().chain(known);
                unread.extend(all.filter(|one| seen.insert((one.at, &one.reason))).cloned());
            }
            let (_, problems) = side.claims(file)?;
            let lines = (!problems.is_empty()).then(|| Lines::of(bytes));
            for (lines, problem) in lines.iter().flat_map(|lines| problems.iter().map(move |problem| (lines, problem)))
            {
                unread.push(Unread::new(lines.start(problem.line), problem.message.clone()));
            }
            Ok(unread)
        };
        let mut old: HashMap<String, usize> = HashMap::new();
        let base = self.base.filter(|_| self.introduced());
        for unread in base.map(|base| of(base, old_paths)).transpose()?.unwrap_or_default() {
            *old.entry(unread.reason).or_default() += 1;
        }
        for unread in of(self.head, paths)? {
            match old.get_mut(&unread.reason) {
                Some(left) if *left > 0 => *left -= 1,
                _ => survey.blind(self.head.place(file, unread.at)?, &unread.reason),
            }
        }
        Ok(())
    }
}
