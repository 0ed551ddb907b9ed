//! One line: principals, options, a key, a comment.

use super::options::Options;
use super::pattern;
use crate::sign::certificate::SUFFIX;
use crate::sign::key::{self, Key};
use crate::sign::signature::Signature;
use crate::sign::text::{self, is_blank, skip_blanks, split_at_blank, word};

/// A line that lets a key sign for principals.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Where it stands in its file, counted from 1.
    pub(super) number: usize,
    /// A list of patterns.
    pub(super) principals: Vec<u8>,
    pub(super) options: Options,
    pub(super) key: Key,
}

impl Line {
    /// Reads a line; `None` where it is empty or a comment.
    pub(super) fn parse(line: &[u8], number: usize) -> Result<Option<Self>, String> {
        if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            return Err("a byte order mark stands before it".to_owned());
        }
        let line = text::clean(line)?;
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        let (principals, rest) = principals(line)?;
        let (options, rest) = match is_key_type(word(rest).0) {
            true => (Options::default(), rest),
            false => options(rest)?,
        };
        let (name, rest) = word(rest);
        let (base64, _comment) = word(rest);
        if name.is_empty() || base64.is_empty() {
            return Err("there is no key in it".to_owned());
        }
        if name.ends_with(SUFFIX) {
            return Err("it names a certificate; write the key that it certifies, or its authority's".to_owned());
        }
        let blob = key::decode(name, base64).map_err(|refusal| refusal.to_string())?;
        let key = Key::from_blob(&blob).map_err(|refusal| refusal.to_string())?;
        Ok(Some(Self { number, principals: principals.to_vec(), options, key }))
    }

    /// Whether the line's key made the signature, or vouches for the one that did.
    pub(super) fn is_about(&self, signature: &Signature) -> bool {
        match signature.certificate() {
            None => !self.options.authority && self.key == *signature.key(),
            Some(certificate) => self.options.authority && self.key == *certificate.authority(),
        }
    }

    /// Whether the line's principals hold this one.
    pub(super) fn is_of(&self, principal: &str) -> bool {
        pattern::list_matches(principal.as_bytes(), &self.principals)
    }
}

/// The principals as they are matched, out of quotes where they stand in them, and what follows. OpenSSH takes quotes
/// in the middle of a word too, and hides them; nobody reads `al"ice"` for what it is.
fn principals(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let (principals, rest) = match line.strip_prefix(b"\"") {
        None => split_at_blank(line),
        Some(quoted) => {
            let end = quoted.iter().position(|byte| *byte == b'"').ok_or("a quote is not closed")?;
            let (principals, rest) = quoted.split_at_checked(end).unwrap_or_default();
            (principals, rest.get(1..).unwrap_or_default())
        }
    };
    if principals.contains(&b'"') || !rest.first().is_none_or(is_blank) {
        return Err("a quote stands in the middle of the principals");
    }
    Ok((principals, skip_blanks(rest)))
}

/// The options up to the first blank that stands in no quotes, and what follows.
fn options(text: &[u8]) -> Result<(Options, &[u8]), &'static str> {
    let (mut quoted, mut escaped) = (false, false);
    let end = text.iter().zip(text.iter().skip(1).chain([&0])).position(|(byte, next)| {
        match (escaped, byte, next) {
            (true, ..) => escaped = false,
            (false, b'\\', b'"') => escaped = true,
            (false, b'"', _) => quoted = !quoted,
            _ => {}
        }
        !quoted && is_blank(byte)
    });
    let (options, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or_default();
    Ok((Options::parse(options)?, skip_blanks(rest)))
}

/// Whether a word is meant as a type of key and not as options, known or not.
fn is_key_type(word: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-", b"sk-", b"rsa-", b"webauthn-"].iter().any(|start| word.starts_with(start))
}
