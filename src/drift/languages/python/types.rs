//! What an annotation says about a value.

use ruff_python_ast::{Expr, ExprCall, ExprSubscript, Operator};
use ruff_text_size::Ranged;

use super::generics::{Parameter, given, itself, meant};
use super::names::{Names, dotted, literal_kind, scalar};
use crate::drift::shape::{Kind, Shape};

/// How deep annotations nest.
pub(super) const MAX_DEPTH: usize = 128;

/// Reads the annotations of one class, or of the module.
#[derive(Clone, Copy)]
pub(super) struct Types<'n, 'a> {
    pub(super) names: &'n Names<'a>,
    pub(super) text: &'a str,
    /// The dotted name of the class around, or nothing.
    pub(super) scope: &'n str,
    /// The type parameters of this class.
    pub(super) variables: &'n [Parameter<'a>],
}

/// Where an expression stands.
pub(super) fn at(node: &impl Ranged) -> u32 {
    node.start().to_u32()
}

/// One of some shapes, without those that are `None`.
fn any(shapes: Vec<Shape>) -> Shape {
    let mut shapes = shapes;
    match (shapes.len(), shapes.pop()) {
        (1, Some(shape)) => shape,
        (_, last) => {
            shapes.extend(last);
            Shape::Any(shapes)
        }
    }
}

/// The arguments of `X[a, b]`.
pub(super) fn arguments(subscript: &ExprSubscript) -> &[Expr] {
    match &*subscript.slice {
        Expr::Tuple(tuple) => &tuple.elts,
        one => std::slice::from_ref(one),
    }
}

impl Types<'_, '_> {
    /// The shape of a value with this annotation.
    pub(super) fn shape(&self, expr: &Expr) -> Shape {
        self.read(expr, MAX_DEPTH).unwrap_or(Shape::Opaque)
    }

    /// The same; nothing for `None`.
    pub(super) fn read(&self, expr: &Expr, depth: usize) -> Option<Shape> {
        let Some(depth) = depth.checked_sub(1) else {
            return Some(Shape::unread(at(expr), "this annotation is nested too deep"));
        };
        Some(match expr {
            Expr::NoneLiteral(_) => return None,
            Expr::Name(_) | Expr::Attribute(_) => return self.named(expr),
            Expr::StringLiteral(_) => return self.quoted(expr, depth),
            Expr::BinOp(union) if union.op == Operator::BitOr => return self.union(expr, depth),
            Expr::Subscript(subscript) => return self.subscript(subscript, depth),
            Expr::Call(call) => self.call(call, depth),
            Expr::Starred(starred) => return self.read(&starred.value, depth),
            Expr::EllipsisLiteral(_) => return None,
            _ => Shape::unread(at(expr), "this annotation is computed; write the type itself"),
        })
    }

    fn named(&self, expr: &Expr) -> Option<Shape> {
        if let Expr::Name(name) = expr {
            let name = name.id.as_str();
            if let Some(shape) = meant(self.variables, name) {
                return Some(shape);
            }
            if self.names.variables.contains_key(name) {
                return Some(Shape::Opaque);
            }
        }
        let Some(known) = self.names.known(expr) else { return Some(self.own(expr)) };
        Some(match known {
            "NoneType" | "KW_ONLY" => return None,
            "list" | "List" | "set" | "Set" | "frozenset" | "FrozenSet" | "tuple" | "Tuple" | "Sequence"
            | "MutableSequence" | "Iterable" | "Iterator" | "Collection" | "AbstractSet" | "MutableSet" | "Deque"
            | "deque" => Shape::Array(Box::new(Shape::Opaque)),
            "dict" | "Dict" | "Mapping" | "MutableMapping" | "OrderedDict" | "DefaultDict" | "defaultdict"
            | "ChainMap" => Shape::Map(Box::new(Shape::Opaque)),
            "Counter" => Shape::Map(Box::new(Shape::NUMBER)),
            "Self" if !self.scope.is_empty() => Shape::named(self.scope, at(expr)).given(itself(self.variables)),
            other => scalar(other).unwrap_or(Shape::Opaque),
        })
    }

    /// A type of this repository, by the name as it is written.
    pub(super) fn own(&self, expr: &Expr) -> Shape {
        match dotted(expr) {
            Some(name) => Shape::named(name, at(expr)),
            None => Shape::unread(at(expr), "this type has no plain name; write the type itself"),
        }
    }

    /// Shows an annotation to `see`, without the quotes that it may stand in.
    pub(super) fn plain<R>(&self, expr: &Expr, see: impl FnOnce(&Expr) -> R) -> R {
        let parts = expr.as_string_literal_expr().map_or(&[][..], |literal| literal.value.as_slice());
        if let [literal] = parts
            && let Ok(parsed) = ruff_python_parser::parse_string_annotation(self.text, literal)
        {
            return see(parsed.expr());
        }
        see(expr)
    }

    /// A type in quotes, that is read as if it had none.
    fn quoted(&self, expr: &Expr, depth: usize) -> Option<Shape> {
        let unread = |reason| Some(Shape::unread(at(expr), reason));
        let parts = expr.as_string_literal_expr().map_or(&[][..], |literal| literal.value.as_slice());
        let [literal] = parts else { return unread("this annotation is in several strings; write the type itself") };
        match ruff_python_parser::parse_string_annotation(self.text, literal) {
            Ok(parsed) => self.read(parsed.expr(), depth),
            Err(_) => unread("the text of this annotation is no type"),
        }
    }

    /// `A | B | None`, which the parser nests to the left.
    fn union(&self, expr: &Expr, depth: usize) -> Option<Shape> {
        let mut sides = Vec::new();
        let mut left = expr;
        while let Expr::BinOp(union) = left
            && union.op == Operator::BitOr
        {
            sides.push(&*union.right);
            left = &union.left;
        }
        sides.push(left);
        self.any_of(sides.into_iter().rev(), depth)
    }

    fn any_of<'e>(&self, choices: impl Iterator<Item = &'e Expr>, depth: usize) -> Option<Shape> {
        let shapes: Vec<Shape> = choices.filter_map(|choice| self.read(choice, depth)).collect();
        (!shapes.is_empty()).then(|| any(shapes))
    }

    /// The items of a list, a set, a tuple.
    fn items(&self, arguments: &[Expr], depth: usize) -> Shape {
        Shape::Array(Box::new(self.any_of(arguments.iter(), depth).unwrap_or(Shape::Opaque)))
    }

    fn subscript(&self, subscript: &ExprSubscript, depth: usize) -> Option<Shape> {
        let arguments = arguments(subscript);
        let first = || arguments.first().map_or(Some(Shape::Opaque), |first| self.read(first, depth));
        let Some(known) = self.names.known(&subscript.value) else {
            return match &*subscript.value {
                Expr::Name(_) | Expr::Attribute(_) => {
                    self.named(&subscript.value).map(|shape| given(self, shape, subscript, depth))
                }
                other => Some(Shape::unread(at(other), "this annotation is computed; write the type itself")),
            };
        };
        Some(match known {
            "Optional" | "Union" => return self.any_of(arguments.iter(), depth),
            "Literal" => return literals(arguments, |expr| self.read(expr, depth)),
            "Annotated" | "Required" | "NotRequired" | "ReadOnly" | "Final" | "InitVar" | "ClassVar" | "Mapped"
            | "SkipValidation" | "SerializeAsAny" | "FailFast" | "Unpack" => return first(),
            "list" | "List" | "set" | "Set" | "frozenset" | "FrozenSet" | "tuple" | "Tuple" | "Sequence"
            | "MutableSequence" | "Iterable" | "Iterator" | "Collection" | "AbstractSet" | "MutableSet" | "Deque"
            | "deque" => self.items(arguments, depth),
            "dict" | "Dict" | "Mapping" | "MutableMapping" | "OrderedDict" | "DefaultDict" | "defaultdict"
            | "ChainMap" => {
                let values = arguments.get(1).and_then(|value| self.read(value, depth));
                Shape::Map(Box::new(values.unwrap_or(Shape::Opaque)))
            }
            "Counter" => Shape::Map(Box::new(Shape::NUMBER)),
            other => scalar(other).unwrap_or(Shape::Opaque),
        })
    }

    /// `constr(min_length=1)`, `conlist(str)`.
    fn call(&self, call: &ExprCall, depth: usize) -> Shape {
        match self.names.known(&call.func) {
            Some("conlist" | "conset" | "confrozenset") => {
                let item = call.arguments.find_argument_value("item_type", 0);
                let item = item.and_then(|item| self.read(item, depth));
                Shape::Array(Box::new(item.unwrap_or(Shape::Opaque)))
            }
            known => known
                .and_then(scalar)
                .unwrap_or_else(|| Shape::unread(at(call), "a call makes this type; write the type itself")),
        }
    }
}

/// `Literal["a", 1, Status.OPEN]`.
fn literals(arguments: &[Expr], mut read: impl FnMut(&Expr) -> Option<Shape>) -> Option<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    for argument in arguments {
        shapes.push(match (argument, literal_kind(argument)) {
            (Expr::NoneLiteral(_), _) => continue,
            (_, Some(kind)) => Shape::enumerated(kind),
            // A member of an enum: its class is not asked what it is on the wire.
            (Expr::Attribute(_), None) => Shape::enumerated(Kind::String),
            (Expr::Subscript(_) | Expr::Name(_), None) => read(argument)?,
            _ => Shape::unread(at(argument), "this is no literal"),
        });
    }
    (!shapes.is_empty()).then(|| any(shapes))
}
