//! The tables of single decisions: newest first, with the command that lists those that are not shown.

use super::super::row::{Line, Move, Row, State, Weight};
use super::super::{Latest, NOBODY, Told};
use super::when;
use crate::finding::Decision;
use crate::ledger::Receipt;
use crate::oid::Oid;
use crate::report::html::{Column, Html, Table, column, piece};

/// Overrides with their reasons.
pub(super) fn uses(told: &Told) -> Html {
    const COLUMNS: &[Column] = &[
        column("Record"),
        column("When"),
        column("Signed by"),
        column("Reason"),
        column("Ref"),
        column("Pushed by"),
        column("Outcome"),
    ];
    let uses = &told.overview.uses;
    if uses.seen == 0 {
        return piece(|html| _ = html.raw("<p>No push brought an override.</p>\n"));
    }
    let mut table = Table::new("overrides that pushes brought, newest first", COLUMNS);
    for used in uses.newest() {
        table.row(&[
            record(used.receipt),
            when(used.time),
            piece(|html| _ = html.foreign(&used.principal)),
            piece(|html| {
                html.raw("<p class=\"reason\">").foreign(&used.reason).raw("</p><span class=\"soft\">override <code>");
                html.foreign(&used.id).raw("</code></span>");
            }),
            piece(|html| moved(html, &used.moved)),
            who(used.actor.as_deref()),
            match used.state {
                State::None => word("lapsed", "push not let in"),
                State::Pending => word("pending", "pending"),
                State::Applied => word("applied", "used"),
                State::Lapsed => word("lapsed", "not used"),
            },
        ]);
    }
    let mut html = table.finish();
    more(&mut html, told, uses, &["--decision override-reserved"]);
    html
}

/// Rollbacks and hotfixes.
pub(super) fn specials(told: &Told) -> Html {
    const COLUMNS: &[Column] =
        &[column("Record"), column("When"), column("Kind"), column("Ref"), column("Pushed by"), column("Outcome")];
    let specials = &told.overview.specials;
    if specials.seen == 0 {
        return piece(|html| _ = html.raw("<p>No branch was rolled back, and none took a hotfix.</p>\n"));
    }
    let mut table = Table::new("accepted rollbacks and hotfixes, newest first", COLUMNS);
    for special in specials.newest() {
        table.row(&[
            record(special.receipt),
            when(special.time),
            piece(|html| _ = html.foreign(special.moved.way.as_deref().unwrap_or_default())),
            piece(|html| moved(html, &special.moved)),
            who(special.actor.as_deref()),
            became(special.state),
        ]);
    }
    let mut html = table.finish();
    more(&mut html, told, specials, &["--decision accepted"]);
    html
}

/// What nobody knows the outcome of.
pub(super) fn pending(told: &Told) -> Html {
    const COLUMNS: &[Column] = &[column("Record"), column("When"), column("Pushed by"), column("Refs")];
    if told.overview.pending.is_empty() {
        return piece(|html| _ = html.raw("<p>Of every accepted push it is known what became of it.</p>\n"));
    }
    let mut table = Table::new("accepted pushes of which it is not known yet whether their refs moved", COLUMNS);
    for row in told.overview.pending.iter().rev() {
        table.row(&[record(row.receipt), when(row.time), who(row.actor.as_deref()), refs(row)]);
    }
    table.finish()
}

/// The newest decisions.
pub(super) fn decisions(told: &Told) -> Html {
    const COLUMNS: &[Column] =
        &[column("Record"), column("When"), column("Pushed by"), column("Decision"), column("Refs")];
    let rows = &told.overview.rows;
    if rows.seen == 0 {
        return Html::new();
    }
    let mut table = Table::new("decisions, newest first", COLUMNS);
    for row in rows.newest() {
        let decision = match row.decision {
            Decision::Accept => match row.state {
                State::None => word("accept", "accepted"),
                State::Pending => word("pending", "accepted, pending"),
                State::Applied => word("applied", "accepted, applied"),
                State::Lapsed => word("lapsed", "accepted, lapsed"),
            },
            Decision::Refuse => word("refuse", "refused"),
            Decision::Undecided => word("undecided", "undecided"),
        };
        table.row(&[record(row.receipt), when(row.time), who(row.actor.as_deref()), decision, refs(row)]);
    }
    let mut html = table.finish();
    more(&mut html, told, rows, &["--decision accepted", "--decision refused", "--decision undecided"]);
    html
}

/// Says what is left out, and how to see it.
fn more<T>(html: &mut Html, told: &Told, latest: &Latest<T>, kinds: &[&str]) {
    if latest.left_out() == 0 {
        return;
    }
    html.raw("<p class=\"soft\">The newest ").count(latest.newest().count()).raw(" of ").count(latest.seen);
    html.raw("; ")
        .count(latest.left_out())
        .raw(" are left out. Where the server's repository is, this lists all of them:</p>\n<pre>");
    let words = told.asked.0.iter().map(String::as_str);
    let words: Vec<&str> = ["refgate ledger log"].into_iter().chain(words).chain(kinds.iter().copied()).collect();
    html.text(&words.join(" ")).raw("</pre>\n");
}

/// The record's number, and behind it the whole receipt.
fn record(receipt: Receipt) -> Html {
    piece(|html| {
        html.raw("<details><summary>").text(&receipt.sequence.to_string()).raw("</summary><code>");
        html.text(&receipt.to_string()).raw("</code></details>");
    })
}

fn who(actor: Option<&str>) -> Html {
    piece(|html| match actor {
        Some(actor) => _ = html.foreign(actor),
        None => _ = html.raw("<span class=\"soft\">").text(NOBODY).raw("</span>"),
    })
}

fn word(class: &'static str, word: &'static str) -> Html {
    piece(|html| _ = html.raw("<span class=\"word ").raw(class).raw("\">").raw(word).raw("</span>"))
}

fn became(state: State) -> Html {
    match state {
        State::None | State::Pending => word("pending", "pending"),
        State::Applied => word("applied", "applied"),
        State::Lapsed => word("lapsed", "lapsed"),
    }
}

/// The refs of a decision, each with what was found.
fn refs(row: &Row) -> Html {
    piece(|html| {
        if let Some(problem) = &row.problem {
            html.raw("<p class=\"reason\">").foreign(problem).raw("</p>");
        }
        html.raw("<ul class=\"moves\">");
        for moved in &row.moves {
            html.raw("<li>");
            arrow(html, moved);
            found(html, moved);
            html.raw("</li>");
        }
        html.raw("</ul>");
        if row.left_out > 0 {
            html.raw("<p class=\"soft\">and ").count(row.left_out).raw(" more refs</p>");
        }
    })
}

fn arrow(html: &mut Html, to: &Move) {
    moved(html, to);
    if let Some(way) = &to.way {
        html.raw(" <span class=\"soft\">by ").foreign(way).raw("</span>");
    }
}

fn moved(html: &mut Html, Move { name, old, new, .. }: &Move) {
    let place = |oid: &Oid| if oid.is_zero() { "nothing".to_owned() } else { oid.short() };
    html.raw("<code>").foreign(name).raw("</code> <span class=\"soft\">").text(&place(old)).raw(" \u{2192} ");
    html.text(&place(new)).raw("</span>");
}

fn found(html: &mut Html, moved: &Move) {
    if let Some(problem) = &moved.problem {
        html.raw("<p class=\"reason\">").foreign(problem).raw("</p>");
    }
    if moved.findings.is_empty() && moved.more == 0 {
        return;
    }
    let mut rules: Vec<&str> = moved.findings.iter().map(|line| line.rule.as_str()).collect();
    rules.dedup();
    html.raw("<details><summary>");
    for rule in &rules {
        html.raw("<code>").foreign(rule).raw("</code> ");
    }
    html.raw("<span class=\"soft\">")
        .count(moved.findings.len() + moved.more)
        .raw(" found</span></summary><ul class=\"findings\">");
    moved.findings.iter().for_each(|line| finding(html, line));
    if moved.more > 0 {
        html.raw("<li class=\"soft\">and ").count(moved.more).raw(" more</li>");
    }
    html.raw("</ul></details>");
}

fn finding(html: &mut Html, Line { rule, weight, path, message }: &Line) {
    html.raw("<li><code>").foreign(rule).raw("</code> ");
    html.raw(match weight {
        Weight::Refuses => "",
        Weight::Reports => "<span class=\"soft\">(reported only)</span> ",
        Weight::Waived => "<span class=\"soft\">(waived)</span> ",
    });
    if let Some(path) = path {
        html.raw("<code>").foreign(path).raw("</code>: ");
    }
    html.foreign(message).raw("</li>");
}
