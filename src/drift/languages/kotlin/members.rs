//! The members of a class, and what other types are.

use tree_sitter::Node;

use super::super::jvm::annotations::{Annotation, Annotations, Argument};
use super::super::jvm::class::{Class, listed, replaced};
use super::super::tree::{at, field, part, parts, said};
use super::body;
use super::strings::Strings;
use super::types::{Types, is_type};
use crate::drift::shape::{Case, Shape};

/// What a type consists of, and how its members are spelt; `None` for an annotation.
pub(super) fn read<'t>(types: &Types<'_, 't>, node: Node<'t>) -> Option<(Shape, Option<Case>)> {
    let is = |word: &str| has(types.text, node, "class_modifier", word);
    if is("annotation") {
        return None;
    }
    let annotations = annotations(types.strings, node);
    let place = at(field(node, "name").unwrap_or(node));
    if let Some(shape) = replaced(&annotations, place) {
        return Some((shape, None));
    }
    let parameters = part(node, "primary_constructor").and_then(|constructor| part(constructor, "class_parameters"));
    let parameters = parameters.map_or_else(Vec::new, parts);
    if let Some(shape) = whole(types, node, &parameters, is("enum")) {
        return Some((shape, None));
    }
    if is("enum") {
        return Some((listed(&annotations, place), None));
    }
    if is("value") || has(types.text, node, "function_modifier", "inline") {
        let wrapped = parameters.first().and_then(|parameter| declared_type(*parameter));
        return Some((wrapped.map_or(Shape::Opaque, |ty| types.shape(ty)), None));
    }
    let members = parameters.iter().copied().chain(body(node));
    let members = members.map(|member| self::annotations(types.strings, member)).collect::<Vec<_>>();
    let mut class = Class::new(&annotations, &members);
    inherit(&mut class, types, node);
    parameters.into_iter().for_each(|parameter| property(&mut class, types, parameter));
    body(node).into_iter().for_each(|member| property(&mut class, types, member));
    Some(class.finish(&annotations, place))
}

/// Whether a declaration has a modifier.
fn has(text: &str, node: Node<'_>, kind: &str, word: &str) -> bool {
    let modifiers = part(node, "modifiers").map_or_else(Vec::new, parts);
    modifiers.into_iter().any(|modifier| modifier.kind() == kind && said(text, modifier) == word)
}

fn declared_type(node: Node<'_>) -> Option<Node<'_>> {
    parts(node).into_iter().find(is_type)
}

/// What `@JsonValue` makes of a whole type.
fn whole<'t>(types: &Types<'_, 't>, node: Node<'t>, parameters: &[Node<'t>], is_enum: bool) -> Option<Shape> {
    let is_value = |member: &Node<'t>| annotations(types.strings, *member).has(&["JsonValue"]);
    let member = parameters.iter().copied().chain(body(node)).find(is_value)?;
    let ty = part(member, "variable_declaration").map_or_else(|| declared_type(member), declared_type);
    Some(match ty.map(|ty| types.shape(ty)) {
        Some(Shape::Scalar { kind, .. }) if is_enum => Shape::enumerated(kind),
        Some(shape) => shape,
        None => Shape::unread(at(member), "a value without its type: write it"),
    })
}

/// The members of the class that this one extends; interfaces have none of their own.
fn inherit<'t>(class: &mut Class, types: &Types<'_, 't>, node: Node<'t>) {
    let is_interface = part(node, "interface").is_some();
    let secondary = body(node).iter().any(|member| member.kind() == "secondary_constructor");
    for specifier in part(node, "delegation_specifiers").map_or_else(Vec::new, parts) {
        let called = part(specifier, "constructor_invocation");
        let plain = || declared_type(specifier).filter(|_| is_interface || secondary);
        if let Some(ty) = called.and_then(declared_type).or_else(plain).filter(|ty| said(types.text, *ty) != "Any") {
            class.inherit(types.shape(ty), at(ty));
        }
    }
}

/// A property, in the class or in its constructor.
fn property<'t>(class: &mut Class, types: &Types<'_, 't>, node: Node<'t>) {
    let (name, ty, value) = match node.kind() {
        "class_parameter" if part(node, "val").is_some() || part(node, "var").is_some() => {
            (part(node, "identifier"), declared_type(node), None)
        }
        "property_declaration" => {
            let inner = parts(node);
            let value = inner.iter().copied().find(|part| {
                !is_type(part)
                    && !matches!(
                        part.kind(),
                        "modifiers"
                            | "variable_declaration"
                            | "type_parameters"
                            | "getter"
                            | "setter"
                            | "type_constraints"
                            | "property_delegate"
                    )
            });
            let named = class.names_one(&self::annotations(types.strings, node));
            let computed = part(node, "getter").is_some() && value.is_none() && !named;
            if computed || part(node, "property_delegate").is_some() || inner.iter().any(is_type) {
                return;
            }
            let Some(variable) = part(node, "variable_declaration") else { return };
            (part(variable, "identifier"), declared_type(variable), value)
        }
        _ => return,
    };
    let Some(name) = name else { return };
    let annotations = annotations(types.strings, node);
    if annotations.has(&["Transient"]) {
        return;
    }
    let is_list = has(types.text, node, "parameter_modifier", "vararg");
    let shape = match (ty, value) {
        (Some(ty), _) if is_list => Some(Shape::Array(Box::new(types.shape(ty)))),
        (Some(ty), _) => Some(types.shape(ty)),
        (None, Some(value)) => types.inferred(value),
        (None, None) => None,
    };
    let shape = shape.unwrap_or_else(|| Shape::unread(at(name), "a property without its type: write it"));
    class.member(&annotations, said(types.text, name).trim_matches('`'), at(name), shape);
}

/// The annotations of a declaration, wherever they apply: `@field:`, `@get:` and so on.
fn annotations(strings: &Strings<'_>, declaration: Node<'_>) -> Annotations {
    let inner = [Some(declaration), part(declaration, "modifiers"), part(declaration, "variable_declaration")];
    let nodes = inner.into_iter().flatten().flat_map(parts).filter(|part| part.kind() == "annotation").flat_map(parts);
    let read = |node: Node<'_>| {
        let ty =
            if node.kind() == "constructor_invocation" { declared_type(node)? } else { Some(node).filter(is_type)? };
        let name = parts(ty).into_iter().rfind(|part| part.kind() == "identifier")?;
        let name = strings.names.annotation(said(strings.text, name))?;
        let arguments = part(node, "value_arguments").map_or_else(Vec::new, parts);
        let arguments = arguments.into_iter().flat_map(|argument| self::argument(strings, argument)).collect();
        Some(Annotation { name: name.to_owned(), arguments })
    };
    Annotations(nodes.filter_map(read).collect())
}

/// An argument, or the items of one that is a list.
fn argument(strings: &Strings<'_>, argument: Node<'_>) -> Vec<Argument> {
    let inner = parts(argument);
    let (name, value) = match inner.as_slice() {
        [name, value] if part(argument, "=").is_some() => (said(strings.text, *name), *value),
        [value] => ("value", *value),
        _ => ("value", argument),
    };
    let items = match value.kind() {
        "collection_literal" => parts(value),
        "call_expression" if said(strings.text, value).starts_with("arrayOf") => {
            let arguments = part(value, "value_arguments").map_or_else(Vec::new, parts);
            arguments.into_iter().map(|item| parts(item).last().copied().unwrap_or(item)).collect()
        }
        _ => vec![value],
    };
    items.into_iter().map(|item| Argument::new(name, at(item), strings.fold(item), said(strings.text, item))).collect()
}
