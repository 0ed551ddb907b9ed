//! Who signed what, said without a signature.

use std::rc::Rc;

use bstr::BString;

use super::{Facts, NEW, OLD, TREE, oid};
use crate::change::signed::{By, Tag};
use crate::change::{Certificate, Files, Retained, Spent};
use crate::policy::parse::{Known, parse};
use crate::refs::RefUpdate;
use crate::sign::{Key, Signer};

/// Somebody whose signature counts, by a key in a file.
pub(crate) fn signer(name: &str) -> Signer {
    let line =
        include_str!("../../../fixtures/signatures/allowed_signers").lines().find(|line| line.contains("ssh-ed25519"));
    let (_, key) = line.unwrap().split_once("ssh-ed25519 ").unwrap();
    let key = Key::parse(&format!("ssh-ed25519 {key}")).unwrap();
    Signer { key, principals: [name.to_owned()].into(), presence: false, verification: false }
}

impl Facts {
    /// What is known of the push certificate.
    pub(crate) fn certified(mut self, certificate: Certificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// A new commit, and who signed it.
    pub(crate) fn commit_by(mut self, commit: u8, by: By) -> Self {
        self.signatures.commits.push((oid(commit), by));
        self
    }

    /// The new value is an annotated tag that calls itself so, and who signed it.
    pub(crate) fn tag_by(mut self, name: &str, by: By) -> Self {
        self.signatures.tag = Some(Tag { name: name.into(), by });
        self.annotated()
    }

    /// The policy with this put in front of it.
    pub(crate) fn with_policy(self, toml: &str) -> Self {
        let known = Known { rules: &[], trunk: "refs/heads/main".into() };
        let policy = parse(&format!("version = 1\n{toml}"), "p.toml", known).unwrap();
        self.under(|was| *was = policy)
    }

    /// The new ref of refgate's own holds these files, and artifacts with these digests.
    pub(crate) fn retaining(mut self, top: &[(&str, &[u8])], artifacts: &[(&str, &str)]) -> Self {
        let top = top.iter().map(|(name, content)| ((*name).into(), content.to_vec())).collect();
        let artifacts = artifacts.iter().map(|(name, digest)| ((*name).into(), (*digest).to_owned())).collect();
        let files = Ok(Files { top, artifacts });
        self.change.statement = Some(Rc::new(Retained { name: self.change.update.name.clone(), files }));
        self
    }

    /// Behind the new ref of refgate's own stands no document, for this reason.
    pub(crate) fn retaining_nothing(mut self, why: &str) -> Self {
        let name = self.change.update.name.clone();
        self.change.statement = Some(Rc::new(Retained { name, files: Err(why.to_owned()) }));
        self
    }

    /// The same push takes this ref from [`super::OLD`] to [`super::NEW`], whose tree is [`super::TREE`], for one of
    /// these tasks.
    pub(crate) fn beside(mut self, name: &str, tasks: &[&str]) -> Self {
        self.others.push(RefUpdate { name: name.into(), old: oid(OLD), new: oid(NEW) });
        let mut companions = (*self.change.companions).clone();
        companions.trees.insert(name.into(), oid(TREE));
        companions.tasks.insert(name.into(), tasks.iter().map(|task| BString::from(*task)).collect());
        self.change.companions = Rc::new(companions);
        self
    }

    /// A signed document that bears on the change holds these files.
    pub(crate) fn document(mut self, name: &str, top: &[(&str, &[u8])]) -> Self {
        let top = top.iter().map(|(name, content)| ((*name).into(), content.to_vec())).collect();
        let mut documents = self.change.documents.to_vec();
        documents.push(Retained { name: name.into(), files: Ok(Files { top, ..Files::default() }) });
        self.change.documents = Rc::new(documents);
        self
    }

    /// What the server knows of an override that was seen before.
    pub(crate) fn spent(mut self, id: &str, spent: Spent) -> Self {
        self.spent.insert(id.to_owned(), spent);
        self
    }
}
