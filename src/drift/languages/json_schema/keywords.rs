//! What a schema's keywords say of a value, all but those of objects and lists.

use std::collections::BTreeSet;

use crate::drift::document::{Node, Value};
use crate::drift::shape::{Kind, Shape};
use crate::escape::excerpt;

use super::Schemas;
use super::reference::too_much;

impl<'n> Schemas<'n> {
    /// What a schema says of the kind of a value; `None` when that is nothing.
    pub(super) fn says(&mut self, node: Node<'n>) -> Option<Shape> {
        match node.value {
            Value::Object(_) => {}
            // `true` allows all, and where `false` stands nothing is allowed.
            Value::Bool(_) => return None,
            _ => return Some(Shape::unread(node.at, "a schema is an object, or `true` or `false`")),
        }
        if self.is_too_much() {
            return Some(Shape::Unread(too_much(node.at)));
        }
        let is_embedded = !node.is(self.root) && has_address(node);
        self.embedded += usize::from(is_embedded);
        let shape = self.object_says(node);
        self.embedded -= usize::from(is_embedded);
        shape
    }

    /// Every part of a schema may say something. What refers elsewhere comes first, and then the schema's own keywords: a
    /// field that both have takes its kind from the first.
    fn object_says(&mut self, node: Node<'n>) -> Option<Shape> {
        let mut parts = Vec::new();
        if let Some(reference) = node.get("$ref") {
            parts.extend(self.reference(reference));
        }
        for key in ["$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = node.get(key) {
                let reason = format!("`{key}` depends on who asks; write `$ref`");
                parts.push(Shape::unread(reference.at, reason));
            }
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            let Some(list) = node.get(key) else { continue };
            if list.is_array() {
                parts.extend(self.each(list.items(), key != "allOf" && parts.is_empty()));
            } else {
                parts.push(Shape::unread(list.at, format!("`{key}` is an array of schemas")));
            }
        }
        let conditional = ["if", "then", "else"].into_iter().filter_map(|key| node.get(key));
        parts.extend(self.each(conditional, false));
        let dependent = ["dependentSchemas", "dependencies"].into_iter().filter_map(|key| node.get(key));
        let dependent = dependent.flat_map(Node::entries).map(|entry| entry.node);
        // Draft 7 lists names of members there too.
        parts.extend(self.each(dependent.filter(|node| !node.is_array()), false));
        match self.own(node) {
            Some(own) if parts.is_empty() || !is_bare(&own) => parts.push(own),
            _ => {}
        }
        Shape::one_of(parts)
    }

    /// What alternatives say. When one says nothing, nothing is known of the value by them, unless more is said elsewhere.
    fn each(&mut self, schemas: impl Iterator<Item = Node<'n>>, alone: bool) -> Option<Shape> {
        let mut shapes = Vec::new();
        let mut is_silent = false;
        for schema in schemas {
            match self.says(schema) {
                Some(shape) => shapes.push(shape),
                None => is_silent |= !matches!(schema.value, Value::Bool(false)) && !is_null(schema),
            }
        }
        if alone && is_silent && !shapes.is_empty() {
            shapes.push(Shape::Opaque);
        }
        Shape::one_of(shapes)
    }

    /// What the schema's own `enum`, `const` and `type` say.
    fn own(&mut self, node: Node<'n>) -> Option<Shape> {
        let listed = match (node.get("const"), node.get("enum")) {
            (Some(value), _) => listed(std::iter::once(value)),
            (None, Some(values)) if values.is_array() => listed(values.items()),
            (None, Some(values)) => Some(Shape::unread(values.at, "`enum` is an array of values")),
            (None, None) => return self.typed(node),
        };
        // Members beside listed values are declared all the same.
        Shape::one_of(listed.into_iter().chain(self.implied(node)).collect())
    }

    /// What the schema's own `type` says.
    fn typed(&mut self, node: Node<'n>) -> Option<Shape> {
        let Some(types) = node.get("type") else { return self.implied(node) };
        let one = (!types.is_array()).then_some(types);
        let types = one.into_iter().chain(types.items());
        // Each is named once by the standard; each reads all that is below.
        let mut named = BTreeSet::new();
        let types = types.filter(|ty| ty.text().is_none_or(|word| named.insert(word)));
        Shape::one_of(types.filter_map(|ty| self.of_type(node, ty)).collect())
    }

    fn of_type(&mut self, node: Node<'n>, ty: Node<'n>) -> Option<Shape> {
        Some(match ty.text() {
            Some("null") => return None,
            Some("string") => Shape::STRING,
            Some("number" | "integer") => Shape::NUMBER,
            Some("boolean") => Shape::BOOLEAN,
            Some("object") => self.object(node),
            Some("array") => self.array(node),
            Some(other) => Shape::unread(ty.at, format!("nothing is known of the type \"{}\"", excerpt(other))),
            None if ty.is_object() => self.shape(ty),
            None => Shape::unread(ty.at, "`type` is a text or an array of texts"),
        })
    }

    /// What a schema without `type` describes: it has keywords of objects or lists, and is silent on other values.
    fn implied(&mut self, node: Node<'n>) -> Option<Shape> {
        let has = |keys: &[&str]| keys.iter().any(|key| node.get(key).is_some());
        let object = has(&["properties", "patternProperties", "additionalProperties", "unevaluatedProperties"]);
        let array = has(&["items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"]);
        let shapes = [object.then(|| self.object(node)), array.then(|| self.array(node))];
        Shape::one_of(shapes.into_iter().flatten().collect())
    }
}

/// The kinds of listed values.
fn listed<'n>(values: impl Iterator<Item = Node<'n>>) -> Option<Shape> {
    let kind = |node: Node<'_>| match node.value {
        Value::Null => None,
        Value::Bool(_) => Some(Shape::enumerated(Kind::Boolean)),
        Value::Number => Some(Shape::enumerated(Kind::Number)),
        Value::String(_) => Some(Shape::enumerated(Kind::String)),
        Value::Array(_) => Some(Shape::enumerated(Kind::Array)),
        Value::Object(_) => Some(Shape::enumerated(Kind::Object)),
    };
    Shape::one_of(values.filter_map(kind).collect())
}

/// Whether a shape names a kind and nothing else, so that it adds nothing to parts that say more.
fn is_bare(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar { enumerated, .. } => !enumerated,
        Shape::Object(members) => members.is_empty(),
        Shape::Array(items) => **items == Shape::Opaque,
        Shape::Any(shapes) => shapes.iter().all(is_bare),
        _ => false,
    }
}

/// Whether a schema allows `null` alone.
fn is_null(node: Node<'_>) -> bool {
    let is_word = |node: Node<'_>| node.text() == Some("null");
    let is_value = |node: Node<'_>| node.value == Value::Null;
    node.get("type").is_some_and(is_word)
        || node.get("const").is_some_and(is_value)
        || node.get("enum").is_some_and(|values| values.items().next().is_some() && values.items().all(is_value))
}

/// Whether a schema has an address of its own, so that references in it are relative to that.
fn has_address(node: Node<'_>) -> bool {
    node.get("$id").and_then(Node::text).is_some_and(|id| !id.starts_with('#'))
}
