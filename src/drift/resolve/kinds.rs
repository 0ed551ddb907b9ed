//! What kind of value a shape is.

use std::rc::Rc;

use super::Resolver;
use super::given::bound;
use super::parts::Scope;
use crate::drift::shape::{Kind, Shape};

impl<'a> Resolver<'a, '_> {
    /// The kind of a value, and whether it is one of listed ones.
    pub(super) fn describe(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> (Kind, bool) {
        let (shape, scope) = bound(shape, scope);
        match shape {
            _ if self.is_too_much(scope) => (Kind::Unknown, false),
            Shape::Scalar { kind, enumerated } => (*kind, *enumerated),
            Shape::Object(_) | Shape::Map(_) | Shape::Pick(..) | Shape::Omit(..) => (Kind::Object, false),
            Shape::Array(_) => (Kind::Array, false),
            Shape::Opaque | Shape::Variable { .. } | Shape::Unread(_) => (Kind::Unknown, false),
            Shape::Named { name, arguments, .. } => {
                let entered = self.enter(scope, name, arguments);
                match entered.is_empty() {
                    // It refers to itself, as only objects do, or to nothing that can be read.
                    true if !self.lookup.find(&scope.home, name).is_empty() => (Kind::Object, false),
                    _ => one_of(entered.iter().map(|scope| self.describe_type(scope))),
                }
            }
            // A branded string is a string; other intersections are objects.
            Shape::All(shapes) => {
                let mut kinds = shapes.iter().map(|shape| self.describe(shape, scope));
                kinds.find(|(kind, _)| *kind != Kind::Object).unwrap_or((Kind::Object, false))
            }
            Shape::Any(shapes) => one_of(shapes.iter().map(|shape| self.describe(shape, scope))),
        }
    }
}

impl<'a> Resolver<'a, '_> {
    /// The kind of a type's values, as code beside it writes them.
    fn describe_type(&self, scope: &Rc<Scope<'a>>) -> (Kind, bool) {
        let (kind, enumerated) = self.describe(&scope.home.definition.shape, scope);
        match self.written_as(scope) {
            Some(written) => (written, enumerated && written == Kind::String),
            None => (kind, enumerated),
        }
    }
}

/// Whether an intersection is a value without parts, with something beside it that only types know. In TypeScript alone
/// types say members that no value has: what has some elsewhere has them on the wire.
pub(super) fn is_brand<'a>(shapes: &'a [Shape], scope: &Rc<Scope<'a>>) -> bool {
    let is_scalar = |shape: &Shape| matches!(shape, Shape::Scalar { .. });
    let is_bare = |shape: &Shape| is_scalar(shape) || *shape == Shape::Object(Vec::new()) || *shape == Shape::Opaque;
    let mut bare = shapes.iter().map(|shape| bound(shape, scope).0);
    bare.clone().any(is_scalar) && (scope.home.module.exports.is_some() || bare.all(is_bare))
}

/// The kind of a value that is one of several: text where it may be any text, else the one kind that all have.
pub(super) fn one_of(mut kinds: impl Iterator<Item = (Kind, bool)>) -> (Kind, bool) {
    let Some(first) = kinds.next() else { return (Kind::Unknown, false) };
    let text = (Kind::String, false);
    let (mut alike, mut of_one_kind, mut may_be_text) = (true, true, first == text);
    for kind in kinds {
        alike &= kind == first;
        of_one_kind &= kind.0 == first.0;
        may_be_text |= kind == text;
    }
    match first {
        one if alike => one,
        (kind, _) if of_one_kind => (kind, false),
        _ if may_be_text => text,
        _ => (Kind::Unknown, false),
    }
}
