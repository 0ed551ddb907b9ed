//! The outcome of a task, `final/status.json`: what it claims, and what it binds itself to.
//!
//! Owns the fields and their types. Must not know whether a claim holds. Fields that it does not know are welcome.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::oid::Oid;
use crate::strict_json::{self, JsonError};

/// The value of `schema` in a status that refgate wrote.
pub const SCHEMA: &str = "refgate.status/1";

/// What the status says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The outcome, as written; see [`Status::is_success`].
    pub status: String,
    /// The task, as written.
    pub task: String,
    /// The task's branch, as written.
    pub branch: String,
    /// The changed paths from the top of the repository, as written and in that order.
    pub files_changed: Vec<String>,
    /// `commitSha` as written; `None` when absent or null.
    pub commit_sha: Option<String>,
    /// What the status binds itself to, when `schema` is [`SCHEMA`]. Without that field, fields of the same names are
    /// another tool's and mean nothing here.
    pub binding: Option<Binding>,
}

/// What a status that refgate wrote is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The commit that the task began on.
    pub base: Oid,
    /// The root tree without the trace folder.
    pub tree: Oid,
    /// The blob of each artifact, by its path from the task's folder.
    pub artifacts: BTreeMap<String, Oid>,
}

/// What is wrong with a status, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// No JSON, or JSON that readers take differently.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON, but no object.
    #[error("the file holds no JSON object; write `{{ \"status\": ..., \"task\": ... }}`")]
    NotAnObject,
    /// A required field is absent.
    #[error("the field `{field}` is missing; write {expected}")]
    Missing {
        /// The field's name.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// A field holds something else than it must.
    #[error("the field `{field}` holds something else; write {expected}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

impl Status {
    /// Reads the status.
    ///
    /// # Errors
    ///
    /// A [`StatusError`] for JSON that [`strict_json::parse`] refuses, and for a required field that is absent or of
    /// another type; the first fault is named.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusError> {
        let Value::Object(object) = strict_json::parse(bytes)? else { return Err(StatusError::NotAnObject) };
        Ok(Self {
            status: text(&object, "status", "a string, \"SUCCESS\" once all is done")?,
            task: text(&object, "task", "a string, the task's name")?,
            branch: text(&object, "branch", "a string, the task's branch")?,
            files_changed: files_changed(&object)?,
            commit_sha: commit_sha(&object)?,
            binding: binding(&object)?,
        })
    }

    /// Whether the outcome is `SUCCESS`, compared without case and nothing else taken off.
    pub fn is_success(&self) -> bool {
        self.status.eq_ignore_ascii_case("SUCCESS")
    }
}

fn text(object: &Map<String, Value>, field: &'static str, expected: &'static str) -> Result<String, StatusError> {
    match object.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(StatusError::Invalid { field, expected }),
        None => Err(StatusError::Missing { field, expected }),
    }
}

fn files_changed(object: &Map<String, Value>) -> Result<Vec<String>, StatusError> {
    let (field, expected) = ("filesChanged", "an array of strings, each changed path from the top of the repository");
    let Value::Array(items) = object.get(field).ok_or(StatusError::Missing { field, expected })? else {
        return Err(StatusError::Invalid { field, expected });
    };
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(StatusError::Invalid { field, expected })).collect()
}

fn commit_sha(object: &Map<String, Value>) -> Result<Option<String>, StatusError> {
    match object.get("commitSha") {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(object, "commitSha", "a string, the commit's full name, or null").map(Some),
    }
}

fn binding(object: &Map<String, Value>) -> Result<Option<Binding>, StatusError> {
    match object.get("schema") {
        None => Ok(None),
        Some(Value::String(schema)) if schema == SCHEMA => Ok(Some(Binding {
            base: oid(object, "base", "a string, the full name of the commit that the task began on")?,
            tree: oid(object, "tree", "a string, the full name of the root tree without the trace folder")?,
            artifacts: artifacts(object)?,
        })),
        // A later schema may bind to more than is known here; taking it for none would drop that silently.
        Some(_) => {
            Err(StatusError::Invalid { field: "schema", expected: "\"refgate.status/1\", or leave the field out" })
        }
    }
}

fn oid(object: &Map<String, Value>, field: &'static str, expected: &'static str) -> Result<Oid, StatusError> {
    let hex = text(object, field, expected)?;
    real_oid(&hex).ok_or(StatusError::Invalid { field, expected })
}

fn real_oid(hex: &str) -> Option<Oid> {
    Oid::from_hex(hex.as_bytes()).filter(|oid| !oid.is_zero())
}

fn artifacts(object: &Map<String, Value>) -> Result<BTreeMap<String, Oid>, StatusError> {
    let (field, expected) = ("artifacts", "an object, from each path below the task's folder to its blob's full name");
    let invalid = || StatusError::Invalid { field, expected };
    let Value::Object(entries) = object.get(field).ok_or(StatusError::Missing { field, expected })? else {
        return Err(invalid());
    };
    entries
        .iter()
        .map(|(path, blob)| {
            let blob = blob.as_str().and_then(real_oid).filter(|_| is_relative_path(path)).ok_or_else(invalid)?;
            Ok((path.clone(), blob))
        })
        .collect()
}

/// A path that stays below the folder it starts from, in every reader's eyes.
fn is_relative_path(path: &str) -> bool {
    !path.contains(|c: char| c.is_control() || c == '\\')
        && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: &Value) -> Result<Status, StatusError> {
        Status::parse(value.to_string().as_bytes())
    }

    fn plain() -> Value {
        json!({"status": "SUCCESS", "task": "t", "branch": "autoTest/t", "filesChanged": ["src/a.ts"]})
    }

    fn bound() -> Value {
        let mut value = plain();
        value["schema"] = json!(SCHEMA);
        value["base"] = json!("a".repeat(40));
        value["tree"] = json!("b".repeat(40));
        value["artifacts"] = json!({"claude/review/a.md": "c".repeat(40)});
        value
    }

    #[test]
    fn the_required_fields_are_read_and_unknown_ones_are_welcome() {
        let mut value = plain();
        value["deployUrl"] = Value::Null;
        value["artifacts"] = json!(["another tool's"]);
        let status = parse(&value).unwrap();
        assert_eq!((status.task.as_str(), status.branch.as_str()), ("t", "autoTest/t"));
        assert_eq!(status.files_changed, ["src/a.ts"]);
        assert_eq!((status.commit_sha.as_deref(), &status.binding), (None, &None));
    }

    #[test]
    fn a_missing_or_mistyped_field_is_named() {
        for field in ["status", "task", "branch", "filesChanged"] {
            let mut value = plain();
            value[field] = json!(1);
            assert!(parse(&value).unwrap_err().to_string().contains(&format!("`{field}` holds something else")));
            value.as_object_mut().unwrap().remove(field);
            assert!(parse(&value).unwrap_err().to_string().contains(&format!("`{field}` is missing")));
        }
        let mut value = plain();
        value["filesChanged"] = json!(["a", 1]);
        assert!(parse(&value).is_err());
        assert_eq!(Status::parse(b"[]"), Err(StatusError::NotAnObject));
    }

    #[test]
    fn success_is_compared_without_case_and_to_the_letter() {
        for (text, success) in [("SUCCESS", true), ("success", true), ("SUCCESS ", false), ("FAILED", false)] {
            let mut value = plain();
            value["status"] = json!(text);
            assert_eq!(parse(&value).unwrap().is_success(), success, "{text}");
        }
    }

    #[test]
    fn the_commit_is_a_string_or_null() {
        let mut value = plain();
        value["commitSha"] = json!("d297d30");
        assert_eq!(parse(&value).unwrap().commit_sha.as_deref(), Some("d297d30"));
        value["commitSha"] = Value::Null;
        assert_eq!(parse(&value).unwrap().commit_sha, None);
        value["commitSha"] = json!(["x"]);
        assert!(parse(&value).is_err());
    }

    #[test]
    fn our_own_status_binds_to_base_tree_and_artifacts() {
        let binding = parse(&bound()).unwrap().binding.unwrap();
        assert_eq!(binding.base.to_string(), "a".repeat(40));
        assert_eq!(binding.artifacts.len(), 1);
        for field in ["base", "tree", "artifacts"] {
            let mut value = bound();
            value.as_object_mut().unwrap().remove(field);
            assert!(parse(&value).unwrap_err().to_string().contains(&format!("`{field}` is missing")));
            for wrong in [json!("abc"), json!("0".repeat(40)), json!(["x"]), json!({"a": "b"}), Value::Null] {
                value[field] = wrong;
                assert!(parse(&value).is_err(), "{value}");
            }
        }
    }

    #[test]
    fn an_artifact_stays_below_the_folder() {
        for path in ["../x", "/x", "", "a//b", "a/./b", "a\\b", "a\n"] {
            let mut value = bound();
            value["artifacts"] = json!({path: "c".repeat(40)});
            assert!(parse(&value).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_schema_that_is_not_ours_is_refused() {
        for schema in [json!("refgate.status/2"), json!("x"), json!(1), Value::Null] {
            let mut value = bound();
            value["schema"] = schema;
            assert!(parse(&value).unwrap_err().to_string().contains("`schema`"));
        }
    }

    #[test]
    fn json_that_readers_take_differently_is_refused_with_its_place() {
        let twice = b"{\"status\":\"FAILED\",\n\"status\":\"SUCCESS\"}";
        assert_eq!(
            Status::parse(twice).unwrap_err().to_string(),
            "line 2, column 8: the key \"status\" stands twice; write it once"
        );
    }
}
