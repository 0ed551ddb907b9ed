//! Which names of a Kotlin file are the library's: what the file declares or imports under one is something else.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::jvm::{Names, collection};
use super::super::tree::{field, part, parts, said, walk};
use super::calls::plain;

/// Methods of collections that win over any extension of their names.
const MEMBERS: [&str; 19] = [
    "clear",
    "contains",
    "containsAll",
    "containsKey",
    "containsValue",
    "entries",
    "entrySet",
    "equals",
    "get",
    "getOrDefault",
    "hashCode",
    "indexOf",
    "isEmpty",
    "iterator",
    "keySet",
    "keys",
    "remove",
    "size",
    "values",
];

/// What a file calls by names that the library has as well.
pub(super) struct Library<'a> {
    names: &'a Names<'a>,
    functions: BTreeSet<&'a str>,
    variables: BTreeSet<&'a str>,
    /// Functions of the file that a collection may have as a method.
    extensions: BTreeSet<&'a str>,
}

impl<'a> Library<'a> {
    pub(super) fn new(text: &'a str, names: &'a Names<'a>, root: Node<'_>) -> Self {
        let (mut functions, mut variables, mut aliases) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut extended = Vec::new();
        walk(root, |node| {
            match node.kind() {
                "function_declaration" => {
                    if let Some(name) = field(node, "name") {
                        functions.insert(plain(text, name));
                        extended.extend(of(text, node, name).map(|of| (plain(text, name), of)));
                    }
                }
                "type_alias" => aliases.extend(field(node, "type").map(|name| plain(text, name))),
                "variable_declaration" | "parameter" | "class_parameter" => {
                    variables.extend(part(node, "identifier").map(|name| plain(text, name)));
                }
                _ => {}
            }
            true
        });
        let is_collection = |of: &str| of == "Any" || collection(of).is_some() || aliases.contains(of);
        let extensions = extended.into_iter().filter(|(_, of)| of.is_none_or(is_collection));
        Self { names, functions, variables, extensions: extensions.map(|(name, _)| name).collect() }
    }

    /// Whether a function that is called by its name alone is the library's.
    pub(super) fn has(&self, function: &str) -> bool {
        self.has_infix(function) && !self.variables.contains(function) && !self.names.declares(function)
    }

    /// The same of one that stands between two values, where no variable can.
    pub(super) fn has_infix(&self, function: &str) -> bool {
        !self.functions.contains(function) && !self.names.is_elsewhere(function)
    }

    /// Whether a method of a collection is the library's.
    pub(super) fn has_method(&self, method: &str) -> bool {
        MEMBERS.contains(&method) || !self.extensions.contains(method) && !self.names.is_elsewhere(method)
    }
}

/// What a function is an extension of, if it is one; no name where that may be anything.
fn of<'a>(text: &'a str, function: Node<'_>, name: Node<'_>) -> Option<Option<&'a str>> {
    let mut before = parts(function).into_iter().take_while(|part| part.id() != name.id());
    let of = before.find(|part| matches!(part.kind(), "user_type" | "nullable_type" | "parenthesized_type"))?;
    let of = said(text, of).trim_matches(['(', ')', '?', ' ']);
    let of = of.split('<').next().unwrap_or(of).rsplit('.').next().unwrap_or(of).trim();
    let variables = part(function, "type_parameters").map_or_else(Vec::new, parts);
    let is_any = variables.iter().any(|variable| part(*variable, "identifier").is_some_and(|it| plain(text, it) == of));
    Some((!is_any).then_some(of))
}
