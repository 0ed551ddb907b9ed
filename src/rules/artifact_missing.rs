//! A promoted task without one of the artifacts that the policy requires.

use super::shared::is_empty_blob;
use crate::change::Need;
use crate::change::Task;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::policy::Class;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "artifact-missing",
    name: "Artifact missing or empty",
    family: Family::Provenance,
    summary: "A promoted task without one of the artifacts that the policy requires",
    docs: Docs {
        refuses: "The promotion of a task whose folder lacks a required artifact (`trace.artifacts`): the file is not there, is empty, or is no regular file; or the folder holds no non-empty regular file whose name does not begin with a dot.",
        why: "Work without its audits and reviews was, as far as anybody can show, never audited or reviewed.",
        example: "`gemini/audit/` holds only `.gitkeep`",
        fix: "Write the artifact on the task branch, commit, push, and promote again.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(task) = ctx.promoted_task() else { return Ok(Vec::new()) };
    let found = ctx.policy.artifacts.iter().filter_map(|artifact| {
        let problem = if artifact.ends_with('/') { folder(task, artifact) } else { file(task, artifact) }?;
        let path = ctx.trace_path(task.name.as_bstr(), artifact);
        let what = if artifact.ends_with('/') { "a file into " } else { "" };
        let (path_shown, branch) = (quote_path(&path), quote_path(&task.branch));
        let help = format!("write {what}{path_shown}, commit it on {branch}, push, and promote again");
        Some(Violation::new(format!("the artifact {problem}"), help).at(path))
    });
    Ok(found.collect())
}

fn file(task: &Task, artifact: &str) -> Option<String> {
    match task.entries.get(artifact.as_bytes().as_bstr()) {
        None if task.entries.keys().any(|path| path.starts_with(format!("{artifact}/").as_bytes())) => {
            Some("is a folder".into())
        }
        None => Some("is missing".into()),
        Some(entry) if !entry.mode.is_file() => Some(format!("is {}", entry.mode.name())),
        Some(entry) if is_empty_blob(entry.oid) => Some("is empty".into()),
        Some(_) => None,
    }
}

fn folder(task: &Task, artifact: &str) -> Option<String> {
    let whole = artifact.trim_end_matches('/');
    if let Some(entry) = task.entries.get(whole.as_bytes().as_bstr()) {
        return Some(format!("is {}", entry.mode.name()));
    }
    let inside = |path: &BString| path.strip_prefix(artifact.as_bytes()).map(|rest| rest.as_bstr().to_owned());
    let mut any = false;
    for (rest, entry) in task.entries.iter().filter_map(|(path, entry)| Some((inside(path)?, entry))) {
        any = true;
        let hidden = rest.split_str("/").any(|part| part.starts_with(b"."));
        if !hidden && entry.mode.is_file() && !is_empty_blob(entry.oid) {
            return None;
        }
    }
    Some(if any { "holds no regular file with content" } else { "is missing" }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Mode;
    use crate::rule::testing::*;

    fn empty() -> crate::oid::Oid {
        crate::oid::Oid::from_hex(b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391").unwrap()
    }

    fn task() -> Facts {
        Facts::promotion("t1").touch("src/a.rs")
    }

    #[test]
    fn a_complete_trace_is_taken() {
        task().accepted_by(&RULE);
        task().without("gemini").entry("gemini/audit/deep/er/a.md", Mode::File, oid(BLOB)).accepted_by(&RULE);
        task().entry("gemini/audit/.gitkeep", Mode::File, empty()).accepted_by(&RULE);
    }

    #[test]
    fn each_artifact_is_required() {
        for artifact in &Facts::promotion("t1").build().0.artifacts {
            let found = task().without(artifact).refused_by(&RULE, "the artifact is missing");
            assert_eq!(found.path.unwrap(), format!(".ai-stack-trace/t1/{artifact}"));
            assert!(found.words.help.contains("commit it on autoTest/t1"), "{}", found.words.help);
        }
        assert_eq!(task().without("").check(&RULE).len(), 6);
    }

    #[test]
    fn a_file_is_a_regular_file_with_content() {
        let status = || task().without("final");
        status().entry("final/status.json", Mode::File, empty()).refused_by(&RULE, "is empty");
        status().entry("final/status.json", Mode::Executable, oid(BLOB)).accepted_by(&RULE);
        status().entry("final/status.json", Mode::Symlink, oid(BLOB)).refused_by(&RULE, "is a symbolic link");
        status().entry("final/status.json", Mode::Submodule, oid(BLOB)).refused_by(&RULE, "is a submodule");
        status().entry("final/status.json/x", Mode::File, oid(BLOB)).refused_by(&RULE, "is a folder");
    }

    #[test]
    fn a_folder_holds_a_regular_file_with_content_that_is_not_hidden() {
        let audit = || task().without("gemini/audit/");
        let nothing = "holds no regular file with content";
        audit().entry("gemini/audit/a.md", Mode::File, empty()).refused_by(&RULE, nothing);
        audit().entry("gemini/audit/a.md", Mode::Symlink, oid(BLOB)).refused_by(&RULE, nothing);
        audit().entry("gemini/audit/a", Mode::Submodule, oid(BLOB)).refused_by(&RULE, nothing);
        audit().entry("gemini/audit/.a.md", Mode::File, oid(BLOB)).refused_by(&RULE, nothing);
        audit().entry("gemini/audit/.a/b.md", Mode::File, oid(BLOB)).refused_by(&RULE, nothing);
        audit().entry("gemini/audit", Mode::File, oid(BLOB)).refused_by(&RULE, "is a plain file");
        audit().entry("gemini/audit", Mode::Symlink, oid(BLOB)).refused_by(&RULE, "is a symbolic link");
        audit().entry("gemini/audit2/a.md", Mode::File, oid(BLOB)).refused_by(&RULE, "is missing");
    }

    #[test]
    fn only_the_promotion_of_a_task_s_work_needs_them() {
        Facts::promotion("t1").without("").touch("docs/a.md").accepted_by(&RULE);
        Facts::task_push("t1").touch("src/a.rs").accepted_by(&RULE);
        Facts::promotion_of_branch("topic").touch("src/a.rs").accepted_by(&RULE);
    }
}
