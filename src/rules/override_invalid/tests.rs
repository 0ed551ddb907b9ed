//! All but the signatures, which tests/it/overrides.rs makes with real keys.

use super::*;
use crate::policy::Policy;
use crate::rule::testing::*;
use crate::statement::waiver::{SCHEMA, Waived};

const ID: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
const MAIN: &str = "refs/heads/main";

fn here(policy: &mut Policy) {
    policy.repository_id = Some("r1".to_owned());
}

/// The override for a push of main, as a person would have it signed, but for this.
fn override_but(change: impl FnOnce(&mut Override)) -> Facts {
    let facts = Facts::push(format!("refs/refgate/overrides/{ID}")).created().under(here).beside(MAIN, &["t1"]);
    let (policy, ..) = facts.clone().build();
    let mut statement = Override {
        artifacts: [("outage.txt".to_owned(), "cd".repeat(32))].into(),
        expires_at: Some("2026-11-21T14:00:00Z".parse().unwrap()),
        findings: [Waived { fingerprint: "ab".repeat(32), message: "x".into(), rule: "out-of-scope".into() }].into(),
        issued_at: Some("2026-11-21T11:00:00Z".parse().unwrap()),
        justification: "the site is down".into(),
        label: "override:ai-gated".into(),
        new_oid: oid(NEW),
        new_tree: Some(oid(TREE)),
        object_format: "sha1".into(),
        old_oid: oid(OLD),
        policy_digest: policy.digest(),
        principal: "bob".into(),
        pusher: "alice".into(),
        name: MAIN.into(),
        repository: "r1".into(),
        schema: SCHEMA.into(),
        statement_id: ID.into(),
        task: Some("t1".into()),
    };
    change(&mut statement);
    let json = statement.to_json();
    facts.retaining(&[("statement.json", json.as_bytes())], &[("outage.txt", &"cd".repeat(32))])
}

/// Where everything but the signature holds, the signature is what is missing.
const UNSIGNED: &str = "the policy names nobody for the role `override`";

#[test]
fn a_statement_that_fits_the_push_lacks_only_its_signature() {
    override_but(|_| ()).refused_by(&RULE, UNSIGNED);
}

/// One label waives what lets a hotfix in and nothing else, the other everything else.
#[test]
fn a_hotfix_has_a_label_of_its_own() {
    let both = |label: &str| {
        override_but(|it| {
            it.findings = [waiving("emergency-label"), waiving("field-added")].into_iter().flatten().collect();
            it.label = label.into();
        })
    };
    both("hotfix:ai-gated").refused_by(&RULE, "its label is not override:ai-gated, which waives field-added");
    both("override:ai-gated").refused_by(&RULE, "its label is not hotfix:ai-gated, which waives emergency-label");
    let hotfix = override_but(|it| {
        it.findings = waiving("emergency-label");
        it.label = "hotfix:ai-gated".into();
    });
    hotfix.refused_by(&RULE, UNSIGNED);
}

/// What makes another statement of one that holds.
type Change = fn(&mut Override);

#[test]
fn every_field_is_held_against_the_push() {
    let table: [(&str, Change); 22] = [
        ("it belongs at refs/refgate/overrides/1f1f", |it| it.statement_id = "1f".repeat(16)),
        ("it is for another repository", |it| it.repository = "r2".into()),
        ("it is for refs/heads/release/1, which this push does not move", |it| it.name = "refs/heads/release/1".into()),
        ("it is for a repository with sha256 names", |it| it.object_format = "sha256".into()),
        ("it is for a move from 1b1b", |it| it.old_oid = oid(NEW)),
        ("it is for a move from 0a0a0a0a0a0a to 0a0a0a0a0a0a", |it| it.new_oid = oid(OLD)),
        ("it is for the tree 0a0a", |it| it.new_tree = Some(oid(OLD))),
        ("it is for the tree none", |it| it.new_tree = None),
        ("it is for another task", |it| it.task = Some("t2".into())),
        ("there is no rule no-such-rule", |it| it.findings = waiving("no-such-rule")),
        ("trace-frozen cannot be waived", |it| it.findings = waiving("trace-frozen")),
        ("approval-signature cannot be waived", |it| it.findings = waiving("approval-signature")),
        ("policy-changed cannot be waived", |it| it.findings = waiving("policy-changed")),
        ("its label is not override:ai-gated", |it| it.label = "override".into()),
        ("its label is not override:ai-gated, which waives out-of-scope", |it| it.label = "hotfix:ai-gated".into()),
        ("its label is not hotfix:ai-gated, which waives emergency-label", |it| {
            it.findings = waiving("emergency-label")
        }),
        ("under another policy", |it| it.policy_digest = "ee".repeat(32)),
        ("it expired at", |it| it.expires_at = Some("2026-11-21T12:00:00Z".parse().unwrap())),
        ("it is issued in the future", |it| it.issued_at = Some("2026-11-21T13:00:00Z".parse().unwrap())),
        ("it holds for more than 24 hours", |it| it.issued_at = Some("2026-11-20T12:00:00Z".parse().unwrap())),
        ("nobody has signed yet: `justification` is empty", |it| it.justification = String::new()),
        ("it retains other artifacts than it lists", |it| it.artifacts.clear()),
    ];
    for (about, change) in table {
        override_but(change).refused_by(&RULE, about);
    }
}

fn waiving(rule: &str) -> std::collections::BTreeSet<Waived> {
    [Waived { fingerprint: "ab".repeat(32), message: "x".into(), rule: rule.into() }].into()
}

#[test]
fn one_that_was_used_is_used_up() {
    let spent = |settled| Spent { name: MAIN.into(), old: oid(OLD), new: oid(NEW), settled };
    override_but(|_| ()).spent(ID, spent(true)).refused_by(&RULE, "it was used before");
    let other = Spent { old: oid(NEW), ..spent(false) };
    override_but(|_| ()).spent(ID, other).refused_by(&RULE, "it was used before");
    let other = Spent { name: "refs/heads/topic".into(), ..spent(false) };
    override_but(|_| ()).spent(ID, other).refused_by(&RULE, "it was used before");
    // The same push again, while its ref is where it was.
    override_but(|_| ()).spent(ID, spent(false)).refused_by(&RULE, UNSIGNED);
}

#[test]
fn what_is_no_override_is_refused_with_the_reason() {
    let push = || Facts::push(format!("refs/refgate/overrides/{ID}")).created().under(here).beside(MAIN, &[]);
    push().retaining_nothing("is a commit with parents").refused_by(&RULE, "is a commit with parents");
    push().retaining(&[], &[]).refused_by(&RULE, "holds no statement.json");
    push().retaining(&[("statement.json", b"{}"), ("more", b"")], &[]).refused_by(&RULE, "holds more than");
    push().retaining(&[("statement.json", b"{}")], &[]).refused_by(&RULE, "it is no override");
    override_but(|it| it.repository = "r1".into())
        .under(|policy| policy.repository_id = None)
        .refused_by(&RULE, "no id");
}
