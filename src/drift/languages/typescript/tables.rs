//! Mapping tables: what gets their name, what is added to them, and where more than that may be.

use std::borrow::Cow;

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::file::File;
use super::handed::last_name;
use super::imports::export_name;
use super::zod::returned;
use crate::drift::shape::{TABLE_CHANGED, Unread};

/// Why more of a table is unread.
pub(super) const SPREAD: &str = "a spread in a mapping table: write the entries";
/// Why the name of a table is unread.
const UNKNOWN: &str =
    "what gets the name of a mapping table here is not known: write it as a constant with its entries";
/// Why an entry is unread.
const TAKEN: &str = "an entry of a mapping table gets its path from elsewhere: assign the path to it";

/// How many members of members are looked through for a table.
const DEEPEST: u16 = 256;

/// Methods that add nothing to what they are called on, and do not give it back.
const READING: &[&str] = &[
    "at",
    "concat",
    "delete",
    "entries",
    "every",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "flat",
    "flatMap",
    "forEach",
    "get",
    "has",
    "hasOwnProperty",
    "includes",
    "indexOf",
    "join",
    "keys",
    "lastIndexOf",
    "map",
    "reduce",
    "reduceRight",
    "slice",
    "some",
    "toReversed",
    "toSorted",
    "values",
];

/// Functions of the language and of lodash that fill what they are given first with what they are given next.
const FILLING: &[&str] = &[
    "assign",
    "assignIn",
    "assignInWith",
    "assignWith",
    "defaults",
    "defaultsDeep",
    "defineProperties",
    "defineProperty",
    "extend",
    "merge",
    "mergeWith",
    "set",
    "setPrototypeOf",
    "setWith",
    "update",
    "updateWith",
];

impl<'a> File<'a> {
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.source.sites.tables.contains(name)
    }

    /// Looks for tables, for what is added to them, and for what else gets their names.
    pub(super) fn table_used(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::AssignmentExpression(assignment) => self.table_set(assignment),
            AstKind::CallExpression(call) => self.table_called(call),
            AstKind::ObjectProperty(property) => {
                if let Some(name) = self.table_key(&property.key, property.computed) {
                    self.table_held(&name, &property.value);
                }
            }
            AstKind::PropertyDefinition(property) => {
                self.table_member(&property.key, property.computed, property.value.as_ref());
            }
            AstKind::AccessorProperty(property) => {
                self.table_member(&property.key, property.computed, property.value.as_ref());
            }
            AstKind::MethodDefinition(method) => {
                if let Some(name) = self.table_key(&method.key, method.computed) {
                    self.table_got(&name, &method.value);
                }
            }
            kind => self.table_bound(kind),
        }
    }

    /// Looks for what gets a table's name by its declaration.
    fn table_bound(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::VariableDeclarator(variable) => {
                if let BindingPattern::BindingIdentifier(id) = &variable.id
                    && self.is_table(id.name.as_str())
                {
                    self.claimed.insert(id.span);
                    variable.init.iter().for_each(|value| self.table(id.name.as_str(), value));
                }
            }
            AstKind::ForOfStatement(each) => self.table_of_each(&each.left),
            AstKind::ForInStatement(each) => self.table_of_each(&each.left),
            AstKind::AssignmentPattern(pattern) => {
                let name = pattern.left.get_identifier_name();
                name.into_iter().for_each(|name| self.table(name.as_str(), &pattern.right));
            }
            AstKind::Function(function) => {
                if let Some(id) = function.id.as_ref().filter(|id| self.is_table(id.name.as_str())) {
                    self.claimed.insert(id.span);
                    self.table_got(id.name.as_str(), function);
                }
            }
            AstKind::TSEnumDeclaration(listed) if self.is_table(listed.id.name.as_str()) => {
                self.claimed.insert(listed.id.span);
                let values = listed.body.members.iter().filter_map(|member| member.initializer.as_ref());
                let values = values.filter(|value| !value.is_number_literal());
                values.for_each(|value| self.table(listed.id.name.as_str(), value));
            }
            AstKind::AssignmentTargetPropertyIdentifier(property) => {
                let name = property.binding.name.as_str();
                property.init.iter().for_each(|value| self.table(name, value));
            }
            // `const { TABLE } = mapping`
            AstKind::BindingProperty(property) => {
                let key = self.table_key(&property.key, property.computed);
                if let (Some(key), Some(id)) = (key, property.value.get_binding_identifier())
                    && id.name == *key
                {
                    self.claimed.insert(id.span);
                }
            }
            // A class, a namespace, a parameter, an import of something else: the table is nothing that is written there.
            AstKind::BindingIdentifier(id) if self.is_table(id.name.as_str()) && !self.claimed.contains(&id.span) => {
                self.unread_table(id.span, UNKNOWN);
            }
            kind => self.table_exchanged(kind),
        }
    }

    /// Looks for what gets a table's name from other files, or for them.
    fn table_exchanged(&mut self, kind: AstKind<'a>) {
        match kind {
            // A file's default export is the table that its import has the name of.
            AstKind::ImportDefaultSpecifier(import) => drop(self.claimed.insert(import.local.span)),
            AstKind::ImportSpecifier(import) => {
                let name = export_name(&import.imported);
                if name == "default" || name == import.local.name {
                    self.claimed.insert(import.local.span);
                }
            }
            AstKind::ExportSpecifier(export) => {
                let (local, exported) = (export_name(&export.local), export_name(&export.exported));
                if self.is_table(exported) && local != exported && local != "default" {
                    self.unread_table(export.span, UNKNOWN);
                }
            }
            AstKind::ExportAllDeclaration(export)
                if export.exported.as_ref().is_some_and(|name| self.is_table(export_name(name))) =>
            {
                self.unread_table(export.span, UNKNOWN);
            }
            _ => {}
        }
    }

    fn table_key(&self, key: &'a PropertyKey<'a>, computed: bool) -> Option<Cow<'a, str>> {
        let name = match key {
            PropertyKey::PrivateIdentifier(name) => Some(Cow::Borrowed(name.name.as_str())),
            key => self.key(key, computed),
        };
        name.filter(|name| self.is_table(name))
    }

    fn table_member(&mut self, key: &'a PropertyKey<'a>, computed: bool, value: Option<&'a Expression<'a>>) {
        if let (Some(value), Some(name)) = (value, self.table_key(key, computed)) {
            self.table(&name, value);
        }
    }

    /// `for (const TABLE of tables)`
    fn table_of_each(&mut self, left: &ForStatementLeft<'a>) {
        let ForStatementLeft::VariableDeclaration(variables) = left else { return };
        for variable in &variables.declarations {
            if variable.id.get_identifier_name().is_some_and(|name| self.is_table(name.as_str())) {
                self.unread_table(variable.span, UNKNOWN);
            }
        }
    }

    fn unread_table(&mut self, span: Span, reason: &str) {
        self.module.unread.push(Unread::new(span.start, reason));
    }

    /// The table that a value is by its last name.
    fn table_named(&self, value: &'a Expression<'a>) -> Option<&'a str> {
        match value {
            Expression::Identifier(id) => self.source.sites.tables.get(id.name.as_str()).map(String::as_str),
            value => self.table_of_member(value.as_member_expression()?),
        }
    }

    /// The same of a member, be its name a constant: `exports[NAME]`.
    fn table_of_member(&self, member: &'a MemberExpression<'a>) -> Option<&'a str> {
        let name = match member {
            MemberExpression::ComputedMemberExpression(member) => self.text(&member.expression)?,
            MemberExpression::PrivateFieldExpression(member) => Cow::Borrowed(member.field.name.as_str()),
            MemberExpression::StaticMemberExpression(member) => Cow::Borrowed(member.property.name.as_str()),
        };
        self.source.sites.tables.get(&*name).map(String::as_str)
    }

    /// The table that a value is, or is an entry of: `o.TABLE.a.b`, `TABLE.get('a')`.
    fn table_around(&self, value: &'a Expression<'a>) -> Option<&'a str> {
        let mut value = value.get_inner_expression();
        for _ in 0..DEEPEST {
            if let Some(name) = self.table_named(value) {
                return Some(name);
            }
            let member = match value {
                Expression::CallExpression(call) => call.callee.get_inner_expression().as_member_expression()?,
                other => other.as_member_expression()?,
            };
            if matches!(value, Expression::CallExpression(_))
                && !matches!(member.static_property_name(), Some("get" | "at" | "set" | "add"))
            {
                return None;
            }
            value = member.object().get_inner_expression();
        }
        // What goes so deep may be one.
        self.source.sites.tables.first().map(String::as_str)
    }

    /// `TABLE = {…}`, `exports.TABLE = {…}`, and `TABLE.a = 'b'` of one that is there.
    fn table_set(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let (left, value) = (&assignment.left, &assignment.right);
        let inner = left.get_expression().map(Expression::get_inner_expression);
        let member = left.as_member_expression().or(inner.and_then(Expression::as_member_expression));
        let own = match (left, inner) {
            (AssignmentTarget::AssignmentTargetIdentifier(id), _) => self.source.sites.tables.get(id.name.as_str()),
            (_, Some(Expression::Identifier(id))) => self.source.sites.tables.get(id.name.as_str()),
            _ => None,
        };
        let own = own.map(String::as_str).or_else(|| self.table_of_member(member?));
        let Some(name) = own.or_else(|| self.table_around(member?.object())) else {
            return member.into_iter().for_each(|member| self.exported_as_any(member, value));
        };
        if !assignment.operator.is_assign() && !assignment.operator.is_logical() {
            return self.unread_table(assignment.span, TAKEN);
        }
        match own {
            Some(_) if member.is_some() => self.table_held(name, value),
            Some(_) => self.table(name, value),
            None => self.table_entry(name, value),
        }
    }

    /// What a file exports by a name that is not known may be a table: `exports[name] = value`.
    fn exported_as_any(&mut self, member: &'a MemberExpression<'a>, value: &'a Expression<'a>) {
        let MemberExpression::ComputedMemberExpression(member) = member else { return };
        let value = value.get_inner_expression();
        let is_none = value.is_literal() || value.is_function();
        if last_name(&member.object) == Some("exports") && !is_none && self.text(&member.expression).is_none() {
            self.unread_table(member.span, UNKNOWN);
        }
    }

    /// `[TABLE.a] = …`, `for (TABLE.a of …)`, `({ a: TABLE } = …)`: an assignment by itself is read by what it assigns.
    pub(super) fn table_target(&mut self, target: &'a SimpleAssignmentTarget<'a>) {
        self.filled_target(target);
        if self.source.sites.tables.is_empty() || self.claimed.contains(&target.span()) {
            return;
        }
        let name = match (target, target.get_expression()) {
            (SimpleAssignmentTarget::AssignmentTargetIdentifier(id), _) => self.is_table(id.name.as_str()),
            (_, Some(inner)) => self.table_around(inner).is_some(),
            (target, None) => target.as_member_expression().is_some_and(|member| {
                self.table_of_member(member).or_else(|| self.table_around(member.object())).is_some()
            }),
        };
        if name {
            self.claimed.insert(target.span());
            self.unread_table(target.span(), TAKEN);
        }
    }

    /// A table that is a member of something. A member that has a table's name may be another thing: a text is none, and
    /// the table by its own name is read where that is.
    fn table_held(&mut self, name: &str, value: &'a Expression<'a>) {
        if !value.get_inner_expression().is_literal() {
            self.table(name, value);
        }
    }

    /// `static get TABLE() { return {…} }`
    fn table_got(&mut self, name: &str, function: &'a Function<'a>) {
        match returned(function.body.as_deref()) {
            Some(value) => self.table_held(name, value),
            None => {
                let reason = "a function that has the name of a mapping table does more than give it back";
                self.module.unread.push(Unread::new(function.span.start, reason));
            }
        }
    }

    fn table_called(&mut self, call: &'a CallExpression<'a>) {
        let callee = call.callee.get_inner_expression().as_member_expression();
        let is_assign = callee.is_some_and(|callee| {
            last_name(callee.object()) == Some("Object") && callee.static_property_name() == Some("assign")
        });
        if is_assign && self.takes_table(call) {
            return self.table_taken(call);
        }
        self.table_given(call);
        callee.into_iter().for_each(|callee| self.table_filled(callee, call));
    }

    /// To be given a table is how most functions read it. Those that are known to fill what they are given are unread.
    fn table_given(&mut self, call: &'a CallExpression<'a>) {
        for (place, value) in call.arguments.iter().enumerate() {
            if let Some(value) = value.as_expression()
                && last_name(value).is_some_and(|name| self.is_table(name))
                && fills(&call.callee, place, call.arguments.len())
            {
                self.unread_table(value.span(), TABLE_CHANGED);
            }
        }
    }

    /// Whether a call of what the language has is given a table. One that the file has by that name does what it does.
    fn takes_table(&self, call: &'a CallExpression<'a>) -> bool {
        let mut values = call.arguments.iter().filter_map(Argument::as_expression);
        let callee = call.callee.get_inner_expression().as_member_expression();
        values.any(|value| self.table_around(value).is_some())
            && callee
                .and_then(|callee| callee.object().get_identifier_reference())
                .is_some_and(|of| !self.is_bound(&of.name))
    }

    /// `TABLE.set('a', 'b')`, `TABLE.push('b')`.
    fn table_filled(&mut self, callee: &'a MemberExpression<'a>, call: &'a CallExpression<'a>) {
        let Some(name) = self.table_around(callee.object()) else { return };
        let is_pair = match callee.static_property_name() {
            Some("set") => true,
            Some("push" | "unshift" | "add") => false,
            Some(method) if READING.contains(&method) && !gives_itself(method, call) => return,
            // What an entry has does nothing to the table.
            _ if last_name(callee.object()) != Some(name) => return,
            _ => return self.unread_table(call.span, TABLE_CHANGED),
        };
        for (place, argument) in call.arguments.iter().enumerate() {
            match argument.as_expression() {
                Some(_) if is_pair && place == 0 => {}
                Some(value) => self.table_entry(name, value),
                None => self.module.unread.push(Unread::new(argument.span().start, SPREAD)),
            }
        }
    }

    /// `Object.assign(TABLE, {…})`; what is copied elsewhere stays as it is.
    fn table_taken(&mut self, call: &'a CallExpression<'a>) {
        let mut values = call.arguments.iter();
        let Some(first) = values.next().and_then(Argument::as_expression) else { return };
        let Some(table) = self.table_around(first) else { return };
        for value in values {
            match value.as_expression() {
                Some(value) => self.table(table, value),
                None => self.module.unread.push(Unread::new(value.span().start, SPREAD)),
            }
        }
    }
}

/// Whether a function is known to put something into what it is given at a place.
pub(super) fn fills(callee: &Expression<'_>, place: usize, arguments: usize) -> bool {
    let member = callee.get_inner_expression().as_member_expression();
    match (member.and_then(|member| last_name(member.object())), last_name(callee)) {
        (Some("hasOwnProperty"), Some("call")) => false,
        // What such a call is made on may be filled: `[].push.call(TABLE, 'a')`.
        (Some("Reflect"), Some("apply")) => place == 1,
        (_, Some("apply" | "bind" | "call")) => place == 0,
        (_, Some(name)) => place == 0 && arguments > 1 && FILLING.contains(&name),
        (_, None) => false,
    }
}

/// Whether a function that is called for each entry gets the table as well, behind the entry and its place.
fn gives_itself(method: &str, call: &CallExpression<'_>) -> bool {
    let before = if method.starts_with("reduce") { 3 } else { 2 };
    let has_more = |parameters: &FormalParameters<'_>| parameters.items.len() > before || parameters.rest.is_some();
    let mut given = call.arguments.iter().filter_map(Argument::as_expression).map(Expression::get_inner_expression);
    given.any(|value| match value {
        Expression::ArrowFunctionExpression(function) => has_more(&function.params),
        Expression::FunctionExpression(function) => has_more(&function.params),
        _ => false,
    })
}
