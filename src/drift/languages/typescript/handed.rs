//! Mapping functions under other names, and tables that are added to: what a look at calls and tables alone would miss.

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::file::File;
use super::imports::export_name;
use super::zod::returned;
use crate::drift::shape::{HANDED_ON, Unread};

/// Why a mapping function that is a tag, or has no argument, is unread.
pub(super) const NO_PATH: &str = "a mapping function is called without its path as an argument of its own";

/// Why more of a table is unread.
pub(super) const SPREAD: &str = "a spread in a mapping table: write the entries";

impl<'a> File<'a> {
    /// Looks for what hands a mapping function on, or adds to a table. What is around a value is shown before the value.
    pub(super) fn handed_on(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::AssignmentExpression(assignment) => self.set(assignment),
            AstKind::CallExpression(call) => {
                self.claim(&call.callee);
                let callee = call.callee.get_inner_expression().as_member_expression();
                let of = callee.filter(|member| member.static_property_name() == Some("assign"));
                if of.is_some_and(|member| member.object().is_specific_id("Object")) {
                    self.table_taken(call);
                }
                callee.into_iter().for_each(|callee| self.table_filled(callee, &call.arguments));
            }
            AstKind::ObjectProperty(property) => {
                if property.value.get_identifier_reference().is_some_and(|of| property.key.is_specific_id(&of.name)) {
                    self.claim(&property.value);
                }
                if let Some(name) = self.key(&property.key, property.computed).filter(|name| self.is_table(name)) {
                    self.table_held(&name, &property.value);
                }
            }
            AstKind::MethodDefinition(method) => {
                if let Some(name) = self.key(&method.key, method.computed).filter(|name| self.is_table(name)) {
                    self.table_got(&name, &method.value);
                }
            }
            AstKind::TSEnumDeclaration(listed) if self.is_table(listed.id.name.as_str()) => {
                let values = listed.body.members.iter().filter_map(|member| member.initializer.as_ref());
                let values = values.filter(|value| !value.is_number_literal());
                values.for_each(|value| self.table(listed.id.name.as_str(), value));
            }
            _ if self.source.sites.functions.is_empty() => {}
            AstKind::NewExpression(new) => {
                self.claim(&new.callee);
                self.calls_made(&new.callee, &new.arguments, new.span.start);
            }
            AstKind::TaggedTemplateExpression(tagged) => {
                self.claim(&tagged.tag);
                self.calls_made(&tagged.tag, &[], tagged.span.start);
            }
            AstKind::StaticMemberExpression(member) => {
                // `map.call(...)` runs it; what else a function has is no call.
                if !matches!(member.property.name.as_str(), "call" | "apply" | "bind") {
                    self.claim(&member.object);
                }
                self.member_value(&member.object, member.property.name.as_str(), member.span);
            }
            AstKind::ComputedMemberExpression(member) => {
                self.claim(&member.object);
                if let Expression::StringLiteral(name) = &member.expression {
                    self.member_value(&member.object, name.value.as_str(), member.span);
                }
            }
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Typeof => self.claim(&unary.argument),
            AstKind::ExportDefaultDeclaration(export) => {
                export.declaration.as_expression().into_iter().for_each(|value| self.claim(value));
            }
            AstKind::TSExportAssignment(export) => self.claim(&export.expression),
            kind => self.renamed(kind),
        }
    }

    /// Mapping functions that get another name, and names of them that are no calls.
    fn renamed(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::ImportSpecifier(import) => {
                self.other_name(export_name(&import.imported), import.local.name.as_str(), import.span);
            }
            AstKind::ExportSpecifier(export) => {
                let exported = export_name(&export.exported);
                self.claimed.insert(export.local.span());
                if exported != "default" {
                    self.other_name(export_name(&export.local), exported, export.span);
                }
            }
            // `const { map: other } = mapping`
            AstKind::BindingProperty(property) => {
                let own = property.value.get_identifier_name().map_or("", |name| name.as_str());
                if let Some(name) = property.key.static_name() {
                    self.other_name(&name, own, property.span);
                }
            }
            AstKind::AssignmentTargetPropertyProperty(property) => {
                if let Some(name) = property.name.static_name() {
                    self.other_name(&name, "", property.span);
                }
            }
            AstKind::AssignmentTargetPropertyIdentifier(property) => {
                self.claimed.insert(property.binding.span);
            }
            AstKind::IdentifierReference(id) => {
                let name = id.name.as_str();
                if self.is_mapping_function(name) && !self.claimed.contains(&id.span) && !self.is_no_function(name) {
                    self.unread_function(id.span);
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, assignment: &'a AssignmentExpression<'a>) {
        self.claimed.insert(assignment.left.span());
        let value = &assignment.right;
        if let AssignmentTarget::AssignmentTargetIdentifier(id) = &assignment.left {
            return self.table(id.name.as_str(), value);
        }
        let Some(target) = assignment.left.as_member_expression() else { return };
        let property = target.static_property_name();
        if let Expression::Identifier(of) = target.object()
            && matches!(of.name.as_str(), "module" | "exports")
        {
            // What a file gives to others keeps its name.
            let name = value.get_identifier_reference().map(|value| value.name.as_str());
            if of.name == "module" || name == property {
                self.claim(value);
            }
        }
        // `exports.TABLE = {…}`, and `TABLE.a = 'b'` of one that is there.
        if let Some(name) = property.filter(|name| self.is_table(name)) {
            self.table_held(name, value);
        } else if let Some(name) = last_name(target.object()) {
            self.table(name, value);
        }
    }

    /// A table that is a member of something. A member that has a table's name may be another thing: a text is none, and
    /// the table by its own name is read where that is.
    fn table_held(&mut self, name: &str, value: &'a Expression<'a>) {
        let value = value.get_inner_expression();
        if !value.is_literal() && last_name(value) != Some(name) {
            self.table(name, value);
        }
    }

    /// `static get TABLE() { return {…} }`
    fn table_got(&mut self, name: &str, function: &'a Function<'a>) {
        match returned(function.body.as_deref()) {
            Some(value) => self.table_held(name, value),
            None => {
                let reason = "a function that has the name of a mapping table does more than give it back";
                self.module.unread.push(Unread::new(function.span.start, reason));
            }
        }
    }

    /// `TABLE.set('a', 'b')`, `TABLE.push('b')`.
    fn table_filled(&mut self, callee: &MemberExpression<'a>, arguments: &'a [Argument<'a>]) {
        let mut of = callee.object().get_inner_expression();
        // Each of `TABLE.set(…).set(…)`.
        while let Expression::CallExpression(call) = of
            && let Expression::StaticMemberExpression(inner) = &call.callee
            && inner.property.name == "set"
        {
            of = inner.object.get_inner_expression();
        }
        let Some(name) = last_name(of).filter(|name| self.is_table(name)) else { return };
        let is_pair = match callee.static_property_name() {
            Some("set") => true,
            Some("push" | "unshift" | "add") => false,
            _ => return,
        };
        for (place, argument) in arguments.iter().enumerate() {
            match argument.as_expression() {
                Some(_) if is_pair && place == 0 => {}
                Some(value) => self.table(name, value),
                None => self.module.unread.push(Unread::new(argument.span().start, SPREAD)),
            }
        }
    }

    fn claim(&mut self, value: &Expression<'a>) {
        self.claimed.insert(value.get_inner_expression().span());
    }

    fn is_mapping_function(&self, name: &str) -> bool {
        self.source.sites.functions.iter().any(|(function, _)| function == name)
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

    fn unread_function(&mut self, span: Span) {
        self.module.unread.push(Unread::new(span.start, HANDED_ON));
    }

    fn other_name(&mut self, name: &str, other: &str, span: Span) {
        if name != other && self.is_mapping_function(name) {
            self.unread_function(span);
        }
    }

    /// `mapping.map` of a module, where it is not called.
    fn member_value(&mut self, object: &Expression<'a>, name: &str, span: Span) {
        if self.is_mapping_function(name) && !self.claimed.contains(&span) && self.is_module(object) {
            self.unread_function(span);
        }
    }

    /// Whether a value is a module as a whole, whose members are functions by their own names: `import * as mapping`, a
    /// default import, what `require` and `import()` give. What the code around is part of, `this`, is taken for one.
    pub(super) fn is_module(&self, value: &Expression<'a>) -> bool {
        match value.get_inner_expression() {
            Expression::ThisExpression(_) => true,
            Expression::Identifier(name) => {
                let name = name.name.as_str();
                match self.index().foreign.get(name) {
                    Some(foreign) => matches!(foreign.name, None | Some("default")),
                    None => self.fixed(name).is_some_and(is_loaded),
                }
            }
            // `mapping.default`
            Expression::StaticMemberExpression(member) if member.property.name == "default" => {
                matches!(&member.object, Expression::Identifier(_)) && self.is_module(&member.object)
            }
            other => is_loaded(other),
        }
    }

    fn table_taken(&mut self, call: &'a CallExpression<'a>) {
        let mut values = call.arguments.iter();
        let table = values.next().and_then(Argument::as_expression).and_then(last_name);
        let Some(table) = table.filter(|table| self.is_table(table)) else { return };
        for value in values {
            match value.as_expression() {
                Some(value) => self.table(table, value),
                None => self.module.unread.push(Unread::new(value.span().start, SPREAD)),
            }
        }
    }
}

/// The last name of `a.b.c`.
fn last_name<'a>(value: &Expression<'a>) -> Option<&'a str> {
    match value.get_inner_expression() {
        Expression::Identifier(id) => Some(id.name.as_str()),
        Expression::StaticMemberExpression(member) => Some(member.property.name.as_str()),
        _ => None,
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
