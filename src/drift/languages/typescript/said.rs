//! Values that are said to be of the type that a literal has: a spread of them adds no field to it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use oxc_ast::ast::*;

use super::file::File;
use super::imports::{Origin, Type, origin};
use super::literals::step;
use super::mixed::{Member, listed};
use super::references::{Name, name_of};
use super::utilities::inner;

/// How deep a type, or a value, may be written to be one of these.
const DEEPEST: u8 = 32;

/// Types of the language whose values have members of their first argument, and no others.
const PARTS: &[&str] = &["NonNullable", "Omit", "Partial", "Pick", "Readonly", "Required"];

impl<'a> File<'a> {
    /// The type of the policy that a name is: what another file calls it counts, and what this one calls it where that is
    /// the only name there is.
    pub(super) fn counted(&self, name: &Name<'a>) -> Option<String> {
        let foreign = self.index().foreign.get(name.head).map(|foreign| foreign.name);
        let rest = name.full.split_once('.').map(|(_, rest)| rest);
        let known = match (foreign, rest) {
            (Some(Some(original)), None) if original != "default" => original,
            (Some(_), Some(rest)) => rest,
            _ => name.full.as_str(),
        };
        let mut names = [known, name.full.as_str()].into_iter();
        names.find(|known| self.source.sites.types.contains(*known)).map(str::to_owned)
    }

    /// Which type a name is: one of another file by what that calls it, or one of this file.
    pub(super) fn type_named(&self, name: &Name<'a>) -> String {
        let rest = name.full.split_once('.').map(|(_, rest)| rest);
        match self.index().foreign.get(name.head) {
            Some(foreign) => match (foreign.name, rest) {
                (Some(original), Some(rest)) => foreign_type(foreign.specifier, &format!("{original}.{rest}")),
                (original, rest) => foreign_type(foreign.specifier, original.or(rest).unwrap_or_default()),
            },
            None => name.full.clone(),
        }
    }

    /// Whether a value that is spread where a literal of a type has come to a path is said to be of that very type, or is
    /// its part there: `{ ...order, address: { ...order.address, city } }`.
    pub(super) fn is_said_to_be(&self, value: &'a Expression<'a>, ty: &str, of: Option<&str>, path: &str) -> bool {
        let trails = self.trails(value);
        trails
            .is_some_and(|trails| trails.into_iter().all(|trail| self.leads_to(trail.ty, trail.names, (ty, of, path))))
    }

    /// Whether names lead from a value of a type to one of the type that is asked for, and from there to its part at a path:
    /// `state.order.address`, for `address`.
    fn leads_to(
        &self,
        said: &'a TSType<'a>,
        mut names: VecDeque<&'a str>,
        (ty, of, path): (&str, Option<&str>, &str),
    ) -> bool {
        let mut said = said;
        for _ in 0..DEEPEST {
            // `Order['address']`
            if let TSType::TSIndexedAccessType(access) = self.whole(said) {
                let Some(key) = key_of(access) else { return false };
                names.push_front(key);
                said = &access.object_type;
                continue;
            }
            let mut written = String::new();
            names.iter().for_each(|name| step(&mut written, name));
            if written == path && self.is_type(said, (ty, of), &mut HashMap::new(), 0) {
                return self.has_closed_part(said, &names);
            }
            match names.pop_front().and_then(|name| self.part_of(said, name)) {
                Some(part) => said = part,
                None => return false,
            }
        }
        false
    }

    /// The names of all that a value may have that is spread, if this file lists them.
    pub(super) fn members_spread(&self, value: &'a Expression<'a>) -> Option<BTreeSet<&'a str>> {
        let (mut found, mut seen) = (BTreeSet::new(), HashSet::new());
        for trail in self.trails(value)? {
            self.names_of(self.end(&trail)?, &mut found, &mut seen, 0)?;
        }
        (!found.is_empty()).then_some(found)
    }

    /// Adds the names of a type's members; none where it may have others.
    fn names_of(
        &self,
        ty: &'a TSType<'a>,
        found: &mut BTreeSet<&'a str>,
        seen: &mut HashSet<&'a str>,
        deep: u8,
    ) -> Option<()> {
        let deep = Some(deep + 1).filter(|deep| *deep < DEEPEST)?;
        match inner(ty) {
            TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_) => Some(()),
            TSType::TSUnionType(types) => types.types.iter().try_for_each(|ty| self.names_of(ty, found, seen, deep)),
            TSType::TSIntersectionType(types) => {
                types.types.iter().try_for_each(|ty| self.names_of(ty, found, seen, deep))
            }
            TSType::TSTypeLiteral(literal) => self.add_names(listed(&literal.members)?, found),
            TSType::TSTypeReference(reference) => {
                let name = name_of(&reference.type_name)?;
                let given = reference.type_arguments.as_deref().and_then(|given| given.params.first());
                match given {
                    // What these leave out is not found out.
                    Some(_) if matches!(name.full.as_str(), "Omit" | "Pick") => None,
                    Some(given) if self.is_part(&name) => self.names_of(given, found, seen, deep),
                    Some(_) => None,
                    // What was asked before has its names in already.
                    None if !seen.insert(name.head) => Some(()),
                    None => match self.alias_of(&name).filter(|_| !self.is_closed(&name, 0)) {
                        Some(said) => self.names_of(said, found, seen, deep),
                        None if self.is_class(&name) => None,
                        None => self.add_names(self.members_listed(&name, 0)?, found),
                    },
                }
            }
            _ => None,
        }
    }

    fn add_names(&self, members: Vec<Member<'a>>, found: &mut BTreeSet<&'a str>) -> Option<()> {
        for member in members {
            found.insert(member.name?);
        }
        Some(())
    }

    /// A class: what of its values is spread is not all that it declares.
    fn is_class(&self, name: &Name<'a>) -> bool {
        let types = self.index().types.get(name.full.as_str()).map(Vec::as_slice).unwrap_or_default();
        types.iter().any(|declared| matches!(declared, Type::Class(_)))
    }

    /// The type of a member, where this file lists all members of the type that has it.
    pub(super) fn part_of(&self, ty: &'a TSType<'a>, name: &str) -> Option<&'a TSType<'a>> {
        let mut found = self.members_of(ty)?.into_iter().filter(|(key, _)| *key == Some(name)).map(|(_, ty)| ty);
        match (found.next(), found.next()) {
            (Some(part), None) => part,
            _ => None,
        }
    }

    /// Whether a type is the one of this name, or has some of its members.
    fn is_type(
        &self,
        said: &'a TSType<'a>,
        (ty, of): (&str, Option<&str>),
        seen: &mut HashMap<&'a str, bool>,
        deep: u8,
    ) -> bool {
        if deep >= DEEPEST {
            return false;
        }
        match inner(said) {
            TSType::TSUnionType(types) => types.types.iter().all(|said| {
                matches!(said, TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_))
                    || self.is_type(said, (ty, of), seen, deep + 1)
            }),
            TSType::TSTypeReference(reference) => {
                let Some(name) = name_of(&reference.type_name) else { return false };
                let given = reference.type_arguments.as_deref().and_then(|given| given.params.first());
                match given {
                    _ if self.counted(&name).is_some_and(|counted| counted == ty) => {
                        let own = self.type_named(&name);
                        // What a literal says of itself has the name that its file gives to it.
                        let is_same = match of {
                            Some(of) => own == of,
                            None => own.rsplit('\0').next() == Some(ty),
                        };
                        is_same && self.is_closed(&name, deep)
                    }
                    Some(given) if self.is_part(&name) => self.is_type(given, (ty, of), seen, deep + 1),
                    _ => self.is_alias(&name, (ty, of), seen, deep),
                }
            }
            _ => false,
        }
    }

    /// The same of what an alias stands for, which is asked once; one that stands for itself is nothing.
    fn is_alias(
        &self,
        name: &Name<'a>,
        asked: (&str, Option<&str>),
        seen: &mut HashMap<&'a str, bool>,
        deep: u8,
    ) -> bool {
        if let Some(known) = seen.get(name.head) {
            return *known;
        }
        seen.insert(name.head, false);
        let is_type = self.alias_of(name).is_some_and(|said| self.is_type(said, asked, seen, deep + 1));
        seen.insert(name.head, is_type);
        is_type
    }

    /// Whether a type has members of its first argument, and no others.
    fn is_part(&self, name: &Name<'a>) -> bool {
        let name_of_package = || match self.index().foreign.get(name.head) {
            Some(foreign) => foreign.name == Some("DeepPartial") && origin(foreign.specifier) == Origin::Package,
            None => !self.is_declared(name),
        };
        match name.full.as_str() {
            "DeepPartial" => name_of_package() && self.bindings().types_named("DeepPartial") == 0,
            full => PARTS.contains(&full) && !self.is_declared(name),
        }
    }

    /// What an alias stands for that this file declares once, and that does not count itself.
    fn alias_of(&self, name: &Name<'a>) -> Option<&'a TSType<'a>> {
        let is_plain = |name: &&Name<'a>| self.counted(name).is_none() && self.bindings().types_named(name.head) == 1;
        let name = Some(name).filter(is_plain)?;
        match self.index().types.get(name.full.as_str())?.as_slice() {
            [Type::Alias(alias)] if alias.type_parameters.is_none() => Some(&alias.type_annotation),
            _ => None,
        }
    }

    pub(super) fn is_declared(&self, name: &Name<'a>) -> bool {
        let index = self.index();
        index.types.contains_key(name.head)
            || index.foreign.contains_key(name.head)
            || self.bindings().types_named(name.head) > 0
    }

    /// Whether a name is one type all over the file, and that type lists its members. What another file declares is read
    /// there.
    pub(super) fn is_closed(&self, name: &Name<'a>, deep: u8) -> bool {
        if let Some(known) = self.closed.borrow().get(&name.full) {
            return *known;
        }
        let is_closed = self.found_closed(name, deep);
        self.closed.borrow_mut().insert(name.full.clone(), is_closed);
        is_closed
    }

    fn found_closed(&self, name: &Name<'a>, deep: u8) -> bool {
        let types = self.index().types.get(name.full.as_str()).map(Vec::as_slice).unwrap_or_default();
        let lists = |members: &[TSSignature<'a>]| {
            !members.iter().any(|member| matches!(member, TSSignature::TSIndexSignature(_)))
        };
        let is_closed = types.iter().all(|declared| match declared {
            Type::Interface(declared) => lists(&declared.body.body) && self.extends_closed(&declared.extends, deep),
            Type::Alias(alias) => match inner(&alias.type_annotation) {
                TSType::TSTypeLiteral(literal) => lists(&literal.members),
                _ => false,
            },
            Type::Class(class) => self.is_class_closed(class, deep),
            Type::Enum(_) | Type::Namespace => false,
        });
        is_closed && self.bindings().types_named(name.head) == types.len()
    }

    /// Whether a class has the members that it declares, and those of classes that do. Those of other files are read there.
    fn is_class_closed(&self, class: &'a Class<'a>, deep: u8) -> bool {
        let is_open = class.body.body.iter().any(|element| matches!(element, ClassElement::TSIndexSignature(_)));
        let is_based_well = class.heritage.as_ref().is_none_or(|base| {
            let name = base.expression.get_identifier_reference().map(|base| base.name.as_str());
            let is_known =
                |name: &&str| self.index().types.contains_key(name) || self.index().foreign.contains_key(name);
            let name = name.filter(|name| deep < DEEPEST && is_known(name));
            name.is_some_and(|name| self.is_closed(&Name { head: name, full: name.to_owned() }, deep + 1))
        });
        !is_open && is_based_well
    }

    /// Whether a part of a type lists its members, by the names that lead there. What another file declares is
    /// read there.
    fn has_closed_part(&self, said: &'a TSType<'a>, names: &VecDeque<&str>) -> bool {
        let mut ty = said;
        for name in names {
            if self.members_of(ty).is_none() {
                return self.is_foreign(ty);
            }
            match self.part_of(ty, name) {
                Some(part) => ty = part,
                None => return false,
            }
        }
        names.is_empty() || self.is_foreign(ty) || self.members_of(ty).is_some()
    }

    /// The one type among what a value may lack, or have only a part of.
    pub(super) fn whole(&self, ty: &'a TSType<'a>) -> &'a TSType<'a> {
        let mut ty = inner(ty);
        for _ in 0..DEEPEST {
            ty = inner(match ty {
                TSType::TSUnionType(types) => {
                    let mut types = types
                        .types
                        .iter()
                        .filter(|ty| !matches!(ty, TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_)));
                    match (types.next(), types.next()) {
                        (Some(only), None) => only,
                        _ => return ty,
                    }
                }
                TSType::TSTypeReference(reference) => {
                    let given = reference.type_arguments.as_deref().and_then(|given| given.params.first());
                    let name = name_of(&reference.type_name);
                    match (given, name) {
                        (Some(given), Some(name)) if self.is_part(&name) => given,
                        (None, Some(name)) => match self.alias_of(&name) {
                            Some(said) => said,
                            None => return ty,
                        },
                        _ => return ty,
                    }
                }
                _ => return ty,
            });
        }
        ty
    }

    fn is_foreign(&self, ty: &'a TSType<'a>) -> bool {
        match self.whole(ty) {
            TSType::TSTypeReference(reference) => name_of(&reference.type_name).is_some_and(|name| {
                let index = self.index();
                let is_known = self.counted(&name).is_some() && !index.types.contains_key(name.head);
                index.foreign.contains_key(name.head) || is_known
            }),
            _ => false,
        }
    }

    /// The members of an object type that is written out, or that this file declares in one place, with their types.
    fn members_of(&self, ty: &'a TSType<'a>) -> Option<Vec<(Option<&'a str>, Option<&'a TSType<'a>>)>> {
        let signatures = match self.whole(ty) {
            TSType::TSTypeLiteral(literal) => &literal.members,
            TSType::TSTypeReference(reference) => {
                let name = name_of(&reference.type_name).filter(|name| self.is_closed(name, 0))?;
                match self.index().types.get(name.full.as_str())?.as_slice() {
                    [Type::Interface(interface)] => &interface.body.body,
                    [Type::Alias(alias)] => match inner(&alias.type_annotation) {
                        TSType::TSTypeLiteral(literal) => &literal.members,
                        _ => return None,
                    },
                    [Type::Class(class)] => return Some(class.body.body.iter().map(class_member).collect()),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let is_open = signatures.iter().any(|member| matches!(member, TSSignature::TSIndexSignature(_)));
        (!is_open).then(|| signatures.iter().map(signature_member).collect())
    }

    fn extends_closed(&self, bases: &'a [TSInterfaceHeritage<'a>], deep: u8) -> bool {
        bases.iter().all(|base| {
            let name = name_of(&base.type_name).filter(|_| deep < DEEPEST && base.type_arguments.is_none());
            name.is_some_and(|name| self.is_closed(&name, deep + 1))
        })
    }
}

/// The member that `Order['address']` is.
fn key_of<'a>(access: &'a TSIndexedAccessType<'a>) -> Option<&'a str> {
    match inner(&access.index_type) {
        TSType::TSLiteralType(literal) => match &literal.literal {
            TSLiteral::StringLiteral(key) => Some(key.value.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// How a type of another file is told from others.
pub(super) fn foreign_type(specifier: &str, name: &str) -> String {
    format!("{specifier}\0{name}")
}

fn class_member<'a>(element: &'a ClassElement<'a>) -> (Option<&'a str>, Option<&'a TSType<'a>>) {
    match element {
        ClassElement::PropertyDefinition(property) if !property.computed => {
            (plain_name(&property.key), property.type_annotation.as_deref().map(|said| &said.type_annotation))
        }
        _ => (None, None),
    }
}

fn signature_member<'a>(member: &'a TSSignature<'a>) -> (Option<&'a str>, Option<&'a TSType<'a>>) {
    match member {
        TSSignature::TSPropertySignature(property) if !property.computed => {
            (plain_name(&property.key), property.type_annotation.as_deref().map(|said| &said.type_annotation))
        }
        _ => (None, None),
    }
}

/// The name that a key is by itself.
pub(super) fn plain_name<'a>(key: &'a PropertyKey<'a>) -> Option<&'a str> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::StringLiteral(name) => Some(name.value.as_str()),
        _ => None,
    }
}
