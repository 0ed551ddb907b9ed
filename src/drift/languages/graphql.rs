//! GraphQL's schema definition language. Every object, input and interface is a type of the fields that it lists itself,
//! also in an `extend`; arguments of fields are no fields. Operations and fragments are not schema, so a file with one is
//! told, not skipped.

use apollo_parser::Parser;
use apollo_parser::cst::{self, CstNode, Definition as Node};

use super::Source;
use crate::drift::shape::{Definition, Kind, Member, Module, Shape, Unread};
use crate::escape::{excerpt, one_line};

/// How deep types and values may nest.
const MAX_DEPTH: usize = 256;

pub(super) fn read(source: &Source<'_>) -> Module {
    let tree = Parser::new(source.text).recursion_limit(MAX_DEPTH).parse();
    if let Some(error) = tree.errors().min_by_key(|error| error.index()) {
        let at = error.index().min(source.text.len());
        let reason = format!("this is no valid GraphQL: {}", one_line(&excerpt(error.message())));
        return Module::unread(u32::try_from(at).unwrap_or(u32::MAX), reason);
    }
    let mut module = Module { is_shared: true, ..Module::default() };
    for node in tree.document().definitions() {
        definition(&node, &mut module);
    }
    module
}

fn definition(node: &Node, module: &mut Module) {
    let (name, shape) = match node {
        Node::ObjectTypeDefinition(node) => (node.name(), Some(object(node.fields_definition()))),
        Node::ObjectTypeExtension(node) => (node.name(), Some(object(node.fields_definition()))),
        Node::InterfaceTypeDefinition(node) => (node.name(), Some(object(node.fields_definition()))),
        Node::InterfaceTypeExtension(node) => (node.name(), Some(object(node.fields_definition()))),
        Node::InputObjectTypeDefinition(node) => (node.name(), Some(input(node.input_fields_definition()))),
        Node::InputObjectTypeExtension(node) => (node.name(), Some(input(node.input_fields_definition()))),
        Node::UnionTypeDefinition(node) => (node.name(), Some(union(node.union_member_types()))),
        Node::UnionTypeExtension(node) => (node.name(), Some(union(node.union_member_types()))),
        Node::EnumTypeDefinition(node) => (node.name(), Some(Shape::enumerated(Kind::String))),
        // The enum is one already, and gets more values.
        Node::EnumTypeExtension(_) => return,
        Node::ScalarTypeDefinition(node) => {
            let shape = node.name().map(|name| custom_scalar(&name.text()));
            (node.name(), shape)
        }
        // They say nothing of fields.
        Node::DirectiveDefinition(_)
        | Node::SchemaDefinition(_)
        | Node::SchemaExtension(_)
        | Node::ScalarTypeExtension(_) => return,
        Node::OperationDefinition(node) => return no_schema(node, "an operation", module),
        Node::FragmentDefinition(node) => return no_schema(node, "a fragment", module),
    };
    match (name, shape) {
        (Some(name), Some(shape)) => {
            module.definitions.push(Definition { name: name.text().into(), at: at(&name), shape, case: None });
        }
        _ => module.unread.push(Unread::new(at(node), "a type without a name")),
    }
}

fn no_schema(node: &impl CstNode, what: &str, module: &mut Module) {
    module.unread.push(Unread::new(at(node), format!("{what} declares no types: leave its file out of the source")));
}

/// Where a node begins.
fn at(node: &impl CstNode) -> u32 {
    node.syntax().text_range().start().into()
}

fn object(fields: Option<cst::FieldsDefinition>) -> Shape {
    let fields = fields.into_iter().flat_map(|fields| fields.field_definitions());
    Shape::Object(fields.filter_map(|field| Some(member(&field.name()?, field.ty()))).collect())
}

fn input(fields: Option<cst::InputFieldsDefinition>) -> Shape {
    let fields = fields.into_iter().flat_map(|fields| fields.input_value_definitions());
    Shape::Object(fields.filter_map(|field| Some(member(&field.name()?, field.ty()))).collect())
}

fn union(types: Option<cst::UnionMemberTypes>) -> Shape {
    let types = types.into_iter().flat_map(|types| types.named_types());
    Shape::Any(types.filter_map(|ty| Some(named(&ty.name()?))).collect())
}

fn member(name: &cst::Name, ty: Option<cst::Type>) -> Member {
    let place = at(name);
    let shape = ty.map_or_else(|| Shape::unread(place, "a field without a type"), |ty| value(&ty, MAX_DEPTH));
    Member::new(name.text(), place, shape)
}

fn value(ty: &cst::Type, depth: usize) -> Shape {
    let Some(depth) = depth.checked_sub(1) else {
        return Shape::unread(at(ty), "lists are nested too deep");
    };
    let (name, list) = match ty {
        cst::Type::NamedType(ty) => (ty.name(), None),
        cst::Type::ListType(ty) => (None, Some(ty.clone())),
        cst::Type::NonNullType(ty) => (ty.named_type().and_then(|ty| ty.name()), ty.list_type()),
    };
    match (name, list.and_then(|list| list.ty())) {
        (Some(name), _) => named(&name),
        (None, Some(item)) => Shape::Array(Box::new(value(&item, depth))),
        (None, None) => Shape::unread(at(ty), "a type without a name"),
    }
}

/// A type by its name. The five that the language knows itself cannot be declared anew.
fn named(name: &cst::Name) -> Shape {
    match &*name.text() {
        "String" | "ID" => Shape::STRING,
        "Int" | "Float" => Shape::NUMBER,
        "Boolean" => Shape::BOOLEAN,
        other => Shape::named(other, at(name)),
    }
}

/// What a scalar that the schema declares is in JSON. The schema does not say; these names mean the same everywhere.
fn custom_scalar(name: &str) -> Shape {
    match name {
        "Date" | "DateTime" | "LocalDate" | "LocalDateTime" | "LocalTime" | "Time" | "Timestamp" | "Duration" => {
            Shape::STRING
        }
        "UUID" | "GUID" | "URL" | "URI" | "Email" | "EmailAddress" | "PhoneNumber" | "Decimal" | "BigDecimal"
        | "Base64" | "Bytes" | "Byte" | "HTML" | "Markdown" | "Slug" | "Locale" | "TimeZone" => Shape::STRING,
        "Long" | "Short" | "UnsignedInt" | "PositiveInt" | "NonNegativeInt" | "NonNegativeFloat" => Shape::NUMBER,
        _ => Shape::Opaque,
    }
}

#[cfg(test)]
mod tests;
