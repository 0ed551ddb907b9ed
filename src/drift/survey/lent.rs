//! Constants of other files that mapping files name, and the mapping files that a change of such constants can be seen in.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

use super::Blob;
use super::reach::MOST_NAMES;
use super::reach::search::Search;
use super::side::Side;
use crate::drift::config::Held;
use crate::drift::extract::{Job, constants, extract};
use crate::drift::languages::Language;
use crate::drift::lent::{MOST_ROUNDS, lent};
use crate::drift::manifest::is_manifest;
use crate::drift::mentions::Called;
use crate::drift::shape::{Constants, Module, Sites};
use crate::error::Result;

impl Side<'_> {
    /// A module that was read without the constants of other files, read anew with those that it asks for.
    pub(super) fn with_lent(
        &self,
        (language, path, blob, sites): (Language, &BString, &Blob, &Sites),
        read: Arc<Module>,
    ) -> Result<Arc<Module>> {
        let (mut module, mut known) = (read, Constants::new());
        let Some(bytes) = &blob.bytes else { return Ok(module) };
        for _ in 0..MOST_ROUNDS {
            let found = lent(&module.wanted, &|from| self.lender(language, from))?;
            if found == known {
                break;
            }
            let key = (blob.oid, language, path.clone(), sites.clone(), found.clone());
            let read = self.shared.borrowing.borrow().get(&key).cloned();
            module = match read {
                Some(module) => module,
                None => {
                    let job = Job { language, path: path.as_bstr(), bytes, sites, lent: &found };
                    let Some(module) = extract(&[job])?.pop().map(Arc::new) else { break };
                    self.shared.borrowing.borrow_mut().insert(key, Arc::clone(&module));
                    module
                }
            };
            known = found;
        }
        Ok(module)
    }

    /// What the file gives to others that an import means. Where it may be one of several, tools do not agree which.
    fn lender(&self, language: Language, from: &[BString]) -> Result<Option<Arc<Constants>>> {
        let key = (language, from.to_vec());
        if let Some(known) = self.lenders.borrow().get(&key) {
            return Ok(known.clone());
        }
        let lender = self.found_lender(language, from)?;
        self.lenders.borrow_mut().insert(key, lender.clone());
        Ok(lender)
    }

    fn found_lender(&self, language: Language, from: &[BString]) -> Result<Option<Arc<Constants>>> {
        let mut found: Option<&BString> = None;
        for path in from {
            if path.is_empty() {
                return Ok(None);
            }
            if !self.stands(path.as_bstr())? {
                continue;
            }
            if self.leads_on(path.as_bstr())? {
                return Ok(None);
            }
            if is_manifest(path.as_bstr()) || found == Some(path) || self.blob(path.as_bstr())?.is_none() {
                continue;
            }
            if found.replace(path).is_some() {
                return Ok(None);
            }
        }
        found.map_or(Ok(None), |path| self.constants(language, path.as_bstr()))
    }

    /// Whether anything stands at a path. To look for each of many paths by itself would read a large folder that often.
    fn stands(&self, path: &BStr) -> Result<bool> {
        let mut begin = 0;
        while let Some(length) = path.get(begin..).and_then(|rest| rest.find_byte(b'/')) {
            let end = begin + length;
            if !path.get(..end).map_or(Ok(false), |folder| self.is_listed(folder.as_bstr(), begin))? {
                return Ok(false);
            }
            begin = end + 1;
        }
        self.is_listed(path, begin)
    }

    /// The same of what stands in a folder that is there; the folder's path is so long.
    fn is_listed(&self, path: &BStr, folder: usize) -> Result<bool> {
        let folder = path.get(..folder).unwrap_or_default().as_bstr();
        let all = match self.listed.get(folder) {
            Some(all) => all,
            None => {
                let [files, others] = [self.tree.folder(folder)?, self.tree.others(folder)?];
                self.listed.insert(folder.to_owned(), Box::new(HashSet::from_iter(files.into_iter().chain(others))))
            }
        };
        Ok(all.contains(path))
    }

    /// The constants that a file gives to others; `None` where there is none.
    fn constants(&self, language: Language, path: &BStr) -> Result<Option<Arc<Constants>>> {
        let Some(blob) = self.blob(path)? else { return Ok(None) };
        let key = (blob.oid, language, path.to_owned());
        if let Some(known) = self.shared.constants.borrow().get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        let (sites, lent) = (Sites::default(), Constants::new());
        let found = match &blob.bytes {
            Some(bytes) => constants(&Job { language, path, bytes, sites: &sites, lent: &lent })?,
            None => Constants::new(),
        };
        let found = Arc::new(found);
        self.shared.constants.borrow_mut().insert(key, Arc::clone(&found));
        Ok(Some(found))
    }
}

/// The mapping files that a change does not touch and that may map to something else by it, for the constants that they
/// have from the files that it touches.
pub(super) fn borrowers(
    held: &Held,
    base: &Side<'_>,
    head: &Side<'_>,
    changed: &BTreeSet<BString>,
) -> Result<Vec<BString>> {
    let mut borrowers = Vec::new();
    if held.mappings.is_empty() {
        return Ok(borrowers);
    }
    for language in Language::ALL.into_iter().filter(|language| language.lends()) {
        let lenders = lenders(language, base, head, changed)?;
        let may_borrow = |path: &[u8]| {
            Language::of_code(path.as_bstr()) == Some(language)
                && !changed.contains(path.as_bstr())
                && held.mappings.iter().any(|maps| maps.files.has(path))
        };
        let is_called_anyhow = |file: &BString| Called::of(file.as_bstr(), language).anyhow;
        if lenders.len() > MOST_NAMES || lenders.keys().any(is_called_anyhow) {
            borrowers.extend(head.list(&may_borrow)?);
        } else {
            borrowers.extend(Search::of_files(lenders).run(head, language, &may_borrow)?);
        }
    }
    Ok(borrowers)
}

/// The files of a change that give others something else than before, or lead them elsewhere.
fn lenders(
    language: Language,
    base: &Side<'_>,
    head: &Side<'_>,
    changed: &BTreeSet<BString>,
) -> Result<BTreeMap<BString, BTreeSet<String>>> {
    let mut lenders = BTreeMap::new();
    for path in changed {
        let file = path.as_bstr();
        let is_other = if language.may_lead(file) {
            base.leads_on(file)? || head.leads_on(file)?
        } else if language.may_hold(file) {
            let [before, after] = [base.constants(language, file)?, head.constants(language, file)?];
            // A link or a submodule has none on both sides.
            before.is_none() || before != after
        } else {
            false
        };
        if is_other {
            lenders.insert(path.clone(), BTreeSet::new());
        }
    }
    Ok(lenders)
}
