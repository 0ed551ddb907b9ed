//! A promoted task whose approval nobody signed.

use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "approval-unsigned",
    name: "Approval without a signature",
    family: Family::Provenance,
    summary: "A promoted task whose approval nobody signed",
    docs: Docs {
        refuses: "The promotion of a task: this version of refgate verifies no signature, so every approval counts as unsigned. The rule only reports (`evaluate`) until signatures land.",
        why: "An approval that the restrained party can write itself restrains nobody.",
        example: "any promotion today",
        fix: "Nothing yet; until then the gate is advisory against a party that can write its own approval.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Evaluate,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(task) = ctx.promoted_task() else { return Ok(Vec::new()) };
    let message = "the approval is not signed: whoever wrote the change could have written it too";
    let help = "nothing to do yet: this version of refgate verifies no signatures";
    Ok(vec![Violation::new(message, help).at(ctx.trace_path(task.name.as_bstr(), APPROVAL))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn every_promotion_of_a_task_s_work_is_reported_and_nothing_else() {
        let found = Facts::promotion("t1").touch("src/a.rs").refused_by(&RULE, "the approval is not signed");
        assert_eq!(found.path.unwrap(), ".ai-stack-trace/t1/contract/approval.md");
        Facts::promotion("t1").touch("docs/a.md").accepted_by(&RULE);
        Facts::promotion_of_branch("topic").touch("src/a.rs").accepted_by(&RULE);
        Facts::task_push("t1").touch("src/a.rs").accepted_by(&RULE);
    }

    #[test]
    fn it_only_reports_until_signatures_are_verified() {
        assert_eq!(RULE.severity, Severity::Evaluate);
    }
}
