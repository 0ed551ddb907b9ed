//! Object literals of a known type: which fields they write.

use std::collections::{BTreeSet, HashSet};

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::declared::TOO_MANY;
use super::file::File;
use super::handed::last_name;
use super::returns::given_back;
use crate::drift::shape::{Form, IfKnown, Site, Unread, When};

/// The deepest nesting of literals that is read.
const DEEPEST: u8 = 64;

const SPREAD: &str = "a spread in a literal that writes fields: write the fields";
const SPREAD_UNTYPED: &str = "a spread in a literal that writes fields: write the fields, or declare in this file what is spread to be of a type";

/// What is written, while the keys of a literal are gone through.
pub(super) struct Writing<'t> {
    pub(super) form: Form,
    pub(super) ty: Option<&'t str>,
    /// Which type of this file, or of another one, that is; where the file says so.
    pub(super) of: Option<&'t str>,
    /// What the file declares a literal to be that says its type itself: a type, and which one that is.
    pub(super) also: Option<&'t (String, String)>,
    /// Members that another type declares beside this one.
    pub(super) beside: Option<&'t HashSet<&'t str>>,
    pub(super) path: String,
    /// Where the last key stands.
    pub(super) at: u32,
    pub(super) deep: u8,
}

impl<'a> File<'a> {
    /// The value that says which type a literal is of, be it in what is spread into it. Of several the last one counts.
    pub(super) fn discriminator(&self, object: &'a ObjectExpression<'a>) -> Option<&'a Expression<'a>> {
        if self.source.sites.discriminators.is_empty() {
            return None;
        }
        if let Some(known) = self.discriminators.borrow().get(&object.span.start) {
            return *known;
        }
        // One that is spread into itself says nothing.
        self.discriminators.borrow_mut().insert(object.span.start, None);
        let found = object.properties.iter().rev().find_map(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                let name = self.key(&property.key, property.computed)?;
                self.source.sites.discriminators.contains(&*name).then_some(&property.value)
            }
            ObjectPropertyKind::SpreadProperty(spread) => {
                self.spread_object(&spread.argument).and_then(|inner| self.discriminator(inner))
            }
        });
        self.discriminators.borrow_mut().insert(object.span.start, found);
        found
    }

    /// The literal that is spread, by itself or by the name of a constant.
    fn spread_object(&self, value: &'a Expression<'a>) -> Option<&'a ObjectExpression<'a>> {
        let value = match value.get_inner_expression() {
            Expression::Identifier(name) => self.fixed(name.name.as_str())?.get_inner_expression(),
            value => value,
        };
        match value {
            Expression::ObjectExpression(object) => Some(object),
            _ => None,
        }
    }

    /// Notes all that a literal of a type writes.
    pub(super) fn literal(
        &mut self,
        object: &'a ObjectExpression<'a>,
        ty: Option<&str>,
        of: Option<&str>,
        beside: Option<&HashSet<&str>>,
    ) {
        let (form, at) = (Form::Literal, object.span.start);
        let mut writing = Writing { form, ty, of, also: None, beside, path: String::new(), at, deep: 0 };
        self.keys_written(object, &mut writing);
    }

    /// Notes all that a literal writes that says its type itself. What is declared of it is known by now.
    pub(super) fn said_literal(&mut self, object: &'a ObjectExpression<'a>, value: &'a Expression<'a>) {
        let also = self.declared.remove(&object.span.start);
        let Some(ty) = self.text(value).map(std::borrow::Cow::into_owned) else {
            if also.is_none() {
                let reason = "the type of this literal is not written as a literal";
                self.module.unread.push(Unread::new(value.span().start, reason));
            }
            return;
        };
        let (form, at) = (Form::Literal, object.span.start);
        if !self.told.contains(&(at, ty.clone(), String::new())) {
            let (ty, also) = (Some(&*ty), also.as_ref());
            let mut writing = Writing { form, ty, of: None, also, beside: None, path: String::new(), at, deep: 0 };
            self.keys_written(object, &mut writing);
        }
    }

    /// Notes what the keys of an object write.
    pub(super) fn keys_written(&mut self, object: &'a ObjectExpression<'a>, writing: &mut Writing<'_>) {
        if writing.deep >= DEEPEST {
            self.module.unread.push(Unread::new(object.span.start, "the literal is nested too deeply to be read"));
            return;
        }
        writing.deep += 1;
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => self.spread_written(spread, writing),
                ObjectPropertyKind::ObjectProperty(property) => {
                    let at = property.key.span().start;
                    let top = writing.path.is_empty();
                    let name = self.key(&property.key, property.computed).map(std::borrow::Cow::into_owned);
                    let name = name.or_else(|| self.path_key(property));
                    let Some(name) = name else {
                        let reason = "a computed key in a literal that writes fields: write the name of the field";
                        self.module.unread.push(Unread::new(at, reason));
                        continue;
                    };
                    let is_said = self.source.sites.discriminators.contains(&name) && writing.form == Form::Literal;
                    if is_said {
                        continue;
                    }
                    let is_beside = top && writing.beside.is_some_and(|beside| beside.contains(&*name));
                    let before = self.found();
                    let length = writing.path.len();
                    // The keys of a patch are paths as they are.
                    if top && writing.form == Form::Patch {
                        writing.path.push_str(&name);
                    } else {
                        step(&mut writing.path, &name);
                    }
                    writing.at = at;
                    self.value_written(&property.value, writing);
                    writing.path.truncate(length);
                    if let Some(ty) = writing.ty.filter(|_| is_beside) {
                        self.set_aside(When::Knows { ty: ty.to_owned(), members: vec![name] }, before);
                    }
                }
            }
        }
        writing.deep -= 1;
    }

    /// How much of the file's mapping is found.
    pub(super) fn found(&self) -> (usize, usize, usize) {
        (self.module.sites.len(), self.module.unread.len(), self.module.if_known.len())
    }

    /// Sets aside what was found since: it counts where the contract says something.
    pub(super) fn set_aside(&mut self, when: When, (sites, unread, parts): (usize, usize, usize)) {
        self.module.if_known.iter_mut().skip(parts).for_each(|part| part.when.push(when.clone()));
        let (sites, unread) = (self.module.sites.split_off(sites), self.module.unread.split_off(unread));
        // Where nothing more is looked at, that counts for all of the file.
        let (spent, unread) = unread.into_iter().partition::<Vec<_>, _>(|one| one.reason == TOO_MANY);
        self.module.unread.extend(spent);
        if !(sites.is_empty() && unread.is_empty()) {
            self.module.if_known.push(IfKnown { when: vec![when], sites, unread });
        }
    }

    /// The path that a template is, where only places in lists are put in: `items[${i}].sku`.
    fn path_key(&self, property: &'a ObjectProperty<'a>) -> Option<String> {
        match property.key.as_expression()? {
            Expression::TemplateLiteral(template) if property.computed => self.path_template(template),
            _ => None,
        }
    }

    /// `...(rush && { rush: true })`: what it may write.
    fn spread_written(&mut self, spread: &'a SpreadElement<'a>, writing: &mut Writing<'_>) {
        let (mut unread, mut declared) = (None, None);
        let (mut objects, mut constants, mut members) = (Vec::new(), Vec::new(), BTreeSet::new());
        alternatives(&spread.argument, &mut |value| match value {
            Expression::ObjectExpression(object) => objects.push(object),
            value => {
                let is_same =
                    |ty| writing.form == Form::Literal && self.is_said_to_be(value, ty, writing.of, &writing.path);
                if is_nothing(value) || writing.ty.is_some_and(is_same) {
                    return;
                }
                if let Some((ty, of)) = writing.also
                    && self.is_said_to_be(value, ty, Some(of), &writing.path)
                {
                    declared = Some(ty.clone());
                    return;
                }
                // One that says the same type is read where it is written, and here if it can be.
                let says = |object| {
                    let said = self.discriminator(object).filter(|_| writing.form == Form::Literal);
                    said.is_some_and(|said| writing.of.is_some() || self.text(said).as_deref() == writing.ty)
                };
                match self.constant_object(value) {
                    Some(object) => constants.push(object),
                    None if self.spread_object(value).is_some_and(says) => {}
                    None => match self.members_spread(value).filter(|_| writing.form == Form::Literal) {
                        Some(names) => members.extend(names),
                        None => unread = unread.or(Some(value)),
                    },
                }
            }
        });
        if let Some(value) = unread {
            let reason = if writing.form == Form::Literal { SPREAD_UNTYPED } else { SPREAD };
            let reason = self.no_spread(value, reason);
            self.module.unread.push(Unread::new(spread.span.start, reason));
        } else if let Some(ty) = declared {
            // The members of a declared type are those of the literal only where the contract has that type.
            let unread = vec![Unread::new(spread.span.start, SPREAD)];
            self.module.if_known.push(IfKnown { when: vec![When::HasNo(ty)], sites: Vec::new(), unread });
        }
        if !self.is_too_much(&spread.argument, members.len()) {
            members.into_iter().for_each(|name| self.member_written(name, spread.span.start, writing));
        }
        objects.into_iter().for_each(|object| self.keys_written(object, writing));
        for object in constants {
            if !self.is_too_much(&spread.argument, object.properties.len()) {
                self.keys_written(object, writing);
            }
        }
    }

    /// Notes a member of what is spread, whatever is in it.
    fn member_written(&mut self, name: &str, at: u32, writing: &mut Writing<'_>) {
        if self.source.sites.discriminators.contains(name) {
            return;
        }
        let is_beside = writing.path.is_empty() && writing.beside.is_some_and(|beside| beside.contains(name));
        let (before, length) = (self.found(), writing.path.len());
        step(&mut writing.path, name);
        writing.at = at;
        self.site(writing);
        writing.path.truncate(length);
        if let Some(ty) = writing.ty.filter(|_| is_beside) {
            self.set_aside(When::Knows { ty: ty.to_owned(), members: vec![name.to_owned()] }, before);
        }
    }

    /// Notes what a value writes at the path that was come to.
    pub(super) fn value_written(&mut self, value: &'a Expression<'a>, writing: &mut Writing<'_>) {
        let (mut plain, at) = (false, writing.at);
        let mut parts = Vec::new();
        alternatives(value, &mut |value| match value {
            Expression::ObjectExpression(_) | Expression::ArrayExpression(_) | Expression::CallExpression(_) => {
                parts.push(value);
            }
            value => plain |= !value.is_undefined(),
        });
        for part in parts {
            match part {
                Expression::ObjectExpression(object) => {
                    let own = if writing.form == Form::Literal { self.discriminator(object) } else { None };
                    plain |= own.is_some() || object.properties.is_empty();
                    match own {
                        Some(said) => self.part_written(object, said, writing),
                        None => self.keys_written(object, writing),
                    }
                }
                Expression::ArrayExpression(array) => self.items_written(array, writing),
                Expression::CallExpression(call) => {
                    let items = mapped(call);
                    plain |= items.is_empty();
                    items.into_iter().for_each(|item| self.item_written(item, writing));
                }
                _ => {}
            }
        }
        if plain {
            writing.at = at;
            self.site(writing);
        }
    }

    /// A part that says which type it is of is held against that one; where the contract has nothing on it, that may list
    /// its members in place: `address.city`.
    fn part_written(&mut self, object: &'a ObjectExpression<'a>, said: &'a Expression<'a>, writing: &mut Writing<'_>) {
        // What is not written as a text is unread where the part is found by itself.
        let Some(ty) = self.text(said).map(std::borrow::Cow::into_owned) else { return };
        let before = self.found();
        self.keys_written(object, writing);
        self.set_aside(When::HasNo(ty), before);
    }

    fn items_written(&mut self, array: &'a ArrayExpression<'a>, writing: &mut Writing<'_>) {
        let mut plain = array.elements.is_empty();
        for element in &array.elements {
            match element.as_expression().map(Expression::get_inner_expression) {
                Some(value @ (Expression::ObjectExpression(_) | Expression::ArrayExpression(_))) => {
                    self.item_written(value, writing);
                }
                _ => plain = true,
            }
        }
        if plain {
            let length = writing.path.len();
            if !array.elements.is_empty() {
                writing.path.push_str("[]");
            }
            self.site(writing);
            writing.path.truncate(length);
        }
    }

    fn item_written(&mut self, value: &'a Expression<'a>, writing: &mut Writing<'_>) {
        let (length, at) = (writing.path.len(), writing.at);
        if writing.deep >= DEEPEST {
            self.module.unread.push(Unread::new(at, "the literal is nested too deeply to be read"));
            return;
        }
        writing.deep += 1;
        writing.path.push_str("[]");
        self.value_written(value, writing);
        writing.path.truncate(length);
        writing.at = at;
        writing.deep -= 1;
    }

    pub(super) fn site(&mut self, writing: &Writing<'_>) {
        let ty = writing.ty.map(str::to_owned);
        self.module.sites.push(Site { form: writing.form, ty, path: writing.path.clone(), at: writing.at });
    }
}

/// Adds a member to a path, in brackets where its name has characters that mean something in paths.
pub(super) fn step(path: &mut String, name: &str) {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | ':' | '@' | '#');
    match (!name.is_empty() && name.chars().all(plain), path.is_empty()) {
        (true, true) => path.push_str(name),
        (true, false) => {
            path.push('.');
            path.push_str(name);
        }
        (false, _) => {
            path.push_str("['");
            path.push_str(name);
            path.push_str("']");
        }
    }
}

/// The values that one may be: both sides of `a ? b : c`, of `a ?? b`, the right one of `a && b`, of `a = b`, of `(a, b)`,
/// and what a call gives back as it was given.
pub(super) fn alternatives<'a>(value: &'a Expression<'a>, take: &mut impl FnMut(&'a Expression<'a>)) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value.get_inner_expression() {
            Expression::ConditionalExpression(choice) => {
                waiting.push(&choice.alternate);
                waiting.push(&choice.consequent);
            }
            Expression::LogicalExpression(either) => {
                waiting.push(&either.right);
                if either.operator != LogicalOperator::And {
                    waiting.push(&either.left);
                }
            }
            Expression::AwaitExpression(awaited) => waiting.push(&awaited.argument),
            Expression::AssignmentExpression(assignment) => waiting.push(&assignment.right),
            Expression::SequenceExpression(values) => waiting.extend(values.expressions.last()),
            Expression::CallExpression(call) => match passed_through(call) {
                values if values.is_empty() => take(value.get_inner_expression()),
                values => waiting.extend(values.into_iter().rev()),
            },
            value => take(value),
        }
    }
}

/// What a call gives back as it was given, `Object.freeze({…})`, or what a function gives that is called where it is
/// written.
fn passed_through<'a>(call: &'a CallExpression<'a>) -> Vec<&'a Expression<'a>> {
    let member = call.callee.get_inner_expression().as_member_expression();
    let of = member.and_then(|member| member.object().get_identifier_reference()).map(|of| of.name.as_str());
    let passes = match (of, last_name(&call.callee)) {
        (Some("Object"), Some("freeze" | "seal" | "preventExtensions" | "assign"))
        | (Some("Promise"), Some("resolve"))
        | (_, Some("deepFreeze")) => true,
        _ if member.is_none() => return given_back(&call.callee),
        _ => false,
    };
    let values = call.arguments.iter().filter(|_| passes).map(Argument::as_expression);
    values.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Whether a spread of the value adds no key.
pub(super) fn is_nothing(value: &Expression<'_>) -> bool {
    value.is_null_or_undefined() || matches!(value, Expression::BooleanLiteral(_))
}

/// The literals that `list.map((item) => ({…}))` makes of items.
fn mapped<'a>(call: &'a CallExpression<'a>) -> Vec<&'a Expression<'a>> {
    let mut found = Vec::new();
    let Expression::StaticMemberExpression(member) = &call.callee else { return found };
    let is_flat = match member.property.name.as_str() {
        "map" => false,
        "flatMap" => true,
        _ => return found,
    };
    let Some(function) = call.arguments.first().and_then(Argument::as_expression) else { return found };
    for value in given_back(function) {
        alternatives(value, &mut |value| match value {
            Expression::ObjectExpression(_) => found.push(value),
            Expression::ArrayExpression(list) if is_flat => {
                let items = list.elements.iter().filter_map(ArrayExpressionElement::as_expression);
                let items = items.map(Expression::get_inner_expression);
                found.extend(items.filter(|item| matches!(item, Expression::ObjectExpression(_))));
            }
            _ => {}
        });
    }
    found
}

/// The object literals that a value of a declared type is, or is a list of.
pub(super) fn objects_of<'a>(value: &'a Expression<'a>) -> Vec<&'a ObjectExpression<'a>> {
    let mut found = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        alternatives(value, &mut |value| match value {
            Expression::ObjectExpression(object) => found.push(&**object),
            Expression::ArrayExpression(array) => waiting.extend(array.elements.iter().rev().filter_map(item_of)),
            Expression::CallExpression(call) => waiting.extend(mapped(call)),
            _ => {}
        });
    }
    found
}

/// A value among the items of a list, or one that has items of it.
pub(super) fn item_of<'a>(element: &'a ArrayExpressionElement<'a>) -> Option<&'a Expression<'a>> {
    match element {
        ArrayExpressionElement::SpreadElement(spread) => Some(&spread.argument),
        element => element.as_expression(),
    }
}
