//! One signature verified in the process beside the process that would do it.

use std::path::Path;

use crate::corpus::Fallible;
use crate::measure::Job;
use crate::{Asked, Row};

/// So many that the start of our process is nothing beside them.
const TIMES: u32 = 500;

pub(crate) fn rows(asked: &Asked) -> Fallible<Vec<Row>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/signatures");
    let loops = asked.refgate.parent().ok_or("the binary has no folder")?.join("examples/verify");
    let times = if asked.tiny { 2 } else { TIMES };
    let row = |kind: &str, file: &str, goal: f64| {
        let count = times.to_string();
        let ours = ["allowed_signers", "alice@example.com", "file", file, "message", &count];
        let theirs = ["-Y", "verify", "-f", "allowed_signers", "-I", "alice@example.com", "-n", "file", "-s", file];
        Row {
            work: format!("one {kind} signature verified in the process, of {times} one after the other"),
            yardstick: "ssh-keygen -Y verify".to_owned(),
            ours: Job::new(&loops, &ours, &folder).share(times),
            theirs: Job::new("ssh-keygen", &theirs, &folder).input(&folder.join("message")),
            goal: Some(goal),
            limit: None,
            memory: None,
            pairs: 51,
        }
    };
    Ok(vec![row("ed25519", "ed25519.sig", 1.0 / 50.0), row("ecdsa P-521", "ecdsa-521.sig", 1.0 / 4.0)])
}
