//! What only reads a dictionary.

use ruff_python_ast::{
    Arguments, CmpOp, Comprehension, Expr, ExprCall, FStringPart, InterpolatedStringElement, Operator, Stmt, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use crate::drift::languages::python::names::{Names, dotted};

/// Functions of Python that look at what they get, or at its keys, and keep no hold of it.
const LOOKS: [&str; 18] = [
    "all",
    "any",
    "bool",
    "enumerate",
    "filter",
    "frozenset",
    "isinstance",
    "iter",
    "len",
    "map",
    "max",
    "min",
    "print",
    "repr",
    "reversed",
    "sorted",
    "str",
    "zip",
];

/// The places of what a statement only reads.
pub(super) fn told(stmt: &Stmt) -> Vec<TextRange> {
    match stmt {
        Stmt::For(each) => vec![each.iter.range()],
        Stmt::If(choice) => {
            let others = choice.elif_else_clauses.iter().filter_map(|clause| clause.test.as_ref());
            std::iter::once(&*choice.test).chain(others).flat_map(asked).collect()
        }
        Stmt::While(again) => asked(&again.test),
        Stmt::Assert(claim) => asked(&claim.test),
        _ => Vec::new(),
    }
}

/// The places in a statement that only look as if more were done.
pub(super) fn excused(names: &Names<'_>, stmt: &Stmt) -> Vec<TextRange> {
    let (target, value) = match stmt {
        Stmt::Assign(assign) => (assign.targets.first(), Some(&*assign.value)),
        Stmt::AnnAssign(assign) => (Some(&*assign.target), assign.value.as_deref()),
        Stmt::AugAssign(assign) => (Some(&*assign.target), Some(&*assign.value)),
        // A module that is only run.
        Stmt::Expr(alone) => {
            let run = alone.value.as_call_expr().and_then(|call| call.func.as_attribute_expr());
            let run = run.filter(|_| full(names, &alone.value).is_some_and(|name| name == "importlib.import_module"));
            return run.into_iter().flat_map(|run| [run.range(), run.value.range()]).collect();
        }
        _ => return Vec::new(),
    };
    // `__all__ = ["BASE"]`
    let is_list = target.and_then(Expr::as_name_expr).is_some_and(|name| name.id == "__all__");
    let items = match value {
        Some(Expr::List(list)) if is_list => &*list.elts,
        Some(Expr::Tuple(tuple)) if is_list => &*tuple.elts,
        _ => &[],
    };
    items.iter().filter(|item| item.is_string_literal_expr()).map(Ranged::range).collect()
}

/// The places of what an expression only reads.
pub(super) fn readings(names: &Names<'_>, expr: &Expr) -> Vec<TextRange> {
    match expr {
        Expr::Dict(dict) => {
            let spread = dict.items.iter().filter(|item| item.key.is_none());
            spread.map(|item| item.value.range()).collect()
        }
        Expr::Call(call) => of_call(names, call),
        Expr::Subscript(subscript) if subscript.ctx.is_load() => vec![subscript.value.range()],
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([CmpOp::In | CmpOp::NotIn], [within]) => vec![within.range()],
            ([CmpOp::Is | CmpOp::IsNot], [other]) => vec![compare.left.range(), other.range()],
            // What else a dictionary is compared with gets it.
            ([CmpOp::Eq | CmpOp::NotEq], [other]) => both(names, &compare.left, other),
            _ => Vec::new(),
        },
        Expr::BinOp(joined) if joined.op == Operator::BitOr => both(names, &joined.left, &joined.right),
        // `"%s" % BASE`
        Expr::BinOp(text) if text.op == Operator::Mod && text.left.is_string_literal_expr() => vec![text.right.range()],
        Expr::ListComp(each) => of_each(&each.generators),
        Expr::SetComp(each) => of_each(&each.generators),
        Expr::DictComp(each) => of_each(&each.generators),
        Expr::Generator(each) => of_each(&each.generators),
        Expr::If(choice) => asked(&choice.test),
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => asked(&not.operand),
        Expr::Starred(starred) if starred.ctx.is_load() => vec![starred.value.range()],
        Expr::FString(string) => {
            let parts = string.value.iter().filter_map(|part| match part {
                FStringPart::FString(string) => Some(&string.elements),
                FStringPart::Literal(_) => None,
            });
            let elements = parts.flatten().filter_map(InterpolatedStringElement::as_interpolation);
            elements.map(|inserted| inserted.expression.range()).collect()
        }
        _ => Vec::new(),
    }
}

fn of_call(names: &Names<'_>, call: &ExprCall) -> Vec<TextRange> {
    let ExprCall { func, arguments, .. } = call;
    let spread = arguments.keywords.iter().filter(|keyword| keyword.arg.is_none());
    let mut found: Vec<TextRange> = spread.map(|keyword| keyword.value.range()).collect();
    if copies(names, func) || looks(names, func, arguments) || writes(names, func, arguments) {
        found.extend(arguments.args.iter().map(Ranged::range));
    }
    if let Expr::Attribute(method) = &**func
        && names.is_foreign_text(method.attr.as_str())
    {
        match method.attr.as_str() {
            // `df.rename(columns=BASE)`
            "rename" => found.extend(arguments.keywords.iter().map(|keyword| keyword.value.range())),
            // `column.map(BASE)`
            "map" | "replace" => found.extend(arguments.args.iter().map(Ranged::range)),
            _ => {}
        }
    }
    if let Expr::Attribute(method) = &**func
        && matches!(method.attr.as_str(), "get" | "items" | "keys" | "values" | "copy")
    {
        found.push(method.value.range());
    }
    found
}

/// What is gone through to make a list, and what is asked of each.
fn of_each(generators: &[Comprehension]) -> Vec<TextRange> {
    let asked_of = |each: &Comprehension| each.ifs.iter().flat_map(asked).collect::<Vec<_>>();
    generators.iter().flat_map(|each| std::iter::once(each.iter.range()).chain(asked_of(each))).collect()
}

/// What is only asked whether it is empty.
fn asked(test: &Expr) -> Vec<TextRange> {
    let (mut found, mut waiting) = (Vec::new(), vec![test]);
    while let Some(test) = waiting.pop() {
        match test {
            Expr::BoolOp(both) => waiting.extend(&both.values),
            _ => found.push(test.range()),
        }
    }
    found
}

/// Functions of Python that make something of their own of what they get.
fn copies(names: &Names<'_>, function: &Expr) -> bool {
    names.is_foreign(function) && matches!(names.known(function), Some("dict" | "list" | "set" | "tuple"))
}

fn looks(names: &Names<'_>, function: &Expr, arguments: &Arguments) -> bool {
    let name = function.as_name_expr().map(|name| name.id.as_str());
    // Of several values one is given back.
    let keeps_none = |name: &str| !matches!(name, "max" | "min") || arguments.args.len() == 1;
    let is_own = |name: &str| !names.given.is_foreign(name) || names.is_imported(name);
    name.is_some_and(|name| LOOKS.contains(&name) && keeps_none(name) && !is_own(name))
}

/// What makes text of what it gets: `json.dumps(BASE)`, `", ".join(BASE)`, `logger.info("%s", BASE)`.
fn writes(names: &Names<'_>, function: &Expr, arguments: &Arguments) -> bool {
    if full(names, function).is_some_and(|name| name == "json.dumps") {
        let is_plain = |name: &str| matches!(name, "ensure_ascii" | "indent" | "separators" | "sort_keys");
        return arguments.keywords.iter().all(|keyword| keyword.arg.as_ref().is_some_and(|name| is_plain(name)));
    }
    let Expr::Attribute(method) = function else { return false };
    match method.attr.as_str() {
        "join" | "format" | "format_map" => method.value.is_string_literal_expr(),
        "critical" | "debug" | "error" | "exception" | "info" | "log" | "warning" => {
            let of = names.constant(&method.value);
            let made = of.as_call_expr().and_then(|call| full(names, &call.func));
            made.is_some_and(|name| name == "logging.getLogger")
                || full(names, of).is_some_and(|name| name == "logging")
        }
        _ => false,
    }
}

/// What a package calls a function, or what gives it, where the name has no other meaning.
fn full(names: &Names<'_>, function: &Expr) -> Option<String> {
    let function = function.as_call_expr().map_or(function, |call| &call.func);
    names.is_foreign(function).then(|| dotted(function)).flatten().and_then(|written| names.full(&written))
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
