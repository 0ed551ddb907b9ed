//! From a value to the type that the file says of it, or of what it is a part, an item or a result of.

use std::collections::VecDeque;

use oxc_ast::ast::*;

use super::file::File;
use super::hooks::PACKAGES;
use super::origins::{Base, Origin, Step};
use super::references::name_of;
use super::scopes::Made;
use super::utilities::inner;

/// How many steps there may be.
const DEEPEST: u8 = 32;

/// Types of functions that are given one value of their argument.
const COMPONENTS: &[&str] = &["FC", "FunctionComponent", "VFC"];

/// A type, and the members that lead from its value to the one that is meant.
#[derive(Clone)]
pub(super) struct Trail<'a> {
    pub(super) ty: &'a TSType<'a>,
    pub(super) names: VecDeque<&'a str>,
}

/// All that is said of a value.
type Trails<'a> = Vec<Trail<'a>>;

fn begin<'a>(ty: &'a TSType<'a>) -> Trail<'a> {
    Trail { ty, names: VecDeque::new() }
}

impl<'a> File<'a> {
    /// What is said of a value; nothing where that is not all.
    pub(super) fn trails(&self, value: &'a Expression<'a>) -> Option<Trails<'a>> {
        let trails = self.trails_within(value, DEEPEST).filter(|trails| !trails.is_empty())?;
        // A promise by itself has no members.
        trails.into_iter().map(|trail| self.awaited(&trail).map(begin).or(Some(trail))).collect()
    }

    fn trails_within(&self, value: &'a Expression<'a>, deep: u8) -> Option<Trails<'a>> {
        let deep = deep.checked_sub(1)?;
        match value.get_inner_expression() {
            Expression::Identifier(id) => self.variable_trails(id, deep),
            Expression::AwaitExpression(awaited) => {
                let promised = self.trails_within(&awaited.argument, deep)?;
                let awaited = promised.into_iter().map(|trail| self.awaited(&trail).map_or(trail, begin));
                Some(awaited.collect())
            }
            Expression::CallExpression(call) => match self.kept_by_hook(value, "useMemo") {
                Some(ty) => Some(vec![begin(ty)]),
                None => self.call_trails(call, deep),
            },
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.call_trails(call, deep),
                other => self.member_trails(other.as_member_expression()?, deep),
            },
            other => self.member_trails(other.as_member_expression()?, deep),
        }
    }

    fn variable_trails(&self, id: &'a IdentifierReference<'a>, deep: u8) -> Option<Trails<'a>> {
        let bindings = self.bindings();
        let said = bindings.said_of(id.name.as_str(), id.span.start);
        if said.iter().any(Option::is_some) {
            return said.iter().map(|said| said.map(begin)).collect();
        }
        let variable = bindings.variable(id)?;
        match bindings.made(variable) {
            Made::Constant(value) => self.trails_within(value, deep),
            _ => self.origin_trails(bindings.scopes.origin(variable)?, deep),
        }
    }

    fn origin_trails(&self, origin: &Origin<'a>, deep: u8) -> Option<Trails<'a>> {
        let mut steps = origin.steps.iter().copied().peekable();
        let mut trails = match origin.base {
            Base::Type(ty) => vec![begin(ty)],
            Base::Returns(_) => return None,
            Base::Given(ty) => vec![begin(self.given_to(ty)?)],
            Base::Value(value) => match (self.kept_by_hook(value, "useState"), steps.peek()) {
                (Some(ty), Some(Step::At(0))) => {
                    steps.next();
                    vec![begin(ty)]
                }
                _ => self.trails_within(value, deep)?,
            },
        };
        for step in steps {
            trails = self.stepped(trails, step)?;
        }
        Some(trails)
    }

    fn stepped(&self, trails: Trails<'a>, step: Step<'a>) -> Option<Trails<'a>> {
        let stepped = trails.into_iter().map(|mut trail| match step {
            Step::Member(name) => {
                trail.names.push_back(name);
                Some(trail)
            }
            Step::Item | Step::At(_) => self.item(&trail).map(begin),
        });
        stepped.collect()
    }

    fn member_trails(&self, member: &'a MemberExpression<'a>, deep: u8) -> Option<Trails<'a>> {
        let name = match member {
            MemberExpression::PrivateFieldExpression(member) => Some(member.field.name.as_str()),
            member => member.static_property_name(),
        };
        if let Some(class) = self.class_of_this(member.object()) {
            return Some(vec![begin(own_member(class, name?)?)]);
        }
        let of = self.trails_within(member.object(), deep)?;
        let is_place = name.is_none_or(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        self.stepped(of, name.filter(|_| !is_place).map_or(Step::Item, Step::Member))
    }

    /// The class that `this` is a value of.
    fn class_of_this(&self, value: &Expression<'a>) -> Option<&'a Class<'a>> {
        let Expression::ThisExpression(this) = value else { return None };
        let bindings = self.bindings();
        match bindings.made(bindings.scopes.variable("this", this.span.start)?) {
            Made::Class(class) => Some(class),
            _ => None,
        }
    }

    /// What a function of the file says that it gives, or a method of a list gives of it.
    fn call_trails(&self, call: &'a CallExpression<'a>, deep: u8) -> Option<Trails<'a>> {
        if let Expression::Identifier(callee) = call.callee.get_inner_expression() {
            let bindings = self.bindings();
            let variable = bindings.variable(callee)?;
            let said = match bindings.made(variable) {
                Made::Constant(value) => match value.get_inner_expression() {
                    Expression::ArrowFunctionExpression(function) => &function.return_type,
                    Expression::FunctionExpression(function) => &function.return_type,
                    _ => return None,
                },
                _ => match bindings.scopes.origin(variable)?.base {
                    Base::Returns(ty) => return Some(vec![begin(ty)]),
                    _ => return None,
                },
            };
            return said.as_deref().map(|said| vec![begin(&said.type_annotation)]);
        }
        let member = call.callee.get_inner_expression().as_member_expression()?;
        if let Some(class) = self.class_of_this(member.object()) {
            return Some(vec![begin(own_method(class, member.static_property_name()?)?)]);
        }
        let of = self.trails_within(member.object(), deep)?;
        match member.static_property_name()? {
            "filter" | "reverse" | "slice" | "sort" | "toReversed" | "toSorted" => {
                of.iter().all(|trail| self.item(trail).is_some()).then_some(of)
            }
            "at" | "find" | "findLast" | "pop" | "shift" => self.stepped(of, Step::Item),
            _ => None,
        }
    }

    /// The type at the end of a trail.
    pub(super) fn end(&self, trail: &Trail<'a>) -> Option<&'a TSType<'a>> {
        trail.names.iter().try_fold(trail.ty, |ty, name| self.part_of(ty, name))
    }

    /// The type of the items of a list.
    fn item(&self, trail: &Trail<'a>) -> Option<&'a TSType<'a>> {
        let mut ty = self.whole(self.end(trail)?);
        if let TSType::TSTypeOperatorType(operator) = ty
            && operator.operator == TSTypeOperatorOperator::Readonly
        {
            ty = self.whole(&operator.type_annotation);
        }
        match ty {
            TSType::TSArrayType(list) => Some(&list.element_type),
            ty => self.argument_of(ty, &["Array", "ReadonlyArray"]),
        }
    }

    /// The type of what a promise gives.
    fn awaited(&self, trail: &Trail<'a>) -> Option<&'a TSType<'a>> {
        self.argument_of(self.whole(self.end(trail)?), &["Promise", "PromiseLike"])
    }

    /// The argument of one of some types of the language.
    fn argument_of(&self, ty: &'a TSType<'a>, names: &[&str]) -> Option<&'a TSType<'a>> {
        let TSType::TSTypeReference(reference) = ty else { return None };
        let name = name_of(&reference.type_name)?;
        let is_known = names.contains(&name.full.as_str()) && !self.is_declared(&name);
        reference.type_arguments.as_deref().filter(|_| is_known)?.params.first()
    }

    /// The type of what a hook of React keeps: `useState<Order>()`, `useMemo<Order>()`.
    fn kept_by_hook(&self, value: &'a Expression<'a>, hook: &str) -> Option<&'a TSType<'a>> {
        let Expression::CallExpression(call) = value.get_inner_expression() else { return None };
        let is_meant = self.hook(&call.callee) == Some(hook);
        call.type_arguments.as_deref().filter(|_| is_meant)?.params.first()
    }

    /// What a function is given first, by its own type: `(order: Order) => void`, `FC<Props>`.
    fn given_to(&self, ty: &'a TSType<'a>) -> Option<&'a TSType<'a>> {
        if let TSType::TSFunctionType(function) = inner(ty) {
            let first = function.params.items.first()?;
            return first.type_annotation.as_deref().map(|said| &said.type_annotation);
        }
        let TSType::TSTypeReference(reference) = inner(ty) else { return None };
        let name = name_of(&reference.type_name)?;
        let foreign = self.index().foreign.get(name.head);
        let own = name.full.split_once('.').map(|(_, own)| own);
        let known = match (foreign.map(|foreign| foreign.name), own) {
            (Some(Some(known)), None) => known,
            (Some(None | Some("default")), Some(own)) => own,
            // Everybody knows its types.
            (None, Some(own)) if name.head == "React" && !self.is_declared(&name) => own,
            _ => return None,
        };
        let is_known = COMPONENTS.contains(&known)
            && foreign.is_none_or(|foreign| PACKAGES.contains(&foreign.specifier))
            && self.bindings().types_named(name.head) == 0;
        reference.type_arguments.as_deref().filter(|_| is_known)?.params.first()
    }
}

/// The type that a class says of a member of its values, be it by a parameter of its constructor.
fn own_member<'a>(class: &'a Class<'a>, name: &str) -> Option<&'a TSType<'a>> {
    let mut found = Vec::new();
    for element in &class.body.body {
        match element {
            ClassElement::PropertyDefinition(property) if !property.computed && !property.r#static => {
                let own = match &property.key {
                    PropertyKey::PrivateIdentifier(name) => Some(name.name.as_str()),
                    key => super::said::plain_name(key),
                };
                found.extend((own == Some(name)).then_some(property.type_annotation.as_deref()));
            }
            ClassElement::MethodDefinition(method) if method.kind.is_constructor() => {
                let own = method.value.params.items.iter().filter(|one| one.accessibility.is_some() || one.readonly);
                let own = own.filter(|one| one.pattern.get_identifier_name().is_some_and(|own| own == name));
                found.extend(own.map(|own| own.type_annotation.as_deref()));
            }
            // One that is computed, or a method, may have the name.
            ClassElement::MethodDefinition(method) if method.computed || method.key.is_specific_static_name(name) => {
                return None;
            }
            _ => {}
        }
    }
    match found.as_slice() {
        [Some(said)] => Some(&said.type_annotation),
        _ => None,
    }
}

/// The type that a method of a class's values says that it gives.
fn own_method<'a>(class: &'a Class<'a>, name: &str) -> Option<&'a TSType<'a>> {
    let named = class.body.body.iter().filter(|element| match element {
        ClassElement::MethodDefinition(method) => method.computed || method.key.is_specific_static_name(name),
        ClassElement::PropertyDefinition(property) => property.computed || property.key.is_specific_static_name(name),
        _ => false,
    });
    match named.collect::<Vec<_>>().as_slice() {
        [ClassElement::MethodDefinition(method)] if method.kind.is_method() && !method.r#static && !method.computed => {
            method.value.return_type.as_deref().map(|said| &said.type_annotation)
        }
        _ => None,
    }
}
