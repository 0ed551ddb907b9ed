//! A protected branch deleted.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "protected-deletion",
    name: "Deletion of a protected branch",
    family: Family::Refs,
    summary: "A protected branch deleted",
    docs: Docs {
        refuses: "Every deletion of a protected branch, whoever wants it.",
        why: "A deleted branch takes the record of what was promoted with it, finished traces too, and the trusted one the policy; what is pushed under its name afterwards is held against nothing.",
        example: "`git push origin :main`",
        fix: "Leave the branch; to retire it, an administrator takes it out of the policy first.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.action() != Action::Delete {
        return Ok(Vec::new());
    }
    let message = format!("{} is protected and cannot be deleted", ctx.short_name());
    Ok(vec![Violation::new(message, "leave it; an administrator can take it out of branches.protected first")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn only_deletions_and_only_of_protected_branches_are_refused() {
        Facts::branch_push("main").deleted().refused_by(&RULE, "main is protected");
        Facts::branch_push("release/1.0").deleted().refused_by(&RULE, "release/1.0 is protected");
        Facts::branch_push("main").accepted_by(&RULE);
        Facts::branch_push("main").created().accepted_by(&RULE);
        Facts::branch_push("topic").deleted().accepted_by(&RULE);
        Facts::branch_push("release").deleted().accepted_by(&RULE);
    }

    #[test]
    fn a_deletion_from_a_false_old_value_is_a_deletion_too() {
        Facts::branch_push("main").deleted().but_the_server_holds(Some(NEW)).refused_by(&RULE, "cannot be deleted");
    }
}
