//! Changes of one kind each, with what they bring.

use super::brings;
use refgate::drift::languages::Language;

#[test]
fn a_type_that_counts_elsewhere_is_not_what_is_written_in_its_place() {
    let files = [
        ("model/a.ts", "import { C } from './c';\nexport interface Order { r: C }"),
        ("model/c.ts", "export interface C { id: string }"),
    ];
    let now = [("model/a.ts", "export interface Order { r: { id: string } }")];
    assert_eq!(brings(Language::TypeScript, &["**"], &files, &now), ["Order.r.id"]);
}

#[test]
fn a_name_that_no_import_leads_to_is_looked_for_in_files_that_are_not_touched() {
    let order = |ty: &str| format!("import {{ One, Two }} from '@/types';\nexport interface Order {{ r: {ty} }}");
    let types = ("model/types.ts", "export interface One { id: string }\nexport interface Two { mail: string }");
    let (before, after) = (order("One"), order("Two"));
    let found = brings(Language::TypeScript, &["Order"], &[("model/a.ts", &before), types], &[("model/a.ts", &after)]);
    assert_eq!(found, ["Order.r.mail"]);
}

#[test]
fn a_file_may_be_called_by_its_place_alone_and_by_a_name_that_others_have_for_a_folder() {
    for (place, from) in [("model/index.ts", "."), ("model/index.ts", "./"), ("model/main.ts", "./main")] {
        let order = format!("import Base from '{from}';\nexport interface Order extends Base {{ r: string }}");
        let base = |member: &str| format!("export default interface Inner {{ {member} }}");
        let (before, after) = (base("id: string"), base("id: string; mail: string"));
        let found =
            brings(Language::TypeScript, &["Order"], &[("model/a.ts", &order), (place, &before)], &[(place, &after)]);
        assert_eq!(found, ["Order.mail"], "{from}");
    }
}

#[test]
fn a_name_that_a_star_hands_on_is_followed() {
    let files = [
        ("model/a.ts", "import { Q } from './star';\nexport interface Order extends Q { r: string }"),
        ("model/star.ts", "export * from './names';"),
        ("model/names.ts", "export { One as Q } from '../other/c';"),
        ("other/c.ts", "export interface One { id: string }\nexport interface Two { id: string; mail: string }"),
    ];
    let now = [("model/names.ts", "export { Two as Q } from '../other/c';")];
    assert_eq!(brings(Language::TypeScript, &["Order"], &files, &now), ["Order.mail"]);
}

/// Whether there is a reason among what a change brings: fields have no spaces.
fn is_unread(found: &[String]) -> bool {
    found.iter().any(|one| one.contains(' '))
}

#[test]
fn what_code_elsewhere_writes_out_is_followed_to_what_its_names_mean() {
    let both = "pub struct Order { r: String }\npub struct Other { x: String }";
    let by = |import: &str| format!("{import}\nimpl serde::Serialize for X {{}}");
    for [before, after] in [
        ["use crate::a::Other as X;", "use crate::a::Order as X;"],
        ["type X = crate::a::Other;", "type X = crate::a::Order;"],
    ] {
        let (before, after, rest) = (by(before), by(after), by("use crate::c::X;"));
        let here = [("model/src/a.rs", both), ("model/src/b.rs", &before)];
        let found = brings(Language::Rust, &["Order"], &here, &[("model/src/b.rs", &after)]);
        assert!(is_unread(&found), "{found:?}");
        // The name is handed on by a third file.
        let [third, now] = [&before, &after].map(|text| format!("pub {}", text.lines().next().unwrap()));
        let here = [("model/src/a.rs", both), ("model/src/b.rs", &rest), ("model/src/c.rs", &third)];
        let found = brings(Language::Rust, &["Order"], &here, &[("model/src/c.rs", &now)]);
        assert!(is_unread(&found), "{found:?}");
    }
}

#[test]
fn a_type_that_is_not_derived_any_more_may_be_written_out_elsewhere() {
    let [sealed, open] =
        ["#[derive(serde::Serialize)]", ""].map(|derive| format!("{derive}\npub struct Order {{ r: String }}"));
    let files = [
        ("model/src/a.rs", sealed.as_str()),
        ("model/src/b.rs", "use crate::a::Order;\nfn f() { crate::own!(Order); }"),
    ];
    assert!(!is_unread(&brings(Language::Rust, &["Order"], &[], &files)));
    assert!(is_unread(&brings(Language::Rust, &["Order"], &files, &[("model/src/a.rs", &open)])));
}

#[test]
fn a_method_that_writes_for_other_tags_is_another_one() {
    let order = ("model/a.go", "package model\ntype Order struct {\n R string `yaml:\"r\"`\n}");
    let of = |name: &str| format!("package model\nfunc (o Order) {name}() ([]byte, error) {{ return nil, nil }}");
    let (before, after) = (of("MarshalBSON"), of("MarshalYAML"));
    let found = brings(Language::Go, &["Order"], &[order, ("model/b.go", &before)], &[("model/b.go", &after)]);
    assert!(!found.is_empty());
}

#[test]
fn a_base_whose_name_is_spelt_with_an_escape_is_not_understood() {
    let order =
        |name: &str| format!("import {{ Base as {name} }} from './b';\nexport interface Order extends {name} {{}}");
    let base = ("model/b.ts", "export interface Base { id: string }");
    let (plain, hidden) = (order("Base"), "export interface Order extends L\\u006fst { r: string }");
    let found = brings(Language::TypeScript, &["Order"], &[("model/a.ts", &plain), base], &[("model/a.ts", hidden)]);
    assert!(found.iter().any(|one| one.starts_with("a name that is not written out here")), "{found:?}");
}

#[test]
fn a_type_that_is_given_to_another_is_followed() {
    let python = (
        "model/page.py",
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Page(Generic[T]):\n    items: list[T]\n",
    );
    let files = [
        (
            Language::TypeScript,
            (
                "model/a.ts",
                "import { Page } from './page';\nimport { Line } from './line';\nexport interface Order { r: Page<Line> }",
            ),
            ("model/page.ts", "export interface Page<T> { items: T[] }"),
            (
                "model/line.ts",
                ["export interface Line { id: string }", "export interface Line { id: string; mail: string }"],
            ),
        ),
        (
            Language::Python,
            (
                "model/a.py",
                "from model.page import Page\nfrom model.line import Line\nclass Order:\n    r: Page[Line]\n",
            ),
            python,
            ("model/line.py", ["class Line:\n    id: str\n", "class Line:\n    id: str\n    mail: str\n"]),
        ),
        (
            Language::Go,
            ("model/a.go", "package model\ntype Order struct { R Page[Line] `json:\"r\"` }\n"),
            ("model/page.go", "package model\ntype Page[T any] struct { Items []T `json:\"items\"` }\n"),
            (
                "model/line.go",
                [
                    "package model\ntype Line struct { ID string `json:\"id\"` }\n",
                    "package model\ntype Line struct { ID string `json:\"id\"`; Mail string `json:\"mail\"` }\n",
                ],
            ),
        ),
        (
            Language::Rust,
            ("model/a.rs", "use super::line::Line;\nuse super::page::Page;\npub struct Order { r: Page<Line> }"),
            ("model/page.rs", "pub struct Page<T> { items: Vec<T> }"),
            ("model/line.rs", ["pub struct Line { id: String }", "pub struct Line { id: String, mail: String }"]),
        ),
    ];
    for (language, order, page, (place, [before, after])) in files {
        let found = brings(language, &["Order"], &[order, page, (place, before)], &[(place, after)]);
        assert_eq!(found, ["Order.r.items[].mail"], "{language:?}");
    }
}
