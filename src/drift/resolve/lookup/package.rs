//! Packages of Go: folders that an import calls by a path.

use bstr::{BStr, ByteSlice};

use super::{Lookup, Outcome, Why};

impl<'a> Lookup<'a> {
    /// What a name is in a package that a file imports. Where several folders may be the package, it is in the one that
    /// has the name; in none, where more than one has it.
    pub(super) fn in_package(&self, home: &BStr, package: &BStr, name: &str) -> Outcome<'a> {
        let Some(lists) = self.files.packages().folders(home, package) else {
            return Outcome::Unclear(Why::Unplaced);
        };
        for folders in lists {
            let there: Vec<_> = folders.iter().filter_map(|folder| self.in_folder(folder.as_bstr(), name)).collect();
            let is_there = !there.is_empty();
            let mut found = there.into_iter().filter(|found| !found.is_empty());
            match (found.next(), found.next()) {
                (Some(found), None) => return Outcome::Found(found),
                (Some(_), Some(_)) => return Outcome::Unclear(Why::Several),
                (None, _) if is_there => return Outcome::Unknown,
                (None, _) => {}
            }
        }
        Outcome::Foreign
    }
}
