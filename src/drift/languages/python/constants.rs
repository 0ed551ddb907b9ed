//! What names stand for that a file gives a meaning once, and which dictionaries of these stay what they are written as.

mod readings;

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{CmpOp, Expr, ExprCall, Stmt, StmtImportFrom};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::bodies;
use super::names::{Names, dotted};
use super::walk::{Node, each};
use readings::{excused, readings, told};

/// What leads to the names of a module or to the object of a method, whatever they are called.
const WAYS: [&str; 18] = [
    "__builtins__",
    "__dict__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__self__",
    "_getframe",
    "attrgetter",
    "eval",
    "exec",
    "f_globals",
    "f_locals",
    "globals",
    "importlib",
    "inspect",
    "locals",
    "modules",
    "vars",
];

/// The value of a constant, and where it has its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constant<'a> {
    pub(super) value: &'a Expr,
    scope: Scope,
}

#[derive(Clone, Copy, Debug)]
enum Scope {
    Module,
    /// In a condition or a loop of the module.
    Block,
    Function(TextRange),
    Class(TextRange),
}

impl Constant<'_> {
    /// Whether a name at some place is this constant: a star import may have brought another one of its name.
    pub(super) fn counts_at(&self, place: TextSize, star: Option<TextSize>) -> bool {
        let is_behind = self.value.range().end() <= place;
        match self.scope {
            Scope::Module => star.is_none_or(|star| star < self.value.range().start() && is_behind),
            Scope::Block => star.is_none(),
            Scope::Function(range) => range.contains(place) && is_behind,
            Scope::Class(range) => range.contains(place) && star.is_none(),
        }
    }
}

/// The constants of a file.
pub(super) fn of<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashMap<&'a str, Constant<'a>> {
    let mut found = HashMap::new();
    let mut rest: Vec<(&Stmt, Scope)> = body.iter().map(|stmt| (stmt, Scope::Module)).collect();
    while let Some((stmt, scope)) = rest.pop() {
        let assigned = match stmt {
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [target] => Some((target, &*assign.value)),
                _ => None,
            },
            Stmt::AnnAssign(assign) => assign.value.as_deref().map(|value| (&*assign.target, value)),
            _ => None,
        };
        if let Some((Expr::Name(name), value)) = assigned
            && names.given.once(name.id.as_str())
        {
            found.insert(name.id.as_str(), Constant { value, scope });
        }
        let below = match (stmt, scope) {
            (Stmt::FunctionDef(_), _) => Scope::Function(stmt.range()),
            (Stmt::ClassDef(_), _) => Scope::Class(stmt.range()),
            (_, Scope::Module) => Scope::Block,
            (_, scope) => scope,
        };
        rest.extend(bodies(stmt).into_iter().flatten().map(|stmt| (stmt, below)));
    }
    found
}

/// The dictionaries at the top of a module to which nothing in the file does more than read them.
pub(super) fn tables<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashSet<&'a str> {
    let constants = names.constants.iter().filter(|(_, constant)| matches!(constant.scope, Scope::Module));
    let mut found: HashSet<&str> =
        constants.filter(|(_, constant)| constant.value.is_dict_expr()).map(|(name, _)| *name).collect();
    if found.is_empty() {
        return found;
    }
    let ways = Ways::of(names, body);
    let (mut read, mut excuses) = (HashSet::new(), HashSet::new());
    each(body, |node| match node {
        // `from fields import BASE as other`, in a file of that name.
        Node::Stmt(Stmt::ImportFrom(import)) => {
            for alias in &import.names {
                found.remove(alias.name.as_str());
                if WAYS.contains(&alias.name.as_str()) && !is_inspection(import, alias.name.as_str()) {
                    found.clear();
                }
            }
        }
        Node::Stmt(stmt) => {
            read.extend(told(stmt));
            excuses.extend(excused(names, stmt));
        }
        Node::Expr(expr) => {
            read.extend(readings(names, expr));
            excuses.extend(ways.excused(expr));
            if excuses.contains(&expr.range()) {
                return;
            }
            match touched(names, expr, &read) {
                Touched::Nothing => {}
                Touched::Name(name) => _ = found.remove(name),
                Touched::Anything => found.clear(),
            }
        }
        Node::Parameter(name) => _ = found.remove(name),
    });
    found
}

/// `from sqlalchemy import inspect` shows the parts of a table, and not those of a module.
fn is_inspection(import: &StmtImportFrom, name: &str) -> bool {
    let module = import.module.as_ref().map_or("", |module| module.as_str());
    name == "inspect" && import.level == 0 && module.split('.').next() == Some("sqlalchemy")
}

/// What has the name of a way to the names of a module, and leads nowhere in this file.
struct Ways<'n, 'a> {
    names: &'n Names<'a>,
    /// Some module has another name than that of its import, so that any value may be one.
    lends_modules: bool,
}

impl<'n, 'a> Ways<'n, 'a> {
    fn of(names: &'n Names<'a>, body: &[Stmt]) -> Self {
        let mut below = HashSet::new();
        let mut lends_modules = false;
        each(body, |node| match node {
            Node::Expr(Expr::Attribute(member)) => _ = below.insert(member.value.range()),
            Node::Expr(Expr::Call(call)) => _ = below.insert(call.func.range()),
            Node::Expr(Expr::Name(name)) if name.ctx.is_load() && !below.contains(&name.range()) => {
                let name = name.id.as_str();
                // What is imported by name may be a module too.
                let may_be_module = names.is_imported(name) && name.starts_with(char::is_lowercase);
                lends_modules |= names.is_module(name) || may_be_module;
            }
            _ => {}
        });
        Self { names, lends_modules }
    }

    /// The places in an expression that look like ways, itself among them.
    fn excused(&self, expr: &Expr) -> Vec<TextRange> {
        let names = self.names;
        let is_inspection = |expr: &Expr| {
            let full = dotted(expr).and_then(|written| names.full(&written));
            full.is_some_and(|full| full == "sqlalchemy.inspect")
        };
        match expr {
            // What the file gives this name comes from somewhere, and that is looked at.
            Expr::Name(name) if name.id == "modules" => {
                Vec::from_iter(names.given.is_own("modules").then(|| name.range()))
            }
            Expr::Name(name) if name.id == "inspect" => {
                Vec::from_iter((names.given.once("inspect") && is_inspection(expr)).then(|| name.range()))
            }
            Expr::Attribute(member) => {
                let is_excused = match member.attr.as_str() {
                    "inspect" if is_inspection(expr) => names.is_foreign(expr),
                    "eval" | "globals" | "inspect" | "locals" | "modules" | "__dict__" => {
                        !self.may_be_module(&member.value)
                    }
                    _ => false,
                };
                Vec::from_iter(is_excused.then(|| member.range()))
            }
            // `"pytest" in sys.modules`
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([CmpOp::In | CmpOp::NotIn], [Expr::Attribute(member)]) if member.attr.as_str() == "modules" => {
                    vec![member.range()]
                }
                _ => Vec::new(),
            },
            // `vars(parser.parse_args())`
            Expr::Call(call) => match (&*call.func, &*call.arguments.args) {
                (Expr::Name(name), [of]) if name.id == "vars" && !self.may_be_module(of) => vec![name.range()],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn may_be_module(&self, value: &Expr) -> bool {
        if self.lends_modules {
            return true;
        }
        let mut value = value;
        while let Expr::Attribute(member) = value {
            value = &member.value;
        }
        match value {
            Expr::Name(name) => !self.names.given.is_own(name.id.as_str()),
            Expr::Call(call) => call.func.as_attribute_expr().is_none_or(|method| method.attr.as_str() != "parse_args"),
            _ => true,
        }
    }
}

/// What an expression may do something to.
enum Touched<'a> {
    Nothing,
    Name(&'a str),
    Anything,
}

fn touched<'a>(names: &Names<'_>, expr: &'a Expr, read: &HashSet<TextRange>) -> Touched<'a> {
    match expr {
        Expr::Name(name) if WAYS.contains(&name.id.as_str()) => Touched::Anything,
        Expr::Name(name) if name.ctx.is_store() || (name.ctx.is_load() && read.contains(&expr.range())) => {
            Touched::Nothing
        }
        Expr::Name(name) => Touched::Name(name.id.as_str()),
        Expr::Attribute(attribute) if WAYS.contains(&attribute.attr.as_str()) => Touched::Anything,
        // What the views of a dictionary show of it, `BASE.keys().mapping`, compares as the dictionary itself.
        Expr::Attribute(attribute) if attribute.attr.as_str() == "mapping" && attribute.value.is_call_expr() => {
            Touched::Anything
        }
        // `fields.BASE`, in a file that imports itself.
        Expr::Attribute(attribute) => Touched::Name(attribute.attr.as_str()),
        Expr::Call(call) if is_computed_member(names, call) => Touched::Anything,
        Expr::StringLiteral(name) if name.value.to_str().contains('_') && WAYS.contains(&name.value.to_str()) => {
            Touched::Anything
        }
        Expr::StringLiteral(name) => Touched::Name(name.value.to_str()),
        _ => Touched::Nothing,
    }
}

/// `getattr(fields, name)` of a module, which may be the file itself.
fn is_computed_member(names: &Names<'_>, call: &ExprCall) -> bool {
    let [Expr::Name(of), member, ..] = &*call.arguments.args else { return false };
    let is_getattr = call.func.as_name_expr().is_some_and(|function| function.id == "getattr");
    is_getattr && !member.is_string_literal_expr() && names.is_imported(of.id.as_str())
}
