//! Mapping functions under other names: what a look at calls alone would miss.

use std::borrow::Cow;
use std::collections::HashSet;

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::file::File;
use super::imports::{Foreign, Index, Origin, Type, origin};
use super::renamed::is_loaded_from;
use crate::drift::shape::{HANDED_ON, Unread};

/// Why a mapping function that is a tag, or has no argument, is unread.
pub(super) const NO_PATH: &str = "a mapping function is called without its path as an argument of its own";

/// Why a member of something is unread that nobody knows.
const LENT: &str =
    "this may be a mapping function, or a patch, as what has it is handed on in this file: call it by its own name";

/// How often a constant may lead to another one on the way to a module.
const HOPS: u8 = 16;

impl<'a> File<'a> {
    /// Looks for what hands a mapping function on, or adds to a table. What is around a value is shown before the
    /// value.
    pub(super) fn handed_on(&mut self, kind: AstKind<'a>) {
        self.filled_by(kind);
        let sites = self.source.sites;
        let has_functions = self.watched().next().is_some();
        if !has_functions && sites.tables.is_empty() {
            return;
        }
        self.used_in_place(kind);
        self.receiver_used(kind);
        if !sites.tables.is_empty() {
            self.table_used(kind);
        }
        if has_functions {
            self.hooks_used(kind);
            self.function_used(kind);
        }
    }

    /// Claims the names whose value is used where it stands, or is kept under its own name.
    fn used_in_place(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => {
                self.claim(&call.callee);
                self.used_by_hook(call);
            }
            AstKind::NewExpression(new) => self.claim(&new.callee),
            AstKind::TaggedTemplateExpression(tagged) => self.claim(&tagged.tag),
            AstKind::StaticMemberExpression(member) if !runs(member.property.name.as_str()) => {
                self.claim(&member.object);
                self.claim_loaded(&member.object);
            }
            AstKind::ComputedMemberExpression(member)
                if !member
                    .static_property_name()
                    .map_or_else(|| self.is_function(&member.object), |name| runs(&name)) =>
            {
                self.claim(&member.object);
            }
            AstKind::PrivateFieldExpression(member) => self.claim(&member.object),
            AstKind::UnaryExpression(unary) => self.claim(&unary.argument),
            AstKind::BinaryExpression(both) => {
                self.claim(&both.left);
                self.claim(&both.right);
            }
            AstKind::IfStatement(choice) => self.claim(&choice.test),
            AstKind::ConditionalExpression(choice) => self.claim(&choice.test),
            AstKind::ForOfStatement(each) => self.claim(&each.right),
            AstKind::ForInStatement(each) => self.claim(&each.right),
            AstKind::SpreadElement(spread) => self.claim_base(&spread.argument),
            AstKind::Class(class) => class.heritage.iter().for_each(|of| self.claim_base(&of.expression)),
            AstKind::JSXOpeningElement(element) => drop(self.claimed.insert(element.name.span())),
            AstKind::JSXClosingElement(element) => drop(self.claimed.insert(element.name.span())),
            AstKind::AwaitExpression(awaited) => {
                let loaded = awaited.argument.get_inner_expression();
                if let Expression::ImportExpression(_) = loaded {
                    self.claimed.insert(loaded.span());
                }
            }
            AstKind::VariableDeclaration(variables) => self.loaded(variables),
            AstKind::VariableDeclarator(variable) => self.kept(variable),
            AstKind::AssignmentExpression(assignment) => self.set(assignment),
            AstKind::AssignmentTargetPropertyIdentifier(property) => drop(self.claimed.insert(property.binding.span)),
            AstKind::ExportSpecifier(export) => drop(self.claimed.insert(export.local.span())),
            AstKind::ExportDefaultDeclaration(export) => {
                export.declaration.as_expression().into_iter().for_each(|value| self.given_out(value));
            }
            AstKind::TSExportAssignment(export) => self.given_out(&export.expression),
            _ => {}
        }
    }

    /// `const lib = require('./lib')`
    fn loaded(&mut self, variables: &'a VariableDeclaration<'a>) {
        for variable in variables.declarations.iter().filter(|_| variables.kind.is_const()) {
            if let (BindingPattern::BindingIdentifier(id), Some(value)) = (&variable.id, &variable.init)
                && is_loaded(value)
            {
                self.claim_loaded(value);
                self.loaded.insert(id.name.as_str());
            }
        }
    }

    /// `const map = lib.map`, `const { map } = lib`.
    fn kept(&mut self, variable: &'a VariableDeclarator<'a>) {
        let Some(value) = &variable.init else { return };
        match &variable.id {
            BindingPattern::BindingIdentifier(id) if last_name(value) == Some(id.name.as_str()) => {
                self.claim_kept(value);
            }
            BindingPattern::ObjectPattern(pattern) if pattern.rest.is_none() => self.taken_apart(value),
            BindingPattern::ArrayPattern(_) => self.claim(value),
            _ => {}
        }
    }

    /// What has mapping functions of its own gives them to the pattern.
    fn taken_apart(&mut self, value: &'a Expression<'a>) {
        if !last_name(value).is_some_and(|name| self.is_receiver(name) || self.is_mapping_function(name)) {
            self.claim(value);
            self.claim_loaded(value);
        }
    }

    fn set(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let value = &assignment.right;
        self.claimed.insert(assignment.left.span());
        match &assignment.left {
            AssignmentTarget::AssignmentTargetIdentifier(id) if last_name(value) == Some(id.name.as_str()) => {
                self.claim_kept(value);
            }
            AssignmentTarget::ObjectAssignmentTarget(pattern) if pattern.rest.is_none() => self.taken_apart(value),
            left => {
                let Some(target) = left.as_member_expression() else { return };
                let property = target.static_property_name();
                match last_name(target.object()) {
                    Some("module") => self.given_out(value),
                    // What a file gives to others keeps its name.
                    Some("exports") if last_name(value) == property => self.claim_kept(value),
                    _ => {}
                }
                if property.is_some_and(|name| last_name(value) == Some(name) && self.is_receiver(name))
                    && !self.is_method(value)
                {
                    self.claim(value);
                }
            }
        }
    }

    /// What a file gives to others: a value, or an object with values under their own names.
    fn given_out(&mut self, value: &'a Expression<'a>) {
        self.claim_kept(value);
        let Expression::ObjectExpression(object) = value.get_inner_expression() else { return };
        for property in &object.properties {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && last_name(&property.value).is_some_and(|name| property.key.is_specific_static_name(name))
            {
                self.claim_kept(&property.value);
            }
        }
    }

    /// Mapping functions that get another name, and names of them that are no calls.
    fn function_used(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => {
                let is_own = call.callee.is_specific_id("require")
                    && is_own(call.arguments.first().and_then(Argument::as_expression));
                self.is_lent |= is_own && !self.claimed.contains(&call.span);
            }
            AstKind::ImportExpression(import) => {
                self.is_lent |= !self.claimed.contains(&import.span) && is_own(Some(&import.source));
            }
            AstKind::NewExpression(new) => self.new_made(new),
            AstKind::TaggedTemplateExpression(tagged) => {
                self.calls_made(&tagged.tag, &[], tagged.span.start);
            }
            AstKind::StaticMemberExpression(member) => {
                self.member_value(&member.object, member.property.name.as_str(), member.span);
            }
            AstKind::PrivateFieldExpression(member) => {
                self.member_value(&member.object, member.field.name.as_str(), member.span);
            }
            AstKind::ComputedMemberExpression(member) => {
                if let Some(name) = self.computed_name(member) {
                    self.member_value(&member.object, &name, member.span);
                }
            }
            AstKind::IdentifierReference(id) => self.function_named(id),
            AstKind::ObjectProperty(property) => {
                // A receiver that keeps its name is one wherever it is.
                let name = last_name(&property.value).filter(|name| self.is_receiver(name));
                let name = name.filter(|_| !self.is_method(&property.value));
                if name.is_some_and(|name| property.key.is_specific_static_name(name)) {
                    self.claim(&property.value);
                }
            }
            kind => self.renamed(kind),
        }
    }

    fn function_named(&mut self, id: &'a IdentifierReference<'a>) {
        let name = id.name.as_str();
        let (is_function, has_one) =
            (self.is_mapping_function(name), self.is_receiver(name) || self.is_own_module(name));
        if !(is_function || has_one) || self.claimed.contains(&id.span) {
            return;
        }
        if is_function && !self.is_no_function(name) {
            self.unread_function(id.span);
        }
        self.is_lent |= has_one;
    }

    /// Claims a name, so that what comes to it later passes it over. What has no meaning here is passed over anyway.
    pub(super) fn claim(&mut self, value: &Expression<'a>) {
        let value = value.get_inner_expression();
        let is_watched = match (value, last_name(value)) {
            (Expression::ComputedMemberExpression(_), None) => true,
            (_, Some(name)) => self.is_ending(name) || self.is_receiver(name) || self.is_own_module(name),
            _ => false,
        };
        if is_watched {
            self.claimed.insert(value.span());
        }
    }

    /// Claims what keeps its name. What is a mapping function by its receiver has lost that.
    fn claim_kept(&mut self, value: &Expression<'a>) {
        let inner = value.get_inner_expression();
        let is_method =
            |name| self.watched().any(|function| function.rsplit_once('.').is_some_and(|(_, end)| end == name));
        let is_method = |name| is_method(name) && !self.is_mapping_function(name);
        if !(inner.is_member_expression() && last_name(inner).is_some_and(is_method)) {
            self.claim(value);
        }
    }

    /// What extends a receiver, or is a copy of it, has its methods under another name.
    fn claim_base(&mut self, value: &Expression<'a>) {
        if !last_name(value).is_some_and(|name| self.is_receiver(name)) {
            self.claim(value);
        }
    }

    /// The same of a module that is loaded where its name would stand.
    fn claim_loaded(&mut self, value: &Expression<'a>) {
        if is_loaded(value) {
            self.claimed.insert(value.get_inner_expression().span());
        }
    }

    fn is_function(&self, value: &Expression<'a>) -> bool {
        last_name(value).is_some_and(|name| self.is_mapping_function(name))
    }

    /// Whether a name is that of a constant that is no function for certain, wherever the file uses it.
    fn is_no_function(&self, name: &str) -> bool {
        let value = self.fixed(name).map(|value| value.get_inner_expression());
        value.is_some_and(|value| {
            let made = matches!(
                value,
                Expression::ObjectExpression(_) | Expression::ArrayExpression(_) | Expression::NewExpression(_)
            );
            made || value.is_literal() || matches!(value, Expression::TemplateLiteral(_))
        })
    }

    pub(super) fn unread_function(&mut self, span: Span) {
        self.module.unread.push(Unread::new(span.start, HANDED_ON));
    }

    /// `mapping.map` where it is not called, and `this.mapper`.
    fn member_value(&mut self, object: &'a Expression<'a>, name: &str, span: Span) {
        let (is_ending, is_receiver) = (self.is_ending(name), self.is_receiver(name));
        if !(is_ending || is_receiver) || self.claimed.contains(&span) {
            return;
        }
        self.is_lent |= is_receiver;
        if !is_ending {
            return;
        }
        if self.watched().any(|function| self.has_function(object, name, function)) {
            self.unread_function(span);
        } else {
            self.doubted.push(span.start);
        }
    }

    /// Whether a member of a value is a mapping function.
    pub(super) fn has_function(&self, object: &Expression<'a>, name: &str, function: &str) -> bool {
        match function.rsplit_once('.') {
            Some((receiver, ending)) => {
                ending == name && (ends_in(object, receiver) || is_loaded_from(object, receiver))
            }
            None => function == name && self.is_module(object),
        }
    }

    /// What was taken for something else may be a mapping function all the same, where what has it has other names, too.
    pub(super) fn finish_doubted(&mut self) {
        self.finish_filled();
        let doubted = std::mem::take(&mut self.doubted);
        if self.is_lent {
            self.module.unread.extend(doubted.into_iter().map(|at| Unread::new(at, LENT)));
        }
        let keyed = std::mem::take(&mut self.keyed).into_iter().filter(|(_, name)| self.lent_to.contains(name));
        self.module.unread.extend(keyed.map(|(at, _)| Unread::new(at, LENT)));
    }

    /// The name of a member in brackets. Constants are looked up for modules alone: `rows[i]` is none of them.
    pub(super) fn computed_name(&self, member: &'a ComputedMemberExpression<'a>) -> Option<Cow<'a, str>> {
        match member.static_property_name() {
            Some(name) => Some(Cow::Borrowed(name.as_str())),
            None if last_name(&member.object).is_some_and(|of| self.is_own_module(of) || self.is_receiver(of)) => {
                self.text(&member.expression)
            }
            None => None,
        }
    }

    /// Whether a name is that of a file of one's own as a whole.
    fn is_own_module(&self, name: &str) -> bool {
        if self.source.sites.functions.is_empty() {
            return false;
        }
        let foreign = &self.index().foreign;
        self.own_modules().contains(name) || self.loaded.contains(name) && !foreign.contains_key(name)
    }

    /// The names of files of one's own as a whole, as far as the top of the file says so.
    fn own_modules(&self) -> &HashSet<&'a str> {
        self.own_modules.get_or_init(|| {
            let Index { foreign, values, .. } = self.index();
            let is_own = |foreign: &Foreign<'a>| {
                matches!(foreign.name, None | Some("default")) && origin(foreign.specifier) != Origin::Package
            };
            let imported = foreign.iter().filter(|(_, foreign)| is_own(foreign)).map(|(name, _)| *name);
            let loaded = values.iter().filter(|(name, value)| !foreign.contains_key(*name) && is_loaded(value));
            imported.chain(loaded.map(|(name, _)| *name)).collect()
        })
    }

    /// Whether a value is a module as a whole, whose members are functions by their own names: `import * as mapping`, a
    /// default import, what `require` and `import()` give, a namespace, what a file exports. What the code around is part of,
    /// `this`, is taken for one.
    fn is_module(&self, value: &Expression<'a>) -> bool {
        let mut value = value.get_inner_expression();
        for _ in 0..HOPS {
            match value {
                Expression::ThisExpression(_) | Expression::Super(_) => return true,
                Expression::Identifier(name) => {
                    let (name, index) = (name.name.as_str(), self.index());
                    if let Some(foreign) = index.foreign.get(name) {
                        return matches!(foreign.name, None | Some("default"));
                    }
                    let types = index.types.get(name).map(Vec::as_slice).unwrap_or_default();
                    if self.loaded.contains(name) || types.iter().any(|ty| matches!(ty, Type::Namespace)) {
                        return true;
                    }
                    match self.fixed(name) {
                        Some(fixed) => value = fixed.get_inner_expression(),
                        None => return matches!(name, "exports" | "globalThis" | "window"),
                    }
                }
                // `mapping.default`, `module.exports`
                Expression::StaticMemberExpression(member) => {
                    return match (member.property.name.as_str(), member.object.get_inner_expression()) {
                        ("exports", Expression::Identifier(of)) => of.name == "module",
                        ("default", of @ Expression::Identifier(_)) => self.is_module(of),
                        _ => false,
                    };
                }
                other => return is_loaded(other),
            }
        }
        false
    }
}

/// Whether a member of a function runs it: `map.call(…)`.
fn runs(name: &str) -> bool {
    matches!(name, "call" | "apply" | "bind")
}

/// The last name of `a.b.c`.
pub(super) fn last_name<'a>(value: &Expression<'a>) -> Option<&'a str> {
    match value.get_inner_expression() {
        Expression::Identifier(id) => Some(id.name.as_str()),
        Expression::PrivateFieldExpression(member) => Some(member.field.name.as_str()),
        other => other.as_member_expression().and_then(MemberExpression::static_property_name),
    }
}

/// Whether a value is what a name with dots says; it may have more before it.
pub(super) fn ends_in(value: &Expression<'_>, name: &str) -> bool {
    let mut value = value.get_inner_expression();
    let mut parts = name.rsplit('.');
    loop {
        let Some(part) = parts.next() else { return true };
        match value {
            Expression::Identifier(id) => return id.name == part && parts.next().is_none(),
            Expression::ThisExpression(_) => return part == "this" && parts.next().is_none(),
            member if last_name(member) == Some(part) => match member.as_member_expression() {
                Some(member) => value = member.object().get_inner_expression(),
                None => return false,
            },
            _ => return false,
        }
    }
}

/// `require('./mapping')`, `await import('./mapping')`.
fn is_loaded(value: &Expression<'_>) -> bool {
    match value.get_inner_expression() {
        Expression::CallExpression(call) => call.callee.is_specific_id("require"),
        Expression::AwaitExpression(awaited) => {
            matches!(awaited.argument.get_inner_expression(), Expression::ImportExpression(_))
        }
        _ => false,
    }
}

/// Whether what is loaded is, or may be, a file of one's own.
fn is_own(specifier: Option<&Expression<'_>>) -> bool {
    match specifier.map(Expression::get_inner_expression) {
        Some(Expression::StringLiteral(text)) => origin(text.value.as_str()) != Origin::Package,
        _ => true,
    }
}
