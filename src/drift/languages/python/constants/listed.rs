//! Classes and enums that do nothing but give constants a name.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};

use crate::drift::languages::python::names::{Names, dotted};

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

/// What of an enum says how its members are written as texts.
pub(super) const WRITERS: [&str; 3] = ["__format__", "__repr__", "__str__"];
/// What of an enum says which values its members have.
pub(super) const MAKERS: [&str; 6] =
    ["__getattribute__", "__init__", "__new__", "_generate_next_value_", "_value_", "value"];

/// What a class is, if all of it is written out.
pub(in crate::drift::languages::python) fn listed(names: &Names<'_>, class: &StmtClassDef) -> Option<Listed> {
    let known = |expr| names.known(expr).filter(|_| names.is_foreign(expr));
    let mut decorators = class.decorator_list.iter().map(|decorator| &decorator.expression);
    if !decorators.all(|one| matches!(known(one), Some("final" | "unique")) || dataclass(names, one).is_some()) {
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
    // What its members are as texts is up to this, and not what their values are.
    let is_told = |stmt: &Stmt| stmt.as_function_def_stmt().is_some_and(|method| writes(method.name.as_str()));
    let is_enum = listed != Listed::Plain;
    let has = |member: &str| names.scopes.member(member, Some(class)).is_some();
    if is_enum && MAKERS.iter().any(|member| has(member)) {
        return None;
    }
    let is_written = class.body.iter().any(is_told) || WRITERS.iter().any(|member| has(member));
    let listed = if is_enum && is_written { Listed::Enum } else { listed };
    class.body.iter().all(|stmt| is_plain(names, is_enum, stmt)).then_some(listed)
}

/// Whether the values of a class have its constants for good: `@dataclass(frozen=True)`.
pub(super) fn is_frozen(names: &Names<'_>, class: &StmtClassDef) -> bool {
    class.decorator_list.iter().any(|decorator| dataclass(names, &decorator.expression) == Some(true))
}

/// Whether what makes a dataclass freezes its values; `None` of what is none, or moves the constants elsewhere.
pub(super) fn dataclass(names: &Names<'_>, decorator: &Expr) -> Option<bool> {
    let (made, options) = match decorator {
        Expr::Call(call) => (&*call.func, Some(&call.arguments)),
        other => (other, None),
    };
    let is_dataclass = names.is_foreign(made)
        && dotted(made).and_then(|written| names.full(&written)).is_some_and(|full| full == "dataclasses.dataclass");
    let is_told = |name: &str| {
        let told = options.and_then(|options| options.find_keyword(name)).map(|option| &option.value);
        told.map(|told| told.as_boolean_literal_expr().is_some_and(|told| told.value))
    };
    let is_open = options.is_some_and(|options| options.keywords.iter().any(|option| option.arg.is_none()));
    (is_dataclass && !is_open && is_told("slots").is_none()).then(|| is_told("frozen") == Some(true))
}

fn writes(method: &str) -> bool {
    WRITERS.contains(&method)
}

fn is_static(names: &Names<'_>, decorator: &Expr) -> bool {
    let is_of_python = |name: &str| name == "staticmethod" && names.given.is_foreign(name) && !names.is_imported(name);
    decorator.as_name_expr().is_some_and(|name| is_of_python(name.id.as_str()))
}

/// Whether a statement gives a constant a name, or does nothing to them.
fn is_plain(names: &Names<'_>, is_enum: bool, stmt: &Stmt) -> bool {
    // Names of this kind say how an enum is made.
    let is_name = |target: &Expr| target.as_name_expr().is_some_and(|name| !is_enum || !name.id.starts_with('_'));
    match stmt {
        Stmt::Assign(assign) => assign.targets.iter().all(is_name),
        Stmt::AnnAssign(assign) => is_name(&assign.target),
        Stmt::Expr(alone) => alone.value.is_literal_expr(),
        Stmt::Pass(_) => true,
        Stmt::FunctionDef(method) => {
            let name = method.name.as_str();
            // It gets neither the class nor a value of it.
            let is_static = matches!(&*method.decorator_list, [decorator] if is_static(names, &decorator.expression));
            (is_enum && (!name.starts_with('_') || writes(name))) || (is_static && !name.starts_with('_'))
        }
        // `class Order: ID = "order.id"`
        Stmt::ClassDef(inner) => !is_enum && listed(names, inner).is_some(),
        _ => false,
    }
}
