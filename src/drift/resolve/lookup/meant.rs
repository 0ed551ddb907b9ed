//! What the names of a file mean where it does not say so by an import of that name.

use std::collections::HashSet;

use bstr::BStr;

use super::{Found, Lookup, MAX_DEPTH, MAX_HOPS, Outcome, Tried, Why};
use crate::drift::shape::{Import, Module, Shape};

impl<'a> Lookup<'a> {
    /// The definitions that code of a file may write out by a name at its top: in Rust and Go also what that is another name
    /// of. A type of Go that is made of another one is no such name, and its shape is none. And whether there may be more.
    pub(in crate::drift::resolve) fn in_module(
        &self,
        file: &'a BStr,
        module: &'a Module,
        name: &str,
    ) -> (Vec<Found<'a>>, bool) {
        let (mut ends, mut rest, mut hops) = (Vec::new(), vec![(file, module, name.to_owned())], 0);
        let (mut seen, mut is_more) = (HashSet::new(), false);
        while let Some((file, module, name)) = rest.pop() {
            if !seen.insert((file, name.clone())) {
                continue;
            }
            if hops >= MAX_DEPTH || ends.len() >= MAX_HOPS {
                return (ends, true);
            }
            hops += 1;
            let Outcome::Found(found) = self.in_file(file, module, &name, &mut Tried::default()) else { continue };
            for one in found.into_iter().filter(|one| !one.module.sealed.contains(&one.definition.at)) {
                ends.push(one);
                // `type Wire<T = Order> = T;`
                let mut shape = &one.definition.shape;
                while let Shape::Variable { otherwise, .. } = shape {
                    shape = otherwise;
                }
                match shape {
                    Shape::Named { name, .. } if module.is_placed || module.is_leveled => {
                        rest.push((one.file, one.module, name.clone()));
                    }
                    // `type Wire = <Order as Sent>::Wire;`
                    Shape::Unread(_) if module.is_placed => is_more = true,
                    _ => {}
                }
            }
        }
        (ends, is_more)
    }

    /// The names that a file takes for the language's and an import gives to something else.
    pub(in crate::drift::resolve) fn taken(
        &self,
        file: &'a BStr,
        module: &'a Module,
    ) -> impl Iterator<Item = (&'a str, u32)> {
        // A package that hands on everything proves nothing.
        let is_package = move |name: &str| {
            let mut imports = module.imports.iter().filter(|import| import.local.as_deref() == Some(name));
            imports.any(|import| import.from.last().is_some_and(|last| last.is_empty()))
        };
        let is_taken = move |name: &str| match self.in_file(file, module, name, &mut Tried::default()) {
            Outcome::Found(_) | Outcome::Unclear(Why::Several | Why::GivenTwice) => true,
            Outcome::Foreign => !is_package(name),
            Outcome::External | Outcome::Unknown | Outcome::Unclear(_) => false,
        };
        let last = |name: &'a String| name.rsplit('.').next().unwrap_or_default();
        module.assumed.iter().filter(move |(name, _)| is_taken(name)).map(move |(name, at)| (last(name), *at))
    }
}

/// Whether a name that leads nowhere is that of JavaScript's own errors, which write no fields.
pub(in crate::drift::resolve) fn is_error(module: &Module, name: &str) -> bool {
    let own = [
        "AggregateError",
        "Error",
        "EvalError",
        "RangeError",
        "ReferenceError",
        "SyntaxError",
        "TypeError",
        "URIError",
    ];
    let is_imported = |import: &Import| import.local.as_deref() == Some(name);
    module.exports.is_some() && own.contains(&name) && !module.imports.iter().any(is_imported)
}
