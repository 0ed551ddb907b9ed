//! The macros among items of which everybody knows what they make.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Item, Token};

use super::words::Words;

/// How deep such macros nest: what lies deeper is not known.
const MAX_DEPTH: usize = 8;

/// What makes items of the ones that it is given.
pub(super) const BRANCHES: &str = "cfg_if";
/// What makes types of a number each.
pub(super) const FLAGS: &str = "bitflags";

/// Items that stand in a row.
struct Items(Vec<Item>);

impl Parse for Items {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(Self(items))
    }
}

/// The branches of `cfg_if!`.
struct Branches(Vec<Item>);

impl Parse for Branches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut items = Vec::new();
        while !input.is_empty() {
            input.parse::<Option<Token![else]>>()?;
            if input.parse::<Option<Token![if]>>()?.is_some() {
                input.call(syn::Attribute::parse_outer)?;
            }
            let branch;
            syn::braced!(branch in input);
            items.extend(branch.parse::<Items>()?.0);
        }
        Ok(Self(items))
    }
}

/// Puts what any branch of `cfg_if!` leaves behind it, as if it stood there: every variant counts.
pub(super) fn spread(file: &mut syn::File) {
    spread_items(&mut file.items, 0);
}

fn spread_items(items: &mut Vec<Item>, depth: usize) {
    let mut all = Vec::with_capacity(items.len());
    for mut item in std::mem::take(items) {
        let mut inner = Vec::new();
        match &mut item {
            Item::Mod(module) => module.content.iter_mut().for_each(|(_, items)| spread_items(items, depth)),
            Item::Macro(item) if is_named(&item.mac, BRANCHES) && depth < MAX_DEPTH => {
                if let Ok(Branches(items)) = item.mac.parse_body() {
                    inner = items;
                    item.mac.tokens = TokenStream::new();
                }
            }
            _ => {}
        }
        all.push(item);
        spread_items(&mut inner, depth + 1);
        all.append(&mut inner);
    }
    *items = all;
}

pub(super) fn is_named(mac: &syn::Macro, name: &str) -> bool {
    mac.path.segments.last().is_some_and(|last| last.ident == name)
}

/// The types of `bitflags!`; `None` where it makes others.
pub(super) fn flags(mac: &syn::Macro) -> Option<Vec<proc_macro2::Ident>> {
    let (mut found, mut before) = (Vec::new(), None);
    for token in mac.tokens.clone() {
        match token {
            TokenTree::Ident(word) => {
                if before.replace(word.to_string()).is_some_and(|before| before == "struct") {
                    found.push(word);
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                Words::of(&group.stream()).item.is_none().then_some(())?;
            }
            _ => before = None,
        }
    }
    Some(found)
}
