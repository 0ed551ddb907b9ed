//! What gives the names of a module their meaning, beside its classes and aliases. A name that is a class and something else
//! too is not read as the class: which of them counts, only running the module tells.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt};

use super::names::is_package;
use super::walk::{Node, each, each_while};
use crate::drift::shape::{Definition, Import, Module, Shape};

const TWICE: &str = "this name is given another meaning too: give each a name of its own";
const WRITTEN: &str = "the names of this module are written when the code runs: write them down";

/// What the statements of a module do to its names.
#[derive(Default)]
pub(super) struct Bindings<'a> {
    /// Names that are written to by what is neither a class, nor an alias, nor an import.
    others: HashSet<&'a str>,
    /// Functions, which nobody inherits from.
    functions: HashSet<&'a str>,
    /// Imported names, each with whether all that it is imported from are packages from elsewhere.
    imported: HashMap<&'a str, bool>,
    /// Names of packages before a star import of files of this repository.
    starred: HashSet<&'a str>,
    /// Classes that inherit from what is imported by their own name, and take its place.
    heirs: HashSet<&'a str>,
    /// Names that are written to in a text.
    texts: HashSet<&'a str>,
    /// Names may be written that nobody can tell.
    is_open: bool,
}

impl<'a> Bindings<'a> {
    /// Takes in the statements of a module. `is_alias` says of an assignment that it is read as a definition.
    pub(super) fn of(body: &'a [Stmt], is_alias: impl Fn(&'a Stmt) -> bool) -> Self {
        let mut all = Self::default();
        each_while(body, |node| match node {
            Node::Stmt(Stmt::ClassDef(_)) => false,
            Node::Stmt(Stmt::FunctionDef(function)) => {
                all.functions.insert(function.name.as_str());
                false
            }
            Node::Stmt(Stmt::Import(import)) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    let top = module.split('.').next().unwrap_or_default();
                    all.import(alias.asname.as_ref().map_or(top, |name| name.as_str()), is_package(module));
                }
                false
            }
            Node::Stmt(Stmt::ImportFrom(import)) => {
                let foreign = import.level == 0 && is_package(import.module.as_ref().map_or("", |name| name.as_str()));
                if !foreign && import.names.iter().any(|alias| alias.name.as_str() == "*") {
                    all.starred.extend(all.imported.iter().filter(|(_, foreign)| **foreign).map(|(name, _)| *name));
                }
                for alias in &import.names {
                    all.import(alias.asname.as_ref().unwrap_or(&alias.name).as_str(), foreign);
                }
                false
            }
            Node::Stmt(stmt) => {
                if !is_alias(stmt) {
                    all.stmt(stmt);
                }
                true
            }
            // What is named within is not the module's.
            Node::Expr(Expr::Lambda(_)) => false,
            Node::Expr(Expr::Named(named)) => {
                all.target(&named.target);
                true
            }
            Node::Expr(_) => true,
            Node::Parameter(captured) => {
                all.others.insert(captured.as_str());
                true
            }
        });
        for class in body.iter().filter_map(Stmt::as_class_def_stmt) {
            let bases = class.arguments.iter().flat_map(|arguments| &arguments.args);
            let mut names = bases.filter_map(Expr::as_name_expr);
            if names.any(|name| name.id == class.name.id) {
                all.heirs.insert(class.name.as_str());
            }
        }
        each(body, |node| match node {
            Node::Stmt(Stmt::Global(global)) => all.others.extend(global.names.iter().map(|name| name.as_str())),
            Node::Stmt(Stmt::Assign(assign)) => assign.targets.iter().for_each(|target| all.item(target)),
            Node::Stmt(Stmt::AugAssign(assign)) => all.is_open |= is_namespace(&assign.target),
            Node::Stmt(Stmt::Delete(delete)) => delete.targets.iter().for_each(|target| all.item(target)),
            Node::Expr(Expr::Call(call)) => all.call(&call.func, &call.arguments.args),
            _ => {}
        });
        all
    }

    fn import(&mut self, local: &'a str, foreign: bool) {
        let all = self.imported.entry(local).or_insert(true);
        *all &= foreign;
    }

    /// The names that a statement writes to by itself.
    fn stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.target(target)),
            Stmt::AnnAssign(assign) if assign.value.is_some() => self.target(&assign.target),
            Stmt::AugAssign(assign) => self.target(&assign.target),
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.target(target)),
            Stmt::For(each) => self.target(&each.target),
            Stmt::With(with) => {
                with.items.iter().filter_map(|item| item.optional_vars.as_deref()).for_each(|name| self.target(name));
            }
            _ => {}
        }
    }

    /// The names in what is written to.
    fn target(&mut self, target: &'a Expr) {
        let mut rest = vec![target];
        while let Some(target) = rest.pop() {
            match target {
                Expr::Name(name) => _ = self.others.insert(name.id.as_str()),
                Expr::Tuple(tuple) => rest.extend(&tuple.elts),
                Expr::List(list) => rest.extend(&list.elts),
                Expr::Starred(starred) => rest.push(&starred.value),
                _ => {}
            }
        }
    }

    /// `globals()["Base"] = Other`
    fn item(&mut self, target: &'a Expr) {
        let Expr::Subscript(subscript) = target else { return };
        if !is_namespace(&subscript.value) {
            return;
        }
        match subscript.slice.as_string_literal_expr() {
            Some(name) => self.text(name.value.to_str()),
            None => self.is_open = true,
        }
    }

    fn text(&mut self, name: &'a str) {
        self.others.insert(name);
        self.texts.insert(name);
    }

    /// `globals().update(…)`, `setattr(module, "Base", Other)`, `exec(…)`
    fn call(&mut self, function: &'a Expr, arguments: &'a [Expr]) {
        match function {
            Expr::Attribute(method) if is_namespace(&method.value) => {
                self.is_open |= !matches!(method.attr.as_str(), "get" | "items" | "keys" | "values" | "copy");
            }
            Expr::Name(name) if name.id == "exec" => self.is_open |= arguments.get(1).is_none_or(is_namespace),
            Expr::Name(name) if name.id == "setattr" && arguments.first().is_some_and(is_module) => {
                match arguments.get(1).and_then(Expr::as_string_literal_expr) {
                    Some(name) => self.text(name.value.to_str()),
                    None => self.is_open = true,
                }
            }
            _ => {}
        }
    }

    /// Names of packages that a star import may give another meaning.
    pub(super) fn starred(&self) -> impl Iterator<Item = &'a str> {
        self.starred.iter().copied()
    }

    fn is_other(&self, name: &str) -> bool {
        self.others.contains(name) || self.functions.contains(name)
    }

    /// The names that are assigned to, and those of functions, whatever else they are.
    pub(super) fn written(&self) -> impl Iterator<Item = &'a str> {
        self.others.iter().chain(&self.functions).copied()
    }

    /// The names that are written to in a text.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.texts.iter().copied()
    }

    /// Whether names may be written that nobody can tell.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The names that the module imports.
    pub(super) fn imports(&self, name: &str) -> bool {
        self.imported.contains_key(name)
    }

    /// Adds to a module what is unclear about its names.
    pub(super) fn apply(&self, module: &mut Module) {
        let mut used: HashMap<String, u32> = HashMap::new();
        module.definitions.iter().for_each(|definition| roots(&definition.shape, &mut used));
        let is_first = |name: &str, at: u32| used.get(name).is_none_or(|used| at < *used);
        for definition in &mut module.definitions {
            let name = definition.name.as_str();
            let reason = match self.imported.get(name) {
                _ if self.is_open => WRITTEN,
                _ if self.is_other(name) => TWICE,
                // What stands in for a package's type that is not there, and has no fields.
                Some(true) if is_plain(&definition.shape) => continue,
                // A class that inherits from what it takes the name of comes after it.
                Some(_) if self.heirs.contains(name) && is_first(name, definition.at) => continue,
                // The import may stand behind the class, whatever its file brings.
                Some(_) => TWICE,
                None => continue,
            };
            let shape = std::mem::replace(&mut definition.shape, Shape::Opaque);
            definition.shape = Shape::All(vec![Shape::Object(Vec::new()), shape, Shape::unread(definition.at, reason)]);
        }
        // Without fields, unless what comes in whole has a class of that name: then it is one of two.
        let mut brought: Vec<&str> = self.starred.iter().copied().filter(|name| used.contains_key(*name)).collect();
        brought.retain(|name| !module.definitions.iter().any(|definition| definition.name == *name));
        brought.sort_unstable();
        let empty =
            |name: &str| Definition { name: name.to_owned(), at: 0, shape: Shape::Object(Vec::new()), case: None };
        let declared: Vec<Definition> = brought.into_iter().map(empty).collect();
        module.definitions.extend(declared);
        let unclear = |name: &&str| self.is_open || self.is_other(name);
        let also = |name: &str, from| Import { local: Some(name.to_owned()), name: Some(name.to_owned()), from };
        let mut names: Vec<&str> = self.imported.keys().copied().filter(unclear).filter(|name| *name != "*").collect();
        names.sort_unstable();
        module.imports.extend(names.into_iter().map(|name| also(name, Vec::new())));
    }
}

/// Whether an expression is the names of a module: `globals()`, `vars()`, `sys.modules[…].__dict__`.
fn is_namespace(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => {
            let name = call.func.as_name_expr().map(|name| name.id.as_str());
            match name {
                Some("globals") => true,
                Some("vars") => call.arguments.args.iter().all(is_module),
                _ => false,
            }
        }
        Expr::Attribute(attribute) => attribute.attr.as_str() == "__dict__" && is_module(&attribute.value),
        _ => false,
    }
}

/// `sys.modules[…]`
fn is_module(expr: &Expr) -> bool {
    let modules = expr.as_subscript_expr().map(|subscript| &*subscript.value);
    modules.is_some_and(|modules| match modules {
        Expr::Attribute(attribute) => attribute.attr.as_str() == "modules",
        Expr::Name(name) => name.id == "modules",
        _ => false,
    })
}

/// The names that a class inherits from, and where that is first.
fn roots(shape: &Shape, found: &mut HashMap<String, u32>) {
    match shape {
        Shape::Named { name, at, .. } => {
            let first = found.entry(name.clone()).or_insert(*at);
            *first = (*first).min(*at);
        }
        Shape::All(shapes) => shapes.iter().for_each(|shape| roots(shape, found)),
        _ => {}
    }
}

/// Whether a shape brings no members.
fn is_plain(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar { .. } | Shape::Opaque => true,
        Shape::Object(members) => members.is_empty(),
        _ => false,
    }
}
