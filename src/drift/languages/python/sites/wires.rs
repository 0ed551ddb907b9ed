//! What the arguments of a constructor are on the wire, where a class lets its fields be named as Python does.

use std::collections::HashMap;

use ruff_python_ast::{Expr, Stmt, StmtClassDef};

use crate::drift::languages::python::fields::{Config, annotated, spelling};
use crate::drift::languages::python::names::Names;
use crate::drift::languages::python::walk::{Node, each};
use crate::drift::shape::Case;

/// How many classes above one are asked for a field.
const MAX_CLASSES: usize = 32;

/// The classes at the top of a file whose names mean nothing else in it.
#[derive(Default)]
pub(super) struct Wires<'a>(HashMap<&'a str, Class<'a>>);

/// A class of a file.
#[derive(Default)]
struct Class<'a> {
    by_name: Option<bool>,
    case: Option<Case>,
    bases: Vec<&'a str>,
    fields: HashMap<String, Wire>,
}

/// What a field says of its name on the wire.
enum Wire {
    Nothing,
    Alias(String),
    Unread,
}

impl<'a> Wires<'a> {
    pub(super) fn of(names: &Names<'_>, body: &'a [Stmt]) -> Self {
        let mut wires = Self::default();
        let given = given(body);
        for class in body.iter().filter_map(Stmt::as_class_def_stmt) {
            let name = class.name.as_str();
            if given.get(name) == Some(&1) && !given.contains_key("*") {
                let class = wires.read(names, class);
                wires.0.insert(name, class);
            }
        }
        wires
    }

    fn read(&self, names: &Names<'_>, class: &'a StmtClassDef) -> Class<'a> {
        let config = Config::of(names, class);
        let bases = class.arguments.iter().flat_map(|arguments| &arguments.args);
        let bases: Vec<&str> = bases.filter_map(Expr::as_name_expr).map(|base| base.id.as_str()).collect();
        let above = || bases.iter().filter_map(|base| self.0.get(base));
        let mut read = Class {
            // What nobody can read may name the fields otherwise.
            by_name: match config.unread.is_empty() {
                true => config.by_name.or_else(|| above().find_map(|base| base.by_name)),
                false => Some(false),
            },
            case: config.case.or_else(|| above().find_map(|base| base.case)),
            fields: HashMap::new(),
            bases: Vec::new(),
        };
        read.bases = bases;
        for assign in class.body.iter().filter_map(Stmt::as_ann_assign_stmt) {
            let Expr::Name(name) = &*assign.target else { continue };
            let own = assign.value.as_deref().map(|value| spelling(names, value)).unwrap_or_default();
            let old = config.aliases.iter().position(|(field, _)| *field == name.id.as_str());
            let old = old.and_then(|place| config.aliases.get(place)).map(|(_, told)| told);
            let told = own.or(annotated(names, &assign.annotation));
            let alias = told.alias.as_ref().or(old.and_then(|old| old.alias.as_ref()));
            let is_unread = told.unread.is_some() || old.is_some_and(|old| old.unread.is_some());
            let wire = match alias {
                _ if is_unread => Wire::Unread,
                Some((alias, _)) => Wire::Alias(alias.clone()),
                None => Wire::Nothing,
            };
            read.fields.insert(name.id.to_string(), wire);
        }
        read
    }

    /// What an argument of a class is on the wire, if the class lets it have another name.
    pub(super) fn wire(&self, class: &str, argument: &str) -> Option<String> {
        let own = self.0.get(class).filter(|class| class.by_name == Some(true))?;
        let mut rest = vec![own];
        for _ in 0..MAX_CLASSES {
            let class = rest.pop()?;
            match class.fields.get(argument) {
                Some(Wire::Alias(alias)) => return Some(alias.clone()),
                Some(Wire::Nothing) => return own.case.map(|case| case.apply(argument)),
                Some(Wire::Unread) => return None,
                // Of several bases the first counts.
                None => rest.extend(class.bases.iter().take(MAX_CLASSES).rev().filter_map(|base| self.0.get(base))),
            }
        }
        None
    }
}

/// How often each name gets a meaning in a file, wherever that is; `*` stands for names that come in whole.
fn given(body: &[Stmt]) -> HashMap<&str, usize> {
    let mut given: HashMap<&str, usize> = HashMap::new();
    let mut count = |name| *given.entry(name).or_default() += 1;
    each(body, |node| match node {
        Node::Stmt(Stmt::ClassDef(class)) => count(class.name.as_str()),
        Node::Stmt(Stmt::FunctionDef(function)) => count(function.name.as_str()),
        Node::Stmt(Stmt::Import(import)) => {
            import.names.iter().for_each(|alias| count(alias.asname.as_ref().unwrap_or(&alias.name).as_str()));
        }
        Node::Stmt(Stmt::ImportFrom(import)) => {
            import.names.iter().for_each(|alias| count(alias.asname.as_ref().unwrap_or(&alias.name).as_str()));
        }
        Node::Expr(Expr::Name(name)) if !name.ctx.is_load() => count(name.id.as_str()),
        Node::Parameter(name) => count(name),
        Node::Stmt(_) | Node::Expr(_) => {}
    });
    given
}
