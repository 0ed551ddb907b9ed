//! A changed path that the approval does not list.

use super::shared::{approval, covers, in_commit, scoped_paths, scoped_task};
use crate::change::Need;
use crate::change::Touch;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::PathKind;
use crate::provenance::approval::Heading;
use crate::provenance::task::APPROVAL;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BStr, BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "out-of-scope",
    name: "Change outside the approved scope",
    family: Family::Scope,
    summary: "A changed path that the approval does not list",
    docs: Docs {
        refuses: "A path that the net change or any single commit of a task touches and that no entry under `## APPROVED SCOPE` covers in full; both sides of a rename count. An entry covers paths of its own heading and of less sensitive ones: `Runtime code changes` covers documentation too, `Documentation-only changes` covers nothing else. The task's own trace folder is never out of scope. On a task branch this is enforced once an approval is there.",
        why: "A person approved a scope, not whatever an agent finds useful to change on the way.",
        example: "approved: `src/ok/**`; changed: `src/okay/b.ts`",
        fix: "Take the path out of the change (from every commit: `git rebase -i`), or have a person add it to the approval.",
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
    let place = ctx.trace_path(task.name.as_bstr(), APPROVAL);
    let approval = approval(task);
    let paths: Vec<_> = scoped_paths(ctx).collect();
    let Some(scope) = approval.as_ref().and_then(|approval| approval.scope.as_ref()) else {
        return Ok(if paths.is_empty() { Vec::new() } else { vec![nothing_approved(&paths, place)] });
    };
    let problems = approval.iter().flat_map(|approval| &approval.problems);
    // Often the path was meant to be listed, and this is why it is not.
    let hints = scope.hints.iter().chain(problems);
    let hint =
        hints.take(1).map(|hint| format!("; line {} of the approval: {}", hint.line, hint.message)).collect::<String>();
    let mut found = Vec::new();
    for (path, touch) in paths {
        let kind = ctx.policy.kind_of(path);
        let own_rule = matches!(kind, PathKind::Schema | PathKind::Backfill);
        if own_rule || scope.entries.iter().any(|entry| covers(entry, path, kind)) {
            continue;
        }
        let heading = match kind {
            PathKind::Documentation => Heading::Documentation,
            // The one heading that lets a contract change (`contract-changed`) covers it here too.
            _ if ctx.policy.drift.as_ref().is_some_and(|config| config.is_contract(path)) => Heading::Schema,
            _ => Heading::Runtime,
        };
        let message = format!("the path is not in the approved scope{}{hint}", in_commit(ctx, touch));
        let help = format!(
            "take it out of every commit, or have a person list it in {} under {}",
            quote_path(&place),
            heading.label()
        );
        found.push(Violation::new(message, help).at(path));
    }
    Ok(found)
}

fn nothing_approved(paths: &[(&BStr, &Touch)], place: BString) -> Violation {
    let message = format!("no approved scope lists the changed paths, {} in number", paths.len());
    let help = format!("a person writes the scope into {} under ## APPROVED SCOPE", quote_path(&place));
    Violation::new(message, help).at(place).key("no scope")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::File;
    use crate::rule::testing::*;

    const OK: &str = "- Runtime code changes\n  - `src/ok/**`\n";

    fn task() -> Facts {
        Facts::task_push("t1").scope(OK)
    }

    #[test]
    fn what_the_approval_lists_may_change() {
        task().touch("src/ok/a.ts").add("src/ok/deep/b.ts").accepted_by(&RULE);
        Facts::promotion("t1").touch("src/a.rs").accepted_by(&RULE);
    }

    #[test]
    fn a_folder_does_not_cover_its_neighbour_nor_another_spelling() {
        for path in ["src/okay/b.ts", "src/ok", "src/OK/a.ts", "xsrc/ok/a", "src/ok.ts"] {
            let found = task().touch("src/ok/a.ts").touch(path).refused_by(&RULE, "not in the approved scope");
            assert_eq!(found.path.unwrap(), path);
            assert!(found.words.help.ends_with("under Runtime code changes"), "{}", found.words.help);
        }
        task().touch(HOSTILE).refused_by(&RULE, "not in the approved scope");
    }

    #[test]
    fn both_sides_of_a_rename_count() {
        assert_eq!(task().rename("src/ok/a.ts", "tools/a.ts").paths(&RULE), ["tools/a.ts"]);
        assert_eq!(task().rename("tools/a.ts", "src/ok/a.ts").paths(&RULE), ["tools/a.ts"]);
        task().rename("src/ok/a.ts", "src/ok/b.ts").accepted_by(&RULE);
    }

    #[test]
    fn an_edit_that_a_later_commit_takes_back_counts() {
        let found = task().edit_and_revert("tools/a.ts");
        found.refused_by(&RULE, "not in the approved scope (commit 2c2c2c2c2c2c; a later one takes it back)");
        task().edit_and_revert("src/ok/a.ts").accepted_by(&RULE);
    }

    #[test]
    fn a_heading_covers_its_own_kind_and_less_sensitive_ones() {
        let documentation = Facts::task_push("t1").scope("- Documentation-only changes\n  - `**`\n");
        documentation.clone().touch("docs/a.md").accepted_by(&RULE);
        documentation.clone().touch("src/a.rs").refused_by(&RULE, "not in the approved scope");
        for never in ["AGENTS.md", ".github/workflows/ci.yml", ".github/README.md", "CMakeLists.txt"] {
            documentation.clone().touch(never).refused_by(&RULE, "not in the approved scope");
        }
        task().touch("src/ok/README.md").accepted_by(&RULE);
        let found = task().touch("docs/a.md").refused_by(&RULE, "not in the approved scope");
        assert!(found.words.help.ends_with("under Documentation-only changes"), "{}", found.words.help);
        let drifts = crate::rule::testing::found([]);
        let found = task().drift(drifts).touch(MAP).refused_by(&RULE, "not in the approved scope");
        assert!(found.words.help.ends_with("under Schema changes"), "{}", found.words.help);
        for heading in ["Schema changes", "Backfill scripts"] {
            Facts::task_push("t1").scope(&format!("- {heading}\n  - `src/**`\n")).touch("src/a.rs").accepted_by(&RULE);
        }
    }

    #[test]
    fn schema_and_backfill_have_a_rule_of_their_own() {
        task().touch("db/migrations/1.sql").touch("scripts/backfill-a.ts").accepted_by(&RULE);
    }

    #[test]
    fn the_trace_is_never_out_of_scope_but_a_file_beside_the_task_folders_is() {
        task().touch(".ai-stack-trace/t1/logs/a.txt").touch(".ai-stack-trace/t2/x").accepted_by(&RULE);
        task().touch(".ai-stack-trace/README").refused_by(&RULE, "not in the approved scope");
        task().touch(".ai-stack-trace2/t1/x").refused_by(&RULE, "not in the approved scope");
    }

    #[test]
    fn without_an_approval_nothing_is_promoted_and_a_task_branch_is_free() {
        let push = Facts::promotion("t1").without("contract/approval.md").touch("src/a.rs").touch("src/b.rs");
        let found = push.refused_by(&RULE, "no approved scope lists the changed paths, 2 in number");
        assert_eq!(found.path.unwrap(), ".ai-stack-trace/t1/contract/approval.md");
        Facts::promotion("t1").approval("Task: t1\n").touch("src/a.rs").refused_by(&RULE, "no approved scope lists");
        let link = File::NotAFile(crate::entry::Mode::Symlink);
        for unreadable in [link, File::TooLarge] {
            let push = Facts::task_push("t1").unreadable("contract/approval.md", unreadable).touch("src/a.rs");
            push.refused_by(&RULE, "no approved scope lists");
        }
        Facts::promotion("t1").scope("NONE").touch("src/a.rs").refused_by(&RULE, "not in the approved scope");
        Facts::task_push("t1").touch("src/a.rs").accepted_by(&RULE);
    }

    #[test]
    fn documentation_alone_is_promoted_without_a_scope() {
        Facts::promotion("t1").without("contract").touch("docs/a.md").accepted_by(&RULE);
        Facts::branch_push("topic").touch("src/a.rs").accepted_by(&RULE);
        task().touch("tools/a.ts").deleted().accepted_by(&RULE);
    }

    #[test]
    fn an_item_that_was_meant_to_list_the_path_is_named() {
        let facts = Facts::task_push("t1").touch("src/a.rs").scope("- src/a.rs\n- `src/b.rs`");
        let found = facts.refused_by(&RULE, "must stand between backticks");
        assert!(found.words.message.contains("; line ") && found.path.is_some_and(|path| path == "src/a.rs"));
    }
}
