//! What a contract keeps when its lists are brought up to the sources, and what holds for any text.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn fields(list: &[&str]) -> Vec<(String, FieldPath)> {
    let one = |field: &&str| {
        let (ty, path) = field.rsplit_once(' ').unwrap();
        (ty.to_owned(), FieldPath::parse(path).unwrap())
    };
    list.iter().map(one).collect()
}

/// What a text becomes; it must not change again, and list the same with CRLF.
#[track_caller]
fn becomes(text: &str, list: &[&str], expected: &str) {
    let fields = fields(list);
    let new = sync(text, &parse(text), &fields);
    assert_eq!(new, expected);
    assert_eq!(sync(&new, &parse(&new), &fields), new, "a second time");
    if text.contains('\n') {
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(sync(&crlf, &parse(&crlf), &fields), expected.replace('\n', "\r\n"));
    }
    let marked = format!("\u{feff}{text}");
    let contract = Contract::parse(marked.as_bytes(), &Columns::default());
    assert_eq!(sync(&marked, &contract, &fields), format!("\u{feff}{expected}"));
}

#[test]
fn lists_follow_the_sources_and_keep_their_prose() {
    let text = "# Map\n\nProse with `code`.\n\n## `src/a.ts`\n### `order`\n- `a` \u{2014} prose of a\n- `gone`: prose\n  \
                over lines\n- `c`\n\nMore prose.\n\n### `cart`\n* `x`\n";
    let expected = "# Map\n\nProse with `code`.\n\n## `src/a.ts`\n### `order`\n- `first`\n- `a` \u{2014} prose of \
                    a\n- `b[].c`\n- `c`\n- `last`\n\nMore prose.\n\n### `cart`\n* `x`\n* `y`\n\n## `new`\n\n- `n`\n- \
                    `m`\n";
    let list = ["order first", "order a", "order b[].c", "order c", "order last", "cart x", "cart y", "new n", "new m"];
    becomes(text, &list, expected);
    becomes(text, &["order a", "order gone", "order c", "cart x"], text);
}

#[test]
fn lists_that_end_or_empty_stay_lists() {
    becomes("### `a`\n- `x`", &["a x", "a y"], "### `a`\n- `x`\n- `y`");
    becomes("### `a`\n1. [ ] `x`\n", &["a y"], "### `a`\n1. `y`\n");
    becomes("### `a`\n- None\n", &["a y"], "### `a`\n\n- `y`\n\n- None\n");
    becomes("`a`\n===\nProse.\n", &["a y"], "`a`\n===\n\n- `y`\n\nProse.\n");
    becomes("### `a`", &["a y"], "### `a`\n\n- `y`\n");
    becomes("", &["a y", "POST /x z"], "## `a`\n\n- `y`\n\n## `POST /x`\n\n- `z`\n");
    becomes("", &["a none", "a calculated"], "## `a`\n\n- `$.none`\n- `$.calculated`\n");
    becomes("### `a`\n- `x`\n", &["a x", "a -"], "### `a`\n- `x`\n- `$.-`\n");
    becomes("", &["GET /x 200 z"], "## `GET /x 200`\n\n- `z`\n");
    becomes("### `a`\nProse\n- `x`\n---\n", &["a y"], "### `a`\nProse\n- `y`\n\n---\n");
    becomes("### `a`\nProse\n- `x`\n---\n", &[], "### `a`\nProse\n\n---\n");
    becomes("### `a`\n- `x_*`\n- `old` -> `x_1`\n", &["a x_1", "a y"], "### `a`\n- `y`\n- `x_*`\n- `old` -> `x_1`\n");
    becomes("### `a`\n- `x`\n\n- `y`\n\n### `b`\n- `z`\n", &["b z"], "### `b`\n- `z`\n");
    becomes(
        "# K\n### `a`\n- `x`\n# L\n### `a`\n- `y`\n\nProse.\n",
        &["c z"],
        "# K\n# L\n### `a`\n\nProse.\n\n## `c`\n\n- `z`\n",
    );
    becomes("### `a`\n- `x_*`\n- `y`\n", &["a y"], "### `a`\n- `y`\n");
}

#[test]
fn tables_keep_their_other_cells() {
    let head = "| Field | Path | Notes |\n|---|---|---|\n";
    becomes(
        &format!("## `a`\n{head}| x | p.x | why |\n| **Part** |\n| gone | p.g | no |\n| z | N/A |  |\n"),
        &["a x", "a y", "a z"],
        &format!("## `a`\n{head}| x | p.x | why |\n| `y` |  |  |\n| **Part** |\n| z | N/A |  |\n"),
    );
    becomes(
        &format!("{head}| a.x | p.x | why |\n"),
        &["a x", "a y"],
        &format!("{head}| a.x | p.x | why |\n| `a.y` |  |  |\n"),
    );
    becomes(
        &format!("## `a`\n{head}| `x`, `y`, `z` | `p`, `q`, `r` | why |\n"),
        &["a x", "a z"],
        &format!("## `a`\n{head}| `x`, `z` | `p`, `r` | why |\n"),
    );
    let routed = "| Field | Path | Endpoint |\n|---|---|---|\n| x | p | POST /a |\n";
    becomes(routed, &["POST /a x", "POST /a y"], &format!("{routed}| `POST /a y` |  |  |\n"));
}

#[test]
fn what_is_said_twice_and_tables_without_rows_go() {
    becomes("### `a`\n- `x`\n- `y`\n- `x`\n", &["a x", "a y"], "### `a`\n- `x`\n- `y`\n");
    let prose = "### `a`\n- `x`\n- `x`: prose\n";
    becomes(prose, &["a x"], prose);
    let places = "# K\n### `a`\n- `x`\n# L\n### `a`\n- `x`\n";
    becomes(places, &["a x"], places);
    let table = |rows: &str| format!("### `b`\n- `z`\n\n### `a`\n\n| Field | Path |\n|--|--|\n{rows}");
    becomes(&table("| `x` | y |\n| `y` | y |\n"), &["b z"], "### `b`\n- `z`\n\n");
    becomes(&table("| `x` | y |\n| `x` | y |\n"), &["a x", "b z"], &table("| `x` | y |\n"));
    let with_prose = "### `b`\n- `z`\n\n### `a`\n\n| Field | Path |\n|--|--|\n\nProse.\n";
    becomes(&table("| `x` | y |\n\nProse.\n"), &["b z"], with_prose);
    let row = "### `b`\n- `z`\n\n### `a`\n\n| Field | Path |\n|--|--|\n| N/A | y |\n";
    becomes(&table("| `x` | y |\n| N/A | y |\n"), &["b z"], row);
}

#[test]
fn new_sections_go_into_the_region() {
    let text = "Prose.\n\n<!-- refgate:contract -->\n- `a.x`\n<!-- /refgate:contract -->\n\nProse.\n";
    let expected = "Prose.\n\n<!-- refgate:contract -->\n- `a.x`\n- `a.y`\n\n## `b`\n\n- `z`\n\n<!-- /refgate:contract \
                    -->\n\nProse.\n";
    becomes(text, &["a x", "a y", "b z"], expected);
}

/// A page of prose, lists and tables of a few types.
fn page() -> impl Strategy<Value = String> {
    let path = "[a-d](\\.[a-c]|\\[\\]){0,2}";
    let item = (path, prop_oneof![Just(""), Just(" \u{2014} prose"), Just(": *x*\n  more"), Just("\n\n  apart")])
        .prop_map(|(path, prose)| format!("- `{path}`{prose}\n"));
    let row = (path, "[a-d]|N/A|", "[a-z ]{0,5}")
        .prop_map(|(path, target, notes)| format!("| `{path}` | {target} | {notes} |\n"));
    let list = prop::collection::vec(item, 1..5).prop_map(|items| items.concat());
    let table = prop::collection::vec(row, 1..5)
        .prop_map(|rows| format!("| Field | Path | N |\n|--|--|--|\n{}", rows.concat()));
    let prose = prop_oneof![
        Just("Prose.\n"),
        Just("> - `q`\n"),
        Just("```\n- `q`\n```\n"),
        Just("<!-- - `q` -->\n"),
        Just("---\n")
    ];
    let block = prop_oneof![3 => list, 2 => table, 1 => prose.prop_map(str::to_owned)];
    let section = ("(## `src/x\\.ts`\n|## Kinds\n)?", "[A-C]|sanity\\.x", prop::collection::vec(block, 0..4))
        .prop_map(|(above, ty, blocks)| format!("{above}### `{ty}`\n{}\n", blocks.join("\n")));
    (prop::collection::vec(section, 0..6), any::<bool>(), any::<bool>()).prop_map(|(sections, crlf, cut)| {
        let mut text = format!("# Map\n\nProse.\n\n{}", sections.concat());
        if cut {
            text.truncate(text.trim_end().len());
        }
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

fn declared() -> impl Strategy<Value = Vec<(String, FieldPath)>> {
    let field = ("[A-D]|sanity\\.x", "[a-d](\\.[a-c]|\\[\\]){0,2}")
        .prop_map(|(ty, path)| (ty, FieldPath::parse(&path).unwrap()));
    prop::collection::vec(field, 0..20)
}

fn set(contract: &Contract) -> BTreeSet<(String, FieldPath)> {
    contract.entries.iter().map(|entry| (entry.ty.clone(), entry.path.clone())).collect()
}

/// Lines that say no field and are no heading of a type or table.
fn rest<'a>(text: &'a str, contract: &Contract) -> Vec<&'a str> {
    let gone: BTreeMap<u32, u32> = contract.entries.iter().map(|entry| (entry.span.start, entry.span.end)).collect();
    let mut from = 0;
    let mut lines = Vec::new();
    for (start, end) in gone {
        lines.extend(text.get(from..start as usize).unwrap().lines());
        from = end as usize;
    }
    lines.extend(text.get(from..).unwrap().lines());
    let is_heading = |line: &str| line.starts_with("### ") || line.starts_with("| Field") || line.starts_with("|--");
    lines.into_iter().filter(|line| !line.trim().is_empty() && !is_heading(line)).collect()
}

proptest! {
    #[test]
    fn what_is_brought_up_to_date_lists_exactly_the_fields(text in page(), fields in declared()) {
        let contract = parse(&text);
        let new = sync(&text, &contract, &fields);
        let after = parse(&new);
        prop_assert_eq!(set(&after), fields.iter().cloned().collect::<BTreeSet<_>>(), "{}\n=====\n{}", text, new);
        prop_assert_eq!(sync(&new, &after, &fields), new.clone(), "not the same a second time: {}", text);
        let mut before = rest(&text, &contract).into_iter().peekable();
        for line in rest(&new, &after) {
            before.next_if_eq(&line);
        }
        prop_assert_eq!(before.next(), None, "prose is lost: {}\n=====\n{}", text, new);
        if text.contains("\r\n") {
            prop_assert!(!new.replace("\r\n", "").contains('\n'), "line ends are mixed: {:?}", new);
        }
        prop_assert!(!after.repeats(&new).contains(&true), "{}", new);
        if !contract.repeats(&text).contains(&true) {
            prop_assert_eq!(sync(&text, &contract, &in_order(&contract)), text, "what is listed changes the text");
        }
    }

    #[test]
    fn no_text_ends_the_program(
        text in "(#{1,3} |`[a-c](\\.[a-c])?`|- |\\| |\\|--\\|--\\||Field|Path|\r?\n|\n\n|> |```|<!-- /?refgate:contract -->|\\*\\*|_|\\\\|->|[ -~\u{e9}]){0,60}",
        fields in declared(),
    ) {
        let contract = parse(&text);
        for problem in contract.problems.iter().chain(&contract.unclear) {
            prop_assert!(problem.line as usize <= text.split('\n').count());
            prop_assert!(problem.message.bytes().chain(problem.help.bytes()).all(|byte| (0x20..=0x7e).contains(&byte)));
        }
        let _ = parse(&sync(&text, &contract, &fields));
    }
}

/// All that a contract lists, each once.
fn in_order(contract: &Contract) -> Vec<(String, FieldPath)> {
    contract.entries.iter().map(|entry| (entry.ty.clone(), entry.path.clone())).collect()
}
