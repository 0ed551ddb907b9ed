//! What constants get after they are written, where a patch or the record of a table takes them for what they are.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::literals::Writing;
use super::tables::fills;
use crate::drift::shape::{Form, Unread};

const CHANGED: &str =
    "what a patch is given is changed here in a way that cannot be read: write its paths in one literal";

/// What is put into constants, and which of them matter.
#[derive(Default)]
pub(super) struct Filled<'a> {
    /// Literals that were read as patches, by their places: a constant is read once, however many calls it is given to.
    pub(super) read: HashSet<u32>,
    /// Constants that are patches, by their names.
    pub(super) patched: HashSet<&'a str>,
    /// Constants beside the path of a record, by the places where they are named.
    pub(super) beside: BTreeSet<(u32, &'a str)>,
    /// The functions at the top of the file.
    pub(super) functions: OnceCell<HashSet<&'a str>>,
    put: Vec<Put<'a>>,
}

/// Something that gets into what has a name.
struct Put<'a> {
    name: &'a str,
    at: u32,
    what: What<'a>,
}

enum What<'a> {
    Member(&'a MemberExpression<'a>, &'a Expression<'a>),
    Items(&'a [Argument<'a>]),
    /// Nobody knows what.
    Unknown,
}

impl<'a> File<'a> {
    fn asks_what_is_put(&self) -> bool {
        !self.source.sites.patches.is_empty() || self.source.sites.table_member.is_some()
    }

    /// Notes `changes['a.b'] = value`, `paths.push('a.b')` and `Object.assign(changes, more)`.
    pub(super) fn filled_by(&mut self, kind: AstKind<'a>) {
        if !self.asks_what_is_put() {
            return;
        }
        match kind {
            AstKind::AssignmentExpression(assignment) if assignment.operator.is_assign() => {
                if let Some(member) = assignment.left.as_member_expression()
                    && let Expression::Identifier(of) = member.object().get_inner_expression()
                {
                    self.put(of.name.as_str(), member.span().start, What::Member(member, &assignment.right));
                }
            }
            AstKind::CallExpression(call) => {
                if let Some(member) = call.callee.get_inner_expression().as_member_expression()
                    && let Some(of) = root(member.object())
                {
                    let at = call.span.start;
                    match member.static_property_name() {
                        Some("push" | "unshift")
                            if member.object().get_inner_expression().is_identifier_reference() =>
                        {
                            self.put(of, at, What::Items(&call.arguments));
                        }
                        Some("push" | "unshift" | "splice" | "fill" | "copyWithin") => {
                            self.put(of, at, What::Unknown);
                        }
                        _ => {}
                    }
                }
                for (place, value) in call.arguments.iter().enumerate() {
                    if let Some(value) = value.as_expression()
                        && fills(&call.callee, place, call.arguments.len())
                        && let Some(of) = root(value)
                    {
                        self.put(of, value.span().start, What::Unknown);
                    }
                }
            }
            _ => {}
        }
    }

    /// The same of other targets: `changes.a.b = 1`, `[changes.a] = values`, `changes.count += 1`.
    pub(super) fn filled_target(&mut self, target: &SimpleAssignmentTarget<'a>) {
        let at = target.span().start;
        if !self.asks_what_is_put() || self.filled.put.last().is_some_and(|put| put.at == at) {
            return;
        }
        let inner = target.get_expression().and_then(|inner| inner.get_inner_expression().as_member_expression());
        if let Some(of) = target.as_member_expression().or(inner).and_then(|member| root(member.object())) {
            self.put(of, at, What::Unknown);
        }
    }

    fn put(&mut self, name: &'a str, at: u32, what: What<'a>) {
        self.filled.put.push(Put { name, at, what });
    }

    /// Reads what was put into patches, wherever that stands.
    pub(super) fn finish_filled(&mut self) {
        let filled = std::mem::take(&mut self.filled);
        let names = filled.put.iter().map(|put| put.name).collect::<HashSet<_>>();
        let beside = filled.beside.iter().filter(|(_, name)| names.contains(name)).map(|(at, _)| *at);
        for at in beside.collect::<BTreeSet<_>>() {
            self.path_site(None, Form::Table, at);
        }
        for put in filled.put.into_iter().filter(|put| filled.patched.contains(put.name)) {
            match put.what {
                What::Member(member, value) => self.member_put(member, value),
                What::Items(items) => {
                    for item in items {
                        match item.as_expression() {
                            Some(value) => self.path_argument(value, Form::Patch),
                            None => self.module.unread.push(Unread::new(item.span().start, CHANGED)),
                        }
                    }
                }
                What::Unknown => self.module.unread.push(Unread::new(put.at, CHANGED)),
            }
        }
    }

    fn member_put(&mut self, member: &'a MemberExpression<'a>, value: &'a Expression<'a>) {
        let at = member.span().start;
        let path = match member {
            MemberExpression::StaticMemberExpression(member) => Some(member.property.name.to_string()),
            MemberExpression::ComputedMemberExpression(member) => self.path_text(&member.expression),
            MemberExpression::PrivateFieldExpression(_) => None,
        };
        let Some(path) = path else { return self.module.unread.push(Unread::new(at, CHANGED)) };
        let mut writing =
            Writing { form: Form::Patch, ty: None, of: None, also: None, beside: None, path, at, deep: 0 };
        self.value_written(value, &mut writing);
    }
}

/// The name that a value begins with: `changes` of `changes.a[0]`.
fn root<'a>(value: &Expression<'a>) -> Option<&'a str> {
    let mut value = value.get_inner_expression();
    while let Some(member) = value.as_member_expression() {
        value = member.object().get_inner_expression();
    }
    value.get_identifier_reference().map(|of| of.name.as_str())
}
