mod taken_back;

use super::*;
use proptest::prelude::*;

const GOOD: &str = "\
# AI CHANGE APPROVAL CONTRACT

**Task:** polish
Repository: `acme/site`
- **Base SHA**: 80887f7

Date: 2026-01-06

---

## APPROVED SCOPE

See `src/everything/**` for context.

- [ ] **Schema changes**: NONE

- Runtime code changes:
  - [x] `src/ok/**` the feature, like `other`
  - (update the tests, and see `plan`)
  - `app/[id]/page.tsx`

### Backfill scripts:

1. `scripts/backfill-a.ts`

**Documentation-only changes**

- `docs/`

## EXPLICITLY NOT APPROVED

- Any change to `src/prose/**`.
- New fields, see:
  `docs/map.md`
- `src/ok/secret/**`

## HUMAN APPROVAL

Name: Jo Doe
Date: ____
";

fn parse(text: &str) -> Approval {
    Approval::parse(text.as_bytes())
}

fn in_scope(body: &str) -> Approval {
    parse(&format!("Task: t\n\n## APPROVED SCOPE\n\n{body}\n"))
}

fn globs(approval: &Approval) -> Vec<(&str, Heading, u32)> {
    let entries = approval.scope.iter().flat_map(|scope| &scope.entries);
    entries.map(|entry| (entry.glob.as_str(), entry.heading, entry.line)).collect()
}

#[track_caller]
fn approves(body: &str, expected: &[(&str, Heading)]) {
    let approval = in_scope(body);
    assert_eq!(approval.problems, [], "{body}");
    let found: Vec<_> = globs(&approval).into_iter().map(|(glob, heading, _)| (glob, heading)).collect();
    assert_eq!(found, expected, "{body}");
}

#[track_caller]
fn approves_nothing(body: &str) {
    let approval = in_scope(body);
    assert_eq!(globs(&approval), [], "{body}");
}

#[track_caller]
fn is_problem(body: &str, about: &str) {
    let approval = in_scope(body);
    assert!(approval.problems.iter().any(|problem| problem.message.contains(about)), "{body}: {approval:#?}");
}

#[test]
fn a_filled_template_says_what_it_shows() {
    let approval = parse(GOOD);
    assert_eq!(approval.problems, []);
    assert_eq!(approval.task, Some(Line { line: 3, value: "polish".into() }));
    assert_eq!(approval.repository, Some(Line { line: 4, value: "acme/site".into() }));
    assert_eq!(approval.base, Some(Line { line: 5, value: "80887f7".into() }));
    assert_eq!(approval.date, Some(Line { line: 7, value: "2026-01-06".into() }));
    assert_eq!(approval.scope.as_ref().unwrap().line, 11);
    let expected = [
        ("src/ok/**", Heading::Runtime, 18),
        ("app/[id]/page.tsx", Heading::Runtime, 20),
        ("scripts/backfill-a.ts", Heading::Backfill, 24),
        ("docs/", Heading::Documentation, 28),
    ];
    assert_eq!(globs(&approval), expected);
    let forbidden: Vec<_> = approval.not_approved.iter().map(|line| (line.value.as_str(), line.line)).collect();
    assert_eq!(forbidden, [("src/ok/secret/**", 35)]);
    assert_eq!(approval.approver, Some(Approver::Named(Line { line: 39, value: "Jo Doe".into() })));
    assert_eq!(parse(&GOOD.replace('\n', "\r\n")), approval);
    assert_eq!(parse(&format!("\u{feff}{GOOD}")), approval);
}

#[test]
fn paths_under_not_approved_never_count_as_approved() {
    let approval = in_scope("**Runtime code changes**\n- `a`\n## EXPLICITLY NOT APPROVED\n- `b`\n- see `c`\n\n`d`");
    assert_eq!(globs(&approval), [("a", Heading::Runtime, 6)]);
    assert_eq!(approval.not_approved.iter().map(|line| line.value.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_folder_in_scope_does_not_cover_its_neighbour() {
    let approval = in_scope("- Runtime code changes:\n  - `src/ok/**`");
    let glob = &approval.scope.unwrap().entries[0].glob;
    assert!(glob.matches(b"src/ok/b.ts") && !glob.matches(b"src/okay/b.ts"));
}

#[test]
fn without_the_section_there_is_no_scope() {
    let approval = parse("Task: t\n\n- Runtime code changes:\n  - `src/**`\n");
    assert_eq!((approval.scope, approval.problems), (None, vec![]));
    assert_eq!(Approval::parse(b""), Approval::default());
}

#[test]
fn groups_are_labelled_in_bold_by_headings_or_by_items() {
    let entry = [("a/**", Heading::Schema)];
    for label in [
        "**Schema changes**",
        "**Schema changes:**",
        "**schema  CHANGES**:",
        "[ ] **Schema changes**",
        "### Schema changes:",
        "#### [x] Schema changes",
        "- Schema changes",
        "- [ ] Schema changes:",
        "- [x] **Schema changes**",
    ] {
        approves(&format!("{label}\n\n- `a/**`"), &entry);
    }
    approves("- Schema changes:\n  - `a/**`\n- Backfill scripts: none\n- Runtime code changes:\n  - NONE", &entry);
    approves("**Schema changes:** NONE\n**Backfill scripts:**\n- `b`", &[("b", Heading::Backfill)]);
}

#[test]
fn what_a_reader_does_not_see_or_sees_quoted_approves_nothing() {
    for hidden in [
        "<!--\n\n- `a`\n\n-->",
        "<!-- - `a` -->",
        "```\n- `a`\n```",
        "~~~\n## X\n- `a`",
        "      - `a`",
        "[x]: `a`",
        "[^1]: \n    - `a`",
        "> - `a`",
        "| a | b |\n|---|---|\n| `a` | `b` |",
        "- ~~`a`~~",
        "- **`a`**",
        "- [`a`](https://example.org)",
        "- ![`a`](x.png)",
        "- <del>`a`</del>",
        "-     `a`",
        "- > `a`",
        "-\n  | `a` |\n  |---|",
        "- [ ] `a`",
        "- ~~`a` x~~",
        "- `a` ~~x~~",
        "`a`",
        "- see `a`",
        "- \\`a\\`",
        "- note\n  - `a`",
    ] {
        approves_nothing(&format!("### Runtime code changes\n\n{hidden}"));
    }
}

#[test]
fn a_path_that_is_seen_and_does_not_count_is_a_problem() {
    for seen in ["> - `a`", "- ~~`a`~~", "- **`a`**", "- [`a`](x)", "| a |\n|---|\n| `a` |", "[^1]\n\n[^1]: `a`"] {
        is_problem(&format!("### Runtime code changes\n\n{seen}"), "does not count");
    }
    is_problem("### Runtime code changes\n- [ ] `a`", "not ticked");
    is_problem("### Runtime code changes\n- `a` ~~x~~", "struck through");
}

#[test]
fn a_path_is_all_between_its_backticks_and_alone_in_its_item() {
    for glued in ["`src/`admin", "`src/a`.ts", "`src/`**admin**", "`src/`<br", "`src/`&#64;x"] {
        is_problem(&format!("### Runtime code changes\n- {glued}"), "touches the backticks");
    }
    for listed in ["`a`, `b`", "`a` `b`", "`a`\n  `b`", "`a` and `b`", "`a``b`; **`b`**", "`a`<br>`b`"] {
        is_problem(&format!("### Runtime code changes\n- {}", listed.replace("``", "` `")), "a second path follows");
    }
    for apart in ["`a`, as in `src/b`", "`a` (`*`)", "`a`: moved\n  from `b.rs`"] {
        is_problem(&format!("### Runtime code changes\n- {apart}"), "a second path follows");
    }
    approves(
        "### Runtime code changes\n- `a`: not only `b`\n- `c`, as `d`\n- `e` (`f`)",
        &["a", "c", "e"].map(|glob| (glob, Heading::Runtime)),
    );
}

#[test]
fn what_is_forbidden_is_never_passed_over_in_silence() {
    for (body, about) in [
        ("- `a`, `b`", "a second path"),
        ("`a`", "outside a list"),
        ("- note\n\n  `a`", "outside a list"),
        ("> - `a`", "does not count"),
        ("- **`a`**", "does not count"),
        ("- `/a`", "no path or glob"),
    ] {
        is_problem(&format!("## EXPLICITLY NOT APPROVED\n{body}"), about);
    }
    let unticked = in_scope("## EXPLICITLY NOT APPROVED\n- [ ] `a`\n- x:\n  - `b`");
    assert_eq!((unticked.not_approved.len(), unticked.problems.len()), (2, 0));
}

#[test]
fn raw_html_is_a_problem_and_comments_are_none() {
    for html in ["<details>\n\n- x\n\n</details>", "a <del>b", "<!-- a --> <div>", "<!-- never closed", "<!--> x -->"] {
        is_problem(html, "raw HTML");
    }
    approves("<!-- note -->\n\n### Schema changes <!-- here -->\n- `a`<br>x", &[("a", Heading::Schema)]);
}

#[test]
fn an_item_belongs_to_the_label_right_above_it_or_to_none() {
    for body in [
        "- `a`",
        "### Runtime code changes\n\nNot these:\n\n- `a`",
        "- Runtime code changes:\n\n  Not these:\n\n  - `a`",
        "- Runtime code changes:\n  - not these\n    - `a`",
        "- Runtime code changes:\n  - `b/**` except\n    - `a`",
        "- Runtime code changes:\n- Not these:\n- `a`",
        "- Runtime code changes:\n- **Not these**\n- `a`",
        "### Runtime code changes\n\n---\n\n- `a`",
    ] {
        is_problem(body, "\"a\" stands directly under no group");
    }
    is_problem("- NONE", "under no group");
    is_problem("### Not these\n- Runtime code changes:\n  - `a`", "no group of the approved scope");
    is_problem("- Not these\n  - Runtime code changes:\n    - `a`", "inside another list item");
}

#[test]
fn contradictions_are_problems() {
    is_problem("### Schema changes\n- NONE\n- `a`", "says NONE here and lists");
    is_problem("- Schema changes: NONE\n  - `a`", "says NONE here and lists");
    is_problem("### Schema changes\n- `a`\n### Schema changes\n- `b`", "stands here and in line");
    is_problem("- Schema changes: `a`", "after the label");
    is_problem("### Schema changes\n- `/a`", "no path or glob");
    is_problem("### Schema changes\n- `a\\b`", "no path or glob");
    is_problem("Task: x\n## OTHER\nTask: u", "something else in line 1");
    is_problem("## HUMAN APPROVAL\nName: A\nName: B", "somebody else");
}

#[test]
fn a_problem_has_its_line_and_what_to_write() {
    let approval = in_scope("### Schema changes\n\n- `src//a`");
    let [problem] = approval.problems.as_slice() else { panic!("{approval:#?}") };
    assert_eq!((problem.line, problem.message.as_str()), (7, "\"src//a\" is no path or glob"));
    assert!(problem.help.contains("write one `/` between names"));
}

#[test]
fn sections_end_where_a_reader_sees_them_end() {
    let approval = in_scope("### Schema changes\n- `a`\n## Notes\n- `b`\n# More\n- `c`");
    assert_eq!(globs(&approval), [("a", Heading::Schema, 6)]);
    is_problem("### Schema changes\n- `a`\n## APPROVED SCOPE\n### Runtime code changes\n- `b`", "second section");
    is_problem("### Schema changes\n### EXPLICITLY NOT APPROVED\n- `b`", "stands inside the section");
    is_problem("### Schema changes\n\n**EXPLICITLY NOT APPROVED**\n- `b`", "not written as a heading");
    is_problem("### Schema changes\n- EXPLICITLY NOT APPROVED:\n  - `b`", "not written as a heading");
    is_problem("> ## EXPLICITLY NOT APPROVED", "not written as a heading");
    is_problem("## NOT APPROVED\n- `b`", "almost EXPLICITLY NOT APPROVED");
    let second = in_scope("### Schema changes\n- `a`\n## approved scope :\n### Runtime code changes\n- `b`");
    assert_eq!(globs(&second), [("a", Heading::Schema, 6)]);
    let nested = in_scope("### Explicitly not approved\n- `b`\n### Schema changes\n- `c`");
    assert_eq!((globs(&nested).len(), nested.not_approved.len()), (0, 1));
}

#[test]
fn a_fence_and_a_table_in_an_entry_s_item_change_nothing() {
    let body =
        "### Schema changes\n- `a`\n\n  ```\n  ## HUMAN APPROVAL\n  ```\n- `b`\n\n  | x |\n  |---|\n  | y |\n- `c`";
    approves(body, &["a", "b", "c"].map(|glob| (glob, Heading::Schema)));
}

#[test]
fn key_lines_count_outside_the_sections_only() {
    let approval =
        parse("~~Task: old~~\n> Task: q\n\n## HUMAN APPROVAL\nDate: 1\nTask: x\n## Other\n* **Task:** `real`\n");
    assert_eq!(approval.task, Some(Line { line: 8, value: "real".into() }));
    assert_eq!((approval.date, approval.problems), (None, vec![]));
}

#[test]
fn an_approver_is_named_or_is_not() {
    for blank in ["", "Name:", "Name: ______", "Name: \\<name>", "Signature: x", "~~Name: A~~"] {
        let approval = parse(&format!("## HUMAN APPROVAL\n\n{blank}\n"));
        assert_eq!(approval.approver, Some(Approver::Unnamed { line: 1 }), "{blank}");
    }
    assert_eq!(parse("Name: A").approver, None);
}

#[test]
fn the_empty_template_is_read_and_approves_nothing() {
    let template = GOOD.replace("polish", "<task-name>").replace("80887f7", "<sha>").replace("Jo Doe", "_____");
    let approval = parse(&template);
    assert_eq!(approval.task.unwrap().value, "<task-name>");
    assert_eq!(approval.base.unwrap().value, "<sha>");
    assert!(matches!(approval.approver, Some(Approver::Unnamed { .. })));
    assert_eq!(approval.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3, 5]);
}

#[test]
fn bytes_that_are_no_plain_text_approve_nothing() {
    for hostile in [b"\xff".as_slice(), b"\0", b"\x1b", "\u{202e}".as_bytes(), &vec![b'a'; MAX_BYTES]] {
        let approval = Approval::parse(&[GOOD.as_bytes(), hostile].concat());
        assert_eq!((approval.scope, approval.problems.len()), (None, 1));
    }
}

#[test]
fn hostile_markdown_stays_bounded() {
    let fill = |unit: &str| unit.repeat(200_000 / unit.len());
    let head = "## APPROVED SCOPE\n### Schema changes\n";
    for unit in
        ["a", "- ", "> ", "- `a`\n", "*", "[", "`a", "<", "<!--", "- x:\n", "**a**:", "\n", "|", "[^1]: \n", "1) "]
    {
        parse(&format!("{head}{}", fill(unit)));
    }
    parse(&format!("{head}{}", "a".repeat(MAX_BYTES - 200)));
    for unit in ["- ", "> "] {
        parse(&format!("{head}{}x\n{}", unit.repeat(60), "\n".repeat(500_000)));
        assert_eq!(parse(&format!("{head}{}x", unit.repeat(100_000))).scope, None);
    }
    parse(&format!("{head}- `a`{}x{}", "\n<br>".repeat(20_000), "`b` ".repeat(20_000)));
}

#[test]
fn the_patterns_and_the_problems_of_one_approval_are_bounded() {
    let many =
        in_scope(&format!("### Schema changes\n{}", "- `{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}`\n".repeat(65)));
    assert_eq!((many.scope, many.problems.len()), (None, 1));
    let wrong = in_scope(&format!("### Schema changes\n{}", "- `/a`\n".repeat(1000)));
    assert_eq!(wrong.problems.len(), MAX_PROBLEMS + 1);
}

proptest! {
    #[test]
    fn no_markdown_makes_the_reader_panic_and_quoted_whole_none_approves(
        parts in prop::collection::vec(prop::sample::select(vec![
            "- ", "`a`", "\n", "\n\n", "  ", "> ", "**", "## ", "### ", "Schema changes", ":", "NONE", "[ ] ", "<!--", "-->",
            "```\n", "| ", "---\n", "~~", "APPROVED SCOPE", "EXPLICITLY NOT APPROVED", "Task: ", "[^1]", "(", "]", "![",
        ]), 0..60),
    ) {
        let text = parts.concat();
        in_scope(&text);
        let quoted: String = format!("## APPROVED SCOPE\n### Schema changes\n{text}").split('\n').map(|line| format!("> {line}\n")).collect();
        let approval = parse(&quoted);
        prop_assert_eq!(globs(&approval), []);
    }
}

#[test]
fn line_endings_do_not_count_in_code_over_two_lines_either() {
    let text = "## APPROVED SCOPE\n\n- Runtime code changes:\n  - `src/a\n    b/**`\n  - src/c\n    `d/**`\n";
    let approval = Approval::parse(text.as_bytes());
    assert_eq!(Approval::parse(text.replace('\n', "\r\n").as_bytes()), approval);
    assert_eq!(approval.scope.unwrap().entries[0].glob.as_str(), "src/a b/**", "as the rendered page shows it");
}

#[test]
fn a_task_names_the_hotfixes_that_it_takes_up() {
    let (one, two) = ("0f".repeat(16), "1e".repeat(16));
    let settles = |lines: &str| {
        let approval =
            parse(&format!("Task: t\n\n{lines}\n\n## APPROVED SCOPE\n\n- `a`\n\nSettles: {}\n", "77".repeat(16)));
        let ids: Vec<String> = approval.settles.iter().map(|line| line.value.clone()).collect();
        (ids, approval.problems.iter().filter(|problem| problem.message.contains("settles")).count())
    };
    assert_eq!(settles(&format!("**Settles:** {one}")), (vec![one.clone()], 0));
    assert_eq!(settles(&format!("Settles: {one}, {two}")), (vec![one.clone(), two.clone()], 0));
    assert_eq!(settles(&format!("- Settles: {one}\n- Settles: {two}")), (vec![one.clone(), two], 0));
    assert_eq!(settles(&format!("~~Settles: {one}~~")), (vec![], 0));
    for wrong in ["x", "", &one.to_uppercase(), "<the statement>"] {
        assert_eq!(settles(&format!("Settles: {wrong}")), (vec![], 1), "{wrong}");
    }
}
