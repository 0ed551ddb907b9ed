//! A replay as one page: what it comes to, when it was, and every step that would not have been let in.

use super::{Replay, RuleSummary, Step, Summary, day, short};
use crate::escape;
use crate::finding::{Decision, Finding};
use crate::report::html::{Column, Html, Page, Table, Timeline, bar, column, number, piece, tiles};

/// How many steps the table shows, the newest of them.
const ROWS: usize = 5_000;

/// The replay as a page.
pub fn render(replay: &Replay) -> String {
    let summary = replay.summary();
    let foot = piece(|html| {
        html.raw("<p>Written by <code>refgate replay</code> ")
            .text(env!("CARGO_PKG_VERSION"))
            .raw(". Nothing was changed.</p>\n");
    });
    let name = escape::quote_path(short(&replay.name));
    let mut page = Page::new(&format!("Replay of {name}"), lead(replay, &summary), foot);
    page.part("time", "Steps over time", by_time(&replay.steps))
        .part("refused", "Refused, by rule", by_rule(&summary))
        .part("reported", "Reported only, by rule", reported(&summary))
        .part("paths", "Refused, by path", most("the paths of most refused steps", PATHS, &summary.paths))
        .part("authors", "Refused, by author", most("the authors of most refused steps", AUTHORS, &summary.people))
        .part("steps", "Steps that would not have been let in", table(replay));
    page.render()
}

fn lead(replay: &Replay, summary: &Summary) -> Html {
    piece(|html| {
        html.raw("<p class=\"soft\">What the gate would have said of each step of the branch, judged by the policy <code>sha256:");
        html.text(replay.policy.get(..12).unwrap_or_default()).raw("</code> of today");
        if let (Some(first), Some(last)) = (replay.steps.first(), replay.steps.last()) {
            html.raw(": ").text(&day(first.time)).raw(" to ").text(&day(last.time));
        }
        html.raw(".</p>\n");
        for note in &replay.notes {
            html.raw("<p class=\"soft\">").text(note).raw("</p>\n");
        }
        html.piece(&tiles(&[
            ("steps", replay.steps.len()),
            ("would be accepted", summary.accepted),
            ("refused", summary.refused),
            ("undecided", summary.undecided),
        ]));
    })
}

fn by_time(steps: &[Step]) -> Html {
    let mut time = Timeline::default();
    steps.iter().for_each(|step| time.add(step.time, step.decision));
    time.render("Steps")
}

fn by_rule(summary: &Summary) -> Html {
    const COLUMNS: &[Column] = &[column("Rule"), number("Steps"), column("Share"), number("By it alone")];
    let refusing: Vec<&RuleSummary> = summary.rules.iter().filter(|sum| sum.refused > 0).collect();
    let Some(most) = refusing.iter().map(|sum| sum.refused).max() else { return Html::new() };
    let mut table = Table::new("how many steps each rule refuses", COLUMNS);
    for sum in refusing {
        table.row(&[
            piece(|html| _ = html.raw("<code>").raw(sum.rule).raw("</code>")),
            piece(|html| _ = html.count(sum.refused)),
            bar(sum.refused, most),
            piece(|html| _ = html.count(sum.alone)),
        ]);
    }
    let mut html = table.finish();
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
    html
}

fn reported(summary: &Summary) -> Html {
    const COLUMNS: &[Column] = &[column("Rule"), number("Steps")];
    let mut table = Table::new("in how many steps each rule only reports", COLUMNS);
    for sum in summary.rules.iter().filter(|sum| sum.reported > 0) {
        let rule = piece(|html| _ = html.raw("<code>").raw(sum.rule).raw("</code>"));
        table.row(&[rule, piece(|html| _ = html.count(sum.reported))]);
    }
    if summary.rules.iter().any(|sum| sum.reported > 0) { table.finish() } else { Html::new() }
}

const PATHS: &[Column] = &[column("Path"), number("Steps")];
const AUTHORS: &[Column] = &[column("Author"), number("Steps")];

fn most(caption: &str, columns: &'static [Column], counts: &[(bstr::BString, usize)]) -> Html {
    if counts.is_empty() {
        return Html::new();
    }
    let mut table = Table::new(caption, columns);
    for (what, count) in counts {
        table.row(&[piece(|html| _ = html.foreign(what)), piece(|html| _ = html.count(*count))]);
    }
    table.finish()
}

fn table(replay: &Replay) -> Html {
    const COLUMNS: &[Column] = &[column("Commit"), column("Date"), column("Author"), column("What")];
    let told: Vec<&Step> = replay.steps.iter().rev().filter(|step| step.decision != Decision::Accept).collect();
    let mut html = Html::new();
    if told.is_empty() {
        return html;
    }
    if told.len() > ROWS {
        html.raw("<p class=\"soft\">The newest ").count(ROWS).raw(" of ").count(told.len());
        html.raw("; <code>--format json</code> has all of them.</p>\n");
    }
    let mut table = Table::new("the newest step first", COLUMNS);
    for step in told.into_iter().take(ROWS) {
        table.row(&[
            piece(|html| _ = html.raw("<code>").text(&step.new.short()).raw("</code>")),
            piece(|html| _ = html.raw("<span class=\"when\">").text(&day(step.time)).raw("</span>")),
            piece(|html| _ = html.foreign(&step.author)),
            piece(|html| what(html, step)),
        ]);
    }
    html.piece(&table.finish());
    html
}

fn what(html: &mut Html, step: &Step) {
    html.raw("<details><summary><span class=\"word ").raw(step.decision.name()).raw("\">");
    match step.decision {
        Decision::Undecided => html.raw("undecided"),
        _ => {
            let rules = step.rules.iter().filter(|(_, counts)| counts.refusing > 0).map(|(rule, _)| *rule);
            html.text(&rules.collect::<Vec<_>>().join(", "))
        }
    };
    html.raw("</span> ").foreign(&step.subject).raw("</summary>\n<p class=\"soft\">");
    html.count(step.commits).raw(if step.commits == 1 { " commit; " } else { " commits; " }).raw(step.assumed.text());
    if let Some(task) = &step.task {
        html.raw("; task ").foreign(task);
    } else if let Some(source) = &step.source {
        html.raw("; from ").foreign(short(source));
    }
    html.raw("</p>\n");
    if let Some(problem) = &step.problem {
        html.raw("<p>").text(&problem.message).raw("<br>").text(&problem.help).raw("</p>\n");
    }
    html.raw("<ul>\n");
    step.findings.iter().for_each(|one| finding(html, one));
    if step.left_out > 0 {
        html.raw("<li>and ").count(step.left_out).raw(" more</li>\n");
    }
    html.raw("</ul></details>");
}

fn finding(html: &mut Html, finding: &Finding) {
    html.raw("<li><code>").raw(finding.rule).raw("</code> ");
    if !finding.refuses() {
        html.raw("(reported only) ");
    }
    html.text(&finding.words.message);
    if let Some(path) = &finding.path {
        html.raw(" <code>").foreign(path);
        if let Some(line) = finding.line {
            html.raw(":").number(usize::try_from(line).unwrap_or_default());
        }
        html.raw("</code>");
    }
    html.raw("</li>\n");
}
