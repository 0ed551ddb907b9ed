//! Every statement and expression of a file, without a call for each level of nesting.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{ExceptHandler, Expr, Identifier, Parameter, Pattern, Stmt};

/// A part of a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'a> {
    /// A statement.
    Stmt(&'a Stmt),
    /// An expression.
    Expr(&'a Expr),
    /// A name that an argument, a pattern or an exception gets.
    Parameter(&'a Identifier),
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Node(Node<'a>),
    Pattern(&'a Pattern),
}

/// What stands directly below a node: the parser's own walk, stopped at each node.
#[derive(Default)]
struct Below<'a>(Vec<Part<'a>>);

impl<'a> Visitor<'a> for Below<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.0.push(Part::Node(Node::Stmt(stmt)));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.0.push(Part::Node(Node::Expr(expr)));
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        self.0.push(Part::Pattern(pattern));
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(caught) = handler;
        self.0.extend(caught.name.iter().map(|name| Part::Node(Node::Parameter(name))));
        visitor::walk_except_handler(self, handler);
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.0.push(Part::Node(Node::Parameter(&parameter.name)));
        visitor::walk_parameter(self, parameter);
    }
}

/// Shows every part of some statements to `see`.
pub(super) fn each<'a>(body: &'a [Stmt], mut see: impl FnMut(Node<'a>)) {
    each_while(body, |node| {
        see(node);
        true
    });
}

/// Shows the parts of some statements to `see`, which says of each whether what stands below it is wanted.
pub(super) fn each_while<'a>(body: &'a [Stmt], mut see: impl FnMut(Node<'a>) -> bool) {
    walk(body.iter().rev().map(|stmt| Part::Node(Node::Stmt(stmt))).collect(), &mut see);
}

/// Shows every part of an expression to `see`.
pub(super) fn each_expr<'a>(expr: &'a Expr, mut see: impl FnMut(&'a Expr)) {
    walk(vec![Part::Node(Node::Expr(expr))], &mut |node| {
        if let Node::Expr(expr) = node {
            see(expr);
        }
        true
    });
}

fn walk<'a>(mut rest: Vec<Part<'a>>, see: &mut dyn FnMut(Node<'a>) -> bool) {
    while let Some(part) = rest.pop() {
        let mut below = Below::default();
        match part {
            Part::Node(node) => {
                let is_wanted = see(node);
                match node {
                    _ if !is_wanted => {}
                    Node::Stmt(stmt) => visitor::walk_stmt(&mut below, stmt),
                    Node::Expr(expr) => visitor::walk_expr(&mut below, expr),
                    Node::Parameter(_) => {}
                }
            }
            Part::Pattern(pattern) => {
                if let Some(name) = captured(pattern) {
                    see(Node::Parameter(name));
                }
                visitor::walk_pattern(&mut below, pattern);
            }
        }
        rest.extend(below.0.into_iter().rev());
    }
}

fn captured(pattern: &Pattern) -> Option<&Identifier> {
    match pattern {
        Pattern::MatchAs(pattern) => pattern.name.as_ref(),
        Pattern::MatchStar(pattern) => pattern.name.as_ref(),
        Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
        _ => None,
    }
}
