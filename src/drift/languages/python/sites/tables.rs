//! Mapping tables: what the declared names are given, and what is put into them.

mod classes;
mod grown;
mod lent;

use std::collections::HashSet;

use ruff_python_ast::{Arguments, Expr, ExprBinOp, ExprCall, ExprDict, ExprSubscript, Operator, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::patches::choices;
use super::{Reader, SPREAD, place, returns};
use crate::drift::languages::python::names::dotted;
use crate::drift::languages::python::scopes::Variable;
use crate::drift::languages::python::spelled::spelled;
use crate::drift::languages::python::types::at;
use crate::drift::shape::{Form, Unread};
pub(super) use grown::grown;
use grown::is_container;
pub(super) use lent::Lent;
use lent::Reach;

/// How many parts of what stands beside a path are looked at.
const MOST_PARTS: usize = 1024;

const WRITE_DOWN: &str = "this mapping table is computed; write it down";
const COMPUTED: &str = "the path in this table is computed; write it as a string";
const MANY: &str = "this may be part of a mapping table, as it has too many names to tell; write the table down";

impl Reader<'_, '_> {
    /// A value that is given to a name: a mapping table, or an entry of one.
    pub(super) fn assigned(&mut self, target: &Expr, value: &Expr) {
        match target {
            Expr::Tuple(targets) => self.unpacked(&targets.elts, value),
            Expr::List(targets) => self.unpacked(&targets.elts, value),
            Expr::Subscript(subscript) => {
                let reach = self.reaches(&subscript.value);
                self.written.extend(reach.map(|_| place(target)));
                match reach {
                    Some(Reach::Within) if self.sites.table_member.is_some() => self.put_within(subscript, value),
                    Some(Reach::Within) => self.unread(target, WRITE_DOWN),
                    Some(Reach::Lost) => self.unread(target, MANY),
                    Some(Reach::Table) if subscript.slice.is_slice_expr() => self.table(value),
                    Some(Reach::Table) => self.item(value),
                    // `globals()["FIELD_MAP"] = {…}`
                    None if self.is_table_by_text(subscript) => self.table(value),
                    None => {}
                }
            }
            Expr::Attribute(member) if self.is_table(&member.value) => self.item(value),
            _ if self.is_table(target) => {
                self.written.insert(place(target));
                self.table(value);
            }
            _ => {}
        }
    }

    /// `FIELD_MAP |= {…}`, which changes what has other names, too.
    pub(super) fn added(&mut self, target: &Expr, value: &Expr) {
        match self.reaches(target) {
            Some(Reach::Table) => {
                self.written.insert(place(target));
                self.table(value);
            }
            Some(Reach::Lost) => self.unread(target, MANY),
            _ => self.assigned(target, value),
        }
    }

    /// `FIELD_MAP, other = {…}, 1`. What is not told here is [written](Self::stored) nobody knows what with.
    fn unpacked(&mut self, targets: &[Expr], value: &Expr) {
        let values = match value {
            Expr::Tuple(tuple) => &*tuple.elts,
            Expr::List(list) => &*list.elts,
            _ => return,
        };
        if values.len() == targets.len() && !values.iter().chain(targets).any(Expr::is_starred_expr) {
            targets.iter().zip(values).for_each(|(target, value)| self.assigned(target, value));
        }
    }

    /// A place that is written to.
    pub(super) fn stored(&mut self, target: &Expr) {
        let is_table = match target {
            Expr::Subscript(entry) if entry.ctx.is_store() => self.reaches(&entry.value).is_some(),
            Expr::Name(name) if name.ctx.is_store() => self.is_table(target),
            Expr::Attribute(attribute) if attribute.ctx.is_store() => self.is_table(target),
            _ => return,
        };
        if is_table && !self.written.contains(&place(target)) {
            self.unread(target, WRITE_DOWN);
        }
    }

    fn is_table(&self, target: &Expr) -> bool {
        let name = match target {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            // `globals()["FIELD_MAP"]`, `getattr(fields, "FIELD_MAP")`
            Expr::Subscript(_) | Expr::Call(_) => {
                let written = spelled(target);
                return written.is_some_and(|written| self.sites.tables.contains(end(&written)));
            }
            _ => return false,
        };
        self.sites.tables.contains(name) || dotted(target).is_some_and(|written| self.sites.tables.contains(&written))
    }

    /// `FIELD_MAP["a"]["path"] = "order.a"`: a path, or what stands beside it.
    fn put_within(&mut self, target: &ExprSubscript, value: &Expr) {
        let (key, member) = (self.names.string(&target.slice), self.sites.table_member.as_deref());
        match key {
            Some(key) if member.is_some_and(|member| key != member) && !self.may_be_entry(value) => {}
            Some(_) => self.entry(value),
            None => self.unread(&target.slice, WRITE_DOWN),
        }
    }

    fn is_table_by_text(&self, subscript: &ExprSubscript) -> bool {
        let is_names = match &*subscript.value {
            Expr::Call(call) => call.func.is_name_expr(),
            Expr::Attribute(attribute) => attribute.attr.as_str() == "__dict__",
            _ => false,
        };
        let name = subscript.slice.as_string_literal_expr();
        is_names && name.is_some_and(|name| self.sites.tables.contains(name.value.to_str()))
    }

    fn table(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match &item.key {
                        Some(_) => self.entry(&item.value),
                        None => self.spread(&item.value),
                    }
                }
            }
            Expr::List(list) => list.elts.iter().for_each(|pair| self.pair(pair)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|pair| self.pair(pair)),
            Expr::Call(call) if self.is_wrapper(&call.func) => {
                self.tables(&call.arguments);
            }
            Expr::BinOp(both) if both.op == Operator::BitOr => self.sides(both),
            other if self.is_read_elsewhere(other) => {}
            other => self.unread(other, WRITE_DOWN),
        }
    }

    /// Calls that give back the mapping that they get.
    fn is_wrapper(&self, function: &Expr) -> bool {
        const NAMES: [&str; 5] = ["dict", "MappingProxyType", "frozendict", "OrderedDict", "FrozenDict"];
        let name = dotted(function).filter(|_| self.names.is_foreign(function));
        name.is_some_and(|name| NAMES.contains(&name.rsplit('.').next().unwrap_or_default()))
    }

    /// `FIELDS | {…}`, which the parser nests to the left.
    fn sides(&mut self, both: &ExprBinOp) {
        let mut left = both;
        loop {
            self.spread(&left.right);
            match &*left.left {
                Expr::BinOp(inner) if inner.op == Operator::BitOr => left = inner,
                first => return self.spread(first),
            }
        }
    }

    /// `{**{…}}`, `{**BASE}`, `{**({…} if a else {})}`
    fn spread(&mut self, value: &Expr) {
        for value in choices(value) {
            match (self.names.table(value), value) {
                (Some(base), _) => self.bases.push(base),
                (None, Expr::Dict(_)) => self.table(value),
                (None, Expr::Call(call)) if self.is_wrapper(&call.func) => self.table(value),
                _ if self.is_read_elsewhere(value) => {}
                _ => self.unread(value, SPREAD),
            }
        }
    }

    /// Whether a value is another table, which is read where it gets its name: `FIELDS`, `base.FIELDS`, and
    /// `FIELDS as BASE` of an import.
    fn is_read_elsewhere(&self, value: &Expr) -> bool {
        let full = || dotted(value).filter(|_| self.names.is_foreign(value)).and_then(|name| self.names.full(&name));
        let is_declared = |name: String| self.sites.tables.contains(end(&name));
        // What a function is given need not be a table.
        let variable = value.as_name_expr().and_then(|name| self.names.scopes.variable(&name.id, name.range().start()));
        let is_argument = variable.is_some_and(Variable::is_parameter);
        !is_argument && (self.is_table(value) || full().is_some_and(is_declared))
    }

    /// Reads what tables hand on of constants, which may do so themselves: each of them once.
    pub(super) fn handed(&mut self) {
        let mut seen = HashSet::new();
        while let Some(base) = self.bases.pop() {
            if seen.insert(place(base)) {
                self.table(base);
            }
        }
    }

    /// What `dict(…)` and `update(…)` are given: tables, and entries by their names.
    fn tables(&mut self, arguments: &Arguments) {
        arguments.args.iter().for_each(|inner| self.table(inner));
        for keyword in &arguments.keywords {
            match keyword.arg {
                Some(_) => self.entry(&keyword.value),
                None => self.spread(&keyword.value),
            }
        }
    }

    fn pair(&mut self, pair: &Expr) {
        if pair.is_dict_expr() && self.sites.table_member.is_some() {
            return self.entry(pair);
        }
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

    /// What is put into a table: a path, or a pair.
    fn item(&mut self, value: &Expr) {
        if matches!(value, Expr::Tuple(_) | Expr::List(_)) { self.pair(value) } else { self.entry(value) }
    }

    fn entry(&mut self, value: &Expr) {
        if let (Expr::Dict(record), Some(member)) = (value, self.sites.table_member.as_deref()) {
            return self.record(record, member);
        }
        match self.names.string(value) {
            Some(path) => self.site(Form::Table, None, path, at(value)),
            // A field that goes nowhere.
            None if value.is_none_literal_expr() => {}
            None if self.sites.table_member.is_some() => self.unread(value, COMPUTED),
            None => self.within(value),
        }
    }

    /// Paths below the name of a group, `{"order": {"id": "order.id"}}`, or several of one field. They are no deeper than
    /// brackets may be.
    fn within(&mut self, value: &Expr) {
        match value {
            Expr::Dict(_) => self.table(value),
            Expr::List(list) => list.elts.iter().for_each(|path| self.entry(path)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|path| self.entry(path)),
            other => self.unread(other, COMPUTED),
        }
    }

    /// An entry that has its path as a member, among others that are none.
    fn record(&mut self, record: &ExprDict, member: &str) {
        let mut path = None;
        for item in &record.items {
            match item.key.as_ref().map(|key| self.names.string(key)) {
                Some(Some(key)) if key == member => path = Some(&item.value),
                Some(Some(_)) if !self.may_be_entry(&item.value) => {}
                _ => self.unread(&item.value, COMPUTED),
            }
        }
        match path {
            Some(path) if path.is_dict_expr() => self.unread(path, COMPUTED),
            Some(path) => self.entry(path),
            None => self.module.unread.push(Unread::new(record.range().start().to_u32(), COMPUTED)),
        }
    }

    /// Whether what stands beside the path of an entry may be one, or have some: a record, a list of them, a constant that
    /// is one of these. What a function gives is taken for none, unless it is given a path by that name.
    fn may_be_entry(&self, value: &Expr) -> bool {
        let mut waiting = vec![value];
        for _ in 0..MOST_PARTS {
            let Some(value) = waiting.pop() else { return false };
            if let Expr::Name(name) = value {
                let meant = self.names.scopes.meant(&name.id, name.range().start());
                // What is made here and gets more later need not show its entries.
                let values: Vec<&Expr> = meant.flat_map(Variable::values).take(MOST_PARTS).collect();
                if values.iter().any(|value| is_container(value)) && self.grown.contains(name.id.as_str()) {
                    return true;
                }
                waiting.extend(values);
                continue;
            }
            let items = match value {
                Expr::Dict(_) | Expr::DictComp(_) => return true,
                Expr::List(list) => &*list.elts,
                Expr::Tuple(tuple) => &*tuple.elts,
                Expr::ListComp(each) => std::slice::from_ref(&*each.elt),
                Expr::Generator(each) => std::slice::from_ref(&*each.elt),
                Expr::Starred(starred) => {
                    waiting.push(&*starred.value);
                    continue;
                }
                Expr::If(choice) => {
                    waiting.extend([&*choice.body, &*choice.orelse]);
                    continue;
                }
                Expr::BoolOp(either) => &*either.values,
                Expr::Call(call) => {
                    let is_path = |name: &str| self.sites.table_member.as_deref() == Some(name);
                    let is_dict = call.func.as_name_expr().is_some_and(|name| name.id == "dict");
                    let mut named = call.arguments.keywords.iter();
                    if named.any(|keyword| keyword.arg.as_deref().map_or(is_dict, is_path)) {
                        return true;
                    }
                    &[]
                }
                _ => &[],
            };
            // A list of pairs may be made a record.
            if items.len() > MOST_PARTS || items.iter().any(|item| matches!(item, Expr::List(_) | Expr::Tuple(_))) {
                return true;
            }
            waiting.extend(items);
        }
        true
    }

    /// `FIELD_MAP.update(…)`, `dict.update(FIELD_MAP, …)`, `setattr(mapper, "FIELD_MAP", {…})`
    pub(super) fn put(&mut self, call: &ExprCall) {
        let arguments = &*call.arguments.args;
        let function = match &*call.func {
            Expr::Attribute(method) => {
                self.methods.insert(place(&call.func));
                let reach = if puts(&method.attr) { self.reaches(&method.value) } else { None };
                match reach {
                    Some(Reach::Table) => return self.put_by(method.attr.as_str(), call),
                    // `FIELD_MAP["a"].update(path="order.a")`
                    Some(Reach::Within) => return self.unread(&call.func, WRITE_DOWN),
                    Some(Reach::Lost) => return self.unread(&call.func, MANY),
                    None => method.attr.as_str(),
                }
            }
            Expr::Name(name) => name.id.as_str(),
            _ => return,
        };
        match arguments {
            _ if !puts(function) => {}
            [_, Expr::StringLiteral(name), value] if self.sites.tables.contains(name.value.to_str()) => {
                self.table(value)
            }
            // A table that is all that is given is what something else gets.
            [table, ..] if call.arguments.len() > 1 => match self.reaches(table) {
                // A key of something else may come of a table: `row.setdefault(name, 1)`.
                Some(Reach::Within) if !self.is_unbound(&call.func) => {}
                Some(_) => self.unread(&call.func, WRITE_DOWN),
                None => {}
            },
            _ => {}
        }
    }

    /// Whether a function is given what it changes: `setitem`, `dict.update`, `operator.setitem`.
    fn is_unbound(&self, function: &Expr) -> bool {
        function.as_attribute_expr().is_none_or(|method| self.names.known(&method.value).is_some())
    }

    /// What a method puts into a table.
    fn put_by(&mut self, method: &str, call: &ExprCall) {
        match (method, &*call.arguments.args) {
            ("update" | "extend" | "extendleft" | "__ior__" | "__iadd__", _) => self.tables(&call.arguments),
            ("append" | "appendleft" | "add", items) => items.iter().for_each(|item| self.item(item)),
            ("setdefault" | "insert" | "__setitem__" | "__setattr__", [_, value]) => self.item(value),
            _ => self.unread(&call.func, WRITE_DOWN),
        }
    }

    /// `put = FIELD_MAP.update`, `getattr(FIELD_MAP, "update")`: what it puts there later is not known.
    pub(super) fn put_later(&mut self, expr: &Expr) {
        let of = match expr {
            Expr::Attribute(method) if puts(&method.attr) && !self.methods.contains(&place(expr)) => &*method.value,
            Expr::Call(call) => match (&*call.func, &*call.arguments.args) {
                (Expr::Name(name), [of, Expr::StringLiteral(method), ..])
                    if name.id == "getattr" && puts(method.value.to_str()) =>
                {
                    of
                }
                _ => return,
            },
            _ => return,
        };
        if self.reaches(of).is_some() {
            self.unread(expr, WRITE_DOWN);
        }
    }

    /// A table that a keyword or a key gives its name: `Config(FIELD_MAP={…})`, `{"FIELD_MAP": {…}}`. What has a name of
    /// its own is only handed on.
    pub(super) fn member(&mut self, name: &str, value: &Expr) {
        if self.sites.tables.contains(name) && matches!(value, Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_)) {
            self.table(value);
        }
    }

    /// A function of a table's name, and arguments of that name: what they are if nothing else is given.
    pub(super) fn given_back(&mut self, function: &StmtFunctionDef) {
        for parameter in function.parameters.iter_non_variadic_params() {
            if let Some(value) = &parameter.default {
                self.member(parameter.name(), value);
            }
        }
        if !self.sites.tables.contains(function.name.as_str()) {
            return;
        }
        let values = returns(function);
        values.iter().for_each(|value| self.table(value));
        if values.is_empty() {
            self.module.unread.push(Unread::new(at(&function.name), WRITE_DOWN));
        }
    }

    /// `from fields import evil as FIELD_MAP`
    pub(super) fn imported(&mut self, stmt: &Stmt) {
        let (names, is_whole) = match stmt {
            Stmt::Import(import) => (&import.names, true),
            Stmt::ImportFrom(import) => (&import.names, false),
            _ => return,
        };
        for alias in names {
            let takes_name = alias.asname.as_ref().is_some_and(|name| self.sites.tables.contains(name.as_str()));
            if takes_name && (is_whole || !self.sites.tables.contains(alias.name.as_str())) {
                self.module.unread.push(Unread::new(at(alias), WRITE_DOWN));
            }
        }
    }
}

/// The last part of a name.
fn end(written: &str) -> &str {
    written.rsplit('.').next().unwrap_or_default()
}

/// Functions that put something into what they are given first.
fn puts(name: &str) -> bool {
    const FUNCTIONS: [&str; 15] = [
        "__iadd__",
        "__ior__",
        "__setattr__",
        "__setitem__",
        "add",
        "append",
        "appendleft",
        "extend",
        "extendleft",
        "insert",
        "ior",
        "setattr",
        "setdefault",
        "setitem",
        "update",
    ];
    FUNCTIONS.contains(&name)
}
