//! Values that something around them says the type of: what variables, members and arguments are declared as, and functions
//! give back.

use ruff_python_ast::{Expr, ExprBinOp, Operator, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextSize};

use super::literals::{MAX_DEPTH, TOO_DEEP, one_of};
use super::{Reader, returns};
use crate::drift::languages::python::assigned::made;
use crate::drift::languages::python::names::last;
use crate::drift::languages::python::scopes::Variable;
use crate::drift::languages::python::types::arguments;
use crate::drift::languages::python::walk::{Node, each_while};
use crate::drift::shape::Shape;

/// What functions are said to give that give one value after the other.
const GENERATORS: [&str; 6] = ["AsyncGenerator", "AsyncIterable", "AsyncIterator", "Generator", "Iterable", "Iterator"];

/// How many letters of types that have a name are read again for each letter of the file.
const MOST_STEPS: usize = 64;
const TOO_MANY: &str = "its type leads through too many names; write the type itself";
/// How many annotations of one name are looked at.
const MOST_SAID: usize = 16;

impl<'a> Reader<'_, 'a> {
    /// The dictionaries that a function with a declared type gives back, or has for an argument where nothing is given.
    pub(super) fn returned(&mut self, function: &StmtFunctionDef) {
        if let Some(annotation) = &function.returns {
            let shape = self.types.shape(annotation);
            returns(function).into_iter().for_each(|value| self.typed(&shape, value, MAX_DEPTH));
            self.yielded(function, annotation);
        }
        for parameter in function.parameters.iter_non_variadic_params() {
            if let (Some(annotation), Some(value)) = (parameter.annotation(), &parameter.default) {
                self.annotated(annotation, value);
            }
        }
    }

    /// What a function gives back one after the other: `yield {…}`, `yield from [{…}]`.
    fn yielded(&mut self, function: &StmtFunctionDef, annotation: &Expr) {
        let Some(of) = self.types.plain(annotation, |annotation| {
            let of = annotation.as_subscript_expr()?;
            let is_generator = self.names.known(&of.value).is_some_and(|name| GENERATORS.contains(&name));
            is_generator.then(|| arguments(of).first().map(|first| self.types.shape(first)))?
        }) else {
            return;
        };
        let all = Shape::Array(Box::new(of.clone()));
        let mut found = Vec::new();
        each_while(&function.body, |node| {
            match node {
                Node::Expr(Expr::Yield(one)) => found.extend(one.value.as_deref().map(|value| (&of, value))),
                Node::Expr(Expr::YieldFrom(several)) => found.push((&all, &*several.value)),
                _ => {}
            }
            // What functions within give is not of this one.
            !matches!(node, Node::Stmt(Stmt::FunctionDef(_) | Stmt::ClassDef(_)) | Node::Expr(Expr::Lambda(_)))
        });
        found.into_iter().for_each(|(shape, value)| self.typed(shape, value, MAX_DEPTH));
    }

    /// What a name gets that is declared elsewhere: `order: Order`, and below it `order = {…}`.
    pub(super) fn declared(&mut self, target: &Expr, value: &Expr) {
        if self.sites.types.is_empty() {
            return;
        }
        let said = match (target, value) {
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.elts.len() == values.elts.len() => {
                return targets.elts.iter().zip(&values.elts).for_each(|(target, value)| self.declared(target, value));
            }
            (Expr::Name(name), _) => match self.names.scopes.variable(&name.id, name.range().start()) {
                Some(variable) => {
                    Some(variable.bindings.iter().filter_map(|binding| binding.said).take(MOST_SAID + 1).collect())
                }
                None => Some(Vec::new()),
            },
            (Expr::Attribute(member), _) => self.member_said(member),
            _ => return,
        };
        let Some(said) = said.filter(|said: &Vec<&Expr>| said.len() <= MOST_SAID) else {
            return self.unread(value, TOO_MANY);
        };
        let shapes: Vec<Shape> = said.into_iter().map(|said| self.types.shape(said)).collect();
        shapes.iter().for_each(|shape| self.typed(shape, value, MAX_DEPTH));
    }

    pub(super) fn annotated(&mut self, annotation: &Expr, value: &Expr) {
        let shape = self.types.shape(annotation);
        self.typed(&shape, value, MAX_DEPTH);
    }

    /// A value that is said to have a type.
    pub(super) fn typed(&mut self, shape: &Shape, value: &Expr, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(value, TOO_DEEP) };
        if !matches!(shape, Shape::Named { .. })
            && let Some(values) = one_of(value)
        {
            return values.into_iter().for_each(|value| self.typed(shape, value, depth));
        }
        match (shape, value) {
            (Shape::Named { name, at, .. }, _) => match self.declared_type(name) {
                Some(ty) => self.literal(&ty, None, value, depth),
                None => match self.meanings(name, *at) {
                    Some(shapes) => shapes.iter().for_each(|shape| self.typed(shape, value, depth)),
                    None => self.unread(value, TOO_MANY),
                },
            },
            (Shape::Array(_), Expr::Starred(several)) => self.typed(shape, &several.value, depth),
            (Shape::Array(item), Expr::List(list)) => self.each_typed(item, &list.elts, depth),
            (Shape::Array(item), Expr::Tuple(tuple)) => self.each_typed(item, &tuple.elts, depth),
            (Shape::Array(item), Expr::ListComp(each)) => self.typed(item, &each.elt, depth),
            (Shape::Array(item), Expr::Generator(each)) => self.typed(item, &each.elt, depth),
            // `list({…} for …)`, `[{…}] + [{…}]`
            (Shape::Array(_), Expr::Call(call)) if self.is_list(&call.func) => {
                call.arguments.args.iter().take(1).for_each(|of| self.typed(shape, of, depth));
            }
            (Shape::Array(_), Expr::BinOp(sum)) if sum.op == Operator::Add => {
                summed(sum).into_iter().for_each(|side| self.typed(shape, side, depth));
            }
            (Shape::Map(item), Expr::Dict(dict)) => {
                dict.items.iter().for_each(|one| self.typed(item, &one.value, depth))
            }
            (Shape::Map(item), Expr::DictComp(each)) => self.typed(item, &each.value, depth),
            (Shape::Any(shapes), _) => shapes.iter().for_each(|shape| self.typed(shape, value, depth)),
            _ => {}
        }
    }

    /// Functions of Python that give back what they get as another list.
    fn is_list(&self, function: &Expr) -> bool {
        const NAMES: [&str; 7] = ["deque", "frozenset", "iter", "list", "reversed", "sorted", "tuple"];
        self.names.is_foreign(function) && last(function).is_some_and(|name| NAMES.contains(&name))
    }

    fn each_typed(&mut self, item: &Shape, values: &[Expr], depth: usize) {
        for value in values {
            match value {
                Expr::Starred(several) => self.typed(&Shape::Array(Box::new(item.clone())), &several.value, depth),
                value => self.typed(item, value, depth),
            }
        }
    }

    /// What a type is that the file gives a name: `Draft = Order`, `type Orders = list[Order]`.
    /// `None` where types that lead to each other have been gone through too often in this file.
    fn meanings(&mut self, name: &str, at: u32) -> Option<Vec<Shape>> {
        let mut found = Vec::new();
        for value in self.names.scopes.meant(name, TextSize::new(at)).flat_map(Variable::values) {
            self.steps += value.range().len().to_usize();
            if self.steps > MOST_STEPS * (self.types.text.len() + MOST_STEPS) {
                return None;
            }
            match value {
                Expr::Call(call) => found.extend(made(&self.types, call)),
                value => found.push(self.types.shape(value)),
            }
        }
        Some(found)
    }
}

/// What is put together: `a + b + c`, which the parser nests to the left.
fn summed(sum: &ExprBinOp) -> Vec<&Expr> {
    let mut found = vec![&*sum.right];
    let mut left = &*sum.left;
    while let Expr::BinOp(sum) = left
        && sum.op == Operator::Add
    {
        found.push(&sum.right);
        left = &sum.left;
    }
    found.push(left);
    found
}
