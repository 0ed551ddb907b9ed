//! The command line of `refgate promote`.

use clap::Args;

use super::{Format, Seen};

/// The options of `refgate promote`.
#[derive(Debug, Args)]
pub struct Promote {
    /// The task's name, or a protected branch that another one takes along a chain [default: the current branch's task]
    #[arg(value_name = "TASK|BRANCH")]
    pub name: Option<String>,
    /// Promote whatever of the remote lacks nothing, one after the other, each judged anew; for a CI job or a timer
    ///
    /// That is every task, and every step of a chain for which the policy asks for checks of its own. Each is told in a
    /// line (in JSON: an object), and below it, step by step, what it lacks, with the command that says what mends it. One
    /// that lacks something is no failure, and neither is a process that is faster.
    #[arg(long, conflicts_with = "name")]
    pub ready: bool,
    /// Always make a merge commit
    #[arg(long, conflicts_with = "ff")]
    pub merge: bool,
    /// Never make a merge commit: promote by fast forward, or not at all
    #[arg(long)]
    pub ff: bool,
    /// The protected branch [default: the one that the task began at, or the only one that takes the branch]; with
    /// --ready, only what goes there
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
    /// How to answer; JSON is one line of refgate.promotion/1 each
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
