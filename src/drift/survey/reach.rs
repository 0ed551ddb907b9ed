//! How far a change of some code can be seen: which files that it does not touch may mean something else by it.
//!
//! A type that another inherits from, or that stands in the place of its members, changes the fields of that other one,
//! wherever it is declared. To find that out for certain every file would be parsed; here their bytes are searched for the
//! names that changed. Any mention counts: those files are parsed, and what they make of the names is looked for in turn.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

use super::side::Side;
use crate::drift::config::Declares;
use crate::drift::languages::Language;
use crate::drift::mentions::{Called, DEFAULT};
use crate::drift::packages;
use crate::drift::shape::{Definition, Import, Kind, Module, Shape};
use crate::error::Result;
use search::Search;

pub(super) mod search;

/// More names than these are not searched for: everything is read.
pub(super) const MOST_NAMES: usize = 1_000;
/// How often names may lead to others.
pub(super) const MOST_ROUNDS: usize = 64;

/// What may mean something else after a change, of all files of one language.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Types whose fields may be others, by their last names.
    names: BTreeSet<String>,
    /// Files that hand on something else, whatever it is called: new and gone ones, and what they export without a name.
    files: BTreeSet<BString>,
    /// Names that a file has from others or hands on, by that file.
    handed: BTreeMap<BString, BTreeSet<String>>,
    /// Of these names the ones by which code elsewhere writes types out: so does what they stand for.
    written: BTreeSet<String>,
    /// It could be anything.
    anything: bool,
    /// The files that the change does not touch and that mention any of it.
    pub(super) mentioning: BTreeSet<BString>,
}

/// What the change does to the files of one language; `None` where every file may mean something else by it.
pub(super) fn of_change(
    source: &Declares,
    base: &Side<'_>,
    head: &Side<'_>,
    changed: &BTreeSet<BString>,
) -> Result<Option<Reach>> {
    let language = source.language;
    let may_be_read = |path: &[u8]| source.files.has(path) || language.may_hold(path.as_bstr());
    let mut found = Reach::default();
    let (nothing, mut modules) = (Module::default(), Vec::new());
    for path in changed.iter().filter(|path| may_be_read(path)) {
        let both = [base.module(language, path)?, head.module(language, path)?];
        found.compare(path, &nothing, both);
        // A link or a submodule, on both sides.
        if both.iter().all(Option::is_none) {
            found.files.insert(path.clone());
        }
        if both.iter().any(Option::is_none) && leads_to_folders(language) {
            found.anything |= base.is_bare(language, path.as_bstr())? || head.is_bare(language, path.as_bstr())?;
            // What a link leads to may declare any name of the folder.
            found.anything |= base.tree.is_odd(path.as_bstr())? || head.tree.is_odd(path.as_bstr())?;
        }
        modules.extend(both.into_iter().flatten().map(|module| (path.clone(), module)));
    }
    for path in changed.iter().filter(|path| language.may_lead(path.as_bstr())) {
        if packages::is_named(path.as_bstr()) {
            found.anything |= base.packages()? != head.packages()?;
        } else if base.leads_on(path.as_bstr())? || head.leads_on(path.as_bstr())? {
            found.files.insert(path.clone());
        }
    }
    let mut searched = Search::default();
    for _ in 0..MOST_ROUNDS {
        if !found.spread(&modules) {
            return Ok(None);
        }
        let wanted = Search::of(&found);
        if wanted == searched {
            return Ok(Some(found));
        }
        if wanted.size() > MOST_NAMES || found.is_called_anyhow(language) {
            return Ok(None);
        }
        let unread = |path: &[u8]| {
            let path = path.as_bstr();
            may_be_read(path) && !changed.contains(path) && !found.mentioning.contains(path)
        };
        let more = wanted.run(head, language, &unread)?;
        head.load(language, &more)?;
        for path in more {
            modules.extend(head.module(language, &path)?.map(|module| (path.clone(), module)));
            found.mentioning.insert(path);
        }
        searched = wanted;
    }
    Ok(None)
}

/// Whether imports lead to folders, and not to files alone.
fn leads_to_folders(language: Language) -> bool {
    matches!(language, Language::Go | Language::Java | Language::Kotlin)
}

impl Reach {
    /// Whether the fields of a type may be others.
    pub(super) fn has(&self, file: &BStr, definition: &Definition) -> bool {
        match definition.name.as_str() {
            DEFAULT => self.files.contains(file),
            name => self.names.contains(last(name)),
        }
    }

    /// Whether others may call one of the files in a way that no search finds.
    fn is_called_anyhow(&self, language: Language) -> bool {
        self.files.iter().any(|file| Called::of(file.as_bstr(), language).anyhow)
    }

    /// Whether every file was searched for a name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Notes what differs between a file before and after.
    fn compare<'m>(&mut self, path: &BString, nothing: &'m Module, [old, new]: [Option<&'m Module>; 2]) {
        if old.is_some() != new.is_some() {
            self.files.insert(path.clone());
        }
        let is_moved = old.zip(new).is_some_and(|(old, new)| old.package.name != new.package.name);
        let (old, new) = (old.unwrap_or(nothing), new.unwrap_or(nothing));
        let (before, after) = (by_name(old), by_name(new));
        for name in before.keys().chain(after.keys()) {
            let alike = before.get(name).zip(after.get(name)).is_some_and(|(one, other)| {
                are_alike(one, other)
                    && are_seen_alike((old, one), (new, other))
                    && are_tagged_alike((old, one), (new, other))
            });
            if !alike {
                self.name(path, name);
            }
        }
        for (name, ..) in written(old).symmetric_difference(&written(new)) {
            self.write_out(name);
        }
        // A module that stands elsewhere hands on what that other file has.
        let placed = |module: &Module| module.elsewhere.iter().cloned().collect::<BTreeSet<_>>();
        self.files.extend(placed(old).symmetric_difference(&placed(new)).cloned());
        let (before, after) = (by_local(old), by_local(new));
        for local in before.keys().chain(after.keys()).filter(|local| before.get(*local) != after.get(*local)) {
            self.hand_on(path, *local);
        }
        if guesses(old) != guesses(new) {
            packages_of(new).iter().for_each(|name| _ = self.hand_on(path, Some(name)));
        }
        let is_shadowed = old.package.shadow != new.package.shadow;
        self.anything |= old.is_shared != new.is_shared || is_moved || is_shadowed;
    }

    /// Notes a type; what a file exports without a name goes by the file's. Whether that is new.
    fn name(&mut self, path: &BString, name: &str) -> bool {
        match name {
            DEFAULT => self.files.insert(path.clone()),
            // Nested types are known by their last names too.
            name => !self.names.contains(last(name)) && self.names.insert(last(name).to_owned()),
        }
    }

    /// Notes a name that a file has from elsewhere; all of them without one. Whether that is new.
    fn hand_on(&mut self, path: &BString, local: Option<&str>) -> bool {
        match local {
            None | Some(DEFAULT) => self.files.insert(path.clone()),
            Some(local) => {
                let handed = self.handed.entry(path.clone()).or_default();
                !handed.contains(local) && handed.insert(local.to_owned())
            }
        }
    }

    /// Notes the name of a type that code elsewhere writes out; whether that is new.
    fn write_out(&mut self, name: &str) -> bool {
        let name = last(name);
        self.names.insert(name.to_owned()) | self.written.insert(name.to_owned())
    }

    /// Notes which types a file writes out by names that may mean others now, and what stands behind such names.
    fn follow_written(&mut self, path: &BString, module: &Module) -> bool {
        let mut more = false;
        for (name, ..) in written(module) {
            let handed = self.handed.get(path);
            let is_noted = self.files.contains(path)
                || self.names.contains(last(name))
                || handed.is_some_and(|handed| handed.contains(first(name)) || handed.contains(last(name)));
            more |= is_noted && self.write_out(name);
        }
        for import in module.all_imports() {
            let (Some(local), Some(name)) = (&import.local, &import.name) else { continue };
            more |= self.written.contains(last(local)) && self.write_out(name);
        }
        for definition in &module.definitions {
            let Shape::Named { name, .. } = &definition.shape else { continue };
            more |= self.written.contains(last(&definition.name)) && self.write_out(name);
        }
        more
    }

    /// Notes what depends on something noted, within files that were read; whether that came to an end.
    fn spread(&mut self, modules: &[(BString, &Module)]) -> bool {
        for _ in 0..MOST_ROUNDS {
            let mut more = false;
            for (path, module) in modules {
                more |= self.follow_written(path, module);
                for import in module.all_imports() {
                    more |= self.import(path, import);
                }
                for definition in &module.definitions {
                    let json = module.package.others.get(&definition.at).map(|other| &other.json.shape);
                    let may_be_other = self.concerns(path, &definition.shape)
                        || json.is_some_and(|shape| self.concerns(path, shape))
                        || self.is_handed_beside(path, module, definition);
                    more |= may_be_other && self.name(path, &definition.name);
                }
            }
            if self.anything || !more {
                return !self.anything;
            }
        }
        false
    }

    /// Notes what an import of a file hands on of what is noted; whether that is new.
    fn import(&mut self, path: &BString, import: &Import) -> bool {
        let local = import.local.as_deref();
        let name = import.name.as_deref();
        let is_named = name.is_some_and(|name| name.split('.').any(|part| self.names.contains(part)));
        if is_named || import.from.iter().any(|from| self.files.contains(from)) {
            return self.hand_on(path, local);
        }
        let mut more = false;
        for from in &import.from {
            let Some(handed) = self.handed.get(from) else { continue };
            match (local, name) {
                // All that is behind a dot of one name.
                (None, Some(name)) => {
                    more |= handed.contains(first(name)) && self.hand_on(path, None);
                }
                // All names of the other file.
                (None, None) => {
                    let all = handed.clone();
                    more |= all.iter().map(|name| self.hand_on(path, Some(name))).fold(false, |any, one| any | one);
                }
                (Some(_), Some(name)) if !handed.contains(first(name)) => {}
                (local, _) => more |= self.hand_on(path, local),
            }
        }
        more
    }

    /// Whether a file may hand on something noted under the name of a definition of its own.
    fn is_handed_beside(&self, path: &BString, module: &Module, definition: &Definition) -> bool {
        let handed = || self.handed.get(path).is_some_and(|handed| handed.contains(first(&definition.name)));
        module.exports.as_ref().is_some_and(|exports| !exports.names.is_empty())
            && (self.files.contains(path) || handed())
    }

    /// Whether a shape of a file leads to anything noted.
    fn concerns(&self, path: &BString, shape: &Shape) -> bool {
        let any = self.files.contains(path);
        let handed = self.handed.get(path);
        let is_noted = |name: &str| {
            let name = name.trim_start_matches('.');
            let parts = || name.split('.');
            any || parts().any(|part| self.names.contains(part))
                || handed.is_some_and(|handed| handed.contains(name) || parts().any(|part| handed.contains(part)))
        };
        refers(shape, &is_noted)
    }
}

fn first(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The last part of a name with dots.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The imports whose names are guesses: any name with a dot may mean what they import.
fn guesses(module: &Module) -> BTreeSet<(Option<&str>, &[BString])> {
    let guessed = module.package.guessed.iter().filter_map(|place| module.imports.get(*place));
    guessed.map(|import| (import.local.as_deref(), import.from.as_slice())).collect()
}

/// What stands before the dots of the names that a file uses.
fn packages_of(module: &Module) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    for definition in &module.definitions {
        refers(&definition.shape, &|name| {
            names.borrow_mut().extend(name.split_once('.').map(|(package, _)| package.to_owned()));
            false
        });
    }
    names.into_inner()
}

fn by_name(module: &Module) -> BTreeMap<&str, Vec<&Definition>> {
    let mut names: BTreeMap<&str, Vec<&Definition>> = BTreeMap::new();
    for definition in &module.definitions {
        names.entry(&definition.name).or_default().push(definition);
    }
    names
}

/// The types of other files that a file writes out, and for which tags it does.
fn written(module: &Module) -> BTreeSet<(&str, Kind, Option<&str>)> {
    let keyed = module.package.written.iter().map(|(key, written)| (written, Some(*key)));
    let all = module.written.iter().map(|written| (written, None)).chain(keyed);
    all.map(|(written, key)| (written.name.as_str(), written.kind, key)).collect()
}

/// The name that an import takes over, and the files that it may come from.
type Taken<'m> = (Option<&'m str>, &'m [BString]);

/// What imports say, in their order, by the names that they give.
fn by_local(module: &Module) -> BTreeMap<Option<&str>, Vec<Taken<'_>>> {
    let mut locals: BTreeMap<Option<&str>, Vec<Taken<'_>>> = BTreeMap::new();
    for import in module.all_imports() {
        locals.entry(import.local.as_deref()).or_default().push((import.name.as_deref(), &import.from));
    }
    locals
}

fn are_alike(one: &[&Definition], other: &[&Definition]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.case == other.case && one.shape.says(&other.shape))
}

/// Whether the same of them is seen, by their own files and by others, is made of what they are given, and may be written
/// out by other code.
fn are_seen_alike(one: (&Module, &[&Definition]), other: (&Module, &[&Definition])) -> bool {
    let seen = |(module, definitions): (&Module, &[&Definition])| -> Vec<(bool, Option<[bool; 3]>)> {
        let exports = module.exports.as_ref();
        let of = |at: &u32| {
            exports.map(|exports| [&exports.hidden, &exports.outside, &exports.global].map(|seen| seen.contains(at)))
        };
        definitions.iter().map(|Definition { at, .. }| (module.sealed.contains(at), of(at))).collect()
    };
    let guessed = |(module, definitions): (&Module, &[&Definition])| -> Vec<[bool; 2]> {
        let sets = [&module.guessed, &module.second_names];
        definitions.iter().map(|definition| sets.map(|set| set.contains(&definition.at))).collect()
    };
    seen(one) == seen(other) && guessed(one) == guessed(other)
}

/// Whether the same of them is written by `json`, and as the same.
fn are_tagged_alike(one: (&Module, &[&Definition]), other: (&Module, &[&Definition])) -> bool {
    let tagged = |(module, definition): (&Module, &Definition)| module.package.json.contains(&definition.at);
    one.1.iter().zip(other.1).all(|(first, second)| {
        let (first, second) = ((one.0, *first), (other.0, *second));
        let others = [first, second].map(|(module, definition)| module.package.others.get(&definition.at));
        let are_alike = match others {
            [Some(one), Some(other)] => one.key == other.key && one.json.shape.says(&other.json.shape),
            [one, other] => one.is_none() && other.is_none(),
        };
        are_alike && tagged(first) == tagged(second)
    })
}

/// Whether a shape leads to a type by a name of which this is true.
fn refers(shape: &Shape, is_noted: &dyn Fn(&str) -> bool) -> bool {
    match shape {
        Shape::Named { name, arguments, .. } => is_noted(name) || arguments.iter().any(|shape| refers(shape, is_noted)),
        Shape::Variable { otherwise, .. } => refers(otherwise, is_noted),
        Shape::Object(members) => members.iter().any(|member| refers(&member.shape, is_noted)),
        Shape::Array(shape) | Shape::Map(shape) | Shape::Pick(shape, _) | Shape::Omit(shape, _) => {
            refers(shape, is_noted)
        }
        Shape::All(shapes) | Shape::Any(shapes) => shapes.iter().any(|shape| refers(shape, is_noted)),
        Shape::Scalar { .. } | Shape::Opaque | Shape::Unread(_) => false,
    }
}
