//! Mapping functions under other names, and tables that are added to: what a look at calls and tables alone would miss.

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use crate::drift::shape::Unread;

/// Why a mapping function that is not called is unread.
const HANDED_ON: &str = "a mapping function is handed on, and what it maps then is not known: call it by its name";

impl<'a> File<'a> {
    /// Looks for what hands a mapping function on, or adds to a table.
    pub(super) fn handed_on(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::VariableDeclarator(variable) => {
                variable.init.iter().for_each(|value| self.function_value(value));
            }
            AstKind::AssignmentExpression(assignment) => {
                let target = assignment.left.as_member_expression().map(MemberExpression::object);
                let of = target.and_then(Expression::get_identifier_reference).map(|of| of.name.as_str());
                match of {
                    Some("module" | "exports") => {}
                    Some(of) => {
                        self.table(of, &assignment.right);
                        self.function_value(&assignment.right);
                    }
                    None => self.function_value(&assignment.right),
                }
            }
            AstKind::CallExpression(call) => self.handed_by_call(call),
            AstKind::ImportSpecifier(import) => {
                let name = match &import.imported {
                    ModuleExportName::IdentifierName(name) => name.name.as_str(),
                    ModuleExportName::IdentifierReference(name) => name.name.as_str(),
                    ModuleExportName::StringLiteral(name) => name.value.as_str(),
                };
                if name != import.local.name.as_str() && self.is_mapping_function(name) {
                    self.module.unread.push(Unread::new(import.span.start, HANDED_ON));
                }
            }
            _ => {}
        }
    }

    fn is_mapping_function(&self, name: &str) -> bool {
        self.source.sites.functions.iter().any(|(function, _)| function == name)
    }

    fn function_value(&mut self, value: &Expression<'a>) {
        if let Some(name) = value.get_inner_expression().get_identifier_reference()
            && self.is_mapping_function(name.name.as_str())
        {
            self.module.unread.push(Unread::new(name.span.start, HANDED_ON));
        }
    }

    /// `rows.forEach(map)`, `map.call(…)`, `(0, map)(…)`, `Object.assign(TABLE, …)`.
    fn handed_by_call(&mut self, call: &'a CallExpression<'a>) {
        call.arguments.iter().filter_map(Argument::as_expression).for_each(|value| self.function_value(value));
        match call.callee.get_inner_expression() {
            Expression::SequenceExpression(values) => values.expressions.iter().for_each(|it| self.function_value(it)),
            callee => {
                let Some(member) = callee.as_member_expression() else { return };
                match member.static_property_name() {
                    Some("call" | "apply" | "bind") => self.function_value(member.object()),
                    Some("assign") if member.object().is_specific_id("Object") => self.table_taken(call),
                    _ => {}
                }
            }
        }
    }

    fn table_taken(&mut self, call: &'a CallExpression<'a>) {
        let mut values = call.arguments.iter();
        let table = values.next().and_then(Argument::as_expression).and_then(Expression::get_identifier_reference);
        let Some(table) = table.filter(|table| self.source.sites.tables.contains(table.name.as_str())) else { return };
        for value in values {
            match value.as_expression() {
                Some(value) => self.table(table.name.as_str(), value),
                None => {
                    let reason = "a spread in a mapping table: write the entries";
                    self.module.unread.push(Unread::new(value.span().start, reason));
                }
            }
        }
    }
}
