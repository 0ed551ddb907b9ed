//! Mapping sites: one walk over the whole file, for policies that ask for it.

use std::collections::HashSet;

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::file::File;
use super::literals::objects_of;
use crate::drift::shape::Unread;

/// The deepest nesting that is walked: long sums and chains of calls are nested, too.
pub(super) const DEEPEST: u32 = 4096;

/// Finds all sites of a file.
pub(super) fn find(file: &mut File<'_>) {
    let program = file.program;
    let mut finder = Finder { file, seen: HashSet::new(), returns: Vec::new(), deep: 0, too_deep: None };
    finder.visit_program(program);
    if let Some(at) = finder.too_deep {
        finder.file.module.unread.push(Unread::new(at, "the code is nested too deeply to find what it maps"));
    }
    file.module.sites.sort_by(|one, other| (one.at, &one.path).cmp(&(other.at, &other.path)));
}

struct Finder<'f, 'a> {
    file: &'f mut File<'a>,
    /// Literals that are told already, by their places.
    seen: HashSet<u32>,
    /// What the functions around give back, by their annotations.
    returns: Vec<Option<&'a TSType<'a>>>,
    deep: u32,
    too_deep: Option<u32>,
}

impl<'a> Finder<'_, 'a> {
    /// A literal of a declared type.
    fn typed(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>) {
        if self.file.source.sites.types.is_empty() {
            return;
        }
        let objects = objects_of(value);
        if objects.is_empty() {
            return;
        }
        let Some(name) = self.file.site_type(ty, 0) else { return };
        for object in objects {
            if self.seen.insert(object.span.start) {
                self.file.literal(object, Some(&name));
            }
        }
    }

    /// A literal that says its type itself.
    fn discriminated(&mut self, object: &'a ObjectExpression<'a>) {
        if let Some(value) = self.file.discriminator(object)
            && self.seen.insert(object.span.start)
        {
            match self.file.text(value) {
                Some(ty) => self.file.literal(object, Some(&ty)),
                None => {
                    let reason = "the type of this literal is not written as a literal";
                    self.file.module.unread.push(Unread::new(value.span().start, reason));
                }
            }
        }
    }

    fn variable(&mut self, variable: &'a VariableDeclarator<'a>) {
        let (BindingPattern::BindingIdentifier(id), Some(value)) = (&variable.id, &variable.init) else { return };
        self.file.table(id.name.as_str(), value);
        if let Some(ty) = &variable.type_annotation {
            self.typed(value, &ty.type_annotation);
        }
    }

    fn property(&mut self, property: &'a PropertyDefinition<'a>) {
        let Some(value) = &property.value else { return };
        if let Some(name) = self.file.key(&property.key, property.computed) {
            self.file.table(&name, value);
        }
        if let Some(ty) = &property.type_annotation {
            self.typed(value, &ty.type_annotation);
        }
    }
}

impl<'a> Visit<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        self.file.handed_on(kind);
        match kind {
            AstKind::CallExpression(call) => self.file.call(call),
            AstKind::ObjectExpression(object) => self.discriminated(object),
            AstKind::VariableDeclarator(variable) => self.variable(variable),
            AstKind::PropertyDefinition(property) => self.property(property),
            AstKind::TSAsExpression(cast) => self.typed(&cast.expression, &cast.type_annotation),
            AstKind::TSSatisfiesExpression(cast) => self.typed(&cast.expression, &cast.type_annotation),
            AstKind::TSTypeAssertion(cast) => self.typed(&cast.expression, &cast.type_annotation),
            AstKind::Function(function) => self.returns.push(annotated(function.return_type.as_deref())),
            AstKind::ArrowFunctionExpression(function) => {
                let ty = annotated(function.return_type.as_deref());
                if let (Some(ty), Some(value)) = (ty, function.body.as_expression()) {
                    self.typed(value, ty);
                }
                self.returns.push(ty);
            }
            AstKind::ReturnStatement(statement) => {
                if let (Some(value), Some(Some(ty))) = (&statement.argument, self.returns.last().copied()) {
                    self.typed(value, ty);
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

    // No site stands in a type.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

fn annotated<'a>(ty: Option<&'a TSTypeAnnotation<'a>>) -> Option<&'a TSType<'a>> {
    ty.map(|ty| &ty.type_annotation)
}
