//! A signed document that does not hold.

use super::shared::signed::{check as check_statement, policy_change, withdrawal};
use crate::change::Retained;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};
use crate::statement::place::Place;
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "statement-invalid",
    name: "Signed statement that does not hold",
    family: Family::Signatures,
    summary: "A check result, a withdrawal or the policy role's word that is not what it must be",
    docs: Docs {
        refuses: "Creating a ref below `refs/refgate/checks/`, `refs/refgate/withdrawals/` or `refs/refgate/policy/` behind which no valid document of that kind stands: one commit without parents, the document, its signatures and what it retains; signed by people of the role, for this repository, in its own namespace; standing where its content belongs.",
        why: "These documents let changes in, so nothing stands there that nobody vouches for.",
        example: "a check statement signed by a key that is not in the check role",
        fix: "Make it with the command that belongs to it: `refgate attest`, `refgate approve TASK --withdraw --reason TEXT`, `refgate policy sign`.",
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
    let Some(retained) = ctx.change.statement.as_deref() else { return Ok(Vec::new()) };
    let Some(place) = Place::parse(ctx.change.update.name.as_bstr()) else { return Ok(Vec::new()) };
    Ok(look(ctx, &place, retained).into_iter().collect())
}

fn look(ctx: &Ctx<'_>, place: &Place, retained: &Retained) -> Option<Violation> {
    let (what, looked, help) = match place {
        Place::Override { .. } => return None,
        Place::Check { .. } => (
            "the check statement",
            check_statement(ctx, retained).map(|_| ()),
            "make it anew: refgate attest --check NAME",
        ),
        Place::PolicyChange { .. } => (
            "the statement on the rules",
            policy_change(ctx, retained).map(|_| ()),
            "make it anew: refgate policy sign --reason TEXT",
        ),
        Place::Withdrawal { .. } => (
            "the withdrawal",
            withdrawal(ctx, retained).map(|_| ()),
            "make it anew: refgate approve TASK --withdraw --reason TEXT",
        ),
    };
    let name = quote_path(&ctx.change.update.name);
    let help = format!("{help}; then, in the clone that pushes it, take this one away: git update-ref -d {name}");
    looked.err().map(|why| Violation::new(format!("{what} does not count: {why}"), help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    const ID: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

    fn places() -> [(String, &'static str); 3] {
        let (tree, digest) = ("7e".repeat(20), "ab".repeat(32));
        [
            (format!("refs/refgate/checks/{tree}/tests/{ID}"), "the check statement"),
            (format!("refs/refgate/policy/{digest}/{ID}"), "the statement on the rules"),
            (format!("refs/refgate/withdrawals/{digest}/{ID}"), "the withdrawal"),
        ]
    }

    #[test]
    fn what_is_no_document_is_refused_with_the_reason() {
        for (name, what) in places() {
            let push = || Facts::push(name.as_str()).created();
            push().retaining_nothing("is a commit with parents").refused_by(&RULE, "is a commit with parents");
            push().retaining(&[], &[]).refused_by(&RULE, what);
            push().retaining(&[("statement.json", b"{}"), ("envelope.json", b"{}")], &[]).refused_by(&RULE, what);
            push().retaining(&[("statement.json", b"{}")], &[]).refused_by(&RULE, what);
            push().retaining(&[("envelope.json", b"{}")], &[]).refused_by(&RULE, what);
        }
    }

    #[test]
    fn other_refs_are_other_rules_business() {
        Facts::push(format!("refs/refgate/overrides/{ID}")).created().retaining(&[], &[]).accepted_by(&RULE);
        Facts::push("refs/refgate/ledger").created().accepted_by(&RULE);
    }
}
