//! A contract/APPROVED that is malformed, for another task or for another base.

use crate::change::Need;
use crate::change::{File, Task};
use crate::error::Result;
use crate::escape::escape;
use crate::finding::Severity;
use crate::policy::Class;
use crate::provenance::approved::Marker;
use crate::provenance::task::APPROVED;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "approved-marker",
    name: "Approval marker that does not hold",
    family: Family::Provenance,
    summary: "A contract/APPROVED that is malformed, for another task or for another base",
    docs: Docs {
        refuses: "The promotion of a task whose `contract/APPROVED` is not the one line `APPROVED:<task>:<oid>`, names another task, or whose oid is not the base of the change, as this server computes it, or a prefix of at least 7 digits.",
        why: "The marker ties the approval to one task at one starting point; anything looser approves what nobody saw.",
        example: "`APPROVED:other-task:1a2b3c4`",
        fix: "A person writes the marker again: `printf 'APPROVED:%s:%s\\n' <task> <base>`.",
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
    let Some(file) = task.files.get(APPROVED.as_bytes().as_bstr()) else { return Ok(Vec::new()) };
    let path = ctx.trace_path(task.name.as_bstr(), APPROVED);
    Ok(problem(ctx, task, file)
        .map(|(key, message)| violation(ctx, task, message).at(path).key(key))
        .into_iter()
        .collect())
}

fn problem(ctx: &Ctx<'_>, task: &Task, file: &File) -> Option<(&'static str, String)> {
    let bytes = match file {
        File::Content(bytes) => bytes,
        File::NotAFile(mode) => return Some(("mode", format!("the marker is {}", mode.name()))),
        File::TooLarge => return Some(("form", "the marker is larger than any single line".into())),
    };
    let marker = match Marker::parse(bytes) {
        Ok(marker) => marker,
        Err(error) => return Some(("form", error.to_string())),
    };
    if marker.task.as_bytes() != task.name.as_bytes() {
        return Some((
            "task",
            format!("the marker approves task {}, and this is {}", escape(marker.task.as_bytes()), escape(&task.name)),
        ));
    }
    match ctx.change.base {
        None => Some(("base", "the task has no base that a marker could name".into())),
        Some(base) if !base.has_prefix(&marker.oid) => Some((
            "base",
            format!(
                "the marker approves a change of {}, and this one begins at {}",
                escape(marker.oid.as_bytes()),
                base.short()
            ),
        )),
        Some(_) => None,
    }
}

fn violation(ctx: &Ctx<'_>, task: &Task, message: String) -> Violation {
    let base = ctx.change.base.map_or("<base>".to_owned(), |base| base.to_string());
    let help = format!("after looking at the change again, a person writes: APPROVED:{}:{base}", escape(&task.name));
    Violation::new(message, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn marked(base: &str) -> Facts {
        Facts::promotion("t1").base(Some(0xab)).touch("src/a.rs").marker(format!("APPROVED:t1:{base}\n"))
    }

    #[test]
    fn the_base_or_a_prefix_of_it_is_approved() {
        Facts::promotion("t1").touch("src/a.rs").accepted_by(&RULE);
        for base in ["abababa", "ABABABA", "AbAbAbAbAb", &oid(0xab).to_string(), &oid(0xab).to_string().to_uppercase()]
        {
            marked(base).accepted_by(&RULE);
        }
    }

    #[test]
    fn another_base_is_refused_with_the_line_to_write() {
        let found =
            marked("abababb").refused_by(&RULE, "approves a change of abababb, and this one begins at abababababab");
        assert!(found.words.help.ends_with(&format!("APPROVED:t1:{}", oid(0xab))), "{}", found.words.help);
        assert_eq!(found.path.unwrap(), ".ai-stack-trace/t1/contract/APPROVED");
        marked(&oid(0xcd).to_string()).refused_by(&RULE, "begins at abababababab");
        marked(&"ab".repeat(32)).refused_by(&RULE, "begins at abababababab");
        marked("abababa").base(None).refused_by(&RULE, "the task has no base");
    }

    #[test]
    fn too_few_digits_are_no_base() {
        marked("ababab").refused_by(&RULE, "is no commit name");
        marked("").refused_by(&RULE, "is no commit name");
    }

    #[test]
    fn another_task_is_refused() {
        let task =
            |name: &str| Facts::promotion("t1").touch("src/a.rs").marker(format!("APPROVED:{name}:{}", oid(OLD)));
        task("t1").accepted_by(&RULE);
        task("t2").refused_by(&RULE, "the marker approves task t2, and this is t1");
        task("T1").refused_by(&RULE, "the marker approves task T1");
        task("\x1b[2J").refused_by(&RULE, "no printable ASCII");
    }

    #[test]
    fn anything_but_the_one_line_is_refused() {
        let file = |bytes: &[u8]| Facts::promotion("t1").touch("src/a.rs").marker(bytes);
        for bytes in
            [&b""[..], b"\n", b"APPROVED", b"\xef\xbb\xbfAPPROVED:t1:0a0a0a0", b"APPROVED:t1:0a0a0a0\r\n", HOSTILE]
        {
            assert_eq!(file(bytes).refused_by(&RULE, "").key, "form");
        }
        let instead = |file| Facts::promotion("t1").touch("src/a.rs").unreadable("contract/APPROVED", file);
        instead(File::NotAFile(crate::entry::Mode::Symlink)).refused_by(&RULE, "the marker is a symbolic link");
        instead(File::TooLarge).refused_by(&RULE, "larger than any single line");
    }

    #[test]
    fn a_marker_that_is_missing_or_not_needed_is_not_looked_at() {
        Facts::promotion("t1").touch("src/a.rs").without("contract/APPROVED").accepted_by(&RULE);
        Facts::promotion("t1").touch("docs/a.md").marker("x").accepted_by(&RULE);
        Facts::task_push("t1").touch("src/a.rs").marker("x").accepted_by(&RULE);
    }
}
