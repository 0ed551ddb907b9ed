//! Trees made of two others.

use bstr::{BStr, BString, ByteSlice};
use gix::objs::FindExt as _;
use gix::objs::tree::{Editor, EntryKind};

use super::repo::{Repo, from_gix, to_gix};
use crate::entry::{Entry, Mode};
use crate::error::{Error, Result};
use crate::oid::Oid;
use crate::path::Budget;

/// More paths than any real tree takes over from another.
const MOST_PATHS: usize = 1_500_000;

impl Repo {
    /// The tree `tree`, but for the paths that `kept` names, which stand as they do in the tree `other`. Kept in memory.
    ///
    /// # Errors
    /// A tree cannot be read, or holds what no Git tool writes.
    pub fn tree_but_for(&self, tree: Oid, other: Oid, kept: &dyn Fn(&BStr) -> bool) -> Result<Oid> {
        let (mut gone, mut put) = (Vec::new(), Vec::new());
        let mut budget = Budget::new(MOST_PATHS);
        // The tree that is edited stands on the side that is held to its form: an editor goes astray in any other.
        self.diff(Some(other), Some(tree), &mut |path, old, new| {
            if kept(path) {
                budget.spend(path, "the trees differ at")?;
                match old {
                    Some(entry) => put.push((path.to_owned(), entry)),
                    None => gone.extend(new.map(|_| path.to_owned())),
                }
            }
            Ok(())
        })?;
        if gone.is_empty() && put.is_empty() {
            return Ok(tree);
        }
        self.edited(tree, &gone, &put)
    }

    fn edited(&self, tree: Oid, gone: &[BString], put: &[(BString, Entry)]) -> Result<Oid> {
        let bad = |error: &dyn std::fmt::Display| self.unreadable(tree, "tree", error);
        let mut buffer = Vec::new();
        let root = match to_gix(tree) {
            empty if empty.is_empty_tree() => gix::objs::Tree::empty(),
            id => self.gix.objects.find_tree(&id, &mut buffer).map_err(|error| bad(&error))?.into(),
        };
        let mut editor = Editor::new(root, &self.gix.objects, self.gix.object_hash());
        let parts = |path: &BString| path.split_str("/").map(|part| part.as_bstr().to_owned()).collect::<Vec<_>>();
        for path in gone {
            editor.remove(parts(path).iter().map(|part| part.as_bstr())).map_err(|error| bad(&error))?;
        }
        for (path, entry) in put {
            let kind = kind(entry.mode)?;
            let parts = parts(path);
            editor
                .upsert(parts.iter().map(|part| part.as_bstr()), kind, to_gix(entry.oid))
                .map_err(|error| bad(&error))?;
        }
        let id =
            editor.write(|tree| gix::prelude::Write::write(&self.gix.objects, tree)).map_err(|error| bad(&error))?;
        from_gix(&id)
    }
}

fn kind(mode: Mode) -> Result<EntryKind> {
    Ok(match mode {
        Mode::File => EntryKind::Blob,
        Mode::Executable => EntryKind::BlobExecutable,
        Mode::Symlink => EntryKind::Link,
        Mode::Submodule => EntryKind::Commit,
        Mode::Tree => return Err(Error::undecided("a comparison of trees gave a folder").help("please report it")),
    })
}
