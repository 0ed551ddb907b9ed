//! What makes values of a declared type: its class, by all the names that the file has for it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, ExprName, Stmt, StmtClassDef};
use ruff_text_size::{Ranged, TextSize};

use super::patches::parts;
use super::{Reader, own};
use crate::drift::languages::python::names::{Names, dotted, last};
use crate::drift::languages::python::scopes::{By, Variable};
use crate::drift::languages::python::spelled::{dotted_member, spelled};
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
    /// Both of these, as a class may be written, and name another one, many times.
    related: HashSet<(&'a str, &'a str)>,
    /// What is said of the members of a class.
    said: HashMap<(&'a str, &'a str), &'a Expr>,
    /// What members, keys and arguments are given that may be classes, wherever that is.
    kept: HashMap<&'a str, Vec<&'a Expr>>,
    /// What is said of other members, by all that is written: `order.address: Address`.
    written: HashMap<String, &'a Expr>,
    /// Members of which something is said where what has them has too many names to tell.
    lost: HashSet<&'a str>,
    /// What functions are said to give back, by their names.
    given_back: HashMap<&'a str, Vec<&'a Expr>>,
}

/// What is asked of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Asked {
    /// Which classes it may be, or has within it.
    Class,
    /// Of which classes its value may be.
    Value,
    /// Which classes it says that a value is of.
    Said,
    /// The same of a value that is a class itself: `type[Order]`.
    SaidOfClass,
}

/// What is known of names that were asked before: by what they are, and by where the variable begins that they are of.
pub(super) type Known = HashMap<(Asked, String, Option<TextSize>), Option<Rc<[Made]>>>;

impl<'a> Receivers<'a> {
    pub(super) fn of(names: &Names<'a>, body: &'a [Stmt]) -> Self {
        let mut all = Self::default();
        each(body, |node| match node {
            Node::Stmt(Stmt::ClassDef(class)) => all.class(class),
            Node::Stmt(Stmt::FunctionDef(function)) => {
                let given = all.given_back.entry(function.name.as_str()).or_default();
                given.extend(function.returns.as_deref());
            }
            Node::Stmt(Stmt::AnnAssign(assign)) => {
                let Expr::Attribute(member) = &*assign.target else { return };
                let Some(classes) = all.classes_of(names, &member.value) else {
                    all.lost.insert(member.attr.as_str());
                    return;
                };
                if classes.is_empty() {
                    all.written.extend(dotted(&assign.target).map(|written| (written, &*assign.annotation)));
                }
                let said = |class: &'a StmtClassDef| ((class.name.as_str(), member.attr.as_str()), &*assign.annotation);
                all.said.extend(classes.into_iter().map(said));
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
            let kept = self.kept.entry(name).or_default();
            // `a.x = b.x = value` gives it once: the same again would hide what comes behind the most that are looked at.
            if kept.last().is_none_or(|last| last.range() != value.range()) {
                kept.push(value);
            }
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
            if let Expr::Name(base) = base
                && self.related.insert((own_name, base.id.as_str()))
            {
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

    /// The classes that an expression is the first argument of a method of: `self`, and `s` of `s = self`. `None` where it
    /// has too many names to tell.
    fn classes_of<'e>(&self, names: &Names<'a>, expr: &'e Expr) -> Option<Vec<&'a StmtClassDef>>
    where
        'a: 'e,
    {
        let (mut found, mut seen, mut waiting): (Vec<&'a StmtClassDef>, HashSet<_>, Vec<&'e Expr>) =
            (Vec::new(), HashSet::new(), vec![expr]);
        while let Some(expr) = waiting.pop() {
            waiting.extend(parts(expr));
            let Some(name) = expr.as_name_expr().filter(|name| seen.insert(name.range())) else { continue };
            if seen.len() > MOST_STEPS {
                return None;
            }
            let variable = names.scopes.variable(&name.id, name.start());
            let bindings = || variable.into_iter().flat_map(|variable| &variable.bindings);
            if bindings().nth(MOST_STEPS).is_some() {
                return None;
            }
            found.extend(bindings().filter_map(|binding| self.of.get(&binding.at).copied()));
            waiting.extend(bindings().filter_map(|binding| binding.value));
        }
        found.dedup_by_key(|class| class.range());
        Some(found)
    }

    /// What a class, or one that it inherits from, says of a member; `None` where it inherits from too many.
    fn said(&self, class: &StmtClassDef, member: &str) -> Option<Vec<&'a Expr>> {
        let said =
            related(&self.bases, class.name.as_str())?.into_iter().find_map(|class| self.said.get(&(class, member)));
        Some(Vec::from_iter(said.copied()))
    }

    pub(super) fn said_of(&self, written: &str) -> Option<&'a Expr> {
        self.written.get(written).copied()
    }
}

/// A class with those that inherit from it, or that it inherits from, nearest first; `None` where these are too many.
fn related<'c>(classes: &HashMap<&'c str, Vec<&'c str>>, class: &'c str) -> Option<Vec<&'c str>> {
    let mut found = vec![class];
    let mut next = 0;
    while let Some(class) = found.get(next) {
        for one in classes.get(class).into_iter().flatten() {
            if !found.contains(one) {
                found.push(one);
            }
            if found.len() > MOST_HEIRS {
                return None;
            }
        }
        next += 1;
    }
    Some(found)
}

/// A declared type, and what its class is called.
pub(super) type Made = (String, String);

/// An expression of which something is asked.
type Step<'e> = (Asked, &'e Expr);

impl<'a> Reader<'_, 'a> {
    /// The declared types of the classes that are asked for; `None` where that may be too many things.
    pub(super) fn made<'e>(&mut self, asked: Asked, expr: &'e Expr) -> Option<Rc<[Made]>>
    where
        'a: 'e,
    {
        let Some((written, root)) = dotted(expr).zip(root(expr)) else {
            return self.sought((asked, expr), &mut { MOST_STEPS }).map(Rc::from);
        };
        let variable = self.names.scopes.variable(&root.id, root.start());
        let begin = variable.and_then(|variable| variable.bindings.first()).map(|first| first.at);
        let key = (asked, written, begin);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = self.sought((asked, expr), &mut { MOST_STEPS }).map(Rc::from);
        self.known.insert(key, found.clone());
        found
    }

    /// The same, in no more steps than are `left`: what stands in quotes is looked for anew, but not without end.
    fn sought<'e>(&self, first: Step<'e>, left: &mut usize) -> Option<Vec<Made>>
    where
        'a: 'e,
    {
        let mut found: Vec<Made> = Vec::new();
        let (mut waiting, mut seen) = (vec![first], HashSet::new());
        while let Some((asked, expr)) = waiting.pop() {
            if matches!(asked, Asked::Class | Asked::Said)
                && let Some(written) = spelled(expr)
                && let Some(ty) = self.declared_type(&written)
            {
                found.push((ty, written));
                continue;
            }
            let next = match asked {
                Asked::Class => self.behind(expr, &mut found)?,
                Asked::Value => self.behind_value(expr, &mut found)?,
                Asked::Said | Asked::SaidOfClass => self.behind_said(asked, expr, &mut found, left)?,
            };
            // What leads back to itself is looked at once.
            for (asked, next) in next {
                if seen.insert((asked, next.range())) {
                    *left = left.checked_sub(1)?;
                    waiting.push((asked, next));
                }
            }
        }
        found.sort();
        found.dedup();
        Some(found)
    }

    /// What may be called where this is, one step on.
    fn behind<'e>(&self, callee: &'e Expr, found: &mut Vec<Made>) -> Option<Vec<Step<'e>>>
    where
        'a: 'e,
    {
        let classes = |values: Vec<&'e Expr>| Some(values.into_iter().map(|value| (Asked::Class, value)).collect());
        match callee {
            Expr::Name(name) => {
                let is_argument = self.names.scopes.meant(&name.id, name.start()).any(Variable::is_parameter);
                let kept = self.receivers.kept(&name.id).filter(|_| is_argument).map(|value| (Asked::Class, value));
                let given = self.variable(name, (Asked::Class, Asked::SaidOfClass), found)?;
                Some(given.into_iter().chain(kept).collect())
            }
            // `self.__class__`
            Expr::Attribute(member) if member.attr.as_str() == "__class__" => {
                Some(vec![(Asked::Value, &*member.value)])
            }
            // `self.model`
            Expr::Attribute(member) => {
                let said = self.member_said(member)?.into_iter().map(|said| (Asked::SaidOfClass, said));
                Some(self.receivers.kept(&member.attr).map(|value| (Asked::Class, value)).chain(said).collect())
            }
            Expr::Call(call) => Some(self.behind_call(call)),
            Expr::Subscript(of) => {
                let key = of.slice.as_string_literal_expr().map(|key| key.value.to_str());
                let names = key.into_iter().chain(last(&of.value));
                classes(std::iter::once(&*of.value).chain(names.flat_map(|name| self.receivers.kept(name))).collect())
            }
            Expr::Dict(dict) => {
                // What goes through it gets the keys.
                let keys = dict.items.iter().filter_map(|item| item.key.as_ref()).filter(|key| !key.is_literal_expr());
                classes(keys.chain(dict.items.iter().map(|item| &item.value)).take(MOST_STEPS + 1).collect())
            }
            Expr::List(list) => classes(list.elts.iter().take(MOST_STEPS + 1).collect()),
            Expr::Tuple(tuple) => classes(tuple.elts.iter().take(MOST_STEPS + 1).collect()),
            Expr::Set(set) => classes(set.elts.iter().take(MOST_STEPS + 1).collect()),
            Expr::Starred(several) => classes(vec![&several.value]),
            other => classes(parts(other)),
        }
    }

    /// Calls that give back classes.
    fn behind_call<'e>(&self, call: &'e ExprCall) -> Vec<Step<'e>> {
        let given = &call.arguments.args;
        let first = |asked| given.first().map(|first| (asked, first)).into_iter().collect();
        match (last(&call.func).unwrap_or_default(), &*call.func) {
            _ if self.is_partial(&call.func) => first(Asked::Class),
            ("type", _) if given.len() == 1 => first(Asked::Value),
            ("TypeAdapter", _) => first(Asked::Said),
            ("get" | "__getitem__" | "items" | "pop" | "values", Expr::Attribute(method)) => {
                let default = given.iter().skip(1).map(|value| (Asked::Class, value));
                std::iter::once((Asked::Class, &*method.value)).chain(default).collect()
            }
            ("dict", _) => {
                let named = call.arguments.keywords.iter().map(|given| &given.value);
                given.iter().chain(named).map(|value| (Asked::Class, value)).take(MOST_STEPS + 1).collect()
            }
            // What goes through classes.
            ("chain" | "enumerate" | "iter" | "list" | "next" | "reversed" | "set" | "sorted" | "tuple" | "zip", _) => {
                given.iter().map(|value| (Asked::Class, value)).take(MOST_STEPS + 1).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Of what a value may be, one step on.
    fn behind_value<'e>(&self, value: &'e Expr, found: &mut Vec<Made>) -> Option<Vec<Step<'e>>>
    where
        'a: 'e,
    {
        Some(match value {
            Expr::Name(name) => self.variable(name, (Asked::Value, Asked::Said), found)?,
            Expr::Attribute(member) => {
                let said = self.member_said(member)?.into_iter().map(|said| (Asked::Said, said));
                self.receivers.kept(&member.attr).map(|value| (Asked::Value, value)).chain(said).collect()
            }
            Expr::Call(call) => {
                if let Some((of, _)) = self.copied(call) {
                    return Some(vec![(Asked::Value, of)]);
                }
                match (&*call.func, last(&call.func).unwrap_or_default(), &*call.arguments.args) {
                    (_, "cast", [said, ..]) => vec![(Asked::Said, said)],
                    (_, "copy" | "deepcopy", [of]) => vec![(Asked::Value, of)],
                    (Expr::Attribute(method), name, _) if makes(name) => vec![(Asked::Class, &*method.value)],
                    (function, name, _) => {
                        let given_back = self.receivers.given_back.get(name).into_iter().flatten();
                        let given_back = given_back.take(MOST_STEPS + 1).map(|said| (Asked::Said, *said));
                        std::iter::once((Asked::Class, function)).chain(given_back).collect()
                    }
                }
            }
            other => parts(other).into_iter().map(|part| (Asked::Value, part)).collect(),
        })
    }

    /// What an annotation says, one step on.
    fn behind_said<'e>(
        &self,
        asked: Asked,
        said: &'e Expr,
        found: &mut Vec<Made>,
        left: &mut usize,
    ) -> Option<Vec<Step<'e>>>
    where
        'a: 'e,
    {
        const THROUGH: [&str; 8] =
            ["Annotated", "ClassVar", "Final", "NotRequired", "Optional", "ReadOnly", "Required", "Union"];
        Some(match said {
            Expr::StringLiteral(_) => {
                *left = left.checked_sub(1)?;
                let inner = |inner: &Expr| match inner {
                    Expr::StringLiteral(_) => Some(Vec::new()),
                    inner => self.sought((asked, inner), left),
                };
                found.extend(self.types.plain(said, inner)?);
                Vec::new()
            }
            Expr::Name(name) => self.variable(name, (asked, asked), &mut Vec::new())?,
            Expr::BinOp(both) => vec![(asked, &*both.left), (asked, &*both.right)],
            Expr::Tuple(several) => several.elts.iter().take(MOST_STEPS + 1).map(|said| (asked, said)).collect(),
            Expr::Subscript(of) => match (self.names.known(&of.value), asked) {
                (Some("type" | "Type"), Asked::SaidOfClass) => {
                    arguments(of).iter().take(MOST_STEPS + 1).map(|said| (Asked::Said, said)).collect()
                }
                (Some(name), _) if THROUGH.contains(&name) => {
                    arguments(of).iter().take(MOST_STEPS + 1).map(|said| (asked, said)).collect()
                }
                (Some(_), _) | (None, Asked::SaidOfClass) => Vec::new(),
                (None, _) => vec![(asked, &*of.value)],
            },
            // `TypeVar("T", bound=Order)`, `TypeVar("T", Order, Item)`, `NewType("Draft", Order)`
            Expr::Call(call) => match self.names.known(&call.func) {
                Some("NewType" | "TypeAliasType" | "TypeVar") => {
                    let named = call.arguments.keywords.iter().filter(|given| given.arg.as_deref() != Some("name"));
                    let given = call.arguments.args.iter().skip(1).chain(named.map(|given| &given.value));
                    given.take(MOST_STEPS + 1).map(|said| (asked, said)).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        })
    }

    /// What a variable is given, and what is said of it.
    fn variable<'e>(
        &self,
        name: &'e ExprName,
        (given, said): (Asked, Asked),
        found: &mut Vec<Made>,
    ) -> Option<Vec<Step<'e>>>
    where
        'a: 'e,
    {
        let mut steps: Vec<Step<'e>> = Vec::new();
        let meant = || self.names.scopes.meant(&name.id, name.start()).flat_map(|variable| &variable.bindings);
        // Those that lead nowhere count too: what stands behind them must not be passed over.
        if meant().nth(MOST_STEPS).is_some() {
            return None;
        }
        for binding in meant() {
            if let Some(class) = self.receivers.of.get(&binding.at) {
                found.extend(self.family(class)?);
            }
            // An item of something is none of what that is.
            let value = binding.value.filter(|_| binding.by != By::Each || given == Asked::Class);
            steps.extend(value.map(|value| (given, value)));
            steps.extend(binding.said.filter(|_| given != said).map(|annotation| (said, annotation)));
        }
        Some(steps)
    }

    /// What is said of `self.order`, by the class or by one that it inherits from, or of `order.address`; `None` where that
    /// may be too many things.
    pub(super) fn member_said(&self, member: &ExprAttribute) -> Option<Vec<&'a Expr>> {
        if self.receivers.lost.contains(member.attr.as_str()) {
            return None;
        }
        let classes = self.receivers.classes_of(self.names, &member.value)?;
        if classes.is_empty() {
            return Some(Vec::from_iter(dotted_member(member).and_then(|written| self.receivers.said_of(&written))));
        }
        let said = classes.into_iter().map(|class| self.receivers.said(class, member.attr.as_str()));
        Some(said.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// `functools.partial` and `operator.call`, which are given a class first.
    pub(super) fn is_partial(&self, function: &Expr) -> bool {
        let is_one = |name: &Option<&str>| matches!(name, Some("partial" | "partialmethod"));
        let full = || dotted(function).and_then(|written| self.names.full(&written));
        [last(function), self.names.known(function)].iter().any(is_one)
            || full().is_some_and(|name| name == "operator.call")
    }

    fn family(&self, class: &'a StmtClassDef) -> Option<Vec<Made>> {
        let names = related(&self.receivers.heirs, class.name.as_str())?;
        Some(names.into_iter().filter_map(|name| Some((self.declared_type(name)?, name.to_owned()))).collect())
    }
}

/// The first name of `a.b.c`.
fn root(expr: &Expr) -> Option<&ExprName> {
    let mut expr = expr;
    while let Expr::Attribute(member) = expr {
        expr = &member.value;
    }
    expr.as_name_expr()
}

/// Methods of classes that make a value of it.
pub(super) fn makes(method: &str) -> bool {
    validates(method) || matches!(method, "model_construct" | "construct" | "_make")
}

/// Methods of classes that make a value of a dictionary.
pub(super) fn validates(method: &str) -> bool {
    matches!(method, "model_validate" | "parse_obj" | "from_dict" | "validate" | "validate_python")
}
