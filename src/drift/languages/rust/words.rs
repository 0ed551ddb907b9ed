//! The words of what macros are given, and of what they make of it.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;

use proc_macro2::{Span, TokenStream, TokenTree, token_stream};
use syn::ext::IdentExt;

/// Words that begin a type.
pub(super) const TYPES: [&str; 4] = ["enum", "struct", "type", "union"];

/// Words behind which `!` is no macro's.
const KEYWORDS: [&str; 8] = ["as", "break", "else", "if", "in", "match", "return", "while"];

/// The longest path of a type.
const MAX_PATH: usize = 512;

/// What stands for a repetition of variables.
const REPEATED: &str = "$_";

/// The words of a macro's tokens.
#[derive(Default)]
pub(super) struct Words {
    /// All names in them.
    pub(super) names: HashSet<String>,
    /// The paths of names that look like types.
    pub(super) paths: HashSet<String>,
    /// The macros that are called, by their paths, with how many brackets are around at least.
    pub(super) calls: HashMap<String, usize>,
    /// Where an item begins.
    pub(super) item: Option<Span>,
    /// Something is imported that is not told.
    pub(super) imports_any: bool,
}

/// A call of a macro among tokens.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) span: Span,
    pub(super) tokens: TokenStream,
}

/// What stands between two brackets, without what stands in others between them.
struct Level<'w> {
    words: &'w mut Words,
    depth: usize,
    /// The path that ends here, and the word before.
    path: String,
    before: Option<(String, Span)>,
    /// Whether an item may begin here, and where that path began.
    may_begin: bool,
    begins: bool,
}

/// How deep at least what stands in code is.
const IN_CODE: usize = 2;

type Tokens = Peekable<token_stream::IntoIter>;

fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(next)) if next.as_char() == mark)
}

impl Words {
    pub(super) fn of(tokens: &TokenStream) -> Self {
        Self::read(tokens, &mut |_| true)
    }

    /// Reads tokens, and shows each call of a macro: what that is given is read too where it says so.
    pub(super) fn read(tokens: &TokenStream, see: &mut dyn FnMut(Call) -> bool) -> Self {
        let mut words = Self::default();
        let mut rest = vec![(tokens.clone(), 0)];
        while let Some((tokens, depth)) = rest.pop() {
            let level =
                Level { words: &mut words, depth, path: String::new(), before: None, may_begin: true, begins: true };
            level.read(tokens, see, &mut rest);
        }
        words
    }
}

impl Level<'_> {
    fn read(mut self, tokens: TokenStream, see: &mut dyn FnMut(Call) -> bool, inner: &mut Vec<(TokenStream, usize)>) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let is_path = matches!(token, TokenTree::Ident(_)) || is_mark(Some(&token), '$');
            if is_path && !self.path.ends_with(['.', '$']) {
                self.begins = self.may_begin;
            }
            self.may_begin = match &token {
                TokenTree::Punct(mark) => {
                    matches!(mark.as_char(), ';' | '>') || (mark.as_char() == ':' && self.may_begin)
                }
                TokenTree::Group(_) => true,
                _ => false,
            };
            match token {
                TokenTree::Ident(word) => {
                    self.word(&word);
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == '!' && !is_mark(tokens.peek(), '=') => {
                    self.call(mark.span(), &mut tokens, see, inner);
                }
                TokenTree::Punct(mark) if mark.as_char() == '$' => {
                    let is_import = self.before.as_ref().is_some_and(|(word, _)| word == "use");
                    let is_told = matches!(tokens.peek(), Some(TokenTree::Ident(next)) if next == "crate");
                    self.words.imports_any |= is_import && !is_told;
                    self.path = "$".to_owned();
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && is_mark(tokens.peek(), ':') => {
                    tokens.next();
                    if !self.path.is_empty() {
                        self.path.push('.');
                    }
                }
                TokenTree::Punct(mark)
                    if matches!(mark.as_char(), '+' | '*' | '?') && self.path.starts_with(REPEATED) => {}
                TokenTree::Group(group) => {
                    let is_repeated = self.path == "$";
                    inner.push((group.stream(), self.depth + usize::from(!is_repeated)));
                    self.path = if is_repeated { REPEATED.to_owned() } else { String::new() };
                }
                _ => self.path.clear(),
            }
            self.before = None;
        }
    }

    fn word(&mut self, word: &proc_macro2::Ident) {
        let text = word.unraw().to_string();
        let begins = self.before.take().filter(|before| TYPES.contains(&before.0.as_str()));
        self.words.item = self.words.item.or(begins.map(|(_, span)| span));
        self.before = Some((word.to_string(), word.span()));
        // `$type` is a variable, whatever it is called.
        let is_variable = self.path == "$";
        if self.path.ends_with(['.', '$']) {
            self.path.push_str(&text);
            if self.path.len() > MAX_PATH {
                self.words.item = self.words.item.or(Some(word.span()));
                self.path.clear();
            } else if text.starts_with(char::is_uppercase) && !self.path.contains('$') {
                self.words.paths.insert(self.path.clone());
            }
        } else {
            self.path.clone_from(&text);
        }
        if !is_variable {
            self.words.names.insert(text);
        }
    }

    /// What a `!` ends.
    fn call(
        &mut self,
        span: Span,
        tokens: &mut Tokens,
        see: &mut dyn FnMut(Call) -> bool,
        inner: &mut Vec<(TokenStream, usize)>,
    ) {
        let path = std::mem::take(&mut self.path);
        if path.is_empty() || KEYWORDS.contains(&path.as_str()) {
            return;
        }
        let depth = if self.begins { self.depth } else { self.depth.max(IN_CODE) };
        let least = self.words.calls.entry(path.clone()).or_insert(depth);
        *least = depth.min(*least);
        let given = tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
        let given = match given {
            Some(TokenTree::Group(group)) => group.stream(),
            _ => TokenStream::new(),
        };
        if see(Call { path, span, tokens: given.clone() }) {
            inner.push((given, self.depth + 1));
        }
    }
}
