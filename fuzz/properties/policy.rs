//! `refgate.toml`: what is accepted is TOML with known keys, means the same when it is read again, and leaves the fixed
//! points of every policy where they are; what is refused is refused with its place.

use bstr::ByteSlice;
use refgate::error::{Error, Kind};
use refgate::finding::Severity;
use refgate::policy::parse::{Known, parse};
use refgate::policy::{CONTRACT_FILE, Class, PathKind, Policy};
use refgate::rules;

use super::{explains, git_takes_branch, tells};

const KEYS: &[&str] = &[
    "version",
    "repository",
    "repository_id",
    "branches",
    "promotion",
    "tags",
    "notes",
    "trace",
    "paths",
    "rules",
    "signatures",
    "roles",
    "approvals",
    "overrides",
    "hotfix",
    "checks",
    "drift",
    "limits",
];

pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ids = rules::ids();
    let known = Known { rules: &ids, trunk: "refs/heads/main".into() };
    match parse(text, "p.toml", known) {
        Ok(policy) => {
            let table: toml::Table = toml::from_str(text).expect("what is accepted is TOML");
            assert_eq!(table.get("version").and_then(toml::Value::as_integer), Some(1));
            for key in table.keys() {
                assert!(KEYS.contains(&key.as_str()), "the key {key:?} means nothing");
            }
            let again = parse(text, "other.toml", known).expect("a policy is valid wherever it lies");
            assert_eq!(again.digest(), policy.digest());
            fixed_points(&policy, &ids);
        }
        Err(error) => places(text, &error),
    }
}

/// An error names a place in the text, or its end.
pub(super) fn places(text: &str, error: &Error) {
    explains(error, Kind::Undecided);
    let mut parts = error.message.splitn(4, ':');
    assert_eq!(parts.next(), Some("p.toml"));
    let line: usize = parts.next().unwrap().parse().unwrap();
    let column: usize = parts.next().unwrap().parse().unwrap();
    tells(parts.next().unwrap().trim_start());
    let lines: Vec<&str> = text.split('\n').collect();
    assert!((1..=lines.len()).contains(&line), "line {line} of {}", lines.len());
    let length = lines[line - 1].chars().count();
    assert!((1..=length + 1).contains(&column), "column {column} of {length}");
}

fn fixed_points(policy: &Policy, ids: &[&str]) {
    assert_eq!(policy.trunk, "refs/heads/main");
    for name in ["refs/heads/main", "refs/heads/main/x"] {
        assert_eq!(policy.classify(name.into()), Class::Protected, "{name}");
    }
    for owned in ["refgate.toml", ".refgate", ".refgate/allowed_signers", "refgate.toml/x"] {
        assert!(policy.is_owned(owned.into()), "{owned}");
        assert_ne!(policy.kind_of(owned.into()), PathKind::Documentation, "{owned}");
    }
    let trace = format!("{}/t1/contract/approval.md", policy.trace);
    for path in [CONTRACT_FILE, "CLAUDE.md", ".github/a.md", &trace] {
        assert_ne!(policy.kind_of(path.as_bytes().as_bstr()), PathKind::Documentation, "{path}");
    }
    for prefix in [&policy.task_prefix, &policy.emergency_prefix] {
        let branch = format!("{prefix}x");
        assert!(prefix.ends_with('/') && git_takes_branch(branch.as_bytes()), "no branch can be named {branch}");
    }
    assert!(policy.in_trace(trace.as_bytes().as_bstr()).is_some());
    assert!(!policy.trace.eq_ignore_ascii_case(".git") && !["", ".", ".."].contains(&policy.trace.as_str()));
    for artifact in &policy.artifacts {
        let odd = artifact.starts_with('/') || artifact.split('/').any(|part| part == ".." || part == ".");
        assert!(!artifact.is_empty() && !odd, "{artifact:?} leads out of the task's folder");
    }
    for glob in policy.promotions.iter().flat_map(|step| step.from.iter().chain(&step.into)) {
        let plain = !glob.as_str().contains(['*', '{']) && !glob.as_str().ends_with('/');
        let branch = format!("refs/heads/{glob}");
        assert!(!plain || policy.is_protected(branch.as_str().into()), "{branch} is in a chain and not protected");
    }
    assert!(policy.limits.seconds > 0 && policy.limits.blob_bytes > 0);
    assert!(policy.floor.is_empty(), "a policy has no word in the floor");
    for id in ids {
        let mut raised = policy.clone();
        raised.floor.insert((*id).to_owned(), Severity::Enforce);
        assert_eq!(raised.severity(id, Severity::Off), Severity::Enforce);
        assert_ne!(raised.digest(), policy.digest());
    }
}
