use serde_json::Value;

use super::*;
use crate::finding::{Severity, Words};

fn oid(byte: u8) -> Oid {
    Oid::from_bytes(&[byte; 20]).unwrap()
}

fn found(rule: &'static str, severity: Severity, path: &str) -> Finding {
    Finding {
        rule,
        name: "A rule",
        why: "Because.",
        severity,
        words: Words::new("it is <so>", "do & mend"),
        path: Some(path.into()),
        line: Some(7),
        column: None,
        fingerprint: "0f".repeat(32),
        waived: None,
        baseline: None,
    }
}

/// A step of the day `day` with these findings.
fn step(day: i64, author: &str, findings: Vec<Finding>) -> Step {
    let mut rules: BTreeMap<&'static str, Counts> = BTreeMap::new();
    for finding in &findings {
        let counts = rules.entry(finding.rule).or_default();
        *if finding.refuses() { &mut counts.refusing } else { &mut counts.reported } += 1;
    }
    let refused = findings.iter().any(Finding::refuses);
    Step {
        old: Some(oid(1)),
        new: oid(2),
        time: 1_790_000_000 + day * 86_400,
        author: author.into(),
        subject: "Change <it>\u{202e}".into(),
        commits: 2,
        source: Some("refs/heads/autoTest/t1".into()),
        assumed: Assumed::Trace,
        task: Some("t1".into()),
        decision: if refused { Decision::Refuse } else { Decision::Accept },
        findings,
        left_out: 3,
        rules,
        problem: None,
    }
}

fn replay() -> Replay {
    use Severity::{Enforce, Evaluate};
    let undecided = Step {
        decision: Decision::Undecided,
        problem: Some(Error::undecided("an object <x> is missing").help("fetch it")),
        ..step(40, "Bob", Vec::new())
    };
    Replay {
        name: "refs/heads/m<a>in".into(),
        policy: "ab".repeat(32),
        from: Some(oid(1)),
        to: Some(oid(2)),
        notes: vec!["it is a <note>".into()],
        kept: BTreeSet::from(["ref-name"]),
        steps: vec![
            step(0, "Ann", vec![found("direct-push", Enforce, "a"), found("direct-push", Enforce, "a")]),
            step(1, "Ann", vec![found("direct-push", Enforce, "b"), found("ref-name", Enforce, "a")]),
            step(9, "Bob", vec![found("direct-push", Evaluate, "a"), found("out-of-scope", Enforce, "c<\u{e9}>")]),
            step(10, "Bob", vec![found("path-name", Evaluate, "a")]),
            undecided,
        ],
    }
}

#[test]
fn steps_are_counted_once_for_each_rule_path_and_author() {
    let sum = replay().summary();
    assert_eq!((sum.accepted, sum.refused, sum.undecided), (1, 3, 1));
    let rule =
        |rule, refused, alone, reported| RuleSummary { rule, refused, alone, reported, lowers: rule != "ref-name" };
    let due = [
        rule("direct-push", 2, 1, 1),
        rule("out-of-scope", 1, 1, 0),
        rule("ref-name", 1, 0, 0),
        rule("path-name", 0, 0, 1),
    ];
    assert_eq!(sum.rules, due);
    assert_eq!(sum.start_with().map(|sum| sum.rule).collect::<Vec<_>>(), ["direct-push", "out-of-scope"]);
    assert_eq!(sum.fixed().map(|sum| sum.rule).collect::<Vec<_>>(), ["ref-name"]);
    assert_eq!(sum.people, [("Ann".into(), 2), ("Bob".into(), 1)]);
    assert_eq!(sum.paths, [("a".into(), 2), ("b".into(), 1), ("c<\u{e9}>".into(), 1)]);
}

#[test]
fn people_read_a_line_for_each_step_and_the_totals() {
    let text = human::render(&replay());
    assert_eq!(
        text,
        "refgate: replay of m<a>in: 5 steps from 2026-09-21 to 2026-10-31\n  it is a <note>\n\n  \
         2026-09-21 020202020202 REFUSED direct-push | task t1 | 2 commits | Ann: Change <it>\\342\\200\\256\n  \
         2026-09-22 020202020202 REFUSED direct-push, ref-name | task t1 | 2 commits | Ann: Change <it>\\342\\200\\256\n  \
         2026-09-30 020202020202 REFUSED out-of-scope | task t1 | 2 commits | Bob: Change <it>\\342\\200\\256\n  \
         2026-10-31 020202020202 UNDECIDED an object <x> is missing | task t1 | 2 commits | Bob: Change <it>\\342\\200\\256\n\n  \
         1 would be accepted, 3 refused, 1 undecided\n\n  \
         refused, by rule\n        2  direct-push (1 by it alone)\n        1  out-of-scope (1 by it alone)\n        1  ref-name\n\n  \
         reported only, by rule\n        1  direct-push\n        1  path-name\n\n  \
         refused, by path\n        2  a\n        1  b\n        1  \"c<\\303\\251>\"\n\n  \
         refused, by author\n        2  Ann\n        1  Bob\n\n  \
         To begin without refusing what was usual, in refgate.toml; take out a line when it is not any more:\n\n  \
         [rules]\n  direct-push = \"evaluate\"\n  out-of-scope = \"evaluate\"\n\n  No policy lets this pass: ref-name\n"
    );
    assert!(text.is_ascii());
}

#[test]
fn machines_read_sorted_keys_that_the_schema_describes() {
    let text = json::render(&replay());
    let value: Value = serde_json::from_str(&text).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../../docs/schema/replay.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    // A map of serde_json's is sorted here, so what was written in order comes out the same.
    assert_eq!(crate::report::json::line(&value), text);
    let mut spoilt = value.clone();
    spoilt["steps"][0]["more"] = Value::Null;
    assert!(!validator.is_valid(&spoilt));
    assert_eq!(value["steps"][4]["problem"]["help"], "fetch it");
    assert_eq!(value["steps"][0]["left_out"], 3);
}

#[test]
fn a_page_has_every_part_and_all_that_is_foreign_is_text() {
    let page = html::render(&replay());
    for part in [
        "<title>Replay of m&lt;a&gt;in</title>",
        "it is a &lt;note&gt;",
        "<dt>steps</dt><dd>5</dd>",
        "<div><code>direct-push</code></div></th><td role=\"cell\" class=\"number\" data-name=\"Steps\"><div>2</div></td>",
        "direct-push = &quot;evaluate&quot;\n",
        "No policy lets this pass: ref-name",
        "Change &lt;it&gt;\\u{202e}</bdi></summary>",
        "it is &lt;so&gt; <code><bdi>a</bdi>:7</code>",
        "<li>and 3 more</li>",
        "an object &lt;x&gt; is missing<br>fetch it",
        "<bdi>c&lt;\u{e9}&gt;</bdi>",
        "2026-09-21, 1 refused",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let empty = Replay { steps: Vec::new(), to: None, ..replay() };
    assert!(!html::render(&empty).contains("<svg") && human::render(&empty).contains(": 0 steps\n"));
    // A date beyond all reason makes no more columns.
    let mut odd = replay();
    odd.steps[0].time = i64::MIN;
    odd.steps[1].time = i64::MAX;
    assert!(html::render(&odd).matches("<g>").count() <= 120 && human::render(&odd).contains("??????????"));
}
