//! The push certificate: what is read is what Git would have written from it, byte for byte, and it fits the push that it
//! was made for and no other.

use bstr::{BString, ByteSlice};
use refgate::oid::{ObjectFormat, Oid};
use refgate::refs::RefUpdate;
use refgate::sign::push_cert::{Arrived, Flaw, PushCert, WINDOW};

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        match PushCert::parse(data, format) {
            Ok(certificate) => {
                is_as_written(data, &certificate);
                fits_its_own_push(&certificate);
            }
            Err(flaw) => tells(&flaw.to_string()),
        }
    }
}

fn is_as_written(data: &[u8], certificate: &PushCert) {
    assert_eq!([certificate.payload(), certificate.signature()].concat(), data);
    let mut written = b"certificate version 0.1\n".to_vec();
    let mut line = |parts: &[&[u8]]| written.extend([parts.concat(), b"\n".to_vec()].concat());
    line(&[b"pusher ", &certificate.pusher]);
    line(&[b"pushee ", &certificate.pushee]);
    line(&[b"nonce ", &certificate.nonce]);
    certificate.options.iter().for_each(|option| line(&[b"push-option ", option]));
    line(&[]);
    for RefUpdate { name, old, new } in &certificate.commands {
        line(&[format!("{old} {new} ").as_bytes(), name]);
    }
    assert_eq!(written.as_bstr(), certificate.payload().as_bstr());
    let armor = certificate.signature();
    assert!(armor.starts_with(b"-----BEGIN SSH SIGNATURE-----"));
    assert!(armor.ends_with(b"\n-----END SSH SIGNATURE-----\n") && armor.find_iter("-----BEGIN ").count() == 1);
}

fn fits_its_own_push(certificate: &PushCert) {
    let stamp = certificate.stamp().unwrap_or_default();
    let Ok(now) = jiff::Timestamp::from_second(stamp) else { return };
    let arrived = Arrived {
        nonce: Some(certificate.nonce.as_bstr()),
        nonce_status: Some("OK".into()),
        options: &certificate.options,
        updates: &certificate.commands,
        urls: &[],
        folder: "project.git".into(),
        now,
    };
    let due = certificate.fits(&arrived);
    match &due {
        Ok(()) => assert!(certificate.stamp().is_some() && certificate.pushee.contains_str("project")),
        Err(Flaw::Pushee(_)) => assert!(certificate.stamp().is_some()),
        Err(flaw) => assert!(certificate.stamp().is_none() && matches!(flaw, Flaw::Nonce(_)), "{flaw}"),
    }
    let refused = |arrived: Arrived<'_>| tells(&certificate.fits(&arrived).unwrap_err().to_string());
    refused(Arrived { nonce: None, ..arrived });
    refused(Arrived { nonce: Some("1-a-b".into()), ..arrived });
    for status in [None, Some("BAD".into()), Some("G".into())] {
        refused(Arrived { nonce_status: status, ..arrived });
    }
    if let Ok(late) = jiff::Timestamp::from_second(stamp.saturating_add(WINDOW + 1)) {
        refused(Arrived { now: late, ..arrived });
    }
    let more = [certificate.options.clone(), vec![BString::from("x")]].concat();
    refused(Arrived { options: &more, ..arrived });
    let zero = Oid::zero(ObjectFormat::Sha1);
    let other = RefUpdate { name: "refs/heads/\n".into(), old: zero, new: zero };
    let more = [certificate.commands.clone(), vec![other]].concat();
    refused(Arrived { updates: &more, ..arrived });
    refused(Arrived { updates: &[], ..arrived });
    refused(Arrived { urls: &["\n".to_owned()], ..arrived });
}
