//! Where a mapping table of Kotlin is reached by its own name through something that holds it: `listOf(TABLE).first()`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::jvm::tables::{class_holds, hides, holds, makes};
use super::super::tree::{part, parts, said};
use super::calls::{arguments, plain};

/// What was looked at: each part of a long chain is looked at with all that is around it.
pub(super) type Seen = RefCell<BTreeSet<(usize, bool, bool)>>;

/// How many steps are looked at: of more, a table's name among them will do.
const STEPS: usize = 32;

/// What is left to look at, each with whether a table is one of its own there, and not a part.
type Rest<'t> = Vec<(Node<'t>, bool)>;

/// The table that a value leads to. Where `is_held`, one that nothing holds does as well.
pub(super) fn reached<'s>(
    text: &str,
    tables: &'s BTreeSet<String>,
    value: Node<'_>,
    is_held: bool,
    seen: &Seen,
) -> Option<&'s str> {
    let mut rest = vec![(value, is_held)];
    for _ in 0..STEPS {
        let (node, is_whole) = rest.pop()?;
        if !seen.borrow_mut().insert((node.id(), is_whole, is_held)) {
            continue;
        }
        let inside = parts(node);
        let name = match (node.kind(), inside.as_slice()) {
            ("identifier", _) => plain(text, node),
            ("navigation_expression", [_, name]) => plain(text, *name),
            _ => "",
        };
        if let Some(table) = tables.get(name).filter(|_| is_whole) {
            return Some(table);
        }
        match (node.kind(), inside.as_slice()) {
            ("call_expression", _) => called(text, node, is_whole, is_held, &mut rest),
            ("infix_expression", [left, to, right]) if said(text, *to) == "to" => {
                rest.extend([(*left, true), (*right, true)]);
            }
            ("index_expression" | "navigation_expression", [of, ..]) => rest.push((*of, is_held)),
            ("parenthesized_expression" | "as_expression" | "unary_expression", [of, ..]) => rest.push((*of, is_whole)),
            ("labeled_expression" | "annotated_expression", [.., of]) => rest.push((*of, is_whole)),
            ("annotated_lambda", [.., of]) => rest.push((*of, is_whole)),
            ("if_expression", _) => rest.extend(inside.iter().map(|part| (*part, is_whole))),
            ("binary_expression", _) if part(node, "?:").is_some() => {
                rest.extend(inside.iter().map(|part| (*part, is_whole)));
            }
            // What a block gives is its last value.
            ("block", [.., last]) => rest.push((*last, is_whole)),
            ("lambda_literal", [.., last]) => rest.push((*last, true)),
            _ => {}
        }
    }
    hides(tables, said(text, value)).next()
}

/// Whether what is called gives what it is given within something.
fn is_holder(text: &str, callee: Node<'_>) -> bool {
    match (callee.kind(), parts(callee).as_slice()) {
        ("identifier", _) => holds(plain(text, callee)),
        ("navigation_expression", [of, method]) => {
            let class = match (of.kind(), parts(*of).last()) {
                ("identifier", _) => *of,
                ("navigation_expression", Some(name)) => *name,
                _ => return false,
            };
            class_holds(plain(text, class), plain(text, *method))
        }
        _ => false,
    }
}

/// Where a call may have a table from: a function of the repository is one that only reads what it is given.
fn called<'t>(text: &str, call: Node<'t>, is_whole: bool, is_held: bool, rest: &mut Rest<'t>) {
    let Some(callee) = parts(call).first().copied() else { return };
    if is_holder(text, callee) {
        rest.extend(arguments(call).into_iter().map(|held| (held, true)));
    }
    let method = match (callee.kind(), parts(callee).as_slice()) {
        ("navigation_expression", [of, method]) => {
            let method = plain(text, *method);
            let is_same = matches!(method, "also" | "apply");
            if !makes(method) {
                rest.push((*of, is_held || is_same && is_whole));
            }
            method
        }
        ("identifier", _) => plain(text, callee),
        // `with(row) { TABLE }`, `{ TABLE }()`
        ("call_expression", [inner, ..]) => {
            rest.push((callee, is_held));
            if inner.kind() == "identifier" { plain(text, *inner) } else { "" }
        }
        _ => {
            rest.push((callee, is_held));
            ""
        }
    };
    if matches!(method, "let" | "run" | "with") {
        rest.extend(part(call, "annotated_lambda").map(|lambda| (lambda, true)));
    }
}
