//! Values that say what they are: literals, and constants of the file that are literals.

use std::borrow::Cow;

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::bindings::Bindings;
use super::file::{DEEPEST, File, TOO_DEEP, union};
use super::patched::member;
use super::scopes::Made;
use super::types::{COMPUTED, is_symbol, own_json, with_others};
use crate::drift::shape::{Kind, Member, Shape};

/// Of how many parts a text may be put together.
const STEPS: u32 = 128;
/// The longest text that is put together.
const LONGEST: usize = 1 << 12;

impl<'a> File<'a> {
    /// The text that a value is: a literal, or a constant of this file that is one.
    pub(super) fn text(&self, value: &'a Expression<'a>) -> Option<Cow<'a, str>> {
        self.text_within(value, &mut { STEPS })
    }

    fn text_within(&self, value: &'a Expression<'a>, steps: &mut u32) -> Option<Cow<'a, str>> {
        *steps = steps.checked_sub(1)?;
        let value = value.get_inner_expression();
        if let Expression::StringLiteral(text) = value {
            return (!text.lone_surrogates).then_some(Cow::Borrowed(text.value.as_str()));
        }
        self.constants.take(value.span().start)?;
        match value {
            Expression::TemplateLiteral(text) => {
                let mut whole = Cow::Borrowed("");
                let mut values = text.expressions.iter();
                for part in &text.quasis {
                    whole = joined(whole, Cow::Borrowed(part.value.cooked.as_ref()?.as_str()))?;
                    if let Some(value) = values.next() {
                        whole = joined(whole, self.text_within(value, steps)?)?;
                    }
                }
                Some(whole)
            }
            Expression::Identifier(name) => {
                self.text_within(self.fixed_at(name).or_else(|| self.lent_text(name))?, steps)
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                let left = self.text_within(&sum.left, steps)?;
                joined(left, self.text_within(&sum.right, steps)?)
            }
            value => {
                let member = member(value)?;
                self.text_within(self.part(member.object(), member.static_property_name()?)?, steps)
            }
        }
    }

    /// The value of a constant of this file, if no other variable of the file has its name.
    pub(super) fn fixed(&self, name: &str) -> Option<&'a Expression<'a>> {
        let bindings = self.bindings();
        match bindings.made(bindings.only(name)?) {
            Made::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The value of the constant of this file that a name means where it stands.
    pub(super) fn fixed_at(&self, id: &IdentifierReference<'a>) -> Option<&'a Expression<'a>> {
        let bindings = self.bindings();
        match bindings.made(bindings.variable(id)?) {
            Made::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// What a member of a constant, of an enum or of a class of constants is, where nothing in the file may change it.
    fn part(&self, of: &'a Expression<'a>, key: &str) -> Option<&'a Expression<'a>> {
        self.plain_at(of)?.members.get(key).copied()
    }

    /// The literal that a name of a constant stands for, where nothing in the file may change it.
    pub(super) fn constant_object(&self, value: &'a Expression<'a>) -> Option<&'a ObjectExpression<'a>> {
        match self.constant_value(value)? {
            Expression::ObjectExpression(object) => Some(object),
            _ => None,
        }
    }

    /// The plain literal that a name of a constant stands for, where nothing in the file may change it.
    pub(super) fn constant_value(&self, value: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
        self.plain_at(value)?.flat
    }

    /// The value behind a key of a literal, if no other key of it may be the same.
    pub(super) fn own_property(&self, object: &'a ObjectExpression<'a>, name: &str) -> Option<&'a Expression<'a>> {
        for property in object.properties.iter().rev() {
            let ObjectPropertyKind::ObjectProperty(property) = property else { return None };
            if self.key(&property.key, property.computed)? == name {
                return (property.kind == PropertyKind::Init).then_some(&property.value);
            }
        }
        None
    }

    pub(super) fn bindings(&self) -> &Bindings<'a> {
        self.bindings.get_or_init(|| Bindings::of(self.program, self.source.path))
    }

    /// Whether a variable gets another value somewhere in the file.
    pub(super) fn is_set_anew(&self, name: &str) -> bool {
        self.bindings().is_assigned(name)
    }

    /// Whether the file has a variable of its own by a name.
    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.bindings().is_bound(name)
    }

    /// The name that a key is.
    pub(super) fn key(&self, key: &'a PropertyKey<'a>, computed: bool) -> Option<Cow<'a, str>> {
        match key {
            PropertyKey::StaticIdentifier(name) => Some(Cow::Borrowed(name.name.as_str())),
            PropertyKey::StringLiteral(name) if name.lone_surrogates => None,
            PropertyKey::StringLiteral(_) | PropertyKey::NumericLiteral(_) => key.static_name(),
            PropertyKey::PrivateIdentifier(_) => None,
            key if computed => self.text(key.as_expression()?),
            _ => None,
        }
    }

    /// The shape of a value. `fixed` values are of a type of their own, and cannot be others.
    pub(super) fn value(&mut self, value: &'a Expression<'a>, fixed: bool) -> Shape {
        self.value_or_none(value, fixed).unwrap_or(Shape::Opaque)
    }

    fn value_or_none(&mut self, value: &'a Expression<'a>, fixed: bool) -> Option<Shape> {
        if self.depth >= DEEPEST {
            return Some(Shape::unread(value.span().start, TOO_DEEP));
        }
        let scalar = |kind| Some(Shape::Scalar { kind, enumerated: fixed });
        match value.get_inner_expression() {
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => scalar(Kind::String),
            Expression::NumericLiteral(_) => scalar(Kind::Number),
            Expression::UnaryExpression(minus) if minus.argument.is_number_literal() => scalar(Kind::Number),
            Expression::BooleanLiteral(_) => Some(Shape::BOOLEAN),
            Expression::NewExpression(new) if new.callee.is_specific_id("Date") => Some(Shape::STRING),
            Expression::ArrayExpression(array) => {
                self.depth += 1;
                let items = array.elements.iter().filter_map(|element| match element.as_expression() {
                    Some(value) => self.value_or_none(value, fixed),
                    None => Some(Shape::Opaque),
                });
                let items = items.collect();
                self.depth -= 1;
                Some(Shape::Array(Box::new(union(items).unwrap_or(Shape::Opaque))))
            }
            Expression::ObjectExpression(object) => {
                self.depth += 1;
                let shape = self.object_value(object, fixed);
                self.depth -= 1;
                Some(shape)
            }
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => None,
            _ => Some(Shape::Opaque),
        }
    }

    fn object_value(&mut self, object: &'a ObjectExpression<'a>, fixed: bool) -> Shape {
        let mut members = Vec::with_capacity(object.properties.len());
        let mut others = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    others.push(Shape::unread(spread.span.start, "a spread of a value: write its fields"));
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let at = property.key.span().start;
                    match self.key(&property.key, property.computed) {
                        Some(name) if property.method => others.extend(own_json(&name, true, at)),
                        Some(name) if property.kind != PropertyKind::Init => {
                            members.push(Member::new(name, at, Shape::Opaque));
                        }
                        Some(name) => {
                            if let Some(shape) = self.value_or_none(&property.value, fixed) {
                                members.push(Member::new(name, at, shape));
                            }
                        }
                        None if is_symbol(&property.key) => {}
                        None => others.push(Shape::unread(at, COMPUTED)),
                    }
                }
            }
        }
        with_others(members, others)
    }
}

/// The value behind a key of an object literal, by the key's plain name; the last one counts, if no spread follows it.
pub(super) fn property<'a>(object: &'a ObjectExpression<'a>, name: &str) -> Option<&'a Expression<'a>> {
    for property in object.properties.iter().rev() {
        let ObjectPropertyKind::ObjectProperty(property) = property else { return None };
        if !property.computed && property.key.static_name().is_some_and(|key| key == name) {
            return Some(&property.value);
        }
    }
    None
}

/// Two texts as one, if that is no longer than any path.
fn joined<'a>(left: Cow<'a, str>, right: Cow<'a, str>) -> Option<Cow<'a, str>> {
    if left.is_empty() {
        return Some(right);
    }
    (left.len() + right.len() <= LONGEST).then(|| left + right)
}
