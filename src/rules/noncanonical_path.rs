//! Code that maps to a path that the contract does not know, or has retired.

use jiff::civil::Date;

use super::shared::BRANCHES;
use super::shared::drift::{APPROVED, contract_place, pasted, seen, shown, violation};
use crate::change::Need;
use crate::drift::acknowledgement::{Divergence, write_field};
use crate::drift::shape::Form;
use crate::drift::survey::{Condition, Drift, Mapping};
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "noncanonical-path",
    name: "Mapping to a path that the contract does not know",
    family: Family::Drift,
    summary: "Code that maps to a path that the contract does not know, or has retired",
    docs: Docs {
        refuses: "A mapping site (`[[drift.mapping]]`: an argument of a mapping function, a value of a mapping table, a key of a typed or discriminated literal, a path of a patch) or a claim of a `FIELD MAPPING CONTRACT` header whose path the contract does not list, or lists as retired for another. Types that the contract has nothing on, and fields of kinds that it need not list, are left alone.",
        why: "A mapping to a path of its own writes data that nobody else reads.",
        example: "`patch.set({'shippingAddress.town': town})` where the contract has `shippingAddress.city`",
        fix: "Map to the canonical path; or have the divergence acknowledged in the approval.",
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
    let mapped = seen.open().filter(|drift| matches!(drift.condition, Condition::NonCanonical { .. }));
    Ok(mapped.map(|drift| violation(ctx, drift, say)).collect())
}

fn say(drift: &Drift, today: Date) -> (String, String) {
    let (field, contract) = (shown(&drift.field()), contract_place(drift));
    let Condition::NonCanonical { form, retired, .. } = &drift.condition else {
        return (field, String::new());
    };
    let what = match form {
        Mapping::Site(Form::Call) => "a mapping function is called for",
        Mapping::Site(Form::Table) => "a mapping table names",
        Mapping::Site(Form::Literal) => "a literal writes",
        Mapping::Site(Form::Patch) => "a patch writes",
        Mapping::Claim => "the file's header claims",
    };
    let place = if drift.contract_line.is_some() { "listed under" } else { "in" };
    let (message, canonical) = match retired.as_ref().map(|to| shown(&write_field(&drift.ty, to))) {
        Some(to) => (format!("{what} {field}, which {contract} has retired for {to}"), Some(to)),
        None => {
            let near = drift.nearest().map(|near| shown(&near));
            let told = near.as_ref().map(|near| format!("; the nearest path is {near}")).unwrap_or_default();
            (format!("{what} {field}, which is not {place} {contract}{told}"), near)
        }
    };
    let canonical = canonical.as_deref().unwrap_or("a path of the contract");
    let paste = pasted(drift, &Divergence::NonCanonical, today);
    (message, format!("map to {canonical}; or have it acknowledged in {APPROVED}{paste}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::compare::Nearest;
    use crate::drift::path::FieldPath;
    use crate::rule::testing::*;

    #[test]
    fn a_path_that_the_contract_does_not_know_is_told_with_the_nearest() {
        let near = Drift { nearest: Nearest::Is("order.email".into()), ..mapped("order.emial", None) };
        let told = Facts::promotion("t1").drift(found([near])).refused_by(&RULE, "the nearest path is order.email");
        assert_eq!((told.path.unwrap(), told.line, told.column), ("src/map.ts".into(), Some(3), Some(5)));
        assert!(told.words.help.contains("- noncanonical `order.emial`: "), "{}", told.words.help);
        let retired = mapped("order.mail", Some("email"));
        Facts::promotion("t1").drift(found([retired])).refused_by(&RULE, "has retired for order.email");
        Facts::promotion("t1").drift(found([mapped("order.x", None)])).refused_by(&RULE, "order.x, which is not in");
    }

    #[test]
    fn a_comment_covers_the_mapping_of_its_own_file() {
        let survey =
            |file: &str, is_new| found([standing(mapped("order.nick", None))]).commented(file, "order.nick", is_new);
        Facts::promotion("t1").drift(survey("src/map.ts", false)).accepted_by(&RULE);
        Facts::promotion("t1").drift(survey("src/other.ts", false)).refused_by(&RULE, "order.nick");
        Facts::promotion("t1").drift(survey("src/map.ts", true)).refused_by(&RULE, "order.nick");
        let listed = "noncanonical `order.nick`: meant; approved by Dana; 2026-11-01";
        Facts::promotion("t1").drift(survey("src/map.ts", true)).approval_with(&[listed]).accepted_by(&RULE);
    }

    #[test]
    fn a_path_without_a_type_is_acknowledged_as_it_is_told() {
        for path in ["town", "address.town"] {
            let drift = Drift { ty: String::new(), path: FieldPath::parse(path).ok(), ..mapped("order.x", None) };
            let facts = || Facts::promotion("t1").drift(found([drift.clone()]));
            let told = facts().refused_by(&RULE, &format!("#{path}, which is not in"));
            assert_eq!(told.words.field.as_ref().unwrap().field, path);
            let paste =
                told.words.help.lines().find(|line| line.starts_with("  - ")).unwrap().trim_start_matches("  - ");
            let date = paste.rsplit_once(' ').unwrap().1;
            facts()
                .approval_with(&[&format!("noncanonical `#{path}`: meant; approved by Dana; {date}")])
                .accepted_by(&RULE);
            facts().approval_with(&[paste]).refused_by(&RULE, path);
            facts().approval_with(&[&paste.replace('#', "")]).refused_by(&RULE, path);
        }
    }

    #[test]
    fn names_that_turn_a_terminal_against_its_reader_are_escaped() {
        let drift = Drift { ty: "or\u{1b}[2Jder".into(), ..mapped("order.nick", None) };
        Facts::promotion("t1").drift(found([drift])).refused_by(&RULE, "which is not in");
    }
}
