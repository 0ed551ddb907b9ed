//! An approval or trace of work on mappings that does not name the contract.

use super::shared::BRANCHES;
use super::shared::scoped_task;
use crate::change::File;
use crate::change::Need;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "contract-unreferenced",
    name: "Mapping work that does not name its contract",
    family: Family::Drift,
    summary: "An approval or trace of work on mappings that does not name the contract",
    docs: Docs {
        refuses: "A promoted task, or one that has an approval, that touches files of a `[[drift.mapping]]` while its `approval.md` does not name the contract's path; at the promotion some file of the trace beside it must name it too.",
        why: "Whoever approved and whoever reviewed must have had the contract before them.",
        example: "`src/mapping/order.ts` changed, and neither approval nor audit mention `.docs/reports/field-to-api-map.md`",
        fix: "Have the approval name the contract, and the audit or review say that it was held against it.",
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
    let Some(survey) = ctx.change.drift.as_deref() else { return Ok(Vec::new()) };
    let Some(task) = scoped_task(ctx) else { return Ok(Vec::new()) };
    let approval = match task.files.get(APPROVAL.as_bytes().as_bstr()) {
        Some(File::Content(bytes)) => bytes.as_slice(),
        _ => &[],
    };
    let mut found = Vec::new();
    for contract in survey.contracts.iter().filter(|contract| contract.mapped) {
        let name = quote_path(&contract.path);
        if memchr::memmem::find(approval, &contract.path).is_none() {
            let message = format!("the task touches mappings to {name}, which the approval does not name");
            let place = ctx.trace_path(task.name.as_bstr(), APPROVAL);
            let help = format!("have a person write into the approval that the work follows {name}");
            found.push(Violation::new(message, help).at(place).key(format!("approval {name}")));
        }
        if ctx.promoted_task().is_some() && !ctx.change.cites.contains(&contract.path) {
            let message = format!("the task touches mappings to {name}, which no audit or review of its trace names");
            let help = format!("hold the change against {name}, and say so in an audit or review of the trace");
            found.push(
                Violation::new(message, help).at(ctx.trace_path(task.name.as_bstr(), "")).key(format!("trace {name}")),
            );
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn work_on_mappings_names_its_contract_in_approval_and_trace() {
        let survey = || found([]).contract_is(|contract| contract.mapped = true);
        let facts = Facts::promotion("t1").touch("src/map.ts").drift(survey());
        assert_eq!(facts.check(&RULE).len(), 2);
        facts.clone().citing().refused_by(&RULE, "which the approval does not name");
        facts.clone().approval_with(&[]).refused_by(&RULE, MAP);
        facts.approval_with(&[]).citing().accepted_by(&RULE);
        Facts::promotion("t1").drift(found([])).accepted_by(&RULE);
    }

    #[test]
    fn a_task_branch_is_asked_of_its_approval_alone_once_it_has_one() {
        let survey = || found([]).contract_is(|contract| contract.mapped = true);
        Facts::task_push("t1").drift(survey()).accepted_by(&RULE);
        Facts::branch_push("topic").drift(survey()).accepted_by(&RULE);
        let facts = Facts::task_push("t1").drift(survey());
        facts
            .clone()
            .scope("- Runtime code changes\n  - `src/**`")
            .refused_by(&RULE, "which the approval does not name");
        facts.approval_with(&[]).accepted_by(&RULE);
    }
}
