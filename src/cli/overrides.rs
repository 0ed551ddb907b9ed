//! The command line of `refgate override`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Seen;

/// What people do with overrides.
#[derive(Debug, Subcommand)]
pub enum Override {
    /// Write down what would have to be waived for a push, for another person to read
    ///
    /// Judges the update as `refgate check` does and writes the unsigned statement with exactly the findings that refuse
    /// it. For a hotfix that is its own label, and what else refuses it takes a second request, with --others. The
    /// server's refusal prints this command with what only the server knows: who pushes, the repository's id, the policy
    /// in force.
    Request(Request),
    /// Read a request and sign it with your own SSH key
    ///
    /// Judges the update again, shows what would be waived, and signs through ssh-keygen as git does. On a statement
    /// that somebody has signed already it adds a signature, where the role wants more people than one. The statement
    /// then stands on its own ref in this repository, and beside FILE.
    Sign(Sign),
    /// Put a statement that was signed elsewhere on its ref in this repository
    Import(Import),
    /// List the overrides in this repository
    List(Seen),
    /// Show an override, and who signed it
    Show(One),
    /// Say whether an override still counts
    ///
    /// Holds signatures, role, dates and artifacts against the policy; whether it fits a push, the push shows. Exit
    /// status: 0 it does, 1 it does not, 2 could not be decided.
    Verify(One),
}

/// The options of `refgate override request`.
#[derive(Debug, Args)]
pub struct Request {
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// The ref to update [default: the current branch]
    #[arg(long = "ref", value_name = "REFNAME")]
    pub name: Option<String>,
    /// The new value of the ref
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub head: String,
    /// Who will push, as the server calls them [default: Git's user.email]
    #[arg(long, value_name = "NAME")]
    pub pusher: Option<String>,
    /// The repository's id, as the server calls it [default: the policy's repository_id]
    #[arg(long, value_name = "ID")]
    pub repository: Option<String>,
    /// The digest of the policy in force on the server [default: of the policy as this clone knows it]
    #[arg(long, value_name = "HEX")]
    pub policy_digest: Option<String>,
    /// Ask for what the own label of a hotfix does not waive
    #[arg(long)]
    pub others: bool,
    /// Where to write the request [default: refgate-overrides/override-<id>.json in Git's own folder, which no commit
    /// takes up]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The options of `refgate override sign`.
#[derive(Debug, Args)]
pub struct Sign {
    /// The request
    pub file: PathBuf,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// Why it may be waived
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How long it holds: 30m, 2h, 1d
    #[arg(long, value_name = "TIME", value_parser = super::lifetime, default_value = "2h")]
    pub expires: jiff::SignedDuration,
    /// Evidence to keep inside the override; may be given again
    #[arg(long, value_name = "FILE")]
    pub artifact: Vec<PathBuf>,
    /// You, as the signers' file names you [default: Git's user.email]
    #[arg(long, value_name = "NAME")]
    pub principal: Option<String>,
    /// The key to sign with [default: Git's user.signingKey]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Sign although the new commit is not here, so that nothing can be judged again
    #[arg(long)]
    pub unseen: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// The options of `refgate override import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The statement; its signatures stand beside it
    pub file: PathBuf,
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// The evidence that it lists; may be given again
    #[arg(long, value_name = "FILE")]
    pub artifact: Vec<PathBuf>,
}

/// One override.
#[derive(Debug, Args)]
pub struct One {
    /// Its id, or the beginning of it
    pub id: String,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}
