//! Dictionaries and calls whose keys are fields of a type.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Arguments, Expr, ExprBinOp, ExprCall, ExprDict, Operator, Stmt, StmtFunctionDef};

use super::wires::Argument;
use super::{COMPUTED, Reader, SPREAD, own, returns};
use crate::drift::languages::python::names::dotted;
use crate::drift::languages::python::types::at;
use crate::drift::path::{FieldPath, Segment};
use crate::drift::shape::{Form, IfKnown, Shape, Unread, When};

/// How deep literals nest, and how long a key is.
const MAX_DEPTH: usize = 48;
const MAX_KEY: usize = 512;

const WIRE: &str =
    "what its class calls this on the wire cannot be read; write that name here, or say it once, at the field";
const TOO_DEEP: &str = "this literal is nested too deep";

impl Reader<'_, '_> {
    /// `Order(total=…)`
    pub(super) fn constructor(&mut self, call: &ExprCall) {
        if let Expr::Attribute(method) = &*call.func {
            let arguments = &call.arguments.args;
            let makes = ["model_validate", "parse_obj", "from_dict", "validate"].contains(&method.attr.as_str());
            let ty = dotted(&method.value).and_then(|written| self.declared_type(&written));
            if let (true, Some(ty), Some(argument)) = (makes, ty, arguments.first()) {
                return match dotted(&method.value) {
                    Some(class) => self.validated(&ty, &class, argument, is_by_name(&call.arguments)),
                    None => self.literal(&ty, None, argument, MAX_DEPTH),
                };
            }
        }
        // That takes fields by their names, whatever the class lets others do.
        let (func, by_name) = match &*call.func {
            Expr::Attribute(method) if matches!(method.attr.as_str(), "model_construct" | "construct") => {
                (&*method.value, true)
            }
            other => (other, false),
        };
        let Some(written) = dotted(func) else { return };
        if self.names.known(func) == Some("cast")
            && let [ty, value] = &*call.arguments.args
        {
            let shape = self.types.shape(ty);
            return self.typed(&shape, value, MAX_DEPTH);
        }
        if let Some(ty) = self.declared_type(&written) {
            self.keywords(&ty, None, &call.arguments, Some((&written, by_name)), MAX_DEPTH);
        }
    }

    /// The arguments of a class, which may be given by name, are on the wire what it says.
    fn keywords(
        &mut self,
        ty: &str,
        path: Option<&FieldPath>,
        arguments: &Arguments,
        class: Option<(&str, bool)>,
        depth: usize,
    ) {
        let Some(class) = class else {
            for keyword in &arguments.keywords {
                match (&keyword.arg, &keyword.value) {
                    (Some(name), value) => self.key(ty, path, (name.as_str(), at(name)), value, depth),
                    (None, Expr::Dict(dict)) => self.dict(ty, path, dict, depth),
                    (None, value) => self.unread(value, SPREAD),
                }
            }
            return;
        };
        let mut given = Vec::new();
        self.arguments(arguments, &mut given);
        self.given(ty, class.0, &given, class.1);
    }

    fn arguments<'e>(&mut self, arguments: &'e Arguments, given: &mut Vec<(String, u32, &'e Expr)>) {
        for keyword in &arguments.keywords {
            match (&keyword.arg, &keyword.value) {
                (Some(name), value) => given.push((name.to_string(), at(name), value)),
                (None, Expr::Dict(dict)) => self.items(dict, given, MAX_DEPTH),
                (None, value) => self.unread(value, SPREAD),
            }
        }
    }

    /// `Order.model_validate({"total": …})`
    fn validated(&mut self, ty: &str, class: &str, value: &Expr, by_name: bool) {
        let mut given = Vec::new();
        let mut rest = vec![value];
        while let Some(value) = rest.pop() {
            if let Some(values) = one_of(value) {
                rest.extend(values.into_iter().rev());
                continue;
            }
            match value {
                Expr::Dict(dict) => self.items(dict, &mut given, MAX_DEPTH),
                Expr::BinOp(both) if both.op == Operator::BitOr && is_joined(value) => {
                    for side in [&*both.right, &*both.left] {
                        match side.is_dict_expr() || side.is_bin_op_expr() || side.is_call_expr() {
                            true => rest.push(side),
                            false => self.unread(side, SPREAD),
                        }
                    }
                }
                Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                    self.claimed.insert(at(call));
                    rest.extend(&call.arguments.args);
                    self.arguments(&call.arguments, &mut given);
                }
                Expr::DictComp(_) => self.unread(value, COMPUTED),
                _ => {}
            }
        }
        self.given(ty, class, &given, by_name);
    }

    /// The entries of a dictionary that are the arguments of a class.
    fn items<'e>(&mut self, dict: &'e ExprDict, given: &mut Vec<(String, u32, &'e Expr)>, depth: usize) {
        self.claimed.insert(at(dict));
        for item in &dict.items {
            match (&item.key, &item.value) {
                (Some(key), value) => match self.names.string(key) {
                    Some(name) => given.push((name, at(key), value)),
                    None => self.unread(key, COMPUTED),
                },
                (None, Expr::Dict(inner)) if depth > 0 => self.items(inner, given, depth - 1),
                (None, value) => self.unread(value, SPREAD),
            }
        }
    }

    /// The arguments of a class, with their places.
    fn given(&mut self, ty: &str, class: &str, given: &[(String, u32, &Expr)], by_name: bool) {
        let names: HashSet<&str> = given.iter().map(|(name, ..)| name.as_str()).collect();
        for (name, place, value) in given {
            match self.wires.wire(class, name, &names, by_name) {
                Argument::Own => self.key(ty, None, (name, *place), value, MAX_DEPTH),
                Argument::Other(wire) => self.key(ty, None, (&wire, *place), value, MAX_DEPTH),
                Argument::Unread => self.module.unread.push(Unread::new(*place, WIRE)),
            }
        }
    }

    /// The dictionaries that a function with a declared type returns, or has for an argument where nothing is given.
    pub(super) fn returned(&mut self, function: &StmtFunctionDef) {
        if let Some(annotation) = &function.returns {
            let shape = self.types.shape(annotation);
            returns(function).into_iter().for_each(|value| self.typed(&shape, value, MAX_DEPTH));
        }
        let mut names = HashMap::new();
        for parameter in function.parameters.iter_non_variadic_params() {
            let Some(annotation) = parameter.annotation() else { continue };
            let shape = self.types.shape(annotation);
            if let Some(value) = &parameter.default {
                self.typed(&shape, value, MAX_DEPTH);
            }
            names.insert(parameter.name().to_string(), shape);
        }
        self.later(&function.body, names);
    }

    /// What names get that were given a type before: `order: Order`, and below it `order = {…}`. `names` have one already.
    pub(super) fn later(&mut self, body: &[Stmt], mut names: HashMap<String, Shape>) {
        if self.sites.types.is_empty() {
            return;
        }
        for stmt in own(body) {
            match stmt {
                Stmt::AnnAssign(assign) => {
                    if let Some(name) = dotted(&assign.target) {
                        names.insert(name, self.types.shape(&assign.annotation));
                    }
                }
                Stmt::Assign(assign) => {
                    let known = assign.targets.iter().filter_map(dotted).find_map(|name| names.get(&name));
                    if let Some(shape) = known {
                        self.typed(shape, &assign.value, MAX_DEPTH);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn annotated(&mut self, annotation: &Expr, value: &Expr) {
        let shape = self.types.shape(annotation);
        self.typed(&shape, value, MAX_DEPTH);
    }

    /// A value that is said to have a type.
    fn typed(&mut self, shape: &Shape, value: &Expr, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(value, TOO_DEEP) };
        if !matches!(shape, Shape::Named { .. })
            && let Some(values) = one_of(value)
        {
            return values.into_iter().for_each(|value| self.typed(shape, value, depth));
        }
        match (shape, value) {
            (Shape::Named { name, .. }, _) => {
                if let Some(ty) = self.declared_type(name) {
                    self.literal(&ty, None, value, depth);
                }
            }
            (Shape::Array(item), Expr::List(list)) => list.elts.iter().for_each(|one| self.typed(item, one, depth)),
            (Shape::Array(item), Expr::Tuple(tuple)) => tuple.elts.iter().for_each(|one| self.typed(item, one, depth)),
            (Shape::Array(item), Expr::ListComp(comprehension)) => self.typed(item, &comprehension.elt, depth),
            (Shape::Map(item), Expr::Dict(dict)) => {
                dict.items.iter().for_each(|one| self.typed(item, &one.value, depth))
            }
            (Shape::Any(shapes), _) => shapes.iter().for_each(|shape| self.typed(shape, value, depth)),
            _ => {}
        }
    }

    /// A dictionary that says itself what type it has: `{"_type": "order"}`, `dict(_type="order")`.
    pub(super) fn discriminated(&mut self, literal: &Expr) {
        if self.sites.discriminators.is_empty() || self.claimed.contains(&at(literal)) {
            return;
        }
        let Some(tag) = self.tag(literal, MAX_DEPTH) else { return };
        match self.names.string(tag) {
            Some(ty) => self.literal(&ty, None, literal, MAX_DEPTH),
            None => self.unread(tag, "the type of this literal is computed; write it as a string"),
        }
    }

    /// The type that a literal says it has. Of several the last one counts.
    fn tag<'e>(&self, literal: &'e Expr, depth: usize) -> Option<&'e Expr> {
        let depth = depth.checked_sub(1)?;
        let is_tag = |key: &Expr| self.names.string(key).is_some_and(|key| self.sites.discriminators.contains(&key));
        match literal {
            Expr::Dict(dict) => dict.items.iter().rev().find_map(|item| match &item.key {
                Some(key) => is_tag(key).then_some(&item.value),
                None => self.tag(&item.value, depth),
            }),
            Expr::BinOp(both) if both.op == Operator::BitOr => {
                self.tag(&both.right, depth).or_else(|| self.tag(&both.left, depth))
            }
            Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                let mut keywords = call.arguments.keywords.iter().rev();
                let named = keywords.find_map(|keyword| match &keyword.arg {
                    Some(name) => self.sites.discriminators.contains(name.as_str()).then_some(&keyword.value),
                    None => self.tag(&keyword.value, depth),
                });
                named.or_else(|| call.arguments.args.iter().find_map(|given| self.tag(given, depth)))
            }
            _ => None,
        }
    }

    /// What a literal of a type writes. At the top only dictionaries do; below, everything else is the value of a field.
    fn literal(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, value: &Expr, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(value, TOO_DEEP) };
        if let Some(values) = one_of(value) {
            return values.into_iter().for_each(|value| self.literal(ty, path, value, depth));
        }
        if let Some(path) = path
            && let Some(tag) = self.tag(value, depth)
        {
            return self.part(ty, path, (value, tag), depth);
        }
        self.written(ty, path, value, depth);
    }

    /// A part that says which type it is of is held against that one; where the contract has nothing on it, that may list
    /// its members in place: `address.city`.
    fn part(&mut self, ty: &str, path: (&FieldPath, u32), (value, tag): (&Expr, &Expr), depth: usize) {
        self.site(Form::Literal, Some(ty), path.0.to_string(), path.1);
        // What is not written as a text is unread where the part is found by itself.
        let Some(own) = self.names.string(tag) else { return };
        let module = &self.module;
        let (sites, unread, parts) = (module.sites.len(), module.unread.len(), module.if_known.len());
        let claimed = std::mem::take(&mut self.claimed);
        self.written(ty, Some(path), value, depth);
        self.claimed = claimed;
        let when = When::HasNo(own);
        self.module.if_known.iter_mut().skip(parts).for_each(|part| part.when.push(when.clone()));
        let (sites, unread) = (self.module.sites.split_off(sites), self.module.unread.split_off(unread));
        if !(sites.is_empty() && unread.is_empty()) {
            self.module.if_known.push(IfKnown { when: vec![when], sites, unread });
        }
    }

    fn written(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, value: &Expr, depth: usize) {
        let below = path.map(|(path, _)| path);
        match value {
            Expr::Dict(dict) if below.is_none() || !dict.items.is_empty() => self.dict(ty, below, dict, depth),
            Expr::BinOp(both) if both.op == Operator::BitOr && is_joined(value) => {
                self.joined(ty, path, both, depth);
            }
            Expr::DictComp(_) if below.is_none() => self.unread(value, COMPUTED),
            Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                self.claimed.insert(at(call));
                call.arguments.args.iter().for_each(|inner| self.literal(ty, path, inner, depth));
                self.keywords(ty, below, &call.arguments, None, depth);
            }
            Expr::List(list) => self.list(ty, path, &list.elts, depth),
            Expr::Tuple(tuple) => self.list(ty, path, &tuple.elts, depth),
            Expr::ListComp(comprehension) => self.list(ty, path, std::slice::from_ref(&*comprehension.elt), depth),
            _ => {
                if let Some((path, place)) = path {
                    self.site(Form::Literal, Some(ty), path.to_string(), place);
                }
            }
        }
    }

    /// `{"a": 1} | rest`
    fn joined(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, both: &ExprBinOp, depth: usize) {
        for side in [&*both.left, &*both.right] {
            if side.is_dict_expr() || side.is_bin_op_expr() || side.is_call_expr() {
                self.literal(ty, path, side, depth);
            } else {
                self.unread(side, SPREAD);
            }
        }
    }

    fn list(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, items: &[Expr], depth: usize) {
        let Some((path, place)) = path else { return };
        if items.is_empty() {
            return self.site(Form::Literal, Some(ty), path.to_string(), place);
        }
        let each = path.then(Segment::Each);
        let (parts, values): (Vec<&Expr>, Vec<&Expr>) =
            items.iter().partition(|item| matches!(item, Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_) | Expr::If(_)));
        parts.iter().chain(values.first()).for_each(|item| self.literal(ty, Some((&each, place)), item, depth));
    }

    fn dict(&mut self, ty: &str, path: Option<&FieldPath>, dict: &ExprDict, depth: usize) {
        self.claimed.insert(at(dict));
        for item in &dict.items {
            match (&item.key, &item.value) {
                (Some(key), value) => match self.names.string(key) {
                    Some(name) => self.key(ty, path, (&name, at(key)), value, depth),
                    None => self.unread(key, COMPUTED),
                },
                (None, Expr::Dict(inner)) if depth > 0 => self.dict(ty, path, inner, depth - 1),
                (None, value) => self.unread(value, SPREAD),
            }
        }
    }

    fn key(&mut self, ty: &str, path: Option<&FieldPath>, key: (&str, u32), value: &Expr, depth: usize) {
        let (name, place) = key;
        if self.sites.discriminators.contains(name) {
            return;
        }
        if name.len() > MAX_KEY {
            return self.module.unread.push(Unread::new(place, "this key is too long"));
        }
        let path = path.map_or_else(|| FieldPath::of(name), |path| path.member(name));
        self.literal(ty, Some((&path, place)), value, depth);
    }
}

/// `Order.model_validate(…, by_name=True)`
fn is_by_name(arguments: &Arguments) -> bool {
    let said = arguments.find_keyword("by_name").map(|keyword| &keyword.value);
    said.is_some_and(|said| said.as_boolean_literal_expr().is_none_or(|literal| literal.value))
}

/// The values that a value may be.
fn one_of(value: &Expr) -> Option<Vec<&Expr>> {
    match value {
        Expr::If(either) => Some(vec![&*either.body, &*either.orelse]),
        Expr::BoolOp(any) => Some(any.values.iter().collect()),
        Expr::Named(named) => Some(vec![&*named.value]),
        _ => None,
    }
}

/// Whether dictionaries are put together here, and not numbers or types.
fn is_joined(value: &Expr) -> bool {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Expr::Dict(_) => return true,
            Expr::BinOp(both) => rest.extend([&*both.left, &*both.right]),
            _ => {}
        }
    }
    false
}
