//! A ledger: a line that is read comes out as it went in, a segment of any bytes is repaired or left alone, and what is
//! verified as intact is a chain by a reader of its own.

use refgate::ledger::verify::{Known, verify};
use refgate::ledger::{Hash, Ledger, Record};
use serde_json::Value;

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        match Record::parse(line) {
            Ok(record) => {
                assert_eq!(record.render(), line, "another spelling");
                tells(std::str::from_utf8(line).expect("ASCII"));
            }
            Err(error) => tells(&error.message),
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path());
    let segment = folder.path().join("00000001.jsonl");
    std::fs::write(&segment, data).unwrap();
    let report = verify(&ledger.read(&[]).unwrap(), &Known::default()).unwrap();
    report.problems.iter().for_each(|problem| tells(&problem.message));
    report.warnings.iter().for_each(|warning| tells(warning));
    let whole = data.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &data[..=end]);
    assert!(!report.problems.is_empty() || is_chain(whole), "a broken chain was verified");
    // A writer takes the end for what it is, or says why it does not; what is there stays there.
    let now = jiff::Timestamp::UNIX_EPOCH;
    match ledger.lock(now) {
        Ok(writer) => {
            let before = writer.last();
            let after = writer.commit().unwrap();
            assert!(after.sequence >= before.sequence);
            let text = std::fs::read(&segment).unwrap();
            assert!(
                text.starts_with(whole) && (text.is_empty() || text.ends_with(b"\n")),
                "what was there has changed"
            );
            let again = verify(&ledger.read(&[]).unwrap(), &Known::default()).unwrap();
            assert!(!report.problems.is_empty() || again.problems.is_empty(), "{again:?}");
        }
        Err(error) => {
            tells(&error.message);
            tells(&error.help);
            assert_eq!(std::fs::read(&segment).unwrap(), data, "a damaged ledger was written");
        }
    }
}

/// A chain, by the words of docs/ledger.md alone.
fn is_chain(text: &[u8]) -> bool {
    let (mut sequence, mut previous) = (0, "0".repeat(64));
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = &line[..line.len() - 1];
        let Ok(value) = serde_json::from_slice::<Value>(line) else { return false };
        sequence += 1;
        if value["sequence"] != sequence || value["previous"] != previous {
            return false;
        }
        previous = Hash::of(line).to_string();
    }
    true
}
