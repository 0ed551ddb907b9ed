//! One constant of another file under several names of this one: what may be changed by one name may be changed by all.

use std::collections::{BTreeSet, HashMap};

use bstr::BString;
use oxc_ast::ast::*;

use super::file::File;
use super::imports::{Origin, origin};
use super::lent::Lent;
use super::plain::Plain;
use super::scopes::Made;
use crate::drift::shape::Loan;

/// So many of those who may change something always tell of one that is no other's name.
const ENOUGH: usize = 3;

/// Who may change what another file gives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who<'a> {
    Variable(usize),
    /// Names of what is not known, by what their imports say. Those of one file that say the same are of other things.
    Unknown(&'a str),
    /// Whoever has what is loaded where it is used.
    Anybody,
}

/// What is changed of what stands in a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What<'a> {
    /// What a variable of that file holds.
    Of(&'a str),
    Any,
    /// Whatever is changed, to ask for by the name of the whole file.
    Some,
}

/// Who may change what of a file.
type Changes<'a> = HashMap<What<'a>, BTreeSet<Who<'a>>>;

/// The same by the paths that the imports may mean; an empty one is any.
#[derive(Default)]
pub(super) struct Shared<'a>(HashMap<BString, Changes<'a>>);

impl<'a> Shared<'a> {
    fn add(&mut self, paths: &[BString], what: What<'a>, who: Who<'a>) {
        for path in paths {
            let all = self.0.entry(path.clone()).or_default();
            for what in [what, What::Some] {
                let known = all.entry(what).or_default();
                if known.len() < ENOUGH {
                    known.insert(who);
                }
            }
        }
    }

    /// What is changed of files.
    fn of(&self, paths: &[BString]) -> Vec<&Changes<'a>> {
        match paths.iter().any(|path| path.is_empty()) {
            true => self.0.values().collect(),
            false => paths.iter().chain([&BString::default()]).filter_map(|path| self.0.get(path)).collect(),
        }
    }
}

impl<'a> File<'a> {
    /// Whether what a variable has of another file may be changed by another name of this one.
    pub(super) fn is_changed_elsewhere(&self, variable: usize) -> bool {
        let name = self.bindings().scopes.name(variable);
        let Some((name, foreign)) = name.and_then(|name| Some((name, self.index().foreign.get(name)?))) else {
            return true;
        };
        let of = self.known_of_others(name).and_then(|lent| lent.of);
        let asked = of.map_or([What::Some; 2], |of| [What::Of(of), What::Any]);
        let own = [Who::Variable(variable), Who::Unknown(foreign.specifier)];
        let changes = self.shared().of(&self.files_of(name, foreign.specifier));
        changes.iter().any(|all| asked.iter().filter_map(|what| all.get(what)).flatten().any(|who| !own.contains(who)))
    }

    /// The files that what has a name may stand in.
    fn files_of(&self, name: &str, specifier: &str) -> Vec<BString> {
        if origin(specifier) == Origin::Alias {
            return self.lender.files_by(specifier);
        }
        let loan = self.lender.loan(name).map(|loan| loan.files.clone());
        loan.unwrap_or_else(|| self.import_of(None, None, specifier).from)
    }

    pub(super) fn shared(&self) -> &Shared<'a> {
        self.lender.shared.get_or_init(|| {
            let mut by_path: HashMap<BString, usize> = HashMap::new();
            let foreign = self.index().foreign.iter().filter(|(_, it)| origin(it.specifier) != Origin::Package);
            let imports = foreign.map(|(name, it)| (*name, *it, self.files_of(name, it.specifier))).collect::<Vec<_>>();
            for path in imports.iter().flat_map(|(_, _, paths)| paths) {
                *by_path.entry(path.clone()).or_default() += 1;
            }
            let mut shared = Shared::default();
            for (name, specifier) in self.loaded_in_place() {
                shared.add(&self.files_of(&name, specifier), What::Any, Who::Anybody);
            }
            for (name, foreign, paths) in imports {
                let is_several = paths.iter().any(|path| by_path.get(path).is_some_and(|names| *names > 1));
                // Imports stand outside of all scopes.
                let variable = self.bindings().scopes.variable(name, u32::MAX - 1);
                // What is handed on somewhere else may be the same under a name of its own.
                let variable = variable.filter(|variable| is_several || self.may_do_more(*variable));
                let Some(variable) = variable else { continue };
                let (lent, loan) = (self.known_of_others(name), self.lender.loan(name));
                match (lent, loan) {
                    (Some(lent), Some(loan)) if self.may_change(variable, lent, loan) => {
                        shared.add(&paths, lent.of.map_or(What::Any, What::Of), Who::Variable(variable));
                    }
                    // What is known to be no constant is none that has another name.
                    (None, Some(loan)) if loan.of.is_none() && self.may_do_more(variable) => {
                        shared.add(&paths, What::Any, Who::Variable(variable));
                    }
                    (None, None) if self.bindings().is_touched(variable) => {
                        shared.add(&paths, What::Any, Who::Unknown(foreign.specifier));
                    }
                    _ => {}
                }
            }
            shared
        })
    }

    /// Whether a variable is more than called and read by its members.
    fn may_do_more(&self, variable: usize) -> bool {
        let bindings = self.bindings();
        let has_parts = self.parts().handed_of(variable).next().or_else(|| self.parts().opened_of(variable).next());
        has_parts.is_some()
            || bindings.is_touched(variable)
            || bindings.is_asked(variable)
            || matches!(bindings.made(variable), Made::Unknown)
    }

    /// Whether the object that a variable has of another file, or one within it, may be changed by the variable's name.
    fn may_change(&self, variable: usize, lent: Lent<'a>, loan: &Loan) -> bool {
        let Expression::ObjectExpression(_) = lent.value else { return false };
        let bindings = self.bindings();
        let is_touched = !lent.is_frozen && (bindings.is_touched(variable) || bindings.is_asked(variable));
        let part = |steps: &[&'a str]| {
            let mut plain = self.plain_part(lent.value)?;
            for step in steps {
                plain = self.plain_part(plain.members.get(step)?)?;
            }
            Some(plain)
        };
        let holds = |plain: Plain<'a>| plain.members.values().any(|value| !value.is_string_literal());
        let parts = self.parts();
        let shows_only = |plain: Plain<'a>| bindings.shows_only(variable, &plain.members);
        // What a file hands on is no member of it that is known.
        let is_of_many = lent.of.is_none() && loan.files.len() > 1 && self.may_do_more(variable);
        is_touched
            || is_of_many
            || lent.is_class && !part(&[]).is_some_and(shows_only)
            || matches!(bindings.made(variable), Made::Unknown) && part(&[]).is_some_and(holds)
            || parts.handed_of(variable).any(|steps| part(steps).is_some())
            || parts.opened_of(variable).any(|steps| part(steps).is_some_and(holds))
    }
}
