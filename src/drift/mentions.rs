//! What a file mentions, by its bytes alone, so that whatever may refer to something is found without reading all.
//!
//! Languages spell one name in several ways: with escapes, in other letters that mean the same, put together of pieces.
//! A search would miss those, so a file that spells what it refers to otherwise than it is called is not understood there
//! ([`write_out`]). What is understood is always found.

use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};

use bstr::{BStr, ByteSlice};

use super::languages::{Language, Source};
use super::shape::{Import, Module, Shape, Unread};

/// What a module that exports one thing calls it.
pub(super) const DEFAULT: &str = "default";
/// Files that stand for the folder around them.
const FOLDERS: [&[u8]; 6] = [b"index", b"mod", b"lib", b"main", b"__init__", b"package"];
/// How often a file is searched for what is no single word.
const MOST_SEARCHES: usize = 4_000;
const SPELT: &str = "a name that is not written out here: spell it as it is declared";

/// Whether a byte can be within a name.
fn is_part_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Whether something has no byte that a name cannot have.
pub(super) fn is_name(part: &[u8]) -> bool {
    part.iter().copied().all(is_part_of_a_name)
}

/// The names in a text, and what else looks like one, with their places.
pub(super) fn names(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let at = from + rest.iter().position(|byte| is_part_of_a_name(*byte))?;
        let name = text.get(at..)?;
        let len = name.iter().position(|byte| !is_part_of_a_name(*byte)).unwrap_or(name.len());
        from = at + len;
        Some((at, name.get(..len)?))
    })
}

/// The bytes beside a part of a text.
fn beside(text: &[u8], at: usize, len: usize) -> [Option<u8>; 2] {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    [before.copied(), text.get(at.saturating_add(len)).copied()]
}

/// Whether a part of a text is no part of a longer name.
pub(super) fn is_word(text: &[u8], at: usize, len: usize) -> bool {
    !beside(text, at, len).into_iter().flatten().any(is_part_of_a_name)
}

/// Whether a part of a text may be the end of an import's path in quotes.
pub(super) fn is_file(text: &[u8], at: usize, len: usize) -> bool {
    let quote = |byte: u8| matches!(byte, b'\'' | b'"' | b'`');
    let [before, after] = beside(text, at, len);
    before.is_none_or(|byte| byte == b'/' || quote(byte))
        && after.is_none_or(|byte| matches!(byte, b'.' | b'/') || quote(byte))
}

/// How other files call a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called<'p> {
    /// By one of these: its name without the ending, or its folder's.
    pub(super) stems: Vec<&'p [u8]>,
    /// By its place beside or above alone: `..`, `from . import`.
    pub(super) by_dots: bool,
    /// In a way that no search finds, wherever they stand,
    pub(super) anyhow: bool,
    /// or where their paths begin so.
    pub(super) below: Option<&'p [u8]>,
}

impl<'p> Called<'p> {
    /// How imports of a language call the file at a path.
    pub(super) fn of(path: &'p BStr, language: Language) -> Self {
        let name_at = path.rfind_byte(b'/').map_or(0, |end| end + 1);
        let (folder, name) = path.split_at(name_at);
        let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
        let folder = folder.strip_suffix(b"/").and_then(|folder| folder.rsplit(|byte| *byte == b'/').next());
        let stands_for_folder = FOLDERS.contains(&stem);
        let mut stems = vec![stem];
        stems.extend(folder.filter(|_| stands_for_folder));
        let is_rust = language == Language::Rust;
        Self {
            // A package of Go is a folder.
            stems: if language == Language::Go { Vec::new() } else { stems },
            by_dots: stands_for_folder && !is_rust,
            // `crate::`, another crate's name.
            anyhow: stem.is_empty() || (is_rust && stands_for_folder),
            below: path.strip_suffix(b".rs").filter(|_| is_rust),
        }
    }

    /// Whether a file calls it by where it stands itself.
    pub(super) fn is_above(&self, file: &BStr) -> bool {
        let rest = self.below.and_then(|below| file.strip_prefix(below));
        rest.is_some_and(|rest| rest.starts_with(b"/"))
    }
}

/// Whether a text may import by a place without a name.
pub(super) fn has_dots(text: &[u8], language: Language) -> bool {
    let steps = |at: usize| text.get(at..).unwrap_or_default();
    match language {
        Language::TypeScript => [b'\'', b'"'].into_iter().any(|quote| {
            memchr::memmem::find_iter(text, &[quote, b'.']).any(|at| {
                let mut rest = steps(at + 1).iter().skip_while(|byte| matches!(byte, b'.' | b'/'));
                rest.next() == Some(&quote)
            })
        }),
        Language::Python => memchr::memmem::find_iter(text, "from").any(|at| {
            let mut rest = steps(at + 4).iter().skip_while(|byte| byte.is_ascii_whitespace() || **byte == b'\\');
            rest.next() == Some(&b'.')
        }),
        _ => false,
    }
}

/// Whether a text of TypeScript may hand on what other files give, by name, with a star, as its default or as a variable.
pub(super) fn hands_on(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, "export").any(|at| {
        let rest = text.get(at + "export".len()..).unwrap_or_default().trim_ascii_start();
        // `export const O = paths.PATHS`
        let begins = [DEFAULT, "const", "let", "var"].into_iter().any(|word| rest.starts_with(word.as_bytes()));
        // A comment, or an odd space, may stand before the list.
        begins || rest.first().is_some_and(|next| !next.is_ascii_alphanumeric() && !matches!(next, b'_' | b'$' | b'='))
    })
}

/// Sees to it that what a file of program code refers to stands in it word for word.
pub(super) fn write_out(module: &mut Module, language: Language, source: &Source<'_>) {
    let handed = module.exports.as_mut().map(|exports| &mut exports.names);
    let nothing = module.definitions.is_empty() && module.imports.is_empty() && module.wanted.is_empty();
    if !language.is_code() || (nothing && handed.as_ref().is_none_or(|handed| handed.is_empty())) {
        return;
    }
    let spelling = Spelling::of(source, language);
    spelling.imports(module.imports.iter_mut().chain(&mut module.wanted).chain(handed.into_iter().flatten()));
    let synthetic: HashSet<&str> = module.imports.iter().filter_map(|import| import.local.as_deref()).collect();
    for definition in &mut module.definitions {
        spelling.shape(&mut definition.shape, &synthetic);
        let last = definition.name.rsplit('.').next().unwrap_or_default();
        if last != DEFAULT && !spelling.has(last, definition.at) {
            definition.shape = Shape::unread(definition.at, SPELT);
        }
    }
}

/// The same of what a file hands on alone.
pub(super) fn write_out_imports<'i>(
    imports: impl Iterator<Item = &'i mut Import>,
    language: Language,
    source: &Source<'_>,
) {
    Spelling::of(source, language).imports(imports);
}

/// What is spelt out in a file.
struct Spelling<'s> {
    source: &'s Source<'s>,
    language: Language,
    words: OnceCell<HashSet<&'s [u8]>>,
    dots: OnceCell<bool>,
    searches: Cell<usize>,
}

impl<'s> Spelling<'s> {
    fn of(source: &'s Source<'s>, language: Language) -> Self {
        Self { source, language, words: OnceCell::new(), dots: OnceCell::new(), searches: Cell::default() }
    }

    fn text(&self) -> &'s [u8] {
        self.source.text.as_bytes()
    }

    /// Whether all parts of a name stand somewhere; most stand together where the name is used.
    fn has(&self, name: &str, at: u32) -> bool {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let stands = self.text().get(at..).is_some_and(|rest| rest.starts_with(name.as_bytes()));
        (stands && is_word(self.text(), at, name.len())) || name.split('.').all(|part| self.has_word(part.as_bytes()))
    }

    fn has_word(&self, word: &[u8]) -> bool {
        if is_name(word) {
            return self.words.get_or_init(|| names(self.text()).map(|(_, name)| name).collect()).contains(word);
        }
        self.search(word, is_word)
    }

    fn search(&self, part: &[u8], fits: fn(&[u8], usize, usize) -> bool) -> bool {
        self.searches.set(self.searches.get() + 1);
        self.searches.get() <= MOST_SEARCHES && finds(self.text(), part, fits)
    }

    /// Of what is not spelt out nobody can tell that it leads to a file of the repository.
    fn imports<'i>(&self, imports: impl Iterator<Item = &'i mut Import>) {
        imports.filter(|import| !self.has_import(import)).for_each(|import| import.from.clear());
    }

    fn has_import(&self, import: &Import) -> bool {
        let mut names = import.name.iter().flat_map(|name| name.split('.'));
        if !names.all(|name| name == DEFAULT || self.has_word(name.as_bytes())) {
            return false;
        }
        let mut known: HashMap<Vec<&[u8]>, bool> = HashMap::new();
        import.from.iter().filter(|path| !path.is_empty() && !path.ends_with(b"/")).all(|path| {
            let called = Called::of(path.as_bstr(), self.language);
            if called.anyhow || path == self.source.path || called.is_above(self.source.path) {
                return true;
            }
            let by_dots = || called.by_dots && *self.dots.get_or_init(|| has_dots(self.text(), self.language));
            let stems = called.stems.clone();
            *known.entry(stems).or_insert_with(|| called.stems.iter().any(|stem| self.has_stem(stem))) || by_dots()
        })
    }

    fn has_stem(&self, stem: &[u8]) -> bool {
        match self.language {
            Language::TypeScript => self.search(stem, is_file),
            _ => self.has_word(stem),
        }
    }

    fn shape(&self, shape: &mut Shape, synthetic: &HashSet<&str>) {
        match shape {
            Shape::Named { name, at, arguments } => {
                let name = name.trim_start_matches('.');
                let at = *at;
                // A name that an import has by itself stands for what is imported.
                if !(synthetic.contains(name) || self.has(name, at)) {
                    *shape = Shape::Unread(Unread::new(at, SPELT));
                    return;
                }
                arguments.iter_mut().for_each(|one| self.shape(one, synthetic));
            }
            Shape::Variable { otherwise, .. } => self.shape(otherwise, synthetic),
            Shape::Object(members) => members.iter_mut().for_each(|member| self.shape(&mut member.shape, synthetic)),
            Shape::Array(inner) | Shape::Map(inner) | Shape::Pick(inner, _) | Shape::Omit(inner, _) => {
                self.shape(inner, synthetic);
            }
            Shape::All(shapes) | Shape::Any(shapes) => shapes.iter_mut().for_each(|one| self.shape(one, synthetic)),
            Shape::Scalar { .. } | Shape::Opaque | Shape::Unread(_) => {}
        }
    }
}

/// Whether a part stands somewhere in a text so that it fits.
fn finds(text: &[u8], part: &[u8], fits: fn(&[u8], usize, usize) -> bool) -> bool {
    let finder = memchr::memmem::Finder::new(part);
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)).map(|at| from + at) {
        if fits(text, at, part.len()) {
            return true;
        }
        from = at + 1;
    }
    false
}
