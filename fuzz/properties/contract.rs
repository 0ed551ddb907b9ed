//! The field contract: every problem can be told, every field can be seen where it is said to stand, and the lists that
//! are brought up to what they list already do not change.

use std::collections::BTreeSet;

use refgate::drift::contract::{Columns, Contract, MAX_PROBLEMS, Problem};
use refgate::drift::path::FieldPath;
use refgate::drift::sync::sync;

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    let contract = Contract::parse(data, &Columns::default());
    let lines = data.split(|byte| *byte == b'\n').count();
    let on_a_line = |line: u32| assert!((1..=lines).contains(&(line as usize)), "line {line} of {lines}");
    let told = |problem: &Problem| {
        tells(&problem.message);
        tells(&problem.help);
        on_a_line(problem.line);
    };
    contract.problems.iter().chain(&contract.unclear).for_each(told);
    assert!(contract.problems.len() <= MAX_PROBLEMS + 1);
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(contract.entries.is_empty() && !contract.problems.is_empty());
        return;
    };
    for entry in &contract.entries {
        on_a_line(entry.line);
        let written = &text[entry.at as usize..(entry.at + entry.len) as usize];
        // Backslashes of Markdown belong to no path; with them, the route in front is taken along.
        let bare = written.replace('\\', "");
        let path = FieldPath::parse(&bare).or_else(|_| FieldPath::parse(bare.rsplit([' ', '#']).next().unwrap()));
        let path = path.expect("a path stands where an entry says");
        let split = path.split_type().map(|(ty, path)| (ty.to_owned(), path));
        let is_own =
            if entry.typed { split == Some((entry.ty.clone(), entry.path.clone())) } else { path == entry.path };
        assert!(is_own || entry.route.is_some(), "{written:?} is not where {entry:?} stands");
        assert!(entry.span.start <= entry.at && entry.at + entry.len <= entry.span.end);
        assert!(entry.section.is_none_or(|section| contract.sections[section].ty == entry.ty));
    }
    for section in &contract.sections {
        assert!(section.at < section.body && section.body <= section.end && section.end as usize <= data.len());
    }
    for retired in &contract.retired {
        on_a_line(retired.line);
        assert_ne!(retired.from, retired.to);
    }
    if data.len() < 100_000 {
        let fields: Vec<(String, FieldPath)> =
            contract.entries.iter().map(|entry| (entry.ty.clone(), entry.path.clone())).collect();
        // What is said twice in the same words goes.
        if !contract.repeats(text).contains(&true) {
            assert_eq!(sync(text, &contract, &fields), text, "what is listed changes the text");
        }
        line_ends(text, &contract);
    }
}

/// Neither line ends nor a byte order mark count.
fn line_ends(text: &str, contract: &Contract) {
    if text.contains('\r') || text.starts_with('\u{feff}') {
        return;
    }
    let all = |contract: &Contract| -> BTreeSet<(String, String, u32)> {
        contract.entries.iter().map(|entry| (entry.ty.clone(), entry.path.to_string(), entry.line)).collect()
    };
    for other in [text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let read = Contract::parse(other.as_bytes(), &Columns::default());
        assert_eq!(all(&read), all(contract));
        assert_eq!(read.problems.len(), contract.problems.len());
    }
}
