//! The signed approval of a task, `contract/approval.json` in its trace: it binds what a person read to the repository
//! and to the commit that the task begins on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::form::{self, Lifetime, StatementError, is_sha256};
use crate::oid::Oid;

/// The value of `schema`.
pub const SCHEMA: &str = "refgate.approval/1";
/// Its place in the task's folder.
pub const FILE: &str = "contract/approval.json";

/// What the approval says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedApproval {
    /// The acknowledgements of drift that are approved, as `contract/approval.md` lists them.
    pub acknowledgements: Vec<String>,
    /// SHA-256, hex, of `contract/approval.md`.
    pub approval: String,
    /// SHA-256, hex, of `contract/APPROVED`.
    pub approved: String,
    /// The commit that the task begins on.
    pub base: Oid,
    /// The first moment at which the approval no longer holds.
    pub expires_at: Timestamp,
    /// When it was given.
    pub issued_at: Timestamp,
    /// The immutable id of the repository.
    pub repository: String,
    /// [`SCHEMA`].
    pub schema: String,
    /// The task's name.
    pub task: String,
}

impl SignedApproval {
    /// Reads it.
    ///
    /// # Errors
    /// Any byte that is no part of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let parsed: Self = form::read(bytes, SCHEMA)?;
        for (field, digest) in [("approval", &parsed.approval), ("approved", &parsed.approved)] {
            if !is_sha256(digest) {
                return Err(StatementError::field(field, "is not 64 lowercase hex digits"));
            }
        }
        Ok(parsed)
    }

    /// The bytes to sign.
    pub fn to_json(&self) -> String {
        form::write(self)
    }

    /// From when to when it holds.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime { issued: self.issued_at, expires: self.expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn value() -> Value {
        json!({
            "acknowledgements": [], "approval": "ab".repeat(32), "approved": "cd".repeat(32), "base": "0a".repeat(20),
            "expiresAt": "2026-12-21T12:00:00Z", "issuedAt": "2026-11-21T12:00:00Z", "repository": "r1",
            "schema": SCHEMA, "task": "t1"
        })
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let read = SignedApproval::parse(value().to_string().as_bytes()).unwrap();
        assert_eq!(SignedApproval::parse(read.to_json().as_bytes()).unwrap(), read);
        for field in value().as_object().unwrap().keys() {
            for wrong in [json!(7), json!("x")] {
                let mut value = value();
                value[field] = wrong.clone();
                let free = ["repository", "task"].contains(&field.as_str()) && wrong.is_string();
                assert_eq!(SignedApproval::parse(value.to_string().as_bytes()).is_ok(), free, "{value}");
            }
            let mut less = value();
            less.as_object_mut().unwrap().remove(field);
            assert!(SignedApproval::parse(less.to_string().as_bytes()).is_err(), "without {field}");
        }
        let mut more = value();
        more["note"] = json!("x");
        assert!(SignedApproval::parse(more.to_string().as_bytes()).is_err());
    }
}
