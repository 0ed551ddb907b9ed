//! Where the variables of a file are seen: which one of a name is meant at a place.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::marks::Marks;
use super::origins::Origin;

/// Of how many bindings it is asked what is said of them.
const MOST_SAID: usize = 64;

/// What a variable holds as long as nobody changes that.
#[derive(Clone, Copy)]
pub(super) enum Made<'a> {
    Constant(&'a Expression<'a>),
    Enum(&'a TSEnumDeclaration<'a>),
    Class(&'a Class<'a>),
    Function(&'a Function<'a>),
    /// What a module of this specifier gives.
    Foreign(&'a str),
    Unknown,
}

/// What binds a name: a declaration, a parameter, an import.
struct Binding<'a> {
    /// The name's number.
    name: usize,
    /// Where it stands, if it stands where it binds.
    at: Option<u32>,
    scope: Span,
    made: Made<'a>,
    said: Option<&'a TSType<'a>>,
}

/// All that has one name in one scope.
struct Variable<'a> {
    /// The name's number.
    name: usize,
    scope: Span,
    made: Made<'a>,
    /// Where it stands what types are said of it.
    said: Range<usize>,
    /// What it is made of, where no type is said of it.
    origin: Option<Origin<'a>>,
    /// The next variable of the name whose scope is around.
    outer: Option<usize>,
}

/// All that has one name.
struct Named<'a> {
    name: &'a str,
    /// How many bindings have it.
    bound: usize,
    /// Whether it may be seen where the scopes of its variables do not say so.
    is_loose: bool,
    /// Its variables by where their scopes begin; outer ones first.
    variables: Range<usize>,
    /// Where it stands what types are said of all of them.
    said: Range<usize>,
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

#[derive(Default)]
pub(super) struct Scopes<'a> {
    around: Vec<Scope>,
    bindings: Vec<Binding<'a>>,
    /// Where names stand whose bindings were known before they were come to.
    noted: Marks,
    /// What variables are made of, by the places of their bindings.
    pub(super) origins: HashMap<u32, Origin<'a>>,
    /// The classes around, and the functions that are methods of their values.
    classes: Vec<&'a Class<'a>>,
    methods: HashSet<u32>,
    numbers: HashMap<&'a str, usize>,
    named: Vec<Named<'a>>,
    /// By name, and by where their scopes begin.
    variables: Vec<Variable<'a>>,
    /// What types are said of bindings, in the order of variables.
    said: Vec<Option<&'a TSType<'a>>>,
    /// What is set, and where.
    set: Vec<(&'a str, u32)>,
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
            AstKind::AssignmentTargetPropertyIdentifier(property) => {
                self.set.push((property.binding.name.as_str(), property.binding.span.start));
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
                        self.add(id.name.as_str(), None, self.whole(), Made::Unknown, None);
                    }
                    self.note(id, self.current(), Made::Function(function), None);
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
        // There is no value yet.
        computed_key(kind).into_iter().for_each(|key| self.add_this(key, Made::Unknown));
        let (span, made) = match kind {
            AstKind::Class(class) => return self.classes.push(class),
            AstKind::ClassBody(body) => (body.span, self.classes.last().map(|class| Made::Class(class))),
            AstKind::Decorator(decorator) => (decorator.span, None),
            // What says its own `this` may be called on anything.
            AstKind::MethodDefinition(method) if !method.r#static && method.value.this_param.is_none() => {
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
        self.add_this(span, made.unwrap_or(Made::Unknown));
    }

    fn add_this(&mut self, span: Span, made: Made<'a>) {
        self.add("this", None, Scope { span, is_whole: false, is_space: false }, made, None);
    }

    /// Notes what is set, whatever its type is said to be: `x = …`, `(x as any) = …`
    pub(super) fn sets(&mut self, target: &SimpleAssignmentTarget<'a>) {
        let id = match target {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => Some(&**id),
            target => target.get_expression().and_then(|inner| inner.get_inner_expression().get_identifier_reference()),
        };
        self.set.extend(id.map(|id| (id.name.as_str(), id.span.start)));
    }

    fn declared(&mut self, variables: &'a VariableDeclaration<'a>) {
        let scope = if variables.kind.is_var() { self.whole() } else { self.current() };
        for variable in &variables.declarations {
            match (&variable.id, &variable.init) {
                (BindingPattern::BindingIdentifier(id), value) => {
                    // One that is set later is found out once all is gone through.
                    let is_constant = variables.kind.is_lexical() && !variables.declare;
                    let made = value.as_ref().filter(|_| is_constant).map_or(Made::Unknown, Made::Constant);
                    self.note(id, scope, made, variable.type_annotation.as_deref());
                }
                (pattern, _) => {
                    for id in pattern.get_binding_identifiers() {
                        self.noted.insert(id.span.start);
                        self.add(id.name.as_str(), Some(id.span.start), scope, Made::Unknown, None);
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
        self.noted.insert(id.span.start);
        self.add(id.name.as_str(), Some(id.span.start), scope, made, said.map(|said| &said.type_annotation));
    }

    fn current(&self) -> Scope {
        self.around.last().copied().unwrap_or(FILE)
    }

    fn whole(&self) -> Scope {
        self.around.iter().rev().find(|scope| scope.is_whole).copied().unwrap_or(FILE)
    }

    /// Takes in a binding that was come to.
    pub(super) fn bind(&mut self, id: &'a BindingIdentifier<'a>) {
        if !self.noted.contains(id.span.start) {
            self.add(id.name.as_str(), Some(id.span.start), self.current(), Made::Unknown, None);
        }
    }

    fn add(&mut self, name: &'a str, at: Option<u32>, scope: Scope, made: Made<'a>, said: Option<&'a TSType<'a>>) {
        let name = self.bound_anew(name, scope.is_space);
        self.bindings.push(Binding { name, at, scope: scope.span, made, said });
    }

    /// Makes a name one that may be anything wherever it is used.
    pub(super) fn loosen(&mut self, name: &'a str) {
        self.bound_anew(name, true);
    }

    /// Counts a binding of a name, and gives the name's number.
    fn bound_anew(&mut self, name: &'a str, is_loose: bool) -> usize {
        let next = self.named.len();
        let number = *self.numbers.entry(name).or_insert(next);
        match self.named.get_mut(number) {
            Some(named) => {
                named.bound += 1;
                named.is_loose |= is_loose;
            }
            None => self.named.push(Named { name, bound: 1, is_loose, variables: 0..0, said: 0..0 }),
        }
        number
    }

    /// Makes variables of the bindings once all of them are known.
    pub(super) fn finish(&mut self) {
        let mut bindings = std::mem::take(&mut self.bindings);
        bindings.sort_by_key(|one| (one.name, one.scope.start, Reverse(one.scope.end)));
        self.said = bindings.iter().map(|one| one.said).collect();
        let mut said = 0;
        for bindings in bindings.chunk_by(|one, next| (one.name, one.scope) == (next.name, next.scope)) {
            let Some(Binding { name, at, scope, made, .. }) = bindings.first() else { continue };
            let (made, origin) = match (bindings.len(), at) {
                (1, Some(at)) => (*made, self.origins.remove(at)),
                (1, None) => (*made, None),
                _ => (Made::Unknown, None),
            };
            let Some(named) = self.named.get_mut(*name) else { continue };
            let index = self.variables.len();
            if named.variables.is_empty() {
                (named.variables.start, named.said.start) = (index, said);
            }
            let mut outer = named.variables.clone().next_back();
            while let Some(variable) = outer.and_then(|outer| self.variables.get(outer))
                && variable.scope.end <= scope.start
            {
                outer = variable.outer;
            }
            let own = said..said + bindings.len();
            said = own.end;
            (named.variables.end, named.said.end) = (index + 1, said);
            self.variables.push(Variable { name: *name, scope: *scope, made, said: own, origin, outer });
        }
        for (name, at) in std::mem::take(&mut self.set) {
            let variable = self.variable(name, at).and_then(|variable| self.variables.get_mut(variable));
            variable.into_iter().for_each(|variable| variable.made = Made::Unknown);
        }
    }

    fn named(&self, name: &str) -> Option<&Named<'a>> {
        self.named.get(*self.numbers.get(name)?)
    }

    /// The variable that a name means at a place.
    pub(super) fn variable(&self, name: &str, at: u32) -> Option<usize> {
        let named = self.named(name)?;
        let variables = self.variables.get(named.variables.clone())?;
        let begun = variables.partition_point(|variable| variable.scope.start <= at);
        let mut index = named.variables.start + begun.checked_sub(1)?;
        loop {
            let variable = self.variables.get(index)?;
            if at < variable.scope.end {
                return Some(index);
            }
            index = variable.outer?;
        }
    }

    /// A variable that is seen only where its scope says so.
    fn bound_variable(&self, variable: usize) -> Option<&Variable<'a>> {
        let variable = self.variables.get(variable)?;
        self.named.get(variable.name).is_some_and(|named| !named.is_loose).then_some(variable)
    }

    /// What a variable holds.
    pub(super) fn made(&self, variable: usize) -> Made<'a> {
        self.bound_variable(variable).map_or(Made::Unknown, |variable| variable.made)
    }

    /// What a variable is made of, be it what a function of its name gives.
    pub(super) fn origin(&self, variable: usize) -> Option<&Origin<'a>> {
        self.bound_variable(variable)?.origin.as_ref()
    }

    pub(super) fn name(&self, variable: usize) -> Option<&'a str> {
        let variable = self.variables.get(variable)?;
        self.named.get(variable.name).map(|named| named.name)
    }

    /// The variable of a name that no other one of the file has.
    pub(super) fn only(&self, name: &str) -> Option<usize> {
        self.named(name).filter(|named| named.bound == 1)?.variables.clone().next()
    }

    /// How many bindings have a name.
    pub(super) fn bound(&self, name: &str) -> usize {
        self.named(name).map_or(0, |named| named.bound)
    }

    /// What types are said of all that a name may mean at a place; `None` where that is nothing, or too much.
    pub(super) fn said_of(&self, name: &str, at: u32) -> &[Option<&'a TSType<'a>>] {
        let said = match self.named(name) {
            Some(named) if named.is_loose => Some(&named.said),
            _ => self.variable(name, at).and_then(|variable| self.variables.get(variable)).map(|one| &one.said),
        };
        match said.and_then(|said| self.said.get(said.clone())).unwrap_or_default() {
            said if said.len() > MOST_SAID => &[None],
            said => said,
        }
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

/// Where the name of a class's member is found out once the class is made.
fn computed_key(kind: AstKind<'_>) -> Option<Span> {
    let (key, is_computed) = match kind {
        AstKind::MethodDefinition(method) => (&method.key, method.computed),
        AstKind::PropertyDefinition(property) => (&property.key, property.computed),
        AstKind::AccessorProperty(property) => (&property.key, property.computed),
        _ => return None,
    };
    is_computed.then(|| key.span())
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
