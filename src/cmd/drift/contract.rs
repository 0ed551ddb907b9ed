//! `refgate drift contract`: what the contracts say, and what is wrong with them.

use std::collections::HashMap;
use std::fmt::Write as _;

use bstr::{BString, ByteSlice as _};
use serde::Serialize;

use super::{State, count, file, place};
use crate::cli::Format;
use crate::cli::drift::Look;
use crate::cmd::rules::print;
use crate::drift::contract::{Contract, Entry, Target};
use crate::drift::survey::Tree as _;
use crate::env::Env;
use crate::error::Result;
use crate::escape;
use crate::finding::Finding;
use crate::report::json;

/// Runs the command. The exit status: 0 where nothing is wrong, 1 where something is.
///
/// # Errors
/// Something cannot be read.
pub fn run(args: &Look, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let state = State::of(&args.state, env)?;
    let contracts = contracts(&state)?;
    let mut problems = state.standing(state.drift_alone(), state.alone(), now)?;
    // An acknowledgement in code is no contract's fault.
    problems.retain(|finding| match finding.rule {
        "contract-invalid" | "contract-missing" => true,
        "ack-invalid" => finding.path.as_ref().is_some_and(|path| state.config.is_contract(path)),
        _ => false,
    });
    print(&match args.format {
        Format::Human => human(&state, &contracts, &problems),
        Format::Json => json::line(&wire(&contracts, &problems)),
    })?;
    Ok(u8::from(!problems.is_empty()))
}

/// The contracts that are there.
pub(super) fn contracts(state: &State) -> Result<Vec<(&BString, Contract)>> {
    let tree = state.tree()?;
    let mut contracts = Vec::new();
    for held in &state.config.contracts {
        let bytes = tree.blob(held.path.as_bstr())?.and_then(|blob| blob.bytes);
        if let Some(bytes) = bytes {
            contracts.push((&held.path, Contract::parse(&bytes, &held.columns)));
        }
    }
    Ok(contracts)
}

fn human(state: &State, contracts: &[(&BString, Contract)], problems: &[Finding]) -> String {
    let entries: usize = contracts.iter().map(|(_, contract)| contract.entries.len()).sum();
    let wrong = if problems.is_empty() { "nothing is wrong".to_owned() } else { count(problems.len(), "problem") };
    let mut text = format!("refgate: {} listed, of {}; {wrong}\n", count(entries, "field"), state.name());
    for (path, contract) in contracts {
        let mut entries: Vec<&Entry> = contract.entries.iter().collect();
        let mut first = HashMap::new();
        entries.iter().enumerate().for_each(|(place, entry)| _ = first.entry(&entry.ty).or_insert(place));
        entries.sort_by_cached_key(|entry| first.get(&entry.ty).copied());
        for entries in entries.chunk_by(|entry, next| entry.ty == next.ty) {
            let ty = entries.first().map(|entry| entry.ty.as_str()).unwrap_or_default();
            let _ = writeln!(text, "\n  {} ({})", escape::printable(ty), escape::quote_path(path));
            let paths: Vec<String> = entries.iter().map(|entry| escape::printable(&entry.path.to_string())).collect();
            let width = paths.iter().map(String::len).max().unwrap_or_default().min(40);
            for (entry, shown) in entries.iter().zip(paths) {
                let to = escape::printable(&entry.target.behind());
                let _ = writeln!(text, "    {:5}  {}", entry.line, format!("{shown:width$}{to}").trim_end());
            }
        }
    }
    for problem in problems {
        let at = problem.path.as_ref().map(|path| place_of(path, problem)).unwrap_or_default();
        let _ = write!(text, "\n  {at}\n    {}\n    {}\n", problem.words.message, problem.words.help);
    }
    text
}

fn place_of(path: &BString, problem: &Finding) -> String {
    match problem.line {
        Some(line) => place(path, line, problem.column.unwrap_or_default()),
        None => escape::quote_path(path),
    }
}

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct ContractV1<'a> {
    entries: Vec<EntryV1<'a>>,
    problems: Vec<ProblemV1<'a>>,
}

#[derive(Serialize)]
struct EntryV1<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<String>,
    line: u32,
    path: String,
    target: Option<String>,
    #[serde(rename = "type")]
    ty: &'a str,
}

#[derive(Serialize)]
struct ProblemV1<'a> {
    column: Option<u32>,
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<String>,
    help: &'a str,
    line: Option<u32>,
    message: &'a str,
}

fn wire<'a>(contracts: &'a [(&BString, Contract)], problems: &'a [Finding]) -> ContractV1<'a> {
    let mut entries = Vec::new();
    for (path, contract) in contracts {
        entries.extend(contract.entries.iter().map(|entry| {
            let (file, file_bytes) = file(path);
            let target = match &entry.target {
                Target::Path(to) => Some(to.to_string()),
                Target::None | Target::Unstated => None,
            };
            EntryV1 { file, file_bytes, line: entry.line, path: entry.path.to_string(), target, ty: &entry.ty }
        }));
    }
    let problem = |finding: &'a Finding| {
        let (file, file_bytes) = finding.path.as_ref().map(file).unzip();
        ProblemV1 {
            column: finding.column,
            file,
            file_bytes: file_bytes.flatten(),
            help: &finding.words.help,
            line: finding.line,
            message: &finding.words.message,
        }
    };
    ContractV1 { entries, problems: problems.iter().map(problem).collect() }
}
