//! Questions put together by chance, always the same ones.

use super::forge::{ALICE, NAMESPACES, Signing, armor, wrapped};
use super::world::{Case, NOON, World};

/// Numbers that look random (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Whether something happens that does so in so many of a hundred cases.
    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// One question.
pub(super) fn case(world: &World, dice: &mut Dice) -> Case {
    let signings = world.signings();
    let signing = signings[dice.below(signings.len())];
    let signed = dice.below(NAMESPACES.len());
    let mut blob = signing.signed[signed].clone();
    if dice.percent(5) {
        for _ in 0..=dice.below(3) {
            let place = dice.below(blob.len());
            blob[place] ^= 1 << dice.below(8);
        }
    }
    let asked = if dice.percent(93) { signed } else { dice.below(NAMESPACES.len()) };
    let principal = if dice.percent(88) { ALICE } else { dice.one(&PRINCIPALS) };
    let revoked = dice.percent(25).then(|| world.revocations[dice.below(world.revocations.len())].clone());
    Case {
        signers: signers(world, signing, dice),
        principal: principal.to_owned(),
        namespace: NAMESPACES[asked].to_owned(),
        at: if dice.percent(75) { NOON } else { TIMES[dice.below(TIMES.len())] },
        revoked,
        armored: armored(&blob, dice),
    }
}

const PRINCIPALS: [&str; 8] =
    ["bob@example.com", "alice", "Alice@Example.com", "alice of x", "*@example.com", "alice,bob", "!x", "a\"b"];

const TIMES: [i64; 11] = [
    NOON - 1,
    NOON + 1,
    NOON - 43_200,
    NOON - 43_201,
    NOON + 43_199,
    NOON + 43_200,
    NOON - 366 * 86_400,
    NOON + 366 * 86_400,
    1,
    2_147_483_648,
    32_503_680_000,
];

fn signers(world: &World, signing: &Signing, dice: &mut Dice) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..=dice.below(3) {
        if dice.percent(20) {
            text.extend_from_slice(dice.one(&["# people\n", "\n", " \t\n", "\t# x\r\n", "\r\n"]).as_bytes());
        }
        text.extend(line(world, signing, dice).into_bytes());
        text.extend_from_slice(dice.one(&["\n", "\n", "\n", "\r\n", " a comment\n", " # x\r\n", "\t\n"]).as_bytes());
    }
    if dice.percent(10) {
        text.pop();
    }
    text
}

/// Half of all principals and options are those that let the key through: most refusals should have one cause.
fn line(world: &World, signing: &Signing, dice: &mut Dice) -> String {
    let certified = world.certified.iter().any(|certified| certified.line == signing.line);
    let key = match certified {
        _ if dice.percent(10) => &world.plain[dice.below(world.plain.len())].line,
        true => &world.authority.line,
        false => &signing.line,
    };
    let principals = if dice.percent(60) { ALICE } else { dice.one(&PATTERNS) };
    let mut options = Vec::new();
    if certified != dice.percent(6) {
        options.push(dice.one(&["cert-authority", "Cert-Authority", "cert-authority,cert-authority"]));
    }
    if dice.percent(35) {
        options.push(dice.one(&OPTIONS));
    }
    if dice.percent(6) {
        options.push(dice.one(&OPTIONS));
    }
    if dice.percent(2) {
        options.push(dice.one(&WRONG));
    }
    let blank = dice.one(&[" ", " ", "\t", "  ", " \t "]);
    let options = if options.is_empty() { String::new() } else { options.join(",") + blank };
    let indent = if dice.percent(5) { " \t" } else { "" };
    let key = if dice.percent(2) { dice.one(&KEYS).to_owned() } else { key.replacen(' ', blank, 1) };
    format!("{indent}{principals}{blank}{options}{key}")
}

const PATTERNS: [&str; 18] = [
    "*",
    "*@example.com",
    "alice@*",
    "bob@example.com,alice@example.com",
    "alice?example.com",
    "a*e@e*e.com",
    "!bob@example.com,*",
    "*,!alice@example.com",
    "!alice@example.com",
    "!bob@example.com",
    "ALICE@EXAMPLE.COM",
    "\"alice@example.com\"",
    "\"alice of x,alice@example.com\"",
    ",alice@example.com,",
    "alice",
    "[a]lice@example.com",
    "!!x,*",
    "**@**",
];

const OPTIONS: [&str; 26] = [
    "namespaces=\"file\"",
    "namespaces=\"git,file,override.v1@refgate\"",
    "NAMESPACES=\"*\"",
    "namespaces=\"f*,g?t\"",
    "namespaces=\"!git,*\"",
    "namespaces=\"*,!override.*\"",
    "namespaces=\"!git\"",
    "namespaces=\"\"",
    "namespaces=\"file git\"",
    "namespaces=\"\\\"file\\\",file\"",
    "namespaces=\"File\"",
    "valid-after=\"20260601Z\"",
    "valid-after=\"202606011200Z\"",
    "Valid-After=\"20260601120000z\"",
    "valid-after=\"20260601120001Z\"",
    "valid-after=\"20260601120000UTC\"",
    "valid-before=\"20260601120000Z\"",
    "valid-before=\"202606011200utc\"",
    "VALID-BEFORE=\"20260601Z\"",
    "valid-before=\"20260602Z\"",
    "valid-before=\"20260601115959Z\"",
    "valid-before=\"99991231235959Z\"",
    "valid-after=\"19700102Z\"",
    "valid-after=\"20250101Z\",valid-before=\"20270101Z\"",
    ",",
    "",
];

/// What `ssh-keygen` skips the line for, and what it should skip it for.
const WRONG: [&str; 14] = [
    "verify-required",
    "namespaces=file",
    "namespaces=\"file",
    "namespaces",
    "valid-after=\"\"",
    "valid-after=\"2026\"",
    "valid-after=\"19700101Z\"",
    "valid-before=\"20261301Z\"",
    "valid-before=\"20260630\"",
    "valid-before=\"20270231Z\"",
    "valid-after=\"20260602Z\",valid-before=\"20260601Z\"",
    "cert-authorityx",
    "x=\"y\"",
    ",",
];

const KEYS: [&str; 6] =
    ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 ***", "x y", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA=="];

fn armored(blob: &[u8], dice: &mut Dice) -> Vec<u8> {
    if dice.percent(70) {
        return armor(blob).into_bytes();
    }
    let text = wrapped(blob, 1 + dice.below(100));
    let at = text.find("\n").unwrap() + 1 + dice.below(40);
    let insert = |what: &str| format!("{}{what}{}", &text[..at], &text[at..]);
    let text = match dice.below(18) {
        0 => insert("\n\n"),
        1 => insert(" \t\r\x0b\x0c"),
        2 => insert("="),
        3 => insert("-"),
        4 => insert("A"),
        5 => insert("\0"),
        6 => text.replace('\n', "\r\n"),
        7 => text.trim_end().to_owned(),
        8 => format!("{text}\n \n"),
        9 => format!("{text}more\n"),
        10 => format!("\n{text}"),
        11 => text.replacen('\n', " ", 1),
        12 => text.replace("-----END", "----END"),
        13 => text.replace("\n-----END", "-----END"),
        14 => text.replace("=\n-----END", "\n-----END"),
        15 => text.replace("SIGNATURE", "signature"),
        _ => text,
    };
    text.into_bytes()
}
