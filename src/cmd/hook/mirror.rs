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
/// The most bytes of records that a commit adds, where one record is not larger: they are held in memory, by Git too.
const STEP: usize = 64 * 1024 * 1024;
/// So many commits are added after one push, for a pusher waits: the next push goes on.
const STEPS: usize = 2;
/// The largest end of a mirror, in bytes.
const LARGEST_HEAD: u64 = 4096;

/// Brings the mirror up to the ledger's last record, or as far as may be done after one push.
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
    let place = Place { repo, ledger, server, now };
    for _ in 0..STEPS {
        if !place.step(last, STEP)? {
            break;
        }
    }
    Ok(())
}

/// What is mirrored, and where.
struct Place<'a> {
    repo: &'a Repo,
    ledger: &'a Ledger,
    server: Option<&'a Server>,
    now: jiff::Timestamp,
}

impl Place<'_> {
    /// Adds a commit of the next records, so many bytes of them; whether any were missing.
    fn step(&self, last: Receipt, most: usize) -> Result<bool> {
        let Self { repo, ledger, server, now } = *self;
        let key = server.and_then(|server| server.ledger_key.as_deref());
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
            let (records, end) = ledger.between(held.sequence + 1, last.sequence, most)?;
            let head = Head { receipt: end, repository: server.map(|server| server.repository_id.clone()) }.render();
            let signature = key.map(|key| person::sign(repo, Some(key), NAMESPACE, head.as_bytes())).transpose()?;
            let mut files = vec![(RECORDS, records.as_slice()), (HEAD, head.as_bytes())];
            files.extend(signature.as_ref().map(|signature| (HEAD_SIGNATURE, signature.as_bytes())));
            match repo.advance(MIRROR.into(), tip, &files, &format!("ledger {end}"), now) {
                Err(_) if attempt < ATTEMPTS => std::thread::sleep(PAUSE * attempt),
                done => return done.map(|()| true),
            }
        }
        Ok(false)
    }
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
    let (records, end) = ledger.between(held + 1, last.sequence, STEP)?;
    if end != last {
        return Err(no("it goes forward by fewer records at a time"));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::finding::Decision;
    use crate::ledger::record::{Decided, Opened};
    use crate::oid::ObjectFormat;

    fn refused(actor: usize) -> Decided {
        Decided {
            decision: Decision::Refuse,
            actor: Some("a".repeat(actor)),
            input: None,
            policy: None,
            problem: None,
            bootstrap: false,
            overrides: Vec::new(),
            updates: Vec::new(),
            omitted: 0,
        }
    }

    /// Records of any length, in steps that some of them are longer than.
    #[test]
    fn a_mirror_that_lags_far_behind_catches_up_step_by_step() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["objects", "refs"] {
            fs_err::create_dir(folder.path().join(name)).unwrap();
        }
        fs_err::write(folder.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs_err::write(folder.path().join("config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n").unwrap();
        let repo = Repo::discover(folder.path(), &Env::default()).unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger")).sealed_at(4000);
        let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let mut writer = ledger.lock(now).unwrap();
        writer.open(Opened::of(ObjectFormat::Sha1, None, &RefMap::new(), |_| false)).unwrap();
        let mut last = writer.commit().unwrap();
        for number in 0..20 {
            let mut writer = ledger.lock(now).unwrap();
            writer.decide(refused(if number % 5 == 0 { 3000 } else { 50 })).unwrap();
            last = writer.commit().unwrap();
        }
        let place = Place { repo: &repo, ledger: &ledger, server: None, now };
        let (mut text, mut steps, mut tip) = (Vec::new(), 0, None);
        while place.step(last, 1000).unwrap() {
            let refs = repo.refs().unwrap();
            let commit = refs[MIRROR.as_bytes().as_bstr()];
            // The backstop lets it go there, and nowhere else.
            follows(&repo, &ledger, tip, commit).unwrap();
            let records = repo.find(repo.commit(commit).unwrap().tree, RECORDS.into()).unwrap().unwrap();
            let records = repo.blob(records.oid, 10_000).unwrap().unwrap();
            assert!(records.len() <= 1000 || records.lines().count() == 1, "{}", records.len());
            let known = end(&repo, &refs).unwrap().unwrap();
            ledger.reaches(known).unwrap();
            text.extend(records);
            (steps, tip) = (steps + 1, Some(commit));
        }
        assert_eq!(end(&repo, &repo.refs().unwrap()).unwrap(), Some(last));
        assert_eq!(ledger.between(1, last.sequence, usize::MAX).unwrap(), (text, last));
        assert!(steps > 8, "{steps}");
        bring_up(&repo, &ledger, last, None, now).unwrap();
        assert_eq!(repo.refs().unwrap().get(MIRROR.as_bytes().as_bstr()).copied(), tip);
    }
}
