//! Kotlin's blocks that have a collection for a while: `TABLE.also { … }`, `with(TABLE) { … }`.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::jvm::tables::{fills, holds, is_reader};
use super::super::tree::{field, part, parts, walk};
use super::calls::{Call, call, dotted, last, plain};
use super::strings::Strings;

/// How many blocks a block may have in it: each is looked at by itself, with all that it has in it.
const BLOCKS: usize = 16;

/// Functions without a receiver that a block may call whose `this` is the collection.
const PLAIN: &[&str] =
    &["check", "error", "listOf", "mapOf", "print", "println", "require", "requireNotNull", "setOf", "sortedMapOf"];

/// A block, and what it calls the collection.
pub(super) struct Scope<'t> {
    lambda: Node<'t>,
    /// The name of a parameter; `None` where the collection is `this`.
    parameter: Option<Node<'t>>,
    is_this: bool,
}

impl<'t> Scope<'t> {
    /// The block that one of Kotlin's own functions gets.
    pub(super) fn of(function: &str, call: Node<'t>) -> Option<Self> {
        let is_this = match function {
            "also" | "let" => false,
            "apply" | "run" | "with" => true,
            _ => return None,
        };
        let lambda = part(call, "annotated_lambda").and_then(|lambda| part(lambda, "lambda_literal"))?;
        // What stands between parentheses is no second block.
        let inner = parts(call).first().copied().filter(|inner| inner.kind() == "call_expression");
        let list = part(call, "value_arguments").or_else(|| part(inner?, "value_arguments"));
        if list.map_or(0, |list| parts(list).len()) != usize::from(function == "with") {
            return None;
        }
        let parameters = part(lambda, "lambda_parameters").map_or_else(Vec::new, parts);
        let parameter = match parameters.as_slice() {
            [] => None,
            [name] if !is_this => Some(part(*name, "identifier").filter(|_| name.kind() == "variable_declaration")?),
            _ => return None,
        };
        Some(Self { lambda, parameter, is_this })
    }

    /// Whether all that the block does to the collection is known to read it. What a function does that it is given to is
    /// not looked at, as elsewhere.
    pub(super) fn only_reads(&self, strings: &Strings<'_>) -> bool {
        let text = strings.text;
        let name = if self.is_this { "this" } else { self.parameter.map_or("it", |name| plain(text, name)) };
        let own = self.parameter.map(|name| name.id());
        let mut block = Block { text, strings, name, is_this: self.is_this, fine: own.into_iter().collect() };
        let (mut only_reads, mut count) = (true, 0);
        walk(self.lambda, |node| {
            count += usize::from(node.kind() == "lambda_literal");
            only_reads &= count <= BLOCKS && block.reads(node);
            only_reads
        });
        only_reads
    }
}

/// What is known of a block from its beginning to the node that is looked at.
struct Block<'a> {
    text: &'a str,
    strings: &'a Strings<'a>,
    /// What the collection is called.
    name: &'a str,
    is_this: bool,
    /// Where the collection stands and is only read.
    fine: BTreeSet<usize>,
}

impl Block<'_> {
    /// Whether a node only reads the collection, if it speaks of it at all.
    fn reads(&mut self, node: Node<'_>) -> bool {
        if let Some(call) = call(self.text, node)
            && !self.called(node, &call)
        {
            return false;
        }
        let inside = parts(node);
        match (node.kind(), inside.as_slice()) {
            ("navigation_expression", [of, name]) if self.is_reader(plain(self.text, *name)) => {
                self.fine.insert(of.id());
            }
            // `::put` is one of the collection's where that is `this`.
            ("callable_reference", [.., name]) if self.is_this => return self.is_reader(plain(self.text, *name)),
            // `it["a"]++`
            ("unary_expression", [of]) if part(node, "++").or_else(|| part(node, "--")).is_some() => {
                return self.leaves(*of);
            }
            ("assignment", _) => return field(node, "left").is_some_and(|left| self.leaves(left)),
            ("binary_expression", _) if part(node, "?:").is_some() => {}
            ("index_expression" | "interpolation" | "spread_expression" | "binary_expression" | "in_expression", _) => {
                self.fine.extend(inside.iter().map(Node::id));
            }
            ("range_test" | "for_statement", _) => self.fine.extend(inside.iter().map(Node::id)),
            ("identifier", _) if !self.is_this => {
                return plain(self.text, node) != self.name || self.fine.contains(&node.id());
            }
            ("this_expression" | "super_expression", _) if self.is_this => return self.fine.contains(&node.id()),
            _ => {}
        }
        true
    }

    /// A call: its method where the collection is what it is called on, and what it may fill.
    fn called(&mut self, node: Node<'_>, call: &Call<'_>) -> bool {
        let (of, method) = call.name.rsplit_once('.').unwrap_or(("", &call.name));
        let is_known = match of {
            // An entry of the collection sets its value, whatever it is called.
            _ if method == "setValue" && call.arguments.len() == 1 => false,
            // `check(size > 1) { "…" }` is what a call gives, and that is looked at by itself.
            "" if method == "?" => parts(node).first().is_some_and(|callee| callee.kind() == "call_expression"),
            "" if self.is_this => self.is_reader(method) || self.is_plain(method),
            "" => method != self.name,
            _ if of == self.name => self.is_reader(method),
            _ => true,
        };
        let list = part(node, "value_arguments").map_or_else(Vec::new, parts);
        let given: Vec<Node<'_>> = match list.is_empty() {
            true => call.arguments.clone(),
            false => list.iter().filter_map(|argument| parts(*argument).last().copied()).collect(),
        };
        let fills = |name: &String| {
            let (last, count) = (last(name), given.len().max(2));
            is_with(name) || (0..count).any(|place| fills(last, place, count))
        };
        // What holds the collection gives it back.
        if !holds(&call.name) && !self.strings.names.meanings(&call.name).iter().any(fills) {
            self.fine.extend(given.iter().map(Node::id));
        }
        is_known
    }

    /// Whether a method that the library has only reads the collection.
    fn is_reader(&self, method: &str) -> bool {
        is_reader(method) && self.strings.library.has_method(method)
    }

    /// Whether a function is none that the collection may have as a method: one that the library has without any receiver,
    /// or the constructor of a type. A method of a collection begins with a small letter, and goes before a type's name.
    fn is_plain(&self, function: &str) -> bool {
        let is_type = function.starts_with(char::is_uppercase) && self.strings.names.declares(function);
        is_type && self.strings.library.has_method(function)
            || PLAIN.contains(&function) && self.strings.library.has(function)
    }

    /// Whether what an assignment gives a value is something else than the collection, or a part of it.
    fn leaves(&self, left: Node<'_>) -> bool {
        let name = dotted(self.text, core(left));
        let first = name.split('.').next().unwrap_or_default();
        first != self.name && !(self.is_this && name == first && left.kind() == "identifier") && first != "?"
    }
}

/// Whether a function is the one whose block has what it is given.
pub(super) fn is_with(name: &str) -> bool {
    matches!(name, "with" | "kotlin.with")
}

/// What an index, or a chain of them, is of.
fn core(mut node: Node<'_>) -> Node<'_> {
    while let ("index_expression" | "parenthesized_expression" | "unary_expression" | "as_expression", Some(inner)) =
        (node.kind(), parts(node).first())
    {
        node = *inner;
    }
    node
}
