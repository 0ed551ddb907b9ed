//! A person takes an approval back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::form::{self, StatementError, is_id, is_plain, is_sha256};

/// The value of `schema`.
pub const SCHEMA: &str = "refgate.withdrawal/1";

/// What the withdrawal says. It holds for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdrawal {
    /// SHA-256, hex, of the approval's bytes.
    pub approval: String,
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
    /// The task's name.
    pub task: String,
}

impl Withdrawal {
    /// Reads it.
    ///
    /// # Errors
    /// Any byte that is no part of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let parsed: Self = form::read(bytes, SCHEMA)?;
        if !is_id(&parsed.statement_id) {
            return Err(StatementError::field("statementId", "is not 32 lowercase hex digits"));
        }
        if !is_sha256(&parsed.approval) {
            return Err(StatementError::field("approval", "is not 64 lowercase hex digits"));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let written = Withdrawal {
            approval: "ab".repeat(32),
            issued_at: "2026-11-21T12:00:00Z".parse().unwrap(),
            justification: "the plan changed".into(),
            repository: "r1".into(),
            schema: SCHEMA.into(),
            statement_id: "0f".repeat(16),
            task: "t1".into(),
        };
        assert_eq!(Withdrawal::parse(written.to_json().as_bytes()), Ok(written.clone()));
        for wrong in [
            Withdrawal { approval: "ab".into(), ..written.clone() },
            Withdrawal { justification: " ".into(), ..written.clone() },
            Withdrawal { statement_id: "x".into(), ..written.clone() },
            Withdrawal { schema: super::super::approval::SCHEMA.into(), ..written },
        ] {
            assert!(Withdrawal::parse(wrong.to_json().as_bytes()).is_err(), "{wrong:?}");
        }
    }
}
