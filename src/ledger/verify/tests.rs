use super::*;
use crate::finding::Decision;
use crate::ledger::record::*;
use crate::ledger::tests::*;

fn report(place: &Place, receipts: &[Receipt], refs: Option<&RefMap>) -> Report {
    let receipts = receipts.iter().map(|receipt| ("a receipt".to_owned(), *receipt)).collect();
    verify(&place.ledger.read(&[]).unwrap(), &Known { receipts, refs, mirrored: false }).unwrap()
}

#[track_caller]
fn is_intact(report: &Report) {
    assert_eq!((&report.problems[..], &report.warnings[..], &report.unknown[..]), (&[][..], &[][..], &[][..]));
}

fn tells(report: &Report, word: &str) {
    assert!(report.problems.iter().any(|problem| problem.message.contains(word)), "{word}: {report:?}");
    assert_eq!(report.exit_code(), 1);
}

fn refs(main: u8, a: Option<u8>) -> RefMap {
    let mut refs = RefMap::from([(MAIN.into(), oid(main))]);
    refs.extend(a.map(|value| ("refs/heads/a".into(), oid(value))));
    refs
}

/// A ledger with pushes of each kind, in segments of a few records; main ends at 7. The receipt of each decision.
fn busy() -> (Place, Vec<Receipt>) {
    let place = Place::begun();
    let ledger = place.ledger.clone().sealed_at(1500);
    let (mut receipts, mut main) = (Vec::new(), 1);
    for second in 1..=18 {
        let decision = [Decision::Accept, Decision::Refuse, Decision::Undecided][second % 3];
        let push = moved(MAIN, main, main + 1);
        let mut writer = ledger.lock(at(second as i64)).unwrap();
        receipts.push(writer.decide(decided(decision, vec![push.clone()])).unwrap());
        writer.commit().unwrap();
        if decision == Decision::Accept {
            let mut writer = ledger.lock(at(second as i64)).unwrap();
            writer.apply(&[push]).unwrap().unwrap();
            receipts.push(writer.commit().unwrap());
            main += 1;
        }
    }
    assert_eq!(main, 7);
    (place, receipts)
}

fn texts(place: &Place) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let segments = place.ledger.read(&[]).unwrap().segments;
    segments.into_iter().map(|segment| (segment.path.clone(), fs_err::read(&segment.path).unwrap())).collect()
}

#[test]
fn what_was_written_is_intact_and_so_is_what_others_know_of_it() {
    let (place, receipts) = busy();
    assert!(texts(&place).len() > 3);
    let found = report(&place, &receipts, Some(&refs(7, Some(3))));
    is_intact(&found);
    let records = place.records();
    assert_eq!((found.first, found.records), (1, records.len() as u64));
    assert_eq!((found.last, found.exit_code()), (*receipts.last().unwrap(), 0));
}

#[test]
fn a_ledger_that_was_cut_off_is_known_by_a_receipt_alone() {
    let (place, receipts) = busy();
    let (path, text) = texts(&place).pop().unwrap();
    let end = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    fs_err::write(&path, &text[..end]).unwrap();
    let other = report(&place, &receipts[..3], None);
    assert_eq!(other.problems, []);
    tells(&report(&place, &receipts, None), "ends with record");
    fs_err::write(&path, &text[..text.len() - 3]).unwrap();
    let torn = report(&place, &[], None);
    assert_eq!((torn.exit_code(), torn.warnings.len()), (0, 1), "{torn:?}");
    tells(&report(&place, &receipts, None), "ends with record");
}

#[test]
fn refs_that_moved_without_a_decision_are_named() {
    let (place, _) = busy();
    tells(
        &report(&place, &[], Some(&refs(9, Some(3)))),
        "refs/heads/main went from 070707070707 to 090909090909 without",
    );
    tells(&report(&place, &[], Some(&RefMap::from([("refs/heads/a".into(), oid(3))]))), "to nothing without");
    // Of these the ledger knows only how they stood all together.
    for a in [None, Some(4)] {
        tells(&report(&place, &[], Some(&refs(7, a))), "no decision is about");
    }
    let mut more = refs(7, Some(3));
    more.insert("refs/keep-around/1".into(), oid(9));
    more.insert(super::super::MIRROR.into(), oid(9));
    is_intact(&report(&place, &[], Some(&more)));
    more.insert("refs/heads/b".into(), oid(9));
    tells(&report(&place, &[], Some(&more)), "no decision is about");
    // A push on its way may be there and may not be.
    place.decide(100, decided(Decision::Accept, vec![moved(MAIN, 7, 8), moved("refs/heads/a", 3, 0)]));
    is_intact(&report(&place, &[], Some(&refs(7, Some(3)))));
    is_intact(&report(&place, &[], Some(&refs(8, None))));
    // And what was moved between two decisions.
    place.decide(101, decided(Decision::Accept, vec![moved(MAIN, 6, 9)]));
    tells(&report(&place, &[], None), "refs/heads/main went from 070707070707 to 060606060606 without");
}

#[test]
fn an_outcome_that_is_told_after_a_newer_one_takes_no_ref_back() {
    let place = Place::begun();
    place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2), moved("refs/heads/a", 3, 4)]));
    place.decide(2, decided(Decision::Accept, vec![moved(MAIN, 2, 5)]));
    for push in [moved(MAIN, 2, 5), moved(MAIN, 1, 2)] {
        let mut writer = place.ledger.lock(at(3)).unwrap();
        writer.apply(&[push]).unwrap().unwrap();
        writer.commit().unwrap();
    }
    is_intact(&report(&place, &[], Some(&refs(5, Some(3)))));
    tells(&report(&place, &[], Some(&refs(2, Some(3)))), "refs/heads/main went from");
    // What was let in before a newer push was, and made once that was taken back.
    let place = Place::begun();
    place.decide(1, decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
    for push in [moved(MAIN, 1, 3), moved(MAIN, 3, 1)] {
        place.decide(2, decided(Decision::Accept, vec![push.clone()]));
        let mut writer = place.ledger.lock(at(3)).unwrap();
        writer.apply(&[push]).unwrap().unwrap();
        writer.commit().unwrap();
    }
    let mut writer = place.ledger.lock(at(4)).unwrap();
    writer.apply(&[moved(MAIN, 1, 2)]).unwrap().unwrap();
    writer.commit().unwrap();
    is_intact(&report(&place, &[], Some(&refs(2, Some(3)))));
}

#[test]
fn what_was_moved_away_is_said_and_what_is_asked_of_it_cannot_be() {
    let (place, receipts) = busy();
    let archive = tempfile::tempdir().unwrap();
    for number in [1, 2] {
        let name = format!("{number:08}.jsonl");
        fs_err::rename(place.segment(number), archive.path().join(name)).unwrap();
    }
    let late = report(&place, &receipts[receipts.len() - 1..], Some(&refs(7, Some(3))));
    assert_eq!((late.exit_code(), late.warnings.len()), (0, 1), "{late:?}");
    assert!(late.first > 1);
    let early = report(&place, &receipts[..1], None);
    assert_eq!((early.exit_code(), early.unknown.len()), (2, 1), "{early:?}");
    let reader = place.ledger.read(&[archive.path().to_owned()]).unwrap();
    let known = receipts.iter().map(|receipt| (String::new(), *receipt)).collect();
    is_intact(&verify(&reader, &Known { receipts: known, refs: Some(&refs(7, Some(3))), mirrored: false }).unwrap());
    assert!(place.ledger.read(&[archive.path().join("none")]).is_err());
    // One from the middle is a gap.
    let segments = place.ledger.read(&[]).unwrap().segments;
    fs_err::remove_file(&segments[1].path).unwrap();
    tells(&report(&place, &[], None), "belongs");
}

#[test]
fn an_override_that_was_used_twice_is_named() {
    let used = |new| Used {
        id: "0f".repeat(16),
        principal: "bob".into(),
        justification: "x".into(),
        moved: moved(MAIN, 1, new),
        statement: b"s".to_vec(),
        signatures: vec![b"t".to_vec()],
    };
    let push = |new| Decided { overrides: vec![used(new)], ..decided(Decision::Accept, vec![moved(MAIN, 1, new)]) };
    let apply = |place: &Place, new| {
        let mut writer = place.ledger.lock(at(2)).unwrap();
        writer.apply(&[moved(MAIN, 1, new)]).unwrap().unwrap();
        writer.commit().unwrap();
    };
    let place = Place::begun();
    place.decide(1, push(2));
    place.decide(1, push(2));
    apply(&place, 2);
    is_intact(&report(&place, &[], Some(&refs(2, Some(3)))));
    place.decide(3, push(2));
    tells(&report(&place, &[], None), "was used already, in decision 4");
    apply(&place, 2);
    tells(&report(&place, &[], None), "was used twice, in decisions 4 and");
    let place = Place::begun();
    place.decide(1, push(2));
    place.decide(1, push(3));
    tells(&report(&place, &[], None), "was used for another update before");
}

#[test]
fn a_clock_that_was_set_back_is_a_warning() {
    let place = Place::begun();
    place.decide(3600, decided(Decision::Refuse, Vec::new()));
    place.decide(3500, decided(Decision::Refuse, Vec::new()));
    is_intact(&report(&place, &[], None));
    place.decide(60, decided(Decision::Refuse, Vec::new()));
    let found = report(&place, &[], None);
    assert_eq!((found.exit_code(), found.warnings.len()), (0, 1), "{found:?}");
}

/// A chain that holds by its hashes, of records that no writer would have written.
fn forged(events: Vec<(Vec<u64>, Event)>) -> Report {
    let place = Place::begun();
    let mut text = fs_err::read(place.segment(1)).unwrap();
    for (pending, event) in events {
        let mut before = place.records().pop().unwrap();
        before =
            Record { sequence: before.sequence + 1, previous: Hash::of(&before.render()), pending, event, ..before };
        text.extend(before.render());
        text.push(b'\n');
        fs_err::write(place.segment(1), &text).unwrap();
    }
    report(&place, &[], None)
}

#[test]
fn records_that_contradict_each_other_are_named() {
    let accepted = || Event::Decided(decided(Decision::Accept, vec![moved(MAIN, 1, 2)]));
    let outcome = |decision, new| Outcome { decision, observed: false, updates: vec![moved(MAIN, 1, new)] };
    is_intact(&forged(vec![(vec![2], accepted()), (vec![], Event::Applied(outcome(2, 2)))]));
    tells(&forged(vec![(vec![], accepted())]), "are pending");
    tells(&forged(vec![(vec![2], accepted()), (vec![2], Event::Applied(outcome(2, 2)))]), "are pending");
    tells(&forged(vec![(vec![], Event::Applied(outcome(2, 2)))]), "awaits none");
    tells(&forged(vec![(vec![2], accepted()), (vec![], Event::Applied(outcome(2, 3)))]), "is not about");
    tells(&forged(vec![(vec![2], accepted()), (vec![], Event::Lapsed(outcome(2, 3)))]), "is not about");
    let id = || "0f".repeat(16);
    let reserved = Event::Reserved(Reserved { decision: 2, id: id(), moved: moved(MAIN, 1, 2) });
    tells(&forged(vec![(vec![2], accepted()), (vec![2], reserved)]), "did not use the override");
    let settled = Event::Settled(Settled { decision: 2, id: id(), applied: true });
    tells(&forged(vec![(vec![2], accepted()), (vec![2], settled)]), "did not use the override");
    tells(&forged(vec![(vec![], Event::Opened(opened()))]), "within a ledger");
    let sealed = |count| Event::Sealed(Sealed { bytes: 1, count, first: 1, last: 1 });
    tells(&forged(vec![(vec![], sealed(1))]), "says something else");
    let refused = || Event::Decided(decided(Decision::Refuse, Vec::new()));
    tells(&forged(vec![(vec![], sealed(1)), (vec![], refused())]), "behind the seal");
}

mod any_change {
    use proptest::prelude::*;

    use super::*;

    /// What somebody with an editor can do to a line or a byte.
    #[derive(Clone, Debug)]
    enum Change {
        Byte(usize, u8),
        Remove(usize),
        Double(usize),
        Swap(usize, usize),
        Cut(usize),
        CutByte(usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (any::<usize>(), 1..=255u8).prop_map(|(at, by)| Change::Byte(at, by)),
            any::<usize>().prop_map(Change::Remove),
            any::<usize>().prop_map(Change::Double),
            any::<(usize, usize)>().prop_map(|(one, other)| Change::Swap(one, other)),
            any::<usize>().prop_map(Change::Cut),
            any::<usize>().prop_map(Change::CutByte),
        ]
    }

    /// What each writer does.
    #[derive(Clone, Debug)]
    enum Push {
        Accept { name: u8, new: u8, told: bool },
        Refuse(String),
        Look,
    }

    fn push() -> impl Strategy<Value = Push> {
        prop_oneof![
            (0..3u8, 1..9u8, any::<bool>()).prop_map(|(name, new, told)| Push::Accept { name, new, told }),
            ".{0,40}".prop_map(Push::Refuse),
            Just(Push::Look),
        ]
    }

    /// Makes the pushes, and returns the refs after them and every receipt.
    fn make(place: &Place, pushes: &[Push], bytes: u64) -> (RefMap, Vec<Receipt>) {
        let ledger = place.ledger.clone().sealed_at(bytes);
        let (mut held, mut receipts) = (refs(1, Some(3)), Vec::new());
        for (second, push) in pushes.iter().enumerate() {
            let mut writer = ledger.lock(at(second as i64)).unwrap();
            writer.settle(&|name| held.get(name).copied()).unwrap();
            match push {
                Push::Accept { name, new, told } => {
                    let name = ["refs/heads/main", "refs/heads/a", "refs/heads/b"][usize::from(*name)];
                    let old = held.get(bstr::BStr::new(name)).copied().unwrap_or(oid(0));
                    let moved = Moved { name: name.into(), old, new: oid(*new) };
                    receipts.push(writer.decide(decided(Decision::Accept, vec![moved.clone()])).unwrap());
                    writer.commit().unwrap();
                    held.insert(moved.name.clone(), moved.new);
                    if *told {
                        let mut writer = ledger.lock(at(second as i64)).unwrap();
                        receipts.extend(writer.apply(&[moved]).unwrap());
                        writer.commit().unwrap();
                    }
                }
                Push::Refuse(actor) => {
                    let refused = Decided { actor: Some(actor.clone()), ..decided(Decision::Refuse, Vec::new()) };
                    receipts.push(writer.decide(refused).unwrap());
                    writer.commit().unwrap();
                }
                Push::Look => {
                    let last = writer.last();
                    assert_eq!(writer.commit().unwrap(), last);
                    receipts.push(last);
                }
            }
        }
        (held, receipts)
    }

    fn apply(texts: &mut [(std::path::PathBuf, Vec<u8>)], change: &Change) {
        let whole = texts.iter().flat_map(|(_, text)| text.clone()).collect::<Vec<u8>>();
        let sizes = texts.iter().map(|(_, text)| text.len()).collect::<Vec<_>>();
        // Lines are moved within and across segments alike.
        let mut lines = texts
            .iter()
            .enumerate()
            .flat_map(|(file, (_, text))| {
                text.split_inclusive(|byte| *byte == b'\n').map(move |line| (file, line.to_vec())).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        let count = lines.len();
        match *change {
            Change::Byte(at, by) => {
                let mut at = at % whole.len();
                let file = sizes.iter().position(|size| at.checked_sub(*size).map(|rest| at = rest).is_none()).unwrap();
                texts[file].1[at] ^= by;
                return;
            }
            Change::CutByte(at) => {
                let last = texts.last_mut().unwrap();
                last.1.truncate(at % last.1.len());
                return;
            }
            Change::Remove(at) => drop(lines.remove(at % count)),
            Change::Double(at) => lines.insert(at % count, lines[at % count].clone()),
            Change::Swap(one, other) => {
                let line = lines[one % count].1.clone();
                lines[one % count].1 = std::mem::replace(&mut lines[other % count].1, line);
            }
            Change::Cut(at) => lines.truncate(at % count),
        }
        for (file, (_, text)) in texts.iter_mut().enumerate() {
            *text = lines.iter().filter(|(at, _)| *at == file).flat_map(|(_, line)| line.clone()).collect();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn is_found(pushes in prop::collection::vec(push(), 1..12), bytes in 500..6000u64, change in change()) {
            let place = Place::begun();
            let (held, receipts) = make(&place, &pushes, bytes);
            let found = report(&place, &receipts, Some(&held));
            prop_assert_eq!((&found.problems[..], &found.warnings[..]), (&[][..], &[][..]));
            let last = found.last;
            let before = texts(&place);
            let mut after = before.clone();
            apply(&mut after, &change);
            prop_assume!(before != after);
            for (path, text) in &after {
                fs_err::write(path, text).unwrap();
            }
            // The newest receipt, or a mirror's end, is all that is needed.
            let found = report(&place, &[last], None);
            prop_assert_eq!(found.exit_code(), 1, "{:?}", found);
            for problem in &found.problems {
                prop_assert!(problem.message.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{:?}", problem);
            }
        }
    }
}
