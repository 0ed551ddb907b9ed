//! A ref below refs/refgate/.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "server-ref",
    name: "refgate's own refs",
    family: Family::Refs,
    summary: "A ref below refs/refgate/",
    docs: Docs {
        refuses: "Creating, moving or deleting a ref below `refs/refgate/`. The ledger and the evidence are written by the server alone; overrides and checks are signed statements, which this version cannot verify yet.",
        why: "What these refs hold decides about others, so nothing unverified may stand there.",
        example: "`git push origin HEAD:refs/refgate/ledger`",
        fix: "Leave the ref out of the push.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Refgate],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let name = &ctx.change.update.name;
    let signed =
        [&b"refs/refgate/overrides/"[..], b"refs/refgate/checks/"].iter().any(|folder| name.starts_with(folder));
    let message = if signed {
        format!("{} would hold a signed statement, and this version of refgate verifies none yet", ctx.ref_name())
    } else {
        format!("{} is written by the server alone", ctx.ref_name())
    };
    Ok(vec![Violation::new(message, "leave refs/refgate/ out of the push")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn nothing_below_refgate_s_own_folder_is_pushed() {
        for name in ["refs/refgate/ledger", "refs/refgate/evidence/abc", "refs/refgate/x", "refs/refgate/checks"] {
            let push = Facts::push(name);
            for push in [push.clone(), push.clone().created(), push.deleted()] {
                push.refused_by(&RULE, "is written by the server alone");
            }
        }
        for name in ["refs/refgate/overrides/1", "refs/refgate/checks/a/b/c"] {
            Facts::push(name).refused_by(&RULE, "would hold a signed statement");
        }
    }

    #[test]
    fn other_refs_are_free_of_it() {
        for name in ["refs/heads/refgate/ledger", "refs/refgated/x", "refs/tags/refgate", "refs/foo/bar"] {
            Facts::push(name).accepted_by(&RULE);
        }
    }
}
