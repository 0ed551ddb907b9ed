use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ledger::record::{Found, Moved, Outcome, Problem, Update, Used};
use crate::oid::Oid;

fn oid(byte: u8) -> Oid {
    Oid::from_bytes(&[byte; 20]).unwrap()
}

fn receipt(sequence: u64) -> Receipt {
    Receipt { sequence, hash: Hash::of(&sequence.to_be_bytes()) }
}

/// Every text of a decision is this one.
fn decided(decision: Decision, word: &str) -> Decided {
    let moved = Moved { name: word.into(), old: oid(0), new: oid(1) };
    let problem = || Some(Problem { message: word.into(), help: word.into() });
    let found = Found {
        rule: word.into(),
        severity: "enforce".into(),
        fingerprint: word.into(),
        message: word.into(),
        path: Some(word.into()),
        waived: None,
    };
    let update = Update {
        moved: moved.clone(),
        class: word.into(),
        task: Some(word.into()),
        source: Some(word.into()),
        way: Some(word.into()),
        problem: problem(),
        counts: BTreeMap::from([(word.to_owned(), u64::MAX)]),
        findings: vec![found],
    };
    let used = Used {
        id: word.into(),
        principal: word.into(),
        justification: word.into(),
        moved,
        statement: word.into(),
        signatures: vec![word.into()],
    };
    Decided {
        decision,
        actor: Some(word.into()),
        input: None,
        policy: Some(word.into()),
        problem: problem(),
        bootstrap: false,
        overrides: vec![used],
        updates: vec![update],
        omitted: u64::MAX,
    }
}

fn record(sequence: u64, event: Event, pending: Vec<u64>) -> Record {
    let time = jiff::Timestamp::from_second(1_790_000_000 + i64::try_from(sequence).unwrap()).unwrap();
    Record { sequence, previous: Hash::ZERO, time, tool: "0".into(), pending, event }
}

const ALL: Choice = Choice { kind: true, rest: true };

fn told(overview: Overview, word: &str) -> Told {
    let problem =
        crate::ledger::verify::Problem { kind: crate::ledger::verify::Kind::Ledger, sequence: 1, message: word.into() };
    Told {
        name: word.into(),
        now: jiff::Timestamp::UNIX_EPOCH,
        asked: (vec![word.into()], vec![word.into()]),
        against: vec![(word.into(), receipt(1))],
        mirrors: Vec::new(),
        verified: Report {
            hashes: Vec::new(),
            first: 1,
            last: receipt(2),
            records: 2,
            problems: vec![problem],
            more: 3,
            warnings: vec![word.into()],
            unknown: vec![word.into()],
        },
        overview,
    }
}

/// A ledger in which every text is this one, as a page.
fn page(word: &str) -> String {
    let mut overview = Overview::default();
    for (sequence, decision) in (1..).zip([Decision::Refuse, Decision::Undecided, Decision::Accept]) {
        let event = Event::Decided(decided(decision, word));
        overview.take(receipt(sequence), &record(sequence, event, vec![3]), ALL);
    }
    overview.finish();
    html::render(&told(overview, word))
}

/// A page with all text between its elements, and in the one attribute that has any, taken out.
fn bones(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|piece| piece.split_once('>').unwrap().0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_ledger_makes_an_element_or_an_attribute(word in "\\PC{1,40}|[<>\"'&/=a-z \u{0}\u{202e}\u{5d0}\n-]{1,40}") {
        let (plain, page) = (page("x"), page(&word));
        prop_assert_eq!(bones(&page), bones(&plain));
        prop_assert!(!page.chars().any(|c| c != '\n' && crate::escape::is_hidden(c)));
    }
}

#[test]
fn texts_of_a_megabyte_are_cut_and_told_apart() {
    let long = "<".repeat(1 << 20);
    let page = page(&long);
    assert!(page.len() < 200_000, "{}", page.len());
    let (one, other) = (cut(&long, NAME), cut(&format!("{long}>"), NAME));
    assert_ne!(one, other);
    assert!(one.starts_with("<<<") && one.contains("... (1048576 bytes, sha256 ") && one.len() < 200, "{one}");
    assert_eq!(cut("\u{e9}\u{e9}", 2), "\u{e9}\u{e9}");
}

#[test]
fn what_is_kept_of_any_number_of_records_is_bounded() {
    let mut overview = Overview::default();
    for sequence in (1..20_000).step_by(2) {
        let push = Decided { overrides: Vec::new(), ..decided(Decision::Accept, &format!("refs/heads/{sequence}")) };
        let moves = vec![push.updates[0].moved.clone()];
        overview.take(receipt(sequence), &record(sequence, Event::Decided(push), vec![sequence]), ALL);
        let outcome = Outcome { decision: sequence, observed: false, updates: moves };
        overview.take(receipt(sequence + 1), &record(sequence + 1, Event::Applied(outcome), Vec::new()), ALL);
        assert!(overview.open.len() <= 2);
    }
    overview.finish();
    assert_eq!((overview.decisions, overview.applied, overview.pending.len()), ([10_000, 0, 0], 10_000, 0));
    assert_eq!((overview.rows.newest().count(), overview.rows.left_out()), (ROWS, 10_000 - ROWS));
    assert!(overview.rows.newest().all(|row| row.state == State::Applied));
    assert!(html::render(&told(overview, "x")).len() < 1 << 20);
}

#[test]
fn a_rule_refuses_alone_where_no_other_does_and_what_was_not_kept_weighs_as_the_answer() {
    let mut push = decided(Decision::Refuse, "a");
    assert_eq!(row::rules(&push), BTreeMap::from([("a", [1, 1, 0, 0])]));
    push.updates[0].counts.insert("b".into(), 500);
    assert_eq!(row::rules(&push), BTreeMap::from([("a", [1, 0, 0, 0]), ("b", [1, 0, 0, 0])]));
    let findings = &mut push.updates[0].findings;
    findings.push(Found { rule: "c".into(), severity: "evaluate".into(), ..findings[0].clone() });
    findings[0].waived = Some("id".into());
    let due = [("a", [0, 0, 0, 1]), ("b", [1, 1, 0, 0]), ("c", [0, 0, 1, 0])];
    assert_eq!(row::rules(&push), BTreeMap::from(due));
}
