//! What the methods of Java's and Kotlin's collections do with a mapping table.

use std::collections::BTreeSet;

/// What a method puts into a table, by the places of its arguments.
pub(in super::super) enum Put {
    /// A value.
    Value(usize),
    /// All that another table holds.
    All(usize),
}

/// What a method puts into a table where its arguments say so; `None` for any other method.
pub(in super::super) fn put(method: &str, arguments: usize) -> Option<Put> {
    Some(match (method, arguments) {
        ("put" | "putIfAbsent" | "replace" | "set" | "add", 2) => Put::Value(1),
        ("add" | "addFirst" | "addLast" | "plusAssign", 1) => Put::Value(0),
        ("putAll" | "addAll", 1) => Put::All(0),
        _ => return None,
    })
}

/// Whether a function is known to put something into what it is given at a place. To be given a table is how most functions
/// read it.
pub(in super::super) fn fills(function: &str, place: usize, arguments: usize) -> bool {
    match function {
        "arraycopy" => place == 2,
        "addAll" | "copy" | "fill" | "parallelSetAll" | "putAll" | "replaceAll" | "set" | "setAll" => {
            place == 0 && arguments > 1
        }
        // What Kotlin and Java collect is put into the collection that is given.
        "associateByTo" | "associateTo" | "associateWithTo" | "copyInto" | "drainTo" | "filterIndexedTo"
        | "filterIsInstanceTo" | "filterNotNullTo" | "filterNotTo" | "filterTo" | "flatMapTo" | "groupByTo"
        | "mapIndexedTo" | "mapKeysTo" | "mapNotNullTo" | "mapTo" | "mapValuesTo" | "toCollection" | "toMap" => {
            place == 0
        }
        _ => false,
    }
}

/// How long a choice between values is looked at: one may lie in another, and each is looked at by itself.
const CHOICE: usize = 1 << 16;

/// The tables that a choice between values may be one of.
pub(in super::super) fn hides<'s>(tables: &'s BTreeSet<String>, text: &str) -> impl Iterator<Item = &'s str> {
    tables.iter().map(String::as_str).filter(move |name| text.len() > CHOICE || text.contains(*name))
}

/// Whether a method, a property or an extension that the languages give puts nothing into what it is called on, nor hands
/// it on.
pub(in super::super) fn is_reader(method: &str) -> bool {
    const READERS: &[&str] = &[
        "all",
        "any",
        "asSequence",
        "associate",
        "associateBy",
        "associateWith",
        "clear",
        "clone",
        "contains",
        "containsAll",
        "containsKey",
        "containsValue",
        "copyOf",
        "count",
        "distinct",
        "entries",
        "entrySet",
        "equals",
        "filter",
        "filterKeys",
        "filterNot",
        "filterValues",
        "find",
        "first",
        "firstNotNullOfOrNull",
        "firstOrNull",
        "flatMap",
        "forEach",
        "forEachIndexed",
        "get",
        "getFirst",
        "getLast",
        "getOrDefault",
        "getOrElse",
        "getOrNull",
        "getValue",
        "groupBy",
        "hashCode",
        "indexOf",
        "indices",
        "isEmpty",
        "isNotEmpty",
        "iterator",
        "joinToString",
        "keySet",
        "keys",
        "last",
        "lastIndex",
        "lastIndexOf",
        "lastOrNull",
        "length",
        "map",
        "mapKeys",
        "mapNotNull",
        "mapValues",
        "none",
        "parallelStream",
        "remove",
        "removeAll",
        "removeIf",
        "single",
        "size",
        "sorted",
        "sortedBy",
        "stream",
        "toArray",
        "toList",
        "toMap",
        "toMutableList",
        "toMutableMap",
        "toSet",
        "toString",
        "toTypedArray",
        "values",
        "withIndex",
        "zip",
    ];
    READERS.binary_search(&method).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_found_by_their_order() {
        assert!(is_reader("all") && is_reader("zip") && is_reader("mapNotNull"));
        assert!(!is_reader("apply") && !is_reader(""));
    }
}
