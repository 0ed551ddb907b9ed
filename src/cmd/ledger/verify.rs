//! `refgate ledger verify`: the ledger against itself, the refs, the mirrors and the receipts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::super::rules::print;
use super::none;
use crate::cli::Format;
use crate::cli::ledger::{Place, Verify};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::ledger::verify::{Known, Report, verify};
use crate::ledger::{FOLDER, Head, Ledger, MIRROR, Reader, Receipt};
use crate::policy::load::server_folder;
use crate::refs::RefMap;
use crate::report::json;
use crate::report::ledger::json::ReportV1;

/// The document in a mirror that says where it ends.
const HEAD: &str = "head.json";
/// It is a line of a few hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// Runs the command; the exit status.
///
/// # Errors
/// The ledger, the refs or a mirror cannot be read.
pub fn run(args: &Verify, env: &Env) -> Result<u8> {
    let against = Against::gather(&args.place, &args.mirror, &args.receipt, env)?;
    let report = verify(&against.reader, &against.known())?;
    print(&match args.format {
        Format::Human => human(&report),
        Format::Json => json::line(&ReportV1::of(&report)),
    })?;
    Ok(report.exit_code())
}

/// A ledger, and what it is held against.
pub(super) struct Against {
    pub(super) repo: Repo,
    pub(super) reader: Reader,
    /// What mirrors and pushers remember, each with a word on where it is from.
    pub(super) receipts: Vec<(String, Receipt)>,
    refs: RefMap,
}

impl Against {
    /// The ledger of a repository with its refs of the same moment, its mirrors, and the receipts that are named.
    ///
    /// # Errors
    /// One of them cannot be read, or there is no ledger.
    pub(super) fn gather(place: &Place, mirrors: &[PathBuf], receipts: &[String], env: &Env) -> Result<Self> {
        let kept = receipts.iter().map(|text| text.parse::<Receipt>().map_err(Error::usage));
        let kept = kept.collect::<Result<Vec<_>>>()?;
        let repo = Repo::discover(&place.repo, env)?;
        let ledger = Ledger::open(&server_folder(&repo).join(FOLDER));
        // A push that is recorded between the two would look like one that is not.
        let (reader, refs) = ledger.quiet(|| (ledger.read(&place.archive), repo.refs()));
        let (reader, refs) = (reader?, refs?);
        let mut receipts = Vec::new();
        if refs.contains_key(MIRROR.as_bytes().as_bstr()) {
            receipts.push(("the mirror here".to_owned(), end_of(&repo, &refs)?));
        }
        for place in mirrors {
            let mirror = Repo::discover(place, env)?;
            let name = format!("the mirror in {}", shown(place));
            receipts.push((name, end_of(&mirror, &mirror.refs()?)?));
        }
        receipts.extend(kept.into_iter().map(|receipt| ("a receipt".to_owned(), receipt)));
        if reader.is_empty() && receipts.is_empty() {
            return Err(none());
        }
        Ok(Self { repo, reader, receipts, refs })
    }

    /// What others remember of the ledger.
    pub(super) fn known(&self) -> Known<'_> {
        Known { receipts: self.receipts.clone(), refs: Some(&self.refs) }
    }
}

/// The last record that a mirror holds.
fn end_of(repo: &Repo, refs: &RefMap) -> Result<Receipt> {
    let help = "fetch it: git fetch REMOTE +refs/refgate/ledger:refs/refgate/ledger";
    let no = |what: &str| Error::undecided(format!("the mirror {what}")).help(help);
    let tip = refs.get(MIRROR.as_bytes().as_bstr()).ok_or_else(|| no("is not there"))?;
    let entry = repo.find(repo.commit(*tip)?.tree, HEAD.into())?.ok_or_else(|| no("does not say where it ends"))?;
    let document = repo.blob(entry.oid, MOST_BYTES)?.ok_or_else(|| no("does not say where it ends"))?;
    Ok(Head::parse(&document).ok_or_else(|| no("does not say where it ends"))?.receipt)
}

fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}

fn human(report: &Report) -> String {
    let Report { first, last, records, problems, more, warnings, unknown } = report;
    let word = match report.exit_code() {
        0 => "INTACT",
        1 => "DAMAGED",
        _ => "CANNOT BE SAID",
    };
    let mut text = format!("refgate: {word}: {records} records, {first} to {}\n", last.sequence);
    for problem in problems {
        let _ = writeln!(text, "  problem: record {}: {}", problem.sequence, escape::one_line(&problem.message));
    }
    if *more > 0 {
        let _ = writeln!(text, "  and {more} more problems");
    }
    for (word, lines) in [("cannot say", unknown), ("note", warnings)] {
        lines.iter().for_each(|line| _ = writeln!(text, "  {word}: {}", escape::one_line(line)));
    }
    if *last != Receipt::NONE {
        let _ = writeln!(text, "receipt {last}");
    }
    text
}
