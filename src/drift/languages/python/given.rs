//! How often a file gives each name a meaning.

use std::collections::HashMap;

use ruff_python_ast::{Alias, Expr, Stmt, TypeParams};

use super::walk::{Node, each};

/// What a file does to a name, wherever that is.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    all: usize,
    /// So many of them are imports.
    imports: usize,
}

/// The names that get a meaning in a file; `*` stands for names that come in whole.
#[derive(Debug, Default)]
pub(super) struct Given<'a>(HashMap<&'a str, Times>);

impl<'a> Given<'a> {
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let mut given = Self::default();
        each(body, |node| match node {
            Node::Stmt(stmt) => given.stmt(stmt),
            Node::Expr(Expr::Name(name)) if !name.ctx.is_load() => given.count(name.id.as_str()),
            Node::Parameter(name) => given.count(name.as_str()),
            Node::Expr(_) => {}
        });
        given
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::ClassDef(class) => {
                self.count(class.name.as_str());
                self.variables(class.type_params.as_deref());
            }
            Stmt::FunctionDef(function) => {
                self.count(function.name.as_str());
                self.variables(function.type_params.as_deref());
            }
            Stmt::TypeAlias(alias) => self.variables(alias.type_params.as_deref()),
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::ImportFrom(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::Global(global) => global.names.iter().for_each(|name| self.count(name.as_str())),
            Stmt::Nonlocal(nonlocal) => nonlocal.names.iter().for_each(|name| self.count(name.as_str())),
            _ => {}
        }
    }

    fn count(&mut self, name: &'a str) {
        self.0.entry(name).or_default().all += 1;
    }

    fn import(&mut self, alias: &'a Alias) {
        // `import app.models` gives `app` its meaning.
        let top = alias.name.split('.').next().unwrap_or_default();
        let times = self.0.entry(alias.asname.as_ref().map_or(top, |name| name.as_str())).or_default();
        times.all += 1;
        times.imports += 1;
    }

    fn variables(&mut self, params: Option<&'a TypeParams>) {
        params.into_iter().flat_map(|params| params.iter()).for_each(|param| self.count(param.name().as_str()));
    }

    /// Whether a name gets its meaning at one place.
    pub(super) fn once(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|times| times.all == 1)
    }

    /// Whether a name means what is imported by it, or what Python has by it, and nothing else.
    pub(super) fn is_foreign(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(|times| times.all == times.imports)
    }

    /// Whether a name means what the file itself gives it, and no import.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|times| times.imports == 0)
    }

    /// Whether names come in whole.
    pub(super) fn has_star(&self) -> bool {
        self.0.contains_key("*")
    }
}
