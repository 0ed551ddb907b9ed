//! A replay for people: a line for each step that would not have been let in, then what all of it comes to. Plain ASCII.

use std::fmt::Write as _;

use super::{Assumed, Replay, Step, Summary, day, short};
use crate::escape;
use crate::finding::Decision;

/// The replay as text.
pub fn render(replay: &Replay) -> String {
    let summary = replay.summary();
    let mut out = String::new();
    let name = escape::quote_path(short(&replay.name));
    let span = match (replay.steps.first(), replay.steps.last()) {
        (Some(first), Some(last)) => format!(" from {} to {}", day(first.time), day(last.time)),
        _ => String::new(),
    };
    let _ = writeln!(out, "refgate: replay of {name}: {}{span}", steps(replay.steps.len()));
    for note in &replay.notes {
        let _ = writeln!(out, "  {note}");
    }
    let told = replay.steps.iter().filter(|step| step.decision != Decision::Accept);
    for (number, step) in told.enumerate() {
        let _ = write!(out, "{}{}", if number == 0 { "\n" } else { "" }, line(step));
    }
    totals(&mut out, &summary);
    advice(&mut out, &summary);
    out
}

/// What varies least comes first, and what anybody may have written last.
fn line(step: &Step) -> String {
    let (day, new) = (day(step.time), step.new.short());
    let what = match (&step.problem, step.decision) {
        (Some(problem), _) => format!("UNDECIDED {}", escape::one_line(&problem.message)),
        (None, Decision::Undecided) => "UNDECIDED".to_owned(),
        (None, _) => {
            let rules = step.rules.iter().filter(|(_, counts)| counts.refusing > 0).map(|(rule, _)| *rule);
            format!("REFUSED {}", rules.collect::<Vec<_>>().join(", "))
        }
    };
    let task = match (&step.task, &step.source) {
        (Some(task), _) => format!(" | task {}", escape::quote_path(task)),
        (None, Some(source)) => format!(" | from {}", escape::quote_path(short(source))),
        (None, None) => String::new(),
    };
    let commits = if step.commits > 1 { format!(" | {} commits", step.commits) } else { String::new() };
    let excerpt = |text: &[u8]| escape::excerpt(&String::from_utf8_lossy(text));
    let (author, subject) = (excerpt(&step.author), excerpt(&step.subject));
    format!("  {day} {new} {what}{task}{commits} | {author}: {subject}\n")
}

fn totals(out: &mut String, summary: &Summary) {
    let Summary { accepted, refused, undecided, .. } = summary;
    let _ = writeln!(out, "\n  {accepted} would be accepted, {refused} refused, {undecided} undecided");
    let mut table = |title: &str, rows: &mut dyn Iterator<Item = (usize, String)>| {
        for (number, (count, what)) in rows.enumerate() {
            let head = if number == 0 { format!("\n  {title}\n") } else { String::new() };
            let _ = writeln!(out, "{head}  {count:>7}  {what}");
        }
    };
    let rules = summary.rules.iter().filter(|sum| sum.refused > 0);
    let alone = |count: usize| if count > 0 { format!(" ({count} by it alone)") } else { String::new() };
    table("refused, by rule", &mut rules.map(|sum| (sum.refused, format!("{}{}", sum.rule, alone(sum.alone)))));
    let reported = summary.rules.iter().filter(|sum| sum.reported > 0);
    table("reported only, by rule", &mut reported.map(|sum| (sum.reported, sum.rule.to_owned())));
    table("refused, by path", &mut summary.paths.iter().map(|(path, count)| (*count, escape::quote_path(path))));
    let author = |name: &[u8]| escape::excerpt(&String::from_utf8_lossy(name));
    table("refused, by author", &mut summary.people.iter().map(|(name, count)| (*count, author(name))));
}

fn advice(out: &mut String, summary: &Summary) {
    let lowered: Vec<String> = summary.start_with().map(|sum| format!("  {} = \"evaluate\"\n", sum.rule)).collect();
    if !lowered.is_empty() {
        out.push_str("\n  To begin without refusing what was usual, in refgate.toml; take out a line when it is not any more:\n\n");
        let _ = write!(out, "  [rules]\n{}", lowered.concat());
    }
    let fixed: Vec<&str> = summary.fixed().map(|sum| sum.rule).collect();
    if !fixed.is_empty() {
        let _ = writeln!(out, "\n  No policy lets this pass: {}", fixed.join(", "));
    }
}

fn steps(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}

impl Assumed {
    /// What is assumed, for people.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Nothing => "taken for a push straight to the branch",
            Self::Trace => "a merge, of the task whose trace it brings",
            Self::Message => "a merge, of the branch that its message names",
            Self::FastForward => "taken for the fast forward to a task that is finished there",
        }
    }
}
