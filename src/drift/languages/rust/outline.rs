//! What the names of a file mean.

use std::collections::{BTreeMap, HashMap, HashSet};

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};

use super::imports::Paths;
use super::macros::Macros;
use super::types::needs_no_import;
use super::words::Words;
use super::{Place, attrs, dotted, expand, imports, is_for_tests, item_attrs, macros, shapes};
use crate::drift::shape::{Kind, Unread, Written};

/// Why a type is unread that code writes out.
pub(super) const BY_HAND: &str = "`Serialize` is written by hand here; derive it";

/// What the names of a file mean.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) paths: Paths,
    /// The file's own types, and those of them that are other names of some.
    pub(super) types: HashSet<String>,
    aliases: HashSet<String>,
    /// What implements a trait, in the order of the file.
    implementations: Vec<Implementation>,
    /// The last names of types whose `Serialize` is written by hand.
    pub(super) by_hand: HashSet<String>,
    /// What the fields of the file's structs are called on the wire, by type and name.
    pub(super) wire: HashMap<(String, String), String>,
    /// Names that stand for any type somewhere.
    pub(super) variables: HashSet<String>,
    /// Names that need no import, with where they stand: types, macros that are derived, and others.
    assumed: BTreeMap<String, Vec<Span>>,
    derived: BTreeMap<String, Vec<Span>>,
    called: BTreeMap<String, Vec<Span>>,
    pub(super) macros: Macros,
    /// The names by which this file knows `Serialize`, and of what it has to do.
    pub(super) writes: HashSet<String>,
}

/// `impl Trait for Type`
struct Implementation {
    of: String,
    /// It has what `Serialize` asks for, or a macro that may make it.
    may_serialize: bool,
    types: Types,
    /// The modules around.
    inside: Vec<String>,
}

/// The paths in a type, and whether a macro makes a part of it.
#[derive(Default)]
struct Types {
    names: Vec<(String, Span)>,
    made: Option<(Span, &'static str)>,
}

impl<'ast> Visit<'ast> for Types {
    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        let span = path.path.segments.last().map_or_else(Span::call_site, |last| last.ident.span());
        self.names.push((dotted(&path.path), span));
        if path.qself.is_some() {
            self.made = Some((span, "which type this is another one decides; write the type itself"));
        }
        visit::visit_type_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let first = mac.path.segments.first();
        self.made = first.map(|first| (first.ident.span(), "a macro makes this type; write the type itself"));
    }
}

/// Takes in what the fields of structs are called on the wire.
struct Wires<'p> {
    paths: &'p Paths,
    names: HashMap<(String, String), String>,
}

impl<'ast> Visit<'ast> for Wires<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(item_attrs(item)) {
            return;
        }
        if let syn::Item::Struct(item) = item {
            let names = shapes::wire_names(item, self.paths).into_iter();
            self.names.extend(names.map(|(own, wire)| ((item.ident.unraw().to_string(), own), wire)));
        }
        visit::visit_item(self, item);
    }
}

impl<'ast> Visit<'ast> for Outline {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(item_attrs(item)) {
            return;
        }
        match item {
            syn::Item::Struct(item) => {
                self.types.insert(item.ident.unraw().to_string());
            }
            syn::Item::Enum(item) => drop(self.types.insert(item.ident.unraw().to_string())),
            syn::Item::Type(item) => {
                self.aliases.insert(item.ident.unraw().to_string());
                self.types.insert(item.ident.unraw().to_string());
            }
            syn::Item::Use(item) => self.paths.import(item),
            syn::Item::ExternCrate(item) => self.paths.rename(item),
            syn::Item::Impl(item) => self.implementation(item),
            syn::Item::Macro(syn::ItemMacro { ident: Some(ident), mac, .. }) => {
                self.macros.put(ident, &mac.tokens);
                // Where it is called nobody knows.
                self.paths.scopes.enter(0..0);
                self.given(mac);
                self.paths.scopes.leave();
            }
            syn::Item::Macro(item) if expand::is_named(&item.mac, expand::FLAGS) => {
                let flags = expand::flags(&item.mac).into_iter().flatten();
                self.types.extend(flags.map(|name| name.unraw().to_string()));
            }
            syn::Item::Macro(item) => self.given(&item.mac),
            syn::Item::Mod(item) => {
                if item.content.is_none() {
                    self.paths.declare(item);
                }
                let range = item.content.as_ref().map(|(brace, _)| brace.span.join().byte_range());
                self.paths.enter(&item.ident, range);
                visit::visit_item_mod(self, item);
                self.paths.leave();
                return;
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        let bare = path.path.segments.first().filter(|_| path.path.segments.len() == 1).map(|only| &only.ident);
        if let Some(name) = bare.filter(|name| needs_no_import(&name.to_string())) {
            self.assumed.entry(name.to_string()).or_default().push(name.span());
        }
        visit::visit_type_path(self, path);
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.paths.scopes.enter(block.brace_token.span.join().byte_range());
        visit::visit_block(self, block);
        self.paths.scopes.leave();
    }

    fn visit_stmt_macro(&mut self, item: &'ast syn::StmtMacro) {
        if !macros::is_quoted(&item.mac) {
            self.given(&item.mac);
        }
        visit::visit_stmt_macro(self, item);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let Some(first) = mac.path.segments.first().map(|first| first.ident.span()) else { return };
        let inner = Words::of(&mac.tokens).calls.into_keys().filter(|_| !macros::is_quoted(mac));
        for name in inner.chain([dotted(&mac.path)]).filter(|name| macros::is_listed(name)) {
            self.called.entry(name).or_default().push(first);
        }
    }

    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        for derived in attrs::derived(attr) {
            if let Some(name) = derived.get_ident() {
                self.derived.entry(name.unraw().to_string()).or_default().push(name.span());
            }
        }
    }

    fn visit_type_param(&mut self, param: &'ast syn::TypeParam) {
        self.variables.insert(param.ident.unraw().to_string());
        visit::visit_type_param(self, param);
    }
}

impl Outline {
    pub(super) fn of(path: &bstr::BStr, file: &syn::File) -> Self {
        let mut outline = Self { paths: Paths::of(path), ..Self::default() };
        outline.visit_file(file);
        outline.paths.settle();
        outline.writes = outline.paths.names_of("Serialize");
        outline.writes.extend(["Serialize", "serialize"].map(str::to_owned));
        outline.macros.settle(&outline.paths, &outline.writes);
        let mut wires = Wires { paths: &outline.paths, names: HashMap::new() };
        wires.visit_file(file);
        outline.wire = wires.names;
        let (paths, writes) = (&outline.paths, &outline.writes);
        outline.implementations.retain(|one| {
            let last = one.of.rsplit('.').next().unwrap_or_default();
            let meant = paths.meanings(&one.of, &[]);
            one.may_serialize
                || writes.contains(last)
                || meant.iter().any(|full| full.last().is_some_and(|last| last == "Serialize"))
        });
        let names = outline.implementations.iter().flat_map(|one| &one.types.names);
        outline.by_hand = names.filter_map(|(name, _)| Some(name.rsplit('.').next()?.to_owned())).collect();
        outline
    }

    /// What a macro is given may import names.
    fn given(&mut self, mac: &syn::Macro) {
        imports::given(&mac.tokens).iter().for_each(|item| self.paths.import(item));
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let Some((of, _)) = &item.trait_ else { return };
        let may_serialize = item.items.iter().any(|item| match item {
            syn::ImplItem::Fn(method) => method.sig.ident.unraw() == "serialize",
            syn::ImplItem::Macro(_) => true,
            _ => false,
        });
        let mut types = Types::default();
        types.visit_type(&item.self_ty);
        let inside = self.paths.inside();
        self.implementations.push(Implementation { of: dotted(of), may_serialize, types, inside });
    }

    /// The types of other files whose `Serialize` is written by hand here, and those of this file by other names.
    pub(super) fn written(&self, place: Place) -> Vec<Written> {
        let is_told_there = |name: &String| self.types.contains(name) && !self.aliases.contains(name);
        let of = |one: &Implementation, (name, span): &(String, Span)| Written {
            name: self.paths.name(name, &one.inside),
            at: place.of(*span),
            reason: BY_HAND.to_owned(),
            kind: Kind::Unknown,
        };
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for one in &self.implementations {
            let others = one.types.names.iter().filter(|(name, _)| !is_told_there(name));
            let others = others.map(|other| of(one, other));
            found.extend(others.filter(|other| seen.insert(other.name.clone())));
        }
        found
    }

    /// The names of the prelude, of serde's macro and of well-known ones that a star import may give to something else.
    pub(super) fn assumed(&self, place: Place) -> BTreeMap<String, u32> {
        let mut found = BTreeMap::new();
        let types = self.assumed.iter().filter(|(name, _)| !self.types.contains(*name));
        let derived = self.derived.iter().filter(|(name, _)| self.writes.contains(*name));
        let called = self.called.iter().filter(|(name, _)| !self.macros.is_own(name));
        for (name, spans) in types.chain(derived).chain(called.clone()) {
            for span in spans {
                let doubts = self.paths.doubts(name, span.byte_range().start);
                for doubt in doubts {
                    found.entry(doubt).or_insert_with(|| place.of(*span));
                }
            }
        }
        for (name, spans) in called {
            let doubts = self.paths.macro_uses(name).into_iter().zip(spans.first().into_iter().cycle());
            found.extend(doubts.map(|(name, span)| (name, place.of(*span))));
        }
        found
    }

    /// Where a macro says what is written out.
    pub(super) fn made(&self, place: Place) -> impl Iterator<Item = Unread> {
        let made = self.implementations.iter().filter_map(|one| one.types.made);
        made.map(move |(span, reason)| Unread::new(place.of(span), reason))
    }
}
