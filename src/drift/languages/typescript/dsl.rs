//! Schemas as calls: Sanity's `defineType({ name, type, fields: [defineField({ … })] })`, and the plain objects that
//! these calls give back.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::constants::property;
use super::file::{DEEPEST, File, TOO_DEEP, union};
use super::references::TOO_MUCH;
use super::types::with_others;
use crate::drift::shape::{Kind, Member, Shape, Unread};

const NO_FIELD: &str = "this is no field that can be read: write the object of the field here";
const OWN_CALL: &str =
    "this `defineType` is the repository's own, and may do anything: import it from Sanity's package";
const NO_TYPE: &str = "the field's type is not written as a literal";

impl<'a> File<'a> {
    /// Reads `defineType({…})`; says whether it was one.
    pub(super) fn dsl_call(&mut self, call: &'a CallExpression<'a>) -> bool {
        let Some(meant) = self.sanity_call(&call.callee).filter(|meant| meant.is_type()) else { return false };
        // Sanity's takes no text.
        if let Some(Argument::StringLiteral(_) | Argument::TemplateLiteral(_)) = call.arguments.first() {
            return false;
        }
        self.schemas.insert(call.span.start);
        if !meant.is_known {
            self.module.unread.push(Unread::new(call.span.start, OWN_CALL));
            return true;
        }
        match call.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression) {
            Some(Expression::ObjectExpression(object)) if self.dsl_definition(object) => {}
            _ => {
                let reason = "the schema type is not an object with a literal name";
                self.module.unread.push(Unread::new(call.span.start, reason));
            }
        }
        true
    }

    /// Reads a plain object that is a schema type: it has a name, a type, and fields or items.
    pub(super) fn dsl_object(&mut self, object: &'a ObjectExpression<'a>) -> bool {
        let parts = property(object, "fields").or_else(|| property(object, "of"));
        let lists = parts.is_some_and(|parts| !matches!(parts, Expression::ObjectExpression(_)));
        let typed = property(object, "type").is_some_and(|ty| self.text(ty).is_some());
        lists && typed && self.dsl_definition(object)
    }

    fn dsl_definition(&mut self, object: &'a ObjectExpression<'a>) -> bool {
        let Some(value) = written(object, "name") else { return false };
        let Some(name) = self.text(value) else { return false };
        let shape = self.dsl_shape(object).unwrap_or(Shape::Opaque);
        let at = value.span().start;
        self.schemas.insert(object.span.start);
        self.define(&name, at, shape);
        // A schema's types know each other by these names, wherever they stand.
        self.table.global.push(at);
        true
    }

    /// The object that describes a field, directly or in a call.
    fn dsl_field(&self, value: &'a Expression<'a>) -> Option<&'a ObjectExpression<'a>> {
        match value.get_inner_expression() {
            Expression::ObjectExpression(object) => Some(object),
            Expression::CallExpression(call) => {
                self.sanity_call(&call.callee).filter(|meant| meant.is_known)?;
                match call.arguments.first()?.as_expression()?.get_inner_expression() {
                    Expression::ObjectExpression(object) => Some(object),
                    _ => None,
                }
            }
            Expression::Identifier(name) => {
                let value = self.index().values.get(name.name.as_str())?.get_inner_expression();
                // A constant that is another constant is not followed further.
                if matches!(value, Expression::Identifier(_)) { None } else { self.dsl_field(value) }
            }
            _ => None,
        }
    }

    /// What a field's object says of its values.
    fn dsl_shape(&mut self, object: &'a ObjectExpression<'a>) -> Option<Shape> {
        let at = object.span.start;
        if self.depth >= DEEPEST {
            return Some(Shape::unread(at, TOO_DEEP));
        }
        let Some(ty) = property(object, "type") else { return Some(Shape::unread(at, NO_TYPE)) };
        let Some(name) = self.text(ty) else { return Some(Shape::unread(ty.span().start, NO_TYPE)) };
        self.depth += 1;
        let listed = property(object, "options").is_some_and(|options| match options.get_inner_expression() {
            Expression::ObjectExpression(options) => property(options, "list").is_some(),
            _ => false,
        });
        let shape = self.dsl_type(&name, object, listed, ty.span().start);
        self.depth -= 1;
        Some(shape)
    }

    fn dsl_type(&mut self, name: &str, object: &'a ObjectExpression<'a>, listed: bool, at: u32) -> Shape {
        let scalar = |kind| Shape::Scalar { kind, enumerated: listed };
        match name {
            "string" | "text" | "url" | "email" | "date" | "datetime" => scalar(Kind::String),
            "number" => scalar(Kind::Number),
            "boolean" => Shape::BOOLEAN,
            "slug" => Shape::Object(vec![Member::new("current", at, Shape::STRING)]),
            "geopoint" => {
                let part = |name: &str| Member::new(name, at, Shape::NUMBER);
                Shape::Object(vec![part("lat"), part("lng"), part("alt")])
            }
            "reference" | "crossDatasetReference" | "globalDocumentReference" => reference(at),
            "image" | "file" => {
                let asset = Member::new("asset", at, reference(at));
                match self.dsl_fields(object) {
                    Some(fields) => Shape::All(vec![Shape::Object(vec![asset]), fields]),
                    None => Shape::Object(vec![asset]),
                }
            }
            "block" => Shape::scalar(Kind::Object),
            "array" => self.dsl_array(object, listed, at),
            "object" | "document" => match self.dsl_fields(object) {
                Some(fields) => fields,
                None => Shape::unread(at, "an object without its fields"),
            },
            // A type of its own, which may have more fields here.
            name => {
                let named = Shape::named(name, at);
                match self.dsl_fields(object) {
                    Some(fields) => Shape::All(vec![named, fields]),
                    None => named,
                }
            }
        }
    }

    /// The items of an array; those of a list of values are enumerated.
    fn dsl_array(&mut self, object: &'a ObjectExpression<'a>, listed: bool, at: u32) -> Shape {
        let Some(Expression::ArrayExpression(items)) = property(object, "of").map(Expression::get_inner_expression)
        else {
            return Shape::Array(Box::new(Shape::unread(at, "the items of the array are not written as a list")));
        };
        let mut shapes = Vec::with_capacity(items.elements.len());
        for item in &items.elements {
            let object = item.as_expression().and_then(|item| self.dsl_field(item));
            let shape = match object {
                Some(object) => self.dsl_shape(object),
                None => Some(Shape::unread(item.span().start, NO_FIELD)),
            };
            shapes.extend(shape.map(|shape| match shape {
                Shape::Scalar { kind, .. } if listed => Shape::enumerated(kind),
                shape => shape,
            }));
        }
        Shape::Array(Box::new(union(shapes).unwrap_or(Shape::Opaque)))
    }

    /// The `fields` of an object; `None` if it has none.
    fn dsl_fields(&mut self, object: &'a ObjectExpression<'a>) -> Option<Shape> {
        let mut others = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let reason = "a spread of a value in a schema: write what it brings";
                    others.push(Shape::unread(spread.span.start, reason));
                }
                // What is written after a spread takes the place of what that brought.
                ObjectPropertyKind::ObjectProperty(property) if property.key.is_specific_static_name("fields") => {
                    others.clear();
                }
                ObjectPropertyKind::ObjectProperty(_) => {}
            }
        }
        let mut members = Vec::new();
        match written(object, "fields").map(|fields| (fields, fields.get_inner_expression())) {
            None if others.is_empty() => return None,
            None => {}
            Some((_, Expression::ArrayExpression(fields))) => {
                for field in &fields.elements {
                    self.dsl_member(field, &mut members, &mut others);
                }
            }
            Some((fields, _)) => {
                others.push(Shape::unread(fields.span().start, "the fields are not written as a list"));
            }
        }
        Some(with_others(members, others))
    }

    fn dsl_member(
        &mut self,
        field: &'a ArrayExpressionElement<'a>,
        members: &mut Vec<Member>,
        others: &mut Vec<Shape>,
    ) {
        if let ArrayExpressionElement::SpreadElement(spread) = field {
            // A list of this file is written out as well as any other.
            let list = match spread.argument.get_inner_expression() {
                Expression::Identifier(name) => self.index().values.get(name.name.as_str()).copied(),
                _ => None,
            };
            match list.map(Expression::get_inner_expression) {
                Some(Expression::ArrayExpression(list)) if self.depth < DEEPEST => {
                    self.depth += 16;
                    for field in &list.elements {
                        if self.is_spent() {
                            others.push(Shape::unread(spread.span.start, TOO_MUCH));
                            break;
                        }
                        let known = members.len();
                        self.dsl_member(field, members, others);
                        let more = members.get(known..).unwrap_or_default().iter();
                        self.written = self.written.saturating_add(more.map(|member| member.shape.weight()).sum());
                    }
                    self.depth -= 16;
                }
                _ => others.push(Shape::unread(spread.span.start, "a spread of fields: write them here")),
            }
            return;
        }
        let object = field.as_expression().and_then(|field| self.dsl_field(field));
        let name = object.and_then(|object| property(object, "name"));
        match (object, name, name.and_then(|name| self.text(name))) {
            (Some(object), Some(value), Some(name)) => {
                if let Some(shape) = self.dsl_shape(object) {
                    members.push(Member::new(name, value.span().start, shape).explicit());
                }
            }
            _ => others.push(Shape::unread(field.span().start, NO_FIELD)),
        }
    }
}

/// The value behind a key, whatever spreads there are.
fn written<'a>(object: &'a ObjectExpression<'a>, name: &str) -> Option<&'a Expression<'a>> {
    object.properties.iter().find_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) if property.key.is_specific_static_name(name) => {
            Some(&property.value)
        }
        _ => None,
    })
}

fn reference(at: u32) -> Shape {
    Shape::Object(vec![Member::new("_ref", at, Shape::STRING)])
}
