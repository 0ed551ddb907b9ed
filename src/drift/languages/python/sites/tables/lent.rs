//! Other names that a file has for its mapping tables, and for what stands within them.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Reader, end, puts};
use crate::drift::languages::python::names::last;
use crate::drift::languages::python::scopes::By;
use crate::drift::languages::python::sites::own;
use crate::drift::languages::python::sites::patches::parts;
use crate::drift::languages::python::walk::{Node, each};
use crate::drift::shape::Sites;

/// Through how many names and values a table is looked for, and how many items one of these may have.
const MOST_NAMES: usize = 128;
const MOST_ITEMS: usize = 4096;
const MOST_STEPS: usize = 1024;
/// How much of a file is looked at for all that is put into something, and how much of that one step is.
const MOST_OF_FILE: usize = 1 << 24;
const STEP: usize = 16;

/// Functions that give back what holds the same as what they get.
const COPIES: [&str; 12] =
    ["chain", "copy", "cycle", "dict", "enumerate", "iter", "list", "reversed", "set", "sorted", "tuple", "zip"];

/// What is changed where something is put into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Table,
    /// An entry of one, or what is within that.
    Within,
    /// It has too many names to tell.
    Lost,
}

/// What a file gives to anything that may hold a table.
#[derive(Default)]
pub(in super::super) struct Lent<'a> {
    /// How much has been looked at.
    spent: Cell<usize>,
    /// Some table is named in the file.
    is_named: bool,
    /// What members have by their names.
    members: HashMap<&'a str, Vec<&'a Expr>>,
    /// What is put into something, by the last part of its name.
    entries: HashMap<&'a str, Vec<Put<'a>>>,
    /// What else gets the same value as a name, by the place of that: `a = b = {}`.
    twins: HashMap<TextSize, &'a Expr>,
    /// What tables are imported as.
    imports: HashSet<&'a str>,
}

/// What is put into something.
#[derive(Clone, Copy)]
enum Put<'a> {
    One(&'a Expr),
    /// All that it has.
    All(&'a Expr),
}

/// A value in which a table is looked for, and by which keys, the nearest last; `None` is any.
type Step<'e> = (&'e Expr, Vec<Option<&'e str>>);

impl<'a> Lent<'a> {
    pub(in super::super) fn of(sites: &Sites, body: &'a [Stmt]) -> Self {
        let mut lent = Self::default();
        if sites.tables.is_empty() {
            return lent;
        }
        let names: HashSet<&str> = sites.tables.iter().map(|name| end(name)).collect();
        each(body, |node| match node {
            Node::Stmt(stmt) => lent.stmt(&names, stmt),
            Node::Expr(expr) => lent.expr(&names, expr),
            Node::Parameter(name) => lent.is_named |= names.contains(name.as_str()),
        });
        lent
    }

    fn expr(&mut self, names: &HashSet<&str>, expr: &'a Expr) {
        self.is_named |= match expr {
            Expr::StringLiteral(text) => names.contains(text.value.to_str()),
            other => last(other).is_some_and(|name| names.contains(name)),
        };
        // `tables.append(FIELD_MAP)`, `tables.update(order=FIELD_MAP)`
        if let Expr::Call(call) = expr
            && let Expr::Attribute(method) = &*call.func
            && puts(method.attr.as_str())
        {
            let is_whole = matches!(method.attr.as_str(), "update" | "extend" | "extendleft" | "__ior__" | "__iadd__");
            let put = if is_whole { Put::All } else { Put::One };
            call.arguments.args.iter().for_each(|value| self.keep_entry(&method.value, put(value)));
            for keyword in &call.arguments.keywords {
                let put = if keyword.arg.is_some() { Put::One } else { Put::All };
                self.keep_entry(&method.value, put(&keyword.value));
            }
        }
    }

    fn stmt(&mut self, names: &HashSet<&str>, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) => {
                let targets = &assign.targets;
                targets.iter().for_each(|target| self.keep(target, &assign.value));
                // Each leads to the next one, and the last to the first.
                for (target, next) in targets.iter().zip(targets.iter().cycle().skip(1)).filter(|_| targets.len() > 1) {
                    self.keep(target, next);
                    self.twins.extend(target.as_name_expr().map(|name| (name.start(), next)));
                }
            }
            Stmt::AugAssign(assign) => self.keep_entry(&assign.target, Put::All(&assign.value)),
            Stmt::AnnAssign(assign) => assign.value.iter().for_each(|value| self.keep(&assign.target, value)),
            Stmt::ClassDef(class) => {
                for stmt in own(&class.body) {
                    let (targets, value) = match stmt {
                        Stmt::Assign(assign) => (&*assign.targets, Some(&*assign.value)),
                        Stmt::AnnAssign(assign) => (std::slice::from_ref(&*assign.target), assign.value.as_deref()),
                        _ => continue,
                    };
                    for name in targets.iter().filter_map(Expr::as_name_expr) {
                        value.into_iter().for_each(|value| self.keep_member(name.id.as_str(), value));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let tables = || import.names.iter().filter(|alias| names.contains(alias.name.as_str()));
                self.is_named |= tables().next().is_some();
                self.imports.extend(tables().filter_map(|alias| alias.asname.as_deref()));
            }
            _ => {}
        }
    }

    fn spend(&self, steps: usize) {
        self.spent.set(self.spent.get().saturating_add(steps));
    }

    fn keep(&mut self, target: &'a Expr, value: &'a Expr) {
        match (target, value) {
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.elts.len() == values.elts.len() => {
                targets.elts.iter().zip(&values.elts).for_each(|(target, value)| self.keep(target, value));
            }
            (Expr::Attribute(member), _) => self.keep_member(member.attr.as_str(), value),
            (Expr::Subscript(entry), _) if entry.slice.is_slice_expr() => {
                self.keep_entry(&entry.value, Put::All(value))
            }
            (Expr::Subscript(entry), _) => self.keep_entry(&entry.value, Put::One(value)),
            _ => {}
        }
    }

    fn keep_member(&mut self, name: &'a str, value: &'a Expr) {
        if leads_on(value) {
            self.members.entry(name).or_default().push(value);
        }
    }

    fn keep_entry(&mut self, into: &'a Expr, put: Put<'a>) {
        let (Put::One(value) | Put::All(value)) = put;
        if let Some(name) = last(into).filter(|_| leads_on(value)) {
            self.entries.entry(name).or_default().push(put);
        }
    }
}

impl<'a> Reader<'_, 'a> {
    /// What is changed where something is put into a value: a table has other names in this file, too.
    pub(super) fn reaches<'e>(&self, value: &'e Expr) -> Option<Reach>
    where
        'a: 'e,
    {
        let (mut waiting, mut seen, mut found) = (vec![(value, Vec::new())], HashSet::new(), None);
        for _ in 0..MOST_STEPS {
            let Some((value, keys)) = waiting.pop().filter(|_| self.lent.is_named) else { return found };
            self.lent.spend(STEP + keys.len());
            match self.is_table(value) || self.is_imported_table(value) {
                true if keys.is_empty() => found = Some(Reach::Table),
                true => return Some(Reach::Within),
                // What has one name leads on alike.
                false if !seen.insert((self.named(value), keys.clone())) => {}
                false if self.lent.spent.get() > MOST_OF_FILE => break,
                false if seen.len() <= MOST_NAMES && self.lent_by(value, &keys, &mut waiting) => {}
                false => break,
            }
        }
        Some(Reach::Lost)
    }

    /// What a value is known by: the name of a member, or a variable by where it begins; else its place.
    fn named<'e>(&self, value: &'e Expr) -> (&'e str, TextRange) {
        match value {
            Expr::Attribute(member) => (member.attr.as_str(), TextRange::default()),
            Expr::Name(name) => {
                let variable = self.names.scopes.variable(&name.id, name.start());
                let begin = variable.and_then(|variable| variable.bindings.first()).map(|first| first.at);
                (name.id.as_str(), TextRange::empty(begin.unwrap_or_default()))
            }
            other => ("", other.range()),
        }
    }

    /// `from fields import FIELD_MAP as F`
    fn is_imported_table(&self, value: &Expr) -> bool {
        let Some(name) = value.as_name_expr().filter(|name| self.lent.imports.contains(name.id.as_str())) else {
            return false;
        };
        let mut meant = self.names.scopes.meant(&name.id, name.start()).flat_map(|variable| &variable.bindings);
        meant.any(|binding| binding.by == By::Nothing)
    }

    /// What else a value may be, or be within; `false` where that is too much. It is counted before it is looked at: many
    /// times the same name is one step, which would hide what comes behind.
    fn lent_by<'e>(&self, value: &'e Expr, keys: &[Option<&'e str>], waiting: &mut Vec<Step<'e>>) -> bool
    where
        'a: 'e,
    {
        let (inner, outer) = keys.split_last().map_or((None, None), |(key, outer)| (Some(*key), Some(outer)));
        let mut step = |value, keys: &[Option<&'e str>], key: Option<Option<&'e str>>| {
            waiting.push((value, keys.iter().copied().chain(key).collect()));
        };
        if let Some((length, outer)) = length(value).zip(outer) {
            // All of it is gone through for each of its keys.
            self.lent.spend(length);
            let items = items(value, inner).unwrap_or_default();
            items.iter().take(MOST_ITEMS).for_each(|item| step(item, outer, None));
            return items.len() <= MOST_ITEMS;
        }
        if let Some((put, outer)) = last(value).and_then(|name| self.lent.entries.get(name)).zip(outer) {
            if put.len() > MOST_NAMES {
                return false;
            }
            put.iter().for_each(|put| match put {
                Put::One(value) => step(value, outer, None),
                Put::All(value) => step(value, keys, None),
            });
        }
        match value {
            Expr::Name(name) => {
                let meant = || self.names.scopes.meant(&name.id, name.start()).flat_map(|variable| &variable.bindings);
                if meant().nth(MOST_NAMES).is_some() {
                    return false;
                }
                for binding in meant() {
                    let key = (binding.by == By::Each).then_some(None);
                    binding.value.into_iter().for_each(|value| step(value, keys, key));
                    self.lent.twins.get(&binding.at).into_iter().for_each(|twin| step(twin, keys, None));
                }
            }
            Expr::Attribute(member) => {
                let members = self.lent.members.get(member.attr.as_str()).map(Vec::as_slice).unwrap_or_default();
                if members.len() > MOST_NAMES {
                    return false;
                }
                members.iter().for_each(|value| step(value, keys, None));
            }
            Expr::Subscript(entry) => step(&entry.value, keys, Some(text(&entry.slice))),
            Expr::Call(call) => match (&*call.func, last(&call.func).unwrap_or_default(), &*call.arguments.args) {
                (Expr::Attribute(method), "get" | "setdefault" | "pop" | "__getitem__", [key, default @ ..]) => {
                    step(&method.value, keys, Some(text(key)));
                    default.iter().take(1).for_each(|value| step(value, keys, None));
                }
                (Expr::Attribute(method), "values" | "items" | "copy", _) if inner.is_some() => {
                    step(&method.value, keys, None);
                }
                (_, "cast", [_, value]) => step(value, keys, None),
                // A copy, or an order, of what has a table in it.
                (_, name, given) if inner.is_some() && COPIES.contains(&name) => {
                    if given.len() > MOST_NAMES {
                        return false;
                    }
                    given.iter().for_each(|value| step(value, keys, None));
                }
                _ => {}
            },
            Expr::BinOp(both) if inner.is_some() => {
                [&*both.left, &*both.right].into_iter().for_each(|side| step(side, keys, None));
            }
            Expr::Starred(several) => step(&several.value, keys, Some(None)),
            other => parts(other).into_iter().for_each(|part| step(part, keys, None)),
        }
        true
    }
}

/// How much is written out of a container.
fn length(value: &Expr) -> Option<usize> {
    match value {
        Expr::Dict(dict) => Some(dict.items.len()),
        Expr::Call(call) if last(&call.func) == Some("dict") && call.arguments.args.is_empty() => {
            Some(call.arguments.keywords.len())
        }
        Expr::List(list) => Some(list.elts.len()),
        Expr::Tuple(tuple) => Some(tuple.elts.len()),
        Expr::Set(set) => Some(set.elts.len()),
        _ => None,
    }
}

/// The items of a container that is written out, by one of its keys.
fn items<'e>(value: &'e Expr, key: Option<Option<&'e str>>) -> Option<Vec<&'e Expr>> {
    let is_asked = |of: &Expr| text(of).zip(key.flatten()).is_none_or(|(of, key)| of == key);
    let items: Vec<&Expr> = match value {
        Expr::Dict(dict) => {
            let entries = dict.items.iter().filter(|item| item.key.as_ref().is_none_or(is_asked));
            entries.map(|item| &item.value).collect()
        }
        Expr::Call(call) if last(&call.func) == Some("dict") && call.arguments.args.is_empty() => {
            let is_asked = |name: &str| key.flatten().is_none_or(|key| key == name);
            let entries = call.arguments.keywords.iter().filter(|given| given.arg.as_deref().is_none_or(is_asked));
            entries.map(|given| &given.value).collect()
        }
        Expr::List(list) => list.elts.iter().collect(),
        Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        Expr::Set(set) => set.elts.iter().collect(),
        _ => return None,
    };
    // What is gone through may be pairs, each part of which has a name.
    let parts = items.iter().filter_map(|item| item.as_tuple_expr()).flat_map(|pair| &pair.elts);
    Some(items.iter().copied().chain(parts).filter(|item| leads_on(item)).collect())
}

fn text(key: &Expr) -> Option<&str> {
    key.as_string_literal_expr().map(|key| key.value.to_str())
}

/// Whether a value may be something that has a name, or hold it.
fn leads_on(value: &Expr) -> bool {
    let is_container =
        matches!(value, Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) | Expr::Starred(_));
    let is_named = matches!(value, Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::Call(_));
    is_container || is_named || value.is_bin_op_expr() || !parts(value).is_empty()
}
