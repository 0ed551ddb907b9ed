//! For each line of the page's table, questions to which `ssh-keygen` says yes and refgate no.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;

use super::forge::Signing;
use super::forge::{
    ALICE, Token, armor, by_hand, mpint, parts, public_line, software, split, sshsig, strings, to_sign,
};
use super::world::{Case, World};

/// All of them, each with the line that it belongs to.
pub(super) fn cases(world: &World) -> Vec<(&'static str, Case)> {
    let mut all = signers(world);
    all.extend(weak_keys(world));
    all.extend(signatures(world));
    all.extend(certificates(world));
    all.extend(revocations(world));
    all
}

/// A plain question with other signers, in whose text `KEY` stands for the key that signed.
fn with_signers(world: &World, text: &str) -> Case {
    let key = &world.plain[0].line;
    Case { signers: text.replace("KEY", key).into_bytes(), ..Case::of(&world.plain[0]) }
}

fn signers(world: &World) -> Vec<(&'static str, Case)> {
    let with = |text: &str| with_signers(world, text);
    let certificate = world.forge.line("certified0-cert.pub");
    let certified = Case::of(&world.certified[0]);
    let rsa = world.plain[4].line.split(' ').nth(1).unwrap().to_owned();
    vec![
        ("a line that cannot be read", with("alice@example.com KEY\nbob verify-required KEY\n")),
        ("a line that cannot be read", with("bob\nalice@example.com KEY\n")),
        ("a time without `Z`", with("* valid-after=\"20260101\" KEY\n")),
        ("a time without `Z`", with("* KEY\nbob valid-before=\"202601010000\" KEY\n")),
        ("a date that no calendar has", with("* valid-before=\"20270231Z\" KEY\n")),
        ("a date that no calendar has", with("* valid-after=\"20260101235960Z\" KEY\n")),
        ("a byte order mark", with("\u{feff}bob KEY\n* KEY\n")),
        ("a control character", with("* KEY a comment\rbob@example.com KEY\n")),
        ("a control character", with("* KEY\0\n")),
        ("a control character", with("\x1b[2J KEY\n* KEY\n")),
        ("quotes within the principals", with("alice@\"example.com\" KEY\n")),
        ("quotes within the principals", with("\"alice@example.com\"KEY\n")),
        (
            "a certificate among the signers",
            Case { signers: format!("* {certificate}\n").into_bytes(), at: 4_000_000_000, ..certified.clone() },
        ),
        (
            "a certificate among the signers",
            Case {
                signers: format!("{ALICE} cert-authority {}\nbob {certificate}\n", world.authority.line).into_bytes(),
                ..certified
            },
        ),
        ("a kind of key that refgate does not know", with("* KEY\nbob ssh-dss AAAAB3NzaC1kc3M=\n")),
        (
            "another spelling of a key",
            Case { signers: format!("* rsa-sha2-512 {rsa}\n").into_bytes(), ..Case::of(&world.plain[4]) },
        ),
        (
            "a principal that is a pattern",
            Case { principal: "*@example.com".to_owned(), ..with("*@example.com KEY\n") },
        ),
        ("a principal that is a pattern", Case { principal: "alice,bob".to_owned(), ..with("* KEY\n") }),
    ]
}

fn weak_keys(world: &World) -> Vec<(&'static str, Case)> {
    let short = world.forge.signing("short", &["rsa", "-b", "1024"]);
    let long = public_line("ssh-rsa", &strings(&[b"ssh-rsa", b"\x01\x00\x01", &[&[0][..], &[0xff; 1025]].concat()]));
    let rsa = split(&world.plain[4].blob());
    let padded = strings(&[&rsa[0], &[&[0][..], &rsa[1]].concat(), &rsa[2]]);
    let mut repadded = parts(&world.plain[4].signed[0]);
    repadded[0] = padded.clone();
    let named = [&strings(&[b"ED25519"])[..], &world.plain[0].blob()[15..]].concat();
    let mut renamed = parts(&world.plain[0].signed[0]);
    renamed[0] = named;
    let neutral = strings(&[b"ssh-ed25519", &[&[1][..], &[0; 31]].concat()]);
    let anybodys = strings(&[b"ssh-ed25519", &[&[1][..], &[0; 63]].concat()]);
    let anybodys = Case {
        signers: format!("* {}\n", public_line("ssh-ed25519", &neutral)).into_bytes(),
        armored: armor(&by_hand(&neutral, &anybodys)).into_bytes(),
        ..Case::of(&world.plain[0])
    };
    vec![
        ("an ed25519 key by which anybody can sign", anybodys),
        ("an RSA key of unusual length", Case::of(&short)),
        ("an RSA key of unusual length", with_signers(world, &format!("* KEY\nbob {long}\n"))),
        (
            "another spelling of a key",
            Case {
                signers: format!("* {}\n", public_line("ssh-rsa", &padded)).into_bytes(),
                ..Case::of(&world.plain[4])
            },
        ),
        ("another spelling of a key", resigned(&Case::of(&world.plain[4]), &repadded)),
        ("another spelling of a key", resigned(&Case::of(&world.plain[0]), &renamed)),
    ]
}

fn resigned(case: &Case, parts: &[Vec<u8>]) -> Case {
    Case { armored: armor(&sshsig(1, parts)).into_bytes(), ..case.clone() }
}

fn signatures(world: &World) -> Vec<(&'static str, Case)> {
    let plain = Case::of(&world.plain[0]);
    let whole = String::from_utf8(plain.armored.clone()).unwrap();
    let armored = |text: String| Case { armored: text.into_bytes(), ..plain.clone() };
    let read = parts(&world.plain[0].signed[0]);
    let mut reserved = read.clone();
    reserved[2] = b"later".to_vec();
    let mut ended = read.clone();
    ended[1].push(0);
    let ecdsa = parts(&world.plain[1].signed[0]);
    let proper = split(&ecdsa[4]);
    let numbers = split(&proper[1]);
    let mut padded = ecdsa.clone();
    padded[4] = strings(&[&proper[0], &strings(&[&[&[0, 0][..], &numbers[0]].concat(), &numbers[1]])]);
    let key = software();
    let blob = strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()]);
    let signature = key.sign(&to_sign("file")).to_bytes();
    let beyond = strings(&[b"ssh-ed25519", &beyond(&signature)]);
    let software = Case { signers: format!("* {}\n", public_line("ssh-ed25519", &blob)).into_bytes(), ..plain.clone() };
    let token = Token::Ecdsa;
    let browser = by_hand(&token.blob(), &token.webauthn(&to_sign("file")));
    vec![
        ("something behind the armor", armored(format!("{whole}more\n"))),
        ("something behind the armor", armored(whole.trim_end().to_owned() + "-")),
        ("an armor of more than 64 KiB", armored(whole.replacen("\n", &"\n".repeat(65_536), 1))),
        ("version 0", Case { armored: armor(&sshsig(0, &read)).into_bytes(), ..plain.clone() }),
        ("a reserved field that is not empty", resigned(&plain, &reserved)),
        ("another spelling of a signature", resigned(&plain, &ended)),
        ("another spelling of a signature", resigned(&Case::of(&world.plain[1]), &padded)),
        ("another spelling of a signature", Case { armored: armor(&by_hand(&blob, &beyond)).into_bytes(), ..software }),
        (
            "a signature by a browser",
            Case {
                signers: format!("* {}\n", public_line(token.kind(), &token.blob())).into_bytes(),
                armored: armor(&browser).into_bytes(),
                ..plain
            },
        ),
    ]
}

/// The same ed25519 signature with the order of the group added to its number, which is the same in the group.
fn beyond(signature: &[u8; 64]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut changed = signature.to_vec();
    let mut carry = 0;
    for (byte, order) in changed[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    changed
}

fn certificates(world: &World) -> Vec<(&'static str, Case)> {
    let forge = &world.forge;
    let by = |line: &str, signing: &Signing| Case {
        signers: format!("* cert-authority {line}\n").into_bytes(),
        ..Case::of(signing)
    };
    let rsa = forge.pair("old-authority", &["rsa", "-b", "2048"]);
    let old = forge.certified("old", "old-authority", &["-t", "ssh-rsa", "-I", "old", "-n", ALICE]);
    let narrow = |name: &str, option: &str| {
        let options = ["-I", name, "-n", ALICE, "-O", option];
        by(&world.authority.line, &forge.certified(name, "authority", &options))
    };
    vec![
        ("a certificate signed over SHA-1", by(&rsa, &old)),
        ("a critical option of a certificate", narrow("forced", "force-command=/bin/true")),
        ("a critical option of a certificate", narrow("narrow", "source-address=192.0.2.0/24")),
        ("a critical option of a certificate", narrow("made-up", "critical:unheard-of@example.com=x")),
        ("a critical option of a certificate", narrow("verified", "verify-required")),
    ]
}

fn revocations(world: &World) -> Vec<(&'static str, Case)> {
    let with = |bytes: Vec<u8>| Case { revoked: Some(bytes), ..Case::of(&world.plain[0]) };
    let other = &world.plain[1].line;
    let list = world.forge.revocations("none", &format!("key: {other}\n"));
    let key = software();
    let section = strings(&[&strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()])]);
    let unsigned = [&list[..], &[4], &section].concat();
    let signature = strings(&[b"ssh-ed25519", &key.sign(&unsigned).to_bytes()]);
    let signed = [&unsigned[..], &strings(&[&signature])].concat();
    let dsa = strings(&[b"ssh-dss", &mpint(&[0xff; 128]), &mpint(&[0xff; 20]), &mpint(&[7; 128]), &mpint(&[9; 128])]);
    vec![
        ("an empty file of revocations", with(Vec::new())),
        ("an empty file of revocations", with(b"\n\n".to_vec())),
        ("a signed list of revocations", with(signed)),
        ("a control character", with(format!("{other} \x0c\n").into_bytes())),
        ("a kind of key that refgate does not know", with(format!("ssh-dss {}\n", STANDARD.encode(dsa)).into_bytes())),
    ]
}
