//! The command line of the commands that sign: approvals, checks, changes of the rules.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Seen;

/// With which key, and for which repository.
#[derive(Debug, Args)]
pub struct Desk {
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// The repository's id, as the server's refgate/server.toml says it [default: the policy's repository_id]
    #[arg(long, value_name = "ID")]
    pub repository: Option<String>,
    /// The key's file, private or public [default: the one that Git signs with, user.signingKey]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// The options of `refgate approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The task's name
    pub task: String,
    /// For how many days the approval holds [default: as long as the policy lets it, approvals.days]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub days: Option<u32>,
    /// Keep the signatures that stand there although the signers are not known here, and add this one; else only those
    /// are kept that count
    #[arg(long, conflicts_with = "days")]
    pub add: bool,
    /// Do not ask before signing
    #[arg(long)]
    pub yes: bool,
    /// Take the approval back: what was signed lets nothing in any more, for ever
    #[arg(long, requires = "reason", conflicts_with_all = ["days", "add"])]
    pub withdraw: bool,
    /// Why it is taken back
    #[arg(long, value_name = "TEXT", requires = "withdraw")]
    pub reason: Option<String>,
    /// With which key, and for which repository.
    #[command(flatten)]
    pub desk: Desk,
}

/// The options of `refgate attest`.
#[derive(Debug, Args)]
pub struct Attest {
    /// The check's name, as checks.required in the policy has it
    #[arg(long, value_name = "NAME")]
    pub check: String,
    /// The outcome; it can be worse than the reports say, and never better [default: what the reports say]
    #[arg(long, value_enum)]
    pub result: Option<Outcome>,
    /// A report in JUnit's XML; a failure or an error in it fails the check; may be given again
    #[arg(long, value_name = "FILE")]
    pub junit: Vec<PathBuf>,
    /// Take a report in which no test ran for one that passed
    #[arg(long, requires = "junit")]
    pub allow_empty: bool,
    /// A report in SARIF 2.1.0; may be given again
    #[arg(long, value_name = "FILE", requires = "fail_on")]
    pub sarif: Vec<PathBuf>,
    /// A result of at least this level fails the check, one below is a warning
    #[arg(long, value_enum, value_name = "LEVEL", requires = "sarif")]
    pub fail_on: Option<Level>,
    /// A file to retain beside the reports; may be given again
    #[arg(long, value_name = "FILE")]
    pub artifact: Vec<PathBuf>,
    /// A result of the same check for the same tree that this one stands in for; may be given again
    #[arg(long, value_name = "ID")]
    pub supersede: Vec<String>,
    /// The commit whose tree was checked
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub rev: String,
    /// Push the result to the remote, too
    #[arg(long)]
    pub push: bool,
    /// With which key, and for which repository.
    #[command(flatten)]
    pub desk: Desk,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Outcome {
    /// All is well
    Passed,
    /// Something was found that does not fail the check
    Warned,
    /// The check failed
    Failed,
}

/// The levels of results in SARIF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// Errors alone
    Error,
    /// Warnings and errors
    Warning,
    /// Everything but what has no level
    Note,
}

/// What is done about the rules.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Sign a change of the rules, as a person of the policy role
    ///
    /// Shows each file that the policy owns and that differs between the trusted branch and the head, asks, and signs
    /// what becomes of exactly these files: the statement lets exactly this change in, and no way back. Prints the push
    /// that brings both.
    Sign(PolicySign),
}

/// The options of `refgate policy sign`.
#[derive(Debug, Args)]
pub struct PolicySign {
    /// The commit with the new rules
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub head: String,
    /// The tip of the trusted branch before the push [default: as the remote was last seen]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Sign for the step of a chain that takes the commit to this protected branch [default: for where it would go first]
    #[arg(long, value_name = "BRANCH", conflicts_with = "base")]
    pub into: Option<String>,
    /// Why the rules change
    #[arg(long, value_name = "TEXT", required_unless_present = "add")]
    pub reason: Option<String>,
    /// For how many days the statement lets the change in [default: 7, or what approvals.days allows]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub days: Option<u32>,
    /// Add a second person's signature to the statement on this ref, before it is pushed
    #[arg(long, value_name = "REF", conflicts_with_all = ["reason", "days"])]
    pub add: Option<String>,
    /// Do not ask before signing
    #[arg(long)]
    pub yes: bool,
    /// With which key, and for which repository.
    #[command(flatten)]
    pub desk: Desk,
}
