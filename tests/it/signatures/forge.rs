//! Keys, and whatever can be signed with them: by `ssh-keygen`, or by hand where it makes no such thing.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256, Sha512};

use crate::corpus::process;

pub(super) const MESSAGE: &[u8] = b"the message\n";
pub(super) const NAMESPACES: [&str; 3] = ["file", "git", "override.v1@refgate"];

/// The principal whom most cases are about.
pub(super) const ALICE: &str = "alice@example.com";

/// A public key, and what it signed in each of the namespaces, unarmored.
#[derive(Clone)]
pub(super) struct Signing {
    /// The type and the base64, as in a `.pub` file.
    pub(super) line: String,
    pub(super) signed: Vec<Vec<u8>>,
}

impl Signing {
    /// The bytes of the key.
    pub(super) fn blob(&self) -> Vec<u8> {
        STANDARD.decode(self.line.split(' ').nth(1).unwrap()).unwrap()
    }
}

/// A folder of keys for one run.
pub(super) struct Forge {
    folder: tempfile::TempDir,
}

impl Forge {
    pub(super) fn new() -> Self {
        let forge = Self { folder: tempfile::tempdir().unwrap() };
        fs_err::write(forge.path("message"), MESSAGE).unwrap();
        forge
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn keygen(&self, args: &[&str], stdin: &[u8]) -> Vec<u8> {
        process::must(keygen(self.folder.path()).args(args), stdin).unwrap()
    }

    /// A new pair of keys; the `.pub` line without its comment.
    pub(super) fn pair(&self, name: &str, kind: &[&str]) -> String {
        self.keygen(&[&["-q", "-N", "", "-C", name, "-f", name, "-t"], kind].concat(), b"");
        self.line(&format!("{name}.pub"))
    }

    /// The type and base64 in a file of one public key.
    pub(super) fn line(&self, file: &str) -> String {
        let text = fs_err::read_to_string(self.path(file)).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// What a key or certificate signs in each namespace; every other time with SHA-256.
    pub(super) fn sign(&self, file: &str) -> Signing {
        let signed = NAMESPACES.iter().enumerate().map(|(number, namespace)| {
            let hash = ["hashalg=sha512", "hashalg=sha256"][number % 2];
            unarmor(&self.keygen(&["-q", "-Y", "sign", "-f", file, "-n", namespace, "-O", hash], MESSAGE))
        });
        let public = if file.ends_with(".pub") { file.to_owned() } else { format!("{file}.pub") };
        Signing { signed: signed.collect(), line: self.line(&public) }
    }

    /// A new pair of keys and what it signs.
    pub(super) fn signing(&self, name: &str, kind: &[&str]) -> Signing {
        self.pair(name, kind);
        self.sign(name)
    }

    /// A certificate for a new key of this kind, and what that signs with it.
    pub(super) fn certified(&self, name: &str, authority: &str, options: &[&str]) -> Signing {
        self.pair(name, &["ed25519"]);
        let public = format!("{name}.pub");
        self.keygen(&[&["-q", "-s", authority], options, &[public.as_str()]].concat(), b"");
        self.sign(&format!("{name}-cert.pub"))
    }

    /// A certificate by `authority` for a token's key.
    pub(super) fn certificate(&self, token: &Token, options: &[&str]) -> Vec<u8> {
        fs_err::write(self.path("token.pub"), public_line(token.kind(), &token.blob()) + "\n").unwrap();
        self.keygen(&[&["-q", "-s", "authority"], options, &["token.pub"]].concat(), b"");
        STANDARD.decode(self.line("token-cert.pub").split(' ').nth(1).unwrap()).unwrap()
    }

    /// A revocation list for certificates of an authority, or of `none` in particular; `input` is what ssh-keygen(1) describes under KEY REVOCATION LISTS.
    pub(super) fn revocations(&self, authority: &str, input: &str) -> Vec<u8> {
        self.keygen(&["-q", "-k", "-f", "krl", "-s", authority, "-"], input.as_bytes());
        fs_err::read(self.path("krl")).unwrap()
    }
}

/// `ssh-keygen`, working in a folder.
pub(super) fn keygen(folder: &Path) -> Command {
    let mut command = process::command("ssh-keygen");
    command.current_dir(folder);
    command
}

pub(crate) fn armor(blob: &[u8]) -> String {
    wrapped(blob, 70)
}

/// A signature in armor whose lines have this width.
pub(super) fn wrapped(blob: &[u8], width: usize) -> String {
    let base64 = STANDARD.encode(blob);
    let lines = base64.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned());
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n")
}

pub(super) fn unarmor(armored: &[u8]) -> Vec<u8> {
    STANDARD.decode(body(std::str::from_utf8(armored).unwrap())).unwrap()
}

/// The base64 in an armor.
pub(super) fn body(armored: &str) -> String {
    armored.lines().filter(|line| !line.starts_with('-')).collect()
}

/// The SSH wire format: each part with its length before it.
pub(crate) fn strings(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&u32::try_from(part.len()).unwrap().to_be_bytes()[..], part].concat()).collect()
}

/// The parts of a signature: key, namespace, reserved, hash, signature.
pub(super) fn parts(blob: &[u8]) -> Vec<Vec<u8>> {
    split(blob.strip_prefix(b"SSHSIG\0\0\0\x01").unwrap())
}

/// The strings that bytes are made of.
pub(super) fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().unwrap();
        let (part, rest) = rest.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap());
        found.push(part.to_vec());
        bytes = rest;
    }
    found
}

pub(crate) fn sshsig(version: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    [&b"SSHSIG"[..], &version.to_be_bytes(), &strings(&parts)].concat()
}

/// What a key signs for [`MESSAGE`] in a namespace, with SHA-512.
pub(super) fn to_sign(namespace: &str) -> Vec<u8> {
    let digest = Sha512::digest(MESSAGE);
    [&b"SSHSIG"[..], &strings(&[namespace.as_bytes(), b"", b"sha512", &digest])].concat()
}

/// A line of a public key.
pub(super) fn public_line(kind: &str, blob: &[u8]) -> String {
    format!("{kind} {}", STANDARD.encode(blob))
}

/// A signature in the first namespace from its key and the bytes of the signature proper.
pub(super) fn by_hand(key: &[u8], signature: &[u8]) -> Vec<u8> {
    sshsig(1, &[key.to_vec(), NAMESPACES[0].into(), Vec::new(), b"sha512".to_vec(), signature.to_vec()])
}

/// A token's keys, in software: what OpenSSH would get back from one, with these flags (PROTOCOL.u2f).
pub(super) enum Token {
    Ed25519,
    Ecdsa,
}

const APPLICATION: &[u8] = b"ssh:";
const COUNTER: [u8; 4] = 7u32.to_be_bytes();

impl Token {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Ed25519 => "sk-ssh-ed25519@openssh.com",
            Self::Ecdsa => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn ecdsa() -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap()
    }

    pub(super) fn blob(&self) -> Vec<u8> {
        let kind = self.kind().as_bytes();
        match self {
            Self::Ed25519 => strings(&[kind, software().verifying_key().as_bytes(), APPLICATION]),
            Self::Ecdsa => {
                let point = Self::ecdsa().verifying_key().to_sec1_point(false);
                strings(&[kind, b"nistp256", point.as_bytes(), APPLICATION])
            }
        }
    }

    /// The signature proper over `data`, with these flags.
    pub(super) fn sign(&self, flags: u8, data: &[u8]) -> Vec<u8> {
        let counted = [&[flags][..], &COUNTER].concat();
        let signed = [&Sha256::digest(APPLICATION)[..], &counted, &Sha256::digest(data)].concat();
        [&strings(&[self.kind().as_bytes(), &self.raw(&signed)])[..], &counted].concat()
    }

    fn raw(&self, signed: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519 => software().sign(signed).to_bytes().to_vec(),
            Self::Ecdsa => {
                let signature: p256::ecdsa::Signature = Self::ecdsa().sign(signed);
                let (r, s) = signature.split_bytes();
                strings(&[&mpint(&r), &mpint(&s)])
            }
        }
    }

    /// What a browser makes of the same key: it signs its own description of what it was asked to sign.
    pub(super) fn webauthn(&self, data: &[u8]) -> Vec<u8> {
        let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(data);
        let origin = "https://example.com";
        let client = format!("{{\"type\":\"webauthn.get\",\"challenge\":\"{challenge}\",\"origin\":\"{origin}\"}}");
        let counted = [&[1][..], &COUNTER].concat();
        let signed = [&Sha256::digest(APPLICATION)[..], &counted, &Sha256::digest(&client)].concat();
        let head = strings(&[b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com", &self.raw(&signed)]);
        [&head[..], &counted, &strings(&[origin.as_bytes(), client.as_bytes(), b""])].concat()
    }
}

/// An ed25519 key of which the private half is known.
pub(super) fn software() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[5; 32])
}

/// A positive number as SSH writes it.
pub(super) fn mpint(number: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = digits.first().filter(|byte| **byte >= 0x80).map(|_| 0);
    sign.into_iter().chain(digits.iter().copied()).collect()
}
