use super::*;
use crate::drift::sync::sync;

mod keeping;
mod shapes;

fn parse(text: &str) -> Contract {
    let contract = Contract::parse(text.as_bytes(), &Columns::default());
    for entry in &contract.entries {
        points_at_its_path(text, entry);
    }
    contract
}

/// Where an entry says it stands, its path is written, alone or behind the type.
fn points_at_its_path(text: &str, entry: &Entry) {
    let written = text.get(entry.at as usize..(entry.at + entry.len) as usize).unwrap();
    let path = FieldPath::parse(&written.replace('\\', "")).unwrap_or_else(|reason| panic!("{written:?}: {reason}"));
    let is_split = path.split_type() == Some((entry.ty.as_str(), entry.path.clone()));
    assert!(path == entry.path || is_split, "{written:?} is not where {entry:?} stands");
    let before = text.get(..entry.at as usize).unwrap();
    assert_eq!(entry.line as usize, before.matches('\n').count() + 1);
    let span = text.get(entry.span.start as usize..entry.span.end as usize).unwrap();
    assert!(span.contains(written) && (span.ends_with('\n') || entry.span.end as usize == text.len()), "{span:?}");
}

fn entries(contract: &Contract) -> Vec<String> {
    let told = |entry: &Entry| {
        let target = match &entry.target {
            Target::Path(path) => format!(" = {path}"),
            Target::None => " = nothing".to_owned(),
            Target::Unstated => String::new(),
        };
        let route = entry.route.as_ref().map_or(String::new(), |route| format!(" by {route}"));
        format!("{} {}{target}{route}", entry.ty, entry.path)
    };
    contract.entries.iter().map(told).collect()
}

fn problems(contract: &Contract) -> Vec<String> {
    contract.problems.iter().map(|problem| format!("{}: {}", problem.line, problem.message)).collect()
}

/// What a text without any problem lists.
#[track_caller]
fn lists(text: &str, expected: &[&str]) {
    let contract = parse(text);
    assert_eq!(problems(&contract), [""; 0], "{text}");
    assert_eq!(entries(&contract), expected, "{text}");
    let crlf = parse(&text.replace('\n', "\r\n"));
    assert_eq!((entries(&crlf), problems(&crlf)), (entries(&contract), vec![]), "with CRLF: {text}");
    let marked = Contract::parse(format!("\u{feff}{text}").as_bytes(), &Columns::default());
    assert_eq!(entries(&marked), expected);
    for (own, other) in contract.entries.iter().zip(&marked.entries) {
        assert_eq!((own.at + 3, own.line, own.column), (other.at, other.line, other.column));
    }
}

/// The one problem of a text.
#[track_caller]
fn wrong(text: &str, line: u32, message: &str) {
    let contract = parse(text);
    let [problem] = contract.problems.as_slice() else { panic!("{text}\n{:?}", contract.problems) };
    assert_eq!(problem.line, line, "{text}\n{problem:?}");
    assert!(problem.message.contains(message), "{text}\n{problem:?}");
    for told in [&problem.message, &problem.help] {
        assert!(!told.is_empty() && told.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{told:?}");
    }
}

#[test]
fn lists_under_types_are_fields() {
    lists(
        "## `src/a.ts`\n### `order`\n- `a.b[].c` \u{2014} prose with `code`\n* `d`\n1. `e`: x\n- [x] `f` (g)\n- **`h`** - i\n",
        &["order a.b[].c", "order d", "order e", "order f", "order h"],
    );
    lists("# `order` (src/order.ts)\n\n- `a`\n\n- `b`\n\n  Prose of b.\n\n  - more prose\n", &["order a", "order b"]);
    lists("### `order`\n- None\n### `cart`\n- `N/A`\n", &[]);
    lists(
        "`order`\n===\n- ` a `\n- ``b``\n- `$.c[*].d`\n- `/e/0/f`\n- `g[i].h`\n- `p[X]`\n- `custom_*`\n",
        &["order a", "order b", "order c[].d", "order e[].f", "order g[].h", "order p.X", "order custom_*"],
    );
    lists(
        "## `sanity.fileAsset`\n- `a`\n## `POST /orders`\n- `b`\n- `GET /x c`\n- `GET /x#d`\n",
        &["sanity.fileAsset a", "POST /orders b", "POST /orders c by GET /x", "POST /orders d by GET /x"],
    );
    lists(
        "### `order`\n#### Numbers\n- `a`\n- and prose\n  - `b` with code\n### Notes\n- `c` is prose\n",
        &["order a"],
    );
}

#[test]
fn prose_stays_prose() {
    lists("# Map\n- Source: `x.json`\n- `shipTo` includes `email`, but `b` does not\n- a -> b\n", &[]);
    lists("- `npm run x` \u{2014} runs x\n- `a` \u{2014} prose\n", &[]);
    lists(
        "```\n### `order`\n- `a`\n```\n\n    ### `order`\n\n> ### `cart`\n> - `a`\n\n<!--\n### `x`\n- `a`\n-->\n",
        &[],
    );
    lists("### `order` is special\n- `a` is\n\n### `order`\n> - `no`\n\n- `a`\n\n```\n- `no`\n```\n", &["order a"]);
    lists(
        "### `order`\n- `a`\n\n[^1]: note\n    - `no`\n\n<details>\n\n- `b`\n\n</details>\n",
        &["order a", "order b"],
    );
}

#[test]
fn what_is_neither_field_nor_prose_is_a_problem() {
    wrong("### `order`\n- `a`\n- b\n", 3, "names no field");
    wrong("### `order`\n- `a`\n- `b`, `c`\n", 3, "names no field");
    wrong("### `order`\n- `a`\n- `b` and more\n", 3, "names no field");
    wrong("### `order`\n- `a`\n- ~~`b`~~\n", 3, "names no field");
    wrong("### `order`\n- `a`\n- # `b`\n", 3, "names no field");
    wrong("### `order`\n- `a`\n- `b c`\n", 3, "no path of a field");
    wrong("### `order`\n- `a`\n- `b..c`\n", 3, "no path of a field");
    wrong("### `order`\n- `a`\n- `a -> b`\n", 3, "no path of a field");
    wrong("### `order`\n- `a`\n  - `b`\n", 3, "list within a list");
    wrong("### `order`\n- `a`\n- `GET /x`\n", 3, "route without a field");
    wrong("### `order`\n- `a`\n<ul><li>b</li></ul>\n", 3, "in HTML");
    wrong("## `src/a.ts`\n- `a` \u{2014} prose\n", 2, "under no type");
    wrong("## Fields\n- `a`\n", 2, "under no type");
    wrong("- `a`\n", 1, "under no type");
    wrong("### `order`\n\nProse.\n", 1, "lists no fields");
    wrong("### `order`\n- `a`\n- `b`\n- `a`\n", 4, "stands here twice, first in line 2");
    wrong("### `order`\n- `a`\n### `order`\n- `b`\n", 3, "has a section in line 1");
    wrong(&format!("### `{}`\n", "x".repeat(600)), 1, "more than 512 bytes");
    assert_eq!(problems(&Contract::parse(b"a\n\xff", &Columns::default())), ["2: the contract is no UTF-8"]);
    let hidden = Contract::parse("### `order`\n- `a\u{202e}`\n".as_bytes(), &Columns::default());
    assert!(problems(&hidden).first().unwrap().contains("U+202E"));
}

#[test]
fn sections_by_kind_may_repeat_types_and_fields() {
    let text = "## `src/a.ts`\n### `order`\n- `a`\n- `b`\n## Dates\n### `order` (src/b.ts)\n- `a`\n";
    lists(text, &["order a", "order b", "order a"]);
    let sections = parse(text).sections;
    let told: Vec<_> = sections.iter().map(|section| (section.line, section.source.as_deref())).collect();
    assert_eq!(told, [(2, Some("src/a.ts")), (6, Some("src/b.ts"))]);
    let ends: Vec<&str> = sections.iter().map(|own| text.get(own.at as usize..own.end as usize).unwrap()).collect();
    assert_eq!(ends, ["### `order`\n- `a`\n- `b`\n", "### `order` (src/b.ts)\n- `a`\n"]);
    wrong(
        "## `order`\n|Field|Path|\n|--|--|\n|a|b|\n# X\n## `order`\n|Field|Path|\n|--|--|\n|a|c|\n",
        9,
        "mapped to something else than in line 4",
    );
}

#[test]
fn retired_names_are_read() {
    let text =
        "### `order`\n- `cartItems` \u{2192} `cart`\n- `order.x.y` -> `order.z` \u{2014} since then\n- `q` => `r`\n";
    let contract = parse(text);
    assert_eq!(problems(&contract), [""; 0]);
    let told: Vec<_> =
        contract.retired.iter().map(|own| format!("{} {} {} {}", own.line, own.ty, own.from, own.to)).collect();
    assert_eq!(told, ["2 order cartItems cart", "3 order x.y z", "4 order q r"]);
    assert!(contract.retired.iter().all(|own| text.get(own.at as usize - 1..).unwrap().starts_with('`')));
    let fenced = parse("<!-- refgate:contract -->\n- `order.a` -> `order.b`\n<!-- /refgate:contract -->\n");
    assert_eq!((fenced.retired.len(), fenced.problems.len()), (1, 0));
    wrong("### `order`\n- `a` -> `b`\n- `a`\n", 2, "retired here and listed");
    wrong("### `order`\n- `a` -> `b`\n- `a` -> `c`\n", 3, "became another field in line 2");
    wrong("### `order`\n- `a` -> `a`\n- `b`\n", 2, "two names of one field");
    wrong("### `order`\n- `a` -> b\n- `b`\n", 2, "names no field");
    wrong("### `order`\n- `a` -> `b c`\n", 2, "no path");
    wrong("<!-- refgate:contract -->\n- `order.a` -> `cart.b`\n<!-- /refgate:contract -->\n", 2, "two names");
}

#[test]
fn acknowledgements_are_read_from_their_section() {
    let text = "### `order`\n- `a`\n\n## Drift acknowledgements\n\nProse.\n- removed `order.b`: why; approved by ann; \
                2026-11-21\n- nonsense\n";
    let contract = parse(text);
    assert_eq!((contract.entries.len(), contract.acknowledgements.len(), contract.unclear.len()), (1, 1, 1));
    assert_eq!(contract.unclear.first().unwrap().line, 8);
    assert_eq!(problems(&contract), [""; 0]);
    let at = contract.acknowledgements.first().unwrap().at as usize;
    assert!(text.get(at..).unwrap().starts_with("removed"));
}

#[test]
fn a_path_stands_on_one_line() {
    wrong("### `order`\n- `a`\n- `b\n  .c`\n", 3, "names no field");
    wrong("### `order`\n- `a`\n- `/b c`\n", 3, "no path of a field");
}
