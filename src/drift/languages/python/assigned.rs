//! Types that are made by an assignment: `NewType`, aliases, the functional forms.

use ruff_python_ast::{Expr, ExprCall, Keyword, Stmt};

use super::fields::annotated;
use super::generics;
use super::names::{Names, literal_kind};
use super::types::{Types, at};
use crate::drift::shape::{Definition, Kind, Member, Shape};

/// What a type that is no class is made by.
const MADE: &str = "a call makes this type when the code runs; write a class";

/// The definitions that a statement outside of classes and functions makes.
pub(super) fn definitions<'a>(names: &Names<'a>, text: &'a str, stmt: &'a Stmt) -> Vec<Definition> {
    match stmt {
        Stmt::Assign(assign) => {
            let mut found = Vec::new();
            assign.targets.iter().for_each(|target| assigned(names, text, target, &assign.value, &mut found));
            found
        }
        Stmt::AnnAssign(assign) => {
            let Some(value) = &assign.value else { return Vec::new() };
            if names.known(&assign.annotation) == Some("TypeAlias") {
                let variables = generics::of_alias(names, text, value);
                let types = Types { names, text, scope: "", variables: &variables };
                return one(&assign.target, aliased(&types, value)).into_iter().collect();
            }
            let mut found = Vec::new();
            assigned(names, text, &assign.target, value, &mut found);
            found
        }
        Stmt::TypeAlias(alias) => {
            let params = alias.type_params.as_deref();
            let variables = params.map(|params| generics::of_params(names, text, params)).unwrap_or_default();
            let types = Types { names, text, scope: "", variables: &variables };
            one(&alias.name, aliased(&types, &alias.value)).into_iter().collect()
        }
        // `(Order := make())`
        Stmt::Expr(line) => {
            let mut found = Vec::new();
            if let Expr::Named(named) = &*line.value {
                assigned(names, text, &named.target, &named.value, &mut found);
            }
            found
        }
        _ => Vec::new(),
    }
}

fn one(target: &Expr, shape: Option<Shape>) -> Option<Definition> {
    let name = target.as_name_expr()?;
    Some(Definition { name: name.id.to_string(), at: at(name), shape: shape?, case: None })
}

/// What a statement that says that it names a type says of it.
fn aliased(types: &Types<'_, '_>, value: &Expr) -> Option<Shape> {
    match value {
        Expr::Call(call) => made(types, call),
        value => Some(alias(types, value)),
    }
}

/// The type that a name is given.
fn alias(types: &Types<'_, '_>, value: &Expr) -> Shape {
    match types.plain(value, |value| annotated(types.names, value).says_nothing()) {
        true => types.shape(value),
        false => {
            Shape::unread(at(value), "this type names the fields that have it; write `Field(...)` at each of them")
        }
    }
}

/// What a plain assignment makes of its names: `Order = TypedDict(…)`, `A = B = C`, `A, B = C, D`.
fn assigned<'a>(names: &Names<'a>, text: &'a str, target: &'a Expr, value: &'a Expr, found: &mut Vec<Definition>) {
    let parts = |expr: &'a Expr| match expr {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        _ => None,
    };
    if let Some(targets) = parts(target) {
        for (place, target) in targets.iter().enumerate() {
            // What is nested deeper, or taken out of a value, is no common way to name a type.
            if let (Expr::Name(name), Some(value)) = (target, parts(value).and_then(|values| values.get(place))) {
                found.extend(named(names, text, name.id.as_str(), at(name), value));
            }
        }
        return;
    }
    match target {
        Expr::Name(name) => found.extend(named(names, text, name.id.as_str(), at(name), value)),
        // `globals()["Order"] = …`
        Expr::Subscript(entry) => {
            let own = entry.value.as_call_expr().and_then(|call| names.known(&call.func)) == Some("globals");
            if let (true, Some(name)) = (own, names.string(&entry.slice)) {
                found.extend(named(names, text, &name, at(target), value));
            }
        }
        _ => {}
    }
}

fn named<'a>(names: &Names<'a>, text: &'a str, name: &str, place: u32, value: &'a Expr) -> Option<Definition> {
    let variables = generics::of_alias(names, text, value);
    let types = Types { names, text, scope: "", variables: &variables };
    let shape = match value {
        Expr::Call(call) => made(&types, call).or_else(|| may_make(names, name, call).then(|| unread(value)))?,
        _ if is_type(names, name, value) => alias(&types, value),
        _ if may_be_type(names, name, value) => unread(value),
        _ => return None,
    };
    Some(Definition { name: name.to_owned(), at: place, shape, case: None })
}

fn unread(value: &Expr) -> Shape {
    Shape::unread(at(value), MADE)
}

/// Whether a call that nobody knows may make a type: it is given the name that its result gets, it decorates a class, or it
/// is a function of this repository and the name is one of types. A class that is called makes a value.
fn may_make(names: &Names<'_>, target: &str, call: &ExprCall) -> bool {
    let first = call.arguments.args.first();
    if first.and_then(|first| names.string(first)).is_some_and(|name| name == target) {
        return true;
    }
    let callee = match &*call.func {
        // `dataclass(frozen=True)(Order)`
        Expr::Call(inner) => &*inner.func,
        other => other,
    };
    if !is_titled(target) {
        return false;
    }
    match names.known(callee) {
        Some("dataclass" | "define" | "frozen" | "mutable" | "attrs" | "s" | "dataclass_json") => first.is_some(),
        Some("cast") => call.arguments.args.get(1).is_some_and(|value| may_be_type(names, target, value)),
        Some(_) => false,
        None => match callee {
            Expr::Name(name) => !is_titled(name.id.as_str()),
            Expr::Attribute(attribute) => !is_titled(attribute.attr.as_str()),
            _ => true,
        },
    }
}

/// Whether a value may be a type, and which one only the running code knows: one of two, a member of a list of them.
fn may_be_type(names: &Names<'_>, target: &str, value: &Expr) -> bool {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        let is_one = match value {
            Expr::If(either) => {
                rest.extend([&*either.body, &*either.orelse]);
                false
            }
            Expr::BoolOp(either) => {
                rest.extend(&either.values);
                false
            }
            Expr::Named(named) => {
                rest.push(&named.value);
                false
            }
            Expr::Call(call) => {
                let makes = names.known(&call.func).is_some_and(is_maker);
                makes || may_make(names, target, call)
            }
            Expr::Subscript(_) => is_titled(target),
            other => is_type(names, target, other),
        };
        if is_one {
            return true;
        }
    }
    false
}

/// Names of types begin with a capital and are no constants; a module's own have underscores before that.
fn is_titled(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    name.starts_with(|first: char| first.is_uppercase())
        && (name.chars().any(char::is_lowercase) || name.chars().count() == 1)
}

/// Functions of Python and of packages that make types.
fn is_maker(name: &str) -> bool {
    matches!(
        name,
        "create_model" | "make_dataclass" | "make_class" | "defstruct" | "TypedDict" | "NamedTuple" | "namedtuple"
    )
}

/// Whether a plain assignment gives a type another name.
fn is_type(names: &Names<'_>, target: &str, value: &Expr) -> bool {
    let is_name = |expr: &Expr| match expr {
        Expr::Name(name) => is_titled(name.id.as_str()) || names.known(expr).is_some(),
        Expr::Attribute(attribute) => is_titled(attribute.attr.as_str()),
        Expr::Subscript(subscript) => match &*subscript.value {
            Expr::Name(name) => is_titled(name.id.as_str()) || names.known(&subscript.value).is_some(),
            Expr::Attribute(attribute) => is_titled(attribute.attr.as_str()),
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
    // `codes = Union[int, str]`: whatever the name is like, that is a type.
    let is_told = |expr: &Expr| match expr {
        Expr::Subscript(subscript) => {
            matches!(names.known(&subscript.value), Some("Annotated" | "Literal" | "Optional" | "Union"))
        }
        _ => false,
    };
    (is_titled(target) || is_told(value)) && !alone && is_name(left)
}

/// The type that a call makes; `None` for a call that makes none.
pub(super) fn made(types: &Types<'_, '_>, call: &ExprCall) -> Option<Shape> {
    let arguments = &call.arguments;
    let second = |name| arguments.find_argument_value(name, 1);
    let unread = |reason| Shape::unread(at(call), reason);
    Some(match types.names.known(&call.func)? {
        "NewType" => second("tp").map_or(Shape::Opaque, |of| types.shape(of)),
        "TypeAliasType" => second("value").map_or(Shape::Opaque, |of| alias(types, of)),
        "TypeVar" | "ParamSpec" | "TypeVarTuple" => Shape::Opaque,
        "TypedDict" if arguments.keywords.iter().any(|given| !is_option(given)) => unread(MADE),
        "TypedDict" => second("fields").map_or(Shape::Object(Vec::new()), |fields| keyed(types, fields)),
        "NamedTuple" if !arguments.keywords.iter().all(is_option) => unread(MADE),
        "NamedTuple" => second("fields").map_or(Shape::Object(Vec::new()), |fields| listed(types, fields)),
        "namedtuple" => second("field_names").map_or(Shape::Object(Vec::new()), |fields| listed(types, fields)),
        "StrEnum" => Shape::enumerated(Kind::String),
        "Enum" | "IntEnum" | "IntFlag" | "Flag" => Shape::enumerated(Kind::Number),
        "create_model" | "make_dataclass" | "make_class" | "defstruct" => unread(MADE),
        "type" if arguments.args.len() == 3 => unread(MADE),
        _ => return None,
    })
}

/// Whether an argument is none of the older form that gives fields by their names: `TypedDict("Order", id=str)`.
fn is_option(given: &Keyword) -> bool {
    let name = given.arg.as_ref().map(|name| name.as_str());
    matches!(name, Some("typename" | "fields" | "total" | "closed" | "extra_items"))
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
