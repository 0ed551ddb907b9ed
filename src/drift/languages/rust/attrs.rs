//! What serde's attributes say.

use std::collections::BTreeSet;
use std::rc::Rc;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Lit, LitStr, Meta, MetaList, Token};

use super::Place;
use super::imports::Paths;
use crate::drift::shape::{Case, Unread};

/// The attributes of a type, a variant or a field.
#[derive(Default)]
pub(super) struct Attrs {
    /// The name that is written, and where it stands.
    pub(super) rename: Option<(String, u32)>,
    pub(super) rename_all: Option<Case>,
    pub(super) rename_all_fields: Option<Case>,
    pub(super) flatten: bool,
    pub(super) skip: bool,
    /// Code decides how the value is written.
    pub(super) with: bool,
    pub(super) tag: Option<(String, u32)>,
    pub(super) content: Option<(String, u32)>,
    pub(super) untagged: bool,
    pub(super) transparent: bool,
    /// The type that is written instead.
    pub(super) into: Option<LitStr>,
    /// `Serialize_repr`: a number.
    pub(super) is_number: bool,
    pub(super) unread: Vec<Unread>,
}

/// Whether a path is that of serde as a package has it.
fn is_serde(path: &str) -> bool {
    let path = path.trim_start_matches("::");
    let is_own = ["crate", "self", "super"].iter().any(|own| path.split("::").next() == Some(own));
    !is_own && path.rsplit("::").next() == Some("serde")
}

/// The paths that the name of a macro may stand for; none where these are too many.
fn meant(path: &syn::Path, paths: &Paths) -> Vec<Vec<String>> {
    let mut meanings = paths.meanings(&super::dotted(path), &[]);
    let head = path.segments.first().map(|head| (head.ident.unraw().to_string(), head.ident.span().byte_range().start));
    // What no `use` around gives.
    if head.is_some_and(|(head, at)| !meanings.is_empty() && paths.hidden(&head, at).is_some()) {
        meanings.push(path.segments.iter().map(|part| part.ident.unraw().to_string()).collect());
    }
    meanings
}

/// Whether a macro may be called so where it comes from.
fn may_be(path: &syn::Path, paths: &Paths, is_it: impl Fn(&str) -> bool) -> bool {
    meant(path, paths).iter().filter_map(|full| full.last()).any(|last| is_it(last))
}

/// Whether a type derives a macro that is named like serde's and is not, or an unknown one in its place.
pub(super) fn is_foreign(attrs: &[Attribute], paths: &Paths) -> bool {
    let derives = derives(attrs);
    let names: Vec<&syn::Path> = derives.iter().flat_map(|(names, _)| names).map(Meta::path).collect();
    if names.iter().any(|path| meant(path, paths).is_empty()) {
        return true;
    }
    let of_serde = |last: &str| last.starts_with("Serialize") || last.starts_with("Deserialize");
    let mut serde = names.iter().filter(|path| may_be(path, paths, of_serde)).peekable();
    if serde.peek().is_some() {
        return serde.any(|path| !paths.is_of_serde(&meant(path, paths)));
    }
    // A name of its own that says what it does: `MySer`, `WireEncode`.
    let writes = |last: &str| ["Ser", "Serialize", "Encode", "Wire"].iter().any(|word| last.ends_with(word));
    names.iter().any(|path| may_be(path, paths, writes))
}

/// Whether a type derives serde's `Serialize` whatever is built.
pub(super) fn is_sealed(attrs: &[Attribute], paths: &Paths) -> bool {
    let always = derives(attrs).into_iter().filter(|(_, when)| when.is_empty());
    let is_serialize = |path: &syn::Path| {
        let meanings = meant(path, paths);
        paths.is_of_serde(&meanings) && meanings.iter().all(|full| full.last().is_some_and(|last| last == "Serialize"))
    };
    always.flat_map(|(names, _)| names).any(|one| is_serialize(one.path())) && !is_foreign(attrs, paths)
}

type List = Punctuated<Meta, Token![,]>;

/// The longest condition, with those around it: each attribute that it holds for is told by it.
const MAX_CONDITION: usize = 4_096;

/// What `cfg_attr` is given: a condition, and the attributes that are there where it holds.
struct Conditional {
    condition: String,
    metas: List,
}

impl Parse for Conditional {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut condition = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            condition.extend([input.parse::<TokenTree>()?]);
        }
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { condition: condition.to_string(), metas: List::parse_terminated(input)? })
    }
}

/// The attributes that are lists, each with the conditions that `cfg_attr` puts before it. One of these that cannot be read
/// stands for itself.
fn lists(attrs: &[Attribute]) -> Vec<(MetaList, Rc<str>)> {
    let mut found = Vec::new();
    let mut rest: Vec<(Meta, Rc<str>)> = attrs.iter().rev().map(|attr| (attr.meta.clone(), "".into())).collect();
    while let Some((meta, when)) = rest.pop() {
        let Meta::List(list) = meta else { continue };
        match within(&list, &when) {
            Some((metas, when)) => rest.extend(metas.into_iter().rev().map(|meta| (meta, Rc::clone(&when)))),
            None => found.push((list, when)),
        }
    }
    found
}

/// What a type derives, with the conditions of each list.
fn derives(attrs: &[Attribute]) -> Vec<(List, Rc<str>)> {
    let derives = lists(attrs).into_iter().filter(|(list, _)| list.path.is_ident("derive"));
    derives.map(|(list, when)| (list.parse_args_with(List::parse_terminated).unwrap_or_default(), when)).collect()
}

/// The macros that an attribute derives.
pub(super) fn derived(attr: &Attribute) -> Vec<syn::Path> {
    let all = derives(std::slice::from_ref(attr)).into_iter().flat_map(|(names, _)| names);
    all.map(|one| one.path().clone()).collect()
}

/// What a `cfg_attr` brings in, with the conditions around and its own; `None` for others, and for one without any sense.
fn within(list: &MetaList, when: &str) -> Option<(List, Rc<str>)> {
    let inner = list.path.is_ident("cfg_attr").then(|| list.parse_args::<Conditional>().ok()).flatten()?;
    let when = format!("{when}({})", inner.condition);
    (when.len() <= MAX_CONDITION).then(|| (inner.metas, when.into()))
}

/// The condition that a type derives serde's `Serialize` under: attributes that hold under the same one always hold where
/// the type is written. Empty where it always does, or is not known to.
pub(super) fn condition(attrs: &[Attribute], paths: &Paths) -> Rc<str> {
    let is_serialize = |one: &Meta| may_be(one.path(), paths, |last| last == "Serialize");
    let derives = derives(attrs).into_iter().filter(|(names, _)| names.iter().any(is_serialize));
    let mut conditions: BTreeSet<Rc<str>> = derives.map(|(_, when)| when).collect();
    let one = conditions.pop_first().filter(|_| conditions.is_empty());
    one.unwrap_or_else(|| "".into())
}

/// Whether an option of serde says how a value is read, or when it is left out, and not what fields are written.
fn is_for_reading(option: &Meta) -> bool {
    let options = [
        "alias",
        "borrow",
        "bound",
        "default",
        "deny_unknown_fields",
        "deserialize_with",
        "expecting",
        "from",
        "skip_deserializing",
        "skip_serializing_if",
        "try_from",
    ];
    options.iter().any(|name| option.path().is_ident(name))
}

impl Attrs {
    /// Reads attributes of a type that is written under a condition ([`condition`]), or of its parts.
    pub(super) fn of(attrs: &[Attribute], place: Place, condition: &str, paths: &Paths) -> Self {
        let mut read = Self::default();
        for (list, when) in lists(attrs) {
            let is = |name: &str| list.path.segments.last().is_some_and(|last| last.ident == name);
            let inner = || list.parse_args_with(List::parse_terminated);
            if list.path.is_ident("cfg_attr") {
                read.refuse(place.of(list.span()), "this attribute cannot be read");
            } else if !when.is_empty()
                && list.path.is_ident("serde")
                && inner().is_ok_and(|all| all.iter().all(is_for_reading))
            {
                // What is written is the same in all builds.
            } else if (list.path.is_ident("serde") || is("serde_as")) && !when.is_empty() && *when != *condition {
                let reason = "this attribute is there in some builds only, and the type is written in others too";
                read.refuse(place.of(list.span()), reason);
            } else if list.path.is_ident("serde") {
                // One of a tool (`#[rustfmt::serde(skip)]`) says nothing to serde.
                match inner() {
                    Ok(list) => list.iter().for_each(|meta| read.serde(meta, place)),
                    Err(error) => read.refuse(place.of(error.span()), "this attribute of serde cannot be read"),
                }
            } else if is("derive") {
                let mut derives = inner().into_iter().flatten();
                read.is_number |= derives.any(|one| may_be(one.path(), paths, |last| last == "Serialize_repr"));
            } else if is("serde_as") {
                // serde_with: `#[serde_as(as = "…")]`
                read.with = true;
            }
        }
        read
    }

    fn refuse(&mut self, at: u32, reason: &str) {
        self.unread.push(Unread::new(at, reason));
    }

    fn serde(&mut self, meta: &Meta, place: Place) {
        let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "rename" => self.rename = self.written(meta, place).map(|text| (text.value(), place.of(text.span()))),
            "rename_all" => self.rename_all = self.rule(meta, place),
            "rename_all_fields" => self.rename_all_fields = self.rule(meta, place),
            "tag" => self.tag = self.written(meta, place).map(|text| (text.value(), place.of(text.span()))),
            "content" => self.content = self.written(meta, place).map(|text| (text.value(), place.of(text.span()))),
            "into" => self.into = self.written(meta, place),
            "flatten" => self.flatten = true,
            "skip" | "skip_serializing" => self.skip = true,
            "with" | "serialize_with" => self.with = true,
            "untagged" => self.untagged = true,
            "transparent" => self.transparent = true,
            "crate" => {
                let path = self.written(meta, place).map(|text| (text.value(), text.span()));
                if let Some((path, span)) = path.filter(|(path, _)| !is_serde(path)) {
                    let reason = format!("`{}` may be another serde", crate::escape::excerpt(&path));
                    self.refuse(place.of(span), &reason);
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, meta: &Meta, place: Place) -> Option<Case> {
        let text = self.written(meta, place)?;
        let case = Case::named(&text.value());
        if case.is_none() {
            self.refuse(place.of(text.span()), "serde has no such rule of spelling");
        }
        case
    }

    /// The text that holds for writing: `rename = "a"`, `rename(serialize = "a", deserialize = "b")`.
    fn written(&mut self, meta: &Meta, place: Place) -> Option<LitStr> {
        let value = match meta {
            Meta::NameValue(pair) => Some(pair.value.clone()),
            Meta::List(list) => {
                let pairs = list.parse_args_with(List::parse_terminated).unwrap_or_default();
                pairs.into_iter().find_map(|pair| match pair {
                    Meta::NameValue(pair) if pair.path.is_ident("serialize") => Some(pair.value),
                    _ => None,
                })
            }
            Meta::Path(_) => None,
        };
        match value {
            Some(Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. })) => Some(text),
            // Only the name for reading is another one.
            None if matches!(meta, Meta::List(_)) => None,
            other => {
                let span: Span = other.map_or_else(|| meta.path().span(), |value| value.span());
                self.refuse(place.of(span), "serde takes a string here");
                None
            }
        }
    }
}
