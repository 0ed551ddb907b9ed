//! A new commit dated long before an ancestor.

use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "commit-date",
    name: "Commit dated before its ancestors",
    family: Family::Refs,
    summary: "A new commit dated long before an ancestor",
    docs: Docs {
        refuses: "A new commit on a branch whose committer date lies more than a day before that of an ancestor; ancestors dated in the future do not count.",
        why: "Git finds its way through history by these dates, and one that lies leads every later walk astray.",
        example: "`GIT_COMMITTER_DATE=1970-01-01T00:00:00Z git commit`",
        fix: "Commit again with a right clock: `git rebase --force-rebase <base>` gives every commit the present date.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected, Class::Task, Class::Emergency, Class::Branch],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let late = ctx.change.content.behind.iter().filter(|(_, seconds)| **seconds > DAY);
    let found = late.map(|(commit, seconds)| {
        let message = format!("commit {} is dated {} days before an ancestor", commit.short(), seconds / DAY);
        Violation::new(message, "set the clock right, then git rebase --force-rebase <base>").key(commit.to_string())
    });
    Ok(found.collect())
}

/// In seconds. Walks allow for as much (src/git/walk.rs).
const DAY: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn honest_clocks_may_differ_by_a_day() {
        Facts::branch_push("topic").dated_behind(86_400).accepted_by(&RULE);
        Facts::branch_push("topic").dated_behind(86_401).refused_by(&RULE, "is dated 1 days before an ancestor");
        Facts::branch_push("topic").dated_behind(i64::MAX).refused_by(&RULE, "days before an ancestor");
    }
}
