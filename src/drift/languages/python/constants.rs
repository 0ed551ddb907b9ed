//! What names stand for that a file gives a meaning once, and which dictionaries of these stay what they are written as.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{CmpOp, Expr, ExprCall, Operator, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::bodies;
use super::names::Names;
use super::walk::{Node, each};

/// What leads to the names of a module or to the object of a method, whatever they are called.
const WAYS: [&str; 18] = [
    "__builtins__",
    "__dict__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__self__",
    "_getframe",
    "attrgetter",
    "eval",
    "exec",
    "f_globals",
    "f_locals",
    "globals",
    "importlib",
    "inspect",
    "locals",
    "modules",
    "vars",
];

/// The value of a constant, and where it has its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constant<'a> {
    pub(super) value: &'a Expr,
    scope: Scope,
}

#[derive(Clone, Copy, Debug)]
enum Scope {
    Module,
    /// In a condition or a loop of the module.
    Block,
    Function(TextRange),
    Class(TextRange),
}

impl Constant<'_> {
    /// Whether a name at some place is this constant: a star import may have brought another one of its name.
    pub(super) fn counts_at(&self, place: TextSize, star: Option<TextSize>) -> bool {
        let is_behind = self.value.range().end() <= place;
        match self.scope {
            Scope::Module => star.is_none_or(|star| star < self.value.range().start() && is_behind),
            Scope::Block => star.is_none(),
            Scope::Function(range) => range.contains(place) && is_behind,
            Scope::Class(range) => range.contains(place) && star.is_none(),
        }
    }
}

/// The constants of a file.
pub(super) fn of<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashMap<&'a str, Constant<'a>> {
    let mut found = HashMap::new();
    let mut rest: Vec<(&Stmt, Scope)> = body.iter().map(|stmt| (stmt, Scope::Module)).collect();
    while let Some((stmt, scope)) = rest.pop() {
        let assigned = match stmt {
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [target] => Some((target, &*assign.value)),
                _ => None,
            },
            Stmt::AnnAssign(assign) => assign.value.as_deref().map(|value| (&*assign.target, value)),
            _ => None,
        };
        if let Some((Expr::Name(name), value)) = assigned
            && names.given.once(name.id.as_str())
        {
            found.insert(name.id.as_str(), Constant { value, scope });
        }
        let below = match (stmt, scope) {
            (Stmt::FunctionDef(_), _) => Scope::Function(stmt.range()),
            (Stmt::ClassDef(_), _) => Scope::Class(stmt.range()),
            (_, Scope::Module) => Scope::Block,
            (_, scope) => scope,
        };
        rest.extend(bodies(stmt).into_iter().flatten().map(|stmt| (stmt, below)));
    }
    found
}

/// The dictionaries at the top of a module to which nothing in the file does more than read them.
pub(super) fn tables<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashSet<&'a str> {
    let constants = names.constants.iter().filter(|(_, constant)| matches!(constant.scope, Scope::Module));
    let mut found: HashSet<&str> =
        constants.filter(|(_, constant)| constant.value.is_dict_expr()).map(|(name, _)| *name).collect();
    if found.is_empty() {
        return found;
    }
    let mut read = HashSet::new();
    each(body, |node| match node {
        Node::Stmt(Stmt::For(each)) => _ = read.insert(each.iter.range()),
        // `from fields import BASE as other`, in a file of that name.
        Node::Stmt(Stmt::ImportFrom(import)) => {
            for alias in &import.names {
                found.remove(alias.name.as_str());
                if WAYS.contains(&alias.name.as_str()) {
                    found.clear();
                }
            }
        }
        Node::Stmt(_) => {}
        Node::Expr(expr) => {
            read.extend(readings(names, expr));
            match touched(names, expr, &read) {
                Touched::Nothing => {}
                Touched::Name(name) => _ = found.remove(name),
                Touched::Anything => found.clear(),
            }
        }
        Node::Parameter(name) => _ = found.remove(name),
    });
    found
}

/// What an expression may do something to.
enum Touched<'a> {
    Nothing,
    Name(&'a str),
    Anything,
}

fn touched<'a>(names: &Names<'_>, expr: &'a Expr, read: &HashSet<TextRange>) -> Touched<'a> {
    match expr {
        Expr::Name(name) if WAYS.contains(&name.id.as_str()) => Touched::Anything,
        Expr::Name(name) if name.ctx.is_store() || (name.ctx.is_load() && read.contains(&expr.range())) => {
            Touched::Nothing
        }
        Expr::Name(name) => Touched::Name(name.id.as_str()),
        Expr::Attribute(attribute) if WAYS.contains(&attribute.attr.as_str()) => Touched::Anything,
        // What the views of a dictionary show of it, `BASE.keys().mapping`, compares as the dictionary itself.
        Expr::Attribute(attribute) if attribute.attr.as_str() == "mapping" && attribute.value.is_call_expr() => {
            Touched::Anything
        }
        // `fields.BASE`, in a file that imports itself.
        Expr::Attribute(attribute) => Touched::Name(attribute.attr.as_str()),
        Expr::Call(call) if is_computed_member(names, call) => Touched::Anything,
        Expr::StringLiteral(name) if name.value.to_str().contains('_') && WAYS.contains(&name.value.to_str()) => {
            Touched::Anything
        }
        Expr::StringLiteral(name) => Touched::Name(name.value.to_str()),
        _ => Touched::Nothing,
    }
}

/// `getattr(fields, name)` of a module, which may be the file itself.
fn is_computed_member(names: &Names<'_>, call: &ExprCall) -> bool {
    let [Expr::Name(of), member, ..] = &*call.arguments.args else { return false };
    let is_getattr = call.func.as_name_expr().is_some_and(|function| function.id == "getattr");
    is_getattr && !member.is_string_literal_expr() && names.is_imported(of.id.as_str())
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
            if copies(names, func) {
                found.extend(arguments.args.iter().map(Ranged::range));
            }
            if let Expr::Attribute(method) = &**func
                && matches!(method.attr.as_str(), "get" | "items" | "keys" | "values" | "copy")
            {
                found.push(method.value.range());
            }
            found
        }
        Expr::Subscript(subscript) if subscript.ctx.is_load() => vec![subscript.value.range()],
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([CmpOp::In | CmpOp::NotIn], [within]) => vec![within.range()],
            ([CmpOp::Is | CmpOp::IsNot], [other]) => vec![compare.left.range(), other.range()],
            // What else a dictionary is compared with gets it.
            ([CmpOp::Eq | CmpOp::NotEq], [other]) => both(names, &compare.left, other),
            _ => Vec::new(),
        },
        Expr::BinOp(joined) if joined.op == Operator::BitOr => both(names, &joined.left, &joined.right),
        _ => Vec::new(),
    }
}

/// Functions of Python that only look at what they get.
fn copies(names: &Names<'_>, function: &Expr) -> bool {
    names.is_foreign(function) && matches!(names.known(function), Some("dict" | "list" | "set" | "tuple"))
}

/// The sides of an operator, where it is that of dictionaries.
fn both(names: &Names<'_>, left: &Expr, right: &Expr) -> Vec<TextRange> {
    let is_dict = |side: &Expr| match side {
        Expr::Dict(_) => true,
        Expr::Call(call) => copies(names, &call.func),
        Expr::Name(_) => names.constant(side).is_dict_expr(),
        _ => false,
    };
    if is_dict(left) && is_dict(right) { vec![left.range(), right.range()] } else { Vec::new() }
}
