use super::*;
use crate::oid::Oid;

const NONCE: &str = "1795324283-d39db2fd56e36912f3db5dd07e996d75edb080af";
const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";

fn head() -> String {
    format!("certificate version 0.1\npusher SHA256:abc 1795324283 +0000\npushee file:///srv/s.git\nnonce {NONCE}\n")
}

fn command(name: &str) -> String {
    format!("{} {} {name}\n", "0".repeat(40), "ab".repeat(20))
}

fn whole() -> String {
    format!("{}push-option a=b\npush-option \n\n{}{SIGNATURE}", head(), command("refs/heads/main"))
}

fn read(text: impl AsRef<[u8]>) -> Result<PushCert, Flaw> {
    PushCert::parse(text.as_ref(), ObjectFormat::Sha1)
}

#[test]
fn a_certificate_is_read_as_git_writes_it() {
    let text = whole();
    let certificate = read(&text).unwrap();
    assert_eq!(certificate.pusher, "SHA256:abc 1795324283 +0000");
    assert_eq!(
        (certificate.pushee.to_string().as_str(), certificate.nonce.to_string().as_str()),
        ("file:///srv/s.git", NONCE)
    );
    assert_eq!(certificate.options, ["a=b", ""]);
    assert_eq!(certificate.commands[0].name, "refs/heads/main");
    assert_eq!(certificate.payload(), text.strip_suffix(SIGNATURE).unwrap().as_bytes());
    assert_eq!(certificate.signature(), SIGNATURE.as_bytes());
    assert_eq!(certificate.stamp(), Some(1_795_324_283));
    let sha256 = whole().replace(&"0".repeat(40), &"0".repeat(64)).replace(&"ab".repeat(20), &"ab".repeat(32));
    assert_eq!(PushCert::parse(sha256.as_bytes(), ObjectFormat::Sha256).unwrap().commands.len(), 1);
    assert!(matches!(read(sha256), Err(Flaw::Commands(_))));
}

#[test]
fn what_git_would_not_write_is_refused() {
    let (head, command) = (head(), command("refs/heads/main"));
    let header = |name: &str| Flaw::Header(name.into());
    for (text, flaw) in [
        (String::new(), Flaw::Version),
        (whole().replace("0.1", "0.2"), Flaw::Version),
        (format!("x\n{}", whole()), Flaw::Version),
        (format!("{head}nonce {NONCE}\n\n{command}{SIGNATURE}"), header("nonce")),
        (format!("{head}pushee elsewhere\n\n{command}{SIGNATURE}"), header("pushee")),
        (format!("{head}from x\n\n{command}{SIGNATURE}"), header("from")),
        (format!("{head} more\n\n{command}{SIGNATURE}"), header("")),
        (format!("{head}push-optional x\n\n{command}{SIGNATURE}"), header("push-optional")),
        (whole().replace("push-option a=b\n", "").replace("pusher", "push-option a\npusher"), header("pusher")),
        (whole().replace("pushee", "pushed"), header("pushed")),
        (whole().replace("pushee file:///srv/s.git\n", ""), Flaw::Missing("pushee")),
        (whole().replace("file:///srv/s.git", ""), Flaw::Missing("pushee")),
        (whole().replace(&format!("nonce {NONCE}\n"), ""), Flaw::Missing("nonce")),
        (whole().replace(&format!("nonce {NONCE}\n"), "nonce \n"), Flaw::Missing("nonce")),
        (whole().replace("pusher SHA256:abc 1795324283 +0000\n", ""), Flaw::Missing("pusher")),
        (format!("{head}\n{command}"), Flaw::Unsigned),
        (head.clone(), Flaw::Commands("there are none".into())),
        (format!("{head}\n{command}{SIGNATURE}x"), Flaw::Trailing),
        (format!("{head}\n{command}{SIGNATURE}\n"), Flaw::Trailing),
        (format!("{head}\n{command}{}", SIGNATURE.trim_end()), Flaw::Trailing),
        (format!("{head}\n{command}{SIGNATURE}{SIGNATURE}"), Flaw::Trailing),
        (format!("{head}\n{command}{SIGNATURE}{command}{SIGNATURE}"), Flaw::Trailing),
        (format!("{head}\n{command}-----BEGIN PGP SIGNATURE-----\n"), Flaw::Other("OpenPGP")),
        (format!("{head}\n{command}-----BEGIN PGP MESSAGE-----\n{SIGNATURE}"), Flaw::Other("OpenPGP")),
        (format!("{head}\n{command}-----BEGIN SIGNED MESSAGE-----\n"), Flaw::Other("X.509")),
        (format!("{head}\n{command}-----BEGIN CERTIFICATE-----\n"), Flaw::Unsigned),
    ] {
        assert_eq!(read(&text), Err(flaw), "{text}");
    }
}

#[test]
fn commands_are_read_as_the_hook_s_own_input() {
    let with = |commands: &str| read(format!("{}\n{commands}{SIGNATURE}", head()));
    let (one, two) = (command("refs/heads/a"), command("refs/heads/b"));
    assert_eq!(with(&format!("{one}{two}")).unwrap().commands.len(), 2);
    for bad in ["", "\n", &format!("{one}{one}"), &format!("{one}\n{two}"), "x y z\n", &one.replace("ab", "AB")] {
        let due = if bad.is_empty() {
            matches!(with(bad), Err(Flaw::Unsigned))
        } else {
            matches!(with(bad), Err(Flaw::Commands(_)))
        };
        assert!(due, "{bad:?}: {:?}", with(bad));
    }
}

/// A push as it arrived.
struct Came {
    nonce: Option<&'static str>,
    nonce_status: Option<&'static str>,
    options: Vec<BString>,
    updates: Vec<RefUpdate>,
    urls: Vec<String>,
    folder: &'static str,
    now: i64,
}

/// Holds `whole()` against the push that it is about, but for what is changed.
fn fits(change: impl FnOnce(&mut Came)) -> Result<(), Flaw> {
    let certificate = read(whole()).unwrap();
    let mut came = Came {
        nonce: Some(NONCE),
        nonce_status: Some("OK"),
        options: certificate.options.clone(),
        updates: certificate.commands.clone(),
        urls: Vec::new(),
        folder: "s.git",
        now: 1_795_324_290,
    };
    change(&mut came);
    certificate.fits(&Arrived {
        nonce: came.nonce.map(Into::into),
        nonce_status: came.nonce_status.map(Into::into),
        options: &came.options,
        updates: &came.updates,
        urls: &came.urls,
        folder: came.folder.into(),
        now: Timestamp::from_second(came.now).unwrap(),
    })
}

#[test]
fn the_nonce_is_one_that_this_server_handed_out_not_long_ago() {
    assert_eq!(fits(|_| {}), Ok(()));
    let other = Some("1795324284-aa");
    assert_eq!(fits(|came| (came.nonce, came.nonce_status) = (other, Some("SLOP"))), Ok(()));
    assert_eq!(fits(|came| came.nonce = other), Err(Flaw::Nonce("OK".into())));
    assert_eq!(fits(|came| came.nonce = None), Err(Flaw::NoNonce));
    for status in ["BAD", "MISSING", "UNSOLICITED", "ok", "", "OK "] {
        assert_eq!(fits(|came| came.nonce_status = Some(status)), Err(Flaw::Nonce(status.into())), "{status}");
    }
    assert_eq!(fits(|came| came.nonce_status = None), Err(Flaw::Nonce(String::new())));
}

#[test]
fn the_stamp_of_the_nonce_is_near_the_clock_whatever_git_says() {
    let at = |second: i64| fits(|came| came.now = 1_795_324_283 + second);
    for near in [-WINDOW, 0, WINDOW] {
        assert_eq!(at(near), Ok(()), "{near}");
    }
    for far in [-WINDOW - 1, WINDOW + 1, 1 << 30] {
        assert_eq!(at(far), Err(Flaw::Stale(far.unsigned_abs())), "{far}");
    }
}

#[test]
fn a_nonce_that_git_did_not_make_has_no_stamp() {
    assert_eq!(stamp("0-a".into()), Some(0));
    for nonce in
        ["", "-", "1-", "-a", "1", "+1-a", "-1-a", "1-A", "1-g", "1 -a", "99999999999999999999-a", "1-a\n", "1-a-b"]
    {
        assert_eq!(stamp(nonce.into()), None, "{nonce}");
        let text = whole().replace(NONCE, &format!("x{nonce}"));
        if let Ok(certificate) = read(&text) {
            assert_eq!(certificate.stamp(), None, "{text}");
        }
    }
}

#[test]
fn what_arrived_is_what_was_signed() {
    for options in [&[][..], &["a=b"], &["", "a=b"], &["a=b", "", ""]] {
        let options: Vec<BString> = options.iter().map(|option| BString::from(*option)).collect();
        assert_eq!(fits(|came| came.options.clone_from(&options)), Err(Flaw::Options), "{options:?}");
    }
    let other = Oid::from_bytes(&[7; 20]).unwrap();
    let changes: [fn(&mut Vec<RefUpdate>, Oid); 5] = [
        |updates, _| updates.clear(),
        |updates, _| updates.extend(updates.clone()),
        |updates, _| updates[0].name = "refs/heads/main2".into(),
        |updates, other| updates[0].old = other,
        |updates, other| updates[0].new = other,
    ];
    for change in changes {
        assert_eq!(fits(|came| change(&mut came.updates, other)), Err(Flaw::Updates));
    }
}

#[test]
fn the_pushee_is_this_repository() {
    let elsewhere = Err(Flaw::Pushee("file:///srv/s.git".into()));
    assert_eq!(fits(|came| came.folder = "other.git"), elsewhere);
    assert_eq!(fits(|came| came.urls = vec!["group/s".into()]), elsewhere);
    assert_eq!(fits(|came| came.urls = vec!["elsewhere".into(), "srv/s".into()]), Ok(()));
}
