//! One constant of another file under several names of this one: what may be changed by one name may be changed by all.

use std::collections::{BTreeSet, HashMap};

use bstr::BString;
use oxc_ast::ast::*;

use super::file::File;
use super::lent::Lent;
use super::plain::Plain;
use super::scopes::Made;

/// So many of those who may change something always tell of one that is no other's name.
const ENOUGH: usize = 3;

/// Who may change what another file gives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who<'a> {
    Variable(usize),
    /// Names of what is not known, by what their imports say. Those of one file that say the same are of other things.
    Unknown(&'a str),
}

/// What is changed of what stands in a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    /// What is written like this.
    Like(u64),
    Any,
    /// Whatever is changed, to ask for by the name of the whole file.
    Some,
}

/// Who may change what of files, by the paths that the imports may mean.
#[derive(Default)]
pub(super) struct Shared<'a>(HashMap<BString, HashMap<What, BTreeSet<Who<'a>>>>);

impl<'a> Shared<'a> {
    fn add(&mut self, paths: &[BString], what: What, who: Who<'a>) {
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
}

impl<'a> File<'a> {
    /// Whether what a variable has of another file may be changed by another name of this one.
    pub(super) fn is_changed_elsewhere(&self, variable: usize) -> bool {
        let name = self.bindings().scopes.name(variable);
        let Some((name, foreign)) = name.and_then(|name| Some((name, self.index().foreign.get(name)?))) else {
            return true;
        };
        let asked: &[What] = match self.known_of_others(name) {
            Some(lent) if foreign.name.is_some() => &[What::Like(lent.written), What::Any],
            _ => &[What::Some],
        };
        let own = [Who::Variable(variable), Who::Unknown(foreign.specifier)];
        let paths = self.import_of(None, None, foreign.specifier).from;
        let mut found = paths.iter().filter_map(|path| self.shared().0.get(path));
        found.any(|all| asked.iter().filter_map(|what| all.get(what)).flatten().any(|who| !own.contains(who)))
    }

    pub(super) fn shared(&self) -> &Shared<'a> {
        self.lender.shared.get_or_init(|| {
            let mut by_path: HashMap<BString, usize> = HashMap::new();
            let foreign = self.index().foreign.iter();
            let imports = foreign.map(|(name, it)| (*name, *it, self.import_of(None, None, it.specifier).from));
            let imports = imports.filter(|(_, _, paths)| paths.iter().any(|path| !path.is_empty())).collect::<Vec<_>>();
            for path in imports.iter().flat_map(|(_, _, paths)| paths) {
                *by_path.entry(path.clone()).or_default() += 1;
            }
            let mut shared = Shared::default();
            for (name, foreign, paths) in imports {
                let is_several = paths.iter().any(|path| by_path.get(path).is_some_and(|names| *names > 1));
                // Imports stand outside of all scopes.
                let variable = self.bindings().scopes.variable(name, u32::MAX - 1).filter(|_| is_several);
                let Some(variable) = variable else { continue };
                match self.known_of_others(name) {
                    Some(lent) if self.may_change(variable, lent) => {
                        let what = if foreign.name.is_some() { What::Like(lent.written) } else { What::Any };
                        shared.add(&paths, what, Who::Variable(variable));
                    }
                    None if self.bindings().is_touched(variable) => {
                        shared.add(&paths, What::Any, Who::Unknown(foreign.specifier));
                    }
                    _ => {}
                }
            }
            shared
        })
    }

    /// Whether the object that a variable has of another file, or one within it, may be changed by the variable's name.
    fn may_change(&self, variable: usize, lent: Lent<'a>) -> bool {
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
        is_touched
            || lent.is_class && !part(&[]).is_some_and(shows_only)
            || matches!(bindings.made(variable), Made::Unknown) && part(&[]).is_some_and(holds)
            || parts.handed_of(variable).any(|steps| part(steps).is_some())
            || parts.opened_of(variable).any(|steps| part(steps).is_some_and(holds))
    }
}
