//! A drift baseline that lists more than before, or what is gone.

use super::shared::BRANCHES;
use super::shared::drift::{by_line, is_listed, seen, shown};
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BString, ByteSlice};
use std::collections::BTreeSet;

use super::{contract_invalid, source_unread};

type Lines = BTreeSet<String>;

pub(super) static RULE: Rule = Rule {
    id: "baseline-grown",
    name: "Baseline that grew",
    family: Family::Drift,
    summary: "A drift baseline that lists more than before, or what is gone",
    docs: Docs {
        refuses: "A line that the change adds to the drift baseline. A first baseline counts when the approval lists its file under `Schema changes`, by its path and not by a pattern. In mode `absolute` also a line for drift that is not there any more: it would excuse that drift when it comes back.",
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
    let mut found = grown(ctx, before.as_ref(), after, path);
    let (unread, invalid) = (source_unread::all(&seen), contract_invalid::all(&seen));
    let unread = by_line(unread, source_unread::baseline_key);
    let others = unread.into_iter().chain(by_line(invalid, contract_invalid::baseline_key));
    for line in seen.stale_baseline(&others.map(|(line, _)| line).collect()) {
        let message = format!("the baseline has a line for drift that is not there, {}", shown(line));
        let help = "take the line out; `refgate drift baseline` writes the file without what is gone";
        found.push(Violation::new(message, help).at(path.clone()).key(format!("stale {line}")));
    }
    Ok(found)
}

/// What the change adds to the baseline.
fn grown(ctx: &Ctx<'_>, before: Option<&Lines>, after: &Lines, path: &BString) -> Vec<Violation> {
    let Some(before) = before else {
        if ctx.change.bootstrap || is_listed(ctx, path.as_bstr()) != Some(false) {
            return Vec::new();
        }
        let help = "have a person list the file by its path in the approval under Schema changes";
        return vec![Violation::new("a first baseline excuses drift, and no approval lists it", help).at(path.clone())];
    };
    let new = after.difference(before).map(|line| {
        let message = format!("the baseline has a new line, {}", shown(line));
        Violation::new(message, "mend the drift, or have it acknowledged in the approval")
            .at(path.clone())
            .key(line.clone())
    });
    new.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;
    use crate::rules::{field_added, field_removed, field_renamed};

    const PATH: &str = ".docs/reports/drift-baseline.txt";

    #[test]
    fn a_baseline_only_shrinks() {
        let line = added("order.nick").key();
        let lines = [line.as_str()];
        let facts = |before: Option<&[&str]>, after: Option<&[&str]>| {
            Facts::promotion("t1").absolute().drift(found([added("order.nick")]).baseline(before, after))
        };
        let told = facts(Some(&[]), Some(&lines)).refused_by(&RULE, "has a new line, added order.nick");
        assert_eq!(told.path.unwrap(), PATH);
        facts(Some(&["a"]), Some(&lines)).refused_by(&RULE, "has a new line, added order.nick");
        facts(Some(&["a", &line]), Some(&lines)).accepted_by(&RULE);
        facts(Some(&["a"]), None).accepted_by(&RULE);
        facts(None, None).accepted_by(&RULE);
    }

    #[test]
    fn a_line_goes_with_its_drift() {
        let lines: &[&str] = &["added order.nick .docs/reports/field-to-api-map.md"];
        let facts = |survey: crate::drift::survey::Survey| {
            Facts::promotion("t1").absolute().drift(survey.baseline(Some(lines), Some(lines)))
        };
        facts(found([added("order.nick")])).accepted_by(&RULE);
        facts(found([added("order.nick2")])).refused_by(&RULE, "a line for drift that is not there, added order.nick");
        let unread: &[&str] = &["source-unread the code cannot be read here: a computed key model/a.ts"];
        let facts = |survey: crate::drift::survey::Survey| {
            Facts::promotion("t1").absolute().drift(survey.baseline(Some(unread), Some(unread)))
        };
        facts(found([]).unread("model/a.ts", 4)).accepted_by(&RULE);
        facts(found([])).refused_by(&RULE, "a line for drift that is not there");
        let twice: &[&str] = &[unread[0], "source-unread the code cannot be read here: a computed key model/a.ts (2)"];
        let facts = |survey: crate::drift::survey::Survey| {
            Facts::promotion("t1").absolute().drift(survey.baseline(Some(twice), Some(twice)))
        };
        facts(found([]).unread("model/a.ts", 4).unread("model/a.ts", 7)).accepted_by(&RULE);
        facts(found([]).unread("model/a.ts", 4)).refused_by(&RULE, "a computed key model/a.ts (2)");
        // In mode introduced not all is looked for.
        Facts::promotion("t1").drift(found([]).baseline(Some(lines), Some(lines))).accepted_by(&RULE);
    }

    #[test]
    fn a_rename_and_its_halves_hold_each_other() {
        let renames: &[&str] = &["renamed order.email order.mail .docs/reports/field-to-api-map.md"];
        let halves: &[&str] = &[
            "added order.mail .docs/reports/field-to-api-map.md",
            "removed order.email .docs/reports/field-to-api-map.md",
        ];
        let facts = |lines: &[&str], drifts: Vec<crate::drift::survey::Drift>| {
            Facts::promotion("t1").absolute().drift(found(drifts).baseline(Some(lines), Some(lines)))
        };
        let rename = || renamed("order.email", "order.mail", false);
        let apart = || vec![removed("order.email", false, &[]), added("order.mail")];
        for rule in [&RULE, &field_added::RULE, &field_removed::RULE, &field_renamed::RULE] {
            for lines in [renames, halves] {
                facts(lines, vec![rename()]).accepted_by(rule);
                facts(lines, apart()).accepted_by(rule);
            }
            facts(renames, vec![added("order.mail")]).accepted_by(rule);
        }
        facts(renames, vec![added("order.mail2")]).refused_by(&field_added::RULE, "order.mail2");
        facts(renames, vec![added("order.mail2")]).refused_by(&RULE, "drift that is not there, renamed order.email");
        facts(halves, vec![added("order.mail")]).refused_by(&RULE, "drift that is not there, removed order.email");
    }

    #[test]
    fn a_first_one_needs_the_approval() {
        let line = added("order.nick").key();
        let first = || found([added("order.nick")]).baseline(None, Some(&[line.as_str()]));
        Facts::promotion("t1").absolute().drift(first()).refused_by(&RULE, "a first baseline");
        let schema = format!("- Schema changes\n  - `{PATH}`");
        Facts::promotion("t1").touch(PATH).absolute().scope(&schema).drift(first()).accepted_by(&RULE);
        let runtime = format!("- Runtime code changes\n  - `{PATH}`");
        for scope in [runtime.as_str(), "- Schema changes\n  - `.docs/**`"] {
            let facts = Facts::promotion("t1").touch(PATH).absolute().scope(scope).drift(first());
            facts.refused_by(&RULE, "a first baseline");
        }
        Facts::branch_push("main").bootstrap(None).drift(first()).accepted_by(&RULE);
        Facts::branch_push("main").drift(first()).refused_by(&RULE, "a first baseline");
    }
}
