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

#[test]
fn a_rollback_leaves_evidence_and_rules_as_they_are() {
    let mut policy = policy();
    policy.paths.owned = globs(&["governance.md", "ops/**/deploy.sh", "tools/gate/"]);
    for stays in [
        ".ai-stack-trace/t1/final/status.json",
        ".AI-Stack-Trace/t1/a",
        ".ai-stack-trace",
        "refgate.toml",
        "REFGATE.TOML",
        "refgate.toml/x",
        ".refgate/allowed_signers",
        ".Refgate",
        ".docs/reports/field-to-api-map.md",
        ".docs/Reports/Field-To-API-map.md",
        ".docs",
        ".docs/reports",
        "GOVERNANCE.md",
        "ops/a/b/deploy.sh",
        "tools/gate/x",
        "tools",
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/ci.yml",
        ".github/actions/a/action.yml",
        ".github",
        ".gitlab-ci.yml",
        ".circleci/config.yml",
        "Jenkinsfile",
        ".husky/pre-push",
        "lefthook.yml",
    ] {
        assert!(policy.stays(stays.into()), "{stays}");
    }
    for goes in [
        "src/a.rs",
        "refgate.tom",
        "refgate.toml.bak",
        "docs/a.md",
        ".docs/a.md",
        ".github/CODEOWNERS",
        "ops/x",
        "x/refgate.toml",
        "README.md",
    ] {
        assert!(!policy.stays(goes.into()), "{goes}");
    }
}
