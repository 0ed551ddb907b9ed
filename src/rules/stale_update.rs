//! An update that starts from another value than the server holds.

use super::shared::ALL_CLASSES;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "stale-update",
    name: "Update from a value that is not there",
    family: Family::Refs,
    summary: "An update that starts from another value than the server holds",
    docs: Docs {
        refuses: "An update whose old value is not the ref's value on the server.",
        why: "What a push says of the server is a claim; judged is what the server holds.",
        example: "a hand-made push that calls an existing branch new",
        fix: "`git fetch origin`, then push again.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: ALL_CLASSES,
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if !ctx.is_stale() {
        return Ok(Vec::new());
    }
    let says = ctx.change.update.old;
    let holds = ctx.change.held.map_or("nothing there".to_owned(), |oid| oid.short());
    let says = if says.is_zero() { "nothing there".to_owned() } else { says.short() };
    let message = format!("{}: the push starts from {says}, the server has {holds}", ctx.ref_name());
    Ok(vec![Violation::new(message, "git fetch origin, then push again")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn an_update_starts_from_what_the_server_holds() {
        Facts::branch_push("topic").accepted_by(&RULE);
        Facts::branch_push("topic").created().accepted_by(&RULE);
        Facts::branch_push("topic").deleted().accepted_by(&RULE);
        let about = "starts from 0a0a0a0a0a0a, the server has 1b1b1b1b1b1b";
        Facts::branch_push("topic").but_the_server_holds(Some(NEW)).refused_by(&RULE, about);
        let about = "starts from 0a0a0a0a0a0a, the server has nothing there";
        Facts::branch_push("topic").but_the_server_holds(None).refused_by(&RULE, about);
        let about = "starts from nothing there, the server has 0a0a0a0a0a0a";
        Facts::branch_push("topic").created().but_the_server_holds(Some(OLD)).refused_by(&RULE, about);
    }

    #[test]
    fn refs_of_every_kind_are_held_to_it() {
        for name in ["refs/heads/main", "refs/tags/v1", "refs/foo/bar", "refs/refgate/ledger", "refs/notes/a"] {
            Facts::push(name).deleted().but_the_server_holds(None).refused_by(&RULE, name);
        }
    }
}
