//! A protected branch created at a commit that no protected branch contains.

use bstr::ByteSlice;

use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::refs::Action;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "protected-creation",
    name: "Creation of a protected branch",
    family: Family::Refs,
    summary: "A protected branch created at a commit that no protected branch contains",
    docs: Docs {
        refuses: "The creation of a protected branch anywhere but at a commit that another protected branch already contains; of a branch that some `[[promotion]]` names in `into`, anywhere but at the tip of a branch that it takes from, and of one that only `from` names, anywhere but at the tip of a protected branch. The first push of the default branch into an empty repository uses up the one-time bootstrap that the install left.",
        why: "Otherwise a new release branch would be a way around every promotion.",
        example: "`git push origin HEAD:refs/heads/release/2.0` with unpromoted work",
        fix: "Create it at a promoted commit: `git push origin origin/main:refs/heads/release/2.0`.",
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
    let change = ctx.change;
    if ctx.is_stale() || ctx.action() != Action::Create || change.contained || change.bootstrap {
        return Ok(Vec::new());
    }
    let (name, trunk) = (ctx.short_name(), ctx.trunk());
    let (message, help) = if ctx.push.refs.is_empty() {
        (
            format!("the server is empty, and this push is not its bootstrap: that takes {trunk}, once"),
            format!("push {trunk} first; when the bootstrap is used up, refgate install server --repo DIR renews it"),
        )
    } else if !ctx.push.refs.contains_key(&ctx.policy.trunk) {
        (
            format!("{name} cannot be created: the server has branches, but not the trusted one, {trunk}"),
            format!("an administrator creates it on the server: git update-ref refs/heads/{trunk} <commit>"),
        )
    } else if let Some(found) = in_a_chain(ctx) {
        found
    } else {
        (
            format!("{name} begins at {}, which no other protected branch contains", change.update.new.short()),
            format!("create it where promoted work is: git push origin origin/{trunk}:refs/heads/{name}"),
        )
    };
    Ok(vec![Violation::new(message, help)])
}

/// What is said where the branch is one of a chain.
fn in_a_chain(ctx: &Ctx<'_>) -> Option<(String, String)> {
    let (name, update) = (ctx.short_name(), &ctx.change.update);
    let (policy, at) = (ctx.policy, update.new.short());
    let sources = policy.sources_of(update.name.as_bstr());
    if !sources.is_empty() {
        let from = crate::escape::one_line(&sources.join(" or "));
        let message = format!("{name} begins at {at}, which is no tip of {from}, and it takes what stands there");
        return Some((
            message,
            format!("create it where its source stands: git push origin origin/<source>:refs/heads/{name}"),
        ));
    }
    policy.is_source(update.name.as_bstr()).then(|| {
        let message =
            format!("{name} begins at {at}, where no other protected branch stands, and others take what is on it");
        (message, format!("create it at the tip of one: git push origin origin/{}:refs/heads/{name}", ctx.trunk()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn a_protected_branch_begins_where_another_one_has_been() {
        Facts::branch_push("release/2.0").created().contained().accepted_by(&RULE);
        let found = Facts::branch_push("release/2.0").created().refused_by(&RULE, "release/2.0 begins at 1b1b1b1b1b1b");
        assert!(
            found.words.help.ends_with("git push origin origin/main:refs/heads/release/2.0"),
            "{}",
            found.words.help
        );
    }

    #[test]
    fn an_empty_server_takes_its_bootstrap_and_nothing_else() {
        Facts::branch_push("main").bootstrap(None).accepted_by(&RULE);
        Facts::branch_push("main").created().on_an_empty_server().refused_by(&RULE, "the server is empty");
        Facts::branch_push("release/1.0").created().on_an_empty_server().refused_by(&RULE, "that takes main, once");
    }

    #[test]
    fn without_the_trusted_branch_only_an_administrator_goes_on() {
        let push = Facts::branch_push("main").created().server_has("refs/heads/topic");
        let found = push.refused_by(&RULE, "the server has branches, but not the trusted one, main");
        assert!(found.words.help.contains("git update-ref refs/heads/main"), "{}", found.words.help);
    }

    #[test]
    fn a_branch_of_a_chain_begins_where_its_source_stands() {
        let chain = "[branches]\nprotected = [\"develop\", \"staging\"]\n\
                     [[promotion]]\nfrom = [\"develop\"]\ninto = [\"staging\"]\n";
        Facts::step("develop", "staging").created().contained().with_policy(chain).accepted_by(&RULE);
        let push = |name: &str| Facts::branch_push(name).created().with_policy(chain);
        push("staging").refused_by(&RULE, "staging begins at 1b1b1b1b1b1b, which is no tip of develop");
        push("develop").refused_by(&RULE, "where no other protected branch stands");
        push("develop").contained().accepted_by(&RULE);
    }

    #[test]
    fn what_creates_nothing_is_none_of_its_business() {
        Facts::branch_push("main").accepted_by(&RULE);
        Facts::branch_push("main").deleted().accepted_by(&RULE);
        Facts::branch_push("main").created().but_the_server_holds(Some(OLD)).accepted_by(&RULE);
        Facts::branch_push("topic").created().accepted_by(&RULE);
    }
}
