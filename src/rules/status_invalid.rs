//! A final/status.json that cannot be read or does not report the success of this task.

use crate::change::Need;
use crate::change::{File, Task};
use crate::error::Result;
use crate::escape::escape;
use crate::finding::Severity;
use crate::policy::Class;
use crate::provenance::status::Status;
use crate::provenance::task::STATUS;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "status-invalid",
    name: "Final status that is no success",
    family: Family::Provenance,
    summary: "A final/status.json that cannot be read or does not report the success of this task",
    docs: Docs {
        refuses: "The promotion of a task whose `final/status.json` is no JSON object that every reader understands alike (duplicate keys, byte-order mark, other encodings), whose `status` is not SUCCESS, or whose `task` or `branch` is another.",
        why: "The status is what the task says of itself at its end; if it does not say success, nothing may be promoted.",
        example: "`{\"status\": \"FAILED\", ...}`",
        fix: "Finish the task, write the status again (`refgate task finish`) and push the task branch.",
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
    let Some(file) = task.files.get(STATUS.as_bytes().as_bstr()) else { return Ok(Vec::new()) };
    let path = ctx.trace_path(task.name.as_bstr(), STATUS);
    let found = problems(task, file)
        .into_iter()
        .map(|(key, message, help)| Violation::new(message, help).at(path.clone()).key(key));
    Ok(found.collect())
}

type Problem = (&'static str, String, String);

fn problems(task: &Task, file: &File) -> Vec<Problem> {
    let again = || "write the file again as one plain JSON object".to_owned();
    let status = match file {
        File::Content(bytes) => Status::parse(bytes),
        File::NotAFile(mode) => return vec![("mode", format!("the status is {}", mode.name()), again())],
        File::TooLarge => return vec![("form", "the status is larger than limits.blob_bytes".into(), again())],
    };
    let status = match status {
        Ok(status) => status,
        Err(error) => return vec![("form", error.to_string(), again())],
    };
    let mut problems = Vec::new();
    let mut expect = |key: &'static str, holds: bool, found: &str, expected: &str| {
        if !holds {
            let (found, expected) = (escape(found.as_bytes()), escape(expected.as_bytes()));
            problems.push((
                key,
                format!("{key} is {found}, and must be {expected}"),
                format!("write \"{key}\": \"{expected}\""),
            ));
        }
    };
    let (name, branch) = (task.name.to_str_lossy(), task.branch.to_str_lossy());
    expect("status", status.is_success(), &status.status, "SUCCESS");
    expect("task", status.task == name, &status.task, &name);
    let short = status.branch.strip_prefix("refs/heads/").unwrap_or(&status.branch);
    expect("branch", short == branch, &status.branch, &branch);
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn task() -> Facts {
        Facts::promotion("t1").touch("src/a.rs")
    }

    #[test]
    fn success_of_this_task_on_its_branch_is_taken() {
        task().accepted_by(&RULE);
        task().status_but(|status| status["status"] = "Success".into()).accepted_by(&RULE);
        task().status_but(|status| status["branch"] = "refs/heads/autoTest/t1".into()).accepted_by(&RULE);
        task().status_but(|status| status["more"] = 1.into()).accepted_by(&RULE);
    }

    #[test]
    fn another_outcome_task_or_branch_is_refused() {
        let but = |key: &'static str, value: &'static str| task().status_but(|status| status[key] = value.into());
        for outcome in ["FAILED", "", "SUCCESS ", "SUCCESSFUL", "\u{1b}[2J"] {
            but("status", outcome).refused_by(&RULE, "must be SUCCESS");
        }
        let found = but("task", "t2").refused_by(&RULE, "task is t2, and must be t1");
        assert_eq!((found.words.help.as_str(), found.key.as_str()), (r#"write "task": "t1""#, "task"));
        but("task", "T1").refused_by(&RULE, "task is T1");
        for branch in ["t1", "autoTest/t2", "autotest/t1", "refs/heads/refs/heads/autoTest/t1", "caf\u{e9}"] {
            but("branch", branch).refused_by(&RULE, "must be autoTest/t1");
        }
    }

    #[test]
    fn each_fault_is_told() {
        let all = task().status(r#"{"status": "NO", "task": "x", "branch": "y", "filesChanged": []}"#);
        assert_eq!(
            all.check(&RULE).iter().map(|found| found.key.as_str()).collect::<Vec<_>>(),
            ["status", "task", "branch"]
        );
    }

    #[test]
    fn what_readers_take_differently_is_refused() {
        let fields = r#""task": "t1", "branch": "autoTest/t1", "filesChanged": ["src/a.rs"]"#;
        let twice = format!(r#"{{"status": "FAILED", "status": "SUCCESS", {fields}}}"#);
        task().status(twice).refused_by(&RULE, "stands twice");
        for text in ["", "null", "[]", "{}", "{", "\u{feff}{}", "{\"\u{e9}\": 1, \"\u{e9}\": 2}"] {
            assert_eq!(task().status(text).refused_by(&RULE, "").key, "form");
        }
        task().file("final/status.json", b"{\"\xff\": 1}").refused_by(&RULE, "");
        let instead = |file| task().unreadable("final/status.json", file);
        instead(File::NotAFile(crate::entry::Mode::Symlink)).refused_by(&RULE, "the status is a symbolic link");
        instead(File::TooLarge).refused_by(&RULE, "larger than limits.blob_bytes");
    }

    #[test]
    fn a_status_that_is_missing_or_not_needed_is_not_looked_at() {
        task().without("final").accepted_by(&RULE);
        Facts::promotion("t1").touch("docs/a.md").status("x").accepted_by(&RULE);
        Facts::task_push("t1").touch("src/a.rs").status("x").accepted_by(&RULE);
    }
}
