//! Work added to a task that is finished already.

use crate::change::Need;
use crate::error::Result;
use crate::escape::{escape, quote_path};
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "task-finished",
    name: "Task that is finished already",
    family: Family::Provenance,
    summary: "Work added to a task that is finished already",
    docs: Docs {
        refuses: "A push to a task branch, or a promotion from one, that changes anything while the task's `final/status.json` stands on the protected branch already, in any spelling of its name; and one that adds a commit while it stands on any protected branch.",
        why: "An approval covers the work that a person saw, once; whatever comes later would hide behind it.",
        example: "one more commit on `autoTest/login` after its promotion",
        fix: "Start a task of its own, with its own approval: `refgate task start <task>`.",
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
    let (Some(task), Some(branch)) = (&ctx.change.task, &ctx.change.finished) else { return Ok(Vec::new()) };
    if ctx.change.content.touched.is_empty() {
        return Ok(Vec::new());
    }
    let (name, branch) = (escape(&task.name), quote_path(branch));
    let message = format!("task {name} is finished on {branch} already");
    Ok(vec![Violation::new(message, "start a task of its own: refgate task start <task>")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_finished_task_takes_no_more_work() {
        for facts in [Facts::task_push("t1"), Facts::promotion("t1")] {
            facts.clone().touch("src/a.rs").accepted_by(&RULE);
            facts.clone().finished().accepted_by(&RULE);
            let found = facts.touch("src/a.rs").finished().refused_by(&RULE, "task t1 is finished on refs/heads/main");
            assert_eq!(found.words.help, "start a task of its own: refgate task start <task>");
        }
    }
}
