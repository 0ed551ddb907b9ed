//! A contract that cannot be read, contradicts itself, or lists types that no source declares.

use super::shared::BRANCHES;
use super::shared::drift::{Seen, each_once, seen, shown};
use crate::change::Need;
use crate::drift::problem::without_lines;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "contract-invalid",
    name: "Contract that is wrong in itself",
    family: Family::Drift,
    summary: "A contract that cannot be read, contradicts itself, or lists types that no source declares",
    docs: Docs {
        refuses: "What the contract's own lint finds: a path that does not parse, a row with more or fewer cells than its header, fields with no type above them, a type or field listed twice that disagrees, a section for a type that no source declares. In mode `introduced` only what the change adds.",
        why: "What cannot be read is held against nothing, and a lost heading takes a whole type out of the check.",
        example: "a heading deleted by accident, so that one type's fields stand under another",
        fix: "Mend the contract at the line; `refgate drift contract` shows all that is wrong.",
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
    let Some(seen) = seen(ctx) else { return Ok(Vec::new()) };
    Ok(each_once(seen.beyond_baseline(all(&seen), baseline_key)))
}

/// All that is wrong, whatever the baseline holds.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for contract in &seen.survey.contracts {
        for problem in &contract.problems {
            let told = Violation::new(problem.message.clone(), problem.help.clone());
            let told = told.at(contract.path.clone()).line(problem.line).column(problem.column.unwrap_or_default());
            found.push(told.key(problem.what()));
        }
        for (ty, line) in &contract.orphans {
            let ty = shown(ty);
            let message = format!("fields are listed under {ty}, which no source declares");
            let help = "put the heading of their own type above them, have a [[drift.source]] of the policy declare it \
                        (`types`, `names`), or take them out by an approved schema change";
            found.push(Violation::new(message, help).at(contract.path.clone()).line(*line).key(format!("orphan {ty}")));
        }
    }
    found
}

/// How the baseline calls it: without lines, which move.
pub(super) fn baseline_key(violation: &Violation) -> String {
    let contract = violation.path.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("contract-invalid {} {contract}", without_lines(&violation.words.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::problem::Problem;
    use crate::drift::survey::Contracted;
    use crate::rule::testing::*;

    fn problem(line: u32, message: &str) -> Problem {
        Problem { line, column: Some(3), message: message.into(), help: "mend it".into() }
    }

    #[test]
    fn what_is_wrong_with_the_contract_is_told_at_its_line() {
        let wrong = |contract: &mut Contracted| {
            contract.problems = vec![problem(4, "twice, first in line 2"), problem(9, "twice, first in line 7")];
            contract.orphans = vec![("basket".into(), 12)];
        };
        let told = Facts::promotion("t1").drift(found([]).contract_is(wrong)).check(&RULE);
        let places: Vec<_> = told.iter().map(|told| (told.path.clone().unwrap(), told.line, told.column)).collect();
        let map = || MAP.into();
        assert_eq!(places, [(map(), Some(4), Some(3)), (map(), Some(9), Some(3)), (map(), Some(12), None)]);
        Facts::promotion("t1").drift(found([])).accepted_by(&RULE);
    }

    #[test]
    fn the_baseline_knows_a_problem_wherever_it_stands() {
        let lines: &[&str] = &["contract-invalid twice, first in line N .docs/reports/field-to-api-map.md"];
        let wrong = |contract: &mut Contracted| contract.problems = vec![problem(4, "twice, first in line 21")];
        let survey = found([]).contract_is(wrong).baseline(Some(lines), Some(lines));
        Facts::promotion("t1").absolute().drift(survey.clone()).accepted_by(&RULE);
        Facts::promotion("t1").drift(survey).refused_by(&RULE, "twice");
    }
}
