//! Why a signature does not count.

use thiserror::Error;

/// Why a signature, or the key that it is asked of, does not count: one sentence, printable whatever was signed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// What is around the signature is not what `ssh-keygen -Y sign` writes.
    #[error("the signature's armor is malformed: {0}")]
    Armor(&'static str),
    /// What is within the armor is no SSHSIG of version 1.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// A public key that cannot be read.
    #[error("the key is malformed: {0}")]
    Key(&'static str),
    /// A kind of key or signature that OpenSSH may know and refgate does not.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// An RSA key that is too short to prove anything, or too long to be verified in bounded time.
    #[error("the RSA key has {0} bits; from 2048 to 8192 are taken")]
    Bits(u32),
    /// RSA with SHA-1, in the signature or in that of the certificate.
    #[error("it is an RSA signature over SHA-1, which anybody with money can forge")]
    Sha1,
    /// The signature was made for something else.
    #[error("the signature is made in the namespace \"{found}\", not in \"{wanted}\"")]
    OtherNamespace {
        /// The namespace that it was made in, escaped.
        found: String,
        /// The one that was asked for, escaped.
        wanted: String,
    },
    /// The principal that was asked for is a pattern and no name.
    #[error("\"{0}\" is no principal: it must be one name, without any of * ? ! ,")]
    Principal(String),
    /// No line of the signers gives the key to the principal.
    #[error("{fingerprint} is no key of {principal}")]
    UnknownKey {
        /// The key that signed.
        fingerprint: String,
        /// Who it was asked of, escaped.
        principal: String,
    },
    /// The lines of the key let it sign, for patterns and so for nobody in particular.
    #[error("{0} is a key of nobody: its principals are patterns and no names")]
    Nameless(String),
    /// The line of the key limits it to other namespaces.
    #[error("{place} does not let the key sign in the namespace \"{namespace}\"")]
    NamespaceNotAllowed {
        /// The file and line.
        place: String,
        /// The namespace, escaped.
        namespace: String,
    },
    /// The line's `valid-after` is still to come.
    #[error("the key is valid from {since} on, says {place}")]
    NotYetValid {
        /// The file and line.
        place: String,
        /// The first moment at which the key counts.
        since: String,
    },
    /// The line's `valid-before` is over.
    #[error("the key was valid until {until}, says {place}")]
    Expired {
        /// The file and line.
        place: String,
        /// The last moment at which the key counted.
        until: String,
    },
    /// The key, its certificate or the authority of that is revoked.
    #[error("{what} is revoked by {by}")]
    Revoked {
        /// What of the signature is revoked.
        what: &'static str,
        /// The file that says so.
        by: String,
    },
    /// The certificate of the key does not hold.
    #[error("the certificate does not count: {0}")]
    Certificate(String),
    /// The signature is none by this key over these bytes.
    #[error("the signature does not fit the bytes")]
    BadSignature,
}

impl Refusal {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Armor(_) | Self::Malformed(_) => "sign anew: ssh-keygen -Y sign -f KEY -n NAMESPACE FILE",
            Self::Key(_) | Self::Unsupported(_) | Self::Bits(_) | Self::Sha1 => {
                "sign with an ed25519, ecdsa or rsa key (2048 to 8192 bits), or one in a token: ssh-keygen -t ed25519"
            }
            Self::OtherNamespace { .. } => "sign anew in that namespace: ssh-keygen -Y sign -f KEY -n NAMESPACE FILE",
            Self::Principal(_) => "ask for one person by the name that the signers have",
            Self::Nameless(_) => "have the signers name the person on a line of the key, without any pattern",
            Self::UnknownKey { .. } => "sign with a key of that person, or have the key written into the signers",
            Self::NamespaceNotAllowed { .. } => "sign with a key that may, or have the line's namespaces widened",
            Self::NotYetValid { .. } | Self::Expired { .. } => {
                "sign with a key that is valid now, or have its dates renewed"
            }
            Self::Revoked { .. } => "sign with another key",
            Self::Certificate(_) => {
                "have the key certified anew by an authority of the signers, or sign with a plain key"
            }
            Self::BadSignature => "sign exactly these bytes: ssh-keygen -Y sign -f KEY -n NAMESPACE FILE",
        }
    }
}
