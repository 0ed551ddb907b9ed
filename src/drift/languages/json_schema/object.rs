//! What a schema says of objects and lists.

use crate::drift::document::{Entry, Node, Value};
use crate::drift::shape::{Member, Shape};

use super::Schemas;

impl<'n> Schemas<'n> {
    pub(super) fn object(&mut self, node: &'n Node<'n>) -> Shape {
        let mut values = Vec::new();
        if let Some(patterns) = node.get("patternProperties") {
            match &patterns.value {
                Value::Object(entries) => values.extend(entries.iter().map(|entry| &entry.node)),
                _ => return Shape::unread(patterns.at, "`patternProperties` is an object of schemas"),
            }
        }
        values.extend(node.get("additionalProperties"));
        values.extend(node.get("unevaluatedProperties"));
        // What is not named is allowed as long as nothing is said; only where it is said are there such fields.
        let values = values.into_iter().filter(|value| !is_forbidden(value)).map(|value| self.shape(value)).collect();
        let map = Shape::one_of(values).map(|value| Shape::Map(Box::new(value)));
        let members = match node.get("properties").map(|properties| (properties.at, &properties.value)) {
            None => None,
            Some((_, Value::Object(entries))) => {
                let allowed = entries.iter().filter(|entry| !is_forbidden(&entry.node));
                let member = |entry: &'n Entry<'n>| Member::new(entry.key.as_ref(), entry.at, self.shape(&entry.node));
                Some(Shape::Object(allowed.map(member).collect()))
            }
            Some((at, _)) => Some(Shape::unread(at, "`properties` is an object of schemas")),
        };
        match (members, map) {
            (Some(members), Some(map)) => Shape::Any(vec![members, map]),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Shape::Object(Vec::new()),
        }
    }

    pub(super) fn array(&mut self, node: &'n Node<'n>) -> Shape {
        let mut items = Vec::new();
        for key in ["prefixItems", "items", "additionalItems", "unevaluatedItems", "contains"] {
            match node.get(key).map(|schema| (schema, &schema.value)) {
                Some((_, Value::Array(list))) => items.extend(list.iter()),
                Some((schema, _)) if !is_forbidden(schema) => items.push(schema),
                _ => {}
            }
        }
        let items = Shape::one_of(items.into_iter().map(|item| self.shape(item)).collect());
        Shape::Array(Box::new(items.unwrap_or(Shape::Opaque)))
    }
}

/// Whether nothing may stand there.
fn is_forbidden(node: &Node<'_>) -> bool {
    matches!(node.value, Value::Bool(false))
}
