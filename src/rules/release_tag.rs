//! A release tag on a commit that no protected branch contains.

use bstr::{BStr, ByteSlice};

use crate::error::Result;
use crate::finding::Severity;
use crate::fold::fold;
use crate::glob::Glob;
use crate::path::prefixes;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "release-tag",
    name: "Release tag on unpromoted work",
    family: Family::Refs,
    summary: "A release tag on a commit that no protected branch contains",
    docs: Docs {
        refuses: "A tag that matches `tags.release` (`v*`) in any case and names no commit, or a commit that no protected branch contained before the push; and a tag below the name of one (`v2.0/x`) or in the place of a folder that the policy has release tags in.",
        why: "A release is made of what was promoted, not of what somebody had lying around.",
        example: "`git tag v2.0 autoTest/x && git push origin v2.0`",
        fix: "Promote the commit first, then push the tag.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Tag],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let tag = ctx.change.update.name.strip_prefix(b"refs/tags/").unwrap_or_default();
    let new = matches!(ctx.action(), Action::Create | Action::Move);
    if ctx.is_stale() || !new {
        return Ok(Vec::new());
    }
    let name = ctx.short_name();
    let release = |part: &BStr| ctx.policy.release_tags.matches(part) || ctx.policy.release_tags.matches(&fold(part));
    if prefixes(tag.as_bstr()).any(|part| part != tag && release(part)) {
        let message = format!("{name} would keep the release tag above it from being");
        return Ok(vec![Violation::new(message, "push the tag under a name without a slash")]);
    }
    let folder = bstr::concat([fold(tag).as_ref(), b"/"]);
    let leads = |glob: &Glob| fold(glob.as_str().as_bytes()).starts_with(&folder);
    if !release(tag.as_bstr()) && ctx.policy.release_tags.iter().any(leads) {
        let message = format!("{name} would keep every release tag below it from being");
        return Ok(vec![Violation::new(message, "push the tag under another name")]);
    }
    if !release(tag.as_bstr()) || ctx.change.contained {
        return Ok(Vec::new());
    }
    let message = format!("{name} is a release tag, and no protected branch contains what it names");
    Ok(vec![Violation::new(
        message,
        format!("promote the commit to {} first, then git push origin {name}", ctx.trunk()),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::ObjectKind;
    use crate::rule::testing::*;

    #[test]
    fn a_release_names_promoted_work() {
        Facts::tag_push("v1.0").contained().accepted_by(&RULE);
        Facts::tag_push("v1.0").refused_by(&RULE, "v1.0 is a release tag");
        Facts::push("refs/tags/v1.0").refused_by(&RULE, "v1.0 is a release tag");
        Facts::tag_push("v1.0").naming(ObjectKind::Tree).refused_by(&RULE, "no protected branch contains");
    }

    #[test]
    fn other_tags_and_other_updates_are_free() {
        for free in ["nightly", "x/v1"] {
            Facts::tag_push(free).accepted_by(&RULE);
        }
        Facts::tag_push("V1.0").refused_by(&RULE, "V1.0 is a release tag");
        Facts::tag_push("v1/x").contained().refused_by(&RULE, "keep the release tag above it from being");
        Facts::push("refs/tags/v1.0").deleted().accepted_by(&RULE);
        Facts::push("refs/tags/v1.0").kept().accepted_by(&RULE);
        Facts::push("refs/tags/v1.0").but_the_server_holds(None).accepted_by(&RULE);
        Facts::branch_push("v1.0").accepted_by(&RULE);
    }

    #[test]
    fn the_policy_says_what_a_release_is() {
        let globs = ["ship/*"].iter().map(|glob| glob.parse().unwrap()).collect();
        let ships = |policy: &mut crate::policy::Policy| policy.release_tags = globs;
        let under = Facts::tag_push("ship/1").under(ships.clone());
        under.refused_by(&RULE, "ship/1 is a release tag");
        Facts::tag_push("v1.0").under(ships).accepted_by(&RULE);
    }

    #[test]
    fn a_tag_does_not_stand_where_the_policy_has_a_folder_of_releases() {
        let globs = ["Ship/it/*", "v*", "all", "all/*"].iter().map(|glob| glob.parse().unwrap()).collect();
        let ships = |policy: &mut crate::policy::Policy| policy.release_tags = globs;
        let tag = |tag: &str| Facts::tag_push(tag).contained().under(ships.clone());
        for folder in ["Ship", "Ship/it", "SHIP/it"] {
            tag(folder).refused_by(&RULE, "would keep every release tag below it from being");
        }
        // The last is a release itself, and so bars those below it.
        for free in ["Ship/it/1", "Shi", "Ship/i", "it", "all"] {
            tag(free).accepted_by(&RULE);
        }
        tag("all/1").refused_by(&RULE, "would keep the release tag above it from being");
    }
}
