//! Parameters of operations: what stands in the query is one type, and so with headers and cookies.

use std::collections::HashSet;

use crate::drift::document::Node;
use crate::drift::shape::{Definition, Member, Shape, Unread};
use crate::escape::excerpt;

use super::super::json_schema::reference;
use super::operations::Operations;

/// The places that are types; what is in the path stands in the route.
const PLACES: [&str; 3] = ["query", "header", "cookie"];

/// A parameter where it has fields.
struct Parameter {
    place: &'static str,
    member: Member,
}

impl<'n> Operations<'_, 'n> {
    /// Adds the parameters of an operation; those of its own take the place of those of its route.
    pub(super) fn parameters(&mut self, operation: &str, at: u32, lists: [Option<Node<'n>>; 2]) {
        let mut found = Vec::new();
        let mut unread = Vec::new();
        for list in lists.into_iter().flatten() {
            if !list.is_array() {
                unread.push(Unread::new(list.at, "`parameters` is an array"));
            }
            for parameter in list.items() {
                match self.at_target(parameter, |this, node| this.parameter(node)).flatten() {
                    Ok(parameter) => found.extend(parameter),
                    Err(problem) => unread.push(problem),
                }
            }
        }
        for place in PLACES {
            let own = |parameter: &mut Parameter| parameter.place == place;
            let mut members: Vec<Member> = found.extract_if(.., own).map(|parameter| parameter.member).collect();
            // Those of an operation take the place of those of its path.
            let mut named = HashSet::new();
            members.reverse();
            members.retain(|member| named.insert(member.name.clone()));
            members.reverse();
            let mut shapes: Vec<Shape> = Vec::new();
            if place == "query" {
                // Where a parameter stands that cannot be read is not known; most stand in the query.
                shapes.extend(unread.drain(..).map(Shape::Unread));
            }
            if !members.is_empty() {
                shapes.push(Shape::Object(members));
            }
            if let Some(shape) = Shape::one_of(shapes) {
                self.definitions.push(Definition { name: format!("{operation} {place}"), at, shape, case: None });
            }
        }
    }

    fn parameter(&mut self, node: Node<'n>) -> Result<Option<Parameter>, Unread> {
        if self.schemas.is_too_much() {
            return Err(reference::too_much(node.at));
        }
        let text = |key: &str| node.get(key).and_then(|value| Some((value.text()?, value.at)));
        let Some((name, at)) = text("name") else { return Err(Unread::new(node.at, "this parameter has no name")) };
        let Some((place, place_at)) = text("in") else {
            return Err(Unread::new(node.at, "this parameter does not say where it is: in `query`, `header`, `path`"));
        };
        if place == "path" || (place == "header" && is_of_the_protocol(name)) {
            return Ok(None);
        }
        let Some(place) = PLACES.into_iter().find(|known| *known == place) else {
            let reason = format!("nothing is known of parameters in \"{}\"", excerpt(place));
            return Err(Unread::new(place_at, reason));
        };
        let shape = match node.get("schema") {
            Some(schema) => self.schemas.shape(schema),
            None => self.schema_of_content(node).unwrap_or(Shape::Opaque),
        };
        Ok(Some(Parameter { place, member: Member::new(name, at, shape) }))
    }
}

/// Headers that OpenAPI describes elsewhere, and ignores as parameters.
fn is_of_the_protocol(header: &str) -> bool {
    ["accept", "content-type", "authorization"].iter().any(|known| header.eq_ignore_ascii_case(known))
}
