//! Mapping tables of Rust: constants, lazy ones, and what is put into them.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall, Macro, Member, Stmt, Token};

use super::super::dotted;
use super::Reader;
use super::literals::{PATCH, PATCH_HANDED_ON};
use crate::drift::shape::{Form, TABLE_CHANGED};

const KEY: &str = "a key of this mapping table is computed; write it as a string";
/// Why a name is unread that a pattern gives to a table.
pub(super) const BOUND: &str =
    "a mapping table gets its name here, and what it maps is not known: give it with `let` alone";
const TABLE: &str = "this mapping table is computed; write it as a list of pairs";

/// The statics of `lazy_static!`.
struct Lazies(Vec<(syn::Ident, Expr)>);

impl Parse for Lazies {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut found = Vec::new();
        while !input.is_empty() {
            input.call(syn::Attribute::parse_outer)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<Token![static]>()?;
            input.parse::<Token![ref]>()?;
            let name = input.parse()?;
            input.parse::<Token![:]>()?;
            input.parse::<syn::Type>()?;
            input.parse::<Token![=]>()?;
            found.push((name, input.parse()?));
            input.parse::<Token![;]>()?;
        }
        Ok(Self(found))
    }
}

/// The entries of `phf_map!`.
struct Entries(Vec<(Expr, Expr)>);

impl Parse for Entries {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut found = Vec::new();
        while !input.is_empty() {
            let key = input.parse()?;
            input.parse::<Token![=>]>()?;
            found.push((key, input.parse()?));
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(found))
    }
}

/// What a block makes that begins with an empty collection, puts entries into it and has nothing else in it but its name.
fn filled(block: &syn::Block) -> Option<(&Expr, Vec<[&Expr; 2]>)> {
    let [Stmt::Local(local), puts @ .., Stmt::Expr(Expr::Path(last), None)] = block.stmts.as_slice() else {
        return None;
    };
    let name = match &local.pat {
        syn::Pat::Type(typed) => &*typed.pat,
        other => other,
    };
    let syn::Pat::Ident(syn::PatIdent { ident, by_ref: None, subpat: None, .. }) = name else { return None };
    let init = local.init.as_ref().filter(|init| init.diverge.is_none())?;
    let is_it = |path: &syn::ExprPath| path.path.is_ident(ident);
    let put = |stmt| match stmt {
        &Stmt::Expr(Expr::MethodCall(ref call), Some(_)) => {
            match (&*call.receiver, call.args.first(), call.args.last()) {
                (Expr::Path(of), Some(key), Some(path))
                    if is_it(of) && call.method == "insert" && call.args.len() == 2 =>
                {
                    Some([key, path])
                }
                _ => None,
            }
        }
        _ => None,
    };
    let entries = puts.iter().map(put).collect::<Option<Vec<_>>>()?;
    is_it(last).then_some((&*init.expr, entries))
}

/// Whether a key only makes a value: one that returns gives another table.
fn is_plain(key: &Expr) -> bool {
    let mut rest = vec![key];
    while let Some(key) = rest.pop() {
        match key {
            Expr::Lit(_) | Expr::Path(_) | Expr::Closure(_) => {}
            Expr::Macro(inner) if ["concat", "stringify"].iter().any(|name| inner.mac.path.is_ident(name)) => {}
            Expr::Reference(inner) => rest.push(&inner.expr),
            Expr::Paren(inner) => rest.push(&inner.expr),
            Expr::Group(inner) => rest.push(&inner.expr),
            Expr::Unary(inner) => rest.push(&inner.expr),
            Expr::Cast(inner) => rest.push(&inner.expr),
            Expr::Field(inner) => rest.push(&inner.base),
            Expr::Binary(inner) => rest.extend([&*inner.left, &*inner.right]),
            Expr::Tuple(inner) => rest.extend(&inner.elems),
            Expr::Array(inner) => rest.extend(&inner.elems),
            Expr::Struct(inner) => rest.extend(inner.fields.iter().map(|field| &field.expr)),
            Expr::Call(call) => {
                rest.push(&call.func);
                rest.extend(&call.args);
            }
            Expr::MethodCall(call) => {
                rest.push(&call.receiver);
                rest.extend(&call.args);
            }
            _ => return false,
        }
    }
    true
}

/// Methods that lead to what they are called on.
pub(super) const SAME: [&str; 17] = [
    "as_deref",
    "as_deref_mut",
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "by_ref",
    "clone",
    "deref",
    "deref_mut",
    "expect",
    "get_mut",
    "get_or_init",
    "lock",
    "read",
    "unwrap",
    "write",
];

/// Those of them that give nothing by which it may be changed, and others that only read.
const READERS: [&str; 39] = [
    "as_deref",
    "as_ref",
    "as_slice",
    "as_str",
    "binary_search",
    "binary_search_by",
    "binary_search_by_key",
    "borrow",
    "by_ref",
    "chunks",
    "clear",
    "clone",
    "cloned",
    "concat",
    "contains",
    "contains_key",
    "copied",
    "deref",
    "entries",
    "eq",
    "first",
    "fmt",
    "get",
    "get_key_value",
    "index",
    "into_iter",
    "into_keys",
    "into_values",
    "is_empty",
    "iter",
    "join",
    "keys",
    "last",
    "len",
    "read",
    "remove",
    "to_owned",
    "to_vec",
    "values",
];

/// Methods that give a list again, or make a collection of it.
const AGAIN: [&str; 10] =
    ["clone", "cloned", "collect", "copied", "into", "into_boxed_slice", "into_iter", "iter", "to_owned", "to_vec"];

/// Types whose `new` and `from` hold what they are given.
const HOLDERS: [&str; 21] = [
    "Arc",
    "Box",
    "BTreeMap",
    "BTreeSet",
    "Cell",
    "Cow",
    "FxHashMap",
    "HashMap",
    "HashSet",
    "IndexMap",
    "Lazy",
    "LazyCell",
    "LazyLock",
    "Mutex",
    "Once",
    "OnceCell",
    "OnceLock",
    "Rc",
    "RefCell",
    "RwLock",
    "Vec",
];

/// Macros that only read what they are given.
pub(super) const READERS_BY_MACRO: [&str; 22] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "eprint",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "matches",
    "panic",
    "print",
    "println",
    "trace",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// A table as code names it.
pub(super) struct Table<'e> {
    name: &'e syn::Ident,
    /// What is named is a part of the table: `TABLE[0]`, `TABLE.a`.
    is_part: bool,
}

impl Reader<'_> {
    /// What `lazy_static!` makes; `None` for another macro, and for what it would not take.
    pub(super) fn lazies(&self, mac: &Macro) -> Option<Vec<(syn::Ident, Expr)>> {
        let is_lazy = self.is_macro(mac, &["lazy_static"]);
        is_lazy.then(|| mac.parse_body::<Lazies>().ok()).flatten().map(|Lazies(lazies)| lazies)
    }

    /// What an expression names as a table, or as a part of one.
    fn table_of<'e>(&self, expr: &'e Expr) -> Option<Table<'e>> {
        let (mut expr, mut is_part) = (expr, false);
        loop {
            let name = match expr {
                Expr::Path(path) => Some(&path.path.segments.last()?.ident),
                Expr::Field(syn::ExprField { member: Member::Named(name), .. }) => Some(name),
                _ => None,
            };
            if let Some(name) = name.filter(|name| self.sites.tables.contains(&name.unraw().to_string())) {
                return Some(Table { name, is_part });
            }
            expr = match expr {
                Expr::Field(field) => {
                    is_part = true;
                    &field.base
                }
                Expr::Index(index) => {
                    is_part = true;
                    &index.expr
                }
                Expr::Paren(inner) => &inner.expr,
                Expr::Group(inner) => &inner.expr,
                Expr::Reference(inner) => &inner.expr,
                Expr::Try(inner) => &inner.expr,
                Expr::Unary(syn::ExprUnary { op: syn::UnOp::Deref(_), expr, .. }) => expr,
                Expr::MethodCall(call) if SAME.iter().any(|name| call.method == name) => &call.receiver,
                _ => return None,
            };
        }
    }

    /// Tells of a table that gets what cannot be read.
    pub(super) fn changed(&mut self, expr: &Expr) {
        if let Some(table) = self.table_of(expr) {
            self.unread(table.name.span(), TABLE_CHANGED);
        }
    }

    /// `TABLE = …`, `TABLE[0] = ("a", "b")`, `TABLE[0].1 = "b"`
    pub(super) fn assigned(&mut self, left: &Expr, right: &Expr) {
        match self.table_of(left) {
            Some(table) if table.is_part => self.table_value(right),
            Some(table) => self.table(table.name, right),
            None => {}
        }
    }

    /// A value of a table, alone or with its name before it.
    fn table_value(&mut self, value: &Expr) {
        match value {
            Expr::Tuple(pair) if pair.elems.len() == 2 => {
                pair.elems.last().into_iter().for_each(|path| self.path(Form::Table, path));
            }
            path => self.path(Form::Table, path),
        }
    }

    /// `TABLE.insert("a", "b")`, and any other method that is called on a table.
    pub(super) fn inserted(&mut self, call: &ExprMethodCall) {
        let Some(table) = self.table_of(&call.receiver) else { return };
        // The call around this one is looked at as a whole.
        let is_inner = !self.chained.insert(self.place.of(call.method.span()));
        let mut inner = &*call.receiver;
        while let Expr::MethodCall(call) = inner {
            self.chained.insert(self.place.of(call.method.span()));
            inner = &call.receiver;
        }
        let method = call.method.unraw().to_string();
        let args: Vec<&Expr> = call.args.iter().collect();
        match (method.as_str(), args.as_slice()) {
            ("get_or_init" | "get_or_try_init" | "get_or_insert_with", [make]) => self.table(table.name, make),
            _ if is_inner || table.is_part => {}
            ("insert", [_, path]) => self.table_value(path),
            ("push" | "push_back", [value]) => self.table_value(value),
            ("extend" | "set", [all]) => self.table(table.name, all),
            (method, _) if READERS.contains(&method) => {}
            _ => self.changed(&call.receiver),
        }
    }

    /// What a macro is given that nobody knows.
    pub(super) fn given(&mut self, argument: &Expr) {
        self.changed(argument);
        let Expr::Path(path) = argument else { return };
        let is_patch = |name: &syn::Ident| self.sites.patches_named(&name.unraw().to_string()).next().is_some();
        if path.path.get_ident().is_some_and(is_patch) {
            self.unread(path.span(), PATCH_HANDED_ON);
        }
    }

    /// A constant that may be a mapping table.
    pub(super) fn table(&mut self, name: &syn::Ident, value: &Expr) {
        if self.sites.tables.contains(&name.unraw().to_string()) {
            self.pairs(Form::Table, value, |reader, pair| {
                if let [key, path] = pair {
                    if !is_plain(key) {
                        reader.unread(key.span(), KEY);
                    }
                    reader.path(Form::Table, path);
                }
            });
        }
    }

    /// The pairs of `&[("a", "b")]`, `HashMap::from([("a", "b")])` and `phf_map! { "a" => "b" }`.
    pub(super) fn pairs(&mut self, form: Form, value: &Expr, mut see: impl FnMut(&mut Self, &[&Expr])) {
        let mut value = value;
        let array = loop {
            value = match value {
                Expr::Reference(inner) => &inner.expr,
                Expr::Paren(inner) => &inner.expr,
                Expr::Group(inner) => &inner.expr,
                Expr::Closure(closure) => &closure.body,
                Expr::Block(inner) if form == Form::Table && inner.label.is_none() => match &*inner.block.stmts {
                    [Stmt::Expr(only, None)] => only,
                    _ => return self.block(&inner.block, see),
                },
                Expr::Cast(inner) => &inner.expr,
                Expr::MethodCall(call) if call.args.is_empty() && AGAIN.iter().any(|name| call.method == name) => {
                    &call.receiver
                }
                Expr::Macro(inner) => match (self.entries(&inner.mac), self.vector(&inner.mac)) {
                    (Some(entries), _) if form == Form::Table => {
                        return entries.iter().for_each(|(key, path)| see(self, &[key, path]));
                    }
                    (_, Some(items)) => return items.iter().for_each(|item| self.pair(form, item, &mut see)),
                    _ => break None,
                },
                Expr::Call(call) if call.args.is_empty() && form == Form::Table && self.holds(&call.func) => return,
                Expr::Call(call) if call.args.len() == 1 && (form == Form::Patch || self.holds(&call.func)) => {
                    match call.args.first() {
                        Some(only) => only,
                        None => break None,
                    }
                }
                Expr::Array(array) => break Some(array),
                _ => break None,
            };
        };
        let Some(array) = array else {
            let reason = if form == Form::Patch { PATCH } else { TABLE };
            return self.unread(value.span(), reason);
        };
        array.elems.iter().for_each(|item| self.pair(form, item, &mut see));
    }

    /// An item of a list: a pair, or of a patch a path.
    fn pair(&mut self, form: Form, item: &Expr, see: &mut impl FnMut(&mut Self, &[&Expr])) {
        match item {
            Expr::Tuple(pair) if pair.elems.len() == 2 => see(self, &pair.elems.iter().collect::<Vec<_>>()),
            path if form == Form::Patch => see(self, &[path]),
            other => self.unread(other.span(), "this is no pair of a name and a path"),
        }
    }

    /// The items of `vec!`.
    fn vector(&self, mac: &Macro) -> Option<Punctuated<Expr, Token![,]>> {
        let is_it = self.is_macro(mac, &["vec"]);
        is_it.then(|| mac.parse_body_with(Punctuated::parse_terminated).ok()).flatten()
    }

    /// `{ let mut map = HashMap::new(); map.insert("a", "b"); map }`
    fn block(&mut self, block: &syn::Block, mut see: impl FnMut(&mut Self, &[&Expr])) {
        match filled(block).filter(|(made, _)| self.is_empty(made)) {
            Some((_, entries)) => entries.iter().for_each(|entry| see(self, entry)),
            None => self.unread(block.span(), TABLE),
        }
    }

    /// `HashMap::new()`
    fn is_empty(&self, made: &Expr) -> bool {
        let Expr::Call(call) = made else { return false };
        let Expr::Path(path) = &*call.func else { return false };
        let made = dotted(&path.path);
        let Some(ty) = made.strip_suffix(".new") else { return false };
        let is_known = self.outline.paths.is_only_of_packages(ty) && !self.outline.variables.contains(ty);
        is_known && call.args.is_empty() && self.holds(&call.func)
    }

    /// The entries of a macro of phf; `None` for any other.
    fn entries(&self, mac: &Macro) -> Option<Vec<(Expr, Expr)>> {
        let full = self.outline.paths.only(&dotted(&mac.path), &[])?;
        let is_map = match full.as_slice() {
            [package, name] => package == "phf" && matches!(name.as_str(), "phf_map" | "phf_ordered_map"),
            _ => false,
        };
        let is_own = full.last().is_some_and(|name| self.outline.macros.is_own(name));
        (is_map && !is_own).then(|| mac.parse_body::<Entries>().ok()).flatten().map(|Entries(entries)| entries)
    }

    /// Whether a call makes a value that holds its argument: `LazyLock::new`, `HashMap::from`.
    fn holds(&self, callee: &Expr) -> bool {
        let Expr::Path(path) = callee else { return false };
        let written = dotted(&path.path);
        let Some((ty, made)) = written.rsplit_once('.') else { return written == "Some" };
        let paths = &self.outline.paths;
        let is_known = |full: &Vec<String>| {
            let is_listed = full.last().is_some_and(|last| HOLDERS.contains(&last.as_str()));
            is_listed && (*full == [ty] || paths.is_package(full))
        };
        let meanings = paths.meanings(ty, &[]);
        let is_own = self.outline.types.contains(ty) || self.outline.variables.contains(ty);
        !meanings.is_empty() && meanings.iter().all(is_known) && !is_own && matches!(made, "new" | "from" | "from_iter")
    }

    /// Whether an expression takes a part out of a table: what a pattern calls like the table then is one.
    pub(super) fn is_read(&self, expr: &Expr) -> bool {
        let mut expr = expr;
        loop {
            if self.table_of(expr).is_some() {
                return true;
            }
            expr = match expr {
                Expr::MethodCall(call) => &call.receiver,
                Expr::Field(field) => &field.base,
                Expr::Index(index) => &index.expr,
                Expr::Try(inner) => &inner.expr,
                Expr::Await(inner) => &inner.base,
                Expr::Paren(inner) => &inner.expr,
                Expr::Reference(inner) => &inner.expr,
                _ => return false,
            };
        }
    }
}
