//! Which names of a struct's fields count, where its tags give several: those of `json`, if it has any of these, embeds
//! what has, or is part of what has. Whoever writes such a struct writes it as `json`, whatever its other tags say.

use std::collections::HashSet;
use std::rc::Rc;

use super::given::bound;
use super::lookup::Found;
use super::{Definition, MAX_DEPTH, Resolver, Scope, Shape, Unread, blind};

/// Why a type is unread whose fields have other names where it is part of another.
const OTHERWISE: &str = "is part of what is written as json, and is listed by its tags of";

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
        let is_json = self.is_json(found);
        Scope::wired(&found.wired(is_json), is_json)
    }

    /// That of one which another leads to.
    pub(super) fn enter_wired(
        &self,
        scope: &Rc<Scope<'a>>,
        found: &Found<'a>,
        given: &'a [Shape],
    ) -> Option<Rc<Scope<'a>>> {
        let is_json = scope.is_json || self.is_json(found);
        scope.enter(&found.wired(is_json), given, is_json, &self.steps)
    }

    fn is_json(&self, found: &Found<'a>) -> bool {
        let mut seen = HashSet::new();
        let is_json = found.module.is_leveled && self.has_json(found, &mut seen, 0);
        // None of those that were asked has any: what one of them embeds that was being asked already has none either.
        if !is_json {
            self.wires.borrow_mut().extend(seen.into_iter().map(|key| (key, false)));
        }
        is_json
    }

    fn has_json(&self, found: &Found<'a>, seen: &mut HashSet<*const Definition>, depth: usize) -> bool {
        let key = std::ptr::from_ref(found.definition);
        if let Some(known) = self.wires.borrow().get(&key) {
            return *known;
        }
        if !seen.insert(key) {
            return false;
        }
        let is_json = found.module.package.json.contains(&found.definition.at)
            || depth >= MAX_DEPTH
            || embedded(&found.definition.shape)
                .into_iter()
                .any(|name| self.lookup.find(found, name).iter().any(|inner| self.has_json(inner, seen, depth + 1)));
        if is_json {
            self.wires.borrow_mut().insert(key, true);
        }
        is_json
    }

    /// Tells of a type that counts by itself, and of those that it is made of, where `json` gives its fields other names than
    /// those that it is listed with.
    pub(super) fn listed_otherwise(&mut self, scope: &Rc<Scope<'a>>) {
        let Scope { home, is_json, .. } = &**scope;
        if !is_json || self.is_json(home) || !self.other_names.insert(std::ptr::from_ref(home.definition)) {
            return;
        }
        if let Some(other) = home.module.package.others.get(&home.definition.at) {
            let reason = format!("this type {OTHERWISE} {}: give it tags of json as well", other.key);
            self.unread.insert(blind(home.file, &Unread::new(home.definition.at, reason)));
            return;
        }
        let mut shapes = vec![(&home.definition.shape, scope)];
        while let Some((shape, scope)) = shapes.pop() {
            let (shape, scope) = bound(shape, scope);
            match shape {
                Shape::Named { name, arguments, .. } => {
                    self.enter(scope, name, arguments).iter().for_each(|inner| self.listed_otherwise(inner));
                }
                Shape::Object(members) => shapes.extend(members.iter().map(|member| (&member.shape, scope))),
                Shape::All(inner) | Shape::Any(inner) => shapes.extend(inner.iter().map(|shape| (shape, scope))),
                Shape::Array(inner) | Shape::Map(inner) | Shape::Omit(inner, _) => shapes.push((inner, scope)),
                Shape::Scalar { .. } | Shape::Pick(..) | Shape::Opaque | Shape::Unread(_) | Shape::Variable { .. } => {}
            }
        }
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
