use super::*;

const HEAD: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n";
const ARMOR: &str = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n";

fn header(name: &str, armor: &str) -> String {
    format!("{name} {}\n", armor.trim_end().replace('\n', "\n "))
}

fn commit(text: &str) -> Result<Signed, Unsigned> {
    Signed::commit(text.as_bytes(), ObjectFormat::Sha1)
}

#[track_caller]
fn covers(text: &str, payload: &str) {
    let signed = commit(text).unwrap();
    assert_eq!(signed.payload.to_str_lossy(), payload);
    assert_eq!(signed.signature.to_str_lossy(), ARMOR);
}

#[test]
fn the_signature_covers_the_commit_without_its_header() {
    let own = header("gpgsig", ARMOR);
    covers(&format!("{HEAD}{own}\nmessage\n"), &format!("{HEAD}\nmessage\n"));
    covers(&format!("{own}{HEAD}\nmessage\n"), &format!("{HEAD}\nmessage\n"));
    covers(&format!("{HEAD}encoding latin1\n{own}x y\n\n"), &format!("{HEAD}encoding latin1\nx y\n\n"));
    // Another tag's signature stands in a header of its own, and is signed along.
    let mergetag = "mergetag object x\n type commit\n gpgsig no\n -----BEGIN SSH SIGNATURE-----\n";
    covers(&format!("{HEAD}{mergetag}{own}\nm"), &format!("{HEAD}{mergetag}\nm"));
    // What looks like a header in the message is message.
    covers(&format!("{HEAD}{own}\ngpgsig x\n y\n"), &format!("{HEAD}\ngpgsig x\n y\n"));
    covers(&format!("{HEAD}{own}\n\0\u{ff}"), &format!("{HEAD}\n\0\u{ff}"));
}

#[test]
fn the_header_for_the_other_object_format_is_not_covered_and_does_not_count() {
    let (own, other) = (header("gpgsig", ARMOR), header("gpgsig-sha256", ARMOR));
    covers(&format!("{HEAD}{other}{own}\nm\n"), &format!("{HEAD}\nm\n"));
    covers(&format!("{HEAD}{own}{other}x y\n\nm\n"), &format!("{HEAD}x y\n\nm\n"));
    covers(&format!("{HEAD}{own}gpgsignature x\n y\ngpgsig\n z\n\nm\n"), &format!("{HEAD}\nm\n"));
    assert_eq!(commit(&format!("{HEAD}{other}\nm\n")), Err(Unsigned::Not));
    let signed = Signed::commit(format!("{HEAD}{other}{own}\nm\n").as_bytes(), ObjectFormat::Sha256).unwrap();
    assert_eq!((signed.payload, signed.signature), (format!("{HEAD}\nm\n").into(), ARMOR.into()));
}

#[test]
fn one_ssh_signature_is_due() {
    let own = header("gpgsig", ARMOR);
    assert_eq!(commit(&format!("{HEAD}\nm\n")), Err(Unsigned::Not));
    assert_eq!(commit(""), Err(Unsigned::Not));
    assert_eq!(commit(&format!("{HEAD}\n{own}")), Err(Unsigned::Not));
    assert_eq!(commit(&format!("{HEAD}gpgsig nonsense\n\n")), Err(Unsigned::Not));
    assert_eq!(commit(&format!("{HEAD}{own}x y\n{own}\nm\n")), Err(Unsigned::Twice));
    assert_eq!(commit(&format!("{HEAD}{own}{own}\nm\n")), Err(Unsigned::Twice));
    for (first, name) in [("PGP SIGNATURE", "OpenPGP"), ("PGP MESSAGE", "OpenPGP"), ("SIGNED MESSAGE", "X.509")] {
        let own = header("gpgsig", &format!("-----BEGIN {first}-----\nx\n"));
        assert_eq!(commit(&format!("{HEAD}{own}\nm\n")), Err(Unsigned::Other(name)));
    }
}

const TAG: &str = "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\ntagger a <a@b> 1 +0000\n";

#[test]
fn the_signature_of_a_tag_stands_at_its_end() {
    let tag = |text: String| Signed::tag(text.as_bytes());
    let signed = tag(format!("{TAG}\nfirst\n{ARMOR}")).unwrap();
    assert_eq!((signed.payload, signed.signature), (format!("{TAG}\nfirst\n").into(), ARMOR.into()));
    let other = header("gpgsig-sha256", ARMOR);
    assert_eq!(tag(format!("{TAG}{other}\nfirst\n{ARMOR}")).unwrap().payload, format!("{TAG}\nfirst\n").into_bytes());
    assert_eq!(tag(format!("{TAG}\nfirst\n")), Err(Unsigned::Not));
    assert_eq!(tag(format!("{TAG}{}\nfirst\n", header("gpgsig", ARMOR))), Err(Unsigned::Not));
    assert_eq!(tag(format!("{TAG}\n{ARMOR}{ARMOR}")), Err(Unsigned::Twice));
    assert_eq!(tag(format!("{TAG}\n-----BEGIN PGP SIGNATURE-----\n{ARMOR}")), Err(Unsigned::Twice));
    assert_eq!(tag(format!("{TAG}\n-----BEGIN PGP SIGNATURE-----\n")), Err(Unsigned::Other("OpenPGP")));
    assert_eq!(tag(String::new()), Err(Unsigned::Not));
}

#[test]
fn a_tag_says_its_name_in_its_headers() {
    assert_eq!(tag_name(TAG.as_bytes()), Some(&b"v1"[..]));
    assert_eq!(tag_name(b"object x\n\ntag v2\n"), None);
    assert_eq!(tag_name(b""), None);
}
