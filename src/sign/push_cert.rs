//! A push certificate: what a client signs of its push, as Git's send-pack writes it and receive-pack keeps it as a blob
//! (gitprotocol-pack(5), "Push Certificate"). Reads it and holds it against what really arrived; who signed it is asked
//! of the signers. Must not know where the blob or what arrived come from.
//!
//! Git reads it leniently: headers anywhere and any number of times, the last of several signatures, commands beside it
//! that nobody signed. Only what every Git writes is taken here.

mod pushee;

use bstr::{BStr, BString, ByteSlice};
use jiff::Timestamp;

use super::object::Armor;
use crate::escape;
use crate::oid::ObjectFormat;
use crate::refs::{RefUpdate, parse_receive};

/// How far the clock of the nonce may be from the server's, in seconds: long enough for a person to touch a key and for a
/// large push to arrive. A certificate counts once within it, and never outside.
pub const WINDOW: i64 = 60 * 60;

const VERSION: &[u8] = b"certificate version 0.1\n";

/// A push certificate, read and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushCert {
    /// What the client calls itself: a claim.
    pub pusher: BString,
    /// The URL that the client pushed to, without user and password.
    pub pushee: BString,
    /// The nonce that the client was handed.
    pub nonce: BString,
    /// The push options, in order.
    pub options: Vec<BString>,
    /// The updates that it asks for.
    pub commands: Vec<RefUpdate>,
    blob: Vec<u8>,
    /// Where the signature begins in the blob.
    end: usize,
}

/// What receive-pack says of the push that a certificate came with, and what the server knows of itself.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// `GIT_PUSH_CERT_NONCE`: the nonce that this process of the server handed out.
    pub nonce: Option<&'a BStr>,
    /// `GIT_PUSH_CERT_NONCE_STATUS`: `OK` for that nonce, `SLOP` for one that another process of this server handed out
    /// for this repository.
    pub nonce_status: Option<&'a BStr>,
    /// The push options that arrived.
    pub options: &'a [BString],
    /// The updates that arrived.
    pub updates: &'a [RefUpdate],
    /// The URLs that the server goes by, or ends of their paths; without any the folder's name counts.
    pub urls: &'a [String],
    /// The name of the repository's folder.
    pub folder: &'a BStr,
    /// The server's clock.
    pub now: Timestamp,
}

/// Why a push certificate does not count; one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Not even the first line is one's.
    #[error("it does not begin with `certificate version 0.1`")]
    Version,
    /// A header that is unknown, stands twice or in another place than Git's.
    #[error("Git writes no header `{0}` there")]
    Header(String),
    /// A header is missing or empty.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// The commands are malformed.
    #[error("its commands cannot be read: {0}")]
    Commands(String),
    /// There is no signature at the end.
    #[error("it carries no signature")]
    Unsigned,
    /// It is signed by other means.
    #[error("it is signed with {0}, and only SSH signatures are verified")]
    Other(&'static str),
    /// Something follows the signature, or is no part of it.
    #[error("its signature is not the last that it holds")]
    Trailing,
    /// The server gives out no nonces.
    #[error("this server handed out no nonce (receive.certNonceSeed is not set)")]
    NoNonce,
    /// The nonce is not this server's for this repository.
    #[error("its nonce is not one that this server handed out for this repository (Git says {0})")]
    Nonce(String),
    /// The nonce is too old, or from the future.
    #[error("its nonce is {0} seconds away from the server's clock, and {WINDOW} are allowed")]
    Stale(u64),
    /// It was made for another repository.
    #[error("it is for {0}, which is not this repository")]
    Pushee(String),
    /// The push came with other options.
    #[error("the push came with other options than those that were signed")]
    Options,
    /// The push asks for something else.
    #[error("the push asks for other updates than those that were signed")]
    Updates,
}

impl PushCert {
    /// Reads the blob of a certificate.
    ///
    /// # Errors
    /// It is not what Git writes, or is not signed with an SSH key.
    pub fn parse(blob: &[u8], format: ObjectFormat) -> Result<Self, Flaw> {
        let head = blob.strip_prefix(VERSION).ok_or(Flaw::Version)?;
        let (head, body) = head.split_once_str("\n\n").ok_or_else(|| Flaw::Commands("there are none".into()))?;
        let mut lines = head.split_str("\n").peekable();
        let mut header = |name: &'static str| -> Option<BString> {
            let value = lines.peek()?.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?.into();
            lines.next();
            Some(value)
        };
        let [pusher, pushee, nonce] = ["pusher", "pushee", "nonce"].map(&mut header);
        let options: Vec<BString> = std::iter::from_fn(|| header("push-option")).collect();
        if let Some(line) = lines.next() {
            return Err(Flaw::Header(escape::escape(line.split(|byte| *byte == b' ').next().unwrap_or_default())));
        }
        let given = |value: Option<BString>, name| value.filter(|value| !value.is_empty()).ok_or(Flaw::Missing(name));
        // No command begins so; whatever follows the first of these lines was not signed.
        let commands = body.find(b"\n-----BEGIN ").map(|end| end + 1).ok_or(Flaw::Unsigned)?;
        let end = blob.len() - body.len() + commands;
        let (commands, armor) = body.split_at(commands);
        match Armor::of(armor).map(Armor::other) {
            Some(None) => {}
            Some(Some(other)) => return Err(Flaw::Other(other)),
            None => return Err(Flaw::Unsigned),
        }
        if armor.find_iter(b"-----BEGIN ").count() != 1 || !armor.ends_with(b"\n-----END SSH SIGNATURE-----\n") {
            return Err(Flaw::Trailing);
        }
        let commands = parse_receive(commands, format).map_err(|error| Flaw::Commands(error.message))?;
        Ok(Self {
            pusher: given(pusher, "pusher")?,
            pushee: given(pushee, "pushee")?,
            nonce: given(nonce, "nonce")?,
            options,
            commands,
            blob: blob.to_vec(),
            end,
        })
    }

    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        self.blob.get(..self.end).unwrap_or_default()
    }

    /// The signature, armored.
    pub fn signature(&self) -> &[u8] {
        self.blob.get(self.end..).unwrap_or_default()
    }

    /// When the nonce was handed out, as it says itself.
    pub fn stamp(&self) -> Option<i64> {
        stamp(self.nonce.as_bstr())
    }

    /// Holds the certificate against the push that it came with.
    ///
    /// # Errors
    /// It was made for another push, repository or time.
    pub fn fits(&self, arrived: &Arrived<'_>) -> Result<(), Flaw> {
        self.is_fresh(arrived)?;
        if !pushee::is_here(&self.pushee, arrived.urls, arrived.folder) {
            return Err(Flaw::Pushee(escape::quote_path(&self.pushee)));
        }
        if self.options != arrived.options {
            return Err(Flaw::Options);
        }
        // In the same order, as receive-pack queues them; it takes more beside them, which nobody signed.
        if self.commands != arrived.updates {
            return Err(Flaw::Updates);
        }
        Ok(())
    }

    /// Whether receive-pack knows the nonce for its own: it alone has the secret. That it is fresh is for us to say:
    /// `SLOP` is any age, and `receive.certNonceSlop` makes `OK` of any age too.
    fn is_fresh(&self, arrived: &Arrived<'_>) -> Result<(), Flaw> {
        let handed_out = arrived.nonce.ok_or(Flaw::NoNonce)?;
        let status = arrived.nonce_status.unwrap_or_default();
        let foreign = || Flaw::Nonce(escape::quote_path(status));
        let stamp = self.stamp().ok_or_else(foreign)?;
        let known = match status.as_bytes() {
            b"OK" => self.nonce == handed_out,
            b"SLOP" => true,
            _ => false,
        };
        if !known {
            return Err(foreign());
        }
        match arrived.now.as_second().abs_diff(stamp) {
            near if near <= WINDOW.unsigned_abs() => Ok(()),
            far => Err(Flaw::Stale(far)),
        }
    }
}

/// When a nonce was handed out: Git writes `<seconds>-<HMAC in hex>`.
fn stamp(nonce: &BStr) -> Option<i64> {
    let (seconds, mac) = nonce.split_once_str("-")?;
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let plain = seconds.iter().all(u8::is_ascii_digit) && !mac.is_empty() && mac.iter().all(is_hex);
    seconds.to_str().ok().filter(|_| plain)?.parse().ok()
}

#[cfg(test)]
mod tests;
