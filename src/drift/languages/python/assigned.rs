//! Types that are made by an assignment: `NewType`, aliases, the functional forms.

use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::names::{Names, literal_kind};
use super::types::{Types, at};
use crate::drift::shape::{Definition, Kind, Member, Shape};

/// The definition that a statement outside of classes and functions makes, if it makes one.
pub(super) fn definition<'a>(names: &Names<'a>, text: &'a str, stmt: &'a Stmt) -> Option<Definition> {
    let mut variables: Vec<&str> = Vec::new();
    let (target, value, says_so) = match stmt {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(target)] => (target, &*assign.value, false),
            _ => return None,
        },
        Stmt::AnnAssign(assign) => match (&*assign.target, &assign.value) {
            (Expr::Name(target), Some(value)) if names.known(&assign.annotation) == Some("TypeAlias") => {
                (target, &**value, true)
            }
            _ => return None,
        },
        Stmt::TypeAlias(alias) => {
            variables.extend(alias.type_params.iter().flat_map(|params| params.iter()).map(|p| p.name().as_str()));
            (alias.name.as_name_expr()?, &*alias.value, true)
        }
        _ => return None,
    };
    let types = Types { names, text, scope: "", variables: &variables };
    let shape = match value {
        Expr::Call(call) => made(&types, call)?,
        _ if says_so || is_type(names, target.id.as_str(), value) => types.shape(value),
        _ => return None,
    };
    Some(Definition { name: target.id.to_string(), at: at(target), shape, case: None })
}

/// Whether a plain assignment gives a type another name: types begin with a capital and are no constants.
fn is_type(names: &Names<'_>, target: &str, value: &Expr) -> bool {
    let titled = |name: &str| {
        name.starts_with(|first: char| first.is_uppercase())
            && (name.chars().any(char::is_lowercase) || name.len() == 1)
    };
    let is_name = |expr: &Expr| match expr {
        Expr::Name(name) => titled(name.id.as_str()) || names.known(expr).is_some(),
        Expr::Attribute(attribute) => titled(attribute.attr.as_str()),
        Expr::Subscript(subscript) => match &*subscript.value {
            Expr::Name(name) => titled(name.id.as_str()) || names.known(&subscript.value).is_some(),
            Expr::Attribute(attribute) => titled(attribute.attr.as_str()),
            _ => false,
        },
        Expr::NoneLiteral(_) | Expr::StringLiteral(_) => true,
        _ => false,
    };
    let mut left = value;
    while let Expr::BinOp(union) = left {
        if !is_name(&union.right) {
            return false;
        }
        left = &union.left;
    }
    let alone = matches!(value, Expr::NoneLiteral(_) | Expr::StringLiteral(_));
    titled(target) && !alone && is_name(left)
}

/// The type that a call makes; `None` for a call that makes none.
pub(super) fn made(types: &Types<'_, '_>, call: &ExprCall) -> Option<Shape> {
    let arguments = &call.arguments;
    let second = |name| arguments.find_argument_value(name, 1);
    let unread = |reason| Shape::unread(at(call), reason);
    Some(match types.names.known(&call.func)? {
        "NewType" => second("tp").map_or(Shape::Opaque, |of| types.shape(of)),
        "TypeAliasType" => second("value").map_or(Shape::Opaque, |of| types.shape(of)),
        "TypeVar" | "ParamSpec" | "TypeVarTuple" => Shape::Opaque,
        "TypedDict" => second("fields").map_or(Shape::Object(Vec::new()), |fields| keyed(types, fields)),
        "NamedTuple" => second("fields").map_or(Shape::Object(Vec::new()), |fields| listed(types, fields)),
        "namedtuple" => second("field_names").map_or(Shape::Object(Vec::new()), |fields| listed(types, fields)),
        "StrEnum" => Shape::enumerated(Kind::String),
        "Enum" | "IntEnum" | "IntFlag" | "Flag" => Shape::enumerated(Kind::Number),
        "create_model" | "make_dataclass" | "make_class" | "defstruct" => {
            unread("a call makes this type when the code runs; write a class")
        }
        "type" if arguments.args.len() == 3 => unread("a call makes this type when the code runs; write a class"),
        _ => return None,
    })
}

/// `TypedDict("Order", {"id": str})`.
fn keyed(types: &Types<'_, '_>, fields: &Expr) -> Shape {
    let Expr::Dict(dict) = fields else { return Shape::unread(at(fields), "these fields are computed; write a class") };
    let mut members = Vec::new();
    let mut shapes = Vec::new();
    for item in &dict.items {
        match item.key.as_ref().map(|key| (key, types.names.string(key))) {
            Some((key, Some(name))) => members.push(Member::new(name, at(key), types.shape(&item.value)).explicit()),
            _ => {
                shapes.push(Shape::unread(at(&item.value), "the name of this field is computed; write it as a string"))
            }
        }
    }
    whole(members, shapes)
}

/// `NamedTuple("Order", [("id", str)])`, `namedtuple("Order", "id total")`.
fn listed(types: &Types<'_, '_>, fields: &Expr) -> Shape {
    let mut members = Vec::new();
    let mut shapes = Vec::new();
    let items = match fields {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::StringLiteral(names) => {
            let names = names.value.to_str().split([',', ' ']).filter(|name| !name.is_empty());
            return Shape::Object(names.map(|name| Member::new(name, at(fields), Shape::Opaque)).collect());
        }
        other => return Shape::unread(at(other), "these fields are computed; write a class"),
    };
    for item in items {
        let (name, shape) = match item {
            Expr::Tuple(pair) => match pair.elts.as_slice() {
                [name, of] => (name, types.shape(of)),
                _ => (item, Shape::Opaque),
            },
            name => (name, Shape::Opaque),
        };
        match types.names.string(name) {
            Some(text) if literal_kind(name).is_some() => members.push(Member::new(text, at(name), shape)),
            _ => shapes.push(Shape::unread(at(name), "the name of this field is computed; write it as a string")),
        }
    }
    whole(members, shapes)
}

fn whole(members: Vec<Member>, unread: Vec<Shape>) -> Shape {
    if unread.is_empty() {
        return Shape::Object(members);
    }
    Shape::All(std::iter::once(Shape::Object(members)).chain(unread).collect())
}
