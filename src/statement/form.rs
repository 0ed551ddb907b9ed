//! What all documents have in common: how they are read and written, how long they hold, what they are called.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::digest::hex;
use crate::escape;
use crate::strict_json::{self, JsonError};

/// Why a document cannot be taken for what it should be; one sentence without a full stop, printable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// No JSON, or JSON that readers take differently.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Another kind of document, or a version that is not known here.
    #[error("`schema` is not {expected}")]
    Schema {
        /// The one that is read here.
        expected: &'static str,
    },
    /// A field is missing, unknown or of another type.
    #[error("{0}")]
    Fields(String),
    /// A field says what it must not.
    #[error("`{field}` {problem}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl StatementError {
    pub(super) fn field(field: &'static str, problem: &'static str) -> Self {
        Self::Field { field, problem }
    }

    pub(super) fn of(error: &serde_json::Error) -> Self {
        Self::Fields(escape::one_line(&error.to_string()))
    }
}

/// Reads a document of one schema.
pub(super) fn read<T: DeserializeOwned + Serialize>(bytes: &[u8], schema: &'static str) -> Result<T, StatementError> {
    let value = strict_json::parse(bytes)?;
    if value.get("schema").and_then(Value::as_str) != Some(schema) {
        return Err(StatementError::Schema { expected: schema });
    }
    fields(value)
}

/// The fields of a document: all of them, no others, each spelled as refgate spells it.
pub(super) fn fields<T: DeserializeOwned + Serialize>(value: Value) -> Result<T, StatementError> {
    let document: T = serde_json::from_value(value.clone()).map_err(|error| StatementError::of(&error))?;
    let again = serde_json::to_value(&document).map_err(|error| StatementError::of(&error))?;
    let differs = |key: &&String| again.get(key.as_str()) != value.get(key.as_str());
    match again.as_object().and_then(|object| object.keys().find(differs)) {
        Some(key) => Err(StatementError::Fields(format!("the field `{key}` is missing or spelled in another way"))),
        None => Ok(document),
    }
}

/// A document as it is signed: sorted keys, two spaces, one line feed at the end. A person reads it before signing.
pub(super) fn write<T: Serialize>(document: &T) -> String {
    // Through a value, whose maps are sorted; plain structs with string keys cannot fail to serialize.
    let value = serde_json::to_value(document).unwrap_or_default();
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

/// From when to when a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// When it was made, by the signer's clock.
    pub issued: Timestamp,
    /// The first moment at which it no longer holds.
    pub expires: Timestamp,
}

/// Clocks of honest people differ: a document may be made this much in the future.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

impl Lifetime {
    /// Whether the document holds now, by the judge's clock, and for no longer than `longest` in all.
    ///
    /// # Errors
    /// Why not, as a part of a sentence that begins with the document.
    pub fn holds(&self, now: Timestamp, longest: SignedDuration) -> Result<(), String> {
        let (issued, expires) = (self.issued, self.expires);
        if expires <= issued {
            return Err("expires before it is issued".to_owned());
        }
        if expires.duration_since(issued) > longest {
            return Err(format!("holds for more than {}: from {issued} to {expires}", spell(longest)));
        }
        if now >= expires {
            return Err(format!("expired at {expires}; it is {now}"));
        }
        if issued.duration_since(now) > CLOCK_SKEW {
            return Err(format!("is issued in the future, at {issued}; it is {now}"));
        }
        Ok(())
    }
}

fn spell(duration: SignedDuration) -> String {
    match duration.as_hours() {
        hours if hours % 24 == 0 && hours > 24 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

/// A time as documents hold it: whole seconds.
pub fn now(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// A name that no other document has: 128 random bits, as 32 hex digits.
///
/// # Errors
/// The system gives no random bits.
pub fn new_id() -> Result<String, crate::error::Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| crate::error::Error::undecided(format!("there are no random bits to be had: {error}")))?;
    Ok(hex(&bits))
}

/// Whether a text can be the name of a document.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && is_hex(text)
}

/// Whether a text is a SHA-256 digest in hex.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

/// A line that a person reads: not empty, and nothing in it that a terminal would not show.
pub(super) fn is_plain(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(escape::is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_document_holds_from_its_issue_to_before_its_expiry() {
        let lifetime = Lifetime { issued: at("2026-11-21T10:00:00Z"), expires: at("2026-11-21T12:00:00Z") };
        let day = SignedDuration::from_hours(24);
        for now in ["2026-11-21T09:55:00Z", "2026-11-21T10:00:00Z", "2026-11-21T11:59:59Z"] {
            assert_eq!(lifetime.holds(at(now), day), Ok(()), "{now}");
        }
        let why = |now, longest| lifetime.holds(at(now), longest).unwrap_err();
        assert!(why("2026-11-21T12:00:00Z", day).starts_with("expired at 2026-11-21T12:00:00Z"));
        assert!(why("2026-11-21T09:54:59Z", day).starts_with("is issued in the future"));
        assert!(why("2026-11-21T11:00:00Z", SignedDuration::from_hours(1)).starts_with("holds for more than 1 hours"));
        let never = Lifetime { issued: lifetime.expires, expires: lifetime.expires };
        assert_eq!(never.holds(at("2026-11-21T12:00:00Z"), day), Err("expires before it is issued".to_owned()));
    }

    #[test]
    fn the_longest_time_is_spelled_in_days_where_it_is_days() {
        assert_eq!(spell(SignedDuration::from_hours(24)), "24 hours");
        assert_eq!(spell(SignedDuration::from_hours(720)), "30 days");
        assert_eq!(spell(SignedDuration::from_hours(25)), "25 hours");
    }

    #[test]
    fn names_are_random_and_well_formed() {
        let (one, two) = (new_id().unwrap(), new_id().unwrap());
        assert!(is_id(&one) && is_id(&two) && one != two);
        for text in ["", "abc", &"A".repeat(32), &"g".repeat(32), &"a".repeat(33)] {
            assert!(!is_id(text), "{text}");
        }
        assert!(is_sha256(&sha256(b"")) && !is_sha256(&one));
    }

    #[test]
    fn what_a_terminal_hides_is_not_plain() {
        assert!(is_plain("Freeze of the release, ticket 7") && is_plain("caf\u{e9}"));
        for text in ["", "  ", "two\nlines", "a\u{202e}b", "a\u{1b}[2J", "a\rb"] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
