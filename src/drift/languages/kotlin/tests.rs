use super::super::{Language, Source};
use super::*;
use crate::drift::shape::{Member, Shape, Sites};

fn module(text: &str) -> Module {
    Language::Kotlin.read(&Source { path: "src/main/kotlin/com/acme/Order.kt".into(), text, sites: &Sites::default() })
}

#[test]
fn a_class_has_the_properties_of_its_constructor() {
    let text = "package com.acme\n\ndata class Order(val id: String, total: Int)\n";
    let place = |what: &str| u32::try_from(text.find(what).unwrap()).unwrap();
    let shape = Shape::Object(vec![Member::new("id", place("id:"), Shape::STRING)]);
    let order = Definition { name: "Order".to_owned(), at: place("Order"), shape, case: None };
    let module = module(text);
    assert_eq!(module.definitions, [order]);
    assert_eq!(module.unread, []);
}

#[test]
fn an_annotation_within_another_type_takes_no_imported_name() {
    let order = "import kotlinx.serialization.SerialName\nclass Order(@SerialName(\"mail\") val email: String)\n";
    let found = module(&format!("{order}class X {{ annotation class SerialName(val value: String) }}\n"));
    assert_eq!(found.definitions.first(), module(order).definitions.first());
    assert!(found.unread.iter().any(|unread| unread.reason.contains("imported")), "{found:?}");
}

#[test]
fn a_type_that_the_grammar_takes_for_another_thing_is_told() {
    let table = "@Entity\n@Table(name = \"orders\")\nclass Order {\n  var name: String? = null\n}\nclass Line(val sku: String)\n";
    for text in [
        table,
        "@Foo(1) class Order { val id: String = \"\" }\nclass Line(val sku: String)\n",
        "@Serializable enum class E { @SerialName(\"a\") A }\nclass Line(val sku: String)\n",
    ] {
        let module = module(text);
        let told = module.unread.iter().any(|unread| unread.reason.contains("the parser does not know this type"));
        assert!(told || module.definitions.len() == 2 || !module.unread.is_empty(), "{text}: {module:?}");
    }
    assert_eq!(module(&table.replace("Order", "Order()")).definitions.len(), 2);
    assert_eq!(module("println(1)\nval x = 1\n").unread, []);
}

#[test]
fn hostile_text_is_bounded() {
    for (name, text, is_read) in [
        ("parentheses", format!("val x = {}", "(".repeat(10_000)), false),
        ("closed", format!("val x = {}1{}", "(".repeat(10_000), ")".repeat(10_000)), true),
        ("classes", format!("{}{}", "class T { ".repeat(10_000), "}".repeat(10_000)), false),
        ("types", format!("class T(val x: {}T{})", "List<".repeat(10_000), ">".repeat(10_000)), true),
        ("nullable", format!("class T(val x: T{})", "?".repeat(10_000)), true),
        ("looks", format!("val x = a{}", "/*b".repeat(100_000)), false),
        ("quotes", "\"".repeat(1 << 17), false),
        ("braces", "{".repeat(1 << 17), false),
        ("line", format!("val x = listOf({})", "1234567890123456789,".repeat(50_000)), true),
        ("fields", format!("class T {{ {} }}", "val a: String;".repeat(20_000)), true),
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
        ("blocks", format!("fun f() {{ {}{} }}", "FIELDS.also { x; ".repeat(10_000), "}\n".repeat(10_000))),
        ("with", format!("fun f() {{ {}{} }}", "with(FIELDS) { ".repeat(10_000), "}\n".repeat(10_000))),
        ("chain", format!("val x = FIELDS{}", ".also { x }".repeat(10_000))),
        ("parentheses", format!("fun f() {{ {}FIELDS{}.sneak() }}", "(".repeat(10_000), ")".repeat(10_000))),
        ("references", format!("val x = FIELDS{}", "::b".repeat(10_000))),
        ("choices", format!("val x = {}FIELDS{}", "(a ?: ".repeat(10_000), ").sneak()".repeat(10_000))),
        ("given", format!("val x = {}FIELDS{}", "requireNotNull(".repeat(10_000), ").sneak()".repeat(10_000))),
        ("built", format!("val FIELDS = {}{}", "buildMap { putAll(".repeat(5_000), ") }".repeat(5_000))),
    ] {
        let start = std::time::Instant::now();
        let read = || {
            Language::Kotlin.read(&Source {
                path: "src/main/kotlin/com/acme/Order.kt".into(),
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
