//! A field that the contract lists and the code has no longer.

use jiff::civil::Date;

use super::shared::BRANCHES;
use super::shared::drift::{APPROVED, contract_place, pasted, renames_are_lighter, seen, shown, violation};
use crate::change::Need;
use crate::drift::acknowledgement::{Divergence, write_field};
use crate::drift::survey::{Condition, Drift};
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "field-removed",
    name: "Contracted field that is gone",
    family: Family::Drift,
    summary: "A field that the contract lists and the code has no longer",
    docs: Docs {
        refuses: "An entry of the contract behind which no field of any kind stands. In mode `introduced` only where the change takes the field away, also when it takes it out of the contract in the same push. In both modes also where the change takes it from one of several types of a name in program code.",
        why: "Whoever relies on the contract reads a field that nothing writes any more.",
        example: "`email` deleted from the schema while the contract, or the contract before the change, lists `customer.email`",
        fix: "Put the field back; or have its removal acknowledged in the approval.",
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
    let with_renamed = renames_are_lighter(ctx, RULE.id);
    let gone = seen.open().filter(|drift| match &drift.condition {
        Condition::Removed { .. } => true,
        Condition::Renamed { .. } => with_renamed,
        _ => false,
    });
    let told = gone.map(|drift| {
        // What is gone has its place where it was promised.
        let (path, line) = (Some(drift.contract.clone()), drift.contract_line);
        Violation { path, line, column: None, ..violation(ctx, drift, say) }
    });
    Ok(told.collect())
}

fn say(drift: &Drift, today: Date) -> (String, String) {
    let (from_both, candidates, other) = match &drift.condition {
        Condition::Removed { from_both, candidates, other } => (*from_both, candidates.clone(), other.as_ref()),
        Condition::Renamed { to: (ty, path), .. } => {
            (false, vec![path.as_ref().map_or(ty.clone(), |path| write_field(ty, path))], None)
        }
        _ => (false, Vec::new(), None),
    };
    let (field, contract) = (shown(&drift.field()), contract_place(drift));
    let listed = match (from_both, other) {
        (true, _) => "which the change takes out of the contract too".to_owned(),
        (false, None) => "and no source has it".to_owned(),
        (false, Some(file)) => format!("and only another type of its name still has it, in {}", quote_path(file)),
    };
    let likely: Vec<String> = candidates.iter().map(|one| shown(one)).collect();
    let likely = match likely.is_empty() {
        true => String::new(),
        false => format!("; it may have become {}", likely.join(" or ")),
    };
    let code = drift.code.as_ref().map(|place| (quote_path(&place.file), place.line, place.column));
    let was = code.map(|(file, line, column)| format!("; it was declared at {file}:{line}:{column}"));
    let message = format!("{field} stands at {contract}, {listed}{}{likely}", was.unwrap_or_default());
    let paste = pasted(drift, &Divergence::Removed, today);
    (message, format!("put the field back; or have its removal acknowledged in {APPROVED}{paste}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_field_that_is_gone_is_told_at_its_line_of_the_contract() {
        let facts =
            |from_both| Facts::promotion("t1").drift(found([removed("order.email", from_both, &["order.mail"])]));
        let told = facts(false).refused_by(&RULE, "no source has it; it may have become order.mail");
        assert_eq!((told.path.unwrap(), told.line, told.column), (MAP.into(), Some(9), None));
        assert!(told.words.help.contains("- removed `order.email`: "), "{}", told.words.help);
        facts(true).refused_by(&RULE, "which the change takes out of the contract too");
    }

    #[test]
    fn an_acknowledgement_of_the_removal_covers_it() {
        let facts =
            |one: &str| Facts::promotion("t1").drift(found([removed("order.email", true, &[])])).approval_with(&[one]);
        facts("removed `order.email`: meant; approved by Dana; 2026-11-01").accepted_by(&RULE);
        facts("added `order.email`: meant; approved by Dana; 2026-11-01").refused_by(&RULE, "order.email");
        facts("removed `order.*`: meant; approved by Dana; 2026-11-01").refused_by(&RULE, "order.email");
    }

    #[test]
    fn a_comment_at_a_mapping_that_diverges_is_for_that_mapping_alone() {
        let comment =
            |drifts: Vec<Drift>| found(drifts.into_iter().map(standing)).commented("src/map.ts", "order.email", false);
        Facts::promotion("t1").drift(comment(vec![removed("order.email", false, &[])])).accepted_by(&RULE);
        let both = comment(vec![removed("order.email", false, &[]), mapped("order.email", None)]);
        Facts::promotion("t1").drift(both).refused_by(&RULE, "order.email");
    }

    #[test]
    fn a_rename_is_told_here_where_the_policy_takes_renames_lighter() {
        for drift in [renamed("order.email", "order.mail", true), renamed_type("order", "purchase")] {
            let facts = Facts::promotion("t1").drift(found([drift]));
            facts.accepted_by(&RULE);
            facts
                .under(|policy| _ = policy.rules.insert("field-renamed".into(), Severity::Off))
                .refused_by(&RULE, "order");
        }
    }
}
