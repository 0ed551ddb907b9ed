//! A path that another one equals where case or normalisation does not count.

use super::shared::BRANCHES_AND_TAGS;
use super::shared::guarded;
use crate::change::Need;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::fold::fold;
use crate::path::prefixes;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BStr, BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "path-collision",
    name: "Path that collides",
    family: Family::Paths,
    summary: "A path that another one equals where case or normalisation does not count",
    docs: Docs {
        refuses: "An added path of which the new tree has another spelling (other case, other Unicode normalisation, invisible characters), and any spelling but the right one of the trace folder, the policy, the signers or the contract.",
        why: "On a file system that ignores case one of the two overwrites the other, and a rule that looks at one spelling misses the other.",
        example: "`.AI-Stack-Trace/x/contract/APPROVED`, or `README` beside `readme`",
        fix: "Rename the file to the spelling that exists, or to another name.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES_AND_TAGS,
    needs: &[Need::Content, Need::Collisions],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let content = &ctx.change.content;
    let mut found: Vec<Violation> =
        content.collisions.iter().map(|(path, other)| violation(path.as_bstr(), other.as_bstr())).collect();
    let guarded = guarded(ctx.policy);
    for (path, touch) in &content.touched {
        if touch.modes.is_empty() || content.collisions.contains_key(path) {
            continue;
        }
        if let Some(guarded) = misspelt(&guarded, path.as_bstr()) {
            found.push(violation(path.as_bstr(), guarded.as_bstr()));
        }
    }
    Ok(found)
}

fn violation(path: &BStr, other: &BStr) -> Violation {
    let message = format!("the path and {} are one where case does not count", quote_path(other));
    Violation::new(message, "rename it with git mv, in the commit that adds it (git rebase -i)").at(path)
}

/// The guarded path of which some leading part of `path` is another spelling.
fn misspelt<'g>(guarded: &'g [BString], path: &BStr) -> Option<&'g BString> {
    guarded.iter().find(|guarded| {
        let depth = guarded.split_str("/").count();
        let head = prefixes(path).nth(depth - 1).unwrap_or(path);
        head != guarded.as_bstr() && fold(head) == fold(guarded)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn an_added_path_has_no_other_spelling() {
        Facts::branch_push("topic").add("README.md").accepted_by(&RULE);
        let found = Facts::branch_push("topic").add("readme.md").colliding("readme.md", "README.md");
        let found = found.refused_by(&RULE, "the path and README.md are one where case does not count");
        assert_eq!(found.path.unwrap(), "readme.md");
    }

    #[test]
    fn guarded_paths_are_spelt_in_one_way() {
        let wrong = [
            ".AI-Stack-Trace/t1/contract/APPROVED",
            ".AI-STACK-TRACE",
            "Refgate.toml",
            ".RefGate/allowed_signers",
            ".Docs/reports/field-to-api-map.md",
            ".docs/reports/Field-to-API-map.md",
            "refgat\u{200d}e.toml",
            ".re\u{feff}fgate/x",
        ];
        for path in wrong {
            Facts::branch_push("topic").add(path).refused_by(&RULE, "are one where case does not count");
            Facts::branch_push("topic").touch(path).refused_by(&RULE, "are one where case does not count");
        }
        let right = [
            ".ai-stack-trace/t1/contract/APPROVED",
            "refgate.toml",
            ".refgate/x",
            ".docs/reports/field-to-api-map.md",
            ".ai-stack-traces/x",
            "refgate.toml.bak",
            "docs/Refgate.toml",
            ".docs/reports",
        ];
        for path in right {
            Facts::branch_push("topic").add(path).accepted_by(&RULE);
        }
    }

    #[test]
    fn removing_a_wrong_spelling_is_how_to_mend_it() {
        Facts::branch_push("topic").remove("Refgate.toml").accepted_by(&RULE);
        Facts::branch_push("topic").rename("Refgate.toml", "refgate.toml").accepted_by(&RULE);
    }

    #[test]
    fn one_path_is_told_once() {
        let both = Facts::branch_push("topic").add("Refgate.toml").colliding("Refgate.toml", "refgate.toml");
        assert_eq!(both.paths(&RULE), ["Refgate.toml"]);
        Facts::tag_push("x").add("Refgate.toml").refused_by(&RULE, "one where case does not count");
    }
}
