//! The policy: what a team wants of its refs, as validated data. Where it is read from is [`load`]'s business; what it
//! may say, with places for every mistake, is [`parse`]'s.

pub mod drift;
pub mod load;
pub mod parse;
pub mod promotion;
pub mod roles;
pub mod server;
pub mod signatures;

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};

use crate::actor::ActorSource;
use crate::digest::{hex, sha256};
use crate::drift::config::Config;
use crate::finding::Severity;
use crate::fold::fold;
use crate::glob::{Glob, GlobSet};
use crate::path::prefixes;
use roles::{Signing, Trust};

/// The policy's place in the tree of the trusted ref.
pub const POLICY_FILE: &str = "refgate.toml";
/// The folder of the signers and whatever else belongs to the policy.
pub const POLICY_FOLDER: &str = ".refgate";
/// Where CI and hooks are told what to run.
pub const CI: &[&str] = &[
    ".{github,gitea,forgejo}/{workflows,actions}/**",
    ".gitlab-ci.yml",
    ".{gitlab,circleci,buildkite,woodpecker,husky,githooks}/**",
    ".{woodpecker,drone,travis}.{yml,yaml}",
    "{azure,bitbucket}-pipelines.yml",
    "Jenkinsfile*",
    ".pre-commit-config.yaml",
    "{,.}lefthook.{yml,yaml,toml}",
];
/// The field contract's usual place.
pub const CONTRACT_FILE: &str = ".docs/reports/field-to-api-map.md";

/// A policy that has been checked: every glob parses, every rule exists.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name that an approval must give as `Repository:`, when the policy names one.
    pub repository: Option<String>,
    /// The trusted ref, in full: the default branch, always protected.
    pub trunk: BString,
    /// Further protected branches, as globs over branch names.
    pub protected: GlobSet,
    /// Which protected branches take what stands on which others.
    pub promotions: Vec<promotion::Promotion>,
    /// What the names of task branches begin with, `autoTest/`.
    pub task_prefix: String,
    /// What the names of emergency branches begin with, `hotfix/`.
    pub emergency_prefix: String,
    /// Release tags, as globs over tag names.
    pub release_tags: GlobSet,
    /// Refs below `refs/notes/` that may be pushed, as globs over what follows.
    pub notes: GlobSet,
    /// The trace folder's name at the top of the tree.
    pub trace: String,
    /// What a finished task must hold, relative to its folder; a trailing `/` means a folder with something in it.
    pub artifacts: Vec<String>,
    /// Paths by kind.
    pub paths: Paths,
    /// What the policy says of single rules.
    pub rules: BTreeMap<String, Severity>,
    /// What the server's folder says that no policy can lower.
    pub floor: BTreeMap<String, Severity>,
    /// What must be signed on which refs.
    pub signatures: Vec<signatures::Signatures>,
    /// Who says who pushes: the server's folder again, and no policy.
    pub actor: ActorSource,
    /// The URLs that the server goes by, likewise.
    pub urls: Vec<String>,
    /// The immutable id of the repository: the server's own word, else the policy's; statements are bound to it.
    pub repository_id: Option<String>,
    /// Who may sign what.
    pub signing: Signing,
    /// Whose keys are whose.
    pub trust: Trust,
    /// What is held against which contract.
    pub drift: Option<Config>,
    /// Bounds on the work.
    pub limits: Limits,
}

/// The kinds of paths.
#[derive(Clone, Debug)]
pub struct Paths {
    /// Schema files: changed only when the approval lists them as such; folded patterns, for folded paths.
    pub schema: GlobSet,
    /// Backfill scripts: likewise.
    pub backfill: GlobSet,
    /// Documentation, less what `not_documentation` takes out.
    pub documentation: GlobSet,
    /// Never documentation, whatever its name; folded patterns, for folded paths: where case does not count,
    /// `claude.md` instructs an agent as well as `CLAUDE.md` does.
    pub not_documentation: GlobSet,
    /// Files that only the policy role may change, beside the policy itself; folded patterns, for folded paths.
    pub owned: GlobSet,
    /// [`CI`], folded.
    pub ci: GlobSet,
}

/// What a changed path is to the scope rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A schema file.
    Schema,
    /// A backfill script.
    Backfill,
    /// Documentation.
    Documentation,
    /// Everything else.
    Runtime,
}

/// Bounds on the work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Seconds of wall time after which a decision is given up, undecided.
    pub seconds: u64,
    /// The largest file that refgate reads, in bytes.
    pub blob_bytes: u64,
}

/// What kind of ref a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A branch that moves by promotion only.
    Protected,
    /// A branch of one task.
    Task,
    /// A branch for emergencies.
    Emergency,
    /// Any other branch.
    Branch,
    /// A tag.
    Tag,
    /// Notes that the policy names.
    Notes,
    /// refgate's own refs.
    Refgate,
    /// Everything else.
    Unknown,
}

impl Class {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Task => "task",
            Self::Emergency => "emergency",
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Notes => "notes",
            Self::Refgate => "refgate",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the ref is a branch.
    pub const fn is_branch(self) -> bool {
        matches!(self, Self::Protected | Self::Task | Self::Emergency | Self::Branch)
    }
}

impl Policy {
    /// What kind of ref `name` is.
    pub fn classify(&self, name: &BStr) -> Class {
        if let Some(branch) = name.strip_prefix(b"refs/heads/") {
            return if self.is_protected(name) {
                Class::Protected
            } else if branch.starts_with(self.task_prefix.as_bytes()) {
                Class::Task
            } else if branch.starts_with(self.emergency_prefix.as_bytes()) {
                Class::Emergency
            } else {
                Class::Branch
            };
        }
        match name.strip_prefix(b"refs/notes/") {
            _ if name.starts_with(b"refs/tags/") => Class::Tag,
            _ if name.starts_with(b"refs/refgate/") => Class::Refgate,
            Some(notes) if self.notes.matches(notes) => Class::Notes,
            _ => Class::Unknown,
        }
    }

    /// Whether `name` is a protected branch, or lies below the place of one and so would keep it from being.
    pub fn is_protected(&self, name: &BStr) -> bool {
        let Some(branch) = name.strip_prefix(b"refs/heads/") else { return false };
        let trunk = self.trunk.strip_prefix(b"refs/heads/").unwrap_or_default();
        prefixes(branch.as_bstr()).any(|part| part == trunk || self.protected.matches(part))
    }

    /// The branch folders and names that the policy speaks of: another spelling of one misleads, and a branch in the
    /// place of a folder keeps every branch below it from being.
    pub fn reserved(&self) -> Vec<BString> {
        let trunk = self.trunk.strip_prefix(b"refs/heads/").unwrap_or_default();
        let mut names: Vec<BString> = vec![trunk.into()];
        let patterns = self.protected.iter().map(Glob::as_str);
        for pattern in patterns.chain([self.task_prefix.as_str(), self.emergency_prefix.as_str()]) {
            let plain = pattern.split('/').take_while(|part| !part.contains(['*', '{']) && !part.is_empty());
            let name = plain.collect::<Vec<_>>().join("/");
            names.push(name.into());
        }
        names.retain(|name| !name.is_empty());
        names
    }

    /// The task that a task branch is for; `None` for other refs. The name may be no valid task name.
    pub fn task_of<'n>(&self, name: &'n BStr) -> Option<&'n BStr> {
        let branch = name.strip_prefix(b"refs/heads/")?;
        if self.is_protected(name) {
            return None;
        }
        branch.strip_prefix(self.task_prefix.as_bytes()).map(ByteSlice::as_bstr)
    }

    /// What kind of path it is to the scope rules.
    pub fn kind_of(&self, path: &BStr) -> PathKind {
        let paths = &self.paths;
        let folded = fold(path);
        if paths.schema.matches(&folded) {
            PathKind::Schema
        } else if paths.backfill.matches(&folded) {
            PathKind::Backfill
        } else if paths.documentation.matches(path) && !self.never_documentation(path) {
            PathKind::Documentation
        } else {
            PathKind::Runtime
        }
    }

    fn never_documentation(&self, path: &BStr) -> bool {
        self.is_owned(path)
            || prefixes(path).any(|part| part == CONTRACT_FILE || part == self.trace)
            || self.drift.as_ref().is_some_and(|drift| prefixes(path).any(|part| drift.is_contract(part)))
            // Hidden folders configure tools, agents most of all; `.docs` is where contracts live.
            || path.split_str("/").any(|part| part.starts_with(b".") && part != b".docs")
            || self.paths.not_documentation.matches(&fold(path))
    }

    /// Whether only the policy role may change the path: it is owned, lies below something owned, or stands where a
    /// folder leads to something owned.
    pub fn is_owned(&self, path: &BStr) -> bool {
        let own = |part: &BStr| part == POLICY_FILE || part == POLICY_FOLDER || self.paths.owned.matches(&fold(part));
        prefixes(path).any(own) || self.paths.owned.iter().any(|glob| glob.leads_on_from(&fold(path)))
    }

    /// Whether a rollback leaves the path as it stands: it is evidence (traces), says what is allowed (policy, signers, what
    /// else the policy owns), is what code is held against (contracts), or tells CI and hooks what to run. In any spelling,
    /// and where a folder leads there.
    pub fn stays(&self, path: &BStr) -> bool {
        let folded = fold(path);
        let contracts = self.drift.iter().flat_map(|drift| &drift.contracts).map(|held| held.path.as_slice());
        let mut places =
            [POLICY_FILE, POLICY_FOLDER, CONTRACT_FILE, &self.trace].map(str::as_bytes).into_iter().chain(contracts);
        let beside = |place: &[u8]| {
            let place = fold(place);
            let within = |inner: &[u8], outer: &[u8]| {
                inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
            };
            within(&folded, &place) || within(&place, &folded)
        };
        let ci = &self.paths.ci;
        self.is_owned(path)
            || places.any(beside)
            || prefixes(folded.as_bstr()).any(|part| ci.matches(part))
            || ci.iter().any(|glob| glob.leads_on_from(&folded))
    }

    /// What follows the trace folder in a path that lies in it.
    pub fn in_trace<'p>(&self, path: &'p BStr) -> Option<&'p BStr> {
        Some(path.strip_prefix(self.trace.as_bytes())?.strip_prefix(b"/")?.as_bstr())
    }

    /// The severity of a rule: the policy's word, else the rule's own, never below the floor.
    pub fn severity(&self, rule: &str, default: Severity) -> Severity {
        let wanted = self.rules.get(rule).copied().unwrap_or(default);
        self.floor.get(rule).map_or(wanted, |floor| wanted.max(*floor))
    }

    /// SHA-256, hex, over everything that the policy says: equal policies, however written, have equal digests.
    pub fn digest(&self) -> String {
        let globs = |set: &GlobSet| set.iter().map(ToString::to_string).collect::<Vec<_>>();
        let severities = |map: &BTreeMap<String, Severity>| {
            map.iter().map(|(rule, severity)| [rule.clone(), severity.name().into()]).collect::<Vec<_>>()
        };
        // An array, for order; JSON, for no two policies may share a spelling.
        let all = serde_json::json!([
            self.repository,
            hex(&self.trunk),
            globs(&self.protected),
            self.task_prefix,
            self.emergency_prefix,
            globs(&self.release_tags),
            globs(&self.notes),
            self.trace,
            self.artifacts,
            globs(&self.paths.schema),
            globs(&self.paths.backfill),
            globs(&self.paths.documentation),
            globs(&self.paths.not_documentation),
            globs(&self.paths.owned),
            severities(&self.rules),
            severities(&self.floor),
            self.signatures.iter().map(signatures::Signatures::all).collect::<Vec<_>>(),
            [self.limits.seconds, self.limits.blob_bytes],
            self.signing.to_value(),
            drift::all(self.drift.as_ref()),
            promotion::all(&self.promotions),
        ]);
        sha256(all.to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests;
