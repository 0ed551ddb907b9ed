//! `refgate install client`: the judge before a person's own commits and pushes.

use bstr::BString;

use super::{adopt, finish, place_hooks, shown};
use crate::cli::InstallClient;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::answer;
use crate::install::{Change, Gate, Place, Plan, REFSPEC, Witness};
use crate::policy::load::from_file;
use crate::rules;

/// Runs the command.
///
/// # Errors
/// There is no such repository, something cannot be written, the policy is not valid, or a hook of somebody else
/// cannot be kept.
pub fn client(args: &InstallClient) -> Result<()> {
    let place = Place::client(&args.repo)?;
    let mut plan = Plan::new(&place.common_dir)?;
    adopt(&mut plan, &place)?;
    if let Some(file) = &args.policy {
        from_file(file, b"refs/heads/main".into(), &rules::ids())?;
        let whole = std::path::absolute(file)?;
        let whole = whole.to_str().ok_or_else(|| {
            Error::usage(format!("{} is not UTF-8", shown(&whole))).help("give the policy file another name")
        })?;
        plan.record.policy = Some(whole.to_owned());
    }
    for name in &args.remote {
        answer(place.git().args(["remote", "get-url", "--", name])).map_err(|_| {
            let shown = escape::quote_path(name.as_bytes());
            Error::usage(format!("{shown} is no remote of this repository")).help("git remote lists them")
        })?;
    }
    if !args.remote.is_empty() {
        plan.record.remotes.clone_from(&args.remote);
    }
    let mut lines = Vec::new();
    let changes = witness(&place, &plan.record.remotes, &mut lines)?;
    let mut options: Vec<BString> = Vec::new();
    if let Some(policy) = &plan.record.policy {
        lines.push(format!("policy: {}", escape::quote_path(policy.as_bytes())));
        options = vec!["--policy".into(), policy.as_str().into()];
    }
    let mut pushes = options.clone();
    for name in &plan.record.remotes {
        lines.push(format!("pre-push judges pushes to {}", escape::quote_path(name.as_bytes())));
        pushes.extend([BString::from("--only"), name.as_str().into()]);
    }
    let options = [(Gate::PreCommit, options), (Gate::PrePush, pushes)];
    place_hooks(&mut plan, &place, &[Gate::PreCommit, Gate::PrePush], &options, changes, &mut lines)?;
    finish(plan, &format!("commits and pushes in {} are judged", shown(&place.folder)), &lines)
}

/// What makes every fetch keep what the server's ledger said.
fn witness(place: &Place, named: &[String], lines: &mut Vec<String>) -> Result<Vec<Change>> {
    match Witness::look(place, named)? {
        Witness::Missing { remote } => {
            let key = format!("remote.{remote}.fetch");
            let shown = escape::quote_path(key.as_bytes());
            lines.push(format!("added    {shown} = {REFSPEC} (each fetch keeps what the server's ledger said)"));
            Ok(vec![Change::Add(key, REFSPEC.to_owned())])
        }
        Witness::Kept { remote, .. } => {
            let shown = escape::quote_path(remote.as_bytes());
            lines.push(format!("kept     a fetch from {shown} brings the server's ledger along"));
            Ok(Vec::new())
        }
        Witness::Unasked => Ok(Vec::new()),
    }
}
