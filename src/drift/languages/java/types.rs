//! Java's types as shapes.

use tree_sitter::Node;

use super::super::jvm::parameters::Parameters;
use super::super::jvm::{self, Names};
use super::super::tree::{MAX_DEPTH, at, field, part, parts, said};
use super::strings::Strings;
use super::unread;
use crate::drift::shape::Shape;

/// What `java.lang` gives every file, as far as fields are made of it.
pub(super) const GIVEN: &[&str] = &[
    "String",
    "CharSequence",
    "Character",
    "StringBuilder",
    "Integer",
    "Long",
    "Short",
    "Byte",
    "Double",
    "Float",
    "Number",
    "Boolean",
    "Iterable",
    "Object",
    "Void",
    "Class",
    "Record",
    "Enum",
    "Comparable",
    "Runnable",
    "Throwable",
    "Exception",
    "RuntimeException",
];

/// The types within one class.
pub(super) struct Types<'f, 'a> {
    pub(super) text: &'a str,
    pub(super) strings: &'f Strings<'a>,
    pub(super) names: &'f Names<'f>,
    pub(super) parameters: &'f Parameters<'a>,
}

impl Types<'_, '_> {
    /// The shape of a type, followed by so many pairs of brackets.
    pub(super) fn shape(&self, ty: Node<'_>, brackets: Option<Node<'_>>) -> Shape {
        match brackets {
            Some(brackets) => self.array(ty, brackets, 0),
            None => self.of(ty, 0),
        }
    }

    fn of(&self, ty: Node<'_>, depth: usize) -> Shape {
        if depth >= MAX_DEPTH {
            return unread(ty, "the type nests too deep");
        }
        match ty.kind() {
            "integral_type" if said(self.text, ty) == "char" => Shape::STRING,
            "integral_type" | "floating_point_type" => Shape::NUMBER,
            "boolean_type" => Shape::BOOLEAN,
            "array_type" => match (field(ty, "element"), field(ty, "dimensions")) {
                (Some(element), Some(brackets)) => self.array(element, brackets, depth + 1),
                _ => Shape::Opaque,
            },
            "annotated_type" => parts(ty).last().map_or(Shape::Opaque, |inner| self.of(*inner, depth + 1)),
            "generic_type" => {
                let arguments = part(ty, "type_arguments").map_or_else(Vec::new, parts);
                parts(ty).first().map_or(Shape::Opaque, |name| self.named(*name, &arguments, depth))
            }
            "type_identifier" | "scoped_type_identifier" => self.named(ty, &[], depth),
            // `? extends Order`; of `? super Order` nothing is known.
            "wildcard" if part(ty, "super").is_none() => {
                let bound = parts(ty).into_iter().rfind(|part| !part.kind().ends_with("annotation"));
                bound.map_or(Shape::Opaque, |bound| self.of(bound, depth + 1))
            }
            _ => Shape::Opaque,
        }
    }

    /// Lists in lists, where bytes and characters are text.
    fn array(&self, element: Node<'_>, brackets: Node<'_>, depth: usize) -> Shape {
        let mut count = said(self.text, brackets).matches('[').count();
        if count > MAX_DEPTH {
            return unread(element, "the type nests too deep");
        }
        let mut shape = self.of(element, depth);
        if matches!(said(self.text, element), "byte" | "char") {
            (shape, count) = (Shape::STRING, count.saturating_sub(1));
        }
        (0..count).fold(shape, |inner, _| Shape::Array(Box::new(inner)))
    }

    fn named(&self, ty: Node<'_>, arguments: &[Node<'_>], depth: usize) -> Shape {
        let name: String = said(self.text, ty).split_whitespace().collect();
        if let Some(shape) = self.parameters.meant(&name) {
            return shape;
        }
        let written_out = ["java.", "javax.", "jakarta."].iter().any(|package| name.starts_with(package));
        let last = if written_out { name.rsplit('.').next().unwrap_or(&name) } else { &name };
        if !written_out && !self.names.is_library(last) {
            let given = arguments.iter().map(|inner| self.of(*inner, depth + 1));
            return Shape::named(name, at(ty)).given(given.collect());
        }
        let argument = |index: usize| arguments.get(index).map_or(Shape::Opaque, |inner| self.of(*inner, depth + 1));
        match (last, jvm::collection(last)) {
            (name, _) if jvm::WRAPPERS.contains(&name) => argument(0),
            (_, Some((item, false))) => Shape::Array(Box::new(argument(item))),
            (_, Some((item, true))) => Shape::Map(Box::new(argument(item))),
            (last, None) => match jvm::scalar(last) {
                Some(shape) => shape,
                None if written_out || self.names.is_given(last) => Shape::Opaque,
                None => Shape::named(name, at(ty)).given((0..arguments.len()).map(argument).collect()),
            },
        }
    }
}
