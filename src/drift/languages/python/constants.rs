//! Dictionaries at the top of a module that stay what they are written as.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::names::Names;
use super::walk::{Node, each};

/// The dictionaries that get their name once, and to which nothing in the file does more than read them.
pub(super) fn tables<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashMap<&'a str, &'a Expr> {
    let found = body.iter().filter_map(|stmt| match stmt {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [target] => Some((target, &*assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => Some((&*assign.target, assign.value.as_deref()?)),
        _ => None,
    });
    // What is assigned to twice is no constant, and stands for itself.
    let found = found.filter(|(target, value)| value.is_dict_expr() && names.constant(target).range() == value.range());
    let found = found.filter_map(|(target, value)| Some((target.as_name_expr()?.id.as_str(), value)));
    let mut found: HashMap<&str, &Expr> = found.collect();
    if found.is_empty() {
        return found;
    }
    let (mut read, mut star) = (HashSet::new(), None);
    each(body, |node| match node {
        Node::Stmt(Stmt::For(each)) => _ = read.insert(each.iter.range()),
        // What comes in whole may have any names.
        Node::Stmt(Stmt::ImportFrom(import)) if import.names.iter().any(|alias| alias.name.as_str() == "*") => {
            star = Some(import.range().start()).max(star);
        }
        Node::Stmt(_) => {}
        Node::Expr(expr) => {
            read.extend(readings(names, expr));
            match touched(expr, &read) {
                Touched::Nothing => {}
                Touched::Name(name) => _ = found.remove(name),
                Touched::Anything => found.clear(),
            }
        }
        Node::Parameter(name) => _ = found.remove(name),
    });
    found.retain(|_, value| star.is_none_or(|star| star < value.range().start()));
    found
}

/// What an expression may do something to.
enum Touched<'a> {
    Nothing,
    Name(&'a str),
    Anything,
}

fn touched<'a>(expr: &'a Expr, read: &HashSet<TextRange>) -> Touched<'a> {
    match expr {
        Expr::Name(name) if matches!(name.id.as_str(), "globals" | "vars" | "locals" | "exec" | "eval") => {
            Touched::Anything
        }
        Expr::Name(name) if name.ctx.is_store() || (name.ctx.is_load() && read.contains(&expr.range())) => {
            Touched::Nothing
        }
        Expr::Name(name) => Touched::Name(name.id.as_str()),
        Expr::Attribute(attribute) if matches!(attribute.attr.as_str(), "__dict__" | "__self__") => Touched::Anything,
        // `fields.BASE`, in a file that imports itself.
        Expr::Attribute(attribute) => Touched::Name(attribute.attr.as_str()),
        Expr::StringLiteral(name) => Touched::Name(name.value.to_str()),
        _ => Touched::Nothing,
    }
}

/// The places of what an expression only reads.
fn readings(names: &Names<'_>, expr: &Expr) -> Vec<TextRange> {
    match expr {
        Expr::Dict(dict) => {
            let spread = dict.items.iter().filter(|item| item.key.is_none());
            spread.map(|item| item.value.range()).collect()
        }
        Expr::Call(ExprCall { func, arguments, .. }) => {
            let spread = arguments.keywords.iter().filter(|keyword| keyword.arg.is_none());
            let mut found: Vec<TextRange> = spread.map(|keyword| keyword.value.range()).collect();
            if matches!(names.known(func), Some("dict" | "list" | "set" | "tuple")) {
                found.extend(arguments.args.iter().map(Ranged::range));
            }
            found
        }
        Expr::Subscript(subscript) if subscript.ctx.is_load() => vec![subscript.value.range()],
        Expr::Attribute(method) => {
            let reads = matches!(method.attr.as_str(), "get" | "items" | "keys" | "values" | "copy");
            if reads { vec![method.value.range()] } else { Vec::new() }
        }
        Expr::Compare(compare) => compare.comparators.iter().map(Ranged::range).collect(),
        Expr::BinOp(both) if both.op == Operator::BitOr => vec![both.left.range(), both.right.range()],
        _ => Vec::new(),
    }
}
