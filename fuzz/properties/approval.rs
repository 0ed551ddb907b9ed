//! `approval.md`: every problem can be told, every approved pattern can be seen in the text on its line, and what does
//! not change the page does not change the approval.

use refgate::provenance::approval::{Approval, Approver, MAX_PATTERNS, MAX_PROBLEMS, Problem};

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    let approval = Approval::parse(data);
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let on_a_line = |line: u32| assert!((1..=lines.len()).contains(&(line as usize)), "line {line} of {}", lines.len());
    let told = |problem: &Problem| {
        tells(&problem.message);
        tells(&problem.help);
        on_a_line(problem.line);
    };
    approval.problems.iter().for_each(told);
    assert!(approval.problems.is_sorted_by_key(|problem| problem.line));
    assert!(approval.problems.len() <= MAX_PROBLEMS + 1);
    let headers = [&approval.task, &approval.repository, &approval.base, &approval.date];
    headers.into_iter().flatten().for_each(|header| on_a_line(header.line));
    match &approval.approver {
        Some(Approver::Named(name)) => on_a_line(name.line),
        Some(Approver::Unnamed { line }) => on_a_line(*line),
        None => {}
    }
    if let Some(scope) = &approval.scope {
        on_a_line(scope.line);
        scope.hints.iter().for_each(told);
        let patterns: usize = scope.entries.iter().map(|entry| entry.glob.alternatives()).sum();
        assert!(patterns <= MAX_PATTERNS || !approval.problems.is_empty());
        for entry in &scope.entries {
            on_a_line(entry.line);
            assert!(entry.line > scope.line, "approved above its section");
            // Code may run over the end of a line, which the rendered page shows as a space.
            let below = String::from_utf8_lossy(&lines[entry.line as usize - 1..].join(&b'\n')).into_owned();
            for part in entry.glob.as_str().split(' ') {
                assert!(below.contains(part), "{part:?} cannot be seen from line {} on", entry.line);
            }
        }
    }
    if !data.contains(&b'\r') && !data.starts_with(b"\xef\xbb\xbf") && data.len() < 100_000 {
        let crlf = lines.join(&b"\r\n"[..]);
        assert_eq!(Approval::parse(&crlf), approval, "the line endings count");
        let marked = [b"\xef\xbb\xbf", data].concat();
        assert_eq!(Approval::parse(&marked), approval, "the byte order mark counts");
    }
}
