//! One SSHSIG: who signed, for what, with which hash (OpenSSH's PROTOCOL.sshsig).

use std::io::{ErrorKind, Read};

use sha2::{Digest as _, Sha256, Sha512};

use super::certificate::Certificate;
use super::key::Key;
use super::wire::{Reader, put_string};
use super::{Refusal, Verified, armor, shown};

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// The flags of a FIDO token: somebody touched it, somebody proved who they are to it (a PIN, a finger).
const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
/// Behind the flags of a FIDO signature stands a counter.
const COUNTER: usize = 4;

/// A signature as `ssh-keygen -Y sign` makes it, well-formed, of a kind that counts. Nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Signature {
    signer: Signer,
    namespace: String,
    hash: Hash,
    signature: ssh_key::Signature,
}

/// Who the signature says has made it.
#[derive(Clone, Debug)]
enum Signer {
    Plain(Key),
    Certified(Box<Certificate>),
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha256,
    Sha512,
}

impl Signature {
    /// Reads a signature in its armor.
    ///
    /// # Errors
    /// It is no SSHSIG of version 1, or of a kind that does not count.
    pub fn parse(armored: &[u8]) -> Result<Self, Refusal> {
        Self::from_blob(&armor::open(armored)?)
    }

    fn from_blob(blob: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(blob);
        let cut_off = || Refusal::Malformed("it is cut off");
        if reader.bytes(MAGIC.len()) != Some(MAGIC) {
            return Err(Refusal::Malformed("it does not begin with SSHSIG"));
        }
        if reader.u32().ok_or_else(cut_off)? != VERSION {
            return Err(Refusal::Malformed("it is not of version 1"));
        }
        let signer = reader.string().ok_or_else(cut_off)?;
        let namespace = reader.text().ok_or(Refusal::Malformed("its namespace is no text"))?;
        let reserved = reader.string().ok_or_else(cut_off)?;
        let hash = reader.string().ok_or_else(cut_off)?;
        let signature = reader.string().ok_or_else(cut_off)?;
        if !reader.is_empty() {
            return Err(Refusal::Malformed("something follows it"));
        }
        if namespace.is_empty() {
            return Err(Refusal::Malformed("it has no namespace"));
        }
        if !reserved.is_empty() {
            return Err(Refusal::Malformed("its reserved field is not empty, and is not signed either"));
        }
        let hash = match hash {
            b"sha256" => Hash::Sha256,
            b"sha512" => Hash::Sha512,
            _ => return Err(Refusal::Malformed("its hash is neither sha256 nor sha512")),
        };
        let signer = match Certificate::is_one(signer) {
            true => Signer::Certified(Box::new(Certificate::parse(signer)?)),
            false => Signer::Plain(Key::from_blob(signer)?),
        };
        Ok(Self { signer, namespace: namespace.to_owned(), hash, signature: raw(signature)? })
    }

    /// What the signature was made for.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The key that is said to have signed; of a certificate, the key that it certifies.
    pub fn key(&self) -> &Key {
        match &self.signer {
            Signer::Plain(key) => key,
            Signer::Certified(certificate) => certificate.key(),
        }
    }

    /// The kind of key as `ssh-keygen` prints it, such as `ED25519` or `RSA-CERT`.
    pub fn kind(&self) -> String {
        let certified = if self.certificate().is_some() { "-CERT" } else { "" };
        format!("{}{certified}", self.key().kind())
    }

    /// What vouches for the key, where the signature brings it along.
    pub(super) fn certificate(&self) -> Option<&Certificate> {
        match &self.signer {
            Signer::Plain(_) => None,
            Signer::Certified(certificate) => Some(certificate),
        }
    }

    /// What of a message is signed.
    pub(super) fn hash(&self, message: &[u8]) -> Vec<u8> {
        match self.hash {
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// What of a message is signed, read piece by piece.
    pub(super) fn hash_stream(&self, mut message: impl Read) -> std::io::Result<Vec<u8>> {
        let (mut sha256, mut sha512) = (Sha256::new(), Sha512::new());
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match message.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            let piece = buffer.get(..read).unwrap_or_default();
            match self.hash {
                _ if read == 0 => break,
                Hash::Sha256 => sha256.update(piece),
                Hash::Sha512 => sha512.update(piece),
            }
        }
        Ok(match self.hash {
            Hash::Sha256 => sha256.finalize().to_vec(),
            Hash::Sha512 => sha512.finalize().to_vec(),
        })
    }

    /// Whether the key signed the message with this digest, and what its token says of who was there.
    pub(super) fn check(&self, digest: &[u8]) -> Result<Verified, Refusal> {
        let hash = match self.hash {
            Hash::Sha256 => "sha256",
            Hash::Sha512 => "sha512",
        };
        let mut signed = MAGIC.to_vec();
        for part in [self.namespace.as_bytes(), b"", hash.as_bytes(), digest] {
            put_string(&mut signed, part);
        }
        let key = self.key();
        key.verify(&signed, &self.signature)?;
        let flags = if key.is_hardware() { self.flags() } else { 0 };
        let verification = flags & VERIFIED != 0;
        if !verification && self.certificate().is_some_and(Certificate::verify_required) {
            let reason = "it asks for its user to be verified, and the token did not do so";
            return Err(Refusal::Certificate(reason.to_owned()));
        }
        Ok(Verified { key: key.clone(), presence: flags & PRESENT != 0, verification })
    }

    fn flags(&self) -> u8 {
        let bytes = self.signature.as_bytes();
        bytes.len().checked_sub(COUNTER + 1).and_then(|at| bytes.get(at)).copied().unwrap_or(0)
    }
}

/// The signature proper: of a kind that counts, all of its bytes, in their one form.
pub(super) fn raw(bytes: &[u8]) -> Result<ssh_key::Signature, Refusal> {
    let name = Reader::new(bytes).string().ok_or(Refusal::Malformed("what is signed with is cut off"))?;
    if name == b"ssh-rsa" {
        return Err(Refusal::Sha1);
    }
    if !matches!(name, b"rsa-sha2-256" | b"rsa-sha2-512") && super::key::kind(name).is_none() {
        return Err(Refusal::Unsupported(format!("a signature of the type \"{}\"", shown(name))));
    }
    let wrong = || Refusal::Malformed("its numbers are not written as they should be");
    let signature = ssh_key::Signature::try_from(bytes).map_err(|_| wrong())?;
    let again = ssh_key::encoding::Encode::encode_vec(&signature).map_err(|_| wrong())?;
    if again == bytes { Ok(signature) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob() -> Vec<u8> {
        armor::open(include_bytes!("../../fixtures/signatures/ed25519.sig")).unwrap()
    }

    /// The signature with one of its strings (key, namespace, reserved, hash, signature) changed.
    fn with(place: usize, change: impl Fn(&mut Vec<u8>)) -> Refusal {
        let blob = blob();
        let mut reader = Reader::new(&blob[MAGIC.len() + 4..]);
        let mut made = blob[..MAGIC.len() + 4].to_vec();
        for number in 0..5 {
            let mut string = reader.string().unwrap().to_vec();
            if number == place {
                change(&mut string);
            }
            put_string(&mut made, &string);
        }
        Signature::from_blob(&made).unwrap_err()
    }

    #[test]
    fn each_part_is_what_it_must_be() {
        assert!(Signature::from_blob(&blob()).is_ok());
        assert_eq!(with(1, Vec::clear), Refusal::Malformed("it has no namespace"));
        assert_eq!(with(1, |name| name.push(0)), Refusal::Malformed("its namespace is no text"));
        assert_eq!(with(1, |name| name.push(0xff)), Refusal::Malformed("its namespace is no text"));
        let reserved = "its reserved field is not empty, and is not signed either";
        assert_eq!(with(2, |reserved| reserved.push(0)), Refusal::Malformed(reserved));
        let hash = Refusal::Malformed("its hash is neither sha256 nor sha512");
        assert_eq!((with(3, |name| *name = b"sha1".to_vec()), with(3, |name| name.push(0))), (hash.clone(), hash));
        let numbers = Refusal::Malformed("its numbers are not written as they should be");
        assert_eq!(with(4, |signature| signature.push(0)), numbers);
        assert_eq!(with(4, |signature| signature.truncate(80)), numbers);
        let sha1 = |signature: &mut Vec<u8>| *signature = [&[0, 0, 0, 7][..], b"ssh-rsa", &[0; 4]].concat();
        assert_eq!(with(4, sha1), Refusal::Sha1);
        let unknown = "a signature of the type \"ssh-ed25518\"".to_owned();
        assert_eq!(with(4, |signature| signature[14] = b'8'), Refusal::Unsupported(unknown));
        let unknown = "a key of the type \"ssh-ed25518\"".to_owned();
        assert_eq!(with(0, |key| key[14] = b'8'), Refusal::Unsupported(unknown));
    }

    #[test]
    fn the_frame_is_whole_and_of_version_1() {
        let blob = blob();
        let fails = |blob: &[u8]| Signature::from_blob(blob).unwrap_err();
        for version in [0, 2, 0xff] {
            let mut other = blob.clone();
            other[9] = version;
            assert_eq!(fails(&other), Refusal::Malformed("it is not of version 1"));
        }
        for length in 0..blob.len() {
            assert!(matches!(fails(&blob[..length]), Refusal::Malformed(_)), "cut off at {length}");
        }
        assert_eq!(fails(&[&blob[..], b"x"].concat()), Refusal::Malformed("something follows it"));
        assert_eq!(fails(b"sshsig"), Refusal::Malformed("it does not begin with SSHSIG"));
    }
}
