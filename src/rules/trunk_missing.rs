//! A branch or tag pushed or deleted while the trusted branch does not exist.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "trunk-missing",
    name: "Push before the trusted branch exists",
    family: Family::Refs,
    summary: "A branch or tag pushed or deleted while the trusted branch does not exist",
    docs: Docs {
        refuses: "Creating, moving or deleting any other branch or tag while the server does not hold the trusted branch: there is nothing that a change could be held against, nor a policy that says which branches are protected.",
        why: "Until the trusted branch stands, nobody can say what a change is, and whatever comes in would be taken for old later.",
        example: "`git push origin topic` as the first push into an empty server",
        fix: "Push the trusted branch first, alone; its first push is let in once. On a server that has branches but not the trusted one, an administrator names another with `refgate install server --repo DIR --trusted-ref BRANCH`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Task, Class::Emergency, Class::Branch, Class::Tag],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.action() == Action::Keep || ctx.push.refs.contains_key(&ctx.policy.trunk) {
        return Ok(Vec::new());
    }
    let trunk = ctx.trunk();
    let message = match ctx.action() {
        Action::Delete => format!("{} cannot go while {trunk} is missing, which this server trusts", ctx.ref_name()),
        _ => format!("{} cannot come before {trunk}, which this server trusts and does not hold yet", ctx.ref_name()),
    };
    Ok(vec![Violation::new(
        message,
        format!(
            "git push origin {trunk}\nthen push the others; or an administrator names another default branch: refgate install server --repo DIR --trusted-ref BRANCH"
        ),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn the_trusted_branch_comes_first() {
        Facts::branch_push("topic").created().accepted_by(&RULE);
        let found =
            Facts::branch_push("topic").created().on_an_empty_server().refused_by(&RULE, "cannot come before main");
        assert!(
            found.words.help.starts_with("git push origin main\nthen push the others; or an administrator"),
            "{}",
            found.words.help
        );
        Facts::tag_push("v1").on_an_empty_server().refused_by(&RULE, "refs/tags/v1");
        Facts::branch_push("topic").deleted().on_an_empty_server().refused_by(&RULE, "cannot go while main is missing");
    }
}
