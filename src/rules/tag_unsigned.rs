//! A tag without the signature that the policy asks for.

use bstr::ByteSlice;

use super::shared::unsigned;
use crate::change::Need;
use crate::error::Result;
use crate::escape;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "tag-unsigned",
    name: "Tag that nobody signed",
    family: Family::Signatures,
    summary: "A tag without the signature that the policy asks for",
    docs: Docs {
        refuses: "Where `[[signatures]]` says `tags = true`: a tag that is not annotated, that is not signed with an SSH key by somebody whom the signers name and the table takes, or that was signed under another name.",
        why: "A tag is what people build and ship from, and its name alone says nothing of who released it.",
        example: "`git tag v1.0` where `git tag -s v1.0` is due",
        fix: "`git config gpg.format ssh`, `git config user.signingKey <your public key>`, then `git tag -f -s <tag> <tag>^{}`.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Tag],
    needs: &[Need::Signatures],
    check,
};

const HELP: &str = "git tag -f -s <tag> <tag>^{} (once before: git config gpg.format ssh, git config user.signingKey \
                    <your public key>)";

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let name = &ctx.change.update.name;
    let due: Vec<_> = ctx.policy.signatures_on(name.as_bstr()).filter(|table| table.tags).collect();
    if due.is_empty() || ctx.is_stale() || matches!(ctx.action(), Action::Delete | Action::Keep) {
        return Ok(Vec::new());
    }
    let lacking = match &ctx.change.signatures.tag {
        _ if !ctx.change.annotated => Some("is a lightweight tag, which nobody can sign".to_owned()),
        None => Some("could not be looked at".to_owned()),
        Some(tag) if tag.by.is_ok() && name.strip_prefix(b"refs/tags/") != Some(&tag.name) => {
            Some(format!("is the tag {}, signed under that name", escape::quote_path(&tag.name)))
        }
        Some(tag) => unsigned(ctx, &tag.by, &due),
    };
    let violation = |lacking| Violation::new(format!("{} {lacking}", ctx.ref_name()), HELP);
    Ok(lacking.map(violation).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn facts(tag: &str, more: &str) -> Facts {
        let table = format!("[[signatures]]\nrefs = [\"refs/tags/v*\"]\ntags = true\n{more}");
        Facts::tag_push(tag).with_policy(&table)
    }

    #[test]
    fn a_tag_is_annotated_and_signed_under_its_own_name() {
        let alice = || Ok(signer("alice@example.com"));
        facts("v1", "").tag_by("v1", alice()).accepted_by(&RULE);
        facts("v1", "").refused_by(&RULE, "refs/tags/v1 is a lightweight tag");
        facts("v1", "").annotated().refused_by(&RULE, "could not be looked at");
        facts("v1", "").tag_by("v1", Err("is not signed".into())).refused_by(&RULE, "refs/tags/v1 is not signed");
        facts("v2", "").tag_by("v1", alice()).refused_by(&RULE, "refs/tags/v2 is the tag v1, signed under that name");
        facts("v2", "").tag_by("", alice()).refused_by(&RULE, "signed under that name");
        let only = "signers = [\"bob@example.com\"]";
        facts("v1", only).tag_by("v1", alice()).refused_by(&RULE, "is signed by alice@example.com, who is none");
    }

    #[test]
    fn other_tags_and_what_goes_or_stays_are_not_looked_at() {
        facts("x1", "").accepted_by(&RULE);
        facts("v1", "").deleted().accepted_by(&RULE);
        Facts::push("refs/tags/v1")
            .with_policy("[[signatures]]\nrefs = [\"refs/tags/v*\"]\ntags = true\n")
            .kept()
            .accepted_by(&RULE);
        Facts::tag_push("v1").accepted_by(&RULE);
    }
}
