//! Classes: their fields, what they inherit, what decorators call them.

use std::collections::BTreeSet;

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::assigned::Assigned;
use super::decorators::{Said, call_of};
use super::file::{File, inherit};
use super::references::value_name;
use super::types::{COMPUTED, is_symbol, own_json, record};
use super::zod_methods::true_keys;
use crate::drift::shape::{Member, Shape};

/// A member's name as the class has it, with its place; none if it is computed.
type Name = (Option<String>, u32);

/// The fields of a class while it is read.
#[derive(Default)]
struct Fields {
    members: Vec<Member>,
    others: Vec<Shape>,
}

impl<'a> File<'a> {
    pub(super) fn class(&mut self, class: &'a Class<'a>) -> Shape {
        let scope = self.enter(class.type_parameters.as_deref());
        let base = class.heritage.as_ref().map(|heritage| self.base(heritage));
        let only_exposed = class.decorators.iter().filter_map(call_of).any(|(name, _)| name == "Exclude");
        let mut fields = Fields::default();
        for element in &class.body.body {
            match element {
                ClassElement::PropertyDefinition(property) if !property.r#static => {
                    let said = self.decorators(&property.decorators);
                    let ty = property.type_annotation.as_deref().map(|it| &it.type_annotation);
                    let is_method = property.value.as_ref().is_some_and(is_function)
                        || matches!(ty, Some(TSType::TSFunctionType(_)));
                    fields.writes_json(&self.class_key(&property.key, property.computed), is_method);
                    let open = is_open(property.accessibility, &said) && (said.exposed || !only_exposed);
                    if open && let Some(shape) = self.property_shape(property, &said) {
                        let name = self.class_key(&property.key, property.computed);
                        fields.add(name, shape, &said, &property.key);
                    }
                }
                ClassElement::AccessorProperty(property) if !property.r#static => {
                    let said = self.decorators(&property.decorators);
                    if is_open(property.accessibility, &said) && (said.exposed || !only_exposed) {
                        let ty = property.type_annotation.as_deref().map(|it| &it.type_annotation);
                        let shape = self.typed(ty);
                        let name = self.class_key(&property.key, property.computed);
                        shape.into_iter().for_each(|shape| fields.add(name.clone(), shape, &said, &property.key));
                    }
                }
                ClassElement::MethodDefinition(method) if !method.r#static => {
                    self.method(method, only_exposed, &mut fields);
                }
                ClassElement::TSIndexSignature(index) if !index.r#static => {
                    let value = self.ty(&index.type_annotation.type_annotation).unwrap_or(Shape::Opaque);
                    fields.others.push(Shape::Map(Box::new(value)));
                }
                _ => {}
            }
        }
        if !self.program.source_type.is_typescript() {
            self.assigned(class, &mut fields);
        }
        self.parameters.truncate(scope);
        inherit(base.into_iter().collect(), record(fields.members, fields.others))
    }

    fn class_key(&self, key: &'a PropertyKey<'a>, computed: bool) -> Name {
        (self.key(key, computed).map(std::borrow::Cow::into_owned), key.span().start)
    }

    /// A field's shape, by its annotation, by its decorator, by its first value.
    fn property_shape(&mut self, property: &'a PropertyDefinition<'a>, said: &Said<'a>) -> Option<Shape> {
        if let Some(ty) = &property.type_annotation {
            return self.typed(Some(&ty.type_annotation));
        }
        if let Some(ty) = said.options.and_then(|options| super::constants::property(options, "type")) {
            return Some(runtime_type(ty, 0));
        }
        match &property.value {
            Some(value) if is_function(value) => None,
            Some(value) => Some(self.value(value, false)),
            None => Some(Shape::Opaque),
        }
    }

    /// A constructor's parameters may be fields, and so may getters with a decorator that fields have.
    fn method(&mut self, method: &'a MethodDefinition<'a>, only_exposed: bool, fields: &mut Fields) {
        match method.kind {
            MethodDefinitionKind::Constructor => {
                for parameter in &method.value.params.items {
                    if parameter.accessibility.is_some() || parameter.readonly {
                        self.parameter_field(parameter, only_exposed, fields);
                    }
                }
            }
            MethodDefinitionKind::Get => {
                let said = self.decorators(&method.decorators);
                if said.field && !said.hidden {
                    let ty = method.value.return_type.as_deref().map(|it| &it.type_annotation);
                    let name = self.class_key(&method.key, method.computed);
                    let shape = self.typed(ty);
                    shape.into_iter().for_each(|shape| fields.add(name.clone(), shape, &said, &method.key));
                }
            }
            MethodDefinitionKind::Method => {
                fields.writes_json(&self.class_key(&method.key, method.computed), true);
            }
            MethodDefinitionKind::Set => {}
        }
    }

    fn parameter_field(&mut self, parameter: &'a FormalParameter<'a>, only_exposed: bool, fields: &mut Fields) {
        let BindingPattern::BindingIdentifier(id) = &parameter.pattern else { return };
        let said = self.decorators(&parameter.decorators);
        if !is_open(parameter.accessibility, &said) || (only_exposed && !said.exposed) {
            return;
        }
        let ty = parameter.type_annotation.as_deref().map(|it| &it.type_annotation);
        if let Some(shape) = self.typed(ty) {
            fields.named(id.name.to_string(), id.span.start, shape, &said);
        }
    }

    /// In JavaScript the code of a class makes its fields: `this.id = id`.
    fn assigned(&mut self, class: &'a Class<'a>, fields: &mut Fields) {
        let assigned = Assigned::of(class);
        let declared = fields.members.iter().map(|member| member.name.clone()).collect::<BTreeSet<_>>();
        for (name, at, value) in assigned.names {
            if !declared.contains(&name) && !value.is_some_and(is_function) {
                let shape = value.map_or(Shape::Opaque, |value| self.value(value, false));
                fields.members.push(Member::new(name, at, shape));
            }
        }
        let unread = "the class writes fields here whose names are not known: write `this.name = ...`";
        fields.others.extend(assigned.unread.map(|at| Shape::unread(at, unread)));
    }

    /// What a class extends.
    fn base(&mut self, heritage: &'a ClassHeritage<'a>) -> Shape {
        let at = heritage.expression.span().start;
        match &heritage.expression {
            Expression::CallExpression(call) => self.mapped_class(call, 0),
            other => match value_name(other) {
                Some(name) => self.base_named(&name, heritage.type_arguments.as_deref(), at),
                None => Shape::unread(at, MIXIN),
            },
        }
    }

    /// NestJS's `PickType(Order, ['id'])` and its like.
    fn mapped_class(&mut self, call: &'a CallExpression<'a>, deep: u8) -> Shape {
        let at = call.span.start;
        let callee = match &call.callee {
            Expression::Identifier(name) => name.name.as_str(),
            _ => "",
        };
        let mut classes = call.arguments.iter().filter_map(Argument::as_expression);
        let mut class = |file: &mut Self| match classes.next()? {
            Expression::CallExpression(inner) if deep < 16 => Some(file.mapped_class(inner, deep + 1)),
            other => {
                let name = value_name(other)?;
                Some(file.named(&name, other.span().start))
            }
        };
        let shape = match callee {
            "PartialType" => class(self),
            "IntersectionType" => {
                let parts = std::iter::from_fn(|| class(self)).collect::<Vec<_>>();
                (parts.len() == call.arguments.len()).then_some(Shape::All(parts))
            }
            "PickType" | "OmitType" => {
                let names = call.arguments.get(1).and_then(Argument::as_expression);
                let names = names.and_then(|names| self.listed(names));
                match (class(self), names) {
                    (Some(of), Some(names)) if callee == "PickType" => Some(Shape::Pick(Box::new(of), names)),
                    (Some(of), Some(names)) => Some(Shape::Omit(Box::new(of), names)),
                    _ => None,
                }
            }
            _ => None,
        };
        shape.unwrap_or_else(|| Shape::unread(at, MIXIN))
    }

    /// The texts of an array literal, or the keys of an object whose values are `true`.
    pub(super) fn listed(&self, value: &'a Expression<'a>) -> Option<BTreeSet<String>> {
        match value.get_inner_expression() {
            Expression::ArrayExpression(array) => {
                let text =
                    |element: &'a ArrayExpressionElement<'a>| Some(self.text(element.as_expression()?)?.into_owned());
                array.elements.iter().map(text).collect()
            }
            Expression::ObjectExpression(object) => true_keys(object),
            _ => None,
        }
    }
}

/// Why a computed base is unread.
const MIXIN: &str = "the class extends something that is made by a call: extend a class by its name";

impl Fields {
    fn writes_json(&mut self, (name, at): &Name, is_method: bool) {
        self.others.extend(name.as_ref().and_then(|name| own_json(name, is_method, *at)));
    }

    fn add(&mut self, name: Name, shape: Shape, said: &Said<'_>, key: &PropertyKey<'_>) {
        match name {
            (Some(name), at) => self.named(name, at, shape, said),
            (None, _) if said.name.is_some() => self.named(String::new(), 0, shape, said),
            (None, _) if is_symbol(key) => {}
            (None, at) => self.others.push(Shape::unread(at, COMPUTED)),
        }
    }

    fn named(&mut self, name: String, at: u32, shape: Shape, said: &Said<'_>) {
        match (&said.name, said.unread) {
            (Some((name, at)), _) => self.members.push(Member::new(name.clone(), *at, shape).explicit()),
            (None, Some(at)) => {
                self.others.push(Shape::unread(at, "a decorator gives the field a name that is not a literal"));
            }
            (None, None) => self.members.push(Member::new(name, at, shape)),
        }
    }
}

/// Whether a member is on the wire: what is private is not, unless a decorator says so.
fn is_open(accessibility: Option<TSAccessibility>, said: &Said<'_>) -> bool {
    let public = !matches!(accessibility, Some(TSAccessibility::Private | TSAccessibility::Protected));
    !said.hidden && (public || said.field)
}

fn is_function(value: &Expression<'_>) -> bool {
    matches!(value, Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_))
}

/// A type as decorators give it: `String`, `'varchar'`, `() => Number`, `[String]`.
fn runtime_type(value: &Expression<'_>, deep: u8) -> Shape {
    let inner = |value: &Expression<'_>| runtime_type(value, deep + 1);
    match value {
        _ if deep > 8 => Shape::Opaque,
        Expression::ArrowFunctionExpression(function) => function.body.as_expression().map_or(Shape::Opaque, inner),
        Expression::ArrayExpression(array) => {
            let item = array.elements.first().and_then(ArrayExpressionElement::as_expression);
            Shape::Array(Box::new(item.map_or(Shape::Opaque, inner)))
        }
        Expression::Identifier(name) => match name.name.as_str() {
            "String" | "Date" => Shape::STRING,
            "Number" => Shape::NUMBER,
            "Boolean" => Shape::BOOLEAN,
            _ => Shape::Opaque,
        },
        Expression::StringLiteral(name) => match name.value.as_str() {
            "string" | "String" | "varchar" | "text" | "uuid" | "date" | "char" | "timestamp" => Shape::STRING,
            "number" | "Number" | "int" | "integer" | "float" => Shape::NUMBER,
            "boolean" | "Boolean" | "bool" => Shape::BOOLEAN,
            _ => Shape::Opaque,
        },
        _ => Shape::Opaque,
    }
}
