//! `refgate.toml`, from text to [`Policy`]: unknown keys, globs that can match nothing and rules that do not exist are
//! errors with file, line and column, before anything is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::drift::{self, RawDrift};
use super::promotion::{self, Raw as RawPromotion};
use super::roles::{RawApprovals, RawChecks, RawHotfix, RawOverrides, RawRoles, Signing, Trust};
use super::signatures::{self, Raw as RawSignatures};
use super::{CI, Limits, Paths, Policy};
use crate::actor::ActorSource;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Severity;
use crate::fold::fold;
use crate::glob::{Glob, GlobSet};

/// What a policy file can refer to beyond itself.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The ids of all rules.
    pub rules: &'a [&'a str],
    /// The trusted ref, in full.
    pub trunk: &'a bstr::BStr,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    version: Option<Spanned<i64>>,
    repository: Option<Spanned<String>>,
    branches: Branches,
    tags: Tags,
    notes: Notes,
    trace: Trace,
    paths: RawPaths,
    rules: BTreeMap<Spanned<String>, Severity>,
    signatures: Vec<RawSignatures>,
    promotion: Vec<RawPromotion>,
    limits: RawLimits,
    repository_id: Option<Spanned<String>>,
    roles: RawRoles,
    approvals: RawApprovals,
    overrides: RawOverrides,
    hotfix: RawHotfix,
    checks: RawChecks,
    drift: Option<Spanned<RawDrift>>,
}

pub(super) type Patterns = Option<Vec<Spanned<String>>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Branches {
    protected: Patterns,
    task: Option<Spanned<String>>,
    emergency: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Tags {
    release: Patterns,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Notes {
    allow: Patterns,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Trace {
    folder: Option<Spanned<String>>,
    artifacts: Patterns,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawPaths {
    schema: Patterns,
    backfill: Patterns,
    documentation: Patterns,
    not_documentation: Patterns,
    owned: Patterns,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    seconds: Option<Spanned<u64>>,
    blob_bytes: Option<Spanned<u64>>,
}

const PROTECTED: &[&str] = &["release/*"];
const RELEASE_TAGS: &[&str] = &["v*"];
/// formats.md section 1: what must stand in a finished task's folder.
const ARTIFACTS: &[&str] = &[
    "contract/APPROVED",
    "contract/approval.md",
    "codex/audit/",
    "claude/review/",
    "gemini/audit/",
    "final/status.json",
];
const SCHEMA: &[&str] = &[
    "**/schema.json",
    "**/schemaTypes/**",
    "**/*.graphql",
    "**/*.proto",
    "**/*.prisma",
    "**/*.sql",
    "**/migrations/**",
    "**/openapi*.{json,yaml,yml}",
];
const BACKFILL: &[&str] = &["scripts/**/backfill*", "**/backfill/**"];
const DOCUMENTATION: &[&str] = &[
    "**/*.md",
    "**/*.rst",
    "**/*.adoc",
    "docs/**/*.{png,jpg,jpeg,gif,svg,webp}",
    // No bare `LICENSE*`: compilers take LICENSE.go and LICENSE.rs for code.
    "LICENSE",
    "LICENSE.{md,txt,rst,adoc}",
    "LICENSE-*.{md,txt}",
    "LICENSE-{0BSD,AGPL,APACHE,BSD,CC,EPL,GPL,ISC,LGPL,MIT,MPL,UNICODE,ZLIB}",
];
/// Files that look like prose and instruct agents, build tools or the gate itself, beside all in hidden folders.
const NOT_DOCUMENTATION: &[&str] = &[
    "**/{agent,claude,codex,conventions,copilot-instructions}*.md",
    "**/{crush,gemini,qwen,replit,skill,warp}*.md",
    "**/*.{instructions,prompt,chatmode}.md",
    // Task runners take their commands from these.
    "**/{maidfile,maskfile}.md",
    "hooks/**",
    "**/cmakelists.txt",
    "**/*{requirements,constraints}*.txt",
];
const DEFAULT_SECONDS: u64 = 30;
const DEFAULT_BLOB_BYTES: u64 = 1024 * 1024;

/// The policy that judges where no file says otherwise.
///
/// # Errors
/// None in practice: a test parses it.
pub fn built_in(known: Known<'_>) -> Result<Policy> {
    parse("version = 1", "the built-in policy", known)
}

/// Reads a policy file. `name` is what messages call it.
///
/// # Errors
/// Anything that is not a valid policy, as `name:line:column: what is wrong`.
pub fn parse(text: &str, name: &str, known: Known<'_>) -> Result<Policy> {
    let place = Place { text, name };
    let file: File = toml::from_str(text).map_err(|error| place.error(error.span(), error.message()))?;
    match file.version.as_ref().map(|version| *version.get_ref()) {
        Some(1) => {}
        Some(_) => return Err(place.error(file.version.map(|v| v.span()), "this refgate reads policies of version 1")),
        None => return Err(place.error(None, "the policy must say `version = 1`")),
    }
    let emergency = file.branches.emergency.as_ref().map(Spanned::span);
    let (task_prefix, emergency_prefix) =
        (place.prefix(file.branches.task, "autoTest/")?, place.prefix(file.branches.emergency, "hotfix/")?);
    if task_prefix.starts_with(&emergency_prefix) || emergency_prefix.starts_with(&task_prefix) {
        return Err(place.error(emergency, "task and emergency branches need folders of their own"));
    }
    let mut rules = BTreeMap::new();
    for (rule, severity) in file.rules {
        if !known.rules.contains(&rule.get_ref().as_str()) {
            let message = format!("there is no rule `{}`; `refgate rules` lists them", rule.get_ref());
            return Err(place.error(Some(rule.span()), &message));
        }
        rules.insert(rule.into_inner(), severity);
    }
    let protected = place.branches(file.branches.protected, PROTECTED)?;
    let promotions = promotion::read(&place, file.promotion, &protected, known.trunk)?;
    Ok(Policy {
        repository: file.repository.map(Spanned::into_inner),
        trunk: known.trunk.to_owned(),
        protected,
        promotions,
        task_prefix,
        emergency_prefix,
        release_tags: place.branches(file.tags.release, RELEASE_TAGS)?,
        notes: place.branches(file.notes.allow, &[])?,
        trace: place.folder(file.trace.folder)?,
        artifacts: place.artifacts(file.trace.artifacts)?,
        paths: Paths {
            schema: place.folded(file.paths.schema, SCHEMA)?,
            backfill: place.folded(file.paths.backfill, BACKFILL)?,
            documentation: place.globs(file.paths.documentation, DOCUMENTATION)?,
            not_documentation: place.folded_globs(file.paths.not_documentation, NOT_DOCUMENTATION)?,
            owned: place.folded(file.paths.owned, &[])?,
            ci: place.folded(None, CI)?,
        },
        rules,
        signatures: signatures::read(&place, file.signatures)?,
        floor: BTreeMap::new(),
        actor: ActorSource::default(),
        urls: Vec::new(),
        repository_id: place.id(file.repository_id)?,
        signing: Signing::parse(&place, file.roles, file.approvals, file.overrides, file.hotfix, file.checks)?,
        trust: Trust::default(),
        drift: drift::read(&place, file.drift)?,
        limits: Limits {
            seconds: place.positive(file.limits.seconds, DEFAULT_SECONDS)?,
            blob_bytes: place.positive(file.limits.blob_bytes, DEFAULT_BLOB_BYTES)?,
        },
    })
}

/// The text that spans point into.
pub(super) struct Place<'a> {
    text: &'a str,
    name: &'a str,
}

impl<'a> Place<'a> {
    pub(super) const fn new(text: &'a str, name: &'a str) -> Self {
        Self { text, name }
    }

    pub(super) fn error(&self, span: Option<Range<usize>>, message: &str) -> Error {
        let before = self.text.get(..span.map_or(0, |span| span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
        // The file may come with a push (the bootstrap's), so its words are escaped.
        let message = escape::one_line(message);
        // The server's own file goes by that name; a policy may have any other.
        let help = match self.name.contains("server.toml") {
            true => "put it right by hand, as `refgate install server` wrote it: the comments in it name every key",
            false => "`refgate init --print` shows a policy with every key that there is",
        };
        Error::undecided(format!("{}:{line}:{column}: {message}", self.name)).help(help)
    }

    pub(super) fn globs(&self, written: Patterns, default: &[&str]) -> Result<GlobSet> {
        let Some(patterns) = written else { return self.globs_beside(None, default) };
        self.globs_beside(Some(patterns), &[])
    }

    /// The written globs and the given ones: for lists that a policy can only make longer.
    fn globs_beside(&self, written: Patterns, always: &[&str]) -> Result<GlobSet> {
        let mut globs = Vec::new();
        for pattern in always {
            globs.push(Glob::parse(pattern).map_err(|error| self.error(None, &error.to_string()))?);
        }
        let mut seen = BTreeSet::new();
        for pattern in written.unwrap_or_default() {
            if !seen.insert(pattern.get_ref().clone()) {
                return Err(self.error(Some(pattern.span()), "the pattern stands in this list already"));
            }
            let glob = Glob::parse(pattern.get_ref());
            globs.push(glob.map_err(|error| self.error(Some(pattern.span()), &error.to_string()))?);
        }
        Ok(globs.into_iter().collect())
    }

    /// The written globs, else the default ones, folded.
    fn folded(&self, written: Patterns, default: &[&str]) -> Result<GlobSet> {
        let default = default.iter().map(|pattern| Spanned::new(0..0, (*pattern).to_owned())).collect();
        self.folded_globs(written.or(Some(default)), &[])
    }

    fn folded_globs(&self, written: Patterns, always: &[&str]) -> Result<GlobSet> {
        let folded = |pattern: Spanned<String>| {
            let text = String::from_utf8_lossy(&fold(pattern.get_ref().as_bytes())).into_owned();
            Spanned::new(pattern.span(), text)
        };
        self.globs_beside(written.map(|patterns| patterns.into_iter().map(folded).collect()), always)
    }

    pub(super) fn branches(&self, written: Patterns, default: &[&str]) -> Result<GlobSet> {
        for pattern in written.iter().flatten() {
            let text = pattern.get_ref();
            if text.starts_with("refs/") {
                return Err(self.error(Some(pattern.span()), "write the short name: `main`, not `refs/heads/main`"));
            }
            self.may_name_a_ref(pattern)?;
        }
        self.globs(written, default)
    }

    /// git-check-ref-format(1): no ref name holds these, so the pattern could match none.
    pub(super) fn may_name_a_ref(&self, pattern: &Spanned<String>) -> Result<()> {
        let text = pattern.get_ref();
        let never = text.contains(|c: char| c.is_ascii_control() || " ~^:?[\\".contains(c))
            || text.contains("..")
            || text.contains("@{")
            || text.ends_with(['.', '/'])
            || text.ends_with(".lock");
        match never {
            true => Err(self.error(Some(pattern.span()), "no ref name can match this pattern")),
            false => Ok(()),
        }
    }

    fn prefix(&self, written: Option<Spanned<String>>, default: &str) -> Result<String> {
        let Some(prefix) = written else { return Ok(default.to_owned()) };
        let text = prefix.get_ref();
        let folder = text.strip_suffix('/').unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
        let bad_part = |part: &str| part.is_empty() || part.starts_with('-');
        if !folder.chars().all(plain) || folder.split('/').any(bad_part) {
            let message = "write a folder of branch names that ends in a slash, like `autoTest/`";
            return Err(self.error(Some(prefix.span()), message));
        }
        Ok(prefix.into_inner())
    }

    fn folder(&self, written: Option<Spanned<String>>) -> Result<String> {
        let Some(folder) = written else { return Ok(".ai-stack-trace".to_owned()) };
        let text = folder.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if text.is_empty() || !text.chars().all(plain) || text.ends_with('.') || text.eq_ignore_ascii_case(".git") {
            let message = "write the name of one folder at the top of the repository, like `.ai-stack-trace`";
            return Err(self.error(Some(folder.span()), message));
        }
        Ok(folder.into_inner())
    }

    fn artifacts(&self, written: Patterns) -> Result<Vec<String>> {
        let Some(artifacts) = written else { return Ok(ARTIFACTS.iter().map(ToString::to_string).collect()) };
        let mut names: Vec<String> = Vec::new();
        for artifact in artifacts {
            let text = artifact.get_ref();
            let whole = text.strip_suffix('/').unwrap_or(text);
            let odd = |c: char| c.is_control() || "*\\{".contains(c);
            let bad = |part: &str| part.is_empty() || part.starts_with('.') || part.contains(odd);
            if whole.split('/').any(bad) || names.contains(text) {
                let message = "write a file, or a folder with a slash at the end, inside the task's folder, once";
                return Err(self.error(Some(artifact.span()), message));
            }
            names.push(artifact.into_inner());
        }
        Ok(names)
    }

    /// People, each once, as the signers' file names them: names and no patterns.
    pub(super) fn principals(&self, written: Vec<Spanned<String>>) -> Result<BTreeSet<String>> {
        let mut principals = BTreeSet::new();
        for principal in written {
            let text = principal.get_ref();
            let odd = |c: char| "*?!,\"".contains(c) || c.is_whitespace() || escape::is_hidden(c);
            if text.is_empty() || text.contains(odd) {
                let message =
                    "write one person as the signers' file names them, and no pattern: none of * ? ! , and spaces";
                return Err(self.error(Some(principal.span()), message));
            }
            if !principals.insert(text.clone()) {
                return Err(self.error(Some(principal.span()), "this person stands in this list already"));
            }
        }
        Ok(principals)
    }

    /// A number from 1 to `most`.
    pub(super) fn at_most(&self, written: Option<Spanned<u32>>, default: u32, most: u32) -> Result<u32> {
        match written {
            Some(number) if !(1..=most).contains(number.get_ref()) => {
                Err(self.error(Some(number.span()), &format!("write a number from 1 to {most}")))
            }
            Some(number) => Ok(number.into_inner()),
            None => Ok(default),
        }
    }

    fn id(&self, written: Option<Spanned<String>>) -> Result<Option<String>> {
        match written {
            Some(id) if id.get_ref().trim().is_empty() => {
                Err(self.error(Some(id.span()), "the repository needs an id, or none here"))
            }
            id => Ok(id.map(Spanned::into_inner)),
        }
    }

    fn positive(&self, written: Option<Spanned<u64>>, default: u64) -> Result<u64> {
        match written {
            Some(zero) if *zero.get_ref() == 0 => {
                Err(self.error(Some(zero.span()), "a limit of 0 would refuse everything"))
            }
            Some(limit) => Ok(limit.into_inner()),
            None => Ok(default),
        }
    }
}

#[cfg(test)]
mod tests;
