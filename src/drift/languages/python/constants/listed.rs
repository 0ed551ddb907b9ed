//! Classes and enums that do nothing but give constants a name.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};

use crate::drift::languages::python::names::Names;

/// What a class of constants is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::drift::languages::python) enum Listed {
    /// `class Path: ID = "id"`
    Plain,
    /// Its members have values: `Path.ID.value`.
    Enum,
    /// Its members are texts as well, but for what `format` makes of them: `class Path(str, Enum)`.
    TextEnum,
    /// Its members are texts.
    StrEnum,
}

/// What a class is, if all of it is written out.
pub(in crate::drift::languages::python) fn listed(names: &Names<'_>, class: &StmtClassDef) -> Option<Listed> {
    let known = |expr| names.known(expr).filter(|_| names.is_foreign(expr));
    let mut decorators = class.decorator_list.iter().map(|decorator| &decorator.expression);
    if !decorators.all(|decorator| matches!(known(decorator), Some("final" | "unique"))) {
        return None;
    }
    let bases: Vec<Option<&str>> = match &class.arguments {
        Some(arguments) if !arguments.keywords.is_empty() => return None,
        Some(arguments) => arguments.args.iter().map(known).collect(),
        None => Vec::new(),
    };
    let listed = match bases.as_slice() {
        [] | [Some("object")] => Listed::Plain,
        [Some("Enum")] => Listed::Enum,
        [Some("str"), Some("Enum")] => Listed::TextEnum,
        [Some("StrEnum")] => Listed::StrEnum,
        _ => return None,
    };
    class.body.iter().all(|stmt| is_plain(listed, stmt)).then_some(listed)
}

/// Whether a statement gives a constant a name, or does nothing to them.
fn is_plain(listed: Listed, stmt: &Stmt) -> bool {
    let is_enum = listed != Listed::Plain;
    // Names of this kind say how an enum is made.
    let is_name = |target: &Expr| target.as_name_expr().is_some_and(|name| !is_enum || !name.id.starts_with('_'));
    match stmt {
        Stmt::Assign(assign) => assign.targets.iter().all(is_name),
        Stmt::AnnAssign(assign) => is_name(&assign.target),
        Stmt::Expr(alone) => alone.value.is_literal_expr(),
        Stmt::Pass(_) => true,
        Stmt::FunctionDef(method) => is_enum && !method.name.starts_with('_') && method.name.as_str() != "value",
        _ => false,
    }
}
