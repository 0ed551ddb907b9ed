//! A branch at something other than a commit, or a tag of a tree or a blob.

use crate::error::Result;
use crate::finding::Severity;
use crate::git::ObjectKind;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "ref-target",
    name: "Ref to the wrong kind of object",
    family: Family::Refs,
    summary: "A branch at something other than a commit, or a tag of a tree or a blob",
    docs: Docs {
        refuses: "A branch or notes ref whose new value is no commit (an annotated tag object included), and a tag that in the end names a tree or a blob.",
        why: "No rule can judge the history of what has none.",
        example: "`git tag blob HEAD:secrets && git push origin blob`",
        fix: "Push a commit, or tag one.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected, Class::Task, Class::Emergency, Class::Branch, Class::Tag, Class::Notes],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some((kind, _)) = ctx.change.object else { return Ok(Vec::new()) };
    let tag = ctx.change.class == Class::Tag;
    if kind == ObjectKind::Commit && (tag || !ctx.change.annotated) {
        return Ok(Vec::new());
    }
    let what = match kind {
        ObjectKind::Commit | ObjectKind::Tag => "a tag object",
        ObjectKind::Tree => "a tree",
        ObjectKind::Blob => "a blob",
    };
    let message = format!("{} would name {what}, and only a commit can stand there", ctx.ref_name());
    let help = if tag { "git tag <name> <commit>" } else { "push the commit: git push origin <tag>^{commit}:<branch>" };
    Ok(vec![Violation::new(message, help)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_branch_holds_a_commit() {
        for name in ["refs/heads/topic", "refs/heads/main", "refs/heads/autoTest/t1"] {
            Facts::push(name).accepted_by(&RULE);
            Facts::push(name).annotated().refused_by(&RULE, "would name a tag object");
            Facts::push(name).naming(ObjectKind::Tree).refused_by(&RULE, "would name a tree");
            Facts::push(name).naming(ObjectKind::Blob).refused_by(&RULE, "would name a blob");
            Facts::push(name).deleted().accepted_by(&RULE);
        }
    }

    #[test]
    fn a_tag_names_a_commit_in_the_end() {
        Facts::tag_push("a").accepted_by(&RULE);
        Facts::tag_push("a").annotated().accepted_by(&RULE);
        Facts::tag_push("a").naming(ObjectKind::Tree).refused_by(&RULE, "would name a tree");
        let found = Facts::tag_push("a").annotated().naming(ObjectKind::Blob).refused_by(&RULE, "would name a blob");
        assert_eq!(found.words.help, "git tag <name> <commit>");
    }
}
