//! What lies below a value, and fields without names: what stands behind any key of an object, and types that are lists
//! or maps themselves.

use std::rc::Rc;

use super::given::bound;
use super::{FieldPath, Found, Parts, Placed, Resolver, Scope, Segment, Shape};

/// What lies below a value: members, items, and what stands behind any key.
#[derive(Default)]
pub(super) struct Inner<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) items: Vec<Placed<'a>>,
    pub(super) values: Vec<Placed<'a>>,
}

impl<'a> Resolver<'a, '_> {
    /// What lies below a value. Alternatives are taken together: a field may be what any of them says.
    pub(super) fn gather(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>, inner: &mut Inner<'a>) {
        let (shape, scope) = bound(shape, scope);
        match shape {
            Shape::Scalar { .. } | Shape::Opaque | Shape::Variable { .. } => {}
            Shape::Array(item) => inner.items.push((item, Rc::clone(scope))),
            Shape::Map(value) => inner.values.push((value, Rc::clone(scope))),
            Shape::Any(shapes) => shapes.iter().for_each(|shape| self.gather(shape, scope, inner)),
            Shape::Named { name, at, arguments } => {
                for entered in self.enter_known(scope, (name, *at, arguments), false) {
                    let shape = &entered.home.definition.shape;
                    if self.is_listed(&entered) {
                        self.listed_otherwise(&entered);
                        continue;
                    }
                    if self.written_as(&entered).is_some() {
                        continue;
                    }
                    if !self.is_object(shape, &entered) {
                        self.gather(shape, &entered, inner);
                        continue;
                    }
                    self.definition_parts(&entered).into_iter().for_each(|part| inner.parts.or(part));
                    self.keyed(shape, &entered, &mut inner.values);
                }
            }
            Shape::Object(_) | Shape::All(_) | Shape::Pick(..) | Shape::Omit(..) | Shape::Unread(_) => {
                self.some_parts(shape, scope).into_iter().for_each(|part| inner.parts.or(part));
                self.keyed(shape, scope, &mut inner.values);
            }
        }
    }

    /// Nothing but a reference, by its full name, to a type that counts: what an operation takes or gives. The fields are
    /// listed under that type, and not once more. In program code another name is a type of its own.
    pub(super) fn is_alias(&mut self, scope: &Rc<Scope<'a>>) -> bool {
        let Shape::Named { name, arguments, .. } = &scope.home.definition.shape else { return false };
        if !name.starts_with('.') {
            return false;
        }
        let targets = self.enter(scope, name, arguments);
        !targets.is_empty() && targets.iter().all(|target| self.is_listed(target))
    }

    /// Whether a type is a list or a map of objects, so that its fields begin with `[]` or `*`.
    pub(super) fn is_collection(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> bool {
        let (shape, scope) = bound(shape, scope);
        match shape {
            _ if self.is_too_much(scope) => true,
            Shape::Array(item) | Shape::Map(item) => self.is_object(item, scope) || self.is_collection(item, scope),
            Shape::Any(shapes) => shapes.iter().any(|shape| self.is_collection(shape, scope)),
            _ => false,
        }
    }

    /// The fields of a type that have no name.
    pub(super) fn unnamed(&mut self, ty: &Rc<str>, found: &Found<'a>, scope: &Rc<Scope<'a>>) {
        let definition = scope.home.definition;
        let mut items = Vec::new();
        list(&definition.shape, scope, &mut items);
        let mut values = Vec::new();
        self.keyed(&definition.shape, scope, &mut values);
        for (step, shapes) in [(Segment::Each, items), (Segment::ANY, values)] {
            if !shapes.is_empty() {
                self.value(ty, FieldPath::new(step), &shapes, (found.file, definition.at, None));
            }
        }
    }

    /// What stands behind any key of an object, by itself or by what it is made of.
    pub(super) fn keyed(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>, values: &mut Vec<Placed<'a>>) {
        if self.is_too_much(scope) {
            return;
        }
        let (shape, scope) = bound(shape, scope);
        match shape {
            Shape::Map(value) => values.push((value, Rc::clone(scope))),
            Shape::All(shapes) | Shape::Any(shapes) => {
                shapes.iter().for_each(|shape| self.keyed(shape, scope, values));
            }
            Shape::Omit(shape, _) => self.keyed(shape, scope, values),
            Shape::Named { name, arguments, .. } => {
                for entered in self.enter(scope, name, arguments) {
                    self.keyed(&entered.home.definition.shape, &entered, values);
                }
            }
            _ => {}
        }
    }
}

/// Whether a shape is a list or a map of objects that have no name of their own.
pub(super) fn is_in_place(shape: &Shape) -> bool {
    match shape {
        Shape::Array(item) | Shape::Map(item) => {
            matches!(**item, Shape::Object(_) | Shape::All(_)) || is_in_place(item)
        }
        Shape::Any(shapes) => shapes.iter().any(is_in_place),
        _ => false,
    }
}

/// The items of a list.
fn list<'a>(shape: &'a Shape, scope: &Rc<Scope<'a>>, items: &mut Vec<Placed<'a>>) {
    let (shape, scope) = bound(shape, scope);
    match shape {
        Shape::Array(item) => items.push((item, Rc::clone(scope))),
        Shape::Any(shapes) => shapes.iter().for_each(|shape| list(shape, scope, items)),
        _ => {}
    }
}
