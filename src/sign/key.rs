//! One plain public key, in its one encoding.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData};
use ssh_key::{Algorithm, EcdsaCurve};

use super::wire::Reader;
use super::{Refusal, armor, shown};

/// The bits of the RSA keys that count.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// Why an ed25519 key does not count.
const WEAK: &str = "its point is none, or one by which anybody can sign anything";

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
        match &key.data {
            KeyData::Rsa(rsa) => {
                let modulus = rsa.n().as_positive_bytes().unwrap_or_default();
                let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
                let bits = rsa.key_size().saturating_sub(unused);
                if RSA_BITS.contains(&bits) { Ok(key) } else { Err(Refusal::Bits(bits)) }
            }
            KeyData::Ed25519(point) if !is_strong(point) => Err(Refusal::Key(WEAK)),
            KeyData::SkEd25519(token) if !is_strong(token.public_key()) => Err(Refusal::Key(WEAK)),
            _ => Ok(key),
        }
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
        if !is_on_curve(&data) {
            return Err(Refusal::Key("its point is not on its curve"));
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

/// Whether the point of an ECDSA key is one, as OpenSSH asks of every key that it reads.
fn is_on_curve(data: &KeyData) -> bool {
    match data {
        KeyData::Ecdsa(key @ EcdsaPublicKey::NistP256(_)) => p256::ecdsa::VerifyingKey::try_from(key).is_ok(),
        KeyData::Ecdsa(key @ EcdsaPublicKey::NistP384(_)) => p384::ecdsa::VerifyingKey::try_from(key).is_ok(),
        KeyData::Ecdsa(key @ EcdsaPublicKey::NistP521(_)) => p521::ecdsa::VerifyingKey::try_from(key).is_ok(),
        KeyData::SkEcdsaSha2NistP256(key) => p256::ecdsa::VerifyingKey::from_sec1_point(key.ec_point()).is_ok(),
        _ => true,
    }
}

/// Whether an ed25519 key is a point, and none of the few by which one signature fits any bytes.
fn is_strong(point: &Ed25519PublicKey) -> bool {
    ed25519_dalek::VerifyingKey::try_from(point).is_ok_and(|key| !key.is_weak())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::wire::put_string;

    fn blob(parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        parts.iter().for_each(|part| put_string(&mut out, part));
        out
    }

    /// The point of an ed25519 key.
    fn edwards() -> [u8; 32] {
        ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()
    }

    /// An RSA key whose first byte is `first`, of so many bytes.
    fn rsa(first: u8, bytes: usize) -> Vec<u8> {
        let mut modulus = vec![0xff; bytes];
        modulus[0] = first;
        if first >= 0x80 {
            modulus.insert(0, 0);
        }
        blob(&[b"ssh-rsa", &[1, 0, 1], &modulus])
    }

    #[test]
    fn rsa_keys_have_from_2048_to_8192_bits() {
        let bits = |first, bytes| Key::from_blob(&rsa(first, bytes)).map(drop);
        assert_eq!((bits(0x80, 256), bits(0xff, 1024)), (Ok(()), Ok(())));
        assert_eq!((bits(0x7f, 256), bits(0xff, 128)), (Err(Refusal::Bits(2047)), Err(Refusal::Bits(1024))));
        assert_eq!(bits(1, 1025), Err(Refusal::Bits(8193)));
        assert!(Key::of_any_strength(&rsa(0x80, 64)).is_ok(), "what is revoked may be weak");
    }

    #[test]
    fn a_key_is_written_in_one_way_only() {
        let numbers = Err(Refusal::Key("its numbers are not written as they should be"));
        let read = |blob: &[u8]| Key::from_blob(blob).map(drop);
        let modulus = [&[0][..], &[0xff; 256]].concat();
        assert_eq!(read(&blob(&[b"ssh-rsa", &[1, 0, 1], &modulus])), Ok(()));
        assert_eq!(read(&blob(&[b"ssh-rsa", &[0, 1, 0, 1], &modulus])), numbers);
        assert_eq!(read(&blob(&[b"ssh-rsa", &[1, 0, 1], &modulus, b""])), numbers);
        assert_eq!(read(&blob(&[b"ssh-ed25519", &[7; 31]])), numbers);
        assert_eq!(read(&blob(&[b"ssh-ed25519", &edwards()])), Ok(()));
        let key = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
        let [whole, packed] = [false, true].map(|packed| key.verifying_key().to_sec1_point(packed).as_bytes().to_vec());
        for (name, application) in
            [("ecdsa-sha2-nistp256", None), ("sk-ecdsa-sha2-nistp256@openssh.com", Some(b"ssh:"))]
        {
            let with = |point: &[u8]| {
                let head = blob(&[name.as_bytes(), b"nistp256", point]);
                [head, application.map_or(Vec::new(), |application| blob(&[application]))].concat()
            };
            assert_eq!((read(&with(&whole)), read(&with(&packed))), (Ok(()), numbers.clone()), "{name}");
            let beside = [&whole[..64], &[whole[64] ^ 1]].concat();
            assert_eq!(read(&with(&beside)), Err(Refusal::Key("its point is not on its curve")), "{name}");
        }
        assert_eq!(read(&[0, 0, 0, 9]), Err(Refusal::Key("it is cut off")));
    }

    #[test]
    fn an_ed25519_key_by_which_anybody_can_sign_is_none() {
        let neutral = [&[1][..], &[0; 31]].concat();
        for point in [&neutral[..], &[0; 32], &[2; 32]] {
            let plain = blob(&[b"ssh-ed25519", point]);
            let token = blob(&[b"sk-ssh-ed25519@openssh.com", point, b"ssh:"]);
            assert_eq!(Key::from_blob(&plain), Err(Refusal::Key(WEAK)), "{point:?}");
            assert_eq!(Key::from_blob(&token), Err(Refusal::Key(WEAK)), "{point:?}");
            assert!(Key::of_any_strength(&plain).is_ok(), "what is revoked may be weak");
        }
    }

    #[test]
    fn a_key_of_a_token_is_known_for_one() {
        let token = Key::from_blob(&blob(&[b"sk-ssh-ed25519@openssh.com", &edwards(), b"ssh:"])).unwrap();
        assert!(token.is_hardware() && token.kind() == "ED25519-SK");
        let plain = Key::from_blob(&blob(&[b"ssh-ed25519", &edwards()])).unwrap();
        assert!(!plain.is_hardware() && plain != token && plain.clone() == plain);
        assert!([&token, &plain].into_iter().collect::<std::collections::BTreeSet<_>>().len() == 2);
    }
}
