//! The command line of `refgate replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The options of `refgate replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The branch: `main`, `origin/main` or a full name; as the remote was last seen to hold it, else as it is here
    #[arg(value_name = "REF")]
    pub name: String,
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// Begin after this value of the branch, or with this date (2026-01-31, or a time as in RFC 3339; UTC) [default: the
    /// last 1,000 values; for another branch than the trusted one not before it left that one's own]
    #[arg(long, value_name = "REV|DATE")]
    pub since: Option<String>,
    /// End with this value of the branch, or with this date [default: its tip]
    #[arg(long, value_name = "REV|DATE")]
    pub until: Option<String>,
    /// Judge with this policy file instead of the server's
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Judge as this remote would [default: the current branch's remote, else origin, else the only one]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// The remote's trusted ref, for clones that do not know it [default: the remote's HEAD, else main or master]
    #[arg(long, value_name = "BRANCH")]
    pub trunk: Option<String>,
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
