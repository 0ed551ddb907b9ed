//! Mapping tables of Rust: constants, lazy ones, and what is put into them.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall, Macro, Member, Token};

use super::Reader;
use crate::drift::shape::Form;

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

/// The last name of `self.a.b`.
pub(super) fn last_name(expr: &Expr) -> Option<&syn::Ident> {
    match expr {
        Expr::Path(path) => path.path.segments.last().map(|last| &last.ident),
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name),
            Member::Unnamed(_) => None,
        },
        _ => None,
    }
}

impl Reader<'_> {
    /// `TABLE.insert("a", "b")`
    pub(super) fn inserted(&mut self, call: &ExprMethodCall) {
        let is_table = |name: &syn::Ident| self.sites.tables.contains(&name.unraw().to_string());
        if call.method == "insert"
            && last_name(&call.receiver).is_some_and(is_table)
            && let (Some(path), 2) = (call.args.get(1), call.args.len())
        {
            self.path(Form::Table, path);
        }
    }

    /// A constant that may be a mapping table.
    pub(super) fn table(&mut self, name: &syn::Ident, value: &Expr) {
        if self.sites.tables.contains(&name.unraw().to_string()) {
            self.pairs(Form::Table, value, |reader, pair| {
                if let [_, path] = pair {
                    reader.path(Form::Table, path);
                }
            });
        }
    }

    /// The pairs of `&[("a", "b")]` and `HashMap::from([("a", "b")])`.
    pub(super) fn pairs(&mut self, form: Form, value: &Expr, mut see: impl FnMut(&mut Self, &[&Expr])) {
        let mut value = value;
        let array = loop {
            value = match value {
                Expr::Reference(inner) => &inner.expr,
                Expr::Paren(inner) => &inner.expr,
                Expr::Group(inner) => &inner.expr,
                Expr::Closure(closure) => &closure.body,
                Expr::Call(call) if call.args.len() == 1 => match call.args.first() {
                    Some(only) => only,
                    None => break None,
                },
                Expr::Array(array) => break Some(array),
                _ => break None,
            };
        };
        let Some(array) = array else {
            let reason = match form {
                Form::Patch => "the object of this patch is computed; write its keys down",
                _ => "this mapping table is computed; write it as a list of pairs",
            };
            return self.unread(value.span(), reason);
        };
        for item in &array.elems {
            match item {
                Expr::Tuple(pair) if pair.elems.len() == 2 => see(self, &pair.elems.iter().collect::<Vec<_>>()),
                other => self.unread(other.span(), "this is no pair of a name and a path"),
            }
        }
    }
}
