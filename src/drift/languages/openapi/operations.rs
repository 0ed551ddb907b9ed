//! What operations take and give.

use crate::drift::document::{Entry, Node};
use crate::drift::shape::{Definition, Shape, Unread};
use crate::escape::excerpt;

use super::super::json_schema::{Schemas, reference};

/// How many references to a part of a description may lead on to one another.
const MAX_HOPS: usize = 8;
/// How deep operations may lie in callbacks of operations.
const MAX_CALLBACKS: usize = 4;

pub(super) struct Operations<'s, 'n> {
    pub(super) schemas: &'s mut Schemas<'n>,
    pub(super) definitions: Vec<Definition>,
    unread: Vec<Unread>,
    callbacks: usize,
}

impl<'s, 'n> Operations<'s, 'n> {
    pub(super) fn new(schemas: &'s mut Schemas<'n>) -> Self {
        Self { schemas, definitions: Vec::new(), unread: Vec::new(), callbacks: 0 }
    }

    pub(super) fn finish(self) -> (Vec<Definition>, Vec<Unread>) {
        (self.definitions, self.unread)
    }

    /// All operations of a route.
    pub(super) fn route(&mut self, route: &str, node: Node<'n>) {
        // What stands beside a reference counts as well.
        if node.get("$ref").is_some() {
            self.operations(route, node);
        }
        let result = self.at_target(node, |this, node| this.operations(route, node));
        self.unread.extend(result.err());
    }

    fn operations(&mut self, route: &str, node: Node<'n>) {
        let shared = node.get("parameters");
        for entry in node.entries() {
            self.operation(route, entry, shared);
        }
    }

    /// A part of a description that takes no reference by the standard: what bundlers put there is not known.
    pub(super) fn in_place(&mut self, node: Option<Node<'n>>) -> Option<Node<'n>> {
        let reference = node.and_then(|node| node.get("$ref"));
        let unread = |reference: Node<'n>| Unread::new(reference.at, "OpenAPI has no `$ref` here; write this part out");
        self.unread.extend(reference.map(unread));
        node
    }

    fn operation(&mut self, route: &str, entry: Entry<'n>, shared: Option<Node<'n>>) {
        match entry.key {
            "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace" => {}
            "$ref" | "summary" | "description" | "servers" | "parameters" => return,
            key if key.starts_with("x-") => return,
            key => {
                let reason = format!("nothing is known of the method \"{}\"", excerpt(key));
                return self.unread.push(Unread::new(entry.at, reason));
            }
        }
        let Some(node) = self.in_place(Some(entry.node)) else { return };
        let name = format!("{} {route}", entry.key.to_ascii_uppercase());
        self.parameters(&name, entry.at, [shared, node.get("parameters")]);
        if let Some(body) = node.get("requestBody") {
            self.content(name.clone(), entry.at, body);
        }
        if let Some(responses) = self.in_place(node.get("responses")) {
            let is_response = |key: &str| key != "$ref" && !key.starts_with("x-");
            for response in responses.entries().filter(|response| is_response(response.key)) {
                self.content(format!("{name} {}", response.key), response.at, response.node);
            }
        }
        for callback in node.get("callbacks").into_iter().flat_map(Node::entries) {
            self.callback(callback);
        }
    }

    fn callback(&mut self, callback: Entry<'n>) {
        if self.callbacks == MAX_CALLBACKS {
            let reason = format!("callbacks of callbacks more than {MAX_CALLBACKS} levels deep");
            return self.unread.push(Unread::new(callback.at, reason));
        }
        self.callbacks += 1;
        let result = self.at_target(callback.node, |this, node| {
            for entry in node.entries().filter(|entry| entry.key != "$ref" && !entry.key.starts_with("x-")) {
                this.route(entry.key, entry.node);
            }
        });
        self.callbacks -= 1;
        self.unread.extend(result.err());
    }

    /// Adds a body or a response, if it has content with fields.
    fn content(&mut self, name: String, at: u32, node: Node<'n>) {
        let shape = self.at_target(node, |this, node| this.schema_of_content(node));
        let shape = match shape {
            Ok(Some(shape)) => shape,
            Ok(None) => return,
            Err(unread) => Shape::Unread(unread),
        };
        self.definitions.push(Definition { name, at, shape, case: None });
    }

    /// What all media types with fields of a body, a response or a parameter say.
    pub(super) fn schema_of_content(&mut self, node: Node<'n>) -> Option<Shape> {
        let content = self.in_place(node.get("content"));
        let media = content.into_iter().flat_map(Node::entries).filter(|media| has_fields(media.key));
        let schemas: Vec<_> = media.filter_map(|media| self.in_place(Some(media.node))?.get("schema")).collect();
        Shape::one_of(schemas.into_iter().map(|schema| self.schemas.shape(schema)).collect())
    }

    /// Does something with what a part of the description is, by way of its `$ref` if it has one.
    pub(super) fn at_target<R>(
        &mut self,
        node: Node<'n>,
        use_it: impl FnOnce(&mut Self, Node<'n>) -> R,
    ) -> Result<R, Unread> {
        let mut target = node;
        let mut hops = 0;
        while let Some(reference) = target.get("$ref") {
            target = self.target(reference)?;
            hops += 1;
            if hops > MAX_HOPS {
                return Err(Unread::new(reference.at, "the reference leads through too many others"));
            }
        }
        if hops == 0 {
            return Ok(use_it(self, target));
        }
        self.schemas.enter(target)?;
        let result = use_it(self, target);
        self.schemas.leave();
        Ok(result)
    }

    fn target(&mut self, reference: Node<'n>) -> Result<Node<'n>, Unread> {
        let text = reference.text().unwrap_or_default();
        let Some(fragment) = text.strip_prefix('#') else {
            let reason = "a reference to another file's part that is no schema; write that part here, its schema there";
            return Err(Unread::new(reference.at, reason));
        };
        let target = reference::pointer(fragment).and_then(|steps| self.schemas.target(&steps));
        target.ok_or_else(|| Unread::new(reference.at, "the reference leads nowhere in this file"))
    }
}

/// Whether a body of this media type has fields by name: JSON and forms.
fn has_fields(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = ["application/x-www-form-urlencoded", "multipart/form-data", "application/*", "text/*", "*/*"];
    let is_json = |word: &str| matches!(word, "json" | "jsonl" | "ndjson");
    known.contains(&essence.as_str()) || essence.split(|c: char| !c.is_ascii_alphanumeric()).any(is_json)
}
