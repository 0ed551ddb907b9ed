use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ledger::Record;
use crate::ledger::record::{Decided, Event};
use crate::ledger::tests::all;
use crate::report::json::line;

#[test]
fn every_record_reads_as_it_is_written() {
    for record in all() {
        let line = record.render();
        let text = String::from_utf8(line.clone()).unwrap();
        assert!(text.is_ascii() && !text.contains('\n'), "{text}");
        assert_eq!(Record::parse(&line).unwrap(), record, "{text}");
    }
}

#[test]
fn a_record_has_one_spelling() {
    let line = String::from_utf8(all()[3].render()).unwrap();
    let wrong = [
        line.replace("\"event\"", " \"event\""),
        line.replace("\"event\":\"refused\"", "\"event\":\"refuse\""),
        line.replace("{\"event", "{\"applied\":true,\"event"),
        line.replace("{\"event", "{\"aaa\":true,\"event"),
        line.replace("{\"event", "{\"actor\":null,\"event"),
        line.replace("refs", "ref\\u0073"),
        line.replace("\"sequence\":4", "\"sequence\":4.0"),
        line.replace("Z\"", "+00:00\""),
        line.replace("ledger/1", "ledger/2"),
        line.clone() + " ",
        line[..line.len() - 1].to_owned(),
        line.replace("\"pending\":[1,2],", ""),
        line.replace("\"tool\":\"0.1.0\",", ""),
        line.replace("\"old\":\"01", "\"old\":\"0A"),
    ];
    for wrong in wrong {
        assert_ne!(wrong, line);
        assert!(Record::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    Record::parse(line.as_bytes()).unwrap();
}

#[test]
fn whatever_a_terminal_would_act_on_is_escaped() {
    let refused = all().into_iter().find_map(|record| match record.event {
        Event::Decided(decided) => Some(Record {
            event: Event::Decided(Decided { actor: Some("a\u{7f}\u{9b}b".into()), ..decided }),
            ..record
        }),
        _ => None,
    });
    let record = refused.unwrap();
    let text = String::from_utf8(record.render()).unwrap();
    assert!(text.contains(r"a\u007f\u009bb") && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
    assert_eq!(Record::parse(text.as_bytes()).unwrap(), record);
    assert!(Record::parse(text.replace(r"\u007f", "\u{7f}").as_bytes()).is_err());
}

/// What can stand in a record, in the place of something else or beside it: whatever is read comes out as it went in.
#[test]
fn no_change_of_a_record_reads_as_another_spelling_of_it() {
    let (mut read, mut tried) = (0, 0);
    let mut holds = |line: &[u8]| {
        tried += 1;
        if let Ok(record) = Record::parse(line) {
            assert_eq!(record.render(), line, "{}", String::from_utf8_lossy(line));
            read += 1;
        }
    };
    let values: Vec<Value> = all().iter().map(|record| serde_json::from_slice(&record.render()).unwrap()).collect();
    let (mut known, mut pool) = (BTreeSet::new(), BTreeMap::new());
    values.iter().for_each(|value| keys(value, &mut known));
    let other = [json!(null), false.into(), 0.into(), "".into(), json!([]), json!({})];
    pool.extend(other.into_iter().map(|value| (value.to_string(), value)));
    values.iter().for_each(|value| {
        objects(value, &mut |object| {
            let values = object.as_object().into_iter().flat_map(|map| map.values());
            let named = values.map(|value| (value.to_string(), value.clone()));
            pool.extend(named.filter(|(text, _)| text.len() < 80));
        });
    });
    for value in &values {
        let mut places = Vec::new();
        pointers(value, String::new(), &mut places);
        for place in places {
            for key in &known {
                let mut without = value.clone();
                without.pointer_mut(&place).unwrap().as_object_mut().unwrap().remove(key);
                holds(line(&without).trim_end().as_bytes());
                for other in pool.values() {
                    without.pointer_mut(&place).unwrap()[key] = other.clone();
                    holds(line(&without).trim_end().as_bytes());
                }
            }
        }
    }
    for line in all().iter().map(Record::render) {
        for at in 0..line.len() {
            let (before, after) = (&line[..at], &line[at + 1..]);
            holds(&[before, after].concat());
            for byte in *b"0\"\\," {
                holds(&[before, &[byte], after].concat());
                holds(&[before, &[byte], &line[at..]].concat());
            }
        }
    }
    assert!(read > 1000 && tried > 5 * read, "{read} of {tried}");
}

/// Where the objects of a value are.
fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, format!("{at}/{key}"), found));
            found.push(at);
        }
        Value::Array(items) => {
            (0..).zip(items).for_each(|(place, value): (u32, _)| pointers(value, format!("{at}/{place}"), found));
        }
        _ => {}
    }
}

#[test]
fn every_record_fits_the_published_schema_which_describes_every_key() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/schema/ledger.json")).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut written = BTreeSet::new();
    for record in all() {
        let value: Value = serde_json::from_slice(&record.render()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{value}");
        keys(&value, &mut written);
        let mut more = value.clone();
        more["more"] = json!(1);
        assert!(!validator.is_valid(&more));
    }
    let mut described = BTreeSet::new();
    objects(&schema, &mut |object| {
        let Some(properties) = object.get("properties").and_then(|properties| properties.as_object()) else { return };
        assert_eq!(object["additionalProperties"], json!(false));
        for (name, property) in properties {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.') && text.is_ascii(), "{name}: {text}");
            described.insert(name.clone());
        }
    });
    written.remove("path-name");
    assert_eq!(described, written);
}

/// The keys of every object in the value.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    objects(value, &mut |object| found.extend(object.as_object().into_iter().flat_map(|map| map.keys().cloned())));
}

fn objects(value: &Value, seen: &mut dyn FnMut(&Value)) {
    match value {
        Value::Object(map) => {
            seen(value);
            map.values().for_each(|value| objects(value, seen));
        }
        Value::Array(items) => items.iter().for_each(|value| objects(value, seen)),
        _ => {}
    }
}
