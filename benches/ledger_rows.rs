//! The ledger: one more record behind many, and all of them verified.

use std::path::Path;
use std::time::Duration;

use crate::corpus::{Fallible, process};
use crate::measure::Job;
use crate::{Asked, Limit, Row};

const FULL: u64 = 1_000_000;
const TINY: u64 = 1_000;
/// So many that the start of the process is nothing beside them.
const APPENDS: u32 = 200;

pub(crate) fn rows(asked: &Asked, folder: &Path) -> Fallible<Vec<Row>> {
    let count = if asked.tiny { TINY } else { FULL };
    let server = folder.join("server.git");
    let ledger = server.join("refgate/ledger").display().to_string();
    let maker = asked.refgate.parent().ok_or("the binary has no folder")?.join("examples/ledger");
    if !Path::new(&ledger).is_dir() {
        process::must(process::command("git").args(["init", "-q", "--bare"]).arg(&server), b"")?;
        process::must(process::command(&maker).args(["make", &ledger, &count.to_string()]), b"")?;
    }
    let times = APPENDS.to_string();
    let segments = "sha256sum refgate/ledger/*.jsonl";
    Ok(vec![
        Row {
            work: format!("ledger verify of {count} records"),
            yardstick: "sha256sum of the segments".to_owned(),
            ours: Job::new(&asked.refgate, &["ledger", "verify"], &server),
            theirs: Job::new("sh", &["-c", segments], &server),
            goal: None,
            limit: Some(Limit::Whole(Duration::from_secs(5))),
            memory: Some(256_000_000),
            pairs: 9,
        },
        Row {
            work: format!("one decision appended to a ledger of {count} records, of {APPENDS} one after the other"),
            yardstick: "as many bytes appended and synced".to_owned(),
            ours: Job::new(&maker, &["append", &ledger, &times], &server).share(APPENDS),
            theirs: Job::new(&maker, &["sync", &ledger, &times], &server).share(APPENDS),
            goal: None,
            limit: Some(Limit::Beyond(Duration::from_millis(1))),
            memory: None,
            pairs: 21,
        },
    ])
}
