//! Protocol buffers. A message is a type, by its name without the package; messages in messages have dotted names. A
//! field's name is the one that the file gives it, or its `json_name` where that is written out, and its number is its
//! identity.

mod names;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use self::names::Names;
use self::source::{Places, Text};
use super::Source;
use crate::drift::shape::{Definition, Kind, Member, Module, Shape, Unread};
use crate::escape::{excerpt, one_line};

/// Numbers of the fields of descriptors, of which the places of source code are made.
mod tag {
    pub(super) const NAME: i32 = 1;
    pub(super) const FILE_MESSAGE: i32 = 4;
    pub(super) const FILE_ENUM: i32 = 5;
    pub(super) const FILE_EXTENSION: i32 = 7;
    pub(super) const MESSAGE_FIELD: i32 = 2;
    pub(super) const MESSAGE_NESTED: i32 = 3;
    pub(super) const MESSAGE_ENUM: i32 = 4;
    pub(super) const MESSAGE_EXTENSION: i32 = 6;
    pub(super) const FIELD_EXTENDEE: i32 = 2;
    pub(super) const FIELD_TYPE_NAME: i32 = 6;
    pub(super) const FIELD_JSON_NAME: i32 = 10;
}

/// The values of a message's map fields, by the messages that the parser makes of them.
type Maps<'a> = BTreeMap<&'a str, &'a FieldDescriptorProto>;

pub(super) fn read(source: &Source<'_>) -> Module {
    let text = Text::new(source.text);
    let file = match protox_parse::parse("", text.readable()) {
        Ok(file) => file,
        Err(error) => {
            let at = error.span().map_or(text.readable().len(), |span| span.start);
            let reason = format!("this is no protobuf that can be read: {}", one_line(&excerpt(&error.to_string())));
            return Module::unread(text.original(at), reason);
        }
    };
    let mut reader = Reader {
        names: Names::new(&file),
        places: Places::new(&text, file.source_code_info.as_ref()),
        module: Module { imports: names::imports(&file, source.path), ..Module::default() },
    };
    reader.file(&file);
    reader.module
}

struct Reader {
    names: Names,
    places: Places,
    module: Module,
}

impl Reader {
    fn file(&mut self, file: &FileDescriptorProto) {
        let mut path = Vec::new();
        for (index, message) in (0..).zip(&file.message_type) {
            within(&mut path, [tag::FILE_MESSAGE, index], |path| self.message(message, "", path));
        }
        for (index, listed) in (0..).zip(&file.enum_type) {
            within(&mut path, [tag::FILE_ENUM, index], |path| self.listed(listed, "", path));
        }
        self.extensions(&file.extension, tag::FILE_EXTENSION, "", &mut path);
    }

    fn message(&mut self, message: &DescriptorProto, outer: &str, path: &mut Vec<i32>) {
        let name = names::nested(outer, message.name());
        let entries = message.nested_type.iter().filter(|inner| is_map_entry(inner));
        let values =
            entries.filter_map(|entry| Some((entry.name(), entry.field.iter().find(|part| part.number() == 2)?)));
        let maps: Maps<'_> = values.collect();
        let mut members = Vec::new();
        for (index, field) in (0..).zip(&message.field) {
            within(path, [tag::MESSAGE_FIELD, index], |path| members.push(self.field(field, &maps, &name, path)));
        }
        let at = self.places.at(path, tag::NAME);
        self.define(name.clone(), at, Shape::Object(members));
        for (index, inner) in (0..).zip(&message.nested_type) {
            if !is_map_entry(inner) {
                within(path, [tag::MESSAGE_NESTED, index], |path| self.message(inner, &name, path));
            }
        }
        for (index, listed) in (0..).zip(&message.enum_type) {
            within(path, [tag::MESSAGE_ENUM, index], |path| self.listed(listed, &name, path));
        }
        self.extensions(&message.extension, tag::MESSAGE_EXTENSION, &name, path);
    }

    fn listed(&mut self, listed: &EnumDescriptorProto, outer: &str, path: &[i32]) {
        let at = self.places.at(path, tag::NAME);
        self.define(names::nested(outer, listed.name()), at, Shape::enumerated(Kind::String));
    }

    fn define(&mut self, name: String, at: u32, shape: Shape) {
        self.module.definitions.push(Definition { name, at, shape, case: None });
    }

    fn field(&self, field: &FieldDescriptorProto, maps: &Maps<'_>, outer: &str, path: &[i32]) -> Member {
        let at = self.places.at(path, tag::FIELD_TYPE_NAME);
        let shape = match maps.get(field.type_name()) {
            Some(value) => Shape::Map(Box::new(self.value(value, outer, at))),
            None if field.label == Some(Label::Repeated as i32) => Shape::Array(Box::new(self.value(field, outer, at))),
            None => self.value(field, outer, at),
        };
        let named = match &field.json_name {
            Some(name) => Member::new(name, self.places.last_at(path, tag::FIELD_JSON_NAME), shape),
            None => Member::new(field.name(), self.places.at(path, tag::NAME), shape),
        };
        Member { identity: field.number.and_then(|number| u64::try_from(number).ok()), ..named.explicit() }
    }

    fn value(&self, field: &FieldDescriptorProto, outer: &str, at: u32) -> Shape {
        match field.r#type.and_then(|ty| Type::try_from(ty).ok()) {
            Some(Type::String | Type::Bytes) => Shape::STRING,
            Some(Type::Bool) => Shape::BOOLEAN,
            None | Some(Type::Message | Type::Group | Type::Enum) => self.names.shape(field.type_name(), outer, at),
            Some(_) => Shape::NUMBER,
        }
    }

    /// `extend` puts fields into a message from elsewhere; those of options are no data.
    fn extensions(&mut self, fields: &[FieldDescriptorProto], tag: i32, outer: &str, path: &mut Vec<i32>) {
        let mut told = BTreeSet::new();
        for (index, field) in (0..).zip(fields) {
            let extended = field.extendee();
            if names::is_options(extended) || !told.insert(extended) {
                continue;
            }
            let at = within(path, [tag, index], |path| self.places.at(path, tag::FIELD_EXTENDEE));
            let reason = "`extend` adds fields whose names on the wire are not read: declare them in the message";
            match self.names.shape(extended, outer, at) {
                Shape::Named { name, .. } => {
                    self.define(name.trim_start_matches('.').to_owned(), at, Shape::unread(at, reason));
                }
                _ => self.module.unread.push(Unread::new(at, reason)),
            }
        }
    }
}

/// Does something with the path of a place inside.
fn within<T>(path: &mut Vec<i32>, step: [i32; 2], inside: impl FnOnce(&mut Vec<i32>) -> T) -> T {
    let before = path.len();
    path.extend(step);
    let result = inside(path);
    path.truncate(before);
    result
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}

#[cfg(test)]
mod tests;
