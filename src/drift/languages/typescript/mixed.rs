//! Unions and intersections of a declared type with others: which members, and which literals, are of the others.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::*;

use super::file::File;
use super::imports::Type;
use super::references::{Name, name_of};
use super::said::plain_name;
use super::utilities::inner;
use crate::drift::shape::When;

/// How deep types extend each other.
const DEEPEST: u8 = 32;

/// A member of a type.
pub(super) struct Member<'a> {
    /// Its name; none where that is not known.
    pub(super) name: Option<&'a str>,
    /// The texts that it may be: `kind: 'draft'`; none where it may be others.
    texts: Vec<&'a str>,
}

/// What of the literals of a type belongs to the types beside it, unless the contract says otherwise.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Members that an intersection declares beside it.
    pub(super) members: HashSet<&'a str>,
    /// Literals of a union that say which of the others they are, by their places.
    pub(super) literals: HashMap<u32, Told>,
    /// Those that cannot be of the type.
    pub(super) others: HashSet<u32>,
}

/// What of a literal says that it is of another type.
pub(super) enum Told {
    /// The members that are one literal there.
    Marks(Vec<String>),
    /// All its members, for it has none but those of that type.
    Members(Vec<String>),
}

/// What this file shows of the declared types in a union or an intersection.
#[derive(Default)]
struct Own<'a> {
    members: Vec<Member<'a>>,
    /// Of one of them it shows nothing: the contract knows.
    is_foreign: bool,
    /// Of one of them it shows something, and not all.
    is_partly: bool,
}

impl Told {
    /// What the contract has to say of a type for the literal to be of that.
    pub(super) fn of(&self, ty: &str) -> When {
        let ty = ty.to_owned();
        match self {
            Self::Marks(members) => When::Knows { ty, members: members.clone() },
            Self::Members(members) => When::KnowsAny { ty, members: members.clone() },
        }
    }
}

impl Beside<'_> {
    /// What is set aside of the literal at a place, as a text.
    pub(super) fn apart(&self, place: u32) -> String {
        match self.literals.get(&place) {
            Some(Told::Marks(members)) => format!("all {}", members.join("\0")),
            Some(Told::Members(members)) => format!("any {}", members.join("\0")),
            None => {
                let mut members = self.members.iter().copied().collect::<Vec<_>>();
                members.sort_unstable();
                members.join("\0")
            }
        }
    }
}

impl<'a> File<'a> {
    /// `Order | Draft`: a literal that has a member which is one literal in `Draft` is of that type, and so is one that has
    /// members of `Draft` alone. Where this file shows that `Order` may have them too, it may be of both; where it shows
    /// nothing of `Order`, the contract knows.
    pub(super) fn typed_either(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>], deep: u8) {
        let objects = self.objects(value);
        let beside = if objects.is_empty() { Beside::default() } else { self.told_apart(value, &objects, types) };
        types.iter().for_each(|ty| self.typed_beside(value, ty, deep, &beside));
    }

    /// Which of the literals of a union are of its other types.
    fn told_apart(
        &mut self,
        value: &'a Expression<'a>,
        objects: &[&'a ObjectExpression<'a>],
        types: &'a [TSType<'a>],
    ) -> Beside<'a> {
        let mut beside = Beside::default();
        let others = types.iter().filter_map(|ty| self.members_apart(ty)).collect::<Vec<_>>();
        let own = self.own_members(types);
        let size = others.iter().map(Vec::len).sum::<usize>() + own.members.len();
        if own.is_partly || others.is_empty() || self.is_too_much(value, size) {
            return beside;
        }
        let Some(known) = texts_known(&own.members) else { return beside };
        let excludes = |name: &str, text: &str| match known.get(name) {
            Some(Some(texts)) => !texts.contains(text),
            Some(None) => false,
            None => true,
        };
        let marks = others.iter().flatten().filter_map(|member| match &*member.texts {
            [text] => member.name.map(|name| (name, *text)),
            _ => None,
        });
        let marks = marks.filter(|(name, text)| excludes(name, text)).collect::<HashSet<_>>();
        let names = others.iter().map(|other| other.iter().filter_map(|member| member.name).collect::<HashSet<_>>());
        let names = names.collect::<Vec<_>>();
        for object in objects {
            if self.is_too_much(value, (object.properties.len() + 1) * names.len()) {
                return beside;
            }
            let (texts, all) = self.texts_written(object);
            let found = texts
                .iter()
                .filter(|(name, text)| text.as_deref().is_some_and(|text| marks.contains(&(name.as_str(), text))));
            let found = found.map(|(name, _)| name.clone()).collect::<Vec<_>>();
            let place = object.span.start;
            if !found.is_empty() {
                match own.is_foreign {
                    true => drop(beside.literals.insert(place, Told::Marks(found))),
                    false => drop(beside.others.insert(place)),
                }
                continue;
            }
            let is_all = |names: &HashSet<&str>| texts.iter().all(|(name, _)| names.contains(name.as_str()));
            let is_none = texts.iter().all(|(name, _)| !known.contains_key(name.as_str()));
            if all && is_none && !texts.is_empty() && names.iter().any(is_all) {
                let members = texts.into_iter().map(|(name, _)| name).collect();
                beside.literals.insert(place, Told::Members(members));
            }
        }
        beside
    }

    /// The members of a literal that it surely has as they are written, with their texts; whether these are all.
    fn texts_written(&self, object: &'a ObjectExpression<'a>) -> (Vec<(String, Option<String>)>, bool) {
        let (mut texts, mut seen) = (Vec::new(), HashSet::new());
        for property in object.properties.iter().rev() {
            let ObjectPropertyKind::ObjectProperty(property) = property else { return (texts, false) };
            let Some(name) = self.key(&property.key, property.computed) else { return (texts, false) };
            if seen.insert(name.clone()) {
                let is_plain = property.kind == PropertyKind::Init;
                let text = if is_plain { self.text(&property.value) } else { None };
                texts.push((name.into_owned(), text.map(std::borrow::Cow::into_owned)));
            }
        }
        (texts, true)
    }

    /// `Order & Extra`: what `Extra` declares is none of `Order`, if neither this file nor the contract says that `Order` has
    /// such a member.
    pub(super) fn typed_both(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>], deep: u8) {
        let mut beside = Beside::default();
        if !self.objects(value).is_empty() {
            beside.members = self.members_beside(value, types);
        }
        types.iter().for_each(|ty| self.typed_beside(value, ty, deep, &beside));
    }

    fn members_beside(&mut self, value: &'a Expression<'a>, types: &'a [TSType<'a>]) -> HashSet<&'a str> {
        let others = types.iter().filter_map(|ty| self.members_apart(ty)).flatten();
        let mut members = others.filter_map(|member| member.name).collect::<HashSet<_>>();
        let own = self.own_members(types);
        let is_open = own.is_partly || own.members.iter().any(|member| member.name.is_none());
        if is_open || self.is_too_much(value, members.len() + own.members.len()) {
            return HashSet::new();
        }
        own.members.iter().filter_map(|member| member.name).for_each(|name| _ = members.remove(name));
        members
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

    /// What this file shows of the declared types among some.
    fn own_members(&self, types: &'a [TSType<'a>]) -> Own<'a> {
        let mut own = Own::default();
        for ty in types {
            if let TSType::TSTypeReference(reference) = inner(ty)
                && let Some(name) = name_of(&reference.type_name).filter(|name| self.counted(name).is_some())
            {
                match self.members_listed(&name, 0) {
                    Some(members) => own.members.extend(members),
                    None if self.bindings().types_named(name.head) == 0 => own.is_foreign = true,
                    None => own.is_partly = true,
                }
            }
        }
        own
    }

    /// The members of an object type of this file that does not count; nothing of what may have others.
    fn members_apart(&self, ty: &'a TSType<'a>) -> Option<Vec<Member<'a>>> {
        let reference = match inner(ty) {
            TSType::TSTypeLiteral(literal) => return listed(&literal.members),
            TSType::TSTypeReference(reference) => reference,
            _ => return None,
        };
        let name = name_of(&reference.type_name)?;
        if self.counted(&name).is_some() { None } else { self.members_listed(&name, 0) }
    }

    /// All members of a type of this file, with those that it inherits.
    pub(super) fn members_listed(&self, name: &Name<'a>, deep: u8) -> Option<Vec<Member<'a>>> {
        self.members_once(name, &mut HashSet::new(), deep)
    }

    /// The same; what several types extend has its members in once.
    fn members_once(&self, name: &Name<'a>, seen: &mut HashSet<String>, deep: u8) -> Option<Vec<Member<'a>>> {
        if !seen.insert(name.full.clone()) {
            return Some(Vec::new());
        }
        if deep > DEEPEST || !self.is_closed(name, 0) {
            return None;
        }
        let mut members = Vec::new();
        for declared in self.index().types.get(name.full.as_str())? {
            match declared {
                Type::Interface(interface) => {
                    members.extend(listed(&interface.body.body)?);
                    for base in &interface.extends {
                        members.extend(self.members_once(&name_of(&base.type_name)?, seen, deep + 1)?);
                    }
                }
                Type::Alias(alias) => match inner(&alias.type_annotation) {
                    TSType::TSTypeLiteral(literal) => members.extend(listed(&literal.members)?),
                    _ => return None,
                },
                Type::Class(class) => {
                    members.extend(class_members(class));
                    if let Some(base) = &class.heritage {
                        let base = base.expression.get_identifier_reference()?.name.as_str();
                        members.extend(self.members_once(
                            &Name { head: base, full: base.to_owned() },
                            seen,
                            deep + 1,
                        )?);
                    }
                }
                Type::Enum(_) | Type::Namespace => return None,
            }
        }
        Some(members)
    }
}

/// The texts that the declared types have for each member; none for one that may have others. Where the name of a member is
/// not known, that may be any.
fn texts_known<'a>(members: &[Member<'a>]) -> Option<HashMap<&'a str, Option<HashSet<&'a str>>>> {
    let mut known = HashMap::new();
    for member in members {
        let texts = known.entry(member.name?).or_insert_with(|| Some(HashSet::new()));
        match texts {
            Some(texts) if !member.texts.is_empty() => texts.extend(&member.texts),
            texts => *texts = None,
        }
    }
    Some(known)
}

/// The members of a type that lists all of them.
pub(super) fn listed<'a>(members: &'a [TSSignature<'a>]) -> Option<Vec<Member<'a>>> {
    let is_open = members.iter().any(|member| matches!(member, TSSignature::TSIndexSignature(_)));
    (!is_open).then(|| members.iter().map(member_of).collect())
}

fn member_of<'a>(member: &'a TSSignature<'a>) -> Member<'a> {
    match member {
        TSSignature::TSPropertySignature(member) => Member { name: plain_name(&member.key), texts: texts_of(member) },
        TSSignature::TSMethodSignature(member) => Member { name: plain_name(&member.key), texts: Vec::new() },
        _ => Member { name: None, texts: Vec::new() },
    }
}

/// What a member may be that is one of some literals.
fn texts_of<'a>(member: &'a TSPropertySignature<'a>) -> Vec<&'a str> {
    let text = |ty: &'a TSType<'a>| match inner(ty) {
        TSType::TSLiteralType(literal) => match &literal.literal {
            TSLiteral::StringLiteral(text) => Some(text.value.as_str()),
            _ => None,
        },
        _ => None,
    };
    let said = member.type_annotation.as_deref().filter(|_| !member.optional);
    let texts = said.and_then(|said| match inner(&said.type_annotation) {
        TSType::TSUnionType(types) => types.types.iter().map(text).collect(),
        ty => Some(vec![text(ty)?]),
    });
    texts.unwrap_or_default()
}

/// What the values of a class have, those of its constructor's parameters included.
fn class_members<'a>(class: &'a Class<'a>) -> Vec<Member<'a>> {
    let mut members = Vec::new();
    for element in &class.body.body {
        let key = match element {
            ClassElement::MethodDefinition(method) if method.kind == MethodDefinitionKind::Constructor => {
                for parameter in &method.value.params.items {
                    if parameter.accessibility.is_some() || parameter.readonly {
                        let name = match &parameter.pattern {
                            BindingPattern::BindingIdentifier(id) => Some(id.name.as_str()),
                            _ => None,
                        };
                        members.push(Member { name, texts: Vec::new() });
                    }
                }
                continue;
            }
            ClassElement::MethodDefinition(method) => &method.key,
            ClassElement::PropertyDefinition(property) => &property.key,
            ClassElement::AccessorProperty(property) => &property.key,
            _ => continue,
        };
        // No literal has what is private to the class.
        if !matches!(key, PropertyKey::PrivateIdentifier(_)) {
            members.push(Member { name: plain_name(key), texts: Vec::new() });
        }
    }
    members
}
