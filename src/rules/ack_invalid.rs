//! An acknowledgement that is incomplete, expired, or about nothing.

use super::shared::BRANCHES;
use super::shared::drift::{each_once, seen};
use crate::change::Need;
use crate::drift::config::Mode;
use crate::error::Result;
use crate::finding::Severity;
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "ack-invalid",
    name: "Acknowledgement that does not hold",
    family: Family::Drift,
    summary: "An acknowledgement that is incomplete, expired, or about nothing",
    docs: Docs {
        refuses: "An acknowledgement in code, contract or approval without fields, reason, approver or date, for an unknown path or a pattern, for another contract, dated in the future or expired, struck out or with an open box, with a last day that is not read as one, or by somebody who is no approver. In the approval it is looked for where drift is left. In mode `introduced` what cannot be read only where the change adds it.",
        why: "An acknowledgement that nobody can check excuses nothing.",
        example: "`Approved by:` left blank",
        fix: "Complete it, have it approved, or take it away.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Drift, Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(seen) = seen(ctx) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (file, problem) in &seen.survey.unclear {
        let told = Violation::new(problem.message.clone(), problem.help.clone());
        let told = told.at(file.clone()).line(problem.line).column(problem.column.unwrap_or_default());
        found.push(told.key(problem.message.clone()));
    }
    let is_quiet = seen.config.mode == Mode::Introduced && seen.open().next().is_none();
    for given in &seen.survey.given {
        // What was wrong before the change is not the change's, unless it is to excuse something.
        if is_quiet && !given.is_new {
            continue;
        }
        for problem in seen.problems(&given.acknowledgement, given.contract.as_bstr()) {
            let told = Violation::new(problem.message.clone(), problem.help.clone());
            found.push(told.at(given.file.clone()).line(problem.line).key(problem.message));
        }
    }
    if let Some(task) = ctx.change.task.as_deref().filter(|_| !is_quiet) {
        let approval = ctx.trace_path(task.name.as_bstr(), APPROVAL);
        for problem in seen.approval_problems() {
            let told = Violation::new(problem.message.clone(), problem.help).at(approval.clone()).line(problem.line);
            found.push(told.key(problem.message));
        }
    }
    Ok(each_once(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::problem::Problem;
    use crate::drift::survey::Drift;
    use crate::rule::testing::*;

    const LATER: &str = "added `order.nick`: meant; approved by Dana; 2999-01-01";

    #[test]
    fn an_acknowledgement_that_does_not_hold_is_told_where_it_stands() {
        let facts = |text: &str| Facts::promotion("t1").drift(found([added("order.nick")]).acknowledged(text, true));
        let told = facts(LATER).refused_by(&RULE, "dated in the future");
        assert_eq!((told.path.unwrap(), told.line), (MAP.into(), Some(20)));
        for (text, about) in [
            ("added `order.nick`: meant; approved by ; 2026-11-01", "nobody is named"),
            ("added `order.nick`: meant; approved by Dana; 2026-11-01; expires 2026-11-20", "has expired"),
            ("added `order.none`: meant; approved by Dana; 2026-11-01", "which nothing declares"),
            ("added `order.n*`: meant; approved by Dana; 2026-11-01", "is for the pattern"),
            ("removed `order.n*`: meant; approved by Dana; 2026-11-01", "is for the pattern"),
        ] {
            facts(text).refused_by(&RULE, about);
        }
        facts("added `order.nick`: meant; approved by Dana; 2026-11-21").accepted_by(&RULE);
    }

    #[test]
    fn only_those_approve_whom_the_policy_names() {
        let policy = "[roles.approve]\nprincipals = [\"ann@example.com\"]\n[drift]\n[[drift.source]]\nlanguage = \"json-schema\"\npaths = [\"model/**\"]\n";
        let facts = |by: &str| {
            let text = format!("added `order.nick`: meant; approved by {by}; 2026-11-01");
            Facts::promotion("t1").with_policy(policy).drift(found([added("order.nick")]).acknowledged(&text, false))
        };
        facts("Dana").refused_by(&RULE, "approved by `Dana`, who is no approver");
        facts("ann@example.com").accepted_by(&RULE);
    }

    #[test]
    fn what_was_wrong_before_is_told_where_it_should_excuse_something() {
        let survey = |drifts: Vec<Drift>| {
            let mut survey = found(drifts).acknowledged(LATER, false);
            survey.known.extend(added("order.nick").standing().map(|one| (one.ty, one.path)));
            survey
        };
        Facts::promotion("t1").drift(survey(vec![])).accepted_by(&RULE);
        Facts::promotion("t1").drift(survey(vec![added("order.zip")])).refused_by(&RULE, "future");
        Facts::promotion("t1").absolute().drift(survey(vec![])).refused_by(&RULE, "future");
    }

    #[test]
    fn what_the_approval_says_in_vain_is_told_there() {
        let facts = |list: &[&str]| Facts::promotion("t1").drift(found([added("order.nick")])).approval_with(list);
        for (text, about) in [
            ("added order.nick: meant; approved by Dana; 2026-11-01", "in backticks"),
            ("added `order.nick`: meant; approved by Dana; 2026-11-01; expires 2026-11-20", "has expired"),
            ("added `order.nick`: meant; approved by ; 2026-11-01", "nobody is named"),
            ("added `order.none`: meant; approved by Dana; 2026-11-01", "which nothing declares"),
        ] {
            let told = facts(&[text]).refused_by(&RULE, about);
            assert_eq!((told.path.unwrap(), told.line), (".ai-stack-trace/t1/contract/approval.md".into(), Some(10)));
        }
        facts(&["NONE"]).accepted_by(&RULE);
        facts(&["added `order.nick`: meant; approved by Dana; 2026-11-01"]).accepted_by(&RULE);
        let quiet = Facts::promotion("t1").drift(found([]));
        quiet.approval_with(&["added `order.nick`: meant; approved by ; 2026-11-01"]).accepted_by(&RULE);
    }

    #[test]
    fn of_an_approval_for_two_contracts_only_what_fails_for_both_is_told() {
        let survey = found([added("order.nick")]).contract_is(|contract| contract.complete = true);
        let mut survey = survey.clone();
        survey.contracts.push(crate::drift::survey::Contracted { path: "docs/b.md".into(), ..Default::default() });
        let facts = |text: &str| Facts::promotion("t1").drift(survey.clone()).approval_with(&[text]);
        facts("added `order.none`: meant; approved by Dana; 2026-11-01").accepted_by(&RULE);
        facts("added `order.none`: meant; approved by ; 2026-11-01").refused_by(&RULE, "nobody is named");
    }

    #[test]
    fn a_comment_that_cannot_be_read_is_told() {
        let mut survey = found([]);
        let problem = Problem { line: 4, column: None, message: "it lists no fields".into(), help: "add them".into() };
        survey.unclear.insert(("src/map.ts".into(), problem));
        let told = Facts::promotion("t1").drift(survey).refused_by(&RULE, "it lists no fields");
        assert_eq!((told.path.unwrap(), told.line), ("src/map.ts".into(), Some(4)));
    }
}
