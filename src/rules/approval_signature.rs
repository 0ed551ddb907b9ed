//! A promoted task whose approval nobody of the approve role signed for it.

use super::shared::signed::{digest_of, is_this_repository, people, withdrawal_of};
use crate::change::{File, Need, Retained, Task};
use crate::digest::sha256;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::roles::RoleName;
use crate::provenance::task::{APPROVAL, APPROVED};
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};
use crate::statement::approval::{FILE, SignedApproval};
use crate::statement::namespace;
use crate::statement::place::{Place, is_signature_of};
use crate::statement::withdrawal::Withdrawal;
use bstr::{BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "approval-signature",
    name: "Approval without a valid signature",
    family: Family::Signatures,
    summary: "A promoted task whose approval nobody of the approve role signed for it",
    docs: Docs {
        refuses: "Where the policy fills the role `approve`: the promotion of a task whose `contract/approval.json` is missing, malformed, expired or withdrawn, or is for another repository, task or base, or for an `APPROVED` or `approval.md` of other bytes; or beside which `contract/approval.json.sig` (and `.2.sig` and so on, for more people) is not signed by as many people of the role as it wants.",
        why: "An approval that the restrained party can write itself restrains nobody.",
        example: "an agent that widens `approval.md` after a person has signed it",
        fix: "Let a person of the approve role read the scope and sign it: `refgate approve TASK`.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content, Need::Task, Need::Documents],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(task) = ctx.promoted_task().filter(|_| ctx.policy.signing.roles.contains_key(&RoleName::Approve)) else {
        return Ok(Vec::new());
    };
    let Err(why) = look(ctx, task) else { return Ok(Vec::new()) };
    let help =
        format!("a person of the approve role reads the scope and signs it: refgate approve {}", ctx.task_word(task));
    Ok(vec![Violation::new(why, help).at(ctx.trace_path(task.name.as_bstr(), FILE))])
}

fn look(ctx: &Ctx<'_>, task: &Task) -> std::result::Result<(), String> {
    let bytes = match task.files.get(FILE.as_bytes().as_bstr()) {
        Some(File::Content(bytes)) => bytes,
        Some(File::NotAFile(mode)) => return Err(format!("the signed approval is {}", mode.name())),
        Some(File::TooLarge) => return Err("the signed approval is larger than limits.blob_bytes".to_owned()),
        None => return Err("the approval is not signed".to_owned()),
    };
    let wrong = |why: String| format!("the signed approval {why}");
    let approval = SignedApproval::parse(bytes).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    bound(ctx, task, &approval).map_err(wrong)?;
    approval.lifetime().holds(ctx.now, ctx.policy.signing.longest_approval()).map_err(wrong)?;
    let is_signature = |path: &BString| path.to_str().is_ok_and(|path| is_signature_of(FILE, path));
    let signatures = task.files.iter().filter(|(path, _)| is_signature(path)).map(|(path, file)| match file {
        File::Content(armored) => Ok(armored.as_slice()),
        File::NotAFile(_) | File::TooLarge => Err(format!("the signature {path} is no plain file")),
    });
    let signatures = signatures.collect::<std::result::Result<Vec<_>, _>>()?;
    people(ctx, &ctx.policy.signing, RoleName::Approve, namespace::APPROVAL, bytes, &signatures)
        .map_err(|why| format!("the signature on the approval does not count: {why}"))?;
    // What stands there was verified when it came, and whoever took an approval back may have left since.
    let withdrawn = Place::withdrawals(&sha256(bytes));
    let takes_back = |retained: &Retained| {
        let said = withdrawal_of(retained);
        let of_task = |said: &Withdrawal| task.name == said.task.as_str() && said.issued_at >= approval.issued_at;
        retained.name.starts_with(withdrawn.as_bytes()) || said.as_ref().is_some_and(of_task)
    };
    match ctx.change.documents.iter().any(takes_back) {
        true => Err("the approval was withdrawn by a person of the approve role".to_owned()),
        false => Ok(()),
    }
}

/// Holds every field against the task.
fn bound(ctx: &Ctx<'_>, task: &Task, approval: &SignedApproval) -> std::result::Result<(), String> {
    is_this_repository(ctx, &approval.repository)?;
    if task.name != approval.task.as_str() {
        return Err("is for another task".to_owned());
    }
    if ctx.change.base != Some(approval.base) {
        return Err(format!("is for a task that begins on {}, and this one does not", approval.base.short()));
    }
    for (path, signed) in [(APPROVED, &approval.approved), (APPROVAL, &approval.approval)] {
        if digest_of(task, path).as_ref() != Some(signed) {
            return Err(format!("is for another {path}: it was changed after it was signed"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
