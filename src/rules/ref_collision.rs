//! A ref name that another one equals where case or normalisation does not count.

use super::shared::ALL_CLASSES;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::fold::fold;
use crate::path::prefixes;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BStr, BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "ref-collision",
    name: "Ref name that collides",
    family: Family::Refs,
    summary: "A ref name that another one equals where case or normalisation does not count",
    docs: Docs {
        refuses: "Creating a ref of whose name, or of one of whose folders, the server or the same push has another spelling (other case, other Unicode normalisation, invisible characters), or of whose folders or sub-branches one is a ref already; and another spelling of a branch or folder that the policy names.",
        why: "On a file system that ignores case the two are one ref, and whoever fetches gets the wrong one.",
        example: "`git push origin HEAD:refs/heads/MAIN`",
        fix: "Use the spelling that exists, or another name.",
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
    if ctx.action() != Action::Create {
        return Ok(Vec::new());
    }
    let name = ctx.change.update.name.as_bstr();
    if let Some(other) = ctx.push.other_spelling(name).map(ToOwned::to_owned).or_else(|| reserved(ctx, name)) {
        return Ok(vec![violation(ctx, other.as_bstr())]);
    }
    let Some(other) = ctx.push.in_the_way(name) else { return Ok(Vec::new()) };
    let message = format!("{} cannot stand beside {}: one is a folder of the other", ctx.ref_name(), quote_path(other));
    Ok(vec![Violation::new(message, "push under another name")])
}

/// The name that the policy speaks of, of which some leading part of a branch's name is another spelling.
fn reserved(ctx: &Ctx<'_>, name: &BStr) -> Option<BString> {
    let branch = name.strip_prefix(b"refs/heads/")?.as_bstr();
    let other = |own: &BString| {
        let same_depth = prefixes(branch).nth(own.split_str("/").count() - 1);
        same_depth.is_some_and(|part| part != own.as_bstr() && fold(part) == fold(own))
    };
    let own = ctx.policy.reserved().into_iter().find(other)?;
    Some(bstr::concat([b"refs/heads/", own.as_slice()]).into())
}

fn violation(ctx: &Ctx<'_>, other: &BStr) -> Violation {
    let message = format!("{} and {} are one name where case does not count", ctx.ref_name(), quote_path(other));
    Violation::new(message, "use the spelling that exists, or push under another name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_new_name_is_new_in_every_spelling() {
        Facts::branch_push("topic").created().accepted_by(&RULE);
        Facts::branch_push("MAIN").created().refused_by(&RULE, "refs/heads/MAIN and refs/heads/main are one name");
        Facts::branch_push("m\u{200b}ain").created().accepted_by(&RULE);
        let cafe = Facts::branch_push("cafe\u{301}").created().server_has("refs/heads/caf\u{e9}");
        cafe.refused_by(&RULE, r#""refs/heads/cafe\314\201" and "refs/heads/caf\303\251""#);
    }

    #[test]
    fn a_folder_in_another_spelling_collides_too() {
        let push = Facts::branch_push("Topic/b").created().server_has("refs/heads/topic/a");
        push.refused_by(&RULE, "and refs/heads/topic are one name");
        Facts::branch_push("topic/b").created().server_has("refs/heads/topic/a").accepted_by(&RULE);
        Facts::push("refs/Heads/x").created().refused_by(&RULE, "and refs/heads are one name");
    }

    #[test]
    fn two_spellings_in_one_push_collide() {
        Facts::branch_push("a").created().along_with("refs/heads/A").refused_by(&RULE, "are one name");
        Facts::branch_push("a").created().along_with("refs/heads/b").accepted_by(&RULE);
    }

    #[test]
    fn names_that_the_policy_speaks_of_are_spelt_in_one_way_whatever_the_server_holds() {
        for (name, own) in [
            ("autotest/t1", "refs/heads/autoTest"),
            ("AUTOTEST", "refs/heads/autoTest"),
            ("Hotfix/a/b", "refs/heads/hotfix"),
            ("MAIN/a", "refs/heads/main"),
            ("Release/2.0", "refs/heads/release"),
        ] {
            let about = format!("refs/heads/{name} and {own} are one name");
            Facts::branch_push(name).created().refused_by(&RULE, &about);
        }
        for name in ["autoTest/t1", "hotfix/a", "release/2.0", "topic/autotest/t1", "autotests/a"] {
            Facts::branch_push(name).created().accepted_by(&RULE);
        }
        let deep = |policy: &mut crate::policy::Policy| policy.task_prefix = "work/tasks/".into();
        let found = Facts::branch_push("work/Tasks/t1").under(deep).created();
        found.refused_by(&RULE, "and refs/heads/work/tasks are one name");
        Facts::branch_push("work/tasks/Tasks").under(deep).created().accepted_by(&RULE);
        Facts::branch_push("Work").under(deep).created().accepted_by(&RULE);
        Facts::tag_push("autotest/t1").accepted_by(&RULE);
    }

    #[test]
    fn only_a_creation_can_collide() {
        let old = Facts::branch_push("MAIN");
        old.accepted_by(&RULE);
        old.deleted().accepted_by(&RULE);
    }
}
