//! What a type gives to those that embed it: methods that write all of them.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::tree::{field, parts, said};
use super::tags::KEYS;
use super::{File, types, writer};
use crate::drift::shape::{Shape, Writer};

impl<'t> File<'t> {
    /// The methods of a definition that write it: its own, those that an interface asks for, and those that it has of
    /// others, which other files may say.
    pub(super) fn writer(&self, spec: Node<'t>) -> Option<Writer> {
        let (name, ty) = (said(self.text, field(spec, "name")?), bare(field(spec, "type")?));
        let is_alias = spec.kind() == "type_alias";
        let own = self.methods.keys().filter(|(of, _)| *of == name && !is_alias).map(|(_, method)| key(method));
        let mut own = Writer { has: own.collect(), is_new: !is_alias, ..Writer::default() };
        match ty.kind() {
            "interface_type" => {
                own.is_new = false;
                parts(ty).into_iter().for_each(|part| self.asked(part, &mut own));
            }
            "type_identifier" | "qualified_type" | "generic_type" => {
                own.of.push(self.name(ty));
                let writes = ty.kind() == "qualified_type" && self.writes_itself(ty);
                let is_interface = said(self.text, ty).ends_with("Marshaler");
                if writes && is_interface {
                    own.asks.insert(None);
                } else if writes && is_alias {
                    own.has.insert(None);
                }
            }
            _ => {}
        }
        let is_none = own.has.is_empty() && own.asks.is_empty() && own.of.is_empty();
        (!is_none).then_some(own)
    }

    /// A part of an interface: a method, or another interface all of whose methods it asks for.
    fn asked(&self, part: Node<'t>, own: &mut Writer) {
        if let Some(method) = field(part, "name") {
            own.asks.extend(writer(said(self.text, method)).map(key));
            return;
        }
        // One of several types is nothing that can be embedded.
        let of = parts(part);
        let [inner] = of.as_slice() else { return };
        let inner = bare(*inner);
        if matches!(inner.kind(), "type_identifier" | "qualified_type" | "generic_type") {
            own.of.push(self.name(inner));
            own.asks.extend((inner.kind() == "qualified_type" && self.writes_itself(inner)).then_some(None));
        }
    }

    /// What a type is called, without its arguments.
    fn name(&self, ty: Node<'t>) -> String {
        let base = field(ty, "type").filter(|_| ty.kind() == "generic_type").unwrap_or(ty);
        said(self.text, base).split_whitespace().collect()
    }

    /// Whether a type of another package is one of those that are known to write themselves.
    pub(super) fn writes_itself(&self, ty: Node<'t>) -> bool {
        let said = |name| field(ty, name).map_or("", |part| said(self.text, part));
        let package = self.packages.get(said("package")).map_or("", String::as_str);
        match (package, said("name")) {
            ("encoding/json", "Marshaler" | "RawMessage")
            | ("encoding", "TextMarshaler")
            | ("math/big", "Int")
            | ("log/slog", "LevelVar")
            | ("regexp", "Regexp")
            | ("crypto/x509", "OID") => true,
            (package, name) => types::known(package, name) == Some(Shape::STRING),
        }
    }
}

/// A type without fields, such that it is another one for those who compare two states of it where its methods are others:
/// nothing of what stands beside it here has a place on the wire.
pub(super) fn marked(shape: Shape, at: u32, writer: &Writer) -> Shape {
    if !matches!(shape, Shape::Opaque | Shape::Scalar { .. }) {
        return shape;
    }
    let methods = |of: &BTreeSet<Option<&'static str>>| of.iter().map(|key| key.unwrap_or("json").to_owned()).collect();
    let marks = [&writer.has, &writer.asks].into_iter().filter(|of| !of.is_empty());
    let marks = marks.map(|of| Shape::Pick(Box::new(Shape::Opaque), methods(of)));
    let of = writer.of.iter().filter(|_| shape == Shape::Opaque);
    let of = of.map(|name| Shape::Array(Box::new(Shape::named(name.clone(), at))));
    let marks: Vec<Shape> = marks.chain(of).collect();
    if marks.is_empty() { shape } else { Shape::All([shape].into_iter().chain(marks).collect()) }
}

/// The key of the tags that a method writes by; `None` for one that writes whatever they are.
fn key(method: &'static str) -> Option<&'static str> {
    let [_, others @ ..] = &KEYS;
    others.iter().find(|key| key.writer == method).map(|key| key.name)
}

/// What stands between parentheses.
pub(super) fn bare(mut ty: Node<'_>) -> Node<'_> {
    while let ("parenthesized_type", Some(inner)) = (ty.kind(), parts(ty).first()) {
        ty = *inner;
    }
    ty
}
