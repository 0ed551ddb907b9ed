//! Macros, which nothing but a compiler expands: which of them make no types and write none out.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

use super::imports::Paths;

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

/// Words that begin a type.
const TYPES: [&str; 4] = ["enum", "struct", "type", "union"];

/// Words behind which `!` is no macro's.
const KEYWORDS: [&str; 8] = ["as", "break", "else", "if", "in", "match", "return", "while"];

/// How often macros of a file may be told by others of it.
const MAX_ROUNDS: usize = 32;

/// The words of a macro's tokens.
#[derive(Default)]
pub(super) struct Words {
    /// All names in them.
    pub(super) names: HashSet<String>,
    /// The macros that are called, by their paths.
    calls: HashSet<String>,
    /// Where an item begins.
    pub(super) item: Option<Span>,
}

impl Words {
    pub(super) fn of(tokens: &TokenStream) -> Self {
        let mut words = Self::default();
        let mut rest = vec![tokens.clone()];
        while let Some(tokens) = rest.pop() {
            words.level(tokens, &mut rest);
        }
        words
    }

    /// What stands between two brackets, without what stands in others between them.
    fn level(&mut self, tokens: TokenStream, inner: &mut Vec<TokenStream>) {
        // The path that ends here, and the word before.
        let (mut path, mut before) = (String::new(), None);
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let text = word.unraw().to_string();
                    let begins = before.take().filter(|before: &(String, Span)| TYPES.contains(&before.0.as_str()));
                    self.item = self.item.or(begins.map(|(_, span)| span));
                    before = Some((word.to_string(), word.span()));
                    // `$type` is a variable, whatever it is called.
                    let is_variable = path == "$";
                    path = if path.ends_with(['.', '$']) { path + &text } else { text.clone() };
                    if !is_variable {
                        self.names.insert(text);
                    }
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == '!' && !path.is_empty() => {
                    let path = std::mem::take(&mut path);
                    if !KEYWORDS.contains(&path.as_str()) {
                        self.calls.insert(path);
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == '$' => path = "$".to_owned(),
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                    path = path.trim_end_matches('.').to_owned() + ".";
                }
                TokenTree::Group(group) => {
                    inner.push(group.stream());
                    path.clear();
                }
                _ => path.clear(),
            }
            before = None;
        }
    }
}

/// The macros of a file.
#[derive(Default)]
pub(super) struct Macros {
    /// The words of each, where one name may be several.
    own: HashMap<String, Vec<Words>>,
    /// Those that make no types, as far as they say.
    harmless: HashSet<String>,
}

impl Macros {
    pub(super) fn put(&mut self, name: &syn::Ident, tokens: &TokenStream) {
        self.own.entry(name.unraw().to_string()).or_default().push(Words::of(tokens));
    }

    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    /// The words of this file's macro of a name.
    pub(super) fn own(&self, name: &str) -> &[Words] {
        self.own.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Finds those that make no types and write none out: `writes` are the names of what would. One that calls others is as
    /// these are.
    pub(super) fn settle(&mut self, paths: &Paths, writes: &HashSet<String>) {
        let is_plain = |words: &Words| !speaks(words, writes);
        let plain = self.own.iter().filter(|(_, all)| all.iter().all(is_plain));
        self.harmless = plain.map(|(name, _)| name.clone()).collect();
        for _ in 0..MAX_ROUNDS {
            let is_kept = |call: &String| self.harmless.contains(call) || (!self.is_own(call) && is_known(call, paths));
            let calls = |name: &String| self.own.get(name).into_iter().flatten().flat_map(|words| &words.calls);
            let others: Vec<String> = self.harmless.iter().filter(|name| !calls(name).all(is_kept)).cloned().collect();
            if others.is_empty() {
                return;
            }
            for name in &others {
                self.harmless.remove(name);
            }
        }
        self.harmless.clear();
    }

    /// What a call of a macro may do to types.
    pub(super) fn effect(&self, path: &syn::Path, words: &Words, paths: &Paths, writes: &HashSet<String>) -> Effect {
        let written = super::dotted(path);
        let last = written.rsplit('.').next().unwrap_or_default();
        let is_own = self.is_own(last) && paths.only(&written, &[]).is_some_and(|full| full.len() == 1);
        match is_own {
            true if self.harmless.contains(last) && !speaks(words, writes) => Effect::None,
            true => Effect::Any,
            false if !is_known(&written, paths) => Effect::Any,
            false if QUOTES.contains(&last) => Effect::None,
            false if words.item.is_some() || words.names.iter().any(|name| writes.contains(name)) => Effect::Items,
            false => Effect::None,
        }
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

/// Whether words may make a type, or write one out.
fn speaks(words: &Words, writes: &HashSet<String>) -> bool {
    words.names.iter().any(|name| TYPES.contains(&name.as_str()) || writes.contains(name))
}

/// Whether a macro is one that everybody knows, by its path.
fn is_known(written: &str, paths: &Paths) -> bool {
    let Some(full) = paths.only(written, &[]) else { return false };
    let is_listed = |name: &String| KNOWN.split_ascii_whitespace().any(|one| one == name);
    full.last().is_some_and(is_listed) && (full.len() == 1 || paths.is_package(&full))
}
