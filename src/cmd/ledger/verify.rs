//! `refgate ledger verify`: the ledger against itself, the refs, the mirrors and the receipts.

use std::fmt::Write as _;
use std::path::Path;

use bstr::ByteSlice as _;
use serde::Serialize;

use super::super::rules::print;
use super::none;
use crate::cli::Format;
use crate::cli::ledger::Verify;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::ledger::verify::{Known, Report, verify};
use crate::ledger::{FOLDER, Hash, Head, Ledger, MIRROR, Receipt};
use crate::policy::load::server_folder;
use crate::refs::RefMap;
use crate::report::json;

/// The document in a mirror that says where it ends.
const HEAD: &str = "head.json";
/// It is a line of a few hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// Runs the command; the exit status.
///
/// # Errors
/// The ledger, the refs or a mirror cannot be read.
pub fn run(args: &Verify, env: &Env) -> Result<u8> {
    let kept = args.receipt.iter().map(|text| text.parse::<Receipt>().map_err(Error::usage));
    let kept = kept.collect::<Result<Vec<_>>>()?;
    let repo = Repo::discover(&args.place.repo, env)?;
    let ledger = Ledger::open(&server_folder(&repo).join(FOLDER));
    // A push that is recorded between the two would look like one that is not.
    let (reader, refs) = ledger.quiet(|| (ledger.read(&args.place.archive), repo.refs()));
    let (reader, refs) = (reader?, refs?);
    let mut receipts = Vec::new();
    if refs.contains_key(MIRROR.as_bytes().as_bstr()) {
        receipts.push(("the mirror here".to_owned(), end_of(&repo, &refs)?));
    }
    for place in &args.mirror {
        let mirror = Repo::discover(place, env)?;
        let name = format!("the mirror in {}", shown(place));
        receipts.push((name, end_of(&mirror, &mirror.refs()?)?));
    }
    receipts.extend(kept.into_iter().map(|receipt| ("a receipt".to_owned(), receipt)));
    if reader.is_empty() && receipts.is_empty() {
        return Err(none());
    }
    let report = verify(&reader, &Known { receipts, refs: Some(&refs) })?;
    print(&match args.format {
        Format::Human => human(&report),
        Format::Json => json::line(&wire(&report)),
    })?;
    Ok(report.exit_code())
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

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct ReportV1<'a> {
    first: u64,
    hash: Hash,
    last: u64,
    more: u64,
    problems: Vec<ProblemV1<'a>>,
    records: u64,
    result: &'static str,
    schema: &'static str,
    unknown: &'a [String],
    warnings: &'a [String],
}

#[derive(Serialize)]
struct ProblemV1<'a> {
    message: &'a str,
    sequence: u64,
}

fn wire(report: &Report) -> ReportV1<'_> {
    ReportV1 {
        first: report.first,
        hash: report.last.hash,
        last: report.last.sequence,
        more: report.more,
        problems: report
            .problems
            .iter()
            .map(|problem| ProblemV1 { message: &problem.message, sequence: problem.sequence })
            .collect(),
        records: report.records,
        result: match report.exit_code() {
            0 => "intact",
            1 => "damaged",
            _ => "unknown",
        },
        schema: "refgate.ledger-report/1",
        unknown: &report.unknown,
        warnings: &report.warnings,
    }
}
