//! An emergency branch without the label that a policy signer signed.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "emergency-label",
    name: "Emergency branch without a signed label",
    family: Family::Refs,
    summary: "An emergency branch without the label that a policy signer signed",
    docs: Docs {
        refuses: "Creating or moving an emergency branch (`hotfix/*`). An emergency waives provenance and scope, which only a signed override does: this version knows no other label.",
        why: "An emergency waives provenance and scope, so a person must have said so, verifiably.",
        example: "`git push origin hotfix/login`",
        fix: "Take the fix through a task branch, or let a person of the override role sign for this push.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Emergency],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.action() == Action::Delete {
        return Ok(Vec::new());
    }
    let name = ctx.short_name();
    let message = format!("{name} is an emergency branch, and no signed label allows it");
    let help = format!(
        "use a task branch: git push origin HEAD:refs/heads/{}<task>\n\
         or let another person sign for this push: refgate override request",
        ctx.policy.task_prefix
    );
    Ok(vec![Violation::new(message, help)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn an_emergency_branch_is_free_to_be_deleted_only() {
        Facts::branch_push("hotfix/a").refused_by(&RULE, "no signed label allows it");
        Facts::branch_push("hotfix/a").created().refused_by(&RULE, "hotfix/a is an emergency branch");
        Facts::branch_push("hotfix/a").deleted().accepted_by(&RULE);
    }

    #[test]
    fn other_branches_need_no_label() {
        for branch in ["hotfix", "Hotfix/a", "topic", "autoTest/hotfix"] {
            Facts::branch_push(branch).accepted_by(&RULE);
        }
        let sos = |policy: &mut crate::policy::Policy| policy.emergency_prefix = "sos/".into();
        Facts::branch_push("hotfix/a").under(sos).accepted_by(&RULE);
        Facts::branch_push("sos/a").under(sos).refused_by(&RULE, "sos/a");
    }
}
