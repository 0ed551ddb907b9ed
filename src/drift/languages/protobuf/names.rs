//! What names mean: scopes, packages, well-known types, imports.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice};
use prost_types::{DescriptorProto, FileDescriptorProto};

use crate::drift::shape::{Import, Shape};
use crate::escape::excerpt;

/// The names that a file declares, without its package.
pub(super) struct Names {
    package: String,
    own: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(file: &FileDescriptorProto) -> Self {
        let mut own = BTreeSet::new();
        own.extend(file.enum_type.iter().map(|listed| listed.name().to_owned()));
        for message in &file.message_type {
            collect(message, "", &mut own);
        }
        Self { package: file.package().to_owned(), own }
    }

    /// A type by the name that a field within the message `outer` gives it.
    pub(super) fn shape(&self, name: &str, outer: &str, at: u32) -> Shape {
        let (name, absolute) = name.strip_prefix('.').map_or((name, false), |name| (name, true));
        // The innermost scope first, as the language says.
        let mut scope = (!absolute).then_some(outer);
        while let Some(around) = scope {
            let inner = nested(around, name);
            if self.own.contains(&inner) {
                return Shape::exactly(&inner, at);
            }
            scope = match around.rsplit_once('.') {
                Some((above, _)) => Some(above),
                None => (!around.is_empty()).then_some(""),
            };
        }
        if let Some(known) = well_known(name) {
            return known;
        }
        if let Some(own) = self.in_package(name).filter(|own| self.own.contains(*own)) {
            return Shape::exactly(own, at);
        }
        // A package's names are in lower case, those of messages and enums are not.
        let is_package = |part: &str| part.starts_with(|first: char| first.is_lowercase() || first == '_');
        let mut short = name;
        while let Some((_, rest)) = short.split_once('.').filter(|(first, _)| is_package(first)) {
            short = rest;
        }
        let same_package = self.in_package(name) == Some(short);
        if short.len() < name.len() && !same_package && self.own.contains(short) {
            let name = excerpt(name);
            return Shape::unread(
                at,
                format!("`{name}` is of another package and has the name of a type of this file"),
            );
        }
        // Behind a package it is no message within another one of this file.
        if short.len() < name.len() || absolute { Shape::exactly(short, at) } else { Shape::named(short, at) }
    }

    /// A name without the file's package, or without the end of it that the name begins with.
    fn in_package<'n>(&self, name: &'n str) -> Option<&'n str> {
        let mut package = Some(self.package.as_str()).filter(|package| !package.is_empty());
        while let Some(prefix) = package {
            if let Some(rest) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) {
                return Some(rest);
            }
            package = prefix.split_once('.').map(|(_, rest)| rest);
        }
        None
    }
}

fn collect(message: &DescriptorProto, outer: &str, own: &mut BTreeSet<String>) {
    let name = nested(outer, message.name());
    own.extend(message.enum_type.iter().map(|listed| nested(&name, listed.name())));
    // Nesting is bounded by the parser.
    for inner in &message.nested_type {
        collect(inner, &name, own);
    }
    own.insert(name);
}

pub(super) fn nested(outer: &str, name: &str) -> String {
    if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
}

/// Messages that describe messages: what extends them is no data.
pub(super) fn is_options(name: &str) -> bool {
    let name = name.trim_start_matches('.');
    name.strip_prefix("google.protobuf.").is_some_and(|name| name.ends_with("Options"))
}

/// What the types that come with the compiler are in JSON. Others of Google's packages are a package's.
fn well_known(name: &str) -> Option<Shape> {
    let Some(known) = name.strip_prefix("google.protobuf.") else {
        return name.starts_with("google.").then_some(Shape::Opaque);
    };
    Some(match known {
        "Timestamp" | "Duration" | "FieldMask" | "StringValue" | "BytesValue" => Shape::STRING,
        "DoubleValue" | "FloatValue" | "Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value" => Shape::NUMBER,
        "BoolValue" => Shape::BOOLEAN,
        "ListValue" => Shape::Array(Box::new(Shape::Opaque)),
        "Empty" => Shape::Object(Vec::new()),
        _ => Shape::Opaque,
    })
}

/// Where the files may stand that a file imports: below its own folder, below any folder above that, at the top, and
/// in the folders that are customary.
pub(super) fn imports(file: &FileDescriptorProto, path: &BStr) -> Vec<Import> {
    let wanted = file.dependency.iter().filter(|wanted| !wanted.starts_with("google/"));
    wanted.map(|wanted| Import { local: None, name: None, from: candidates(wanted, path) }).collect()
}

fn candidates(wanted: &str, path: &BStr) -> Vec<BString> {
    let mut from = Vec::new();
    let mut folder = path;
    while let Some(slash) = folder.rfind_byte(b'/') {
        let (above, _) = folder.split_at(slash);
        folder = above.as_bstr();
        from.push(BString::from([above, b"/".as_slice(), wanted.as_bytes()].concat()));
    }
    from.push(wanted.into());
    from.extend(["proto/", "protos/", "src/main/proto/"].map(|root| BString::from(format!("{root}{wanted}"))));
    from
}
