//! The values that a branch had, as far as its history still tells.

use std::collections::HashSet;

use bstr::{BStr, BString};

use super::merged::named;
use crate::cli::moment::{Moment, TAKEN};
use crate::error::{Error, Result};
use crate::escape;
use crate::git::{ObjectKind, Repo};
use crate::oid::Oid;

/// How many values are looked at where nobody says how many.
const USUAL: usize = 1_000;

/// A place in a branch's past.
#[derive(Clone, Copy, Debug)]
pub(super) enum Point {
    /// A moment, seconds since 1970.
    At(i64),
    /// A commit.
    Commit(Oid),
}

impl Point {
    /// Reads a moment or a revision. A day alone ends a span with its last second.
    pub(super) fn read(repo: &Repo, text: &str, ends: bool) -> Result<Self> {
        let moment = Moment::read(text).and_then(if ends { Moment::last } else { Moment::first });
        if let Some(time) = moment {
            return Ok(Self::At(time.as_second()));
        }
        let help = format!("name a commit of git log --oneline --all, or write {TAKEN}");
        let named = repo.resolve(text).map_err(|error| error.help(help.clone()))?;
        match repo.peel(named)? {
            (ObjectKind::Commit, commit) => Ok(Self::Commit(commit)),
            _ => Err(Error::usage(format!("{} names no commit", escape::quote_path(text.as_bytes()))).help(help)),
        }
    }
}

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    /// The branch, less `refs/heads/`.
    pub(super) branch: &'a BStr,
    /// What it holds now.
    pub(super) tip: Oid,
    /// The value before the first step.
    pub(super) since: Option<Point>,
    /// The last value.
    pub(super) until: Option<Point>,
    /// What the trusted ref holds, where that is another branch: this one began where it left that one's own chain.
    pub(super) trunk: Option<Oid>,
}

/// How a value came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// By a commit, or by a merge that was made on another branch.
    Here,
    /// By a merge of the value before with this commit, of a branch that the message may name.
    Merge(Oid, Option<BString>),
    /// By taking more than one other side up.
    Octopus,
    /// On another branch, which took up the value before.
    Back,
}

/// A branch's values, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    /// The value before all steps; `None` where the history begins with the first one.
    pub(super) start: Option<Oid>,
    /// Each further value.
    pub(super) values: Vec<(Oid, Made)>,
    /// Why the history ends before it was due to.
    pub(super) cut: Option<Error>,
}

impl Chain {
    /// Goes back from the branch's tip.
    pub(super) fn find(repo: &Repo, span: Span<'_>) -> Result<Self> {
        let mut chain = Self::default();
        let mut at = last(repo, span)?;
        let own = span.trunk.filter(|_| span.since.is_none()).map(|trunk| own_values(repo, trunk)).unwrap_or_default();
        let ends = |at: Oid, count: usize| match span.since {
            Some(Point::Commit(since)) => Ok(at == since),
            Some(Point::At(time)) => Ok::<_, Error>(repo.node(at)?.time < time),
            None => Ok(count == USUAL || own.contains(&at)),
        };
        loop {
            // The border of a shallow clone is a value that can be named, and nothing before it.
            let node = match repo.node(at) {
                Ok(node) => node,
                Err(error) => {
                    (chain.start, chain.cut) = (Some(at), Some(error));
                    break;
                }
            };
            if ends(at, chain.values.len())? {
                chain.start = Some(at);
                break;
            }
            let (made, before) = made(repo, span.branch, at, &node.parents)?;
            chain.values.push((at, made));
            match before {
                Some(before) => at = before,
                None => break,
            }
        }
        if let (Some(Point::Commit(since)), None) = (span.since, &chain.cut)
            && chain.start != Some(since)
        {
            return Err(not_there(span.branch, since));
        }
        chain.values.reverse();
        Ok(chain)
    }
}

fn not_there(branch: &BStr, commit: Oid) -> Error {
    let shown = escape::quote_path(branch);
    Error::usage(format!("{} is no value that {shown} had, as far as its first parents tell", commit.short()))
        .help(format!("git log --first-parent --oneline {shown} shows them"))
}

/// The last value that is asked for.
fn last(repo: &Repo, span: Span<'_>) -> Result<Oid> {
    let mut at = span.tip;
    let Some(until) = span.until else { return Ok(at) };
    loop {
        let node = repo.node(at)?;
        match until {
            Point::Commit(until) if at == until => return Ok(at),
            Point::At(time) if node.time <= time => return Ok(at),
            _ => {}
        }
        at = match (made(repo, span.branch, at, &node.parents)?.1, until) {
            (Some(before), _) => before,
            (None, Point::Commit(until)) => return Err(not_there(span.branch, until)),
            (None, Point::At(_)) => {
                return Err(Error::usage("the whole history is younger than --until").help("name a later date"));
            }
        };
    }
}

/// How a value came about, and the value before.
fn made(repo: &Repo, branch: &BStr, at: Oid, parents: &[Oid]) -> Result<(Made, Option<Oid>)> {
    Ok(match parents {
        [] => (Made::Here, None),
        [before] => (Made::Here, Some(*before)),
        [before, other] => {
            let subject = repo.headline(at)?.subject;
            match named(&subject) {
                Some(named) if named.source == branch => (Made::Back, Some(*other)),
                Some(named) if named.into.is_some_and(|into| into != branch) => (Made::Here, Some(*before)),
                named => (Made::Merge(*other, named.map(|named| named.source.to_owned())), Some(*before)),
            }
        }
        [before, ..] => (Made::Octopus, Some(*before)),
    })
}

/// The first-parent chain of the trusted ref, as far as it can be read.
fn own_values(repo: &Repo, trunk: Oid) -> HashSet<Oid> {
    let mut own = HashSet::new();
    let mut at = Some(trunk);
    while let Some(oid) = at {
        own.insert(oid);
        at = repo.node(oid).ok().and_then(|node| node.parents.first().copied());
    }
    own
}
