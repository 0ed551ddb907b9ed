//! From what files declare to fields: what a name refers to, what is inherited, what a named type brings in.
//!
//! A reference to a type that counts by itself is not entered: its fields are listed once, under its own name. One to a
//! type that does not count, or that gives something to a generic one, is expanded in place; cycles end there.

mod apart;
mod collections;
mod enter;
mod given;
mod kinds;
mod levels;
mod lookup;
mod parts;
mod wire;
mod written;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use bstr::{BStr, BString};

use super::migrations;
use super::packages::Packages;
use super::path::{FieldPath, Segment};
use super::shape::{Case, Definition, Kind, Module, Shape, Unread, Written};
use crate::escape::excerpt;
use crate::glob::GlobSet;
use apart::Apart;
pub use apart::Unit;
use collections::Inner;
use given::bound;
use kinds::{is_brand, one_of};
use lookup::{Found, Lookup};
use parts::{Part, Parts, Placed, Scope};
use written::Writers;

/// The most fields of one source: types that refer to each other twice make any number of them.
const MAX_FIELDS: usize = 100_000;
/// The deepest nesting of types in types.
const MAX_DEPTH: usize = 48;
/// The most bytes of a type and a path below it: a finding says them several times.
const MAX_NAME: usize = 1_000;
/// The most shapes looked at, for all fields together.
const MAX_STEPS: usize = 2_000_000;

/// Why what a file adds to another one's type is unread, unless that counts.
const ADDITION: &str = "fields that are added to a type of another file: declare them where the type is declared";
/// Why a type is unread that stands in the place of another.
const DECOY: &str = "other files get another type by this name: give it a name of its own";

/// The files of a source, and those that its imports lead to, which are read when they are asked for.
pub trait Files {
    /// Whether the file is one of the source, wherever it is asked for.
    fn is_own(&self, path: &BStr) -> bool;
    /// What the file at `path` declares; `None` where there is none.
    fn module(&self, path: &BStr) -> Option<(&BStr, &Module)>;
    /// The files of a folder that may be read, not of those below it; `folder` ends in `/`, and is empty for the top.
    fn folder(&self, folder: &BStr) -> Vec<&BStr>;
    /// Whether what stands at `path` leads to files of other names: a link, a package's description.
    fn leads_on(&self, path: &BStr) -> bool;
    /// Whether a link stands in a folder where a file of Go would be, and no test.
    fn has_links(&self, folder: &BStr) -> bool;
    /// Where the packages of Go stand.
    fn packages(&self) -> &Packages;
    /// Whether a file of Go says that it is part of a package of that name.
    fn is_of_package(&self, path: &BStr, name: &str) -> bool {
        self.module(path).is_some_and(|(_, module)| module.package.name == name)
    }
}

/// A field of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The type's name.
    pub ty: Rc<str>,
    /// Where in the type.
    pub path: FieldPath,
    /// What kind of value.
    pub kind: Kind,
    /// Only listed values are allowed.
    pub enumerated: bool,
    /// The file that declares it.
    pub file: Rc<BString>,
    /// Where in the file, in bytes.
    pub at: u32,
    /// What identifies it in its type, whatever it is called.
    pub identity: Option<u64>,
}

impl Field {
    /// What kind of value it has, in a word.
    pub const fn kind_name(&self) -> &'static str {
        if self.enumerated { "enum" } else { self.kind.name() }
    }
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
    /// The names that were looked for in all files of the source: neither their own files nor imports say what they are.
    pub sought: BTreeSet<String>,
    /// The types of one name, where there are several, each with its own fields.
    pub apart: BTreeMap<String, Vec<Unit>>,
}

/// Says of a definition and its file whether its fields are asked for.
pub type Asked<'f> = dyn Fn(&BStr, &Definition) -> bool + 'f;

/// Reads the fields of a source's own files. `types` says which types count, and `asked` of which the fields are wanted.
pub fn resolve(own: &[(&BStr, &Module)], types: &GlobSet, asked: &Asked<'_>, files: &dyn Files) -> Declared {
    if own.iter().all(|(_, module)| module.steps.is_empty()) {
        return declared(own, types, asked, files);
    }
    let steps: Vec<(BString, &Module)> = own.iter().map(|(path, module)| ((*path).into(), *module)).collect();
    let folded = migrations::fold(&steps);
    let modules = folded.modules(&steps);
    let made: Vec<(&BStr, &Module)> = own.iter().zip(&modules).map(|((path, _), module)| (*path, module)).collect();
    Declared { renames: folded.renames, ..declared(&made, types, asked, files) }
}

fn declared<'a>(own: &[(&'a BStr, &'a Module)], types: &GlobSet, asked: &Asked<'_>, files: &'a dyn Files) -> Declared {
    let mut names: HashMap<&str, Vec<Found<'a>>> = HashMap::new();
    let found = |(file, module): &(&'a BStr, &'a Module)| {
        let (file, module) = (*file, *module);
        module.definitions.iter().map(move |definition| Found { file, module, definition })
    };
    for found in own.iter().flat_map(found) {
        names.entry(found.definition.name.as_str()).or_default().push(found);
    }
    let mut resolver = Resolver {
        lookup: Lookup {
            names,
            own: own.iter().map(|(_, module)| std::ptr::from_ref(*module)).collect(),
            files,
            sought: RefCell::default(),
            placed: RefCell::default(),
            called: RefCell::default(),
        },
        types,
        counting: HashMap::new(),
        generic: HashMap::new(),
        declared: Declared::default(),
        unread: BTreeSet::new(),
        ends: RefCell::default(),
        fields: BTreeMap::new(),
        found: Vec::new(),
        file: Rc::default(),
        apart: Apart::default(),
        writers: Writers::default(),
        wires: RefCell::default(),
        other_names: HashSet::new(),
        shadowed: RefCell::default(),
        noted: 0,
        steps: Cell::new(0),
    };
    for (file, module) in own {
        resolver.unread.extend(module.unread.iter().map(|unread| blind(file, unread)));
        let added = module.exports.iter().flat_map(|exports| &exports.additions);
        for (_, at) in added.filter(|(name, _)| !types.matches(name.as_bytes())) {
            resolver.unread.insert(blind(file, &Unread::new(*at, ADDITION)));
        }
        for (name, at) in resolver.lookup.taken(file, module) {
            let reason =
                format!("`{name}` is another one than the language's by an import of all names: import it by name");
            resolver.unread.insert(blind(file, &Unread::new(at, reason)));
        }
    }
    own.iter().for_each(|(file, module)| resolver.note_written(file, module));
    let counts =
        |found: &Found<'_>| types.matches(found.definition.name.as_bytes()) && asked(found.file, found.definition);
    for found in own.iter().flat_map(found).filter(counts) {
        resolver.definition(&found);
    }
    let Resolver { mut declared, mut unread, ends, fields, noted, lookup, apart, .. } = resolver;
    unread.extend(ends.into_inner());
    declared.sought = lookup.sought.into_inner();
    declared.apart = apart.several();
    declared.fields.reserve_exact(noted);
    for (_, mut own) in fields {
        own.sort_by(|a, b| a.path.cmp(&b.path));
        own.dedup_by(|next, first| {
            let same = next.path == first.path;
            if same {
                // What two types of one name make of it may be either.
                let kinds = [(first.kind, first.enumerated), (next.kind, next.enumerated)];
                (first.kind, first.enumerated) = one_of(kinds.into_iter());
            }
            same
        });
        declared.fields.append(&mut own);
    }
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
    /// Whether definitions have type parameters that they use, once that was asked.
    generic: HashMap<*const Definition, bool>,
    declared: Declared,
    unread: BTreeSet<Blind>,
    /// Where types were left that have no end.
    ends: RefCell<BTreeSet<Blind>>,
    /// The fields of each type, as they were found.
    fields: BTreeMap<Rc<str>, Vec<Field>>,
    /// Those of the definition that is looked at.
    found: Vec<Field>,
    /// The file of the last field.
    file: Rc<BString>,
    /// The fields of each type of a name that others have too.
    apart: Apart<'a>,
    /// The types that code writes out, or what they embed.
    writers: Writers<'a>,
    /// Whether definitions are written by `json`, once that was asked.
    wires: RefCell<HashMap<*const Definition, bool>>,
    /// The definitions of which it was asked whether `json` gives other names to what they are listed with.
    other_names: HashSet<*const Definition>,
    /// The packages of Go whose files were asked what they mean by its own types.
    shadowed: RefCell<HashSet<(&'a [u8], &'a str)>>,
    /// How many fields were noted, and how many shapes looked at.
    noted: usize,
    steps: Cell<usize>,
}

impl<'a> Resolver<'a, '_> {
    fn definition(&mut self, found: &Found<'a>) {
        self.shadowed(found);
        let scope = self.scope(found);
        let shape = &scope.home.definition.shape;
        if self.is_second_name_of_nothing(found) || self.written_as(&scope).is_some() {
            return;
        }
        if self.lookup.is_decoy(found) {
            self.unread.insert(blind(found.file, &Unread::new(found.definition.at, DECOY)));
        }
        let is_alias = self.is_alias(&scope);
        let parts = if is_alias { Vec::new() } else { self.definition_parts(&scope) };
        if parts.is_empty() && !self.is_object(shape, &scope) && !self.is_collection(shape, &scope) {
            return;
        }
        let name = &found.definition.name;
        if !self.declared.types.contains_key(name) {
            self.declared.types.insert(name.clone(), (found.file.into(), found.definition.at));
        }
        let ty: Rc<str> = name.as_str().into();
        self.apart.begin(found, &self.lookup);
        for part in parts.into_iter().filter(|part| !part.is_dropped) {
            self.field(&ty, FieldPath::of(&part.name()), &part);
        }
        if !is_alias {
            self.unnamed(&ty, found, &scope);
        }
        self.fields.entry(ty).or_default().append(&mut self.found);
        self.apart.end();
    }

    /// Whether a name that only other files see leads to no type: functions are handed on like types.
    fn is_second_name_of_nothing(&self, found: &Found<'a>) -> bool {
        let at = found.definition.at;
        let exports = found.module.exports.as_ref();
        let outside = exports.is_some_and(|exports| exports.outside.contains(&at) && !exports.hidden.contains(&at));
        match &found.definition.shape {
            Shape::Named { name, .. } if outside => self.lookup.find(found, name).is_empty(),
            _ => false,
        }
    }

    /// Whether a shape is one of members, though it may have none.
    fn is_object(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> bool {
        let (shape, scope) = bound(shape, scope);
        match shape {
            _ if self.is_too_much(scope) => true,
            Shape::Object(_) | Shape::Unread(_) => true,
            Shape::All(shapes) => !is_brand(shapes, scope) && shapes.iter().any(|shape| self.is_object(shape, scope)),
            Shape::Any(shapes) => shapes.iter().any(|shape| self.is_object(shape, scope)),
            Shape::Pick(shape, _) | Shape::Omit(shape, _) => self.is_object(shape, scope),
            Shape::Named { name, arguments, .. } => {
                let entered = self.enter(scope, name, arguments);
                entered.iter().any(|scope| self.is_object(&scope.home.definition.shape, scope))
            }
            Shape::Scalar { .. } | Shape::Array(_) | Shape::Map(_) | Shape::Opaque | Shape::Variable { .. } => false,
        }
    }

    /// The members of a definition, with the rule of spelling that holds for them.
    fn definition_parts(&mut self, scope: &Rc<Scope<'a>>) -> Vec<Part<'a>> {
        let definition = scope.home.definition;
        if matches!(definition.shape, Shape::Object(_) | Shape::All(_)) {
            self.written_out(scope);
        }
        let mut parts = Parts::default();
        self.parts(&definition.shape, scope, &mut parts);
        let inherited = definition.case.or_else(|| self.inherited_case(&definition.shape, scope));
        for part in &mut parts.list {
            part.case = definition.case.or(part.case).or(inherited);
        }
        parts.list
    }

    fn inherited_case(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> Option<Case> {
        let (shape, scope) = bound(shape, scope);
        match shape {
            _ if self.is_too_much(scope) => None,
            Shape::All(shapes) => shapes.iter().find_map(|shape| self.inherited_case(shape, scope)),
            Shape::Named { name, arguments, .. } => self.enter(scope, name, arguments).iter().find_map(|scope| {
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
        let (shape, scope) = bound(shape, scope);
        match shape {
            Shape::Object(_) if scope.home.module.is_leveled => {
                self.levels(std::slice::from_ref(shape), scope, parts);
            }
            Shape::All(shapes) if scope.home.module.is_leveled => self.levels(shapes, scope, parts),
            Shape::Object(members) => {
                for member in members {
                    let shapes = vec![(&member.shape, Rc::clone(scope))];
                    parts.put(Part {
                        member,
                        file: scope.home.file,
                        shapes,
                        case: None,
                        beside: members,
                        is_dropped: false,
                    });
                }
            }
            Shape::All(shapes) if is_brand(shapes, scope) => {}
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
            Shape::Pick(shape, names) if names.is_empty() => self.embedded(shape, scope),
            Shape::Pick(shape, names) => {
                let all = self.members(shape, scope);
                all.into_iter().filter(|part| names.contains(&part.member.name)).for_each(|part| parts.put(part));
            }
            Shape::Omit(shape, names) => {
                let all = self.members(shape, scope);
                all.into_iter().filter(|part| !names.contains(&part.member.name)).for_each(|part| parts.put(part));
            }
            Shape::Named { name, at, arguments } => {
                for scope in self.enter_known(scope, (name, *at, arguments), true) {
                    self.definition_parts(&scope).into_iter().for_each(|part| parts.put(part));
                }
            }
            Shape::Unread(unread) => {
                self.unread.insert(blind(scope.home.file, unread));
            }
            Shape::Scalar { .. } | Shape::Array(_) | Shape::Map(_) | Shape::Opaque | Shape::Variable { .. } => {}
        }
    }

    fn some_parts(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> Vec<Part<'a>> {
        let mut parts = Parts::default();
        self.parts(shape, scope, &mut parts);
        parts.list
    }

    /// The members of what must have some: one that turns out to be a value without parts is told.
    fn members(&mut self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> Vec<Part<'a>> {
        let (given, around) = bound(shape, scope);
        let is_given = scope.home.module.is_placed && matches!(shape, Shape::Variable { .. });
        if is_given && matches!(given, Shape::Opaque | Shape::Scalar { .. }) {
            let reason = "what is given for a type parameter here has no fields that can be read";
            self.unread.insert(blind(scope.home.file, &Unread::new(scope.home.definition.at, reason)));
        }
        if let Shape::Named { name, at, arguments } = given
            && !self.enter(around, name, arguments).is_empty()
            && !self.is_object(given, around)
        {
            let reason = format!("the type `{}` has no members to take over", excerpt(name));
            self.unread.insert(blind(around.home.file, &Unread::new(*at, reason)));
        }
        self.some_parts(shape, scope)
    }

    fn is_too_much(&self, scope: &Rc<Scope<'a>>) -> bool {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() <= MAX_STEPS && self.noted <= MAX_FIELDS {
            return false;
        }
        let reason = "the types refer to each other so often that they have too many fields";
        self.ends.borrow_mut().insert(blind(scope.home.file, &Unread::new(0, reason)));
        true
    }

    /// Notes a field and what lies below it.
    fn field(&mut self, ty: &Rc<str>, path: FieldPath, part: &Part<'a>) {
        self.value(ty, path, &part.shapes, (part.file, part.member.at, part.member.identity));
    }

    fn value(&mut self, ty: &Rc<str>, path: FieldPath, shapes: &[Placed<'a>], place: (&'a BStr, u32, Option<u64>)) {
        let (file, at, identity) = place;
        if ty.len().saturating_add(path.len()) > MAX_NAME {
            let reason = format!("a field whose type and path have more than {MAX_NAME} bytes");
            self.unread.insert(blind(file, &Unread::new(at, reason)));
            return;
        }
        let (kind, enumerated) = one_of(shapes.iter().map(|(shape, scope)| self.describe(shape, scope)));
        let mut inner = Inner::default();
        for (shape, scope) in shapes {
            if path.depth() > MAX_DEPTH {
                let reason = format!("fields that lie in more than {MAX_DEPTH} others");
                self.unread.insert(blind(file, &Unread::new(at, reason)));
            } else if !self.is_too_much(scope) {
                self.gather(shape, scope, &mut inner);
            }
        }
        self.noted += 1;
        self.apart.note(&path);
        for part in inner.parts.list.into_iter().filter(|part| !part.is_dropped) {
            self.field(ty, path.member(&part.name()), &part);
        }
        for (step, shapes) in [(Segment::Each, inner.items), (Segment::ANY, inner.values)] {
            if !shapes.is_empty() {
                self.value(ty, path.then(step), &shapes, (file, at, None));
            }
        }
        if **self.file != *file {
            self.file = Rc::new(file.into());
        }
        let field = Field { ty: Rc::clone(ty), path, kind, enumerated, file: Rc::clone(&self.file), at, identity };
        self.found.push(field);
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
}

#[cfg(test)]
mod tests;
