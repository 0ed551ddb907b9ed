//! `refgate override list`, `show` and `verify`.

use std::fmt::Write as _;

use bstr::{BString, ByteSlice as _};

use super::super::client::View;
use super::super::rules::print;
use crate::change::Retained;
use crate::cli::Seen;
use crate::cli::overrides::One;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::policy::Policy;
use crate::policy::roles::RoleName;
use crate::refs::RefMap;
use crate::statement::namespace::OVERRIDE;
use crate::statement::place::{Place, STATEMENT, is_signature_of};
use crate::statement::waiver::Override;

const FOLDER: &str = "refs/refgate/overrides/";

/// Runs `refgate override list`.
///
/// # Errors
/// The repository or its refs cannot be read.
pub fn list(args: &Seen, env: &Env, now: jiff::Timestamp) -> Result<()> {
    let (repo, view) = View::open(args, env)?;
    let mut page = String::new();
    for (name, oid) in repo.refs()?.iter().filter(|(name, _)| name.starts_with(FOLDER.as_bytes())) {
        let id = escape::escape(name.get(FOLDER.len()..).unwrap_or_default());
        let retained = Retained::load(&repo, &view.policy, name.as_bstr(), *oid)?;
        let line = match stated(&retained) {
            Ok(statement) => {
                let state = match statement.lifetime().map(|lifetime| lifetime.expires > now) {
                    Ok(true) => "until",
                    Ok(false) => "expired",
                    Err(_) => "unsigned",
                };
                let expires = statement.expires_at.map(|time| time.to_string()).unwrap_or_default();
                format!(
                    "{state} {expires} on {} by {}: {}",
                    escape::quote_path(statement.name.as_bytes()),
                    escape::printable(&statement.principal),
                    escape::one_line(&statement.justification)
                )
            }
            Err(why) => format!("no override: it {why}"),
        };
        let _ = writeln!(page, "{id}  {line}");
    }
    if page.is_empty() {
        page.push_str(
            "There are none here; git fetch REMOTE '+refs/refgate/*:refs/refgate/*' brings those of a server.\n",
        );
    }
    print(&page)
}

/// Runs `refgate override show`.
///
/// # Errors
/// There is not one override whose name begins so.
pub fn show(args: &One, env: &Env, now: jiff::Timestamp) -> Result<()> {
    let (repo, view) = View::open(&args.seen, env)?;
    let retained = find(&repo, &view.policy, &args.id)?;
    let statement = stated(&retained).map_err(|why| Error::usage(format!("that is no override: it {why}")))?;
    let mut page: String = statement.to_json().lines().map(|line| escape::printable(line) + "\n").collect();
    match holds(&view.policy, &retained, &statement, now) {
        Ok(who) => _ = writeln!(page, "signed by {who}"),
        Err(why) => _ = writeln!(page, "does not count: {why}"),
    }
    print(&page)
}

/// Runs `refgate override verify`: the exit status.
///
/// # Errors
/// As [`show`].
pub fn verify(args: &One, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let (repo, view) = View::open(&args.seen, env)?;
    let retained = find(&repo, &view.policy, &args.id)?;
    if view.policy.trust.signers.is_none() {
        return Err(Error::undecided("whose keys count is not known here: there is no file of signers")
            .help("run it on the server, or name its policy: --policy FILE"));
    }
    let found = stated(&retained).map_err(|why| format!("it {why}")).and_then(|statement| {
        let who = holds(&view.policy, &retained, &statement, now)?;
        Ok(format!(
            "good: signed by {who} for {} from {} to {}",
            escape::quote_path(statement.name.as_bytes()),
            statement.old_oid.short(),
            statement.new_oid.short()
        ))
    });
    match found {
        Ok(good) => print(&format!("{good}\n")).map(|()| 0),
        Err(why) => print(&format!("does not count: {why}\n")).map(|()| 1),
    }
}

fn stated(retained: &Retained) -> std::result::Result<Override, String> {
    let files = retained.files.as_ref().map_err(Clone::clone)?;
    let bytes = files.top.get(STATEMENT.as_bytes().as_bstr()).ok_or(format!("holds no {STATEMENT}"))?;
    Override::parse(bytes).map_err(|error| format!("cannot be read: {error}"))
}

/// Who signed, where signatures, dates and artifacts hold.
fn holds(
    policy: &Policy,
    retained: &Retained,
    statement: &Override,
    now: jiff::Timestamp,
) -> std::result::Result<String, String> {
    let files = retained.files.as_ref().map_err(Clone::clone)?;
    statement.complete().map_err(|error| error.to_string())?;
    let is_signature = |name: &BString| name.to_str().is_ok_and(|name| is_signature_of(STATEMENT, name));
    let sealed = files.top.iter().filter(|(name, _)| is_signature(name)).map(|(_, armored)| armored.as_slice());
    let bytes = files.top.get(STATEMENT.as_bytes().as_bstr()).map(Vec::as_slice).unwrap_or_default();
    let signatures: Vec<&[u8]> = sealed.collect();
    let people = policy.trust.people(&policy.signing, RoleName::Override, OVERRIDE, bytes, &signatures, now)?;
    if !people.iter().any(|signer| signer.principals.contains(&statement.principal)) {
        return Err(format!("{} is none of those who signed it", escape::printable(&statement.principal)));
    }
    let kept = files.artifacts.iter().map(|(name, digest)| (name.as_slice(), digest));
    if !kept.eq(statement.artifacts.iter().map(|(name, digest)| (name.as_bytes(), digest))) {
        return Err("it retains other artifacts than it lists".to_owned());
    }
    let lifetime = statement.lifetime().map_err(|error| error.to_string())?;
    lifetime.holds(now, policy.signing.longest_override()).map_err(|why| format!("it {why}"))?;
    let names = people.iter().map(|signer| {
        let names: Vec<String> = signer.principals.iter().map(|name| escape::printable(name)).collect();
        format!("{} with {}", names.join(" or "), signer.key.fingerprint())
    });
    Ok(names.collect::<Vec<_>>().join(", "))
}

fn find(repo: &Repo, policy: &Policy, id: &str) -> Result<Retained> {
    let refs: RefMap = repo.refs()?;
    let begins = format!("{FOLDER}{id}");
    let named = |name: &&BString| name.starts_with(begins.as_bytes()) && Place::parse(name.as_bstr()).is_some();
    let found: Vec<&BString> = refs.keys().filter(named).collect();
    match found.as_slice() {
        [name] => match refs.get(*name) {
            Some(oid) => Retained::load(repo, policy, name.as_bstr(), *oid),
            None => Err(Error::undecided("the ref has just gone")),
        },
        [] => Err(Error::usage("there is no override of that name here").help("refgate override list")),
        _ => Err(Error::usage("several overrides begin so").help("write more of the name")),
    }
}
