//! Names, places and columns, from the parser's words into ours.

use sqlparser::ast::{BinaryOperator, CreateTable};
use sqlparser::ast::{ColumnDef, ColumnOption, Expr, Ident, ObjectName, ObjectNamePart, TableConstraint, Value};

use super::types;
use crate::drift::shape::{Kind, Member, Shape};

/// How deep a check is looked into.
const MAX_DEPTH: usize = 64;
/// Schemas that unqualified names are in.
const DEFAULT_SCHEMAS: [&str; 3] = ["public", "main", "dbo"];

/// A name as the database compares it: in lower case unless it is quoted.
pub(super) fn name(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

/// Where a name stands: tokens were given offsets for places.
pub(super) fn at(ident: &Ident) -> u32 {
    u32::try_from(ident.span.start.column.saturating_sub(1)).unwrap_or(u32::MAX)
}

/// The name of a table or a type, with its schema where that is no default, and where it stands.
pub(super) fn object_name(object: &ObjectName) -> Result<(String, u32), &'static str> {
    let mut parts = Vec::new();
    for part in &object.0 {
        match part {
            ObjectNamePart::Identifier(ident) if !ident.value.contains('.') => parts.push(ident),
            _ => return Err("a name with a dot in it, or a call, is not read"),
        }
    }
    let (Some(last), schema) = (parts.pop(), parts.pop()) else { return Err("a name is missing") };
    let schema = schema.map(name).filter(|schema| !DEFAULT_SCHEMAS.contains(&schema.as_str()));
    let own = name(last);
    Ok((schema.map_or_else(|| own.clone(), |schema| format!("{schema}.{own}")), at(last)))
}

/// The columns of a table, with what its checks say of them.
pub(super) fn columns(table: &CreateTable) -> Vec<Member> {
    let mut listed = Vec::new();
    for constraint in &table.constraints {
        if let TableConstraint::Check(check) = constraint {
            listed_columns(&check.expr, MAX_DEPTH, &mut listed);
        }
    }
    let listed: std::collections::BTreeSet<String> = listed.into_iter().map(name).collect();
    let mut members: Vec<Member> = table.columns.iter().map(column).collect();
    for member in members.iter_mut().filter(|member| listed.contains(&member.name)) {
        enumerate(&mut member.shape);
    }
    members
}

pub(super) fn column(column: &ColumnDef) -> Member {
    member(&column.name, &column.data_type, column.options.iter().map(|option| &option.option))
}

/// A column by its parts.
pub(super) fn member<'a>(
    ident: &Ident,
    ty: &sqlparser::ast::DataType,
    options: impl Iterator<Item = &'a ColumnOption>,
) -> Member {
    let place = at(ident);
    let mut shape = types::shape(ty, place);
    for option in options {
        if let ColumnOption::Check(check) = option {
            let mut listed = Vec::new();
            listed_columns(&check.expr, MAX_DEPTH, &mut listed);
            if listed.into_iter().any(|other| name(other) == name(ident)) {
                enumerate(&mut shape);
            }
        }
    }
    Member::new(name(ident), place, shape).explicit()
}

/// Only listed values pass from now on.
pub(super) fn enumerate(shape: &mut Shape) {
    if let Shape::Scalar { enumerated, kind: Kind::String | Kind::Number } = shape {
        *enumerated = true;
    }
}

/// The columns that a check compares with listed values: `a IN (…)`, `a = ANY (ARRAY[…])`, also beside other demands.
pub(super) fn listed_columns<'a>(check: &'a Expr, depth: usize, found: &mut Vec<&'a Ident>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match check {
        Expr::Nested(inner) => listed_columns(inner, depth, found),
        Expr::InList { expr, list, negated: false } if list.iter().all(is_literal) => found.extend(column_of(expr)),
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => match bare(right) {
            Expr::Array(array) if array.elem.iter().all(is_literal) => found.extend(column_of(left)),
            _ => {}
        },
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            listed_columns(left, depth, found);
            listed_columns(right, depth, found);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => match (bare(left), bare(right)) {
            (Expr::IsNull(_), other) | (other, Expr::IsNull(_)) => listed_columns(other, depth, found),
            _ => {}
        },
        _ => {}
    }
}

/// All columns that a check lists values for.
pub(super) fn listed_in(check: &Expr) -> Vec<&Ident> {
    let mut found = Vec::new();
    listed_columns(check, MAX_DEPTH, &mut found);
    found
}

/// An expression without parentheses and casts around it.
fn bare(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let Expr::Nested(inner) | Expr::Cast { expr: inner, .. } = expr {
        expr = inner;
    }
    expr
}

fn column_of(expr: &Expr) -> Option<&Ident> {
    match bare(expr) {
        Expr::Identifier(ident) => Some(ident),
        _ => None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Value(value) => !matches!(value.value, Value::Placeholder(_)),
        Expr::UnaryOp { expr, .. } => matches!(bare(expr), Expr::Value(_)),
        _ => false,
    }
}
