//! Unions and intersections of a declared type with others: which members, and which literals, are of the others.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::*;

use super::file::File;
use super::imports::Type;
use super::references::{Name, name_of};
use super::said::plain_name;
use super::utilities::inner;

/// A member that is one literal, and what it is.
type Mark<'a> = (&'a PropertyKey<'a>, &'a str);

/// What of the literals of a type belongs to the types beside it, unless the contract says otherwise.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Members that an intersection declares beside it.
    pub(super) members: HashSet<&'a str>,
    /// Literals of a union that say which of the others they are, by their places: the members that say so.
    pub(super) literals: HashMap<u32, Vec<String>>,
    /// Those that cannot be of the type.
    pub(super) others: HashSet<u32>,
}

impl<'a> File<'a> {
    /// `Order | Draft`: a literal that has a member which is one literal in `Draft` is of that type. Where this file shows
    /// that `Order` may have it too, it may be of both; where it shows nothing of `Order`, the contract knows.
    pub(super) fn typed_either(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>], deep: u8) {
        let others = types.iter().filter_map(|ty| self.members_apart(ty)).collect::<Vec<_>>();
        let mut beside = Beside::default();
        let own = self.own_members(types);
        let may_be_own = |mark: &Mark<'a>| own.as_ref().is_some_and(|own| !own.iter().all(|own| excludes(own, mark)));
        let marks = others.into_iter().flatten().filter_map(mark_of).filter(|mark| !may_be_own(mark));
        let marks = marks.collect::<Vec<_>>();
        if !marks.is_empty() {
            for object in self.objects(value) {
                if self.is_too_much(value, marks.len() * (object.properties.len() + 1)) {
                    return;
                }
                let found = marks.iter().filter(|mark| self.has_mark(object, mark));
                let found = found.filter_map(|(key, _)| plain_name(key)).map(str::to_owned).collect::<Vec<_>>();
                if found.is_empty() {
                    continue;
                }
                match own {
                    Some(_) => drop(beside.others.insert(object.span.start)),
                    None => drop(beside.literals.insert(object.span.start, found)),
                }
            }
        }
        types.iter().for_each(|ty| self.typed_beside(value, ty, deep, &beside));
    }

    /// `Order & Extra`: what `Extra` declares is none of `Order`, if neither this file nor the contract says that `Order` has
    /// such a member.
    pub(super) fn typed_both(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>], deep: u8) {
        let others = types.iter().filter_map(|ty| self.members_apart(ty)).flatten();
        let members = others.filter_map(|member| match member {
            TSSignature::TSPropertySignature(member) => plain_name(&member.key),
            _ => None,
        });
        let own = self.own_members(types).unwrap_or_default();
        let is_other = |name: &&str| own.iter().all(|member| name_in(member).is_some_and(|own| own != *name));
        let beside = Beside { members: members.filter(is_other).collect(), ..Beside::default() };
        types.iter().for_each(|ty| self.typed_beside(value, ty, deep, &beside));
    }

    /// Only where the type is written by its name it is told from those beside it.
    fn typed_beside(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>, deep: u8, beside: &Beside<'a>) {
        let name = match inner(ty) {
            TSType::TSTypeReference(reference) => name_of(&reference.type_name),
            _ => None,
        };
        match name.and_then(|name| Some((self.counted(&name)?, self.type_named(&name)))) {
            Some((counted, of)) => self.typed_literals(value, &counted, &of, beside),
            None => self.typed_within(value, ty, deep + 1),
        }
    }

    /// The members of the declared types among some, if all of them stand in this file and have no others.
    fn own_members(&self, types: &'a [TSType<'a>]) -> Option<Vec<&'a TSSignature<'a>>> {
        let mut members = Vec::new();
        for ty in types {
            if let TSType::TSTypeReference(reference) = inner(ty)
                && let Some(name) = name_of(&reference.type_name).filter(|name| self.counted(name).is_some())
            {
                members.extend(self.members_listed(&name)?);
            }
        }
        Some(members)
    }

    /// The members of an object type of this file that does not count; nothing of what may have others.
    fn members_apart(&self, ty: &'a TSType<'a>) -> Option<Vec<&'a TSSignature<'a>>> {
        let reference = match inner(ty) {
            TSType::TSTypeLiteral(literal) => return listed(&literal.members),
            TSType::TSTypeReference(reference) => reference,
            _ => return None,
        };
        let name = name_of(&reference.type_name)?;
        if self.counted(&name).is_some() { None } else { self.members_listed(&name) }
    }

    fn members_listed(&self, name: &Name<'a>) -> Option<Vec<&'a TSSignature<'a>>> {
        if !self.is_closed(name, 0) {
            return None;
        }
        let mut members = Vec::new();
        for declared in self.index().types.get(name.full.as_str())? {
            members.extend(match declared {
                Type::Interface(interface) if interface.extends.is_empty() => listed(&interface.body.body)?,
                Type::Alias(alias) => match inner(&alias.type_annotation) {
                    TSType::TSTypeLiteral(literal) => listed(&literal.members)?,
                    _ => return None,
                },
                _ => return None,
            });
        }
        Some(members)
    }

    fn has_mark(&self, object: &'a ObjectExpression<'a>, (name, text): &Mark<'a>) -> bool {
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

/// The name of a member; none where that is not known.
fn name_in<'a>(member: &'a TSSignature<'a>) -> Option<&'a str> {
    match member {
        TSSignature::TSPropertySignature(member) if !member.computed => plain_name(&member.key),
        TSSignature::TSMethodSignature(member) if !member.computed => plain_name(&member.key),
        _ => None,
    }
}

/// Whether what has a member cannot have a mark: it is called otherwise, or is another literal.
fn excludes<'a>(member: &'a TSSignature<'a>, (key, text): &Mark<'a>) -> bool {
    match (name_in(member), plain_name(key)) {
        (Some(name), Some(key)) => name != key || mark_of(member).is_some_and(|(_, own)| own != *text),
        _ => false,
    }
}

/// A member that is one literal, `kind: 'draft'`, and what it is.
fn mark_of<'a>(member: &'a TSSignature<'a>) -> Option<Mark<'a>> {
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
