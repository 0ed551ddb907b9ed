//! SSH signatures: who signed which bytes, as `ssh-keygen -Y verify` says it, or stricter (docs/signatures.md). Pure over
//! bytes: where they come from, what they mean and what time it is, others say. The numbers are `ssh-key`'s.

mod armor;
mod certificate;
mod key;
pub mod object;
pub mod push_cert;
mod refusal;
mod revoked;
mod signature;
mod signers;
mod text;
mod wire;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::escape;

pub use self::key::Key;
pub use self::refusal::Refusal;
pub use self::revoked::Revoked;
pub use self::signature::Signature;
pub use self::signers::{Signer, Signers, Whom};

/// What is asked of a signature.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who is said to have signed: one name and no pattern.
    pub principal: &'a str,
    /// What the signature must have been made for, literally.
    pub namespace: &'a str,
    /// The time at which the key must count. Take the server's own: what a signer writes is no evidence.
    pub at: Timestamp,
    /// The revocations that hold, all of them.
    pub revoked: &'a [Revoked],
}

/// A signature that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The key that signed; of a certificate, the key that it certifies.
    pub key: Key,
    /// A FIDO token says that somebody touched it. Never true of other keys.
    pub presence: bool,
    /// A FIDO token says that its user proved to it who they are. Never true of other keys.
    pub verification: bool,
}

/// A name that somebody else chose, in a message: printable, and its beginning where it is long.
fn shown(name: &[u8]) -> String {
    const MOST: usize = 64;
    match name.split_at_checked(MOST) {
        Some((start, rest)) if !rest.is_empty() => format!("{}...", escape::escape(start)),
        _ => escape::escape(name),
    }
}
