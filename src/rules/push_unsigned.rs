//! A push without the certificate that the policy asks for.

use bstr::ByteSlice;

use super::shared::ALL_CLASSES;
use crate::change::Certificate;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "push-unsigned",
    name: "Push that nobody signed",
    family: Family::Signatures,
    summary: "A push without the signed certificate that the policy asks for",
    docs: Docs {
        refuses: "Where `[[signatures]]` says `push = true`: a push without a push certificate, with one that does not verify, is stale, was used before or is about another push or repository, or with one by a key that the table does not take.",
        why: "A password or an SSH session says who reached the server, and only a signature says who wants these refs to move so.",
        example: "`git push origin main` where `git push --signed origin main` is due",
        fix: "`git config gpg.format ssh`, `git config user.signingKey <your public key>`, then `git push --signed`; `git config push.gpgSign if-asked` signs every push from then on.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: ALL_CLASSES,
    needs: &[],
    check,
};

const HELP: &str =
    "git push --signed (once before: git config gpg.format ssh, git config user.signingKey <your public key>)";

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let name = &ctx.change.update.name;
    let mut due = ctx.policy.signatures_on(name.as_bstr()).filter(|table| table.push).peekable();
    if due.peek().is_none() {
        return Ok(Vec::new());
    }
    let lacking = match &ctx.push.certificate {
        // Before the push there is nothing to look at; the server will.
        Certificate::Unseen => None,
        Certificate::Absent => Some("the push is not signed".to_owned()),
        Certificate::Refused(reason) => Some(format!("the push certificate does not count: {reason}")),
        Certificate::Valid(signer) => {
            due.find_map(|table| table.lacks(signer)).map(|lacks| format!("the push is signed {lacks}"))
        }
    };
    let violation = |lacking| Violation::new(format!("{}: {lacking}", ctx.ref_name()), HELP);
    Ok(lacking.map(violation).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;
    use crate::sign::Signer;

    const TABLE: &str = "[[signatures]]\nrefs = [\"main\", \"refs/tags/v*\", \"refs/refgate/**\"]\npush = true\n";

    fn facts(name: &str, more: &str, certificate: Certificate) -> Facts {
        Facts::push(name).with_policy(&format!("{TABLE}{more}")).certified(certificate)
    }

    fn valid(change: impl FnOnce(&mut Signer)) -> Certificate {
        let mut signer = signer("alice@example.com");
        change(&mut signer);
        Certificate::Valid(signer)
    }

    #[test]
    fn where_the_policy_asks_for_it_a_push_is_signed() {
        for name in ["refs/heads/main", "refs/heads/main/x", "refs/tags/v1", "refs/refgate/overrides/a"] {
            facts(name, "", Certificate::Absent).refused_by(&RULE, "the push is not signed");
            facts(name, "", Certificate::Absent).deleted().refused_by(&RULE, "the push is not signed");
            let refused = Certificate::Refused("its nonce is old".into());
            facts(name, "", refused).refused_by(&RULE, "the push certificate does not count: its nonce is old");
            facts(name, "", valid(|_| {})).accepted_by(&RULE);
            // The server will see it.
            facts(name, "", Certificate::Unseen).accepted_by(&RULE);
        }
        for name in ["refs/heads/topic", "refs/tags/x", "refs/heads/refs/tags/v1", "refs/notes/main"] {
            facts(name, "", Certificate::Absent).accepted_by(&RULE);
            facts(name, "", Certificate::Refused("x".into())).accepted_by(&RULE);
        }
        Facts::branch_push("main").accepted_by(&RULE);
    }

    #[test]
    fn the_table_says_whose_signature_counts_and_what_it_shows() {
        let main = "refs/heads/main";
        let only = "signers = [\"bob@example.com\", \"carol@example.com\"]";
        let about = "the push is signed by alice@example.com, who is none of the signers that the policy names";
        facts(main, only, valid(|_| {})).refused_by(&RULE, about);
        facts(main, only, valid(|signer| signer.principals = ["bob@example.com".into()].into())).accepted_by(&RULE);
        let (touched, proved) = ("presence = \"required\"", "presence = \"verified\"");
        facts(main, touched, valid(|_| {})).refused_by(&RULE, "without a hardware key that somebody touched");
        facts(main, touched, valid(|signer| signer.presence = true)).accepted_by(&RULE);
        facts(main, proved, valid(|signer| signer.presence = true)).refused_by(&RULE, "verified its user");
        facts(main, proved, valid(|signer| signer.verification = true)).refused_by(&RULE, "verified its user");
        let both = valid(|signer| (signer.presence, signer.verification) = (true, true));
        facts(main, proved, both).accepted_by(&RULE);
    }

    #[test]
    fn each_table_that_meets_the_ref_counts() {
        let more =
            format!("\n{TABLE}signers = [\"bob@example.com\"]\n[[signatures]]\nrefs = [\"**\"]\ncommits = true\n");
        facts("refs/heads/main", &more, valid(|_| {})).refused_by(&RULE, "none of the signers");
        facts("refs/heads/topic", &more, Certificate::Absent).accepted_by(&RULE);
    }
}
