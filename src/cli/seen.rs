//! From where a command looks at its server.

use std::path::PathBuf;

use clap::Args;

/// The repository that a command runs in, and the server that it asks for: all that stands between "as it is here" and "as
/// the gate will see it".
#[derive(Clone, Debug, Args)]
pub struct Seen {
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// Judge as this remote would [default: the current branch's remote, else origin, else the only one]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// The remote's trusted ref, for clones that do not know it [default: the remote's HEAD, else main or master]
    #[arg(long, value_name = "BRANCH")]
    pub trunk: Option<String>,
    /// Judge with this policy file instead of the server's
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}
