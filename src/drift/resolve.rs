//! From what files declare to fields: what a name refers to, what is inherited, what a named type brings in.
//!
//! A reference to a type that counts by itself is not entered: its fields are listed once, under its own name. One to a
//! type that does not count is expanded in place; cycles end there.

mod collections;
mod lookup;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use bstr::{BStr, BString};

use super::migrations;
use super::path::{FieldPath, Segment};
use super::shape::{Case, Kind, Member, Module, Shape, Unread};
use crate::escape::excerpt;
use crate::glob::GlobSet;
use collections::Inner;
use lookup::{Found, Lookup};

/// The most fields of one source: types that refer to each other twice make any number of them.
const MAX_FIELDS: usize = 100_000;
/// The deepest nesting of types in types.
const MAX_DEPTH: usize = 48;
/// The most shapes looked at, for all fields together.
const MAX_STEPS: usize = 10_000_000;

/// The files of a source, and those that its imports lead to, which are read when they are asked for.
pub trait Files {
    /// What the file at `path` declares; `None` where there is none.
    fn module(&self, path: &BStr) -> Option<(&BStr, &Module)>;
    /// The files of a folder that may be read, not of those below it; `folder` ends in `/`, and is empty for the top.
    fn folder(&self, folder: &BStr) -> Vec<&BStr>;
}

/// A field of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The type's name.
    pub ty: String,
    /// Where in the type.
    pub path: FieldPath,
    /// What kind of value.
    pub kind: Kind,
    /// Only listed values are allowed.
    pub enumerated: bool,
    /// The file that declares it.
    pub file: BString,
    /// Where in the file, in bytes.
    pub at: u32,
    /// What identifies it in its type, whatever it is called.
    pub identity: Option<u64>,
}

/// A place that could not be read, and bears on types that count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blind {
    /// The file.
    pub file: BString,
    /// Where in it, in bytes.
    pub at: u32,
    /// What is there.
    pub reason: String,
}

/// All that one source declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The fields, by type and path; where files disagree, the first.
    pub fields: Vec<Field>,
    /// The types that count, with the file and the place of their names.
    pub types: BTreeMap<String, (BString, u32)>,
    /// What could not be read.
    pub unread: Vec<Blind>,
    /// The columns that migrations rename.
    pub renames: Vec<migrations::Renamed>,
}

/// Reads the fields of a source's own files. `types` says which types count.
pub fn resolve(own: &[(&BStr, &Module)], types: &GlobSet, files: &dyn Files) -> Declared {
    if own.iter().all(|(_, module)| module.steps.is_empty()) {
        return declared(own, types, files);
    }
    let steps: Vec<(BString, &Module)> = own.iter().map(|(path, module)| ((*path).into(), *module)).collect();
    let folded = migrations::fold(&steps);
    let modules = folded.modules(&steps);
    let made: Vec<(&BStr, &Module)> = own.iter().zip(&modules).map(|((path, _), module)| (*path, module)).collect();
    Declared { renames: folded.renames, ..declared(&made, types, files) }
}

fn declared<'a>(own: &[(&'a BStr, &'a Module)], types: &GlobSet, files: &'a dyn Files) -> Declared {
    let mut names: HashMap<&str, Vec<Found<'a>>> = HashMap::new();
    let found = |(file, module): &(&'a BStr, &'a Module)| {
        let (file, module) = (*file, *module);
        module.definitions.iter().map(move |definition| Found { file, module, definition })
    };
    for found in own.iter().flat_map(found) {
        names.entry(found.definition.name.as_str()).or_default().push(found);
    }
    let mut resolver = Resolver {
        lookup: Lookup { names, own: own.iter().map(|(_, module)| std::ptr::from_ref(*module)).collect(), files },
        types,
        counting: HashMap::new(),
        declared: Declared::default(),
        unread: BTreeSet::new(),
        fields: BTreeMap::new(),
        noted: 0,
        steps: 0,
    };
    for (file, module) in own {
        resolver.unread.extend(module.unread.iter().map(|unread| blind(file, unread)));
    }
    for found in own.iter().flat_map(found).filter(|found| types.matches(found.definition.name.as_bytes())) {
        resolver.definition(&found);
    }
    let Resolver { mut declared, unread, fields, .. } = resolver;
    declared.fields = fields.into_values().flat_map(BTreeMap::into_values).collect();
    declared.unread = unread.into_iter().collect();
    declared
}

fn blind(file: &BStr, unread: &Unread) -> Blind {
    Blind { file: file.into(), at: unread.at, reason: unread.reason.clone() }
}

struct Resolver<'a, 't> {
    lookup: Lookup<'a>,
    types: &'t GlobSet,
    /// Whether a definition's fields are listed under its own name, once that was asked.
    counting: HashMap<*const (), bool>,
    declared: Declared,
    unread: BTreeSet<Blind>,
    fields: BTreeMap<String, BTreeMap<FieldPath, Field>>,
    /// How many fields were noted, and how many shapes looked at.
    noted: usize,
    steps: usize,
}

/// Where a shape stands, for the names in it, and which definitions are being expanded.
struct Scope<'a> {
    home: Found<'a>,
    outer: Option<Rc<Scope<'a>>>,
    depth: usize,
}

impl<'a> Scope<'a> {
    fn of(found: &Found<'a>) -> Rc<Self> {
        Rc::new(Self { home: *found, outer: None, depth: 0 })
    }

    /// The scope of another definition that this one leads to; `None` when that one is being expanded already, or the
    /// nesting has no end.
    fn enter(self: &Rc<Self>, found: &Found<'a>) -> Option<Rc<Self>> {
        let mut around = Some(self);
        while let Some(scope) = around {
            if scope.home.is(found) {
                return None;
            }
            around = scope.outer.as_ref();
        }
        let deeper = || Rc::new(Self { home: *found, outer: Some(Rc::clone(self)), depth: self.depth + 1 });
        (self.depth < MAX_DEPTH).then(deeper)
    }
}

/// A shape with the place that its names mean something at.
type Placed<'a> = (&'a Shape, Rc<Scope<'a>>);

/// A member as its types have it: more than one where alternatives name it.
struct Part<'a> {
    member: &'a Member,
    file: &'a BStr,
    /// What may stand behind it.
    shapes: Vec<Placed<'a>>,
    case: Option<Case>,
}

impl Part<'_> {
    fn name(&self) -> String {
        match self.case.filter(|_| !self.member.explicit) {
            Some(case) => case.apply(&self.member.name),
            None => self.member.name.clone(),
        }
    }
}

/// Members in order, where a later one of a name takes the place of an earlier one.
#[derive(Default)]
struct Parts<'a> {
    list: Vec<Part<'a>>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Parts<'a> {
    fn put(&mut self, part: Part<'a>) {
        let next = self.list.len();
        let place = *self.places.entry(part.member.name.as_str()).or_insert(next);
        match self.list.get_mut(place) {
            Some(other) => *other = part,
            None => self.list.push(part),
        }
    }

    /// Takes a member of another alternative: it may be what either says.
    fn or(&mut self, part: Part<'a>) {
        let next = self.list.len();
        let place = *self.places.entry(part.member.name.as_str()).or_insert(next);
        match self.list.get_mut(place) {
            Some(other) => other.shapes.extend(part.shapes),
            None => self.list.push(part),
        }
    }
}

impl<'a> Resolver<'a, '_> {
    fn definition(&mut self, found: &Found<'a>) {
        let scope = Scope::of(found);
        let shape = &found.definition.shape;
        let is_alias = self.is_alias(&scope);
        let parts = if is_alias { Vec::new() } else { self.definition_parts(&scope) };
        if parts.is_empty() && !self.is_object(shape, &scope) && !self.is_collection(shape, &scope) {
            return;
        }
        let name = &found.definition.name;
        if !self.declared.types.contains_key(name) {
            self.declared.types.insert(name.clone(), (found.file.into(), found.definition.at));
        }
        for part in parts {
            self.field(name, FieldPath::of(&part.name()), &part);
        }
        if !is_alias {
            self.unnamed(found, &scope);
        }
    }

    /// The definitions that a name leads to, each with the scope inside it; those being expanded already are left out.
    fn enter(&self, scope: &Rc<Scope<'a>>, name: &str) -> Vec<Rc<Scope<'a>>> {
        self.lookup.find(&scope.home, name).iter().filter_map(|found| scope.enter(found)).collect()
    }

    /// Whether a shape is one of members, though it may have none.
    fn is_object(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> bool {
        match shape {
            Shape::Object(_) | Shape::Unread(_) => true,
            Shape::All(shapes) => !is_brand(shapes) && shapes.iter().any(|shape| self.is_object(shape, scope)),
            Shape::Any(shapes) => shapes.iter().any(|shape| self.is_object(shape, scope)),
            Shape::Pick(shape, _) | Shape::Omit(shape, _) => self.is_object(shape, scope),
            Shape::Named { name, .. } => {
                self.enter(scope, name).iter().any(|scope| self.is_object(&scope.home.definition.shape, scope))
            }
            Shape::Scalar { .. } | Shape::Array(_) | Shape::Map(_) | Shape::Opaque => false,
        }
    }

    /// The members of a definition, with the rule of spelling that holds for them.
    fn definition_parts(&mut self, scope: &Rc<Scope<'a>>) -> Vec<Part<'a>> {
        let definition = scope.home.definition;
        let mut parts = Parts::default();
        self.parts(&definition.shape, scope, &mut parts);
        let inherited = definition.case.or_else(|| self.inherited_case(&definition.shape, scope));
        for part in &mut parts.list {
            part.case = definition.case.or(part.case).or(inherited);
        }
        parts.list
    }

    fn inherited_case(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> Option<Case> {
        match shape {
            Shape::All(shapes) => shapes.iter().find_map(|shape| self.inherited_case(shape, scope)),
            Shape::Named { name, .. } => self.enter(scope, name).iter().find_map(|scope| {
                let definition = scope.home.definition;
                definition.case.or_else(|| self.inherited_case(&definition.shape, scope))
            }),
            _ => None,
        }
    }

    /// The members that a shape has where it stands for an object.
    fn parts(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>, parts: &mut Parts<'a>) {
        if self.is_too_much(scope) {
            return;
        }
        match shape {
            Shape::Object(members) => {
                for member in members {
                    let shapes = vec![(&member.shape, Rc::clone(scope))];
                    parts.put(Part { member, file: scope.home.file, shapes, case: None });
                }
            }
            Shape::All(shapes) if is_brand(shapes) => {}
            Shape::All(shapes) => shapes.iter().for_each(|shape| self.parts(shape, scope, parts)),
            Shape::Any(shapes) => {
                let mut either = Parts::default();
                for shape in shapes {
                    let mut own = Parts::default();
                    self.parts(shape, scope, &mut own);
                    own.list.into_iter().for_each(|part| either.or(part));
                }
                either.list.into_iter().for_each(|part| parts.put(part));
            }
            Shape::Pick(shape, names) => {
                let all = self.members(shape, scope);
                all.into_iter().filter(|part| names.contains(&part.member.name)).for_each(|part| parts.put(part));
            }
            Shape::Omit(shape, names) => {
                let all = self.members(shape, scope);
                all.into_iter().filter(|part| !names.contains(&part.member.name)).for_each(|part| parts.put(part));
            }
            Shape::Named { name, at } => {
                self.check_known(scope, name, *at, true);
                for scope in self.enter(scope, name) {
                    self.definition_parts(&scope).into_iter().for_each(|part| parts.put(part));
                }
            }
            Shape::Unread(unread) => {
                self.unread.insert(blind(scope.home.file, unread));
            }
            Shape::Scalar { .. } | Shape::Array(_) | Shape::Map(_) | Shape::Opaque => {}
        }
    }

    fn some_parts(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> Vec<Part<'a>> {
        let mut parts = Parts::default();
        self.parts(shape, scope, &mut parts);
        parts.list
    }

    /// The members of what must have some: one that turns out to be a value without parts is told.
    fn members(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> Vec<Part<'a>> {
        if let Shape::Named { name, at } = shape
            && !self.enter(scope, name).is_empty()
            && !self.is_object(shape, scope)
        {
            let reason = format!("the type `{}` has no members to take over", excerpt(name));
            self.unread.insert(blind(scope.home.file, &Unread::new(*at, reason)));
        }
        self.some_parts(shape, scope)
    }

    /// Tells of a name that leads nowhere. A value may be of a package's type; nobody inherits from what is not there.
    fn check_known(&mut self, scope: &Rc<Scope<'a>>, name: &str, at: u32, inherits: bool) {
        if !self.lookup.find(&scope.home, name).is_empty() {
            return;
        }
        let external = self.lookup.is_external(&scope.home, name);
        let what = match (external, inherits) {
            (true, false) => return,
            (true, true) => "is a package's, and its fields cannot be read",
            (false, _) => "is not among the files that can be read",
        };
        let reason = format!("the type `{}` {what}", excerpt(name.trim_start_matches('.')));
        self.unread.insert(blind(scope.home.file, &Unread::new(at, reason)));
    }

    fn is_too_much(&mut self, scope: &Rc<Scope<'a>>) -> bool {
        self.steps += 1;
        if self.steps <= MAX_STEPS && self.noted <= MAX_FIELDS {
            return false;
        }
        let reason = "the types refer to each other so often that they have too many fields";
        self.unread.insert(blind(scope.home.file, &Unread::new(0, reason)));
        true
    }

    /// Notes a field and what lies below it.
    fn field(&mut self, ty: &str, path: FieldPath, part: &Part<'a>) {
        self.value(ty, path, &part.shapes, (part.file, part.member.at, part.member.identity));
    }

    fn value(&mut self, ty: &str, path: FieldPath, shapes: &[Placed<'a>], place: (&'a BStr, u32, Option<u64>)) {
        let (kind, enumerated) = one_of(shapes.iter().map(|(shape, scope)| self.describe(shape, scope)));
        let (file, at, identity) = place;
        let mut inner = Inner::default();
        for (shape, scope) in shapes {
            if path.segments().len() > MAX_DEPTH {
                let reason = format!("fields that lie in more than {MAX_DEPTH} others");
                self.unread.insert(blind(file, &Unread::new(at, reason)));
            } else if !self.is_too_much(scope) {
                self.gather(shape, scope, &mut inner);
            }
        }
        self.noted += 1;
        let fields = self.fields.entry(ty.to_owned()).or_default();
        let field =
            || Field { ty: ty.to_owned(), path: path.clone(), kind, enumerated, file: file.into(), at, identity };
        fields.entry(path.clone()).or_insert_with(field);
        for part in inner.parts.list {
            self.field(ty, path.member(&part.name()), &part);
        }
        let any = Segment::Wildcard("*".to_owned());
        for (step, shapes) in [(Segment::Each, inner.items), (any, inner.values)] {
            if !shapes.is_empty() {
                self.value(ty, path.then(step), &shapes, (file, at, None));
            }
        }
    }

    /// Whether a definition's fields are listed under its own name.
    fn counts(&mut self, scope: &Rc<Scope<'a>>) -> bool {
        let definition = scope.home.definition;
        let key = std::ptr::from_ref(definition).cast();
        if let Some(known) = self.counting.get(&key) {
            return *known;
        }
        let counts = self.types.matches(definition.name.as_bytes())
            && self.lookup.is_own(&scope.home)
            && (self.is_object(&definition.shape, &Scope::of(&scope.home))
                || collections::is_in_place(&definition.shape));
        self.counting.insert(key, counts);
        counts
    }

    /// The kind of a value, and whether it is one of listed ones.
    fn describe(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> (Kind, bool) {
        match shape {
            Shape::Scalar { kind, enumerated } => (*kind, *enumerated),
            Shape::Object(_) | Shape::Map(_) | Shape::Pick(..) | Shape::Omit(..) => (Kind::Object, false),
            Shape::Array(_) => (Kind::Array, false),
            Shape::Opaque | Shape::Unread(_) => (Kind::Unknown, false),
            Shape::Named { name, .. } => {
                let entered = self.enter(scope, name);
                match entered.is_empty() {
                    // It refers to itself, as only objects do, or to nothing that can be read.
                    true if !self.lookup.find(&scope.home, name).is_empty() => (Kind::Object, false),
                    _ => one_of(entered.iter().map(|scope| self.describe(&scope.home.definition.shape, scope))),
                }
            }
            // A branded string is a string; other intersections are objects.
            Shape::All(shapes) => {
                let mut kinds = shapes.iter().map(|shape| self.describe(shape, scope));
                kinds.find(|(kind, _)| *kind != Kind::Object).unwrap_or((Kind::Object, false))
            }
            Shape::Any(shapes) => one_of(shapes.iter().map(|shape| self.describe(shape, scope))),
        }
    }
}

/// Whether an intersection is a value without parts, with something beside it that only types know.
fn is_brand(shapes: &[Shape]) -> bool {
    shapes.iter().any(|shape| matches!(shape, Shape::Scalar { .. }))
}

/// The kind of a value that is one of several: text where it may be any text, else the one kind that all have.
fn one_of(kinds: impl Iterator<Item = (Kind, bool)>) -> (Kind, bool) {
    let kinds: BTreeSet<(Kind, bool)> = kinds.collect();
    match kinds.first().copied() {
        Some(one) if kinds.len() == 1 => one,
        Some((first, _)) if kinds.iter().all(|(kind, _)| *kind == first) => (first, false),
        _ if kinds.contains(&(Kind::String, false)) => (Kind::String, false),
        _ => (Kind::Unknown, false),
    }
}

#[cfg(test)]
mod tests;
