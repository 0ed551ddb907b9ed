//! Dictionaries and calls whose keys are fields of a type.

use std::collections::HashSet;

use ruff_python_ast::{Arguments, BoolOp, Expr, ExprBinOp, ExprCall, ExprDict, Operator};

use super::makers::{Asked, validates};
use super::wires::Argument;
use super::{COMPUTED, Reader, SPREAD};
use crate::drift::languages::python::types::at;
use crate::drift::path::{FieldPath, Segment};
use crate::drift::shape::{Form, IfKnown, Unread, When};

/// How deep literals nest, and how long a key is.
pub(super) const MAX_DEPTH: usize = 48;
const MAX_KEY: usize = 512;

const WIRE: &str =
    "what its class calls this on the wire cannot be read; write that name here, or say it once, at the field";
pub(super) const MANY: &str = "what is called here may be too many things; call it by its own name";
pub(super) const TOO_DEEP: &str = "this literal is nested too deep";

/// An argument of a class: its name, where that stands, and what it is.
type Given<'e> = (String, u32, &'e Expr);

impl<'a> Reader<'_, 'a> {
    /// `Order(total=…)`
    pub(super) fn constructor(&mut self, call: &ExprCall) {
        if self.sites.types.is_empty() {
            return;
        }
        let arguments = &call.arguments;
        if self.names.known(&call.func) == Some("cast")
            && let (Some(ty), Some(value)) =
                (arguments.find_argument_value("typ", 0), arguments.find_argument_value("val", 1))
        {
            let shape = self.types.shape(ty);
            return self.typed(&shape, value, MAX_DEPTH);
        }
        if let Some((of, changes)) = self.copied(call) {
            return self.copy(call, of, changes);
        }
        let method = call.func.as_attribute_expr().map(|method| (method.attr.as_str(), &*method.value));
        let (classes, by_name) = match (method, &*arguments.args) {
            (Some((name, of)), _) if validates(name) => return self.validates(of, arguments),
            // These take fields by their names, whatever the class lets others do.
            (Some(("model_construct" | "construct", of)), _) => (vec![of], true),
            // `type.__call__(Order, total=…)`
            (Some(("__call__" | "__new__", of)), given) => (given.iter().take(1).chain([of]).collect(), false),
            (Some(("__init__", of)), _) => (vec![of], false),
            // `partial(Order, total=…)`
            (_, [of, ..]) if self.is_partial(&call.func) => (vec![of], false),
            _ => (vec![&*call.func], false),
        };
        for class in classes {
            let made = self.made(Asked::Class, class);
            if made.is_none() && !arguments.keywords.is_empty() {
                self.unread(class, MANY);
            }
            for (ty, class) in made.iter().flat_map(|made| &**made) {
                // A typed dictionary is made of another one.
                if let [given] = &*arguments.args {
                    self.literal(ty, None, given, MAX_DEPTH);
                }
                self.keywords(ty, None, arguments, Some((class, by_name)), MAX_DEPTH);
            }
        }
    }

    /// `Order.model_validate({"total": …})`
    fn validates(&mut self, of: &Expr, arguments: &Arguments) {
        const NAMES: [&str; 6] = ["obj", "data", "kvs", "object", "value", "mapping"];
        let named =
            arguments.keywords.iter().find(|given| given.arg.as_deref().is_none_or(|name| NAMES.contains(&name)));
        let given = arguments.args.first().or(named.map(|given| &given.value));
        let Some(given) = given else { return };
        let Some(made) = self.made(Asked::Class, of) else { return self.unread(of, MANY) };
        for (ty, class) in &*made {
            match named.filter(|named| named.arg.is_none() && arguments.args.is_empty()) {
                Some(_) => self.unread(given, SPREAD),
                None => self.validated(ty, class, given, is_by_name(arguments)),
            }
        }
    }

    /// The arguments of a class, which may be given by name, are on the wire what it says.
    pub(super) fn keywords(
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
                    (None, value) => self.spread_in(ty, path, value, depth),
                }
            }
            return;
        };
        let mut given = Vec::new();
        self.arguments(ty, arguments, &mut given);
        self.given(ty, class.0, &given, class.1);
    }

    fn arguments<'e>(&mut self, ty: &str, arguments: &'e Arguments, given: &mut Vec<Given<'e>>)
    where
        'a: 'e,
    {
        for keyword in &arguments.keywords {
            match (&keyword.arg, &keyword.value) {
                (Some(name), value) => given.push((name.to_string(), at(name), value)),
                (None, value) => self.spread_out(ty, value, given),
            }
        }
    }

    fn validated(&mut self, ty: &str, class: &str, value: &Expr, by_name: bool) {
        let mut given = Vec::new();
        let mut rest = vec![value];
        while let Some(value) = rest.pop() {
            match value {
                Expr::Dict(_) => self.spread_out(ty, value, &mut given),
                Expr::BinOp(_) if is_joined(value) => self.spread_out(ty, value, &mut given),
                Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                    self.claimed.insert(at(call));
                    rest.extend(&call.arguments.args);
                    self.arguments(ty, &call.arguments, &mut given);
                }
                Expr::DictComp(_) => self.unread(value, COMPUTED),
                value => rest.extend(one_of(value).into_iter().flatten().rev()),
            }
        }
        self.given(ty, class, &given, by_name);
    }

    /// The entries of what is spread that are the arguments of a class.
    pub(super) fn spread_out<'e>(&mut self, ty: &str, value: &'e Expr, given: &mut Vec<Given<'e>>)
    where
        'a: 'e,
    {
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value {
                Expr::Dict(dict) => {
                    // A constant may say of itself what type it has.
                    if !self.seen.contains(&(ty.to_owned(), at(dict))) {
                        self.claimed.insert(at(dict));
                    }
                    for item in &dict.items {
                        match (&item.key, &item.value) {
                            (Some(key), value) => match self.names.string(key) {
                                Some(name) => given.push((name, at(key), value)),
                                None => self.unread(key, COMPUTED),
                            },
                            (None, value) => waiting.push(value),
                        }
                    }
                }
                Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                    self.claimed.insert(at(call));
                    waiting.extend(&call.arguments.args);
                    for keyword in &call.arguments.keywords {
                        match &keyword.arg {
                            Some(name) => given.push((name.to_string(), at(name), &keyword.value)),
                            None => waiting.push(&keyword.value),
                        }
                    }
                }
                Expr::BinOp(both) if both.op == Operator::BitOr => waiting.extend([&*both.left, &*both.right]),
                value => match one_of_spread(value) {
                    Some(values) => waiting.extend(values),
                    None => self.constant_out(ty, value, &mut waiting),
                },
            }
        }
    }

    /// A constant of the file, whose entries count once for each type.
    fn constant_out<'e>(&mut self, ty: &str, value: &'e Expr, waiting: &mut Vec<&'e Expr>)
    where
        'a: 'e,
    {
        match self.names.table(value) {
            Some(base) if self.seen.insert((ty.to_owned(), at(base))) => waiting.push(base),
            Some(_) => {}
            None => self.unread(value, SPREAD),
        }
    }

    /// What is spread into a literal of a type.
    fn spread_in(&mut self, ty: &str, path: Option<&FieldPath>, value: &Expr, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(value, TOO_DEEP) };
        if let Some(values) = one_of_spread(value) {
            return values.into_iter().for_each(|value| self.spread_in(ty, path, value, depth));
        }
        match value {
            Expr::Dict(inner) => self.dict(ty, path, inner, depth),
            Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                self.claimed.insert(at(call));
                call.arguments.args.iter().for_each(|inner| self.spread_in(ty, path, inner, depth));
                self.keywords(ty, path, &call.arguments, None, depth);
            }
            Expr::BinOp(both) if both.op == Operator::BitOr => {
                [&*both.left, &*both.right].into_iter().for_each(|side| self.spread_in(ty, path, side, depth));
            }
            _ => {
                let Some(base) = self.names.table(value) else { return self.unread(value, SPREAD) };
                let place = path.map_or_else(|| ty.to_owned(), |path| format!("{ty} {path}"));
                if self.seen.insert((place, at(base))) {
                    // It may say of itself what type it has.
                    let claimed = std::mem::take(&mut self.claimed);
                    self.spread_in(ty, path, base, depth);
                    self.claimed = claimed;
                }
            }
        }
    }

    /// The arguments of a class, with their places.
    pub(super) fn given(&mut self, ty: &str, class: &str, given: &[Given<'_>], by_name: bool) {
        let names: HashSet<&str> = given.iter().map(|(name, ..)| name.as_str()).collect();
        for (name, place, value) in given {
            match self.wires.wire(class, name, &names, by_name) {
                Argument::Own => self.key(ty, None, (name, *place), value, MAX_DEPTH),
                Argument::Other(wire) => self.key(ty, None, (&wire, *place), value, MAX_DEPTH),
                Argument::Unread => self.module.unread.push(Unread::new(*place, WIRE)),
            }
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
    pub(super) fn literal(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, value: &Expr, depth: usize) {
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
        let below = path.map(|(path, _)| path);
        [&*both.left, &*both.right].into_iter().for_each(|side| self.spread_in(ty, below, side, depth));
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
                (None, value) => self.spread_in(ty, path, value, depth),
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
pub(super) fn one_of(value: &Expr) -> Option<Vec<&Expr>> {
    match value {
        Expr::If(either) => Some(vec![&*either.body, &*either.orelse]),
        Expr::BoolOp(any) => Some(any.values.iter().collect()),
        Expr::Named(named) => Some(vec![&*named.value]),
        _ => None,
    }
}

/// The same of what is spread: what `and` asks first is spread only where it is empty.
fn one_of_spread(value: &Expr) -> Option<Vec<&Expr>> {
    match value {
        Expr::BoolOp(both) if both.op == BoolOp::And => Some(both.values.last().into_iter().collect()),
        Expr::NoneLiteral(_) => Some(Vec::new()),
        value => one_of(value),
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
