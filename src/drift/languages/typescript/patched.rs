//! Patches: calls whose arguments have paths for keys, by the name of a method or by what it is called on.

use std::collections::HashSet;

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::file::File;
use super::handed::{ends_in, last_name};
use super::literals::{Writing, alternatives};
use super::renamed::is_loaded_from;
use crate::drift::shape::{Form, HANDED_ON, Unread};

/// Through how many calls, members and choices the receiver of a patch is looked for.
const LINKS: u8 = 64;

const NOT_WRITTEN: &str = "a patch that is not written as an object literal: its paths cannot be read";

impl<'a> File<'a> {
    /// A call may be of a mapping function, or a patch.
    pub(super) fn call(&mut self, call: &'a CallExpression<'a>) {
        let Some(last) = self.calls_made(&call.callee, &call.arguments, call.span.start) else { return };
        let of = call.callee.get_inner_expression().as_member_expression().map(MemberExpression::object);
        let (mut by_name, mut by_receiver, mut other) = (false, false, false);
        for (_, receiver) in self.source.sites.patches_named(&last) {
            match (receiver, of) {
                (None, _) => by_name = true,
                (Some(receiver), Some(of)) if self.comes_from(of, receiver) => by_receiver = true,
                (Some(_), of) => other |= of.is_some(),
            }
        }
        if by_name || by_receiver {
            self.patch(call, by_receiver);
        } else if other {
            let mut given = call.arguments.iter();
            let may_be = given.any(|value| !value.as_expression().is_some_and(is_harmless));
            let at = call.callee.span().start;
            match of.and_then(last_name).filter(|_| self.is_of_key(&call.arguments)) {
                // A map that is called with a key is told by its name from what is a patch under another one.
                Some(name) => self.keyed.extend(may_be.then_some((at, name))),
                None => self.doubted.extend(may_be.then_some(at)),
            }
        }
    }

    /// `set({ 'a.b': value })`, `unset(['a.b'])`. What is called on a receiver that the policy names may have the paths
    /// behind something else; a call of another one is no patch if what comes first is a key.
    fn patch(&mut self, call: &'a CallExpression<'a>, has_receiver: bool) {
        let arguments = call.arguments.as_slice();
        if !has_receiver && self.is_of_key(arguments) {
            return;
        }
        let given = arguments.iter().map(|argument| argument.as_expression().map(|value| self.written_as(value)));
        let given = given.collect::<Vec<_>>();
        let is_any = |is: fn(&Expression<'a>) -> bool| given.iter().flatten().flatten().any(|value| is(value));
        let (has_paths, has_content) = (is_any(is_written), is_any(is_filled));
        // An empty literal says nothing of what stands beside it.
        let is_due = given.len() == 1 || has_receiver || has_paths && !has_content;
        let has_later = given.iter().skip(1).flatten().flatten().any(|value| is_filled(value));
        for (place, (argument, values)) in arguments.iter().zip(given).enumerate() {
            let Some(values) = values else {
                let reason = "a spread among the arguments of a patch";
                self.module.unread.push(Unread::new(argument.span().start, reason));
                continue;
            };
            let may_be_id = place == 0 && has_later;
            if is_due && !may_be_id && values.iter().any(|value| !is_written(value) && !is_harmless(value)) {
                self.module.unread.push(Unread::new(argument.span().start, NOT_WRITTEN));
            }
            values.into_iter().for_each(|value| self.paths_patched(value));
        }
    }

    fn paths_patched(&mut self, value: &'a Expression<'a>) {
        if !is_written(value) || !self.filled.read.insert(value.span().start) {
            return;
        }
        match value {
            Expression::ObjectExpression(object) => {
                let at = object.span.start;
                let mut writing = Writing {
                    form: Form::Patch,
                    ty: None,
                    of: None,
                    also: None,
                    beside: None,
                    path: String::new(),
                    at,
                    deep: 0,
                };
                self.keys_written(object, &mut writing);
            }
            Expression::ArrayExpression(_) => self.path_argument(value, Form::Patch),
            _ => {}
        }
    }

    /// Whether a call has a key and what belongs to it, `cache.set('key', value)`.
    fn is_of_key(&self, arguments: &'a [Argument<'a>]) -> bool {
        let first = arguments.first().and_then(Argument::as_expression);
        arguments.len() > 1
            && first.is_some_and(|value| match value.get_inner_expression() {
                Expression::TemplateLiteral(_) | Expression::NumericLiteral(_) => true,
                _ => self.text(value).is_some(),
            })
    }

    /// What an argument may be, by itself or by the name of a constant.
    fn written_as(&mut self, value: &'a Expression<'a>) -> Vec<&'a Expression<'a>> {
        let mut found = Vec::new();
        alternatives(value, &mut |value| match value {
            Expression::Identifier(name) => match self.fixed(name.name.as_str()) {
                Some(fixed) => {
                    let before = found.len();
                    alternatives(fixed, &mut |value| found.push(value));
                    if found.iter().skip(before).any(|value| is_written(value)) {
                        self.filled.patched.insert(name.name.as_str());
                    }
                }
                None => found.push(value),
            },
            value => found.push(value),
        });
        found
    }

    /// Whether a value has the name of a receiver, or comes of calls on what has it: `client.patch(id).unset(['a'])`,
    /// `(await client.patch(id)).ops[0]`, and a variable that is one of these, or gets it from such a call.
    fn comes_from(&self, value: &'a Expression<'a>, receiver: &str) -> bool {
        let (mut waiting, mut seen) = (vec![(value, true)], HashSet::new());
        for _ in 0..LINKS {
            let Some((value, may_be_it)) = waiting.pop() else { return false };
            let value = value.get_inner_expression();
            if may_be_it && (ends_in(value, receiver) || is_loaded_from(value, receiver)) {
                return true;
            }
            match value {
                Expression::Identifier(name) => {
                    let Some(variable) = self.bindings().variable(name).filter(|one| seen.insert(*one)) else {
                        continue;
                    };
                    let Some(kept) = self.kept_as(variable) else { continue };
                    if kept.calls.iter().any(|call| ends_in(&call.callee, receiver)) {
                        return true;
                    }
                    let of =
                        kept.calls.iter().filter_map(|call| call.callee.get_inner_expression().as_member_expression());
                    waiting.extend(of.map(|of| (of.object(), true)).take(usize::from(LINKS)));
                    let made = kept.values.iter().map(|made| made.get_inner_expression());
                    let made = made.filter(|made| !made.is_identifier_reference() && !made.is_member_expression());
                    waiting.extend(made.map(|made| (made, false)).take(usize::from(LINKS)));
                }
                value => match called(value) {
                    Some(callee) if ends_in(callee, receiver) => return true,
                    Some(callee) => {
                        let of = callee.get_inner_expression().as_member_expression().map(MemberExpression::object);
                        waiting.extend(of.map(|of| (of, true)));
                    }
                    // A member of a receiver is something else, one of what it gave may be part of it.
                    None => match member(value) {
                        Some(member) => waiting.push((member.object(), false)),
                        None => waiting.extend(parts(value).into_iter().map(|part| (part, may_be_it))),
                    },
                },
            }
        }
        // What is called so often may be one.
        true
    }

    /// Claims what a receiver gives where it is used in place, or has the receiver's name; elsewhere it has another one.
    pub(super) fn receiver_used(&mut self, kind: AstKind<'a>) {
        if self.source.sites.patches_of_receivers().next().is_none() {
            return;
        }
        match kind {
            AstKind::CallExpression(call) => self.calls_back(call),
            AstKind::ExpressionStatement(statement) => self.claim_given(&statement.expression),
            AstKind::StaticMemberExpression(member) => self.claim_given(&member.object),
            AstKind::ComputedMemberExpression(member) => self.claim_given(&member.object),
            AstKind::PrivateFieldExpression(member) => self.claim_given(&member.object),
            AstKind::VariableDeclarator(variable) => {
                if let (Some(name), Some(value)) = (variable.id.get_identifier_name(), &variable.init) {
                    self.receiver_kept(name.as_str(), value);
                }
            }
            AstKind::AssignmentExpression(assignment) => {
                let left = &assignment.left;
                let name = left.get_identifier_name();
                if let Some(name) = name.or_else(|| left.as_member_expression()?.static_property_name()) {
                    self.receiver_kept(name, &assignment.right);
                }
            }
            _ => {}
        }
        let (callee, span) = match kind {
            AstKind::CallExpression(call) => (&call.callee, call.span),
            AstKind::NewExpression(new) => (&new.callee, new.span),
            AstKind::TaggedTemplateExpression(tagged) => (&tagged.tag, tagged.span),
            _ => return,
        };
        self.is_lent |= self.gives_patch(callee) && !self.claimed.contains(&span);
    }

    /// Whether a call gives what has the patches, be it by calls on it: `client.patch(id).unset(['a'])`. What is committed
    /// is none any more.
    fn gives_patch(&self, callee: &'a Expression<'a>) -> bool {
        let mut callee = callee.get_inner_expression();
        for _ in 0..LINKS {
            if self.is_receiver_of_patch(callee) {
                return true;
            }
            let Some(member) = callee.as_member_expression() else { return false };
            match called(member.object().get_inner_expression()) {
                Some(inner) if member.static_property_name() != Some("commit") => callee = inner.get_inner_expression(),
                _ => return false,
            }
        }
        true
    }

    /// `const tx = client.tx(id)`, `const other = client`
    fn receiver_kept(&mut self, name: &'a str, value: &'a Expression<'a>) {
        if self.is_receiver(name) {
            return self.claim_given(value);
        }
        let (mut is_other, mut waiting) = (self.is_given(value), vec![value]);
        while let Some(value) = waiting.pop() {
            let value = value.get_inner_expression();
            match value {
                // What is assigned is come to itself, and has this name as well: `a = b = client`.
                Expression::AssignmentExpression(_) => is_other = true,
                // `Object.freeze(client)`
                Expression::CallExpression(_) => {
                    alternatives(value, &mut |value| is_other |= self.is_receiver_of_patch(value));
                }
                value => {
                    is_other |= self.is_receiver_of_patch(value);
                    waiting.extend(parts(value));
                }
            }
        }
        if is_other {
            self.lent_to.insert(name);
        }
    }

    /// What has mapping functions, or patches, gets another name.
    pub(super) fn lent_as(&mut self, name: &str, other: &'a str) {
        if name != other && self.is_receiver(name) {
            self.is_lent = true;
            self.lent_to.insert(other);
        }
    }

    /// `new api.patch({…})`
    pub(super) fn new_made(&mut self, new: &'a NewExpression<'a>) {
        let last = self.calls_made(&new.callee, &new.arguments, new.span.start);
        let of = new.callee.get_inner_expression().as_member_expression().map(MemberExpression::object);
        let (Some(last), Some(of)) = (last, of) else { return };
        let mut receivers = self.source.sites.patches_named(&last).filter_map(|(_, receiver)| receiver);
        if receivers.any(|receiver| ends_in(of, receiver)) {
            self.module.unread.push(Unread::new(new.callee.span().start, HANDED_ON));
        }
    }

    pub(super) fn is_receiver_of_patch(&self, value: &Expression<'a>) -> bool {
        let mut patches = self.source.sites.patches_of_receivers();
        patches.any(|patch| patch.rsplit_once('.').is_some_and(|(receiver, _)| ends_in(value, receiver)))
    }

    /// What a receiver gives among what a value may be, but for what is assigned within it: that has a name there.
    fn given(&self, value: &'a Expression<'a>) -> Vec<Span> {
        let (mut found, mut waiting) = (Vec::new(), vec![value]);
        while let Some(value) = waiting.pop() {
            let value = value.get_inner_expression();
            match called(value) {
                Some(callee) if self.gives_patch(callee) => found.push(span_of(value)),
                Some(_) => {}
                None if matches!(value, Expression::AssignmentExpression(_)) => {}
                None => waiting.extend(parts(value)),
            }
        }
        found
    }

    pub(super) fn is_given(&self, value: &'a Expression<'a>) -> bool {
        !self.given(value).is_empty()
    }

    fn claim_given(&mut self, value: &'a Expression<'a>) {
        let given = self.given(value);
        self.claimed.extend(given);
    }
}

/// What is called, to give a value.
fn called<'a>(value: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
    match value {
        Expression::CallExpression(call) => Some(&call.callee),
        Expression::NewExpression(new) => Some(&new.callee),
        Expression::TaggedTemplateExpression(tagged) => Some(&tagged.tag),
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::CallExpression(call) => Some(&call.callee),
            _ => None,
        },
        _ => None,
    }
}

fn span_of(value: &Expression<'_>) -> Span {
    match value {
        Expression::ChainExpression(chain) => chain.expression.span(),
        value => value.span(),
    }
}

/// The member that a value is, be it by a chain that may end before: `a?.b`.
pub(super) fn member<'e, 'a>(value: &'e Expression<'a>) -> Option<&'e MemberExpression<'a>> {
    match value {
        Expression::ChainExpression(chain) => chain.expression.as_member_expression(),
        value => value.as_member_expression(),
    }
}

/// What a value is, or is one of, that is no member and no call.
fn parts<'a>(value: &'a Expression<'a>) -> Vec<&'a Expression<'a>> {
    match value {
        Expression::AwaitExpression(awaited) => vec![&awaited.argument],
        Expression::ConditionalExpression(choice) => vec![&choice.consequent, &choice.alternate],
        Expression::LogicalExpression(either) => vec![&either.left, &either.right],
        Expression::AssignmentExpression(assignment) => vec![&assignment.right],
        Expression::SequenceExpression(values) => values.expressions.last().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether an argument of a patch has its paths written out.
fn is_written(value: &Expression<'_>) -> bool {
    matches!(value, Expression::ObjectExpression(_) | Expression::ArrayExpression(_))
}

fn is_filled(value: &Expression<'_>) -> bool {
    match value {
        Expression::ObjectExpression(object) => !object.properties.is_empty(),
        Expression::ArrayExpression(list) => !list.elements.is_empty(),
        _ => false,
    }
}

/// Whether the value of a call to something called `set` patches nothing: a function, a number, a text.
fn is_harmless(value: &Expression<'_>) -> bool {
    let value = value.get_inner_expression();
    value.is_literal()
        || value.is_undefined()
        || matches!(
            value,
            Expression::ArrowFunctionExpression(_)
                | Expression::BinaryExpression(_)
                | Expression::FunctionExpression(_)
                | Expression::TemplateLiteral(_)
                | Expression::UnaryExpression(_)
        )
}
