//! A signature, in its armor or bare: read or refused with a sentence, and it counts for nobody whom nobody knows.

use base64::Engine as _;
use refgate::sign::{Question, Signature, Signers};

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    reads(data);
    // What is mutated within base64 is seldom a signature any more.
    let base64 = base64::engine::general_purpose::STANDARD.encode(data);
    reads(format!("-----BEGIN SSH SIGNATURE-----\n{base64}\n-----END SSH SIGNATURE-----\n").as_bytes());
}

fn reads(data: &[u8]) {
    let signature = match Signature::parse(data) {
        Ok(signature) => signature,
        Err(refusal) => {
            tells(&refusal.to_string());
            tells(refusal.help());
            return;
        }
    };
    assert!(data.len() <= 64 * 1024 && !signature.namespace().is_empty());
    tells(&signature.kind());
    let again = Signature::parse(data).expect("what was read is read again");
    assert_eq!((again.key(), again.namespace()), (signature.key(), signature.namespace()));
    // Among white space, and behind the armor, more of it means nothing.
    let spaced: Vec<u8> =
        data.iter().flat_map(|byte| [*byte, b'\n'].into_iter().take(1 + usize::from(*byte == b'\n'))).collect();
    if spaced.len() <= 64 * 1024 {
        assert_eq!(Signature::parse(&spaced).map(|spaced| spaced.key().clone()).as_ref(), Ok(signature.key()));
    }
    assert!(Signature::parse(&[data, b"x"].concat()).is_err(), "something may follow the armor");
    let question = Question {
        principal: "alice",
        namespace: signature.namespace(),
        at: jiff::Timestamp::from_second(1_780_315_200).unwrap(),
        revoked: &[],
    };
    let nobody = Signers::parse(b"# nobody\n", "signers").unwrap();
    tells(&nobody.verify(&question, &signature, data).expect_err("nobody may sign").to_string());
}
