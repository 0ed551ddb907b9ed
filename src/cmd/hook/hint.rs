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
