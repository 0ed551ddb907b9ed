//! What a name refers to: in its own file, by the file's imports, in the source.

mod meant;
mod once;
mod package;

pub(super) use meant::is_error;
pub(super) use package::is_beside;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use bstr::{BStr, ByteSlice};

use super::Files;
use crate::drift::manifest::is_manifest;
use crate::drift::mentions::DEFAULT;
use crate::drift::shape::{Definition, Exports, Import, Module, Shape};

/// How many files may hand one name on. Files that hand on all names of each other make any number of ways to one.
const MAX_HOPS: usize = 1_000;
/// How many of them in a row. A name that is handed on behind a dot of itself has no end.
const MAX_DEPTH: usize = 64;

/// The files in which a name was looked for already, by themselves or by others, and the name.
#[derive(Default)]
struct Tried {
    names: HashSet<(*const Module, From, Box<str>)>,
    /// How many of them lead to each other.
    depth: usize,
}

/// Why a type is not known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// No file that is read has it.
    Nowhere,
    /// What an import leads to has it twice.
    Several,
    /// Its file gives the name more than once.
    GivenTwice,
    /// A link or a manifest leads to it.
    Elsewhere,
    /// Its module stands in a file of another name.
    Placed,
    /// Nothing that can be read says where its package stands.
    Unplaced,
}

impl Why {
    /// The end of a sentence that begins with the type's name.
    const fn text(self) -> &'static str {
        match self {
            Self::Nowhere => "is not among the files that can be read",
            Self::Several => "could be one of several: what its import leads to has it twice",
            Self::GivenTwice => "could be one of several: its name is given more than once",
            Self::Elsewhere => "lies behind a link, or behind a package.json that says itself where it leads",
            Self::Unplaced => {
                "is in a package behind a link, or of which no go.mod says where it is: let that be a plain file, and written out"
            }
            Self::Placed => "is in a module whose file is named by an attribute: let it stand where its name says",
        }
    }
}

/// Who uses a name of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum From {
    /// The file itself.
    Inside,
    /// Another file, that imports it.
    Outside,
    /// What stands in the same block for another module.
    Beside,
}

/// A definition, with the file that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) file: &'a BStr,
    pub(super) module: &'a Module,
    pub(super) definition: &'a Definition,
}

impl Found<'_> {
    /// Whether it is that very definition, and not another of its name.
    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.definition, other.definition)
    }
}

pub(super) struct Lookup<'a> {
    /// The definitions of the source's own files.
    pub(super) names: HashMap<&'a str, Vec<Found<'a>>>,
    /// Those files, in which a name needs no search.
    pub(super) own: HashSet<*const Module>,
    pub(super) files: &'a dyn Files,
    /// The names that were looked for in all of them.
    pub(super) sought: RefCell<BTreeSet<String>>,
    /// Where packages of Go stand.
    pub(super) placed: RefCell<package::Placed<'a>>,
    /// What those call themselves that a file imports.
    pub(super) called: RefCell<package::Called<'a>>,
}

/// What became of a name in one file.
enum Outcome<'a> {
    Found(Vec<Found<'a>>),
    /// It comes from a package.
    External,
    /// It comes from a package, unless the source knows it: no file that its import may mean is there.
    Foreign,
    Unknown,
    /// It is none that another file could explain, and why.
    Unclear(Why),
}

impl<'a> Lookup<'a> {
    /// The definitions that `name` means where `home` uses it.
    pub(super) fn find(&self, home: &Found<'a>, name: &str) -> Vec<Found<'a>> {
        match self.outcome(home, name) {
            Outcome::Found(found) => found,
            Outcome::External | Outcome::Foreign | Outcome::Unknown | Outcome::Unclear(_) => Vec::new(),
        }
    }

    /// What is wrong with a name that leads to no definition; `None` where it comes from a package, by the file's own imports.
    pub(super) fn unknown(&self, home: &Found<'a>, name: &str) -> Option<&'static str> {
        match self.outcome(home, name) {
            Outcome::External | Outcome::Foreign => None,
            Outcome::Unclear(why) => Some(why.text()),
            Outcome::Found(_) | Outcome::Unknown => Some(Why::Nowhere.text()),
        }
    }

    /// Whether other files get another type by the name of a definition that its file does not show them.
    pub(super) fn is_decoy(&self, found: &Found<'a>) -> bool {
        let shows = |exports: &Exports| !exports.names.is_empty() || !exports.outside.is_empty();
        let at = found.definition.at;
        if !found.module.exports.as_ref().is_some_and(|exports| shows(exports) && !exports.outside.contains(&at)) {
            return false;
        }
        match self.exported(found.file, found.module, &found.definition.name, &mut Tried::default()) {
            Outcome::Found(others) => !others.iter().any(|other| other.is(found)),
            Outcome::Unclear(why) => why == Why::Several,
            Outcome::External | Outcome::Foreign | Outcome::Unknown => false,
        }
    }

    /// Whether the definition is one of the source's own.
    pub(super) fn is_own(&self, found: &Found<'a>) -> bool {
        self.files.is_own(found.file)
    }

    /// The definitions of a name in all files of the source, as far as they can be meant.
    fn anywhere(&self, name: &str, may_be: fn(&Found<'a>) -> bool) -> Option<Vec<Found<'a>>> {
        if !self.sought.borrow().contains(name) {
            self.sought.borrow_mut().insert(name.to_owned());
        }
        let found: Vec<_> = self.names.get(name)?.iter().filter(|found| may_be(found)).copied().collect();
        Some(found).filter(|found| !found.is_empty())
    }

    fn outcome(&self, home: &Found<'a>, name: &str) -> Outcome<'a> {
        // A full name is none of a nested type; others are known to those beside and within them by their last names.
        let full = name.strip_prefix('.');
        let name = full.unwrap_or(name);
        if let Some(found) = self.names.get(name).filter(|_| home.module.is_shared) {
            return Outcome::Found(found.clone());
        }
        let mut around = full.is_none().then_some(home.definition.name.as_str());
        while let Some(scope) = around.filter(|scope| !scope.is_empty()) {
            let found = self.within(home.file, home.module, &format!("{scope}.{name}"), From::Inside);
            if !found.is_empty() {
                return Outcome::Found(found);
            }
            around = scope.rsplit_once('.').map(|(outer, _)| outer);
        }
        let beside = || self.within(home.file, home.module, name, From::Beside);
        if let Some(found) =
            Some(home).filter(|home| is_apart(home)).map(|_| beside()).filter(|found| !found.is_empty())
        {
            return Outcome::Found(found);
        }
        match self.in_file(home.file, home.module, name, &mut Tried::default()) {
            // A package of Go has all its names in one folder.
            outcome @ (Outcome::Unknown | Outcome::Foreign) if home.module.is_leveled => outcome,
            outcome @ (Outcome::Unknown | Outcome::Foreign) => match self.anywhere(name, is_global) {
                Some(found) => Outcome::Found(found),
                // A package from elsewhere gives all its names: this may be one of them.
                None if home.module.imports.iter().any(|import| import.local.is_none() && import.from.is_empty()) => {
                    Outcome::External
                }
                None => outcome,
            },
            outcome => outcome,
        }
    }

    /// What a name means in a file.
    fn in_file(&self, file: &'a BStr, module: &'a Module, name: &str, tried: &mut Tried) -> Outcome<'a> {
        if !module.is_merged {
            return self.once(file, module, name, tried);
        }
        let found = self.within(file, module, name, From::Inside);
        if !found.is_empty() {
            return Outcome::Found(found);
        }
        if (module.imports.is_empty() && module.exports.is_none()) || !has_not_tried(tried, module, From::Inside, name)
        {
            return Outcome::Unknown;
        }
        if let Some(other) = self.renamed(file, module, name, From::Inside) {
            tried.depth += 1;
            let outcome = self.in_file(file, module, &other, tried);
            tried.depth -= 1;
            return outcome;
        }
        let (head, tail) = name.split_once('.').unwrap_or((name, ""));
        let named = |import: &&Import| import.local.as_deref().is_some_and(|local| local == name || local == head);
        let mut missing = None;
        for import in module.imports.iter().filter(named) {
            let whole = import.local.as_deref() == Some(name);
            let wanted = match (&import.name, whole) {
                (Some(original), true) => original.clone(),
                (Some(original), false) => format!("{original}.{tail}"),
                (None, true) if import.from.is_empty() => return Outcome::External,
                // A module as a whole is no type, unless it has one that is the whole.
                (None, true) if module.exports.is_none() => continue,
                (None, true) => DEFAULT.to_owned(),
                (None, false) => tail.to_owned(),
            };
            // One name may be imported from one file or another: a member of a package or a module of it.
            missing = match (self.imported(import, (file, module), &wanted, tried), missing) {
                (Outcome::Unknown, _) | (Outcome::Foreign, Some(Outcome::Unknown)) => Some(Outcome::Unknown),
                (Outcome::Foreign, _) => Some(Outcome::Foreign),
                (outcome, _) => return outcome,
            };
        }
        if let Some(missing) = missing {
            return missing;
        }
        // What a file hands on of others, where it says so, it has not itself.
        let stars = module.imports.iter().filter(|import| import.local.is_none() && module.exports.is_none());
        let mut outcome = Outcome::Unknown;
        for import in stars {
            match self.imported(import, (file, module), name, tried) {
                Outcome::Found(found) => return Outcome::Found(found),
                // A file hands on the name of a package's type. A package that hands on everything proves nothing.
                found @ (Outcome::External | Outcome::Foreign)
                    if import.from.last().is_some_and(|last| !last.is_empty()) =>
                {
                    outcome = found;
                }
                _ => {}
            }
        }
        outcome
    }

    /// What other files get by a name: what the file itself shows and hands on by that name goes before all that it hands
    /// on of others. Two answers are none.
    fn exported(&self, file: &'a BStr, module: &'a Module, name: &str, tried: &mut Tried) -> Outcome<'a> {
        let Some(exports) = &module.exports else { return self.in_file(file, module, name, tried) };
        let found = self.within(file, module, name, From::Outside);
        if !has_not_tried(tried, module, From::Outside, name) {
            return Outcome::Unclear(Why::Nowhere);
        }
        let (head, tail) = name.split_once('.').unwrap_or((name, ""));
        let is_named = |import: &&Import| import.local.as_deref().is_some_and(|local| local == name || local == head);
        let mut named: Vec<&Import> = exports.names.iter().filter(is_named).collect();
        if named.iter().all(|import| Some(import) == named.first()) {
            named.truncate(1);
        }
        match (named.as_slice(), found.is_empty()) {
            ([], false) => return Outcome::Found(found),
            ([import], true) => {
                let wanted = match (&import.name, import.local.as_deref() == Some(name)) {
                    (Some(original), true) => original.clone(),
                    (Some(original), false) => format!("{original}.{tail}"),
                    (None, _) => tail.to_owned(),
                };
                return settled(self.imported(import, (file, module), &wanted, tried));
            }
            ([], true) => {}
            _ => return Outcome::Unclear(Why::Several),
        }
        if let Some(other) = self.renamed(file, module, name, From::Outside) {
            return settled(self.in_file(file, module, &other, tried));
        }
        self.by_star((file, module), exports, name, tried)
    }

    /// What other files get by a name that a file hands on with all others of a third one.
    fn by_star(
        &self,
        (file, module): (&'a BStr, &'a Module),
        exports: &'a Exports,
        name: &str,
        tried: &mut Tried,
    ) -> Outcome<'a> {
        let mut outcome = Outcome::Unclear(Why::Nowhere);
        // A file's default is its own. What lies behind an alias is asked for what the others do not have.
        let stars = exports.names.iter().filter(|import| import.local.is_none() && name != DEFAULT);
        let (aliased, stars): (Vec<&Import>, Vec<&Import>) = stars.partition(|import| *import.from == [""]);
        for import in stars.into_iter().chain(aliased) {
            if matches!(outcome, Outcome::Found(_)) && *import.from == [""] {
                break;
            }
            let wanted = import.name.as_ref().map_or(name.to_owned(), |whole| format!("{whole}.{name}"));
            outcome = match (self.imported(import, (file, module), &wanted, tried), outcome) {
                (Outcome::Found(found), Outcome::Found(other)) if !are_same(&found, &other) => {
                    return Outcome::Unclear(Why::Several);
                }
                (Outcome::Unclear(Why::Several), _) => return Outcome::Unclear(Why::Several),
                (found @ Outcome::Found(_), _) | (_, found @ Outcome::Found(_)) => found,
                (Outcome::External | Outcome::Foreign, _) => Outcome::External,
                (Outcome::Unclear(Why::Elsewhere), _) => Outcome::Unclear(Why::Elsewhere),
                (_, outcome) => outcome,
            };
        }
        outcome
    }

    /// A name whose first part is another one's second name: `N.Order`, with `import N = M.Inner` or `export { M as N }`.
    fn renamed(&self, file: &'a BStr, module: &'a Module, name: &str, from: From) -> Option<String> {
        module.exports.as_ref()?;
        let (head, tail) = name.split_once('.')?;
        let [found] = self.within(file, module, head, from).try_into().ok()?;
        match &found.definition.shape {
            Shape::Named { name: other, .. } => Some(format!("{other}.{tail}")),
            _ => None,
        }
    }

    fn imported(&self, import: &'a Import, home: (&'a BStr, &'a Module), name: &str, tried: &mut Tried) -> Outcome<'a> {
        tried.depth += 1;
        let outcome = self.one_import(import, home, name, tried);
        tried.depth -= 1;
        outcome
    }

    fn one_import(
        &self,
        import: &'a Import,
        (home, module): (&'a BStr, &'a Module),
        name: &str,
        tried: &mut Tried,
    ) -> Outcome<'a> {
        if import.from.is_empty() {
            return Outcome::External;
        }
        if let Some(package) = import.package_path().filter(|_| module.is_leveled) {
            return self.in_package(home, package, name, None).unwrap_or(Outcome::Unknown);
        }
        let is_told = module.exports.is_some();
        if is_told && *import.from == [home] {
            return self.in_file(home, module, name, tried);
        }
        let mut candidates = import.from.iter().map(|candidate| candidate.as_bstr());
        while let Some(candidate) = candidates.next() {
            if candidate.is_empty() && is_told {
                // Where an alias leads is in no file: a type of the source with this name is meant, if there is one.
                return self.anywhere(name, is_shown).map_or(Outcome::Unclear(Why::Nowhere), Outcome::Found);
            }
            if candidate.is_empty() {
                return Outcome::Foreign;
            }
            if candidate.ends_with(b"/") {
                if module.is_leveled && self.has_links(candidate) {
                    return Outcome::Unclear(Why::Elsewhere);
                }
                match self.in_folder(candidate, name, (home, module)) {
                    Some(found) if found.is_empty() => return Outcome::Unknown,
                    Some(found) => return Outcome::Found(found),
                    None => continue,
                }
            }
            let there = if is_told && is_manifest(candidate) { None } else { self.files.module(candidate) };
            if there.is_none() && is_told && self.files.leads_on(candidate) {
                return Outcome::Unclear(Why::Elsewhere);
            }
            if let Some((file, module)) = there {
                // Compilers do not agree whether a script goes before a folder of its name.
                let is_script = candidate.ends_with(b".js") || candidate.ends_with(b".jsx");
                let twin = |other: &BStr| match is_manifest(other) {
                    true => self.files.leads_on(other),
                    false => is_index(other) && self.files.module(other).is_some(),
                };
                if is_told && is_script && candidates.any(twin) {
                    return Outcome::Unclear(Why::Several);
                }
                if module.is_placed && self.is_elsewhere(import) {
                    return Outcome::Unclear(Why::Placed);
                }
                return match self.exported(file, module, name, tried) {
                    // What cannot be read of that file may declare it.
                    Outcome::Unknown if !module.is_merged && !module.unread.is_empty() => {
                        Outcome::Unclear(Why::Nowhere)
                    }
                    outcome => outcome,
                };
            }
        }
        if is_told { Outcome::Unclear(Why::Nowhere) } else { Outcome::Unknown }
    }

    /// Whether one of the files that an import may mean says of another that it stands elsewhere.
    fn is_elsewhere(&self, import: &Import) -> bool {
        let around = import.from.iter().filter_map(|path| self.files.module(path.as_bstr()));
        around.flat_map(|(_, module)| &module.elsewhere).any(|path| import.from.contains(path))
    }

    /// The definitions in the files of a folder, which hand no names on; `None` where there are no files.
    fn in_folder(&self, folder: &BStr, name: &str, home: (&BStr, &Module)) -> Option<Vec<Found<'a>>> {
        let folder = if folder == "/" { BStr::new("") } else { folder };
        let files = self.files.folder(folder).into_iter().filter_map(|file| self.files.module(file));
        let files = files.filter(|other| !home.1.is_leveled || is_beside(home, *other));
        files.map(|(file, module)| self.within(file, module, name, From::Outside)).reduce(|mut all, found| {
            all.extend(found);
            all
        })
    }

    /// The definitions of that name in one file, as they are seen from inside or outside.
    fn within(&self, file: &'a BStr, module: &'a Module, name: &str, from: From) -> Vec<Found<'a>> {
        let is_seen = |definition: &Definition| {
            let Some(exports) = &module.exports else { return from != From::Beside };
            let (hidden, outside) = (exports.hidden.contains(&definition.at), exports.outside.contains(&definition.at));
            match from {
                From::Inside => !outside,
                From::Outside => !hidden,
                From::Beside => hidden && outside,
            }
        };
        let own = self.names.get(name).into_iter().flatten();
        let mut own: Vec<_> = own.filter(|found| std::ptr::eq(found.module, module)).copied().collect();
        if !own.is_empty() || self.own.contains(&std::ptr::from_ref(module)) {
            own.retain(|found| is_seen(found.definition));
            return own;
        }
        let named = module.definitions.iter().filter(|definition| definition.name == name && is_seen(definition));
        named.map(|definition| Found { file, module, definition }).collect()
    }
}

/// Whether a definition is one for another module.
fn is_apart(found: &Found<'_>) -> bool {
    let at = &found.definition.at;
    found.module.exports.as_ref().is_some_and(|exports| exports.hidden.contains(at) && exports.outside.contains(at))
}

/// Whether files know a definition that import nothing.
fn is_global(found: &Found<'_>) -> bool {
    found.module.exports.as_ref().is_none_or(|exports| exports.global.contains(&found.definition.at))
}

/// Whether others can import a definition.
fn is_shown(found: &Found<'_>) -> bool {
    found.module.exports.as_ref().is_none_or(|exports| !exports.hidden.contains(&found.definition.at))
}

/// Notes that a name is looked for in a file; whether that is new, and not too much.
fn has_not_tried(tried: &mut Tried, module: &Module, from: From, name: &str) -> bool {
    tried.names.len() <= MAX_HOPS
        && tried.depth <= MAX_DEPTH
        && tried.names.insert((std::ptr::from_ref(module), from, name.into()))
}

/// What a file says that others get is looked for nowhere else.
fn settled(outcome: Outcome<'_>) -> Outcome<'_> {
    match outcome {
        Outcome::Unknown => Outcome::Unclear(Why::Nowhere),
        other => other,
    }
}

fn are_same(one: &[Found<'_>], other: &[Found<'_>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is(other))
}

/// Whether a file of TypeScript stands for its folder.
fn is_index(path: &BStr) -> bool {
    ["/index.ts", "/index.tsx", "/index.d.ts"].iter().any(|index| path.ends_with(index.as_bytes()))
}
