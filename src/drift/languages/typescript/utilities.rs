//! Types made of other types' members: `Record`, `Pick`, `Omit`, `keyof`.

use std::collections::BTreeSet;

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::imports::Type;
use super::lookup::is_fixed;
use super::references::{Name, name_of};
use crate::drift::shape::{Kind, Shape};

/// How often a name may lead to another name on the way to keys.
const HOPS: u8 = 16;

/// The keys that a type stands for.
enum Keys {
    /// These, with their places.
    Listed(Vec<(String, u32)>),
    /// Any text or number.
    Any,
    /// They are written elsewhere.
    Unknown,
}

impl<'a> File<'a> {
    pub(super) fn record(&mut self, given: &'a [TSType<'a>], at: u32) -> Shape {
        let [keys, value] = given else { return Shape::Map(Box::new(Shape::Opaque)) };
        let value = self.ty(value).unwrap_or(Shape::Opaque);
        self.keyed(keys, value, at)
    }

    /// Values of one shape behind keys.
    pub(super) fn keyed(&mut self, keys: &'a TSType<'a>, value: Shape, at: u32) -> Shape {
        match self.keys(keys, HOPS) {
            Keys::Any => Shape::Map(Box::new(value)),
            Keys::Listed(keys) => self.repeated(keys, &value, at),
            Keys::Unknown => Shape::unread(at, "the keys are not written as literals in this file"),
        }
    }

    pub(super) fn some_members(&mut self, pick: bool, given: &'a [TSType<'a>], at: u32) -> Shape {
        let [of, keys] = given else { return Shape::unread(at, "this takes a type and its keys") };
        let of = self.ty(of).unwrap_or(Shape::Opaque);
        match self.keys(keys, HOPS) {
            Keys::Listed(keys) => {
                let names = keys.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>();
                let of = Box::new(of);
                if pick { Shape::Pick(of, names) } else { Shape::Omit(of, names) }
            }
            Keys::Any | Keys::Unknown => {
                Shape::unread(at, "the keys of `Pick` or `Omit` are not written as literals in this file")
            }
        }
    }

    /// `Exclude<A, B>` and `Extract<A, B>`, which are of the kind that A is of, when all of A is of one kind.
    pub(super) fn some_values(&mut self, given: &'a [TSType<'a>], at: u32) -> Shape {
        let shape = given.first().and_then(|ty| self.ty(ty));
        let shape = shape.map(|shape| self.follow(shape));
        match shape {
            Some(scalar @ Shape::Scalar { .. }) => scalar,
            _ => Shape::unread(at, "some of several types are not worked out here: write the ones that remain"),
        }
    }

    pub(super) fn keys_of(&mut self, ty: &'a TSType<'a>, at: u32) -> Shape {
        match self.keys_of_type(ty) {
            Keys::Listed(_) => Shape::enumerated(Kind::String),
            _ => Shape::unread(at, "`keyof` is not worked out here: write the keys"),
        }
    }

    /// The keys of what is written down in this file.
    fn keys_of_type(&mut self, ty: &'a TSType<'a>) -> Keys {
        let shape = self.ty(ty).map(|shape| self.follow(shape));
        match shape {
            Some(Shape::Object(members)) => {
                Keys::Listed(members.into_iter().map(|member| (member.name, member.at)).collect())
            }
            _ => Keys::Unknown,
        }
    }

    fn keys(&mut self, ty: &'a TSType<'a>, hops: u8) -> Keys {
        let Some(hops) = hops.checked_sub(1) else { return Keys::Unknown };
        match ty {
            TSType::TSStringKeyword(_) | TSType::TSNumberKeyword(_) | TSType::TSSymbolKeyword(_) => Keys::Any,
            // `x-${string}` is any of endlessly many; what is put together of listed texts is listed as well.
            TSType::TSTemplateLiteralType(template) => {
                let is_endless =
                    |ty: &TSType<'_>| matches!(ty, TSType::TSStringKeyword(_) | TSType::TSNumberKeyword(_));
                if template.types.iter().all(is_endless) { Keys::Any } else { Keys::Unknown }
            }
            TSType::TSLiteralType(literal) => match &literal.literal {
                TSLiteral::StringLiteral(text) => Keys::Listed(vec![(text.value.to_string(), text.span.start)]),
                TSLiteral::TemplateLiteral(text) => match text.single_quasi() {
                    Some(key) => Keys::Listed(vec![(key.to_string(), text.span.start)]),
                    None => Keys::Unknown,
                },
                TSLiteral::NumericLiteral(number) => Keys::Listed(vec![(number.value.to_string(), number.span.start)]),
                _ => Keys::Unknown,
            },
            TSType::TSParenthesizedType(inner) => self.keys(&inner.type_annotation, hops),
            TSType::TSUnionType(types) => {
                let mut listed = Vec::new();
                let mut any = false;
                for ty in &types.types {
                    match self.keys(ty, hops) {
                        Keys::Listed(keys) => listed.extend(keys),
                        Keys::Any => any = true,
                        Keys::Unknown => return Keys::Unknown,
                    }
                }
                if any { Keys::Any } else { Keys::Listed(listed) }
            }
            TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Keyof => {
                self.keys_of_type(&operator.type_annotation)
            }
            TSType::TSIndexedAccessType(access) => self.keys_of_constant(access),
            TSType::TSTypeReference(reference) => self.named_keys(reference, hops),
            _ => Keys::Unknown,
        }
    }

    fn named_keys(&mut self, reference: &'a TSTypeReference<'a>, hops: u8) -> Keys {
        let Some(name) = name_of(&reference.type_name) else { return Keys::Unknown };
        let parameter = self.parameters.iter().any(|(parameter, _)| *parameter == name.head);
        if parameter || !self.space.is_empty() {
            return Keys::Unknown;
        }
        let declared = self.index().types.get(name.full.as_str()).map(Vec::as_slice);
        match declared {
            Some([Type::Alias(alias)]) => self.keys(&alias.type_annotation, hops),
            Some([Type::Enum(declared)]) => self.enum_keys(declared),
            None if name.full == "PropertyKey" && !self.index().foreign.contains_key("PropertyKey") => Keys::Any,
            _ => Keys::Unknown,
        }
    }

    fn enum_keys(&self, declared: &'a TSEnumDeclaration<'a>) -> Keys {
        let value = |member: &'a TSEnumMember<'a>| {
            let value = self.text(member.initializer.as_ref()?)?;
            Some((value.into_owned(), member.span.start))
        };
        declared.body.members.iter().map(value).collect::<Option<Vec<_>>>().map_or(Keys::Unknown, Keys::Listed)
    }

    /// `(typeof LIST)[number]`: what the constant lists.
    fn keys_of_constant(&mut self, access: &'a TSIndexedAccessType<'a>) -> Keys {
        let TSType::TSTypeQuery(query) = inner(&access.object_type) else { return Keys::Unknown };
        let name = query.expr_name.as_ts_type_name().and_then(name_of);
        let is_plain = |name: &Name<'_>| self.space.is_empty() && !self.index().said.contains_key(name.full.as_str());
        let name = name.filter(is_plain);
        let value = name.and_then(|name| self.index().values.get(name.full.as_str()).copied());
        let Some((value, Expression::ArrayExpression(list))) = value.map(|value| (value, value.get_inner_expression()))
        else {
            return Keys::Unknown;
        };
        let text = |element: &'a ArrayExpressionElement<'a>| {
            let text = self.text(element.as_expression()?)?;
            Some((text.into_owned(), element.span().start))
        };
        match list.elements.iter().map(text).collect::<Option<Vec<_>>>() {
            Some(keys) if is_fixed(value) => Keys::Listed(keys),
            // Without `as const` the list is one of any texts.
            Some(_) => Keys::Any,
            None => Keys::Unknown,
        }
    }
}

/// A type without parentheses around it.
pub(super) fn inner<'a>(mut ty: &'a TSType<'a>) -> &'a TSType<'a> {
    while let TSType::TSParenthesizedType(inside) = ty {
        ty = &inside.type_annotation;
    }
    ty
}
