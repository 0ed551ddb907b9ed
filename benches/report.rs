//! The table: what was measured, and the page that it is written into.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::corpus::{Fallible, process};
use crate::measure::{Pairs, alternate};
use crate::{Limit, Row};

/// A finished line of the table.
pub(crate) struct Line {
    work: String,
    yardstick: String,
    goal: String,
    times: String,
    ratio: String,
    reached: Option<bool>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reached = match self.reached {
            Some(true) => "reached",
            Some(false) => "**not reached**",
            None => "told only",
        };
        let Self { work, yardstick, goal, times, ratio, .. } = self;
        write!(f, "| {work} | {yardstick} | {goal} | {times} | {ratio} | {reached} |")
    }
}

/// Measures one row.
pub(crate) fn measure(row: &Row, pairs: usize) -> Fallible<Line> {
    let Pairs { ours, theirs, ratio, least, most } = alternate(&row.ours, &row.theirs, pairs)?;
    let mut goal = row.goal.map(|goal| format!("≤ {goal}×")).unwrap_or_default();
    let mut reached = row.goal.map(|goal| ratio <= goal);
    let mut times = format!("{} / {}", milliseconds(ours), milliseconds(theirs));
    if let Some(limit) = row.limit {
        let (words, held) = match limit {
            Limit::Whole(most) => (format!("≤ {}", milliseconds(most)), ours <= most),
            Limit::Beyond(most) => (format!("≤ {} more", milliseconds(most)), ours <= theirs + most),
        };
        (goal, reached) = (words, Some(held));
    }
    if let Some(limit) = row.memory {
        let peak = row.ours.peak_memory()?;
        goal = format!("{goal}, < {} MB", limit / 1_000_000);
        times = format!("{times}, {} MB", peak / 1_000_000);
        reached = reached.map(|reached| reached && peak < limit);
    }
    Ok(Line {
        work: row.work.clone(),
        yardstick: row.yardstick.clone(),
        goal,
        times,
        ratio: match ratio < 0.1 {
            true => format!("{ratio:.4}× ({least:.4}–{most:.4}, {pairs} pairs)"),
            false => format!("{ratio:.2}× ({least:.2}–{most:.2}, {pairs} pairs)"),
        },
        reached,
    })
}

fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 1.0 {
        format!("{ms:.3} ms")
    } else if ms < 100.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

/// Without language extractors, which have not landed, the goal is 6 MB.
const MOST_BYTES: u64 = 6_000_000;

/// The size of the binary.
pub(crate) fn size(refgate: &Path) -> Fallible<Line> {
    let bytes = fs_err::metadata(refgate).map_err(|error| error.to_string())?.len();
    Ok(Line {
        work: "size of the binary, stripped".to_owned(),
        yardstick: String::new(),
        goal: format!("≤ {} MB", MOST_BYTES / 1_000_000),
        times: format!("{:.2} MB", bytes as f64 / 1e6),
        ratio: String::new(),
        reached: Some(bytes <= MOST_BYTES),
    })
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
const BEGIN: &str = "<!-- benches/run writes from here -->\n";
const END: &str = "<!-- to here -->\n";

/// Puts the table into docs/performance.md; the text around it is written by hand.
pub(crate) fn write(lines: &[Line], with_peers: bool) -> Fallible<()> {
    let page = fs_err::read_to_string(PAGE).map_err(|error| error.to_string())?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("docs/performance.md has lost the marks of its table")?;
    let git = process::must(process::command("git").arg("--version"), b"")?;
    let processors = std::thread::available_parallelism().map_err(|error| error.to_string())?;
    let mut text = format!(
        "Measured on {} on a virtual machine with {processors} processors ({}, {}), {}.\n\n",
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        String::from_utf8_lossy(&git).trim()
    );
    text.push_str("| Work of refgate | Yardstick | Goal | Both, medians | Ratio, median (least–most) | |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if !with_peers {
        text.push_str("\nOther hook managers were left out of this run (`--with-peers` brings them along).\n");
    }
    fs_err::write(PAGE, format!("{before}{BEGIN}\n{text}\n{END}{after}")).map_err(|error| error.to_string())
}
