//! `refgate uninstall`: everything that installations changed in a repository is taken back.

use std::fmt::Write as _;

use super::install::{adopt, shown};
use super::rules::print;
use crate::cli::Uninstall;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::install::{Gate, Place, Plan, Standing, standing};

/// Runs the command.
///
/// # Errors
/// There is no such repository, something cannot be written, or a hook of ours was changed since.
pub fn run(args: &Uninstall, env: &Env) -> Result<()> {
    let repo = Repo::discover(&args.repo, env)?;
    let place = Place::server(repo.common_dir())?;
    let mut plan = Plan::new(&place.common_dir)?;
    // What a first uninstall kept because somebody had changed it is theirs now.
    if !plan.record.is_empty() || hook_of_ours(&place)? {
        adopt(&mut plan, &place)?;
    }
    let name = shown(&place.common_dir);
    if plan.record.is_empty() {
        return print(&format!("Nothing of refgate's is installed in {name}.\n"));
    }
    let done = plan.record.undo(&place.common_dir)?;
    let but = if done.left.is_empty() { "" } else { ", but for hooks that somebody changed" };
    let mut said = format!("refgate is taken out of {name}{but}.\n");
    for line in done.restored.iter().chain(&done.kept) {
        let _ = writeln!(said, "  {line}");
    }
    print(&said)?;
    if done.left.is_empty() {
        return Ok(());
    }
    let left: Vec<String> = done.left.iter().map(|path| shown(path)).collect();
    Err(Error::usage(format!("somebody changed these hooks since, so they still stand: {}", left.join(", ")))
        .help("look at them, move them away, and run refgate uninstall again: it restores what stood there before"))
}

fn hook_of_ours(place: &Place) -> Result<bool> {
    let target = place.target();
    for gate in Gate::ALL {
        if matches!(standing(&target.folder().join(gate.name()))?, Standing::Ours(_)) {
            return Ok(true);
        }
    }
    Ok(false)
}
