//! The policy: what a team wants of its refs, as validated data. Where it is read from is [`load`]'s business; what it
//! may say, with places for every mistake, is [`parse`]'s.

pub mod load;
pub mod parse;
pub mod roles;

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};
use sha2::{Digest, Sha256};

use crate::actor::ActorSource;
use crate::finding::Severity;
use crate::fold::fold;
use crate::glob::{Glob, GlobSet};
use crate::path::prefixes;
use roles::{Signing, Trust};

/// The policy's place in the tree of the trusted ref.
pub const POLICY_FILE: &str = "refgate.toml";
/// The folder of the signers and whatever else belongs to the policy.
pub const POLICY_FOLDER: &str = ".refgate";
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
    /// Who says who pushes: the server's folder again, and no policy.
    pub actor: ActorSource,
    /// The immutable id of the repository: the server's own word, else the policy's; statements are bound to it.
    pub repository_id: Option<String>,
    /// Who may sign what.
    pub signing: Signing,
    /// Whose keys are whose.
    pub trust: Trust,
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
            [self.limits.seconds, self.limits.blob_bytes],
            self.signing.to_value(),
        ]);
        hex(&Sha256::digest(all.to_string()))
    }
}

/// Lowercase hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parse::{Known, built_in};

    fn policy() -> Policy {
        built_in(Known { rules: &[], trunk: "refs/heads/main".into() }).unwrap()
    }

    fn globs(patterns: &[&str]) -> GlobSet {
        patterns.iter().map(|pattern| pattern.parse::<Glob>().unwrap()).collect()
    }

    #[test]
    fn a_ref_s_class_is_told_by_its_name() {
        let mut policy = policy();
        policy.notes = globs(&["review"]);
        let table = [
            ("refs/heads/main", Class::Protected),
            ("refs/heads/release/1.0", Class::Protected),
            ("refs/heads/release/1.0/x", Class::Protected),
            ("refs/heads/release", Class::Branch),
            ("refs/heads/Main", Class::Branch),
            ("refs/heads/main/x", Class::Protected),
            ("refs/heads/autoTest/t1", Class::Task),
            ("refs/heads/autoTest/", Class::Task),
            ("refs/heads/autoTest/a/b", Class::Task),
            ("refs/heads/autoTest", Class::Branch),
            ("refs/heads/autotest/t1", Class::Branch),
            ("refs/heads/hotfix/a", Class::Emergency),
            ("refs/heads/hotfix", Class::Branch),
            ("refs/heads/refs/heads/main", Class::Branch),
            ("refs/heads/", Class::Branch),
            ("refs/tags/main", Class::Tag),
            ("refs/tags/", Class::Tag),
            ("refs/notes/review", Class::Notes),
            ("refs/notes/other", Class::Unknown),
            ("refs/notes/review/x", Class::Unknown),
            ("refs/refgate/ledger", Class::Refgate),
            ("refs/refgate", Class::Unknown),
            ("refs/replace/1", Class::Unknown),
            ("refs/meta/config", Class::Unknown),
            ("refs/heads", Class::Unknown),
            ("REFS/heads/main", Class::Unknown),
            ("main", Class::Unknown),
            ("HEAD", Class::Unknown),
            ("", Class::Unknown),
        ];
        for (name, class) in table {
            assert_eq!(policy.classify(name.into()), class, "{name}");
        }
    }

    #[test]
    fn a_protected_branch_is_never_a_task_s() {
        let mut policy = policy();
        policy.protected = globs(&["autoTest/keep", "hotfix/keep"]);
        assert_eq!(policy.classify("refs/heads/autoTest/keep".into()), Class::Protected);
        assert_eq!(policy.classify("refs/heads/hotfix/keep".into()), Class::Protected);
        assert_eq!(policy.task_of("refs/heads/autoTest/keep".into()), None);
        assert_eq!(policy.task_of("refs/heads/autoTest/t1".into()), Some("t1".into()));
        assert_eq!(policy.task_of("refs/heads/hotfix/a".into()), None);
        assert_eq!(policy.task_of("refs/tags/autoTest/t1".into()), None);
        assert!(policy.is_protected("refs/heads/main".into()) && !policy.is_protected("refs/heads/release/1".into()));
    }

    #[track_caller]
    fn all(policy: &Policy, kind: PathKind, paths: &[&str]) {
        for path in paths {
            assert_eq!(policy.kind_of((*path).into()), kind, "{path}");
        }
    }

    #[test]
    fn prose_pictures_and_licences_are_documentation() {
        let paths = [
            "README.md",
            "docs/a/b.md",
            "a.rst",
            "x/a.adoc",
            "docs/a.png",
            "docs/x/a.svg",
            "LICENSE",
            "LICENSE-MIT",
            "LICENSE.txt",
            ".docs/reports/other.md",
            "src/reagent.md",
            "LICENSE-FOO.txt",
            "docs/hooks/a.md",
        ];
        all(&policy(), PathKind::Documentation, &paths);
    }

    #[test]
    fn what_instructs_agents_builds_or_gates_is_no_documentation_in_any_spelling() {
        let paths = [
            "AGENTS.md",
            "claude.md",
            "x/CLAUDE.local.md",
            "GEMINI.md",
            "skills/a/SKILL.md",
            "Agents.Md",
            ".github/README.md",
            ".GitHub/README.md",
            "x/.github/copilot-instructions.md",
            ".gitlab/a.md",
            ".cursor/rules/a.md",
            ".claude/commands/a.md",
            "pkg/.codex/a.md",
            ".husky/a.md",
            "hooks/README.md",
            "requirements.txt",
            "requirements-dev.txt",
            "CMakeLists.txt",
            "\u{212a}/.GITHUB/a.md",
        ];
        all(&policy(), PathKind::Runtime, &paths);
    }

    #[test]
    fn the_trace_the_contract_and_the_policy_are_no_documentation() {
        let paths = [
            ".ai-stack-trace/t1/contract/approval.md",
            ".ai-stack-trace/README.md",
            CONTRACT_FILE,
            "refgate.toml",
            ".refgate/README.md",
            ".refgate/LICENSE",
        ];
        all(&policy(), PathKind::Runtime, &paths);
        let mut policy = policy();
        policy.paths.owned = globs(&["governance.md"]);
        all(&policy, PathKind::Runtime, &["GOVERNANCE.md", "governance.md"]);
        all(&policy, PathKind::Documentation, &["x/GOVERNANCE.md"]);
    }

    #[test]
    fn everything_else_is_runtime_code() {
        let paths = [
            "src/a.rs",
            "a.png",
            "docs/a.pdf",
            "README",
            "readme.MD",
            "a.md/b",
            "docs.md.sh",
            "pkg/docs/a.webp",
            "vendor/LICENSE",
            "\u{e9}",
            "",
        ];
        all(&policy(), PathKind::Runtime, &paths);
        assert_eq!(policy().kind_of(b"a\xff.md".as_bstr()), PathKind::Documentation);
    }

    #[test]
    fn schemas_come_first_and_backfills_second() {
        let schema = [
            "schema.json",
            "x/schema.json",
            "studio/schemaTypes/a.ts",
            "a.graphql",
            "a.proto",
            "a.prisma",
            "db/a.sql",
            "a.SQL",
            "Migrations/V1",
            "db/migrations/README.md",
            "openapi.json",
            "api/openapi-v2.yaml",
            "openapi3.yml",
            "scripts/backfill.sql",
        ];
        all(&policy(), PathKind::Schema, &schema);
        let backfill = ["scripts/backfill-a.ts", "scripts/x/y/backfill.py", "x/backfill/a", "x/backfill/README.md"];
        all(&policy(), PathKind::Backfill, &backfill);
        all(
            &policy(),
            PathKind::Runtime,
            &[
                "schema.ts",
                "myschema.json",
                "backfill.ts",
                "tools/backfill-a.ts",
                "LICENSE.go",
                "src/LICENSE",
                ".kiro/a.md",
            ],
        );
    }

    #[test]
    fn the_policy_owns_itself_its_folder_and_what_it_says() {
        let mut policy = policy();
        for path in ["refgate.toml", ".refgate", ".refgate/allowed_signers", ".refgate/a/b", "refgate.toml/x"] {
            assert!(policy.is_owned(path.into()), "{path}");
        }
        for path in ["x/refgate.toml", ".refgated", ".refgate.toml", "Refgate.toml", ".github/a"] {
            assert!(!policy.is_owned(path.into()), "{path}");
        }
        policy.paths.owned = globs(&[".github/**"]);
        assert!(policy.is_owned(".github/workflows/ci.yml".into()) && !policy.is_owned("x/.github/a".into()));
        assert!(policy.is_owned(".GitHub/workflows/ci.yml".into()));
        assert!(policy.is_owned(".github".into()), "a link in the place of an owned folder");
        policy.paths.owned = globs(&["**/.ci/**", "{ci,build}/x", "pkg/*/gate/a.yml", "tools/*"]);
        for path in ["x/.ci", ".ci", "build", "ci", "pkg", "pkg/a/gate", "tools"] {
            assert!(policy.is_owned(path.into()), "{path} in the place of a folder that leads to something owned");
        }
        for path in ["x", "x/ci", "pkg/a", "a/build", "toolset"] {
            assert!(!policy.is_owned(path.into()), "{path}");
        }
        policy.paths.owned = globs(&["codeowners"]);
        assert!(policy.is_owned("CODEOWNERS/x.md".into()), "a folder in the place of an owned file");
    }

    #[test]
    fn the_trace_is_a_folder_at_the_top() {
        let policy = policy();
        assert_eq!(policy.in_trace(".ai-stack-trace/t1/a".into()), Some("t1/a".into()));
        assert_eq!(policy.in_trace(".ai-stack-trace/".into()), Some("".into()));
        for path in [".ai-stack-trace", ".ai-stack-traces/a", "x/.ai-stack-trace/a", ".AI-stack-trace/a"] {
            assert_eq!(policy.in_trace(path.into()), None, "{path}");
        }
    }
}
