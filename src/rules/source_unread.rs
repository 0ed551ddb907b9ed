//! Code in enforced scope that cannot be read without running it.

use super::shared::BRANCHES;
use super::shared::drift::{Seen, each_once, seen};
use crate::change::Need;
use crate::error::Result;
use crate::finding::Severity;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};

pub(super) static RULE: Rule = Rule {
    id: "source-unread",
    name: "Source that cannot be read",
    family: Family::Drift,
    summary: "Code in enforced scope that cannot be read without running it",
    docs: Docs {
        refuses: "A place of a source or mapping file that bears on a counted type and that no reader can know: a syntax error, a computed key, a spread of a value, a type from nowhere, a file beyond `limits.blob_bytes`. In mode `introduced` only what the change adds.",
        why: "What cannot be read could hide any drift.",
        example: "`export const Order = z.object({...shared, [key]: z.string()})`",
        fix: "Write the fields out where they are declared, or exclude the file or the type in the policy.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES,
    needs: &[Need::Drift, Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(seen) = seen(ctx) else { return Ok(Vec::new()) };
    Ok(each_once(seen.beyond_baseline(all(&seen), baseline_key)))
}

/// Every place, whatever the baseline holds.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for unread in &seen.survey.unread {
        let help = "write it so that it can be read, or take the file or the type out of the policy's [[drift.source]]";
        let place = &unread.place;
        let message = format!("the code cannot be read here: {}", unread.reason);
        let told = Violation::new(message, help).at(place.file.clone()).line(place.line).column(place.column);
        found.push(told.key(unread.reason.clone()));
    }
    found
}

/// How the baseline calls it: without the line, which moves.
pub(super) fn baseline_key(violation: &Violation) -> String {
    let file = violation.path.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("source-unread {} {file}", violation.words.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn each_place_that_cannot_be_read_is_told() {
        let survey = found([]).unread("model/a.ts", 4).unread("model/a.ts", 7).unread("model/b.ts", 4);
        let told = Facts::promotion("t1").drift(survey).check(&RULE);
        assert_eq!(told.iter().map(|told| told.line).collect::<Vec<_>>(), [Some(4), Some(7), Some(4)]);
        assert!(
            told.iter().all(|told| told.words.message == "the code cannot be read here: a computed key"),
            "{told:?}"
        );
        Facts::promotion("t1").drift(found([])).accepted_by(&RULE);
    }

    #[test]
    fn the_baseline_knows_it_by_its_file() {
        let lines: &[&str] = &["source-unread the code cannot be read here: a computed key model/a.ts"];
        let survey = |file: &str| found([]).unread(file, 4).baseline(Some(lines), Some(lines));
        Facts::promotion("t1").absolute().drift(survey("model/a.ts")).accepted_by(&RULE);
        Facts::promotion("t1").absolute().drift(survey("model/b.ts")).refused_by(&RULE, "a computed key");
    }

    #[test]
    fn a_line_of_the_baseline_holds_one_place() {
        let line = "source-unread the code cannot be read here: a computed key model/a.ts";
        let second = format!("{line} (2)");
        let facts = |lines: &[&str]| {
            let survey = found([]).unread("model/a.ts", 4).unread("model/a.ts", 9);
            Facts::promotion("t1").absolute().drift(survey.baseline(Some(lines), Some(lines)))
        };
        let told = facts(&[line]).refused_by(&RULE, "a computed key");
        assert_eq!((told.line, told.baseline.as_deref()), (Some(9), Some(second.as_str())));
        facts(&[line, &second]).accepted_by(&RULE);
    }
}
