//! How far a change of some code can be seen: whether files that it does not touch may mean something else by it.
//!
//! A type that another inherits from, or that stands in the place of its members, changes the fields of that other one,
//! wherever it is declared. To find that out for certain every file would be parsed; here their bytes are searched for the
//! names that changed, and any mention counts. What no file mentions reaches none.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bstr::{BString, ByteSlice};

use super::side::Side;
use crate::drift::config::Declares;
use crate::drift::languages::Language;
use crate::drift::shape::{Definition, Import, Member, Module, Shape};
use crate::error::Result;

/// What a module that exports one thing calls it.
const DEFAULT: &str = "default";
/// More names than these are not searched for: everything is read.
const MOST_NAMES: usize = 1_000;
/// How often names may lead to others.
const MOST_ROUNDS: usize = 64;
/// Files that stand for the folder around them.
const FOLDERS: [&str; 5] = ["index", "mod", "lib", "main", "__init__"];

/// What others could mention of what changed.
#[derive(Default)]
struct Changed {
    /// Types whose members are others now.
    names: BTreeSet<String>,
    /// Files that are new or gone, or hand on something else.
    files: BTreeSet<String>,
    /// Names that a file hands on, with that file.
    handed: BTreeSet<(String, String)>,
    /// It could be anything.
    anything: bool,
}

/// Whether what the change does to the files of one language can be seen in files that it does not touch.
pub(super) fn is_seen_elsewhere(
    source: &Declares,
    base: &Side<'_>,
    head: &Side<'_>,
    changed: &BTreeSet<BString>,
) -> Result<bool> {
    let language = source.language;
    let may_be_read = |path: &[u8]| source.files.has(path) || language.may_hold(path.as_bstr());
    let mut found = Changed::default();
    let (nothing, mut modules) = (Module::default(), Vec::new());
    for path in changed.iter().filter(|path| may_be_read(path)) {
        let both = [base.module(language, path)?, head.module(language, path)?];
        found.compare(path, &nothing, both);
        modules.extend(both.into_iter().flatten().map(|module| (path, module)));
    }
    if found.is_empty() {
        return Ok(false);
    }
    let is_far = (0..MOST_ROUNDS).all(|_| found.spread(&modules));
    if found.anything || is_far || found.names.len() > MOST_NAMES {
        return Ok(true);
    }
    let mut seen = HashSet::new();
    for file in head.list(&|path| may_be_read(path) && !changed.contains(path.as_bstr()))? {
        let Some(blob) = head.passing(file.as_bstr())?.filter(|blob| seen.insert(blob.oid)) else { continue };
        // Of a file that is too large nobody knows what it mentions.
        if blob.bytes.is_none_or(|text| found.is_mentioned(&text, language)) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Changed {
    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.files.is_empty() && self.handed.is_empty() && !self.anything
    }

    /// Notes what differs between a file before and after.
    fn compare<'m>(&mut self, path: &BString, nothing: &'m Module, [old, new]: [Option<&'m Module>; 2]) {
        if old.is_some() != new.is_some() {
            self.file(path);
        }
        let (old, new) = (old.unwrap_or(nothing), new.unwrap_or(nothing));
        let (before, after) = (by_name(old), by_name(new));
        for (name, definitions) in before.iter().chain(&after) {
            let other = |other: &BTreeMap<&str, Vec<&Definition>>| {
                other.get(name).is_some_and(|other| are_alike(definitions, other))
            };
            if !(other(&before) && other(&after)) {
                self.name(path, name);
            }
        }
        // What comes from a package has no fields that could be read.
        let own = |import: &&Import| !import.from.is_empty();
        let key = |import: &'m Import| (&import.local, &import.name, &import.from);
        let differ = |one: &'m Module, other: &'m Module| {
            let other: HashSet<_> = other.imports.iter().map(key).collect();
            one.imports.iter().filter(own).filter(move |import| !other.contains(&key(import)))
        };
        for import in differ(old, new).chain(differ(new, old)) {
            match (&import.local, stem(path)) {
                (Some(local), Some(stem)) if local != DEFAULT => drop(self.handed.insert((local.clone(), stem))),
                _ => self.file(path),
            }
        }
        if old.is_shared != new.is_shared {
            self.anything = true;
        }
    }

    /// Notes a name; what a file exports without one goes by the file's.
    fn name(&mut self, path: &BString, name: &str) -> bool {
        if name == DEFAULT {
            let before = self.files.len();
            self.file(path);
            return self.files.len() > before;
        }
        // Nested types are known by their last names too.
        let last = name.rsplit('.').next().unwrap_or(name);
        self.names.insert(last.to_owned())
    }

    fn file(&mut self, path: &BString) {
        match stem(path) {
            Some(stem) => drop(self.files.insert(stem)),
            None => self.anything = true,
        }
    }

    /// Notes the names of what refers to a noted name within the files that changed; whether there were any.
    fn spread(&mut self, modules: &[(&BString, &Module)]) -> bool {
        let mut more = false;
        for (path, module) in modules {
            for definition in &module.definitions {
                if refers(&definition.shape, &self.names) {
                    more |= self.name(path, &definition.name);
                }
            }
            for import in &module.imports {
                let is_named = |name: &String| name.rsplit('.').any(|part| self.names.contains(part));
                if let (Some(local), Some(name)) = (&import.local, &import.name)
                    && is_named(name)
                {
                    more |= self.name(path, local);
                }
            }
        }
        more
    }

    fn is_mentioned(&self, text: &[u8], language: Language) -> bool {
        self.names.iter().any(|name| has_word(text, name))
            || self.files.iter().any(|stem| has_file(text, stem, language))
            || self.handed.iter().any(|(name, stem)| has_word(text, name) && has_file(text, stem, language))
    }
}

/// What others call a file by: its name without the ending, or its folder's; none for what stands for the top.
fn stem(path: &BString) -> Option<String> {
    let text = path.to_str_lossy();
    let mut parts = text.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or(name);
    let stem = if FOLDERS.contains(&stem) { parts.next()? } else { stem };
    (!stem.is_empty()).then(|| stem.to_owned())
}

fn is_part_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// The bytes around each place where a text has a word in it.
fn around<'t>(text: &'t [u8], word: &str) -> impl Iterator<Item = [Option<u8>; 2]> + use<'t> {
    let len = word.len();
    let finder = memchr::memmem::Finder::new(word).into_owned();
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + finder.find(text.get(from..)?)?;
        from = at.saturating_add(1);
        let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
        Some([before, text.get(at.saturating_add(len)).copied()])
    })
}

fn has_word(text: &[u8], word: &str) -> bool {
    around(text, word).any(|beside| !beside.into_iter().flatten().any(is_part_of_a_name))
}

/// Whether a text may import a file. In TypeScript its name stands at the end of a path in quotes; elsewhere it is a word.
fn has_file(text: &[u8], stem: &str, language: Language) -> bool {
    if language != Language::TypeScript {
        return has_word(text, stem);
    }
    let ends = |byte: u8| matches!(byte, b'\'' | b'"' | b'`');
    around(text, stem).any(|[before, after]| {
        before.is_none_or(|byte| byte == b'/' || ends(byte))
            && after.is_none_or(|byte| matches!(byte, b'.' | b'/') || ends(byte))
    })
}

fn by_name(module: &Module) -> BTreeMap<&str, Vec<&Definition>> {
    let mut names: BTreeMap<&str, Vec<&Definition>> = BTreeMap::new();
    for definition in &module.definitions {
        names.entry(&definition.name).or_default().push(definition);
    }
    names
}

fn are_alike(one: &[&Definition], other: &[&Definition]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.case == other.case && same(&one.shape, &other.shape))
}

/// Whether two shapes say the same, wherever they stand.
fn same(one: &Shape, other: &Shape) -> bool {
    let all = |one: &[Shape], other: &[Shape]| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
    };
    match (one, other) {
        (Shape::Object(one), Shape::Object(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_member(one, other))
        }
        (Shape::Array(one), Shape::Array(other)) | (Shape::Map(one), Shape::Map(other)) => same(one, other),
        (Shape::Named { name: one, .. }, Shape::Named { name: other, .. }) => one == other,
        (Shape::All(one), Shape::All(other)) | (Shape::Any(one), Shape::Any(other)) => all(one, other),
        (Shape::Pick(one, some), Shape::Pick(other, others)) | (Shape::Omit(one, some), Shape::Omit(other, others)) => {
            some == others && same(one, other)
        }
        (Shape::Unread(one), Shape::Unread(other)) => one.reason == other.reason,
        (one, other) => one == other,
    }
}

fn same_member(one: &Member, other: &Member) -> bool {
    (&one.name, one.explicit, one.identity) == (&other.name, other.explicit, other.identity)
        && same(&one.shape, &other.shape)
}

/// Whether a shape leads to a type of one of these names.
fn refers(shape: &Shape, names: &BTreeSet<String>) -> bool {
    match shape {
        Shape::Named { name, .. } => name.rsplit('.').any(|part| names.contains(part)),
        Shape::Object(members) => members.iter().any(|member| refers(&member.shape, names)),
        Shape::Array(shape) | Shape::Map(shape) | Shape::Pick(shape, _) | Shape::Omit(shape, _) => refers(shape, names),
        Shape::All(shapes) | Shape::Any(shapes) => shapes.iter().any(|shape| refers(shape, names)),
        Shape::Scalar { .. } | Shape::Opaque | Shape::Unread(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_whole_word() {
        for (text, due) in
            [("Base", true), ("(Base)", true), ("m.Base<", true), ("BaseOf", false), ("aBase Base2", false)]
        {
            assert_eq!(has_word(text.as_bytes(), "Base"), due, "{text}");
        }
    }

    #[test]
    fn a_file_is_mentioned_where_a_path_ends_in_it() {
        let ts = |text: &str| has_file(text.as_bytes(), "base", Language::TypeScript);
        assert!(ts("from './base'") && ts("from \"@/x/base.js\"") && ts("import('base')") && ts("'./base/index'"));
        assert!(!ts("const base = 1") && !ts("'./database'") && !ts("'./bases'"));
        assert!(has_file(b"from .base import x", "base", Language::Python));
        assert_eq!(stem(&"src/base.model.ts".into()).as_deref(), Some("base"));
        assert_eq!(stem(&"src/shared/index.ts".into()).as_deref(), Some("shared"));
        assert_eq!(stem(&"index.ts".into()), None);
    }
}
