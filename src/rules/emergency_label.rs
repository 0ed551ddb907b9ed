//! A hotfix without the label that a person signed.

use crate::change::{Need, WayKind};
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{Ctx, Docs, Family, Rule, Violation, Waiver};

pub(super) static RULE: Rule = Rule {
    id: "emergency-label",
    name: "Hotfix without a signed label",
    family: Family::Promotion,
    summary: "A hotfix that enters a protected branch without the label that a person signed",
    docs: Docs {
        refuses: "A promotion of an emergency branch (`hotfix/*`) of more than documentation, unless the same push brings an override with the policy's `hotfix.label` and a reason, for exactly this update. That override waives provenance and scope; drift, checks, signatures, merges and finished traces are judged as always, and a hotfix writes into no trace.",
        why: "An emergency waives provenance and scope, so a person must have said so, verifiably.",
        example: "`git push origin hotfix/login:main`",
        fix: "Let another person sign for this push, `refgate override request`, or take the fix through a task. A task that takes up a hotfix afterwards names it in its approval, `Settles: ID`; until then `refgate task status` shows it.",
        waiver: Waiver::Hotfix,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let hotfix = ctx.change.way.as_ref().filter(|way| way.kind == WayKind::Hotfix && ctx.is_promotion());
    let Some(way) = hotfix else { return Ok(Vec::new()) };
    let source = quote_path(way.source.strip_prefix(b"refs/heads/").unwrap_or(&way.source));
    let message = format!("{source} enters {} as a hotfix, and no signed label allows it", ctx.short_name());
    let help = format!(
        "let another person sign for this push: refgate override request\n\
         or give the work a task branch: git push origin {}:refs/heads/{}<task>",
        way.tip.short(),
        ctx.policy.task_prefix
    );
    Ok(vec![Violation::new(message, help)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_hotfix_enters_with_a_signed_label_only() {
        let found = Facts::hotfix("a").touch("src/a.rs").refused_by(&RULE, "hotfix/a enters main as a hotfix");
        assert!(
            found.words.help.ends_with("git push origin 1b1b1b1b1b1b:refs/heads/autoTest/<task>"),
            "{}",
            found.words.help
        );
        Facts::hotfix("a").touch("src/a.rs").by_merge(&[], &[]).refused_by(&RULE, "no signed label allows it");
        for push in [Facts::hotfix("a").diverged(), Facts::hotfix("a").kept(), Facts::hotfix("a").deleted()] {
            push.accepted_by(&RULE);
        }
    }

    #[test]
    fn what_is_no_hotfix_needs_no_label() {
        Facts::promotion("t1").touch("src/a.rs").accepted_by(&RULE);
        Facts::promotion_of_branch("topic").touch("src/a.rs").accepted_by(&RULE);
        Facts::branch_push("main").touch("src/a.rs").accepted_by(&RULE);
        Facts::branch_push("hotfix/a").touch("src/a.rs").accepted_by(&RULE);
    }
}
