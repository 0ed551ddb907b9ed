//! zod: what makes a schema.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::doubtful::uses;
use super::file::{DEEPEST, File, TOO_DEEP, union};
use super::imports::{Origin, origin};
use super::references::{TOO_MUCH, value_name};
use super::types::{COMPUTED, with_others};
use crate::drift::shape::{Kind, Member, Shape};

/// Why a value in a schema is unread.
pub(super) const NO_SCHEMA: &str = "this is no schema that can be read: write it out, or give it a name";

/// Methods of schemas that only objects have, and that say of an imported value that it is one.
const OF_OBJECTS: &[&str] = &[
    "extend",
    "safeExtend",
    "merge",
    "pick",
    "omit",
    "partial",
    "deepPartial",
    "required",
    "strict",
    "passthrough",
    "catchall",
    "loose",
    "strip",
    "keyof",
];

/// Methods that hardly anything but a schema has.
const OF_SCHEMAS: &[&str] =
    &["and", "array", "brand", "nullable", "nullish", "optional", "or", "refine", "setKey", "superRefine"];

/// How often a constant may be made of another on the way to zod.
const HOPS: u8 = 16;

/// Makers of text.
const TEXT: &[&str] = &[
    "string",
    "email",
    "url",
    "httpUrl",
    "uuid",
    "uuidv4",
    "uuidv6",
    "uuidv7",
    "guid",
    "cuid",
    "cuid2",
    "ulid",
    "nanoid",
    "xid",
    "ksuid",
    "base64",
    "base64url",
    "jwt",
    "emoji",
    "ipv4",
    "ipv6",
    "cidrv4",
    "cidrv6",
    "e164",
    "mac",
    "hostname",
    "hex",
    "hash",
    "stringFormat",
    "templateLiteral",
    "datetime",
    "date",
    "time",
    "duration",
];

/// Makers of numbers.
const NUMBERS: &[&str] = &["number", "int", "int32", "uint32", "float32", "float64", "nan"];

impl<'a> File<'a> {
    /// The shape of a constant's value, if it is a schema.
    pub(super) fn schema(&mut self, call: &'a CallExpression<'a>) -> Option<Shape> {
        if !self.is_schema(call, HOPS) {
            return None;
        }
        self.schema_call(call)
    }

    /// Whether a chain of calls makes a schema: it begins at zod, or at a schema and has zod's methods only.
    pub(super) fn is_schema(&self, call: &'a CallExpression<'a>, hops: u8) -> bool {
        let (mut foreign, mut objects) = (false, false);
        let mut callee = &call.callee;
        loop {
            match callee {
                Expression::StaticMemberExpression(member) => {
                    let method = member.property.name.as_str();
                    if uses(method) {
                        return false;
                    }
                    objects |= OF_OBJECTS.contains(&method);
                    foreign |= OF_SCHEMAS.contains(&method);
                    callee = &member.object;
                }
                Expression::CallExpression(inner) => callee = &inner.callee,
                Expression::Identifier(name) => {
                    return self.is_root(name.name.as_str(), objects, foreign, hops);
                }
                _ => return false,
            }
        }
    }

    /// Whether chains that begin at this name are schemas; `objects` when a method of theirs is one of objects, `schemas`
    /// when one is hardly anything else's.
    fn is_root(&self, name: &'a str, objects: bool, schemas: bool, hops: u8) -> bool {
        if self.is_zod(name) {
            return true;
        }
        let index = self.index();
        match (index.foreign.get(name), index.values.get(name)) {
            (Some(foreign), _) => (objects || schemas) && origin(foreign.specifier) != Origin::Package,
            (None, Some(value)) => match value.get_inner_expression() {
                // Constants are told apart where they are declared; their chains end there.
                Expression::CallExpression(_) if objects => true,
                _ => self.is_schema_constant(name, hops),
            },
            (None, None) => false,
        }
    }

    pub(super) fn is_zod(&self, name: &str) -> bool {
        match self.index().foreign.get(name) {
            Some(foreign) => foreign.specifier.contains("zod"),
            // A file may be a part of another that imports it.
            None => name == "z" && !self.index().values.contains_key(name),
        }
    }

    /// The shape of a schema; `None` for one whose values are not on the wire.
    pub(super) fn schema_value(&mut self, value: &'a Expression<'a>) -> Option<Shape> {
        let at = value.span().start;
        if self.depth >= DEEPEST {
            return Some(Shape::unread(at, TOO_DEEP));
        }
        self.depth += 1;
        let shape = match value.get_inner_expression() {
            Expression::CallExpression(call) => self.schema_call(call),
            // A getter is how version 4 spells a type that refers to itself.
            Expression::ArrowFunctionExpression(function) => match returned_by_arrow(function) {
                Some(value) => self.schema_value(value),
                None => Some(Shape::unread(at, NO_SCHEMA)),
            },
            Expression::FunctionExpression(function) => match returned(function.body.as_deref()) {
                Some(value) => self.schema_value(value),
                None => Some(Shape::unread(at, NO_SCHEMA)),
            },
            other => Some(self.schema_name(other)),
        };
        self.depth -= 1;
        shape
    }

    /// A schema by its name, or a part of one: `Order.shape.id`, `Orders.element`.
    pub(super) fn schema_name(&mut self, value: &'a Expression<'a>) -> Shape {
        let at = value.span().start;
        if let Expression::StaticMemberExpression(member) = value {
            let of = match &member.object {
                Expression::StaticMemberExpression(shape) if shape.property.name == "shape" => Some(&shape.object),
                _ => None,
            };
            if let Some(of) = of {
                let of = self.schema_value(of).unwrap_or(Shape::Opaque);
                let found = self.member_of(of, member.property.name.as_str());
                return found.unwrap_or_else(|| Shape::unread(at, NO_SCHEMA));
            }
            if matches!(member.property.name.as_str(), "shape" | "element" | "enum" | "options" | "def" | "_def") {
                return Shape::unread(at, NO_SCHEMA);
            }
        }
        match value_name(value) {
            Some(name) => self.named(&name, at),
            None => Shape::unread(at, NO_SCHEMA),
        }
    }

    fn schema_call(&mut self, call: &'a CallExpression<'a>) -> Option<Shape> {
        let Expression::StaticMemberExpression(member) = &call.callee else {
            return Some(Shape::unread(call.span.start, NO_SCHEMA));
        };
        let method = member.property.name.as_str();
        match &member.object {
            Expression::Identifier(root) if self.is_zod(root.name.as_str()) => self.made(method, call),
            // `z.coerce.number()`, `z.iso.date()`.
            Expression::StaticMemberExpression(group) if self.is_group(group) => self.made(method, call),
            object => {
                let base = self.schema_value(object);
                self.schema_method(base, method, call)
            }
        }
    }

    fn is_group(&self, group: &StaticMemberExpression<'a>) -> bool {
        let named = matches!(group.property.name.as_str(), "coerce" | "iso" | "string" | "mini" | "core");
        named && matches!(&group.object, Expression::Identifier(root) if self.is_zod(root.name.as_str()))
    }

    /// What a function of zod's makes.
    fn made(&mut self, maker: &str, call: &'a CallExpression<'a>) -> Option<Shape> {
        let at = call.span.start;
        let mut arguments = call.arguments.iter().filter_map(Argument::as_expression);
        let (first, second) = (arguments.next(), arguments.next());
        let of = |file: &mut Self, value: Option<&'a Expression<'a>>| match value {
            Some(value) => file.schema_value(value),
            None => Some(Shape::Opaque),
        };
        let shape = match maker {
            _ if TEXT.contains(&maker) => Shape::STRING,
            _ if NUMBERS.contains(&maker) => Shape::NUMBER,
            "boolean" => Shape::BOOLEAN,
            "null" | "undefined" | "void" | "never" | "symbol" | "function" => return None,
            "any" | "unknown" | "bigint" | "int64" | "uint64" | "stringbool" | "instanceof" | "file" | "json"
            | "transform" => Shape::Opaque,
            "literal" => return self.literals(first),
            "enum" | "nativeEnum" => self.zod_enum(first, at),
            "object" | "strictObject" | "looseObject" | "interface" => match first {
                Some(members) => self.zod_members(members),
                None => Shape::Object(Vec::new()),
            },
            "array" | "set" => Shape::Array(Box::new(of(self, first).unwrap_or(Shape::Opaque))),
            "tuple" => return Some(self.zod_tuple(first, second)),
            "record" | "partialRecord" | "looseRecord" => self.zod_record(first, second, at),
            "map" => Shape::Map(Box::new(of(self, second).unwrap_or(Shape::Opaque))),
            "union" | "xor" => return self.zod_union(first),
            "discriminatedUnion" => return self.zod_union(second),
            "intersection" => {
                let parts = [of(self, first), of(self, second)];
                Shape::All(parts.into_iter().flatten().collect())
            }
            "lazy" | "optional" | "nullable" | "nullish" | "readonly" | "promise" | "pipe" | "codec" | "catch"
            | "_default" | "prefault" | "nonoptional" | "exactOptional" | "success" => return of(self, first),
            "preprocess" => return of(self, second),
            "custom" => {
                let ty = call.type_arguments.as_deref().and_then(|given| given.params.first());
                return ty.map_or(Some(Shape::Opaque), |ty| self.ty(ty));
            }
            // zod mini has functions where zod has methods.
            "extend" | "safeExtend" | "merge" | "pick" | "omit" | "partial" | "required" | "keyof" | "catchall" => {
                let base = of(self, first);
                return self.apply(base, maker, second, at);
            }
            _ => Shape::unread(at, NO_SCHEMA),
        };
        Some(shape)
    }

    fn literals(&self, value: Option<&'a Expression<'a>>) -> Option<Shape> {
        let literal = |value: &'a Expression<'a>| match value.get_inner_expression() {
            Expression::NumericLiteral(_) | Expression::UnaryExpression(_) => Some(Shape::enumerated(Kind::Number)),
            Expression::BooleanLiteral(_) => Some(Shape::BOOLEAN),
            Expression::NullLiteral(_) => None,
            other if self.text(other).is_some() => Some(Shape::enumerated(Kind::String)),
            _ => Some(Shape::Opaque),
        };
        match value?.get_inner_expression() {
            Expression::ArrayExpression(array) => {
                union(array.elements.iter().filter_map(|element| literal(element.as_expression()?)).collect())
            }
            other => literal(other),
        }
    }

    fn zod_enum(&mut self, value: Option<&'a Expression<'a>>, at: u32) -> Shape {
        match value.map(Expression::get_inner_expression) {
            Some(Expression::ObjectExpression(object)) => {
                let values = object.properties.iter().filter_map(|property| match property {
                    ObjectPropertyKind::ObjectProperty(property) => self.literals(Some(&property.value)),
                    ObjectPropertyKind::SpreadProperty(_) => Some(Shape::Opaque),
                });
                let values = values.collect();
                union(values).unwrap_or(Shape::Opaque)
            }
            Some(Expression::ArrayExpression(_)) => Shape::enumerated(Kind::String),
            Some(name @ (Expression::Identifier(_) | Expression::StaticMemberExpression(_))) => {
                let Some(name) = value_name(name) else { return Shape::enumerated(Kind::String) };
                let index = self.index();
                if name.full == name.head && index.types.contains_key(name.head) {
                    return self.named(&name, at);
                }
                let known = index.values.get(name.full.as_str()).map(|value| value.get_inner_expression());
                match known {
                    Some(object @ Expression::ObjectExpression(_)) => self.zod_enum(Some(object), at),
                    Some(Expression::ArrayExpression(_)) => Shape::enumerated(Kind::String),
                    // Lists of texts and enums of another file are not told apart.
                    _ => Shape::Opaque,
                }
            }
            _ => Shape::Opaque,
        }
    }

    /// The members of `z.object({…})`.
    pub(super) fn zod_members(&mut self, value: &'a Expression<'a>) -> Shape {
        let at = value.span().start;
        match value.get_inner_expression() {
            Expression::ObjectExpression(object) => self.zod_object(object),
            // `z.object(Order.shape)`, `.extend(Order.shape)`.
            Expression::StaticMemberExpression(member) if member.property.name == "shape" => {
                self.schema_value(&member.object).unwrap_or(Shape::Opaque)
            }
            Expression::Identifier(name) => {
                let known = self.index().values.get(name.name.as_str()).map(|value| value.get_inner_expression());
                match known {
                    Some(Expression::ObjectExpression(_)) if self.is_spent() => Shape::unread(at, TOO_MUCH),
                    Some(Expression::ObjectExpression(object)) if self.depth < DEEPEST => {
                        self.depth += 16;
                        let shape = self.zod_object(object);
                        self.depth -= 16;
                        self.count(shape, at)
                    }
                    _ => Shape::unread(at, "the fields of the schema are not written out here"),
                }
            }
            _ => Shape::unread(at, "the fields of the schema are not written out here"),
        }
    }

    fn zod_object(&mut self, object: &'a ObjectExpression<'a>) -> Shape {
        let mut members = Vec::with_capacity(object.properties.len());
        let mut parts = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => parts.push(self.zod_members(&spread.argument)),
                ObjectPropertyKind::ObjectProperty(property) => {
                    let at = property.key.span().start;
                    let Some(name) = self.key(&property.key, property.computed) else {
                        parts.push(Shape::unread(at, COMPUTED));
                        continue;
                    };
                    if let Some(shape) = self.schema_value(&property.value) {
                        members.push(Member::new(name, at, shape));
                    }
                }
            }
        }
        with_others(members, parts)
    }

    fn zod_list(&mut self, value: Option<&'a Expression<'a>>) -> Option<Vec<Shape>> {
        let Expression::ArrayExpression(array) = value?.get_inner_expression() else { return None };
        let mut shapes = Vec::with_capacity(array.elements.len());
        for element in &array.elements {
            shapes.extend(self.schema_value(element.as_expression()?));
        }
        Some(shapes)
    }

    fn zod_union(&mut self, value: Option<&'a Expression<'a>>) -> Option<Shape> {
        match self.zod_list(value) {
            Some(shapes) => union(shapes),
            None => Some(Shape::unread(
                value.map_or(0, |value| value.span().start),
                "the alternatives are not a list of schemas",
            )),
        }
    }

    fn zod_tuple(&mut self, items: Option<&'a Expression<'a>>, rest: Option<&'a Expression<'a>>) -> Shape {
        let Some(mut shapes) = self.zod_list(items) else {
            return Shape::unread(items.map_or(0, |value| value.span().start), "the items are not a list of schemas");
        };
        shapes.extend(rest.and_then(|rest| self.schema_value(rest)));
        Shape::Array(Box::new(union(shapes).unwrap_or(Shape::Opaque)))
    }

    fn zod_record(&mut self, first: Option<&'a Expression<'a>>, second: Option<&'a Expression<'a>>, at: u32) -> Shape {
        let (keys, value) = match (first, second) {
            (Some(keys), Some(value)) => (Some(keys), Some(value)),
            (value, _) => (None, value),
        };
        let value = value.and_then(|value| self.schema_value(value)).unwrap_or(Shape::Opaque);
        let Some(keys) = keys else { return Shape::Map(Box::new(value)) };
        match self.zod_keys(keys) {
            Some(keys) => self.repeated(keys, &value, at),
            None => match self.schema_value(keys) {
                Some(Shape::Scalar { enumerated: false, .. }) => Shape::Map(Box::new(value)),
                _ => Shape::unread(at, "the keys are not written as literals in this file"),
            },
        }
    }

    /// The texts of `z.enum([…])` or `z.literal('a')`.
    fn zod_keys(&self, keys: &'a Expression<'a>) -> Option<Vec<(String, u32)>> {
        let mut keys = keys.get_inner_expression();
        if let Expression::Identifier(name) = keys {
            keys = self.index().values.get(name.name.as_str())?.get_inner_expression();
        }
        let Expression::CallExpression(call) = keys else { return None };
        let Expression::StaticMemberExpression(member) = &call.callee else { return None };
        if !matches!(member.property.name.as_str(), "enum" | "literal") {
            return None;
        }
        let text = |value: &'a Expression<'a>| Some((self.text(value)?.into_owned(), value.span().start));
        let mut values = call.arguments.first()?.as_expression()?.get_inner_expression();
        if let Expression::Identifier(name) = values {
            values = self.index().values.get(name.name.as_str())?.get_inner_expression();
        }
        match values {
            Expression::ArrayExpression(array) => {
                array.elements.iter().map(|element| text(element.as_expression()?)).collect()
            }
            other => Some(vec![text(other)?]),
        }
    }
}

/// What an arrow function gives at once.
pub(super) fn returned_by_arrow<'a>(function: &'a ArrowFunctionExpression<'a>) -> Option<&'a Expression<'a>> {
    match &function.body {
        ArrowFunctionBody::FunctionBody(body) => returned(Some(body)),
        body => body.as_expression(),
    }
}

/// What a function gives at its end, if that is all it does.
pub(super) fn returned<'a>(body: Option<&'a FunctionBody<'a>>) -> Option<&'a Expression<'a>> {
    match body?.statements.as_slice() {
        [Statement::ReturnStatement(only)] => only.argument.as_ref(),
        _ => None,
    }
}
