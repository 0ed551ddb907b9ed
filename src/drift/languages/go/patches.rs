//! Methods that patch, where they are not called on what they patch: `set := doc.Set`, `Doc.Set(doc, …)`, and what else is
//! done with them.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::super::tree::{Finder, field, fields, parts, said};
use super::sites::{Reader, dotted};
use crate::drift::shape::{Module, Unread};

/// Why a method is unread that is no longer called by its name.
const HANDED_ON: &str = "a method that patches is handed on, and what it sets then is not known: call it by its name";

/// The names of variables that are set to methods, or to what has these, with what that is called.
pub(super) type Aliases<'t> = BTreeMap<&'t str, String>;

/// What a node does with methods that it does not call.
pub(super) fn read<'t>(
    finder: &Finder<'_, Reader<'_, 't>>,
    module: &mut Module,
    aliases: &mut Aliases<'t>,
    node: Node<'t>,
    text: &'t str,
) {
    let side = |name| field(node, name).map_or_else(Vec::new, parts);
    let (targets, values) = match node.kind() {
        "short_var_declaration" | "assignment_statement" => (side("left"), side("right")),
        "var_spec" => (fields(node, "name"), side("value")),
        "argument_list" | "literal_element" => (Vec::new(), parts(node)),
        "return_statement" => (Vec::new(), parts(node).into_iter().flat_map(parts).collect()),
        "send_statement" => (Vec::new(), field(node, "value").into_iter().collect()),
        _ => return,
    };
    for (place, value) in values.into_iter().enumerate() {
        let target = targets.get(place).filter(|target| target.kind() == "identifier");
        match (method(finder, aliases, value, text), target) {
            (Some(method), Some(name)) => _ = aliases.insert(said(text, *name), method),
            (Some(_), None) => module.unread.push(Unread::new(super::at(value), HANDED_ON)),
            (None, Some(name)) => aliases.extend(receiver(finder, value, text).map(|own| (said(text, *name), own))),
            (None, None) => {}
        }
    }
}

/// What has a patch, as the policy calls it, where an expression is that: `other := api`.
fn receiver(finder: &Finder<'_, Reader<'_, '_>>, node: Node<'_>, text: &str) -> Option<String> {
    if !matches!(node.kind(), "identifier" | "selector_expression" | "unary_expression" | "parenthesized_expression") {
        return None;
    }
    let (name, _) = dotted(text, node);
    let receivers = finder.sites.patches_of_receivers().filter_map(|patch| patch.rsplit_once('.'));
    let mut receivers = receivers.map(|(receiver, _)| receiver);
    let is_it = |own: &str| name.strip_suffix(own).is_some_and(|above| above.is_empty() || above.ends_with('.'));
    receivers.find(|own| is_it(own)).map(str::to_owned)
}

/// The name of a method that patches, where that is all that an expression is.
fn method(finder: &Finder<'_, Reader<'_, '_>>, aliases: &Aliases<'_>, node: Node<'_>, text: &str) -> Option<String> {
    let mut inner = node;
    while let ("parenthesized_expression", Some(part)) = (inner.kind(), parts(inner).first()) {
        inner = *part;
    }
    if inner.kind() != "selector_expression" {
        return None;
    }
    let callee = meant(aliases, dotted(text, inner).0);
    let method = callee.rsplit('.').next().unwrap_or_default();
    finder.is_patch(&callee, method).then_some(callee)
}

/// A name with the variable that it begins with, or is, in other words.
fn meant(aliases: &Aliases<'_>, name: String) -> String {
    match (aliases.get(name.as_str()), name.rsplit_once('.')) {
        (Some(method), _) => method.clone(),
        (None, Some((receiver, method))) => {
            aliases.get(receiver).map_or_else(|| name.clone(), |own| format!("{own}.{method}"))
        }
        (None, None) => name,
    }
}

/// What is called, and with which arguments, where a variable may stand for a method, and a type for what has it.
pub(super) fn called<'t>(
    finder: &Finder<'_, Reader<'_, 't>>,
    aliases: &Aliases<'t>,
    callee: String,
    mut arguments: Vec<Node<'t>>,
) -> (String, Vec<Node<'t>>) {
    let callee = meant(aliases, callee);
    let is_of_type = callee.split_once('.').is_some_and(|(ty, method)| {
        finder.reader.is_type(ty) && finder.is_patch(&callee, method) && !arguments.is_empty()
    });
    if is_of_type {
        arguments.remove(0);
    }
    (callee, arguments)
}
