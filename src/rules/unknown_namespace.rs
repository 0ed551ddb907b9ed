//! A ref outside branches, tags and the notes that the policy names.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "unknown-namespace",
    name: "Ref outside the known namespaces",
    family: Family::Refs,
    summary: "A ref outside branches, tags and the notes that the policy names",
    docs: Docs {
        refuses: "Creating, moving or deleting a ref that is no branch, no tag, and no notes ref that `notes.allow` names.",
        why: "A ref that nobody judges is a place to hide what the others may not hold.",
        example: "`git push origin HEAD:refs/foo/bar`",
        fix: "Push to a branch; for notes, an administrator lists them in `notes.allow`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Unknown],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let name = &ctx.change.update.name;
    if name.starts_with(b"refs/replace/") {
        // That has a rule of its own.
        return Ok(Vec::new());
    }
    let help = if name.starts_with(b"refs/notes/") {
        "notes need an entry in notes.allow of the policy"
    } else {
        "push to a branch: git push origin HEAD:refs/heads/<name>"
    };
    Ok(vec![Violation::new(format!("{} lies outside the namespaces that this server takes", ctx.ref_name()), help)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn refs_outside_the_known_namespaces_are_refused_whatever_is_done_to_them() {
        for name in ["refs/foo/bar", "refs/meta/config", "refs/heads", "refs/stash", "HEAD", "refs/pull/1/head"] {
            let push = Facts::push(name);
            for push in [push.clone(), push.clone().created(), push.deleted()] {
                push.refused_by(&RULE, &format!("{name} lies outside"));
            }
        }
        Facts::push(b"refs/\x07\xff").refused_by(&RULE, r"refs/\a\377");
    }

    #[test]
    fn branches_tags_and_refgate_s_own_refs_are_known() {
        for name in ["refs/heads/a", "refs/heads/main", "refs/tags/v1", "refs/refgate/ledger"] {
            Facts::push(name).accepted_by(&RULE);
        }
    }

    #[test]
    fn notes_are_taken_when_the_policy_names_them() {
        let found = Facts::push("refs/notes/review").refused_by(&RULE, "refs/notes/review lies outside");
        assert!(found.words.help.contains("notes.allow"), "{}", found.words.help);
        let allow = |policy: &mut crate::policy::Policy| {
            policy.notes = ["review"].iter().map(|glob| glob.parse().unwrap()).collect();
        };
        Facts::push("refs/notes/review").under(allow).accepted_by(&RULE);
        Facts::push("refs/notes/reviews").under(allow).refused_by(&RULE, "lies outside");
    }

    #[test]
    fn replacements_have_a_rule_of_their_own() {
        Facts::push("refs/replace/1").accepted_by(&RULE);
        Facts::push("refs/replacement").refused_by(&RULE, "lies outside");
    }
}
