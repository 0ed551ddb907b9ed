//! The one merge algorithm of the house: gix's recursive three-way merge with git's rename detection, run without
//! attributes, merge drivers, filters or configuration. Whoever judges a merge and whoever builds one uses this.

use std::collections::BTreeSet;

use bstr::BString;
use gix::merge::plumbing as merge;

use super::repo::{Repo, from_gix, one_line, to_gix};
use crate::error::{Error, Result};
use crate::oid::Oid;
use crate::path::Budget;

/// Files on each side that are compared with each other to find renames. git's limit is 7000; the adversary pays
/// nothing for a million comparisons, so ours is lower, and a merge that needs more is not "clean".
const RENAME_LIMIT: usize = 400;
/// Files from this size on are merged as a whole, like binary ones.
const LARGE_FILE: u64 = 8 * 1024 * 1024;

/// Merge bases that have several merge bases themselves, and so on: each level is a merge of its own.
const MAX_CRISS_CROSS: usize = 8;

/// More paths than a side of a real merge changes. The library keeps them all, and more than once.
const MAX_CHANGES: usize = 500_000;

/// The result of merging two commits afresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The merged tree; where sides conflict it holds one of them, or conflict markers.
    pub tree: Oid,
    /// The paths that conflict; empty for a clean merge.
    pub conflicts: BTreeSet<BString>,
}

impl Repo {
    /// Merges `theirs` into `ours` as `git merge` would in a repository without configuration. Unrelated histories
    /// are merged against the empty tree; several merge bases are first merged into one.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn merge(&self, ours: Oid, theirs: Oid) -> Result<Merged> {
        let bad = |error: &dyn std::fmt::Display| {
            Error::undecided(format!("the merge of {theirs} into {ours} cannot be rebuilt: {}", one_line(error)))
                .help(self.missing_help())
        };
        self.check(ours, theirs)?;
        let mut graph = gix::revwalk::Graph::new(&self.gix.objects, self.commit_graph());
        let labels = merge::blob::builtin_driver::text::Labels::default();
        let options = merge::commit::Options {
            allow_missing_merge_base: true,
            tree_merge: tree_options()?,
            use_first_merge_base: false,
        };
        let outcome = merge::commit(
            to_gix(ours),
            to_gix(theirs),
            labels,
            &mut graph,
            &mut self.diff_platform(),
            &mut self.blob_platform(),
            &self.gix.objects,
            &mut |id| id.to_hex_with_len(12).to_string(),
            options,
        )
        .map_err(|error| bad(&error))?;
        let mut merged = outcome.tree_merge;
        let how = merge::tree::TreatAsUnresolved::git();
        let conflicts = merged
            .conflicts
            .iter()
            .filter(|conflict| conflict.is_unresolved(how))
            .flat_map(|conflict| {
                let sides = [&conflict.ours, &conflict.theirs];
                sides.into_iter().flat_map(|change| [change.location().to_owned(), change.source_location().to_owned()])
            })
            .collect();
        let tree = merged
            .tree
            .write(|tree| gix::prelude::Write::write(&self.gix.objects, tree))
            .map_err(|error| bad(&error))?;
        Ok(Merged { tree: from_gix(&tree)?, conflicts })
    }

    /// The commit, in memory, that takes `theirs` up into `ours`. Where the two conflict its tree is that of
    /// [`Repo::merge`].
    ///
    /// # Errors
    /// As [`Repo::merge`].
    pub fn merge_commit(&self, ours: Oid, theirs: Oid) -> Result<Oid> {
        let merged = self.merge(ours, theirs)?;
        self.commit_of(to_gix(merged.tree), vec![to_gix(ours), to_gix(theirs)], "merge\n")
    }

    /// The tree that two commits have in common: that of their merge base, or of several merged into one. `None` for
    /// unrelated histories.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn common_tree(&self, a: Oid, b: Oid) -> Result<Option<Oid>> {
        let bases = self.merge_bases(a, b)?;
        let (first, second, others) = match bases.as_slice() {
            [] => return Ok(None),
            [only] => return Ok(Some(self.node(*only)?.tree)),
            [first, second, others @ ..] => (*first, *second, others),
        };
        self.check(a, b)?;
        let mut graph = gix::revwalk::Graph::new(&self.gix.objects, self.commit_graph());
        let merged = merge::commit::virtual_merge_base(
            to_gix(first),
            to_gix(second),
            others.iter().copied().map(to_gix).collect(),
            &mut graph,
            &mut self.diff_platform(),
            &mut self.blob_platform(),
            &self.gix.objects,
            &mut |id| id.to_hex_with_len(12).to_string(),
            tree_options()?,
        );
        let merged = merged.map_err(|error| {
            Error::undecided(format!("the merge bases of {a} and {b} cannot be merged: {}", one_line(&error)))
                .help(self.missing_help())
        })?;
        from_gix(&merged.tree_id).map(Some)
    }

    /// What a merge would keep in memory is counted before it begins: the paths that each side changes.
    fn check_size(&self, a: Oid, b: Oid, bases: &[Oid]) -> Result<()> {
        let trees = bases.iter().map(|base| Ok(Some(self.node(*base)?.tree))).collect::<Result<Vec<_>>>()?;
        for side in [a, b] {
            for base in if trees.is_empty() { &[None] } else { trees.as_slice() } {
                let mut budget = Budget::new(MAX_CHANGES);
                let what = "one side of a merge changes";
                self.diff(*base, Some(self.node(side)?.tree), &mut |path, _, _| budget.spend(path, what))?;
            }
        }
        Ok(())
    }

    /// Honest histories criss-cross once or twice; a ladder of such merges costs a merge for each rung.
    fn check(&self, a: Oid, b: Oid) -> Result<()> {
        let (mut a, mut b) = (a, b);
        for _ in 0..MAX_CRISS_CROSS {
            let bases = self.merge_bases(a, b)?;
            self.check_size(a, b, &bases)?;
            match bases.as_slice() {
                [first, second] => (a, b) = (*first, *second),
                [] | [_] => return Ok(()),
                _ => break,
            }
        }
        Err(Error::undecided(format!("the histories of {a} and {b} cross too often to be merged afresh"))
            .help("start the branch again from its target and cherry-pick the work"))
    }

    fn diff_platform(&self) -> gix::diff::blob::Platform {
        use gix::diff::blob;
        let options = blob::pipeline::Options { large_file_threshold_bytes: LARGE_FILE, ..Default::default() };
        let pipeline =
            blob::Pipeline::new(blob::pipeline::WorktreeRoots::default(), self.no_filter(), Vec::new(), options);
        let platform = blob::platform::Options { algorithm: Some(blob::Algorithm::Histogram), ..Default::default() };
        blob::Platform::new(platform, pipeline, blob::pipeline::Mode::ToGit, no_attributes())
    }

    fn blob_platform(&self) -> merge::blob::Platform {
        use merge::blob;
        let options = blob::pipeline::Options { large_file_threshold_bytes: LARGE_FILE };
        let pipeline = blob::Pipeline::new(blob::pipeline::WorktreeRoots::default(), self.no_filter(), options);
        blob::Platform::new(pipeline, blob::pipeline::Mode::ToGit, no_attributes(), Vec::new(), Default::default())
    }

    fn no_filter(&self) -> gix::filter::plumbing::Pipeline {
        gix::filter::plumbing::Pipeline::new(Default::default(), self.gix.object_hash(), Default::default())
    }
}

/// A stack of attribute files that holds none and reads none.
fn no_attributes() -> gix::worktree::Stack {
    use gix::worktree::stack::{State, state};
    let attributes =
        state::Attributes::new(Default::default(), None, state::attributes::Source::IdMapping, Default::default());
    gix::worktree::Stack::new(
        "",
        State::AttributesStack(attributes),
        gix::glob::pattern::Case::Sensitive,
        Vec::new(),
        Vec::new(),
    )
}

fn tree_options() -> Result<merge::tree::Options> {
    use merge::blob::builtin_driver::text;
    let marker_size = std::num::NonZeroU8::new(text::Conflict::DEFAULT_MARKER_SIZE)
        .ok_or_else(|| Error::undecided("conflict markers of no width"))?;
    Ok(merge::tree::Options {
        rewrites: Some(gix::diff::Rewrites {
            copies: None,
            percentage: Some(0.5),
            limit: RENAME_LIMIT,
            track_empty: false,
        }),
        blob_merge: merge::blob::platform::merge::Options {
            is_virtual_ancestor: false,
            resolve_binary_with: None,
            text: text::Options {
                diff_algorithm: gix::diff::blob::Algorithm::Histogram,
                conflict: text::Conflict::Keep { style: text::ConflictStyle::Merge, marker_size },
            },
        },
        ..Default::default()
    })
}
