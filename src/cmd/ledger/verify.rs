//! `refgate ledger verify`: the ledger against itself, the refs, the mirrors and the receipts.

use std::fmt::Write as _;

use super::super::rules::print;
use super::against::Against;
use crate::cli::Format;
use crate::cli::ledger::Verify;
use crate::env::Env;
use crate::error::Result;
use crate::escape;
use crate::ledger::Receipt;
use crate::ledger::verify::mirror::Held;
use crate::ledger::verify::{Report, verify};
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
