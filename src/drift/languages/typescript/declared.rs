//! Literals of declared types: which type is said of a value, by whatever name the file knows it, and of which parts of it.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::imports::Type;
use super::literals::{alternatives, objects_of};
use super::lookup::cast;
use super::mixed::Beside;
use super::references::name_of;
use super::returns::given_back;
use super::said::foreign_type;
use super::utilities::inner;
use crate::drift::shape::Unread;

/// How deep a type may be written, with what its names stand for.
const DEEPEST: u8 = 64;
/// How many parts of types are held against literals in one file.
const MOST: usize = 1 << 20;

pub(super) const TOO_MANY: &str = "the types of literals here are too deep or too many to be followed: use their names";

/// Types whose values are, or hold, those of their first argument.
const SAME: &[&str] = &[
    "Array",
    "AsyncGenerator",
    "AsyncIterable",
    "AsyncIterableIterator",
    "Awaited",
    "DeepPartial",
    "DeepReadonly",
    "Exclude",
    "Extract",
    "Generator",
    "Iterable",
    "IterableIterator",
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

    pub(super) fn typed_within(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>, deep: u8) {
        if self.is_too_much(value, if deep > DEEPEST { MOST } else { 1 }) {
            return;
        }
        match inner(ty) {
            TSType::TSTypeReference(reference) => self.typed_by_name(value, reference, deep),
            TSType::TSImportType(import) => {
                if let Some(TSImportTypeQualifier::Identifier(name)) = &import.qualifier {
                    let of = foreign_type(import.source.value.as_str(), name.name.as_str());
                    self.typed_literals(value, name.name.as_str(), &of, &Beside::default());
                }
            }
            TSType::TSArrayType(array) => self.typed_within(value, &array.element_type, deep + 1),
            TSType::TSUnionType(types) => self.typed_either(value, &types.types, deep),
            TSType::TSIntersectionType(types) => self.typed_both(value, &types.types, deep),
            TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Readonly => {
                self.typed_within(value, &operator.type_annotation, deep + 1);
            }
            TSType::TSTypeLiteral(literal) => self.typed_members(value, &literal.members, deep),
            TSType::TSMappedType(mapped) => {
                mapped.type_annotation.iter().for_each(|ty| self.typed_values(value, ty, deep));
            }
            // `const make: () => Order = () => ({…})`
            TSType::TSFunctionType(function) => self.typed_function(value, Some(&function.return_type), deep),
            // `[...rest: Order[]]`
            TSType::TSNamedTupleMember(named) => {
                named.element_type.as_ts_type().into_iter().for_each(|ty| self.typed_within(value, ty, deep + 1));
            }
            TSType::TSTupleType(tuple) => self.typed_items(value, tuple, deep),
            TSType::TSIndexedAccessType(access) => self.typed_part(value, access, deep),
            TSType::TSTypeQuery(query) => self.typed_alike(value, query, deep),
            _ => {}
        }
    }

    /// Counts what is held against each other; once it is too much, nothing more is looked at, and that is told.
    pub(super) fn is_too_much(&mut self, value: &'a Expression<'a>, more: usize) -> bool {
        let before = self.held_against;
        self.held_against = before.saturating_add(more);
        if before <= MOST && self.held_against > MOST {
            self.module.unread.push(Unread::new(value.span().start, TOO_MANY));
        }
        self.held_against > MOST
    }

    /// The objects that a value is made of; what looking for them costs grows with the value.
    pub(super) fn objects(&mut self, value: &'a Expression<'a>) -> Vec<&'a ObjectExpression<'a>> {
        let size = usize::try_from(value.span().size()).unwrap_or(usize::MAX);
        if self.is_too_much(value, size / 16) { Vec::new() } else { objects_of(value) }
    }

    fn typed_by_name(&mut self, value: &'a Expression<'a>, reference: &'a TSTypeReference<'a>, deep: u8) {
        let Some(name) = name_of(&reference.type_name) else { return };
        let given = reference.type_arguments.as_deref().map_or(&[][..], |given| &given.params[..]);
        if let Some(counted) = self.counted(&name) {
            return self.typed_literals(value, &counted, &self.type_named(&name), &Beside::default());
        }
        let own = self.index().types.get(name.full.as_str()).and_then(|types| types.first()).copied();
        if let Some(place) = self.given.iter().rposition(|(parameter, _)| *parameter == name.full) {
            return self.typed_by_parameter(value, place, deep);
        }
        let before = self.given.len();
        match own {
            Some(Type::Alias(alias)) => {
                self.give(alias.type_parameters.as_deref(), given);
                self.typed_within(value, &alias.type_annotation, deep + 1);
            }
            Some(Type::Interface(interface)) => {
                self.give(interface.type_parameters.as_deref(), given);
                self.typed_members(value, &interface.body.body, deep);
            }
            Some(_) => {}
            None if SAME.contains(&name.full.as_str()) => {
                given.first().into_iter().for_each(|ty| self.typed_within(value, ty, deep + 1));
            }
            None if name.full == "Record" => given.get(1).into_iter().for_each(|ty| self.typed_values(value, ty, deep)),
            None => {}
        }
        self.given.truncate(before);
    }

    /// What stands for the parameters of a type, or what they are by default.
    fn give(&mut self, parameters: Option<&'a TSTypeParameterDeclaration<'a>>, given: &'a [TSType<'a>]) {
        let parameters = parameters.map(|parameters| parameters.params.as_slice()).unwrap_or_default();
        for (place, parameter) in parameters.iter().enumerate() {
            let ty = given.get(place).or(parameter.default.as_ref());
            self.given.extend(ty.map(|ty| (parameter.name.name.as_str(), ty)));
        }
    }

    /// What stands for a parameter was written where those after it were not yet known.
    fn typed_by_parameter(&mut self, value: &'a Expression<'a>, place: usize, deep: u8) {
        let later = self.given.split_off(place);
        if let Some((_, ty)) = later.first() {
            self.typed_within(value, ty, deep + 1);
        }
        self.given.extend(later);
    }

    /// What functions give back of which that type is said.
    fn typed_function(&mut self, value: &'a Expression<'a>, ty: Option<&'a TSTypeAnnotation<'a>>, deep: u8) {
        let size = usize::try_from(value.span().size()).unwrap_or(usize::MAX);
        let Some(ty) = ty.filter(|_| !self.is_too_much(value, size / 16)) else { return };
        let mut values = Vec::new();
        alternatives(value, &mut |value| values.extend(given_back(value)));
        values.into_iter().for_each(|value| self.typed_within(value, &ty.type_annotation, deep + 1));
    }

    /// `[Order, string]`, place for place.
    fn typed_items(&mut self, value: &'a Expression<'a>, tuple: &'a TSTupleType<'a>, deep: u8) {
        let mut lists = Vec::new();
        alternatives(value, &mut |value| {
            if let Expression::ArrayExpression(list) = value {
                lists.push(list);
            }
        });
        for list in lists {
            for (place, item) in list.elements.iter().filter_map(ArrayExpressionElement::as_expression).enumerate() {
                let element = tuple.element_types.get(place).or(tuple.element_types.last());
                let ty = match element {
                    Some(TSTupleElement::TSNamedTupleMember(named)) => Some(&named.element_type),
                    element => element,
                };
                let ty = match ty {
                    Some(TSTupleElement::TSOptionalType(optional)) => Some(&optional.type_annotation),
                    Some(TSTupleElement::TSRestType(rest)) => Some(&rest.type_annotation),
                    ty => ty.and_then(TSTupleElement::as_ts_type),
                };
                ty.into_iter().for_each(|ty| self.typed_within(item, ty, deep + 1));
            }
        }
    }

    /// `Payload['order']` of a type of this file, and `List[number]`.
    fn typed_part(&mut self, value: &'a Expression<'a>, access: &'a TSIndexedAccessType<'a>, deep: u8) {
        let key = match inner(&access.index_type) {
            TSType::TSNumberKeyword(_) => return self.typed_within(value, &access.object_type, deep + 1),
            TSType::TSLiteralType(literal) => match &literal.literal {
                TSLiteral::StringLiteral(key) => key.value.as_str(),
                _ => return,
            },
            _ => return,
        };
        for ty in self.members_named(&access.object_type, key) {
            self.typed_within(value, ty, deep + 1);
        }
    }

    /// `({ order = {…} }: { order: Order })`
    pub(super) fn typed_pattern(&mut self, pattern: &'a BindingPattern<'a>, ty: &'a TSType<'a>) {
        let BindingPattern::ObjectPattern(pattern) = pattern else { return };
        if self.source.sites.types.is_empty() {
            return;
        }
        for property in &pattern.properties {
            if let BindingPattern::AssignmentPattern(given) = &property.value
                && let Some(key) = property.key.static_name()
            {
                for ty in self.members_named(ty, &key) {
                    self.typed_within(&given.right, ty, 0);
                }
            }
        }
    }

    /// The types of a member, of a type that this file writes out.
    fn members_named(&self, ty: &'a TSType<'a>, key: &str) -> Vec<&'a TSType<'a>> {
        let mut lists = Vec::new();
        match inner(ty) {
            TSType::TSTypeLiteral(literal) => lists.push(&literal.members[..]),
            TSType::TSTypeReference(of) => {
                let name = name_of(&of.type_name);
                let types = name.and_then(|name| self.index().types.get(name.full.as_str()));
                for ty in types.into_iter().flatten() {
                    match ty {
                        Type::Interface(interface) => lists.push(&interface.body.body[..]),
                        Type::Alias(alias) => {
                            if let TSType::TSTypeLiteral(literal) = inner(&alias.type_annotation) {
                                lists.push(&literal.members[..]);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        let named = lists.into_iter().flatten().filter_map(|member| match member {
            TSSignature::TSPropertySignature(member) if member.key.is_specific_static_name(key) => {
                member.type_annotation.as_deref().map(|ty| &ty.type_annotation)
            }
            _ => None,
        });
        named.collect()
    }

    /// `typeof order` of a constant that is said to be of a type.
    fn typed_alike(&mut self, value: &'a Expression<'a>, query: &'a TSTypeQuery<'a>, deep: u8) {
        let Some(name) = query.expr_name.as_ts_type_name().and_then(name_of) else { return };
        let index = self.index();
        let said = index.said.get(name.full.as_str()).copied();
        let said = said.or_else(|| index.values.get(name.full.as_str()).and_then(|value| cast(value)));
        said.into_iter().for_each(|ty| self.typed_within(value, ty, deep + 1));
    }

    pub(super) fn typed_literals(&mut self, value: &'a Expression<'a>, name: &str, of: &str, beside: &Beside<'a>) {
        for object in self.objects(value) {
            let place = object.span.start;
            // What has no more than is told already is told; what sets nothing aside has most.
            let whole = (place, name.to_owned(), String::new());
            if beside.others.contains(&place) || self.told.contains(&whole) {
                continue;
            }
            let when = beside.literals.get(&place);
            // What is one of several declared types, or all of them, is held against the first.
            if when.is_none() && self.declared.get(&place).is_some_and(|(ty, _)| ty != name) {
                continue;
            }
            let apart = beside.apart(place);
            let size = usize::try_from(object.span.size()).unwrap_or(usize::MAX);
            if !apart.is_empty() && self.is_too_much(value, size / 16 + beside.members.len()) {
                return;
            }
            if !self.told.insert((place, name.to_owned(), apart)) {
                continue;
            }
            let before = self.found();
            self.literal(object, Some(name), Some(of), Some(&beside.members));
            match when {
                Some(when) => self.set_aside(when.of(name), before),
                None => {
                    self.declared.entry(place).or_insert_with(|| (name.to_owned(), of.to_owned()));
                }
            }
        }
    }

    /// The members of an object whose type is written out; what a function gives by such a type.
    fn typed_members(&mut self, value: &'a Expression<'a>, signatures: &'a [TSSignature<'a>], deep: u8) {
        if self.is_too_much(value, if deep > DEEPEST { MOST } else { signatures.len() }) {
            return;
        }
        for signature in signatures {
            if let TSSignature::TSCallSignatureDeclaration(call) = signature {
                self.typed_function(value, call.return_type.as_deref(), deep);
            }
        }
        for object in self.objects(value) {
            for property in &object.properties {
                match property {
                    ObjectPropertyKind::SpreadProperty(spread) => {
                        self.typed_members(&spread.argument, signatures, deep + 1);
                    }
                    ObjectPropertyKind::ObjectProperty(property) => self.typed_member(property, signatures, deep),
                }
            }
        }
    }

    fn typed_member(&mut self, property: &'a ObjectProperty<'a>, signatures: &'a [TSSignature<'a>], deep: u8) {
        let Some(key) = self.key(&property.key, property.computed) else { return };
        if self.is_too_much(&property.value, signatures.len()) {
            return;
        }
        for signature in signatures {
            let ty = match signature {
                TSSignature::TSPropertySignature(one) if one.key.is_specific_static_name(&key) => {
                    one.type_annotation.as_deref()
                }
                TSSignature::TSIndexSignature(any) => Some(&*any.type_annotation),
                TSSignature::TSMethodSignature(one) if one.key.is_specific_static_name(&key) => {
                    self.typed_function(&property.value, one.return_type.as_deref(), deep);
                    continue;
                }
                _ => continue,
            };
            self.typed_property(property, ty, deep);
        }
    }

    /// A member of an object; what a getter gives is the member.
    fn typed_property(&mut self, property: &'a ObjectProperty<'a>, ty: Option<&'a TSTypeAnnotation<'a>>, deep: u8) {
        match ty {
            Some(_) if property.kind == PropertyKind::Get => self.typed_function(&property.value, ty, deep),
            Some(ty) => self.typed_within(&property.value, &ty.type_annotation, deep + 1),
            None => {}
        }
    }

    /// All values of an object are of a type: `Record<string, Order>`.
    fn typed_values(&mut self, value: &'a Expression<'a>, ty: &'a TSType<'a>, deep: u8) {
        if self.is_too_much(value, if deep > DEEPEST { MOST } else { 1 }) {
            return;
        }
        for object in self.objects(value) {
            for property in &object.properties {
                match property {
                    ObjectPropertyKind::SpreadProperty(spread) => self.typed_values(&spread.argument, ty, deep + 1),
                    ObjectPropertyKind::ObjectProperty(property) => self.typed_within(&property.value, ty, deep + 1),
                }
            }
        }
    }
}
