//! The overrides that go with an update that is checked: those that a person names, and in CI those that a label asks
//! for. A label is a request and never a permission: without a signed statement it changes nothing.

use std::path::Path;

use bstr::{BString, ByteSlice as _};
use serde_json::Value;

use crate::change::Retained;
use crate::cli::Check;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::refs::{RefMap, RefUpdate};
use crate::statement::place::{Place, STATEMENT};
use crate::statement::waiver::Override;

/// GitHub sends no larger event.
const MOST_EVENT: u64 = 32 * 1024 * 1024;
const FOLDER: &str = "refs/refgate/overrides/";

/// The creations of overrides that belong to the push, and what a person should know of them.
pub(super) fn find(
    args: &Check,
    repo: &Repo,
    policy: &Policy,
    update: &RefUpdate,
) -> Result<(Vec<RefUpdate>, Option<String>)> {
    let labelled = args.event.as_deref().map(|file| is_labelled(file, policy)).transpose()?.unwrap_or(false);
    if args.overrides.is_empty() && !labelled {
        return Ok((Vec::new(), None));
    }
    let refs = repo.refs()?;
    let mut found = Vec::new();
    for id in &args.overrides {
        let name = BString::from(format!("{FOLDER}{id}"));
        let oid = refs.get(&name).filter(|_| Place::parse(name.as_bstr()).is_some()).ok_or_else(|| {
            Error::usage(format!("there is no override {} here", escape::printable(id)))
                .help("refgate override list shows those there are; git fetch REMOTE '+refs/refgate/*:refs/refgate/*'")
        })?;
        found.push(created(name, *oid));
    }
    let mut note = None;
    if labelled {
        let asked = fitting(repo, policy, &refs, update)?;
        if asked.is_empty() {
            note = Some(format!(
                "the label {} asks for an override, and no signed one for this update is here: \
                 git fetch REMOTE '+refs/refgate/*:refs/refgate/*'",
                escape::printable(&policy.signing.override_label)
            ));
        }
        found.extend(
            asked.into_iter().filter(|asked| !args.overrides.iter().any(|id| asked.name.ends_with(id.as_bytes()))),
        );
    }
    Ok((found, note))
}

fn created(name: BString, new: Oid) -> RefUpdate {
    RefUpdate { name, old: Oid::zero(new.format()), new }
}

/// Whether the event carries one of the policy's labels for overrides.
fn is_labelled(file: &Path, policy: &Policy) -> Result<bool> {
    if fs_err::metadata(file)?.len() > MOST_EVENT {
        return Err(Error::usage(format!("the event is larger than {MOST_EVENT} bytes")));
    }
    let event: Value = serde_json::from_slice(&fs_err::read(file)?)
        .map_err(|error| Error::usage(format!("the event is no JSON: {}", escape::one_line(&error.to_string()))))?;
    let labels = event.pointer("/pull_request/labels").and_then(Value::as_array).into_iter().flatten();
    let mut names = labels.filter_map(|label| label.get("name").and_then(Value::as_str));
    let signing = &policy.signing;
    Ok(names.any(|name| name == signing.override_label || name == signing.hotfix_label))
}

/// The overrides in the repository that say that they are for this very update.
pub(in crate::cmd) fn fitting(
    repo: &Repo,
    policy: &Policy,
    refs: &RefMap,
    update: &RefUpdate,
) -> Result<Vec<RefUpdate>> {
    let fits = |statement: &Override| {
        update.name == statement.name.as_str() && (statement.old_oid, statement.new_oid) == (update.old, update.new)
    };
    let all = all(repo, policy, refs)?.into_iter();
    Ok(all.filter(|(_, statement)| fits(statement)).map(|(update, _)| update).collect())
}

/// Every override in the repository that can be read, with the creation of its ref.
pub(in crate::cmd) fn all(repo: &Repo, policy: &Policy, refs: &RefMap) -> Result<Vec<(RefUpdate, Override)>> {
    let mut found = Vec::new();
    for (name, oid) in refs.iter().filter(|(name, _)| name.starts_with(FOLDER.as_bytes())) {
        if Place::parse(name.as_bstr()).is_none() {
            continue;
        }
        let Ok(files) = Retained::load(repo, policy, name.as_bstr(), *oid)?.files else { continue };
        let statement = files.top.get(STATEMENT.as_bytes().as_bstr()).and_then(|bytes| Override::parse(bytes).ok());
        found.extend(statement.map(|statement| (created(name.clone(), *oid), statement)));
    }
    Ok(found)
}
