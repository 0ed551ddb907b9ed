//! The result of a check: an in-toto Statement v1 about one Git tree, with the predicate
//! `https://in-toto.io/attestation/test-result/v0.1`, in a DSSE envelope that a machine signs.
//!
//! The standard leaves room for what is the producer's own in annotations; there stand the repository's id, the name of
//! the statement, when it was made, which earlier ones it stands in for, and digests of what is retained.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::form::{self, StatementError, is_id, is_sha256};
use super::place::is_check_name;
use crate::oid::Oid;
use crate::strict_json;

/// in-toto Statement v1, `_type`.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// in-toto attestation predicate "Test Result" v0.1.
pub const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// The outcome, in the predicate's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// All is well.
    Passed,
    /// Something was found that does not fail the check.
    Warned,
    /// The check failed.
    Failed,
}

impl Outcome {
    /// The word of the predicate.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warned => "WARNED",
            Self::Failed => "FAILED",
        }
    }
}

/// What a check statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The check's name.
    pub check: String,
    /// The root tree that was checked.
    pub tree: Oid,
    /// The outcome.
    pub outcome: Outcome,
    /// What passed, failed and only warned, by name; as far as the tool says.
    pub tests: Tests,
    /// What the statement is bound to beside the tree.
    pub bound: Bound,
}

/// Tests by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    /// Those that passed.
    pub passed: Vec<String>,
    /// Those that only warned.
    pub warned: Vec<String>,
    /// Those that failed.
    pub failed: Vec<String>,
}

/// The annotations of the check's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bound {
    /// Digests (SHA-256, hex) of the reports that are retained, by file name.
    pub artifacts: BTreeMap<String, String>,
    /// When the check was made.
    pub issued_at: Timestamp,
    /// The immutable id of the repository.
    pub repository: String,
    /// 128 random bits in hex.
    pub statement_id: String,
    /// Statements of the same check and tree that this one stands in for: a failed one counts until it is named here.
    pub supersedes: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    predicate: Predicate,
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    digest: BTreeMap<String, Oid>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Predicate {
    configuration: Vec<Configuration>,
    failed_tests: Vec<String>,
    passed_tests: Vec<String>,
    result: Outcome,
    warned_tests: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    annotations: Bound,
    name: String,
}

impl Check {
    /// Reads the payload of an envelope.
    ///
    /// # Errors
    /// Another kind of statement, and any byte that is no part of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let value = strict_json::parse(bytes)?;
        let says = |key: &str, due: &str| value.get(key).and_then(Value::as_str) == Some(due);
        if !says("_type", STATEMENT) {
            return Err(StatementError::field("_type", "is not in-toto's Statement v1"));
        }
        if !says("predicateType", PREDICATE) {
            return Err(StatementError::field("predicateType", "is not in-toto's test-result v0.1"));
        }
        let wire: Wire = form::fields(value)?;
        let ([subject], [configuration]) = (wire.subject.as_slice(), wire.predicate.configuration.as_slice()) else {
            return Err(StatementError::field("subject", "and `configuration` must each hold one element"));
        };
        let (Some(tree), 1) = (subject.digest.get("gitTree"), subject.digest.len()) else {
            return Err(StatementError::field("digest", "must hold `gitTree` and nothing else"));
        };
        let bound = &configuration.annotations;
        if !is_check_name(&configuration.name) {
            return Err(StatementError::field("name", "cannot name a check"));
        }
        if !is_id(&bound.statement_id) || !bound.supersedes.iter().all(|id| is_id(id)) {
            return Err(StatementError::field("statementId", "and `supersedes` must be 32 lowercase hex digits"));
        }
        if !bound.artifacts.values().all(|digest| is_sha256(digest)) {
            return Err(StatementError::field("artifacts", "holds a digest that is not 64 lowercase hex digits"));
        }
        Ok(Self {
            check: configuration.name.clone(),
            tree: *tree,
            outcome: wire.predicate.result,
            bound: bound.clone(),
            tests: Tests {
                passed: wire.predicate.passed_tests,
                warned: wire.predicate.warned_tests,
                failed: wire.predicate.failed_tests,
            },
        })
    }

    /// The payload to sign.
    pub fn to_json(&self) -> String {
        form::write(&Wire {
            kind: STATEMENT.to_owned(),
            predicate: Predicate {
                configuration: vec![Configuration { annotations: self.bound.clone(), name: self.check.clone() }],
                failed_tests: self.tests.failed.clone(),
                passed_tests: self.tests.passed.clone(),
                result: self.outcome,
                warned_tests: self.tests.warned.clone(),
            },
            predicate_type: PREDICATE.to_owned(),
            subject: vec![Subject { digest: [("gitTree".to_owned(), self.tree)].into() }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check() -> Check {
        Check {
            check: "tests".into(),
            tree: Oid::from_bytes(&[0x7e; 20]).unwrap(),
            outcome: Outcome::Passed,
            tests: Tests { passed: vec!["a".into()], ..Tests::default() },
            bound: Bound {
                artifacts: [("junit.xml".to_owned(), "ab".repeat(32))].into(),
                issued_at: "2026-11-21T12:00:00Z".parse().unwrap(),
                repository: "r1".into(),
                statement_id: "0f".repeat(16),
                supersedes: ["1f".repeat(16)].into(),
            },
        }
    }

    fn but(change: impl FnOnce(&mut Value)) -> Result<Check, StatementError> {
        let mut value = serde_json::from_str(&check().to_json()).unwrap();
        change(&mut value);
        Check::parse(value.to_string().as_bytes())
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(but(|_| ()), Ok(check()));
    }

    #[test]
    fn other_statements_are_refused() {
        let about = |change: &dyn Fn(&mut Value)| but(|value| change(value)).unwrap_err().to_string();
        assert!(about(&|value| value["_type"] = json!("https://in-toto.io/Statement/v0.1")).contains("`_type`"));
        assert!(about(&|value| value["predicateType"] = json!("x")).contains("`predicateType`"));
        assert!(about(&|value| value["subject"] = json!([])).contains("`subject`"));
        assert!(about(&|value| value["subject"][0]["digest"] = json!({})).contains("gitTree"));
        let commit = json!({"gitTree": "7e".repeat(20), "gitCommit": "1b".repeat(20)});
        assert!(about(&|value| value["subject"][0]["digest"] = commit.clone()).contains("gitTree"));
        assert!(about(&|value| value["predicate"]["result"] = json!("OK")).contains("OK"));
        assert!(about(&|value| value["predicate"]["configuration"][0]["name"] = json!("a/b")).contains("`name`"));
        let annotations = |field: &'static str, wrong: Value| {
            about(&move |value| {
                value["predicate"]["configuration"][0]["annotations"][field] = wrong.clone();
            })
        };
        assert!(annotations("statementId", json!("x")).contains("statementId"));
        assert!(annotations("supersedes", json!(["x"])).contains("supersedes"));
        assert!(annotations("artifacts", json!({"a": "x"})).contains("artifacts"));
        assert!(annotations("more", json!(1)).contains("more"));
    }
}
