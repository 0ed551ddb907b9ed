//! A ref name that is malformed, ambiguous or cannot be shown.

use super::shared::ALL_CLASSES;
use crate::error::Result;
use crate::escape::is_hidden;
use crate::finding::Severity;
use crate::oid::Oid;
use crate::path::prefixes;
use crate::provenance::task::is_task_name;
use crate::refs::{Action, MAX_NAME, is_well_formed};
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "ref-name",
    name: "Ref name that misleads",
    family: Family::Refs,
    summary: "A ref name that is malformed, ambiguous or cannot be shown",
    docs: Docs {
        refuses: "Creating or moving a ref whose name Git forbids (git-check-ref-format(1)), is not UTF-8, is longer than 255 bytes, holds control or invisible characters, ends in `/HEAD`, reads as an object's name, has a part that begins with `-`; a branch in the place of a folder that the policy names or that leads to one; a tag with a protected branch's name; and a task branch whose task is not named `[a-z0-9][a-z0-9._-]*`.",
        why: "A name that reads as something else, or as an option, turns the next command of whoever sees it against them.",
        example: "`git push origin HEAD:refs/heads/HEAD`",
        fix: "Push under a plain name: `git push origin HEAD:refs/heads/<name>`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: ALL_CLASSES,
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if ctx.action() == Action::Delete {
        return Ok(Vec::new());
    }
    let Some(problem) = problem(ctx) else { return Ok(Vec::new()) };
    let message = format!("{} {problem}", ctx.ref_name());
    Ok(vec![Violation::new(message, "push it under another name: git push origin <commit>:refs/heads/<name>")])
}

fn problem(ctx: &Ctx<'_>) -> Option<&'static str> {
    let name = &ctx.change.update.name;
    let Ok(text) = name.to_str() else { return Some("is not UTF-8") };
    if name.len() > MAX_NAME {
        return Some("is longer than 255 bytes");
    }
    if text.chars().any(is_hidden) {
        return Some("holds control or invisible characters");
    }
    if !is_well_formed(text) {
        return Some("is no well-formed ref name");
    }
    if text.ends_with("/HEAD") {
        return Some("would be taken for HEAD itself");
    }
    if text.split('/').any(|part| part.starts_with('-')) {
        return Some("has a part that reads as an option");
    }
    let short = text.strip_prefix("refs/heads/").or(text.strip_prefix("refs/tags/")).unwrap_or_default();
    if Oid::from_hex(short.to_ascii_lowercase().as_bytes()).is_some() {
        return Some("would be taken for the name of an object");
    }
    let leads = |own: &BString| prefixes(own.as_bstr()).any(|part| part == short);
    if name.starts_with(b"refs/heads/") && ctx.policy.reserved().iter().any(leads) {
        let folder = !ctx.policy.is_protected(name.as_bstr());
        return folder.then_some("would keep every branch of that folder from being");
    }
    let branch: BString = format!("refs/heads/{short}").into();
    let shadows = name.starts_with(b"refs/tags/") && ctx.policy.is_protected(branch.as_bstr());
    if shadows && (branch == ctx.policy.trunk || ctx.push.refs.contains_key(&branch)) {
        return Some("would be taken for the protected branch of that name");
    }
    let task = ctx.policy.task_of(name.as_bstr())?.to_str().ok()?;
    (!is_task_name(task)).then_some("does not name a task: letters, digits, dots, dashes and underscores, no slash")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn plain_names_are_taken() {
        for name in ["refs/heads/a", "refs/heads/a/b-c_d.e", "refs/tags/v1.0", "refs/heads/@", "refs/heads/a@b"] {
            Facts::push(name).accepted_by(&RULE);
        }
        Facts::push("refs/heads/caf\u{e9}").accepted_by(&RULE);
        Facts::push(format!("refs/heads/{}", "a".repeat(MAX_NAME - 11))).accepted_by(&RULE);
    }

    /// Each rule of git-check-ref-format(1), in its order.
    #[test]
    fn names_that_git_forbids_are_refused() {
        let malformed = [
            "refs/heads/.a",
            "refs/heads/a/.b",
            "refs/heads/a.lock",
            "refs/heads/a.lock/b",
            "heads",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/a~b",
            "refs/heads/a^b",
            "refs/heads/a:b",
            "refs/heads/a?",
            "refs/heads/a*",
            "refs/heads/a[b",
            "refs/heads//a",
            "refs/heads/a/",
            "/refs/heads/a",
            "refs/heads/a.",
            "refs/heads/a@{b",
            "@",
            r"refs/heads/a\b",
        ];
        for name in malformed {
            Facts::push(name).refused_by(&RULE, "is no well-formed ref name");
        }
    }

    #[test]
    fn names_that_show_something_else_are_refused() {
        for hidden in ["\x01", "\x1b", "\x7f", "\n", "\u{85}", "\u{ad}", "\u{200b}", "\u{202e}", "\u{2066}", "\u{feff}"]
        {
            Facts::push(format!("refs/heads/a{hidden}b")).refused_by(&RULE, "holds control or invisible characters");
        }
        Facts::push(b"refs/heads/a\xff").refused_by(&RULE, "is not UTF-8");
        Facts::push(b"refs/heads/\xed\xa0\x80").refused_by(&RULE, "is not UTF-8");
        Facts::push(format!("refs/heads/{}", "a".repeat(MAX_NAME - 10))).refused_by(&RULE, "is longer than 255 bytes");
    }

    #[test]
    fn names_that_read_as_something_else_are_refused() {
        for name in ["refs/heads/HEAD", "refs/tags/HEAD", "refs/heads/a/HEAD"] {
            Facts::push(name).refused_by(&RULE, "would be taken for HEAD itself");
        }
        Facts::push("refs/heads/HEADS").accepted_by(&RULE);
        for name in ["refs/heads/-a", "refs/heads/a/-b", "refs/tags/--upload-pack=x"] {
            Facts::push(name).refused_by(&RULE, "reads as an option");
        }
    }

    #[test]
    fn a_branch_does_not_stand_where_the_policy_has_a_folder() {
        for folder in ["autoTest", "hotfix", "release"] {
            Facts::branch_push(folder).refused_by(&RULE, "would keep every branch of that folder from being");
            Facts::tag_push(folder).accepted_by(&RULE);
        }
        for branch in ["main", "hotfix/a", "release/1.0", "topic/hotfix"] {
            Facts::branch_push(branch).accepted_by(&RULE);
        }
        let deep = |policy: &mut crate::policy::Policy| policy.task_prefix = "work/tasks/".into();
        for folder in ["work", "work/tasks"] {
            Facts::branch_push(folder).under(deep).refused_by(&RULE, "would keep every branch of that folder");
        }
        for branch in ["wor", "work/task", "work/tasks/t1", "tasks"] {
            Facts::branch_push(branch).under(deep).accepted_by(&RULE);
        }
    }

    #[test]
    fn a_tag_is_not_called_like_a_protected_branch() {
        let about = "would be taken for the protected branch of that name";
        Facts::tag_push("main").refused_by(&RULE, about);
        Facts::tag_push("main").on_an_empty_server().refused_by(&RULE, about);
        Facts::tag_push("release/1.0").server_has("refs/heads/release/1.0").refused_by(&RULE, about);
        Facts::tag_push("release/1.0").accepted_by(&RULE);
        Facts::tag_push("topic").server_has("refs/heads/topic").accepted_by(&RULE);
    }

    #[test]
    fn a_task_branch_names_a_task() {
        for task in ["t", "T1", "0", "a.b_c-d"] {
            Facts::task_push(task).accepted_by(&RULE);
        }
        for task in ["_a", "a/b", "a+b", "caf\u{e9}", &"a".repeat(201)] {
            Facts::branch_push(&format!("autoTest/{task}")).refused_by(&RULE, "does not name a task");
        }
        Facts::branch_push("autoTest/a.LOCK").refused_by(&RULE, "does not name a task");
        Facts::branch_push("autotest/_a").accepted_by(&RULE);
    }

    #[test]
    fn a_bad_name_may_be_deleted() {
        Facts::push("refs/heads/HEAD").deleted().accepted_by(&RULE);
        Facts::push("refs/heads/HEAD").created().refused_by(&RULE, "HEAD");
    }

    #[test]
    fn a_name_that_reads_as_an_object_is_refused() {
        for digits in [40, 64] {
            Facts::branch_push(&"aB".repeat(digits / 2)).refused_by(&RULE, "name of an object");
        }
        Facts::branch_push(&"a".repeat(39)).accepted_by(&RULE);
    }
}
