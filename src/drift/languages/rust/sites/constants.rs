//! The strings that constants of a file stand for.

use std::collections::{HashMap, HashSet};

use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Lit, Macro, Token};

use super::super::{Outline, Place, dotted, is_for_tests, item_attrs};

/// How long a constant is.
const MAX_CONSTANT: usize = 4096;

/// How many modules of a file are asked for a name.
const MAX_GLOBS: usize = 16;

/// Methods that make the same text of a text.
const SAME: [&str; 5] = ["to_string", "to_owned", "into", "as_str", "clone"];

/// What stands around code.
#[derive(Default)]
pub(super) struct Scope {
    modules: Vec<String>,
    /// The functions, by their places: what they declare nobody else sees.
    functions: Vec<u32>,
    /// The types that the code is an `impl` of; nothing in a trait.
    pub(super) own: Vec<String>,
}

/// What of an item changes what stands around.
pub(super) enum Level {
    Module,
    Function,
    Type,
}

impl Scope {
    pub(super) fn enter(&mut self, item: &syn::Item, place: Place) -> Option<Level> {
        match item {
            syn::Item::Mod(module) => self.modules.push(module.ident.unraw().to_string()),
            syn::Item::Fn(function) => return Some(self.function(&function.sig, place)),
            syn::Item::Impl(item) => {
                let own = match &*item.self_ty {
                    syn::Type::Path(path) => dotted(&path.path),
                    _ => String::new(),
                };
                self.own.push(own);
            }
            syn::Item::Trait(_) => self.own.push(String::new()),
            _ => return None,
        }
        Some(if matches!(item, syn::Item::Mod(_)) { Level::Module } else { Level::Type })
    }

    pub(super) fn function(&mut self, signature: &syn::Signature, place: Place) -> Level {
        self.functions.push(place.of(signature.ident.span()));
        Level::Function
    }

    pub(super) fn leave(&mut self, level: &Level) {
        match level {
            Level::Module => drop(self.modules.pop()),
            Level::Function => _ = self.functions.pop(),
            Level::Type => drop(self.own.pop()),
        }
    }
}

/// The strings that constants of this file are.
pub(super) struct Constants<'o> {
    outline: &'o Outline,
    place: Place,
    /// By their paths; `None` where two have one, and where it is no string.
    texts: HashMap<String, Option<String>>,
    /// Names of variables.
    hidden: HashSet<String>,
    /// The modules of this file of which all names are imported; `None` where those of others are.
    globs: Option<Vec<String>>,
    scope: Scope,
}

impl<'ast> Visit<'ast> for Constants<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(item_attrs(item)) {
            return;
        }
        match item {
            syn::Item::Const(item) => self.put(&item.ident, Some(&item.expr), false),
            syn::Item::Static(item) => {
                let is_fixed = matches!(item.mutability, syn::StaticMutability::None);
                self.put(&item.ident, Some(&*item.expr).filter(|_| is_fixed), false);
            }
            _ => {}
        }
        let level = self.scope.enter(item, self.place);
        visit::visit_item(self, item);
        level.iter().for_each(|level| self.scope.leave(level));
    }

    fn visit_impl_item_fn(&mut self, method: &'ast syn::ImplItemFn) {
        let level = self.scope.function(&method.sig, self.place);
        visit::visit_impl_item_fn(self, method);
        self.scope.leave(&level);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.put(&item.ident, Some(&item.expr), true);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.hidden.insert(pattern.ident.unraw().to_string());
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_const_param(&mut self, param: &'ast syn::ConstParam) {
        self.hidden.insert(param.ident.unraw().to_string());
    }
}

impl<'o> Constants<'o> {
    pub(super) fn of(outline: &'o Outline, place: Place, file: &syn::File) -> Self {
        let globs = outline.paths.own_globs().filter(|globs| globs.len() <= MAX_GLOBS);
        let mut found = Self { globs, ..Self::none(outline, place) };
        found.visit_file(file);
        found
    }

    fn none(outline: &'o Outline, place: Place) -> Self {
        let (texts, hidden, scope) = (HashMap::new(), HashSet::new(), Scope::default());
        Self { outline, place, texts, hidden, globs: None, scope }
    }

    fn put(&mut self, name: &syn::Ident, value: Option<&Expr>, is_of_type: bool) {
        let none = Self::none(self.outline, self.place);
        let text = value.and_then(|value| none.string(value, &none.scope));
        let name = name.unraw().to_string();
        let path = match self.scope.own.last().filter(|_| is_of_type) {
            Some(own) => self.path(&self.scope, None, &[own, &name]),
            None => self.path(&self.scope, self.scope.functions.last(), &[&name]),
        };
        let text = text.filter(|text| text.len() <= MAX_CONSTANT);
        self.texts.entry(path).and_modify(|before| *before = None).or_insert(text);
    }

    /// The path of what stands in a function of a module, or in the module itself.
    fn path(&self, scope: &Scope, function: Option<&u32>, names: &[&str]) -> String {
        let function = function.map(|function| format!("fn {function}"));
        let mut path = self.outline.paths.here(&scope.modules).join(".");
        for name in function.as_deref().into_iter().chain(names.iter().copied()) {
            path.push('.');
            path.push_str(name);
        }
        path
    }

    fn text(&self, path: &str) -> Option<String> {
        self.texts.get(path)?.clone()
    }

    /// What a name stands for that a file reads.
    fn named(&self, path: &syn::ExprPath, scope: &Scope) -> Option<String> {
        if path.qself.is_some() || path.path.leading_colon.is_some() {
            return None;
        }
        let written = dotted(&path.path);
        let full = self.outline.paths.only(&written, &scope.modules)?;
        if full.first()? == "crate" {
            return self.text(&full.join("."));
        }
        match full.as_slice() {
            [name] if *name == written => self.bare(name, scope),
            [own, name] if own == "Self" => {
                let own = scope.own.last().filter(|own| !own.is_empty())?;
                self.text(&self.path(scope, None, &[own, name]))
            }
            [own, name] if self.outline.types.contains(own) && !self.outline.variables.contains(own) => {
                self.text(&self.path(scope, None, &[own, name]))
            }
            _ => None,
        }
    }

    /// A name alone: what the functions around declare, the module, and what that takes whole from others of this file.
    fn bare(&self, name: &str, scope: &Scope) -> Option<String> {
        if self.hidden.contains(name) {
            return None;
        }
        let functions = scope.functions.iter().rev().map(Some).chain([None]);
        let mut own = functions.map(|function| self.path(scope, function, &[name]));
        if let Some(path) = own.find(|path| self.texts.contains_key(path)) {
            return self.text(&path);
        }
        let mut found = self.globs.as_ref()?.iter().filter_map(|glob| self.texts.get(&format!("{glob}.{name}")));
        let first = found.next()?;
        first.clone().filter(|_| found.all(|other| other == first))
    }

    /// The string that an expression is, without running anything.
    pub(super) fn string(&self, expr: &Expr, scope: &Scope) -> Option<String> {
        let mut expr = expr;
        loop {
            expr = match expr {
                Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => return Some(text.value()),
                Expr::Path(path) => return self.named(path, scope),
                Expr::Macro(inner) => return self.joined(&inner.mac),
                Expr::Reference(inner) => &inner.expr,
                Expr::Paren(inner) => &inner.expr,
                Expr::Group(inner) => &inner.expr,
                Expr::MethodCall(call) if call.args.is_empty() && SAME.iter().any(|name| call.method == name) => {
                    &call.receiver
                }
                Expr::Call(call) if call.args.len() == 1 && self.is_string_from(&call.func) => call.args.first()?,
                _ => return None,
            };
        }
    }

    fn is_string_from(&self, callee: &Expr) -> bool {
        let Expr::Path(path) = callee else { return false };
        let full = self.outline.paths.only(&dotted(&path.path), &[]).unwrap_or_default();
        let is_own = self.outline.types.contains("String") || self.outline.variables.contains("String");
        match full.as_slice() {
            [ty, made] => ty == "String" && made == "from" && !is_own,
            [.., ty, made] => ty == "String" && made == "from" && self.outline.paths.is_package(&full),
            _ => false,
        }
    }

    /// `concat!("order", ".", "id")`
    fn joined(&self, mac: &Macro) -> Option<String> {
        let full = self.outline.paths.only(&dotted(&mac.path), &[])?;
        let is_it = full.last().is_some_and(|name| name == "concat" && !self.outline.macros.is_own(name));
        if !is_it || (full.len() > 1 && !self.outline.paths.is_package(&full)) {
            return None;
        }
        let parts = mac.parse_body_with(Punctuated::<Lit, Token![,]>::parse_terminated).ok()?;
        let text = |part: &Lit| match part {
            Lit::Str(text) => Some(text.value()),
            Lit::Char(one) => Some(one.value().to_string()),
            _ => None,
        };
        parts.iter().map(text).collect()
    }
}
