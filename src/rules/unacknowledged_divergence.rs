//! A mapping file that does not name its contract, or an acknowledgement that the change gives to itself.

use jiff::civil::Date;

use super::shared::BRANCHES;
use super::shared::drift::{each_once, seen, shown, violation};
use crate::change::Need;
use crate::drift::acknowledgement::write_field;
use crate::drift::survey::{Condition, Drift};
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "unacknowledged-divergence",
    name: "Divergence that nobody else acknowledged",
    family: Family::Drift,
    summary: "A mapping file that does not name its contract, or an acknowledgement that the change gives to itself",
    docs: Docs {
        refuses: "A file of a `[[drift.mapping]]` that does not name the contract's path in a comment (unless `names_contract = false`), and an acknowledgement that the change adds to code or contract without the approval listing the same one under `## DRIFT ACKNOWLEDGEMENTS`, by the same approver and for no shorter time.",
        why: "The party that diverges cannot excuse itself, and whoever reads a mapping must find what it maps to.",
        example: "a new `src/mapping/order.ts` without the comment that names `.docs/reports/field-to-api-map.md`",
        fix: "Name the contract in the file's header comment; have a person list the acknowledgement in the approval.",
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
    let unnamed = seen.open().filter(|drift| drift.condition == Condition::Unnamed);
    let mut found: Vec<Violation> = unnamed.map(|drift| violation(ctx, drift, say)).collect();
    for given in seen.survey.given.iter().filter(|given| seen.excuses_itself(given)) {
        let one = &given.acknowledgement;
        let fields: Vec<String> = one.fields.iter().map(|(ty, path)| write_field(ty, path)).collect();
        let fields = shown(&fields.join(", "));
        let message = format!("the change acknowledges its own drift of {fields}, and the approval does not");
        let help = "have a person list the same acknowledgement in the approval under ## DRIFT ACKNOWLEDGEMENTS";
        let told = Violation::new(message, help).at(given.file.clone()).line(one.line);
        let what = one.divergence.word().unwrap_or("any");
        found.push(told.key(format!("self-acknowledged {what} {fields} {}", given.contract)));
    }
    Ok(each_once(found))
}

/// Of a file that does not name its contract.
fn say(drift: &Drift, _: Date) -> (String, String) {
    let contract = quote_path(&drift.contract);
    let help = format!("write a comment at the top of the file that names it: `FIELD MAPPING CONTRACT {contract}`");
    (format!("the file maps to {contract} and does not name it"), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_mapping_file_names_its_contract() {
        let facts = Facts::promotion("t1").drift(found([unnamed("src/map.ts")]));
        let told = facts.refused_by(&RULE, "does not name it");
        assert_eq!((told.path.unwrap(), told.line), ("src/map.ts".into(), Some(1)));
    }

    #[test]
    fn who_diverges_does_not_excuse_itself() {
        let text = "added `order.nick`: meant; approved by Dana; 2026-11-01";
        let survey = |is_new| {
            found([added("order.nick")]).acknowledged(text, is_new).commented("src/map.ts", "order.nick", is_new)
        };
        let facts = Facts::promotion("t1").drift(survey(true));
        assert_eq!(facts.paths(&RULE), [MAP, "src/map.ts"]);
        Facts::branch_push("topic").drift(survey(true)).paths(&RULE);
        facts.approval_with(&[text]).accepted_by(&RULE);
        Facts::promotion("t1").drift(survey(false)).accepted_by(&RULE);
    }

    #[test]
    fn an_approval_says_the_same_of_approver_and_time() {
        let facts = |own: &str, approved: &str| {
            let one = |more: &str| format!("added `order.nick`: meant; {more}");
            let survey = found([added("order.nick")]).acknowledged(&one(own), true);
            Facts::promotion("t1").drift(survey).approval_with(&[&one(approved)])
        };
        let (forever, loan) = ("approved by Dana; 2026-11-01", "approved by Dana; 2026-11-01; expires 2026-12-01");
        facts(forever, forever).accepted_by(&RULE);
        facts(loan, loan).accepted_by(&RULE);
        facts(loan, forever).accepted_by(&RULE);
        facts(forever, loan).refused_by(&RULE, "acknowledges its own drift");
        facts("approved by Dana; 2026-11-01; expires 2026-12-02", loan).refused_by(&RULE, "its own drift");
        facts("approved by Bob; 2026-11-01", forever).refused_by(&RULE, "its own drift");
    }

    #[test]
    fn one_item_may_list_very_many_fields() {
        let names: Vec<String> = (0..10_000).map(|number| format!("order.f{number}")).collect();
        let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let text = format!("added {}: meant; approved by Dana; 2026-11-01", list.join(", "));
        let survey = found(names.iter().map(|name| added(name))).acknowledged(&text, true);
        Facts::promotion("t1").drift(survey.clone()).approval_with(&[&text]).accepted_by(&RULE);
        Facts::promotion("t1").drift(survey).refused_by(&RULE, "acknowledges its own drift");
    }

    #[test]
    fn an_approval_lists_each_field_of_an_acknowledgement() {
        let survey =
            found([added("order.nick"), added("order.zip")]).commented("src/map.ts", "order.nick, order.zip", true);
        let one = "added `order.nick`: meant; approved by Dana; 2026-11-01";
        let other = "added `order.zip`: meant; approved by Dana; 2026-11-01";
        Facts::promotion("t1")
            .drift(survey.clone())
            .approval_with(&[one])
            .refused_by(&RULE, "acknowledges its own drift");
        Facts::promotion("t1").drift(survey).approval_with(&[one, other]).accepted_by(&RULE);
    }
}
