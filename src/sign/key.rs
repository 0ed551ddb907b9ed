//! One plain public key, in its one encoding.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve};

use super::wire::Reader;
use super::{Refusal, armor, shown};

/// The bits of the RSA keys that count.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// The marker of a point that is written as both its numbers.
const UNCOMPRESSED: u8 = 4;

/// A plain public key; of a certificate, the key that it certifies. Two are the same when their bytes are, for there is
/// only one way to write each.
#[derive(Clone)]
pub struct Key {
    blob: Vec<u8>,
    data: KeyData,
}

impl Key {
    /// Reads a line of a `.pub` file: the type, the key in base64, and maybe a comment.
    ///
    /// # Errors
    /// It is no such line, or the key is of a kind that does not count.
    pub fn parse(openssh_line: &str) -> Result<Self, Refusal> {
        let mut words = openssh_line.split_ascii_whitespace();
        let (name, base64) = words.next().zip(words.next()).ok_or(Refusal::Key("it is not a type and base64"))?;
        Self::from_blob(&decode(name.as_bytes(), base64.as_bytes())?)
    }

    /// Reads the bytes of a key whose strength does matter.
    pub(super) fn from_blob(blob: &[u8]) -> Result<Self, Refusal> {
        let key = Self::of_any_strength(blob)?;
        if let KeyData::Rsa(rsa) = &key.data {
            let modulus = rsa.n().as_positive_bytes().unwrap_or_default();
            let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
            let bits = rsa.key_size().saturating_sub(unused);
            if !RSA_BITS.contains(&bits) {
                return Err(Refusal::Bits(bits));
            }
        }
        Ok(key)
    }

    /// Reads the bytes of a key, however weak: for what is revoked.
    pub(super) fn of_any_strength(blob: &[u8]) -> Result<Self, Refusal> {
        let name = Reader::new(blob).string().ok_or(Refusal::Key("it is cut off"))?;
        if kind(name).is_none() {
            return Err(Refusal::Unsupported(format!("a key of the type \"{}\"", shown(name))));
        }
        let wrong = Refusal::Key("its numbers are not written as they should be");
        let mut rest = blob;
        let data = <KeyData as ssh_key::encoding::Decode>::decode(&mut rest).map_err(|_| wrong.clone())?;
        let again = ssh_key::encoding::Encode::encode_vec(&data).map_err(|_| wrong.clone())?;
        let point = match &data {
            KeyData::Ecdsa(key) => key.as_sec1_bytes().first(),
            KeyData::SkEcdsaSha2NistP256(key) => key.ec_point().as_bytes().first(),
            _ => None,
        };
        if !rest.is_empty() || again != blob || point.is_some_and(|tag| *tag != UNCOMPRESSED) {
            return Err(wrong);
        }
        Ok(Self { blob: again, data })
    }

    /// The name that `ssh-keygen -l` shows: `SHA256:` and the digest of the key in base64 without padding.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", base64::engine::general_purpose::STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// Whether the key is in a FIDO token, which says in each signature whether somebody touched it.
    pub fn is_hardware(&self) -> bool {
        matches!(self.data, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
    }

    /// The kind as `ssh-keygen` prints it, such as `ED25519`.
    pub fn kind(&self) -> &'static str {
        Reader::new(&self.blob).string().and_then(kind).map_or("UNKNOWN", |(kind, _)| kind)
    }

    /// The key in the wire format.
    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Whether `signature` is one by this key over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &ssh_key::Signature) -> Result<(), Refusal> {
        let fits = match (&self.data, signature.algorithm()) {
            (_, Algorithm::Rsa { hash: None }) => return Err(Refusal::Sha1),
            (KeyData::Rsa(_), Algorithm::Rsa { .. }) => true,
            (key, algorithm) => key.algorithm() == algorithm,
        };
        if !fits {
            return Err(Refusal::BadSignature);
        }
        signature::Verifier::verify(&self.data, message, signature).map_err(|_| Refusal::BadSignature)
    }
}

/// The bytes of a key that is written as its type and base64.
pub(super) fn decode(name: &[u8], base64: &[u8]) -> Result<Vec<u8>, Refusal> {
    let blob = armor::decode(base64).ok_or(Refusal::Key("it is not base64"))?;
    match Reader::new(&blob).string() == Some(name) {
        true => Ok(blob),
        false => Err(Refusal::Key("it is not of the type that stands before it")),
    }
}

/// Of each type that counts: how `ssh-keygen` calls it, and how many strings its key is made of.
pub(super) fn kind(name: &[u8]) -> Option<(&'static str, usize)> {
    Some(match Algorithm::new(std::str::from_utf8(name).ok()?).ok()? {
        Algorithm::Ed25519 => ("ED25519", 1),
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384 | EcdsaCurve::NistP521 } => ("ECDSA", 2),
        // The names of its signatures are none of the key.
        Algorithm::Rsa { hash: None } => ("RSA", 2),
        Algorithm::SkEd25519 => ("ED25519-SK", 2),
        Algorithm::SkEcdsaSha2NistP256 => ("ECDSA-SK", 3),
        _ => return None,
    })
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.blob.cmp(&other.blob)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.blob.hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.fingerprint())
    }
}
