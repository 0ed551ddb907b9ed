//! Types that code of other files writes out, and what writes all of a type because it is embedded there.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use bstr::BStr;

use super::given::bound;
use super::lookup::Found;
use super::{Definition, Kind, MAX_DEPTH, Module, Resolver, Scope, Shape, Unread, Written, blind};
use crate::escape::excerpt;

/// The key of the tags by which a struct of Go is read; `None` for those of `json`.
type Key = Option<&'static str>;
/// A definition, the key that counts, and whether it is only asked what interfaces ask for.
type Asked = (*const Definition, Key, bool);

/// What is known of methods that write types.
#[derive(Default)]
pub(super) struct Writers<'a> {
    /// The types that code of other files writes out, with where.
    written: HashMap<*const Definition, Vec<(&'a BStr, &'a Written)>>,
    /// The keys of tags by which it does, where the type itself has no such tags: what embeds it may have them.
    keyed: HashMap<*const Definition, BTreeSet<&'static str>>,
    /// Whether definitions bring such methods to what embeds them, once that was asked.
    known: HashMap<Asked, bool>,
    /// The definitions whose methods were told of, for a key, as `json` writes them or not.
    told: HashSet<(*const Definition, bool, Key)>,
}

/// Why code that writes something out is unread.
const UNTOLD: &str = "which types this writes out cannot be told; name the type itself";

impl<'a> Resolver<'a, '_> {
    /// Takes down what a file writes out, whichever of the names of its fields count.
    pub(super) fn note_written(&mut self, file: &'a BStr, module: &'a Module) {
        let keyed = module.package.written.iter().map(|(key, written)| (Some(*key), written));
        for (key, written) in module.written.iter().map(|written| (None, written)).chain(keyed) {
            let (all, is_more) = self.lookup.in_module(file, module, &written.name);
            if is_more {
                self.unread.insert(blind(file, &Unread::new(written.at, UNTOLD)));
            }
            for found in all {
                let other = found.module.package.others.get(&found.definition.at);
                let is_meant = key.is_none() || other.map(|other| other.key) == key;
                let own = is_meant.then_some(found.definition);
                let json = other.map(|other| &other.json).filter(|_| key.is_none());
                for definition in own.into_iter().chain(json) {
                    self.writers.written.entry(definition).or_default().push((file, written));
                }
                if let Some(key) = key.filter(|_| !is_meant) {
                    self.writers.keyed.entry(found.definition).or_default().insert(key);
                }
            }
        }
    }

    /// The kind that code of other files makes of a type without fields.
    pub(super) fn written_as(&self, scope: &Rc<Scope<'a>>) -> Option<Kind> {
        let written = self.writers.written.get(&std::ptr::from_ref(scope.home.definition))?;
        let has_fields = self.is_object(&scope.home.definition.shape, scope);
        // One that nobody can tell goes before text, as `MarshalJSON` does before `MarshalText`.
        written.iter().map(|(_, written)| written.kind).max().filter(|_| !has_fields)
    }

    /// Tells of the code that writes out the fields of a type.
    pub(super) fn written_out(&mut self, scope: &Rc<Scope<'a>>) {
        let written = self.writers.written.get(&std::ptr::from_ref(scope.home.definition)).into_iter().flatten();
        let places = written.map(|(file, written)| blind(file, &Unread::new(written.at, written.reason.as_str())));
        self.unread.extend(places);
    }

    /// Nothing is left of the members of a type, but what writes it out writes all that it is embedded in.
    pub(super) fn embedded(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>) {
        let other = scope.home.module.package.others.get(&scope.home.definition.at);
        let key = other.map(|other| other.key).filter(|_| !scope.is_json);
        self.embedded_by(shape, scope, key);
    }

    /// The same for a struct that is read by a key, in itself or in what it embeds.
    fn embedded_by(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>, key: Key) {
        let (shape, scope) = &bound(shape, scope);
        let Shape::Named { name, at, arguments } = shape else { return };
        if scope.home.module.is_leveled && self.brings(&scope.home, name, (key, false), &mut HashSet::new(), 0) {
            let reason = format!("`{}` is embedded and writes itself, and all of this struct", excerpt(name));
            self.unread.insert(blind(scope.home.file, &Unread::new(*at, reason)));
        }
        for inner in self.enter(scope, name, arguments) {
            self.tell_writers(&inner, key);
        }
    }

    /// Tells of what writes out a type that is embedded, or one that it embeds. That is the same wherever it is: each way to
    /// a type would be twice as many as those to what embeds it.
    fn tell_writers(&mut self, scope: &Rc<Scope<'a>>, key: Key) {
        let definition = scope.home.definition;
        if self.writers.told.insert((definition, scope.is_json, key)) {
            self.written_out(scope);
            if self.is_object(&definition.shape, scope) {
                self.writers_in(&definition.shape, scope, key);
            }
        }
    }

    fn writers_in(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>, key: Key) {
        let (shape, scope) = bound(shape, scope);
        match shape {
            Shape::Unread(unread) => _ = self.unread.insert(blind(scope.home.file, unread)),
            Shape::All(shapes) | Shape::Any(shapes) => {
                shapes.iter().for_each(|shape| self.writers_in(shape, scope, key));
            }
            Shape::Pick(inner, names) if names.is_empty() => self.embedded_by(inner, scope, key),
            Shape::Pick(inner, _) | Shape::Omit(inner, _) => self.writers_in(inner, scope, key),
            Shape::Named { name, at, arguments } => {
                for inner in self.enter_known(scope, (name, *at, arguments), true) {
                    self.tell_writers(&inner, key);
                }
            }
            Shape::Object(_) | Shape::Scalar { .. } | Shape::Array(_) | Shape::Map(_) => {}
            Shape::Opaque | Shape::Variable { .. } => {}
        }
    }

    /// Whether what embeds a type of this name gets a method that writes all of it.
    fn brings(
        &mut self,
        home: &Found<'a>,
        name: &str,
        asked: (Key, bool),
        seen: &mut HashSet<Asked>,
        depth: usize,
    ) -> bool {
        let found = self.lookup.find(home, name);
        // Interfaces of packages from elsewhere are known by what they are called.
        let is_called_so = || name.contains('.') && name.ends_with("Marshaler");
        (found.is_empty() && is_called_so()) || found.iter().any(|found| self.is_writer(found, asked, seen, depth))
    }

    fn is_writer(
        &mut self,
        found: &Found<'a>,
        (key, is_new): (Key, bool),
        seen: &mut HashSet<Asked>,
        depth: usize,
    ) -> bool {
        let asked = (std::ptr::from_ref(found.definition), key, is_new);
        if let Some(known) = self.writers.known.get(&asked) {
            return *known;
        }
        if !seen.insert(asked) {
            return false;
        }
        let is_first = depth == 0;
        let writer = found.module.package.writers.get(&found.definition.at);
        let has = writer.filter(|_| !is_new).map(|writer| &writer.has);
        let mut own = has.into_iter().chain(writer.map(|writer| &writer.asks)).flatten();
        let keyed = self.writers.keyed.get(&asked.0).filter(|_| !is_new);
        let writes = own.any(|of| of.is_none() || *of == key)
            || key.is_some_and(|key| keyed.is_some_and(|keys| keys.contains(key)))
            || depth >= MAX_DEPTH
            || writer.is_some_and(|writer| {
                let next = (key, is_new || writer.is_new);
                writer.of.iter().any(|name| self.brings(found, name, next, seen, depth + 1))
            });
        if writes {
            self.writers.known.insert(asked, true);
        } else if is_first {
            // Nothing that was asked on the way does, whatever led back to what was being asked.
            self.writers.known.extend(seen.drain().map(|asked| (asked, false)));
        }
        writes
    }
}
