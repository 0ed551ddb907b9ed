//! What gets more after it was made.

use std::collections::HashSet;

use ruff_python_ast::{Expr, Operator, Parameters, Stmt};

use super::puts;
use crate::drift::languages::python::names::{Names, last};
use crate::drift::languages::python::sites::patches::choices;
use crate::drift::languages::python::walk::{Node, each};

/// Whether a value is made to hold others.
pub(super) fn is_container(value: &Expr) -> bool {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Expr::Dict(_) | Expr::List(_) | Expr::Set(_) => return true,
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) => return true,
            // `[None] * 3`
            Expr::BinOp(both) if matches!(both.op, Operator::Add | Operator::BitOr | Operator::Mult) => {
                waiting.extend([&*both.left, &*both.right]);
            }
            Expr::Call(call) => {
                // `list[dict]()`
                let made = call.func.as_subscript_expr().map_or(&*call.func, |of| &of.value);
                if last(made).is_some_and(|name| CONTAINERS.contains(&name)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// What makes something to be filled.
const CONTAINERS: [&str; 12] = [
    "ChainMap",
    "Counter",
    "OrderedDict",
    "UserDict",
    "UserList",
    "copy",
    "deepcopy",
    "defaultdict",
    "deque",
    "dict",
    "list",
    "set",
];

/// The names of a file that something may be put into: `kids.append(…)`, `kids[0] = …`, `other = kids`, `fill(kids)`.
pub(in super::super) fn grown<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    each(body, |node| {
        let into: Vec<&Expr> = match node {
            Node::Expr(Expr::Subscript(entry)) if !entry.ctx.is_load() => vec![&entry.value],
            Node::Expr(Expr::Attribute(method)) if puts(method.attr.as_str()) => vec![&method.value],
            Node::Expr(Expr::Call(call)) if !names.is_foreign(&call.func) => {
                let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                call.arguments.args.iter().chain(keywords).collect()
            }
            Node::Expr(Expr::Named(named)) => vec![&named.value],
            Node::Expr(Expr::Lambda(lambda)) => lambda.parameters.iter().flat_map(|all| defaults(all)).collect(),
            Node::Stmt(Stmt::FunctionDef(function)) => defaults(&function.parameters).collect(),
            // `a = b = []`
            Node::Stmt(Stmt::Assign(assign)) if assign.targets.len() > 1 => {
                assign.targets.iter().chain([&*assign.value]).collect()
            }
            Node::Stmt(Stmt::Assign(assign)) => vec![&assign.value],
            Node::Stmt(Stmt::AnnAssign(assign)) => assign.value.as_deref().into_iter().collect(),
            // What a loop goes through is only read, but for what a list has in it.
            Node::Stmt(Stmt::For(each)) if !each.iter.is_name_expr() => vec![&each.iter],
            Node::Stmt(Stmt::Return(back)) => back.value.as_deref().into_iter().collect(),
            _ => return,
        };
        let held = into.into_iter().flat_map(choices).flat_map(|value| match value {
            Expr::List(list) => list.elts.iter().collect(),
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            value => vec![value],
        });
        found.extend(held.filter_map(Expr::as_name_expr).map(|name| name.id.as_str()));
    });
    found
}

fn defaults(parameters: &Parameters) -> impl Iterator<Item = &Expr> {
    parameters.iter_non_variadic_params().filter_map(|parameter| parameter.default.as_deref())
}
