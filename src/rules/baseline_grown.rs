//! A drift baseline that lists more than before.

use super::shared::BRANCHES;
use super::shared::drift::{is_listed, seen, shown};
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "baseline-grown",
    name: "Baseline that grew",
    family: Family::Drift,
    summary: "A drift baseline that lists more than before",
    docs: Docs {
        refuses: "A line that the change adds to the drift baseline. A first baseline counts when the approval lists its file under `Schema changes`.",
        why: "The baseline is how a project begins; from then on drift only shrinks.",
        example: "a new line in `.docs/reports/drift-baseline.txt`",
        fix: "Mend the drift, or have it acknowledged; `refgate drift baseline` writes the file without what is gone.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Drift, Need::Content, Need::Task],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(seen) = seen(ctx) else { return Ok(Vec::new()) };
    let [before, Some(after)] = &seen.survey.baseline else { return Ok(Vec::new()) };
    let path = &seen.config.baseline;
    let Some(before) = before else {
        if ctx.change.bootstrap || is_listed(ctx, path.as_bstr()) != Some(false) {
            return Ok(Vec::new());
        }
        let help = "have a person list the file in the approval under Schema changes";
        return Ok(vec![
            Violation::new("a first baseline excuses drift, and no approval lists it", help).at(path.clone()),
        ]);
    };
    let new = after.difference(before).map(|line| {
        let message = format!("the baseline has a new line, {}", shown(line));
        Violation::new(message, "mend the drift, or have it acknowledged in the approval")
            .at(path.clone())
            .key(line.clone())
    });
    Ok(new.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    const PATH: &str = ".docs/reports/drift-baseline.txt";

    #[test]
    fn a_baseline_only_shrinks() {
        let facts = |before: Option<&[&str]>, after: Option<&[&str]>| {
            Facts::promotion("t1").absolute().drift(found([]).baseline(before, after))
        };
        let told = facts(Some(&["a"]), Some(&["a", "b"])).refused_by(&RULE, "has a new line, b");
        assert_eq!(told.path.unwrap(), PATH);
        facts(Some(&["a"]), Some(&["b"])).refused_by(&RULE, "has a new line, b");
        facts(Some(&["a", "b"]), Some(&["b"])).accepted_by(&RULE);
        facts(Some(&["a"]), None).accepted_by(&RULE);
        facts(None, None).accepted_by(&RULE);
    }

    #[test]
    fn a_first_one_needs_the_approval() {
        let first = || found([]).baseline(None, Some(&["a"]));
        Facts::promotion("t1").absolute().drift(first()).refused_by(&RULE, "a first baseline");
        let schema = format!("- Schema changes\n  - `{PATH}`");
        Facts::promotion("t1").touch(PATH).absolute().scope(&schema).drift(first()).accepted_by(&RULE);
        let runtime = format!("- Runtime code changes\n  - `{PATH}`");
        Facts::promotion("t1")
            .touch(PATH)
            .absolute()
            .scope(&runtime)
            .drift(first())
            .refused_by(&RULE, "a first baseline");
        Facts::branch_push("main").bootstrap(None).drift(first()).accepted_by(&RULE);
        Facts::branch_push("main").drift(first()).refused_by(&RULE, "a first baseline");
    }
}
