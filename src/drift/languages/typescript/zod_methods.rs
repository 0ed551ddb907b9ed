//! zod: what methods make of a schema.

use std::collections::BTreeSet;

use oxc_ast::ast::*;

use super::decorators::is_true;
use super::file::{File, inherit, union};
use super::zod::NO_SCHEMA;
use crate::drift::shape::{Kind, Shape};

/// Methods after which a schema has the same fields on the wire.
pub(super) const PASSING: &[&str] = &[
    "brand",
    "catch",
    "check",
    "clone",
    "deepPartial",
    "default",
    "describe",
    "exactOptional",
    "innerType",
    "loose",
    "meta",
    "min",
    "max",
    "length",
    "nonempty",
    "nonoptional",
    "nullable",
    "nullish",
    "nonstrict",
    "openapi",
    "optional",
    "overwrite",
    "partial",
    "passthrough",
    "pipe",
    "prefault",
    "promise",
    "readonly",
    "refine",
    "refinement",
    "register",
    "required",
    "size",
    "strict",
    "strip",
    "superRefine",
    "transform",
    "unwrap",
    "removeDefault",
    "with",
];

impl<'a> File<'a> {
    pub(super) fn schema_method(
        &mut self,
        base: Option<Shape>,
        method: &str,
        call: &'a CallExpression<'a>,
    ) -> Option<Shape> {
        let first = call.arguments.first().and_then(Argument::as_expression);
        self.apply(base, method, first, call.span.start)
    }

    /// What a method makes of a schema.
    pub(super) fn apply(
        &mut self,
        base: Option<Shape>,
        method: &str,
        first: Option<&'a Expression<'a>>,
        at: u32,
    ) -> Option<Shape> {
        let or_opaque = |shape: Option<Shape>| shape.unwrap_or(Shape::Opaque);
        let shape = match (method, first) {
            ("or", Some(other)) => {
                let other = self.schema_value(other);
                return union(base.into_iter().chain(other).collect());
            }
            ("array", _) => Shape::Array(Box::new(or_opaque(base))),
            ("extend" | "safeExtend" | "augment", Some(members)) => {
                inherit(vec![or_opaque(base)], self.zod_members(members))
            }
            ("merge" | "and", Some(other)) => {
                let other = or_opaque(self.schema_value(other));
                inherit(vec![or_opaque(base)], other)
            }
            ("setKey", _) => Shape::unread(at, NO_SCHEMA),
            ("pick" | "omit", Some(keys)) => match self.listed(keys) {
                Some(names) if method == "pick" => Shape::Pick(Box::new(or_opaque(base)), names),
                Some(names) => Shape::Omit(Box::new(or_opaque(base)), names),
                None => Shape::unread(at, "the keys that are picked or left out are not written as literals"),
            },
            ("catchall", Some(other)) => match self.schema_value(other) {
                None | Some(Shape::Opaque) => or_opaque(base),
                Some(value) => Shape::All(vec![or_opaque(base), Shape::Map(Box::new(value))]),
            },
            ("keyof", _) => Shape::enumerated(Kind::String),
            (method, _) if PASSING.contains(&method) => return base,
            _ => {
                let base = base.map(|base| self.follow(base));
                return Some(unknown(base, at));
            }
        };
        Some(shape)
    }
}

/// What is left of a schema after a method that is not known: text stays text, but an object may have other fields.
fn unknown(base: Option<Shape>, at: u32) -> Shape {
    match base {
        Some(same @ (Shape::Scalar { .. } | Shape::Opaque | Shape::Array(_))) => same,
        _ => Shape::unread(at, NO_SCHEMA),
    }
}

/// The keys of an object literal whose values are all `true`.
pub(super) fn true_keys(object: &ObjectExpression<'_>) -> Option<BTreeSet<String>> {
    let key = |property: &ObjectPropertyKind<'_>| match property {
        ObjectPropertyKind::ObjectProperty(property) if !property.computed && is_true(&property.value) => {
            Some(property.key.static_name()?.into_owned())
        }
        _ => None,
    };
    object.properties.iter().map(key).collect()
}
