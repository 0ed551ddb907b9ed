//! A ref below refs/refgate/.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};
use crate::statement::place::Place;
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "server-ref",
    name: "refgate's own refs",
    family: Family::Refs,
    summary: "A ref below refs/refgate/",
    docs: Docs {
        refuses: "Creating, moving or deleting a ref below `refs/refgate/`, but for the creation of a signed statement at its own place: `overrides/<id>`, `checks/<tree>/<check>/<id>`, `policy/<digest>/<id>`, `withdrawals/<digest>/<id>`. What stands there once is never moved; everything else is written by the server alone.",
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
    let help = "leave refs/refgate/ out of the push, but for new statements at their own places";
    let message = match (Place::parse(ctx.change.update.name.as_bstr()), ctx.action()) {
        (Some(_), Action::Create) if !ctx.is_stale() => return Ok(Vec::new()),
        (Some(_), _) => format!("{} holds a signed statement, which is made once and never moved", ctx.ref_name()),
        (None, _) => format!("{} is written by the server alone, or the place of no statement", ctx.ref_name()),
    };
    Ok(vec![Violation::new(message, help)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn what_is_no_place_of_a_statement_is_the_server_s() {
        for name in ["refs/refgate/ledger", "refs/refgate/evidence/abc", "refs/refgate/x", "refs/refgate/checks/a/b/c"]
        {
            let push = Facts::push(name);
            for push in [push.clone(), push.clone().created(), push.deleted()] {
                push.refused_by(&RULE, "is written by the server alone");
            }
        }
    }

    #[test]
    fn a_statement_is_made_once() {
        let push = Facts::push(format!("refs/refgate/overrides/{}", "0f".repeat(16)));
        push.clone().created().accepted_by(&RULE);
        for push in
            [push.clone(), push.clone().kept(), push.clone().deleted(), push.created().but_the_server_holds(Some(OLD))]
        {
            push.refused_by(&RULE, "is made once and never moved");
        }
    }

    #[test]
    fn other_refs_are_free_of_it() {
        for name in ["refs/heads/refgate/ledger", "refs/refgated/x", "refs/tags/refgate", "refs/foo/bar"] {
            Facts::push(name).accepted_by(&RULE);
        }
    }
}
