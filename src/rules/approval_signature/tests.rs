use super::*;
use crate::policy::Policy;
use crate::policy::roles::{Presence, Role};
use crate::rule::testing::*;

fn approvers(policy: &mut Policy) {
    let role = Role { principals: ["alice".to_owned()].into(), threshold: 1, presence: Presence::Any };
    policy.signing.roles.insert(RoleName::Approve, role);
    policy.repository_id = Some("r1".to_owned());
}

fn task() -> Facts {
    Facts::promotion("t1").touch("src/a.rs").under(approvers)
}

/// The approval of `task`, as a person would have it signed, but for this.
fn approval(change: impl FnOnce(&mut SignedApproval)) -> Facts {
    let facts = task();
    let digest = |path: &str| {
        let (_, _, set, _) = facts.clone().build();
        digest_of(set.task.as_deref().unwrap(), path).unwrap()
    };
    let mut approval = SignedApproval {
        acknowledgements: Vec::new(),
        approval: digest(APPROVAL),
        approved: digest(APPROVED),
        base: oid(OLD),
        expires_at: "2026-11-22T12:00:00Z".parse().unwrap(),
        issued_at: "2026-11-21T11:00:00Z".parse().unwrap(),
        repository: "r1".into(),
        schema: crate::statement::approval::SCHEMA.into(),
        task: "t1".into(),
    };
    change(&mut approval);
    facts.file(FILE, approval.to_json())
}

#[test]
fn where_the_role_is_empty_there_is_nothing_to_hold_to() {
    Facts::promotion("t1").touch("src/a.rs").accepted_by(&RULE);
    Facts::promotion("t1").touch("docs/a.md").under(approvers).accepted_by(&RULE);
    Facts::task_push("t1").touch("src/a.rs").under(approvers).accepted_by(&RULE);
}

#[test]
fn an_approval_without_a_document_or_a_signature_is_refused() {
    let found = task().refused_by(&RULE, "the approval is not signed");
    assert_eq!(found.path.unwrap(), ".ai-stack-trace/t1/contract/approval.json");
    task().file(FILE, "{}").refused_by(&RULE, "cannot be read");
    task().unreadable(FILE, File::TooLarge).refused_by(&RULE, "larger than");
    approval(|_| ()).refused_by(&RULE, "there is no file of signers");
}

#[test]
fn every_field_is_held_against_the_task() {
    approval(|it| it.repository = "r2".into()).refused_by(&RULE, "is for another repository");
    approval(|it| it.task = "t2".into()).refused_by(&RULE, "is for another task");
    approval(|it| it.base = oid(NEW)).refused_by(&RULE, "begins on 1b1b");
    approval(|it| it.approval = "ab".repeat(32)).refused_by(&RULE, "another contract/approval.md");
    approval(|it| it.approved = "ab".repeat(32)).refused_by(&RULE, "another contract/APPROVED");
    approval(|it| it.expires_at = it.issued_at).refused_by(&RULE, "expires before");
    approval(|it| it.expires_at = "2026-11-21T12:00:00Z".parse().unwrap()).refused_by(&RULE, "expired at");
    approval(|it| it.issued_at = "2026-09-21T12:00:00Z".parse().unwrap()).refused_by(&RULE, "more than 30 days");
    approval(|it| it.issued_at = "2026-11-21T13:00:00Z".parse().unwrap()).refused_by(&RULE, "in the future");
}

#[test]
fn a_repository_without_an_id_lets_no_approval_count() {
    approval(|_| ()).under(|policy| policy.repository_id = None).refused_by(&RULE, "which has no id");
}
