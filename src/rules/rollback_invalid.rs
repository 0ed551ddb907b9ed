//! A rollback that brings back something else than what stood there, or that nobody of the role signed.

use bstr::ByteSlice;

use super::shared::signed::people;
use crate::change::signed::NAMESPACE;
use crate::change::{Claim, Need, Rollback, Stood, WayKind};
use crate::error::Result;
use crate::escape::{escape, quote_path};
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::roles::RoleName;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "rollback-invalid",
    name: "Rollback that does not hold",
    family: Family::Promotion,
    summary: "A rollback that brings back something else than what stood there, or that nobody of the role signed",
    docs: Docs {
        refuses: "A commit on top of a protected branch's old tip whose message has a line `Refgate-Rollback: <ref> <commit>`, unless that names this branch and, in full, an earlier commit of its first-parent chain that lies within no task; the commit's tree is that one's, but for traces, the policy and what it owns, signers, contracts and the files that tell CI and hooks what to run, which all stand as they do on the old tip; and a person of the role `rollback` signed the commit. Where it holds, no rule on paths, scope, provenance, drift or promotion is asked; but on a branch of a chain `check-missing` is, of the tree that comes back.",
        why: "A way that asks no questions leads only to what was there before.",
        example: "a commit that says it brings an older `main` back, and leaves one line of its own in `src/auth.rs`",
        fix: "Make the commit anew from the branch as it stands, sign it (`git commit -S`), and have the policy name who may: `rollback` in `[roles]`.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let is_one = ctx.is_promotion() && ctx.change.way.as_ref().is_some_and(|way| way.kind == WayKind::Rollback);
    let Some(rollback) = ctx.change.rollback.as_deref().filter(|_| is_one) else { return Ok(Vec::new()) };
    let mut found: Vec<Violation> = unsigned(ctx, rollback).into_iter().collect();
    match &rollback.claim {
        Some(claim) => {
            found.extend(misplaced(ctx, claim));
            found.extend(differing(ctx, claim));
        }
        None => {
            let help = format!("write it once: {} {} <the commit's full name>", Rollback::LINE, ctx.ref_name());
            let message = "the line Refgate-Rollback does not name a ref and a commit, or stands there twice";
            found.push(Violation::new(message, help).key("claim"));
        }
    }
    Ok(found)
}

/// Why the signature does not count.
fn unsigned(ctx: &Ctx<'_>, rollback: &Rollback) -> Option<Violation> {
    let (short, signing) = (ctx.short_name(), &ctx.policy.signing);
    if !signing.roles.contains_key(&RoleName::Rollback) && !ctx.push.is_draft() {
        let message = format!("nobody may roll {short} back: the policy names nobody for the role `rollback`");
        let help = "an administrator, or the policy role, fills it in the policy: [roles] rollback = { principals = [\"NAME\"] }";
        return Some(Violation::new(message, help).key("signature"));
    }
    let why = match &rollback.signed {
        Err(unsigned) => format!("the commit {unsigned}"),
        Ok(signed) => {
            let signatures = [signed.signature.as_slice()];
            match people(ctx, signing, RoleName::Rollback, NAMESPACE, &signed.payload, &signatures) {
                Ok(_) => return None,
                Err(why) => why,
            }
        }
    };
    let message = format!("the rollback is not signed by a person of the role `rollback`: {why}");
    Some(Violation::new(message, "one of them signs it: refgate rollback --key FILE makes it anew; where it is checked out, git commit --amend --no-edit -S").key("signature"))
}

/// Why what it names cannot come back to this branch.
fn misplaced(ctx: &Ctx<'_>, claim: &Claim) -> Option<Violation> {
    let (short, to) = (ctx.short_name(), claim.to.short());
    if claim.branch != ctx.change.update.name {
        let named = quote_path(&claim.branch);
        let help = format!("a rollback is for one branch: make one for {}", ctx.ref_name());
        return Some(Violation::new(format!("the rollback is for {named}, and this is {short}"), help).key("branch"));
    }
    let message = match &claim.stood {
        Stood::Before => return None,
        Stood::Now => format!("{short} stands at {to}, so there is nothing to bring back"),
        Stood::Never => format!("{to} is no commit at which {short} stood: it is not on its first-parent chain"),
        Stood::Within(task) => {
            format!("{to} lies within task {}, which was finished later: {short} never stood there", escape(task))
        }
    };
    let help = format!("name a commit that this shows: git log --first-parent origin/{short}");
    Some(Violation::new(message, help).key("commit"))
}

/// The paths that stand otherwise than they must.
fn differing(ctx: &Ctx<'_>, claim: &Claim) -> Vec<Violation> {
    let (short, to) = (ctx.short_name(), claim.to.short());
    let help = "make the commit anew from the branch as it stands: a rollback changes nothing else";
    let found = claim.differs.iter().map(|path| {
        let message = match ctx.policy.stays(path.as_bstr()) {
            true => format!("a rollback leaves this path as it stands on {short}"),
            false => format!("the path stands otherwise than in {to}, which the rollback says to bring back"),
        };
        Violation::new(message, help).at(path.clone())
    });
    let mut found: Vec<Violation> = found.collect();
    if found.is_empty() && !claim.is_exact && claim.stood != Stood::Never {
        let message = format!("the tree is written otherwise than the one that brings {to} back");
        found.push(Violation::new(message, help).key("tree"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;
    use crate::sign::object::Unsigned;

    const ROLE: &str = "[roles]\nrollback = { principals = [\"carol\"] }\n";

    /// What is wrong beside the signature, which tests/it makes with real keys.
    fn beside(facts: &Facts) -> Vec<String> {
        let found = facts.check(&RULE).into_iter().filter(|violation| violation.key != "signature");
        found.map(|violation| violation.words.message.clone()).collect()
    }

    #[test]
    fn without_the_role_there_is_no_rollback() {
        let found = Facts::rollback(|_| ()).refused_by(&RULE, "the policy names nobody for the role `rollback`");
        assert!(found.words.help.contains("[roles] rollback = "), "{}", found.words.help);
        let filled = Facts::rollback(|_| ()).with_policy(ROLE);
        filled.refused_by(&RULE, "not signed by a person of the role `rollback`: there is no file of signers");
        let bare = Facts::rollback(|rollback| rollback.signed = Err(Unsigned::Not)).with_policy(ROLE);
        bare.refused_by(&RULE, "the commit is not signed");
    }

    #[test]
    fn a_rollback_goes_to_where_its_branch_stood() {
        let claim = |change: fn(&mut Claim)| Facts::rollback(|rollback| change(rollback.claim.as_mut().unwrap()));
        assert_eq!(beside(&claim(|_| ())), [""; 0]);
        let said = |change| beside(&claim(change)).remove(0);
        assert!(
            said(|it| it.branch = "refs/heads/release/1".into())
                .contains("is for refs/heads/release/1, and this is main")
        );
        assert!(said(|it| it.stood = Stood::Now).contains("nothing to bring back"));
        assert!(said(|it| it.stood = Stood::Never).contains("not on its first-parent chain"));
        assert!(said(|it| it.stood = Stood::Within("t1".into())).contains("within task t1, which was finished later"));
        let twice = beside(&Facts::rollback(|rollback| rollback.claim = None));
        assert!(twice[0].contains("or stands there twice"), "{twice:?}");
    }

    #[test]
    fn every_path_that_differs_is_told() {
        let facts = Facts::rollback(|rollback| {
            let claim = rollback.claim.as_mut().unwrap();
            claim.differs = ["src/a.rs".into(), ".ai-stack-trace/t1/a".into()].into();
            claim.is_exact = false;
        });
        let said = beside(&facts);
        assert!(said[0].contains("leaves this path as it stands on main"), "{said:?}");
        assert!(said[1].contains("otherwise than in 0a0a0a0a0a0a"), "{said:?}");
        let odd = Facts::rollback(|rollback| rollback.claim.as_mut().unwrap().is_exact = false);
        assert!(beside(&odd)[0].contains("written otherwise"), "{:?}", beside(&odd));
    }

    #[test]
    fn what_is_no_rollback_is_none_of_its_business() {
        for push in [Facts::promotion("t1"), Facts::branch_push("main"), Facts::rollback(|_| ()).diverged()] {
            push.accepted_by(&RULE);
        }
    }
}
