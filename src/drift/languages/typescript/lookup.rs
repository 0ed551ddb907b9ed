//! A member of a type by its name: `Order['status']`, `(typeof STATUSES)[number]`.

use oxc_ast::ast::*;

use super::file::{File, inherit, union};
use super::imports::Type;
use super::references::{MOST_WRITTEN, Name, name_of};
use super::utilities::inner;
use crate::drift::shape::Shape;

/// How often a name may lead to another name on the way to a member.
const HOPS: u8 = 16;
const UNKNOWN: &str = "a member of a type that is not written out in this file: write its type here";

/// What a file declares under one name.
enum Declared<'a> {
    Types(Vec<Type<'a>>),
    Schema(&'a CallExpression<'a>),
}

impl<'a> File<'a> {
    pub(super) fn indexed(&mut self, access: &'a TSIndexedAccessType<'a>) -> Option<Shape> {
        let at = access.span.start;
        let Some(object) = self.ty(&access.object_type) else { return Some(Shape::unread(at, UNKNOWN)) };
        if let Shape::Unread(_) = object {
            return Some(object);
        }
        let object = self.follow(object);
        let found = self.index_by(&object, inner(&access.index_type));
        Some(found.unwrap_or_else(|| Shape::unread(at, UNKNOWN)))
    }

    fn index_by(&mut self, object: &Shape, index: &'a TSType<'a>) -> Option<Shape> {
        match index {
            TSType::TSNumberKeyword(_) => match object {
                Shape::Array(item) => Some((**item).clone()),
                object => behind_any(object).cloned(),
            },
            TSType::TSStringKeyword(_) => behind_any(object).cloned(),
            TSType::TSLiteralType(literal) => match &literal.literal {
                TSLiteral::StringLiteral(name) => self.look(object, name.value.as_str(), HOPS).flatten(),
                TSLiteral::NumericLiteral(_) => match object {
                    Shape::Array(item) => Some((**item).clone()),
                    _ => None,
                },
                _ => None,
            },
            TSType::TSUnionType(types) => {
                let found =
                    types.types.iter().map(|ty| self.index_by(object, inner(ty))).collect::<Option<Vec<_>>>()?;
                union(found)
            }
            // `T[keyof T]`: any of its values.
            TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Keyof => {
                let keys = self.ty(&operator.type_annotation)?;
                let keys = self.follow(keys);
                match (object, &keys) {
                    (Shape::Object(members), Shape::Object(_)) if *object == keys => {
                        union(members.iter().map(|member| member.shape.clone()).collect())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The member of a shape: the outer `None` where not all of the shape is written out in this file.
    fn look(&mut self, shape: &Shape, name: &str, hops: u8) -> Option<Option<Shape>> {
        let hops = hops.checked_sub(1)?;
        match shape {
            Shape::Object(members) => {
                let found = members.iter().rev().find(|member| member.name == name);
                Some(found.map(|member| member.shape.clone()))
            }
            Shape::Map(value) => Some(Some((**value).clone())),
            Shape::Variable { otherwise, .. } => {
                self.guesses = true;
                self.look(otherwise, name, hops)
            }
            Shape::All(parts) => {
                for part in parts.iter().rev() {
                    if let Some(found) = self.look(part, name, hops)? {
                        return Some(Some(found));
                    }
                }
                Some(None)
            }
            Shape::Any(parts) => {
                let mut found = Vec::new();
                for part in parts {
                    found.extend(self.look(part, name, hops)?);
                }
                Some(union(found))
            }
            Shape::Pick(inner, names) if names.contains(name) => self.look(inner, name, hops),
            Shape::Omit(inner, names) if !names.contains(name) => self.look(inner, name, hops),
            Shape::Named { .. } => {
                let followed = self.follow(shape.clone());
                if followed == *shape { None } else { self.look(&followed, name, hops) }
            }
            _ => None,
        }
    }

    /// The member of a schema.
    pub(super) fn member_of(&mut self, of: Shape, name: &str) -> Option<Shape> {
        self.look(&of, name, HOPS).flatten()
    }

    /// What a name of this file stands for; other shapes as they are, and names of other files too.
    pub(super) fn follow(&mut self, shape: Shape) -> Shape {
        let mut shape = shape;
        for _ in 0..HOPS {
            while let Shape::Variable { otherwise, .. } = shape {
                self.guesses = true;
                shape = *otherwise;
            }
            let Shape::Named { name, .. } = &shape else { break };
            let Some((name, declared)) = self.declarations(name) else { break };
            if self.generics.contains(&name) || self.is_spent() {
                break;
            }
            self.generics.push(name);
            let scope = std::mem::take(&mut self.parameters);
            let parts = match declared {
                Declared::Types(types) => types.into_iter().filter_map(|ty| self.declared(ty)).collect::<Vec<_>>(),
                Declared::Schema(call) => self.schema(call).into_iter().collect(),
            };
            self.parameters = scope;
            self.generics.pop();
            self.written = self.written.saturating_add(parts.iter().map(Shape::weight).sum());
            if parts.is_empty() || self.written > MOST_WRITTEN {
                break;
            }
            shape = if parts.len() == 1 {
                union(parts).unwrap_or(Shape::Opaque)
            } else {
                inherit(parts, Shape::Object(Vec::new()))
            };
        }
        shape
    }

    /// What the file declares under a name.
    fn declarations(&self, name: &str) -> Option<(&'a str, Declared<'a>)> {
        // In a namespace the name may be of another type.
        if !self.space.is_empty() {
            return None;
        }
        let index = self.index();
        // A schema and the type of its values have one name often, and the schema says what the type is.
        if let Some((name, value)) = index.values.get_key_value(name)
            && let Expression::CallExpression(call) = value.get_inner_expression()
        {
            return Some((name, Declared::Schema(call)));
        }
        let (name, types) = index.types.get_key_value(name)?;
        Some((name, Declared::Types(types.clone())))
    }

    fn declared(&mut self, ty: Type<'a>) -> Option<Shape> {
        match ty {
            Type::Interface(it) => Some(self.interface(it)),
            Type::Alias(it) => {
                let scope = self.enter(it.type_parameters.as_deref());
                let shape = self.ty(&it.type_annotation);
                self.parameters.truncate(scope);
                shape
            }
            Type::Class(it) => Some(self.class(it)),
            Type::Enum(it) => Some(self.enum_shape(it)),
            Type::Namespace => None,
        }
    }

    /// `typeof X`, of a constant that says all of its value.
    pub(super) fn type_of(&mut self, query: &'a TSTypeQuery<'a>) -> Shape {
        let at = query.span.start;
        // In a namespace the name may be of another value.
        let name = query.expr_name.as_ts_type_name().and_then(name_of).filter(|_| self.space.is_empty());
        let value = |file: &Self, name: &Name<'_>| file.index().values.get(name.full.as_str()).copied();
        let said = |file: &Self, name: &Name<'_>| file.index().said.get(name.full.as_str()).copied();
        let said = name.as_ref().and_then(|name| said(self, name));
        let value = name.and_then(|name| value(self, &name));
        // What is said of a value is its type, whatever the value has.
        if let Some(said) = said.or_else(|| value.and_then(cast)) {
            return self.ty(said).unwrap_or(Shape::Opaque);
        }
        match value.map(|value| (value, value.get_inner_expression())) {
            Some((whole, Expression::ObjectExpression(_) | Expression::ArrayExpression(_))) => {
                self.value(whole, is_fixed(whole))
            }
            _ => Shape::unread(at, "the type of a value is not worked out here: write the type out"),
        }
    }
}

/// What stands behind any key of a type that has no other members.
fn behind_any(object: &Shape) -> Option<&Shape> {
    match object {
        Shape::Map(value) => Some(value),
        Shape::All(parts) => match parts.as_slice() {
            [Shape::Map(value), Shape::Object(members)] if members.is_empty() => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// The type that a value is made to be: `{} as Order`.
pub(super) fn cast<'a>(value: &'a Expression<'a>) -> Option<&'a TSType<'a>> {
    match value {
        Expression::TSAsExpression(cast) if !cast.type_annotation.is_const_type_reference() => {
            Some(&cast.type_annotation)
        }
        Expression::TSTypeAssertion(cast) if !cast.type_annotation.is_const_type_reference() => {
            Some(&cast.type_annotation)
        }
        Expression::TSSatisfiesExpression(inner) => self::cast(&inner.expression),
        Expression::TSNonNullExpression(inner) => self::cast(&inner.expression),
        _ => None,
    }
}

/// Whether `as const` is said of a value.
pub(super) fn is_fixed(value: &Expression<'_>) -> bool {
    match value {
        Expression::TSAsExpression(cast) => cast.type_annotation.is_const_type_reference(),
        Expression::TSSatisfiesExpression(satisfies) => is_fixed(&satisfies.expression),
        _ => false,
    }
}
