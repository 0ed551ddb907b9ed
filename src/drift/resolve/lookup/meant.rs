//! What the names of a file mean where it does not say so by an import of that name.

use bstr::BStr;

use super::{Found, Lookup, MAX_DEPTH, MAX_HOPS, Outcome, Tried, Why};
use crate::drift::shape::{Import, Module, Shape};

impl<'a> Lookup<'a> {
    /// The definitions that code of a file may write out by a name at its top: in Rust and Go also what that is another name
    /// of. A type of Go that is made of another one is no such name, and its shape is none.
    pub(in crate::drift::resolve) fn in_module(
        &self,
        file: &'a BStr,
        module: &'a Module,
        name: &str,
    ) -> Vec<Found<'a>> {
        let (mut ends, mut rest, mut hops) = (Vec::new(), vec![(file, module, name.to_owned())], 0);
        while let Some((file, module, name)) = rest.pop().filter(|_| hops < MAX_DEPTH && ends.len() < MAX_HOPS) {
            hops += 1;
            let Outcome::Found(found) = self.in_file(file, module, &name, &mut Tried::default()) else { continue };
            for one in found.into_iter().filter(|one| !one.module.sealed.contains(&one.definition.at)) {
                ends.push(one);
                match &one.definition.shape {
                    Shape::Named { name, .. } if module.is_placed || module.is_leveled => {
                        rest.push((one.file, one.module, name.clone()))
                    }
                    _ => {}
                }
            }
        }
        ends
    }

    /// The names that a file takes for the language's and an import gives to something else.
    pub(in crate::drift::resolve) fn taken(
        &self,
        file: &'a BStr,
        module: &'a Module,
    ) -> impl Iterator<Item = (&'a String, u32)> {
        let is_taken = move |name: &str| match self.in_file(file, module, name, &mut Tried::default()) {
            Outcome::Found(_) | Outcome::Foreign | Outcome::Unclear(Why::Several | Why::GivenTwice) => true,
            Outcome::External | Outcome::Unknown | Outcome::Unclear(_) => false,
        };
        module.assumed.iter().filter(move |(name, _)| is_taken(name)).map(|(name, at)| (name, *at))
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
