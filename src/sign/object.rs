//! Where Git keeps a signature in a commit or a tag, and which bytes it covers (commit.c and gpg-interface.c of Git).

use bstr::ByteSlice;

use crate::oid::ObjectFormat;

/// What kind of signature begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armor {
    /// Made with an SSH key.
    Ssh,
    /// Made by GnuPG.
    OpenPgp,
    /// Made by gpgsm.
    X509,
}

/// The first lines of signatures that Git knows.
const FIRST_LINES: [(&[u8], Armor); 4] = [
    (b"-----BEGIN SSH SIGNATURE-----", Armor::Ssh),
    (b"-----BEGIN PGP SIGNATURE-----", Armor::OpenPgp),
    (b"-----BEGIN PGP MESSAGE-----", Armor::OpenPgp),
    (b"-----BEGIN SIGNED MESSAGE-----", Armor::X509),
];

/// A signature and the bytes that it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub payload: Vec<u8>,
    /// The SSH signature, armored.
    pub signature: Vec<u8>,
}

/// Why an object has no signature that could be verified; a word or two that follow the name of the object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// It has none.
    #[error("is not signed")]
    Not,
    /// It has several: Git takes the first and leaves room for anything in the others.
    #[error("carries more than one signature")]
    Twice,
    /// It was signed by other means.
    #[error("is signed with {0}, and only SSH signatures are verified")]
    Other(&'static str),
}

impl Armor {
    /// The kind of signature that a text begins with.
    pub fn of(text: &[u8]) -> Option<Self> {
        FIRST_LINES.iter().find(|(line, _)| text.starts_with(line)).map(|(_, kind)| *kind)
    }

    /// Nothing for an SSH signature, else what to call the other kind.
    pub(super) const fn other(self) -> Option<&'static str> {
        match self {
            Self::Ssh => None,
            Self::OpenPgp => Some("OpenPGP"),
            Self::X509 => Some("X.509"),
        }
    }
}

impl Signed {
    /// Takes the signature out of a commit. It covers the commit without any `gpgsig*` header, its own and those for
    /// another object format.
    ///
    /// # Errors
    /// There is not one SSH signature for this object format.
    pub fn commit(commit: &[u8], format: ObjectFormat) -> Result<Self, Unsigned> {
        let own: &[u8] = match format {
            ObjectFormat::Sha1 => b"gpgsig ",
            ObjectFormat::Sha256 => b"gpgsig-sha256 ",
        };
        let (mut signature, mut count) = (Vec::new(), 0);
        let payload = without_headers(commit, |line, continues| {
            if let Some(first) = line.strip_prefix(own) {
                count += 1;
                signature.extend_from_slice(first);
            } else if continues.is_some_and(|header| header.starts_with(own)) {
                signature.extend_from_slice(line.get(1..).unwrap_or_default());
            }
        });
        if count > 1 {
            return Err(Unsigned::Twice);
        }
        Self::of(payload, signature)
    }

    /// Takes the signature off the end of a tag: it begins with the last line that any kind begins with.
    ///
    /// # Errors
    /// There is not one SSH signature.
    pub fn tag(tag: &[u8]) -> Result<Self, Unsigned> {
        let (mut at, mut begins) = (0, Vec::new());
        for line in tag.split_inclusive(|byte| *byte == b'\n') {
            if Armor::of(line).is_some() {
                begins.push(at);
            }
            at += line.len();
        }
        match begins.as_slice() {
            [] => Err(Unsigned::Not),
            [begin] => {
                let (payload, signature) = tag.split_at_checked(*begin).unwrap_or_default();
                Self::of(without_headers(payload, |_, _| {}), signature.to_vec())
            }
            _ => Err(Unsigned::Twice),
        }
    }

    fn of(payload: Vec<u8>, signature: Vec<u8>) -> Result<Self, Unsigned> {
        match Armor::of(&signature).map(Armor::other) {
            Some(None) => Ok(Self { payload, signature }),
            Some(Some(other)) => Err(Unsigned::Other(other)),
            None => Err(Unsigned::Not),
        }
    }
}

/// The object without its `gpgsig*` headers, which `each` is told line by line: the line, and for a line that continues a
/// header that header's first one. As commit.c has it: every header that begins so, whatever follows.
fn without_headers<'o>(object: &'o [u8], mut each: impl FnMut(&'o [u8], Option<&'o [u8]>)) -> Vec<u8> {
    let mut kept = Vec::with_capacity(object.len());
    let mut rest = object;
    let mut header: Option<&[u8]> = None;
    while !rest.is_empty() && !rest.starts_with(b"\n") {
        let end = rest.find_byte(b'\n').map_or(rest.len(), |end| end + 1);
        let (line, after) = rest.split_at_checked(end).unwrap_or_default();
        rest = after;
        if !line.starts_with(b" ") {
            header = line.starts_with(b"gpgsig").then_some(line);
            if header.is_some() {
                each(line, None);
            }
        } else if header.is_some() {
            each(line, header);
        }
        if header.is_none() {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(rest);
    kept
}

/// The name that a tag object gives itself.
pub fn tag_name(tag: &[u8]) -> Option<&[u8]> {
    let (headers, _) = tag.split_once_str("\n\n").unwrap_or((tag, b""));
    headers.split_str("\n").find_map(|line| line.strip_prefix(b"tag "))
}

#[cfg(test)]
mod tests;
