//! Records as text. Everything in a record may have been written by a pusher, so all of it is escaped.

use std::fmt::Write as _;

use crate::escape::{one_line, printable, quote_path};
use crate::ledger::Entry;
use crate::ledger::record::{Decided, Event, Found, Moved, Outcome, Problem, Record, Update};
use crate::oid::Oid;

/// The most refs of one record that a list shows.
const MOST_REFS: usize = 10;

/// The refs that an event is about.
pub(super) fn refs(event: &Event) -> Vec<&Moved> {
    match event {
        Event::Decided(decided) => decided.updates.iter().map(|update| &update.moved).collect(),
        Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => {
            outcome.updates.iter().collect()
        }
        Event::Reserved(reserved) => vec![&reserved.moved],
        Event::Opened(_) | Event::Settled(_) | Event::Repaired(_) | Event::Sealed(_) => Vec::new(),
    }
}

/// A record in a list: one line, and one for each ref.
pub(super) fn short(record: &Record) -> String {
    let mut text = format!("{:>6}  {}  {:<9}", record.sequence, time(record.time), record.event.name());
    let about = about(&record.event);
    text.push_str(if about.is_empty() { "" } else { "  " });
    text.push_str(&about);
    text = text.trim_end().to_owned() + "\n";
    let moved = refs(&record.event);
    for (place, moved) in moved.iter().enumerate().take(MOST_REFS) {
        let update = match &record.event {
            Event::Decided(decided) => decided.updates.get(place),
            _ => None,
        };
        let _ = writeln!(text, "        {}{}", arrow(moved), update.map(found).unwrap_or_default());
    }
    if moved.len() > MOST_REFS {
        let _ = writeln!(text, "        and {} more refs", moved.len() - MOST_REFS);
    }
    text
}

/// Seconds are what people compare.
fn time(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn about(event: &Event) -> String {
    match event {
        Event::Opened(opened) => {
            let name = opened.repository.as_deref().map(|name| format!("{}, ", printable(name))).unwrap_or_default();
            format!("{name}{} refs, {} of them protected", opened.count, opened.protected.len())
        }
        Event::Decided(decided) => {
            let mut words: Vec<String> = decided.actor.iter().map(|actor| printable(actor)).collect();
            words.extend(decided.bootstrap.then(|| "used the bootstrap".to_owned()));
            let used = |used: &crate::ledger::record::Used| {
                format!("override {} by {}", printable(&used.id), printable(&used.principal))
            };
            words.extend(decided.overrides.iter().map(used));
            words.extend(decided.problem.iter().map(|problem| one_line(&problem.message)));
            words.extend((decided.omitted > 0).then(|| format!("{} refs left out", decided.omitted)));
            words.join(", ")
        }
        Event::Reserved(reserved) => format!("{} for decision {}", printable(&reserved.id), reserved.decision),
        Event::Settled(settled) => {
            let what = if settled.applied { "used" } else { "not used" };
            format!("{} {what} by decision {}", printable(&settled.id), settled.decision)
        }
        Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => told(outcome),
        Event::Repaired(repaired) => {
            format!("{} bytes of an append that was not finished are in {}", repaired.bytes, printable(&repaired.file))
        }
        Event::Sealed(sealed) => format!("records {} to {}, {} bytes", sealed.first, sealed.last, sealed.bytes),
    }
}

fn told(outcome: &Outcome) -> String {
    format!("decision {}{}", outcome.decision, if outcome.observed { ", seen by a later push" } else { "" })
}

fn arrow(moved: &Moved) -> String {
    let place = |oid: Oid| if oid.is_zero() { "nothing".to_owned() } else { oid.short() };
    format!("{}  {} -> {}", quote_path(&moved.name), place(moved.old), place(moved.new))
}

fn found(update: &Update) -> String {
    let counts: Vec<String> =
        update.counts.iter().map(|(rule, count)| format!("{} {count}", printable(rule))).collect();
    let problem = update.problem.iter().map(|problem| one_line(&problem.message));
    let words: Vec<String> = counts.into_iter().chain(problem).collect();
    if words.is_empty() { String::new() } else { format!("  ({})", words.join(", ")) }
}

/// A record with all that it says.
pub(super) fn whole(entry: &Entry) -> String {
    let record = &entry.record;
    let mut text = format!("receipt  {}\n", entry.receipt());
    let mut line = |key: &str, value: &str| _ = writeln!(text, "{key:<9}{value}");
    line("event", record.event.name());
    line("time", &record.time.to_string());
    line("after", &record.previous.to_string());
    line("tool", &format!("refgate {}", printable(&record.tool)));
    if let Event::Decided(decided) = &record.event {
        decision(decided, &mut line);
    } else {
        line("about", &about(&record.event));
        refs(&record.event).into_iter().for_each(|moved| line("ref", &arrow(moved)));
    }
    if let Event::Opened(opened) = &record.event {
        line("objects", opened.format.name());
        for (name, value) in &opened.protected {
            line("ref", &format!("{}  {value}", quote_path(name)));
        }
    }
    if !record.pending.is_empty() {
        let pending: Vec<String> = record.pending.iter().map(u64::to_string).collect();
        line("pending", &pending.join(" "));
    }
    text
}

fn decision(decided: &Decided, line: &mut dyn FnMut(&str, &str)) {
    let mut some = |key: &str, value: Option<&String>| value.iter().for_each(|value| line(key, &printable(value)));
    some("actor", decided.actor.as_ref());
    some("policy", decided.policy.as_ref());
    some("input", decided.input.as_ref());
    decided.problem.iter().for_each(|at| problem(at, line));
    for update in &decided.updates {
        line("ref", &quote_path(&update.moved.name));
        line("", &format!("{} -> {}", update.moved.old, update.moved.new));
        let words = [("task", &update.task), ("from", &update.source), ("by", &update.way)];
        let words =
            words.iter().filter_map(|(key, word)| word.as_ref().map(|word| format!("{key} {}", printable(word))));
        let words: Vec<String> = [printable(&update.class)].into_iter().chain(words).collect();
        line("", &words.join(", "));
        update.problem.iter().for_each(|at| problem(at, line));
        update.findings.iter().for_each(|at| finding(at, line));
        let count: u64 = update.counts.values().sum();
        let more = count.saturating_sub(update.findings.len() as u64);
        if more > 0 {
            line("", &format!("and {more} more findings:{}", found(update)));
        }
    }
    if decided.omitted > 0 {
        line("", &format!("{} refs were left out of the record: the push was too large", decided.omitted));
    }
    for used in &decided.overrides {
        line("override", &format!("{} by {}", printable(&used.id), printable(&used.principal)));
        line("", &format!("for {}", arrow(&used.moved)));
        line("", &one_line(&used.justification));
    }
}

fn problem(problem: &Problem, line: &mut dyn FnMut(&str, &str)) {
    line("problem", &one_line(&problem.message));
    if !problem.help.is_empty() {
        line("", &one_line(&problem.help));
    }
}

fn finding(found: &Found, line: &mut dyn FnMut(&str, &str)) {
    let path = found.path.as_ref().map(|path| format!("{}: ", quote_path(path))).unwrap_or_default();
    let waived = found.waived.as_ref().map(|id| format!(", waived by {}", printable(id))).unwrap_or_default();
    let text = one_line(&found.message);
    line("", &format!("{} ({}{waived}): {path}{text}", printable(&found.rule), printable(&found.severity)));
}
