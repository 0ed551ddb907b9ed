//! The variables of a whole file, to know which constants are what they are wherever their name is used.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};

use oxc_span::GetSpan;

use super::handed::last_name;
use super::sites::DEEPEST;
use super::tables::fills;

/// Every name that is bound anywhere in a file.
#[derive(Default)]
pub(super) struct Bindings<'a> {
    /// The constant's value, while only one variable has the name.
    values: HashMap<&'a str, Option<&'a Expression<'a>>>,
    /// The places where those constants are bound.
    declared: HashSet<u32>,
    /// Names that are assigned to after they are declared.
    assigned: HashSet<&'a str>,
    /// Enums and classes, while nothing else has the name.
    enums: HashMap<&'a str, &'a TSEnumDeclaration<'a>>,
    classes: HashMap<&'a str, &'a Class<'a>>,
    /// Names whose value may be changed somewhere, or gets another name.
    touched: HashSet<&'a str>,
    /// Where a name, or a member of what has it, only is read; and where a member is more than read.
    read: HashSet<u32>,
    written: HashSet<u32>,
    /// What types are said of the variables of a name, and, by its place, of the variable that is come to.
    said: HashMap<&'a str, Vec<Option<&'a TSType<'a>>>>,
    said_at: HashMap<u32, &'a TSType<'a>>,
    /// How many types, or parameters of types, have a name.
    types: HashMap<&'a str, usize>,
    deep: u32,
    too_deep: bool,
}

impl<'a> Bindings<'a> {
    pub(super) fn of(program: &'a Program<'a>) -> Self {
        let mut bindings = Self::default();
        bindings.visit_program(program);
        bindings
    }

    /// Whether anything is assigned to a variable of this name, or that cannot be known.
    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.too_deep || self.assigned.contains(name)
    }

    /// Whether the file has a variable of this name, or that cannot be known.
    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.too_deep || self.values.contains_key(name)
    }

    /// Whether what has a name may be more than what it was made with: it is changed, or known by another name.
    pub(super) fn is_touched(&self, name: &str) -> bool {
        self.too_deep || self.touched.contains(name)
    }

    /// The one enum of this name.
    pub(super) fn enumeration(&self, name: &str) -> Option<&'a TSEnumDeclaration<'a>> {
        self.enums.get(name).copied()
    }

    /// The one class of this name.
    pub(super) fn class(&self, name: &str) -> Option<&'a Class<'a>> {
        self.classes.get(name).copied()
    }

    /// What is said of each variable of this name.
    pub(super) fn said_of(&self, name: &str) -> &[Option<&'a TSType<'a>>] {
        if self.too_deep { &[] } else { self.said.get(name).map(Vec::as_slice).unwrap_or_default() }
    }

    /// How many types of this name the file declares, wherever.
    pub(super) fn types_named(&self, name: &str) -> usize {
        if self.too_deep { usize::MAX } else { self.types.get(name).copied().unwrap_or_default() }
    }

    /// The value of the one constant of this name.
    pub(super) fn constant(&self, name: &str) -> Option<&'a Expression<'a>> {
        if self.too_deep { None } else { *self.values.get(name)? }
    }
}

impl<'a> Bindings<'a> {
    /// Claims a name whose value is only read where it stands.
    fn reads(&mut self, value: &Expression<'a>) {
        if let Expression::Identifier(id) = value.get_inner_expression() {
            self.read.insert(id.span.start);
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
        self.written.extend(member.map(|member| member.span().end));
    }

    /// Claims what is read only: what is around a value is come to before the value.
    fn used(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => {
                self.writes(&call.callee);
                for (place, value) in call.arguments.iter().enumerate() {
                    if let Some(value) = value.as_expression()
                        && !fills(&call.callee, place, call.arguments.len())
                    {
                        self.reads(value);
                    }
                }
            }
            AstKind::TaggedTemplateExpression(tagged) => self.writes(&tagged.tag),
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => self.writes(&unary.argument),
            AstKind::StaticMemberExpression(member) if !self.written.contains(&member.span.end) => {
                self.reads(&member.object);
            }
            AstKind::ComputedMemberExpression(member) if !self.written.contains(&member.span.end) => {
                self.reads(&member.object);
            }
            AstKind::SpreadElement(spread) => self.reads_either(&spread.argument),
            AstKind::BinaryExpression(both) => {
                self.reads(&both.left);
                self.reads(&both.right);
            }
            AstKind::ForInStatement(each) => self.reads(&each.right),
            AstKind::ForOfStatement(each) => self.reads(&each.right),
            // What is taken apart gives its parts other names, and is not known by another itself.
            AstKind::VariableDeclarator(variable) if !variable.id.is_binding_identifier() => {
                variable.init.iter().for_each(|value| self.reads(value));
            }
            AstKind::JSXExpressionContainer(inner) => {
                inner.expression.as_expression().into_iter().for_each(|value| self.reads(value));
            }
            AstKind::ExportSpecifier(export) => drop(self.read.insert(export.local.span().start)),
            AstKind::ExportDefaultDeclaration(export) => {
                export.declaration.as_expression().into_iter().for_each(|value| self.reads(value));
            }
            AstKind::AssignmentExpression(assignment) => self.exported(assignment),
            AstKind::IdentifierReference(id) if !self.read.contains(&id.span.start) => {
                self.touched.insert(id.name.as_str());
            }
            _ => {}
        }
    }

    /// `module.exports = { PATHS }`, `exports.PATHS = PATHS`
    fn exported(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let Some(target) = assignment.left.as_member_expression() else { return };
        if target.static_property_name() != Some("exports") && last_name(target.object()) != Some("exports") {
            return;
        }
        self.reads(&assignment.right);
        if let Expression::ObjectExpression(object) = assignment.right.get_inner_expression() {
            for property in &object.properties {
                if let ObjectPropertyKind::ObjectProperty(property) = property {
                    self.reads(&property.value);
                }
            }
        }
    }

    /// Notes what is said of the variable of a pattern.
    fn annotated(&mut self, pattern: &'a BindingPattern<'a>, said: Option<&'a TSTypeAnnotation<'a>>) {
        if let (BindingPattern::BindingIdentifier(id), Some(said)) = (pattern, said) {
            self.said_at.insert(id.span.start, &said.type_annotation);
        }
    }

    /// Counts the types of a name, and notes what is said of variables.
    fn typed(&mut self, kind: AstKind<'a>) {
        let ty = match kind {
            AstKind::VariableDeclarator(variable) => {
                return self.annotated(&variable.id, variable.type_annotation.as_deref());
            }
            AstKind::FormalParameter(parameter) => {
                return self.annotated(&parameter.pattern, parameter.type_annotation.as_deref());
            }
            AstKind::BindingIdentifier(id) => {
                let said = self.said_at.remove(&id.span.start);
                return self.said.entry(id.name.as_str()).or_default().push(said);
            }
            AstKind::TSTypeAliasDeclaration(alias) => Some(&alias.id),
            AstKind::TSInterfaceDeclaration(interface) => Some(&interface.id),
            AstKind::TSEnumDeclaration(listed) => Some(&listed.id),
            AstKind::TSTypeParameter(parameter) => Some(&parameter.name),
            AstKind::Class(class) => class.id.as_ref(),
            _ => None,
        };
        if let Some(id) = ty {
            *self.types.entry(id.name.as_str()).or_default() += 1;
        }
    }

    /// Notes a declaration, if nothing else has its name; the binding itself is come to later.
    fn is_first(&mut self, id: &BindingIdentifier<'a>) -> bool {
        let is_first = !self.values.contains_key(id.name.as_str());
        if is_first {
            self.values.insert(id.name.as_str(), None);
            self.declared.insert(id.span.start);
        }
        is_first
    }
}

impl<'a> Visit<'a> for Bindings<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        self.used(kind);
        self.typed(kind);
        match kind {
            AstKind::TSEnumDeclaration(listed) if self.is_first(&listed.id) => {
                self.enums.insert(listed.id.name.as_str(), listed);
            }
            AstKind::Class(class) if class.is_declaration() => {
                if let Some(id) = class.id.as_ref().filter(|id| self.is_first(id)) {
                    self.classes.insert(id.name.as_str(), class);
                }
            }
            AstKind::VariableDeclaration(variables) if variables.kind == VariableDeclarationKind::Const => {
                for variable in &variables.declarations {
                    if let (BindingPattern::BindingIdentifier(id), Some(value)) = (&variable.id, &variable.init) {
                        let name = id.name.as_str();
                        // The binding itself is come to later.
                        if !self.values.contains_key(name) {
                            self.values.insert(name, Some(value));
                            self.declared.insert(id.span.start);
                        }
                    }
                }
            }
            AstKind::AssignmentExpression(assignment) => {
                if let AssignmentTarget::AssignmentTargetIdentifier(id) = &assignment.left {
                    self.assigned.insert(id.name.as_str());
                }
            }
            AstKind::BindingIdentifier(id) if !self.declared.contains(&id.span.start) => {
                self.values.insert(id.name.as_str(), None);
                self.enums.remove(id.name.as_str());
                self.classes.remove(id.name.as_str());
            }
            _ => {}
        }
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        if let Some(member) = it.as_member_expression() {
            self.written.insert(member.span().end);
        }
        it.get_expression().into_iter().for_each(|inner| self.writes(inner));
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.too_deep = true;
        } else {
            walk::walk_expression(self, it);
        }
        self.deep -= 1;
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.too_deep = true;
        } else {
            walk::walk_statement(self, it);
        }
        self.deep -= 1;
    }

    // Types bind no values.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}
