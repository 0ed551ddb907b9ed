//! A promotion by a merge commit whose tree is not what the merge gives.

use crate::change::{Need, WayKind};
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "merge-not-clean",
    name: "Merge that is not the clean merge",
    family: Family::Promotion,
    summary: "A promotion by a merge commit whose tree is not what the merge gives",
    docs: Docs {
        refuses: "A two-parent merge of a protected branch's old tip and a branch that the server holds, when the two conflict, or when the commit's tree differs anywhere from the merge made afresh (without attributes, drivers and configuration).",
        why: "A merge commit is the one place where a change can be slipped in that is on neither side.",
        example: "`git merge --no-commit autoTest/x && echo evil >> src/a.rs && git commit -a`",
        fix: "Merge the protected branch into the task branch, resolve there, push the task branch, and fast-forward.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if !ctx.is_promotion() {
        return Ok(Vec::new());
    }
    let Some(way) = &ctx.change.way else { return Ok(Vec::new()) };
    let Some(merge) = way.merge.as_ref().filter(|merge| !merge.is_clean()) else { return Ok(Vec::new()) };
    let source = quote_path(way.source.strip_prefix(b"refs/heads/").unwrap_or(&way.source));
    let name = ctx.short_name();
    let help = match way.kind {
        // Nobody pushes a merge to a protected branch: a task takes it there.
        WayKind::Step => format!(
            "bring what {name} holds to {source} by a task (git switch -c {task}<task> origin/{source}, git merge \
             origin/{name}), then promote {source} again",
            task = ctx.policy.task_prefix
        ),
        WayKind::Task => format!(
            "on {source}: git merge origin/{name}, refgate task finish, commit and push that, then git push origin \
             {source}:{name}"
        ),
        WayKind::Branch | WayKind::Hotfix | WayKind::Rollback => {
            format!("on {source}: git merge origin/{name}, push it, then git push origin {source}:{name}")
        }
    };
    let conflicts = merge.conflicts.iter().map(|path| (path, "the two sides of the merge conflict here"));
    let differs = merge
        .differs
        .difference(&merge.conflicts)
        .map(|path| (path, "the merge commit has something else here than the clean merge"));
    Ok(conflicts.chain(differs).map(|(path, message)| Violation::new(message, help.clone()).at(path.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn task() -> Facts {
        Facts::promotion("t1").touch("src/a.rs")
    }

    #[test]
    fn a_clean_merge_and_a_fast_forward_are_taken() {
        task().accepted_by(&RULE);
        task().by_merge(&[], &[]).accepted_by(&RULE);
    }

    #[test]
    fn a_conflict_and_a_difference_are_refused_by_path() {
        let found = task().by_merge(&["src/a.rs"], &[]).refused_by(&RULE, "the two sides of the merge conflict here");
        assert_eq!(
            found.words.help,
            "on autoTest/t1: git merge origin/main, refgate task finish, commit and push that, then git push origin autoTest/t1:main"
        );
        let found = task().by_merge(&[], &["src/evil.rs"]).refused_by(&RULE, "has something else here");
        assert_eq!(found.path.unwrap(), "src/evil.rs");
    }

    #[test]
    fn a_path_that_conflicts_and_differs_is_told_once() {
        let both = task().by_merge(&["a", "b"], &["b", "c"]);
        assert_eq!(both.paths(&RULE), ["a", "b", "c"]);
    }

    #[test]
    fn documentation_from_any_branch_is_merged_cleanly_too() {
        let topic = Facts::promotion_of_branch("topic").touch("docs/a.md");
        topic.clone().by_merge(&[], &[]).accepted_by(&RULE);
        topic.by_merge(&[], &["docs/a.md"]).refused_by(&RULE, "has something else here");
    }

    #[test]
    fn a_step_that_conflicts_is_mended_by_a_task_on_its_source() {
        let found = Facts::step("develop", "staging").by_merge(&["a"], &[]).refused_by(&RULE, "conflict here");
        assert!(
            found
                .words
                .help
                .starts_with("bring what staging holds to develop by a task (git switch -c autoTest/<task>")
        );
    }

    #[test]
    fn what_is_no_promotion_is_the_business_of_other_rules() {
        let evil = task().by_merge(&[], &["a"]);
        for push in [evil.clone().diverged(), evil.clone().deleted(), evil.clone().kept()] {
            push.accepted_by(&RULE);
        }
        evil.but_the_server_holds(None).accepted_by(&RULE);
        Facts::branch_push("main").accepted_by(&RULE);
    }
}
