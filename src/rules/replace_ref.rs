//! A ref below refs/replace/.

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "replace-ref",
    name: "Replacement of objects",
    family: Family::Refs,
    summary: "A ref below refs/replace/",
    docs: Docs {
        refuses: "Creating, moving or deleting any ref below `refs/replace/`.",
        why: "A replacement shows every reader, this gate included, another object than the one that was asked for.",
        example: "`git push origin refs/replace/*`",
        fix: "Keep replacements in your own clone; rewrite the history on a task branch if it must change.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Unknown],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if !ctx.change.update.name.starts_with(b"refs/replace/") {
        return Ok(Vec::new());
    }
    let message = format!("{} would put one object in the place of another", ctx.ref_name());
    Ok(vec![Violation::new(message, "leave refs/replace/ out of the push: git push origin <branch>")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn no_replacement_is_made_moved_or_taken_away() {
        let push = Facts::push(format!("refs/replace/{}", oid(OLD)));
        for push in [push.clone(), push.clone().created(), push.deleted()] {
            push.refused_by(&RULE, "would put one object in the place of another");
        }
        Facts::push(b"refs/replace/\xff").refused_by(&RULE, r"\377");
    }

    #[test]
    fn other_refs_are_free_of_it() {
        for name in ["refs/replace", "refs/replaced/a", "refs/heads/replace/a", "refs/foo/bar"] {
            Facts::push(name).accepted_by(&RULE);
        }
    }
}
