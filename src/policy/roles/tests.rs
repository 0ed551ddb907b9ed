use super::*;
use crate::policy::Policy;
use crate::policy::parse::{Known, parse};

fn policy(text: &str) -> std::result::Result<Policy, String> {
    let text = format!("version = 1\n{text}");
    parse(&text, "refgate.toml", Known { rules: &[], trunk: "refs/heads/main".into() }).map_err(|error| error.message)
}

const MESSAGE: &[u8] = include_bytes!("../../../fixtures/signatures/message");
const ED25519: &[u8] = include_bytes!("../../../fixtures/signatures/ed25519.sig");
const P256: &[u8] = include_bytes!("../../../fixtures/signatures/ecdsa-256.sig");
const P384: &[u8] = include_bytes!("../../../fixtures/signatures/ecdsa-384.sig");
const P521: &[u8] = include_bytes!("../../../fixtures/signatures/ecdsa-521.sig");
const RSA: &[u8] = include_bytes!("../../../fixtures/signatures/rsa-2048.sig");

/// Alice has two keys, Bob one, Carol and Dave share one; nobody has the RSA key.
fn trust() -> Trust {
    let all = include_str!("../../../fixtures/signatures/allowed_signers");
    let line = |kind: &str, who: &str| {
        let line = all.lines().find(|line| line.contains(&format!(" {kind} "))).unwrap();
        format!("{who} {}\n", line.splitn(3, ' ').nth(2).unwrap())
    };
    let file = [
        line("ssh-ed25519", "alice"),
        line("ecdsa-sha2-nistp256", "alice"),
        line("ecdsa-sha2-nistp384", "bob"),
        line("ecdsa-sha2-nistp521", "carol"),
        line("ecdsa-sha2-nistp521", "dave"),
    ];
    Trust { signers: Some(Signers::parse(file.concat().as_bytes(), "allowed_signers").unwrap()), ..Trust::default() }
}

fn people(role: &str, signatures: &[&[u8]]) -> std::result::Result<Vec<Signer>, String> {
    let signing = policy(&format!("[roles.approve]\nprincipals = [\"alice\", \"bob\", \"carol\", \"dave\"]\n{role}"));
    let at = "2026-11-21T12:00:00Z".parse().unwrap();
    trust().people(&signing.unwrap().signing, RoleName::Approve, "file", MESSAGE, signatures, at)
}

#[test]
fn one_of_the_role_s_people_is_enough_unless_it_wants_more() {
    let signers = people("", &[ED25519]).unwrap();
    assert_eq!(signers[0].principals, ["alice".to_owned()].into());
    assert!(people("threshold = 2", &[ED25519, P384]).is_ok());
    let due = "1 of the 2 people that the role `approve` wants have signed";
    assert_eq!(people("threshold = 2", &[ED25519]).unwrap_err(), due);
}

#[test]
fn two_keys_of_one_person_and_two_names_of_one_key_count_once() {
    assert!(people("threshold = 2", &[ED25519, P256]).unwrap_err().starts_with("1 of the 2 people"));
    assert!(people("threshold = 2", &[P521, P521]).unwrap_err().starts_with("1 of the 2 people"));
    assert!(people("threshold = 2", &[P521]).unwrap_err().starts_with("1 of the 2 people"));
    assert!(people("threshold = 3", &[ED25519, P384, P521]).is_ok());
}

/// An authority can certify one key for several people.
#[test]
fn one_key_that_is_certified_for_two_people_counts_once() {
    let one = people("", &[ED25519]).unwrap().remove(0);
    let other = Signer { principals: ["carol".to_owned()].into(), ..one.clone() };
    assert_eq!(distinct(&[one.clone(), other.clone()]), 1);
    let third = people("", &[P384]).unwrap().remove(0);
    assert_eq!(distinct(&[one, third, other]), 2);
}

#[test]
fn a_signature_of_nobody_spoils_the_others() {
    assert!(people("", &[ED25519, RSA]).unwrap_err().contains("is the key of nobody in the role"));
    assert!(people("", &[ED25519, b"x"]).unwrap_err().contains("armor"));
    assert_eq!(people("", &[]).unwrap_err(), "there is no signature beside it");
}

#[test]
fn a_hardware_key_is_asked_for_by_two_roles_and_where_the_policy_says_so() {
    assert!(people("presence = \"required\"", &[ED25519]).unwrap_err().contains("is no hardware key"));
    assert!(people("presence = \"verified\"", &[ED25519]).unwrap_err().contains("is no hardware key"));
    for name in RoleName::ALL {
        let due = matches!(name, RoleName::Override | RoleName::Policy);
        let policy = policy(&format!("[roles.{}]\nprincipals = [\"a\"]", name.name())).unwrap();
        let presence = policy.signing.roles[&name].presence;
        assert_eq!(presence == Presence::Required, due, "{name:?}");
    }
    let lowered = policy("[roles]\npresence = \"any\"\noverride = { principals = [\"a\"] }").unwrap();
    assert_eq!(lowered.signing.roles[&RoleName::Override].presence, Presence::Any);
    let raised = "[roles]\npresence = \"any\"\noverride = { principals = [\"a\"], presence = \"verified\" }";
    assert_eq!(policy(raised).unwrap().signing.roles[&RoleName::Override].presence, Presence::Verified);
}

#[test]
fn without_a_role_or_signers_nobody_can_sign() {
    let at = "2026-11-21T12:00:00Z".parse().unwrap();
    let ask = |trust: &Trust, policy: &str, namespace: &str| {
        let signing = self::policy(policy).unwrap().signing;
        trust.people(&signing, RoleName::Approve, namespace, MESSAGE, &[ED25519], at).unwrap_err()
    };
    let role = "[roles.approve]\nprincipals = [\"alice\"]";
    assert_eq!(ask(&trust(), "", "file"), "the policy names nobody for the role `approve`");
    assert!(ask(&Trust::default(), role, "file").contains("there is no file of signers"));
    assert!(ask(&trust(), role, "approval.v1@refgate").contains("namespace"));
}

#[test]
fn revoked_keys_sign_nothing() {
    let key = include_bytes!("../../../fixtures/signatures/key.list");
    let trust = Trust { revoked: vec![Revoked::parse(key, "revoked").unwrap()], ..trust() };
    let signing = policy("[roles.approve]\nprincipals = [\"alice\"]").unwrap().signing;
    let at = "2026-11-21T12:00:00Z".parse().unwrap();
    let refused = trust.people(&signing, RoleName::Approve, "file", MESSAGE, &[ED25519], at).unwrap_err();
    assert!(refused.contains("revoked"), "{refused}");
}

#[test]
fn what_the_policy_says_is_held_to() {
    let signing = policy("").unwrap().signing;
    assert_eq!((signing.approval_days, signing.override_hours), (30, 24));
    assert_eq!(signing.override_label, "override:ai-gated");
    assert_eq!(signing.hotfix_label, "hotfix:ai-gated");
    for wrong in [
        "[roles.approve]\nprincipals = []",
        "[roles.approve]\nprincipals = [\"*@example.com\"]",
        "[roles.approve]\nprincipals = [\"a\", \"a\"]",
        "[roles.approve]\nprincipals = [\"a b\"]",
        "[roles.approve]\nprincipals = [\"a\"]\nthreshold = 2",
        "[roles.approve]\nprincipals = [\"a\"]\nthreshold = 0",
        "[roles.approve]\nprincipals = [\"a\"]\npresence = \"maybe\"",
        "[roles.deploy]\nprincipals = [\"a\"]",
        "[approvals]\ndays = 0",
        "[overrides]\nhours = 721",
        "[overrides]\nlabel = \" \"",
        "[checks]\nrequired = [\"a/b\"]",
        "repository_id = \"\"",
    ] {
        let text = if wrong.starts_with("repository_id") { wrong.to_owned() } else { format!("\n{wrong}") };
        assert!(policy(&text).unwrap_err().starts_with("refgate.toml:"), "{wrong}");
    }
}

#[test]
fn every_word_on_signing_is_part_of_the_policy_s_digest() {
    let all = [
        "",
        "[roles.approve]\nprincipals = [\"a\", \"b\"]",
        "[roles.override]\nprincipals = [\"a\", \"b\"]",
        "[roles.approve]\nprincipals = [\"a\", \"b\"]\nthreshold = 2",
        "[roles.approve]\nprincipals = [\"a\", \"b\"]\npresence = \"verified\"",
        "[approvals]\ndays = 7",
        "[overrides]\nhours = 7",
        "[overrides]\nlabel = \"x\"",
        "[checks]\nrequired = [\"tests\"]",
    ];
    let digests: BTreeSet<_> = all.iter().map(|text| policy(text).unwrap().digest()).collect();
    assert_eq!(digests.len(), all.len());
}
