//! Packages of Go: folders that an import calls by a path, and that have names of their own.

use bstr::{BStr, ByteSlice};

use super::{Found, From, Lookup, Outcome, Why};
use crate::drift::packages::is_test;
use crate::drift::shape::Module;

/// More imports than any file has.
const MOST_IMPORTS: usize = 1_000;

/// A file and what it declares.
type Home<'a> = (&'a BStr, &'a Module);

/// Whether a file of the same folder is part of a file's package. What is for tests no other file sees.
pub(in crate::drift::resolve) fn is_beside((home, own): Home<'_>, (file, module): Home<'_>) -> bool {
    own.package.name == module.package.name && (is_test(home) || !is_test(file))
}

impl<'a> Lookup<'a> {
    /// What a name with a dot is in a file: the one of a package that it imports. What the file calls none of them may be
    /// the name that any of those gives to itself which have no other; `None` for a name without a dot.
    pub(super) fn of_package(&self, (file, module): Home<'a>, name: &str) -> Option<Outcome<'a>> {
        let (head, tail) = name.split_once('.')?;
        let (mut likely, mut others) = (Vec::new(), Vec::new());
        for (place, import) in module.imports.iter().enumerate() {
            let Some(package) = import.package_path().filter(|_| import.local.is_some()) else { continue };
            match (module.package.guessed.contains(&place), import.local.as_deref() == Some(head)) {
                (false, true) => return self.in_package(file, package, tail, None),
                (true, true) => likely.push(package),
                (true, false) => others.push(package),
                (false, false) => {}
            }
        }
        if others.len() > MOST_IMPORTS {
            return Some(Outcome::Unclear(Why::Unplaced));
        }
        let mut outside = None;
        for package in likely.into_iter().chain(others) {
            match self.in_package(file, package, tail, Some(head)) {
                Some(Outcome::Foreign) => outside = Some(Outcome::Foreign),
                Some(outcome) => return Some(outcome),
                None => {}
            }
        }
        outside.or(Some(Outcome::Unknown))
    }

    /// What a name is in a package that a file imports; `None` where that is in the repository and calls itself otherwise.
    /// Where several folders may be the package, it is in the one that has the name; in none, where more than one has it.
    pub(super) fn in_package(
        &self,
        home: &BStr,
        package: &BStr,
        name: &str,
        called: Option<&str>,
    ) -> Option<Outcome<'a>> {
        let Some(lists) = self.files.packages().folders(home, package) else {
            return Some(Outcome::Unclear(Why::Unplaced));
        };
        for folders in lists {
            let (mut found, mut is_there, mut is_called): (Vec<Vec<Found<'a>>>, _, _) = (Vec::new(), false, false);
            for folder in &folders {
                let folder = if folder == "/" { BStr::new("") } else { folder.as_bstr() };
                let files = self.files.folder(folder).into_iter().filter(|file| !is_test(file)).collect::<Vec<_>>();
                is_there |= !files.is_empty();
                let is_it = |file: &&BStr| called.is_none_or(|called| self.files.is_of_package(file, called));
                let files: Vec<_> =
                    files.into_iter().filter(is_it).filter_map(|file| self.files.module(file)).collect();
                is_called |= !files.is_empty();
                // Nobody can import a program.
                let files = files.into_iter().filter(|(_, module)| module.package.name != "main");
                let own: Vec<_> =
                    files.flat_map(|(file, module)| self.within(file, module, name, From::Outside)).collect();
                found.extend(Some(own).filter(|own| !own.is_empty()));
            }
            match (found.len(), is_there, is_called) {
                (0, true, true) => return Some(Outcome::Unknown),
                (0, true, false) => return None,
                (0, false, _) => {}
                (1, ..) => return found.pop().map(Outcome::Found),
                _ => return Some(Outcome::Unclear(Why::Several)),
            }
        }
        Some(Outcome::Foreign)
    }
}
