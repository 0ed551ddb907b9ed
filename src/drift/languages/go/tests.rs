use super::super::{Language, Source};
use super::*;
use crate::drift::shape::{Member, Sites};

pub(super) fn module(text: &str) -> Module {
    Language::Go.read(&Source { path: "src/order.go".into(), text, sites: &Sites::default() })
}

#[test]
fn a_struct_has_the_names_of_its_tags() {
    let text = "package a\n\ntype Order struct {\n\tID string `json:\"id\"`\n\tn int\n}\n";
    let module = module(text);
    let place = |what: &str| u32::try_from(text.find(what).unwrap()).unwrap();
    let shape = Shape::Object(vec![Member::new("id", place("`json"), Shape::STRING).explicit()]);
    let order = Definition { name: "Order".to_owned(), at: place("Order"), shape, case: None };
    assert_eq!(module.definitions, [order]);
    assert_eq!(module.unread, []);
}

#[test]
fn hostile_text_is_bounded() {
    let within = |text: String| {
        let read = move || module(&text);
        std::thread::Builder::new().stack_size(64 << 20).spawn(read).unwrap().join().unwrap()
    };
    for (name, text) in [
        ("parentheses", format!("package a\nvar x = {}", "(".repeat(10_000))),
        ("closed", format!("package a\nvar x = {}1{}", "(".repeat(10_000), ")".repeat(10_000))),
        ("slices", format!("package a\ntype T {}string", "[]".repeat(10_000))),
        ("structs", format!("package a\ntype T {}int{}", "struct{A ".repeat(10_000), "}".repeat(10_000))),
        ("looks", format!("package a\nvar x = a{}", "/*b".repeat(100_000))),
        ("quotes", "\"".repeat(1 << 17)),
        ("braces", "{".repeat(1 << 17)),
        ("line", format!("package a; var x = []int{{{}}}", "1234567890123456789,".repeat(50_000))),
        ("fields", format!("package a; type T struct {{{}}}", "A string;".repeat(20_000))),
        ("names", format!("package a\ntype T {}int{}", "struct{A, B ".repeat(60), "}".repeat(60))),
    ] {
        let start = std::time::Instant::now();
        let module = within(text);
        assert!(start.elapsed().as_secs() < 60, "{name}");
        let read = name == "names"
            || module.definitions.iter().any(|definition| definition.name == "T")
            || name == "closed"
            || name == "line";
        assert_eq!(read, module.unread.is_empty(), "{name}: {:?}", module.unread);
    }
}

#[test]
fn a_long_chain_of_calls_takes_no_longer_than_it_must() {
    let sites =
        Sites { functions: vec![("Map".to_owned(), 1)], patches: ["Set".to_owned()].into(), ..Sites::default() };
    let start = std::time::Instant::now();
    for chain in ["()", ".a", ".a()"] {
        let text = format!("package a\nvar x = a{}", chain.repeat((1 << 18) / chain.len()));
        let module = Language::Go.read(&Source { path: "src/order.go".into(), text: &text, sites: &sites });
        assert_eq!(module.sites, []);
    }
    let text = format!("package a\nvar x = a{}.Set(\"late\", 1)", ".Set(\"a\", 1)".repeat(100));
    let module = Language::Go.read(&Source { path: "src/order.go".into(), text: &text, sites: &sites });
    assert_eq!(module.sites.len(), 101);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
