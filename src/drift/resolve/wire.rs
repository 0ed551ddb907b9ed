//! Which names of a struct's fields count, where its tags give several: those of `json`, if it has any of these, embeds
//! what has, or is part of what has. Whoever writes such a struct writes it as `json`, whatever its other tags say.

use std::rc::Rc;

use super::lookup::Found;
use super::{MAX_DEPTH, Resolver, Scope, Shape};

impl<'a> Found<'a> {
    /// The definition as `json` writes it, where it does.
    fn wired(mut self, is_json: bool) -> Self {
        if let Some(other) = self.module.package.others.get(&self.definition.at).filter(|_| is_json) {
            self.definition = &other.json;
        }
        self
    }
}

impl<'a> Resolver<'a, '_> {
    /// The scope of a definition that is read by itself.
    pub(super) fn scope(&self, found: &Found<'a>) -> Rc<Scope<'a>> {
        let is_json = self.is_json(found, 0);
        Scope::wired(&found.wired(is_json), is_json)
    }

    /// That of one which another leads to.
    pub(super) fn enter_wired(
        &self,
        scope: &Rc<Scope<'a>>,
        found: &Found<'a>,
        given: &'a [Shape],
    ) -> Option<Rc<Scope<'a>>> {
        let is_json = scope.is_json || self.is_json(found, 0);
        scope.enter(&found.wired(is_json), given, is_json, &self.steps)
    }

    fn is_json(&self, found: &Found<'a>, depth: usize) -> bool {
        if !found.module.is_leveled {
            return false;
        }
        let key = std::ptr::from_ref(found.definition);
        if let Some(known) = self.wires.borrow().get(&key) {
            return *known;
        }
        // What embeds itself is none of the others.
        self.wires.borrow_mut().insert(key, true);
        let embeds = || {
            let mut embedded = embedded(&found.definition.shape).into_iter();
            embedded.any(|name| self.lookup.find(found, name).iter().any(|inner| self.is_json(inner, depth + 1)))
        };
        let is_json = found.module.package.json.contains(&found.definition.at) || depth >= MAX_DEPTH || embeds();
        self.wires.borrow_mut().insert(key, is_json);
        is_json
    }
}

/// The types that a struct embeds.
fn embedded(shape: &Shape) -> Vec<&str> {
    let Shape::All(shapes) = shape else { return Vec::new() };
    let named = shapes.iter().filter_map(|shape| match shape {
        Shape::Pick(inner, _) | Shape::Omit(inner, _) => Some(&**inner),
        Shape::Named { .. } => Some(shape),
        _ => None,
    });
    let names = named.filter_map(|shape| match shape {
        Shape::Named { name, .. } => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}
