//! Other names of what has a mapping function or a patch: `let other = doc; other.set(…)`.

use std::collections::{HashMap, HashSet};

use proc_macro2::Ident;
use syn::Expr;
use syn::ext::IdentExt;

use super::tables::SAME;
use super::{Reader, is_end, receiver};
use crate::drift::shape::Unread;

/// Why a value is unread that has a mapping function or a patch.
const RENAMED: &str =
    "what has a mapping function or a patch gets another name here, and is called by that: call it by its own";

/// The names that values get, and the methods that are called by names.
#[derive(Default)]
pub(super) struct Renamed {
    /// A value as it is written, the name that it gets, and where.
    names: Vec<(String, String, u32)>,
    /// The last name of what a method is called on, and the method.
    called: HashSet<(String, String)>,
}

impl Reader<'_> {
    /// Takes down that a value gets a name.
    pub(super) fn names(&mut self, name: &Ident, value: &Expr) {
        if let Some(value) = behind(value) {
            self.renamed.names.push((value, name.unraw().to_string(), self.place.of(name.span())));
        }
    }

    /// Takes down that a method is called.
    pub(super) fn calls(&mut self, method: &str, of: &Expr) {
        if let Some(of) = receiver(of) {
            self.renamed.called.insert((last(&of).to_owned(), method.to_owned()));
        }
    }

    /// Tells of values that have a declared method and are called by another name.
    pub(super) fn tell_renamed(&mut self) {
        let Renamed { names, called } = std::mem::take(&mut self.renamed);
        let mut by_last: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, (value, ..)) in names.iter().enumerate() {
            by_last.entry(last(value)).or_default().push(index);
        }
        let functions = self.sites.functions.iter().map(|(name, _)| name.as_str());
        for declared in functions.chain(self.sites.patches_of_receivers()) {
            let Some((of, method)) = declared.rsplit_once('.') else { continue };
            let mut seen = HashSet::new();
            let own = by_last.get(last(of)).into_iter().flatten().copied();
            let mut waiting: Vec<usize> =
                own.filter(|index| names.get(*index).is_some_and(|(value, ..)| is_end(value, of))).collect();
            while let Some(index) = waiting.pop() {
                let Some((_, name, at)) = names.get(index).filter(|(_, name, _)| name != of) else { continue };
                if !seen.insert(index) {
                    continue;
                }
                if called.contains(&(name.clone(), method.to_owned())) {
                    self.module.unread.push(Unread::new(*at, RENAMED));
                }
                waiting.extend(by_last.get(name.as_str()).into_iter().flatten());
            }
        }
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The name of a value, or of what it is another hold of.
fn behind(value: &Expr) -> Option<String> {
    let mut value = value;
    loop {
        value = match value {
            Expr::MethodCall(call) if SAME.iter().any(|name| call.method == name) => &call.receiver,
            Expr::Try(inner) => &inner.expr,
            Expr::Await(inner) => &inner.base,
            other => return receiver(other),
        };
    }
}
