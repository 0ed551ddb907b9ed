//! Mapping sites that spell paths: arguments of mapping functions, tables.

use std::borrow::Cow;
use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::handed::{NO_PATH, last_name};
use super::literals::{alternatives, is_nothing};
use super::reasons::NO_CONSTANT;
use super::tables::SPREAD;
use super::zod::{returned, returned_by_arrow};
use crate::drift::shape::{Form, Site, Unread};

/// The deepest nesting of tables in tables.
pub(super) const DEEPEST: u8 = 16;

impl<'a> File<'a> {
    /// Looks for the path in a call of a mapping function; gives the last name of what is called.
    pub(super) fn calls_made(
        &mut self,
        callee: &'a Expression<'a>,
        arguments: &'a [Argument<'a>],
        at: u32,
    ) -> Option<Cow<'a, str>> {
        let callee = callee.get_inner_expression();
        let last = match callee {
            Expression::ComputedMemberExpression(member) => self.computed_name(member)?,
            callee => Cow::Borrowed(last_name(callee)?),
        };
        let object = callee.as_member_expression().map(MemberExpression::object);
        let sites = self.source.sites;
        for (name, position) in &sites.functions {
            if name.rsplit('.').next() != Some(&*last) {
                continue;
            }
            let is_called = match object {
                Some(object) => self.has_function(object, &last, name),
                None => *last == **name,
            };
            if is_called {
                self.mapping_call(arguments, at, *position);
            } else if object.is_some() && self.may_be_path(arguments, *position) {
                self.doubted.push(callee.span().start);
            }
        }
        Some(last)
    }

    /// Whether an argument may be a path: `rows.map((row) => …)` has none.
    fn may_be_path(&self, arguments: &'a [Argument<'a>], position: usize) -> bool {
        let argument = position.checked_sub(1).and_then(|index| arguments.get(index));
        let Some(value) = argument.and_then(Argument::as_expression) else { return argument.is_some() };
        let value = match value.get_inner_expression() {
            Expression::Identifier(name) => self.fixed_at(name).unwrap_or(value),
            _ => value,
        };
        match value.get_inner_expression() {
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => false,
            Expression::ObjectExpression(_) => false,
            // `rows.at(-1)`
            Expression::UnaryExpression(minus) if minus.argument.is_number_literal() => false,
            value => value.is_string_literal() || !value.is_literal(),
        }
    }

    fn mapping_call(&mut self, arguments: &'a [Argument<'a>], at: u32, position: usize) {
        let before = arguments.iter().take(position);
        let argument = position.checked_sub(1).and_then(|index| arguments.get(index));
        match argument.and_then(Argument::as_expression) {
            Some(value) if !before.clone().any(Argument::is_spread) => {
                if !self.is_entry(value) {
                    self.path_argument(value, Form::Call);
                }
            }
            _ => self.module.unread.push(Unread::new(at, NO_PATH)),
        }
    }

    /// Whether a path is what a mapping table has, which is read where that stands: `FIELDS.id`, `FIELD_MAP[key].path`.
    fn is_entry(&self, value: &'a Expression<'a>) -> bool {
        let Some(mut member) = value.get_inner_expression().as_member_expression() else { return false };
        let path = self.source.sites.table_member.as_deref();
        let own = member.static_property_name();
        for deep in 0..DEEPEST {
            let of = member.object();
            if last_name(of).is_some_and(|name| self.is_table(name)) {
                return path.is_none_or(|path| deep > 0 && own == Some(path));
            }
            match of.get_inner_expression().as_member_expression() {
                Some(inner) => member = inner,
                None => return false,
            }
        }
        false
    }

    /// A value that is a path, a list of them, or one of several.
    pub(super) fn path_argument(&mut self, value: &'a Expression<'a>, form: Form) {
        for value in choices(value) {
            let Expression::ArrayExpression(list) = value.get_inner_expression() else {
                self.path_value(value, form, value.span().start, 0);
                continue;
            };
            for element in &list.elements {
                let at = element.span().start;
                match element.as_expression() {
                    Some(value) => choices(value).into_iter().for_each(|value| self.path_value(value, form, at, 0)),
                    None => self.path_site(None, form, at),
                }
            }
        }
    }

    /// A path, or what any of several paths comes of: a constant that is a choice, a member by a key that is not known.
    fn path_value(&mut self, value: &'a Expression<'a>, form: Form, at: u32, deep: u8) {
        if let Some(path) = self.path_text(value) {
            return self.path_site(Some(path), form, at);
        }
        let values = match value.get_inner_expression() {
            Expression::Identifier(id) => self.fixed_at(id).map(choices),
            Expression::ComputedMemberExpression(member) => self.any_member(member),
            _ => None,
        };
        match values.filter(|values| !values.is_empty() && deep < DEEPEST) {
            Some(values) if self.is_too_much(value, values.len()) => {}
            Some(values) => values.into_iter().for_each(|value| self.path_value(value, form, at, deep + 1)),
            None => {
                let reason = self.no_path(value);
                self.module.unread.push(Unread::new(at, reason));
            }
        }
    }

    /// What a member of a constant may be whose key is not known.
    fn any_member(&self, member: &'a ComputedMemberExpression<'a>) -> Option<Vec<&'a Expression<'a>>> {
        match self.constant_value(&member.object)? {
            Expression::ObjectExpression(object) if member.static_property_name().is_none() => {
                let values = object.properties.iter().map(|property| match property {
                    ObjectPropertyKind::ObjectProperty(property) => Some(&property.value),
                    ObjectPropertyKind::SpreadProperty(_) => None,
                });
                values.collect()
            }
            Expression::ArrayExpression(list) => {
                list.elements.iter().map(ArrayExpressionElement::as_expression).collect()
            }
            _ => None,
        }
    }

    pub(super) fn path_site(&mut self, path: Option<String>, form: Form, at: u32) {
        match path {
            Some(path) => self.module.sites.push(Site { form, ty: None, path, at }),
            None => {
                self.module.unread.push(Unread::new(at, NO_CONSTANT));
            }
        }
    }

    pub(super) fn path_text(&self, value: &'a Expression<'a>) -> Option<String> {
        if let Some(text) = self.text(value) {
            return Some(text.into_owned());
        }
        match value.get_inner_expression() {
            Expression::TemplateLiteral(template) => self.path_template(template),
            _ => None,
        }
    }

    /// A path with values in it that are constants, or say which item of a list is meant: `items[${i}].sku`,
    /// `${PATHS.items}[_key=="${key}"].sku`.
    pub(super) fn path_template(&self, template: &'a TemplateLiteral<'a>) -> Option<String> {
        let mut text = String::new();
        let mut values = template.expressions.iter();
        for part in &template.quasis {
            text.push_str(part.value.cooked.as_ref()?.as_str());
            match values.next().map(|value| self.text(value)) {
                Some(Some(known)) => text.push_str(&known),
                Some(None) => text.push('\0'),
                None => {}
            }
        }
        path_of_items(&text)
    }

    /// The values of a mapping table. What stands in one that was read is not read again, nor is what has its name, which
    /// is read where it stands.
    pub(super) fn table(&mut self, name: &str, value: &'a Expression<'a>) {
        if self.is_table(name)
            && last_name(value) != Some(name)
            && !self.claimed.contains(&value.get_inner_expression().span())
        {
            self.table_values(value, 0);
        }
    }

    /// What is put into a table by itself. Records have to be told from tables of them.
    pub(super) fn table_entry(&mut self, name: &str, value: &'a Expression<'a>) {
        match value.get_inner_expression() {
            inner @ Expression::ObjectExpression(_) if !self.claimed.contains(&inner.span()) => {
                self.table_values(value, u8::from(self.source.sites.table_member.is_some()));
            }
            _ => self.table(name, value),
        }
    }

    /// The values of what a table, or an entry, may be.
    pub(super) fn table_values(&mut self, value: &'a Expression<'a>, deep: u8) {
        let mut values = Vec::new();
        alternatives(value, &mut |value| values.push(value));
        values.into_iter().for_each(|value| self.table_value(value, deep));
    }

    fn table_value(&mut self, value: &'a Expression<'a>, deep: u8) {
        match value {
            Expression::ObjectExpression(object) if deep > 0 && deep < DEEPEST && self.is_record(object) => {
                self.claimed.insert(object.span);
                self.table_record(object, deep);
            }
            Expression::ObjectExpression(object) if deep < DEEPEST => {
                self.claimed.insert(object.span);
                self.table_entries(object, deep);
            }
            Expression::ArrayExpression(list) if deep < DEEPEST => {
                self.claimed.insert(list.span);
                for element in &list.elements {
                    match element {
                        ArrayExpressionElement::SpreadElement(spread) => self.table_spread(spread, &[], deep),
                        element => match element.as_expression() {
                            Some(value) => self.table_values(value, deep + 1),
                            None => self.path_site(None, Form::Table, element.span().start),
                        },
                    }
                }
            }
            value if value.is_null_or_undefined() => {}
            Expression::CallExpression(call)
                if deep == 0 && call.callee.is_specific_member_access("Object", "create") =>
            {
                call.arguments.iter().filter_map(Argument::as_expression).for_each(|value| self.table_whole(value));
            }
            Expression::NewExpression(new) if deep == 0 => self.table_made(new),
            // `get TABLE() { return {…} }`
            Expression::FunctionExpression(function) if deep == 0 => {
                self.table_returned(returned(function.body.as_deref()), function.span.start);
            }
            Expression::ArrowFunctionExpression(function) if deep == 0 => {
                self.table_returned(returned_by_arrow(function), function.span.start);
            }
            value => self.path_value(value, Form::Table, value.span().start, 0),
        }
    }

    fn table_entries(&mut self, object: &'a ObjectExpression<'a>, deep: u8) {
        for (place, property) in object.properties.iter().enumerate() {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => self.table_values(&property.value, deep + 1),
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let later = object.properties.get(place + 1..).unwrap_or_default();
                    self.table_spread(spread, later, deep);
                }
            }
        }
    }

    /// What a spread may be: `...(flag && { email: 'order.email' })`.
    fn table_spread(&mut self, spread: &'a SpreadElement<'a>, later: &'a [ObjectPropertyKind<'a>], deep: u8) {
        let mut values = Vec::new();
        alternatives(&spread.argument, &mut |value| values.push(value));
        for value in values {
            match value {
                Expression::ObjectExpression(object) if deep < DEEPEST => self.table_entries(object, deep + 1),
                Expression::ArrayExpression(_) if deep < DEEPEST => self.table_value(value, deep + 1),
                value if is_nothing(value) => {}
                value => self.constant_spread(value, spread.span.start, later),
            }
        }
    }

    /// What another table has is read by its name, and what a constant has that nothing may change, where it stands.
    /// Members that come later take the place of those of their names.
    fn constant_spread(&mut self, value: &'a Expression<'a>, at: u32, later: &'a [ObjectPropertyKind<'a>]) {
        if last_name(value).is_some_and(|name| self.is_table(name)) {
            return;
        }
        match self.constant_value(value) {
            Some(Expression::ObjectExpression(object)) => {
                if self.is_too_much(value, object.properties.len() + later.len()) {
                    return;
                }
                let keys = later.iter().filter_map(|property| self.own_key(property)).collect::<HashSet<_>>();
                for property in &object.properties {
                    if let ObjectPropertyKind::ObjectProperty(property) = property
                        && !self.key(&property.key, property.computed).is_some_and(|key| keys.contains(&key))
                    {
                        self.table_values(&property.value, 1);
                    }
                }
            }
            Some(Expression::ArrayExpression(list)) => {
                if !self.is_too_much(value, list.elements.len()) {
                    let values = list.elements.iter().filter_map(ArrayExpressionElement::as_expression);
                    values.for_each(|value| self.table_values(value, 1));
                }
            }
            // What is too much is not even taken out of what another file gives.
            _ if self.lent_size(value).is_some_and(|size| self.is_too_much(value, size + later.len())) => {}
            _ => match self.lent_texts(value) {
                Some(texts) => {
                    let keys = later.iter().filter_map(|property| self.own_key(property)).collect::<HashSet<_>>();
                    let texts = texts.into_iter().filter(|(name, _)| !keys.contains(name.as_str()));
                    let paths = texts.map(|(_, path)| path).collect::<Vec<_>>();
                    paths.into_iter().for_each(|path| self.path_site(Some(path), Form::Table, at));
                }
                None => {
                    let reason = self.no_spread(value, SPREAD);
                    self.module.unread.push(Unread::new(at, reason));
                }
            },
        }
    }

    /// The name of a member, but for numbers: their names are not what is written.
    fn own_key(&self, property: &'a ObjectPropertyKind<'a>) -> Option<Cow<'a, str>> {
        match property {
            ObjectPropertyKind::ObjectProperty(property) if matches!(property.key, PropertyKey::NumericLiteral(_)) => {
                None
            }
            ObjectPropertyKind::ObjectProperty(property) => self.key(&property.key, property.computed),
            ObjectPropertyKind::SpreadProperty(_) => None,
        }
    }

    /// `new Map([['a', 'b']])`: the second of each pair; `new Set(['b'])`. They may be filled later.
    fn table_made(&mut self, new: &'a NewExpression<'a>) {
        let is_set = new.callee.is_specific_id("Set");
        let is_known = is_set || new.callee.is_specific_id("Map");
        match new.arguments.first().map(|argument| argument.as_expression().map(Expression::get_inner_expression)) {
            None if is_known => {}
            Some(Some(Expression::ArrayExpression(values))) if is_known => {
                for element in &values.elements {
                    let value = element.as_expression().map(Expression::get_inner_expression);
                    let value = match value {
                        value if is_set => value,
                        Some(Expression::ArrayExpression(pair)) => {
                            pair.elements.get(1).and_then(ArrayExpressionElement::as_expression)
                        }
                        _ => None,
                    };
                    match value {
                        Some(value) => self.table_values(value, 1),
                        None => self.path_site(None, Form::Table, element.span().start),
                    }
                }
            }
            _ => self.path_site(None, Form::Table, new.span.start),
        }
    }

    /// A table that something gives; what it gives is no function that gives one.
    fn table_whole(&mut self, value: &'a Expression<'a>) {
        let mut values = Vec::new();
        alternatives(value, &mut |value| values.push(value));
        for value in values {
            self.table_value(value, u8::from(!matches!(value, Expression::ObjectExpression(_))));
        }
    }

    fn table_returned(&mut self, value: Option<&'a Expression<'a>>, at: u32) {
        match value {
            Some(value) => self.table_whole(value),
            None => self.path_site(None, Form::Table, at),
        }
    }
}

/// The sides of a choice. What is assigned or handed through somewhere is none: it may be another by then.
fn choices<'a>(value: &'a Expression<'a>) -> Vec<&'a Expression<'a>> {
    let (mut found, mut waiting) = (Vec::new(), vec![value]);
    while let Some(value) = waiting.pop() {
        match value.get_inner_expression() {
            Expression::ConditionalExpression(choice) => waiting.extend([&choice.alternate, &choice.consequent]),
            Expression::LogicalExpression(either) => {
                waiting.push(&either.right);
                if either.operator != LogicalOperator::And {
                    waiting.push(&either.left);
                }
            }
            _ => found.push(value),
        }
    }
    found
}

/// The path that a text is where unknown values only say which item of a list is meant: `items[\0].sku`.
fn path_of_items(text: &str) -> Option<String> {
    let mut path = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (index, after) = after.split_once(']')?;
        path.push_str(before);
        match index.contains('\0') {
            true => path.push_str("[]"),
            false => {
                path.push('[');
                path.push_str(index);
                path.push(']');
            }
        }
        rest = after;
    }
    path.push_str(rest);
    (!path.contains('\0')).then_some(path)
}
