//! A changed path that the approval explicitly forbids.

use super::shared::{approval, in_commit, scoped_paths, scoped_task};
use crate::change::Need;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "not-approved",
    name: "Change that was ruled out",
    family: Family::Scope,
    summary: "A changed path that the approval explicitly forbids",
    docs: Docs {
        refuses: "A path that the net change or any single commit of a task touches and that an entry under `## EXPLICITLY NOT APPROVED` covers, whatever the approved scope says.",
        why: "What a person ruled out stays out, however wide the scope beside it.",
        example: "approved: `src/**`; not approved: `src/auth/**`; changed: `src/auth/login.rs`",
        fix: "Take the path out of the change, from every commit: `git rebase -i`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Task, Class::Protected],
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(task) = scoped_task(ctx) else { return Ok(Vec::new()) };
    let Some(approval) = approval(task) else { return Ok(Vec::new()) };
    let place = ctx.trace_path(task.name.as_bstr(), APPROVAL);
    let found = scoped_paths(ctx).filter_map(|(path, touch)| {
        let entry = approval.not_approved.iter().find(|entry| entry.value.matches(path))?;
        let (place, line) = (quote_path(&place), entry.line);
        let message = format!("the path is explicitly not approved ({place}:{line}){}", in_commit(ctx, touch));
        Some(Violation::new(message, "take it out of every commit of the task: git rebase -i").at(path))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn task() -> Facts {
        Facts::task_push("t1").approval(
            "Task: t1\n\n## APPROVED SCOPE\n\n- Runtime code changes\n  - `src/**`\n\n\
             ## EXPLICITLY NOT APPROVED\n\n- `src/auth/**`\n- the login, like `src/login/**`\n",
        )
    }

    #[test]
    fn what_is_ruled_out_stays_out_however_wide_the_scope() {
        task().touch("src/a.rs").touch("src/authors/a.rs").accepted_by(&RULE);
        let found = task().touch("src/a.rs").touch("src/auth/login.rs").refused_by(&RULE, "explicitly not approved");
        assert!(
            found.words.message.contains("(.ai-stack-trace/t1/contract/approval.md:10)"),
            "{}",
            found.words.message
        );
        assert_eq!(found.path.unwrap(), "src/auth/login.rs");
    }

    #[test]
    fn backticks_in_prose_rule_nothing_out() {
        task().touch("src/login/a.rs").accepted_by(&RULE);
    }

    #[test]
    fn both_sides_of_a_rename_and_every_commit_count() {
        task().rename("src/auth/a.rs", "src/a.rs").refused_by(&RULE, "not approved");
        task().rename("src/a.rs", "src/auth/a.rs").refused_by(&RULE, "not approved");
        task().edit_and_revert("src/auth/a.rs").refused_by(&RULE, "a later one takes it back");
    }

    #[test]
    fn documentation_and_schema_can_be_ruled_out_too_and_the_trace_cannot() {
        task().touch("src/auth/README.md").touch("src/a.rs").refused_by(&RULE, "not approved");
        task().touch("src/auth/schema.json").refused_by(&RULE, "not approved");
        let all = "Task: t1\n\n## APPROVED SCOPE\n\nNONE\n\n## EXPLICITLY NOT APPROVED\n\n- `**`\n";
        Facts::task_push("t1").approval(all).touch(".ai-stack-trace/t1/plan.md").accepted_by(&RULE);
        Facts::task_push("t1").approval(all).touch(HOSTILE).refused_by(&RULE, "not approved");
    }

    #[test]
    fn without_an_approval_nothing_is_ruled_out() {
        Facts::promotion("t1").without("contract").touch("src/auth/a.rs").accepted_by(&RULE);
        Facts::branch_push("topic").touch("src/auth/a.rs").accepted_by(&RULE);
    }
}
