//! From the receipt of a promotion to the commit at which the branch stood then, by the mirror of the server's ledger. The
//! receipt itself vouches for the record: it is the hash of its line.

use bstr::{BStr, ByteSlice as _};

use crate::cmd::hook::mirror::{RECORDS, head};
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Decision;
use crate::git::Repo;
use crate::ledger::record::{Event, Moved};
use crate::ledger::{Hash, MIRROR, Receipt, Record};
use crate::oid::Oid;
use crate::refs::RefMap;

/// More than any commit of a mirror adds, in bytes: a first one holds a ledger that had been without.
const MOST: u64 = 1024 * 1024 * 1024;

/// The value that a branch took by the accepted push whose receipt this is.
///
/// # Errors
/// The mirror is not here, is another ledger's, or the record lets the branch move nowhere.
pub(super) fn taken(repo: &Repo, refs: &RefMap, receipt: Receipt, branch: &BStr) -> Result<Oid> {
    let number = receipt.sequence;
    let mirror = Mirror::open(repo, refs, number)?;
    let line = mirror.line(number)?;
    if Hash::of(&line) != receipt.hash {
        return Err(Error::usage(format!("record {number} of the ledger is not the one that the receipt names"))
            .help("the receipt is of another repository, or the ledger was changed: refgate ledger verify --receipt RECEIPT, on the server"));
    }
    let record = Record::parse(&line)?;
    let shown = escape::quote_path(branch);
    let no = |what: &str| Error::usage(format!("record {number} {what}"));
    let Event::Decided(decided) = record.event else { return Err(no("is no decision on a push")) };
    if decided.decision != Decision::Accept {
        return Err(no("is of a push that was not let in"))
            .map_err(|error| error.help("name the receipt of a promotion"));
    }
    let moved = decided.updates.into_iter().map(|update| update.moved).find(|moved| moved.name == branch);
    let Some(moved) = moved else {
        return Err(no(&format!("is of a push that did not move {shown}")).help("--branch names another"));
    };
    if moved.new.is_zero() {
        return Err(no(&format!("is of a push that deleted {shown}")));
    }
    match mirror.applied(number, &moved)? {
        true => Ok(moved.new),
        false => Err(no(&format!("is of a push that was let in and never reached {shown}"))
            .help("another hook refused it, or another push was faster; name another receipt")),
    }
}

/// What a clone holds of a server's ledger, from a record on.
struct Mirror<'r> {
    repo: &'r Repo,
    /// Commits of the mirror, newest first, each with the number of the first record that it adds.
    commits: Vec<(Oid, u64)>,
}

impl<'r> Mirror<'r> {
    fn open(repo: &'r Repo, refs: &RefMap, number: u64) -> Result<Self> {
        let Some(tip) = refs.get(MIRROR.as_bytes().as_bstr()).copied() else {
            return Err(Error::usage("the server's ledger is not mirrored here, so a receipt says nothing")
                .help(format!("the server puts it on {MIRROR} after each push; --to takes a commit too")));
        };
        let last = head(repo, tip)?.receipt.sequence;
        if last < number {
            return Err(Error::usage(format!("the mirror of the ledger ends with record {last}, before {number}"))
                .help("the server brings it up after the next push that it takes; --to takes a commit too"));
        }
        let (mut commits, mut at) = (Vec::new(), tip);
        loop {
            let before = repo.commit(at)?.parents.first().copied();
            let first =
                before.map(|before| head(repo, before)).transpose()?.map_or(1, |head| head.receipt.sequence + 1);
            commits.push((at, first));
            match before {
                Some(before) if first > number => at = before,
                _ => return Ok(Self { repo, commits }),
            }
        }
    }

    /// The lines that a commit adds.
    fn lines(&self, commit: Oid) -> Result<Vec<u8>> {
        let none = || Error::undecided(format!("{MIRROR} holds a commit that is no mirror of a ledger"));
        let entry = self.repo.find(self.repo.commit(commit)?.tree, RECORDS.into())?.ok_or_else(none)?;
        self.repo.blob(entry.oid, MOST)?.ok_or_else(none)
    }

    fn line(&self, number: u64) -> Result<Vec<u8>> {
        let (commit, first) = self.commits.last().copied().unwrap_or((Oid::zero(self.repo.format()), number));
        let lines = self.lines(commit)?;
        let line = usize::try_from(number - first).ok().and_then(|place| lines.lines().nth(place));
        line.map(<[u8]>::to_vec).ok_or_else(|| {
            Error::undecided(format!("{MIRROR} does not hold record {number}, which it says that it holds"))
        })
    }

    /// Whether an accepted decision's update was made.
    fn applied(&self, decision: u64, moved: &Moved) -> Result<bool> {
        for (commit, _) in self.commits.iter().rev() {
            for line in self.lines(*commit)?.lines() {
                let record = Record::parse(line)?;
                match &record.event {
                    Event::Applied(outcome) if outcome.decision == decision => {
                        return Ok(outcome.updates.contains(moved));
                    }
                    Event::Lapsed(outcome) if outcome.decision == decision => return Ok(false),
                    _ => {}
                }
            }
        }
        Err(Error::undecided(format!("the mirror does not say yet what became of the push of record {decision}"))
            .help("the server writes it down with the next push; --to takes a commit too"))
    }
}
