//! Where in a file an import holds.

use std::collections::HashMap;
use std::ops::Range;

/// A module of the file.
struct Module {
    range: Range<usize>,
    parent: usize,
    path: Vec<String>,
}

/// What stands between two brackets, and the module that it is part of.
#[derive(Clone)]
struct Scope {
    range: Range<usize>,
    module: usize,
}

/// The places of imports.
pub(super) struct Scopes {
    /// The modules, in the order of the file.
    modules: Vec<Module>,
    around: Vec<Scope>,
    /// Where each name is imported, and where all names of something are.
    names: HashMap<String, Vec<Scope>>,
    stars: Vec<(Scope, Vec<String>)>,
}

impl Default for Scopes {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl Scopes {
    /// Those of a file that is the module of this path.
    pub(super) fn of(path: Vec<String>) -> Self {
        let range = 0..usize::MAX;
        let file = Module { range: range.clone(), parent: 0, path };
        Self { modules: vec![file], around: vec![Scope { range, module: 0 }], names: HashMap::new(), stars: Vec::new() }
    }

    fn here(&self) -> Scope {
        self.around.last().cloned().unwrap_or(Scope { range: 0..0, module: 0 })
    }

    /// Enters a block.
    pub(super) fn enter(&mut self, range: Range<usize>) {
        let module = self.here().module;
        self.around.push(Scope { range, module });
    }

    /// Enters a module.
    pub(super) fn enter_module(&mut self, range: Range<usize>, path: Vec<String>) {
        let parent = self.here().module;
        self.around.push(Scope { range: range.clone(), module: self.modules.len() });
        self.modules.push(Module { range, parent, path });
    }

    pub(super) fn leave(&mut self) {
        self.around.pop();
    }

    pub(super) fn name(&mut self, local: &str) {
        let here = self.here();
        self.names.entry(local.to_owned()).or_default().push(here);
    }

    pub(super) fn star(&mut self, full: Vec<String>) {
        self.stars.push((self.here(), full));
    }

    /// The module that a place lies in.
    fn module_at(&self, at: usize) -> usize {
        let mut index = self.modules.partition_point(|module| module.range.start <= at).saturating_sub(1);
        while let Some(module) = self.modules.get(index).filter(|module| index > 0 && !module.range.contains(&at)) {
            index = module.parent;
        }
        index
    }

    /// The modules and packages of which all names are imported nearer to a place than a name is; `None` where that is
    /// imported nearest. `is_strange` are those that may have it.
    pub(super) fn nearer(
        &self,
        name: &str,
        at: usize,
        is_strange: impl Fn(&[String]) -> bool,
    ) -> Option<Vec<&[String]>> {
        let size = |scope: &Scope| scope.range.end - scope.range.start;
        let (mut found, mut module, mut at) = (Vec::new(), self.module_at(at), Some(at));
        loop {
            let own = self.modules.get(module)?;
            // From within another module only what stands in no function of this one is seen.
            let holds = |scope: &Scope| {
                scope.module == module && at.map_or(scope.range == own.range, |at| scope.range.contains(&at))
            };
            let named = self.names.get(name).into_iter().flatten().filter(|scope| holds(scope)).map(size).min();
            let is_nearer = |scope: &Scope| holds(scope) && named.is_none_or(|named| size(scope) < named);
            let mut outer = None;
            for (_, full) in self.stars.iter().filter(|(scope, _)| is_nearer(scope)) {
                // `use super::*`
                match self.outward(module, full) {
                    Some(index) => outer = Some(index),
                    None if is_strange(full) => found.push(full.as_slice()),
                    None => {}
                }
            }
            match (named, outer) {
                (Some(_), _) => return (!found.is_empty() || outer.is_some()).then_some(found),
                (None, None) => return Some(found),
                (None, Some(index)) => (module, at) = (index, None),
            }
        }
    }

    /// The module around another one that has a path.
    fn outward(&self, module: usize, path: &[String]) -> Option<usize> {
        let mut index = module;
        while index > 0 {
            index = self.modules.get(index)?.parent;
            if self.modules.get(index)?.path == path {
                return Some(index);
            }
        }
        None
    }
}
