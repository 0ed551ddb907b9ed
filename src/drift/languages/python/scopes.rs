//! Where the variables of a file are seen: which one of a name is meant at a place, and what it is given.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::{
    Alias, Comprehension, Expr, Identifier, Parameters, Pattern, PatternMatchAs, Stmt, StmtClassDef, StmtFunctionDef,
    TypeParams,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::walk::{Node, each};

/// How deep scopes nest; of a file where they nest deeper no variable is known.
const MOST_AROUND: usize = 128;

/// What gives a variable its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// `name = value`, in a condition or a loop or not.
    Assignment {
        in_block: bool,
    },
    /// Something else that shows a value: `a = b = value`, `(a := value)`, `for a in [value]`.
    Other,
    /// `name: Type`, which gives it none.
    Declaration,
    Parameter,
    Class,
    /// An import, a function, a loop, `del` …
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'a> {
    pub(super) by: By,
    pub(super) value: Option<&'a Expr>,
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

/// Where something is given a name.
#[derive(Clone, Copy)]
enum Place {
    At(TextSize),
    /// A comprehension gives it to the scope around.
    Leaving(TextSize),
    Scope(usize),
}

/// What the walk through a file finds.
#[derive(Default)]
struct Found<'a> {
    scopes: Vec<(TextRange, Kind)>,
    bindings: Vec<(&'a str, Place, Binding<'a>)>,
    globals: Vec<(&'a str, TextSize)>,
    nonlocals: Vec<(&'a str, TextSize)>,
    /// The places of names that are taken in with what gives them a value.
    taken: HashSet<TextSize>,
    /// The places of statements that stand in no condition and no loop.
    direct: HashSet<TextSize>,
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
        self.bindings.iter().any(|binding| binding.by == By::Parameter)
    }

    /// The class that it is, if it is nothing else.
    pub(super) fn class(&self) -> Option<&'a StmtClassDef> {
        self.only()?.class
    }

    /// Everything that it is seen to be given.
    pub(super) fn values(&self) -> impl Iterator<Item = &'a Expr> {
        self.bindings.iter().filter_map(|binding| binding.value)
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

    /// Whether a name may be one of the module at a place.
    pub(super) fn is_of_module(&self, name: &str, at: TextSize) -> bool {
        self.variable(name, at).is_none_or(|variable| variable.kind == Kind::Module)
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

impl<'a> Found<'a> {
    fn node(&mut self, node: Node<'a>) {
        match node {
            Node::Stmt(stmt) => self.stmt(stmt),
            Node::Expr(expr) => self.expr(expr),
            Node::Parameter(name) if self.taken.contains(&name.start()) => {}
            Node::Parameter(name) => self.push(name.as_str(), name.start(), By::Nothing, None),
        }
    }

    fn push(&mut self, name: &'a str, at: TextSize, by: By, value: Option<&'a Expr>) {
        self.bindings.push((name, Place::At(at), Binding::new(by, at, value)));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        let in_block = !self.direct.contains(&stmt.start());
        match stmt {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => {
                let binding = Binding { class: Some(class), ..Binding::new(By::Class, class.start(), None) };
                self.bindings.push((class.name.as_str(), Place::At(class.start()), binding));
                self.variables(class.type_params.as_deref(), class.start());
                self.body(&class.body, Kind::Class);
            }
            Stmt::TypeAlias(alias) => {
                self.given(std::slice::from_ref(&*alias.name), &alias.value, By::Other);
                self.variables(alias.type_params.as_deref(), alias.start());
            }
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::ImportFrom(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::Global(all) => self.globals.extend(all.names.iter().map(|name| (name.as_str(), all.start()))),
            Stmt::Nonlocal(all) => self.nonlocals.extend(all.names.iter().map(|name| (name.as_str(), all.start()))),
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [Expr::Name(_)] => self.given(&assign.targets, &assign.value, By::Assignment { in_block }),
                targets => self.given(targets, &assign.value, By::Other),
            },
            Stmt::AnnAssign(assign) => {
                let Expr::Name(name) = &*assign.target else { return };
                let by = if assign.value.is_some() { By::Assignment { in_block } } else { By::Declaration };
                self.taken.insert(name.start());
                let binding = Binding {
                    said: Some(&assign.annotation),
                    ..Binding::new(by, name.start(), assign.value.as_deref())
                };
                self.bindings.push((name.id.as_str(), Place::At(name.start()), binding));
            }
            Stmt::AugAssign(assign) => self.given(std::slice::from_ref(&*assign.target), &assign.value, By::Other),
            Stmt::For(each) => self.gone_through(&each.target, &each.iter),
            Stmt::Match(choice) => {
                for case in &choice.cases {
                    if let Pattern::MatchAs(PatternMatchAs { pattern: None, name: Some(name), .. }) = &case.pattern {
                        self.taken.insert(name.start());
                        self.push(name.as_str(), name.start(), By::Other, Some(&choice.subject));
                    }
                }
            }
            _ => {}
        }
    }

    /// What a value gives names, each for itself where that is seen.
    fn given(&mut self, targets: &'a [Expr], value: &'a Expr, by: By) {
        let mut waiting: Vec<(&Expr, &Expr)> = targets.iter().map(|target| (target, value)).collect();
        while let Some((target, value)) = waiting.pop() {
            match (items(target), items(value), target) {
                (.., Expr::Name(name)) => {
                    self.taken.insert(name.start());
                    self.push(name.id.as_str(), name.start(), by, Some(value));
                }
                (Some(targets), Some(values), _)
                    if targets.len() == values.len() && !targets.iter().chain(values).any(Expr::is_starred_expr) =>
                {
                    waiting.extend(targets.iter().zip(values));
                }
                _ => {}
            }
        }
    }

    /// `for a in [b, c]`
    fn gone_through(&mut self, target: &'a Expr, over: &'a Expr) {
        let values = items(over).unwrap_or_default().iter().filter(|value| !value.is_starred_expr());
        if let Expr::Name(name) = target {
            values.for_each(|value| self.push(name.id.as_str(), name.start(), By::Other, Some(value)));
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(lambda) => {
                self.scopes.push((lambda.body.range(), Kind::Function));
                lambda.parameters.iter().for_each(|parameters| self.parameters(parameters));
            }
            Expr::ListComp(each) => self.comprehension(expr, &each.generators),
            Expr::SetComp(each) => self.comprehension(expr, &each.generators),
            Expr::DictComp(each) => self.comprehension(expr, &each.generators),
            Expr::Generator(each) => self.comprehension(expr, &each.generators),
            Expr::Named(named) => {
                if let Expr::Name(name) = &*named.target {
                    self.taken.insert(name.start());
                    let binding = Binding::new(By::Other, name.start(), Some(&named.value));
                    self.bindings.push((name.id.as_str(), Place::Leaving(name.start()), binding));
                }
            }
            Expr::Name(name) if !name.ctx.is_load() && !self.taken.contains(&name.start()) => {
                self.push(name.id.as_str(), name.start(), By::Nothing, None);
            }
            _ => {}
        }
    }

    fn comprehension(&mut self, whole: &'a Expr, generators: &'a [Comprehension]) {
        self.scopes.push((whole.range(), Kind::Comprehension));
        self.scopes.extend(generators.first().map(|first| (first.iter.range(), Kind::First)));
        generators.iter().for_each(|each| self.gone_through(&each.target, &each.iter));
    }

    fn function(&mut self, function: &'a StmtFunctionDef) {
        self.push(function.name.as_str(), function.start(), By::Nothing, None);
        self.variables(function.type_params.as_deref(), function.start());
        self.body(&function.body, Kind::Function);
        self.parameters(&function.parameters);
    }

    /// The arguments of the scope that has just begun. What they are if nothing is given is looked for around it.
    fn parameters(&mut self, parameters: &'a Parameters) {
        let scope = Place::Scope(self.scopes.len().saturating_sub(1));
        for parameter in parameters {
            let name = parameter.name();
            self.taken.insert(name.start());
            let (value, said) = (parameter.default(), parameter.annotation());
            let binding = Binding { said, ..Binding::new(By::Parameter, name.start(), value) };
            self.bindings.push((name.as_str(), scope, binding));
        }
    }

    fn body(&mut self, body: &'a [Stmt], kind: Kind) {
        self.direct.extend(body.iter().map(Ranged::start));
        let (first, last) = (body.first().map(Ranged::start), body.last().map(Ranged::end));
        self.scopes.push((TextRange::new(first.unwrap_or_default(), last.unwrap_or_default()), kind));
    }

    fn import(&mut self, alias: &'a Alias) {
        // `import app.models` gives `app` its meaning.
        let top = alias.name.split('.').next().unwrap_or_default();
        let name = alias.asname.as_ref().map_or(top, Identifier::as_str);
        self.push(name, alias.start(), By::Nothing, None);
    }

    fn variables(&mut self, params: Option<&'a TypeParams>, at: TextSize) {
        let params = params.into_iter().flat_map(|params| params.iter());
        params.for_each(|param| self.push(param.name().as_str(), at, By::Nothing, None));
    }
}

/// The items of a list that is written out.
fn items(value: &Expr) -> Option<&[Expr]> {
    match value {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        Expr::Set(set) => Some(&set.elts),
        _ => None,
    }
}
