//! What a task of the demo leaves in its trace folder, as people and tools would write it. Must not know what is done
//! with it.

use serde_json::json;

/// A task of the demo's team.
#[derive(Debug)]
pub(super) struct Task {
    /// The task's name.
    pub(super) name: &'static str,
    /// The one path that it changes.
    pub(super) changes: &'static str,
}

/// What a person writes before the work: files by path below the repository's top.
pub(super) fn approval(task: &Task, base: &str) -> Vec<(String, String)> {
    let name = task.name;
    let text = format!(
        "# Approval\n\nTask: {name}\nBase SHA: {base}\nDate: 2023-11-14\n\n## APPROVED SCOPE\n\n\
         **Runtime code changes**\n\n- `src/**`\n\n## HUMAN APPROVAL\n\nApproved by: Dana Reviewer\n"
    );
    vec![
        (path(task, "contract/APPROVED"), format!("APPROVED:{name}:{base}\n")),
        (path(task, "contract/approval.md"), text),
    ]
}

/// What is there when the work is done.
pub(super) fn reports(task: &Task) -> Vec<(String, String)> {
    let name = task.name;
    let status = json!({
        "status": "SUCCESS",
        "task": name,
        "branch": format!("autoTest/{name}"),
        "filesChanged": [task.changes],
    });
    let report = |what: &str| format!("# {what}\n\nTask: {name}\n\nVerdict: PASS\n");
    vec![
        (path(task, "codex/audit/report.md"), report("Audit")),
        (path(task, "claude/review/report.md"), report("Review")),
        (path(task, "gemini/audit/report.md"), report("Second audit")),
        (path(task, "final/status.json"), format!("{status:#}\n")),
    ]
}

fn path(task: &Task, file: &str) -> String {
    format!(".ai-stack-trace/{}/{file}", task.name)
}
