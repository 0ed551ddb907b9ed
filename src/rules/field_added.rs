//! A field in the code that the contract does not list.

use std::borrow::Cow;

use jiff::civil::Date;

use super::shared::BRANCHES;
use super::shared::drift::{APPROVED, contract_place, pasted, renames_are_lighter, seen, shown, violation};
use crate::change::Need;
use crate::drift::acknowledgement::Divergence;
use crate::drift::survey::{Condition, Drift};
use crate::drift::sync;
use crate::error::Result;
use crate::escape::{copied, quote_path};
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "field-added",
    name: "Field that the contract does not know",
    family: Family::Drift,
    summary: "A field in the code that the contract does not list",
    docs: Docs {
        refuses: "A field of a counted type (`[[drift.source]]`) and of a wanted kind (`kinds`) that the contract neither lists nor has entries below. In mode `introduced` only fields that the change adds, or whose line it takes out of the contract. A valid acknowledgement of the approval covers it; one in a file covers what stood with it before the change.",
        why: "A field that is in no contract is one that nobody agreed on, and the next system finds it out.",
        example: "`note?: string` added to `interface Order`, and no `note` under `order` in the contract",
        fix: "Use the canonical path; or have a person list the field in the contract, or acknowledge it in the approval.",
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
    let added = seen.open().filter(|drift| match &drift.condition {
        Condition::Added { .. } => true,
        Condition::Renamed { listed, .. } => with_renamed && !listed,
        _ => false,
    });
    Ok(added.map(|drift| violation(ctx, drift, say)).collect())
}

fn say(drift: &Drift, today: Date) -> (String, String) {
    let (kind, added) = match &drift.condition {
        Condition::Renamed { to: (ty, path), .. } => {
            let half = Drift { ty: ty.clone(), path: path.clone(), contract_line: None, ..drift.clone() };
            ("renamed", Cow::Owned(half))
        }
        Condition::Added { kind, .. } => (*kind, Cow::Borrowed(drift)),
        _ => ("field", Cow::Borrowed(drift)),
    };
    let (field, contract) = (shown(&added.field()), contract_place(&added));
    let place = if added.contract_line.is_some() { "listed under" } else { "in" };
    let nearest = added.nearest().map(|near| format!("; the nearest canonical path is {}", shown(&near)));
    let message = format!("{field} ({kind}) is not {place} {contract}{}", nearest.unwrap_or_default());
    let help = format!(
        "name the field as the contract does; or have a person list it {}\nor acknowledge it in {APPROVED}{}",
        item(&added),
        pasted(&added, &Divergence::Added, today)
    );
    (message, help)
}

/// The lines by which the contract would list a field, where they go first.
fn item(added: &Drift) -> String {
    if let (Condition::Added { beside: Some(beside), .. }, Some(path)) = (&added.condition, &added.path) {
        let item = copied(&sync::line(beside, &added.ty, path, "- "));
        return format!("under {}, by an approved schema change:\n  {item}", contract_place(added));
    }
    let path = added.path.as_ref().map(|path| copied(&sync::spelt(path))).unwrap_or_default();
    let contract = quote_path(&added.contract);
    format!("at the end of {contract}, by an approved schema change:\n  ## `{}`\n  - `{path}`", copied(&added.ty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::path::FieldPath;
    use crate::rule::testing::*;

    #[test]
    fn a_field_that_the_contract_does_not_list_is_told_where_it_is_declared() {
        let told = Facts::promotion("t1").drift(found([added("order.nick")])).refused_by(&RULE, "order.nick (string)");
        assert_eq!((told.path.unwrap(), told.line, told.column), ("model/order.json".into(), Some(3), Some(5)));
        assert!(told.words.message.contains("nearest canonical path is order.id"), "{}", told.words.message);
        assert!(
            told.words.help.contains("- added `order.nick`: ") && told.words.help.contains("approved by ;"),
            "{}",
            told.words.help
        );
        assert_eq!(told.words.field.as_ref().unwrap().field, "order.nick");
    }

    #[test]
    fn only_an_acknowledgement_of_that_very_addition_covers_it() {
        let facts = |one: &str| Facts::promotion("t1").drift(found([added("order.nick")])).approval_with(&[one]);
        facts("added `order.nick`: meant; approved by Dana; 2026-11-01").accepted_by(&RULE);
        for other in [
            "removed `order.nick`: meant; approved by Dana; 2026-11-01",
            "added `order.other`: meant; approved by Dana; 2026-11-01",
            "added `order.nick`: meant; approved by ; 2026-11-01",
            "added `order.nick`: meant; approved by Dana; 2026-11-22",
            "added `order.nick`: meant; approved by Dana; 2026-11-01; expires 2026-11-20",
            "added `order.nick`: ; approved by Dana; 2026-11-01",
        ] {
            facts(other).refused_by(&RULE, "order.nick");
        }
    }

    #[test]
    fn what_the_change_acknowledges_itself_does_not_count() {
        let text = "added `order.nick`: meant; approved by Dana; 2026-11-01";
        let facts = |drift: Drift, is_new| Facts::promotion("t1").drift(found([drift]).acknowledged(text, is_new));
        let drift = || added("order.nick");
        facts(drift(), true).refused_by(&RULE, "order.nick");
        facts(drift(), true).approval_with(&[text]).accepted_by(&RULE);
        // What was given before is for drift that stood then.
        facts(drift(), false).refused_by(&RULE, "order.nick");
        facts(standing(drift()), false).accepted_by(&RULE);
        facts(drift(), false).approval_with(&[text]).accepted_by(&RULE);
    }

    #[test]
    fn the_baseline_counts_in_mode_absolute_and_in_a_first_push() {
        let line: &[&str] = &["added order.nick .docs/reports/field-to-api-map.md"];
        let survey = || found([added("order.nick")]);
        let both = || survey().baseline(Some(line), Some(line));
        Facts::promotion("t1").absolute().drift(both()).accepted_by(&RULE);
        Facts::promotion("t1").drift(both()).refused_by(&RULE, "order.nick");
        let lost = survey().baseline(Some(line), None);
        Facts::promotion("t1").absolute().drift(lost).refused_by(&RULE, "order.nick");
        let grown = survey().baseline(Some(&[]), Some(line));
        Facts::promotion("t1").absolute().drift(grown).refused_by(&RULE, "order.nick");
        let first = survey().baseline(None, Some(line));
        // One that comes with the drift excuses only what stood.
        Facts::promotion("t1").absolute().drift(first.clone()).refused_by(&RULE, "order.nick");
        let stood = found([standing(added("order.nick"))]).baseline(None, Some(line));
        Facts::promotion("t1").absolute().drift(stood).accepted_by(&RULE);
        Facts::branch_push("main").bootstrap(None).drift(first).accepted_by(&RULE);
    }

    #[test]
    fn a_rename_is_told_here_where_the_policy_takes_renames_lighter() {
        let facts = |listed| Facts::promotion("t1").drift(found([renamed("order.email", "order.mail", listed)]));
        facts(false).accepted_by(&RULE);
        let lighter =
            |facts: Facts| facts.under(|policy| _ = policy.rules.insert("field-renamed".into(), Severity::Evaluate));
        lighter(facts(false)).refused_by(&RULE, "order.mail (renamed)");
        lighter(facts(true)).accepted_by(&RULE);
    }

    #[test]
    fn a_finding_names_its_field_as_an_acknowledgement_does() {
        for (ty, path, name) in [("Order.Line", "sku", "Order.Line#sku"), ("order", "[].sku", "order[].sku")] {
            let drift = Drift { ty: ty.into(), path: FieldPath::parse(path).ok(), ..added("order.nick") };
            let told = Facts::promotion("t1").drift(found([drift])).refused_by(&RULE, name);
            // Programs read what is written `Type.path` of every type.
            assert_eq!(told.words.field.as_ref().unwrap().field, format!("{ty}.{path}"));
            assert!(told.words.help.contains(&format!("- added `{name}`: ")), "{}", told.words.help);
        }
    }

    #[test]
    fn what_is_to_be_copied_holds_for_letters_of_any_script() {
        for name in ["gr\u{f6}\u{df}e", "\u{6f22}\u{5b57}", "\u{645}"] {
            let facts = || Facts::promotion("t1").drift(found([added(&format!("order.{name}"))]));
            let told = facts().refused_by(&RULE, "is not in");
            assert!(told.words.help.contains(&format!("- `{name}`")), "{}", told.words.help);
            let paste = told.words.help.lines().find_map(|line| line.strip_prefix("  - added")).unwrap();
            let approved = paste.replace("approved by ;", "approved by Dana;");
            facts().approval_with(&[&format!("added{approved}")]).accepted_by(&RULE);
        }
    }

    #[test]
    fn where_nothing_was_looked_at_there_is_nothing_to_say() {
        Facts::promotion("t1").accepted_by(&RULE);
        Facts::promotion("t1").drift(found([])).accepted_by(&RULE);
    }
}
