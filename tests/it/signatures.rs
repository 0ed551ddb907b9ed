//! `ssh-keygen -Y verify` and refgate are asked the same questions. Where refgate says yes `ssh-keygen` must too, and
//! where only refgate says no, the reason must be in the table of docs/signatures.md.

mod certificates;
mod command;
pub(crate) mod forge;
mod mutation;
mod random;
mod revocations;
mod strict;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use sha2::Digest as _;

use crate::corpus::run::in_parallel;
use forge::{ALICE, Forge, NAMESPACES, Signing, Token, armor, by_hand, public_line, to_sign};
use random::Dice;
use world::{Case, World};

/// How many questions are put together by chance.
const BY_CHANCE: usize = 2_000;

/// The public line of a hardware key that is kept in software, and what it signs when its token says these flags.
pub(crate) fn in_token(namespace: &str, message: &[u8], flags: u8) -> (String, String) {
    let (token, hash) = (Token::Ed25519, sha2::Sha512::digest(message));
    let data = [&b"SSHSIG"[..], &forge::strings(&[namespace.as_bytes(), b"", b"sha512", &hash])].concat();
    let parts = [token.blob(), namespace.into(), Vec::new(), b"sha512".to_vec(), token.sign(flags, &data)];
    (public_line(token.kind(), &token.blob()), armor(&forge::sshsig(1, &parts)))
}

/// Each line of the page's table with words that are in no reason for anything else.
const STRICTER: &[(&str, &[&str])] = &[
    (
        "a line that cannot be read",
        &[
            "a comma ends the options",
            "a quote is not closed",
            "a time is not after the beginning of 1970",
            "a time is not written like",
            "an option is there twice",
            "an option is unknown",
            "it is not base64",
            "its numbers are not written as they should be",
            "not in quotes",
            "its point is not on its curve",
            "not of the type",
            "there is no key in it",
            "valid-before is not later",
        ],
    ),
    ("a time without `Z`", &["a time lacks the Z of UTC"]),
    ("a date that no calendar has", &["a time is none of the calendar"]),
    ("a byte order mark", &["a byte order mark stands before it"]),
    ("a control character", &["a control character stands in it"]),
    ("quotes within the principals", &["a quote stands in the middle of the principals"]),
    ("a certificate among the signers", &["it names a certificate"]),
    ("a kind of key that refgate does not know", &["a key of the type \"ssh-dss\" is not supported"]),
    ("an RSA key of unusual length", &["the RSA key has"]),
    ("an ed25519 key by which anybody can sign", &["its point is none, or one by which"]),
    ("another spelling of a key", &["its numbers are not written", "not of the type", "a key of the type \"ED25519\""]),
    ("another spelling of a signature", &["its numbers are not written", "its namespace is no text", "does not fit"]),
    ("a principal that is a pattern", &["is no principal"]),
    ("something behind the armor", &["something follows its last line"]),
    ("an armor of more than 64 KiB", &["more than 65536 bytes"]),
    ("version 0", &["it is not of version 1"]),
    ("a reserved field that is not empty", &["its reserved field is not empty"]),
    ("a signature by a browser", &["a signature of the type \"webauthn-sk-ecdsa-sha2-nistp256@openssh.com\""]),
    ("a certificate signed over SHA-1", &["of its authority, it is an RSA signature over SHA-1"]),
    ("a critical option of a certificate", &["its critical option", "it asks for its user to be verified"]),
    ("an empty file of revocations", &["the file of revocations is empty"]),
    ("a signed list of revocations", &["the list is signed"]),
];

/// The reasons that only hand-made questions may be refused for where `ssh-keygen` says yes.
const BY_HAND_ONLY: &[&str] = &["another spelling of a key", "another spelling of a signature"];

#[test]
fn what_counts_for_refgate_counts_for_ssh_keygen_and_the_other_way_but_for_what_the_page_lists() {
    let world = World::new();
    let mut dice = Dice::new(5);
    let by_chance = (0..BY_CHANCE).map(|_| (None, random::case(&world, &mut dice)));
    let by_hand = strict::cases(&world).into_iter().map(|(line, case)| (Some(line), case));
    let made = certificates::cases(&world).into_iter().map(|case| (None, case));
    let cases: Vec<(Option<&str>, Case)> = by_chance.chain(revoked(&world)).chain(made).chain(by_hand).collect();
    let answers = in_parallel(&cases, |(_, case)| {
        let folder = tempfile::tempdir_in(world.forge.path("")).unwrap();
        (case.ours(), case.theirs(folder.path()))
    });
    let mut tally = BTreeMap::<&str, usize>::new();
    let mut wrong = Vec::new();
    for ((line, case), answer) in cases.iter().zip(answers) {
        let kind = match (&answer, line) {
            ((Ok(()), Ok(())), None) => Ok("both say yes"),
            ((Err(_), Err(_)), None) => Ok("both say no"),
            ((Err(reason), Ok(())), _) => stricter(reason, *line),
            ((Ok(()), Err(said)), _) => Err(format!("only refgate says yes; ssh-keygen: {said}")),
            ((ours, theirs), Some(line)) => Err(format!("should be refused by {line} alone: {ours:?}, {theirs:?}")),
        };
        match kind {
            Ok(kind) => *tally.entry(kind).or_default() += 1,
            Err(reason) => wrong.push(format!("{reason}\n{}", case.shown())),
        }
    }
    eprintln!("{tally:#?}");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong[..wrong.len().min(5)].join("\n\n"));
    for (kind, _) in STRICTER {
        assert!(tally.contains_key(kind), "nothing was refused for {kind}");
    }
    // The questions must be worth asking: each answer is given often.
    assert!(tally["both say yes"] > BY_CHANCE / 6 && tally["both say no"] > BY_CHANCE / 6, "{tally:?}");
}

/// Every file of revocations with a plain key, and with certificates that differ in their numbers and names.
fn revoked(world: &World) -> impl Iterator<Item = (Option<&'static str>, Case)> {
    let plain = Case::of(&world.plain[0]);
    let signers = format!("{ALICE} cert-authority {}\n", world.authority.line).into_bytes();
    let certified = [0, 1, 6].map(|number| Case { signers: signers.clone(), ..Case::of(&world.certified[number]) });
    let asked = move |list: &Vec<u8>| {
        let with = |case: &Case| (None, Case { revoked: Some(list.clone()), ..case.clone() });
        certified.iter().chain([&plain]).map(with).collect::<Vec<_>>()
    };
    world.revocations.iter().flat_map(asked)
}

/// The line of the table that a refusal of refgate's alone belongs to.
fn stricter(reason: &str, line: Option<&str>) -> Result<&'static str, String> {
    let fits = |words: &&[&str]| words.iter().any(|word| reason.contains(word));
    let mut found = STRICTER
        .iter()
        .filter(|(kind, words)| fits(words) && line.map_or(!BY_HAND_ONLY.contains(kind), |line| line == *kind));
    let (kind, _) = found.next().ok_or_else(|| format!("only refgate says no ({line:?}): {reason}"))?;
    Ok(kind)
}

#[test]
fn the_page_lists_what_refgate_is_stricter_in() {
    let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/signatures.md")).unwrap();
    let section = page.split("## Where refgate is stricter than ssh-keygen\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows: Vec<String> = rows.skip(1).map(str::to_lowercase).collect();
    let kinds: Vec<String> = STRICTER.iter().map(|(kind, _)| kind.to_lowercase()).collect();
    assert_eq!(rows, kinds);
}

#[test]
fn a_token_says_who_was_there_and_only_what_is_signed_counts() {
    let forge = Forge::new();
    let key = forge.pair("authority", &["ed25519"]);
    for token in [Token::Ed25519, Token::Ecdsa] {
        let certificate = forge.certificate(&token, &["-I", "x", "-n", ALICE, "-O", "verify-required"]);
        for flags in [0, 1, 4, 5, 0xff] {
            let data = to_sign(NAMESPACES[0]);
            let signed = by_hand(&token.blob(), &token.sign(flags, &data));
            let signing = Signing { line: public_line(token.kind(), &token.blob()), signed: vec![signed] };
            let case = Case::of(&signing);
            let verified = case.asked().unwrap();
            assert_eq!((verified.presence, verified.verification), (flags & 1 != 0, flags & 4 != 0), "{flags}");
            assert!(verified.key.is_hardware());
            assert_eq!(case.theirs(&forge.path("")), Ok(()), "ssh-keygen asks for no flags");
            // Another flag than the one that is signed.
            let mut altered = token.sign(flags, &data);
            let place = altered.len() - 5;
            altered[place] ^= 1;
            let armored = armor(&by_hand(&token.blob(), &altered)).into_bytes();
            let altered = Case { armored, ..case };
            assert!(altered.ours().is_err() && altered.theirs(&forge.path("")).is_err());
            let certified = by_hand(&certificate, &token.sign(flags, &data));
            let signing = Signing { line: format!("cert-authority {key}"), signed: vec![certified] };
            assert_eq!(Case::of(&signing).ours().is_ok(), flags & 4 != 0, "{flags}");
            assert_eq!(Case::of(&signing).theirs(&forge.path("")), Ok(()));
        }
    }
}
