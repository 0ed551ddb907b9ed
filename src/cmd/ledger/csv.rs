//! Records as a table: RFC 4180, a row for each ref, or one for a record without any.

use super::page;
use crate::escape;
use crate::ledger::Entry;
use crate::ledger::record::Event;
use crate::report::json;

/// The names of the columns.
pub(super) const HEAD: &str =
    "sequence,hash,time,event,decision,actor,ref,old,new,class,task,source,rules,overrides\r\n";

/// The rows of a record.
pub(super) fn rows(entry: &Entry) -> String {
    let record = &entry.record;
    let decided = match &record.event {
        Event::Decided(decided) => Some(decided),
        _ => None,
    };
    let about = match &record.event {
        Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => Some(outcome.decision),
        Event::Reserved(reserved) => Some(reserved.decision),
        Event::Settled(settled) => Some(settled.decision),
        _ => None,
    };
    let ids = match &record.event {
        Event::Reserved(reserved) => vec![reserved.id.as_str()],
        Event::Settled(settled) => vec![settled.id.as_str()],
        _ => decided.iter().flat_map(|decided| &decided.overrides).map(|used| used.id.as_str()).collect(),
    };
    let head = [
        record.sequence.to_string(),
        entry.receipt().hash.to_string(),
        record.time.to_string(),
        record.event.name().to_owned(),
        about.map(|about| about.to_string()).unwrap_or_default(),
        decided.and_then(|decided| decided.actor.clone()).unwrap_or_default(),
    ];
    let refs = page::refs(&record.event);
    let mut rows = String::new();
    for place in 0..refs.len().max(1) {
        let update = decided.and_then(|decided| decided.updates.get(place));
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let moved = refs.get(place);
        let counts = update.iter().flat_map(|update| &update.counts).map(|(rule, count)| format!("{rule}:{count}"));
        let tail = [
            moved.map(|moved| json::text(&moved.name).0).unwrap_or_default(),
            moved.map(|moved| moved.old.to_string()).unwrap_or_default(),
            moved.map(|moved| moved.new.to_string()).unwrap_or_default(),
            text(update.map(|update| &update.class)),
            text(update.and_then(|update| update.task.as_ref())),
            text(update.and_then(|update| update.source.as_ref())),
            counts.collect::<Vec<_>>().join(" "),
            ids.join(" "),
        ];
        let cells: Vec<String> = head.iter().chain(&tail).map(|cell| quoted(cell)).collect();
        rows.push_str(&cells.join(","));
        rows.push_str("\r\n");
    }
    rows
}

/// A cell that no reader takes for two, no spreadsheet for a formula, and no terminal for anything but text.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = format!("{}{}", if formula { "'" } else { "" }, escape::printable(cell));
    if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        for (cell, written) in [
            ("alice", "alice"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "a\\r\\nb"),
            ("\t=1", "'\\t=1"),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
