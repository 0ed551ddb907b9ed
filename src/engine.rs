//! Runs the rules over facts and decides. Pure: the same facts give the same findings, in the same order, everywhere.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::change::{ChangeSet, Need, Push, WayKind};
use crate::digest::hex;
use crate::error::{Error, Kind};
use crate::finding::{self, Decision, Finding, Severity, UpdateVerdict};
use crate::policy::{Class, Policy};
use crate::rule::{Ctx, Rule, Violation};
use crate::rules;
use crate::statement::waiver::Override;

/// The facts that the rules in force for a class of refs read.
pub fn needs(policy: &Policy, class: Class) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    in_force(policy, class).for_each(|(rule, _)| needs.extend(rule.needs));
    needs
}

/// Runs every rule in force over the ways to look at one update, and returns the way that fares best with what was
/// found on it: one way that passes is enough.
pub fn run<'a>(
    policy: &Policy,
    push: &Push,
    sets: &'a [ChangeSet],
    now: jiff::Timestamp,
) -> Option<(&'a ChangeSet, Vec<Finding>)> {
    let judged = sets.iter().map(|change| (change, findings(&Ctx { policy, push, change, now })));
    judged.min_by_key(|(change, findings)| {
        let refusing = count(findings, Severity::Enforce);
        // Where none passes, what a task lacks says more than that documentation could have come another way.
        let plain = change.way.as_ref().is_some_and(|way| way.kind == WayKind::Branch);
        (refusing > 0, plain, refusing, findings.len())
    })
}

/// What the findings on all updates come to, and the problems of those that could not be judged. A refusal is certain
/// whatever else could not be judged; malformed objects are refused, unreadable ones leave the push undecided.
pub fn decide<'f>(
    findings: impl IntoIterator<Item = &'f Finding>,
    problems: impl IntoIterator<Item = &'f Error>,
) -> Decision {
    let mut decision = Decision::Accept;
    for problem in problems {
        match problem.kind {
            Kind::Malformed => return Decision::Refuse,
            Kind::Undecided | Kind::Usage => decision = Decision::Undecided,
        }
    }
    match findings.into_iter().any(Finding::refuses) {
        true => Decision::Refuse,
        false => decision,
    }
}

fn in_force(policy: &Policy, class: Class) -> impl Iterator<Item = (&'static Rule, Severity)> {
    let severities = rules::ALL.iter().map(|rule| match rule.fixed {
        true => (*rule, rule.severity),
        false => (*rule, policy.severity(rule.id, rule.severity)),
    });
    severities.filter(move |(rule, severity)| *severity != Severity::Off && rule.classes.contains(&class))
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn findings(ctx: &Ctx<'_>) -> Vec<Finding> {
    let way = ctx.change.way.as_ref().map(|way| way.kind);
    let rules = in_force(ctx.policy, ctx.change.class).filter(|(rule, _)| rule.is_asked(way));
    let mut findings: Vec<Finding> = rules.flat_map(|(rule, severity)| apply(ctx, rule, severity)).collect();
    findings.sort_by(|a, b| {
        let order = b.severity.cmp(&a.severity).then(a.rule.cmp(b.rule));
        let order = order.then_with(|| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
        // Of drift the line of a baseline says which it is; what else stands at one place has its words written for this.
        order.then_with(|| a.baseline.cmp(&b.baseline)).then_with(|| a.words.message.cmp(&b.words.message))
    });
    findings
}

/// More findings of one rule on one update than anybody mends one by one; each keeps its words in memory.
const MAX_FINDINGS: usize = 10_000;

fn apply(ctx: &Ctx<'_>, rule: &'static Rule, severity: Severity) -> Vec<Finding> {
    match (rule.check)(ctx) {
        Ok(violations) if violations.is_empty() => Vec::new(),
        Ok(violations) => {
            let more = violations.len().saturating_sub(MAX_FINDINGS);
            let rest = (more > 0).then(|| format!("and {more} more of the same rule"));
            let rest = rest.map(|rest| Violation::new(rest, "mend those that are listed").key("more"));
            let told = violations.into_iter().take(MAX_FINDINGS).chain(rest);
            told.map(|violation| finding(ctx, rule, severity, violation)).collect()
        }
        Err(error) => {
            // A rule that cannot look refuses, whatever its severity: nobody knows what it would have found.
            let violation = Violation::new(format!("the rule could not be applied: {}", error.message), error.help);
            vec![finding(ctx, rule, Severity::Enforce, violation)]
        }
    }
}

fn finding(ctx: &Ctx<'_>, rule: &'static Rule, severity: Severity, violation: Violation) -> Finding {
    let mut digest = Sha256::new();
    let path = violation.path.as_ref().map(|path| path.as_slice()).unwrap_or_default();
    for part in [rule.id.as_bytes(), &ctx.change.update.name, path, violation.key.as_bytes()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    Finding {
        rule: rule.id,
        name: rule.name,
        why: rule.docs.why,
        severity,
        words: violation.words,
        path: violation.path,
        line: violation.line,
        column: violation.column,
        fingerprint: hex(&digest.finalize()),
        waived: None,
        baseline: violation.baseline,
    }
}

/// Lets the overrides of a push waive what they name, each on the update that it is for. Whether they hold was judged
/// before, as updates of their own: one that does not refuses the push by itself.
pub fn waive(updates: &mut [UpdateVerdict], overrides: &[Override]) -> Vec<finding::Override> {
    let mut used = Vec::new();
    for waiver in overrides {
        let named = |update: &&mut UpdateVerdict| {
            update.name == waiver.name.as_str() && (update.old, update.new) == (waiver.old_oid, waiver.new_oid)
        };
        let Some(update) = updates.iter_mut().find(named) else { continue };
        let waived: BTreeSet<(&str, &str)> =
            waiver.findings.iter().map(|waived| (waived.rule.as_str(), waived.fingerprint.as_str())).collect();
        for finding in update.findings.iter_mut().filter(|finding| finding.refuses()) {
            let can_be = rules::find(finding.rule).is_some_and(|rule| rule.docs.waiver.is_by_override());
            if can_be && waived.contains(&(finding.rule, finding.fingerprint.as_str())) {
                finding.waived = Some(waiver.statement_id.clone());
            }
        }
        used.push(finding::Override {
            id: waiver.statement_id.clone(),
            principal: waiver.principal.clone(),
            justification: waiver.justification.clone(),
            name: update.name.clone(),
            old: update.old,
            new: update.new,
        });
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::{Facts, NEW, OLD, oid};

    fn judge(facts: Facts) -> Vec<Finding> {
        let (policy, push, change, now) = facts.build();
        run(&policy, &push, &[change], now).unwrap().1
    }

    fn told(findings: &[Finding]) -> Vec<(&'static str, Severity)> {
        findings.iter().map(|finding| (finding.rule, finding.severity)).collect()
    }

    fn direct_push() -> Facts {
        Facts::branch_push("main").touch("src/a.rs")
    }

    fn set(rule: &'static str, severity: Severity) -> impl Fn(&mut Policy) {
        move |policy| {
            policy.rules.insert(rule.into(), severity);
        }
    }

    fn floor(rule: &'static str, severity: Severity) -> impl Fn(&mut Policy) {
        move |policy| {
            policy.floor.insert(rule.into(), severity);
        }
    }

    #[test]
    fn the_policy_sets_a_rule_s_severity() {
        use Severity::{Enforce, Evaluate, Off};
        let rule = "direct-push";
        assert_eq!(told(&judge(direct_push())), [(rule, Enforce)]);
        assert_eq!(told(&judge(direct_push().under(set(rule, Evaluate)))), [(rule, Evaluate)]);
        assert_eq!(told(&judge(direct_push().under(set(rule, Off)))), []);
        let unsigned = Facts::promotion("t1").touch("src/a.rs");
        assert_eq!(told(&judge(unsigned.clone())), [("approval-unsigned", Evaluate)]);
        assert_eq!(
            told(&judge(unsigned.clone().under(set("approval-unsigned", Enforce)))),
            [("approval-unsigned", Enforce)]
        );
        assert_eq!(told(&judge(unsigned.under(set("approval-unsigned", Off)))), []);
    }

    #[test]
    fn the_floor_only_raises() {
        use Severity::{Enforce, Evaluate, Off};
        let rule = "direct-push";
        for (policy, at_least, due) in [
            (Off, Evaluate, Evaluate),
            (Off, Enforce, Enforce),
            (Evaluate, Enforce, Enforce),
            (Enforce, Evaluate, Enforce),
            (Evaluate, Off, Evaluate),
        ] {
            let facts = direct_push().under(set(rule, policy)).under(floor(rule, at_least));
            assert_eq!(told(&judge(facts)), [(rule, due)], "{policy:?} {at_least:?}");
        }
        // Without a word of the policy the floor meets the rule's own severity.
        let unsigned = Facts::promotion("t1").touch("src/a.rs").under(floor("approval-unsigned", Enforce));
        assert_eq!(told(&judge(unsigned)), [("approval-unsigned", Enforce)]);
        assert_eq!(told(&judge(direct_push().under(floor(rule, Off)))), [(rule, Enforce)]);
    }

    #[test]
    fn only_the_rules_for_the_class_are_run() {
        assert_eq!(judge(Facts::branch_push("topic").touch("src/a.rs")), []);
        let facts = Facts::push("refs/foo/bar").touch("refgate.toml");
        assert_eq!(told(&judge(facts)), [("unknown-namespace", Severity::Enforce)]);
    }

    #[test]
    fn a_rule_that_is_off_needs_nothing() {
        let (mut policy, ..) = Facts::branch_push("main").build();
        assert!(needs(&policy, Class::Task).contains(&Need::Collisions));
        policy.rules.insert("path-collision".into(), Severity::Off);
        assert!(!needs(&policy, Class::Task).contains(&Need::Collisions));
        policy.floor.insert("path-collision".into(), Severity::Evaluate);
        assert!(needs(&policy, Class::Task).contains(&Need::Collisions));
        assert_eq!(needs(&policy, Class::Unknown), BTreeSet::new());
    }

    #[test]
    fn findings_are_sorted_by_severity_rule_place_and_message() {
        let facts = Facts::promotion("t1")
            .approval("Task: x\nBase SHA: 0\n")
            .without("gemini")
            .marker("x")
            .add("z:z")
            .add("a:a")
            .touch("refgate.toml")
            .frozen(".ai-stack-trace/old/a")
            .by_merge(&["b"], &["a"])
            .under(set("path-name", Severity::Evaluate));
        let findings = judge(facts);
        let rules: BTreeSet<_> = findings.iter().map(|finding| finding.rule).collect();
        assert!(rules.len() > 6, "{rules:?}");
        let key = |finding: &Finding| {
            let order = if finding.severity == Severity::Enforce { 0 } else { 1 };
            (order, finding.rule, finding.path.clone(), finding.line, finding.column, finding.words.message.clone())
        };
        assert!(findings.is_sorted_by_key(key), "{findings:#?}");
        assert_eq!(findings.last().unwrap().path.as_ref().unwrap(), "z:z");
        let prints: BTreeSet<_> = findings.iter().map(|finding| &finding.fingerprint).collect();
        assert_eq!(prints.len(), findings.len(), "two findings have one fingerprint");
    }

    #[test]
    fn a_finding_says_what_its_rule_says_of_itself() {
        let findings = judge(direct_push());
        let (finding, rule) = (&findings[0], rules::find("direct-push").unwrap());
        assert_eq!((finding.name, finding.why), (rule.name, rule.docs.why));
        assert_eq!((finding.line, finding.column), (None, None));
    }

    #[test]
    fn the_way_that_fares_best_is_the_answer() {
        let (policy, push, good, now) = Facts::promotion("t1").touch("src/a.rs").build();
        let (.., bad, _) = Facts::promotion("t2").touch("src/a.rs").without("").build();
        let (.., worse, _) = Facts::promotion("t3").touch("src/a.rs").without("").touch("db/a.sql").build();
        let best = |sets: &[ChangeSet]| {
            let (set, findings) = run(&policy, &push, sets, now).unwrap();
            (set.way.as_ref().unwrap().source.to_string(), count(&findings, Severity::Enforce))
        };
        for sets in [[&good, &bad, &worse], [&worse, &bad, &good], [&bad, &good, &worse]] {
            assert_eq!(best(&sets.map(Clone::clone)), ("refs/heads/autoTest/t1".into(), 0));
        }
        assert_eq!(best(&[worse.clone(), bad.clone()]).0, "refs/heads/autoTest/t2");
        assert!(run(&policy, &push, &[], now).is_none());
    }

    #[test]
    fn documentation_that_passes_beats_a_task_that_does_not_and_is_not_told_where_it_fails_too() {
        let (policy, push, task, now) = Facts::promotion("t1").touch("src/a.rs").without("").build();
        let (.., passes, _) = Facts::promotion_of_branch("topic").touch("docs/a.md").build();
        let (.., fails, _) = Facts::promotion_of_branch("topic").touch("src/a.rs").build();
        let best = |sets: [&ChangeSet; 2]| {
            let sets = sets.map(Clone::clone);
            let set = run(&policy, &push, &sets, now).unwrap().0;
            set.way.as_ref().unwrap().source.to_string()
        };
        assert_eq!(best([&task, &passes]), "refs/heads/topic");
        assert_eq!(best([&passes, &task]), "refs/heads/topic");
        assert_eq!(best([&task, &fails]), "refs/heads/autoTest/t1");
        assert_eq!(best([&fails, &task]), "refs/heads/autoTest/t1");
    }

    #[test]
    fn among_equals_fewer_reports_and_then_the_first_way_wins() {
        let (policy, push, reported, now) = Facts::promotion("t1").touch("src/a.rs").build();
        let (.., silent, _) = Facts::promotion("t2").touch("docs/a.md").build();
        let best = |sets: [&ChangeSet; 2]| {
            let sets = sets.map(Clone::clone);
            let set = run(&policy, &push, &sets, now).unwrap().0;
            set.way.as_ref().unwrap().source.to_string()
        };
        assert_eq!(best([&reported, &silent]), "refs/heads/autoTest/t2");
        assert_eq!(best([&silent, &reported]), "refs/heads/autoTest/t2");
        let (.., other, _) = Facts::promotion("t3").touch("src/a.rs").build();
        assert_eq!(best([&reported, &other]), "refs/heads/autoTest/t1");
        assert_eq!(best([&other, &reported]), "refs/heads/autoTest/t3");
    }

    #[test]
    fn the_decision_is_a_table() {
        let enforced = judge(direct_push());
        let reported = judge(direct_push().under(set("direct-push", Severity::Evaluate)));
        let both = [enforced.clone(), reported.clone()].concat();
        let malformed = Error::malformed("a tree holds a name twice");
        let undecided = Error::undecided("an object is missing");
        let wrong = vec![Error::usage("no such option")];
        let (none, one, two) = (Vec::new(), vec![undecided.clone()], vec![undecided, malformed]);
        let nothing = Vec::new();
        for (findings, problems, due) in [
            (&nothing, &none, Decision::Accept),
            (&reported, &none, Decision::Accept),
            (&enforced, &none, Decision::Refuse),
            (&both, &none, Decision::Refuse),
            (&nothing, &one, Decision::Undecided),
            (&reported, &one, Decision::Undecided),
            (&enforced, &one, Decision::Refuse),
            (&nothing, &wrong, Decision::Undecided),
            (&nothing, &two, Decision::Refuse),
            (&enforced, &two, Decision::Refuse),
        ] {
            assert_eq!(decide(findings, problems), due, "{findings:?} {problems:?}");
        }
    }

    #[test]
    fn of_very_many_findings_the_last_says_how_many_there_are() {
        static MANY: Rule = Rule {
            check: |_| Ok((0..MAX_FINDINGS + 7).map(|at| Violation::new("x", "y").key(at.to_string())).collect()),
            ..*rules::ALL[0]
        };
        let (policy, push, change, now) = direct_push().build();
        let ctx = Ctx { policy: &policy, push: &push, change: &change, now };
        let found = apply(&ctx, &MANY, Severity::Enforce);
        assert_eq!(found.len(), MAX_FINDINGS + 1);
        assert_eq!(found.last().unwrap().words.message, "and 7 more of the same rule");
    }

    fn print(name: &str, rule: &'static str, violation: Violation) -> String {
        let (policy, push, change, now) = Facts::push(name).build();
        let ctx = Ctx { policy: &policy, push: &push, change: &change, now };
        finding(&ctx, rules::find(rule).unwrap(), Severity::Enforce, violation).fingerprint
    }

    #[test]
    fn a_fingerprint_outlives_wording_and_lines_and_nothing_else() {
        let violation = || Violation::new("one", "do").at("src/a.rs").line(1).key("k");
        let due = print("refs/heads/a", "path-name", violation());
        assert!(due.len() == 64 && due.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let reworded = Violation::new("another", "do that").at("src/a.rs").line(7).key("k");
        assert_eq!(print("refs/heads/a", "path-name", reworded), due);
        let others = [
            print("refs/heads/b", "path-name", violation()),
            print("refs/heads/a", "path-mode", violation()),
            print("refs/heads/a", "path-name", violation().at("src/b.rs")),
            print("refs/heads/a", "path-name", violation().at(&b"src/a.rs\xff"[..])),
            print("refs/heads/a", "path-name", violation().key("l")),
            print("refs/heads/a", "path-name", Violation::new("one", "do").key("k")),
            // Parts that run together are still told apart.
            print("refs/heads/a", "path-name", violation().at("src/a.r").key("sk")),
            print("refs/heads/as", "path-name", violation().at("rc/a.rs")),
        ];
        let all: BTreeSet<&String> = others.iter().chain([&due]).collect();
        assert_eq!(all.len(), others.len() + 1);
    }

    #[test]
    fn the_same_facts_give_the_same_findings() {
        let facts = Facts::promotion("t1").touch("src/a.rs").touch("x").without("codex").marker("x");
        assert_eq!(judge(facts.clone()), judge(facts));
    }

    /// An override of these findings on a move of main.
    fn override_of(findings: &[(&str, &str)]) -> Override {
        let text = serde_json::json!({
            "artifacts": {}, "expiresAt": "2026-11-21T14:00:00Z", "issuedAt": "2026-11-21T12:00:00Z",
            "findings": findings.iter().map(|(rule, print)| {
                serde_json::json!({"rule": rule, "fingerprint": print, "message": ""})
            }).collect::<Vec<_>>(),
            "justification": "x", "label": "l", "newOid": "1b".repeat(20), "newTree": null, "objectFormat": "sha1",
            "oldOid": "0a".repeat(20), "policyDigest": "", "principal": "bob", "pusher": "alice",
            "ref": "refs/heads/main", "repository": "r", "schema": "refgate.override/1",
            "statementId": "0f".repeat(16), "task": null
        });
        Override::parse(text.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_override_waives_what_it_names_on_its_own_update_and_nothing_else() {
        let (print, frozen) = ("ab".repeat(32), "cd".repeat(32));
        let finding = |rule, print: &str, severity| Finding {
            fingerprint: print.to_owned(),
            severity,
            rule,
            ..judge(direct_push()).remove(0)
        };
        let update = |name: &str, old: u8| UpdateVerdict {
            name: name.into(),
            old: oid(old),
            new: oid(NEW),
            class: "protected",
            base: None,
            commits: 1,
            findings: vec![
                finding("direct-push", &print, Severity::Enforce),
                finding("out-of-scope", &print, Severity::Enforce),
                finding("direct-push", &"ef".repeat(32), Severity::Enforce),
                finding("trace-frozen", &frozen, Severity::Enforce),
                finding("path-name", &print, Severity::Evaluate),
            ],
            source: None,
            task: None,
            way: None,
            restores: None,
            problem: None,
        };
        let named = [("direct-push", print.as_str()), ("path-name", &print), ("trace-frozen", &frozen)];
        let mut updates =
            [update("refs/heads/main", OLD), update("refs/heads/dev", OLD), update("refs/heads/main", NEW)];
        let used = waive(&mut updates, &[override_of(&named)]);
        assert_eq!((used.len(), used[0].id.clone()), (1, "0f".repeat(16)));
        let waived = |at: usize| {
            let findings = updates[at].findings.iter();
            findings.map(|finding| finding.waived.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(waived(0), [true, false, false, false, false]);
        assert_eq!((waived(1), waived(2)), (vec![false; 5], vec![false; 5]));
        assert_eq!(waive(&mut [], &[override_of(&named)]), []);
    }

    #[test]
    fn a_rule_that_cannot_look_refuses_whatever_its_severity() {
        static BROKEN: Rule =
            Rule { check: |_| Err(Error::undecided("no light").help("switch it on")), ..*rules::ALL[0] };
        let (policy, push, change, now) = direct_push().build();
        let found = apply(&Ctx { policy: &policy, push: &push, change: &change, now }, &BROKEN, Severity::Evaluate);
        assert_eq!(told(&found), [(BROKEN.id, Severity::Enforce)]);
        assert!(found[0].words.message.contains("no light") && found[0].words.help == "switch it on", "{found:?}");
    }
}
