//! Documents that travel on refs of refgate's own, as facts: what stands behind such a ref, and which of them bear on a
//! change. Whether one counts is for the rules.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

use super::{Content, Push, Task};
use crate::digest::sha256;
use crate::entry::Mode;
use crate::error::{Error, Kind, Result};
use crate::escape;
use crate::git::{ObjectKind, Repo};
use crate::oid::Oid;
use crate::path::Budget;
use crate::policy::Policy;
use crate::refs::Action;
use crate::statement::approval;
use crate::statement::place::{ARTIFACTS, Place};
use crate::statement::policy_change::{self, Change, Changes};

/// What stands behind one of refgate's refs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// The full ref name.
    pub name: BString,
    /// The files, or why they are none, as a part of a sentence that begins with the ref.
    pub files: std::result::Result<Files, String>,
}

/// The files of a document's tree; all of them are plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// At the top: the document and its signatures.
    pub top: BTreeMap<BString, Vec<u8>>,
    /// Below `artifacts/`, by name: SHA-256 of the content, hex.
    pub artifacts: BTreeMap<BString, String>,
}

/// More files than any document has.
const MOST_FILES: usize = 64;
/// The largest report that a document retains, in bytes.
const LARGEST_ARTIFACT: u64 = 16 * 1024 * 1024;
/// All files of a document together, in bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// More documents on one subject than anybody makes.
const MOST_DOCUMENTS: usize = 1000;

impl Retained {
    /// Reads what stands behind a ref.
    ///
    /// # Errors
    /// An object is missing or unreadable. What is only not as it must be is a fact, and no error.
    pub fn load(repo: &Repo, policy: &Policy, name: &BStr, oid: Oid) -> Result<Self> {
        let limit = policy.limits.blob_bytes;
        let found = match repo.kind(oid)? {
            ObjectKind::Commit => files(repo, oid, limit),
            _ => Ok(Err("is no commit".to_owned())),
        };
        // More than a document may hold says the same in the words of the budget.
        let files = found.or_else(|error| match error.kind {
            Kind::Malformed => Ok(Err(error.message)),
            Kind::Undecided | Kind::Usage => Err(error),
        })?;
        Ok(Self { name: name.to_owned(), files })
    }
}

fn files(repo: &Repo, oid: Oid, limit: u64) -> Result<std::result::Result<Files, String>> {
    let commit = repo.commit(oid)?;
    if !commit.parents.is_empty() {
        return Ok(Err("is a commit with parents".to_owned()));
    }
    let mut entries = Vec::new();
    let mut budget = Budget::new(MOST_FILES);
    repo.diff(None, Some(commit.tree), &mut |path, _, new| {
        budget.spend(path, "it holds").map_err(|error| Error::malformed(error.message))?;
        entries.extend(new.map(|entry| (path.to_owned(), entry)));
        Ok(())
    })?;
    let mut files = Files::default();
    let mut left = MOST_BYTES;
    for (path, entry) in entries {
        let shown = escape::quote_path(&path);
        if entry.mode != Mode::File {
            return Ok(Err(format!("holds {shown}, which is {}", entry.mode.name())));
        }
        let artifact = path.strip_prefix(ARTIFACTS.as_bytes());
        let most = if artifact.is_some() { LARGEST_ARTIFACT } else { limit };
        let Some(content) = repo.blob(entry.oid, most)? else {
            return Ok(Err(format!("holds {shown}, which is larger than {most} bytes")));
        };
        left = match left.checked_sub(content.len() as u64) {
            Some(left) => left,
            None => return Ok(Err(format!("holds more than {MOST_BYTES} bytes in all"))),
        };
        match artifact {
            Some(name) => _ = files.artifacts.insert(name.into(), sha256(&content)),
            None => _ = files.top.insert(path, content),
        }
    }
    Ok(Ok(files))
}

/// The files that the policy owns and that the change leaves otherwise than it found them.
pub(crate) fn owned_changes(policy: &Policy, content: &Content) -> Changes {
    let owned = content.touched.iter().filter(|(path, _)| policy.is_owned(path.as_bstr()));
    let net = owned.filter_map(|(path, touch)| {
        let (old, new) = touch.net?;
        let file = |entry: Option<crate::entry::Entry>| entry.map(policy_change::File::of);
        Some((escape::quote_path(path), Change { old: file(old), new: file(new) }))
    });
    net.collect()
}

/// The documents, held by the server or created by the same push, that bear on a change: results of the `checks` for the
/// tree that it ends in, withdrawals of its task's approval, and the policy role's word on what it changes.
pub(super) fn bearing_on(
    repo: &Repo,
    policy: &Policy,
    push: &Push,
    content: &Content,
    checks: Option<(Oid, BTreeSet<&str>)>,
    task: Option<&Task>,
) -> Result<Vec<Retained>> {
    let mut prefixes = BTreeSet::new();
    if let Some((tree, checks)) = checks {
        prefixes.extend(checks.into_iter().map(|check| Place::checks(tree, check)));
    }
    if task.is_some_and(|task| task.files.contains_key(approval::FILE.as_bytes().as_bstr())) {
        // All of them: one withdrawal counts for every approval of its task that was given before it.
        prefixes.insert("refs/refgate/withdrawals/".to_owned());
    }
    let changes = owned_changes(policy, content);
    if !changes.is_empty() {
        prefixes.insert(Place::policy_changes(&policy_change::key(&changes)));
    }
    let created = push.updates.iter().filter(|update| update.action() == Action::Create);
    let created: BTreeMap<&BString, Oid> = created.map(|update| (&update.name, update.new)).collect();
    let mut documents = Vec::new();
    for prefix in prefixes {
        let prefix = BString::from(prefix);
        let held = push.refs.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let new = created.range::<BString, _>(&prefix..).take_while(|(name, _)| name.starts_with(&prefix));
        let all = held.map(|(name, oid)| (name, *oid)).chain(new.map(|(name, oid)| (*name, *oid)));
        for (number, (name, oid)) in all.enumerate() {
            if number == MOST_DOCUMENTS {
                let shown = escape::quote_path(&prefix);
                return Err(Error::undecided(format!("there are more than {MOST_DOCUMENTS} refs below {shown}"))
                    .help("an administrator deletes those that no longer count: git update-ref -d REF"));
            }
            documents.push(Retained::load(repo, policy, name.as_bstr(), oid)?);
        }
    }
    Ok(documents)
}
