//! A promotion without the result of a required check.

use std::collections::BTreeSet;

use super::shared::signed;
use crate::change::{Need, Way};
use crate::error::Result;
use crate::finding::Severity;
use crate::oid::Oid;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use crate::statement::check::{Check, Outcome};
use crate::statement::place::Place;
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "check-missing",
    name: "Required check missing or failed",
    family: Family::Promotion,
    summary: "A promotion without the result of a required check",
    docs: Docs {
        refuses: "A protected branch that moves forward to a commit for whose tree some check in `checks.required`, or in the `checks` of the step of a chain that it takes, has no signed statement that says `PASSED` or `WARNED`, or has one that says `FAILED` and that no later one names as superseded; likewise a branch of a chain that begins there, or that is rolled back, for the tree that comes back.",
        why: "What was tested is this very tree, or nobody knows.",
        example: "`git push origin main` before CI has signed its result",
        fix: "Let CI run the check on the tree that is promoted and push its statement: `refgate attest --check NAME`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Documents],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let from = ctx.change.way.as_ref().and_then(Way::step_from);
    let begins = ctx.action() == Action::Create && from.is_some() && !ctx.is_stale();
    let (true, Some(tree)) = (ctx.is_promotion() || begins, ctx.change.tree) else { return Ok(Vec::new()) };
    let results: Vec<Seen> = ctx
        .change
        .documents
        .iter()
        .filter(|retained| matches!(Place::parse(retained.name.as_bstr()), Some(Place::Check { .. })))
        .filter_map(|retained| match signed::check(ctx, retained) {
            Ok(check) => Some(Seen { check, counts: true }),
            Err(_) => signed::failed_before(ctx, retained).map(|check| Seen { check, counts: false }),
        })
        .collect();
    let wanted = ctx.policy.checks_into(ctx.change.update.name.as_bstr(), from).into_iter();
    Ok(wanted.filter_map(|name| lacking(name, tree, &results)).collect())
}

/// A result, and whether it counts still: a failure stands when its key is gone, and what it said of others does not.
struct Seen {
    check: Check,
    counts: bool,
}

/// What a check lacks; `None` where it passed.
fn lacking(name: &str, tree: Oid, results: &[Seen]) -> Option<Violation> {
    let of_this = || results.iter().filter(|seen| seen.check.check == name && seen.check.tree == tree);
    let superseded: BTreeSet<&String> =
        of_this().filter(|seen| seen.counts).flat_map(|seen| &seen.check.bound.supersedes).collect();
    let standing = || of_this().map(|seen| &seen.check).filter(|check| !superseded.contains(&check.bound.statement_id));
    let help = format!(
        "in CI, on a commit with this tree: refgate attest --check {name} --result passed --junit FILE\n\
         a clone sees the results that the server has after git fetch REMOTE '+refs/refgate/*:refs/refgate/*'"
    );
    if let Some(failed) = standing().find(|result| result.outcome == Outcome::Failed) {
        let id = &failed.bound.statement_id;
        let message = format!("the check {name} failed for the tree {}, says {id}", tree.short());
        let help = format!("mend the change; where the check itself was wrong, CI runs it again with --supersede {id}");
        return Some(Violation::new(message, help).key(name));
    }
    if standing().next().is_none() {
        let message = format!("the check {name} has no result for the tree {}", tree.short());
        return Some(Violation::new(message, help).key(name));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;
    use crate::statement::check::{Bound, Tests};

    fn result(name: &str, tree: u8, outcome: Outcome, id: u8, supersedes: &[u8]) -> Check {
        let name_of = |byte: u8| format!("{byte:02x}").repeat(16);
        Check {
            check: name.into(),
            tree: oid(tree),
            outcome,
            tests: Tests::default(),
            bound: Bound {
                artifacts: Default::default(),
                issued_at: "2026-11-21T12:00:00Z".parse().unwrap(),
                repository: "r1".into(),
                statement_id: name_of(id),
                supersedes: supersedes.iter().map(|byte| name_of(*byte)).collect(),
            },
        }
    }

    fn said(results: &[Check]) -> String {
        let results: Vec<Seen> = results.iter().map(|check| Seen { check: check.clone(), counts: true }).collect();
        lacking("tests", oid(TREE), &results).map(|violation| violation.words.message.clone()).unwrap_or_default()
    }

    #[test]
    fn one_that_passed_for_this_tree_is_enough() {
        use Outcome::{Failed, Passed, Warned};
        assert_eq!(said(&[result("tests", TREE, Passed, 1, &[])]), "");
        assert_eq!(said(&[result("tests", TREE, Warned, 1, &[])]), "");
        assert!(said(&[]).contains("has no result"));
        assert!(said(&[result("tests", OLD, Passed, 1, &[])]).contains("has no result for the tree 7e7e"));
        assert!(said(&[result("lint", TREE, Passed, 1, &[])]).contains("has no result"));
        assert!(said(&[result("tests", TREE, Failed, 1, &[])]).contains("failed"));
    }

    #[test]
    fn a_failure_counts_until_a_later_result_names_it() {
        use Outcome::{Failed, Passed};
        let failed = || result("tests", TREE, Failed, 1, &[]);
        assert!(said(&[failed(), result("tests", TREE, Passed, 2, &[])]).contains("failed"));
        assert_eq!(said(&[failed(), result("tests", TREE, Passed, 2, &[1])]), "");
        assert!(said(&[failed(), result("lint", TREE, Passed, 2, &[1])]).contains("failed"));
        let again = result("tests", TREE, Failed, 3, &[2]);
        assert!(said(&[failed(), result("tests", TREE, Passed, 2, &[1]), again]).contains("failed"));
        // Two that name each other leave none that stands.
        let each = [result("tests", TREE, Passed, 4, &[5]), result("tests", TREE, Passed, 5, &[4])];
        assert!(said(&each).contains("has no result"));
    }

    /// Else whoever stole a key could take failures back with it after it was revoked.
    #[test]
    fn what_no_longer_counts_supersedes_nothing() {
        use Outcome::{Failed, Passed};
        let lacks = |counts: bool| {
            let seen = |check, counts| Seen { check, counts };
            let all = [
                seen(result("tests", TREE, Failed, 1, &[]), true),
                seen(result("tests", TREE, Failed, 2, &[1]), counts),
                seen(result("tests", TREE, Passed, 3, &[2]), true),
            ];
            lacking("tests", oid(TREE), &all).is_some()
        };
        assert!(!lacks(true) && lacks(false));
    }

    /// Whoever signed a failure may have left since, and nobody has named it as superseded.
    #[test]
    fn a_failure_that_the_server_holds_outlives_its_key() {
        use crate::statement::dsse::{Envelope, IN_TOTO, Sealed};
        let required = |policy: &mut crate::policy::Policy| {
            policy.signing.checks = ["tests".to_owned()].into();
            policy.repository_id = Some("r1".to_owned());
        };
        let told = |outcome, held: bool| {
            let statement = result("tests", TREE, outcome, 1, &[]);
            let sealed = Sealed { keyid: "SHA256:gone".into(), armored: "of a key that left".into() };
            let payload = statement.to_json().into_bytes();
            let envelope = Envelope { payload, payload_type: IN_TOTO.into(), signatures: vec![sealed] }.to_json();
            let name = format!("{}{}", Place::checks(oid(TREE), "tests"), "01".repeat(16));
            let push = Facts::promotion("t1").touch("src/a.rs").under(required);
            let push = push.document(&name, &[("envelope.json", envelope.as_bytes())]);
            let push = if held { push.server_has(&name) } else { push };
            push.check(&RULE).remove(0).words.message.clone()
        };
        assert!(told(Outcome::Failed, true).contains("the check tests failed"));
        assert!(told(Outcome::Failed, false).contains("has no result"), "one that the push brings is refused itself");
        assert!(told(Outcome::Passed, true).contains("has no result"), "nobody vouches for it any more");
    }

    #[test]
    fn only_what_the_policy_requires_is_asked_for_and_only_at_promotions() {
        let required = |policy: &mut crate::policy::Policy| {
            policy.signing.checks = ["tests".to_owned(), "lint".to_owned()].into();
        };
        let promotion = Facts::promotion("t1").touch("src/a.rs");
        promotion.accepted_by(&RULE);
        let found = promotion.under(required).check(&RULE);
        assert_eq!(found.iter().map(|violation| violation.key.as_str()).collect::<Vec<_>>(), ["lint", "tests"]);
        let required = |policy: &mut crate::policy::Policy| policy.signing.checks = ["tests".to_owned()].into();
        Facts::task_push("t1").touch("src/a.rs").under(required).accepted_by(&RULE);
    }

    #[test]
    fn a_step_needs_its_own_checks_too() {
        let chain = "[branches]\nprotected = [\"develop\", \"staging\"]\n[checks]\nrequired = [\"tests\"]\n\
                     [[promotion]]\nfrom = [\"develop\"]\ninto = [\"staging\"]\nchecks = [\"e2e\"]\n\
                     [[promotion]]\nfrom = [\"main\"]\ninto = [\"staging\"]\nchecks = [\"soak\"]\n";
        let lacks = |facts: Facts| -> Vec<String> {
            facts.with_policy(chain).check(&RULE).into_iter().map(|violation| violation.key).collect()
        };
        assert_eq!(lacks(Facts::step("develop", "staging")), ["e2e", "tests"]);
        assert_eq!(lacks(Facts::step("main", "staging")), ["soak", "tests"]);
        assert_eq!(lacks(Facts::step("develop", "staging").created()), ["e2e", "tests"]);
        assert_eq!(lacks(Facts::promotion("t1")), ["tests"]);
        assert_eq!(lacks(Facts::branch_push("staging").created()), [""; 0]);
        // What comes by no step needs what any step would.
        assert_eq!(lacks(Facts::promotion_into("t1", "staging")), ["e2e", "soak", "tests"]);
    }
}
