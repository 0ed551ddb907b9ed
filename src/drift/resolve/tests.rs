//! Hand-built modules, in no language.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use super::*;
use crate::drift::shape::Member;
use crate::drift::shape::{Definition, Exports, Import};
use crate::glob::Glob;

#[derive(Default)]
struct Built(BTreeMap<BString, Module>);

/// All files, and what the names of a source's own begin with.
struct Of<'b>(&'b Built, &'b str, Packages);

impl Files for Of<'_> {
    fn is_own(&self, path: &BStr) -> bool {
        path.starts_with_str(self.1)
    }

    fn module(&self, path: &BStr) -> Option<(&BStr, &Module)> {
        self.0.0.get_key_value(path).map(|(path, module)| (path.as_bstr(), module))
    }

    fn folder(&self, folder: &BStr) -> Vec<&BStr> {
        self.0.0.keys().map(|path| path.as_bstr()).filter(|path| path.starts_with(folder.as_bytes())).collect()
    }

    fn leads_on(&self, _: &BStr) -> bool {
        false
    }

    fn has_links(&self, _: &BStr) -> bool {
        false
    }

    fn packages(&self) -> &Packages {
        &self.2
    }
}

impl Built {
    fn file(mut self, path: &str, definitions: Vec<Definition>, imports: Vec<Import>) -> Self {
        self.0.insert(path.into(), Module { definitions, imports, ..Module::default() });
        self
    }

    /// The fields of the types that fit `types`, declared in files that begin with `own`.
    fn declared(&self, own: &str, types: &str) -> Declared {
        let files = self.0.iter().filter(|(path, _)| path.starts_with_str(own));
        let files: Vec<(&BStr, &Module)> = files.map(|(path, module)| (path.as_bstr(), module)).collect();
        let types = [types].into_iter().map(|glob| Glob::parse(glob).unwrap()).collect();
        resolve(&files, &types, &|_, _| true, &Of(self, own, Packages::default()))
    }

    fn told(&self, own: &str, types: &str) -> Vec<String> {
        let fields = self.declared(own, types).fields;
        fields.iter().map(|field| format!("{}.{} {}", field.ty, field.path, field.kind.name())).collect()
    }
}

fn define(name: &str, shape: Shape) -> Definition {
    Definition { name: name.into(), at: 0, shape, case: None }
}

fn object(members: &[(&str, Shape)]) -> Shape {
    Shape::Object(members.iter().map(|(name, shape)| Member::new(*name, 0, shape.clone())).collect())
}

fn named(name: &str) -> Shape {
    Shape::named(name, 7)
}

fn import(local: &str, name: &str, from: &[&str]) -> Import {
    let from = from.iter().map(|path| (*path).into()).collect();
    Import { local: Some(local.into()), name: Some(name.into()), from }
}

#[test]
fn a_type_that_counts_is_listed_once_and_another_in_place() {
    let address = object(&[("city", Shape::STRING)]);
    let order = object(&[("to", named("Address")), ("lines", Shape::Array(Box::new(named("Address"))))]);
    let built = Built::default().file("a", vec![define("Order", order), define("Address", address)], vec![]);
    let all = ["Address.city string", "Order.lines array", "Order.lines[] object", "Order.to object"];
    assert_eq!(built.told("a", "**"), all);
    let one = [
        "Order.lines array",
        "Order.lines[] object",
        "Order.lines[].city string",
        "Order.to object",
        "Order.to.city string",
    ];
    assert_eq!(built.told("a", "Order"), one);
}

#[test]
fn cycles_end() {
    let node = object(&[("name", Shape::STRING), ("child", named("Node"))]);
    let tree = object(&[("root", named("Node"))]);
    let built = Built::default().file("a", vec![define("Node", node), define("Tree", tree)], vec![]);
    assert_eq!(built.told("a", "Tree"), ["Tree.root object", "Tree.root.child object", "Tree.root.name string"]);
    let own = define("A", Shape::All(vec![named("B")]));
    let built = Built::default().file("a", vec![own, define("B", Shape::All(vec![named("A")]))], vec![]);
    assert_eq!(built.told("a", "**"), Vec::<String>::new());
}

#[test]
fn types_that_refer_to_each_other_twice_are_bounded_and_said_to_be_too_much() {
    let twice = |level: usize| {
        let next = format!("T{}", level + 1);
        define(&format!("T{level}"), object(&[("a", named(&next)), ("b", named(&next))]))
    };
    let built = Built::default().file("a", (0..40).map(twice).collect(), vec![]);
    let declared = built.declared("a", "T0");
    assert!(declared.fields.len() <= MAX_FIELDS + 100);
    assert!(declared.unread.iter().any(|blind| blind.reason.contains("too many fields")), "{:?}", declared.unread);
}

#[test]
fn inheritance_comes_from_other_files_and_the_last_word_counts() {
    let base = object(&[("id", Shape::NUMBER), ("by", Shape::STRING)]);
    let order = Shape::All(vec![named("Base"), object(&[("id", Shape::STRING)])]);
    let built = Built::default()
        .file("src/base", vec![define("Root", base)], vec![])
        .file("src/index", vec![], vec![import("Shared", "Root", &["none", "src/base"])])
        .file("own", vec![define("Order", order)], vec![import("Base", "Shared", &["src/index"])]);
    assert_eq!(built.told("own", "**"), ["Order.by string", "Order.id string"]);
    assert_eq!(built.declared("own", "**").unread, []);
}

#[test]
fn what_leads_nowhere_is_told_with_its_place() {
    let order =
        Shape::All(vec![named("Package"), named("Nowhere"), object(&[("a", named("Gone")), ("b", named("Package"))])]);
    let built = Built::default().file("own", vec![define("Order", order)], vec![import("Package", "X", &[])]);
    let declared = built.declared("own", "**");
    let told: Vec<&str> = declared.unread.iter().map(|blind| blind.reason.as_str()).collect();
    let files = "is not among the files that can be read";
    assert_eq!(
        told,
        [
            &format!("the type `Gone` {files}")[..],
            &format!("the type `Nowhere` {files}"),
            "the type `Package` is a package's, and its fields cannot be read"
        ]
    );
    assert!(declared.unread.iter().all(|blind| blind.at == 7));
    assert_eq!(built.told("own", "**"), ["Order.a unknown", "Order.b unknown"]);
}

#[test]
fn an_unread_part_counts_only_where_its_type_counts() {
    let odd = Shape::unread(3, "a computed key");
    let built = Built::default().file("a", vec![define("A", odd), define("B", object(&[]))], vec![]);
    assert_eq!(built.declared("a", "B").unread, []);
    assert_eq!(built.declared("a", "**").unread.len(), 1);
}

#[test]
fn kinds_follow_names_brands_and_alternatives() {
    let brand = Shape::All(vec![Shape::STRING, object(&[("__brand", Shape::STRING)])]);
    let status = Shape::Any(vec![Shape::enumerated(Kind::String), Shape::enumerated(Kind::String)]);
    let order = object(&[
        ("brand", named("Brand")),
        ("mixed", Shape::Any(vec![Shape::NUMBER, Shape::BOOLEAN])),
        ("status", status),
        ("text", Shape::Any(vec![Shape::enumerated(Kind::String), Shape::STRING])),
        ("map", Shape::Map(Box::new(Shape::NUMBER))),
    ]);
    let mut built = Built::default().file("a", vec![define("Order", order), define("Brand", brand)], vec![]);
    // What types alone know is a member elsewhere.
    assert!(built.told("a", "**").contains(&"Brand.__brand string".to_owned()));
    built.0.values_mut().for_each(|module| module.exports = Some(Exports::default()));
    let due = [
        "Order.brand string",
        "Order.map object",
        "Order.map.* number",
        "Order.mixed unknown",
        "Order.status string",
        "Order.text string",
    ];
    assert_eq!(built.told("a", "**"), due);
    let declared = built.declared("a", "**");
    let enumerated: Vec<String> =
        declared.fields.iter().filter(|field| field.enumerated).map(|field| field.path.to_string()).collect();
    assert_eq!(enumerated, ["status"]);
}

#[test]
fn some_members_and_all_but_some() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let base = define("Base", object(&[("a", Shape::STRING), ("b", Shape::STRING), ("c", Shape::STRING)]));
    let pick = define("P", Shape::Pick(Box::new(named("Base")), names(&["a"])));
    let omit = define("Q", Shape::Omit(Box::new(named("Base")), names(&["a"])));
    let built = Built::default().file("a", vec![base, pick, omit], vec![]);
    assert_eq!(built.told("a", "P"), ["P.a string"]);
    assert_eq!(built.told("a", "Q"), ["Q.b string", "Q.c string"]);
}

#[test]
fn alternatives_have_the_members_of_each() {
    let card = object(&[("kind", Shape::STRING), ("pan", Shape::STRING)]);
    let bank = object(&[("kind", Shape::NUMBER), ("iban", Shape::STRING)]);
    let built = Built::default().file("a", vec![define("Pay", Shape::Any(vec![card, bank]))], vec![]);
    assert_eq!(built.told("a", "**"), ["Pay.iban string", "Pay.kind string", "Pay.pan string"]);
}

#[test]
fn files_that_hand_all_names_on_to_each_other_are_asked_once_each() {
    let names: Vec<String> = (0..30).map(|number| format!("src/{number}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let everything = |from: &str| Import { local: None, name: None, from: vec![from.into()] };
    let built = all.iter().fold(Built::default(), |built, name| {
        built.file(name, vec![], all.iter().map(|other| everything(other)).collect())
    });
    let order = define("Order", object(&[("a", named("Nowhere")), ("b", named("Found"))]));
    let found = define("Found", object(&[("c", Shape::STRING)]));
    let built = built.file("src/last", vec![found], vec![]);
    let mut imports = vec![everything("src/0")];
    imports.push(everything("src/last"));
    let built = built.file("own", vec![order], imports);
    assert_eq!(built.told("own", "**"), ["Order.a unknown", "Order.b object", "Order.b.c string"]);
}

/// A struct of Go that embeds others.
fn embeds(name: &str, others: &[&str]) -> Definition {
    let both = |other: &&str| {
        [Shape::Pick(Box::new(named(other)), BTreeSet::new()), Shape::Omit(Box::new(named(other)), BTreeSet::new())]
    };
    let own = object(&[(&format!("of_{name}"), Shape::STRING)]);
    define(name, Shape::All(others.iter().flat_map(both).chain([own]).collect()))
}

#[test]
fn what_is_embedded_is_walked_once_for_each_struct_that_embeds_it() {
    let chain = |length: usize| (0..length).map(|n| embeds(&format!("T{n}"), &[&format!("T{}", n + 1)]));
    let end = |length: usize| define(&format!("T{length}"), object(&[("id", Shape::STRING)]));
    let long: Vec<Definition> = chain(30).chain([end(30)]).collect();
    let wide = (0..300).map(|n| embeds(&format!("S{n}"), &["T0"])).chain(chain(12)).chain([end(12)]).collect();
    for (definitions, types, due) in [(long, "T0", 31), (wide, "S*", 300 * 14)] {
        let mut built = Built::default().file("a", definitions, vec![]);
        built.0.values_mut().for_each(|module| module.is_leveled = true);
        let declared = built.declared("a", types);
        assert_eq!(declared.unread, [], "{types}");
        assert_eq!(declared.fields.len(), due, "{types}");
    }
}

#[test]
fn packages_that_a_file_may_mean_by_a_name_are_asked_once() {
    let start = std::time::Instant::now();
    let fields: Vec<(String, Shape)> =
        (0..20_000).map(|n| (format!("f{n}"), named(&format!("zz{}.T", n % 9)))).collect();
    let fields: Vec<(&str, Shape)> = fields.iter().map(|(name, shape)| (name.as_str(), shape.clone())).collect();
    let imports: Vec<Import> =
        (0..900).map(|n| Import::package(Some(format!("p{n}")), &format!("example.com/p{n}"))).collect();
    let mut built = Built::default().file("own/a.go", vec![define("Order", object(&fields))], imports);
    built.0.values_mut().for_each(|module| {
        module.is_leveled = true;
        module.package.guessed = (0..900).collect();
    });
    let declared = built.declared("own", "Order");
    assert_eq!((declared.fields.len(), declared.unread), (20_000, vec![]));
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

mod generics;
