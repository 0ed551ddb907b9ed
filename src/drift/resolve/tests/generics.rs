//! Type parameters, and what is given for them.

use super::*;

fn with(name: &str, given: &[Shape]) -> Shape {
    named(name).given(given.to_vec())
}

/// The first type parameter.
fn first() -> Shape {
    Shape::variable(0, Shape::Opaque)
}

fn list(of: Shape) -> Shape {
    Shape::Array(Box::new(of))
}

fn one_file(definitions: Vec<Definition>) -> Built {
    Built::default().file("a", definitions, vec![])
}

fn line() -> Definition {
    define("Line", object(&[("sku", Shape::STRING)]))
}

#[test]
fn what_is_given_stands_where_it_is_written() {
    let page = object(&[("items", list(first())), ("total", Shape::NUMBER)]);
    let order = object(&[("page", with("Page", &[named("Line")]))]);
    // Another `Line` stands beside the page.
    let other = define("Line", object(&[("other", Shape::STRING)]));
    let built = Built::default()
        .file("own", vec![define("Order", order), line()], vec![import("Page", "Page", &["page"])])
        .file("page", vec![define("Page", page), other], vec![]);
    let fields = [
        "Order.page object",
        "Order.page.items array",
        "Order.page.items[] object",
        "Order.page.items[].sku string",
        "Order.page.total number",
    ];
    assert_eq!(built.told("own", "Order"), fields);
}

#[test]
fn a_reference_that_gives_something_is_written_out_though_its_type_counts() {
    let page = define("Page", object(&[("items", list(first()))]));
    let order = define("Order", object(&[("page", with("Page", &[named("Line")])), ("bare", named("Page"))]));
    let built = one_file(vec![order, page, line()]);
    let fields = [
        "Line.sku string",
        "Order.bare object",
        "Order.page object",
        "Order.page.items array",
        "Order.page.items[] object",
        "Page.items array",
        "Page.items[] unknown",
    ];
    assert_eq!(built.told("a", "**"), fields);
    // What uses no parameters is listed once.
    let page = define("Page", object(&[("total", Shape::NUMBER)]));
    let order = define("Order", object(&[("page", with("Page", &[named("Line")]))]));
    assert_eq!(one_file(vec![order, page]).told("a", "**"), ["Order.page object", "Page.total number"]);
}

#[test]
fn parameters_are_bases_members_alternatives_and_defaults() {
    let pair = Shape::variable(1, list(first()));
    let box_of = define("Box", Shape::All(vec![first(), object(&[("own", Shape::STRING), ("more", pair)])]));
    let some = define("Some", Shape::Omit(Box::new(first()), ["sku".to_owned()].into()));
    let either = define("Either", Shape::Any(vec![first(), Shape::variable(1, Shape::Opaque)]));
    let other = define("Other", object(&[("sku", Shape::NUMBER), ("id", Shape::STRING)]));
    let order = object(&[
        ("box", with("Box", &[named("Line")])),
        ("some", with("Some", &[named("Other")])),
        ("either", with("Either", &[named("Line"), named("Other")])),
        ("id", with("Same", &[Shape::NUMBER])),
    ]);
    let same = define("Same", first());
    let built = one_file(vec![define("Order", order), box_of, some, either, other, same, line()]);
    let fields = [
        "Order.box object",
        "Order.box.more array",
        "Order.box.more[] object",
        "Order.box.more[].sku string",
        "Order.box.own string",
        "Order.box.sku string",
        "Order.either object",
        "Order.either.id string",
        "Order.either.sku string",
        "Order.id number",
        "Order.some object",
        "Order.some.id string",
    ];
    assert_eq!(built.told("a", "Order"), fields);
}

#[test]
fn what_is_given_is_handed_on_through_other_types() {
    let page = define("Page", object(&[("items", list(first()))]));
    let answer = define(
        "Answer",
        Shape::All(vec![with("Page", &[first()]), object(&[("next", with("Page", &[list(first())]))])]),
    );
    let order = define("Order", object(&[("a", with("Answer", &[named("Line")]))]));
    let fields = [
        "Order.a object",
        "Order.a.items array",
        "Order.a.items[] object",
        "Order.a.items[].sku string",
        "Order.a.next object",
        "Order.a.next.items array",
        "Order.a.next.items[] array",
        "Order.a.next.items[][] object",
        "Order.a.next.items[][].sku string",
    ];
    assert_eq!(one_file(vec![order, page, answer, line()]).told("a", "Order"), fields);
}

#[test]
fn a_type_in_itself_ends_where_the_same_is_given() {
    let tree = define("Tree", object(&[("value", first()), ("below", list(with("Tree", &[first()])))]));
    let order = define("Order", object(&[("tree", with("Tree", &[named("Line")]))]));
    let fields = [
        "Order.tree object",
        "Order.tree.below array",
        "Order.tree.below[] object",
        "Order.tree.value object",
        "Order.tree.value.sku string",
    ];
    assert_eq!(one_file(vec![order, tree, line()]).told("a", "Order"), fields);
    // With something else in it, it is another one.
    let tree = define("Tree", object(&[("value", first()), ("names", with("Tree", &[Shape::STRING]))]));
    let order = define("Order", object(&[("tree", with("Tree", &[named("Line")]))]));
    let fields = [
        "Order.tree object",
        "Order.tree.names object",
        "Order.tree.names.names object",
        "Order.tree.names.value string",
        "Order.tree.value object",
        "Order.tree.value.sku string",
    ];
    assert_eq!(one_file(vec![order, tree, line()]).told("a", "Order"), fields);
}

#[test]
fn types_that_grow_by_what_they_give_themselves_end() {
    let grows = define("A", object(&[("a", with("A", &[with("A", &[first()])])), ("b", first())]));
    let order = define("Order", object(&[("x", with("A", &[named("Line")]))]));
    let declared = one_file(vec![order, grows, line()]).declared("a", "Order");
    assert!(declared.fields.len() <= MAX_FIELDS + 100);
    assert!(!declared.unread.is_empty());
    for shape in [with("F", &[named("G")]), list(with("F", &[named("G")]))] {
        let built =
            one_file(vec![define("G", shape), define("F", first()), define("Order", object(&[("g", named("G"))]))]);
        assert!(built.declared("a", "**").fields.len() < 200);
    }
    // Each gives the other one what it is given, in pairs.
    let pair = |of: &str| object(&[("p", with(of, &[with("P", &[first(), first()])])), ("v", first())]);
    let both = define("P", object(&[("l", first()), ("r", Shape::variable(1, Shape::Opaque))]));
    let order = define("Order", object(&[("x", with("A", &[named("Line")]))]));
    let built = one_file(vec![order, define("A", pair("B")), define("B", pair("A")), both, line()]);
    let declared = built.declared("a", "Order");
    assert!(declared.fields.len() <= MAX_FIELDS + 100);
    assert!(declared.unread.iter().any(|blind| blind.reason.contains("too many fields")), "{:?}", declared.unread);
}

#[test]
fn doubling_what_is_given_is_bounded_and_said_to_be_too_much() {
    let double = define("D", object(&[("l", first()), ("r", first())]));
    let deep = (0..40).fold(Shape::STRING, |inner, _| with("D", &[inner]));
    let built = one_file(vec![define("Order", object(&[("d", deep)])), double]);
    let declared = built.declared("a", "Order");
    assert!(declared.fields.len() <= MAX_FIELDS + 100);
    assert!(declared.unread.iter().any(|blind| blind.reason.contains("too many fields")), "{:?}", declared.unread);
}

#[test]
fn thousands_of_arguments_cost_no_more_than_they_are() {
    let last = Shape::variable(9_999, Shape::Opaque);
    let wide = define("Wide", object(&[("last", last), ("none", Shape::variable(10_000, Shape::NUMBER))]));
    let given: Vec<Shape> = (0..9_999).map(|_| Shape::STRING).chain([named("Line")]).collect();
    let members: Vec<(String, Shape)> = (0..100).map(|place| (format!("m{place}"), with("Wide", &given))).collect();
    let members: Vec<(&str, Shape)> = members.iter().map(|(name, shape)| (name.as_str(), shape.clone())).collect();
    let told = one_file(vec![define("Order", object(&members)), wide, line()]).told("a", "Order");
    assert_eq!(told.len(), 400);
    assert!(told.contains(&"Order.m0.last.sku string".to_owned()));
    assert!(told.contains(&"Order.m0.none number".to_owned()));
}
