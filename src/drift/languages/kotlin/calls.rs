//! Calls of Kotlin, however they are spelt.

use tree_sitter::Node;

use super::super::tree::{self, MAX_STEPS, field, part, parts, said};

/// A call, or what the parser takes for something else that Kotlin calls.
pub(super) struct Call<'t> {
    /// What is called: `mapper.map`.
    pub(super) name: String,
    /// What it is called with.
    pub(super) arguments: Vec<Node<'t>>,
}

/// The call that a node is.
pub(super) fn call<'t>(text: &str, node: Node<'t>) -> Option<Call<'t>> {
    match node.kind() {
        "call_expression" => {
            let name = dotted(text, *parts(node).first()?);
            // `mapField.invoke("a")`
            let name = name.strip_suffix(".invoke").map_or(name.clone(), str::to_owned);
            Some(Call { name, arguments: arguments(node) })
        }
        // `mapper map "a"`
        "infix_expression" => {
            let [of, method, argument] = parts(node).try_into().ok()?;
            let name = format!("{}.{}", dotted(text, of), plain(text, method));
            Some(Call { name, arguments: vec![argument] })
        }
        // `mapField<String>("a")`, which Kotlin takes for no comparison.
        "binary_expression" if part(node, ">").is_some() => {
            let mut argument = field(node, "right")?;
            for _ in 0..MAX_STEPS {
                if argument.kind() == "parenthesized_expression" {
                    break;
                }
                argument = *parts(argument).first()?;
            }
            let arguments = if argument.kind() == "parenthesized_expression" { parts(argument) } else { Vec::new() };
            let callee = compared(field(node, "left")?)?;
            Some(Call { name: dotted(text, callee), arguments })
        }
        _ => None,
    }
}

/// What stands before the `<` of a comparison, which may be the function of a call with type arguments.
pub(super) fn compared(node: Node<'_>) -> Option<Node<'_>> {
    part(node, "<").filter(|_| node.kind() == "binary_expression")?;
    let mut before = field(node, "left")?;
    // What binds closer has only its last part before it.
    for _ in 0..MAX_STEPS {
        match before.kind() {
            "binary_expression" | "infix_expression" | "range_expression" | "unary_expression" => {
                before = *parts(before).last()?;
            }
            _ => break,
        }
    }
    Some(before)
}

/// The values of a call's arguments. One that has a name may be any of the function's: it stays as it is, and is no literal.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    let list = part(call, "value_arguments").map_or_else(Vec::new, parts);
    let value = |argument| if part(argument, "=").is_some() { None } else { parts(argument).last().copied() };
    list.into_iter().map(|argument| value(argument).unwrap_or(argument)).collect()
}

/// A name with its dots, whatever stands around its steps; what is no name is `?`, and what the code around is part of `this`.
pub(super) fn dotted(text: &str, node: Node<'_>) -> String {
    let (mut steps, mut inner) = (Vec::new(), node);
    for _ in 0..MAX_STEPS {
        let inside = parts(inner);
        let next = match (inner.kind(), inside.as_slice()) {
            ("identifier", _) => {
                steps.push(plain(text, inner));
                return tree::dotted(&steps);
            }
            ("this_expression" | "super_expression", _) => {
                steps.push("this");
                return tree::dotted(&steps);
            }
            ("navigation_expression" | "callable_reference" | "user_type", [of, .., name]) if is_name(*name) => {
                steps.push(plain(text, *name));
                *of
            }
            // `Mapping<String>`, `::map`, `(map)`, `mapper!!`
            ("user_type" | "callable_reference", [name, ..]) => *name,
            ("parenthesized_expression" | "unary_expression", [only]) => *only,
            _ => break,
        };
        inner = next;
    }
    steps.push("?");
    tree::dotted(&steps)
}

fn is_name(node: Node<'_>) -> bool {
    node.kind() == "identifier"
}

/// A name without the marks that let it have any characters.
pub(super) fn plain<'a>(text: &'a str, name: Node<'_>) -> &'a str {
    said(text, name).trim_matches('`')
}

/// The last step of a name.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
