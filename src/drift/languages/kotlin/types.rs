//! Kotlin's types as shapes.

use tree_sitter::Node;

use super::super::jvm::parameters::Parameters;
use super::super::jvm::{self, Names};
use super::super::tree::{MAX_DEPTH, at, part, parts, said};
use super::strings::Strings;
use crate::drift::shape::{Member, Shape};

/// What Kotlin and `java.lang` give every file, as far as fields are made of it.
pub(super) const GIVEN: &[&str] = &[
    "String",
    "Char",
    "CharSequence",
    "Int",
    "Long",
    "Short",
    "Byte",
    "Double",
    "Float",
    "UInt",
    "ULong",
    "UShort",
    "UByte",
    "Number",
    "Boolean",
    "Any",
    "Unit",
    "Nothing",
    "List",
    "MutableList",
    "Set",
    "MutableSet",
    "Collection",
    "MutableCollection",
    "Iterable",
    "Sequence",
    "Map",
    "MutableMap",
    "Array",
    "ByteArray",
    "CharArray",
    "IntArray",
    "LongArray",
    "ShortArray",
    "DoubleArray",
    "FloatArray",
    "BooleanArray",
    "UByteArray",
    "UIntArray",
    "ULongArray",
    "Pair",
    "Triple",
    "ArrayList",
    "HashMap",
    "LinkedHashMap",
    "HashSet",
    "LinkedHashSet",
    "ArrayDeque",
    "Comparable",
    "Enum",
    "Throwable",
    "Exception",
    "RuntimeException",
    "Result",
    "Lazy",
    "StringBuilder",
    "Integer",
    "Object",
    "Void",
    "Class",
];

/// What the full names of well-known types begin with.
const WRITTEN_OUT: [&str; 4] = ["java.", "javax.", "kotlin.", "kotlinx."];

/// What a call gives for the type parameters of the class that it makes, where it does not say so.
const INFERRED: &str =
    "what this call gives for the type parameters of the class is not written: write the property's type";
/// How many of them are told of.
const MOST_INFERRED: usize = 8;

/// The types within one class.
pub(super) struct Types<'f, 'a> {
    pub(super) text: &'a str,
    pub(super) strings: &'f Strings<'f>,
    pub(super) names: &'f Names<'f>,
    pub(super) parameters: &'f Parameters<'a>,
}

/// Whether a node is a type.
pub(super) fn is_type(node: &Node<'_>) -> bool {
    matches!(
        node.kind(),
        "user_type" | "nullable_type" | "parenthesized_type" | "function_type" | "non_nullable_type" | "dynamic"
    )
}

impl Types<'_, '_> {
    /// The shape of a type.
    pub(super) fn shape(&self, ty: Node<'_>) -> Shape {
        self.of(ty, 0)
    }

    fn of(&self, ty: Node<'_>, depth: usize) -> Shape {
        if depth >= MAX_DEPTH {
            return Shape::unread(at(ty), "the type nests too deep");
        }
        match ty.kind() {
            "user_type" => self.named(ty, depth),
            "nullable_type" | "parenthesized_type" | "non_nullable_type" => {
                parts(ty).into_iter().find(is_type).map_or(Shape::Opaque, |inner| self.of(inner, depth + 1))
            }
            "type_projection" => {
                parts(ty).into_iter().rfind(is_type).map_or(Shape::Opaque, |inner| self.of(inner, depth + 1))
            }
            // Functions have no place on the wire.
            _ => Shape::Opaque,
        }
    }

    fn named(&self, ty: Node<'_>, depth: usize) -> Shape {
        if part(ty, "type_modifiers").is_some_and(|modifiers| said(self.text, modifiers).contains("Serializable")) {
            // `@Serializable(with = …) Date`
            return Shape::Opaque;
        }
        let steps = parts(ty).into_iter().filter(|part| part.kind() == "identifier");
        let steps = steps.map(|step| said(self.text, step).trim_matches('`')).collect::<Vec<_>>();
        let name = steps.join(".");
        if let Some(shape) = self.parameters.meant(&name) {
            return shape;
        }
        let written_out = WRITTEN_OUT.iter().any(|start| name.starts_with(start));
        let last = if written_out { steps.last().copied().unwrap_or_default() } else { name.as_str() };
        let arguments =
            parts(ty).into_iter().rfind(|part| part.kind() == "type_arguments").map_or_else(Vec::new, parts);
        let argument = |index: usize| arguments.get(index).map_or(Shape::Opaque, |inner| self.of(*inner, depth + 1));
        let given = || (0..arguments.len()).map(argument).collect();
        if !written_out && !self.names.is_library(last) {
            return Shape::named(name, at(ty)).given(given());
        }
        match self.library(last, &name, at(ty), argument) {
            Shape::Named { name: own, at, .. } if own == name => Shape::named(own, at).given(given()),
            shape => shape,
        }
    }

    fn library(&self, name: &str, full: &str, at: u32, argument: impl Fn(usize) -> Shape) -> Shape {
        let named = |names: &[&str]| {
            let members = names.iter().enumerate().map(|(index, name)| Member::new(*name, at, argument(index)));
            Shape::Object(members.collect())
        };
        match (name, jvm::collection(name)) {
            (name, _) if jvm::WRAPPERS.contains(&name) => argument(0),
            ("Pair", _) => named(&["first", "second"]),
            ("Triple", _) => named(&["first", "second", "third"]),
            ("Char" | "ByteArray" | "CharArray", _) => Shape::STRING,
            ("Int" | "UInt" | "ULong" | "UShort" | "UByte", _) => Shape::NUMBER,
            ("BooleanArray", _) => Shape::Array(Box::new(Shape::BOOLEAN)),
            (_, Some((item, false))) => Shape::Array(Box::new(argument(item))),
            (_, Some((item, true))) => Shape::Map(Box::new(argument(item))),
            (name, None) if name.ends_with("Array") => Shape::Array(Box::new(Shape::NUMBER)),
            (last, None) => match jvm::scalar(last) {
                Some(shape) => shape,
                None if self.names.is_given(last) || WRITTEN_OUT.iter().any(|start| full.starts_with(start)) => {
                    Shape::Opaque
                }
                None => Shape::named(full, at),
            },
        }
    }

    /// The type that a value has where it can be seen from it.
    pub(super) fn inferred(&self, value: Node<'_>) -> Option<Shape> {
        match value.kind() {
            "string_literal" | "multiline_string_literal" | "character_literal" => Some(Shape::STRING),
            "number_literal" | "float_literal" => Some(Shape::NUMBER),
            "unary_expression" => self.inferred(*parts(value).first()?).filter(|shape| *shape == Shape::NUMBER),
            "identifier" if matches!(said(self.text, value), "true" | "false") => Some(Shape::BOOLEAN),
            "true" | "false" | "boolean_literal" => Some(Shape::BOOLEAN),
            "call_expression" => self.called(value),
            _ => None,
        }
    }

    /// `mutableListOf<Item>()`, `Address()`.
    fn called(&self, call: Node<'_>) -> Option<Shape> {
        let callee = *parts(call).first()?;
        let name = Some(said(self.text, callee)).filter(|_| callee.kind() == "identifier")?;
        let arguments = part(call, "type_arguments").map_or_else(Vec::new, parts);
        let argument = |index: usize| arguments.get(index).map(|inner| Box::new(self.shape(*inner)));
        match name {
            "listOf" | "mutableListOf" | "emptyList" | "setOf" | "mutableSetOf" | "emptySet" | "arrayListOf"
            | "arrayOf" | "hashSetOf" | "linkedSetOf" => Some(Shape::Array(argument(0)?)),
            "mapOf" | "mutableMapOf" | "emptyMap" | "hashMapOf" | "linkedMapOf" => Some(Shape::Map(argument(1)?)),
            name if name.starts_with(char::is_uppercase) => {
                if !self.names.is_library(name) {
                    let mut given: Vec<Shape> = arguments.iter().map(|inner| self.shape(*inner)).collect();
                    if given.is_empty() {
                        given.resize(MOST_INFERRED, Shape::unread(at(callee), INFERRED));
                    }
                    return Some(Shape::named(name, at(callee)).given(given));
                }
                match (jvm::collection(name), argument(0), argument(1)) {
                    (Some((0, _)), Some(item), _) => Some(Shape::Array(item)),
                    (Some((1, _)), _, Some(value)) => Some(Shape::Map(value)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
