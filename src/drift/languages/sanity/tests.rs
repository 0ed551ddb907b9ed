use super::*;
use crate::drift::shape::Sites;

fn module(text: &str) -> Module {
    read(&Source { path: "schema.json".into(), text, sites: &Sites::default() })
}

#[test]
fn an_item_with_nothing_but_a_key_is_the_type_that_it_names() {
    let item = r#"{"type":"object","attributes":{"_key":{"type":"objectAttribute","value":{"type":"string"}}},
        "rest":{"type":"inline","name":"line"}}"#;
    let text = format!(r#"[{{"type":"type","name":"lines","value":{{"type":"array","of":{item}}}}}]"#);
    let at = u32::try_from(text.find("\"line\"").unwrap()).unwrap();
    assert_eq!(module(&text).definitions[0].shape, Shape::Array(Box::new(Shape::exactly("line", at))));
}

#[test]
fn a_file_that_is_none_of_sanity_s_says_so() {
    for (text, at, about) in [
        ("{}", 0, "no array of types"),
        ("[{", 2, "does not parse"),
        (r#"[{"type":"type"}]"#, 1, "no `name`"),
        (r#"[{"type":"type","name":1}]"#, 23, "is a text"),
        (r#"[{"type":"field","name":"a"}]"#, 9, "\"field\""),
        (r#"[{"type":"type","name":"a"}]"#, 1, "no `value`"),
        (r#"[{"name":"a"}]"#, 1, "there is no `type`"),
        ("[1]", 1, "no `name`"),
    ] {
        let module = module(text);
        assert_eq!(module.definitions, [], "{text}");
        let [unread] = module.unread.as_slice() else { panic!("{text}: {module:?}") };
        assert!(unread.reason.contains(about) && unread.at == at, "{text}: {unread:?}");
    }
}
