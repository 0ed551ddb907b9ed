//! Of each kind of key one signature, every byte of which is changed, one after the other; nothing of it may count then.

use base64::Engine as _;
use refgate::sign::{Question, Refusal, Signature, Signers};

use super::forge::{ALICE, MESSAGE, NAMESPACES, armor, mpint, parts, split, sshsig, strings};
use super::world::{Case, NOON, World};

/// How a byte is changed: its lowest bit, its highest, all of it.
const CHANGES: [u8; 3] = [1, 0x80, 0xff];

/// Whether what is in the armor counts for the message.
fn verdict(signers: &Signers, armored: &[u8], message: &[u8]) -> Result<(), Refusal> {
    let at = jiff::Timestamp::from_second(NOON).unwrap();
    let question = Question { principal: ALICE, namespace: NAMESPACES[0], at, revoked: &[] };
    signers.verify(&question, &Signature::parse(armored)?, message).map(drop)
}

/// One signature of each kind, with the signers that let it count.
fn one_of_each(world: &World) -> Vec<(Signers, Vec<u8>)> {
    let plain = world.plain.iter().map(|signing| (signing.line.clone(), signing));
    let certified = (format!("cert-authority {}", world.authority.line), &world.certified[0]);
    let all = plain.chain([certified]);
    all.map(|(line, signing)| {
        (Signers::parse(format!("{ALICE} {line}\n").as_bytes(), "x").unwrap(), signing.signed[0].clone())
    })
    .collect()
}

#[test]
fn any_byte_changed_in_a_signature_or_in_what_is_signed_refuses() {
    for (signers, blob) in one_of_each(&World::new()) {
        let armored = armor(&blob).into_bytes();
        assert_eq!(verdict(&signers, &armored, MESSAGE), Ok(()));
        for change in CHANGES {
            for place in 0..blob.len() {
                let mut changed = blob.clone();
                changed[place] ^= change;
                let refused = verdict(&signers, armor(&changed).as_bytes(), MESSAGE);
                assert!(refused.is_err(), "byte {place} by {change:#x} of {}", String::from_utf8_lossy(&armored));
            }
            for place in 0..MESSAGE.len() {
                let mut changed = MESSAGE.to_vec();
                changed[place] ^= change;
                assert_eq!(verdict(&signers, &armored, &changed), Err(Refusal::BadSignature));
            }
        }
        for (cut, message) in [(1, MESSAGE), (0, &MESSAGE[1..]), (0, &[MESSAGE, b"\0"].concat())] {
            assert!(verdict(&signers, armor(&blob[..blob.len() - cut]).as_bytes(), message).is_err());
        }
        assert!(verdict(&signers, armor(&[&blob[..], b"\0"].concat()).as_bytes(), MESSAGE).is_err());
    }
}

#[test]
fn of_the_armor_only_white_space_can_be_changed() {
    let world = World::new();
    let (signers, blob) = one_of_each(&world).swap_remove(0);
    let armored = armor(&blob).into_bytes();
    let white = |byte: u8| byte.is_ascii_whitespace() || byte == 0x0b;
    for place in 0..armored.len() {
        for byte in 0..=0xff {
            let mut changed = armored.clone();
            changed[place] = byte;
            let same = byte == armored[place] || white(byte) && white(armored[place]);
            let counts = verdict(&signers, &changed, MESSAGE).is_ok();
            assert!(!counts || same, "byte {place} as {byte:#x}");
        }
    }
    // Base64 has bits to spare at its end, which must be zero: nothing decodes to these bytes but what encodes them.
    let text = String::from_utf8(armored).unwrap();
    assert_eq!(base64::engine::general_purpose::STANDARD.encode(&blob), super::forge::body(&text));
}

/// Why signatures are no names: of each by an ECDSA key anybody can make a second one.
#[test]
fn an_ecdsa_signature_has_a_second_form_that_counts_as_well_for_both() {
    let world = World::new();
    let case = Case::of(&world.plain[1]);
    let mut parts = parts(&world.plain[1].signed[0]);
    let proper = split(&parts[4]);
    let numbers = split(&proper[1]);
    let read = |number: &[u8]| p256::FieldBytes::try_from(&[&[0; 32], number].concat()[number.len()..][..]).unwrap();
    let signature = p256::ecdsa::Signature::from_scalars(read(&numbers[0]), read(&numbers[1])).unwrap();
    let (r, s) = signature.split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(r, -s).unwrap();
    let (r, s) = other.split_bytes();
    parts[4] = strings(&[&proper[0], &strings(&[&mpint(&r), &mpint(&s)])]);
    let other = Case { armored: armor(&sshsig(1, &parts)).into_bytes(), ..case.clone() };
    assert_ne!(other.armored, case.armored);
    assert_eq!((other.ours(), other.theirs(&world.forge.path(""))), (Ok(()), Ok(())));
}
