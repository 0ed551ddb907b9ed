//! What annotations make of classes and their members: Jackson's, Gson's, Moshi's, those of kotlinx and JSON-B, and
//! JPA's where there are none of these.

use std::collections::{BTreeMap, BTreeSet};

use super::annotations::{Annotations, Named};
use crate::drift::shape::{Case, Kind, Member, Shape};

/// Annotations that give a name on the wire.
const NAMES: &[&str] =
    &["JsonProperty", "SerialName", "SerializedName", "Json", "JsonbProperty", "JsonGetter", "JsonSetter"];
/// Annotations that keep a member off the wire, or take in members of any name.
const IGNORED: &[&str] = &["JsonIgnore", "JsonbTransient", "JsonBackReference", "JsonAnySetter", "JsonAnyGetter"];
/// Annotations of what is written by code of its own.
const CUSTOM: &[&str] = &["JsonAdapter", "JsonbTypeSerializer", "JsonbTypeAdapter"];
/// Annotations that name columns, for classes without any of [`NAMES`].
const COLUMNS: &[&str] = &["Column", "JoinColumn", "Field", "ColumnInfo"];
/// Annotations of the classes whose columns count.
const ENTITIES: &[&str] = &["Entity", "Table", "Embeddable", "MappedSuperclass", "Document"];

/// A class as it is read.
#[derive(Default)]
pub(in super::super) struct Class {
    /// JPA's rules hold, for want of annotations of JSON.
    columns: bool,
    /// The members; none where one turned out to be ignored.
    members: Vec<Option<Member>>,
    /// The places of members, by what the language calls them.
    places: BTreeMap<String, usize>,
    /// The names on the wire.
    wires: BTreeSet<String>,
    /// What other types bring, and what is unread.
    others: Vec<Shape>,
    /// Some of it is unwrapped: no rule of this class spells it.
    unwraps: bool,
}

impl Class {
    /// A class with these annotations, and those of all its members.
    pub(in super::super) fn new(annotations: &Annotations, members: &[Annotations]) -> Self {
        let json = members.iter().any(|member| member.find(NAMES).is_some());
        Self { columns: annotations.find(ENTITIES).is_some() && !json, ..Self::default() }
    }

    /// What the class that this one extends brings.
    pub(in super::super) fn inherit(&mut self, shape: Shape, at: u32) {
        let reason = "the members of the class that this one extends cannot be read";
        self.others.push(if shape == Shape::Opaque { Shape::unread(at, reason) } else { shape });
    }

    /// A member as the language declares it.
    pub(in super::super) fn member(&mut self, annotations: &Annotations, own: &str, at: u32, shape: Shape) {
        if self.is_ignored(annotations) {
            return;
        }
        let shape = written(annotations, shape, at);
        if let Some(unwrapped) = annotations.find(&["JsonUnwrapped"]) {
            let renamed = ["prefix", "suffix"].iter().any(|name| unwrapped.argument(name).is_some());
            let reason = "members that are unwrapped under other names";
            self.others.push(if renamed { Shape::unread(at, reason) } else { shape });
            self.unwraps = true;
        } else if self.columns && annotations.has(&["Embedded", "EmbeddedId"]) {
            self.others.push(shape);
        } else {
            let place = self.members.len();
            self.places.insert(own.to_owned(), place);
            self.members.push(Some(Member::new(own, at, shape)));
            self.rename(annotations, place);
        }
    }

    /// Whether an annotation makes a member of what would be none.
    pub(in super::super) fn names_one(&self, annotations: &Annotations) -> bool {
        annotations.find(self.names()).is_some()
    }

    fn is_ignored(&self, annotations: &Annotations) -> bool {
        let moshi = annotations.find(&["Json"]).is_some_and(|json| json.word("ignore") == Some("true"));
        moshi || annotations.has(IGNORED) || (self.columns && annotations.has(&["Transient"]))
    }

    /// What an accessor or a parameter says about a member that is known; `add` makes one of it that is not. Kotlin has
    /// such annotations at the property itself.
    #[cfg(feature = "java")]
    pub(in super::super) fn accessor(
        &mut self,
        annotations: &Annotations,
        names: &[&str],
        at: u32,
        add: impl FnOnce() -> Option<Shape>,
    ) {
        // Where one half of a property is left out, the other one counts if it says so itself.
        let is_there = |place: &usize| self.members.get(*place).is_some_and(Option::is_some);
        let known = names.iter().find_map(|name| self.places.get(*name)).copied();
        match known.filter(|place| is_there(place) || !self.names_one(annotations)) {
            Some(place) if self.is_ignored(annotations) => {
                if let Some(member) = self.members.get_mut(place) {
                    member.take_if(|member| !member.explicit);
                }
            }
            Some(place) => self.rename(annotations, place),
            None if self.is_ignored(annotations) || !self.names_one(annotations) => {}
            None => {
                let named = annotations.name(self.names(), self.arguments());
                let known = matches!(&named, Some(Named::Known(wire, _)) if self.wires.contains(wire));
                if let (false, Some(own), Some(shape)) = (known, names.first(), add()) {
                    self.member(annotations, own, at, shape);
                }
            }
        }
    }

    fn names(&self) -> &'static [&'static str] {
        if self.columns { COLUMNS } else { NAMES }
    }

    fn arguments(&self) -> &'static [&'static str] {
        if self.columns { &["name", "value"] } else { &["value", "name"] }
    }

    /// Gives a member the name that an annotation says.
    fn rename(&mut self, annotations: &Annotations, place: usize) {
        let named = annotations.name(self.names(), self.arguments());
        let Some(member) = self.members.get_mut(place).and_then(Option::as_mut) else { return };
        match named {
            Some(Named::Known(name, at)) if !member.explicit => {
                (member.name, member.at, member.explicit) = (name, at, true);
            }
            Some(Named::Unknown(at)) => {
                self.others.push(Shape::unread(at, "a name on the wire that is not a string literal"));
            }
            Some(Named::Known(..)) | None => {}
        }
        self.wires.insert(member.name.clone());
    }

    /// The class as a whole.
    pub(in super::super) fn finish(mut self, annotations: &Annotations, at: u32) -> (Shape, Option<Case>) {
        let naming = annotations.find(&["JsonNaming"]).map(|naming| naming.word("value").unwrap_or_default());
        let case = match naming.map(super::naming) {
            None => None,
            Some(Some(case)) => case,
            Some(None) => {
                self.others.push(Shape::unread(at, "a naming strategy that is not one of Jackson's own"));
                None
            }
        };
        if case.is_some() && self.unwraps {
            self.others.push(Shape::unread(at, "members that are unwrapped into a class with a naming strategy"));
        }
        self.discriminator(annotations, at);
        let own = Shape::Object(self.members.into_iter().flatten().collect());
        let shape = match self.others.is_empty() {
            true => own,
            false => Shape::All(self.others.into_iter().chain([own]).collect()),
        };
        (limited(annotations, shape, at), case)
    }

    /// The member that tells subtypes apart, where the class names it.
    fn discriminator(&mut self, annotations: &Annotations, at: u32) {
        let include = annotations.find(&["JsonTypeInfo"]).and_then(|info| info.word("include"));
        match include {
            Some("WRAPPER_OBJECT" | "WRAPPER_ARRAY") => {
                self.others.push(Shape::unread(at, "a class that is wrapped in the name of its type"));
                return;
            }
            Some("EXISTING_PROPERTY" | "EXTERNAL_PROPERTY") => return,
            _ => {}
        }
        let named = annotations.name(&["JsonTypeInfo"], &["property"]);
        match named.or_else(|| annotations.name(&["JsonClassDiscriminator"], &["value", "discriminator"])) {
            Some(Named::Known(name, at)) => {
                self.members.insert(0, Some(Member::new(name, at, Shape::STRING).explicit()));
            }
            Some(Named::Unknown(at)) => self.others.push(Shape::unread(at, "a name that is not a string literal")),
            None => {}
        }
    }
}

/// What an enum is.
pub(in super::super) fn listed(annotations: &Annotations, at: u32) -> Shape {
    match annotations.find(&["JsonFormat"]).and_then(|format| format.word("shape")) {
        Some("OBJECT" | "POJO") => Shape::unread(at, "an enum that is written as an object"),
        Some("NUMBER" | "NUMBER_INT") => Shape::enumerated(Kind::Number),
        _ => Shape::enumerated(Kind::String),
    }
}

/// What a class is that code of its own writes.
pub(in super::super) fn replaced(annotations: &Annotations, at: u32) -> Option<Shape> {
    Some(match custom(annotations)? {
        Shape::Opaque => Shape::unread(at, "a class that is written by code of its own: see its annotations"),
        shape => shape,
    })
}

/// What a serializer of its own makes of a value: text, or nobody knows.
fn custom(annotations: &Annotations) -> Option<Shape> {
    if annotations.find(CUSTOM).is_some() {
        return Some(Shape::Opaque);
    }
    if annotations.find(&["Serializable"]).is_some_and(|own| own.argument("with").is_some()) {
        return Some(Shape::Opaque);
    }
    match annotations.find(&["JsonSerialize"])?.word("using")? {
        "ToStringSerializer" => Some(Shape::STRING),
        _ => Some(Shape::Opaque),
    }
}

/// What annotations make of a member's value.
fn written(annotations: &Annotations, shape: Shape, at: u32) -> Shape {
    if annotations.has(&["JsonRawValue"]) {
        return Shape::Opaque;
    }
    if let Some(shape) = custom(annotations) {
        return shape;
    }
    let format = annotations.find(&["JsonFormat"]).and_then(|format| format.word("shape"));
    let shape = match (format, shape) {
        (Some("STRING"), Shape::Scalar { enumerated, .. }) => Shape::Scalar { kind: Kind::String, enumerated },
        (Some("NUMBER" | "NUMBER_INT" | "NUMBER_FLOAT"), Shape::Scalar { .. }) => Shape::NUMBER,
        (Some("NUMBER" | "NUMBER_INT" | "ARRAY"), _) => Shape::Opaque,
        (_, shape) => shape,
    };
    limited(annotations, shape, at)
}

/// What `@JsonIgnoreProperties` and `@JsonIncludeProperties` leave of a shape.
fn limited(annotations: &Annotations, shape: Shape, at: u32) -> Shape {
    let mut shape = shape;
    for (name, omits) in [("JsonIgnoreProperties", true), ("JsonIncludeProperties", false)] {
        let Some(annotation) = annotations.find(&[name]) else { continue };
        shape = match annotation.strings("value") {
            None => Shape::unread(at, "a list of properties that are not string literals"),
            Some(names) if names.is_empty() && omits => shape,
            Some(names) if omits => Shape::Omit(Box::new(shape), names),
            Some(names) => Shape::Pick(Box::new(shape), names),
        };
    }
    shape
}
