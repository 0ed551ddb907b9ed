//! Where Python code names fields of a contract.

use std::collections::HashSet;

use ruff_python_ast::{Arguments, Expr, ExprCall, ExprDict, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::names::{Names, dotted};
use super::types::{Types, at};
use super::walk::{Node, each};
use super::{Source, bodies};
use crate::drift::path::{FieldPath, Segment};
use crate::drift::shape::{Form, HANDED_ON, Module, Shape, Site, Sites, Unread};

/// How deep literals nest, and how long a key is.
const MAX_DEPTH: usize = 48;
const MAX_KEY: usize = 512;

const SPREAD: &str = "what this hands on cannot be read; write the keys down";
const COMPUTED: &str = "this key is computed; write it as a string";

/// Adds the mapping sites of a file to its module.
pub(super) fn read(source: &Source<'_>, names: &Names<'_>, body: &[Stmt], module: &mut Module) {
    if source.sites.is_empty() {
        return;
    }
    let types = Types { names, text: source.text, scope: "", variables: &[] };
    let mut reader =
        Reader { names, types, sites: source.sites, claimed: HashSet::new(), called: HashSet::new(), module };
    each(body, |node| match node {
        Node::Stmt(stmt) => reader.stmt(stmt),
        Node::Expr(expr) => reader.expr(expr),
        Node::Parameter(_) => {}
    });
    module.sites.sort_by_key(|site| site.at);
    // Two declared names may mean one function.
    module.sites.dedup();
}

struct Reader<'n, 'a> {
    names: &'n Names<'a>,
    types: Types<'n, 'a>,
    sites: &'n Sites,
    /// The places of dictionaries whose type is known from what stands around them.
    claimed: HashSet<u32>,
    /// The places of names that are called, with their ends.
    called: HashSet<(u32, u32)>,
    module: &'n mut Module,
}

impl Reader<'_, '_> {
    fn unread(&mut self, expr: &Expr, reason: &str) {
        self.module.unread.push(Unread::new(at(expr), reason));
    }

    fn site(&mut self, form: Form, ty: Option<&str>, path: String, at: u32) {
        self.module.sites.push(Site { form, ty: ty.map(str::to_owned), path, at });
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assigned(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assigned(&assign.target, value);
                    let shape = self.types.shape(&assign.annotation);
                    self.typed(&shape, value, MAX_DEPTH);
                }
            }
            // `FIELD_MAP |= {…}`
            Stmt::AugAssign(assign) => self.assigned(&assign.target, &assign.value),
            Stmt::FunctionDef(function) => self.returned(function),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Call(call) => {
                self.called.insert(place(&call.func));
                self.function(call);
                self.constructor(call);
                self.method(call);
            }
            Expr::Dict(dict) => {
                self.discriminated(dict);
                for item in &dict.items {
                    // `{"$set": {"a.b": 1}}`
                    let key = item.key.as_ref().and_then(Expr::as_string_literal_expr);
                    if key.is_some_and(|key| self.sites.patches.contains(key.value.to_str())) {
                        self.patch(&item.value);
                    }
                }
            }
            Expr::Name(_) | Expr::Attribute(_) => self.handed_on(expr),
            // `(FIELD_MAP := {…})`
            Expr::Named(named) => self.assigned(&named.target, &named.value),
            _ => {}
        }
    }

    /// A mapping function where it is not called.
    fn handed_on(&mut self, expr: &Expr) {
        if self.sites.functions.is_empty() {
            return;
        }
        let is_read = match expr {
            Expr::Name(name) => name.ctx.is_load(),
            Expr::Attribute(attribute) => {
                // What else a function has is no call of it.
                self.called.insert(place(&attribute.value));
                attribute.ctx.is_load()
            }
            _ => false,
        };
        let Some(written) = dotted(expr).filter(|_| is_read && !self.called.contains(&place(expr))) else { return };
        let sites = self.sites;
        if sites.functions.iter().any(|(declared, _)| self.is_declared(&written, declared)) {
            self.unread(expr, HANDED_ON);
        }
    }

    /// Whether a written name is a declared one, by itself or by what it is imported as.
    fn is_declared(&self, written: &str, declared: &str) -> bool {
        let is_end = |name: &str| name.strip_suffix(declared).is_some_and(|before| before.ends_with('.'));
        let written = written.strip_prefix("self.").or(written.strip_prefix("cls.")).unwrap_or(written);
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
        let Some(written) = dotted(&call.func) else { return };
        let sites = self.sites;
        for (declared, position) in &sites.functions {
            if !self.is_declared(&written, declared) {
                continue;
            }
            let arguments = &call.arguments;
            match arguments.find_positional(position.saturating_sub(1)) {
                Some(argument) => match self.names.string(argument) {
                    Some(path) => self.site(Form::Call, None, path, at(argument)),
                    None => self.unread(argument, "the path given here is computed; write it as a string"),
                },
                None if arguments.is_empty() => {}
                None => self.unread(&call.func, "the path is not at its place among the arguments of this call"),
            }
        }
    }

    /// A value that is given to a name: a mapping table, or an entry of one.
    fn assigned(&mut self, target: &Expr, value: &Expr) {
        if let Expr::Tuple(targets) = target {
            return self.unpacked(&targets.elts, value);
        }
        let (target, is_entry) = match target {
            Expr::Subscript(subscript) => (&*subscript.value, true),
            other => (other, false),
        };
        if self.is_table(target) {
            if is_entry { self.entry(value) } else { self.table(value) }
        }
    }

    /// `FIELD_MAP, other = {…}, 1`
    fn unpacked(&mut self, targets: &[Expr], value: &Expr) {
        let values = value.as_tuple_expr().map(|tuple| tuple.elts.as_slice()).unwrap_or_default();
        for (place, target) in targets.iter().enumerate() {
            if !self.is_table(target) {
                continue;
            }
            let alike = values.len() == targets.len() && !values.iter().chain(targets).any(Expr::is_starred_expr);
            match values.get(place).filter(|_| alike) {
                Some(value) => self.table(value),
                None => self.unread(target, "this mapping table is computed; write it down"),
            }
        }
    }

    fn is_table(&self, target: &Expr) -> bool {
        let name = match target {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return false,
        };
        self.sites.tables.contains(name) || dotted(target).is_some_and(|written| self.sites.tables.contains(&written))
    }

    fn table(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match &item.key {
                        Some(_) => self.entry(&item.value),
                        None => self.unread(&item.value, SPREAD),
                    }
                }
            }
            Expr::List(list) => list.elts.iter().for_each(|pair| self.pair(pair)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|pair| self.pair(pair)),
            Expr::Call(call) if dotted(&call.func).is_some_and(|name| is_wrapper(&name)) => {
                call.arguments.args.iter().for_each(|inner| self.table(inner));
                for keyword in &call.arguments.keywords {
                    match keyword.arg {
                        Some(_) => self.entry(&keyword.value),
                        None => self.unread(&keyword.value, SPREAD),
                    }
                }
            }
            other => self.unread(other, "this mapping table is computed; write it down"),
        }
    }

    fn pair(&mut self, pair: &Expr) {
        let items = match pair {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            Expr::List(list) => list.elts.as_slice(),
            _ => &[],
        };
        match items {
            [_, path] => self.entry(path),
            _ => self.unread(pair, "this is no pair of a name and a path"),
        }
    }

    fn entry(&mut self, value: &Expr) {
        match self.names.string(value) {
            Some(path) => self.site(Form::Table, None, path, at(value)),
            None => self.unread(value, "the path in this table is computed; write it as a string"),
        }
    }

    /// `Order(total=…)`, and `FIELD_MAP.update(…)`.
    fn constructor(&mut self, call: &ExprCall) {
        if let Expr::Attribute(method) = &*call.func {
            let arguments = &call.arguments.args;
            if self.is_table(&method.value) {
                match (method.attr.as_str(), &**arguments) {
                    ("update", arguments) => arguments.iter().for_each(|argument| self.table(argument)),
                    ("setdefault", [_, value]) => self.entry(value),
                    _ => {}
                }
            }
            let makes = ["model_validate", "parse_obj", "from_dict", "validate"].contains(&method.attr.as_str());
            let ty = dotted(&method.value).and_then(|written| self.declared_type(&written));
            if let (true, Some(ty), Some(argument)) = (makes, ty, arguments.first()) {
                return self.literal(&ty, None, argument, MAX_DEPTH);
            }
        }
        let func = match &*call.func {
            Expr::Attribute(method) if matches!(method.attr.as_str(), "model_construct" | "construct") => {
                &*method.value
            }
            other => other,
        };
        let Some(written) = dotted(func) else { return };
        if self.names.known(func) == Some("cast")
            && let [ty, value] = &*call.arguments.args
        {
            let shape = self.types.shape(ty);
            return self.typed(&shape, value, MAX_DEPTH);
        }
        if let Some(ty) = self.declared_type(&written) {
            self.keywords(&ty, None, &call.arguments, MAX_DEPTH);
        }
    }

    fn keywords(&mut self, ty: &str, path: Option<&FieldPath>, arguments: &Arguments, depth: usize) {
        for keyword in &arguments.keywords {
            match (&keyword.arg, &keyword.value) {
                (Some(name), value) => self.key(ty, path, (name.as_str(), at(name)), value, depth),
                (None, Expr::Dict(dict)) => self.dict(ty, path, dict, depth),
                (None, value) => self.unread(value, SPREAD),
            }
        }
    }

    /// The dictionaries that a function with a declared type returns.
    fn returned(&mut self, function: &StmtFunctionDef) {
        let Some(returns) = &function.returns else { return };
        let shape = self.types.shape(returns);
        let mut rest: Vec<&Stmt> = function.body.iter().collect();
        while let Some(stmt) = rest.pop() {
            match stmt {
                Stmt::Return(back) => {
                    if let Some(value) = &back.value {
                        self.typed(&shape, value, MAX_DEPTH);
                    }
                }
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                other => rest.extend(bodies(other).into_iter().flatten()),
            }
        }
    }

    /// A value that is said to have a type.
    fn typed(&mut self, shape: &Shape, value: &Expr, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(value, "this literal is nested too deep") };
        match (shape, value) {
            (Shape::Named { name, .. }, _) => {
                if let Some(ty) = self.declared_type(name) {
                    self.literal(&ty, None, value, depth);
                }
            }
            (Shape::Array(item), Expr::List(list)) => list.elts.iter().for_each(|one| self.typed(item, one, depth)),
            (Shape::Array(item), Expr::Tuple(tuple)) => tuple.elts.iter().for_each(|one| self.typed(item, one, depth)),
            (Shape::Array(item), Expr::ListComp(comprehension)) => self.typed(item, &comprehension.elt, depth),
            (Shape::Map(item), Expr::Dict(dict)) => {
                dict.items.iter().for_each(|one| self.typed(item, &one.value, depth))
            }
            (Shape::Any(shapes), _) => shapes.iter().for_each(|shape| self.typed(shape, value, depth)),
            _ => {}
        }
    }

    /// A dictionary that says itself what type it has.
    fn discriminated(&mut self, dict: &ExprDict) {
        let Some(tag) = self.tag(dict) else { return };
        if self.claimed.contains(&at(dict)) {
            return;
        }
        match self.names.string(tag) {
            Some(ty) => self.dict(&ty, None, dict, MAX_DEPTH),
            None => self.unread(tag, "the type of this literal is computed; write it as a string"),
        }
    }

    fn tag<'e>(&self, dict: &'e ExprDict) -> Option<&'e Expr> {
        let is_tag = |key: &Expr| self.names.string(key).is_some_and(|key| self.sites.discriminators.contains(&key));
        dict.items.iter().find(|item| item.key.as_ref().is_some_and(is_tag)).map(|item| &item.value)
    }

    /// What a literal of a type writes. At the top only dictionaries do; below, everything else is the value of a field.
    fn literal(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, value: &Expr, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(value, "this literal is nested too deep") };
        let below = path.map(|(path, _)| path);
        match value {
            Expr::Dict(dict) if below.is_none() || (!dict.items.is_empty() && self.tag(dict).is_none()) => {
                self.dict(ty, below, dict, depth);
            }
            Expr::Call(call) if self.names.known(&call.func) == Some("dict") => {
                call.arguments.args.iter().for_each(|inner| self.literal(ty, path, inner, depth));
                self.keywords(ty, below, &call.arguments, depth);
            }
            Expr::If(either) => {
                self.literal(ty, path, &either.body, depth);
                self.literal(ty, path, &either.orelse, depth);
            }
            Expr::List(list) => self.list(ty, path, &list.elts, depth),
            Expr::Tuple(tuple) => self.list(ty, path, &tuple.elts, depth),
            Expr::ListComp(comprehension) => self.list(ty, path, std::slice::from_ref(&*comprehension.elt), depth),
            _ => {
                if let Some((path, place)) = path {
                    self.site(Form::Literal, Some(ty), path.to_string(), place);
                }
            }
        }
    }

    fn list(&mut self, ty: &str, path: Option<(&FieldPath, u32)>, items: &[Expr], depth: usize) {
        let Some((path, place)) = path else { return };
        if items.is_empty() {
            return self.site(Form::Literal, Some(ty), path.to_string(), place);
        }
        let each = path.then(Segment::Each);
        let (parts, values): (Vec<&Expr>, Vec<&Expr>) =
            items.iter().partition(|item| matches!(item, Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_) | Expr::If(_)));
        parts.iter().chain(values.first()).for_each(|item| self.literal(ty, Some((&each, place)), item, depth));
    }

    fn dict(&mut self, ty: &str, path: Option<&FieldPath>, dict: &ExprDict, depth: usize) {
        self.claimed.insert(at(dict));
        for item in &dict.items {
            match (&item.key, &item.value) {
                (Some(key), value) => match self.names.string(key) {
                    Some(name) => self.key(ty, path, (&name, at(key)), value, depth),
                    None => self.unread(key, COMPUTED),
                },
                (None, Expr::Dict(inner)) if depth > 0 => self.dict(ty, path, inner, depth - 1),
                (None, value) => self.unread(value, SPREAD),
            }
        }
    }

    fn key(&mut self, ty: &str, path: Option<&FieldPath>, key: (&str, u32), value: &Expr, depth: usize) {
        let (name, place) = key;
        if self.sites.discriminators.contains(name) {
            return;
        }
        if name.len() > MAX_KEY {
            return self.module.unread.push(Unread::new(place, "this key is too long"));
        }
        let path = path.map_or_else(|| FieldPath::of(name), |path| path.member(name));
        self.literal(ty, Some((&path, place)), value, depth);
    }

    /// `patch.set({"a.b": 1})`
    fn method(&mut self, call: &ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        if !self.sites.patches.contains(method.attr.as_str()) {
            return;
        }
        call.arguments.args.iter().for_each(|argument| self.patch(argument));
        for keyword in &call.arguments.keywords {
            match &keyword.arg {
                Some(name) => self.site(Form::Patch, None, name.to_string(), at(name)),
                None => self.patch(&keyword.value),
            }
        }
    }

    fn patch(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match item.key.as_ref().map(|key| (key, self.names.string(key))) {
                        Some((key, Some(path))) => self.site(Form::Patch, None, path, at(key)),
                        Some((key, None)) => self.unread(key, COMPUTED),
                        None => self.unread(&item.value, SPREAD),
                    }
                }
            }
            Expr::List(list) => {
                for item in &list.elts {
                    match self.names.string(item) {
                        Some(path) => self.site(Form::Patch, None, path, at(item)),
                        None => self.unread(item, "the path given here is computed; write it as a string"),
                    }
                }
            }
            Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {}
            other => self.unread(other, "the object of this patch is computed; write its keys down"),
        }
    }
}

fn place(expr: &Expr) -> (u32, u32) {
    (expr.range().start().to_u32(), expr.range().end().to_u32())
}

/// Calls that give back the mapping that they get.
fn is_wrapper(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("dict" | "MappingProxyType" | "frozendict" | "OrderedDict" | "FrozenDict"))
}
