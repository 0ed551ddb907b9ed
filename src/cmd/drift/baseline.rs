//! `refgate drift baseline`: the drift that a project begins with, written down once. From then on it only shrinks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bstr::ByteSlice as _;

use super::{State, count};
use crate::change::drift::between;
use crate::cli::drift::Baseline;
use crate::cmd::rules::print;
use crate::cmd::task;
use crate::drift::config::Mode;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Finding;
use crate::git::top;

const HEAD: &str = "\
# The drift that this project began with, a line for each: in mode absolute none of these refuses a push.
# Written by `refgate drift baseline`, which takes out what is mended. No line may be added (baseline-grown).
";

/// Runs the command. The exit status: 1 where `--check` finds that the file would change.
///
/// # Errors
/// Something cannot be read or written.
pub fn run(args: &Baseline, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let state = State::open(&args.seen, None, env)?;
    let findings = state.standing(state.policy.clone(), state.alone(), now)?;
    if let Some(missing) = findings.iter().find(|finding| finding.rule == "contract-missing") {
        let path = missing.path.as_ref().map(|path| escape::quote_path(path)).unwrap_or_default();
        return Err(Error::usage(format!("there is no contract {path}, so all would be drift"))
            .help("refgate drift sync --write writes a first one from the sources"));
    }
    let holds: BTreeSet<String> = findings.iter().filter_map(line).collect();
    let beyond = findings.iter().filter(|finding| line(finding).is_none()).count();
    let root = state.repo.commit(state.commit)?.tree;
    let survey = between(&state.repo, &state.policy, Some(root), root, Some(Mode::Absolute))?.unwrap_or_default();
    let [_, old] = survey.baseline;
    let (kept, new): (BTreeSet<String>, BTreeSet<String>) = match &old {
        None => (holds, BTreeSet::new()),
        Some(old) => holds.into_iter().partition(|line| old.contains(line)),
    };
    let gone = old.as_ref().map_or(0, |old| old.difference(&kept).count());
    let changes = old.as_ref().map_or(!kept.is_empty(), |_| gone > 0);
    let path = state.config.baseline.to_str().map_err(|error| Error::undecided(error.to_string()))?;
    let mut told = String::new();
    if args.check {
        let word = if changes { "would change" } else { "is as it would be written" };
        let _ = writeln!(
            told,
            "refgate: {} {word}: {} of drift, {gone} mended",
            escape::quote_path(path.as_bytes()),
            count(kept.len(), "line")
        );
    } else {
        let body: String = kept.iter().map(|line| format!("{line}\n")).collect();
        task::write(&top(&args.seen.repo)?, path, &format!("{HEAD}{body}"), true)?;
        let _ = writeln!(
            told,
            "Wrote {}: {} of drift, {gone} mended.",
            escape::quote_path(path.as_bytes()),
            count(kept.len(), "line")
        );
    }
    if !new.is_empty() {
        let _ = writeln!(told, "Left out, for a baseline never grows, {}:", count(new.len(), "line"));
        new.iter().for_each(|line| _ = writeln!(told, "  {}", escape::printable(line)));
    }
    if beyond > 0 {
        let _ = writeln!(
            told,
            "No baseline can hold {} more: refgate drift check --mode absolute",
            count(beyond, "finding")
        );
    }
    if state.config.mode == Mode::Introduced {
        told.push_str("It counts in mode absolute; the policy's [drift] has mode introduced.\n");
    }
    if old.is_none() && !args.check {
        told.push_str("A first baseline counts when the approval lists its file by its path under Schema changes.\n");
    }
    print(&told)?;
    Ok(u8::from(args.check && changes))
}

/// The line that holds a finding in a baseline; some findings are in none.
fn line(finding: &Finding) -> Option<String> {
    let line = finding.baseline.as_ref()?;
    // It is read without the space around it.
    (line.trim() == line && !line.contains(['\n', '\r'])).then(|| line.clone())
}
