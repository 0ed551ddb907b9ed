//! How a refused push could be let in by a person, as a command: a clone does not know which repository the server
//! takes itself for, nor the floor that it adds to the policy.

use crate::change::Push;
use crate::finding::{Decision, Finding, UpdateVerdict, Verdict};
use crate::policy::Policy;
use crate::policy::roles::RoleName;
use crate::report::human::shell_word;
use crate::rule::Waiver;
use crate::rules;

/// The command for each refused update, where everything that is refused can be waived and somebody may.
pub(super) fn on(policy: &Policy, push: &Push, verdict: &Verdict) -> Vec<String> {
    let refusing = |update: &&UpdateVerdict| update.findings.iter().any(Finding::refuses);
    let waivable = |update: &UpdateVerdict| {
        let mut refused = update.findings.iter().filter(|finding| finding.refuses());
        refused.all(|finding| rules::find(finding.rule).is_some_and(|rule| rule.docs.waiver.is_by_override()))
    };
    let (Some(repository), Some(pusher)) = (&policy.repository_id, &push.actor) else { return Vec::new() };
    let somebody = policy.signing.roles.contains_key(&RoleName::Override);
    let whole = verdict.problem.is_none() && verdict.updates.iter().all(|update| update.problem.is_none());
    if verdict.decision != Decision::Refuse || !somebody || !whole || !verdict.updates.iter().all(waivable) {
        return Vec::new();
    }
    let digest = policy.digest();
    let command = |update: &UpdateVerdict, what: &str| {
        let word = |text: &[u8]| shell_word(text);
        format!(
            "A person of the override role can waive {what}: refgate override request --ref {} --head {} --pusher {} \
             --repository {} --policy-digest {digest}",
            word(&update.name),
            update.new,
            word(pusher.as_bytes()),
            word(repository.as_bytes()),
        )
    };
    // What a hotfix's own label does not waive needs a statement of its own.
    let commands = |update: &UpdateVerdict| {
        let is_hotfix = |rule| rules::find(rule).is_some_and(|rule| rule.docs.waiver == Waiver::Hotfix);
        let has = |what: &dyn Fn(&Finding) -> bool| update.findings.iter().any(what);
        let label = has(&|finding| is_hotfix(finding.rule) && finding.refuses());
        let labelled = has(&|finding| is_hotfix(finding.rule) && finding.waived.is_some());
        let others = has(&|finding| !is_hotfix(finding.rule) && finding.refuses());
        match (label, labelled, others) {
            (true, _, true) => {
                vec![command(update, "the label"), command(update, "all else that refuses it") + " --others"]
            }
            (true, _, false) => vec![command(update, "the label")],
            (false, true, true) => vec![command(update, "all that refuses it still") + " --others"],
            (false, ..) => vec![command(update, "it")],
        }
    };
    verdict.updates.iter().filter(refusing).filter(|update| !update.new.is_zero()).flat_map(commands).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Severity, Words};
    use crate::oid::Oid;
    use crate::policy::parse::{Known, parse};
    use crate::refs::RefMap;

    const OVERRIDE: &str = "[roles]\noverride = { principals = [\"bob\"] }\n";
    const LABEL: &str = "emergency-label";
    const NEVER: &str = "octopus";

    fn oid(byte: &str) -> Oid {
        Oid::from_hex(byte.repeat(20).as_bytes()).unwrap()
    }

    fn policy(roles: &str) -> Policy {
        let known = Known { rules: &rules::ids(), trunk: "refs/heads/main".into() };
        let text = format!("version = 1\nrepository_id = \"shop\"\n{roles}");
        parse(&text, "test", known).unwrap()
    }

    fn push() -> Push {
        Push::new(RefMap::new(), Vec::new(), false).by(Some("al ice".into()))
    }

    /// An update on which these rules found something that is refused, and these something that is waived.
    fn update(refused: &[&'static str], waived: &[&'static str]) -> UpdateVerdict {
        let finding = |rule, waived: Option<&str>| Finding {
            rule,
            name: "",
            why: "",
            severity: Severity::Enforce,
            words: Words::new("", ""),
            path: None,
            line: None,
            column: None,
            fingerprint: String::new(),
            waived: waived.map(ToOwned::to_owned),
            baseline: None,
        };
        let refused = refused.iter().map(|rule| finding(rule, None));
        UpdateVerdict {
            name: "refs/heads/main".into(),
            old: oid("aa"),
            new: oid("bb"),
            class: "protected",
            base: None,
            commits: 1,
            findings: refused.chain(waived.iter().map(|rule| finding(rule, Some("id")))).collect(),
            source: None,
            task: None,
            way: None,
            restores: None,
            problem: None,
        }
    }

    fn verdict(updates: Vec<UpdateVerdict>) -> Verdict {
        Verdict {
            decision: Decision::Refuse,
            actor: None,
            input: None,
            policy: None,
            problem: None,
            overrides: Vec::new(),
            updates,
            bootstrap: false,
            again: None,
        }
    }

    /// What each hint says can be waived, and whether by a label other than the hotfix's own.
    fn told(refused: &[&'static str], waived: &[&'static str]) -> Vec<(String, bool)> {
        let hints = on(&policy(OVERRIDE), &push(), &verdict(vec![update(refused, waived)]));
        let what = |hint: &String| {
            let (before, command) = hint.split_once(": refgate override request ").unwrap();
            let what = before.strip_prefix("A person of the override role can waive ").unwrap();
            (what.to_owned(), command.ends_with(" --others"))
        };
        hints.iter().map(what).collect()
    }

    #[test]
    fn a_hotfix_s_label_and_all_else_have_a_request_each() {
        let one = |what: &str, others| vec![(what.to_owned(), others)];
        assert_eq!(told(&["direct-push", "field-added"], &[]), one("it", false));
        assert_eq!(told(&[LABEL], &[]), one("the label", false));
        assert_eq!(told(&[LABEL], &["field-added"]), one("the label", false));
        assert_eq!(told(&["field-added"], &[LABEL]), one("all that refuses it still", true));
        let both = [one("the label", false), one("all else that refuses it", true)].concat();
        assert_eq!(told(&[LABEL, "check-missing", "field-added"], &[]), both);
    }

    #[test]
    fn the_command_says_what_only_the_server_knows() {
        let policy = policy(OVERRIDE);
        let hints = on(&policy, &push(), &verdict(vec![update(&["direct-push"], &[])]));
        let command = format!(
            "refgate override request --ref refs/heads/main --head {} --pusher 'al ice' --repository shop \
             --policy-digest {}",
            oid("bb"),
            policy.digest()
        );
        assert!(hints.len() == 1 && hints[0].ends_with(&command), "{hints:?}");
        // Of several updates those that are refused have one each, but for deletions.
        let mut gone = update(&["direct-push"], &[]);
        gone.new = Oid::zero(gone.new.format());
        let several = vec![update(&[], &[]), update(&["direct-push"], &[]), gone, update(&[LABEL], &[])];
        assert_eq!(on(&policy, &push(), &verdict(several)).len(), 2);
    }

    #[test]
    fn nothing_is_offered_that_would_not_let_the_push_in() {
        let fine = || verdict(vec![update(&["direct-push"], &[])]);
        let count = |policy: &Policy, push: &Push, verdict: &Verdict| on(policy, push, verdict).len();
        let usual = policy(OVERRIDE);
        assert_eq!(count(&usual, &push(), &fine()), 1);
        assert_eq!(count(&policy(""), &push(), &fine()), 0, "nobody has the role");
        let nobody = Push::new(RefMap::new(), Vec::new(), false);
        assert_eq!(count(&usual, &nobody, &fine()), 0, "it is for a push by somebody");
        let nowhere = Policy { repository_id: None, ..policy(OVERRIDE) };
        assert_eq!(count(&nowhere, &push(), &fine()), 0, "it is for one repository");
        for spoilt in [
            Verdict { decision: Decision::Undecided, ..fine() },
            Verdict { problem: Some(crate::error::Error::undecided("x")), ..fine() },
            verdict(vec![UpdateVerdict {
                problem: Some(crate::error::Error::undecided("x")),
                ..update(&["direct-push"], &[])
            }]),
            verdict(vec![update(&["direct-push", NEVER], &[])]),
            verdict(vec![update(&["direct-push"], &[]), update(&[NEVER], &[])]),
        ] {
            assert_eq!(count(&usual, &push(), &spoilt), 0, "{spoilt:?}");
        }
    }
}
