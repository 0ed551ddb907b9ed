//! A ledger for people at a terminal: what it comes to. Everything in it may have been written by a pusher, so all of it
//! is escaped.

use std::fmt::Write as _;

use super::{State, Told};
use crate::escape::{one_line, printable};

/// How many names a list has here.
const MOST: usize = 10;

/// The text.
pub fn render(told: &Told) -> String {
    let overview = &told.overview;
    let [accepted, refused, undecided] = overview.decisions;
    let mut text = format!("refgate: ledger of {}: {}\n", printable(&told.name), told.verified.word());
    if told.verified.exit_code() != 0 {
        text.push_str("  what is wrong with it: refgate ledger verify\n");
    }
    if let Some((first, last)) = overview.span {
        let _ = writeln!(text, "  {first:.0} to {last:.0}");
    }
    let _ = writeln!(text, "  {accepted} accepted, {refused} refused, {undecided} undecided");
    let _ = writeln!(
        text,
        "  {} applied, {} lapsed, {} pending; {}, {}",
        overview.applied,
        overview.lapsed,
        overview.pending.len(),
        count(overview.rollbacks, "rollback", "rollbacks"),
        count(overview.hotfixes, "hotfix", "hotfixes")
    );
    let rules = overview.rules.most(MOST).names.into_iter();
    list(
        &mut text,
        "refused, by rule",
        rules.map(|(rule, [refused, ..])| (refused, rule)).filter(|(count, _)| *count > 0),
    );
    let actors = overview.actors.most(MOST).names.into_iter();
    list(&mut text, "by who pushed", actors.map(|(actor, [all, ..])| (all, actor)));
    let refs = overview.refs.most(MOST).names.into_iter();
    list(&mut text, "by ref", refs.map(|(name, [all, ..])| (all, name)));
    if overview.uses.seen > 0 {
        let _ = writeln!(text, "\n  overrides, newest first");
        for used in overview.uses.newest().take(MOST) {
            let outcome = if used.state == State::None { "push not let in" } else { used.state.name() };
            let (time, sequence) = (used.time, used.receipt.sequence);
            let (who, reason) = (printable(&used.principal), one_line(&used.reason));
            let _ = writeln!(text, "    {time:.0}  record {sequence}, {outcome}, signed by {who}: {reason}");
        }
        let more = overview.uses.seen.saturating_sub(MOST);
        if more > 0 {
            let _ = writeln!(text, "    and {more} more");
        }
    }
    text
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn list<'a>(text: &mut String, title: &str, lines: impl Iterator<Item = (usize, &'a str)>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n  {title}");
        lines.for_each(|(count, what)| _ = writeln!(text, "    {count:>7}  {}", printable(what)));
    }
}
