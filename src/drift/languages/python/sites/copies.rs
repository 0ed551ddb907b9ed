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
        let is_copy = |function: &Expr| {
            let function = self.names.constant(function);
            matches!(self.names.known(function), Some("assoc" | "evolve" | "replace"))
        };
        match &*call.arguments.args {
            [of, ..] if is_copy(&call.func) => return Some((of, Changes::Arguments)),
            // `partial(replace, order, total=…)`
            [function, of, ..] if self.is_partial(&call.func) && is_copy(function) => {
                return Some((of, Changes::Arguments));
            }
            _ => {}
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
        let tells = |name: Option<&str>| changes == Changes::Arguments || name.is_none_or(|name| name == "update");
        if !call.arguments.keywords.iter().any(|keyword| tells(keyword.arg.as_deref())) {
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
                if tells(keyword.arg.as_deref()) {
                    self.spread_out(ty, &keyword.value, &mut given);
                }
            }
            self.given(ty, class, &given, true);
        }
    }
}
