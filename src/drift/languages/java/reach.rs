//! Where a mapping table of Java is reached by its own name through something that holds it: `List.of(TABLE).get(0)`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use tree_sitter::Node;

use super::super::jvm::tables::{class_holds, hides, holds, makes};
use super::super::tree::{field, parts, said};

/// What was looked at: each part of a long chain is looked at with all that is around it.
pub(super) type Seen = RefCell<BTreeSet<(usize, bool, bool)>>;

/// How many steps are looked at: of more, a table's name among them will do.
const STEPS: usize = 32;

/// The table that a value leads to. Where `is_held`, one that nothing holds does as well.
pub(super) fn reached<'s>(
    text: &str,
    tables: &'s BTreeSet<String>,
    value: Node<'_>,
    is_held: bool,
    seen: &Seen,
) -> Option<&'s str> {
    // Each with whether a table is one of its own there, and not a part.
    let mut rest = vec![(value, is_held)];
    for _ in 0..STEPS {
        let (node, is_whole) = rest.pop()?;
        if !seen.borrow_mut().insert((node.id(), is_whole, is_held)) {
            continue;
        }
        let side = |name| field(node, name);
        let name = match node.kind() {
            "identifier" => said(text, node),
            "field_access" => side("field").map_or("", |name| said(text, name)),
            _ => "",
        };
        if let Some(table) = tables.get(name).filter(|_| is_whole) {
            return Some(table);
        }
        match node.kind() {
            "method_invocation" => {
                let method = side("name").map_or("", |name| said(text, name));
                let of = side("object");
                rest.extend(of.filter(|_| !makes(method)).map(|of| (of, is_held)));
                let class = of.map(|of| field(of, "field").filter(|_| of.kind() == "field_access").unwrap_or(of));
                let class = class.filter(|class| class.kind() == "identifier").map(|class| said(text, class));
                let is_holder = class.map_or(of.is_none() && holds(method), |class| class_holds(class, method));
                let given = side("arguments").filter(|_| is_holder);
                rest.extend(given.map_or_else(Vec::new, parts).into_iter().map(|held| (held, true)));
            }
            "object_creation_expression" => {
                let made = side("type").map_or("", |ty| said(text, ty));
                let made = made.split('<').next().unwrap_or(made).rsplit('.').next().unwrap_or(made).trim();
                let given = side("arguments").filter(|_| holds(made));
                rest.extend(given.map_or_else(Vec::new, parts).into_iter().map(|held| (held, true)));
            }
            "array_creation_expression" => rest.extend(side("value").map(|list| (list, true))),
            "array_initializer" => rest.extend(parts(node).into_iter().map(|item| (item, true))),
            "array_access" => rest.extend(side("array").map(|of| (of, is_held))),
            "field_access" => rest.extend(side("object").map(|of| (of, is_held))),
            "cast_expression" => rest.extend(side("value").map(|of| (of, is_whole))),
            "parenthesized_expression" => rest.extend(parts(node).into_iter().map(|of| (of, is_whole))),
            "ternary_expression" => {
                rest.extend(["consequence", "alternative"].into_iter().filter_map(side).map(|of| (of, is_whole)));
            }
            // `() -> TABLE`, `() -> { return TABLE; }`
            "lambda_expression" => rest.extend(side("body").map(|body| (body, true))),
            "block" | "return_statement" => rest.extend(parts(node).last().map(|last| (*last, is_whole))),
            _ => {}
        }
    }
    hides(tables, said(text, value)).next()
}
