//! What makes values of a declared type: its class, by all the names that the file has for it.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use ruff_text_size::{Ranged, TextSize};

use super::patches::parts;
use super::{Reader, own};
use crate::drift::languages::python::names::{Names, dotted, last};
use crate::drift::languages::python::scopes::Variable;
use crate::drift::languages::python::spelled::spelled;
use crate::drift::languages::python::types::arguments;
use crate::drift::languages::python::walk::{Node, each};

/// Through how many names and values a class is looked for.
const MOST_STEPS: usize = 128;
/// How many classes of a file are looked at that inherit from one of it.
const MOST_HEIRS: usize = 64;

/// What the classes of a file say of those who stand in them.
#[derive(Default)]
pub(super) struct Receivers<'a> {
    /// The class that the first argument of a method stands for, by the place of that.
    of: HashMap<TextSize, &'a StmtClassDef>,
    /// Which classes of the file inherit from one of it, and the other way round.
    heirs: HashMap<&'a str, Vec<&'a str>>,
    bases: HashMap<&'a str, Vec<&'a str>>,
    /// What is said of the members of a class.
    said: HashMap<(&'a str, &'a str), &'a Expr>,
    /// What members, keys and arguments are given that may be classes, wherever that is.
    kept: HashMap<&'a str, Vec<&'a Expr>>,
    /// What is said of other members, by all that is written: `order.address: Address`.
    written: HashMap<String, &'a Expr>,
}

impl<'a> Receivers<'a> {
    pub(super) fn of(names: &Names<'a>, body: &'a [Stmt]) -> Self {
        let mut all = Self::default();
        each(body, |node| match node {
            Node::Stmt(Stmt::ClassDef(class)) => all.class(class),
            Node::Stmt(Stmt::AnnAssign(assign)) => {
                let Expr::Attribute(member) = &*assign.target else { return };
                match all.class_of(names, &member.value) {
                    Some(class) => _ = all.said.insert((class.name.as_str(), member.attr.as_str()), &assign.annotation),
                    None => all.written.extend(dotted(&assign.target).map(|written| (written, &*assign.annotation))),
                }
            }
            Node::Stmt(Stmt::Assign(assign)) => {
                for target in &assign.targets {
                    let into = target.as_subscript_expr().map_or(target, |entry| &entry.value);
                    all.keep(last(into).filter(|_| !target.is_name_expr()), &assign.value);
                }
            }
            Node::Expr(Expr::Dict(dict)) => {
                for item in &dict.items {
                    let name = item.key.as_ref().and_then(Expr::as_string_literal_expr);
                    all.keep(name.map(|name| name.value.to_str()), &item.value);
                }
            }
            Node::Expr(Expr::Call(call)) => {
                for given in &call.arguments.keywords {
                    all.keep(given.arg.as_ref().map(|name| name.as_str()), &given.value);
                }
            }
            _ => {}
        });
        all
    }

    fn keep(&mut self, name: Option<&'a str>, value: &'a Expr) {
        let may_be_class = matches!(value, Expr::Name(_) | Expr::Attribute(_) | Expr::Call(_) | Expr::If(_));
        if let Some(name) = name.filter(|_| may_be_class) {
            self.kept.entry(name).or_default().push(value);
        }
    }

    /// What anything of a name is given: a member, a key, an argument, an entry of what has the name.
    fn kept(&self, name: &str) -> impl Iterator<Item = &'a Expr> {
        self.kept.get(name).into_iter().flatten().copied().take(MOST_STEPS + 1)
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        let own_name = class.name.as_str();
        for base in class.arguments.iter().flat_map(|arguments| &arguments.args) {
            let base = base.as_subscript_expr().map_or(base, |base| &base.value);
            if let Expr::Name(base) = base {
                self.heirs.entry(base.id.as_str()).or_default().push(own_name);
                self.bases.entry(own_name).or_default().push(base.id.as_str());
            }
        }
        for stmt in own(&class.body) {
            match stmt {
                Stmt::FunctionDef(method) => {
                    let first = method.parameters.iter_non_variadic_params().next();
                    self.of.extend(first.map(|first| (first.name().start(), class)));
                }
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        self.keep(target.as_name_expr().map(|name| name.id.as_str()), &assign.value);
                    }
                }
                Stmt::AnnAssign(assign) => {
                    let name = assign.target.as_name_expr();
                    assign.value.iter().for_each(|value| self.keep(name.map(|name| name.id.as_str()), value));
                    self.said.extend(name.map(|name| ((own_name, name.id.as_str()), &*assign.annotation)));
                }
                _ => {}
            }
        }
    }

    /// The class that an expression is the first argument of a method of.
    fn class_of(&self, names: &Names<'a>, expr: &Expr) -> Option<&'a StmtClassDef> {
        let name = expr.as_name_expr()?;
        let variable = names.scopes.variable(&name.id, name.start())?;
        variable.bindings.iter().find_map(|binding| self.of.get(&binding.at).copied())
    }

    /// What a class, or one that it inherits from, says of a member.
    pub(super) fn said(&self, class: &StmtClassDef, member: &str) -> Vec<&'a Expr> {
        let said =
            related(&self.bases, class.name.as_str()).into_iter().find_map(|class| self.said.get(&(class, member)));
        Vec::from_iter(said.copied())
    }

    pub(super) fn said_of(&self, written: &str) -> Option<&'a Expr> {
        self.written.get(written).copied()
    }
}

/// A class with those that inherit from it, or that it inherits from, nearest first.
fn related<'c>(classes: &HashMap<&'c str, Vec<&'c str>>, class: &'c str) -> Vec<&'c str> {
    let mut found = vec![class];
    for next in 0..MOST_HEIRS {
        let Some(class) = found.get(next) else { break };
        for one in classes.get(class).into_iter().flatten().take(MOST_HEIRS) {
            if found.len() < MOST_HEIRS && !found.contains(one) {
                found.push(one);
            }
        }
    }
    found
}

/// A declared type, and what its class is called.
pub(super) type Made = (String, String);

impl<'a> Reader<'_, 'a> {
    /// The declared types that a call of this may make values of; `None` where that may be too many things.
    pub(super) fn made_by<'e>(&self, callee: &'e Expr) -> Option<Vec<Made>>
    where
        'a: 'e,
    {
        let mut found: Vec<Made> = Vec::new();
        let (mut waiting, mut seen) = (vec![callee], HashSet::new());
        while let Some(callee) = waiting.pop() {
            if let Some(written) = spelled(callee)
                && let Some(ty) = self.declared_type(&written)
            {
                found.push((ty, written));
                continue;
            }
            let next = self.behind(callee, &mut found);
            // What leads back to itself is looked at once.
            waiting.extend(next.into_iter().filter(|next| seen.insert(next.range())));
            if seen.len() > MOST_STEPS {
                return None;
            }
        }
        found.sort();
        found.dedup();
        Some(found)
    }

    /// What may be called where this is, one step on.
    fn behind<'e>(&self, callee: &'e Expr, found: &mut Vec<Made>) -> Vec<&'e Expr>
    where
        'a: 'e,
    {
        match callee {
            Expr::Name(name) => {
                let kept = self.receivers.kept(&name.id);
                let variables = || self.names.scopes.meant(&name.id, name.start());
                let bindings = || variables().flat_map(|variable| &variable.bindings).take(MOST_STEPS + 1);
                bindings().for_each(|binding| found.extend(self.family(self.receivers.of.get(&binding.at).copied())));
                let said = bindings().filter_map(|binding| self.class_said(binding.said?));
                let is_argument = variables().any(Variable::is_parameter);
                let given = bindings().filter_map(|binding| binding.value).chain(said);
                given.chain(kept.filter(|_| is_argument)).collect()
            }
            // `self.__class__`
            Expr::Attribute(member) if member.attr.as_str() == "__class__" => self.classes_of(&member.value, found),
            // `self.model`
            Expr::Attribute(member) => self.receivers.kept(&member.attr).collect(),
            Expr::Call(call) if self.is_partial(&call.func) => call.arguments.args.first().into_iter().collect(),
            Expr::Call(call) => match (last(&call.func), &*call.arguments.args, &*call.func) {
                (Some("type"), [value], _) => self.classes_of(value, found),
                (Some("get" | "__getitem__"), _, Expr::Attribute(method)) => vec![&method.value],
                (Some("dict"), ..) => {
                    call.arguments.keywords.iter().map(|given| &given.value).take(MOST_STEPS + 1).collect()
                }
                _ => Vec::new(),
            },
            Expr::Subscript(of) => {
                let key = of.slice.as_string_literal_expr().map(|key| key.value.to_str());
                let names = key.into_iter().chain(last(&of.value));
                std::iter::once(&*of.value).chain(names.flat_map(|name| self.receivers.kept(name))).collect()
            }
            Expr::Dict(dict) => dict.items.iter().map(|item| &item.value).take(MOST_STEPS + 1).collect(),
            Expr::List(list) => list.elts.iter().take(MOST_STEPS + 1).collect(),
            Expr::Tuple(tuple) => tuple.elts.iter().take(MOST_STEPS + 1).collect(),
            other => parts(other),
        }
    }

    /// The classes of a value: `self`, or what its annotation says.
    fn classes_of<'e>(&self, value: &'e Expr, found: &mut Vec<Made>) -> Vec<&'e Expr>
    where
        'a: 'e,
    {
        let variable = value.as_name_expr().and_then(|name| self.names.scopes.variable(&name.id, name.start()));
        let bindings = || variable.into_iter().flat_map(|variable| &variable.bindings).take(MOST_STEPS + 1);
        bindings().for_each(|binding| found.extend(self.family(self.receivers.of.get(&binding.at).copied())));
        bindings().filter_map(|binding| binding.said).collect()
    }

    /// `functools.partial` and `operator.call`, which are given a class first.
    pub(super) fn is_partial(&self, function: &Expr) -> bool {
        let is_one = |name: &Option<&str>| matches!(name, Some("partial" | "partialmethod"));
        let full = || dotted(function).and_then(|written| self.names.full(&written));
        [last(function), self.names.known(function)].iter().any(is_one)
            || full().is_some_and(|name| name == "operator.call")
    }

    /// `type[Order]`
    fn class_said(&self, annotation: &'a Expr) -> Option<&'a Expr> {
        let of = annotation.as_subscript_expr()?;
        matches!(self.names.known(&of.value), Some("type" | "Type")).then(|| arguments(of).first()).flatten()
    }

    fn family(&self, class: Option<&'a StmtClassDef>) -> Vec<Made> {
        let names = class.map(|class| related(&self.receivers.heirs, class.name.as_str())).unwrap_or_default();
        names.into_iter().filter_map(|name| Some((self.declared_type(name)?, name.to_owned()))).collect()
    }

    /// The class that an expression is the first argument of a method of.
    pub(super) fn receiver(&self, expr: &Expr) -> Option<&'a StmtClassDef> {
        self.receivers.class_of(self.names, expr)
    }
}
