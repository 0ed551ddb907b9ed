//! The command line of `refgate rollback`.

use std::path::PathBuf;

use clap::Args;

use super::Seen;

/// The options of `refgate rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The commit that comes back, one at which the branch stood, or the receipt of the push that brought it there
    /// [default: the last one before its tip]
    #[arg(long, value_name = "RECEIPT|REV")]
    pub to: Option<String>,
    /// Why; it stands in the commit
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The protected branch [default: the trusted one]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// Make and sign the commit, and print the push instead of making it
    #[arg(long)]
    pub dry_run: bool,
    /// The key's file, private or public [default: the one that Git signs with, user.signingKey]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}
