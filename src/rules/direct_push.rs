//! A protected branch moved by anything but a promotion.

use crate::change::{Need, WayKind};
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "direct-push",
    name: "Direct push to a protected branch",
    family: Family::Refs,
    summary: "A protected branch moved by anything but a promotion",
    docs: Docs {
        refuses: "An update of a protected branch whose new tip is neither the tip of a branch that this server already held before the push, nor the merge of the old tip with such a tip; and one that comes from a branch that is no task branch while it changes more than documentation.",
        why: "What lands on a protected branch was seen, audited and approved before, on a branch of its own.",
        example: "`git commit -am fix && git push origin main`",
        fix: "Push the work to a task branch (`git push origin HEAD:refs/heads/autoTest/<task>`), complete its provenance there, and promote it: `git push origin autoTest/<task>:main`. Documentation alone may come from any branch that the server holds.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    if !ctx.is_promotion() {
        return Ok(Vec::new());
    }
    let short = ctx.short_name();
    let Some(way) = &ctx.change.way else { return Ok(vec![unseen(ctx)]) };
    // What else a branch of a chain does not take is chain-skipped's to say.
    if way.kind != WayKind::Branch || ctx.policy.takes_steps(ctx.change.update.name.as_bstr()) {
        return Ok(Vec::new());
    }
    let Some(path) = ctx.not_documentation() else { return Ok(Vec::new()) };
    let source = quote_path(&way.source);
    let message = format!("{short} takes only documentation from {source}, and the change touches more than that");
    let help =
        format!("give the work a task branch: git push origin {}:refs/heads/{}<task>", way.tip.short(), task(ctx));
    Ok(vec![Violation::new(message, help).at(path)])
}

/// The new tip is on no branch that the server held before this push.
fn unseen(ctx: &Ctx<'_>) -> Violation {
    let (short, new) = (ctx.short_name(), ctx.change.update.new);
    let mut branches = ctx.push.updates.iter().filter(|update| update.name.starts_with(b"refs/heads/"));
    let together = branches.find(|update| update.new == new && update.name != ctx.change.update.name);
    if let Some(branch) = together {
        let branch = quote_path(&branch.name);
        let message =
            format!("{short} takes up only what the server held before, and {branch} comes with the same push");
        return Violation::new(message, format!("git push origin {branch}\ngit push origin {branch}:{short}"));
    }
    let message =
        format!("{short} moves by promotion only, and the server holds no branch with the tip {}", new.short());
    let sources = ctx.policy.sources_of(ctx.change.update.name.as_bstr());
    if !sources.is_empty() {
        let from = quote_path(sources.join(" or ").as_bytes());
        let help =
            format!("take the work to {from} by a task first, then push the tip of that, as it stands, to {short}");
        return Violation::new(message, help);
    }
    if ctx.not_documentation().is_none() {
        let help = format!("git push origin HEAD:refs/heads/<name>\ngit push origin <name>:{short}");
        return Violation::new(message, help);
    }
    let task = task(ctx);
    let help = format!(
        "if it is the tip of a task branch, push that first: git push origin {task}<task>\nelse begin one: git switch -c {task}<task>\ncomplete the trace of <task> there and push it, then\ngit push origin {task}<task>:{short}",
    );
    Violation::new(message, help)
}

fn task<'a>(ctx: &'a Ctx<'_>) -> &'a str {
    &ctx.policy.task_prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Mode;
    use crate::rule::testing::*;

    #[test]
    fn a_promotion_of_a_task_is_no_direct_push() {
        Facts::promotion("t1").touch("src/a.rs").accepted_by(&RULE);
        Facts::promotion("t1").touch("src/a.rs").by_merge(&[], &[]).accepted_by(&RULE);
    }

    #[test]
    fn documentation_may_come_from_any_branch_that_the_server_holds() {
        Facts::promotion_of_branch("topic").touch("docs/a.md").accepted_by(&RULE);
        let found = Facts::promotion_of_branch("topic").touch("docs/a.md").touch("src/a.rs").refused_by(&RULE, "only");
        assert_eq!(found.path.unwrap(), "src/a.rs");
        assert!(
            found.words.help.ends_with("git push origin 1b1b1b1b1b1b:refs/heads/autoTest/<task>"),
            "{}",
            found.words.help
        );
        // Not even when a later commit takes it back, and not when a link or a program is called documentation.
        Facts::promotion_of_branch("topic").edit_and_revert("src/a.rs").refused_by(&RULE, "only documentation");
        for mode in [Mode::Executable, Mode::Symlink, Mode::Submodule] {
            Facts::promotion_of_branch("topic").add_as("docs/a.md", mode).refused_by(&RULE, "only documentation");
            let was = Facts::promotion_of_branch("topic").change_mode("docs/a.md", mode, Mode::File);
            was.refused_by(&RULE, "only documentation");
        }
    }

    #[test]
    fn a_tip_that_the_server_holds_on_no_branch_is_refused_documentation_or_not() {
        let found = Facts::branch_push("main").touch("docs/a.md").refused_by(&RULE, "holds no branch with the tip");
        assert_eq!(found.words.help, "git push origin HEAD:refs/heads/<name>\ngit push origin <name>:main");
        let found = Facts::branch_push("main").touch("src/a.rs").refused_by(&RULE, "holds no branch with the tip");
        assert!(found.words.help.ends_with("\ngit push origin autoTest/<task>:main"), "{}", found.words.help);
        Facts::branch_push("release/1.0").touch("src/a.rs").refused_by(&RULE, "release/1.0 moves by promotion only");
        let pushed_together = Facts::branch_push("main").along_with("refs/heads/autoTest/t1");
        let found = pushed_together.refused_by(&RULE, "refs/heads/autoTest/t1 comes with the same push");
        assert_eq!(
            found.words.help,
            "git push origin refs/heads/autoTest/t1\ngit push origin refs/heads/autoTest/t1:main"
        );
        Facts::branch_push("main").along_with("refs/tags/v1").refused_by(&RULE, "the server holds no branch");
        Facts::branch_push("main").along_with("refs/heads/\u{1b}[2J").refused_by(&RULE, r"\033[2J");
    }

    #[test]
    fn a_branch_of_a_chain_takes_the_tip_of_its_source() {
        let chain = "[branches]\nprotected = [\"develop\", \"staging\"]\n\
                     [[promotion]]\nfrom = [\"develop\", \"main\"]\ninto = [\"staging\"]\n";
        Facts::step("develop", "staging").touch("src/a.rs").with_policy(chain).accepted_by(&RULE);
        let found =
            Facts::branch_push("staging").touch("docs/a.md").with_policy(chain).refused_by(&RULE, "by promotion only");
        assert!(
            found.words.help.starts_with("take the work to develop or main by a task first"),
            "{}",
            found.words.help
        );
        Facts::promotion_into("t1", "staging").touch("src/a.rs").with_policy(chain).accepted_by(&RULE);
    }

    #[test]
    fn what_is_no_promotion_is_the_business_of_other_rules() {
        let push = Facts::branch_push("main").touch("src/a.rs");
        for other in [push.clone().created(), push.clone().deleted(), push.clone().kept(), push.clone().diverged()] {
            other.accepted_by(&RULE);
        }
        push.but_the_server_holds(Some(NEW)).accepted_by(&RULE);
        Facts::branch_push("topic").touch("src/a.rs").accepted_by(&RULE);
    }
}
