//! Go's types as shapes.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::tree::{self, MAX_DEPTH, at, field, fields, parts, said};
use super::File;
use super::tags::{Key, Tag, unquote};
use crate::drift::shape::{Definition, Kind, Member, Shape};

/// The most that types which several fields share are written out to, in one file.
const MOST_WRITTEN: usize = 1 << 18;

/// The types within one definition.
pub(super) struct Types<'f, 't> {
    pub(super) file: &'f File<'t>,
    /// The definition's own parameters, in their order.
    pub(super) parameters: &'f [&'t str],
    /// The key of the tags that count.
    pub(super) key: Key,
}

impl<'t> Types<'_, 't> {
    /// The shape of a type.
    pub(super) fn shape(&self, ty: Node<'t>, depth: usize) -> Shape {
        if depth >= MAX_DEPTH {
            return Shape::unread(at(ty), "the type nests too deep");
        }
        let part = |name| field(ty, name).map_or(Shape::Opaque, |inner| self.shape(inner, depth + 1));
        match ty.kind() {
            "type_identifier" => self.named(said(self.file.text, ty), at(ty)),
            "qualified_type" => self.foreign(ty),
            "generic_type" => part("type").given(self.arguments(ty, depth)),
            "pointer_type" | "parenthesized_type" | "type_elem" => {
                parts(ty).first().map_or(Shape::Opaque, |inner| self.shape(*inner, depth + 1))
            }
            "slice_type" if field(ty, "element").is_some_and(|item| self.is_byte(item)) => Shape::STRING,
            "slice_type" | "array_type" => Shape::Array(Box::new(part("element"))),
            "map_type" => Shape::Map(Box::new(part("value"))),
            "struct_type" => self.structure(ty, depth),
            // Interfaces, functions and channels.
            _ => Shape::Opaque,
        }
    }

    /// What a generic type is given for its parameters.
    fn arguments(&self, ty: Node<'t>, depth: usize) -> Vec<Shape> {
        let list = field(ty, "type_arguments").map_or_else(Vec::new, parts);
        list.into_iter().map(|argument| self.shape(argument, depth + 1)).collect()
    }

    fn is_byte(&self, ty: Node<'t>) -> bool {
        matches!(said(self.file.text, ty), name @ ("byte" | "uint8") if !self.file.types.contains_key(name))
    }

    fn named(&self, name: &str, at: u32) -> Shape {
        if let Some(place) = self.parameters.iter().position(|parameter| *parameter == name) {
            return Shape::variable(place, Shape::Opaque);
        }
        match builtin(name) {
            Some(shape) if !self.file.types.contains_key(name) => shape,
            _ => Shape::named(name, at),
        }
    }

    fn foreign(&self, ty: Node<'t>) -> Shape {
        let said = |name| field(ty, name).map_or("", |part| said(self.file.text, part));
        let (package, name) = (said("package"), said("name"));
        let path = self.file.packages.get(package).map(String::as_str);
        match path.and_then(|path| known(path, name)) {
            Some(shape) => shape,
            None => Shape::named(format!("{package}.{name}"), at(ty)),
        }
    }

    /// The members of a struct, and what the structs that it embeds bring.
    fn structure(&self, ty: Node<'t>, depth: usize) -> Shape {
        let declarations = tree::part(ty, "field_declaration_list").map_or_else(Vec::new, parts);
        let tags = declarations.iter().map(|declaration| {
            let literal = field(*declaration, "tag")?;
            Some((at(literal), unquote(said(self.file.text, literal))?))
        });
        let tags = tags.collect::<Vec<_>>();
        let key = self.key;
        let (mut members, mut embedded) = (Vec::new(), Vec::new());
        for (declaration, tag) in declarations.iter().zip(&tags) {
            let Some(ty) = field(*declaration, "type") else { continue };
            let place = tag.as_ref().map(|(place, _)| *place);
            let tag = tag.as_ref().and_then(|(_, tag)| key.value(tag)).map(|value| Tag::new(&value));
            let tag = tag.unwrap_or_default();
            let names = fields(*declaration, "name");
            if names.is_empty() {
                embedded.extend(self.methods(ty));
            }
            if tag.skipped {
                continue;
            }
            if tag.is_unclear {
                let reason = "a tag whose name Go may not take for one: spell it in letters that every table has";
                embedded.push(Shape::unread(place.unwrap_or_else(|| at(ty)), reason));
                continue;
            }
            let place = place.filter(|_| !tag.name.is_empty());
            if names.is_empty() {
                match self.embedded(ty, &key, &tag, depth) {
                    Embedded::Member(name, shape) => {
                        members.push(member(name, place.unwrap_or_else(|| at(ty)), shape, &tag));
                    }
                    Embedded::Promoted(shape) => embedded.push(shape),
                    Embedded::Nothing => {}
                }
                continue;
            }
            let exported = names.into_iter().filter(|name| is_exported(said(self.file.text, *name)));
            let exported: Vec<Node<'t>> = exported.collect();
            if exported.is_empty() {
                continue;
            }
            let shared = self.shared(quoted(self.shape(ty, depth + 1), &key, &tag), exported.len(), at(ty));
            for name in exported {
                let (own, shape) = (said(self.file.text, name), shared.clone());
                if !key.inline.is_empty() && tag.has(key.inline) {
                    embedded.push(shape);
                    continue;
                }
                let wire = wire(own, &key, &tag);
                members.push(member(wire, place.unwrap_or_else(|| at(name)), shape, &tag));
            }
        }
        let own = Shape::Object(members);
        if embedded.is_empty() {
            return own;
        }
        Shape::All(embedded.into_iter().chain([own]).collect())
    }

    /// The type of several fields, each of which has all of it.
    fn shared(&self, shape: Shape, fields: usize, at: u32) -> Shape {
        let again = fields.saturating_sub(1).saturating_mul(shape.weight());
        self.file.written.set(self.file.written.get().saturating_add(again));
        if self.file.written.get() <= MOST_WRITTEN {
            return shape;
        }
        Shape::unread(at, "the types of this file are too large when they are written out for each field")
    }

    /// What an embedded type brings.
    fn embedded(&self, ty: Node<'t>, key: &Key, tag: &Tag, depth: usize) -> Embedded {
        let text = said(self.file.text, ty);
        let text = text.split('[').next().unwrap_or(text);
        let name = text.rsplit('.').next().unwrap_or(text).trim();
        let inlined = !key.inline.is_empty() && tag.has(key.inline);
        // `shared.Page[Line]`
        let base = field(ty, "type").filter(|_| ty.kind() == "generic_type").unwrap_or(ty);
        let here = base.kind() != "qualified_type";
        let structure = !here || self.is_structure(name);
        if !inlined && (!tag.name.is_empty() || !key.promotes || !structure) {
            if !is_exported(name) {
                return Embedded::Nothing;
            }
            let shape = quoted(self.shape(ty, depth + 1), key, tag);
            return Embedded::Member(wire(name, key, tag), shape);
        }
        if !here {
            let package =
                field(base, "package").and_then(|package| self.file.packages.get(said(self.file.text, package)));
            let package = package.map_or("", String::as_str);
            match (package, name) {
                // It is told already.
                _ if self.file.writes_itself(base) => return Embedded::Nothing,
                // They have no exported fields.
                ("sync", "Mutex" | "RWMutex" | "Once" | "WaitGroup") | ("github.com/uptrace/bun", "BaseModel") => {
                    return Embedded::Nothing;
                }
                ("gorm.io/gorm", "Model") => return Embedded::Promoted(gorm(at(ty))),
                _ => {}
            }
            if known(package, name).is_some() {
                let reason = format!("{} is embedded and its fields are not in this repository", tree::quoted(text));
                return Embedded::Promoted(Shape::unread(at(ty), reason));
            }
        }
        // All of its members, if it turns out to have some: a type of another file may be no struct, and is a field then.
        Embedded::Promoted(Shape::Omit(Box::new(self.shape(ty, depth + 1)), BTreeSet::new()))
    }
}

impl<'t> Types<'_, 't> {
    /// What a struct has of the methods of a type that it embeds, whatever becomes of its fields: they write all of it.
    fn methods(&self, ty: Node<'t>) -> Option<Shape> {
        let is = |name: &'t str| {
            let mut methods = ["MarshalJSON", "MarshalText", self.key.writer].into_iter();
            methods.any(|method| self.file.methods.contains_key(&(name, method)))
        };
        let mut base = ty;
        while let Some(inner) = field(base, "type").filter(|_| base.kind() == "generic_type") {
            base = inner;
        }
        let writes = match base.kind() {
            "qualified_type" => self.file.writes_itself(base),
            _ => is(said(self.file.text, base)),
        };
        if writes {
            let name = tree::quoted(said(self.file.text, base));
            return Some(Shape::unread(
                at(ty),
                format!("{name} is embedded and writes itself, and all of this struct"),
            ));
        }
        let named = Some(self.shape(base, 0)).filter(|shape| matches!(shape, Shape::Named { .. }));
        Some(Shape::Pick(Box::new(named?), BTreeSet::new()))
    }

    /// Whether a type may be a struct, as far as this file knows.
    fn is_structure(&self, name: &str) -> bool {
        let mut name = name;
        for _ in 0..MAX_DEPTH {
            let Some(ty) = self.file.types.get(name) else { return builtin(name).is_none() };
            match ty.kind() {
                "type_identifier" => name = said(self.file.text, *ty),
                kind => return matches!(kind, "struct_type" | "qualified_type" | "generic_type" | "pointer_type"),
            }
        }
        true
    }
}

enum Embedded {
    Member(String, Shape),
    Promoted(Shape),
    Nothing,
}

/// A member; its name goes before others of the same place where the tag gives it.
fn member(name: String, at: u32, shape: Shape, tag: &Tag) -> Member {
    let member = Member::new(name, at, shape);
    if tag.name.is_empty() { member } else { member.explicit() }
}

fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// What a field is called on the wire.
pub(super) fn wire(own: &str, key: &Key, tag: &Tag) -> String {
    match (tag.name.as_str(), key.lower) {
        ("", true) => own.to_lowercase(),
        ("", false) => own.to_owned(),
        (name, _) => name.to_owned(),
    }
}

/// The option `string` makes text of numbers and booleans.
fn quoted(shape: Shape, key: &Key, tag: &Tag) -> Shape {
    match shape {
        Shape::Scalar { kind: Kind::Number | Kind::Boolean, enumerated } if key.name == "json" && tag.has("string") => {
            Shape::Scalar { kind: Kind::String, enumerated }
        }
        shape => shape,
    }
}

/// Whether a type has the name of one of Go's own, and is another.
pub(super) fn is_shadow(definition: &Definition) -> bool {
    builtin(&definition.name).is_some_and(|own| own != definition.shape)
}

fn builtin(name: &str) -> Option<Shape> {
    Some(match name {
        "string" => Shape::STRING,
        "bool" => Shape::BOOLEAN,
        "int" | "int8" | "int16" | "int32" | "int64" | "uint" | "uint8" | "uint16" | "uint32" | "uint64"
        | "uintptr" | "float32" | "float64" | "byte" | "rune" => Shape::NUMBER,
        "any" | "error" | "complex64" | "complex128" | "comparable" => Shape::Opaque,
        _ => return None,
    })
}

/// Types of well-known packages, as they write themselves.
pub(super) fn known(path: &str, name: &str) -> Option<Shape> {
    Some(match (path, name) {
        ("time", "Time") | ("net", "IP" | "HardwareAddr") | ("math/big", "Float" | "Rat") => Shape::STRING,
        ("net/netip", "Addr" | "AddrPort" | "Prefix") | ("log/slog", "Level") => Shape::STRING,
        ("time", "Month" | "Weekday") => Shape::enumerated(Kind::Number),
        ("time", "Duration") | ("encoding/json", "Number") | ("math/big", "Int") | ("io/fs" | "os", "FileMode") => {
            Shape::NUMBER
        }
        (
            "github.com/google/uuid"
            | "github.com/gofrs/uuid"
            | "github.com/gofrs/uuid/v5"
            | "github.com/satori/go.uuid",
            "UUID",
        )
        | ("github.com/shopspring/decimal", "Decimal")
        | ("github.com/oklog/ulid" | "github.com/oklog/ulid/v2", "ULID")
        | ("go.mongodb.org/mongo-driver/bson/primitive" | "go.mongodb.org/mongo-driver/v2/bson", "ObjectID") => {
            Shape::STRING
        }
        _ => return None,
    })
}

/// What `gorm.Model` brings.
fn gorm(at: u32) -> Shape {
    let member = |name: &str, shape| Member::new(name, at, shape).explicit();
    let times = ["CreatedAt", "UpdatedAt", "DeletedAt"].map(|name| member(name, Shape::STRING));
    Shape::Object(std::iter::once(member("ID", Shape::NUMBER)).chain(times).collect())
}
