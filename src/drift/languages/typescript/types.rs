//! Types as they are written: literals, unions, arrays, objects.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::{DEEPEST, File, TOO_DEEP, union};
use crate::drift::shape::{Kind, Member, Shape};

impl<'a> File<'a> {
    /// The shape of a type; `None` for what is not on the wire at all: `null`, `undefined`, functions.
    pub(super) fn ty(&mut self, ty: &'a TSType<'a>) -> Option<Shape> {
        if self.depth >= DEEPEST {
            return Some(Shape::unread(ty.span().start, TOO_DEEP));
        }
        self.depth += 1;
        let shape = self.any_type(ty);
        self.depth -= 1;
        shape
    }

    fn any_type(&mut self, ty: &'a TSType<'a>) -> Option<Shape> {
        let at = ty.span().start;
        match ty {
            TSType::TSStringKeyword(_) | TSType::TSTemplateLiteralType(_) | TSType::TSIntrinsicKeyword(_) => {
                Some(Shape::STRING)
            }
            TSType::TSNumberKeyword(_) => Some(Shape::NUMBER),
            TSType::TSBooleanKeyword(_) | TSType::TSTypePredicate(_) => Some(Shape::BOOLEAN),
            // A bigint has no JSON of its own: some send text, some a number.
            TSType::TSBigIntKeyword(_)
            | TSType::TSAnyKeyword(_)
            | TSType::TSUnknownKeyword(_)
            | TSType::TSObjectKeyword(_)
            | TSType::TSThisType(_)
            | TSType::JSDocUnknownType(_) => Some(Shape::Opaque),
            TSType::TSNullKeyword(_) => None,
            ty if absent(ty) => None,
            TSType::TSLiteralType(literal) => Some(literal_type(&literal.literal)),
            TSType::TSArrayType(array) => Some(self.array(&array.element_type)),
            TSType::TSTupleType(tuple) => Some(self.tuple(tuple)),
            TSType::TSNamedTupleMember(element) => self.tuple_element(&element.element_type),
            TSType::TSTypeLiteral(literal) if literal.members.is_empty() => Some(Shape::Opaque),
            TSType::TSTypeLiteral(literal) => Some(self.members(&literal.members)),
            TSType::TSUnionType(types) => {
                let shapes = types.types.iter().filter_map(|ty| self.ty(ty)).collect();
                union(shapes)
            }
            TSType::TSIntersectionType(types) => self.intersection(&types.types),
            TSType::TSParenthesizedType(inner) => self.ty(&inner.type_annotation),
            TSType::JSDocNullableType(inner) => self.ty(&inner.type_annotation),
            TSType::JSDocNonNullableType(inner) => self.ty(&inner.type_annotation),
            TSType::TSTypeReference(name) => self.reference(&name.type_name, name.type_arguments.as_deref(), at),
            TSType::TSTypeOperatorType(operator) => match operator.operator {
                TSTypeOperatorOperator::Readonly => self.ty(&operator.type_annotation),
                TSTypeOperatorOperator::Unique => None,
                TSTypeOperatorOperator::Keyof => Some(self.keys_of(&operator.type_annotation, at)),
            },
            TSType::TSIndexedAccessType(access) => self.indexed(access),
            TSType::TSTypeQuery(query) => Some(self.type_of(query)),
            TSType::TSImportType(import) => Some(self.imported_type(import)),
            TSType::TSMappedType(mapped) => Some(self.mapped(mapped)),
            TSType::TSConditionalType(_) => {
                Some(Shape::unread(at, "a conditional type is not worked out here: write the fields that it comes to"))
            }
            TSType::TSInferType(_) => Some(Shape::unread(at, "an inferred type is not worked out here")),
            _ => None,
        }
    }

    fn array(&mut self, element: &'a TSType<'a>) -> Shape {
        Shape::Array(Box::new(self.ty(element).unwrap_or(Shape::Opaque)))
    }

    fn tuple(&mut self, tuple: &'a TSTupleType<'a>) -> Shape {
        let elements = tuple.element_types.iter().filter_map(|element| self.tuple_element(element)).collect();
        Shape::Array(Box::new(union(elements).unwrap_or(Shape::Opaque)))
    }

    fn tuple_element(&mut self, element: &'a TSTupleElement<'a>) -> Option<Shape> {
        match element {
            TSTupleElement::TSOptionalType(optional) => self.ty(&optional.type_annotation),
            TSTupleElement::TSRestType(rest) => match self.ty(&rest.type_annotation)? {
                Shape::Array(element) => Some(*element),
                _ => Some(Shape::unread(rest.span.start, "the rest of a tuple is not written as an array")),
            },
            element => self.ty(element.as_ts_type()?),
        }
    }

    /// `A & B`. A scalar with an object is a scalar with a brand: `string & { __brand: 'id' }`.
    fn intersection(&mut self, types: &'a [TSType<'a>]) -> Option<Shape> {
        // `{}` is anything but nothing, and takes nothing from what stands beside it.
        let says = |ty: &&TSType<'_>| !matches!(ty, TSType::TSTypeLiteral(literal) if literal.members.is_empty());
        let parts = types.iter().filter(says).filter_map(|ty| self.ty(ty)).collect::<Vec<_>>();
        if parts.is_empty() {
            return types.iter().find(|ty| !says(ty)).and_then(|ty| self.ty(ty));
        }
        if let Some(scalar) = parts.iter().find(|part| matches!(part, Shape::Scalar { .. } | Shape::Array(_))) {
            return Some(scalar.clone());
        }
        let mut parts = parts;
        match parts.len() {
            0 | 1 => parts.pop(),
            _ => Some(Shape::All(parts)),
        }
    }

    /// The members of an interface or a type literal.
    pub(super) fn members(&mut self, signatures: &'a [TSSignature<'a>]) -> Shape {
        let mut members = Vec::with_capacity(signatures.len());
        let mut others = Vec::new();
        for signature in signatures {
            match signature {
                TSSignature::TSPropertySignature(property) => {
                    let ty = property.type_annotation.as_deref().map(|annotation| &annotation.type_annotation);
                    match self.key(&property.key, property.computed) {
                        Some(name) => {
                            others.extend(own_json(&name, ty.is_some_and(is_function), property.key.span().start));
                            if let Some(shape) = self.typed(ty) {
                                members.push(Member::new(name, property.key.span().start, shape));
                            }
                        }
                        None if is_symbol(&property.key) => {}
                        None => others.push(Shape::unread(property.key.span().start, COMPUTED)),
                    }
                }
                TSSignature::TSIndexSignature(index) => {
                    let value = self.ty(&index.type_annotation.type_annotation).unwrap_or(Shape::Opaque);
                    others.push(Shape::Map(Box::new(value)));
                }
                TSSignature::TSMethodSignature(method) if method.kind != TSMethodSignatureKind::Method => {
                    let at = method.key.span().start;
                    let (given, taken) = (method.return_type.as_deref(), method.params.items.first());
                    let ty = given.or_else(|| taken.and_then(|taken| taken.type_annotation.as_deref()));
                    let ty = ty.map(|annotation| &annotation.type_annotation);
                    match (self.key(&method.key, method.computed), self.typed(ty)) {
                        (Some(name), Some(shape)) => members.push(Member::new(name, at, shape)),
                        (Some(_), None) => {}
                        (None, _) if is_symbol(&method.key) => {}
                        (None, _) => others.push(Shape::unread(at, COMPUTED)),
                    }
                }
                TSSignature::TSMethodSignature(method) => {
                    let name = self.key(&method.key, method.computed);
                    others.extend(name.and_then(|name| own_json(&name, true, method.key.span().start)));
                }
                TSSignature::TSCallSignatureDeclaration(_) | TSSignature::TSConstructSignatureDeclaration(_) => {}
            }
        }
        with_others(members, others)
    }

    /// The shape of a member by its annotation; `None` for a member that is never there.
    pub(super) fn typed(&mut self, ty: Option<&'a TSType<'a>>) -> Option<Shape> {
        let Some(ty) = ty else { return Some(Shape::Opaque) };
        if absent(ty) {
            return None;
        }
        Some(self.ty(ty).unwrap_or(Shape::Opaque))
    }

    /// `{ [K in 'a' | 'b']: T }`, as far as its keys are written down.
    fn mapped(&mut self, mapped: &'a TSMappedType<'a>) -> Shape {
        let at = mapped.span.start;
        if mapped.name_type.is_some() {
            return Shape::unread(at, "a mapped type with new keys is not worked out here");
        }
        let scope = self.parameters.len();
        self.parameters.push((mapped.key.name.as_str(), None));
        let value = mapped.type_annotation.as_ref().and_then(|ty| self.ty(ty)).unwrap_or(Shape::Opaque);
        self.parameters.truncate(scope);
        self.keyed(&mapped.constraint, value, at)
    }
}

/// Why a computed key is unread.
pub(super) const COMPUTED: &str = "a computed key: write the name of the field";

/// Members, and what else there is beside them.
pub(super) fn with_others(members: Vec<Member>, mut others: Vec<Shape>) -> Shape {
    if others.is_empty() {
        return Shape::Object(members);
    }
    if members.is_empty() && others.len() == 1 {
        return others.pop().unwrap_or(Shape::Opaque);
    }
    others.push(Shape::Object(members));
    Shape::All(others)
}

/// The same of what is a type of its own, however little it has: any keys are fields of it.
pub(super) fn record(members: Vec<Member>, others: Vec<Shape>) -> Shape {
    match with_others(members, others) {
        map @ Shape::Map(_) => Shape::All(vec![map, Shape::Object(Vec::new())]),
        other => other,
    }
}

/// A method that says what is on the wire instead of the fields, as `JSON.stringify` asks for it.
pub(super) fn own_json(name: &str, is_method: bool, at: u32) -> Option<Shape> {
    let reason = "the type writes its own JSON: what that has is not known";
    (is_method && name == "toJSON").then(|| Shape::unread(at, reason))
}

fn is_function(ty: &TSType<'_>) -> bool {
    matches!(ty, TSType::TSFunctionType(_))
}

/// What is never on the wire: a function, a symbol, nothing.
fn absent(ty: &TSType<'_>) -> bool {
    matches!(
        ty,
        TSType::TSUndefinedKeyword(_)
            | TSType::TSVoidKeyword(_)
            | TSType::TSNeverKeyword(_)
            | TSType::TSSymbolKeyword(_)
            | TSType::TSFunctionType(_)
            | TSType::TSConstructorType(_)
    )
}

/// `[Symbol.iterator]`, whose members are on no wire, and `#private`.
pub(super) fn is_symbol(key: &PropertyKey<'_>) -> bool {
    match key {
        PropertyKey::PrivateIdentifier(_) => true,
        PropertyKey::StaticMemberExpression(member) => member.object.is_specific_id("Symbol"),
        _ => false,
    }
}

fn literal_type(literal: &TSLiteral<'_>) -> Shape {
    match literal {
        TSLiteral::StringLiteral(_) | TSLiteral::TemplateLiteral(_) => Shape::enumerated(Kind::String),
        TSLiteral::NumericLiteral(_) => Shape::enumerated(Kind::Number),
        TSLiteral::UnaryExpression(minus) if minus.argument.is_number_literal() => Shape::enumerated(Kind::Number),
        TSLiteral::BooleanLiteral(_) => Shape::BOOLEAN,
        TSLiteral::UnaryExpression(_) | TSLiteral::BigIntLiteral(_) => Shape::Opaque,
    }
}
