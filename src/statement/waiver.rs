//! An override: one person waives named findings on one update of one ref, once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::form::{self, Lifetime, StatementError, is_id, is_plain, is_sha256};
use crate::oid::Oid;

/// The value of `schema`.
pub const SCHEMA: &str = "refgate.override/1";

/// What an override says. Every field is signed, and the gate holds each of them against the push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Override {
    /// Digests (SHA-256, hex) of what the override retains as evidence, by file name.
    pub artifacts: BTreeMap<String, String>,
    /// The first moment at which it no longer holds; empty in a request.
    #[serde(with = "moment")]
    pub expires_at: Option<Timestamp>,
    /// The findings that are waived, and no others.
    pub findings: BTreeSet<Waived>,
    /// When it was written.
    #[serde(with = "moment")]
    pub issued_at: Option<Timestamp>,
    /// Why; empty in a request.
    pub justification: String,
    /// The policy's label for overrides.
    pub label: String,
    /// The value that the update gives to the ref.
    pub new_oid: Oid,
    /// The root tree of `new_oid`; `null` where that is no commit.
    pub new_tree: Option<Oid>,
    /// Git's name for the hash function that names objects here.
    pub object_format: String,
    /// The value that the ref has before.
    pub old_oid: Oid,
    /// SHA-256, hex, of the policy that found what is waived.
    pub policy_digest: String,
    /// The person who signs, as the signers' file names them; empty in a request.
    pub principal: String,
    /// Who pushes, as the server calls them.
    pub pusher: String,
    /// The full name of the ref.
    #[serde(rename = "ref")]
    pub name: String,
    /// The immutable id of the repository.
    pub repository: String,
    /// [`SCHEMA`].
    pub schema: String,
    /// 128 random bits in hex: an override counts once.
    pub statement_id: String,
    /// The task that the update belongs to, where it belongs to one.
    pub task: Option<String>,
}

/// One finding, as verdicts tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// See [`crate::finding::Finding::fingerprint`].
    pub fingerprint: String,
    /// What was found, for the person who signs; the fingerprint is what counts.
    pub message: String,
    /// The rule's id.
    pub rule: String,
}

/// A time, or the empty text where a person has yet to say one.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}

impl Override {
    /// Reads an override, or the request for one.
    ///
    /// # Errors
    /// Any byte that is no part of one, and any field whose form is wrong. Whether a request is complete is
    /// [`Override::lifetime`]'s and [`Override::complete`]'s business.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let parsed: Self = form::read(bytes, SCHEMA)?;
        if !is_id(&parsed.statement_id) {
            return Err(StatementError::field("statementId", "is not 32 lowercase hex digits"));
        }
        if parsed.findings.is_empty() {
            return Err(StatementError::field("findings", "is empty, so there is nothing to waive"));
        }
        if !parsed.findings.iter().all(|waived| is_sha256(&waived.fingerprint)) {
            return Err(StatementError::field("findings", "holds a fingerprint that is not 64 lowercase hex digits"));
        }
        if !parsed.artifacts.values().all(|digest| is_sha256(digest)) {
            return Err(StatementError::field("artifacts", "holds a digest that is not 64 lowercase hex digits"));
        }
        Ok(parsed)
    }

    /// The bytes to sign.
    pub fn to_json(&self) -> String {
        form::write(self)
    }

    /// Whether a person has filled in what a request leaves open.
    ///
    /// # Errors
    /// The first field that is still open.
    pub fn complete(&self) -> Result<(), StatementError> {
        if self.principal.is_empty() {
            return Err(StatementError::field("principal", "is empty"));
        }
        if !is_plain(&self.justification) {
            return Err(StatementError::field("justification", "is empty or holds characters that nobody sees"));
        }
        self.lifetime().map(|_| ())
    }

    /// From when to when it holds.
    ///
    /// # Errors
    /// It is a request still.
    pub fn lifetime(&self) -> Result<Lifetime, StatementError> {
        let issued = self.issued_at.ok_or(StatementError::field("issuedAt", "is empty"))?;
        let expires = self.expires_at.ok_or(StatementError::field("expiresAt", "is empty"))?;
        Ok(Lifetime { issued, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn value() -> Value {
        json!({
            "artifacts": {"report.txt": "cd".repeat(32)}, "expiresAt": "2026-11-21T14:00:00Z",
            "findings": [{"rule": "out-of-scope", "fingerprint": "ab".repeat(32), "message": "x"}],
            "issuedAt": "2026-11-21T12:00:00Z", "justification": "the site is down", "label": "override:ai-gated",
            "newOid": "1b".repeat(20), "newTree": "7e".repeat(20), "objectFormat": "sha1", "oldOid": "0a".repeat(20),
            "policyDigest": "ee".repeat(32), "principal": "bob@example.com", "pusher": "alice@example.com",
            "ref": "refs/heads/main", "repository": "r1", "schema": SCHEMA, "statementId": "0f".repeat(16),
            "task": "t1"
        })
    }

    fn parse(value: &Value) -> Result<Override, StatementError> {
        Override::parse(value.to_string().as_bytes())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let read = parse(&value()).unwrap();
        assert_eq!(Override::parse(read.to_json().as_bytes()).unwrap(), read);
        assert!(read.complete().is_ok() && read.to_json().ends_with("}\n"));
        assert_eq!(serde_json::from_str::<Value>(&read.to_json()).unwrap(), value());
    }

    #[test]
    fn every_field_is_there_and_no_other() {
        for field in value().as_object().unwrap().keys() {
            let mut less = value();
            less.as_object_mut().unwrap().remove(field);
            assert!(parse(&less).is_err(), "without {field}");
            let mut wrong = value();
            wrong[field] = json!(7);
            assert!(parse(&wrong).is_err(), "{field} as a number");
        }
        let mut more = value();
        more["note"] = json!("x");
        assert!(parse(&more).unwrap_err().to_string().contains("unknown field `note`"));
        more = value();
        more["findings"][0]["note"] = json!("x");
        assert!(parse(&more).is_err());
    }

    #[test]
    fn forms_are_held_to() {
        for (field, wrong) in [
            ("statementId", json!("x")),
            ("findings", json!([])),
            ("findings", json!([{"rule": "x", "fingerprint": "x", "message": ""}])),
            ("artifacts", json!({"a": "x"})),
            ("newOid", json!("HEAD")),
            ("expiresAt", json!("tomorrow")),
            ("schema", json!("refgate.override/2")),
        ] {
            let mut value = value();
            value[field] = wrong;
            assert!(parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_request_is_not_complete() {
        for (field, open) in [("principal", ""), ("justification", " "), ("issuedAt", ""), ("expiresAt", "")] {
            let mut value = value();
            value[field] = json!(open);
            let error = parse(&value).unwrap().complete().unwrap_err().to_string();
            assert!(error.contains(&format!("`{field}` is empty")), "{error}");
        }
    }
}
