//! The ledger's witnesses: what it holds is put on a ref, so that every clone that fetches it remembers.

use std::time::Duration;

use bstr::ByteSlice as _;

use crate::cmd::person;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::ledger::receipt::Head;
use crate::ledger::{Ledger, MIRROR, Receipt};
use crate::oid::Oid;
use crate::policy::server::Server;
use crate::refs::RefMap;

/// The SSHSIG namespace of a mirror's end.
pub(crate) const NAMESPACE: &str = "ledger.v1@refgate";
/// The records that a commit of the mirror adds, as they stand in the ledger.
pub(crate) const RECORDS: &str = "records.jsonl";
/// The end of the ledger as of a commit of the mirror.
pub(crate) const HEAD: &str = "head.json";
/// The server's signature on it.
pub(crate) const HEAD_SIGNATURE: &str = "head.json.sig";
/// So often another push may be faster.
const ATTEMPTS: u32 = 12;
/// What is waited then, longer each time.
const PAUSE: Duration = Duration::from_millis(10);
/// The largest end of a mirror, in bytes.
const LARGEST_HEAD: u64 = 4096;

/// Brings the mirror up to the ledger's last record.
///
/// # Errors
/// The mirror is not what this server wrote, or cannot be written. The ledger itself stands.
pub(super) fn bring_up(
    repo: &Repo,
    ledger: &Ledger,
    last: Receipt,
    server: Option<&Server>,
    now: jiff::Timestamp,
) -> Result<()> {
    let repository = server.map(|server| server.repository_id.clone());
    let head = Head { receipt: last, repository }.render();
    let key = server.and_then(|server| server.ledger_key.as_deref());
    let signature = key.map(|key| person::sign(repo, Some(key), NAMESPACE, head.as_bytes())).transpose()?;
    let mut end = vec![(HEAD, head.as_bytes())];
    end.extend(signature.as_ref().map(|signature| (HEAD_SIGNATURE, signature.as_bytes())));
    for attempt in 1.. {
        let tip = repo.refs()?.get(MIRROR.as_bytes().as_bstr()).copied();
        let held = tip.map(|tip| self::head(repo, tip)).transpose()?.map_or(Receipt::NONE, |head| head.receipt);
        if held != Receipt::NONE {
            ledger.reaches(held)?;
        }
        if held.sequence >= last.sequence {
            // Another push was faster, and brought this one's records along.
            break;
        }
        let records = ledger.between(held.sequence + 1, last.sequence)?;
        let files: Vec<_> = [(RECORDS, records.as_slice())].into_iter().chain(end.iter().copied()).collect();
        match repo.advance(MIRROR.into(), tip, &files, &format!("ledger {last}"), now) {
            Err(_) if attempt < ATTEMPTS => std::thread::sleep(PAUSE * attempt),
            done => return done,
        }
    }
    Ok(())
}

/// Whether a commit is the mirror's next one, so that it says nothing but what the ledger holds: whoever made it may put
/// it there.
///
/// # Errors
/// Why not.
pub(super) fn follows(repo: &Repo, ledger: &Ledger, tip: Option<Oid>, new: Oid) -> Result<()> {
    let no = |what: &str| {
        Error::malformed(format!("{MIRROR} stays where it is: {what}"))
            .help("the hook post-receive writes it after a push; docs/ledger.md says how to begin a new ledger")
    };
    if new.is_zero() {
        return Err(no("it is what shows that the ledger was cut back"));
    }
    let commit = repo.commit(new)?;
    if commit.parents.as_slice() != tip.as_slice() {
        return Err(no("it goes forward by one commit at a time"));
    }
    let held = tip.map(|tip| head(repo, tip)).transpose()?.map_or(0, |head| head.receipt.sequence);
    let last = head(repo, new)?.receipt;
    if last.sequence <= held {
        return Err(no("the new end is none"));
    }
    ledger.reaches(last)?;
    let records = ledger.between(held + 1, last.sequence)?;
    let entry = repo.find(commit.tree, RECORDS.into())?.ok_or_else(|| no("the new commit holds no records"))?;
    let same = repo.blob(entry.oid, records.len() as u64)?.is_some_and(|held| held == records);
    if same { Ok(()) } else { Err(no("the new commit says something else than the ledger")) }
}

/// The last record that the mirror knows; `None` where there is no mirror.
///
/// # Errors
/// What stands in its place is none.
pub(super) fn end(repo: &Repo, refs: &RefMap) -> Result<Option<Receipt>> {
    let tip = refs.get(MIRROR.as_bytes().as_bstr());
    tip.map(|tip| head(repo, *tip).map(|head| head.receipt)).transpose()
}

/// What a commit of the mirror says of the ledger's end.
///
/// # Errors
/// It says nothing.
pub(crate) fn head(repo: &Repo, commit: Oid) -> Result<Head> {
    let none = || {
        Error::undecided(format!("{MIRROR} is no mirror of a ledger"))
            .help(format!("an administrator looks who moved it, and takes it away: git update-ref -d {MIRROR}"))
    };
    let entry = repo.find(repo.commit(commit)?.tree, HEAD.into())?.ok_or_else(none)?;
    let text = repo.blob(entry.oid, LARGEST_HEAD)?.ok_or_else(none)?;
    Head::parse(&text).ok_or_else(none)
}
