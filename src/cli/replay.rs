//! The command line of `refgate replay`.

use clap::{Args, ValueEnum};

use super::Seen;

/// The options of `refgate replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The branch: `main`, `origin/main` or a full name; as the remote was last seen to hold it, else as it is here
    #[arg(value_name = "REF")]
    pub name: String,
    /// Begin after this value of the branch, or with a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339) [default: the
    /// last 1,000 values; for another branch than the trusted one not before it left that one's own]
    #[arg(long, value_name = "REV|TIME")]
    pub since: Option<String>,
    /// End with this value of the branch, or with a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339) [default: its
    /// tip]
    #[arg(long, value_name = "REV|TIME")]
    pub until: Option<String>,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// Exit with 1 where a step would be refused
    #[arg(long)]
    pub exit_code: bool,
    /// How to tell it, on standard output
    #[arg(long, value_enum, default_value_t = ReplayFormat::Human)]
    pub format: ReplayFormat,
}

/// How a replay is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReplayFormat {
    /// A line for each step that would not have been let in, and what all comes to
    Human,
    /// One line of JSON with every step, refgate.replay/1
    Json,
    /// One page that needs no network and runs no script
    Html,
}
