//! OpenAPI 3.0 and 3.1, in JSON or YAML.
//!
//! The schemas under `components` are types by their keys. What an operation takes and gives is one each as well:
//! `POST /orders` its body, `POST /orders 200` a response, `GET /orders query` its parameters in the query, and so with
//! `header` and `cookie`; parameters in the path stand in the route itself. Of bodies those count that are written as JSON
//! or as a form. Headers of responses are not read. A file without a version holds schemas that others refer to.

use bstr::BStr;

use crate::drift::document::{self, Node};
use crate::drift::shape::{Module, Unread};
use crate::escape::excerpt;

use super::Source;
use super::json_schema::Schemas;

mod operations;
mod parameters;

#[cfg(test)]
mod tests;

use operations::Operations;

pub(super) fn read(source: &Source<'_>) -> Module {
    let document = match document::read(source.path, source.text) {
        Ok(document) => document,
        Err(problem) => return Module { unread: vec![problem], ..Module::default() },
    };
    let root = document.root();
    if let Some(version) = root.get("swagger") {
        return Module::unread(version.at, "Swagger 2.0 is not read; convert the file to OpenAPI 3");
    }
    let described = ["paths", "webhooks", "components"].iter().any(|key| root.get(key).is_some());
    match root.get("openapi") {
        Some(version) => match unknown_version(version) {
            Some(unread) => Module { unread: vec![unread], ..Module::default() },
            None => description(source.path, root),
        },
        None if described => description(source.path, root),
        None => schemas(source.path, root),
    }
}

fn unknown_version(version: Node<'_>) -> Option<Unread> {
    match version.text() {
        Some(text) if ["3.0", "3.1"].iter().any(|known| text == *known || text.starts_with(&format!("{known}."))) => {
            None
        }
        Some(text) => {
            Some(Unread::new(version.at, format!("OpenAPI \"{}\" is not read; 3.0 and 3.1 are", excerpt(text))))
        }
        None => Some(Unread::new(version.at, "the version of OpenAPI is a text, such as \"3.1.0\"")),
    }
}

fn description(path: &BStr, root: Node<'_>) -> Module {
    let mut schemas = Schemas::new(path, root);
    let mut unread = Vec::new();
    let components = root.get("components");
    if let Some(defined) = components.and_then(|components| components.get("schemas")) {
        if !defined.is_object() {
            unread.push(Unread::new(defined.at, "`schemas` is an object of schemas"));
        }
        let types = defined.entries().filter(|entry| entry.key != "$ref");
        types.for_each(|entry| schemas.add(entry.key, entry.at, entry.node));
    }
    let mut operations = Operations::new(&mut schemas);
    operations.in_place(components);
    operations.in_place(components.and_then(|components| components.get("schemas")));
    for key in ["paths", "webhooks"] {
        let Some(routes) = operations.in_place(root.get(key)) else { continue };
        if !routes.is_object() {
            unread.push(Unread::new(routes.at, format!("`{key}` is an object of operations")));
        }
        // A webhook may have any name.
        let is_route = |name: &str| name != "$ref" && (key == "webhooks" || !name.starts_with("x-"));
        for entry in routes.entries().filter(|entry| is_route(entry.key)) {
            operations.route(entry.key, entry.node);
        }
    }
    let (definitions, more) = operations.finish();
    let mut module = schemas.finish_with(definitions);
    module.unread = unread;
    module.unread.extend(more);
    module
}

/// A file that others refer to: one schema, or schemas by name.
fn schemas(path: &BStr, root: Node<'_>) -> Module {
    let mut schemas = Schemas::new(path, root);
    let mut unread = Vec::new();
    let neither = |at| Unread::new(at, "this is neither a description of OpenAPI 3 nor a schema");
    if is_schema(root) {
        schemas.add_whole(root);
    } else {
        if root.entries().next().is_none() {
            unread.push(neither(root.at));
        }
        let notes = ["$schema", "$id", "$defs", "definitions", "title", "description"];
        for entry in root.entries().filter(|entry| !notes.contains(&entry.key)) {
            match is_schema(entry.node) {
                true => schemas.add(entry.key, entry.at, entry.node),
                false => unread.push(neither(entry.at)),
            }
        }
    }
    schemas.add_nested(root, "");
    let mut module = schemas.finish();
    module.unread = unread;
    module
}

/// Whether something has a keyword of schemas with a value as schemas have it: types may be called as keywords are.
fn is_schema(node: Node<'_>) -> bool {
    node.entries().any(|entry| match entry.key {
        "type" => entry.node.is_array() || entry.node.text().is_some(),
        "$ref" | "const" => !entry.node.is_object(),
        "allOf" | "anyOf" | "oneOf" | "enum" => entry.node.is_array(),
        "properties" | "items" | "additionalProperties" => entry.node.is_object() && node.get("components").is_none(),
        _ => false,
    })
}
