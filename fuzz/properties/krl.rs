//! Revocations: understood to the last byte, or not at all.

use refgate::error::Kind;
use refgate::sign::{Question, Revoked, Signature, Signers};

use super::explains;

const MAGIC: &[u8] = b"SSHKRL\n\0";
/// A signature that counts until something revokes it, and who may have made it.
const SIGNED: &[u8] = include_bytes!("../../fixtures/signatures/certificate.sig");
const SIGNERS: &[u8] = include_bytes!("../../fixtures/signatures/allowed_signers");
const MESSAGE: &[u8] = include_bytes!("../../fixtures/signatures/message");

pub(crate) fn holds(data: &[u8]) {
    let revoked = match Revoked::parse(data, "revoked") {
        Ok(revoked) => revoked,
        Err(error) => return explains(&error, Kind::Undecided),
    };
    assert!(!data.trim_ascii().is_empty(), "an empty file passes");
    if data.starts_with(MAGIC) {
        for more in [&b"\0"[..], b"\x04\0\0\0\0", b"\xff\0\0\0\0", b"\x03\0\0\0\x05\0\0\0\x01x"] {
            assert!(Revoked::parse(&[data, more].concat(), "revoked").is_err(), "{more:?} passes behind the list");
        }
    }
    let verdict = |revoked: &[Revoked]| {
        let at = jiff::Timestamp::from_second(1_780_315_200).unwrap();
        let question = Question { principal: "alice@example.com", namespace: "file", at, revoked };
        let signers = Signers::parse(SIGNERS, "signers").unwrap();
        signers.verify(&question, &Signature::parse(SIGNED).unwrap(), MESSAGE)
    };
    // More revocations never make anything count that did not.
    if verdict(std::slice::from_ref(&revoked)).is_err() {
        assert!(verdict(&[Revoked::parse(b"# nobody\n", "x").unwrap(), revoked]).is_err());
    }
}
