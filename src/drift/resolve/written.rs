//! Types that code of other files writes out.

use std::rc::Rc;

use bstr::BStr;

use super::given::bound;
use super::{Kind, Module, Resolver, Scope, Shape, Unread, blind};

impl<'a> Resolver<'a, '_> {
    /// Takes down what a file writes out, whichever of the names of its fields count.
    pub(super) fn note_written(&mut self, file: &'a BStr, module: &'a Module) {
        let keyed = module.package.written.iter().map(|(key, written)| (Some(*key), written));
        for (key, written) in module.written.iter().map(|written| (None, written)).chain(keyed) {
            for found in self.lookup.in_module(file, module, &written.name) {
                let other = found.module.package.others.get(&found.definition.at);
                let is_meant = key.is_none() || other.map(|other| other.key) == key;
                let own = is_meant.then_some(found.definition);
                let json = other.map(|other| &other.json).filter(|_| key.is_none());
                for definition in own.into_iter().chain(json) {
                    self.written.entry(definition).or_default().push((file, written));
                }
            }
        }
    }

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
        let (shape, scope) = bound(shape, scope);
        let Shape::Named { name, arguments, .. } = shape else { return };
        for inner in self.enter(scope, name, arguments) {
            self.written_out(&inner);
            if self.is_object(&inner.home.definition.shape, &inner) {
                self.definition_parts(&inner);
            }
        }
    }
}
