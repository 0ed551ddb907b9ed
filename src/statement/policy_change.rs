//! The policy role's word on a change of the rules: exactly which files the policy owns become exactly what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::form::{self, Lifetime, StatementError, is_id, is_plain};
use crate::digest::sha256;
use crate::entry::{Entry, Mode};
use crate::oid::Oid;

/// The value of `schema`.
pub const SCHEMA: &str = "refgate.policy-change/1";

/// What the statement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyChange {
    /// Every owned path that changes, escaped as Git escapes it.
    pub changes: Changes,
    /// The first moment at which the statement no longer lets the change in.
    pub expires_at: Timestamp,
    /// When it was written.
    pub issued_at: Timestamp,
    /// Why.
    pub justification: String,
    /// The immutable id of the repository.
    pub repository: String,
    /// [`SCHEMA`].
    pub schema: String,
    /// 128 random bits in hex.
    pub statement_id: String,
    /// The protected branch that the change goes to, in full.
    pub target: String,
    /// Where that branch stands: once it has moved on the statement lets nothing in, and so nobody can repeat a change that
    /// was taken back since.
    pub target_oid: Oid,
}

/// Owned paths and what becomes of them.
pub type Changes = BTreeMap<String, Change>;

/// What becomes of one path. Both sides are bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What stood there; `null` where nothing did.
    pub old: Option<File>,
    /// What stands there then; `null` where nothing does.
    pub new: Option<File>,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Git's mode, in octal.
    pub mode: String,
    /// The object.
    pub oid: Oid,
}

impl File {
    /// What stands behind an entry of a tree.
    pub fn of(entry: Entry) -> Self {
        let mode = match entry.mode {
            Mode::File => "100644",
            Mode::Executable => "100755",
            Mode::Symlink => "120000",
            Mode::Submodule => "160000",
            Mode::Tree => "40000",
        };
        Self { mode: mode.to_owned(), oid: entry.oid }
    }
}

/// SHA-256, hex, of what changes: where the signatures on this very change are found.
pub fn key(changes: &Changes) -> String {
    sha256(form::write(changes).as_bytes())
}

impl PolicyChange {
    /// Reads it.
    ///
    /// # Errors
    /// Any byte that is no part of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let parsed: Self = form::read(bytes, SCHEMA)?;
        if !is_id(&parsed.statement_id) {
            return Err(StatementError::field("statementId", "is not 32 lowercase hex digits"));
        }
        if parsed.changes.is_empty() {
            return Err(StatementError::field("changes", "is empty"));
        }
        if !is_plain(&parsed.justification) {
            return Err(StatementError::field("justification", "is empty or holds characters that nobody sees"));
        }
        Ok(parsed)
    }

    /// The bytes to sign.
    pub fn to_json(&self) -> String {
        form::write(self)
    }

    /// From when to when it lets the change in.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime { issued: self.issued_at, expires: self.expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(byte: u8) -> Option<File> {
        Some(File::of(Entry { mode: Mode::File, oid: Oid::from_bytes(&[byte; 20]).unwrap() }))
    }

    fn changes(old: Option<File>, new: Option<File>) -> Changes {
        [("refgate.toml".to_owned(), Change { old, new })].into()
    }

    fn statement() -> PolicyChange {
        PolicyChange {
            changes: changes(file(1), file(2)),
            expires_at: "2026-11-22T12:00:00Z".parse().unwrap(),
            issued_at: "2026-11-21T12:00:00Z".parse().unwrap(),
            justification: "two reviewers from now on".into(),
            repository: "r1".into(),
            schema: SCHEMA.into(),
            statement_id: "0f".repeat(16),
            target: "refs/heads/main".into(),
            target_oid: Oid::from_bytes(&[3; 20]).unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let written = statement();
        assert_eq!(PolicyChange::parse(written.to_json().as_bytes()), Ok(written.clone()));
        let text = written.to_json();
        assert!(PolicyChange::parse(text.replace("100644", "100644\", \"x\": \"").as_bytes()).is_err());
        for wrong in [
            PolicyChange { changes: Changes::new(), ..written.clone() },
            PolicyChange { justification: String::new(), ..written.clone() },
            PolicyChange { statement_id: "x".into(), ..written },
        ] {
            assert!(PolicyChange::parse(wrong.to_json().as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_key_tells_every_change_apart() {
        let executable = Some(File { mode: "100755".into(), ..file(2).unwrap() });
        let all = [
            changes(file(1), file(2)),
            changes(file(2), file(1)),
            changes(None, file(2)),
            changes(file(1), None),
            changes(file(1), executable),
            [(".refgate/allowed_signers".to_owned(), Change { old: file(1), new: file(2) })].into(),
        ];
        let keys: std::collections::BTreeSet<_> = all.iter().map(key).collect();
        assert_eq!(keys.len(), all.len());
    }
}
