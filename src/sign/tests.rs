//! What `ssh-keygen` signed, and what must not count of it.

use super::*;

const MESSAGE: &[u8] = b"what is signed\n";
const AT: &str = "2026-06-01T00:00:00Z";

/// A signature below `fixtures/signatures`, made by the script `make` there.
fn signature(name: &str) -> Signature {
    Signature::parse(&read(name)).unwrap()
}

fn read(name: &str) -> Vec<u8> {
    fs_err::read(format!("{}/fixtures/signatures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn signers() -> Signers {
    Signers::parse(&read("allowed_signers"), "allowed_signers").unwrap()
}

/// The signers' one line about a kind of key, with other options.
fn line_of(comment: &str, principals: &str, options: &str) -> Signers {
    let text = String::from_utf8(read("allowed_signers")).unwrap();
    let line = text.lines().find(|line| line.ends_with(comment)).unwrap();
    let key = line.splitn(3, ' ').nth(2).unwrap();
    Signers::parse(format!("# one line\n{principals} {options} {key}\n").as_bytes(), "one").unwrap()
}

fn ask<'a>(at: &str, revoked: &'a [Revoked]) -> Question<'a> {
    Question { principal: "alice@example.com", namespace: "file", at: at.parse().unwrap(), revoked }
}

fn verdict(signers: &Signers, name: &str) -> Result<Verified, Refusal> {
    signers.verify(&ask(AT, &[]), &signature(name), MESSAGE)
}

const ALL: [&str; 6] =
    ["ed25519.sig", "ecdsa-256.sig", "ecdsa-384.sig", "ecdsa-521.sig", "rsa-2048.sig", "certificate.sig"];

#[test]
fn what_each_kind_of_key_signed_counts_for_these_bytes_and_no_others() {
    for name in ALL {
        let verified = verdict(&signers(), name).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(&verified.key, signature(name).key());
        assert!(!verified.presence && !verified.verification && !verified.key.is_hardware());
        let other = signers().verify(&ask(AT, &[]), &signature(name), b"what is signed");
        assert_eq!(other, Err(Refusal::BadSignature), "{name}");
    }
    assert_eq!(signature("certificate.sig").kind(), "ECDSA-CERT");
    assert_eq!(signature("rsa-2048.sig").kind(), "RSA");
}

#[test]
fn another_namespace_another_principal_and_a_pattern_do_not_count() {
    let signers = signers();
    let ask = |principal, namespace| {
        let question = Question { principal, namespace, ..ask(AT, &[]) };
        signers.verify(&question, &signature("ed25519.sig"), MESSAGE).unwrap_err()
    };
    let refusal = ask("alice@example.com", "git");
    assert_eq!(refusal.to_string(), "the signature is made in the namespace \"file\", not in \"git\"");
    let fingerprint = signature("ed25519.sig").key().fingerprint();
    assert_eq!(ask("bob@example.com", "file").to_string(), format!("{fingerprint} is no key of bob@example.com"));
    for pattern in ["*@example.com", "alic?@example.com", "alice@example.com,x", "!bob", ""] {
        assert_eq!(ask(pattern, "file"), Refusal::Principal(pattern.to_owned()));
    }
}

#[test]
fn a_line_limits_its_key_to_its_namespaces_and_dates() {
    let verdict = |options: &str| verdict(&line_of("ed25519", "*@example.com", options), "ed25519.sig");
    assert!(verdict("namespaces=\"f*,!g*\"").is_ok() && verdict("valid-before=\"20260601Z\"").is_ok());
    assert!(verdict("valid-after=\"20260601Z\"").is_ok());
    let place = || "one:2".to_owned();
    let namespace = Refusal::NamespaceNotAllowed { place: place(), namespace: "file".to_owned() };
    assert_eq!(verdict("namespaces=\"git\""), Err(namespace.clone()));
    assert_eq!(verdict("namespaces=\"\""), Err(namespace));
    let until = "2026-05-31T23:59:59Z".to_owned();
    assert_eq!(verdict("valid-before=\"20260531235959Z\""), Err(Refusal::Expired { place: place(), until }));
    let since = "2026-06-01T00:00:01Z".to_owned();
    assert_eq!(verdict("valid-after=\"20260601000001Z\""), Err(Refusal::NotYetValid { place: place(), since }));
    assert!(matches!(verdict("cert-authority"), Err(Refusal::UnknownKey { .. })));
}

#[test]
fn a_later_line_can_allow_what_an_earlier_one_does_not() {
    let text = String::from_utf8(read("allowed_signers")).unwrap();
    let key = text.lines().next().unwrap().splitn(3, ' ').nth(2).unwrap();
    let lines = format!("*,!alice@example.com {key}\n* valid-before=\"20200101Z\" {key}\r\n\n\t# x\nalice@* {key}");
    let signers = Signers::parse(lines.as_bytes(), "x").unwrap();
    assert!(verdict(&signers, "ed25519.sig").is_ok());
    let keys = signers.keys_of("alice@example.com");
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), [signature("ed25519.sig").key().clone()]);
}

#[test]
fn a_certificate_counts_by_its_authority_for_its_principals_in_its_time() {
    let signers = signers();
    let at = |at: &str| signers.verify(&ask(at, &[]), &signature("certificate.sig"), MESSAGE);
    assert!(at("2026-01-01T00:00:00Z").is_ok() && at("2026-12-31T23:59:59Z").is_ok());
    let refused = |reason: &str| Err(Refusal::Certificate(reason.to_owned()));
    assert_eq!(at("2025-12-31T23:59:59Z"), refused("it is not valid yet"));
    assert_eq!(at("2027-01-01T00:00:00Z"), refused("it has expired"));
    let question = Question { principal: "bob@example.com", ..ask(AT, &[]) };
    let bob = signers.verify(&question, &signature("certificate.sig"), MESSAGE);
    assert_eq!(bob, refused("the principal is not among those that it names"));
    let plain = line_of("authority", "*", "namespaces=\"*\"");
    let refusal = verdict(&plain, "certificate.sig").unwrap_err().to_string();
    assert!(refusal.ends_with(" is no authority for alice@example.com"), "{refusal}");
}

#[test]
fn what_is_revoked_does_not_count() {
    let by = |file: &str, name: &str| {
        let revoked = [Revoked::parse(&read(file), file).unwrap()];
        signers().verify(&ask(AT, &revoked), &signature(name), MESSAGE)
    };
    for file in ["key.krl", "sha1.krl", "sha256.krl", "key.list"] {
        let refusal = Refusal::Revoked { what: "the key", by: file.to_owned() };
        assert_eq!(by(file, "ed25519.sig"), Err(refusal));
        assert!(by(file, "ecdsa-256.sig").is_ok() && by(file, "certificate.sig").is_ok());
    }
    for file in ["serial.krl", "serials.krl", "id.krl"] {
        let refusal = Refusal::Revoked { what: "the certificate", by: file.to_owned() };
        assert_eq!(by(file, "certificate.sig"), Err(refusal));
        assert!(by(file, "ed25519.sig").is_ok());
    }
    let refusal = Refusal::Revoked { what: "the authority of the certificate", by: "authority.list".to_owned() };
    assert_eq!(by("authority.list", "certificate.sig"), Err(refusal));
}

#[test]
fn a_file_of_revocations_is_understood_whole_or_not_at_all() {
    let fails = |bytes: &[u8]| Revoked::parse(bytes, "revoked").unwrap_err().message;
    for empty in [&b""[..], b"\n", b" \t\r\n"] {
        assert_eq!(fails(empty), "revoked: the file of revocations is empty");
    }
    assert_eq!(
        fails(b"# none\nssh-ed25519\n"),
        "revoked:2: the key is malformed: it is not of the type that stands before it"
    );
    assert!(Revoked::parse(b"# none yet\n", "x").is_ok());
    for file in ["key.krl", "serials.krl", "id.krl", "sha1.krl"] {
        let whole = read(file);
        for length in 1..whole.len() {
            // What is cut off after a section may well be a list.
            let cut = Revoked::parse(&whole[..length], "x");
            assert!(cut.is_err() || length == 44, "{file} cut off at {length}");
        }
        assert_eq!(
            fails(&[&whole[..], &[4, 0, 0, 0, 0]].concat()),
            "revoked: the list is signed, which nobody here can verify"
        );
        assert_eq!(
            fails(&[&whole[..], &[255, 0, 0, 0, 0]].concat()),
            "revoked: the list has a section of an unknown kind"
        );
    }
}

#[test]
fn a_malformed_line_refuses_the_file_and_is_named() {
    let text = String::from_utf8(read("allowed_signers")).unwrap();
    let key = text.lines().next().unwrap().splitn(3, ' ').nth(2).unwrap().to_owned();
    let fails = |line: &str| {
        let error = Signers::parse(format!("# people\n\n{line}\n").as_bytes(), "signers").unwrap_err().message;
        error.strip_prefix("signers:3: ").unwrap_or_else(|| panic!("{line}: {error}")).to_owned()
    };
    assert_eq!(fails("alice"), "there is no key in it");
    assert_eq!(fails(&format!("alice verify-required {key}")), "an option is unknown");
    assert_eq!(fails(&format!("\"alice {key}")), "a quote is not closed");
    assert_eq!(fails(&format!("\"alice\"{key}")), "a quote stands in the middle of the principals");
    assert_eq!(fails(&format!("al\"ic\"e {key}")), "a quote stands in the middle of the principals");
    assert_eq!(fails(&format!("alice {key}\rbob {key}")), "a control character stands in it");
    assert_eq!(fails("alice ssh-ed25519 AAAA*"), "the key is malformed: it is not base64");
    assert_eq!(
        fails(&format!("alice {}", key.replace("ssh-ed25519", "ssh-rsa"))),
        "the key is malformed: it is not of the type that stands before it"
    );
    assert_eq!(fails("alice ssh-dss AAAAB3NzaC1kc3M="), "a key of the type \"ssh-dss\" is not supported");
    let mark = Signers::parse(format!("\u{feff}alice {key}").as_bytes(), "s").unwrap_err().message;
    assert_eq!(mark, "s:1: a byte order mark stands before it");
    let quoted = Signers::parse(format!("\"alice of x\"  {key}").as_bytes(), "s").unwrap();
    assert_eq!(quoted.keys_of("alice of x").len(), 1);
}

#[test]
fn a_key_is_what_its_line_says_and_is_called_as_openssh_calls_it() {
    let text = String::from_utf8(read("key.list")).unwrap();
    let key = Key::parse(&text).unwrap();
    assert_eq!(&key, signature("ed25519.sig").key());
    assert!(key.fingerprint().starts_with("SHA256:") && key.fingerprint().len() == 50);
    assert_eq!(format!("{key:?}"), format!("ED25519 {}", key.fingerprint()));
    assert_eq!(Key::parse("ssh-ed25519"), Err(Refusal::Key("it is not a type and base64")));
    assert_eq!(signers().digest(), signers().digest());
    assert_eq!(signers().digest().len(), 64);
}
