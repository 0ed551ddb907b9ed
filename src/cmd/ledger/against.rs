//! A ledger, and all that it is held against: the refs, the mirrors with whose keys may sign them, and receipts.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use self::keys::Keys;
use super::none;
use crate::cli::ledger::Place;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::ledger::verify::mirror::Held;
use crate::ledger::verify::{Known, Report};
use crate::ledger::{FOLDER, Ledger, MIRROR, Reader, Receipt};
use crate::policy::load::server_folder;
use crate::refs::RefMap;

mod keys;
mod mirror;

/// A ledger, and what it is held against.
pub(super) struct Against {
    pub(super) repo: Repo,
    pub(super) reader: Reader,
    /// What mirrors and pushers remember of its end, each with a word on where it is from.
    pub(super) receipts: Vec<(String, Receipt)>,
    refs: RefMap,
    /// Mirrors by what messages call them; without a repository of its own, the one that stands beside the ledger.
    mirrors: Vec<(String, Option<(Repo, RefMap)>)>,
    keys: Keys,
}

impl Against {
    /// The ledger of a repository with its refs of the same moment, its mirrors, and the receipts that are named.
    ///
    /// # Errors
    /// One of them cannot be read, or there is no ledger.
    pub(super) fn gather(
        place: &Place,
        mirrors: &[PathBuf],
        receipts: &[String],
        signers: Option<&Path>,
        env: &Env,
    ) -> Result<Self> {
        let kept = receipts.iter().map(|text| text.parse::<Receipt>().map_err(Error::usage));
        let kept = kept.collect::<Result<Vec<_>>>()?;
        let repo = Repo::discover(&place.repo, env)?;
        let ledger = Ledger::open(&server_folder(&repo).join(FOLDER));
        // A push that is recorded between the two would look like one that is not.
        let (reader, refs) = ledger.quiet(|| (ledger.read(&place.archive), repo.refs()));
        let (reader, refs) = (reader?, refs?);
        let keys = Keys::find(signers, &repo, &refs)?;
        let mut against = Self { repo, reader, receipts: Vec::new(), refs, mirrors: Vec::new(), keys };
        if against.refs.contains_key(MIRROR.as_bytes().as_bstr()) {
            against.mirrors.push(("the mirror here".to_owned(), None));
        }
        for place in mirrors {
            let clone = Repo::discover(place, env)?;
            let held = clone.refs()?;
            against.mirrors.push((format!("the mirror in {}", shown(place)), Some((clone, held))));
        }
        for (name, clone) in &against.mirrors {
            let (repo, refs) = against.of(clone.as_ref());
            against.receipts.extend(mirror::end(repo, refs)?.map(|end| (name.clone(), end)));
        }
        against.receipts.extend(kept.into_iter().map(|receipt| ("a receipt".to_owned(), receipt)));
        if against.reader.is_empty() && against.receipts.is_empty() && against.mirrors.is_empty() {
            return Err(none());
        }
        Ok(against)
    }

    /// Where a mirror stands.
    fn of<'a>(&'a self, clone: Option<&'a (Repo, RefMap)>) -> (&'a Repo, &'a RefMap) {
        clone.map_or((&self.repo, &self.refs), |(clone, held)| (clone, held))
    }

    /// What others remember of the ledger.
    pub(super) fn known(&self) -> Known<'_> {
        let (receipts, mirrored) = (self.receipts.clone(), !self.mirrors.is_empty());
        Known { receipts, refs: Some(&self.refs), mirrored }
    }

    /// Holds every mirror against the ledger that was read, record by record.
    ///
    /// # Errors
    /// One cannot be read.
    pub(super) fn hold(&self, report: &mut Report) -> Result<Vec<Held>> {
        if matches!(self.keys, Keys::File(..)) && self.mirrors.is_empty() {
            let what = "whose key signed the mirror: there is none here, and no --mirror was named";
            report.unknown.push(what.to_owned());
        }
        let held = self.mirrors.iter().map(|(name, clone)| {
            let (repo, refs) = self.of(clone.as_ref());
            mirror::hold(repo, refs, name.clone(), &self.keys, report)
        });
        held.collect()
    }
}

fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}
