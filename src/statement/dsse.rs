//! DSSE envelopes (Dead Simple Signing Envelope, protocol and envelope v1.0.2), signed by SSH keys: `sig` is the base64
//! of an armored SSHSIG over the pre-authentication encoding.
//!
//! Owns the envelope's bytes. Must not know what the payload says, nor whose key signed it. The standard lets a reader
//! ignore what it does not know; here an envelope has one spelling and no other, so that nobody can change a byte of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::form::{self, StatementError};
use crate::strict_json;

/// The payload type of in-toto statements (in-toto attestation framework v1, envelope layer).
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A document with its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What is signed.
    pub payload: Vec<u8>,
    /// What the payload is.
    pub payload_type: String,
    /// Armored SSHSIGs over [`Envelope::signed`].
    pub signatures: Vec<Sealed>,
}

/// One signature in an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The key's fingerprint, a hint: it is not signed, and so must be the one of the key that did.
    pub keyid: String,
    /// The armored SSHSIG.
    pub armored: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    payload: String,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Reads an envelope that refgate wrote, or anything that spells it the same.
    ///
    /// # Errors
    /// Other JSON, other base64, a byte more or less than refgate would write, or no signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let value = strict_json::parse(bytes)?;
        let wire: Wire = serde_json::from_value(value).map_err(|error| StatementError::of(&error))?;
        let decode = |field, text: &str| {
            STANDARD.decode(text).map_err(|_| StatementError::field(field, "is not base64 with padding"))
        };
        let sealed = wire.signatures.iter().map(|signature| {
            let armored = String::from_utf8(decode("sig", &signature.sig)?)
                .map_err(|_| StatementError::field("sig", "holds no armored SSH signature"))?;
            Ok(Sealed { keyid: signature.keyid.clone(), armored })
        });
        let envelope = Self {
            payload: decode("payload", &wire.payload)?,
            payload_type: wire.payload_type.clone(),
            signatures: sealed.collect::<Result<_, StatementError>>()?,
        };
        if envelope.signatures.is_empty() {
            return Err(StatementError::field("signatures", "is empty"));
        }
        if envelope.to_json().as_bytes() != bytes {
            return Err(StatementError::field("payload", "stands in an envelope of another spelling than refgate's"));
        }
        Ok(envelope)
    }

    /// The envelope as it travels.
    pub fn to_json(&self) -> String {
        form::write(&Wire {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|sealed| WireSignature { keyid: sealed.keyid.clone(), sig: STANDARD.encode(&sealed.armored) })
                .collect(),
        })
    }

    /// The bytes that are signed.
    pub fn signed(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload_type, &self.payload)
    }
}

/// `PAE(type, body)` of DSSE: `DSSEv1`, then length and bytes of each, in decimal and separated by single spaces.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut signed = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    signed.extend_from_slice(payload);
    signed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        let sealed = Sealed { keyid: "SHA256:x".into(), armored: "-----BEGIN SSH SIGNATURE-----\n".into() };
        Envelope { payload: b"{\"a\":1}".to_vec(), payload_type: IN_TOTO.into(), signatures: vec![sealed] }
    }

    #[test]
    fn the_encoding_is_the_standard_s() {
        // The example of the protocol's specification.
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Envelope::parse(envelope().to_json().as_bytes()), Ok(envelope()));
    }

    #[test]
    fn no_byte_of_an_envelope_can_be_changed_unseen() {
        let text = envelope().to_json().into_bytes();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.clone();
                changed[at] ^= 1 << bit;
                assert_ne!(Envelope::parse(&changed), Ok(envelope()), "byte {at} bit {bit}");
            }
        }
        for longer in [[&text[..], b"\n"].concat(), [b" ", &text[..]].concat()] {
            assert!(Envelope::parse(&longer).is_err());
        }
    }

    #[test]
    fn an_envelope_without_signatures_is_none() {
        assert!(Envelope::parse(Envelope { signatures: Vec::new(), ..envelope() }.to_json().as_bytes()).is_err());
    }
}
