//! A change in the trace folder of a task that is finished.

use super::shared::BRANCHES;
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "trace-frozen",
    name: "Finished trace changed",
    family: Family::Provenance,
    summary: "A change in the trace folder of a task that is finished",
    docs: Docs {
        refuses: "A path added, changed, moved or removed, in the end or in any commit, below the folder of a task whose `final/status.json` stands on a protected branch, in any spelling of the folder or the task.",
        why: "The record of what was promoted is evidence, and evidence is not edited afterwards.",
        example: "`git rm -r .ai-stack-trace/old-task`",
        fix: "Take the path out of the change, from every commit; what must be added goes into the trace of the current task.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Content, Need::Frozen],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let found = ctx.change.frozen.iter().map(|path| {
        let help = "take it out of every commit (git rebase -i); notes go into the current task's folder";
        Violation::new("the path belongs to the trace of a task that is finished", help).at(path.clone())
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn the_trace_of_a_finished_task_stays() {
        for push in [
            Facts::branch_push("topic"),
            Facts::task_push("t1"),
            Facts::promotion("t1"),
            Facts::branch_push("hotfix/a"),
        ] {
            push.clone().touch(".ai-stack-trace/t1/plan.md").accepted_by(&RULE);
            let found =
                push.frozen(".ai-stack-trace/old/final/status.json").refused_by(&RULE, "a task that is finished");
            assert_eq!(found.path.unwrap(), ".ai-stack-trace/old/final/status.json");
        }
    }

    #[test]
    fn each_path_is_told() {
        let push = Facts::branch_push("topic").frozen(".ai-stack-trace/old/a").frozen(HOSTILE);
        assert_eq!(push.paths(&RULE).len(), 2);
    }
}
