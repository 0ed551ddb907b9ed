//! Types that code of other files writes out.

use std::rc::Rc;

use super::{Kind, Resolver, Scope, Shape, Unread, blind};

impl<'a> Resolver<'a, '_> {
    /// The kind that code of other files makes of a type without fields.
    pub(super) fn written_as(&self, scope: &Rc<Scope<'a>>) -> Option<Kind> {
        let written = self.written.get(&std::ptr::from_ref(scope.home.definition))?;
        let has_fields = self.is_object(&scope.home.definition.shape, scope);
        // One that nobody can tell goes before text, as `MarshalJSON` does before `MarshalText`.
        written.iter().map(|(_, written)| written.kind).max().filter(|_| !has_fields)
    }

    /// Tells of the code that writes out the fields of a type.
    pub(super) fn written_out(&mut self, scope: &Rc<Scope<'a>>) {
        let written = self.written.get(&std::ptr::from_ref(scope.home.definition)).into_iter().flatten();
        let places = written.map(|(file, written)| blind(file, &Unread::new(written.at, written.reason.as_str())));
        self.unread.extend(places);
    }

    /// Nothing is left of the members of a type, but what writes it out writes all that it is embedded in.
    pub(super) fn embedded(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>) {
        let Shape::Named { name, .. } = shape else { return };
        for inner in self.enter(scope, name) {
            self.written_out(&inner);
            if self.is_object(&inner.home.definition.shape, &inner) {
                self.definition_parts(&inner);
            }
        }
    }
}
