use super::*;
use crate::drift::shape::Sites;

fn module(path: &str, text: &str) -> Module {
    read(&Source { path: path.into(), text, sites: &Sites::default() })
}

fn root(path: &str, text: &str) -> String {
    module(path, text).definitions[0].name.clone()
}

#[test]
fn a_file_is_called_by_its_title_or_its_name() {
    assert_eq!(root("a/order.schema.json", r#"{"type":"object"}"#), "order");
    assert_eq!(root("order.json", r#"{"title":"PurchaseOrder","type":"object"}"#), "PurchaseOrder");
    assert_eq!(root("order.json", r#"{"title":"What people buy.","type":"object"}"#), "order");
    assert!(module("defs.json", r#"{"$id":"x","$defs":{}}"#).definitions.is_empty());
}

#[test]
fn references_find_files_beside_and_by_their_common_address() {
    let from = |path: &str, id: &str, reference: &str| {
        let module = module(path, &format!(r#"{{"$id":"{id}","properties":{{"a":{{"$ref":"{reference}"}}}}}}"#));
        let import = module.imports.into_iter().find(|import| import.local.as_deref() == Some(reference));
        import.map(|import| (import.name.unwrap(), import.from.iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    let found = |name: &str, path: &str| Some((name.to_owned(), vec![path.to_owned()]));
    assert_eq!(from("s/a.json", "", "b.json"), found("#", "s/b.json"));
    assert_eq!(from("s/a.json", "", "./b.json#"), found("#", "s/b.json"));
    assert_eq!(from("s/a.json", "", "../t/b.json#/$defs/C"), found("C", "t/b.json"));
    assert_eq!(from("a.json", "", "b.json#/definitions/C/$defs/D"), found("C.D", "b.json"));
    assert_eq!(from("s/a.json", "https://x.example/v1/a.json", "b.json"), found("#", "s/b.json"));
    assert_eq!(
        from("s/a.json", "https://x.example/v1/a.json", "https://x.example/v1/t/b.json"),
        found("#", "s/t/b.json")
    );
    assert_eq!(from("s/a.json", "https://x.example/v1/a.json", "/v1/b%20c.json"), found("#", "s/b c.json"));
    let many = from("a.json", "https://x.example/a", "money").unwrap().1;
    assert_eq!(many, ["money", "money.json", "money.schema.json", "money.yaml", "money.yml"]);
    for (path, id, reference) in [
        ("a.json", "", "../b.json"),
        ("a.json", "", "/b.json"),
        ("a.json", "", "https://y.example/b.json"),
        ("a.json", "https://x.example/v1/a.json", "https://x.example/v2/b.json"),
        ("a.json", "", "urn:example:b"),
        ("a.json", "", "b%2.json"),
        ("a.json", "", "b.json#/properties/c/d"),
        ("a.json", "", "b.json#anchor"),
    ] {
        assert_eq!(from(path, id, reference), None, "{reference}");
    }
}

/// Schemas that lead to each other without names grow at most to a bound.
#[test]
fn references_to_what_has_no_name_come_to_an_end() {
    let twice = |step: usize| {
        format!(r##""p{step}":{{"properties":{{"a":{{"$ref":"#/x/p{0}"}},"b":{{"$ref":"#/x/p{0}"}}}}}}"##, step + 1)
    };
    let steps: Vec<String> = (0..40).map(twice).collect();
    let text = format!(
        r##"{{"properties":{{"a":{{"$ref":"#/x/p0"}}}},"x":{{{},"p40":{{"type":"string"}}}}}}"##,
        steps.join(",")
    );
    let told = format!("{:?}", module("a.json", &text));
    assert!(told.contains("in a circle") && told.len() < 100_000_000, "{}", told.len());
    let wide: String = (0..30_000).map(|at| format!(r##""k{at}":{{"$ref":"#/x/big"}},"##)).collect();
    let big: String = (0..3_000).map(|at| format!(r#""m{at}":{{"type":"string"}},"#)).collect();
    let text = format!(r##"{{"properties":{{{wide}"k":true}},"x":{{"big":{{"properties":{{{big}"m":true}}}}}}}}"##);
    assert!(format!("{:?}", module("a.json", &text)).contains("too many schemas"));
}

#[test]
fn many_references_may_lead_through_one_long_list() {
    let parts: Vec<String> = (0..2_000).map(|at| format!(r#""p{at}":{{"type":"string"}}"#)).collect();
    let fields: Vec<String> = (0..2_000).map(|at| format!(r##""f{at}":{{"$ref":"#/x/p{at}"}}"##)).collect();
    let text = format!(r#"{{"properties":{{{}}},"x":{{{}}}}}"#, fields.join(","), parts.join(","));
    assert!(!format!("{:?}", module("a.json", &text)).contains("too many schemas"));
}

#[test]
fn hostile_files_are_read_to_an_end() {
    for text in [
        "[".repeat(10_000),
        "{\"allOf\":[".repeat(10_000),
        format!("{{\"enum\":[{}1]}}", "\"a\",".repeat(200_000)),
        format!(
            "{{\"properties\":{{{}\"z\":1}}}}",
            (0..50_000).map(|at| format!("\"p{at}\":{{}},")).collect::<String>()
        ),
        "\u{feff}{}".to_owned(),
        "null".to_owned(),
        // Each word of `type` would read all that is below once more.
        format!("{}{{}}{}", "{\"type\":[\"object\",\"object\"],\"properties\":{\"a\":".repeat(60), "}}".repeat(60)),
    ] {
        let module = module("a.json", &text);
        assert!(!module.definitions.is_empty() || module.unread.len() == 1);
    }
}
