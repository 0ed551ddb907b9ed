use super::*;
use crate::drift::shape::Sites;

fn module(text: &str) -> Module {
    read(&Source { path: "proto/acme/order.proto".into(), text, sites: &Sites::default() })
}

#[test]
fn imports_are_sought_beside_the_file_above_it_and_at_the_top() {
    let module = module("syntax = \"proto3\";\nimport \"acme/line.proto\";\nimport \"google/protobuf/any.proto\";\n");
    let from: Vec<_> = module.imports.iter().flat_map(|import| &import.from).map(ToString::to_string).collect();
    let due = ["proto/acme/acme/line.proto", "proto/acme/line.proto", "acme/line.proto"];
    assert_eq!(from.get(..3), Some(due.map(str::to_owned).as_slice()));
    assert_eq!(module.imports.len(), 1, "Google's packages come from elsewhere");
}

#[test]
fn places_hold_in_a_file_of_an_edition() {
    let text = "// \u{e9}\nedition   =  '2023' ;  message Order { string id = 1; }";
    let module = module(text);
    assert_eq!(module.unread, []);
    let definition = &module.definitions[0];
    assert!(text[definition.at as usize..].starts_with("Order"), "{definition:?}");
    let Shape::Object(members) = &definition.shape else { panic!("{definition:?}") };
    assert!(text[members[0].at as usize..].starts_with("id = 1"), "{members:?}");
}

#[test]
fn hostile_nesting_is_told() {
    for text in [
        "message A {".repeat(10_000),
        format!("syntax = \"proto3\"; option (a) = {{ {} }};", "b { ".repeat(10_000)),
        "/*".repeat(10_000),
        "message A { oneof b {".repeat(10_000),
        "\"".repeat(9_999),
    ] {
        assert!(!module(&text).unread.is_empty());
    }
    let fields: String = (1..15_000).map(|n| format!("map<string, int32> f{n} = {n}; ")).collect();
    assert_eq!(module(&format!("syntax = \"proto3\"; message A {{ {fields} }}")).unread, []);
    let nested = format!("{}{}", "message A { int32 a = 1; ".repeat(31), "}".repeat(31));
    assert_eq!(module(&format!("syntax = \"proto3\"; {nested}")).definitions.len(), 31);
}
