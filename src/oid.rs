//! Object names, as Git calls them: a raw SHA-1 or SHA-256 digest, independent of any Git library.

use std::fmt;

/// The hash function that names a repository's objects (`extensions.objectFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectFormat {
    /// 20-byte names, 40 hex digits.
    Sha1,
    /// 32-byte names, 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// The length of a name in bytes.
    pub const fn byte_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Git's name for the format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

/// An object name. The all-zero name means "no object", as on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oid {
    format: ObjectFormat,
    bytes: [u8; 32],
}

impl Oid {
    /// The all-zero name of a format.
    pub const fn zero(format: ObjectFormat) -> Self {
        Self { format, bytes: [0; 32] }
    }

    /// A name from its 20 or 32 raw bytes; `None` for any other length.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let format = match raw.len() {
            20 => ObjectFormat::Sha1,
            32 => ObjectFormat::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Self { format, bytes })
    }

    /// A name from exactly 40 or 64 lowercase hex digits, the only spelling Git writes.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        if hex.len() != 40 && hex.len() != 64 {
            return None;
        }
        let mut raw = [0u8; 32];
        for (byte, pair) in raw.iter_mut().zip(hex.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Self::from_bytes(raw.get(..hex.len() / 2)?)
    }

    /// The raw bytes, 20 or 32 of them.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.format.byte_len()).unwrap_or(&self.bytes)
    }

    /// The hash function behind this name.
    pub const fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Whether this is the all-zero name.
    pub fn is_zero(&self) -> bool {
        self.bytes == [0; 32]
    }

    /// Whether a text can abbreviate an object name: 7 to 64 hex digits of either case.
    pub fn is_abbreviation(text: &str) -> bool {
        (7..=64).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
    }

    /// Whether `prefix`, hex digits of either case, abbreviates this name.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        let hex = self.to_string();
        hex.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(12);
        hex
    }
}

/// The value of a lowercase hex digit.
pub(crate) fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

impl std::hash::Hash for Oid {
    /// A name is a digest already, and nobody makes many that begin with the same eight bytes.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first)));
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece: a ledger of a million records has several millions of these.
        let mut digits = [b'0'; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.as_bytes()) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(
            digits.get(..2 * self.format.byte_len()).and_then(|hex| str::from_utf8(hex).ok()).unwrap_or_default(),
        )
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Oid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Oid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_hex(hex.as_bytes()).ok_or_else(|| serde::de::Error::custom("expected 40 or 64 lowercase hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_in_both_formats() {
        for digits in [40, 64] {
            let hex = "0123456789abcdef".repeat(4)[..digits].to_owned();
            let oid = Oid::from_hex(hex.as_bytes()).unwrap();
            assert_eq!(oid.to_string(), hex);
            assert_eq!(Oid::from_bytes(oid.as_bytes()), Some(oid));
        }
    }

    #[test]
    fn other_spellings_are_no_names() {
        for hex in ["", "abc", &"A".repeat(40), &"g".repeat(40), &"a".repeat(39), &"a".repeat(41), &"a".repeat(63)] {
            assert_eq!(Oid::from_hex(hex.as_bytes()), None, "{hex}");
        }
    }

    #[test]
    fn zero_is_zero_in_both_formats_and_they_differ() {
        let (sha1, sha256) = (Oid::zero(ObjectFormat::Sha1), Oid::zero(ObjectFormat::Sha256));
        assert!(sha1.is_zero() && sha256.is_zero());
        assert_ne!(sha1, sha256);
        assert_eq!(sha256.to_string().len(), 64);
    }

    #[test]
    fn a_prefix_is_a_prefix_in_either_case_and_never_longer_than_the_name() {
        let oid = Oid::from_hex("ab".repeat(20).as_bytes()).unwrap();
        assert!(oid.has_prefix("abababa") && oid.has_prefix("ABABABA"));
        assert!(!oid.has_prefix("abababb") && !oid.has_prefix(&"ab".repeat(32)));
    }
}
