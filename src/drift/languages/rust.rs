//! Rust: structs, enums and aliases, with what serde's attributes say about them.
//!
//! Every struct is a definition, whether it derives serde's traits or not: a policy names the types that count. A type is
//! known by its last name, whatever module or function it stands in. What is built for tests alone is left out.

mod attrs;
mod imports;
mod json;
mod shapes;
mod sites;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};

use super::Source;
use crate::drift::shape::{Definition, Kind, Module, Shape, Unread, Written};
use imports::Paths;
use types::Types;

/// How many tokens may stand in a row, with those around them, before something ends: each may be a level of nesting to
/// the parser.
const MAX_COST: usize = 2_000;
/// What a pair of brackets counts for, and a `<` or `&`, as the parser calls itself many times for these.
const GROUP_COST: usize = 8;
const TYPE_COST: usize = 4;

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
    let file: syn::File = match syn::parse2(tokens) {
        Ok(file) => file,
        Err(error) => return Module::unread(place.of(error.span()), "this is not valid Rust"),
    };
    let mut outline = Outline { paths: Paths::of(source.path), ..Outline::default() };
    outline.visit_file(&file);
    let mut reader = Reader {
        place,
        outline: &outline,
        inside: Vec::new(),
        depth: 0,
        buried: Vec::new(),
        module: Module::default(),
    };
    reader.visit_file(&file);
    let (mut module, buried) = (reader.module, reader.buried);
    doubt(&mut module, &buried);
    module.is_placed = true;
    module.elsewhere = outline.paths.elsewhere();
    module.written.extend(outline.written(place));
    imports::take(&outline.paths, &mut module);
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

/// What the names of a file mean.
#[derive(Default)]
struct Outline {
    paths: Paths,
    /// The file's own types.
    types: HashSet<String>,
    /// Types whose `Serialize` is written by hand, as they are written, with the modules around and where.
    by_hand: HashMap<String, (String, Vec<String>, Span)>,
    /// What the fields of the file's structs are called on the wire, by type and name.
    wire: HashMap<(String, String), String>,
    /// Names that stand for any type somewhere.
    variables: HashSet<String>,
    /// Macros of this file.
    macros: HashSet<String>,
    /// Those of them that make no types.
    harmless: HashSet<String>,
}

impl<'ast> Visit<'ast> for Outline {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(item_attrs(item)) {
            return;
        }
        match item {
            syn::Item::Struct(item) => {
                let name = item.ident.unraw().to_string();
                self.wire.extend(shapes::wire_names(item).into_iter().map(|(own, wire)| ((name.clone(), own), wire)));
                self.types.insert(name);
            }
            syn::Item::Enum(item) => drop(self.types.insert(item.ident.unraw().to_string())),
            syn::Item::Type(item) => drop(self.types.insert(item.ident.unraw().to_string())),
            syn::Item::Use(item) => self.paths.import(item),
            syn::Item::ExternCrate(item) => self.paths.rename(item),
            syn::Item::Impl(item) => self.implementation(item),
            syn::Item::Macro(syn::ItemMacro { ident: Some(ident), mac, .. }) => {
                self.macros.insert(ident.to_string());
                if !makes_types(&mac.tokens) {
                    self.harmless.insert(ident.to_string());
                }
            }
            syn::Item::Mod(item) => {
                if item.content.is_none() {
                    self.paths.declare(item);
                }
                self.paths.enter(&item.ident);
                visit::visit_item_mod(self, item);
                self.paths.leave();
                return;
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_type_param(&mut self, param: &'ast syn::TypeParam) {
        self.variables.insert(param.ident.unraw().to_string());
        visit::visit_type_param(self, param);
    }
}

impl Outline {
    /// The types of other files whose `Serialize` is written by hand here.
    fn written(&self, place: Place) -> Vec<Written> {
        let mut others: Vec<_> = self.by_hand.iter().filter(|(name, _)| !self.types.contains(*name)).collect();
        others.sort_by_key(|(name, _)| *name);
        let written = |(_, (written, inside, span)): (&String, &(String, Vec<String>, Span))| Written {
            name: self.paths.name(written, inside),
            at: place.of(*span),
            reason: "`Serialize` is written by hand here; derive it".to_owned(),
            kind: Kind::Unknown,
        };
        others.into_iter().map(written).collect()
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let of_serde = |(path, _): &(syn::Path, _)| path.segments.last().is_some_and(|last| last.ident == "Serialize");
        if item.trait_.as_ref().is_some_and(of_serde)
            && let syn::Type::Path(own) = &*item.self_ty
            && let Some(last) = own.path.segments.last()
        {
            let place = (dotted(&own.path), self.paths.inside(), last.ident.span());
            self.by_hand.insert(last.ident.unraw().to_string(), place);
        }
    }
}

/// Whether tokens of a macro have a word that begins a type.
fn makes_types(tokens: &TokenStream) -> bool {
    let mut rest = vec![tokens.clone()];
    while let Some(tokens) = rest.pop() {
        for token in tokens {
            match token {
                TokenTree::Group(group) => rest.push(group.stream()),
                TokenTree::Ident(word) if word == "struct" || word == "enum" || word == "type" => return true,
                _ => {}
            }
        }
    }
    false
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
                self.define(&item.ident, shape);
            }
            syn::Item::Enum(item) => {
                let types = self.types(&item.ident, &item.generics, &item.attrs);
                let shape = types.enumeration(item);
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
            syn::Item::Macro(syn::ItemMacro { ident: None, mac, .. }) => self.invocation(mac),
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
}

impl<'o> Reader<'o> {
    fn types(&self, own: &syn::Ident, generics: &syn::Generics, attrs: &[syn::Attribute]) -> Types<'o> {
        Types {
            place: self.place,
            outline: self.outline,
            own: own.unraw().to_string(),
            condition: attrs::condition(attrs),
            inside: self.inside.clone(),
            variables: generics.type_params().map(|param| param.ident.to_string()).collect(),
        }
    }

    fn define(&mut self, name: &syn::Ident, shape: Shape) {
        let at = self.place.of(name.span());
        if self.depth > 0 {
            self.buried.push(self.module.definitions.len());
        }
        self.module.definitions.push(Definition { name: name.unraw().to_string(), at, shape, case: None });
    }

    /// A macro among items may make types.
    fn invocation(&mut self, mac: &syn::Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        let known = [
            "assert_eq_align",
            "assert_eq_size",
            "assert_impl_all",
            "compile_error",
            "const_assert",
            "const_assert_eq",
            "criterion_group",
            "criterion_main",
            "global_asm",
            "lazy_static",
            "proptest",
            "thread_local",
        ];
        if known.contains(&name.as_str()) || self.outline.harmless.contains(&name) {
            return;
        }
        let at = self.place.of(mac.path.segments.first().map_or_else(Span::call_site, |first| first.ident.span()));
        self.module.unread.push(Unread::new(at, "this macro may make types; write them down"));
    }
}
