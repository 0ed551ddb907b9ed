//! Who may sign what: roles name people, the signers' file names their keys. `[roles]`, `[approvals]`, `[overrides]`,
//! `[hotfix]` and `[checks]` of the policy.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use toml::Spanned;

use super::parse::Place;
use crate::error::Result;
use crate::escape;
use crate::sign::{Question, Refusal, Revoked, Signature, Signer, Signers};
use crate::statement::place::is_check_name;

/// What a person or a machine may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleName {
    /// Approvals of tasks.
    Approve,
    /// Overrides of findings.
    Override,
    /// Results of checks.
    Check,
    /// Changes of the policy, the signers and what else the policy owns.
    Policy,
    /// Releases.
    Release,
    /// The ledger's witnesses.
    Ledger,
    /// Rollbacks of protected branches.
    Rollback,
}

impl RoleName {
    /// All of them, in the order of their listing.
    pub const ALL: [Self; 7] =
        [Self::Approve, Self::Override, Self::Check, Self::Policy, Self::Release, Self::Ledger, Self::Rollback];

    /// The word in the policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Override => "override",
            Self::Check => "check",
            Self::Policy => "policy",
            Self::Release => "release",
            Self::Ledger => "ledger",
            Self::Rollback => "rollback",
        }
    }

    /// Whether a person must be there: these two let through what every other rule refuses, and an agent that can reach
    /// a developer's keys could sign them otherwise.
    const fn presence(self) -> Presence {
        match self {
            Self::Override | Self::Policy => Presence::Required,
            // What a rollback brings back has been judged before.
            Self::Approve | Self::Check | Self::Release | Self::Ledger | Self::Rollback => Presence::Any,
        }
    }
}

/// What a signature must show of the person behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Nothing: any key of the person will do.
    Any,
    /// A hardware key that was touched (FIDO user presence).
    Required,
    /// A hardware key that knew its user by PIN or finger (FIDO user verification).
    Verified,
}

impl Presence {
    /// The word in the policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Required => "required",
            Self::Verified => "verified",
        }
    }
}

/// The people of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Who, as the signers' file names them: names, no patterns.
    pub principals: BTreeSet<String>,
    /// How many different people must sign.
    pub threshold: usize,
    /// What each signature must show.
    pub presence: Presence,
}

/// What the policy says of signed statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The roles that it fills.
    pub roles: BTreeMap<RoleName, Role>,
    /// How long an approval holds at the most, in days.
    pub approval_days: u32,
    /// How long an override holds at the most, in hours.
    pub override_hours: u32,
    /// What every override must be labelled.
    pub override_label: String,
    /// What the override must be labelled that lets a hotfix in.
    pub hotfix_label: String,
    /// The checks without which nothing is promoted.
    pub checks: BTreeSet<String>,
}

/// Whose keys are whose, and which of them no longer count: from the server's folder or the trusted ref, never from a
/// push.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The signers; `None` where there is no file.
    pub signers: Option<Signers>,
    /// The revocations, all of which hold.
    pub revoked: Vec<Revoked>,
    /// Name and SHA-256, hex, of each file that was read.
    pub digests: Vec<String>,
}

impl Trust {
    /// The people of a role who signed a message, each signature being one of theirs.
    ///
    /// # Errors
    /// Why not, one sentence: no such role, fewer people than the role wants, or the first signature that is nobody's.
    pub fn people(
        &self,
        signing: &Signing,
        name: RoleName,
        namespace: &str,
        message: &[u8],
        signatures: &[&[u8]],
        at: Timestamp,
    ) -> std::result::Result<Vec<Signer>, String> {
        let Some(role) = signing.roles.get(&name) else {
            return Err(format!("the policy names nobody for the role `{}`", name.name()));
        };
        let Some(signers) = &self.signers else {
            return Err("there is no file of signers, so nobody's key is known".to_owned());
        };
        if signatures.is_empty() {
            return Err("there is no signature beside it".to_owned());
        }
        let sealed = signatures.iter().map(|armored| {
            let signature = Signature::parse(armored).map_err(|refusal| refusal.to_string())?;
            let question = |principal| Question { principal, namespace, at, revoked: &self.revoked };
            role.signer(signers, &question, &signature, message)
        });
        let people = sealed.collect::<std::result::Result<Vec<_>, _>>()?;
        let count = distinct(&people);
        if count < role.threshold {
            return Err(format!(
                "{count} of the {} people that the role `{}` wants have signed",
                role.threshold,
                name.name()
            ));
        }
        Ok(people)
    }
}

impl Role {
    /// Whose of the role's people the signature is.
    fn signer<'q>(
        &'q self,
        signers: &Signers,
        question: &dyn Fn(&'q str) -> Question<'q>,
        signature: &Signature,
        message: &[u8],
    ) -> std::result::Result<Signer, String> {
        let mut found: Option<Signer> = None;
        let mut refused = None;
        for principal in &self.principals {
            match signers.verify(&question(principal), signature, message) {
                Ok(verified) => {
                    let shown = match self.presence {
                        Presence::Any => true,
                        Presence::Required => verified.presence,
                        Presence::Verified => verified.presence && verified.verification,
                    };
                    if !shown {
                        return Err(self.absent(signature));
                    }
                    let signer = found.get_or_insert_with(|| Signer {
                        key: verified.key,
                        principals: BTreeSet::new(),
                        presence: verified.presence,
                        verification: verified.verification,
                    });
                    signer.principals.insert(principal.clone());
                }
                // That another person's key is not this one's says nothing.
                Err(Refusal::UnknownKey { .. }) => {}
                Err(refusal) => _ = refused.get_or_insert(refusal),
            }
        }
        found.ok_or_else(|| match refused {
            Some(refusal) => refusal.to_string(),
            None => format!("{} is the key of nobody in the role", signature.key().fingerprint()),
        })
    }

    fn absent(&self, signature: &Signature) -> String {
        let key = signature.key();
        match (key.is_hardware(), self.presence) {
            (false, _) => {
                format!("{} is no hardware key, and the role asks for one that is touched", key.fingerprint())
            }
            (true, Presence::Verified) => {
                "the hardware key did not verify its user, which the role asks for".to_owned()
            }
            (true, _) => "nobody touched the hardware key, which the role asks for".to_owned(),
        }
    }
}

/// How many different people signed: one person's several keys count once, and so do several names of one key.
fn distinct(people: &[Signer]) -> usize {
    let mut groups: Vec<BTreeSet<String>> = Vec::new();
    for signer in people {
        let mut group = signer.principals.clone();
        // One key may be certified for several people, each time under another name.
        group.insert(format!(" {}", signer.key.fingerprint()));
        groups.retain(|other| {
            let apart = other.is_disjoint(&group);
            if !apart {
                group.extend(other.iter().cloned());
            }
            apart
        });
        groups.push(group);
    }
    groups.len()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRoles {
    /// What the roles ask for that would ask for a hardware key.
    presence: Option<Presence>,
    approve: Option<RawRole>,
    #[serde(rename = "override")]
    override_role: Option<RawRole>,
    check: Option<RawRole>,
    policy: Option<RawRole>,
    release: Option<RawRole>,
    ledger: Option<RawRole>,
    rollback: Option<RawRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRole {
    principals: Vec<Spanned<String>>,
    threshold: Option<Spanned<usize>>,
    presence: Option<Presence>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawApprovals {
    days: Option<Spanned<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOverrides {
    hours: Option<Spanned<u32>>,
    label: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawHotfix {
    label: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawChecks {
    required: Vec<Spanned<String>>,
}

/// formats.md section 5: approvals hold for 30 days unless the policy says otherwise.
const APPROVAL_DAYS: u32 = 30;
const OVERRIDE_HOURS: u32 = 24;
const OVERRIDE_LABEL: &str = "override:ai-gated";
const HOTFIX_LABEL: &str = "hotfix:ai-gated";

impl Signing {
    /// How long an approval holds at the most.
    pub fn longest_approval(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.approval_days) * 24)
    }

    /// How long an override holds at the most.
    pub fn longest_override(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.override_hours))
    }

    pub(super) fn parse(
        place: &Place<'_>,
        roles: RawRoles,
        approvals: RawApprovals,
        overrides: RawOverrides,
        hotfix: RawHotfix,
        checks: RawChecks,
    ) -> Result<Self> {
        let raw = [
            roles.approve,
            roles.override_role,
            roles.check,
            roles.policy,
            roles.release,
            roles.ledger,
            roles.rollback,
        ];
        let mut filled = BTreeMap::new();
        for (name, role) in RoleName::ALL.into_iter().zip(raw) {
            if let Some(role) = role {
                let presence = match name.presence() {
                    Presence::Any => Presence::Any,
                    hardware => roles.presence.unwrap_or(hardware),
                };
                filled.insert(name, parse_role(place, name, role, presence)?);
            }
        }
        let place_of_label = hotfix.label.as_ref().map(Spanned::span);
        let override_label = label(place, overrides.label, OVERRIDE_LABEL)?;
        let hotfix_label = label(place, hotfix.label, HOTFIX_LABEL)?;
        if hotfix_label == override_label {
            let message = "a hotfix waives other rules than an override, so it needs a label of its own";
            return Err(place.error(place_of_label, message));
        }
        Ok(Self {
            roles: filled,
            approval_days: place.at_most(approvals.days, APPROVAL_DAYS, 3650)?,
            override_hours: place.at_most(overrides.hours, OVERRIDE_HOURS, 24 * 30)?,
            override_label,
            hotfix_label,
            checks: check_names(place, checks.required)?,
        })
    }

    /// All that it says, for the policy's digest.
    pub(super) fn to_value(&self) -> serde_json::Value {
        let role = |(name, role): (&RoleName, &Role)| {
            serde_json::json!([name.name(), role.principals, role.threshold, role.presence.name()])
        };
        let roles: Vec<_> = self.roles.iter().map(role).collect();
        let labels = [&self.override_label, &self.hotfix_label];
        serde_json::json!([roles, self.approval_days, self.override_hours, labels, self.checks])
    }
}

fn label(place: &Place<'_>, written: Option<Spanned<String>>, default: &str) -> Result<String> {
    match written {
        Some(label) if label.get_ref().trim().is_empty() || label.get_ref().chars().any(escape::is_hidden) => {
            Err(place.error(Some(label.span()), "write a label that can be read"))
        }
        Some(label) => Ok(label.into_inner()),
        None => Ok(default.to_owned()),
    }
}

/// The names of checks.
pub(super) fn check_names(place: &Place<'_>, written: Vec<Spanned<String>>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for check in written {
        if !is_check_name(check.get_ref()) {
            return Err(place.error(Some(check.span()), "a check's name has letters, digits and . _ - within"));
        }
        names.insert(check.into_inner());
    }
    Ok(names)
}

fn parse_role(place: &Place<'_>, name: RoleName, raw: RawRole, presence: Presence) -> Result<Role> {
    let first = raw.principals.first().map(Spanned::span);
    let principals = place.principals(raw.principals)?;
    let threshold = raw.threshold.as_ref().map_or(1, |threshold| *threshold.get_ref());
    if threshold == 0 || threshold > principals.len() {
        let span = raw.threshold.as_ref().map(Spanned::span).or(first);
        let message = format!("the role `{}` has {} people, so {threshold} cannot sign", name.name(), principals.len());
        return Err(place.error(span, &message));
    }
    if name == RoleName::Rollback && threshold > 1 {
        let span = raw.threshold.map(|threshold| threshold.span());
        return Err(place.error(span, "one person signs a rollback, which is a commit: leave the threshold at 1"));
    }
    Ok(Role { principals, threshold, presence: raw.presence.unwrap_or(presence) })
}

#[cfg(test)]
mod tests;
