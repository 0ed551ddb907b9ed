//! A contract/approval.md that cannot be read, is for another task, or contradicts the change.

use crate::change::Need;
use crate::change::{File, Task};
use crate::error::Result;
use crate::escape::escape;
use crate::finding::Severity;
use crate::oid::Oid;
use crate::policy::Class;
use crate::provenance::approval::{Approval, Approver, Problem};
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "approval-invalid",
    name: "Approval that does not hold",
    family: Family::Provenance,
    summary: "A contract/approval.md that cannot be read, is for another task, or contradicts the change",
    docs: Docs {
        refuses: "The promotion of a task whose `contract/approval.md` has no `Task:` line or another task's, no `## APPROVED SCOPE`, an entry that is no path or glob, stands under no heading or has an open check box; or whose `Repository:`, `Base SHA:`, `Date:` or approver, where they are given, do not hold.",
        why: "An approval that can be read in two ways approves what nobody meant.",
        example: "`Task: other-task`, or `- `src/[`` under no heading",
        fix: "A person mends the approval on the task branch.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(task) = ctx.promoted_task() else { return Ok(Vec::new()) };
    let Some(file) = task.files.get(APPROVAL.as_bytes().as_bstr()) else { return Ok(Vec::new()) };
    let path = ctx.trace_path(task.name.as_bstr(), APPROVAL);
    let problems = match file {
        File::Content(bytes) => problems(ctx, task, &Approval::parse(bytes)),
        File::NotAFile(mode) => vec![whole(format!("the approval is {}", mode.name()))],
        File::TooLarge => vec![whole("the approval is larger than limits.blob_bytes".into())],
    };
    // Numbered, so that neither wording nor lines are part of a finding's identity.
    let found = problems.into_iter().enumerate().map(|(number, problem)| {
        let violation = Violation::new(problem.message, problem.help).at(path.clone()).key(number.to_string());
        if problem.line > 0 { violation.line(problem.line) } else { violation }
    });
    Ok(found.collect())
}

fn whole(message: String) -> Problem {
    Problem { line: 0, message, help: "a person writes the approval again, as a plain Markdown file".into() }
}

fn problems(ctx: &Ctx<'_>, task: &Task, approval: &Approval) -> Vec<Problem> {
    let mut problems = approval.problems.clone();
    let mut add = |line: u32, message: String, help: String| problems.push(Problem { line, message, help });
    let name = escape(&task.name);
    match &approval.task {
        None => add(0, "the approval does not say which task it is for".into(), format!("add the line: Task: {name}")),
        Some(line) if line.value.as_bytes() != task.name.as_bytes() => {
            let other = escape(line.value.as_bytes());
            add(
                line.line,
                format!("the approval is for task {other}, and this is {name}"),
                format!("write: Task: {name}"),
            );
        }
        Some(_) => {}
    }
    if approval.scope.is_none() {
        add(0, "the approval has no approved scope".into(), "add the section ## APPROVED SCOPE".into());
    }
    if let (Some(line), Some(expected)) = (&approval.repository, &ctx.policy.repository)
        && line.value != *expected
    {
        let (other, expected) = (escape(line.value.as_bytes()), escape(expected.as_bytes()));
        add(
            line.line,
            format!("the approval is for repository {other}, and this is {expected}"),
            format!("write: Repository: {expected}"),
        );
    }
    if let Some(line) = &approval.base {
        let base = ctx.change.base.filter(|base| Oid::is_abbreviation(&line.value) && base.has_prefix(&line.value));
        if base.is_none() {
            let expected = ctx.change.base.map_or("<base>".to_owned(), |base| base.to_string());
            add(line.line, "the base is not where this change begins".into(), format!("write: Base SHA: {expected}"));
        }
    }
    if let Some(line) = &approval.date
        && let Some(problem) = date_problem(ctx, &line.value)
    {
        add(line.line, problem, "write the day of the approval: Date: YYYY-MM-DD".into());
    }
    if let Some(Approver::Unnamed { line }) = approval.approver {
        add(
            line,
            "the section HUMAN APPROVAL names nobody".into(),
            "the person who approves writes: Name: <name>".into(),
        );
    }
    problems
}

/// A day may have begun elsewhere already: UTC+14 is the earliest zone.
fn date_problem(ctx: &Ctx<'_>, text: &str) -> Option<String> {
    let Ok(date) = jiff::civil::Date::strptime("%Y-%m-%d", text) else {
        return Some(format!("{} is no date", escape(text.as_bytes())));
    };
    let latest = ctx.now.checked_add(jiff::SignedDuration::from_hours(14)).unwrap_or(ctx.now);
    let today = jiff::tz::Offset::UTC.to_datetime(latest).date();
    (date > today).then(|| format!("the approval is dated {date}, which is still to come"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn approved(head: &str) -> Facts {
        let scope = "## APPROVED SCOPE\n\n- Runtime code changes\n  - `src/**`\n";
        Facts::promotion("t1").touch("src/a.rs").approval(format!("{head}\n\n{scope}"))
    }

    #[test]
    fn an_approval_of_this_task_holds() {
        Facts::promotion("t1").touch("src/a.rs").accepted_by(&RULE);
        approved("Task: t1\nRepository: any\nBase SHA: 0a0a0a0\nDate: 2026-11-21").accepted_by(&RULE);
        approved(&format!("Task: t1\nBase SHA: {}", oid(OLD))).accepted_by(&RULE);
    }

    #[test]
    fn the_task_is_named_and_is_this_one() {
        approved("").refused_by(&RULE, "does not say which task it is for");
        let found = approved("Task: other").refused_by(&RULE, "for task other, and this is t1");
        assert_eq!((found.line, found.words.help.as_str()), (Some(1), "write: Task: t1"));
        approved("Task: T1").refused_by(&RULE, "for task T1");
        approved("Task: t1\u{430}").refused_by(&RULE, r"t1\320\260");
    }

    #[test]
    fn the_scope_is_there() {
        let found =
            Facts::promotion("t1").touch("src/a.rs").approval("Task: t1\n").refused_by(&RULE, "no approved scope");
        assert_eq!(found.line, None);
        Facts::promotion("t1").touch("src/a.rs").scope("- `src/a.rs`").refused_by(&RULE, "");
    }

    #[test]
    fn a_base_that_is_given_is_where_the_change_begins() {
        for base in ["0b0b0b0", "0a0a0a", "HEAD", &"0a".repeat(32)] {
            let found =
                approved(&format!("Task: t1\nBase SHA: {base}")).refused_by(&RULE, "not where this change begins");
            assert_eq!(found.words.help, format!("write: Base SHA: {}", oid(OLD)));
        }
        approved("Task: t1\nBase SHA: 0a0a0a0").base(None).refused_by(&RULE, "not where this change begins");
    }

    #[test]
    fn a_repository_that_is_given_is_the_one_that_the_policy_names() {
        let named = |policy: &mut crate::policy::Policy| policy.repository = Some("acme/site".into());
        approved("Task: t1\nRepository: acme/site").under(named).accepted_by(&RULE);
        approved("Task: t1").under(named).accepted_by(&RULE);
        let other = approved("Task: t1\nRepository: acme/other").under(named);
        other.refused_by(&RULE, "for repository acme/other, and this is acme/site");
    }

    #[test]
    fn a_date_is_a_date_and_not_to_come_anywhere_on_earth() {
        approved("Task: t1\nDate: 2020-02-29").accepted_by(&RULE);
        // Noon of the 21st in UTC is the 22nd at UTC+14.
        approved("Task: t1\nDate: 2026-11-22").accepted_by(&RULE);
        approved("Task: t1\nDate: 2026-11-23").refused_by(&RULE, "dated 2026-11-23, which is still to come");
        for date in ["2026-02-30", "21.11.2026", "2026-11-21T00:00:00Z", "caf\u{e9}"] {
            approved(&format!("Task: t1\nDate: {date}")).refused_by(&RULE, "is no date");
        }
    }

    #[test]
    fn a_section_for_the_approver_names_one() {
        let human = |body: &str| {
            let text = "Task: t1\n\n## APPROVED SCOPE\n\n- Runtime code changes\n  - `src/**`\n\n## HUMAN APPROVAL\n\n";
            Facts::promotion("t1").touch("src/a.rs").approval(format!("{text}{body}\n"))
        };
        human("Name: Dana").accepted_by(&RULE);
        let found = human("Name: ____").refused_by(&RULE, "names nobody");
        assert_eq!(found.line, Some(8));
    }

    #[test]
    fn what_is_no_file_or_no_text_is_refused() {
        let instead = |file| Facts::promotion("t1").touch("src/a.rs").unreadable("contract/approval.md", file);
        instead(File::NotAFile(crate::entry::Mode::Submodule)).refused_by(&RULE, "the approval is a submodule");
        instead(File::TooLarge).refused_by(&RULE, "larger than limits.blob_bytes");
        assert!(!Facts::promotion("t1").touch("src/a.rs").approval(HOSTILE).check(&RULE).is_empty());
    }

    #[test]
    fn an_approval_that_is_missing_or_not_needed_is_not_looked_at() {
        Facts::promotion("t1").touch("src/a.rs").without("contract/approval.md").accepted_by(&RULE);
        Facts::promotion("t1").touch("docs/a.md").approval("").accepted_by(&RULE);
        Facts::task_push("t1").touch("src/a.rs").approval("").accepted_by(&RULE);
    }

    #[test]
    fn the_same_mistake_twice_is_two_findings() {
        let facts = Facts::promotion("t1").touch("src/a.rs").scope("- `src/a.rs`\n- `src/a.rs`");
        let keys: std::collections::BTreeSet<String> = facts.check(&RULE).into_iter().map(|found| found.key).collect();
        assert_eq!(keys.len(), 2);
    }
}
