//! Acknowledgements and claims in code, and acknowledgements on a page: what is read stands where it is said to, and
//! what is wrong can be told; none counts without a reason, an approver and a date.

use jiff::civil::{Date, date};
use refgate::drift::acknowledgement::{Acknowledgement, in_approval, in_code};
use refgate::drift::claims;
use refgate::drift::contract::Problem;

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').count();
    let told = |problem: &Problem| {
        tells(&problem.message);
        tells(&problem.help);
        assert!((1..=lines).contains(&(problem.line as usize)), "line {} of {lines}", problem.line);
    };
    let today = date(2026, 11, 21);
    let (on_page, unclear) = in_approval(data);
    unclear.iter().for_each(told);
    on_page.iter().for_each(|given| counts(given, today, &told));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (given, problems) = in_code(text);
    problems.iter().for_each(told);
    for given in &given {
        assert!(text[given.at as usize..].starts_with("DRIFT ACKNOWLEDG"));
        counts(given, today, &told);
    }
    let (claims, problems) = claims::in_code(text);
    problems.iter().for_each(told);
    for claim in claims {
        assert!(!text[claim.at as usize..].starts_with(char::is_whitespace), "{claim:?} points beside its name");
    }
    let _ = claims::names(text, "map.md");
}

fn counts(given: &Acknowledgement, today: Date, told: &dyn Fn(&Problem)) {
    let problems = given.validate(&|_, _| true, "map.md", today);
    problems.iter().for_each(told);
    assert!(!given.fields.is_empty());
    if problems.is_empty() {
        assert!(given.reason.chars().any(char::is_alphanumeric));
        assert!(given.approved_by.as_ref().is_some_and(|name| name.chars().any(char::is_alphabetic)));
        assert!(given.date.is_some_and(|date| date <= today));
        assert!(given.expires.is_none_or(|expires| expires >= today));
        assert!(!given.in_code || given.contract.as_deref() == Some("map.md"));
    }
}
