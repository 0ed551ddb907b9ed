//! Who may sign: a file in OpenSSH's format of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

mod line;
mod options;
mod pattern;
mod who;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use self::line::Line;
pub use self::who::{Signer, Whom};
use super::key::Key;
use super::signature::Signature;
use super::{Question, Refusal, Verified, shown};
use crate::error::{Error, Result};
use crate::escape;

/// A file of allowed signers, all of its lines well-formed.
#[derive(Clone, Debug)]
pub struct Signers {
    name: String,
    lines: Vec<Line>,
    digest: String,
}

impl Signers {
    /// Reads a file; `name` is what messages call it.
    ///
    /// # Errors
    /// A line is malformed. OpenSSH skips such a line; here nobody signs until it is mended, for what is skipped may be
    /// the line that limits a key.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        let name = escape::printable(name);
        let mut lines = Vec::new();
        for (index, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let line = Line::parse(text, number).map_err(|reason| {
                Error::undecided(format!("{name}:{number}: {reason}"))
                    .help("mend or remove that line; ssh-keygen(1), ALLOWED SIGNERS, says how one is written")
            })?;
            lines.extend(line);
        }
        let mut digest = String::new();
        for byte in Sha256::digest(bytes) {
            let _ = write!(digest, "{byte:02x}");
        }
        Ok(Self { name, lines, digest })
    }

    /// Whether the principal signed `message` for this namespace, at a time when the key counted.
    ///
    /// # Errors
    /// Why it is not so.
    pub fn verify(
        &self,
        question: &Question<'_>,
        signature: &Signature,
        message: &[u8],
    ) -> std::result::Result<Verified, Refusal> {
        self.may_sign(question, signature)?;
        signature.check(&signature.hash(message))
    }

    /// The same for a message that is read as it comes, of any length. It is not read where the answer is clear before.
    ///
    /// # Errors
    /// The message cannot be read.
    pub fn verify_stream(
        &self,
        question: &Question<'_>,
        signature: &Signature,
        message: impl Read,
    ) -> std::io::Result<std::result::Result<Verified, Refusal>> {
        match self.may_sign(question, signature) {
            Err(refusal) => Ok(Err(refusal)),
            Ok(()) => signature.hash_stream(message).map(|digest| signature.check(&digest)),
        }
    }

    /// Every plain key on a line whose principals match, whatever that line's dates and namespaces.
    pub fn keys_of(&self, principal: &str) -> BTreeSet<Key> {
        let lines = self.lines.iter().filter(|line| !line.options.authority && line.is_of(principal));
        lines.map(|line| line.key.clone()).collect()
    }

    /// Whether the file names nobody.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The SHA-256 of the bytes that were read, in hexadecimal.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }

    /// All but the mathematics: whether the key counts for the principal, here and now.
    fn may_sign(&self, question: &Question<'_>, signature: &Signature) -> std::result::Result<(), Refusal> {
        if question.principal.is_empty() || question.principal.contains(['*', '?', '!', ',']) {
            return Err(Refusal::Principal(shown(question.principal.as_bytes())));
        }
        if signature.namespace() != question.namespace {
            let (found, wanted) = (shown(signature.namespace().as_bytes()), shown(question.namespace.as_bytes()));
            return Err(Refusal::OtherNamespace { found, wanted });
        }
        for revoked in question.revoked {
            revoked.check(signature)?;
        }
        self.allowed(question, signature)
    }

    /// One line must allow it by itself. Of several that nearly do, the first says why not.
    fn allowed(&self, question: &Question<'_>, signature: &Signature) -> std::result::Result<(), Refusal> {
        let mut nearly = None;
        for line in self.lines.iter().filter(|line| line.is_of(question.principal)) {
            match self.line_allows(line, question, signature) {
                Some(Ok(())) => return Ok(()),
                Some(Err(refusal)) => _ = nearly.get_or_insert(refusal),
                None => {}
            }
        }
        let principal = shown(question.principal.as_bytes());
        Err(nearly.unwrap_or_else(|| match signature.certificate() {
            None => Refusal::UnknownKey { fingerprint: signature.key().fingerprint(), principal },
            Some(certificate) => {
                let fingerprint = certificate.authority().fingerprint();
                Refusal::Certificate(format!("{fingerprint} is no authority for {principal}"))
            }
        }))
    }

    /// Whether a line of the principal allows it; `None` where it is about another key.
    fn line_allows(
        &self,
        line: &Line,
        question: &Question<'_>,
        signature: &Signature,
    ) -> Option<std::result::Result<(), Refusal>> {
        if !line.is_about(signature) {
            return None;
        }
        if let Some(Err(refusal)) = signature.certificate().map(|certificate| certificate.holds(question)) {
            return Some(Err(refusal));
        }
        let place = format!("{}:{}", self.name, line.number);
        let (options, at) = (&line.options, question.at.as_second());
        if options.namespaces.as_ref().is_some_and(|list| !pattern::list_matches(question.namespace.as_bytes(), list)) {
            let namespace = shown(question.namespace.as_bytes());
            return Some(Err(Refusal::NamespaceNotAllowed { place, namespace }));
        }
        if let Some(since) = options.after.filter(|after| at < after.as_second()) {
            return Some(Err(Refusal::NotYetValid { place, since: since.to_string() }));
        }
        if let Some(until) = options.before.filter(|before: &Timestamp| at > before.as_second()) {
            return Some(Err(Refusal::Expired { place, until: until.to_string() }));
        }
        Some(Ok(()))
    }
}
