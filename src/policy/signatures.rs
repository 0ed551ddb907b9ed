//! `[[signatures]]`: which refs move only with signatures, of what, and by whom. Who may sign at all is the signers'
//! business.

use std::collections::BTreeSet;

use bstr::BStr;
use serde::Deserialize;
use toml::Spanned;

use super::Policy;
use super::parse::Place;
use super::roles::Presence;
use crate::error::Result;
use crate::glob::{Glob, GlobSet};
use crate::path::prefixes;
use crate::sign::Signer;

/// One table: what must be signed on some refs. A ref can be met by several, and then each counts.
#[derive(Clone, Debug)]
pub struct Signatures {
    /// The refs, as globs over full names.
    pub refs: GlobSet,
    /// The push itself, by a push certificate.
    pub push: bool,
    /// Every new commit.
    pub commits: bool,
    /// Tags, which are then annotated.
    pub tags: bool,
    /// What a hardware key must say of who was there.
    pub presence: Presence,
    /// The only principals whose signatures count; without it everybody whom the signers name.
    pub signers: Option<BTreeSet<String>>,
}

impl Policy {
    /// The tables that a ref is met by: those that name it, or what stands above it in its place.
    pub fn signatures_on<'p>(&'p self, name: &'p BStr) -> impl Iterator<Item = &'p Signatures> {
        self.signatures.iter().filter(|table| prefixes(name).any(|part| table.refs.matches(part)))
    }
}

impl Signatures {
    /// What a signature that counts still lacks here, to follow "is signed": `None` where it will do.
    pub fn lacks(&self, signer: &Signer) -> Option<String> {
        let names = || signer.names();
        if self.signers.as_ref().is_some_and(|only| only.is_disjoint(&signer.principals)) {
            return Some(format!("by {}, who is none of the signers that the policy names for this ref", names()));
        }
        match self.presence {
            Presence::Required if !signer.presence => {
                Some(format!("by {} without a hardware key that somebody touched", names()))
            }
            Presence::Verified if !(signer.presence && signer.verification) => {
                Some(format!("by {} without a hardware key that verified its user by PIN or finger", names()))
            }
            _ => None,
        }
    }

    /// All that the table says, for the policy's digest.
    pub(super) fn all(&self) -> serde_json::Value {
        let refs: Vec<&str> = self.refs.iter().map(Glob::as_str).collect();
        serde_json::json!([refs, self.push, self.commits, self.tags, self.presence.name(), self.signers])
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    refs: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    push: bool,
    #[serde(default)]
    commits: bool,
    #[serde(default)]
    tags: bool,
    presence: Option<Presence>,
    signers: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Checks the tables.
pub(super) fn read(place: &Place<'_>, tables: Vec<Raw>) -> Result<Vec<Signatures>> {
    tables.into_iter().map(|table| one(place, table)).collect()
}

fn one(place: &Place<'_>, table: Raw) -> Result<Signatures> {
    let (span, patterns) = (table.refs.span(), table.refs.into_inner());
    if patterns.is_empty() {
        return Err(place.error(Some(span), "name at least one ref"));
    }
    if !(table.push || table.commits || table.tags) {
        return Err(place.error(Some(span), "say what must be signed there: push, commits or tags = true"));
    }
    if table.tags && !patterns.iter().any(|pattern| pattern.get_ref().starts_with("refs/tags/")) {
        return Err(place.error(Some(span), "tags = true needs tags: write them in full, like `refs/tags/v*`"));
    }
    let other = |pattern: &&Spanned<String>| {
        pattern.get_ref().starts_with("refs/") && !pattern.get_ref().starts_with("refs/tags/")
    };
    if let Some(other) = patterns.iter().find(other).filter(|_| table.commits) {
        let message = "commits are looked at on branches and tags only: leave commits = true out for other refs";
        return Err(place.error(Some(other.span()), message));
    }
    let full = patterns.into_iter().map(|pattern| full_name(place, pattern)).collect::<Result<Vec<_>>>()?;
    Ok(Signatures {
        refs: place.globs(Some(full), &[])?,
        push: table.push,
        commits: table.commits,
        tags: table.tags,
        presence: table.presence.unwrap_or(Presence::Any),
        signers: table.signers.map(|names| principals(place, names)).transpose()?,
    })
}

/// A pattern over full names: a branch is written by its short name, as everywhere in the policy.
fn full_name(place: &Place<'_>, pattern: Spanned<String>) -> Result<Spanned<String>> {
    let text = pattern.get_ref();
    if text.starts_with("refs/heads/") {
        return Err(place.error(Some(pattern.span()), "write the short name: `main`, not `refs/heads/main`"));
    }
    if text.contains("{refs/") || text.contains(",refs/") {
        return Err(place.error(Some(pattern.span()), "write `refs/` at the beginning of the pattern, not in braces"));
    }
    place.may_name_a_ref(&pattern)?;
    let full = if text.starts_with("refs/") { text.clone() } else { format!("refs/heads/{text}") };
    Ok(Spanned::new(pattern.span(), full))
}

fn principals(place: &Place<'_>, names: Spanned<Vec<Spanned<String>>>) -> Result<BTreeSet<String>> {
    let span = names.span();
    let known = place.principals(names.into_inner())?;
    match known.is_empty() {
        true => Err(place.error(Some(span), "nobody could sign: name at least one principal, or leave the key out")),
        false => Ok(known),
    }
}
