//! JSON and YAML with places: JSON is taken as the strict reader takes it, each part stands where it is said to stand, and
//! what is refused is told with a place in the text.

use refgate::drift::document::{self, Node, Value};
use refgate::drift::shape::Unread;
use refgate::strict_json;
use serde_json::Value as Json;

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let own = document::json(text);
    match (&own, strict_json::parse_bounded(data)) {
        (Ok(own), Ok(value)) => {
            assert_eq!(plain(own.root()), without_numbers(value), "the strict reader reads otherwise");
            in_place(text, own.root());
        }
        (Ok(_), Err(error)) => {
            assert!(error.to_string().contains("deeper than"), "only depth is bounded otherwise: {error}")
        }
        (Err(unread), Ok(_)) => panic!("the strict reader takes it: {unread:?}"),
        (Err(unread), Err(_)) => told(text, unread),
    }
    match (document::yaml(text), &own) {
        (Ok(yaml), Ok(json)) => assert_eq!(yaml, *json, "JSON means something else as YAML"),
        (Ok(yaml), Err(_)) => within(text, yaml.root()),
        (Err(unread), _) => told(text, &unread),
    }
}

#[track_caller]
fn told(text: &str, unread: &Unread) {
    tells(&unread.reason);
    assert!(text.is_char_boundary(unread.at as usize), "{unread:?} is no place in the text");
}

/// The value with every number as 0.
fn plain(node: Node<'_>) -> Json {
    match node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::from(value),
        Value::Number => Json::from(0),
        Value::String(_) => Json::from(node.text()),
        Value::Array(_) => node.items().map(plain).collect(),
        Value::Object(_) => node.entries().map(|entry| (entry.key.to_owned(), plain(entry.node))).collect(),
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

/// What begins at an offset is what the node says.
fn in_place(text: &str, node: Node<'_>) {
    let first = text.as_bytes()[node.at as usize];
    match node.value {
        Value::Null => assert_eq!(first, b'n'),
        Value::Bool(value) => assert_eq!(first, if value { b't' } else { b'f' }),
        Value::Number => assert!(first == b'-' || first.is_ascii_digit()),
        Value::String(_) => assert_eq!(Some(string_at(text, node.at).as_str()), node.text()),
        Value::Array(_) => {
            assert_eq!(first, b'[');
            node.items().for_each(|item| in_place(text, item));
        }
        Value::Object(_) => {
            assert_eq!(first, b'{');
            for entry in node.entries() {
                assert_eq!(string_at(text, entry.at), entry.key);
                in_place(text, entry.node);
            }
        }
    }
}

fn string_at(text: &str, at: u32) -> String {
    let mut strings = serde_json::Deserializer::from_str(&text[at as usize..]).into_iter::<String>();
    strings.next().unwrap().expect("a string begins there")
}

/// Every place of a YAML document lies in its text, and no key stands twice.
fn within(text: &str, node: Node<'_>) {
    assert!(text.is_char_boundary(node.at as usize));
    node.items().for_each(|item| within(text, item));
    for (index, entry) in node.entries().enumerate() {
        assert!(text.is_char_boundary(entry.at as usize));
        assert!(index > 100 || node.entries().take(index).all(|other| other.key != entry.key), "{:?} twice", entry.key);
        within(text, entry.node);
    }
}
