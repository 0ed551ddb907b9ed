//! Whose a signature is, where nobody is said to have made it: `ssh-keygen -Y find-principals`, as far as it names
//! anybody. A line whose principals are patterns lets people sign and says of nobody who they are.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Signers;
use crate::escape;
use crate::sign::key::Key;
use crate::sign::revoked::Revoked;
use crate::sign::signature::Signature;
use crate::sign::{Question, Refusal};

/// What is asked of a signature that somebody made.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'a> {
    /// What the signature must have been made for, literally.
    pub namespace: &'a str,
    /// The time at which the key must count.
    pub at: Timestamp,
    /// The revocations that hold, all of them.
    pub revoked: &'a [Revoked],
}

/// Who signed, with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The key that signed; of a certificate, the key that it certifies.
    pub key: Key,
    /// Everybody whom the key speaks for, by name; at least one.
    pub principals: BTreeSet<String>,
    /// A FIDO token says that somebody touched it.
    pub presence: bool,
    /// A FIDO token says that its user proved to it who they are.
    pub verification: bool,
}

impl Signer {
    /// The principals for people, escaped.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.principals.iter().map(|name| escape::printable(name)).collect();
        names.join(" or ")
    }
}

impl Signers {
    /// Who signed `message`: every principal by name for whom [`Signers::verify`] says so.
    ///
    /// # Errors
    /// The signature counts for nobody, or for nobody who has a name.
    pub fn signer(&self, whom: &Whom<'_>, signature: &Signature, message: &[u8]) -> Result<Signer, Refusal> {
        let mut found: Option<Signer> = None;
        let mut refusal = None;
        for principal in self.named(signature) {
            let Whom { namespace, at, revoked } = *whom;
            match self.verify(&Question { principal: &principal, namespace, at, revoked }, signature, message) {
                Ok(verified) => {
                    let signer = found.get_or_insert_with(|| Signer {
                        key: verified.key,
                        principals: BTreeSet::new(),
                        presence: verified.presence,
                        verification: verified.verification,
                    });
                    signer.principals.insert(principal);
                }
                Err(error) => _ = refusal.get_or_insert(error),
            }
        }
        let fingerprint = || signature.key().fingerprint();
        found.ok_or_else(|| {
            refusal.unwrap_or_else(|| match self.knows(signature) {
                true => Refusal::Nameless(fingerprint()),
                false => Refusal::UnknownKey { fingerprint: fingerprint(), principal: "anybody".to_owned() },
            })
        })
    }

    /// The names that the signature could be by: those of the lines of its key, or those in its certificate.
    fn named(&self, signature: &Signature) -> BTreeSet<String> {
        let lines = self.lines.iter().filter(|line| line.is_about(signature));
        match signature.certificate() {
            Some(certificate) if lines.clone().next().is_some() => {
                names(certificate.principals().iter().map(Vec::as_slice))
            }
            Some(_) => BTreeSet::new(),
            None => names(lines.flat_map(|line| line.principals.split(|byte| *byte == b','))),
        }
    }

    fn knows(&self, signature: &Signature) -> bool {
        self.lines.iter().any(|line| line.is_about(signature))
    }
}

fn names<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> BTreeSet<String> {
    let names = patterns.filter_map(|pattern| std::str::from_utf8(pattern).ok());
    names.filter(|name| !name.is_empty() && !name.contains(['*', '?', '!', ','])).map(ToOwned::to_owned).collect()
}
