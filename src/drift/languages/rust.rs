//! Rust: structs, enums and aliases, with what serde's attributes say about them.
//!
//! Every struct is a definition, whether it derives serde's traits or not: a policy names the types that count. A type is
//! known by its last name, whatever module or function it stands in. What is built for tests alone is left out.

mod attrs;
mod expand;
mod imports;
mod json;
mod macros;
mod outline;
mod scopes;
mod shapes;
mod sites;
#[cfg(test)]
mod tests;
mod types;
mod words;

use std::collections::BTreeSet;
use std::str::FromStr;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};

use super::Source;
use crate::drift::shape::{Definition, Kind, Module, Shape, Unread, Written};
use macros::{Effect, Position};
use outline::Outline;
use types::Types;
use words::Words;

/// How many tokens may stand in a row, with those around them, before something ends: each may be a level of nesting to
/// the parser.
const MAX_COST: usize = 2_000;
/// What a pair of brackets counts for, and a `<` or `&`, as the parser calls itself many times for these.
const GROUP_COST: usize = 8;
const TYPE_COST: usize = 4;

/// How many names macros are given, all in all.
const MAX_GIVEN: usize = 2_000;

pub(super) fn read(source: &Source<'_>) -> Module {
    let module = parsed(source);
    // Otherwise every file that was ever read on this thread stays in memory, for the sake of its places.
    proc_macro2::extra::invalidate_current_thread_spans();
    module
}

fn parsed(source: &Source<'_>) -> Module {
    let code = code(source.text);
    let place = Place { base: source.text.len() - code.len() };
    let tokens = match TokenStream::from_str(code) {
        Ok(tokens) => tokens,
        Err(error) => return Module::unread(place.of(error.span()), "this is not valid Rust"),
    };
    if let Some(span) = too_deep(tokens.clone()) {
        return Module::unread(
            place.of(span),
            "the code here is nested too deep to be read, or too long without an end",
        );
    }
    let mut file: syn::File = match syn::parse2(tokens) {
        Ok(file) => file,
        Err(error) => return Module::unread(place.of(error.span()), "this is not valid Rust"),
    };
    expand::spread(&mut file);
    let outline = Outline::of(source.path, &file);
    let mut reader = Reader {
        place,
        outline: &outline,
        inside: Vec::new(),
        depth: 0,
        buried: Vec::new(),
        given: BTreeSet::new(),
        called: BTreeSet::new(),
        module: Module::default(),
    };
    reader.visit_file(&file);
    reader.names_given();
    let (mut module, buried) = (reader.module, reader.buried);
    module.unread.extend(outline.made(place));
    module.assumed = outline.assumed(place);
    doubt(&mut module, &buried);
    module.is_placed = true;
    module.elsewhere = outline.paths.elsewhere();
    module.written.extend(outline.written(place));
    imports::take(&outline.paths, &outline.macros, &mut module);
    sites::read(source, place, &outline, &file, &mut module);
    module
}

/// Where a macro may make types, what stands in inner modules and functions may not be what the file shows by its name.
fn doubt(module: &mut Module, buried: &[usize]) {
    if module.unread.is_empty() {
        return;
    }
    for place in buried {
        let Some(definition) = module.definitions.get_mut(*place) else { continue };
        let shape = std::mem::replace(&mut definition.shape, Shape::Opaque);
        let unread = Shape::unread(definition.at, "a macro of this file may make another type of this name");
        definition.shape = Shape::All(vec![Shape::Object(Vec::new()), shape, unread]);
    }
}

/// The code behind a byte order mark and a line that says what runs it.
fn code(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_attribute = |rest: &str| rest.trim_start().starts_with('[');
    match text.strip_prefix("#!") {
        Some(rest) if !is_attribute(rest) => text.split_at(text.find('\n').unwrap_or(text.len())).1,
        _ => text,
    }
}

/// Where the code of a file begins.
#[derive(Clone, Copy)]
struct Place {
    base: usize,
}

impl Place {
    fn of(self, span: Span) -> u32 {
        u32::try_from(self.base + span.byte_range().start).unwrap_or(u32::MAX)
    }
}

/// Where the parser would call itself too often. Nothing here calls itself.
fn too_deep(tokens: TokenStream) -> Option<Span> {
    let mut around = Vec::new();
    let (mut tokens, mut floor, mut cost) = (tokens.into_iter(), 0_usize, 0_usize);
    loop {
        match tokens.next() {
            Some(TokenTree::Group(group)) => {
                let inside = cost + GROUP_COST;
                // What follows a block begins anew.
                let after = if group.delimiter() == Delimiter::Brace { floor } else { cost + 1 };
                around.push((std::mem::replace(&mut tokens, group.stream().into_iter()), floor, after));
                (floor, cost) = (inside, inside);
                if inside > MAX_COST {
                    return Some(group.span_open());
                }
            }
            Some(TokenTree::Punct(mark)) if matches!(mark.as_char(), ';' | ',') => cost = floor,
            Some(other) => {
                let is_type = matches!(&other, TokenTree::Punct(mark) if matches!(mark.as_char(), '<' | '&'));
                cost += if is_type { TYPE_COST } else { 1 };
                if cost > MAX_COST {
                    return Some(other.span());
                }
            }
            None => match around.pop() {
                Some(outer) => (tokens, floor, cost) = outer,
                None => return None,
            },
        }
    }
}

/// What a path says, with dots.
fn dotted(path: &syn::Path) -> String {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
    names.join(".")
}

/// What is built for tests alone.
fn is_for_tests(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|attr| {
        attr.path().is_ident("cfg") && attr.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn item_attrs(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Takes in the definitions.
struct Reader<'o> {
    place: Place,
    outline: &'o Outline,
    /// Names of modules around.
    inside: Vec<String>,
    /// How many modules and functions are around, and the definitions in any.
    depth: usize,
    buried: Vec<usize>,
    /// Names that macros are given, with where: what nobody knows of them may write these types out.
    given: BTreeSet<(String, u32)>,
    /// This file's macros that were called in code.
    called: BTreeSet<String>,
    module: Module,
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(item_attrs(item)) {
            return;
        }
        match item {
            syn::Item::Struct(item) => {
                let types = self.types(&item.ident, &item.generics, &item.attrs);
                let shape = types.structure(item);
                self.seal(&item.ident, &item.attrs);
                self.define(&item.ident, shape);
            }
            syn::Item::Enum(item) => {
                let types = self.types(&item.ident, &item.generics, &item.attrs);
                let shape = types.enumeration(item);
                self.seal(&item.ident, &item.attrs);
                self.define(&item.ident, shape);
            }
            syn::Item::Type(item) => {
                let types = self.types(&item.ident, &item.generics, &item.attrs);
                let shape = types.shape(&item.ty);
                self.define(&item.ident, shape);
            }
            syn::Item::Union(item) => {
                let shape =
                    Shape::unread(self.place.of(item.ident.span()), "what a union holds is not known; use an enum");
                self.define(&item.ident, shape);
            }
            syn::Item::Macro(item) => return self.item_macro(item),
            syn::Item::Verbatim(tokens) => {
                let at =
                    self.place.of(tokens.clone().into_iter().next().map_or_else(Span::call_site, |one| one.span()));
                self.module.unread.push(Unread::new(at, "this item cannot be read"));
            }
            syn::Item::Mod(module) => self.inside.push(module.ident.unraw().to_string()),
            _ => {}
        }
        let is_scope = matches!(item, syn::Item::Mod(_) | syn::Item::Fn(_) | syn::Item::Impl(_) | syn::Item::Trait(_));
        self.depth += usize::from(is_scope);
        visit::visit_item(self, item);
        self.depth -= usize::from(is_scope);
        if matches!(item, syn::Item::Mod(_)) {
            self.inside.pop();
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.invocation(mac);
    }
}

impl<'o> Reader<'o> {
    fn types(&self, own: &syn::Ident, generics: &syn::Generics, attrs: &[syn::Attribute]) -> Types<'o> {
        let mut types = Types {
            place: self.place,
            outline: self.outline,
            own: own.unraw().to_string(),
            condition: attrs::condition(attrs, &self.outline.paths),
            inside: self.inside.clone(),
            variables: Vec::new(),
        };
        types.parameters(generics);
        types
    }

    fn define(&mut self, name: &syn::Ident, shape: Shape) {
        let at = self.place.of(name.span());
        if self.depth > 0 {
            self.buried.push(self.module.definitions.len());
        }
        self.module.definitions.push(Definition { name: name.unraw().to_string(), at, shape, case: None });
    }

    /// A type that derives serde's `Serialize`, in all builds, is written out by nothing else: it would be two of these.
    fn seal(&mut self, name: &syn::Ident, attrs: &[syn::Attribute]) {
        if attrs::is_sealed(attrs, &self.outline.paths) {
            self.module.sealed.insert(self.place.of(name.span()));
        }
    }

    /// A macro among items may make types.
    fn item_macro(&mut self, item: &syn::ItemMacro) {
        if item.ident.is_some() {
            return;
        }
        // What was taken out of one of this file's own may be anything there.
        let is_own_branch =
            expand::is_named(&item.mac, expand::BRANCHES) && self.outline.macros.is_own(expand::BRANCHES);
        let words = Words::of(&item.mac.tokens);
        // What it is given was not understood, or is not there any more.
        let is_lost = expand::is_named(&item.mac, expand::BRANCHES) && !words.calls.is_empty();
        match (self.effect(&item.mac, &words, Position::Items), expand::flags(&item.mac)) {
            (Effect::None, _) if !is_own_branch && !is_lost => self.inner_calls(&item.mac, &words),
            (Effect::Items, Some(flags)) if expand::is_named(&item.mac, expand::FLAGS) => {
                flags.iter().for_each(|name| self.define(name, Shape::Opaque));
            }
            _ => self.made(&item.mac),
        }
    }

    fn effect(&self, mac: &syn::Macro, words: &Words, position: Position) -> Effect {
        let outline = self.outline;
        outline.macros.effect(&mac.path, words, (&outline.paths, &outline.writes), position)
    }

    fn made(&mut self, mac: &syn::Macro) {
        self.may_make(self.start(mac));
    }

    fn may_make(&mut self, at: u32) {
        self.module.unread.push(Unread::new(at, "this macro may make types; write them down"));
    }

    fn start(&self, mac: &syn::Macro) -> u32 {
        self.place.of(mac.path.segments.first().map_or_else(Span::call_site, |first| first.ident.span()))
    }

    /// A macro in code: it may write out the types that it is given, or more than these where it is given items.
    fn invocation(&mut self, mac: &syn::Macro) {
        let words = Words::of(&mac.tokens);
        match self.effect(mac, &words, Position::Code) {
            Effect::None => self.inner_calls(mac, &words),
            Effect::Items => self.made(mac),
            Effect::Any => {
                let name = mac.path.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default();
                self.give(&name, self.start(mac), &words);
            }
        }
    }

    /// What stands among the tokens of a macro that makes nothing of them.
    fn inner_calls(&mut self, mac: &syn::Macro, words: &Words) {
        let outline = self.outline;
        for call in outline.macros.unknown(mac, words, &outline.paths, &outline.writes) {
            let name = call.path.rsplit('.').next().unwrap_or_default();
            self.give(name, self.place.of(call.span), &Words::of(&call.tokens));
        }
    }

    /// Takes down the types that a macro is given; one of this file has what it makes in it.
    fn give(&mut self, name: &str, at: u32, words: &Words) {
        let outline = self.outline;
        let own = if self.called.insert(name.to_owned()) { outline.macros.own(name) } else { &[] };
        let all = std::iter::once(words).chain(own);
        if all.clone().any(|words| words.item.is_some()) || self.given.len() >= MAX_GIVEN {
            return self.may_make(at);
        }
        let is_type = |name: &&String| name.starts_with(char::is_uppercase) || outline.types.contains(*name);
        let names = all.clone().flat_map(|words| &words.names).filter(is_type);
        self.given.extend(names.map(|name| (name.clone(), at)));
        for path in all.flat_map(|words| &words.paths) {
            let meanings = outline.paths.meanings(path, &self.inside);
            if meanings.is_empty() {
                self.may_make(at);
            }
            self.given.extend(meanings.iter().map(|full| (full.join("."), at)));
        }
    }

    /// Tells of the types that macros are given.
    fn names_given(&mut self) {
        let mut before = None;
        for (name, at) in std::mem::take(&mut self.given) {
            if before.as_ref() != Some(&name) {
                let reason = "this macro may write out a type that it is given; derive `Serialize` for that".to_owned();
                self.module.written.push(Written { name: name.clone(), at, reason, kind: Kind::Unknown });
                before = Some(name);
            }
        }
    }
}
