use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::strict_json;

/// The document as another reader has it, with every number as 0.
fn plain(node: Node<'_>) -> Json {
    match node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::from(value),
        Value::Number => Json::from(0),
        Value::String(_) => Json::from(node.text().unwrap()),
        Value::Array(_) => node.items().map(plain).collect(),
        Value::Object(_) => node.entries().map(|entry| (entry.key.to_owned(), plain(entry.node))).collect(),
    }
}

/// The items with their places, as they are handed over; of what is no list only its place. It does not matter how many
/// threads read them.
fn handed_over(text: &str) -> Result<Vec<(Json, u32)>, Unread> {
    let read = |long| json_items_of(text, long, |item| (plain(item), item.at));
    let (one, two) = (read(usize::MAX), read(0));
    assert_eq!(one, two, "{text}");
    one.map(|items| items.unwrap_or_else(|at| vec![(Json::Null, at)]))
}

/// The same of a whole document.
fn listed(document: &Document<'_>) -> Vec<(Json, u32)> {
    match document.root() {
        list if list.is_array() => list.items().map(|item| (plain(item), item.at)).collect(),
        other => vec![(Json::Null, other.at)],
    }
}

fn without_numbers(value: Json) -> Json {
    match value {
        Json::Number(_) => Json::from(0),
        Json::Array(items) => items.into_iter().map(without_numbers).collect(),
        Json::Object(fields) => fields.into_iter().map(|(key, value)| (key, without_numbers(value))).collect(),
        other => other,
    }
}

/// What another reader reads from an offset on.
fn read_at(text: &str, at: u32) -> Json {
    let mut values = serde_json::Deserializer::from_str(&text[at as usize..]).into_iter::<Json>();
    without_numbers(values.next().unwrap().unwrap())
}

#[track_caller]
fn in_place(text: &str, node: Node<'_>) {
    assert_eq!(read_at(text, node.at), plain(node), "at {} of {text}", node.at);
    node.items().for_each(|item| in_place(text, item));
    for entry in node.entries() {
        assert_eq!(read_at(text, entry.at), Json::from(entry.key));
        in_place(text, entry.node);
    }
}

#[track_caller]
fn refused(result: Result<Document<'_>, Unread>, at: u32, about: &str) {
    let unread = result.unwrap_err();
    assert!(unread.reason.contains(about), "{unread:?}");
    assert_eq!(unread.at, at, "{unread:?}");
    assert!(unread.reason.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{unread:?}");
}

fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter("a number", |number| number.is_finite()).prop_map(Json::from),
        "[ -~\u{e9}\u{4e2d}\u{1f600}]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 60, 14, |inner| {
        let keys = "[a-c\u{e9}\u{1f600} \\\\\"]{0,4}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            prop::collection::btree_map(keys, inner, 0..16)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    (values(), any::<bool>()).prop_map(|(value, pretty)| if pretty { format!("{value:#}") } else { value.to_string() })
}

proptest! {
    #[test]
    fn json_is_read_as_others_read_it_and_where_it_stands(text in texts()) {
        let document = json(&text).unwrap();
        prop_assert_eq!(plain(document.root()), without_numbers(serde_json::from_str(&text).unwrap()));
        in_place(&text, document.root());
    }

    #[test]
    fn what_the_strict_reader_refuses_is_refused_and_nothing_else(
        text in texts(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..24_usize), 0..4),
    ) {
        let pieces = [
            "", "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\t", "0", "-", ".", "e9", "e999", "true", "null",
            "NaN", "\\ud800", "\"a\":1", "\u{1f600}", "\u{0}",
        ];
        let mut text: Vec<char> = text.chars().collect();
        for (place, piece) in edits {
            let at = place.index(text.len() + 1);
            // An edit removes a character or puts something in.
            match pieces[piece] {
                "" if at < text.len() => drop(text.remove(at)),
                piece => drop(text.splice(at..at, piece.chars())),
            }
        }
        let text: String = text.into_iter().collect();
        prop_assert_eq!(handed_over(&text), json(&text).map(|own| listed(&own)));
        match (json(&text), strict_json::parse_bounded(text.as_bytes())) {
            (Ok(own), Ok(value)) => prop_assert_eq!(plain(own.root()), without_numbers(value)),
            (Err(_), Err(_)) => {}
            (own, other) => prop_assert!(false, "{:?}: {:?} and {:?}", text, own, other),
        }
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, at, about) in [
        ("", 0, "EOF"),
        ("{\"a\":NaN}", 5, "expected"),
        ("{\"a\":1}\nx", 8, "trailing characters"),
        ("{\"a\":1,}", 7, "trailing comma"),
        ("{\"a\":1,\n \"a\":2}", 9, "the key \"a\" stands twice"),
        ("{\"a\":1,\"\\u0061\":2}", 7, "stands twice"),
        ("{\"a\":1e999}", 5, "beyond a double"),
        ("[x]", 1, "expected"),
        ("\u{feff}{}", 0, "byte order mark"),
        ("{\0}\0", 0, "UTF-16"),
        ("\"\\ud800\"", 7, "hex escape"),
        ("\"\n\"", 1, "control character"),
    ] {
        refused(json(text), at, about);
    }
}

#[test]
fn two_threads_read_what_one_does_wherever_the_second_begins() {
    let item = |number: usize| format!("  {{\n    \"name\": \"n{number}\",\n    \"of\": [1, {{}}]\n  }}");
    let text = format!("[\n{}\n]\n", (0..9).map(item).collect::<Vec<_>>().join(",\n"));
    assert_eq!(handed_over(&text).unwrap().len(), 9);
    // Cut off anywhere, and with a bracket too many anywhere.
    for at in 0..text.len() {
        assert!(handed_over(&text[..at]).is_err() || text[at..].trim().is_empty());
        for more in ["]", "\n  {", "}", "\""] {
            let text = format!("{}{more}{}", &text[..at], &text[at..]);
            assert_eq!(handed_over(&text), json(&text).map(|whole| listed(&whole)));
        }
    }
    // What looks like an item and lies in one.
    let inner = "\n  {\"a\": 1}".to_owned() + &",\n  {\"a\": 1}".repeat(20);
    assert_eq!(handed_over(&format!("[\n  {{\"of\": [{inner}]}}, 2]")).unwrap().len(), 2);
}

#[test]
fn many_keys_stand_once_each() {
    let keys = |last: &str| (0..50).map(|key| format!("\"k{key}\":1,")).collect::<String>() + last;
    assert!(json(&format!("{{{}}}", keys("\"k50\":1"))).is_ok());
    let text = format!("{{{}}}", keys("\"k7\":1"));
    refused(json(&text), u32::try_from(text.rfind("\"k7\"").unwrap()).unwrap(), "\"k7\" stands twice");
}

#[test]
fn nesting_is_bounded() {
    let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(json(&nest(MAX_DEPTH)).is_ok());
    refused(json(&nest(MAX_DEPTH + 1)), 128, "deeper than 128");
    refused(json(&nest(10_000)), 128, "deeper than 128");
    refused(json(&"{\"a\":".repeat(10_000)), 5 * 128, "deeper than 128");
}

#[cfg(feature = "openapi")]
mod in_yaml {
    use super::*;

    fn read(text: &str) -> Json {
        plain(yaml(text).unwrap().root())
    }

    proptest! {
        #[test]
        fn json_means_the_same_as_yaml_and_stands_at_the_same_places(text in texts()) {
            prop_assert_eq!(yaml(&text), json(&text));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]{}\":,a1'|>&*!%#?~\\-\n \u{e9}<]{0,60}") {
            if let Err(unread) = yaml(&text) {
                prop_assert!(unread.at as usize <= text.len() && text.is_char_boundary(unread.at as usize));
                prop_assert!(unread.reason.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{:?}", unread);
            }
        }
    }

    #[test]
    fn scalars_are_those_of_the_core_schema() {
        let text =
            "[~, null, 'null', true, yes, 1, 0o7, 0x1f, 1., .5, 1e3, -.inf, .nan, 1.2.3, 0o8, +, ., e1, '', 1_0]";
        let expected =
            "[null,null,\"null\",true,\"yes\",0,0,0,0,0,0,0,0,\"1.2.3\",\"0o8\",\"+\",\".\",\"e1\",\"\",\"1_0\"]";
        assert_eq!(read(text).to_string(), expected);
        assert_eq!(
            read("a: !!str 1\nb: !!int 1\nc: !!null\nd: !!float 1").to_string(),
            r#"{"a":"1","b":0,"c":null,"d":0}"#
        );
        assert_eq!(read("200: a\ntrue: b\n1.0: c").to_string(), r#"{"1.0":"c","200":"a","true":"b"}"#);
        assert_eq!(read(""), Json::Null);
    }

    #[test]
    fn places_are_right_behind_other_alphabets() {
        let text = "# \u{e9}\u{1f600} \u{4e2d}\r\n\u{e9}: \"\u{1f600}\" # \u{4e2d}\nb:\n  - |\n    \u{4e2d}\u{4e2d}\n    x\n  - \u{e9}\u{e9} \u{e9}\n  - last\nc: &x \u{1f600}\n";
        let document = yaml(text).unwrap();
        let node = document.root();
        let place = |wanted: &str| u32::try_from(text.find(wanted).unwrap()).unwrap();
        let keys: Vec<u32> = node.entries().map(|entry| entry.at).collect();
        assert_eq!(keys, [place("\u{e9}: "), place("b:"), place("c:")]);
        assert_eq!(node.get("\u{e9}").unwrap().at, place("\"\u{1f600}\""));
        let items: Vec<u32> = node.get("b").unwrap().items().map(|item| item.at).collect();
        // A block begins with its first line.
        assert_eq!(items, [place("\u{4e2d}\u{4e2d}"), place("\u{e9}\u{e9} "), place("last")]);
        let long = format!("{}: \u{e9}\nb: c", "\u{4e2d}".repeat(500));
        assert_eq!(yaml(&long).unwrap().root().get("b").unwrap().at as usize, long.len() - 1);
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let text =
            "base: &base {a: 1, b: x}\nmore: &more {b: y, c: 2}\nown:\n  <<: [*base, *more]\n  c: z\nlist: [*base]";
        assert_eq!(read(text)["own"].to_string(), r#"{"a":0,"b":"x","c":"z"}"#);
        assert_eq!(read(text)["list"].to_string(), r#"[{"a":0,"b":"x"}]"#);
        assert_eq!(read("'<<': 1").to_string(), r#"{"<<":0}"#);
    }

    #[test]
    fn what_readers_take_differently_is_refused_with_its_place() {
        for (text, at, about) in [
            ("a: 1\nb: 2\na: 3", 10, "\"a\" stands twice"),
            ("a: 1\n'a': 3", 5, "\"a\" stands twice"),
            ("a: 1\n---\nb: 2", 5, "several YAML documents"),
            ("%YAML 1.1\n---\na: yes", 0, "directives"),
            ("a: !mine 1", 3, "tag"),
            ("a: !!binary aGk=", 3, "tag"),
            ("a: !!int x", 3, "tag"),
            ("!!seq {}", 0, "tag"),
            ("? [a]\n: b", 2, "a key is"),
            ("a: &x b\n*x : c", 8, "a key is"),
            ("{: 1}", 1, "a key is"),
            ("&x a: 1", 0, "a key is"),
            ("a: *no", 3, "does not parse"),
            ("a: &a [*a]", 7, "what it lies in"),
            ("<<: 1", 4, "takes a mapping"),
            ("<<: {}\n<<: {}", 7, "stands twice"),
            ("a: b\0\nc: d", 4, "control character"),
            ("\u{feff}a: b", 0, "byte order mark"),
            ("a: [", 4, "does not parse"),
            ("a: 'b", 3, "does not parse"),
            ("\u{e9}: [\u{e9}", 7, "does not parse"),
        ] {
            refused(yaml(text), at, about);
        }
    }

    #[test]
    fn a_small_file_stays_a_small_document() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(yaml(&text).unwrap_err().reason.contains("too much"));
        let long = format!("a: &a \"{}\\n\"\nb: [{}]", "x".repeat(50_000), "*a, ".repeat(100));
        assert!(yaml(&long).unwrap_err().reason.contains("too much"));
        for text in ["[".repeat(10_000), "- ".repeat(10_000), "? ".repeat(10_000), "{a: ".repeat(10_000)] {
            let reason = yaml(&text).unwrap_err().reason;
            assert!(
                reason.contains("deeper than 128") || reason.contains("a key is") || reason.contains("parse"),
                "{reason}"
            );
        }
        let nested = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth.min(400)))).collect::<String>();
        assert!(yaml(&nested).is_err());
        // An alias does not lead below the bound either.
        let deep = format!("a: &a {}{}\nb: {}*a{}", "[".repeat(100), "]".repeat(100), "[".repeat(50), "]".repeat(50));
        assert!(yaml(&deep).unwrap_err().reason.contains("deeper than 128"));
    }
}

#[test]
fn one_long_line_is_read_in_linear_time() {
    let text = format!("[{}1]", "{\"a\":\"\u{e9}\\n\"},".repeat(60_000));
    assert_eq!(json(&text).unwrap().root().items().count(), 60_001);
    #[cfg(feature = "openapi")]
    assert_eq!(yaml(&text).unwrap(), json(&text).unwrap());
}
