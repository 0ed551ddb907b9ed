//! Packages of Go: folders that an import calls by a path, and that have names of their own.

use std::collections::HashMap;
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

use super::{Found, From, Lookup, Outcome, Why};
use crate::drift::packages::is_test;
use crate::drift::shape::{Import, Module};

/// Of so many folders that a package may stand in it is asked whether they are links; guesses are more.
const FEW: usize = 8;
/// More imports than any file has.
const MOST_IMPORTS: usize = 1_000;

/// Where packages stand, by the folders of those who import them and by their paths: those of the folders that are there, in
/// the order of [`Packages::folders`]; `None` where nobody can tell.
///
/// [`Packages::folders`]: crate::drift::packages::Packages::folders
pub(super) type Placed<'a> = HashMap<(&'a [u8], &'a BStr), Option<Rc<[Vec<BString>]>>>;

/// What the packages that a file imports without a name call themselves, by the file and a name: those that may call
/// themselves so, the likely ones first, and whether others are of no folder that is here. By the empty name, all that are
/// of one.
pub(in crate::drift::resolve) type Called<'a> = HashMap<(*const Module, Box<str>), Rc<Named<'a>>>;

/// Packages that may have a name.
#[derive(Default)]
pub(in crate::drift::resolve) struct Named<'a> {
    packages: Vec<&'a BStr>,
    is_outside: bool,
}

/// A file and what it declares.
type Home<'a> = (&'a BStr, &'a Module);

/// Whether a file of the same folder is part of a file's package. What is for tests no other file sees.
pub(in crate::drift::resolve) fn is_beside((home, own): Home<'_>, (file, module): Home<'_>) -> bool {
    own.package.name == module.package.name && (is_test(home) || !is_test(file))
}

/// A folder as trees have it.
fn as_path(folder: &BStr) -> &BStr {
    if folder == "/" { BStr::new("") } else { folder }
}

impl<'a> Lookup<'a> {
    /// What a name with a dot is in a file: the one of a package that it imports. What the file calls none of them may be
    /// the name that any of those gives to itself which have no other; `None` for a name without a dot.
    pub(super) fn of_package(&self, (file, module): Home<'a>, name: &str) -> Option<Outcome<'a>> {
        let (head, tail) = name.split_once('.')?;
        let is_it = |import: &&Import| import.local.as_deref() == Some(head);
        let mut named = module.imports.iter().enumerate().filter(|(_, import)| is_it(import));
        let named = named.find(|(place, _)| !module.package.guessed.contains(place));
        if let Some(package) = named.and_then(|(_, import)| import.package_path()) {
            return self.in_package(file, package, tail, None);
        }
        if module.package.guessed.len() > MOST_IMPORTS {
            return Some(Outcome::Unclear(Why::Unplaced));
        }
        let called = self.called((file, module), head);
        let inside = called.packages.iter().find_map(|package| {
            let outcome = self.in_package(file, package, tail, Some(head))?;
            (!matches!(outcome, Outcome::Foreign)).then_some(outcome)
        });
        let outside = if called.is_outside { Outcome::Foreign } else { Outcome::Unknown };
        inside.or(Some(outside))
    }

    /// The packages that may be what a file calls by a name, asked once for each.
    fn called(&self, (file, module): Home<'a>, head: &str) -> Rc<Named<'a>> {
        let key = (std::ptr::from_ref(module), Box::from(head));
        if let Some(known) = self.called.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut named = Named::default();
        let packages: Vec<&'a BStr> = if head.is_empty() {
            let guessed = module.package.guessed.iter().filter_map(|place| module.imports.get(*place));
            guessed.filter_map(Import::package_path).collect()
        } else {
            let here = self.called((file, module), "");
            named.is_outside = here.is_outside;
            let likely = |package: &BStr| {
                let mut imports = module.package.guessed.iter().filter_map(|place| module.imports.get(*place));
                imports.any(|import| import.local.as_deref() == Some(head) && import.package_path() == Some(package))
            };
            let (likely, others): (Vec<_>, Vec<_>) = here.packages.iter().partition(|package| likely(package));
            likely.into_iter().chain(others).collect()
        };
        for package in packages {
            // No package has a type without a name: what is told is of the package alone.
            match self.in_package(file, package, "", Some(head)) {
                Some(Outcome::Foreign) => named.is_outside = true,
                None if !head.is_empty() => {}
                _ => named.packages.push(package),
            }
        }
        let named = Rc::new(named);
        self.called.borrow_mut().insert(key, Rc::clone(&named));
        named
    }

    /// What a name is in a package that a file imports; `None` where that is in the repository and calls itself otherwise.
    /// Where several folders may be the package, it is in the one that has the name; in none, where more than one has it.
    pub(super) fn in_package(
        &self,
        home: &'a BStr,
        package: &'a BStr,
        name: &str,
        called: Option<&str>,
    ) -> Option<Outcome<'a>> {
        let Some(lists) = self.placed(home, package) else { return Some(Outcome::Unclear(Why::Unplaced)) };
        for folders in lists.iter() {
            let (mut found, mut is_called): (Vec<Vec<Found<'a>>>, _) = (Vec::new(), false);
            for folder in folders {
                if self.has_links(folder.as_bstr()) {
                    return Some(Outcome::Unclear(Why::Elsewhere));
                }
                let is_it = |file: &&BStr| called.is_none_or(|called| self.files.is_of_package(file, called));
                let files = self.built(folder.as_bstr()).filter(is_it).filter_map(|file| self.files.module(file));
                let files: Vec<_> = files.collect();
                is_called |= !files.is_empty();
                // Nobody can import a program.
                let files = files.into_iter().filter(|(_, module)| module.package.name != "main");
                let own: Vec<_> =
                    files.flat_map(|(file, module)| self.within(file, module, name, From::Outside)).collect();
                found.extend(Some(own).filter(|own| !own.is_empty()));
            }
            match (found.len(), is_called) {
                _ if folders.is_empty() => {}
                (0, true) => return Some(Outcome::Unknown),
                (0, false) => return None,
                (1, _) => return found.pop().map(Outcome::Found),
                _ => return Some(Outcome::Unclear(Why::Several)),
            }
        }
        Some(Outcome::Foreign)
    }

    /// The folders of the repository that a package may stand in for a file, asked once for each folder of files.
    fn placed(&self, home: &'a BStr, package: &'a BStr) -> Option<Rc<[Vec<BString>]>> {
        let folder = home.rfind_byte(b'/').and_then(|end| home.get(..end)).unwrap_or_default();
        if let Some(known) = self.placed.borrow().get(&(folder, package)) {
            return known.clone();
        }
        let is_there =
            |folder: &BString| self.built(folder.as_bstr()).next().is_some() || self.has_links(folder.as_bstr());
        let lists = self.files.packages().folders(home, package).and_then(|lists| {
            let there = lists.iter().map(|list| list.iter().filter(|folder| is_there(folder)).cloned().collect());
            let there: Vec<Vec<BString>> = there.collect();
            let is_few = lists.iter().map(Vec::len).sum::<usize>() <= FEW;
            let mut folders = lists.iter().flatten().filter(|_| is_few && there.iter().all(Vec::is_empty));
            (!folders.any(|folder| self.is_linked(folder.as_bstr()))).then(|| there.into())
        });
        self.placed.borrow_mut().insert((folder, package), lists.clone());
        lists
    }

    /// Whether a folder, or one that it lies in, is a link or a submodule.
    fn is_linked(&self, folder: &BStr) -> bool {
        folder.find_iter("/").filter_map(|end| folder.get(..end)).any(|path| self.files.leads_on(path.as_bstr()))
    }

    /// The files of a folder that are no tests.
    fn built(&self, folder: &BStr) -> impl Iterator<Item = &'a BStr> + use<'a> {
        self.files.folder(as_path(folder)).into_iter().filter(|file| !is_test(file))
    }

    /// Whether a link stands in a folder in the place of a file: what it leads to may declare any name.
    pub(super) fn has_links(&self, folder: &BStr) -> bool {
        self.files.has_links(as_path(folder))
    }
}
