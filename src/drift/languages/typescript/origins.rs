//! What variables are made of that say no type themselves: parts of what does, items of lists, what functions give.

use oxc_ast::AstKind;
use oxc_ast::ast::*;

use super::said::plain_name;
use super::scopes::Scopes;

/// How deep a pattern is taken apart.
const DEEPEST: usize = 16;

/// Methods of lists whose function gets an item first.
const EACH: &[&str] = &["every", "filter", "find", "findIndex", "findLast", "flatMap", "forEach", "map", "some"];

/// What a variable is, or is a part of.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// A value of a type,
    Type(&'a TSType<'a>),
    /// of what a component of such a type is given,
    Given(&'a TSType<'a>),
    /// or this value.
    Value(&'a Expression<'a>),
    /// It is a function that gives a value of a type.
    Returns(&'a TSType<'a>),
}

/// The way to a part.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Member(&'a str),
    Item,
    At(usize),
}

#[derive(Clone)]
pub(super) struct Origin<'a> {
    pub(super) base: Base<'a>,
    pub(super) steps: Vec<Step<'a>>,
}

impl<'a> Scopes<'a> {
    /// Notes what the variables are made of that a node declares.
    pub(super) fn originate(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::VariableDeclaration(variables) if variables.kind.is_const() => {
                for variable in &variables.declarations {
                    let (said, value) = (variable.type_annotation.as_deref(), variable.init.as_ref());
                    let said = said.map(|said| &said.type_annotation);
                    match (said, value, variable.id.is_binding_identifier()) {
                        (Some(said), Some(value), true) => self.takes(value, Base::Given(said)),
                        (Some(said), _, false) => self.taken_apart(&variable.id, Base::Type(said)),
                        (None, Some(value), false) => self.taken_apart(&variable.id, Base::Value(value)),
                        _ => {}
                    }
                }
            }
            AstKind::FormalParameter(parameter) if !parameter.pattern.is_binding_identifier() => {
                let said = parameter.type_annotation.as_deref().filter(|_| parameter.initializer.is_none());
                let said = said.map(|said| Base::Type(&said.type_annotation));
                said.into_iter().for_each(|said| self.taken_apart(&parameter.pattern, said));
            }
            AstKind::Function(function) if !function.is_expression() => {
                if let (Some(id), Some(said)) = (&function.id, &function.return_type) {
                    self.originates(id, Base::Returns(&said.type_annotation), Vec::new());
                }
            }
            AstKind::ForOfStatement(each) => {
                if let ForStatementLeft::VariableDeclaration(variables) = &each.left
                    && let [variable] = variables.declarations.as_slice()
                    && variables.kind.is_const()
                {
                    self.pattern(&variable.id, Base::Value(&each.right), &mut vec![Step::Item]);
                }
            }
            AstKind::CallExpression(call) => self.called_back(call),
            _ => {}
        }
    }

    /// `orders.map((order) => …)`
    fn called_back(&mut self, call: &'a CallExpression<'a>) {
        let of = call.callee.get_inner_expression().as_member_expression().filter(|_| is_each(call));
        let function = call.arguments.first().and_then(Argument::as_expression);
        if let (Some(of), Some(function)) = (of, function)
            && let Some(first) = first(function)
        {
            self.pattern(&first.pattern, Base::Value(of.object()), &mut vec![Step::Item]);
        }
    }

    fn taken_apart(&mut self, pattern: &'a BindingPattern<'a>, base: Base<'a>) {
        self.pattern(pattern, base, &mut Vec::new());
    }

    /// What the first parameter of a function is that says no type of it.
    fn takes(&mut self, function: &'a Expression<'a>, base: Base<'a>) {
        first(function).into_iter().for_each(|parameter| self.taken_apart(&parameter.pattern, base));
    }

    fn pattern(&mut self, pattern: &'a BindingPattern<'a>, base: Base<'a>, steps: &mut Vec<Step<'a>>) {
        if steps.len() > DEEPEST {
            return;
        }
        match pattern {
            BindingPattern::BindingIdentifier(id) => self.originates(id, base, steps.clone()),
            BindingPattern::ObjectPattern(parts) => {
                for part in parts.properties.iter().filter(|part| !part.computed) {
                    let Some(name) = plain_name(&part.key) else { continue };
                    steps.push(Step::Member(name));
                    self.pattern(&part.value, base, steps);
                    steps.pop();
                }
                // What is left has no member that the whole has not.
                parts.rest.iter().for_each(|rest| self.pattern(&rest.argument, base, steps));
            }
            BindingPattern::ArrayPattern(parts) => {
                for (place, part) in parts.elements.iter().enumerate() {
                    let Some(part) = part else { continue };
                    steps.push(Step::At(place));
                    self.pattern(part, base, steps);
                    steps.pop();
                }
            }
            // By default it may be something else.
            BindingPattern::AssignmentPattern(_) => {}
        }
    }

    fn originates(&mut self, id: &BindingIdentifier<'a>, base: Base<'a>, steps: Vec<Step<'a>>) {
        self.origins.insert(id.span.start, Origin { base, steps });
    }
}

/// Whether a call is of a method of lists whose function gets an item first.
pub(super) fn is_each(call: &CallExpression<'_>) -> bool {
    let member = call.callee.get_inner_expression().as_member_expression();
    member.and_then(MemberExpression::static_property_name).is_some_and(|name| EACH.contains(&name))
}

/// The first parameter of a function, if it says no type and has no other value by default.
fn first<'a>(function: &'a Expression<'a>) -> Option<&'a FormalParameter<'a>> {
    parameters(function)?.items.first().filter(|first| is_plain(first))
}

fn parameters<'a>(function: &'a Expression<'a>) -> Option<&'a FormalParameters<'a>> {
    match function.get_inner_expression() {
        Expression::ArrowFunctionExpression(function) => Some(&function.params),
        Expression::FunctionExpression(function) => Some(&function.params),
        _ => None,
    }
}

fn is_plain(parameter: &FormalParameter<'_>) -> bool {
    parameter.type_annotation.is_none() && parameter.initializer.is_none()
}
