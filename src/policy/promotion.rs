//! Chains of protected branches, `[[promotion]]`: which of them take what stands on which others, and what each step needs.

use std::collections::BTreeSet;

use bstr::{BStr, ByteSlice};
use serde::Deserialize;
use toml::Spanned;

use super::Policy;
use super::parse::Place;
use super::roles::check_names;
use crate::error::Result;
use crate::glob::{Glob, GlobSet};
use crate::path::prefixes;

/// One kind of step. Several tables may name the same branches: then each counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The branches that something comes from, as globs over branch names; all of them are protected.
    pub from: GlobSet,
    /// The branches that take what stands on those and, beside hotfixes and rollbacks, nothing else.
    pub into: GlobSet,
    /// The checks that the step needs beside those that every promotion needs.
    pub checks: BTreeSet<String>,
}

impl Policy {
    /// The steps that end on a branch, which is given in full. None where it takes tasks.
    pub fn steps_into(&self, into: &BStr) -> impl Iterator<Item = &Promotion> {
        let short = short(into);
        self.promotions
            .iter()
            .filter(move |step| short.is_some_and(|name| prefixes(name).any(|part| step.into.matches(part))))
    }

    /// Whether the branch takes what stands on others, and no tasks.
    pub fn takes_steps(&self, into: &BStr) -> bool {
        self.steps_into(into).next().is_some()
    }

    /// Whether one branch takes what stands on another one.
    pub fn is_step(&self, from: &BStr, into: &BStr) -> bool {
        self.is_protected(from) && self.steps_into(into).any(|step| comes_from(step, from))
    }

    /// Whether a step has checks of its own, beside those that every promotion needs.
    pub fn is_checked_step(&self, from: &BStr, into: &BStr) -> bool {
        self.is_protected(from) && self.steps_into(into).any(|step| comes_from(step, from) && !step.checks.is_empty())
    }

    /// Whether other branches take what stands on this one.
    pub fn is_source(&self, name: &BStr) -> bool {
        self.promotions.iter().any(|step| comes_from(step, name))
    }

    /// What a branch of a chain takes from, as the policy writes it.
    pub fn sources_of(&self, into: &BStr) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for glob in self.steps_into(into).flat_map(|step| &step.from) {
            if !names.contains(&glob.as_str()) {
                names.push(glob.as_str());
            }
        }
        names
    }

    /// The checks without which a protected branch does not move: those of every promotion, and those of the step. What
    /// comes by no step needs the checks of every step that ends there.
    pub fn checks_into(&self, into: &BStr, step_from: Option<&BStr>) -> BTreeSet<&str> {
        let steps = self.steps_into(into).filter(|step| step_from.is_none_or(|from| comes_from(step, from)));
        self.signing.checks.iter().chain(steps.flat_map(|step| &step.checks)).map(String::as_str).collect()
    }
}

fn short(name: &BStr) -> Option<&BStr> {
    name.strip_prefix(b"refs/heads/").map(ByteSlice::as_bstr)
}

fn comes_from(step: &Promotion, from: &BStr) -> bool {
    short(from).is_some_and(|from| step.from.matches(from))
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    from: Spanned<Vec<Spanned<String>>>,
    into: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    checks: Vec<Spanned<String>>,
}

/// Checks the tables.
pub(super) fn read(place: &Place<'_>, tables: Vec<Raw>, protected: &GlobSet, trunk: &BStr) -> Result<Vec<Promotion>> {
    let spans: Vec<_> = tables.iter().map(|table| table.from.span()).collect();
    let mut steps = Vec::new();
    for table in tables {
        steps.push(Promotion {
            from: branches(place, table.from, protected, trunk)?,
            into: branches(place, table.into, protected, trunk)?,
            checks: check_names(place, table.checks)?,
        });
    }
    let dead = fed(&steps).iter().position(|fed| !fed);
    match dead.and_then(|at| spans.get(at).cloned()) {
        Some(span) => {
            let message = "nothing could ever get here: each of these branches waits for another, and none takes tasks";
            Err(place.error(Some(span), message))
        }
        None => Ok(steps),
    }
}

fn branches(
    place: &Place<'_>,
    patterns: Spanned<Vec<Spanned<String>>>,
    protected: &GlobSet,
    trunk: &BStr,
) -> Result<GlobSet> {
    let (span, patterns) = (patterns.span(), patterns.into_inner());
    if patterns.is_empty() {
        return Err(place.error(Some(span), "name at least one branch"));
    }
    let globs = place.branches(Some(patterns.clone()), &[])?;
    let open = globs.iter().zip(&patterns).find(|(glob, _)| !is_covered(glob, protected, trunk));
    match open {
        Some((_, pattern)) => {
            let message = "what is not protected is not judged, so nothing is promoted from or to it: write the same in \
                           branches.protected";
            Err(place.error(Some(pattern.span()), message))
        }
        None => Ok(globs),
    }
}

/// Whether every branch that a pattern names is protected. A star that a protected pattern matches as if it were a letter
/// stands for nothing that this pattern would not match; choices and `**` must be written alike.
fn is_covered(glob: &Glob, protected: &GlobSet, trunk: &BStr) -> bool {
    let text = glob.as_str();
    let trunk = trunk.strip_prefix(b"refs/heads/").unwrap_or(trunk);
    let plain = !text.contains('{') && !text.contains("**") && !text.ends_with('/');
    text.as_bytes() == trunk
        || protected.iter().any(|known| known.as_str() == text)
        || (plain && protected.matches(text.as_bytes()))
}

/// Of each step, whether something can get to one of its sources: a task, or by a step of which that is so.
fn fed(steps: &[Promotion]) -> Vec<bool> {
    let overlap = |a: &Glob, b: &Glob| {
        a.as_str() == b.as_str() || a.matches(b.as_str().as_bytes()) || b.matches(a.as_str().as_bytes())
    };
    let mut fed = vec![false; steps.len()];
    for _ in 0..=steps.len() {
        let now = steps.iter().map(|step| {
            step.from.iter().any(|from| {
                let mut ends =
                    steps.iter().zip(&fed).filter(|(step, _)| step.into.iter().any(|into| overlap(into, from)));
                ends.clone().next().is_none() || ends.any(|(_, fed)| *fed)
            })
        });
        fed = now.collect();
    }
    fed
}

/// All that the tables say, for the policy's digest.
pub(super) fn all(steps: &[Promotion]) -> Vec<serde_json::Value> {
    let texts = |globs: &GlobSet| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
    steps.iter().map(|step| serde_json::json!([texts(&step.from), texts(&step.into), step.checks])).collect()
}

#[cfg(test)]
mod tests;
