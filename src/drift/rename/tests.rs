use super::*;

fn item<'n>(ty: &'n str, path: &str, kind: Kind) -> Item<'n> {
    Item { ty, path: FieldPath::parse(path).unwrap(), kind: Some((kind, false)), identity: None, neighbours: None }
}

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

fn told(gone: &[Item<'_>], come: &[Item<'_>], written: &[Written]) -> Vec<(usize, usize, Evidence)> {
    pair(gone, come, written, &BTreeMap::new()).pairs
}

#[test]
fn an_identity_outlives_any_name_and_any_likeness() {
    let mut gone = [item("M", "ok_to_mqtt", Kind::Boolean), item("M", "hop", Kind::Number)];
    let mut come = [item("M", "hop_limit", Kind::Number), item("M", "bitfield", Kind::Number)];
    gone[0].identity = Some(9);
    come[1].identity = Some(9);
    assert_eq!(told(&gone, &come, &[]), [(0, 1, Evidence::Identity), (1, 0, Evidence::Only)]);
}

#[test]
fn what_is_written_down_comes_before_what_looks_alike() {
    let gone = [item("A", "total", Kind::Number)];
    let come = [item("A", "totals", Kind::Number), item("A", "amount", Kind::Number)];
    let written = [("A".to_owned(), path("total"), path("amount"))];
    assert_eq!(told(&gone, &come, &written), [(0, 1, Evidence::Declared)]);
}

#[test]
fn one_for_one_in_a_parent_is_a_rename_whatever_the_name_and_two_parents_are_not() {
    let gone = [item("A", "a.x", Kind::String)];
    assert_eq!(told(&gone, &[item("A", "a.completelyOther", Kind::Number)], &[]), [(0, 0, Evidence::Only)]);
    assert_eq!(told(&gone, &[item("A", "b.x", Kind::String)], &[]), []);
    assert_eq!(told(&gone, &[item("B", "a.x", Kind::String)], &[]), []);
}

#[test]
fn several_are_paired_by_likeness_and_rivals_are_candidates() {
    let gone = [item("A", "customerEmail", Kind::String), item("A", "note", Kind::String)];
    let come = [item("A", "customerEmailAddress", Kind::String), item("A", "weight", Kind::Number)];
    let found = pair(&gone, &come, &[], &BTreeMap::new());
    assert_eq!(found.pairs, [(0, 0, Evidence::Score)]);
    let come = [item("A", "customerEmails", Kind::String), item("A", "customerEmail2", Kind::String)];
    let found = pair(&gone, &come, &[], &BTreeMap::new());
    assert!(!found.pairs.iter().any(|(gone, ..)| *gone == 0), "{found:?}");
    assert_eq!(found.candidates.get(&0).map(Vec::len), Some(2));
}

#[test]
fn a_type_is_known_again_by_its_fields_and_its_fields_with_it() {
    let (a, b, c, d) = (path("a"), path("b"), path("c"), path("d"));
    let gone = BTreeMap::from([("Old", BTreeSet::from([&a, &b, &c])), ("Small", BTreeSet::from([&a]))]);
    let come = BTreeMap::from([("New", BTreeSet::from([&a, &b, &d])), ("Other", BTreeSet::from([&a]))]);
    let renamed = types(&gone, &come);
    assert_eq!(renamed, BTreeMap::from([("Old".to_owned(), "New".to_owned())]));
    let gone = [item("Old", "a", Kind::String), item("Old", "c", Kind::String)];
    let come = [item("New", "a", Kind::String), item("New", "d", Kind::String)];
    let found = pair(&gone, &come, &[], &renamed);
    assert_eq!(found.pairs, [(0, 0, Evidence::Type), (1, 1, Evidence::Only)]);
}

#[test]
fn two_that_went_and_are_alike_one_that_came_are_no_pair() {
    let gone = [item("A", "mailWork", Kind::String), item("A", "mailHome", Kind::String)];
    let come = [item("A", "mail", Kind::String)];
    let found = pair(&gone, &come, &[], &BTreeMap::new());
    assert_eq!(found.pairs, []);
    assert_eq!(found.candidates, BTreeMap::from([(0, vec![0]), (1, vec![0])]));
}

#[test]
fn what_stands_between_the_same_neighbours_is_the_same_whatever_its_name() {
    let beside = |name: &'static str, steps| Neighbour { name: Some(name), steps };
    let mut gone = [item("A", "owner", Kind::String), item("A", "weight", Kind::String)];
    let mut come = [item("A", "weighing", Kind::String), item("A", "principal", Kind::String)];
    for (item, steps) in gone.iter_mut().zip([1, 2]).chain(come.iter_mut().rev().zip([1, 2])) {
        item.neighbours = Some([beside("id", steps), beside("note", 3 - steps)]);
    }
    assert_eq!(told(&gone, &come, &[]), [(0, 1, Evidence::Score), (1, 0, Evidence::Score)]);
}
