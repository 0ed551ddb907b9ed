//! One OpenSSH certificate (PROTOCOL.certkeys): the key that it certifies, for whom, until when, by which authority.

use super::key::{self, Key};
use super::signature::raw;
use super::wire::{Reader, put_string};
use super::{Question, Refusal, shown};

/// What stands at the end of the type of a certificate.
pub(super) const SUFFIX: &[u8] = b"-cert-v01@openssh.com";
/// A certificate for people and not for hosts.
const USER: u32 = 1;
/// As many principals as OpenSSH takes.
const MOST_PRINCIPALS: usize = 256;
/// The one critical option that a signature over bytes can fulfil: whoever asks for the flag looks at it.
const VERIFY_REQUIRED: &str = "verify-required";

/// A certificate, its authority's signature verified. Whether the authority counts is for the signers to say.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    key: Key,
    authority: Key,
    pub(super) serial: u64,
    pub(super) id: Vec<u8>,
    kind: u32,
    principals: Vec<Vec<u8>>,
    after: u64,
    before: u64,
    /// The names of the critical options.
    critical: Vec<String>,
}

impl Certificate {
    /// Whether the bytes of a key are those of a certificate.
    pub(super) fn is_one(blob: &[u8]) -> bool {
        Reader::new(blob).string().is_some_and(|name| name.ends_with(SUFFIX))
    }

    /// Reads a certificate and verifies its authority's signature.
    pub(super) fn parse(blob: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(blob);
        let name = reader.string().unwrap_or_default();
        let unknown = || Refusal::Unsupported(format!("a certificate of the type \"{}\"", shown(name)));
        let plain = plain_name(name).ok_or_else(unknown)?;
        let (_, strings) = key::kind(&plain).unwrap_or_default();
        let cut_off = || Refusal::Certificate("it is cut off".to_owned());
        let _nonce = reader.string().ok_or_else(cut_off)?;
        let mut certified = Vec::new();
        put_string(&mut certified, &plain);
        for _ in 0..strings {
            put_string(&mut certified, reader.string().ok_or_else(cut_off)?);
        }
        let mut read = || -> Option<_> {
            let (serial, kind, id) = (reader.u64()?, reader.u32()?, reader.c_string()?);
            let principals = strings_of(reader.string()?)?;
            let (after, before) = (reader.u64()?, reader.u64()?);
            let critical = options(reader.string()?)?;
            let _extensions = options(reader.string()?)?;
            let (_reserved, authority) = (reader.string()?, reader.string()?);
            let signed = blob.get(..blob.len() - reader.rest().len())?;
            let signature = reader.string()?;
            Some((serial, kind, id, principals, after, before, critical, authority, signed, signature))
        };
        let (serial, kind, id, principals, after, before, critical, authority, signed, signature) =
            read().ok_or_else(cut_off)?;
        if !reader.is_empty() || principals.len() > MOST_PRINCIPALS {
            return Err(Refusal::Certificate("it is not written as it should be".to_owned()));
        }
        let of_the_authority = |refusal: Refusal| Refusal::Certificate(format!("of its authority, {refusal}"));
        let authority = Key::from_blob(authority).map_err(of_the_authority)?;
        let signature = raw(signature).map_err(of_the_authority)?;
        authority.verify(signed, &signature).map_err(of_the_authority)?;
        Ok(Self {
            key: Key::from_blob(&certified)?,
            authority,
            serial,
            id: id.to_vec(),
            kind,
            principals,
            after,
            before,
            critical,
        })
    }

    /// The key that it certifies.
    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// The names of those whom it is for.
    pub(super) fn principals(&self) -> &[Vec<u8>] {
        &self.principals
    }

    /// Who vouches for the key.
    pub(super) const fn authority(&self) -> &Key {
        &self.authority
    }

    /// Whether the certificate is one of the principal, now.
    pub(super) fn holds(&self, question: &Question<'_>) -> Result<(), Refusal> {
        let at = u64::try_from(question.at.as_second()).unwrap_or(0);
        let refused = |reason: &str| Err(Refusal::Certificate(reason.to_owned()));
        if self.kind != USER {
            return refused("it is one for a host");
        }
        if at < self.after {
            return refused("it is not valid yet");
        }
        if at >= self.before {
            return refused("it has expired");
        }
        if self.principals.is_empty() {
            return refused("it names no principals");
        }
        if !self.principals.iter().any(|name| name == question.principal.as_bytes()) {
            return refused("the principal is not among those that it names");
        }
        match self.critical.iter().find(|name| *name != VERIFY_REQUIRED) {
            None => Ok(()),
            Some(name) => refused(&format!("nobody here sees to its critical option \"{name}\"")),
        }
    }

    /// Whether it counts only for signatures whose token verified its user.
    pub(super) fn verify_required(&self) -> bool {
        self.critical.iter().any(|name| name == VERIFY_REQUIRED)
    }
}

/// The type of the key in a certificate of the type `name`.
fn plain_name(name: &[u8]) -> Option<Vec<u8>> {
    let mut plain = name.strip_suffix(SUFFIX)?.to_vec();
    if plain.starts_with(b"sk-") {
        plain.extend(b"@openssh.com");
    }
    key::kind(&plain).map(|_| plain)
}

fn strings_of(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while !reader.is_empty() {
        found.push(reader.c_string()?.to_vec());
    }
    Some(found)
}

/// The names of options, printable; their values are of no use here.
fn options(bytes: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while !reader.is_empty() {
        found.push(shown(reader.string()?));
        reader.string()?;
    }
    Some(found)
}
