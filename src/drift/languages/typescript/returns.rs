//! What functions give back.

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};

use super::sites::DEEPEST;

/// The values that a function may give back: that of an arrow without a block, else those of all its `return`s. Nothing for
/// what is no function.
pub(super) fn given_back<'a>(function: &'a Expression<'a>) -> Vec<&'a Expression<'a>> {
    match function.get_inner_expression() {
        Expression::ArrowFunctionExpression(function) => match &function.body {
            ArrowFunctionBody::FunctionBody(body) => returned(body),
            body => body.as_expression().into_iter().collect(),
        },
        Expression::FunctionExpression(function) => function.body.as_deref().map(returned).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn returned<'a>(body: &'a FunctionBody<'a>) -> Vec<&'a Expression<'a>> {
    let mut returns = Returns::default();
    returns.visit_function_body(body);
    returns.found
}

/// The walk goes through statements alone.
#[derive(Default)]
struct Returns<'a> {
    found: Vec<&'a Expression<'a>>,
    deep: u32,
}

impl<'a> Visit<'a> for Returns<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        if let AstKind::ReturnStatement(statement) = kind {
            self.found.extend(&statement.argument);
        }
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.deep += 1;
        // Whoever looks for sites comes as deep, and says that it is too deep.
        if self.deep <= DEEPEST && !matches!(it, Statement::FunctionDeclaration(_) | Statement::ClassDeclaration(_)) {
            walk::walk_statement(self, it);
        }
        self.deep -= 1;
    }

    fn visit_expression(&mut self, _: &Expression<'a>) {}

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}
