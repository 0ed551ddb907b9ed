//! The keys that the cases are made of, each made once, and what asks both programs the same question.

use std::path::Path;

use refgate::sign::{Question, Revoked, Signature, Signers, Verified};

use super::forge::{ALICE, Forge, MESSAGE, Signing, Token, by_hand, keygen, public_line, to_sign};
use super::revocations;
use crate::corpus::process;

/// Noon on this day is the time of most questions, in seconds.
pub(super) const NOON: i64 = 1_780_315_200; // 2026-06-01T12:00:00Z

/// Keys and what they signed.
pub(super) struct World {
    pub(super) forge: Forge,
    /// One of each kind that counts.
    pub(super) plain: Vec<Signing>,
    /// Certified for various people, times and purposes by `authority`.
    pub(super) certified: Vec<Signing>,
    /// Vouches for keys, and its own signatures.
    pub(super) authority: Signing,
    /// A list for each way to revoke, good or not.
    pub(super) revocations: Vec<Vec<u8>>,
}

impl World {
    pub(super) fn new() -> Self {
        let forge = Forge::new();
        let kinds: [&[&str]; 6] = [
            &["ed25519"],
            &["ecdsa", "-b", "256"],
            &["ecdsa", "-b", "384"],
            &["ecdsa", "-b", "521"],
            &["rsa", "-b", "2048"],
            &["ed25519"],
        ];
        let mut plain: Vec<Signing> =
            kinds.iter().enumerate().map(|(number, kind)| forge.signing(&format!("key{number}"), kind)).collect();
        plain.extend(
            [(Token::Ed25519, 1), (Token::Ecdsa, 5), (Token::Ecdsa, 0)].map(|(token, flags)| in_token(&token, flags)),
        );
        let authority = forge.signing("authority", &["ed25519"]);
        let certified = CERTIFICATES.iter().enumerate();
        let certified =
            certified.map(|(number, options)| forge.certified(&format!("certified{number}"), "authority", options));
        let certified = certified.collect();
        let revocations = revocations::all(&forge, &plain, &authority);
        Self { forge, plain, certified, authority, revocations }
    }

    /// Everything that signed something.
    pub(super) fn signings(&self) -> Vec<&Signing> {
        self.plain.iter().chain(&self.certified).chain([&self.authority]).collect()
    }
}

const CERTIFICATES: [&[&str]; 8] = [
    &["-I", "one", "-z", "1", "-n", ALICE],
    &["-I", "two", "-z", "2", "-n", "bob,alice@example.com"],
    &["-I", "three", "-z", "70", "-n", "*@example.com"],
    &["-I", "four", "-z", "400", "-n", ALICE, "-V", "20260101Z:20260601120000Z"],
    &["-I", "five", "-z", "5", "-n", ALICE, "-V", "20260601120000Z:20270101Z"],
    &["-I", "six", "-z", "6", "-h", "-n", ALICE],
    &["-I", "seven", "-n", ALICE, "-O", "clear", "-O", "permit-pty"],
    &["-I", "eight", "-z", "18446744073709551615"],
];

/// What a key in a token signed, in the first namespace thrice.
fn in_token(token: &Token, flags: u8) -> Signing {
    let blob = token.blob();
    let signed = super::forge::NAMESPACES.map(|namespace| {
        let mut parts = super::forge::parts(&by_hand(&blob, &token.sign(flags, &to_sign(namespace))));
        parts[1] = namespace.into();
        super::forge::sshsig(1, &parts)
    });
    Signing { line: public_line(token.kind(), &blob), signed: signed.to_vec() }
}

/// One question to both.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) signers: Vec<u8>,
    pub(super) principal: String,
    pub(super) namespace: String,
    pub(super) at: i64,
    pub(super) revoked: Option<Vec<u8>>,
    pub(super) armored: Vec<u8>,
}

impl Case {
    /// The plainest question: what a key signed, by a line that gives it to Alice.
    pub(super) fn of(signing: &Signing) -> Self {
        Self {
            signers: format!("{ALICE} {}\n", signing.line).into_bytes(),
            principal: ALICE.to_owned(),
            namespace: super::forge::NAMESPACES[0].to_owned(),
            at: NOON,
            revoked: None,
            armored: super::forge::armor(&signing.signed[0]).into_bytes(),
        }
    }

    /// What refgate says: nothing, or the reason.
    pub(super) fn ours(&self) -> Result<(), String> {
        self.asked().map(drop)
    }

    /// What refgate says of the signature and who was there.
    pub(super) fn asked(&self) -> Result<Verified, String> {
        let signers = Signers::parse(&self.signers, "signers").map_err(|error| error.message)?;
        let revoked = self.revoked.iter().map(|bytes| Revoked::parse(bytes, "revoked"));
        let revoked = revoked.collect::<Result<Vec<_>, _>>().map_err(|error| error.message)?;
        let at = jiff::Timestamp::from_second(self.at).unwrap();
        let question = Question { principal: &self.principal, namespace: &self.namespace, at, revoked: &revoked };
        let signature = Signature::parse(&self.armored).map_err(|refusal| refusal.to_string())?;
        signers.verify(&question, &signature, MESSAGE).map_err(|refusal| refusal.to_string())
    }

    /// What `ssh-keygen` says, all of it where it refuses.
    pub(super) fn theirs(&self, folder: &Path) -> Result<(), String> {
        let write = |name: &str, bytes: &[u8]| fs_err::write(folder.join(name), bytes).unwrap();
        write("signers", &self.signers);
        write("signature", &self.armored);
        let at = jiff::Timestamp::from_second(self.at).unwrap().strftime("%Y%m%d%H%M%SZ");
        let mut command = keygen(folder);
        command.args(["-Y", "verify", "-f", "signers", "-s", "signature"]);
        command.args(["-I", &self.principal, "-n", &self.namespace, &format!("-Overify-time={at}")]);
        if let Some(revoked) = &self.revoked {
            write("revoked", revoked);
            command.args(["-r", "revoked"]);
        }
        let output = process::run(&mut command, MESSAGE).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.code().is_some(), "ssh-keygen was killed: {said}\n{}", self.shown());
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// Enough to ask again by hand.
    pub(super) fn shown(&self) -> String {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n    ");
        format!(
            "  -I {:?} -n {:?} at {}\n  signers:\n    {}\n  revoked: {}\n  signature:\n    {}",
            self.principal,
            self.namespace,
            self.at,
            text(&self.signers),
            self.revoked.as_ref().map_or("none".to_owned(), |bytes| bytes.escape_ascii().to_string()),
            text(&self.armored)
        )
    }
}
