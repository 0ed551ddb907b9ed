//! Constants that one file has from another: what they are is said by the file that makes them, as it is at the same time.
//! Files between that only hand them on are followed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bstr::BString;

use super::mentions::DEFAULT;
use super::shape::{Constant, Given, Import, Lends, Loan, Loans};
use crate::error::Result;

/// How often a file is read again for what it asks for once it knows more.
pub const MOST_ROUNDS: usize = 4;

/// Through how many files something is followed that is handed on.
pub(super) const MOST_HOPS: u8 = 32;
/// Of how many files something may be that is not known.
const MOST_FILES: usize = 256;
/// How many steps are taken for all that one file asks for.
const MOST_STEPS: usize = 1 << 14;

/// The one file that several paths may mean, with what it gives to others.
pub type Lenders<'g> = dyn Fn(&[BString]) -> Result<Option<(BString, Arc<Lends>)>> + 'g;

/// What is asked for, as far as that is known, by the names of the file that asks.
///
/// # Errors
/// A file cannot be read.
pub fn lent(wanted: &[Import], lenders: &Lenders<'_>) -> Result<Loans> {
    let mut way = Way { lenders, found: BTreeMap::new(), files: BTreeMap::new(), left: MOST_STEPS };
    let mut loans = Loans::new();
    for import in wanted {
        if let Some(local) = &import.local {
            loans.insert(local.clone(), way.loan(import)?);
        }
    }
    Ok(loans)
}

/// What is behind a name of a file.
#[derive(Clone, PartialEq, Eq)]
enum Found {
    /// What one file makes; nothing more is known of what is no constant.
    In {
        file: BString,
        of: String,
        constant: Option<Arc<Constant>>,
    },
    /// The file as a whole that these paths may mean.
    Whole(Vec<BString>),
    Nothing,
    /// It may be of several files, or of one that is not known.
    Unknown,
}

/// The way to what is handed on.
struct Way<'w> {
    lenders: &'w Lenders<'w>,
    /// What was found, by file and name; what is looked for right now is not known.
    found: BTreeMap<(BString, String), Found>,
    /// All files that an import may give something of, by the paths that it may mean.
    files: BTreeMap<Vec<BString>, Vec<BString>>,
    /// How many steps are left; when none is, nothing more is known.
    left: usize,
}

impl Way<'_> {
    /// Takes so many steps; whether there were as many.
    fn goes(&mut self, steps: usize) -> bool {
        let rest = self.left.checked_sub(steps);
        self.left = rest.unwrap_or_default();
        rest.is_some()
    }

    fn loan(&mut self, import: &Import) -> Result<Loan> {
        let found = match &import.name {
            Some(name) => self.named(&import.from, name, MOST_HOPS)?,
            None => Found::Whole(import.from.clone()),
        };
        Ok(match found {
            Found::In { file, of, constant } => Loan { constant, of: Some(of), files: vec![file] },
            Found::Whole(from) if self.goes(1) => {
                let constant = (self.lenders)(&from)?.map(|(_, lends)| Arc::clone(&lends.whole));
                Loan { constant, of: None, files: self.files(&from)? }
            }
            Found::Nothing | Found::Unknown | Found::Whole(_) => {
                Loan { constant: None, of: None, files: self.files(&import.from)? }
            }
        })
    }

    fn named(&mut self, from: &[BString], name: &str, hops: u8) -> Result<Found> {
        if hops == 0 || !self.goes(1) {
            return Ok(Found::Unknown);
        }
        let Some((file, lends)) = (self.lenders)(from)? else { return Ok(Found::Unknown) };
        let key = (file, name.to_owned());
        if let Some(known) = self.found.get(&key) {
            return Ok(known.clone());
        }
        self.found.insert(key.clone(), Found::Unknown);
        let found = match lends.names.get(name) {
            Some(Given::Own(of, constant)) => {
                let constant = Some(Arc::clone(constant));
                Found::In { file: key.0.clone(), of: of.clone(), constant }
            }
            Some(Given::Handed(Import { name: Some(name), from, .. })) => self.named(from, name, hops - 1)?,
            Some(Given::Handed(import)) => Found::Whole(import.from.clone()),
            Some(Given::Part(_) | Given::Unknown) => Found::Unknown,
            Some(Given::Other) => Found::In { file: key.0.clone(), of: name.to_owned(), constant: None },
            None if lends.is_open => Found::Unknown,
            None if name == DEFAULT => Found::Nothing,
            None => self.among(&lends.stars, name, hops - 1)?,
        };
        self.found.insert(key, found.clone());
        Ok(found)
    }

    /// The same of files all of whose names are handed on. A name that two of them have is not known.
    fn among(&mut self, stars: &[Import], name: &str, hops: u8) -> Result<Found> {
        let mut found = Found::Nothing;
        for star in stars {
            found = match (found, self.named(&star.from, name, hops)?) {
                (one, other) if one == other => one,
                (one, Found::Nothing) | (Found::Nothing, one) => one,
                _ => return Ok(Found::Unknown),
            };
        }
        Ok(found)
    }

    /// All files that an import may give something of; any, where there is no way left to tell.
    fn files(&mut self, from: &[BString]) -> Result<Vec<BString>> {
        let known = match self.files.get(from) {
            Some(known) => known.clone(),
            None => {
                let files = self.found_files(from)?;
                self.files.insert(from.to_vec(), files.clone());
                files
            }
        };
        // Each name has them for itself.
        Ok(if self.goes(known.len()) { known } else { vec![BString::default()] })
    }

    fn found_files(&mut self, from: &[BString]) -> Result<Vec<BString>> {
        let (mut files, mut waiting) = (BTreeSet::new(), vec![from.to_vec()]);
        let mut seen = BTreeSet::from([from.to_vec()]);
        while let Some(from) = waiting.pop() {
            match (self.lenders)(&from)? {
                Some((file, lends)) => {
                    let handed = if files.insert(file) { Some(lends.handed()) } else { None };
                    for import in handed.into_iter().flatten() {
                        if !self.goes(1) {
                            return Ok(vec![BString::default()]);
                        }
                        if !seen.contains(&import.from) {
                            seen.insert(import.from.clone());
                            waiting.push(import.from.clone());
                        }
                    }
                }
                // What is spelt otherwise leads nobody knows where.
                None if from.is_empty() => return Ok(vec![BString::default()]),
                // Nor is it known what an alias leads to.
                None => files.extend(from.into_iter().filter(|path| !path.is_empty())),
            }
            if files.len() > MOST_FILES || !self.goes(1) {
                return Ok(vec![BString::default()]);
            }
        }
        Ok(files.into_iter().collect())
    }
}
