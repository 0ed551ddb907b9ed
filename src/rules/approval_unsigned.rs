//! A promoted task whose approval nobody could sign.

use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::roles::RoleName;
use crate::provenance::task::APPROVAL;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "approval-unsigned",
    name: "Approval without a signature",
    family: Family::Provenance,
    summary: "A promoted task where the policy names nobody who may approve",
    docs: Docs {
        refuses: "The promotion of a task under a policy that does not fill the role `approve`: then any approval counts, whoever wrote it. Once the role is filled, `approval-signature` holds approvals to it.",
        why: "An approval that the restrained party can write itself restrains nobody.",
        example: "any promotion under the built-in policy",
        fix: "Name the approvers in the policy (`[roles.approve]`) and their keys in the signers' file, and let them sign: `refgate approve TASK`.",
        waiver: NEVER,
    },
    severity: Severity::Evaluate,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let nobody = !ctx.policy.signing.roles.contains_key(&RoleName::Approve);
    let Some(task) = ctx.promoted_task().filter(|_| nobody) else { return Ok(Vec::new()) };
    let message = "the policy names nobody who may approve, so whoever wrote the change could have written this too";
    let help = "an administrator fills [roles.approve] in the policy and names the keys in the signers' file";
    Ok(vec![Violation::new(message, help).at(ctx.trace_path(task.name.as_bstr(), APPROVAL))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn every_promotion_of_a_task_s_work_is_reported_and_nothing_else() {
        let found =
            Facts::promotion("t1").touch("src/a.rs").refused_by(&RULE, "the policy names nobody who may approve");
        assert_eq!(found.path.unwrap(), ".ai-stack-trace/t1/contract/approval.md");
        Facts::promotion("t1").touch("docs/a.md").accepted_by(&RULE);
        Facts::promotion_of_branch("topic").touch("src/a.rs").accepted_by(&RULE);
        Facts::task_push("t1").touch("src/a.rs").accepted_by(&RULE);
    }

    #[test]
    fn it_only_reports() {
        assert_eq!(RULE.severity, Severity::Evaluate);
    }
}
