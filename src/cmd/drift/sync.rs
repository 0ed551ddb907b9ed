//! `refgate drift sync`: the contract as the sources would have it, to be reviewed as a diff. No hook ever calls this.

use std::io::{IsTerminal as _, Write as _};

use bstr::ByteSlice as _;
use similar::TextDiff;

use super::State;
use crate::cli::drift::Sync;
use crate::cmd::rules::print;
use crate::cmd::task;
use crate::drift::acknowledgement::write_field;
use crate::drift::compare::{Known, listing};
use crate::drift::config::{Config, Held, Wanted};
use crate::drift::contract::Contract;
use crate::drift::path::FieldPath;
use crate::drift::resolve::Field;
use crate::drift::survey::{self, Tree as _, Unread};
use crate::drift::sync::sync;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::top;

/// How much is told of what is wrong with a contract and cannot be brought up to the sources.
const MOST_LEFT: usize = 20;

/// Runs the command.
///
/// # Errors
/// Something cannot be read, so that nobody knows what the contract should say, or the file cannot be written.
pub fn run(args: &Sync, env: &Env) -> Result<()> {
    let state = State::open(&args.seen, None, env)?;
    let mut told = String::new();
    let (mut wrote, mut left) = (String::new(), String::new());
    for held in state.config.contracts.iter().filter(|held| !held.sources.is_empty()) {
        let shown = escape::quote_path(&held.path);
        let path = held.path.to_str().map_err(|error| Error::undecided(format!("{shown}: {error}")))?;
        let blob = state.tree()?.blob(held.path.as_bstr())?;
        let large = || Error::undecided(format!("{shown} is larger than limits.blob_bytes of the policy"));
        let old = blob.map(|blob| blob.bytes.ok_or_else(large)).transpose()?;
        let old =
            old.map(|bytes| String::from_utf8(bytes).map_err(|_| Error::undecided(format!("{shown} is not UTF-8"))));
        let old = old.transpose()?;
        let text = old.as_deref().unwrap_or("# Field contract\n");
        let wanted = wanted(&state, held, text)?;
        let new = sync(text, &Contract::parse(text.as_bytes(), &held.columns), &wanted);
        for told in unfinished(&Contract::parse(new.as_bytes(), &held.columns), &wanted) {
            left.push_str(&format!("refgate: left for people: {shown}{told}\n"));
        }
        if old.as_ref() == Some(&new) {
            continue;
        }
        let before = if old.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
        let diff = TextDiff::from_lines(old.as_deref().unwrap_or_default(), new.as_str());
        told.push_str(&diff.unified_diff().context_radius(3).header(&before, &format!("b/{path}")).to_string());
        if args.write {
            let top = top(&args.seen.repo)?;
            if super::work_file(&top, path)? != old {
                return Err(Error::usage(format!("{shown} has changes that are not staged"))
                    .help("git add it first, or take them back"));
            }
            task::write(&top, path, &new, true)?;
            wrote.push_str(&format!(
                "Wrote {shown}. A person must list it by its path in the approval under Schema changes.\n"
            ));
        }
    }
    if told.is_empty() {
        let lists =
            if left.is_empty() { "what the sources declare" } else { "all that it can of what the sources declare" };
        told = format!("The contract lists {lists}: nothing to change.\n");
    } else if args.write {
        told = wrote;
    } else if std::io::stdout().is_terminal() {
        told = told.lines().map(|line| escape::printable(line) + "\n").collect();
    }
    print(&told)?;
    // Beside the diff, which may be applied as it is printed.
    std::io::stderr().write_all(left.as_bytes()).map_err(|error| Error::undecided(error.to_string()))
}

/// What a contract that was brought up to the sources is still short of: what is wrong with it, and the fields whose names or
/// types it has no way to spell.
fn unfinished(new: &Contract, wanted: &[(String, FieldPath)]) -> Vec<String> {
    let problems = new.problems.iter().map(|problem| format!(":{}: {}", problem.line, problem.message));
    let known = Known::of(Some(new));
    let missing = wanted.iter().filter(|(ty, path)| !known.knows(ty, path));
    let missing = missing.map(|(ty, path)| {
        let name = escape::printable(&write_field(ty, path));
        format!(": no contract can spell {name}; give it another name, or the type one under `names` of its source")
    });
    problems.take(MOST_LEFT).chain(missing.take(MOST_LEFT)).collect()
}

/// The fields that the contract would list if it followed its sources.
fn wanted(state: &State, held: &Held, text: &str) -> Result<Vec<(String, FieldPath)>> {
    let tree = state.tree()?;
    let contract = Contract::parse(text.as_bytes(), &held.columns);
    let mut all: Vec<(Field, bool)> = Vec::new();
    for source in &held.sources {
        let own = Held { sources: vec![source.clone()], mappings: Vec::new(), ..held.clone() };
        let (fields, unread) = survey::fields(&Config { contracts: vec![own], ..state.config.clone() }, &tree)?;
        if let Some(Unread { place, reason }) = unread.first() {
            let at = super::place(&place.file, place.line, place.column);
            return Err(Error::undecided(format!(
                "{at} cannot be read, and what it declares would be taken out of the contract: {}",
                escape::one_line(reason)
            ))
            .help("refgate drift fields lists all such places; write them so that they can be read"));
        }
        all.extend(fields.into_iter().map(|one| {
            let wanted = Wanted::any(&source.kinds, &one.field);
            (one.field, wanted)
        }));
    }
    Ok(listing(&contract, &all))
}
