//! Keys that count no more: a key revocation list of OpenSSH, or a list of public keys.

mod krl;

use super::certificate::Certificate;
use super::key::{self, Key};
use super::signature::Signature;
use super::{Refusal, text};
use crate::error::{Error, Result};
use crate::escape;

/// One file of revocations, understood to its last byte.
#[derive(Clone, Debug)]
pub struct Revoked {
    name: String,
    list: krl::List,
}

impl Revoked {
    /// Reads a file; `name` is what messages call it.
    ///
    /// # Errors
    /// It is empty, which a disk that was full leaves behind, or something in it is not understood: what is skipped may
    /// be the very key that is to be kept out.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        let name = escape::printable(name);
        let wrong = |reason: String| {
            Error::undecided(format!("{name}{reason}")).help("write it anew: ssh-keygen -k -f FILE KEY.pub")
        };
        if bytes.trim_ascii().is_empty() {
            return Err(wrong(": the file of revocations is empty".to_owned()));
        }
        let list = match bytes.strip_prefix(krl::MAGIC) {
            Some(list) => krl::List::parse(list).map_err(|reason| wrong(format!(": {reason}")))?,
            None => keys(bytes).map_err(|(number, reason)| wrong(format!(":{number}: {reason}")))?,
        };
        Ok(Self { name, list })
    }

    /// Whether the signature's key still counts, and what vouches for it.
    pub(super) fn check(&self, signature: &Signature) -> std::result::Result<(), Refusal> {
        let certificate = signature.certificate();
        let what = match certificate {
            _ if self.list.has_key(signature.key()) => "the key",
            Some(certificate) if self.list.has_key(certificate.authority()) => "the authority of the certificate",
            Some(certificate) if self.list.has_certificate(certificate) => "the certificate",
            _ => return Ok(()),
        };
        Err(Refusal::Revoked { what, by: self.name.clone() })
    }
}

/// Public keys, one a line; of a certificate, the key that it certifies.
fn keys(bytes: &[u8]) -> std::result::Result<krl::List, (usize, String)> {
    let mut list = krl::List::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let fault = |reason: String| (index + 1, reason);
        let clean = text::clean(line).map_err(|reason| fault(reason.to_owned()))?;
        if line.is_empty() || clean.starts_with(b"#") {
            continue;
        }
        let (name, rest) = text::word(clean);
        let blob = key::decode(name, text::word(rest).0).map_err(|refusal| fault(refusal.to_string()))?;
        let key = match Certificate::is_one(&blob) {
            true => Certificate::parse(&blob).map(|certificate| certificate.key().clone()),
            false => Key::of_any_strength(&blob),
        };
        list.revoke(&key.map_err(|refusal| fault(refusal.to_string()))?);
    }
    Ok(list)
}
