//! Mapping tables that are classes.

use ruff_python_ast::{Alias, Expr, Stmt, StmtClassDef};

use super::{SPREAD, WRITE_DOWN};
use crate::drift::languages::python::sites::{Reader, own};
use crate::drift::languages::python::types::at;
use crate::drift::shape::Unread;

impl Reader<'_, '_> {
    /// `class FIELD_MAP: a = "order.a"`
    pub(in super::super) fn class(&mut self, class: &StmtClassDef) {
        if !self.sites.tables.contains(class.name.as_str()) {
            return;
        }
        for base in class.arguments.iter().flat_map(|arguments| &arguments.args) {
            if self.names.known(base.as_subscript_expr().map_or(base, |base| &base.value)).is_none()
                && !self.is_read_elsewhere(base)
            {
                self.unread(base, SPREAD);
            }
        }
        let mut waiting = own(&class.body);
        while let Some(stmt) = waiting.pop() {
            match stmt {
                Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.member_of(target, &assign.value)),
                Stmt::AnnAssign(assign) => {
                    assign.value.iter().for_each(|value| self.member_of(&assign.target, value));
                }
                Stmt::For(each) => self.unread(&each.target, WRITE_DOWN),
                Stmt::With(with) => {
                    with.items
                        .iter()
                        .flat_map(|item| &item.optional_vars)
                        .for_each(|name| self.unread(name, WRITE_DOWN));
                }
                // `A = "order."` and then `A += "id"`: neither is the path.
                Stmt::AugAssign(assign) => self.unread(&assign.target, WRITE_DOWN),
                // `from .paths import ID as id`
                Stmt::Import(import) => self.brought_in(&import.names),
                Stmt::ImportFrom(import) => self.brought_in(&import.names),
                // `class order: id = "order.id"`
                Stmt::ClassDef(group) => waiting.extend(own(&group.body)),
                _ => {}
            }
        }
    }

    fn brought_in(&mut self, names: &[Alias]) {
        self.module.unread.extend(names.iter().map(|name| Unread::new(at(name), WRITE_DOWN)));
    }

    /// What the body of a table gives a name.
    fn member_of(&mut self, target: &Expr, value: &Expr) {
        match (target, value) {
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.elts.len() == values.elts.len() => {
                targets.elts.iter().zip(&values.elts).for_each(|(target, value)| self.member_of(target, value));
            }
            (Expr::Tuple(_) | Expr::List(_), _) => self.unread(target, WRITE_DOWN),
            _ => self.item(value),
        }
    }
}
