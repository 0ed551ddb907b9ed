//! A field of the contract that the code calls otherwise.

use jiff::civil::Date;

use super::shared::BRANCHES;
use super::shared::drift::{APPROVED, contract_place, pasted, seen, shown, violation};
use crate::change::Need;
use crate::drift::acknowledgement::{Divergence, write_field};
use crate::drift::survey::{Condition, Drift};
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "field-renamed",
    name: "Contracted field under another name",
    family: Family::Drift,
    summary: "A field of the contract that the code calls otherwise",
    docs: Docs {
        refuses: "A removed and an added field, or a removed and an added type, that are one: by protobuf number, by a declared rename or migration, as the only ones in their parent, or by name, kind and neighbours. It stands in the place of the two findings and is as heavy as they are.",
        why: "To everybody else a renamed field is one that vanished.",
        example: "`customerEmail` becomes `email`, and the contract lists `customerEmail`",
        fix: "Keep the canonical name; or have the rename acknowledged in the approval, and the contract changed by whoever may.",
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
    let renamed = seen.open().filter(|drift| matches!(drift.condition, Condition::Renamed { .. }));
    Ok(renamed.map(|drift| violation(ctx, drift, say)).collect())
}

fn say(drift: &Drift, today: Date) -> (String, String) {
    let (field, contract) = (shown(&drift.field()), contract_place(drift));
    let Condition::Renamed { to: (ty, path), evidence, .. } = &drift.condition else {
        return (field, String::new());
    };
    let (now, paste) = match path {
        Some(path) => {
            let divergence = Divergence::Renamed { to: path.clone() };
            (write_field(ty, path), pasted(drift, &divergence, today))
        }
        None => (ty.clone(), String::new()),
    };
    let now = shown(&now);
    let help = match paste.is_empty() {
        true => format!("keep the name; or have the contract's section moved to {now}, by an approved schema change"),
        false => format!("keep the name; or have the rename acknowledged in {APPROVED}{paste}"),
    };
    (format!("{field}, at {contract}, is now {now} ({})", evidence.text()), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_rename_is_told_in_the_code_with_both_names() {
        let facts = Facts::promotion("t1").drift(found([renamed("order.email", "order.mail", false)]));
        let told = facts.refused_by(&RULE, "order.email, at .docs/reports/field-to-api-map.md:9, is now order.mail");
        assert_eq!(told.path.unwrap(), "model/order.json");
        assert!(told.words.help.contains("- renamed `order.email` -> `order.mail`: "), "{}", told.words.help);
        let field = told.words.field.as_ref().unwrap();
        assert_eq!((field.from.as_deref(), field.to.as_deref()), (Some("order.email"), Some("order.mail")));
    }

    #[test]
    fn it_is_covered_as_a_rename_or_by_both_halves() {
        let facts = |listed, list: &[&str]| {
            Facts::promotion("t1").drift(found([renamed("order.email", "order.mail", listed)])).approval_with(list)
        };
        let rename = "renamed `order.email` -> `order.mail`: meant; approved by Dana; 2026-11-01";
        let other = "renamed `order.email` -> `order.post`: meant; approved by Dana; 2026-11-01";
        let gone = "removed `order.email`: meant; approved by Dana; 2026-11-01";
        let come = "added `order.mail`: meant; approved by Dana; 2026-11-01";
        facts(false, &[rename]).accepted_by(&RULE);
        facts(false, &[gone, come]).accepted_by(&RULE);
        facts(true, &[gone]).accepted_by(&RULE);
        for list in [&[gone][..], &[come], &[other], &[]] {
            facts(false, list).refused_by(&RULE, "order.email");
        }
    }

    #[test]
    fn a_comment_of_the_change_stretches_nothing_that_the_approval_says() {
        let survey = found([renamed("order.email", "order.mail", false)]).commented("src/map.ts", "order.email", true);
        let facts = |list: &[&str]| Facts::promotion("t1").drift(survey.clone()).approval_with(list);
        facts(&["renamed `order.email` -> `order.mail`: meant; approved by Dana; 2026-11-01"]).accepted_by(&RULE);
        for approved in ["renamed `order.email` -> `order.post`", "removed `order.email`"] {
            facts(&[&format!("{approved}: meant; approved by Dana; 2026-11-01")]).refused_by(&RULE, "order.email");
        }
    }

    #[test]
    fn the_baseline_may_know_its_halves() {
        let gone = "removed order.email .docs/reports/field-to-api-map.md";
        let come = "added order.mail .docs/reports/field-to-api-map.md";
        let facts = |listed, lines: &[&str]| {
            let survey = found([renamed("order.email", "order.mail", listed)]).baseline(Some(lines), Some(lines));
            Facts::promotion("t1").absolute().drift(survey)
        };
        facts(false, &[gone, come]).accepted_by(&RULE);
        facts(true, &[gone]).accepted_by(&RULE);
        facts(false, &[gone]).refused_by(&RULE, "order.email");
        facts(false, &[come]).refused_by(&RULE, "order.email");
        let approved = ["added `order.mail`: meant; approved by Dana; 2026-11-01"];
        facts(false, &[gone]).approval_with(&approved).accepted_by(&RULE);
        // A first one holds no half that comes with it.
        let first = |drift: Drift| {
            let survey = found([drift]).baseline(None, Some(&[gone, come]));
            Facts::promotion("t1").absolute().drift(survey)
        };
        let drift = || renamed("order.email", "order.mail", false);
        first(drift()).refused_by(&RULE, "order.email");
        first(standing(drift())).accepted_by(&RULE);
    }

    #[test]
    fn a_renamed_type_is_covered_by_the_removal_of_each_of_its_fields() {
        let mut survey = found([renamed_type("order", "purchase")]);
        survey.standing.extend(
            [removed("order.id", true, &[]), removed("order.mail", true, &[])].iter().flat_map(Drift::standing),
        );
        survey.known.extend(survey.standing.iter().map(|one| (one.ty.clone(), one.path.clone())));
        let facts = |list: &[&str]| Facts::promotion("t1").drift(survey.clone()).approval_with(list);
        let told = facts(&[]).refused_by(&RULE, "order, at .docs/reports/field-to-api-map.md:9, is now purchase");
        assert!(told.words.help.contains("purchase"), "{}", told.words.help);
        facts(&["removed `order.id`: meant; approved by Dana; 2026-11-01"]).refused_by(&RULE, "order");
        facts(&["removed `order.id`, `order.mail`: meant; approved by Dana; 2026-11-01"]).accepted_by(&RULE);
    }

    #[test]
    fn what_the_contract_does_not_know_of_the_new_type_is_acknowledged_too() {
        let mut survey = found([renamed_type("order", "purchase")]);
        survey
            .standing
            .extend([removed("order.id", false, &[]), added("purchase.id")].iter().flat_map(Drift::standing));
        survey.known.extend(survey.standing.iter().map(|one| (one.ty.clone(), one.path.clone())));
        let facts = |list: &[&str]| Facts::promotion("t1").drift(survey.clone()).approval_with(list);
        let gone = "removed `order.id`: meant; approved by Dana; 2026-11-01";
        facts(&[gone]).refused_by(&RULE, "order");
        facts(&[gone, "added `purchase.id`: meant; approved by Dana; 2026-11-01"]).accepted_by(&RULE);
    }
}
