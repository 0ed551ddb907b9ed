//! Where the variables of a file are seen: which one of a name is meant at a place.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::origins::Origin;

/// Of how many variables of one name it is kept what is said of them; more are not known.
const MOST_SAID: usize = 64;

/// What a variable holds as long as nobody changes that.
#[derive(Clone, Copy)]
pub(super) enum Made<'a> {
    Constant(&'a Expression<'a>),
    Enum(&'a TSEnumDeclaration<'a>),
    Class(&'a Class<'a>),
    /// What a module of this specifier gives.
    Foreign(&'a str),
    Unknown,
}

/// What types are said of the variables of a name.
type Said<'a> = Vec<Option<&'a TSType<'a>>>;

/// All that has one name in one scope.
struct Variable<'a> {
    name: &'a str,
    scope: Span,
    made: Made<'a>,
    said: Said<'a>,
    /// What it is made of, where no type is said of it.
    origin: Option<Origin<'a>>,
    /// The next variable of the name whose scope is around.
    outer: Option<usize>,
}

/// What variables are declared in, while it is gone through.
#[derive(Clone, Copy)]
struct Scope {
    span: Span,
    /// Whether it is what `var` belongs to.
    is_whole: bool,
    /// What a namespace has is seen in its other blocks, too.
    is_space: bool,
}

/// The whole file.
const FILE: Scope = Scope { span: Span::new(0, u32::MAX), is_whole: true, is_space: false };

/// What is known of a binding before it is come to.
struct Noted<'a> {
    scope: Scope,
    made: Made<'a>,
    said: Option<&'a TSType<'a>>,
}

#[derive(Default)]
pub(super) struct Scopes<'a> {
    around: Vec<Scope>,
    variables: Vec<Variable<'a>>,
    places: HashMap<(&'a str, Span), usize>,
    noted: HashMap<u32, Noted<'a>>,
    /// What variables are made of, by the places of their bindings.
    pub(super) origins: HashMap<u32, Origin<'a>>,
    /// The classes around, and the functions that are methods of their values.
    classes: Vec<&'a Class<'a>>,
    methods: HashSet<u32>,
    /// The variables of each name by where their scopes begin; outer ones first.
    named: HashMap<&'a str, Vec<usize>>,
    /// How many bindings have a name, and what is said of all of them.
    bound: HashMap<&'a str, usize>,
    said: HashMap<&'a str, Said<'a>>,
    /// Names that may be seen where their scopes do not say so.
    loose: HashSet<&'a str>,
}

impl<'a> Scopes<'a> {
    /// Begins what a node is the scope of, and notes what it declares: that is come to within.
    pub(super) fn enter(&mut self, kind: AstKind<'a>) {
        self.originate(kind);
        self.this(kind);
        match kind {
            AstKind::VariableDeclaration(variables) => return self.declared(variables),
            AstKind::ImportDeclaration(import) => {
                return import.specifiers.iter().flatten().for_each(|name| {
                    let made = foreign(import, name);
                    self.note(name.local(), self.current(), made, None);
                });
            }
            AstKind::FormalParameter(parameter) => {
                let said = parameter.type_annotation.as_deref();
                if let BindingPattern::BindingIdentifier(id) = &parameter.pattern {
                    self.note(id, self.current(), Made::Unknown, said);
                }
                return;
            }
            AstKind::TSEnumDeclaration(listed) => {
                return self.note(&listed.id, self.current(), Made::Enum(listed), None);
            }
            AstKind::Class(class) if class.is_declaration() => {
                class.id.iter().for_each(|id| self.note(id, self.current(), Made::Class(class), None));
            }
            AstKind::Function(function) if !function.is_expression() => {
                if let Some(id) = &function.id {
                    // It may be seen all over the function around, too.
                    if !self.current().is_whole {
                        self.add(id.name.as_str(), self.whole(), Made::Unknown, None, None);
                    }
                    self.note(id, self.current(), Made::Unknown, None);
                }
            }
            _ => {}
        }
        self.around.extend(scope_of(kind));
    }

    pub(super) fn leave(&mut self, kind: AstKind<'a>) {
        if scope_of(kind).is_some() {
            self.around.pop();
        }
        if let AstKind::Class(_) = kind {
            self.classes.pop();
        }
    }

    /// Notes where `this` is a value of a class: it is a variable with a name that no other one has.
    fn this(&mut self, kind: AstKind<'a>) {
        let (span, made) = match kind {
            AstKind::Class(class) => return self.classes.push(class),
            AstKind::ClassBody(body) => (body.span, self.classes.last().map(|class| Made::Class(class))),
            AstKind::MethodDefinition(method) if !method.r#static => {
                self.methods.insert(method.value.span.start);
                return;
            }
            AstKind::Function(function) if self.methods.remove(&function.span.start) => return,
            AstKind::Function(function) => (function.span, None),
            AstKind::PropertyDefinition(property) if property.r#static => (property.span, None),
            AstKind::AccessorProperty(property) if property.r#static => (property.span, None),
            AstKind::StaticBlock(block) => (block.span, None),
            _ => return,
        };
        let scope = Scope { span, is_whole: false, is_space: false };
        self.add("this", scope, made.unwrap_or(Made::Unknown), None, None);
    }

    fn declared(&mut self, variables: &'a VariableDeclaration<'a>) {
        let scope = if variables.kind.is_var() { self.whole() } else { self.current() };
        for variable in &variables.declarations {
            match (&variable.id, &variable.init) {
                (BindingPattern::BindingIdentifier(id), value) => {
                    let is_constant = variables.kind == VariableDeclarationKind::Const && !variables.declare;
                    let made = value.as_ref().filter(|_| is_constant).map_or(Made::Unknown, Made::Constant);
                    self.note(id, scope, made, variable.type_annotation.as_deref());
                }
                (pattern, _) => {
                    for id in pattern.get_binding_identifiers() {
                        self.noted.insert(id.span.start, Noted { scope, made: Made::Unknown, said: None });
                    }
                }
            }
        }
    }

    fn note(
        &mut self,
        id: &'a BindingIdentifier<'a>,
        scope: Scope,
        made: Made<'a>,
        said: Option<&'a TSTypeAnnotation<'a>>,
    ) {
        let said = said.map(|said| &said.type_annotation);
        self.noted.insert(id.span.start, Noted { scope, made, said });
    }

    fn current(&self) -> Scope {
        self.around.last().copied().unwrap_or(FILE)
    }

    fn whole(&self) -> Scope {
        self.around.iter().rev().find(|scope| scope.is_whole).copied().unwrap_or(FILE)
    }

    /// Takes in a binding that was come to.
    pub(super) fn bind(&mut self, id: &'a BindingIdentifier<'a>) {
        let nothing = Noted { scope: self.current(), made: Made::Unknown, said: None };
        let Noted { scope, made, said } = self.noted.remove(&id.span.start).unwrap_or(nothing);
        let origin = self.origins.remove(&id.span.start);
        self.add(id.name.as_str(), scope, made, said, origin);
    }

    fn add(
        &mut self,
        name: &'a str,
        scope: Scope,
        made: Made<'a>,
        said: Option<&'a TSType<'a>>,
        origin: Option<Origin<'a>>,
    ) {
        *self.bound.entry(name).or_default() += 1;
        push_said(self.said.entry(name).or_default(), said);
        if scope.is_space {
            self.loose.insert(name);
        }
        let next = self.variables.len();
        let index = *self.places.entry((name, scope.span)).or_insert(next);
        match self.variables.get_mut(index) {
            Some(variable) => {
                variable.made = Made::Unknown;
                variable.origin = None;
                push_said(&mut variable.said, said);
            }
            None => {
                let scope = scope.span;
                self.variables.push(Variable { name, scope, made, said: vec![said], origin, outer: None });
            }
        }
    }

    /// Makes a name one that may be anything wherever it is used.
    pub(super) fn loosen(&mut self, name: &'a str) {
        self.loose.insert(name);
        *self.bound.entry(name).or_default() += 1;
    }

    /// Puts the variables in order once all of them are known.
    pub(super) fn finish(&mut self) {
        for (index, variable) in self.variables.iter().enumerate() {
            self.named.entry(variable.name).or_default().push(index);
        }
        for named in self.named.values_mut() {
            let scope = |index: usize| self.variables.get(index).map(|variable| variable.scope).unwrap_or_default();
            named.sort_by_key(|index| (scope(*index).start, Reverse(scope(*index).end)));
            let mut around: Vec<(usize, Span)> = Vec::new();
            for index in named.iter().copied() {
                let Some(variable) = self.variables.get_mut(index) else { continue };
                while around.last().is_some_and(|(_, scope)| scope.end <= variable.scope.start) {
                    around.pop();
                }
                variable.outer = around.last().map(|(outer, _)| *outer);
                around.push((index, variable.scope));
            }
        }
    }

    /// The variable that a name means at a place.
    pub(super) fn variable(&self, name: &str, at: u32) -> Option<usize> {
        let named = self.named.get(name)?;
        let begun = named
            .partition_point(|index| self.variables.get(*index).is_some_and(|variable| variable.scope.start <= at));
        let mut index = *named.get(begun.checked_sub(1)?)?;
        loop {
            let variable = self.variables.get(index)?;
            if at < variable.scope.end {
                return Some(index);
            }
            index = variable.outer?;
        }
    }

    /// What a variable holds.
    pub(super) fn made(&self, variable: usize) -> Made<'a> {
        let variable = self.variables.get(variable).filter(|variable| !self.loose.contains(variable.name));
        variable.map_or(Made::Unknown, |variable| variable.made)
    }

    /// What a variable is made of, be it what a function of its name gives.
    pub(super) fn origin(&self, variable: usize) -> Option<&Origin<'a>> {
        let variable = self.variables.get(variable).filter(|variable| !self.loose.contains(variable.name))?;
        variable.origin.as_ref()
    }

    pub(super) fn name(&self, variable: usize) -> Option<&'a str> {
        self.variables.get(variable).map(|variable| variable.name)
    }

    /// The variable of a name that no other one of the file has.
    pub(super) fn only(&self, name: &str) -> Option<usize> {
        self.named.get(name).filter(|_| self.bound(name) == 1)?.first().copied()
    }

    /// How many bindings have a name.
    pub(super) fn bound(&self, name: &str) -> usize {
        self.bound.get(name).copied().unwrap_or_default()
    }

    /// What is said of all that a name may mean at a place.
    pub(super) fn said_of(&self, name: &str, at: u32) -> &[Option<&'a TSType<'a>>] {
        if self.loose.contains(name) {
            return self.said.get(name).map(Vec::as_slice).unwrap_or_default();
        }
        let variable = self.variable(name, at).and_then(|variable| self.variables.get(variable));
        variable.map(|variable| variable.said.as_slice()).unwrap_or_default()
    }
}

fn push_said<'a>(all: &mut Said<'a>, said: Option<&'a TSType<'a>>) {
    if all.len() <= MOST_SAID {
        all.push(said.filter(|_| all.len() < MOST_SAID));
    }
}

/// What an import gives by a name. What is imported as data, or as a type alone, is nothing of the module's.
fn foreign<'a>(import: &'a ImportDeclaration<'a>, name: &ImportDeclarationSpecifier<'a>) -> Made<'a> {
    let is_type = match name {
        ImportDeclarationSpecifier::ImportSpecifier(name) => name.import_kind.is_type(),
        _ => false,
    };
    let is_plain = import.with_clause.is_none() && import.phase.is_none() && import.import_kind.is_value();
    if is_plain && !is_type { Made::Foreign(import.source.value.as_str()) } else { Made::Unknown }
}

/// The scope that a node is. What a function's default values say does not see the body's own variables.
fn scope_of(kind: AstKind<'_>) -> Option<Scope> {
    let (is_whole, is_space) = match kind {
        AstKind::Function(_)
        | AstKind::ArrowFunctionExpression(_)
        | AstKind::FunctionBody(_)
        | AstKind::StaticBlock(_) => (true, false),
        AstKind::TSModuleBlock(_) => (true, true),
        // What is switched over stands outside.
        AstKind::SwitchStatement(switch) => {
            let span = Span::new(switch.discriminant.span().end, switch.span.end);
            return Some(Scope { span, is_whole: false, is_space: false });
        }
        AstKind::Class(_)
        | AstKind::BlockStatement(_)
        | AstKind::CatchClause(_)
        | AstKind::ForStatement(_)
        | AstKind::ForInStatement(_)
        | AstKind::ForOfStatement(_) => (false, false),
        _ => return None,
    };
    Some(Scope { span: kind.span(), is_whole, is_space })
}
