//! What a name refers to: in its own file, by the file's imports, in the source.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use bstr::{BStr, ByteSlice};

use super::Files;
use crate::drift::shape::{Definition, Import, Module};

/// How many files may hand one name on. Files that hand on all names of each other make any number of ways to one.
const MAX_HOPS: usize = 1_000;

/// The files in which a name was looked for already, and the name.
type Tried = HashSet<(*const Module, Box<str>)>;

/// A definition, with the file that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) file: &'a BStr,
    pub(super) module: &'a Module,
    pub(super) definition: &'a Definition,
}

impl Found<'_> {
    /// Whether it is that very definition, and not another of its name.
    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.definition, other.definition)
    }
}

pub(super) struct Lookup<'a> {
    /// The definitions of the source's own files.
    pub(super) names: HashMap<&'a str, Vec<Found<'a>>>,
    /// Those files, in which a name needs no search.
    pub(super) own: HashSet<*const Module>,
    pub(super) files: &'a dyn Files,
    /// The names that were looked for in all of them.
    pub(super) sought: RefCell<BTreeSet<String>>,
}

/// What became of a name in one file.
enum Outcome<'a> {
    Found(Vec<Found<'a>>),
    /// It comes from a package.
    External,
    /// It comes from a package, unless the source knows it: no file that its import may mean is there.
    Foreign,
    Unknown,
}

impl<'a> Lookup<'a> {
    /// The definitions that `name` means where `home` uses it.
    pub(super) fn find(&self, home: &Found<'a>, name: &str) -> Vec<Found<'a>> {
        match self.outcome(home, name) {
            Outcome::Found(found) => found,
            Outcome::External | Outcome::Foreign | Outcome::Unknown => Vec::new(),
        }
    }

    /// Whether the name comes from a package, by the file's own imports.
    pub(super) fn is_external(&self, home: &Found<'a>, name: &str) -> bool {
        matches!(self.outcome(home, name), Outcome::External | Outcome::Foreign)
    }

    /// Whether the definition is one of the source's own.
    pub(super) fn is_own(&self, found: &Found<'a>) -> bool {
        self.files.is_own(found.file)
    }

    /// The definitions of a name in all files of the source.
    fn anywhere(&self, name: &str) -> Option<Vec<Found<'a>>> {
        if !self.sought.borrow().contains(name) {
            self.sought.borrow_mut().insert(name.to_owned());
        }
        self.names.get(name).cloned()
    }

    fn outcome(&self, home: &Found<'a>, name: &str) -> Outcome<'a> {
        // A full name is none of a nested type; others are known to those beside and within them by their last names.
        let full = name.strip_prefix('.');
        let name = full.unwrap_or(name);
        if let Some(found) = self.names.get(name).filter(|_| home.module.is_shared) {
            return Outcome::Found(found.clone());
        }
        let mut around = full.is_none().then_some(home.definition.name.as_str());
        while let Some(scope) = around.filter(|scope| !scope.is_empty()) {
            let found = self.within(home.file, home.module, &format!("{scope}.{name}"));
            if !found.is_empty() {
                return Outcome::Found(found);
            }
            around = scope.rsplit_once('.').map(|(outer, _)| outer);
        }
        match self.in_file(home.file, home.module, name, &mut Tried::new()) {
            outcome @ (Outcome::Unknown | Outcome::Foreign) => match self.anywhere(name) {
                Some(found) => Outcome::Found(found),
                // A package from elsewhere gives all its names: this may be one of them.
                None if home.module.imports.iter().any(|import| import.local.is_none() && import.from.is_empty()) => {
                    Outcome::External
                }
                None => outcome,
            },
            outcome => outcome,
        }
    }

    fn in_file(&self, file: &'a BStr, module: &'a Module, name: &str, tried: &mut Tried) -> Outcome<'a> {
        let found = self.within(file, module, name);
        if !found.is_empty() {
            return Outcome::Found(found);
        }
        if module.imports.is_empty()
            || tried.len() > MAX_HOPS
            || !tried.insert((std::ptr::from_ref(module), name.into()))
        {
            return Outcome::Unknown;
        }
        let (head, tail) = name.split_once('.').unwrap_or((name, ""));
        let named = |import: &&Import| import.local.as_deref().is_some_and(|local| local == name || local == head);
        let mut missing = None;
        for import in module.imports.iter().filter(named) {
            let whole = import.local.as_deref() == Some(name);
            let wanted = match (&import.name, whole) {
                (Some(original), true) => original.clone(),
                (Some(original), false) => format!("{original}.{tail}"),
                (None, true) if import.from.is_empty() => return Outcome::External,
                // A module as a whole is no type.
                (None, true) => continue,
                (None, false) => tail.to_owned(),
            };
            // One name may be imported from one file or another: a member of a package or a module of it.
            missing = match (self.imported(import, &wanted, tried), missing) {
                (Outcome::Unknown, _) | (Outcome::Foreign, Some(Outcome::Unknown)) => Some(Outcome::Unknown),
                (Outcome::Foreign, _) => Some(Outcome::Foreign),
                (outcome, _) => return outcome,
            };
        }
        if let Some(missing) = missing {
            return missing;
        }
        let mut outcome = Outcome::Unknown;
        for import in module.imports.iter().filter(|import| import.local.is_none()) {
            match self.imported(import, name, tried) {
                Outcome::Found(found) => return Outcome::Found(found),
                // A file hands on the name of a package's type. A package that hands on everything proves nothing.
                found @ (Outcome::External | Outcome::Foreign)
                    if import.from.last().is_some_and(|last| !last.is_empty()) =>
                {
                    outcome = found;
                }
                _ => {}
            }
        }
        outcome
    }

    fn imported(&self, import: &'a Import, name: &str, tried: &mut Tried) -> Outcome<'a> {
        if import.from.is_empty() {
            return Outcome::External;
        }
        for candidate in &import.from {
            if candidate.is_empty() {
                return Outcome::Foreign;
            }
            if candidate.ends_with(b"/") {
                match self.in_folder(candidate.as_bstr(), name) {
                    Some(found) if found.is_empty() => return Outcome::Unknown,
                    Some(found) => return Outcome::Found(found),
                    None => continue,
                }
            }
            if let Some((file, module)) = self.files.module(candidate.as_bstr()) {
                return self.in_file(file, module, name, tried);
            }
        }
        Outcome::Unknown
    }

    /// The definitions in the files of a folder, which hand no names on; `None` where there are no files.
    fn in_folder(&self, folder: &'a BStr, name: &str) -> Option<Vec<Found<'a>>> {
        let folder = if folder == "/" { BStr::new("") } else { folder };
        let files = self.files.folder(folder).into_iter().filter_map(|file| self.files.module(file));
        files.map(|(file, module)| self.within(file, module, name)).reduce(|mut all, found| {
            all.extend(found);
            all
        })
    }

    /// The definitions of that name in one file.
    fn within(&self, file: &'a BStr, module: &'a Module, name: &str) -> Vec<Found<'a>> {
        if self.own.contains(&std::ptr::from_ref(module)) {
            let own = self.names.get(name).into_iter().flatten();
            return own.filter(|found| std::ptr::eq(found.module, module)).copied().collect();
        }
        let named = module.definitions.iter().filter(|definition| definition.name == name);
        named.map(|definition| Found { file, module, definition }).collect()
    }
}
