//! A promotion that brings a merge of more than two.

use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "octopus",
    name: "Merge of more than two",
    family: Family::Promotion,
    summary: "A promotion that brings a merge of more than two",
    docs: Docs {
        refuses: "A protected branch that moves forward by a commit with more than two parents, or brings one along that no protected branch has yet.",
        why: "Nobody can say what the clean merge of three would be, so nobody can say what such a commit adds.",
        example: "`git merge autoTest/a autoTest/b` on main",
        fix: "Merge one branch after the other, each by a commit of its own.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let octopus = ctx.change.content.octopus.filter(|_| ctx.is_promotion());
    let told = |octopus: crate::oid::Oid| {
        let message = format!("commit {} merges more than two, and an octopus is never promoted", octopus.short());
        Violation::new(message, "merge one branch after the other, each by a commit of its own")
    };
    Ok(octopus.map(told).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn an_octopus_is_never_promoted() {
        let task = || Facts::promotion("t1").touch("src/a.rs");
        task().accepted_by(&RULE);
        task().by_merge(&[], &[]).accepted_by(&RULE);
        let found = task().octopus().refused_by(&RULE, "commit 2c2c2c2c2c2c merges more than two");
        assert!(found.words.help.contains("one branch after the other"), "{}", found.words.help);
        task().octopus().by_merge(&[], &[]).refused_by(&RULE, "an octopus is never promoted");
        Facts::branch_push("main").octopus().refused_by(&RULE, "an octopus is never promoted");
        Facts::step("develop", "staging").octopus().refused_by(&RULE, "an octopus is never promoted");
    }

    #[test]
    fn what_is_no_promotion_may_be_one() {
        Facts::task_push("t1").octopus().accepted_by(&RULE);
        for push in [Facts::promotion("t1").octopus().diverged(), Facts::promotion("t1").octopus().deleted()] {
            push.accepted_by(&RULE);
        }
    }
}
