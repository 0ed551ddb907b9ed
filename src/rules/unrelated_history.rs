//! A task branch that shares no first-parent history with its target.

use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::git::ObjectKind;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "unrelated-history",
    name: "Task without a base",
    family: Family::Refs,
    summary: "A task branch that shares no first-parent history with its target",
    docs: Docs {
        refuses: "A task branch whose first-parent chain ends before it meets a commit of its target: an orphan branch, or one that a merge turned around.",
        why: "Without a base nobody can say what the task changes, and no approval can name where it starts.",
        example: "`git checkout --orphan x && git push origin HEAD:refs/heads/autoTest/x`",
        fix: "Start the branch from the target: `git switch --no-track -c autoTest/<task> origin/main`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Task, Class::Protected],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(target) = &ctx.change.target else { return Ok(Vec::new()) };
    let whole = ctx.change.class == Class::Task || ctx.change.way.is_some();
    let judged = whole && !ctx.is_stale() && matches!(ctx.action(), Action::Create | Action::Move);
    let commit = matches!(ctx.change.object, Some((ObjectKind::Commit, _)));
    if !judged || !commit || ctx.change.base.is_some() {
        return Ok(Vec::new());
    }
    let source = ctx.change.way.as_ref().map_or(&ctx.change.update.name, |way| &way.source);
    let branch = quote_path(source.strip_prefix(b"refs/heads/").unwrap_or(source));
    let message = format!("{branch} does not start from a commit of {}", quote_path(&target.name));
    let from = quote_path(target.name.strip_prefix(b"refs/heads/").unwrap_or(&target.name));
    let help = format!(
        "git switch --no-track -c {}<new task> origin/{from}\nthen cherry-pick the work",
        ctx.policy.task_prefix
    );
    Ok(vec![Violation::new(message, help)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_task_starts_from_its_target() {
        Facts::task_push("t1").accepted_by(&RULE);
        let found =
            Facts::task_push("t1").base(None).refused_by(&RULE, "does not start from a commit of refs/heads/main");
        assert_eq!(
            found.words.help,
            "git switch --no-track -c autoTest/<new task> origin/main\nthen cherry-pick the work"
        );
        Facts::task_push("t1").created().base(None).refused_by(&RULE, "autoTest/t1 does not start");
    }

    #[test]
    fn a_promoted_task_started_from_its_target_too() {
        Facts::promotion("t1").accepted_by(&RULE);
        Facts::promotion("t1").base(None).refused_by(&RULE, "autoTest/t1 does not start from a commit of");
        Facts::promotion_of_branch("topic").base(None).refused_by(&RULE, "topic does not start from a commit of");
        Facts::branch_push("main").base(None).accepted_by(&RULE);
    }

    #[test]
    fn without_a_target_or_a_commit_there_is_nothing_to_start_from() {
        Facts::task_push("t1").base(None).without_target().accepted_by(&RULE);
        Facts::task_push("t1").base(None).naming(ObjectKind::Tree).accepted_by(&RULE);
        Facts::task_push("t1").base(None).deleted().accepted_by(&RULE);
        Facts::task_push("t1").base(None).kept().accepted_by(&RULE);
        Facts::task_push("t1").base(None).but_the_server_holds(None).accepted_by(&RULE);
        Facts::branch_push("topic").base(None).accepted_by(&RULE);
    }
}
