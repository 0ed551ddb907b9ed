//! Where the variables of a file are seen: which one of a name is meant at a place, and what it is given.

mod found;

use std::cmp::Reverse;
use std::collections::HashMap;

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::walk::each;
use found::{Found, Place};

/// How deep scopes nest; of a file where they nest deeper no variable is known.
const MOST_AROUND: usize = 128;

/// What gives a variable its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// `name = value`, in a condition or a loop or not.
    Assignment {
        in_block: bool,
    },
    /// Something else that shows a value: `a = b = value`, `(a := value)`.
    Other,
    /// One of the items that a loop goes through: `for a in [value]`.
    Item,
    /// A loop that goes through the value: `for a in value`.
    Each,
    /// `name: Type`, which gives it none.
    Declaration,
    Parameter,
    /// The first argument of a method.
    Receiver,
    Class,
    /// An import, a function, a loop, `del` …
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'a> {
    pub(super) by: By,
    pub(super) value: Option<&'a Expr>,
    /// The class that it is, or whose method is called on it.
    pub(super) class: Option<&'a StmtClassDef>,
    /// What its annotation says.
    pub(super) said: Option<&'a Expr>,
    /// Where it gets its name.
    pub(super) at: TextSize,
}

impl<'a> Binding<'a> {
    fn new(by: By, at: TextSize, value: Option<&'a Expr>) -> Self {
        Self { by, value, class: None, said: None, at }
    }
}

/// All that has one name in one scope.
#[derive(Debug, Default)]
pub(super) struct Variable<'a> {
    pub(super) bindings: Vec<Binding<'a>>,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Module,
    Class,
    Function,
    Comprehension,
    /// What a comprehension goes through first belongs to the scope around it.
    First,
}

#[derive(Debug)]
struct Scope {
    range: TextRange,
    kind: Kind,
    /// The scope that it stands in, and the one where a name is looked for after it.
    around: Option<usize>,
    outer: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Scopes<'a> {
    scopes: Vec<Scope>,
    /// The scopes by where they begin; outer ones first.
    sorted: Vec<usize>,
    variables: Vec<Variable<'a>>,
    places: HashMap<(&'a str, usize), usize>,
    /// What is meant where nobody can tell: something that is given nothing known.
    unknown: Option<Variable<'a>>,
}

impl<'a> Variable<'a> {
    fn only(&self) -> Option<&Binding<'a>> {
        let mut given = self.bindings.iter().filter(|binding| binding.by != By::Declaration);
        given.next().filter(|_| given.next().is_none())
    }

    /// The one value that an assignment gives it, and whether that stands in a condition or a loop.
    pub(super) fn assigned(&self) -> Option<(&'a Expr, bool)> {
        match self.only()? {
            Binding { by: By::Assignment { in_block }, value: Some(value), .. } => Some((value, *in_block)),
            _ => None,
        }
    }

    /// Where a constant is given something once more.
    pub(super) fn again(&self) -> Option<TextSize> {
        let is_assigned = |binding: &Binding<'_>| matches!(binding.by, By::Assignment { .. } | By::Class);
        let mut given = self.bindings.iter().filter(|binding| binding.by != By::Declaration);
        let first = given.next().filter(|first| is_assigned(first));
        first.and(given.next()).map(|again| again.at)
    }

    pub(super) fn is_parameter(&self) -> bool {
        self.bindings.iter().any(|binding| matches!(binding.by, By::Parameter | By::Receiver))
    }

    /// Whether it is what a method is called on, and nothing else.
    pub(super) fn is_receiver(&self) -> bool {
        !self.bindings.is_empty() && self.bindings.iter().all(|binding| binding.by == By::Receiver)
    }

    /// The class that it is, if it is nothing else.
    pub(super) fn class(&self) -> Option<&'a StmtClassDef> {
        self.only().filter(|binding| binding.by == By::Class)?.class
    }

    /// The class whose method is called on it, if it is nothing else.
    pub(super) fn class_of_receiver(&self) -> Option<&'a StmtClassDef> {
        self.only().filter(|binding| binding.by == By::Receiver)?.class
    }

    /// Whether it is one of what loops list, and nothing else.
    pub(super) fn is_item(&self) -> bool {
        !self.bindings.is_empty() && self.bindings.iter().all(|binding| binding.by == By::Item)
    }

    /// Everything that it is seen to be given.
    pub(super) fn values(&self) -> impl Iterator<Item = &'a Expr> {
        self.bindings.iter().filter(|binding| binding.by != By::Each).filter_map(|binding| binding.value)
    }
}

impl<'a> Scopes<'a> {
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let mut found = Found::default();
        found.direct.extend(body.iter().map(Ranged::start));
        found.scopes.push((TextRange::new(TextSize::new(0), TextSize::new(u32::MAX)), Kind::Module));
        each(body, |node| found.node(node));
        let mut all = Self::default();
        if !all.nest(&found.scopes) {
            all.unknown = Some(Variable { bindings: Vec::new(), kind: Kind::Function });
            return all;
        }
        all.bind(found);
        all
    }

    /// Puts scopes within each other, unless they are too deep.
    fn nest(&mut self, found: &[(TextRange, Kind)]) -> bool {
        self.sorted = (0..found.len()).collect();
        let range = |index: usize| found.get(index).map(|(range, _)| *range).unwrap_or_default();
        self.sorted.sort_by_key(|index| (range(*index).start(), Reverse(range(*index).end())));
        let of = |(range, kind): &(TextRange, Kind)| Scope { range: *range, kind: *kind, around: None, outer: None };
        self.scopes = found.iter().map(of).collect();
        let mut open: Vec<usize> = Vec::new();
        for index in self.sorted.iter().copied() {
            while open.last().is_some_and(|last| range(*last).end() <= range(index).start()) {
                open.pop();
            }
            let around = open.last().copied();
            let beyond = around.and_then(|around| self.scopes.get(around)).and_then(|around| around.outer);
            let Some(scope) = self.scopes.get_mut(index) else { continue };
            scope.around = around;
            scope.outer = if scope.kind == Kind::First { beyond } else { around };
            open.push(index);
            if open.len() > MOST_AROUND {
                return false;
            }
        }
        true
    }

    fn bind(&mut self, found: Found<'a>) {
        for (name, at) in found.globals {
            let own = self.at(at);
            let variable = self.own(name, 0);
            self.places.insert((name, own), variable);
            self.give(variable, Binding::new(By::Nothing, at, None));
        }
        let mut nonlocals: HashMap<(&str, usize), Vec<Binding<'a>>> = HashMap::new();
        for (name, at) in &found.nonlocals {
            nonlocals.entry((*name, self.at(*at))).or_default().push(Binding::new(By::Nothing, *at, None));
        }
        for (name, place, binding) in found.bindings {
            let scope = match place {
                Place::At(at) => self.at(at),
                Place::Leaving(at) => self.whole(self.at(at)),
                Place::Scope(scope) => scope,
            };
            match nonlocals.get_mut(&(name, scope)) {
                Some(later) => later.push(binding),
                None => {
                    let variable = self.own(name, scope);
                    self.give(variable, binding);
                }
            }
        }
        // Those around go first.
        for (name, at) in found.nonlocals {
            let scope = self.at(at);
            let outer = self.scopes.get(scope).and_then(|scope| scope.outer).unwrap_or_default();
            let variable = self.seen(name, outer, false).unwrap_or_else(|| self.own(name, outer));
            self.places.insert((name, scope), variable);
            let later = nonlocals.remove(&(name, scope)).unwrap_or_default();
            later.into_iter().for_each(|binding| self.give(variable, binding));
        }
    }

    fn give(&mut self, variable: usize, binding: Binding<'a>) {
        self.variables.get_mut(variable).into_iter().for_each(|variable| variable.bindings.push(binding));
    }

    /// The variable of a name that belongs to a scope.
    fn own(&mut self, name: &'a str, scope: usize) -> usize {
        let next = self.variables.len();
        let index = *self.places.entry((name, scope)).or_insert(next);
        if index == next {
            let kind = self.scopes.get(scope).map(|scope| scope.kind).unwrap_or_default();
            self.variables.push(Variable { bindings: Vec::new(), kind });
        }
        index
    }

    /// The innermost scope around a place.
    fn at(&self, at: TextSize) -> usize {
        let starts = |index: &usize| self.scopes.get(*index).is_some_and(|scope| scope.range.start() <= at);
        let begun = self.sorted.partition_point(starts);
        let mut index = begun.checked_sub(1).and_then(|last| self.sorted.get(last)).copied().unwrap_or_default();
        while let Some(scope) = self.scopes.get(index).filter(|scope| !scope.range.contains(at)) {
            index = scope.around.unwrap_or_default();
        }
        index
    }

    /// The scope that is no comprehension, from one on.
    fn whole(&self, scope: usize) -> usize {
        let mut index = scope;
        while let Some(scope) = self.scopes.get(index)
            && matches!(scope.kind, Kind::Comprehension | Kind::First)
        {
            index = scope.outer.unwrap_or_default();
        }
        index
    }

    /// The variable that a name means in a scope. A class is seen in its own body alone.
    fn seen(&self, name: &str, scope: usize, sees_class: bool) -> Option<usize> {
        let (mut index, mut sees_class) = (scope, sees_class);
        loop {
            let scope = self.scopes.get(index)?;
            if let Some(variable) = self.places.get(&(name, index))
                && (sees_class || scope.kind != Kind::Class)
            {
                return Some(*variable);
            }
            sees_class &= scope.kind == Kind::First;
            index = scope.outer?;
        }
    }

    /// Whether nothing is known of the variables of this file.
    pub(super) fn is_lost(&self) -> bool {
        self.unknown.is_some()
    }

    /// The variable that a name means at a place.
    pub(super) fn variable(&self, name: &str, at: TextSize) -> Option<&Variable<'a>> {
        if self.unknown.is_some() {
            return self.unknown.as_ref();
        }
        self.variables.get(self.seen(name, self.at(at), true)?)
    }

    /// The variable of a name that the body of a class, or the module, has.
    pub(super) fn member(&self, name: &str, within: Option<&StmtClassDef>) -> Option<&Variable<'a>> {
        let scope = within.map_or(Some(0), |class| class.body.first().map(|first| self.at(first.start())))?;
        self.variables.get(*self.places.get(&(name, scope))?)
    }

    /// All that a name may mean at a place: before a class gives it something, its body sees that of the module.
    pub(super) fn meant(&self, name: &str, at: TextSize) -> impl Iterator<Item = &Variable<'a>> {
        let nearest = self.variable(name, at);
        let is_of_class = nearest.is_some_and(|variable| variable.kind == Kind::Class);
        nearest.into_iter().chain(is_of_class.then(|| self.member(name, None)).flatten())
    }

    /// Whether a name may be one of the module at a place.
    pub(super) fn is_of_module(&self, name: &str, at: TextSize) -> bool {
        self.variable(name, at).is_none_or(|variable| matches!(variable.kind, Kind::Module | Kind::Class))
    }

    /// Whether a class stands around a place, nearer or farther.
    pub(super) fn is_in_class(&self, at: TextSize) -> bool {
        let mut index = Some(self.at(at));
        while let Some(scope) = index.and_then(|index| self.scopes.get(index)) {
            if scope.kind == Kind::Class {
                return true;
            }
            index = scope.around;
        }
        self.unknown.is_some()
    }

    /// The names of the module, with what each of them is.
    pub(super) fn of_module(&self) -> impl Iterator<Item = (&'a str, &Variable<'a>)> {
        let own = self.places.iter().filter(|((_, scope), _)| *scope == 0);
        own.filter_map(|((name, _), index)| Some((*name, self.variables.get(*index)?)))
    }
}
