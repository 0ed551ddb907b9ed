//! The command line of `refgate promote`.

use clap::Args;

use super::Format;
use super::task::Seen;

/// The options of `refgate promote`.
#[derive(Debug, Args)]
pub struct Promote {
    /// The task's name [default: the current branch's]
    pub task: Option<String>,
    /// Promote every task of the remote that lacks nothing, one after the other, each judged anew; for a CI job or a timer
    ///
    /// Each task is told in a line (in JSON: an object). One that lacks something is no failure, and neither is a process
    /// that is faster.
    #[arg(long, conflicts_with = "task")]
    pub ready: bool,
    /// Always make a merge commit
    #[arg(long, conflicts_with = "ff")]
    pub merge: bool,
    /// Never make a merge commit: promote by fast forward, or not at all
    #[arg(long)]
    pub ff: bool,
    /// The protected branch [default: the one that the task began at]; with --ready, only tasks that aim at it
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,
    /// Stop before the push, and print it
    ///
    /// A merge commit that would be pushed is made, unsigned and behind no ref, and its name is printed: CI can check it
    /// out, and sign results for its tree.
    #[arg(long)]
    pub dry_run: bool,
    /// From where the task is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// How to answer; JSON is one line of refgate.promotion/1 a task
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
