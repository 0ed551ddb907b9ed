//! Patches: calls whose arguments have paths for keys, by the name of a method or by what it is called on.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall};

use super::{COMPUTED, Reader, SPREAD};
use crate::drift::languages::python::names::dotted;
use crate::drift::languages::python::types::at;
use crate::drift::shape::{Form, Unread};

/// Through how many calls the receiver of a patch is looked for: `client.patch(id).unset([...]).set({...})`.
const LINKS: usize = 64;

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
                let of = dotted(&method.value).filter(|_| may_be && is_named);
                let name = of.map(|of| of.rsplit('.').next().unwrap_or_default().to_owned());
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
            if let Some(written) = dotted(of) {
                if is_receiver(&written) {
                    return true;
                }
                continue;
            }
            match of {
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
        let name = match (target, value) {
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.elts.len() == values.elts.len() => {
                return targets.elts.iter().zip(&values.elts).for_each(|(target, value)| self.kept(target, value));
            }
            (Expr::Name(name), _) => name.id.as_str(),
            (Expr::Attribute(member), _) => member.attr.as_str(),
            _ => return,
        };
        for patch in self.sites.patches_of_receivers() {
            let Some((receiver, method)) = patch.rsplit_once('.') else { continue };
            let is_receiver = |written: &str| self.is_declared(&format!("{written}.{method}"), patch);
            if receiver.rsplit('.').next() != Some(name) && self.comes_from(value, &is_receiver) {
                self.lent_to.insert(name.to_owned());
            }
        }
    }

    /// What was taken for something else is a patch all the same, where its name is another one of what has it.
    pub(super) fn finish_doubted(&mut self) {
        let doubted = std::mem::take(&mut self.doubted).into_iter();
        let lent = doubted.filter(|(_, name)| self.lent_to.contains(name)).map(|(at, _)| Unread::new(at, LENT));
        self.module.unread.extend(lent);
    }

    pub(super) fn patch(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match item.key.as_ref().map(|key| (key, self.names.string(key))) {
                        Some((key, Some(path))) => self.site(Form::Patch, None, path, at(key)),
                        Some((key, None)) => self.unread(key, COMPUTED),
                        None => self.unread(&item.value, SPREAD),
                    }
                }
            }
            Expr::List(list) => {
                for item in &list.elts {
                    match self.names.string(item) {
                        Some(path) => self.site(Form::Patch, None, path, at(item)),
                        None => self.unread(item, "the path given here is computed; write it as a string"),
                    }
                }
            }
            Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {}
            other => self.unread(other, "the object of this patch is computed; write its keys down"),
        }
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
