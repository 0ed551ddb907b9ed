//! An acknowledgement that matches no drift.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bstr::{BStr, ByteSlice};

use super::shared::BRANCHES;
use super::shared::drift::{Seen, each_once, seen, shown};
use crate::change::Need;
use crate::drift::acknowledgement::{Divergence, write_field};
use crate::drift::path::FieldPath;
use crate::drift::survey::Given;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "ack-stale",
    name: "Acknowledgement of nothing",
    family: Family::Drift,
    summary: "An acknowledgement that matches no drift",
    docs: Docs {
        refuses: "An acknowledgement in code or contract for a field that does not diverge (what another file maps is no use of a comment), and one that says only what others of the contract, or of the same file, say. It is looked for where all files are read: in mode `absolute`, and where the change touches the contract or an acknowledgement.",
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
    let mut said = HashMap::new();
    let is_complete =
        |given: &&Given| seen.survey.contract(given.contract.as_bstr()).is_some_and(|contract| contract.complete);
    for given in seen.survey.given.iter().filter(is_complete) {
        let one = &given.acknowledgement;
        let what = match (seen.is_of_use(given), repeated(&seen, &mut said, given)) {
            (false, _) => "matches no drift".to_owned(),
            (_, Some(first)) => format!("says what line {} of {} says", first.0, quote_path(first.1)),
            _ => continue,
        };
        let fields: Vec<String> = one.fields.iter().map(|(ty, path)| write_field(ty, path)).collect();
        let fields = shown(&fields.join(", "));
        let message = format!("the acknowledgement of {fields} {what}");
        let told = Violation::new(message, "take it away, or write the field as the finding does");
        let key = format!("{} {fields} {}", one.divergence.word().unwrap_or("any"), given.contract);
        found.push(told.at(given.file.clone()).line(one.line).key(key));
    }
    Ok(each_once(found))
}

/// What acknowledgements say, each divergence of a field once for a contract, or for one file in comments; and where.
type Said<'a> = HashMap<(&'a BStr, Option<&'a BStr>, &'a Divergence, &'a (String, FieldPath)), Place<'a>>;

/// A line of a file.
type Place<'a> = (u32, &'a BStr);

/// Where all of an acknowledgement that holds was said before.
fn repeated<'a>(seen: &Seen<'_>, said: &mut Said<'a>, given: &'a Given) -> Option<Place<'a>> {
    let (one, contract, file) = (&given.acknowledgement, given.contract.as_bstr(), given.file.as_bstr());
    if !seen.problems(one, contract).is_empty() {
        return None;
    }
    let mut before = None;
    let mut is_new = false;
    for field in &one.fields {
        let key = (contract, Some(file).filter(|_| one.in_code), &one.divergence, field);
        match said.entry(key) {
            Entry::Occupied(first) => before = before.or(Some(*first.get())),
            Entry::Vacant(slot) => {
                slot.insert((one.line, file));
                is_new = true;
            }
        }
    }
    before.filter(|_| !is_new)
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
    fn the_mapping_of_another_file_is_no_use_of_a_comment() {
        let survey = |file: &str| found([mapped("order.nick", None)]).commented(file, "order.nick", false);
        Facts::promotion("t1").drift(survey("src/map.ts")).accepted_by(&RULE);
        Facts::promotion("t1").drift(survey("src/other.ts")).refused_by(&RULE, "order.nick matches no drift");
        let both =
            found([mapped("order.nick", None), added("order.nick")]).commented("src/other.ts", "order.nick", false);
        Facts::promotion("t1").drift(both).accepted_by(&RULE);
    }

    #[test]
    fn of_two_that_say_the_same_the_second_is_stale() {
        let one = "added `order.nick`: meant; approved by Dana; 2026-11-01";
        let two = "added `order.nick`, `order.zip`: meant; approved by Dana; 2026-11-02";
        let survey = || found([added("order.nick"), added("order.zip")]);
        let twice = survey().acknowledged(one, false).acknowledged(one, false);
        let told = Facts::promotion("t1").drift(twice).refused_by(&RULE, "what line 20 of");
        assert_eq!(told.path.unwrap(), MAP);
        let longer = survey().acknowledged(one, false).acknowledged(two, false);
        Facts::promotion("t1").drift(longer).accepted_by(&RULE);
        let shorter = survey().acknowledged(two, false).acknowledged(one, false);
        Facts::promotion("t1").drift(shorter).refused_by(&RULE, "order.nick says what line 20 of");
        let mapped = [mapped("order.nick", None), Drift { code: None, ..mapped("order.nick", None) }];
        let in_files =
            found(mapped).commented("src/map.ts", "order.nick", false).commented("src/map2.ts", "order.nick", false);
        Facts::promotion("t1").drift(in_files.clone()).accepted_by(&RULE);
        let in_one = in_files.commented("src/map.ts", "order.nick", false);
        Facts::promotion("t1").drift(in_one).refused_by(&RULE, "order.nick says what line 1 of src/map.ts");
    }

    #[test]
    fn drift_below_another_contract_is_another() {
        let mut survey = found([added("order.nick")]).commented("src/map.ts", "order.nick", false);
        survey.standing =
            survey.standing.into_iter().map(|one| Standing { contract: "docs/b.md".into(), ..one }).collect();
        Facts::promotion("t1").drift(survey).refused_by(&RULE, "matches no drift");
    }
}
