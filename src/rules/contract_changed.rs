//! A contract that the change touches and the approval does not list under schema changes.

use super::shared::BRANCHES;
use super::shared::drift::is_listed;
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "contract-changed",
    name: "Contract changed without authority",
    family: Family::Drift,
    summary: "A contract that the change touches and the approval does not list under schema changes",
    docs: Docs {
        refuses: "Any change of a contract's file that no entry under `Schema changes` of the task's approval names, even where code and contract still agree. A pattern with a star names no file. On a task branch this is asked once an approval is there.",
        why: "Code aligns to the contract, not the contract to the code.",
        example: "a field added to the code and to the contract in one push, with only `src/**` approved",
        fix: "Take the contract out of the change, or have a person list it under Schema changes, by its path.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(config) = &ctx.policy.drift else { return Ok(Vec::new()) };
    if ctx.change.bootstrap {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for path in ctx.change.content.touched.keys().filter(|path| config.is_contract(path)) {
        if is_listed(ctx, path.as_bstr()) == Some(false) {
            let help = "take it out of every commit, or have a person list it by its path in the approval under Schema changes";
            let message = "the contract is changed, and no approval lists it under Schema changes";
            found.push(Violation::new(message, help).at(path.clone()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn only_an_entry_under_schema_changes_lets_the_contract_change() {
        let facts = |facts: Facts| facts.drift(found([])).touch(MAP);
        facts(Facts::promotion("t1").approval_with(&[])).accepted_by(&RULE);
        let runtime = format!("- Runtime code changes\n  - `{MAP}`");
        let told = facts(Facts::promotion("t1").scope(&runtime)).refused_by(&RULE, "no approval lists it");
        assert_eq!(told.path.unwrap(), MAP);
        let (folder, _) = MAP.rsplit_once('/').unwrap();
        for pattern in ["**".to_owned(), format!("{folder}/"), format!("{folder}/*"), format!("{MAP}*")] {
            let schema = format!("- Schema changes\n  - `{pattern}`");
            facts(Facts::promotion("t1").scope(&schema)).refused_by(&RULE, "no approval lists it");
        }
        facts(Facts::promotion_of_branch("topic")).refused_by(&RULE, "no approval lists it");
        facts(Facts::branch_push("hotfix/x")).refused_by(&RULE, "no approval lists it");
    }

    #[test]
    fn a_branch_is_asked_once_it_has_an_approval() {
        let facts = |facts: Facts| facts.drift(found([])).touch(MAP);
        facts(Facts::branch_push("topic")).accepted_by(&RULE);
        facts(Facts::task_push("t1")).accepted_by(&RULE);
        facts(Facts::task_push("t1").scope("- Runtime code changes\n  - `src/**`")).refused_by(&RULE, "no approval");
        facts(Facts::branch_push("main").bootstrap(None)).accepted_by(&RULE);
    }

    #[test]
    fn each_contract_of_the_policy_counts_and_no_other_file() {
        let policy = "[drift]\n[[drift.contract]]\npath = \"docs/map.md\"\n[[drift.source]]\nlanguage = \"json-schema\"\npaths = [\"model/**\"]\n";
        let facts = |path: &str| Facts::promotion("t1").with_policy(policy).touch(path);
        facts("docs/map.md").refused_by(&RULE, "no approval lists it");
        facts("docs/other.md").accepted_by(&RULE);
        facts("docs/other.md").edit_and_revert("docs/map.md").refused_by(&RULE, "no approval lists it");
        Facts::promotion("t1").touch(MAP).accepted_by(&RULE);
    }
}
