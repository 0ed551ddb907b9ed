//! Where Python code names fields of a contract.

mod copies;
mod literals;
mod makers;
mod patches;
mod tables;
mod typed;
mod wires;

use std::collections::HashSet;
use std::rc::Rc;

use ruff_python_ast::{Comprehension, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextSize};

use super::names::Names;
use super::spelled::spelled;
use super::types::{Types, at};
use super::walk::{Node, each};
use super::{Source, bodies};
use crate::drift::shape::{Form, HANDED_ON, Module, Site, Sites, Unread};
use makers::Receivers;
use wires::Wires;

const SPREAD: &str = "what this hands on cannot be read; write the keys down";
/// How long a line is that a reason shows.
const MAX_LINE: usize = 80;
const COMPUTED: &str = "this key is computed; write it as a string";

/// Adds the mapping sites of a file to its module.
pub(super) fn read<'a>(source: &Source<'a>, names: &Names<'a>, body: &'a [Stmt], module: &mut Module) {
    if source.sites.is_empty() {
        return;
    }
    if names.scopes.is_lost() {
        module.unread.push(Unread::new(0, "the functions of this file are nested too deep to tell its names apart"));
    }
    let types = Types { names, text: source.text, scope: "", variables: &[] };
    let wires = if source.sites.types.is_empty() { Wires::default() } else { Wires::of(names, body) };
    let receivers = if source.sites.types.is_empty() { Receivers::default() } else { Receivers::of(names, body) };
    let mut reader = Reader {
        names,
        types,
        wires: &wires,
        receivers: &receivers,
        sites: source.sites,
        claimed: HashSet::new(),
        called: HashSet::new(),
        written: HashSet::new(),
        bases: Vec::new(),
        seen: HashSet::new(),
        grown: if source.sites.table_member.is_some() { tables::grown(names, body) } else { HashSet::new() },
        known: makers::Known::new(),
        lent: tables::Lent::of(source.sites, body),
        methods: HashSet::new(),
        doubted: Vec::new(),
        lent_to: HashSet::new(),
        lends: Vec::new(),
        left_to_lend: patches::MOST_LENT,
        steps: 0,
        module,
    };
    each(body, |node| match node {
        Node::Stmt(stmt) => reader.stmt(stmt),
        Node::Expr(expr) => reader.expr(expr),
        Node::Parameter(_) => {}
    });
    reader.handed();
    reader.finish_doubted();
    module.sites.sort_by_key(|site| site.at);
    // Two declared names may mean one function.
    module.sites.dedup();
}

struct Reader<'n, 'a> {
    names: &'n Names<'a>,
    types: Types<'n, 'a>,
    sites: &'n Sites,
    wires: &'n Wires<'n>,
    receivers: &'n Receivers<'a>,
    /// The places of dictionaries whose type is known from what stands around them.
    claimed: HashSet<u32>,
    /// The places of names that are called, with their ends.
    called: HashSet<(u32, u32)>,
    /// The places that tables are written to with what was read.
    written: HashSet<(u32, u32)>,
    /// Constants that tables have the entries of.
    bases: Vec<&'a Expr>,
    /// The places of constants whose entries literals of a type have, with that.
    seen: HashSet<(String, u32)>,
    /// What is put into after it was made.
    grown: HashSet<&'a str>,
    /// What classes names may be.
    known: makers::Known,
    /// Other names of tables.
    lent: tables::Lent<'a>,
    /// The places of methods that are called.
    methods: HashSet<(u32, u32)>,
    /// Calls that may be patches if what they are called on is one by another name, and that name.
    doubted: Vec<(u32, String)>,
    /// Other names of receivers of patches, and of what they give.
    lent_to: HashSet<Rc<str>>,
    /// What is called by the first name is called by the second too.
    lends: Vec<(Rc<str>, Rc<str>)>,
    /// How much may still be looked at of what gets another name.
    left_to_lend: usize,
    /// How much was read again of what types with a name stand for.
    steps: usize,
    module: &'n mut Module,
}

impl Reader<'_, '_> {
    fn unread(&mut self, expr: &Expr, reason: &str) {
        let is_value = reason == SPREAD || reason.contains("computed");
        let line = self.names.doubt(expr).filter(|_| is_value).and_then(|at| line(self.types.text, at));
        let reason = match (line, reason.split_once("; ")) {
            (Some(line), Some((what, instead))) => format!("{what}, as `{line}` may change it; {instead}"),
            _ => reason.to_owned(),
        };
        self.module.unread.push(Unread::new(at(expr), reason));
    }

    fn site(&mut self, form: Form, ty: Option<&str>, path: String, at: u32) {
        self.module.sites.push(Site { form, ty: ty.map(str::to_owned), path, at });
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.kept(target, &assign.value);
                    self.assigned(target, &assign.value);
                    self.declared(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => match &assign.value {
                Some(value) => {
                    self.kept(&assign.target, value);
                    self.assigned(&assign.target, value);
                    self.annotated(&assign.annotation, value);
                }
                None => _ = self.written.insert(place(&assign.target)),
            },
            Stmt::AugAssign(assign) => {
                self.added(&assign.target, &assign.value);
                self.declared(&assign.target, &assign.value);
            }
            Stmt::FunctionDef(function) => {
                self.returned(function);
                self.given_back(function);
                self.kept_by(&function.parameters);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    item.optional_vars.iter().for_each(|target| self.kept(target, &item.context_expr));
                }
            }
            Stmt::For(each) => self.kept_each(&each.target, &each.iter),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.imported(stmt),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Call(call) => {
                self.handed_on(expr);
                self.called.insert(place(&call.func));
                self.function(call);
                self.constructor(call);
                self.method(call);
                self.put(call);
                self.put_later(expr);
                self.discriminated(expr);
                for keyword in &call.arguments.keywords {
                    keyword.arg.iter().for_each(|name| self.member(name, &keyword.value));
                }
            }
            Expr::Dict(dict) => {
                self.discriminated(expr);
                for item in &dict.items {
                    let Some(Expr::StringLiteral(key)) = &item.key else { continue };
                    self.member(key.value.to_str(), &item.value);
                    // `{"$set": {"a.b": 1}}`
                    if self.sites.patches.contains(key.value.to_str()) {
                        self.patch(&item.value);
                    }
                }
            }
            Expr::BinOp(_) => self.discriminated(expr),
            Expr::Lambda(lambda) => lambda.parameters.iter().for_each(|parameters| self.kept_by(parameters)),
            Expr::ListComp(each) => self.gone_through(&each.generators),
            Expr::SetComp(each) => self.gone_through(&each.generators),
            Expr::DictComp(each) => self.gone_through(&each.generators),
            Expr::Generator(each) => self.gone_through(&each.generators),
            Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) => {
                self.handed_on(expr);
                self.stored(expr);
                self.put_later(expr);
            }
            // `(FIELD_MAP := {…})`
            Expr::Named(named) => {
                self.kept(&named.target, &named.value);
                self.assigned(&named.target, &named.value);
                self.declared(&named.target, &named.value);
            }
            _ => {}
        }
    }

    fn gone_through(&mut self, generators: &[Comprehension]) {
        generators.iter().for_each(|each| self.kept_each(&each.target, &each.iter));
    }

    /// A mapping function, or a patch of a receiver, where it is not called.
    fn handed_on(&mut self, expr: &Expr) {
        if self.sites.functions.is_empty() && self.sites.patches_of_receivers().next().is_none() {
            return;
        }
        let is_read = match expr {
            Expr::Name(name) => name.ctx.is_load(),
            Expr::Attribute(attribute) => {
                // What else a function has is no call of it.
                self.called.insert(place(&attribute.value));
                attribute.ctx.is_load()
            }
            Expr::Subscript(entry) => entry.ctx.is_load(),
            Expr::Call(_) => true,
            _ => false,
        };
        let Some(written) = spelled(expr).filter(|_| is_read && !self.called.contains(&place(expr))) else { return };
        let sites = self.sites;
        if sites.functions.iter().any(|(declared, _)| self.is_declared(&written, declared)) {
            self.unread(expr, HANDED_ON);
        } else if sites.patches_of_receivers().any(|patch| self.is_declared(&written, patch)) {
            self.unread(expr, patches::LENT);
        }
    }

    /// Whether a written name is a declared one, by itself or by what it is imported as.
    fn is_declared(&self, written: &str, declared: &str) -> bool {
        let is_end = |name: &str| name.strip_suffix(declared).is_some_and(|before| before.ends_with('.'));
        let (written, declared) = (of_self(written), of_self(declared));
        written == declared
            || (declared.contains('.') && is_end(written))
            || self.names.full(written).is_some_and(|full| full == declared || is_end(&full))
    }

    /// The declared type that a written name is.
    fn declared_type(&self, written: &str) -> Option<String> {
        let full = self.names.full(written);
        let name = full.as_deref().unwrap_or(written);
        let last = name.rsplit('.').next().unwrap_or_default();
        [name, written, last].into_iter().find(|name| self.sites.types.contains(*name)).map(str::to_owned)
    }

    /// A call of a declared mapping function.
    fn function(&mut self, call: &ExprCall) {
        let Some(written) = spelled(&call.func) else { return };
        let sites = self.sites;
        for (declared, position) in &sites.functions {
            if !self.is_declared(&written, declared) {
                continue;
            }
            let arguments = &call.arguments;
            match arguments.find_positional(position.saturating_sub(1)) {
                Some(argument) => match self.names.strings(argument) {
                    Some(paths) => paths.into_iter().for_each(|path| self.site(Form::Call, None, path, at(argument))),
                    None => self.unread(argument, "the path given here is computed; write it as a string"),
                },
                None if arguments.is_empty() => {}
                None => self.unread(&call.func, "the path is not at its place among the arguments of this call"),
            }
        }
    }
}

/// A name without what says that it is part of the code around.
fn of_self(name: &str) -> &str {
    name.strip_prefix("self.").or(name.strip_prefix("cls.")).unwrap_or(name)
}

/// The line of a place, if it is a short one that can be shown.
fn line(text: &str, at: TextSize) -> Option<&str> {
    let (before, behind) = text.split_at_checked(at.to_usize())?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = at.to_usize() + behind.find('\n').unwrap_or(behind.len());
    let line = text.get(start..end)?.trim();
    let is_shown = |letter: u8| matches!(letter, b' '..=b'~') && letter != b'`';
    (line.len() <= MAX_LINE && line.bytes().all(is_shown)).then_some(line)
}

fn place(expr: &Expr) -> (u32, u32) {
    (expr.range().start().to_u32(), expr.range().end().to_u32())
}

/// The statements of a body in their order, with those in conditions and loops, without those of functions and classes
/// within.
fn own(body: &[Stmt]) -> Vec<&Stmt> {
    let (mut found, mut rest) = (Vec::new(), Vec::from_iter(body.iter().rev()));
    while let Some(stmt) = rest.pop() {
        found.push(stmt);
        if !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            rest.extend(bodies(stmt).into_iter().flatten().rev());
        }
    }
    found
}

/// What a function gives back.
fn returns(function: &StmtFunctionDef) -> Vec<&Expr> {
    own(&function.body).into_iter().filter_map(Stmt::as_return_stmt).filter_map(|back| back.value.as_deref()).collect()
}
