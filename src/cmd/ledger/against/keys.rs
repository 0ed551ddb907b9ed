//! Whose keys may sign the end of a mirror.

use std::path::Path;

use crate::cmd::hook::mirror::NAMESPACE;
use crate::error::Result;
use crate::git::Repo;
use crate::policy::Policy;
use crate::policy::load::for_server;
use crate::policy::roles::RoleName;
use crate::refs::RefMap;
use crate::rules;
use crate::sign::{Revoked, Signature, Signers, Whom};

/// Whose signatures count.
pub(super) enum Keys {
    /// Everybody's in a file that the auditor names, unless revoked here.
    File(Signers, Vec<Revoked>),
    /// Those of the role `ledger`.
    Role(Box<Policy>),
    /// Nobody is named.
    Nobody,
    /// Nobody knows, for this reason.
    Unknown(String),
}

impl Keys {
    /// The keys that an auditor names, else those that the policy of this server does.
    ///
    /// # Errors
    /// The auditor's file cannot be read.
    pub(super) fn find(file: Option<&Path>, repo: &Repo, refs: &RefMap) -> Result<Self> {
        let policy = for_server(repo, refs, &rules::ids());
        if let Some(file) = file {
            let signers = Signers::parse(&fs_err::read(file)?, &super::shown(file))?;
            return Ok(Self::File(signers, policy.map(|policy| policy.trust.revoked).unwrap_or_default()));
        }
        Ok(match policy {
            Ok(policy) if !policy.signing.roles.contains_key(&RoleName::Ledger) => Self::Nobody,
            Ok(policy) if policy.trust.signers.is_none() => {
                Self::Unknown("there is no file of signers, so nobody's key is known".to_owned())
            }
            Ok(policy) => Self::Role(Box::new(policy)),
            Err(error) => Self::Unknown(error.message),
        })
    }

    /// Whether the end of a commit was signed by somebody who may, as of the last record in it: a key that has run out
    /// since signed while it counted, and one that was lost is revoked.
    pub(super) fn judge(&self, head: &[u8], signature: &[u8], at: jiff::Timestamp) -> std::result::Result<(), String> {
        match self {
            Self::File(signers, revoked) => {
                let signature = Signature::parse(signature).map_err(|refusal| refusal.to_string())?;
                let whom = Whom { namespace: NAMESPACE, at, revoked };
                signers.signer(&whom, &signature, head).map(drop).map_err(|refusal| refusal.to_string())
            }
            Self::Role(policy) => {
                let (trust, signing) = (&policy.trust, &policy.signing);
                trust.people(signing, RoleName::Ledger, NAMESPACE, head, &[signature], at).map(drop)
            }
            Self::Nobody | Self::Unknown(_) => Ok(()),
        }
    }
}
