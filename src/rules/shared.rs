//! What several rules do alike.

pub(super) mod drift;
pub(super) mod signed;

use bstr::{BStr, BString, ByteSlice};

use crate::change::signed::{By, unjudged};
use crate::change::{File, Task, Touch};
use crate::oid::{ObjectFormat, Oid};
use crate::policy::signatures::Signatures;
use crate::policy::{CONTRACT_FILE, Class, POLICY_FILE, POLICY_FOLDER, PathKind, Policy};
use crate::provenance::approval::{Approval, Entry, Heading};
use crate::provenance::task::APPROVAL;
use crate::refs::Action;
use crate::rule::Ctx;

pub(super) const ALL_CLASSES: &[Class] = &[
    Class::Protected,
    Class::Task,
    Class::Emergency,
    Class::Branch,
    Class::Tag,
    Class::Notes,
    Class::Refgate,
    Class::Unknown,
];

pub(super) const BRANCHES: &[Class] = &[Class::Protected, Class::Task, Class::Emergency, Class::Branch];

pub(super) const BRANCHES_AND_TAGS: &[Class] =
    &[Class::Protected, Class::Task, Class::Emergency, Class::Branch, Class::Tag];

/// The task whose scope is in force: a promoted one, and on a task branch one that has an approval already.
pub(super) fn scoped_task<'a>(ctx: &Ctx<'a>) -> Option<&'a Task> {
    if ctx.change.class == Class::Protected {
        return ctx.promoted_task();
    }
    let task = ctx.change.task.as_deref()?;
    let moves = matches!(ctx.action(), Action::Create | Action::Move);
    (moves && task.entries.contains_key(APPROVAL.as_bytes().as_bstr())).then_some(task)
}

/// The task's approval, when there is one that is a file.
pub(super) fn approval(task: &Task) -> Option<Approval> {
    match task.files.get(APPROVAL.as_bytes().as_bstr())? {
        File::Content(bytes) => Some(Approval::parse(bytes)),
        File::NotAFile(_) | File::TooLarge => None,
    }
}

/// The touched paths that need an approval: all but those in the trace folders of tasks, which have rules of their own.
pub(super) fn scoped_paths<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = (&'a BStr, &'a Touch)> {
    let (policy, touched) = (ctx.policy, &ctx.change.content.touched);
    touched
        .iter()
        .map(|(path, touch)| (path.as_bstr(), touch))
        .filter(|(path, _)| !policy.in_trace(path).is_some_and(|rest| rest.contains(&b'/')))
}

/// Whether an entry of the approved scope covers a path of this kind. A heading covers its own kind and less sensitive
/// ones: documentation may stand anywhere, schema changes and backfills only under their own.
pub(super) fn covers(entry: &Entry, path: &BStr, kind: PathKind) -> bool {
    let heading = match kind {
        PathKind::Schema => entry.heading == Heading::Schema,
        PathKind::Backfill => entry.heading == Heading::Backfill,
        PathKind::Runtime => entry.heading != Heading::Documentation,
        PathKind::Documentation => true,
    };
    heading && entry.glob.matches(path)
}

/// Where to look for a path that the net change does not show.
pub(super) fn in_commit(ctx: &Ctx<'_>, touch: &Touch) -> String {
    match touch.commit {
        Some(commit) if touch.net.is_none() && ctx.change.content.has_net => {
            format!(" (commit {}; a later one takes it back)", commit.short())
        }
        Some(commit) if touch.net.is_none() => format!(" (commit {})", commit.short()),
        _ => String::new(),
    }
}

/// The paths whose spelling and kind other rules rely on.
pub(super) fn guarded(policy: &Policy) -> Vec<BString> {
    let mut guarded: Vec<BString> =
        vec![policy.trace.as_str().into(), POLICY_FILE.into(), POLICY_FOLDER.into(), CONTRACT_FILE.into()];
    let contracts = policy.drift.iter().flat_map(|drift| &drift.contracts).map(|held| &held.path);
    guarded.extend(contracts.filter(|path| *path != CONTRACT_FILE).cloned());
    guarded
}

/// What a signature lacks for the tables that are met, to follow the object's name.
pub(super) fn unsigned(ctx: &Ctx<'_>, by: &By, due: &[&Signatures]) -> Option<String> {
    match by {
        Ok(signer) => due.iter().find_map(|table| table.lacks(signer)).map(|lacks| format!("is signed {lacks}")),
        // A clone does not see the signers in the server's folder.
        Err(reason) if ctx.push.is_draft() && *reason == unjudged() => None,
        Err(reason) => Some(reason.clone()),
    }
}

/// Whether the object is the blob without content, which has one name in each format.
pub(super) fn is_empty_blob(oid: Oid) -> bool {
    let name = match oid.format() {
        ObjectFormat::Sha1 => "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        ObjectFormat::Sha256 => "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    };
    Oid::from_hex(name.as_bytes()) == Some(oid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    /// What is said of the one path that the facts touch.
    fn said(facts: Facts) -> String {
        let (policy, push, change, now) = facts.build();
        let ctx = Ctx { policy: &policy, push: &push, change: &change, now };
        let touch = change.content.touched.values().next().unwrap();
        in_commit(&ctx, touch)
    }

    #[test]
    fn a_commit_is_named_where_the_net_change_does_not_show_the_path() {
        assert_eq!(said(Facts::branch_push("main").touch("a")), "");
        assert_eq!(said(Facts::branch_push("main").touch("a").without_net()), "");
        let reverted = Facts::branch_push("main").edit_and_revert("a");
        assert_eq!(said(reverted.clone()), " (commit 2c2c2c2c2c2c; a later one takes it back)");
        assert_eq!(said(reverted.without_net()), " (commit 2c2c2c2c2c2c)");
    }

    #[test]
    fn the_empty_blob_is_known_in_both_formats() {
        use sha2::Digest;
        let sha256 = Oid::from_bytes(&sha2::Sha256::digest(b"blob 0\0")).unwrap();
        assert!(is_empty_blob(sha256));
        assert!(is_empty_blob(Oid::from_hex(b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391").unwrap()));
        assert!(!is_empty_blob(oid(BLOB)) && !is_empty_blob(Oid::from_bytes(&[BLOB; 32]).unwrap()));
    }
}
