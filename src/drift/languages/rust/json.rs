//! The literals of `json!` and `doc!`, which no parser of Rust reads.

use proc_macro2::{Delimiter, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A part of such a literal.
pub(super) enum Json {
    /// The entries, in order.
    Object(Vec<Entry>),
    Array(Vec<Json>),
    /// A string.
    Text(String),
    /// Any other expression.
    Value(TokenStream),
}

/// An entry of an object.
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) at: Span,
    pub(super) value: Json,
}

/// The key of an entry.
pub(super) enum Key {
    Text(String),
    /// It is computed.
    Value(TokenStream),
}

impl Entry {
    /// The key, where it is known.
    pub(super) fn key(&self) -> Option<&String> {
        match &self.key {
            Key::Text(text) => Some(text),
            Key::Value(_) => None,
        }
    }
}

impl Json {
    /// Reads the argument of the macro. Brackets nest no deeper here than the whole file may.
    pub(super) fn of(tokens: TokenStream) -> Self {
        value(&tokens.into_iter().collect::<Vec<_>>())
    }

    /// What `doc!` takes: the inside of an object.
    pub(super) fn of_entries(tokens: TokenStream) -> Self {
        object(tokens)
    }
}

fn value(tokens: &[TokenTree]) -> Json {
    match tokens {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Brace => object(group.stream()),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Bracket => {
            Json::Array(parts(group.stream()).iter().map(|part| value(part)).collect())
        }
        [one] => match text(one) {
            Some(text) => Json::Text(text),
            None => Json::Value(one.clone().into()),
        },
        _ => Json::Value(tokens.iter().cloned().collect()),
    }
}

fn object(tokens: TokenStream) -> Json {
    let entry = |part: &Vec<TokenTree>| {
        let colon = colon(part);
        let (key, rest) = part.split_at(colon.unwrap_or(part.len()));
        let name = match key {
            [one] => text(one),
            _ => None,
        };
        let name = name.map_or_else(|| Key::Value(key.iter().cloned().collect()), Key::Text);
        let at = part.first().map_or_else(Span::call_site, TokenTree::span);
        Entry { key: name, at, value: value(rest.get(1..).unwrap_or_default()) }
    };
    // A comma within `<A, B>` ends no entry.
    let mut whole: Vec<Vec<TokenTree>> = Vec::new();
    for part in parts(tokens) {
        match (colon(&part), whole.last_mut()) {
            (None, Some(before)) => {
                before.push(Punct::new(',', Spacing::Alone).into());
                before.extend(part);
            }
            _ => whole.push(part),
        }
    }
    Json::Object(whole.iter().map(entry).collect())
}

/// Where a `:` stands that is no part of `::`.
fn colon(part: &[TokenTree]) -> Option<usize> {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    let is_joint = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.spacing() == Spacing::Joint);
    let (mut at, mut rest) = (0, part);
    while let [first, after @ ..] = rest {
        let is_path = is_colon(first) && is_joint(first) && after.first().is_some_and(is_colon);
        if is_colon(first) && !is_path {
            return Some(at);
        }
        let step = if is_path { 2 } else { 1 };
        at += step;
        rest = rest.get(step..).unwrap_or_default();
    }
    None
}

/// What stands between commas.
fn parts(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(mark), _) if mark.as_char() == ',' => parts.push(Vec::new()),
            (_, Some(last)) => last.push(token),
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn text(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => text_of(literal),
        _ => None,
    }
}

/// The text of a string.
pub(super) fn text_of(literal: &Literal) -> Option<String> {
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}
