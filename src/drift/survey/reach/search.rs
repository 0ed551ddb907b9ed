//! Looks for the files that mention something, by their bytes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aho_corasick::AhoCorasick;
use bstr::{BString, ByteSlice};

use super::Reach;
use crate::drift::languages::Language;
use crate::drift::mentions::{Called, has_dots, is_file, is_name, is_word, names};
use crate::drift::survey::side::Side;
use crate::error::Result;

/// What is looked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::drift::survey) struct Search {
    /// Names, wherever they stand.
    names: BTreeSet<String>,
    /// Files that others may call, and by which of its names; without names any call counts.
    files: BTreeMap<BString, BTreeSet<String>>,
}

impl Search {
    /// All that is noted.
    pub(super) fn of(found: &Reach) -> Self {
        let mut files = found.handed.clone();
        files.extend(found.files.iter().map(|file| (file.clone(), BTreeSet::new())));
        Self { names: found.names.clone(), files }
    }

    /// Names alone.
    pub(in crate::drift::survey) fn of_names(names: BTreeSet<String>) -> Self {
        Self { names, files: BTreeMap::new() }
    }

    /// Files, whatever is had from them.
    pub(in crate::drift::survey) fn of_files(files: BTreeMap<BString, BTreeSet<String>>) -> Self {
        Self { names: BTreeSet::new(), files }
    }

    /// How much is looked for.
    pub(super) fn size(&self) -> usize {
        self.names.len() + self.files.values().map(|names| names.len() + 1).sum::<usize>()
    }

    /// Those of the wanted files that mention any of it; what is too large to be read may.
    pub(in crate::drift::survey) fn run(
        &self,
        side: &Side<'_>,
        language: Language,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Vec<BString>> {
        if self.names.is_empty() && self.files.is_empty() {
            return Ok(Vec::new());
        }
        let finder = Finder::of(self, language);
        let mut found: BTreeSet<BString> = side.search(wanted, &|text| finder.is_in(text))?.into_iter().collect();
        if finder.files.iter().any(|(called, _)| called.below.is_some()) {
            let is_below = |path: &[u8]| finder.files.iter().any(|(called, _)| called.is_above(path.as_bstr()));
            found.extend(side.list(&|path| wanted(path) && is_below(path))?);
        }
        Ok(found.into_iter().collect())
    }
}

/// A search that was made ready.
struct Finder<'s> {
    language: Language,
    names: &'s BTreeSet<String>,
    files: Vec<(Called<'s>, &'s BTreeSet<String>)>,
    by_dots: bool,
    by_star: bool,
    /// Without any of these nothing is mentioned, so they are looked for first, all in one pass; `None` where they are
    /// too many for that.
    needed: Option<AhoCorasick>,
    /// All that may stand in a text.
    all: HashSet<&'s [u8]>,
}

impl<'s> Finder<'s> {
    fn of(search: &'s Search, language: Language) -> Self {
        let called = |(path, names): (&'s BString, &'s BTreeSet<String>)| (Called::of(path.as_bstr(), language), names);
        let files: Vec<_> = search.files.iter().map(called).collect();
        let mut needed: HashSet<&[u8]> = search.names.iter().map(String::as_bytes).collect();
        for (called, names) in &files {
            needed.extend(&called.stems);
            needed.extend(names.iter().map(String::as_bytes).filter(|_| called.anyhow));
        }
        let mut all = needed.clone();
        all.extend(files.iter().flat_map(|(_, names)| *names).map(String::as_bytes));
        let needed = AhoCorasick::new(needed).ok();
        let by_dots = files.iter().any(|(called, _)| called.by_dots);
        // A file that can be called anyhow may be taken over whole by any star.
        let by_star = files.iter().any(|(called, _)| called.anyhow);
        Self { language, names: &search.names, files, by_dots, by_star, needed, all }
    }

    /// Whether a text may mention any of it; most mention none.
    fn may_be_in(&self, text: &[u8]) -> bool {
        self.needed.as_ref().is_none_or(|needed| needed.is_match(text))
            || (self.by_dots && has_dots(text, self.language))
            || (self.by_star && has_star(text))
    }

    fn is_in(&self, text: &[u8]) -> bool {
        if !self.may_be_in(text) {
            return false;
        }
        let (mut words, mut ends): (HashSet<&[u8]>, HashSet<&[u8]>) = Default::default();
        let mut note = |at: usize, part: &'s [u8]| {
            if is_word(text, at, part.len()) {
                words.insert(part);
            }
            if is_file(text, at, part.len()) {
                ends.insert(part);
            }
        };
        names(text).filter_map(|(at, name)| Some((at, *self.all.get(name)?))).for_each(|(at, name)| note(at, name));
        for part in self.all.iter().filter(|part| !is_name(part)) {
            memchr::memmem::find_iter(text, part).for_each(|at| note(at, part));
        }
        let has_word = |name: &String| words.contains(name.as_bytes());
        let stems = if self.language == Language::TypeScript { &ends } else { &words };
        self.names.iter().any(has_word)
            || self.files.iter().any(|(called, names)| {
                let is_called = called.anyhow
                    || called.stems.iter().any(|stem| stems.contains(stem))
                    || (called.by_dots && has_dots(text, self.language));
                is_called && (names.is_empty() || names.iter().any(has_word) || has_star(text))
            })
    }
}

/// Whether a text may take over all names of another file, of which it then says none.
fn has_star(text: &[u8]) -> bool {
    memchr::memchr(b'*', text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_mentioned(names: &[&str], files: &[(&str, &[&str])], language: Language, text: &str) -> bool {
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let files = files.iter().map(|(path, names)| (BString::from(*path), set(names))).collect();
        let search = Search { names: set(names), files };
        Finder::of(&search, language).is_in(text.as_bytes())
    }

    #[test]
    fn a_mention_is_a_whole_word() {
        for (text, due) in [
            ("Base", true),
            ("(Base)", true),
            ("m.Base<", true),
            ("BaseOf", true),
            ("BaseOfMine Base1", false),
            ("aBase Base2", false),
            ("xxBase Base", true),
            ("Ba se", false),
        ] {
            assert_eq!(is_mentioned(&["Base", "BaseOf", "xxB"], &[], Language::TypeScript, text), due, "{text}");
        }
    }

    #[test]
    fn a_file_is_mentioned_where_a_path_ends_in_it() {
        let ts = |path, text| is_mentioned(&[], &[(path, &[])], Language::TypeScript, text);
        for text in ["from './base'", "from \"@/x/base.js\"", "import('base')", "'./base/index'", "'../base.model'"] {
            assert!(ts("src/base.model.ts", text), "{text}");
        }
        for text in ["const base = 1", "'./database'", "'./bases'", "'..'"] {
            assert!(!ts("src/base.model.ts", text), "{text}");
        }
        for text in ["from '..'", "from \"./\"", "from '../..'", "from '../shared'", "from './index.js'"] {
            assert!(ts("src/shared/index.ts", text), "{text}");
        }
        assert!(ts("index.ts", "from '.'") && ts("src/main.ts", "from './main'"));
        let py = |path, text| is_mentioned(&[], &[(path, &[])], Language::Python, text);
        assert!(py("app/base.py", "from .base import x") && py("app/__init__.py", "from \\\n . import x"));
        assert!(py("app/main.py", "from .main import x") && !py("app/base.py", "from .bases import base2"));
        assert!(is_mentioned(&[], &[("src/a/mod.rs", &["X"])], Language::Rust, "super::X"));
        assert!(!is_mentioned(&[], &[("x/a.go", &["X"])], Language::Go, "a.X"));
    }

    #[test]
    fn a_name_that_a_file_hands_on_is_mentioned_beside_the_file_or_a_star() {
        let ts = |text| is_mentioned(&[], &[("src/a.ts", &["X"])], Language::TypeScript, text);
        assert!(ts("import { X } from './a'") && ts("export * from './a'"));
        assert!(!ts("import { Y } from './a'") && !ts("import { X } from './b'"));
    }
}
