//! An acknowledgement that matches no drift.

use super::shared::BRANCHES;
use super::shared::drift::{each_once, seen, shown};
use crate::change::Need;
use crate::drift::survey::Given;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "ack-stale",
    name: "Acknowledgement of nothing",
    family: Family::Drift,
    summary: "An acknowledgement that matches no drift",
    docs: Docs {
        refuses: "An acknowledgement in code or contract for a field that does not diverge. It is looked for where all files are read: in mode `absolute`, and where the change touches the contract or an acknowledgement.",
        why: "Left standing, it would excuse drift that comes later.",
        example: "the field was put back, and `- removed `order.userId`: …` still stands in the contract",
        fix: "Take the acknowledgement away.",
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
    let is_complete =
        |given: &&Given| seen.survey.contract(given.contract.as_bstr()).is_some_and(|contract| contract.complete);
    for given in seen.survey.given.iter().filter(is_complete).filter(|given| !seen.is_of_use(given)) {
        let one = &given.acknowledgement;
        let fields: Vec<String> = one.fields.iter().map(|(ty, path)| format!("{ty}.{path}")).collect();
        let fields = shown(&fields.join(", "));
        let message = format!("the acknowledgement of {fields} matches no drift");
        let told = Violation::new(message, "take it away, or write the field as the finding does");
        let key = format!("{} {fields} {}", one.divergence.word().unwrap_or("any"), given.contract);
        found.push(told.at(given.file.clone()).line(one.line).key(key));
    }
    Ok(each_once(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::survey::{Drift, Standing};
    use crate::rule::testing::*;

    #[test]
    fn an_acknowledgement_of_what_does_not_diverge_is_stale() {
        let given = "added `order.nick`: meant; approved by Dana; 2026-11-01";
        let facts = |drifts: Vec<Drift>| Facts::promotion("t1").drift(found(drifts).acknowledged(given, false));
        let told = facts(vec![]).refused_by(&RULE, "order.nick matches no drift");
        assert_eq!((told.path.unwrap(), told.line), (MAP.into(), Some(20)));
        facts(vec![added("order.nick")]).accepted_by(&RULE);
        facts(vec![renamed("order.name", "order.nick", false)]).accepted_by(&RULE);
        facts(vec![removed("order.nick", false, &[])]).refused_by(&RULE, "matches no drift");
        facts(vec![added("order.nick2")]).refused_by(&RULE, "matches no drift");
    }

    #[test]
    fn it_is_only_asked_where_everything_was_looked_at() {
        let survey = found([]).commented("src/map.ts", "order.nick", false);
        Facts::promotion("t1").drift(survey.clone()).refused_by(&RULE, "matches no drift");
        let partly = survey.contract_is(|contract| contract.complete = false);
        Facts::promotion("t1").drift(partly).accepted_by(&RULE);
    }

    #[test]
    fn drift_below_another_contract_is_another() {
        let mut survey = found([added("order.nick")]).commented("src/map.ts", "order.nick", false);
        survey.standing =
            survey.standing.into_iter().map(|one| Standing { contract: "docs/b.md".into(), ..one }).collect();
        Facts::promotion("t1").drift(survey).refused_by(&RULE, "matches no drift");
    }
}
