//! A change of the policy, the signers or a file that the policy owns.

use super::shared::BRANCHES;
use super::shared::in_commit;
use super::shared::signed::policy_change;
use crate::change::{Need, owned_changes};
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{Ctx, Docs, Family, Rule, Violation, Waiver};
use crate::statement::policy_change::PolicyChange;
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "policy-changed",
    name: "Change of the rules",
    family: Family::Policy,
    summary: "A change of the policy, the signers or a file that the policy owns",
    docs: Docs {
        refuses: "A path that a push to any branch touches, in the end or in any commit, and that is `refgate.toml`, lies in `.refgate/`, or matches `paths.owned`. Only the policy role may change these: a statement on `refs/refgate/policy/`, held by the server or in the same push, that its people signed for exactly this change of exactly these files lets it in.",
        why: "Whoever can change the rules is bound by none.",
        example: "a commit that sets `direct-push = \"off\"` in `refgate.toml`",
        fix: "Take the path out of the change, or let the policy role sign it: `refgate policy sign`. An administrator can also set the policy with `refgate install server --repo DIR --policy FILE --signers FILE`.",
        waiver: Waiver::PolicyRole,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Content, Need::Documents],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.change.bootstrap {
        // What a repository begins with is its own; policy-invalid looks at it.
        return Ok(Vec::new());
    }
    let signed = is_signed(ctx);
    let owned = ctx.change.content.touched.iter().filter(|(path, _)| ctx.policy.is_owned(path.as_bstr()));
    // The signature is on what stands there in the end, and so on nothing that a later commit takes back.
    let found = owned.filter(|(_, touch)| !(signed && touch.net.is_some())).map(|(path, touch)| {
        let message = format!("only the policy role may change this path{}", in_commit(ctx, touch));
        let help = "take it out of every commit, or let the policy role sign the change: refgate policy sign";
        Violation::new(message, help).at(path.clone())
    });
    Ok(found.collect())
}

/// Whether people of the policy role signed exactly this change.
fn is_signed(ctx: &Ctx<'_>) -> bool {
    let changes = owned_changes(ctx.policy, &ctx.change.content);
    let Some(target) = &ctx.change.target else { return false };
    // The branch that moves, or the one that the change will go to: it must stand where it stood at the signing.
    let goes =
        |statement: &PolicyChange| target.name == statement.target.as_str() && target.tip == statement.target_oid;
    let fits =
        |retained| policy_change(ctx, retained).is_ok_and(|statement| statement.changes == changes && goes(&statement));
    !changes.is_empty() && ctx.change.documents.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn the_policy_and_its_folder_are_the_policy_role_s() {
        for name in ["refs/heads/main", "refs/heads/autoTest/t1", "refs/heads/hotfix/a", "refs/heads/topic"] {
            for path in ["refgate.toml", ".refgate", ".refgate/allowed_signers", ".refgate/a/b"] {
                Facts::push(name).touch(path).refused_by(&RULE, "only the policy role may change this path");
                Facts::push(name).add(path).refused_by(&RULE, "only the policy role");
                Facts::push(name).remove(path).refused_by(&RULE, "only the policy role");
                Facts::push(name).edit_and_revert(path).refused_by(&RULE, "a later one takes it back");
            }
        }
    }

    #[test]
    fn lookalikes_are_anybody_s() {
        for path in
            ["refgate.tom", "refgate.toml.bak", "docs/refgate.toml", ".refgated/x", "src/.refgate/x", "README.md"]
        {
            Facts::branch_push("topic").touch(path).accepted_by(&RULE);
        }
    }

    #[test]
    fn the_policy_can_own_more() {
        let own = |policy: &mut crate::policy::Policy| {
            policy.paths.owned = [".github/**"].iter().map(|glob| glob.parse().unwrap()).collect();
        };
        let workflow = Facts::branch_push("topic").touch(".github/workflows/ci.yml");
        workflow.accepted_by(&RULE);
        workflow.under(own).refused_by(&RULE, "only the policy role");
        let renamed = Facts::branch_push("topic").rename(".github/a", "a").under(own);
        assert_eq!(renamed.paths(&RULE), [".github/a"]);
    }

    #[test]
    fn what_a_repository_begins_with_is_its_own() {
        Facts::branch_push("main").bootstrap(None).add("refgate.toml").accepted_by(&RULE);
    }
}
