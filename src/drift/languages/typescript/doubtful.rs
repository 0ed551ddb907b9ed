//! Constants that may be schemas though nobody can tell which: they are unread, and not passed over.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::imports::{Origin, Type, origin};
use super::zod::NO_SCHEMA;
use crate::drift::shape::Shape;

/// How deep in a value a schema is looked for, the values of its names included.
const HOPS: u8 = 16;

/// What can be asked of a constant by its name. What was found out is kept: many may refer to one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// Is it a schema for certain?
    Certain,
    /// May it be one?
    Possible,
    /// Is it an object with what may be one?
    Holding,
}

/// What the language and browsers have by name, and what makes no schema of what it is not given.
const GLOBALS: &[&str] = &[
    "Array",
    "BigInt",
    "Boolean",
    "Date",
    "Error",
    "Intl",
    "JSON",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "URL",
    "console",
    "document",
    "fetch",
    "globalThis",
    "parseFloat",
    "parseInt",
    "process",
    "require",
    "structuredClone",
    "window",
];

/// Methods that give what a schema lets pass, or what it says of itself, and no schema.
const USING: &[&str] = &[
    "parse",
    "safeParse",
    "parseAsync",
    "safeParseAsync",
    "spa",
    "encode",
    "decode",
    "safeEncode",
    "safeDecode",
    "isOptional",
    "isNullable",
];

impl<'a> File<'a> {
    /// The shape of a value that is no chain of calls on a schema, but may be a schema all the same.
    pub(super) fn doubtful(&mut self, name: &str, value: &'a Expression<'a>) -> Option<Shape> {
        if !self.may_be_schema(value, HOPS) || self.is_type_of_its_own(name) {
            return None;
        }
        Some(match value.get_inner_expression() {
            other @ (Expression::Identifier(_) | Expression::StaticMemberExpression(_)) => self.schema_name(other),
            other => Shape::unread(other.span().start, NO_SCHEMA),
        })
    }

    /// `const { Order } = make()`: the places and names of what may be a schema.
    pub(super) fn doubtful_parts(&self, pattern: &ObjectPattern<'a>, value: &'a Expression<'a>) -> Vec<(&'a str, u32)> {
        let is_open = match value.get_inner_expression() {
            Expression::Identifier(name) => self.known(name.name.as_str(), Asked::Holding, HOPS),
            _ => self.may_hold_schema(value, HOPS),
        };
        let parts = pattern.properties.iter().filter(|_| is_open).filter_map(|part| match &part.value {
            BindingPattern::BindingIdentifier(id) => Some((id.name.as_str(), id.span.start)),
            _ => None,
        });
        parts.collect()
    }

    fn may_hold_schema(&self, value: &'a Expression<'a>, hops: u8) -> bool {
        match value.get_inner_expression() {
            Expression::CallExpression(_) => self.may_be_schema(value, hops),
            Expression::ObjectExpression(object) => object.properties.iter().any(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => self.may_be_schema(&property.value, hops),
                ObjectPropertyKind::SpreadProperty(_) => false,
            }),
            _ => false,
        }
    }

    /// What is asked of a constant of this file.
    fn known(&self, name: &'a str, asked: Asked, hops: u8) -> bool {
        let Some(value) = self.index().values.get(name).copied() else { return false };
        if let Some(known) = self.asked.borrow().get(&(name, asked)) {
            return *known;
        }
        // One that leads to itself is none.
        self.asked.borrow_mut().insert((name, asked), false);
        let known = match asked {
            Asked::Certain => self.is_schema_value(value, hops),
            Asked::Possible => self.may_be_schema(value, hops),
            Asked::Holding => self.may_hold_schema(value, hops),
        };
        self.asked.borrow_mut().insert((name, asked), known);
        known
    }

    /// Whether a value may be a schema. A call is none where neither the file nor what the call is given has to do with
    /// schemas; what a package makes of other things is none.
    pub(super) fn may_be_schema(&self, value: &'a Expression<'a>, hops: u8) -> bool {
        let Some(hops) = hops.checked_sub(1) else { return self.index().has_zod };
        match value.get_inner_expression() {
            Expression::CallExpression(call) => self.may_make_schema(call, hops),
            Expression::NewExpression(new) => is_of(&new.callee).is_some_and(|name| self.is_zod(name)),
            Expression::ConditionalExpression(choice) => {
                self.may_be_schema(&choice.consequent, hops) || self.may_be_schema(&choice.alternate, hops)
            }
            Expression::LogicalExpression(either) => {
                self.may_be_schema(&either.left, hops) || self.may_be_schema(&either.right, hops)
            }
            Expression::SequenceExpression(values) => {
                values.expressions.last().is_some_and(|last| self.may_be_schema(last, hops))
            }
            Expression::AwaitExpression(awaited) => self.may_be_schema(&awaited.argument, hops),
            Expression::AssignmentExpression(assignment) => self.may_be_schema(&assignment.right, hops),
            Expression::Identifier(name) => self.names_schema(name.name.as_str(), hops),
            Expression::StaticMemberExpression(member) => match &member.object {
                Expression::StaticMemberExpression(shape) if shape.property.name == "shape" => {
                    self.may_be_schema(&shape.object, hops)
                }
                // `schemas.Order` of another file.
                Expression::Identifier(of) => {
                    let foreign = self.index().foreign.get(of.name.as_str());
                    self.index().has_zod
                        && foreign.is_some_and(|it| it.name.is_none() && origin(it.specifier) != Origin::Package)
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn names_schema(&self, name: &'a str, hops: u8) -> bool {
        let index = self.index();
        match index.foreign.get(name) {
            Some(foreign) => index.has_zod && origin(foreign.specifier) != Origin::Package,
            None => self.known(name, Asked::Possible, hops),
        }
    }

    fn may_make_schema(&self, call: &'a CallExpression<'a>, hops: u8) -> bool {
        let given = || {
            let mut values = call.arguments.iter().filter_map(Argument::as_expression);
            values.any(|value| self.is_schema_value(value, hops))
        };
        let mut callee = call.callee.get_inner_expression();
        loop {
            callee = match callee {
                Expression::StaticMemberExpression(member) if USING.contains(&member.property.name.as_str()) => {
                    return false;
                }
                Expression::StaticMemberExpression(member) => member.object.get_inner_expression(),
                Expression::ComputedMemberExpression(member) => member.object.get_inner_expression(),
                Expression::CallExpression(inner) => inner.callee.get_inner_expression(),
                Expression::Identifier(name) => {
                    let name = name.name.as_str();
                    let foreign = self.index().foreign.get(name);
                    let own = foreign.map_or(!GLOBALS.contains(&name), |it| origin(it.specifier) != Origin::Package);
                    return self.is_zod(name) || own && self.index().has_zod || given();
                }
                // A function that is called where it is written.
                Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
                    return self.index().has_zod;
                }
                _ => return given(),
            };
        }
    }

    /// Whether a value is a schema for certain: a chain of calls on zod or on a schema, or the name of one.
    pub(super) fn is_schema_value(&self, value: &'a Expression<'a>, hops: u8) -> bool {
        let Some(hops) = hops.checked_sub(1) else { return false };
        match value.get_inner_expression() {
            Expression::CallExpression(call) => self.is_schema(call, hops),
            Expression::Identifier(name) => self.known(name.name.as_str(), Asked::Certain, hops),
            _ => false,
        }
    }

    /// Whether a constant is a schema for certain.
    pub(super) fn is_schema_constant(&self, name: &'a str, hops: u8) -> bool {
        self.known(name, Asked::Certain, hops)
    }

    /// Whether the file declares a type of the name of a constant, which is not the type of the constant's own values.
    fn is_type_of_its_own(&self, name: &str) -> bool {
        let types = self.index().types.get(name).map(Vec::as_slice).unwrap_or_default();
        types.iter().any(|ty| match ty {
            Type::Alias(alias) => !infers(&alias.type_annotation, name),
            Type::Interface(_) | Type::Class(_) | Type::Enum(_) => true,
            Type::Namespace => false,
        })
    }
}

/// Whether a method of a schema gives no schema.
pub(super) fn uses(method: &str) -> bool {
    USING.contains(&method)
}

/// The name that a chain of members begins with.
fn is_of<'a>(value: &'a Expression<'a>) -> Option<&'a str> {
    super::references::value_name(value).map(|name| name.head)
}

/// `z.infer<typeof Order>`.
fn infers(ty: &TSType<'_>, name: &str) -> bool {
    let TSType::TSTypeReference(reference) = ty else { return false };
    let given = reference.type_arguments.as_deref().and_then(|given| given.params.first());
    let Some(TSType::TSTypeQuery(query)) = given else { return false };
    matches!(&query.expr_name, TSTypeQueryExprName::IdentifierReference(of) if of.name == name)
}
