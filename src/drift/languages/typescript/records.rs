//! Mapping tables whose entries are records: `FIELD_MAP.*.path` of a policy.

use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::literals::{alternatives, item_of};
use super::patches::DEEPEST;
use super::scopes::Made;
use super::tables::SPREAD;
use super::zod::returned;
use crate::drift::shape::{Form, Unread};

/// How many parts of a constant are looked through for a record.
const MOST_PARTS: usize = 1 << 16;

impl<'a> File<'a> {
    /// Whether an entry of a table is a record that has its path as a member; others are read whole.
    pub(super) fn is_record(&self, object: &'a ObjectExpression<'a>) -> bool {
        let Some(member) = self.source.sites.table_member.as_deref() else { return false };
        object.properties.iter().any(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                self.key(&property.key, property.computed).is_some_and(|key| key == member)
            }
            ObjectPropertyKind::SpreadProperty(_) => false,
        })
    }

    /// The path of a record. Members beside it are none, but what is a record itself has one.
    pub(super) fn table_record(&mut self, object: &'a ObjectExpression<'a>, deep: u8) {
        let member = self.source.sites.table_member.as_deref();
        for property in &object.properties {
            let property = match property {
                ObjectPropertyKind::ObjectProperty(property) => property,
                ObjectPropertyKind::SpreadProperty(spread) => {
                    self.module.unread.push(Unread::new(spread.span.start, SPREAD));
                    continue;
                }
            };
            match self.key(&property.key, property.computed) {
                None => self.path_site(None, Form::Table, property.key.span().start),
                Some(key) if member == Some(&*key) => self.table_values(&property.value, deep + 1),
                Some(_) => self.member_within(property, deep),
            }
        }
    }

    /// A getter that gives one value has what that has.
    fn member_within(&mut self, property: &'a ObjectProperty<'a>, deep: u8) {
        match (property.kind, &property.value) {
            (PropertyKind::Get, Expression::FunctionExpression(getter)) => {
                returned(getter.body.as_deref()).into_iter().for_each(|value| self.records_within(value, deep + 1));
            }
            (_, value) => self.records_within(value, deep + 1),
        }
    }

    /// The records in what stands beside a path. What other files and functions give is taken for none.
    fn records_within(&mut self, value: &'a Expression<'a>, deep: u8) {
        let mut values = Vec::new();
        alternatives(value, &mut |value| values.push(value));
        for value in values {
            let (object, parts) = (value_object(value), parts_of(value));
            match object {
                Some(object) if deep < DEEPEST && self.is_record(object) => self.table_record(object, deep),
                Some(object) if deep < DEEPEST => {
                    for property in &object.properties {
                        match property {
                            ObjectPropertyKind::ObjectProperty(property) => self.member_within(property, deep),
                            ObjectPropertyKind::SpreadProperty(spread) => {
                                self.records_within(&spread.argument, deep + 1);
                            }
                        }
                    }
                }
                None if deep < DEEPEST && !parts.is_empty() => {
                    parts.into_iter().for_each(|part| self.records_within(part, deep + 1));
                }
                _ if self.may_hold_record(value) => self.path_site(None, Form::Table, value.span().start),
                _ => {}
            }
        }
    }

    /// Whether the constant that a value is, or is a part of, may be or have a record. Constants may go round in circles.
    fn may_hold_record(&mut self, value: &'a Expression<'a>) -> bool {
        let mut waiting = vec![value];
        for _ in 0..MOST_PARTS {
            let Some(next) = waiting.pop() else { return false };
            if self.is_too_much(value, 1 + self.size_of(next)) {
                return false;
            }
            match next.get_inner_expression() {
                Expression::Identifier(id) => {
                    let name = id.name.as_str();
                    match self.fixed_at(id).or_else(|| self.constant_and_type(name)) {
                        Some(fixed) => {
                            self.filled.beside.insert((value.span().start, name));
                            waiting.push(fixed);
                        }
                        None if self.may_be_any(id) => return true,
                        None => {}
                    }
                }
                Expression::ObjectExpression(object) if self.is_record(object) => return true,
                Expression::ObjectExpression(object) => {
                    waiting.extend(object.properties.iter().map(|property| match property {
                        ObjectPropertyKind::ObjectProperty(property) => &property.value,
                        ObjectPropertyKind::SpreadProperty(spread) => &spread.argument,
                    }));
                }
                inner => match inner.as_member_expression() {
                    Some(member) => match self.part_of_class(member) {
                        Some(values) => waiting.extend(values),
                        None => waiting.push(self.part_of_constant(member)),
                    },
                    None => {
                        let mut values = Vec::new();
                        alternatives(inner, &mut |value| values.push(value));
                        values.retain(|one| !std::ptr::eq(*one, inner));
                        waiting.extend(values);
                        waiting.extend(parts_of(inner));
                    }
                },
            }
        }
        true
    }

    /// The constant at the top of the file that has the name of a type as well.
    fn constant_and_type(&self, name: &str) -> Option<&'a Expression<'a>> {
        self.index().values.get(name).copied().filter(|_| self.bindings().types_named(name) > 0)
    }

    /// Whether a name is one of the file that may be anything. What other files have, functions, enums and classes are no
    /// records, and neither is what is said to be a text.
    fn may_be_any(&self, id: &IdentifierReference<'a>) -> bool {
        let (name, bindings) = (id.name.as_str(), self.bindings());
        let said = bindings.said_of(name, id.span.start);
        let is_scalar = |said: &Option<&TSType<'_>>| {
            matches!(said, Some(TSType::TSStringKeyword(_) | TSType::TSNumberKeyword(_) | TSType::TSBooleanKeyword(_)))
        };
        let is_known = self.index().foreign.contains_key(name)
            || bindings.variable(id).is_some_and(|variable| {
                matches!(bindings.made(variable), Made::Enum(_) | Made::Class(_) | Made::Foreign(_))
            })
            || self.functions().contains(name);
        bindings.is_bound(name) && !is_known && (said.is_empty() || !said.iter().all(is_scalar))
    }

    /// The functions at the top of the file.
    fn functions(&self) -> &HashSet<&'a str> {
        self.filled.functions.get_or_init(|| {
            let declared = self.program.body.iter().filter_map(|statement| match statement {
                Statement::FunctionDeclaration(function) => function.id.as_ref(),
                Statement::ExportDeclaration(export) => match &export.declaration {
                    Declaration::FunctionDeclaration(function) => function.id.as_ref(),
                    _ => None,
                },
                _ => None,
            });
            declared.map(|id| id.name.as_str()).collect()
        })
    }

    /// `Kinds.lines` of a class: what its members of that name are made with.
    fn part_of_class(&self, member: &'a MemberExpression<'a>) -> Option<Vec<&'a Expression<'a>>> {
        let Expression::Identifier(of) = member.object().get_inner_expression() else { return None };
        let bindings = self.bindings();
        let Made::Class(class) = bindings.made(bindings.variable(of)?) else { return None };
        let name = member.static_property_name();
        let values = class.body.body.iter().filter_map(|element| match element {
            ClassElement::PropertyDefinition(property) if property.r#static => {
                let own = self.key(&property.key, property.computed);
                let is_other = own.zip(name).is_some_and(|(own, name)| own != name);
                property.value.as_ref().filter(|_| !is_other)
            }
            _ => None,
        });
        Some(values.collect())
    }

    /// How many members and items are gone through for a part of a constant.
    fn size_of(&self, value: &'a Expression<'a>) -> usize {
        let value = value.get_inner_expression();
        let of = value.as_member_expression().map(|member| member.object().get_inner_expression());
        let of = match of {
            Some(Expression::Identifier(id)) => self.fixed_at(id).map(Expression::get_inner_expression),
            _ => None,
        };
        match of.unwrap_or(value) {
            Expression::ObjectExpression(object) => object.properties.len(),
            Expression::ArrayExpression(list) => list.elements.len(),
            _ => 0,
        }
    }

    /// `KIDS.lines`: the part where it is known, else any part.
    fn part_of_constant(&self, member: &'a MemberExpression<'a>) -> &'a Expression<'a> {
        let of = member.object();
        let object = match of.get_inner_expression() {
            Expression::Identifier(id) => self.fixed_at(id).and_then(value_object),
            _ => None,
        };
        let part = object.zip(member.static_property_name()).and_then(|(of, name)| self.own_property(of, name));
        part.unwrap_or(of)
    }
}

fn value_object<'a>(value: &'a Expression<'a>) -> Option<&'a ObjectExpression<'a>> {
    match value.get_inner_expression() {
        Expression::ObjectExpression(object) => Some(object),
        _ => None,
    }
}

/// The items of a list, and what is given to what makes one: `new Map([['a', { path: 'b' }]])`, `Object.fromEntries(…)`.
/// What else a function is given it does not have to give.
fn parts_of<'a>(value: &'a Expression<'a>) -> Vec<&'a Expression<'a>> {
    let arguments = match value {
        Expression::ArrayExpression(list) => return list.elements.iter().filter_map(item_of).collect(),
        Expression::NewExpression(new)
            if ["Array", "Map", "Set"].iter().any(|made| new.callee.is_specific_id(made)) =>
        {
            &new.arguments
        }
        Expression::CallExpression(call) if is_of_language(&call.callee) => &call.arguments,
        _ => return Vec::new(),
    };
    arguments.iter().filter_map(Argument::as_expression).collect()
}

fn is_of_language(callee: &Expression<'_>) -> bool {
    let of = callee.get_inner_expression().as_member_expression().map(MemberExpression::object);
    of.is_some_and(|of| of.is_specific_id("Object") || of.is_specific_id("Array"))
}
