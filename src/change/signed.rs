//! Who signed what a change brings, judged at the time of the push: what a commit says of its own date is the signer's
//! word, and a key that has expired could sign with any.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::sign::object::{Signed, Unsigned, tag_name};
use crate::sign::{Key, Signature, Signer, Whom};

/// What Git's own signatures are made for, whatever they sign.
pub const NAMESPACE: &str = "git";

/// Who signed an object, or why that is nobody; the reason follows the object's name in a sentence.
pub type By = std::result::Result<Signer, String>;

/// The signatures of a change.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// Every new commit, newest first.
    pub commits: Vec<(Oid, By)>,
    /// The tag, where it is an annotated one.
    pub tag: Option<Tag>,
    /// The keys that these signatures name, whether or not they count: none of them may excuse the change.
    pub keys: BTreeSet<Key>,
}

/// An annotated tag.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The name that it gives itself; the ref may have another.
    pub name: Vec<u8>,
    /// Who signed it.
    pub by: By,
}

impl Signatures {
    /// Looks at the commits, and at the tag object where there is one.
    pub(super) fn load(
        repo: &Repo,
        policy: &Policy,
        commits: &[Oid],
        tag: Option<Oid>,
        now: jiff::Timestamp,
    ) -> Result<Self> {
        let judge = Judge { repo, policy, now };
        let mut found = Self::default();
        for commit in commits {
            let by = match judge.bytes(*commit)? {
                Some(bytes) => judge.by(Signed::commit(&bytes, repo.format()), Some(&mut found.keys)),
                None => Err(too_large(policy)),
            };
            found.commits.push((*commit, by));
        }
        if let Some(tag) = tag {
            let bytes = judge.bytes(tag)?;
            let name = bytes.as_deref().and_then(tag_name).unwrap_or_default().to_vec();
            let by = bytes
                .map_or_else(|| Err(too_large(policy)), |bytes| judge.by(Signed::tag(&bytes), Some(&mut found.keys)));
            found.tag = Some(Tag { name, by });
        }
        Ok(found)
    }
}

struct Judge<'a> {
    repo: &'a Repo,
    policy: &'a Policy,
    now: jiff::Timestamp,
}

impl Judge<'_> {
    fn bytes(&self, oid: Oid) -> Result<Option<Vec<u8>>> {
        self.repo.raw(oid, self.policy.limits.blob_bytes)
    }

    fn by(&self, signed: std::result::Result<Signed, Unsigned>, keys: Option<&mut BTreeSet<Key>>) -> By {
        let Signed { payload, signature } = signed.map_err(|unsigned| unsigned.to_string())?;
        let signature = Signature::parse(&signature).map_err(|refusal| refused(&refusal))?;
        if let Some(keys) = keys {
            keys.insert(signature.key().clone());
        }
        let Some(signers) = &self.policy.trust.signers else { return Err(unjudged()) };
        let whom = Whom { namespace: NAMESPACE, at: self.now, revoked: &self.policy.trust.revoked };
        signers.signer(&whom, &signature, &payload).map_err(|refusal| refused(&refusal))
    }
}

/// Why no signature counts where nobody is named.
pub const NO_SIGNERS: &str = "nobody is named who may sign (refgate install server --repo DIR --signers FILE)";

/// What is said of a signature there.
pub fn unjudged() -> String {
    refused(&NO_SIGNERS)
}

fn refused(refusal: &dyn std::fmt::Display) -> String {
    format!("has a signature that does not count: {refusal}")
}

fn too_large(policy: &Policy) -> String {
    format!("is larger than {} bytes, so its signature is not looked at", policy.limits.blob_bytes)
}
