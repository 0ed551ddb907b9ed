//! Mapping sites: one walk over the whole file, for policies that ask for it.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::file::File;
use crate::drift::shape::{Site, Unread};

/// The deepest nesting that is walked: long sums and chains of calls are nested, too.
pub(super) const DEEPEST: u32 = 4096;

/// Finds all sites of a file.
pub(super) fn find(file: &mut File<'_>) {
    let program = file.program;
    let (said, set) = (HashMap::new(), Vec::new());
    let (telling, seen) = (Vec::new(), HashSet::new());
    let mut finder = Finder { file, said, set, telling, seen, returns: Vec::new(), deep: 0, too_deep: None };
    finder.visit_program(program);
    finder.set_later();
    std::mem::take(&mut finder.telling).into_iter().for_each(|(value, object)| finder.file.said_literal(object, value));
    finder.file.finish_doubted();
    finder.file.finish_hooked();
    if let Some(at) = finder.too_deep {
        finder.file.module.unread.push(Unread::new(at, "the code is nested too deeply to find what it maps"));
    }
    let key = |site: &Site| (site.at, site.path.clone(), site.form, site.ty.clone());
    file.module.sites.sort_by_cached_key(key);
    // `TABLE.a = TABLE.b = 'c'`
    file.module.sites.dedup();
}

struct Finder<'f, 'a> {
    file: &'f mut File<'a>,
    /// The types that are said of variables, and of what `this` has.
    said: HashMap<(bool, &'a str), Vec<&'a TSType<'a>>>,
    /// What such get later: a name may be used before it is declared.
    set: Vec<((bool, &'a str), &'a Expression<'a>)>,
    /// Literals that say their types themselves, and what says so.
    telling: Vec<(&'a Expression<'a>, &'a ObjectExpression<'a>)>,
    /// The places of these.
    seen: HashSet<u32>,
    /// What the functions around give back, by their annotations.
    returns: Vec<Option<&'a TSType<'a>>>,
    deep: u32,
    too_deep: Option<u32>,
}

impl<'a> Finder<'_, 'a> {
    /// A literal that says its type itself.
    fn discriminated(&mut self, object: &'a ObjectExpression<'a>) {
        if let Some(value) = self.file.discriminator(object) {
            self.said_by(value, object);
        }
    }

    fn said_by(&mut self, value: &'a Expression<'a>, object: &'a ObjectExpression<'a>) {
        if self.seen.insert(object.span.start) {
            self.telling.push((value, object));
        }
    }

    /// `Object.assign({ _type: 'order' }, { total: 1 })`: the last one that says a type says that of all.
    fn assembled(&mut self, call: &'a CallExpression<'a>) {
        if !call.callee.is_specific_member_access("Object", "assign") {
            return;
        }
        let objects = call.arguments.iter().filter_map(Argument::as_expression).map(Expression::get_inner_expression);
        let objects = objects.filter_map(|value| match value {
            Expression::ObjectExpression(object) => Some(&**object),
            _ => None,
        });
        let objects = objects.collect::<Vec<_>>();
        if let Some(value) = objects.iter().rev().find_map(|object| self.file.discriminator(object)) {
            objects.into_iter().for_each(|object| self.said_by(value, object));
        }
    }

    fn variable(&mut self, variable: &'a VariableDeclarator<'a>) {
        let ty = annotated(variable.type_annotation.as_deref());
        self.said_of(&variable.id, ty, false);
        if let Some(ty) = ty {
            variable.init.iter().for_each(|value| self.file.typed_value(value, ty));
            self.file.typed_pattern(&variable.id, ty);
        }
    }

    /// `(order: Order = {…})`, `constructor(private order: Order)`.
    fn parameter(&mut self, parameter: &'a FormalParameter<'a>) {
        let ty = annotated(parameter.type_annotation.as_deref());
        self.said_of(&parameter.pattern, ty, false);
        if parameter.accessibility.is_some() || parameter.readonly {
            self.said_of(&parameter.pattern, ty, true);
        }
        if let Some(ty) = ty {
            parameter.initializer.iter().for_each(|value| self.file.typed_value(value, ty));
            self.file.typed_pattern(&parameter.pattern, ty);
        }
    }

    fn said_of(&mut self, name: &BindingPattern<'a>, ty: Option<&'a TSType<'a>>, member: bool) {
        if let (BindingPattern::BindingIdentifier(id), Some(ty)) = (name, ty) {
            self.said.entry((member, id.name.as_str())).or_default().push(ty);
        }
    }

    /// `order = {…}`, `this.order = {…}`.
    fn assigned(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let target = match &assignment.left {
            AssignmentTarget::AssignmentTargetIdentifier(id) => Some((false, id.name.as_str())),
            target => target.as_member_expression().and_then(|member| match (member.object(), member) {
                (Expression::ThisExpression(_), MemberExpression::PrivateFieldExpression(member)) => {
                    Some((true, member.field.name.as_str()))
                }
                (Expression::ThisExpression(_), member) => Some((true, member.static_property_name()?)),
                _ => None,
            }),
        };
        self.set.extend(target.map(|target| (target, &assignment.right)));
    }

    /// Which variable of a name is meant is not found out: the types of all of them are held against the value.
    fn set_later(&mut self) {
        for (name, value) in std::mem::take(&mut self.set) {
            for ty in self.said.get(&name).into_iter().flatten() {
                self.file.typed_value(value, ty);
            }
        }
    }

    fn property(
        &mut self,
        key: &'a PropertyKey<'a>,
        ty: Option<&'a TSTypeAnnotation<'a>>,
        value: Option<&'a Expression<'a>>,
    ) {
        let Some(ty) = annotated(ty) else { return };
        let name = match key {
            PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
            PropertyKey::PrivateIdentifier(name) => Some(name.name.as_str()),
            PropertyKey::StringLiteral(name) => Some(name.value.as_str()),
            _ => None,
        };
        name.into_iter().for_each(|name| self.said.entry((true, name)).or_default().push(ty));
        value.into_iter().for_each(|value| self.file.typed_value(value, ty));
    }
}

impl<'a> Visit<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        self.file.handed_on(kind);
        match kind {
            AstKind::CallExpression(call) => {
                self.file.call(call);
                self.assembled(call);
            }
            AstKind::ObjectExpression(object) => self.discriminated(object),
            AstKind::VariableDeclarator(variable) => self.variable(variable),
            AstKind::PropertyDefinition(property) => {
                self.property(&property.key, property.type_annotation.as_deref(), property.value.as_ref());
            }
            AstKind::AccessorProperty(property) => {
                self.property(&property.key, property.type_annotation.as_deref(), property.value.as_ref());
            }
            AstKind::FormalParameter(parameter) => self.parameter(parameter),
            AstKind::AssignmentExpression(assignment) => self.assigned(assignment),
            AstKind::TSAsExpression(cast) => self.file.typed_value(&cast.expression, &cast.type_annotation),
            AstKind::TSSatisfiesExpression(cast) => self.file.typed_value(&cast.expression, &cast.type_annotation),
            AstKind::TSTypeAssertion(cast) => self.file.typed_value(&cast.expression, &cast.type_annotation),
            AstKind::Function(function) => self.returns.push(annotated(function.return_type.as_deref())),
            AstKind::ArrowFunctionExpression(function) => {
                let ty = annotated(function.return_type.as_deref());
                if let (Some(ty), Some(value)) = (ty, function.body.as_expression()) {
                    self.file.typed_value(value, ty);
                }
                self.returns.push(ty);
            }
            AstKind::ReturnStatement(statement) => {
                if let (Some(value), Some(Some(ty))) = (&statement.argument, self.returns.last().copied()) {
                    self.file.typed_value(value, ty);
                }
            }
            // `function* (): Generator<Order> { yield {…} }`
            AstKind::YieldExpression(given) => {
                if let (Some(value), Some(Some(ty))) = (&given.argument, self.returns.last().copied()) {
                    self.file.typed_value(value, ty);
                }
            }
            _ => {}
        }
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        if matches!(kind, AstKind::Function(_) | AstKind::ArrowFunctionExpression(_)) {
            self.returns.pop();
        }
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.too_deep.get_or_insert(it.span().start);
        } else {
            walk::walk_expression(self, it);
        }
        self.deep -= 1;
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.too_deep.get_or_insert(it.span().start);
        } else {
            walk::walk_statement(self, it);
        }
        self.deep -= 1;
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        self.file.table_target(self.alloc(it));
        self.file.hook_set(it);
        walk::walk_simple_assignment_target(self, it);
    }

    // No site stands in a type.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}

    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}

    fn visit_ts_type_parameter_declaration(&mut self, _: &TSTypeParameterDeclaration<'a>) {}
}

fn annotated<'a>(ty: Option<&'a TSTypeAnnotation<'a>>) -> Option<&'a TSType<'a>> {
    ty.map(|ty| &ty.type_annotation)
}
