//! Types by their names: the file's own, foreign ones, the language's own.

use oxc_ast::ast::*;

use super::file::{File, inherit, union};
use super::imports::{Origin, Type, origin};
use crate::drift::mentions::DEFAULT;
use crate::drift::shape::{Member, Shape};

/// The most that generic types are written out to, in one file.
pub(super) const MOST_WRITTEN: usize = 1 << 18;
pub(super) const TOO_MUCH: &str = "the generic types of this file are too large when they are written out";

/// Types of the language and of browsers that are values of unknown kind on the wire, if they are on it.
const FOREIGN: &[&str] = &[
    "AbortSignal",
    "ArrayBuffer",
    "Blob",
    "Buffer",
    "Crypto",
    "DataView",
    "Document",
    "Element",
    "Error",
    "Event",
    "File",
    "Float32Array",
    "Float64Array",
    "FormData",
    "HTMLElement",
    "Headers",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "JSX",
    "NodeJS",
    "Object",
    "ReadableStream",
    "RegExp",
    "Request",
    "Response",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "WebSocket",
    "Window",
];

/// Text on the wire.
const TEXT: &[&str] = &["Capitalize", "Date", "Lowercase", "String", "URL", "Uncapitalize", "Uppercase"];

/// Types that are on the wire what their first argument is.
const SAME: &[&str] =
    &["Awaited", "NoInfer", "NonNullable", "Partial", "Promise", "PromiseLike", "Readonly", "Required", "ThisType"];

/// Lists of their first argument.
const LISTS: &[&str] = &["Array", "AsyncIterable", "Iterable", "Iterator", "ReadonlyArray", "ReadonlySet", "Set"];

/// A name as it is written, with dots, and its first part.
pub(super) struct Name<'a> {
    pub(super) head: &'a str,
    pub(super) full: String,
}

/// The name of a type; `None` for `this`.
pub(super) fn name_of<'a>(name: &'a TSTypeName<'a>) -> Option<Name<'a>> {
    let mut parts = Vec::new();
    let mut name = name;
    let head = loop {
        match name {
            TSTypeName::IdentifierReference(id) => break id.name.as_str(),
            TSTypeName::QualifiedName(qualified) => {
                parts.push(qualified.right.name.as_str());
                name = &qualified.left;
            }
            TSTypeName::ThisExpression(_) => return None,
        }
    };
    parts.push(head);
    parts.reverse();
    Some(Name { head, full: parts.join(".") })
}

/// A value's name as it is written; `None` where it is none.
pub(super) fn value_name<'a>(value: &'a Expression<'a>) -> Option<Name<'a>> {
    let mut parts = Vec::new();
    let mut value = value;
    let head = loop {
        match value {
            Expression::Identifier(id) => break id.name.as_str(),
            Expression::StaticMemberExpression(member) => {
                parts.push(member.property.name.as_str());
                value = &member.object;
            }
            _ => return None,
        }
    };
    parts.push(head);
    parts.reverse();
    Some(Name { head, full: parts.join(".") })
}

/// The arguments of a generic type.
pub(super) type Arguments<'a> = Option<&'a TSTypeParameterInstantiation<'a>>;

impl<'a> File<'a> {
    /// A type by its name, with the arguments for its parameters.
    pub(super) fn reference(&mut self, name: &'a TSTypeName<'a>, with: Arguments<'a>, at: u32) -> Option<Shape> {
        let Some(name) = name_of(name) else { return Some(Shape::Opaque) };
        let given = with.map_or(&[][..], |arguments| &arguments.params[..]);
        let index = self.index();
        let own = index.types.contains_key(name.head);
        let known = own || index.foreign.contains_key(name.head);
        if name.full == name.head {
            let bound = self.parameters.iter().rev().find(|(parameter, _)| *parameter == name.head);
            if let Some((_, bound)) = bound {
                let shape = bound.clone().unwrap_or(Shape::Opaque);
                return Some(self.count(shape, at));
            }
            let inner = !self.space.is_empty();
            let hidden = inner && self.index().inner.contains(name.head);
            if !known
                && !hidden
                && let Some(shape) = self.builtin(name.head, given, at)
            {
                return shape;
            }
            if own && !inner && !given.is_empty() {
                return Some(self.instance(name.head, given, at));
            }
        } else if !known && (FOREIGN.contains(&name.head) || name.head == "Intl") {
            return Some(Shape::Opaque);
        }
        if let Some(TSType::TSTypeQuery(query)) = given.first()
            && is_inferred(&name)
            && let Some(schema) = query.expr_name.as_ts_type_name().and_then(name_of)
        {
            return Some(self.named(&schema, at));
        }
        let given = self.each(given);
        Some(self.named(&name, at).given(given))
    }

    /// A class by its name, as another one extends it.
    pub(super) fn base_named(&mut self, name: &Name<'a>, with: Arguments<'a>, at: u32) -> Shape {
        let given = with.map_or(&[][..], |arguments| &arguments.params[..]);
        if !given.is_empty() && name.full == name.head && self.index().types.contains_key(name.head) {
            return self.instance(name.head, given, at);
        }
        let given = self.each(given);
        self.named(name, at).given(given)
    }

    /// What is given for type parameters that another file has.
    fn each(&mut self, given: &'a [TSType<'a>]) -> Vec<Shape> {
        given.iter().map(|ty| self.ty(ty).unwrap_or(Shape::Opaque)).collect()
    }

    /// A type of the file, or a foreign one.
    pub(super) fn named(&mut self, name: &Name<'a>, at: u32) -> Shape {
        let Some((local, foreign)) = self.index().foreign.get_key_value(name.head) else {
            return Shape::named(name.full.clone(), at);
        };
        let (local, foreign) = (*local, *foreign);
        let index = self.index();
        if self.space.is_empty() && (index.types.contains_key(local) || index.values.contains_key(local)) {
            return Shape::unread(
                at,
                "a name that is imported and declared here as well: give one of them another name",
            );
        }
        // Where an alias leads is not in the file, and what it leads to cannot be told without a name.
        let is_whole = foreign.name.is_none() && name.full == name.head;
        if origin(foreign.specifier) == Origin::Alias && (is_whole || foreign.name == Some(DEFAULT)) {
            return Shape::unread(
                at,
                "a default import through a path alias: import it by its name, or by a relative path",
            );
        }
        self.used.insert(local);
        Shape::named(name.full.clone(), at)
    }

    /// Types that every file has; the inner `None` is what is not on the wire.
    fn builtin(&mut self, name: &str, given: &'a [TSType<'a>], at: u32) -> Option<Option<Shape>> {
        let first = |file: &mut Self| given.first().map(|ty| file.ty(ty));
        if TEXT.contains(&name) {
            // The letters of listed values are listed values too.
            let text = first(self).flatten();
            return Some(Some(text.unwrap_or(Shape::STRING)));
        }
        if SAME.contains(&name) {
            return Some(first(self).unwrap_or(Some(Shape::Opaque)));
        }
        if LISTS.contains(&name) {
            let item = first(self).flatten().unwrap_or(Shape::Opaque);
            return Some(Some(Shape::Array(Box::new(item))));
        }
        if FOREIGN.contains(&name) {
            return Some(Some(Shape::Opaque));
        }
        let shape = match name {
            "Number" => Shape::NUMBER,
            "Boolean" => Shape::BOOLEAN,
            "BigInt" => Shape::Opaque,
            "PropertyKey" => Shape::STRING,
            "Function" | "Symbol" | "CallableFunction" => return Some(None),
            "Record" => self.record(given, at),
            "Map" | "ReadonlyMap" => {
                let value = given.get(1).and_then(|ty| self.ty(ty)).unwrap_or(Shape::Opaque);
                Shape::Map(Box::new(value))
            }
            "Pick" | "Omit" => self.some_members(name == "Pick", given, at),
            "Exclude" | "Extract" => self.some_values(given, at),
            "InstanceType" => self.instance_type(given, at),
            "ReturnType" | "Parameters" | "ConstructorParameters" => {
                Shape::unread(at, "the type of a function's parts is not worked out here: write the type out")
            }
            _ => return None,
        };
        Some(Some(shape))
    }

    /// A generic type of this file with its parameters filled in.
    fn instance(&mut self, name: &'a str, given: &'a [TSType<'a>], at: u32) -> Shape {
        let known = self.index().types.get_key_value(name).map(|(name, types)| (*name, types.clone()));
        let Some((name, types)) = known else { return Shape::Opaque };
        // A type that contains itself with other arguments has no end.
        if self.generics.contains(&name) {
            let given = self.each(given);
            return Shape::named(name, at).given(given);
        }
        if self.is_spent() {
            return Shape::unread(at, TOO_MUCH);
        }
        let given = given.iter().map(|ty| self.ty(ty)).collect::<Vec<_>>();
        let scope = std::mem::take(&mut self.parameters);
        let space = std::mem::take(&mut self.space);
        self.generics.push(name);
        let parts = types.into_iter().filter_map(|ty| self.filled(ty, &given)).collect::<Vec<_>>();
        self.generics.pop();
        self.space = space;
        self.parameters = scope;
        self.written = self.written.saturating_add(parts.iter().map(Shape::weight).sum());
        if self.written > MOST_WRITTEN {
            return Shape::unread(at, TOO_MUCH);
        }
        match parts.len() {
            0 => Shape::Opaque,
            1 => union(parts).unwrap_or(Shape::Opaque),
            _ => inherit(parts, Shape::Object(Vec::new())),
        }
    }

    /// A declaration with these shapes for its parameters.
    fn filled(&mut self, declared: Type<'a>, given: &[Option<Shape>]) -> Option<Shape> {
        let parameters = match declared {
            Type::Interface(it) => it.type_parameters.as_deref(),
            Type::Alias(it) => it.type_parameters.as_deref(),
            Type::Class(it) => it.type_parameters.as_deref(),
            Type::Enum(_) | Type::Namespace => return None,
        };
        self.parameters.clear();
        for (position, parameter) in parameters.into_iter().flat_map(|declared| &declared.params).enumerate() {
            let shape = match (given.get(position), &parameter.default) {
                (Some(shape), _) => shape.clone(),
                (None, Some(default)) => self.ty(default),
                (None, None) => None,
            };
            self.parameters.push((parameter.name.name.as_str(), Some(shape.unwrap_or(Shape::Opaque))));
        }
        self.filling = !matches!(declared, Type::Alias(_));
        match declared {
            Type::Interface(it) => Some(self.interface(it)),
            Type::Alias(it) => self.ty(&it.type_annotation),
            Type::Class(it) => Some(self.class(it)),
            Type::Enum(_) | Type::Namespace => None,
        }
    }

    /// Counts one more thing that is written out, and says whether that was too much already.
    pub(super) fn is_spent(&mut self) -> bool {
        self.written = self.written.saturating_add(1);
        self.written > MOST_WRITTEN
    }

    /// The same shape behind several keys.
    pub(super) fn repeated(&mut self, keys: Vec<(String, u32)>, value: &Shape, at: u32) -> Shape {
        let again = keys.len().saturating_sub(1).saturating_mul(value.weight());
        self.written = self.written.saturating_add(again);
        if self.written > MOST_WRITTEN {
            return Shape::unread(at, TOO_MUCH);
        }
        Shape::Object(keys.into_iter().map(|(name, at)| Member::new(name, at, value.clone())).collect())
    }

    /// Counts what is written out once more.
    pub(super) fn count(&mut self, shape: Shape, at: u32) -> Shape {
        self.written = self.written.saturating_add(shape.weight());
        if self.written > MOST_WRITTEN { Shape::unread(at, TOO_MUCH) } else { shape }
    }

    /// `import('./order').Order`.
    pub(super) fn imported_type(&mut self, import: &'a TSImportType<'a>) -> Shape {
        let at = import.span.start;
        let mut parts = Vec::new();
        let mut next = import.qualifier.as_ref();
        while let Some(qualifier) = next {
            match qualifier {
                TSImportTypeQualifier::Identifier(name) => {
                    parts.push(name.name.as_str());
                    next = None;
                }
                TSImportTypeQualifier::QualifiedName(name) => {
                    parts.push(name.right.name.as_str());
                    next = Some(&name.left);
                }
            }
        }
        parts.reverse();
        if parts.is_empty() || import.type_arguments.is_some() {
            return Shape::unread(at, "an imported type that is not one name: import the name at the top of the file");
        }
        let name = self.import_type(import.source.value.as_str(), &parts.join("."), at);
        Shape::named(name, at)
    }

    fn instance_type(&mut self, given: &'a [TSType<'a>], at: u32) -> Shape {
        let class = match given.first() {
            Some(TSType::TSTypeQuery(query)) => query.expr_name.as_ts_type_name().and_then(name_of),
            _ => None,
        };
        match class {
            Some(class) => self.named(&class, at),
            None => Shape::unread(at, "an instance of something that is not one class by its name"),
        }
    }
}

/// `z.infer<typeof X>` and its like, which are the type of a schema.
fn is_inferred(name: &Name<'_>) -> bool {
    let last = name.full.rsplit('.').next().unwrap_or_default();
    matches!(last, "infer" | "input" | "output" | "TypeOf" | "Infer")
}
