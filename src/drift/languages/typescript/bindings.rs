//! The variables of a whole file, to know which constants are what they are wherever their name is used.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};

use super::sites::DEEPEST;

/// Every name that is bound anywhere in a file.
#[derive(Default)]
pub(super) struct Bindings<'a> {
    /// The constant's value, while only one variable has the name.
    values: HashMap<&'a str, Option<&'a Expression<'a>>>,
    /// The places where those constants are bound.
    declared: HashSet<u32>,
    /// Names that are assigned to after they are declared.
    assigned: HashSet<&'a str>,
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

    /// The value of the one constant of this name.
    pub(super) fn constant(&self, name: &str) -> Option<&'a Expression<'a>> {
        if self.too_deep { None } else { *self.values.get(name)? }
    }
}

impl<'a> Visit<'a> for Bindings<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
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
            }
            _ => {}
        }
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
