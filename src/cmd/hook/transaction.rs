//! `reference-transaction`: the backstop behind the gate. Git asks it before any ref moves, by whatever command: a
//! protected ref and those of refgate's own go only where a decision in the ledger lets them that nobody has used yet.
//!
//! It judges nothing. The gate has judged the push, and noted down what it let in, before Git comes here.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io::{BufRead, Read as _, Write as _};

use bstr::{BStr, BString, ByteSlice as _};

use super::mirror;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape::quote_path;
use crate::fold::fold;
use crate::git::Repo;
use crate::ledger::record::Moved;
use crate::ledger::{FOLDER, Ledger, MIRROR};
use crate::oid::Oid;
use crate::policy::load::{damaged, for_server, server_folder};
use crate::refs::RefMap;
use crate::rules;

/// The one state in which all refs are locked and Git can still be held up.
const PREPARED: &str = "prepared";
/// No ref has a name of this length.
const MOST_LINE: u64 = 64 * 1024;
const BRANCHES: &[u8] = b"refs/heads/";
const OWN: &[u8] = b"refs/refgate/";

/// A ref that is about to move.
struct Line {
    name: BString,
    /// As it was given: zeros also where nobody said what the ref must be.
    old: BString,
    /// `None` for a symbolic ref.
    new: Option<Oid>,
}

/// Runs the hook; the exit status.
pub(super) fn run(env: &Env, state: &str) -> u8 {
    if state != PREPARED {
        return 0;
    }
    match read(std::io::stdin().lock()).and_then(|lines| examine(env, lines)) {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "refgate: {error}");
            1
        }
    }
}

fn examine(env: &Env, lines: Vec<Line>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let repo = Repo::open_hook(env)?;
    let folder = server_folder(&repo);
    if !folder.try_exists()? {
        return Err(damaged());
    }
    let refs = repo.refs()?;
    let policy = for_server(&repo, &refs, &rules::ids())?;
    // Where file names are folded, another spelling is the same ref.
    let protected = refs.keys().filter(|name| policy.is_protected(name.as_bstr())).map(|name| fold(name));
    let protected: BTreeSet<_> = protected.collect();
    let guarded = |name: &BString| {
        name.starts_with(OWN) || policy.is_protected(name.as_bstr()) || protected.contains(&fold(name))
    };
    let ledger = Ledger::open(&folder.join(FOLDER));
    let backstop = Backstop { repo: &repo, refs: &refs, ledger, pending: OnceCell::new() };
    lines.iter().filter(|line| guarded(&line.name)).try_for_each(|line| backstop.allow(line))
}

/// Git's lines, `<old value> SP <new value> SP <ref name> LF`, where a value may be `ref:<target>`: those that the gate may
/// have to do with. Git packs all refs at once, so there may be any number of others.
fn read(mut input: impl BufRead) -> Result<Vec<Line>> {
    let (mut lines, mut text) = (Vec::new(), Vec::new());
    loop {
        text.clear();
        (&mut input).take(MOST_LINE).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            return Ok(lines);
        }
        let line = text.strip_suffix(b"\n").and_then(parse);
        let line = line.ok_or_else(|| {
            Error::malformed(format!("{} is no line of Git's reference-transaction", quote_path(&text)))
        })?;
        lines.extend(Some(line).filter(|line| [BRANCHES, OWN].iter().any(|of| line.name.starts_with(of))));
    }
}

fn parse(line: &[u8]) -> Option<Line> {
    let mut fields = line.splitn(3, |byte| *byte == b' ');
    let (old, new, name) = (fields.next()?, fields.next()?, fields.next()?);
    let new = if new.starts_with(b"ref:") { None } else { Some(Oid::from_hex(new)?) };
    Some(Line { name: shared(name.into()), old: old.into(), new })
}

/// The name that a ref has in every work tree: Git takes `main-worktree/refs/...` and `worktrees/ID/refs/...` too.
fn shared(name: BString) -> BString {
    let rest = match name.strip_prefix(b"worktrees/") {
        Some(rest) => rest.split_once_str("/").map(|(_, rest)| rest),
        None => name.strip_prefix(b"main-worktree/"),
    };
    rest.map_or_else(|| name.clone(), BString::from)
}

struct Backstop<'a> {
    repo: &'a Repo,
    refs: &'a RefMap,
    ledger: Ledger,
    /// What was let in and is not done.
    pending: OnceCell<Vec<Moved>>,
}

impl Backstop<'_> {
    /// Whether the ref may go there. It is locked, so it stays where it is while this is asked.
    fn allow(&self, line: &Line) -> Result<()> {
        let name = line.name.as_bstr();
        let Some(new) = line.new else {
            return Err(refused(name, "it would become a symbolic ref"));
        };
        let old = match self.refs.get(name) {
            Some(old) => *old,
            None => match self.repo.unlisted(name)? {
                Some(other) => return Err(refused(name, &format!("it is {other}"))),
                None => Oid::zero(self.repo.format()),
            },
        };
        if old == new || new.is_zero() && self.stays(name, line, old)? {
            return Ok(());
        }
        let moved = Moved { name: line.name.clone(), old, new };
        if self.pending()?.contains(&moved) {
            return Ok(());
        }
        if name == MIRROR {
            let tip = Some(old).filter(|old| !old.is_zero());
            return mirror::follows(self.repo, &self.ledger, tip, new);
        }
        let place = |oid: Oid| if oid.is_zero() { "nothing".to_owned() } else { oid.short() };
        Err(refused(name, &format!("no push that was let in takes it from {} to {}", place(old), place(new))))
    }

    fn pending(&self) -> Result<&[Moved]> {
        if self.pending.get().is_none() {
            let open = self.ledger.pending()?.into_iter();
            let moved = open.flat_map(|open| open.decided.updates).map(|update| update.moved);
            let _ = self.pending.set(moved.collect());
        }
        Ok(self.pending.get().map(Vec::as_slice).unwrap_or_default())
    }

    /// Git has packed the ref and takes its file away; it says so as if the ref were deleted, and always with its value.
    fn stays(&self, name: &BStr, line: &Line, old: Oid) -> Result<bool> {
        Ok(!old.is_zero() && Oid::from_hex(&line.old) == Some(old) && self.repo.is_pruned(name, old)?)
    }
}

fn refused(name: &BStr, why: &str) -> Error {
    let help = if name.starts_with(OWN) {
        "statements come here by git push, each once; the ledger's mirror is written by the hook post-receive alone"
    } else {
        "push it: refgate promote TASK or refgate rollback in a clone, or git push with an override; what the gate lets in \
         may be done once, within the hour"
    };
    Error::malformed(format!("{} stays where it is: {why}", quote_path(name))).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_git_writes_them_and_in_no_other_way() {
        let oid = "1".repeat(40);
        let text = format!("{oid} ref:refs/heads/b HEAD\n{oid} {oid} refs/heads/a\n{oid} ref:refs/x refs/heads/b\n");
        let lines = read(text.as_bytes()).unwrap();
        let names: Vec<_> = lines.iter().map(|line| (line.name.to_string(), line.new.is_some())).collect();
        assert_eq!(names, [("refs/heads/a".to_owned(), true), ("refs/heads/b".to_owned(), false)]);
        assert!(read(&b""[..]).unwrap().is_empty());
        let whole = format!("{oid} {oid} refs/heads/a");
        for wrong in ["\n", "x\n", "x y\n", &format!("{oid} main refs/heads/a\n"), &format!("{oid} {oid}\n"), &whole] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read(format!("{whole}{}\n", "a".repeat(70_000)).as_bytes()).is_err());
    }

    #[test]
    fn a_ref_has_one_name() {
        for (name, one) in [
            ("refs/heads/main", "refs/heads/main"),
            ("main-worktree/refs/heads/main", "refs/heads/main"),
            ("worktrees/a/refs/heads/main", "refs/heads/main"),
            ("worktrees/a", "worktrees/a"),
            ("HEAD", "HEAD"),
        ] {
            assert_eq!(shared(name.into()), one);
        }
    }
}
