//! Constants of other files that mapping files name, and the mapping files that a change of such constants can be seen in.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

use super::Blob;
use super::reach::MOST_NAMES;
use super::reach::search::Search;
use super::side::Side;
use crate::drift::config::Held;
use crate::drift::extract::{Job, extract, lends};
use crate::drift::languages::Language;
use crate::drift::lent::{MOST_HOPS, MOST_ROUNDS, lent};
use crate::drift::manifest::is_manifest;
use crate::drift::mentions::{Called, hands_on};
use crate::drift::shape::{Lends, Loans, Module, Sites};
use crate::error::Result;

/// Endings that imports may leave out.
const ENDINGS: [&str; 8] = ["cjs", "cts", "js", "jsx", "mjs", "mts", "ts", "tsx"];

impl Side<'_> {
    /// A module that was read without the constants of other files, read anew with those that it asks for.
    pub(super) fn with_lent(
        &self,
        (language, path, blob, sites): (Language, &BString, &Blob, &Sites),
        read: Arc<Module>,
    ) -> Result<Arc<Module>> {
        let (mut module, mut known) = (read, Loans::new());
        let key = (blob.oid, language, path.clone(), sites.clone());
        let Some(bytes) = &blob.bytes else { return Ok(module) };
        for _ in 0..MOST_ROUNDS {
            let found = lent(&module.wanted, &|from| self.lender(language, from))?;
            if found == known {
                break;
            }
            let read = self.shared.borrowing.borrow().get(&key).and_then(|read| {
                let same = read.iter().find(|(lent, _)| *lent == found);
                same.map(|(_, module)| Arc::clone(module))
            });
            module = match read {
                Some(module) => module,
                None => {
                    let job = Job { language, path: path.as_bstr(), bytes, sites, lent: &found };
                    let Some(module) = extract(&[job])?.pop().map(Arc::new) else { break };
                    let read = (found.clone(), Arc::clone(&module));
                    self.shared.borrowing.borrow_mut().entry(key.clone()).or_default().push(read);
                    module
                }
            };
            known = found;
        }
        Ok(module)
    }

    /// What the file gives to others that an import means. Where it may be one of several, tools do not agree which.
    fn lender(&self, language: Language, from: &[BString]) -> Result<Option<(BString, Arc<Lends>)>> {
        if let Some(known) = self.lenders.borrow().get(&language).and_then(|known| known.get(from)) {
            return Ok(known.clone());
        }
        let lender = self.found_lender(language, from)?;
        self.lenders.borrow_mut().entry(language).or_default().insert(from.to_vec(), lender.clone());
        Ok(lender)
    }

    fn found_lender(&self, language: Language, from: &[BString]) -> Result<Option<(BString, Arc<Lends>)>> {
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
        let Some(path) = found else { return Ok(None) };
        Ok(self.lends(language, path.as_bstr())?.map(|lends| (path.clone(), lends)))
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

    /// Whether a file stands there that has the whole name of another, and an ending that imports may leave out.
    fn is_begun_by(&self, path: &BStr) -> Result<bool> {
        for ending in ENDINGS {
            if self.stands(BString::from([path.as_bytes(), b".", ending.as_bytes()].concat()).as_bstr())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a file gives to others; `None` where there is none.
    fn lends(&self, language: Language, path: &BStr) -> Result<Option<Arc<Lends>>> {
        let Some(blob) = self.blob(path)? else { return Ok(None) };
        let key = (blob.oid, language, path.to_owned());
        if let Some(known) = self.shared.lends.borrow().get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        let (sites, lent) = (Sites::default(), Loans::new());
        let found = match &blob.bytes {
            Some(bytes) => lends(&Job { language, path, bytes, sites: &sites, lent: &lent })?,
            None => Lends::unknown(),
        };
        let found = Arc::new(found);
        self.shared.lends.borrow_mut().insert(key, Arc::clone(&found));
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
        let mut lenders = lenders(language, base, head, changed)?;
        add_barrels(language, head, &mut lenders)?;
        let may_borrow = |path: &[u8]| {
            Language::of_code(path.as_bstr()) == Some(language)
                && !changed.contains(path.as_bstr())
                && held.mappings.iter().any(|maps| maps.files.has(path))
        };
        if are_too_many(language, &lenders) {
            borrowers.extend(head.list(&may_borrow)?);
        } else {
            borrowers.extend(Search::of_files(lenders).run(head, language, &may_borrow)?);
        }
    }
    Ok(borrowers)
}

/// Files to look for, by none of their names.
type Changed = BTreeMap<BString, BTreeSet<String>>;

/// Whether no search would find all that mention the files.
fn are_too_many(language: Language, files: &Changed) -> bool {
    files.len() > MOST_NAMES || files.keys().any(|file| Called::of(file.as_bstr(), language).anyhow)
}

/// Adds the files that hand on what some give: who has it of those does not mention where it is made.
fn add_barrels(language: Language, head: &Side<'_>, lenders: &mut Changed) -> Result<()> {
    let mut new = lenders.clone();
    for _ in 0..MOST_HOPS {
        if new.is_empty() || are_too_many(language, lenders) {
            break;
        }
        let may_hand_on = |path: &[u8]| Language::of_code(path.as_bstr()) == Some(language);
        let mention = Search::of_files(std::mem::take(&mut new)).run(head, language, &may_hand_on)?;
        for path in mention.into_iter().filter(|path| !lenders.contains_key(path)) {
            if !head.bytes(path.as_bstr())?.is_some_and(hands_on) {
                continue;
            }
            let lends = head.lends(language, path.as_bstr())?;
            let mut from = lends.iter().flat_map(|lends| lends.handed()).flat_map(|import| &import.from);
            if from.any(|path| lenders.contains_key(path)) {
                new.insert(path, BTreeSet::new());
            }
        }
        lenders.extend(new.clone());
    }
    Ok(())
}

/// The files of a change that give others something else than before, or lead them elsewhere.
fn lenders(language: Language, base: &Side<'_>, head: &Side<'_>, changed: &BTreeSet<BString>) -> Result<Changed> {
    let mut lenders = Changed::new();
    for path in changed {
        let file = path.as_bstr();
        let is_other = if language.may_lead(file) {
            base.leads_on(file)? || head.leads_on(file)?
        } else if language.may_hold(file) {
            let [before, after] = [base.lends(language, file)?, head.lends(language, file)?];
            // A link or a submodule has none on both sides.
            before.is_none() || before != after
        } else {
            // An import of `./paths.json` may mean it, and not `paths.json.ts` any more.
            base.stands(file)? != head.stands(file)? && head.is_begun_by(file)?
        };
        if is_other {
            lenders.insert(path.clone(), BTreeSet::new());
        }
    }
    Ok(lenders)
}
