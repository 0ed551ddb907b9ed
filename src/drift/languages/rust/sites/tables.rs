//! Mapping tables of Rust: constants, lazy ones, and what is put into them.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall, Macro, Member, Stmt, Token};

use super::super::dotted;
use super::Reader;
use crate::drift::shape::{Form, TABLE_CHANGED};

const PATCH: &str = "the object of this patch is computed; write its keys down";
const KEY: &str = "a key of this mapping table is computed; write it as a string";
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

/// What `lazy_static!` makes; `None` for another macro, and for what it would not take.
pub(super) fn lazies(mac: &Macro) -> Option<Vec<(syn::Ident, Expr)>> {
    let is_lazy = mac.path.segments.last().is_some_and(|last| last.ident == "lazy_static");
    is_lazy.then(|| mac.parse_body::<Lazies>().ok()).flatten().map(|Lazies(lazies)| lazies)
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

/// Crates whose collections begin empty.
const CRATES: [&str; 7] = ["ahash", "alloc", "fxhash", "hashbrown", "indexmap", "rustc_hash", "std"];

/// Methods that lead to what they are called on.
const SAME: [&str; 16] = [
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
    "lock",
    "read",
    "unwrap",
    "write",
];

/// Those of them that give nothing by which it may be changed, and others that only read.
const READERS: [&str; 41] = [
    "as_deref",
    "as_ptr",
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
    "get_or_init",
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

/// Types whose `new` and `from` hold what they are given.
const HOLDERS: [&str; 20] = [
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
    "Rc",
    "RefCell",
    "RwLock",
    "Vec",
];

/// Macros that only read what they are given.
const MACROS: [&str; 22] = [
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
            _ if is_inner || table.is_part => {}
            ("insert", [_, path]) => self.table_value(path),
            ("push" | "push_back", [value]) => self.table_value(value),
            ("extend", [all]) => self.table(table.name, all),
            (method, _) if READERS.contains(&method) => {}
            _ => self.changed(&call.receiver),
        }
    }

    /// A macro that is given a table.
    pub(super) fn given(&mut self, mac: &Macro, arguments: &[&Expr]) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        if !MACROS.contains(&name.as_str()) {
            arguments.iter().for_each(|argument| self.changed(argument));
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
                Expr::Macro(inner) if form == Form::Table => match self.entries(&inner.mac) {
                    Some(entries) => return entries.iter().for_each(|(key, path)| see(self, &[key, path])),
                    None => break None,
                },
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
        for item in &array.elems {
            match item {
                Expr::Tuple(pair) if pair.elems.len() == 2 => see(self, &pair.elems.iter().collect::<Vec<_>>()),
                other => self.unread(other.span(), "this is no pair of a name and a path"),
            }
        }
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
        let is_known = self.outline.paths.is_only_of(ty, &CRATES) && !self.outline.variables.contains(ty);
        is_known && call.args.is_empty() && self.holds(&call.func)
    }

    /// The entries of a macro of phf; `None` for any other.
    fn entries(&self, mac: &Macro) -> Option<Vec<(Expr, Expr)>> {
        let full = self.outline.paths.only(&dotted(&mac.path))?;
        let is_map = match full.as_slice() {
            [package, name] => package == "phf" && matches!(name.as_str(), "phf_map" | "phf_ordered_map"),
            _ => false,
        };
        let is_own = full.last().is_some_and(|name| self.outline.macros.contains(name));
        (is_map && !is_own).then(|| mac.parse_body::<Entries>().ok()).flatten().map(|Entries(entries)| entries)
    }

    /// Whether a call makes a value that holds its argument: `LazyLock::new`, `HashMap::from`.
    fn holds(&self, callee: &Expr) -> bool {
        let Expr::Path(path) = callee else { return false };
        let names: Vec<String> = path.path.segments.iter().map(|step| step.ident.to_string()).collect();
        match names.as_slice() {
            [.., ty, made] => {
                let written = names.split_last().map_or_else(String::new, |(_, above)| above.join("."));
                let is_own = self.outline.types.contains(ty) || self.outline.paths.is_own(&written, &[]);
                HOLDERS.contains(&ty.as_str()) && !is_own && matches!(made.as_str(), "new" | "from" | "from_iter")
            }
            [one] => one == "Some",
            [] => false,
        }
    }
}
