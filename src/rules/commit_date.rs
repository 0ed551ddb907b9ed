//! A new commit dated long before an ancestor, or in the future.

use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "commit-date",
    name: "Commit with an impossible date",
    family: Family::Refs,
    summary: "A new commit dated long before an ancestor, or in the future",
    docs: Docs {
        refuses: "A new commit on a branch whose committer date lies more than a day before that of an ancestor, or more than a day after now.",
        why: "Git finds its way through history by these dates, and one that lies leads every later walk astray.",
        example: "`GIT_COMMITTER_DATE=1970-01-01T00:00:00Z git commit`",
        fix: "Commit again with a right clock: `git rebase --force-rebase <base>` gives every commit the present date.",
        waiver: "An override signed by a person of the override role, once signatures have landed; until then only the severity in the policy.",
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected, Class::Task, Class::Emergency, Class::Branch],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let dates = &ctx.change.content.dates;
    let help = "set the clock right, then git rebase --force-rebase <base>";
    let mut found: Vec<Violation> = dates
        .behind
        .iter()
        .filter(|(_, seconds)| **seconds > DAY)
        .map(|(commit, seconds)| {
            let message = format!("commit {} is dated {} days before an ancestor", commit.short(), seconds / DAY);
            Violation::new(message, help).key(commit.to_string())
        })
        .collect();
    if let Some((time, commit)) = dates.latest.filter(|(time, _)| *time > ctx.now.as_second().saturating_add(DAY)) {
        let days = time.saturating_sub(ctx.now.as_second()) / DAY;
        let message = format!("commit {} is dated {days} days in the future", commit.short());
        found.push(Violation::new(message, help).key(commit.to_string()));
    }
    Ok(found)
}

/// In seconds. Walks allow for as much (src/git/walk.rs).
const DAY: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn honest_clocks_may_differ_by_a_day() {
        Facts::branch_push("topic").dated(DAY, 0).accepted_by(&RULE);
        Facts::branch_push("topic").dated(DAY + 1, 0).refused_by(&RULE, "is dated 1 days before an ancestor");
        Facts::branch_push("topic").dated(0, DAY).accepted_by(&RULE);
        Facts::branch_push("topic").dated(0, 3 * DAY).refused_by(&RULE, "is dated 3 days in the future");
    }

    #[test]
    fn the_ends_of_time_overflow_nothing() {
        Facts::branch_push("topic").dated(i64::MAX, i64::MAX).check(&RULE);
        Facts::branch_push("topic").dated(i64::MIN, i64::MIN).accepted_by(&RULE);
    }
}
