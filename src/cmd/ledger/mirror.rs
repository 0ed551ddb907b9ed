//! A mirror's commits as they stand in a repository, and whose keys signed their ends.

use std::path::Path;
use std::sync::mpsc::sync_channel;

use bstr::ByteSlice as _;

use crate::cmd::hook::mirror::{HEAD, HEAD_SIGNATURE, NAMESPACE, RECORDS};
use crate::entry::Mode;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::ledger::verify::Report;
use crate::ledger::verify::mirror::{Commit, Held, Mirror};
use crate::ledger::{Head, MIRROR, Receipt, Record};
use crate::oid::Oid;
use crate::policy::Policy;
use crate::policy::load::for_server;
use crate::policy::roles::RoleName;
use crate::refs::RefMap;
use crate::rules;
use crate::sign::{Revoked, Signature, Signers, Whom};

/// The largest document that says where a commit ends, and the largest signature on it.
const MOST_HEAD: u64 = 64 * 1024;
/// The most bytes of records in one commit: those of a mirror that was made anew.
const MOST_RECORDS: u64 = 4 * 1024 * 1024 * 1024;
/// So many commits are read in turn by each thread.
const COMMITS: usize = 64;

/// Whose signatures count.
pub(super) enum Keys {
    /// Everybody's in a file that the auditor names, unless revoked here.
    File(Signers, Vec<Revoked>),
    /// Those of the role `ledger`.
    Role(Box<Policy>),
    /// Nobody is named.
    Nobody,
    /// Nobody knows, for this reason.
    Unknown(String),
}

impl Keys {
    /// The keys that an auditor names, else those that the policy of this server does.
    ///
    /// # Errors
    /// The auditor's file cannot be read.
    pub(super) fn find(file: Option<&Path>, repo: &Repo, refs: &RefMap) -> Result<Self> {
        let policy = for_server(repo, refs, &rules::ids());
        if let Some(file) = file {
            let signers = Signers::parse(&fs_err::read(file)?, &super::verify::shown(file))?;
            return Ok(Self::File(signers, policy.map(|policy| policy.trust.revoked).unwrap_or_default()));
        }
        Ok(match policy {
            Ok(policy) if !policy.signing.roles.contains_key(&RoleName::Ledger) => Self::Nobody,
            Ok(policy) if policy.trust.signers.is_none() => {
                Self::Unknown("there is no file of signers, so nobody's key is known".to_owned())
            }
            Ok(policy) => Self::Role(Box::new(policy)),
            Err(error) => Self::Unknown(error.message),
        })
    }

    /// Whether the end of a commit was signed by somebody who may, as of the last record in it: a key that has run out
    /// since signed while it counted, and one that was lost is revoked.
    fn judge(&self, head: &[u8], signature: &[u8], at: jiff::Timestamp) -> std::result::Result<(), String> {
        match self {
            Self::File(signers, revoked) => {
                let signature = Signature::parse(signature).map_err(|refusal| refusal.to_string())?;
                let whom = Whom { namespace: NAMESPACE, at, revoked };
                signers.signer(&whom, &signature, head).map(drop).map_err(|refusal| refusal.to_string())
            }
            Self::Role(policy) => {
                let (trust, signing) = (&policy.trust, &policy.signing);
                trust.people(signing, RoleName::Ledger, NAMESPACE, head, &[signature], at).map(drop)
            }
            Self::Nobody | Self::Unknown(_) => Ok(()),
        }
    }
}

/// The last record that a mirror says it holds; `None` where it says nothing that can be read.
///
/// # Errors
/// There is no mirror, or it cannot be read.
pub(super) fn end(repo: &Repo, refs: &RefMap) -> Result<Option<Receipt>> {
    let gone = || {
        Error::undecided("the mirror is not there")
            .help("fetch it: git fetch REMOTE refs/refgate/ledger:refs/refgate/ledger")
    };
    let tip = refs.get(MIRROR.as_bytes().as_bstr()).ok_or_else(gone)?;
    let Some(entry) = repo.find(repo.commit(*tip)?.tree, HEAD.into())? else { return Ok(None) };
    Ok(repo.blob(entry.oid, MOST_HEAD)?.and_then(|document| Head::parse(&document)).map(|head| head.receipt))
}

/// Holds all of a mirror against the ledger, from its first commit on.
///
/// # Errors
/// A commit cannot be read.
pub(super) fn hold(repo: &Repo, refs: &RefMap, place: String, keys: &Keys, report: &mut Report) -> Result<Held> {
    let chain = chain(repo, refs)?;
    let mut mirror = Mirror::new(report, &place);
    std::thread::scope(|scope| -> Result<()> {
        let readers = [0, 1].map(|first| {
            let (sender, receiver) = sync_channel(COMMITS);
            let (fork, chunks) = (repo.fork_to_pass(), chain.chunks(COMMITS).skip(first).step_by(2));
            scope.spawn(move || {
                for link in chunks.flatten() {
                    // Where nobody listens any more, an error has been told.
                    if sender.send(read(&fork, link, keys)).is_err() {
                        return;
                    }
                }
            });
            receiver
        });
        for (chunk, receiver) in chain.chunks(COMMITS).zip(readers.iter().cycle()) {
            for link in chunk {
                let commit =
                    receiver.recv().map_err(|_| Error::undecided(format!("commit {} is lost", link.commit)))?;
                mirror.commit(&commit?);
            }
        }
        Ok(())
    })?;
    let seen = mirror.finish(matches!(keys, Keys::File(..)));
    let judged = matches!(keys, Keys::File(..) | Keys::Role(_));
    match keys {
        Keys::Nobody if seen.signatures > 0 => report.warnings.push(format!(
            "{place} is signed, and nobody says by whom it must be: the role `ledger` in the policy, or --allowed-signers FILE"
        )),
        Keys::Unknown(why) if seen.signatures > 0 => {
            report.unknown.push(format!("whether the right key signed {place}: {why}"));
        }
        _ => {}
    }
    Ok(Held { place, seen, judged })
}

/// A commit of the mirror, before what it holds was read.
struct Link {
    commit: Oid,
    tree: Oid,
    parents: usize,
}

/// The commits of the mirror, the first one first.
fn chain(repo: &Repo, refs: &RefMap) -> Result<Vec<Link>> {
    let mut next = refs.get(MIRROR.as_bytes().as_bstr()).copied();
    let mut chain = Vec::new();
    while let Some(commit) = next {
        let read = repo.commit(commit)?;
        chain.push(Link { commit, tree: read.tree, parents: read.parents.len() });
        next = read.parents.first().copied();
    }
    chain.reverse();
    Ok(chain)
}

fn read(repo: &Repo, link: &Link, keys: &Keys) -> Result<Commit> {
    let entries = repo.tree(link.tree)?;
    let known = [RECORDS, HEAD, HEAD_SIGNATURE];
    let stranger = entries
        .iter()
        .find(|(name, entry)| entry.mode != Mode::File || !known.iter().any(|known| name == known))
        .map(|(name, _)| format!("holds {}", crate::escape::quote_path(name)));
    let merge = (link.parents > 1).then(|| format!("has {} parents", link.parents));
    let file = |name: &str, most: u64| -> Result<Option<Vec<u8>>> {
        let entry = entries.iter().find(|(path, entry)| path == name && entry.mode == Mode::File);
        let Some((_, entry)) = entry else { return Ok(None) };
        let large = || Error::undecided(format!("{name} in commit {} is larger than {most} bytes", link.commit));
        repo.blob(entry.oid, most)?.ok_or_else(large).map(Some)
    };
    let (records, head) = (file(RECORDS, MOST_RECORDS)?, file(HEAD, MOST_HEAD)?);
    let missing = records.is_none().then(|| format!("has no {RECORDS}"));
    let records = records.unwrap_or_default();
    let signed = file(HEAD_SIGNATURE, MOST_HEAD)?.map(|signature| {
        let last = records.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next());
        let last = last.and_then(|line| Record::parse(line).ok()).ok_or("the last record beside it is none")?;
        keys.judge(head.as_deref().unwrap_or_default(), &signature, last.time)
    });
    Ok(Commit { name: link.commit.short(), flaw: merge.or(stranger).or(missing), records, head, signed })
}
