//! Names that are written in other ways than Python has for them.

use ruff_python_ast::{Expr, ExprAttribute};

use super::names::{MAX_DOTS, dotted};

/// A member [as it is written](dotted).
pub(super) fn dotted_member(member: &ExprAttribute) -> Option<String> {
    dotted(&member.value).map(|before| format!("{before}.{}", member.attr))
}

/// A name [as it is written](dotted), also in texts: `getattr(a, "b")`, `globals()["b"]`. What cannot be named is `?`.
pub(super) fn spelled(expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut waiting = Some(expr);
    for _ in 0..MAX_DOTS {
        let Some(expr) = waiting else { break };
        let (part, before) = match expr {
            Expr::Name(name) => (name.id.as_str(), None),
            Expr::Attribute(attribute) => (attribute.attr.as_str(), Some(&*attribute.value)),
            Expr::Call(_) | Expr::Subscript(_) => match in_text(expr) {
                Some((part, before)) => (part, before),
                None if parts.is_empty() => return None,
                None => ("?", None),
            },
            _ if parts.is_empty() => return None,
            _ => ("?", None),
        };
        parts.push(part);
        waiting = before;
    }
    // Of what is longer the end is enough.
    parts.extend(waiting.map(|_| "?"));
    parts.reverse();
    Some(parts.join("."))
}

/// A name in a text, and what has it, if that is no module.
fn in_text(expr: &Expr) -> Option<(&str, Option<&Expr>)> {
    match expr {
        Expr::Call(call) if call.func.as_name_expr().is_some_and(|name| name.id == "getattr") => {
            let [of, name, ..] = &*call.arguments.args else { return None };
            Some((name.as_string_literal_expr()?.value.to_str(), Some(of)))
        }
        // `globals().get("b")`
        Expr::Call(call) => {
            let entry =
                call.func.as_attribute_expr().filter(|entry| matches!(entry.attr.as_str(), "get" | "__getitem__"))?;
            Some((call.arguments.args.first()?.as_string_literal_expr()?.value.to_str(), namespace(&entry.value)?))
        }
        Expr::Subscript(entry) => {
            Some((entry.slice.as_string_literal_expr()?.value.to_str(), namespace(&entry.value)?))
        }
        _ => None,
    }
}

/// What has the names that an expression lists, if that is no module: `globals()`, `vars(a)`, `a.__dict__`.
fn namespace(expr: &Expr) -> Option<Option<&Expr>> {
    match expr {
        Expr::Attribute(all) if all.attr.as_str() == "__dict__" => Some(Some(&*all.value)),
        Expr::Call(call) => match call.func.as_name_expr()?.id.as_str() {
            "globals" | "locals" => Some(None),
            "vars" => Some(call.arguments.args.first()),
            _ => None,
        },
        _ => None,
    }
}
