//! Unions and intersections of a declared type with others: which members, and which literals, are of the others.

use std::collections::HashSet;

use oxc_ast::ast::*;

use super::file::File;
use super::imports::Type;
use super::references::name_of;
use super::utilities::inner;

/// What of the literals of a type belongs to the types beside it.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Members that an intersection declares beside it.
    pub(super) members: HashSet<&'a str>,
    /// Literals of a union that say which of the others they are, by their places.
    pub(super) literals: HashSet<u32>,
}

impl<'a> File<'a> {
    /// `Order | Draft`: a literal that has a member which is one literal in `Draft` is of that type.
    pub(super) fn typed_either(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>], deep: u8) {
        let others = types.iter().filter_map(|ty| self.members_apart(ty)).collect::<Vec<_>>();
        let mut beside = Beside::default();
        let marks = others.into_iter().flatten().filter_map(mark_of).collect::<Vec<_>>();
        if !marks.is_empty() {
            for object in self.objects(value) {
                if self.is_too_much(value, marks.len() * (object.properties.len() + 1)) {
                    return;
                }
                if marks.iter().any(|mark| self.has_mark(object, mark)) {
                    beside.literals.insert(object.span.start);
                }
            }
        }
        types.iter().for_each(|ty| self.typed_beside(value, ty, deep, &beside));
    }

    /// `Order & Extra`: what `Extra` declares is none of `Order`.
    pub(super) fn typed_both(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>], deep: u8) {
        let others = types.iter().filter_map(|ty| self.members_apart(ty)).flatten();
        let members = others.filter_map(|member| match member {
            TSSignature::TSPropertySignature(member) => match &member.key {
                PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
                PropertyKey::StringLiteral(name) => Some(name.value.as_str()),
                _ => None,
            },
            _ => None,
        });
        let beside = Beside { members: members.collect(), literals: HashSet::new() };
        types.iter().for_each(|ty| self.typed_beside(value, ty, deep, &beside));
    }

    /// Only where the type is written by its name it is told from those beside it.
    fn typed_beside(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>, deep: u8, beside: &Beside<'a>) {
        let name = match inner(ty) {
            TSType::TSTypeReference(reference) => name_of(&reference.type_name),
            _ => None,
        };
        match name.and_then(|name| self.counted(&name)) {
            Some(counted) => self.typed_literals(value, &counted, beside),
            None => self.typed_within(value, ty, deep + 1),
        }
    }

    /// The members of an object type of this file that does not count; nothing of what may have others.
    fn members_apart(&self, ty: &'a TSType<'a>) -> Option<Vec<&'a TSSignature<'a>>> {
        let reference = match inner(ty) {
            TSType::TSTypeLiteral(literal) => return listed(&literal.members),
            TSType::TSTypeReference(reference) => reference,
            _ => return None,
        };
        let name = name_of(&reference.type_name)?;
        if self.counted(&name).is_some() || !self.is_closed(&name, 0) {
            return None;
        }
        let mut members = Vec::new();
        for declared in self.index().types.get(name.full.as_str())? {
            members.extend(match declared {
                Type::Interface(interface) => listed(&interface.body.body)?,
                Type::Alias(alias) => match inner(&alias.type_annotation) {
                    TSType::TSTypeLiteral(literal) => listed(&literal.members)?,
                    _ => return None,
                },
                _ => return None,
            });
        }
        Some(members)
    }

    fn has_mark(&self, object: &'a ObjectExpression<'a>, (name, text): &(&'a PropertyKey<'a>, &'a str)) -> bool {
        let name = name.static_name();
        let value = name.and_then(|name| self.own_property(object, &name));
        value.and_then(|value| self.text(value)).is_some_and(|said| said == *text)
    }
}

/// The members of a type that lists all of them.
fn listed<'a>(members: &'a [TSSignature<'a>]) -> Option<Vec<&'a TSSignature<'a>>> {
    let is_open = members.iter().any(|member| matches!(member, TSSignature::TSIndexSignature(_)));
    (!is_open).then(|| members.iter().collect())
}

/// A member that is one literal, `kind: 'draft'`, and what it is.
fn mark_of<'a>(member: &'a TSSignature<'a>) -> Option<(&'a PropertyKey<'a>, &'a str)> {
    let TSSignature::TSPropertySignature(member) = member else { return None };
    match inner(&member.type_annotation.as_deref()?.type_annotation) {
        TSType::TSLiteralType(literal) => match &literal.literal {
            TSLiteral::StringLiteral(text) if !member.computed && !member.optional => {
                Some((&member.key, text.value.as_str()))
            }
            _ => None,
        },
        _ => None,
    }
}
