//! A ledger as one page: whether it holds, what it comes to, and what people answer for by name.

mod rows;

use super::tally::Most;
use super::{MESSAGE, NAME, NAMES, NOBODY, Overview, REASON, Tally, Told, cut};
use crate::ledger::verify::Report;
use crate::report::html::{Column, Html, Page, Table, bar, column, number, piece, tiles};

/// How many names a list on the page has, and how many problems show before the rest is opened.
const SHOWN: usize = 15;

/// The ledger as a page.
pub fn render(told: &Told) -> String {
    let overview = &told.overview;
    let foot = piece(|html| {
        html.raw("<p>Written ").piece(&when(told.now)).raw(" UTC by <code>refgate ledger report</code> ");
        html.text(env!("CARGO_PKG_VERSION")).raw(". All times are UTC, by the server's clock. ");
        html.raw("The page shows what stood in the ledger then; nothing in it is loaded from elsewhere.</p>\n");
    });
    let mut page = Page::new(&format!("Ledger of {}", cut(&told.name, NAME)), lead(told), foot);
    page.part("holds", "Does the ledger hold?", holds(told))
        .part("time", "Decisions over time", time(overview))
        .part("rules", "Refused, by rule", by_rule(overview))
        .part("overrides", "Overrides", rows::uses(told))
        .part("ways", "Rollbacks and hotfixes", rows::specials(told))
        .part("pending", "Pending", rows::pending(told))
        .part("causes", "Undecided, by reason", by_cause(overview))
        .part("actors", "By who pushed", by_name("decisions by who pushed", ACTORS, &overview.actors))
        .part("refs", "By ref", by_name("decisions by ref; a push may be of several", REFS, &overview.refs))
        .part("decisions", "Newest decisions", rows::decisions(told));
    page.render()
}

fn lead(told: &Told) -> Html {
    let overview = &told.overview;
    let [accepted, refused, undecided] = overview.decisions;
    piece(|html| {
        html.raw("<p class=\"soft\">What the gate decided of pushes, and what became of it");
        if let Some((first, last)) = overview.span {
            html.raw(": ").piece(&when(first)).raw(" to ").piece(&when(last)).raw(" UTC");
        }
        if let Some(repository) = &overview.repository {
            html.raw(". Repository <code>").foreign(repository).raw("</code>");
        }
        html.raw(".</p>\n");
        let asked: Vec<&String> = told.asked.0.iter().chain(&told.asked.1).collect();
        if !asked.is_empty() {
            html.raw("<p>Only a part of it is counted here: ");
            asked.into_iter().for_each(|word| _ = html.raw("<code>").foreign(cut(word, NAME)).raw("</code> "));
            html.raw("</p>\n");
        }
        html.piece(&tiles(&[
            ("decisions", accepted + refused + undecided),
            ("accepted", accepted),
            ("refused", refused),
            ("undecided", undecided),
            ("overrides used", overview.uses.seen),
            ("rollbacks", overview.rollbacks),
            ("hotfixes", overview.hotfixes),
            ("pending", overview.pending.len()),
        ]));
    })
}

/// Whether it holds, and against what that was asked.
fn holds(told: &Told) -> Html {
    let Report { first, last, records, problems, more, warnings, unknown, .. } = &told.verified;
    let (class, word) = match told.verified.exit_code() {
        0 => ("intact", "It holds"),
        1 => ("damaged", "It was changed: the ledger is damaged"),
        _ => ("unknown", "It cannot be said"),
    };
    piece(|html| {
        html.raw("<div class=\"status ").raw(class).raw("\"><b>").raw(word).raw("</b>\n<p>");
        html.count(usize::try_from(*records).unwrap_or(usize::MAX)).raw(" records were read, ");
        html.text(&first.to_string()).raw(" to ").text(&last.sequence.to_string());
        html.raw(
            ", with the chain of hashes through them, their seals, and the refs as they stood. The last receipt:</p>\n",
        );
        html.raw("<p><code>").text(&last.to_string()).raw("</code></p>\n</div>\n");
        if told.against.is_empty() {
            html.raw("<p>It was held against no mirror and no receipt that anybody kept. That its end was cut off, or that all ");
            html.raw("of it was written anew, would not show.</p>\n");
        } else {
            html.raw("<p>It was held against</p>\n<ul>\n");
            for (from, receipt) in &told.against {
                html.raw("<li>")
                    .foreign(cut(from, MESSAGE))
                    .raw(": <code>")
                    .text(&receipt.to_string())
                    .raw("</code></li>\n");
            }
            html.raw("</ul>\n");
        }
        if told.overview.repaired > 0 {
            html.raw("<p>")
                .count(told.overview.repaired)
                .raw(" times the end of an append that was never answered was put aside.</p>\n");
        }
        let problems = problems.iter().map(|problem| format!("record {}: {}", problem.sequence, problem.message));
        said(html, "Problems", problems);
        if *more > 0 {
            html.raw("<p>And ")
                .count(usize::try_from(*more).unwrap_or(usize::MAX))
                .raw(" more; <code>refgate ledger verify</code> counts them.</p>\n");
        }
        said(html, "What cannot be said", unknown.iter().cloned());
        said(html, "To be looked at", warnings.iter().cloned());
    })
}

fn said(html: &mut Html, title: &'static str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    let list = |html: &mut Html, lines: &[String]| {
        html.raw("<ul>\n");
        lines.iter().for_each(|line| _ = html.raw("<li>").foreign(cut(line, REASON)).raw("</li>\n"));
        html.raw("</ul>\n");
    };
    let (first, rest) = lines.split_at(lines.len().min(SHOWN));
    html.raw("<h3>").raw(title).raw("</h3>\n");
    list(html, first);
    if !rest.is_empty() {
        html.raw("<details><summary>").count(rest.len()).raw(" more</summary>\n");
        list(html, rest);
        html.raw("</details>\n");
    }
}

fn time(overview: &Overview) -> Html {
    let chart = overview.time.render("Decisions");
    if chart.is_empty() { piece(|html| _ = html.raw("<p>There is no decision to show.</p>\n")) } else { chart }
}

fn by_rule(overview: &Overview) -> Html {
    const COLUMNS: &[Column] = &[
        column("Rule"),
        number("Pushes refused"),
        column("Share"),
        number("By it alone"),
        number("Reported only"),
        number("Waived"),
    ];
    let Most { names, short, .. } = overview.rules.most(NAMES);
    let Some(most) = names.iter().map(|(_, [refused, ..])| *refused).max() else {
        return piece(|html| _ = html.raw("<p>No rule found anything.</p>\n"));
    };
    let mut table = Table::new("in how many pushes each rule found something", COLUMNS);
    for (rule, [refused, alone, reported, waived]) in names {
        let mut cells = vec![
            piece(|html| _ = html.raw("<code>").foreign(rule).raw("</code>")),
            piece(|html| _ = html.count(refused)),
            bar(refused, most),
        ];
        cells.extend([alone, reported, waived].map(|count| piece(|html| _ = html.count(count))));
        table.row(&cells);
    }
    let mut html = table.finish();
    html.raw("<p class=\"soft\"><code>refgate explain RULE</code> says what a rule refuses and why.</p>\n");
    rarest(&mut html, short);
    html
}

fn by_cause(overview: &Overview) -> Html {
    const COLUMNS: &[Column] = &[column("Reason"), number("Pushes")];
    if overview.causes.is_empty() {
        return Html::new();
    }
    let Most { names, others, short } = overview.causes.most(SHOWN);
    let mut table = Table::new("why pushes could not be judged", COLUMNS);
    for (cause, [count]) in names {
        table.row(&[piece(|html| _ = html.foreign(cause)), piece(|html| _ = html.count(count))]);
    }
    let [rest] = others;
    if rest > 0 {
        table.row(&[piece(|html| _ = html.raw("all other reasons")), piece(|html| _ = html.count(rest))]);
    }
    let mut html = table.finish();
    rarest(&mut html, short);
    html
}

const ACTORS: &[Column] =
    &[column("Who"), number("Decisions"), number("Accepted"), number("Refused"), number("Undecided")];
const REFS: &[Column] =
    &[column("Ref"), number("Decisions"), number("Accepted"), number("Refused"), number("Undecided")];

fn by_name(caption: &str, columns: &'static [Column], tally: &Tally<4>) -> Html {
    if tally.is_empty() {
        return Html::new();
    }
    let Most { names, others, short } = tally.most(SHOWN);
    let mut table = Table::new(caption, columns);
    let cells = |first: Html, counts: [usize; 4]| {
        let counts = counts.map(|count| piece(|html| _ = html.count(count)));
        [first].into_iter().chain(counts).collect::<Vec<_>>()
    };
    for (name, counts) in names {
        let class = if name == NOBODY { "<span class=\"soft\">" } else { "<span>" };
        table.row(&cells(piece(|html| _ = html.raw(class).foreign(name).raw("</span>")), counts));
    }
    if others.iter().any(|count| *count > 0) {
        table.row(&cells(piece(|html| _ = html.raw("<span class=\"soft\">all others</span>")), others));
    }
    let mut html = table.finish();
    rarest(&mut html, short);
    html
}

fn rarest(html: &mut Html, short: usize) {
    if short > 0 {
        html.raw("<p class=\"soft\">There are so many names that the rarest were dropped while counting. A number may be too low by up to ");
        html.count(short).raw("; what it lacks is among the others.</p>\n");
    }
}

/// A point in time, to the second.
fn when(time: jiff::Timestamp) -> Html {
    piece(|html| {
        html.raw("<time class=\"when\" datetime=\"").text(&time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).raw("\">");
        html.text(&time.strftime("%Y-%m-%d %H:%M:%S").to_string()).raw("</time>");
    })
}
