//! What names stand for that a file gives a meaning once, and which dictionaries of these stay what they are written as.

mod listed;
mod members;
mod readings;

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{CmpOp, Expr, ExprCall, Operator, Stmt, StmtImportFrom};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::names::{Names, dotted, last};
use super::scopes::Variable;
use super::walk::{Node, each};
use listed::{MAKERS, WRITERS};
use readings::{excused, readings, told};

/// What gives a member of something a value.
const SETTERS: [&str; 4] = ["__delattr__", "__setattr__", "delattr", "setattr"];

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

/// What code does to names of a file behind their back.
#[derive(Debug, Default)]
pub(super) struct Changed<'a> {
    /// Members that it gives anything (`fields.PATH = …`), or names of the module, in a text (`setattr(fields, "PATH", …)`).
    names: HashMap<&'a str, TextSize>,
    /// The same of members, those of `self` among them.
    members: HashMap<&'a str, TextSize>,
    /// Names, and names of members, that are not only read, called, or asked for their members.
    handed_on: HashSet<&'a str>,
    /// Nobody can tell which names of the module.
    is_open: bool,
    /// Nobody can tell which members of an instance, by a method of it.
    is_instance_open: bool,
}

impl<'a> Changed<'a> {
    pub(super) fn of(names: &Names<'a>, body: &'a [Stmt]) -> Self {
        let mut changed = Self::default();
        let ways = Ways::of(names, body);
        let (mut read, mut excuses, mut asked) = (HashSet::new(), HashSet::new(), HashSet::new());
        each(body, |node| match node {
            Node::Stmt(stmt) => {
                changed.is_open |= brings_builtins(stmt);
                read.extend(told(stmt));
                asked.extend(annotations(stmt).into_iter().map(Ranged::range));
                if let Stmt::Assign(assign) = stmt {
                    let entries = assign.targets.iter().filter_map(Expr::as_subscript_expr);
                    read.extend(
                        entries.filter(|entry| entry.slice.is_string_literal_expr()).map(|entry| entry.value.range()),
                    );
                }
            }
            Node::Expr(expr) => {
                read.extend(readings(names, expr));
                excuses.extend(ways.excused(expr));
                if let Expr::Call(call) = expr {
                    read.insert(call.func.range());
                }
                if let Expr::Attribute(member) = expr {
                    asked.insert(member.value.range());
                }
                if !asked.contains(&expr.range()) && !read.contains(&expr.range()) {
                    changed.handed_on.extend(last(expr));
                }
                changed.expr(names, expr);
                let called = expr.as_call_expr().map_or(expr.range(), |call| call.func.range());
                let is_read = read.contains(&expr.range());
                let is_fine = is_read || excuses.contains(&called);
                changed.is_open |= (is_namespace(names, expr) || is_setter(expr)) && !is_fine;
                changed.is_instance_open |= (is_namespace(names, expr) || is_of_instance(names, expr)) && !is_read;
            }
            Node::Parameter(_) => {}
        });
        changed
    }

    fn expr(&mut self, names: &Names<'a>, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => self.is_open |= matches!(name.id.as_str(), "__builtins__" | "eval" | "exec"),
            Expr::Attribute(member) if !member.ctx.is_load() => {
                self.members.entry(member.attr.as_str()).or_insert(expr.start());
                if !is_of_self(names, &member.value) {
                    self.names.entry(member.attr.as_str()).or_insert(expr.start());
                }
            }
            Expr::Subscript(entry) if !entry.ctx.is_load() => {
                let is_of_instance = is_of_instance(names, &entry.value);
                let name = entry.slice.as_string_literal_expr().map(|name| (name.value.to_str(), expr.start()));
                if is_of_instance || is_namespace(names, &entry.value) {
                    self.members.extend(name);
                    self.names.extend(name.filter(|_| !is_of_instance));
                }
            }
            Expr::StringLiteral(name) => self.is_open |= matches!(name.value.to_str(), "__builtins__" | "builtins"),
            Expr::Call(call) if last(&call.func).is_some_and(|name| SETTERS.contains(&name)) => {
                let (of, rest) = match (&*call.func, &*call.arguments.args) {
                    // `fields.__setattr__("PATH", …)`
                    (Expr::Attribute(method), given @ [_, _]) => (&*method.value, given),
                    (_, [of, rest @ ..]) => (of, rest),
                    _ => return,
                };
                let texts = rest.iter().filter_map(Expr::as_string_literal_expr).map(|name| name.value.to_str());
                let texts = texts.map(|name| (name, expr.start()));
                self.members.extend(texts.clone());
                self.names.extend(texts.filter(|_| !is_of_self(names, of)));
                let is_computed = rest.first().is_none_or(|name| !name.is_string_literal_expr());
                let is_own = is_of_self(names, of) || is_super(of);
                self.is_instance_open |= is_computed && is_own;
                self.is_open |= is_computed && !is_own;
            }
            _ => {}
        }
    }

    /// Whether what a name of the module is given may be something else.
    pub(super) fn doubts(&self, name: &str) -> bool {
        self.is_open || self.names.contains_key(name)
    }

    /// Whether what a class has by a name may be something else.
    pub(super) fn doubts_member(&self, name: &str) -> bool {
        self.is_open || self.members.contains_key(name)
    }

    /// Whether the values of the members of an enum may be others.
    pub(super) fn doubts_values(&self) -> bool {
        let mut said = MAKERS.iter().chain(&WRITERS);
        let is_changed = self.members.contains_key("_value_") || said.any(|name| self.names.contains_key(name));
        self.is_open || self.is_instance_open || is_changed
    }

    /// Whether nobody can tell which members something has that is no instance here, or one of a class of this file.
    pub(super) fn doubts_instances(&self) -> bool {
        self.is_open || self.is_instance_open
    }

    /// The place that gives a name of the module, or a member, something else.
    pub(super) fn place(&self, name: &str, is_member: bool) -> Option<TextSize> {
        if is_member { self.members.get(name) } else { self.names.get(name) }.copied()
    }

    pub(super) fn is_handed_on(&self, name: &str) -> bool {
        self.handed_on.contains(name)
    }
}

/// What a statement says of types, which does nothing to the classes that are named there.
fn annotations(stmt: &Stmt) -> Vec<&Expr> {
    match stmt {
        Stmt::AnnAssign(assign) => vec![&assign.annotation],
        Stmt::FunctionDef(function) => {
            let of_arguments = function.parameters.iter().filter_map(|parameter| parameter.annotation());
            of_arguments.chain(function.returns.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}

/// `self`, which is an argument.
fn is_of_self(names: &Names<'_>, expr: &Expr) -> bool {
    let own = expr.as_name_expr().filter(|name| name.id == "self");
    own.and_then(|name| names.scopes.variable(&name.id, name.start())).is_some_and(Variable::is_receiver)
}

/// `super()`, which is that of a method.
fn is_super(expr: &Expr) -> bool {
    expr.as_call_expr().is_some_and(|call| last(&call.func) == Some("super"))
}

/// What has the names of a module or of a class, or may write any of them.
fn is_namespace(names: &Names<'_>, expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => match (last(&call.func), &*call.arguments.args) {
            (Some("getattr"), [_, Expr::StringLiteral(name), ..]) => {
                matches!(name.value.to_str(), "__dict__" | "__globals__" | "f_globals")
            }
            (Some("globals" | "locals" | "vars"), _) => call.func.is_name_expr(),
            _ => false,
        },
        Expr::Name(name) => matches!(name.id.as_str(), "globals" | "locals" | "vars"),
        Expr::Attribute(member) => match member.attr.as_str() {
            "__dict__" => !is_of_self(names, &member.value),
            "__globals__" | "f_globals" => true,
            _ => false,
        },
        _ => false,
    }
}

/// The members of an instance, within its class: `self.__dict__`.
fn is_of_instance(names: &Names<'_>, expr: &Expr) -> bool {
    match expr {
        Expr::Attribute(member) => member.attr.as_str() == "__dict__" && is_of_self(names, &member.value),
        _ => false,
    }
}

/// `setattr`, which does nobody knows what where it is not called.
fn is_setter(expr: &Expr) -> bool {
    expr.as_name_expr().is_some_and(|name| name.ctx.is_load() && matches!(name.id.as_str(), "delattr" | "setattr"))
}

/// What runs code or shows all names, under other names than Python gives it.
fn brings_builtins(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Import(import) => import.names.iter().any(|alias| alias.name.as_str() == "builtins"),
        Stmt::ImportFrom(import) => {
            let is_of_python = import.level == 0 && import.module.as_deref() == Some("builtins");
            let leads = |name: &str| WAYS.contains(&name) || SETTERS.contains(&name) || matches!(name, "*" | "getattr");
            is_of_python && import.names.iter().any(|alias| leads(alias.name.as_str()))
        }
        _ => false,
    }
}

/// The dictionaries at the top of a module, each with the place that does more than read it, if there is one.
pub(super) fn tables<'a>(names: &Names<'a>, body: &'a [Stmt]) -> HashMap<&'a str, Option<TextSize>> {
    let is_dict = |variable: &Variable<'_>| {
        variable.assigned().is_some_and(|(value, in_block)| !in_block && value.is_dict_expr())
    };
    let own = names.scopes.of_module().filter(|(_, variable)| is_dict(variable));
    let mut found: HashMap<&str, Option<TextSize>> = own.map(|(name, _)| (name, None)).collect();
    if found.is_empty() {
        return found;
    }
    let holders = holders(names, &found);
    let mut given_away = HashSet::new();
    let ways = Ways::of(names, body);
    let (mut read, mut excuses) = (HashSet::new(), HashSet::new());
    each(body, |node| match node {
        // `from fields import BASE as other`, in a file of that name.
        Node::Stmt(Stmt::ImportFrom(import)) => {
            for alias in &import.names {
                touch(&mut found, alias.name.as_str(), alias.start());
                if WAYS.contains(&alias.name.as_str()) && !is_inspection(import, alias.name.as_str()) {
                    touch_all(&mut found, alias.start());
                }
            }
        }
        Node::Stmt(stmt) => {
            let told = told(stmt);
            if let Stmt::For(_) = stmt {
                given_away.extend(told.iter().copied());
            }
            read.extend(told);
            excuses.extend(excused(names, stmt));
        }
        Node::Expr(expr) => {
            let readings = readings(names, expr);
            given_away.extend(shown(names, expr, &readings));
            read.extend(readings);
            excuses.extend(ways.excused(expr));
            if let Expr::Name(name) = expr
                && given_away.contains(&name.range())
                && holders.contains(name.id.as_str())
                && names.scopes.is_of_module(&name.id, name.start())
            {
                touch(&mut found, name.id.as_str(), name.start());
            }
            if excuses.contains(&expr.range()) {
                return;
            }
            match touched(names, expr, &read) {
                Touched::Nothing => {}
                Touched::Name(name) => touch(&mut found, name, expr.start()),
                Touched::Anything => touch_all(&mut found, expr.start()),
            }
        }
        Node::Parameter(_) => {}
    });
    found
}

fn touch(found: &mut HashMap<&str, Option<TextSize>>, name: &str, at: TextSize) {
    if let Some(touched) = found.get_mut(name) {
        touched.get_or_insert(at);
    }
}

/// Something may touch each of them.
fn touch_all(found: &mut HashMap<&str, Option<TextSize>>, at: TextSize) {
    // Once is enough, however often that is.
    if found.values().any(Option::is_none) {
        found.values_mut().for_each(|touched| _ = touched.get_or_insert(at));
    }
}

/// The dictionaries that hold what may be changed by whoever gets it, or have the entries of one that does.
fn holders<'a>(names: &Names<'a>, found: &HashMap<&'a str, Option<TextSize>>) -> HashSet<&'a str> {
    let (mut waiting, mut heirs) = (Vec::new(), HashMap::<&str, Vec<&str>>::new());
    for name in found.keys() {
        let value = names.scopes.member(name, None).and_then(Variable::assigned);
        for item in value.and_then(|(value, _)| value.as_dict_expr()).into_iter().flat_map(|dict| &dict.items) {
            match (&item.key, &item.value) {
                (None, Expr::Name(base)) => heirs.entry(base.id.as_str()).or_default().push(name),
                (key, value) if key.is_none() || is_holder(value) => waiting.push(*name),
                _ => {}
            }
        }
    }
    let mut holders = HashSet::new();
    while let Some(name) = waiting.pop() {
        if holders.insert(name) {
            waiting.extend(heirs.get(name).into_iter().flatten());
        }
    }
    holders
}

/// Whether a value may be changed by whoever gets it.
fn is_holder(value: &Expr) -> bool {
    match value {
        Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_) | Expr::DictComp(_) | Expr::ListComp(_) | Expr::If(_) => true,
        Expr::BoolOp(_) => true,
        Expr::BinOp(both) => both.op == Operator::BitOr,
        Expr::Call(call) => last(&call.func).is_some_and(|name| matches!(name, "dict" | "list")),
        _ => false,
    }
}

/// Which of what an expression reads gives away what a dictionary has, and not only all of it, or its names.
fn shown(names: &Names<'_>, expr: &Expr, read: &[TextRange]) -> Vec<TextRange> {
    let is_kept = |range: &TextRange| match expr {
        Expr::Dict(_) | Expr::BinOp(_) | Expr::Compare(_) | Expr::FString(_) | Expr::If(_) | Expr::UnaryOp(_) => true,
        Expr::Call(call) => {
            let name = last(&call.func).unwrap_or_default();
            let makes = names.is_foreign(&call.func) || names.classes.contains(name);
            let mut spread = call.arguments.keywords.iter().filter(|keyword| keyword.arg.is_none());
            let is_spread = makes && spread.any(|keyword| keyword.value.range() == *range);
            is_spread || matches!(name, "dumps" | "isinstance" | "len" | "print" | "rename")
        }
        _ => false,
    };
    read.iter().copied().filter(|range| !is_kept(range)).collect()
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
        Expr::Name(name) => {
            if names.scopes.is_of_module(&name.id, name.start()) {
                Touched::Name(&name.id)
            } else {
                Touched::Nothing
            }
        }
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
