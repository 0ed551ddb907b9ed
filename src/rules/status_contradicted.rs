//! A final/status.json that reports what the change itself disproves.

use crate::change::{File, Need, Task, is_required};
use crate::error::Result;
use crate::escape::{escape, quote_path};
use crate::finding::Severity;
use crate::fold::fold;
use crate::oid::Oid;
use crate::policy::Class;
use crate::provenance::status::{Binding, Status};
use crate::provenance::task::{FAILED, STATUS};
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BString, ByteSlice};
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule {
    id: "status-contradicted",
    name: "Final status that the change contradicts",
    family: Family::Provenance,
    summary: "A final/status.json that reports what the change itself disproves",
    docs: Docs {
        refuses: "The promotion of a task where `final/FAILED.md` stands beside the status; where `filesChanged` is not exactly the net changed paths outside the trace folder, both sides of renames; where `commitSha` is no commit of the task whose tree, less the trace folder, equals the tip's; or where `base`, `tree` or a digest in `artifacts`, where the file gives them, does not hold.",
        why: "A report that does not match the work was written for other work, or for none.",
        example: "`\"filesChanged\": []` beside a changed `src/a.rs`",
        fix: "Write the status again from the change as it is: `refgate task finish`.",
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
    let mut found = Vec::new();
    // In any spelling, and whatever it is: where case does not count, a reader sees it beside the status.
    let failed = fold(FAILED.as_bytes());
    let reports = |path: &BString| crate::path::prefixes(path.as_bstr()).any(|prefix| fold(prefix) == failed);
    if task.entries.keys().any(reports) {
        let message = "a report of failure stands beside the status";
        let help = "find out which is true; git rm the report once the task has succeeded";
        found.push(Violation::new(message, help).at(ctx.trace_path(task.name.as_bstr(), FAILED)).key("failed"));
    }
    let Some(File::Content(bytes)) = task.files.get(STATUS.as_bytes().as_bstr()) else { return Ok(found) };
    // What cannot be parsed is status-invalid's business.
    let Ok(status) = Status::parse(bytes) else { return Ok(found) };
    let path = ctx.trace_path(task.name.as_bstr(), STATUS);
    let contradictions = [files_changed(ctx, task, &status), commit(task, &status)].into_iter().flatten();
    let contradictions = contradictions.chain(status.binding.iter().flat_map(|binding| bound(ctx, task, binding)));
    found.extend(contradictions.map(|(key, message, help)| Violation::new(message, help).at(path.clone()).key(key)));
    Ok(found)
}

type Contradiction = (String, String, String);

fn files_changed(ctx: &Ctx<'_>, task: &Task, status: &Status) -> Option<Contradiction> {
    let listed: BTreeSet<&[u8]> = status.files_changed.iter().map(String::as_bytes).collect();
    let changed: BTreeSet<&[u8]> = task.net.iter().map(|path| path.as_slice()).collect();
    let names = |paths: Vec<&&[u8]>| {
        let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| quote_path(path)).collect();
        let more = if paths.len() > SHOWN { format!(" and {} more", paths.len() - SHOWN) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    let missing: Vec<_> = changed.difference(&listed).collect();
    let extra: Vec<_> = listed.difference(&changed).collect();
    let message = match (missing.is_empty(), extra.is_empty()) {
        (true, true) => return None,
        (false, true) => format!("filesChanged leaves out {}", names(missing)),
        (true, false) => format!("filesChanged lists {}, which the task does not change", names(extra)),
        (false, false) => format!("filesChanged leaves out {} and lists unchanged {}", names(missing), names(extra)),
    };
    let target = ctx.change.target.as_ref().map(|target| target.name.as_slice()).unwrap_or_default();
    let target = quote_path(target.strip_prefix(b"refs/heads/").unwrap_or(target));
    let help = format!(
        "git -c core.quotePath=false diff --no-renames --name-only $(git merge-base origin/{target} HEAD) HEAD -- ':!{}'\nlists exactly what must stand there",
        ctx.policy.trace
    );
    Some(("filesChanged".into(), message, help))
}

/// How many paths a message names.
const SHOWN: usize = 5;

fn commit(task: &Task, status: &Status) -> Option<Contradiction> {
    let sha = status.commit_sha.as_deref()?;
    if Oid::is_abbreviation(sha) && task.settled.iter().any(|commit| commit.has_prefix(sha)) {
        return None;
    }
    let message = format!("commitSha {} is no commit of the task with the tip's content", escape(sha.as_bytes()));
    Some(("commitSha".into(), message, "name the last commit that changed anything outside the trace folder".into()))
}

/// What refgate itself wrote into the status, held against the change.
fn bound(ctx: &Ctx<'_>, task: &Task, binding: &Binding) -> Vec<Contradiction> {
    let again =
        || "finish the task again, so that the status is written for this change: refgate task finish".to_owned();
    let mut found = Vec::new();
    if ctx.change.base != Some(binding.base) {
        found.push(("base".into(), format!("base {} is not where the change begins", binding.base.short()), again()));
    }
    if task.tree != binding.tree {
        found.push((
            "tree".into(),
            format!("tree {} is not the tip's without the trace folder", binding.tree.short()),
            again(),
        ));
    }
    for (path, oid) in &binding.artifacts {
        if task.entries.get(path.as_bytes().as_bstr()).map(|entry| entry.oid) != Some(*oid) {
            let message = format!("the digest of artifact {} does not hold", quote_path(path.as_bytes()));
            found.push((format!("artifact {path}"), message, again()));
        }
    }
    let listed = |path: &BString| path.to_str().is_ok_and(|path| binding.artifacts.contains_key(path));
    // No file holds its own digest.
    let required = |path: &BString| path != STATUS && is_required(ctx.policy, path.as_bstr());
    if let Some(path) = task.entries.keys().find(|path| required(path) && !listed(path)) {
        found.push(("artifacts".into(), format!("artifact {} has no digest", quote_path(path)), again()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn task() -> Facts {
        Facts::promotion("t1").touch("src/a.rs").touch("src/b.rs")
    }

    #[track_caller]
    fn lists(paths: &[&str], about: &str) {
        let found = task().status_but(|status| status["filesChanged"] = paths.into()).refused_by(&RULE, about);
        assert_eq!((found.path.unwrap().to_string().as_str(), found.key.as_str()), (PATH, "filesChanged"));
    }

    const PATH: &str = ".ai-stack-trace/t1/final/status.json";

    #[test]
    fn a_status_that_fits_the_change_is_taken() {
        task().accepted_by(&RULE);
        task().status_but(|status| status["filesChanged"] = ["src/b.rs", "src/a.rs"][..].into()).accepted_by(&RULE);
        task().touch(".ai-stack-trace/t1/logs/a").edit_and_revert("src/c.rs").accepted_by(&RULE);
    }

    #[test]
    fn the_changed_files_are_listed_exactly() {
        lists(&["src/a.rs"], "filesChanged leaves out src/b.rs");
        lists(&[], "filesChanged leaves out src/a.rs, src/b.rs");
        lists(&["src/a.rs", "src/b.rs", "src/c.rs"], "filesChanged lists src/c.rs, which the task does not change");
        lists(&["src/a.rs", "src/c.rs"], "filesChanged leaves out src/b.rs and lists unchanged src/c.rs");
        lists(&["src/a.rs", "src/b.rs", "./src/b.rs"], "lists ./src/b.rs");
        lists(&["src/a.rs", "src/b.rs", "\u{1b}[2J"], r"\033[2J");
        lists(&["src/a.rs", "src/B.rs"], "leaves out src/b.rs and lists unchanged src/B.rs");
    }

    #[test]
    fn both_sides_of_a_rename_are_changed() {
        let renamed = Facts::promotion("t1").rename("src/old.rs", "src/new.rs");
        renamed.accepted_by(&RULE);
        let one = renamed.status_but(|status| status["filesChanged"] = ["src/new.rs"][..].into());
        one.refused_by(&RULE, "leaves out src/old.rs");
    }

    #[test]
    fn many_files_are_told_in_short_and_strange_ones_escaped() {
        let many = (0..9).fold(Facts::promotion("t1"), |facts, number| facts.touch(format!("src/{number}")));
        many.status_but(|status| status["filesChanged"] = [""; 0][..].into()).refused_by(&RULE, "src/4 and 4 more");
        let five = (0..5).fold(Facts::promotion("t1"), |facts, number| facts.touch(format!("src/{number}")));
        let found = five.status_but(|status| status["filesChanged"] = [""; 0][..].into()).refused_by(&RULE, "src/4");
        assert!(found.words.message.ends_with("src/4"), "{}", found.words.message);
        Facts::promotion("t1").touch(HOSTILE).refused_by(&RULE, r"\033[2J\n\377");
    }

    #[test]
    fn a_report_of_failure_beside_success_is_refused() {
        let found =
            task().file("final/FAILED.md", "it failed\n").refused_by(&RULE, "a report of failure stands beside");
        assert_eq!(found.path.unwrap(), ".ai-stack-trace/t1/final/FAILED.md");
        task().without("final").file("final/FAILED.md", "").refused_by(&RULE, "a report of failure");
    }

    #[test]
    fn the_commit_has_the_tip_s_content() {
        let names = |sha: &str| task().settled(0xcd).status_but(|status| status["commitSha"] = sha.into());
        for sha in ["1b1b1b1", "1B1B1B1", "cdcdcdcdcd", &oid(NEW).to_string()] {
            names(sha).accepted_by(&RULE);
        }
        for sha in ["1b1b1b", "", "1b1b1bc", "HEAD", "0a0a0a0", &"1b".repeat(32), "caf\u{e9}"] {
            assert_eq!(
                names(sha).refused_by(&RULE, "is no commit of the task with the tip's content").key,
                "commitSha"
            );
        }
        task().status_but(|status| status["commitSha"] = serde_json::Value::Null).accepted_by(&RULE);
    }

    fn bound(change: impl FnOnce(&mut serde_json::Value)) -> Facts {
        task().status_but(|status| {
            status["schema"] = "refgate.status/1".into();
            status["base"] = oid(OLD).to_string().into();
            status["tree"] = oid(TREE).to_string().into();
            let digest = oid(BLOB).to_string();
            status["artifacts"] = serde_json::json!({
                "contract/APPROVED": digest, "contract/approval.md": digest, "codex/audit/report.md": digest,
                "claude/review/report.md": digest, "gemini/audit/report.md": digest,
            });
            change(status);
        })
    }

    #[test]
    fn what_the_status_is_bound_to_holds() {
        bound(|_| ()).accepted_by(&RULE);
        let other = || oid(0xee).to_string();
        bound(|status| status["base"] = other().into())
            .refused_by(&RULE, "base eeeeeeeeeeee is not where the change begins");
        bound(|_| ()).base(None).refused_by(&RULE, "base 0a0a0a0a0a0a is not where the change begins");
        bound(|status| status["tree"] = other().into()).refused_by(&RULE, "tree eeeeeeeeeeee is not the tip's");
        let found = bound(|status| status["artifacts"]["codex/audit/report.md"] = other().into());
        found.refused_by(&RULE, "the digest of artifact codex/audit/report.md does not hold");
    }

    #[test]
    fn every_artifact_that_is_there_has_a_digest_and_every_digest_an_artifact() {
        let gone = bound(|status| status["artifacts"]["codex/audit/gone.md"] = oid(BLOB).to_string().into());
        gone.refused_by(&RULE, "the digest of artifact codex/audit/gone.md does not hold");
        let more = bound(|_| ()).entry("gemini/audit/second.md", crate::entry::Mode::File, oid(BLOB));
        more.refused_by(&RULE, "artifact gemini/audit/second.md has no digest");
        let strange = bound(|_| ()).entry(&b"gemini/audit/\xff\x1b"[..], crate::entry::Mode::File, oid(BLOB));
        strange.refused_by(&RULE, r"\377\033");
        bound(|_| ()).entry("logs/a.txt", crate::entry::Mode::File, oid(BLOB)).accepted_by(&RULE);
    }

    #[test]
    fn the_status_itself_has_no_digest_in_itself() {
        let with_final = |facts: Facts| facts.under(|policy| policy.artifacts.push("final/".into()));
        with_final(bound(|_| ())).accepted_by(&RULE);
        let more = with_final(bound(|_| ())).entry("final/notes.md", crate::entry::Mode::File, oid(BLOB));
        more.refused_by(&RULE, "artifact final/notes.md has no digest");
    }

    #[test]
    fn fields_of_other_tools_bind_nothing() {
        task().status_but(|status| status["base"] = "main".into()).accepted_by(&RULE);
    }

    #[test]
    fn a_status_that_cannot_be_read_is_another_rule_s_business() {
        task().status("{").accepted_by(&RULE);
        task().unreadable("final/status.json", File::TooLarge).accepted_by(&RULE);
        task().without("final").accepted_by(&RULE);
        Facts::promotion("t1").touch("docs/a.md").status(r#"{"filesChanged": []}"#).accepted_by(&RULE);
    }
}
