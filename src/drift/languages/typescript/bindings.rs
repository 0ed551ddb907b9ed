//! The variables of a whole file, to know which constants are what they are wherever their name is used.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};

use oxc_span::GetSpan;

use super::file::enum_member_name;
use super::handed::last_name;
use super::itself::Loads;
use super::marks::Marks;
use super::plain::{Members, is_written_out};
use super::readers::{GIVEN, is_of_language, is_quiet, is_reader, reader};
use super::scopes::{Made, Scopes};
use super::sites::DEEPEST;
use super::tables::fills;

/// A name, and where it is used.
type Use<'a> = (&'a str, u32);

/// Every name that is bound anywhere in a file.
#[derive(Default)]
pub(super) struct Bindings<'a> {
    pub(super) scopes: Scopes<'a>,
    /// Names that are assigned to after they are declared.
    assigned: HashSet<&'a str>,
    /// Names whose value may be changed at a place, or gets another name there; and names whatever has them.
    pub(super) touches: Vec<Use<'a>>,
    touched_names: HashSet<&'a str>,
    touched: Marks,
    /// Names that a method of lists is called on which leaves them as they are.
    asks: Vec<Use<'a>>,
    asked: Marks,
    /// Names that are given to a function of a package, which only reads them, with that function's own.
    loans: Vec<(Use<'a>, Use<'a>)>,
    /// What of `GIVEN` is touched.
    changed: HashSet<&'a str>,
    /// Names that are given to one of `GIVEN`, which only reads them, and names that are all that a file exports.
    gifts: Vec<(&'a str, u32, &'static str)>,
    given: HashSet<(usize, &'static str)>,
    exports: Vec<Use<'a>>,
    whole: Marks,
    /// How many statements export something the old way.
    pub(super) exporting: usize,
    /// Which members of a name are read; and of variables, by these.
    views: Vec<(&'a str, u32, &'a str)>,
    shown: Vec<(usize, &'a str)>,
    /// Where a name, or a member of what has it, only is read; and where a member is more than read.
    read: Marks,
    written: Marks,
    /// How many types, or parameters of types, have a name.
    types: HashMap<&'a str, usize>,
    /// What a file that loads itself exports has other names there.
    loads: Loads<'a>,
    /// In how many functions and classes that have their own `this`.
    inside: u32,
    deep: u32,
    /// Whether any name may be anything: the code is nested too deeply, or puts other names in their place.
    is_open: bool,
}

impl<'a> Bindings<'a> {
    pub(super) fn of(program: &'a Program<'a>, path: &'a [u8]) -> Self {
        let mut bindings = Self { loads: Loads::of(path), ..Self::default() };
        bindings.visit_program(program);
        bindings.finish();
        bindings
    }

    /// Finds out which variables were meant, once all of them are known.
    fn finish(&mut self) {
        self.is_open |= self.loads.itself();
        self.scopes.finish();
        let scopes = &self.scopes;
        let meant = |(name, at): &Use<'a>| scopes.variable(name, *at);
        self.touched = self.touches.iter().filter_map(meant).collect();
        self.asked = self.asks.iter().filter_map(meant).collect();
        let reads = |by| meant(by).is_some_and(|by| matches!(scopes.made(by), Made::Foreign(of) if is_reader(of)));
        let loans = self.loans.iter().filter(|(_, by)| !reads(by)).flat_map(|(lent, by)| [lent, by]);
        self.touched.extend(loans.filter_map(meant));
        self.whole = self.exports.iter().filter_map(meant).collect();
        let gifts = self.gifts.iter();
        self.given = gifts.filter_map(|(name, at, to)| Some((scopes.variable(name, *at)?, *to))).collect();
        let views = self.views.iter();
        self.shown = views.filter_map(|(name, at, member)| Some((scopes.variable(name, *at)?, *member))).collect();
        self.shown.sort_unstable_by_key(|(variable, _)| *variable);
        // What is touched somewhere may be something of the language.
        self.changed = self.touches.iter().map(|(name, _)| *name).filter(|name| GIVEN.contains(name)).collect();
    }

    /// Whether anything is assigned to a variable of this name, or that cannot be known.
    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.is_open || self.assigned.contains(name)
    }

    /// Whether the file has a variable of this name, or that cannot be known.
    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.is_open || self.scopes.bound(name) > 0
    }

    /// Whether the file has one variable of this name, and no other anywhere.
    pub(super) fn is_bound_once(&self, name: &str) -> bool {
        !self.is_open && self.scopes.bound(name) == 1
    }

    /// Whether what a variable holds may be more than what it was made with: it is changed, or known by another name.
    pub(super) fn is_touched(&self, variable: usize) -> bool {
        let is_given = |to: &&'static str| self.given.contains(&(variable, *to)) && self.is_changed(to);
        self.is_open
            || self.touched.contains(variable)
            || self.scopes.name(variable).is_none_or(|name| self.touched_names.contains(name))
            || self.whole.contains(variable) && self.exporting > 1
            || GIVEN.iter().any(is_given)
    }

    /// Whether methods of lists are called on what a variable holds, or they may be others here.
    pub(super) fn is_asked(&self, variable: usize) -> bool {
        self.asked.contains(variable)
    }

    /// Whether the file may have put other methods in the place of those of lists.
    pub(super) fn changes_methods(&self) -> bool {
        self.is_changed("Array") || self.touched_names.contains("__proto__")
    }

    /// Whether one of `GIVEN` may be another in this file.
    pub(super) fn is_changed(&self, global: &str) -> bool {
        self.is_bound(global) || self.touched_names.contains(global) || self.changed.contains(global)
    }

    /// Whether the members of what a variable holds are all that is read of it.
    pub(super) fn shows_only(&self, variable: usize, members: &Members<'a>) -> bool {
        let first = self.shown.partition_point(|(of, _)| *of < variable);
        let mut shown = self.shown.iter().skip(first).take_while(|(of, _)| *of == variable);
        shown.all(|(_, name)| members.contains_key(name))
    }

    /// What is said of what a name means at a place.
    pub(super) fn said_of(&self, name: &str, at: u32) -> &[Option<&'a TSType<'a>>] {
        if self.is_open { &[] } else { self.scopes.said_of(name, at) }
    }

    /// How many types of this name the file declares, wherever.
    pub(super) fn types_named(&self, name: &str) -> usize {
        if self.is_open { usize::MAX } else { self.types.get(name).copied().unwrap_or_default() }
    }

    /// The variable that a name means where it stands.
    pub(super) fn variable(&self, id: &IdentifierReference<'a>) -> Option<usize> {
        self.scopes.variable(id.name.as_str(), id.span.start).filter(|_| !self.is_open)
    }

    /// The variable of a name that no other one of the file has.
    pub(super) fn only(&self, name: &str) -> Option<usize> {
        self.scopes.only(name).filter(|_| !self.is_open)
    }

    /// What a variable holds.
    pub(super) fn made(&self, variable: usize) -> Made<'a> {
        if self.is_open { Made::Unknown } else { self.scopes.made(variable) }
    }
}

impl<'a> Bindings<'a> {
    /// Claims a name whose value is only read where it stands.
    fn reads(&mut self, value: &Expression<'a>) {
        if let Expression::Identifier(id) = value.get_inner_expression()
            && !matches!(id.name.as_str(), "exports" | "module")
        {
            self.read.insert(id.span.start);
        }
    }

    /// The same where a member is read; what a name has that is not known may be anything.
    fn reads_member(&mut self, value: &'a Expression<'a>, member: Option<&'a str>) {
        self.reads(value);
        if let Expression::Identifier(id) = value.get_inner_expression() {
            self.views.push((id.name.as_str(), id.span.start, member.unwrap_or("prototype")));
        }
    }

    /// Claims a name that is given to something of the language.
    fn gives(&mut self, value: &'a Expression<'a>, to: &'static str) {
        self.reads(value);
        if let Expression::Identifier(id) = value.get_inner_expression() {
            self.gifts.push((id.name.as_str(), id.span.start, to));
        }
    }

    /// The same of what a value is chosen from. An assignment among them gives another name, and a call may do anything.
    fn reads_either(&mut self, value: &'a Expression<'a>) {
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value.get_inner_expression() {
                Expression::ConditionalExpression(choice) => waiting.extend([&choice.consequent, &choice.alternate]),
                Expression::LogicalExpression(either) => waiting.extend([&either.left, &either.right]),
                value => self.reads(value),
            }
        }
    }

    fn writes(&mut self, value: &Expression<'a>) {
        let member = match value.get_inner_expression() {
            Expression::ChainExpression(chain) => chain.expression.as_member_expression(),
            value => value.as_member_expression(),
        };
        member.into_iter().for_each(|member| self.writes_member(member));
    }

    /// What has the member is changed, whatever it is a member of: `self.PATHS.id = …`
    fn writes_member(&mut self, member: &MemberExpression<'a>) {
        self.written.insert(member.span().end);
        self.touch(member.object());
        // `globalThis.Object = …`
        self.touched_names.extend(member.static_property_name().filter(|name| GIVEN.contains(name)));
    }

    /// What is no name by itself may be anything that has its last one.
    fn touch(&mut self, value: &Expression<'a>) {
        match value.get_inner_expression() {
            Expression::Identifier(id) => self.touches.push((id.name.as_str(), id.span.start)),
            value => {
                self.touched_names.extend(last_name(value));
                // `Object.prototype.toString = …`
                if let Some(member) = value.as_member_expression().filter(|_| last_name(value) == Some("prototype")) {
                    self.touched_names.extend(last_name(member.object()).filter(|name| GIVEN.contains(name)));
                }
            }
        }
    }

    /// Claims what is read only: what is around a value is come to before the value.
    fn used(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => self.called(call),
            AstKind::NewExpression(new) => self.makes(new),
            AstKind::Decorator(decorator) => self.writes(&decorator.expression),
            AstKind::WithStatement(_) => self.is_open = true,
            AstKind::TaggedTemplateExpression(tagged) => self.writes(&tagged.tag),
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => self.writes(&unary.argument),
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Typeof => self.reads(&unary.argument),
            AstKind::StaticMemberExpression(member) if !self.written.contains(member.span.end) => {
                self.reads_member(&member.object, Some(member.property.name.as_str()));
            }
            AstKind::ComputedMemberExpression(member) if !self.written.contains(member.span.end) => {
                let name = member.static_property_name();
                self.reads_member(&member.object, name.map(|name| name.as_str()));
            }
            AstKind::SpreadElement(spread) => self.reads_either(&spread.argument),
            AstKind::BinaryExpression(both) => {
                self.reads(&both.left);
                self.reads(&both.right);
                // `require.main === module`
                if both.operator.is_equality() {
                    let names = [&both.left, &both.right].map(|value| value.get_identifier_reference());
                    self.read.extend(names.into_iter().flatten().map(|id| id.span.start));
                }
            }
            // Outside of functions it is what the file exports the old way.
            AstKind::ThisExpression(_) if self.inside == 0 => drop(self.touched_names.insert("module")),
            AstKind::ForInStatement(each) => self.reads(&each.right),
            AstKind::ForOfStatement(each) => self.reads(&each.right),
            // What is taken apart gives its parts other names, and is not known by another itself.
            AstKind::VariableDeclarator(variable) if !variable.id.is_binding_identifier() => {
                variable.init.iter().for_each(|value| self.reads_member(value, None));
            }
            AstKind::ExportSpecifier(export) => drop(self.read.insert(export.local.span().start)),
            AstKind::ExportDefaultDeclaration(export) => {
                export.declaration.as_expression().into_iter().for_each(|value| self.reads(value));
            }
            AstKind::ExpressionStatement(statement) => {
                if let Expression::AssignmentExpression(assignment) = &statement.expression {
                    self.exported(assignment);
                }
            }
            AstKind::IdentifierReference(id) if !self.read.contains(id.span.start) => {
                self.touches.push((id.name.as_str(), id.span.start));
            }
            _ => {}
        }
    }

    /// To be handed to a function is to be changed, but by what is known to read alone.
    fn called(&mut self, call: &'a CallExpression<'a>) {
        self.is_open |= call.callee.is_specific_id("eval");
        if self.only_asks(call) || self.lends(call) {
            return;
        }
        let reader = reader(call);
        if reader.is_none() && !is_of_language(&call.callee) {
            self.writes(&call.callee);
        }
        if reader == Some("structuredClone") || call.callee.is_specific_id("Array") {
            self.reads(&call.callee);
        }
        for (place, value) in call.arguments.iter().enumerate() {
            let Some(value) = value.as_expression() else { continue };
            match reader {
                Some(reader) => self.gives(value, reader),
                None if fills(&call.callee, place, call.arguments.len()) => self.touch(value),
                None => {}
            }
        }
    }

    /// `LIST.map((path) => …)`, `PATHS.hasOwnProperty(key)`. What else the call is given is come to by itself.
    fn only_asks(&mut self, call: &'a CallExpression<'a>) -> bool {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return false };
        let Some(id) = member.object().get_inner_expression().get_identifier_reference() else { return false };
        match member.static_property_name() {
            Some("hasOwnProperty") => self.gives(member.object(), "Object"),
            Some(method) if is_quiet(method, call) && !GIVEN.contains(&id.name.as_str()) => {
                self.asks.push((id.name.as_str(), id.span.start));
                self.reads(member.object());
            }
            _ => return false,
        }
        true
    }

    /// `z.enum(LIST)`, `z.nativeEnum(Paths)`, `@IsEnum(Paths)`
    fn lends(&mut self, call: &'a CallExpression<'a>) -> bool {
        let by = match call.callee.get_inner_expression() {
            Expression::Identifier(by) if by.name == "IsEnum" => by,
            Expression::StaticMemberExpression(member)
                if matches!(member.property.name.as_str(), "enum" | "nativeEnum") =>
            {
                match &member.object {
                    Expression::Identifier(by) => by,
                    _ => return false,
                }
            }
            _ => return false,
        };
        let lent = call.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression);
        let Some(Expression::Identifier(lent)) = lent else { return false };
        self.loans.push(((lent.name.as_str(), lent.span.start), (by.name.as_str(), by.span.start)));
        self.read.extend([lent.span.start, by.span.start]);
        true
    }

    /// `new Set(LIST)`
    fn makes(&mut self, new: &'a NewExpression<'a>) {
        if new.callee.is_specific_id("Array") || new.callee.is_specific_id("Set") {
            self.reads(&new.callee);
        }
        if new.callee.is_specific_id("Set") {
            let value = new.arguments.first().and_then(Argument::as_expression);
            value.into_iter().for_each(|value| self.gives(value, "Set"));
        }
    }

    /// `module.exports = { PATHS }`, `exports.PATHS = PATHS`. Where those are named otherwise, too, more may be done.
    fn exported(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(target) = &assignment.left else { return };
        let (is_whole, of) = match &target.object {
            Expression::Identifier(of) if of.name == "exports" => (false, of),
            Expression::Identifier(of) if of.name == "module" && target.property.name == "exports" => (true, of),
            Expression::StaticMemberExpression(inner) if inner.property.name == "exports" => match &inner.object {
                Expression::Identifier(of) if of.name == "module" => (false, of),
                _ => return,
            },
            _ => return,
        };
        self.read.insert(of.span.start);
        self.exporting += 1;
        let mut gives = |value: &'a Expression<'a>| ["exports", "module"].map(|to| self.gives(value, to));
        match assignment.right.get_inner_expression() {
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    if let ObjectPropertyKind::ObjectProperty(property) = property {
                        gives(&property.value);
                    }
                }
            }
            value => {
                gives(value);
                if let Expression::Identifier(id) = value
                    && is_whole
                {
                    self.exports.push((id.name.as_str(), id.span.start));
                }
            }
        }
    }

    /// Counts the types of a name.
    fn typed(&mut self, kind: AstKind<'a>) {
        let ty = match kind {
            AstKind::TSEnumDeclaration(listed) => Some(&listed.id),
            AstKind::Class(class) => class.id.as_ref(),
            _ => None,
        };
        if let Some(id) = ty {
            *self.types.entry(id.name.as_str()).or_default() += 1;
        }
    }

    /// In what an enum computes, its members have their names as variables have.
    fn listed(&mut self, listed: &'a TSEnumDeclaration<'a>) {
        let members = &listed.body.members;
        if !members.iter().all(|member| member.initializer.as_ref().is_none_or(is_written_out)) {
            members.iter().filter_map(|member| enum_member_name(&member.id)).for_each(|name| self.scopes.loosen(name));
        }
    }
}

impl<'a> Visit<'a> for Bindings<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        self.loads.look(kind);
        self.used(kind);
        self.typed(kind);
        match kind {
            AstKind::Function(_) | AstKind::ClassBody(_) => self.inside += 1,
            AstKind::TSEnumDeclaration(listed) => self.listed(listed),
            AstKind::AssignmentExpression(assignment) => {
                if let AssignmentTarget::AssignmentTargetIdentifier(id) = &assignment.left {
                    self.assigned.insert(id.name.as_str());
                }
            }
            AstKind::BindingIdentifier(id) => self.scopes.bind(id),
            _ => {}
        }
        self.scopes.enter(kind);
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        self.scopes.leave(kind);
        if matches!(kind, AstKind::Function(_) | AstKind::ClassBody(_)) {
            self.inside -= 1;
        }
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        self.scopes.sets(it);
        // What exports is come to before.
        if let Some(member) = it.as_member_expression().filter(|member| !self.read.contains(member.span().start)) {
            self.writes_member(member);
        }
        it.get_expression().into_iter().for_each(|inner| self.writes(inner));
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.is_open = true;
        } else {
            walk::walk_expression(self, it);
        }
        self.deep -= 1;
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.is_open = true;
        } else {
            walk::walk_statement(self, it);
        }
        self.deep -= 1;
    }

    // Types bind no values.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_type_parameter(&mut self, it: &TSTypeParameter<'a>) {
        *self.types.entry(it.name.name.as_str()).or_default() += 1;
    }

    fn visit_ts_type_alias_declaration(&mut self, it: &TSTypeAliasDeclaration<'a>) {
        *self.types.entry(it.id.name.as_str()).or_default() += 1;
        it.type_parameters.iter().for_each(|parameters| self.visit_ts_type_parameter_declaration(parameters));
    }

    fn visit_ts_interface_declaration(&mut self, it: &TSInterfaceDeclaration<'a>) {
        *self.types.entry(it.id.name.as_str()).or_default() += 1;
        it.type_parameters.iter().for_each(|parameters| self.visit_ts_type_parameter_declaration(parameters));
    }
}
