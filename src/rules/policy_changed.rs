//! A change of the policy, the signers or a file that the policy owns.

use super::shared::BRANCHES;
use super::shared::in_commit;
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "policy-changed",
    name: "Change of the rules",
    family: Family::Policy,
    summary: "A change of the policy, the signers or a file that the policy owns",
    docs: Docs {
        refuses: "A path that a push to any branch touches, in the end or in any commit, and that is `refgate.toml`, lies in `.refgate/`, or matches `paths.owned`. Only the policy role may change these, and this version of refgate cannot verify its signature yet.",
        why: "Whoever can change the rules is bound by none.",
        example: "a commit that sets `direct-push = \"off\"` in `refgate.toml`",
        fix: "Take the path out of the change. An administrator sets the policy with `refgate install server --repo DIR --policy FILE --signers FILE`.",
        waiver: "The policy role's signature, once signatures have landed; until then an administrator sets the policy with `refgate install server --repo DIR --policy FILE`.",
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.change.bootstrap {
        // What a repository begins with is its own; policy-invalid looks at it.
        return Ok(Vec::new());
    }
    let owned = ctx.change.content.touched.iter().filter(|(path, _)| ctx.policy.is_owned(path.as_bstr()));
    let found = owned.map(|(path, touch)| {
        let message = format!("only the policy role may change this path{}", in_commit(ctx, touch));
        let help = "take it out of every commit; an administrator runs refgate install server --repo DIR --policy FILE";
        Violation::new(message, help).at(path.clone())
    });
    Ok(found.collect())
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
