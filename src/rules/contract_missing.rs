//! A change of what is held against a contract that is not there.

use super::shared::BRANCHES;
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "contract-missing",
    name: "Contract that is not there",
    family: Family::Drift,
    summary: "A change of what is held against a contract that is not there",
    docs: Docs {
        refuses: "A change that takes a contract away, or touches a source or mapping file of one that is not there as a plain file of readable size.",
        why: "Without its contract everything would pass.",
        example: "`.docs/reports/field-to-api-map.md` deleted or renamed",
        fix: "Put the contract back at the place that the policy names, or have the policy changed.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Drift, Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(survey) = ctx.change.drift.as_deref() else { return Ok(Vec::new()) };
    let missing = survey.contracts.iter().filter(|contract| contract.missing);
    let told = missing.map(|contract| {
        let message = "the contract is not there as a plain file of readable size, and the change touches what is held against it";
        let help = "put it back where the policy's [[drift.contract]] names it; `refgate drift sync` writes a first one";
        Violation::new(message, help).at(contract.path.clone())
    });
    Ok(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_contract_that_is_not_there_is_told() {
        let survey = found([]).contract_is(|contract| contract.missing = true);
        let told = Facts::promotion("t1").drift(survey).refused_by(&RULE, "not there as a plain file");
        assert_eq!(told.path.unwrap(), MAP);
        Facts::promotion("t1").drift(found([])).accepted_by(&RULE);
    }
}
