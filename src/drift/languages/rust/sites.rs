//! Where Rust code names fields of a contract.

mod constants;
mod literals;
mod renamed;
mod tables;

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, ExprStruct, Macro, Member, Pat, Token};

use constants::{Constants, Scope};
use renamed::Renamed;

use super::json::text_of;
use super::{Outline, Place, dotted, is_for_tests, item_attrs};
use crate::drift::languages::Source;
use crate::drift::path::FieldPath;
use crate::drift::shape::{Form, HANDED_ON, Module, Site, Sites, Unread};

/// How deep macros nest in macros: each of these is parsed by itself.
const MAX_MACROS: usize = 16;

const COMPUTED: &str = "the path given here is computed; write it as a string";

/// Adds the mapping sites of a file to its module.
pub(super) fn read(source: &Source<'_>, place: Place, outline: &Outline, file: &syn::File, module: &mut Module) {
    if source.sites.is_empty() {
        return;
    }
    let mut reader = Reader {
        place,
        outline,
        sites: source.sites,
        constants: Constants::of(outline, place, file),
        scope: Scope::default(),
        macros: 0,
        chained: HashSet::new(),
        renamed: Renamed::default(),
        module,
    };
    reader.visit_file(file);
    reader.tell_renamed();
    module.sites.sort_by_key(|site| site.at);
    // Two declared names may mean one function.
    module.sites.dedup();
}

struct Reader<'n> {
    place: Place,
    outline: &'n Outline,
    sites: &'n Sites,
    constants: Constants<'n>,
    /// What stands around.
    scope: Scope,
    /// How many macros there are around.
    macros: usize,
    /// Methods of chains that begin at a table, by their places.
    chained: HashSet<u32>,
    renamed: Renamed,
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

    /// An argument of a table's name is none.
    fn visit_fn_arg(&mut self, _: &'ast syn::FnArg) {}

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.visit_expr(&closure.body);
    }

    /// A table that a pattern gives its name to gets what is not known, but where it is taken out of what has the name.
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        if self.sites.tables.contains(&pattern.ident.unraw().to_string()) {
            self.unread(pattern.ident.span(), tables::BOUND);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_field_pat(&mut self, field: &'ast syn::FieldPat) {
        if field.colon_token.is_some() {
            visit::visit_field_pat(self, field);
        }
    }

    fn visit_expr_let(&mut self, bound: &'ast syn::ExprLet) {
        if !self.is_read(&bound.expr) {
            self.visit_pat(&bound.pat);
        }
        self.visit_expr(&bound.expr);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.table(&item.ident, &item.expr);
        visit::visit_impl_item_const(self, item);
    }

    fn visit_expr_for_loop(&mut self, looped: &'ast syn::ExprForLoop) {
        if !self.is_read(&looped.expr) {
            self.visit_pat(&looped.pat);
        }
        self.visit_expr(&looped.expr);
        self.visit_block(&looped.body);
    }

    fn visit_expr_match(&mut self, matched: &'ast syn::ExprMatch) {
        let is_read = self.is_read(&matched.expr);
        self.visit_expr(&matched.expr);
        for arm in &matched.arms {
            match &arm.pat {
                Pat::Guard(guarded) if is_read => self.visit_expr(&guarded.guard),
                _ if is_read => {}
                pattern => self.visit_pat(pattern),
            }
            self.visit_expr(&arm.body);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let name = match &local.pat {
            Pat::Type(typed) => &typed.pat,
            other => other,
        };
        match (name, &local.init) {
            (Pat::Ident(name), Some(init)) if name.subpat.is_none() => {
                self.names(&name.ident, &init.expr);
                self.table(&name.ident, &init.expr);
                if name.by_ref.is_some() && name.mutability.is_some() {
                    self.changed(&init.expr);
                }
            }
            // It gets its value later.
            (Pat::Ident(_), None) => {}
            (_, Some(init)) if self.is_read(&init.expr) => {}
            (pattern, _) => self.visit_pat(pattern),
        }
        if let Some(init) = &local.init {
            self.visit_local_init(init);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let written = dotted(&path.path);
            let full = self.meanings(&written);
            let args: Vec<&Expr> = call.args.iter().collect();
            let sites = self.sites;
            let is_one = |name: &str| sites.functions.iter().any(|(declared, _)| is_end(name, declared));
            if !is_one(&written) && self.is_torn(&full, path.span(), is_one) {
                return call.args.iter().for_each(|argument| self.visit_expr(argument));
            }
            self.function(&args, path.span(), |declared| is_end(&written, declared) || any_ends(&full, declared));
            self.patch_by_path(path, &args);
            call.args.iter().for_each(|argument| self.visit_expr(argument));
            return;
        }
        visit::visit_expr_call(self, call);
    }

    /// What is called is no part of this: a function that stands elsewhere is handed on.
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if self.is_method(path).is_some() {
            self.unread(path.span(), literals::PATCH_HANDED_ON);
        }
        if self.sites.functions.is_empty() {
            return;
        }
        let written = dotted(&path.path);
        let full = self.meanings(&written);
        let sites = self.sites;
        if sites.functions.iter().any(|(declared, _)| is_end(&written, declared) || any_ends(&full, declared)) {
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
        self.calls(&call.method.unraw().to_string(), &call.receiver);
        self.inserted(call);
        self.patch_by_method(call);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_struct(&mut self, literal: &'ast ExprStruct) {
        self.literal(literal);
        for field in &literal.fields {
            // A field that is given by a name alone has its table where that name is.
            if let (Member::Named(name), Some(_)) = (&field.member, &field.colon_token) {
                self.names(name, &field.expr);
                self.table(name, &field.expr);
            }
        }
        visit::visit_expr_struct(self, literal);
    }

    fn visit_expr_assign(&mut self, assignment: &'ast syn::ExprAssign) {
        if let Some(name) = assigned_name(&assignment.left) {
            self.names(name, &assignment.right);
        }
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
        if let Some(lazies) = self.lazies(mac) {
            for (name, value) in &lazies {
                self.table(name, value);
                self.visit_expr(value);
            }
            return;
        }
        if let Some(json) = self.json_of(mac) {
            let json = self.resolved(json);
            self.json(&json);
            return self.values(&json);
        }
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated;
        match mac.parse_body_with(arguments) {
            Ok(arguments) if self.macros < MAX_MACROS => {
                self.macros += 1;
                if !self.is_macro(mac, &tables::READERS_BY_MACRO) {
                    arguments.iter().for_each(|argument| self.given(argument));
                }
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

fn any_ends(names: &[String], declared: &str) -> bool {
    names.iter().any(|name| is_end(name, declared))
}

/// The variable or the field that is assigned to.
fn assigned_name(target: &Expr) -> Option<&syn::Ident> {
    match target {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(syn::ExprField { member: Member::Named(name), .. }) => Some(name),
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Deref(_), expr, .. }) => assigned_name(expr),
        _ => None,
    }
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

impl Reader<'_> {
    fn unread(&mut self, span: Span, reason: &str) {
        self.module.unread.push(Unread::new(self.place.of(span), reason));
    }

    fn site(&mut self, form: Form, ty: Option<&str>, path: String, at: u32) {
        self.module.sites.push(Site { form, ty: ty.map(str::to_owned), path, at });
    }

    /// Whether a name may be a declared one, and something else as well: which it is, is not known.
    fn is_torn(&mut self, meanings: &[String], span: Span, is_declared: impl Fn(&str) -> bool) -> bool {
        let declared = meanings.iter().filter(|name| is_declared(name)).count();
        let is_torn = meanings.is_empty() || (declared > 0 && declared < meanings.len());
        if is_torn {
            self.unread(span, "this name has several meanings in this file; give each its own");
        }
        is_torn
    }

    /// The paths that a written name may stand for, with dots.
    fn meanings(&self, written: &str) -> Vec<String> {
        self.outline.paths.meanings(written, &[]).iter().map(|full| full.join(".")).collect()
    }

    /// Whether a macro is one of these that everybody knows.
    fn is_macro(&self, mac: &Macro, names: &[&str]) -> bool {
        let paths = &self.outline.paths;
        let full = paths.only(&dotted(&mac.path), &[]).unwrap_or_default();
        let is_named = |name: &String| names.contains(&name.as_str()) && !self.outline.macros.is_own(name);
        full.last().is_some_and(is_named) && (full.len() == 1 || paths.is_package(&full))
    }

    fn string(&self, expr: &Expr) -> Option<String> {
        self.constants.string(expr, &self.scope)
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
    fn declared_type(&mut self, path: &syn::Path) -> Option<String> {
        let written = match dotted(path) {
            own if own == "Self" => self.scope.own.last().cloned().unwrap_or_default(),
            other => other,
        };
        let sites = self.sites;
        let declared = |name: &str| {
            let last = name.rsplit('.').next().unwrap_or_default();
            [last, name].into_iter().find(|name| sites.types.contains(*name)).map(str::to_owned)
        };
        let full = self.meanings(&written);
        if let Some(own) = declared(&written) {
            return Some(full.iter().find_map(|name| declared(name)).unwrap_or(own));
        }
        let is_torn = self.is_torn(&full, path.span(), |name| declared(name).is_some());
        full.iter().find_map(|name| declared(name)).filter(|_| !is_torn)
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

    /// A macro whose argument is no list of expressions: what it does with declared names cannot be read.
    fn opaque_macro(&mut self, mac: &Macro) {
        self.opaque(mac.tokens.clone());
    }

    fn opaque(&mut self, tokens: TokenStream) {
        let sites = self.sites;
        let functions = sites.functions.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or_default());
        let others = sites.types.iter().chain(&sites.tables).map(String::as_str);
        let names: HashSet<&str> = functions.chain(others).collect();
        let mut rest = vec![tokens];
        while let Some(tokens) = rest.pop() {
            let (mut before, mut tokens) = (' ', tokens.into_iter().peekable());
            while let Some(token) = tokens.next() {
                let is_declared = match &token {
                    TokenTree::Ident(word) => {
                        let word = word.unraw().to_string();
                        let is_patch = matches!(before, '.' | ':') && sites.patches_named(&word).next().is_some();
                        is_patch || names.contains(word.as_str())
                    }
                    TokenTree::Literal(literal) => {
                        let is_key = matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
                        text_of(literal).is_some_and(|text| {
                            sites.discriminators.contains(&text) || (is_key && sites.patches.contains(&text))
                        })
                    }
                    _ => false,
                };
                if is_declared {
                    self.unread(token.span(), "what a macro makes of this cannot be read");
                }
                before = if let TokenTree::Punct(mark) = &token { mark.as_char() } else { ' ' };
                if let TokenTree::Group(group) = token {
                    rest.push(group.stream());
                }
            }
        }
    }
}
