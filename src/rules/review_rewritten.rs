//! Audit or review artifacts that were pushed and are dropped or rewritten.

use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "review-rewritten",
    name: "Audit or review rewritten",
    family: Family::Provenance,
    summary: "Audit or review artifacts that were pushed and are dropped or rewritten",
    docs: Docs {
        refuses: "A push to a task branch whose new tip lacks, or has in another version, a file that its old tip held in one of the required artifact folders, under a name that does not begin with a dot.",
        why: "A review that can be exchanged until it pleases is no review.",
        example: "a second push in which `codex/audit/report.md` reads differently",
        fix: "Leave the artifact as it was and add another one beside it.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Evaluate,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Task],
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(task) = &ctx.change.task else { return Ok(Vec::new()) };
    let found = task.rewritten.iter().map(|path| {
        Violation::new(
            "the artifact was pushed before and is dropped or rewritten",
            "restore it, and add a new one beside it",
        )
        .at(path.clone())
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_review_that_was_pushed_stays_as_it_was() {
        Facts::task_push("t1").touch(".ai-stack-trace/t1/codex/audit/second.md").accepted_by(&RULE);
        let path = ".ai-stack-trace/t1/codex/audit/report.md";
        let found = Facts::task_push("t1").rewriting(path).refused_by(&RULE, "is dropped or rewritten");
        assert_eq!(found.path.unwrap(), path);
        assert_eq!(Facts::task_push("t1").rewriting(path).rewriting(HOSTILE).paths(&RULE).len(), 2);
    }

    #[test]
    fn it_only_reports_and_only_on_task_branches() {
        assert_eq!(RULE.severity, Severity::Evaluate);
        Facts::promotion("t1").rewriting("a").accepted_by(&RULE);
        Facts::branch_push("topic").accepted_by(&RULE);
    }
}
