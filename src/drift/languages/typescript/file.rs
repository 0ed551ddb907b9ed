//! One file: its statements, and what they declare.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::super::Source;
use super::bindings::Bindings;
use super::callbacks::Kept;
use super::doubtful::Asked;
use super::exports::{Shown, Table};
use super::filled::Filled;
use super::imports::{Index, Origin, origin};
use super::lent::Lender;
use super::plain::{self, Constants};
use super::references::{Name, name_of};
use super::sites;
use super::types::record;
use super::watched::Watched;
use super::zod::NO_SCHEMA;
use crate::drift::shape::{Definition, Kind, Module, Shape, Unread};

/// Types are not followed further down than this.
pub(super) const DEEPEST: u32 = 256;
/// What is found deeper.
pub(super) const TOO_DEEP: &str = "the type is nested too deeply to be read";

/// Why a variable's schema is unread.
pub(super) const SET_ANEW: &str = "this variable is set anew, and may hold another schema then: use `const`";
/// Why a type of a `declare` block is unread.
const OTHER: &str = "another type of this name stands in or outside of a `declare` block: declare it in one place";

/// Why a type of a namespace is unread.
const UNSEEN: &str = "another type of this name is not seen where this one is: give it a name of its own";

/// A file that is being read.
pub(super) struct File<'a> {
    pub(super) source: Source<'a>,
    pub(super) program: &'a Program<'a>,
    /// What the file has by name; found out when it is first asked for.
    pub(super) index: OnceCell<Index<'a>>,
    /// Which names are constants wherever they are used; found out when that is first asked for.
    pub(super) bindings: OnceCell<Bindings<'a>>,
    /// What members constants have, as far as that was asked for.
    pub(super) constants: Constants<'a>,
    /// Which types were found to list all their members.
    pub(super) closed: RefCell<HashMap<String, bool>>,
    /// What was asked of constants that may be schemas.
    pub(super) asked: RefCell<HashMap<(&'a str, Asked), bool>>,
    pub(super) watched: Watched<'a>,
    /// Where mapping functions and tables are used in place, or are given on under their own names.
    pub(super) claimed: HashSet<Span>,
    /// Names that are files of one's own as a whole, and packages with hooks; found out when that is first asked for.
    pub(super) own_modules: OnceCell<HashSet<&'a str>>,
    pub(super) hook_packages: OnceCell<HashSet<&'a str>>,
    /// Constants that are modules as a whole.
    pub(super) loaded: HashSet<&'a str>,
    /// Members of what nobody knows that have the name of a mapping function.
    pub(super) doubted: Vec<u32>,
    /// Whether what has a mapping function gets a name that is not followed.
    pub(super) is_lent: bool,
    /// Calls with a key first that may be patches if what they are called on is lent to its name.
    pub(super) keyed: Vec<(u32, &'a str)>,
    /// Other names of what has mapping functions, or patches.
    pub(super) lent_to: HashSet<&'a str>,
    /// Names that a hook is told of; they are handed on if the file changes what has the hooks.
    pub(super) hooked: Vec<u32>,
    pub(super) has_other_hooks: bool,
    /// What says which type a literal is of, by the literal's place.
    pub(super) discriminators: RefCell<HashMap<u32, Option<&'a Expression<'a>>>>,
    /// Literals whose fields are noted already, by their places, as of which types, and what of them is set aside.
    pub(super) told: HashSet<(u32, String, String)>,
    /// Which types literals are first declared to be of, by their places.
    pub(super) declared: HashMap<u32, (String, String)>,
    /// How many parts of types were held against literals.
    pub(super) held_against: usize,
    /// What stands for the parameters of types that are held against literals.
    pub(super) given: Vec<(&'a str, &'a TSType<'a>)>,
    /// What is put into constants after they are written.
    pub(super) filled: Filled<'a>,
    pub(super) module: Module,
    /// The type parameters that are in scope, with what stands for them.
    pub(super) parameters: Vec<(&'a str, Option<Shape>)>,
    /// The namespaces around, with a dot after each.
    pub(super) space: String,
    /// Foreign names that shapes mention.
    pub(super) used: BTreeSet<&'a str>,
    /// How deep in types and values.
    pub(super) depth: u32,
    /// Generic types that are being written out.
    pub(super) generics: Vec<&'a str>,
    /// The definition that is read looks into what a type parameter is where nothing is given for it.
    pub(super) guesses: bool,
    /// The next type's parameters are in scope already.
    pub(super) filling: bool,
    /// How much was written out for generic types.
    pub(super) written: usize,
    /// The `declare module` or `declare global` around, and in which each type was first declared, and seen by whom.
    block: Option<u32>,
    /// What others see.
    pub(super) table: Table<'a>,
    pub(super) blocks: HashMap<String, (Option<u32>, bool)>,
    /// Constants of other files.
    pub(super) lender: Lender<'a>,
    /// What variables hold, wherever they get it; found out when that is first asked for.
    pub(super) kept: OnceCell<HashMap<usize, Kept<'a>>>,
    /// The calls and objects that were read as types of Sanity's schema, by their places.
    pub(super) schemas: HashSet<u32>,
    /// Functions that use what they are called on, by their places; found out when that is first asked for.
    pub(super) called_on: OnceCell<HashSet<u32>>,
}

impl<'a> File<'a> {
    /// A file of which nothing is read yet, with what other files lend it.
    pub(super) fn new(source: &Source<'a>, program: &'a Program<'a>, lender: Lender<'a>) -> Self {
        Self {
            source: *source,
            program,
            index: OnceCell::new(),
            bindings: OnceCell::new(),
            constants: Constants::default(),
            closed: RefCell::default(),
            asked: RefCell::default(),
            watched: Watched::of(source.sites),
            claimed: HashSet::new(),
            own_modules: OnceCell::new(),
            hook_packages: OnceCell::new(),
            loaded: HashSet::new(),
            doubted: Vec::new(),
            is_lent: false,
            keyed: Vec::new(),
            lent_to: HashSet::new(),
            hooked: Vec::new(),
            has_other_hooks: false,
            discriminators: RefCell::default(),
            told: HashSet::new(),
            declared: HashMap::new(),
            held_against: 0,
            given: Vec::new(),
            filled: Filled::default(),
            module: Module { is_merged: true, ..Module::default() },
            parameters: Vec::new(),
            space: String::new(),
            used: BTreeSet::new(),
            depth: 0,
            generics: Vec::new(),
            guesses: false,
            filling: false,
            written: 0,
            block: None,
            table: Table::default(),
            blocks: HashMap::new(),
            lender,
            kept: OnceCell::new(),
            schemas: HashSet::new(),
            called_on: OnceCell::new(),
        }
    }

    /// Reads all that a file declares, and its mapping sites.
    pub(super) fn read(mut file: Self) -> Module {
        file.statements(&file.program.body, false);
        file.sanity_elsewhere();
        file.finish_exports();
        file.imports();
        if !file.source.sites.is_empty() {
            file.lender.open();
            sites::find(&mut file);
            file.module.wanted = file.wanted();
        }
        if let Some(at) = file.constants.spent() {
            file.module.unread.push(Unread::new(at, plain::TOO_MANY));
        }
        file.module
    }

    fn statements(&mut self, body: &'a [Statement<'a>], is_declared: bool) {
        let shows_all = self.shows_all(body, is_declared);
        for statement in body {
            if let Some(declaration) = self.exposed(statement, shows_all) {
                self.declaration(declaration);
            }
        }
    }

    fn declaration(&mut self, declaration: &'a Declaration<'a>) {
        match declaration {
            Declaration::VariableDeclaration(variables) => self.variables(variables),
            Declaration::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    let shape = self.class(class);
                    self.define(id.name.as_str(), id.span.start, shape);
                }
            }
            Declaration::TSTypeAliasDeclaration(alias) => self.alias(alias),
            Declaration::TSInterfaceDeclaration(interface) => {
                let shape = self.interface(interface);
                self.define(interface.id.name.as_str(), interface.id.span.start, shape);
            }
            Declaration::TSEnumDeclaration(declared) => self.enumeration(declared),
            Declaration::TSExternalModuleDeclaration(module) => {
                if let Some(body) = &module.body {
                    let is_package = origin(module.id.value.as_str()) == Origin::Package;
                    let shown = if is_package { Shown::Apart } else { Shown::Added };
                    self.block(&body.body, module.span.start, shown);
                }
            }
            Declaration::TSGlobalDeclaration(global) => {
                self.block(&global.body.body, global.span.start, Shown::Globally);
            }
            Declaration::TSNamespaceDeclaration(namespace) => self.namespace(namespace),
            Declaration::TSImportEqualsDeclaration(import) => self.import_equals(import),
            Declaration::FunctionDeclaration(_) => {}
        }
    }

    /// A block of declarations for another module, or for all of them.
    fn block(&mut self, body: &'a [Statement<'a>], at: u32, shown: Shown) {
        let outer = self.block.replace(at);
        self.within(shown, |file| file.statements(body, true));
        self.block = outer;
    }

    fn namespace(&mut self, namespace: &'a TSNamespaceDeclaration<'a>) {
        let outer = self.space.len();
        let (is_declared, shown) = (namespace.declare || self.block.is_some(), self.table.shown);
        let mut namespace = namespace;
        loop {
            self.space.push_str(namespace.id.name.as_str());
            self.space.push('.');
            match &namespace.body {
                TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => namespace = inner,
                TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                    self.depth += 1;
                    if self.depth < DEEPEST {
                        self.within(shown, |file| file.statements(&block.body, is_declared));
                    } else {
                        self.module.unread.push(Unread::new(block.span.start, TOO_DEEP));
                    }
                    self.depth -= 1;
                    break;
                }
            }
        }
        self.space.truncate(outer);
    }

    /// Adds a type; in a namespace under its dotted name.
    pub(super) fn define(&mut self, name: &str, at: u32, shape: Shape) {
        let name = format!("{}{name}", self.space);
        let place = (self.block, self.table.shown == Shown::No);
        let why = match *self.blocks.entry(name.clone()).or_insert(place) {
            (block, _) if block != self.block => Some(OTHER),
            first if first != place => Some(UNSEEN),
            _ => None,
        };
        let shape = match why {
            Some(why) => inherit(vec![shape], Shape::unread(at, why)),
            None => shape,
        };
        self.note_shown(&name, at);
        if std::mem::take(&mut self.guesses) {
            self.module.guessed.insert(at);
        }
        self.module.definitions.push(Definition { name, at, shape, case: None });
    }

    /// `import A = N.B` is a second name for it; `export import A = require('./x')` hands a file on.
    fn import_equals(&mut self, import: &'a TSImportEqualsDeclaration<'a>) {
        let (name, at) = (import.id.name.as_str(), import.id.span.start);
        match &import.module_reference {
            TSModuleReference::ExternalModuleReference(module) => {
                self.export_required(name, module.expression.value.as_str());
            }
            TSModuleReference::IdentifierReference(id) => {
                let shape = self.named(&Name { head: id.name.as_str(), full: id.name.to_string() }, at);
                self.module.second_names.insert(at);
                self.define(name, at, shape);
            }
            TSModuleReference::QualifiedName(qualified) => {
                let Some(Name { head, full }) = name_of(&qualified.left) else { return };
                let shape = self.named(&Name { head, full: format!("{full}.{}", qualified.right.name) }, at);
                self.module.second_names.insert(at);
                self.define(name, at, shape);
            }
        }
    }

    fn alias(&mut self, alias: &'a TSTypeAliasDeclaration<'a>) {
        let name = alias.id.name.as_str();
        let scope = self.enter(alias.type_parameters.as_deref());
        let shape = self.ty(&alias.type_annotation);
        self.parameters.truncate(scope);
        // `type Order = z.infer<typeof Order>` says nothing that the constant does not say.
        let itself =
            matches!(&shape, Some(Shape::Named { name: other, .. }) if *other == format!("{}{name}", self.space));
        if !itself {
            self.define(name, alias.id.span.start, shape.unwrap_or(Shape::Opaque));
        }
    }

    /// Brings type parameters into scope, as far as they are known; gives what to truncate the scope to afterwards.
    pub(super) fn enter(&mut self, declared: Option<&'a TSTypeParameterDeclaration<'a>>) -> usize {
        let scope = self.parameters.len();
        if std::mem::take(&mut self.filling) {
            return scope;
        }
        let declared = declared.map(|declared| declared.params.as_slice()).unwrap_or_default();
        self.parameters.extend(declared.iter().map(|parameter| (parameter.name.name.as_str(), None)));
        // What is given in other files has its place in the definition.
        let is_definition = scope == 0 && self.generics.is_empty();
        // Who says nothing else gets what a parameter is by default, and no less than what it must be.
        for (place, parameter) in (scope..).zip(declared) {
            let bound = parameter.default.as_ref().or(parameter.constraint.as_ref());
            let bound = bound.and_then(|bound| self.ty(bound));
            let bound = bound.filter(|shape| !matches!(shape, Shape::Unread(_) | Shape::Map(_)));
            if let Some((_, slot)) = self.parameters.get_mut(place) {
                *slot = match is_definition {
                    true => Some(Shape::variable(place, bound.unwrap_or(Shape::Opaque))),
                    false => bound,
                };
            }
        }
        scope
    }

    /// An interface: what it extends, and its own members.
    pub(super) fn interface(&mut self, interface: &'a TSInterfaceDeclaration<'a>) -> Shape {
        let scope = self.enter(interface.type_parameters.as_deref());
        let bases = interface.extends.iter().filter_map(|base| {
            let at = base.span.start;
            self.reference(&base.type_name, base.type_arguments.as_deref(), at)
        });
        let bases = bases.collect::<Vec<_>>();
        let own = match self.members(&interface.body.body) {
            map @ Shape::Map(_) => record(Vec::new(), vec![map]),
            own => own,
        };
        self.parameters.truncate(scope);
        inherit(bases, own)
    }

    fn enumeration(&mut self, declared: &'a TSEnumDeclaration<'a>) {
        let name = declared.id.name.as_str();
        for member in &declared.body.members {
            if let Some(member_name) = enum_member_name(&member.id) {
                let shape = self.enum_member(member);
                self.define(&format!("{name}.{member_name}"), member.id.span().start, shape);
            }
        }
        let shape = self.enum_shape(declared);
        self.define(name, declared.id.span.start, shape);
    }

    pub(super) fn enum_shape(&self, declared: &'a TSEnumDeclaration<'a>) -> Shape {
        let kinds = declared.body.members.iter().map(|member| self.enum_member(member)).collect();
        union(kinds).unwrap_or(Shape::enumerated(Kind::Number))
    }

    fn enum_member(&self, member: &'a TSEnumMember<'a>) -> Shape {
        let Some(value) = &member.initializer else { return Shape::enumerated(Kind::Number) };
        match value {
            Expression::TemplateLiteral(_) => Shape::enumerated(Kind::String),
            Expression::NumericLiteral(_) | Expression::UnaryExpression(_) => Shape::enumerated(Kind::Number),
            Expression::BinaryExpression(sum) if sum.operator != BinaryOperator::Addition => {
                Shape::enumerated(Kind::Number)
            }
            value if self.text(value).is_some() => Shape::enumerated(Kind::String),
            _ => Shape::Opaque,
        }
    }

    fn variables(&mut self, variables: &'a VariableDeclaration<'a>) {
        for variable in &variables.declarations {
            if let (BindingPattern::ObjectPattern(pattern), Some(value)) = (&variable.id, &variable.init) {
                for (name, at) in self.doubtful_parts(pattern, value) {
                    self.define(name, at, Shape::unread(at, NO_SCHEMA));
                }
            }
            if let (BindingPattern::BindingIdentifier(id), Some(value)) = (&variable.id, &variable.init) {
                let (name, at, before) = (id.name.as_str(), id.span.start, self.module.definitions.len());
                self.constant(name, at, value);
                if variables.kind != VariableDeclarationKind::Const && self.is_set_anew(name) {
                    for definition in self.module.definitions.iter_mut().skip(before) {
                        let shape = std::mem::replace(&mut definition.shape, Shape::Opaque);
                        definition.shape = inherit(vec![shape], Shape::unread(at, SET_ANEW));
                    }
                }
            }
        }
    }

    /// A value under a name may be a schema; most are not.
    pub(super) fn constant(&mut self, name: &'a str, at: u32, value: &'a Expression<'a>) {
        match value.get_inner_expression() {
            Expression::CallExpression(call) => {
                if !self.dsl_call(call)
                    && let Some(shape) = self.schema(call).or_else(|| self.doubtful(name, value))
                {
                    self.define(name, at, shape);
                }
            }
            Expression::ObjectExpression(object) => {
                self.dsl_object(object);
            }
            Expression::ArrayExpression(array) => {
                for element in array.elements.iter().filter_map(ArrayExpressionElement::as_expression) {
                    match element.get_inner_expression() {
                        Expression::CallExpression(call) => drop(self.dsl_call(call)),
                        Expression::ObjectExpression(object) => drop(self.dsl_object(object)),
                        _ => {}
                    }
                }
            }
            Expression::ClassExpression(class) => {
                let shape = self.class(class);
                self.define(name, at, shape);
            }
            _ => {
                if let Some(shape) = self.doubtful(name, value) {
                    self.define(name, at, shape);
                }
            }
        }
    }
}

/// One's own members with what they are added to; where both have a name, the last one counts.
pub(super) fn inherit(mut bases: Vec<Shape>, own: Shape) -> Shape {
    if bases.is_empty() {
        return own;
    }
    bases.push(own);
    Shape::All(bases)
}

/// One of several: what is alike becomes one.
pub(super) fn union(parts: Vec<Shape>) -> Option<Shape> {
    let mut merged: Vec<Shape> = Vec::with_capacity(parts.len().min(8));
    for part in parts {
        let Shape::Scalar { kind, enumerated } = part else {
            match part {
                Shape::Any(inner) => merged.extend(inner),
                other => merged.push(other),
            }
            continue;
        };
        let same = merged.iter_mut().find_map(|shape| match shape {
            Shape::Scalar { kind: other, enumerated } if *other == kind => Some(enumerated),
            _ => None,
        });
        match same {
            Some(listed) => *listed &= enumerated,
            None => merged.push(Shape::Scalar { kind, enumerated }),
        }
    }
    match merged.len() {
        0 => None,
        1 => merged.pop(),
        _ => Some(Shape::Any(merged)),
    }
}

pub(super) fn enum_member_name<'a>(name: &TSEnumMemberName<'a>) -> Option<&'a str> {
    match name {
        TSEnumMemberName::Identifier(name) => Some(name.name.as_str()),
        TSEnumMemberName::String(name) | TSEnumMemberName::ComputedString(name) => Some(name.value.as_str()),
        TSEnumMemberName::ComputedTemplateString(_) => None,
    }
}
