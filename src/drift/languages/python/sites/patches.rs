//! Patches: calls whose arguments have paths for keys, by the name of a method or by what it is called on.

use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, Parameters};

use super::{COMPUTED, Reader, SPREAD};
use crate::drift::languages::python::names::{dotted, last};
use crate::drift::languages::python::spelled::spelled;
use crate::drift::languages::python::types::at;
use crate::drift::shape::{Form, Unread};

/// Through how many calls the receiver of a patch is looked for: `client.patch(id).unset([...]).set({...})`.
const LINKS: usize = 64;
/// How many values of a file are looked at that get another name, and how many bytes of a name take as long as one.
pub(super) const MOST_LENT: usize = 1 << 18;
const BYTES: usize = 256;

/// Why a patch of something unknown is unread.
pub(super) const LENT: &str =
    "this may be a patch, as what has it gets another name in this file: call it by its own name";

impl Reader<'_, '_> {
    /// `patch.set({"a.b": 1})`
    pub(super) fn method(&mut self, call: &ExprCall) {
        let given = call.arguments.args.iter().map(choices).collect::<Vec<_>>();
        let has_receiver = match &*call.func {
            Expr::Attribute(method) => (self.patched_by(method), Some(method)),
            Expr::Name(name) => (self.is_imported_patch(name.id.as_str()).then_some(true), None),
            _ => return,
        };
        let has_receiver = match has_receiver {
            (Some(has_receiver), _) => has_receiver,
            (None, None) => return,
            (None, Some(method)) => {
                let may_be =
                    given.iter().flatten().any(|value| !is_harmless(value)) || !call.arguments.keywords.is_empty();
                let is_named = self.sites.patches_named(method.attr.as_str()).next().is_some();
                let name = if may_be && is_named { called_on(&method.value) } else { None };
                return self.doubted.extend(name.map(|name| (at(&*call.func), name)));
            }
        };
        let has_paths = given.iter().flatten().any(|value| is_written(value));
        let first = call.arguments.args.first();
        // `cache.set("key", value)` is of another kind, unless the policy names what it is called on.
        let is_key = first.is_some_and(|first| {
            self.names.string(first).is_some() || first.is_f_string_expr() || first.is_number_literal_expr()
        });
        if !has_receiver && given.len() > 1 && (is_key || !has_paths) {
            return;
        }
        let is_filled = |values: &Vec<&Expr>| values.iter().any(|value| is_filled(value));
        // An empty literal says nothing of what stands beside it.
        let is_due = has_receiver || !given.iter().any(is_filled);
        let has_later = given.iter().skip(1).any(is_filled);
        for (place, values) in given.iter().enumerate() {
            for value in values {
                let may_be_id = place == 0 && has_later && !value.is_starred_expr();
                if is_written(value) || is_due && !may_be_id && !is_harmless(value) {
                    self.patch(value);
                }
            }
        }
        for keyword in &call.arguments.keywords {
            match &keyword.arg {
                Some(name) => self.site(Form::Patch, None, name.to_string(), at(name)),
                None => self.patch(&keyword.value),
            }
        }
    }

    /// Whether a method is a patch, and whether by the name of its receiver: of what it is called on, or of what was called
    /// to give that.
    fn patched_by(&self, method: &ExprAttribute) -> Option<bool> {
        let (name, sites) = (method.attr.as_str(), self.sites);
        if sites.patches_named(name).any(|(_, receiver)| receiver.is_none()) {
            return Some(false);
        }
        sites.patches_named(name).next()?;
        self.comes_from(&method.value, &|written| {
            let written = format!("{written}.{name}");
            sites.patches_named(name).any(|(patch, _)| self.is_declared(&written, patch))
        })
        .then_some(true)
    }

    /// `from .api import patch`
    fn is_imported_patch(&self, name: &str) -> bool {
        let is_patch = |patch: &str| self.is_declared(name, patch);
        self.names.is_imported(name) && self.sites.patches_of_receivers().any(is_patch)
    }

    /// Whether a value has the name of a receiver, or comes of calls on what has it.
    fn comes_from(&self, value: &Expr, is_receiver: &dyn Fn(&str) -> bool) -> bool {
        let mut waiting = vec![value];
        for _ in 0..LINKS {
            let Some(of) = waiting.pop() else { return false };
            if spelled(of).is_some_and(|written| is_receiver(&written)) {
                return true;
            }
            match of {
                _ if dotted(of).is_some() => {}
                Expr::Call(call) => {
                    let last = || call.func.as_attribute_expr().map(|step| format!("?.{}", step.attr));
                    if dotted(&call.func).or_else(last).is_some_and(|written| is_receiver(&written)) {
                        return true;
                    }
                    waiting.extend(call.func.as_attribute_expr().map(|step| &*step.value));
                }
                Expr::Attribute(member) => waiting.push(&member.value),
                Expr::Subscript(member) => waiting.push(&member.value),
                other => waiting.extend(parts(other)),
            }
        }
        // What is called so often may be one.
        true
    }

    /// `t = client.tx(id)`, `with client.tx(id) as t`: what a receiver gives is known by another name then, and so is a
    /// receiver by `q = api`.
    pub(super) fn kept(&mut self, target: &Expr, value: &Expr) {
        if self.sites.patches_of_receivers().next().is_none() || self.left_to_lend == 0 {
            return;
        }
        match (target, value) {
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.elts.len() == values.elts.len() => {
                targets.elts.iter().zip(&values.elts).for_each(|(target, value)| self.kept(target, value));
            }
            (Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_), _) => {
                name_of(target).into_iter().for_each(|name| self.kept_as(&name, value));
            }
            _ => {}
        }
    }

    /// `for each in [api, other]`, `for each in all`
    pub(super) fn kept_each(&mut self, target: &Expr, over: &Expr) {
        if self.sites.patches_of_receivers().next().is_none() {
            return;
        }
        if let Some(items) = items(over) {
            return items.into_iter().for_each(|item| self.kept(target, item));
        }
        let from: Option<Rc<str>> = name_of(over).map(|from| item_of(&from).into());
        let mut waiting = vec![target];
        while let Some(target) = waiting.pop() {
            match name_of(target) {
                Some(name) => {
                    self.lends.extend(from.iter().map(|from| (from.clone(), Rc::from(name.as_str()))));
                    self.kept_as(&name, over);
                }
                None => waiting.extend(items(target).unwrap_or_default()),
            }
        }
    }

    /// `def change(to=api)`
    pub(super) fn kept_by(&mut self, parameters: &Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            parameter.default.iter().for_each(|value| self.kept_as(parameter.name().as_str(), value));
        }
    }

    fn kept_as(&mut self, name: &str, value: &Expr) {
        if self.sites.patches_of_receivers().next().is_none() || !self.may_lend(name, value) {
            return;
        }
        // What is an item of an item has the same name.
        let (whole, item): (Rc<str>, Rc<str>) = (name.into(), item_of(name).into());
        let mut waiting = vec![(&whole, value)];
        while let Some((name, value)) = waiting.pop() {
            for value in choices(value) {
                if !self.may_lend(name, value) {
                    return;
                }
                waiting.extend(items(value).unwrap_or_default().into_iter().map(|value| (&item, value)));
                if self.is_lent(name, value) {
                    self.lent_to.insert(Rc::clone(name));
                }
                self.lends.extend(name_of(value).map(|from| (from.into(), Rc::clone(name))));
            }
        }
    }

    /// Whether there is not too much in a file that gets another name. What is too much is said to be, once.
    fn may_lend(&mut self, name: &str, value: &Expr) -> bool {
        if self.left_to_lend == 0 {
            return false;
        }
        self.left_to_lend = self.left_to_lend.saturating_sub(1 + name.len() / BYTES);
        if self.left_to_lend == 0 {
            self.unread(value, "too much gets another name in this file to tell what a patch is of; split the file");
        }
        self.left_to_lend > 0
    }

    fn is_lent(&self, name: &str, value: &Expr) -> bool {
        self.sites.patches_of_receivers().filter_map(|patch| Some((patch, patch.rsplit_once('.')?))).any(
            |(patch, (receiver, method))| {
                let is_receiver = |written: &str| self.is_declared(&format!("{written}.{method}"), patch);
                receiver.rsplit('.').next() != Some(name) && self.comes_from(value, &is_receiver)
            },
        )
    }

    /// What was taken for something else is a patch all the same, where its name is another one of what has it.
    pub(super) fn finish_doubted(&mut self) {
        let mut lends: HashMap<Rc<str>, Vec<Rc<str>>> = HashMap::new();
        std::mem::take(&mut self.lends).into_iter().for_each(|(from, to)| lends.entry(from).or_default().push(to));
        let mut waiting = Vec::from_iter(self.lent_to.iter().cloned());
        while let Some(name) = waiting.pop() {
            let further = lends.remove(&name).into_iter().flatten();
            waiting.extend(further.filter(|name| self.lent_to.insert(Rc::clone(name))));
        }
        let doubted = std::mem::take(&mut self.doubted).into_iter();
        let lent =
            doubted.filter(|(_, name)| self.lent_to.contains(name.as_str())).map(|(at, _)| Unread::new(at, LENT));
        self.module.unread.extend(lent);
    }

    fn paths(&mut self, paths: Vec<String>, at: u32) {
        paths.into_iter().for_each(|path| self.site(Form::Patch, None, path, at));
    }

    pub(super) fn patch(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match item.key.as_ref().map(|key| (key, self.names.strings(key))) {
                        Some((key, Some(paths))) => self.paths(paths, at(key)),
                        Some((key, None)) => self.unread(key, COMPUTED),
                        None => self.unread(&item.value, SPREAD),
                    }
                }
            }
            Expr::List(list) => {
                for item in &list.elts {
                    match self.names.strings(item) {
                        Some(paths) => self.paths(paths, at(item)),
                        None => self.unread(item, "the path given here is computed; write it as a string"),
                    }
                }
            }
            Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {}
            other => self.unread(other, "the object of this patch is computed; write its keys down"),
        }
    }
}

/// What a value is called, whatever it is a member of; of items of something, which are not told apart, `name[]`.
fn name_of(value: &Expr) -> Option<String> {
    let (mut value, mut is_item) = (value, false);
    for _ in 0..LINKS {
        let of = match value {
            Expr::Name(_) | Expr::Attribute(_) => {
                let name = last(value)?;
                return Some(if is_item { item_of(name) } else { name.to_owned() });
            }
            Expr::Subscript(entry) => &entry.value,
            Expr::Starred(several) => &several.value,
            Expr::Call(call) => {
                let method = call.func.as_attribute_expr()?;
                let is_item = matches!(method.attr.as_str(), "get" | "items" | "pop" | "setdefault" | "values");
                is_item.then_some(&method.value)?
            }
            _ => return None,
        };
        (value, is_item) = (of, true);
    }
    None
}

fn item_of(name: &str) -> String {
    if name.ends_with("[]") { name.to_owned() } else { format!("{name}[]") }
}

/// What has the method that gave, in the end, what another one is called on.
fn called_on(value: &Expr) -> Option<String> {
    let mut value = value;
    for _ in 0..LINKS {
        match (name_of(value), value) {
            (Some(name), _) => return Some(name),
            (None, Expr::Call(call)) => value = &call.func.as_attribute_expr()?.value,
            (None, Expr::Subscript(entry)) => value = &entry.value,
            (None, Expr::Await(awaited)) => value = &awaited.value,
            _ => return None,
        }
    }
    // What is called so often is taken for a patch anyway.
    None
}

/// The items of a container that is written out.
fn items(value: &Expr) -> Option<Vec<&Expr>> {
    match value {
        Expr::List(list) => Some(list.elts.iter().collect()),
        Expr::Tuple(tuple) => Some(tuple.elts.iter().collect()),
        Expr::Set(set) => Some(set.elts.iter().collect()),
        Expr::Dict(dict) => Some(dict.items.iter().map(|item| &item.value).collect()),
        _ => None,
    }
}

/// The values that one may be.
pub(super) fn choices(value: &Expr) -> Vec<&Expr> {
    let (mut found, mut waiting) = (Vec::new(), vec![value]);
    while let Some(value) = waiting.pop() {
        match parts(value) {
            parts if parts.is_empty() => found.push(value),
            parts => waiting.extend(parts.into_iter().rev()),
        }
    }
    found
}

/// What a value is, or is one of, that is no member and no call.
pub(super) fn parts(value: &Expr) -> Vec<&Expr> {
    match value {
        Expr::Await(awaited) => vec![&awaited.value],
        Expr::If(choice) => vec![&choice.body, &choice.orelse],
        Expr::BoolOp(either) => either.values.iter().collect(),
        Expr::Named(named) => vec![&named.value],
        _ => Vec::new(),
    }
}

/// Whether an argument of a patch has its paths written out.
fn is_written(value: &Expr) -> bool {
    matches!(value, Expr::Dict(_) | Expr::List(_))
}

fn is_filled(value: &Expr) -> bool {
    match value {
        Expr::Dict(dict) => !dict.items.is_empty(),
        Expr::List(list) => !list.elts.is_empty(),
        _ => false,
    }
}

/// Whether an argument patches nothing: a text, a number, a function.
fn is_harmless(value: &Expr) -> bool {
    value.is_literal_expr() || value.is_f_string_expr() || value.is_lambda_expr()
}
