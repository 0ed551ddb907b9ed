//! Names of languages in which a name of a file is one thing: what is declared, imported and brought in by that name must
//! be the same, or nobody can tell which of them counts.

use bstr::BStr;

use super::{From, Lookup, Outcome, Tried, Why, are_same, has_not_tried};
use crate::drift::shape::{Import, Module};

/// A file and what it declares.
type Home<'a> = (&'a BStr, &'a Module);

impl Outcome<'_> {
    /// What a name is of which two statements of one file say what it is. `alone`: each is all that it may be by itself,
    /// and not one of the files that one import may mean.
    fn and(self, other: Self, alone: bool) -> Self {
        use Outcome::{External, Foreign, Found, Unclear, Unknown};
        match (self, other) {
            (Unclear(Why::GivenTwice), _) | (_, Unclear(Why::GivenTwice)) => Unclear(Why::GivenTwice),
            (Found(one), Found(other)) if are_same(&one, &other) => Found(one),
            (Found(_), Found(_)) => Unclear(Why::GivenTwice),
            (Found(_), External | Foreign) | (External | Foreign, Found(_)) if alone => Unclear(Why::GivenTwice),
            (Found(found), _) | (_, Found(found)) => Found(found),
            (Unclear(why), _) | (_, Unclear(why)) => Unclear(why),
            (External, _) | (_, External) => External,
            (Unknown, _) | (_, Unknown) => Unknown,
            (Foreign, Foreign) => Foreign,
        }
    }
}

impl<'a> Lookup<'a> {
    /// What a name means in a file in which it should have one meaning.
    pub(super) fn once(&self, file: &'a BStr, module: &'a Module, name: &str, tried: &mut Tried) -> Outcome<'a> {
        let own = self.within(file, module, name, From::Inside);
        let may_be_another = |import: &Import| match import.local.as_deref() {
            Some(local) => local == name,
            None => module.is_exact,
        };
        if !own.is_empty() && !module.imports.iter().any(may_be_another) {
            return Outcome::Found(own);
        }
        if module.imports.is_empty() || !has_not_tried(tried, module, From::Inside, name) {
            return if own.is_empty() { Outcome::Unknown } else { Outcome::Found(own) };
        }
        let is_own = !own.is_empty();
        let named = self.named((file, module), name, is_own, tried);
        let known = match (is_own.then_some(Outcome::Found(own)), named) {
            (Some(own), Some(Outcome::Foreign)) => own.and(Outcome::Foreign, true),
            (Some(own), Some(named)) => own.and(named, false),
            (own, named) => match own.or(named) {
                Some(known) => known,
                None => return self.in_whole((file, module), name, tried),
            },
        };
        match known {
            Outcome::Found(_) if module.is_exact => match self.in_whole((file, module), name, tried) {
                other @ (Outcome::Found(_) | Outcome::Unclear(Why::GivenTwice)) => known.and(other, false),
                _ => known,
            },
            known => known,
        }
    }

    /// What the imports that give a name make of it, and where it is none of the file's `own`, those of what stands before
    /// its first dot; `None` without any.
    fn named(&self, home: Home<'a>, name: &str, is_own: bool, tried: &mut Tried) -> Option<Outcome<'a>> {
        let (_, module) = home;
        if module.is_leveled {
            return self.of_package(home, name);
        }
        let (head, tail) = name.split_once('.').unwrap_or((name, ""));
        let named =
            |import: &&Import| import.local.as_deref().is_some_and(|local| local == name || (local == head && !is_own));
        let mut known: Option<Outcome<'a>> = None;
        for import in module.imports.iter().filter(named) {
            let whole = import.local.as_deref() == Some(name);
            let wanted = match (&import.name, whole) {
                (Some(original), true) => Some(original.clone()),
                (Some(original), false) => Some(format!("{original}.{tail}")),
                (None, true) if import.from.is_empty() => None,
                // A module as a whole is no type.
                (None, true) => continue,
                (None, false) => Some(tail.to_owned()),
            };
            let next = match wanted.map_or(Outcome::External, |wanted| self.imported(import, home, &wanted, tried)) {
                // The program breaks, or something puts it there.
                Outcome::Unknown if module.is_exact => Outcome::Unclear(Why::Nowhere),
                next => next,
            };
            // One name may be imported from one file or another: a member of a package or a module of it.
            known = Some(match known {
                Some(known) => known.and(next, whole),
                None => next,
            });
        }
        known
    }

    /// What the imports of all names of another file make of one.
    fn in_whole(&self, home: Home<'a>, name: &str, tried: &mut Tried) -> Outcome<'a> {
        let mut outcome = Outcome::Unknown;
        for import in home.1.imports.iter().filter(|import| import.local.is_none()) {
            let next = self.imported(import, home, name, tried);
            // The files of a folder are a package: its own, whose names come first, or one that it takes names from.
            let comes_first = import.from.first().is_some_and(|from| from.ends_with(b"/"));
            outcome = match (outcome, next) {
                (Outcome::Unclear(Why::GivenTwice), _) | (_, Outcome::Unclear(Why::GivenTwice)) => {
                    return Outcome::Unclear(Why::GivenTwice);
                }
                (_, Outcome::Found(found)) if comes_first => return Outcome::Found(found),
                (Outcome::Found(one), Outcome::Found(other)) => Outcome::Found(one).and(Outcome::Found(other), true),
                (_, Outcome::Found(found)) | (Outcome::Found(found), _) => Outcome::Found(found),
                // A file hands on the name of a package's type. A package that hands on everything proves nothing.
                (_, next @ (Outcome::External | Outcome::Foreign))
                    if import.from.last().is_some_and(|last| !last.is_empty()) =>
                {
                    next
                }
                (outcome, _) => outcome,
            };
        }
        outcome
    }
}
