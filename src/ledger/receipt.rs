//! A record's place and digest: what a pusher keeps, and what a mirror says of its end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::oid::nibble;
use crate::report::json;

/// SHA-256 of a record's line, without its line feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first record names as the one before it.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of a line.
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }

    /// A hash from exactly 64 lowercase hex digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self(bytes))
    }
}

impl From<Sha256> for Hash {
    fn from(digest: Sha256) -> Self {
        Self(digest.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let mut hex = String::with_capacity(64);
        for byte in self.0 {
            hex.extend([byte >> 4, byte & 15].iter().filter_map(|digit| DIGITS.get(usize::from(*digit))));
        }
        f.write_str(&hex)
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_hex(&hex).ok_or_else(|| serde::de::Error::custom("expected 64 lowercase hex digits"))
    }
}

/// Which record, and what it said: whoever kept one can tell later that the record is still there and unchanged, and
/// with it all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The record's number, from 1.
    pub sequence: u64,
    /// The record's hash.
    pub hash: Hash,
}

impl Receipt {
    /// The place before the first record.
    pub const NONE: Self = Self { sequence: 0, hash: Hash::ZERO };
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

impl FromStr for Receipt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (sequence, hash) = text.split_once(':')?;
            let number = sequence.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == sequence)?;
            Some(Self { sequence: number, hash: Hash::from_hex(hash)? })
        };
        read().ok_or("a receipt is a number, a colon and 64 lowercase hex digits")
    }
}

/// What a mirror of the ledger says of its end: `head.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last record that it holds.
    pub receipt: Receipt,
    /// What the server calls the repository.
    pub repository: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadV1 {
    hash: Hash,
    repository: Option<String>,
    schema: String,
    sequence: u64,
}

const SCHEMA: &str = "refgate.ledger-head/1";

impl Head {
    /// The document, one line of JSON with its line feed.
    pub fn render(&self) -> String {
        let Receipt { sequence, hash } = self.receipt;
        json::line(&HeadV1 { hash, repository: self.repository.clone(), schema: SCHEMA.to_owned(), sequence })
    }

    /// Reads the document; `None` when it is none.
    pub fn parse(document: &[u8]) -> Option<Self> {
        let HeadV1 { hash, repository, schema, sequence } = serde_json::from_slice(document).ok()?;
        let head = Self { receipt: Receipt { sequence, hash }, repository };
        (schema == SCHEMA && sequence > 0 && head.render().as_bytes() == document).then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_as_it_is_written_and_in_no_other_way() {
        let receipt = Receipt { sequence: 1234, hash: Hash::of(b"line") };
        let text = receipt.to_string();
        assert_eq!(text.parse(), Ok(receipt));
        assert_eq!(text.len(), 5 + 64);
        for wrong in ["", "1234", ":", "0:", &text.replace("1234", "01234"), &text.replace("1234", "+1234")] {
            assert!(wrong.parse::<Receipt>().is_err(), "{wrong}");
        }
        assert!(text.to_uppercase().parse::<Receipt>().is_err());
        assert!(format!("{text}0").parse::<Receipt>().is_err());
        assert!(format!("0:{}", Hash::ZERO).parse::<Receipt>().is_err());
    }

    #[test]
    fn a_head_reads_as_it_is_written() {
        let receipt = Receipt { sequence: 7, hash: Hash::of(b"line") };
        for repository in [None, Some("sh\u{f6}p".to_owned())] {
            let head = Head { receipt, repository };
            assert_eq!(Head::parse(head.render().as_bytes()), Some(head.clone()));
            assert_eq!(Head::parse(head.render().replace("/1", "/2").as_bytes()), None);
            assert_eq!(Head::parse(head.render().trim_end().as_bytes()), None);
        }
    }

    #[test]
    fn a_hash_is_sha_256_in_hex() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::of(b"").to_string(), empty);
        assert_eq!(Hash::from_hex(empty), Some(Hash::of(b"")));
        assert_eq!(Hash::from_hex(&empty[..63]), None);
        assert_eq!(Hash::ZERO.to_string(), "0".repeat(64));
    }
}
