//! A task that writes into the trace folder of another task.

use crate::change::{Need, WayKind};
use crate::error::Result;
use crate::escape::escape;
use crate::finding::Severity;
use crate::fold::fold;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "trace-foreign",
    name: "Trace of another task changed",
    family: Family::Provenance,
    summary: "A task that writes into the trace folder of another task",
    docs: Docs {
        refuses: "A path that a task touches, in the end or in any commit, below the trace folder of another, unfinished task, or in its place; and one that a hotfix touches below the folder of any, for it has no trace.",
        why: "Whoever can write another task's trace can approve, audit and finish it.",
        example: "`autoTest/a` adds `.ai-stack-trace/b/contract/APPROVED`",
        fix: "Take the path out of the change, from every commit.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Task, Class::Protected],
    needs: &[Need::Content, Need::Task, Need::Frozen],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let hotfix = ctx.change.way.as_ref().filter(|way| way.kind == WayKind::Hotfix);
    let own = match (&ctx.change.task, hotfix) {
        (Some(task), _) => Some(task.name.as_slice()),
        (None, Some(_)) => None,
        (None, None) => return Ok(Vec::new()),
    };
    let paths = ctx.change.content.touched.keys().filter(|path| !ctx.change.frozen.contains(*path));
    let found = paths.filter_map(|path| {
        let inside = ctx.policy.in_trace(path.as_bstr())?;
        let folder = inside.split_str("/").next()?;
        // A file at the top explains the folder, or stands where another task's trace should.
        let stem = folder.split_str(".").next().unwrap_or_default();
        let explains = folder == inside.as_bytes() && fold(stem).as_ref() == b"readme";
        (Some(folder) != own && !explains).then(|| {
            let whose = own.map_or("a hotfix has none".to_owned(), |own| format!("not of {}", escape(own)));
            let message = format!("the path belongs to the trace of task {}, {whose}", escape(folder));
            Violation::new(message, "take it out of every commit: git rebase -i").at(path.clone())
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_task_writes_into_its_own_trace_alone() {
        for push in [Facts::task_push("t1"), Facts::promotion("t1")] {
            let own = push.touch(".ai-stack-trace/t1/a").touch("src/a.rs").add(".ai-stack-trace/README");
            own.accepted_by(&RULE);
            let found = own.add(".ai-stack-trace/t2/contract/APPROVED");
            let found = found.refused_by(&RULE, "belongs to the trace of task t2, not of t1");
            assert_eq!(found.path.unwrap(), ".ai-stack-trace/t2/contract/APPROVED");
        }
    }

    #[test]
    fn every_commit_both_sides_of_a_rename_and_every_spelling_count() {
        Facts::task_push("t1").edit_and_revert(".ai-stack-trace/t2/a").refused_by(&RULE, "task t2");
        let moved = Facts::task_push("t1").rename(".ai-stack-trace/t2/a", ".ai-stack-trace/t1/a");
        assert_eq!(moved.paths(&RULE), [".ai-stack-trace/t2/a"]);
        Facts::task_push("t1").touch(".ai-stack-trace/T1/a").refused_by(&RULE, "task T1");
        Facts::task_push("t1").touch(".ai-stack-trace/t1 /a").refused_by(&RULE, "task t1 ");
        Facts::task_push("t1").touch(b".ai-stack-trace/\x1b\xff/a").refused_by(&RULE, r"task \033\377");
    }

    /// Else it could put there what a task needs to be finished.
    #[test]
    fn a_hotfix_writes_into_no_trace() {
        Facts::hotfix("a").touch("src/a.rs").accepted_by(&RULE);
        let found = Facts::hotfix("a").add(".ai-stack-trace/t1/final/status.json");
        found.refused_by(&RULE, "belongs to the trace of task t1, a hotfix has none");
        Facts::promotion_of_branch("topic").add(".ai-stack-trace/t1/a").accepted_by(&RULE);
    }

    #[test]
    fn only_a_readme_at_the_top_explains_the_folder() {
        Facts::task_push("t1").add(".ai-stack-trace/ReadMe.txt").accepted_by(&RULE);
        Facts::task_push("t1").add(".ai-stack-trace/t2").refused_by(&RULE, "task t2");
        Facts::task_push("t1").add(".ai-stack-trace/readme-task/a").refused_by(&RULE, "task readme-task");
    }

    #[test]
    fn finished_tasks_and_branches_of_no_task_have_other_rules() {
        Facts::task_push("t1").frozen(".ai-stack-trace/old/a").accepted_by(&RULE);
        Facts::branch_push("topic").touch(".ai-stack-trace/t2/a").accepted_by(&RULE);
    }
}
