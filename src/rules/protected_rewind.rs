//! A protected branch moved to a commit that does not contain its old tip.

use crate::change::Relation;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "protected-rewind",
    name: "Rewind of a protected branch",
    family: Family::Refs,
    summary: "A protected branch moved to a commit that does not contain its old tip",
    docs: Docs {
        refuses: "An update of a protected branch that is no fast forward: a rewind, a forced push, an unrelated history.",
        why: "History that others built on must not disappear.",
        example: "`git push --force origin main`",
        fix: "Take up the branch as it is (`git fetch`, then rebase or merge on the task branch) and promote again; to undo work, revert it in a task.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.is_stale() || ctx.action() != Action::Move || ctx.change.relation != Relation::Diverged {
        return Ok(Vec::new());
    }
    let (name, update) = (ctx.short_name(), &ctx.change.update);
    let message =
        format!("{name} cannot go from {} to {}, which does not contain it", update.old.short(), update.new.short());
    Ok(vec![Violation::new(
        message,
        format!(
            "git fetch origin\ngit merge origin/{name}   # on the task branch: it keeps the approval's base\nthen push the task branch and promote again"
        ),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_protected_branch_goes_forward_only() {
        Facts::branch_push("main").accepted_by(&RULE);
        let found = Facts::branch_push("main").diverged().refused_by(&RULE, "main cannot go from 0a0a0a0a0a0a to");
        assert!(found.words.help.contains("git fetch origin"), "{}", found.words.help);
        Facts::branch_push("release/1.0").diverged().refused_by(&RULE, "release/1.0 cannot go");
    }

    #[test]
    fn other_branches_and_other_updates_are_none_of_its_business() {
        Facts::branch_push("topic").diverged().accepted_by(&RULE);
        Facts::branch_push("main").diverged().kept().accepted_by(&RULE);
        Facts::branch_push("main").diverged().deleted().accepted_by(&RULE);
        Facts::branch_push("main").diverged().but_the_server_holds(None).accepted_by(&RULE);
    }
}
