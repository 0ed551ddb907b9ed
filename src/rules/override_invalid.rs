//! An override that does not hold.

use super::shared::signed::{Sealed, is_this_repository, retains};
use crate::change::{Certificate, Files, Spent};
use crate::error::Result;
use crate::finding::Severity;
use crate::oid::Oid;
use crate::policy::Class;
use crate::policy::roles::RoleName;
use crate::refs::RefUpdate;
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation, Waiver};
use crate::sign::{Question, Signature, Signer};
use crate::statement::namespace;
use crate::statement::place::Place;
use crate::statement::waiver::Override;
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "override-invalid",
    name: "Override that does not hold",
    family: Family::Signatures,
    summary: "An override that is not bound to exactly this push, or not signed by another person",
    docs: Docs {
        refuses: "Creating a ref below `refs/refgate/overrides/` behind which no override for this very push stands: for this repository and object format, for a ref that the same push moves from the named old to the named new value, of the task, under the policy that found what it waives; naming findings of rules that can be waived; of the policy's label, which is another one for a hotfix, and with a reason; not expired, not longer than `overrides.hours`, not used before; signed by people of the override role, none of them by a key of the pusher or one that signed the change; retaining exactly the artifacts that it lists.",
        why: "An override that fits more than one push is a key to the door.",
        example: "pushing an override again after main was set back",
        fix: "`refgate override request` for this push, and another person signs it: `refgate override sign`.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: true,
    since: "0.1.0",
    classes: &[Class::Refgate],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let place = Place::parse(ctx.change.update.name.as_bstr());
    let (Some(Place::Override { id }), Some(_)) = (place, &ctx.change.statement) else { return Ok(Vec::new()) };
    let why = match read(ctx, &id) {
        Ok(_) => return Ok(Vec::new()),
        Err(why) => why,
    };
    let help = "ask for a new one for this very push, and let another person sign it: refgate override request";
    Ok(vec![Violation::new(format!("the override does not count: {why}"), help)])
}

/// The override of a ref that holds, whatever it waives.
fn read(ctx: &Ctx<'_>, id: &str) -> std::result::Result<Override, String> {
    let Some(retained) = &ctx.change.statement else { return Err("there is nothing behind the ref".to_owned()) };
    let (sealed, files) = Sealed::of(retained)?;
    let statement = Override::parse(sealed.bytes).map_err(|error| format!("it is no override: {error}"))?;
    statement.complete().map_err(|error| format!("it is a request that nobody has signed yet: {error}"))?;
    if statement.statement_id != id {
        return Err(format!("it belongs at refs/refgate/overrides/{}", statement.statement_id));
    }
    is_this_repository(ctx, &statement.repository).map_err(|why| format!("it {why}"))?;
    let update = update(ctx, &statement)?;
    findings(ctx, &statement)?;
    terms(ctx, &statement)?;
    spent(ctx, &statement, update)?;
    kept(files, &statement)?;
    people(ctx, &statement, &sealed)?;
    Ok(statement)
}

/// The update of the same push that the override is for.
fn update<'a>(ctx: &Ctx<'a>, statement: &Override) -> std::result::Result<&'a RefUpdate, String> {
    let Some(update) = ctx.push.updates.iter().find(|update| update.name == statement.name.as_str()) else {
        return Err(format!(
            "it is for {}, which this push does not move",
            crate::escape::quote_path(statement.name.as_bytes())
        ));
    };
    // Between the answer and the last of many updates others could move the ref back and forth.
    let beside = |other: &&RefUpdate| other.name != update.name && Place::parse(other.name.as_bstr()).is_none();
    if let Some(other) = ctx.push.updates.iter().find(beside) {
        let other = crate::escape::quote_path(&other.name);
        return Err(format!(
            "it travels with its own update and statements alone, and {other} comes along: push that apart"
        ));
    }
    let format = update.new.format().name();
    if statement.object_format != format {
        return Err(format!(
            "it is for a repository with {} names",
            crate::escape::printable(&statement.object_format)
        ));
    }
    if (statement.old_oid, statement.new_oid) != (update.old, update.new) {
        return Err(format!(
            "it is for a move from {} to {}, and the push moves the ref from {} to {}",
            statement.old_oid.short(),
            statement.new_oid.short(),
            update.old.short(),
            update.new.short()
        ));
    }
    let companions = &ctx.change.companions;
    if companions.trees.get(&update.name).copied() != statement.new_tree {
        let tree = statement.new_tree.as_ref().map_or("none".to_owned(), Oid::short);
        return Err(format!("it is for the tree {tree}, which is not the one of the new commit"));
    }
    let tasks = companions.tasks.get(&update.name);
    let fits = match &statement.task {
        Some(task) => tasks.is_some_and(|tasks| tasks.contains(task.as_bytes().as_bstr())),
        // What is judged without a task may still have a task's branch at its tip, which anybody can put there.
        None => true,
    };
    if fits { Ok(update) } else { Err("it is for another task".to_owned()) }
}

/// Whether what it names can be waived, and by an override with its label.
fn findings(ctx: &Ctx<'_>, statement: &Override) -> std::result::Result<(), String> {
    let signing = &ctx.policy.signing;
    for waived in &statement.findings {
        let shown = crate::escape::printable(&waived.rule);
        let label = match super::find(&waived.rule).map(|rule| rule.docs.waiver) {
            None => return Err(format!("there is no rule {shown}")),
            Some(Waiver::Override) => &signing.override_label,
            Some(Waiver::Hotfix) => &signing.hotfix_label,
            Some(Waiver::PolicyRole | Waiver::Never) => return Err(format!("{shown} cannot be waived")),
        };
        if statement.label != *label {
            return Err(format!("its label is not {}, which waives {shown}", crate::escape::printable(label)));
        }
    }
    Ok(())
}

/// What the policy asks of every override, and how long it holds.
fn terms(ctx: &Ctx<'_>, statement: &Override) -> std::result::Result<(), String> {
    let (policy, digest) = (ctx.policy, ctx.policy.digest());
    // A clone does not know the floor that the server's folder adds to the policy.
    if statement.policy_digest != digest && !ctx.push.is_draft() {
        return Err(format!("it was asked for under another policy than {}", digest.get(..12).unwrap_or_default()));
    }
    let lifetime = statement.lifetime().map_err(|error| error.to_string())?;
    lifetime.holds(ctx.now, policy.signing.longest_override()).map_err(|why| format!("it {why}"))
}

/// A used override is used up. One whose push was answered and never seen to move its ref may try again, as long as the
/// ref is where it was.
fn spent(ctx: &Ctx<'_>, statement: &Override, update: &RefUpdate) -> std::result::Result<(), String> {
    match ctx.push.spent.get(&statement.statement_id) {
        None => Ok(()),
        Some(Spent { name, old, new, settled: false })
            if (name, *old, *new) == (&update.name, update.old, update.new) =>
        {
            Ok(())
        }
        Some(_) => Err("it was used before, and an override counts once".to_owned()),
    }
}

/// Somebody else than whoever made and pushes the change: keys are compared, for names are cheap.
fn people(ctx: &Ctx<'_>, statement: &Override, sealed: &Sealed<'_>) -> std::result::Result<(), String> {
    let Some(people) = sealed.people(ctx, RoleName::Override, namespace::OVERRIDE)? else { return Ok(()) };
    if !people.iter().any(|signer| signer.principals.contains(&statement.principal)) {
        let principal = crate::escape::printable(&statement.principal);
        return Err(format!("it names {principal}, who is none of those who signed it"));
    }
    let (of_the_change, trust) = (&ctx.change.companions.signed_by, &ctx.policy.trust);
    let keys_of = |name: &String| trust.signers.as_ref().map(|signers| signers.keys_of(name)).unwrap_or_default();
    for signer in &people {
        let own = signer.principals.iter().flat_map(keys_of).chain([signer.key.clone()]);
        if let Some(key) = own.into_iter().find(|key| of_the_change.contains(key)) {
            return Err(format!("{}, a key of who signed it, signed the change as well", key.fingerprint()));
        }
    }
    if statement.principal == statement.pusher {
        return Err("who pushes cannot let the own push in".to_owned());
    }
    // A clone does not know what the server calls its user.
    if ctx.push.is_draft() && ctx.push.actor.is_none() {
        return Ok(());
    }
    pusher(ctx, statement, &people)?;
    // A key that speaks for the pusher, too, by a certificate of theirs.
    let speaks = |armored: &&[u8]| {
        let question =
            |principal| Question { principal, namespace: namespace::OVERRIDE, at: ctx.now, revoked: &trust.revoked };
        let signature = Signature::parse(armored).ok();
        let actor = ctx.push.actor.as_deref().unwrap_or_default();
        signature
            .zip(trust.signers.as_ref())
            .is_some_and(|(signature, signers)| signers.verify(&question(actor), &signature, sealed.bytes).is_ok())
    };
    match sealed.signatures.iter().any(speaks) {
        true => Err("it is signed by a key that speaks for who pushes".to_owned()),
        false => Ok(()),
    }
}

fn pusher(ctx: &Ctx<'_>, statement: &Override, people: &[Signer]) -> std::result::Result<(), String> {
    let Some(actor) = &ctx.push.actor else {
        return Err("nobody knows who pushes, so nobody knows that it is another person \
                    (refgate install server --actor SOURCE)"
            .to_owned());
    };
    let shown = crate::escape::printable(actor);
    if *actor != statement.pusher {
        let named = crate::escape::printable(&statement.pusher);
        return Err(format!("it is for a push by {named}, and {shown} pushes"));
    }
    let mut keys = ctx.policy.trust.signers.as_ref().map(|signers| signers.keys_of(actor)).unwrap_or_default();
    if let Certificate::Valid(signer) = &ctx.push.certificate {
        keys.insert(signer.key.clone());
    }
    if keys.is_empty() {
        return Err(format!(
            "no key of {shown}, who pushes, stands in the signers' file, so nobody knows that another person signed"
        ));
    }
    match people.iter().find(|signer| keys.contains(&signer.key) || signer.principals.contains(actor)) {
        Some(own) => Err(format!("{} is a key of {shown}, who pushes", own.key.fingerprint())),
        None => Ok(()),
    }
}

fn kept(files: &Files, statement: &Override) -> std::result::Result<(), String> {
    retains(files, &statement.artifacts).map_err(|why| format!("it {why}"))
}

#[cfg(test)]
mod tests;
