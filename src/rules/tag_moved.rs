//! An existing tag moved or deleted.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "tag-moved",
    name: "Tag moved or deleted",
    family: Family::Refs,
    summary: "An existing tag moved or deleted",
    docs: Docs {
        refuses: "Moving a tag that exists, lightweight or annotated, and deleting one.",
        why: "People and machines take a tag for a fixed point.",
        example: "`git tag -f v1.0 && git push --force origin v1.0`",
        fix: "Make a new tag; if the old one must go, an administrator deletes it on the server.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Tag],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(held) = ctx.change.held.filter(|held| *held != ctx.change.update.new) else { return Ok(Vec::new()) };
    let (name, update) = (ctx.short_name(), &ctx.change.update);
    let message = if ctx.action() == Action::Delete {
        format!("tag {name} exists and cannot be deleted")
    } else {
        format!("tag {name} stands at {} and cannot be moved to {}", held.short(), update.new.short())
    };
    Ok(vec![Violation::new(message, "make a tag of another name")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_tag_is_made_once_and_stays() {
        Facts::tag_push("v1").accepted_by(&RULE);
        Facts::push("refs/tags/v1").kept().accepted_by(&RULE);
        Facts::push("refs/tags/v1").refused_by(&RULE, "stands at 0a0a0a0a0a0a and cannot be moved to 1b1b1b1b1b1b");
        Facts::push("refs/tags/v1").deleted().refused_by(&RULE, "cannot be deleted");
        Facts::push(b"refs/tags/\x1b[2J\xff").deleted().refused_by(&RULE, r"\033[2J\377");
    }

    #[test]
    fn what_the_server_holds_counts_and_not_what_the_push_says() {
        Facts::tag_push("v1").but_the_server_holds(Some(OLD)).refused_by(&RULE, "cannot be moved");
        Facts::push("refs/tags/v1").but_the_server_holds(None).accepted_by(&RULE);
        Facts::push("refs/tags/v1").but_the_server_holds(Some(NEW)).accepted_by(&RULE);
    }
}
