//! `status.json`: what the strict reader accepts is what any reader reads, and says the same when it is written again.

use refgate::provenance::status::{SCHEMA, Status};
use refgate::strict_json;
use serde_json::Value;

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    match strict_json::parse(data) {
        Ok(value) => {
            assert_eq!(serde_json::from_slice::<Value>(data).expect("JSON"), value, "another reader reads otherwise");
            let again = serde_json::to_vec(&value).unwrap();
            // The last digit of a long fraction is any reader's own; nothing in a status is one.
            if !has_fraction(&value) {
                assert_eq!(strict_json::parse(&again), Ok(value), "written again it says something else");
            }
        }
        Err(error) => {
            tells(&error.to_string());
            assert!(Status::parse(data).is_err(), "a status of what is no JSON");
        }
    }
    match Status::parse(data) {
        Ok(status) => says(data, &status),
        Err(error) => tells(&error.to_string()),
    }
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn says(data: &[u8], status: &Status) {
    let value: Value = serde_json::from_slice(data).unwrap();
    for (field, text) in [("status", &status.status), ("task", &status.task), ("branch", &status.branch)] {
        assert_eq!(value[field].as_str(), Some(text.as_str()));
    }
    assert_eq!(value["filesChanged"].as_array().map(Vec::len), Some(status.files_changed.len()));
    assert_eq!(status.binding.is_some(), value.get("schema").is_some());
    assert_eq!(status.is_success(), status.status.to_lowercase() == "success");
    let Some(binding) = &status.binding else { return };
    assert_eq!(value["schema"], SCHEMA);
    assert!(!binding.base.is_zero() && !binding.tree.is_zero());
    assert_eq!(value["artifacts"].as_object().map(serde_json::Map::len), Some(binding.artifacts.len()));
    for path in binding.artifacts.keys() {
        let out = path.split('/').any(|part| ["", ".", ".."].contains(&part));
        assert!(!out && !path.contains('\\'), "{path:?} leads out of the task's folder");
    }
}
