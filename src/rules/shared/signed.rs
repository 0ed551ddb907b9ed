//! What the rules on signed documents do alike: taking a document apart, and asking whose signatures stand beside it.

use bstr::{BString, ByteSlice};

use crate::change::{Files, Retained};
use crate::digest::sha256;
use crate::policy::roles::{RoleName, Signing};
use crate::rule::Ctx;
use crate::sign::Signer;
use crate::statement::check::{Check, Outcome};
use crate::statement::dsse::{Envelope, IN_TOTO};
use crate::statement::namespace;
use crate::statement::place::{ENVELOPE, MOST_SIGNATURES, Place, STATEMENT, is_signature_of};
use crate::statement::policy_change::{PolicyChange, key};
use crate::statement::withdrawal::Withdrawal;

/// A person's document and the signatures beside it.
pub(in crate::rules) struct Sealed<'a> {
    pub(in crate::rules) bytes: &'a [u8],
    pub(in crate::rules) signatures: Vec<&'a [u8]>,
}

impl<'a> Sealed<'a> {
    /// Takes the document of a ref apart.
    pub(in crate::rules) fn of(retained: &'a Retained) -> Result<(Self, &'a Files), String> {
        let files = retained.files.as_ref().map_err(Clone::clone)?;
        let Some(bytes) = files.top.get(STATEMENT.as_bytes().as_bstr()) else {
            return Err(format!("holds no {STATEMENT}"));
        };
        let is_signature = |name: &BString| name.to_str().is_ok_and(|name| is_signature_of(STATEMENT, name));
        if files.top.keys().any(|name| *name != STATEMENT && !is_signature(name)) {
            return Err(format!("holds more than {STATEMENT}, its signatures and artifacts/"));
        }
        let signatures = files.top.iter().filter(|(name, _)| is_signature(name)).map(|(_, armored)| armored.as_slice());
        Ok((Self { bytes, signatures: signatures.collect() }, files))
    }

    /// The people of a role who signed it; see [`people`].
    pub(in crate::rules) fn people(
        &self,
        ctx: &Ctx<'_>,
        role: RoleName,
        namespace: &str,
    ) -> Result<Option<Vec<Signer>>, String> {
        people(ctx, &ctx.policy.signing, role, namespace, self.bytes, &self.signatures)
    }
}

/// The people of a role who signed a message. `None` where only the server can say: a clone may see neither its policy nor
/// its signers, and a push that is still to be made will be judged there.
pub(in crate::rules) fn people(
    ctx: &Ctx<'_>,
    signing: &Signing,
    role: RoleName,
    namespace: &str,
    message: &[u8],
    signatures: &[&[u8]],
) -> Result<Option<Vec<Signer>>, String> {
    let trust = &ctx.policy.trust;
    if ctx.push.is_draft() && (trust.signers.is_none() || !signing.roles.contains_key(&role)) {
        return Ok(None);
    }
    trust.people(signing, role, namespace, message, signatures, ctx.now).map(Some)
}

/// Holds the repository that a document names against this one.
pub(in crate::rules) fn is_this_repository(ctx: &Ctx<'_>, named: &str) -> Result<(), String> {
    match &ctx.policy.repository_id {
        Some(id) if id == named => Ok(()),
        Some(_) => Err("is for another repository".to_owned()),
        None if ctx.push.is_draft() => Ok(()),
        None => {
            Err("cannot be held against this repository, which has no id (refgate install server gives it one, and CI \
                     needs repository_id in the policy)"
                .into())
        }
    }
}

/// Whether two lists of retained files are the same, by name and digest.
pub(in crate::rules) fn retains(
    files: &Files,
    listed: &std::collections::BTreeMap<String, String>,
) -> Result<(), String> {
    let listed = listed.iter().map(|(name, digest)| (name.as_bytes(), digest));
    match files.artifacts.iter().map(|(name, digest)| (name.as_slice(), digest)).eq(listed) {
        true => Ok(()),
        false => Err("retains other artifacts than it lists".to_owned()),
    }
}

/// The result of a check that counts.
///
/// # Errors
/// Why it does not, as a part of a sentence that begins with the document.
pub(in crate::rules) fn check(ctx: &Ctx<'_>, retained: &Retained) -> Result<Check, String> {
    let (found, envelope) = unsigned_check(ctx, retained)?;
    let signatures: Vec<&[u8]> = envelope.signatures.iter().map(|sealed| sealed.armored.as_bytes()).collect();
    let signed = envelope.signed();
    let signers = people(ctx, &ctx.policy.signing, RoleName::Check, namespace::CHECK, &signed, &signatures)?;
    let hints = envelope.signatures.iter().map(|sealed| sealed.keyid.as_str());
    if signers.is_some_and(|signers| !hints.eq(signers.iter().map(|signer| signer.key.fingerprint()))) {
        return Err("names another key than the one that signed it".to_owned());
    }
    Ok(found)
}

/// A check that failed when it came, and stands on the server: whoever signed it may have left since, and the failure has
/// not.
pub(in crate::rules) fn failed_before(ctx: &Ctx<'_>, retained: &Retained) -> Option<Check> {
    let held = ctx.push.refs.contains_key(&retained.name);
    let (found, _) = unsigned_check(ctx, retained).ok().filter(|_| held)?;
    (found.outcome == Outcome::Failed).then_some(found)
}

/// The result of a check that stands where it belongs, whoever signed it.
fn unsigned_check(ctx: &Ctx<'_>, retained: &Retained) -> Result<(Check, Envelope), String> {
    let files = retained.files.as_ref().map_err(Clone::clone)?;
    let (Some(bytes), 1) = (files.top.get(ENVELOPE.as_bytes().as_bstr()), files.top.len()) else {
        return Err(format!("must hold {ENVELOPE} and, beside artifacts/, nothing else"));
    };
    let wrong = |error: &dyn std::fmt::Display| format!("is no check statement: {error}");
    let envelope = Envelope::parse(bytes).map_err(|error| wrong(&error))?;
    if envelope.payload_type != IN_TOTO {
        return Err(wrong(&format!("its payload type is not {IN_TOTO}")));
    }
    if envelope.signatures.len() > MOST_SIGNATURES {
        return Err(wrong(&format!("it has more than {MOST_SIGNATURES} signatures")));
    }
    let found = Check::parse(&envelope.payload).map_err(|error| wrong(&error))?;
    is_this_repository(ctx, &found.bound.repository)?;
    let place = Place::Check { tree: found.tree, check: found.check.clone(), id: found.bound.statement_id.clone() };
    if place.name() != retained.name {
        return Err(format!("belongs at {}", place.name()));
    }
    retains(files, &found.bound.artifacts)?;
    Ok((found, envelope))
}

/// The policy role's word on a change of the rules.
///
/// # Errors
/// As [`check`].
pub(in crate::rules) fn policy_change(ctx: &Ctx<'_>, retained: &Retained) -> Result<PolicyChange, String> {
    let (sealed, files) = Sealed::of(retained)?;
    let statement = PolicyChange::parse(sealed.bytes)
        .map_err(|error| format!("is no statement on a change of the rules: {error}"))?;
    is_this_repository(ctx, &statement.repository)?;
    let place = Place::PolicyChange { key: key(&statement.changes), id: statement.statement_id.clone() };
    if place.name() != retained.name {
        return Err(format!("belongs at {}", place.name()));
    }
    retains(files, &Default::default())?;
    statement.lifetime().holds(ctx.now, ctx.policy.signing.longest_approval())?;
    sealed.people(ctx, RoleName::Policy, namespace::POLICY)?;
    Ok(statement)
}

/// A person of the approve role takes an approval back. One is enough, however many it takes to approve.
///
/// # Errors
/// As [`check`].
pub(in crate::rules) fn withdrawal(ctx: &Ctx<'_>, retained: &Retained) -> Result<Withdrawal, String> {
    let (sealed, files) = Sealed::of(retained)?;
    let statement = Withdrawal::parse(sealed.bytes).map_err(|error| format!("is no withdrawal: {error}"))?;
    is_this_repository(ctx, &statement.repository)?;
    let place = Place::Withdrawal { approval: statement.approval.clone(), id: statement.statement_id.clone() };
    if place.name() != retained.name {
        return Err(format!("belongs at {}", place.name()));
    }
    retains(files, &Default::default())?;
    let mut signing = ctx.policy.signing.clone();
    if let Some(role) = signing.roles.get_mut(&RoleName::Approve) {
        role.threshold = 1;
    }
    people(ctx, &signing, RoleName::Approve, namespace::APPROVAL, sealed.bytes, &sealed.signatures)?;
    Ok(statement)
}

/// What a withdrawal says, whoever signed it.
pub(in crate::rules) fn withdrawal_of(retained: &Retained) -> Option<Withdrawal> {
    Place::parse(retained.name.as_bstr()).filter(|place| matches!(place, Place::Withdrawal { .. }))?;
    let (sealed, _) = Sealed::of(retained).ok()?;
    Withdrawal::parse(sealed.bytes).ok()
}

/// SHA-256, hex, of a file of the trace.
pub(in crate::rules) fn digest_of(task: &crate::change::Task, path: &str) -> Option<String> {
    match task.files.get(path.as_bytes().as_bstr())? {
        crate::change::File::Content(bytes) => Some(sha256(bytes)),
        crate::change::File::NotAFile(_) | crate::change::File::TooLarge => None,
    }
}
