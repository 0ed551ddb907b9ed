//! What only reads the constants that it is given: functions of the language, methods of lists, packages.

use oxc_ast::ast::*;

/// What belongs to the language or to what runs it, and is given constants. What of it may be another belongs to the file.
pub(super) const GIVEN: &[&str] =
    &["Array", "JSON", "Object", "Set", "console", "exports", "module", "structuredClone"];

/// Methods of lists that leave them as they are, with how much a function that they call gets before the list itself.
const ASKING: &[(&str, Option<usize>)] = &[
    ("at", None),
    ("concat", None),
    ("entries", None),
    ("every", Some(2)),
    ("filter", Some(2)),
    ("find", Some(2)),
    ("findIndex", Some(2)),
    ("findLast", Some(2)),
    ("findLastIndex", Some(2)),
    ("flatMap", Some(2)),
    ("forEach", Some(2)),
    ("includes", None),
    ("indexOf", None),
    ("join", None),
    ("keys", None),
    ("lastIndexOf", None),
    ("map", Some(2)),
    ("reduce", Some(3)),
    ("reduceRight", Some(3)),
    ("slice", None),
    ("some", Some(2)),
    ("toReversed", None),
    ("toSorted", Some(2)),
    ("values", None),
];

/// Whether a method of a list leaves it as it is, and gives it to nobody.
pub(super) fn is_quiet(method: &str, call: &CallExpression<'_>) -> bool {
    let Some((_, before)) = ASKING.iter().find(|(known, _)| *known == method) else { return false };
    let Some(before) = before else { return true };
    let first = call.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression);
    match first {
        Some(Expression::ArrowFunctionExpression(function)) => {
            let parameters = &function.params;
            let are_plain = parameters.items.iter().all(|parameter| parameter.pattern.is_binding_identifier());
            are_plain && parameters.items.len() <= *before && parameters.rest.is_none()
        }
        None => method == "toSorted",
        Some(_) => false,
    }
}

/// Packages whose functions only read lists and enums.
pub(super) fn is_reader(package: &str) -> bool {
    matches!(package, "zod" | "class-validator") || package.starts_with("zod/")
}

/// What of the language a call only reads its arguments by.
pub(super) fn reader(call: &CallExpression<'_>) -> Option<&'static str> {
    if call.callee.is_specific_id("structuredClone") {
        return Some("structuredClone");
    }
    let member = call.callee.get_inner_expression().as_member_expression()?;
    if let Expression::StaticMemberExpression(of) = member.object().get_inner_expression() {
        let is_asked =
            of.property.name == "hasOwnProperty" && of.object.is_specific_member_access("Object", "prototype");
        return (is_asked && member.static_property_name() == Some("call")).then_some("Object");
    }
    let of = member.object().get_identifier_reference()?;
    match (of.name.as_str(), member.static_property_name()?) {
        ("Array", "from" | "isArray") => Some("Array"),
        // A new object has the members of others.
        ("Object", "assign") => {
            let first = call.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression);
            matches!(first, Some(Expression::ObjectExpression(_))).then_some("Object")
        }
        // What is frozen may have any other name.
        ("Object", "entries" | "freeze" | "getOwnPropertyNames" | "hasOwn" | "isFrozen" | "keys" | "values") => {
            Some("Object")
        }
        ("console", "debug" | "dir" | "error" | "info" | "log" | "table" | "warn") => Some("console"),
        // What else it is given may be code.
        ("JSON", "stringify") => {
            let mut others = call.arguments.iter().skip(1);
            others.all(|value| value.as_expression().is_some_and(Expression::is_literal)).then_some("JSON")
        }
        _ => None,
    }
}

/// Whether a call is of a function of the language that is a member of something, which it does not change.
pub(super) fn is_of_language(callee: &Expression<'_>) -> bool {
    let Some(member) = callee.get_inner_expression().as_member_expression() else { return false };
    member.object().get_identifier_reference().is_some_and(|of| GIVEN.contains(&of.name.as_str()))
        && member.static_property_name().is_some_and(|name| !name.starts_with("__") && name != "valueOf")
}
