//! A mirror's commits as they stand in a repository.

use std::sync::mpsc::sync_channel;

use bstr::ByteSlice as _;

use super::keys::Keys;
use crate::cmd::hook::mirror::{HEAD, HEAD_SIGNATURE, RECORDS};
use crate::entry::Mode;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::ledger::verify::Report;
use crate::ledger::verify::mirror::{Commit, Held, Mirror};
use crate::ledger::{Head, MIRROR, Receipt, Record};
use crate::oid::Oid;
use crate::refs::RefMap;

/// The largest document that says where a commit ends, and the largest signature on it.
const MOST_HEAD: u64 = 64 * 1024;
/// The most bytes of records in one commit: those of a mirror that was made anew.
const MOST_RECORDS: u64 = 4 * 1024 * 1024 * 1024;
/// So many commits are read in turn by each thread.
const COMMITS: usize = 64;

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
