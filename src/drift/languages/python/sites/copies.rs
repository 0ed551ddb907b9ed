//! Copies of values of a declared type, in which some fields are others.

use ruff_python_ast::{Expr, ExprCall};

use super::Reader;
use super::literals::{MANY, MAX_DEPTH};
use super::makers::Asked;

/// Where a copy is told what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changes {
    /// In arguments of the fields' names: `dataclasses.replace(order, total=…)`, `order._replace(total=…)`.
    Arguments,
    /// In a dictionary: `order.model_copy(update={"total": …})`.
    Update,
}

impl<'a> Reader<'_, 'a> {
    /// What is copied by a call, and where it is told what is new.
    pub(super) fn copied<'e>(&self, call: &'e ExprCall) -> Option<(&'e Expr, Changes)> {
        if matches!(self.names.known(&call.func), Some("assoc" | "evolve" | "replace")) {
            return call.arguments.args.first().map(|of| (of, Changes::Arguments));
        }
        let method = call.func.as_attribute_expr()?;
        let changes = match method.attr.as_str() {
            "_replace" | "__replace__" => Changes::Arguments,
            "model_copy" | "copy" => Changes::Update,
            _ => return None,
        };
        Some((&method.value, changes))
    }

    /// Reads what is new in a copy. The fields have their names there, whatever a class lets others call them.
    pub(super) fn copy<'e>(&mut self, call: &'e ExprCall, of: &'e Expr, changes: Changes)
    where
        'a: 'e,
    {
        if call.arguments.keywords.is_empty() {
            return;
        }
        // `Order._replace(order, total=…)`
        let (values, classes) = (self.made(Asked::Value, of), self.made(Asked::Class, of));
        let Some((values, classes)) = values.zip(classes) else { return self.unread(of, MANY) };
        for (ty, class) in values.iter().chain(&*classes) {
            if changes == Changes::Arguments {
                self.keywords(ty, None, &call.arguments, Some((class, true)), MAX_DEPTH);
                continue;
            }
            let mut given = Vec::new();
            for keyword in &call.arguments.keywords {
                match keyword.arg.as_deref() {
                    Some("update") | None => self.spread_out(ty, &keyword.value, &mut given),
                    Some(_) => {}
                }
            }
            self.given(ty, class, &given, true);
        }
    }
}
