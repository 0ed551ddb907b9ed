//! Where Rust code names fields of a contract.

mod tables;

use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, ExprStruct, Lit, Macro, Member, Pat, Token};

use super::json::{Entry, Json};
use super::{Outline, Place, dotted, is_for_tests, item_attrs};
use crate::drift::languages::Source;
use crate::drift::path::{FieldPath, Segment};
use crate::drift::shape::{Form, HANDED_ON, Module, Site, Sites, Unread};

/// How long a key of a literal is, and a constant.
const MAX_KEY: usize = 512;
const MAX_CONSTANT: usize = 4096;
/// How deep literals nest, and macros in macros: each of these is parsed by itself.
const MAX_DEPTH: usize = 48;
const MAX_MACROS: usize = 16;

const COMPUTED: &str = "the path given here is computed; write it as a string";

/// Adds the mapping sites of a file to its module.
pub(super) fn read(source: &Source<'_>, place: Place, outline: &Outline, file: &syn::File, module: &mut Module) {
    if source.sites.is_empty() {
        return;
    }
    let mut constants = Constants::default();
    constants.visit_file(file);
    let constants = constants.0;
    let mut reader = Reader {
        place,
        outline,
        sites: source.sites,
        constants,
        own: Vec::new(),
        macros: 0,
        chained: HashSet::new(),
        module,
    };
    reader.visit_file(file);
    module.sites.sort_by_key(|site| site.at);
    // Two declared names may mean one function.
    module.sites.dedup();
}

/// The strings that constants of this file are; `None` where two have one name.
#[derive(Default)]
struct Constants(HashMap<String, Option<String>>);

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.put(&item.ident, &item.expr);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.put(&item.ident, &item.expr);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.put(&item.ident, &item.expr);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        // A local of that name hides the constant.
        self.0.insert(pattern.ident.to_string(), None);
    }
}

impl Constants {
    fn put(&mut self, name: &syn::Ident, value: &Expr) {
        let text = string(value, &HashMap::new()).filter(|text| text.len() <= MAX_CONSTANT);
        self.0.entry(name.to_string()).and_modify(|before| *before = None).or_insert(text);
    }
}

/// The string that an expression is, without running anything.
fn string(expr: &Expr, constants: &HashMap<String, Option<String>>) -> Option<String> {
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => return Some(text.value()),
            Expr::Path(path) => {
                let name = path.path.segments.last()?.ident.to_string();
                return constants.get(&name)?.clone();
            }
            Expr::Reference(inner) => &inner.expr,
            Expr::Paren(inner) => &inner.expr,
            Expr::Group(inner) => &inner.expr,
            Expr::MethodCall(call) => {
                let same = ["to_string", "to_owned", "into", "as_str", "clone"];
                if !call.args.is_empty() || !same.iter().any(|name| call.method == name) {
                    return None;
                }
                &call.receiver
            }
            Expr::Call(call) => match (&*call.func, call.args.first()) {
                (Expr::Path(path), Some(only))
                    if call.args.len() == 1 && dotted(&path.path).ends_with("String.from") =>
                {
                    only
                }
                _ => return None,
            },
            _ => return None,
        };
    }
}

struct Reader<'n> {
    place: Place,
    outline: &'n Outline,
    sites: &'n Sites,
    constants: HashMap<String, Option<String>>,
    /// The types that the code around is an `impl` of.
    own: Vec<String>,
    /// How many macros there are around.
    macros: usize,
    /// Methods of chains that begin at a table, by their places.
    chained: HashSet<u32>,
    module: &'n mut Module,
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(item_attrs(item)) {
            return;
        }
        match item {
            syn::Item::Const(item) => self.table(&item.ident, &item.expr),
            syn::Item::Static(item) => self.table(&item.ident, &item.expr),
            syn::Item::Impl(item) => {
                let own = match &*item.self_ty {
                    syn::Type::Path(path) => dotted(&path.path),
                    _ => String::new(),
                };
                self.own.push(own);
                visit::visit_item_impl(self, item);
                self.own.pop();
                return;
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.table(&item.ident, &item.expr);
        visit::visit_impl_item_const(self, item);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let name = match &local.pat {
            Pat::Type(typed) => &typed.pat,
            other => other,
        };
        if let (Pat::Ident(name), Some(init)) = (name, &local.init) {
            self.table(&name.ident, &init.expr);
            if name.by_ref.is_some() && name.mutability.is_some() {
                self.changed(&init.expr);
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let written = dotted(&path.path);
            let full = self.outline.paths.full(&written, &[]).join(".");
            let args: Vec<&Expr> = call.args.iter().collect();
            self.function(&args, path.span(), |declared| is_end(&written, declared) || is_end(&full, declared));
            call.args.iter().for_each(|argument| self.visit_expr(argument));
            return;
        }
        visit::visit_expr_call(self, call);
    }

    /// What is called is no part of this: a function that stands elsewhere is handed on.
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if self.sites.functions.is_empty() {
            return;
        }
        let written = dotted(&path.path);
        let full = self.outline.paths.full(&written, &[]).join(".");
        let sites = self.sites;
        if sites.functions.iter().any(|(declared, _)| is_end(&written, declared) || is_end(&full, declared)) {
            self.unread(path.span(), HANDED_ON);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let args: Vec<&Expr> = call.args.iter().collect();
        if let Some(receiver) = receiver(&call.receiver) {
            let written = format!("{receiver}.{}", call.method.unraw());
            let own = receiver == "self";
            let fits = |declared: &str| {
                if declared.contains('.') { is_end(&written, declared) } else { own && call.method == declared }
            };
            self.function(&args, call.method.span(), fits);
        }
        self.inserted(call);
        if self.is_patch(call) {
            args.iter().for_each(|argument| self.patch(argument));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_struct(&mut self, literal: &'ast ExprStruct) {
        self.literal(literal);
        for field in &literal.fields {
            // A field that is given by a name alone has its table where that name is.
            if let (Member::Named(name), Some(_)) = (&field.member, &field.colon_token) {
                self.table(name, &field.expr);
            }
        }
        visit::visit_expr_struct(self, literal);
    }

    fn visit_expr_assign(&mut self, assignment: &'ast syn::ExprAssign) {
        self.assigned(&assignment.left, &assignment.right);
        visit::visit_expr_assign(self, assignment);
    }

    /// `TABLE["a"] += "b"`
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if matches!(binary.op, syn::BinOp::AddAssign(_)) {
            self.changed(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.changed(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_raw_addr(&mut self, address: &'ast syn::ExprRawAddr) {
        if matches!(address.mutability, syn::PointerMutability::Mut(_)) {
            self.changed(&address.expr);
        }
        visit::visit_expr_raw_addr(self, address);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        if let Some(lazies) = tables::lazies(mac) {
            for (name, value) in &lazies {
                self.table(name, value);
                self.visit_expr(value);
            }
            return;
        }
        if let Some(json) = json(mac) {
            return self.json(&json);
        }
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated;
        match mac.parse_body_with(arguments) {
            Ok(arguments) if self.macros < MAX_MACROS => {
                self.macros += 1;
                self.given(mac, &arguments.iter().collect::<Vec<_>>());
                arguments.iter().for_each(|argument| self.visit_expr(argument));
                self.macros -= 1;
            }
            _ => self.opaque_macro(mac),
        }
    }
}

/// Whether a name with dots is a declared one, or ends in it.
fn is_end(name: &str, declared: &str) -> bool {
    name.strip_suffix(declared).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// `self.mapper`, as it is written.
fn receiver(expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut expr = expr;
    loop {
        match expr {
            Expr::Path(path) => {
                parts.push(dotted(&path.path));
                parts.reverse();
                return Some(parts.join("."));
            }
            Expr::Field(field) => {
                let Member::Named(name) = &field.member else { return None };
                parts.push(name.unraw().to_string());
                expr = &field.base;
            }
            Expr::Paren(inner) => expr = &inner.expr,
            Expr::Group(inner) => expr = &inner.expr,
            Expr::Reference(inner) => expr = &inner.expr,
            Expr::Unary(syn::ExprUnary { op: syn::UnOp::Deref(_), expr: inner, .. }) => expr = inner,
            _ => return None,
        }
    }
}

/// The literal of `json!`, `doc!` and the like.
fn json(mac: &Macro) -> Option<Json> {
    let name = mac.path.segments.last()?.ident.to_string();
    match name.as_str() {
        "json" | "bson" => Some(Json::of(mac.tokens.clone())),
        "doc" => Some(Json::of_entries(mac.tokens.clone())),
        _ => None,
    }
}

impl Reader<'_> {
    fn unread(&mut self, span: Span, reason: &str) {
        self.module.unread.push(Unread::new(self.place.of(span), reason));
    }

    fn site(&mut self, form: Form, ty: Option<&str>, path: String, at: u32) {
        self.module.sites.push(Site { form, ty: ty.map(str::to_owned), path, at });
    }

    fn string(&self, expr: &Expr) -> Option<String> {
        string(expr, &self.constants)
    }

    /// A path, or what makes it unreadable.
    fn path(&mut self, form: Form, expr: &Expr) {
        match self.string(expr) {
            Some(path) => self.site(form, None, path, self.place.of(expr.span())),
            None => self.unread(expr.span(), COMPUTED),
        }
    }

    fn function(&mut self, args: &[&Expr], span: Span, fits: impl Fn(&str) -> bool) {
        let sites = self.sites;
        for (_, position) in sites.functions.iter().filter(|(declared, _)| fits(declared)) {
            match args.get(position.saturating_sub(1)) {
                Some(argument) => self.path(Form::Call, argument),
                None => self.unread(span, "the path is not at its place among the arguments of this call"),
            }
        }
    }

    /// The declared type that a written name is.
    fn declared_type(&self, path: &syn::Path) -> Option<String> {
        let written = match dotted(path) {
            own if own == "Self" => self.own.last().cloned().unwrap_or_default(),
            other => other,
        };
        let full = self.outline.paths.full(&written, &[]).join(".");
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        let names = [last(&full), last(&written), full, written];
        names.into_iter().find(|name| self.sites.types.contains(name))
    }

    /// `Order { total: … }`, with the names on the wire where this file declares the type. What `..base` fills in is of the
    /// same type, and was read where that was made.
    fn literal(&mut self, literal: &ExprStruct) {
        let Some(ty) = self.declared_type(&literal.path) else { return };
        for field in &literal.fields {
            let Member::Named(name) = &field.member else { continue };
            let name = (ty.clone(), name.unraw().to_string());
            let path = FieldPath::of(self.outline.wire.get(&name).unwrap_or(&name.1)).to_string();
            self.site(Form::Literal, Some(&ty), path, self.place.of(field.member.span()));
        }
    }

    /// Whether a method is a patch, by its name alone or by that of its receiver as well.
    fn is_patch(&self, call: &ExprMethodCall) -> bool {
        let method = call.method.unraw().to_string();
        let mut patches = self.sites.patches_named(&method);
        patches.any(|(name, of)| {
            let written = || receiver(&call.receiver).map(|receiver| format!("{receiver}.{method}"));
            of.is_none() || written().is_some_and(|written| is_end(&written, name))
        })
    }

    fn patch(&mut self, argument: &Expr) {
        match argument {
            Expr::Lit(_) => {}
            Expr::Macro(inner) => match json(&inner.mac) {
                Some(Json::Object(entries)) => self.keys(&entries),
                Some(_) => {}
                None => self.unread(inner.span(), "the object of this patch is computed; write its keys down"),
            },
            other => self.pairs(Form::Patch, other, |reader, pair| {
                if let Some(key) = pair.first() {
                    reader.path(Form::Patch, key);
                }
            }),
        }
    }

    fn keys(&mut self, entries: &[Entry]) {
        for entry in entries {
            match &entry.key {
                Some(path) => self.site(Form::Patch, None, path.clone(), self.place.of(entry.at)),
                None => self.unread(entry.at, "this key is computed; write it as a string"),
            }
        }
    }

    /// The objects of a literal that say their type, and the patches in it.
    fn json(&mut self, json: &Json) {
        match json {
            Json::Object(entries) => {
                if let Some(tag) = self.tag(entries) {
                    match &tag.value {
                        Json::Text(ty) => self.typed(&ty.clone(), None, entries),
                        _ => self.unread(tag.at, "the type of this literal is computed; write it as a string"),
                    }
                }
                for entry in entries {
                    match (&entry.key, &entry.value) {
                        (Some(key), Json::Object(inner)) if self.sites.patches.contains(key) => self.keys(inner),
                        (_, value) => self.json(value),
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.json(item)),
            Json::Text(_) | Json::Value => {}
        }
    }

    fn tag<'e>(&self, entries: &'e [Entry]) -> Option<&'e Entry> {
        let is_tag = |entry: &&Entry| entry.key.as_ref().is_some_and(|key| self.sites.discriminators.contains(key));
        entries.iter().find(is_tag)
    }

    fn typed(&mut self, ty: &str, path: Option<&FieldPath>, entries: &[Entry]) {
        for entry in entries {
            let Some(key) = &entry.key else {
                self.unread(entry.at, "this key is computed; write it as a string");
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
                let first = items.iter().find(|item| matches!(item, Json::Text(_) | Json::Value));
                parts.chain(first).for_each(|item| self.value(ty, &each, at, item));
            }
            _ => self.site(Form::Literal, Some(ty), path.to_string(), self.place.of(at)),
        }
    }

    /// A macro whose argument is no list of expressions: what it does with declared names cannot be read.
    fn opaque_macro(&mut self, mac: &Macro) {
        let sites = self.sites;
        let functions = sites.functions.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or_default());
        let others = sites.types.iter().chain(&sites.tables).map(String::as_str);
        let names: Vec<&str> = functions.chain(others).collect();
        let mut rest = vec![mac.tokens.clone()];
        while let Some(tokens) = rest.pop() {
            for token in tokens {
                match token {
                    proc_macro2::TokenTree::Group(group) => rest.push(group.stream()),
                    proc_macro2::TokenTree::Ident(word) if names.iter().any(|name| word == name) => {
                        self.unread(word.span(), "what a macro makes of this cannot be read");
                    }
                    _ => {}
                }
            }
        }
    }
}
