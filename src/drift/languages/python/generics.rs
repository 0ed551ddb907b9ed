//! Type parameters: which ones a class or an alias has, in which order, and what references give for them.

use ruff_python_ast::{Expr, ExprCall, ExprSubscript, StmtClassDef, TypeParam, TypeParams};

use super::names::Names;
use super::types::{Types, arguments, at};
use crate::drift::shape::Shape;

/// The most arguments of one reference.
const MOST_ARGUMENTS: usize = 16;
/// How deep the parameters of a base class are looked for.
const MAX_DEPTH: usize = 32;

/// A type parameter.
pub(super) struct Parameter<'a> {
    name: &'a str,
    /// What it is where nothing is given for it.
    otherwise: Shape,
    /// It stands for any number of types, or behind one that does.
    is_rest: bool,
}

/// How many types a parameter stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    One,
    /// `TypeVarTuple`.
    Any,
}

/// What the parameter of this name stands for, if there is one.
pub(super) fn meant(parameters: &[Parameter<'_>], name: &str) -> Option<Shape> {
    let place = parameters.iter().position(|parameter| parameter.name == name)?;
    let parameter = parameters.get(place)?;
    if !parameter.is_rest {
        return Some(Shape::variable(place, parameter.otherwise.clone()));
    }
    let first = parameters.iter().position(|parameter| parameter.is_rest).unwrap_or(place);
    Some(Shape::Any((first..MOST_ARGUMENTS).map(|place| Shape::variable(place, Shape::Opaque)).collect()))
}

/// What the class gives for its own parameters where it names itself.
pub(super) fn itself(parameters: &[Parameter<'_>]) -> Vec<Shape> {
    let is_plain = parameters.iter().all(|parameter| !parameter.is_rest);
    let names = parameters.iter().filter(|_| is_plain).map(|parameter| parameter.name);
    names.filter_map(|name| meant(parameters, name)).collect()
}

/// A reference with what it gives for the parameters.
pub(super) fn given(types: &Types<'_, '_>, to: Shape, with: &ExprSubscript, depth: usize) -> Shape {
    let arguments = arguments(with);
    if !matches!(to, Shape::Named { .. }) {
        return to;
    }
    if arguments.len() > MOST_ARGUMENTS {
        return Shape::unread(at(with), "a type with more than 16 arguments: write a class without them");
    }
    let read = |argument: &Expr| match argument {
        // The arguments of a function.
        Expr::List(_) => Shape::Opaque,
        other => types.read(other, depth).unwrap_or(Shape::Opaque),
    };
    to.given(arguments.iter().map(read).collect())
}

/// The parameters of a class: its own, those that `Generic` or `Protocol` list, or those of its base classes as they come.
pub(super) fn of_class<'a>(names: &Names<'a>, text: &'a str, class: &'a StmtClassDef) -> Vec<Parameter<'a>> {
    if let Some(params) = &class.type_params {
        return of_params(names, text, params);
    }
    let bases = || class.arguments.iter().flat_map(|arguments| &arguments.args).filter_map(Expr::as_subscript_expr);
    let lists = |base: &&ExprSubscript| matches!(names.known(&base.value), Some("Generic" | "Protocol"));
    let mut found = Vec::new();
    match bases().find(lists) {
        Some(list) => arguments(list).iter().for_each(|argument| appear(names, argument, true, MAX_DEPTH, &mut found)),
        None => bases().for_each(|base| {
            arguments(base).iter().for_each(|argument| appear(names, argument, false, MAX_DEPTH, &mut found));
        }),
    }
    of_names(names, text, found)
}

/// Those of an alias: `Items = list[T]`.
pub(super) fn of_alias<'a>(names: &Names<'a>, text: &'a str, value: &'a Expr) -> Vec<Parameter<'a>> {
    let mut found = Vec::new();
    match value.as_call_expr().and_then(|call| call.arguments.find_keyword("type_params")) {
        Some(listed) => appear(names, &listed.value, true, MAX_DEPTH, &mut found),
        None => appear(names, value, false, MAX_DEPTH, &mut found),
    }
    of_names(names, text, found)
}

/// `[T, U = str, *Rest]`.
pub(super) fn of_params<'a>(names: &Names<'a>, text: &'a str, params: &'a TypeParams) -> Vec<Parameter<'a>> {
    let mut found: Vec<Parameter<'a>> = Vec::new();
    for param in params.iter() {
        let (default, number) = match param {
            TypeParam::TypeVar(one) => (one.default.as_deref(), Number::One),
            TypeParam::ParamSpec(_) => (None, Number::One),
            TypeParam::TypeVarTuple(_) => (None, Number::Any),
        };
        push(names, text, (param.name().as_str(), default, number), &mut found);
    }
    found
}

fn of_names<'a>(names: &Names<'a>, text: &'a str, found: Vec<&'a str>) -> Vec<Parameter<'a>> {
    let mut parameters = Vec::new();
    for name in found {
        let made = names.variables.get(name).copied();
        let default = made.and_then(|call: &ExprCall| call.arguments.find_keyword("default"));
        let many = made.is_some_and(|call| names.known(&call.func) == Some("TypeVarTuple"));
        let number = if many { Number::Any } else { Number::One };
        push(names, text, (name, default.map(|default| &default.value), number), &mut parameters);
    }
    parameters
}

fn push<'a>(
    names: &Names<'a>,
    text: &'a str,
    (name, default, number): (&'a str, Option<&'a Expr>, Number),
    parameters: &mut Vec<Parameter<'a>>,
) {
    let types = Types { names, text, scope: "", variables: parameters };
    let otherwise = default.filter(|_| number == Number::One).map_or(Shape::Opaque, |default| types.shape(default));
    let is_rest = number == Number::Any || parameters.iter().any(|parameter| parameter.is_rest);
    parameters.push(Parameter { name, otherwise, is_rest });
}

/// The parameters in an expression, as they appear; where nothing but parameters can stand `all` names are some.
fn appear<'a>(names: &Names<'a>, expr: &'a Expr, all: bool, depth: usize, found: &mut Vec<&'a str>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut each = |inner: &'a Expr| appear(names, inner, all, depth, found);
    match expr {
        Expr::Name(name) => {
            let name = name.id.as_str();
            let is_one = all || names.variables.contains_key(name) || (names.is_imported(name) && is_called_so(name));
            if is_one && !found.contains(&name) {
                found.push(name);
            }
        }
        Expr::Subscript(subscript) => arguments(subscript).iter().for_each(each),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(each),
        Expr::List(list) => list.elts.iter().for_each(each),
        Expr::Starred(starred) => each(&starred.value),
        Expr::BinOp(union) => {
            each(&union.left);
            each(&union.right);
        }
        _ => {}
    }
}

/// Whether a name of another file is spelt like a parameter: `T`, `T_co`, `ItemT`. A class of such a name stays one where
/// nothing is given.
fn is_called_so(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    let bare = name.strip_suffix("_co").or_else(|| name.strip_suffix("_contra")).unwrap_or(name);
    let mut letters = bare.chars();
    let is_letter = letters.next().is_some_and(char::is_uppercase) && letters.all(|rest| rest.is_ascii_digit());
    let is_suffixed =
        bare.strip_suffix('T').is_some_and(|stem| stem.ends_with(|last: char| last.is_lowercase() || last == '_'));
    is_letter || is_suffixed || bare.starts_with("T_")
}
