//! A complete and correct trace folder for a task, as the tools that write such folders would leave it.

use super::case::Trace;

/// The files of the folder: path below the repository's root, and text.
pub(crate) fn files(trace: &Trace, base: &str, changed: &[String], commit_sha: Option<&str>) -> Vec<(String, String)> {
    let task = &trace.task;
    let report = |who: &str| format!("# {who} report\n\nTask: {task}\n\nVerdict: PASS\n");
    let parts = [
        ("contract/APPROVED", format!("APPROVED:{task}:{base}\n")),
        ("contract/approval.md", approval(trace, base)),
        ("codex/audit/report.md", report("Audit")),
        ("claude/review/report.md", report("Review")),
        ("gemini/audit/report.md", report("Second audit")),
        ("final/status.json", status(trace, changed, commit_sha)),
    ];
    let kept = parts.into_iter().filter(|(part, _)| !trace.omit.iter().any(|prefix| part.starts_with(prefix)));
    kept.map(|(part, text)| (format!("{}{part}", folder(task)), text)).collect()
}

/// The task's folder, with its closing slash.
pub(crate) fn folder(task: &str) -> String {
    format!(".ai-stack-trace/{task}/")
}

fn approval(trace: &Trace, base: &str) -> String {
    let default = ["src/**".to_owned()];
    let nothing_else = trace.schema.is_empty() && trace.backfill.is_empty() && trace.documentation.is_empty();
    let runtime = match &trace.runtime {
        Some(globs) => globs.as_slice(),
        None if nothing_else => &default,
        None => &[],
    };
    let mut text = format!(
        "# Approval\n\nTask: {}\nRepository: example\nBase SHA: {base}\nDate: 2026-11-01\n\n## APPROVED SCOPE\n",
        trace.task
    );
    let sections = [
        ("Schema changes", trace.schema.as_slice()),
        ("Runtime code changes", runtime),
        ("Backfill scripts", &trace.backfill),
        ("Documentation-only changes", &trace.documentation),
    ];
    for (heading, globs) in sections {
        text.push_str(&format!("\n**{heading}**\n\n{}", list(globs)));
    }
    text.push_str(&format!("\n## EXPLICITLY NOT APPROVED\n\n{}", list(&trace.not_approved)));
    text.push_str("\n## HUMAN APPROVAL\n\nApproved by: Dana Reviewer\n");
    text
}

fn list(globs: &[String]) -> String {
    match globs {
        [] => "- NONE\n".into(),
        _ => globs.iter().map(|glob| format!("- `{glob}`\n")).collect(),
    }
}

fn status(trace: &Trace, changed: &[String], commit_sha: Option<&str>) -> String {
    let mut status = serde_json::json!({
        "status": "SUCCESS",
        "task": trace.task,
        "branch": trace.branch.clone().unwrap_or_else(|| format!("autoTest/{}", trace.task)),
        "timestamp": "2026-11-02T10:00:00.000Z",
        "filesChanged": changed,
        "testsRun": ["make test"],
        "warnings": [],
    });
    if let (Some(oid), Some(fields)) = (commit_sha, status.as_object_mut()) {
        fields.insert("commitSha".into(), oid.into());
    }
    format!("{status:#}\n")
}
