//! Functions that are given to calls, to be called back with what the call is about: `tx.patch(id, (p) => p.set({…}))`.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::bindings::Bindings;
use super::file::File;
use super::handed::last_name;
use super::literals::alternatives;
use super::origins::is_each;
use super::scopes::Made;
use crate::drift::shape::Unread;

const UNKNOWN: &str = "what is given to a patch here may be a function that patches: write the function in its place";

/// By way of how many constants a function is looked for, and in how many bytes of those that are a choice of some.
const MOST: usize = 64;
const LONGEST: u32 = 1 << 12;

/// A function that is written in the file.
#[derive(Clone, Copy)]
enum Callback<'a> {
    Arrow(&'a ArrowFunctionExpression<'a>),
    Function(&'a Function<'a>),
}

impl<'a> Callback<'a> {
    fn of(value: &'a Expression<'a>) -> Option<Self> {
        match value {
            Expression::ArrowFunctionExpression(function) => Some(Self::Arrow(function)),
            Expression::FunctionExpression(function) => Some(Self::Function(function)),
            _ => None,
        }
    }

    fn parameters(self) -> &'a FormalParameters<'a> {
        match self {
            Self::Arrow(function) => &function.params,
            Self::Function(function) => &function.params,
        }
    }

    /// The one thing that the function gets by a name.
    fn only(self) -> Option<&'a BindingIdentifier<'a>> {
        match self.parameters().items.as_slice() {
            [only] if self.parameters().rest.is_none() => only.pattern.get_binding_identifier(),
            _ => None,
        }
    }

    /// Whether it is given something by a name.
    fn has_names(self) -> bool {
        let given = self.parameters();
        !given.items.is_empty() || given.rest.is_some()
    }

    /// Whether it is one that answers to a route, or comes between: `(req, res) => …`.
    fn is_handler(self) -> bool {
        self.parameters().items.len() > 1
    }
}

/// What may be called of an argument.
#[derive(Default)]
struct Callbacks<'a> {
    /// What the argument is, or may be one of.
    known: Vec<Callback<'a>>,
    /// What else it may be.
    others: Vec<&'a Expression<'a>>,
    /// Whether it may be another function.
    is_unknown: bool,
    /// Whether that would be one of another file.
    is_foreign: bool,
}

impl<'a> Callbacks<'a> {
    fn of(bindings: &Bindings<'a>, argument: &'a Argument<'a>) -> Self {
        let mut found = Self::default();
        let Some(value) = argument.as_expression() else { return Self { is_unknown: true, ..found } };
        let (mut waiting, mut seen, mut left) = (vec![value], HashSet::new(), LONGEST);
        while let Some(value) = waiting.pop() {
            if seen.len() > MOST {
                found.is_unknown = true;
                break;
            }
            alternatives(value, &mut |value| match (Callback::of(value), value) {
                (Some(function), _) => found.known.push(function),
                (None, Expression::Identifier(name)) if !value.is_undefined() => {
                    let variable = bindings.variable(name);
                    match variable.map_or(Made::Unknown, |variable| bindings.made(variable)) {
                        Made::Constant(_) if seen.contains(&variable) => {}
                        Made::Constant(made) if is_short(made, &mut left) => {
                            seen.insert(variable);
                            waiting.push(made);
                        }
                        Made::Function(function) => found.known.push(Callback::Function(function)),
                        Made::Enum(_) | Made::Class(_) => {}
                        made => {
                            found.is_unknown = true;
                            found.is_foreign |= matches!(made, Made::Foreign(_));
                        }
                    }
                }
                (None, value) => {
                    found.is_unknown |= !is_no_function(value);
                    found.others.push(value);
                }
            });
        }
        found
    }

    /// The functions, with those that stand within something else: `wrap((p) => …)`.
    fn all(&self) -> Vec<Callback<'a>> {
        let mut within = Within(self.known.clone());
        self.others.iter().for_each(|value| within.visit_expression(value));
        within.0
    }
}

impl<'a> File<'a> {
    /// Looks for functions that are given to a call which gives them what has a patch.
    pub(super) fn calls_back(&mut self, call: &'a CallExpression<'a>) {
        let callee = call.callee.get_inner_expression();
        let of = callee.as_member_expression().map(MemberExpression::object);
        let is_receiver = self.is_receiver_of_patch(callee);
        if !is_receiver && !of.is_some_and(|of| self.is_given(of)) {
            return;
        }
        let given = call.arguments.iter().map(|argument| Callbacks::of(self.bindings(), argument));
        let given = given.collect::<Vec<_>>();
        // Calls within calls are looked through once for each that they stand in.
        let size =
            given.iter().flat_map(|given| &given.others).map(|value| value.span().size()).fold(0, u32::saturating_add);
        if self.is_too_much(&call.callee, usize::try_from(size).unwrap_or(usize::MAX) / 16) {
            self.is_lent = true;
            return;
        }
        let mut functions =
            given.iter().flat_map(Callbacks::all).filter(|function| self.takes_something(*function)).peekable();
        let takes_something = functions.peek().is_some();
        if self.is_route(call) && functions.all(Callback::is_handler) {
            return;
        }
        self.is_lent |= takes_something;
        for (place, (argument, callbacks)) in call.arguments.iter().zip(&given).enumerate() {
            // What comes first is an id, where it is nothing else: `client.patch(order._id)`.
            let is_called = is_receiver && place > 0 || argument.is_spread() || last_name(callee) == Some("then");
            let is_unknown = callbacks.is_unknown && is_called;
            self.is_lent |= is_unknown;
            // `api(url, options)`
            if is_unknown && (of.is_some() || callbacks.is_foreign) {
                self.module.unread.push(Unread::new(argument.span().start, UNKNOWN));
            }
        }
    }

    fn takes_something(&self, function: Callback<'a>) -> bool {
        function.has_names() || matches!(function, Callback::Function(function) if self.is_called_on(function))
    }

    /// Whether a function may use what it is called on, or what it is given without a name for it.
    fn is_called_on(&self, function: &Function<'a>) -> bool {
        let called_on = self.called_on.get_or_init(|| {
            let mut finder = CalledOn::default();
            finder.visit_program(self.program);
            finder.found
        });
        called_on.contains(&function.span.start)
    }

    /// Whether a call may say what answers to a route: `app.patch('/orders/:id', (req, res) => …)`. It gives nothing that
    /// is patched: what is, has an id.
    fn is_route(&self, call: &'a CallExpression<'a>) -> bool {
        let first = call.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression);
        match first {
            Some(Expression::TemplateLiteral(route)) => {
                route.quasis.first().is_some_and(|begin| begin.value.raw.starts_with('/'))
            }
            first => first.and_then(|first| self.text(first)).is_some_and(|route| route.starts_with('/')),
        }
    }

    /// What a variable holds at some time.
    pub(super) fn kept_as(&self, variable: usize) -> Option<&Kept<'a>> {
        let kept = self.kept.get_or_init(|| {
            let mut keeping = Keeping { bindings: self.bindings(), found: HashMap::new() };
            keeping.visit_program(self.program);
            keeping.found
        });
        kept.get(&variable)
    }
}

/// All that a variable holds at some time.
#[derive(Default)]
pub(super) struct Kept<'a> {
    /// What it is set to.
    pub(super) values: Vec<&'a Expression<'a>>,
    /// Calls that are given a function whose only parameter it is.
    pub(super) calls: Vec<&'a CallExpression<'a>>,
}

struct Keeping<'f, 'a> {
    bindings: &'f Bindings<'a>,
    found: HashMap<usize, Kept<'a>>,
}

impl<'a> Keeping<'_, 'a> {
    fn keeps(&mut self, name: &str, at: u32) -> Option<&mut Kept<'a>> {
        self.bindings.scopes.variable(name, at).map(|variable| self.found.entry(variable).or_default())
    }
}

impl<'a> Visit<'a> for Keeping<'_, 'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        let (name, at, value) = match kind {
            AstKind::VariableDeclarator(variable) => match (&variable.id, &variable.init) {
                (BindingPattern::BindingIdentifier(id), Some(value)) => (id.name.as_str(), id.span.start, value),
                _ => return,
            },
            AstKind::AssignmentExpression(assignment) => match &assignment.left {
                AssignmentTarget::AssignmentTargetIdentifier(id) => {
                    (id.name.as_str(), id.span.start, &assignment.right)
                }
                _ => return,
            },
            AstKind::CallExpression(call) => {
                // What a list gives to each is an item of it.
                for argument in call.arguments.iter().skip(usize::from(is_each(call))) {
                    for only in Callbacks::of(self.bindings, argument).known.into_iter().filter_map(Callback::only) {
                        let kept = self.keeps(only.name.as_str(), only.span.start);
                        kept.into_iter().for_each(|kept| kept.calls.push(call));
                    }
                }
                return;
            }
            _ => return,
        };
        self.keeps(name, at).into_iter().for_each(|kept| kept.values.push(value));
    }
}

/// The outermost functions of a value, but for those that a list gives its items to.
struct Within<'a>(Vec<Callback<'a>>);

impl<'a> Visit<'a> for Within<'a> {
    fn visit_expression(&mut self, it: &Expression<'a>) {
        match it {
            Expression::CallExpression(call) if is_each(call) => {
                self.visit_expression(&call.callee);
                call.arguments.iter().skip(1).for_each(|argument| self.visit_argument(argument));
            }
            _ => walk::walk_expression(self, it),
        }
    }

    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::ArrowFunctionExpression(function) => self.0.push(Callback::Arrow(function)),
            AstKind::Function(function) => self.0.push(Callback::Function(function)),
            _ => {}
        }
    }

    fn visit_function_body(&mut self, _: &FunctionBody<'a>) {}

    fn visit_arrow_function_body(&mut self, _: &ArrowFunctionBody<'a>) {}
}

/// Whether a constant may be looked through at each place that names it, with so many bytes left for all of one place.
fn is_short(value: &Expression<'_>, left: &mut u32) -> bool {
    let rest = left.checked_sub(value.span().size());
    *left = rest.unwrap_or(*left);
    rest.is_some() || value.get_inner_expression().is_function()
}

/// Whether a value is nothing that could be called.
fn is_no_function(value: &Expression<'_>) -> bool {
    value.is_literal()
        || value.is_undefined()
        || matches!(
            value,
            Expression::ArrayExpression(_)
                | Expression::BinaryExpression(_)
                | Expression::ObjectExpression(_)
                | Expression::TemplateLiteral(_)
                | Expression::UnaryExpression(_)
        )
}

/// The functions that use what they are called on, by where they begin. All are found at once: one may be given to many
/// calls.
#[derive(Default)]
struct CalledOn {
    found: HashSet<u32>,
    /// The functions around that have their own.
    inside: Vec<u32>,
}

impl<'a> Visit<'a> for CalledOn {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::Function(function) => self.inside.push(function.span.start),
            AstKind::ThisExpression(_) => self.found.extend(self.inside.last()),
            AstKind::IdentifierReference(id) if id.name == "arguments" => self.found.extend(self.inside.last()),
            _ => {}
        }
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        if matches!(kind, AstKind::Function(_)) {
            self.inside.pop();
        }
    }
}
