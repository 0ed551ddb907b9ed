//! A replay as one page: what it comes to, when it was, and every step that would not have been let in.

use std::collections::BTreeMap;

use super::{Replay, Step, Summary, day, short};
use crate::escape;
use crate::finding::{Decision, Finding};
use crate::report::html::{Bar, Html, Slot, bars, page, timeline};

/// How many steps the table shows, the newest of them.
const ROWS: usize = 5_000;
/// How many columns the picture has at the most; more weeks than that share them.
const COLUMNS: i64 = 160;
const WEEK: i64 = 7 * 24 * 60 * 60;
/// From the Monday before 1970 on.
const MONDAY: i64 = 3 * 24 * 60 * 60;

/// The replay as a page.
pub fn render(replay: &Replay) -> String {
    let summary = replay.summary();
    let mut html = Html::new();
    head(&mut html, replay, &summary);
    if !replay.steps.is_empty() {
        html.piece(&by_time(&replay.steps));
    }
    by_rule(&mut html, &summary);
    most(&mut html, "Refused, by path", &summary.paths);
    most(&mut html, "Refused, by author", &summary.people);
    table(&mut html, replay);
    page(&format!("Replay of {}", escape::quote_path(short(&replay.name))), &html)
}

fn head(html: &mut Html, replay: &Replay, summary: &Summary) {
    html.raw("<p class=\"soft\">What the gate would have said of each step of the branch, judged by the policy <code>sha256:");
    html.text(replay.policy.get(..12).unwrap_or_default()).raw("</code> of today");
    if let (Some(first), Some(last)) = (replay.steps.first(), replay.steps.last()) {
        html.raw(": ").text(&day(first.time)).raw(" to ").text(&day(last.time));
    }
    html.raw(".</p>\n");
    for note in &replay.notes {
        html.raw("<p class=\"soft\">").text(note).raw("</p>\n");
    }
    html.raw("<div class=\"totals\">");
    let totals = [
        ("steps", replay.steps.len()),
        ("would be accepted", summary.accepted),
        ("refused", summary.refused),
        ("undecided", summary.undecided),
    ];
    for (word, count) in totals {
        html.raw("<div><b>").number(count).raw("</b>").raw(word).raw("</div>");
    }
    html.raw("</div>\n");
}

fn by_time(steps: &[Step]) -> Html {
    let week = |step: &Step| step.time.saturating_add(MONDAY).div_euclid(WEEK);
    let first = steps.iter().map(week).min().unwrap_or_default();
    let last = steps.iter().map(week).max().unwrap_or_default();
    let weeks = (last.saturating_sub(first) / COLUMNS).saturating_add(1);
    let mut slots: BTreeMap<i64, Slot> = BTreeMap::new();
    for slot in 0..=(last.saturating_sub(first) / weeks) {
        let start = first.saturating_add(slot.saturating_mul(weeks)).saturating_mul(WEEK).saturating_sub(MONDAY);
        slots.insert(slot, Slot { label: day(start), ..Slot::default() });
    }
    for step in steps {
        let slot = slots.entry((week(step).saturating_sub(first)) / weeks).or_default();
        let [accepted, refused, undecided] = &mut slot.counts;
        *match step.decision {
            Decision::Accept => accepted,
            Decision::Refuse => refused,
            Decision::Undecided => undecided,
        } += 1;
    }
    let slots: Vec<Slot> = slots.into_values().collect();
    let mut html = Html::new();
    match usize::try_from(weeks) {
        Ok(weeks @ 2..) => html.raw("<h2>Steps over time, ").number(weeks).raw(" weeks a column</h2>\n"),
        _ => html.raw("<h2>Steps by week</h2>\n"),
    };
    html.piece(&timeline(&slots)).raw("<div class=\"axis\"><span>");
    html.text(slots.first().map_or("", |slot| &slot.label)).raw("</span><span>");
    html.text(slots.last().map_or("", |slot| &slot.label)).raw("</span></div>\n");
    html
}

fn by_rule(html: &mut Html, summary: &Summary) {
    let bar = |rule: &str, count: usize, note: String| Bar { label: rule.to_owned(), count, note };
    let refused: Vec<Bar> = summary
        .rules
        .iter()
        .filter(|sum| sum.refused > 0)
        .map(|sum| bar(sum.rule, sum.refused, format!("{} by it alone", sum.alone)))
        .collect();
    if !refused.is_empty() {
        html.raw("<h2>Refused, by rule</h2>\n").piece(&bars(&refused));
    }
    let reported: Vec<Bar> = summary
        .rules
        .iter()
        .filter(|sum| sum.reported > 0)
        .map(|sum| bar(sum.rule, sum.reported, String::new()))
        .collect();
    if !reported.is_empty() {
        html.raw("<h2>Reported only, by rule</h2>\n").piece(&bars(&reported));
    }
    let mut lowered = summary.start_with().peekable();
    if lowered.peek().is_some() {
        html.raw("<p>To begin without refusing what was usual, in <code>refgate.toml</code>; take out a line when it is not any more:</p>\n<pre>[rules]\n");
        lowered.for_each(|sum| _ = html.text(sum.rule).raw(" = &quot;evaluate&quot;\n"));
        html.raw("</pre>\n");
    }
    let fixed: Vec<&str> = summary.fixed().map(|sum| sum.rule).collect();
    if !fixed.is_empty() {
        html.raw("<p>No policy lets this pass: ").text(&fixed.join(", ")).raw("</p>\n");
    }
}

fn most(html: &mut Html, title: &'static str, counts: &[(bstr::BString, usize)]) {
    if counts.is_empty() {
        return;
    }
    html.raw("<h2>").raw(title).raw("</h2>\n<table>\n");
    for (what, count) in counts {
        html.raw("<tr><td class=\"number\">").number(*count).raw("</td><td>").bytes(what).raw("</td></tr>\n");
    }
    html.raw("</table>\n");
}

fn table(html: &mut Html, replay: &Replay) {
    let told: Vec<&Step> = replay.steps.iter().rev().filter(|step| step.decision != Decision::Accept).collect();
    if told.is_empty() {
        return;
    }
    html.raw("<h2>Steps that would not have been let in, newest first</h2>\n");
    if told.len() > ROWS {
        html.raw("<p class=\"soft\">The newest ").number(ROWS).raw(" of ").number(told.len());
        html.raw("; <code>--format json</code> has all of them.</p>\n");
    }
    html.raw("<table>\n<thead><tr><th>Date</th><th>Commit</th><th>Author</th><th>What</th></tr></thead>\n<tbody>\n");
    told.into_iter().take(ROWS).for_each(|step| row(html, step));
    html.raw("</tbody>\n</table>\n");
}

fn row(html: &mut Html, step: &Step) {
    html.raw("<tr><td class=\"when\">").text(&day(step.time)).raw("</td><td><code>").text(&step.new.short());
    html.raw("</code></td><td>").bytes(&step.author).raw("</td><td><details><summary><span class=\"word-");
    html.raw(step.decision.name()).raw("\">");
    match step.decision {
        Decision::Undecided => html.raw("undecided"),
        _ => {
            let rules = step.rules.iter().filter(|(_, counts)| counts.refusing > 0).map(|(rule, _)| *rule);
            html.text(&rules.collect::<Vec<_>>().join(", "))
        }
    };
    html.raw("</span> ").bytes(&step.subject).raw("</summary>\n<p class=\"soft\">");
    html.number(step.commits).raw(if step.commits == 1 { " commit; " } else { " commits; " }).raw(step.assumed.text());
    if let Some(task) = &step.task {
        html.raw("; task ").bytes(task);
    } else if let Some(source) = &step.source {
        html.raw("; from ").bytes(short(source));
    }
    html.raw("</p>\n");
    if let Some(problem) = &step.problem {
        html.raw("<p>").text(&problem.message).raw("<br>").text(&problem.help).raw("</p>\n");
    }
    html.raw("<ul>\n");
    step.findings.iter().for_each(|one| finding(html, one));
    if step.left_out > 0 {
        html.raw("<li>and ").number(step.left_out).raw(" more</li>\n");
    }
    html.raw("</ul></details></td></tr>\n");
}

fn finding(html: &mut Html, finding: &Finding) {
    html.raw("<li><code>").raw(finding.rule).raw("</code> ");
    if !finding.refuses() {
        html.raw("(reported only) ");
    }
    html.text(&finding.message);
    if let Some(path) = &finding.path {
        html.raw(" <code>").bytes(path);
        if let Some(line) = finding.line {
            html.raw(":").number(usize::try_from(line).unwrap_or_default());
        }
        html.raw("</code>");
    }
    html.raw("</li>\n");
}
