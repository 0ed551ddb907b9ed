//! Files of revocations of every kind, good or not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::forge::{Forge, Signing, mpint, strings};

/// All of them.
pub(super) fn all(forge: &Forge, plain: &[Signing], authority: &Signing) -> Vec<Vec<u8>> {
    let (first, second) = (&plain[0].line, &plain[1].line);
    let by = |input: &str| forge.revocations("authority.pub", input);
    let of = |input: &str| forge.revocations("none", input);
    let text = |text: String| text.into_bytes();
    let mut all = vec![
        of(&format!("key: {first}\n")),
        of(&format!("sha1: {first}\n")),
        of(&format!("sha256: {second}\nsha1: {second}\n")),
        of(&format!("hash: SHA256:{}\n", "A".repeat(43))),
        of(&format!("key: {}\n", authority.line)),
        of("serial: 1\n"),
        of("id: two\n"),
        by("serial: 1-2\nserial: 70\nserial: 400\n"),
        by("serial: 1\nserial: 3\nserial: 5\nserial: 7\nserial: 9\nserial: 64\nserial: 72\n"),
        by("serial: 6-18446744073709551615\n"),
        by("id: four\nid: one\n"),
        of(""),
        text(format!("# gone\n\n  {first} comment\n")),
        text(format!("{second}\r\n{}\n", authority.line)),
        text(format!("{first}\n\r\n")),
        text("# nobody\n".to_owned()),
        text(format!("{first} \nno key\n")),
        text("ssh-ed25519 AAAA\n".to_owned()),
        text(format!("ssh-rsa {}\n", first.split(' ').nth(1).unwrap())),
        text(format!("cert-authority {first}\n")),
        text(format!("{}\n", forge.line("certified0-cert.pub"))),
        text(format!("{}\n", beside(&plain[1]))),
        text(format!("ssh-ed25519 {}\n", STANDARD.encode(strings(&[b"ssh-ed25519", &[0; 32]])))),
    ];
    let whole = all[7].clone();
    all.extend([whole.len() - 1, whole.len() / 2, 30, 9, 8].map(|length| whole[..length].to_vec()));
    all.extend([0u8, 4, 6, 255].map(|section| [&whole[..], &[section, 0, 0, 0, 0]].concat()));
    all.extend([11usize, 40, 60, 100, 130].map(|place| {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        changed
    }));
    all.extend(by_hand(&plain[0], authority));
    all
}

/// An ECDSA key whose point is not on its curve.
fn beside(key: &Signing) -> String {
    let mut blob = key.blob();
    *blob.last_mut().unwrap() ^= 1;
    format!("{} {}", key.line.split(' ').next().unwrap(), STANDARD.encode(blob))
}

/// Lists that `ssh-keygen` reads, or should, and does not write.
fn by_hand(first: &Signing, authority: &Signing) -> Vec<Vec<u8>> {
    let header = [&b"SSHKRL\n\0\0\0\0\x01"[..], &[0; 24], &strings(&[b"", b"by hand"])].concat();
    let section = |kind: u8, body: &[u8]| [&[kind][..], &strings(&[body])].concat();
    let list = |sections: &[Vec<u8>]| [&header[..], &sections.concat()].concat();
    let of = |authority: &[u8], sections: &[Vec<u8>]| {
        list(&[section(1, &[strings(&[authority, b""]), sections.concat()].concat())])
    };
    let key = authority.blob();
    let serials = |serials: &[u64]| serials.iter().flat_map(|serial| serial.to_be_bytes()).collect::<Vec<u8>>();
    let bitmap = |first: u64, bits: &[u8]| section(0x22, &[&first.to_be_bytes()[..], &strings(&[bits])].concat());
    vec![
        list(&[]),
        [&header[..8], &2u32.to_be_bytes(), &header[12..]].concat(),
        [&header[..36], &9u32.to_be_bytes(), &strings(&[b"abcd"])].concat(),
        of(&key, &[section(0x20, &serials(&[1, 2, 1]))]),
        of(&key, &[section(0x20, &serials(&[0]))]),
        of(&key, &[section(0x20, &serials(&[1])[..7])]),
        of(&key, &[section(0x21, &serials(&[1, 70]))]),
        of(&key, &[section(0x21, &serials(&[2, 1]))]),
        of(&key, &[section(0x21, &serials(&[0, 1]))]),
        of(&key, &[section(0x21, &serials(&[1, 2, 3]))]),
        of(&key, &[bitmap(1, &[0b11])]),
        of(&key, &[bitmap(0, &[0b10])]),
        of(&key, &[bitmap(0, &[0b11])]),
        of(&key, &[bitmap(1, &[0, 0, 0b1])]),
        of(&key, &[bitmap(1, &[0x80])]),
        of(&key, &[bitmap(1, &[])]),
        of(&key, &[bitmap(63, &mpint(&[0x80, 0, 0]))]),
        of(&key, &[bitmap(u64::MAX, &[0b1])]),
        of(&key, &[bitmap(u64::MAX, &[0b10])]),
        of(&key, &[bitmap(u64::MAX - 7, &[0, 0x80])]),
        of(&key, &[section(0x23, &strings(&[b"one", b"six"]))]),
        of(&key, &[section(0x23, &strings(&[b"one\0", b"six"]))]),
        of(&key, &[section(0x23, &strings(&[b"o\0ne"]))]),
        of(&key, &[section(0x39, &strings(&[b"x@example.com", b"\0", b""]))]),
        of(&key, &[section(0x24, &[])]),
        of(b"", &[section(0x20, &serials(&[1, 70]))]),
        of(b"no key", &[section(0x20, &serials(&[1]))]),
        of(&first.blob(), &[section(0x20, &serials(&[1]))]),
        list(&[section(2, &strings(&[&first.blob(), b"no key"]))]),
        list(&[section(2, &strings(&[&key]))]),
        list(&[section(3, &strings(&[&[7; 20]]))]),
        list(&[section(3, &strings(&[&[7; 19]]))]),
        list(&[section(5, &strings(&[&[7; 32]]))]),
        list(&[section(5, &strings(&[&[7; 20]]))]),
        list(&[section(2, &[]), section(2, &strings(&[&first.blob()]))]),
        list(&[section(2, &strings(&[&first.blob()])[..20])]),
    ]
}
