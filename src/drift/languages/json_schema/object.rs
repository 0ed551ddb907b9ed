//! What a schema says of objects and lists.

use crate::drift::document::{Entry, Node, Value};
use crate::drift::shape::{Member, Shape};

use super::Schemas;

impl<'n> Schemas<'n> {
    pub(super) fn object(&mut self, node: Node<'n>) -> Shape {
        let mut values = Vec::new();
        if let Some(patterns) = node.get("patternProperties") {
            if !patterns.is_object() {
                return Shape::unread(patterns.at, "`patternProperties` is an object of schemas");
            }
            values.extend(patterns.entries().map(|entry| entry.node));
        }
        values.extend(node.get("additionalProperties"));
        values.extend(node.get("unevaluatedProperties"));
        // What is not named is allowed as long as nothing is said; only where it is said are there such fields.
        let values = values.into_iter().filter(|value| !is_forbidden(*value)).map(|value| self.shape(value)).collect();
        let map = Shape::one_of(values).map(|value| Shape::Map(Box::new(value)));
        let members = node.get("properties").map(|properties| {
            let allowed = properties.entries().filter(|entry| !is_forbidden(entry.node));
            let member = |entry: Entry<'n>| Member::new(entry.key, entry.at, self.shape(entry.node));
            match properties.is_object() {
                true => Shape::Object(allowed.map(member).collect()),
                false => Shape::unread(properties.at, "`properties` is an object of schemas"),
            }
        });
        match (members, map) {
            (Some(members), Some(map)) => Shape::Any(vec![members, map]),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Shape::Object(Vec::new()),
        }
    }

    pub(super) fn array(&mut self, node: Node<'n>) -> Shape {
        let mut items = Vec::new();
        for key in ["prefixItems", "items", "additionalItems", "unevaluatedItems", "contains"] {
            match node.get(key) {
                Some(list) if list.is_array() => items.extend(list.items()),
                Some(schema) if !is_forbidden(schema) => items.push(schema),
                _ => {}
            }
        }
        let items = Shape::one_of(items.into_iter().map(|item| self.shape(item)).collect());
        Shape::Array(Box::new(items.unwrap_or(Shape::Opaque)))
    }
}

/// Whether nothing may stand there.
fn is_forbidden(node: Node<'_>) -> bool {
    matches!(node.value, Value::Bool(false))
}
