//! Literals of declared types: which type is said of a value, by whatever name the file knows it, and of which parts of it.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::imports::Type;
use super::literals::objects_of;
use super::references::name_of;
use super::utilities::inner;
use super::zod::returned_by_arrow;
use crate::drift::shape::Unread;

/// How deep a type may be written, with what its names stand for.
const DEEPEST: u8 = 64;
/// How many parts of types are held against literals in one file.
const MOST: usize = 1 << 20;

const TOO_MANY: &str = "the types of literals here are too deep or too many to be followed: use their names";

/// Types whose values are, or hold, those of their first argument.
const SAME: &[&str] = &[
    "Array",
    "Awaited",
    "DeepPartial",
    "DeepReadonly",
    "Exclude",
    "Extract",
    "NoInfer",
    "NonNullable",
    "Omit",
    "Partial",
    "Pick",
    "Promise",
    "PromiseLike",
    "Readonly",
    "ReadonlyArray",
    "Required",
];

impl<'a> File<'a> {
    /// Notes the literals of declared types in a value of which a type is said.
    pub(super) fn typed_value(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>) {
        if !self.source.sites.types.is_empty() {
            self.typed_within(value, ty, 0);
        }
    }

    fn typed_within(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>, deep: u8) {
        if self.is_too_much(value, if deep > DEEPEST { MOST } else { 1 }) {
            return;
        }
        match inner(ty) {
            TSType::TSTypeReference(reference) => self.typed_by_name(value, reference, deep),
            TSType::TSImportType(import) => {
                if let Some(TSImportTypeQualifier::Identifier(name)) = &import.qualifier {
                    self.typed_literals(value, name.name.as_str());
                }
            }
            TSType::TSArrayType(array) => self.typed_within(value, &array.element_type, deep + 1),
            TSType::TSUnionType(types) => types.types.iter().for_each(|ty| self.typed_within(value, ty, deep + 1)),
            TSType::TSIntersectionType(types) => {
                types.types.iter().for_each(|ty| self.typed_within(value, ty, deep + 1));
            }
            TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Readonly => {
                self.typed_within(value, &operator.type_annotation, deep + 1);
            }
            TSType::TSTypeLiteral(literal) => self.typed_members(value, &literal.members, deep),
            TSType::TSMappedType(mapped) => {
                mapped.type_annotation.iter().for_each(|ty| self.typed_values(value, ty, deep));
            }
            // `const make: () => Order = () => ({…})`
            TSType::TSFunctionType(function) => {
                if let Expression::ArrowFunctionExpression(made) = value.get_inner_expression()
                    && let Some(value) = returned_by_arrow(made)
                {
                    self.typed_within(value, &function.return_type.type_annotation, deep + 1);
                }
            }
            _ => {}
        }
    }

    /// Counts what is held against each other; once it is too much, nothing more is looked at, and that is told.
    fn is_too_much(&mut self, value: &'a Expression<'a>, more: usize) -> bool {
        let before = self.held_against;
        self.held_against = before.saturating_add(more);
        if before <= MOST && self.held_against > MOST {
            self.module.unread.push(Unread::new(value.span().start, TOO_MANY));
        }
        self.held_against > MOST
    }

    /// The objects that a value is made of; what looking for them costs grows with the value.
    fn objects(&mut self, value: &'a Expression<'a>) -> Vec<&'a ObjectExpression<'a>> {
        let size = usize::try_from(value.span().size()).unwrap_or(usize::MAX);
        if self.is_too_much(value, size / 16) { Vec::new() } else { objects_of(value) }
    }

    fn typed_by_name(&mut self, value: &'a Expression<'a>, reference: &'a TSTypeReference<'a>, deep: u8) {
        let Some(name) = name_of(&reference.type_name) else { return };
        let index = self.index();
        let given = reference.type_arguments.as_deref().map_or(&[][..], |given| &given.params[..]);
        // What another file calls it counts, and what this one calls it where that is the only name there is.
        let foreign = index.foreign.get(name.head).copied();
        let own = index.types.get(name.full.as_str()).and_then(|types| types.first()).copied();
        let rest = name.full.split_once('.').map(|(_, rest)| rest);
        let known = match (foreign.map(|foreign| foreign.name), rest) {
            (Some(Some(original)), None) if original != "default" => original,
            (Some(_), Some(rest)) => rest,
            _ => name.full.as_str(),
        };
        for known in [known, name.full.as_str()] {
            if self.source.sites.types.contains(known) {
                return self.typed_literals(value, known);
            }
        }
        match own {
            Some(Type::Alias(alias)) => self.typed_within(value, &alias.type_annotation, deep + 1),
            Some(Type::Interface(interface)) => self.typed_members(value, &interface.body.body, deep),
            Some(_) => {}
            None if SAME.contains(&name.full.as_str()) => {
                given.first().into_iter().for_each(|ty| self.typed_within(value, ty, deep + 1));
            }
            None if name.full == "Record" => given.get(1).into_iter().for_each(|ty| self.typed_values(value, ty, deep)),
            None => {}
        }
    }

    fn typed_literals(&mut self, value: &'a Expression<'a>, name: &str) {
        let name = name.to_owned();
        for object in self.objects(value) {
            if self.told.insert(object.span.start) {
                self.literal(object, Some(&name));
            }
        }
    }

    /// The members of an object whose type is written out.
    fn typed_members(&mut self, value: &'a Expression<'a>, signatures: &'a [TSSignature<'a>], deep: u8) {
        for object in self.objects(value) {
            for property in properties_of(object) {
                let Some(key) = property.key.static_name() else { continue };
                if self.is_too_much(value, signatures.len()) {
                    return;
                }
                for signature in signatures {
                    match signature {
                        TSSignature::TSPropertySignature(one) if one.key.is_specific_static_name(&key) => {
                            let ty = one.type_annotation.as_deref();
                            ty.into_iter().for_each(|ty| {
                                self.typed_within(&property.value, &ty.type_annotation, deep + 1);
                            });
                        }
                        TSSignature::TSIndexSignature(any) => {
                            self.typed_within(&property.value, &any.type_annotation.type_annotation, deep + 1);
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// All values of an object are of a type: `Record<string, Order>`.
    fn typed_values(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>, deep: u8) {
        for object in self.objects(value) {
            properties_of(object).for_each(|property| self.typed_within(&property.value, ty, deep + 1));
        }
    }
}

fn properties_of<'a>(object: &'a ObjectExpression<'a>) -> impl Iterator<Item = &'a ObjectProperty<'a>> {
    object.properties.iter().filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => Some(&**property),
        ObjectPropertyKind::SpreadProperty(_) => None,
    })
}
