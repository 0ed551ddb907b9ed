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
        // What makes the collection that Java's collectors fill.
        "collect" if arguments == 3 => place == 0,
        "groupingBy" | "groupingByConcurrent" if arguments == 3 => place == 1,
        "toConcurrentMap" | "toMap" if arguments == 4 => place == 3,
        // What Kotlin and Java collect is put into the collection that is given.
        "associateByTo" | "associateTo" | "associateWithTo" | "copyInto" | "drainTo" | "filterIndexedTo"
        | "filterIsInstanceTo" | "filterNotNullTo" | "filterNotTo" | "filterTo" | "flatMapTo" | "groupByTo"
        | "mapIndexedTo" | "mapKeysTo" | "mapNotNullTo" | "mapTo" | "mapValuesTo" | "toCollection" | "toMap" => {
            place == 0
        }
        _ => false,
    }
}

/// Functions that give what they are given within something.
const HOLDERS: [&str; 22] = [
    "AtomicReference",
    "Pair",
    "Triple",
    "arrayListOf",
    "arrayOf",
    "checkNotNull",
    "flowOf",
    "hashMapOf",
    "lazyOf",
    "linkedMapOf",
    "listOf",
    "listOfNotNull",
    "mapOf",
    "mutableListOf",
    "mutableMapOf",
    "mutableSetOf",
    "persistentListOf",
    "requireNotNull",
    "sequenceOf",
    "setOf",
    "setOfNotNull",
    "sortedMapOf",
];

/// Classes whose functions do.
const CLASSES: [&str; 8] = ["Arrays", "Collections", "List", "Map", "Objects", "Optional", "Set", "Stream"];

/// Whether what a function gives holds what it is given, so that it may be reached there: `List.of(TABLE).get(0)`.
pub(in super::super) fn holds(callee: &str) -> bool {
    match callee.rsplit_once('.') {
        None => HOLDERS.binary_search(&callee).is_ok(),
        Some((of, method)) => class_holds(of.rsplit('.').next().unwrap_or(of), method),
    }
}

/// The same of a function of a class.
pub(in super::super) fn class_holds(class: &str, method: &str) -> bool {
    let makes = ["copyOf", "equals", "hash", "toString", "unmodifiable"];
    CLASSES.contains(&class) && !makes.iter().any(|name| method.starts_with(name))
}

/// Whether what a method gives is made of what it is called on, and is no way to it.
pub(in super::super) fn makes(method: &str) -> bool {
    matches!(
        method,
        "all"
            | "any"
            | "associate"
            | "associateBy"
            | "associateWith"
            | "clone"
            | "contains"
            | "containsKey"
            | "count"
            | "flatMap"
            | "flatten"
            | "fold"
            | "groupBy"
            | "indices"
            | "isEmpty"
            | "isNotEmpty"
            | "joinToString"
            | "keySet"
            | "keys"
            | "length"
            | "map"
            | "mapKeys"
            | "mapNotNull"
            | "mapValues"
            | "none"
            | "reduce"
            | "size"
            | "sumOf"
            | "toMap"
            | "toMutableMap"
            | "toString"
    )
}

/// Whether a method of what holds a table leaves it as it is. What a block does that has it by another name is not seen.
pub(in super::super) fn leaves(method: &str) -> bool {
    let others = matches!(
        method,
        "also"
            | "apply"
            | "collect"
            | "elementAt"
            | "findAny"
            | "findFirst"
            | "forEachOrdered"
            | "hasNext"
            | "ifPresent"
            | "isPresent"
            | "let"
            | "limit"
            | "maxOf"
            | "minOf"
            | "minus"
            | "next"
            | "onEach"
            | "orElse"
            | "orElseGet"
            | "orElseThrow"
            | "plus"
            | "run"
            | "skip"
            | "takeIf"
            | "to"
    );
    others || is_reader(method) || makes(method)
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
        assert!(HOLDERS.iter().all(|name| holds(name)) && holds("Optional.of") && !holds("List.copyOf"));
    }
}
