//! The walk through a file that finds its scopes, and what gives names a value there.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{
    Alias, Comprehension, Decorator, Expr, Identifier, Parameters, Pattern, PatternMatchAs, Stmt, StmtClassDef,
    StmtFunctionDef, TypeParams,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Binding, By, Kind};
use crate::drift::languages::python::names::last;
use crate::drift::languages::python::walk::Node;

/// Where something is given a name.
#[derive(Clone, Copy)]
pub(super) enum Place {
    At(TextSize),
    /// A comprehension gives it to the scope around.
    Leaving(TextSize),
    Scope(usize),
}

/// What the walk through a file finds.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) scopes: Vec<(TextRange, Kind)>,
    pub(super) bindings: Vec<(&'a str, Place, Binding<'a>)>,
    pub(super) globals: Vec<(&'a str, TextSize)>,
    pub(super) nonlocals: Vec<(&'a str, TextSize)>,
    /// The places of names that are taken in with what gives them a value.
    taken: HashSet<TextSize>,
    /// The places of statements that stand in no condition and no loop.
    pub(super) direct: HashSet<TextSize>,
    /// The places of the first arguments of methods, with the class of each.
    receivers: HashMap<TextSize, &'a StmtClassDef>,
}

impl<'a> Found<'a> {
    pub(super) fn node(&mut self, node: Node<'a>) {
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
                self.receivers.extend(class.body.iter().filter_map(receiver).map(|at| (at, class)));
                self.body(&class.body, Kind::Class);
            }
            Stmt::TypeAlias(alias) => {
                let _ = self.given(std::slice::from_ref(&*alias.name), &alias.value, By::Other);
                self.variables(alias.type_params.as_deref(), alias.start());
            }
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::ImportFrom(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::Global(all) => self.globals.extend(all.names.iter().map(|name| (name.as_str(), all.start()))),
            Stmt::Nonlocal(all) => self.nonlocals.extend(all.names.iter().map(|name| (name.as_str(), all.start()))),
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [Expr::Name(_)] => _ = self.given(&assign.targets, &assign.value, By::Assignment { in_block }),
                targets => _ = self.given(targets, &assign.value, By::Other),
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
            Stmt::AugAssign(assign) => _ = self.given(std::slice::from_ref(&*assign.target), &assign.value, By::Other),
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

    /// What a value gives names, each for itself; whether that is seen of all of them.
    fn given(&mut self, targets: &'a [Expr], value: &'a Expr, by: By) -> bool {
        let mut is_seen = true;
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
                _ => is_seen = false,
            }
        }
        is_seen
    }

    /// `for a in [b, c]`, `for a, b in [(c, d)]`, `for a in all`
    fn gone_through(&mut self, target: &'a Expr, over: &'a Expr) {
        let mut is_seen = items(over).is_some();
        for value in items(over).unwrap_or_default() {
            is_seen &= !value.is_starred_expr() && self.given(std::slice::from_ref(target), value, By::Item);
        }
        let mut waiting = if is_seen { Vec::new() } else { vec![target] };
        while let Some(target) = waiting.pop() {
            match target {
                Expr::Name(name) => self.push(name.id.as_str(), name.start(), By::Each, Some(over)),
                Expr::Starred(several) => waiting.push(&several.value),
                other => waiting.extend(items(other).unwrap_or_default()),
            }
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
            let class = self.receivers.get(&name.start()).copied();
            let by = if class.is_some() { By::Receiver } else { By::Parameter };
            let binding = Binding { said, class, ..Binding::new(by, name.start(), value) };
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
        for param in params {
            // `[T: Order]`
            let bound = param.as_type_var().and_then(|variable| variable.bound.as_deref());
            self.push(param.name().as_str(), at, By::Nothing, bound);
        }
    }
}

/// Where the first argument of a method stands that is called on an instance.
fn receiver(stmt: &Stmt) -> Option<TextSize> {
    let method = stmt.as_function_def_stmt()?;
    let is_other = |decorator: &Decorator| matches!(last(&decorator.expression), Some("classmethod" | "staticmethod"));
    let first = method.parameters.iter_non_variadic_params().next().map(|first| first.name().start());
    first.filter(|_| !method.decorator_list.iter().any(is_other))
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
