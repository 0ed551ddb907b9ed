//! A schema or backfill path that does not stand under its own heading of the approval.

use super::shared::{approval, covers, in_commit, scoped_paths, scoped_task};
use crate::change::Need;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::PathKind;
use crate::provenance::approval::Heading;
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "schema-unlisted",
    name: "Schema or backfill change that is not listed",
    family: Family::Scope,
    summary: "A schema or backfill path that does not stand under its own heading of the approval",
    docs: Docs {
        refuses: "A schema path (`paths.schema`) that no entry under `Schema changes` covers, or a backfill script (`paths.backfill`) that none under `Backfill scripts` covers, when a task touches it in the end or in any commit. Under another heading it does not count.",
        why: "Schema changes and backfills alter data that no revert brings back, so a person approves each as what it is.",
        example: "`db/migrations/7.sql` listed under `Runtime code changes`",
        fix: "Take the path out of the change, or have a person list it under its own heading.",
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
    let place = quote_path(&ctx.trace_path(task.name.as_bstr(), APPROVAL));
    let approval = approval(task);
    let entries = approval.as_ref().and_then(|approval| approval.scope.as_ref()).map(|scope| scope.entries.as_slice());
    let entries = entries.unwrap_or_default();
    let mut found = Vec::new();
    for (path, touch) in scoped_paths(ctx) {
        let kind = ctx.policy.kind_of(path);
        let (heading, what) = match kind {
            PathKind::Schema => (Heading::Schema, "schema"),
            PathKind::Backfill => (Heading::Backfill, "backfill"),
            PathKind::Documentation | PathKind::Runtime => continue,
        };
        if entries.iter().any(|entry| covers(entry, path, kind)) {
            continue;
        }
        let elsewhere = match entries.iter().find(|entry| entry.glob.matches(path)) {
            Some(entry) => format!("; line {} lists it under another heading, which does not count", entry.line),
            None => String::new(),
        };
        let message =
            format!("the {what} path is not listed under {}{elsewhere}{}", heading.label(), in_commit(ctx, touch));
        let help =
            format!("take it out of every commit, or have a person list it in {place} under {}", heading.label());
        found.push(Violation::new(message, help).at(path));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    const ALL: &str =
        "- Schema changes\n  - `db/**`\n- Runtime code changes\n  - `**`\n- Backfill scripts\n  - `scripts/**`\n";

    fn task() -> Facts {
        Facts::task_push("t1").scope(ALL)
    }

    #[test]
    fn each_kind_stands_under_its_own_heading() {
        task().touch("db/migrations/7.sql").touch("scripts/x/backfill-a.ts").touch("src/a.rs").accepted_by(&RULE);
        let schema =
            task().touch("api/schema.json").refused_by(&RULE, "schema path is not listed under Schema changes");
        assert!(schema.words.message.contains("line 8 lists it under another heading"), "{}", schema.words.message);
        let backfill =
            task().touch("tools/backfill/a.ts").refused_by(&RULE, "backfill path is not listed under Backfill");
        assert!(backfill.words.help.ends_with("under Backfill scripts"), "{}", backfill.words.help);
    }

    #[test]
    fn a_schema_under_backfill_and_the_other_way_round_do_not_count() {
        let swapped = "- Schema changes\n  - `scripts/**`\n- Backfill scripts\n  - `db/**`\n";
        let push = Facts::task_push("t1").scope(swapped);
        assert_eq!(
            push.touch("db/a.sql").touch("scripts/backfill.ts").paths(&RULE),
            ["db/a.sql", "scripts/backfill.ts"]
        );
    }

    #[test]
    fn what_is_both_is_a_schema() {
        task().touch("scripts/backfill/a.sql").refused_by(&RULE, "schema path is not listed");
        task().touch("db/backfill/a.sql").accepted_by(&RULE);
    }

    #[test]
    fn every_commit_and_both_sides_of_a_rename_count() {
        task().edit_and_revert("api/a.proto").refused_by(&RULE, "a later one takes it back");
        assert_eq!(task().rename("db/a.sql", "api/a.sql").paths(&RULE), ["api/a.sql"]);
        assert_eq!(task().rename("api/a.sql", "db/a.sql").paths(&RULE), ["api/a.sql"]);
    }

    #[test]
    fn without_an_approval_a_promotion_has_nothing_listed() {
        let push = Facts::promotion("t1").without("contract/approval.md").touch("db/a.sql");
        let found = push.refused_by(&RULE, "not listed under Schema changes");
        assert!(!found.words.message.contains("another heading"), "{}", found.words.message);
        Facts::task_push("t1").touch("db/a.sql").accepted_by(&RULE);
        Facts::branch_push("topic").touch("db/a.sql").accepted_by(&RULE);
    }
}
