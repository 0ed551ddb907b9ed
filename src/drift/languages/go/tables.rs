//! Mapping tables of Go: what they are made of, what is put into them by their names, and where more than that may be.

use tree_sitter::Node;

use super::super::tree::{Finder, field, fields, part, parts, said};
use super::sites::{Reader, dotted};
use crate::drift::shape::Module;

/// A table as code names it.
struct Table<'t> {
    name: &'t str,
    /// Where the name stands, with what it is a member of.
    node: Node<'t>,
    /// What is named is a part of the table: `TABLE["a"]`, `TABLE.A`.
    is_part: bool,
    /// That part, or what it is a part of, is a member of the table: `TABLE.A`.
    is_member: bool,
}

/// What a node does to tables. A table that is handed on as a value is read where it is written.
pub(super) fn read<'t>(finder: &mut Finder<'_, Reader<'_, 't>>, module: &mut Module, node: Node<'t>, text: &'t str) {
    if finder.sites.tables.is_empty() {
        return;
    }
    let side = |name| field(node, name).map_or_else(Vec::new, parts);
    match node.kind() {
        "const_spec" | "var_spec" => {
            let values = side("value");
            set(finder, module, &fields(node, "name"), &values, text);
        }
        "short_var_declaration" => set(finder, module, &side("left"), &side("right"), text),
        "assignment_statement" if part(node, "=").is_some() => {
            set(finder, module, &side("left"), &side("right"), text);
        }
        // `TABLE["a"] += "b"`, and `for _, TABLE := range …`, whose value nobody knows.
        "assignment_statement" | "range_clause" | "receive_statement" => {
            side("left").into_iter().for_each(|target| changed(finder, module, target, text));
        }
        "type_switch_statement" => {
            side("alias").into_iter().for_each(|target| changed(finder, module, target, text));
        }
        "function_declaration" | "method_declaration" | "func_literal" => {
            returned(node).into_iter().for_each(|name| changed(finder, module, name, text));
        }
        // `&TABLE[0]`
        "unary_expression" if part(node, "&").is_some() => {
            field(node, "operand").into_iter().for_each(|target| changed(finder, module, target, text));
        }
        "call_expression" => called(finder, module, node, text),
        "composite_literal" | "literal_value" => placed(finder, module, node),
        "keyed_element" => held(finder, module, node, text),
        _ => {}
    }
}

/// The names of what a function returns: its own, and those of its results.
fn returned(function: Node<'_>) -> Vec<Node<'_>> {
    let results = field(function, "result").filter(|result| result.kind() == "parameter_list");
    let results = results.map_or_else(Vec::new, parts).into_iter().flat_map(|result| fields(result, "name"));
    field(function, "name").into_iter().chain(results).collect()
}

/// What a node names as a table, or as a part of one. Whatever the depth: what is not found here is not looked at again.
fn table<'t>(finder: &Finder<'_, Reader<'_, 't>>, node: Node<'t>, text: &'t str) -> Option<Table<'t>> {
    let (mut node, mut is_part, mut is_member) = (node, false, false);
    loop {
        let name = match node.kind() {
            "identifier" | "field_identifier" => said(text, node),
            "selector_expression" => field(node, "field").map_or("", |name| said(text, name)),
            _ => "",
        };
        if finder.is_table(name) {
            return Some(Table { name, node, is_part, is_member });
        }
        is_part |= matches!(node.kind(), "index_expression" | "selector_expression");
        is_member |= node.kind() == "selector_expression";
        node = match node.kind() {
            "index_expression" | "selector_expression" | "slice_expression" | "type_assertion_expression" => {
                field(node, "operand")?
            }
            "call_expression" | "type_conversion_expression" => converted(finder, node, text)?,
            "unary_expression" if part(node, "*").is_some() => field(node, "operand")?,
            "parenthesized_expression" => *parts(node).first()?,
            _ => return None,
        };
    }
}

/// What a conversion to a type is of: `T(TABLE)`, `map[string]string(TABLE)`. A call looks alike.
fn converted<'t>(finder: &Finder<'_, Reader<'_, 't>>, node: Node<'t>, text: &str) -> Option<Node<'t>> {
    let ty = bare(field(node, "type").or_else(|| field(node, "function"))?);
    let is_type = match ty.kind() {
        "identifier" | "type_identifier" | "generic_type" | "type_instantiation_expression" | "pointer_type" => {
            is_own_type(finder, ty, text)
        }
        "selector_expression" | "qualified_type" => false,
        kind => kind.ends_with("_type"),
    };
    let given = field(node, "arguments").map_or_else(|| fields(node, "operand"), parts);
    given.first().copied().filter(|_| is_type && given.len() == 1)
}

/// Whether what a node names is a type of this file.
fn is_own_type(finder: &Finder<'_, Reader<'_, '_>>, node: Node<'_>, text: &str) -> bool {
    finder.reader.file.types.contains_key(dotted(text, node).0.as_str())
}

/// What stands between parentheses.
fn bare(mut node: Node<'_>) -> Node<'_> {
    while let ("parenthesized_expression" | "parenthesized_type", Some(inner)) = (node.kind(), parts(node).first()) {
        node = *inner;
    }
    node
}

/// What is done to a table, or to a part of one, is not known.
fn changed<'t>(finder: &Finder<'_, Reader<'_, 't>>, module: &mut Module, node: Node<'t>, text: &'t str) {
    if let Some(table) = table(finder, node, text) {
        finder.used(module, table.name, table.node);
    }
}

/// `var m = …`, `m := …`, and `m["a"] = "b"` for one that is there.
fn set<'t>(
    finder: &mut Finder<'_, Reader<'_, 't>>,
    module: &mut Module,
    targets: &[Node<'t>],
    values: &[Node<'t>],
    text: &'t str,
) {
    for (place, target) in targets.iter().enumerate() {
        // Several names may have what one call returns.
        let Some(value) = values.get(place).or(values.last()) else { continue };
        let Some(table) = table(finder, *target, text) else { continue };
        match appended(finder, &table, *value, text) {
            Some(added) => added.iter().for_each(|value| finder.table_value(module, table.name, *value)),
            None if table.is_part => finder.table_value(module, table.name, *value),
            None if value.kind() == "nil" || is_empty(finder, *value, text) => {}
            None => finder.table(module, table.name, *value),
        }
    }
}

/// `make(map[string]string)`, by its name as well; a slice that is made with a length has texts nobody knows.
fn is_empty<'t>(finder: &Finder<'_, Reader<'_, 't>>, value: Node<'t>, text: &str) -> bool {
    let is_make = field(value, "function").is_some_and(|function| said(text, function) == "make");
    let given = field(value, "arguments").map_or_else(Vec::new, parts);
    let made = given.first().copied().filter(|_| is_make).and_then(|ty| finder.reader.made_of(ty));
    made.is_some_and(|ty| ty.kind() == "map_type")
}

/// What `TABLE = append(TABLE, …)` adds.
fn appended<'t>(
    finder: &mut Finder<'_, Reader<'_, 't>>,
    table: &Table<'t>,
    value: Node<'t>,
    text: &'t str,
) -> Option<Vec<Node<'t>>> {
    let is_append = field(value, "function").is_some_and(|function| said(text, function) == "append");
    let mut added = field(value, "arguments").filter(|_| is_append).map(parts)?;
    let is_whole = |own: &Table<'t>| own.name == table.name && !own.is_part && !table.is_part;
    let own = self::table(finder, *added.first()?, text).filter(is_whole)?;
    finder.excuse(own.node);
    added.remove(0);
    Some(added)
}

/// A call: methods of a table do what they like with it, and some of Go's own functions fill what they are given first.
fn called<'t>(finder: &mut Finder<'_, Reader<'_, 't>>, module: &mut Module, call: Node<'t>, text: &'t str) {
    let Some(function) = field(call, "function").map(bare) else { return };
    let arguments = field(call, "arguments").map_or_else(Vec::new, parts);
    if let Some(of) = field(function, "operand").filter(|_| function.kind() == "selector_expression")
        && let Some(table) = table(finder, of, text).filter(|table| !table.is_part || table.is_member)
        && !is_asked(finder, &table, of, field(function, "field"), text)
    {
        changed(finder, module, of, text);
    }
    let package = field(function, "operand").and_then(|package| finder.reader.file.packages.get(said(text, package)));
    let name = field(function, "field").map_or("", |name| said(text, name));
    let fills = match package.map(String::as_str) {
        Some("maps" | "slices" | "golang.org/x/exp/maps" | "golang.org/x/exp/slices") => !is_reader(name),
        Some(_) => false,
        // `T.Set(TABLE, "a", "b")`
        None if function.kind() == "selector_expression" => {
            field(function, "operand").is_some_and(|of| is_own_type(finder, of, text))
        }
        None => matches!(said(text, function), "append" | "copy"),
    };
    // To be given a table is how most functions read it.
    arguments.first().filter(|_| fills).into_iter().for_each(|filled| changed(finder, module, *filled, text));
}

/// Whether a method that is called on a table by its name is one of this file that only reads.
fn is_asked<'t>(
    finder: &Finder<'_, Reader<'_, 't>>,
    table: &Table<'t>,
    of: Node<'t>,
    method: Option<Node<'t>>,
    text: &str,
) -> bool {
    let is_plain = of.kind() == "identifier" && !table.is_part && !finder.reader.is_shadowed(of);
    is_plain && method.is_some_and(|method| finder.reader.readers.is_reader(table.name, said(text, method)))
}

/// Whether a function of `maps` or `slices` leaves what it is given first as it is.
fn is_reader(name: &str) -> bool {
    matches!(
        name,
        "All"
            | "BinarySearch"
            | "Clone"
            | "Concat"
            | "Contains"
            | "ContainsFunc"
            | "Equal"
            | "EqualFunc"
            | "Index"
            | "IndexFunc"
            | "Keys"
            | "Values"
    )
}

/// `Mapper{TABLE: map[string]string{…}}`
fn held<'t>(finder: &mut Finder<'_, Reader<'_, 't>>, module: &mut Module, element: Node<'t>, text: &'t str) {
    let inner = |side| field(element, side).and_then(|side| parts(side).first().copied());
    let (Some(key), Some(value)) = (inner("key").filter(|key| key.kind() == "identifier"), inner("value")) else {
        return;
    };
    let key = said(text, key);
    match table(finder, value, text) {
        // The table by its own name is read where that is.
        Some(table) if table.name == key && !table.is_part => {}
        _ if is_plain(value) => {}
        _ => finder.table(module, key, value),
    }
}

/// `Mapper{map[string]string{…}}` for a struct whose field has the table's name.
fn placed<'t>(finder: &mut Finder<'_, Reader<'_, 't>>, module: &mut Module, literal: Node<'t>) {
    let values = field(literal, "body").map_or_else(|| parts(literal), parts);
    let names =
        finder.reader.structure(literal).map_or_else(Vec::new, |fields| fields.iter().map(|(name, _)| *name).collect());
    for (name, value) in names.into_iter().zip(values) {
        let value = parts(value).first().copied().filter(|_| value.kind() == "literal_element");
        if let Some(value) = value.filter(|value| !is_plain(*value)) {
            finder.table(module, name, value);
        }
    }
}

/// Whether a value is no table for certain: a member that has a table's name may be another thing.
fn is_plain(value: Node<'_>) -> bool {
    matches!(
        value.kind(),
        "nil"
            | "true"
            | "false"
            | "int_literal"
            | "float_literal"
            | "rune_literal"
            | "interpreted_string_literal"
            | "raw_string_literal"
    )
}
