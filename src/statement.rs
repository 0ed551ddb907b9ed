//! What people and machines sign: overrides, approvals, changes of the rules, withdrawals and checks; where each of
//! them travels, and in which SSHSIG namespace it is signed.
//!
//! Owns the documents, byte for byte. Must not know whether what they say is true, nor who may sign them: rules decide
//! that. Every document is JSON that one reader and another take alike ([`crate::strict_json`]), with no field that is
//! not known here: whatever a person signed, the gate has looked at.

pub mod approval;
pub mod check;
pub mod dsse;
mod form;
pub mod place;
pub mod policy_change;
pub mod waiver;
pub mod withdrawal;

pub use form::{Lifetime, StatementError, new_id, now};

/// SSHSIG namespaces (PROTOCOL.sshsig, `namespace`): one for each kind of document, so that a signature of one kind is
/// none of another. Never `git`, which commits, tags and push certificates share.
pub mod namespace {
    /// Overrides.
    pub const OVERRIDE: &str = "override.v1@refgate";
    /// Approvals and their withdrawals.
    pub const APPROVAL: &str = "approval.v1@refgate";
    /// Results of checks.
    pub const CHECK: &str = "check.v1@refgate";
    /// Changes of the policy, the signers and whatever else the policy owns.
    pub const POLICY: &str = "policy.v1@refgate";
}
