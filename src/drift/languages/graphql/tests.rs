use super::*;
use crate::drift::shape::Sites;

fn module(text: &str) -> Module {
    read(&Source { path: "schema.graphql".into(), text, sites: &Sites::default() })
}

#[test]
fn hostile_nesting_is_told() {
    let run = || {
        for text in [
            format!("type A {{ a: {}Int{} }}", "[".repeat(10_000), "]".repeat(10_000)),
            format!("type A @b(c: {}", "[".repeat(10_000)),
            format!("type A {{ a(b: Int = {}", "{ c: ".repeat(10_000)),
            "{ a ".repeat(10_000),
            "type A {".repeat(10_000),
            format!("type A {{ a: Int \"{}", "x".repeat(100_000)),
            "\"\"\"".repeat(33_333),
            "\u{e9}".repeat(100_000),
            "(".repeat(100_000),
        ] {
            assert!(!module(&text).unread.is_empty(), "{}", text.chars().take(40).collect::<String>());
        }
        let line = format!("type A {{ {} }}", (0..50_000).map(|n| format!("f{n}: Int ")).collect::<String>());
        assert_eq!(module(&line).unread, []);
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn lists_in_lists_are_read_to_a_depth() {
    let deep = |depth: usize| module(&format!("type A {{ a: {}Int{} }}", "[".repeat(depth), "]".repeat(depth)));
    assert_eq!(deep(200).unread, []);
    assert!(!deep(300).unread.is_empty());
}
