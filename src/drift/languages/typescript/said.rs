//! Values that are said to be of the type that a literal has: a spread of them adds no field to it.

use oxc_ast::ast::*;

use super::file::File;
use super::imports::Type;
use super::literals::step;
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

    /// Whether a value that is spread where a literal of a type has come to a path is said to be of that type, or is its part
    /// there: `{ ...order, address: { ...order.address, city } }`.
    pub(super) fn is_said_to_be(&self, value: &'a Expression<'a>, ty: &str, path: &str) -> bool {
        let mut names = Vec::new();
        let mut value = value.get_inner_expression();
        let root = loop {
            let member = match value {
                Expression::Identifier(root) => break root.name.as_str(),
                Expression::ChainExpression(chain) => chain.expression.as_member_expression(),
                other => other.as_member_expression(),
            };
            let Some(member) = member.filter(|_| names.len() < usize::from(DEEPEST)) else { return false };
            let Some(name) = member.static_property_name() else { return false };
            names.push(name);
            value = member.object().get_inner_expression();
        };
        let mut written = String::new();
        names.iter().rev().for_each(|name| step(&mut written, name));
        let said = self.bindings().said_of(root);
        written == path
            && !said.is_empty()
            && said.iter().all(|said| said.is_some_and(|said| self.is_type(said, ty, 0)))
    }

    /// Whether a type is the one of this name, or has some of its members.
    fn is_type(&self, said: &'a TSType<'a>, ty: &str, deep: u8) -> bool {
        if deep >= DEEPEST {
            return false;
        }
        match inner(said) {
            TSType::TSUnionType(types) => types.types.iter().all(|said| {
                matches!(said, TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_))
                    || self.is_type(said, ty, deep + 1)
            }),
            TSType::TSTypeReference(reference) => {
                let Some(name) = name_of(&reference.type_name) else { return false };
                let given = reference.type_arguments.as_deref().and_then(|given| given.params.first());
                match given {
                    _ if self.counted(&name).is_some_and(|counted| counted == ty) => self.is_closed(&name, deep),
                    Some(given) if PARTS.contains(&name.full.as_str()) && !self.is_declared(&name) => {
                        self.is_type(given, ty, deep + 1)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn is_declared(&self, name: &Name<'a>) -> bool {
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
            Type::Class(_) => true,
            Type::Enum(_) | Type::Namespace => false,
        });
        is_closed && self.bindings().types_named(name.head) == types.len()
    }

    fn extends_closed(&self, bases: &'a [TSInterfaceHeritage<'a>], deep: u8) -> bool {
        bases.iter().all(|base| {
            let name = name_of(&base.type_name).filter(|_| deep < DEEPEST && base.type_arguments.is_none());
            name.is_some_and(|name| self.is_closed(&name, deep + 1))
        })
    }
}
