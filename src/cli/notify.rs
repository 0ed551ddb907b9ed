//! The command line of `refgate notify`.

use std::path::PathBuf;

use clap::Args;

/// The options of `refgate notify`.
#[derive(Debug, Args)]
pub struct Notify {
    /// The server's repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// Tell once more what the ledger holds from this record on, whatever was told before
    #[arg(long, value_name = "NUMBER", conflicts_with = "detached")]
    pub from: Option<u64>,
    /// Leave the session of whoever started this, and say nothing
    #[arg(long, hide = true)]
    pub detached: bool,
}
