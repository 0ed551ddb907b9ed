//! Certificates that `ssh-keygen` reads and does not write, made and signed by hand.

use ed25519_dalek::{Signer as _, SigningKey};

use super::forge::{ALICE, Token, armor, by_hand, public_line, software, strings, to_sign};
use super::world::{Case, NOON, World};

/// What is in a certificate, before somebody signs it.
#[derive(Clone)]
struct Draft {
    kind: &'static [u8],
    nonce: Vec<u8>,
    key: Vec<Vec<u8>>,
    serial: u64,
    use_: u32,
    id: Vec<u8>,
    principals: Vec<u8>,
    after: u64,
    before: u64,
    critical: Vec<u8>,
    extensions: Vec<u8>,
    reserved: Vec<u8>,
    authority: Vec<u8>,
}

/// The key that is certified.
fn certified() -> SigningKey {
    SigningKey::from_bytes(&[6; 32])
}

fn plain(key: &SigningKey) -> Vec<u8> {
    strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()])
}

impl Draft {
    fn new() -> Self {
        Self {
            kind: b"ssh-ed25519-cert-v01@openssh.com",
            nonce: vec![3; 32],
            key: vec![certified().verifying_key().as_bytes().to_vec()],
            serial: 1,
            use_: 1,
            id: b"by hand".to_vec(),
            principals: strings(&[ALICE.as_bytes()]),
            after: 0,
            before: u64::MAX,
            critical: Vec::new(),
            extensions: Vec::new(),
            reserved: Vec::new(),
            authority: plain(&software()),
        }
    }

    fn unsigned(&self) -> Vec<u8> {
        let key: Vec<&[u8]> = self.key.iter().map(Vec::as_slice).collect();
        [
            strings(&[self.kind, &self.nonce]),
            strings(&key),
            self.serial.to_be_bytes().to_vec(),
            self.use_.to_be_bytes().to_vec(),
            strings(&[&self.id, &self.principals]),
            self.after.to_be_bytes().to_vec(),
            self.before.to_be_bytes().to_vec(),
            strings(&[&self.critical, &self.extensions, &self.reserved, &self.authority]),
        ]
        .concat()
    }

    /// Signed by the authority in software.
    fn signed(&self) -> Vec<u8> {
        let unsigned = self.unsigned();
        let signature = strings(&[b"ssh-ed25519", &software().sign(&unsigned).to_bytes()]);
        [unsigned, strings(&[&signature])].concat()
    }
}

/// A question about what the certified key signed, by the authority's line.
fn ask(certificate: &[u8], authority: &str) -> Case {
    let signature = strings(&[b"ssh-ed25519", &certified().sign(&to_sign("file")).to_bytes()]);
    Case {
        signers: format!("{ALICE} cert-authority {authority}\n").into_bytes(),
        principal: ALICE.to_owned(),
        namespace: "file".to_owned(),
        at: NOON,
        revoked: None,
        armored: armor(&by_hand(certificate, &signature)).into_bytes(),
    }
}

/// All of them.
pub(super) fn cases(world: &World) -> Vec<Case> {
    let line = public_line("ssh-ed25519", &plain(&software()));
    let noon = u64::try_from(NOON).unwrap();
    let names = |names: &[&[u8]]| strings(names);
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::new();
        change(&mut draft);
        ask(&draft.signed(), &line)
    };
    let mut all = vec![
        with(&|_| {}),
        with(&|draft| draft.nonce.clear()),
        with(&|draft| draft.serial = 0),
        with(&|draft| draft.use_ = 0),
        with(&|draft| draft.use_ = 2),
        with(&|draft| draft.use_ = 3),
        with(&|draft| draft.id = b"a\0b".to_vec()),
        with(&|draft| draft.id = b"ab\0".to_vec()),
        with(&|draft| draft.id = vec![0xff, 0xfe]),
        with(&|draft| draft.principals.clear()),
        with(&|draft| draft.principals = names(&[b"alice@example.com\0"])),
        with(&|draft| draft.principals = names(&[b"x\0y", ALICE.as_bytes()])),
        with(&|draft| draft.principals = names(&[b"", b"\xff", ALICE.as_bytes()])),
        with(&|draft| draft.principals = names(&[b"Alice@example.com", b"*"])),
        with(&|draft| draft.principals = names(&[ALICE.as_bytes()])[..10].to_vec()),
        with(&|draft| draft.principals = names(&vec![ALICE.as_bytes(); 256])),
        with(&|draft| draft.principals = names(&vec![ALICE.as_bytes(); 257])),
        with(&|draft| draft.after = noon),
        with(&|draft| draft.after = noon + 1),
        with(&|draft| draft.before = noon),
        with(&|draft| draft.before = noon + 1),
        with(&|draft| (draft.after, draft.before) = (noon + 1, noon - 1)),
        with(&|draft| draft.before = 0),
        with(&|draft| draft.critical = names(&[b"verify-required"])),
        with(&|draft| draft.extensions = names(&[b"permit-pty"])),
        with(&|draft| draft.extensions = names(&[b"z", b"", b"a", b"\xff", b"a", b""])),
        with(&|draft| draft.reserved = b"later".to_vec()),
        with(&|draft| draft.key[0].push(0)),
        with(&|draft| draft.key[0].truncate(31)),
        with(&|draft| draft.key.push(b"more".to_vec())),
        with(&|draft| draft.kind = b"ssh-ed25519-cert-v02@openssh.com"),
        with(&|draft| draft.kind = b"ssh-rsa-cert-v01@openssh.com"),
        with(&|draft| draft.kind = b"-cert-v01@openssh.com"),
        with(&|draft| draft.authority.truncate(20)),
        with(&|draft| draft.authority.push(0)),
        with(&|draft| draft.authority = Draft::new().signed()),
        with(&|draft| draft.authority = world.plain[0].blob()),
        ask(&[Draft::new().signed(), vec![0]].concat(), &line),
        ask(&Draft::new().unsigned(), &line),
        ask(&[Draft::new().unsigned(), strings(&[b""])].concat(), &line),
        ask(&Draft::new().signed(), &world.authority.line),
    ];
    all.extend([Token::Ed25519, Token::Ecdsa].map(|token| by_token(&token)));
    let whole = Draft::new().signed();
    all.extend((0..whole.len()).step_by(7).map(|length| ask(&whole[..length], &line)));
    all
}

/// The authority's key is in a token, which nobody touched.
fn by_token(token: &Token) -> Case {
    let draft = Draft { authority: token.blob(), ..Draft::new() };
    let unsigned = draft.unsigned();
    let signature = token.sign(0, &unsigned);
    ask(&[unsigned, strings(&[&signature])].concat(), &public_line(token.kind(), &token.blob()))
}
