//! The types that names lead into.

use std::rc::Rc;

use super::given::{bound, handed_on};
use super::lookup::{self, Found};
use super::{MAX_DEPTH, Resolver, Scope, Shape, Unread, blind, levels};
use crate::escape::excerpt;

impl<'a> Resolver<'a, '_> {
    /// The definitions that a name leads to, each with the scope inside it; those being expanded already are left out.
    pub(super) fn enter(&self, scope: &Rc<Scope<'a>>, name: &str, given: &'a [Shape]) -> Vec<Rc<Scope<'a>>> {
        self.inside(scope, &self.lookup.find(&scope.home, name), handed_on(scope, given))
    }

    fn inside(&self, scope: &Rc<Scope<'a>>, found: &[Found<'a>], given: &'a [Shape]) -> Vec<Rc<Scope<'a>>> {
        self.steps.set(self.steps.get() + given.len() / 16);
        found.iter().for_each(|found| self.shadowed(found));
        let entered: Vec<_> = found.iter().filter_map(|found| self.enter_wired(scope, found, given)).collect();
        if scope.depth < MAX_DEPTH || entered.is_empty() {
            return entered;
        }
        let reason = format!("types that lead to each other more than {MAX_DEPTH} times");
        self.ends.borrow_mut().insert(blind(scope.home.file, &Unread::new(scope.home.definition.at, reason)));
        Vec::new()
    }

    /// As [`Self::enter`], and tells of a name that leads nowhere. A value may be of a package's type; nobody inherits from
    /// what is not there.
    pub(super) fn enter_known(
        &mut self,
        scope: &Rc<Scope<'a>>,
        (name, at, given): (&str, u32, &'a [Shape]),
        inherits: bool,
    ) -> Vec<Rc<Scope<'a>>> {
        let (found, given) = (self.lookup.find(&scope.home, name), handed_on(scope, given));
        if !found.is_empty() {
            // What nothing is given to is listed under its own name.
            let is_bare = || given.iter().all(|shape| *bound(shape, scope).0 == Shape::Opaque);
            if levels::differs(&found) && !(is_bare() && found.iter().all(|found| self.counts(&Scope::of(found)))) {
                let reason = format!("the type `{}` is declared more than once, and differs", excerpt(name));
                self.unread.insert(blind(scope.home.file, &Unread::new(at, reason)));
            }
            self.guessed(scope, &found, (name, at, given));
            return self.inside(scope, &found, given);
        }
        if inherits && lookup::is_error(scope.home.module, name) {
            return Vec::new();
        }
        let what = match (self.lookup.unknown(&scope.home, name), inherits) {
            (None, false) => {
                self.hidden(scope, at, given);
                return Vec::new();
            }
            (None, true) => "is a package's, and its fields cannot be read",
            (Some(why), _) => why,
        };
        // A full name begins with a dot, and so does a path to another file.
        let name = name.strip_prefix('.').filter(|rest| !rest.starts_with(['.', '/'])).unwrap_or(name);
        let reason = format!("the type `{}` {what}", excerpt(name));
        self.unread.insert(blind(scope.home.file, &Unread::new(at, reason)));
        Vec::new()
    }
}
