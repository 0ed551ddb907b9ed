//! Macros, which nothing but a compiler expands: which of them make no types and write none out.

use std::collections::{BTreeMap, HashSet};

use proc_macro2::TokenStream;
use syn::ext::IdentExt;

use super::imports::Paths;
use super::words::{Call, TYPES, Words};

/// Macros of the language and of packages that make no types and write none out, whatever they are given.
const KNOWN: &str = "anyhow assert assert_debug_snapshot assert_eq assert_eq_align assert_eq_size assert_impl_all \
    assert_matches assert_ne assert_snapshot bail bitflags bson btreemap cfg cfg_if column compile_error concat const_assert \
    const_assert_eq const_format criterion_group criterion_main dbg debug debug_assert debug_assert_eq debug_assert_ne \
    debug_span doc ensure env eprint eprintln error error_span event eyre file format format_args format_err \
    format_ident formatcp global_asm hashmap hashset include_bytes include_str indexmap info info_span json join \
    lazy_static line log matches module_path offset_of option_env panic parse_quote phf_map phf_ordered_map phf_set pin \
    print println proptest query query_as query_as_unchecked query_scalar query_unchecked quote quote_spanned ready \
    select smallvec span stringify thread_local todo trace trace_span try_join unimplemented unreachable vec warn \
    warn_span write writeln";

/// Those of them that are given items as text, and make tokens of it.
const QUOTES: [&str; 3] = ["quote", "quote_spanned", "parse_quote"];

/// Those of them that nobody has to import.
const OF_STD: &str = "assert assert_eq assert_matches assert_ne cfg column compile_error concat dbg debug_assert debug_assert_eq \
    debug_assert_ne env eprint eprintln file format format_args global_asm include_bytes include_str join line matches \
    module_path offset_of option_env panic pin print println ready stringify thread_local todo unimplemented unreachable \
    vec write writeln";

/// Those of them that stand among items; others there are not what everybody knows.
const AMONG_ITEMS: &str = "assert_eq_align assert_eq_size assert_impl_all bitflags cfg_if compile_error const_assert \
    const_assert_eq criterion_group criterion_main global_asm lazy_static proptest thread_local";

/// How often macros of a file may be told by others of it.
const MAX_ROUNDS: usize = 32;

/// Where a macro is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Items,
    Code,
}

/// The macros of a file.
#[derive(Default)]
pub(super) struct Macros {
    /// The words of each, where one name may be several.
    own: BTreeMap<String, Vec<Words>>,
    /// Those that make no types and write none out, as far as they say, in code and among items.
    harmless: HashSet<String>,
    harmless_items: HashSet<String>,
}

impl Macros {
    pub(super) fn put(&mut self, name: &syn::Ident, tokens: &TokenStream) {
        self.own.entry(name.unraw().to_string()).or_default().push(Words::of(tokens));
    }

    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.own.keys()
    }

    /// The words of this file's macro of a name.
    pub(super) fn own(&self, name: &str) -> &[Words] {
        self.own.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Finds those that make no types and write none out: `writes` are the names of what would. One that calls others is as
    /// these are.
    pub(super) fn settle(&mut self, paths: &Paths, writes: &HashSet<String>) {
        self.harmless = self.settled(writes, |kept, call, _| {
            kept.contains(call) || (!self.is_own(call) && is_known(call, paths, Position::Code))
        });
        // What stands between the outermost brackets of its rules stands where it is called.
        self.harmless_items = self.settled(writes, |kept, call, depth| match depth {
            0 | 1 => kept.contains(call) || (!self.is_own(call) && is_known(call, paths, Position::Items)),
            _ => self.is_kept(call, paths, Position::Code),
        });
    }

    fn settled(
        &self,
        writes: &HashSet<String>,
        is_kept: impl Fn(&HashSet<String>, &str, usize) -> bool,
    ) -> HashSet<String> {
        let plain = self.own.iter().filter(|(_, all)| all.iter().all(|words| !speaks(words, writes)));
        let mut kept: HashSet<String> = plain.map(|(name, _)| name.clone()).collect();
        for _ in 0..MAX_ROUNDS {
            let calls = |name: &String| self.own.get(name).into_iter().flatten().flat_map(|words| &words.calls);
            let is_harmless = |name: &String| calls(name).all(|(call, depth)| is_kept(&kept, call, *depth));
            let others: HashSet<String> = kept.iter().filter(|name| !is_harmless(name)).cloned().collect();
            if others.is_empty() {
                return kept;
            }
            kept.retain(|name| !others.contains(name));
        }
        HashSet::new()
    }

    /// Whether a macro makes no types and writes none out, by its path.
    fn is_kept(&self, call: &str, paths: &Paths, position: Position) -> bool {
        let harmless = if position == Position::Items { &self.harmless_items } else { &self.harmless };
        harmless.contains(call) || (!self.is_own(call) && is_known(call, paths, position))
    }

    /// What a call of a macro may do to types.
    pub(super) fn effect(
        &self,
        path: &syn::Path,
        words: &Words,
        (paths, writes): (&Paths, &HashSet<String>),
        position: Position,
    ) -> Effect {
        let written = super::dotted(path);
        let last = written.rsplit('.').next().unwrap_or_default();
        let is_own = self.is_own(last) && paths.only(&written, &[]).is_some_and(|full| full.len() == 1);
        let at = |depth: usize| if depth == 0 { position } else { Position::Code };
        let are_kept = || words.calls.iter().all(|(call, depth)| self.is_kept(call, paths, at(*depth)));
        match is_own {
            true if self.is_kept(last, paths, position) && !speaks(words, writes) && are_kept() => Effect::None,
            true => Effect::Any,
            false if !is_known(&written, paths, position) || is_hidden(path, paths) => Effect::Any,
            false if QUOTES.contains(&last) => Effect::None,
            false if words.item.is_some() || (words.names.contains("impl") && names_any(words, writes)) => {
                Effect::Items
            }
            false => Effect::None,
        }
    }

    /// The calls in what a well-known macro is given of others than these, but for those within another such call.
    pub(super) fn unknown(
        &self,
        mac: &syn::Macro,
        words: &Words,
        paths: &Paths,
        writes: &HashSet<String>,
    ) -> Vec<Call> {
        // What a macro of this file makes of the name of `Serialize`, nobody knows.
        let is_told = names_any(words, writes);
        let is_kept = |call: &str| self.is_kept(call, paths, Position::Code) && !(is_told && self.is_own(call));
        if is_quoted(mac) || words.calls.keys().all(|call| is_kept(call)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        Words::read(&mac.tokens, &mut |call| {
            let is_kept = is_kept(&call.path);
            if !is_kept {
                found.push(call);
            }
            is_kept
        });
        found
    }
}

/// What a macro may do to types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// It is given items.
    Items,
    /// Nobody knows.
    Any,
}

fn names_any(words: &Words, names: &HashSet<String>) -> bool {
    words.names.iter().any(|name| names.contains(name))
}

/// Whether words may make a type, or write one out.
fn speaks(words: &Words, writes: &HashSet<String>) -> bool {
    words.imports_any || TYPES.iter().any(|word| words.names.contains(*word)) || names_any(words, writes)
}

fn lists(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|one| one == word)
}

/// Whether a macro takes what it is given for text, by its name.
pub(super) fn is_quoted(mac: &syn::Macro) -> bool {
    mac.path.segments.last().is_some_and(|last| QUOTES.iter().any(|name| last.ident == name))
}

/// Whether everybody knows a macro of this name.
pub(super) fn is_listed(name: &str) -> bool {
    lists(KNOWN, name)
}

/// Whether a macro may be another package's, as no `use` around gives its name.
fn is_hidden(path: &syn::Path, paths: &Paths) -> bool {
    let Some(head) = path.segments.first().filter(|_| paths.has_strange_macros()) else { return false };
    paths.hidden(&head.ident.unraw().to_string(), head.ident.span().byte_range().start).is_some()
}

/// Whether a macro is one that everybody knows, by its path.
fn is_known(written: &str, paths: &Paths, position: Position) -> bool {
    let Some(full) = paths.only(written, &[]) else { return false };
    let Some(last) = full.last() else { return false };
    let listed = if position == Position::Items { AMONG_ITEMS } else { KNOWN };
    let is_bare = || full.len() == 1 && (!paths.has_strange_macros() || lists(OF_STD, last));
    lists(listed, last) && (is_bare() || paths.is_package(&full))
}
