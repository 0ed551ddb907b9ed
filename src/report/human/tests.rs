use super::*;
use crate::finding::Words;
use crate::oid::Oid;

fn finding(rule: &'static str, severity: Severity, path: Option<&[u8]>) -> Finding {
    Finding {
        rule,
        name: "A rule",
        why: "What nobody can see nobody can review.",
        severity,
        words: Words::new(
            "the path holds control or invisible characters",
            "rename it with git mv, in the commit that adds it (git rebase -i)",
        ),
        path: path.map(Into::into),
        line: None,
        column: None,
        fingerprint: String::new(),
        waived: None,
        baseline: None,
    }
}

fn refused(name: &[u8], findings: Vec<Finding>) -> Verdict {
    let oid = |byte| Oid::from_bytes(&[byte; 20]).unwrap();
    let update = UpdateVerdict {
        name: name.into(),
        old: oid(1),
        new: oid(2),
        class: "branch",
        base: None,
        commits: 1,
        findings,
        problem: None,
        source: None,
        task: None,
        way: None,
        restores: None,
    };
    Verdict {
        decision: Decision::Refuse,
        actor: None,
        input: None,
        policy: None,
        problem: None,
        overrides: Vec::new(),
        updates: vec![update],
        bootstrap: false,
        again: None,
    }
}

fn one(finding: Finding) -> Verdict {
    refused(b"refs/heads/topic", vec![finding])
}

/// The text, after looking that a terminal of 100 columns shows it as it is, behind git's `remote: ` too.
#[track_caller]
fn text(verdict: &Verdict) -> String {
    let text = render(verdict, &[], Colour::No);
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        // A line to be copied keeps its letters.
        let is_letter = |c: char| line.starts_with("         ") && c.is_alphanumeric() && !escape::is_hidden(c);
        assert!(line.chars().all(|c| (' '..='~').contains(&c) || is_letter(c)), "not printable: {line:?}");
        assert!(line.len() <= 92, "{} columns: {line}", line.len());
    }
    text
}

/// What is left when the layout is taken out: nothing of a long word is lost by cutting it.
fn unwrapped(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

const ENFORCE: Severity = Severity::Enforce;

#[test]
fn a_refusal_says_what_where_why_and_how_to_go_on() {
    let verdict = one(finding("path-name", ENFORCE, Some(b"src/a b.rs")));
    let expected = "\
refgate: REFUSED: refs/heads/topic

  path-name
    at   src/a b.rs
    what the path holds control or invisible characters
    why  What nobody can see nobody can review.
    fix  rename it with git mv, in the commit that adds it (git rebase -i)
    more refgate explain path-name

1 finding to mend
";
    assert_eq!(text(&verdict), expected);
}

#[test]
fn an_acceptance_is_one_line() {
    let mut verdict = refused(b"refs/heads/topic", Vec::new());
    verdict.decision = Decision::Accept;
    assert_eq!(text(&verdict), "refgate: accepted: refs/heads/topic\n");
    verdict.updates.push(verdict.updates[0].clone());
    assert_eq!(text(&verdict), "refgate: accepted: 2 refs\n");
}

#[test]
fn what_only_reports_is_marked_and_counted_apart() {
    let findings = vec![
        finding("path-name", ENFORCE, None),
        finding("path-mode", ENFORCE, None),
        finding("approval-unsigned", Severity::Evaluate, None),
    ];
    let text = text(&refused(b"refs/heads/topic", findings));
    assert!(text.contains("\n  approval-unsigned (reported only)\n"), "{text}");
    assert!(text.ends_with("\n2 findings to mend; 1 finding reported only\n"), "{text}");
    // Without a path the place is the ref.
    assert_eq!(text.matches("    at   refs/heads/topic\n").count(), 3, "{text}");
}

#[test]
fn a_line_stands_behind_its_path() {
    let verdict = one(Finding { line: Some(7), ..finding("approval-invalid", ENFORCE, Some(b"a\tb")) });
    assert!(text(&verdict).contains("    at   \"a\\tb\":7\n"));
}

#[test]
fn problems_are_told_with_what_to_do_next() {
    let problem = Error::undecided("object 1b1b1b1b1b1b cannot be read").help("run git fsck on the server");
    let mut verdict = refused(b"refs/heads/topic", Vec::new());
    verdict.decision = Decision::Undecided;
    verdict.updates[0].problem = Some(problem.clone());
    let expected = "\
refgate: UNDECIDED, and so refused: refs/heads/topic

    at   refs/heads/topic
    what object 1b1b1b1b1b1b cannot be read
    fix  run git fsck on the server
";
    assert_eq!(text(&verdict), expected);
    verdict.updates.clear();
    verdict.problem = Some(problem);
    assert!(text(&verdict).starts_with("refgate: UNDECIDED, and so refused\n\n    what object"));
}

#[test]
fn hostile_names_reach_no_terminal_as_they_are() {
    let hostile = b"\x1b]0;pwned\x07\x1b[2J\r\n\xff\xfe\xc3\xa9\x7f\0\"\\ refgate: accepted";
    let mut verdict = refused(hostile, vec![finding("path-name", ENFORCE, Some(hostile))]);
    verdict.updates[0].problem = Some(Error::undecided("x"));
    let shown = text(&verdict);
    assert!(shown.contains(r"\033]0;pwned\a\033[2J\r\n\377\376\303\251\177\000\"), "{shown}");
    assert!(!shown.lines().skip(1).any(|line| line.starts_with("refgate:")), "{shown}");
}

/// Rules escape what they say; the report does not rely on it. A line feed begins a line of the same block.
#[test]
fn hostile_words_in_messages_are_escaped_once_more() {
    let hostile = "caf\u{e9} \x1b[2J\n\u{202e}x\u{7f}";
    let all = Finding { words: Words::new(hostile, hostile), ..finding("path-name", ENFORCE, None) };
    let mut verdict = one(all);
    verdict.problem = Some(Error::undecided(hostile).help(hostile));
    let shown = text(&verdict);
    assert_eq!(shown.matches("caf\\303\\251 \\033[2J\n         \\342\\200\\256x\\177\n").count(), 4, "{shown}");
}

#[test]
fn long_paths_and_words_are_cut_and_nothing_is_lost() {
    for length in [82, 83, 84, 91, 92, 93, 166, 167, 4096] {
        let path: String = ('a'..='z').cycle().take(length).collect();
        let all = Finding { words: Words::new(&path, &path), ..finding("x", ENFORCE, Some(path.as_bytes())) };
        let shown = text(&one(all));
        assert_eq!(unwrapped(&shown).matches(&path).count(), 3, "{length}: {shown}");
    }
    let escaped = text(&one(finding("x", ENFORCE, Some(&[0xff; 300]))));
    assert!(unwrapped(&escaped).contains(&r"\377".repeat(300)));
}

#[test]
fn lines_to_be_copied_stay_whole_and_what_is_mended_alike_is_told_once() {
    let long = "a word and another ".repeat(9);
    let finding = |name: &str, paste: &str| Finding {
        words: Words::new(
            format!("{name} is not listed"),
            format!("list it:\n  - `{name}` {long}.\nor say why:\n  {paste}"),
        ),
        ..finding("field-added", ENFORCE, Some(b"a.json"))
    };
    let all = vec![finding("a", "- why"), finding("b", "- why"), finding("c", "- \x1b[2J")];
    let shown = render(&refused(b"refs/heads/topic", all), &[], Colour::No);
    let fix = format!(
        "    fix  list it:\n           - `a` {long}.\n           - `b` {long}.\n           - `c` {long}.\n         \
         or say why:\n           - why\n           - \\033[2J\n    more "
    );
    assert!(shown.contains(&fix), "{shown}");
    assert_eq!(shown.matches("field-added\n    at ").count(), 1, "{shown}");
    let mut other = finding("b", "- why");
    other.words = Words::new(&other.words.message, other.words.help.replace("list it", "name it"));
    let shown = render(&refused(b"refs/heads/topic", vec![finding("a", "- why"), other]), &[], Colour::No);
    assert_eq!(shown.matches("    fix  ").count(), 2, "{shown}");
}

#[test]
fn items_of_one_heading_stand_together_and_each_below_its_own() {
    let finding = |ty: &str, path: &str| Finding {
        words: Words::new(
            format!("{ty}.{path} is not listed"),
            format!("list it at the end:\n  ## `{ty}`\n  - `{path}`\nor say why"),
        ),
        ..finding("field-added", ENFORCE, Some(b"a.json"))
    };
    let all = vec![finding("A", "id"), finding("B", "id"), finding("A", "name"), finding("A", "id")];
    let shown = render(&refused(b"refs/heads/topic", all), &[], Colour::No);
    let fix = ["list it at the end:", "  ## `A`", "  - `id`", "  - `name`", "  ## `B`", "  - `id`", "or say why"];
    let fix = fix.join("\n         ");
    assert!(shown.contains(&format!("    fix  {fix}\n    more ")), "{shown}");
}

#[test]
fn long_messages_break_at_spaces() {
    let message = "lorem ipsum dolor sit amet ".repeat(40).trim().to_owned();
    let shown = text(&one(Finding { words: Words::new(&message, "mend it"), ..finding("x", ENFORCE, None) }));
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains("lorem") || line.contains("amet")).collect();
    assert!(lines.len() > 10, "{shown}");
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).skip(1).collect();
    assert_eq!(words.join(" "), message);
}

#[test]
fn many_findings_of_one_rule_are_told_in_short() {
    let count = |count: usize| {
        let paths = (0..count).map(|number| format!("p{number:02}"));
        let findings = paths.map(|path| finding("path-name", ENFORCE, Some(path.as_bytes())));
        text(&refused(b"refs/heads/topic", findings.chain([finding("path-mode", ENFORCE, None)]).collect()))
    };
    let shown = count(25);
    assert_eq!(shown.matches("    at   p").count(), 20, "{shown}");
    assert!(shown.contains("at   p19\n") && !shown.contains("p20"), "{shown}");
    let new = "02".repeat(20);
    let more = format!(
        "... and 5 more of path-name; see all of them with refgate check --ref refs/heads/topic --head {new} \
             --format json"
    );
    assert!(unwrapped(&shown).contains(&unwrapped(&more)), "{shown}");
    assert!(shown.contains("\n  path-mode\n") && shown.contains("\n26 findings to mend"), "{shown}");
    assert!(!count(20).contains("... and") && count(21).contains("... and 1 more"));
    // What is staged has no name.
    let many = (0..25).map(|number| finding("path-name", ENFORCE, Some(format!("p{number:02}").as_bytes()))).collect();
    let staged = Verdict { again: Some("refgate check --staged".into()), ..refused(b"refs/heads/topic", many) };
    assert!(text(&staged).contains("see all of them with refgate check --staged\n"), "{}", text(&staged));
}

#[test]
fn what_several_findings_share_is_said_once() {
    let at = |path: &str, help: &str| Finding {
        words: Words::new(format!("about {path}"), help),
        ..finding("path-name", ENFORCE, Some(path.as_bytes()))
    };
    let expected = "
  path-name
    at   a
    what about a
    at   c
    what about c
    why  What nobody can see nobody can review.
    fix  rename it
    more refgate explain path-name

  path-name
    at   b
    what about b
    why  What nobody can see nobody can review.
    fix  remove it
    more refgate explain path-name

3 findings to mend
";
    let shown = text(&refused(b"refs/heads/x", vec![at("a", "rename it"), at("b", "remove it"), at("c", "rename it")]));
    assert_eq!(shown, format!("refgate: REFUSED: refs/heads/x\n{expected}"));
}

#[test]
fn a_command_that_is_shown_can_be_copied_whatever_the_ref_is_called() {
    assert_eq!(shell_word(b"refs/heads/a-b_c.1"), "refs/heads/a-b_c.1");
    assert_eq!(shell_word(b"refs/heads/$(id)"), "'refs/heads/$(id)'");
    assert_eq!(shell_word(b"a'b"), r"'a'\''b'");
}

#[test]
fn a_note_stands_below_the_decision() {
    let mut verdict = refused(b"refs/heads/main", Vec::new());
    verdict.decision = Decision::Accept;
    let shown = render(&verdict, &["as if x were pushed first".to_owned()], Colour::No);
    assert_eq!(shown, "refgate: accepted: refs/heads/main\n  as if x were pushed first\n");
}

#[test]
fn colour_is_all_that_colour_adds() {
    let verdict = one(finding("path-name", ENFORCE, Some(b"a")));
    let (plain, coloured) = (text(&verdict), render(&verdict, &[], Colour::Yes));
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    assert_ne!(coloured, plain);
    assert_eq!(bare + rest, plain);
}
