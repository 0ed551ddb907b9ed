use super::read;
use crate::drift::languages::Source;
use crate::drift::shape::{Module, Sites};

/// What a file says, read on the smallest stack that the thread for sources has.
fn said(text: &str) -> Module {
    let sites = Sites {
        functions: vec![("map".to_owned(), 1)],
        tables: ["FIELD_MAP".to_owned()].into(),
        table_member: None,
        discriminators: ["_type".to_owned()].into(),
        types: ["Order".to_owned()].into(),
        patches: ["set".to_owned()].into(),
    };
    let stack = (64 << 20).max(text.len() * 2048);
    let read = || read(&Source { path: "src/models.rs".into(), text, sites: &sites });
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, read).unwrap().join().unwrap()
    })
}

/// The longest prefix and the deepest brackets that are parsed, and many more.
const TIMES: [usize; 7] = [100, 240, 380, 480, 900, 1_900, 10_000];

#[test]
fn no_nesting_is_too_deep() {
    for times in TIMES {
        let around = |open: &str, close: &str| format!("{}1{}", open.repeat(times), close.repeat(times));
        for body in [
            around("(", ")"),
            around("[", "]"),
            around("{", "}"),
            around("f(", ")"),
            around("a!(", ")"),
            around("if a {", "}"),
            around("match a { _ =>", "}"),
            format!("{}1", "!".repeat(times)),
            format!("{}1", "-".repeat(times)),
            format!("{}1", "&".repeat(times)),
            format!("{}1", "*".repeat(times)),
            format!("{}1", "return ".repeat(times)),
            format!("{}1", "break ".repeat(times)),
            format!("{}1", "|a|".repeat(times)),
            format!("{}1", "a=".repeat(times)),
            format!("{}1", "a+=".repeat(times)),
            format!("{}1", "1+".repeat(times)),
            format!("{}1", "1<2||".repeat(times)),
            format!("{}{{}}", "if a {} else ".repeat(times)),
            format!("a{}", ".a".repeat(times)),
            format!("a{}", ".a()".repeat(times)),
            format!("a{}", "?".repeat(times)),
            format!("a{}", "[0]".repeat(times)),
            format!("a{}", " as u8".repeat(times)),
            format!("a::<{}u8{}>", "A<".repeat(times), ">".repeat(times)),
            format!("let {}a = 1;", "&".repeat(times)),
            format!("let {}a = 1;", "a@".repeat(times)),
            format!("let a: {}u8 = 1;", "fn()->".repeat(times)),
            format!("let a: {}u8 = 1;", "*const ".repeat(times)),
            format!("{}{}", "fn a() {".repeat(times), "}".repeat(times)),
        ] {
            said(&format!("fn a() {{ {body} }}"));
        }
        said(&format!("struct A {{ a: {}u8{} }}", "Vec<".repeat(times), ">".repeat(times)));
        said(&format!("struct A {{ a: {}u8{} }}", "[".repeat(times), "]".repeat(times)));
        said(&format!("struct A {{ a: {}u8 }}", "&".repeat(times)));
        said(&format!("use {}a{};", "a::{".repeat(times), "}".repeat(times)));
        said(&format!("use {}a;", "a::".repeat(times)));
        said(&format!("{}{}", "mod a {".repeat(times), "}".repeat(times)));
        said(&format!("#[{}a{}] struct A;", "a(".repeat(times), ")".repeat(times)));
        said(&"(".repeat(times));
    }
}

#[test]
fn one_long_line_takes_no_longer_than_it_must() {
    let begun = std::time::Instant::now();
    let fill = |part: &str| part.repeat((1 << 16) / part.len());
    for text in [
        fill("struct A;"),
        format!("struct A {{ {} }}", fill("a: Vec<B>,")),
        format!("struct A {{ {} }}", fill("#[serde(rename = \"a\")] a: B,")),
        format!("enum A {{ {} }}", fill("A(B),")),
        format!("struct {}; impl A {{ {} }}", fill("A"), fill("fn a(self) -> Self {}")),
        fill("mod a { use super::b; }"),
        format!("use {{ {} }};", fill("a,")),
        fill("use a::b::*;"),
        format!("{}struct A {{ {} }}", fill("use a::*;"), fill("a: Vec<B>,")),
        format!("{}{}", fill("use a::*;"), fill("#[derive(Serialize)] struct A { a: u8 }")),
        (0..3_000).map(|at| format!("fn a{at}() {{ use a{at}::b; map(b); }}")).collect(),
        (0..3_000).map(|at| format!("use a{at} as a{};", at + 1)).collect::<String>() + "fn a() { a0::map(a0::b) }",
        (0..2_000).map(|at| format!("macro_rules! a{at} {{ () => {{ a{}!() }} }} a{at}!();", at + 1)).collect(),
        (0..3_000).map(|at| format!("type A{at} = A{}; impl Serialize for A{at} {{}}", at + 1)).collect(),
        format!("use serde::S; {}", fill("mod a { use super::*; #[derive(S)] struct A; }")),
        format!("use crate::a::*; fn a() {{ use serde::S; }} {}", fill("#[derive(S)] struct A { a: S }")),
        format!("{} fn a() {{ {} }}", fill("#[macro_use] mod a;"), fill("vec![B];")),
        format!("fn a() {{ {}{}{} }}", "vec![".repeat(200), fill("a!(B),"), "]".repeat(200)),
        format!("fn a() {{ b!({}) }}", fill("a::B::")),
        format!("fn a() {{ {} }}", fill("a!(B);")),
        format!("fn a() {{ {} }}", (0..6_000).map(|at| format!("a!(B{at});")).collect::<String>()),
        format!("use super::*; {} fn a() {{ {} }}", fill("mod a { use super::*; }"), fill("map(A);")),
        format!("fn a() {{ {}1{} }}", "json!({ \"a\": ".repeat(60), "})".repeat(60)),
        format!("fn a() {{ json!({{ {} }}) }}", fill("A: A,")),
        format!("fn a() {{ {} }}", fill("let (FIELD_MAP, a) = b;")),
        format!("fn a() {{ {} }}", fill("map(\"a\");")),
        format!("fn a() {{ {} }}", fill("a!(b);")),
        format!("fn a() {{ {}{} }}", "a!(".repeat(300), fill("b,") + &")".repeat(300)),
        format!("fn a() {{ json!({{ {} }}) }}", fill("\"_type\": {},")),
        format!("fn a() {{ {} }}", fill("Order { a: 1 };")),
        format!("const FIELD_MAP: A = [{}];", fill("(\"a\", \"b\"),")),
        format!("const A: &str = \"{}\"; fn a() {{ {} }}", fill("a"), fill("map(A);")),
        format!("// {}\nstruct A {{ é: B }}", fill("é")),
        fill("\""),
        fill("/*"),
    ] {
        said(&text);
    }
    // A debug build on a machine that is busy with other tests: what is quadratic takes hours.
    assert!(begun.elapsed().as_secs() < 120, "{:?}", begun.elapsed());
}

#[test]
fn no_beginning_of_a_file_is_too_short() {
    let text = include_str!("../../../../fixtures/drift/rust/sites-literals.toml");
    let code = text.split("'''").nth(1).unwrap();
    for end in (0..=code.len()).filter(|end| code.is_char_boundary(*end)) {
        said(&code[..end]);
    }
}

#[test]
fn what_runs_the_file_moves_no_place() {
    for before in ["", "\u{feff}", "#!/usr/bin/env run\n", "\u{feff}#!/bin/é\n", "#![allow(x)]\n"] {
        let text = format!("{before}struct Order;");
        let module = said(&text);
        assert!(module.unread.is_empty(), "{:?}", module.unread);
        let at = module.definitions[0].at as usize;
        assert_eq!(&text[at..], "Order;");
    }
}
