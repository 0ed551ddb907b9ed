use super::super::{Language, Source};
use super::*;
use crate::drift::shape::{Member, Sites};

fn module(text: &str) -> Module {
    Language::Java.read(&Source { path: "src/main/java/com/acme/Order.java".into(), text, sites: &Sites::default() })
}

#[test]
fn a_class_has_its_fields() {
    let text = "package com.acme;\nclass Order {\n  private String id;\n}\n";
    let place = |what: &str| u32::try_from(text.find(what).unwrap()).unwrap();
    let shape = Shape::Object(vec![Member::new("id", place("id;"), Shape::STRING)]);
    let order = Definition { name: "Order".to_owned(), at: place("Order"), shape, case: None };
    let module = module(text);
    assert_eq!(module.definitions, [order]);
    assert_eq!(module.unread, []);
}

#[test]
fn an_annotation_within_another_type_takes_no_imported_name() {
    let order = "import com.acme.marks.*;\nimport com.fasterxml.jackson.annotation.JsonProperty;\n\
        class Order { @JsonProperty(\"mail\") String email; }\n";
    let plain = module(order);
    for inner in ["class X { class JsonProperty {} }", "class X { @interface JsonProperty { String value(); } }"] {
        let found = module(&format!("{order}{inner}"));
        assert_eq!(found.definitions.first(), plain.definitions.first(), "{inner}");
        assert_eq!(found.unread.is_empty(), !inner.contains("@interface"), "{inner}");
    }
}

#[test]
fn an_escape_that_hides_syntax_is_unread() {
    for (text, place) in [
        ("class A {} // \\u000a class B {}", Some(14)),
        ("class A { String s = \"\\u0022; }", Some(22)),
        ("class A { String s = \"\\\\u0022\"; }", None),
        ("class A { String s = \"\\u00e9\\uuu20ac\"; }", None),
        ("class A { String s = \"\\u00\"; }", Some(22)),
    ] {
        assert_eq!(hidden(text), place, "{text}");
    }
}

#[test]
fn hostile_text_is_bounded() {
    for (name, text, is_read) in [
        ("parentheses", format!("class T {{ int x = {}", "(".repeat(10_000)), false),
        ("closed", format!("class T {{ int x = {}1{}; }}", "(".repeat(10_000), ")".repeat(10_000)), true),
        ("classes", format!("{}{}", "class T { ".repeat(10_000), "}".repeat(10_000)), false),
        ("types", format!("class T {{ {}T{} x; }}", "List<".repeat(10_000), ">".repeat(10_000)), true),
        ("arrays", format!("class T {{ int{} x; }}", "[]".repeat(10_000)), true),
        ("looks", format!("class T {{ int x = a{}; }}", "/*b".repeat(100_000)), false),
        ("escapes", "\\".repeat(1 << 17), false),
        ("quotes", "\"".repeat(1 << 17), false),
        ("braces", "{".repeat(1 << 17), false),
        ("line", format!("class T {{ int[] x = {{{}}}; }}", "1234567890123456789,".repeat(50_000)), true),
        ("fields", format!("class T {{ {} }}", "String a;".repeat(20_000)), true),
    ] {
        let start = std::time::Instant::now();
        let read = move || module(&text);
        let module = std::thread::Builder::new().stack_size(64 << 20).spawn(read).unwrap().join().unwrap();
        assert!(start.elapsed().as_secs() < 60, "{name}");
        assert_eq!(module.unread.is_empty(), is_read, "{name}: {:?}", module.unread.first());
    }
}

#[test]
fn hostile_uses_of_a_table_are_bounded() {
    let sites = Sites { tables: ["FIELDS".to_owned()].into(), ..Sites::default() };
    for (name, text) in [
        ("chain", format!("class T {{ int x = FIELDS{}; }}", ".sneak()".repeat(10_000))),
        ("parentheses", format!("class T {{ int x = {}FIELDS{}.sneak(); }}", "(".repeat(10_000), ")".repeat(10_000))),
        (
            "choices",
            format!("class T {{ int x = {}FIELDS{}; }}", "(a ? b : ".repeat(10_000), ").sneak()".repeat(10_000)),
        ),
        (
            "given",
            format!("class T {{ int x = {}FIELDS{}; }}", "requireNonNull(".repeat(10_000), ").sneak()".repeat(10_000)),
        ),
    ] {
        let start = std::time::Instant::now();
        let read = || {
            Language::Java.read(&Source {
                path: "src/main/java/com/acme/Order.java".into(),
                text: &text,
                sites: &sites,
            })
        };
        let module = std::thread::scope(|scope| {
            std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, read).unwrap().join().unwrap()
        });
        assert!(start.elapsed().as_secs() < 60, "{name}");
        assert!(!module.unread.is_empty(), "{name}");
    }
}
