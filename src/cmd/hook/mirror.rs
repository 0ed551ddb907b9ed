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
