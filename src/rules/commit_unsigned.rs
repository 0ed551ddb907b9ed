//! A new commit without the signature that the policy asks for.

use bstr::ByteSlice;

use super::shared::{BRANCHES_AND_TAGS, unsigned};
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "commit-unsigned",
    name: "Commit that nobody signed",
    family: Family::Signatures,
    summary: "A new commit without the signature that the policy asks for",
    docs: Docs {
        refuses: "Where `[[signatures]]` says `commits = true`: a new commit, merges included, without an SSH signature by somebody whom the signers name and the table takes, judged at the time of the push; commits that a protected branch holds already are not looked at.",
        why: "Author and committer are whatever somebody typed, and a signature is the only word on who made a commit.",
        example: "`git commit` where `git commit -S` is due; a commit that `git commit --amend` made afresh without signing",
        fix: "`git config gpg.format ssh`, `git config user.signingKey <your public key>`, `git config commit.gpgSign true`, then sign again what is there: `git rebase --rebase-merges --force-rebase --gpg-sign <base>`.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: BRANCHES_AND_TAGS,
    needs: &[Need::Signatures],
    check,
};

const HELP: &str = "git rebase --rebase-merges --force-rebase --gpg-sign <base> (once before: git config gpg.format ssh, git config user.signingKey \
     <your public key>)";

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let name = &ctx.change.update.name;
    let due: Vec<_> = ctx.policy.signatures_on(name.as_bstr()).filter(|table| table.commits).collect();
    let lacking = ctx.change.signatures.commits.iter().filter(|_| !due.is_empty()).filter_map(|(commit, by)| {
        let lacks = unsigned(ctx, by, &due)?;
        Some(Violation::new(format!("commit {} {lacks}", commit.short()), HELP).key(commit.to_string()))
    });
    Ok(lacking.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Certificate;
    use crate::rule::testing::*;

    fn facts(branch: &str) -> Facts {
        Facts::branch_push(branch).with_policy("[[signatures]]\nrefs = [\"main\"]\ncommits = true\n")
    }

    #[test]
    fn every_new_commit_is_signed_where_the_policy_asks_for_it() {
        let alice = || Ok(signer("alice@example.com"));
        facts("main").accepted_by(&RULE);
        facts("main").commit_by(1, alice()).commit_by(2, alice()).accepted_by(&RULE);
        let bad = facts("main").commit_by(1, alice()).commit_by(2, Err("is not signed".into()));
        bad.clone().refused_by(&RULE, "commit 020202020202 is not signed");
        assert_eq!(bad.commit_by(3, Err("has a signature that does not count: x".into())).check(&RULE).len(), 2);
        facts("topic").commit_by(1, Err("is not signed".into())).accepted_by(&RULE);
        Facts::branch_push("main").commit_by(1, Err("is not signed".into())).accepted_by(&RULE);
    }

    #[test]
    fn a_clone_that_knows_no_signers_says_only_what_is_not_signed_at_all() {
        let facts = |by: &str| facts("main").commit_by(1, Err(by.into()));
        let unjudged = crate::change::signed::unjudged();
        facts(&unjudged).refused_by(&RULE, "nobody is named who may sign");
        facts(&unjudged).certified(Certificate::Unseen).accepted_by(&RULE);
        facts("is not signed").certified(Certificate::Unseen).refused_by(&RULE, "is not signed");
    }

    #[test]
    fn each_table_that_meets_the_ref_counts() {
        let policy = "[[signatures]]\nrefs = [\"main\"]\ncommits = true\n[[signatures]]\nrefs = [\"m*\"]\ncommits = true\n\
                      signers = [\"bob@example.com\"]\n[[signatures]]\nrefs = [\"**\"]\npush = true\nsigners = [\"x\"]\n";
        let facts = |name| Facts::branch_push("main").with_policy(policy).commit_by(1, Ok(signer(name)));
        facts("alice@example.com").refused_by(&RULE, "commit 010101010101 is signed by alice@example.com, who is none");
        facts("bob@example.com").accepted_by(&RULE);
    }
}
