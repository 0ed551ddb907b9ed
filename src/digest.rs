//! Digests as text.

use sha2::{Digest as _, Sha256};

/// Lowercase hex.
pub fn hex(bytes: &[u8]) -> String {
    faster_hex::hex_string(bytes)
}

/// SHA-256, hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(hex(&[0x00, 0x0f, 0xff]), "000fff");
        // FIPS 180-4, as NIST's examples give it.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
