//! Text beside, below, between and above paths that turns what a person reads.

use super::*;

const TAKES_BACK: &str = "takes something back";

#[track_caller]
fn refuses(body: &str, about: &str) {
    let body = format!("### Runtime code changes\n\n{body}");
    is_problem(&body, about);
    assert!(globs(&in_scope(&body)).iter().all(|(glob, ..)| *glob != "src/**"), "{body}");
}

/// Approves nothing, is no mistake, and gets a word for whoever wonders.
#[track_caller]
fn hints(body: &str, about: &str) {
    let approval = in_scope(body);
    let scope = approval.scope.as_ref().unwrap();
    assert!(scope.hints.iter().any(|hint| hint.message.contains(about)), "{body}: {:?}", scope.hints);
    assert!(!globs(&approval).iter().any(|(glob, ..)| glob.contains("n/a")), "{body}");
}

#[track_caller]
fn keeps(body: &str) {
    approves(&format!("### Runtime code changes\n\n{body}"), &[("src/**", Heading::Runtime)]);
}

#[test]
fn words_beside_a_path_that_take_it_back_are_a_problem() {
    for beside in ["Except the login", "all but not x", "- OTHER THAN\n  x", "not `b`", "**unless** x", "rejected"] {
        refuses(&format!("- `src/**` {beside}"), TAKES_BACK);
    }
    refuses("- `src/**` except `src/a.rs`", "a second path follows");
    refuses("- `src/**` ![not this](no.png)", "a picture or a footnote");
    refuses("- `src/**` [^1]\n\n[^1]: Some only.", "a picture or a footnote");
    is_problem("### Runtime code changes\n- `src/**` exc&#173;ept x", "an entity stands for U+00AD");
    for beside in ["", ": rename `foo` to `bar`", ": not only the form", ", handles exceptions and rejected pushes"] {
        keeps(&format!("- `src/**`{beside}"));
    }
}

#[test]
fn what_stands_below_a_path_in_its_item_does_not_take_it_back() {
    for below in [
        "\n  This one is not approved.",
        "\n  As `plan`.",
        "- except the login",
        "- fine\n    - but never this",
        "> Rejected.",
        "```\n  not this\n  ```",
        "## No",
        "\n  | no |\n  |---|\n  | x |",
        "\n  ![no](no.png)",
        "\n  ~~x~~",
    ] {
        refuses(&format!("- `src/**`\n  {below}"), "text below the path of line 7");
    }
    keeps("- `src/**`\r\n\r\n  ```\r\n  a\r\n\r\n  b\r\n  ```\r\n");
    keeps("- `src/**`\n  - the form\n    - and its label\n\n  See the plan.\n");
}

#[test]
fn prose_between_paths_ends_the_group_and_says_so() {
    for between in ["- The rest was turned down", "- later:", "- **x**", "- (not these)", "> Not these", "```\nno\n```"]
    {
        let body = format!("- `docs/x`\n\n{between}\n\n- `src/**`");
        refuses(&body, "\"src/**\" stands directly under no group");
        let approval = in_scope(&format!("### Runtime code changes\n{body}"));
        assert!(approval.problems.iter().any(|problem| problem.help.ends_with("line 8 ended the group above it")));
    }
    hints("### Runtime code changes\n\n- see `n/a.rs`\n- `src/**`", "names a path that does not count");
    hints("### Runtime code changes\n\n- ![no](no.png) `n/a.rs`", "does not count");
    keeps("- as planned in `docs/plan.md`\n- `src/**`");
    refuses("Everything except:\n\n- `src/**`", TAKES_BACK);
    keeps("- (list files and intent)\n- the form\n- `src/**`: renamed without more\n- and its tests");
}

#[test]
fn a_path_without_backticks_or_list_does_not_count() {
    for bare in ["src/n/a.rs", "a.rs: the form", "./src/", "src/ and more"] {
        hints(&format!("### Runtime code changes\n\n- {bare}"), "must stand between backticks");
        hints(&format!("**Runtime changes**\n- {bare}"), "must stand between backticks");
        is_problem(&format!("## EXPLICITLY NOT APPROVED\n- {bare}"), "must stand between backticks");
    }
    refuses("`src/**`", "outside a list");
    refuses("- `./src/**`", "no path or glob");
    is_problem("**Runtime changes**\n- `src/**`", "stands directly under no group");
    is_problem("### Runtime changes\n- `src/**`", "no group of the approved scope");
    is_problem("## EXPLICITLY NOT APPROVED\n- ![x](y) `src/**`", "a picture or a footnote");
    assert_eq!(in_scope("### Runtime code changes\n- N/A").problems, []);
}

#[test]
fn a_title_that_only_looks_like_one_is_a_problem() {
    for title in ["EXPLICITLY-NOT-APPROVED", "4. Human approval", "APPROVED  SCOPE!", "![NOT](x) APPROVED SCOPE"] {
        is_problem(&format!("## {title}\n- `b`"), "is almost");
    }
    for title in
        ["EXPLICITLY NOT APPR\u{41e}VED", "\u{ff2e}\u{ff2f}\u{ff34}", "N\u{d3}T APPROVED", "APPROVED SC\u{3bf}PE"]
    {
        is_problem(&format!("## {title}\n- `b`"), "letters that may look like others");
    }
    is_problem("- EXPLICITLY, NOT APPROVED:\n  - `b`", "not written as a heading");
    is_problem("## EXPLICITLY NOT&#8203; APPROVED\n- `b`", "an entity stands for U+200B");
    let zero_width = in_scope("## EXPLICITLY NOT\u{200b} APPROVED\n- `b`");
    assert_eq!((zero_width.scope, zero_width.problems.len()), (None, 1));
    assert_eq!(parse("# \u{41f}\u{43b}\u{430}\u{43d}\n\n## Notes - 2\n").problems, []);
}
