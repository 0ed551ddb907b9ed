//! The literals of `json!` and `doc!` that say their type, and the objects of patches.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Expr, ExprMethodCall, ExprPath, Macro};

use super::super::dotted;
use super::super::json::{Entry, Json, Key};
use super::{MAX_MACROS, Reader, is_end, receiver};
use crate::drift::path::{FieldPath, Segment};
use crate::drift::shape::Form;

/// How long a key of a literal is.
const MAX_KEY: usize = 512;
/// How deep literals nest.
const MAX_DEPTH: usize = 48;

const KEY: &str = "this key is computed; write it as a string";
pub(super) const PATCH: &str = "the object of this patch is computed; write its keys down";
pub(super) const PATCH_HANDED_ON: &str =
    "a patch is handed on, and what it writes then is not known: call it by its name";

impl Reader<'_> {
    /// The literal of `json!`, `doc!` and the like.
    pub(super) fn json_of(&self, mac: &Macro) -> Option<Json> {
        if self.is_macro(mac, &["doc"]) {
            return Some(Json::of_entries(mac.tokens.clone()));
        }
        self.is_macro(mac, &["bson", "json"]).then(|| Json::of(mac.tokens.clone()))
    }

    /// A literal with the strings that constants are.
    pub(super) fn resolved(&self, json: Json) -> Json {
        let text = |code: &TokenStream| self.string(&syn::parse2::<Expr>(code.clone()).ok()?);
        match json {
            Json::Value(code) => text(&code).map_or(Json::Value(code), Json::Text),
            Json::Text(text) => Json::Text(text),
            Json::Array(items) => Json::Array(items.into_iter().map(|item| self.resolved(item)).collect()),
            Json::Object(entries) => {
                let entry = |entry: Entry| {
                    let key = match entry.key {
                        Key::Value(code) => text(&code).map_or(Key::Value(code), Key::Text),
                        key @ Key::Text(_) => key,
                    };
                    Entry { key, at: entry.at, value: self.resolved(entry.value) }
                };
                Json::Object(entries.into_iter().map(entry).collect())
            }
        }
    }

    /// The expressions in a literal.
    pub(super) fn values(&mut self, json: &Json) {
        match json {
            Json::Value(code) => self.code(code),
            Json::Text(_) => {}
            Json::Array(items) => items.iter().for_each(|item| self.values(item)),
            Json::Object(entries) => {
                for entry in entries {
                    if let Key::Value(code) = &entry.key {
                        self.code(code);
                    }
                    self.values(&entry.value);
                }
            }
        }
    }

    fn code(&mut self, code: &TokenStream) {
        match syn::parse2::<Expr>(code.clone()) {
            Ok(expr) if self.macros < MAX_MACROS => {
                self.macros += 1;
                self.visit_expr(&expr);
                self.macros -= 1;
            }
            _ => self.opaque(code.clone()),
        }
    }

    /// The name of a method that a path leads to: `Doc::set`, and not `cache::set`, which is a function of a module.
    pub(super) fn is_method(&self, path: &ExprPath) -> Option<String> {
        let written = dotted(&path.path);
        let is_type = |full: &[String]| match full {
            [.., ty, _] => ty.starts_with(char::is_uppercase) || self.outline.types.contains(ty),
            _ => false,
        };
        let of_type = || self.outline.paths.meanings(&written, &[]).iter().any(|full| is_type(full));
        let last = path.path.segments.last()?.ident.unraw().to_string();
        let is_method = self.sites.patches_named(&last).next().is_some() && (path.qself.is_some() || of_type());
        is_method.then_some(last)
    }

    /// Whether a method is a patch, by its name alone or by that of its receiver as well.
    fn is_patch(&self, method: &str, of: &Expr) -> bool {
        let mut patches = self.sites.patches_named(method);
        patches.any(|(name, known)| {
            let written = || receiver(of).map(|receiver| format!("{receiver}.{method}"));
            known.is_none() || written().is_some_and(|written| is_end(&written, name))
        })
    }

    /// `doc.set(…)`
    pub(super) fn patch_by_method(&mut self, call: &ExprMethodCall) {
        if self.is_patch(&call.method.unraw().to_string(), &call.receiver) {
            call.args.iter().for_each(|argument| self.patch(argument));
        }
    }

    /// `Doc::set(&mut doc, …)`
    pub(super) fn patch_by_path(&mut self, path: &ExprPath, args: &[&Expr]) {
        let (Some(method), Some((of, args))) = (self.is_method(path), args.split_first()) else { return };
        self.calls(&method, of);
        if self.is_patch(&method, of) {
            args.iter().for_each(|argument| self.patch(argument));
        }
    }

    fn patch(&mut self, argument: &Expr) {
        match argument {
            Expr::Lit(_) => {}
            Expr::Reference(inner) => self.patch(&inner.expr),
            Expr::Paren(inner) => self.patch(&inner.expr),
            Expr::Group(inner) => self.patch(&inner.expr),
            Expr::Macro(inner) => match self.json_of(&inner.mac).map(|json| self.resolved(json)) {
                Some(Json::Object(entries)) => self.keys(&entries),
                Some(Json::Array(items)) => items.iter().for_each(|item| match item {
                    Json::Text(path) => self.site(Form::Patch, None, path.clone(), self.place.of(inner.span())),
                    _ => self.unread(inner.span(), PATCH),
                }),
                Some(Json::Text(_)) => {}
                Some(Json::Value(_)) => self.unread(inner.span(), PATCH),
                None => self.listed(argument),
            },
            other => self.listed(other),
        }
    }

    /// A list of paths, or of pairs that begin with one.
    fn listed(&mut self, list: &Expr) {
        self.pairs(Form::Patch, list, |reader, pair| {
            if let Some(key) = pair.first() {
                reader.path(Form::Patch, key);
            }
        });
    }

    fn keys(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry.key() {
                Some(path) => self.site(Form::Patch, None, path.clone(), self.place.of(entry.at)),
                None => self.unread(entry.at, KEY),
            }
        }
    }

    /// The objects of a literal that say their type, and the patches in it.
    pub(super) fn json(&mut self, json: &Json) {
        match json {
            Json::Object(entries) => {
                match self.tag(entries) {
                    Some(tag) => match &tag.value {
                        Json::Text(ty) => self.typed(ty, None, entries),
                        _ => self.unread(tag.at, "the type of this literal is computed; write it as a string"),
                    },
                    None => self.untyped(entries),
                }
                for entry in entries {
                    match (entry.key(), &entry.value) {
                        (Some(key), Json::Object(inner)) if self.sites.patches.contains(key) => self.keys(inner),
                        (_, value) => self.json(value),
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.json(item)),
            Json::Text(_) | Json::Value(_) => {}
        }
    }

    /// A key that is computed may be the one that says the type of what stands beside it.
    fn untyped(&mut self, entries: &[Entry]) {
        let has_fields = !self.sites.discriminators.is_empty() && entries.iter().any(|entry| entry.key().is_some());
        for entry in entries.iter().filter(|entry| has_fields && entry.key().is_none()) {
            self.unread(
                entry.at,
                "this key is computed, and may say a type for the keys beside it; write it as a string",
            );
        }
    }

    fn tag<'e>(&self, entries: &'e [Entry]) -> Option<&'e Entry> {
        let is_tag = |entry: &&Entry| entry.key().is_some_and(|key| self.sites.discriminators.contains(key));
        entries.iter().find(is_tag)
    }

    fn typed(&mut self, ty: &str, path: Option<&FieldPath>, entries: &[Entry]) {
        for entry in entries {
            let Some(key) = entry.key() else {
                self.unread(entry.at, KEY);
                continue;
            };
            if self.sites.discriminators.contains(key) {
                continue;
            }
            if key.len() > MAX_KEY || path.is_some_and(|path| path.depth() > MAX_DEPTH) {
                self.unread(entry.at, "this literal is nested too deep, or its key is too long");
                continue;
            }
            let below = path.map_or_else(|| FieldPath::of(key), |path| path.member(key));
            self.value(ty, &below, entry.at, &entry.value);
        }
    }

    fn value(&mut self, ty: &str, path: &FieldPath, at: Span, value: &Json) {
        match value {
            Json::Object(entries) if !entries.is_empty() && self.tag(entries).is_none() => {
                self.typed(ty, Some(path), entries);
            }
            Json::Array(items) if !items.is_empty() => {
                let each = path.then(Segment::Each);
                let parts = items.iter().filter(|item| matches!(item, Json::Object(_) | Json::Array(_)));
                let first = items.iter().find(|item| matches!(item, Json::Text(_) | Json::Value(_)));
                parts.chain(first).for_each(|item| self.value(ty, &each, at, item));
            }
            _ => self.site(Form::Literal, Some(ty), path.to_string(), self.place.of(at)),
        }
    }
}
