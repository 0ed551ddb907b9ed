//! `refgate ledger verify`: the ledger against itself, the refs, the mirrors and the receipts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::super::rules::print;
use super::mirror::{self, Keys};
use super::none;
use crate::cli::Format;
use crate::cli::ledger::{Place, Verify};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::ledger::verify::mirror::Held;
use crate::ledger::verify::{Known, Report, verify};
use crate::ledger::{FOLDER, Ledger, MIRROR, Reader, Receipt};
use crate::policy::load::server_folder;
use crate::refs::RefMap;
use crate::report::json;
use crate::report::ledger::json::ReportV1;

/// Runs the command; the exit status.
///
/// # Errors
/// The ledger, the refs or a mirror cannot be read.
pub fn run(args: &Verify, env: &Env) -> Result<u8> {
    let signers = args.allowed_signers.as_deref();
    let against = Against::gather(&args.place, &args.mirror, &args.receipt, signers, env)?;
    let mut report = verify(&against.reader, &against.known())?;
    let held = against.hold(&mut report)?;
    print(&match args.format {
        Format::Human => human(&report, &held),
        Format::Json => json::line(&ReportV1::of(&report, &held)),
    })?;
    Ok(report.exit_code())
}

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

pub(super) fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}

fn human(report: &Report, mirrors: &[Held]) -> String {
    let Report { first, last, records, problems, more, warnings, unknown, .. } = report;
    let word = match report.exit_code() {
        0 => "INTACT",
        1 => "DAMAGED",
        _ => "CANNOT BE SAID",
    };
    let mut text = format!("refgate: {word}: {records} records, {first} to {}\n", last.sequence);
    for problem in problems {
        let (kind, message) = (problem.kind.name(), escape::one_line(&problem.message));
        let _ = writeln!(text, "  problem: record {}: {message} ({kind})", problem.sequence);
    }
    if *more > 0 {
        let _ = writeln!(text, "  and {more} more problems");
    }
    for (word, lines) in [("cannot say", unknown), ("note", warnings)] {
        lines.iter().for_each(|line| _ = writeln!(text, "  {word}: {}", escape::one_line(line)));
    }
    for Held { place, seen, judged } in mirrors {
        let signed = match (seen.signatures, judged) {
            (0, _) => "not signed".to_owned(),
            (count, true) => format!("{count} of them signed"),
            (count, false) => format!("{count} of them signed, which nobody judged"),
        };
        let (first, last, commits) = (seen.first, seen.last.sequence, seen.commits);
        let _ = writeln!(text, "  {place}: records {first} to {last} in {commits} commits, {signed}");
    }
    if *last != Receipt::NONE {
        let _ = writeln!(text, "receipt {last}");
    }
    text
}
