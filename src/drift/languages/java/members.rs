//! The members of a class or a record, and what enums are.

use tree_sitter::Node;

use super::super::jvm::annotations::{Annotation, Annotations, Argument};
use super::super::jvm::class::{Class, listed, replaced};
use super::super::tree::{at, field, fields, part, parts, said};
use super::body;
use super::strings::Strings;
use super::types::Types;
use crate::drift::shape::{Case, Shape};

/// What a type consists of, and how its members are spelt.
pub(super) fn read<'t>(types: &Types<'_, 't>, node: Node<'t>) -> (Shape, Option<Case>) {
    let annotations = annotations(types.strings, node);
    let place = at(field(node, "name").unwrap_or(node));
    if let Some(shape) = replaced(&annotations, place).or_else(|| whole(types, node)) {
        return (shape, None);
    }
    match node.kind() {
        "enum_declaration" => (listed(&annotations, place), None),
        kind => {
            let members = all(node).into_iter().map(|member| self::annotations(types.strings, member));
            let mut class = Class::new(&annotations, &members.collect::<Vec<_>>());
            fill(&mut class, types, node);
            match class.finish(&annotations, place) {
                // An interface has the members that its annotations name, or says nothing of any.
                (Shape::Object(members), _) if kind == "interface_declaration" && members.is_empty() => {
                    (Shape::Opaque, None)
                }
                read => read,
            }
        }
    }
}

/// What is declared in a class or a record, and the parameters of its constructors.
fn all(node: Node<'_>) -> Vec<Node<'_>> {
    let mut members = body(node);
    let parameters = |node| field(node, "parameters").map_or_else(Vec::new, parts);
    let constructors = members.iter().filter(|member| member.kind() == "constructor_declaration");
    let others = constructors.copied().chain([node]).flat_map(parameters).collect::<Vec<_>>();
    members.extend(others);
    members
}

/// The annotations of a declaration.
fn annotations(strings: &Strings<'_>, declaration: Node<'_>) -> Annotations {
    let modifiers = part(declaration, "modifiers").map_or_else(Vec::new, parts);
    let read = |node: Node<'_>| {
        let name = strings.names.annotation(said(strings.text, field(node, "name")?))?;
        let mut arguments = Vec::new();
        for argument in field(node, "arguments").map_or_else(Vec::new, parts) {
            let (name, value) = match (field(argument, "key"), field(argument, "value")) {
                (Some(key), Some(value)) if argument.kind() == "element_value_pair" => (said(strings.text, key), value),
                _ => ("value", argument),
            };
            let list = value.kind() == "element_value_array_initializer";
            for item in if list { parts(value) } else { vec![value] } {
                arguments.push(Argument::new(name, at(item), strings.fold(item), said(strings.text, item)));
            }
        }
        Some(Annotation { name: name.to_owned(), arguments })
    };
    Annotations(modifiers.into_iter().filter_map(read).collect())
}

/// What `@JsonValue` makes of a whole type.
fn whole<'t>(types: &Types<'_, 't>, node: Node<'t>) -> Option<Shape> {
    let is_value = |member: &Node<'t>| annotations(types.strings, *member).has(&["JsonValue"]);
    let member = all(node).into_iter().find(is_value)?;
    let shape = types.shape(field(member, "type")?, None);
    Some(match (shape, node.kind()) {
        (Shape::Scalar { kind, .. }, "enum_declaration") => Shape::enumerated(kind),
        (shape, _) => shape,
    })
}

fn fill<'t>(class: &mut Class, types: &Types<'_, 't>, node: Node<'t>) {
    let parent = field(node, "superclass").and_then(|parent| parts(parent).last().copied());
    if let Some(parent) = parent.filter(|parent| said(types.text, *parent) != "Object") {
        class.inherit(types.shape(parent, None), at(parent));
    }
    for member in all(node) {
        match member.kind() {
            "field_declaration" => {
                let has = |word| part(member, "modifiers").is_some_and(|modifiers| part(modifiers, word).is_some());
                if !has("static") && !has("transient") {
                    // Many names may have the same long annotations.
                    let said = annotations(types.strings, member);
                    let names = fields(member, "declarator").into_iter();
                    names.for_each(|name| declared(class, types, (member, &said), name));
                }
            }
            "formal_parameter" | "spread_parameter" if node.kind() == "record_declaration" => {
                let declarator = part(member, "variable_declarator").unwrap_or(member);
                declared(class, types, (member, &annotations(types.strings, member)), declarator);
            }
            _ => {}
        }
    }
    all(node).into_iter().for_each(|member| accessor(class, types, member));
}

/// A field or a component, with its annotations: `declarator` has its name.
fn declared<'t>(
    class: &mut Class,
    types: &Types<'_, 't>,
    (declaration, annotations): (Node<'t>, &Annotations),
    declarator: Node<'t>,
) {
    let spread = declaration.kind() == "spread_parameter";
    let is_type = |part: &Node<'t>| !matches!(part.kind(), "modifiers" | "variable_declarator");
    let ty = field(declaration, "type").or_else(|| parts(declaration).into_iter().find(is_type));
    let (Some(name), Some(ty)) = (field(declarator, "name"), ty) else { return };
    let shape = types.shape(ty, field(declarator, "dimensions"));
    let shape = if spread { Shape::Array(Box::new(shape)) } else { shape };
    class.member(annotations, said(types.text, name), at(name), shape);
}

/// A method or a constructor's parameter that says more about a member, or makes one.
fn accessor<'t>(class: &mut Class, types: &Types<'_, 't>, node: Node<'t>) {
    let parameters = field(node, "parameters").map_or_else(Vec::new, parts);
    let typed = match (node.kind(), parameters.as_slice()) {
        ("formal_parameter", _) | ("method_declaration", []) => node,
        ("method_declaration", [parameter, ..]) => *parameter,
        _ => return,
    };
    let Some(name) = field(node, "name") else { return };
    let called = said(types.text, name);
    let annotations = annotations(types.strings, node);
    let is_read = node.kind() == "formal_parameter" || is_accessor(node, called, parameters.len());
    // Another method is a property's where an annotation names it, and nothing else that it says counts.
    if !is_read && !class.names_one(&annotations) {
        return;
    }
    let shape = || field(typed, "type").map(|ty| types.shape(ty, field(typed, "dimensions")));
    class.accessor(&annotations, &[&property(called), called], at(name), shape);
}

/// Whether a method is a getter or a setter by what it is called and takes; those of a record have its components' names.
fn is_accessor(method: Node<'_>, called: &str, parameters: usize) -> bool {
    let is_static = part(method, "modifiers").is_some_and(|modifiers| part(modifiers, "static").is_some());
    let gives = field(method, "type").is_some_and(|ty| ty.kind() != "void_type");
    let of_record =
        || method.parent().and_then(|body| body.parent()).is_some_and(|of| of.kind() == "record_declaration");
    let begins = |prefix| called.starts_with(prefix);
    match parameters {
        _ if is_static => false,
        0 => gives && (begins("get") || begins("is") || of_record()),
        1 => begins("set"),
        _ => false,
    }
}

/// The property that a getter or setter is of.
fn property(method: &str) -> String {
    let rest = ["get", "set", "is"].iter().find_map(|prefix| method.strip_prefix(prefix));
    let Some(rest) = rest.filter(|rest| rest.starts_with(char::is_uppercase)) else { return method.to_owned() };
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
