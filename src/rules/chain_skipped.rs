//! A branch of a chain that takes what does not stand on its source.

use bstr::ByteSlice;

use crate::change::WayKind;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "chain-skipped",
    name: "Step of a chain left out",
    family: Family::Promotion,
    summary: "A branch of a chain that takes what does not stand on its source",
    docs: Docs {
        refuses: "A promotion into a protected branch that some `[[promotion]]` names in `into`, from a branch that none of these names in `from`: a task, documentation, another protected branch. It takes what stood at the tip of a source before the push; hotfixes and rollbacks have their own rules.",
        why: "What reaches the end of a chain has stood the tests of every step before it.",
        example: "`git push origin autoTest/login:production` where production takes from staging",
        fix: "Promote it to the first branch of the chain, which takes tasks, and from there step by step: `git push origin develop:staging`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let name = ctx.change.update.name.as_bstr();
    let Some(way) = ctx.change.way.as_ref().filter(|_| ctx.is_promotion() && ctx.policy.takes_steps(name)) else {
        return Ok(Vec::new());
    };
    if !matches!(way.kind, WayKind::Task | WayKind::Branch) {
        return Ok(Vec::new());
    }
    let sources = ctx.policy.sources_of(name);
    let (short, source) =
        (ctx.short_name(), quote_path(way.source.strip_prefix(b"refs/heads/").unwrap_or(&way.source)));
    let message = format!("{short} takes what stands on {}, and {source} is none of these", sources.join(" or "));
    let message = crate::escape::one_line(&message);
    let help = match steps(ctx, &short) {
        Some(steps) => {
            let next = |pair: &[String]| match pair {
                [from, into] => format!("\ngit push origin origin/{from}:{into}"),
                _ => String::new(),
            };
            let first = steps.first().map(|first| format!("git push origin {source}:{first}")).unwrap_or_default();
            first + &steps.windows(2).map(next).collect::<String>()
        }
        None => format!("promote it to a branch that {short} takes from, then push the tip of that to {short}"),
    };
    Ok(vec![Violation::new(message, help)])
}

/// The branches from the first that takes tasks to this one, where each can be written into a command: a pattern is no
/// branch.
fn steps(ctx: &Ctx<'_>, short: &str) -> Option<Vec<String>> {
    let mut steps = vec![short.to_owned()];
    while let Some(into) =
        steps.last().filter(|into| ctx.policy.takes_steps(format!("refs/heads/{into}").as_str().into()))
    {
        let sources = ctx.policy.sources_of(format!("refs/heads/{into}").as_str().into());
        let from = sources
            .iter()
            .find(|from| !from.contains(['*', '?', '[', '{']) && steps.iter().all(|step| step != *from))?;
        steps.push((*from).to_owned());
    }
    steps.reverse();
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    const CHAIN: &str = "[branches]\nprotected = [\"develop\", \"staging\", \"release/*\"]\n\
                         [[promotion]]\nfrom = [\"develop\"]\ninto = [\"staging\"]\n\
                         [[promotion]]\nfrom = [\"staging\"]\ninto = [\"release/*\"]\n\
                         [[promotion]]\nfrom = [\"release/*\"]\ninto = [\"main\"]\n";

    #[test]
    fn a_branch_of_a_chain_takes_what_stands_on_its_source() {
        Facts::step("develop", "staging").with_policy(CHAIN).accepted_by(&RULE);
        Facts::step("develop", "staging").with_policy(CHAIN).by_merge(&[], &[]).accepted_by(&RULE);
        let found = Facts::promotion_into("t1", "staging")
            .with_policy(CHAIN)
            .refused_by(&RULE, "staging takes what stands on develop");
        assert_eq!(found.words.help, "git push origin autoTest/t1:develop\ngit push origin origin/develop:staging");
        let found = Facts::promotion_of_branch("topic")
            .with_policy(CHAIN)
            .refused_by(&RULE, "stands on release/*, and topic is");
        assert!(found.words.help.starts_with("promote it to a branch that main takes from"), "{}", found.words.help);
        Facts::promotion_into("t1", "release/1")
            .with_policy(CHAIN)
            .refused_by(&RULE, "release/1 takes what stands on staging");
    }

    #[test]
    fn other_branches_take_tasks() {
        Facts::promotion_into("t1", "develop").with_policy(CHAIN).accepted_by(&RULE);
        Facts::promotion("t1").accepted_by(&RULE);
        Facts::branch_push("staging").with_policy(CHAIN).accepted_by(&RULE);
        for push in
            [Facts::promotion_into("t1", "staging").diverged(), Facts::promotion_into("t1", "staging").created()]
        {
            push.with_policy(CHAIN).accepted_by(&RULE);
        }
    }
}
