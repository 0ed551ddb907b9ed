//! The fields that a class of JavaScript writes: `this.id = id`, in its constructor and everywhere else.

use std::collections::HashSet;

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::sites::DEEPEST;

/// What the code of one class writes into its own values.
#[derive(Default)]
pub(super) struct Assigned<'a> {
    /// Names with their places, and what is written where that stands there.
    pub(super) names: Vec<(String, u32, Option<&'a Expression<'a>>)>,
    /// The first place that writes what cannot be known.
    pub(super) unread: Option<u32>,
    /// Where names were taken in already.
    seen: HashSet<u32>,
    /// Other names of `this`.
    selves: HashSet<&'a str>,
    deep: u32,
}

impl<'a> Assigned<'a> {
    pub(super) fn of(class: &'a Class<'a>) -> Self {
        let mut assigned = Self::default();
        for element in &class.body.body {
            match element {
                ClassElement::MethodDefinition(method) if !method.r#static => {
                    assigned.visit_formal_parameters(&method.value.params);
                    method.value.body.iter().for_each(|body| assigned.visit_function_body(body));
                }
                ClassElement::PropertyDefinition(property) if !property.r#static => {
                    property.value.iter().for_each(|value| assigned.visit_expression(value));
                }
                _ => {}
            }
        }
        assigned
    }

    fn is_self(&self, value: &Expression<'_>) -> bool {
        match value.get_inner_expression() {
            Expression::ThisExpression(_) => true,
            Expression::Identifier(name) => self.selves.contains(name.name.as_str()),
            _ => false,
        }
    }

    fn take(&mut self, target: &MemberExpression<'_>, value: Option<&'a Expression<'a>>) {
        if !self.is_self(target.object()) || matches!(target, MemberExpression::PrivateFieldExpression(_)) {
            return;
        }
        let (at, place) = match target {
            MemberExpression::StaticMemberExpression(member) => (target.span().start, member.property.span.start),
            _ => (target.span().start, target.span().start),
        };
        match target.static_property_name() {
            Some(name) if self.seen.insert(at) => self.names.push((name.to_owned(), place, value)),
            Some(_) => {}
            None => drop(self.unread.get_or_insert(at)),
        }
    }
}

impl<'a> Visit<'a> for Assigned<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::VariableDeclarator(variable) => {
                if let (BindingPattern::BindingIdentifier(id), Some(value)) = (&variable.id, &variable.init)
                    && self.is_self(value)
                {
                    self.selves.insert(id.name.as_str());
                }
            }
            AstKind::AssignmentExpression(assignment) => {
                if let Some(member) = assignment.left.as_member_expression() {
                    self.take(member, Some(&assignment.right));
                }
            }
            // `Object.assign(this, values)`
            AstKind::CallExpression(call) => {
                let of = call.callee.as_member_expression().map(MemberExpression::object);
                let writes = of.is_some_and(|of| of.is_specific_id("Object") || of.is_specific_id("Reflect"));
                let to = call.arguments.first().and_then(Argument::as_expression);
                if writes && to.is_some_and(|to| self.is_self(to)) {
                    self.unread.get_or_insert(call.span.start);
                }
            }
            _ => {}
        }
    }

    fn visit_assignment_target(&mut self, it: &AssignmentTarget<'a>) {
        if let Some(member) = it.as_member_expression() {
            self.take(member, None);
        }
        walk::walk_assignment_target(self, it);
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.deep += 1;
        match it {
            // What is `this` in them is another.
            Expression::FunctionExpression(_) | Expression::ClassExpression(_) => {}
            it if self.deep > DEEPEST => drop(self.unread.get_or_insert(it.span().start)),
            it => walk::walk_expression(self, it),
        }
        self.deep -= 1;
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.deep += 1;
        match it {
            Statement::FunctionDeclaration(_) | Statement::ClassDeclaration(_) => {}
            it if self.deep > DEEPEST => drop(self.unread.get_or_insert(it.span().start)),
            it => walk::walk_statement(self, it),
        }
        self.deep -= 1;
    }
}
