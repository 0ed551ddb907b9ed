//! What hotfixes left open: each was let in by a statement of its own, and stays here until a finished task names that
//! statement in its approval. Both stand where everybody sees them, on refs of refgate's and in traces; nothing else
//! remembers.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};

use super::Work;
use super::survey::{Item, Step};
use crate::entry::Mode;
use crate::error::{Kind, Result};
use crate::escape;
use crate::finding::Severity;
use crate::oid::Oid;
use crate::provenance::approval::Approval;
use crate::provenance::task::{APPROVAL, STATUS};
use crate::rule::Waiver;
use crate::rules;
use crate::statement::place::{Place, STATEMENT};
use crate::statement::waiver::Override;

/// A line for each hotfix that no task has taken up, but for those that the task whose tip this is will.
pub(in crate::cmd) fn items(work: &Work, tip: Option<Oid>) -> Result<Vec<Item>> {
    let all = hotfixes(work)?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let settled = settled(work, tip)?;
    // One hotfix may have several statements, of which one was used: whichever is named settles it.
    let mut open: BTreeMap<(&str, Oid), (&Override, bool)> = BTreeMap::new();
    for (id, statement) in &all {
        let (_, done) = open.entry((&statement.name, statement.new_oid)).or_insert((statement, false));
        *done |= settled.contains(id);
    }
    Ok(open.into_values().filter(|(_, done)| !done).map(|(statement, _)| item(work, statement)).collect())
}

fn item(work: &Work, hotfix: &Override) -> Item {
    let what = format!(
        "the hotfix {} on {} (by {}: {}) is taken up by no task yet",
        hotfix.new_oid.short(),
        work.tracking(hotfix.name.as_bytes()),
        escape::printable(&hotfix.principal),
        escape::one_line(&hotfix.justification)
    );
    let mend = format!("the task that takes it up has this line in its approval: Settles: {}", hotfix.statement_id);
    Item { severity: Severity::Evaluate, ..Item::new(Step::FollowUp, what, mend) }
}

/// The statements that let hotfixes in which stand on a protected branch, by name.
fn hotfixes(work: &Work) -> Result<BTreeMap<String, Override>> {
    let mut found = BTreeMap::new();
    for (name, oid) in work.repo.refs()? {
        let Some(Place::Override { id }) = Place::parse(name.as_bstr()) else { continue };
        // Evidence stays unread: it may be large, and there may be thousands.
        let Some(root) = work.repo.tree_of(oid)? else { continue };
        let bytes = match bytes(work, root, STATEMENT.into()) {
            // What is no statement let nothing in.
            Err(error) if error.kind == Kind::Malformed => continue,
            found => found?,
        };
        let statement = bytes.and_then(|bytes| Override::parse(&bytes).ok());
        if let Some(statement) =
            statement.filter(|statement| lets_a_hotfix_in(statement) && statement.statement_id == id)
            && stands(work, &statement)?
        {
            found.insert(id, statement);
        }
    }
    Ok(found)
}

fn lets_a_hotfix_in(statement: &Override) -> bool {
    let is_hotfix = |rule: &str| rules::find(rule).is_some_and(|rule| rule.docs.waiver == Waiver::Hotfix);
    statement.findings.iter().any(|waived| is_hotfix(&waived.rule))
}

/// Whether the protected branch holds the commit: a statement that was never used left nothing open.
fn stands(work: &Work, statement: &Override) -> Result<bool> {
    let name = BStr::new(&statement.name);
    let Some(tip) = work.refs.get(name).filter(|_| work.policy.is_protected(name)) else { return Ok(false) };
    // What was not fetched is on no branch that was.
    match work.repo.kind(statement.new_oid) {
        Ok(crate::git::ObjectKind::Commit) => work.repo.is_ancestor(statement.new_oid, *tip),
        Ok(_) | Err(_) => Ok(false),
    }
}

/// The statements that finished tasks on protected branches name, and those that the task with this tip does.
fn settled(work: &Work, tip: Option<Oid>) -> Result<BTreeSet<String>> {
    let (mut named, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let protected = work.refs.iter().filter(|(name, _)| work.policy.is_protected(name.as_bstr()));
    for tip in protected.map(|(_, tip)| *tip).collect::<BTreeSet<Oid>>() {
        let Some(root) = work.repo.tree_of(tip)? else { continue };
        let trace = work.repo.find(root, work.policy.trace.as_str().into())?.filter(|entry| entry.mode == Mode::Tree);
        for (_, task) in trace.map(|trace| work.repo.tree(trace.oid)).transpose()?.unwrap_or_default() {
            // Most protected branches hold the same finished tasks.
            let is_new = task.mode == Mode::Tree && seen.insert(task.oid);
            if is_new && work.repo.find(task.oid, STATUS.into())?.is_some() {
                named.extend(named_in(work, task.oid, APPROVAL.into())?);
            }
        }
    }
    if let Some(root) = tip.map(|tip| work.repo.tree_of(tip)).transpose()?.flatten() {
        let approval = BString::from(format!("{}/{APPROVAL}", work.folder()));
        named.extend(named_in(work, root, approval.as_bstr())?);
    }
    Ok(named)
}

fn named_in(work: &Work, tree: Oid, path: &BStr) -> Result<Vec<String>> {
    let bytes = bytes(work, tree, path)?.unwrap_or_default();
    // Most approvals settle nothing, and there may be thousands.
    if !bytes.to_ascii_lowercase().contains_str("settles") {
        return Ok(Vec::new());
    }
    Ok(Approval::parse(&bytes).settles.into_iter().map(|line| line.value).collect())
}

/// A file of a tree, where there is one that the policy lets be read.
fn bytes(work: &Work, tree: Oid, path: &BStr) -> Result<Option<Vec<u8>>> {
    match work.repo.find(tree, path)?.filter(|entry| entry.mode.is_file()) {
        Some(entry) => work.repo.blob(entry.oid, work.policy.limits.blob_bytes),
        None => Ok(None),
    }
}
